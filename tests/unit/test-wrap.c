/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/buf.h"
#include "base/utf8.h"
#include "text/text.h"
#include "text/wrap.h"

#define FAMILY "\U0001f468\u200d\U0001f469\u200d\U0001f467"

/* Rows as one string: each with a '/' behind it, or a '~' if it goes on, or '>' if it is cut. */
static char *
join(const row_list *rows)
{
	struct buf out = BUF_EMPTY;

	for (size_t i = 0; i < rows->len; i++) {
		const struct row *row = &rows->items[i];

		buf_add(&out, row->text.bytes.data, row->text.bytes.len);
		buf_putc(&out, row->wide ? '>' : row->soft ? '~' : '/');
	}
	return buf_take(&out);
}

struct example {
	int width;
	const char *text, *rows;
};

static const struct example examples[] = {
    {10, "", "/"},
    {10, "a", "a/"},
    {10, "a\nb", "a/b/"},
    {10, "a\n", "a//"},
    {10, "\n\n", "///"},
    {10, "one two three", "one two~three/"},
    {7, "one two three", "one two~three/"},
    {6, "one two three", "one~two~three/"},
    {3, "one two three", "one~two~thr~ee/"},
    {1, "ab c", "a~b~c/"},
    {0, "ab", "a~b/"},
    {-5, "ab", "a~b/"},
    /* spaces at the end of a row belong to no row */
    {4, "abcd    ef", "abcd~ef/"},
    {4, "abcd    ", "abcd/"},
    {4, "abc  def  ", "abc~def/"},
    {4, "      ", "/"},
    {6, "a   b   c", "a   b~c/"},
    /* an indent stays, unless it is as wide as the row */
    {8, "  ab cd ef", "  ab cd~ef/"},
    {4, "      ab", "ab/"},
    /* tabs */
    {20, "a\tb", "a       b/"},
    {20, "1234567\tb\tc", "1234567 b       c/"},
    {8, "a\tb", "a~b/"},
    {20, "\ta", "        a/"},
    /* hyphens between letters, and dashes; not numbers and options */
    {8, "well-known", "well-~known/"},
    {8, "2020-12-31", "2020-12-~31/"},
    {8, "ab --option", "ab~--option/"},
    {8, "ab - cd ef", "ab - cd~ef/"},
    {8, "abcd\u2014efgh", "abcd\u2014~efgh/"},
    /* wide characters */
    {6, "\u4e2d\u6587\u5b57\u7b26", "\u4e2d\u6587\u5b57~\u7b26/"},
    {5, "\u4e2d\u6587\u5b57\u7b26", "\u4e2d\u6587~\u5b57\u7b26/"},
    {6, "\u4e2d\u6587\u5b57\u3002\u7b26", "\u4e2d\u6587~\u5b57\u3002\u7b26/"},
    {6, "\u4e2d\u6587\u300c\u5b57\u300d", "\u4e2d\u6587~\u300c\u5b57\u300d/"},
    {6, "ab\u4e2d\u6587cd", "ab\u4e2d\u6587~cd/"},
    {1, "\u4e2d", "\u4e2d>"},
    {1, "\u4e2d\u6587", "\u4e2d>\u6587>"},
    /* clusters stay whole */
    {2, "e\u0301e\u0301e\u0301", "e\u0301e\u0301~e\u0301/"},
    {6, "ab" FAMILY "cd", "ab~" FAMILY "~cd/"},
    {3, FAMILY "a", FAMILY ">a/"},
    /* no-break space */
    {8, "abc de\u00a0fg", "abc~de\u00a0fg/"},
};

static void
test_wrap(void **unused)
{
	(void)unused;
	for (size_t i = 0; i < sizeof(examples) / sizeof(examples[0]); i++) {
		row_list rows = {0};
		struct text text;
		char *got;

		text_init(&text);
		text_puts(&text, examples[i].text, STYLE_NORMAL);
		wrap_text(&rows, &text, NULL, NULL, examples[i].width);
		got = join(&rows);
		if (strcmp(got, examples[i].rows) != 0)
			fail_msg("\"%s\" at %d: expected \"%s\", got \"%s\"", examples[i].text,
			    examples[i].width, examples[i].rows, got);
		free(got);
		row_list_done(&rows);
		text_done(&text);
	}
}

static void
check_prefixed(int width, const char *expected)
{
	row_list rows = {0};
	struct text text, first, rest;
	char *got;

	text_init(&text);
	text_init(&first);
	text_init(&rest);
	text_puts(&text, "one two three four\nfive", STYLE_NORMAL);
	text_puts(&first, "\u2502 \u2022 ", STYLE_BULLET);
	text_puts(&rest, "\u2502   ", STYLE_BULLET);
	wrap_text(&rows, &text, &first, &rest, width);
	got = join(&rows);
	assert_string_equal(got, expected);
	free(got);
	row_list_done(&rows);
	text_done(&text);
	text_done(&first);
	text_done(&rest);
}

static void
test_prefix(void **unused)
{
	(void)unused;
	check_prefixed(14, "\u2502 \u2022 one two~\u2502   three four/\u2502   five/");
	check_prefixed(80, "\u2502 \u2022 one two three four/\u2502   five/");
	/* On a narrow screen what stands furthest left gives way. */
	check_prefixed(6, " \u2022 one~   two~   thr~   ee~   fou~   r/   fiv~   e/");
	check_prefixed(1, "o~n~e~t~w~o~t~h~r~e~e~f~o~u~r/f~i~v~e/");
}

static void
test_styles(void **unused)
{
	static const struct {
		size_t row, len;
		enum style style;
		int link;
	} expected[] = {
	    {0, 2, STYLE_DIM, 0},
	    {0, 3, STYLE_NORMAL, 0},
	    {0, 2, STYLE_STRONG, 0},
	    {1, 3, STYLE_STRONG, 0},
	    {1, 3, STYLE_LINK, 7},
	    {2, 4, STYLE_LINK, 7},
	};
	row_list rows = {0};
	struct text text, prefix;
	size_t row = 0, run = 0;

	(void)unused;
	text_init(&text);
	text_init(&prefix);
	text_puts(&prefix, "> ", STYLE_DIM);
	text_puts(&text, "abc", STYLE_NORMAL);
	text_puts(&text, "", STYLE_CODE);
	text_puts(&text, "de ", STYLE_STRONG);
	text_puts(&text, "fgh", STYLE_STRONG);
	text_add_link(&text, "ijk lmno", 8, STYLE_LINK, 7);
	wrap_text(&rows, &text, &prefix, NULL, 7);
	assert_int_equal(rows.len, 3);
	for (size_t i = 0; i < sizeof(expected) / sizeof(expected[0]); i++) {
		const struct run *got;

		if (expected[i].row != row) {
			assert_int_equal(rows.items[row].text.runs.len, run);
			row = expected[i].row;
			run = 0;
		}
		got = &rows.items[row].text.runs.items[run++];
		assert_int_equal(got->len, expected[i].len);
		assert_int_equal(got->style, expected[i].style);
		assert_int_equal(got->link, expected[i].link);
	}
	row_list_done(&rows);
	text_done(&text);
	text_done(&prefix);
}

static void
test_verbatim(void **unused)
{
	static const struct {
		int width, skip;
		const char *text, *rows;
	} cases[] = {
	    {10, 0, "", "/"},
	    {10, 0, "a\n\nb", "a//b/"},
	    {4, 0, "abcd\nabcde", "abcd/abcd>"},
	    {4, 2, "abcdef\nabcdefg", "cdef/cdef>"},
	    {4, 9, "abcdef", "/"},
	    {4, 0, "abcd  ", "abcd>"},
	    {12, 0, "a\tb\n\tc", "a       b/        c/"},
	    {4, 0, "a\tb", "a   >"},
	    {4, 6, "a\tbcd", "  bc>"},
	    {20, 4, "a\tb\tc", "    b       c/"},
	    /* a wide character cut in two is blank */
	    {3, 0, "\u4e2d\u6587\u5b57", "\u4e2d >"},
	    {3, 1, "\u4e2d\u6587\u5b57", " \u6587>"},
	    {4, 1, "\u4e2d\u6587\u5b57", " \u6587 >"},
	    {4, 2, "\u4e2d\u6587\u5b57", "\u6587\u5b57/"},
	    {5, 3, FAMILY "ab", "   ab/"},
	    {2, 0, "e\u0301e\u0301", "e\u0301e\u0301/"},
	    {0, 0, "ab", "a>"},
	};

	(void)unused;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		row_list rows = {0};
		struct text text;
		char *got;

		text_init(&text);
		text_puts(&text, cases[i].text, STYLE_CODE_BLOCK);
		wrap_verbatim(&rows, &text, NULL, cases[i].width, cases[i].skip);
		got = join(&rows);
		if (strcmp(got, cases[i].rows) != 0)
			fail_msg("\"%s\": expected \"%s\", got \"%s\"", cases[i].text,
			    cases[i].rows, got);
		free(got);
		row_list_done(&rows);
		text_done(&text);
	}
}

static void
test_verbatim_prefix(void **unused)
{
	row_list rows = {0};
	struct text text, prefix;
	char *got;

	(void)unused;
	text_init(&text);
	text_init(&prefix);
	text_puts(&text, "abcdefghijklmnopq\nx", STYLE_CODE_BLOCK);
	text_puts(&prefix, "\u2502 ", STYLE_QUOTE);
	wrap_verbatim(&rows, &text, &prefix, 8, 1);
	got = join(&rows);
	assert_string_equal(got, "\u2502 bcdefg>\u2502 /");
	free(got);
	row_list_done(&rows);
	text_done(&text);
	text_done(&prefix);
}

/* Whatever is wrapped, nothing but spaces gets lost, and no row is too wide. */
static void
test_nothing_lost(void **unused)
{
	static const char *const pieces[] = {"word", " ", "-", "\u4e2d", "\u3002", "\u300c",
	    "e\u0301", "\t", "  ", "\U0001f600", "longerword", "\n", "\u00a0", "(", ")", "\u2014"};
	unsigned seed = 1;

	(void)unused;
	for (int round = 0; round < 3000; round++) {
		struct buf before = BUF_EMPTY, after = BUF_EMPTY;
		row_list rows = {0};
		struct text text;
		int width = 2 + round % 30;

		text_init(&text);
		for (int i = 0; i < 40; i++) {
			seed = seed * 1103515245 + 12345;
			text_puts(&text, pieces[seed >> 16 & 15], (seed >> 8 & 3) + STYLE_NORMAL);
		}
		wrap_text(&rows, &text, NULL, NULL, width);
		for (size_t i = 0; i < text.bytes.len; i++)
			if (strchr(" \t\n", text.bytes.data[i]) == NULL)
				buf_putc(&before, text.bytes.data[i]);
		for (size_t i = 0; i < rows.len; i++) {
			const struct buf *bytes = &rows.items[i].text.bytes;

			assert_true(utf8_width(bytes->data, bytes->len) <= width);
			for (size_t k = 0; k < bytes->len; k++)
				if (bytes->data[k] != ' ')
					buf_putc(&after, bytes->data[k]);
		}
		assert_string_equal(before.data, after.data);
		row_list_done(&rows);
		text_done(&text);
		buf_done(&before);
		buf_done(&after);
	}
}

static void
test_text(void **unused)
{
	struct text text;

	(void)unused;
	text_init(&text);
	text_printf(&text, STYLE_NORMAL, "%d-%s", 12, "x");
	text_pad(&text, 3, STYLE_NORMAL);
	text_pad(&text, -1, STYLE_DIM);
	text_pad(&text, 2, STYLE_DIM);
	assert_string_equal(text.bytes.data, "12-x     ");
	assert_int_equal(text.runs.len, 2);
	assert_int_equal(text.runs.items[0].len, 7);
	text_trim(&text);
	assert_string_equal(text.bytes.data, "12-x");
	assert_int_equal(text.runs.len, 1);
	assert_int_equal(text.runs.items[0].len, 4);
	text_clear(&text);
	assert_int_equal(text.runs.len, 0);
	text_pad(&text, 4, STYLE_DIM);
	text_trim(&text);
	assert_int_equal(text.bytes.len, 0);
	assert_int_equal(text.runs.len, 0);
	text_trim(&text);
	text_done(&text);
}

static void
test_style_names(void **unused)
{
	(void)unused;
	for (int i = 0; i < STYLE_COUNT; i++) {
		enum style style = STYLE_COUNT;

		assert_non_null(style_name((enum style)i));
		assert_true(style_find(style_name((enum style)i), &style));
		assert_int_equal(style, i);
	}
	assert_string_equal(style_name(STYLE_CODE_BLOCK), "code-block");
	enum style style = STYLE_MATCH;
	assert_false(style_find("nonsense", &style));
	assert_int_equal(style, STYLE_MATCH);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_wrap),
	    cmocka_unit_test(test_prefix),
	    cmocka_unit_test(test_styles),
	    cmocka_unit_test(test_verbatim),
	    cmocka_unit_test(test_verbatim_prefix),
	    cmocka_unit_test(test_nothing_lost),
	    cmocka_unit_test(test_text),
	    cmocka_unit_test(test_style_names),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
