/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef STORE_STORE_H
#define STORE_STORE_H

/*
 * What is kept on this machine: conversations, entries, lineage, drafts, turns
 * under way. SQLite in WAL mode, one file; several instances may share it.
 *
 * Durability: what the user wrote and what is complete is committed with
 * synchronous=FULL before the function returns; checkpoints of a growing
 * answer with NORMAL. No function rewrites what was said. Keys are row
 * numbers, for good; ids are the API's and may come later.
 *
 * Every function that returns bool fails with ERR_STORE and a sentence.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/array.h"
#include "model/conversation.h"
#include "model/lineage.h"

struct bundle;
struct error;
struct store;

/*
 * Opens or makes the database (":memory:" too), migrates it to the newest
 * schema, and marks the turns of instances that died as interrupted. A file
 * that is corrupt, foreign or newer is refused and left untouched. read_only
 * is set when it cannot be written, which is not an error.
 */
struct store *store_open(const char *path, bool *read_only, struct error *);
void store_close(struct store *);

/* Whether it can be written; else the error that every write of it ends with. */
bool store_is_writable(const struct store *, struct error *);

/*
 * Looks at everything in it, which takes its time. A sound store's schema and
 * row counts as sentences, one on each line; yours. Fails if it is damaged.
 */
bool store_check(struct store *, char **report, struct error *);

/*
 * Where words are typed: in the conversation that is looked at (0: a new one),
 * at its end (0), behind an entry (its key), or in place of a prompt (its key
 * negated). Where that comes to lie in the tree is another matter.
 */
struct draft_place {
	int64_t conversation, entry;
};

/* Turns. */

/*
 * The user's words are safe when this returns, before anything is sent. In one
 * transaction: adds the conversation if its key is 0 (and sets key and root;
 * parent and fork are taken from it), adds the inputs behind its entries as
 * ENTRY_SENDING (and sets their keys), removes the draft that they were
 * typed as (NULL: they were no draft), and notes that a turn of this instance is
 * under way. Inputs that have a key are
 * there already, to be sent again: only their state changes. Dates that are
 * not set are set to now.
 */
bool store_begin_turn(struct store *, struct conversation *, struct entry *const *inputs,
    size_t count, const struct draft_place *typed, int64_t *turn, struct error *);

/* The server took it: the inputs of the turn are complete. */
bool store_accept_turn(struct store *, int64_t turn, struct error *);

/*
 * The turn is over. state is what its inputs still "sending" and outputs still
 * "streaming" become: ENTRY_COMPLETE, ENTRY_UNSENT or ENTRY_INTERRUPTED.
 * usage (or NULL) is added to the conversation's.
 */
bool store_end_turn(struct store *, int64_t turn, enum entry_state state, const char *reason,
    const struct usage *usage, struct error *);

/*
 * Adds an entry behind the conversation's own; sets its key. turn may be 0. Of
 * the outputs of one turn those with a smaller output_index come first.
 */
bool store_add_entry(
    struct store *, int64_t conversation, int64_t turn, struct entry *, struct error *);

/* Writes what of these entries is not written yet, pieces only; one transaction. */
bool store_checkpoint(struct store *, struct entry *const *entries, size_t count, struct error *);

/* Writes the entry whole, with its state and id, and makes it searchable. */
bool store_save_entry(struct store *, struct entry *, struct error *);

/*
 * Between the two, all changes are one transaction, committed at the end if all
 * was good; if not, or if one of them failed, none of them was made.
 */
bool store_batch_begin(struct store *, struct error *);
bool store_batch_end(struct store *, bool good, struct error *);

/* Conversations. */

/* As store_begin_turn() does, without a turn. */
bool store_add_conversation(struct store *, struct conversation *, struct error *);

/* Settings, names, ids and dates; not entries, lineage or usage. */
bool store_save_conversation(struct store *, const struct conversation *, struct error *);

/*
 * For lineage that is learnt later, from a server's metadata or (guessed) from
 * what the two begin with: the conversation, which must be the root of its
 * tree, and all that branches from it become a part of the parent's tree. fork
 * as in struct conversation. Its first entries, as many as there are originals
 * (keys of entries on the parent's path, which say the same), go: what hangs on
 * them hangs on those from now on.
 */
bool store_set_lineage(struct store *, int64_t key, int64_t parent, int64_t fork, bool guessed,
    const int64_t *originals, size_t copies, struct error *);

/* Conversations of a connection without a parent and with a word in their metadata; oldest first. */
typedef ARRAY(int64_t) key_list;
bool store_list_unlinked(
    struct store *, const char *connection, const char *word, key_list *, struct error *);

/* Roots of other trees on its connection that begin with the same prompt; oldest first. */
bool store_find_kin(struct store *, int64_t key, key_list *, struct error *);

/*
 * With the entries of its path, inherited ones first; or without any. NULL and
 * no error (kind ERR_NONE) if there is none or it is deleted.
 */
struct conversation *store_load(struct store *, int64_t key, bool entries, struct error *);

/*
 * Finds a conversation by id, by an unambiguous start of the id or of its part
 * behind the prefix, or "@", the one changed last. *key is 0 if there is none;
 * an ambiguous start is an error (ERR_USAGE) that names the candidates.
 * connection limits it to one connection; NULL does not.
 */
bool store_find(
    struct store *, const char *connection, const char *ref, int64_t *key, struct error *);

/*
 * Gone from lists; its entries stay as far as a branch hangs on them, and go
 * with the last of them. Refused while an answer is coming to it.
 */
bool store_delete(struct store *, int64_t key, struct error *);

/*
 * The same for one that the server still has. store_is_deleted_here() then tells,
 * by connection and id, as long as the server's copy was not changed after that
 * (updated_at, as the server says); adding one of that id ends it.
 */
bool store_delete_here(struct store *, int64_t key, struct error *);
bool store_is_deleted_here(struct store *, const char *connection, const char *id,
    const char *updated_at, bool *deleted, struct error *);

/*
 * The trash: what was deleted until that is carried out. Nothing finds it any
 * more, no list of a server brings it back, but nothing of it is gone.
 */
struct trashed {
	int64_t conversation;
	int64_t batch; /* what went in one go has one; the last has the largest */
	bool server;   /* it is to be deleted there too */
	char *connection;
	char *id; /* NULL: no server knows it */
};

typedef ARRAY(struct trashed) trash_list;

void trash_list_done(trash_list *);

/* All of them, or none; as one batch. Refused while an answer is coming to one. */
bool store_trash(
    struct store *, const int64_t *keys, size_t count, bool server, struct error *);

/* The batch that this instance made last comes back. *key is one of it, 0: there is none. */
bool store_untrash(struct store *, int64_t *key, struct error *);

/* The same for a conversation by id, whoever's it is; *key is 0 if it is not in the trash. */
bool store_untrash_id(struct store *, const char *connection, const char *id, int64_t *key,
    struct error *);

/*
 * What this instance put there, the last first. What is there of instances that
 * are no more is this one's from now on.
 */
bool store_list_trash(struct store *, trash_list *, struct error *);

/* Carries it out; everywhere: the server does not have it any more either. */
bool store_purge(struct store *, int64_t key, bool everywhere, struct error *);

bool store_set_label(struct store *, int64_t key, const char *label, struct error *);
bool store_set_hidden(struct store *, int64_t key, bool hidden, struct error *);

/* The branch of its tree that opens by default; false: it is not any more. */
bool store_set_preferred(struct store *, int64_t key, bool preferred, struct error *);

/*
 * What opens in the tree of a conversation: the preferred branch, else itself;
 * itself also where the tree ends with something that failed.
 */
bool store_preferred(struct store *, int64_t key, int64_t *preferred, struct error *);

bool store_set_seen(struct store *, int64_t key, bool seen, struct error *);

/* Of the tree that a conversation is in. */
bool store_set_pinned(struct store *, int64_t key, bool pinned, struct error *);
bool store_set_archived(struct store *, int64_t key, bool archived, struct error *);

/* Words, each once whatever stands between them; a "#" before one does not count. */
bool store_set_tags(struct store *, int64_t key, const char *tags, struct error *);

/* Lists. */

enum store_mark {
	MARK_NONE,
	MARK_UNREAD,
	MARK_STREAMING, /* in this instance or another */
	MARK_WAITING,	/* a function call is open */
	MARK_FAILED,	/* interrupted or unsent */
};

/* A tree in the list. */
struct store_row {
	int64_t root;	/* key of its oldest conversation */
	int64_t latest; /* key of the one changed last */
	int64_t opens;	/* key of the one that opens: the preferred one, but latest if that failed */
	char *title;	/* never NULL, may be empty; not sanitised */
	char *connection;
	char *agent; /* else the agent's id, else the model */
	char *updated_at;
	char *created_at; /* of the oldest one */
	char *tags;	  /* words with a blank between them; "": none */
	bool matched;	  /* by a prompt: store_match() has its words */
	int branches; /* conversations in it, less one */
	bool pinned, archived;
	enum store_mark mark;
};

typedef ARRAY(struct store_row) store_rows;

void store_row_done(struct store_row *);
void store_rows_done(store_rows *);

/* The row of the tree that a conversation is in. */
bool store_load_row(struct store *, int64_t conversation, struct store_row *, struct error *);

enum store_sort {
	SORT_CHANGED, /* newest first */
	SORT_CREATED, /* newest first */
	SORT_TITLE,
};

/*
 * Trees, pinned first, then by last change, newest first: count of them from
 * place from. filter (or NULL) are words that must be in titles or prompts;
 * archived trees are only found by one. #tag, the start of a tag, is:archived and
 * is:pinned are words too.
 */
bool store_list(
    struct store *, const char *filter, size_t from, size_t count, store_rows *, struct error *);
bool store_list_sorted(struct store *, const char *filter, enum store_sort, size_t from,
    size_t count, store_rows *, struct error *);
bool store_count(struct store *, const char *filter, size_t *count, struct error *);

/*
 * The words by which the filter used last found a tree, where its title does not
 * have them: one line as in struct hit, yours; NULL: there are none.
 */
char *store_match(struct store *, int64_t root, struct error *);

/* A tree that waits for the reader (a mark that is not MARK_STREAMING), but not that one; 0: none. */
bool store_find_waiting(struct store *, int64_t but, int64_t *latest, struct error *);

/*
 * Conversations of a connection as the API lists them: newest first, without
 * entries. metadata (or NULL) is a JSON object: of those in whose metadata all
 * its keys are, with the same values.
 */
typedef ARRAY(struct conversation *) conversation_list;
bool store_list_conversations(struct store *, const char *connection, const char *metadata,
    int page, int page_size, conversation_list *, struct error *);
void conversation_list_done(conversation_list *);

/* The tree that a conversation is in. Deleted branches are in it, marked. */
bool store_load_tree(struct store *, int64_t conversation, struct tree *, struct error *);

/* Coming and going. */

/*
 * What is kept of the tree a conversation is in; or of its path alone: of the
 * conversations above it what it inherits. Entries without an id get one.
 */
bool store_load_bundle(
    struct store *, int64_t conversation, bool tree, struct bundle *, struct error *);

/* What an import brought. */
struct import_count {
	size_t branches, entries;
};

/*
 * Adds what is in a bundle and not here, in one transaction. Conversations and
 * entries are told by their ids: what is here already stays as it is. Entries
 * that follow something which has gone on differently here become a branch of
 * their own. Sets keys in the bundle.
 */
bool store_import(struct store *, struct bundle *, struct import_count *, struct error *);

/* Drafts and small state. */

/* "" removes it. */
bool store_save_draft(
    struct store *, struct draft_place, const char *text, size_t len, struct error *);

/* NULL if there is none; yours. */
char *store_load_draft(struct store *, struct draft_place, struct error *);

/* Prompts said anywhere, newest first, each once: at most count of them; strings are yours. */
typedef ARRAY(char *) string_list;
bool store_prompts(struct store *, size_t count, string_list *, struct error *);
void string_list_done(string_list *);

/* A named value, such as what was open last; NULL if there is none; yours. */
char *store_get(struct store *, const char *name, struct error *);
bool store_set(struct store *, const char *name, const char *value, struct error *);

/* Raised by every change that any instance made. */
int64_t store_version(struct store *);

/*
 * A descriptor of the store's that becomes readable when the file was written
 * to, by whomever; -1 where nobody tells (a store in memory; a system without
 * inotify). Then store_others_changed(), which empties it.
 */
int store_watch(struct store *);

/* Whether another instance changed something since this or store_watch() was last asked. */
bool store_others_changed(struct store *);

#endif
