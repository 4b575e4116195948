/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include "client/session.h"

#include <stdlib.h>
#include <string.h>

#include "backend/wire.h"
#include "base/buf.h"
#include "base/error.h"
#include "base/mem.h"
#include "store/store.h"

static bool
same_id(const struct entry *a, const struct entry *b)
{
	return a->id != NULL && b->id != NULL && strcmp(a->id, b->id) == 0;
}

static bool
same_text(const struct entry *a, const struct entry *b)
{
	struct buf x, y;
	bool same;

	buf_init(&x, 0);
	buf_init(&y, 0);
	entry_text(a, &x);
	entry_text(b, &y);
	same = buf_equal(&x, &y);
	buf_done(&x);
	buf_done(&y);
	return same;
}

bool
merge_same_words(const struct entry *a, const struct entry *b)
{
	return a->type == b->type && a->assistant == b->assistant && same_text(a, b) &&
	       xequal(a->tool_call_id, b->tool_call_id);
}

/* Whether ours can be the server's: it has its id, or none yet and says the same. */
static bool
matches(const struct entry *ours, const struct entry *theirs)
{
	if (same_id(ours, theirs))
		return true;
	/* What never left this machine is not what another one said in the same words. */
	return ours->own_id && ours->state != ENTRY_UNSENT && merge_same_words(ours, theirs);
}

/* The server's form of an entry in the place of ours, which keeps its key. */
static void
replace(struct entry *ours, const struct entry *theirs)
{
	struct entry *copy = entry_copy(theirs), old = *ours;

	copy->key = old.key;
	copy->revision = old.revision + 1;
	copy->output_index = old.output_index;
	*ours = *copy;
	*copy = old;
	entry_free(copy);
}

/* Ours and the server's are one: takes over what the server knows better. */
static bool
unite(struct client *client, struct conversation *conversation, struct entry *ours,
    const struct entry *theirs, struct error *err)
{
	bool open = ours->state != ENTRY_COMPLETE;

	if (!ours->own_id && !open)
		return true;
	if (open && ours->type != ENTRY_MESSAGE_INPUT) {
		replace(ours, theirs);
	} else {
		xreplace(&ours->id, theirs->id);
		xreplace(&ours->reason, NULL);
	}
	ours->own_id = false;
	ours->state = ENTRY_COMPLETE;
	ours->revision++;
	if (!store_save_entry(client->store, ours, err))
		return false;
	client_notify(client, NOTE_ENTRY, conversation->key, ours->key, NULL);
	return true;
}

/* The place from `from` on of the entry of ours that is theirs, or -1. */
static ptrdiff_t
find(const struct conversation *conversation, size_t from, const struct entry *theirs)
{
	for (size_t i = from; i < conversation->entries.len; i++)
		if (matches(conversation->entries.items[i], theirs))
			return (ptrdiff_t)i;
	return -1;
}

/* A conversation that came without a name is called by its first prompt. */
static bool
name_it(struct client *client, struct conversation *conversation, struct error *err)
{
	struct buf text;

	if (conversation_title(conversation) != NULL || conversation->parent != 0)
		return true;
	buf_init(&text, 0);
	for (size_t i = 0; i < conversation->entries.len && text.len == 0; i++)
		if (entry_is_prompt(conversation->entries.items[i]))
			entry_text(conversation->entries.items[i], &text);
	if (text.len > 0)
		conversation->title = conversation_make_title(text.data);
	buf_done(&text);
	return conversation->title == NULL ||
	       store_save_conversation(client->store, conversation, err);
}

/*
 * How many entries at the start of the server's history are copies of what a
 * branch inherited: those up to its fork entry, whose copy may have a new id.
 */
static size_t
count_copies(const struct conversation *conversation, struct entry *const *entries, size_t count)
{
	size_t copies = 0;

	if (conversation->inherited == 0)
		return 0;
	for (size_t i = 0; i < count; i++)
		if (same_id(conversation->entries.items[conversation->inherited - 1], entries[i]))
			return i + 1;
	for (size_t i = 0; i < conversation->inherited; i++) {
		const struct entry *entry = conversation->entries.items[i];

		if (conversation->carried)
			copies += begin_brings(entry) ? wire_input_count(entry) : 0;
		else
			copies += entry->state != ENTRY_UNSENT;
	}
	return copies;
}

/* A copy with another id is known by its place: all before it must be what we have, too. */
const char *
merge_id_of(
    const struct conversation *conversation, size_t at, struct entry *const *entries, size_t count)
{
	struct entry *const *ours = conversation->entries.items;
	size_t place = 0;

	for (size_t i = 0; i < count; i++)
		if (same_id(ours[at], entries[i]))
			return entries[i]->id;
	if (at >= conversation->inherited || ours[at]->state == ENTRY_UNSENT)
		return NULL;
	for (size_t i = 0; i <= at; i++) {
		if (ours[i]->state == ENTRY_UNSENT)
			continue;
		if (place == count || !merge_same_words(ours[i], entries[place]))
			return NULL;
		place++;
	}
	return entries[place - 1]->id;
}

/* An answer is coming: here, or to another instance. */
static bool
is_answering(const struct client *client, const struct conversation *conversation)
{
	for (size_t i = conversation->inherited; i < conversation->entries.len; i++)
		if (conversation->entries.items[i]->state == ENTRY_SENDING ||
		    conversation->entries.items[i]->state == ENTRY_STREAMING)
			return true;
	return client_turn_of(client, conversation->key) != 0;
}

static bool
add_theirs(struct client *client, struct conversation *conversation, const struct entry *theirs,
    struct error *err)
{
	struct entry *copy = entry_copy(theirs);

	copy->key = 0;
	if (!store_add_entry(client->store, conversation->key, 0, copy, err)) {
		entry_free(copy);
		return false;
	}
	array_push(&conversation->entries, copy);
	return true;
}

bool
merge_history(struct client *client, struct conversation *conversation,
    struct entry *const *entries, size_t count, struct error *err)
{
	bool answering = is_answering(client, conversation);
	size_t next = conversation->inherited;

	/*
	 * What a branch inherited is the business of the conversation that said
	 * it; the copies of its start must not become entries of its own.
	 */
	for (size_t i = count_copies(conversation, entries, count); i < count; i++) {
		ptrdiff_t at = find(conversation, next, entries[i]);
		struct entry *ours = at >= 0 ? conversation->entries.items[at] : NULL;

		if (ours != NULL) {
			next = (size_t)at + 1;
			/* What still grows is the turn's; its history may be ahead of us. */
			if (ours->state != ENTRY_SENDING && ours->state != ENTRY_STREAMING &&
			    !unite(client, conversation, ours, entries[i], err))
				return false;
		} else if (!answering) {
			if (!add_theirs(client, conversation, entries[i], err))
				return false;
			next = conversation->entries.len;
		}
	}
	return name_it(client, conversation, err);
}

bool
merge_conversation(struct client *client, const char *connection, const struct conversation *theirs,
    int64_t *key, struct error *err)
{
	struct conversation *ours;
	bool kept, deleted;

	*key = 0;
	if (theirs->id == NULL)
		return true;
	if (!store_is_deleted_here(
		client->store, connection, theirs->id, theirs->updated_at, &deleted, err))
		return false;
	if (deleted)
		return true;
	if (!client_adopt(client, connection, theirs->id, key, err))
		return false;
	ours = client_cached(client, *key);
	if (ours == NULL) {
		struct conversation *loaded = store_load(client->store, *key, false, err);

		if (loaded == NULL)
			return err->kind == ERR_NONE;
		ours = loaded;
	}
	if (xequal(ours->updated_at, theirs->updated_at)) {
		kept = true;
	} else {
		char *title = xstrdup(ours->title), *agent = xstrdup(ours->agent);
		char *handoff = xstrdup(ours->handoff_execution);

		conversation_copy_settings(ours, theirs);
		xreplace(&ours->connection, connection);
		xreplace(&ours->title, title);
		xreplace(&ours->agent, agent);
		xreplace(&ours->handoff_execution, handoff);
		xreplace(&ours->created_at, theirs->created_at);
		xreplace(&ours->updated_at, theirs->updated_at);
		xreplace(&ours->raw, theirs->raw);
		client->merged++;
		/* Someone is looking at it, and it went on elsewhere. */
		if (ours == client_cached(client, *key) && ours->entries.len > 0)
			client_refresh(client, *key);
		kept = store_save_conversation(client->store, ours, err);
		free(title);
		free(agent);
		free(handoff);
	}
	if (ours != client_cached(client, *key))
		conversation_free(ours);
	return kept;
}
