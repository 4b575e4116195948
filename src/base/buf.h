/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef BASE_BUF_H
#define BASE_BUF_H

/*
 * Growable bytes. data is never NULL and always has a NUL behind its len
 * bytes, which may hold NULs themselves. A buffer with a ceiling refuses what
 * would not fit, whole, and remembers that in `full` until it is cleared; so a
 * caller may add many pieces and ask once.
 */

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>

struct buf {
	char *data;
	size_t len;
	size_t cap; /* allocated bytes; 0: data is a constant empty string */
	size_t max; /* the ceiling for len; 0: none */
	bool full;  /* something did not fit */
};

/* An initialiser for a buffer without ceiling. */
#define BUF_EMPTY {.data = (char *)""}

void buf_init(struct buf *, size_t max);
void buf_done(struct buf *);

/* All of these return false, and change nothing, when the ceiling is in the way. */
bool buf_add(struct buf *, const void *bytes, size_t len);
bool buf_puts(struct buf *, const char *text);
bool buf_putc(struct buf *, char c);
bool buf_printf(struct buf *, const char *format, ...) __attribute__((format(printf, 2, 3)));
bool buf_vprintf(struct buf *, const char *format, va_list args)
    __attribute__((format(printf, 2, 0)));
bool buf_pad(struct buf *, char c, size_t count);

/* The bytes as a JSON string (RFC 8259, section 7) with its quotes; they must be UTF-8. */
bool buf_put_json(struct buf *, const char *bytes, size_t len);

bool buf_equal(const struct buf *, const struct buf *);

/* Forgets the contents, keeps the memory. */
void buf_clear(struct buf *);

/* Cuts to the first len bytes. */
void buf_truncate(struct buf *, size_t len);

/* Removes len bytes at the front. */
void buf_drop(struct buf *, size_t len);

/* Puts bytes before position at. */
bool buf_insert(struct buf *, size_t at, const void *bytes, size_t len);

/* Removes len bytes from position at. */
void buf_erase(struct buf *, size_t at, size_t len);

/* The contents, now the caller's to free(); the buffer is empty afterwards. */
char *buf_take(struct buf *);

#endif
