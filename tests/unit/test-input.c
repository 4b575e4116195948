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
#include "ui/input.h"
#include "ui/key.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* What a terminal sends and the keys it means; a mouse key with its place. */
static const struct {
	const char *bytes, *keys;
} rows[] = {
    {"a", "a"},
    {"abc", "a b c"},
    {"\xc3\xa9", "é"},
    {"\xe6\xbc\xa2\xf0\x9f\x99\x82", "漢 🙂"},
    {" ", "Space"},
    {"\r", "Enter"},
    {"\n", "C-j"},
    {"\t", "Tab"},
    {"\x7f", "Backspace"},
    {"\b", "C-h"},
    {"\001\032", "C-a C-z"},
    {"\034\035\036\037", "C-\\ C-] C-^ C-_"},
    /* Alt */
    {"\033a", "M-a"},
    {"\033A", "M-A"},
    {"\033\r", "M-Enter"},
    {"\033\n", "C-M-j"},
    {"\033\x7f", "M-Backspace"},
    {"\033\001", "C-M-a"},
    {"\033\xc3\xa9", "M-é"},
    {"\033 ", "M-Space"},
    {"\033.", "M-."},
    {"\033]x", "M-] x"},
    {"\033Px", "M-P x"},
    {"\033_x", "M-_ x"},
    {"\033X", "M-X"},
    {"\033^", "M-^"},
    /* xterm */
    {"\033[A\033[B\033[C\033[D", "Up Down Right Left"},
    {"\033OA\033OB\033OC\033OD", "Up Down Right Left"},
    {"\033[H\033[F\033OH\033OF", "Home End Home End"},
    {"\033[1~\033[4~\033[7~\033[8~", "Home End Home End"},
    {"\033[2~\033[3~\033[5~\033[6~", "Insert Delete PgUp PgDn"},
    {"\033OP\033OQ\033OR\033OS", "F1 F2 F3 F4"},
    {"\033[15~\033[17~\033[21~\033[24~", "F5 F6 F10 F12"},
    {"\033[25~\033[34~", "F13 F20"},
    {"\033[Z", "S-Tab"},
    {"\033[1;5A\033[1;2B\033[1;3C\033[1;6D", "C-Up S-Down M-Right C-S-Left"},
    {"\033[5;5~\033[6;5~", "C-PgUp C-PgDn"},
    {"\033[1;2P\033[15;5~", "S-F1 C-F5"},
    {"\033[1;9A", "None"},     /* Super is no key of ours */
    {"\033[3;129~", "Delete"}, /* Num Lock */
    {"\033[1;5:1A\033[1;5:3A", "C-Up None"},
    {"\033O5A\033O2P", "C-Up S-F1"},
    {"\033OM\033Oj\033Op\033OX", "Enter * 0 ="},
    /* rxvt */
    {"\033[7~\033[8~\033[11~\033[12~", "Home End F1 F2"},
    {"\033[a\033[d\033Oa\033Od", "S-Up S-Left C-Up C-Left"},
    {"\033[3$\033[3^\033[3@", "S-Delete C-Delete C-S-Delete"},
    {"\033\033[A\033\033OB", "M-Up M-Down"},
    {"\033\033[5~", "M-PgUp"},
    /* the Linux console */
    {"\033[[A\033[[E", "F1 F5"},
    {"\033[[Z", "None"},
    /* modifyOtherKeys and kitty */
    {"\033[27;5;13~\033[27;2;13~", "C-Enter S-Enter"},
    {"\033[27;3;97~\033[27;4;65~\033[27;5;105~", "M-a M-A Tab"},
    {"\033[27;5;47~", "C-_"},
    {"\033[13;2u\033[9;2u\033[27u\033[127;5u", "S-Enter S-Tab Esc C-Backspace"},
    {"\033[97;5u\033[97;6u\033[97;4u\033[97:65;4u", "C-a C-a M-A M-A"},
    {"\033[97;5:1u\033[97;5:3u", "C-a None"},
    {"\033[233u\033[57414u\033[57399u\033[57421;5u", "é Enter 0 C-PgUp"},
    {"\033[57441u\033[57358u", "None None"}, /* Shift alone, Caps Lock */
    {"\033[97;9u", "None"},
    {"\033[0u\033[1u\033[1114112u\033[128u", "None None None None"},
    /* the mouse */
    {"\033[<0;10;5M\033[<0;10;5m", "MousePress@4,9 MouseRelease@4,9"},
    {"\033[<0;1;1M\033[<0;1;1m\033[<0;1;1M", "MousePress@0,0 MouseRelease@0,0 MouseDouble@0,0"},
    {"\033[<0;1;1M\033[<0;2;1M", "MousePress@0,0 MousePress@0,1"},
    {"\033[<64;3;4M\033[<65;3;4M", "WheelUp@3,2 WheelDown@3,2"},
    {"\033[<80;3;4M\033[<16;3;4M", "C-WheelUp@3,2 C-MousePress@3,2"},
    {"\033[<2;1;1M\033[<1;1;1M\033[<66;1;1M\033[<32;1;1M", "None None None None"},
    {"\033[<0;0;1M\033[<0;1M\033[<M\033[<NaN;NaN;NaNM", "None None None None"},
    {"\033[<0;99999999999999999999;1M", "None"},
    {"\033[M !!\033[M#!!\033[M`!!", "MousePress@0,0 MouseRelease@0,0 WheelUp@0,0"},
    {"\033[M   ", "None"},
    /* answers and what nobody knows */
    {"\033[I\033[O", "None None"},
    {"\033[?1;2c\033[>41;354;0c\033[24;80R\033[0n\033[?2026;2$yx", "None None None None None x"},
    {"\033]11;rgb:0000/0000/0000\033\\x", "None x"},
    {"\033]52;c;aGk=\ax", "None x"},
    {"\033P>|XTerm(370)\033\\\033P1+r544e\033\\x", "None None x"},
    {"\033_Gi=31;OK\033\\x", "None x"},
    {"\033[99~\033[1;2;3;4;5;6;7;8;9;10~\033[Ex", "None S-Home None x"},
    {"\033[201~x", "None x"},
    {"\033O!x", "None x"},
    /* broken */
    {"\xff", "�"},
    {"\xe9x", "� x"},
    {"\xc3\033[A", "� Up"},
    {"\xc0\xaf", "� �"},
    {"\xc2\x9b", "None"},
    {"\033[1\033[A", "None Up"},
    {"\033[\001", "None C-a"},
    /* pastes */
    {"\033[200~hi\033[201~", "Paste:hi"},
    {"\033[200~\033[201~x", "Paste: x"},
    {"\033[200~a\033[A\r\nb\033[201~\r", "Paste:a\033[A\r\nb Enter"},
    {"\033[200~a\033[201~b\033[201~", "Paste:a b None"},
    {"\033[200~\033[200~a\033[201~", "Paste:\033[200~a"},
};

static void
print(const struct key *key, struct buf *out)
{
	char name[KEY_NAME_SIZE];

	if (out->len > 0)
		buf_putc(out, ' ');
	if (key->code == KEY_PASTE) {
		buf_puts(out, "Paste:");
		buf_add(out, key->text, key->len);
		return;
	}
	key_print(key, name, sizeof(name));
	buf_puts(out, name);
	if (key->pasted)
		buf_putc(out, '+');
	if (key->code == KEY_MOUSE_)
		buf_printf(out, "@%d,%d", key->y, key->x);
}

/* Takes what is there. */
static int
take_all(struct input *in, int64_t now, struct buf *out)
{
	struct key key;
	int more;

	while (input_take(in, now, &key, &more)) {
		print(&key, out);
		free(key.text);
	}
	return more;
}

/* The same keys come out wherever the bytes are cut in two. */
static void
check_keys(const char *bytes, size_t len, size_t cut, const char *expected)
{
	struct input *in = input_new(INPUT_UTF8);
	struct buf out = BUF_EMPTY;
	int more;

	input_push(in, bytes, cut, 1000);
	take_all(in, 1000, &out);
	input_push(in, bytes + cut, len - cut, 1010);
	more = take_all(in, 1010, &out);
	if (more > 0)
		more = take_all(in, 1010 + more, &out);
	if (more > 0)
		more = take_all(in, 1010 + 2000, &out);
	assert_int_equal(more, -1);
	assert_true(input_is_empty(in));
	if (strcmp(out.data, expected) != 0)
		fail_msg("cut at %zu: \"%s\", expected \"%s\"", cut, out.data, expected);
	buf_done(&out);
	input_free(in);
}

static void
test_rows(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		size_t len = strlen(rows[i].bytes);

		print_message("%zu: %s\n", i, rows[i].keys);
		for (size_t cut = 0; cut <= len; cut++)
			check_keys(rows[i].bytes, len, cut, rows[i].keys);
	}
}

static void
test_nul(void **state)
{
	(void)state;
	check_keys("\0a", 2, 1, "C-Space a");
}

/* A lone Esc is one only after a while, and says how long. */
static void
test_esc(void **state)
{
	struct input *in = input_new(INPUT_UTF8);
	struct key key;
	int more;

	(void)state;
	input_push(in, "\033", 1, 1000);
	assert_false(input_take(in, 1000, &key, &more));
	assert_in_range(more, 25, 50);
	assert_false(input_take(in, 1010, &key, &more));
	assert_in_range(more, 1, 40);
	assert_true(input_take(in, 1050, &key, &more));
	assert_int_equal(key.code, KEY_ESC);
	assert_int_equal(more, -1);
	assert_false(input_take(in, 1050, &key, &more));
	assert_int_equal(more, -1);

	/* Twice. */
	input_push(in, "\033\033", 2, 2000);
	assert_false(input_take(in, 2000, &key, &more));
	assert_true(input_take(in, 2050, &key, &more));
	assert_int_equal(key.code, KEY_ESC);
	assert_int_equal(key.modifiers, 0);
	assert_true(input_take(in, 2050, &key, &more));
	assert_int_equal(key.code, KEY_ESC);

	/* ESC [ is Alt-[ if nothing follows. */
	input_push(in, "\033[", 2, 3000);
	assert_false(input_take(in, 3050, &key, &more));
	assert_true(more > 0);
	assert_true(input_take(in, 3000 + 500, &key, &more));
	assert_int_equal(key.code, '[');
	assert_int_equal(key.modifiers, KEY_ALT);

	/* A clock that jumps back does not make it wait for long. */
	input_push(in, "\033", 1, 100000);
	assert_false(input_take(in, 5000, &key, &more));
	assert_in_range(more, 1, 50);
	assert_true(input_take(in, 100050, &key, &more));
	input_free(in);
}

static void
test_double_click(void **state)
{
	struct input *in = input_new(INPUT_UTF8);
	struct buf out = BUF_EMPTY;

	(void)state;
	input_push(in, "\033[<0;1;1M", 9, 1000);
	take_all(in, 1000, &out);
	input_push(in, "\033[<0;1;1M", 9, 1500);
	take_all(in, 1500, &out);
	assert_string_equal(out.data, "MousePress@0,0 MousePress@0,0");
	buf_done(&out);
	input_free(in);
}

/* What terminfo knows: an arrow like Alt-A, and nothing that is standard already. */
static void
test_learn(void **state)
{
	struct input *in = input_new(INPUT_UTF8);
	struct key up = {.code = KEY_UP_}, f1 = {.code = KEY_F_ + 1};
	struct buf out = BUF_EMPTY;

	(void)state;
	input_learn(in, "\033A", &up);
	input_learn(in, "\033[OP", &f1);
	input_learn(in, "\033[1;2P", &f1);
	input_learn(in, "x", &f1);
	input_push(in, "\033A\033B\033[OP\033[1;2Px", 15, 1000);
	take_all(in, 1000, &out);
	assert_string_equal(out.data, "Up M-B F1 S-F1 x");
	buf_done(&out);
	input_free(in);
}

/* Line ends and TABs of a paste without marks are told from keys by what is behind them. */
static void
test_unmarked_paste(void **state)
{
	static const struct {
		const char *bytes, *keys;
	} cases[] = {
	    {"hi\r", "h i Enter"},
	    {"\r", "Enter"},
	    {"hi\r\r", "h i Enter Enter"},
	    {"a\rb", "a Enter+ b"},
	    {"a\rb\r", "a Enter+ b Enter"},
	    {"a\r\n\r\nb\r\n", "a Enter+ Enter+ b Enter C-j"},
	    {"a\nb\n", "a C-j+ b C-j"},
	    {"a\r\tb\tc\rd\te\t", "a Enter+ Tab+ b Tab+ c Enter+ d Tab+ e Tab+"},
	    {"a\tb\rc", "a Tab+ b Enter+ c"},
	    {"a\rb\033[C\tc", "a Enter+ b Right Tab+ c"},
	    {"\r\xc3\xa9", "Enter+ é"},
	    /* Keys that came together, from a slow line or a program. */
	    {"a\t", "a Tab"},
	    {"a\tb", "a Tab b"},
	    {"a\tb\r", "a Tab b Enter"},
	    {"a\r\t", "a Enter Tab"},
	    {"a\r\030q", "a Enter C-x q"},
	    {"a\r\033[A", "a Enter Up"},
	    {"a\r\033[<64;1;1M", "a Enter WheelUp@0,0"},
	    {"a\r\177b", "a Enter Backspace b"},
	    /* Marked ones are not looked into. */
	    {"\033[200~a\rb\033[201~\r", "Paste:a\rb Enter"},
	    {"\033[200~a\rb\033[201~\tc", "Paste:a\rb Tab c"},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct input *in = input_new(INPUT_UTF8);
		struct buf out = BUF_EMPTY;
		int more;

		input_push(in, cases[i].bytes, strlen(cases[i].bytes), 1000);
		more = take_all(in, 1000, &out);
		if (more > 0)
			take_all(in, 1000 + more, &out);
		assert_string_equal(out.data, cases[i].keys);
		assert_true(input_is_empty(in));
		buf_done(&out);
		input_free(in);
	}
}

/* The reads of a long one may end anywhere: a line end there waits for the next read. */
static void
test_cut_unmarked_paste(void **state)
{
	struct input *in = input_new(INPUT_UTF8);
	struct buf out = BUF_EMPTY;

	(void)state;
	input_push(in, "a\rb\r", 4, 1000);
	assert_in_range(take_all(in, 1000, &out), 1, 50);
	input_push(in, "c\td", 3, 1010);
	assert_int_equal(take_all(in, 1010, &out), -1);
	input_push(in, "\r", 1, 1020);
	assert_in_range(take_all(in, 1020, &out), 1, 50);
	assert_string_equal(out.data, "a Enter+ b Enter+ c Tab+ d");
	assert_int_equal(take_all(in, 1070, &out), -1);
	assert_string_equal(out.data, "a Enter+ b Enter+ c Tab+ d Enter");

	/* Afterwards keys are keys again, at once. */
	buf_clear(&out);
	input_push(in, "e\t", 2, 1200);
	assert_int_equal(take_all(in, 1200, &out), -1);
	input_push(in, "\r", 1, 1210);
	assert_int_equal(take_all(in, 1210, &out), -1);
	input_push(in, "f", 1, 1211);
	assert_int_equal(take_all(in, 1211, &out), -1);
	assert_string_equal(out.data, "e Tab Enter f");
	buf_done(&out);
	input_free(in);
}

/* Pushes a paste of len bytes piece by piece, as term_read() does. */
static void
push_paste(struct input *in, const char *bytes, size_t len, size_t piece)
{
	struct key key;
	int more;

	for (size_t at = 0; at < len; at += piece) {
		input_push(in, bytes + at, len - at < piece ? len - at : piece, 1000);
		assert_false(input_take(in, 1000, &key, &more));
		assert_true(more > 0);
	}
}

static void
check_paste(size_t len, size_t piece, size_t expected)
{
	struct input *in = input_new(INPUT_UTF8);
	char *bytes = xmalloc(len);
	struct key key;
	int more;

	/* NULs, line ends and beginnings of the terminator among it. */
	for (size_t i = 0; i < len; i++)
		bytes[i] = "abc\r\n\0\033[201\033"[i % 13];
	input_push(in, "\033[200~", 6, 1000);
	assert_false(input_take(in, 1000, &key, &more));
	push_paste(in, bytes, len, piece);
	input_push(in, "\033[201~z", 7, 1000);
	assert_true(input_take(in, 1000, &key, &more));
	assert_int_equal(key.code, KEY_PASTE);
	assert_int_equal(key.len, expected);
	assert_memory_equal(key.text, bytes, expected);
	free(key.text);
	assert_true(input_take(in, 1000, &key, &more));
	assert_int_equal(key.code, 'z');
	free(bytes);
	input_free(in);
}

static void
test_large_paste(void **state)
{
	(void)state;
	check_paste(1 << 20, 4096, 1 << 20);
	check_paste(100000, 1, 100000);
	check_paste((16 << 20) + 12345, 65536, 16 << 20);
}

/* A terminal that never ends a paste does not make the keyboard deaf. */
static void
test_endless_paste(void **state)
{
	struct input *in = input_new(INPUT_UTF8);
	struct key key;
	int more;

	(void)state;
	input_push(in, "\033[200~hello\033[20", 15, 1000);
	assert_false(input_take(in, 1500, &key, &more));
	assert_true(more > 0);
	assert_false(input_is_empty(in));
	assert_true(input_take(in, 1500 + more, &key, &more));
	assert_int_equal(key.code, KEY_PASTE);
	assert_int_equal(key.len, 9);
	assert_memory_equal(key.text, "hello\033[20", 9);
	free(key.text);
	assert_true(input_is_empty(in));
	input_free(in);
}

/* Answers that never end are swallowed in pieces. */
static void
test_endless_string(void **state)
{
	struct input *in = input_new(INPUT_UTF8);
	struct key key;
	int more, keys = 0;

	(void)state;
	input_push(in, "\033]52;c;", 7, 1000);
	for (int i = 0; i < 70000; i++) {
		input_push(in, "A", 1, 1000);
		if (i > 65500 || i % 1000 == 0) {
			while (input_take(in, 1000, &key, &more))
				keys += key.code == KEY_NONE_;
		}
	}
	assert_int_equal(keys, 1);
	input_free(in);

	in = input_new(INPUT_UTF8);
	input_push(in, "\033]52;c;", 7, 1000);
	assert_false(input_take(in, 1000, &key, &more));
	assert_true(input_take(in, 1000 + more, &key, &more));
	assert_int_equal(key.code, KEY_NONE_);
	assert_true(input_is_empty(in));
	input_free(in);
}

/* Any bytes at all: every one of them is used up, and nothing is read beyond. */
static void
test_noise(void **state)
{
	static const char alphabet[] =
	    "\033\033\033[[O]P;:<?0123456789~uMmAaR$\\\a\r\n\t\xc3\xa9\xff x";
	char bytes[64];

	(void)state;
	srand(7);
	for (int round = 0; round < 20000; round++) {
		struct input *in = input_new(INPUT_UTF8);
		struct buf out = BUF_EMPTY;
		int more = 0;

		for (int part = 0; part < 3; part++) {
			size_t len = (size_t)rand() % sizeof(bytes);

			for (size_t i = 0; i < len; i++)
				bytes[i] = alphabet[(size_t)rand() % (sizeof(alphabet) - 1)];
			input_push(in, bytes, len, 1000);
			more = take_all(in, 1000, &out);
		}
		for (int wait = 1; wait < 100 && more != -1; wait++)
			more = take_all(in, 1000 + wait * 1000, &out);
		assert_int_equal(more, -1);
		assert_true(input_is_empty(in));
		buf_done(&out);
		input_free(in);
	}
}

/* In the plain C locale é is not one byte, and bytes that mean nothing type nothing. */
static void
test_locale(void **state)
{
	struct input *in = input_new(INPUT_LOCALE);
	struct buf out = BUF_EMPTY;

	(void)state;
	setlocale(LC_ALL, "C.UTF-8");
	input_push(in,
	    "\xc3\xa9\xff"
	    "a\033[A",
	    7, 1000);
	take_all(in, 1000, &out);
	assert_string_equal(out.data, "é None a Up");
	buf_done(&out);
	input_free(in);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_rows),
	    cmocka_unit_test(test_nul),
	    cmocka_unit_test(test_esc),
	    cmocka_unit_test(test_double_click),
	    cmocka_unit_test(test_learn),
	    cmocka_unit_test(test_unmarked_paste),
	    cmocka_unit_test(test_cut_unmarked_paste),
	    cmocka_unit_test(test_large_paste),
	    cmocka_unit_test(test_endless_paste),
	    cmocka_unit_test(test_endless_string),
	    cmocka_unit_test(test_noise),
	    cmocka_unit_test(test_locale),
	};

	setlocale(LC_ALL, "C.UTF-8");
	return cmocka_run_group_tests(tests, NULL, NULL);
}
