/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include "client/client.h"

#include <stdlib.h>
#include <string.h>

#include "backend/backend.h"
#include "backend/wire.h"
#include "base/clock.h"
#include "base/error.h"
#include "base/i18n.h"
#include "base/id.h"
#include "base/mem.h"
#include "client/session.h"
#include "net/loop.h"
#include "profile/profile.h"
#include "store/store.h"

/* Puts what the agent says into a start; what the turn says itself comes first. */
static void
use_agent(struct turn *turn, const struct agent *agent)
{
	const struct {
		char **to;
		const char *from;
	} fields[] = {
	    {&turn->agent_id, agent->agent_id},
	    {&turn->agent_version, agent->agent_version},
	    {&turn->model, agent->agent_id == NULL ? agent->model : NULL},
	    {&turn->instructions, agent->instructions},
	    {&turn->tools, agent->tools},
	    {&turn->completion_args, agent->completion_args},
	    {&turn->guardrails, agent->guardrails},
	    {&turn->handoff_execution, agent->handoff_execution},
	};

	for (size_t i = 0; i < sizeof(fields) / sizeof(fields[0]); i++)
		if (*fields[i].to == NULL)
			*fields[i].to = xstrdup(fields[i].from);
}

/* Puts a conversation's settings into a start; what the turn says itself comes first. */
static void
use_settings(struct turn *turn, const struct conversation *conversation)
{
	struct conversation *settings = conversation_new();

	conversation_copy_settings(settings, conversation);
	/* A branch's tells what it branched from. */
	if (conversation->fork != 0)
		xreplace(&settings->metadata, NULL);
	if (turn->model != NULL || turn->agent_id != NULL) {
		xreplace(&settings->model, NULL);
		xreplace(&settings->agent_id, NULL);
		xreplace(&settings->agent_version, NULL);
	}
	turn_settings_to(turn, settings);
	turn_settings_from(turn, settings);
	conversation_free(settings);
}

static char *
title_from(const struct turn *turn)
{
	struct buf text;
	char *title;

	buf_init(&text, 0);
	for (size_t i = 0; i < turn->inputs.len; i++)
		if (entry_is_prompt(turn->inputs.items[i]))
			entry_text(turn->inputs.items[i], &text);
	title = conversation_make_title(text.data);
	buf_done(&text);
	return title;
}

static struct conversation *
new_conversation(const struct link *link)
{
	struct conversation *conversation = conversation_new();
	char id[ID_SIZE], now[CLOCK_ISO_SIZE];

	id_make("conv_", id);
	clock_iso(now);
	conversation->id = xstrdup(id);
	conversation->own_id = link->connection->api == API_CONVERSATIONS;
	conversation->connection = xstrdup(link->connection->name);
	conversation->created_at = xstrdup(now);
	conversation->updated_at = xstrdup(now);
	return conversation;
}

/* The root of a conversation's tree, or itself if that is deleted. */
static int64_t
root_of(struct client *client, const struct conversation *conversation)
{
	struct error ignored = ERROR_NONE;
	int64_t key = conversation->key;

	if (conversation->root != 0 &&
	    client_conversation(client, conversation->root, &ignored) != NULL)
		key = conversation->root;
	error_done(&ignored);
	return key;
}

/*
 * The server keeps no lineage; its metadata is the one place to leave it for
 * another machine. Without an entry: a sibling root.
 */
static void
note_place(struct turn *turn, struct conversation *branch, const char *parent, const char *entry)
{
	char *with_parent = wire_set(turn->metadata, LINEAGE_PARENT, parent);

	free(turn->metadata);
	turn->metadata = wire_set(with_parent, LINEAGE_ENTRY, entry);
	free(with_parent);
	xreplace(&branch->metadata, turn->metadata);
}

static void
note_lineage(struct turn *turn, struct conversation *branch)
{
	note_place(turn, branch, turn->conversation_id, turn->from_entry_id);
}

/* The same for a start, which has a parent that the same server may know, or not. */
static void
note_start(
    struct client *client, struct turn *turn, struct conversation *branch, const struct entry *fork)
{
	struct error ignored = ERROR_NONE;
	const struct conversation *parent = client_conversation(client, branch->parent, &ignored);

	error_done(&ignored);
	if (parent != NULL && !parent->own_id && branch->own_id &&
	    strcmp(parent->connection, branch->connection) == 0 && (fork == NULL || !fork->own_id))
		note_place(turn, branch, parent->id, fork != NULL ? fork->id : NULL);
}

/* The conversation that said an entry of a path, if it is not that one itself; else NULL. */
static bool
find_owner(struct client *client, const struct conversation *base, int64_t entry,
    struct conversation *branch, char **id, struct error *err)
{
	const struct tree_branch *owner;
	struct tree tree;
	size_t place;

	tree_init(&tree);
	if (!store_load_tree(client->store, base->key, &tree, err)) {
		tree_done(&tree);
		return false;
	}
	owner = tree_owner(&tree, entry, &place);
	/* One that is deleted cannot be asked; the copies in this one can. */
	if (owner != NULL && !owner->deleted) {
		branch->parent = owner->conversation;
		xreplace(id, owner->id);
	}
	tree_done(&tree);
	return true;
}

bool
begin_brings(const struct entry *entry)
{
	bool ours = entry->type == ENTRY_MESSAGE_INPUT || entry->type == ENTRY_FUNCTION_RESULT;

	return entry->state == ENTRY_COMPLETE || (!ours && entry->state != ENTRY_UNSENT);
}

static void
bring_along(struct turn *turn, struct entry *const *entries, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (begin_brings(entries[i]))
			array_push(&turn->context, entry_copy(entries[i]));
}

/* A start that goes on from an entry of a conversation which cannot be asked itself. */
static bool
carry(struct client *client, struct request *run, const struct conversation *base,
    struct conversation *branch, struct error *err)
{
	ptrdiff_t at = conversation_find(base, run->fork);
	char *id = NULL;
	bool good;

	if (at < 0)
		return error_set(err, ERR_USAGE, _("That entry is not in this conversation."));
	branch->parent = base->key;
	branch->fork = run->fork;
	branch->carried = true;
	good =
	    (size_t)at >= base->inherited || find_owner(client, base, run->fork, branch, &id, err);
	free(id);
	if (good) {
		bring_along(run->turn, base->entries.items, (size_t)at + 1);
		note_start(client, run->turn, branch, base->entries.items[at]);
	}
	return good;
}

/*
 * The conversation of a start; sibling is the one whose first prompt it edits,
 * or whose path it brings along, or NULL.
 */
static struct conversation *
prepare_start(struct client *client, struct request *run, struct link *link,
    const struct conversation *sibling, struct error *err)
{
	struct turn *turn = run->turn;
	struct conversation *conversation;

	if (run->agent != NULL)
		use_agent(turn, run->agent);
	else if (sibling != NULL)
		use_settings(turn, sibling);
	if (link->connection->api == API_GUIDE && turn->model == NULL)
		turn->model = xstrdup("guide");
	if (link->connection->api == API_CONVERSATIONS && turn->model == NULL &&
	    turn->agent_id == NULL)
		turn->model = xstrdup(CLIENT_DEFAULT_MODEL);
	if (turn->model == NULL && turn->agent_id == NULL) {
		error_set(err, ERR_CONFIG,
		    _("Nobody to talk to on %s: name a model or an agent (--model, --agent, "
		      "\"agent:\" in "
		      "the profile, or F4 on the screen). Nothing was sent."),
		    link->connection->name);
		return NULL;
	}
	conversation = new_conversation(link);
	turn_settings_to(turn, conversation);
	conversation->title = title_from(turn);
	if (run->agent != NULL && run->agent->origin == AGENT_PROFILE)
		conversation->agent = xstrdup(run->agent->name);
	if (sibling != NULL) {
		if (run->fork == 0) {
			conversation->parent = root_of(client, sibling);
			note_start(client, turn, conversation, NULL);
		} else if (!carry(client, run, sibling, conversation, err)) {
			conversation_free(conversation);
			return NULL;
		}
		xreplace(&conversation->title, NULL);
		if (run->agent == NULL)
			conversation->agent = xstrdup(sibling->agent);
	}
	return conversation;
}

/*
 * The place of a fork: the conversation that said the entry, so that the parent
 * is its owner. It is also asked, unless the one that was named knows the entry.
 */
static bool
prepare_fork(struct client *client, struct request *run, const struct conversation *base,
    struct conversation *branch, struct error *err)
{
	struct turn *turn = run->turn;
	ptrdiff_t at = conversation_find(base, run->fork);

	if (at < 0 && turn->from_entry_id == NULL)
		return error_set(err, ERR_USAGE, _("That entry is not in this conversation."));
	branch->parent = base->key;
	branch->fork = at >= 0 ? run->fork : 0;
	if (at < 0)
		return true;
	if ((size_t)at < base->inherited && turn->conversation_id == NULL &&
	    !find_owner(client, base, run->fork, branch, &turn->conversation_id, err))
		return false;
	if (turn->from_entry_id == NULL)
		turn->from_entry_id = xstrdup(base->entries.items[at]->id);
	return true;
}

static struct conversation *
prepare_restart(struct client *client, struct request *run, struct link *link,
    const struct conversation *base, struct error *err)
{
	struct conversation *branch = new_conversation(link);

	conversation_copy_settings(branch, base);
	xreplace(&branch->title, NULL);
	xreplace(&branch->metadata, NULL);
	xreplace_if(&branch->metadata, run->turn->metadata);
	xreplace_if(&branch->agent_version, run->turn->agent_version);
	if (!prepare_fork(client, run, base, branch, err)) {
		conversation_free(branch);
		return NULL;
	}
	if (run->turn->conversation_id == NULL)
		run->turn->conversation_id = xstrdup(base->id);
	note_lineage(run->turn, branch);
	return branch;
}

/* The words of a turn as entries of the conversation, with ids until the server gives them some. */
static void
stamp_inputs(struct turn *turn, bool own_ids)
{
	char id[ID_SIZE], now[CLOCK_ISO_SIZE];

	clock_iso(now);
	for (size_t i = 0; i < turn->inputs.len; i++) {
		struct entry *entry = turn->inputs.items[i];

		if (entry->id == NULL) {
			id_make("msg_", id);
			entry->id = xstrdup(id);
			entry->own_id = own_ids;
		}
		if (entry->created_at == NULL)
			entry->created_at = xstrdup(now);
		entry->state = ENTRY_SENDING;
	}
}

static void
say_again(struct entry *entry)
{
	entry->state = ENTRY_SENDING;
	entry->revision++;
	xreplace(&entry->reason, NULL);
}

/*
 * After the turn is in the store: the conversation as the screen shows it. An
 * append grows what is cached; a new conversation is read with what it
 * inherits.
 */
static struct conversation *
show(struct client *client, struct conversation *conversation, const struct turn *turn,
    struct error *err)
{
	struct conversation *whole;

	if (client_cached(client, conversation->key) == conversation) {
		for (size_t i = 0; i < turn->inputs.len; i++) {
			ptrdiff_t at = conversation_find(conversation, turn->inputs.items[i]->key);

			if (at >= 0)
				say_again(conversation->entries.items[at]);
			else
				array_push(
				    &conversation->entries, entry_copy(turn->inputs.items[i]));
		}
		return conversation;
	}
	whole = store_load(client->store, conversation->key, true, err);
	if (whole == NULL)
		return NULL;
	conversation_free(conversation);
	array_push(&client->cached, whole);
	return whole;
}

static struct active *
new_active(struct client *client, struct link *link, struct request *run)
{
	struct active *active = xcalloc(1, sizeof(*active));

	active->id = ++client->last_id;
	active->client = client;
	active->link = link;
	active->turn = run->turn;
	active->turn->id = active->id;
	active->phase = PHASE_WAITING;
	active->since = loop_now(client->loop);
	active->fn = run->fn;
	active->text = run->text;
	active->arg = run->arg;
	return active;
}

/* Puts the turn into the store; on failure nothing is sent. Takes conversation over. */
static struct conversation *
commit(struct client *client, struct active *active, const struct request *run,
    struct conversation *conversation, struct error *err)
{
	struct turn *turn = active->turn;
	struct conversation *shown = NULL;
	struct error ignored = ERROR_NONE;

	stamp_inputs(turn, active->link->connection->api == API_CONVERSATIONS);
	if (turn->detached) {
		if (turn->kind == TURN_APPEND)
			return conversation;
		for (size_t i = 0; i < turn->inputs.len; i++)
			array_push(&conversation->entries, entry_copy(turn->inputs.items[i]));
		return conversation;
	}
	if (store_begin_turn(client->store, conversation, turn->inputs.items, turn->inputs.len,
		run->typed, &active->stored, err))
		shown = show(client, conversation, turn, err);
	if (shown == NULL && active->stored != 0)
		store_end_turn(
		    client->store, active->stored, ENTRY_UNSENT, err->text, NULL, &ignored);
	error_done(&ignored);
	if (shown == NULL && client_cached(client, conversation->key) != conversation)
		conversation_free(conversation);
	return shown;
}

static void
announce(struct active *active)
{
	client_notify(active->client, NOTE_CONVERSATION, active->conversation->key, 0, NULL);
	client_notify(active->client, NOTE_LIST, active->conversation->key, 0, NULL);
	client_notify(active->client, NOTE_TURN, active->conversation->key, 0, NULL);
}

static unsigned
go(struct client *client, struct active *active, int64_t *key, struct error *err)
{
	struct backend *backend = active->link->backend;

	array_push(&client->active, active);
	active->turn->conversation = active->turn->detached ? 0 : active->conversation->key;
	if (key != NULL)
		*key = active->turn->conversation;
	if (!backend->ops->run(backend, active->turn, err)) {
		run_refuse(active, err->text);
		return 0;
	}
	announce(active);
	return active->id;
}

/* An append without a store of its own must not show its words in the conversation. */
static struct conversation *
detached(const struct conversation *base)
{
	struct conversation *copy = conversation_new();

	conversation_copy_settings(copy, base);
	copy->id = xstrdup(base->id);
	return copy;
}

/*
 * What a server is to keep nothing of, it has to be told as a whole each time,
 * while it is kept here.
 */
static bool
starts_over(const struct turn *turn, const struct link *link)
{
	return turn->no_store && !turn->detached && link->connection->api == API_CONVERSATIONS;
}

/* The place of what is said now: behind all entries, unless it is said again. */
static size_t
first_input(const struct turn *turn, const struct conversation *conversation)
{
	ptrdiff_t at = turn->inputs.len > 0 && turn->inputs.items[0]->key != 0
			   ? conversation_find(conversation, turn->inputs.items[0]->key)
			   : -1;

	return at >= 0 ? (size_t)at : conversation->entries.len;
}

/*
 * How the server is asked for more of a conversation that is here: by its id,
 * or, when the server never told one, by the request that began it.
 */
static bool
address(struct client *client, struct request *run, struct conversation *conversation,
    struct error *err)
{
	struct turn *turn = run->turn;
	const struct conversation *parent;
	ptrdiff_t at;

	if (turn->kind == TURN_APPEND) {
		xreplace(&turn->conversation_id, conversation->id);
		return true;
	}
	if (turn->kind == TURN_START) {
		use_settings(turn, conversation);
		xreplace(&turn->metadata, conversation->metadata);
		bring_along(turn, conversation->entries.items, first_input(turn, conversation));
		return true;
	}
	parent = client_conversation(client, conversation->parent, err);
	at = parent != NULL ? conversation_find(parent, conversation->fork) : -1;
	if (at < 0)
		return error_set(err, ERR_USAGE, _("The entry this branch starts from is gone."));
	run->base = parent->key;
	run->fork = conversation->fork;
	xreplace(&turn->conversation_id, parent->id);
	xreplace(&turn->from_entry_id, parent->entries.items[at]->id);
	xreplace(&turn->metadata, conversation->metadata);
	note_lineage(turn, conversation);
	return true;
}

enum turn_kind
begin_kind(const struct conversation *conversation)
{
	return conversation->fork != 0 && !conversation->carried ? TURN_RESTART : TURN_START;
}

static struct conversation *
prepare_append(struct client *client, struct request *run, struct link *link,
    const struct conversation *base, struct error *err)
{
	struct conversation *conversation = client_cached(client, base->key);

	if (client_turn_of(client, base->key) != 0) {
		error_set(err, ERR_USAGE,
		    _("This conversation is still answering. Stop the answer first, or wait."));
		return NULL;
	}
	/* What failed to begin begins with this. */
	if (base->own_id)
		run->turn->kind = begin_kind(base);
	if (starts_over(run->turn, link))
		run->turn->kind = TURN_START;
	if (!address(client, run, conversation, err))
		return NULL;
	return run->turn->detached ? detached(conversation) : conversation;
}

/* What a turn goes on from or, a start, whose first prompt it edits. */
static const struct conversation *
find_base(struct client *client, const struct request *run, struct error *err)
{
	int64_t key = run->turn->kind == TURN_START && run->fork == 0 ? run->sibling_of : run->base;
	const struct conversation *base = client_conversation(client, key, err);

	if (base == NULL && err->kind == ERR_NONE)
		error_set(err, ERR_USAGE, _("That conversation is no longer here."));
	return base;
}

static struct conversation *
prepare(struct client *client, struct request *run, struct link **link, struct error *err)
{
	bool start = run->turn->kind == TURN_START;
	const char *name = start ? run->connection : NULL;
	const struct conversation *base = NULL;

	if (!start || run->sibling_of != 0 || run->fork != 0) {
		base = find_base(client, run, err);
		if (base == NULL)
			return NULL;
	}
	if (name == NULL && start && run->agent != NULL)
		name = run->agent->connection;
	else if (name == NULL && base != NULL)
		name = base->connection;
	*link = client_link(client, name, err);
	if (*link == NULL)
		return NULL;
	if (start)
		return prepare_start(client, run, *link, base, err);
	if (run->turn->kind == TURN_RESTART && starts_over(run->turn, *link)) {
		run->turn->kind = TURN_START;
		return prepare_start(client, run, *link, base, err);
	}
	if (run->turn->kind == TURN_RESTART)
		return prepare_restart(client, run, *link, base, err);
	return prepare_append(client, run, *link, base, err);
}

/* What was waited for: the entry's id in the conversation whose history has come. */
static bool
learn_fork(struct active *active, const struct waiting *waiting, const struct event *event,
    struct error *err)
{
	const struct conversation *asked = client_conversation(active->client, waiting->asked, err);
	ptrdiff_t at = asked != NULL ? conversation_find(asked, waiting->fork) : -1;
	const char *id = NULL;

	if (event->type == EVENT_FAILED && !(waiting->known && event->error->status == 404)) {
		error_done(err);
		error_copy(err, event->error);
		return false;
	}
	if (at >= 0 && event->type == EVENT_ENTRIES)
		id = merge_id_of(asked, (size_t)at, event->entries, event->entry_count);
	if (id != NULL) {
		xreplace(&active->turn->conversation_id, asked->id);
		xreplace(&active->turn->from_entry_id, id);
	}
	if (id != NULL && !waiting->known)
		note_lineage(active->turn, active->conversation);
	return id != NULL || waiting->known ||
	       error_set(err, ERR_SERVER,
		   _("The server does not know that entry, so nothing can branch from it there. "
		     "Your "
		     "text is kept."));
}

static void
resolved(void *arg, const struct event *event)
{
	struct waiting *waiting = arg;
	struct active *active = waiting->active;
	struct error err = ERROR_NONE;
	bool good;

	active->waiting = NULL;
	good = learn_fork(active, waiting, event, &err) &&
	       active->link->backend->ops->run(active->link->backend, active->turn, &err);
	free(waiting);
	if (!good) {
		err.nothing_sent = true;
		run_fail(active, &err);
	}
	error_done(&err);
}

/*
 * Reads the history first when it has to tell by which id the server knows the
 * fork entry there. The server may have given the copies that a branch inherited
 * ids of their own: nothing but the branch's history tells whether it has.
 */
static unsigned
resolve(struct client *client, struct active *active, const struct conversation *asked,
    const struct request *run, struct error *err)
{
	struct question *question = question_new(ASK_HISTORY);
	struct waiting *waiting = xcalloc(1, sizeof(*waiting));
	size_t at = (size_t)conversation_find(asked, run->fork);

	waiting->active = active;
	waiting->asked = asked->key;
	waiting->fork = run->fork;
	waiting->known = !asked->entries.items[at]->own_id &&
			 strcmp(active->turn->conversation_id, asked->id) != 0;
	question->conversation_id = xstrdup(asked->id);
	array_push(&client->active, active);
	active->turn->conversation = active->conversation->key;
	waiting->question =
	    client_ask(client, active->link->connection->name, question, resolved, waiting, err);
	if (waiting->question == 0) {
		free(waiting);
		run_refuse(active, err->text);
		return 0;
	}
	active->waiting = waiting;
	announce(active);
	return active->id;
}

/* The conversation whose history has to be read before the turn can be sent, or NULL. */
static const struct conversation *
needs_history(struct client *client, const struct active *active, const struct request *run)
{
	const struct conversation *base;
	struct error err = ERROR_NONE;
	ptrdiff_t at;

	if (run->turn->kind != TURN_RESTART || run->fork == 0 ||
	    active->link->connection->api != API_CONVERSATIONS)
		return NULL;
	base = client_conversation(client, run->base, &err);
	at = base != NULL ? conversation_find(base, run->fork) : -1;
	if (at < 0 ||
	    (!base->entries.items[at]->own_id && ((size_t)at >= base->inherited || base->own_id)))
		base = NULL;
	/* One that the server never heard of has no history there; who said the entry has. */
	else if (base->own_id)
		base = client_conversation(client, active->conversation->parent, &err);
	error_done(&err);
	return base;
}

/* Into the store, then on its way. Takes over the turn and, unless it is cached, conversation. */
static unsigned
send(struct client *client, struct link *link, struct request *run,
    struct conversation *conversation, int64_t *key, struct error *err)
{
	struct active *active = new_active(client, link, run);
	const struct conversation *asked;

	active->conversation = commit(client, active, run, conversation, err);
	if (active->conversation == NULL) {
		turn_free(active->turn);
		free(active);
		return 0;
	}
	asked = needs_history(client, active, run);
	if (asked != NULL) {
		if (key != NULL)
			*key = active->conversation->key;
		return resolve(client, active, asked, run, err);
	}
	return go(client, active, key, err);
}

unsigned
client_run(struct client *client, struct request *run, int64_t *key, struct error *err)
{
	struct conversation *conversation;
	struct link *link;

	if (key != NULL)
		*key = 0;
	run->turn->no_store |= !client->profile->settings.store;
	conversation = prepare(client, run, &link, err);
	if (conversation == NULL) {
		turn_free(run->turn);
		return 0;
	}
	return send(client, link, run, conversation, key, err);
}
bool
run_again(struct client *client, struct request *run, struct conversation *conversation,
    struct error *err)
{
	struct link *link = client_link(client, conversation->connection, err);

	run->turn->no_store |= !client->profile->settings.store;
	if (link != NULL && starts_over(run->turn, link))
		run->turn->kind = TURN_START;
	if (link == NULL || !address(client, run, conversation, err)) {
		turn_free(run->turn);
		return false;
	}
	return send(client, link, run, conversation, NULL, err) != 0;
}
