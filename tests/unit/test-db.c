/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/buf.h"
#include "base/error.h"
#include "base/mem.h"
#include "base/path.h"
#include "store/db.h"
#include "store/schema.h"
#include "unit/scratch.h"

static struct db *
open_memory(void)
{
	struct error err = ERROR_NONE;
	bool read_only = true;
	struct db *db = db_open(":memory:", 1000, &read_only, &err);

	assert_non_null(db);
	assert_false(read_only);
	return db;
}

static void
run(struct db *db, const char *sql)
{
	struct error err = ERROR_NONE;

	if (!db_exec(db, sql, &err))
		fail_msg("%s: %s", sql, err.text);
}

static int64_t
number(struct db *db, const char *sql)
{
	struct error err = ERROR_NONE;
	struct stmt *s = db_prepare(db, sql);
	int64_t value = db_step(s, &err) ? db_int(s, 0) : -1;

	assert_true(db_finish(s));
	return value;
}

static void
test_values(void **state)
{
	static const struct {
		const char *text;
		size_t len;
	} texts[] = {{"", 0}, {"plain", 5}, {"a\0b", 3}, {"\0", 1}, {"d\xc3\xa9j\xc3\xa0", 6}};
	struct error err = ERROR_NONE;
	struct db *db = open_memory();
	struct stmt *s;

	(void)state;
	run(db, "CREATE TABLE t (n INTEGER, x TEXT)");
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		s = db_prepare(db, "INSERT INTO t (n, x) VALUES (?1, ?2)");
		db_bind_int(s, 1, INT64_MIN + (int64_t)i);
		db_bind_bytes(s, 2, texts[i].text, texts[i].len);
		assert_true(db_run(s, &err));
		assert_int_equal(db_last_key(db), i + 1);
		s = db_prepare(db, "SELECT n, x, typeof(x) FROM t WHERE rowid = ?1");
		db_bind_int(s, 1, db_last_key(db));
		assert_true(db_step(s, &err));
		assert_true(db_int(s, 0) == INT64_MIN + (int64_t)i);
		assert_memory_equal(db_text(s, 1), texts[i].text, texts[i].len + 1);
		assert_int_equal(db_len(s, 1), texts[i].len);
		assert_string_equal(db_text(s, 2), "text");
		assert_false(db_step(s, &err));
		assert_true(db_finish(s));
	}
	s = db_prepare(db, "SELECT ?1 IS NULL, ?1");
	db_bind_text(s, 1, NULL);
	assert_true(db_step(s, &err));
	assert_int_equal(db_int(s, 0), 1);
	assert_null(db_text(s, 1));
	db_finish(s);
	assert_int_equal(db_changes(db), 5);
	db_close(db);
}

/* One statement used twice at once is two; bindings do not survive. */
static void
test_statements(void **state)
{
	struct error err = ERROR_NONE;
	struct db *db = open_memory();
	struct stmt *a, *b;

	(void)state;
	a = db_prepare(db, "SELECT ?1");
	db_bind_int(a, 1, 1);
	assert_true(db_step(a, &err));
	b = db_prepare(db, "SELECT ?1");
	assert_ptr_not_equal(a, b);
	db_bind_int(b, 1, 2);
	assert_true(db_step(b, &err));
	assert_int_equal(db_int(a, 0), 1);
	assert_int_equal(db_int(b, 0), 2);
	db_finish(a);
	db_finish(b);
	a = db_prepare(db, "SELECT ?1");
	assert_true(db_step(a, &err));
	assert_null(db_text(a, 0));
	db_finish(a);
	db_close(db);
}

static void
test_errors(void **state)
{
	struct error err = ERROR_NONE;
	struct db *db = open_memory();
	struct stmt *s;

	(void)state;
	assert_false(db_exec(db, "CREATE NONSENSE", &err));
	assert_int_equal(err.kind, ERR_STORE);
	error_done(&err);
	run(db, "CREATE TABLE t (x TEXT NOT NULL)");
	s = db_prepare(db, "INSERT INTO t (x) VALUES (?1)");
	assert_false(db_run(s, &err));
	assert_int_equal(err.kind, ERR_STORE);
	error_done(&err);
	/* It works again once its values are right. */
	s = db_prepare(db, "INSERT INTO t (x) VALUES (?1)");
	db_bind_text(s, 1, "x");
	assert_true(db_run(s, &err));
	db_close(db);
}

static void
test_transactions(void **state)
{
	struct error err = ERROR_NONE;
	struct db *db = open_memory();

	(void)state;
	run(db, "CREATE TABLE t (x INTEGER)");
	assert_true(db_begin(db, &err));
	run(db, "INSERT INTO t VALUES (1)");
	assert_true(db_begin(db, &err));
	run(db, "INSERT INTO t VALUES (2)");
	assert_true(db_commit(db, &err));
	assert_true(db_end(db, true, &err));
	assert_int_equal(number(db, "SELECT count(*) FROM t"), 2);
	assert_true(db_begin(db, &err));
	run(db, "INSERT INTO t VALUES (3)");
	db_rollback(db);
	assert_int_equal(number(db, "SELECT count(*) FROM t"), 2);
	db_close(db);
}

/* A rollback inside takes everything with it, and nothing can slip in behind it. */
static void
test_doomed(void **state)
{
	struct error err = ERROR_NONE;
	struct db *db = open_memory();
	struct stmt *s;

	(void)state;
	run(db, "CREATE TABLE t (x INTEGER)");
	assert_true(db_begin(db, &err));
	run(db, "INSERT INTO t VALUES (1)");
	assert_true(db_begin(db, &err));
	run(db, "INSERT INTO t VALUES (2)");
	db_rollback(db);
	s = db_prepare(db, "INSERT INTO t VALUES (3)");
	assert_false(db_run(s, &err));
	error_done(&err);
	assert_false(db_commit(db, &err));
	assert_int_equal(err.kind, ERR_STORE);
	error_done(&err);
	assert_int_equal(number(db, "SELECT count(*) FROM t"), 0);
	/* And the next one is as good as new. */
	assert_true(db_begin(db, &err));
	run(db, "INSERT INTO t VALUES (4)");
	assert_true(db_commit(db, &err));
	assert_int_equal(number(db, "SELECT count(*) FROM t"), 1);
	db_close(db);
}

/* What is read in one go does not see what another connection writes meanwhile. */
static void
test_read(void **state)
{
	struct error err = ERROR_NONE;
	char *path = scratch_path("read.db");
	bool read_only;
	struct db *a = db_open(path, 1000, &read_only, &err), *b;

	(void)state;
	run(a, "CREATE TABLE t (x INTEGER)");
	b = db_open(path, 1000, &read_only, &err);
	assert_true(db_begin_read(a, &err));
	assert_int_equal(number(a, "SELECT count(*) FROM t"), 0);
	run(b, "INSERT INTO t VALUES (1)");
	assert_int_equal(number(a, "SELECT count(*) FROM t"), 0);
	assert_true(db_end(a, true, &err));
	assert_int_equal(number(a, "SELECT count(*) FROM t"), 1);
	assert_int_equal(number(a, "PRAGMA foreign_keys"), 1);
	assert_int_equal(number(a, "PRAGMA trusted_schema"), 0);
	db_full_sync(a, true);
	assert_int_equal(number(a, "PRAGMA synchronous"), 2);
	db_full_sync(a, false);
	assert_int_equal(number(a, "PRAGMA synchronous"), 1);
	db_close(a);
	db_close(b);
	free(path);
}

/* A lock that is not let go ends in one sentence, not in SQLite's. */
static void
test_busy(void **state)
{
	struct error err = ERROR_NONE;
	char *path = scratch_path("busy.db");
	bool read_only;
	struct db *a = db_open(path, 100, &read_only, &err);
	struct db *b = db_open(path, 100, &read_only, &err);

	(void)state;
	run(a, "CREATE TABLE t (x INTEGER)");
	assert_true(db_begin(a, &err));
	assert_false(db_begin(b, &err));
	assert_int_equal(err.kind, ERR_STORE);
	assert_null(strstr(err.text, "locked"));
	assert_non_null(strstr(err.text, path));
	error_done(&err);
	assert_true(db_commit(a, &err));
	assert_true(db_begin(b, &err));
	assert_true(db_commit(b, &err));
	db_close(a);
	db_close(b);
	free(path);
}

/* Migrations. */

static void
test_migrate(void **state)
{
	static const char *const steps[] = {
	    "CREATE TABLE a (x); INSERT INTO a VALUES (1), (2);",
	    "-- The second.\nALTER TABLE a ADD COLUMN y; UPDATE a SET y = x * 10;",
	    "CREATE TABLE b AS SELECT sum(y) AS s FROM a;",
	    "CREATE TABLE c (x); INSERT INTO nowhere VALUES (1);",
	};
	struct error err = ERROR_NONE;
	struct db *db = open_memory();

	(void)state;
	assert_true(schema_migrate(db, steps, 1, &err));
	assert_int_equal(number(db, "PRAGMA user_version"), 1);
	run(db, "INSERT INTO a VALUES (3)");
	/* From an older schema to the newest, with what was in it. */
	assert_true(schema_migrate(db, steps, 3, &err));
	assert_int_equal(number(db, "PRAGMA user_version"), 3);
	assert_int_equal(number(db, "SELECT s FROM b"), 60);
	assert_true(schema_migrate(db, steps, 3, &err));
	/* One that fails half way leaves nothing of itself. */
	assert_false(schema_migrate(db, steps, 4, &err));
	assert_int_equal(err.kind, ERR_STORE);
	error_done(&err);
	assert_int_equal(number(db, "PRAGMA user_version"), 3);
	assert_int_equal(number(db, "SELECT count(*) FROM sqlite_schema WHERE name = 'c'"), 0);
	db_close(db);
}

/* Files that are not ours. */

static void
write_file(const char *path, const char *bytes, size_t len)
{
	struct error err = ERROR_NONE;

	assert_true(path_replace(path, bytes, len, 0600, &err));
}

static void
read_file(const char *path, struct buf *out)
{
	struct error err = ERROR_NONE;

	buf_clear(out);
	assert_true(path_read(path, 1 << 24, out, &err));
}

/* Refused, in a sentence with its name, and not a byte changed. */
static void
expect_refusal(const char *path)
{
	struct buf before = BUF_EMPTY, after = BUF_EMPTY;
	struct error err = ERROR_NONE;
	bool read_only;

	read_file(path, &before);
	assert_null(schema_open(path, &read_only, &err));
	assert_int_equal(err.kind, ERR_STORE);
	assert_non_null(strstr(err.text, path));
	assert_non_null(strstr(err.text, "untouched"));
	read_file(path, &after);
	assert_int_equal(before.len, after.len);
	assert_memory_equal(before.data, after.data, before.len);
	error_done(&err);
	buf_done(&before);
	buf_done(&after);
}

static void
make_store(const char *path)
{
	struct error err = ERROR_NONE;
	bool read_only;
	struct db *db = schema_open(path, &read_only, &err);

	if (db == NULL)
		fail_msg("%s", err.text);
	assert_false(read_only);
	run(db, "INSERT INTO state VALUES ('x', 'y')");
	db_close(db);
}

static void
test_new(void **state)
{
	char *path = scratch_path("deep/er/new.db");
	struct error err = ERROR_NONE;
	struct stat st;
	char *empty = scratch_path("empty.db");
	bool read_only;
	struct db *db;

	(void)state;
	make_store(path);
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0600);
	*strrchr(path, '/') = '\0';
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0700);
	/* An empty file holds nothing that could be lost. */
	write_file(empty, "", 0);
	make_store(empty);
	/* Nor does one in which nothing but the mode was set, as a start cut short leaves it. */
	unlink(empty);
	db = db_open(empty, 1000, &read_only, &err);
	db_close(db);
	make_store(empty);
	db = schema_open(empty, &read_only, &err);
	assert_int_equal(number(db, "SELECT count(*) FROM state"), 1);
	db_close(db);
	free(empty);
	free(path);
}

static void
test_foreign(void **state)
{
	struct error err = ERROR_NONE;
	char *path = scratch_path("foreign.db");
	bool read_only;
	struct db *db;

	(void)state;
	write_file(path, "This is a letter, not a database.\n", 34);
	expect_refusal(path);
	write_file(path, "SQLite format 3", 16);
	expect_refusal(path);
	unlink(path);
	db = db_open(path, 1000, &read_only, &err);
	run(db, "CREATE TABLE recipes (cake TEXT)");
	db_close(db);
	expect_refusal(path);
	unlink(path);
	db = db_open(path, 1000, &read_only, &err);
	run(db, "PRAGMA application_id = 252006675");
	db_close(db);
	expect_refusal(path);
	unlink(path);
	assert_int_equal(mkdir(path, 0700), 0);
	assert_null(schema_open(path, &read_only, &err));
	assert_int_equal(err.kind, ERR_STORE);
	error_done(&err);
	free(path);
}

static void
test_newer(void **state)
{
	struct error err = ERROR_NONE;
	char *path = scratch_path("newer.db");
	bool read_only;
	struct db *db;

	(void)state;
	make_store(path);
	db = db_open(path, 1000, &read_only, &err);
	run(db, "PRAGMA user_version = 900");
	db_close(db);
	expect_refusal(path);
	free(path);
}

/* A foreign database with a log: SQLite would replay it, so it must not see it. */
static void
test_foreign_log(void **state)
{
	struct error err = ERROR_NONE;
	char *path = scratch_path("log.db"), *copy = scratch_path("copy.db");
	char *log = scratch_path("log.db-wal"), *log_copy = scratch_path("copy.db-wal");
	struct buf bytes = BUF_EMPTY, after = BUF_EMPTY;
	bool read_only;
	struct db *db = db_open(path, 1000, &read_only, &err);

	(void)state;
	run(db, "CREATE TABLE recipes (cake TEXT); PRAGMA wal_checkpoint; INSERT INTO recipes "
		"VALUES (1)");
	read_file(path, &bytes);
	write_file(copy, bytes.data, bytes.len);
	read_file(log, &bytes);
	write_file(log_copy, bytes.data, bytes.len);
	db_close(db);
	expect_refusal(copy);
	read_file(log_copy, &after);
	assert_int_equal(bytes.len, after.len);
	buf_done(&bytes);
	buf_done(&after);
	free(path);
	free(copy);
	free(log);
	free(log_copy);
}

static void
test_damaged(void **state)
{
	struct error err = ERROR_NONE;
	char *path = scratch_path("good.db"), *bad = scratch_path("bad.db");
	struct buf bytes = BUF_EMPTY;
	bool read_only;
	struct db *db;

	(void)state;
	make_store(bad);
	db = db_open(bad, 1000, &read_only, &err);
	run(db, "DROP TABLE draft");
	db_close(db);
	expect_refusal(bad);
	make_store(path);
	/* Its last page has something at its end, or nobody would miss that. */
	db = db_open(path, 1000, &read_only, &err);
	run(db, "CREATE TABLE last AS SELECT hex(zeroblob(1500)) AS value");
	db_close(db);
	read_file(path, &bytes);
	assert_true(bytes.len > 65536);
	/* The last page is an empty table's: it has nothing that could be cut off. */
	for (size_t cut = 50; cut < bytes.len - 4096; cut += 7777) {
		write_file(bad, bytes.data, cut);
		expect_refusal(bad);
	}
	/* A page of zeros, wherever it is. */
	for (size_t page = 1; page * 4096 < bytes.len; page++) {
		struct buf broken = BUF_EMPTY;

		buf_add(&broken, bytes.data, bytes.len);
		memset(broken.data + page * 4096, 0x5a, 4096);
		write_file(bad, broken.data, broken.len);
		expect_refusal(bad);
		buf_done(&broken);
	}
	buf_done(&bytes);
	free(path);
	free(bad);
}

/* As somebody who may only read. root may everything, so it becomes nobody first. */
static int
as_nobody(int (*check)(void))
{
	pid_t child = fork();
	int status = -1;

	if (child == 0) {
		if (geteuid() == 0 && (setgid(65534) != 0 || setuid(65534) != 0))
			_exit(77);
		_exit(check());
	}
	waitpid(child, &status, 0);
	return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static int
open_read_only(void)
{
	char *path = scratch_path("shut/store.db");
	struct error err = ERROR_NONE;
	bool read_only = false;
	struct db *db = schema_open(path, &read_only, &err);
	struct stmt *s;
	int result = 1;

	free(path);
	if (db == NULL) {
		fprintf(stderr, "%s\n", err.text);
		return 2;
	}
	s = db_prepare(db, "SELECT count(*) FROM state");
	if (read_only && db_step(s, &err) && db_int(s, 0) == 1)
		result = 0;
	db_finish(s);
	s = db_prepare(db, "INSERT INTO state VALUES ('a', 'b')");
	if (db_run(s, &err) || err.kind != ERR_STORE)
		result = 3;
	error_done(&err);
	db_close(db);
	return result;
}

static void
test_read_only(void **state)
{
	/* Static, so that the children's memory checkers still see them. */
	static char *path, *shut;

	(void)state;
	path = scratch_path("shut/store.db");
	shut = scratch_path("shut");
	make_store(path);
	assert_int_equal(chmod(scratch, 0755), 0);
	assert_int_equal(chmod(path, 0444), 0);
	assert_int_equal(chmod(shut, 0555), 0);
	assert_int_equal(as_nobody(open_read_only), 0);
	/* The file could be written, its folder not: no room for a log. */
	assert_int_equal(chmod(path, 0666), 0);
	assert_int_equal(as_nobody(open_read_only), 0);
	/* And the other way round. */
	assert_int_equal(chmod(path, 0444), 0);
	assert_int_equal(chmod(shut, 0777), 0);
	assert_int_equal(as_nobody(open_read_only), 0);
	free(shut);
	free(path);
}

/* Waits at the gate, which is a pipe that nobody writes to, until it is shut. */
static int
open_at_once(const char *path, const int gate[2])
{
	struct error err = ERROR_NONE;
	bool good, read_only;
	struct db *db;
	char byte;

	close(gate[1]);
	if (read(gate[0], &byte, 1) != 0)
		return 3;
	db = schema_open(path, &read_only, &err);
	if (db == NULL) {
		fprintf(stderr, "%s\n", err.text);
		error_done(&err);
		return 1;
	}
	good = db_exec(db, "INSERT INTO state VALUES (hex(randomblob(8)), '')", &err);
	db_close(db);
	return good ? 0 : 2;
}

static void
race(const char *path)
{
	enum { COUNT = 8 };
	pid_t children[COUNT];
	struct error err = ERROR_NONE;
	struct db *db;
	bool read_only;
	int gate[2];

	assert_int_equal(pipe(gate), 0);
	for (int i = 0; i < COUNT; i++) {
		children[i] = fork();
		if (children[i] == 0)
			_exit(open_at_once(path, gate));
	}
	close(gate[0]);
	close(gate[1]);
	for (int i = 0; i < COUNT; i++) {
		int status = -1;

		waitpid(children[i], &status, 0);
		assert_int_equal(status, 0);
	}
	db = schema_open(path, &read_only, &err);
	assert_int_equal(number(db, "SELECT count(*) FROM state"), COUNT);
	db_close(db);
}

/* Many that begin at once with no file there: one makes it, all find it. */
static void
test_race(void **state)
{
	enum { ROUNDS = 6 };

	(void)state;
	for (int i = 0; i < ROUNDS; i++) {
		char *name = xasprintf("race-%d.db", i);
		char *path = scratch_path(name);

		race(path);
		free(path);
		free(name);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_values),
	    cmocka_unit_test(test_statements),
	    cmocka_unit_test(test_errors),
	    cmocka_unit_test(test_transactions),
	    cmocka_unit_test(test_doomed),
	    cmocka_unit_test(test_read),
	    cmocka_unit_test(test_busy),
	    cmocka_unit_test(test_migrate),
	    cmocka_unit_test(test_new),
	    cmocka_unit_test(test_foreign),
	    cmocka_unit_test(test_newer),
	    cmocka_unit_test(test_foreign_log),
	    cmocka_unit_test(test_damaged),
	    cmocka_unit_test(test_read_only),
	    cmocka_unit_test(test_race),
	};

	return cmocka_run_group_tests(tests, scratch_make, scratch_remove);
}
