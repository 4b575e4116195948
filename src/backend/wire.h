/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef BACKEND_WIRE_H
#define BACKEND_WIRE_H

/*
 * JSON of the Conversations API ⇄ the model.
 *
 * Reading is lenient: unknown fields, entries, chunks and events are kept raw,
 * missing optional ones are absent, a piece of the wrong type is passed over
 * with a line in the debug log. Writing is strict: only what the API allows on
 * that operation. Depth is limited to 256; numbers out of range are clamped.
 * The bytes of data and bodies are valid UTF-8 with a NUL behind them.
 */

#include <stdbool.h>
#include <stddef.h>

#include "model/event.h"
#include "model/turn.h"

struct buf;
struct error;

/* The request of a turn: "/v1/conversations/ID/restart", yours, and its body. */
char *wire_turn_path(const struct turn *);
bool wire_turn_body(const struct turn *, struct buf *out, struct error *);

/* How many inputs an entry becomes, when it goes along with a start. */
size_t wire_input_count(const struct entry *);

/* Method and path with query of a question; the path is yours. */
char *wire_question_path(const struct question *, const char **method);

/*
 * An event of a stream: emits one event with the id given. *over is set by
 * done and error. Malformed JSON is an UNKNOWN event, not a failure.
 */
void wire_event(unsigned id, bool want_raw, const char *name, const char *data, size_t len,
    event_fn, void *arg, bool *over);

/* The body of an answer that was not streamed: STARTED, ENTRY..., DONE. */
bool wire_response(
    unsigned id, bool want_raw, const char *body, size_t len, event_fn, void *arg, struct error *);

/* The body of a question's answer: emits one event. */
bool wire_answer(
    const struct question *, const char *body, size_t len, event_fn, void *arg, struct error *);

/*
 * The sentence for an error answer of any server: its own words (the first of
 * message, detail, each msg with its loc, error.message, or the body itself,
 * shortened), the status and the correlation id. Sets kind, status and
 * retry_after (-1: not said). host is for the sentence. The id is the last that
 * stands there, behind WIRE_CORRELATION.
 */
#define WIRE_CORRELATION "(mistral-correlation-id: "
void wire_error(int status, const char *body, size_t len, const char *correlation_id,
    int retry_after, const char *host, struct error *);

/* What the API would answer, for local answers and the engine. */
void wire_put_entry(struct buf *out, const struct entry *);
void wire_put_conversation(struct buf *out, const struct conversation *);
void wire_put_conversations(struct buf *out, struct conversation *const *, size_t count);
void wire_put_history(
    struct buf *out, const char *conversation_id, struct entry *const *, size_t count);
void wire_put_messages(
    struct buf *out, const char *conversation_id, struct entry *const *, size_t count);
void wire_put_response(struct buf *out, const char *conversation_id, struct entry *const *outputs,
    size_t count, const struct usage *);
void wire_put_event(struct buf *out, const struct event *);

/* An entry back from its JSON, as the store keeps it or the API sends it; NULL if it is none. */
struct entry *wire_read_entry(const char *json, size_t len);

/* Whether text is one JSON value and nothing else. */
bool wire_is_json(const char *text);

/* Whether it is a JSON object, a JSON array. */
bool wire_is_object(const char *text);
bool wire_is_list(const char *text);

/* The string at key of a JSON object (or NULL), or NULL; yours. */
char *wire_get_string(const char *object, const char *key);

/*
 * A JSON object (NULL: an empty one) with key set to a value: JSON if it
 * parses, else a string; NULL takes the key out. Yours.
 */
char *wire_set(const char *object, const char *key, const char *value);

/*
 * Two pages of a list as one document: the first with the second's data behind
 * its own, and whatever else the second says (that there are no more pages) in
 * place of what it says. Yours; NULL if one of them is no such page.
 */
char *wire_join_pages(const char *first, const char *second);

/*
 * completion_args of the Conversations API: unknown keys, wrong types and
 * values out of range (section 6 of its description) are ERR_USAGE.
 */
bool wire_check_completion_args(const char *object, struct error *);

/*
 * JSON indented by two spaces; the bytes unchanged if it is none. Numbers,
 * duplicate keys and the order stay as they came; what could harm a terminal is
 * escaped as \u, which is the same value.
 */
void wire_pretty(struct buf *out, const char *json, size_t len);

/* The same on one line; what is no JSON becomes a JSON string. */
void wire_line(struct buf *out, const char *json, size_t len);

#endif
