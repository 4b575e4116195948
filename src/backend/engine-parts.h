/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef BACKEND_ENGINE_PARTS_H
#define BACKEND_ENGINE_PARTS_H

/*
 * The inside of the engine, shared by its files and by nobody else: engine.c
 * (turns), engine-path.c (what a turn is answered from, and the API's rules
 * for it) and engine-ask.c (questions).
 */

#include <stdbool.h>
#include <stddef.h>

#include "backend/backend.h"
#include "base/array.h"

struct asked;
struct conversation;
struct job;

struct engine {
	struct backend backend;
	struct loop *loop;
	struct store *store;
	struct responder *responder;
	char *connection;
	ARRAY(struct job *) jobs;
	ARRAY(struct asked *) asked;
};

void engine_emit(struct engine *, const struct event *);

/* Fails as the API does, by a sentence and a status. Nothing of it reached a model. */
bool engine_refuse(struct error *, int status, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* The conversation of exactly that id, with the entries a server would have; NULL and an error. */
struct conversation *engine_load(struct engine *, const char *id, bool entries, struct error *);

/* The path a turn is answered from, its inputs included; NULL and why not. */
struct conversation *engine_path(struct engine *, const struct turn *, struct error *);

/* Takes the entry at a place off a path. */
void path_drop(struct conversation *, size_t at);

/* A question to the store: its answer is emitted later. */
void engine_question(struct engine *, const struct question *);

/* False if there is none of that id. */
bool engine_forget(struct engine *, unsigned id);

/* All of them, and what answering them needed. */
void engine_forget_all(struct engine *);

#endif
