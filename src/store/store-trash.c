/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include <stdlib.h>

#include "base/clock.h"
#include "base/error.h"
#include "store/db.h"
#include "store/store-private.h"
#include "store/store.h"

void
trash_list_done(trash_list *list)
{
	for (size_t i = 0; i < list->len; i++) {
		free(list->items[i].connection);
		free(list->items[i].id);
	}
	array_done(list);
}

bool
trash_refresh_tree(struct store *store, int64_t root, struct error *err)
{
	store->words++;
	return store_run(store,
		   "UPDATE tree SET archived = (archived & 1) + 2 * NOT EXISTS"
		   " (SELECT 1 FROM conversation WHERE root = ?1 AND deleted = 0) WHERE root = ?1",
		   root, err) &&
	       tree_refresh(store, root, 0, err);
}

/* In. */

static bool
put(struct store *store, int64_t key, int64_t batch, bool server, struct error *err)
{
	char now[CLOCK_ISO_SIZE];
	struct stmt *s;
	int64_t root;

	if (!conversation_root(store, key, &root, err) || !conversation_is_idle(store, key, err) ||
	    !store_run(store, "UPDATE conversation SET deleted = 2 WHERE key = ?1", key, err))
		return false;
	clock_iso(now);
	s = db_prepare(store->db, "INSERT INTO trash (conversation, batch, server, instance, at)"
				  " VALUES (?1, ?2, ?3, ?4, ?5)");
	db_bind_int(s, 1, key);
	db_bind_int(s, 2, batch);
	db_bind_int(s, 3, server);
	db_bind_int(s, 4, store->instance.number);
	db_bind_text(s, 5, now);
	return db_run(s, err) && trash_refresh_tree(store, root, err);
}

static bool
put_all(struct store *store, const int64_t *keys, size_t count, bool server, struct error *err)
{
	int64_t last;
	bool good = store_number(store,
	    "SELECT batch FROM trash WHERE batch > ?1 ORDER BY batch DESC LIMIT 1", 0, 0, &last,
	    err);

	for (size_t i = 0; i < count && good; i++)
		good = put(store, keys[i], last + 1, server, err);
	return good;
}

bool
store_trash(struct store *store, const int64_t *keys, size_t count, bool server, struct error *err)
{
	turns_bury(store);
	return store_begin(store, true, err) &&
	       store_end(store, put_all(store, keys, count, server, err), err);
}

/* Out again. */

bool
trash_take_out(struct store *store, int64_t key, struct error *err)
{
	int64_t root;

	return store_run(store, "DELETE FROM trash WHERE conversation = ?1", key, err) &&
	       store_run(store, "UPDATE conversation SET deleted = 0 WHERE key = ?1", key, err) &&
	       conversation_root(store, key, &root, err) && trash_refresh_tree(store, root, err);
}

/* The last batch of this instance; *key is the one of it that was changed last. */
static bool
untrash(struct store *store, int64_t *key, struct error *err)
{
	key_list keys = {0};
	struct stmt *s = db_prepare(store->db,
	    "SELECT t.conversation FROM trash t JOIN conversation c ON c.key = t.conversation"
	    " WHERE t.batch = (SELECT batch FROM trash WHERE instance = ?1"
	    " ORDER BY batch DESC LIMIT 1) ORDER BY c.active DESC");
	bool good;

	db_bind_int(s, 1, store->instance.number);
	while (db_step(s, err))
		array_push(&keys, db_int(s, 0));
	good = db_finish(s);
	for (size_t i = 0; i < keys.len && good; i++)
		good = trash_take_out(store, keys.items[i], err);
	*key = keys.len > 0 ? keys.items[0] : 0;
	array_done(&keys);
	return good;
}

bool
store_untrash(struct store *store, int64_t *key, struct error *err)
{
	*key = 0;
	return store_begin(store, true, err) && store_end(store, untrash(store, key, err), err);
}

bool
store_untrash_id(
    struct store *store, const char *connection, const char *id, int64_t *key, struct error *err)
{
	struct stmt *s = db_prepare(store->db,
	    "SELECT key FROM conversation WHERE id = ?1 AND +deleted = 2 AND connection = ?2"
	    " LIMIT 1");

	db_bind_text(s, 1, id);
	db_bind_text(s, 2, connection);
	*key = db_step(s, err) ? db_int(s, 0) : 0;
	if (!db_finish(s))
		return false;
	return *key == 0 || (store_begin(store, true, err) &&
				store_end(store, trash_take_out(store, *key, err), err));
}

/* What is there. */

/* What an instance that is no more left behind is whoever's comes first. */
static bool
take_over(struct store *store, struct error *err)
{
	key_list instances = {0};
	struct stmt *s = db_prepare(store->db, "SELECT DISTINCT instance FROM trash AS t");
	bool good;

	while (db_step(s, err))
		array_push(&instances, db_int(s, 0));
	good = db_finish(s);
	for (size_t i = 0; i < instances.len && good; i++)
		if (!instance_is_alive(&store->instance, instances.items[i]))
			good = store_begin(store, false, err) &&
			       store_end(store,
				   store_run2(store,
				       "UPDATE trash SET instance = ?2 WHERE instance = ?1",
				       instances.items[i], store->instance.number, err),
				   err);
	array_done(&instances);
	return good;
}

bool
store_list_trash(struct store *store, trash_list *list, struct error *err)
{
	struct stmt *s;

	if (!store->read_only && !take_over(store, err))
		return false;
	s = db_prepare(store->db,
	    "SELECT t.conversation, t.batch, t.server, c.connection,"
	    " CASE WHEN c.own_id = 0 THEN c.id END FROM trash t"
	    " JOIN conversation c ON c.key = t.conversation WHERE t.instance = ?1"
	    " ORDER BY t.batch DESC, t.conversation DESC");
	db_bind_int(s, 1, store->instance.number);
	while (db_step(s, err)) {
		struct trashed trashed = {
		    .conversation = db_int(s, 0),
		    .batch = db_int(s, 1),
		    .server = db_int(s, 2) != 0,
		    .connection = read_string(s, 3),
		    .id = read_string(s, 4),
		};

		array_push(list, trashed);
	}
	return db_finish(s);
}

/* Carrying it out. */

/* Deleted here only: from the time on that it went into the trash. */
static bool
remember(struct store *store, int64_t key, struct error *err)
{
	return store_run(store,
	    "INSERT OR REPLACE INTO deleted_here (connection, id, at)"
	    " SELECT c.connection, c.id, max(t.at, coalesce(c.updated_at, t.at))"
	    " FROM trash t JOIN conversation c ON c.key = t.conversation WHERE t.conversation = ?1"
	    " AND c.connection IS NOT NULL AND c.id IS NOT NULL AND c.own_id = 0",
	    key, err);
}

bool
store_purge(struct store *store, int64_t key, bool everywhere, struct error *err)
{
	return store_begin(store, true, err) &&
	       store_end(store,
		   (everywhere || remember(store, key, err)) && trash_take_out(store, key, err) &&
		       conversation_remove(store, key, err),
		   err);
}
