/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include <stdlib.h>
#include <string.h>

#include "backend/wire.h"
#include "base/error.h"
#include "base/i18n.h"
#include "base/mem.h"
#include "base/sanitize.h"
#include "base/utf8.h"
#include "client/client.h"
#include "cmd/verbs.h"
#include "profile/profile.h"
#include "store/store.h"

/* get, history, messages, list and delete: asked of the server, else answered from the store. */

#define LOCAL_OPTION                                                               \
	{                                                                          \
		"local", OPTION_FLAG, NULL,                                        \
		    N_("answer from what is kept here, without asking the server") \
	}

static const struct option read_options[] = {
    LOCAL_OPTION,
    {NULL, OPTION_FLAG, NULL, NULL},
};

static const struct option list_options[] = {
    {"page", OPTION_NUMBER, N_("N"), N_("the page, from 0")},
    {"page-size", OPTION_NUMBER, N_("N"), N_("conversations on a page, 100 if not said")},
    {"metadata", OPTION_LIST, N_("KEY=VALUE"), N_("only those with this metadata")},
    LOCAL_OPTION,
    {NULL, OPTION_FLAG, NULL, NULL},
};

/* A question and what came of it. */
struct asking {
	struct command_context *ctx;
	void (*print)(struct command_context *, const struct event *);
	bool done;
	struct error error;
};

static void
came(void *arg, const struct event *event)
{
	struct asking *asking = arg;

	asking->done = true;
	if (event->type == EVENT_FAILED)
		error_copy(&asking->error, event->error);
	else if (asking->ctx->json && event->raw_len > 0)
		command_print_json(asking->ctx, event->raw, event->raw_len, false);
	else if (!asking->ctx->json)
		asking->print(asking->ctx, event);
}

/* Takes the question over. */
static bool
ask(struct command_context *ctx, const char *connection, struct question *question,
    void (*print)(struct command_context *, const struct event *), struct error *err)
{
	struct asking asking = {.ctx = ctx, .print = print};
	unsigned id;

	question->want_raw = ctx->json;
	id = client_ask(ctx->client, connection, question, came, &asking, err);
	if (id == 0)
		return false;
	if (!command_wait(ctx, &asking.done, err)) {
		client_forget(ctx->client, id);
		return false;
	}
	if (asking.error.kind != ERR_NONE)
		return error_move(err, &asking.error);
	return true;
}

/* Text, for people. */

static void
put_line(struct command_context *ctx, const char *line)
{
	command_print(ctx, line, strlen(line));
	fputc('\n', ctx->out);
}

static void
put_setting(struct command_context *ctx, const char *name, const char *value)
{
	char *line;

	if (value == NULL)
		return;
	line = xasprintf("%-16s %s", name, value);
	put_line(ctx, line);
	free(line);
}

static void
print_conversation(struct command_context *ctx, const struct event *event)
{
	const struct conversation *c =
	    event->conversation_count > 0 ? event->conversations[0] : NULL;

	if (c == NULL)
		return;
	put_setting(ctx, "id", c->id);
	put_setting(ctx, "name", c->name);
	put_setting(ctx, "description", c->description);
	put_setting(ctx, "model", c->model);
	put_setting(ctx, "agent_id", c->agent_id);
	put_setting(ctx, "agent_version", c->agent_version);
	put_setting(ctx, "instructions", c->instructions);
	put_setting(ctx, "tools", c->tools);
	put_setting(ctx, "completion_args", c->completion_args);
	put_setting(ctx, "metadata", c->metadata);
	put_setting(ctx, "created_at", c->created_at);
	put_setting(ctx, "updated_at", c->updated_at);
}

static const char *
state_name(enum entry_state state)
{
	switch (state) {
	case ENTRY_UNSENT:
		return _("  (unsent)");
	case ENTRY_SENDING:
		return _("  (sending)");
	case ENTRY_STREAMING:
		return _("  (streaming)");
	case ENTRY_INTERRUPTED:
		return _("  (interrupted)");
	case ENTRY_COMPLETE:
		break;
	}
	return "";
}

/* What an entry says, apart from its text: who, or which tool. */
static char *
headline(const struct entry *entry)
{
	const char *id = entry->id != NULL ? entry->id : "-", *state = state_name(entry->state);
	const char *who = entry->agent_id != NULL ? entry->agent_id : entry->model;

	switch (entry->type) {
	case ENTRY_MESSAGE_INPUT:
		return xasprintf("[%s] %s%s", id, entry->assistant ? "assistant" : "user", state);
	case ENTRY_MESSAGE_OUTPUT:
		return xasprintf("[%s] %s%s", id, who != NULL ? who : "assistant", state);
	case ENTRY_TOOL_EXECUTION:
	case ENTRY_FUNCTION_CALL:
		return xasprintf("[%s] %s %s %s%s", id, entry_type_name(entry),
		    entry->name != NULL ? entry->name : "?", entry->arguments.data, state);
	case ENTRY_FUNCTION_RESULT:
		return xasprintf("[%s] function.result %s%s", id,
		    entry->tool_call_id != NULL ? entry->tool_call_id : "?", state);
	case ENTRY_AGENT_HANDOFF:
		return xasprintf("[%s] agent.handoff %s → %s", id,
		    entry->previous_agent_name != NULL ? entry->previous_agent_name : "?",
		    entry->next_agent_name != NULL ? entry->next_agent_name : "?");
	case ENTRY_UNKNOWN:
		break;
	}
	return xasprintf("[%s] %s", id, entry_type_name(entry));
}

static void
print_entries(struct command_context *ctx, const struct event *event)
{
	for (size_t i = 0; i < event->entry_count; i++) {
		const struct entry *entry = event->entries[i];
		char *line = headline(entry);
		struct buf text;

		put_line(ctx, line);
		free(line);
		buf_init(&text, 0);
		entry_text(entry, &text);
		if (entry->type == ENTRY_FUNCTION_RESULT)
			buf_add(&text, entry->result.data, entry->result.len);
		if (text.len > 0)
			put_line(ctx, text.data);
		if (i + 1 < event->entry_count)
			fputc('\n', ctx->out);
		buf_done(&text);
	}
}

static void
put_column(struct command_context *ctx, const char *text, int width)
{
	char *clean = sanitize_line(text != NULL ? text : "-");
	int used;
	size_t fit = utf8_fit(clean, strlen(clean), width, &used);

	fwrite(clean, 1, fit, ctx->out);
	fprintf(ctx->out, "%*s", width - used + 2, "");
	free(clean);
}

static void
print_list(struct command_context *ctx, const struct event *event)
{
	for (size_t i = 0; i < event->conversation_count; i++) {
		const struct conversation *c = event->conversations[i];
		char *title = sanitize_line(conversation_title(c));

		put_column(ctx, c->id, 37);
		put_column(ctx, c->updated_at != NULL ? c->updated_at : c->created_at, 19);
		put_column(ctx, c->agent_id != NULL ? c->agent_id : c->model, 24);
		fputs(title, ctx->out);
		fputc('\n', ctx->out);
		free(title);
	}
}

static void
print_nothing(struct command_context *ctx, const struct event *event)
{
	(void)ctx;
	(void)event;
}

/* From the store. */

/* An answer from the store takes the way of any other: as an event. */
static void
answer(struct command_context *ctx, struct event *event, struct buf *json,
    void (*print)(struct command_context *, const struct event *))
{
	if (ctx->json)
		command_print_json(ctx, json->data, json->len, false);
	else
		print(ctx, event);
}

static bool
local_entries(struct command_context *ctx, int64_t key, bool messages, struct error *err)
{
	struct conversation *c = store_load(ctx->store, key, true, err);
	struct event event = {.type = EVENT_ENTRIES};
	ARRAY(struct entry *) wanted = {0};
	struct buf json;

	if (c == NULL)
		return err->kind == ERR_NONE
			   ? error_set(err, ERR_STORE, _("That conversation is not kept here."))
			   : false;
	for (size_t i = 0; i < c->entries.len; i++)
		if (!messages || c->entries.items[i]->type == ENTRY_MESSAGE_INPUT ||
		    c->entries.items[i]->type == ENTRY_MESSAGE_OUTPUT)
			array_push(&wanted, c->entries.items[i]);
	event.entries = wanted.items;
	event.entry_count = wanted.len;
	buf_init(&json, 0);
	if (messages)
		wire_put_messages(&json, c->id, wanted.items, wanted.len);
	else
		wire_put_history(&json, c->id, wanted.items, wanted.len);
	answer(ctx, &event, &json, print_entries);
	buf_done(&json);
	array_done(&wanted);
	conversation_free(c);
	return true;
}

static bool
local_get(struct command_context *ctx, int64_t key, struct error *err)
{
	struct conversation *c = store_load(ctx->store, key, false, err);
	struct event event = {
	    .type = EVENT_CONVERSATION, .conversations = &c, .conversation_count = 1};
	struct buf json;

	if (c == NULL)
		return err->kind == ERR_NONE
			   ? error_set(err, ERR_STORE, _("That conversation is not kept here."))
			   : false;
	buf_init(&json, 0);
	wire_put_conversation(&json, c);
	answer(ctx, &event, &json, print_conversation);
	buf_done(&json);
	conversation_free(c);
	return true;
}

static bool
local_list(struct command_context *ctx, const char *connection, const char *metadata, int page,
    int page_size, struct error *err)
{
	conversation_list list = {0};
	struct event event = {.type = EVENT_CONVERSATIONS};
	struct buf json;
	bool good =
	    store_list_conversations(ctx->store, connection, metadata, page, page_size, &list, err);

	if (good) {
		event.conversations = list.items;
		event.conversation_count = list.len;
		buf_init(&json, 0);
		wire_put_conversations(&json, list.items, list.len);
		answer(ctx, &event, &json, print_list);
		buf_done(&json);
	}
	conversation_list_done(&list);
	return good;
}

/* Whether what is kept here may stand in: the server could not be reached. */
static bool
falls_back(struct command_context *ctx, int64_t key, struct error *err)
{
	if (err->kind != ERR_NETWORK || key == 0)
		return false;
	command_note(ctx, _("causerie: %s What follows is what is kept here.\n"), err->text);
	error_done(err);
	return true;
}

/* The one conversation a verb is about: where it is answered, and by whom. */
struct subject {
	int64_t key; /* 0: not kept here */
	char *id, *connection;
	bool only_here;
};

static void
subject_done(struct subject *subject)
{
	free(subject->id);
	free(subject->connection);
}

/* To be done with subject_done() only if it was found. */
static bool
find_subject(struct command_context *ctx, const struct args *args, struct subject *subject,
    struct error *err)
{
	struct error unread = ERROR_NONE;
	struct conversation *c = NULL;

	if (args->words.len != 1)
		return error_set(err, ERR_USAGE,
		    _("Which conversation? Give its id, the start of it, or @ for the most recent "
		      "one."));
	*subject = (struct subject){0};
	if (!command_conversation(ctx, args->words.items[0], &subject->key, &subject->id, err))
		return false;
	if (subject->key != 0)
		c = store_load(ctx->store, subject->key, false, &unread);
	subject->connection = xstrdup(c != NULL ? c->connection : ctx->connection);
	/* One that never reached its server: there is nobody to ask about it. */
	subject->only_here = c != NULL && c->own_id;
	conversation_free(c);
	error_done(&unread);
	return true;
}

/* Asks its server about it, or to do something to it. */
static bool
ask_about(struct command_context *ctx, const struct subject *subject, enum question_kind kind,
    void (*print)(struct command_context *, const struct event *), struct error *err)
{
	struct question *question = question_new(kind);

	question->conversation_id = xstrdup(subject->id);
	return ask(ctx, subject->connection, question, print, err);
}

static bool
one(struct command_context *ctx, const struct args *args, enum question_kind kind,
    struct error *err)
{
	struct subject subject;
	bool local, good;

	if (!find_subject(ctx, args, &subject, err))
		return false;
	local = args_has(args, "local") || subject.only_here;
	if (local && subject.key == 0) {
		error_set(err, ERR_USAGE, _("No conversation %s is kept here."), subject.id);
		subject_done(&subject);
		return false;
	}
	good = !local && ask_about(ctx, &subject, kind,
			     kind == ASK_GET ? print_conversation : print_entries, err);
	if (!good && (local || falls_back(ctx, subject.key, err)))
		good = kind == ASK_GET ? local_get(ctx, subject.key, err)
				       : local_entries(ctx, subject.key, kind == ASK_MESSAGES, err);
	subject_done(&subject);
	return good;
}

static bool
get(struct command_context *ctx, const struct args *args, struct error *err)
{
	return one(ctx, args, ASK_GET, err);
}

static bool
history(struct command_context *ctx, const struct args *args, struct error *err)
{
	return one(ctx, args, ASK_HISTORY, err);
}

static bool
messages(struct command_context *ctx, const struct args *args, struct error *err)
{
	return one(ctx, args, ASK_MESSAGES, err);
}

static bool
list(struct command_context *ctx, const struct args *args, struct error *err)
{
	const char *connection =
	    ctx->connection != NULL ? ctx->connection : ctx->profile->connection;
	struct question *question;
	char *metadata = NULL;
	long page, page_size;
	bool good = false;

	if (args->words.len > 0)
		return error_set(err, ERR_USAGE,
		    _("list takes no words. `causerie search WORDS` looks for words."));
	if (!args_number(args, "page", 0, 1000000, 0, &page, err) ||
	    !args_number(args, "page-size", 1, 1000, 100, &page_size, err) ||
	    !args_object(args, "metadata", &metadata, err)) {
		free(metadata);
		return false;
	}
	if (!args_has(args, "local")) {
		question = question_new(ASK_LIST);
		question->page = (int)page;
		question->page_size = (int)page_size;
		question->metadata = xstrdup(metadata);
		good = ask(ctx, connection, question, print_list, err);
	}
	if (args_has(args, "local") || (!good && falls_back(ctx, 1, err)))
		good = local_list(ctx, connection, metadata, (int)page, (int)page_size, err);
	free(metadata);
	return good;
}

static bool delete (struct command_context *ctx, const struct args *args, struct error *err)
{
	struct subject subject;
	bool good;

	if (!find_subject(ctx, args, &subject, err))
		return false;
	good = subject.only_here ? store_delete(ctx->store, subject.key, err)
				 : ask_about(ctx, &subject, ASK_DELETE, print_nothing, err);
	if (good && ctx->err_is_terminal)
		command_note(ctx, _("Deleted %s.\n"), subject.id);
	subject_done(&subject);
	return good;
}

const struct command cmd_get = {
    .name = "get",
    .args = N_("CONVERSATION"),
    .help = N_("show a conversation's settings"),
    .options = read_options,
    .exec = get,
};

const struct command cmd_history = {
    .name = "history",
    .args = N_("CONVERSATION"),
    .help = N_("show every entry of a conversation"),
    .options = read_options,
    .exec = history,
};

const struct command cmd_messages = {
    .name = "messages",
    .args = N_("CONVERSATION"),
    .help = N_("show the messages of a conversation only"),
    .options = read_options,
    .exec = messages,
};

const struct command cmd_list = {
    .name = "list",
    .args = NULL,
    .help = N_("list the conversations of a connection, newest first"),
    .options = list_options,
    .exec = list,
};

const struct command cmd_delete = {
    .name = "delete",
    .args = N_("CONVERSATION"),
    .help = N_("delete a conversation, on the server and here"),
    .exec = delete,
};
