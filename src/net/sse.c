/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include "net/sse.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/error.h"
#include "base/i18n.h"
#include "base/mem.h"
#include "base/utf8.h"

/* Room in a line for the name of its field. */
enum { FIELD_ROOM = 16 };

struct sse {
	size_t max_event;
	sse_fn fn;
	void *arg;
	struct buf line; /* the start of a line that a cut left unfinished; not yet repaired */
	struct buf name, data;
	bool has_data; /* a data field came, perhaps an empty one */
	bool begun;    /* the first line is over, and with it the byte order mark */
	bool after_cr; /* a LF that comes next belongs to the CR */
	bool failed;
	bool busy, gone; /* inside the callback; freed by it */
};

struct sse *
sse_new(size_t max_event, sse_fn fn, void *arg)
{
	struct sse *sse = xcalloc(1, sizeof(*sse));

	assert(max_event > 0);
	sse->max_event = max_event;
	sse->fn = fn;
	sse->arg = arg;
	buf_init(&sse->line, max_event + FIELD_ROOM);
	buf_init(&sse->name, max_event);
	buf_init(&sse->data, max_event);
	return sse;
}

void
sse_free(struct sse *sse)
{
	if (sse == NULL)
		return;
	if (sse->busy) {
		sse->gone = true;
		return;
	}
	buf_done(&sse->line);
	buf_done(&sse->name);
	buf_done(&sse->data);
	free(sse);
}

static void
forget_event(struct sse *sse)
{
	buf_clear(&sse->name);
	buf_clear(&sse->data);
	sse->has_data = false;
}

static bool
outgrown(const struct sse *sse, struct error *err)
{
	return error_set(err, ERR_PROTOCOL,
	    _("The server sent an event of more than %zu KiB, which is not accepted."),
	    (sse->max_event + 1023) / 1024);
}

static bool
dispatch(struct sse *sse, struct error *err)
{
	const char *name = sse->name.len > 0 ? sse->name.data : "message";
	bool ok = true;

	if (sse->has_data) {
		sse->busy = true;
		ok = sse->fn(sse->arg, name, sse->data.data, sse->data.len, err);
		sse->busy = false;
		assert(ok || err->kind != ERR_NONE);
		assert(!ok || !sse->gone);
	}
	forget_event(sse);
	return ok;
}

/*
 * Lines are repaired one by one: neither CR nor LF can be part of a sequence,
 * so a sequence that a line end cuts is broken in either reading.
 */
static bool
add_value(struct sse *sse, struct buf *to, const char *value, size_t len, struct error *err)
{
	utf8_repair_all(value, len, to);
	return !to->full || outgrown(sse, err);
}

static bool
is_field(const char *line, size_t name_len, const char *name)
{
	return name_len == strlen(name) && memcmp(line, name, name_len) == 0;
}

static bool
take_line(struct sse *sse, const char *line, size_t len, struct error *err)
{
	const char *colon, *value, *end = line + len;

	if (len > sse->line.max)
		return outgrown(sse, err);
	if (!sse->begun && len >= 3 && memcmp(line, "\xef\xbb\xbf", 3) == 0)
		line += 3;
	sse->begun = true;
	if (line == end)
		return dispatch(sse, err);
	colon = memchr(line, ':', (size_t)(end - line));
	value = colon == NULL ? end : colon + 1;
	if (value < end && *value == ' ')
		value++;
	len = (size_t)((colon == NULL ? end : colon) - line);
	if (is_field(line, len, "data")) {
		if (sse->has_data && !buf_putc(&sse->data, '\n'))
			return outgrown(sse, err);
		sse->has_data = true;
		return add_value(sse, &sse->data, value, (size_t)(end - value), err);
	}
	if (is_field(line, len, "event")) {
		buf_clear(&sse->name);
		return add_value(sse, &sse->name, value, (size_t)(end - value), err);
	}
	return true;
}

/* A whole line, whose start may be waiting in sse->line. */
static bool
finish_line(struct sse *sse, const char *bytes, size_t len, struct error *err)
{
	bool ok;

	if (sse->line.len == 0)
		return take_line(sse, bytes, len, err);
	if (!buf_add(&sse->line, bytes, len))
		return outgrown(sse, err);
	ok = take_line(sse, sse->line.data, sse->line.len, err);
	buf_clear(&sse->line);
	return ok;
}

static const char *
find(const char *from, const char *end, char c)
{
	const char *at = memchr(from, c, (size_t)(end - from));

	return at == NULL ? end : at;
}

static bool
push(struct sse *sse, const char *bytes, size_t len, struct error *err)
{
	const char *at = bytes, *end = bytes + len, *lf, *cr;

	if (len > 0 && sse->after_cr) {
		at += *at == '\n';
		sse->after_cr = false;
	}
	/* Each is looked for again only when passed, so every byte is looked at twice. */
	lf = find(at, end, '\n');
	cr = find(at, end, '\r');
	while (at < end) {
		const char *stop = lf < cr ? lf : cr;

		if (stop == end)
			return buf_add(&sse->line, at, (size_t)(end - at)) || outgrown(sse, err);
		if (!finish_line(sse, at, (size_t)(stop - at), err))
			return false;
		at = stop + 1;
		if (stop == cr) {
			if (at == end)
				sse->after_cr = true;
			else if (*at == '\n')
				at++;
			cr = find(at, end, '\r');
		}
		if (lf < at)
			lf = find(at, end, '\n');
	}
	return true;
}

bool
sse_push(struct sse *sse, const char *bytes, size_t len, struct error *err)
{
	assert(!sse->failed && !sse->busy);
	if (push(sse, bytes, len, err))
		return true;
	sse->failed = true;
	if (sse->gone)
		sse_free(sse);
	return false;
}

void
sse_end(struct sse *sse)
{
	forget_event(sse);
	buf_clear(&sse->line);
	sse->begun = false;
	sse->after_cr = false;
}
