/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include <locale.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/buf.h"
#include "base/mem.h"
#include "base/sanitize.h"
#include "base/utf8.h"

#define FFFD "\xef\xbf\xbd"
#define MAN "\U0001f468"
#define ZWJ "\u200d"
#define VS16 "\ufe0f"
#define ACUTE "\u0301"

struct example {
	const char *from, *to; /* to NULL: the same */
};

static const struct example examples[] = {
    {"", NULL},
    {"plain text", NULL},
    {"two\nlines\tand a tab", NULL},
    {"\u00e9\u4e2d\u0416\u0627\U0001f600\u00a0\u3000", NULL},
    /* C0, DEL, C1 */
    {"\x1b[31mred\x1b[0m", "^[[31mred^[[0m"},
    {"\x1b]8;;http://x\x07", "^[]8;;http://x^G"},
    {"\x01\x08\x0b\x0c\x1f\x7f", "^A^H^K^L^_^?"},
    {"\xc2\x85\xc2\x9b[31m", "<U+0085><U+009B>[31m"},
    /* carriage returns */
    {"a\r\nb", "a\nb"},
    {"safe\rEVIL", "safe^MEVIL"},
    {"a\r\r\nb\r", "a^M\nb^M"},
    /* bidirectional controls and separators */
    {"\u202eevil\u202c", "<U+202E>evil<U+202C>"},
    {"\u2066a\u2067b\u2068c\u2069", "<U+2066>a<U+2067>b<U+2068>c<U+2069>"},
    {"\u200e\u200f\u061c", "<U+200E><U+200F><U+061C>"},
    {"\u2028\u2029", "<U+2028><U+2029>"},
    /* nothing that is not seen */
    {"a\u00adb\u200bc\u2060d\ufeff", "a<U+00AD>b<U+200B>c<U+2060>d<U+FEFF>"},
    {"\u3164\uffa0\u115f\u1160\u034f", "<U+3164><U+FFA0><U+115F><U+1160><U+034F>"},
    {"\U000e0069\U000e007f\U000e0001", "<U+E0069><U+E007F><U+E0001>"},
    {"\ufff9a\ufffab\ufffb", "<U+FFF9>a<U+FFFA>b<U+FFFB>"},
    {"\ufdd0\uffff\U0010ffff", "<U+FDD0><U+FFFF><U+10FFFF>"},
    {"\ue0a0\U000f0000\U00100000", "<U+E0A0><U+F0000><U+100000>"},
    {"\u0378\U000e0fff", "<U+0378><U+E0FFF>"},
    /* bad bytes */
    {"\xff\xc0\xaf\xe2\x82", FFFD FFFD FFFD FFFD},
    /* emoji: joiners and variation selectors belong to them only */
    {MAN ZWJ "\U0001f469" ZWJ "\U0001f467", NULL},
    {"\U0001f469" ZWJ "\u2764" VS16 ZWJ "\U0001f48b" ZWJ MAN, NULL},
    {"\U0001f44d\U0001f3fd", NULL},
    {MAN "\U0001f3fd" ZWJ "\U0001f52c", NULL},
    {"\u2764" VS16 "\u2764\ufe0e", NULL},
    {"1" VS16 "\u20e3#" VS16 "\u20e3", NULL},
    {"\U0001f1eb\U0001f1f7", NULL},
    {"1" VS16, "1<U+FE0F>"},
    {"a" VS16 "b", "a<U+FE0F>b"},
    {"\u4e2d\U000e0100", "\u4e2d<U+E0100>"},
    {"\u2764" VS16 VS16, "\u2764" VS16 "<U+FE0F>"},
    {"a" ZWJ "b", "a<U+200D>b"},
    {MAN ZWJ, MAN "<U+200D>"},
    {MAN ZWJ "x", MAN "<U+200D>x"},
    {ZWJ MAN, "<U+200D>" MAN},
    {MAN ZWJ ZWJ MAN, MAN "<U+200D><U+200D>" MAN},
    {"\U0001f3f4\U000e0067\U000e007f", "\U0001f3f4<U+E0067><U+E007F>"},
    /* joiners where writing needs them */
    {"\u0645\u06cc\u200c\u062e\u0648\u0627\u0647\u0645", NULL},
    {"\u0915\u094d\u200d\u0937 \u0915\u094d\u200c\u0937", NULL},
    {"\u0d28\u0d4d\u200d ", NULL},
    {"\u0628\u200cx", "\u0628<U+200C>x"},
    {"\u200c\u0628", "<U+200C>\u0628"},
    {"a\u200cb", "a<U+200C>b"},
    /* combining marks */
    {"e" ACUTE, NULL},
    {" " ACUTE, NULL},
    {ACUTE "e", "<U+0301>e"},
    {"a\n" ACUTE, "a\n<U+0301>"},
    {"\x1b" ACUTE, "^[<U+0301>"},
    {"e" ACUTE ACUTE ACUTE ACUTE ACUTE ACUTE ACUTE ACUTE, NULL},
    {"e" ACUTE ACUTE ACUTE ACUTE ACUTE ACUTE ACUTE ACUTE ACUTE ACUTE "f" ACUTE,
	"e" ACUTE ACUTE ACUTE ACUTE ACUTE ACUTE ACUTE ACUTE "f" ACUTE},
};

static void
check(const char *from, size_t len, const char *to, enum sanitize_mode mode)
{
	struct buf out = BUF_EMPTY;
	/* A copy of the exact size, so that a look beyond its end is noticed. */
	char *copy = xmalloc(len);

	memcpy(copy, from, len);
	sanitize(&out, copy, len, mode);
	if (strcmp(out.data, to) != 0)
		fail_msg("expected \"%s\", got \"%s\"", to, out.data);
	assert_true(utf8_valid(out.data, out.len));
	assert_int_equal(
	    sanitize_is_clean(copy, len, mode), out.len == len && memcmp(from, out.data, len) == 0);
	/* What was cleaned once is clean. */
	assert_true(sanitize_is_clean(out.data, out.len, mode));
	free(copy);
	buf_done(&out);
}

static void
check_examples(void)
{
	for (size_t i = 0; i < sizeof(examples) / sizeof(examples[0]); i++) {
		const struct example *e = &examples[i];

		check(e->from, strlen(e->from), e->to != NULL ? e->to : e->from, SANITIZE_TEXT);
	}
	check("a\0b", 3, "a^@b", SANITIZE_TEXT);
}

static void
test_examples(void **unused)
{
	(void)unused;
	setlocale(LC_CTYPE, "C");
	check_examples();
	if (setlocale(LC_CTYPE, "C.UTF-8") != NULL)
		check_examples();
	setlocale(LC_CTYPE, "C");
}

static void
test_line(void **unused)
{
	static const struct example cases[] = {
	    {"one line", NULL},
	    {"a\nb", "a b"},
	    {"a\r\n\n\t\nb", "a b"},
	    {"\na\n", " a "},
	    {"a\rb", "a^Mb"},
	    {"a\n" ACUTE "b", "a <U+0301>b"},
	    {"a \u2028 b", "a <U+2028> b"},
	};

	(void)unused;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		check(cases[i].from, strlen(cases[i].from),
		    cases[i].to != NULL ? cases[i].to : cases[i].from, SANITIZE_LINE);
}

/* Of each character alone and behind a letter: nothing that a terminal obeys is left. */
static void
test_every_code(void **unused)
{
	(void)unused;
	for (uint32_t code = 0; code <= 0x10ffff; code++) {
		char text[5] = "a", marks[16];
		size_t len = 1 + utf8_encode(code, text + 1);
		struct buf out = BUF_EMPTY;

		sanitize(&out, text, len, SANITIZE_TEXT);
		sanitize(&out, text + 1, len - 1, SANITIZE_TEXT);
		for (size_t i = 0, used; i < out.len; i += used) {
			uint32_t kept = utf8_decode(out.data + i, out.len - i, &used);

			if ((kept < 0x20 && kept != '\n' && kept != '\t') ||
			    (kept >= 0x7f && kept < 0xa0) || (kept >= 0x200b && kept <= 0x200f) ||
			    (kept >= 0x2028 && kept <= 0x202e) ||
			    (kept >= 0x2060 && kept <= 0x206f) || kept == 0x61c || kept == 0xfeff ||
			    kept == 0xad || (kept >= 0xe000 && kept <= 0xf8ff) ||
			    (kept >= 0xfe00 && kept <= 0xfe0f) ||
			    (kept >= 0xfff0 && kept <= 0xfffb) || kept >= 0xe0000 ||
			    (kept & 0xfffe) == 0xfffe)
				fail_msg("U+%04X came through", (unsigned)code);
		}
		/* A character is kept, or named; it never just disappears. */
		snprintf(marks, sizeof(marks), "<U+%04X>", (unsigned)code);
		if (memmem(out.data, out.len, text + 1, len - 1) == NULL && code >= 0x80 &&
		    strstr(out.data, marks) == NULL && (code < 0xd800 || code > 0xdfff))
			fail_msg("U+%04X disappeared", (unsigned)code);
		buf_done(&out);
	}
}

static void
test_hidden(void **unused)
{
	struct buf out = BUF_EMPTY, shown = BUF_EMPTY;
	static const char text[] = "a\x1b(b) \u202e\xf3\xb0\x80\x81*\r\n\x7f";

	(void)unused;
	sanitize(&out, text, strlen(text), SANITIZE_HIDE);
	assert_true(utf8_valid(out.data, out.len));
	for (size_t i = 0, used; i < out.len; i += used) {
		uint32_t code = utf8_decode(out.data + i, out.len - i, &used);

		assert_true(code < 0x80 ||
			    (code > SANITIZE_HIDDEN + 0x20 && code < SANITIZE_HIDDEN + 0x7f));
		buf_putc(&shown, (char)(code & 0x7f));
	}
	assert_string_equal(shown.data, "a^[(b) <U+202E><U+F0001>*\n^?");
	buf_done(&out);
	buf_done(&shown);
}

/* A family has three joiners; a crowd is not one cluster without end. */
static void
test_many_joiners(void **unused)
{
	struct buf text = BUF_EMPTY, out = BUF_EMPTY;
	size_t joiners = 0;

	(void)unused;
	buf_puts(&text, MAN);
	for (int i = 0; i < 100; i++)
		buf_puts(&text, ZWJ MAN);
	sanitize(&out, text.data, text.len, SANITIZE_TEXT);
	for (const char *at = out.data; (at = strstr(at, ZWJ)) != NULL; at++)
		joiners++;
	assert_in_range(joiners, 3, 99);
	assert_non_null(strstr(out.data, "<U+200D>"));
	buf_clear(&text);
	for (int i = 0; i < 100; i++)
		buf_puts(&text, MAN ZWJ "\U0001f469" ZWJ "\U0001f467" ZWJ "\U0001f466");
	assert_true(sanitize_is_clean(text.data, text.len, SANITIZE_TEXT));
	buf_done(&text);
	buf_done(&out);
}

static void
test_strings(void **unused)
{
	char *text = sanitize_text("a\x1b\nb"), *line = sanitize_line("a\x1b\nb");
	char *none = sanitize_text(NULL);

	(void)unused;
	assert_string_equal(text, "a^[\nb");
	assert_string_equal(line, "a^[ b");
	assert_string_equal(none, "");
	free(text);
	free(line);
	free(none);
}

/* What curses cannot place, as its C library is older, is shown by number. */
static void
test_new_characters(void **unused)
{
	char bytes[5] = {0};
	bool seen = false;

	(void)unused;
	if (setlocale(LC_CTYPE, "C.UTF-8") == NULL)
		skip();
	for (uint32_t code = 0xa0; code < 0x20000; code++) {
		char *shown;

		if (utf8_has_width(code) || (code >= 0xd800 && code <= 0xdfff))
			continue;
		memset(bytes, 0, sizeof(bytes));
		utf8_encode(code, bytes);
		shown = sanitize_text(bytes);
		assert_int_equal(shown[0], '<');
		free(shown);
		seen = true;
	}
	setlocale(LC_CTYPE, "C");
	assert_true(seen);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_examples),
	    cmocka_unit_test(test_line),
	    cmocka_unit_test(test_every_code),
	    cmocka_unit_test(test_hidden),
	    cmocka_unit_test(test_many_joiners),
	    cmocka_unit_test(test_strings),
	    cmocka_unit_test(test_new_characters),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
