/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef STORE_STORE_PRIVATE_H
#define STORE_STORE_PRIVATE_H

/*
 * What the files of the store share:
 *
 *	store.c			opening, checking, drafts and small state
 *	changes.c		what other instances do
 *	store-conversation.c	conversations: add, save, load, delete
 *	store-entry.c		entries and what they are made of
 *	store-trash.c		what is deleted but for carrying it out
 *	store-turn.c		turns under way, and those of instances that died
 *	store-list.c		lists, and finding a conversation by its id
 *	store-tree.c		trees: the line of the list, the branches
 *	store-bundle.c		trees that leave for a file or come from one
 *	search.c		words, and full text
 *	search-filter.c		what narrows it
 *
 * Below them are db (SQLite), schema (the file) and instance (who is alive).
 *
 * Functions here expect to be called within a transaction, unless they say
 * otherwise; on failure the caller rolls back.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/array.h"
#include "model/entry.h"
#include "store/instance.h"
#include "store/store.h"

struct buf;
struct conversation;
struct db;
struct error;
struct stmt;

/* A prompt for whose word a filter found a tree. */
struct match {
	int64_t root, entry;
	size_t word; /* of the filter */
};

struct store {
	struct db *db;
	char *path;
	bool read_only;
	struct instance instance;
	int changes;  /* of inotify(7); -1: nobody watches */
	int64_t seen; /* of what others committed */

	/*
	 * The trees that the last filter found, in the order of the list: found when
	 * what it looks at had filter_words, sorted when all had filter_version.
	 */
	char *filter;
	int64_t filter_words, filter_version;
	enum store_sort filter_sort;
	key_list filtered;
	ARRAY(struct match) matches; /* where the titles do not have it, sorted by root */
	int64_t words; /* raised by whatever changes titles or what was said */
};

/* A write: begins a transaction, synced before it returns (full) or some time later. */
bool store_begin(struct store *, bool full, struct error *);
bool store_end(struct store *, bool good, struct error *);

/* The first column of the first row, or fallback; key is bound as ?1. Without a transaction too. */
bool store_number(
    struct store *, const char *sql, int64_t key, int64_t fallback, int64_t *value, struct error *);

/* Raised by every change that another instance made. */
int64_t store_others(struct store *);

/* Runs a statement with one or two numbers. */
bool store_run(struct store *, const char *sql, int64_t first, struct error *);
bool store_run2(struct store *, const char *sql, int64_t first, int64_t second, struct error *);

/* A key where 0 stands for none. */
void bind_key(struct stmt *, int place, int64_t key);

/* A table of the strings of a struct: binds them from place on, reads them from column on. */
void bind_strings(
    struct stmt *, int place, const void *object, const size_t *offsets, size_t count);
void read_strings(struct stmt *, int column, void *object, const size_t *offsets, size_t count);
char *read_string(struct stmt *, int column);

/* changes.c */

void changes_end(struct store *);

/* store-conversation.c */

/* Sets key and root. */
bool conversation_insert(struct store *, struct conversation *, struct error *);

/* It changed now: the first of its tree and of all. */
bool conversation_touch(struct store *, int64_t key, struct error *);

/* store_save_conversation() within a transaction. */
bool conversation_save(struct store *, const struct conversation *, struct error *);

/* store_set_lineage() within a transaction. */
bool conversation_set_lineage(
    struct store *, int64_t key, int64_t parent, int64_t fork, bool guessed, struct error *);

/* All of a tree with the deleted ones, the root first, then in the order of making; no entries. */
bool conversations_of_tree(
    struct store *, int64_t root, conversation_list *, struct error *);

/* The place in the order of changes of one that was made at a time: at most now; NULL is now. */
bool active_at(struct store *, const char *time, int64_t *active, struct error *);

/* It goes for good, with all that nothing else hangs on. */
bool conversation_remove(struct store *, int64_t key, struct error *);

/* An error while an answer is coming to it. */
bool conversation_is_idle(struct store *, int64_t key, struct error *);

/* An error if it is not there or deleted. */
bool conversation_root(struct store *, int64_t key, int64_t *root, struct error *);

/* The parts of a path, its end first: of a conversation, the entries up to seq last. */
struct segment {
	int64_t conversation, last;
};

typedef ARRAY(struct segment) segment_list;

bool path_trace(struct store *, int64_t key, segment_list *, struct error *);

/* store-entry.c */

/* Sets the key. turn is 0, or where it belongs as an answer's output. */
bool entry_insert(
    struct store *, int64_t conversation, int64_t turn, struct entry *, struct error *);

/* Its content is as the store has it; after the transaction. */
void entry_mark_stored(struct entry *);

/* Joins the pieces of an entry that will not grow any more. */
bool entry_settle(struct store *, int64_t key, struct error *);

/* With all that hangs on it but branches. */
bool entry_delete(struct store *, int64_t key, struct error *);

/* Appends the entries of a segment. Within a read or a write. */
bool entries_load(struct store *, struct segment, struct conversation *, struct error *);

/* store-turn.c */

/*
 * Ends the turns of instances that are no more. Not within a transaction. If it
 * fails (a full disk), they stay as they are until the next time.
 */
void turns_bury(struct store *);

/* store-trash.c */

/* It is as it was before it went there. */
bool trash_take_out(struct store *, int64_t key, struct error *);

/* tree_refresh() where a conversation came or went: a tree of which nothing lives is in no list. */
bool trash_refresh_tree(struct store *, int64_t root, struct error *);

/* store-tree.c */

/* Brings the line of the list up to date, and the end of the conversation (or 0). */
bool tree_refresh(struct store *, int64_t root, int64_t conversation, struct error *);

/* What the list calls it. NULL or "" gives it the words of its first prompt. */
bool tree_set_title(struct store *, int64_t root, const char *title, struct error *);

/* search.c */

/* Words as people type them. */
struct word {
	char *text;  /* more than one word, if they stood between quotes */
	bool quoted; /* and the quotes were closed */
	bool not ;   /* it had a "-" before it */
};

typedef ARRAY(struct word) word_list;

void search_split(const char *words, word_list *);
void search_words_done(word_list *);

/* Whether there is anything in it that the index would have as a word. */
bool search_has_token(const char *word);

/* Of a prompt that matches, as struct hit has it; yours. */
char *search_snippet(struct store *, const char *query, int64_t entry, struct error *);

/* search-filter.c: words such as agent:NAME, which narrow what is found. */
struct filter {
	size_t kind;
	bool not ;
	char *value;
};

typedef ARRAY(struct filter) filter_list;

/* Takes them out of the words; an error if one is no filter after all. */
bool search_take_filters(word_list *, filter_list *, struct error *);
void search_filters_done(filter_list *);

/*
 * " AND EXISTS (...)" for an entry, an expression; nothing without filters. Then
 * binds their values; the parameters up to ?3 are the statement's own.
 */
void search_put_filters(struct buf *sql, const filter_list *, const char *entry);
void search_bind_filters(struct stmt *, const filter_list *);

/* As a string of FTS5's query language, in which nothing has a meaning of its own. */
void search_quote(const char *word, struct buf *out);

#endif
