/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef STORE_SCHEMA_H
#define STORE_SCHEMA_H

/*
 * The file of the store: whether it is one of ours, making it, and bringing it
 * to the newest schema by the steps data/schema/001.sql, 002.sql, ... The
 * number of the last step that was applied is the database's user_version.
 */

#include <stdbool.h>
#include <stddef.h>

struct db;
struct error;

/* A file that is not ours, newer than this program or damaged is refused, and not changed. */
struct db *schema_open(const char *path, bool *read_only, struct error *);

/*
 * Applies those of the steps that are missing, each in a transaction of its
 * own; one that fails leaves the database as the step before left it.
 */
bool schema_migrate(struct db *, const char *const *steps, size_t count, struct error *);

#endif
