/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include <stdlib.h>
#include <string.h>

#include "backend/wire.h"
#include "base/error.h"
#include "base/log.h"
#include "base/mem.h"
#include "client/session.h"
#include "model/lineage.h"
#include "profile/profile.h"
#include "store/store.h"

/* As many as the server gives at once unasked; and an end to a list that has none. */
#define PAGE_SIZE 100
#define MAX_PAGES 1000

/* The words two conversations must share before one is taken for a branch of the other. */
#define WORDS_TO_GUESS 32

/* Of the trees and branches that begin alike only so many are compared. */
#define MAX_KIN 64

/* Linking. */

/*
 * The entries at the start of a conversation of its own that are copies of what
 * its parent's path has up to place at, or -1 if one says something else.
 */
static ptrdiff_t
count_copies(const struct conversation *branch, const struct conversation *parent, size_t at)
{
	size_t own = branch->entries.len - branch->inherited, copies = own <= at ? own : at + 1;

	for (size_t i = 0; i < copies; i++)
		if (!merge_same_words(
			branch->entries.items[branch->inherited + i], parent->entries.items[i]))
			return -1;
	return (ptrdiff_t)copies;
}

/* Whatever is cached of a tree is read again. */
static void
release_tree(struct client *client, int64_t root)
{
	for (size_t i = client->cached.len; i > 0; i--)
		if (client->cached.items[i - 1]->root == root)
			client_release(client, client->cached.items[i - 1]->key);
}

static bool
is_answering(const struct client *client, int64_t root)
{
	for (size_t i = 0; i < client->active.len; i++)
		if (client->active.items[i]->conversation->root == root)
			return true;
	return false;
}

/* Makes a root the branch of another conversation behind its entry at a place; -1: a sibling root.
 */
static bool
join(struct client *client, const struct conversation *branch, const struct conversation *parent,
    ptrdiff_t at, bool guessed, struct error *err)
{
	ptrdiff_t copies = at >= 0 ? count_copies(branch, parent, (size_t)at) : 0;
	int64_t fork = at >= 0 ? parent->entries.items[at]->key : 0;
	int64_t key = branch->key, root = branch->root;
	key_list originals = {0};
	bool good;

	if (copies < 0 || is_answering(client, root)) {
		log_debug("%s does not go on from %s as it says", branch->id, parent->id);
		return true;
	}
	for (ptrdiff_t i = 0; i < copies; i++)
		array_push(&originals, parent->entries.items[i]->key);
	good = store_set_lineage(
	    client->store, key, parent->key, fork, guessed, originals.items, originals.len, err);
	array_done(&originals);
	if (!good)
		return false;
	release_tree(client, root);
	client_notify(client, NOTE_CONVERSATION, key, 0, NULL);
	client_notify(client, NOTE_LIST, key, 0, NULL);
	return true;
}

/* By metadata. */

/* The place of a server's entry on the path of a conversation, with its history at hand or NULL. */
static ptrdiff_t
find_entry(const struct conversation *conversation, const char *id, const struct event *history)
{
	ptrdiff_t at = conversation_find_id(conversation, id);

	/* A copy that the server made of what was inherited has an id of its own. */
	for (size_t i = 0; at < 0 && history != NULL && i < history->entry_count; i++)
		if (history->entries[i]->id != NULL && strcmp(history->entries[i]->id, id) == 0 &&
		    i < conversation->entries.len &&
		    merge_same_words(conversation->entries.items[i], history->entries[i]))
			at = (ptrdiff_t)i;
	return at;
}

/* Asks for the history of the parent that the next one in line names. */
static bool
ask_parent(struct link *link, const char *id)
{
	struct question *question = question_new(ASK_HISTORY);
	struct error err = ERROR_NONE;
	unsigned asked;

	question->conversation_id = xstrdup(id);
	asked = client_ask(
	    link->client, link->connection->name, question, mirror_parent_came, link, &err);
	error_done(&err);
	return asked != 0;
}

/*
 * Looks for the parent of a conversation. False if its history has to be read
 * first, and was asked for.
 */
static bool
link_one(struct link *link, const struct conversation *branch, const struct event *history)
{
	struct client *client = link->client;
	char *parent_id = wire_get_string(branch->metadata, LINEAGE_PARENT);
	char *entry_id = wire_get_string(branch->metadata, LINEAGE_ENTRY);
	const struct conversation *parent = NULL;
	struct error err = ERROR_NONE;
	int64_t key = 0;
	ptrdiff_t at = -1;
	bool over = true;

	if (parent_id != NULL &&
	    client_find_exact(client, link->connection->name, parent_id, &key, &err) && key != 0 &&
	    key != branch->key)
		parent = client_conversation(client, key, &err);
	if (parent != NULL && entry_id != NULL)
		at = find_entry(parent, entry_id, history);
	if (parent != NULL && at < 0 && entry_id != NULL && history == NULL)
		over = !ask_parent(link, parent->id);
	else if (parent != NULL && parent->root != branch->root && (at >= 0 || entry_id == NULL))
		join(client, branch, parent, at, false, &err);
	if (err.kind != ERR_NONE)
		log_debug("lineage could not be kept: %s", err.text);
	error_done(&err);
	free(parent_id);
	free(entry_id);
	return over;
}

/* Those without a parent whose metadata names one, the oldest first. */
static void
link_all(struct link *link, const struct event *history)
{
	struct mirror *mirror = &link->mirror;
	struct client *client = link->client;

	for (; mirror->next < mirror->unlinked.len; mirror->next++, history = NULL) {
		int64_t key = mirror->unlinked.items[mirror->next];
		struct error err = ERROR_NONE;
		/* Its entries too: they may be copies. */
		struct conversation *branch = store_load(client->store, key, true, &err);
		bool over =
		    branch == NULL || branch->parent != 0 || link_one(link, branch, history);

		conversation_free(branch);
		error_done(&err);
		if (!over)
			return;
	}
	mirror->running = false;
}

void
mirror_parent_came(void *arg, const struct event *event)
{
	struct link *link = arg;

	if (event->type != EVENT_ENTRIES) {
		/* Not there, or nobody to ask: another time. */
		link->mirror.next++;
		event = NULL;
	}
	link_all(link, event);
}

/* The list. */

static char *
state_name(const struct link *link)
{
	return xasprintf("mirrored:%s", link->connection->name);
}

static bool
is_whole(const struct link *link)
{
	char *name = state_name(link);
	struct error err = ERROR_NONE;
	char *value = store_get(link->client->store, name, &err);
	bool whole = value != NULL;

	error_done(&err);
	free(value);
	free(name);
	return whole;
}

static void
list_is_whole(const struct link *link)
{
	char *name = state_name(link);
	struct error err = ERROR_NONE;

	if (!is_whole(link) && !store_set(link->client->store, name, "1", &err))
		log_debug("the mirror's state could not be kept: %s", err.text);
	error_done(&err);
	free(name);
}

static void page_came(void *, const struct event *);

static void
ask_page(struct link *link)
{
	struct question *question = question_new(ASK_LIST);
	struct error err = ERROR_NONE;

	question->page = link->mirror.page;
	question->page_size = PAGE_SIZE;
	link->mirror.running = true;
	link->mirror.merged = link->client->merged;
	if (client_ask(link->client, link->connection->name, question, page_came, link, &err) == 0)
		link->mirror.running = false;
	error_done(&err);
}

/*
 * The list is sorted by the time of making, so a page without anything new says
 * that those behind it have been seen, if all of them ever were.
 */
static void
page_came(void *arg, const struct event *event)
{
	struct link *link = arg;
	struct mirror *mirror = &link->mirror;
	struct error err = ERROR_NONE;

	if (event->type != EVENT_CONVERSATIONS) {
		mirror->running = false;
		return;
	}
	if (event->more && mirror->page < MAX_PAGES &&
	    (mirror->merged != link->client->merged || !is_whole(link))) {
		mirror->page++;
		ask_page(link);
		return;
	}
	if (!event->more)
		list_is_whole(link);
	array_clear(&mirror->unlinked);
	mirror->next = 0;
	if (!store_list_unlinked(link->client->store, link->connection->name, LINEAGE_PARENT,
		&mirror->unlinked, &err))
		log_debug("the store's list could not be read: %s", err.text);
	error_done(&err);
	link_all(link, NULL);
}

void
mirror_start(struct link *link)
{
	if (link->mirror.running)
		return;
	link->mirror.page = 0;
	ask_page(link);
}

/* By guessing. */

struct guess {
	int64_t kin;   /* the conversation that begins alike */
	size_t shared; /* entries */
};

/* How many entries two paths have in common, 0 if that may be chance. */
static size_t
count_shared(const struct conversation *a, const struct conversation *b)
{
	size_t shared = 0, words = 0;
	bool ids = true;

	while (shared < a->entries.len && shared < b->entries.len &&
	       merge_same_words(a->entries.items[shared], b->entries.items[shared])) {
		struct buf text;

		ids = ids && conversation_find_id(b, a->entries.items[shared]->id) >= 0;
		buf_init(&text, 0);
		entry_text(a->entries.items[shared], &text);
		/* The same question can be asked twice; hardly is the answer the same. */
		if (a->entries.items[shared]->type == ENTRY_MESSAGE_OUTPUT)
			words += text.len;
		buf_done(&text);
		shared++;
	}
	return ids || words >= WORDS_TO_GUESS ? shared : 0;
}

/* The branch of a tree that shares most with the conversation. */
static bool
compare_tree(struct client *client, const struct conversation *conversation, int64_t root,
    struct guess *best, struct error *err)
{
	struct tree tree;
	bool good;

	tree_init(&tree);
	good = store_load_tree(client->store, root, &tree, err);
	for (size_t i = 0; good && i < tree.branches.len && i < MAX_KIN; i++) {
		struct conversation *kin;
		size_t shared;

		if (tree.branches.items[i].deleted)
			continue;
		kin = store_load(client->store, tree.branches.items[i].conversation, true, err);
		shared = kin != NULL ? count_shared(conversation, kin) : 0;
		/* A later branch that shares as much only inherited it. */
		if (shared > best->shared)
			*best = (struct guess){kin->key, shared};
		conversation_free(kin);
		good = err->kind == ERR_NONE;
	}
	tree_done(&tree);
	return good;
}

/* Nobody says where it branches from, here or in its metadata. */
static bool
is_orphan(const struct conversation *conversation)
{
	char *parent = conversation->metadata != NULL
			   ? wire_get_string(conversation->metadata, LINEAGE_PARENT)
			   : NULL;
	bool named = parent != NULL;

	free(parent);
	return conversation->parent == 0 && conversation->key == conversation->root &&
	       !conversation->own_id && !named;
}

static bool
is_younger(const struct conversation *a, const struct conversation *b)
{
	return a->created_at != NULL && b->created_at != NULL &&
	       strcmp(a->created_at, b->created_at) > 0;
}

/* The younger goes on from the elder, unless it is known to be something else. */
static bool
join_guessed(struct client *client, const struct conversation *conversation,
    const struct guess *guess, struct error *err)
{
	struct conversation *kin = store_load(client->store, guess->kin, true, err);
	ptrdiff_t at = (ptrdiff_t)guess->shared - 1;
	bool good;

	if (kin == NULL)
		return err->kind == ERR_NONE;
	if (!is_younger(kin, conversation))
		good = join(client, conversation, kin, at, true, err);
	else
		good = !is_orphan(kin) || join(client, kin, conversation, at, true, err);
	conversation_free(kin);
	return good;
}

bool
mirror_guess(struct client *client, int64_t key, struct error *err)
{
	struct conversation *conversation = store_load(client->store, key, true, err);
	struct guess best = {0};
	key_list kin = {0};
	bool good = err->kind == ERR_NONE;

	if (conversation != NULL && is_orphan(conversation)) {
		good = store_find_kin(client->store, key, &kin, err);
		for (size_t i = 0; good && i < kin.len && i < MAX_KIN; i++)
			good = compare_tree(client, conversation, kin.items[i], &best, err);
		if (good && best.shared > 0)
			good = join_guessed(client, conversation, &best, err);
	}
	array_done(&kin);
	conversation_free(conversation);
	return good;
}
