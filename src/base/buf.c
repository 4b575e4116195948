/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include "base/buf.h"

#include <assert.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

static char empty[1];

void
buf_init(struct buf *b, size_t max)
{
	*b = (struct buf){.data = empty, .max = max};
}

void
buf_done(struct buf *b)
{
	if (b->cap > 0)
		free(b->data);
	buf_init(b, b->max);
}

/* Room for extra more bytes and the NUL. */
static bool
reserve(struct buf *b, size_t extra)
{
	size_t cap, limit = b->max > 0 ? b->max : SIZE_MAX / 2;

	if (b->len > limit || extra > limit - b->len) {
		b->full = true;
		return false;
	}
	if (b->len + extra < b->cap)
		return true;
	cap = b->cap < 64 ? 64 : b->cap + b->cap / 2;
	if (cap < b->len + extra + 1)
		cap = b->len + extra + 1;
	b->data = xrealloc(b->cap > 0 ? b->data : NULL, cap);
	b->cap = cap;
	b->data[b->len] = '\0';
	return true;
}

bool
buf_add(struct buf *b, const void *bytes, size_t len)
{
	if (!reserve(b, len))
		return false;
	if (len > 0)
		memcpy(b->data + b->len, bytes, len);
	b->len += len;
	b->data[b->len] = '\0';
	return true;
}

bool
buf_puts(struct buf *b, const char *text)
{
	return buf_add(b, text, strlen(text));
}

bool
buf_putc(struct buf *b, char c)
{
	return buf_add(b, &c, 1);
}

bool
buf_printf(struct buf *b, const char *format, ...)
{
	va_list args;
	bool fits;

	va_start(args, format);
	fits = buf_vprintf(b, format, args);
	va_end(args);
	return fits;
}

bool
buf_vprintf(struct buf *b, const char *format, va_list args)
{
	va_list again;
	int n;

	va_copy(again, args);
	n = vsnprintf(NULL, 0, format, again);
	va_end(again);
	assert(n >= 0);
	if (!reserve(b, (size_t)n))
		return false;
	vsnprintf(b->data + b->len, (size_t)n + 1, format, args);
	b->len += (size_t)n;
	return true;
}

bool
buf_pad(struct buf *b, char c, size_t count)
{
	if (!reserve(b, count))
		return false;
	memset(b->data + b->len, c, count);
	b->len += count;
	b->data[b->len] = '\0';
	return true;
}

bool
buf_put_json(struct buf *b, const char *bytes, size_t len)
{
	size_t start = b->len;
	bool fits = buf_putc(b, '"');

	for (size_t i = 0; i < len && fits; i++) {
		unsigned char c = (unsigned char)bytes[i];

		switch (c) {
		case '"':
			fits = buf_puts(b, "\\\"");
			break;
		case '\\':
			fits = buf_puts(b, "\\\\");
			break;
		case '\n':
			fits = buf_puts(b, "\\n");
			break;
		case '\r':
			fits = buf_puts(b, "\\r");
			break;
		case '\t':
			fits = buf_puts(b, "\\t");
			break;
		default:
			fits = c < 0x20 || c == 0x7f ? buf_printf(b, "\\u%04x", c)
						     : buf_putc(b, (char)c);
		}
	}
	fits = fits && buf_putc(b, '"');
	if (!fits)
		buf_truncate(b, start);
	return fits;
}

bool
buf_equal(const struct buf *a, const struct buf *b)
{
	return a->len == b->len && (a->len == 0 || memcmp(a->data, b->data, a->len) == 0);
}

void
buf_clear(struct buf *b)
{
	b->full = false;
	buf_truncate(b, 0);
}

void
buf_truncate(struct buf *b, size_t len)
{
	assert(len <= b->len);
	b->len = len;
	if (b->cap > 0)
		b->data[len] = '\0';
}

void
buf_drop(struct buf *b, size_t len)
{
	buf_erase(b, 0, len);
}

bool
buf_insert(struct buf *b, size_t at, const void *bytes, size_t len)
{
	assert(at <= b->len);
	if (!reserve(b, len))
		return false;
	if (len == 0)
		return true;
	memmove(b->data + at + len, b->data + at, b->len - at + 1);
	memcpy(b->data + at, bytes, len);
	b->len += len;
	return true;
}

void
buf_erase(struct buf *b, size_t at, size_t len)
{
	assert(at <= b->len && len <= b->len - at);
	if (len == 0)
		return;
	memmove(b->data + at, b->data + at + len, b->len - at - len + 1);
	b->len -= len;
}

char *
buf_take(struct buf *b)
{
	char *data = b->cap > 0 ? b->data : xstrdup("");

	buf_init(b, b->max);
	return data;
}
