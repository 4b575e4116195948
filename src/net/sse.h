/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef NET_SSE_H
#define NET_SSE_H

/*
 * Server-sent events (WHATWG HTML, section 9.2.6), parsed as the bytes come.
 *
 * Push any cut of the stream; each complete event calls back once. LF, CRLF
 * and CR end lines, a byte order mark at the start is passed over, several
 * data lines are joined with LF, comments, id and retry are ignored, an event
 * without data is not dispatched, invalid UTF-8 becomes U+FFFD. The strings
 * handed to the callback live until it returns.
 */

#include <stdbool.h>
#include <stddef.h>

struct error;
struct sse;

/* name is "message" when the stream gave none; data has a NUL behind len bytes. */
typedef bool (*sse_fn)(void *arg, const char *name, const char *data, size_t len, struct error *);

struct sse *sse_new(size_t max_event, sse_fn, void *arg);

/* May be called from within the callback, which then has to return false. */
void sse_free(struct sse *);

/* Fails if the callback does or an event outgrows max_event; then only free it. */
bool sse_push(struct sse *, const char *bytes, size_t len, struct error *);

/* The stream ended; an unfinished event is dropped, as the standard says. */
void sse_end(struct sse *);

#endif
