/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include "store/db.h"

#include <assert.h>
#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#include <sqlite3.h>

#include "base/array.h"
#include "base/buf.h"
#include "base/clock.h"
#include "base/error.h"
#include "base/i18n.h"
#include "base/log.h"
#include "base/mem.h"

struct stmt {
	struct db *db;
	sqlite3_stmt *raw; /* NULL: the file would not let it be prepared, see problem */
	int problem;
	bool used;
	bool stepped; /* it gave a row, or the end */
	bool failed;
};

enum transaction {
	TRANSACTION_NONE,
	TRANSACTION_READ,
	TRANSACTION_WRITE,
};

struct db {
	sqlite3 *raw;
	char *path;
	int busy;
	enum transaction kind;
	int depth;
	bool doomed; /* rolled back inside: nothing more can be done until the outermost ends */
	bool full;   /* the synchronous mode set last */
	int64_t wait_until; /* of the lock that is waited for now */
	ARRAY(struct stmt *) stmts;
};

/* What a person reads about an error of SQLite; its own words only where they help. */
static bool
complain(const struct db *db, int code, struct error *err)
{
	const char *detail = sqlite3_errmsg(db->raw);

	switch (code & 0xff) {
	case SQLITE_BUSY:
	case SQLITE_PROTOCOL:
		return error_set(err, ERR_STORE,
		    _("Another instance of causerie keeps the store %s busy. Nothing in it was "
		      "changed; try again in a moment."),
		    db->path);
	case SQLITE_FULL:
		return error_set(err, ERR_STORE,
		    _("There is no space left for the store %s. Nothing in it was changed; make "
		      "some room and try again."),
		    db->path);
	case SQLITE_IOERR:
		return error_set(err, ERR_STORE,
		    _("The disk failed the store %s (%s). Nothing in it was changed; check the "
		      "disk and try again."),
		    db->path, detail);
	case SQLITE_READONLY:
	case SQLITE_PERM:
		return error_set(err, ERR_STORE,
		    _("The store %s cannot be written. Nothing in it was changed; check who "
		      "owns the file and its folder."),
		    db->path);
	case SQLITE_CANTOPEN:
		return error_set(err, ERR_STORE,
		    _("The store %s cannot be opened. It was left untouched; check who owns the "
		      "file and its folder."),
		    db->path);
	case SQLITE_CONSTRAINT:
		return error_set(err, ERR_STORE,
		    _("What was to be written to the store %s belongs to something that is not "
		      "there any more; another instance of causerie may have deleted it. "
		      "Nothing was changed."),
		    db->path);
	case SQLITE_CORRUPT:
		return error_set(err, ERR_STORE,
		    _("The store %s is damaged (%s). It was left untouched; keep a copy of it, "
		      "and move it away to start with an empty one."),
		    db->path, detail);
	case SQLITE_NOTADB:
		return error_set(err, ERR_STORE,
		    _("%s is no store of causerie, or a damaged one. It was left untouched; "
		      "move it away to start with an empty one."),
		    db->path);
	default:
		return error_set(err, ERR_STORE,
		    _("The store %s did not do what it was asked to (%s). Nothing in it was "
		      "changed."),
		    db->path, detail);
	}
}

static void
nap(void)
{
	/* Not all for the same time, or they meet again. */
	const struct timespec time = {.tv_nsec = (1 + clock_ms() % 7) * 1000 * 1000};

	nanosleep(&time, NULL);
}

/*
 * SQLite's own way of waiting sleeps longer and longer, so that of many
 * instances one can come too late again and again.
 */
static int
wait_for_lock(void *arg, int times)
{
	struct db *db = arg;

	if (times == 0)
		db->wait_until = clock_ms() + db->busy;
	if (clock_ms() >= db->wait_until)
		return 0;
	nap();
	return 1;
}

/*
 * SQLite calls the handler for most locks, but some moments (another instance
 * recovering the log, closing the file, or changing its mode) come back at
 * once. So we ask again until the time is over.
 */
static bool
worth_retrying(int code, int64_t deadline)
{
	code &= 0xff;
	if (code != SQLITE_BUSY && code != SQLITE_PROTOCOL)
		return false;
	if (clock_ms() >= deadline)
		return false;
	nap();
	return true;
}

static int
execute(struct db *db, const char *sql)
{
	int64_t deadline = clock_ms() + db->busy;
	int code;

	do
		code = sqlite3_exec(db->raw, sql, NULL, NULL, NULL);
	while (code != SQLITE_OK && worth_retrying(code, deadline));
	return code;
}

static void
harden(struct db *db)
{
	sqlite3_extended_result_codes(db->raw, 1);
	sqlite3_busy_handler(db->raw, wait_for_lock, db);
	sqlite3_db_config(db->raw, SQLITE_DBCONFIG_DEFENSIVE, 1, NULL);
	sqlite3_db_config(db->raw, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, NULL);
	sqlite3_db_config(db->raw, SQLITE_DBCONFIG_DQS_DML, 0, NULL);
	sqlite3_db_config(db->raw, SQLITE_DBCONFIG_DQS_DDL, 0, NULL);
	sqlite3_limit(db->raw, SQLITE_LIMIT_ATTACHED, 0);
}

/* Opens, and touches the file, since SQLite puts that off. */
static int
open_with(struct db *db, const char *name, int flags)
{
	int code = sqlite3_open_v2(name, &db->raw, flags | SQLITE_OPEN_PRIVATECACHE, NULL);

	if (code != SQLITE_OK)
		return code;
	harden(db);
	db->full = true;
	return execute(db, "PRAGMA cell_size_check = ON; PRAGMA foreign_keys = ON;"
			   "PRAGMA synchronous = FULL; SELECT count(*) FROM sqlite_schema");
}

static void
close_raw(struct db *db)
{
	sqlite3_close(db->raw);
	db->raw = NULL;
}

static bool
has_log(const char *path)
{
	char *log = xasprintf("%s-wal", path);
	struct stat st;
	bool has = stat(log, &st) == 0 && st.st_size > 0;

	free(log);
	return has;
}

/* file:PATH?immutable=1, with everything but plain characters escaped. */
static char *
immutable_name(const char *path)
{
	struct buf name;

	buf_init(&name, 0);
	buf_puts(&name, "file:");
	for (const char *p = path; *p != '\0'; p++) {
		if (isalnum((unsigned char)*p) || strchr("/-._~", *p) != NULL)
			buf_putc(&name, *p);
		else
			buf_printf(&name, "%%%02X", (unsigned char)*p);
	}
	buf_puts(&name, "?immutable=1");
	return buf_take(&name);
}

/*
 * In a folder that cannot be written, a database in WAL mode can only be read
 * as one that nobody changes; which is true there, unless a log says it is not.
 */
static int
open_immutable(struct db *db, const char *path)
{
	char *name = immutable_name(path);
	int code;

	close_raw(db);
	code = open_with(db, name, SQLITE_OPEN_READONLY | SQLITE_OPEN_URI);
	free(name);
	return code;
}

/* What a file that can only be read says, or a disk without room for the log's index. */
static bool
is_refusal(int code)
{
	code &= 0xff;
	return code == SQLITE_CANTOPEN || code == SQLITE_READONLY || code == SQLITE_PERM ||
	       code == SQLITE_IOERR || code == SQLITE_FULL;
}

static int
open_any(struct db *db, const char *path)
{
	int code = open_with(db, path, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE);

	if (!is_refusal(code))
		return code;
	close_raw(db);
	code = open_with(db, path, SQLITE_OPEN_READONLY);
	if (is_refusal(code) && !has_log(path))
		code = open_immutable(db, path);
	return code;
}

struct db *
db_open(const char *path, int busy, bool *read_only, struct error *err)
{
	struct db *db = xcalloc(1, sizeof(*db));
	bool memory = strcmp(path, ":memory:") == 0;
	int code;

	db->path = xstrdup(path);
	db->busy = busy;
	code = open_any(db, path);
	*read_only = code == SQLITE_OK && sqlite3_db_readonly(db->raw, "main") == 1;
	/* Where there can be no log (a network's file system), SQLite stays with what it has. */
	if (code == SQLITE_OK && !*read_only && !memory)
		code =
		    execute(db, "PRAGMA journal_mode = WAL; PRAGMA journal_size_limit = 16777216");
	if (code != SQLITE_OK) {
		complain(db, code, err);
		db_close(db);
		return NULL;
	}
	return db;
}

void
db_close(struct db *db)
{
	if (db == NULL)
		return;
	for (size_t i = 0; i < db->stmts.len; i++) {
		sqlite3_finalize(db->stmts.items[i]->raw);
		free(db->stmts.items[i]);
	}
	array_done(&db->stmts);
	close_raw(db);
	free(db->path);
	free(db);
}

void
db_abandon(struct db *db)
{
	sqlite3_db_config(db->raw, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, NULL);
	db_close(db);
}

bool
db_exec(struct db *db, const char *sql, struct error *err)
{
	int code = execute(db, sql);

	return code == SQLITE_OK ? true : complain(db, code, err);
}

static void
prepare(struct stmt *s, const char *sql)
{
	int64_t deadline = clock_ms() + s->db->busy;

	do
		s->problem = sqlite3_prepare_v3(
		    s->db->raw, sql, -1, SQLITE_PREPARE_PERSISTENT, &s->raw, NULL);
	while (s->problem != SQLITE_OK && worth_retrying(s->problem, deadline));
	if (s->problem == SQLITE_ERROR)
		fatal("SQL: %s: %s", sqlite3_errmsg(s->db->raw), sql);
}

struct stmt *
db_prepare(struct db *db, const char *sql)
{
	struct stmt *s;

	for (size_t i = 0; i < db->stmts.len; i++) {
		s = db->stmts.items[i];
		if (!s->used && s->raw != NULL && strcmp(sqlite3_sql(s->raw), sql) == 0) {
			s->used = true;
			return s;
		}
	}
	s = xcalloc(1, sizeof(*s));
	s->db = db;
	s->used = true;
	prepare(s, sql);
	array_push(&db->stmts, s);
	return s;
}

/* What can go wrong: a text larger than SQLite takes. The step then fails. */
static void
bound(struct stmt *s, int code)
{
	assert(code != SQLITE_RANGE && code != SQLITE_MISUSE);
	if (code != SQLITE_OK)
		s->problem = code;
}

void
db_bind_int(struct stmt *s, int place, int64_t value)
{
	if (s->raw != NULL)
		bound(s, sqlite3_bind_int64(s->raw, place, value));
}

void
db_bind_text(struct stmt *s, int place, const char *text)
{
	if (s->raw == NULL)
		return;
	if (text == NULL)
		bound(s, sqlite3_bind_null(s->raw, place));
	else
		db_bind_bytes(s, place, text, strlen(text));
}

void
db_bind_bytes(struct stmt *s, int place, const char *text, size_t len)
{
	if (s->raw != NULL)
		bound(s,
		    sqlite3_bind_text64(s->raw, place, text, len, SQLITE_TRANSIENT, SQLITE_UTF8));
}

/*
 * Within a transaction that is lost, by db_rollback() inside it or because
 * SQLite gave up on it, a statement would take effect by itself.
 */
static bool
is_lost(const struct db *db)
{
	return db->depth > 0 && (db->doomed || sqlite3_get_autocommit(db->raw));
}

static int
step(struct stmt *s)
{
	int64_t deadline = clock_ms() + s->db->busy;
	int code = s->problem;

	if (s->raw == NULL || code != SQLITE_OK)
		return code;
	if (is_lost(s->db))
		return SQLITE_ABORT;
	for (;;) {
		code = sqlite3_step(s->raw);
		/* Within a transaction, or behind a row, waiting would not help. */
		if (code == SQLITE_ROW || code == SQLITE_DONE || s->stepped || s->db->depth > 0 ||
		    !worth_retrying(code, deadline))
			return code;
		sqlite3_reset(s->raw);
	}
}

bool
db_step(struct stmt *s, struct error *err)
{
	int code = step(s);

	s->stepped = true;
	if (code == SQLITE_ROW)
		return true;
	if (code != SQLITE_DONE) {
		s->failed = true;
		complain(s->db, code, err);
	}
	return false;
}

bool
db_run(struct stmt *s, struct error *err)
{
	while (db_step(s, err))
		;
	return db_finish(s);
}

bool
db_finish(struct stmt *s)
{
	bool good = !s->failed;

	if (s->raw == NULL) {
		/* It was never compiled; the next one of its text will try again. */
		for (size_t i = 0; i < s->db->stmts.len; i++)
			if (s->db->stmts.items[i] == s) {
				array_remove(&s->db->stmts, i);
				break;
			}
		free(s);
		return good;
	}
	sqlite3_reset(s->raw);
	sqlite3_clear_bindings(s->raw);
	s->problem = SQLITE_OK;
	s->used = s->stepped = s->failed = false;
	return good;
}

int64_t
db_int(struct stmt *s, int column)
{
	return sqlite3_column_int64(s->raw, column);
}

const char *
db_text(struct stmt *s, int column)
{
	return (const char *)sqlite3_column_text(s->raw, column);
}

size_t
db_len(struct stmt *s, int column)
{
	return (size_t)sqlite3_column_bytes(s->raw, column);
}

static bool
begin(struct db *db, enum transaction kind, const char *sql, struct error *err)
{
	int64_t deadline = clock_ms() + db->busy;
	int code;

	if (db->depth > 0) {
		/* A read that turns into a write fails when someone else wrote in between. */
		assert(kind == TRANSACTION_READ || db->kind == TRANSACTION_WRITE);
		db->depth++;
		return true;
	}
	do {
		code = sqlite3_exec(db->raw, sql, NULL, NULL, NULL);
		/* Its second step failed. */
		if (code != SQLITE_OK && !sqlite3_get_autocommit(db->raw))
			sqlite3_exec(db->raw, "ROLLBACK", NULL, NULL, NULL);
	} while (code != SQLITE_OK && worth_retrying(code, deadline));
	if (code != SQLITE_OK)
		return complain(db, code, err);
	db->kind = kind;
	db->depth = 1;
	db->doomed = false;
	return true;
}

bool
db_begin(struct db *db, struct error *err)
{
	return begin(db, TRANSACTION_WRITE, "BEGIN IMMEDIATE", err);
}

bool
db_begin_read(struct db *db, struct error *err)
{
	/* BEGIN alone does nothing yet, and in the middle of a transaction nobody waits. */
	return begin(
	    db, TRANSACTION_READ, "BEGIN; SELECT count(*) FROM sqlite_schema WHERE 0", err);
}

bool
db_commit(struct db *db, struct error *err)
{
	int code;

	assert(db->depth > 0);
	if (db->depth > 1) {
		db->depth--;
		return true;
	}
	code = is_lost(db) ? SQLITE_ABORT : execute(db, "COMMIT");
	if (code != SQLITE_OK) {
		complain(db, code, err);
		db_rollback(db);
		return false;
	}
	db->depth = 0;
	return true;
}

void
db_rollback(struct db *db)
{
	assert(db->depth > 0);
	db->depth--;
	db->doomed = db->depth > 0;
	/* After some errors SQLite has done it already. */
	if (db->depth == 0 && !sqlite3_get_autocommit(db->raw))
		sqlite3_exec(db->raw, "ROLLBACK", NULL, NULL, NULL);
}

bool
db_end(struct db *db, bool good, struct error *err)
{
	if (good)
		return db_commit(db, err);
	db_rollback(db);
	return false;
}

void
db_full_sync(struct db *db, bool full)
{
	/* SQLite does not change it in the middle of a transaction. */
	if (db->depth > 0 || full == db->full)
		return;
	execute(db, full ? "PRAGMA synchronous = FULL" : "PRAGMA synchronous = NORMAL");
	db->full = full;
}

int64_t
db_last_key(const struct db *db)
{
	return sqlite3_last_insert_rowid(db->raw);
}

int64_t
db_changes(const struct db *db)
{
	return sqlite3_total_changes64(db->raw);
}
