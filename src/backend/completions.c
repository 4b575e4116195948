/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include "backend/engine.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "backend/job.h"
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

/* Calls of functions in one answer. */
#define MAX_CALLS 256

struct completions {
	struct responder responder;
	struct jobs jobs;
	bool mistral;
	bool no_options; /* the server was seen to refuse stream_options */
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
struct asked {
	struct job job; /* its timer may also be the answer to come */
	struct completions *owner;
	bool stream;

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

static struct asked *
new_asked(struct completions *owner, unsigned id, struct question *question, bool want_raw)
{
	struct asked *asked =
	    (struct asked *)job_new(&owner->jobs, sizeof(struct asked), id, question, want_raw);

	asked->owner = owner;
	return asked;
}

static void
done(struct job *base)
{
	struct asked *asked = (struct asked *)base;

	for (size_t i = 0; i < asked->calls.len; i++) {
		free(asked->calls.items[i].call_id);
		free(asked->calls.items[i].name);
		buf_done(&asked->calls.items[i].waiting);
	}
	array_done(&asked->calls);
	for (size_t i = 0; i < asked->entries.len; i++)
		entry_free(asked->entries.items[i]);
	array_done(&asked->entries);
	usage_done(&asked->usage);
	free(asked->body);
	free(asked->conversation_id);
	free(asked->model);
}

static void
emit(void *arg, const struct event *event)
{
	struct responder *responder = arg;

	responder->emit(responder->arg, event);
}

/* An event of a stream, with the JSON that the Conversations API would have sent. */
static void
send(struct asked *asked, struct event *event)
{
	char now[CLOCK_ISO_SIZE];
	struct buf raw;

	clock_iso(now);
	event->id = asked->job.id;
	event->created_at = now;
	buf_init(&raw, 0);
	if (asked->job.want_raw && !asked->whole) {
		wire_put_event(&raw, event);
		event->raw = raw.data;
		event->raw_len = raw.len;
	}
	job_emit(&asked->job, event);
	buf_done(&raw);
}

/* The message. */

static struct entry *
gather_entry(struct asked *asked, enum entry_type type, const char *id, int output_index)
{
	struct entry *entry = entry_new(type);
	char now[CLOCK_ISO_SIZE];

	clock_iso(now);
	entry->id = xstrdup(id);
	entry->model = xstrdup(asked->model);
	entry->created_at = xstrdup(now);
	entry->completed_at = xstrdup(now);
	entry->output_index = output_index;
	array_push(&asked->entries, entry);
	return entry;
}

static void
begin_message(struct asked *asked)
{
	id_make("msg_", asked->message_id);
	asked->message_index = asked->next_output++;
	if (asked->whole)
		gather_entry(asked, ENTRY_MESSAGE_OUTPUT, asked->message_id, asked->message_index);
}

static struct entry *
find_entry(struct asked *asked, const char *id)
{
	size_t i = 0;

	while (strcmp(asked->entries.items[i]->id, id) != 0)
		i++;
	return asked->entries.items[i];
}

/* The next place in the content; pieces of one kind of words share one. */
static int
place_chunk(struct asked *asked, enum chunk_type type)
{
	bool words = type == CHUNK_TEXT || type == CHUNK_THINKING;

	if (asked->has_content && !(words && type == asked->content))
		asked->content_index++;
	asked->has_content = true;
	asked->content = type;
	return asked->content_index;
}

/* Takes what the chunk owns. */
static void
add_chunk(struct asked *asked, struct chunk *chunk)
{
	bool words = chunk->type == CHUNK_TEXT || chunk->type == CHUNK_THINKING;

	if (words && chunk->text.len == 0 && chunk->raw == NULL) {
		chunk_done(chunk);
		return;
	}
	if (asked->message_id[0] == '\0')
		begin_message(asked);
	chunk->index = place_chunk(asked, chunk->type);
	if (asked->whole) {
		entry_add_chunk(find_entry(asked, asked->message_id), chunk);
	} else {
		struct event event = {.type = EVENT_CHUNK,
		    .entry_id = asked->message_id,
		    .output_index = asked->message_index,
		    .model = asked->model,
		    .chunk = chunk};

		send(asked, &event);
	}
	chunk_done(chunk);
}

static void
add_words(struct asked *asked, enum chunk_type type, struct json_object *value)
{
	struct chunk chunk = {.type = type, .text = BUF_EMPTY};
	size_t len;
	const char *text = json_bytes(value, &len);

	if (text == NULL)
		return;
	buf_add(&chunk.text, text, len);
	add_chunk(asked, &chunk);
}

static void
add_content(struct asked *asked, struct json_object *content)
{
	struct chunk chunk;
	size_t count = json_is_list(content) ? json_length(content) : 1;

	if (content == NULL)
		return;
	for (size_t i = 0; i < count; i++) {
		struct json_object *item = json_is_list(content) ? json_item(content, i) : content;

		if (item == NULL)
			continue;
		wire_take_chunk(&chunk, 0, asked->whole, item);
		add_chunk(asked, &chunk);
	}
}

/* Calls. */

static void
send_arguments(struct asked *asked, struct call *call, const char *bytes, size_t len)
{
	struct event event = {.type = EVENT_CALL,
	    .entry_id = call->id,
	    .output_index = call->output_index,
	    .model = asked->model,
	    .name = call->name,
	    .tool_call_id = call->call_id,
	    .arguments = bytes,
	    .arguments_len = len};

	call->announced = true;
	call->has_arguments = call->has_arguments || len > 0;
	if (asked->whole)
		buf_add(&find_entry(asked, call->id)->arguments, bytes, len);
	else
		send(asked, &event);
}

/* It has a name, so it can be shown. */
static void
begin_call(struct asked *asked, struct call *call)
{
	char made[WIRE_CALL_ID_SIZE];
	struct entry *entry;

	id_make("fc_", call->id);
	call->output_index = asked->next_output++;
	if (call->call_id == NULL) {
		wire_call_id(call->id, made);
		call->call_id = xstrdup(made);
	}
	if (!asked->whole)
		return;
	entry = gather_entry(asked, ENTRY_FUNCTION_CALL, call->id, call->output_index);
	entry->name = xstrdup(call->name);
	entry->tool_call_id = xstrdup(call->call_id);
}

/*
 * The call a piece belongs to. Servers that send calls whole number them all 0,
 * so a new id is a new call.
 */
static struct call *
find_call(struct asked *asked, int index, const char *id)
{
	struct call made = {.index = index};

	for (size_t i = asked->calls.len; i > 0; i--) {
		struct call *call = &asked->calls.items[i - 1];

		if (call->index == index && (id == NULL || id[0] == '\0' || call->call_id == NULL ||
						strcmp(call->call_id, id) == 0))
			return call;
	}
	if (asked->calls.len >= MAX_CALLS) {
		log_debug("more than %d calls in one answer", MAX_CALLS);
		return NULL;
	}
	buf_init(&made.waiting, 0);
	array_push(&asked->calls, made);
	return &asked->calls.items[asked->calls.len - 1];
}

static void
take_arguments(struct asked *asked, struct call *call, struct json_object *value)
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
		begin_call(asked, call);
	send_arguments(asked, call, call->waiting.data, call->waiting.len);
	buf_clear(&call->waiting);
}

static void
add_call(struct asked *asked, struct json_object *piece, int place)
{
	struct json_object *function = json_member(piece, "function");
	const char *id = json_text_member(piece, "id");
	const char *name = json_text_member(function, "name");
	int index = (int)json_number(json_member(piece, "index"), WIRE_MAX_INDEX, place);
	struct call *call = find_call(asked, index, id);

	if (call == NULL)
		return;
	if (call->call_id == NULL && id != NULL && id[0] != '\0' && strcmp(id, "null") != 0)
		call->call_id = xstrdup(id);
	if (call->name == NULL && name != NULL && name[0] != '\0')
		call->name = xstrdup(name);
	take_arguments(asked, call, json_member(function, "arguments"));
}

static void
add_calls(struct asked *asked, struct json_object *list)
{
	for (size_t i = 0; i < json_length(list) && i < MAX_CALLS; i++)
		add_call(asked, json_item(list, i), (int)i);
}

/* A function without arguments has an empty object of them, not nothing. */
static void
complete_calls(struct asked *asked)
{
	for (size_t i = 0; i < asked->calls.len && !asked->job.over; i++) {
		struct call *call = &asked->calls.items[i];

		if (!call->announced)
			log_debug("a call without a name");
		else if (!call->has_arguments)
			send_arguments(asked, call, "{}", 2);
	}
}

/* Answers. */

/* What a choice holds: a piece of a stream, or the whole message. */
static void
add_delta(struct asked *asked, struct json_object *delta)
{
	struct json_object *thinking = json_member(delta, "reasoning_content");

	if (thinking == NULL)
		thinking = json_member(delta, "reasoning");
	add_words(asked, CHUNK_THINKING, thinking);
	add_content(asked, json_member(delta, "content"));
	add_words(asked, CHUNK_TEXT, json_member(delta, "refusal"));
	add_calls(asked, json_list_member(delta, "tool_calls"));
}

static void
end_with_error(struct asked *asked, struct json_object *value)
{
	struct error err = ERROR_NONE;
	struct event event = {.type = EVENT_FAILED, .error = &err};

	wire_stream_error(value, &err);
	send(asked, &event);
	error_done(&err);
}

static void
add_choice(struct asked *asked, struct json_object *choice)
{
	const char *reason = json_text_member(choice, "finish_reason");
	struct json_object *delta = json_member(choice, "delta");

	if (json_number(json_member(choice, "index"), WIRE_MAX_INDEX, 0) != 0)
		return;
	add_delta(asked, delta != NULL ? delta : json_member(choice, "message"));
	if (reason == NULL || reason[0] == '\0')
		return;
	asked->finished = true;
	if (strcmp(reason, "error") == 0)
		end_with_error(asked, NULL);
}

/* False if it is neither an answer nor an error. */
static bool
add_answer(struct asked *asked, struct json_object *value)
{
	struct json_object *choices = json_list_member(value, "choices");
	const char *object = json_text_member(value, "object");
	struct usage usage;

	if (json_member(value, "error") != NULL ||
	    (choices == NULL && object != NULL && strcasecmp(object, "error") == 0)) {
		end_with_error(asked, value);
		return true;
	}
	if (wire_take_usage(value, &usage)) {
		usage_done(&asked->usage);
		asked->usage = usage;
		asked->has_usage = true;
	}
	for (size_t i = 0; i < json_length(choices) && !asked->job.over; i++)
		add_choice(asked, json_item(choices, i));
	return choices != NULL || asked->has_usage;
}

static void
emit_entries(struct asked *asked)
{
	struct event event = {.type = EVENT_ENTRY};

	for (size_t i = 0; i < asked->entries.len && !asked->job.over; i++) {
		event.entry = asked->entries.items[i];
		event.entry_id = event.entry->id;
		event.output_index = event.entry->output_index;
		send(asked, &event);
	}
}

static void
complete(struct asked *asked)
{
	struct event event = {.type = EVENT_DONE, .id = asked->job.id};
	struct buf raw;

	if (asked->has_usage)
		event.usage = &asked->usage;
	complete_calls(asked);
	buf_init(&raw, 0);
	if (asked->whole && asked->job.want_raw) {
		wire_put_response(&raw, asked->conversation_id, asked->entries.items,
		    asked->entries.len, event.usage);
		event.raw = raw.data;
		event.raw_len = raw.len;
	}
	emit_entries(asked);
	send(asked, &event);
	buf_done(&raw);
}

static void
fail_protocol(struct asked *asked)
{
	struct error err = ERROR_NONE;

	error_set(&err, ERR_PROTOCOL, _("%s sent something that is not an answer to a message."),
	    remote_host(asked->job.jobs->remote));
	job_fail(&asked->job, &err);
	error_done(&err);
}

static void
take_whole(struct asked *asked, const char *body, size_t len)
{
	struct json_object *value = json_parse(body, len);

	asked->whole = true;
	if (json_list_member(value, "choices") == NULL && json_member(value, "error") == NULL)
		fail_protocol(asked);
	else if (add_answer(asked, value) && !asked->job.over)
		complete(asked);
	json_free(value);
}

static bool
on_event(void *arg, const char *name, const char *data, size_t len, struct error *err)
{
	struct asked *asked = arg;
	struct json_object *value;

	(void)name;
	(void)err;
	if (asked->job.over)
		return true;
	if (strcmp(data, "[DONE]") == 0) {
		complete(asked);
	} else {
		value = json_parse(data, len);
		if (!add_answer(asked, value))
			log_debug("an event of a stream that is not understood");
		json_free(value);
	}
	job_linger(&asked->job);
	return true;
}

static bool send_request(struct asked *, struct error *);

/*
 * A server that does not know stream_options refuses the whole request, and has
 * not begun to answer then: the one case where asking again is right.
 */
static bool
ask_again(struct asked *asked, const struct error *error)
{
	struct error err = ERROR_NONE;
	bool sent;

	if (!asked->options || (error->status != 400 && error->status != 422) ||
	    strstr(error->text, "stream_options") == NULL)
		return false;
	asked->owner->no_options = true;
	sent = send_request(asked, &err);
	error_done(&err);
	return sent;
}

static void
on_end(void *arg, const char *body, size_t len, const struct error *error)
{
	struct asked *asked = arg;

	if (error != NULL && !asked->job.over && ask_again(asked, error))
		return;
	/* Once it said how the answer ended, what happens to the connection does not matter. */
	if (asked->finished && !asked->job.over)
		complete(asked);
	else if (error != NULL)
		job_fail(&asked->job, error);
	else if (asked->job.question != NULL)
		job_answer(&asked->job, body, len);
	else if (body != NULL)
		take_whole(asked, body, len);
	else
		job_fail_unfinished(&asked->job);
	job_end(&asked->job);
}

/* The interface. */

static bool
send_request(struct asked *asked, struct error *err)
{
	struct completions *owner = asked->owner;
	struct remote_call call = {.method = "POST",
	    .path = "/chat/completions",
	    .stream = asked->stream,
	    .on_event = on_event,
	    .on_end = on_end};
	char *bare = NULL;
	bool sent;

	asked->options = !owner->no_options && asked->body[asked->bare] == ',';
	if (!asked->options)
		bare = xasprintf("%.*s}", (int)asked->bare, asked->body);
	call.body = bare != NULL ? bare : asked->body;
	sent = job_call(&asked->job, &call, err);
	free(bare);
	return sent;
}

static bool
reply(struct responder *responder, const struct conversation *conversation, const struct turn *turn,
    struct error *err)
{
	struct completions *owner = (struct completions *)responder;
	struct asked *asked = new_asked(owner, turn->id, NULL, turn->want_raw);
	struct buf body;

	buf_init(&body, 0);
	asked->stream = turn->stream;
	asked->conversation_id = xstrdup(conversation->id);
	asked->model = xstrdup(conversation->model);
	if (!wire_chat_body(conversation, turn, owner->mistral, &body, &asked->bare, err)) {
		buf_done(&body);
		job_free(&asked->job);
		return false;
	}
	asked->body = buf_take(&body);
	if (!send_request(asked, err)) {
		job_free(&asked->job);
		return false;
	}
	job_keep(&asked->job);
	return true;
}

static bool
ask_models(struct job *job, struct error *err)
{
	struct remote_call call = {
	    .method = "GET", .path = "/models", .read_only = true, .on_end = on_end};

	return job_call(job, &call, err);
}

/* These servers have none. */
static void
answer_agents(void *arg)
{
	static const char none[] = "{\"object\":\"list\",\"data\":[],\"next_page_token\":null}";
	struct job *job = arg;

	job->timer = NULL;
	job_answer(job, none, sizeof(none) - 1);
	job_end(job);
}

static bool
ask(struct responder *responder, const struct question *question, struct error *err)
{
	struct completions *owner = (struct completions *)responder;
	struct question *copy;
	struct job *job;

	if (question->kind != ASK_MODELS && question->kind != ASK_AGENTS)
		return error_set(
		    err, ERR_USAGE, _("A server of this kind cannot answer that question."));
	copy = question_new(question->kind);
	copy->id = question->id;
	copy->want_raw = question->want_raw;
	job = &new_asked(owner, question->id, copy, question->want_raw)->job;
	if (question->kind == ASK_AGENTS) {
		job->timer = loop_timer(owner->jobs.loop, 0, answer_agents, job);
	} else if (!ask_models(job, err)) {
		job_free(job);
		return false;
	}
	job_keep(job);
	return true;
}

static void
cancel(struct responder *responder, unsigned id)
{
	jobs_cancel(&((struct completions *)responder)->jobs, id);
}

static void
free_completions(struct responder *responder)
{
	struct completions *owner = (struct completions *)responder;

	if (owner == NULL)
		return;
	jobs_done(&owner->jobs);
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
	jobs_init(&owner->jobs, loop, connection, emit, owner, done);
	owner->mistral = is_mistral(remote_host(owner->jobs.remote));
	return &owner->responder;
}
