/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef MODEL_AGENT_H
#define MODEL_AGENT_H

/*
 * Who can be talked to: an agent of the profile, an agent of a server, or a
 * bare model. Owns its strings; NULL means absent.
 */

#include <stdbool.h>
#include <stddef.h>

#include "base/array.h"

enum agent_origin {
	AGENT_PROFILE,
	AGENT_SERVER,
	AGENT_MODEL,
};

struct agent {
	enum agent_origin origin;
	char *name;	    /* profile: its name there; server: the agent's; model: its id */
	char *connection;   /* NULL: the default one */
	char *agent_id, *agent_version;
	char *versions; /* those there are, separated by spaces, the oldest first */
	char *model;
	char *description, *instructions;
	char *tools;	       /* JSON array as the API takes it (a function without our command) */
	char *completion_args; /* JSON object */
	char *guardrails;      /* JSON array */
	char *handoff_execution; /* "client", "server" or NULL */
	int context_length;    /* tokens; 0: unknown */
	bool chat;	       /* a model that can chat, as far as the server says */
	char *raw;	       /* the server's object */
};

typedef ARRAY(struct agent *) agent_list;

struct agent *agent_new(enum agent_origin);
void agent_free(struct agent *);
struct agent *agent_copy(const struct agent *);
void agent_list_done(agent_list *);

#endif
