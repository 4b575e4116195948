/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include "backend/engine.h"

#include <stdlib.h>
#include <string.h>

#include "backend/engine-parts.h"
#include "backend/wire.h"
#include "base/array.h"
#include "base/buf.h"
#include "base/clock.h"
#include "base/error.h"
#include "base/i18n.h"
#include "base/mem.h"
#include "net/loop.h"

/* A turn under way. */
struct job {
	struct engine *engine;
	unsigned id;
	int64_t conversation; /* key, or 0 */
	char *conversation_id;
	char created_at[CLOCK_ISO_SIZE];
	bool stream, want_raw;
	bool started; /* STARTED went out */
	bool over;    /* cancelled or refused: nothing but the failure may follow */
	ARRAY(struct entry *) outputs; /* of a turn that is not streamed */
	struct timer *timer;	       /* a failure to be told */
	struct error error;	       /* which */
};

static bool engine_run(struct backend *, const struct turn *, struct error *);
static bool engine_ask(struct backend *, const struct question *, struct error *);
static void engine_cancel(struct backend *, unsigned id);
static void engine_free(struct backend *);

static const struct backend_ops engine_ops = {
    .name = "engine",
    .run = engine_run,
    .ask = engine_ask,
    .cancel = engine_cancel,
    .free = engine_free,
};

/* Jobs. */

static void
job_free(struct job *job)
{
	for (size_t i = 0; i < job->outputs.len; i++)
		entry_free(job->outputs.items[i]);
	array_done(&job->outputs);
	loop_cancel(job->engine->loop, job->timer);
	error_done(&job->error);
	free(job->conversation_id);
	free(job);
}

static struct job *
find_job(const struct engine *engine, unsigned id)
{
	for (size_t i = 0; i < engine->jobs.len; i++)
		if (engine->jobs.items[i]->id == id)
			return engine->jobs.items[i];
	return NULL;
}

static void
forget_job(struct job *job)
{
	struct engine *engine = job->engine;

	for (size_t i = 0; i < engine->jobs.len; i++) {
		if (engine->jobs.items[i] == job) {
			array_remove(&engine->jobs, i);
			return;
		}
	}
}

void
engine_emit(struct engine *engine, const struct event *event)
{
	engine->backend.emit(engine->backend.arg, event);
}

/* A copy of the event goes out, with what the API would have said about it. */
static void
emit_stamped(struct job *job, const struct event *event)
{
	struct event out = *event;
	char now[CLOCK_ISO_SIZE];
	struct buf raw;

	clock_iso(now);
	buf_init(&raw, 0);
	if (out.created_at == NULL)
		out.created_at = now;
	if (job->want_raw && job->stream && out.raw == NULL) {
		wire_put_event(&raw, &out);
		out.raw = raw.len > 0 ? raw.data : NULL;
		out.raw_len = raw.len;
	}
	engine_emit(job->engine, &out);
	buf_done(&raw);
}

/*
 * STARTED says that the turn was taken. The engine has it at once, but what
 * counts for the user's words is whether a model got them: so it waits for the
 * first sign of one.
 */
static void
emit_started(struct job *job)
{
	struct event event = {
	    .type = EVENT_STARTED,
	    .id = job->id,
	    .created_at = job->created_at,
	    .conversation_id = job->conversation_id,
	};

	if (job->started)
		return;
	job->started = true;
	emit_stamped(job, &event);
}

/* Turns that are not streamed: the pieces become entries again. */

static struct entry *
gather(struct job *job, enum entry_type type, const struct event *event)
{
	struct entry *entry;
	char now[CLOCK_ISO_SIZE];

	for (size_t i = 0; i < job->outputs.len; i++)
		if (strcmp(job->outputs.items[i]->id, event->entry_id) == 0)
			return job->outputs.items[i];
	clock_iso(now);
	entry = entry_new(type);
	entry->id = xstrdup(event->entry_id);
	entry->assistant = type == ENTRY_MESSAGE_OUTPUT;
	entry->output_index = event->output_index;
	entry->agent_id = xstrdup(event->agent_id);
	entry->model = xstrdup(event->model);
	entry->created_at = xstrdup(event->created_at != NULL ? event->created_at : now);
	entry->name = xstrdup(event->name);
	entry->tool_call_id = xstrdup(event->tool_call_id);
	entry->confirmation = xstrdup(event->confirmation);
	array_push(&job->outputs, entry);
	return entry;
}

static void
gather_chunk(struct job *job, const struct event *event)
{
	entry_add_chunk(gather(job, ENTRY_MESSAGE_OUTPUT, event), event->chunk);
}

static void
gather_call(struct job *job, const struct event *event)
{
	struct entry *entry = gather(job, ENTRY_FUNCTION_CALL, event);

	if (event->arguments != NULL)
		buf_add(&entry->arguments, event->arguments, event->arguments_len);
}

static void
emit_outputs(struct job *job)
{
	char now[CLOCK_ISO_SIZE];

	clock_iso(now);
	for (size_t i = 0; i < job->outputs.len; i++) {
		struct entry *entry = job->outputs.items[i];
		struct event event = {.type = EVENT_ENTRY, .id = job->id, .entry = entry};

		if (entry->completed_at == NULL)
			entry->completed_at = xstrdup(now);
		event.entry_id = entry->id;
		event.output_index = entry->output_index;
		emit_stamped(job, &event);
	}
}

/* The last event of a turn; its job is gone before it goes out. */
static void
end_job(struct job *job, const struct event *event)
{
	struct event out = *event;
	struct buf raw;

	buf_init(&raw, 0);
	forget_job(job);
	if (out.type == EVENT_DONE && !job->stream) {
		emit_outputs(job);
		if (job->want_raw && out.raw == NULL) {
			wire_put_response(&raw, job->conversation_id, job->outputs.items,
			    job->outputs.len, out.usage);
			out.raw = raw.data;
			out.raw_len = raw.len;
		}
	}
	/* A turn that never started failed as a whole, which is no event of a stream. */
	if (out.type == EVENT_FAILED && (!job->started || job->over))
		job->want_raw = false;
	emit_stamped(job, &out);
	buf_done(&raw);
	job_free(job);
}

/* What the responder says of a turn. */
static void
take_event(struct job *job, const struct event *event)
{
	if (event->type != EVENT_FAILED && event->type != EVENT_RETRY)
		emit_started(job);
	if (event->type == EVENT_DONE || event->type == EVENT_FAILED)
		end_job(job, event);
	else if (job->stream || event->type == EVENT_RETRY)
		emit_stamped(job, event);
	else if (event->type == EVENT_CHUNK)
		gather_chunk(job, event);
	else if (event->type == EVENT_CALL)
		gather_call(job, event);
	else if (event->type == EVENT_ENTRY)
		array_push(&job->outputs, entry_copy(event->entry));
	else
		emit_stamped(job, event);
}

static void
on_event(void *arg, const struct event *event)
{
	struct engine *engine = arg;
	struct job *job = find_job(engine, event->id);

	if (job != NULL)
		take_event(job, event);
	else
		engine_emit(engine, event);
}

static void
tell_failure(void *arg)
{
	struct job *job = arg;
	struct error err = ERROR_NONE;
	struct event event = {.type = EVENT_FAILED, .id = job->id, .error = &err};

	job->timer = NULL;
	error_move(&err, &job->error);
	end_job(job, &event);
	error_done(&err);
}

static void
fail_later(struct job *job)
{
	job->over = true;
	if (job->timer == NULL)
		job->timer = loop_timer(job->engine->loop, 0, tell_failure, job);
}

/* One answer at a time, or the path would change under one of them. */
static bool
check_free(const struct engine *engine, const struct turn *turn, struct error *err)
{
	for (size_t i = 0; i < engine->jobs.len; i++) {
		const struct job *job = engine->jobs.items[i];

		if (turn->conversation != 0 && job->conversation == turn->conversation &&
		    !job->over)
			return engine_refuse(err, 409,
			    _("This conversation is being answered. Wait for the answer, or stop "
			      "it."));
	}
	return true;
}

static bool
engine_run(struct backend *backend, const struct turn *turn, struct error *err)
{
	struct engine *engine = (struct engine *)backend;
	struct responder *responder = engine->responder;
	struct error refusal = ERROR_NONE;
	struct conversation *conversation = NULL;
	struct job *job;
	bool good = true;

	if (check_free(engine, turn, &refusal))
		conversation = engine_path(engine, turn, &refusal);
	if (conversation == NULL && refusal.status == 0)
		return error_move(err, &refusal);
	job = xcalloc(1, sizeof(*job));
	job->engine = engine;
	job->id = turn->id;
	job->stream = turn->stream;
	job->want_raw = turn->want_raw;
	clock_iso(job->created_at);
	array_push(&engine->jobs, job);
	if (conversation == NULL) {
		error_move(&job->error, &refusal);
		fail_later(job);
		return true;
	}
	job->conversation = turn->conversation;
	job->conversation_id = xstrdup(conversation->id);
	good = responder->ops->reply(responder, conversation, turn, err);
	conversation_free(conversation);
	if (!good) {
		forget_job(job);
		job_free(job);
	}
	return good;
}

static bool
engine_ask(struct backend *backend, const struct question *question, struct error *err)
{
	struct engine *engine = (struct engine *)backend;
	struct responder *responder = engine->responder;

	if (question->kind == ASK_AGENTS || question->kind == ASK_MODELS)
		return responder->ops->ask(responder, question, err);
	if (question->kind == ASK_AGENT)
		return error_set(err, ERR_USAGE, _("The connection %s has no agents of its own."),
		    engine->connection);
	engine_question(engine, question);
	return true;
}

static void
engine_cancel(struct backend *backend, unsigned id)
{
	struct engine *engine = (struct engine *)backend;
	struct job *job = find_job(engine, id);

	if (job == NULL) {
		if (!engine_forget(engine, id))
			engine->responder->ops->cancel(engine->responder, id);
	} else if (job->timer != NULL) {
		error_set(&job->error, ERR_CANCELLED, _("Stopped before it was sent."));
		job->error.nothing_sent = true;
	} else {
		job->over = true;
		engine->responder->ops->cancel(engine->responder, id);
	}
}

static void
engine_free(struct backend *backend)
{
	struct engine *engine = (struct engine *)backend;

	if (engine == NULL)
		return;
	engine->responder->ops->free(engine->responder);
	for (size_t i = 0; i < engine->jobs.len; i++)
		job_free(engine->jobs.items[i]);
	array_done(&engine->jobs);
	engine_forget_all(engine);
	free(engine->connection);
	free(engine);
}

struct backend *
engine_new(struct loop *loop, struct store *store, const char *connection,
    struct responder *responder, event_fn fn, void *arg)
{
	struct engine *engine = xcalloc(1, sizeof(*engine));

	engine->backend.ops = &engine_ops;
	engine->backend.emit = fn;
	engine->backend.arg = arg;
	engine->loop = loop;
	engine->store = store;
	engine->connection = xstrdup(connection);
	engine->responder = responder;
	responder->emit = on_event;
	responder->arg = engine;
	return &engine->backend;
}
