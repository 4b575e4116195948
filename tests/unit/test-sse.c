/* SPDX-License-Identifier: GPL-3.0-or-later */

/*
 * Runs the scripts of tests/sse/. A script is a text of lines:
 *
 *	# a comment
 *	MAX 100                  the ceiling of an event, before all else
 *	PUSH "data: x\n\n"       bytes for the parser; escapes \n \r \t \\ \" \xHH
 *	PUSH "x" 50              the same bytes 50 times over
 *	EVENT message "x"        what must have been called back by now
 *	FAIL                     the push before must have failed; the last line
 *
 * A PUSH is pushed whole and what follows it compared. Then all bytes of the
 * script are pushed again, cut into two at each place, and one by one: the
 * events must be the same ones.
 */
#include "config.h"

#include <ctype.h>
#include <glob.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/buf.h"
#include "base/error.h"
#include "base/mem.h"
#include "base/path.h"
#include "net/sse.h"

/* What happened, one line an event, in the script's own form. */
struct record {
	struct buf text;
	size_t events, fail_after; /* the callback refuses that one; 0: none */
};

static void
put_quoted(struct buf *to, const char *bytes, size_t len)
{
	buf_putc(to, '"');
	for (size_t i = 0; i < len; i++)
		buf_printf(to, "\\x%02x", (unsigned char)bytes[i]);
	buf_putc(to, '"');
}

static bool
record_event(void *arg, const char *name, const char *data, size_t len, struct error *err)
{
	struct record *record = arg;

	assert_int_equal(data[len], '\0');
	buf_printf(&record->text, "EVENT %s ", name);
	put_quoted(&record->text, data, len);
	buf_putc(&record->text, '\n');
	if (++record->events == record->fail_after)
		return error_set(err, ERR_TOOL, "refused");
	return true;
}

struct script {
	const char *path;
	struct buf all, expected; /* every byte pushed; every event in record's form */
	size_t max;
	bool fails;
};

static int
unescape_one(const char **text)
{
	static const char plain[] = "n\nr\rt\t\\\\\"\"";
	const char *at = strchr(plain, **text);
	int value;

	if (**text == 'x') {
		assert_int_equal(sscanf(*text + 1, "%2x", (unsigned *)&value), 1);
		*text += 3;
		return value;
	}
	assert_true(at != NULL && **text != '\0' && (at - plain) % 2 == 0);
	(*text)++;
	return at[1];
}

/* Reads "…" at text into to; returns what stands behind it. */
static const char *
unquote(const char *text, struct buf *to)
{
	assert_int_equal(*text, '"');
	for (text++; *text != '"';) {
		assert_int_not_equal(*text, '\0');
		if (*text != '\\') {
			buf_putc(to, *text++);
			continue;
		}
		text++;
		buf_putc(to, (char)unescape_one(&text));
	}
	return text + 1;
}

static bool
push(struct sse *sse, const char *bytes, size_t len)
{
	struct error err = ERROR_NONE;
	/* On the heap and without a NUL, so that a tool sees a step too far. */
	char *copy = malloc(len > 0 ? len : 1);
	bool ok;

	memcpy(copy, bytes, len);
	ok = sse_push(sse, copy, len, &err);
	free(copy);
	assert_int_equal(ok, err.kind == ERR_NONE);
	assert_true(ok || err.text[0] != '\0');
	error_done(&err);
	return ok;
}

static void
expect_same(const struct script *script, const struct record *record, const char *how, size_t cut)
{
	if (strcmp(script->expected.data, record->text.data) == 0)
		return;
	print_error("%s, %s %zu: expected\n%sgot\n%s", script->path, how, cut,
	    script->expected.data, record->text.data);
	fail();
}

static void
run_pieces(const struct script *script, size_t cut, size_t step)
{
	struct record record = {.text = BUF_EMPTY};
	struct sse *sse = sse_new(script->max, record_event, &record);
	size_t at = 0, len = script->all.len;
	bool ok = true;

	while (at < len && ok) {
		size_t piece = step > 0 ? step : at == 0 && cut > 0 ? cut : len - at;

		piece = piece < len - at ? piece : len - at;
		ok = push(sse, script->all.data + at, piece);
		at += piece;
	}
	if (ok)
		sse_end(sse);
	sse_free(sse);
	expect_same(script, &record, step > 0 ? "in steps of" : "cut at", step > 0 ? step : cut);
	assert_int_equal(ok, !script->fails);
	buf_done(&record.text);
}

static void
read_event(struct script *script, const char *line)
{
	const char *name = line + strlen("EVENT ");
	size_t len = strcspn(name, " ");
	struct buf data = BUF_EMPTY;

	assert_int_equal(*unquote(name + len + 1, &data), '\0');
	buf_printf(&script->expected, "EVENT %.*s ", (int)len, name);
	put_quoted(&script->expected, data.data, data.len);
	buf_putc(&script->expected, '\n');
	buf_done(&data);
}

static bool
run_push(struct script *script, struct sse *sse, const char *line)
{
	struct buf bytes = BUF_EMPTY;
	const char *behind = unquote(line + strlen("PUSH "), &bytes);
	int times = *behind == ' ' ? atoi(behind + 1) : 1;
	size_t start = script->all.len;
	bool ok;

	assert_true(times > 0);
	for (int i = 0; i < times; i++)
		buf_add(&script->all, bytes.data, bytes.len);
	ok = push(sse, script->all.data + start, script->all.len - start);
	buf_done(&bytes);
	return ok;
}

/* The script as it stands, comparing after each PUSH and at the end. */
static void
run_lines(struct script *script, char *text)
{
	struct record record = {.text = BUF_EMPTY};
	struct sse *sse = NULL;
	bool ok = true;

	for (char *line = strtok(text, "\n"); line != NULL; line = strtok(NULL, "\n")) {
		if (*line == '#')
			continue;
		if (sscanf(line, "MAX %zu", &script->max) == 1) {
			assert_null(sse);
			continue;
		}
		if (sse == NULL)
			sse = sse_new(script->max, record_event, &record);
		if (strncmp(line, "EVENT ", 6) == 0) {
			read_event(script, line);
		} else if (strncmp(line, "PUSH ", 5) == 0) {
			assert_true(ok);
			expect_same(script, &record, "before", script->all.len);
			ok = run_push(script, sse, line);
		} else if (strcmp(line, "FAIL") == 0) {
			script->fails = true;
		} else {
			print_error("%s: what is \"%s\"?\n", script->path, line);
			fail();
		}
	}
	expect_same(script, &record, "at the end,", script->all.len);
	assert_int_equal(ok, !script->fails);
	sse_free(sse);
	buf_done(&record.text);
}

static void
run_script(const char *path)
{
	struct script script = {
	    .path = path, .all = BUF_EMPTY, .expected = BUF_EMPTY, .max = 1 << 20};
	struct error err = ERROR_NONE;
	struct buf text = BUF_EMPTY;

	assert_true(path_read(path, 1 << 20, &text, &err));
	run_lines(&script, text.data);
	for (size_t cut = 0; cut <= script.all.len; cut++)
		run_pieces(&script, cut, 0);
	for (size_t step = 1; step <= 5; step++)
		run_pieces(&script, 0, step);
	buf_done(&text);
	buf_done(&script.all);
	buf_done(&script.expected);
}

static void
test_scripts(void **state)
{
	const char *folder = getenv("srcdir");
	char *pattern = xasprintf("%s/sse/*.test", folder == NULL ? "." : folder);
	glob_t found;

	(void)state;
	assert_int_equal(glob(pattern, 0, NULL, &found), 0);
	assert_true(found.gl_pathc >= 8);
	for (size_t i = 0; i < found.gl_pathc; i++)
		run_script(found.gl_pathv[i]);
	globfree(&found);
	free(pattern);
}

static void
test_callback_refuses(void **state)
{
	struct record record = {.text = BUF_EMPTY, .fail_after = 2};
	struct sse *sse = sse_new(1000, record_event, &record);
	struct error err = ERROR_NONE;
	const char *text = "data:1\n\ndata:2\n\ndata:3\n\n";

	(void)state;
	assert_false(sse_push(sse, text, strlen(text), &err));
	assert_int_equal(err.kind, ERR_TOOL);
	assert_string_equal(err.text, "refused");
	assert_int_equal(record.events, 2);
	sse_free(sse);
	error_done(&err);
	buf_done(&record.text);
}

static bool
free_inside(void *arg, const char *name, const char *data, size_t len, struct error *err)
{
	struct sse **sse = arg;

	(void)name;
	sse_free(*sse);
	*sse = NULL;
	/* What was handed over still lives. */
	assert_int_equal(len, 4);
	assert_string_equal(data, "gone");
	return error_set(err, ERR_CANCELLED, "stopped");
}

static void
test_free_inside(void **state)
{
	struct sse *sse;
	struct error err = ERROR_NONE;
	const char *text = "data: gone\n\ndata: more\n\n";

	(void)state;
	sse = sse_new(1000, free_inside, &sse);
	assert_false(sse_push(sse, text, strlen(text), &err));
	assert_null(sse);
	assert_int_equal(err.kind, ERR_CANCELLED);
	error_done(&err);
	sse_free(NULL);
}

/* After sse_end() the parser takes a new stream, byte order mark and all. */
static void
test_again(void **state)
{
	struct record record = {.text = BUF_EMPTY};
	struct sse *sse = sse_new(1000, record_event, &record);

	(void)state;
	assert_true(push(sse, "event: a\ndata: cut off\r", 23));
	sse_end(sse);
	assert_true(push(sse,
	    "\n\xef\xbb\xbf"
	    "data: x\n\n",
	    13));
	sse_end(sse);
	assert_true(push(sse,
	    "\xef\xbb\xbf"
	    "data: y\n\n",
	    12));
	assert_string_equal(record.text.data, "EVENT message \"\\x79\"\n");
	sse_free(sse);
	buf_done(&record.text);
}

static bool
count_event(void *arg, const char *name, const char *data, size_t len, struct error *err)
{
	size_t *sum = arg;

	(void)name;
	(void)data;
	(void)err;
	*sum += len;
	return true;
}

/* Many lines in one push must not cost their square, whatever ends them. */
static void
test_many_lines(void **state)
{
	static const char *const ends[] = {"\n", "\r", "\r\n"};
	struct error err = ERROR_NONE;

	(void)state;
	for (size_t i = 0; i < 3; i++) {
		struct buf text = BUF_EMPTY;
		size_t sum = 0;
		struct sse *sse = sse_new(1000, count_event, &sum);

		for (int j = 0; j < 300000; j++)
			buf_printf(&text, "data:%s%s", ends[i], ends[i]);
		buf_printf(&text, "data: end%s%s", ends[i], ends[i]);
		assert_true(sse_push(sse, text.data, text.len, &err));
		assert_int_equal(sum, 3);
		sse_free(sse);
		buf_done(&text);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_scripts),
	    cmocka_unit_test(test_callback_refuses),
	    cmocka_unit_test(test_free_inside),
	    cmocka_unit_test(test_again),
	    cmocka_unit_test(test_many_lines),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
