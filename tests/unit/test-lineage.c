/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/buf.h"
#include "base/mem.h"
#include "client/outline.h"
#include "model/lineage.h"
#include "unit/trees.h"

/* "10:3 11:5": conversation 10 goes on with entry 3, conversation 11 with 5. */
static void
expect_alternatives(const struct tree *tree, int64_t entry, const char *expected)
{
	alternative_list list = {0};
	struct buf text = BUF_EMPTY;

	tree_alternatives(tree, entry, &list);
	for (size_t i = 0; i < list.len; i++)
		buf_printf(&text, "%s%" PRId64 ":%" PRId64, i > 0 ? " " : "",
		    list.items[i].conversation, list.items[i].entry);
	assert_string_equal(text.data, expected);
	buf_done(&text);
	array_done(&list);
}

/*
 * A line each: depth, R or F, conversation, first-last, prompts/entries, then
 * S for the last sibling, L for live, E for the end, and the preview.
 */
static void
expect_what(const struct tree *tree, int64_t live, unsigned what, const char *expected)
{
	struct buf text = BUF_EMPTY;
	outline lines = {0};

	tree_outline(tree, live, what, &lines);
	for (size_t i = 0; i < lines.len; i++) {
		const struct outline_line *line = &lines.items[i];

		buf_printf(&text, "%d %c %" PRId64 " %" PRId64 "-%" PRId64 " %zu/%zu %s%s%s %s\n",
		    line->depth, line->type == OUTLINE_FORK ? 'F' : 'R', line->conversation,
		    line->first, line->last, line->prompts, line->entries,
		    line->last_sibling ? "S" : "-", line->live ? "L" : "-", line->end ? "E" : "-",
		    line->preview);
	}
	assert_string_equal(text.data, expected);
	buf_done(&text);
	array_done(&lines);
}

static void
expect_outline(const struct tree *tree, int64_t live, const char *expected)
{
	expect_what(tree, live, 0, expected);
}

/* The same as it is drawn: connectors and the number of the branch. */
static void
expect_drawn(const struct tree *tree, const char *expected)
{
	struct buf text = BUF_EMPTY;
	outline lines = {0};

	tree_outline(tree, 0, 0, &lines);
	for (size_t i = 0; i < lines.len; i++) {
		char *indent = outline_indent(&lines.items[i]);

		buf_printf(&text, "%s%" PRId64 "\n", indent, lines.items[i].conversation);
		free(indent);
	}
	assert_string_equal(text.data, expected);
	buf_done(&text);
	array_done(&lines);
}

static void
expect_path(const struct tree *tree, int64_t conversation, const char *expected)
{
	char *name = tree_path_name(tree, conversation);

	assert_string_equal(name, expected);
	free(name);
}

static void
expect_name(const struct tree *tree, int64_t conversation, const char *expected)
{
	char *name = tree_branch_name(tree, conversation);

	assert_string_equal(name, expected);
	free(name);
}

/*
 * 10  u1 a2 u3 a4 u5 a6
 *        |     '- 11  u7 a8 u9 a12
 *        |            '- 13  u14          (a regenerated answer is under way)
 *        '- 12  u15 a16   made from 13, which inherits entry 2
 * 14  u17 a18               another first prompt
 * 15  from 4, still empty
 */
static const struct spec nested[] = {
    {10, 0, 0, "u1 a2 u3 a4 u5 a6", NULL, 0, 5},
    {11, 10, 4, "u7 a8 u9 a12", "try", 0, 6},
    {13, 11, 8, "u14", NULL, 0, 9},
    {12, 13, 2, "u15 a16", NULL, 0, 8},
    {14, 10, 0, "u17 a18", NULL, 0, 2},
    {15, 10, 4, "", NULL, 0, 1},
};

static void
test_places(void **state)
{
	static const struct {
		int64_t entry, before;
	} befores[] = {{1, 0}, {2, 1}, {4, 3}, {7, 4}, {8, 7}, {14, 8}, {15, 2}, {16, 15}, {17, 0},
	    {99, 0}, {0, 0}};
	struct tree tree;
	size_t place;

	(void)state;
	MAKE(&tree, nested);
	for (size_t i = 0; i < sizeof(befores) / sizeof(befores[0]); i++)
		assert_int_equal(tree_before(&tree, befores[i].entry), befores[i].before);
	assert_int_equal(tree_owner(&tree, 9, &place)->conversation, 11);
	assert_int_equal(place, 2);
	assert_null(tree_owner(&tree, 99, &place));
	assert_null(tree_owner(&tree, 0, NULL));
	assert_int_equal(tree_branch_of(&tree, 14)->entries.len, 2);
	assert_null(tree_branch_of(&tree, 99));
	tree_done(&tree);
}

static void
test_alternatives(void **state)
{
	struct tree tree;

	(void)state;
	MAKE(&tree, nested);
	expect_alternatives(&tree, 0, "10:1 14:17");
	expect_alternatives(&tree, 1, "10:2");
	expect_alternatives(&tree, 2, "10:3 12:15");
	expect_alternatives(&tree, 4, "10:5 11:7 15:0");
	expect_alternatives(&tree, 6, "");
	expect_alternatives(&tree, 8, "11:9 13:14");
	expect_alternatives(&tree, 14, "");
	expect_alternatives(&tree, 99, "");
	tree_done(&tree);
}

static void
test_paths(void **state)
{
	static const struct {
		int64_t conversation;
		const char *path; /* entries on it; all others are not */
	} cases[] = {
	    {10, " 1 2 3 4 5 6 "},
	    {11, " 1 2 3 4 7 8 9 12 "},
	    {13, " 1 2 3 4 7 8 14 "},
	    {12, " 1 2 15 16 "},
	    {14, " 17 18 "},
	    {15, " 1 2 3 4 "},
	    {99, " "},
	};
	struct tree tree;

	(void)state;
	MAKE(&tree, nested);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		for (int64_t entry = 0; entry < 20; entry++) {
			char *word = xasprintf(" %" PRId64 " ", entry);

			assert_int_equal(tree_on_path(&tree, cases[i].conversation, entry),
			    strstr(cases[i].path, word) != NULL);
			free(word);
		}
	}
	tree_done(&tree);
}

static void
test_latest(void **state)
{
	struct tree tree;

	(void)state;
	MAKE(&tree, nested);
	assert_int_equal(tree_latest(&tree, (struct alternative){10, 1}), 13);
	assert_int_equal(tree_latest(&tree, (struct alternative){10, 3}), 13);
	assert_int_equal(tree_latest(&tree, (struct alternative){10, 5}), 10);
	assert_int_equal(tree_latest(&tree, (struct alternative){11, 7}), 13);
	assert_int_equal(tree_latest(&tree, (struct alternative){11, 9}), 11);
	assert_int_equal(tree_latest(&tree, (struct alternative){12, 15}), 12);
	assert_int_equal(tree_latest(&tree, (struct alternative){15, 0}), 15);
	assert_int_equal(tree_latest(&tree, (struct alternative){14, 17}), 14);
	/* One that is hidden only if there is no other, one that is deleted never. */
	tree.branches.items[2].hidden = true;
	assert_int_equal(tree_latest(&tree, (struct alternative){11, 7}), 11);
	assert_int_equal(tree_latest(&tree, (struct alternative){13, 14}), 13);
	/* The preferred one before all others, where the way goes through it. */
	tree.preferred = 11;
	assert_int_equal(tree_latest(&tree, (struct alternative){10, 1}), 11);
	assert_int_equal(tree_latest(&tree, (struct alternative){10, 3}), 11);
	assert_int_equal(tree_latest(&tree, (struct alternative){10, 5}), 10);
	assert_int_equal(tree_latest(&tree, (struct alternative){12, 15}), 12);
	tree.branches.items[2].deleted = true;
	tree.branches.items[1].deleted = true;
	assert_int_equal(tree_latest(&tree, (struct alternative){10, 3}), 10);
	tree_done(&tree);
}

static void
test_names(void **state)
{
	struct tree tree;

	(void)state;
	MAKE(&tree, nested);
	expect_name(&tree, 10, "main");
	expect_name(&tree, 11, "try");
	expect_name(&tree, 13, "b3");
	expect_name(&tree, 99, "");
	tree.branches.items[1].guessed = tree.branches.items[2].guessed = true;
	expect_name(&tree, 11, "try?");
	expect_name(&tree, 13, "b3?");
	tree.branches.items[1].guessed = tree.branches.items[2].guessed = false;
	expect_path(&tree, 10, "main");
	expect_path(&tree, 13, "main › try › b3");
	/* It hangs on main, though it was restarted from b3. */
	expect_path(&tree, 12, "main › b4");
	expect_path(&tree, 14, "b5");
	expect_path(&tree, 99, "");
	/* Numbers that the store gave are kept when branches go. */
	tree.branches.items[2].number = 7;
	expect_path(&tree, 13, "main › try › b7");
	tree_done(&tree);
}

static void
test_outline(void **state)
{
	struct tree tree;

	(void)state;
	MAKE(&tree, nested);
	expect_outline(&tree, 13,
	    "0 R 10 1-2 1/2 -L- u1\n"
	    "1 F 12 15-16 1/2 S-- u15\n"
	    "0 R 10 3-4 1/2 -L- u3\n"
	    "1 F 11 7-8 1/2 -L- u7\n"
	    "2 F 13 14-14 1/1 SLE u14\n"
	    "1 R 11 9-12 1/2 --- u9\n"
	    "1 F 15 0-0 0/0 S-- \n"
	    "0 R 10 5-6 1/2 --- u5\n"
	    "0 F 14 17-18 1/2 S-- u17\n");
	/* An empty branch is the end of its own path, and its line is live. */
	expect_outline(&tree, 15,
	    "0 R 10 1-2 1/2 -L- u1\n"
	    "1 F 12 15-16 1/2 S-- u15\n"
	    "0 R 10 3-4 1/2 -L- u3\n"
	    "1 F 11 7-8 1/2 --- u7\n"
	    "2 F 13 14-14 1/1 S-- u14\n"
	    "1 R 11 9-12 1/2 --- u9\n"
	    "1 F 15 0-0 0/0 SLE \n"
	    "0 R 10 5-6 1/2 --- u5\n"
	    "0 F 14 17-18 1/2 S-- u17\n");
	tree_done(&tree);
}

/* Who looks at a hidden branch finds it among the ways on, and the others beside it. */
static void
test_hidden_live(void **state)
{
	struct tree tree;

	(void)state;
	MAKE(&tree, nested);
	tree.branches.items[3].hidden = tree.branches.items[4].hidden = true;
	expect_alternatives(&tree, 0, "10:1");
	expect_alternatives(&tree, 2, "10:3");
	tree.live = 12;
	expect_alternatives(&tree, 0, "10:1");
	expect_alternatives(&tree, 2, "10:3 12:15");
	tree.live = 14;
	expect_alternatives(&tree, 0, "10:1 14:17");
	tree_done(&tree);
}

/* Hidden ones on request, the labelled alone, and always what something shown hangs on. */
static void
test_what(void **state)
{
	struct tree tree;

	(void)state;
	MAKE(&tree, nested);
	tree.branches.items[1].hidden = tree.branches.items[3].hidden = true;
	expect_what(&tree, 10, 0,
	    "0 R 10 1-4 2/4 -L- u1\n"
	    "1 F 11 7-8 1/2 --- u7\n"
	    "2 F 13 14-14 1/1 S-- u14\n"
	    "1 F 15 0-0 0/0 S-- \n"
	    "0 R 10 5-6 1/2 -LE u5\n"
	    "0 F 14 17-18 1/2 S-- u17\n");
	expect_what(&tree, 10, OUTLINE_HIDDEN,
	    "0 R 10 1-2 1/2 -L- u1\n"
	    "1 F 12 15-16 1/2 S-- u15\n"
	    "0 R 10 3-4 1/2 -L- u3\n"
	    "1 F 11 7-8 1/2 --- u7\n"
	    "2 F 13 14-14 1/1 S-- u14\n"
	    "1 R 11 9-12 1/2 --- u9\n"
	    "1 F 15 0-0 0/0 S-- \n"
	    "0 R 10 5-6 1/2 -LE u5\n"
	    "0 F 14 17-18 1/2 S-- u17\n");
	/* The labelled one is hidden, and one without a label is live: neither is asked for. */
	expect_what(&tree, 10, OUTLINE_LABELLED, "");
	expect_what(&tree, 10, OUTLINE_LABELLED | OUTLINE_HIDDEN,
	    "0 R 10 1-4 2/4 SL- u1\n"
	    "1 F 11 7-12 2/4 S-- u7\n");
	tree_done(&tree);
}

static void
test_connectors(void **state)
{
	/* 2 is the only branch of its fork, 4 the first of two; both have branches of their own. */
	static const struct spec specs[] = {
	    {1, 0, 0, "u1 a2 u3 a4", NULL, 0, 1},
	    {2, 1, 2, "u5 a6 u7 a8", NULL, 0, 2},
	    {3, 2, 6, "u9 a10", NULL, 0, 3},
	    {4, 3, 9, "u11 a12 u13", NULL, 0, 4},
	    {5, 3, 9, "u14 a15", NULL, 0, 5},
	    {6, 4, 12, "u16", NULL, 0, 6},
	};
	struct tree tree;

	(void)state;
	MAKE(&tree, specs);
	expect_drawn(&tree, "1\n"
			    "└─ 2\n"
			    "   └─ 3\n"
			    "      ├─ 4\n"
			    "      │  └─ 6\n"
			    "      │  4\n"
			    "      └─ 5\n"
			    "      3\n"
			    "   2\n"
			    "1\n");
	tree_done(&tree);
	MAKE(&tree, nested);
	expect_drawn(&tree, "10\n"
			    "└─ 12\n"
			    "10\n"
			    "├─ 11\n"
			    "│  └─ 13\n"
			    "│  11\n"
			    "└─ 15\n"
			    "10\n"
			    "14\n");
	tree_done(&tree);
}

static void
test_straight(void **state)
{
	static const struct spec straight[] = {{1, 0, 0, "t1 u2 a3 u4", NULL, 0, 1}};
	static const struct spec nothing[] = {{1, 0, 0, "", NULL, 0, 1}};
	struct tree tree;

	(void)state;
	MAKE(&tree, straight);
	expect_outline(&tree, 1, "0 R 1 1-4 2/4 SLE u2\n");
	tree_done(&tree);
	MAKE(&tree, nothing);
	expect_outline(&tree, 1, "0 R 1 0-0 0/0 SLE \n");
	expect_alternatives(&tree, 0, "1:0");
	tree_done(&tree);
	tree_init(&tree);
	expect_outline(&tree, 1, "");
	expect_alternatives(&tree, 0, "");
	tree_done(&tree);
}

/* 300 turns and five forks are a dozen lines. */
static void
test_compression(void **state)
{
	static const struct spec empty[] = {{1, 0, 0, "", NULL, 0, 1}};
	outline lines = {0};
	struct tree tree;
	size_t entries = 0;

	(void)state;
	MAKE(&tree, empty);
	for (int64_t i = 1; i <= 600; i++) {
		struct tree_entry entry = {
		    .key = i, .type = ENTRY_MESSAGE_INPUT, .assistant = i % 2 == 0};

		array_push(&tree.branches.items[0].entries, entry);
	}
	for (int64_t i = 1; i <= 5; i++) {
		struct tree_branch branch = {.conversation = 1 + i, .parent = 1, .fork = i * 100};
		struct tree_entry entry = {.key = 1000 + i, .type = ENTRY_MESSAGE_INPUT};

		array_push(&branch.entries, entry);
		array_push(&tree.branches, branch);
	}
	tree_outline(&tree, 1, 0, &lines);
	assert_int_equal(lines.len, 11);
	for (size_t i = 0; i < lines.len; i++) {
		entries += lines.items[i].entries;
		assert_non_null(lines.items[i].preview);
	}
	assert_int_equal(entries, 605);
	array_done(&lines);
	tree_done(&tree);
}

/* What is hidden or deleted is left out, but as far as something else hangs on it. */
static void
test_left_out(void **state)
{
	static const struct spec specs[] = {
	    {10, 0, 0, "u1 a2 u3 a4", NULL, 'd', 1},
	    {11, 10, 2, "u5 a6 u7 a8", NULL, 'h', 2},
	    {12, 11, 6, "u9", NULL, 0, 3},
	    {13, 10, 4, "u10", NULL, 'h', 4},
	    {14, 10, 0, "u11", NULL, 'd', 5},
	};
	struct tree tree;

	(void)state;
	MAKE(&tree, specs);
	expect_alternatives(&tree, 0, "10:1");
	expect_alternatives(&tree, 2, "11:5");
	expect_alternatives(&tree, 6, "12:9");
	expect_alternatives(&tree, 4, "");
	expect_outline(&tree, 12,
	    "0 R 10 1-2 1/2 SL- u1\n"
	    "1 F 11 5-6 1/2 SL- u5\n"
	    "2 F 12 9-9 1/1 SLE u9\n");
	/* Where somebody is, is shown whatever it is. */
	expect_outline(&tree, 13,
	    "0 R 10 1-2 1/2 SL- u1\n"
	    "1 F 11 5-6 1/2 S-- u5\n"
	    "2 F 12 9-9 1/1 S-- u9\n"
	    "0 R 10 3-4 1/2 SL- u3\n"
	    "1 F 13 10-10 1/1 SLE u10\n");
	tree_done(&tree);
}

/* Not a tree: nothing may hang, crash or get lost. */
static void
test_malformed(void **state)
{
	static const struct spec circle[] = {
	    {10, 0, 0, "u1 a2", NULL, 0, 1},
	    {11, 12, 6, "u3 a4", NULL, 0, 2},
	    {12, 11, 4, "u5 a6", NULL, 0, 3},
	    {13, 13, 8, "u7 a8", NULL, 0, 4},
	    {14, 77, 99, "u9", NULL, 0, 5},
	    {10, 0, 2, "u1", NULL, 'h', 6},
	};
	static const int64_t keys[] = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 99, -1};
	alternative_list list = {0};
	struct tree tree;

	(void)state;
	MAKE(&tree, circle);
	for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++) {
		tree_before(&tree, keys[i]);
		tree_alternatives(&tree, keys[i], &list);
		for (int64_t c = 9; c < 16; c++) {
			char *name = tree_path_name(&tree, c);
			outline lines = {0};

			tree_on_path(&tree, c, keys[i]);
			tree_latest(&tree, (struct alternative){c, keys[i]});
			tree_outline(&tree, c, 0, &lines);
			assert_true(lines.len >= 5);
			array_done(&lines);
			free(name);
		}
	}
	expect_outline(&tree, 10,
	    "0 R 10 1-2 1/2 -LE u1\n"
	    "1 R 10 1-1 1/1 S-- u1\n"
	    "0 F 14 9-9 1/1 S-- u9\n"
	    "0 F 11 3-4 1/2 S-- u3\n"
	    "1 F 12 5-6 1/2 S-- u5\n"
	    "0 F 13 7-8 1/2 S-- u7\n");
	assert_false(tree_on_path(&tree, 11, 1));
	array_done(&list);
	tree_done(&tree);
}

/* A long chain of branches, each on the one before it, is only long. */
static void
test_deep(void **state)
{
	static const struct spec empty[] = {{1, 0, 0, "u1", NULL, 0, 1}};
	outline lines = {0};
	struct tree tree;

	(void)state;
	MAKE(&tree, empty);
	for (int64_t i = 2; i <= 2000; i++) {
		struct tree_branch branch = {
		    .conversation = i, .parent = i - 1, .fork = i - 1, .active = i};
		struct tree_entry entry = {.key = i, .type = ENTRY_MESSAGE_INPUT};

		array_push(&branch.entries, entry);
		array_push(&tree.branches, branch);
	}
	tree_outline(&tree, 2000, 0, &lines);
	assert_int_equal(lines.len, 2000);
	assert_int_equal(lines.items[1999].depth, 1999);
	assert_true(lines.items[1999].end);
	assert_int_equal(tree_latest(&tree, (struct alternative){1, 1}), 2000);
	assert_true(tree_on_path(&tree, 2000, 1));
	array_done(&lines);
	tree_done(&tree);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_places),
	    cmocka_unit_test(test_alternatives),
	    cmocka_unit_test(test_paths),
	    cmocka_unit_test(test_latest),
	    cmocka_unit_test(test_names),
	    cmocka_unit_test(test_outline),
	    cmocka_unit_test(test_hidden_live),
	    cmocka_unit_test(test_what),
	    cmocka_unit_test(test_connectors),
	    cmocka_unit_test(test_straight),
	    cmocka_unit_test(test_compression),
	    cmocka_unit_test(test_left_out),
	    cmocka_unit_test(test_malformed),
	    cmocka_unit_test(test_deep),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
