/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include "ui/panes.h"

#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/error.h"
#include "base/i18n.h"
#include "base/mem.h"
#include "base/sanitize.h"
#include "base/utf8.h"
#include "client/client.h"
#include "net/loop.h"
#include "profile/profile.h"
#include "store/store.h"
#include "ui/actions.h"
#include "ui/complete.h"
#include "ui/editor.h"
#include "ui/key.h"
#include "ui/screen.h"
#include "ui/view.h"

/* " > " before the first row, as many columns before the others. */
#define PROMPT_WIDTH 3

/* From this width on there is room for a long line above the text. */
#define WIDE 80

/* A draft is written this long after the last key, so that a crash costs next to nothing. */
#define DRAFT_MS 250

/* What saying how many names there are may take, and the break of a row before it. */
#define NUMBER_COLUMNS 24

/* Prompts that Up and C-r look through. */
#define HISTORY 500

struct input {
	struct pane pane;
	struct editor *editor;
	int rows, cursor_y, cursor_x, top;
	struct draft_place place; /* of the draft */
	bool dirty;
	bool deleted; /* something was, since the text was edited */
	struct timer *save;
	string_list history;
	size_t history_at; /* 0: the draft itself; n: the n-th prompt back */
	char *stashed;	   /* the draft while history is walked */
	char *aside;	   /* what C-c put aside, before the newest prompt; or NULL */
};

static struct input *
self(struct pane *pane)
{
	return (struct input *)pane;
}

static struct store *
store(const struct input *in)
{
	return client_store(screen_client(in->pane.screen));
}

static void
save(struct input *in)
{
	struct error err = ERROR_NONE;
	size_t len;
	const char *text = editor_text(in->editor, &len);

	loop_cancel(client_loop(screen_client(in->pane.screen)), in->save);
	in->save = NULL;
	if (!in->dirty)
		return;
	in->dirty = false;
	if (!store_save_draft(store(in), in->place, text, len, &err))
		screen_report(in->pane.screen, &err);
	error_done(&err);
}

static void
save_later(void *arg)
{
	struct input *in = arg;

	in->save = NULL;
	save(in);
}

static void
changed(struct input *in)
{
	in->dirty = true;
	in->deleted = false;
	in->history_at = 0;
	if (in->save == NULL)
		in->save = loop_timer(
		    client_loop(screen_client(in->pane.screen)), DRAFT_MS, save_later, in);
	pane_touch(&in->pane);
}

void
pane_input_save(struct pane *pane)
{
	save(self(pane));
}

void
pane_input_load(struct pane *pane)
{
	struct input *in = self(pane);
	struct view *view = screen_view(pane->screen);
	struct error err = ERROR_NONE;
	char *draft;

	in->place = view_draft_place(view);
	draft = store_load_draft(store(in), in->place, &err);
	/* What waits in the queue is a draft in the store too, but not in the line. */
	if (draft != NULL && view_queued(view) != NULL && strcmp(draft, view_queued(view)) == 0)
		draft[0] = '\0';
	editor_reset(in->editor, draft != NULL ? draft : "", draft != NULL ? strlen(draft) : 0);
	free(draft);
	in->dirty = false;
	in->history_at = 0;
	error_done(&err);
	pane_touch(pane);
}

void
pane_input_set(struct pane *pane, const char *text, size_t len)
{
	editor_set(self(pane)->editor, text, len);
	changed(self(pane));
}

void
pane_input_insert(struct pane *pane, const char *text, size_t len)
{
	editor_insert(self(pane)->editor, text, len);
	changed(self(pane));
}

void
pane_input_deleted(struct pane *pane)
{
	self(pane)->deleted = true;
}

bool
pane_input_undo(struct pane *pane, bool newer)
{
	struct input *in = self(pane);

	if ((newer && in->deleted) || !editor_do(in->editor, EDIT_UNDO))
		return false;
	changed(in);
	return true;
}

const char *
pane_input_text(const struct pane *pane, size_t *len)
{
	return editor_text(((const struct input *)pane)->editor, len);
}

/* A line above the text: where the message goes, or what waits. NULL: none is needed. */
static char *
caption(const struct input *in)
{
	struct view *view = screen_view(in->pane.screen);
	const char *queued = view_queued(view);

	if (view_aim(view) == AIM_BRANCH)
		return xstrdup(_("New branch: Enter sends, Esc goes back."));
	if (view_aim(view) == AIM_EDIT && in->pane.rect.width < WIDE)
		return xstrdup(_("Editing: Enter sends, Esc goes back."));
	if (view_aim(view) == AIM_EDIT)
		return xstrdup(_(
		    "Editing: Enter sends it as a new branch, the old one stays. Esc goes back."));
	if (queued != NULL) {
		char *clean = sanitize_line(queued), *line = xasprintf(_("Queued: %s"), clean);

		free(clean);
		return line;
	}
	return NULL;
}

static bool
has_caption(const struct input *in)
{
	char *text = caption(in);
	bool has = text != NULL;

	free(text);
	return has;
}

static int
text_width(int width)
{
	return width - PROMPT_WIDTH - 1 > 4 ? width - PROMPT_WIDTH - 1 : 4;
}

int
pane_input_height(struct pane *pane, int width, int most)
{
	struct input *in = self(pane);
	int rows, extra = has_caption(in) && most > 1 ? 1 : 0;

	editor_layout(in->editor, text_width(width), &rows, &in->cursor_y, &in->cursor_x);
	in->rows = rows;
	return rows + extra < most ? rows + extra : most;
}

static void
update(struct pane *pane)
{
	struct input *in = self(pane);
	int height;

	editor_layout(
	    in->editor, text_width(pane->rect.width), &in->rows, &in->cursor_y, &in->cursor_x);
	height = pane->rect.height - (has_caption(in) && pane->rect.height > 1 ? 1 : 0);
	if (in->cursor_y < in->top)
		in->top = in->cursor_y;
	if (in->cursor_y >= in->top + height)
		in->top = in->cursor_y - height + 1;
	if (in->top > 0 && in->top + height > in->rows)
		in->top = in->rows - height > 0 ? in->rows - height : 0;
}

static void
paint_placeholder(const struct input *in, struct grid *grid, int y)
{
	struct view *view = screen_view(in->pane.screen);
	char *speaker = sanitize_line(view_speaker(view));
	char *line;

	if (!view_has_speaker(view))
		line =
		    xasprintf(_("%s chooses who answers"), screen_keys(in->pane.screen, "agents"));
	else if (view_conversation(view) == NULL)
		line = xasprintf(_("Ask %s anything"), speaker);
	else
		line = xasprintf(_("Message %s"), speaker);
	grid_puts(grid, in->pane.rect, y, PROMPT_WIDTH, line, STYLE_PLACEHOLDER);
	free(line);
	free(speaker);
}

static void
paint(const struct pane *pane, struct grid *grid)
{
	const struct input *in = (const struct input *)pane;
	struct rect rect = pane->rect;
	char *line = caption(in);
	struct buf shown;
	int y = 0;

	buf_init(&shown, 0);
	grid_clear(grid, rect, STYLE_NORMAL);
	if (line != NULL && rect.height > 1)
		grid_puts(grid, rect, y++, 1, line, STYLE_NOTICE);
	free(line);
	for (int row = in->top; y < rect.height && row < in->rows; row++, y++) {
		if (row == 0)
			grid_puts(grid, rect, y, 1, ">", pane->focused ? STYLE_KEY : STYLE_DIM);
		buf_clear(&shown);
		if (editor_show_row(in->editor, row, &shown))
			grid_put(grid, rect, y, PROMPT_WIDTH, shown.data, shown.len, STYLE_NORMAL);
		if (row == 0 && editor_is_empty(in->editor))
			paint_placeholder(in, grid, y);
	}
	buf_done(&shown);
}

/* Editing by name: the table of what readline's keys are bound to. */
static const struct {
	const char *name;
	enum editor_op op;
} edits[] = {
    {"left", EDIT_LEFT},
    {"right", EDIT_RIGHT},
    {"word-left", EDIT_WORD_LEFT},
    {"word-right", EDIT_WORD_RIGHT},
    {"line-start", EDIT_LINE_START},
    {"line-end", EDIT_LINE_END},
    {"text-start", EDIT_START},
    {"text-end", EDIT_END},
    {"backspace", EDIT_BACKSPACE},
    {"delete", EDIT_DELETE},
    {"kill-word-left", EDIT_KILL_WORD_LEFT},
    {"kill-word-right", EDIT_KILL_WORD_RIGHT},
    {"kill-space-left", EDIT_KILL_SPACE_LEFT},
    {"kill-line-start", EDIT_KILL_LINE_START},
    {"kill-line-end", EDIT_KILL_LINE_END},
    {"yank", EDIT_YANK},
    {"transpose", EDIT_TRANSPOSE},
    {"upcase-word", EDIT_UPCASE},
    {"downcase-word", EDIT_DOWNCASE},
    {"capitalise-word", EDIT_CAPITALISE},
    {"undo", EDIT_UNDO},
    {"redo", EDIT_REDO},
};

static void
read_history(struct input *in)
{
	struct error err = ERROR_NONE;

	string_list_done(&in->history);
	if (!store_prompts(store(in), HISTORY, &in->history, &err))
		screen_report(in->pane.screen, &err);
	error_done(&err);
	if (in->aside != NULL)
		array_insert(&in->history, 0, xstrdup(in->aside));
}

/* Back to older prompts, or forward to the draft, which is kept meanwhile. */
static void
walk_history(struct input *in, int step)
{
	size_t len, at = in->history_at;
	const char *text = editor_text(in->editor, &len);

	if (at == 0)
		read_history(in);
	if ((step > 0 && at >= in->history.len) || (step < 0 && at == 0))
		return;
	if (at == 0)
		xreplace(&in->stashed, text);
	at = step > 0 ? at + 1 : at - 1;
	text = at > 0 ? in->history.items[at - 1] : in->stashed;
	editor_set(in->editor, text, strlen(text));
	changed(in);
	in->history_at = at;
}

/*
 * "/name" alone is an action by name, not a message: a typing mistake in it
 * must not reach a model. True if that is what the text was.
 */
static bool
act_by_name(struct input *in, const char *text, size_t len)
{
	struct screen *screen = in->pane.screen;
	char name[40], *line;

	if (len < 2 || len > sizeof(name) || text[0] != '/' ||
	    strspn(text + 1, "abcdefghijklmnopqrstuvwxyz-0123456789") != len - 1)
		return false;
	memcpy(name, text + 1, len - 1);
	name[len - 1] = '\0';
	if (action_find("input", name) != NULL) {
		editor_reset(in->editor, "", 0);
		changed(in);
		screen_act(screen, name);
		return true;
	}
	line = xasprintf(_("There is no action /%s: %s lists them. With a space before the slash "
			   "it is a message."),
	    name, screen_keys(screen, "palette"));
	screen_notice(screen, line);
	free(line);
	return true;
}

static void
send(struct input *in)
{
	struct screen *screen = in->pane.screen;
	struct error err = ERROR_NONE;
	size_t len, blank;
	const char *text = editor_text(in->editor, &len);
	bool queued, kept;
	char *copy;

	for (blank = 0; blank < len && strchr(" \t\n", text[blank]) != NULL; blank++)
		;
	if (blank == len) {
		screen_notice(screen, _("Nothing to send yet: type a message first."));
		return;
	}
	if (act_by_name(in, text, len))
		return;
	save(in);
	copy = xstrndup(text, len);
	kept = view_send(screen_view(screen), copy, len, &queued, &err);
	if (kept) {
		in->dirty = false;
		screen_notice(screen, NULL);
		pane_input_load(&in->pane);
		if (queued)
			editor_reset(in->editor, "", 0);
		pane_messages_reset(screen_pane(screen, "messages"), 0);
		pane_conversations_reload(screen_pane(screen, "list"));
	}
	if (err.kind != ERR_NONE && kept)
		screen_report_turn(screen, &err);
	else if (err.kind != ERR_NONE)
		screen_report(screen, &err);
	error_done(&err);
	free(copy);
}

/* C-c without an answer to stop: the draft goes out of the way, and Up brings it back. */
static void
stash(struct input *in)
{
	size_t len;
	const char *text = editor_text(in->editor, &len);

	if (len == 0) {
		screen_notice(in->pane.screen, _("C-x q quits; so does C-d on an empty line."));
		return;
	}
	free(in->aside);
	in->aside = xstrndup(text, len);
	editor_set(in->editor, "", 0);
	changed(in);
	screen_notice(in->pane.screen, _("The draft is put aside: Up brings it back."));
}

/* One or two rows of them; the first ones and their number if that is too little. */
static void
show_names(struct screen *screen, const struct completion *c)
{
	int room = (screen_width(screen) - 2) * (screen_height(screen) >= 12 ? 2 : 1);
	int columns = 0;
	struct buf line = BUF_EMPTY;
	size_t fit = 0;

	for (size_t i = 0; i < c->names.len && columns <= room; i++) {
		char *name = sanitize_line(c->names.items[i]);

		buf_printf(&line, "%s%s", i > 0 ? "  " : "", name);
		columns = utf8_width(line.data, line.len);
		if (i == 0 || columns <= room - NUMBER_COLUMNS)
			fit = line.len;
		free(name);
	}
	if (columns > room) {
		buf_truncate(&line, fit);
		buf_printf(&line, _("  … (%zu in all)"), c->names.len);
	}
	screen_notice(screen, line.data);
	buf_done(&line);
}

static void
complete_word(struct input *in)
{
	struct screen *screen = in->pane.screen;
	size_t len, cursor = editor_cursor(in->editor);
	const char *text = editor_text(in->editor, &len);
	struct error err = ERROR_NONE;
	struct completion c;

	if (complete(text, len, cursor, &c, &err)) {
		if (strlen(c.word) != cursor - c.start ||
		    memcmp(c.word, text + c.start, cursor - c.start) != 0) {
			editor_replace(in->editor, c.start, cursor, c.word, strlen(c.word));
			changed(in);
		}
		if (c.names.len > 1)
			show_names(screen, &c);
		else
			screen_notice(screen, NULL);
		completion_done(&c);
	} else if (err.kind != ERR_NONE) {
		screen_notice(screen, err.text);
	}
	error_done(&err);
}

static bool
action(struct pane *pane, const char *name)
{
	struct input *in = self(pane);
	bool enter_sends = client_profile(screen_client(pane->screen))->settings.enter_sends;

	for (size_t i = 0; i < sizeof(edits) / sizeof(edits[0]); i++) {
		if (strcmp(name, edits[i].name) == 0) {
			if (editor_do(in->editor, edits[i].op))
				changed(in);
			return true;
		}
	}
	if (strcmp(name, enter_sends ? "send" : "newline") == 0)
		send(in);
	else if (strcmp(name, enter_sends ? "newline" : "send") == 0)
		pane_input_insert(pane, "\n", 1);
	else if (strcmp(name, "complete") == 0)
		complete_word(in);
	else if (strcmp(name, "stash") == 0)
		stash(in);
	else if (strcmp(name, "line-above") == 0 && !editor_row_up(in->editor))
		walk_history(in, 1);
	else if (strcmp(name, "line-below") == 0 && !editor_row_down(in->editor))
		walk_history(in, -1);
	pane_touch(pane);
	return true;
}

static bool
key(struct pane *pane, const struct key *k)
{
	char bytes[4];

	if (k->code == KEY_PASTE)
		pane_input_insert(pane, k->text, k->len);
	else if (key_is_text(k))
		pane_input_insert(pane, bytes, utf8_encode(k->code, bytes));
	else
		return false;
	return true;
}

static bool
cursor(const struct pane *pane, int *y, int *x)
{
	const struct input *in = (const struct input *)pane;

	*y = in->cursor_y - in->top + (has_caption(in) && pane->rect.height > 1 ? 1 : 0);
	*x = PROMPT_WIDTH + in->cursor_x;
	if (*x >= pane->rect.width)
		*x = pane->rect.width - 1;
	return *y >= 0 && *y < pane->rect.height;
}

static void
destroy(struct pane *pane)
{
	struct input *in = self(pane);

	save(in);
	editor_free(in->editor);
	string_list_done(&in->history);
	free(in->stashed);
	free(in->aside);
	free(in);
}

static const struct pane_ops ops = {
    .name = "input",
    .update = update,
    .paint = paint,
    .key = key,
    .action = action,
    .cursor = cursor,
    .free = destroy,
};

struct pane *
pane_input_new(struct screen *screen)
{
	struct input *in = xcalloc(1, sizeof(*in));

	in->pane.ops = &ops;
	in->pane.screen = screen;
	in->editor = editor_new();
	in->rows = 1;
	return &in->pane;
}
