/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include "backend/engine-parts.h"

#include <stdlib.h>
#include <string.h>

#include "backend/wire.h"
#include "base/buf.h"
#include "base/error.h"
#include "base/i18n.h"
#include "base/mem.h"
#include "net/loop.h"
#include "store/store.h"

#define MAX_PAGE_SIZE 1000

/* A question whose answer is ready, but may not go out before the next turn of the loop. */
struct asked {
	struct engine *engine;
	struct timer *timer;
	struct question question;
};

static void
say_raw(const struct asked *asked, struct event *event, const struct buf *raw)
{
	if (!asked->question.want_raw)
		return;
	event->raw = raw->data;
	event->raw_len = raw->len;
}

static bool
answer_list(struct asked *asked, struct event *event, struct buf *raw, struct error *err)
{
	struct engine *engine = asked->engine;
	const struct question *q = &asked->question;
	conversation_list list = {0};
	bool good;

	if (q->metadata != NULL && !wire_is_object(q->metadata))
		return engine_refuse(err, 422, _("The filter for metadata is not a JSON object."));
	good = store_list_conversations(
	    engine->store, engine->connection, q->metadata, q->page, q->page_size, &list, err);
	if (good) {
		event->type = EVENT_CONVERSATIONS;
		event->conversations = list.items;
		event->conversation_count = list.len;
		event->more = list.len == (size_t)q->page_size;
		wire_put_conversations(raw, list.items, list.len);
		say_raw(asked, event, raw);
		engine_emit(engine, event);
	}
	conversation_list_done(&list);
	return good;
}

static bool
answer_get(struct asked *asked, struct event *event, struct buf *raw, struct error *err)
{
	struct conversation *conversation =
	    engine_load(asked->engine, asked->question.conversation_id, false, err);

	if (conversation == NULL)
		return false;
	event->type = EVENT_CONVERSATION;
	event->conversations = &conversation;
	event->conversation_count = 1;
	event->conversation_id = conversation->id;
	wire_put_conversation(raw, conversation);
	say_raw(asked, event, raw);
	engine_emit(asked->engine, event);
	conversation_free(conversation);
	return true;
}

static bool
is_message(const struct entry *entry)
{
	return entry->type == ENTRY_MESSAGE_INPUT || entry->type == ENTRY_MESSAGE_OUTPUT;
}

static bool
answer_entries(struct asked *asked, struct event *event, struct buf *raw, struct error *err)
{
	bool messages = asked->question.kind == ASK_MESSAGES;
	struct conversation *conversation =
	    engine_load(asked->engine, asked->question.conversation_id, true, err);

	if (conversation == NULL)
		return false;
	for (size_t i = conversation->entries.len; messages && i > 0; i--)
		if (!is_message(conversation->entries.items[i - 1]))
			path_drop(conversation, i - 1);
	event->type = EVENT_ENTRIES;
	event->conversation_id = conversation->id;
	event->entries = conversation->entries.items;
	event->entry_count = conversation->entries.len;
	(messages ? wire_put_messages : wire_put_history)(
	    raw, conversation->id, event->entries, event->entry_count);
	say_raw(asked, event, raw);
	engine_emit(asked->engine, event);
	conversation_free(conversation);
	return true;
}

static bool
answer_delete(struct asked *asked, struct event *event, struct buf *raw, struct error *err)
{
	struct engine *engine = asked->engine;
	struct conversation *conversation =
	    engine_load(engine, asked->question.conversation_id, false, err);
	bool good;

	(void)raw;
	if (conversation == NULL)
		return false;
	good = store_delete(engine->store, conversation->key, err);
	if (good) {
		event->type = EVENT_DELETED;
		event->conversation_id = conversation->id;
		engine_emit(engine, event);
	}
	conversation_free(conversation);
	return good;
}

static bool (*const answers[])(struct asked *, struct event *, struct buf *raw, struct error *) = {
    [ASK_LIST] = answer_list,
    [ASK_GET] = answer_get,
    [ASK_HISTORY] = answer_entries,
    [ASK_MESSAGES] = answer_entries,
    [ASK_DELETE] = answer_delete,
};

static void
asked_free(struct asked *asked)
{
	loop_cancel(asked->engine->loop, asked->timer);
	free(asked->question.conversation_id);
	free(asked->question.metadata);
	free(asked);
}

static void
forget_asked(struct asked *asked)
{
	struct engine *engine = asked->engine;

	for (size_t i = 0; i < engine->asked.len; i++) {
		if (engine->asked.items[i] == asked) {
			array_remove(&engine->asked, i);
			return;
		}
	}
}

static void
answer(void *arg)
{
	struct asked *asked = arg;
	struct event event = {.id = asked->question.id};
	struct error err = ERROR_NONE;
	struct buf raw;

	asked->timer = NULL;
	forget_asked(asked);
	buf_init(&raw, 0);
	if (!answers[asked->question.kind](asked, &event, &raw, &err)) {
		event.type = EVENT_FAILED;
		event.error = &err;
		engine_emit(asked->engine, &event);
	}
	buf_done(&raw);
	error_done(&err);
	asked_free(asked);
}

static int
clamp(int value, int least, int most)
{
	return value < least ? least : value > most ? most : value;
}

void
engine_question(struct engine *engine, const struct question *question)
{
	struct asked *asked = xcalloc(1, sizeof(*asked));

	asked->engine = engine;
	asked->question = *question;
	asked->question.conversation_id = xstrdup(question->conversation_id);
	asked->question.metadata = xstrdup(question->metadata);
	asked->question.page_size = clamp(question->page_size, 1, MAX_PAGE_SIZE);
	asked->question.page = clamp(question->page, 0, INT32_MAX / MAX_PAGE_SIZE);
	array_push(&engine->asked, asked);
	asked->timer = loop_timer(engine->loop, 0, answer, asked);
}

bool
engine_forget(struct engine *engine, unsigned id)
{
	for (size_t i = 0; i < engine->asked.len; i++) {
		struct asked *asked = engine->asked.items[i];

		if (asked->question.id != id)
			continue;
		array_remove(&engine->asked, i);
		asked_free(asked);
		return true;
	}
	return false;
}

void
engine_forget_all(struct engine *engine)
{
	for (size_t i = 0; i < engine->asked.len; i++)
		asked_free(engine->asked.items[i]);
	array_done(&engine->asked);
}
