/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef MODEL_BUNDLE_H
#define MODEL_BUNDLE_H

/*
 * A tree, or one path through it, on its way out of the store or into one:
 * conversations with the entries that were said in them, inherited ones only
 * where they were said. Lineage is told by ids, since keys mean nothing
 * outside of a store.
 *
 * A bundle owns everything it points to. NULL means absent.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/array.h"
#include "model/conversation.h"

struct bundle_draft {
	char *entry;   /* id of the entry it goes behind; NULL: the end of the conversation */
	bool in_place; /* not behind that, which is a prompt, but in its place */
	char *text, *changed_at;
};

struct bundle_branch {
	struct conversation *conversation; /* settings, and its own entries */
	char *parent, *fork; /* ids of a conversation and of an entry, as struct conversation has keys */
	char *label;
	int number;	/* in the order of making, from 1; 0: not known */
	int64_t active; /* order of the last change: larger is later; 0: not known */
	bool hidden, deleted, guessed; /* as struct tree_branch has them */
	ARRAY(struct bundle_draft) drafts;
};

struct bundle {
	char *title; /* of the tree */
	bool pinned, archived;
	ARRAY(struct bundle_branch) branches;
};

void bundle_done(struct bundle *);

/* A further branch with an empty conversation; borrowed until the next one. */
struct bundle_branch *bundle_add(struct bundle *);

/* A place in a bundle: a branch, and one of its entries. */
struct bundle_place {
	size_t branch, entry;
};

#define BUNDLE_NOWHERE SIZE_MAX

/* Where each branch hangs, and in which order to read them. */
struct bundle_order {
	/*
	 * By branch: where its fork is. A sibling root has its parent and no
	 * entry; what begins by itself has neither (BUNDLE_NOWHERE).
	 */
	ARRAY(struct bundle_place) forks;
	ARRAY(size_t) depth_first; /* branches, each right behind those above it */
};

/* False if the lineage runs in a circle; then only bundle_order_done() it. */
bool bundle_order(const struct bundle *, struct bundle_order *);
void bundle_order_done(struct bundle_order *);

/* What a branch is called: its label, else "main" for the root, else "b2". Yours. */
char *bundle_branch_name(const struct bundle *, size_t branch);

#endif
