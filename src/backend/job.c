/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include "backend/job.h"

#include <stdlib.h>

#include "backend/remote.h"
#include "backend/wire.h"
#include "base/error.h"
#include "base/i18n.h"
#include "base/mem.h"
#include "net/loop.h"

/* After the last event the server is let finish; then the connection is closed. */
#define LINGER_MS 2000

void
jobs_init(struct jobs *jobs, struct loop *loop, const struct connection *connection, event_fn emit,
    void *arg, void (*done)(struct job *))
{
	*jobs = (struct jobs){.loop = loop,
	    .remote = remote_new(loop, connection),
	    .emit = emit,
	    .arg = arg,
	    .done = done};
}

void
jobs_done(struct jobs *jobs)
{
	remote_free(jobs->remote);
	for (size_t i = 0; i < jobs->list.len; i++)
		job_free(jobs->list.items[i]);
	array_done(&jobs->list);
}

struct job *
job_new(struct jobs *jobs, size_t size, unsigned id, struct question *question, bool want_raw)
{
	struct job *job = xcalloc(1, size);

	job->jobs = jobs;
	job->id = id;
	job->question = question;
	job->want_raw = want_raw;
	return job;
}

void
job_free(struct job *job)
{
	loop_cancel(job->jobs->loop, job->timer);
	question_free(job->question);
	if (job->jobs->done != NULL)
		job->jobs->done(job);
	free(job);
}

void
job_keep(struct job *job)
{
	array_push(&job->jobs->list, job);
}

static void
forget(struct job *job)
{
	struct jobs *jobs = job->jobs;

	for (size_t i = 0; i < jobs->list.len; i++)
		if (jobs->list.items[i] == job) {
			array_remove(&jobs->list, i);
			return;
		}
}

void
job_emit(void *arg, const struct event *event)
{
	struct job *job = arg;
	struct jobs *jobs = job->jobs;

	if (job->over || (event->type == EVENT_STARTED && job->started))
		return;
	job->started = job->started || event->type == EVENT_STARTED;
	job->over = job->question != NULL
			? event->type != EVENT_RETRY
			: event->type == EVENT_DONE || event->type == EVENT_FAILED;
	/* Last: a question that is cancelled from within is gone behind it. */
	jobs->emit(jobs->arg, event);
}

void
job_fail(struct job *job, const struct error *error)
{
	struct event event = {.type = EVENT_FAILED, .id = job->id, .error = error};

	job_emit(job, &event);
}

void
job_fail_unfinished(struct job *job)
{
	struct error err = ERROR_NONE;

	error_set(&err, ERR_NETWORK,
	    _("The connection to %s ended before the answer was complete. What arrived is kept."),
	    remote_host(job->jobs->remote));
	job_fail(job, &err);
	error_done(&err);
}

void
job_answer(struct job *job, const char *body, size_t len)
{
	struct error err = ERROR_NONE;

	if (!wire_answer(job->question, body, len, job_emit, job, &err))
		job_fail(job, &err);
	error_done(&err);
}

static void
on_retry(void *arg, int seconds, const struct error *error)
{
	struct job *job = arg;
	struct event event = {
	    .type = EVENT_RETRY, .id = job->id, .seconds = seconds, .error = error};

	job_emit(job, &event);
}

bool
job_call(struct job *job, struct remote_call *call, struct error *err)
{
	call->id = job->id;
	call->on_retry = on_retry;
	call->arg = job;
	return remote_start(job->jobs->remote, call, err);
}

static void
on_linger(void *arg)
{
	struct job *job = arg;

	job->timer = NULL;
	remote_cancel(job->jobs->remote, job->id);
	job_end(job);
}

void
job_linger(struct job *job)
{
	if (job->over && !job->cancelled)
		job->timer = loop_timer(job->jobs->loop, LINGER_MS, on_linger, job);
}

void
job_end(struct job *job)
{
	if (job->cancelled)
		return;
	forget(job);
	job_free(job);
}

static void
on_cancelled(void *arg)
{
	struct job *job = arg;
	struct error err = ERROR_NONE;

	job->timer = NULL;
	forget(job);
	error_set(&err, ERR_CANCELLED, _("Stopped."));
	job->over = false;
	job_fail(job, &err);
	error_done(&err);
	job_free(job);
}

void
jobs_cancel(struct jobs *jobs, unsigned id)
{
	for (size_t i = 0; i < jobs->list.len; i++) {
		struct job *job = jobs->list.items[i];

		if (job->id != id || job->over)
			continue;
		remote_cancel(jobs->remote, id);
		job->over = job->cancelled = true;
		if (job->question == NULL) {
			job->timer = loop_timer(jobs->loop, 0, on_cancelled, job);
		} else {
			array_remove(&jobs->list, i);
			job_free(job);
		}
		return;
	}
}
