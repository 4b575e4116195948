/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include "ui/editor.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <wctype.h>

#include "base/array.h"
#include "base/buf.h"
#include "base/mem.h"
#include "base/sanitize.h"
#include "base/utf8.h"

#define TEXT_MAX ((size_t)16 << 20)
#define STEPS_MAX 1000
#define STEPS_BYTES_MAX ((size_t)8 << 20)
#define TAB_WIDTH 8
#define NO_GOAL (-1)

/* What the last operation was, for those that go on with it. */
enum chain {
	CHAIN_NONE,
	CHAIN_TYPE,
	CHAIN_BACKSPACE,
	CHAIN_DELETE,
	CHAIN_KILL,
};

/* A change: at that place, removed became added. */
struct step {
	size_t at;
	struct buf removed, added;
	size_t before, after; /* the cursor */
};

/*
 * rows holds where each row of the last layout starts; it is good for `width`
 * columns. Of the text as it was then, of laid_len bytes, the first `same_head`
 * and the last `same_tail` bytes have not changed since: only rows between
 * them have to be laid out again.
 *
 *	laid:  |same_head|..............|same_tail|
 *	text:  |same_head|...|same_tail|
 */
struct layout {
	ARRAY(size_t) rows;
	int width; /* 0: there is none */
	size_t laid_len, same_head, same_tail;
};

struct editor {
	struct buf text;
	size_t cursor;
	struct buf kill;
	enum chain chain;
	int goal; /* the column Up and Down aim at, or NO_GOAL */
	ARRAY(struct step) steps;
	size_t done;	   /* steps that are done; later ones are undone */
	size_t step_bytes; /* of all steps */
	struct layout layout;
};

typedef bool (*edit_fn)(struct editor *, int);

struct editor *
editor_new(void)
{
	struct editor *ed = xcalloc(1, sizeof(*ed));

	buf_init(&ed->text, TEXT_MAX);
	buf_init(&ed->kill, 0);
	ed->goal = NO_GOAL;
	return ed;
}

static void
free_step(struct editor *ed, struct step *step)
{
	ed->step_bytes -= step->removed.len + step->added.len;
	buf_done(&step->removed);
	buf_done(&step->added);
}

static void
forget_steps(struct editor *ed)
{
	for (size_t i = 0; i < ed->steps.len; i++)
		free_step(ed, &ed->steps.items[i]);
	array_clear(&ed->steps);
	ed->done = 0;
}

void
editor_free(struct editor *ed)
{
	if (ed == NULL)
		return;
	forget_steps(ed);
	array_done(&ed->steps);
	array_done(&ed->layout.rows);
	buf_done(&ed->text);
	buf_done(&ed->kill);
	free(ed);
}

const char *
editor_text(const struct editor *ed, size_t *len)
{
	if (len != NULL)
		*len = ed->text.len;
	return ed->text.data;
}

size_t
editor_cursor(const struct editor *ed)
{
	return ed->cursor;
}

bool
editor_is_empty(const struct editor *ed)
{
	return ed->text.len == 0;
}

static size_t
next(const struct editor *ed, size_t from)
{
	return utf8_next(ed->text.data, ed->text.len, from);
}

static size_t
previous(const struct editor *ed, size_t from)
{
	return utf8_previous(ed->text.data, ed->text.len, from);
}

/* The start of the cluster that holds the byte at offset. */
static size_t
cluster_start(const struct editor *ed, size_t offset)
{
	size_t start;

	if (offset >= ed->text.len)
		return ed->text.len;
	while (offset > 0 && ((unsigned char)ed->text.data[offset] & 0xc0) == 0x80)
		offset--;
	if (offset == 0)
		return 0;
	start = previous(ed, offset);
	return next(ed, start) > offset ? start : offset;
}

/* Text put in may melt into what stands behind it; the cursor then goes behind both. */
static void
place_cursor(struct editor *ed, size_t offset)
{
	size_t start = cluster_start(ed, offset);

	ed->cursor = start < offset && offset < ed->text.len ? next(ed, start) : start;
}

static size_t
line_start(const struct editor *ed, size_t from)
{
	const char *lf = memrchr(ed->text.data, '\n', from);

	return lf != NULL ? (size_t)(lf - ed->text.data) + 1 : 0;
}

static size_t
line_end(const struct editor *ed, size_t from)
{
	const char *lf = memchr(ed->text.data + from, '\n', ed->text.len - from);

	return lf != NULL ? (size_t)(lf - ed->text.data) : ed->text.len;
}

/* Every change of the text comes through here. */
static void
replace(struct editor *ed, size_t at, size_t removed, const char *added, size_t len)
{
	struct layout *layout = &ed->layout;
	size_t tail = ed->text.len - at - removed;

	buf_erase(&ed->text, at, removed);
	buf_insert(&ed->text, at, added, len);
	if (at < layout->same_head)
		layout->same_head = at;
	if (tail < layout->same_tail)
		layout->same_tail = tail;
}

static void
fill(struct buf *buf, const char *bytes, size_t len)
{
	buf_init(buf, 0);
	buf_add(buf, bytes, len);
}

static void
push_step(struct editor *ed, size_t at, const struct buf *removed, const struct buf *added)
{
	struct step step = {.at = at, .before = ed->cursor};

	fill(&step.removed, removed->data, removed->len);
	fill(&step.added, added->data, added->len);
	ed->step_bytes += removed->len + added->len;
	array_push(&ed->steps, step);
}

/*
 * Steps that were undone would be lost to a new one. They stay, and are
 * followed by steps that do the undoing: going back passes through them.
 */
static void
keep_undone(struct editor *ed)
{
	size_t count = ed->steps.len;

	for (size_t i = count; i > ed->done; i--) {
		struct step undone = ed->steps.items[i - 1];

		push_step(ed, undone.at, &undone.added, &undone.removed);
		ed->steps.items[ed->steps.len - 1].before = undone.after;
		ed->steps.items[ed->steps.len - 1].after = undone.before;
	}
	ed->done = ed->steps.len;
}

/* Forgets the oldest; the last one stays, however large. */
static void
limit_steps(struct editor *ed)
{
	size_t drop = 0;

	while (ed->steps.len - drop > 1 &&
	       (ed->steps.len - drop > STEPS_MAX || ed->step_bytes > STEPS_BYTES_MAX))
		free_step(ed, &ed->steps.items[drop++]);
	if (drop == 0)
		return;
	ed->steps.len -= drop;
	ed->done -= drop;
	memmove(ed->steps.items, ed->steps.items + drop, ed->steps.len * sizeof(struct step));
}

/* Whether a change goes on with the last step, and does so. */
static bool
join_step(
    struct editor *ed, size_t at, size_t removed, const char *added, size_t len, enum chain chain)
{
	const char *gone = ed->text.data + at;
	struct step *last;

	if (chain == CHAIN_NONE || chain != ed->chain || ed->done == 0 || ed->done != ed->steps.len)
		return false;
	last = &ed->steps.items[ed->done - 1];
	if (chain == CHAIN_TYPE && last->at + last->added.len == at && removed == 0)
		buf_add(&last->added, added, len);
	else if (chain == CHAIN_BACKSPACE && last->at == at + removed)
		buf_insert(&last->removed, 0, gone, removed);
	else if (chain == CHAIN_DELETE && last->at == at)
		buf_add(&last->removed, gone, removed);
	else
		return false;
	last->at = chain == CHAIN_BACKSPACE ? at : last->at;
	ed->step_bytes += removed + len;
	return true;
}

/* Changes the text as one step, or part of one; the cursor goes behind what was added. */
static bool
change(
    struct editor *ed, size_t at, size_t removed, const char *added, size_t len, enum chain chain)
{
	struct buf gone = BUF_EMPTY, come = BUF_EMPTY;

	if (ed->text.len - removed + len > TEXT_MAX)
		return false;
	if (!join_step(ed, at, removed, added, len, chain)) {
		keep_undone(ed);
		fill(&gone, ed->text.data + at, removed);
		fill(&come, added, len);
		push_step(ed, at, &gone, &come);
		ed->done = ed->steps.len;
		buf_done(&gone);
		buf_done(&come);
	}
	replace(ed, at, removed, added, len);
	place_cursor(ed, at + len);
	ed->steps.items[ed->done - 1].after = ed->cursor;
	limit_steps(ed);
	ed->chain = chain;
	ed->goal = NO_GOAL;
	return true;
}

/* Bytes from outside as they may stand in the text. */
static void
clean(const char *text, size_t len, struct buf *out)
{
	struct buf valid = BUF_EMPTY;
	size_t used;

	utf8_repair_all(text, len, &valid);
	for (size_t i = 0; i < valid.len; i += used) {
		uint32_t code = utf8_decode(valid.data + i, valid.len - i, &used);
		bool crlf = code == '\r' && valid.data[i + 1] == '\n';

		if (code == '\r' && !crlf)
			buf_putc(out, '\n');
		else if (code == '\n' || code == '\t' || (code >= 0x20 && code < 0x7f) ||
			 code >= 0xa0)
			buf_add(out, valid.data + i, used);
	}
	buf_done(&valid);
}

void
editor_set(struct editor *ed, const char *text, size_t len)
{
	struct buf new = BUF_EMPTY;

	clean(text, len, &new);
	if (new.len > TEXT_MAX)
		buf_truncate(&new, utf8_previous(new.data, new.len, TEXT_MAX));
	change(ed, 0, ed->text.len, new.data, new.len, CHAIN_NONE);
	buf_done(&new);
}

void
editor_reset(struct editor *ed, const char *text, size_t len)
{
	editor_set(ed, text, len);
	forget_steps(ed);
}

bool
editor_insert(struct editor *ed, const char *text, size_t len)
{
	struct buf new = BUF_EMPTY;
	bool typed, fits = true;

	clean(text, len, &new);
	typed = new.len > 0 && utf8_next(new.data, new.len, 0) == new.len;
	if (new.len > 0)
		fits =
		    change(ed, ed->cursor, 0, new.data, new.len, typed ? CHAIN_TYPE : CHAIN_NONE);
	buf_done(&new);
	return fits;
}

bool
editor_replace(struct editor *ed, size_t start, size_t end, const char *text, size_t len)
{
	struct buf new = BUF_EMPTY;
	bool fits;

	clean(text, len, &new);
	fits = change(ed, start, end - start, new.data, new.len, CHAIN_NONE);
	buf_done(&new);
	return fits;
}

static bool
move(struct editor *ed, size_t offset)
{
	bool moved = offset != ed->cursor;

	ed->cursor = offset;
	ed->chain = CHAIN_NONE;
	ed->goal = NO_GOAL;
	return moved;
}

void
editor_move_to(struct editor *ed, size_t offset)
{
	move(ed, cluster_start(ed, offset));
}

static bool
is_word_at(const struct editor *ed, size_t at)
{
	size_t used;

	return utf8_is_word(utf8_decode(ed->text.data + at, ed->text.len - at, &used));
}

static bool
is_space_at(const struct editor *ed, size_t at)
{
	size_t used;
	uint32_t code = utf8_decode(ed->text.data + at, ed->text.len - at, &used);

	return code == ' ' || code == '\t' || code == '\n' || code == 0x3000;
}

/* Back over what is no word, then over the word. */
static size_t
word_left(const struct editor *ed, bool (*is_word)(const struct editor *, size_t), bool word)
{
	size_t at = ed->cursor, before;
	bool inside = false;

	for (; at > 0; at = before) {
		before = previous(ed, at);
		if (is_word(ed, before) == word)
			inside = true;
		else if (inside)
			break;
	}
	return at;
}

static size_t
skip_words(const struct editor *ed, size_t at, bool words)
{
	while (at < ed->text.len && is_word_at(ed, at) == words)
		at = next(ed, at);
	return at;
}

static size_t
word_right(const struct editor *ed)
{
	return skip_words(ed, skip_words(ed, ed->cursor, false), true);
}

/*
 * Whether a cluster stays as it is at the display boundary. Of a joiner between
 * letters that shows only together with its neighbours.
 */
static bool
is_shown_as_is(const char *text, size_t len, size_t start, size_t end)
{
	size_t from, to;

	if (end - start == 1 || sanitize_is_clean(text + start, end - start, SANITIZE_TEXT))
		return true;
	from = utf8_previous(text, len, start);
	to = utf8_next(text, len, end);
	return sanitize_is_clean(text + from, to - from, SANITIZE_TEXT);
}

/* Appends a cluster, in a row where it begins at column, as it is shown. */
static void
show_cluster(const char *text, size_t len, size_t start, size_t end, int column, struct buf *out)
{
	if (text[start] == '\t')
		buf_pad(out, ' ', (size_t)(TAB_WIDTH - column % TAB_WIDTH));
	else if (is_shown_as_is(text, len, start, end))
		buf_add(out, text + start, end - start);
	else
		sanitize(out, text + start, end - start, SANITIZE_TEXT);
}

/* The columns it takes so. */
static int
cluster_columns(const char *text, size_t len, size_t start, size_t end, int column)
{
	struct buf shown = BUF_EMPTY;
	int columns;

	if (text[start] == '\t')
		return TAB_WIDTH - column % TAB_WIDTH;
	if (end - start == 1)
		return 1;
	if (is_shown_as_is(text, len, start, end))
		return utf8_width(text + start, end - start);
	show_cluster(text, len, start, end, column, &shown);
	columns = utf8_width(shown.data, shown.len);
	buf_done(&shown);
	return columns;
}

static int
columns_between(const struct editor *ed, size_t start, size_t end)
{
	int column = 0;

	for (size_t at = start, to; at < end; at = to) {
		to = next(ed, at);
		column += cluster_columns(ed->text.data, ed->text.len, at, to, column);
	}
	return column;
}

/* The last place from start to end that is at most `goal` columns to the right. */
static size_t
at_column(const struct editor *ed, size_t start, size_t end, int goal)
{
	int column = 0;
	size_t at = start;

	while (at < end) {
		size_t to = next(ed, at);

		column += cluster_columns(ed->text.data, ed->text.len, at, to, column);
		if (column > goal)
			break;
		at = to;
	}
	return at;
}

static bool
move_by_cluster(struct editor *ed, int by)
{
	if (by < 0)
		return move(ed, ed->cursor > 0 ? previous(ed, ed->cursor) : 0);
	return move(ed, next(ed, ed->cursor));
}

static bool
move_by_word(struct editor *ed, int by)
{
	return move(ed, by < 0 ? word_left(ed, is_word_at, true) : word_right(ed));
}

static bool
move_in_line(struct editor *ed, int to)
{
	return move(ed, to < 0 ? line_start(ed, ed->cursor) : line_end(ed, ed->cursor));
}

static bool
move_to_edge(struct editor *ed, int to)
{
	return move(ed, to < 0 ? 0 : ed->text.len);
}

/* Moves to another line or row, from start to end, keeping the column. */
static void
move_to_goal(struct editor *ed, size_t old_start, size_t start, size_t end)
{
	int goal = ed->goal;

	if (goal == NO_GOAL)
		goal = columns_between(ed, old_start, ed->cursor);
	move(ed, at_column(ed, start, end, goal));
	ed->goal = goal;
}

static bool
move_by_line(struct editor *ed, int by)
{
	size_t start = line_start(ed, ed->cursor), end = line_end(ed, ed->cursor);

	if (by < 0 ? start == 0 : end == ed->text.len)
		return false;
	if (by < 0)
		move_to_goal(ed, start, line_start(ed, start - 1), start - 1);
	else
		move_to_goal(ed, start, end + 1, line_end(ed, end + 1));
	return true;
}

static bool
erase_cluster(struct editor *ed, int by)
{
	size_t at = ed->cursor, end;

	if (by < 0)
		at = at > 0 ? previous(ed, at) : 0;
	end = next(ed, at);
	if (by < 0 ? at == ed->cursor : end == at)
		return false;
	return change(ed, at, end - at, "", 0, by < 0 ? CHAIN_BACKSPACE : CHAIN_DELETE);
}

/* Kills in a row are one: what was left of the cursor is put before, the rest behind. */
static bool
kill_range(struct editor *ed, size_t start, size_t end)
{
	const char *bytes = ed->text.data + start;

	if (start == end)
		return false;
	if (ed->chain != CHAIN_KILL)
		buf_clear(&ed->kill);
	buf_insert(&ed->kill, end == ed->cursor ? 0 : ed->kill.len, bytes, end - start);
	/* A chain of kills is several steps of undo all the same. */
	change(ed, start, end - start, "", 0, CHAIN_NONE);
	ed->chain = CHAIN_KILL;
	return true;
}

static bool
kill_word(struct editor *ed, int by)
{
	if (by < 0)
		return kill_range(ed, word_left(ed, is_word_at, true), ed->cursor);
	return kill_range(ed, ed->cursor, word_right(ed));
}

static bool
kill_space_left(struct editor *ed, int unused)
{
	(void)unused;
	return kill_range(ed, word_left(ed, is_space_at, false), ed->cursor);
}

/* At the end of a line its LF is killed, so that kills go on over lines. */
static bool
kill_line(struct editor *ed, int by)
{
	size_t end = line_end(ed, ed->cursor);

	if (by < 0)
		return kill_range(ed, line_start(ed, ed->cursor), ed->cursor);
	if (end == ed->cursor && end < ed->text.len)
		end++;
	return kill_range(ed, ed->cursor, end);
}

static bool
yank(struct editor *ed, int unused)
{
	(void)unused;
	if (ed->kill.len == 0)
		return false;
	return change(ed, ed->cursor, 0, ed->kill.data, ed->kill.len, CHAIN_NONE);
}

/* Swaps the clusters around the cursor, or the two before it at the end of a line. */
static bool
transpose(struct editor *ed, int unused)
{
	size_t left, middle = ed->cursor, right;
	struct buf swapped = BUF_EMPTY;

	(void)unused;
	if (middle == line_end(ed, middle) && middle > line_start(ed, middle))
		middle = previous(ed, middle);
	if (middle == line_start(ed, middle))
		return false;
	left = previous(ed, middle);
	right = next(ed, middle);
	buf_add(&swapped, ed->text.data + middle, right - middle);
	buf_add(&swapped, ed->text.data + left, middle - left);
	change(ed, left, right - left, swapped.data, swapped.len, CHAIN_NONE);
	buf_done(&swapped);
	return true;
}

/* The letters from the cursor to the end of the word. */
static bool
change_case(struct editor *ed, int op)
{
	size_t end = word_right(ed), used;
	struct buf changed = BUF_EMPTY;
	bool first = true, moved = end > ed->cursor;
	char bytes[4];

	for (size_t at = ed->cursor; at < end; at += used) {
		uint32_t code = utf8_decode(ed->text.data + at, end - at, &used);
		bool upper = op == EDIT_UPCASE || (op == EDIT_CAPITALISE && first);

		first = first && !utf8_is_word(code);
		code = (uint32_t)(upper ? towupper((wint_t)code) : towlower((wint_t)code));
		buf_add(&changed, bytes, utf8_encode(code, bytes));
	}
	if (changed.len != end - ed->cursor ||
	    memcmp(changed.data, ed->text.data + ed->cursor, changed.len) != 0)
		change(ed, ed->cursor, end - ed->cursor, changed.data, changed.len, CHAIN_NONE);
	else
		move(ed, end);
	buf_done(&changed);
	return moved;
}

static bool
undo(struct editor *ed, int unused)
{
	struct step *step;

	(void)unused;
	if (ed->done == 0)
		return false;
	step = &ed->steps.items[--ed->done];
	replace(ed, step->at, step->added.len, step->removed.data, step->removed.len);
	move(ed, step->before);
	return true;
}

static bool
redo(struct editor *ed, int unused)
{
	struct step *step;

	(void)unused;
	if (ed->done == ed->steps.len)
		return false;
	step = &ed->steps.items[ed->done++];
	replace(ed, step->at, step->removed.len, step->added.data, step->added.len);
	move(ed, step->after);
	return true;
}

static const struct {
	edit_fn edit;
	int argument;
} operations[] = {
    [EDIT_LEFT] = {move_by_cluster, -1},
    [EDIT_RIGHT] = {move_by_cluster, 1},
    [EDIT_WORD_LEFT] = {move_by_word, -1},
    [EDIT_WORD_RIGHT] = {move_by_word, 1},
    [EDIT_LINE_START] = {move_in_line, -1},
    [EDIT_LINE_END] = {move_in_line, 1},
    [EDIT_UP] = {move_by_line, -1},
    [EDIT_DOWN] = {move_by_line, 1},
    [EDIT_START] = {move_to_edge, -1},
    [EDIT_END] = {move_to_edge, 1},
    [EDIT_BACKSPACE] = {erase_cluster, -1},
    [EDIT_DELETE] = {erase_cluster, 1},
    [EDIT_KILL_WORD_LEFT] = {kill_word, -1},
    [EDIT_KILL_WORD_RIGHT] = {kill_word, 1},
    [EDIT_KILL_SPACE_LEFT] = {kill_space_left, 0},
    [EDIT_KILL_LINE_START] = {kill_line, -1},
    [EDIT_KILL_LINE_END] = {kill_line, 1},
    [EDIT_YANK] = {yank, 0},
    [EDIT_TRANSPOSE] = {transpose, 0},
    [EDIT_UPCASE] = {change_case, EDIT_UPCASE},
    [EDIT_DOWNCASE] = {change_case, EDIT_DOWNCASE},
    [EDIT_CAPITALISE] = {change_case, EDIT_CAPITALISE},
    [EDIT_UNDO] = {undo, 0},
    [EDIT_REDO] = {redo, 0},
};

bool
editor_do(struct editor *ed, enum editor_op op)
{
	return operations[op].edit(ed, operations[op].argument);
}

/*
 * Where the row after the one that starts there starts; false if that is the
 * last. Behind a full row there is always another one, for the cursor.
 */
static bool
break_row(const struct buf *text, size_t start, int width, size_t *next_start)
{
	size_t at = start, space = start; /* space: behind the last one in the row */
	int column = 0;

	while (at < text->len && text->data[at] != '\n') {
		size_t to = utf8_next(text->data, text->len, at);
		int columns = cluster_columns(text->data, text->len, at, to, column);

		if (column + columns > width && at > start) {
			*next_start = space > start ? space : at;
			return true;
		}
		column += columns;
		if (text->data[at] == ' ' || text->data[at] == '\t')
			space = to;
		at = to;
	}
	*next_start = at;
	if (column >= width && at > start)
		return true;
	*next_start += at < text->len;
	return at < text->len;
}

/* The row that holds an offset of the text as it was laid out. */
static size_t
row_of(const struct layout *layout, size_t offset)
{
	size_t low = 0, high = layout->rows.len;

	while (high - low > 1) {
		size_t middle = low + (high - low) / 2;

		if (layout->rows.items[middle] <= offset)
			low = middle;
		else
			high = middle;
	}
	return low;
}

/* Puts new rows in the place of those from first to last, and moves the later ones. */
static void
splice_rows(struct layout *layout, size_t first, size_t last, const size_t *rows, size_t count,
    size_t new_len)
{
	size_t old_len = layout->laid_len, later = layout->rows.len - last;

	array_reserve(&layout->rows, first + count + later);
	memmove(
	    layout->rows.items + first + count, layout->rows.items + last, later * sizeof(size_t));
	if (count > 0)
		memcpy(layout->rows.items + first, rows, count * sizeof(size_t));
	layout->rows.len = first + count + later;
	for (size_t i = first + count; i < layout->rows.len; i++)
		layout->rows.items[i] = layout->rows.items[i] + new_len - old_len;
}

/*
 * Lays out again from a row before the change (a word may now fit into the row
 * above it) to where a row begins at a place that began one before: from there
 * on all is as it was.
 */
static void
lay_out_change(struct editor *ed)
{
	struct layout *layout = &ed->layout;
	size_t new_len = ed->text.len, old_len = layout->laid_len;
	size_t first = row_of(layout, layout->same_head), last, start;
	ARRAY(size_t) rows = {0};

	first = first > 2 ? first - 2 : 0;
	last = first + 1;
	start = layout->rows.items[first];
	array_push(&rows, start);
	while (break_row(&ed->text, start, layout->width, &start)) {
		size_t tail = new_len - start;

		while (last < layout->rows.len && old_len - layout->rows.items[last] > tail)
			last++;
		if (tail <= layout->same_tail && last < layout->rows.len &&
		    old_len - layout->rows.items[last] == tail && start < new_len)
			break;
		array_push(&rows, start);
	}
	if (start == new_len)
		last = layout->rows.len;
	splice_rows(layout, first, last, rows.items, rows.len, new_len);
	array_done(&rows);
}

static void
lay_out(struct editor *ed, int width)
{
	struct layout *layout = &ed->layout;

	if (width < 1)
		width = 1;
	if (layout->width != width) {
		array_clear(&layout->rows);
		array_push(&layout->rows, (size_t)0);
		layout->width = width;
		layout->laid_len = 0;
		layout->same_head = layout->same_tail = 0;
	} else if (layout->same_head == ed->text.len && layout->laid_len == ed->text.len) {
		return;
	}
	lay_out_change(ed);
	layout->laid_len = layout->same_head = layout->same_tail = ed->text.len;
}

void
editor_layout(struct editor *ed, int width, int *rows, int *cursor_y, int *cursor_x)
{
	size_t row;

	lay_out(ed, width);
	row = row_of(&ed->layout, ed->cursor);
	*rows = (int)ed->layout.rows.len;
	*cursor_y = (int)row;
	*cursor_x = columns_between(ed, ed->layout.rows.items[row], ed->cursor);
}

bool
editor_row(const struct editor *ed, int row, size_t *start, size_t *end)
{
	const struct layout *layout = &ed->layout;
	size_t i = (size_t)row;

	if (row < 0 || i >= layout->rows.len)
		return false;
	*start = layout->rows.items[i];
	*end = i + 1 < layout->rows.len ? layout->rows.items[i + 1] : ed->text.len;
	if (*end > *start && i + 1 < layout->rows.len && ed->text.data[*end - 1] == '\n')
		*end -= 1;
	return true;
}

bool
editor_show_row(const struct editor *ed, int row, struct buf *out)
{
	size_t start, end, to;
	int column = 0;

	if (!editor_row(ed, row, &start, &end))
		return false;
	for (size_t at = start; at < end; at = to) {
		to = next(ed, at);
		show_cluster(ed->text.data, ed->text.len, at, to, column, out);
		column += cluster_columns(ed->text.data, ed->text.len, at, to, column);
	}
	return true;
}

/* The last place of the cursor in a row: behind it, unless that is the next row's start. */
static size_t
row_last(const struct editor *ed, size_t row, size_t start, size_t end)
{
	bool soft = row + 1 < ed->layout.rows.len && ed->layout.rows.items[row + 1] == end;

	return soft && end > start ? previous(ed, end) : end;
}

static bool
move_by_row(struct editor *ed, int by)
{
	size_t row, old_start, start, end;

	if (ed->layout.width == 0)
		return false;
	lay_out(ed, ed->layout.width);
	row = row_of(&ed->layout, ed->cursor);
	old_start = ed->layout.rows.items[row];
	if (!editor_row(ed, (int)row + by, &start, &end))
		return false;
	move_to_goal(ed, old_start, start, row_last(ed, row + (size_t)by, start, end));
	return true;
}

bool
editor_row_up(struct editor *ed)
{
	return move_by_row(ed, -1);
}

bool
editor_row_down(struct editor *ed)
{
	return move_by_row(ed, 1);
}
