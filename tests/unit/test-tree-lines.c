/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "base/buf.h"
#include "ui/tree-lines.h"
#include "unit/trees.h"

/*
 * 10  u1 a2 u3 t4 a5
 *        |     '- 12  u10 a11          from 4, "wind"
 *        '- 11  u6 a7 u8 a9
 *                  '- 13  a12
 */
static const struct spec tree_specs[] = {
    {10, 0, 0, "u1 a2 u3 t4 a5", NULL, 0, 1},
    {11, 10, 2, "u6 a7 u8 a9", NULL, 0, 2},
    {12, 10, 4, "u10 a11", "wind", 0, 3},
    {13, 11, 7, "a12", NULL, 0, 4},
};

static const char all_lines[] = "0 R 10 1-2\n"
				"1 F 11 6-7\n"
				"2 F 13 12-12\n"
				"1 R 11 8-9\n"
				"0 R 10 3-4\n"
				"1 F 12 10-11\n"
				"0 R 10 5-5\n";

/* A line each: depth, kind, conversation, entries, "*" for one by itself, +n for what is folded. */
static void
expect(const struct tree *tree, const struct tree_look *look, const char *expected)
{
	static const char kinds[] = {
	    [OUTLINE_RUN] = 'R', [OUTLINE_FORK] = 'F', [OUTLINE_ENTRY] = 'E'};
	struct buf text = BUF_EMPTY;
	tree_line_list lines = {0};

	tree_lines(tree, 10, look, &lines);
	for (size_t i = 0; i < lines.len; i++) {
		const struct outline_line *node = &lines.items[i].node;

		buf_printf(&text, "%d %c %" PRId64 " %" PRId64 "-%" PRId64 "%s", node->depth,
		    kinds[node->type], node->conversation, node->first, node->last,
		    node->single ? " *" : "");
		if (lines.items[i].folded > 0)
			buf_printf(&text, " +%zu", lines.items[i].folded);
		buf_putc(&text, '\n');
	}
	assert_string_equal(text.data, expected);
	buf_done(&text);
	array_done(&lines);
}

static void
test_spread(void **state)
{
	struct tree_look look = {0};
	struct tree tree;

	(void)state;
	MAKE(&tree, tree_specs);
	expect(&tree, &look, all_lines);
	tree_look_spread(&look, (struct tree_place){10, 3}, true);
	tree_look_spread(&look, (struct tree_place){11, 6}, true);
	tree_look_spread(&look, (struct tree_place){11, 6}, true);
	expect(&tree, &look,
	    "0 R 10 1-2\n"
	    "1 F 11 6-6 *\n"
	    "1 E 11 7-7 *\n"
	    "2 F 13 12-12\n"
	    "1 R 11 8-9\n"
	    "0 R 10 3-3 *\n"
	    "0 E 10 4-4 *\n"
	    "1 F 12 10-11\n"
	    "0 R 10 5-5\n");
	tree_look_spread(&look, (struct tree_place){11, 6}, false);
	tree_look_spread(&look, (struct tree_place){10, 3}, false);
	expect(&tree, &look, all_lines);
	/* Every entry is reached, each once. */
	tree_look_spread_all(&look, &tree, 10);
	expect(&tree, &look,
	    "0 R 10 1-1 *\n0 E 10 2-2 *\n"
	    "1 F 11 6-6 *\n1 E 11 7-7 *\n"
	    "2 F 13 12-12 *\n"
	    "1 R 11 8-8 *\n1 E 11 9-9 *\n"
	    "0 R 10 3-3 *\n0 E 10 4-4 *\n"
	    "1 F 12 10-10 *\n1 E 12 11-11 *\n"
	    "0 R 10 5-5 *\n");
	tree_look_done(&look);
	tree_done(&tree);
}

static void
test_filters(void **state)
{
	struct tree_look look = {0};
	struct tree tree;

	(void)state;
	MAKE(&tree, tree_specs);
	look.filter = TREE_PROMPTS;
	expect(&tree, &look, all_lines);
	tree_look_spread_all(&look, &tree, 10);
	/* Where the filter leaves nothing, the run stays: a fork has its line. */
	expect(&tree, &look,
	    "0 R 10 1-1 *\n"
	    "1 F 11 6-6 *\n"
	    "2 F 13 12-12\n"
	    "1 R 11 8-8 *\n"
	    "0 R 10 3-3 *\n"
	    "1 F 12 10-10 *\n"
	    "0 R 10 5-5\n");
	look.filter = TREE_NO_TOOLS;
	expect(&tree, &look,
	    "0 R 10 1-1 *\n0 E 10 2-2 *\n"
	    "1 F 11 6-6 *\n1 E 11 7-7 *\n"
	    "2 F 13 12-12 *\n"
	    "1 R 11 8-8 *\n1 E 11 9-9 *\n"
	    "0 R 10 3-3 *\n"
	    "1 F 12 10-10 *\n1 E 12 11-11 *\n"
	    "0 R 10 5-5 *\n");
	tree_look_done(&look);
	look.filter = TREE_LABELLED;
	expect(&tree, &look,
	    "0 R 10 1-4\n"
	    "1 F 12 10-11\n");
	tree_done(&tree);
}

static void
test_folds(void **state)
{
	struct tree_look look = {0};
	struct tree tree;

	(void)state;
	MAKE(&tree, tree_specs);
	/* With all below it: what its branch goes on with as well. */
	tree_look_fold(&look, (struct tree_place){11, 6}, true);
	expect(&tree, &look,
	    "0 R 10 1-2\n"
	    "1 F 11 6-7 +1\n"
	    "0 R 10 3-4\n"
	    "1 F 12 10-11\n"
	    "0 R 10 5-5\n");
	tree_look_fold(&look, (struct tree_place){10, 3}, true);
	expect(&tree, &look,
	    "0 R 10 1-2\n"
	    "1 F 11 6-7 +1\n"
	    "0 R 10 3-4 +1\n");
	tree_look_fold(&look, (struct tree_place){10, 1}, true);
	expect(&tree, &look, "0 R 10 1-2 +3\n");
	/* What is below keeps its folds, and there is nothing below an end. */
	tree_look_fold(&look, (struct tree_place){10, 1}, false);
	tree_look_fold(&look, (struct tree_place){10, 3}, false);
	tree_look_fold(&look, (struct tree_place){12, 10}, true);
	expect(&tree, &look,
	    "0 R 10 1-2\n"
	    "1 F 11 6-7 +1\n"
	    "0 R 10 3-4\n"
	    "1 F 12 10-11\n"
	    "0 R 10 5-5\n");
	tree_look_done(&look);
	tree_done(&tree);
}

static void
test_hoist(void **state)
{
	struct tree_look look = {0};
	struct tree tree;

	(void)state;
	MAKE(&tree, tree_specs);
	array_push(&look.hoisted, ((struct tree_place){11, 6}));
	expect(&tree, &look,
	    "0 F 11 6-7\n"
	    "1 F 13 12-12\n"
	    "0 R 11 8-9\n");
	array_push(&look.hoisted, ((struct tree_place){13, 12}));
	expect(&tree, &look, "0 F 13 12-12\n");
	look.hoisted.len = 0;
	array_push(&look.hoisted, ((struct tree_place){10, 3}));
	expect(&tree, &look,
	    "0 R 10 3-4\n"
	    "1 F 12 10-11\n"
	    "0 R 10 5-5\n");
	/* One that is gone: what it was hoisted from. */
	array_push(&look.hoisted, ((struct tree_place){99, 99}));
	expect(&tree, &look,
	    "0 R 10 3-4\n"
	    "1 F 12 10-11\n"
	    "0 R 10 5-5\n");
	tree_look_done(&look);
	tree_done(&tree);
}

static void
expect_found(
    const struct tree *tree, const struct tree_look *look, struct tree_place place, int64_t first)
{
	tree_line_list lines = {0};
	size_t at;

	tree_lines(tree, 10, look, &lines);
	at = tree_lines_find(&lines, tree, place);
	assert_true(at < lines.len);
	assert_int_equal(lines.items[at].node.first, first);
	array_done(&lines);
}

static void
test_places(void **state)
{
	struct tree_look look = {0};
	tree_line_list none = {0};
	struct tree tree;

	(void)state;
	MAKE(&tree, tree_specs);
	expect_found(&tree, &look, (struct tree_place){10, 2}, 1);
	expect_found(&tree, &look, (struct tree_place){10, 4}, 3);
	tree_look_spread(&look, (struct tree_place){10, 3}, true);
	expect_found(&tree, &look, (struct tree_place){10, 4}, 4);
	look.filter = TREE_PROMPTS;
	expect_found(&tree, &look, (struct tree_place){10, 4}, 3);
	look.filter = TREE_ALL;
	/* Folded away: the nearest line that it hangs on. */
	tree_look_fold(&look, (struct tree_place){11, 6}, true);
	expect_found(&tree, &look, (struct tree_place){13, 12}, 6);
	tree_look_fold(&look, (struct tree_place){10, 1}, true);
	expect_found(&tree, &look, (struct tree_place){13, 12}, 1);
	/* And until it is seen again: everything that hides it unfolds, nothing else. */
	tree_look_fold(&look, (struct tree_place){10, 3}, true);
	tree_look_reveal(&look, &tree, 10, (struct tree_place){11, 9});
	expect(&tree, &look,
	    "0 R 10 1-2\n"
	    "1 F 11 6-7\n"
	    "2 F 13 12-12\n"
	    "1 R 11 8-8 *\n1 E 11 9-9 *\n"
	    "0 R 10 3-4 +1\n");
	assert_int_equal(tree_lines_find(&none, &tree, (struct tree_place){99, 99}), 0);
	tree_look_done(&look);
	tree_done(&tree);
}

static void
expect_hits(const struct tree *tree, const struct tree_look *look, const char *words,
    struct tree_place from, size_t before, const char *expected)
{
	struct buf text = BUF_EMPTY;
	tree_places hits = {0};

	assert_int_equal(tree_lines_search(tree, 10, look, words, from, &hits), before);
	for (size_t i = 0; i < hits.len; i++)
		buf_printf(&text, "%s%" PRId64 ":%" PRId64, i > 0 ? " " : "",
		    hits.items[i].conversation, hits.items[i].entry);
	assert_string_equal(text.data, expected);
	buf_done(&text);
	array_done(&hits);
}

static void
test_search(void **state)
{
	struct tree_look look = {0};
	struct tree tree;

	(void)state;
	MAKE(&tree, tree_specs);
	expect_hits(&tree, &look, "", (struct tree_place){10, 1}, 0, "");
	expect_hits(&tree, &look, "U1", (struct tree_place){10, 1}, 1, "10:1 12:10");
	expect_hits(&tree, &look, "u1", (struct tree_place){13, 12}, 1, "10:1 12:10");
	expect_hits(&tree, &look, "Win", (struct tree_place){10, 5}, 1, "12:10");
	expect_hits(
	    &tree, &look, "a", (struct tree_place){11, 7}, 2, "10:2 11:7 13:12 11:9 12:11 10:5");
	/* What is folded away is found, what is filtered or not hoisted is not. */
	tree_look_fold(&look, (struct tree_place){10, 1}, true);
	expect_hits(&tree, &look, "t4", (struct tree_place){10, 1}, 0, "10:4");
	look.filter = TREE_NO_TOOLS;
	expect_hits(&tree, &look, "t4", (struct tree_place){10, 1}, 0, "");
	array_push(&look.hoisted, ((struct tree_place){11, 6}));
	expect_hits(&tree, &look, "a", (struct tree_place){11, 6}, 0, "11:7 13:12 11:9");
	tree_look_done(&look);
	tree_done(&tree);
}

/* Lines that are to be marked: those with a match anywhere in them. */
static void
test_matches(void **state)
{
	static const struct {
		const char *words, *lines;
	} cases[] = {{"a2", "1000000"}, {"WIND", "0000010"}, {"a1", "0010010"}, {"x", "0000000"},
	    {"u", "1101110"}};
	struct tree_look look = {0};
	tree_line_list lines = {0};
	struct tree tree;

	(void)state;
	MAKE(&tree, tree_specs);
	tree_lines(&tree, 10, &look, &lines);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		for (size_t j = 0; j < lines.len; j++)
			assert_int_equal(
			    tree_line_matches(&tree, &look, &lines.items[j], cases[i].words),
			    cases[i].lines[j] == '1');
	look.filter = TREE_NO_TOOLS;
	assert_false(tree_line_matches(&tree, &look, &lines.items[4], "t4"));
	array_done(&lines);
	tree_done(&tree);
}

/* 300 turns with five forks have room on a screen of 24 rows. */
static void
test_long(void **state)
{
	struct spec specs[6] = {{.conversation = 1}};
	struct buf words[6];
	struct tree_look look = {0};
	tree_line_list lines = {0};
	struct tree tree;
	int64_t key = 0;

	(void)state;
	for (size_t i = 0; i < 6; i++) {
		buf_init(&words[i], 0);
		for (int turn = 0; turn < 50; turn++, key += 2)
			buf_printf(&words[i], "%su%" PRId64 " a%" PRId64, turn > 0 ? " " : "",
			    key + 1, key + 2);
		specs[i].conversation = (int64_t)i + 1;
		specs[i].parent = i > 0 ? (int64_t)i : 0;
		specs[i].fork = i > 0 ? key - 150 : 0; /* in the middle of the one before */
		specs[i].entries = words[i].data;
	}
	MAKE(&tree, specs);
	tree_lines(&tree, 1, &look, &lines);
	assert_int_equal(lines.len, 11);
	/* Without them each entry would have its own. */
	tree_look_spread_all(&look, &tree, 1);
	tree_lines(&tree, 1, &look, &lines);
	assert_int_equal(lines.len, 600);
	for (size_t i = 0; i < 6; i++)
		buf_done(&words[i]);
	array_done(&lines);
	tree_look_done(&look);
	tree_done(&tree);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_spread),
	    cmocka_unit_test(test_filters),
	    cmocka_unit_test(test_folds),
	    cmocka_unit_test(test_hoist),
	    cmocka_unit_test(test_places),
	    cmocka_unit_test(test_search),
	    cmocka_unit_test(test_matches),
	    cmocka_unit_test(test_long),
	};

	return cmocka_run_group_tests_name("tree-lines", tests, NULL, NULL);
}
