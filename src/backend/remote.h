/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef BACKEND_REMOTE_H
#define BACKEND_REMOTE_H

/*
 * A server with an address and a key: what cloud.c and completions.c share.
 * Fetches the key (once, when first needed; by a command in the background),
 * sends requests, checks status and content type, splits streams into events
 * and turns every failure into one sentence.
 *
 * A key is refused over http:// to anything but loopback.
 *
 * Tries again by itself, in the open (on_retry), only what can do no harm: what
 * was certainly not sent (twice, after 1 s and 2 s, unless it took the whole
 * time to connect), what the server refused with 429 or 503 with Retry-After
 * (five times, when the server says or after 1, 2, 4 ... 30 s; a wait of more
 * than a minute is left to the user), a conversation that is being updated, 409
 * (for 90 s), and what only reads (once, after any failure of the network).
 */

#include <stdbool.h>
#include <stddef.h>

struct connection;
struct error;
struct loop;
struct remote;

/* Borrows the connection. */
struct remote *remote_new(struct loop *, const struct connection *);
void remote_free(struct remote *); /* cancels all its calls */

struct remote_call {
	unsigned id;		   /* for remote_cancel() */
	const char *method, *path; /* path begins with "/", behind the base URL's own */
	const char *body;	   /* JSON, or NULL */
	bool stream;		   /* the answer is server-sent events */
	bool read_only;		   /* GET: may be tried again after any failure of the network */
	/* An event of the stream. False ends the call; set the error. */
	bool (*on_event)(void *arg, const char *name, const char *data, size_t len, struct error *);
	/* It will be tried again in so many seconds, because of the error. Or NULL. */
	void (*on_retry)(void *arg, int seconds, const struct error *);
	/*
	 * Once, last, never from within remote_start(). body is the whole answer
	 * when it was not a stream (valid UTF-8, a NUL behind it), else NULL; a
	 * server that answers a stream's request with JSON has it here too. error is
	 * NULL if all went well: a status of 200 to 299 and a fitting content type.
	 */
	void (*on_end)(void *arg, const char *body, size_t len, const struct error *);
	void *arg;
};

/* Everything in the call is copied. */
bool remote_start(struct remote *, const struct remote_call *, struct error *);

/* Without a call back; nothing if there is no such call. */
void remote_cancel(struct remote *, unsigned id);

/* The host, for messages. */
const char *remote_host(const struct remote *);

#endif
