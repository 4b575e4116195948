/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include <locale.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "ui/key.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static const struct {
	const char *name;
	uint32_t code;
	unsigned modifiers;
	const char *printed; /* NULL: as it was parsed */
} names[] = {
    {"a", 'a', 0, NULL},
    {"A", 'A', 0, NULL},
    {"é", 0xe9, 0, NULL},
    {"漢", 0x6f22, 0, NULL},
    {"🙂", 0x1f642, 0, NULL},
    {"-", '-', 0, NULL},
    {"C--", '-', KEY_CTRL, NULL},
    {"M--", '-', KEY_ALT, NULL},
    {"C-x", 'x', KEY_CTRL, NULL},
    {"C-X", 'x', KEY_CTRL, "C-x"},
    {"M-x", 'x', KEY_ALT, NULL},
    {"M-X", 'X', KEY_ALT, NULL},
    {"A-x", 'x', KEY_ALT, "M-x"},
    {"C-M-x", 'x', KEY_CTRL | KEY_ALT, NULL},
    {"M-C-x", 'x', KEY_CTRL | KEY_ALT, "C-M-x"},
    {"C-i", KEY_TAB, 0, "Tab"},
    {"C-m", KEY_ENTER_, 0, "Enter"},
    {"C-[", KEY_ESC, 0, "Esc"},
    {"C-?", KEY_BACKSPACE_, 0, "Backspace"},
    {"C-@", ' ', KEY_CTRL, "C-Space"},
    {"C-Space", ' ', KEY_CTRL, NULL},
    {"C-/", '_', KEY_CTRL, "C-_"},
    {"C-_", '_', KEY_CTRL, NULL},
    {"C-j", 'j', KEY_CTRL, NULL},
    {"C-h", 'h', KEY_CTRL, NULL},
    {"C-\\", '\\', KEY_CTRL, NULL},
    {"C-]", ']', KEY_CTRL, NULL},
    {"Space", ' ', 0, NULL},
    {" ", ' ', 0, "Space"},
    {"M-Enter", KEY_ENTER_, KEY_ALT, NULL},
    {"Return", KEY_ENTER_, 0, "Enter"},
    {"S-Tab", KEY_TAB, KEY_SHIFT, NULL},
    {"Shift-Tab", KEY_TAB, KEY_SHIFT, "S-Tab"},
    {"Ctrl-PgUp", KEY_PAGE_UP, KEY_CTRL, "C-PgUp"},
    {"Alt-Left", KEY_LEFT_, KEY_ALT, "M-Left"},
    {"C-M-S-Delete", KEY_DELETE, KEY_CTRL | KEY_ALT | KEY_SHIFT, NULL},
    {"pgup", KEY_PAGE_UP, 0, "PgUp"},
    {"PageDown", KEY_PAGE_DOWN, 0, "PgDn"},
    {"Escape", KEY_ESC, 0, "Esc"},
    {"Home", KEY_HOME_, 0, NULL},
    {"Insert", KEY_INSERT, 0, NULL},
    {"F", 'F', 0, NULL},
    {"F1", KEY_F_ + 1, 0, NULL},
    {"F24", KEY_F_ + 24, 0, NULL},
    {"C-f5", KEY_F_ + 5, KEY_CTRL, "C-F5"},
    {"U+200D", 0x200d, 0, NULL},
    {"U+00A0", 0xa0, 0, NULL},
    {"u+e9", 0xe9, 0, "é"},
    {"WheelUp", KEY_MOUSE_, 0, NULL},
    {"C-MouseDouble", KEY_MOUSE_, KEY_CTRL, NULL},
    {"Paste", KEY_PASTE, 0, NULL},
    {"Resize", KEY_RESIZE_, 0, NULL},
    {"None", KEY_NONE_, 0, NULL},
};

static const char *const no_names[] = {
    "",
    "C-",
    "M-C-",
    "ab",
    "S-a",
    "S-é",
    "F0",
    "F25",
    "F1x",
    "Fa",
    "U+",
    "U+D800",
    "U+110000",
    "U+1F",
    "C-Foo",
    "Enterr",
    "\xff",
    "\xc3",
    "\x01",
    "\x7f",
    "C-x b",
    "U+0000041",
    "S-Space",
};

static void
test_names(void **state)
{
	char name[KEY_NAME_SIZE];
	struct key key, again;

	(void)state;
	for (size_t i = 0; i < COUNT(names); i++) {
		const char *printed = names[i].printed ? names[i].printed : names[i].name;

		print_message("%s\n", names[i].name);
		assert_true(key_parse(names[i].name, &key));
		assert_int_equal(key.code, names[i].code);
		assert_int_equal(key.modifiers, names[i].modifiers);
		key_print(&key, name, sizeof(name));
		assert_string_equal(name, printed);
		assert_true(key_parse(name, &again));
		assert_true(key_equal(&key, &again));
	}
	for (size_t i = 0; i < COUNT(no_names); i++) {
		print_message("not %s\n", no_names[i]);
		assert_false(key_parse(no_names[i], &key));
	}
}

/* Whatever the terminal can report prints as a name that parses to the same key. */
static void
test_round_trip(void **state)
{
	char name[KEY_NAME_SIZE];
	struct key again;

	(void)state;
	for (uint32_t code = 0x20; code <= KEY_NONE_; code++) {
		bool character = code < KEY_CODE_BASE;

		if (code == KEY_CODE_BASE || (code > KEY_F_ + 24 && code < KEY_PASTE) ||
		    code == KEY_F_)
			continue;
		for (unsigned modifiers = 0; modifiers < 8; modifiers++) {
			struct key key = {.code = code, .modifiers = modifiers};

			if (character && code > 0x250 && modifiers != 0)
				break;
			key_normalise(&key);
			key_print(&key, name, sizeof(name));
			if (character && !key_is_text(&key) && key.code == code &&
			    (key.modifiers & (KEY_CTRL | KEY_ALT)) == 0) {
				assert_false(key_parse(name, &again));
				continue;
			}
			if (!key_parse(name, &again)) {
				/* Only what is no character at all has no name. */
				struct key bare = {.code = key.code};

				assert_false(key_is_text(&bare));
				continue;
			}
			if (!key_equal(&key, &again))
				fail_msg("%s: %x/%x became %x/%x", name, (unsigned)key.code,
				    key.modifiers, (unsigned)again.code, again.modifiers);
		}
	}
}

static void
test_normalise(void **state)
{
	static const struct {
		uint32_t code;
		unsigned modifiers;
		const char *name;
	} rows[] = {
	    {'\r', KEY_SHIFT, "S-Enter"},
	    {'\t', KEY_SHIFT, "S-Tab"},
	    {'\t', KEY_CTRL, "C-Tab"},
	    {127, KEY_CTRL, "C-Backspace"},
	    {27, KEY_ALT, "M-Esc"},
	    {'\n', 0, "C-j"},
	    {'a', KEY_SHIFT, "A"},
	    {'a', KEY_SHIFT | KEY_ALT, "M-A"},
	    {'A', KEY_SHIFT | KEY_CTRL, "C-a"},
	    {' ', KEY_SHIFT, "Space"},
	    {'i', KEY_CTRL, "Tab"},
	    {'i', KEY_CTRL | KEY_ALT, "M-Tab"},
	    {'@', KEY_CTRL, "C-Space"},
	};
	char name[KEY_NAME_SIZE];

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct key key = {.code = rows[i].code, .modifiers = rows[i].modifiers};

		key_normalise(&key);
		key_print(&key, name, sizeof(name));
		assert_string_equal(name, rows[i].name);
	}
}

static void
test_text(void **state)
{
	static const char *const text[] = {"a", "Z", "Space", "é", "漢", "U+0301"};
	static const char *const no_text[] = {
	    "C-a", "M-a", "Enter", "Tab", "F1", "WheelUp", "Paste"};
	struct key key;

	(void)state;
	for (size_t i = 0; i < COUNT(text); i++) {
		assert_true(key_parse(text[i], &key));
		assert_true(key_is_text(&key));
	}
	for (size_t i = 0; i < COUNT(no_text); i++) {
		assert_true(key_parse(no_text[i], &key));
		assert_false(key_is_text(&key));
	}
}

static void
test_sizes(void **state)
{
	struct key key;
	char name[4] = "xyz";

	(void)state;
	assert_true(key_parse("C-M-S-PgUp", &key));
	key_print(&key, name, sizeof(name));
	assert_string_equal(name, "C-M");
	key_print(&key, name, 1);
	assert_string_equal(name, "");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_names),
	    cmocka_unit_test(test_round_trip),
	    cmocka_unit_test(test_normalise),
	    cmocka_unit_test(test_text),
	    cmocka_unit_test(test_sizes),
	};

	setlocale(LC_ALL, "C.UTF-8");
	return cmocka_run_group_tests(tests, NULL, NULL);
}
