/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include "backend/wire-chat.h"

#include <stdlib.h>
#include <string.h>

#include "backend/wire-json.h"
#include "backend/wire-parts.h"
#include "backend/wire.h"
#include "base/array.h"
#include "base/buf.h"
#include "base/error.h"
#include "base/i18n.h"
#include "model/conversation.h"
#include "model/turn.h"

enum role {
	ROLE_SYSTEM,
	ROLE_USER,
	ROLE_ASSISTANT,
	ROLE_TOOL,
};

static const char *const roles[] = {"system", "user", "assistant", "tool"};

struct message {
	enum role role;
	struct buf text;  /* what is not in parts yet */
	struct buf parts; /* JSON, with commas between; empty: the text is all */
	struct buf calls; /* the same */
	const char *call_id;
	bool prefix;
};

struct chat {
	const struct conversation *conversation;
	ARRAY(struct message) messages;
};

static struct message *
last_message(struct chat *chat)
{
	return chat->messages.len == 0 ? NULL : &chat->messages.items[chat->messages.len - 1];
}

static struct message *
new_message(struct chat *chat, enum role role)
{
	struct message message = {.role = role};

	buf_init(&message.text, 0);
	buf_init(&message.parts, 0);
	buf_init(&message.calls, 0);
	array_push(&chat->messages, message);
	return last_message(chat);
}

/*
 * Where more of a role goes. The templates of many models refuse two messages
 * of one role in a row, so they are joined; and some, Mistral's among them, a
 * user behind a tool, which an answer that never came leaves behind.
 */
static struct message *
message_for(struct chat *chat, enum role role)
{
	struct message *last = last_message(chat);

	if (last != NULL && last->role == role && role != ROLE_TOOL)
		return last;
	if (last != NULL && last->role == ROLE_TOOL && role == ROLE_USER)
		buf_puts(&new_message(chat, ROLE_ASSISTANT)->text, "…");
	return new_message(chat, role);
}

static void
flush_text(struct message *message)
{
	if (message->text.len == 0)
		return;
	if (message->parts.len > 0)
		buf_putc(&message->parts, ',');
	buf_puts(&message->parts, "{\"type\":\"text\",\"text\":");
	json_put_bytes(&message->parts, message->text.data, message->text.len);
	buf_putc(&message->parts, '}');
	buf_clear(&message->text);
}

static void
begin_paragraph(struct message *message)
{
	if (message->text.len > 0)
		buf_puts(&message->text, "\n\n");
}

static void
add_part(struct message *message, const struct chunk *chunk)
{
	flush_text(message);
	if (message->parts.len > 0)
		buf_putc(&message->parts, ',');
	/* Here an image is always an object. */
	if (chunk->type == CHUNK_IMAGE_URL && chunk->raw == NULL) {
		buf_puts(&message->parts, "{\"type\":\"image_url\",\"image_url\":{\"url\":");
		json_put_bytes(&message->parts, chunk->text.data, chunk->text.len);
		buf_puts(&message->parts, "}}");
	} else {
		wire_put_chunk(&message->parts, chunk);
	}
}

static void
add_prompt(struct chat *chat, const struct entry *entry)
{
	struct message *message = message_for(chat, ROLE_USER);

	begin_paragraph(message);
	for (size_t i = 0; i < entry->chunks.len; i++) {
		const struct chunk *chunk = &entry->chunks.items[i];

		switch (chunk->type) {
		case CHUNK_TEXT:
			buf_add(&message->text, chunk->text.data, chunk->text.len);
			break;
		case CHUNK_IMAGE_URL:
		case CHUNK_DOCUMENT_URL:
		case CHUNK_FILE:
		case CHUNK_INPUT_AUDIO:
			add_part(message, chunk);
			break;
		default:
			break;
		}
	}
}

static void
add_answer(struct chat *chat, const struct entry *entry)
{
	struct message *message;
	struct buf text;

	buf_init(&text, 0);
	entry_text(entry, &text);
	/* An assistant that says nothing is refused, for good. */
	if (text.len > 0) {
		message = message_for(chat, ROLE_ASSISTANT);
		begin_paragraph(message);
		buf_add(&message->text, text.data, text.len);
		message->prefix = entry->prefix;
	}
	buf_done(&text);
}

static bool
is_of_call(const struct entry *entry, enum entry_type type, const char *call_id)
{
	return entry->type == type && entry->tool_call_id != NULL && call_id != NULL &&
	       strcmp(entry->tool_call_id, call_id) == 0;
}

static bool
has_entry(
    const struct chat *chat, enum entry_type type, const char *call_id, size_t from, size_t to)
{
	for (size_t i = from; i < to; i++)
		if (is_of_call(chat->conversation->entries.items[i], type, call_id))
			return true;
	return false;
}

static void
add_call(struct chat *chat, const struct entry *entry)
{
	struct buf *calls = &message_for(chat, ROLE_ASSISTANT)->calls;

	if (calls->len > 0)
		buf_putc(calls, ',');
	buf_putc(calls, '{');
	json_put_text(calls, "id", entry->tool_call_id);
	json_put_text(calls, "type", "function");
	json_put_key(calls, "function");
	buf_putc(calls, '{');
	json_put_text(calls, "name", entry->name == NULL ? "" : entry->name);
	json_put_key(calls, "arguments");
	if (entry->arguments.len > 0)
		json_put_bytes(calls, entry->arguments.data, entry->arguments.len);
	else
		buf_puts(calls, "\"{}\"");
	buf_puts(calls, "}}");
}

static void
add_result(struct chat *chat, const struct entry *entry)
{
	struct message *message = new_message(chat, ROLE_TOOL);

	buf_add(&message->text, entry->result.data, entry->result.len);
	message->call_id = entry->tool_call_id;
}

static void
add_entry(struct chat *chat, size_t at)
{
	const struct entry *entry = chat->conversation->entries.items[at];
	const char *id = entry->tool_call_id;
	size_t count = chat->conversation->entries.len;

	switch (entry->type) {
	case ENTRY_MESSAGE_INPUT:
		if (entry->assistant)
			add_answer(chat, entry);
		else
			add_prompt(chat, entry);
		break;
	case ENTRY_MESSAGE_OUTPUT:
		add_answer(chat, entry);
		break;
	case ENTRY_FUNCTION_CALL:
		/* A branch may begin between a call and its result. */
		if (has_entry(chat, ENTRY_FUNCTION_RESULT, id, at + 1, count))
			add_call(chat, entry);
		break;
	case ENTRY_FUNCTION_RESULT:
		if (has_entry(chat, ENTRY_FUNCTION_CALL, id, 0, at) &&
		    !has_entry(chat, ENTRY_FUNCTION_RESULT, id, 0, at))
			add_result(chat, entry);
		break;
	default:
		break;
	}
}

static void
put_message(struct buf *out, struct message *message, bool last)
{
	buf_putc(out, '{');
	json_put_text(out, "role", roles[message->role]);
	json_put_key(out, "content");
	if (message->parts.len == 0) {
		json_put_bytes(out, message->text.data, message->text.len);
	} else {
		flush_text(message);
		buf_putc(out, '[');
		buf_add(out, message->parts.data, message->parts.len);
		buf_putc(out, ']');
	}
	if (message->calls.len > 0) {
		json_put_key(out, "tool_calls");
		buf_putc(out, '[');
		buf_add(out, message->calls.data, message->calls.len);
		buf_putc(out, ']');
	}
	json_put_text(out, "tool_call_id", message->call_id);
	if (message->prefix && last)
		json_put_raw(out, "prefix", "true");
	buf_putc(out, '}');
}

static void
put_messages(struct buf *out, const struct conversation *conversation)
{
	struct chat chat = {.conversation = conversation};
	const char *instructions = conversation->instructions;

	if (instructions != NULL && instructions[0] != '\0')
		buf_puts(&new_message(&chat, ROLE_SYSTEM)->text, instructions);
	for (size_t i = 0; i < conversation->entries.len; i++)
		add_entry(&chat, i);
	json_put_key(out, "messages");
	buf_putc(out, '[');
	for (size_t i = 0; i < chat.messages.len; i++) {
		struct message *message = &chat.messages.items[i];

		if (i > 0)
			buf_putc(out, ',');
		put_message(out, message, i + 1 == chat.messages.len);
		buf_done(&message->text);
		buf_done(&message->parts);
		buf_done(&message->calls);
	}
	buf_putc(out, ']');
	array_done(&chat.messages);
}

/* Functions; nothing if there are none. */
static bool
put_tools(struct buf *out, const char *json, bool *some, struct error *err)
{
	struct json_object *tools = json == NULL ? NULL : json_parse(json, strlen(json));
	bool good = true;

	if (json != NULL && !json_is_list(tools))
		good = error_set(err, ERR_USAGE, _("\"%s\" must be a JSON array."), "tools");
	*some = false;
	for (size_t i = 0; i < json_length(tools) && good; i++) {
		struct json_object *function = json_member(json_item(tools, i), "function");
		const char *type = json_text_member(json_item(tools, i), "type");

		if (type == NULL || strcmp(type, "function") != 0 || function == NULL) {
			good = error_set(err, ERR_USAGE,
			    _("The tool \"%s\" runs on Mistral's servers and cannot be used on "
			      "this connection."),
			    type == NULL ? "?" : type);
			break;
		}
		if (!*some)
			json_put_key(out, "tools");
		buf_puts(out, *some ? "," : "[");
		buf_puts(out, "{\"type\":\"function\",\"function\":");
		json_write(out, function);
		buf_putc(out, '}');
		*some = true;
	}
	if (*some)
		buf_putc(out, ']');
	json_free(tools);
	return good;
}

struct arguments {
	struct buf *out;
	struct json_object *above; /* those of the turn, which hide the conversation's */
	bool mistral, tools;
};

static bool
put_argument(void *arg, const char *key, struct json_object *value)
{
	static const char *const ours[] = {
	    "model", "messages", "tools", "stream", "stream_options", "n"};
	struct arguments *arguments = arg;
	const char *word;

	if (value == NULL || json_member(arguments->above, key) != NULL)
		return true;
	for (size_t i = 0; i < sizeof(ours) / sizeof(ours[0]); i++)
		if (strcmp(key, ours[i]) == 0)
			return true;
	if (strcmp(key, "tool_choice") == 0) {
		if (!arguments->tools)
			return true;
		word = json_text(value);
		if (!arguments->mistral && word != NULL && strcmp(word, "any") == 0) {
			json_put_text(arguments->out, key, "required");
			return true;
		}
	}
	if (strcmp(key, "random_seed") == 0 && !arguments->mistral)
		key = "seed";
	json_put_key(arguments->out, key);
	json_write(arguments->out, value);
	return true;
}

static bool
put_arguments(struct buf *out, const struct conversation *conversation, const struct turn *turn,
    bool mistral, bool tools, struct error *err)
{
	const char *below = conversation->completion_args, *above = turn->completion_args;
	struct arguments arguments = {.out = out, .mistral = mistral, .tools = tools};
	struct json_object *base;

	if ((below != NULL && !wire_is_object(below)) || (above != NULL && !wire_is_object(above)))
		return error_set(
		    err, ERR_USAGE, _("\"%s\" must be a JSON object."), "completion_args");
	base = below == NULL ? NULL : json_parse(below, strlen(below));
	arguments.above = above == NULL ? NULL : json_parse(above, strlen(above));
	json_each(base, put_argument, &arguments);
	json_free(base);
	base = arguments.above;
	arguments.above = NULL;
	json_each(base, put_argument, &arguments);
	json_free(base);
	return true;
}

static bool
put_guardrails(struct buf *out, const struct conversation *conversation, const struct turn *turn,
    bool mistral, struct error *err)
{
	const char *guardrails =
	    turn->guardrails != NULL ? turn->guardrails : conversation->guardrails;

	if (guardrails == NULL)
		return true;
	if (!mistral)
		return error_set(
		    err, ERR_USAGE, _("Guardrails are only available on Mistral's servers."));
	json_put_raw(out, "guardrails", guardrails);
	return true;
}

bool
wire_chat_body(const struct conversation *conversation, const struct turn *turn, bool mistral,
    struct buf *out, size_t *bare, struct error *err)
{
	bool tools;

	if (conversation->model == NULL)
		return error_set(err, ERR_USAGE,
		    conversation->agent_id != NULL
			? _("Agents of a server cannot be used on this connection, only models.")
			: _("No model is named to answer on this connection."));
	buf_putc(out, '{');
	json_put_text(out, "model", conversation->model);
	put_messages(out, conversation);
	if (!put_tools(out, conversation->tools, &tools, err) ||
	    !put_arguments(out, conversation, turn, mistral, tools, err) ||
	    !put_guardrails(out, conversation, turn, mistral, err))
		return false;
	json_put_raw(out, "stream", turn->stream ? "true" : "false");
	*bare = out->len;
	if (turn->stream && !mistral)
		buf_puts(out, ",\"stream_options\":{\"include_usage\":true}");
	buf_putc(out, '}');
	return true;
}
