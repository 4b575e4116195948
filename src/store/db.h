/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef STORE_DB_H
#define STORE_DB_H

/*
 * SQLite at arm's length: open, migrate, prepare, bind, step, column. Nothing
 * else in the project sees sqlite3.
 *
 *	struct stmt *s = db_prepare(db, "SELECT id FROM entry WHERE key = ?1");
 *	db_bind_int(s, 1, key);
 *	while (db_step(s, err))
 *		... db_text(s, 0) ...
 *	db_finish(s);
 *
 * Statements are kept prepared and found again by their text, which must be a
 * string constant. SQL is ours: a statement that does not compile is fatal().
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct db;
struct error;
struct stmt;

/*
 * Opens a database, or makes an empty one where there is none or an empty
 * file. busy: milliseconds to wait for another instance's write. read_only is
 * set if it cannot be written.
 */
struct db *db_open(const char *path, int busy, bool *read_only, struct error *);
void db_close(struct db *);

/* Closes it without tidying up its log, which would write to the file. */
void db_abandon(struct db *);

/* Statements separated by semicolons; not necessarily ours: what does not compile is an error. */
bool db_exec(struct db *, const char *sql, struct error *);

struct stmt *db_prepare(struct db *, const char *sql);
void db_bind_int(struct stmt *, int place, int64_t value);
void db_bind_text(struct stmt *, int place, const char *text); /* NULL binds NULL; copied */
void db_bind_bytes(struct stmt *, int place, const char *text, size_t len); /* as text; copied */

/* True: a row. False: the end, or an error, then err is set. */
bool db_step(struct stmt *, struct error *);

/* Steps to the end; false on an error. For statements without rows; also finishes it. */
bool db_run(struct stmt *, struct error *);

/* Ready for its next use. False if a step of it failed. */
bool db_finish(struct stmt *);

int64_t db_int(struct stmt *, int column);
const char *db_text(struct stmt *, int column); /* borrowed until the next step; NULL is NULL */
size_t db_len(struct stmt *, int column);

/* Nested transactions: only the outermost commits; any rollback inside rolls all back. */
bool db_begin(struct db *, struct error *);
bool db_commit(struct db *, struct error *);
void db_rollback(struct db *);

/* Commits if all went well, else rolls back; whether it is committed. */
bool db_end(struct db *, bool good, struct error *);

/* What is read until db_end() is of one moment. Nothing may be written within. */
bool db_begin_read(struct db *, struct error *);

/* For the next transaction: FULL (true) or NORMAL. */
void db_full_sync(struct db *, bool full);

int64_t db_last_key(const struct db *);

/* Rows that this connection has changed since it was opened. */
int64_t db_changes(const struct db *);

#endif
