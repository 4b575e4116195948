/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include <string.h>

#include "base/clock.h"
#include "base/error.h"
#include "base/i18n.h"
#include "base/id.h"
#include "base/mem.h"
#include "store/db.h"
#include "store/store-private.h"
#include "store/store.h"

/* A lineage deeper than this is a damaged one that runs in a circle. */
#define MAX_DEPTH 10000

/* The columns of these, in this order, are in CONVERSATION_COLUMNS. */
static const size_t strings[] = {
    offsetof(struct conversation, id),
    offsetof(struct conversation, connection),
    offsetof(struct conversation, name),
    offsetof(struct conversation, description),
    offsetof(struct conversation, title),
    offsetof(struct conversation, agent),
    offsetof(struct conversation, agent_id),
    offsetof(struct conversation, agent_version),
    offsetof(struct conversation, model),
    offsetof(struct conversation, instructions),
    offsetof(struct conversation, tools),
    offsetof(struct conversation, completion_args),
    offsetof(struct conversation, guardrails),
    offsetof(struct conversation, metadata),
    offsetof(struct conversation, handoff_execution),
    offsetof(struct conversation, raw),
    offsetof(struct conversation, created_at),
    offsetof(struct conversation, updated_at),
};

#define STRINGS (sizeof(strings) / sizeof(strings[0]))

/*
 * A place in the order of changes: the time, unless the clock was turned back;
 * then right behind the last one.
 */
static bool
next_active(struct store *store, int64_t *active, struct error *err)
{
	int64_t now = clock_wall() * 1000000;

	if (!store_number(store,
		"SELECT active FROM conversation WHERE deleted = ?1 ORDER BY active DESC LIMIT 1",
		0, 0, active, err))
		return false;
	*active = *active < now ? now : *active + 1;
	return true;
}

bool
active_at(struct store *store, const char *time, int64_t *active, struct error *err)
{
	int64_t seconds;

	if (!next_active(store, active, err))
		return false;
	if (time != NULL && clock_parse(time, &seconds) && seconds * 1000000 < *active)
		*active = seconds * 1000000;
	return true;
}

bool
conversation_root(struct store *store, int64_t key, int64_t *root, struct error *err)
{
	if (!store_number(store, "SELECT root FROM conversation WHERE key = ?1 AND deleted = 0",
		key, 0, root, err))
		return false;
	if (*root == 0)
		return error_set(err, ERR_STORE,
		    _("The conversation is not in the store any more; another instance of "
		      "causerie may have deleted it. Nothing was changed."));
	return true;
}

/* Where an entry was said, perhaps in a conversation that is deleted. */
static bool
find_owner(struct store *store, int64_t entry, int64_t *owner, int64_t *root, struct error *err)
{
	struct stmt *s = db_prepare(store->db,
	    "SELECT c.key, c.root FROM entry e JOIN conversation c ON c.key = e.conversation"
	    " WHERE e.key = ?1");

	db_bind_int(s, 1, entry);
	*owner = *root = 0;
	if (db_step(s, err)) {
		*owner = db_int(s, 0);
		*root = db_int(s, 1);
	}
	if (!db_finish(s))
		return false;
	return *owner != 0 || error_set(err, ERR_STORE,
				  _("The entry to branch from is not in the store any more. "
				    "Nothing was changed."));
}

/* The tree that a new branch belongs to; 0: to one of its own. */
static bool
check_lineage(struct store *store, struct conversation *c, struct error *err)
{
	int64_t owner, root = 0;

	c->root = 0;
	if (c->fork != 0 && !find_owner(store, c->fork, &owner, &root, err))
		return false;
	if (c->parent == 0) {
		c->parent = c->fork != 0 ? owner : 0;
		c->root = root;
		return true;
	}
	if (!conversation_root(store, c->parent, &c->root, err))
		return false;
	if (c->fork != 0 && c->root != root)
		return error_set(err, ERR_STORE,
		    _("The entry to branch from is not one of that conversation. Nothing was "
		      "changed."));
	return true;
}

static bool
make_tree(struct store *store, struct conversation *c, struct error *err)
{
	c->root = c->key;
	return store_run(store, "INSERT INTO tree (root) VALUES (?1)", c->key, err) &&
	       store_run(store, "UPDATE conversation SET root = key WHERE key = ?1", c->key, err);
}

static bool
give_number(struct store *store, const struct conversation *c, struct error *err)
{
	return store_run(
		   store, "UPDATE tree SET numbers = numbers + 1 WHERE root = ?1", c->root, err) &&
	       store_run(store,
		   "UPDATE conversation SET number = (SELECT numbers FROM tree WHERE root ="
		   " conversation.root) WHERE key = ?1",
		   c->key, err);
}

static void
bind_usage(struct stmt *s, int place, const struct usage *usage)
{
	db_bind_int(s, place, usage->prompt_tokens);
	db_bind_int(s, place + 1, usage->completion_tokens);
	db_bind_int(s, place + 2, usage->total_tokens);
	db_bind_int(s, place + 3, usage->connector_tokens);
	db_bind_text(s, place + 4, usage->connectors);
}

static bool
insert(struct store *store, struct conversation *c, int64_t active, struct error *err)
{
	struct stmt *s = db_prepare(store->db,
	    "INSERT INTO conversation (id, connection, name, description, title, agent,"
	    " agent_id, agent_version, model, instructions, tools, completion_args, guardrails,"
	    " metadata, handoff_execution, raw, created_at, updated_at, own_id, tail, parent,"
	    " fork, root, active, number, prompt_tokens, completion_tokens, total_tokens,"
	    " connector_tokens, connectors, carried) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, "
	    "?10,"
	    " ?11, ?12, ?13, ?14, ?15, ?16, ?17, ?18, ?19, ?20, ?21, ?22, ?23, ?24, 0, ?25, ?26,"
	    " ?27, ?28, ?29, ?30)");
	bind_strings(s, 1, c, strings, STRINGS);
	db_bind_int(s, 19, c->own_id);
	db_bind_text(s, 20, c->id != NULL ? id_tail(c->id) : NULL);
	bind_key(s, 21, c->parent);
	bind_key(s, 22, c->fork);
	db_bind_int(s, 23, c->root);
	db_bind_int(s, 24, active);
	bind_usage(s, 25, &c->usage);
	db_bind_int(s, 30, c->carried);
	if (!db_run(s, err))
		return false;
	c->key = db_last_key(store->db);
	return true;
}

/* Whoever takes it over again, though it was deleted here, wants it back. */
static bool
wanted_again(struct store *store, const struct conversation *c, struct error *err)
{
	struct stmt *s =
	    db_prepare(store->db, "DELETE FROM deleted_here WHERE connection = ?1 AND id = ?2");

	db_bind_text(s, 1, c->connection);
	db_bind_text(s, 2, c->id);
	return db_run(s, err);
}

bool
conversation_insert(struct store *store, struct conversation *c, struct error *err)
{
	char now[CLOCK_ISO_SIZE];
	int64_t active;
	bool alone;

	if (!active_at(store, c->updated_at, &active, err))
		return false;
	clock_iso(now);
	if (c->created_at == NULL)
		c->created_at = xstrdup(now);
	if (c->updated_at == NULL)
		c->updated_at = xstrdup(c->created_at);
	if (!check_lineage(store, c, err))
		return false;
	alone = c->root == 0;
	return insert(store, c, active, err) && wanted_again(store, c, err) &&
	       (!alone || make_tree(store, c, err)) && give_number(store, c, err) &&
	       (!alone || tree_set_title(store, c->root, conversation_title(c), err)) &&
	       tree_refresh(store, c->root, c->key, err);
}

bool
conversation_touch(struct store *store, int64_t key, struct error *err)
{
	char now[CLOCK_ISO_SIZE];
	struct stmt *s;
	int64_t active;

	if (!next_active(store, &active, err))
		return false;
	clock_iso(now);
	s = db_prepare(
	    store->db, "UPDATE conversation SET active = ?2, updated_at = ?3 WHERE key = ?1");
	db_bind_int(s, 1, key);
	db_bind_int(s, 2, active);
	db_bind_text(s, 3, now);
	return db_run(s, err);
}

bool
store_add_conversation(struct store *store, struct conversation *c, struct error *err)
{
	int64_t root = c->root;

	if (!store_begin(store, true, err))
		return false;
	if (store_end(store, conversation_insert(store, c, err), err))
		return true;
	c->key = 0;
	c->root = root;
	return false;
}

static bool
same(const char *a, const char *b)
{
	return strcmp(a != NULL ? a : "", b != NULL ? b : "") == 0;
}

/* Whether the list has to call the tree by another name from now on. */
static bool
is_renamed(struct store *store, const struct conversation *c, bool *renamed, struct error *err)
{
	struct stmt *s = db_prepare(
	    store->db, "SELECT coalesce(nullif(title, ''), name) FROM conversation WHERE key = ?1");

	db_bind_int(s, 1, c->key);
	*renamed = db_step(s, err) && !same(db_text(s, 0), conversation_title(c));
	return db_finish(s);
}

static bool
update(struct store *store, const struct conversation *c, struct error *err)
{
	struct stmt *s;
	int64_t active;

	if (!active_at(store, c->updated_at, &active, err))
		return false;
	/* A copy that is older than the store does not turn back its date. */
	s = db_prepare(store->db,
	    "UPDATE conversation SET id = ?1, connection = ?2, name = ?3, description = ?4,"
	    " title = ?5, agent = ?6, agent_id = ?7, agent_version = ?8, model = ?9,"
	    " instructions = ?10, tools = ?11, completion_args = ?12, guardrails = ?13, metadata"
	    " = ?14, handoff_execution = ?15, raw = ?16, created_at = coalesce(?17, created_at),"
	    " updated_at = max(coalesce(?18, updated_at), updated_at), own_id = ?19, tail = ?20,"
	    " active = CASE WHEN ?18 > updated_at THEN max(?21, active) ELSE active END WHERE"
	    " key = ?22");
	bind_strings(s, 1, c, strings, STRINGS);
	db_bind_int(s, 19, c->own_id);
	db_bind_text(s, 20, c->id != NULL ? id_tail(c->id) : NULL);
	db_bind_int(s, 21, active);
	db_bind_int(s, 22, c->key);
	return db_run(s, err);
}

bool
conversation_save(struct store *store, const struct conversation *c, struct error *err)
{
	bool renamed;
	int64_t root;

	return conversation_root(store, c->key, &root, err) &&
	       is_renamed(store, c, &renamed, err) && update(store, c, err) &&
	       (!renamed || tree_set_title(store, root, conversation_title(c), err)) &&
	       tree_refresh(store, root, 0, err);
}

bool
store_save_conversation(struct store *store, const struct conversation *c, struct error *err)
{
	return store_begin(store, true, err) &&
	       store_end(store, conversation_save(store, c, err), err);
}

/* Everything below it moves along; numbers go on behind those of the parent's tree. */
static bool
move_tree(struct store *store, int64_t from, int64_t to, struct error *err)
{
	store->words++;
	return store_run2(store,
		   "UPDATE conversation SET root = ?2, number = number + (SELECT numbers FROM"
		   " tree WHERE root = ?2) WHERE root = ?1",
		   from, to, err) &&
	       store_run2(store,
		   "UPDATE tree SET numbers = numbers + (SELECT numbers FROM tree WHERE root ="
		   " ?1), pinned = max(pinned, (SELECT pinned FROM tree WHERE root = ?1)),"
		   " preferred = coalesce(nullif(preferred, 0), (SELECT preferred FROM tree WHERE"
		   " root = ?1)),"
		   " tags = CASE tags WHEN '' THEN (SELECT tags FROM tree WHERE root = ?1) ELSE"
		   " tags END WHERE root = ?2",
		   from, to, err) &&
	       store_run(store, "DELETE FROM title_fts WHERE rowid = ?1", from, err) &&
	       store_run(store, "DELETE FROM tree WHERE root = ?1", from, err);
}

/* The branches and drafts behind a copy are behind its original from now on. */
static bool
replace_copy(struct store *store, int64_t copy, int64_t original, struct error *err)
{
	return store_run2(store,
		   "UPDATE conversation SET fork = ?2, parent = (SELECT conversation FROM entry"
		   " WHERE key = ?2) WHERE fork = ?1",
		   copy, original, err) &&
	       store_run2(store,
		   "UPDATE OR IGNORE draft SET entry = CASE WHEN entry < 0 THEN -?2 ELSE ?2 END"
		   " WHERE entry IN (?1, -?1)",
		   copy, original, err) &&
	       entry_delete(store, copy, err);
}

static bool
drop_copies(
    struct store *store, int64_t key, const int64_t *originals, size_t count, struct error *err)
{
	key_list copies = {0};
	struct stmt *s = db_prepare(
	    store->db, "SELECT key FROM entry WHERE conversation = ?1 ORDER BY seq LIMIT ?2");
	bool good;

	db_bind_int(s, 1, key);
	db_bind_int(s, 2, (int64_t)count);
	while (db_step(s, err))
		array_push(&copies, db_int(s, 0));
	good = db_finish(s);
	for (size_t i = 0; i < copies.len && good; i++)
		good = replace_copy(store, copies.items[i], originals[i], err);
	array_done(&copies);
	return good;
}

bool
conversation_set_lineage(
    struct store *store, int64_t key, int64_t parent, int64_t fork, bool guessed, struct error *err)
{
	struct conversation place = {.parent = parent, .fork = fork};
	struct stmt *s;
	int64_t root;

	if (!check_lineage(store, &place, err) || !conversation_root(store, key, &root, err))
		return false;
	if (root != key || place.root == 0 || place.root == root)
		return error_set(err, ERR_STORE,
		    _("The conversation cannot become a branch of that one. Nothing was changed."));
	s = db_prepare(store->db,
	    "UPDATE conversation SET parent = ?2, fork = ?3, guessed = ?4 WHERE key = ?1");
	db_bind_int(s, 1, key);
	bind_key(s, 2, place.parent);
	bind_key(s, 3, place.fork);
	db_bind_int(s, 4, guessed);
	return db_run(s, err) && move_tree(store, root, place.root, err) &&
	       tree_refresh(store, place.root, 0, err);
}

bool
store_set_lineage(struct store *store, int64_t key, int64_t parent, int64_t fork, bool guessed,
    const int64_t *originals, size_t copies, struct error *err)
{
	return store_begin(store, true, err) &&
	       store_end(store,
		   conversation_set_lineage(store, key, parent, fork, guessed, err) &&
		       drop_copies(store, key, originals, copies, err),
		   err);
}

bool
store_list_unlinked(struct store *store, const char *connection, const char *word, key_list *keys,
    struct error *err)
{
	struct stmt *s = db_prepare(store->db,
	    "SELECT key FROM conversation WHERE connection = ?1 AND deleted = 0 AND parent IS NULL"
	    " AND instr(metadata, ?2) > 0 ORDER BY created_at, key");

	db_bind_text(s, 1, connection);
	db_bind_text(s, 2, word);
	while (db_step(s, err))
		array_push(keys, db_int(s, 0));
	return db_finish(s);
}

bool
store_find_kin(struct store *store, int64_t key, key_list *keys, struct error *err)
{
	/* 65536 is SEQ_STEP, the place of a first entry: written out, the index can be used. */
	struct stmt *s = db_prepare(store->db,
	    "SELECT c.key FROM conversation me"
	    " JOIN entry mine ON mine.conversation = me.key AND mine.seq = 65536"
	    " JOIN entry e ON e.preview = mine.preview AND e.seq = 65536 AND e.type = mine.type"
	    " JOIN conversation c ON c.key = e.conversation WHERE me.key = ?1"
	    " AND mine.type = 'message.input' AND mine.preview <> '' AND c.parent IS NULL"
	    " AND c.deleted = 0 AND c.root <> me.root AND c.connection = me.connection"
	    " ORDER BY c.created_at, c.key");

	db_bind_int(s, 1, key);
	while (db_step(s, err))
		array_push(keys, db_int(s, 0));
	return db_finish(s);
}

/* Loading. */

static struct conversation *
read_conversation(struct stmt *s)
{
	struct conversation *c = conversation_new();

	read_strings(s, 0, c, strings, STRINGS);
	c->key = db_int(s, 18);
	c->own_id = db_int(s, 19) != 0;
	c->parent = db_int(s, 20);
	c->fork = db_int(s, 21);
	c->root = db_int(s, 22);
	c->usage.prompt_tokens = db_int(s, 23);
	c->usage.completion_tokens = db_int(s, 24);
	c->usage.total_tokens = db_int(s, 25);
	c->usage.connector_tokens = db_int(s, 26);
	c->usage.connectors = read_string(s, 27);
	c->carried = db_int(s, 28) != 0;
	return c;
}

#define SELECT_CONVERSATION                                                                       \
	"SELECT id, connection, name, description, title, agent, agent_id, agent_version, model," \
	" instructions, tools, completion_args, guardrails, metadata, handoff_execution, raw,"    \
	" created_at, updated_at, key, own_id, parent, fork, root, prompt_tokens,"                \
	" completion_tokens, total_tokens, connector_tokens, connectors, carried FROM "           \
	"conversation"

/* The last entry of a segment is the fork that the segment before it begins from. */
bool
path_trace(struct store *store, int64_t key, segment_list *path, struct error *err)
{
	struct segment segment = {.conversation = key, .last = INT64_MAX};

	while (segment.conversation != 0) {
		struct stmt *s =
		    db_prepare(store->db, "SELECT e.conversation, e.seq FROM conversation c JOIN "
					  "entry e ON e.key = c.fork"
					  " WHERE c.key = ?1");

		array_push(path, segment);
		db_bind_int(s, 1, segment.conversation);
		segment = (struct segment){0};
		if (db_step(s, err))
			segment =
			    (struct segment){.conversation = db_int(s, 0), .last = db_int(s, 1)};
		if (!db_finish(s))
			return false;
		if (path->len > MAX_DEPTH)
			return error_set(err, ERR_STORE,
			    _("The branches of this conversation run in a circle: the store %s is "
			      "damaged."),
			    store->path);
	}
	return true;
}

static bool
load_path(struct store *store, struct conversation *c, struct error *err)
{
	segment_list path = {0};
	bool good = path_trace(store, c->key, &path, err);

	for (size_t i = path.len; i > 0 && good; i--) {
		if (i == 1)
			c->inherited = c->entries.len;
		good = entries_load(store, path.items[i - 1], c, err);
	}
	array_done(&path);
	return good;
}

static struct conversation *
load(struct store *store, int64_t key, bool entries, struct error *err)
{
	struct stmt *s =
	    db_prepare(store->db, SELECT_CONVERSATION " WHERE key = ?1 AND deleted = 0");
	struct conversation *c = NULL;

	db_bind_int(s, 1, key);
	if (db_step(s, err))
		c = read_conversation(s);
	if (!db_finish(s) || (c != NULL && entries && !load_path(store, c, err))) {
		conversation_free(c);
		return NULL;
	}
	return c;
}

struct conversation *
store_load(struct store *store, int64_t key, bool entries, struct error *err)
{
	struct conversation *c;

	if (entries)
		turns_bury(store);
	if (!db_begin_read(store->db, err))
		return NULL;
	c = load(store, key, entries, err);
	if (!store_end(store, err->kind == ERR_NONE, err)) {
		conversation_free(c);
		return NULL;
	}
	return c;
}

/* Of the table conversation, whose metadata may be anything. */
#define METADATA_MATCHES                                                                         \
	"(?4 IS NULL OR (CASE WHEN json_valid(metadata) THEN json_type(metadata) END = 'object'" \
	" AND NOT EXISTS (SELECT 1 FROM json_each(?4) AS f WHERE NOT EXISTS"                     \
	" (SELECT 1 FROM json_each(metadata) AS m"                                               \
	" WHERE m.key = f.key AND m.type = f.type AND m.value IS f.value))))"

bool
store_list_conversations(struct store *store, const char *connection, const char *metadata,
    int page, int page_size, conversation_list *list, struct error *err)
{
	struct stmt *s = db_prepare(store->db,
	    SELECT_CONVERSATION " WHERE connection = ?1 AND deleted = 0 AND " METADATA_MATCHES
				" ORDER BY created_at DESC, key DESC LIMIT ?2 OFFSET ?3");

	db_bind_text(s, 1, connection);
	db_bind_int(s, 2, page_size);
	db_bind_int(s, 3, (int64_t)page * page_size);
	db_bind_text(s, 4, metadata);
	while (db_step(s, err))
		array_push(list, read_conversation(s));
	return db_finish(s);
}

bool
conversations_of_tree(struct store *store, int64_t root, conversation_list *list, struct error *err)
{
	struct stmt *s = db_prepare(
	    store->db, SELECT_CONVERSATION " WHERE root = ?1 ORDER BY key <> ?1, number");

	db_bind_int(s, 1, root);
	while (db_step(s, err))
		array_push(list, read_conversation(s));
	return db_finish(s);
}

void
conversation_list_done(conversation_list *list)
{
	for (size_t i = 0; i < list->len; i++)
		conversation_free(list->items[i]);
	array_done(list);
}

/* Deleting. */

/*
 * Of a deleted conversation the entries behind the last one that something
 * hangs on are cut off.
 */
static bool
cut(struct store *store, int64_t key, struct error *err)
{
	key_list gone = {0};
	int64_t keep;
	struct stmt *s;
	bool good;

	if (!store_number(store,
		"SELECT max(f.seq) FROM entry f JOIN conversation c ON c.fork = f.key"
		" WHERE f.conversation = ?1",
		key, 0, &keep, err))
		return false;
	s = db_prepare(
	    store->db, "SELECT key FROM entry WHERE conversation = ?1 AND seq > ?2 ORDER BY seq");
	db_bind_int(s, 1, key);
	db_bind_int(s, 2, keep);
	while (db_step(s, err))
		array_push(&gone, db_int(s, 0));
	good = db_finish(s);
	for (size_t i = 0; i < gone.len && good; i++)
		good = entry_delete(store, gone.items[i], err);
	array_done(&gone);
	return good;
}

/*
 * One that has no entries left goes too, or stays as a bare name where others
 * still name it as their parent or root.
 */
static bool
bury(struct store *store, int64_t key, struct error *err)
{
	int64_t entries, named;

	if (!store_number(store, "SELECT count(*) FROM entry WHERE conversation = ?1", key, 0,
		&entries, err) ||
	    !store_number(store,
		"SELECT EXISTS (SELECT 1 FROM conversation WHERE parent = ?1)"
		" OR EXISTS (SELECT 1 FROM conversation WHERE root = ?1 AND key <> ?1)",
		key, 0, &named, err))
		return false;
	if (entries > 0)
		return true;
	if (named == 0)
		return store_run(store, "DELETE FROM conversation WHERE key = ?1", key, err);
	return store_run(store,
	    "UPDATE conversation SET fork = NULL WHERE key = ?1 AND fork IS NOT NULL", key, err);
}

/* The deleted ones of a tree, the youngest first: what hangs on the others goes before them. */
static bool
list_deleted(struct store *store, int64_t root, key_list *keys, struct error *err)
{
	struct stmt *s = db_prepare(store->db,
	    "SELECT key FROM conversation WHERE root = ?1 AND deleted = 1 ORDER BY number DESC");

	db_bind_int(s, 1, root);
	while (db_step(s, err))
		array_push(keys, db_int(s, 0));
	return db_finish(s);
}

/*
 * Each round can leave something that nothing hangs on any more, until one
 * changes nothing. Lineage learnt late may be out of order.
 */
static bool
prune(struct store *store, int64_t root, struct error *err)
{
	key_list keys = {0};
	int64_t before;
	bool good;

	do {
		before = db_changes(store->db);
		array_clear(&keys);
		good = list_deleted(store, root, &keys, err);
		for (size_t i = 0; i < keys.len && good; i++)
			good = cut(store, keys.items[i], err) && bury(store, keys.items[i], err);
	} while (good && db_changes(store->db) > before);
	array_done(&keys);
	return good;
}

static bool
delete_empty_tree(struct store *store, int64_t root, struct error *err)
{
	int64_t left;

	if (!store_number(
		store, "SELECT count(*) FROM conversation WHERE root = ?1", root, 0, &left, err))
		return false;
	return left > 0 || (store_run(store, "DELETE FROM title_fts WHERE rowid = ?1", root, err) &&
			       store_run(store, "DELETE FROM tree WHERE root = ?1", root, err));
}

bool
conversation_is_idle(struct store *store, int64_t key, struct error *err)
{
	int64_t busy;

	if (!store_number(
		store, "SELECT count(*) FROM turn WHERE conversation = ?1", key, 0, &busy, err))
		return false;
	return busy == 0 || error_set(err, ERR_STORE,
				_("An answer is still coming to this conversation. It was not "
				  "deleted; stop the answer first."));
}

bool
conversation_remove(struct store *store, int64_t key, struct error *err)
{
	int64_t root;

	if (!conversation_root(store, key, &root, err) || !conversation_is_idle(store, key, err))
		return false;
	return store_run(store,
		   "UPDATE conversation SET deleted = 1, waiting = 0, unseen = 0, failed = 0,"
		   " name = NULL, description = NULL, title = NULL, instructions = NULL, tools ="
		   " NULL, completion_args = NULL, guardrails = NULL, metadata = NULL, raw ="
		   " NULL WHERE key = ?1",
		   key, err) &&
	       store_run(store, "DELETE FROM draft WHERE conversation = ?1", key, err) &&
	       prune(store, root, err) && delete_empty_tree(store, root, err) &&
	       trash_refresh_tree(store, root, err);
}

bool
store_delete(struct store *store, int64_t key, struct error *err)
{
	turns_bury(store);
	return store_begin(store, true, err) &&
	       store_end(store, conversation_remove(store, key, err), err);
}

static bool
remember_deletion(struct store *store, int64_t key, struct error *err)
{
	char now[CLOCK_ISO_SIZE];
	struct stmt *s = db_prepare(store->db,
	    "INSERT OR REPLACE INTO deleted_here (connection, id, at)"
	    " SELECT connection, id, max(?2, coalesce(updated_at, ?2)) FROM conversation"
	    " WHERE key = ?1 AND connection IS NOT NULL AND id IS NOT NULL AND own_id = 0");

	clock_iso(now);
	db_bind_int(s, 1, key);
	db_bind_text(s, 2, now);
	return db_run(s, err);
}

bool
store_delete_here(struct store *store, int64_t key, struct error *err)
{
	turns_bury(store);
	return store_begin(store, true, err) &&
	       store_end(store,
		   remember_deletion(store, key, err) && conversation_remove(store, key, err), err);
}

bool
store_is_deleted_here(struct store *store, const char *connection, const char *id,
    const char *updated_at, bool *deleted, struct error *err)
{
	struct stmt *s =
	    db_prepare(store->db, "SELECT 1 FROM deleted_here WHERE connection = ?1 AND id = ?2"
				  " AND at >= coalesce(?3, '') UNION ALL SELECT 1 FROM conversation"
				  " WHERE connection = ?1 AND id = ?2 AND +deleted = 2");

	db_bind_text(s, 1, connection);
	db_bind_text(s, 2, id);
	db_bind_text(s, 3, updated_at);
	*deleted = db_step(s, err);
	return db_finish(s);
}
