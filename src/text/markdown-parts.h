/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef TEXT_MARKDOWN_PARTS_H
#define TEXT_MARKDOWN_PARTS_H

/*
 * What the files named markdown-*.c share: how a source is made fit for md4c,
 * and what it hands back is made fit for people.
 */

#include <stdbool.h>
#include <stddef.h>

struct MD_ATTRIBUTE;
struct MD_PARSER;
struct buf;

/*
 * A table row may be shorter than the header, and md4c fills it up; a wide
 * header over many empty rows makes far more cells than the source has bytes.
 * So many are allowed, and one more for each byte of the source.
 */
#define MARKDOWN_CELLS_MIN 4096

/*
 * Parses the dialect that answers are written in: the source sanitised, with
 * what the parser must not see hidden (text/hidden.h). Of the parser given only
 * the callbacks count.
 */
bool markdown_read(const struct MD_PARSER *, const char *source, size_t len, void *state);

/* What a reference stands for comes from outside as much as the source, so it is sanitised too. */
void markdown_decode_entity(struct buf *out, const char *entity, size_t len);

/* A target or the word behind a fence, as shown; yours. */
char *markdown_attribute(const struct MD_ATTRIBUTE *);

#endif
