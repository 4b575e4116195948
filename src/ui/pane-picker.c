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
#include "ui/key.h"
#include "ui/listbox.h"
#include "ui/screen.h"
#include "ui/typed.h"

/* Title, what is typed, and an empty row if there is room. */
#define HEADER_ROWS 3
#define LOW_HEIGHT 6

struct picker {
	struct pane pane;
	char *title;
	pick_list picks;
	ARRAY(size_t) shown; /* places of picks that match, in their order */
	struct listbox box;
	struct buf typed;
	pick_search_fn search;
	pick_fn fn;
	picks_fn many;	  /* in place of fn */
	pick_list marked; /* copies: rows are made anew */
	bool stale;
};

static struct picker *
self(struct pane *pane)
{
	return (struct picker *)pane;
}

static int
header_rows(const struct picker *p)
{
	return p->pane.rect.height < LOW_HEIGHT ? HEADER_ROWS - 1 : HEADER_ROWS;
}

static void
free_pick(struct pick *pick)
{
	free(pick->text);
	free(pick->detail);
	free(pick->value);
}

static struct pick
copy_pick(const struct pick *pick)
{
	return (struct pick){
	    .text = xstrdup(pick->text),
	    .detail = xstrdup(pick->detail),
	    .value = xstrdup(pick->value),
	    .key = pick->key,
	};
}

static void
free_picks(pick_list *picks)
{
	for (size_t i = 0; i < picks->len; i++)
		free_pick(&picks->items[i]);
	array_done(picks);
}

/* Every word typed occurs, in any order, upper or lower case. */
static bool
matches(const struct pick *pick, const char *typed)
{
	char *words = xstrdup(typed), *rest = words, *word;
	bool all = true;

	while (all && (word = strsep(&rest, " ")) != NULL)
		all = strcasestr(pick->text, word) != NULL ||
		      (pick->detail != NULL && strcasestr(pick->detail, word) != NULL);
	free(words);
	return all;
}

static void
make_shown(struct picker *p)
{
	if (p->search != NULL) {
		free_picks(&p->picks);
		p->search(p->pane.screen, p->typed.data, &p->picks);
	}
	array_clear(&p->shown);
	for (size_t i = 0; i < p->picks.len; i++)
		if (p->search != NULL || matches(&p->picks.items[i], p->typed.data))
			array_push(&p->shown, i);
	p->stale = false;
}

static void
update(struct pane *pane)
{
	struct picker *p = self(pane);

	if (p->stale)
		make_shown(p);
	listbox_resize(&p->box, p->shown.len, pane->rect.height - header_rows(p));
}

static size_t
mark_of(const struct picker *p, const struct pick *pick)
{
	size_t i = 0;

	while (i < p->marked.len && strcmp(p->marked.items[i].text, pick->text) != 0)
		i++;
	return i;
}

static void
toggle_mark(struct picker *p)
{
	const struct pick *pick;
	size_t at;

	if (p->many == NULL || p->box.selected >= p->shown.len)
		return;
	pick = &p->picks.items[p->shown.items[p->box.selected]];
	at = mark_of(p, pick);
	if (at < p->marked.len) {
		free_pick(&p->marked.items[at]);
		array_remove(&p->marked, at);
	} else {
		array_push(&p->marked, copy_pick(pick));
	}
	listbox_move(&p->box, 1);
	pane_touch(&p->pane);
}

/* What stands at the right keeps a third of the row, so that a long text does not hide it. */
static void
paint_pick(const struct picker *p, struct grid *grid, int y, const struct pick *pick)
{
	struct rect rect = p->pane.rect;
	char *text = sanitize_line(pick->text), *detail = sanitize_line(pick->detail);
	int room = rect.width - 3, wanted = utf8_width(text, strlen(text)),
	    width = utf8_width(detail, strlen(detail)), most = room - wanted - 2;

	if (most < room / 3)
		most = room / 3;
	if (width > most)
		width = most;
	if (width > 0)
		room -= width + 2;
	if (mark_of(p, pick) < p->marked.len)
		grid_puts(grid, rect, y, 0, "✓", STYLE_MATCH);
	grid_put_cut(grid, rect, y, 2, text, room, STYLE_NORMAL);
	grid_put_cut(grid, rect, y, rect.width - 1 - width, detail, width, STYLE_DIM);
	free(detail);
	free(text);
}

static void
paint(const struct pane *pane, struct grid *grid)
{
	const struct picker *p = (const struct picker *)pane;
	struct rect rect = pane->rect;
	int header = header_rows(p);
	char *clean = sanitize_line(p->typed.data);

	grid_clear(grid, rect, STYLE_NORMAL);
	grid_put_cut(grid, rect, 0, 1, p->title, rect.width - 2, STYLE_TITLE);
	grid_puts(grid, rect, 1, grid_puts(grid, rect, 1, 1, "> ", STYLE_KEY), clean, STYLE_NORMAL);
	free(clean);
	for (int y = header; y < rect.height; y++) {
		size_t i = p->box.top + (size_t)(y - header);

		if (i >= p->shown.len)
			break;
		paint_pick(p, grid, y, &p->picks.items[p->shown.items[i]]);
		if (i == p->box.selected)
			grid_lay(grid, rect, y, 0, rect.width, STYLE_SELECTED);
	}
	if (p->shown.len == 0)
		grid_puts(grid, rect, header, 2,
		    p->typed.len > 0 ? _("Nothing matches.") : _("Type to search."), STYLE_DIM);
}

static void
typed(struct picker *p)
{
	p->stale = true;
	p->box.selected = p->box.top = 0;
	pane_touch(&p->pane);
}

/* The picker is gone before its user hears of it, who may open another one. */
static void
finish(struct picker *p, bool chosen)
{
	struct screen *screen = p->pane.screen;
	pick_fn fn = p->fn;
	picks_fn many = p->many;
	pick_list picks = {0};

	if (p->stale)
		make_shown(p);
	if (chosen && p->marked.len > 0)
		for (size_t i = 0; i < p->marked.len; i++)
			array_push(&picks, copy_pick(&p->marked.items[i]));
	else if (chosen && p->box.selected < p->shown.len)
		array_push(&picks, copy_pick(&p->picks.items[p->shown.items[p->box.selected]]));
	if (chosen && picks.len == 0)
		return;
	screen_pop(screen);
	if (many == NULL)
		fn(screen, chosen ? &picks.items[0] : NULL);
	else if (chosen)
		many(screen, picks.items, picks.len);
	free_picks(&picks);
}

static bool
key(struct pane *pane, const struct key *k)
{
	struct picker *p = self(pane);
	size_t line = p->box.top + (size_t)(k->y - header_rows(p));

	if (typed_key(&p->typed, k)) {
		typed(p);
	} else if (k->code == KEY_MOUSE_ &&
		   (k->mouse == MOUSE_WHEEL_UP || k->mouse == MOUSE_WHEEL_DOWN)) {
		listbox_scroll(&p->box, k->mouse == MOUSE_WHEEL_UP ? -3 : 3);
	} else if (k->code == KEY_MOUSE_ && k->mouse == MOUSE_PRESS && k->y >= header_rows(p) &&
		   line < p->shown.len) {
		listbox_select(&p->box, line);
		finish(p, true);
	} else {
		return false;
	}
	return true;
}

static bool
action(struct pane *pane, const char *name)
{
	struct picker *p = self(pane);
	long rows;

	if (strcmp(name, "choose") == 0)
		finish(p, true);
	else if (strcmp(name, "escape") == 0)
		finish(p, false);
	else if (strcmp(name, "mark") == 0)
		toggle_mark(p);
	else if (listbox_steps(&p->box, name, &rows))
		listbox_move(&p->box, rows);
	else
		return false;
	return true;
}

static bool
cursor(const struct pane *pane, int *y, int *x)
{
	const struct picker *p = (const struct picker *)pane;

	*y = 1;
	*x = 3 + utf8_width(p->typed.data, p->typed.len);
	return *x < pane->rect.width;
}

static void
destroy(struct pane *pane)
{
	struct picker *p = self(pane);

	free_picks(&p->picks);
	free_picks(&p->marked);
	array_done(&p->shown);
	buf_done(&p->typed);
	free(p->title);
	free(p);
}

static const struct pane_ops ops = {
    .name = "picker",
    .update = update,
    .paint = paint,
    .key = key,
    .action = action,
    .cursor = cursor,
    .free = destroy,
};

struct pane *
pane_picker_new(
    struct screen *screen, const char *title, pick_list *picks, pick_search_fn search, pick_fn fn)
{
	struct picker *p = xcalloc(1, sizeof(*p));

	p->pane.ops = &ops;
	p->pane.screen = screen;
	p->title = xstrdup(title);
	p->search = search;
	p->fn = fn;
	p->stale = true;
	buf_init(&p->typed, 1024);
	if (picks != NULL) {
		p->picks.items = picks->items;
		p->picks.len = picks->len;
		p->picks.cap = picks->cap;
		memset(picks, 0, sizeof(*picks));
	}
	return &p->pane;
}

struct pane *
pane_picker_new_many(struct screen *screen, const char *title, pick_search_fn search, picks_fn fn)
{
	struct pane *pane = pane_picker_new(screen, title, NULL, search, NULL);

	self(pane)->many = fn;
	return pane;
}

bool
pane_picker_is_many(const struct pane *pane)
{
	return pane->ops == &ops && ((const struct picker *)pane)->many != NULL;
}

void
pane_picker_refresh(struct pane *pane)
{
	if (pane->ops != &ops)
		return;
	self(pane)->stale = true;
	pane_touch(pane);
}
