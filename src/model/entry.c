/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include "model/entry.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

static const char *const entry_types[] = {
    [ENTRY_MESSAGE_INPUT] = "message.input",
    [ENTRY_MESSAGE_OUTPUT] = "message.output",
    [ENTRY_TOOL_EXECUTION] = "tool.execution",
    [ENTRY_FUNCTION_CALL] = "function.call",
    [ENTRY_FUNCTION_RESULT] = "function.result",
    [ENTRY_AGENT_HANDOFF] = "agent.handoff",
};

static const char *const chunk_types[] = {
    [CHUNK_TEXT] = "text",
    [CHUNK_THINKING] = "thinking",
    [CHUNK_IMAGE_URL] = "image_url",
    [CHUNK_DOCUMENT_URL] = "document_url",
    [CHUNK_TOOL_FILE] = "tool_file",
    [CHUNK_TOOL_REFERENCE] = "tool_reference",
    [CHUNK_REFERENCE] = "reference",
    [CHUNK_FILE] = "file",
    [CHUNK_INPUT_AUDIO] = "input_audio",
};

/* Every string of an entry and of a chunk, so that copying and freeing cannot miss one. */
#define ENTRY_STRINGS(X)                                                                        \
	X(id)                                                                                   \
	X(type_name)                                                                            \
	X(reason) X(created_at) X(completed_at) X(agent_id) X(model) X(name) X(function)        \
	    X(tool_call_id) X(info) X(confirmation) X(previous_agent_id) X(previous_agent_name) \
		X(next_agent_id) X(next_agent_name) X(raw)

#define CHUNK_STRINGS(X) \
	X(tool)          \
	X(title)         \
	X(url) X(favicon) X(description) X(file_id) X(file_name) X(file_type) X(signature) X(raw)

struct entry *
entry_new(enum entry_type type)
{
	struct entry *entry = xcalloc(1, sizeof(*entry));

	entry->type = type;
	entry->assistant = type == ENTRY_MESSAGE_OUTPUT;
	buf_init(&entry->arguments, 0);
	buf_init(&entry->result, 0);
	return entry;
}

void
entry_free(struct entry *entry)
{
	if (entry == NULL)
		return;
	for (size_t i = 0; i < entry->chunks.len; i++)
		chunk_done(&entry->chunks.items[i]);
	array_done(&entry->chunks);
	buf_done(&entry->arguments);
	buf_done(&entry->result);
#define X(field) free(entry->field);
	ENTRY_STRINGS(X)
#undef X
	free(entry);
}

void
chunk_done(struct chunk *chunk)
{
	buf_done(&chunk->text);
#define X(field) free(chunk->field);
	CHUNK_STRINGS(X)
#undef X
	*chunk = (struct chunk){.text = BUF_EMPTY};
}

static struct chunk
copy_chunk(const struct chunk *from)
{
	struct chunk to = *from;

	buf_init(&to.text, from->text.max);
	buf_add(&to.text, from->text.data, from->text.len);
#define X(field) to.field = xstrdup(from->field);
	CHUNK_STRINGS(X)
#undef X
	return to;
}

struct entry *
entry_copy(const struct entry *from)
{
	struct entry *to = xmalloc(sizeof(*to));

	*to = *from;
	buf_init(&to->arguments, from->arguments.max);
	buf_add(&to->arguments, from->arguments.data, from->arguments.len);
	buf_init(&to->result, from->result.max);
	buf_add(&to->result, from->result.data, from->result.len);
	memset(&to->chunks, 0, sizeof(to->chunks));
	for (size_t i = 0; i < from->chunks.len; i++)
		array_push(&to->chunks, copy_chunk(&from->chunks.items[i]));
#define X(field) to->field = xstrdup(from->field);
	ENTRY_STRINGS(X)
#undef X
	return to;
}

struct entry *
entry_new_input(const char *text, size_t len)
{
	struct entry *entry = entry_new(ENTRY_MESSAGE_INPUT);

	buf_add(&entry_chunk(entry, 0, CHUNK_TEXT)->text, text, len);
	return entry;
}

const char *
entry_type_name(const struct entry *entry)
{
	if (entry->type == ENTRY_UNKNOWN)
		return entry->type_name != NULL ? entry->type_name : "unknown";
	return entry_types[entry->type];
}

enum entry_type
entry_type_of(const char *name)
{
	for (int i = 0; i < ENTRY_UNKNOWN; i++)
		if (strcmp(entry_types[i], name) == 0)
			return (enum entry_type)i;
	return ENTRY_UNKNOWN;
}

const char *
chunk_type_name(enum chunk_type type)
{
	return type == CHUNK_UNKNOWN ? "unknown" : chunk_types[type];
}

enum chunk_type
chunk_type_of(const char *name)
{
	for (int i = 0; i < CHUNK_UNKNOWN; i++)
		if (strcmp(chunk_types[i], name) == 0)
			return (enum chunk_type)i;
	return CHUNK_UNKNOWN;
}

/* Where a chunk of that index belongs: behind all with a smaller or the same one. */
static size_t
chunk_place(const struct entry *entry, int index)
{
	size_t at = entry->chunks.len;

	while (at > 0 && entry->chunks.items[at - 1].index > index)
		at--;
	return at;
}

struct chunk *
entry_chunk(struct entry *entry, int index, enum chunk_type type)
{
	size_t at = chunk_place(entry, index);
	struct chunk made = {.type = type, .index = index};

	for (size_t i = at; i > 0 && entry->chunks.items[i - 1].index == index; i--)
		if (entry->chunks.items[i - 1].type == type &&
		    entry->chunks.items[i - 1].raw == NULL)
			return &entry->chunks.items[i - 1];
	buf_init(&made.text, 0);
	array_insert(&entry->chunks, at, made);
	return &entry->chunks.items[at];
}

static bool
is_words(enum chunk_type type)
{
	return type == CHUNK_TEXT || type == CHUNK_THINKING;
}

void
entry_add_chunk(struct entry *entry, struct chunk *from)
{
	size_t at = chunk_place(entry, from->index);
	struct chunk *to;

	if (is_words(from->type) && from->raw == NULL) {
		to = entry_chunk(entry, from->index, from->type);
		buf_add(&to->text, from->text.data, from->text.len);
		if (from->signature != NULL)
			xreplace(&to->signature, from->signature);
		chunk_done(from);
		return;
	}
	array_insert(&entry->chunks, at, *from);
	*from = (struct chunk){.text = BUF_EMPTY};
}

static void
join(const struct entry *entry, enum chunk_type type, struct buf *out)
{
	for (size_t i = 0; i < entry->chunks.len; i++)
		if (entry->chunks.items[i].type == type)
			buf_add(
			    out, entry->chunks.items[i].text.data, entry->chunks.items[i].text.len);
}

void
entry_text(const struct entry *entry, struct buf *out)
{
	join(entry, CHUNK_TEXT, out);
}

void
entry_thinking(const struct entry *entry, struct buf *out)
{
	join(entry, CHUNK_THINKING, out);
}

bool
entry_is_prompt(const struct entry *entry)
{
	return entry->type == ENTRY_MESSAGE_INPUT && !entry->assistant;
}

bool
entry_is_tool(enum entry_type type)
{
	return type == ENTRY_TOOL_EXECUTION || type == ENTRY_FUNCTION_CALL ||
	       type == ENTRY_FUNCTION_RESULT;
}
