/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include "ui/screen.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

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
#include "ui/key.h"
#include "ui/keymap.h"
#include "ui/pane.h"
#include "ui/panes.h"
#include "ui/view.h"

/* Streams are painted at most this often; a key is painted at once. */
#define FRAME_MS 33

/* Below this nothing useful fits. */
#define MIN_WIDTH 20
#define MIN_HEIGHT 5

/* Below this the list of conversations is no longer beside the messages. */
#define LIST_MIN_WIDTH 80

/* Below this what lies over the panes needs the rows of the input too. */
#define LOW_HEIGHT 10

#define MAX_SEQUENCE 4

struct screen {
	struct client *client;
	const struct keymap *keymap;
	struct screen_output output;
	struct view *view;
	struct grid grid;
	struct pane *list, *messages, *input, *status;
	ARRAY(struct pane *) stack; /* what lies over the panes, the top last */
	struct pane *focus;	    /* below the stack */
	struct key sequence[MAX_SEQUENCE];
	size_t sequence_len;
	char *notice;
	bool notice_is_error;
	bool notice_undo;   /* it says that a deletion can be undone */
	bool notice_passes; /* it is about a turn, and over with it */
	bool list_hidden, plain, mouse;
	bool damaged, at_once, layout_due, quit;
	int64_t last_paint, focused_since;
	int64_t retried;      /* a conversation that is to be answered again, or 0 */
	int64_t answer;	      /* the branch in which that happens, to be opened; or 0 */
	struct timer *second; /* while a turn waits: the seconds it shows grow */
};

static void
tick(void *arg)
{
	struct screen *screen = arg;

	screen->second = NULL;
	pane_touch(screen->status);
}

/* A clock runs only while something on the screen tells the time. */
static void
keep_clock(struct screen *screen)
{
	enum phase phase = client_phase(screen->client, view_key(screen->view));
	bool needed = phase == PHASE_WAITING || phase == PHASE_RETRYING || phase == PHASE_STREAMING;

	if (needed && screen->second == NULL)
		screen->second = loop_timer(client_loop(screen->client), 1000, tick, screen);
	if (!needed) {
		loop_cancel(client_loop(screen->client), screen->second);
		screen->second = NULL;
	}
}

static void
turn_changed(struct screen *screen, const struct note *note)
{
	struct error err = ERROR_NONE;
	bool over = client_turn_of(screen->client, note->conversation) == 0;

	pane_touch(screen->status);
	if (over && screen->notice_passes && note->conversation == view_key(screen->view))
		screen_notice(screen, NULL);
	if (note->error != NULL && note->conversation == view_key(screen->view) &&
	    note->error->kind != ERR_CANCELLED) {
		if (over)
			screen_report_turn(screen, note->error);
		else
			screen_report(screen, note->error);
		/* A countdown is over with its turn; what could not be kept stays to be read. */
		screen->notice_passes = !over && note->error->kind != ERR_STORE;
	}
	if (over) {
		view_turn_over(screen->view, note->conversation, &err);
		if (err.kind != ERR_NONE)
			screen_report(screen, &err);
		error_done(&err);
		store_set_seen(client_store(screen->client), note->conversation,
		    note->conversation == view_key(screen->view), &err);
		error_done(&err);
		screen_touch_all(screen);
	}
}

static int64_t
root_of(const struct conversation *c)
{
	return c->root != 0 ? c->root : c->key;
}

/*
 * Another answer comes in a branch of its own, perhaps only when the server has
 * told what it knows. The reader who asked for it goes along, if still there.
 */
static void
find_answer(struct screen *screen, int64_t key)
{
	const struct conversation *old = view_conversation(screen->view), *c;
	struct error err = ERROR_NONE;
	bool answering = client_turn_of(screen->client, key) != 0;

	if (old == NULL || old->key != screen->retried || (key == old->key && answering)) {
		screen->retried = 0;
		return;
	}
	c = answering ? client_conversation(screen->client, key, &err) : NULL;
	if (c != NULL && c->entries.len == c->inherited && root_of(c) == root_of(old)) {
		screen->answer = key;
		screen->retried = 0;
	}
	error_done(&err);
}

/* Not only the top: a tree below a question shows words of the tree that the view read. */
static void
touch_stack(struct screen *screen)
{
	for (size_t i = 0; i < screen->stack.len; i++)
		pane_touch(screen->stack.items[i]);
}

static void
noticed(void *arg, const struct note *note)
{
	struct screen *screen = arg;
	bool shown = note->conversation == view_key(screen->view);

	switch (note->type) {
	case NOTE_LIST:
		pane_conversations_reload(screen->list);
		/* Branches may have come to the tree, by another instance. */
		view_changed(screen->view);
		touch_stack(screen);
		break;
	case NOTE_CONVERSATION:
		view_changed(screen->view);
		if (screen->retried != 0)
			find_answer(screen, note->conversation);
		if (shown)
			pane_touch(screen->messages);
		pane_touch(screen->status);
		touch_stack(screen);
		break;
	case NOTE_ENTRY:
		if (shown)
			pane_touch(screen->messages);
		return; /* a stream: no need to be painted at once */
	case NOTE_TURN:
		turn_changed(screen, note);
		break;
	case NOTE_AGENTS:
		if (screen->stack.len > 0)
			pane_picker_refresh(screen_top(screen));
		break;
	case NOTE_TRASH:
		if (note->error != NULL)
			screen_report(screen, note->error);
		else if (screen->notice_undo)
			screen_notice(screen, NULL);
		break;
	}
}

struct screen *
screen_new(struct client *client, const struct keymap *keymap, const struct screen_output *output)
{
	struct screen *screen = xcalloc(1, sizeof(*screen));

	screen->client = client;
	screen->keymap = keymap;
	screen->output = *output;
	screen->mouse = client_profile(client)->settings.mouse;
	screen->view = view_new(client);
	grid_init(&screen->grid, 0, 0);
	screen->list = pane_conversations_new(screen);
	screen->messages = pane_messages_new(screen);
	screen->input = pane_input_new(screen);
	screen->status = pane_status_new(screen);
	screen_focus(screen, screen->input);
	client_observe(client, noticed, screen);
	screen->layout_due = true;
	return screen;
}

static void
free_pane(struct pane *pane)
{
	pane->ops->free(pane);
}

void
screen_free(struct screen *screen)
{
	if (screen == NULL)
		return;
	loop_cancel(client_loop(screen->client), screen->second);
	while (screen->stack.len > 0)
		free_pane(screen->stack.items[--screen->stack.len]);
	array_done(&screen->stack);
	free_pane(screen->status);
	free_pane(screen->input);
	free_pane(screen->messages);
	free_pane(screen->list);
	grid_done(&screen->grid);
	view_free(screen->view);
	free(screen->notice);
	free(screen);
}

void
screen_damage(struct screen *screen, bool at_once)
{
	screen->damaged = true;
	screen->at_once |= at_once;
}

void
pane_touch(struct pane *pane)
{
	pane->touched = true;
	screen_damage(pane->screen, false);
}

void
screen_touch_all(struct screen *screen)
{
	screen->layout_due = true;
	screen_damage(screen, false);
}

void
screen_resize(struct screen *screen, int height, int width)
{
	grid_resize(&screen->grid, height > 0 ? height : 0, width > 0 ? width : 0);
	screen_touch_all(screen);
	screen->at_once = true;
}

/* Layout. */

static bool
is_small(const struct screen *screen)
{
	return screen->grid.width < MIN_WIDTH || screen->grid.height < MIN_HEIGHT;
}

bool
screen_has_list(const struct screen *screen)
{
	return screen->grid.width >= LIST_MIN_WIDTH && !screen->list_hidden && !screen->plain;
}

static void
place(struct pane *pane, int y, int x, int height, int width)
{
	struct rect rect = {y, x, height > 0 ? height : 0, width > 0 ? width : 0};

	pane->rect = rect;
	pane->visible = rect.height > 0 && rect.width > 0;
	pane->touched = true;
}

/* Rows that the notice takes above the input: as many as it needs, three at most. */
static int
notice_rows(const struct screen *screen)
{
	int width = screen->grid.width - 2, most = screen->grid.height >= 12 ? 3 : 1, rows;

	if (screen->notice == NULL || width < 1)
		return 0;
	rows = utf8_width(screen->notice, strlen(screen->notice)) / width + 1;
	return rows < most ? rows : most;
}

static bool
is_dialog(const struct pane *pane)
{
	return strcmp(pane->ops->name, "dialog") == 0;
}

static void
layout(struct screen *screen)
{
	int height = screen->grid.height, width = screen->grid.width, left = 0, input, body;
	bool list = screen_has_list(screen);

	if (list)
		left = client_profile(screen->client)->settings.list_width;
	if (list && left > width / 2)
		left = width / 2;
	input = pane_input_height(screen->input, width, height / 3 > 1 ? height / 3 : 1);
	body = height - input - 2 - notice_rows(screen);
	place(screen->list, 0, 0, list ? body : 0, left);
	place(screen->messages, 0, list ? left + 1 : 0, body, list ? width - left - 1 : width);
	place(screen->input, height - 1 - input, 0, input, width);
	place(screen->status, height - 1, 0, 1, width);
	for (size_t i = 0; i < screen->stack.len; i++) {
		struct pane *pane = screen->stack.items[i];

		if (is_dialog(pane))
			place(pane, 0, 0, height, width);
		else if (height < LOW_HEIGHT)
			place(pane, 0, 0, height - 1 - notice_rows(screen), width);
		else if (pane->wide)
			place(pane, 0, 0, body, width);
		else
			place(
			    pane, 0, screen->messages->rect.x, body, screen->messages->rect.width);
	}
	screen->layout_due = false;
}

/* Painting. */

/* Above the input, or below what covers it. */
static void
paint_notice(struct screen *screen)
{
	int rows = notice_rows(screen), width = screen->grid.width - 2;
	bool covered = screen->stack.len > 0 && screen->grid.height < LOW_HEIGHT;
	int bottom = covered ? screen->status->rect.y : screen->input->rect.y;
	struct rect rect = {bottom - rows, 0, rows, screen->grid.width};
	enum style style = screen->notice_is_error ? STYLE_ERROR : STYLE_NOTICE;
	const char *text = screen->notice;
	size_t len;

	if (rows == 0)
		return;
	grid_clear(&screen->grid, rect, STYLE_NORMAL);
	len = strlen(text);
	for (int y = 0; y < rows && len > 0; y++) {
		int used;
		size_t fit = utf8_fit(text, len, width, &used), cut = fit;

		while (fit < len && cut > 0 && text[cut] != ' ')
			cut--;
		if (fit == len || cut == 0)
			cut = fit;
		if (y + 1 == rows)
			grid_put_cut(&screen->grid, rect, y, 1, text, width, style);
		else
			grid_put(&screen->grid, rect, y, 1, text, cut, style);
		text += cut;
		len -= cut;
		while (len > 0 && *text == ' ') {
			text++;
			len--;
		}
	}
}

/* The lines between the panes. */
static void
paint_borders(struct screen *screen)
{
	struct rect all = {0, 0, screen->grid.height, screen->grid.width};
	const struct pane *top = screen_top(screen);
	int y = screen->messages->rect.height;

	grid_hline(&screen->grid, (struct rect){y, 0, 1, screen->grid.width}, 0, STYLE_BORDER);
	if (!screen->list->visible || (top != NULL && top->wide))
		return;
	grid_vline(&screen->grid, (struct rect){0, 0, y, screen->grid.width},
	    screen->list->rect.width, STYLE_BORDER);
	grid_puts(&screen->grid, all, y, screen->list->rect.width, "┴", STYLE_BORDER);
}

static void
paint_small(struct screen *screen)
{
	struct rect all = {0, 0, screen->grid.height, screen->grid.width};
	const char *text = _("Too small: 20x5 is the least.");
	size_t len = strlen(text);

	grid_clear(&screen->grid, all, STYLE_NORMAL);
	for (int y = 0; y < all.height && len > 0; y++) {
		int used;
		size_t fit = utf8_fit(text, len, all.width, &used);

		if (fit == 0)
			break;
		grid_put(&screen->grid, all, y, 0, text, fit, STYLE_WARNING);
		text += fit;
		len -= fit;
	}
}

static void
paint_pane(struct screen *screen, struct pane *pane)
{
	if (!pane->visible)
		return;
	if (pane->touched)
		pane->ops->update(pane);
	pane->touched = false;
	pane->ops->paint(pane, &screen->grid);
}

static void
paint_all(struct screen *screen, int *y, int *x)
{
	struct pane *panes[] = {screen->list, screen->messages, screen->input, screen->status};
	struct pane *focus = screen_focused(screen);
	bool asks = is_dialog(focus);

	*y = *x = -1;
	if (is_small(screen)) {
		paint_small(screen);
		return;
	}
	/* The input can have grown by a line: that moves everything. */
	if (pane_input_height(screen->input, screen->grid.width,
		screen->grid.height / 3 > 1 ? screen->grid.height / 3 : 1) !=
	    screen->input->rect.height)
		screen->layout_due = true;
	if (screen->layout_due)
		layout(screen);
	for (size_t i = 0; i < sizeof(panes) / sizeof(panes[0]); i++)
		paint_pane(screen, panes[i]);
	paint_borders(screen);
	/* A question lies over the notice, all else leaves it its rows. */
	if (asks)
		paint_notice(screen);
	for (size_t i = 0; i < screen->stack.len; i++)
		paint_pane(screen, screen->stack.items[i]);
	if (!asks)
		paint_notice(screen);
	if (focus->ops->cursor != NULL && focus->visible && focus->ops->cursor(focus, y, x)) {
		*y += focus->rect.y;
		*x += focus->rect.x;
	}
}

int
screen_paint(struct screen *screen, int64_t now)
{
	int64_t answer = screen->answer;
	int y, x;

	/* Not when it was told: then the client was still busy with it. */
	screen->answer = 0;
	if (answer != 0)
		screen_open(screen, answer, 0);
	if (!screen->damaged)
		return -1;
	if (!screen->at_once && now - screen->last_paint < FRAME_MS)
		return (int)(FRAME_MS - (now - screen->last_paint));
	paint_all(screen, &y, &x);
	screen->output.paint(screen->output.arg, &screen->grid, y, x);
	screen->damaged = screen->at_once = false;
	screen->last_paint = now;
	keep_clock(screen);
	return -1;
}

const struct grid *
screen_grid(const struct screen *screen)
{
	return &screen->grid;
}

/* Keys. */

/* A key that is the start of a sequence, whole, or nobody's: then the pane's. */
static void
dispatch(struct screen *screen, const struct key *key)
{
	struct pane *pane = screen_focused(screen);
	const char *action = NULL;
	bool first = screen->sequence_len == 0;

	screen->sequence[screen->sequence_len++] = *key;
	switch (keymap_find(
	    screen->keymap, pane->ops->name, screen->sequence, screen->sequence_len, &action)) {
	case KEYMAP_MORE:
		if (screen->sequence_len < MAX_SEQUENCE)
			return;
		break;
	case KEYMAP_ACTION:
		screen->sequence_len = 0;
		screen_act(screen, action);
		return;
	case KEYMAP_NONE:
		break;
	}
	screen->sequence_len = 0;
	/* The wrong end of a sequence is swallowed: nobody meant it as text. */
	if (first)
		pane->ops->key(pane, key);
}

/* Of a paste that the terminal did not mark: text for the message, keys for any other pane. */
static bool
insert_pasted(struct screen *screen, const struct key *key)
{
	char text[] = {key->code == KEY_TAB ? '\t' : '\n', '\0'};
	struct key paste = {.code = KEY_PASTE, .text = text, .len = 1};

	if (!key->pasted || screen_focused(screen) != screen->input || screen->sequence_len > 0)
		return false;
	return screen->input->ops->key(screen->input, &paste);
}

static struct pane *
pane_at(struct screen *screen, int y, int x)
{
	struct pane *panes[] = {screen_top(screen), screen->list, screen->messages, screen->input};

	for (size_t i = 0; i < sizeof(panes) / sizeof(panes[0]); i++) {
		const struct rect *rect = panes[i] != NULL ? &panes[i]->rect : NULL;

		if (rect != NULL && panes[i]->visible && y >= rect->y &&
		    y < rect->y + rect->height && x >= rect->x && x < rect->x + rect->width)
			return panes[i];
	}
	return NULL;
}

static void
click(struct screen *screen, const struct key *key)
{
	struct pane *pane = pane_at(screen, key->y, key->x);
	struct key inside = *key;

	if (pane == NULL || (screen_top(screen) != NULL && pane != screen_top(screen)))
		return;
	if (key->mouse == MOUSE_PRESS && screen_top(screen) == NULL)
		screen_focus(screen, pane);
	inside.y -= pane->rect.y;
	inside.x -= pane->rect.x;
	pane->ops->key(pane, &inside);
}

void
screen_key(struct screen *screen, const struct key *key)
{
	screen_damage(screen, true);
	if (key->code == KEY_MOUSE_) {
		click(screen, key);
		return;
	}
	if (key->code == KEY_PASTE) {
		struct pane *pane = screen_focused(screen);

		screen->sequence_len = 0;
		pane->ops->key(pane, key);
		return;
	}
	if (!insert_pasted(screen, key))
		dispatch(screen, key);
	pane_touch(screen->status);
}

void
screen_act(struct screen *screen, const char *name)
{
	struct pane *pane = screen_focused(screen);
	const struct action *action = action_find(pane->ops->name, name);

	screen_damage(screen, true);
	if (action == NULL)
		return;
	if (action->run != NULL)
		action->run(screen);
	else if (pane->ops->action != NULL)
		pane->ops->action(pane, name);
}

const char *
screen_keys(const struct screen *screen, const char *action)
{
	return keymap_keys(screen->keymap, screen_context(screen), action);
}

/* What panes and actions ask. */

struct view *
screen_view(const struct screen *screen)
{
	return screen->view;
}

struct client *
screen_client(const struct screen *screen)
{
	return screen->client;
}

const struct keymap *
screen_keymap(const struct screen *screen)
{
	return screen->keymap;
}

const struct screen_output *
screen_output(const struct screen *screen)
{
	return &screen->output;
}

int64_t
screen_now(const struct screen *screen)
{
	return loop_now(client_loop(screen->client));
}

int
screen_height(const struct screen *screen)
{
	return screen->grid.height;
}

int
screen_width(const struct screen *screen)
{
	return screen->grid.width;
}

void
screen_notice(struct screen *screen, const char *text)
{
	char *clean = text != NULL ? sanitize_line(text) : NULL;

	free(screen->notice);
	screen->notice = clean;
	screen->notice_is_error = screen->notice_passes = screen->notice_undo = false;
	screen_touch_all(screen);
}

void
screen_forget_notice(struct screen *screen)
{
	if (screen->notice != NULL && !screen->notice_is_error)
		screen_notice(screen, NULL);
}

void
screen_report(struct screen *screen, const struct error *err)
{
	screen_notice(screen, err->text != NULL ? err->text : _("Something failed."));
	screen->notice_is_error = true;
}

bool
screen_failed(struct screen *screen, struct error *err)
{
	bool failed = err->kind != ERR_NONE;

	if (failed)
		screen_report(screen, err);
	error_done(err);
	return failed;
}

void
screen_notice_undo(struct screen *screen, const char *text)
{
	screen_notice(screen, text);
	screen->notice_undo = true;
}

void
screen_report_turn(struct screen *screen, const struct error *err)
{
	if (screen->stack.len > 0 || !pane_messages_show_failure(screen->messages))
		screen_report(screen, err);
}

void
screen_quit(struct screen *screen)
{
	screen_save(screen);
	screen->quit = true;
}

bool
screen_wants_quit(const struct screen *screen)
{
	return screen->quit;
}

void
screen_edited(struct screen *screen, const char *text, size_t len)
{
	while (len > 0 && text[len - 1] == '\n')
		len--;
	pane_input_set(screen->input, text, len);
	screen_focus(screen, screen->input);
	screen_touch_all(screen);
}

void
screen_save(struct screen *screen)
{
	pane_input_save(screen->input);
}

struct pane *
screen_pane(const struct screen *screen, const char *name)
{
	const struct {
		const char *name;
		struct pane *pane;
	} panes[] = {
	    {"list", screen->list},
	    {"messages", screen->messages},
	    {"input", screen->input},
	    {"status", screen->status},
	};

	for (size_t i = 0; i < sizeof(panes) / sizeof(panes[0]); i++)
		if (strcmp(panes[i].name, name) == 0)
			return panes[i].pane;
	return NULL;
}

struct pane *
screen_top(const struct screen *screen)
{
	return screen->stack.len > 0 ? screen->stack.items[screen->stack.len - 1] : NULL;
}

struct pane *
screen_focused(const struct screen *screen)
{
	struct pane *top = screen_top(screen);

	return top != NULL ? top : screen->focus;
}

const char *
screen_context(const struct screen *screen)
{
	return screen_focused(screen)->ops->name;
}

void
screen_focus(struct screen *screen, struct pane *pane)
{
	if (screen->focus == pane)
		return;
	if (screen->focus != NULL) {
		screen->focus->focused = false;
		pane_touch(screen->focus);
	}
	screen->focus = pane;
	screen->focused_since = screen_now(screen);
	pane->focused = true;
	pane_touch(pane);
	if (pane == screen->messages)
		pane_messages_browse(pane);
	if (screen->status != NULL)
		pane_touch(screen->status);
}

int64_t
screen_focused_since(const struct screen *screen)
{
	return screen->focused_since;
}

void
screen_focus_next(struct screen *screen)
{
	if (screen_top(screen) != NULL)
		return;
	if (screen->focus == screen->input)
		screen_focus(screen, screen->messages);
	else if (screen->focus == screen->messages && screen_has_list(screen))
		screen_focus(screen, screen->list);
	else
		screen_focus(screen, screen->input);
}

void
screen_push(struct screen *screen, struct pane *pane)
{
	array_push(&screen->stack, pane);
	pane->focused = true;
	screen->sequence_len = 0;
	screen_touch_all(screen);
}

void
screen_pop(struct screen *screen)
{
	if (screen->stack.len == 0)
		return;
	free_pane(screen->stack.items[--screen->stack.len]);
	screen_touch_all(screen);
}

void
screen_toggle_list(struct screen *screen)
{
	screen->list_hidden = !screen->list_hidden;
	if (!screen_has_list(screen) && screen->focus == screen->list)
		screen_focus(screen, screen->input);
	screen_touch_all(screen);
}

void
screen_toggle_plain(struct screen *screen)
{
	screen->plain = !screen->plain;
	if (screen->plain && screen->focus == screen->list)
		screen_focus(screen, screen->messages);
	if (screen->mouse)
		screen->output.mouse(screen->output.arg, !screen->plain);
	screen_touch_all(screen);
}

bool
screen_is_plain(const struct screen *screen)
{
	return screen->plain;
}

void
screen_toggle_mouse(struct screen *screen)
{
	screen->mouse = !screen->mouse;
	screen->output.mouse(screen->output.arg, screen->mouse);
	screen_notice(screen, screen->mouse ? _("The mouse selects and scrolls here; hold Shift "
						"for the terminal's own selection.")
					    : _("The mouse is the terminal's own again."));
}

static void
opened(struct screen *screen, int64_t entry)
{
	struct error err = ERROR_NONE;
	char key[32];

	snprintf(key, sizeof(key), "%lld", (long long)view_key(screen->view));
	store_set(client_store(screen->client), "open", key, &err);
	error_done(&err);
	pane_input_load(screen->input);
	pane_messages_reset(screen->messages, entry);
	screen_notice(screen, NULL);
	pane_conversations_reload(screen->list);
}

bool
screen_open(struct screen *screen, int64_t conversation, int64_t entry)
{
	struct error err = ERROR_NONE;
	bool open;

	pane_input_save(screen->input);
	open = view_open(screen->view, conversation, &err);
	if (open) {
		opened(screen, entry);
		client_refresh(screen->client, conversation);
	} else {
		screen_report(screen, &err);
	}
	error_done(&err);
	return open;
}

bool
screen_retry(struct screen *screen, struct error *err)
{
	screen->retried = view_key(screen->view);
	if (view_retry(screen->view, err))
		return true;
	screen->retried = 0;
	return false;
}

void
screen_open_new(struct screen *screen)
{
	pane_input_save(screen->input);
	view_start_new(screen->view);
	opened(screen, 0);
	screen_focus(screen, screen->input);
}
