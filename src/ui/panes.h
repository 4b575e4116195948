/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef UI_PANES_H
#define UI_PANES_H

/*
 * The panes there are. Each is made by its function and freed by the screen
 * through pane_ops; what else a pane offers to actions stands beside it.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/array.h"
#include "ui/pane.h"

struct buf;
struct error;

/* pane-compare.c: "compare". Two entries of the open tree beside each other, word by word. */
struct pane *pane_compare_new(struct screen *, int64_t left, int64_t right);
/*
 * The entry with the next way on at the nearest fork at or above it; of an
 * answer, what was answered there. Says so if there is none.
 */
void pane_compare_sibling(struct screen *, int64_t entry);

/* pane-conversations.c: "list". */
struct pane *pane_conversations_new(struct screen *);
/* The n-th conversation of the list, or the neighbour of the open one; 0: there is none. */
int64_t pane_conversations_nth(struct pane *, size_t n);
int64_t pane_conversations_neighbour(struct pane *, int step);
/* What Enter would open, and the tree it is in. */
bool pane_conversations_selected(struct pane *, int64_t *opens, int64_t *root);
void pane_conversations_reload(struct pane *);
void pane_conversations_show(struct pane *, int64_t root); /* selects it, if it is there */

/* pane-messages.c: "messages". */
struct pane *pane_messages_new(struct screen *);
void pane_messages_reset(struct pane *, int64_t entry); /* another conversation is open */
void pane_messages_follow(struct pane *);		/* to the end, and stay there */
void pane_messages_browse(struct pane *); /* browsing begins: something is selected */
/*
 * Brings what went wrong with the last entry into view, where it is told. False
 * if nothing is, or the reader is elsewhere: then somebody else has to tell.
 */
bool pane_messages_show_failure(struct pane *);
void pane_messages_select(struct pane *, int64_t entry);
int64_t pane_messages_selected(const struct pane *);	/* entry; 0: none */
/* The source of code block number of the selected entry, or (0) of the last there is. */
bool pane_messages_code(struct pane *, size_t number, struct buf *out);
void pane_messages_find(struct pane *, const char *words);

/* pane-input.c: "input". */
struct pane *pane_input_new(struct screen *);
int pane_input_height(struct pane *, int width, int most);
void pane_input_load(struct pane *);  /* the draft of what is open */
void pane_input_save(struct pane *);  /* the same way back; cheap if nothing changed */
void pane_input_set(struct pane *, const char *text, size_t len);
void pane_input_insert(struct pane *, const char *text, size_t len);
/* Something was deleted; and undoing an edit, if (newer) it was made since. False: there is none. */
void pane_input_deleted(struct pane *);
bool pane_input_undo(struct pane *, bool newer);
const char *pane_input_text(const struct pane *, size_t *len);

/* pane-status.c: "status"; takes no focus. */
struct pane *pane_status_new(struct screen *);

/* pane-tree.c: "tree". */
struct pane *pane_tree_new(struct screen *);

/* pane-text.c: "text". All keys, those of a context first. */
struct pane *pane_help_new(struct screen *, const char *context);

/* A text to read, such as the information of a conversation; title and text are copied. */
struct pane *pane_text_new(struct screen *, const char *title, const char *text);

/*
 * pane-picker.c: "picker". Rows to choose from by typing some of their
 * letters. Strings are not sanitised.
 */
struct pick {
	char *text;   /* what is matched and shown; owned by the picker */
	char *detail; /* shown at the right, dim; or NULL; owned */
	char *value;  /* handed back; or NULL; owned */
	int64_t key;  /* handed back */
};
typedef ARRAY(struct pick) pick_list;

/* pick NULL: cancelled. Called after the picker is gone from the screen. */
typedef void (*pick_fn)(struct screen *, const struct pick *);

/* Takes the list over. search (or NULL) makes the rows from what is typed, in place of matching. */
typedef void (*pick_search_fn)(struct screen *, const char *typed, pick_list *out);
struct pane *pane_picker_new(struct screen *, const char *title, pick_list *, pick_search_fn,
    pick_fn);

/* The same where several can be marked; nothing is called when it is cancelled. */
typedef void (*picks_fn)(struct screen *, const struct pick *, size_t count);
struct pane *pane_picker_new_many(
    struct screen *, const char *title, pick_search_fn search, picks_fn fn);

bool pane_picker_is_many(const struct pane *);

/* There may be other rows now. Nothing if the pane is no picker. */
void pane_picker_refresh(struct pane *);

/* pane-dialog.c: "dialog". A question with a line to type, or keys to choose by. */
typedef void (*dialog_fn)(struct screen *, const char *answer); /* NULL: cancelled */
struct pane *pane_dialog_new(struct screen *, const char *question, const char *text,
    dialog_fn);
/* choices: "hs": the letters that are answers; labels say what each of them does. */
struct pane *pane_choice_new(struct screen *, const char *question, const char *labels,
    const char *choices, dialog_fn);
bool pane_dialog_has_line(const struct pane *);
/* The same pane, but the answer comes with what the question is about, which is copied. */
typedef void (*dialog_about_fn)(struct screen *, const char *answer, const char *about);
struct pane *pane_dialog_about(struct pane *, const char *about, dialog_about_fn);

#endif
