/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include <stdlib.h>
#include <string.h>

#include "backend/wire.h"
#include "base/buf.h"
#include "base/error.h"
#include "base/mem.h"
#include "base/sanitize.h"
#include "base/utf8.h"
#include "fuzz/fuzz.h"
#include "model/event.h"
#include "model/turn.h"

/*
 * The same bytes as an event of a stream and as the body of every answer. What
 * was read and put is JSON, and reading and putting that again changes nothing
 * (s1 and s2 below). An event is one event, a response ends with its only DONE.
 * Every error is a sentence on one line. Indented JSON is safe to be shown and
 * still the same JSON.
 */

struct record {
	struct buf put; /* what came, as JSON */
	char *conversation_id;
	ARRAY(struct entry *) outputs;
	int events, ends;
	enum event_type last;
};

static void
check_same(const struct buf *s1, const struct buf *s2)
{
	MUST(s1->len == s2->len && memcmp(s1->data, s2->data, s1->len) == 0);
}

/* A stream. */

static void
take_event(void *arg, const struct event *event)
{
	struct record *record = arg;

	record->events++;
	record->last = event->type;
	if (event->type == EVENT_UNKNOWN)
		return;
	if (event->type == EVENT_FAILED)
		MUST(event->error->kind != ERR_NONE && event->error->text[0] != '\0');
	wire_put_event(&record->put, event);
}

static void
read_event(const char *data, size_t len, struct record *record)
{
	bool over = false;

	wire_event(1, true, "message", data, len, take_event, record, &over);
	MUST(record->events == 1 || (record->events == 0 && strcmp(data, "[DONE]") == 0));
	MUST(over ==
	     (record->events == 1 && (record->last == EVENT_DONE || record->last == EVENT_FAILED)));
}

static void
check_event(const char *data, size_t len)
{
	struct record s1 = {.put = BUF_EMPTY}, s2 = {.put = BUF_EMPTY};

	read_event(data, len, &s1);
	/* A failure is put as our sentence about the server's words. */
	if (s1.put.len > 0 && s1.last != EVENT_FAILED) {
		MUST(wire_is_object(s1.put.data));
		read_event(s1.put.data, s1.put.len, &s2);
		MUST(s1.last == s2.last);
		check_same(&s1.put, &s2.put);
	}
	buf_done(&s1.put);
	buf_done(&s2.put);
}

/* An answer that is not streamed. */

static void
take_response(void *arg, const struct event *event)
{
	struct record *record = arg;

	MUST(record->ends == 0);
	if (event->type == EVENT_STARTED) {
		record->conversation_id = xstrdup(event->conversation_id);
	} else if (event->type == EVENT_ENTRY) {
		array_push(&record->outputs, entry_copy(event->entry));
	} else {
		MUST(event->type == EVENT_DONE);
		record->ends++;
		wire_put_response(&record->put, record->conversation_id, record->outputs.items,
		    record->outputs.len, event->usage);
	}
}

static bool
read_response(const char *body, size_t len, struct buf *put)
{
	struct error err = ERROR_NONE;
	struct record record = {.put = BUF_EMPTY};
	bool ok = wire_response(1, false, body, len, take_response, &record, &err);

	MUST(ok == (err.kind == ERR_NONE) && record.ends == ok);
	for (size_t i = 0; i < record.outputs.len; i++)
		entry_free(record.outputs.items[i]);
	array_done(&record.outputs);
	free(record.conversation_id);
	error_done(&err);
	*put = record.put;
	return ok;
}

static void
check_response(const char *body, size_t len)
{
	struct buf s1, s2;

	if (read_response(body, len, &s1)) {
		MUST(wire_is_object(s1.data));
		MUST(read_response(s1.data, s1.len, &s2));
		check_same(&s1, &s2);
		buf_done(&s2);
	}
	buf_done(&s1);
}

/* Answers to questions. */

static void
take_answer(void *arg, const struct event *event)
{
	struct record *record = arg;

	record->events++;
	for (size_t i = 0; i < event->agent_count; i++)
		MUST(event->agents[i]->name != NULL);
	if (event->type == EVENT_CONVERSATIONS)
		wire_put_conversations(
		    &record->put, event->conversations, event->conversation_count);
	else if (event->type == EVENT_CONVERSATION)
		wire_put_conversation(&record->put, event->conversations[0]);
	else if (event->type == EVENT_ENTRIES)
		wire_put_history(
		    &record->put, event->conversation_id, event->entries, event->entry_count);
}

static bool
read_answer(enum question_kind kind, const char *body, size_t len, struct buf *put)
{
	struct error err = ERROR_NONE;
	struct question *question = question_new(kind);
	struct record record = {.put = BUF_EMPTY};
	bool ok;

	question->page_size = 1;
	ok = wire_answer(question, body, len, take_answer, &record, &err);
	MUST(ok == (err.kind == ERR_NONE) && record.events == ok);
	error_done(&err);
	question_free(question);
	*put = record.put;
	return ok;
}

static void
check_answer(enum question_kind kind, const char *body, size_t len)
{
	struct buf s1, s2;

	if (read_answer(kind, body, len, &s1) && s1.len > 0) {
		MUST(wire_is_json(s1.data));
		MUST(read_answer(kind, s1.data, s1.len, &s2));
		check_same(&s1, &s2);
		buf_done(&s2);
	}
	buf_done(&s1);
}

/* An entry of the store. */
static void
check_entry(const char *json, size_t len)
{
	struct entry *entry = wire_read_entry(json, len);
	struct buf s1 = BUF_EMPTY, s2 = BUF_EMPTY;

	if (entry == NULL)
		return;
	wire_put_entry(&s1, entry);
	entry_free(entry);
	entry = wire_read_entry(s1.data, s1.len);
	MUST(entry != NULL);
	wire_put_entry(&s2, entry);
	entry_free(entry);
	check_same(&s1, &s2);
	buf_done(&s1);
	buf_done(&s2);
}

static void
check_error(int status, const char *body, size_t len)
{
	struct error err = ERROR_NONE;

	wire_error(status, body, len, "cid", -1, "host", &err);
	MUST(err.kind != ERR_NONE && err.status == status);
	MUST(err.text != NULL && utf8_valid(err.text, strlen(err.text)));
	MUST(strlen(err.text) < 4096 && strchr(err.text, '\n') == NULL);
	error_done(&err);
}

static void
check_pretty(const char *json, size_t len)
{
	struct buf line = BUF_EMPTY, pretty = BUF_EMPTY, again = BUF_EMPTY;

	if (wire_is_json(json) && strlen(json) == len) {
		wire_line(&line, json, len);
		MUST(strchr(line.data, '\n') == NULL);
		wire_pretty(&pretty, json, len);
		MUST(sanitize_is_clean(pretty.data, pretty.len, SANITIZE_TEXT));
		wire_line(&again, pretty.data, pretty.len);
		check_same(&line, &again);
		buf_clear(&again);
		wire_pretty(&again, line.data, line.len);
		check_same(&pretty, &again);
	}
	buf_done(&line);
	buf_done(&pretty);
	buf_done(&again);
}

int
LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
	static const int statuses[] = {400, 401, 403, 404, 409, 422, 429, 500, 503, 302, 999};
	struct buf text = BUF_EMPTY;

	utf8_repair_all((const char *)bytes, len, &text);
	check_event(text.data, text.len);
	check_response(text.data, text.len);
	for (int kind = ASK_LIST; kind <= ASK_MODELS; kind++)
		check_answer((enum question_kind)kind, text.data, text.len);
	check_entry(text.data, text.len);
	for (size_t i = 0; i < sizeof(statuses) / sizeof(statuses[0]); i++)
		check_error(statuses[i], text.data, text.len);
	check_pretty(text.data, text.len);
	buf_done(&text);
	return 0;
}
