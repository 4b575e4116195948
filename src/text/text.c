/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include "text/text.h"

#include <stdarg.h>
#include <string.h>

void
text_init(struct text *text)
{
	*text = (struct text){.bytes = BUF_EMPTY};
}

void
text_done(struct text *text)
{
	buf_done(&text->bytes);
	array_done(&text->runs);
}

void
text_clear(struct text *text)
{
	buf_clear(&text->bytes);
	array_clear(&text->runs);
}

void
text_add(struct text *text, const char *bytes, size_t len, enum style style)
{
	text_add_link(text, bytes, len, style, 0);
}

void
text_puts(struct text *text, const char *string, enum style style)
{
	text_add(text, string, strlen(string), style);
}

/* The bytes from start on are new: gives them their style. */
static void
cover(struct text *text, size_t start, enum style style, int link)
{
	size_t len = text->bytes.len - start;
	struct run *last = text->runs.len > 0 ? &text->runs.items[text->runs.len - 1] : NULL;

	if (len == 0)
		return;
	if (last != NULL && last->style == style && last->link == link)
		last->len += len;
	else
		array_push(&text->runs, ((struct run){.len = len, .style = style, .link = link}));
}

void
text_printf(struct text *text, enum style style, const char *format, ...)
{
	size_t start = text->bytes.len;
	va_list args;

	va_start(args, format);
	buf_vprintf(&text->bytes, format, args);
	va_end(args);
	cover(text, start, style, 0);
}

void
text_add_link(struct text *text, const char *bytes, size_t len, enum style style, int link)
{
	size_t start = text->bytes.len;

	buf_add(&text->bytes, bytes, len);
	cover(text, start, style, link);
}

void
text_pad(struct text *text, int spaces, enum style style)
{
	size_t start = text->bytes.len;

	if (spaces > 0)
		buf_pad(&text->bytes, ' ', (size_t)spaces);
	cover(text, start, style, 0);
}

void
text_trim(struct text *text)
{
	size_t len = text->bytes.len;
	struct run *last;

	while (len > 0 && text->bytes.data[len - 1] == ' ')
		len--;
	for (size_t over = text->bytes.len - len; over > 0;) {
		last = &text->runs.items[text->runs.len - 1];
		if (last->len > over) {
			last->len -= over;
			break;
		}
		over -= last->len;
		text->runs.len--;
	}
	buf_truncate(&text->bytes, len);
}
