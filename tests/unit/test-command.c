/* SPDX-License-Identifier: GPL-3.0-or-later */

/*
 * cmd/command.c: the command line, the input, and JSON on its way out.
 */
#include "config.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/error.h"
#include "cmd/command.h"
#include "net/loop.h"

#define COUNT(table) (sizeof(table) / sizeof((table)[0]))
#define MAX_WORDS 8

/* NULL at the end of argv. */
static int
count(const char *const *argv)
{
	int n = 0;

	while (argv[n] != NULL)
		n++;
	return n;
}

static void
test_args(void **state)
{
	static const struct {
		const char *argv[MAX_WORDS];
		const char *verb, *words; /* words, each in parentheses */
		const char *from;
	} cases[] = {
	    {{NULL}, NULL, "", NULL},
	    {{"--json", "list"}, "list", "", NULL},
	    {{"restart", "@", "--from", "-1", "on"}, "restart", "(@)(on)", "-1"},
	    {{"--from=-1", "restart", "@", "on"}, "restart", "(@)(on)", "-1"},
	    {{"--from", "msg_1", "restart", "@"}, "restart", "(@)", "msg_1"},
	    {{"restart", "@", "--from", "1", "--from", "2"}, "restart", "(@)", "2"},
	    {{"start", "--", "--json", "-x"}, "start", "(--json)(-x)", NULL},
	    {{"start", "-", "-5"}, "start", "(-)(-5)", NULL},
	    {{"start", ""}, "start", "()", NULL},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct error err = ERROR_NONE;
		struct args args;
		struct buf words = BUF_EMPTY;

		assert_true(args_parse(
		    &args, count(cases[i].argv), (char **)(uintptr_t)cases[i].argv, &err));
		if (cases[i].verb == NULL)
			assert_null(args.command);
		else
			assert_string_equal(args.command->name, cases[i].verb);
		for (size_t w = 0; w < args.words.len; w++)
			buf_printf(&words, "(%s)", args.words.items[w]);
		assert_string_equal(words.len > 0 ? words.data : "", cases[i].words);
		if (cases[i].from != NULL)
			assert_string_equal(args_value(&args, "from"), cases[i].from);
		args_done(&args);
		buf_done(&words);
	}
}

static void
test_wrong_args(void **state)
{
	static const struct {
		const char *argv[MAX_WORDS];
		const char *said;
	} cases[] = {
	    {{"strat"}, "start"},
	    {{"start", "--form", "x"}, "--form"},
	    {{"append", "@", "--from", "x"}, "append does not take --from"},
	    {{"restart", "@", "--from"}, "--from needs a value"},
	    {{"list", "--json=yes"}, "--json takes no value"},
	    {{"start", "-x"}, "-x"},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct error err = ERROR_NONE;
		struct args args;

		assert_false(args_parse(
		    &args, count(cases[i].argv), (char **)(uintptr_t)cases[i].argv, &err));
		assert_int_equal(err.kind, ERR_USAGE);
		assert_non_null(strstr(err.text, cases[i].said));
		args_done(&args);
		error_done(&err);
	}
}

/* What a server sent goes out as it is, unless a terminal or a line would suffer. */
static void
test_json(void **state)
{
	static const struct {
		const char *json;
		bool terminal, line;
		const char *out;
	} cases[] = {
	    {"{\"a\": \"\xc2\x9b\",\n \"b\":1e2}", false, false,
		"{\"a\": \"\xc2\x9b\",\n \"b\":1e2}\n"},
	    {"{\"a\":1}\n", false, false, "{\"a\":1}\n"},
	    {"{\"a\":\n1}", true, false, "{\"a\":\n1}\n"},
	    {"{\"a\":\n1}", false, true, "{\"a\":1}\n"},
	    {"{\"a\":\"\xc2\x9b[31m\xe2\x80\xae\"}", true, false,
		"{\"a\":\"\\u009b[31m\\u202e\"}\n"},
	    {"\x1b[31m", true, true, "\"\\u001b[31m\"\n"},
	    {"{\"a\":\"\\u009b\"}", true, true, "{\"a\":\"\\u009b\"}\n"},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct command_context ctx = {.out_is_terminal = cases[i].terminal};
		char *bytes = NULL;
		size_t len;

		ctx.out = open_memstream(&bytes, &len);
		command_print_json(&ctx, cases[i].json, strlen(cases[i].json), cases[i].line);
		fclose(ctx.out);
		assert_string_equal(bytes, cases[i].out);
		free(bytes);
	}
}

/* Words, standard input, or both; and a standard input that is closed is empty. */
static void
test_input(void **state)
{
	static const struct {
		const char *words[MAX_WORDS];
		const char *piped; /* NULL: closed */
		const char *input;
	} cases[] = {
	    {{"one", "two"}, "", "one two"},
	    {{"one"}, "piped\n", "one\n\npiped"},
	    {{"-"}, "piped\n\n", "piped"},
	    {{NULL}, "a\nb\n", "a\nb"},
	    {{"-", "one"}, "", "- one"},
	    {{"\xff"}, "", "\xef\xbf\xbd"},
	    {{"one"}, NULL, "one"},
	    {{NULL}, NULL, ""},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct error err = ERROR_NONE;
		volatile bool interrupted = false;
		struct command_context ctx = {.interrupted = &interrupted};
		struct args args = {0};
		struct buf out = BUF_EMPTY;
		int ends[2];

		ctx.loop = loop_new(&err);
		assert_int_equal(pipe(ends), 0);
		ctx.in = ends[0];
		if (cases[i].piped != NULL)
			assert_int_equal(write(ends[1], cases[i].piped, strlen(cases[i].piped)),
			    strlen(cases[i].piped));
		else
			close(ends[0]);
		close(ends[1]);
		for (size_t w = 0; cases[i].words[w] != NULL; w++)
			array_push(&args.words, cases[i].words[w]);
		assert_true(command_input(&ctx, &args, 0, &out, &err));
		assert_string_equal(out.len > 0 ? out.data : "", cases[i].input);
		if (cases[i].piped != NULL)
			close(ends[0]);
		args_done(&args);
		buf_done(&out);
		loop_free(ctx.loop);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_args),
	    cmocka_unit_test(test_wrong_args),
	    cmocka_unit_test(test_json),
	    cmocka_unit_test(test_input),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
