/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef BASE_PATH_H
#define BASE_PATH_H

/*
 * Where files are (XDG Base Directory Specification 0.8), and reading and
 * writing them whole.
 */

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

struct buf;
struct error;

/*
 * $XDG_CONFIG_HOME/causerie/name and so on, with the specification's defaults
 * below $HOME; a relative value of a variable is ignored. name may be NULL for
 * the folder. Yours to free.
 */
char *path_config(const char *name);
char *path_data(const char *name);
char *path_state(const char *name);

/* "~/x" and "~" with the home directory in place of the tilde. Yours. */
char *path_expand(const char *path);

/* The folder of path and its parents, each made with mode 0700. */
bool path_make_parents(const char *path, struct error *);

/* Appends the whole file; more than max bytes is an error, as is anything but a regular file. */
bool path_read(const char *path, size_t max, struct buf *, struct error *);

/* Written beside it, synced, renamed over it: whole, or not at all. */
bool path_replace(const char *path, const void *bytes, size_t len, mode_t, struct error *);

#endif
