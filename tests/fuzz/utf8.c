/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include <locale.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/sanitize.h"
#include "base/utf8.h"
#include "fuzz/fuzz.h"

/*
 * Bytes repaired in two pieces, cut anywhere, or one by one give what they give
 * whole, which is valid; valid bytes stay as they are. What was sanitised is
 * clean, sanitising it again changes nothing, and its hidden form says the same.
 * Clusters found forwards are those found backwards.
 */

static bool
same(const struct buf *a, const struct buf *b)
{
	return a->len == b->len && memcmp(a->data, b->data, a->len) == 0;
}

static void
check_cut(const char *bytes, size_t len, size_t at, const struct buf *whole)
{
	struct utf8_repair repair = {.len = 0};
	struct buf out = BUF_EMPTY;

	utf8_repair(&repair, bytes, at, &out);
	utf8_repair(&repair, bytes + at, len - at, &out);
	utf8_repair_end(&repair, &out);
	MUST(same(&out, whole));
	buf_done(&out);
}

static void
check_repair(const char *bytes, size_t len, struct buf *whole)
{
	struct utf8_repair repair = {.len = 0};
	struct buf out = BUF_EMPTY;

	utf8_repair_all(bytes, len, whole);
	MUST(utf8_valid(whole->data, whole->len));
	MUST(utf8_valid(bytes, len) == (whole->len == len && memcmp(whole->data, bytes, len) == 0));
	for (size_t i = 0; i < len; i++)
		utf8_repair(&repair, bytes + i, 1, &out);
	utf8_repair_end(&repair, &out);
	MUST(same(&out, whole));
	buf_done(&out);
	/* All the cuts of a long input would take as long as the square of it. */
	for (size_t at = 0; at <= len; at += 1 + len / 64)
		check_cut(bytes, len, at, whole);
}

static void
check_clean(const char *bytes, size_t len, enum sanitize_mode mode)
{
	struct buf once = BUF_EMPTY, again = BUF_EMPTY;

	sanitize(&once, bytes, len, mode);
	MUST(utf8_valid(once.data, once.len));
	sanitize(&again, once.data, once.len, mode);
	MUST(same(&once, &again));
	MUST(sanitize_is_clean(once.data, once.len, mode));
	for (size_t i = 0; i < once.len; i++) {
		unsigned char c = (unsigned char)once.data[i];

		MUST((c >= 0x20 && c != 0x7f) ||
		     (mode == SANITIZE_TEXT && (c == '\n' || c == '\t')));
	}
	buf_done(&once);
	buf_done(&again);
}

/* The marks in plain sight again. */
static void
check_hidden(const char *bytes, size_t len)
{
	struct buf hidden = BUF_EMPTY, seen = BUF_EMPTY, text = BUF_EMPTY;
	size_t used;
	char code_bytes[4];

	sanitize(&text, bytes, len, SANITIZE_TEXT);
	sanitize(&hidden, bytes, len, SANITIZE_HIDE);
	for (size_t i = 0; i < hidden.len; i += used) {
		uint32_t code = utf8_decode(hidden.data + i, hidden.len - i, &used);

		if (code >= SANITIZE_HIDDEN)
			code -= code < SANITIZE_HIDDEN + 0x80 ? SANITIZE_HIDDEN : 0;
		buf_add(&seen, code_bytes, utf8_encode(code, code_bytes));
	}
	MUST(same(&seen, &text));
	buf_done(&hidden);
	buf_done(&seen);
	buf_done(&text);
}

static void
check_clusters(const char *text, size_t len)
{
	for (size_t at = 0, next; at < len; at = next) {
		int width;

		next = utf8_next(text, len, at);
		MUST(next > at && next <= len);
		MUST(utf8_valid(text + at, next - at));
		MUST(utf8_previous(text, len, next) == at);
		MUST(utf8_fit(text + at, next - at, 1000, &width) == next - at);
		MUST(width == utf8_width(text + at, next - at));
	}
}

int
LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
	const char *text = (const char *)bytes;
	struct buf whole = BUF_EMPTY;

	setlocale(LC_ALL, "C.UTF-8");
	check_repair(text, len, &whole);
	check_clean(text, len, SANITIZE_TEXT);
	check_clean(text, len, SANITIZE_LINE);
	check_hidden(text, len);
	check_clusters(whole.data, whole.len);
	buf_done(&whole);
	return 0;
}
