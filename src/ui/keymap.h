/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef UI_KEYMAP_H
#define UI_KEYMAP_H

/*
 * Contexts and key sequences → actions. A context is the name of a pane, or
 * "global", which is asked last. Built from the table of actions, a preset
 * and the profile's keys:.
 */

#include <stdbool.h>
#include <stddef.h>

#include "base/array.h"
#include "ui/key.h"

struct error;
struct keymap;
struct profile;

/* A row of the table of default keys, beside its action (ui/actions.c). */
struct default_key {
	const char *preset;  /* NULL: all; else "default", "emacs" or "vi" */
	const char *context;
	const char *keys;    /* "C-x b": keys separated by spaces */
	const char *action;
};

struct keymap *keymap_new(const struct default_key *, size_t count, const char *preset);
void keymap_free(struct keymap *);

/*
 * Adds the profile's. Unknown contexts, actions and keys, and a sequence that
 * hides another, are problems: ERR_CONFIG, a line each with the profile's line
 * and column. known_action tells which actions there are.
 */
bool keymap_apply(struct keymap *, const struct profile *, bool (*known_action)(const char *),
    struct error *);

enum keymap_result {
	KEYMAP_NONE,   /* no binding begins so */
	KEYMAP_MORE,   /* the beginning of one */
	KEYMAP_ACTION,
};

/* Asks context, then "global", for a sequence of keys. */
enum keymap_result keymap_find(const struct keymap *, const char *context, const struct key *keys,
    size_t count, const char **action);

/* The first key sequence of an action in a context (or global), "" if unbound. */
const char *keymap_keys(const struct keymap *, const char *context, const char *action);

/* All bindings, in the order of contexts and actions. */
struct keymap_row {
	const char *context, *keys, *action;
};
typedef ARRAY(struct keymap_row) keymap_rows;
void keymap_list(const struct keymap *, keymap_rows *out);

#endif
