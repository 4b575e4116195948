/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef TEST_CLIENT_BENCH_H
#define TEST_CLIENT_BENCH_H

/*
 * A client with a store and a connection, and what became of its turns and
 * questions. Every event is held against the promises of model/event.h.
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/error.h"
#include "client/client.h"
#include "profile/profile.h"
#include "store/store.h"
#include "unit/server.h"

#define COUNT(table) (sizeof(table) / sizeof((table)[0]))
#define MAX_TURNS 64

struct bench {
	struct loop *loop;
	struct server server;
	struct store *store;
	struct profile profile;
	struct client *client;

	struct buf log;	  /* of turns: a letter an event */
	struct buf notes; /* what the client told its observers */
	int over, answers; /* turns and questions that are */
	struct error error;
	struct {
		bool started, ended;
	} turns[MAX_TURNS];
	bool calling;	    /* no event may come from within a call */
	bool stop_at_chunk; /* the first one */
	bool want_raw;
	bool whole; /* answers are not streamed unless the test says so itself */
	ARRAY(char *) raws;
	struct buf text; /* what request.text saw */

	/* The last answer to a question. */
	enum event_type type;
	struct buf entries; /* ENTRIES, as bench_path() */
	size_t entry_count, conversation_count, agent_count;
	ARRAY(char *) ids; /* of CONVERSATIONS and ENTRIES */
	struct conversation *got;
	bool more;
	char *raw;
};

static const char bench_letters[] = {[EVENT_STARTED] = 'S',
    [EVENT_CHUNK] = 'c',
    [EVENT_TOOL] = 't',
    [EVENT_CALL] = 'f',
    [EVENT_HANDOFF] = 'h',
    [EVENT_ENTRY] = 'e',
    [EVENT_UNKNOWN] = 'u',
    [EVENT_RETRY] = 'R',
    [EVENT_DONE] = 'D',
    [EVENT_FAILED] = 'F'};

/* A sentence for a person: no JSON, no key, one line. */
static inline void
bench_check_sentence(const struct error *err)
{
	assert_non_null(err->text);
	if (err->text[0] == '\0' || strchr(err->text, '\n') != NULL ||
	    strchr(err->text, '{') != NULL || strstr(err->text, "test-key") != NULL) {
		print_error("no sentence: \"%s\"\n", err->text);
		fail();
	}
}

/* "u:Hello a:You said: Hello": every entry with a letter of its type and its text. */
static inline void
bench_describe(struct buf *out, struct entry *const *entries, size_t count)
{
	static const char letters[] = {[ENTRY_MESSAGE_INPUT] = 'u',
	    [ENTRY_MESSAGE_OUTPUT] = 'a',
	    [ENTRY_TOOL_EXECUTION] = 't',
	    [ENTRY_FUNCTION_CALL] = 'f',
	    [ENTRY_FUNCTION_RESULT] = 'r',
	    [ENTRY_AGENT_HANDOFF] = 'h',
	    [ENTRY_UNKNOWN] = '?'};
	static const char *const states[] = {[ENTRY_COMPLETE] = "",
	    [ENTRY_UNSENT] = "(unsent)",
	    [ENTRY_SENDING] = "(sending)",
	    [ENTRY_STREAMING] = "(streaming)",
	    [ENTRY_INTERRUPTED] = "(interrupted)"};

	buf_clear(out);
	for (size_t i = 0; i < count; i++) {
		struct buf text = BUF_EMPTY;

		entry_text(entries[i], &text);
		buf_printf(out, "%s%c%s:%s", i > 0 ? " | " : "", letters[entries[i]->type],
		    states[entries[i]->state], text.len > 0 ? text.data : "");
		buf_done(&text);
	}
}

static inline void
bench_check_order(struct bench *b, const struct event *event)
{
	assert_false(b->calling);
	assert_in_range(event->id, 1, MAX_TURNS - 1);
	assert_false(b->turns[event->id].ended);
	if (event->type == EVENT_STARTED) {
		assert_false(b->turns[event->id].started);
		assert_non_null(event->conversation_id);
		b->turns[event->id].started = true;
	} else if (event->type != EVENT_RETRY && event->type != EVENT_FAILED) {
		assert_true(b->turns[event->id].started);
	}
	b->turns[event->id].ended = event->type == EVENT_DONE || event->type == EVENT_FAILED;
	b->over += b->turns[event->id].ended;
}

static inline void
bench_stop(struct bench *b, unsigned turn)
{
	b->calling = true;
	client_stop(b->client, turn);
	b->calling = false;
}

static inline void
bench_event(void *arg, const struct event *event)
{
	struct bench *b = arg;

	bench_check_order(b, event);
	buf_putc(&b->log, bench_letters[event->type]);
	if (event->raw != NULL)
		array_push(&b->raws, xstrndup(event->raw, event->raw_len));
	if (event->type == EVENT_FAILED) {
		bench_check_sentence(event->error);
		error_copy(&b->error, event->error);
	}
	if (event->type == EVENT_CHUNK && b->stop_at_chunk) {
		b->stop_at_chunk = false;
		bench_stop(b, event->id);
	}
}

static inline void
bench_text(void *arg, const char *text, size_t len)
{
	buf_add(&((struct bench *)arg)->text, text, len);
}

static inline void
bench_forget_ids(struct bench *b)
{
	for (size_t i = 0; i < b->ids.len; i++)
		free(b->ids.items[i]);
	b->ids.len = 0;
}

static inline void
bench_answer(void *arg, const struct event *event)
{
	struct bench *b = arg;

	assert_false(b->calling);
	b->answers++;
	b->type = event->type;
	b->entry_count = event->entry_count;
	b->conversation_count = event->conversation_count;
	b->agent_count = event->agent_count;
	b->more = event->more;
	bench_forget_ids(b);
	bench_describe(&b->entries, event->entries, event->entry_count);
	for (size_t i = 0; i < event->entry_count; i++)
		array_push(&b->ids, xstrdup(event->entries[i]->id));
	for (size_t i = 0; i < event->conversation_count; i++)
		array_push(&b->ids, xstrdup(event->conversations[i]->id));
	conversation_free(b->got);
	b->got = NULL;
	if (event->type == EVENT_CONVERSATION) {
		b->got = conversation_new();
		conversation_copy_settings(b->got, event->conversations[0]);
		b->got->id = xstrdup(event->conversations[0]->id);
	}
	free(b->raw);
	b->raw = event->raw != NULL ? xstrndup(event->raw, event->raw_len) : NULL;
	if (event->type == EVENT_FAILED) {
		bench_check_sentence(event->error);
		error_copy(&b->error, event->error);
	}
}

/* L, C, E, T, A and D; a turn that failed says T!, a deletion D!. */
static inline void
bench_note(void *arg, const struct note *note)
{
	struct bench *b = arg;

	buf_putc(&b->notes, "LCETAD"[note->type]);
	if (note->error != NULL)
		buf_putc(&b->notes, '!');
}

static inline void
bench_open(struct bench *b, const char *database, const char *profile)
{
	struct error err = ERROR_NONE;
	bool read_only;

	memset(b, 0, sizeof(*b));
	buf_init(&b->log, 0);
	buf_init(&b->notes, 0);
	buf_init(&b->entries, 0);
	buf_init(&b->text, 0);
	b->loop = loop_new(&err);
	assert_non_null(b->loop);
	b->store = store_open(database, &read_only, &err);
	assert_non_null(b->store);
	if (!profile_parse(&b->profile, "test.yaml", profile, strlen(profile), &err)) {
		print_error("%s\n", err.text);
		fail();
	}
	b->client = client_new(b->loop, b->store, &b->profile);
	client_observe(b->client, bench_note, b);
}

static inline void
bench_close(struct bench *b)
{
	client_free(b->client);
	store_close(b->store);
	profile_done(&b->profile);
	loop_free(b->loop);
	server_stop(&b->server);
	for (size_t i = 0; i < b->raws.len; i++)
		free(b->raws.items[i]);
	array_done(&b->raws);
	bench_forget_ids(b);
	array_done(&b->ids);
	conversation_free(b->got);
	free(b->raw);
	buf_done(&b->log);
	buf_done(&b->notes);
	buf_done(&b->entries);
	buf_done(&b->text);
	error_done(&b->error);
}

static inline bool
bench_wait(struct bench *b, const int *number, int least)
{
	int64_t limit = clock_ms() + 20000;

	while (*number < least && clock_ms() < limit)
		loop_wait(b->loop, 50);
	return *number >= least;
}

static inline void
bench_wait_over(struct bench *b, int turns)
{
	if (!bench_wait(b, &b->over, turns)) {
		print_error("so far: %s\n", b->log.data);
		fail();
	}
}

static inline void
bench_wait_idle(struct bench *b)
{
	int64_t limit = clock_ms() + 20000;

	while (client_is_busy(b->client)) {
		assert_true(clock_ms() < limit);
		loop_wait(b->loop, 50);
	}
}

/* Until what happened to turns, or was told to observers, has that in it. */
static inline void
bench_wait_for(struct bench *b, const struct buf *what, const char *part)
{
	int64_t limit = clock_ms() + 20000;

	while (strstr(what->data, part) == NULL) {
		if (clock_ms() > limit) {
			print_error("waited for %s, so far: %s\n", part, what->data);
			fail();
		}
		loop_wait(b->loop, 10);
	}
}

/* Takes the turn over; 0 if it failed at once. */
static inline unsigned
bench_try(struct bench *b, struct request *request, const char *text, int64_t *key)
{
	unsigned id;

	if (text != NULL)
		array_push(&request->turn->inputs, entry_new_input(text, strlen(text)));
	request->turn->want_raw = b->want_raw;
	request->fn = bench_event;
	request->text = bench_text;
	request->arg = b;
	error_done(&b->error);
	b->calling = true;
	id = client_run(b->client, request, key, &b->error);
	b->calling = false;
	return id;
}

static inline unsigned
bench_begin(struct bench *b, struct request *request, const char *text, int64_t *key)
{
	unsigned id = bench_try(b, request, text, key);

	if (id == 0) {
		print_error("%s\n", b->error.text);
		fail();
	}
	assert_int_equal(b->error.kind, ERR_NONE);
	return id;
}

/* Runs it to its end. */
static inline int64_t
bench_run(struct bench *b, struct request *request, const char *text)
{
	int over = b->over;
	int64_t key;

	bench_begin(b, request, text, &key);
	bench_wait_over(b, over + 1);
	return key;
}

static inline int64_t
bench_start(struct bench *b, const char *text)
{
	struct request request = {.turn = turn_new(TURN_START)};

	request.turn->stream = !b->whole;
	return bench_run(b, &request, text);
}

static inline int64_t
bench_append(struct bench *b, int64_t base, const char *text)
{
	struct request request = {.turn = turn_new(TURN_APPEND), .base = base};

	request.turn->stream = !b->whole;
	return bench_run(b, &request, text);
}

static inline int64_t
bench_restart(struct bench *b, int64_t base, int64_t fork, const char *text)
{
	struct request request = {.turn = turn_new(TURN_RESTART), .base = base, .fork = fork};

	request.turn->stream = !b->whole;
	return bench_run(b, &request, text);
}

static inline unsigned
bench_try_ask(struct bench *b, struct question *question)
{
	unsigned id;

	question->want_raw = b->want_raw;
	error_done(&b->error);
	b->calling = true;
	id = client_ask(b->client, NULL, question, bench_answer, b, &b->error);
	b->calling = false;
	return id;
}

/* Takes the question over and waits for its answer. */
static inline void
bench_question(struct bench *b, struct question *question)
{
	int answers = b->answers;

	assert_true(bench_try_ask(b, question) != 0);
	assert_true(bench_wait(b, &b->answers, answers + 1));
}

static inline void
bench_ask(struct bench *b, enum question_kind kind, const char *id)
{
	struct question *question = question_new(kind);

	question->conversation_id = xstrdup(id);
	bench_question(b, question);
}

static inline const struct conversation *
bench_conversation(struct bench *b, int64_t key)
{
	struct error err = ERROR_NONE;
	const struct conversation *conversation = client_conversation(b->client, key, &err);

	assert_non_null(conversation);
	return conversation;
}

static inline int64_t
bench_entry(struct bench *b, int64_t key, size_t at)
{
	const struct conversation *conversation = bench_conversation(b, key);

	assert_true(at < conversation->entries.len);
	return conversation->entries.items[at]->key;
}

/* What the client shows of it, and what the store has, are the same. */
static inline char *
bench_path(struct bench *b, int64_t key)
{
	const struct conversation *shown = bench_conversation(b, key);
	struct error err = ERROR_NONE;
	struct conversation *stored = store_load(b->store, key, true, &err);
	struct buf one = BUF_EMPTY, two = BUF_EMPTY;

	assert_non_null(stored);
	bench_describe(&one, shown->entries.items, shown->entries.len);
	bench_describe(&two, stored->entries.items, stored->entries.len);
	assert_string_equal(one.data, two.data);
	conversation_free(stored);
	buf_done(&two);
	return buf_take(&one);
}

#endif
