/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/error.h"
#include "base/log.h"
#include "base/mem.h"
#include "client/session.h"
#include "net/loop.h"
#include "store/store.h"

/* An answer that streams to another instance is read so often, in milliseconds. */
#define PACE_MS 250

/* As far as it shows. */
static bool
same_entry(const struct entry *a, const struct entry *b)
{
	if (a->state != b->state || a->chunks.len != b->chunks.len ||
	    !xequal(a->reason, b->reason) || !xequal(a->completed_at, b->completed_at) ||
	    !xequal(a->confirmation, b->confirmation) || !buf_equal(&a->arguments, &b->arguments) ||
	    !buf_equal(&a->result, &b->result))
		return false;
	for (size_t i = 0; i < a->chunks.len; i++)
		if (!buf_equal(&a->chunks.items[i].text, &b->chunks.items[i].text))
			return false;
	return true;
}

/* Revisions go on from those that somebody may have seen. False if nothing is new. */
static bool
compare(const struct conversation *old, struct conversation *now)
{
	bool same = old->entries.len == now->entries.len && old->fork == now->fork &&
		    xequal(conversation_title(old), conversation_title(now));

	for (size_t i = 0; i < now->entries.len; i++) {
		struct entry *entry = now->entries.items[i];
		ptrdiff_t at = conversation_find(old, entry->key);

		if (at < 0) {
			same = false;
			continue;
		}
		entry->revision = old->entries.items[at]->revision;
		if (!same_entry(old->entries.items[at], entry)) {
			entry->revision++;
			same = false;
		}
	}
	return !same;
}

/* Reads a cached conversation again; the place in the cache may have gone afterwards. */
static bool
read_again(struct client *client, size_t i, struct error *err)
{
	struct conversation *old = client->cached.items[i];
	struct conversation *now = store_load(client->store, old->key, true, err);
	bool changed;

	if (now == NULL && err->kind != ERR_NONE)
		return false;
	if (now == NULL) {
		array_remove(&client->cached, i);
		conversation_free(old);
		return true;
	}
	changed = compare(old, now);
	client->cached.items[i] = now;
	conversation_free(old);
	return changed;
}

/* What this instance has in flight is read again when that is over. */
static void
look(struct client *client)
{
	struct error err = ERROR_NONE;

	client->others.behind = false;
	for (size_t i = client->cached.len; i > 0 && err.kind == ERR_NONE; i--) {
		int64_t key = client->cached.items[i - 1]->key;

		if (client_turn_of(client, key) != 0)
			client->others.behind = true;
		else if (read_again(client, i - 1, &err))
			client_notify(client, NOTE_CONVERSATION, key, 0, NULL);
	}
	if (err.kind != ERR_NONE)
		log_debug("what others changed could not be read: %s", err.text);
	error_done(&err);
	client_notify(client, NOTE_LIST, 0, 0, NULL);
}

static void
pace(void *arg)
{
	struct client *client = arg;

	client->others.pace = NULL;
	if (!client->others.missed)
		return;
	client->others.missed = false;
	client->others.pace = loop_timer(client->loop, PACE_MS, pace, client);
	look(client);
}

static void
written(void *arg, int fd, unsigned ready)
{
	struct client *client = arg;

	(void)fd;
	(void)ready;
	if (!store_others_changed(client->store))
		return;
	client->others.missed = client->others.pace != NULL;
	if (client->others.missed)
		return;
	client->others.pace = loop_timer(client->loop, PACE_MS, pace, client);
	look(client);
}

void
others_catch_up(struct client *client)
{
	if (!client->others.behind)
		return;
	client->others.missed = true;
	if (client->others.pace == NULL)
		client->others.pace = loop_timer(client->loop, 0, pace, client);
}

void
others_begin(struct client *client)
{
	int fd = store_watch(client->store);

	if (fd >= 0)
		client->others.watch = loop_watch(client->loop, fd, LOOP_READ, written, client);
}

void
others_end(struct client *client)
{
	loop_cancel(client->loop, client->others.pace);
	loop_unwatch(client->loop, client->others.watch);
}
