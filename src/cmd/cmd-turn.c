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
#include "net/loop.h"
#include "profile/profile.h"
#include "store/store.h"

/* start, append and restart: the verbs that get an answer. */

/* A turn that was stopped ends with the next round of the loop. */
#define STOP_MS 100

/* Bytes of one character with all its marks and joiners; a family of emoji has 25. */
#define MAX_CHARACTER 256

#define TURN_OPTIONS                                                                             \
	{"stream", OPTION_FLAG, NULL,                                                            \
	    N_("show the answer as it comes (the default on a terminal)")},                      \
	    {"no-stream", OPTION_FLAG, NULL, N_("wait for the whole answer")},                   \
	    {"no-store", OPTION_FLAG, NULL, N_("keep nothing of it, there or here")},            \
	    {"handoff-execution", OPTION_TEXT, "client|server", N_("who carries out handoffs")}, \
	    {"completion-arg", OPTION_LIST, N_("KEY=VALUE"),                                     \
		N_("a completion argument; VALUE is JSON if it parses as JSON, else text")},     \
	{                                                                                        \
		"attach", OPTION_LIST, N_("FILE"), N_("attach a file (not in this version yet)") \
	}

static const struct option start_options[] = {
    TURN_OPTIONS,
    {"instructions", OPTION_TEXT, N_("TEXT"), N_("the system prompt")},
    {"name", OPTION_TEXT, N_("TEXT"), N_("the conversation's name")},
    {"description", OPTION_TEXT, N_("TEXT"), N_("the conversation's description")},
    {"tool", OPTION_LIST, N_("NAME"), N_("a tool of the server, or its JSON")},
    {"metadata", OPTION_LIST, N_("KEY=VALUE"), N_("metadata of the conversation")},
    {"agent-version", OPTION_TEXT, N_("VERSION"), N_("a version or alias of the agent")},
    {NULL, OPTION_FLAG, NULL, NULL},
};

static const struct option append_options[] = {
    TURN_OPTIONS,
    {NULL, OPTION_FLAG, NULL, NULL},
};

static const struct option restart_options[] = {
    TURN_OPTIONS,
    {"from", OPTION_TEXT, N_("ENTRY"),
	N_("the last entry to keep: an id, or -1 for the last one, -2 ...")},
    {"metadata", OPTION_LIST, N_("KEY=VALUE"), N_("metadata of the new conversation")},
    {"agent-version", OPTION_TEXT, N_("VERSION"), N_("a version or alias of the agent")},
    {NULL, OPTION_FLAG, NULL, NULL},
};

/* An answer on its way to standard output. */
struct printing {
	struct command_context *ctx;
	bool stream, done, any, at_line_start;
	struct buf pending; /* the end of the text, until its next piece tells what it is */
	char *entry_id, *conversation_id;
	int64_t tokens;
	struct error error;
};

/* --tool NAME: a built-in tool, or a tool's JSON object. */
static bool
add_tools(const struct args *args, char **tools, struct error *err)
{
	static const char *const names[] = {
	    "web_search", "web_search_premium", "code_interpreter", "image_generation"};
	struct buf out;
	bool good = true;

	buf_init(&out, 0);
	for (size_t i = 0; i < args->options.len && good; i++) {
		const char *value = args->options.items[i].value;
		bool known = false;

		if (strcmp(args->options.items[i].option->name, "tool") != 0)
			continue;
		for (size_t n = 0; n < sizeof(names) / sizeof(names[0]); n++)
			known |= strcmp(value, names[n]) == 0;
		buf_puts(&out, out.len == 0 ? "[" : ",");
		if (known) {
			buf_puts(&out, "{\"type\":");
			buf_put_json(&out, value, strlen(value));
			buf_puts(&out, "}");
		} else if (wire_is_object(value)) {
			buf_puts(&out, value);
		} else {
			good = error_set(err, ERR_USAGE,
			    _("There is no tool \"%s\": web_search, web_search_premium, "
			      "code_interpreter and "
			      "image_generation are, or the JSON object of a tool."),
			    value);
		}
	}
	if (good && out.len > 0) {
		buf_puts(&out, "]");
		*tools = buf_take(&out);
	}
	buf_done(&out);
	return good;
}

static bool
set_handoff(const struct args *args, struct turn *turn, struct error *err)
{
	const char *value = args_value(args, "handoff-execution");

	if (value != NULL && strcmp(value, "client") != 0 && strcmp(value, "server") != 0)
		return error_set(err, ERR_USAGE,
		    _("--handoff-execution is client or server, not \"%s\"."), value);
	turn->handoff_execution = xstrdup(value);
	return true;
}

static enum api
api_of(const struct command_context *ctx, const char *connection)
{
	const struct connection *found = profile_connection(
	    ctx->profile, connection != NULL ? connection : ctx->profile->connection);

	return found != NULL ? found->api : API_GUIDE;
}

/* What all three verbs take. */
static bool
set_options(struct command_context *ctx, const struct args *args, struct turn *turn, enum api api,
    struct error *err)
{
	if (args_has(args, "attach"))
		return error_set(
		    err, ERR_USAGE, _("--attach is not in this version yet. Nothing was sent."));
	if (args_has(args, "stream") && args_has(args, "no-stream"))
		return error_set(err, ERR_USAGE, _("--stream and --no-stream exclude each other."));
	turn->stream =
	    args_has(args, "stream") ||
	    (!args_has(args, "no-stream") && ctx->out_is_terminal && ctx->profile->settings.stream);
	turn->no_store = args_has(args, "no-store") || !ctx->profile->settings.store;
	turn->detached = turn->no_store;
	turn->want_raw = ctx->json;
	if (!set_handoff(args, turn, err) ||
	    !args_object(args, "completion-arg", &turn->completion_args, err) ||
	    !args_object(args, "metadata", &turn->metadata, err))
		return false;
	turn->agent_version = xstrdup(args_value(args, "agent-version"));
	return turn->completion_args == NULL || api != API_CONVERSATIONS ||
	       wire_check_completion_args(turn->completion_args, err);
}

/* Printing. */

static void
put_text(struct printing *p, const char *text, size_t len)
{
	if (len == 0)
		return;
	command_print(p->ctx, text, len);
	p->any = true;
	p->at_line_start = text[len - 1] == '\n';
	fflush(p->ctx->out);
}

/*
 * Text of a stream goes out in pieces that end between characters: sanitising
 * a CR before its LF came, or half an emoji, would show it. After printable
 * ASCII and a line's end nothing is held back.
 */
static void
put_piece(struct printing *p, const char *text, size_t len)
{
	size_t end;
	unsigned char last;

	buf_add(&p->pending, text, len);
	end = p->pending.len;
	if (end == 0)
		return;
	last = (unsigned char)p->pending.data[end - 1];
	if (last != '\n' && (last < 0x20 || last >= 0x7f))
		end = utf8_previous(p->pending.data, end, end);
	/* Marks without end are no character. */
	if (p->pending.len - end > MAX_CHARACTER)
		end = p->pending.len;
	put_text(p, p->pending.data, end);
	buf_drop(&p->pending, end);
}

static void
flush_pieces(struct printing *p)
{
	put_text(p, p->pending.data, p->pending.len);
	buf_clear(&p->pending);
}

static void
put_raw(struct printing *p, const struct event *event)
{
	if (event->raw == NULL)
		return;
	command_print_json(p->ctx, event->raw, event->raw_len, p->stream);
	fflush(p->ctx->out);
}

static void
put_entry(struct printing *p, const struct entry *entry)
{
	struct buf text;

	if (entry->type != ENTRY_MESSAGE_OUTPUT)
		return;
	buf_init(&text, 0);
	entry_text(entry, &text);
	if (p->any && !p->at_line_start)
		put_text(p, "\n", 1);
	put_text(p, text.data, text.len);
	buf_done(&text);
}

/* What a person wants to know beside the answer, on a terminal only. */
static void
note_tool(struct printing *p, const struct event *event)
{
	if (!p->ctx->err_is_terminal || p->ctx->json)
		return;
	if (event->type == EVENT_TOOL && event->stage == STAGE_STARTED)
		command_note(p->ctx, _("[%s runs]\n"), event->name != NULL ? event->name : "?");
	else if (event->type == EVENT_HANDOFF && event->stage == STAGE_DONE)
		command_note(p->ctx, _("[handed over to %s]\n"),
		    event->next_agent_name != NULL ? event->next_agent_name : "?");
	else if (event->type == EVENT_RETRY)
		command_note(
		    p->ctx, _("%s Trying again in %d s.\n"), event->error->text, event->seconds);
}

static void
on_event(void *arg, const struct event *event)
{
	struct printing *p = arg;

	if (event->entry_id != NULL)
		xreplace(&p->entry_id, event->entry_id);
	if (p->ctx->json)
		put_raw(p, event);
	switch (event->type) {
	case EVENT_STARTED:
		xreplace(&p->conversation_id, event->conversation_id);
		break;
	case EVENT_CHUNK:
		/* What the client took over is in the entry; its text is still here to be printed.
		 */
		break;
	case EVENT_ENTRY:
		if (event->entry->id != NULL)
			xreplace(&p->entry_id, event->entry->id);
		if (!p->ctx->json)
			put_entry(p, event->entry);
		break;
	case EVENT_DONE:
		p->tokens = event->usage != NULL ? event->usage->total_tokens : 0;
		p->done = true;
		break;
	case EVENT_FAILED:
		error_copy(&p->error, event->error);
		p->done = true;
		break;
	default:
		note_tool(p, event);
	}
}

/* Sees the text before the client takes it over. */
static void
on_text(void *arg, const char *text, size_t len)
{
	struct printing *p = arg;

	if (!p->ctx->json)
		put_piece(p, text, len);
}

static bool
finish(struct printing *p, struct error *err)
{
	bool good = p->error.kind == ERR_NONE && err->kind == ERR_NONE;

	if (!p->ctx->json) {
		flush_pieces(p);
		if (p->any && !p->at_line_start)
			fputc('\n', p->ctx->out);
		fflush(p->ctx->out);
	}
	if (good && p->ctx->err_is_terminal && !p->ctx->json && p->conversation_id != NULL)
		command_note(p->ctx,
		    ngettext("[conversation %s, entry %s, %d token]\n",
			"[conversation %s, entry %s, %d tokens]\n", (unsigned long)p->tokens),
		    p->conversation_id, p->entry_id != NULL ? p->entry_id : "-", (int)p->tokens);
	if (err->kind == ERR_NONE && p->error.kind != ERR_NONE)
		error_move(err, &p->error);
	buf_done(&p->pending);
	free(p->entry_id);
	free(p->conversation_id);
	error_done(&p->error);
	return good;
}

/* The last thing the person said in it, or NULL. */
static const struct entry *
last_prompt(const struct conversation *c)
{
	for (size_t i = c != NULL ? c->entries.len : 0; i > 0; i--)
		if (entry_is_prompt(c->entries.items[i - 1]))
			return c->entries.items[i - 1];
	return NULL;
}

/* What became of the words, behind what happened. */
static void
tell_fate(const struct conversation *c, struct error *err)
{
	const struct entry *prompt = last_prompt(c);
	char *fate = NULL, *happened;

	if (prompt != NULL && prompt->state == ENTRY_UNSENT)
		fate = xasprintf(_("Your message was not sent; it is kept in %s."), c->id);
	else if (prompt != NULL && prompt->state == ENTRY_INTERRUPTED)
		fate = xasprintf(
		    _("Your message is kept in %s; whether it arrived is not known."), c->id);
	if (fate != NULL && err->text != NULL) {
		happened = xasprintf("%s %s", err->text, fate);
		free(err->text);
		err->text = happened;
	}
	free(fate);
}

/* The same where it was the person who ended it, and how to go on. */
static bool
tell_interrupted(const struct conversation *c, struct error *err)
{
	const struct entry *prompt = last_prompt(c), *last = NULL;

	if (c == NULL)
		return error_set(
		    err, ERR_CANCELLED, _("Interrupted. Nothing of it is kept, as was asked for."));
	if (c->entries.len > 0)
		last = c->entries.items[c->entries.len - 1];
	if (prompt != NULL && prompt->state == ENTRY_UNSENT)
		return error_set(err, ERR_CANCELLED,
		    _("Interrupted. Your message was not sent; it is kept in %s, and `causerie "
		      "--continue` opens it to send it again."),
		    c->id);
	if (prompt != NULL && prompt->state == ENTRY_INTERRUPTED)
		return error_set(err, ERR_CANCELLED,
		    _("Interrupted. Your message is kept in %s; whether it arrived is not known, "
		      "and `causerie --continue` opens it to look and to send it again."),
		    c->id);
	if (last != NULL && last->state == ENTRY_INTERRUPTED)
		return error_set(err, ERR_CANCELLED,
		    _("Interrupted. What came of the answer is kept in %s; `causerie append %s` "
		      "goes on from there."),
		    c->id, c->id);
	if (last == prompt)
		return error_set(err, ERR_CANCELLED,
		    _("Interrupted before any of the answer came. Your message is kept in %s; "
		      "`causerie append %s` goes on from there."),
		    c->id, c->id);
	return error_set(err, ERR_CANCELLED,
	    _("Interrupted, but the answer had come whole; it is kept in %s."), c->id);
}

/* Runs it and waits; takes the turn over. */
static bool
run(struct command_context *ctx, struct request *request, struct error *err)
{
	struct printing printing = {
	    .ctx = ctx, .stream = request->turn->stream, .at_line_start = true};
	const struct conversation *said = NULL;
	struct error ignored = ERROR_NONE;
	int64_t key = 0;
	unsigned turn;
	bool good;

	buf_init(&printing.pending, 0);
	request->fn = on_event;
	request->text = on_text;
	request->arg = &printing;
	turn = client_run(ctx->client, request, &key, err);
	if (turn != 0 && !command_wait(ctx, &printing.done, err)) {
		client_stop(ctx->client, turn);
		/* What became of the words is known when it has ended, which is at once. */
		while (!printing.done)
			loop_wait(ctx->loop, STOP_MS);
	}
	good = finish(&printing, err) && turn != 0;
	if (key != 0)
		said = client_conversation(ctx->client, key, &ignored);
	if (!good && turn != 0 && err->kind == ERR_CANCELLED)
		tell_interrupted(said, err);
	else if (!good)
		tell_fate(said, err);
	error_done(&ignored);
	return good;
}

static bool
is_blank(const struct buf *text)
{
	size_t at = 0;

	while (
	    at < text->len && strchr(" \t\r\n", text->data[at]) != NULL && text->data[at] != '\0')
		at++;
	return at == text->len;
}

static bool
take_input(struct command_context *ctx, const struct args *args, size_t first, struct turn *turn,
    struct error *err)
{
	struct buf input;
	bool good;

	buf_init(&input, 0);
	good = command_input(ctx, args, first, &input, err);
	if (good && !is_blank(&input))
		array_push(&turn->inputs, entry_new_input(input.data, input.len));
	buf_done(&input);
	return good;
}

static bool
need_input(const struct turn *turn, struct error *err)
{
	if (turn->inputs.len == 0)
		return error_set(err, ERR_USAGE,
		    _("There is nothing to send: give the message as words or on standard input."));
	return true;
}

static bool
start(struct command_context *ctx, const struct args *args, struct error *err)
{
	struct request request = {
	    .turn = turn_new(TURN_START), .agent = ctx->target, .connection = ctx->connection};
	struct turn *turn = request.turn;
	const char *connection = ctx->connection;

	if (connection == NULL && ctx->target != NULL)
		connection = ctx->target->connection;
	if (!set_options(ctx, args, turn, api_of(ctx, connection), err) ||
	    !add_tools(args, &turn->tools, err) || !take_input(ctx, args, 0, turn, err) ||
	    !need_input(turn, err)) {
		turn_free(turn);
		return false;
	}
	turn->instructions = xstrdup(args_value(args, "instructions"));
	turn->name = xstrdup(args_value(args, "name"));
	turn->description = xstrdup(args_value(args, "description"));
	return run(ctx, &request, err);
}

/* The conversation that is named: its key, or 0 and the id that the server may know. */
static bool
find_base(struct command_context *ctx, const struct args *args, struct request *request, char **id,
    struct error *err)
{
	if (args->words.len == 0)
		return error_set(err, ERR_USAGE,
		    _("Which conversation? Give its id, the start of it, or @ for the most recent "
		      "one."));
	return command_conversation(ctx, args->words.items[0], &request->base, id, err);
}

/* One that only the server knows is taken over when there is something to say to it. */
static bool
adopt(struct command_context *ctx, struct request *request, const char *id, bool *adopted,
    struct error *err)
{
	if (request->base != 0)
		return true;
	*adopted = client_adopt(ctx->client, ctx->connection, id, &request->base, err);
	return *adopted;
}

/* Nothing was said, or nothing of it is to be kept: then it was not taken over for anything. */
static void
drop(struct command_context *ctx, int64_t key)
{
	struct error ignored = ERROR_NONE;

	client_release(ctx->client, key);
	store_delete(ctx->store, key, &ignored);
	error_done(&ignored);
}

/* Runs it if all is good so far. */
static bool
finish_request(struct command_context *ctx, struct request *request, bool good, bool adopted,
    struct error *err)
{
	bool trace = good && !request->turn->detached;

	if (good)
		good = run(ctx, request, err);
	else
		turn_free(request->turn);
	if (adopted && !trace)
		drop(ctx, request->base);
	return good;
}

static enum api
api_of_base(struct command_context *ctx, int64_t base)
{
	struct error err = ERROR_NONE;
	const struct conversation *conversation =
	    base != 0 ? client_conversation(ctx->client, base, &err) : NULL;

	error_done(&err);
	return api_of(ctx, conversation != NULL ? conversation->connection : NULL);
}

static bool
append(struct command_context *ctx, const struct args *args, struct error *err)
{
	struct request request = {.turn = turn_new(TURN_APPEND)};
	struct turn *turn = request.turn;
	char *id = NULL;
	bool adopted = false;
	bool good = find_base(ctx, args, &request, &id, err) &&
		    set_options(ctx, args, turn, api_of_base(ctx, request.base), err) &&
		    take_input(ctx, args, 1, turn, err) && need_input(turn, err) &&
		    adopt(ctx, &request, id, &adopted, err);

	free(id);
	return finish_request(ctx, &request, good, adopted, err);
}

/* How far from the end --from counts: 1 for -1; 0: it is an id. */
static size_t
from_end(const char *from)
{
	char *end;
	long number = strtol(from, &end, 10);

	return *end == '\0' && end != from && number < 0 ? (size_t)-number : 0;
}

/* *fork is 0 if it is not here. An id may be shortened to a start of it or of its later part. */
static bool
match_fork(const struct conversation *base, const char *from, int64_t *fork, struct error *err)
{
	size_t matches = 0, back = from_end(from);

	*fork = 0;
	if (back > 0 && back <= base->entries.len)
		*fork = base->entries.items[base->entries.len - back]->key;
	for (size_t i = 0; back == 0 && i < base->entries.len; i++) {
		const struct entry *entry = base->entries.items[i];
		const char *id = entry->id != NULL ? entry->id : "", *tail = strrchr(id, '_');

		tail = tail != NULL ? tail + 1 : id;
		if (strcmp(id, from) == 0) {
			*fork = entry->key;
			return true;
		}
		if (strncmp(id, from, strlen(from)) == 0 ||
		    strncmp(tail, from, strlen(from)) == 0) {
			*fork = entry->key;
			matches++;
		}
	}
	if (matches > 1)
		return error_set(err, ERR_USAGE,
		    _("--from %s: several entries begin so; give more of the id."), from);
	return true;
}

static void
history_read(void *arg, const struct event *event)
{
	struct printing *p = arg;

	p->done = true;
	if (event->type == EVENT_FAILED)
		error_copy(&p->error, event->error);
}

static bool
read_history(struct command_context *ctx, const struct conversation *base, struct error *err)
{
	struct printing reading = {.ctx = ctx};
	struct question *question = question_new(ASK_HISTORY);
	unsigned id;

	question->conversation_id = xstrdup(base->id);
	id = client_ask(ctx->client, base->connection, question, history_read, &reading, err);
	if (id == 0)
		return false;
	if (!command_wait(ctx, &reading.done, err)) {
		client_forget(ctx->client, id);
		return false;
	}
	return reading.error.kind == ERR_NONE || error_move(err, &reading.error);
}

static bool
refuse_fork(const struct conversation *base, const char *from, struct error *err)
{
	return error_set(err, ERR_USAGE,
	    ngettext("--from %s: the conversation has %zu entry.",
		"--from %s: the conversation has %zu entries.", base->entries.len),
	    from, base->entries.len);
}

/*
 * --from: an entry that is not here is looked for in the server's history. An
 * id that is not there either goes to the server as it is, for its own words.
 */
static bool
find_fork(struct command_context *ctx, const char *from, struct request *request, struct error *err)
{
	const struct conversation *base = client_conversation(ctx->client, request->base, err);
	struct error unread = ERROR_NONE;

	if (base == NULL || !match_fork(base, from, &request->fork, err))
		return false;
	if (request->fork == 0 && !base->own_id &&
	    api_of(ctx, base->connection) == API_CONVERSATIONS) {
		read_history(ctx, base, &unread);
		base = client_conversation(ctx->client, request->base, err);
		if (base == NULL || !match_fork(base, from, &request->fork, err))
			return false;
	}
	if (unread.kind == ERR_CANCELLED)
		error_set(&unread, ERR_CANCELLED, _("Interrupted; nothing was sent."));
	if (unread.kind == ERR_CANCELLED || (unread.kind != ERR_NONE && from_end(from) > 0))
		return error_move(err, &unread);
	error_done(&unread);
	if (request->fork == 0 && from_end(from) > 0)
		return refuse_fork(base, from, err);
	if (request->fork == 0)
		request->turn->from_entry_id = xstrdup(from);
	return true;
}

/* Without words and with nothing piped it asks for another answer; empty words are a mistake. */
static bool
take_restart_input(
    struct command_context *ctx, const struct args *args, struct turn *turn, struct error *err)
{
	return take_input(ctx, args, 1, turn, err) &&
	       (args->words.len == 1 || need_input(turn, err));
}

static bool
restart(struct command_context *ctx, const struct args *args, struct error *err)
{
	struct request request = {.turn = turn_new(TURN_RESTART)};
	struct turn *turn = request.turn;
	const char *from = args_value(args, "from");
	char *id = NULL;
	bool good = true, adopted = false;

	if (from == NULL || from[0] == '\0')
		good = error_set(err, ERR_USAGE,
		    _("From which entry? --from ENTRY names the last one to keep; --from -1 is the "
		      "last there is."));
	good = good && find_base(ctx, args, &request, &id, err) &&
	       set_options(ctx, args, turn, api_of_base(ctx, request.base), err) &&
	       take_restart_input(ctx, args, turn, err) &&
	       adopt(ctx, &request, id, &adopted, err) && find_fork(ctx, from, &request, err);
	free(id);
	return finish_request(ctx, &request, good, adopted, err);
}

const struct command cmd_start = {
    .name = "start",
    .args = N_("[INPUT]..."),
    .help = N_("start a conversation"),
    .options = start_options,
    .exec = start,
};

const struct command cmd_append = {
    .name = "append",
    .args = N_("CONVERSATION [INPUT]..."),
    .help = N_("add to a conversation"),
    .options = append_options,
    .exec = append,
};

const struct command cmd_restart = {
    .name = "restart",
    .args = N_("CONVERSATION --from ENTRY [INPUT]..."),
    .help = N_("branch from an entry of a conversation"),
    .options = restart_options,
    .exec = restart,
};
