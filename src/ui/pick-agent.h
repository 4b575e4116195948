/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef UI_PICK_AGENT_H
#define UI_PICK_AGENT_H

/*
 * Who can answer, as rows of a picker, made anew with each letter: servers may
 * have told of more meanwhile.
 */

#include "model/agent.h"
#include "ui/panes.h"

void pick_agent_find(struct screen *, const char *typed, pick_list *out);

/* With the versions of the server's agent that answers in the open conversation. */
void pick_agent_find_versions(struct screen *, const char *typed, pick_list *out);

/* Whom a row stands for; NULL if that one is gone meanwhile. Yours. */
struct agent *pick_agent_of(struct screen *, const struct pick *);

#endif
