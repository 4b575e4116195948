/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include "ui/panes.h"

#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/i18n.h"
#include "base/mem.h"
#include "base/sanitize.h"
#include "base/utf8.h"
#include "client/client.h"
#include "client/outline.h"
#include "store/store.h"
#include "ui/key.h"
#include "ui/listbox.h"
#include "ui/rows.h"
#include "ui/screen.h"
#include "ui/view.h"

/* Title, and an empty row if there is room. */
#define HEADER_ROWS 2
#define LOW_HEIGHT 6

/* From this width on the selected node is shown beside the outline. */
#define PREVIEW_MIN_WIDTH 70

/* The branches as an indented outline, the selected node beside it. */
struct tree_pane {
	struct pane pane;
	outline lines;
	struct listbox box;
	struct rows_cache *rows;
	struct conversation *preview; /* of the selected line's branch */
	int64_t preview_key;
	bool placed;	  /* the selection has been put on the live end */
	int64_t marks[2]; /* entries to be compared; 0: none */
};

static struct tree_pane *
self(struct pane *pane)
{
	return (struct tree_pane *)pane;
}

static int
header_rows(const struct tree_pane *t)
{
	return t->pane.rect.height < LOW_HEIGHT ? HEADER_ROWS - 1 : HEADER_ROWS;
}

static const struct outline_line *
selected(const struct tree_pane *t)
{
	return t->box.selected < t->lines.len ? &t->lines.items[t->box.selected] : NULL;
}

/* The entry a line is compared by: its first answer, or else its first entry; 0: it is empty. */
static int64_t
compared(const struct tree_pane *t, const struct outline_line *line)
{
	const struct tree_branch *branch;
	size_t at;

	branch = tree_owner(view_tree(screen_view(t->pane.screen)), line->first, &at);
	for (; branch != NULL && at < branch->entries.len; at++) {
		const struct tree_entry *entry = &branch->entries.items[at];

		if (entry->type != ENTRY_MESSAGE_INPUT || entry->assistant)
			return entry->key;
		if (entry->key == line->last)
			break;
	}
	return line->first;
}

static bool
is_marked(const struct tree_pane *t, const struct outline_line *line)
{
	int64_t entry = compared(t, line);

	return entry != 0 && (entry == t->marks[0] || entry == t->marks[1]);
}

/* The first stays until it is taken away; the second gives way to another. */
static void
mark(struct tree_pane *t)
{
	const struct outline_line *line = selected(t);
	int64_t entry = line != NULL ? compared(t, line) : 0;

	if (entry != 0 && entry == t->marks[0]) {
		t->marks[0] = t->marks[1];
		t->marks[1] = 0;
	} else if (entry != 0 && entry == t->marks[1]) {
		t->marks[1] = 0;
	} else {
		t->marks[t->marks[0] != 0] = entry;
	}
	pane_touch(&t->pane);
}

static void
compare(struct tree_pane *t)
{
	const struct outline_line *line = selected(t);
	int64_t left = t->marks[0], right = t->marks[1];

	if (right == 0 && line != NULL)
		right = compared(t, line);
	if (left == 0)
		pane_compare_sibling(t->pane.screen, right);
	else if (right == 0 || left == right)
		screen_notice(t->pane.screen,
		    _("This line is the marked one: go to another, = then compares the two."));
	else
		screen_push(t->pane.screen, pane_compare_new(t->pane.screen, left, right));
}

static void
place(struct tree_pane *t)
{
	for (size_t i = 0; i < t->lines.len; i++)
		if (t->lines.items[i].end)
			listbox_select(&t->box, i);
	t->placed = true;
}

static int
outline_width(const struct tree_pane *t)
{
	int width = t->pane.rect.width;

	return width >= PREVIEW_MIN_WIDTH ? width * 3 / 5 : width;
}

static void
read_preview(struct tree_pane *t)
{
	const struct outline_line *line = selected(t);
	struct error err = ERROR_NONE;

	if (line == NULL || line->conversation == t->preview_key)
		return;
	conversation_free(t->preview);
	rows_clear(t->rows);
	t->preview =
	    store_load(client_store(screen_client(t->pane.screen)), line->conversation, true, &err);
	t->preview_key = line->conversation;
	error_done(&err);
}

static void
update(struct pane *pane)
{
	struct tree_pane *t = self(pane);
	struct view *view = screen_view(pane->screen);

	array_clear(&t->lines);
	tree_outline(view_tree(view), view_key(view), &t->lines);
	listbox_resize(&t->box, t->lines.len, pane->rect.height - header_rows(t));
	if (!t->placed)
		place(t);
	if (pane->rect.width >= PREVIEW_MIN_WIDTH)
		read_preview(t);
}

static void
paint_line(const struct tree_pane *t, struct grid *grid, int y, const struct outline_line *line)
{
	struct rect rect = t->pane.rect;
	const struct tree *tree = view_tree(screen_view(t->pane.screen));
	char *indent = outline_indent(line), *text, *clean;
	int x;

	rect.width = outline_width(t);
	if (is_marked(t, line))
		grid_puts(grid, rect, y, 0, "◆", STYLE_MATCH);
	x = grid_puts(grid, rect, y, 1, line->live ? "●" : " ", STYLE_MATCH);
	x = grid_puts(grid, rect, y, x + 1, indent, STYLE_BORDER);
	text = outline_text(tree, line, rect.width - x - 1);
	clean = sanitize_line(text);
	grid_put_cut(
	    grid, rect, y, x, clean, rect.width - x - 1, line->live ? STYLE_STRONG : STYLE_NORMAL);
	free(clean);
	free(text);
	free(indent);
}

/* The first words of what the selected line stands for, and on from there. */
static void
paint_preview(const struct tree_pane *t, struct grid *grid)
{
	const struct outline_line *line = selected(t);
	struct rect rect = t->pane.rect;
	ptrdiff_t at;
	int y = header_rows(t);

	rect.x += outline_width(t) + 1;
	rect.width -= outline_width(t) + 1;
	grid_vline(grid, t->pane.rect, outline_width(t), STYLE_BORDER);
	if (line == NULL || t->preview == NULL || line->first == 0)
		return;
	at = conversation_find(t->preview, line->first);
	for (; at >= 0 && at < (ptrdiff_t)t->preview->entries.len && y < rect.height; at++) {
		const struct entry *entry = t->preview->entries.items[at];
		struct entry_look look = {
		    .width = rect.width - 2, .preview = true, .speaker = entry->model};
		const struct entry_rows *rows;

		if (look.speaker == NULL)
			look.speaker = view_speaker(screen_view(t->pane.screen));
		rows = rows_of(t->rows, entry, &look);
		for (size_t i = 0; i < rows->rows.len && y < rect.height; i++, y++)
			grid_put_text(grid, rect, y, 1, &rows->rows.items[i].text);
		if (entry->key == line->last)
			break;
	}
}

static void
paint(const struct pane *pane, struct grid *grid)
{
	const struct tree_pane *t = (const struct tree_pane *)pane;
	struct rect rect = pane->rect;
	int header = header_rows(t);

	grid_clear(grid, rect, STYLE_NORMAL);
	grid_puts(grid, rect, 0, 1, _("Tree"), STYLE_TITLE);
	for (int y = header; y < rect.height; y++) {
		size_t i = t->box.top + (size_t)(y - header);

		if (i >= t->lines.len)
			break;
		paint_line(t, grid, y, &t->lines.items[i]);
		if (i == t->box.selected)
			grid_lay(grid, rect, y, 0, outline_width(t), STYLE_SELECTED);
	}
	if (t->lines.len == 0)
		grid_puts(
		    grid, rect, header, 2, _("A tree grows with the first message."), STYLE_DIM);
	if (rect.width >= PREVIEW_MIN_WIDTH && t->lines.len > 0)
		paint_preview(t, grid);
}

static void
move(struct tree_pane *t, long rows)
{
	listbox_move(&t->box, rows);
	pane_touch(&t->pane);
}

/* To the line of the branch this one hangs on, or the first that hangs on this one. */
static void
move_depth(struct tree_pane *t, int step)
{
	const struct outline_line *line = selected(t);
	size_t i = t->box.selected;

	if (line == NULL)
		return;
	if (step > 0) {
		if (i + 1 < t->lines.len && t->lines.items[i + 1].depth > line->depth)
			move(t, 1);
		return;
	}
	while (i > 0 && t->lines.items[i].depth >= line->depth)
		i--;
	listbox_select(&t->box, i);
	pane_touch(&t->pane);
}

static void
move_fork(struct tree_pane *t, int step)
{
	ptrdiff_t i = (ptrdiff_t)t->box.selected;

	do {
		i += step;
	} while (i >= 0 && i < (ptrdiff_t)t->lines.len && t->lines.items[i].type != OUTLINE_FORK);
	if (i >= 0 && i < (ptrdiff_t)t->lines.len)
		listbox_select(&t->box, (size_t)i);
	pane_touch(&t->pane);
}

/* Goes to the branch and the last entry the line stands for. */
static bool
go(struct tree_pane *t)
{
	const struct outline_line *line = selected(t);
	struct screen *screen = t->pane.screen;
	int64_t conversation, entry;

	if (line == NULL)
		return false;
	conversation = line->conversation;
	entry = line->last;
	screen_pop(screen);
	if (!screen_open(screen, conversation, entry))
		return false;
	screen_focus(screen, screen_pane(screen, "messages"));
	return true;
}

static bool
action(struct pane *pane, const char *name)
{
	struct tree_pane *t = self(pane);
	struct screen *screen = pane->screen;
	const struct {
		const char *name;
		void (*fn)(struct tree_pane *, int);
		int step;
	} steps[] = {
	    {"tree-in", move_depth, 1},
	    {"tree-out", move_depth, -1},
	    {"next-fork", move_fork, 1},
	    {"previous-fork", move_fork, -1},
	};
	long rows;

	for (size_t i = 0; i < sizeof(steps) / sizeof(steps[0]); i++) {
		if (strcmp(name, steps[i].name) == 0) {
			steps[i].fn(t, steps[i].step);
			return true;
		}
	}
	if (listbox_steps(&t->box, name, &rows)) {
		move(t, rows);
		return true;
	}
	if (strcmp(name, "choose") == 0)
		go(t);
	else if (strcmp(name, "branch") == 0 && go(t))
		screen_act(screen, "branch");
	else if (strcmp(name, "tree-mark") == 0)
		mark(t);
	else if (strcmp(name, "compare") == 0)
		compare(t);
	else if (strcmp(name, "escape") == 0)
		screen_pop(screen);
	else
		return false;
	return true;
}

static bool
key(struct pane *pane, const struct key *k)
{
	struct tree_pane *t = self(pane);
	size_t line = t->box.top + (size_t)(k->y - header_rows(t));

	if (k->code != KEY_MOUSE_)
		return false;
	if (k->mouse == MOUSE_WHEEL_UP || k->mouse == MOUSE_WHEEL_DOWN) {
		listbox_scroll(&t->box, k->mouse == MOUSE_WHEEL_UP ? -3 : 3);
	} else if (k->y >= header_rows(t) && line < t->lines.len) {
		listbox_select(&t->box, line);
		if (k->mouse == MOUSE_DOUBLE) {
			go(t);
			return true;
		}
	}
	pane_touch(pane);
	return true;
}

static void
destroy(struct pane *pane)
{
	struct tree_pane *t = self(pane);

	array_done(&t->lines);
	rows_free(t->rows);
	conversation_free(t->preview);
	free(t);
}

static const struct pane_ops ops = {
    .name = "tree",
    .update = update,
    .paint = paint,
    .key = key,
    .action = action,
    .free = destroy,
};

struct pane *
pane_tree_new(struct screen *screen)
{
	struct tree_pane *t = xcalloc(1, sizeof(*t));

	t->pane.ops = &ops;
	t->pane.screen = screen;
	t->rows = rows_new();
	return &t->pane;
}
