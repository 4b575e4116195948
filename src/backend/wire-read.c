/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include "backend/wire.h"

#include <stdlib.h>
#include <string.h>

#include "backend/wire-json.h"
#include "backend/wire-parts.h"
#include "base/log.h"
#include "base/mem.h"

#define MAX_TOKENS INT64_C(1000000000000000)

/* Puts a member where its field says; false if it is of another type. */
bool
wire_take_field(void *into, const struct field *field, struct json_object *value)
{
	char *base = (char *)into + field->offset;
	struct buf *words = (struct buf *)base;
	const char *text;
	size_t len;
	char *dump;

	switch (field->kind) {
	case FIELD_TEXT:
		text = json_text(value);
		break;
	case FIELD_VERSION:
		text = json_text(value);
		if (text != NULL || !json_is_integer(value))
			break;
		/* fall through */
	case FIELD_OBJECT:
	case FIELD_LIST:
		if (field->kind != FIELD_VERSION &&
		    !(field->kind == FIELD_LIST ? json_is_list(value) : json_is_object(value)))
			return false;
		dump = json_dump(value);
		free(*(char **)base);
		*(char **)base = dump;
		return true;
	default:
		text = json_bytes(value, &len);
		if (text == NULL && field->kind == FIELD_BYTES) {
			buf_clear(words);
			json_write(words, value);
			return true;
		}
		if (text != NULL) {
			buf_clear(words);
			buf_add(words, text, len);
		}
		return text != NULL;
	}
	if (text != NULL)
		xreplace((char **)base, text);
	return text != NULL;
}

/* Chunks. */

struct chunk_reader {
	struct chunk *chunk;
	bool whole;    /* it stands in an entry, not in a piece of a stream */
	bool lossy;    /* the model has no place for something */
	bool wordless; /* text or thinking without any */
};

/* Thinking is a list of chunks; only the words of those that are text have a place. */
static void
take_thinking(struct chunk_reader *reader, struct json_object *value)
{
	struct buf *words = &reader->chunk->text;
	const char *text;
	size_t len;

	text = json_bytes(value, &len);
	if (text != NULL) {
		buf_add(words, text, len);
		return;
	}
	reader->wordless = !json_is_list(value);
	for (size_t i = 0; i < json_length(value); i++) {
		struct json_object *item = json_item(value, i);
		const char *type = json_text_member(item, "type");

		text = json_bytes(item, &len);
		if (text == NULL && (type == NULL || strcmp(type, "text") == 0))
			text = json_bytes(json_member(item, "text"), &len);
		if (text != NULL)
			buf_add(words, text, len);
		else if (item != NULL)
			reader->lossy = true;
	}
}

/*
 * An unknown member of a piece of text or thinking is let go: every piece
 * would have it, and the pieces could not be joined any more.
 */
static void
take_unknown(struct chunk_reader *reader, const char *key)
{
	enum chunk_type type = reader->chunk->type;

	log_debug("chunk %s: cannot keep \"%.40s\"", chunk_type_name(type), key);
	if (reader->whole || (type != CHUNK_TEXT && type != CHUNK_THINKING))
		reader->lossy = true;
}

static bool
take_chunk_member(void *arg, const char *key, struct json_object *value)
{
	struct chunk_reader *reader = arg;
	struct chunk *chunk = reader->chunk;
	const struct field *field = field_find(chunk_fields, key, (int)chunk->type);
	bool closed;

	if (value == NULL || strcmp(key, "type") == 0)
		return true;
	if (chunk->type == CHUNK_THINKING && strcmp(key, "thinking") == 0) {
		take_thinking(reader, value);
	} else if (chunk->type == CHUNK_THINKING && strcmp(key, "closed") == 0) {
		if (!json_is_bool(value, &closed) || !closed)
			take_unknown(reader, key);
	} else if (field == NULL) {
		take_unknown(reader, key);
	} else if (!wire_take_field(chunk, field, value)) {
		if (field->kind == FIELD_WORDS) {
			const char *url = json_text_member(value, "url");

			if (url != NULL && chunk->type == CHUNK_IMAGE_URL)
				buf_puts(&chunk->text, url);
			reader->lossy = true;
			reader->wordless = chunk->type == CHUNK_TEXT;
		} else {
			take_unknown(reader, key);
		}
	}
	return true;
}

void
wire_take_chunk(struct chunk *chunk, int index, bool whole, struct json_object *value)
{
	struct chunk_reader reader = {.chunk = chunk, .whole = whole};
	const char *type = json_text_member(value, "type"), *text;
	size_t len;

	*chunk = (struct chunk){.type = CHUNK_TEXT, .index = index, .text = BUF_EMPTY};
	text = json_bytes(value, &len);
	if (text != NULL) {
		buf_add(&chunk->text, text, len);
		return;
	}
	if (type != NULL)
		chunk->type = chunk_type_of(type);
	else if (json_member(value, "text") == NULL)
		chunk->type = CHUNK_UNKNOWN;
	json_each(value, take_chunk_member, &reader);
	if (reader.wordless)
		chunk->type = CHUNK_UNKNOWN;
	if (reader.lossy || chunk->type == CHUNK_UNKNOWN)
		chunk->raw = json_dump(value);
}

/* Entries. */

struct entry_reader {
	struct entry *entry;
	bool lossy;
};

static bool
take_content(struct entry *entry, struct json_object *content)
{
	size_t count = json_is_list(content) ? json_length(content) : 1, len;
	struct chunk chunk;

	if (!json_is_list(content) && !json_is_object(content) && json_bytes(content, &len) == NULL)
		return false;
	for (size_t i = 0; i < count && i < WIRE_MAX_INDEX; i++) {
		struct json_object *item = json_is_list(content) ? json_item(content, i) : content;

		if (item == NULL)
			continue;
		wire_take_chunk(&chunk, (int)i, true, item);
		entry_add_chunk(entry, &chunk);
	}
	return true;
}

static bool
take_role(struct entry *entry, struct json_object *value)
{
	const char *role = json_text(value);

	if (role == NULL || (strcmp(role, "assistant") != 0 && strcmp(role, "user") != 0))
		return false;
	if (entry->type == ENTRY_MESSAGE_OUTPUT)
		return strcmp(role, "assistant") == 0;
	entry->assistant = strcmp(role, "assistant") == 0;
	return true;
}

static const char *const states[] = {
    [ENTRY_UNSENT] = "unsent",
    [ENTRY_SENDING] = "sending",
    [ENTRY_STREAMING] = "streaming",
    [ENTRY_INTERRUPTED] = "interrupted",
};

const char *
wire_state_name(enum entry_state state)
{
	return states[state];
}

static void
take_state(struct entry *entry, struct json_object *value)
{
	const char *name = json_text(value);

	for (int i = ENTRY_UNSENT; name != NULL && i <= ENTRY_INTERRUPTED; i++)
		if (strcmp(states[i], name) == 0)
			entry->state = (enum entry_state)i;
}

bool
wire_is_mark(const char *key)
{
	return strcmp(key, "causerie_state") == 0 || strcmp(key, "causerie_reason") == 0 ||
	       strcmp(key, "causerie_own_id") == 0;
}

/* They are written anew from the entry, so one that says nothing is no loss. */
static void
take_mark(struct entry *entry, const char *key, struct json_object *value)
{
	if (strcmp(key, "causerie_state") == 0)
		take_state(entry, value);
	else if (strcmp(key, "causerie_reason") == 0)
		xreplace(&entry->reason, json_text(value));
	else
		json_is_bool(value, &entry->own_id);
}

/* Members that are no plain field; false if there is no such, or of another type. */
static bool
take_special(struct entry *entry, const char *key, struct json_object *value)
{
	bool message = entry->type == ENTRY_MESSAGE_INPUT || entry->type == ENTRY_MESSAGE_OUTPUT;

	if (strcmp(key, "object") == 0 || strcmp(key, "type") == 0)
		return true;
	if (wire_is_mark(key)) {
		take_mark(entry, key, value);
		return true;
	}
	if (message && strcmp(key, "role") == 0)
		return take_role(entry, value);
	if (message && strcmp(key, "content") == 0)
		return take_content(entry, value);
	if (entry->type == ENTRY_MESSAGE_INPUT && strcmp(key, "prefix") == 0)
		return json_is_bool(value, &entry->prefix);
	return false;
}

static bool
take_entry_member(void *arg, const char *key, struct json_object *value)
{
	struct entry_reader *reader = arg;
	const struct field *field = field_find(entry_fields, key, (int)reader->entry->type);

	if (value == NULL)
		return true;
	if (field != NULL ? wire_take_field(reader->entry, field, value)
			  : take_special(reader->entry, key, value))
		return true;
	log_debug("entry %s: cannot keep \"%.40s\"", entry_type_name(reader->entry), key);
	reader->lossy = true;
	return true;
}

/* The type of an entry that does not name it, which the schema permits. */
static enum entry_type
guess_type(struct json_object *value)
{
	const char *role = json_text_member(value, "role");

	if (json_member(value, "content") != NULL)
		return role != NULL && strcmp(role, "user") == 0 ? ENTRY_MESSAGE_INPUT
								 : ENTRY_MESSAGE_OUTPUT;
	if (json_member(value, "tool_call_id") != NULL)
		return json_member(value, "result") != NULL ? ENTRY_FUNCTION_RESULT
							    : ENTRY_FUNCTION_CALL;
	if (json_member(value, "next_agent_id") != NULL)
		return ENTRY_AGENT_HANDOFF;
	if (json_member(value, "name") != NULL && json_member(value, "arguments") != NULL)
		return ENTRY_TOOL_EXECUTION;
	return ENTRY_UNKNOWN;
}

struct entry *
wire_take_entry(struct json_object *value)
{
	const char *type = json_text_member(value, "type");
	struct entry_reader reader = {0};

	if (!json_is_object(value))
		return NULL;
	reader.entry = entry_new(type != NULL ? entry_type_of(type) : guess_type(value));
	if (reader.entry->type == ENTRY_UNKNOWN)
		reader.entry->type_name = xstrdup(type);
	json_each(value, take_entry_member, &reader);
	if (reader.lossy || reader.entry->type == ENTRY_UNKNOWN)
		reader.entry->raw = json_dump(value);
	return reader.entry;
}

struct entry *
wire_read_entry(const char *json, size_t len)
{
	struct json_object *value = json_parse(json, len);
	struct entry *entry = wire_take_entry(value);

	json_free(value);
	return entry;
}

bool
wire_take_usage(struct json_object *value, struct usage *usage)
{
	struct json_object *from = json_member(value, "usage");
	struct json_object *connectors = json_member(from, "connectors");

	*usage = (struct usage){0};
	if (!json_is_object(from))
		return false;
	usage->prompt_tokens = json_number(json_member(from, "prompt_tokens"), MAX_TOKENS, 0);
	usage->completion_tokens =
	    json_number(json_member(from, "completion_tokens"), MAX_TOKENS, 0);
	usage->total_tokens = json_number(json_member(from, "total_tokens"), MAX_TOKENS,
	    usage->prompt_tokens + usage->completion_tokens);
	usage->connector_tokens = json_number(json_member(from, "connector_tokens"), MAX_TOKENS, 0);
	if (json_is_object(connectors))
		usage->connectors = json_dump(connectors);
	return true;
}
