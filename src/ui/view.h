/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef UI_VIEW_H
#define UI_VIEW_H

/*
 * What the person at the screen is looking at and about to do: the
 * conversation that is open, with whom a new one would start, the place the
 * next message goes to, and what waits in the queue. Panes show it, actions
 * change it. Knows no keys and no cells.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "model/agent.h"
#include "model/conversation.h"
#include "model/lineage.h"

struct client;
struct draft_place;
struct error;
struct view;

/* Where the next message goes. */
enum aim {
	AIM_END,    /* to the end of the conversation, or it starts a new one */
	AIM_BRANCH, /* into a new branch behind an entry */
	AIM_EDIT,   /* in place of a prompt: a new branch behind the entry before it */
};

struct view *view_new(struct client *);
void view_free(struct view *);

/* The open conversation; 0: a new one. */
int64_t view_key(const struct view *);

/* NULL for a new one, or if it cannot be read. Borrowed as client_conversation() says. */
const struct conversation *view_conversation(struct view *);

/* Its tree, read again after changes; empty for a new one. */
const struct tree *view_tree(struct view *);

/* The tree or the conversation may have changed: read it again when next asked for. */
void view_changed(struct view *);

/* Opens one, without a draft of its own making: the pane for input looks for that. */
bool view_open(struct view *, int64_t conversation, struct error *);
void view_start_new(struct view *);

/* With whom a new conversation starts; NULL: the profile's connection as it is. */
const struct agent *view_agent(const struct view *);
void view_set_agent(struct view *, const struct agent *);

/* The name to show for whoever answers here: agent, model or guide. Borrowed; not sanitised. */
const char *view_speaker(struct view *);

/* Whether somebody is there to answer; if not, F4 chooses. */
bool view_has_speaker(struct view *);

/* The connection of what is open, or would be. */
const char *view_connection(struct view *);

enum aim view_aim(const struct view *);

/* Aims behind an entry, or at a prompt's place. Fails, saying why, where nothing can branch. */
bool view_aim_branch(struct view *, int64_t entry, struct error *);
bool view_aim_edit(struct view *, int64_t entry, struct error *);
void view_aim_end(struct view *);

/* The nearest entry at or before one on the path that a branch can begin behind; 0: none. */
int64_t view_nearest_fork(struct view *, int64_t entry);

/*
 * How many entries of the open conversation's path what is sent next goes
 * behind: all of them at the end, fewer when a branch begins earlier.
 */
size_t view_kept(struct view *);

/* Where what is typed now lies as a draft. */
struct draft_place view_draft_place(const struct view *);

/*
 * Sends where it is aimed; the answer's conversation is open afterwards. At an
 * end that is still answering the message is queued instead (*queued).
 */
bool view_send(struct view *, const char *text, size_t len, bool *queued, struct error *);

/* Another answer to the same words: a branch from what the entry answers. */
bool view_regenerate(struct view *, int64_t entry, struct error *);

/*
 * The same by others, each in a branch of its own, all at the same time: the
 * first of them is open afterwards. Another version of the server's agent that
 * answers here goes on with the same conversation; anybody else is told what
 * was said.
 */
bool view_regenerate_with(struct view *, int64_t entry, struct agent *const *agents, size_t count,
    struct error *);

/* Sends again what is unsent or broke off at the end. */
bool view_retry(struct view *, struct error *);

/* Stops the answer of the open conversation; false if there is none. */
bool view_stop(struct view *);

/* The message waiting for the end of the answer, or NULL; and taking it back, yours. */
const char *view_queued(struct view *);
char *view_unqueue(struct view *);

/* A turn of a conversation ended: what waited for it goes out. */
void view_turn_over(struct view *, int64_t conversation, struct error *);

/* The ways on at an entry of the path: how many, and which one it is (from 0). */
size_t view_alternatives(struct view *, int64_t entry, size_t *which);

/* How many ways go on from an entry. */
size_t view_ways_on(struct view *, int64_t entry);

/* Whether the path forks anywhere. */
bool view_has_siblings(struct view *);

/* Opens the next (+1) or previous (-1) way on at that entry, at its latest end; *to is its entry. */
bool view_sibling(struct view *, int64_t entry, int step, int64_t *to, struct error *);

#endif
