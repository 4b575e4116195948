/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef TEXT_TEXT_H
#define TEXT_TEXT_H

/*
 * Styled text: bytes and the runs of style over them. Knows nothing of
 * terminals and widths. The bytes are sanitised UTF-8; lines end with LF.
 */

#include <stddef.h>

#include "base/array.h"
#include "base/buf.h"
#include "text/style.h"

struct run {
	size_t len; /* bytes */
	enum style style;
	int link; /* number of the link it belongs to, from 1; 0: none */
};

struct text {
	struct buf bytes;
	ARRAY(struct run) runs; /* cover all the bytes */
};

void text_init(struct text *);
void text_done(struct text *);
void text_clear(struct text *);

/* Adds bytes that are already sanitised. Neighbours of one style are joined. */
void text_add(struct text *, const char *bytes, size_t len, enum style);
void text_puts(struct text *, const char *string, enum style);
void text_printf(struct text *, enum style, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
void text_add_link(struct text *, const char *bytes, size_t len, enum style, int link);
void text_pad(struct text *, int spaces, enum style);

/* Drops the spaces at its end. */
void text_trim(struct text *);

#endif
