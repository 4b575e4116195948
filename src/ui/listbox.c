/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include "ui/listbox.h"

#include <string.h>

/* A view of no rows behaves as one of a single row. */
static size_t
visible(const struct listbox *box)
{
	return box->height > 0 ? (size_t)box->height : 1;
}

static size_t
last_top(const struct listbox *box)
{
	size_t rows = visible(box);

	return box->count > rows ? box->count - rows : 0;
}

/* row + by, within 0 and max. */
static size_t
clip(size_t row, long by, size_t max)
{
	size_t distance = by < 0 ? (size_t)0 - (size_t)by : (size_t)by;

	if (by < 0)
		row = distance > row ? 0 : row - distance;
	else
		row = distance > max || row > max - distance ? max : row + distance;
	return row > max ? max : row;
}

static void
show_selection(struct listbox *box)
{
	size_t rows = visible(box);

	if (box->top > box->selected)
		box->top = box->selected;
	else if (box->selected - box->top >= rows)
		box->top = box->selected - rows + 1;
	if (box->top > last_top(box))
		box->top = last_top(box);
}

void
listbox_resize(struct listbox *box, size_t count, int height)
{
	box->count = count;
	box->height = height;
	listbox_select(box, box->selected);
}

void
listbox_select(struct listbox *box, size_t row)
{
	size_t last = box->count > 0 ? box->count - 1 : 0;

	box->selected = row > last ? last : row;
	show_selection(box);
}

void
listbox_move(struct listbox *box, long rows)
{
	listbox_select(box, clip(box->selected, rows, box->count > 0 ? box->count - 1 : 0));
}

void
listbox_scroll(struct listbox *box, long rows)
{
	size_t bottom;

	box->top = clip(box->top, rows, last_top(box));
	bottom = box->top + visible(box) - 1;
	if (box->selected < box->top)
		box->selected = box->top;
	else if (box->selected > bottom)
		box->selected = bottom;
}

/* One row of the page before stays in view, so that the eye finds its place. */
bool
listbox_steps(const struct listbox *box, const char *action, long *rows)
{
	long page = box->height > 1 ? box->height - 1 : 1, all = (long)box->count;
	const struct {
		const char *name;
		long rows;
	} steps[] = {
	    {"row-down", 1},
	    {"row-up", -1},
	    {"page-down", page},
	    {"page-up", -page},
	    {"first", -all},
	    {"last", all},
	};

	for (size_t i = 0; i < sizeof(steps) / sizeof(steps[0]); i++) {
		if (strcmp(action, steps[i].name) == 0) {
			*rows = steps[i].rows;
			return true;
		}
	}
	return false;
}
