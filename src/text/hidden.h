/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef TEXT_HIDDEN_H
#define TEXT_HIDDEN_H

/*
 * ASCII characters hidden from the Markdown parser, which takes them for
 * letters: those of the marks that SANITIZE_HIDE makes, and those of formulas.
 * Each is a private character of HIDDEN_SIZE bytes; the sanitiser leaves no
 * other private ones.
 */

#include <stdbool.h>
#include <stddef.h>

struct buf;

#define HIDDEN_SIZE 4

/*
 * Adds a sanitised text with what could be markup in its formulas hidden, so
 * that they are shown as their source. Unprotected they would lose it: "\["
 * and "\{" are escapes, and "_" and "*" may be emphasis.
 */
void hidden_add_formulas(struct buf *out, const char *text, size_t len);

/* The bytes before the first hidden character, or len. */
size_t hidden_find(const char *text, size_t len);

/* Whether a hidden character stands at text. */
bool hidden_at(const char *text, size_t len);

/* Of one that stands there: what it hides, and whether it belongs to a mark. */
char hidden_char(const char *text);
bool hidden_is_mark(const char *text);

#endif
