/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "base/buf.h"
#include "base/error.h"
#include "base/i18n.h"
#include "base/id.h"
#include "base/mem.h"
#include "model/bundle.h"
#include "store/db.h"
#include "store/store-private.h"
#include "store/store.h"

/* Numbers of branches that a file may claim. */
#define MAX_NUMBER 1000000

/* How far the order of changes may be ahead of the clock: a second. */
#define MAX_AHEAD 1000000

/* Out. */

static void
name_entries(struct conversation *c)
{
	for (size_t i = 0; i < c->entries.len; i++) {
		struct entry *entry = c->entries.items[i];

		if (entry->id != NULL && entry->id[0] != '\0')
			continue;
		free(entry->id);
		entry->id = xasprintf("msg_%032llx", (unsigned long long)entry->key);
		entry->own_id = true;
	}
}

/* The id of an entry in the bundle, or NULL; borrowed. */
static const char *
entry_id_of(const struct bundle *bundle, int64_t key)
{
	for (size_t i = 0; i < bundle->branches.len && key != 0; i++) {
		const struct conversation *c = bundle->branches.items[i].conversation;
		ptrdiff_t at = conversation_find(c, key);

		if (at >= 0)
			return c->entries.items[at]->id;
	}
	return NULL;
}

static bool
load_drafts(struct store *store, const struct bundle *bundle, struct bundle_branch *branch,
    struct error *err)
{
	struct stmt *s = db_prepare(store->db,
	    "SELECT entry, text, changed_at FROM draft WHERE conversation = ?1 ORDER BY entry");

	db_bind_int(s, 1, branch->conversation->key);
	while (db_step(s, err)) {
		int64_t place = db_int(s, 0);
		const char *id = entry_id_of(bundle, place < 0 ? -place : place);

		/* One at an entry that is not in the bundle has no place there. */
		if (place == 0 || id != NULL)
			array_push(&branch->drafts, ((struct bundle_draft){.entry = xstrdup(id),
							.in_place = place < 0,
							.text = read_string(s, 1),
							.changed_at = read_string(s, 2)}));
	}
	return db_finish(s);
}

static bool
load_tree_line(struct store *store, int64_t root, struct bundle *bundle, struct error *err)
{
	struct stmt *s =
	    db_prepare(store->db, "SELECT title, pinned, archived FROM tree WHERE root = ?1");

	db_bind_int(s, 1, root);
	if (db_step(s, err)) {
		bundle->title = read_string(s, 0);
		bundle->pinned = db_int(s, 1) != 0;
		bundle->archived = db_int(s, 2) != 0;
	}
	return db_finish(s);
}

/* The part of a conversation that is wanted; nothing is if it is not on the path. */
static bool
is_wanted(const segment_list *path, int64_t key, struct segment *segment)
{
	*segment = (struct segment){.conversation = key, .last = INT64_MAX};
	for (size_t i = 0; i < path->len; i++)
		if (path->items[i].conversation == key) {
			*segment = path->items[i];
			return true;
		}
	return path->len == 0;
}

static bool
load_branches(struct store *store, const struct tree *tree, conversation_list *list,
    const segment_list *path, struct bundle *bundle, struct error *err)
{
	for (size_t i = 0; i < list->len; i++) {
		const struct tree_branch *from = &tree->branches.items[i];
		const struct tree_branch *parent = tree_branch_of(tree, from->parent);
		struct bundle_branch branch = {.conversation = list->items[i],
		    .number = from->number,
		    .active = from->active,
		    .hidden = from->hidden,
		    .deleted = from->deleted,
		    .guessed = from->guessed};
		struct segment segment;

		if (!is_wanted(path, branch.conversation->key, &segment))
			continue;
		list->items[i] = NULL;
		branch.label = xstrdup(from->label);
		branch.parent = parent != NULL ? xstrdup(parent->id) : NULL;
		array_push(&bundle->branches, branch);
		if (!entries_load(store, segment, branch.conversation, err))
			return false;
		name_entries(branch.conversation);
	}
	for (size_t i = 0; i < bundle->branches.len; i++) {
		struct bundle_branch *branch = &bundle->branches.items[i];

		branch->fork = xstrdup(entry_id_of(bundle, branch->conversation->fork));
		if (!load_drafts(store, bundle, branch, err))
			return false;
	}
	return true;
}

static bool
load_bundle(struct store *store, int64_t key, bool whole, struct bundle *bundle, struct error *err)
{
	conversation_list list = {0};
	segment_list path = {0};
	struct tree tree;
	int64_t root;
	bool good;

	tree_init(&tree);
	good = conversation_root(store, key, &root, err) &&
	       (whole || path_trace(store, key, &path, err)) &&
	       store_load_tree(store, key, &tree, err) &&
	       conversations_of_tree(store, root, &list, err) &&
	       load_tree_line(store, root, bundle, err) &&
	       load_branches(store, &tree, &list, &path, bundle, err);
	conversation_list_done(&list);
	array_done(&path);
	tree_done(&tree);
	return good;
}

bool
store_load_bundle(
    struct store *store, int64_t key, bool whole, struct bundle *bundle, struct error *err)
{
	turns_bury(store);
	if (!db_begin_read(store->db, err))
		return false;
	if (store_end(store, load_bundle(store, key, whole, bundle, err), err))
		return true;
	bundle_done(bundle);
	return false;
}

/* In. */

/* An entry that is here already. */
struct known {
	char *id;
	int64_t key, conversation;
};

struct import {
	struct store *store;
	struct bundle *bundle;
	struct bundle_order order;
	ARRAY(struct known) known; /* sorted by id */
	key_list roots;		   /* of trees it looked into or changed */
	key_list keys;		   /* by branch: the conversation it is in */
	ARRAY(bool) made;	   /* by branch: by this import */
	struct import_count *count;
	int64_t now; /* in the order of changes */
};

static int
compare_known(const void *a, const void *b)
{
	return strcmp(((const struct known *)a)->id, ((const struct known *)b)->id);
}

static const struct known *
find_known(const struct import *import, char *id)
{
	struct known wanted = {.id = id};

	if (id == NULL || import->known.len == 0)
		return NULL;
	return bsearch(
	    &wanted, import->known.items, import->known.len, sizeof(wanted), compare_known);
}

static void
note_root(struct import *import, int64_t root)
{
	for (size_t i = 0; i < import->roots.len; i++)
		if (import->roots.items[i] == root)
			return;
	array_push(&import->roots, root);
}

static bool
learn_tree(struct import *import, int64_t root, struct error *err)
{
	struct stmt *s;
	size_t before = import->roots.len;

	note_root(import, root);
	if (import->roots.len == before)
		return true;
	s = db_prepare(import->store->db,
	    "SELECT e.id, e.key, e.conversation FROM conversation c"
	    " JOIN entry e ON e.conversation = c.key WHERE c.root = ?1 AND e.id IS NOT NULL");
	db_bind_int(s, 1, root);
	while (db_step(s, err))
		array_push(&import->known,
		    ((struct known){read_string(s, 0), db_int(s, 1), db_int(s, 2)}));
	return db_finish(s);
}

/* The conversation of an id, rather one of that connection; 0: it is not here. */
static bool
find_conversation(struct import *import, const char *id, const char *connection, int64_t *key,
    bool *deleted, struct error *err)
{
	struct stmt *s = db_prepare(import->store->db,
	    "SELECT key, root, deleted FROM conversation WHERE id = ?1"
	    " ORDER BY deleted, connection IS NOT ?2, +active DESC LIMIT 1");
	int64_t root = 0;

	*key = 0;
	*deleted = false;
	db_bind_text(s, 1, id);
	db_bind_text(s, 2, connection);
	if (id != NULL && db_step(s, err)) {
		*key = db_int(s, 0);
		root = db_int(s, 1);
		*deleted = db_int(s, 2) != 0;
	}
	return db_finish(s) && (root == 0 || learn_tree(import, root, err));
}

/* One that was deleted here and is in a file again is wanted again. */
static bool
revive(struct import *import, const struct bundle_branch *branch, int64_t key, struct error *err)
{
	struct conversation *c = branch->conversation;
	bool good;

	c->key = key;
	good = trash_take_out(import->store, key, err) && conversation_save(import->store, c, err);
	import->count->branches++;
	return good;
}

/* Which conversations and entries of the bundle are here. */
static bool
learn(struct import *import, struct error *err)
{
	for (size_t i = 0; i < import->bundle->branches.len; i++) {
		const struct bundle_branch *branch = &import->bundle->branches.items[i];
		const struct conversation *c = branch->conversation;
		int64_t key, parent;
		bool deleted, ignored;

		if (!find_conversation(import, c->id, c->connection, &key, &deleted, err))
			return false;
		array_push(&import->keys, key);
		array_push(&import->made, false);
		if (key != 0 && deleted && !branch->deleted && !revive(import, branch, key, err))
			return false;
		/* A path alone may hang on what is not in the file. */
		if (import->order.forks.items[i].branch == BUNDLE_NOWHERE &&
		    !find_conversation(
			import, branch->parent, c->connection, &parent, &ignored, err))
			return false;
	}
	if (import->known.len > 0)
		qsort(import->known.items, import->known.len, sizeof(struct known), compare_known);
	return true;
}

/* Where the next entry of a branch goes. */
struct cursor {
	int64_t behind; /* the entry before it; 0: it is a first one */
	int64_t owner;	/* the conversation that was said in */
	int64_t target; /* entries are being added to this one; 0: to none yet */
	int64_t parent; /* of a branch without a fork */
	size_t branch;
};

/* Whether an entry put behind that one is the next of the conversation. */
static bool
is_end(struct store *store, int64_t conversation, int64_t behind, bool *end, struct error *err)
{
	int64_t last;

	if (!store_number(store,
		"SELECT coalesce((SELECT key FROM entry WHERE conversation = ?1"
		" ORDER BY seq DESC LIMIT 1), (SELECT fork FROM conversation WHERE key = ?1), 0)",
		conversation, 0, &last, err))
		return false;
	*end = last == behind;
	return true;
}

/* When a branch was changed last, in the order of changes here. */
static bool
when(struct import *import, const struct bundle_branch *branch, int64_t *active, struct error *err)
{
	if (!active_at(import->store, branch->conversation->updated_at, active, err))
		return false;
	/* Changes of one second are counted on into the next. */
	if (branch->active > 0 && branch->active < import->now + MAX_AHEAD)
		*active = branch->active;
	return true;
}

static bool
apply_settings(
    struct import *import, const struct bundle_branch *branch, int64_t key, struct error *err)
{
	struct stmt *s;
	int64_t active;

	if (!when(import, branch, &active, err))
		return false;
	s = db_prepare(import->store->db,
	    "UPDATE conversation SET label = nullif(?2, ''), hidden = ?3, active = ?4,"
	    " guessed = ?5 WHERE key = ?1");
	db_bind_int(s, 1, key);
	db_bind_text(s, 2, branch->label);
	db_bind_int(s, 3, branch->hidden);
	db_bind_int(s, 4, active);
	db_bind_int(s, 5, branch->guessed);
	return db_run(s, err);
}

/* The branch as the file has it, unless there is one of its id, which has gone another way. */
static bool
make_branch(
    struct import *import, struct cursor *cursor, const struct entry *first, struct error *err)
{
	const struct bundle_branch *branch = &import->bundle->branches.items[cursor->branch];
	struct conversation *c = branch->conversation, *other = NULL;
	bool good;

	if (import->keys.items[cursor->branch] != 0) {
		other = conversation_new();
		conversation_copy_settings(other, c);
		xreplace(&other->title, NULL);
		other->id = xasprintf("conv_%s", id_tail(first->id));
		other->own_id = c->own_id;
		other->created_at = xstrdup(first->created_at);
		other->updated_at = xstrdup(c->updated_at);
		c = other;
	}
	c->key = c->root = 0;
	c->fork = cursor->behind;
	c->parent = c->fork != 0 ? 0 : cursor->parent;
	good = conversation_insert(import->store, c, err);
	if (good) {
		note_root(import, c->root);
		cursor->target = c->key;
		import->count->branches++;
		if (other == NULL)
			good = apply_settings(import, branch, c->key, err);
		if (other == NULL)
			import->made.items[cursor->branch] = true;
		if (import->keys.items[cursor->branch] == 0)
			import->keys.items[cursor->branch] = c->key;
	}
	conversation_free(other);
	return good;
}

/* Behind what the branch has here, or what an earlier import made of it; else it parts here. */
static bool
choose_target(
    struct import *import, struct cursor *cursor, const struct entry *first, struct error *err)
{
	int64_t kept = import->keys.items[cursor->branch];
	const int64_t candidates[] = {kept, cursor->owner};

	/* The owner of a fork goes on by itself. */
	for (size_t i = 0; i < 2; i++) {
		bool end = false;

		if (candidates[i] == 0)
			continue;
		if (!is_end(import->store, candidates[i], cursor->behind, &end, err))
			return false;
		if (end) {
			cursor->target = candidates[i];
			return true;
		}
	}
	return make_branch(import, cursor, first, err);
}

/* Nobody here waits for the rest of it. */
static void
settle(struct entry *entry)
{
	if (entry->state != ENTRY_SENDING && entry->state != ENTRY_STREAMING)
		return;
	entry->state = ENTRY_INTERRUPTED;
	xreplace(&entry->reason, _("It was under way when it was exported."));
}

/*
 * What we said has an id of ours until the server tells its own: the same entry
 * can be here by one and in the file by the other. Then it has the same words
 * in the same place; *key is 0 if there is none such.
 */
static bool
find_renamed(struct import *import, const struct cursor *cursor, const struct entry *entry,
    int64_t *key, struct error *err)
{
	struct buf text = BUF_EMPTY;
	bool own = false;
	struct stmt *s;

	entry_text(entry, &text);
	s = db_prepare(import->store->db,
	    "SELECT key, own_id FROM (SELECT * FROM entry WHERE conversation = ?1 AND seq >"
	    " coalesce((SELECT seq FROM entry WHERE key = ?2 AND conversation = ?1), 0)"
	    " ORDER BY seq LIMIT 1) e WHERE own_id <> ?3 AND type = ?4 AND ?5 = coalesce("
	    "(SELECT group_concat(text, '') FROM (SELECT text FROM part WHERE entry = e.key"
	    " AND type = 'text' ORDER BY index_, key)), '')");
	db_bind_int(s, 1, import->keys.items[cursor->branch]);
	db_bind_int(s, 2, cursor->behind);
	db_bind_int(s, 3, entry->own_id);
	db_bind_text(s, 4, entry_type_name(entry));
	db_bind_bytes(s, 5, text.data, text.len);
	buf_done(&text);
	*key = 0;
	if (db_step(s, err)) {
		*key = db_int(s, 0);
		own = db_int(s, 1) != 0;
	}
	if (!db_finish(s) || *key == 0 || !own)
		return err->kind == ERR_NONE;
	s = db_prepare(import->store->db, "UPDATE entry SET id = ?2, own_id = 0 WHERE key = ?1");
	db_bind_int(s, 1, *key);
	db_bind_text(s, 2, entry->id);
	return db_run(s, err);
}

static bool
put_entries(struct import *import, struct cursor *cursor, struct error *err)
{
	const struct conversation *c = import->bundle->branches.items[cursor->branch].conversation;
	int64_t last = 0;

	for (size_t i = 0; i < c->entries.len; i++) {
		struct entry *entry = c->entries.items[i];
		const struct known *known = find_known(import, entry->id);
		int64_t kept = import->keys.items[cursor->branch], renamed = 0;

		if (known == NULL && kept != 0 && last == 0 &&
		    !find_renamed(import, cursor, entry, &renamed, err))
			return false;
		if (known != NULL || renamed != 0) {
			entry->key = cursor->behind = known != NULL ? known->key : renamed;
			cursor->owner = known != NULL ? known->conversation : kept;
			continue;
		}
		if ((last == 0 || cursor->behind != last) &&
		    !choose_target(import, cursor, entry, err))
			return false;
		entry->key = 0;
		settle(entry);
		if (!entry_insert(import->store, cursor->target, 0, entry, err))
			return false;
		last = cursor->behind = entry->key;
		cursor->owner = cursor->target;
		import->count->entries++;
	}
	return true;
}

/* Its marks and dates, after entries were added. */
static bool
refresh_grown(struct import *import, const struct cursor *cursor, struct error *err)
{
	const struct bundle_branch *branch = &import->bundle->branches.items[cursor->branch];
	int64_t root, active;
	struct stmt *s;

	if (!when(import, branch, &active, err))
		return false;
	s = db_prepare(import->store->db,
	    "UPDATE conversation SET updated_at = max(updated_at, coalesce(?2, updated_at)),"
	    " active = max(active, ?3), failed = coalesce((SELECT state <> 0 FROM entry"
	    " WHERE conversation = ?1 ORDER BY seq DESC LIMIT 1), 0) WHERE key = ?1");
	db_bind_int(s, 1, cursor->target);
	db_bind_text(s, 2, branch->conversation->updated_at);
	db_bind_int(s, 3, active);
	return db_run(s, err) &&
	       store_number(import->store, "SELECT root FROM conversation WHERE key = ?1",
		   cursor->target, 0, &root, err) &&
	       tree_refresh(import->store, root, cursor->target, err);
}

static bool
put_drafts(struct import *import, size_t at, struct error *err)
{
	const struct bundle_branch *branch = &import->bundle->branches.items[at];

	for (size_t i = 0; i < branch->drafts.len; i++) {
		const struct bundle_draft *draft = &branch->drafts.items[i];
		int64_t place = 0;
		struct stmt *s;

		for (size_t j = 0; j < import->bundle->branches.len && draft->entry != NULL; j++) {
			const struct conversation *c =
			    import->bundle->branches.items[j].conversation;
			ptrdiff_t found = conversation_find_id(c, draft->entry);

			if (found >= 0)
				place = c->entries.items[found]->key;
		}
		s = db_prepare(import->store->db,
		    "INSERT OR IGNORE INTO draft (conversation, entry, text, changed_at)"
		    " VALUES (?1, ?2, ?3, ?4)");
		db_bind_int(s, 1, import->keys.items[at]);
		db_bind_int(s, 2, draft->in_place ? -place : place);
		db_bind_text(s, 3, draft->text);
		db_bind_text(s, 4, draft->changed_at != NULL ? draft->changed_at : "");
		if (!db_run(s, err))
			return false;
	}
	return true;
}

/* Where a branch begins: behind an entry of the bundle, or of the store. */
static bool
find_start(struct import *import, struct cursor *cursor, struct error *err)
{
	const struct bundle_branch *branch = &import->bundle->branches.items[cursor->branch];
	struct bundle_place fork = import->order.forks.items[cursor->branch];
	const struct known *known = find_known(import, branch->fork);
	bool deleted;

	if (fork.entry != BUNDLE_NOWHERE) {
		cursor->behind = import->bundle->branches.items[fork.branch]
				     .conversation->entries.items[fork.entry]
				     ->key;
		return true;
	}
	cursor->behind = known != NULL ? known->key : 0;
	if (fork.branch != BUNDLE_NOWHERE) {
		cursor->parent = import->keys.items[fork.branch];
	} else if (branch->fork == NULL) {
		if (!find_conversation(import, branch->parent, branch->conversation->connection,
			&cursor->parent, &deleted, err))
			return false;
		cursor->parent = deleted ? 0 : cursor->parent;
	}
	return true;
}

/* One that came by itself before finds its place when what it branched from comes too. */
static bool
find_home(struct import *import, const struct cursor *cursor, struct error *err)
{
	int64_t key = import->keys.items[cursor->branch], alone, root = 0;

	if (key == 0 || (cursor->behind == 0 && cursor->parent == 0))
		return true;
	if (!store_number(import->store,
		"SELECT root = key AND parent IS NULL FROM conversation WHERE key = ?1", key, 0,
		&alone, err) ||
	    !store_number(import->store,
		"SELECT c.root FROM conversation c WHERE c.deleted = 0 AND c.key = ?1",
		cursor->parent, 0, &root, err) ||
	    (root == 0 && !store_number(import->store,
			      "SELECT c.root FROM entry e JOIN conversation c ON c.key ="
			      " e.conversation WHERE e.key = ?1",
			      cursor->behind, 0, &root, err)))
		return false;
	if (alone == 0 || root == 0 || root == key)
		return true;
	import->count->branches++;
	return conversation_set_lineage(import->store, key,
	    cursor->behind != 0 ? 0 : cursor->parent, cursor->behind, false, err);
}

static bool
put_branch(struct import *import, size_t at, struct error *err)
{
	const struct conversation *c = import->bundle->branches.items[at].conversation;
	struct cursor cursor = {.branch = at};

	if (!find_start(import, &cursor, err) || !find_home(import, &cursor, err))
		return false;
	/* What begins anew where this id has begun otherwise stands beside it. */
	if (cursor.behind == 0 && cursor.parent == 0)
		cursor.parent = import->keys.items[at];
	if (!put_entries(import, &cursor, err))
		return false;
	if (c->entries.len == 0 && import->keys.items[at] == 0 &&
	    !make_branch(import, &cursor, NULL, err))
		return false;
	if (import->keys.items[at] == 0)
		import->keys.items[at] = cursor.owner;
	if (cursor.target != 0 && !refresh_grown(import, &cursor, err))
		return false;
	return !import->made.items[at] || put_drafts(import, at, err);
}

/* A tree that was not here looks as it did where it came from. */
static bool
finish_tree(struct import *import, int64_t root, struct error *err)
{
	const struct bundle *bundle = import->bundle;

	for (size_t i = 0; i < bundle->branches.len; i++) {
		struct stmt *s = db_prepare(import->store->db,
		    "UPDATE conversation SET number = ?2 WHERE key = ?1 AND root = ?3");
		int number = bundle->branches.items[i].number;

		db_bind_int(s, 1, import->made.items[i] ? import->keys.items[i] : 0);
		db_bind_int(s, 2, number > 0 && number < MAX_NUMBER ? number : (int64_t)i + 1);
		db_bind_int(s, 3, root);
		if (!db_run(s, err))
			return false;
	}
	return store_run(import->store,
		   "UPDATE tree SET numbers = max(numbers, (SELECT max(number) FROM conversation"
		   " WHERE root = ?1)) WHERE root = ?1",
		   root, err) &&
	       store_run2(import->store, "UPDATE tree SET pinned = ?2 WHERE root = ?1", root,
		   bundle->pinned, err) &&
	       store_run2(import->store, "UPDATE tree SET archived = ?2 WHERE root = ?1", root,
		   bundle->archived, err) &&
	       (bundle->title == NULL || bundle->title[0] == '\0' ||
		   tree_set_title(import->store, root, bundle->title, err));
}

static bool
finish(struct import *import, size_t old_roots, struct error *err)
{
	const struct bundle *bundle = import->bundle;

	for (size_t i = 0; i < bundle->branches.len; i++)
		if (import->made.items[i] && bundle->branches.items[i].deleted &&
		    !store_run(import->store, "UPDATE conversation SET deleted = 1 WHERE key = ?1",
			import->keys.items[i], err))
			return false;
	for (size_t i = 0; i < import->roots.len; i++)
		if ((i >= old_roots && !finish_tree(import, import->roots.items[i], err)) ||
		    !tree_refresh(import->store, import->roots.items[i], 0, err))
			return false;
	return true;
}

static bool
import_all(struct import *import, struct error *err)
{
	bool good = active_at(import->store, NULL, &import->now, err) && learn(import, err);
	size_t old_roots = import->roots.len;

	for (size_t i = 0; i < import->order.depth_first.len && good; i++)
		good = put_branch(import, import->order.depth_first.items[i], err);
	return good && finish(import, old_roots, err);
}

bool
store_import(
    struct store *store, struct bundle *bundle, struct import_count *count, struct error *err)
{
	struct import import = {.store = store, .bundle = bundle, .count = count};
	bool good;

	*count = (struct import_count){0};
	if (!bundle_order(bundle, &import.order))
		good = error_set(err, ERR_STORE,
		    _("The branches of the conversation run in a circle. Nothing of it was "
		      "imported."));
	else
		good = store_begin(store, true, err) &&
		       store_end(store, import_all(&import, err), err);
	for (size_t i = 0; i < import.known.len; i++)
		free(import.known.items[i].id);
	array_done(&import.known);
	array_done(&import.roots);
	array_done(&import.keys);
	array_done(&import.made);
	bundle_order_done(&import.order);
	return good;
}
