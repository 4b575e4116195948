/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef CLIENT_CLIENT_H
#define CLIENT_CLIENT_H

/*
 * The session: which connections there are, turns in flight, and the rules
 * that hold for all of them. What the user says is in the store before it is
 * sent; what arrives is there within 100 ms; a request that may have reached
 * the server is never sent again unasked.
 *
 * Callers name conversations and entries by key. Conversations returned are
 * borrowed until loop_wait() or the next call that can change them.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "model/agent.h"
#include "model/conversation.h"
#include "model/event.h"
#include "model/turn.h"

struct client;
struct draft_place;
struct error;
struct loop;
struct profile;
struct store;

/* Who answers on a connection of the Conversations API when nobody was named. */
#define CLIENT_DEFAULT_MODEL "mistral-medium-latest"

enum note_type {
	NOTE_LIST,	   /* conversations came, went or changed their titles or marks */
	NOTE_CONVERSATION, /* a conversation's settings, or the list of its entries */
	NOTE_ENTRY,	   /* an entry grew or changed */
	NOTE_TURN,	   /* a turn's phase changed; error if it failed */
	NOTE_AGENTS,	   /* client_agents() has more to say */
	NOTE_TRASH,	   /* a deletion was carried out; error if it could not be */
};

struct note {
	enum note_type type;
	int64_t conversation, entry;
	const struct error *error;
};

typedef void (*note_fn)(void *arg, const struct note *);

/* Borrows all three. */
struct client *client_new(struct loop *, struct store *, const struct profile *);

/* Turns in flight are stored as interrupted, or as unsent if they certainly are. */
void client_free(struct client *);

void client_observe(struct client *, note_fn, void *arg);

struct store *client_store(const struct client *);
struct loop *client_loop(const struct client *);
const struct profile *client_profile(const struct client *);

/*
 * Runs a turn, which it takes over also on failure. The caller has set kind,
 * inputs and what options it wants; the client fills in the rest:
 *
 *   start    from agent, on its connection or the one named (or the default);
 *            with sibling_of but no agent, with the settings and on the
 *            connection of that one
 *            with base and fork, what the path of base says up to that entry
 *            goes along: a branch that somebody else answers, or the same where
 *            the server does not know the conversation any more
 *   append   base: the conversation's key. If the server never told an id for
 *            it, it begins there with this
 *   restart  base, and fork: key of the last entry kept
 *
 * A restart asks the conversation named by base; that reads its history first
 * where only it can tell the server's id of the entry. fn (or NULL) sees every
 * event, after the client has dealt with it. 0 if it failed at once; then
 * nothing was sent, and what was said in inputs is in the store as unsent if it
 * came that far. Else the turn's id, and *conversation (or NULL) is the key of
 * the conversation the answer goes to.
 */
struct request {
	struct turn *turn;
	const struct agent *agent; /* start */
	const char *connection;	   /* start; NULL: the agent's, else the default */
	int64_t base, fork;	   /* append, restart; start: what goes along */
	const struct draft_place *typed; /* the draft that inputs were, which goes; or NULL */
	int64_t sibling_of;	   /* start: a conversation whose first prompt this one edits; else 0 */
	event_fn fn;
	/* Text of the answer as it comes, before the client takes it over; or NULL. */
	void (*text)(void *arg, const char *text, size_t len);
	void *arg;
};
unsigned client_run(struct client *, struct request *, int64_t *conversation, struct error *);

/* Ends the turn: what came is kept. Nothing if it is over. */
void client_stop(struct client *, unsigned turn);

/* The turn in flight of a conversation, or 0. */
unsigned client_turn_of(const struct client *, int64_t conversation);

enum phase {
	PHASE_IDLE,
	PHASE_WAITING,	 /* sent, no sign of life yet */
	PHASE_STREAMING,
	PHASE_RETRYING,	 /* will be sent again: client_retry_seconds() */
};
enum phase client_phase(const struct client *, int64_t conversation);

/* Whole seconds since the last sign of life of a turn, or until it is tried again. */
int client_seconds(const struct client *, int64_t conversation);

/* Any turn or question in flight? */
bool client_is_busy(const struct client *);

/*
 * Sends what is unsent or interrupted at the end of a conversation again, at
 * the user's wish. On a connection with a server the history is read first and
 * what the server has is adopted; only if it does not have the prompt is it
 * sent. Fails if there is nothing to send.
 */
bool client_retry(struct client *, int64_t conversation, struct error *);

/*
 * Asks a connection (NULL: the default). Takes the question over. fn gets one
 * event, after the client has dealt with it (a history is merged into the
 * store, a deletion carried out there). Returns its id, or 0.
 */
unsigned client_ask(struct client *, const char *connection, struct question *, event_fn,
    void *arg, struct error *);
void client_forget(struct client *, unsigned question);

/*
 * Deletes conversations, on their server too if it has them. They are gone from
 * everywhere at once, but that is carried out only after half a minute, at the
 * end, or when the program starts again; until then client_undelete() brings
 * back what was deleted in the last go (*key is one of it, 0: there is nothing).
 * What a server cannot be told stays where it can be brought back.
 */
bool client_delete(struct client *, const int64_t *keys, size_t count, bool server,
    struct error *);
bool client_undelete(struct client *, int64_t *key, struct error *);

/* Carries it out now, and what instances that are no more left of it. */
void client_empty_trash(struct client *);
bool client_is_deleting(const struct client *); /* a server has been asked to */

/* With the entries of its path; loaded when first asked for. NULL: none of that key, or an error. */
const struct conversation *client_conversation(struct client *, int64_t key, struct error *);

/* Drops what is cached of conversations without a turn in flight. */
void client_release(struct client *, int64_t key);

/*
 * Brings what is kept here up to date with the server, in the background: the
 * entries of a conversation, or (0) the default connection's newest
 * conversations. Nothing if it lives here only or there is no key; a failure
 * is silent, because nobody asked.
 */
void client_refresh(struct client *, int64_t conversation);

/* The key of a conversation the server knows by id, made here if it is new. */
bool client_adopt(struct client *, const char *connection, const char *id, int64_t *key,
    struct error *);

/* The profile's agents, then what servers told so far. Borrowed until NOTE_AGENTS. */
const agent_list *client_agents(struct client *);

/* Asks every connection that has been used, or can be, for agents and models. */
void client_refresh_agents(struct client *);

#endif
