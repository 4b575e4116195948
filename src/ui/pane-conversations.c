/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include "ui/panes.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/error.h"
#include "base/i18n.h"
#include "base/mem.h"
#include "base/sanitize.h"
#include "base/utf8.h"
#include "client/client.h"
#include "store/store.h"
#include "ui/key.h"
#include "ui/listbox.h"
#include "ui/screen.h"
#include "ui/typed.h"
#include "ui/view.h"

/* Title row and filter row. */
#define HEADER_ROWS 2

/* Rows that a notch of the mouse's wheel goes. */
#define WHEEL_ROWS 3

/*
 * Trees read at a time: more than any screen shows, so that scrolling seldom
 * reads again. At its ends the window moves by half of itself.
 */
#define WINDOW 512

/* A row of the screen: a tree, or the name of a day over those changed on it. */
struct line {
	const char *day; /* NULL: a tree */
	size_t row;	 /* of the window */
};

struct conversations {
	struct pane pane;
	struct listbox box; /* over lines */
	store_rows rows;    /* the window, from place `from` of the list on */
	size_t from;
	ARRAY(struct line) lines;
	struct buf filter;
	int64_t wanted; /* root of the tree to select when rows are read again */
	bool stale;
};

static const struct pane_ops ops, filter_ops;

static struct conversations *
self(struct pane *pane)
{
	return (struct conversations *)pane;
}

static bool
is_filtering(const struct conversations *c)
{
	return c->pane.ops == &filter_ops;
}

static int
local_day(int64_t seconds)
{
	time_t t = (time_t)seconds;
	struct tm tm;

	localtime_r(&t, &tm);
	return tm.tm_year * 366 + tm.tm_yday;
}

static const char *
day_name(const char *iso)
{
	int64_t then;
	int day;

	if (iso == NULL || !clock_parse(iso, &then))
		return _("Older");
	day = local_day(then);
	if (day >= local_day(clock_wall()))
		return _("Today");
	if (day == local_day(clock_wall() - 86400))
		return _("Yesterday");
	return clock_wall() - then < 7 * 86400 ? _("Last seven days") : _("Older");
}

/* "now", "5m", "3h", "2d", "5w": how long ago, in few columns. */
static void
age(const char *iso, char *out, size_t size)
{
	static const struct {
		int64_t below, unit;
		const char *name;
	} units[] = {
	    /* TRANSLATORS: minutes; it stands behind a number, and has one or two columns. */
	    {3600, 60, N_("m")},
	    /* TRANSLATORS: hours, behind a number, in one or two columns. */
	    {86400, 3600, N_("h")},
	    /* TRANSLATORS: days, behind a number, in one or two columns. */
	    {14 * 86400, 86400, N_("d")},
	    /* TRANSLATORS: weeks, behind a number, in one to three columns. */
	    {700 * (int64_t)86400, 7 * 86400, N_("w")},
	    /* TRANSLATORS: years, behind a number, in one to three columns. */
	    {INT64_MAX, 365 * (int64_t)86400, N_("y")},
	};
	int64_t then, ago;

	out[0] = '\0';
	if (iso == NULL || !clock_parse(iso, &then))
		return;
	ago = clock_wall() - then;
	if (ago < 60) {
		/* TRANSLATORS: how long ago; as short as "5m". */
		snprintf(out, size, "%s", _("now"));
		return;
	}
	for (size_t i = 0; i < sizeof(units) / sizeof(units[0]); i++) {
		if (ago < units[i].below) {
			snprintf(out, size, "%d%s", (int)(ago / units[i].unit), _(units[i].name));
			return;
		}
	}
}

static const char *const marks[] = {
    [MARK_NONE] = " ",
    [MARK_UNREAD] = "●",
    [MARK_STREAMING] = "▸",
    [MARK_WAITING] = "?",
    [MARK_FAILED] = "✗",
};

static void
make_lines(struct conversations *c)
{
	const char *last = NULL;

	array_clear(&c->lines);
	for (size_t i = 0; i < c->rows.len; i++) {
		const struct store_row *row = &c->rows.items[i];
		const char *day = row->pinned ? _("Pinned") : day_name(row->updated_at);
		struct line line = {.row = i};

		if (last == NULL || strcmp(day, last) != 0) {
			struct line title = {.day = day};

			array_push(&c->lines, title);
		}
		last = day;
		array_push(&c->lines, line);
	}
}

static void
read_window(struct conversations *c)
{
	struct error err = ERROR_NONE;
	struct store *store = client_store(screen_client(c->pane.screen));
	const char *filter = c->filter.len > 0 ? c->filter.data : NULL;

	store_rows_done(&c->rows);
	if (!store_list(store, filter, c->from, WINDOW, &c->rows, &err))
		screen_report(c->pane.screen, &err);
	error_done(&err);
	make_lines(c);
	c->stale = false;
}

static size_t
line_of(const struct conversations *c, size_t row)
{
	for (size_t i = 0; i < c->lines.len; i++)
		if (c->lines.items[i].day == NULL && c->lines.items[i].row == row)
			return i;
	return 0;
}

/* The row of a tree in the window, or -1. */
static ptrdiff_t
row_of(const struct conversations *c, int64_t root)
{
	for (size_t i = 0; i < c->rows.len; i++)
		if (c->rows.items[i].root == root)
			return (ptrdiff_t)i;
	return -1;
}

static int64_t
open_root(const struct conversations *c)
{
	const struct conversation *open = view_conversation(screen_view(c->pane.screen));

	return open == NULL ? 0 : open->root != 0 ? open->root : open->key;
}

static const struct store_row *
selected(const struct conversations *c)
{
	const struct line *line;

	if (c->box.selected >= c->lines.len)
		return NULL;
	line = &c->lines.items[c->box.selected];
	return line->day == NULL ? &c->rows.items[line->row] : NULL;
}

/* Moves the window; the same tree stays selected in the same row of the screen. */
static void
slide(struct conversations *c, size_t from)
{
	const struct store_row *row = selected(c);
	int64_t root = row != NULL ? row->root : 0;
	size_t above = c->box.selected - c->box.top;
	ptrdiff_t at;

	c->from = from;
	read_window(c);
	at = row_of(c, root);
	listbox_resize(&c->box, c->lines.len, c->box.height);
	listbox_select(&c->box, at >= 0 ? line_of(c, (size_t)at) : 0);
	c->box.top = c->box.selected > above ? c->box.selected - above : 0;
	listbox_select(&c->box, c->box.selected);
}

/* Whether there is more beyond that end of the window; then it is moved there. */
static bool
shift(struct conversations *c, long direction)
{
	if (direction > 0 ? c->rows.len < WINDOW : c->from == 0)
		return false;
	if (direction > 0)
		slide(c, c->from + WINDOW / 2);
	else
		slide(c, c->from > WINDOW / 2 ? c->from - WINDOW / 2 : 0);
	return true;
}

/* To the first window or the last one. */
static void
slide_to_end(struct conversations *c, long direction)
{
	struct store *store = client_store(screen_client(c->pane.screen));
	struct error err = ERROR_NONE;
	size_t count = 0;

	if (direction > 0 ? c->rows.len < WINDOW : c->from == 0)
		return;
	if (direction > 0 &&
	    !store_count(store, c->filter.len > 0 ? c->filter.data : NULL, &count, &err))
		screen_report(c->pane.screen, &err);
	error_done(&err);
	slide(c, count > WINDOW ? count - WINDOW : 0);
}

/* Places the window so that rows can be gone from the selection, as far as there are any. */
static void
make_room(struct conversations *c, long rows)
{
	size_t way = (size_t)(rows > 0 ? rows : -rows);

	if (way >= c->lines.len)
		slide_to_end(c, rows);
	else if (rows > 0 ? c->box.selected + way >= c->lines.len : c->box.selected <= way)
		shift(c, rows);
}

static void
update(struct pane *pane)
{
	struct conversations *c = self(pane);
	const struct store_row *row = selected(c);
	ptrdiff_t at;

	/* Without the focus the selection is what is open; with it, what the reader chose. */
	c->wanted = pane->focused && row != NULL ? row->root : open_root(c);
	if (c->stale)
		read_window(c);
	at = row_of(c, c->wanted);
	/* What is open has left this part of the list, or the list has become shorter. */
	if (c->from > 0 && at < 0 && (!pane->focused || c->rows.len == 0)) {
		c->from = 0;
		read_window(c);
		at = row_of(c, c->wanted);
	}
	listbox_resize(&c->box, c->lines.len, pane->rect.height - HEADER_ROWS);
	listbox_select(&c->box, at >= 0 ? line_of(c, (size_t)at) : c->lines.len > 1 ? 1 : 0);
}

static void
paint_row(const struct conversations *c, struct grid *grid, int y, const struct store_row *row)
{
	struct rect rect = c->pane.rect;
	char *title = sanitize_line(row->title[0] != '\0' ? row->title : _("(without a title)"));
	char tail[48], when[16];
	int room;

	age(row->updated_at, when, sizeof(when));
	if (row->branches > 0)
		snprintf(tail, sizeof(tail), "⑂%d %3s", row->branches, when);
	else
		snprintf(tail, sizeof(tail), "%3s", when);
	room = rect.width - 3 - utf8_width(tail, strlen(tail)) - 1;
	grid_puts(grid, rect, y, 1, marks[row->mark],
	    row->mark == MARK_FAILED ? STYLE_ERROR : STYLE_MATCH);
	grid_put_cut(grid, rect, y, 3, title, room, STYLE_NORMAL);
	grid_puts(grid, rect, y, rect.width - 1 - utf8_width(tail, strlen(tail)), tail, STYLE_TIME);
	free(title);
}

static void
paint_header(const struct conversations *c, struct grid *grid)
{
	struct rect rect = c->pane.rect;
	char *clean;

	grid_puts(grid, rect, 0, 1, _("Conversations"), STYLE_TITLE);
	if (!is_filtering(c) && c->filter.len == 0) {
		grid_puts(grid, rect, 1, 1, _("/ filter"), STYLE_PLACEHOLDER);
		return;
	}
	clean = sanitize_line(c->filter.data);
	grid_puts(grid, rect, 1, grid_puts(grid, rect, 1, 1, "/ ", STYLE_KEY), clean, STYLE_NORMAL);
	free(clean);
}

static void
paint(const struct pane *pane, struct grid *grid)
{
	const struct conversations *c = (const struct conversations *)pane;
	struct rect rect = pane->rect;
	int64_t root = open_root(c);

	grid_clear(grid, rect, STYLE_NORMAL);
	paint_header(c, grid);
	for (int y = HEADER_ROWS; y < rect.height; y++) {
		size_t i = c->box.top + (size_t)(y - HEADER_ROWS);
		const struct line *line = i < c->lines.len ? &c->lines.items[i] : NULL;

		if (line == NULL)
			break;
		if (line->day != NULL) {
			grid_puts(grid, rect, y, 1, line->day, STYLE_DIM);
			continue;
		}
		paint_row(c, grid, y, &c->rows.items[line->row]);
		if (i == c->box.selected && pane->focused)
			grid_lay(grid, rect, y, 0, rect.width, STYLE_SELECTED);
		else if (c->rows.items[line->row].root == root)
			grid_lay(grid, rect, y, 0, rect.width, STYLE_SELECTED_DIM);
	}
	if (c->rows.len == 0)
		grid_puts(grid, rect, HEADER_ROWS, 1,
		    c->filter.len > 0 ? _("Nothing matches.") : _("Nothing here yet."), STYLE_DIM);
}

/* Over the names of days, which cannot be selected. */
static void
move(struct conversations *c, long rows)
{
	size_t before;

	make_room(c, rows);
	before = c->box.selected;
	listbox_move(&c->box, rows);
	if (c->box.selected < c->lines.len && c->lines.items[c->box.selected].day != NULL) {
		listbox_move(&c->box, rows > 0 ? 1 : -1);
		if (c->lines.items[c->box.selected].day != NULL)
			listbox_select(&c->box, c->box.selected == 0 ? 1 : before);
	}
	screen_damage(c->pane.screen, true);
}

static void
filter_changed(struct conversations *c)
{
	c->stale = true;
	c->from = 0;
	pane_touch(&c->pane);
}

static void
stop_filter(struct conversations *c, bool clear)
{
	c->pane.ops = &ops;
	if (clear && c->filter.len > 0) {
		buf_clear(&c->filter);
		filter_changed(c);
	}
	pane_touch(&c->pane);
}

static void
open_selected(struct conversations *c)
{
	const struct store_row *row = selected(c);
	struct screen *screen = c->pane.screen;

	if (row == NULL || !screen_open(screen, row->opens, 0))
		return;
	stop_filter(c, false);
	screen_focus(screen, screen_pane(screen, "input"));
}

static bool
type_filter(struct pane *pane, const struct key *key)
{
	struct conversations *c = self(pane);

	if (key->code == KEY_BACKSPACE_ && c->filter.len == 0)
		stop_filter(c, true);
	else if (!typed_key(&c->filter, key))
		return false;
	filter_changed(c);
	return true;
}

static bool
mouse(struct pane *pane, const struct key *key)
{
	struct conversations *c = self(pane);
	size_t line = c->box.top + (size_t)(key->y - HEADER_ROWS);

	if (key->code != KEY_MOUSE_)
		return false;
	if (key->mouse == MOUSE_WHEEL_UP || key->mouse == MOUSE_WHEEL_DOWN) {
		long rows = key->mouse == MOUSE_WHEEL_UP ? -WHEEL_ROWS : WHEEL_ROWS;

		/* A screen of rows is between the selection and the end of the window. */
		make_room(c, rows > 0 ? rows + c->box.height : rows - c->box.height);
		listbox_scroll(&c->box, rows);
		return true;
	}
	if (key->mouse != MOUSE_PRESS || key->y < HEADER_ROWS || line >= c->lines.len)
		return false;
	if (c->lines.items[line].day == NULL) {
		listbox_select(&c->box, line);
		open_selected(c);
	}
	return true;
}

static bool
filter_key(struct pane *pane, const struct key *key)
{
	return mouse(pane, key) || type_filter(pane, key);
}

static void
escape(struct conversations *c)
{
	struct screen *screen = c->pane.screen;

	if (is_filtering(c) || c->filter.len > 0)
		stop_filter(c, true);
	else
		screen_focus(screen, screen_pane(screen, "input"));
}

static bool
action(struct pane *pane, const char *name)
{
	struct conversations *c = self(pane);
	long rows;

	if (listbox_steps(&c->box, name, &rows)) {
		move(c, rows);
		return true;
	}
	if (strcmp(name, "choose") == 0)
		open_selected(c);
	else if (strcmp(name, "list-filter") == 0)
		c->pane.ops = &filter_ops;
	else if (strcmp(name, "escape") == 0)
		escape(c);
	else
		return false;
	pane_touch(pane);
	return true;
}

static bool
cursor(const struct pane *pane, int *y, int *x)
{
	const struct conversations *c = (const struct conversations *)pane;

	*y = 1;
	*x = 3 + utf8_width(c->filter.data, c->filter.len);
	return *x < pane->rect.width;
}

static void
destroy(struct pane *pane)
{
	struct conversations *c = self(pane);

	store_rows_done(&c->rows);
	array_done(&c->lines);
	buf_done(&c->filter);
	free(c);
}

static const struct pane_ops ops = {
    .name = "list",
    .update = update,
    .paint = paint,
    .key = mouse,
    .action = action,
    .free = destroy,
};

/* While the filter is typed: a context of its own, in which letters are letters. */
static const struct pane_ops filter_ops = {
    .name = "filter",
    .update = update,
    .paint = paint,
    .key = filter_key,
    .action = action,
    .cursor = cursor,
    .free = destroy,
};

struct pane *
pane_conversations_new(struct screen *screen)
{
	struct conversations *c = xcalloc(1, sizeof(*c));

	c->pane.ops = &ops;
	c->pane.screen = screen;
	c->stale = true;
	buf_init(&c->filter, 256);
	return &c->pane;
}

void
pane_conversations_reload(struct pane *pane)
{
	self(pane)->stale = true;
	pane_touch(pane);
}

static void
refresh(struct conversations *c)
{
	if (c->stale)
		read_window(c);
}

/* For what counts from the newest on, wherever the reader is. */
static void
refresh_top(struct conversations *c)
{
	refresh(c);
	if (c->from > 0)
		slide(c, 0);
}

int64_t
pane_conversations_nth(struct pane *pane, size_t n)
{
	struct conversations *c = self(pane);

	refresh_top(c);
	return n < c->rows.len ? c->rows.items[n].opens : 0;
}

int64_t
pane_conversations_neighbour(struct pane *pane, int step)
{
	struct conversations *c = self(pane);
	ptrdiff_t at;

	refresh(c);
	at = row_of(c, open_root(c));
	if (at >= 0 && (at + step < 0 || at + step >= (ptrdiff_t)c->rows.len) && shift(c, step))
		at = row_of(c, open_root(c));
	if (at < 0)
		at = step > 0 ? -1 : (ptrdiff_t)c->rows.len;
	at += step;
	return at >= 0 && at < (ptrdiff_t)c->rows.len ? c->rows.items[at].opens : 0;
}

int64_t
pane_conversations_attention(struct pane *pane)
{
	static const enum store_mark order[] = {MARK_UNREAD, MARK_WAITING, MARK_FAILED};
	struct conversations *c = self(pane);

	refresh_top(c);
	for (size_t o = 0; o < sizeof(order) / sizeof(order[0]); o++)
		for (size_t i = 0; i < c->rows.len; i++)
			if (c->rows.items[i].mark == order[o] &&
			    c->rows.items[i].root != open_root(c))
				return c->rows.items[i].latest;
	return 0;
}

bool
pane_conversations_selected(struct pane *pane, int64_t *latest, int64_t *root)
{
	const struct store_row *row = selected(self(pane));

	if (row == NULL)
		return false;
	*latest = row->latest;
	*root = row->root;
	return true;
}
