/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef FAKE_H
#define FAKE_H

/*
 * The parts of the test server; fakeserver.c tells what it can do.
 *
 *	text.c           growable text, ids, times, escapes
 *	script.c         what a prompt asks for: its words that begin with "!"
 *	answer.c         what is said to it, neither as events nor as entries yet
 *	conversations.c  the Conversations API, agents and models, in memory
 *	chat.c           chat completions and the models list, as OpenAI's
 *	fakeserver.c     sockets, HTTP, faults, the control endpoints
 *
 * It is a program for tests: it stops with a message at what a test should
 * never do, and asks the machine for memory without doubt.
 */

#include <stdbool.h>
#include <stddef.h>

#include <json-c/json.h>

#define OFF (-1L)
#define MAX_CALLS 16

/* ---- text.c ---- */

struct text {
	char *data; /* NUL behind it; NULL while nothing was added */
	size_t len, cap;
};

void die(const char *format, ...) __attribute__((format(printf, 1, 2), noreturn));
void text_add(struct text *, const void *bytes, size_t len);
void text_puts(struct text *, const char *);
void text_printf(struct text *, const char *format, ...) __attribute__((format(printf, 2, 3)));
void text_done(struct text *);
const char *text_str(const struct text *);
char *copy(const char *);
char *copy_len(const char *, size_t len);
void make_id(const char *prefix, char id[64]); /* a UUID of version 7 in the API's form */
void make_uuid(char id[64]);		       /* with dashes */
void make_time(char time[32]);
char *unescape_url(const char *, size_t len);
/* A whole gzip file with the bytes in stored blocks. */
void gzip_add(struct text *, const char *bytes, size_t len);

const char *js_str(struct json_object *, const char *key); /* NULL if it is no string */
struct json_object *js_new(const char *text);
const char *js_text(struct json_object *);			       /* compact */
void js_set(struct json_object *, const char *key, const char *value); /* NULL: null */

/* ---- script.c ---- */

struct call {
	char *name, *arguments;
	bool pending; /* waits for a confirmation */
};

/* Numbers are OFF, or the argument; see the table in script.c. */
struct script {
	long again; /* regenerated: the same prompt once more */
	long think, tool, code, file, handoff, markdown, hostile, unknown, error, context, length;
	long words, pieces;
	long cut, reset, reset_head, stall, keepalive, nodone, close, drop, hold, slow;
	long status, retry_after, retry_date, stored, forget, busy, times;
	long html, no_content, empty, json_for_stream, stream_for_json, gzip, bighead, redirect;
	long onebyte, crlf, bom;
	struct call calls[MAX_CALLS];
	size_t call_count;
	char *replay; /* a file's name */
	char *raw;    /* the prompt */
	char *text;   /* its words that are no directives */
	char *bad;    /* a directive nobody knows */
};

void script_init(struct script *);
void script_parse(struct script *, const char *prompt);
void script_done(struct script *);

/* ---- answer.c ---- */

enum part_type {
	PART_TEXT,
	PART_THINK,
	PART_CHUNK, /* json: a content chunk */
	PART_TOOL,  /* name, text: arguments, json: info */
	PART_CALL,  /* name, text: arguments, pending */
	PART_HANDOFF,
	PART_EVENT, /* json: an event nobody knows */
	PART_ENTRY, /* json: an entry nobody knows */
	PART_ERROR, /* text: the message */
};

struct part {
	enum part_type type;
	char *name, *text;
	struct json_object *json;
	bool pending;
};

struct answer {
	struct part *parts;
	size_t count;
	long piece; /* bytes of a piece of text; 0: a word each */
};

void answer_init(struct answer *);
void answer_done(struct answer *);
struct part *answer_add(struct answer *, enum part_type, const char *name, const char *text);
/* context: all messages so far, for !context. */
void answer_script(struct answer *, const struct script *, const char *context);
/* The length of the next piece of text. */
size_t answer_piece(const struct answer *, const char *text);
long count_words(const char *);

/* ---- what a request is, and what is sent back ---- */

struct request {
	char *method, *path, *query;
	struct json_object *headers; /* names in lower case */
	struct json_object *body;    /* or NULL */
	char *raw_body;
	size_t raw_len;
};

struct piece {
	char *data;
	size_t len;
};

/* A body in pieces: the events of a stream, or one. */
struct reply {
	int status;
	const char *type;
	struct text headers; /* further ones, each with its CRLF */
	struct piece *pieces;
	size_t count;
	bool stream;
	struct json_object *plain; /* of a stream: what the same would be without */
	struct script script;
};

void reply_piece(struct reply *, const char *data, size_t len);
void reply_json(struct reply *, int status, struct json_object *);	  /* takes the object */
void reply_event(struct reply *, const char *name, struct json_object *); /* takes the object */
void reply_error(struct reply *, int status, int code, const char *format, ...)
    __attribute__((format(printf, 4, 5)));
/* The value of a parameter of the query, decoded; yours, or NULL. */
char *request_query(const struct request *, const char *name);

struct options {
	const char *key;
	bool openai, new_ids;
	long agents;
	const char *dir;
};

extern struct options options;

/* ---- conversations.c ---- */

/* Reads what the prompt asks for, before anything is done: a fault may prevent the rest. */
void conversations_script(const struct request *, struct script *);
/* Answers if the path is one of theirs. */
bool conversations_serve(const struct request *, struct reply *);
struct json_object *conversations_state(void); /* yours */
void conversations_done(void);

/* ---- chat.c ---- */

void chat_script(const struct request *, struct script *);
bool chat_serve(const struct request *, struct reply *);

#endif
