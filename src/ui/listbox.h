/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef UI_LISTBOX_H
#define UI_LISTBOX_H

/*
 * Selection and scrolling over n rows; drawing a row is its user's business.
 */

#include <stdbool.h>
#include <stddef.h>

struct listbox {
	size_t count;	 /* rows there are */
	size_t selected; /* 0 if there are none */
	size_t top;	 /* first visible row */
	int height;	 /* visible rows */
};

void listbox_resize(struct listbox *, size_t count, int height); /* keeps the selection in view */
void listbox_select(struct listbox *, size_t row);
void listbox_move(struct listbox *, long rows);	 /* clipped at the ends */
void listbox_scroll(struct listbox *, long rows); /* the view; the selection follows if it must */

/*
 * The rows an action moves by: row-down, row-up, page-down, page-up, first and
 * last. False for any other name.
 */
bool listbox_steps(const struct listbox *, const char *action, long *rows);

#endif
