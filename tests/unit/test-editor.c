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
#include <time.h>

#include <cmocka.h>

#include "base/buf.h"
#include "base/mem.h"
#include "base/utf8.h"
#include "ui/editor.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))
#define FAMILY "👨‍👩‍👧‍👦"

static const struct {
	const char *name;
	enum editor_op op;
} ops[] = {{"left", EDIT_LEFT}, {"right", EDIT_RIGHT}, {"word-left", EDIT_WORD_LEFT},
    {"word-right", EDIT_WORD_RIGHT}, {"line-start", EDIT_LINE_START}, {"line-end", EDIT_LINE_END},
    {"up", EDIT_UP}, {"down", EDIT_DOWN}, {"start", EDIT_START}, {"end", EDIT_END},
    {"backspace", EDIT_BACKSPACE}, {"delete", EDIT_DELETE}, {"kill-word-left", EDIT_KILL_WORD_LEFT},
    {"kill-word-right", EDIT_KILL_WORD_RIGHT}, {"kill-space-left", EDIT_KILL_SPACE_LEFT},
    {"kill-line-start", EDIT_KILL_LINE_START}, {"kill-line-end", EDIT_KILL_LINE_END},
    {"yank", EDIT_YANK}, {"transpose", EDIT_TRANSPOSE}, {"upcase", EDIT_UPCASE},
    {"downcase", EDIT_DOWNCASE}, {"capitalise", EDIT_CAPITALISE}, {"undo", EDIT_UNDO},
    {"redo", EDIT_REDO}};

/*
 * A text with the cursor at |, operations (or 'typed text'), and what it is
 * then. An operation with ! in front changes nothing and says so.
 */
static const struct {
	const char *before, *todo, *after;
} rows[] = {
    {"|", "!left !right !up !down !backspace !delete !undo !redo !yank !transpose", "|"},
    {"|", "'abc'", "abc|"},
    {"a|c", "'b'", "ab|c"},
    {"abc|", "left left", "a|bc"},
    {"a" FAMILY "|", "left", "a|" FAMILY},
    {"e\xcc\x81|", "left", "|e\xcc\x81"},
    {"a" FAMILY "|b", "backspace", "a|b"},
    {"|🇫🇷🇩🇪", "delete", "|🇩🇪"},
    {"x|e\xcc\x81y", "delete", "x|y"},
    /* words */
    {"one, two  thrée|", "word-left", "one, two  |thrée"},
    {"one, two  |thrée", "word-left word-left", "|one, two  thrée"},
    {"|one, two", "word-right", "one|, two"},
    {"one|, two", "word-right !word-right", "one, two|"},
    {"漢字 かな|", "word-left", "漢字 |かな"},
    {"one two|", "kill-word-left", "one |"},
    {"one-two  |", "kill-word-left", "one-|"},
    {"one-two  |", "kill-space-left", "|"},
    {"a one-two|", "kill-space-left", "a |"},
    {"a\nb|", "kill-space-left", "a\n|"},
    {"|one two", "kill-word-right", "| two"},
    {"one| two", "kill-word-right", "one|"},
    /* lines */
    {"ab\ncd|ef\ngh", "line-start", "ab\n|cdef\ngh"},
    {"ab\ncd|ef\ngh", "line-end", "ab\ncdef|\ngh"},
    {"ab\ncd|ef\ngh", "start", "|ab\ncdef\ngh"},
    {"ab\ncd|ef\ngh", "end", "ab\ncdef\ngh|"},
    {"ab\ncd|ef\ngh", "kill-line-end", "ab\ncd|\ngh"},
    {"ab\ncd|\ngh", "kill-line-end", "ab\ncd|gh"},
    {"ab\ncd|", "!kill-line-end", "ab\ncd|"},
    {"ab\ncd|ef\ngh", "kill-line-start !kill-line-start", "ab\n|ef\ngh"},
    {"abcdef\ng\nhijklm|", "up", "abcdef\ng|\nhijklm"},
    {"abcdef\ng\nhijklm|", "up up", "abcdef|\ng\nhijklm"},
    {"abcdef\ng\nhijklm|", "up up down down", "abcdef\ng\nhijklm|"},
    {"abcdef\ng\nhijklm|", "up left up", "|abcdef\ng\nhijklm"},
    {"漢字\nabc|", "up", "漢|字\nabc"},
    {"漢字\nabcd|", "up", "漢字|\nabcd"},
    {"\tx\nabcdefgh|i", "up", "\t|x\nabcdefghi"},
    {"\tx\nabc|defghi", "up", "|\tx\nabcdefghi"},
    {"a|b", "!up", "a|b"},
    {"a|b\n", "down !down", "ab\n|"},
    /* killing and yanking */
    {"one two|", "kill-word-left yank yank", "one twotwo|"},
    {"one two three|", "kill-word-left kill-word-left yank", "one two three|"},
    {"|one two three", "kill-word-right kill-word-right yank", "one two| three"},
    {"one |two", "kill-line-end kill-line-start yank", "one two|"},
    {"one two|", "kill-word-left left kill-word-left right yank", " one|"},
    {"ab|cd", "!yank", "ab|cd"},
    {"ab\n|cd", "start kill-line-end kill-line-end yank end yank", "ab\ncdab\n|"},
    /* transposing */
    {"ab|cd", "transpose", "acb|d"},
    {"abcd|", "transpose", "abdc|"},
    {"|abcd", "!transpose", "|abcd"},
    {"ab\n|cd", "!transpose", "ab\n|cd"},
    {"ab|\ncd", "transpose", "ba|\ncd"},
    {"a|", "!transpose", "a|"},
    {"x" FAMILY "|y", "transpose", "xy" FAMILY "|"},
    /* case */
    {"|hello wörld", "upcase upcase", "HELLO WÖRLD|"},
    {"|HELLO World", "downcase", "hello| World"},
    {"| hello WORLD", "capitalise capitalise", " Hello World|"},
    {"|élan", "capitalise", "Élan|"},
    {"|ABC", "upcase", "ABC|"},
    {"abc|", "!upcase", "abc|"},
    {"|ß ı", "upcase upcase", "ß I|"},
    /* undo */
    {"|", "'a' 'b' 'c' undo", "|"},
    {"|", "'a' 'b' 'c' undo redo", "abc|"},
    {"|", "'a' 'b' left right 'c' undo", "ab|"},
    {"|", "'a' 'b' left right 'c' undo undo !undo", "|"},
    {"abc|", "backspace backspace undo", "abc|"},
    {"|abc", "delete delete undo", "|abc"},
    {"abc|", "backspace 'x' undo", "ab|"},
    {"abc|", "backspace 'x' undo undo", "abc|"},
    {"one two|", "kill-word-left kill-word-left undo", "one |"},
    {"one two|", "kill-word-left kill-word-left undo undo", "one two|"},
    {"|", "'a' 'pasted text' 'b' undo", "apasted text|"},
    {"|", "'a' 'pasted text' 'b' undo undo", "a|"},
    {"a|b", "kill-line-start upcase undo", "|b"},
    {"|", "'a' !redo undo redo !redo", "a|"},
    /* What was undone stays, also when something else is typed. */
    {"|", "'abc ' undo 'x' undo", "|"},
    {"|", "'abc ' undo 'x' undo undo", "abc |"},
    {"|", "'abc ' undo 'x' undo undo undo !undo", "|"},
    {"|", "'abc ' undo 'x' !redo", "x|"},
    {"|", "'ab ' 'cd ' undo undo 'x' undo undo undo", "ab cd |"},
};

/* The text with | at the cursor. */
static char *
show(const struct editor *ed)
{
	struct buf out = BUF_EMPTY;
	size_t len, cursor = editor_cursor(ed);
	const char *text = editor_text(ed, &len);

	assert_true(cursor <= len);
	buf_add(&out, text, cursor);
	buf_putc(&out, '|');
	buf_add(&out, text + cursor, len - cursor);
	return buf_take(&out);
}

static void
load(struct editor *ed, const char *marked)
{
	const char *bar = strchr(marked, '|');
	char *text = xasprintf("%.*s%s", (int)(bar - marked), marked, bar + 1);

	editor_reset(ed, text, strlen(text));
	editor_move_to(ed, (size_t)(bar - marked));
	free(text);
}

static enum editor_op
find_op(const char *name)
{
	for (size_t i = 0; i < COUNT(ops); i++) {
		if (strcmp(ops[i].name, name) == 0)
			return ops[i].op;
	}
	fail_msg("no operation %s", name);
	return EDIT_LEFT;
}

static void
run(struct editor *ed, const char *todo)
{
	char word[64];
	int n;

	while (*todo != '\0') {
		if (*todo == ' ') {
			todo++;
		} else if (*todo == '\'') {
			const char *end = strchr(todo + 1, '\'');

			assert_true(editor_insert(ed, todo + 1, (size_t)(end - todo) - 1));
			todo = end + 1;
		} else {
			bool idle = *todo == '!', changed;

			assert_int_equal(sscanf(todo + idle, "%63s%n", word, &n), 1);
			changed = editor_do(ed, find_op(word));
			if (changed == idle)
				fail_msg("%s: said %d", word, changed);
			todo += n + idle;
		}
	}
}

static void
test_rows(void **state)
{
	struct editor *ed = editor_new();

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct editor *fresh = editor_new();
		char *shown;

		print_message("%zu: %s\n", i, rows[i].todo);
		load(fresh, rows[i].before);
		run(fresh, rows[i].todo);
		shown = show(fresh);
		assert_string_equal(shown, rows[i].after);
		free(shown);
		editor_free(fresh);
	}
	editor_free(ed);
	editor_free(NULL);
}

static void
test_insert(void **state)
{
	static const struct {
		const char *bytes;
		size_t len;
		const char *text;
	} inserts[] = {
	    {"a\r\nb\rc\nd", 8, "a\nb\nc\nd"},
	    {"a\0b", 3, "ab"},
	    {"a\033[31mb\a\x7f", 9, "a[31mb"},
	    {"tab\there", 8, "tab\there"},
	    {"\xff"
	     "a\xc3",
		3,
		"\xef\xbf\xbd"
		"a\xef\xbf\xbd"},
	    {"\xc2\x9b"
	     "1m",
		4, "1m"},
	    {"\r", 1, "\n"},
	    {"\r\r\n", 3, "\n\n"},
	    {"", 0, ""},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(inserts); i++) {
		struct editor *ed = editor_new();
		size_t len;

		assert_true(editor_insert(ed, inserts[i].bytes, inserts[i].len));
		assert_string_equal(editor_text(ed, &len), inserts[i].text);
		assert_int_equal(len, strlen(inserts[i].text));
		assert_int_equal(editor_is_empty(ed), len == 0);
		editor_free(ed);
	}
}

/* The cursor never stands inside a cluster, whatever melts together. */
static void
test_clusters(void **state)
{
	struct editor *ed = editor_new();
	char *shown;

	(void)state;
	load(ed, "a|e\xcc\x81");
	editor_move_to(ed, 2);
	assert_int_equal(editor_cursor(ed), 1);
	editor_move_to(ed, 3);
	assert_int_equal(editor_cursor(ed), 1);
	editor_move_to(ed, 1000);
	assert_int_equal(editor_cursor(ed), 4);

	/* A mark joins the letter before it; a letter put before a mark takes it. */
	load(ed, "e|x");
	assert_true(editor_insert(ed, "\xcc\x81", 2));
	shown = show(ed);
	assert_string_equal(shown, "e\xcc\x81|x");
	free(shown);
	load(ed, "|\xcc\x81x");
	assert_true(editor_insert(ed, "e", 1));
	shown = show(ed);
	assert_string_equal(shown, "e\xcc\x81|x");
	free(shown);
	load(ed, "👩|👧");
	assert_true(editor_insert(ed, "\xe2\x80\x8d", 3));
	shown = show(ed);
	assert_string_equal(shown, "👩\xe2\x80\x8d👧|");
	free(shown);
	editor_free(ed);
}

static void
test_set(void **state)
{
	struct editor *ed = editor_new();
	char *shown;

	(void)state;
	editor_insert(ed, "draft", 5);
	editor_set(ed, "other\r\n", 7);
	shown = show(ed);
	assert_string_equal(shown, "other\n|");
	free(shown);
	assert_true(editor_do(ed, EDIT_UNDO));
	shown = show(ed);
	assert_string_equal(shown, "draft|");
	free(shown);
	editor_reset(ed, "new", 3);
	assert_false(editor_do(ed, EDIT_UNDO));
	assert_false(editor_do(ed, EDIT_REDO));
	editor_free(ed);
}

static void
test_too_long(void **state)
{
	struct editor *ed = editor_new();
	size_t max = (size_t)16 << 20, len;
	char *bytes = xmalloc(max + 1);

	(void)state;
	memset(bytes, 'x', max + 1);
	assert_true(editor_insert(ed, "ab", 2));
	assert_false(editor_insert(ed, bytes, max - 1));
	assert_string_equal(editor_text(ed, NULL), "ab");
	assert_true(editor_insert(ed, bytes, max - 2));
	assert_false(editor_insert(ed, "c", 1));
	assert_true(editor_do(ed, EDIT_UNDO));
	assert_string_equal(editor_text(ed, NULL), "ab");
	editor_set(ed, bytes, max + 1);
	editor_text(ed, &len);
	assert_true(len <= max && len > max - 100);
	assert_true(editor_do(ed, EDIT_UNDO));
	assert_string_equal(editor_text(ed, NULL), "ab");
	free(bytes);
	editor_free(ed);
}

/* The text of the rows, joined by |, with > before the row of the cursor. */
static void
check_layout(struct editor *ed, int width, const char *expected)
{
	struct buf out = BUF_EMPTY;
	int count, y, x;
	size_t start, end;

	editor_layout(ed, width, &count, &y, &x);
	for (int row = 0; row < count; row++) {
		buf_puts(&out, row > 0 ? "|" : "");
		if (row == y)
			buf_printf(&out, "%d>", x);
		assert_true(editor_row(ed, row, &start, &end));
		buf_add(&out, editor_text(ed, NULL) + start, end - start);
	}
	assert_false(editor_row(ed, count, &start, &end));
	assert_false(editor_row(ed, -1, &start, &end));
	assert_string_equal(out.data, expected);
	buf_done(&out);
}

static const struct {
	const char *text;
	int width;
	const char *layout;
} layouts[] = {
    {"|", 10, "0>"}, {"ab|", 10, "2>ab"}, {"|ab", 10, "0>ab"}, {"ab\n|", 10, "ab|0>"},
    {"ab\ncd|\n", 10, "ab|2>cd|"}, {"one two three|", 8, "one two |5>three"},
    {"one two three|", 7, "one |two |5>three"}, {"one| two", 4, "3>one |two"},
    {"one |two", 4, "one |0>two"}, {"abcdefghij|", 4, "abcd|efgh|2>ij"}, {"abcd|", 4, "abcd|0>"},
    {"abcd|\n", 4, "abcd|0>|"}, {"漢字漢|", 4, "漢字|2>漢"}, {"漢字漢|", 5, "漢字|2>漢"},
    {"漢|", 1, "漢|0>"}, {"a\tb|", 20, "9>a\tb"}, {"a\t|b", 8, "a\t|0>b"},
    {"ab" FAMILY "|", 8, "ab|" FAMILY "|0>"}, {"ab|", 0, "a|b|0>"},
    {"e\xcc\x81"
     "e\xcc\x81"
     "e\xcc\x81|",
	2,
	"e\xcc\x81"
	"e\xcc\x81|1>e\xcc\x81"},
    {"a\xe2\x80\xae|b", 40,
	"9>a\xe2\x80\xae"
	"b"}, /* shown as <U+202E> */
};

static void
test_layout(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(layouts); i++) {
		struct editor *ed = editor_new();

		print_message("%zu: %s\n", i, layouts[i].layout);
		load(ed, layouts[i].text);
		check_layout(ed, layouts[i].width, layouts[i].layout);
		editor_free(ed);
	}
}

static void
test_show_row(void **state)
{
	struct editor *ed = editor_new();
	struct buf out = BUF_EMPTY;
	int count, y, x;

	(void)state;
	load(ed, "a\tb\xe2\x80\xae"
		 "c\nمی\xe2\x80\x8cخ|");
	editor_layout(ed, 40, &count, &y, &x);
	assert_true(editor_show_row(ed, 0, &out));
	assert_string_equal(out.data, "a       b<U+202E>c");
	buf_clear(&out);
	assert_true(editor_show_row(ed, 1, &out));
	assert_string_equal(out.data, "می\xe2\x80\x8cخ");
	assert_int_equal(x, 3);
	buf_clear(&out);
	assert_false(editor_show_row(ed, 2, &out));
	buf_done(&out);
	editor_free(ed);
}

static void
test_row_moves(void **state)
{
	struct editor *ed = editor_new();
	char *shown;

	(void)state;
	assert_false(editor_row_up(ed));
	load(ed, "one two three\nx\nlonger|");
	check_layout(ed, 8, "one two |three|x|6>longer");
	assert_true(editor_row_up(ed));
	check_layout(ed, 8, "one two |three|1>x|longer");
	assert_true(editor_row_up(ed));
	check_layout(ed, 8, "one two |5>three|x|longer");
	assert_true(editor_row_up(ed));
	check_layout(ed, 8, "6>one two |three|x|longer");
	assert_false(editor_row_up(ed));
	assert_true(editor_row_down(ed) && editor_row_down(ed) && editor_row_down(ed));
	shown = show(ed);
	assert_string_equal(shown, "one two three\nx\nlonger|");
	free(shown);
	assert_false(editor_row_down(ed));

	/* In a row that goes on, the last place is before its last cluster. */
	load(ed, "abcd\nefghij|");
	check_layout(ed, 4, "abcd||efgh|2>ij");
	load(ed, "ab cdefghijk\nlmno|p");
	check_layout(ed, 6, "ab |cdefgh|ijk|4>lmnop");
	assert_true(editor_row_up(ed) && editor_row_up(ed) && editor_row_up(ed));
	check_layout(ed, 6, "2>ab |cdefgh|ijk|lmnop");
	editor_free(ed);
}

/* Random operations: the layout that is kept is the one that would be made anew. */
static void
check_against_fresh(struct editor *ed, int width)
{
	struct editor *fresh = editor_new();
	int counts[2], y[2], x[2];
	size_t starts[2], ends[2], len;
	const char *text = editor_text(ed, &len);

	assert_true(utf8_valid(text, len));
	editor_reset(fresh, text, len);
	editor_move_to(fresh, editor_cursor(ed));
	assert_int_equal(editor_cursor(fresh), editor_cursor(ed));
	editor_layout(ed, width, &counts[0], &y[0], &x[0]);
	editor_layout(fresh, width, &counts[1], &y[1], &x[1]);
	assert_int_equal(counts[0], counts[1]);
	assert_int_equal(y[0], y[1]);
	assert_int_equal(x[0], x[1]);
	for (int row = 0; row < counts[0]; row++) {
		assert_true(editor_row(ed, row, &starts[0], &ends[0]));
		assert_true(editor_row(fresh, row, &starts[1], &ends[1]));
		assert_int_equal(starts[0], starts[1]);
		assert_int_equal(ends[0], ends[1]);
	}
	editor_free(fresh);
}

static void
test_random(void **state)
{
	static const char *const pieces[] = {"a", "b ", "\n", "word ", "漢", "字", "e\xcc\x81",
	    "\xcc\x81", FAMILY, "\xe2\x80\x8d", "👧", "\t",
	    "a longer piece of text\nwith a line in it ", "\xe2\x80\xae",
	    "xxxxxxxxxxxxxxxxxxxxxxxxx", "🇫"};

	(void)state;
	srand(11);
	for (int round = 0; round < 60; round++) {
		struct editor *ed = editor_new();
		int width = 1 + rand() % 20;

		for (int i = 0; i < 300; i++) {
			size_t len;

			editor_text(ed, &len);
			if (rand() % 3 == 0) {
				const char *piece = pieces[(size_t)rand() % COUNT(pieces)];

				assert_true(editor_insert(ed, piece, strlen(piece)));
			} else if (rand() % 6 == 0) {
				editor_move_to(ed, len > 0 ? (size_t)rand() % (len + 1) : 0);
			} else if (rand() % 5 == 0) {
				rand() % 2 ? editor_row_up(ed) : editor_row_down(ed);
			} else {
				editor_do(ed, ops[(size_t)rand() % COUNT(ops)].op);
			}
			if (rand() % 50 == 0)
				width = 1 + rand() % 20;
			/* Several changes may come between two layouts. */
			if (rand() % 3 != 0)
				check_against_fresh(ed, width);
		}
		editor_free(ed);
	}
}

/* Undo as far as it goes comes back to the beginning, redo to the end. */
static void
test_random_undo(void **state)
{
	static const char *const pieces[] = {"a", "b", " ", "\n", "漢", "pasted text", "e\xcc\x81"};

	(void)state;
	srand(5);
	for (int round = 0; round < 200; round++) {
		struct editor *ed = editor_new();
		char *last, *again;
		int steps = 0;

		editor_reset(ed, "The text of the beginning.\n", 27);
		for (int i = 0; i < 60; i++) {
			if (rand() % 2) {
				const char *piece = pieces[(size_t)rand() % COUNT(pieces)];

				editor_insert(ed, piece, strlen(piece));
			} else {
				editor_do(ed, ops[(size_t)rand() % COUNT(ops)].op);
			}
		}
		while (editor_do(ed, EDIT_REDO))
			;
		last = xstrdup(editor_text(ed, NULL));
		while (editor_do(ed, EDIT_UNDO))
			steps++;
		assert_string_equal(editor_text(ed, NULL), "The text of the beginning.\n");
		for (int i = 0; i < steps; i++)
			assert_true(editor_do(ed, EDIT_REDO));
		assert_false(editor_do(ed, EDIT_REDO));
		again = xstrdup(editor_text(ed, NULL));
		assert_string_equal(again, last);
		free(again);
		free(last);
		editor_free(ed);
	}
}

/* History is long, and ends. */
static void
test_limits(void **state)
{
	struct editor *ed = editor_new();
	int steps = 0;
	size_t len;

	(void)state;
	for (int i = 0; i < 3000; i++)
		assert_true(editor_insert(ed, "ab", 2));
	while (editor_do(ed, EDIT_UNDO))
		steps++;
	assert_int_equal(steps, 1000);
	editor_text(ed, &len);
	assert_int_equal(len, 4000);

	/* A step that is larger than all that may be kept is kept all the same. */
	editor_reset(ed, "", 0);
	for (int i = 0; i < 12; i++) {
		char *piece = xmalloc(1 << 20);

		memset(piece, 'a' + i, 1 << 20);
		assert_true(editor_insert(ed, piece, 1 << 20));
		free(piece);
	}
	editor_set(ed, "", 0);
	assert_true(editor_is_empty(ed));
	assert_true(editor_do(ed, EDIT_UNDO));
	editor_text(ed, &len);
	assert_int_equal(len, 12 << 20);
	assert_false(editor_do(ed, EDIT_UNDO));
	editor_free(ed);
}

/* Typing into a text of 1 MiB lays out a few rows, not all: 400 keys would take minutes else. */
static void
test_large(void **state)
{
	struct editor *ed = editor_new();
	struct buf text = BUF_EMPTY;
	int count, y, x;
	clock_t begin;

	(void)state;
	for (int i = 0; text.len < 1 << 20; i++)
		buf_printf(&text, "line %d of a longer text, with 漢字 in it, to be wrapped %s", i,
		    i % 7 == 0 ? "\n" : "");
	assert_true(editor_insert(ed, text.data, text.len));
	editor_layout(ed, 40, &count, &y, &x);
	begin = clock();
	for (int i = 0; i < 400; i++) {
		if (i % 10 == 0)
			editor_move_to(ed, text.len / 400 * (size_t)i);
		assert_true(editor_insert(ed, "x", 1));
		editor_layout(ed, 40, &count, &y, &x);
	}
	print_message("400 keys: %ld ms\n", (long)(clock() - begin) * 1000 / CLOCKS_PER_SEC);
	check_against_fresh(ed, 40);
	buf_done(&text);
	editor_free(ed);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_rows),
	    cmocka_unit_test(test_insert),
	    cmocka_unit_test(test_clusters),
	    cmocka_unit_test(test_set),
	    cmocka_unit_test(test_too_long),
	    cmocka_unit_test(test_layout),
	    cmocka_unit_test(test_show_row),
	    cmocka_unit_test(test_row_moves),
	    cmocka_unit_test(test_random),
	    cmocka_unit_test(test_random_undo),
	    cmocka_unit_test(test_limits),
	    cmocka_unit_test(test_large),
	};

	setlocale(LC_ALL, "C.UTF-8");
	return cmocka_run_group_tests(tests, NULL, NULL);
}
