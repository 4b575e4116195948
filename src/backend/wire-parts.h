/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef BACKEND_WIRE_PARTS_H
#define BACKEND_WIRE_PARTS_H

/*
 * What the files named wire-*.c share: which member of the API's JSON stands
 * where in the model, one table for reading and writing, so that the two cannot
 * drift apart; and the pieces that more than one of them reads or writes.
 */

#include <stdbool.h>
#include <stddef.h>

#include "model/conversation.h"
#include "model/entry.h"

enum field_kind {
	FIELD_TEXT,    /* char *: a string */
	FIELD_VERSION, /* char *: a string or an integer */
	FIELD_OBJECT,  /* char *: a JSON object */
	FIELD_LIST,    /* char *: a JSON array */
	FIELD_BYTES,   /* struct buf: a string, or JSON that goes into one */
	FIELD_WORDS,   /* struct buf: a string, and nothing else */
};

#define FIELD_BIT(type) (1u << (type))

struct field {
	const char *key;
	enum field_kind kind;
	size_t offset;
	unsigned types;	   /* of the chunk or entry that has it; as bits */
	unsigned required; /* types that have it even when it is empty */
};

extern const struct field entry_fields[], chunk_fields[], conversation_fields[];

/* NULL if there is none of that key for that type. */
const struct field *field_find(const struct field *table, const char *key, int type);

struct bundle;
struct error;
struct json_object;

/* Puts a member where its field says; false if it is of another type. */
bool wire_take_field(void *into, const struct field *, struct json_object *);

/* The largest output_index and content_index believed. */
#define WIRE_MAX_INDEX 1000000

/* A chunk, to be freed by chunk_done(). whole: of an entry, not a piece of a stream. */
void wire_take_chunk(struct chunk *, int index, bool whole, struct json_object *);

/* An entry of an answer; NULL if the value is no object. */
struct entry *wire_take_entry(struct json_object *);

/* A conversation's settings; NULL if the value is none, which has an id. */
struct conversation *wire_take_conversation(struct json_object *);

/* False if value has no usage in it. Free it by usage_done(). */
bool wire_take_usage(struct json_object *value, struct usage *);

/* Our mark for an entry that is not complete; NULL for one that is. */
const char *wire_state_name(enum entry_state);

/* Whether a member of an entry is one of our marks, which no server sends. */
bool wire_is_mark(const char *key);

/* An id that a chat model accepts for a call that has none: nine letters and digits of seed. */
#define WIRE_CALL_ID_SIZE 10
void wire_call_id(const char *seed, char id[WIRE_CALL_ID_SIZE]);

/* What a server says went wrong, on one line, for a person; nothing if it does not say. */
void wire_words(struct json_object *body, struct buf *out);

/* The error an event of a stream tells of. */
void wire_stream_error(struct json_object *event, struct error *);

/* One chunk, whole. */
void wire_put_chunk(struct buf *out, const struct chunk *);

/* A tree as wire_put_bundle() puts it. */
void wire_take_bundle(struct bundle *, struct json_object *, struct error *);

/* ,"usage":{...}; NULL is none. */
void wire_put_usage(struct buf *out, const struct usage *);

/* agent_version: a number if it is one. */
void wire_put_version(struct buf *out, const char *version);

#endif
