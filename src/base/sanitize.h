/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef BASE_SANITIZE_H
#define BASE_SANITIZE_H

/*
 * The display boundary. Every text that is not our own (answers, names,
 * titles, URLs, error messages, file names, pasted text, rows of the store)
 * passes here before it reaches a terminal, whole, after its pieces were put
 * together.
 *
 * It works by allow-list: graphic characters, LF and TAB stay. Everything else
 * becomes a visible mark: C0 and DEL as ^[ and the like, C1, bidirectional
 * controls, tags, fillers, noncharacters, unassigned and private formatting
 * characters as <U+202E>. CR LF becomes LF and a lone CR ^M. ZWJ and variation
 * selectors stay only inside an emoji sequence, ZWNJ and ZWJ also between
 * letters of scripts that need them; more than 8 combining marks on one base
 * are cut.
 */

#include <stdbool.h>
#include <stddef.h>

struct buf;

enum sanitize_mode {
	SANITIZE_TEXT, /* LF and TAB stay */
	SANITIZE_LINE, /* one line: LF, TAB and runs of them become one space */
	/*
	 * As SANITIZE_TEXT for a parser that must not take a mark for markup:
	 * each ASCII character c of a mark is the private SANITIZE_HIDDEN + c.
	 * No other private character is ever left, so they can be told apart.
	 */
	SANITIZE_HIDE,
};

#define SANITIZE_HIDDEN 0xf0000

/* Appends. The bytes need not be valid UTF-8 and may hold NULs. */
void sanitize(struct buf *out, const char *text, size_t len, enum sanitize_mode);

/* The same as a new string; yours. NULL gives "". */
char *sanitize_text(const char *text);
char *sanitize_line(const char *text);

/* Whether sanitize() would leave it as it is. */
bool sanitize_is_clean(const char *text, size_t len, enum sanitize_mode);

#endif
