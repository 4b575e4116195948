/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/error.h"
#include "base/utf8.h"
#include "fuzz/fuzz.h"
#include "net/sse.h"

/*
 * A stream that comes in pieces gives the same events as one that comes whole,
 * and fails at the same event if it fails. What events hold is valid UTF-8 with
 * a NUL behind it, within the limit.
 *
 * The first byte chooses the limit, the next ones the sizes of the pieces, in
 * turn; an empty piece is one.
 */

enum { SIZES = 4, HEAD = 1 + SIZES, ROOM = 4096 };

struct record {
	struct buf events;
	size_t limit;
};

static bool
note(void *arg, const char *name, const char *data, size_t len, struct error *err)
{
	struct record *record = arg;

	(void)err;
	MUST(data[len] == '\0' && len <= record->limit);
	MUST(utf8_valid(data, len) && utf8_valid(name, strlen(name)));
	buf_printf(&record->events, "%s %zu ", name, len);
	buf_add(&record->events, data, len);
	return true;
}

/* sizes NULL: all at once. */
static bool
push(struct record *record, const uint8_t *sizes, const char *bytes, size_t len)
{
	struct error err = ERROR_NONE;
	struct sse *sse = sse_new(record->limit, note, record);
	size_t at = 0;
	bool ok = true;

	for (size_t i = 0; ok && at < len; i++) {
		size_t piece = sizes == NULL ? len : sizes[i % SIZES] & 0x0fu;

		/* Four empty ones in turn would never end. */
		if (i % SIZES == 0 && piece == 0)
			piece = 1;
		if (piece > len - at)
			piece = len - at;
		ok = sse_push(sse, bytes + at, piece, &err);
		at += piece;
	}
	MUST(ok == (err.kind == ERR_NONE));
	if (ok)
		sse_end(sse);
	sse_free(sse);
	error_done(&err);
	return ok;
}

int
LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
	struct record whole = {.events = BUF_EMPTY}, cut = {.events = BUF_EMPTY};
	bool good;

	if (len < HEAD)
		return 0;
	whole.limit = cut.limit = bytes[0] % 2 == 0 ? ROOM : (size_t)bytes[0];
	good = push(&whole, NULL, (const char *)bytes + HEAD, len - HEAD);
	MUST(push(&cut, bytes + 1, (const char *)bytes + HEAD, len - HEAD) == good);
	MUST(cut.events.len == whole.events.len &&
	     memcmp(cut.events.data, whole.events.data, whole.events.len) == 0);
	buf_done(&whole.events);
	buf_done(&cut.events);
	return 0;
}
