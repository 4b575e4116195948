/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef BASE_UTF8_H
#define BASE_UTF8_H

/*
 * UTF-8 (RFC 3629): decoding, repairing what comes from outside, grapheme
 * clusters (UAX #29, by utf8proc) and the columns a text takes.
 *
 * Everything but utf8_repair* expects valid UTF-8, which is all that ever gets
 * past the decoding boundary; on invalid bytes it stays within the text and
 * takes each bad byte as U+FFFD.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct buf;

/* The code point at text, and in *used its bytes (at least 1 if len > 0). */
uint32_t utf8_decode(const char *text, size_t len, size_t *used);

/* Writes 1 to 4 bytes, no NUL; returns their number. A surrogate becomes U+FFFD. */
size_t utf8_encode(uint32_t code, char bytes[4]);

bool utf8_valid(const char *text, size_t len);

/*
 * Bytes of a stream made valid: what is not UTF-8 becomes U+FFFD by the rule
 * of the WHATWG Encoding Standard ("maximal subpart"), overlong forms and
 * surrogates too. A sequence cut between two calls is joined.
 */
struct utf8_repair {
	unsigned char pending[4]; /* the start of a sequence, not yet complete */
	size_t len;
};

void utf8_repair(struct utf8_repair *, const char *bytes, size_t len, struct buf *out);

/* The stream ended; a sequence left unfinished becomes U+FFFD. */
void utf8_repair_end(struct utf8_repair *, struct buf *out);

/* Both at once, for bytes that are there whole. */
void utf8_repair_all(const char *bytes, size_t len, struct buf *out);

/* The end of the cluster that starts at from; len at the end of the text. */
size_t utf8_next(const char *text, size_t len, size_t from);

/* The start of the cluster that ends at from; 0 at the beginning. */
size_t utf8_previous(const char *text, size_t len, size_t from);

/*
 * Columns. The sum of wcwidth() over the code points: what curses and most
 * terminals advance by, also for clusters that could be drawn narrower. A code
 * point wcwidth() calls unprintable counts 0. TAB counts 0: expand it before.
 */
int utf8_width(const char *text, size_t len);
int utf8_code_width(uint32_t code);

/* False if the C library's tables are too old (or the code point too odd) to tell its width. */
bool utf8_has_width(uint32_t code);

/* The longest start of text, in whole clusters, of at most columns; *width is what it takes. */
size_t utf8_fit(const char *text, size_t len, int columns, int *width);

/* A letter, digit or mark of any script: what readline's word keys move over. */
bool utf8_is_word(uint32_t code);

#endif
