/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef BACKEND_ENGINE_H
#define BACKEND_ENGINE_H

/*
 * Who speaks for the engine: completions.c or guide.c.
 */

#include <stdbool.h>

#include "model/event.h"
#include "model/turn.h"

struct connection;
struct conversation;
struct error;
struct loop;
struct responder;

struct responder_ops {
	const char *name;
	/*
	 * conversation holds the settings and the whole path, the turn's inputs
	 * included; it lives until reply returns. Events go out by emit, as a
	 * backend's, STARTED excepted.
	 */
	bool (*reply)(struct responder *, const struct conversation *, const struct turn *,
	    struct error *);
	/* ASK_MODELS and ASK_AGENTS only. */
	bool (*ask)(struct responder *, const struct question *, struct error *);
	void (*cancel)(struct responder *, unsigned id);
	void (*free)(struct responder *);
};

struct responder {
	const struct responder_ops *ops;
	event_fn emit; /* set by the engine */
	void *arg;
};

/* Any OpenAI-compatible server. Borrows the connection. */
struct responder *completions_new(struct loop *, const struct connection *);

/* The built-in guide: no key, no network, no model. */
struct responder *guide_new(struct loop *);

#endif
