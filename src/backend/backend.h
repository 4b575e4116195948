/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef BACKEND_BACKEND_H
#define BACKEND_BACKEND_H

/*
 * Who answers. Calls return at once; results are events (model/event.h), never
 * emitted from within the call that asked for them.
 *
 * Start, append and restart are one operation, run; list, get, history,
 * messages, delete, agents and models another, ask. What a backend cannot do,
 * it refuses with one sentence, ERR_USAGE.
 */

#include <stdbool.h>

#include "model/event.h"
#include "model/turn.h"

struct backend;
struct connection;
struct error;
struct loop;
struct responder;
struct store;

struct backend_ops {
	const char *name;
	bool (*run)(struct backend *, const struct turn *, struct error *);
	bool (*ask)(struct backend *, const struct question *, struct error *);
	/* Ends a turn (which then emits FAILED, ERR_CANCELLED) or a question (which emits nothing). */
	void (*cancel)(struct backend *, unsigned id);
	void (*free)(struct backend *);
};

/* The start of every backend's own struct. */
struct backend {
	const struct backend_ops *ops;
	event_fn emit;
	void *arg;
};

/*
 * The Conversations API over HTTPS. Borrows the connection, which must outlive
 * it. The key is fetched when it is first needed.
 */
struct backend *cloud_new(struct loop *, const struct connection *, event_fn, void *arg);

/*
 * Conversations kept in the store and answered by a responder, with the API's
 * semantics. Owns the responder. The entries a turn adds are the client's to
 * store; the engine only reads.
 */
struct backend *engine_new(struct loop *, struct store *, const char *connection,
    struct responder *, event_fn, void *arg);

#endif
