/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include "client/client.h"

#include <stdlib.h>
#include <string.h>

#include "backend/backend.h"
#include "base/clock.h"
#include "base/error.h"
#include "base/i18n.h"
#include "base/id.h"
#include "base/log.h"
#include "base/mem.h"
#include "client/session.h"
#include "net/loop.h"
#include "profile/profile.h"
#include "store/store.h"

/* Less than the 100 ms promised, so that a busy moment does not break the promise. */
#define CHECKPOINT_MS 80

static struct active *
find_active(const struct client *client, int64_t conversation)
{
	for (size_t i = 0; i < client->active.len; i++)
		if (conversation != 0 && client->active.items[i]->conversation->key == conversation)
			return client->active.items[i];
	return NULL;
}

static void
notify_turn(struct active *active, const struct error *error)
{
	client_notify(active->client, NOTE_TURN, active->conversation->key, 0, error);
}

static void
notify_entry(struct active *active, struct entry *entry)
{
	entry->revision++;
	client_notify(active->client, NOTE_ENTRY, active->conversation->key, entry->key, NULL);
}

static void
stop_waiting(struct active *active)
{
	if (active->waiting == NULL)
		return;
	client_forget(active->client, active->waiting->question);
	free(active->waiting);
	active->waiting = NULL;
}

/* Takes it out of the client and frees it; what is cached stays. */
static void
forget(struct active *active)
{
	struct client *client = active->client;

	for (size_t i = 0; i < client->active.len; i++) {
		if (client->active.items[i] == active) {
			array_remove(&client->active, i);
			break;
		}
	}
	loop_cancel(client->loop, active->checkpoint);
	loop_cancel(client->loop, active->failing);
	stop_waiting(active);
	if (client_cached(client, active->conversation->key) != active->conversation)
		conversation_free(active->conversation);
	array_done(&active->outputs);
	turn_free(active->turn);
	free(active);
	others_catch_up(client);
}

/*
 * A failure of the store while something streams: said once a turn, and the
 * turn goes on. What was not written is tried again with what comes next.
 */
static void
store_failed(struct active *active, struct error *err)
{
	log_debug("the store failed: %s", err->text);
	if (!active->store_failed)
		client_notify(active->client, NOTE_TURN, active->conversation->key, 0, err);
	active->store_failed = true;
	error_done(err);
}

/* Those outputs that could not be added when they began. */
static bool
add_missing(struct active *active, struct error *err)
{
	bool good = true;

	for (size_t i = 0; i < active->outputs.len && good; i++)
		if (active->outputs.items[i]->key == 0)
			good = store_add_entry(active->client->store, active->conversation->key,
			    active->stored, active->outputs.items[i], err);
	return good;
}

static void
write_checkpoint(void *arg)
{
	struct active *active = arg;
	struct error err = ERROR_NONE;

	active->checkpoint = NULL;
	if (!add_missing(active, &err) || !store_checkpoint(active->client->store,
					      active->outputs.items, active->outputs.len, &err))
		store_failed(active, &err);
}

static void
grown(struct active *active, struct entry *entry)
{
	if (active->checkpoint == NULL && active->stored != 0)
		active->checkpoint =
		    loop_timer(active->client->loop, CHECKPOINT_MS, write_checkpoint, active);
	notify_entry(active, entry);
}

/* Entries are told apart by their ids; a server may leave one out. */
static void
make_id(struct entry *entry)
{
	char id[ID_SIZE];

	id_make("msg_", id);
	xreplace(&entry->id, id);
	entry->own_id = true;
}

/* Behind the turn's other outputs, by its place in the answer. */
static void
add_output(struct active *active, struct entry *entry)
{
	struct conversation *conversation = active->conversation;
	struct error err = ERROR_NONE;
	size_t at = active->outputs.len, behind = 0;

	while (at > 0 && active->outputs.items[at - 1]->output_index > entry->output_index) {
		at--;
		behind++;
	}
	array_insert(&active->outputs, at, entry);
	array_insert(&conversation->entries, conversation->entries.len - behind, entry);
	if (active->stored != 0 &&
	    !store_add_entry(active->client->store, conversation->key, active->stored, entry, &err))
		store_failed(active, &err);
	client_notify(active->client, NOTE_CONVERSATION, conversation->key, entry->key, NULL);
}

static struct entry *
output(struct active *active, const struct event *event, enum entry_type type)
{
	struct entry *entry;
	char now[CLOCK_ISO_SIZE];

	for (size_t i = 0; i < active->outputs.len; i++)
		if (event->entry_id != NULL && active->outputs.items[i]->type == type &&
		    strcmp(active->outputs.items[i]->id, event->entry_id) == 0)
			return active->outputs.items[i];
	clock_iso(now);
	entry = entry_new(type);
	entry->id = xstrdup(event->entry_id);
	if (entry->id == NULL)
		make_id(entry);
	entry->state = ENTRY_STREAMING;
	entry->output_index = event->output_index;
	entry->created_at = xstrdup(event->created_at != NULL ? event->created_at : now);
	entry->agent_id = xstrdup(event->agent_id);
	entry->model = xstrdup(event->model);
	if (event->name != NULL)
		entry->name = xstrdup(event->name);
	add_output(active, entry);
	return entry;
}

static void
on_started(struct active *active, const struct event *event)
{
	struct conversation *conversation = active->conversation;
	struct error err = ERROR_NONE;

	if (active->started)
		return;
	active->started = true;
	/*
	 * The id can change even on an append; the server's word counts. An id of
	 * what it does not keep is good for nothing.
	 */
	if (event->conversation_id != NULL &&
	    (!active->turn->no_store || active->turn->detached ||
		active->link->connection->api != API_CONVERSATIONS)) {
		xreplace(&conversation->id, event->conversation_id);
		conversation->own_id = false;
	}
	for (size_t i = 0; i < conversation->entries.len; i++) {
		struct entry *entry = conversation->entries.items[i];

		if (entry->state == ENTRY_SENDING) {
			entry->state = ENTRY_COMPLETE;
			notify_entry(active, entry);
		}
	}
	if (active->stored != 0 &&
	    (!store_save_conversation(active->client->store, conversation, &err) ||
		!store_accept_turn(active->client->store, active->stored, &err)))
		store_failed(active, &err);
}

static void
on_chunk(struct active *active, const struct event *event)
{
	struct entry *entry = output(active, event, ENTRY_MESSAGE_OUTPUT);

	if (active->text != NULL && event->chunk->type == CHUNK_TEXT)
		active->text(active->arg, event->chunk->text.data, event->chunk->text.len);
	entry_add_chunk(entry, event->chunk);
	grown(active, entry);
}

static void
on_tool(struct active *active, const struct event *event)
{
	struct entry *entry = output(active, event, ENTRY_TOOL_EXECUTION);
	char now[CLOCK_ISO_SIZE];

	xreplace_if(&entry->function, event->function);
	buf_add(&entry->arguments, event->arguments, event->arguments_len);
	if (event->stage == STAGE_DONE) {
		clock_iso(now);
		xreplace_if(&entry->info, event->info);
		xreplace(&entry->completed_at, now);
		entry->state = ENTRY_COMPLETE;
	}
	grown(active, entry);
}

static void
on_call(struct active *active, const struct event *event)
{
	struct entry *entry = output(active, event, ENTRY_FUNCTION_CALL);

	xreplace_if(&entry->name, event->name);
	xreplace_if(&entry->tool_call_id, event->tool_call_id);
	xreplace_if(&entry->confirmation, event->confirmation);
	buf_add(&entry->arguments, event->arguments, event->arguments_len);
	grown(active, entry);
}

static void
on_handoff(struct active *active, const struct event *event)
{
	struct entry *entry = output(active, event, ENTRY_AGENT_HANDOFF);

	xreplace_if(&entry->previous_agent_id, event->previous_agent_id);
	xreplace_if(&entry->previous_agent_name, event->previous_agent_name);
	xreplace_if(&entry->next_agent_id, event->next_agent_id);
	xreplace_if(&entry->next_agent_name, event->next_agent_name);
	if (event->stage == STAGE_DONE)
		entry->state = ENTRY_COMPLETE;
	grown(active, entry);
}

static void
on_entry(struct active *active, const struct event *event)
{
	struct entry *entry = entry_copy(event->entry);

	if (entry->id == NULL)
		make_id(entry);
	entry->output_index = (int)active->outputs.len;
	add_output(active, entry);
}

/* What is newer than this program is kept as it came, in its place. */
static void
on_unknown(struct active *active, const struct event *event)
{
	struct entry *entry = entry_new(ENTRY_UNKNOWN);
	char now[CLOCK_ISO_SIZE];

	clock_iso(now);
	make_id(entry);
	entry->type_name = xstrdup(event->name != NULL ? event->name : "unknown");
	entry->created_at = xstrdup(now);
	if (event->raw != NULL)
		entry->raw = xstrndup(event->raw, event->raw_len);
	entry->output_index = event->output_index;
	if (active->outputs.len > 0 &&
	    active->outputs.items[active->outputs.len - 1]->output_index > entry->output_index)
		entry->output_index = active->outputs.items[active->outputs.len - 1]->output_index;
	add_output(active, entry);
}

/* Every entry of the turn that is still open gets its last state. */
static void
close_entries(struct active *active, enum entry_state state, const char *reason)
{
	struct conversation *conversation = active->conversation;
	char now[CLOCK_ISO_SIZE];

	clock_iso(now);
	for (size_t i = 0; i < conversation->entries.len; i++) {
		struct entry *entry = conversation->entries.items[i];

		if (entry->state != ENTRY_SENDING && entry->state != ENTRY_STREAMING)
			continue;
		entry->state = state;
		xreplace(&entry->reason, reason);
		if (state == ENTRY_COMPLETE && entry->completed_at == NULL)
			entry->completed_at = xstrdup(now);
		notify_entry(active, entry);
	}
}

static void
end(struct active *active, enum entry_state state, const char *reason, const struct usage *usage)
{
	struct store *store = active->client->store;
	struct error err = ERROR_NONE;
	bool kept;

	close_entries(active, state, reason);
	if (usage != NULL)
		usage_add(&active->conversation->usage, usage);
	if (active->stored == 0)
		return;
	loop_cancel(active->client->loop, active->checkpoint);
	active->checkpoint = NULL;
	kept = add_missing(active, &err);
	for (size_t i = 0; i < active->outputs.len && kept; i++)
		kept = store_save_entry(store, active->outputs.items[i], &err);
	if (!kept || !store_end_turn(store, active->stored, state, reason, usage, &err))
		store_failed(active, &err);
}

/* The time until the next try; then it is under way again, though nothing tells us so. */
static bool
counts_down(const struct active *active)
{
	return active->phase == PHASE_RETRYING && loop_now(active->client->loop) < active->retry_at;
}

/*
 * What became of the words that were sent: the server refused them or never
 * saw them, or nobody knows.
 */
static enum entry_state
state_after(const struct active *active, const struct error *error)
{
	if (active->started)
		return ENTRY_INTERRUPTED;
	if (error->nothing_sent || error->kind == ERR_BUSY || counts_down(active))
		return ENTRY_UNSENT;
	if (error->status >= 400 && error->status < 500)
		return ENTRY_UNSENT;
	return ENTRY_INTERRUPTED;
}

void
run_event(struct active *active, const struct event *event)
{
	struct client *client = active->client;
	const struct error *error = NULL;
	bool over = true;

	active->since = loop_now(client->loop);
	if (event->type == EVENT_RETRY) {
		active->phase = PHASE_RETRYING;
		active->retry_at = active->since + event->seconds * 1000;
	} else if (event->type != EVENT_DONE && event->type != EVENT_FAILED &&
		   active->phase != PHASE_STREAMING) {
		active->phase = PHASE_STREAMING;
		notify_turn(active, NULL);
	}
	switch (event->type) {
	case EVENT_STARTED:
		on_started(active, event);
		break;
	case EVENT_CHUNK:
		on_chunk(active, event);
		break;
	case EVENT_TOOL:
		on_tool(active, event);
		break;
	case EVENT_CALL:
		on_call(active, event);
		break;
	case EVENT_HANDOFF:
		on_handoff(active, event);
		break;
	case EVENT_ENTRY:
		on_entry(active, event);
		break;
	case EVENT_UNKNOWN:
		on_unknown(active, event);
		break;
	default:
		break;
	}
	if (event->type == EVENT_DONE)
		end(active, ENTRY_COMPLETE, NULL, event->usage);
	else if (event->type == EVENT_FAILED)
		end(active, state_after(active, event->error), event->error->text, NULL);
	else
		over = false;
	if (event->type == EVENT_FAILED || event->type == EVENT_RETRY)
		error = event->error;
	if (active->fn != NULL)
		active->fn(active->arg, event);
	if (over) {
		int64_t conversation = active->conversation->key;

		forget(active);
		client_notify(client, NOTE_TURN, conversation, 0, error);
		client_notify(client, NOTE_LIST, conversation, 0, NULL);
	} else if (event->type == EVENT_RETRY) {
		notify_turn(active, error);
	}
}

void
run_abandon(struct active *active)
{
	enum entry_state state =
	    active->waiting != NULL || counts_down(active) ? ENTRY_UNSENT : ENTRY_INTERRUPTED;

	end(active, state, _("causerie was closed while this was under way."), NULL);
	forget(active);
}

void
run_fail(struct active *active, const struct error *error)
{
	struct event event = {.type = EVENT_FAILED, .id = active->id, .error = error};

	run_event(active, &event);
}

void
run_refuse(struct active *active, const char *reason)
{
	end(active, ENTRY_UNSENT, reason, NULL);
	forget(active);
}

static void
stopped_early(void *arg)
{
	struct active *active = arg;
	struct error err = ERROR_NONE;

	active->failing = NULL;
	error_set(&err, ERR_CANCELLED, _("Stopped before it was sent."));
	err.nothing_sent = true;
	run_fail(active, &err);
	error_done(&err);
}

void
client_stop(struct client *client, unsigned turn)
{
	for (size_t i = 0; i < client->active.len; i++) {
		struct active *active = client->active.items[i];

		if (active->id != turn || active->stopping)
			continue;
		active->stopping = true;
		if (active->waiting != NULL) {
			stop_waiting(active);
			active->failing = loop_timer(client->loop, 0, stopped_early, active);
			return;
		}
		active->link->backend->ops->cancel(active->link->backend, turn);
		return;
	}
}

unsigned
client_turn_of(const struct client *client, int64_t conversation)
{
	const struct active *active = find_active(client, conversation);

	return active != NULL ? active->id : 0;
}

enum phase
client_phase(const struct client *client, int64_t conversation)
{
	const struct active *active = find_active(client, conversation);

	if (active == NULL)
		return PHASE_IDLE;
	if (active->phase == PHASE_RETRYING && !counts_down(active))
		return PHASE_WAITING;
	return active->phase;
}

int
client_seconds(const struct client *client, int64_t conversation)
{
	const struct active *active = find_active(client, conversation);
	int64_t now = loop_now(client->loop), since;

	if (active == NULL)
		return 0;
	if (counts_down(active))
		return (int)((active->retry_at - now + 999) / 1000);
	since = active->phase == PHASE_RETRYING ? active->retry_at : active->since;
	return (int)((now - since) / 1000);
}
