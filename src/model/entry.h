/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef MODEL_ENTRY_H
#define MODEL_ENTRY_H

/*
 * Entries: one thing said or done in a conversation, in the shapes of the
 * Conversations API (schemas MessageInputEntry, MessageOutputEntry,
 * ToolExecutionEntry, FunctionCallEntry, FunctionResultEntry,
 * AgentHandoffEntry), and the chunks their content is made of.
 *
 * An entry owns everything it points to. All text is valid UTF-8 but not
 * sanitised: it can hold any control character. NULL means absent.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/array.h"
#include "base/buf.h"

enum entry_type {
	ENTRY_MESSAGE_INPUT,
	ENTRY_MESSAGE_OUTPUT,
	ENTRY_TOOL_EXECUTION,
	ENTRY_FUNCTION_CALL,
	ENTRY_FUNCTION_RESULT,
	ENTRY_AGENT_HANDOFF,
	ENTRY_UNKNOWN, /* a type newer than this program: see raw */
};

enum entry_state {
	ENTRY_COMPLETE,
	ENTRY_UNSENT,	   /* ours, kept here, certainly not with the server */
	ENTRY_SENDING,	   /* ours, its request is under way: the server may have it */
	ENTRY_STREAMING,   /* theirs, growing */
	ENTRY_INTERRUPTED, /* theirs, ended early; or ours, with nobody knowing whether it arrived */
};

enum chunk_type {
	CHUNK_TEXT,
	CHUNK_THINKING,
	CHUNK_IMAGE_URL,
	CHUNK_DOCUMENT_URL,
	CHUNK_TOOL_FILE,
	CHUNK_TOOL_REFERENCE,
	CHUNK_REFERENCE,
	CHUNK_FILE,
	CHUNK_INPUT_AUDIO,
	CHUNK_UNKNOWN, /* see raw */
};

/* Which fields are used depends on the type; section 4 of the API's schemas. */
struct chunk {
	enum chunk_type type;
	int index;	/* content_index of its stream events; its place otherwise */
	struct buf text; /* text, thinking: the words; *_url, input_audio: the URL or data */
	char *tool, *title, *url, *favicon, *description; /* tool_file, tool_reference */
	char *file_id, *file_name, *file_type;		  /* tool_file, file; document_url: its name */
	char *signature;				  /* thinking */
	char *raw; /* its JSON, when the fields above do not say it all */
	size_t stored; /* the store's: bytes of text it holds already */
};

struct entry {
	int64_t key; /* the store's number; 0: not stored */
	char *id;    /* the server's, or ours until it has one (see own_id) */
	bool own_id; /* id was made here and the server does not know it */
	enum entry_type type;
	char *type_name; /* of an ENTRY_UNKNOWN */
	bool assistant;	 /* role of a message: assistant, else user */
	enum entry_state state;
	char *reason; /* interrupted or unsent: why, a translated sentence */
	char *created_at, *completed_at; /* ISO 8601 */
	bool prefix;			 /* message.input: continue this text */
	char *agent_id, *model;
	ARRAY(struct chunk) chunks; /* messages; sorted by index */

	char *name;	       /* tool.execution, function.call */
	char *function;	       /* tool.execution: the concrete function inside the tool */
	char *tool_call_id;    /* function.call, function.result */
	struct buf arguments;  /* JSON text, growing while it streams */
	size_t stored;	       /* the store's: bytes of arguments it holds already */
	char *info;	       /* tool.execution: JSON object */
	struct buf result;     /* function.result */
	char *confirmation;    /* function.call: pending, allowed, denied */

	char *previous_agent_id, *previous_agent_name; /* agent.handoff */
	char *next_agent_id, *next_agent_name;

	char *raw; /* the whole entry's JSON, when the fields above do not say it all */
	int output_index;  /* its place in the answer it belongs to */
	unsigned revision; /* raised by whoever changes it; a reader compares */
};

struct entry *entry_new(enum entry_type);
void entry_free(struct entry *);
struct entry *entry_copy(const struct entry *);

/* A message.input of the user with one text chunk. */
struct entry *entry_new_input(const char *text, size_t len);

/* The API's name of the type: "message.input"; an unknown entry's own name. */
const char *entry_type_name(const struct entry *);

/* ENTRY_UNKNOWN for a name that is none. */
enum entry_type entry_type_of(const char *name);
const char *chunk_type_name(enum chunk_type);
enum chunk_type chunk_type_of(const char *name);

/* The chunk at that index, made in its place if there is none of that type. */
struct chunk *entry_chunk(struct entry *, int index, enum chunk_type);
void chunk_done(struct chunk *);

/* Takes over what the chunk owns. Text and thinking are joined to those at the same index. */
void entry_add_chunk(struct entry *, struct chunk *);

/* All text chunks one after the other, or all thinking; without marks of where they join. */
void entry_text(const struct entry *, struct buf *out);
void entry_thinking(const struct entry *, struct buf *out);

/* What is said to and by tools, not by and to people. */
bool entry_is_tool(enum entry_type);

/* Whether it is a prompt: a message.input of the user. */
bool entry_is_prompt(const struct entry *);

#endif
