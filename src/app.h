/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef APP_H
#define APP_H

/*
 * Everything that exists, in the order it is made: loop, profile, store,
 * client, and for the full-screen chat the keymap and the screen.
 */

#include <stdbool.h>

struct args;
struct error;

/* The full-screen chat, until the user quits. */
bool app_chat(const struct args *, struct error *);

/* One verb. */
bool app_verb(const struct args *, struct error *);

/* What needs neither: the manual's page and the list of keys, on standard output. */
bool app_manual(struct error *);
bool app_list_keys(const struct args *, struct error *);

#endif
