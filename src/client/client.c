/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include "client/client.h"

#include <stdlib.h>
#include <string.h>

#include "backend/backend.h"
#include "backend/engine.h"
#include "base/error.h"
#include "base/i18n.h"
#include "base/log.h"
#include "base/mem.h"
#include "client/session.h"
#include "net/loop.h"
#include "profile/profile.h"
#include "store/store.h"

struct client *
client_new(struct loop *loop, struct store *store, const struct profile *profile)
{
	struct client *client = xcalloc(1, sizeof(*client));

	client->loop = loop;
	client->store = store;
	client->profile = profile;
	for (size_t i = 0; i < profile->agents.len; i++)
		array_push(&client->agents, agent_copy(profile->agents.items[i]));
	client->profile_agents = client->agents.len;
	others_begin(client);
	return client;
}

void
client_free(struct client *client)
{
	if (client == NULL)
		return;
	others_end(client);
	trash_end(client);
	/* Those who look on may be gone already. */
	array_clear(&client->observers);
	while (client->active.len > 0)
		run_abandon(client->active.items[client->active.len - 1]);
	array_done(&client->active);
	for (size_t i = 0; i < client->links.len; i++) {
		client->links.items[i]->backend->ops->free(client->links.items[i]->backend);
		array_done(&client->links.items[i]->mirror.unlinked);
		free(client->links.items[i]);
	}
	array_done(&client->links);
	for (size_t i = 0; i < client->asked.len; i++)
		question_free(client->asked.items[i].question);
	array_done(&client->asked);
	for (size_t i = 0; i < client->cached.len; i++)
		conversation_free(client->cached.items[i]);
	array_done(&client->cached);
	array_done(&client->observers);
	agent_list_done(&client->agents);
	free(client);
}

void
client_observe(struct client *client, note_fn fn, void *arg)
{
	struct observer observer = {fn, arg};

	array_push(&client->observers, observer);
}

void
client_notify(struct client *client, enum note_type type, int64_t conversation, int64_t entry,
    const struct error *error)
{
	struct note note = {type, conversation, entry, error};

	for (size_t i = 0; i < client->observers.len; i++)
		client->observers.items[i].fn(client->observers.items[i].arg, &note);
}

struct store *
client_store(const struct client *client)
{
	return client->store;
}

struct loop *
client_loop(const struct client *client)
{
	return client->loop;
}

const struct profile *
client_profile(const struct client *client)
{
	return client->profile;
}

static struct backend *
make_backend(struct client *client, struct link *link)
{
	const struct connection *connection = link->connection;
	struct responder *responder;

	if (connection->api == API_CONVERSATIONS)
		return cloud_new(client->loop, connection, client_event, link);
	responder = connection->api == API_GUIDE ? guide_new(client->loop)
						 : completions_new(client->loop, connection);
	return engine_new(
	    client->loop, client->store, connection->name, responder, client_event, link);
}

struct link *
client_link(struct client *client, const char *name, struct error *err)
{
	const struct connection *connection;
	struct link *link;

	if (name == NULL)
		name = client->profile->connection;
	for (size_t i = 0; i < client->links.len; i++)
		if (strcmp(client->links.items[i]->connection->name, name) == 0)
			return client->links.items[i];
	connection = profile_connection(client->profile, name);
	if (connection == NULL) {
		error_set(err, ERR_CONFIG,
		    _("No connection is called \"%s\" in the profile. What was kept can be read; "
		      "to go on, put the connection back or start a new conversation."),
		    name);
		return NULL;
	}
	link = xcalloc(1, sizeof(*link));
	link->client = client;
	link->connection = connection;
	link->backend = make_backend(client, link);
	array_push(&client->links, link);
	return link;
}

struct conversation *
client_cached(struct client *client, int64_t key)
{
	for (size_t i = 0; i < client->cached.len; i++)
		if (client->cached.items[i]->key == key)
			return client->cached.items[i];
	return NULL;
}

const struct conversation *
client_conversation(struct client *client, int64_t key, struct error *err)
{
	struct conversation *conversation = client_cached(client, key);

	if (conversation != NULL)
		return conversation;
	conversation = store_load(client->store, key, true, err);
	if (conversation != NULL)
		array_push(&client->cached, conversation);
	return conversation;
}

void
client_release(struct client *client, int64_t key)
{
	if (client_turn_of(client, key) != 0)
		return;
	for (size_t i = 0; i < client->cached.len; i++) {
		if (client->cached.items[i]->key != key)
			continue;
		conversation_free(client->cached.items[i]);
		array_remove(&client->cached, i);
		return;
	}
}

bool
client_find_exact(
    struct client *client, const char *connection, const char *id, int64_t *key, struct error *err)
{
	struct conversation *found;

	*key = 0;
	if (id == NULL)
		return true;
	if (!store_find(client->store, connection, id, key, err)) {
		if (err->kind != ERR_USAGE)
			return false;
		error_done(err);
		return true;
	}
	if (*key == 0)
		return true;
	found = store_load(client->store, *key, false, err);
	if (found == NULL || strcmp(found->id, id) != 0)
		*key = 0;
	conversation_free(found);
	return err->kind == ERR_NONE;
}

bool
client_adopt(
    struct client *client, const char *connection, const char *id, int64_t *key, struct error *err)
{
	const struct connection *kept;
	struct conversation *conversation;
	bool added;

	if (connection == NULL)
		connection = client->profile->connection;
	kept = profile_connection(client->profile, connection);
	if (!client_find_exact(client, connection, id, key, err))
		return false;
	if (*key != 0)
		return true;
	/* Whoever names it wants it back. */
	if (!store_untrash_id(client->store, connection, id, key, err) || *key != 0)
		return *key != 0;
	if (kept != NULL && kept->api != API_CONVERSATIONS)
		return error_set(err, ERR_USAGE,
		    _("No conversation %s is kept here, and the connection %s knows no others."),
		    id, connection);
	conversation = conversation_new();
	conversation->id = xstrdup(id);
	conversation->connection = xstrdup(connection);
	added = store_add_conversation(client->store, conversation, err);
	*key = conversation->key;
	if (added)
		array_push(&client->cached, conversation);
	else
		conversation_free(conversation);
	return added;
}

/*
 * In one transaction: a page of the list is a hundred of them, and each would
 * have waited for the disk by itself.
 */
static void
learn_conversations(
    struct client *client, const char *connection, const struct event *event, struct error *err)
{
	size_t cached = client->cached.len;
	int64_t key;
	bool good = true;

	if (!store_batch_begin(client->store, err))
		return;
	/* The oldest first, so that those changed last come out on top. */
	for (size_t i = event->conversation_count; i > 0 && good; i--)
		good =
		    merge_conversation(client, connection, event->conversations[i - 1], &key, err);
	if (store_batch_end(client->store, good, err))
		return;
	/* Those that were new are not there after all. */
	while (client->cached.len > cached) {
		client->cached.len--;
		conversation_free(client->cached.items[client->cached.len]);
	}
}

/* What the answer to a question changes here. */
static void
learn(struct asked *asked, const struct event *event)
{
	struct client *client = asked->link->client;
	const char *name = asked->link->connection->name;
	struct error err = ERROR_NONE;
	const struct conversation *conversation;
	int64_t key = 0;

	/* The engine's conversations are our own rows: nothing to learn, only to forget. */
	if (asked->link->connection->api != API_CONVERSATIONS && event->type != EVENT_DELETED)
		return;
	switch (event->type) {
	case EVENT_ENTRIES:
		if (asked->question->kind != ASK_HISTORY ||
		    !client_find_exact(client, name, event->conversation_id, &key, &err) ||
		    key == 0)
			break;
		conversation = client_conversation(client, key, &err);
		if (conversation != NULL && merge_history(client, client_cached(client, key),
						event->entries, event->entry_count, &err)) {
			client_notify(client, NOTE_CONVERSATION, key, 0, NULL);
			mirror_guess(client, key, &err);
		}
		break;
	case EVENT_CONVERSATIONS:
	case EVENT_CONVERSATION:
		learn_conversations(client, name, event, &err);
		client_notify(client, NOTE_LIST, 0, 0, NULL);
		break;
	case EVENT_DELETED:
		/* The engine has deleted it already. */
		if (asked->deletes != 0 && (asked->link->connection->api != API_CONVERSATIONS ||
					       store_delete(client->store, asked->deletes, &err))) {
			client_release(client, asked->deletes);
			client_notify(client, NOTE_LIST, asked->deletes, 0, NULL);
		}
		break;
	default:
		break;
	}
	if (err.kind != ERR_NONE)
		log_debug("an answer could not be kept: %s", err.text);
	error_done(&err);
}

static void
learn_agents(struct client *client, struct link *link, const struct event *event)
{
	for (size_t i = 0; i < event->agent_count; i++) {
		struct agent *agent = agent_copy(event->agents[i]);

		xreplace(&agent->connection, link->connection->name);
		array_push(&client->agents, agent);
	}
	client_notify(client, NOTE_AGENTS, 0, 0, NULL);
}

void
client_event(void *arg, const struct event *event)
{
	struct link *link = arg;
	struct client *client = link->client;

	for (size_t i = 0; i < client->active.len; i++) {
		if (client->active.items[i]->id == event->id) {
			run_event(client->active.items[i], event);
			return;
		}
	}
	for (size_t i = 0; i < client->asked.len; i++) {
		struct asked asked = client->asked.items[i];

		if (asked.id != event->id)
			continue;
		if (event->type == EVENT_RETRY)
			return;
		array_remove(&client->asked, i);
		learn(&asked, event);
		if (asked.retries != 0)
			retry_go_on(client, asked.retries, event);
		if (asked.fn != NULL)
			asked.fn(asked.arg, event);
		question_free(asked.question);
		return;
	}
	log_debug("an event for nobody: turn or question %u", event->id);
}

/* Whether asking it can lead to something: there is a key, or none is needed. */
static bool
can_be_asked(const struct connection *connection)
{
	struct error err = ERROR_NONE;
	struct buf key;
	bool good;

	if (connection->key_source == KEY_NONE || connection->key_source == KEY_COMMAND)
		return true;
	buf_init(&key, 0);
	good = connection_key(connection, &key, &err);
	explicit_bzero(key.data, key.len);
	buf_done(&key);
	error_done(&err);
	return good;
}

static void
refresh(struct client *client, const char *connection, const struct conversation *conversation,
    struct error *err)
{
	struct question *question;
	struct link *link;

	if (conversation == NULL) {
		link = client_link(client, connection, err);
		if (link != NULL)
			mirror_start(link);
		return;
	}
	question = question_new(ASK_HISTORY);
	question->conversation_id = xstrdup(conversation->id);
	client_ask(client, connection, question, NULL, NULL, err);
}

void
client_refresh(struct client *client, int64_t key)
{
	const char *name = client->profile->connection;
	const struct conversation *conversation;
	const struct connection *connection;
	struct error err = ERROR_NONE;

	conversation = key != 0 ? client_conversation(client, key, &err) : NULL;
	if (conversation != NULL)
		name = conversation->connection;
	connection = name != NULL ? profile_connection(client->profile, name) : NULL;
	if (connection != NULL && connection->api == API_CONVERSATIONS &&
	    can_be_asked(connection) &&
	    (key == 0 || (conversation != NULL && !conversation->own_id &&
			     client_turn_of(client, key) == 0))) {
		refresh(client, name, conversation, &err);
	}
	error_done(&err);
}

unsigned
client_ask(struct client *client, const char *connection, struct question *question, event_fn fn,
    void *arg, struct error *err)
{
	struct link *link = client_link(client, connection, err);
	struct asked asked = {.link = link, .question = question, .fn = fn, .arg = arg};

	if (link == NULL) {
		question_free(question);
		return 0;
	}
	if (question->kind == ASK_DELETE && !client_find_exact(client, link->connection->name,
						question->conversation_id, &asked.deletes, err)) {
		question_free(question);
		return 0;
	}
	asked.id = question->id = ++client->last_id;
	array_push(&client->asked, asked);
	if (!link->backend->ops->ask(link->backend, question, err)) {
		client->asked.len--;
		question_free(question);
		return 0;
	}
	return asked.id;
}

void
client_forget(struct client *client, unsigned id)
{
	for (size_t i = 0; i < client->asked.len; i++) {
		struct asked asked = client->asked.items[i];

		if (asked.id != id)
			continue;
		array_remove(&client->asked, i);
		asked.link->backend->ops->cancel(asked.link->backend, id);
		question_free(asked.question);
		return;
	}
}

bool
client_is_busy(const struct client *client)
{
	return client->active.len > 0 || client->asked.len > 0;
}

const agent_list *
client_agents(struct client *client)
{
	return &client->agents;
}

/* More than anyone can choose from: a server that always has another page is not followed. */
#define MAX_AGENTS 5000

static void
agents_came(void *arg, const struct event *event)
{
	struct link *link = arg;
	struct client *client = link->client;
	struct error err = ERROR_NONE;
	struct question *next;

	if (event->type != EVENT_AGENTS)
		return;
	learn_agents(client, link, event);
	if (event->page_token == NULL || client->agents.len > MAX_AGENTS)
		return;
	next = question_new(ASK_AGENTS);
	next->page_token = xstrdup(event->page_token);
	client_ask(client, link->connection->name, next, agents_came, link, &err);
	error_done(&err);
}

void
client_refresh_agents(struct client *client)
{
	/* What is still being asked would come twice. */
	for (size_t i = client->asked.len; i > 0; i--)
		if (client->asked.items[i - 1].fn == agents_came)
			client_forget(client, client->asked.items[i - 1].id);
	while (client->agents.len > client->profile_agents)
		agent_free(client->agents.items[--client->agents.len]);
	for (size_t i = 0; i < client->profile->connections.len; i++) {
		const struct connection *connection = client->profile->connections.items[i];
		struct error err = ERROR_NONE;
		struct link *link;

		link =
		    can_be_asked(connection) ? client_link(client, connection->name, &err) : NULL;
		if (link != NULL) {
			client_ask(client, connection->name, question_new(ASK_AGENTS), agents_came,
			    link, &err);
			client_ask(client, connection->name, question_new(ASK_MODELS), agents_came,
			    link, &err);
		}
		error_done(&err);
	}
}
