/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/buf.h"
#include "base/error.h"
#include "ui/actions.h"
#include "ui/complete.h"
#include "unit/scratch.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* The text with | for the cursor; what comes of it likewise, and what it may become. */
static void
check(const char *before, const char *after, const char *names)
{
	size_t cursor = strcspn(before, "|"), len = strlen(before) - 1;
	struct buf text = BUF_EMPTY, seen = BUF_EMPTY, found = BUF_EMPTY;
	struct error err = ERROR_NONE;
	struct completion c;

	buf_add(&text, before, cursor);
	buf_puts(&text, before + cursor + 1);
	if (complete(text.data, len, cursor, &c, &err)) {
		buf_add(&seen, text.data, c.start);
		buf_printf(&seen, "%s|%s", c.word, text.data + cursor);
		for (size_t i = 0; i < c.names.len; i++)
			buf_printf(&found, "%s%s", i > 0 ? " " : "", c.names.items[i]);
		completion_done(&c);
	} else if (err.kind != ERR_NONE) {
		buf_puts(&seen, "ERROR");
		buf_puts(&found, err.text);
	}
	assert_string_equal(seen.data, after);
	if (names != NULL)
		assert_string_equal(found.data, names);
	error_done(&err);
	buf_done(&text);
	buf_done(&seen);
	buf_done(&found);
}

static void
test_actions(void **state)
{
	(void)state;
	check("/tre|", "/tree|", "tree");
	check("/tree|", "/tree|", "tree");
	check("/sto|", "/stop|", "stop stop-and-send");
	check("/re|", "/re|", NULL);
	check("/conversation-1|", "/conversation-1|", "conversation-1 conversation-10");
	/* Of another pane. */
	check("/fold|", "ERROR", "No action begins with /fold.");
	/* Messages. */
	check(" /tre|", "", "");
	check("/tr|e", "", "");
	check("/usr/tre|", "", "");
	check("see /tre|", "", "");
	check("/Tre|", "", "");
	check("|", "", "");
	check("plain|", "", "");
}

/* All of them, each as it has to be written, and once. */
static void
test_all_actions(void **state)
{
	struct error err = ERROR_NONE;
	struct completion c;

	(void)state;
	assert_true(complete("/", 1, 1, &c, &err));
	assert_string_equal(c.word, "/");
	assert_true(c.names.len > 50);
	for (size_t i = 0; i < c.names.len; i++) {
		assert_non_null(action_find("input", c.names.items[i]));
		assert_true(i == 0 || strcmp(c.names.items[i - 1], c.names.items[i]) < 0);
	}
	completion_done(&c);
}

static void
touch(const char *name)
{
	free(scratch_write(name, "", 0600));
}

static void
folder(const char *name)
{
	char *path = scratch_path(name);

	assert_int_equal(mkdir(path, 0700), 0);
	free(path);
}

static void
test_files(void **state)
{
	static const struct {
		const char *before, *after, *names;
	} cases[] = {
	    {"@not|", "@notes.txt |", "notes.txt"},
	    {"look at @not|", "look at @notes.txt |", "notes.txt"},
	    {"look\n@not|", "look\n@notes.txt |", "notes.txt"},
	    {"@not| and on", "@notes.txt| and on", "notes.txt"},
	    {"@not|\n", "@notes.txt|\n", "notes.txt"},
	    {"@notes.txt|", "@notes.txt |", "notes.txt"},
	    {"@sr|", "@src/|", "src/"},
	    {"@src/|", "@src/main.|", "main.c main.h"},
	    {"@src/main.c|", "@src/main.c |", "main.c"},
	    {"@./sr|", "@./src/|", "src/"},
	    {"@src/../sr|", "@src/../src/|", "src/"},
	    {"@link|", "@link/|", "link/"},
	    {"@src/..|", "@src/../|", "../"},
	    /* Hidden ones only by their dot. */
	    {"@.|", "@.hidden |", ".hidden"},
	    {"@hid|", "ERROR", NULL},
	    /* Letters of several bytes are not cut in two. */
	    {"@\xc3\xa9|", "@\xc3\xa9t|", NULL},
	    /* Blanks are put in quotes, which stay open while there is more to come. */
	    {"@my|", "@\"my f|", "my file.txt my folder/"},
	    {"@\"my |", "@\"my f|", "my file.txt my folder/"},
	    {"@\"my fi|", "@\"my file.txt\" |", "my file.txt"},
	    {"@\"my fo|", "@\"my folder/|", "my folder/"},
	    {"@\"my folder/|", "@\"my folder/inside\" |", "inside"},
	    {"@\"not|", "@\"notes.txt\" |", "notes.txt"},
	    {"@\"my file.txt\" @not|", "@\"my file.txt\" @notes.txt |", "notes.txt"},
	    /* No such words. */
	    {"me@not|", "", ""},
	    {"@not |", "", ""},
	    {"@\"my file.txt\"|", "", ""},
	    /* What cannot be typed is not found. */
	    {"@odd|", "ERROR", NULL},
	    {"@none|", "ERROR", NULL},
	    {"@none/|", "ERROR", "The folder none/ cannot be read: No such file or directory."},
	    {"@empty/|", "ERROR", "There are no files in empty/."},
	    {"@empty/a|", "ERROR", "No file in empty/ begins with a."},
	    {"@~|", "@~/|", "~/"},
	    {"@~/not|", "@~/notes.txt |", "notes.txt"},
	};

	(void)state;
	assert_int_equal(chdir(scratch), 0);
	setenv("HOME", scratch, 1);
	folder("src");
	folder("empty");
	folder("my folder");
	touch("notes.txt");
	touch("src/main.c");
	touch("src/main.h");
	touch(".hidden");
	touch("my file.txt");
	touch("my folder/inside");
	touch("odd\nname");
	touch("odd\"name");
	touch("odd\033[31mname");
	touch("odd\xffname");
	touch("\xc3\xa9t\xc3\xa9");
	touch("\xc3\xa9t\xc3\xa8");
	assert_int_equal(symlink("src", "link"), 0);
	for (size_t i = 0; i < COUNT(cases); i++) {
		print_message("%s\n", cases[i].before);
		check(cases[i].before, cases[i].after, cases[i].names);
	}
}

/* All of a large folder are found in the time that a person waits for a key. */
static void
test_many_files(void **state)
{
	struct error err = ERROR_NONE;
	struct completion c;

	(void)state;
	folder("many");
	for (int i = 0; i < 10000; i++) {
		char *name = xasprintf("many/file %05d", i);

		touch(name);
		free(name);
	}
	assert_int_equal(chdir(scratch), 0);
	assert_true(complete("@many/", 6, 6, &c, &err));
	assert_int_equal(c.names.len, 10000);
	assert_string_equal(c.word, "@\"many/file 0");
	assert_string_equal(c.names.items[4999], "file 04999");
	completion_done(&c);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_actions),
	    cmocka_unit_test(test_all_actions),
	    cmocka_unit_test(test_files),
	    cmocka_unit_test(test_many_files),
	};

	return cmocka_run_group_tests(tests, scratch_make, scratch_remove);
}
