/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include <locale.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/buf.h"
#include "base/mem.h"
#include "base/utf8.h"

#define FFFD "\xef\xbf\xbd"

/* Bytes and what they become: the WHATWG Encoding Standard's "maximal subpart". */
static const struct {
	const char *bytes, *repaired;
} repairs[] = {
    {"", ""},
    {"plain ASCII, more than eight bytes of it", "plain ASCII, more than eight bytes of it"},
    {"\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80", "\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80"},
    {"\xef\xbf\xbd", FFFD},
    {"\xef\xbf\xbf", "\xef\xbf\xbf"},
    {"\xf4\x8f\xbf\xbf", "\xf4\x8f\xbf\xbf"},
    {"a\xff"
     "b",
	"a" FFFD "b"},
    {"\x80", FFFD},
    {"\xc3", FFFD},
    {"\xc3(", FFFD "("},
    {"\xe2\x82", FFFD},
    {"\xe2\x82(", FFFD "("},
    {"\xf0\x9f\x98", FFFD},
    {"\xf0\x9f\x98\xc3\xa9", FFFD "\xc3\xa9"},
    {"\xc0\xaf", FFFD FFFD},
    {"\xc1\xbf", FFFD FFFD},
    {"\xe0\x80\xaf", FFFD FFFD FFFD},
    {"\xe0\x9f\xbf", FFFD FFFD FFFD},
    {"\xed\xa0\x80", FFFD FFFD FFFD},
    {"\xed\xbf\xbf", FFFD FFFD FFFD},
    {"\xf0\x80\x80\xaf", FFFD FFFD FFFD FFFD},
    {"\xf4\x90\x80\x80", FFFD FFFD FFFD FFFD},
    {"\xf5\x80", FFFD FFFD},
    {"\xe2\xe2\x82\xac", FFFD "\xe2\x82\xac"},
    {"\xf0\x9f\xe2\x82\xac\xf0", FFFD "\xe2\x82\xac" FFFD},
    {"0123456789\xe2\x82\xac"
     "0123456789\xf0\x9f",
	"0123456789\xe2\x82\xac"
	"0123456789" FFFD},
};

static void
test_repair(void **unused)
{
	(void)unused;
	for (size_t i = 0; i < sizeof(repairs) / sizeof(repairs[0]); i++) {
		struct buf out = BUF_EMPTY;
		size_t len = strlen(repairs[i].bytes);

		utf8_repair_all(repairs[i].bytes, len, &out);
		assert_string_equal(out.data, repairs[i].repaired);
		assert_true(utf8_valid(out.data, out.len));
		assert_int_equal(utf8_valid(repairs[i].bytes, len),
		    strcmp(repairs[i].bytes, repairs[i].repaired) == 0);
		buf_done(&out);
	}
}

/* The same at every pair of cuts, in copies of the exact size. */
static void
test_repair_cut(void **unused)
{
	(void)unused;
	for (size_t i = 0; i < sizeof(repairs) / sizeof(repairs[0]); i++) {
		size_t len = strlen(repairs[i].bytes);

		for (size_t a = 0; a <= len; a++) {
			for (size_t b = a; b <= len; b++) {
				struct utf8_repair repair = {.len = 0};
				struct buf out = BUF_EMPTY;
				const size_t cuts[] = {0, a, b, len};

				for (size_t k = 0; k < 3; k++) {
					size_t n = cuts[k + 1] - cuts[k];
					char *piece = xmalloc(n);

					memcpy(piece, repairs[i].bytes + cuts[k], n);
					utf8_repair(&repair, piece, n, &out);
					assert_true(utf8_valid(out.data, out.len));
					free(piece);
				}
				utf8_repair_end(&repair, &out);
				assert_string_equal(out.data, repairs[i].repaired);
				buf_done(&out);
			}
		}
	}
}

static void
test_repair_keeps_nul(void **unused)
{
	struct buf out = BUF_EMPTY;

	(void)unused;
	utf8_repair_all("a\0b\xff", 4, &out);
	assert_int_equal(out.len, 6);
	assert_memory_equal(out.data, "a\0b" FFFD, 6);
	buf_done(&out);
}

/* Every code point there and back; surrogates and what is beyond become U+FFFD. */
static void
test_encode_decode(void **unused)
{
	(void)unused;
	for (uint32_t code = 0; code <= 0x110000; code++) {
		char bytes[4];
		size_t used, len = utf8_encode(code, bytes);
		uint32_t back = utf8_decode(bytes, len, &used);
		bool good = code <= 0x10ffff && (code < 0xd800 || code > 0xdfff);

		assert_true(utf8_valid(bytes, len));
		if (used != len || back != (good ? code : 0xfffd))
			fail_msg("U+%04X came back as U+%04X", (unsigned)code, (unsigned)back);
	}
}

static void
test_decode_nothing(void **unused)
{
	size_t used = 7;

	(void)unused;
	assert_int_equal(utf8_decode("", 0, &used), 0xfffd);
	assert_int_equal(used, 0);
}

/* Texts with a '/' between their clusters. */
static const char *const clustered[] = {
    "",
    "a",
    "a/b/c",
    "\r\n/a",
    "\n/\r/a",
    "e\u0301/e\u0301/e",
    "a/\U0001f468\u200d\U0001f469\u200d\U0001f467/\U0001f468",
    "\U0001f1eb\U0001f1f7/\U0001f1e9\U0001f1ea/\U0001f1e8\U0001f1ed/x",
    "\U0001f1eb\U0001f1f7/\U0001f1e9\U0001f1ea/\U0001f1e8",
    "1\ufe0f\u20e3/2",
    "\U0001f44d\U0001f3fd/\U0001f44d",
    "\u1112\u1161\u11ab/\u1100\u1173\u11af/\ud55c",
    "\u0939\u093f/\u0928\u094d/\u0926\u0940",
    "\u0e33",
    "\u4e2d/\u6587",
    "\xff/a/\xe2\x82/b",
};

static void
test_clusters(void **unused)
{
	(void)unused;
	for (size_t i = 0; i < sizeof(clustered) / sizeof(clustered[0]); i++) {
		char text[128];
		size_t bounds[64], count = 0, len = 0;

		bounds[count++] = 0;
		for (const char *c = clustered[i]; *c != '\0'; c++) {
			if (*c == '/')
				bounds[count++] = len;
			else
				text[len++] = *c;
		}
		if (len > 0)
			bounds[count++] = len;
		for (size_t k = 0; k + 1 < count; k++) {
			if (utf8_next(text, len, bounds[k]) != bounds[k + 1])
				fail_msg("%s: wrong end of cluster %zu", clustered[i], k);
			if (utf8_previous(text, len, bounds[k + 1]) != bounds[k])
				fail_msg("%s: wrong start of cluster %zu", clustered[i], k);
		}
		assert_int_equal(utf8_next(text, len, len), len);
		assert_int_equal(utf8_previous(text, len, 0), 0);
	}
}

/* A cluster without end is cut, and both directions agree where. */
static void
test_endless_cluster(void **unused)
{
	struct buf text = BUF_EMPTY;
	size_t bounds[400], count = 0;

	(void)unused;
	buf_puts(&text, "e");
	for (int i = 0; i < 1000; i++)
		buf_puts(&text, "\xcc\x81");
	for (size_t at = 0; at < text.len; at = utf8_next(text.data, text.len, at)) {
		assert_true(count < 400);
		bounds[count++] = at;
	}
	assert_true(count > 10);
	for (size_t at = text.len; at > 0;) {
		at = utf8_previous(text.data, text.len, at);
		assert_int_equal(at, bounds[--count]);
	}
	buf_done(&text);
}

struct width {
	const char *text;
	int width;
};

/* The same with wcwidth() and with utf8proc. */
static const struct width widths[] = {
    {"", 0},
    {"abc", 3},
    {"a\tb\n\x7f\x1b", 2},
    {"\u00e9", 1},
    {"e\u0301", 1},
    {"\u4e2d\u6587", 4},
    {"\uff21", 2},
    {"\u200b", 0},
    {"\U0001f600", 2},
    /* The sum over the code points, as curses has it. */
    {"\U0001f468\u200d\U0001f469\u200d\U0001f467\u200d\U0001f466", 8},
    {"\ud55c", 2},
    {"\u2500", 1},
};

static void
check_widths(void)
{
	for (size_t i = 0; i < sizeof(widths) / sizeof(widths[0]); i++)
		assert_int_equal(
		    utf8_width(widths[i].text, strlen(widths[i].text)), widths[i].width);
	for (uint32_t code = 0; code < 0x20; code++)
		assert_int_equal(utf8_code_width(code), 0);
	assert_int_equal(utf8_code_width('a'), 1);
	assert_int_equal(utf8_code_width(0x7f), 0);
	assert_int_equal(utf8_code_width(0x4e2d), 2);
}

static void
test_width(void **unused)
{
	(void)unused;
	setlocale(LC_CTYPE, "C");
	check_widths();
	assert_true(utf8_has_width(0x378));
	if (setlocale(LC_CTYPE, "C.UTF-8") == NULL)
		return;
	check_widths();
	assert_true(utf8_has_width('a'));
	assert_true(utf8_has_width(0x4e2d));
	assert_false(utf8_has_width(0x378));
	assert_false(utf8_has_width(0x85));
	setlocale(LC_CTYPE, "C");
}

static void
test_fit(void **unused)
{
	static const struct {
		const char *text;
		int columns;
		size_t len;
		int width;
	} cases[] = {
	    {"hello", 3, 3, 3},
	    {"hello", 5, 5, 5},
	    {"hello", 9, 5, 5},
	    {"hello", 0, 0, 0},
	    {"hello", -1, 0, 0},
	    {"", 4, 0, 0},
	    {"\u4e2d\u6587", 3, 3, 2},
	    {"\u4e2d\u6587", 1, 0, 0},
	    {"e\u0301e\u0301", 1, 3, 1},
	    {"a\U0001f468\u200d\U0001f469", 4, 1, 1},
	    {"a\U0001f468\u200d\U0001f469", 5, 12, 5},
	};

	(void)unused;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		int width = -7;

		assert_int_equal(
		    utf8_fit(cases[i].text, strlen(cases[i].text), cases[i].columns, &width),
		    cases[i].len);
		assert_int_equal(width, cases[i].width);
	}
}

static void
test_is_word(void **unused)
{
	static const uint32_t yes[] = {'a', 'Z', '0', 0xe9, 0x301, 0x4e2d, 0x661, 0x627, 0x905};
	static const uint32_t no[] = {' ', '-', '_', '.', '\n', 0, 0xa0, 0x3002, 0x1f600, 0x200d};

	(void)unused;
	for (size_t i = 0; i < sizeof(yes) / sizeof(yes[0]); i++)
		assert_true(utf8_is_word(yes[i]));
	for (size_t i = 0; i < sizeof(no) / sizeof(no[0]); i++)
		assert_false(utf8_is_word(no[i]));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_repair),
	    cmocka_unit_test(test_repair_cut),
	    cmocka_unit_test(test_repair_keeps_nul),
	    cmocka_unit_test(test_encode_decode),
	    cmocka_unit_test(test_decode_nothing),
	    cmocka_unit_test(test_clusters),
	    cmocka_unit_test(test_endless_cluster),
	    cmocka_unit_test(test_width),
	    cmocka_unit_test(test_fit),
	    cmocka_unit_test(test_is_word),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
