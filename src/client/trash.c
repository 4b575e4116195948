/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include <string.h>

#include "base/error.h"
#include "base/i18n.h"
#include "base/log.h"
#include "base/mem.h"
#include "client/session.h"
#include "net/loop.h"
#include "profile/profile.h"
#include "store/store.h"

/* So long a deletion can be taken back: after the last one, in milliseconds. */
#define UNDO_MS 30000

/* What a server says of what it does not have, which is as good as deleted. */
#define STATUS_NOT_FOUND 404

static void
tell(struct client *client, const struct error *err)
{
	client_notify(client, NOTE_LIST, 0, 0, NULL);
	client_notify(client, NOTE_TRASH, 0, 0, err);
}

/* It stays in the trash. */
static void
tell_failure(struct client *client, const struct error *why)
{
	struct error err = ERROR_NONE;

	error_set(&err, why->kind,
	    _("A conversation could not be deleted on the server yet. %s It is tried again when "
	      "causerie ends or starts; undo brings the conversation back."),
	    why->text);
	tell(client, &err);
	error_done(&err);
}

static void
purge(struct client *client, int64_t key, bool everywhere)
{
	struct error err = ERROR_NONE;

	client_release(client, key);
	store_purge(client->store, key, everywhere, &err);
	tell(client, err.kind != ERR_NONE ? &err : NULL);
	error_done(&err);
}

static void
answered(void *arg, const struct event *event)
{
	struct client *client = arg;

	for (size_t i = 0; i < client->trash.errands.len; i++) {
		struct errand errand = client->trash.errands.items[i];

		if (errand.question != event->id)
			continue;
		array_remove(&client->trash.errands, i);
		if (event->type == EVENT_FAILED && event->error->status != STATUS_NOT_FOUND)
			tell_failure(client, event->error);
		else
			purge(client, errand.conversation, true);
		return;
	}
}

static bool
is_asked(const struct client *client, int64_t key)
{
	for (size_t i = 0; i < client->trash.errands.len; i++)
		if (client->trash.errands.items[i].conversation == key)
			return true;
	return false;
}

static void
ask_server(struct client *client, const struct trashed *trashed)
{
	struct question *question = question_new(ASK_DELETE);
	struct errand errand = {.conversation = trashed->conversation};
	struct error err = ERROR_NONE;

	question->conversation_id = xstrdup(trashed->id);
	errand.question = client_ask(client, trashed->connection, question, answered, client, &err);
	if (errand.question != 0)
		array_push(&client->trash.errands, errand);
	else
		tell_failure(client, &err);
	error_done(&err);
}

/* A connection that is not in the profile any more is asked too, and says so. */
static bool
is_on_server(const struct client *client, const struct trashed *trashed)
{
	const struct connection *connection =
	    trashed->connection != NULL ? profile_connection(client->profile, trashed->connection)
					: NULL;

	return trashed->server && trashed->id != NULL && trashed->connection != NULL &&
	       (connection == NULL || connection->api == API_CONVERSATIONS);
}

void
client_empty_trash(struct client *client)
{
	struct error err = ERROR_NONE;
	trash_list list = {0};

	loop_cancel(client->loop, client->trash.due);
	client->trash.due = NULL;
	if (!store_list_trash(client->store, &list, &err))
		log_debug("the trash could not be read: %s", err.text);
	error_done(&err);
	for (size_t i = 0; i < list.len; i++) {
		const struct trashed *trashed = &list.items[i];

		if (is_asked(client, trashed->conversation))
			continue;
		if (is_on_server(client, trashed))
			ask_server(client, trashed);
		else
			purge(client, trashed->conversation, false);
	}
	trash_list_done(&list);
}

static void
due(void *arg)
{
	struct client *client = arg;

	client->trash.due = NULL;
	client_empty_trash(client);
}

bool
client_delete(
    struct client *client, const int64_t *keys, size_t count, bool server, struct error *err)
{
	if (!store_trash(client->store, keys, count, server, err))
		return false;
	for (size_t i = 0; i < count; i++)
		client_release(client, keys[i]);
	loop_cancel(client->loop, client->trash.due);
	client->trash.due = loop_timer(client->loop, UNDO_MS, due, client);
	client_notify(client, NOTE_LIST, 0, 0, NULL);
	return true;
}

/* Of the last batch none may be on its way: what the server deletes does not come back. */
static bool
can_come_back(struct client *client, bool *more, struct error *err)
{
	trash_list list = {0};
	bool good = store_list_trash(client->store, &list, err);

	*more = false;
	for (size_t i = 0; i < list.len && good; i++) {
		if (list.items[i].batch != list.items[0].batch)
			*more = true;
		else if (is_asked(client, list.items[i].conversation))
			good = error_set(err, ERR_USAGE,
			    _("The server is deleting it already: it cannot be brought back any "
			      "more."));
	}
	trash_list_done(&list);
	return good;
}

bool
client_undelete(struct client *client, int64_t *key, struct error *err)
{
	bool more;

	*key = 0;
	if (!can_come_back(client, &more, err) || !store_untrash(client->store, key, err))
		return false;
	if (!more) {
		loop_cancel(client->loop, client->trash.due);
		client->trash.due = NULL;
	}
	client_notify(client, NOTE_LIST, 0, 0, NULL);
	return true;
}

bool
client_is_deleting(const struct client *client)
{
	return client->trash.errands.len > 0;
}

void
trash_end(struct client *client)
{
	loop_cancel(client->loop, client->trash.due);
	array_done(&client->trash.errands);
}
