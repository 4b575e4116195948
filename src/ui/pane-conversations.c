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

/* What the store remembers the order of the list by. */
#define SORT_STATE "list-sort"

/* Columns of a match that are shown before its words. */
#define BEFORE_MATCH 8

/*
 * A row of the screen: a tree, the name of a day over those changed on it, or
 * under a tree what was said in it that the filter found.
 */
struct line {
	const char *day; /* or NULL */
	size_t row;	 /* of the window */
	bool match;
	char *words; /* of a match, once it was in view */
};

struct conversations {
	struct pane pane;
	struct listbox box; /* over lines */
	store_rows rows;    /* the window, from place `from` of the list on */
	size_t from;
	ARRAY(struct line) lines;
	struct buf filter;
	enum store_sort sort;
	int64_t wanted; /* root of the tree to select when rows are read again */
	int64_t shown;	/* the same, whatever was selected before; or 0 */
	bool stale;
};

static const struct {
	const char *state; /* in the store */
	const char *name;  /* in the header */
} sorts[] = {
    [SORT_CHANGED] = {"changed", NULL},
    /* TRANSLATORS: how the list of conversations is sorted. */
    [SORT_CREATED] = {"created", N_("by creation")},
    [SORT_TITLE] = {"title", N_("by title")},
};

#define SORTS (sizeof(sorts) / sizeof(sorts[0]))

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
free_lines(struct conversations *c)
{
	for (size_t i = 0; i < c->lines.len; i++)
		free(c->lines.items[i].words);
	c->lines.len = 0;
}

/* When it was changed, or begun, as it is sorted by. */
static const char *
time_of(const struct conversations *c, const struct store_row *row)
{
	return c->sort == SORT_CREATED ? row->created_at : row->updated_at;
}

/* What stands over it and its like; NULL: nothing. */
static const char *
heading_of(const struct conversations *c, const struct store_row *row)
{
	if (row->pinned)
		return _("Pinned");
	if (c->sort != SORT_TITLE)
		return day_name(time_of(c, row));
	return c->rows.items[0].pinned ? _("Others") : NULL;
}

static void
make_lines(struct conversations *c)
{
	const char *last = NULL;

	free_lines(c);
	for (size_t i = 0; i < c->rows.len; i++) {
		const struct store_row *row = &c->rows.items[i];
		const char *day = heading_of(c, row);
		struct line line = {.row = i};

		if (day != NULL && (last == NULL || strcmp(day, last) != 0)) {
			struct line title = {.day = day};

			array_push(&c->lines, title);
		}
		last = day;
		array_push(&c->lines, line);
		line.match = true;
		if (row->matched)
			array_push(&c->lines, line);
	}
}

static bool
is_tree(const struct line *line)
{
	return line->day == NULL && !line->match;
}

/* Only what is in view: a snippet takes its time. */
static void
read_matches(struct conversations *c)
{
	struct store *store = client_store(screen_client(c->pane.screen));
	size_t end = c->box.top + (size_t)(c->box.height > 0 ? c->box.height : 0);

	for (size_t i = c->box.top; i < end && i < c->lines.len; i++) {
		struct line *line = &c->lines.items[i];
		struct error err = ERROR_NONE;

		if (line->match && line->words == NULL)
			line->words = store_match(store, c->rows.items[line->row].root, &err);
		error_done(&err);
	}
}

static void
read_window(struct conversations *c)
{
	struct error err = ERROR_NONE;
	struct store *store = client_store(screen_client(c->pane.screen));
	const char *filter = c->filter.len > 0 ? c->filter.data : NULL;

	store_rows_done(&c->rows);
	if (!store_list_sorted(store, filter, c->sort, c->from, WINDOW, &c->rows, &err))
		screen_report(c->pane.screen, &err);
	error_done(&err);
	make_lines(c);
	c->stale = false;
}

static size_t
line_of(const struct conversations *c, size_t row)
{
	for (size_t i = 0; i < c->lines.len; i++)
		if (is_tree(&c->lines.items[i]) && c->lines.items[i].row == row)
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
	return is_tree(line) ? &c->rows.items[line->row] : NULL;
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

/* The tree at a line or, where that is none, the next one, else the one before. */
static void
select_tree(struct conversations *c, size_t line)
{
	size_t at = line;

	while (at < c->lines.len && !is_tree(&c->lines.items[at]))
		at++;
	if (at >= c->lines.len)
		for (at = line < c->lines.len ? line : c->lines.len; at > 0; at--)
			if (is_tree(&c->lines.items[at - 1]))
				break;
	listbox_select(&c->box, at < c->lines.len || at == 0 ? at : at - 1);
	if (c->box.selected < c->lines.len && !is_tree(&c->lines.items[c->box.selected]) && at > 0)
		listbox_select(&c->box, at - 1);
}

static void
update(struct pane *pane)
{
	struct conversations *c = self(pane);
	const struct store_row *row = selected(c);
	ptrdiff_t at;

	/* Without the focus the selection is what is open; with it, what the reader chose. */
	c->wanted = c->shown != 0		   ? c->shown
		    : pane->focused && row != NULL ? row->root
						   : open_root(c);
	c->shown = 0;
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
	if (at >= 0)
		listbox_select(&c->box, line_of(c, (size_t)at));
	else
		select_tree(c, pane->focused ? c->box.selected : 0);
	read_matches(c);
}

/* Tags, dim, behind the title; those that have no room are left out. */
static void
paint_tags(struct grid *grid, struct rect rect, int y, int x, int end, const char *tags)
{
	char *copy = xstrdup(tags), *rest = copy, *word;

	while ((word = strsep(&rest, " ")) != NULL && word[0] != '\0') {
		char *clean = sanitize_line(word);

		if (x + 2 + utf8_width(clean, strlen(clean)) <= end) {
			x = grid_puts(grid, rect, y, x + 1, "#", STYLE_DIM);
			x = grid_puts(grid, rect, y, x, clean, STYLE_DIM);
		}
		free(clean);
	}
	free(copy);
}

static void
paint_row(const struct conversations *c, struct grid *grid, int y, const struct store_row *row)
{
	struct rect rect = c->pane.rect;
	char *title = sanitize_line(row->title[0] != '\0' ? row->title : _("(without a title)"));
	char tail[48], when[16];
	int room, x;

	age(time_of(c, row), when, sizeof(when));
	if (row->branches > 0)
		snprintf(tail, sizeof(tail), "⑂%d %3s", row->branches, when);
	else
		snprintf(tail, sizeof(tail), "%3s", when);
	room = rect.width - 3 - utf8_width(tail, strlen(tail)) - 1;
	grid_puts(grid, rect, y, 1, marks[row->mark],
	    row->mark == MARK_FAILED ? STYLE_ERROR : STYLE_MATCH);
	x = grid_put_cut(grid, rect, y, 3, title, room, row->archived ? STYLE_DIM : STYLE_NORMAL);
	paint_tags(grid, rect, y, x, 3 + room - 1, row->tags);
	grid_puts(grid, rect, y, rect.width - 1 - utf8_width(tail, strlen(tail)), tail, STYLE_TIME);
	free(title);
}

/* Some of it before the match, so that the match is in view. */
static void
paint_match(const struct conversations *c, struct grid *grid, int y, const char *words)
{
	struct rect rect = c->pane.rect;
	const char *match = words != NULL ? strchr(words, '\001') : NULL;
	const char *from = words;
	char *clean;
	int columns;

	if (match == NULL)
		return;
	if (utf8_width(words, (size_t)(match - words)) > BEFORE_MATCH) {
		size_t skip = utf8_fit(words, (size_t)(match - words),
		    utf8_width(words, (size_t)(match - words)) - BEFORE_MATCH, &columns);

		while (words[skip] != '\001' && words[skip] != ' ')
			skip++;
		from = words + skip + (words[skip] == ' ');
	}
	clean = xasprintf("%s%s", from > words ? "…" : "", from);
	columns = 5;
	for (char *part = clean; part != NULL && columns < rect.width - 1;) {
		size_t len = strcspn(part, "\001\002");
		bool found = part > clean && part[-1] == '\001';
		char *text = xstrndup(part, len), *shown = sanitize_line(text);

		columns = grid_put_cut(grid, rect, y, columns, shown, rect.width - 1 - columns,
		    found ? STYLE_MATCH : STYLE_DIM);
		part = part[len] != '\0' ? part + len + 1 : NULL;
		free(shown);
		free(text);
	}
	free(clean);
}

static void
paint_header(const struct conversations *c, struct grid *grid)
{
	struct rect rect = c->pane.rect;
	int x = grid_puts(grid, rect, 0, 1, _("Conversations"), STYLE_TITLE);
	char *clean;

	if (sorts[c->sort].name != NULL)
		grid_put_cut(
		    grid, rect, 0, x + 1, _(sorts[c->sort].name), rect.width - x - 2, STYLE_DIM);
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
		if (line->match) {
			paint_match(c, grid, y, line->words);
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

/* Over the names of days and what was found, which cannot be selected. */
static void
move(struct conversations *c, long rows)
{
	long step = rows > 0 ? 1 : -1;
	size_t before;

	make_room(c, rows);
	before = c->box.selected;
	listbox_move(&c->box, rows);
	while (c->box.selected < c->lines.len && !is_tree(&c->lines.items[c->box.selected]) &&
	       c->box.selected + (size_t)step < c->lines.len)
		listbox_move(&c->box, step);
	if (c->box.selected < c->lines.len && !is_tree(&c->lines.items[c->box.selected]))
		select_tree(c, rows > 0 && before < c->lines.len && labs(rows) == 1
				   ? before
				   : c->box.selected);
	read_matches(c);
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
		read_matches(c);
		return true;
	}
	if (key->mouse != MOUSE_PRESS || key->y < HEADER_ROWS || line >= c->lines.len)
		return false;
	if (c->lines.items[line].match)
		line--;
	if (is_tree(&c->lines.items[line])) {
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

static void
next_sort(struct conversations *c)
{
	struct error err = ERROR_NONE;

	c->sort = (enum store_sort)((c->sort + 1) % SORTS);
	store_set(
	    client_store(screen_client(c->pane.screen)), SORT_STATE, sorts[c->sort].state, &err);
	error_done(&err); /* of a store that cannot be written: then it is so until the end */
	filter_changed(c);
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
	else if (strcmp(name, "list-sort") == 0)
		next_sort(c);
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
	free_lines(c);
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

static enum store_sort
load_sort(struct store *store)
{
	struct error err = ERROR_NONE;
	char *state = store_get(store, SORT_STATE, &err);
	enum store_sort sort = SORT_CHANGED;

	for (size_t i = 0; state != NULL && i < SORTS; i++)
		if (strcmp(state, sorts[i].state) == 0)
			sort = (enum store_sort)i;
	error_done(&err);
	free(state);
	return sort;
}

struct pane *
pane_conversations_new(struct screen *screen)
{
	struct conversations *c = xcalloc(1, sizeof(*c));

	c->pane.ops = &ops;
	c->pane.screen = screen;
	c->stale = true;
	c->sort = load_sort(client_store(screen_client(screen)));
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

void
pane_conversations_show(struct pane *pane, int64_t root)
{
	self(pane)->shown = root;
	pane_touch(pane);
}

bool
pane_conversations_selected(struct pane *pane, int64_t *opens, int64_t *root)
{
	const struct store_row *row = selected(self(pane));

	if (row == NULL)
		return false;
	*opens = row->opens;
	*root = row->root;
	return true;
}
