/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include <limits.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "ui/listbox.h"

enum op {
	RESIZE, /* to the count, at height */
	SELECT,
	MOVE,
	PAGE, /* down if the value is positive */
	SCROLL,
};

/* One box, step after step. */
static const struct {
	enum op op;
	long value;
	int height;
	size_t selected, top;
} steps[] = {
    {RESIZE, 100, 10, 0, 0},
    {MOVE, -1, 0, 0, 0},
    {MOVE, 9, 0, 9, 0},
    {MOVE, 1, 0, 10, 1},
    {PAGE, 1, 0, 19, 10},
    {PAGE, -1, 0, 10, 10},
    {PAGE, -1, 0, 1, 1},
    {PAGE, -1, 0, 0, 0},
    {SELECT, 50, 0, 50, 41},
    {SCROLL, 3, 0, 50, 44},
    {SCROLL, 10, 0, 54, 54},
    {SCROLL, -20, 0, 43, 34},
    {SCROLL, 1000, 0, 90, 90},
    {SCROLL, LONG_MIN, 0, 9, 0},
    {SELECT, 1000, 0, 99, 90},
    {MOVE, LONG_MAX, 0, 99, 90},
    {PAGE, 5, 0, 99, 90},
    {MOVE, LONG_MIN, 0, 0, 0},
    {MOVE, LONG_MAX, 0, 99, 90},
    {RESIZE, 100, 20, 99, 80},
    {RESIZE, 50, 20, 49, 30},
    {RESIZE, 5, 20, 4, 0},
    {RESIZE, 0, 20, 0, 0},
    {MOVE, 1, 0, 0, 0},
    {PAGE, 1, 0, 0, 0},
    {SCROLL, 1, 0, 0, 0},
    {RESIZE, 3, 0, 0, 0},
    {MOVE, 2, 0, 2, 2},
    {PAGE, -1, 0, 1, 1},
    {RESIZE, 3, 1, 1, 1},
    {PAGE, 1, 0, 2, 2},
    {RESIZE, 3, -4, 2, 2},
};

static void
run(struct listbox *box, enum op op, long value, int height)
{
	long rows;

	switch (op) {
	case RESIZE:
		listbox_resize(box, (size_t)value, height);
		break;
	case SELECT:
		listbox_select(box, (size_t)value);
		break;
	case MOVE:
		listbox_move(box, value);
		break;
	case PAGE:
		assert_true(listbox_steps(box, value > 0 ? "page-down" : "page-up", &rows));
		listbox_move(box, rows);
		break;
	case SCROLL:
		listbox_scroll(box, value);
		break;
	}
}

static void
test_steps(void **state)
{
	struct listbox box = {0};

	(void)state;
	for (size_t i = 0; i < sizeof(steps) / sizeof(steps[0]); i++) {
		print_message("step %zu\n", i);
		run(&box, steps[i].op, steps[i].value, steps[i].height);
		assert_int_equal(box.selected, steps[i].selected);
		assert_int_equal(box.top, steps[i].top);
	}
}

/* Whatever is done, the selection is a row, it is visible, and no page is half empty. */
static void
test_always_visible(void **state)
{
	struct listbox box = {0};

	(void)state;
	srand(1);
	for (int i = 0; i < 100000; i++) {
		enum op op = (enum op)(rand() % 5);
		size_t rows;

		run(&box, op, op == RESIZE || op == SELECT ? rand() % 40 : rand() % 60 - 30,
		    rand() % 15);
		rows = box.height > 0 ? (size_t)box.height : 1;
		assert_true(box.selected < box.count || (box.count == 0 && box.selected == 0));
		assert_true(box.top <= box.selected && box.selected - box.top < rows);
		assert_true(box.top == 0 || box.top + rows <= box.count);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_steps),
	    cmocka_unit_test(test_always_visible),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
