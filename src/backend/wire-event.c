/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include "backend/wire.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "backend/wire-json.h"
#include "backend/wire-parts.h"
#include "base/i18n.h"
#include "base/log.h"

struct stream {
	struct event event;
	struct json_object *value;
	event_fn fn;
	void *arg;
	char id[32];	 /* for an event that has none */
	char *arguments; /* if they did not come as a string */
	char *info;
};

static int
take_index(struct json_object *value, const char *key)
{
	return (int)json_number(json_member(value, key), WIRE_MAX_INDEX, 0);
}

static void
emit(struct stream *stream)
{
	stream->fn(stream->arg, &stream->event);
	/* A stream event that makes several of ours shows its JSON once. */
	stream->event.raw = NULL;
	stream->event.raw_len = 0;
}

static void
emit_unknown(struct stream *stream, const char *data, size_t len)
{
	log_debug("an event of unknown type \"%.60s\"", stream->event.name);
	stream->event.type = EVENT_UNKNOWN;
	stream->event.raw = data;
	stream->event.raw_len = len;
	emit(stream);
}

/* Whose the piece is. Receivers tell entries by their ids, so there is always one. */
static void
take_place(struct stream *stream)
{
	struct event *event = &stream->event;

	event->output_index = take_index(stream->value, "output_index");
	event->entry_id = json_text_member(stream->value, "id");
	if (event->entry_id == NULL || event->entry_id[0] == '\0') {
		snprintf(stream->id, sizeof(stream->id), "output_%d", event->output_index);
		event->entry_id = stream->id;
	}
	event->agent_id = json_text_member(stream->value, "agent_id");
	event->model = json_text_member(stream->value, "model");
}

static bool
read_started(struct stream *stream)
{
	stream->event.conversation_id = json_text_member(stream->value, "conversation_id");
	if (stream->event.conversation_id == NULL)
		return false;
	emit(stream);
	return true;
}

static void
emit_chunk(struct stream *stream, int index, struct json_object *content)
{
	struct chunk chunk;

	if (content == NULL)
		chunk = (struct chunk){.type = CHUNK_TEXT, .index = index, .text = BUF_EMPTY};
	else
		wire_take_chunk(&chunk, index, false, content);
	stream->event.chunk = &chunk;
	emit(stream);
	chunk_done(&chunk);
}

static bool
read_delta(struct stream *stream)
{
	struct json_object *content = json_member(stream->value, "content");
	int index = take_index(stream->value, "content_index");

	take_place(stream);
	if (!json_is_list(content) || json_length(content) == 0) {
		emit_chunk(stream, index, json_is_list(content) ? NULL : content);
		return true;
	}
	for (size_t i = 0; i < json_length(content) && i < WIRE_MAX_INDEX; i++)
		emit_chunk(stream, index + (int)i, json_item(content, i));
	return true;
}

static void
take_arguments(struct stream *stream)
{
	struct event *event = &stream->event;
	struct json_object *value = json_member(stream->value, "arguments");

	event->arguments = json_bytes(value, &event->arguments_len);
	if (event->arguments == NULL && value != NULL) {
		event->arguments = stream->arguments = json_dump(value);
		event->arguments_len = strlen(event->arguments);
	}
}

static bool
read_tool(struct stream *stream)
{
	struct json_object *info = json_member(stream->value, "info");

	take_place(stream);
	take_arguments(stream);
	stream->event.name = json_text_member(stream->value, "name");
	stream->event.function = json_text_member(stream->value, "function");
	if (json_is_object(info))
		stream->event.info = stream->info = json_dump(info);
	emit(stream);
	return true;
}

static bool
read_call(struct stream *stream)
{
	take_place(stream);
	take_arguments(stream);
	stream->event.name = json_text_member(stream->value, "name");
	stream->event.tool_call_id = json_text_member(stream->value, "tool_call_id");
	stream->event.confirmation = json_text_member(stream->value, "confirmation_status");
	emit(stream);
	return true;
}

static bool
read_handoff(struct stream *stream)
{
	struct event *event = &stream->event;

	take_place(stream);
	event->previous_agent_id = json_text_member(stream->value, "previous_agent_id");
	event->previous_agent_name = json_text_member(stream->value, "previous_agent_name");
	event->next_agent_id = json_text_member(stream->value, "next_agent_id");
	event->next_agent_name = json_text_member(stream->value, "next_agent_name");
	emit(stream);
	return true;
}

static bool
read_done(struct stream *stream)
{
	struct usage usage;

	if (wire_take_usage(stream->value, &usage))
		stream->event.usage = &usage;
	emit(stream);
	usage_done(&usage);
	return true;
}

static bool
read_error(struct stream *stream)
{
	struct error err = ERROR_NONE;

	wire_stream_error(stream->value, &err);
	stream->event.error = &err;
	emit(stream);
	error_done(&err);
	return true;
}

static const struct stream_event {
	const char *name;
	enum event_type type;
	enum event_stage stage;
	bool (*read)(struct stream *); /* false: what must be there is not */
} stream_events[] = {
    {"message.output.delta", EVENT_CHUNK, 0, read_delta},
    {"conversation.response.started", EVENT_STARTED, 0, read_started},
    {"conversation.response.done", EVENT_DONE, 0, read_done},
    {"conversation.response.error", EVENT_FAILED, 0, read_error},
    {"tool.execution.started", EVENT_TOOL, STAGE_STARTED, read_tool},
    {"tool.execution.delta", EVENT_TOOL, STAGE_DELTA, read_tool},
    {"tool.execution.done", EVENT_TOOL, STAGE_DONE, read_tool},
    {"function.call.delta", EVENT_CALL, 0, read_call},
    {"agent.handoff.started", EVENT_HANDOFF, STAGE_STARTED, read_handoff},
    {"agent.handoff.done", EVENT_HANDOFF, STAGE_DONE, read_handoff},
};

static const struct stream_event *
find_event(const char *name)
{
	for (size_t i = 0; i < sizeof(stream_events) / sizeof(stream_events[0]); i++)
		if (strcmp(stream_events[i].name, name) == 0)
			return &stream_events[i];
	return NULL;
}

void
wire_event(unsigned id, bool want_raw, const char *name, const char *data, size_t len, event_fn fn,
    void *arg, bool *over)
{
	struct stream stream = {.fn = fn, .arg = arg, .value = json_parse(data, len)};
	const struct stream_event *known;
	const char *type = json_text_member(stream.value, "type");

	/* The end mark of another API's streams. */
	if (stream.value == NULL && strcmp(data, "[DONE]") == 0)
		return;
	stream.event.id = id;
	stream.event.created_at = json_text_member(stream.value, "created_at");
	if (type == NULL)
		type = name;
	known = json_is_object(stream.value) ? find_event(type) : NULL;
	if (known != NULL) {
		stream.event.type = known->type;
		stream.event.stage = known->stage;
		if (want_raw) {
			stream.event.raw = data;
			stream.event.raw_len = len;
		}
		if (known->type == EVENT_DONE || known->type == EVENT_FAILED)
			*over = true;
	}
	if (known == NULL || !known->read(&stream)) {
		stream.event.name = type;
		emit_unknown(&stream, data, len);
	}
	free(stream.arguments);
	free(stream.info);
	json_free(stream.value);
}

/* Whole answers. */

static void
emit_outputs(unsigned id, struct json_object *outputs, event_fn fn, void *arg)
{
	struct event event = {.type = EVENT_ENTRY, .id = id};
	size_t count = json_length(outputs);

	for (size_t i = 0; i < count && i < WIRE_MAX_INDEX; i++) {
		event.entry = wire_take_entry(json_item(outputs, i));
		if (event.entry == NULL) {
			log_debug("an output that is no object");
			continue;
		}
		event.entry->output_index = event.output_index = (int)i;
		event.entry_id = event.entry->id;
		event.created_at = event.entry->created_at;
		fn(arg, &event);
		entry_free(event.entry);
	}
}

bool
wire_response(unsigned id, bool want_raw, const char *body, size_t len, event_fn fn, void *arg,
    struct error *err)
{
	struct json_object *value = json_parse(body, len);
	struct json_object *outputs = json_list_member(value, "outputs");
	struct event event = {.type = EVENT_STARTED, .id = id};
	struct usage usage;

	if (outputs == NULL) {
		json_free(value);
		return error_set(err, ERR_PROTOCOL,
		    _("The server sent something that is not an answer to a message."));
	}
	event.conversation_id = json_text_member(value, "conversation_id");
	if (event.conversation_id != NULL)
		fn(arg, &event);
	emit_outputs(id, outputs, fn, arg);
	event.type = EVENT_DONE;
	if (wire_take_usage(value, &usage))
		event.usage = &usage;
	if (want_raw) {
		event.raw = body;
		event.raw_len = len;
	}
	fn(arg, &event);
	usage_done(&usage);
	json_free(value);
	return true;
}
