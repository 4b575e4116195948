/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include "client/client.h"

#include <stdlib.h>

#include "base/error.h"
#include "base/i18n.h"
#include "base/mem.h"
#include "client/session.h"
#include "profile/profile.h"
#include "store/store.h"

static bool
is_input(const struct entry *entry)
{
	return entry->type == ENTRY_MESSAGE_INPUT || entry->type == ENTRY_FUNCTION_RESULT;
}

/* The last entry that is not an output of the answer that broke off; its place, or -1. */
static ptrdiff_t
last_input(const struct conversation *conversation)
{
	for (size_t i = conversation->entries.len; i > conversation->inherited; i--)
		if (is_input(conversation->entries.items[i - 1]))
			return (ptrdiff_t)i - 1;
	return (ptrdiff_t)conversation->inherited - 1;
}

static bool
ends_open(const struct conversation *conversation)
{
	size_t len = conversation->entries.len;
	enum entry_state state;

	if (len == 0)
		return conversation->fork != 0;
	state = conversation->entries.items[len - 1]->state;
	return state == ENTRY_UNSENT || state == ENTRY_INTERRUPTED ||
	       (size_t)last_input(conversation) == len - 1;
}

/* A second answer beside the one that broke off: a branch from the words it answers. */
static bool
answer_again(struct client *client, const struct conversation *conversation, struct error *err)
{
	ptrdiff_t at = last_input(conversation);
	struct request run = {.turn = turn_new(TURN_RESTART), .base = conversation->key};

	if (at < 0) {
		turn_free(run.turn);
		return error_set(err, ERR_USAGE, _("There is nothing here to send again."));
	}
	run.turn->stream = client->profile->settings.stream;
	run.fork = conversation->entries.items[at]->key;
	return client_run(client, &run, NULL, err) != 0;
}

/* What was said at the end and waits for an answer: from here on it is sent again. */
static size_t
first_unanswered(const struct conversation *conversation)
{
	size_t from = conversation->entries.len;

	while (from > conversation->inherited &&
	       conversation->entries.items[from - 1]->state != ENTRY_COMPLETE)
		from--;
	return from;
}

/*
 * The same for words that the server took and then did not keep: what came of
 * their answer stands behind them. Its history, just read, would have told an id
 * for each of them.
 */
static size_t
first_lost(const struct conversation *conversation)
{
	size_t from = (size_t)(last_input(conversation) + 1);

	while (from > conversation->inherited && is_input(conversation->entries.items[from - 1]) &&
	       conversation->entries.items[from - 1]->own_id)
		from--;
	return from;
}

/* The same words in the same place; none, if the branch asks for another answer. */
static bool
send_again(struct client *client, struct conversation *conversation, size_t from, struct error *err)
{
	struct request run = {.base = conversation->key};
	enum turn_kind kind = TURN_APPEND;

	/* The server never heard of it: the request is again the one that began it. */
	if (conversation->own_id || conversation->entries.len == conversation->inherited)
		kind = begin_kind(conversation);
	run.turn = turn_new(kind);
	run.turn->stream = client->profile->settings.stream;
	for (size_t i = from; i < conversation->entries.len; i++)
		if (is_input(conversation->entries.items[i]))
			array_push(&run.turn->inputs, entry_copy(conversation->entries.items[i]));
	return run_again(client, &run, conversation, err);
}

/* read: the server's history is in the conversation. */
static bool
carry_on(struct client *client, struct conversation *conversation, bool read, struct error *err)
{
	size_t len = conversation->entries.len;
	const struct entry *last = len > 0 ? conversation->entries.items[len - 1] : NULL;
	bool empty = len == conversation->inherited;

	if (last == NULL || !ends_open(conversation))
		return true;
	if ((size_t)last_input(conversation) == len - 1 && (last->state != ENTRY_COMPLETE || empty))
		return send_again(client, conversation, first_unanswered(conversation), err);
	if (read && first_lost(conversation) < (size_t)(last_input(conversation) + 1))
		return send_again(client, conversation, first_lost(conversation), err);
	return answer_again(client, conversation, err);
}

void
retry_go_on(struct client *client, int64_t key, const struct event *event)
{
	struct error err = ERROR_NONE;
	const struct conversation *found = NULL;

	if (event->type == EVENT_FAILED)
		error_copy(&err, event->error);
	else
		found = client_conversation(client, key, &err);
	/* What was said meanwhile goes on by itself. */
	if (found != NULL && client_turn_of(client, key) == 0)
		carry_on(client, client_cached(client, key), true, &err);
	if (err.kind != ERR_NONE)
		client_notify(client, NOTE_TURN, key, 0, &err);
	error_done(&err);
}

/* The server is being asked already, whether it has what would be sent again. */
static bool
is_retrying(const struct client *client, int64_t key)
{
	for (size_t i = 0; i < client->asked.len; i++)
		if (client->asked.items[i].retries == key)
			return true;
	return false;
}

/* The server may have more than we saw: it is asked before anything is sent again. */
static bool
ask_first(struct client *client, const struct conversation *conversation, struct error *err)
{
	struct question *question = question_new(ASK_HISTORY);

	question->conversation_id = xstrdup(conversation->id);
	if (client_ask(client, conversation->connection, question, NULL, NULL, err) == 0)
		return false;
	client->asked.items[client->asked.len - 1].retries = conversation->key;
	return true;
}

bool
client_retry(struct client *client, int64_t key, struct error *err)
{
	const struct conversation *found = client_conversation(client, key, err);
	struct conversation *conversation = client_cached(client, key);
	struct link *link;

	if (found == NULL)
		return err->kind == ERR_NONE
			   ? error_set(err, ERR_USAGE, _("That conversation is no longer here."))
			   : false;
	if (client_turn_of(client, key) != 0 || is_retrying(client, key))
		return error_set(err, ERR_USAGE, _("This conversation is still answering."));
	if (!ends_open(conversation))
		return error_set(err, ERR_USAGE,
		    _("Nothing here is unsent or interrupted. To get another answer, select one "
		      "and "
		      "regenerate it."));
	link = client_link(client, conversation->connection, err);
	if (link == NULL)
		return false;
	if (link->connection->api != API_CONVERSATIONS || conversation->own_id)
		return carry_on(client, conversation, false, err);
	return ask_first(client, conversation, err);
}
