/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef MODEL_TURN_H
#define MODEL_TURN_H

/*
 * What we ask for. A turn is one request for an answer: start, append or
 * restart. A question is everything else: list, get, history and so on.
 */

#include <stdbool.h>
#include <stdint.h>

#include "base/array.h"
#include "model/entry.h"

struct conversation;

enum turn_kind {
	TURN_START,
	TURN_APPEND,
	TURN_RESTART,
};

struct turn {
	unsigned id; /* chosen by the client; never 0 */
	enum turn_kind kind;
	int64_t conversation;	/* key of the conversation the answer goes to; 0: not stored */
	char *conversation_id;	/* append, restart: the id in the request's path */
	char *from_entry_id;	/* restart: the last entry kept */
	ARRAY(struct entry *) inputs; /* owned; may be empty for restart and confirmations */
	ARRAY(struct entry *) context; /* start: said before, elsewhere; goes before inputs; owned */
	bool stream;
	bool no_store;		 /* ask the server to keep nothing */
	bool detached;		 /* and nothing is kept here either */
	char *handoff_execution; /* "client", "server" or NULL: not sent */
	char *completion_args;	 /* JSON object */
	char *tool_confirmations; /* append: JSON array */
	char *guardrails;	 /* start, restart: JSON array */
	char *metadata;		 /* start, restart: JSON object */
	char *agent_version;	 /* start, restart */
	char *agent_id, *model;	 /* start: one of the two */
	char *instructions, *tools, *name, *description; /* start; tools: JSON array */
	bool want_raw;		 /* events carry their JSON, for --json */
};

struct turn *turn_new(enum turn_kind);
void turn_free(struct turn *);

/* Those of the turn's settings that are not NULL, from the name to the tools, and the reverse. */
void turn_settings_to(const struct turn *, struct conversation *);
void turn_settings_from(struct turn *, const struct conversation *);

enum question_kind {
	ASK_LIST,     /* conversations, by pages */
	ASK_GET,      /* one conversation's settings */
	ASK_HISTORY,  /* all its entries */
	ASK_MESSAGES, /* its messages only */
	ASK_DELETE,
	ASK_AGENTS,   /* agents, by page tokens */
	ASK_AGENT,    /* one agent: agent_id */
	ASK_MODELS,
};

struct question {
	unsigned id; /* chosen by the client; never 0, never a turn's */
	enum question_kind kind;
	char *conversation_id; /* get, history, messages, delete */
	int page, page_size;   /* list: from 0; agents: page_size */
	char *metadata;	       /* list: JSON object to filter by, or NULL */
	char *page_token;      /* agents: from the page before, or NULL */
	char *agent_id, *agent_version; /* agent */
	bool want_raw;
};

struct question *question_new(enum question_kind);
void question_free(struct question *);

#endif
