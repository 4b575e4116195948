/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <locale.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/buf.h"
#include "base/utf8.h"
#include "text/diff.h"

/* As wdiff writes it: a[-left-]{+right+}b. */
static void
show(const char *left, const diff_list *runs, const char *right, struct buf *out)
{
	static const char *const marks[][2] = {
	    [DIFF_SAME] = {"", ""},
	    [DIFF_LEFT] = {"[-", "-]"},
	    [DIFF_RIGHT] = {"{+", "+}"},
	};

	for (size_t i = 0; i < runs->len; i++) {
		const struct diff_run *run = &runs->items[i];

		buf_puts(out, marks[run->kind][0]);
		buf_add(
		    out, run->kind == DIFF_RIGHT ? right + run->right : left + run->left, run->len);
		buf_puts(out, marks[run->kind][1]);
	}
}

/* Both texts, from the runs alone and in their order; what is the same has to be. */
static void
check(const char *left, size_t left_len, const diff_list *runs, const char *right, size_t right_len)
{
	size_t a = 0, b = 0;

	for (size_t i = 0; i < runs->len; i++) {
		const struct diff_run *run = &runs->items[i];

		assert_true(run->len > 0);
		assert_int_equal(run->left, a);
		assert_int_equal(run->right, b);
		if (i > 0 && run->kind == run[-1].kind)
			fail_msg("two runs of one kind follow each other");
		if (i > 0 && run->kind == DIFF_LEFT && run[-1].kind == DIFF_RIGHT)
			fail_msg("the right side stands before the left");
		if (run->kind != DIFF_RIGHT)
			a += run->len;
		if (run->kind != DIFF_LEFT)
			b += run->len;
		assert_true(a <= left_len && b <= right_len);
		if (run->kind == DIFF_SAME)
			assert_memory_equal(left + run->left, right + run->right, run->len);
	}
	assert_int_equal(a, left_len);
	assert_int_equal(b, right_len);
}

/* The same the other way round, with the sides changed over. */
static void
check_mirrored(const diff_list *runs, const diff_list *mirrored)
{
	size_t left = 0, right = 0;

	for (int pass = 0; pass < 2; pass++) {
		const diff_list *list = pass == 0 ? runs : mirrored;
		enum diff_kind kind = pass == 0 ? DIFF_LEFT : DIFF_RIGHT;

		for (size_t i = 0; i < list->len; i++)
			if (list->items[i].kind == kind)
				*(pass == 0 ? &left : &right) += list->items[i].len;
	}
	assert_int_equal(left, right);
	assert_int_equal(runs->len, mirrored->len);
	for (size_t i = 0, k = 0; i < runs->len; i++) {
		const struct diff_run *run = &runs->items[i];

		if (run->kind != DIFF_SAME)
			continue;
		while (k < mirrored->len && mirrored->items[k].kind != DIFF_SAME)
			k++;
		assert_true(k < mirrored->len);
		assert_int_equal(run->left, mirrored->items[k].right);
		assert_int_equal(run->right, mirrored->items[k].left);
		assert_int_equal(run->len, mirrored->items[k++].len);
	}
}

static void
both_ways(const char *left, size_t left_len, const char *right, size_t right_len, diff_list *out)
{
	diff_list mirrored = {0};

	diff_texts(left, left_len, right, right_len, out);
	check(left, left_len, out, right, right_len);
	diff_texts(right, right_len, left, left_len, &mirrored);
	check(right, right_len, &mirrored, left, left_len);
	check_mirrored(out, &mirrored);
	array_done(&mirrored);
}

static void
test_words(void **state)
{
	static const struct {
		const char *left, *right, *shown;
	} cases[] = {
	    {"", "", ""},
	    {"a", "", "[-a-]"},
	    {"", "a", "{+a+}"},
	    {"the same", "the same", "the same"},
	    {"the red house", "the blue house", "the [-red-]{+blue+} house"},
	    {"one, two", "one; two", "one[-,-]{+;+} two"},
	    /* Words, not parts of them. */
	    {"a qubit", "a qubits", "a [-qubit-]{+qubits+}"},
	    /* The blank between two words that differ is part of the difference. */
	    {"see quick foxes run", "see slow dogs run", "see [-quick foxes-]{+slow dogs+} run"},
	    /* A word between larger differences is one, too ... */
	    {"perfectly ordinary of completely unusual", "thoroughly remarkable of entirely known",
		"[-perfectly ordinary of completely unusual-]"
		"{+thoroughly remarkable of entirely known+}"},
	    /* ... and one that counts is not. */
	    {"I like the red house", "I love the blue house",
		"I [-like-]{+love+} the [-red-]{+blue+} house"},
	    /* What is more stands where it begins. */
	    {"the house", "the big house", "the {+big +}house"},
	    {"each is given by the square", "each is the square",
		"each is [-given by -]the square"},
	    {"One.\n\nThree.", "One.\n\nTwo.\n\nThree.", "One.\n\n{+Two.\n\n+}Three."},
	    {"one now.\n\nEnd.", "one.\n\nTwo.\n\nEnd.", "one[- now-].\n\n{+Two.\n\n+}End."},
	    {"- a\n- b\n- c\n", "- a\n- c\n", "- a\n[-- b\n-]- c\n"},
	    /* A newline both have stays, however small it is. */
	    {"first words here\nsecond ones there", "other talk begins\nand ends elsewhere",
		"[-first words here-]{+other talk begins+}\n"
		"[-second ones there-]{+and ends elsewhere+}"},
	    /* Wide characters are words each for itself. */
	    {"我喜欢红色的房子", "我喜欢蓝色的房子", "我喜欢[-红-]{+蓝+}色的房子"},
	    /* A letter and its accent are one. */
	    {"e\xcc\x81 x", "e\xcc\x80 x", "[-e\xcc\x81-]{+e\xcc\x80+} x"},
	    {"\xf0\x9f\x91\xa9\xe2\x80\x8d\xf0\x9f\x94\xac!", "\xf0\x9f\x91\xa9!",
		"[-\xf0\x9f\x91\xa9\xe2\x80\x8d\xf0\x9f\x94\xac-]{+\xf0\x9f\x91\xa9+}!"},
	    {"a\r\nb", "a\nb", "a[-\r\n-]{+\n+}b"},
	};
	diff_list runs = {0};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct buf shown = BUF_EMPTY;

		both_ways(cases[i].left, strlen(cases[i].left), cases[i].right,
		    strlen(cases[i].right), &runs);
		show(cases[i].left, &runs, cases[i].right, &shown);
		assert_string_equal(shown.data, cases[i].shown);
		buf_done(&shown);
	}
	array_done(&runs);
}

/* The same numbers on every machine. */
static unsigned
next_random(unsigned *seed)
{
	*seed = *seed * 1103515245u + 12345u;
	return *seed >> 16 & 0x7fff;
}

static void
random_text(unsigned *seed, size_t words, struct buf *out)
{
	static const char *const pieces[] = {"the", "of", "qubit", "state", " ", " ", " ", "\n",
	    "\n\n", ", ", ".", "\t", "é", "状", "态", "\xf0\x9f\x98\x80", "e\xcc\x81", "\r\n",
	    "\xff", "\xe2\x82", "-", "42"};

	for (size_t i = 0; i < words; i++)
		buf_puts(out, pieces[next_random(seed) % (sizeof(pieces) / sizeof(pieces[0]))]);
}

/* What is said of any two texts; also of one and the same with a few words changed. */
static void
test_random(void **state)
{
	diff_list runs = {0};
	unsigned seed = 7;

	(void)state;
	for (int round = 0; round < 600; round++) {
		struct buf left = BUF_EMPTY, right = BUF_EMPTY;

		random_text(&seed, next_random(&seed) % 60, &left);
		if (round % 2 == 0) {
			random_text(&seed, next_random(&seed) % 60, &right);
		} else {
			buf_add(&right, left.data, left.len);
			buf_erase(&right, right.len / 3, right.len / 5);
			random_text(&seed, 3, &right);
		}
		both_ways(left.data, left.len, right.data, right.len, &runs);
		buf_done(&left);
		buf_done(&right);
	}
	array_done(&runs);
}

/* Runs begin and end between clusters of the text they are from. */
static void
test_clusters(void **state)
{
	diff_list runs = {0};
	unsigned seed = 99;

	(void)state;
	for (int round = 0; round < 100; round++) {
		struct buf left = BUF_EMPTY, right = BUF_EMPTY;
		size_t at = 0;

		random_text(&seed, 40, &left);
		random_text(&seed, 40, &right);
		diff_texts(left.data, left.len, right.data, right.len, &runs);
		for (size_t i = 0; i < runs.len; i++) {
			if (runs.items[i].kind == DIFF_RIGHT)
				continue;
			while (at < runs.items[i].left)
				at = utf8_next(left.data, left.len, at);
			assert_int_equal(at, runs.items[i].left);
		}
		buf_done(&left);
		buf_done(&right);
	}
	array_done(&runs);
}

static size_t
bytes_of(const diff_list *runs, enum diff_kind kind)
{
	size_t sum = 0;

	for (size_t i = 0; i < runs->len; i++)
		if (runs->items[i].kind == kind)
			sum += runs->items[i].len;
	return sum;
}

/* A text in which no two lines and hardly two words are the same. */
static void
numbered(const char *word, size_t bytes, struct buf *out)
{
	for (size_t i = 0; out->len < bytes; i++)
		buf_printf(out, "%s%zu %s%zu is%zu.\n", word, i * 7, word, i * i, i);
}

/* Words at random, of a few hundred: everything is on both sides, and nothing in its place. */
static void
shuffled(unsigned *seed, size_t bytes, struct buf *out)
{
	while (out->len < bytes)
		buf_printf(out, "w%u%c", next_random(seed) % 300,
		    next_random(seed) % 12 == 0 ? '\n' : ' ');
}

/* Processor time, so that a busy machine does not matter; valgrind and sanitizers do. */
static void
compare_soon(const struct buf *left, const struct buf *right, diff_list *out)
{
	clock_t before = clock();

	diff_texts(left->data, left->len, right->data, right->len, out);
	assert_true((clock() - before) / CLOCKS_PER_SEC < 120);
	check(left->data, left->len, out, right->data, right->len);
}

/* Two texts of 256 KiB with nothing in common: said soon, and said as it is. */
static void
test_strangers(void **state)
{
	struct buf left = BUF_EMPTY, right = BUF_EMPTY;
	diff_list runs = {0};
	unsigned seed = 3;

	(void)state;
	numbered("left", (size_t)256 * 1024, &left);
	numbered("right", (size_t)256 * 1024, &right);
	compare_soon(&left, &right, &runs);
	assert_true(bytes_of(&runs, DIFF_LEFT) > left.len / 2);
	buf_clear(&left);
	buf_clear(&right);
	shuffled(&seed, (size_t)256 * 1024, &left);
	shuffled(&seed, (size_t)256 * 1024, &right);
	compare_soon(&left, &right, &runs);
	assert_true(bytes_of(&runs, DIFF_LEFT) > left.len / 2);
	array_done(&runs);
	buf_done(&left);
	buf_done(&right);
}

/*
 * Too much is different for the words, but every other line is the same: those
 * are found, and in the lines between them the word that is.
 */
static void
test_lines(void **state)
{
	struct buf left = BUF_EMPTY, right = BUF_EMPTY;
	diff_list runs = {0};
	size_t same = 0;

	(void)state;
	for (size_t i = 0; i < 2500; i++) {
		buf_printf(&left, "Line number %zu of both texts.\n\nl%zu shared%zu\n\n", i, i, i);
		buf_printf(&right, "Line number %zu of both texts.\n\n", i);
		for (size_t k = 0; k < 9; k++)
			buf_printf(&right, "r%zu-%zu ", i, k);
		buf_printf(&right, "shared%zu\n\n", i);
	}
	diff_texts(left.data, left.len, right.data, right.len, &runs);
	check(left.data, left.len, &runs, right.data, right.len);
	for (size_t i = 0; i < runs.len; i++)
		same += runs.items[i].kind == DIFF_SAME;
	assert_true(same >= 2500);
	/* All of the left text but its l0 to l2499. */
	assert_true(bytes_of(&runs, DIFF_LEFT) <= (size_t)2500 * 6);
	array_done(&runs);
	buf_done(&left);
	buf_done(&right);
}

/* Behind DIFF_MAX nothing is looked at, and nothing is lost. */
static void
test_ceiling(void **state)
{
	struct buf left = BUF_EMPTY, right = BUF_EMPTY;
	diff_list runs = {0};

	(void)state;
	numbered("word", DIFF_MAX + 4096, &left);
	buf_add(&right, left.data, left.len);
	buf_puts(&right, "one more");
	both_ways(left.data, left.len, right.data, right.len, &runs);
	assert_int_equal(runs.len, 3);
	assert_in_range(runs.items[0].len, DIFF_MAX, DIFF_MAX + 64);
	assert_in_range(runs.items[1].len, 4000, 4200);
	array_done(&runs);
	buf_done(&left);
	buf_done(&right);
}

/* Nothing but one word, over and over: every place is as good as another. */
static void
test_repeated(void **state)
{
	struct buf left = BUF_EMPTY, right = BUF_EMPTY;
	diff_list runs = {0};

	(void)state;
	for (int i = 0; i < 20000; i++)
		buf_puts(&left, "a ");
	for (int i = 0; i < 30000; i++)
		buf_puts(&right, "a ");
	both_ways(left.data, left.len, right.data, right.len, &runs);
	assert_int_equal(bytes_of(&runs, DIFF_LEFT), 0);
	assert_int_equal(bytes_of(&runs, DIFF_RIGHT), 20000);
	array_done(&runs);
	buf_done(&left);
	buf_done(&right);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_words),
	    cmocka_unit_test(test_random),
	    cmocka_unit_test(test_clusters),
	    cmocka_unit_test(test_strangers),
	    cmocka_unit_test(test_lines),
	    cmocka_unit_test(test_ceiling),
	    cmocka_unit_test(test_repeated),
	};

	setlocale(LC_ALL, "C.UTF-8");
	return cmocka_run_group_tests(tests, NULL, NULL);
}
