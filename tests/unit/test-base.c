/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/array.h"
#include "base/buf.h"
#include "base/clock.h"
#include "base/error.h"
#include "base/id.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/path.h"
#include "unit/scratch.h"

#define COUNT(table) (sizeof(table) / sizeof((table)[0]))

static void
test_mem(void **unused)
{
	char *text = xstrdup("abc"), *start = xstrndup("abcdef", 3), *made;

	(void)unused;
	assert_string_equal(text, "abc");
	assert_string_equal(start, "abc");
	assert_null(xstrdup(NULL));
	xreplace(&text, text);
	assert_string_equal(text, "abc");
	xreplace_if(&text, NULL);
	assert_non_null(text);
	xreplace_if(&text, "other");
	assert_string_equal(text, "other");
	xreplace(&text, NULL);
	assert_null(text);
	made = xasprintf("%s-%d", start, 7);
	assert_string_equal(made, "abc-7");
	free(made);
	free(start);
	made = xmalloc(0);
	assert_non_null(made);
	free(made);
}

static void
test_buf_adds(void **unused)
{
	struct buf b;

	(void)unused;
	buf_init(&b, 0);
	assert_string_equal(b.data, "");
	assert_true(buf_puts(&b, "one"));
	assert_true(buf_putc(&b, ' '));
	assert_true(buf_add(&b, "t\0o", 3));
	assert_int_equal(b.len, 7);
	assert_memory_equal(b.data, "one t\0o", 8);
	assert_true(buf_printf(&b, " %05d", 42));
	assert_memory_equal(b.data + 7, " 00042", 7);
	assert_true(buf_pad(&b, '.', 3));
	assert_memory_equal(b.data + 13, "...", 4);
	buf_drop(&b, 7);
	assert_string_equal(b.data, " 00042...");
	assert_true(buf_insert(&b, 1, "xy", 2));
	assert_string_equal(b.data, " xy00042...");
	assert_true(buf_insert(&b, b.len, "!", 1));
	buf_erase(&b, 0, 1);
	assert_string_equal(b.data, "xy00042...!");
	buf_erase(&b, 2, 5);
	assert_string_equal(b.data, "xy...!");
	buf_truncate(&b, 2);
	assert_string_equal(b.data, "xy");
	buf_clear(&b);
	assert_string_equal(b.data, "");
	buf_done(&b);
	buf_done(&b);
}

static void
test_buf_long(void **unused)
{
	struct buf b = BUF_EMPTY;
	char *taken;

	(void)unused;
	for (int i = 0; i < 100000; i++)
		buf_putc(&b, (char)('a' + i % 26));
	assert_int_equal(b.len, 100000);
	assert_int_equal(strlen(b.data), 100000);
	assert_int_equal(b.data[99999], 'a' + 99999 % 26);
	taken = buf_take(&b);
	assert_int_equal(strlen(taken), 100000);
	assert_int_equal(b.len, 0);
	free(taken);
	taken = buf_take(&b);
	assert_string_equal(taken, "");
	free(taken);
	buf_done(&b);
}

/* What does not fit is refused whole, and remembered. */
static void
test_buf_ceiling(void **unused)
{
	struct buf b;

	(void)unused;
	buf_init(&b, 5);
	assert_true(buf_puts(&b, "abc"));
	assert_false(buf_puts(&b, "def"));
	assert_true(b.full);
	assert_string_equal(b.data, "abc");
	assert_false(buf_printf(&b, "%s", "def"));
	assert_false(buf_insert(&b, 0, "def", 3));
	assert_false(buf_pad(&b, ' ', SIZE_MAX));
	assert_false(buf_put_json(&b, "x", 1));
	assert_string_equal(b.data, "abc");
	assert_true(buf_puts(&b, "de"));
	assert_string_equal(b.data, "abcde");
	assert_true(buf_add(&b, "", 0));
	assert_false(buf_putc(&b, 'f'));
	buf_clear(&b);
	assert_false(b.full);
	assert_true(buf_puts(&b, "12345"));
	buf_done(&b);
	assert_int_equal(b.max, 5);
}

static void
test_buf_json(void **unused)
{
	struct buf b = BUF_EMPTY;

	(void)unused;
	buf_put_json(&b, "a\"\\/\n\r\t\x01\x1f\x7f\0\xc3\xa9", 13);
	assert_string_equal(b.data, "\"a\\\"\\\\/\\n\\r\\t\\u0001\\u001f\\u007f\\u0000\xc3\xa9\"");
	buf_done(&b);
}

static void
test_array(void **unused)
{
	ARRAY(int) a = {0};

	(void)unused;
	for (int i = 0; i < 1000; i++)
		array_push(&a, i);
	assert_int_equal(a.len, 1000);
	array_insert(&a, 0, -1);
	array_insert(&a, 500, -2);
	array_insert(&a, 1002, -3);
	assert_int_equal(a.items[0], -1);
	assert_int_equal(a.items[499], 498);
	assert_int_equal(a.items[500], -2);
	assert_int_equal(a.items[501], 499);
	assert_int_equal(a.items[1002], -3);
	array_remove(&a, 500);
	array_remove(&a, 0);
	array_remove(&a, 1000);
	assert_int_equal(a.len, 1000);
	for (int i = 0; i < 1000; i++)
		assert_int_equal(a.items[i], i);
	array_clear(&a);
	assert_int_equal(a.len, 0);
	array_done(&a);
	assert_null(a.items);
}

static void
test_error(void **unused)
{
	static const struct {
		enum error_kind kind;
		int status;
	} statuses[] = {{ERR_NONE, 0}, {ERR_USAGE, 2}, {ERR_CONFIG, 3}, {ERR_NETWORK, 4},
	    {ERR_AUTH, 5}, {ERR_BUSY, 6}, {ERR_SERVER, 1}, {ERR_STORE, 7}, {ERR_CANCELLED, 130},
	    {ERR_PROTOCOL, 1}, {ERR_TOOL, 1}, {ERR_SYSTEM, 1}};
	struct error err = ERROR_NONE, other = ERROR_NONE;

	(void)unused;
	assert_false(error_set(&err, ERR_BUSY, "%s %d.", "Wait", 3));
	err.retry_after = 3;
	assert_string_equal(err.text, "Wait 3.");
	/* The old text may be part of the new one. */
	error_set(&err, ERR_SERVER, "No: %s", err.text);
	assert_string_equal(err.text, "No: Wait 3.");
	error_copy(&other, &err);
	assert_string_equal(other.text, err.text);
	assert_true(other.text != err.text);
	error_done(&other);
	assert_false(error_move(&other, &err));
	assert_int_equal(err.kind, ERR_NONE);
	assert_null(err.text);
	assert_int_equal(other.kind, ERR_SERVER);
	assert_string_equal(other.text, "No: Wait 3.");
	error_done(&other);
	error_done(&other);
	for (size_t i = 0; i < COUNT(statuses); i++)
		assert_int_equal(error_exit_status(statuses[i].kind), statuses[i].status);
}

static void
test_clock_parse(void **unused)
{
	static const struct {
		const char *text;
		int64_t seconds; /* -1: no time */
	} cases[] = {
	    {"1970-01-01T00:00:00Z", 0},
	    {"1970-01-01", 0},
	    {"2026-09-14T13:37:33.510444Z", 1789393053},
	    {"2026-09-14 13:37:33", 1789393053},
	    {"2026-09-14T15:37:33+02:00", 1789393053},
	    {"2026-09-14T08:07:33.5-05:30", 1789393053},
	    {"2000-02-29T12:00:00Z", 951825600},
	    {"2024-12-31T23:59:60Z", 1735689600},
	    {"2038-01-19T03:14:08Z", 2147483648},
	    {"", -1},
	    {"yesterday", -1},
	    {"2026-13-01", -1},
	    {"2026-01-32", -1},
	    {"2026-01-01T25:00:00Z", -1},
	    {"2026-01-01T", -1},
	    {"2026-01-01Tx", -1},
	    {"2026-01-01T00:00:00Zx", -1},
	    {"2026-01-01T00:00:00+", -1},
	    {"2026-01", -1},
	};

	(void)unused;
	for (size_t i = 0; i < COUNT(cases); i++) {
		int64_t seconds = -1;

		if (clock_parse(cases[i].text, &seconds) != (cases[i].seconds >= 0))
			fail_msg("\"%s\"", cases[i].text);
		assert_int_equal(seconds, cases[i].seconds);
	}
}

static void
test_clock_parse_http(void **unused)
{
	static const struct {
		const char *text;
		int64_t seconds;
	} cases[] = {
	    {"Sun, 06 Nov 1994 08:49:37 GMT", 784111777},
	    {"Thu, 01 Jan 1970 00:00:00 GMT", 0},
	    {"Mon, 14 Sep 2026 13:37:33 GMT", 1789393053},
	    {"Sunday, 06-Nov-94 08:49:37 GMT", -1},
	    {"Sun, 06 Nov", -1},
	    {"Sun, 06 Foo 1994 08:49:37 GMT", -1},
	    {"Sun, 06 anF 1994 08:49:37 GMT", -1},
	    {"120", -1},
	    {"", -1},
	};

	(void)unused;
	for (size_t i = 0; i < COUNT(cases); i++) {
		int64_t seconds = -1;

		if (clock_parse_http(cases[i].text, &seconds) != (cases[i].seconds >= 0))
			fail_msg("\"%s\"", cases[i].text);
		assert_int_equal(seconds, cases[i].seconds);
	}
}

static void
test_clock_now(void **unused)
{
	char text[CLOCK_ISO_SIZE];
	int64_t before = clock_wall(), seconds, ms = clock_ms();

	(void)unused;
	clock_iso(text);
	assert_int_equal(strlen(text), CLOCK_ISO_SIZE - 1);
	assert_true(clock_parse(text, &seconds));
	assert_in_range(seconds, before, clock_wall());
	assert_true(clock_ms() >= ms);
}

static void
test_id(void **unused)
{
	char id[ID_SIZE], last[ID_SIZE] = "";

	(void)unused;
	for (int i = 0; i < 10000; i++) {
		id_make("conv_", id);
		assert_int_equal(strlen(id), 5 + 32);
		assert_memory_equal(id, "conv_", 5);
		assert_int_equal(strspn(id + 5, "0123456789abcdef"), 32);
		assert_int_equal(id[5 + 12], '7');
		assert_non_null(strchr("89ab", id[5 + 16]));
		assert_true(strcmp(last, id) < 0);
		strcpy(last, id);
	}
	assert_string_equal(id_tail("conv_0123"), "0123");
	assert_string_equal(id_tail("a_b_c"), "c");
	assert_string_equal(id_tail("plain"), "plain");
	assert_string_equal(id_tail(""), "");
}

static void
check_path(char *path, const char *expected)
{
	assert_string_equal(path, expected);
	free(path);
}

static void
test_path_names(void **unused)
{
	(void)unused;
	setenv("HOME", "/home/x", 1);
	unsetenv("XDG_CONFIG_HOME");
	unsetenv("XDG_DATA_HOME");
	unsetenv("XDG_STATE_HOME");
	check_path(path_config("profile.yaml"), "/home/x/.config/causerie/profile.yaml");
	check_path(path_data(NULL), "/home/x/.local/share/causerie");
	check_path(path_state("log"), "/home/x/.local/state/causerie/log");
	setenv("XDG_CONFIG_HOME", "/etc/x", 1);
	check_path(path_config("a"), "/etc/x/causerie/a");
	setenv("XDG_CONFIG_HOME", "relative", 1);
	check_path(path_config("a"), "/home/x/.config/causerie/a");
	setenv("XDG_CONFIG_HOME", "", 1);
	check_path(path_config("a"), "/home/x/.config/causerie/a");
	check_path(path_expand("~"), "/home/x");
	check_path(path_expand("~/a"), "/home/x/a");
	check_path(path_expand("~other/a"), "~other/a");
	check_path(path_expand("/a/~"), "/a/~");
}

static void
test_path_files(void **unused)
{
	struct error err = ERROR_NONE;
	struct buf bytes = BUF_EMPTY;
	char *path = scratch_path("a/b/file"), *parent = scratch_path("a/b");
	char *above = scratch_path("a");
	struct stat st;

	(void)unused;
	umask(022);
	assert_true(path_make_parents(path, &err));
	assert_true(path_make_parents(path, &err));
	assert_int_equal(stat(parent, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0700);
	assert_false(path_read(path, 100, &bytes, &err));
	assert_int_equal(err.kind, ERR_SYSTEM);
	assert_non_null(strstr(err.text, path));
	assert_true(path_replace(path, "one\0two", 7, 0600, &err));
	assert_true(path_read(path, 7, &bytes, &err));
	assert_int_equal(bytes.len, 7);
	assert_memory_equal(bytes.data, "one\0two", 7);
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0600);
	assert_true(path_replace(path, "", 0, 0644, &err));
	buf_clear(&bytes);
	assert_true(path_read(path, 1, &bytes, &err));
	assert_int_equal(bytes.len, 0);
	assert_true(path_replace(path, "12345678", 8, 0644, &err));
	assert_false(path_read(path, 7, &bytes, &err));
	buf_clear(&bytes);
	assert_true(path_read(path, 8, &bytes, &err));
	assert_int_equal(unlink(path), 0);
	/* Nothing but the file was left, so the folder can go. */
	assert_int_equal(rmdir(parent), 0);
	assert_int_equal(rmdir(above), 0);
	assert_int_equal(rmdir(scratch), 0);
	error_done(&err);
	buf_done(&bytes);
	free(above);
	free(parent);
	free(path);
}

/* A folder, a pipe and a device are refused at once, not waited for. */
static void
test_path_odd_files(void **unused)
{
	struct error err = ERROR_NONE;
	struct buf bytes = BUF_EMPTY;
	char *fifo = scratch_path("fifo"), *below = scratch_path("fifo/x/y");

	(void)unused;
	assert_int_equal(mkfifo(fifo, 0600), 0);
	assert_false(path_read(scratch, 100, &bytes, &err));
	assert_false(path_read(fifo, 100, &bytes, &err));
	assert_false(path_read("/dev/zero", 100, &bytes, &err));
	assert_int_equal(bytes.len, 0);
	assert_false(path_make_parents(below, &err));
	assert_false(path_replace(below, "x", 1, 0600, &err));
	error_done(&err);
	free(below);
	free(fifo);
}

static void
write_hook(void)
{
	ssize_t n = write(STDERR_FILENO, "hook ", 5);

	(void)n;
}

/* The hook comes first, then the sentence, then status 1. */
static void
test_fatal(void **unused)
{
	int ends[2], status;
	char text[200];
	ssize_t len = 0, n;
	pid_t child;

	(void)unused;
	assert_int_equal(pipe(ends), 0);
	child = fork();
	if (child == 0) {
		dup2(ends[1], STDERR_FILENO);
		log_on_fatal(write_hook);
		fatal("it is %s", "over");
	}
	close(ends[1]);
	while ((n = read(ends[0], text + len, sizeof(text) - 1 - (size_t)len)) > 0)
		len += n;
	text[len] = '\0';
	close(ends[0]);
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), 1);
	assert_string_equal(text, "hook causerie: it is over\n");
}

static void
test_log(void **unused)
{
	struct error err = ERROR_NONE;
	struct buf bytes = BUF_EMPTY;
	char *path = scratch_path("log");
	struct stat st;

	(void)unused;
	log_debug("not opened");
	assert_true(log_open(path, &err));
	log_debug("number %d", 7);
	log_close();
	log_debug("closed");
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0600);
	assert_true(path_read(path, 1000, &bytes, &err));
	assert_non_null(strstr(bytes.data, "number 7\n"));
	assert_null(strstr(bytes.data, "opened"));
	assert_null(strstr(bytes.data, "closed"));
	assert_false(log_open(scratch, &err));
	assert_non_null(err.text);
	error_done(&err);
	buf_done(&bytes);
	free(path);
}

#define WITH_FOLDER(test) cmocka_unit_test_setup_teardown(test, scratch_make, scratch_remove)

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_mem),
	    cmocka_unit_test(test_buf_adds),
	    cmocka_unit_test(test_buf_long),
	    cmocka_unit_test(test_buf_ceiling),
	    cmocka_unit_test(test_buf_json),
	    cmocka_unit_test(test_array),
	    cmocka_unit_test(test_error),
	    cmocka_unit_test(test_clock_parse),
	    cmocka_unit_test(test_clock_parse_http),
	    cmocka_unit_test(test_clock_now),
	    cmocka_unit_test(test_id),
	    cmocka_unit_test(test_path_names),
	    WITH_FOLDER(test_path_files),
	    WITH_FOLDER(test_path_odd_files),
	    cmocka_unit_test(test_fatal),
	    WITH_FOLDER(test_log),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
