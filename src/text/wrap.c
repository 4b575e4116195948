/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include "text/wrap.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/utf8.h"
#include "text/markdown.h"

#define TAB_WIDTH 8

/* The narrowest a column of a table gets before the table is cut at the right instead. */
#define COLUMN_MIN 3

/* A column keeps room for its longest word up to this, if the others leave it. */
#define WORD_MAX 12

struct range {
	uint32_t first, last;
};

/* No row begins with these: closing punctuation, small kana, marks of repetition. */
static const struct range closing[] = {
    {'!', '"'},
    {'%', '%'},
    {'\'', '\''},
    {')', ')'},
    {',', ','},
    {'.', '/'},
    {':', ';'},
    {'?', '?'},
    {']', ']'},
    {'}', '}'},
    {0xbb, 0xbb},
    {0x2019, 0x2019},
    {0x201d, 0x201d},
    {0x2025, 0x2026},
    {0x2030, 0x2030},
    {0x203a, 0x203a},
    {0x203c, 0x203d},
    {0x2047, 0x2049},
    {0x3001, 0x3002},
    {0x3005, 0x3005},
    {0x3009, 0x3009},
    {0x300b, 0x300b},
    {0x300d, 0x300d},
    {0x300f, 0x300f},
    {0x3011, 0x3011},
    {0x3015, 0x3015},
    {0x3017, 0x3017},
    {0x3019, 0x3019},
    {0x301b, 0x301c},
    {0x301e, 0x301f},
    {0x303b, 0x303c},
    {0x3041, 0x3041},
    {0x3043, 0x3043},
    {0x3045, 0x3045},
    {0x3047, 0x3047},
    {0x3049, 0x3049},
    {0x3063, 0x3063},
    {0x3083, 0x3083},
    {0x3085, 0x3085},
    {0x3087, 0x3087},
    {0x308e, 0x308e},
    {0x3095, 0x3096},
    {0x309b, 0x309e},
    {0x30a0, 0x30a1},
    {0x30a3, 0x30a3},
    {0x30a5, 0x30a5},
    {0x30a7, 0x30a7},
    {0x30a9, 0x30a9},
    {0x30c3, 0x30c3},
    {0x30e3, 0x30e3},
    {0x30e5, 0x30e5},
    {0x30e7, 0x30e7},
    {0x30ee, 0x30ee},
    {0x30f5, 0x30f6},
    {0x30fb, 0x30fe},
    {0x31f0, 0x31ff},
    {0xfe50, 0xfe58},
    {0xfe5a, 0xfe5a},
    {0xfe5c, 0xfe5c},
    {0xfe5e, 0xfe5e},
    {0xff01, 0xff01},
    {0xff05, 0xff05},
    {0xff09, 0xff09},
    {0xff0c, 0xff0c},
    {0xff0e, 0xff0e},
    {0xff1a, 0xff1b},
    {0xff1f, 0xff1f},
    {0xff3d, 0xff3d},
    {0xff5d, 0xff5d},
    {0xff60, 0xff61},
    {0xff63, 0xff65},
    {0xff67, 0xff70},
    {0xff9e, 0xff9f},
};

/* No row ends with these. */
static const struct range opening[] = {
    {'"', '"'},
    {'\'', '('},
    {'[', '['},
    {'{', '{'},
    {0xa1, 0xa1},
    {0xab, 0xab},
    {0xbf, 0xbf},
    {0x2018, 0x2018},
    {0x201a, 0x201c},
    {0x201e, 0x201e},
    {0x2039, 0x2039},
    {0x3008, 0x3008},
    {0x300a, 0x300a},
    {0x300c, 0x300c},
    {0x300e, 0x300e},
    {0x3010, 0x3010},
    {0x3014, 0x3014},
    {0x3016, 0x3016},
    {0x3018, 0x3018},
    {0x301a, 0x301a},
    {0x301d, 0x301d},
    {0xfe59, 0xfe59},
    {0xfe5b, 0xfe5b},
    {0xfe5d, 0xfe5d},
    {0xff08, 0xff08},
    {0xff3b, 0xff3b},
    {0xff5b, 0xff5b},
    {0xff5f, 0xff5f},
    {0xff62, 0xff62},
};

/* Neither before nor after these: no-break spaces and hyphens. */
static const struct range glue[] = {
    {0xa0, 0xa0},
    {0x2007, 0x2007},
    {0x2011, 0x2011},
    {0x202f, 0x202f},
};

#define IN(table, code) is_in(table, sizeof(table) / sizeof((table)[0]), code)

static bool
is_in(const struct range *table, size_t count, uint32_t code)
{
	size_t low = 0, high = count;

	while (low < high) {
		size_t middle = (low + high) / 2;

		if (code > table[middle].last)
			low = middle + 1;
		else
			high = middle;
	}
	return low < count && code >= table[low].first;
}

void
row_list_done(row_list *rows)
{
	for (size_t i = 0; i < rows->len; i++)
		text_done(&rows->items[i].text);
	array_done(rows);
}

static struct row *
add_row(row_list *rows)
{
	struct row row = {.soft = false};

	text_init(&row.text);
	array_push(rows, row);
	return &rows->items[rows->len - 1];
}

/* A place in styled text that only moves forward, so that copying rows stays linear. */
struct cursor {
	const struct text *text;
	size_t run;
	size_t start; /* of the run */
};

static const struct run *
run_at(struct cursor *cursor, size_t at)
{
	const struct run *runs = cursor->text->runs.items;

	while (at >= cursor->start + runs[cursor->run].len)
		cursor->start += runs[cursor->run++].len;
	return &runs[cursor->run];
}

static void
copy(struct text *out, struct cursor *cursor, size_t from, size_t to)
{
	while (from < to) {
		const struct run *run = run_at(cursor, from);
		size_t end = cursor->start + run->len;
		size_t len = (end < to ? end : to) - from;

		text_add_link(out, cursor->text->bytes.data + from, len, run->style, run->link);
		from += len;
	}
}

static int
tab_width(int column)
{
	return TAB_WIDTH - column % TAB_WIDTH;
}

/* As copy(), with each tab as the spaces it takes. */
static void
copy_expanded(struct text *out, struct cursor *cursor, size_t from, size_t to)
{
	const char *bytes = cursor->text->bytes.data, *tab;
	int column = 0;

	while ((tab = memchr(bytes + from, '\t', to - from)) != NULL) {
		size_t at = (size_t)(tab - bytes);
		const struct run *run;

		copy(out, cursor, from, at);
		column += utf8_width(bytes + from, at - from);
		run = run_at(cursor, at);
		text_pad(out, tab_width(column), run->style);
		column += tab_width(column);
		from = at + 1;
	}
	copy(out, cursor, from, to);
}

/*
 * Puts what stands before a row, and returns the columns left. On a narrow
 * screen deep indents lose their left end: the text needs the room more.
 */
static int
put_prefix(struct text *out, const struct text *prefix, int width)
{
	int limit = width < 20 ? width / 2 : width - 10, columns;
	struct cursor cursor = {.text = prefix};
	size_t from = 0, next;

	if (prefix == NULL || prefix->bytes.len == 0)
		return width;
	columns = utf8_width(prefix->bytes.data, prefix->bytes.len);
	while (columns > limit) {
		next = utf8_next(prefix->bytes.data, prefix->bytes.len, from);
		columns -= utf8_width(prefix->bytes.data + from, next - from);
		from = next;
	}
	copy(out, &cursor, from, prefix->bytes.len);
	return width - columns;
}

/* One cluster on its way into a row. */
struct cluster {
	uint32_t code; /* its first code point */
	int width;
};

static struct cluster
cluster_at(const char *text, size_t len, size_t at, size_t *next)
{
	struct cluster c;
	size_t used;

	c.code = (unsigned char)text[at];
	if (c.code < 0x80 && (at + 1 == len || (unsigned char)text[at + 1] < 0x80)) {
		/* The usual case, without a call: CR LF, the exception, is sanitised away. */
		*next = at + 1;
		c.width = c.code >= 0x20 && c.code < 0x7f;
		return c;
	}
	*next = utf8_next(text, len, at);
	c.code = utf8_decode(text + at, len - at, &used);
	c.width = utf8_width(text + at, *next - at);
	return c;
}

static bool
is_hyphen(uint32_t code)
{
	return code == '-' || code == 0x2010 || code == 0x2013 || code == 0x2014;
}

/* Whether a row may end between before (with earlier to its left) and after. */
static bool
can_break(uint32_t earlier, struct cluster before, struct cluster after)
{
	if (is_hyphen(before.code))
		return utf8_is_word(earlier) && utf8_is_word(after.code);
	if (before.width < 2 && after.width < 2)
		return before.code >= 0x2000 && before.code <= 0x200a && !IN(glue, before.code);
	return !IN(closing, after.code) && !IN(opening, before.code) && !IN(glue, before.code) &&
	       !IN(glue, after.code);
}

/* A row's part of a line. */
struct piece {
	size_t from, to;
	size_t next; /* where the next row begins */
	bool wide;   /* its only cluster is wider than the row */
};

/* A space or tab; not the space a combining mark stands on. */
static bool
is_blank(const char *text, size_t len, size_t at)
{
	if (text[at] != ' ' && text[at] != '\t')
		return false;
	return at + 1 == len || (unsigned char)text[at + 1] < 0x80 ||
	       utf8_next(text, len, at) == at + 1;
}

/* The spaces at *at; returns the column behind them. */
static int
skip_blanks(const char *text, size_t len, size_t *at, int column)
{
	for (; *at < len && is_blank(text, len, *at); (*at)++)
		column += text[*at] == '\t' ? tab_width(column) : 1;
	return column;
}

/* Where a row starts whose line goes on at *at: behind an indent that leaves no room for text. */
static size_t
skip_indent(const char *text, size_t len, size_t *at, int width, int *column)
{
	size_t from = *at, next;

	*column = skip_blanks(text, len, at, 0);
	if (*at<len && * column> 0 && *column + cluster_at(text, len, *at, &next).width > width)
		*column = 0;
	return *at == len || *column == 0 ? *at : from;
}

/* The longest piece from `from` on that fits. Spaces where it ends belong to no row. */
static struct piece
next_piece(const char *text, size_t len, size_t from, int width)
{
	struct piece piece = {.to = SIZE_MAX};
	struct cluster before = {0}, after;
	uint32_t earlier = 0;
	size_t at = from, first, next;
	int column;

	piece.from = skip_indent(text, len, &at, width, &column);
	first = at;
	for (; at < len; at = next) {
		if (is_blank(text, len, at)) {
			piece.to = piece.next = at;
			column = skip_blanks(text, len, &piece.next, column);
			next = piece.next;
			before = (struct cluster){.code = ' '};
			if (next == len || column > width)
				return piece;
			continue;
		}
		after = cluster_at(text, len, at, &next);
		if ((before.code >= 0x80 || after.code >= 0x80 || before.code == '-') &&
		    before.code != 0 && before.code != ' ' && can_break(earlier, before, after))
			piece.to = piece.next = at;
		if (column + after.width > width && at == first)
			piece.wide = true;
		else if (column + after.width > width && piece.to == SIZE_MAX)
			piece.to = piece.next = at;
		if (column + after.width > width && at > first)
			return piece;
		column += after.width;
		earlier = before.code;
		before = after;
	}
	piece.to = piece.next = len;
	return piece;
}

/* Rows of one line; the first of them has the prefix first. */
static void
wrap_line(row_list *rows, struct cursor *cursor, size_t from, size_t to, const struct text *first,
    const struct text *rest, int width)
{
	const char *bytes = cursor->text->bytes.data;
	const struct text *prefix = first;

	do {
		struct row *row = add_row(rows);
		int room = put_prefix(&row->text, prefix, width);
		struct piece piece = next_piece(bytes, to, from, room);

		copy_expanded(&row->text, cursor, piece.from, piece.to);
		row->soft = piece.next < to;
		row->wide = piece.wide;
		from = piece.next;
		prefix = rest;
	} while (from < to);
}

void
wrap_text(row_list *rows, const struct text *text, const struct text *first,
    const struct text *rest, int width)
{
	struct cursor cursor = {.text = text};
	const char *bytes = text->bytes.data, *end;
	size_t from = 0, len = text->bytes.len;

	if (width < 1)
		width = 1;
	while ((end = memchr(bytes + from, '\n', len - from)) != NULL) {
		wrap_line(rows, &cursor, from, (size_t)(end - bytes), first, rest, width);
		from = (size_t)(end - bytes) + 1;
		first = rest;
	}
	wrap_line(rows, &cursor, from, len, first, rest, width);
}

/* How much of what takes the columns [from, to) is seen through [skip, limit). */
static int
visible(int from, int to, int skip, int limit)
{
	from = from > skip ? from : skip;
	to = to < limit ? to : limit;
	return to > from ? to - from : 0;
}

/*
 * The columns from skip on of a line, as many as there is room for; true if
 * something is left at the right. A wide character cut in two is blank.
 */
static bool
copy_window(struct text *out, struct cursor *cursor, size_t from, size_t to, int width, int skip)
{
	const char *bytes = cursor->text->bytes.data;
	size_t whole = from, at = from, next; /* [whole, at) is seen whole and not yet copied */
	int column = 0, limit = skip + width;

	for (; at < to && column < limit; at = next) {
		struct cluster c = cluster_at(bytes, to, at, &next);
		bool tab = bytes[at] == '\t';
		int end = column + (tab ? tab_width(column) : c.width);

		if (tab || column < skip || end > limit) {
			copy(out, cursor, whole, at);
			whole = next;
			text_pad(out, visible(column, end, skip, limit), run_at(cursor, at)->style);
		}
		column = end;
	}
	copy(out, cursor, whole, at > whole ? at : whole);
	return at < to || column > limit;
}

/* A row that is not wrapped. */
static void
add_window(row_list *rows, struct cursor *cursor, size_t from, size_t to, const struct text *prefix,
    int width, int skip)
{
	struct row *row = add_row(rows);
	int room = put_prefix(&row->text, prefix, width);

	row->wide = copy_window(&row->text, cursor, from, to, room, skip);
}

void
wrap_verbatim(
    row_list *rows, const struct text *text, const struct text *prefix, int width, int skip)
{
	struct cursor cursor = {.text = text};
	const char *bytes = text->bytes.data, *end;
	size_t from = 0, len = text->bytes.len;

	if (width < 1)
		width = 1;
	while ((end = memchr(bytes + from, '\n', len - from)) != NULL) {
		add_window(rows, &cursor, from, (size_t)(end - bytes), prefix, width, skip);
		from = (size_t)(end - bytes) + 1;
	}
	add_window(rows, &cursor, from, len, prefix, width, skip);
}

/* Columns that a text, or those of a table's column, would like to have. */
struct measure {
	int line;    /* to be on one row */
	int word;    /* to break no word */
	int cluster; /* to show anything */
};

static void
widen(int *most, int width)
{
	if (*most < width)
		*most = width;
}

static struct measure
measure_text(const struct text *text)
{
	const char *bytes = text->bytes.data;
	size_t len = text->bytes.len, next;
	struct measure most = {0};
	int line = 0, word = 0;

	for (size_t at = 0; at < len; at = next) {
		struct cluster c = cluster_at(bytes, len, at, &next);

		if (bytes[at] == '\n') {
			line = word = 0;
			continue;
		}
		if (bytes[at] == '\t')
			c.width = tab_width(line);
		line += c.width;
		/* Between wide characters a row may end. */
		word = is_blank(bytes, len, at) ? 0 : c.width > 1 ? c.width : word + c.width;
		widen(&most.line, line);
		widen(&most.word, word);
		widen(&most.cluster, is_blank(bytes, len, at) ? 1 : c.width);
	}
	return most;
}

/* A table on its way to the screen. */
struct table {
	const struct block *block;
	size_t columns;
	struct measure *cells; /* of each cell */
	int *widths;	       /* of each column */
	bool wrapped;	       /* a cell takes more than one row */
	int skip;	       /* columns cut at the left, if it does not fit */
};

static int
clamp(int low, int value, int high)
{
	if (value > high)
		value = high;
	return value > low ? value : low;
}

/* All columns at most cap wide, but none below its least; returns their sum. */
static int
cap_widths(int *widths, const struct measure *columns, const int *least, size_t count, int cap)
{
	int sum = 0;

	for (size_t i = 0; i < count; i++) {
		widths[i] = clamp(least[i], cap, columns[i].line);
		sum += widths[i];
	}
	return sum;
}

/* Takes the columns that are too many from the widest ones. False if that is not enough. */
static bool
shrink(int *widths, const struct measure *columns, const int *least, size_t count, int room)
{
	int low = 0, high = 0, left;

	for (size_t i = 0; i < count; i++)
		widen(&high, columns[i].line);
	if (cap_widths(widths, columns, least, count, low) > room)
		return false;
	while (low < high) {
		int middle = low + (high - low + 1) / 2;

		if (cap_widths(widths, columns, least, count, middle) <= room)
			low = middle;
		else
			high = middle - 1;
	}
	left = room - cap_widths(widths, columns, least, count, low);
	for (size_t i = 0; i < count && left > 0; i++) {
		if (widths[i] == low && widths[i] < columns[i].line) {
			widths[i]++;
			left--;
		}
	}
	return true;
}

/* The least a column may get: room for its words, or (tight) for hardly more than a cluster. */
static int
least_width(const struct measure *column, bool tight)
{
	int words = tight ? COLUMN_MIN : clamp(COLUMN_MIN, column->word, WORD_MAX);

	return clamp(column->cluster, words, column->line);
}

static bool
plan_widths(struct table *table, const struct measure *columns, int room, bool tight)
{
	int *least = xcalloc(table->columns, sizeof(*least));
	bool fits;

	for (size_t i = 0; i < table->columns; i++)
		least[i] = least_width(&columns[i], tight);
	fits = shrink(table->widths, columns, least, table->columns, room);
	free(least);
	return fits;
}

/* Finds the widths; false if the table is wider than the room all the same. */
static bool
plan_table(struct table *table, const struct measure *columns, int room)
{
	room -= 3 * ((int)table->columns - 1);
	if (plan_widths(table, columns, room, false) || plan_widths(table, columns, room, true))
		return true;
	/* It has to be shifted sideways anyway, so words may stay whole. */
	plan_widths(table, columns, room, false);
	return false;
}

/* A cell, or one row of it, that takes so many columns of the width. */
static void
put_cell(struct text *line, const struct text *cell, int taken, int width, enum cell_align align)
{
	struct cursor cursor = {.text = cell};
	int left = 0;

	if (align == ALIGN_RIGHT)
		left = width - taken;
	else if (align == ALIGN_CENTER)
		left = (width - taken) / 2;
	text_pad(line, left, STYLE_NORMAL);
	copy_expanded(line, &cursor, 0, cell->bytes.len);
	text_pad(line, width - taken - left, STYLE_NORMAL);
}

/* The table's row number `index` as one row of the screen: all its cells fit. */
static void
put_simple_row(struct text *line, const struct table *table, size_t index)
{
	const struct block *block = table->block;

	for (size_t i = 0; i < table->columns; i++) {
		size_t cell = index * table->columns + i;

		if (i > 0)
			text_puts(line, " │ ", STYLE_RULE);
		put_cell(line, &block->cells.items[cell], table->cells[cell].line, table->widths[i],
		    block->aligns.items[i]);
	}
}

/* Row number `index` of what its cells were wrapped to. */
static void
put_wrapped_row(struct text *line, const struct table *table, const row_list *cells, size_t index)
{
	for (size_t i = 0; i < table->columns; i++) {
		const struct text *text = index < cells[i].len ? &cells[i].items[index].text : NULL;

		if (i > 0)
			text_puts(line, " │ ", STYLE_RULE);
		if (text == NULL)
			text_pad(line, table->widths[i], STYLE_NORMAL);
		else
			put_cell(line, text, utf8_width(text->bytes.data, text->bytes.len),
			    table->widths[i], table->block->aligns.items[i]);
	}
}

static void
put_table_rule(struct text *line, const struct table *table)
{
	for (size_t i = 0; i < table->columns; i++) {
		if (i > 0)
			text_puts(line, "─┼─", STYLE_RULE);
		for (int k = 0; k < table->widths[i]; k++)
			text_puts(line, "─", STYLE_RULE);
	}
}

/* Adds the line as a row, and empties it. */
static void
flush_line(row_list *rows, const struct table *table, struct text *line, bool first, int width)
{
	struct cursor cursor = {.text = line};

	text_trim(line);
	add_window(rows, &cursor, 0, line->bytes.len,
	    first ? &table->block->first : &table->block->rest, width, table->skip);
	text_clear(line);
}

static bool
fits_in_one(const struct table *table, size_t index)
{
	const struct measure *cells = table->cells + index * table->columns;

	for (size_t i = 0; i < table->columns; i++)
		if (cells[i].line > table->widths[i] ||
		    memchr(table->block->cells.items[index * table->columns + i].bytes.data, '\n',
			table->block->cells.items[index * table->columns + i].bytes.len))
			return false;
	return true;
}

static void
wrap_table_row(
    row_list *rows, const struct table *table, struct text *line, size_t index, int width)
{
	const struct text *texts = table->block->cells.items + index * table->columns;
	row_list *cells;
	size_t height = 0;

	if (fits_in_one(table, index)) {
		put_simple_row(line, table, index);
		flush_line(rows, table, line, index == 0, width);
		return;
	}
	cells = xcalloc(table->columns, sizeof(*cells));
	for (size_t i = 0; i < table->columns; i++) {
		wrap_text(&cells[i], &texts[i], NULL, NULL, table->widths[i]);
		if (height < cells[i].len)
			height = cells[i].len;
	}
	for (size_t i = 0; i < height; i++) {
		put_wrapped_row(line, table, cells, i);
		flush_line(rows, table, line, index == 0 && i == 0, width);
	}
	for (size_t i = 0; i < table->columns; i++)
		row_list_done(&cells[i]);
	free(cells);
}

/* Measures every cell; the columns' measures are the most of their cells. */
static void
measure_table(struct table *table, struct measure *columns)
{
	const struct block *block = table->block;

	for (size_t i = 0; i < block->cells.len; i++) {
		struct measure *column = &columns[i % table->columns];

		table->cells[i] = measure_text(&block->cells.items[i]);
		widen(&column->line, table->cells[i].line);
		widen(&column->word, table->cells[i].word);
		widen(&column->cluster, table->cells[i].cluster);
	}
}

static void
wrap_table(row_list *rows, const struct block *block, int width, int skip)
{
	struct table table = {.block = block, .columns = block->aligns.len};
	size_t count = block->cells.len / table.columns;
	struct measure *columns = xcalloc(table.columns, sizeof(*columns));
	struct text line, prefix;

	table.cells = xcalloc(block->cells.len, sizeof(*table.cells));
	table.widths = xcalloc(table.columns, sizeof(*table.widths));
	text_init(&line);
	text_init(&prefix);
	measure_table(&table, columns);
	if (!plan_table(&table, columns, put_prefix(&prefix, &block->rest, width)))
		table.skip = skip;
	for (size_t i = 0; i < count; i++)
		table.wrapped = table.wrapped || !fits_in_one(&table, i);
	for (size_t i = 0; i < count; i++) {
		wrap_table_row(rows, &table, &line, i, width);
		/* Where rows are more than a line high, only a rule tells them apart. */
		if (i == 0 || (table.wrapped && i + 1 < count)) {
			put_table_rule(&line, &table);
			flush_line(rows, &table, &line, false, width);
		}
	}
	text_done(&prefix);
	text_done(&line);
	free(table.widths);
	free(table.cells);
	free(columns);
}

static void
wrap_rule(row_list *rows, const struct block *block, int width)
{
	struct row *row = add_row(rows);
	int room = put_prefix(&row->text, &block->first, width);

	for (int i = 0; i < room; i++)
		text_puts(&row->text, "─", STYLE_RULE);
}

static void
wrap_code(row_list *rows, const struct block *block, int width, int skip)
{
	struct cursor cursor;
	struct text label;
	struct row *row = add_row(rows);
	int room = put_prefix(&row->text, &block->first, width);

	text_init(&label);
	text_printf(&label, STYLE_CODE_LABEL, "[%d]", block->level);
	if (block->language != NULL)
		text_printf(&label, STYLE_CODE_LABEL, " %s", block->language);
	cursor = (struct cursor){.text = &label};
	copy_window(&row->text, &cursor, 0, label.bytes.len, room, 0);
	text_done(&label);
	if (block->text.bytes.len > 0)
		wrap_verbatim(rows, &block->text, &block->rest, width, skip);
}

static void
wrap_block(row_list *rows, const struct block *block, int width, int skip)
{
	switch (block->type) {
	case BLOCK_PARAGRAPH:
	case BLOCK_HEADING:
		wrap_text(rows, &block->text, &block->first, &block->rest, width);
		break;
	case BLOCK_CODE:
		wrap_code(rows, block, width, skip);
		break;
	case BLOCK_TABLE:
		wrap_table(rows, block, width, skip);
		break;
	case BLOCK_RULE:
		wrap_rule(rows, block, width);
		break;
	}
}

void
wrap_markdown_from(row_list *rows, const struct markdown *md, size_t from, int width, int skip)
{
	if (width < 1)
		width = 1;
	for (size_t i = from; i < md->blocks.len; i++) {
		const struct block *block = &md->blocks.items[i];

		if (i > 0 && !block->tight)
			put_prefix(&add_row(rows)->text, &block->gap, width);
		wrap_block(rows, block, width, skip);
	}
}

void
wrap_markdown(row_list *rows, const struct markdown *md, int width, int skip)
{
	wrap_markdown_from(rows, md, 0, width, skip);
}
