/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/error.h"
#include "base/mem.h"
#include "model/conversation.h"
#include "store/db.h"
#include "store/store-private.h"
#include "store/store.h"

/* The schema keeps these numbers. */
_Static_assert(MARK_NONE == 0 && MARK_UNREAD == 1 && MARK_STREAMING == 2 && MARK_WAITING == 3 &&
		   MARK_FAILED == 4,
    "tree.mark");

/* The line of the list. */

/* Words to call a tree by: the first prompt of the conversation changed last. */
static bool
first_prompt(struct store *store, int64_t root, char **words, struct error *err)
{
	segment_list path = {0};
	int64_t latest;
	bool good;

	*words = NULL;
	good =
	    store_number(store, "SELECT latest FROM tree WHERE root = ?1", root, 0, &latest, err) &&
	    path_trace(store, latest, &path, err);
	for (size_t i = path.len; i > 0 && good && *words == NULL; i--) {
		struct stmt *s = db_prepare(store->db,
		    "SELECT preview FROM entry WHERE conversation = ?1 AND seq <= ?2"
		    " AND type = 'message.input' AND assistant = 0 ORDER BY seq LIMIT 1");

		db_bind_int(s, 1, path.items[i - 1].conversation);
		db_bind_int(s, 2, path.items[i - 1].last);
		if (db_step(s, err))
			*words = conversation_make_title(db_text(s, 0));
		good = db_finish(s);
	}
	array_done(&path);
	return good;
}

static bool
write_title(struct store *store, int64_t root, const char *title, struct error *err)
{
	struct stmt *s = db_prepare(store->db, "UPDATE tree SET title = ?2 WHERE root = ?1");

	store->words++;
	db_bind_int(s, 1, root);
	db_bind_text(s, 2, title);
	if (!db_run(s, err) ||
	    !store_run(store, "DELETE FROM title_fts WHERE rowid = ?1", root, err))
		return false;
	s = db_prepare(store->db, "INSERT INTO title_fts (rowid, title) VALUES (?1, ?2)");
	db_bind_int(s, 1, root);
	db_bind_text(s, 2, title);
	return db_run(s, err);
}

bool
tree_set_title(struct store *store, int64_t root, const char *title, struct error *err)
{
	char *words = NULL;
	bool good = true;

	if (title == NULL || title[0] == '\0') {
		good = first_prompt(store, root, &words, err);
		title = words != NULL ? words : "";
	}
	good = good && write_title(store, root, title, err);
	free(words);
	return good;
}

/* Whether the conversation ends with a function call that waits for its result. */
static bool
refresh_end(struct store *store, int64_t conversation, struct error *err)
{
	return store_run(store,
	    "UPDATE conversation SET waiting = coalesce(("
	    "SELECT type = 'function.call' AND state = 0 AND coalesce(confirmation, '') <> 'denied'"
	    " FROM entry WHERE conversation = ?1 ORDER BY seq DESC LIMIT 1), 0),"
	    " failed = failed AND coalesce(("
	    "SELECT state <> 0 OR type = 'message.input'"
	    " FROM entry WHERE conversation = ?1 ORDER BY seq DESC LIMIT 1), 1) WHERE key = ?1",
	    conversation, err);
}

/* A tree still without a name gets one as soon as something is said in it. */
static bool
refresh_title(struct store *store, int64_t root, struct error *err)
{
	int64_t nameless;

	if (!store_number(
		store, "SELECT title = '' FROM tree WHERE root = ?1", root, 0, &nameless, err))
		return false;
	return nameless == 0 || tree_set_title(store, root, NULL, err);
}

/*
 * A failure counts only where the tree was changed last: who goes on from
 * before it has dealt with it.
 */
static const char refresh_line[] =
    "WITH living AS (SELECT * FROM conversation WHERE root = ?1 AND deleted = 0)"
    " UPDATE tree SET (latest, active, mark) = (SELECT key, active, CASE"
    " WHEN EXISTS (SELECT 1 FROM living JOIN turn ON turn.conversation = living.key) THEN 2"
    " WHEN EXISTS (SELECT 1 FROM living WHERE hidden = 0 AND waiting = 1) THEN 3"
    " WHEN failed = 1 THEN 4"
    " WHEN EXISTS (SELECT 1 FROM living WHERE unseen = 1) THEN 1"
    " ELSE 0 END FROM living ORDER BY active DESC LIMIT 1),"
    " branches = (SELECT count(*) FROM living) - 1"
    " WHERE root = ?1 AND EXISTS (SELECT 1 FROM living)";

bool
tree_refresh(struct store *store, int64_t root, int64_t conversation, struct error *err)
{
	if (conversation != 0 && !refresh_end(store, conversation, err))
		return false;
	return store_run(store, refresh_line, root, err) && refresh_title(store, root, err);
}

/* What the user sets. */

static bool
set(struct store *store, const char *sql, int64_t key, int64_t value, struct error *err)
{
	int64_t root;

	return conversation_root(store, key, &root, err) &&
	       store_run2(store, sql, key, value, err) && tree_refresh(store, root, 0, err);
}

bool
store_set_seen(struct store *store, int64_t key, bool seen, struct error *err)
{
	int64_t unseen;

	/* Asked with every look at a conversation: most change nothing. */
	if (!store_number(
		store, "SELECT unseen FROM conversation WHERE key = ?1", key, 0, &unseen, err))
		return false;
	if (unseen == !seen || store->read_only)
		return true;
	return store_begin(store, false, err) &&
	       store_end(store,
		   set(store, "UPDATE conversation SET unseen = ?2 WHERE key = ?1", key, !seen,
		       err),
		   err);
}

bool
store_set_hidden(struct store *store, int64_t key, bool hidden, struct error *err)
{
	return store_begin(store, true, err) &&
	       store_end(store,
		   set(store, "UPDATE conversation SET hidden = ?2 WHERE key = ?1", key, hidden,
		       err),
		   err);
}

bool
store_set_pinned(struct store *store, int64_t key, bool pinned, struct error *err)
{
	return store_begin(store, true, err) &&
	       store_end(store,
		   set(store,
		       "UPDATE tree SET pinned = ?2 WHERE root ="
		       " (SELECT root FROM conversation WHERE key = ?1)",
		       key, pinned, err),
		   err);
}

bool
store_set_archived(struct store *store, int64_t key, bool archived, struct error *err)
{
	return store_begin(store, true, err) &&
	       store_end(store,
		   set(store,
		       "UPDATE tree SET archived = ?2 WHERE root ="
		       " (SELECT root FROM conversation WHERE key = ?1)",
		       key, archived, err),
		   err);
}

bool
store_set_preferred(struct store *store, int64_t key, bool preferred, struct error *err)
{
	return store_begin(store, true, err) &&
	       store_end(store,
		   set(store,
		       "UPDATE tree SET preferred = CASE WHEN ?2 THEN ?1 ELSE 0 END WHERE root ="
		       " (SELECT root FROM conversation WHERE key = ?1)",
		       key, preferred, err),
		   err);
}

/* What failed comes first: its number is that of MARK_FAILED. */
bool
store_preferred(struct store *store, int64_t key, int64_t *preferred, struct error *err)
{
	return store_number(store,
	    "SELECT p.key FROM conversation c JOIN tree t ON t.root = c.root"
	    " JOIN conversation p ON p.key = t.preferred"
	    " WHERE c.key = ?1 AND p.deleted = 0 AND t.mark <> 4",
	    key, key, preferred, err);
}

/* " one two ", "" for none. */
static char *
normalise_tags(const char *tags)
{
	struct buf out = BUF_EMPTY;
	char *copy = xstrdup(tags), *rest = copy, *word;

	while ((word = strsep(&rest, " \t\r\n,")) != NULL) {
		char *padded;

		word += strspn(word, "#");
		padded = xasprintf(" %s ", word);
		if (word[0] != '\0' && (out.len == 0 || strstr(out.data, padded) == NULL))
			buf_puts(&out, out.len == 0 ? padded : padded + 1);
		free(padded);
	}
	free(copy);
	return out.len > 0 ? buf_take(&out) : xstrdup("");
}

static bool
set_tags(struct store *store, int64_t key, const char *tags, struct error *err)
{
	struct stmt *s;
	int64_t root;

	if (!conversation_root(store, key, &root, err))
		return false;
	s = db_prepare(store->db, "UPDATE tree SET tags = ?2 WHERE root = ?1");
	db_bind_int(s, 1, root);
	db_bind_text(s, 2, tags);
	return db_run(s, err);
}

bool
store_set_tags(struct store *store, int64_t key, const char *tags, struct error *err)
{
	char *normal = normalise_tags(tags);
	bool good = store_begin(store, true, err) &&
		    store_end(store, set_tags(store, key, normal, err), err);

	store->words++;
	free(normal);
	return good;
}

static bool
set_label(struct store *store, int64_t key, const char *label, struct error *err)
{
	struct stmt *s;
	int64_t root;

	if (!conversation_root(store, key, &root, err))
		return false;
	s = db_prepare(store->db, "UPDATE conversation SET label = nullif(?2, '') WHERE key = ?1");
	db_bind_int(s, 1, key);
	db_bind_text(s, 2, label);
	return db_run(s, err);
}

bool
store_set_label(struct store *store, int64_t key, const char *label, struct error *err)
{
	return store_begin(store, true, err) &&
	       store_end(store, set_label(store, key, label, err), err);
}

/* The whole tree. */

static struct tree_branch
read_branch(struct stmt *s)
{
	return (struct tree_branch){
	    .conversation = db_int(s, 0),
	    .parent = db_int(s, 1),
	    .fork = db_int(s, 2),
	    .number = (int)db_int(s, 3),
	    .id = read_string(s, 4),
	    .title = read_string(s, 5),
	    .label = read_string(s, 6),
	    .updated_at = read_string(s, 7),
	    .active = db_int(s, 8),
	    .hidden = db_int(s, 9) != 0,
	    .deleted = db_int(s, 10) != 0,
	    .guessed = db_int(s, 11) != 0,
	};
}

static bool
load_branches(struct store *store, struct tree *tree, struct error *err)
{
	struct stmt *s = db_prepare(store->db,
	    "SELECT key, parent, fork, number, id, coalesce(nullif(title, ''), name), label,"
	    " updated_at, active, hidden, deleted, guessed FROM conversation WHERE root = ?1"
	    " ORDER BY key <> ?1, number");

	db_bind_int(s, 1, tree->root);
	while (db_step(s, err))
		array_push(&tree->branches, read_branch(s));
	return db_finish(s);
}

static bool
load_entries(struct store *store, struct tree_branch *branch, struct error *err)
{
	struct stmt *s = db_prepare(store->db,
	    "SELECT key, type, assistant, state, preview, created_at FROM entry"
	    " WHERE conversation = ?1 ORDER BY seq");

	db_bind_int(s, 1, branch->conversation);
	while (db_step(s, err)) {
		struct tree_entry entry = {
		    .key = db_int(s, 0),
		    .type = entry_type_of(db_text(s, 1)),
		    .assistant = db_int(s, 2) != 0,
		    .state = (enum entry_state)db_int(s, 3),
		    .preview = read_string(s, 4),
		    .created_at = read_string(s, 5),
		};

		array_push(&branch->entries, entry);
	}
	return db_finish(s);
}

static bool
load_tree(struct store *store, int64_t conversation, struct tree *tree, struct error *err)
{
	if (!conversation_root(store, conversation, &tree->root, err) ||
	    !store_number(store,
		"SELECT p.key FROM tree t JOIN conversation p ON p.key = t.preferred"
		" WHERE t.root = ?1 AND p.deleted = 0",
		tree->root, 0, &tree->preferred, err) ||
	    !load_branches(store, tree, err))
		return false;
	for (size_t i = 0; i < tree->branches.len; i++)
		if (!load_entries(store, &tree->branches.items[i], err))
			return false;
	return true;
}

bool
store_load_tree(struct store *store, int64_t conversation, struct tree *tree, struct error *err)
{
	if (!db_begin_read(store->db, err))
		return false;
	if (store_end(store, load_tree(store, conversation, tree, err), err))
		return true;
	tree_done(tree);
	return false;
}
