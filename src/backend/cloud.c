/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include "backend/backend.h"

#include <stdlib.h>
#include <string.h>

#include "backend/job.h"
#include "backend/remote.h"
#include "backend/wire.h"
#include "base/buf.h"
#include "base/error.h"
#include "base/mem.h"
#include "profile/profile.h"

struct cloud {
	struct backend backend;
	struct jobs jobs;
	bool base_has_version;
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

static bool
on_event(void *arg, const char *name, const char *data, size_t len, struct error *err)
{
	struct job *job = arg;
	bool over;

	(void)err;
	if (job->over)
		return true;
	wire_event(job->id, job->want_raw, name, data, len, job_emit, job, &over);
	job_linger(job);
	return true;
}

/* A turn's answer that came whole, though perhaps a stream was asked for. */
static void
take_response(struct job *job, const char *body, size_t len)
{
	struct error err = ERROR_NONE;

	if (!wire_response(job->id, job->want_raw, body, len, job_emit, job, &err))
		job_fail(job, &err);
	error_done(&err);
}

static void
on_end(void *arg, const char *body, size_t len, const struct error *error)
{
	struct job *job = arg;

	if (error != NULL)
		job_fail(job, error);
	else if (body != NULL && job->question != NULL)
		job_answer(job, body, len);
	else if (body != NULL)
		take_response(job, body, len);
	else
		job_fail_unfinished(job);
	job_end(job);
}

/* Takes the job over. */
static bool
begin(struct cloud *cloud, struct job *job, struct remote_call *call, struct error *err)
{
	call->on_event = on_event;
	call->on_end = on_end;
	if (cloud->base_has_version && strncmp(call->path, "/v1/", 4) == 0)
		call->path += 3;
	if (!job_call(job, call, err)) {
		job_free(job);
		return false;
	}
	job_keep(job);
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
	begun =
	    begin(cloud, job_new(&cloud->jobs, sizeof(struct job), turn->id, NULL, turn->want_raw),
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
	struct job *job = job_new(
	    &cloud->jobs, sizeof(*job), question->id, copy_question(question), question->want_raw);
	struct remote_call call = {0};
	char *path;
	bool begun;

	path = wire_question_path(question, &call.method);
	call.path = path;
	call.read_only = question->kind != ASK_DELETE;
	begun = begin(cloud, job, &call, err);
	free(path);
	return begun;
}

static void
cancel(struct backend *backend, unsigned id)
{
	jobs_cancel(&((struct cloud *)backend)->jobs, id);
}

static void
free_cloud(struct backend *backend)
{
	struct cloud *cloud = (struct cloud *)backend;

	if (cloud == NULL)
		return;
	jobs_done(&cloud->jobs);
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
	jobs_init(&cloud->jobs, loop, connection, emit, arg, NULL);
	cloud->base_has_version = ends_in_version(connection->base_url);
	return &cloud->backend;
}
