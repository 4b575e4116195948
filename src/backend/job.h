/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef BACKEND_JOB_H
#define BACKEND_JOB_H

/*
 * The turns and questions under way at a remote server: what cloud.c and
 * completions.c share. Sees to what backend.h promises of each: one STARTED,
 * nothing behind the last event, a turn that is cancelled says so, a question
 * that is cancelled says nothing more, and nothing from within a call.
 */

#include <stdbool.h>
#include <stddef.h>

#include "base/array.h"
#include "model/event.h"

struct connection;
struct error;
struct job;
struct loop;
struct remote;
struct remote_call;
struct timer;

struct jobs {
	struct loop *loop;
	struct remote *remote;
	event_fn emit;
	void *arg;
	void (*done)(struct job *); /* frees what the owner's struct adds to the job's; or NULL */
	ARRAY(struct job *) list;
};

/* The start of an owner's own struct, if it has one. */
struct job {
	struct jobs *jobs;
	unsigned id;
	struct question *question; /* NULL: a turn */
	bool want_raw;
	bool started;	     /* STARTED was emitted */
	bool over;	     /* so was the last event, or it was cancelled */
	bool cancelled;	     /* the timer will say so, and free it */
	struct timer *timer; /* that, the end of the lingering, or the owner's until then */
};

/* Borrows the connection. done may be NULL. */
void jobs_init(struct jobs *, struct loop *, const struct connection *, event_fn, void *arg,
    void (*done)(struct job *));
void jobs_done(struct jobs *);

/* As a backend cancels. */
void jobs_cancel(struct jobs *, unsigned id);

/*
 * A job of size bytes, zeroed behind the struct job. It is the caller's until
 * job_keep(), and to be freed by job_free() if it comes to nothing. Takes the
 * question over.
 */
struct job *job_new(
    struct jobs *, size_t size, unsigned id, struct question *question, bool want_raw);
void job_free(struct job *);
void job_keep(struct job *);

/* Hands the call to the remote, with id, on_retry and arg filled in. */
bool job_call(struct job *, struct remote_call *, struct error *);

/* Emits it (an event_fn) unless it may not go out any more. */
void job_emit(void *job, const struct event *);
void job_fail(struct job *, const struct error *);

/* The stream ended before the answer did. */
void job_fail_unfinished(struct job *);

/* The body that answers the job's question. */
void job_answer(struct job *, const char *body, size_t len);

/* After an event of the stream: once the last was emitted the server is let finish. */
void job_linger(struct job *);

/* The call is over: the last thing to be done with a job, which is gone then. */
void job_end(struct job *);

#endif
