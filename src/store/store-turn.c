/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include <assert.h>
#include <string.h>

#include "base/clock.h"
#include "base/error.h"
#include "base/i18n.h"
#include "base/log.h"
#include "model/conversation.h"
#include "store/db.h"
#include "store/store-private.h"
#include "store/store.h"

static bool
insert_turn(struct store *store, int64_t conversation, int64_t *turn, struct error *err)
{
	char now[CLOCK_ISO_SIZE];
	struct stmt *s = db_prepare(
	    store->db, "INSERT INTO turn (conversation, instance, started_at) VALUES (?1, ?2, ?3)");

	clock_iso(now);
	db_bind_int(s, 1, conversation);
	db_bind_int(s, 2, store->instance.number);
	db_bind_text(s, 3, now);
	if (!db_run(s, err))
		return false;
	*turn = db_last_key(store->db);
	return true;
}

static bool
say(struct store *store, int64_t conversation, int64_t turn, struct entry *input, struct error *err)
{
	bool said = input->key != 0;

	input->state = ENTRY_SENDING;
	return (said || entry_insert(store, conversation, 0, input, err)) &&
	       (!said ||
		   store_run2(store, "UPDATE entry SET state = ?2, reason = NULL WHERE key = ?1",
		       input->key, ENTRY_SENDING, err)) &&
	       store_run2(store, "INSERT INTO turn_entry (turn, entry, input) VALUES (?1, ?2, 1)",
		   turn, input->key, err);
}

static bool
begin(struct store *store, struct conversation *c, struct entry *const *inputs, size_t count,
    const struct draft_place *typed, int64_t *turn, struct error *err)
{
	if (c->key == 0 ? !conversation_insert(store, c, err)
			: !conversation_root(store, c->key, &c->root, err))
		return false;
	if (!insert_turn(store, c->key, turn, err))
		return false;
	for (size_t i = 0; i < count; i++)
		if (!say(store, c->key, *turn, inputs[i], err))
			return false;
	return (typed == NULL ||
		   store_run2(store, "DELETE FROM draft WHERE conversation = ?1 AND entry = ?2",
		       typed->conversation, typed->entry, err)) &&
	       conversation_touch(store, c->key, err) && tree_refresh(store, c->root, c->key, err);
}

/* What an input was before a turn that could not begin. */
struct before {
	int64_t key;
	enum entry_state state;
};

bool
store_begin_turn(struct store *store, struct conversation *c, struct entry *const *inputs,
    size_t count, const struct draft_place *typed, int64_t *turn, struct error *err)
{
	ARRAY(struct before) before = {0};
	int64_t key = c->key, root = c->root;
	bool good;

	if (!store_begin(store, true, err))
		return false;
	for (size_t i = 0; i < count; i++)
		array_push(&before, ((struct before){inputs[i]->key, inputs[i]->state}));
	good = store_end(store, begin(store, c, inputs, count, typed, turn, err), err);
	for (size_t i = 0; i < count; i++) {
		if (good) {
			entry_mark_stored(inputs[i]);
		} else {
			inputs[i]->key = before.items[i].key;
			inputs[i]->state = before.items[i].state;
		}
	}
	if (!good) {
		c->key = key;
		c->root = root;
		*turn = 0;
	}
	array_done(&before);
	return good;
}

static bool
find_turn(
    struct store *store, int64_t turn, int64_t *conversation, int64_t *root, struct error *err)
{
	if (!store_number(
		store, "SELECT conversation FROM turn WHERE key = ?1", turn, 0, conversation, err))
		return false;
	if (*conversation == 0)
		return error_set(err, ERR_STORE,
		    _("The answer under way is not known to the store %s any more. Nothing was "
		      "changed."),
		    store->path);
	return conversation_root(store, *conversation, root, err);
}

static bool
accept(struct store *store, int64_t turn, struct error *err)
{
	int64_t conversation, root;

	return find_turn(store, turn, &conversation, &root, err) &&
	       store_run2(store,
		   "UPDATE entry SET state = 0 WHERE state = ?2 AND key IN ("
		   "SELECT entry FROM turn_entry WHERE turn = ?1 AND input = 1)",
		   turn, ENTRY_SENDING, err) &&
	       tree_refresh(store, root, conversation, err);
}

bool
store_accept_turn(struct store *store, int64_t turn, struct error *err)
{
	return store_begin(store, true, err) && store_end(store, accept(store, turn, err), err);
}

static bool
set_state(struct store *store, int64_t turn, enum entry_state from, enum entry_state to,
    const char *reason, struct error *err)
{
	struct stmt *s = db_prepare(store->db,
	    "UPDATE entry SET state = ?3, reason = ?4 WHERE state = ?2 AND key IN ("
	    "SELECT entry FROM turn_entry WHERE turn = ?1)");

	db_bind_int(s, 1, turn);
	db_bind_int(s, 2, from);
	db_bind_int(s, 3, to);
	db_bind_text(s, 4, to == ENTRY_COMPLETE ? NULL : reason);
	return db_run(s, err);
}

/* What was still growing will not any more. */
static bool
settle_outputs(struct store *store, int64_t turn, struct error *err)
{
	key_list growing = {0};
	struct stmt *s =
	    db_prepare(store->db, "SELECT e.key FROM turn_entry t JOIN entry e ON e.key = t.entry"
				  " WHERE t.turn = ?1 AND e.state = ?2");
	bool good;

	db_bind_int(s, 1, turn);
	db_bind_int(s, 2, ENTRY_STREAMING);
	while (db_step(s, err))
		array_push(&growing, db_int(s, 0));
	good = db_finish(s);
	for (size_t i = 0; i < growing.len && good; i++)
		good = entry_settle(store, growing.items[i], err);
	array_done(&growing);
	return good;
}

static bool
add_usage(struct store *store, int64_t conversation, const struct usage *usage, struct error *err)
{
	struct stmt *s = db_prepare(store->db,
	    "UPDATE conversation SET prompt_tokens = prompt_tokens + ?2,"
	    " completion_tokens = completion_tokens + ?3, total_tokens = total_tokens + ?4,"
	    " connector_tokens = connector_tokens + ?5 WHERE key = ?1");

	db_bind_int(s, 1, conversation);
	db_bind_int(s, 2, usage->prompt_tokens);
	db_bind_int(s, 3, usage->completion_tokens);
	db_bind_int(s, 4, usage->total_tokens);
	db_bind_int(s, 5, usage->connector_tokens);
	if (!db_run(s, err) || usage->connectors == NULL)
		return err->kind == ERR_NONE;
	/* {"web_search": 1} and {"web_search": 2} make {"web_search": 3}. */
	s = db_prepare(store->db,
	    "UPDATE conversation SET connectors = (SELECT json_group_object(name, uses) FROM ("
	    "SELECT key AS name, sum(value) AS uses FROM ("
	    "SELECT key, value FROM json_each(coalesce(conversation.connectors, '{}')) UNION ALL"
	    " SELECT key, value FROM json_each(?2)) GROUP BY key))"
	    " WHERE key = ?1 AND json_valid(?2) AND json_type(?2) = 'object'");
	db_bind_int(s, 1, conversation);
	db_bind_text(s, 2, usage->connectors);
	return db_run(s, err);
}

/* The last step of every turn, whoever takes it. */
static bool
finish(struct store *store, int64_t turn, int64_t conversation, bool failed, struct error *err)
{
	int64_t root;

	return conversation_root(store, conversation, &root, err) &&
	       store_run(store, "DELETE FROM turn WHERE key = ?1", turn, err) &&
	       store_run2(store, "UPDATE conversation SET failed = ?2 WHERE key = ?1", conversation,
		   failed, err) &&
	       tree_refresh(store, root, conversation, err);
}

static bool
end(struct store *store, int64_t turn, enum entry_state state, const char *reason,
    const struct usage *usage, struct error *err)
{
	enum entry_state theirs = state == ENTRY_UNSENT ? ENTRY_INTERRUPTED : state;
	int64_t conversation, root;

	return find_turn(store, turn, &conversation, &root, err) &&
	       settle_outputs(store, turn, err) &&
	       set_state(store, turn, ENTRY_SENDING, state, reason, err) &&
	       set_state(store, turn, ENTRY_STREAMING, theirs, reason, err) &&
	       (usage == NULL || add_usage(store, conversation, usage, err)) &&
	       conversation_touch(store, conversation, err) &&
	       finish(store, turn, conversation, state != ENTRY_COMPLETE, err);
}

bool
store_end_turn(struct store *store, int64_t turn, enum entry_state state, const char *reason,
    const struct usage *usage, struct error *err)
{
	assert(state != ENTRY_SENDING && state != ENTRY_STREAMING);
	return store_begin(store, true, err) &&
	       store_end(store, end(store, turn, state, reason, usage, err), err);
}

/* Turns of the dead. */

struct orphan {
	int64_t turn, conversation, instance;
};

typedef ARRAY(struct orphan) orphan_list;

static bool
find_orphans(struct store *store, orphan_list *orphans, struct error *err)
{
	struct stmt *s = db_prepare(
	    store->db, "SELECT key, conversation, instance FROM turn WHERE instance <> ?1");

	db_bind_int(s, 1, store->instance.number);
	while (db_step(s, err)) {
		struct orphan orphan = {db_int(s, 0), db_int(s, 1), db_int(s, 2)};

		if (!instance_is_alive(&store->instance, orphan.instance))
			array_push(orphans, orphan);
	}
	return db_finish(s);
}

static bool
bury(struct store *store, const struct orphan *orphan, struct error *err)
{
	int64_t turn = orphan->turn;

	return settle_outputs(store, turn, err) &&
	       set_state(store, turn, ENTRY_SENDING, ENTRY_INTERRUPTED,
		   _("The program ended before the server had answered, so nobody knows whether "
		     "this arrived."),
		   err) &&
	       set_state(store, turn, ENTRY_STREAMING, ENTRY_INTERRUPTED,
		   _("The program ended while this was still coming."), err) &&
	       finish(store, turn, orphan->conversation, true, err);
}

static bool
bury_all(struct store *store, struct error *err)
{
	orphan_list orphans = {0};
	/* Again, now that nobody else writes: another instance may have been quicker. */
	bool good = find_orphans(store, &orphans, err);

	for (size_t i = 0; i < orphans.len && good; i++)
		good = bury(store, &orphans.items[i], err);
	array_done(&orphans);
	return good;
}

void
turns_bury(struct store *store)
{
	struct error err = ERROR_NONE;
	orphan_list orphans = {0};

	if (store->read_only)
		return;
	if (find_orphans(store, &orphans, &err) && orphans.len > 0 &&
	    store_begin(store, true, &err))
		store_end(store, bury_all(store, &err), &err);
	array_done(&orphans);
	if (err.kind != ERR_NONE)
		log_debug("turns of dead instances: %s", err.text);
	error_done(&err);
}
