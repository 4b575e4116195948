/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef UI_SCREEN_H
#define UI_SCREEN_H

/*
 * The screen: layout, focus, the stack of what lies over the panes, damage,
 * and the one place that paints. It knows no terminal: what it needs of one is
 * in struct screen_output, so that a test can be the terminal.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "ui/grid.h"

struct action;
struct client;
struct error;
struct key;
struct keymap;
struct listbox;
struct note;
struct pane;
struct screen;
struct view;

struct screen_output {
	void (*paint)(void *arg, const struct grid *, int y, int x); /* y < 0: no cursor */
	void (*redraw)(void *arg);	 /* all of it at the next paint */
	void (*suspend)(void *arg);	 /* gives the terminal to the shell until it is continued */
	void (*mouse)(void *arg, bool on);
	bool (*copy)(void *arg, const char *text, size_t len);
	void (*bell)(void *arg);
	/* Lets the user edit text in $VISUAL or $EDITOR; the end is screen_edited(). */
	void (*edit)(void *arg, const char *text, size_t len);
	bool colours; /* told apart by colour: what is removed and what is added */
	void *arg;
};

/* Borrows the client and the keymap. */
struct screen *screen_new(struct client *, const struct keymap *, const struct screen_output *);
void screen_free(struct screen *);

void screen_resize(struct screen *, int height, int width);
void screen_key(struct screen *, const struct key *);

/*
 * Paints what changed, if it is time: damage by a key at once, by a stream no
 * sooner than 33 ms after the last frame. Returns the milliseconds until it
 * wants to be called again, -1 for never.
 */
int screen_paint(struct screen *, int64_t now);

bool screen_wants_quit(const struct screen *);

/* The text that comes back from an editor becomes the input's. */
void screen_edited(struct screen *, const char *text, size_t len);

/* Saves the draft; before the end, or when a signal says so. */
void screen_save(struct screen *);

/* What was painted last; for tests and --script. */
const struct grid *screen_grid(const struct screen *);

/* For panes and actions. */
struct view *screen_view(const struct screen *);
struct client *screen_client(const struct screen *);
const struct keymap *screen_keymap(const struct screen *);
const struct screen_output *screen_output(const struct screen *);
int64_t screen_now(const struct screen *);
int screen_width(const struct screen *);
int screen_height(const struct screen *);

/* Something is to be painted: at once if a person waits for it. */
void screen_damage(struct screen *, bool at_once);
void screen_touch_all(struct screen *);

/* A sentence above the input, until the next message or Esc; NULL takes it away. */
void screen_notice(struct screen *, const char *text);

/* Takes it away unless it is an error. */
void screen_forget_notice(struct screen *);
void screen_report(struct screen *, const struct error *);

/* Reports an error and empties it; false if there is none. */
bool screen_failed(struct screen *, struct error *);

/* A notice that something can be undone, which goes when it cannot be any more. */
void screen_notice_undo(struct screen *, const char *text);

/* The same of a turn that failed: where the messages tell it themselves it is not told twice. */
void screen_report_turn(struct screen *, const struct error *);
void screen_quit(struct screen *);

struct pane *screen_pane(const struct screen *, const char *name);
struct pane *screen_focused(const struct screen *);
void screen_focus(struct screen *, struct pane *);
int64_t screen_focused_since(const struct screen *); /* loop time */
void screen_focus_next(struct screen *);

/* The pane's name whose keys are valid now. */
const char *screen_context(const struct screen *);

/* Lays a pane over the others and gives it the focus; pop frees the top one. */
void screen_push(struct screen *, struct pane *);
void screen_pop(struct screen *);
struct pane *screen_top(const struct screen *); /* NULL: none */

/* Whether the list of conversations is beside the messages, and switching it. */
bool screen_has_list(const struct screen *);
void screen_toggle_list(struct screen *);
void screen_toggle_plain(struct screen *);
bool screen_is_plain(const struct screen *);
void screen_toggle_mouse(struct screen *);

/* Opens a conversation: view, draft and focus. entry (or 0) is selected. */
bool screen_open(struct screen *, int64_t conversation, int64_t entry);
void screen_open_new(struct screen *);

/* Sends again what is unsent or broke off; a branch with another answer is opened. */
bool screen_retry(struct screen *, struct error *);

/* Runs an action by name, in the context it stands in. */
void screen_act(struct screen *, const char *action);

/* The keys of an action valid now, "" if it has none. */
const char *screen_keys(const struct screen *, const char *action);

#endif
