/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include "backend/engine-parts.h"

#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/error.h"
#include "base/i18n.h"
#include "base/id.h"
#include "base/mem.h"
#include "store/store.h"

bool
engine_refuse(struct error *err, int status, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	error_vset(err, ERR_SERVER, format, args);
	va_end(args);
	err->status = status;
	err->nothing_sent = true;
	return false;
}

static bool
refuse_unknown(struct error *err, const char *id)
{
	return engine_refuse(
	    err, 404, _("There is no conversation %s here."), id == NULL ? "" : id);
}

static const struct entry *
find_call(const struct conversation *conversation, enum entry_type type, const char *call_id)
{
	for (size_t i = 0; i < conversation->entries.len; i++) {
		const struct entry *entry = conversation->entries.items[i];

		if (entry->type == type && entry->tool_call_id != NULL && call_id != NULL &&
		    strcmp(entry->tool_call_id, call_id) == 0)
			return entry;
	}
	return NULL;
}

static bool
is_input(const struct turn *turn, const struct entry *entry)
{
	for (size_t i = 0; i < turn->inputs.len; i++) {
		const struct entry *input = turn->inputs.items[i];

		if (input->key != 0 ? input->key == entry->key
				    : input->id != NULL && entry->id != NULL &&
					  strcmp(input->id, entry->id) == 0)
			return true;
	}
	return false;
}

/*
 * What a server would not have of a path: words that never went out, and of
 * broken answers what cannot be said again.
 */
static bool
is_void(const struct conversation *conversation, const struct entry *entry)
{
	bool broken = entry->state == ENTRY_INTERRUPTED || entry->state == ENTRY_STREAMING;

	if (entry->state == ENTRY_UNSENT)
		return true;
	if (broken && entry->type == ENTRY_FUNCTION_CALL)
		return find_call(conversation, ENTRY_FUNCTION_RESULT, entry->tool_call_id) == NULL;
	return broken && entry->type == ENTRY_MESSAGE_OUTPUT && entry->chunks.len == 0;
}

void
path_drop(struct conversation *conversation, size_t at)
{
	entry_free(conversation->entries.items[at]);
	array_remove(&conversation->entries, at);
	if (at < conversation->inherited)
		conversation->inherited--;
}

/* Without what is void; turn NULL: nothing on it is being said now. */
static void
clean(struct conversation *conversation, const struct turn *turn)
{
	for (size_t i = conversation->entries.len; i > 0; i--) {
		const struct entry *entry = conversation->entries.items[i - 1];

		if ((turn == NULL || !is_input(turn, entry)) && is_void(conversation, entry))
			path_drop(conversation, i - 1);
	}
}

/* Adds the inputs that are not on the path yet. */
static void
add_inputs(struct conversation *conversation, const struct turn *turn)
{
	for (size_t i = 0; i < turn->inputs.len; i++) {
		const struct entry *input = turn->inputs.items[i];
		ptrdiff_t at = input->key != 0	   ? conversation_find(conversation, input->key)
			       : input->id != NULL ? conversation_find_id(conversation, input->id)
						   : -1;

		if (at < 0)
			array_push(&conversation->entries, entry_copy(input));
	}
}

struct conversation *
engine_load(struct engine *engine, const char *id, bool entries, struct error *err)
{
	struct conversation *conversation = NULL;
	int64_t key = 0;

	if (id != NULL && !store_find(engine->store, engine->connection, id, &key, err)) {
		/* An ambiguous short form is no id. */
		if (err->kind != ERR_USAGE)
			return NULL;
		error_done(err);
	}
	if (key != 0)
		conversation = store_load(engine->store, key, entries, err);
	if (err->kind != ERR_NONE)
		return NULL;
	if (conversation == NULL || conversation->id == NULL || strcmp(conversation->id, id) != 0) {
		conversation_free(conversation);
		refuse_unknown(err, id);
		return NULL;
	}
	clean(conversation, NULL);
	return conversation;
}

static bool
check_fork(const struct conversation *conversation, const struct turn *turn, struct error *err)
{
	if (turn->from_entry_id == NULL)
		return engine_refuse(err, 422,
		    _("A restart needs the entry to restart from (from_entry_id); none was "
		      "given."));
	if (conversation_find_id(conversation, turn->from_entry_id) < 0)
		return engine_refuse(err, 404, _("There is no entry %s in conversation %s."),
		    turn->from_entry_id,
		    turn->conversation_id == NULL ? "" : turn->conversation_id);
	return true;
}

/* A turn of which nothing is kept: its conversation lives as long as it takes to hand it over. */
static struct conversation *
make_conversation(struct engine *engine, const struct turn *turn, struct error *err)
{
	struct conversation *conversation;
	char id[ID_SIZE];

	if (turn->kind == TURN_START)
		conversation = conversation_new();
	else
		conversation = engine_load(engine, turn->conversation_id, true, err);
	if (conversation == NULL)
		return NULL;
	for (size_t i = 0; i < turn->context.len; i++)
		array_push(&conversation->entries, entry_copy(turn->context.items[i]));
	if (turn->kind == TURN_RESTART) {
		if (!check_fork(conversation, turn, err)) {
			conversation_free(conversation);
			return NULL;
		}
		while (conversation_find_id(conversation, turn->from_entry_id) !=
		       (ptrdiff_t)conversation->entries.len - 1)
			path_drop(conversation, conversation->entries.len - 1);
	}
	if (turn->kind != TURN_APPEND) {
		id_make("conv_", id);
		xreplace(&conversation->id, id);
		conversation->key = 0;
		turn_settings_to(turn, conversation);
	}
	return conversation;
}

static struct conversation *
load_stored(struct engine *engine, const struct turn *turn, struct error *err)
{
	struct conversation *conversation =
	    store_load(engine->store, turn->conversation, true, err);

	if (conversation == NULL && err->kind == ERR_NONE)
		refuse_unknown(err, turn->conversation_id);
	if (conversation != NULL && turn->kind == TURN_RESTART &&
	    !check_fork(conversation, turn, err)) {
		conversation_free(conversation);
		return NULL;
	}
	return conversation;
}

/* The rules of the API. */

static bool
is_given(const char *json)
{
	return json != NULL && strcmp(json, "null") != 0 && strcmp(json, "[]") != 0;
}

static bool
check_turn(struct engine *engine, const struct turn *turn, struct error *err)
{
	if (turn->agent_id != NULL && turn->model != NULL)
		return engine_refuse(err, 422,
		    _("Both a model and an agent were given; a conversation has one of them."));
	if (turn->kind == TURN_START && turn->inputs.len == 0 && turn->context.len == 0)
		return engine_refuse(
		    err, 422, _("There is nothing to answer: the inputs are empty."));
	if (turn->kind == TURN_APPEND && turn->inputs.len == 0 &&
	    !is_given(turn->tool_confirmations))
		return engine_refuse(err, 422,
		    _("There is nothing to answer: neither inputs nor confirmations were given."));
	if (is_given(turn->tool_confirmations))
		return engine_refuse(err, 400, _("No tool here waits for a confirmation."));
	if (is_given(turn->guardrails))
		return engine_refuse(err, 422,
		    _("Guardrails are a service of Mistral's server; the connection %s has none."),
		    engine->connection);
	return true;
}

/* Each call has one result, and until it has, nothing else can be said. */
static bool
check_calls(const struct conversation *conversation, struct error *err)
{
	struct buf missing;
	bool good;

	buf_init(&missing, 0);
	for (size_t i = 0; i < conversation->entries.len; i++) {
		const struct entry *entry = conversation->entries.items[i];

		if (entry->type == ENTRY_FUNCTION_CALL &&
		    find_call(conversation, ENTRY_FUNCTION_RESULT, entry->tool_call_id) == NULL)
			buf_printf(&missing, "%s%s (%s)", missing.len > 0 ? ", " : "",
			    entry->name == NULL ? "?" : entry->name,
			    entry->tool_call_id == NULL ? "?" : entry->tool_call_id);
	}
	good = missing.len == 0;
	if (!good)
		engine_refuse(err, 400,
		    _("Function calls still wait for their results, which must be given first: "
		      "%s."),
		    missing.data);
	buf_done(&missing);
	return good;
}

static bool
check_results(const struct conversation *conversation, const struct turn *turn, struct error *err)
{
	for (size_t i = 0; i < turn->inputs.len; i++) {
		const struct entry *input = turn->inputs.items[i];

		if (input->type == ENTRY_FUNCTION_RESULT &&
		    find_call(conversation, ENTRY_FUNCTION_CALL, input->tool_call_id) == NULL)
			return engine_refuse(err, 400,
			    _("No function call waits for the result of %s."),
			    input->tool_call_id == NULL ? "?" : input->tool_call_id);
	}
	return true;
}

static bool
check_conversation(struct engine *engine, const struct conversation *conversation,
    const struct turn *turn, struct error *err)
{
	if (conversation->agent_id != NULL)
		return engine_refuse(err, 404,
		    _("The connection %s has no agents of its own, so there is no %s. Name a model "
		      "instead."),
		    engine->connection, conversation->agent_id);
	/* What a start brings with it stands for itself; so it does on the server. */
	if (turn->kind == TURN_START)
		return true;
	return check_results(conversation, turn, err) && check_calls(conversation, err);
}

struct conversation *
engine_path(struct engine *engine, const struct turn *turn, struct error *err)
{
	struct conversation *conversation;

	if (!check_turn(engine, turn, err))
		return NULL;
	conversation = turn->conversation != 0 ? load_stored(engine, turn, err)
					       : make_conversation(engine, turn, err);
	if (conversation == NULL)
		return NULL;
	clean(conversation, turn);
	add_inputs(conversation, turn);
	if (check_conversation(engine, conversation, turn, err))
		return conversation;
	conversation_free(conversation);
	return NULL;
}
