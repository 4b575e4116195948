/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/mem.h"
#include "base/path.h"
#include "ui/theme.h"
#include "unit/scratch.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static const char *const names[] = {"auto", "dark", "light", "none"};

static void
test_names(void **state)
{
	struct theme theme;

	(void)state;
	for (size_t i = 0; i < COUNT(names); i++)
		assert_true(theme_find(names[i], &theme));
	assert_false(theme_find("", &theme));
	assert_false(theme_find("Dark", &theme));
	assert_false(theme_find("solarized", &theme));
}

/* The text of a person and of an answer is in the terminal's own colours. */
static void
test_own_colours(void **state)
{
	struct theme theme;

	(void)state;
	for (size_t i = 0; i < COUNT(names); i++) {
		assert_true(theme_find(names[i], &theme));
		assert_int_equal(theme.looks[STYLE_NORMAL].fg, -1);
		assert_int_equal(theme.looks[STYLE_NORMAL].bg, -1);
		assert_int_equal(theme.looks[STYLE_NORMAL].attributes, 0);
		assert_int_equal(theme.looks[STYLE_CODE_BLOCK].fg, -1);
	}
}

/* Black, white and bright yellow cannot be read on one background or the other. */
static void
test_readable(void **state)
{
	static const int unreadable[] = {0, 7, 8, 11, 15};
	struct theme theme;

	(void)state;
	for (size_t i = 0; i < COUNT(names); i++) {
		assert_true(theme_find(names[i], &theme));
		for (size_t s = 0; s < STYLE_COUNT; s++) {
			for (size_t c = 0; c < COUNT(unreadable); c++)
				assert_int_not_equal(theme.looks[s].fg, unreadable[c]);
			assert_in_range(theme.looks[s].fg + 1, 0, 16);
			assert_int_equal(theme.looks[s].bg, -1);
		}
	}
}

/* A selection is seen by its shape, in every theme. */
static void
test_selection(void **state)
{
	struct theme theme;

	(void)state;
	for (size_t i = 0; i < COUNT(names); i++) {
		assert_true(theme_find(names[i], &theme));
		assert_true(theme.looks[STYLE_SELECTED].attributes & LOOK_REVERSE);
		assert_true(theme.looks[STYLE_SELECTED_DIM].attributes != 0);
		assert_true(theme.looks[STYLE_MATCH].attributes & LOOK_REVERSE);
	}
}

/* What must be told apart without colours is. */
static void
test_none(void **state)
{
	static const enum style pairs[][2] = {
	    {STYLE_USER, STYLE_ASSISTANT},
	    {STYLE_USER, STYLE_NORMAL},
	    {STYLE_HEADING, STYLE_NORMAL},
	    {STYLE_CODE, STYLE_NORMAL},
	    {STYLE_LINK, STYLE_NORMAL},
	    {STYLE_MARK, STYLE_NORMAL},
	    {STYLE_ERROR, STYLE_NORMAL},
	    {STYLE_ERROR, STYLE_NOTICE},
	    {STYLE_ERROR, STYLE_WARNING},
	    {STYLE_SELECTED, STYLE_SELECTED_DIM},
	    {STYLE_SELECTED, STYLE_NORMAL},
	    {STYLE_KEY, STYLE_NORMAL},
	};
	struct theme theme;

	(void)state;
	assert_true(theme_find("none", &theme));
	for (size_t s = 0; s < STYLE_COUNT; s++)
		assert_int_equal(theme.looks[s].fg, -1);
	for (size_t i = 0; i < COUNT(pairs); i++)
		assert_int_not_equal(
		    theme.looks[pairs[i][0]].attributes, theme.looks[pairs[i][1]].attributes);
}

/* A theme of somebody's own: themes/mine.yaml below the configuration folder. */
static void
write_theme(const char *yaml)
{
	char *path = scratch_path("causerie/themes/mine.yaml");
	struct error err = ERROR_NONE;

	assert_true(path_make_parents(path, &err));
	assert_true(path_replace(path, yaml, strlen(yaml), 0600, &err));
	free(path);
}

static void
test_file(void **state)
{
	static const struct {
		const char *yaml, *complaint; /* NULL: it is good */
	} cases[] = {
	    {"base: dark\nheading: {fg: cyan, bg: 17, attributes: [bold, underline]}\n", NULL},
	    {"{}", NULL},
	    {"headnig: {fg: 1}\n",
		"mine.yaml:1:1: There is no style \"headnig\". Did you mean \"heading\"?"},
	    {"heading: {fg: mauve}\n", "mine.yaml:1:15: A colour is"},
	    {"heading: {fg: 256}\n", "mine.yaml:1:15: A colour is"},
	    {"heading:\n  attributes: [blink]\n", "mine.yaml:2:16: An attribute is"},
	    {"heading: bold\n", "mine.yaml:1:10: A style is a map"},
	    {"base: solarized\n", "mine.yaml:1:7: base is"},
	    {"- heading\n", "A theme is a map"},
	    {"heading: {", "mine.yaml:"},
	};
	struct error err = ERROR_NONE;
	struct theme theme;

	(void)state;
	setenv("XDG_CONFIG_HOME", scratch, 1);
	assert_true(theme_load("dark", &theme, &err));
	assert_false(theme_load("absent", &theme, &err));
	assert_int_equal(err.kind, ERR_CONFIG);
	for (size_t i = 0; i < COUNT(cases); i++) {
		write_theme(cases[i].yaml);
		error_done(&err);
		assert_int_equal(theme_load("mine", &theme, &err), cases[i].complaint == NULL);
		if (cases[i].complaint != NULL)
			assert_non_null(strstr(err.text, cases[i].complaint));
		if (i == 0) {
			assert_int_equal(theme.looks[STYLE_HEADING].fg, 6);
			assert_int_equal(theme.looks[STYLE_HEADING].bg, 17);
			assert_int_equal(
			    theme.looks[STYLE_HEADING].attributes, LOOK_BOLD | LOOK_UNDERLINE);
		}
	}
	error_done(&err);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_names),
	    cmocka_unit_test(test_file),
	    cmocka_unit_test(test_own_colours),
	    cmocka_unit_test(test_readable),
	    cmocka_unit_test(test_selection),
	    cmocka_unit_test(test_none),
	};

	return cmocka_run_group_tests(tests, scratch_make, scratch_remove);
}
