/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include "backend/wire.h"

#include <stdlib.h>
#include <string.h>

#include "backend/wire-json.h"
#include "backend/wire-parts.h"
#include "base/buf.h"

void
wire_put_version(struct buf *out, const char *version)
{
	size_t len = version == NULL ? 0 : strlen(version);

	if (len > 0 && len < 10 && strspn(version, "0123456789") == len &&
	    (version[0] != '0' || len == 1)) {
		json_put_key(out, "agent_version");
		buf_puts(out, version);
	} else {
		json_put_text(out, "agent_version", version);
	}
}

static void
put_field(struct buf *out, const void *from, const struct field *field, int type)
{
	const char *base = (const char *)from + field->offset;
	bool required = (field->required & FIELD_BIT(type)) != 0;

	if (field->kind == FIELD_BYTES || field->kind == FIELD_WORDS) {
		const struct buf *words = (const struct buf *)(const void *)base;

		if (words->len > 0 || required) {
			json_put_key(out, field->key);
			json_put_bytes(out, words->data, words->len);
		}
		return;
	}
	const char *text = *(char *const *)(const void *)base;

	if (field->kind == FIELD_VERSION)
		wire_put_version(out, text);
	else if (field->kind == FIELD_TEXT)
		json_put_text(out, field->key, text == NULL && required ? "" : text);
	else
		json_put_raw(out, field->key, text);
}

static void
put_fields(struct buf *out, const void *from, const struct field *table, int type)
{
	for (; table->key != NULL; table++)
		if (table->types & FIELD_BIT(type))
			put_field(out, from, table, type);
}

void
wire_put_chunk(struct buf *out, const struct chunk *chunk)
{
	if (chunk->raw != NULL) {
		buf_puts(out, chunk->raw);
		return;
	}
	buf_putc(out, '{');
	json_put_text(out, "type", chunk_type_name(chunk->type));
	if (chunk->type == CHUNK_THINKING) {
		buf_puts(out, ",\"thinking\":[{\"type\":\"text\",\"text\":");
		json_put_bytes(out, chunk->text.data, chunk->text.len);
		buf_puts(out, "}]");
	} else if (chunk->type == CHUNK_REFERENCE) {
		buf_puts(out, ",\"reference_ids\":[]");
	}
	put_fields(out, chunk, chunk_fields, (int)chunk->type);
	if (chunk->type == CHUNK_THINKING)
		buf_puts(out, ",\"closed\":true");
	buf_putc(out, '}');
}

static bool
is_plain_text(const struct chunk *chunk)
{
	return chunk->type == CHUNK_TEXT && chunk->raw == NULL;
}

static void
put_content(struct buf *out, const struct entry *entry)
{
	json_put_key(out, "content");
	if (entry->chunks.len == 0) {
		buf_puts(out, "\"\"");
	} else if (entry->chunks.len == 1 && is_plain_text(&entry->chunks.items[0])) {
		json_put_bytes(
		    out, entry->chunks.items[0].text.data, entry->chunks.items[0].text.len);
	} else {
		for (size_t i = 0; i < entry->chunks.len; i++) {
			buf_putc(out, i == 0 ? '[' : ',');
			wire_put_chunk(out, &entry->chunks.items[i]);
		}
		buf_putc(out, ']');
	}
}

static void
put_state(struct buf *out, const struct entry *entry)
{
	if (entry->state == ENTRY_COMPLETE)
		return;
	json_put_text(out, "causerie_state", wire_state_name(entry->state));
	json_put_text(out, "causerie_reason", entry->reason);
}

static bool
put_other_member(void *arg, const char *key, struct json_object *value)
{
	struct buf *out = arg;

	if (wire_is_mark(key))
		return true;
	json_put_key(out, key);
	json_write(out, value);
	return true;
}

/* As the server said it, but with our mark as it is now. */
static void
put_raw_entry(struct buf *out, const struct entry *entry)
{
	struct json_object *raw = json_parse(entry->raw, strlen(entry->raw));

	buf_putc(out, '{');
	json_each(raw, put_other_member, out);
	put_state(out, entry);
	buf_putc(out, '}');
	json_free(raw);
}

void
wire_put_entry(struct buf *out, const struct entry *entry)
{
	if (entry->raw != NULL) {
		put_raw_entry(out, entry);
		return;
	}
	buf_putc(out, '{');
	json_put_text(out, "object", "entry");
	json_put_text(out, "type", entry_type_name(entry));
	put_fields(out, entry, entry_fields, (int)entry->type);
	if (entry->created_at != NULL && entry->completed_at == NULL)
		json_put_raw(out, "completed_at", "null");
	if (entry->type == ENTRY_MESSAGE_INPUT || entry->type == ENTRY_MESSAGE_OUTPUT) {
		json_put_text(out, "role", entry->assistant ? "assistant" : "user");
		put_content(out, entry);
	}
	if (entry->type == ENTRY_MESSAGE_INPUT)
		json_put_raw(out, "prefix", entry->prefix ? "true" : "false");
	put_state(out, entry);
	buf_putc(out, '}');
}

/* What the server's object has and the model has not. */
static bool
put_unknown_member(void *arg, const char *key, struct json_object *value)
{
	struct buf *out = arg;

	if (strcmp(key, "object") == 0 || field_find(conversation_fields, key, 0) != NULL)
		return true;
	json_put_key(out, key);
	json_write(out, value);
	return true;
}

void
wire_put_conversation(struct buf *out, const struct conversation *conversation)
{
	struct json_object *raw = conversation->raw == NULL
				      ? NULL
				      : json_parse(conversation->raw, strlen(conversation->raw));

	buf_putc(out, '{');
	json_put_text(out, "object", "conversation");
	put_fields(out, conversation, conversation_fields, 0);
	json_each(raw, put_unknown_member, out);
	buf_putc(out, '}');
	json_free(raw);
}

void
wire_put_conversations(struct buf *out, struct conversation *const *conversations, size_t count)
{
	buf_putc(out, '[');
	for (size_t i = 0; i < count; i++) {
		if (i > 0)
			buf_putc(out, ',');
		wire_put_conversation(out, conversations[i]);
	}
	buf_putc(out, ']');
}

static void
put_entries(struct buf *out, const char *key, struct entry *const *entries, size_t count,
    bool messages_only)
{
	json_put_key(out, key);
	buf_putc(out, '[');
	for (size_t i = 0; i < count; i++) {
		if (messages_only && entries[i]->type != ENTRY_MESSAGE_INPUT &&
		    entries[i]->type != ENTRY_MESSAGE_OUTPUT)
			continue;
		if (out->data[out->len - 1] != '[')
			buf_putc(out, ',');
		wire_put_entry(out, entries[i]);
	}
	buf_putc(out, ']');
}

void
wire_put_history(
    struct buf *out, const char *conversation_id, struct entry *const *entries, size_t count)
{
	buf_puts(out, "{\"object\":\"conversation.history\"");
	json_put_text(out, "conversation_id", conversation_id);
	put_entries(out, "entries", entries, count, false);
	buf_putc(out, '}');
}

void
wire_put_messages(
    struct buf *out, const char *conversation_id, struct entry *const *entries, size_t count)
{
	buf_puts(out, "{\"object\":\"conversation.messages\"");
	json_put_text(out, "conversation_id", conversation_id);
	put_entries(out, "messages", entries, count, true);
	buf_putc(out, '}');
}

void
wire_put_usage(struct buf *out, const struct usage *usage)
{
	static const struct usage none;

	if (usage == NULL)
		usage = &none;
	json_put_key(out, "usage");
	buf_printf(out, "{\"prompt_tokens\":%lld,\"completion_tokens\":%lld,\"total_tokens\":%lld",
	    (long long)usage->prompt_tokens, (long long)usage->completion_tokens,
	    (long long)usage->total_tokens);
	if (usage->connector_tokens > 0 || usage->connectors != NULL)
		buf_printf(out, ",\"connector_tokens\":%lld", (long long)usage->connector_tokens);
	json_put_raw(out, "connectors", usage->connectors);
	buf_putc(out, '}');
}

void
wire_put_response(struct buf *out, const char *conversation_id, struct entry *const *outputs,
    size_t count, const struct usage *usage)
{
	buf_puts(out, "{\"object\":\"conversation.response\"");
	json_put_text(out, "conversation_id", conversation_id);
	put_entries(out, "outputs", outputs, count, false);
	wire_put_usage(out, usage);
	buf_puts(out, ",\"guardrails\":null}");
}

/* Events: the members behind type and created_at. */

static void
put_index(struct buf *out, const char *key, int index)
{
	json_put_key(out, key);
	buf_printf(out, "%d", index);
}

static void
put_place(struct buf *out, const struct event *event)
{
	put_index(out, "output_index", event->output_index);
	json_put_text(out, "id", event->entry_id);
	json_put_text(out, "model", event->model);
	json_put_text(out, "agent_id", event->agent_id);
}

static void
put_started(struct buf *out, const struct event *event)
{
	json_put_text(out, "conversation_id", event->conversation_id);
}

static void
put_delta(struct buf *out, const struct event *event)
{
	put_place(out, event);
	put_index(out, "content_index", event->chunk->index);
	json_put_text(out, "role", "assistant");
	json_put_key(out, "content");
	if (is_plain_text(event->chunk))
		json_put_bytes(out, event->chunk->text.data, event->chunk->text.len);
	else
		wire_put_chunk(out, event->chunk);
}

static void
put_arguments(struct buf *out, const struct event *event)
{
	json_put_key(out, "arguments");
	json_put_bytes(out, event->arguments == NULL ? "" : event->arguments,
	    event->arguments == NULL ? 0 : event->arguments_len);
}

static void
put_tool(struct buf *out, const struct event *event)
{
	put_place(out, event);
	json_put_text(out, "name", event->name);
	if (event->stage != STAGE_DONE)
		put_arguments(out, event);
	json_put_text(out, "function", event->function);
	json_put_raw(out, "info", event->info);
}

static void
put_call(struct buf *out, const struct event *event)
{
	put_place(out, event);
	json_put_text(out, "name", event->name);
	json_put_text(out, "tool_call_id", event->tool_call_id);
	put_arguments(out, event);
	json_put_text(out, "confirmation_status", event->confirmation);
}

static void
put_handoff(struct buf *out, const struct event *event)
{
	put_place(out, event);
	json_put_text(out, "previous_agent_id", event->previous_agent_id);
	json_put_text(out, "previous_agent_name", event->previous_agent_name);
	json_put_text(out, "next_agent_id", event->next_agent_id);
	json_put_text(out, "next_agent_name", event->next_agent_name);
}

static void
put_done(struct buf *out, const struct event *event)
{
	wire_put_usage(out, event->usage);
}

static void
put_failed(struct buf *out, const struct event *event)
{
	json_put_text(out, "message", event->error->text);
	/* The API's number for a failure it has no better one for. */
	put_index(out, "code", 3000);
}

static const struct {
	const char *names[3]; /* by stage; the first for those without */
	void (*put)(struct buf *, const struct event *);
} puts_event[] = {
    [EVENT_STARTED] = {{"conversation.response.started"}, put_started},
    [EVENT_CHUNK] = {{"message.output.delta"}, put_delta},
    [EVENT_TOOL] = {{"tool.execution.started", "tool.execution.delta", "tool.execution.done"},
	put_tool},
    [EVENT_CALL] = {{"function.call.delta"}, put_call},
    [EVENT_HANDOFF] = {{"agent.handoff.started", "agent.handoff.done", "agent.handoff.done"},
	put_handoff},
    [EVENT_DONE] = {{"conversation.response.done"}, put_done},
    [EVENT_FAILED] = {{"conversation.response.error"}, put_failed},
};

void
wire_put_event(struct buf *out, const struct event *event)
{
	bool staged = event->type == EVENT_TOOL || event->type == EVENT_HANDOFF;
	int stage = staged ? (int)event->stage : 0;

	if (event->type == EVENT_ENTRY) {
		wire_put_entry(out, event->entry);
		return;
	}
	if ((size_t)event->type >= sizeof(puts_event) / sizeof(puts_event[0]) ||
	    puts_event[event->type].put == NULL) {
		if (event->raw != NULL)
			wire_line(out, event->raw, event->raw_len);
		return;
	}
	buf_putc(out, '{');
	json_put_text(out, "type", puts_event[event->type].names[stage]);
	json_put_text(out, "created_at", event->created_at);
	puts_event[event->type].put(out, event);
	buf_putc(out, '}');
}
