/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include "ui/view.h"

#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/i18n.h"
#include "base/mem.h"
#include "client/client.h"
#include "profile/profile.h"
#include "store/store.h"

/* A message that waits for the end of an answer. */
struct queued {
	int64_t conversation;
	char *text;
};

/* An entry that is one of several ways on from a place. */
struct way {
	int64_t entry;
	size_t which, count;
};

struct view {
	struct client *client;
	int64_t key;
	struct agent *agent;
	enum aim aim;
	int64_t aim_entry;
	struct tree tree;
	ARRAY(struct way) ways;	 /* of the tree, in the order of their keys */
	ARRAY(struct way) forks; /* entries they go on from; which has no meaning */
	bool tree_read;
	ARRAY(struct queued) queue;
};

struct view *
view_new(struct client *client)
{
	struct view *view = xcalloc(1, sizeof(*view));

	view->client = client;
	tree_init(&view->tree);
	return view;
}

void
view_free(struct view *view)
{
	if (view == NULL)
		return;
	for (size_t i = 0; i < view->queue.len; i++)
		free(view->queue.items[i].text);
	array_done(&view->queue);
	agent_free(view->agent);
	tree_done(&view->tree);
	array_done(&view->ways);
	array_done(&view->forks);
	free(view);
}

int64_t
view_key(const struct view *view)
{
	return view->key;
}

const struct conversation *
view_conversation(struct view *view)
{
	struct error err = ERROR_NONE;
	const struct conversation *conversation = NULL;

	if (view->key != 0)
		conversation = client_conversation(view->client, view->key, &err);
	error_done(&err);
	return conversation;
}

static int
compare_ways(const void *a, const void *b)
{
	const struct way *x = a, *y = b;

	return x->entry < y->entry ? -1 : x->entry > y->entry;
}

static int
compare_forks(const void *a, const void *b)
{
	const int64_t *x = a, *y = b;

	return *x < *y ? -1 : *x > *y;
}

static void
find_ways(struct view *view, int64_t fork)
{
	alternative_list list = {0};

	tree_alternatives(&view->tree, fork, &list);
	if (list.len > 1)
		array_push(&view->forks, ((struct way){fork, 0, list.len}));
	for (size_t i = 0; i < list.len && list.len > 1; i++)
		if (list.items[i].entry != 0)
			array_push(&view->ways, ((struct way){list.items[i].entry, i, list.len}));
	array_done(&list);
}

/* Every entry that is painted or measured is asked about: once for each tree is enough. */
static void
read_ways(struct view *view)
{
	ARRAY(int64_t) forks = {0};

	array_clear(&view->ways);
	array_clear(&view->forks);
	array_push(&forks, 0); /* the first entries */
	for (size_t i = 0; i < view->tree.branches.len; i++)
		array_push(&forks, view->tree.branches.items[i].fork);
	qsort(forks.items, forks.len, sizeof(forks.items[0]), compare_forks);
	for (size_t i = 0; i < forks.len; i++)
		if (i == 0 || forks.items[i] != forks.items[i - 1])
			find_ways(view, forks.items[i]);
	if (view->ways.len > 0)
		qsort(view->ways.items, view->ways.len, sizeof(struct way), compare_ways);
	array_done(&forks);
}

const struct tree *
view_tree(struct view *view)
{
	struct error err = ERROR_NONE;

	if (!view->tree_read) {
		tree_done(&view->tree);
		tree_init(&view->tree);
		if (view->key != 0)
			store_load_tree(client_store(view->client), view->key, &view->tree, &err);
		view->tree.live = view->key;
		read_ways(view);
		view->tree_read = true;
		error_done(&err);
	}
	return &view->tree;
}

void
view_changed(struct view *view)
{
	view->tree_read = false;
}

bool
view_open(struct view *view, int64_t key, struct error *err)
{
	const struct conversation *conversation = client_conversation(view->client, key, err);

	if (conversation == NULL) {
		if (err->kind == ERR_NONE)
			error_set(err, ERR_USAGE, _("That conversation is no longer here."));
		return false;
	}
	if (view->key != 0 && view->key != key)
		client_release(view->client, view->key);
	view->key = key;
	view_aim_end(view);
	view_changed(view);
	store_set_seen(client_store(view->client), key, true, err);
	return err->kind == ERR_NONE;
}

void
view_start_new(struct view *view)
{
	if (view->key != 0)
		client_release(view->client, view->key);
	view->key = 0;
	view_aim_end(view);
	view_changed(view);
}

const struct agent *
view_agent(const struct view *view)
{
	return view->agent;
}

void
view_set_agent(struct view *view, const struct agent *agent)
{
	agent_free(view->agent);
	view->agent = agent != NULL ? agent_copy(agent) : NULL;
}

const char *
view_connection(struct view *view)
{
	const struct conversation *conversation = view_conversation(view);

	if (conversation != NULL)
		return conversation->connection;
	if (view->agent != NULL && view->agent->connection != NULL)
		return view->agent->connection;
	return client_profile(view->client)->connection;
}

static const char *
first_of(const char *a, const char *b, const char *c)
{
	return a != NULL ? a : b != NULL ? b : c;
}

/* What a server calls its agent, once it has told; else its id. */
static const char *
agent_name(struct view *view, const char *id)
{
	const agent_list *agents = id != NULL ? client_agents(view->client) : NULL;

	for (size_t i = 0; agents != NULL && i < agents->len; i++)
		if (agents->items[i]->origin == AGENT_SERVER &&
		    strcmp(agents->items[i]->agent_id, id) == 0)
			return agents->items[i]->name;
	return id;
}

const char *
view_speaker(struct view *view)
{
	const struct conversation *conversation = view_conversation(view);
	const struct connection *connection;
	const char *name = NULL;

	if (conversation != NULL)
		name = first_of(conversation->agent, conversation->model,
		    agent_name(view, conversation->agent_id));
	else if (view->agent != NULL)
		name = first_of(view->agent->name, view->agent->model, view->agent->agent_id);
	if (name != NULL)
		return name;
	connection = profile_connection(client_profile(view->client), view_connection(view));
	if (connection != NULL && connection->api == API_GUIDE)
		return "guide";
	if (connection != NULL && connection->api == API_CONVERSATIONS)
		return CLIENT_DEFAULT_MODEL;
	return _("nobody yet");
}

bool
view_has_speaker(struct view *view)
{
	const struct connection *connection;

	if (view->key != 0)
		return true;
	if (view->agent != NULL && (view->agent->model != NULL || view->agent->agent_id != NULL))
		return true;
	connection = profile_connection(client_profile(view->client), view_connection(view));
	return connection != NULL && connection->api != API_CHAT_COMPLETIONS;
}

enum aim
view_aim(const struct view *view)
{
	return view->aim;
}

struct draft_place
view_draft_place(const struct view *view)
{
	struct draft_place place = {.conversation = view->key, .entry = view->aim_entry};

	if (view->aim == AIM_EDIT)
		place.entry = -place.entry;
	return place;
}

static const struct entry *
entry_of(struct view *view, int64_t key, size_t *at)
{
	const struct conversation *conversation = view_conversation(view);
	ptrdiff_t place = conversation != NULL ? conversation_find(conversation, key) : -1;

	if (place < 0)
		return NULL;
	*at = (size_t)place;
	return conversation->entries.items[place];
}

/* Whether a branch can begin behind an entry; a call that is not answered cannot be left open. */
static bool
check_fork(const struct entry *entry, struct error *err)
{
	if (entry->state == ENTRY_UNSENT || entry->state == ENTRY_SENDING)
		return error_set(err, ERR_USAGE,
		    _("The server does not have this message yet, so nothing can branch from it."));
	if (entry->type == ENTRY_FUNCTION_CALL)
		return error_set(
		    err, ERR_USAGE, _("A call without its result cannot be left open."));
	return true;
}

bool
view_aim_branch(struct view *view, int64_t key, struct error *err)
{
	const struct entry *entry;
	size_t at;

	entry = entry_of(view, key, &at);
	if (entry == NULL)
		return error_set(err, ERR_USAGE, _("There is nothing here to branch from yet."));
	if (!check_fork(entry, err))
		return false;
	view->aim = AIM_BRANCH;
	view->aim_entry = key;
	return true;
}

bool
view_aim_edit(struct view *view, int64_t key, struct error *err)
{
	const struct entry *entry;
	size_t at;

	entry = entry_of(view, key, &at);
	if (entry == NULL || !entry_is_prompt(entry))
		return error_set(err, ERR_USAGE,
		    _("Only what you said yourself can be edited and sent again: select a "
		      "prompt."));
	view->aim = AIM_EDIT;
	view->aim_entry = key;
	return true;
}

int64_t
view_nearest_fork(struct view *view, int64_t key)
{
	const struct conversation *conversation = view_conversation(view);
	struct error why = ERROR_NONE;
	size_t at;

	if (entry_of(view, key, &at) == NULL)
		return 0;
	while (!check_fork(conversation->entries.items[at], &why)) {
		error_done(&why);
		if (at-- == 0)
			return 0;
	}
	return conversation->entries.items[at]->key;
}

void
view_aim_end(struct view *view)
{
	view->aim = AIM_END;
	view->aim_entry = 0;
}

size_t
view_kept(struct view *view)
{
	const struct conversation *conversation = view_conversation(view);
	size_t at;

	if (conversation == NULL)
		return 0;
	if (view->aim == AIM_END || entry_of(view, view->aim_entry, &at) == NULL)
		return conversation->entries.len;
	return view->aim == AIM_EDIT ? at : at + 1;
}

static struct queued *
find_queued(struct view *view, int64_t conversation)
{
	for (size_t i = 0; i < view->queue.len; i++)
		if (view->queue.items[i].conversation == conversation)
			return &view->queue.items[i];
	return NULL;
}

const char *
view_queued(struct view *view)
{
	const struct queued *queued = view->key != 0 ? find_queued(view, view->key) : NULL;

	return queued != NULL ? queued->text : NULL;
}

static char *
take_queued(struct view *view, int64_t conversation)
{
	struct queued *queued = find_queued(view, conversation);
	char *text;

	if (queued == NULL)
		return NULL;
	text = queued->text;
	array_remove(&view->queue, (size_t)(queued - view->queue.items));
	return text;
}

char *
view_unqueue(struct view *view)
{
	return view->key != 0 ? take_queued(view, view->key) : NULL;
}

/*
 * What waits is a draft in the store as well, so that it outlives the program:
 * the next start finds it in the input line.
 */
static bool
enqueue(struct view *view, const char *text, size_t len, struct error *err)
{
	struct queued *old = find_queued(view, view->key), queued = {.conversation = view->key};
	char *piece = xstrndup(text, len);

	queued.text = old != NULL ? xasprintf("%s\n%s", old->text, piece) : xstrdup(piece);
	free(piece);
	if (!store_save_draft(client_store(view->client), view_draft_place(view), queued.text,
		strlen(queued.text), err)) {
		free(queued.text);
		return false;
	}
	if (old != NULL) {
		free(old->text);
		*old = queued;
	} else {
		array_push(&view->queue, queued);
	}
	return true;
}

/* A run of the open conversation, or a new one, as the view is aimed. */
static bool
aimed_run(struct view *view, struct request *run, struct error *err)
{
	const struct conversation *conversation = view_conversation(view);
	size_t at = 0;

	run->base = view->key;
	if (view->key == 0) {
		run->turn->kind = TURN_START;
		run->agent = view->agent;
		return true;
	}
	if (view->aim == AIM_END) {
		run->turn->kind = TURN_APPEND;
		return true;
	}
	if (entry_of(view, view->aim_entry, &at) == NULL)
		return error_set(err, ERR_USAGE, _("The entry to branch from is gone."));
	run->turn->kind = TURN_RESTART;
	run->fork = view->aim_entry;
	if (view->aim == AIM_EDIT && at > 0) {
		run->fork = conversation->entries.items[at - 1]->key;
	} else if (view->aim == AIM_EDIT) {
		run->turn->kind = TURN_START;
		run->sibling_of = view->key;
		run->fork = 0;
	}
	return true;
}

static bool
go(struct view *view, struct request *run, struct error *err)
{
	int64_t key = 0;
	bool started = client_run(view->client, run, &key, err) != 0;
	struct error ignored = ERROR_NONE;

	/* Also after a failure: the words are there, marked unsent. */
	if (key != 0)
		view_open(view, key, started ? err : &ignored);
	error_done(&ignored);
	return started || key != 0;
}

bool
view_send(struct view *view, const char *text, size_t len, bool *queued, struct error *err)
{
	struct draft_place typed = view_draft_place(view);
	struct request run = {.typed = &typed};

	*queued =
	    view->key != 0 && view->aim == AIM_END && client_turn_of(view->client, view->key) != 0;
	if (*queued)
		return enqueue(view, text, len, err);
	run.turn = turn_new(TURN_APPEND);
	run.turn->stream = client_profile(view->client)->settings.stream;
	array_push(&run.turn->inputs, entry_new_input(text, len));
	if (!aimed_run(view, &run, err)) {
		turn_free(run.turn);
		return false;
	}
	return go(view, &run, err);
}

/* The words that an entry answers, or NULL. */
static const struct entry *
answered(struct view *view, int64_t key, struct error *err)
{
	const struct conversation *conversation = view_conversation(view);
	const struct entry *prompt;
	size_t at = 0;

	if (entry_of(view, key, &at) == NULL) {
		error_set(err, ERR_USAGE, _("There is no answer here to regenerate."));
		return NULL;
	}
	/* Back over the answer, all its parts. */
	while (at > 0 && !entry_is_prompt(conversation->entries.items[at]) &&
	       conversation->entries.items[at]->type != ENTRY_FUNCTION_RESULT)
		at--;
	prompt = conversation->entries.items[at];
	if (!entry_is_prompt(prompt)) {
		error_set(err, ERR_USAGE, _("There is no prompt before this answer."));
		return NULL;
	}
	return check_fork(prompt, err) ? prompt : NULL;
}

bool
view_regenerate(struct view *view, int64_t key, struct error *err)
{
	const struct entry *prompt = answered(view, key, err);
	struct request run = {.base = view->key};

	if (prompt == NULL)
		return false;
	run.turn = turn_new(TURN_RESTART);
	run.turn->stream = client_profile(view->client)->settings.stream;
	run.fork = prompt->key;
	return go(view, &run, err);
}

/* Whether it is the server's agent that answers here, perhaps in another version. */
static bool
is_same_agent(const struct conversation *conversation, const struct agent *agent)
{
	return conversation->agent_id != NULL && agent->agent_id != NULL &&
	       strcmp(conversation->agent_id, agent->agent_id) == 0 &&
	       agent->origin == AGENT_SERVER && agent->connection != NULL &&
	       strcmp(conversation->connection, agent->connection) == 0;
}

bool
view_regenerate_with(
    struct view *view, int64_t key, struct agent *const *agents, size_t count, struct error *err)
{
	const struct entry *prompt = answered(view, key, err);
	int64_t base = view->key, fork = prompt != NULL ? prompt->key : 0, first = 0;
	bool good = prompt != NULL;

	for (size_t i = 0; i < count && good; i++) {
		const struct conversation *conversation = view_conversation(view);
		struct request run = {.base = base, .fork = fork};
		int64_t branch = 0;

		run.turn = turn_new(TURN_START);
		if (conversation != NULL && is_same_agent(conversation, agents[i])) {
			run.turn->kind = TURN_RESTART;
			run.turn->agent_version = xstrdup(agents[i]->agent_version);
		} else {
			run.agent = agents[i];
		}
		run.turn->stream = client_profile(view->client)->settings.stream;
		good = client_run(view->client, &run, &branch, err) != 0;
		if (first == 0)
			first = branch;
	}
	if (first != 0) {
		struct error ignored = ERROR_NONE;

		view_open(view, first, good ? err : &ignored);
		error_done(&ignored);
	}
	return first != 0;
}

bool
view_retry(struct view *view, struct error *err)
{
	if (view->key == 0)
		return error_set(err, ERR_USAGE, _("There is nothing here to send again."));
	return client_retry(view->client, view->key, err);
}

bool
view_stop(struct view *view)
{
	unsigned turn = view->key != 0 ? client_turn_of(view->client, view->key) : 0;

	if (turn == 0)
		return false;
	client_stop(view->client, turn);
	return true;
}

void
view_turn_over(struct view *view, int64_t conversation, struct error *err)
{
	struct draft_place typed = {.conversation = conversation};
	struct request run = {.base = conversation, .typed = &typed};
	char *text;

	if (client_turn_of(view->client, conversation) != 0 ||
	    find_queued(view, conversation) == NULL)
		return;
	text = take_queued(view, conversation);
	run.turn = turn_new(TURN_APPEND);
	run.turn->stream = client_profile(view->client)->settings.stream;
	array_push(&run.turn->inputs, entry_new_input(text, strlen(text)));
	client_run(view->client, &run, NULL, err);
	free(text);
}

size_t
view_alternatives(struct view *view, int64_t entry, size_t *which)
{
	struct way wanted = {.entry = entry};
	const struct way *way = NULL;

	view_tree(view);
	if (view->ways.len > 0)
		way = bsearch(
		    &wanted, view->ways.items, view->ways.len, sizeof(wanted), compare_ways);
	*which = way != NULL ? way->which : 0;
	return way != NULL ? way->count : 1;
}

/* The forks were found in the order of their keys. */
size_t
view_ways_on(struct view *view, int64_t entry)
{
	struct way wanted = {.entry = entry};
	const struct way *fork = NULL;

	view_tree(view);
	if (view->forks.len > 0)
		fork = bsearch(
		    &wanted, view->forks.items, view->forks.len, sizeof(wanted), compare_ways);
	return fork != NULL ? fork->count : 1;
}

bool
view_has_siblings(struct view *view)
{
	const struct conversation *conversation = view_conversation(view);
	size_t which;

	for (size_t i = view_kept(view); i > 0; i--)
		if (view_alternatives(view, conversation->entries.items[i - 1]->key, &which) > 1)
			return true;
	return false;
}

bool
view_sibling(struct view *view, int64_t entry, int step, int64_t *to, struct error *err)
{
	const struct tree *tree = view_tree(view);
	alternative_list list = {0};
	size_t which = 0;
	int64_t latest = 0;

	tree_alternatives(tree, tree_before(tree, entry), &list);
	for (size_t i = 0; i < list.len; i++)
		if (list.items[i].entry == entry)
			which = i;
	if (list.len > 1 && (step > 0 ? which + 1 < list.len : which > 0)) {
		which = step > 0 ? which + 1 : which - 1;
		*to = list.items[which].entry;
		latest = tree_latest(tree, list.items[which]);
	}
	array_done(&list);
	if (latest == 0)
		return error_set(err, ERR_USAGE,
		    step > 0 ? _("There is no further branch here.")
			     : _("There is no branch before this one."));
	return view_open(view, latest, err);
}
