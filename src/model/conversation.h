/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef MODEL_CONVERSATION_H
#define MODEL_CONVERSATION_H

/*
 * A conversation: settings, and the entries of its branch from the root of the
 * tree to its end. A branch is a conversation that was restarted from an entry
 * of another one; the entries up to the fork are inherited, not copied, and
 * belong to the conversations they were said in.
 *
 * Lineage: parent is the conversation it was restarted from and fork the last
 * entry it kept. A sibling root, made by editing a first message, has a
 * parent and no fork. root names the tree: the key of its oldest conversation.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/array.h"
#include "model/entry.h"

struct usage {
	int64_t prompt_tokens, completion_tokens, total_tokens, connector_tokens;
	char *connectors; /* JSON object of tool name to number of uses, or NULL; owned */
};

struct conversation {
	int64_t key;	 /* the store's number, for good; 0: not stored */
	char *id;	 /* the server's, or ours until it has one (see own_id) */
	bool own_id;	 /* id was made here and the server does not know it */
	char *connection; /* name of the connection it lives on */

	int64_t parent, fork, root; /* keys: conversation, entry, conversation; 0: none */
	bool carried; /* a start that brought along what it inherits: asked elsewhere */

	char *name, *description; /* the API's, set at start */
	char *title;		  /* ours: what the user called it, else made from the first prompt */
	char *agent;		  /* name of the profile's agent, or NULL */
	char *agent_id, *agent_version, *model, *instructions;
	char *tools;		   /* JSON array */
	char *completion_args;	   /* JSON object */
	char *guardrails;	   /* JSON array */
	char *metadata;		   /* JSON object */
	char *handoff_execution;   /* "client", "server" or NULL */
	char *created_at, *updated_at;
	struct usage usage; /* sum over the turns of this conversation */
	char *raw;	    /* the server's object, when the fields above do not say it all */

	ARRAY(struct entry *) entries; /* the path: inherited first, then its own; owned */
	size_t inherited;	       /* how many of them are inherited */
};

struct conversation *conversation_new(void);
void conversation_free(struct conversation *);

/* Settings without key, id, lineage, dates, usage and entries. */
void conversation_copy_settings(struct conversation *to, const struct conversation *from);

/* The place of an entry on the path, or -1. */
ptrdiff_t conversation_find(const struct conversation *, int64_t entry_key);
ptrdiff_t conversation_find_id(const struct conversation *, const char *entry_id);

/* A one-line title from a first prompt: its first words, at most 60 characters; yours. */
char *conversation_make_title(const char *prompt);

/* title, else name, else NULL. */
const char *conversation_title(const struct conversation *);

void usage_add(struct usage *to, const struct usage *);
void usage_done(struct usage *);

#endif
