/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include "base/sanitize.h"

#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <utf8proc.h>

#include "base/buf.h"
#include "base/utf8.h"

/* Combining marks kept on one base: more only ever meant to paint over the neighbours. */
#define MARKS_MAX 8

/* Joiners kept in one emoji; a family of four has three. */
#define JOINERS_MAX 7

enum {
	ZWNJ = 0x200c,
	ZWJ = 0x200d,
	VARIATION_15 = 0xfe0e,
	VARIATION_16 = 0xfe0f,
	KEYCAP = 0x20e3,
};

/* What has been written since the last base, to judge what may follow it. */
struct context {
	struct buf *out;
	enum sanitize_mode mode;
	uint32_t before; /* the last code point kept, or 0 after a mark or a line's end */
	int marks;	 /* combining marks on the base */
	int joiners;	 /* ZWJ in this emoji */
	bool emoji;	 /* an emoji stands before, maybe with its variation and skin tone */
	bool space;	 /* SANITIZE_LINE: the last thing written is a space for a line's end */
};

struct range {
	uint32_t first, last;
};

/* Scripts whose letters change their form next to a joiner: Arabic's kin and India's. */
static const struct range joining[] = {
    {0x0600, 0x08ff},
    {0x0900, 0x0dff},
    {0x0f00, 0x109f},
    {0x1780, 0x18af},
    {0x1a20, 0x1aaf},
    {0x1b00, 0x1c4f},
    {0xa800, 0xa8ff},
    {0xa980, 0xa9df},
    {0xabc0, 0xabff},
    {0xfb50, 0xfdff},
    {0xfe70, 0xfefc},
    {0x10a00, 0x10aff},
    {0x10d00, 0x10d3f},
    {0x11000, 0x11fff},
    {0x1e900, 0x1e95f},
};

static const utf8proc_property_t *
properties(uint32_t code)
{
	return utf8proc_get_property((utf8proc_int32_t)code);
}

static bool
is_mark(uint32_t code)
{
	int category = properties(code)->category;

	return category >= UTF8PROC_CATEGORY_MN && category <= UTF8PROC_CATEGORY_ME;
}

static bool
is_emoji(uint32_t code)
{
	return properties(code)->boundclass == UTF8PROC_BOUNDCLASS_EXTENDED_PICTOGRAPHIC;
}

static bool
is_skin_tone(uint32_t code)
{
	return code >= 0x1f3fb && code <= 0x1f3ff;
}

static bool
is_keycap_base(uint32_t code)
{
	return (code >= '0' && code <= '9') || code == '#' || code == '*';
}

/* A letter or mark of a script in which joiners mean something. */
static bool
is_joining(uint32_t code)
{
	int category = properties(code)->category;

	if (category < UTF8PROC_CATEGORY_LU || category > UTF8PROC_CATEGORY_ME)
		return false;
	for (size_t i = 0; i < sizeof(joining) / sizeof(joining[0]); i++)
		if (code >= joining[i].first && code <= joining[i].last)
			return true;
	return false;
}

/*
 * Letters, marks, numbers, punctuation, symbols and spaces that are seen, or
 * at least take room as everybody expects of them. Not the "default
 * ignorable" ones: fillers, joiners, variation selectors. Nor those too new
 * for the C library, as curses could not place what follows them.
 */
static bool
is_graphic(uint32_t code)
{
	const utf8proc_property_t *property = properties(code);

	return property->category >= UTF8PROC_CATEGORY_LU &&
	       property->category <= UTF8PROC_CATEGORY_ZS && !property->ignorable &&
	       utf8_has_width(code);
}

static bool
joiner_allowed(const struct context *ctx, uint32_t code, uint32_t next)
{
	/* What will not be kept behind it cannot be joined. */
	bool kept = is_graphic(next) && !(is_mark(next) && ctx->marks >= MARKS_MAX);

	if (code == ZWJ && ctx->emoji && ctx->joiners < JOINERS_MAX && is_emoji(next) && kept)
		return true;
	if (!is_joining(ctx->before))
		return false;
	/* Behind a virama (combining class 9) it may also end a word (RFC 5892, appendix A). */
	return (is_joining(next) && kept) || properties(ctx->before)->combining_class == 9;
}

static bool
variation_allowed(const struct context *ctx, uint32_t next)
{
	if (is_keycap_base(ctx->before))
		return next == KEYCAP;
	return is_emoji(ctx->before);
}

static bool
allowed(const struct context *ctx, uint32_t code, uint32_t next)
{
	if (code == ZWJ || code == ZWNJ)
		return joiner_allowed(ctx, code, next);
	if (code == VARIATION_15 || code == VARIATION_16)
		return variation_allowed(ctx, next);
	/* A combining mark without a base would sit on whatever we draw to its left. */
	if (is_mark(code) && ctx->before == 0)
		return false;
	return is_graphic(code);
}

/* The visible form of a character that does not reach the terminal. */
static void
put_visible(struct context *ctx, uint32_t code)
{
	char text[16], hidden[4];

	if (code < 0x20 || code == 0x7f)
		snprintf(text, sizeof(text), "^%c", (int)(code ^ 0x40));
	else
		snprintf(text, sizeof(text), "<U+%04X>", (unsigned)code);
	for (const char *c = text; *c != '\0'; c++) {
		if (ctx->mode == SANITIZE_HIDE)
			buf_add(ctx->out, hidden,
			    utf8_encode(SANITIZE_HIDDEN + (unsigned char)*c, hidden));
		else
			buf_putc(ctx->out, *c);
	}
	ctx->before = 0;
	ctx->marks = ctx->joiners = 0;
	ctx->emoji = ctx->space = false;
}

static void
put_code(struct context *ctx, uint32_t code)
{
	char bytes[4];

	if (is_mark(code) && code != VARIATION_15 && code != VARIATION_16 &&
	    ++ctx->marks > MARKS_MAX)
		return;
	buf_add(ctx->out, bytes, utf8_encode(code, bytes));
	if (code == ZWJ && ctx->emoji)
		ctx->joiners++;
	else if (is_emoji(code) && ctx->before != ZWJ)
		ctx->joiners = 0;
	ctx->emoji = is_emoji(code) ||
		     (ctx->emoji && (code == ZWJ || code == VARIATION_16 || is_skin_tone(code)));
	if (!is_mark(code) && code != ZWJ && code != ZWNJ)
		ctx->marks = 0;
	ctx->before = code;
	ctx->space = false;
}

static void
put_white(struct context *ctx, char c)
{
	if (ctx->mode != SANITIZE_LINE)
		buf_putc(ctx->out, c);
	else if (!ctx->space)
		buf_putc(ctx->out, ' ');
	ctx->before = 0;
	ctx->marks = ctx->joiners = 0;
	ctx->emoji = false;
	ctx->space = true;
}

/* The bytes at the front that are printable ASCII, and LF and TAB where they stay. */
static size_t
plain_run(const char *text, size_t len, enum sanitize_mode mode)
{
	size_t i = 0;

	for (; i < len; i++) {
		unsigned char c = (unsigned char)text[i];

		if (c >= 0x20 ? c >= 0x7f : mode == SANITIZE_LINE || (c != '\n' && c != '\t'))
			break;
	}
	return i;
}

static void
put_plain(struct context *ctx, const char *text, size_t len)
{
	char last = text[len - 1];

	buf_add(ctx->out, text, len);
	ctx->before = last == '\n' || last == '\t' ? 0 : (uint32_t)last;
	ctx->marks = ctx->joiners = 0;
	ctx->emoji = ctx->space = false;
}

/* Takes one character; returns its bytes. */
static size_t
take(struct context *ctx, const char *text, size_t len)
{
	size_t used, ignored;
	uint32_t next, code = utf8_decode(text, len, &used);

	if (code == '\n' || code == '\t') {
		put_white(ctx, (char)code);
	} else if (code == '\r' && len > 1 && text[1] == '\n') {
		put_white(ctx, '\n');
		used = 2;
	} else {
		next = len > used ? utf8_decode(text + used, len - used, &ignored) : 0;
		if (allowed(ctx, code, next))
			put_code(ctx, code);
		else
			put_visible(ctx, code);
	}
	return used;
}

void
sanitize(struct buf *out, const char *text, size_t len, enum sanitize_mode mode)
{
	struct context ctx = {.out = out, .mode = mode};
	size_t i = 0, run;

	while (i < len) {
		run = plain_run(text + i, len - i, mode);
		if (run > 0)
			put_plain(&ctx, text + i, run);
		i += run;
		if (i < len)
			i += take(&ctx, text + i, len - i);
	}
}

static char *
sanitized(const char *text, enum sanitize_mode mode)
{
	struct buf out = BUF_EMPTY;

	if (text != NULL)
		sanitize(&out, text, strlen(text), mode);
	return buf_take(&out);
}

char *
sanitize_text(const char *text)
{
	return sanitized(text, SANITIZE_TEXT);
}

char *
sanitize_line(const char *text)
{
	return sanitized(text, SANITIZE_LINE);
}

bool
sanitize_is_clean(const char *text, size_t len, enum sanitize_mode mode)
{
	struct buf out = BUF_EMPTY;
	bool same;

	if (plain_run(text, len, mode) == len)
		return true;
	sanitize(&out, text, len, mode);
	same = out.len == len && memcmp(out.data, text, len) == 0;
	buf_done(&out);
	return same;
}
