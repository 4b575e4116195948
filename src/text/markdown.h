/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef TEXT_MARKDOWN_H
#define TEXT_MARKDOWN_H

/*
 * Markdown (CommonMark 0.30 with GitHub's tables, strikethrough, task lists
 * and bare links) → blocks of styled text, without a width. HTML is shown as
 * text. Line breaks of the source are kept: in a chat they are meant. The
 * source is data: it is sanitised here, before it is parsed.
 *
 * A text that is still growing is rendered as if it ended here: an open fence
 * is a code block, half a table row is a row.
 */

#include <stdbool.h>
#include <stddef.h>

#include "base/array.h"
#include "text/text.h"

enum block_type {
	BLOCK_PARAGRAPH,
	BLOCK_HEADING,
	BLOCK_CODE, /* lines are never wrapped */
	BLOCK_TABLE,
	BLOCK_RULE,
};

enum cell_align {
	ALIGN_LEFT,
	ALIGN_CENTER,
	ALIGN_RIGHT,
};

struct block {
	enum block_type type;
	struct text first; /* what stands before its first row: indent, quote bars, bullet */
	struct text rest;  /* ... before its other rows; as wide */
	struct text gap;   /* ... in the blank row before it, if there is one */
	struct text text;  /* not of tables and rules */
	bool tight;	   /* no blank row before it */
	int level;	   /* heading: 1 to 6; code: its number in the document, from 1 */
	char *language;	   /* code: the word behind the fence, or NULL */
	ARRAY(enum cell_align) aligns; /* table: a column each */
	ARRAY(struct text) cells;      /* table: row by row, the header row first */
};

struct buf;

struct markdown {
	ARRAY(struct block) blocks;
	ARRAY(char *) links; /* targets, number 1 first; only http, https and mailto */
	ARRAY(char *) codes; /* the source of each code block, number 1 first */
};

void markdown_init(struct markdown *);
void markdown_done(struct markdown *);

/* Parses the whole source. base is the style of plain text in it. Adds to what is there. */
void markdown_parse(struct markdown *, const char *source, size_t len, enum style base);

/*
 * False if the source is so long, or has so long a paragraph, that parsing it
 * could take a noticeable time: it is then shown as it is, in one paragraph.
 */
bool markdown_is_modest(const char *source, size_t len);

/*
 * For a text that grows: how many bytes at its front nothing that follows can
 * change any more. Parsing these and the rest apart gives the blocks of the
 * whole. 0 if that cannot be said cheaply.
 */
size_t markdown_closed(const char *source, size_t len);

/*
 * The source as a part of another Markdown document, below a heading of it:
 * its own headings are lower by levels, its HTML is text, a fence left open is
 * closed. Reads the same otherwise, and ends with a newline.
 */
void markdown_nest(struct buf *out, const char *source, size_t len, int levels);

/* Text as a code block of Markdown, with a fence longer than any in it. */
void markdown_put_code(struct buf *out, const char *language, const char *text, size_t len);

/*
 * As HTML: everything escaped, links only to http, https and mailto, images as
 * links, headings lower by levels.
 */
void markdown_html(struct buf *out, const char *source, size_t len, int levels);

/* Text as HTML shows it literally, also between quotes; not sanitised. */
void markdown_put_escaped(struct buf *out, const char *text, size_t len);

/* Whether a link may lead there: http, https, mailto. */
bool markdown_can_open(const char *target);

/* Drops what a parse added behind the first so many blocks, links and codes. */
void markdown_cut(struct markdown *, size_t blocks, size_t links, size_t codes);

#endif
