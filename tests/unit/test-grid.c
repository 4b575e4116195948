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
#include "text/text.h"
#include "ui/grid.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))
#define FAMILY "👨‍👩‍👧‍👦"

/* Compares and empties; each row of the grid is a line. */
static void
check(struct grid *grid, const char *expected)
{
	struct buf out = BUF_EMPTY;

	grid_save(grid, &out);
	assert_string_equal(out.data, expected);
	buf_done(&out);
	grid_resize(grid, grid->height, grid->width);
}

static void
check_styles(struct grid *grid, const char *expected)
{
	struct buf out = BUF_EMPTY;

	grid_save_styles(grid, &out);
	assert_string_equal(out.data, expected);
	buf_done(&out);
	grid_resize(grid, grid->height, grid->width);
}

/* A text put at a column of a rectangle from column 2, 8 wide, in a row of dots. */
static const struct {
	const char *text;
	int x, end;
	const char *row;
} puts_rows[] = {
    {"abc", 0, 3, "..abc......."}, {"abc", 6, 8, "........ab.."}, {"abc", 8, 8, "............"},
    {"abc", 100, 8, "............"}, {"abcdef", -2, 4, "..cdef......"},
    {"abcdefghijklm", 0, 8, "..abcdefgh.."}, {"", 3, 3, "............"},
    {"漢字", 0, 4, "..漢字......"}, {"漢字", 5, 8, ".......漢 .."}, {"漢字", -1, 3, ".. 字......."},
    {"é", 0, 1, "..é........."}, {"e\xcc\x81x", 0, 2, "..e\xcc\x81x........"},
    {"\xcc\x81x", 1, 2, "...\xcc\x81x........"}, /* joins the dot before it */
    {"a\tb\nc\x1b\x7f\xc2\x9b", 0, 8, "..a?b?c???.."}, {"🙂🙂", 1, 5, "...🙂🙂....."},
    {FAMILY "x", 0, 8, ".." FAMILY ".."}, {FAMILY, 1, 8, "...       .."}, /* cut in half: spaces */
};

static void
test_puts(void **state)
{
	struct grid grid;
	struct rect all = {0, 0, 1, 12}, rect = {0, 2, 1, 8};

	(void)state;
	grid_init(&grid, 1, 12);
	for (size_t i = 0; i < COUNT(puts_rows); i++) {
		struct buf expected = BUF_EMPTY;
		int end;

		print_message("%zu: %s\n", i, puts_rows[i].text);
		grid_puts(&grid, all, 0, 0, "............", STYLE_NORMAL);
		end = grid_puts(&grid, rect, 0, puts_rows[i].x, puts_rows[i].text, STYLE_NORMAL);
		assert_int_equal(end, puts_rows[i].end);
		buf_printf(&expected, "%s\n", puts_rows[i].row);
		check(&grid, expected.data);
		buf_done(&expected);
	}
	grid_done(&grid);
}

/* Painting over half of a wide cluster leaves a space of the other half. */
static void
test_overlap(void **state)
{
	struct grid grid;
	struct rect all = {0, 0, 1, 8};

	(void)state;
	grid_init(&grid, 1, 8);
	grid_puts(&grid, all, 0, 0, "漢字漢字", STYLE_NORMAL);
	grid_puts(&grid, all, 0, 1, "x", STYLE_NORMAL);
	check(&grid, " x字漢字\n");
	grid_puts(&grid, all, 0, 0, "漢字漢字", STYLE_NORMAL);
	grid_puts(&grid, all, 0, 2, "x", STYLE_NORMAL);
	check(&grid, "漢x 漢字\n");
	grid_puts(&grid, all, 0, 0, "漢字漢字", STYLE_NORMAL);
	grid_puts(&grid, all, 0, 3, "語", STYLE_NORMAL);
	check(&grid, "漢 語 字\n");
	grid_puts(&grid, all, 0, 0, FAMILY, STYLE_NORMAL);
	grid_puts(&grid, all, 0, 4, "x", STYLE_NORMAL);
	check(&grid, "    x\n");
	grid_puts(&grid, all, 0, 0, "漢字漢字", STYLE_NORMAL);
	grid_clear(&grid, (struct rect){0, 3, 1, 2}, STYLE_NORMAL);
	check(&grid, "漢    字\n");
	grid_done(&grid);
}

static void
test_long_cluster(void **state)
{
	struct grid grid;
	struct rect all = {0, 0, 1, 20};
	struct buf zalgo = BUF_EMPTY, out = BUF_EMPTY;

	(void)state;
	grid_init(&grid, 1, 20);
	buf_putc(&zalgo, 'a');
	for (int i = 0; i < 100; i++)
		buf_puts(&zalgo, "\xcc\x81");
	buf_puts(&zalgo, "b");
	grid_put(&grid, all, 0, 0, zalgo.data, zalgo.len, STYLE_NORMAL);
	assert_string_equal(grid_cell(&grid, 0, 1)->bytes, "b");
	assert_true(
	    utf8_valid(grid_cell(&grid, 0, 0)->bytes, strlen(grid_cell(&grid, 0, 0)->bytes)));
	grid_save(&grid, &out);
	assert_true(utf8_valid(out.data, out.len));
	buf_done(&zalgo);
	buf_done(&out);

	/* A family with skin tones does not fit a cell: its members stand side by side. */
	grid_resize(&grid, 1, 20);
	grid_puts(&grid, all, 0, 0, "👨🏽‍👩🏽‍👧🏽‍👦🏽|", STYLE_NORMAL);
	assert_string_equal(grid_cell(&grid, 0, 16)->bytes, "|");
	for (int x = 0; x < 16; x += 2)
		assert_string_not_equal(grid_cell(&grid, 0, x)->bytes, "");
	grid_done(&grid);
}

/* Rectangles that lie across the grid's edges, or nowhere. */
static void
test_clip(void **state)
{
	static const struct rect rects[] = {
	    {-2, -3, 5, 6},
	    {1, 2, 100, 100},
	    {0, 0, 0, 0},
	    {5, 5, -1, -1},
	    {-10, -10, 5, 5},
	    {100, 100, 5, 5},
	    {0, 3, 3, 1},
	};
	struct grid grid;
	struct rect all = {0, 0, 3, 5};

	(void)state;
	grid_init(&grid, 3, 5);
	for (size_t i = 0; i < COUNT(rects); i++) {
		grid_puts(&grid, all, 1, 0, "漢字x", STYLE_NORMAL);
		grid_clear(&grid, rects[i], STYLE_DIM);
		grid_frame(&grid, rects[i], "title 漢字", STYLE_BORDER);
		for (int y = -3; y < 6; y++) {
			grid_puts(&grid, rects[i], y, -3, "漢字漢字漢字", STYLE_NORMAL);
			grid_lay(&grid, rects[i], y, -2, 1000000000, STYLE_SELECTED);
			grid_hline(&grid, rects[i], y, STYLE_RULE);
		}
		grid_vline(&grid, rects[i], 0, STYLE_RULE);
		grid_vline(&grid, rects[i], 77, STYLE_RULE);
		for (int x = 0; x < 15; x++)
			assert_true(grid.cells[x].style < STYLE_COUNT);
	}
	assert_null(grid_cell(&grid, 3, 0));
	assert_null(grid_cell(&grid, 0, -1));
	grid_resize(&grid, 0, 0);
	grid_puts(&grid, all, 0, 0, "x", STYLE_NORMAL);
	check(&grid, "");
	grid_resize(&grid, -1, 5);
	check(&grid, "");
	grid_done(&grid);
}

static void
test_frame(void **state)
{
	struct grid grid;

	(void)state;
	grid_init(&grid, 3, 16);
	grid_frame(&grid, (struct rect){0, 0, 3, 16}, "Title", STYLE_BORDER);
	check(&grid, "╔═ Title ══════╗\n║              ║\n╚══════════════╝\n");
	grid_frame(&grid, (struct rect){0, 0, 3, 16}, "A title 漢字 too long", STYLE_BORDER);
	check(&grid, "╔═ A title … ══╗\n║              ║\n╚══════════════╝\n");
	grid_frame(&grid, (struct rect){0, 2, 2, 2}, "Title", STYLE_BORDER);
	check(&grid, "  ╔╗\n  ╚╝\n\n");
	grid_frame(&grid, (struct rect){0, 0, 3, 8}, NULL, STYLE_BORDER);
	check(&grid, "╔══════╗\n║      ║\n╚══════╝\n");
	grid_hline(&grid, (struct rect){0, 1, 3, 4}, 1, STYLE_RULE);
	grid_vline(&grid, (struct rect){0, 8, 3, 4}, 2, STYLE_RULE);
	check(&grid, "          │\n ────     │\n          │\n");
	setlocale(LC_ALL, "C");
	grid_frame(&grid, (struct rect){0, 0, 3, 16}, "Title", STYLE_BORDER);
	check(&grid, "+= Title ======+\n|              |\n+==============+\n");
	setlocale(LC_ALL, "C.UTF-8");
	grid_done(&grid);
}

static void
test_styles(void **state)
{
	struct grid grid;
	struct rect all = {0, 0, 2, 20}, inner = {1, 2, 1, 6};
	struct text text;

	(void)state;
	grid_init(&grid, 2, 20);
	text_init(&text);
	text_puts(&text, "plain ", STYLE_NORMAL);
	text_puts(&text, "漢", STYLE_STRONG);
	text_puts(&text, "code", STYLE_CODE);
	assert_int_equal(grid_put_text(&grid, all, 0, 0, &text), 12);
	assert_int_equal(grid_put_text(&grid, inner, 0, 1, &text), 6);
	grid_lay(&grid, all, 0, 4, 3, STYLE_SELECTED);
	check_styles(&grid, "plai{normal+selected|n }{strong+selected|漢}{strong|}{code|code}\n"
			    "   plain\n");
	assert_int_equal(grid_put_text(&grid, all, 7, 3, &text), 3);
	text_done(&text);

	assert_int_equal(grid_puts(&grid, all, 0, 0, "42%", STYLE_ERROR), 3);
	grid_clear(&grid, inner, STYLE_CODE_BLOCK);
	check_styles(&grid, "{error|42%}\n  {code-block|      }\n");
	grid_puts(&grid, all, 0, 0, "漢x", STYLE_NORMAL);
	grid_lay(&grid, all, 0, 0, 2, STYLE_MATCH);
	grid_lay(&grid, all, 1, 0, 2, STYLE_SELECTED);
	check_styles(&grid, "{normal+match|漢}x\n{normal+selected|  }\n");
	grid_done(&grid);
}

/* Whatever is painted, every row is whole clusters that fill its columns. */
static void
test_always_whole(void **state)
{
	static const char *const pieces[] = {"a", "bc", "漢", "字x", "e\xcc\x81", FAMILY, "🙂",
	    "\xcc\x81", "👨🏽‍👩🏽‍👧🏽‍👦🏽", "🇫🇷", " "};
	struct grid grid;

	(void)state;
	srand(3);
	grid_init(&grid, 4, 23);
	for (int i = 0; i < 20000; i++) {
		struct rect rect = {rand() % 6 - 1, rand() % 26 - 2, rand() % 5, rand() % 26};
		const char *piece = pieces[(size_t)rand() % COUNT(pieces)];

		if (rand() % 4 == 0)
			grid_clear(&grid, rect, STYLE_DIM);
		else
			grid_puts(&grid, rect, rand() % 5, rand() % 30 - 4, piece, STYLE_NORMAL);
		for (int y = 0; y < grid.height; y++) {
			for (int x = 0, columns; x < grid.width; x += columns) {
				const struct cell *cell = grid_cell(&grid, y, x);

				columns = utf8_width(cell->bytes, strlen(cell->bytes));
				assert_true(columns > 0 && x + columns <= grid.width);
				for (int rest = 1; rest < columns; rest++)
					assert_int_equal(cell[rest].bytes[0], '\0');
			}
		}
	}
	grid_done(&grid);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_puts),
	    cmocka_unit_test(test_overlap),
	    cmocka_unit_test(test_long_cluster),
	    cmocka_unit_test(test_clip),
	    cmocka_unit_test(test_frame),
	    cmocka_unit_test(test_styles),
	    cmocka_unit_test(test_always_whole),
	};

	setlocale(LC_ALL, "C.UTF-8");
	return cmocka_run_group_tests(tests, NULL, NULL);
}
