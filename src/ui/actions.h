/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef UI_ACTIONS_H
#define UI_ACTIONS_H

/*
 * The table of everything that can be done on the screen. The keys, the
 * palette, the help, the manual and the profile's keys: come from it.
 */

#include <stdbool.h>
#include <stddef.h>

#include "ui/keymap.h"

struct buf;
struct error;
struct screen;

struct action {
	const char *name;
	const char *context; /* where it makes sense: a pane's name or "global" */
	const char *help;    /* N_() */
	/* NULL: the pane's own business (pane_ops.action). */
	void (*run)(struct screen *);
};

extern const struct action actions[];
extern const size_t action_count;
extern const struct default_key default_keys[];
extern const size_t default_key_count;

/* The action of that name in a context or globally, or NULL. */
const struct action *action_find(const char *context, const char *name);
bool action_is_known(const char *name);

/* The manual's section of keys in roff, and --list-keys as plain lines. */
void actions_manual(const struct keymap *, struct buf *out);
void actions_list(const struct keymap *, struct buf *out);

#endif
