/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include "ui/panes.h"

#include <stdlib.h>
#include <string.h>

#include "base/i18n.h"
#include "base/mem.h"
#include "base/sanitize.h"
#include "base/utf8.h"
#include "client/client.h"
#include "ui/screen.h"
#include "ui/view.h"

/* The last row: who answers, how much was used, what goes on, and the keys that matter now. */

/*
 * Columns kept for the first key and what it does; for one more, rather than
 * to tell tokens; and for a name that is cut.
 */
#define FIRST_HINT 9
#define SECOND_HINT 14
#define LEAST_NAME 6

static char *
tokens(const struct conversation *c)
{
	int64_t total = c != NULL ? c->usage.total_tokens : 0;

	if (total == 0)
		return xstrdup("");
	if (total < 1000)
		return xasprintf(
		    ngettext(" · %d token", " · %d tokens", (unsigned long)total), (int)total);
	return xasprintf(_(" · %d.%dk tokens"), (int)(total / 1000), (int)(total % 1000 / 100));
}

static char *
doing(struct screen *screen)
{
	struct client *client = screen_client(screen);
	int64_t key = view_key(screen_view(screen));
	int seconds = client_seconds(client, key);

	switch (client_phase(client, key)) {
	case PHASE_WAITING:
		if (seconds < 2)
			return xstrdup(_(" · waiting"));
		return xasprintf(_(" · waiting for %d s"), seconds);
	case PHASE_STREAMING:
		if (seconds < 10)
			return xstrdup(_(" · streaming"));
		return xasprintf(_(" · silent for %d s"), seconds);
	case PHASE_RETRYING:
		return xasprintf(_(" · trying again in %d s"), seconds);
	case PHASE_IDLE:
		break;
	}
	return xstrdup("");
}

static void
update(struct pane *pane)
{
	(void)pane;
}

/* The keys for a context; the first ones matter most, as many as fit are shown. */
static const struct hint {
	const char *context;
	const char *actions[8];
	const char *labels[8];
} hints[] = {
    /* TRANSLATORS: what keys do, behind each key in the last row of the screen; all of one
       line share 80 columns with other things, so that each is one short word. */
    {"input", {"help", "escape", "tree", "agents"},
	{N_("help"), N_("browse"), N_("tree"), N_("who")}},
    {"messages", {"help", "escape", "branch", "edit", "regenerate", "next-sibling", "tree"},
	{N_("help"), N_("back"), N_("branch"), N_("edit"), N_("again"), N_("sibling"), N_("tree")}},
    {"list", {"help", "escape", "choose", "list-filter", "delete-conversation"},
	{N_("help"), N_("back"), N_("open"), N_("filter"), N_("delete")}},
    {"filter", {"escape", "choose"}, {N_("all"), N_("open")}},
    {"tree", {"help", "escape", "choose", "branch", "spread", "label", "filter", "find"},
	{N_("help"), N_("back"), N_("go"), N_("branch"), N_("unfold"), N_("label"), N_("filter"),
	    N_("search")}},
    {"compare", {"help", "escape", "next-difference", "next-sibling", "other-side", "choose"},
	{N_("help"), N_("back"), N_("difference"), N_("sibling"), N_("side"), N_("go")}},
    {"picker", {"escape", "choose", "mark"}, {N_("back"), N_("choose"), N_("mark")}},
    {"dialog", {"escape", "choose"}, {N_("back"), N_("take")}},
    {"text", {"escape", "page-down"}, {N_("back"), N_("page")}},
};

/* What a key does just now, or NULL if there is nothing for it to do. */
static const char *
label_of(struct screen *screen, const char *action, const char *label)
{
	struct view *view = screen_view(screen);
	bool input = strcmp(screen_context(screen), "input") == 0;

	if (input && strcmp(action, "escape") == 0) {
		if (client_turn_of(screen_client(screen), view_key(view)) != 0)
			return _("stop");
		if (view_aim(view) != AIM_END)
			return _("back");
	}
	if (strcmp(action, "choose") == 0 && strcmp(screen_context(screen), "dialog") == 0 &&
	    !pane_dialog_has_line(screen_focused(screen)))
		return NULL;
	if (strcmp(action, "mark") == 0 && !pane_picker_is_many(screen_focused(screen)))
		return NULL;
	if (strcmp(action, "next-sibling") == 0 && !view_has_siblings(view))
		return NULL;
	return _(label);
}

static void
paint_hints(const struct pane *pane, struct grid *grid, int from)
{
	const char *context = screen_context(pane->screen);
	const struct hint *hint = NULL;
	int x = pane->rect.width - 1;

	for (size_t i = 0; i < sizeof(hints) / sizeof(hints[0]); i++)
		if (strcmp(hints[i].context, context) == 0)
			hint = &hints[i];
	for (size_t i = 0; hint != NULL && i < 8 && hint->actions[i] != NULL; i++) {
		const char *keys = screen_keys(pane->screen, hint->actions[i]),
			   *label = label_of(pane->screen, hint->actions[i], hint->labels[i]);
		int width;

		if (keys[0] == '\0' || label == NULL)
			continue;
		width = utf8_width(keys, strlen(keys)) + 1 + utf8_width(label, strlen(label));
		if (x - width < from + 1)
			break;
		x -= width;
		grid_puts(grid, pane->rect, 0,
		    grid_puts(grid, pane->rect, 0, x, keys, STYLE_KEY) + 1, label, STYLE_STATUS);
		x -= 2;
	}
}

/* What goes on matters most, then the first key, then who answers, then the rest. */
static void
paint(const struct pane *pane, struct grid *grid)
{
	struct screen *screen = pane->screen;
	struct view *view = screen_view(screen);
	const char *speaker = view_speaker(view), *connection = view_connection(view);
	char *who = strcmp(speaker, connection) == 0 ? xstrdup(speaker)
						     : xasprintf("%s@%s", speaker, connection);
	char *clean = sanitize_line(who), *used = tokens(view_conversation(view)),
	     *now = doing(screen);
	int name = utf8_width(clean, strlen(clean)), doing_width = utf8_width(now, strlen(now)),
	    room = pane->rect.width - 2 - FIRST_HINT, x = 1;

	grid_clear(grid, pane->rect, STYLE_STATUS);
	if (doing_width > 0 && room - doing_width < LEAST_NAME)
		name = 0;
	else if (name > room - doing_width)
		name = room - doing_width;
	x = grid_put_cut(grid, pane->rect, 0, x, clean, name, STYLE_STATUS);
	if (name + utf8_width(used, strlen(used)) + doing_width + SECOND_HINT <= room)
		x = grid_puts(grid, pane->rect, 0, x, used, STYLE_STATUS);
	x = grid_put_cut(grid, pane->rect, 0, x, now + (name == 0 ? strspn(now, " ·") : 0),
	    room - name, STYLE_MATCH);
	paint_hints(pane, grid, x);
	free(now);
	free(used);
	free(clean);
	free(who);
}

static bool
key(struct pane *pane, const struct key *k)
{
	(void)pane;
	(void)k;
	return false;
}

static void
destroy(struct pane *pane)
{
	free(pane);
}

static const struct pane_ops ops = {
    .name = "status",
    .update = update,
    .paint = paint,
    .key = key,
    .free = destroy,
};

struct pane *
pane_status_new(struct screen *screen)
{
	struct pane *pane = xcalloc(1, sizeof(*pane));

	pane->ops = &ops;
	pane->screen = screen;
	return pane;
}
