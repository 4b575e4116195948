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
#include "text/wrap.h"
#include "ui/actions.h"
#include "ui/key.h"
#include "ui/listbox.h"
#include "ui/screen.h"

/* Title, and an empty row if there is room. */
#define HEADER_ROWS 2
#define LOW_HEIGHT 6

/* Columns of the keys in help; fewer where there are few. */
#define KEYS_WIDTH 16
#define KEYS_WIDTH_NARROW 8
#define NARROW 40

/* What stands before words, such as their key, in a column of its own; or NULL. */
struct item {
	char *keys;
	struct text words;
};

/* A text to read: the help, or the information of a conversation. */
struct text_pane {
	struct pane pane;
	char *title;
	ARRAY(struct item) items;
	row_list rows;
	struct listbox box;
};

static struct text_pane *
self(struct pane *pane)
{
	return (struct text_pane *)pane;
}

static int
header_rows(const struct text_pane *t)
{
	return t->pane.rect.height < LOW_HEIGHT ? HEADER_ROWS - 1 : HEADER_ROWS;
}

static void
wrap_item(struct text_pane *t, const struct item *item, int width)
{
	int column = width < NARROW ? KEYS_WIDTH_NARROW : KEYS_WIDTH, used;
	struct text first, rest;

	if (item->keys == NULL) {
		wrap_text(&t->rows, &item->words, NULL, NULL, width);
		return;
	}
	text_init(&first);
	text_init(&rest);
	used = utf8_width(item->keys, strlen(item->keys));
	text_puts(&first, item->keys, STYLE_KEY);
	text_printf(&first, STYLE_NORMAL, "%*s", used < column ? column - used : 1, "");
	text_printf(&rest, STYLE_NORMAL, "%*s", column, "");
	wrap_text(&t->rows, &item->words, &first, &rest, width);
	text_done(&rest);
	text_done(&first);
}

static void
update(struct pane *pane)
{
	struct text_pane *t = self(pane);
	int width = pane->rect.width - 4 > 4 ? pane->rect.width - 4 : 4;

	row_list_done(&t->rows);
	for (size_t i = 0; i < t->items.len; i++)
		wrap_item(t, &t->items.items[i], width);
	listbox_resize(&t->box, t->rows.len, pane->rect.height - header_rows(t));
}

static void
paint(const struct pane *pane, struct grid *grid)
{
	const struct text_pane *t = (const struct text_pane *)pane;
	struct rect rect = pane->rect;
	int header = header_rows(t);

	grid_clear(grid, rect, STYLE_NORMAL);
	grid_put_cut(grid, rect, 0, 1, t->title, rect.width - 2, STYLE_TITLE);
	for (int y = header; y < rect.height; y++) {
		size_t i = t->box.top + (size_t)(y - header);

		if (i < t->rows.len)
			grid_put_text(grid, rect, y, 2, &t->rows.items[i].text);
	}
	if (t->box.top + (size_t)t->box.height < t->rows.len)
		grid_puts(grid, rect, rect.height - 1, rect.width - 1, "↓", STYLE_KEY);
	if (t->box.top > 0)
		grid_puts(grid, rect, header, rect.width - 1, "↑", STYLE_KEY);
}

static bool
key(struct pane *pane, const struct key *k)
{
	struct text_pane *t = self(pane);

	if (k->code != KEY_MOUSE_ || (k->mouse != MOUSE_WHEEL_UP && k->mouse != MOUSE_WHEEL_DOWN))
		return false;
	listbox_scroll(&t->box, k->mouse == MOUSE_WHEEL_UP ? -3 : 3);
	pane_touch(pane);
	return true;
}

static bool
action(struct pane *pane, const char *name)
{
	struct text_pane *t = self(pane);
	long rows;

	if (strcmp(name, "escape") == 0) {
		screen_pop(pane->screen);
		return true;
	}
	if (listbox_steps(&t->box, name, &rows))
		listbox_scroll(&t->box, rows);
	screen_damage(pane->screen, true);
	return true;
}

static void
destroy(struct pane *pane)
{
	struct text_pane *t = self(pane);

	row_list_done(&t->rows);
	for (size_t i = 0; i < t->items.len; i++) {
		free(t->items.items[i].keys);
		text_done(&t->items.items[i].words);
	}
	array_done(&t->items);
	free(t->title);
	free(t);
}

static const struct pane_ops ops = {
    .name = "text",
    .update = update,
    .paint = paint,
    .key = key,
    .action = action,
    .free = destroy,
};

static struct text_pane *
new_pane(struct screen *screen, const char *title)
{
	struct text_pane *t = xcalloc(1, sizeof(*t));

	t->pane.ops = &ops;
	t->pane.screen = screen;
	t->title = sanitize_line(title);
	return t;
}

/* keys: or NULL. */
static void
add(struct text_pane *t, const char *keys, const char *words, enum style style)
{
	struct item item = {.keys = keys != NULL ? xstrdup(keys) : NULL};

	text_init(&item.words);
	text_puts(&item.words, words, style);
	array_push(&t->items, item);
}

struct pane *
pane_text_new(struct screen *screen, const char *title, const char *text)
{
	struct text_pane *t = new_pane(screen, title);
	char *clean = sanitize_text(text);

	add(t, NULL, clean, STYLE_NORMAL);
	free(clean);
	return &t->pane;
}

/* The keys of one context: a line each, the action's help beside them. */
static void
add_keys(struct text_pane *t, const struct keymap *keymap, const char *context)
{
	for (size_t i = 0; i < action_count; i++) {
		const struct action *a = &actions[i];
		const char *keys;

		if (strcmp(a->context, context) != 0)
			continue;
		keys = keymap_keys(keymap, context, a->name);
		if (keys[0] != '\0')
			add(t, keys, _(a->help), STYLE_NORMAL);
	}
}

struct pane *
pane_help_new(struct screen *screen, const char *context)
{
	static const struct {
		const char *context, *title;
	} titles[] = {
	    {"input", N_("Writing")},
	    {"messages", N_("Browsing the messages (Esc from the input)")},
	    {"list", N_("Conversations")},
	    {"tree", N_("Tree")},
	    {"compare", N_("Comparing")},
	    {"picker", N_("Choosing from a list")},
	    {"global", N_("Everywhere")},
	};
	struct text_pane *t = new_pane(screen, _("Keys: those valid now come first"));
	size_t count = sizeof(titles) / sizeof(titles[0]);

	for (size_t pass = 0; pass < 2; pass++) {
		for (size_t i = 0; i < count; i++) {
			bool here = strcmp(titles[i].context, context) == 0;

			if (here != (pass == 0))
				continue;
			add(t, NULL, _(titles[i].title), STYLE_HEADING);
			add_keys(t, screen_keymap(screen), titles[i].context);
			add(t, NULL, "", STYLE_NORMAL);
		}
	}
	return &t->pane;
}
