/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef CLIENT_SESSION_H
#define CLIENT_SESSION_H

/*
 * The inside of the client, shared by its files and by nobody else:
 * client.c (connections, questions, what is cached), begin.c (a turn until it
 * is sent), run.c (a turn in flight), retry.c (one that broke off), merge.c (the
 * server's history against ours), mirror.c (the server's list, and lineage that
 * is learnt late), others.c (what other instances do to the
 * store) and trash.c (deleting, and taking it back).
 */

#include "client/client.h"
#include "store/store.h"

struct backend;
struct connection;
struct timer;
struct waiting;
struct watch;

/* Where a restart leaves its lineage in the new conversation's metadata. */
#define LINEAGE_PARENT "causerie_parent"
#define LINEAGE_ENTRY "causerie_entry"

/* A walk through the list of a server, and then through what has no parent yet. */
struct mirror {
	bool running;
	int page;
	unsigned merged; /* client->merged when the page was asked for */
	key_list unlinked;
	size_t next; /* of unlinked */
};

/* A connection in use. */
struct link {
	struct client *client;
	const struct connection *connection;
	struct backend *backend;
	struct mirror mirror;
};

/* A turn in flight. */
struct active {
	unsigned id;
	struct client *client;
	struct link *link;
	struct turn *turn;
	int64_t stored;	 /* the store's number of the turn; 0: nothing of it is kept */
	/* The conversation it goes to: cached by the client, or its own if nothing is kept. */
	struct conversation *conversation;
	ARRAY(struct entry *) outputs; /* borrowed from the conversation */
	bool started, stopping;
	bool store_failed; /* and that was said */
	enum phase phase;
	int64_t since;	  /* loop time of the last sign of life */
	int64_t retry_at; /* loop time; PHASE_RETRYING */
	struct timer *checkpoint; /* due when something is not written yet */
	struct waiting *waiting;  /* for the history that tells the id of the fork entry */
	struct timer *failing;	  /* stopped while waiting for it */
	event_fn fn;
	void (*text)(void *arg, const char *text, size_t len);
	void *arg;
};

/* A question in flight. */
struct asked {
	unsigned id;
	struct link *link;
	struct question *question;
	int64_t deletes; /* key of the conversation that ASK_DELETE is about; 0: not kept here */
	int64_t retries; /* key of the conversation whose last turn goes out again behind it; or 0 */
	event_fn fn;
	void *arg;
};

/* A branch waits for a history, to learn the server's id of the entry it starts from. */
struct waiting {
	struct active *active;
	int64_t asked, fork; /* keys: whose history, and of which entry */
	bool known;	     /* the turn can go to the one that said the entry as well */
	unsigned question;
};

/* A deletion that a server was asked for. */
struct errand {
	unsigned question;
	int64_t conversation;
};

struct observer {
	note_fn fn;
	void *arg;
};

struct client {
	struct loop *loop;
	struct store *store;
	const struct profile *profile;
	unsigned last_id;
	unsigned merged; /* conversations of servers that turned out to be new or changed */
	ARRAY(struct link *) links;
	ARRAY(struct active *) active;
	ARRAY(struct asked) asked;
	ARRAY(struct conversation *) cached;
	ARRAY(struct observer) observers;
	struct {
		struct watch *watch;
		struct timer *pace; /* until it is looked again */
		bool missed;	    /* something changed meanwhile */
		bool behind;	    /* or may have, in what was in flight */
	} others;
	struct {
		struct timer *due; /* until what is in the trash is deleted */
		ARRAY(struct errand) errands;
	} trash;
	agent_list agents;
	size_t profile_agents; /* how many of agents are the profile's */
};

void client_notify(struct client *, enum note_type, int64_t conversation, int64_t entry,
    const struct error *);

/* The link of a connection by name, made when first asked for; NULL is the default. */
struct link *client_link(struct client *, const char *connection, struct error *);

/* Every event of every backend; arg is the link. */
void client_event(void *arg, const struct event *);

struct conversation *client_cached(struct client *, int64_t key);

/* run.c: an event of a turn. */
void run_event(struct active *, const struct event *);

/* Ends a turn that the backend knows nothing of: as an event would, or without one. */
void run_fail(struct active *, const struct error *);
void run_refuse(struct active *, const char *reason);

/* retry.c: the history was read, or could not be. */
void retry_go_on(struct client *, int64_t conversation, const struct event *);

/* begin.c: how a conversation that the server never heard of begins. */
enum turn_kind begin_kind(const struct conversation *);

/*
 * begin.c: whether an entry goes along where what was said is brought along. What
 * never went out does not, and what may have arrived is not sent again unasked.
 */
bool begin_brings(const struct entry *);

/* begin.c: a turn whose inputs are in the conversation already, at its end. Takes run->turn over. */
bool run_again(struct client *, struct request *, struct conversation *, struct error *);

/* Ends it as if the program were being closed, and frees it. */
void run_abandon(struct active *);

/*
 * merge.c: takes over from the server's history what we do not have, and the
 * ids it gave to what we said. Nothing of ours goes away.
 */
bool merge_history(struct client *, struct conversation *, struct entry *const *entries,
    size_t count, struct error *);

/* Whether two entries are of one kind and say the same. */
bool merge_same_words(const struct entry *, const struct entry *);

/* As store_find(), but for whole ids only: a server's "conv_1" is not our "conv_12". */
bool client_find_exact(
    struct client *, const char *connection, const char *id, int64_t *key, struct error *);

/* mirror.c: reads a server's list by pages, then joins the branches that it names. */
void mirror_start(struct link *);
void mirror_parent_came(void *link, const struct event *);

/*
 * The history of a conversation was read and nobody knows its parent: finds one
 * that begins with the same words, and makes the younger a branch of the older.
 */
bool mirror_guess(struct client *, int64_t key, struct error *);

/*
 * others.c: reads again what other instances changed, at once and then at a
 * measured pace, and tells the observers.
 */
void others_begin(struct client *);
void others_end(struct client *);

/* trash.c: what is in it is deleted another time. */
void trash_end(struct client *);

/* A turn of this instance is over: reads what was not read because of it. */
void others_catch_up(struct client *);

/*
 * The id of the entry at a place of a path in the server's history of that
 * conversation, which may have given copies other ids; NULL if it is not there.
 */
const char *merge_id_of(const struct conversation *, size_t at, struct entry *const *entries,
    size_t count);

/*
 * Takes over a conversation as the server describes it; not (*key 0) one that was
 * deleted here and has not changed there since.
 */
bool merge_conversation(struct client *, const char *connection, const struct conversation *,
    int64_t *key, struct error *);

#endif
