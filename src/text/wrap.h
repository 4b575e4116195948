/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef TEXT_WRAP_H
#define TEXT_WRAP_H

/*
 * Styled text and a width → rows. Breaks where UAX #14 in its simple parts
 * does: after spaces, after hyphens between letters, between wide characters
 * (but not before closing or after opening punctuation); a word longer than
 * the row is cut between grapheme clusters. A cluster is never split.
 */

#include <stdbool.h>
#include <stddef.h>

#include "base/array.h"
#include "text/text.h"

struct markdown;

struct row {
	struct text text;
	bool soft; /* the line goes on in the next row: no newline of the source between them */
	bool wide; /* it is cut at the right: a code line or table wider than the width */
};

typedef ARRAY(struct row) row_list;

void row_list_done(row_list *);

/*
 * Appends the rows of text. first and rest (or NULL) stand before the first and
 * every other row and count towards the width. An empty text gives one row.
 */
void wrap_text(
    row_list *, const struct text *, const struct text *first, const struct text *rest, int width);

/* Lines as they are, one row each, shifted left by skip columns; tabs to 8 columns. */
void wrap_verbatim(row_list *, const struct text *, const struct text *prefix, int width, int skip);

/*
 * A whole document. Tables are drawn to fit: columns shrink, then cells wrap;
 * no cell is dropped. skip shifts code and what is too wide to the left.
 */
void wrap_markdown(row_list *, const struct markdown *, int width, int skip);

/* The same for the blocks from number `from` on, whose rows follow those of the blocks before. */
void wrap_markdown_from(row_list *, const struct markdown *, size_t from, int width, int skip);

#endif
