/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include "backend/backend.h"

#include <stdlib.h>
#include <string.h>

#include "backend/remote.h"
#include "backend/wire.h"
#include "base/array.h"
#include "base/buf.h"
#include "base/error.h"
#include "base/i18n.h"
#include "base/mem.h"
#include "net/loop.h"
#include "profile/profile.h"

/* After the last event the server is let finish; then the connection is closed. */
#define LINGER_MS 2000

struct cloud {
	struct backend backend;
	struct loop *loop;
	struct remote *remote;
	bool base_has_version;
	ARRAY(struct job *) jobs;
};

/* A turn or a question under way. */
struct job {
	struct cloud *cloud;
	unsigned id;
	struct question *question; /* NULL: a turn */
	bool want_raw;
	bool started;	     /* STARTED was emitted */
	bool over;	     /* so was the last event, or it was cancelled */
	bool cancelled;	     /* the timer will say so, and free it */
	struct timer *timer; /* that, or the end of the lingering */
};

static bool run(struct backend *, const struct turn *, struct error *);
static bool ask(struct backend *, const struct question *, struct error *);
static void cancel(struct backend *, unsigned id);
static void free_cloud(struct backend *);

static const struct backend_ops cloud_ops = {
    .name = "conversations",
    .run = run,
    .ask = ask,
    .cancel = cancel,
    .free = free_cloud,
};

static void
free_job(struct job *job)
{
	loop_cancel(job->cloud->loop, job->timer);
	question_free(job->question);
	free(job);
}

static void
forget_job(struct job *job)
{
	struct cloud *cloud = job->cloud;

	for (size_t i = 0; i < cloud->jobs.len; i++)
		if (cloud->jobs.items[i] == job) {
			array_remove(&cloud->jobs, i);
			return;
		}
}

/* What wire makes of the answer, in the order promised: one STARTED, and nothing behind the end. */
static void
forward(void *arg, const struct event *event)
{
	struct job *job = arg;
	struct cloud *cloud = job->cloud;

	if (job->over || (event->type == EVENT_STARTED && job->started))
		return;
	job->started = job->started || event->type == EVENT_STARTED;
	job->over = job->question != NULL
			? event->type != EVENT_RETRY
			: event->type == EVENT_DONE || event->type == EVENT_FAILED;
	/* Last: a question that is cancelled from within is gone behind it. */
	cloud->backend.emit(cloud->backend.arg, event);
}

static void
fail(struct job *job, const struct error *error)
{
	struct event event = {.type = EVENT_FAILED, .id = job->id, .error = error};

	forward(job, &event);
}

static void
on_linger(void *arg)
{
	struct job *job = arg;

	job->timer = NULL;
	remote_cancel(job->cloud->remote, job->id);
	forget_job(job);
	free_job(job);
}

static bool
on_event(void *arg, const char *name, const char *data, size_t len, struct error *err)
{
	struct job *job = arg;
	bool over;

	(void)err;
	if (job->over)
		return true;
	wire_event(job->id, job->want_raw, name, data, len, forward, job, &over);
	if (job->over && !job->cancelled)
		job->timer = loop_timer(job->cloud->loop, LINGER_MS, on_linger, job);
	return true;
}

static void
on_retry(void *arg, int seconds, const struct error *error)
{
	struct job *job = arg;
	struct event event = {
	    .type = EVENT_RETRY, .id = job->id, .seconds = seconds, .error = error};

	forward(job, &event);
}

/* The body of an answer that came whole, though perhaps a stream was asked for. */
static void
take_body(struct job *job, const char *body, size_t len)
{
	struct error err = ERROR_NONE;
	bool understood;

	if (job->question != NULL)
		understood = wire_answer(job->question, body, len, forward, job, &err);
	else
		understood = wire_response(job->id, job->want_raw, body, len, forward, job, &err);
	if (!understood)
		fail(job, &err);
	error_done(&err);
}

static void
on_end(void *arg, const char *body, size_t len, const struct error *error)
{
	struct job *job = arg;
	struct error err = ERROR_NONE;

	if (error != NULL) {
		fail(job, error);
	} else if (body != NULL) {
		take_body(job, body, len);
	} else if (!job->over) {
		error_set(&err, ERR_NETWORK,
		    _("The connection to %s ended before the answer was complete. What arrived is "
		      "kept."),
		    remote_host(job->cloud->remote));
		fail(job, &err);
		error_done(&err);
	}
	if (job->cancelled)
		return;
	forget_job(job);
	free_job(job);
}

static struct job *
new_job(struct cloud *cloud, unsigned id, bool want_raw)
{
	struct job *job = xcalloc(1, sizeof(*job));

	job->cloud = cloud;
	job->id = id;
	job->want_raw = want_raw;
	return job;
}

static bool
begin(struct job *job, struct remote_call *call, struct error *err)
{
	struct cloud *cloud = job->cloud;

	call->id = job->id;
	call->on_event = on_event;
	call->on_retry = on_retry;
	call->on_end = on_end;
	call->arg = job;
	if (cloud->base_has_version && strncmp(call->path, "/v1/", 4) == 0)
		call->path += 3;
	if (!remote_start(cloud->remote, call, err)) {
		free_job(job);
		return false;
	}
	array_push(&cloud->jobs, job);
	return true;
}

static bool
run(struct backend *backend, const struct turn *turn, struct error *err)
{
	struct cloud *cloud = (struct cloud *)backend;
	struct buf body;
	char *path;
	bool begun;

	buf_init(&body, 0);
	if (!wire_turn_body(turn, &body, err)) {
		buf_done(&body);
		return false;
	}
	path = wire_turn_path(turn);
	begun = begin(new_job(cloud, turn->id, turn->want_raw),
	    &(struct remote_call){
		.method = "POST", .path = path, .body = body.data, .stream = turn->stream},
	    err);
	free(path);
	buf_done(&body);
	return begun;
}

static struct question *
copy_question(const struct question *from)
{
	struct question *to = question_new(from->kind);

	*to = *from;
	to->conversation_id = xstrdup(from->conversation_id);
	to->metadata = xstrdup(from->metadata);
	to->page_token = xstrdup(from->page_token);
	to->agent_id = xstrdup(from->agent_id);
	to->agent_version = xstrdup(from->agent_version);
	return to;
}

static bool
ask(struct backend *backend, const struct question *question, struct error *err)
{
	struct cloud *cloud = (struct cloud *)backend;
	struct job *job = new_job(cloud, question->id, question->want_raw);
	struct remote_call call = {0};
	char *path;
	bool begun;

	job->question = copy_question(question);
	path = wire_question_path(question, &call.method);
	call.path = path;
	call.read_only = question->kind != ASK_DELETE;
	begun = begin(job, &call, err);
	free(path);
	return begun;
}

static void
on_cancelled(void *arg)
{
	struct job *job = arg;
	struct error err = ERROR_NONE;

	job->timer = NULL;
	forget_job(job);
	error_set(&err, ERR_CANCELLED, _("Stopped."));
	job->over = false;
	fail(job, &err);
	error_done(&err);
	free_job(job);
}

static void
cancel(struct backend *backend, unsigned id)
{
	struct cloud *cloud = (struct cloud *)backend;

	for (size_t i = 0; i < cloud->jobs.len; i++) {
		struct job *job = cloud->jobs.items[i];

		if (job->id != id || job->over)
			continue;
		remote_cancel(cloud->remote, id);
		job->over = job->cancelled = true;
		if (job->question == NULL) {
			job->timer = loop_timer(cloud->loop, 0, on_cancelled, job);
		} else {
			array_remove(&cloud->jobs, i);
			free_job(job);
		}
		return;
	}
}

static void
free_cloud(struct backend *backend)
{
	struct cloud *cloud = (struct cloud *)backend;

	if (cloud == NULL)
		return;
	remote_free(cloud->remote);
	for (size_t i = 0; i < cloud->jobs.len; i++)
		free_job(cloud->jobs.items[i]);
	array_done(&cloud->jobs);
	free(cloud);
}

/* People write the address with the "/v1" that paths begin with, or without. */
static bool
ends_in_version(const char *url)
{
	size_t len = strlen(url);

	while (len > 0 && url[len - 1] == '/')
		len--;
	return len >= 3 && strncmp(url + len - 3, "/v1", 3) == 0;
}

struct backend *
cloud_new(struct loop *loop, const struct connection *connection, event_fn emit, void *arg)
{
	struct cloud *cloud = xcalloc(1, sizeof(*cloud));

	cloud->backend = (struct backend){.ops = &cloud_ops, .emit = emit, .arg = arg};
	cloud->loop = loop;
	cloud->remote = remote_new(loop, connection);
	cloud->base_has_version = ends_in_version(connection->base_url);
	return &cloud->backend;
}
