/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include "base/utf8.h"

#include <stdlib.h>
#include <string.h>
#include <wchar.h>

#include <utf8proc.h>

#include "base/buf.h"

#define REPLACEMENT 0xfffd

/*
 * No cluster is longer than this. Unicode sets no limit (jamo, regional
 * letters of some scripts, chains of joiners), but a cluster that never ends
 * would be a row that cannot be wrapped.
 */
#define CLUSTER_MAX 32

/* What may follow the first byte of a sequence. */
struct lead {
	size_t length;		 /* of the whole sequence; 0: no sequence starts so */
	unsigned char low, high; /* of the second byte; of later ones 80 to BF */
};

static struct lead
lead_of(unsigned char c)
{
	if (c >= 0xc2 && c <= 0xdf)
		return (struct lead){2, 0x80, 0xbf};
	if (c >= 0xe0 && c <= 0xef)
		return (struct lead){3, c == 0xe0 ? 0xa0 : 0x80, c == 0xed ? 0x9f : 0xbf};
	if (c >= 0xf0 && c <= 0xf4)
		return (struct lead){4, c == 0xf0 ? 0x90 : 0x80, c == 0xf4 ? 0x8f : 0xbf};
	return (struct lead){0};
}

/*
 * One code point, or U+FFFD for the longest start of a sequence that is none.
 * *cut: the bytes end where the sequence could still go on.
 */
static uint32_t
scan(const unsigned char *s, size_t len, size_t *used, bool *cut)
{
	struct lead lead;
	uint32_t code;

	*cut = false;
	*used = 1;
	if (s[0] < 0x80)
		return s[0];
	lead = lead_of(s[0]);
	if (lead.length == 0)
		return REPLACEMENT;
	code = s[0] & (0x7fu >> lead.length);
	for (size_t i = 1; i < lead.length; i++) {
		if (i == len) {
			*cut = true;
			return REPLACEMENT;
		}
		if (s[i] < lead.low || s[i] > lead.high)
			return REPLACEMENT;
		lead.low = 0x80;
		lead.high = 0xbf;
		code = code << 6 | (s[i] & 0x3f);
		*used = i + 1;
	}
	return code;
}

uint32_t
utf8_decode(const char *text, size_t len, size_t *used)
{
	bool cut;

	if (len == 0) {
		*used = 0;
		return REPLACEMENT;
	}
	return scan((const unsigned char *)text, len, used, &cut);
}

size_t
utf8_encode(uint32_t code, char bytes[4])
{
	if (code > 0x10ffff || (code >= 0xd800 && code <= 0xdfff))
		code = REPLACEMENT;
	if (code < 0x80) {
		bytes[0] = (char)code;
		return 1;
	}
	if (code < 0x800) {
		bytes[0] = (char)(0xc0 | code >> 6);
		bytes[1] = (char)(0x80 | (code & 0x3f));
		return 2;
	}
	if (code < 0x10000) {
		bytes[0] = (char)(0xe0 | code >> 12);
		bytes[1] = (char)(0x80 | (code >> 6 & 0x3f));
		bytes[2] = (char)(0x80 | (code & 0x3f));
		return 3;
	}
	bytes[0] = (char)(0xf0 | code >> 18);
	bytes[1] = (char)(0x80 | (code >> 12 & 0x3f));
	bytes[2] = (char)(0x80 | (code >> 6 & 0x3f));
	bytes[3] = (char)(0x80 | (code & 0x3f));
	return 4;
}

/* The bytes at the front that are ASCII; eight at a time, for nearly all text is. */
static size_t
ascii_run(const char *text, size_t len)
{
	size_t i = 0;
	uint64_t eight;

	for (; len - i >= sizeof(eight); i += sizeof(eight)) {
		memcpy(&eight, text + i, sizeof(eight));
		if ((eight & UINT64_C(0x8080808080808080)) != 0)
			break;
	}
	while (i < len && (unsigned char)text[i] < 0x80)
		i++;
	return i;
}

/* The bytes at the front that are valid; *used and *cut tell about what stopped it. */
static size_t
valid_run(const char *text, size_t len, size_t *used, bool *cut)
{
	size_t i = 0;

	*used = 0;
	*cut = false;
	for (;;) {
		i += ascii_run(text + i, len - i);
		if (i == len)
			return len;
		/* A replacement that takes three bytes is one that stood in the text. */
		if (scan((const unsigned char *)text + i, len - i, used, cut) == REPLACEMENT &&
		    (*cut || *used != 3 || memcmp(text + i, "\xef\xbf\xbd", 3) != 0))
			return i;
		i += *used;
	}
}

bool
utf8_valid(const char *text, size_t len)
{
	size_t used;
	bool cut;

	return valid_run(text, len, &used, &cut) == len;
}

/* Completes the pending sequence; returns how many of the bytes that took. */
static size_t
finish_pending(struct utf8_repair *repair, const char *bytes, size_t len, struct buf *out)
{
	size_t taken = 0, used;
	bool cut = true;

	while (cut && taken < len) {
		repair->pending[repair->len] = (unsigned char)bytes[taken];
		scan(repair->pending, repair->len + 1, &used, &cut);
		if (!cut && used <= repair->len) {
			/* This byte does not belong to it, but may start the next. */
			utf8_repair_end(repair, out);
			return taken;
		}
		repair->len++;
		taken++;
	}
	if (!cut) {
		buf_add(out, repair->pending, repair->len);
		repair->len = 0;
	}
	return taken;
}

void
utf8_repair(struct utf8_repair *repair, const char *bytes, size_t len, struct buf *out)
{
	size_t i = 0, used;
	bool cut;

	if (repair->len > 0)
		i = finish_pending(repair, bytes, len, out);
	while (i < len) {
		size_t run = valid_run(bytes + i, len - i, &used, &cut);

		buf_add(out, bytes + i, run);
		i += run;
		if (cut) {
			repair->len = len - i;
			memcpy(repair->pending, bytes + i, repair->len);
			return;
		}
		if (i < len) {
			buf_puts(out, "\xef\xbf\xbd");
			i += used;
		}
	}
}

void
utf8_repair_end(struct utf8_repair *repair, struct buf *out)
{
	if (repair->len > 0)
		buf_puts(out, "\xef\xbf\xbd");
	repair->len = 0;
}

void
utf8_repair_all(const char *bytes, size_t len, struct buf *out)
{
	struct utf8_repair repair = {.len = 0};

	utf8_repair(&repair, bytes, len, out);
	utf8_repair_end(&repair, out);
}

static bool
is_ascii(char c)
{
	return (unsigned char)c < 0x80;
}

size_t
utf8_next(const char *text, size_t len, size_t from)
{
	size_t at, used;
	uint32_t before, code;
	utf8proc_int32_t state = 0;

	if (from >= len)
		return len;
	/* Two ASCII characters are two clusters, but for CR LF. */
	if (is_ascii(text[from]) && (from + 1 == len || is_ascii(text[from + 1])))
		return text[from] == '\r' && from + 1 < len && text[from + 1] == '\n' ? from + 2
										      : from + 1;
	before = utf8_decode(text + from, len - from, &used);
	at = from + used;
	for (int count = 1; at < len && count < CLUSTER_MAX; count++) {
		code = utf8_decode(text + at, len - at, &used);
		if (utf8proc_grapheme_break_stateful(
			(utf8proc_int32_t)before, (utf8proc_int32_t)code, &state))
			break;
		before = code;
		at += used;
	}
	return at;
}

/* The start of the code point that ends at from > 0. */
static size_t
step_back(const char *text, size_t from)
{
	size_t at = from - 1, used;

	while (at > 0 && from - at < 4 && ((unsigned char)text[at] & 0xc0) == 0x80)
		at--;
	/* Invalid bytes: what was found must reach exactly to from. */
	utf8_decode(text + at, from - at, &used);
	return at + used == from ? at : from - 1;
}

/* Whether a cluster surely begins between the two, whatever stands before them. */
static bool
is_certain_break(uint32_t before, uint32_t code)
{
	int class = (int)utf8proc_get_property((utf8proc_int32_t)before)->boundclass;

	if (class == UTF8PROC_BOUNDCLASS_EXTEND || class == UTF8PROC_BOUNDCLASS_ZWJ ||
	    class == UTF8PROC_BOUNDCLASS_SPACINGMARK)
		return false;
	return utf8proc_grapheme_break((utf8proc_int32_t)before, (utf8proc_int32_t)code);
}

size_t
utf8_previous(const char *text, size_t len, size_t from)
{
	size_t at, before, next, used;
	uint32_t code, code_before;

	if (from > len)
		from = len;
	if (from == 0)
		return 0;
	/*
	 * Clusters can only be told from their start: go back to a place where
	 * one certainly starts, then forward to the last one before from.
	 */
	at = step_back(text, from);
	code = utf8_decode(text + at, from - at, &used);
	while (at > 0) {
		before = step_back(text, at);
		code_before = utf8_decode(text + before, at - before, &used);
		if (is_certain_break(code_before, code))
			break;
		at = before;
		code = code_before;
	}
	while ((next = utf8_next(text, len, at)) < from)
		at = next;
	return at;
}

/* wcwidth() knows only the characters of the locale; without a multibyte one, utf8proc does. */
static int
wide_width(uint32_t code, bool multibyte)
{
	int width = multibyte ? wcwidth((wchar_t)code) : utf8proc_charwidth((utf8proc_int32_t)code);

	return width > 0 ? width : 0;
}

int
utf8_code_width(uint32_t code)
{
	if (code < 0x7f)
		return code >= 0x20;
	return wide_width(code, MB_CUR_MAX > 1);
}

bool
utf8_has_width(uint32_t code)
{
	return MB_CUR_MAX == 1 || wcwidth((wchar_t)code) >= 0;
}

int
utf8_width(const char *text, size_t len)
{
	bool multibyte = MB_CUR_MAX > 1;
	int width = 0;
	size_t used;

	for (size_t i = 0; i < len; i += used) {
		unsigned char c = (unsigned char)text[i];

		if (c < 0x7f) {
			width += c >= 0x20;
			used = 1;
		} else {
			width += wide_width(utf8_decode(text + i, len - i, &used), multibyte);
		}
	}
	return width;
}

size_t
utf8_fit(const char *text, size_t len, int columns, int *width)
{
	size_t at = 0;

	*width = 0;
	while (at < len) {
		size_t next = utf8_next(text, len, at);
		int more = utf8_width(text + at, next - at);

		if (*width + more > columns)
			break;
		*width += more;
		at = next;
	}
	return at;
}

bool
utf8_is_word(uint32_t code)
{
	utf8proc_category_t category = utf8proc_category((utf8proc_int32_t)code);

	return category >= UTF8PROC_CATEGORY_LU && category <= UTF8PROC_CATEGORY_NL;
}
