/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef TEXT_DIFF_H
#define TEXT_DIFF_H

/*
 * Two texts compared word by word. Words, runs of blanks, newlines and single
 * marks of punctuation are the units, wide characters each for itself; no
 * grapheme cluster is ever cut.
 *
 * The shortest way from one text to the other is looked for (Myers, "An O(ND)
 * Difference Algorithm", in linear space) as long as that is cheap: the time
 * grows with the length times the number of differences. Beyond a fixed amount
 * of work (a few tenths of a second on a slow machine) lines are matched first
 * and words only between matching lines; what is too different even for that
 * is one difference as a whole. Behind DIFF_MAX a text is one word more.
 *
 * The result is made for reading: an inserted word or paragraph stands where it
 * begins, not in the middle of its neighbours, and what only happens to be the
 * same between two larger differences (a lone blank, a comma, a short word) is
 * part of them. Newlines that both texts have stay the same all the same, so
 * that paragraphs can be put side by side.
 */

#include <stddef.h>

#include "base/array.h"

/* Bytes of each text that are looked at word by word. */
#define DIFF_MAX ((size_t)512 * 1024)

enum diff_kind {
	DIFF_SAME,
	DIFF_LEFT,  /* only in the left text */
	DIFF_RIGHT, /* only in the right one; behind what is only in the left one */
};

struct diff_run {
	enum diff_kind kind;
	size_t left, right; /* where it stands, or would stand, in each */
	size_t len;	    /* bytes, never 0 */
};

typedef ARRAY(struct diff_run) diff_list;

/*
 * The runs from which, in their order, each text can be put together again:
 * into out, cleared first. Symmetric: with the texts changed over left and right
 * change places and nothing else. The bytes need not be valid UTF-8.
 */
void diff_texts(const char *left, size_t left_len, const char *right, size_t right_len,
    diff_list *out);

#endif
