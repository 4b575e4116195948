/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include "backend/wire-parts.h"

#include <string.h>

#define INPUT FIELD_BIT(ENTRY_MESSAGE_INPUT)
#define OUTPUT FIELD_BIT(ENTRY_MESSAGE_OUTPUT)
#define EXECUTION FIELD_BIT(ENTRY_TOOL_EXECUTION)
#define CALL FIELD_BIT(ENTRY_FUNCTION_CALL)
#define RESULT FIELD_BIT(ENTRY_FUNCTION_RESULT)
#define HANDOFF FIELD_BIT(ENTRY_AGENT_HANDOFF)
#define ANY (~0u)

#define ENTRY(field) offsetof(struct entry, field)

const struct field entry_fields[] = {
    {"created_at", FIELD_TEXT, ENTRY(created_at), ANY, 0},
    {"completed_at", FIELD_TEXT, ENTRY(completed_at), ANY, 0},
    {"model", FIELD_TEXT, ENTRY(model), ANY, 0},
    {"agent_id", FIELD_TEXT, ENTRY(agent_id), ANY, 0},
    {"id", FIELD_TEXT, ENTRY(id), ANY, 0},
    {"name", FIELD_TEXT, ENTRY(name), EXECUTION | CALL, EXECUTION | CALL},
    {"function", FIELD_TEXT, ENTRY(function), EXECUTION, 0},
    {"tool_call_id", FIELD_TEXT, ENTRY(tool_call_id), CALL | RESULT, CALL | RESULT},
    {"arguments", FIELD_BYTES, ENTRY(arguments), EXECUTION | CALL, EXECUTION | CALL},
    {"info", FIELD_OBJECT, ENTRY(info), EXECUTION, 0},
    {"confirmation_status", FIELD_TEXT, ENTRY(confirmation), CALL, 0},
    {"result", FIELD_WORDS, ENTRY(result), RESULT, RESULT},
    {"previous_agent_id", FIELD_TEXT, ENTRY(previous_agent_id), HANDOFF, HANDOFF},
    {"previous_agent_name", FIELD_TEXT, ENTRY(previous_agent_name), HANDOFF, HANDOFF},
    {"next_agent_id", FIELD_TEXT, ENTRY(next_agent_id), HANDOFF, HANDOFF},
    {"next_agent_name", FIELD_TEXT, ENTRY(next_agent_name), HANDOFF, HANDOFF},
    {NULL, 0, 0, 0, 0},
};

#define TEXT FIELD_BIT(CHUNK_TEXT)
#define THINKING FIELD_BIT(CHUNK_THINKING)
#define IMAGE FIELD_BIT(CHUNK_IMAGE_URL)
#define DOCUMENT FIELD_BIT(CHUNK_DOCUMENT_URL)
#define TOOL_FILE FIELD_BIT(CHUNK_TOOL_FILE)
#define TOOL_REFERENCE FIELD_BIT(CHUNK_TOOL_REFERENCE)
#define FILE_CHUNK FIELD_BIT(CHUNK_FILE)
#define AUDIO FIELD_BIT(CHUNK_INPUT_AUDIO)

#define CHUNK(field) offsetof(struct chunk, field)

/* The words of thinking are in a list of chunks: wire-read.c and wire-write.c see to them. */
const struct field chunk_fields[] = {
    {"text", FIELD_WORDS, CHUNK(text), TEXT, TEXT},
    {"image_url", FIELD_WORDS, CHUNK(text), IMAGE, IMAGE},
    {"document_url", FIELD_WORDS, CHUNK(text), DOCUMENT, DOCUMENT},
    {"input_audio", FIELD_WORDS, CHUNK(text), AUDIO, AUDIO},
    {"document_name", FIELD_TEXT, CHUNK(file_name), DOCUMENT, 0},
    {"signature", FIELD_TEXT, CHUNK(signature), THINKING, 0},
    {"tool", FIELD_TEXT, CHUNK(tool), TOOL_FILE | TOOL_REFERENCE, TOOL_FILE},
    {"title", FIELD_TEXT, CHUNK(title), TOOL_REFERENCE, 0},
    {"url", FIELD_TEXT, CHUNK(url), TOOL_REFERENCE, 0},
    {"favicon", FIELD_TEXT, CHUNK(favicon), TOOL_REFERENCE, 0},
    {"description", FIELD_TEXT, CHUNK(description), TOOL_REFERENCE, 0},
    {"file_id", FIELD_TEXT, CHUNK(file_id), TOOL_FILE | FILE_CHUNK, TOOL_FILE | FILE_CHUNK},
    {"file_name", FIELD_TEXT, CHUNK(file_name), TOOL_FILE, 0},
    {"file_type", FIELD_TEXT, CHUNK(file_type), TOOL_FILE, 0},
    {NULL, 0, 0, 0, 0},
};

#define CONVERSATION(field) offsetof(struct conversation, field)

const struct field conversation_fields[] = {
    {"id", FIELD_TEXT, CONVERSATION(id), ANY, ANY},
    {"created_at", FIELD_TEXT, CONVERSATION(created_at), ANY, 0},
    {"updated_at", FIELD_TEXT, CONVERSATION(updated_at), ANY, 0},
    {"name", FIELD_TEXT, CONVERSATION(name), ANY, 0},
    {"description", FIELD_TEXT, CONVERSATION(description), ANY, 0},
    {"metadata", FIELD_OBJECT, CONVERSATION(metadata), ANY, 0},
    {"model", FIELD_TEXT, CONVERSATION(model), ANY, 0},
    {"agent_id", FIELD_TEXT, CONVERSATION(agent_id), ANY, 0},
    {"agent_version", FIELD_VERSION, CONVERSATION(agent_version), ANY, 0},
    {"instructions", FIELD_TEXT, CONVERSATION(instructions), ANY, 0},
    {"tools", FIELD_LIST, CONVERSATION(tools), ANY, 0},
    {"completion_args", FIELD_OBJECT, CONVERSATION(completion_args), ANY, 0},
    {"guardrails", FIELD_LIST, CONVERSATION(guardrails), ANY, 0},
    {NULL, 0, 0, 0, 0},
};

const struct field *
field_find(const struct field *table, const char *key, int type)
{
	for (; table->key != NULL; table++)
		if ((table->types & FIELD_BIT(type)) && strcmp(table->key, key) == 0)
			return table;
	return NULL;
}
