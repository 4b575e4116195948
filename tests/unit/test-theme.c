/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "ui/theme.h"

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

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_names),
	    cmocka_unit_test(test_own_colours),
	    cmocka_unit_test(test_readable),
	    cmocka_unit_test(test_selection),
	    cmocka_unit_test(test_none),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
