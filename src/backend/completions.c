/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include "backend/engine.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "backend/remote.h"
#include "backend/wire-chat.h"
#include "backend/wire-json.h"
#include "backend/wire-parts.h"
#include "backend/wire.h"
#include "base/array.h"
#include "base/buf.h"
#include "base/clock.h"
#include "base/error.h"
#include "base/i18n.h"
#include "base/id.h"
#include "base/log.h"
#include "base/mem.h"
#include "model/conversation.h"
#include "net/loop.h"
#include "profile/profile.h"

/* After the last event the server is let finish; then the connection is closed. */
#define LINGER_MS 2000

/* Calls of functions in one answer. */
#define MAX_CALLS 256

struct completions {
	struct responder responder;
	struct loop *loop;
	struct remote *remote;
	bool mistral;
	bool no_options; /* the server was seen to refuse stream_options */
	ARRAY(struct job *) jobs;
};

/* A function call being put together. */
struct call {
	int index; /* the server's */
	char id[ID_SIZE];
	int output_index;
	char *call_id, *name;
	struct buf waiting; /* arguments that came before the name */
	bool announced, has_arguments;
};

/* A turn or a question under way. */
struct job {
	struct completions *owner;
	unsigned id;
	struct question *question; /* NULL: a turn */
	bool stream, want_raw;
	bool over;	     /* the last event was emitted, or it was cancelled */
	bool cancelled;	     /* the timer will say so, and free it */
	struct timer *timer; /* that, or the end of the lingering, or the answer to come */

	char *body;   /* of the request */
	size_t bare;  /* its length without stream_options */
	bool options; /* they were sent */
	bool whole;   /* the answer comes in one piece: entries are gathered, not emitted */
	char *conversation_id, *model;

	char message_id[ID_SIZE]; /* "" until the message begins */
	int message_index;	  /* its place in the answer */
	int content_index;	  /* of the last chunk */
	enum chunk_type content;  /* its type */
	bool has_content;
	ARRAY(struct call) calls;
	int next_output;
	ARRAY(struct entry *) entries;
	struct usage usage;
	bool has_usage;
	bool finished; /* a finish_reason came */
};

static bool reply(
    struct responder *, const struct conversation *, const struct turn *, struct error *);
static bool ask(struct responder *, const struct question *, struct error *);
static void cancel(struct responder *, unsigned id);
static void free_completions(struct responder *);

static const struct responder_ops completions_ops = {
    .name = "chat-completions",
    .reply = reply,
    .ask = ask,
    .cancel = cancel,
    .free = free_completions,
};

/* Jobs. */

static struct job *
new_job(struct completions *owner, unsigned id, bool want_raw)
{
	struct job *job = xcalloc(1, sizeof(*job));

	job->owner = owner;
	job->id = id;
	job->want_raw = want_raw;
	return job;
}

static void
free_job(struct job *job)
{
	loop_cancel(job->owner->loop, job->timer);
	question_free(job->question);
	for (size_t i = 0; i < job->calls.len; i++) {
		free(job->calls.items[i].call_id);
		free(job->calls.items[i].name);
		buf_done(&job->calls.items[i].waiting);
	}
	array_done(&job->calls);
	for (size_t i = 0; i < job->entries.len; i++)
		entry_free(job->entries.items[i]);
	array_done(&job->entries);
	usage_done(&job->usage);
	free(job->body);
	free(job->conversation_id);
	free(job->model);
	free(job);
}

static void
forget_job(struct job *job)
{
	struct completions *owner = job->owner;

	for (size_t i = 0; i < owner->jobs.len; i++)
		if (owner->jobs.items[i] == job) {
			array_remove(&owner->jobs, i);
			return;
		}
}

/* Nothing goes out behind the last event. */
static void
forward(void *arg, const struct event *event)
{
	struct job *job = arg;
	struct responder *responder = &job->owner->responder;

	if (job->over)
		return;
	job->over = job->question != NULL
			? event->type != EVENT_RETRY
			: event->type == EVENT_DONE || event->type == EVENT_FAILED;
	/* Last: a question that is cancelled from within is gone behind it. */
	responder->emit(responder->arg, event);
}

/* An event of a stream, with the JSON that the Conversations API would have sent. */
static void
send(struct job *job, struct event *event)
{
	char now[CLOCK_ISO_SIZE];
	struct buf raw;

	clock_iso(now);
	event->id = job->id;
	event->created_at = now;
	buf_init(&raw, 0);
	if (job->want_raw && !job->whole) {
		wire_put_event(&raw, event);
		event->raw = raw.data;
		event->raw_len = raw.len;
	}
	forward(job, event);
	buf_done(&raw);
}

static void
fail(struct job *job, const struct error *error)
{
	struct event event = {.type = EVENT_FAILED, .id = job->id, .error = error};

	forward(job, &event);
}

/* The message. */

static struct entry *
gather_entry(struct job *job, enum entry_type type, const char *id, int output_index)
{
	struct entry *entry = entry_new(type);
	char now[CLOCK_ISO_SIZE];

	clock_iso(now);
	entry->id = xstrdup(id);
	entry->model = xstrdup(job->model);
	entry->created_at = xstrdup(now);
	entry->completed_at = xstrdup(now);
	entry->output_index = output_index;
	array_push(&job->entries, entry);
	return entry;
}

static void
begin_message(struct job *job)
{
	id_make("msg_", job->message_id);
	job->message_index = job->next_output++;
	if (job->whole)
		gather_entry(job, ENTRY_MESSAGE_OUTPUT, job->message_id, job->message_index);
}

static struct entry *
find_entry(struct job *job, const char *id)
{
	size_t i = 0;

	while (strcmp(job->entries.items[i]->id, id) != 0)
		i++;
	return job->entries.items[i];
}

/* The next place in the content; pieces of one kind of words share one. */
static int
place_chunk(struct job *job, enum chunk_type type)
{
	bool words = type == CHUNK_TEXT || type == CHUNK_THINKING;

	if (job->has_content && !(words && type == job->content))
		job->content_index++;
	job->has_content = true;
	job->content = type;
	return job->content_index;
}

/* Takes what the chunk owns. */
static void
add_chunk(struct job *job, struct chunk *chunk)
{
	bool words = chunk->type == CHUNK_TEXT || chunk->type == CHUNK_THINKING;

	if (words && chunk->text.len == 0 && chunk->raw == NULL) {
		chunk_done(chunk);
		return;
	}
	if (job->message_id[0] == '\0')
		begin_message(job);
	chunk->index = place_chunk(job, chunk->type);
	if (job->whole) {
		entry_add_chunk(find_entry(job, job->message_id), chunk);
	} else {
		struct event event = {.type = EVENT_CHUNK,
		    .entry_id = job->message_id,
		    .output_index = job->message_index,
		    .model = job->model,
		    .chunk = chunk};

		send(job, &event);
	}
	chunk_done(chunk);
}

static void
add_words(struct job *job, enum chunk_type type, struct json_object *value)
{
	struct chunk chunk = {.type = type, .text = BUF_EMPTY};
	size_t len;
	const char *text = json_bytes(value, &len);

	if (text == NULL)
		return;
	buf_add(&chunk.text, text, len);
	add_chunk(job, &chunk);
}

static void
add_content(struct job *job, struct json_object *content)
{
	struct chunk chunk;
	size_t count = json_is_list(content) ? json_length(content) : 1;

	if (content == NULL)
		return;
	for (size_t i = 0; i < count; i++) {
		struct json_object *item = json_is_list(content) ? json_item(content, i) : content;

		if (item == NULL)
			continue;
		wire_take_chunk(&chunk, 0, job->whole, item);
		add_chunk(job, &chunk);
	}
}

/* Calls. */

static void
send_arguments(struct job *job, struct call *call, const char *bytes, size_t len)
{
	struct event event = {.type = EVENT_CALL,
	    .entry_id = call->id,
	    .output_index = call->output_index,
	    .model = job->model,
	    .name = call->name,
	    .tool_call_id = call->call_id,
	    .arguments = bytes,
	    .arguments_len = len};

	call->announced = true;
	call->has_arguments = call->has_arguments || len > 0;
	if (job->whole)
		buf_add(&find_entry(job, call->id)->arguments, bytes, len);
	else
		send(job, &event);
}

/* It has a name, so it can be shown. */
static void
begin_call(struct job *job, struct call *call)
{
	char made[WIRE_CALL_ID_SIZE];
	struct entry *entry;

	id_make("fc_", call->id);
	call->output_index = job->next_output++;
	if (call->call_id == NULL) {
		wire_call_id(call->id, made);
		call->call_id = xstrdup(made);
	}
	if (!job->whole)
		return;
	entry = gather_entry(job, ENTRY_FUNCTION_CALL, call->id, call->output_index);
	entry->name = xstrdup(call->name);
	entry->tool_call_id = xstrdup(call->call_id);
}

/*
 * The call a piece belongs to. Servers that send calls whole number them all 0,
 * so a new id is a new call.
 */
static struct call *
find_call(struct job *job, int index, const char *id)
{
	struct call made = {.index = index};

	for (size_t i = job->calls.len; i > 0; i--) {
		struct call *call = &job->calls.items[i - 1];

		if (call->index == index && (id == NULL || id[0] == '\0' || call->call_id == NULL ||
						strcmp(call->call_id, id) == 0))
			return call;
	}
	if (job->calls.len >= MAX_CALLS) {
		log_debug("more than %d calls in one answer", MAX_CALLS);
		return NULL;
	}
	buf_init(&made.waiting, 0);
	array_push(&job->calls, made);
	return &job->calls.items[job->calls.len - 1];
}

static void
take_arguments(struct job *job, struct call *call, struct json_object *value)
{
	size_t len;
	const char *text = json_bytes(value, &len);

	if (text != NULL)
		buf_add(&call->waiting, text, len);
	else if (value != NULL)
		json_write(&call->waiting, value);
	if (call->name == NULL || (call->announced && call->waiting.len == 0))
		return;
	if (!call->announced)
		begin_call(job, call);
	send_arguments(job, call, call->waiting.data, call->waiting.len);
	buf_clear(&call->waiting);
}

static void
add_call(struct job *job, struct json_object *piece, int place)
{
	struct json_object *function = json_member(piece, "function");
	const char *id = json_text_member(piece, "id");
	const char *name = json_text_member(function, "name");
	int index = (int)json_number(json_member(piece, "index"), WIRE_MAX_INDEX, place);
	struct call *call = find_call(job, index, id);

	if (call == NULL)
		return;
	if (call->call_id == NULL && id != NULL && id[0] != '\0' && strcmp(id, "null") != 0)
		call->call_id = xstrdup(id);
	if (call->name == NULL && name != NULL && name[0] != '\0')
		call->name = xstrdup(name);
	take_arguments(job, call, json_member(function, "arguments"));
}

static void
add_calls(struct job *job, struct json_object *list)
{
	for (size_t i = 0; i < json_length(list) && i < MAX_CALLS; i++)
		add_call(job, json_item(list, i), (int)i);
}

/* A function without arguments has an empty object of them, not nothing. */
static void
complete_calls(struct job *job)
{
	for (size_t i = 0; i < job->calls.len && !job->over; i++) {
		struct call *call = &job->calls.items[i];

		if (!call->announced)
			log_debug("a call without a name");
		else if (!call->has_arguments)
			send_arguments(job, call, "{}", 2);
	}
}

/* Answers. */

/* What a choice holds: a piece of a stream, or the whole message. */
static void
add_delta(struct job *job, struct json_object *delta)
{
	struct json_object *thinking = json_member(delta, "reasoning_content");

	if (thinking == NULL)
		thinking = json_member(delta, "reasoning");
	add_words(job, CHUNK_THINKING, thinking);
	add_content(job, json_member(delta, "content"));
	add_words(job, CHUNK_TEXT, json_member(delta, "refusal"));
	add_calls(job, json_list_member(delta, "tool_calls"));
}

static void
end_with_error(struct job *job, struct json_object *value)
{
	struct error err = ERROR_NONE;
	struct event event = {.type = EVENT_FAILED, .error = &err};

	wire_stream_error(value, &err);
	send(job, &event);
	error_done(&err);
}

static void
add_choice(struct job *job, struct json_object *choice)
{
	const char *reason = json_text_member(choice, "finish_reason");
	struct json_object *delta = json_member(choice, "delta");

	if (json_number(json_member(choice, "index"), WIRE_MAX_INDEX, 0) != 0)
		return;
	add_delta(job, delta != NULL ? delta : json_member(choice, "message"));
	if (reason == NULL || reason[0] == '\0')
		return;
	job->finished = true;
	if (strcmp(reason, "error") == 0)
		end_with_error(job, NULL);
}

/* False if it is neither an answer nor an error. */
static bool
add_answer(struct job *job, struct json_object *value)
{
	struct json_object *choices = json_list_member(value, "choices");
	const char *object = json_text_member(value, "object");
	struct usage usage;

	if (json_member(value, "error") != NULL ||
	    (choices == NULL && object != NULL && strcasecmp(object, "error") == 0)) {
		end_with_error(job, value);
		return true;
	}
	if (wire_take_usage(value, &usage)) {
		usage_done(&job->usage);
		job->usage = usage;
		job->has_usage = true;
	}
	for (size_t i = 0; i < json_length(choices) && !job->over; i++)
		add_choice(job, json_item(choices, i));
	return choices != NULL || job->has_usage;
}

static void
emit_entries(struct job *job)
{
	struct event event = {.type = EVENT_ENTRY};

	for (size_t i = 0; i < job->entries.len && !job->over; i++) {
		event.entry = job->entries.items[i];
		event.entry_id = event.entry->id;
		event.output_index = event.entry->output_index;
		send(job, &event);
	}
}

static void
complete(struct job *job)
{
	struct event event = {.type = EVENT_DONE, .id = job->id};
	struct buf raw;

	if (job->has_usage)
		event.usage = &job->usage;
	complete_calls(job);
	buf_init(&raw, 0);
	if (job->whole && job->want_raw) {
		wire_put_response(
		    &raw, job->conversation_id, job->entries.items, job->entries.len, event.usage);
		event.raw = raw.data;
		event.raw_len = raw.len;
	}
	emit_entries(job);
	send(job, &event);
	buf_done(&raw);
}

static void
fail_protocol(struct job *job)
{
	struct error err = ERROR_NONE;

	error_set(&err, ERR_PROTOCOL, _("%s sent something that is not an answer to a message."),
	    remote_host(job->owner->remote));
	fail(job, &err);
	error_done(&err);
}

static void
take_whole(struct job *job, const char *body, size_t len)
{
	struct json_object *value = json_parse(body, len);

	job->whole = true;
	if (json_list_member(value, "choices") == NULL && json_member(value, "error") == NULL)
		fail_protocol(job);
	else if (add_answer(job, value) && !job->over)
		complete(job);
	json_free(value);
}

static void
on_linger(void *arg)
{
	struct job *job = arg;

	job->timer = NULL;
	remote_cancel(job->owner->remote, job->id);
	forget_job(job);
	free_job(job);
}

static bool
on_event(void *arg, const char *name, const char *data, size_t len, struct error *err)
{
	struct job *job = arg;
	struct json_object *value;

	(void)name;
	(void)err;
	if (job->over)
		return true;
	if (strcmp(data, "[DONE]") == 0) {
		complete(job);
	} else {
		value = json_parse(data, len);
		if (!add_answer(job, value))
			log_debug("an event of a stream that is not understood");
		json_free(value);
	}
	if (job->over && !job->cancelled)
		job->timer = loop_timer(job->owner->loop, LINGER_MS, on_linger, job);
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

static bool send_request(struct job *, struct error *);

/*
 * A server that does not know stream_options refuses the whole request, and has
 * not begun to answer then: the one case where asking again is right.
 */
static bool
ask_again(struct job *job, const struct error *error)
{
	struct error err = ERROR_NONE;
	bool sent;

	if (!job->options || (error->status != 400 && error->status != 422) ||
	    strstr(error->text, "stream_options") == NULL)
		return false;
	job->owner->no_options = true;
	sent = send_request(job, &err);
	error_done(&err);
	return sent;
}

static void
fail_unfinished(struct job *job)
{
	struct error err = ERROR_NONE;

	error_set(&err, ERR_NETWORK,
	    _("The connection to %s ended before the answer was complete. What arrived is kept."),
	    remote_host(job->owner->remote));
	fail(job, &err);
	error_done(&err);
}

static void
take_question_body(struct job *job, const char *body, size_t len)
{
	struct error err = ERROR_NONE;

	if (!wire_answer(job->question, body, len, forward, job, &err))
		fail(job, &err);
	error_done(&err);
}

static void
on_end(void *arg, const char *body, size_t len, const struct error *error)
{
	struct job *job = arg;

	if (error != NULL && !job->over && ask_again(job, error))
		return;
	/* Once it said how the answer ended, what happens to the connection does not matter. */
	if (job->finished && !job->over)
		complete(job);
	else if (error != NULL)
		fail(job, error);
	else if (job->question != NULL)
		take_question_body(job, body, len);
	else if (body != NULL)
		take_whole(job, body, len);
	else
		fail_unfinished(job);
	if (job->cancelled)
		return;
	forget_job(job);
	free_job(job);
}

/* The interface. */

static bool
send_request(struct job *job, struct error *err)
{
	struct completions *owner = job->owner;
	struct remote_call call = {.id = job->id,
	    .method = "POST",
	    .path = "/chat/completions",
	    .stream = job->stream,
	    .on_event = on_event,
	    .on_retry = on_retry,
	    .on_end = on_end,
	    .arg = job};
	char *bare = NULL;

	job->options = !owner->no_options && job->body[job->bare] == ',';
	if (!job->options)
		bare = xasprintf("%.*s}", (int)job->bare, job->body);
	call.body = bare != NULL ? bare : job->body;
	if (!remote_start(owner->remote, &call, err)) {
		free(bare);
		return false;
	}
	free(bare);
	return true;
}

static bool
reply(struct responder *responder, const struct conversation *conversation, const struct turn *turn,
    struct error *err)
{
	struct completions *owner = (struct completions *)responder;
	struct job *job = new_job(owner, turn->id, turn->want_raw);
	struct buf body;

	buf_init(&body, 0);
	job->stream = turn->stream;
	job->conversation_id = xstrdup(conversation->id);
	job->model = xstrdup(conversation->model);
	if (!wire_chat_body(conversation, turn, owner->mistral, &body, &job->bare, err)) {
		buf_done(&body);
		free_job(job);
		return false;
	}
	job->body = buf_take(&body);
	if (!send_request(job, err)) {
		free_job(job);
		return false;
	}
	array_push(&owner->jobs, job);
	return true;
}

static bool
ask_models(struct job *job, struct error *err)
{
	struct remote_call call = {.id = job->id,
	    .method = "GET",
	    .path = "/models",
	    .read_only = true,
	    .on_retry = on_retry,
	    .on_end = on_end,
	    .arg = job};

	return remote_start(job->owner->remote, &call, err);
}

/* These servers have none. */
static void
answer_agents(void *arg)
{
	static const char none[] = "{\"object\":\"list\",\"data\":[],\"next_page_token\":null}";
	struct job *job = arg;

	job->timer = NULL;
	take_question_body(job, none, sizeof(none) - 1);
	forget_job(job);
	free_job(job);
}

static bool
ask(struct responder *responder, const struct question *question, struct error *err)
{
	struct completions *owner = (struct completions *)responder;
	struct job *job;

	if (question->kind != ASK_MODELS && question->kind != ASK_AGENTS)
		return error_set(
		    err, ERR_USAGE, _("A server of this kind cannot answer that question."));
	job = new_job(owner, question->id, question->want_raw);
	job->question = question_new(question->kind);
	job->question->id = question->id;
	job->question->want_raw = question->want_raw;
	if (question->kind == ASK_AGENTS) {
		job->timer = loop_timer(owner->loop, 0, answer_agents, job);
	} else if (!ask_models(job, err)) {
		free_job(job);
		return false;
	}
	array_push(&owner->jobs, job);
	return true;
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
cancel(struct responder *responder, unsigned id)
{
	struct completions *owner = (struct completions *)responder;

	for (size_t i = 0; i < owner->jobs.len; i++) {
		struct job *job = owner->jobs.items[i];

		if (job->id != id || job->over)
			continue;
		remote_cancel(owner->remote, id);
		job->over = job->cancelled = true;
		if (job->question == NULL) {
			job->timer = loop_timer(owner->loop, 0, on_cancelled, job);
		} else {
			array_remove(&owner->jobs, i);
			free_job(job);
		}
		return;
	}
}

static void
free_completions(struct responder *responder)
{
	struct completions *owner = (struct completions *)responder;

	if (owner == NULL)
		return;
	remote_free(owner->remote);
	for (size_t i = 0; i < owner->jobs.len; i++)
		free_job(owner->jobs.items[i]);
	array_done(&owner->jobs);
	free(owner);
}

static bool
is_mistral(const char *host)
{
	static const char name[] = "mistral.ai";
	size_t len = strlen(host), tail = sizeof(name) - 1;

	return len >= tail && strcasecmp(host + len - tail, name) == 0 &&
	       (len == tail || host[len - tail - 1] == '.');
}

struct responder *
completions_new(struct loop *loop, const struct connection *connection)
{
	struct completions *owner = xcalloc(1, sizeof(*owner));

	owner->responder.ops = &completions_ops;
	owner->loop = loop;
	owner->remote = remote_new(loop, connection);
	owner->mistral = is_mistral(remote_host(owner->remote));
	return &owner->responder;
}
