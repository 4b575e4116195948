/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include "ui/panes.h"

#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/i18n.h"
#include "base/mem.h"
#include "base/sanitize.h"
#include "base/utf8.h"
#include "client/client.h"
#include "ui/key.h"
#include "ui/rows.h"
#include "ui/screen.h"
#include "ui/view.h"

/* Columns at the left: the mark of the selected entry, and one that stays empty. */
#define GUTTER 2

/* Below this there is no room for a gutter or long marks. */
#define NARROW 40

/* Below this every row of the messages counts. */
#define LOW_HEIGHT 4

/* Columns of the words that a branch begins at, in the header. */
#define ORIGIN_COLUMNS 24

/* Rather than fewer words than these it loses its time, and with fewer columns it goes. */
#define LEAST_WORDS 4
#define LEAST_ORIGIN 16

/* Entries whose rows are kept though they are not on the screen. */
#define KEEP_ROWS 200

/*
 * The reader's place is the anchor: an entry and a row of it, at the top of
 * the pane. It does not move when things grow below or above it. Following
 * the end is another matter: then the anchor is found anew from the end.
 */
struct messages {
	struct pane pane;
	struct rows_cache *rows;
	size_t anchor; /* place of an entry on the path */
	int anchor_row;
	bool follow;
	size_t end_entry; /* where the end was when the reader left it */
	int end_row;
	int width;	     /* of the last update */
	int64_t selected;    /* an entry's key; 0: none */
	ARRAY(int64_t) open; /* entries that are shown in full */
	int skip;	     /* columns shifted to the left: code and wide tables */
	char *words;	     /* searched for last */
};

static struct messages *
self(struct pane *pane)
{
	return (struct messages *)pane;
}

static const struct conversation *
conversation(const struct messages *m)
{
	return view_conversation(screen_view(m->pane.screen));
}

/* Only what the next message goes behind is shown: that is what will be read with it. */
static size_t
entry_count(const struct messages *m)
{
	return view_kept(screen_view(m->pane.screen));
}

static bool
is_aimed(const struct messages *m)
{
	return view_aim(screen_view(m->pane.screen)) != AIM_END;
}

static int
header_rows(const struct messages *m)
{
	return m->pane.rect.height > 3 && !screen_is_plain(m->pane.screen) ? 1 : 0;
}

/* The line that says where the new branch begins. */
static int
fork_rows(const struct messages *m)
{
	return is_aimed(m) && m->pane.rect.height - header_rows(m) > 1 ? 1 : 0;
}

static int
body_height(const struct messages *m)
{
	return m->pane.rect.height - header_rows(m) - fork_rows(m);
}

static int
gutter(const struct messages *m)
{
	return screen_is_plain(m->pane.screen) || m->pane.rect.width < NARROW ? 1 : GUTTER;
}

static bool
is_open(const struct messages *m, int64_t key)
{
	for (size_t i = 0; i < m->open.len; i++)
		if (m->open.items[i] == key)
			return true;
	return false;
}

static const char *
speaker_of(const struct messages *m, const struct entry *entry)
{
	if (entry->agent_id == NULL && entry->model == NULL)
		return view_speaker(screen_view(m->pane.screen));
	return entry->agent_id != NULL ? view_speaker(screen_view(m->pane.screen)) : entry->model;
}

/* Whether two entries come under one header: parts of one answer by one speaker. */
static bool
same_speaker(const struct entry *a, const struct entry *b)
{
	const char *x = a->agent_id != NULL ? a->agent_id : a->model;
	const char *y = b->agent_id != NULL ? b->agent_id : b->model;

	if (entry_is_prompt(a) || a->type == ENTRY_AGENT_HANDOFF || a->type == ENTRY_MESSAGE_INPUT)
		return false;
	return x == NULL || y == NULL || strcmp(x, y) == 0;
}

static const struct entry_rows *
rows_at(const struct messages *m, size_t at)
{
	const struct conversation *c = conversation(m);
	const struct entry *entry = c->entries.items[at];
	struct view *view = screen_view(m->pane.screen);
	struct entry_look look = {
	    .width = m->pane.rect.width - gutter(m) - 1,
	    .skip = m->skip,
	    .open = is_open(m, entry->key),
	    .speaker = speaker_of(m, entry),
	};

	if (look.width < 4)
		look.width = 4;
	look.follows = at > 0 && same_speaker(c->entries.items[at - 1], entry);
	look.alternatives = view_alternatives(view, entry->key, &look.which);
	return rows_of(m->rows, entry, &look);
}

static int
rows_in(const struct messages *m, size_t at)
{
	return (int)rows_at(m, at)->rows.len;
}

/* Moves a place by rows, not beyond the first and the last one; returns the rows moved. */
static int
walk(const struct messages *m, size_t *entry, int *row, int rows)
{
	int moved = 0;

	while (moved < rows) {
		int here = rows_in(m, *entry) - 1 - *row;

		if (here >= rows - moved) {
			*row += rows - moved;
			return rows;
		}
		if (*entry + 1 >= entry_count(m)) {
			*row += here;
			return moved + here;
		}
		moved += here + 1;
		(*entry)++;
		*row = 0;
	}
	while (moved > rows) {
		if (*row >= moved - rows) {
			*row -= moved - rows;
			return rows;
		}
		if (*entry == 0) {
			moved -= *row;
			*row = 0;
			return moved;
		}
		moved -= *row + 1;
		(*entry)--;
		*row = rows_in(m, *entry) - 1;
	}
	return moved;
}

/* The last row there is. */
static void
end_place(const struct messages *m, size_t *entry, int *row)
{
	*entry = entry_count(m) - 1;
	*row = rows_in(m, *entry) - 1;
}

/* Of a few rows none is spent on the empty one below the last entry. */
static int
unseen_rows(const struct messages *m)
{
	return body_height(m) < LOW_HEIGHT ? 1 : 0;
}

/* The anchor that shows the end in the last row of the pane. */
static void
anchor_at_end(struct messages *m)
{
	end_place(m, &m->anchor, &m->anchor_row);
	walk(m, &m->anchor, &m->anchor_row, 1 - body_height(m) - unseen_rows(m));
}

static bool
shows_end(const struct messages *m)
{
	size_t entry = m->anchor;
	int row = m->anchor_row, rows = body_height(m) + unseen_rows(m);

	return walk(m, &entry, &row, rows) < rows;
}

static void
remember_end(struct messages *m)
{
	end_place(m, &m->end_entry, &m->end_row);
}

/* Follows the end only while it is in view; the end it left is remembered. */
static void
follow(struct messages *m, bool on)
{
	if (m->follow && !on)
		remember_end(m);
	m->follow = on;
}

/* Rows that came below the place where the end was when the reader left it. */
static int
new_rows(const struct messages *m)
{
	size_t entry = m->end_entry;
	int row = m->end_row, most = 9999;

	if (m->follow || entry >= entry_count(m))
		return 0;
	return walk(m, &entry, &row, most);
}

static void
update(struct pane *pane)
{
	struct messages *m = self(pane);
	size_t count = entry_count(m);

	if (count == 0 || body_height(m) <= 0)
		return;
	if (m->anchor >= count) {
		m->anchor = count - 1;
		m->anchor_row = 0;
		m->follow = true;
	}
	if (m->anchor_row >= rows_in(m, m->anchor))
		m->anchor_row = rows_in(m, m->anchor) - 1;
	/* Rows of another width do not count as new ones. */
	if (m->width != pane->rect.width && m->end_entry < count)
		m->end_row = rows_in(m, m->end_entry) - 1;
	m->width = pane->rect.width;
	if (m->follow)
		anchor_at_end(m);
	rows_sweep(m->rows, KEEP_ROWS);
}

/* Painting. */

/* The conversation's title, or that of the tree it branched from; yours. */
static char *
title_of(const struct messages *m)
{
	const struct conversation *c = conversation(m);
	const struct tree_branch *root;
	const char *title = c != NULL ? conversation_title(c) : _("New conversation");

	if (title == NULL) {
		root = tree_branch_of(view_tree(screen_view(m->pane.screen)), c->root);
		title = root != NULL && root->title != NULL ? root->title : c->id;
	}
	return sanitize_line(title);
}

/* The branch that the next one will hang on; NULL if it hangs on none. */
static const struct tree_branch *
forked_branch(const struct messages *m)
{
	size_t count = entry_count(m);

	return count == 0 ? NULL
			  : tree_owner(view_tree(screen_view(m->pane.screen)),
				conversation(m)->entries.items[count - 1]->key, NULL);
}

/*
 * Where in the tree one is: "main › b2", "main › new branch"; yours, "" if
 * there is but one branch.
 */
static char *
path_of(const struct messages *m)
{
	const struct conversation *c = conversation(m);
	const struct tree *tree = view_tree(screen_view(m->pane.screen));
	const struct tree_branch *from = is_aimed(m) ? forked_branch(m) : NULL;
	char *path, *clean;

	if (c == NULL || (tree->branches.len < 2 && !is_aimed(m)))
		return xstrdup("");
	if (is_aimed(m)) {
		char *begin = tree_path_name(tree, from != NULL ? from->conversation : 0);

		path = xasprintf("%s%s%s", begin, begin[0] != '\0' ? " › " : "", _("new branch"));
		free(begin);
	} else {
		path = tree_path_name(tree, c->key);
	}
	clean = sanitize_line(path);
	free(path);
	return clean;
}

/*
 * What the next branch begins behind, or what it replaces; of a branch that is
 * there what it goes on from, so many columns of it. Yours, "" if there is none.
 */
static char *
origin_of(const struct messages *m, int columns)
{
	struct view *view = screen_view(m->pane.screen);
	const struct conversation *c = conversation(m);
	size_t place, at = !is_aimed(m) ? (c != NULL ? c->inherited : 0) - 1
					: entry_count(m) - (view_aim(view) == AIM_BRANCH ? 1 : 0);
	const struct tree_branch *branch;
	char *clean, *when, *origin;
	const char *more;
	int fit, used;

	if (c == NULL || at >= c->entries.len)
		return xstrdup("");
	branch = tree_owner(view_tree(view), c->entries.items[at]->key, &place);
	if (branch == NULL)
		return xstrdup("");
	clean = sanitize_line(branch->entries.items[place].preview);
	fit = (int)utf8_fit(clean, strlen(clean), columns, &used);
	more = clean[fit] != '\0' ? "…" : "";
	when = rows_time(c->entries.items[at]->created_at);
	origin = view_aim(view) == AIM_END
		     ? xasprintf(_("forked from “%.*s%s” %s"), fit, clean, more, when)
		 : view_aim(view) == AIM_BRANCH
		     ? xasprintf(_("from “%.*s%s” %s"), fit, clean, more, when)
		     : xasprintf(_("in place of “%.*s%s” %s"), fit, clean, more, when);
	free(when);
	free(clean);
	return origin;
}

/* The same in fewer columns: its words give way, not the time. Returns its width, 0 if it goes. */
static int
shorten_origin(const struct messages *m, char **origin, int columns)
{
	char *frame = origin_of(m, 0);
	int words = columns - utf8_width(frame, strlen(frame));

	free(frame);
	if (words < LEAST_WORDS)
		return columns < LEAST_ORIGIN ? 0 : columns;
	free(*origin);
	*origin = origin_of(m, words);
	return utf8_width(*origin, strlen(*origin));
}

/* "main › b2 › b5" in fewer columns: its end, as "… › b5"; takes the path over. */
static char *
shorten_path(char *path, int columns)
{
	static const char between[] = " › ";
	const char *rest = path;
	char *shorter;

	while (utf8_width(path, strlen(path)) > columns) {
		rest = strstr(rest, between);
		if (rest == NULL)
			break;
		rest += strlen(between);
		shorter = xasprintf("…%s%s", between, rest);
		free(path);
		path = shorter;
		rest = path + strlen("…") + strlen(between);
	}
	return path;
}

/* Which of the ways on this branch is: " ‹2/3›"; yours, "" if it is the only one. */
static char *
position_of(const struct messages *m)
{
	const struct conversation *c = conversation(m);
	size_t which = 0, count = 0;

	if (c != NULL && c->entries.len > c->inherited && !is_aimed(m))
		count = view_alternatives(
		    screen_view(m->pane.screen), c->entries.items[c->inherited]->key, &which);
	return count > 1 ? xasprintf(" ‹%zu/%zu›", which + 1, count) : xstrdup("");
}

/* Takes from a width what is too much, down to the least it can do with. */
static void
shrink(int *width, int least, int *excess)
{
	int less = *width - least < *excess ? *width - least : *excess;

	if (less <= 0)
		return;
	*width -= less;
	*excess -= less;
}

/* What a path can be shortened to. */
static int
least_path(const char *path)
{
	const char *end = path;

	for (const char *p = path; (p = strstr(p, " › ")) != NULL; p += strlen(" › "))
		end = p;
	return utf8_width(end, strlen(end)) + (end > path ? 1 : 0);
}

enum header_part {
	PART_TITLE,
	PART_SPEAKER,
	PART_PATH,
	PART_POSITION,
	PART_ORIGIN,
	PARTS,
};

/* The title gives way first, then who answers, then the path; the position stays. */
static void
paint_header(const struct messages *m, struct grid *grid)
{
	static const enum style styles[PARTS] = {
	    STYLE_TITLE, STYLE_ASSISTANT, STYLE_MATCH, STYLE_MATCH, STYLE_DIM};
	struct rect rect = m->pane.rect;
	char *texts[PARTS] = {title_of(m), sanitize_line(view_speaker(screen_view(m->pane.screen))),
	    path_of(m), position_of(m), origin_of(m, ORIGIN_COLUMNS)};
	int widths[PARTS], x = 1, excess = 2 - rect.width, whole;
	const struct {
		enum header_part part;
		int least;
	} steps[] = {
	    {PART_TITLE, 12},
	    {PART_ORIGIN, 0},
	    {PART_SPEAKER, 8},
	    {PART_PATH, least_path(texts[PART_PATH])},
	    {PART_SPEAKER, 0},
	    {PART_TITLE, 0},
	    {PART_PATH, 0},
	};

	for (int i = 0; i < PARTS; i++) {
		widths[i] = utf8_width(texts[i], strlen(texts[i]));
		excess += widths[i];
		if (widths[i] > 0 && i != PART_TITLE && i != PART_POSITION)
			excess += 3;
	}
	for (size_t i = 0; i < sizeof(steps) / sizeof(steps[0]); i++) {
		bool had = widths[steps[i].part] > 0;

		shrink(&widths[steps[i].part], steps[i].least, &excess);
		/* Without it there is no dot before it either. */
		if (had && widths[steps[i].part] == 0 && steps[i].part != PART_TITLE)
			excess -= 3;
	}
	whole = utf8_width(texts[PART_ORIGIN], strlen(texts[PART_ORIGIN]));
	if (widths[PART_ORIGIN] < whole && widths[PART_ORIGIN] > 0) {
		excess -= widths[PART_ORIGIN];
		widths[PART_ORIGIN] = shorten_origin(m, &texts[PART_ORIGIN], widths[PART_ORIGIN]);
		excess += widths[PART_ORIGIN] > 0 ? widths[PART_ORIGIN] : -3;
	}
	/* What a dot and a part that went have left over. */
	whole = utf8_width(texts[PART_TITLE], strlen(texts[PART_TITLE]));
	if (excess < 0 && widths[PART_TITLE] > 0)
		widths[PART_TITLE] =
		    widths[PART_TITLE] - excess < whole ? widths[PART_TITLE] - excess : whole;
	texts[PART_PATH] = shorten_path(texts[PART_PATH], widths[PART_PATH]);
	for (int i = 0; i < PARTS; i++) {
		if (x > 1 && widths[i] > 0 && i != PART_POSITION)
			x = grid_puts(grid, rect, 0, x, " · ", STYLE_DIM);
		x = grid_put_cut(grid, rect, 0, x, texts[i], widths[i], styles[i]);
		free(texts[i]);
	}
}

/* What to do on a screen with nothing on it. */
static void
paint_empty(const struct messages *m, struct grid *grid)
{
	struct screen *screen = m->pane.screen;
	const struct {
		const char *text;
		enum style style;
	} lines[] = {
	    {_("A conversation begins with what you type below."), STYLE_NORMAL},
	    {"", STYLE_NORMAL},
	    {_("Enter sends · Esc browses the messages"), STYLE_DIM},
	    {_("F1 keys · F2 conversations · F3 tree · F4 who"), STYLE_DIM},
	};
	char *speaker = sanitize_line(view_speaker(screen_view(screen)));
	char *connection = sanitize_line(view_connection(screen_view(screen)));
	struct rect rect = m->pane.rect;
	int y = header_rows(m) + (rect.height > 6 ? 1 : 0);
	struct text text;
	row_list rows = {0};

	text_init(&text);
	if (view_has_speaker(screen_view(screen)) && strcmp(speaker, connection) == 0)
		text_printf(&text, STYLE_NORMAL, _("You are talking to %s."), speaker);
	else if (view_has_speaker(screen_view(screen)))
		text_printf(
		    &text, STYLE_NORMAL, _("You are talking to %s (%s)."), speaker, connection);
	else
		text_printf(&text, STYLE_NORMAL,
		    _("Nobody answers on %s yet: F4 shows the models it has."), connection);
	text_puts(&text, "\n", STYLE_NORMAL);
	if (strcmp(connection, "guide") == 0)
		text_puts(&text,
		    _("It is the built-in guide: no key, no network, no language model. Ask it "
		      "anything "
		      "about causerie, such as: How do I use Ollama?"),
		    STYLE_DIM);
	text_puts(&text, "\n", STYLE_NORMAL);
	for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++) {
		text_puts(&text, "\n", STYLE_NORMAL);
		text_puts(&text, lines[i].text, lines[i].style);
	}
	wrap_text(&rows, &text, NULL, NULL, rect.width - 4 > 4 ? rect.width - 4 : 4);
	for (size_t i = 0; i < rows.len && y < rect.height; i++, y++)
		grid_put_text(grid, rect, y, 2, &rows.items[i].text);
	row_list_done(&rows);
	text_done(&text);
	free(connection);
	free(speaker);
}

static void
paint_new_rows(const struct messages *m, struct grid *grid)
{
	int rows = new_rows(m), width;
	struct rect rect = m->pane.rect;
	char *line;

	if (rows <= 0)
		return;
	/* Where there are few columns they are for the words. */
	line = rect.width < NARROW
		   ? xasprintf(" ↓%d ", rows)
		   : xasprintf(ngettext(" ↓ %d new line ", " ↓ %d new lines ", (unsigned long)rows),
			 rows);
	width = utf8_width(line, strlen(line));
	grid_puts(grid, rect, rect.height - 1, rect.width - width - 1, line, STYLE_MATCH);
	free(line);
}

/* What is not part of the new branch is not shown, but told. */
static void
paint_fork(const struct messages *m, struct grid *grid, int y)
{
	struct rect rect = m->pane.rect;
	const struct conversation *c = conversation(m);
	size_t behind = c->entries.len - entry_count(m);
	char *name, *clean, *line;

	if (fork_rows(m) == 0)
		return;
	name = tree_branch_name(view_tree(screen_view(m->pane.screen)), c->key);
	clean = sanitize_line(name);
	line = behind == 0 ? xstrdup(_("⑂ new branch"))
			   : xasprintf(ngettext("⑂ new branch: %zu entry stays in %s",
					   "⑂ new branch: %zu entries stay in %s", behind),
				 behind, clean);
	grid_put_cut(grid, rect, y, gutter(m), line, rect.width - gutter(m) - 1, STYLE_WARNING);
	free(line);
	free(clean);
	free(name);
}

static void
paint_ways(const struct messages *m, struct grid *grid, int y, int64_t entry)
{
	size_t count = view_ways_on(screen_view(m->pane.screen), entry);
	char *mark;

	if (count < 2 || screen_is_plain(m->pane.screen))
		return;
	mark = xasprintf("⑂%zu", count);
	grid_puts(grid, m->pane.rect, y, 0, mark, STYLE_MATCH);
	free(mark);
}

static void
paint(const struct pane *pane, struct grid *grid)
{
	const struct messages *m = (const struct messages *)pane;
	struct rect rect = pane->rect;
	size_t entry = m->anchor;
	int row = m->anchor_row, y = header_rows(m), bottom = y + body_height(m);
	const struct conversation *c = conversation(m);

	grid_clear(grid, rect, STYLE_NORMAL);
	if (header_rows(m) > 0)
		paint_header(m, grid);
	if (entry_count(m) == 0 && !is_aimed(m)) {
		paint_empty(m, grid);
		return;
	}
	for (; y < bottom && entry < entry_count(m); entry++, row = 0) {
		const struct entry_rows *rows = rows_at(m, entry);
		bool selected = pane->focused && c->entries.items[entry]->key == m->selected;

		for (; row < (int)rows->rows.len && y < bottom; row++, y++) {
			grid_put_text(grid, rect, y, gutter(m), &rows->rows.items[row].text);
			if (rows->rows.items[row].wide)
				grid_puts(grid, rect, y, rect.width - 1, "›", STYLE_DIM);
			if (selected && row + 1 < (int)rows->rows.len)
				grid_puts(grid, rect, y, 0, "▌", STYLE_KEY);
		}
		/* Behind the entry, where the ways part: the empty row below it. */
		if (row == (int)rows->rows.len)
			paint_ways(m, grid, y - 1, c->entries.items[entry]->key);
	}
	paint_fork(m, grid, y);
	paint_new_rows(m, grid);
}

/* Moving. */

static void
scroll(struct messages *m, int rows)
{
	if (entry_count(m) == 0)
		return;
	walk(m, &m->anchor, &m->anchor_row, rows);
	follow(m, shows_end(m));
	pane_touch(&m->pane);
}

static ptrdiff_t
selected_place(const struct messages *m)
{
	const struct conversation *c = conversation(m);
	ptrdiff_t at = c != NULL && m->selected != 0 ? conversation_find(c, m->selected) : -1;

	return at < (ptrdiff_t)entry_count(m) ? at : -1;
}

/* Brings an entry into view: its start, and as much of it as fits. */
static void
reveal(struct messages *m, size_t at)
{
	size_t entry = m->anchor;
	int row = m->anchor_row, rows, height = body_height(m), below;

	if (at < m->anchor || (at == m->anchor && m->anchor_row > 0)) {
		m->anchor = at;
		m->anchor_row = 0;
		follow(m, shows_end(m));
		return;
	}
	rows = rows_in(m, at);
	for (below = 0; entry < at && below < height + rows; entry++, row = 0)
		below += rows_in(m, entry) - row;
	if (entry < at || below + rows > height) {
		m->anchor = at;
		m->anchor_row = 0;
		if (rows < height)
			walk(m, &m->anchor, &m->anchor_row, rows - height);
	}
	follow(m, shows_end(m));
}

static void
select_place(struct messages *m, size_t at)
{
	m->selected = conversation(m)->entries.items[at]->key;
	reveal(m, at);
	pane_touch(&m->pane);
}

/* The first selection is the last entry that is in view. */
static size_t
default_place(const struct messages *m)
{
	size_t entry = m->anchor;
	int row = m->anchor_row;

	walk(m, &entry, &row, body_height(m) - 1);
	return entry;
}

static void
move_entry(struct messages *m, int step, bool prompts)
{
	const struct conversation *c = conversation(m);
	ptrdiff_t at = selected_place(m), count = (ptrdiff_t)entry_count(m);

	if (count == 0)
		return;
	if (at < 0) {
		select_place(m, default_place(m));
		return;
	}
	do {
		at += step;
	} while (prompts && at >= 0 && at < count && !entry_is_prompt(c->entries.items[at]));
	if (at >= 0 && at < count)
		select_place(m, (size_t)at);
}

/* The next or previous place of the path where it forks. */
static void
move_fork(struct messages *m, int step)
{
	const struct conversation *c = conversation(m);
	ptrdiff_t at = selected_place(m), count = (ptrdiff_t)entry_count(m);
	size_t which;

	if (count == 0)
		return;
	if (at < 0)
		at = (ptrdiff_t)default_place(m) + (step < 0 ? 1 : 0);
	for (at += step; at >= 0 && at < count; at += step) {
		if (view_alternatives(
			screen_view(m->pane.screen), c->entries.items[at]->key, &which) > 1) {
			select_place(m, (size_t)at);
			return;
		}
	}
	screen_notice(m->pane.screen, _("There is no further fork in this direction."));
}

static void
toggle_open(struct messages *m)
{
	ptrdiff_t at = selected_place(m);

	if (at < 0 && entry_count(m) > 0)
		at = (ptrdiff_t)default_place(m);
	if (at < 0)
		return;
	m->selected = conversation(m)->entries.items[at]->key;
	for (size_t i = 0; i < m->open.len; i++) {
		if (m->open.items[i] == m->selected) {
			array_remove(&m->open, i);
			pane_touch(&m->pane);
			return;
		}
	}
	array_push(&m->open, m->selected);
	pane_touch(&m->pane);
}

static void
shift(struct messages *m, int columns)
{
	m->skip += columns;
	if (m->skip < 0)
		m->skip = 0;
	pane_touch(&m->pane);
}

/* Searching. */

static bool
contains(const struct entry *entry, const char *words)
{
	struct buf text;
	bool found;

	buf_init(&text, 0);
	entry_text(entry, &text);
	entry_thinking(entry, &text);
	buf_add(&text, entry->arguments.data, entry->arguments.len);
	found = strcasestr(text.data, words) != NULL;
	buf_done(&text);
	return found;
}

static void
find(struct messages *m, int step)
{
	const struct conversation *c = conversation(m);
	ptrdiff_t at = selected_place(m), count = (ptrdiff_t)entry_count(m);

	if (m->words == NULL || count == 0)
		return;
	if (at < 0)
		at = (ptrdiff_t)default_place(m);
	for (ptrdiff_t i = 1; i <= count; i++) {
		ptrdiff_t place = ((at + step * i) % count + count) % count;

		if (contains(c->entries.items[place], m->words)) {
			select_place(m, (size_t)place);
			return;
		}
	}
	screen_notice(m->pane.screen, _("Not found in this conversation."));
}

void
pane_messages_find(struct pane *pane, const char *words)
{
	struct messages *m = self(pane);

	xreplace(&m->words, words);
	find(m, -1);
}

static bool
key(struct pane *pane, const struct key *k)
{
	struct messages *m = self(pane);

	if (k->code == KEY_MOUSE_ && k->mouse == MOUSE_WHEEL_UP)
		scroll(m, -3);
	else if (k->code == KEY_MOUSE_ && k->mouse == MOUSE_WHEEL_DOWN)
		scroll(m, 3);
	else if (k->code == KEY_MOUSE_ && k->mouse == MOUSE_PRESS && entry_count(m) > 0) {
		size_t entry = m->anchor;
		int row = m->anchor_row;

		walk(m, &entry, &row, k->y - header_rows(m));
		m->selected = conversation(m)->entries.items[entry]->key;
		pane_touch(pane);
	} else {
		return false;
	}
	return true;
}

static void
to_start(struct messages *m)
{
	if (entry_count(m) > 0)
		select_place(m, 0);
}

void
pane_messages_follow(struct pane *pane)
{
	struct messages *m = self(pane);

	m->follow = true;
	if (entry_count(m) > 0)
		m->selected = conversation(m)->entries.items[entry_count(m) - 1]->key;
	pane_touch(pane);
}

static bool
action(struct pane *pane, const char *name)
{
	struct messages *m = self(pane);
	int page = body_height(m) > 2 ? body_height(m) - 2 : 1;
	const struct {
		const char *name;
		int rows;
	} scrolls[] = {
	    {"line-down", 1},
	    {"line-up", -1},
	    {"page-down", page},
	    {"page-up", -page},
	    {"half-page-down", page / 2 + 1},
	    {"half-page-up", -page / 2 - 1},
	};

	for (size_t i = 0; i < sizeof(scrolls) / sizeof(scrolls[0]); i++) {
		if (strcmp(name, scrolls[i].name) == 0) {
			scroll(m, scrolls[i].rows);
			return true;
		}
	}
	if (strcmp(name, "entry-down") == 0)
		move_entry(m, 1, false);
	else if (strcmp(name, "entry-up") == 0)
		move_entry(m, -1, false);
	else if (strcmp(name, "next-prompt") == 0)
		move_entry(m, 1, true);
	else if (strcmp(name, "previous-prompt") == 0)
		move_entry(m, -1, true);
	else if (strcmp(name, "next-fork") == 0)
		move_fork(m, 1);
	else if (strcmp(name, "previous-fork") == 0)
		move_fork(m, -1);
	else if (strcmp(name, "first") == 0)
		to_start(m);
	else if (strcmp(name, "last") == 0)
		pane_messages_follow(pane);
	else if (strcmp(name, "fold") == 0)
		toggle_open(m);
	else if (strcmp(name, "shift-right") == 0)
		shift(m, 8);
	else if (strcmp(name, "shift-left") == 0)
		shift(m, -8);
	else if (strcmp(name, "find-next") == 0)
		find(m, 1);
	else if (strcmp(name, "find-previous") == 0)
		find(m, -1);
	else
		return false;
	return true;
}

static void
destroy(struct pane *pane)
{
	struct messages *m = self(pane);

	rows_free(m->rows);
	array_done(&m->open);
	free(m->words);
	free(m);
}

static const struct pane_ops ops = {
    .name = "messages",
    .update = update,
    .paint = paint,
    .key = key,
    .action = action,
    .free = destroy,
};

struct pane *
pane_messages_new(struct screen *screen)
{
	struct messages *m = xcalloc(1, sizeof(*m));

	m->pane.ops = &ops;
	m->pane.screen = screen;
	m->rows = rows_new();
	m->follow = true;
	return &m->pane;
}

void
pane_messages_reset(struct pane *pane, int64_t entry)
{
	struct messages *m = self(pane);
	const struct conversation *c = conversation(m);
	ptrdiff_t at = c != NULL && entry != 0 ? conversation_find(c, entry) : -1;

	m->anchor = m->end_entry = 0;
	m->anchor_row = m->end_row = m->skip = 0;
	m->follow = true;
	m->selected = 0;
	if (at >= 0 && pane->rect.height > 0) {
		m->selected = entry;
		anchor_at_end(m);
		reveal(m, (size_t)at);
	}
	pane_touch(pane);
}

void
pane_messages_browse(struct pane *pane)
{
	struct messages *m = self(pane);

	if (entry_count(m) > 0 && selected_place(m) < 0)
		m->selected = conversation(m)->entries.items[default_place(m)]->key;
	pane_touch(pane);
}

bool
pane_messages_show_failure(struct pane *pane)
{
	struct messages *m = self(pane);
	const struct conversation *c = conversation(m);
	const struct entry *last;
	int row;

	if (!m->follow || is_aimed(m) || entry_count(m) == 0 || body_height(m) < 1)
		return false;
	last = c->entries.items[c->entries.len - 1];
	if (last->state != ENTRY_UNSENT && last->state != ENTRY_INTERRUPTED)
		return false;
	anchor_at_end(m);
	row = (int)rows_at(m, c->entries.len - 1)->state_row;
	if (m->anchor == c->entries.len - 1 && m->anchor_row > row) {
		m->anchor_row = row;
		follow(m, false);
	}
	pane_touch(pane);
	return true;
}

void
pane_messages_select(struct pane *pane, int64_t entry)
{
	struct messages *m = self(pane);
	const struct conversation *c = conversation(m);
	ptrdiff_t at = c != NULL ? conversation_find(c, entry) : -1;

	if (at >= 0 && at < (ptrdiff_t)entry_count(m) && pane->rect.height > 0)
		select_place(m, (size_t)at);
}

int64_t
pane_messages_selected(const struct pane *pane)
{
	const struct messages *m = (const struct messages *)pane;
	ptrdiff_t at = selected_place(m);

	if (at >= 0)
		return m->selected;
	if (entry_count(m) == 0)
		return 0;
	return conversation(m)
	    ->entries.items[pane->rect.height > 0 ? default_place(m) : entry_count(m) - 1]
	    ->key;
}

bool
pane_messages_code(struct pane *pane, size_t number, struct buf *out)
{
	struct messages *m = self(pane);
	const struct conversation *c = conversation(m);

	for (size_t i = entry_count(m); i > 0; i--) {
		const struct entry_rows *rows;

		if (number > 0 && c->entries.items[i - 1]->key != pane_messages_selected(pane))
			continue;
		rows = rows_at(m, i - 1);
		if (rows->document.codes.len >= (number > 0 ? number : 1)) {
			buf_puts(
			    out, rows->document.codes
				     .items[(number > 0 ? number : rows->document.codes.len) - 1]);
			return true;
		}
	}
	return false;
}
