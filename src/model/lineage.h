/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef MODEL_LINEAGE_H
#define MODEL_LINEAGE_H

/*
 * A tree: all the conversations that branch from one another, with just as
 * much of their entries as an outline needs. Pure computation over what the
 * store loaded.
 *
 * An *alternative* is one way on from a place. The ways on from an entry are
 * what its own conversation said next, if anything, and every conversation
 * restarted from it, oldest first. The ways on from nothing are the first
 * entries of the root and its sibling roots.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/array.h"
#include "model/entry.h"

struct tree_entry {
	int64_t key;
	enum entry_type type;
	bool assistant;
	enum entry_state state;
	char *preview; /* its first words on one line; not sanitised */
	char *created_at;
};

struct tree_branch {
	int64_t conversation; /* key */
	int64_t parent, fork; /* keys, as in struct conversation */
	int number; /* in the order of making, the root's is 1; 0: its place in branches */
	char *id, *title, *label, *updated_at;
	int64_t active; /* order of the last change: larger is later */
	bool hidden, deleted;
	bool guessed; /* its place was: nobody said where it branched from */
	ARRAY(struct tree_entry) entries; /* its own */
};

struct tree {
	int64_t root;
	int64_t preferred; /* the conversation that opens by default; 0: the one changed last */
	int64_t live;	   /* one that is looked at: a way on, even if it is hidden; 0: none */
	ARRAY(struct tree_branch) branches; /* the root first, then in the order they were made */
};

void tree_init(struct tree *);
void tree_done(struct tree *);

/* NULL if there is none. */
const struct tree_branch *tree_branch_of(const struct tree *, int64_t conversation);

/* The branch an entry was said in, and its place there. */
const struct tree_branch *tree_owner(const struct tree *, int64_t entry, size_t *place);

/* The entry before another one on its path; 0: it is a first one. */
int64_t tree_before(const struct tree *, int64_t entry);

struct alternative {
	int64_t conversation;
	int64_t entry; /* its first entry; 0 while it has none */
};

typedef ARRAY(struct alternative) alternative_list;

/*
 * The ways on from entry (0: the first entries of the tree), into out, cleared
 * first. Deleted and hidden branches are left out unless others hang on them.
 */
void tree_alternatives(const struct tree *, int64_t entry, alternative_list *out);

/* Whether entry is on the path of conversation. */
bool tree_on_path(const struct tree *, int64_t conversation, int64_t entry);

/*
 * Of the conversations whose path goes through the alternative the preferred
 * one, else the one changed last.
 */
int64_t tree_latest(const struct tree *, struct alternative);

/*
 * What a branch is called: its label, else "main" for the root, else its
 * number in the order of making: "b2"; with "?" behind it if its place is a
 * guess. Yours.
 */
char *branch_name(const char *label, bool root, size_t number);
char *tree_branch_name(const struct tree *, int64_t conversation);

/*
 * "main › b2 › b5": from the root down, each the branch that the fork of the
 * next was said in; a sibling root's begins with itself. Yours.
 */
char *tree_path_name(const struct tree *, int64_t conversation);

enum outline_type {
	OUTLINE_RUN,  /* entries without a fork among them: turns, preview of the first prompt */
	OUTLINE_FORK, /* a branch begins: its name and first words */
	OUTLINE_ENTRY, /* of a run that is spread out: not its first entry (ui/tree-lines.h) */
};

struct outline_line {
	enum outline_type type;
	int depth;
	int64_t conversation;
	int64_t first, last;	 /* entries the line stands for; 0 in an empty branch */
	size_t at;		 /* place of the first among those of its conversation */
	size_t prompts, entries; /* in it */
	bool single;		 /* stands for one entry by itself, not for a run of one */
	bool last_sibling;	 /* no further branch of this fork below it */
	uint64_t rails; /* bit d - 1: further branches of the fork at depth d follow below; to 64 */
	bool live;		 /* on the path of the conversation asked about */
	bool end;		 /* holds the end of that path */
	const char *preview;	 /* borrowed from the tree */
};

typedef ARRAY(struct outline_line) outline;

/* What an outline shows beside or in place of what is neither hidden nor deleted. */
enum {
	OUTLINE_HIDDEN = 1,   /* hidden branches too */
	OUTLINE_LABELLED = 2, /* only branches that have a label, and what they hang on */
};

/*
 * The tree as an indented outline, straight runs compressed to one line each,
 * so that only forks cost lines. live is the conversation that is marked; what
 * are OUTLINE_... or 0.
 */
void tree_outline(const struct tree *, int64_t live, unsigned what, outline *out);

#endif
