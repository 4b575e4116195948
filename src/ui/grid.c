/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include "ui/grid.h"

#include <langinfo.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/mem.h"
#include "base/utf8.h"
#include "text/text.h"

/* Where bytes go: the columns of a row that may be painted, and the next one. */
struct pen {
	struct cell *row; /* of the grid, from its first column */
	int width;	  /* of the grid */
	int left, right;  /* columns from left to before right may be painted */
	int x;
	enum style style;
};

enum line_glyph {
	GLYPH_HORIZONTAL,
	GLYPH_VERTICAL,
	GLYPH_FRAME_HORIZONTAL,
	GLYPH_FRAME_VERTICAL,
	GLYPH_TOP_LEFT,
	GLYPH_TOP_RIGHT,
	GLYPH_BOTTOM_LEFT,
	GLYPH_BOTTOM_RIGHT,
	GLYPH_ELLIPSIS,
};

static const struct {
	const char *utf8, *ascii;
} line_glyphs[] = {
    [GLYPH_HORIZONTAL] = {"─", "-"},
    [GLYPH_VERTICAL] = {"│", "|"},
    [GLYPH_FRAME_HORIZONTAL] = {"═", "="},
    [GLYPH_FRAME_VERTICAL] = {"║", "|"},
    [GLYPH_TOP_LEFT] = {"╔", "+"},
    [GLYPH_TOP_RIGHT] = {"╗", "+"},
    [GLYPH_BOTTOM_LEFT] = {"╚", "+"},
    [GLYPH_BOTTOM_RIGHT] = {"╝", "+"},
    [GLYPH_ELLIPSIS] = {"…", "."},
};

static const char *
glyph(enum line_glyph which)
{
	bool utf8 = strcmp(nl_langinfo(CODESET), "UTF-8") == 0;

	return utf8 ? line_glyphs[which].utf8 : line_glyphs[which].ascii;
}

static void
set_cell(struct cell *cell, const char *bytes, size_t len, enum style style)
{
	memset(cell, 0, sizeof(*cell));
	memcpy(cell->bytes, bytes, len);
	cell->style = (unsigned char)style;
}

static void
clear_cells(struct cell *cells, int count, enum style style)
{
	for (int i = 0; i < count; i++)
		set_cell(&cells[i], " ", 1, style);
}

void
grid_init(struct grid *grid, int height, int width)
{
	*grid = (struct grid){0};
	grid_resize(grid, height, width);
}

void
grid_done(struct grid *grid)
{
	free(grid->cells);
	*grid = (struct grid){0};
}

void
grid_resize(struct grid *grid, int height, int width)
{
	grid->height = height > 0 ? height : 0;
	grid->width = width > 0 ? width : 0;
	grid->cells = xreallocarray(
	    grid->cells, (size_t)grid->height * (size_t)grid->width, sizeof(*grid->cells));
	clear_cells(grid->cells, grid->height * grid->width, STYLE_NORMAL);
}

struct cell *
grid_cell(const struct grid *grid, int y, int x)
{
	if (y < 0 || y >= grid->height || x < 0 || x >= grid->width)
		return NULL;
	return &grid->cells[(size_t)y * (size_t)grid->width + (size_t)x];
}

/* The pen of a row of a rectangle; false if no column of it can be painted. */
static bool
take_pen(struct pen *pen, const struct grid *grid, struct rect rect, int y, enum style style)
{
	*pen = (struct pen){.width = grid->width, .style = style};
	if (y < 0 || y >= rect.height || rect.y + y < 0 || rect.y + y >= grid->height)
		return false;
	pen->left = rect.x > 0 ? rect.x : 0;
	pen->right = rect.x + rect.width < grid->width ? rect.x + rect.width : grid->width;
	if (pen->left >= pen->right)
		return false;
	pen->row = &grid->cells[(size_t)(rect.y + y) * (size_t)grid->width];
	return true;
}

/* A wide cluster that reaches over the column becomes spaces on both sides of it. */
static void
cut_at(struct cell *row, int width, int column)
{
	int start = column, end = column;

	if (column <= 0 || column >= width || row[column].bytes[0] != '\0')
		return;
	while (start > 0 && row[start].bytes[0] == '\0')
		start--;
	while (end < width && row[end].bytes[0] == '\0')
		end++;
	for (; start < end; start++)
		memcpy(row[start].bytes, " ", 2);
}

/* One cluster, or a part of one, that fits a cell. */
static void
put_part(struct pen *pen, const char *bytes, size_t len, int columns)
{
	int start = pen->x, end = pen->x + columns;

	pen->x = end;
	if (end <= pen->left || start >= pen->right)
		return;
	if (start < pen->left || end > pen->right) {
		start = start < pen->left ? pen->left : start;
		end = end > pen->right ? pen->right : end;
		cut_at(pen->row, pen->width, start);
		cut_at(pen->row, pen->width, end);
		clear_cells(&pen->row[start], end - start, pen->style);
		return;
	}
	cut_at(pen->row, pen->width, start);
	cut_at(pen->row, pen->width, end);
	set_cell(&pen->row[start], bytes, len, pen->style);
	for (int x = start + 1; x < end; x++)
		set_cell(&pen->row[x], "", 0, pen->style);
}

/* What takes no column of its own joins the cluster before it, if there is room. */
static void
join_part(struct pen *pen, const char *bytes, size_t len)
{
	int x = pen->x - 1;
	size_t old;

	if (x >= pen->right)
		return;
	while (x > pen->left && pen->row[x].bytes[0] == '\0')
		x--;
	if (x < pen->left || pen->row[x].bytes[0] == '\0')
		return;
	old = strlen(pen->row[x].bytes);
	if (old + len <= CELL_BYTES)
		memcpy(pen->row[x].bytes + old, bytes, len);
}

/* A cluster too long for a cell: a part for each of its characters that take columns. */
static void
put_parts(struct pen *pen, const char *bytes, size_t len)
{
	size_t used;

	for (size_t at = 0; at < len; at += used) {
		uint32_t code = utf8_decode(bytes + at, len - at, &used);
		int columns = utf8_code_width(code);

		if (columns > 0)
			put_part(pen, bytes + at, used, columns);
		else
			join_part(pen, bytes + at, used);
	}
}

static bool
is_control(const char *bytes)
{
	unsigned char c = (unsigned char)bytes[0];

	return c < 0x20 || c == 0x7f || (c == 0xc2 && (unsigned char)bytes[1] < 0xa0);
}

static void
put_cluster(struct pen *pen, const char *bytes, size_t len)
{
	int columns;

	/* The texts are sanitised; this keeps a slip from reaching the terminal. */
	if (is_control(bytes)) {
		put_part(pen, "?", 1, 1);
		return;
	}
	columns = utf8_width(bytes, len);
	if (len > CELL_BYTES)
		put_parts(pen, bytes, len);
	else if (columns > 0)
		put_part(pen, bytes, len, columns);
	else
		join_part(pen, bytes, len);
}

static bool
is_plain(const char *text, size_t len, size_t at)
{
	unsigned char c = (unsigned char)text[at];

	return c >= 0x20 && c < 0x7f && (at + 1 == len || (unsigned char)text[at + 1] < 0x80);
}

static void
put_bytes(struct pen *pen, const char *text, size_t len)
{
	size_t at = 0;

	while (at < len && pen->x < pen->right) {
		size_t end = at + 1;

		if (is_plain(text, len, at)) {
			put_part(pen, text + at, 1, 1);
		} else {
			end = utf8_next(text, len, at);
			put_cluster(pen, text + at, end - at);
		}
		at = end;
	}
}

static int
pen_column(const struct pen *pen, struct rect rect)
{
	int column = pen->x - rect.x;

	return column > rect.width ? rect.width : column;
}

void
grid_clear(struct grid *grid, struct rect rect, enum style style)
{
	struct pen pen;

	for (int y = 0; y < rect.height; y++) {
		if (!take_pen(&pen, grid, rect, y, style))
			continue;
		cut_at(pen.row, pen.width, pen.left);
		cut_at(pen.row, pen.width, pen.right);
		clear_cells(&pen.row[pen.left], pen.right - pen.left, style);
	}
}

int
grid_puts(struct grid *grid, struct rect rect, int y, int x, const char *text, enum style style)
{
	return grid_put(grid, rect, y, x, text, strlen(text), style);
}

int
grid_put(struct grid *grid, struct rect rect, int y, int x, const char *bytes, size_t len,
    enum style style)
{
	struct pen pen;

	if (!take_pen(&pen, grid, rect, y, style))
		return x > rect.width ? rect.width : x;
	pen.x = rect.x + x;
	put_bytes(&pen, bytes, len);
	return pen_column(&pen, rect);
}

int
grid_put_cut(struct grid *grid, struct rect rect, int y, int x, const char *text, int columns,
    enum style style)
{
	int width;
	size_t len = strlen(text), fits = utf8_fit(text, len, columns > 0 ? columns : 0, &width);

	if (columns <= 0)
		return x;
	if (fits == len)
		return grid_put(grid, rect, y, x, text, len, style);
	fits = utf8_fit(text, len, columns - 1, &width);
	x = grid_put(grid, rect, y, x, text, fits, style);
	return grid_puts(grid, rect, y, x, glyph(GLYPH_ELLIPSIS), style);
}

int
grid_put_text(struct grid *grid, struct rect rect, int y, int x, const struct text *text)
{
	const char *bytes = text->bytes.data;
	struct pen pen;

	if (!take_pen(&pen, grid, rect, y, STYLE_NORMAL))
		return x > rect.width ? rect.width : x;
	pen.x = rect.x + x;
	for (size_t i = 0; i < text->runs.len && pen.x < pen.right; i++) {
		pen.style = text->runs.items[i].style;
		put_bytes(&pen, bytes, text->runs.items[i].len);
		bytes += text->runs.items[i].len;
	}
	return pen_column(&pen, rect);
}

void
grid_lay(struct grid *grid, struct rect rect, int y, int x, int columns, enum style style)
{
	struct pen pen;
	int end;

	if (!take_pen(&pen, grid, rect, y, style))
		return;
	if (columns > rect.width - x)
		columns = rect.width - x;
	end = rect.x + x + columns < pen.right ? rect.x + x + columns : pen.right;
	for (int i = rect.x + x; i < end; i++) {
		if (i >= pen.left)
			pen.row[i].under = (unsigned char)style;
	}
}

static void
fill_row(struct grid *grid, struct rect rect, int y, int from, int to, enum line_glyph which,
    enum style style)
{
	for (int x = from; x < to; x++)
		grid_puts(grid, rect, y, x, glyph(which), style);
}

void
grid_hline(struct grid *grid, struct rect rect, int y, enum style style)
{
	fill_row(grid, rect, y, 0, rect.width, GLYPH_HORIZONTAL, style);
}

void
grid_vline(struct grid *grid, struct rect rect, int x, enum style style)
{
	for (int y = 0; y < rect.height; y++)
		grid_puts(grid, rect, y, x, glyph(GLYPH_VERTICAL), style);
}

/* "╔═ Title ═══╗"; a title too long ends in an ellipsis. */
static void
put_title(struct grid *grid, struct rect rect, const char *title)
{
	int room = rect.width - 6;

	if (room <= 0 || *title == '\0')
		return;
	grid_puts(grid, rect, 0, 2, " ", STYLE_TITLE);
	grid_puts(grid, rect, 0, grid_put_cut(grid, rect, 0, 3, title, room, STYLE_TITLE), " ",
	    STYLE_TITLE);
}

void
grid_frame(struct grid *grid, struct rect rect, const char *title, enum style style)
{
	int bottom = rect.height - 1, right = rect.width - 1;

	fill_row(grid, rect, 0, 1, right, GLYPH_FRAME_HORIZONTAL, style);
	fill_row(grid, rect, bottom, 1, right, GLYPH_FRAME_HORIZONTAL, style);
	for (int y = 1; y < bottom; y++) {
		grid_puts(grid, rect, y, 0, glyph(GLYPH_FRAME_VERTICAL), style);
		grid_puts(grid, rect, y, right, glyph(GLYPH_FRAME_VERTICAL), style);
	}
	grid_puts(grid, rect, 0, 0, glyph(GLYPH_TOP_LEFT), style);
	grid_puts(grid, rect, 0, right, glyph(GLYPH_TOP_RIGHT), style);
	grid_puts(grid, rect, bottom, 0, glyph(GLYPH_BOTTOM_LEFT), style);
	grid_puts(grid, rect, bottom, right, glyph(GLYPH_BOTTOM_RIGHT), style);
	if (title != NULL)
		put_title(grid, rect, title);
}

static bool
is_blank(const struct cell *cell)
{
	return strcmp(cell->bytes, " ") == 0;
}

void
grid_save(const struct grid *grid, struct buf *out)
{
	for (int y = 0; y < grid->height; y++) {
		const struct cell *row = grid_cell(grid, y, 0);
		int end = grid->width;

		while (end > 0 && is_blank(&row[end - 1]))
			end--;
		for (int x = 0; x < end; x++)
			buf_puts(out, row[x].bytes);
		buf_putc(out, '\n');
	}
}

static bool
same_style(const struct cell *a, const struct cell *b)
{
	return a->style == b->style && a->under == b->under;
}

static void
save_run(const struct cell *cells, int count, struct buf *out)
{
	bool bare = cells[0].style == STYLE_NORMAL && cells[0].under == 0;

	if (!bare) {
		buf_printf(out, "{%s", style_name(cells[0].style));
		if (cells[0].under != 0)
			buf_printf(out, "+%s", style_name(cells[0].under));
		buf_putc(out, '|');
	}
	for (int x = 0; x < count; x++)
		buf_puts(out, cells[x].bytes);
	if (!bare)
		buf_putc(out, '}');
}

void
grid_save_styles(const struct grid *grid, struct buf *out)
{
	for (int y = 0; y < grid->height; y++) {
		const struct cell *row = grid_cell(grid, y, 0);
		int end = grid->width;

		while (end > 0 && is_blank(&row[end - 1]) && row[end - 1].style == STYLE_NORMAL &&
		       row[end - 1].under == 0)
			end--;
		for (int x = 0, next; x < end; x = next) {
			for (next = x + 1; next < end && same_style(&row[x], &row[next]);)
				next++;
			save_run(&row[x], next - x, out);
		}
		buf_putc(out, '\n');
	}
}
