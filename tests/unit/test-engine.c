/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "backend/backend.h"
#include "backend/engine.h"
#include "backend/wire.h"
#include "base/buf.h"
#include "base/clock.h"
#include "base/error.h"
#include "base/mem.h"
#include "net/loop.h"
#include "store/store.h"

/* No test waits longer than this; a machine may be slow. */
enum { PATIENCE_MS = 20000 };

/*
 * A responder that plays a part: it notes the path it was given, and then
 * emits what the script says, a letter an event: c a chunk of a message, f a
 * piece of a call, t a tool, e a whole entry, r a retry, d done, x failed, and
 * w waits for good.
 */
struct actor {
	struct responder responder;
	struct loop *loop;
	struct timer *timer;
	const char *script;
	unsigned id;
	bool refuses;
	struct buf path;  /* "user: hello\n" and so on */
	struct buf asked; /* kinds of questions */
};

struct world {
	struct loop *loop;
	struct store *store;
	struct backend *engine;
	struct actor *actor;
	struct buf log;	 /* a letter for each event: S C F T E r D X L G H Z A */
	struct buf raw;	 /* of each event, a line */
	struct buf text; /* of chunks, entries and errors */
	char *conversation_id;
	enum error_kind kind;
	int status;
	bool nothing_sent, more;
	size_t count; /* of what a question brought */
	int ends;
	unsigned next;
};

static struct actor *
actor_of(struct responder *responder)
{
	return (struct actor *)responder;
}

static void
play(void *arg)
{
	struct actor *actor = arg;
	struct error err = ERROR_NONE;
	struct usage usage = {.prompt_tokens = 2, .completion_tokens = 3, .total_tokens = 5};
	struct chunk chunk = {.type = CHUNK_TEXT};
	struct event event = {.id = actor->id, .entry_id = "msg_actor", .model = "m"};
	struct entry *entry = entry_new(ENTRY_MESSAGE_OUTPUT);
	char step = *actor->script++;

	buf_init(&chunk.text, 0);
	actor->timer = NULL;
	if (strchr("cfter", step) != NULL && step != '\0')
		actor->timer = loop_timer(actor->loop, 0, play, actor);
	entry->id = xstrdup("msg_whole");
	error_set(&err, ERR_NETWORK, "broken");
	err.nothing_sent = true;
	switch (step) {
	case 'c':
		event.type = EVENT_CHUNK;
		event.chunk = &chunk;
		buf_puts(&chunk.text, "ha ");
		break;
	case 'f':
		event.type = EVENT_CALL;
		event.entry_id = "fc_actor";
		event.output_index = 1;
		event.name = "weather";
		event.tool_call_id = "call_1";
		event.arguments = "{}";
		event.arguments_len = 2;
		break;
	case 't':
		event.type = EVENT_TOOL;
		event.entry_id = "tool_actor";
		event.name = "web_search";
		break;
	case 'e':
		event.type = EVENT_ENTRY;
		event.entry = entry;
		break;
	case 'r':
		event.type = EVENT_RETRY;
		event.seconds = 1;
		event.error = &err;
		break;
	case 'd':
		event.type = EVENT_DONE;
		event.usage = &usage;
		break;
	case 'k':
		error_set(&err, ERR_CANCELLED, "stopped");
		/* fall through */
	case 'x':
		event.type = EVENT_FAILED;
		event.error = &err;
		break;
	default:
		goto out;
	}
	actor->responder.emit(actor->responder.arg, &event);
out:
	chunk_done(&chunk);
	entry_free(entry);
	error_done(&err);
}

static bool
actor_reply(struct responder *responder, const struct conversation *conversation,
    const struct turn *turn, struct error *err)
{
	struct actor *actor = actor_of(responder);

	buf_clear(&actor->path);
	if (conversation->model != NULL)
		buf_printf(&actor->path, "model: %s\n", conversation->model);
	if (conversation->instructions != NULL)
		buf_printf(&actor->path, "instructions: %s\n", conversation->instructions);
	for (size_t i = 0; i < conversation->entries.len; i++) {
		const struct entry *entry = conversation->entries.items[i];

		buf_printf(&actor->path, "%s: ", entry_type_name(entry));
		entry_text(entry, &actor->path);
		buf_putc(&actor->path, '\n');
	}
	if (actor->refuses)
		return error_set(err, ERR_CONFIG, "no");
	/* It plays one part at a time. */
	if (actor->timer == NULL) {
		actor->id = turn->id;
		actor->timer = loop_timer(actor->loop, 0, play, actor);
	}
	return true;
}

static bool
actor_ask(struct responder *responder, const struct question *question, struct error *err)
{
	struct actor *actor = actor_of(responder);

	(void)err;
	buf_putc(&actor->asked, question->kind == ASK_MODELS ? 'm' : 'a');
	return true;
}

static void
actor_cancel(struct responder *responder, unsigned id)
{
	struct actor *actor = actor_of(responder);

	buf_putc(&actor->asked, 'k');
	if (id != actor->id)
		return;
	loop_cancel(actor->loop, actor->timer);
	actor->script = "k";
	actor->timer = loop_timer(actor->loop, 0, play, actor);
}

static void
actor_free(struct responder *responder)
{
	struct actor *actor = actor_of(responder);

	loop_cancel(actor->loop, actor->timer);
	buf_done(&actor->path);
	buf_done(&actor->asked);
	free(actor);
}

static const struct responder_ops actor_ops = {
    .name = "actor",
    .reply = actor_reply,
    .ask = actor_ask,
    .cancel = actor_cancel,
    .free = actor_free,
};

static void
see(void *arg, const struct event *event)
{
	static const char letters[] = {
	    [EVENT_STARTED] = 'S',
	    [EVENT_CHUNK] = 'C',
	    [EVENT_TOOL] = 'T',
	    [EVENT_CALL] = 'F',
	    [EVENT_ENTRY] = 'E',
	    [EVENT_RETRY] = 'R',
	    [EVENT_DONE] = 'D',
	    [EVENT_FAILED] = 'X',
	    [EVENT_CONVERSATIONS] = 'L',
	    [EVENT_CONVERSATION] = 'G',
	    [EVENT_ENTRIES] = 'H',
	    [EVENT_DELETED] = 'Z',
	    [EVENT_AGENTS] = 'A',
	};
	struct world *world = arg;

	buf_putc(&world->log, letters[event->type]);
	if (event->raw != NULL) {
		buf_add(&world->raw, event->raw, event->raw_len);
		buf_putc(&world->raw, '\n');
	}
	if (event->type == EVENT_CHUNK)
		buf_add(&world->text, event->chunk->text.data, event->chunk->text.len);
	if (event->type == EVENT_ENTRY)
		entry_text(event->entry, &world->text);
	if (event->conversation_id != NULL)
		xreplace(&world->conversation_id, event->conversation_id);
	if (event->error != NULL) {
		world->kind = event->error->kind;
		world->status = event->error->status;
		world->nothing_sent = event->error->nothing_sent;
		buf_puts(&world->text, event->error->text);
	}
	world->more = event->more;
	if (event->type >= EVENT_CONVERSATIONS)
		world->count =
		    event->type == EVENT_ENTRIES ? event->entry_count : event->conversation_count;
	for (size_t i = 0; i < event->conversation_count; i++)
		buf_printf(&world->text, "%s ", event->conversations[i]->id);
	if (event->type != EVENT_RETRY && event->type >= EVENT_DONE)
		world->ends++;
}

static int
set_up(void **state)
{
	struct world *world = xcalloc(1, sizeof(*world));
	struct actor *actor = xcalloc(1, sizeof(*actor));
	struct error err = ERROR_NONE;
	bool read_only;

	world->loop = loop_new(&err);
	world->store = store_open(":memory:", &read_only, &err);
	assert_non_null(world->loop);
	assert_non_null(world->store);
	actor->responder.ops = &actor_ops;
	actor->loop = world->loop;
	actor->script = "ccd";
	buf_init(&actor->path, 0);
	buf_init(&actor->asked, 0);
	world->actor = actor;
	world->engine =
	    engine_new(world->loop, world->store, "laptop", &actor->responder, see, world);
	buf_init(&world->log, 0);
	buf_init(&world->raw, 0);
	buf_init(&world->text, 0);
	*state = world;
	return 0;
}

static int
tear_down(void **state)
{
	struct world *world = *state;

	world->engine->ops->free(world->engine);
	loop_free(world->loop);
	store_close(world->store);
	free(world->conversation_id);
	buf_done(&world->log);
	buf_done(&world->raw);
	buf_done(&world->text);
	free(world);
	return 0;
}

static void
forget(struct world *world)
{
	buf_clear(&world->log);
	buf_clear(&world->raw);
	buf_clear(&world->text);
	world->kind = ERR_NONE;
	world->status = 0;
}

static void
wait_for_end(struct world *world)
{
	int64_t until = clock_ms() + PATIENCE_MS;
	int ends = world->ends + 1;

	while (world->ends < ends && clock_ms() < until)
		loop_wait(world->loop, 1000);
	assert_int_equal(world->ends, ends);
}

static struct turn *
new_turn(struct world *world, enum turn_kind kind, const char *text)
{
	struct turn *turn = turn_new(kind);

	turn->id = ++world->next;
	turn->stream = true;
	if (text != NULL)
		array_push(&turn->inputs, entry_new_input(text, strlen(text)));
	return turn;
}

/* Runs it to its end, and frees it. */
static void
run(struct world *world, struct turn *turn)
{
	struct error err = ERROR_NONE;
	size_t before = world->log.len;

	assert_true(world->engine->ops->run(world->engine, turn, &err));
	assert_int_equal(world->log.len, before);
	turn_free(turn);
	wait_for_end(world);
}

/* What the client does before it runs a turn: the conversation and the words are stored. */
static struct conversation *
new_conversation(const char *id)
{
	struct conversation *conversation = conversation_new();
	char now[CLOCK_ISO_SIZE];

	clock_iso(now);
	conversation->id = xstrdup(id);
	conversation->connection = xstrdup("laptop");
	conversation->model = xstrdup("m");
	conversation->created_at = xstrdup(now);
	conversation->updated_at = xstrdup(now);
	return conversation;
}

static int64_t
store_turn(struct world *world, struct conversation *conversation, struct turn *turn)
{
	struct error err = ERROR_NONE;
	int64_t number;

	for (size_t i = 0; i < turn->inputs.len; i++) {
		struct entry *entry = turn->inputs.items[i];

		if (entry->id == NULL)
			entry->id = xasprintf("msg_in%u%zu", turn->id, i);
	}
	assert_true(store_begin_turn(
	    world->store, conversation, turn->inputs.items, turn->inputs.len, NULL, &number, &err));
	turn->conversation = conversation->key;
	return number;
}

static void
end_turn(struct world *world, int64_t number, enum entry_state state)
{
	struct error err = ERROR_NONE;

	assert_true(store_end_turn(world->store, number, state, NULL, NULL, &err));
}

static void
add_entry(struct world *world, const struct conversation *conversation, struct entry *entry)
{
	struct error err = ERROR_NONE;

	assert_true(store_add_entry(world->store, conversation->key, 0, entry, &err));
	assert_true(store_save_entry(world->store, entry, &err));
	entry_free(entry);
}

static struct entry *
output(const char *id, const char *text)
{
	struct entry *entry = entry_new_input(text, strlen(text));

	entry->type = ENTRY_MESSAGE_OUTPUT;
	entry->assistant = true;
	entry->id = xstrdup(id);
	return entry;
}

/* "hello" and its answer, stored. */
static struct conversation *
talk(struct world *world, const char *id)
{
	struct conversation *conversation = new_conversation(id);
	struct turn *turn = new_turn(world, TURN_START, "hello");
	int64_t number;

	turn->inputs.items[0]->id = xasprintf("msg_hello_%s", id);
	number = store_turn(world, conversation, turn);
	end_turn(world, number, ENTRY_COMPLETE);
	turn_free(turn);
	add_entry(world, conversation, output("msg_answer", "good day"));
	return conversation;
}

/* ---- turns ---- */

static void
test_start(void **state)
{
	struct world *world = *state;
	struct conversation *conversation = new_conversation("conv_a");
	struct turn *turn = new_turn(world, TURN_START, "hello");

	store_turn(world, conversation, turn);
	run(world, turn);
	assert_string_equal(world->log.data, "SCCD");
	assert_string_equal(world->text.data, "ha ha ");
	assert_string_equal(world->conversation_id, "conv_a");
	assert_string_equal(world->actor->path.data, "model: m\nmessage.input: hello\n");
	assert_int_equal(world->raw.len, 0);
	conversation_free(conversation);
}

static void
test_append(void **state)
{
	struct world *world = *state;
	struct conversation *conversation = talk(world, "conv_a");
	struct turn *turn = new_turn(world, TURN_APPEND, "and you?");

	turn->conversation_id = xstrdup("conv_a");
	store_turn(world, conversation, turn);
	run(world, turn);
	assert_string_equal(world->log.data, "SCCD");
	assert_string_equal(world->actor->path.data,
	    "model: m\nmessage.input: hello\nmessage.output: good day\nmessage.input: and you?\n");
	conversation_free(conversation);
}

static void
test_restart(void **state)
{
	struct world *world = *state;
	struct conversation *parent = talk(world, "conv_a"), *branch = new_conversation("conv_b");
	struct turn *turn = new_turn(world, TURN_RESTART, "hi");
	struct error err = ERROR_NONE;
	struct conversation *loaded = store_load(world->store, parent->key, true, &err);

	branch->parent = parent->key;
	branch->fork = loaded->entries.items[0]->key;
	turn->conversation_id = xstrdup("conv_a");
	turn->from_entry_id = xstrdup("msg_hello_conv_a");
	store_turn(world, branch, turn);
	run(world, turn);
	assert_string_equal(world->log.data, "SCCD");
	assert_string_equal(world->conversation_id, "conv_b");
	assert_string_equal(
	    world->actor->path.data, "model: m\nmessage.input: hello\nmessage.input: hi\n");
	conversation_free(loaded);
	conversation_free(parent);
	conversation_free(branch);
}

/* Words that never went out are not part of the conversation, unless they go out now. */
static void
test_unsent(void **state)
{
	struct world *world = *state;
	struct conversation *conversation = talk(world, "conv_a");
	struct turn *lost = new_turn(world, TURN_APPEND, "lost");
	struct turn *turn = new_turn(world, TURN_APPEND, "again");
	struct turn *retry = new_turn(world, TURN_APPEND, NULL);

	end_turn(world, store_turn(world, conversation, lost), ENTRY_UNSENT);
	end_turn(world, store_turn(world, conversation, turn), ENTRY_COMPLETE);
	run(world, turn);
	assert_string_equal(world->actor->path.data,
	    "model: m\nmessage.input: hello\nmessage.output: good day\nmessage.input: again\n");

	array_push(&retry->inputs, entry_copy(lost->inputs.items[0]));
	retry->conversation = conversation->key;
	world->actor->script = "d";
	run(world, retry);
	assert_non_null(strstr(world->actor->path.data, "message.input: lost\n"));
	turn_free(lost);
	conversation_free(conversation);
}

static void
test_interrupted(void **state)
{
	struct world *world = *state;
	struct conversation *conversation = talk(world, "conv_a");
	struct entry *half = output("msg_half", "half an ans"), *empty = output("msg_empty", "");
	struct entry *call = entry_new(ENTRY_FUNCTION_CALL);
	struct turn *turn = new_turn(world, TURN_APPEND, "go on");

	half->state = empty->state = call->state = ENTRY_INTERRUPTED;
	chunk_done(&empty->chunks.items[0]);
	empty->chunks.len = 0;
	call->id = xstrdup("fc_half");
	call->tool_call_id = xstrdup("half");
	add_entry(world, conversation, half);
	add_entry(world, conversation, empty);
	add_entry(world, conversation, call);
	store_turn(world, conversation, turn);
	run(world, turn);
	assert_string_equal(world->log.data, "SCCD");
	assert_non_null(strstr(world->actor->path.data,
	    "good day\nmessage.output: half an ans\nmessage.input: go on\n"));
	conversation_free(conversation);
}

static void
test_nothing_kept(void **state)
{
	struct world *world = *state;
	struct conversation *conversation = talk(world, "conv_a");
	struct turn *turn = new_turn(world, TURN_START, "hello");

	turn->model = xstrdup("big");
	turn->instructions = xstrdup("be brief");
	run(world, turn);
	assert_int_equal(strncmp(world->conversation_id, "conv_", 5), 0);
	assert_int_equal(strlen(world->conversation_id), 37);
	assert_string_equal(
	    world->actor->path.data, "model: big\ninstructions: be brief\nmessage.input: hello\n");

	turn = new_turn(world, TURN_APPEND, "what?");
	turn->conversation_id = xstrdup("conv_a");
	world->actor->script = "d";
	run(world, turn);
	assert_string_equal(world->conversation_id, "conv_a");
	assert_string_equal(world->actor->path.data,
	    "model: m\nmessage.input: hello\nmessage.output: good day\nmessage.input: what?\n");

	turn = new_turn(world, TURN_RESTART, "what?");
	turn->conversation_id = xstrdup("conv_a");
	turn->from_entry_id = xstrdup("msg_hello_conv_a");
	world->actor->script = "d";
	run(world, turn);
	assert_string_not_equal(world->conversation_id, "conv_a");
	assert_string_equal(
	    world->actor->path.data, "model: m\nmessage.input: hello\nmessage.input: what?\n");

	/* No inputs: the answer is made anew. */
	turn = new_turn(world, TURN_RESTART, NULL);
	turn->conversation_id = xstrdup("conv_a");
	turn->from_entry_id = xstrdup("msg_hello_conv_a");
	world->actor->script = "d";
	run(world, turn);
	assert_string_equal(world->actor->path.data, "model: m\nmessage.input: hello\n");
	conversation_free(conversation);
}

static void
test_refusals(void **state)
{
	static const struct {
		enum turn_kind kind;
		const char *text, *conversation, *from, *model, *agent, *confirmations, *guardrails;
		int status;
		const char *says;
	} cases[] = {
	    {TURN_APPEND, "x", "conv_none", NULL, NULL, NULL, NULL, NULL, 404, "conv_none"},
	    {TURN_APPEND, "x", "conv_", NULL, NULL, NULL, NULL, NULL, 404, "conv_"},
	    {TURN_APPEND, "x", "@", NULL, NULL, NULL, NULL, NULL, 404, "@"},
	    {TURN_APPEND, "x", NULL, NULL, NULL, NULL, NULL, NULL, 404, "no conversation"},
	    {TURN_RESTART, "x", "conv_a", NULL, NULL, NULL, NULL, NULL, 422, "from_entry_id"},
	    {TURN_RESTART, "x", "conv_a", "msg_none", NULL, NULL, NULL, NULL, 404, "msg_none"},
	    {TURN_RESTART, "x", "conv_x", "msg_none", NULL, NULL, NULL, NULL, 404, "conv_x"},
	    {TURN_START, "x", NULL, NULL, "m", "ag_1", NULL, NULL, 422, "Both"},
	    {TURN_START, "x", NULL, NULL, NULL, "ag_1", NULL, NULL, 404, "ag_1"},
	    {TURN_START, NULL, NULL, NULL, "m", NULL, NULL, NULL, 422, "empty"},
	    {TURN_APPEND, NULL, "conv_a", NULL, NULL, NULL, NULL, NULL, 422, "neither"},
	    {TURN_APPEND, "x", "conv_a", NULL, NULL, NULL, "[{}]", NULL, 400, "confirmation"},
	    {TURN_START, "x", NULL, NULL, "m", NULL, NULL, "[{}]", 422, "Guardrails"},
	};
	struct world *world = *state;
	struct conversation *a = talk(world, "conv_a"), *b = talk(world, "conv_b");

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct turn *turn = new_turn(world, cases[i].kind, cases[i].text);

		turn->conversation_id = xstrdup(cases[i].conversation);
		turn->from_entry_id = xstrdup(cases[i].from);
		turn->model = xstrdup(cases[i].model);
		turn->agent_id = xstrdup(cases[i].agent);
		turn->tool_confirmations = xstrdup(cases[i].confirmations);
		turn->guardrails = xstrdup(cases[i].guardrails);
		turn->want_raw = true;
		forget(world);
		run(world, turn);
		assert_string_equal(world->log.data, "X");
		assert_int_equal(world->kind, ERR_SERVER);
		assert_int_equal(world->status, cases[i].status);
		assert_true(world->nothing_sent);
		if (strstr(world->text.data, cases[i].says) == NULL)
			fail_msg("%zu: %s", i, world->text.data);
		assert_int_equal(world->raw.len, 0);
	}
	conversation_free(a);
	conversation_free(b);
}

static struct entry *
result(const char *call_id)
{
	struct entry *entry = entry_new(ENTRY_FUNCTION_RESULT);

	entry->tool_call_id = xstrdup(call_id);
	buf_puts(&entry->result, "sunny");
	return entry;
}

static void
test_function_results(void **state)
{
	static const char *const calls[] = {"call_1", "call_2"};
	struct world *world = *state;
	struct conversation *conversation = talk(world, "conv_a");
	struct turn *turn;

	for (size_t i = 0; i < 2; i++) {
		struct entry *call = entry_new(ENTRY_FUNCTION_CALL);

		call->id = xasprintf("fc_%zu", i);
		call->name = xstrdup("weather");
		call->tool_call_id = xstrdup(calls[i]);
		add_entry(world, conversation, call);
	}

	turn = new_turn(world, TURN_APPEND, "and?");
	turn->conversation_id = xstrdup("conv_a");
	run(world, turn);
	assert_int_equal(world->status, 400);
	assert_non_null(strstr(world->text.data, "weather (call_1), weather (call_2)"));

	forget(world);
	turn = new_turn(world, TURN_APPEND, NULL);
	turn->conversation_id = xstrdup("conv_a");
	array_push(&turn->inputs, result("call_1"));
	run(world, turn);
	assert_int_equal(world->status, 400);
	assert_null(strstr(world->text.data, "call_1"));
	assert_non_null(strstr(world->text.data, "call_2"));

	forget(world);
	turn = new_turn(world, TURN_APPEND, NULL);
	turn->conversation_id = xstrdup("conv_a");
	array_push(&turn->inputs, result("call_9"));
	run(world, turn);
	assert_int_equal(world->status, 400);
	assert_non_null(strstr(world->text.data, "call_9"));

	forget(world);
	turn = new_turn(world, TURN_APPEND, NULL);
	array_push(&turn->inputs, result("call_1"));
	array_push(&turn->inputs, result("call_2"));
	store_turn(world, conversation, turn);
	run(world, turn);
	assert_string_equal(world->log.data, "SCCD");

	/* From before the calls there is nothing open. */
	forget(world);
	turn = new_turn(world, TURN_RESTART, "other");
	turn->conversation_id = xstrdup("conv_a");
	turn->from_entry_id = xstrdup("msg_answer");
	world->actor->script = "d";
	run(world, turn);
	assert_string_equal(world->log.data, "SD");
	conversation_free(conversation);
}

static void
test_one_at_a_time(void **state)
{
	struct world *world = *state;
	struct conversation *conversation = talk(world, "conv_a");
	struct turn *turn = new_turn(world, TURN_APPEND, "one");
	struct turn *second = new_turn(world, TURN_APPEND, "two");
	struct error err = ERROR_NONE;

	world->actor->script = "w";
	store_turn(world, conversation, turn);
	assert_true(world->engine->ops->run(world->engine, turn, &err));
	second->conversation = conversation->key;
	assert_true(world->engine->ops->run(world->engine, second, &err));
	wait_for_end(world);
	assert_string_equal(world->log.data, "X");
	assert_int_equal(world->status, 409);

	/* Stopped, the next may come at once. */
	world->engine->ops->cancel(world->engine, turn->id);
	forget(world);
	second->id = 99;
	assert_true(world->engine->ops->run(world->engine, second, &err));
	wait_for_end(world);
	assert_string_equal(world->log.data, "X");
	assert_int_equal(world->kind, ERR_CANCELLED);
	turn_free(turn);
	turn_free(second);
	conversation_free(conversation);
}

static void
test_not_streamed(void **state)
{
	struct world *world = *state;
	struct turn *turn = new_turn(world, TURN_START, "hello");

	turn->stream = false;
	turn->want_raw = true;
	world->actor->script = "ccffd";
	run(world, turn);
	assert_string_equal(world->log.data, "SEED");
	assert_string_equal(world->text.data, "ha ha ");
	/* One document: the whole answer. */
	assert_int_equal(strchr(world->raw.data, '\n') - world->raw.data, world->raw.len - 1);
	buf_truncate(&world->raw, world->raw.len - 1);
	assert_true(wire_is_object(world->raw.data));
	assert_non_null(strstr(world->raw.data, "\"conversation.response\""));
	assert_non_null(strstr(world->raw.data, "\"ha ha \""));
	assert_non_null(strstr(world->raw.data, "\"{}{}\""));
	assert_non_null(strstr(world->raw.data, world->conversation_id));

	/* What the responder gathered itself stays as it is. */
	forget(world);
	turn = new_turn(world, TURN_START, "hello");
	turn->stream = false;
	world->actor->script = "etd";
	run(world, turn);
	assert_string_equal(world->log.data, "STED");
	assert_int_equal(world->raw.len, 0);
}

static void
test_raw_stream(void **state)
{
	static const char *const types[] = {"conversation.response.started", "message.output.delta",
	    "function.call.delta", "tool.execution.started", "conversation.response.done"};
	struct world *world = *state;
	struct turn *turn = new_turn(world, TURN_START, "hello");
	const char *line;
	char *last;

	turn->want_raw = true;
	world->actor->script = "cftd";
	run(world, turn);
	assert_string_equal(world->log.data, "SCFTD");
	last = xstrdup("");
	line = world->raw.data;
	for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++) {
		char *object = xstrndup(line, strcspn(line, "\n"));
		char *type = wire_get_string(object, "type");
		char *date = wire_get_string(object, "created_at");

		assert_string_equal(type, types[i]);
		assert_non_null(date);
		assert_true(strcmp(last, date) <= 0);
		free(last);
		last = date;
		line += strlen(object) + 1;
		free(type);
		free(object);
	}
	assert_string_equal(line, "");
	free(last);

	/* A failure in the middle is an event of the stream. */
	forget(world);
	turn = new_turn(world, TURN_START, "hello");
	turn->want_raw = true;
	world->actor->script = "cx";
	run(world, turn);
	assert_string_equal(world->log.data, "SCX");
	assert_non_null(strstr(world->raw.data, "conversation.response.error"));
}

/* Not started before there is a sign of life: else nobody could say "unsent". */
static void
test_failure_before_start(void **state)
{
	struct world *world = *state;
	struct turn *turn = new_turn(world, TURN_START, "hello");

	turn->want_raw = true;
	world->actor->script = "rrx";
	run(world, turn);
	assert_string_equal(world->log.data, "RRX");
	assert_int_equal(world->kind, ERR_NETWORK);
	assert_true(world->nothing_sent);
	assert_int_equal(world->raw.len, 0);
}

static void
test_reply_fails(void **state)
{
	struct world *world = *state;
	struct turn *turn = new_turn(world, TURN_START, "hello");
	struct error err = ERROR_NONE;

	world->actor->refuses = true;
	assert_false(world->engine->ops->run(world->engine, turn, &err));
	assert_int_equal(err.kind, ERR_CONFIG);
	error_done(&err);
	world->actor->refuses = false;
	run(world, turn);
	assert_string_equal(world->log.data, "SCCD");
}

static void
test_cancel(void **state)
{
	struct world *world = *state;
	struct turn *turn = new_turn(world, TURN_START, "hello");
	struct error err = ERROR_NONE;

	world->actor->script = "w";
	turn->want_raw = true;
	assert_true(world->engine->ops->run(world->engine, turn, &err));
	world->engine->ops->cancel(world->engine, turn->id);
	assert_int_equal(world->log.len, 0);
	wait_for_end(world);
	assert_string_equal(world->log.data, "X");
	assert_int_equal(world->kind, ERR_CANCELLED);
	assert_int_equal(world->raw.len, 0);
	turn_free(turn);

	/* Even what would have been refused. */
	forget(world);
	turn = new_turn(world, TURN_START, NULL);
	assert_true(world->engine->ops->run(world->engine, turn, &err));
	world->engine->ops->cancel(world->engine, turn->id);
	world->engine->ops->cancel(world->engine, turn->id);
	wait_for_end(world);
	assert_string_equal(world->log.data, "X");
	assert_int_equal(world->kind, ERR_CANCELLED);
	turn_free(turn);
}

static void
test_free_in_flight(void **state)
{
	struct world *world = *state;
	struct error err = ERROR_NONE;
	struct turn *turns[3];
	struct question *question = question_new(ASK_LIST);

	turns[0] = new_turn(world, TURN_START, "hello");
	turns[1] = new_turn(world, TURN_START, NULL);
	turns[2] = new_turn(world, TURN_APPEND, "x");
	for (size_t i = 0; i < 3; i++) {
		assert_true(world->engine->ops->run(world->engine, turns[i], &err));
		turn_free(turns[i]);
	}
	question->id = 50;
	assert_true(world->engine->ops->ask(world->engine, question, &err));
	question_free(question);
}

/* ---- questions ---- */

static struct question *
new_question(enum question_kind kind, const char *conversation_id)
{
	struct question *question = question_new(kind);

	question->id = 1000 + (unsigned)kind;
	question->conversation_id = xstrdup(conversation_id);
	return question;
}

static void
ask(struct world *world, struct question *question)
{
	struct error err = ERROR_NONE;

	forget(world);
	assert_true(world->engine->ops->ask(world->engine, question, &err));
	assert_int_equal(world->log.len, 0);
	wait_for_end(world);
}

static void
ask_and_free(struct world *world, struct question *question)
{
	ask(world, question);
	question_free(question);
}

static void
add_conversation(
    struct world *world, const char *id, const char *connection, int second, const char *metadata)
{
	struct conversation *conversation = new_conversation(id);
	struct error err = ERROR_NONE;

	xreplace(&conversation->connection, connection);
	free(conversation->created_at);
	conversation->created_at = xasprintf("2026-01-01T00:00:%02d.000000Z", second);
	conversation->metadata = xstrdup(metadata);
	assert_true(store_add_conversation(world->store, conversation, &err));
	conversation_free(conversation);
}

static void
test_list(void **state)
{
	static const struct {
		int page, size;
		const char *metadata, *ids;
		bool more;
	} cases[] = {
	    {0, 100, NULL, "conv_4 conv_3 conv_2 conv_1 ", false},
	    {0, 2, NULL, "conv_4 conv_3 ", true},
	    {1, 2, NULL, "conv_2 conv_1 ", true},
	    {2, 2, NULL, "", false},
	    {0, 0, NULL, "conv_4 ", true},
	    {-1, 100000, NULL, "conv_4 conv_3 conv_2 conv_1 ", false},
	    {0, 100, "{}", "conv_4 conv_3 conv_1 ", false},
	    {0, 100, "{\"project\":\"moon\"}", "conv_4 conv_1 ", false},
	    {0, 1, "{\"project\":\"moon\"}", "conv_4 ", true},
	    {1, 1, "{\"project\":\"moon\"}", "conv_1 ", true},
	    {2, 1, "{\"project\":\"moon\"}", "", false},
	    {0, 100, "{\"project\":\"moon\",\"n\":1}", "conv_4 ", false},
	    {0, 100, "{\"n\":\"1\"}", "conv_3 ", false},
	    {0, 100, "{\"n\":null}", "", false},
	    {0, 100, "{\"deep\":{\"a\":[1]}}", "conv_1 ", false},
	    {0, 100, "{\"project\":\"moo\"}", "", false},
	};
	struct world *world = *state;
	struct question *question;

	add_conversation(
	    world, "conv_1", "laptop", 1, "{\"project\":\"moon\",\"deep\":{\"a\":[1]}}");
	add_conversation(world, "conv_2", "laptop", 2, NULL);
	add_conversation(world, "conv_3", "laptop", 3, "{\"project\":\"sun\",\"n\":\"1\"}");
	add_conversation(world, "conv_4", "laptop", 4, "{\"project\":\"moon\",\"n\":1}");
	add_conversation(world, "conv_5", "mistral", 5, "{\"project\":\"moon\"}");
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		question = new_question(ASK_LIST, NULL);
		question->page = cases[i].page;
		question->page_size = cases[i].size;
		question->metadata = xstrdup(cases[i].metadata);
		ask_and_free(world, question);
		assert_string_equal(world->log.data, "L");
		assert_string_equal(world->text.data, cases[i].ids);
		assert_int_equal(world->more, cases[i].more);
		assert_int_equal(world->raw.len, 0);
	}
	question = new_question(ASK_LIST, NULL);
	question->metadata = xstrdup("moon");
	ask_and_free(world, question);
	assert_string_equal(world->log.data, "X");
	assert_int_equal(world->status, 422);
}

/* A filter has to look through more than one page of the store. */
static void
test_list_many(void **state)
{
	struct world *world = *state;
	struct question *question = new_question(ASK_LIST, NULL);

	for (int i = 0; i < 250; i++) {
		char *id = xasprintf("conv_%03d", i);

		add_conversation(world, id, "laptop", i % 60,
		    i % 2 == 0 ? "{\"even\":true}" : "{\"even\":false}");
		free(id);
	}
	question->metadata = xstrdup("{\"even\":true}");
	question->page_size = 60;
	ask(world, question);
	assert_int_equal(world->count, 60);
	question->page = 2;
	ask(world, question);
	assert_int_equal(world->count, 5);
	assert_false(world->more);
	question_free(question);
}

static void
test_get_and_read(void **state)
{
	struct world *world = *state;
	struct conversation *conversation = talk(world, "conv_a");
	struct entry *call = entry_new(ENTRY_FUNCTION_CALL);
	struct turn *lost = new_turn(world, TURN_APPEND, "lost");
	struct question *question;

	call->id = xstrdup("fc_1");
	call->name = xstrdup("weather");
	call->tool_call_id = xstrdup("c1");
	add_entry(world, conversation, call);
	end_turn(world, store_turn(world, conversation, lost), ENTRY_UNSENT);
	turn_free(lost);

	question = new_question(ASK_GET, "conv_a");
	question->want_raw = true;
	ask_and_free(world, question);
	assert_string_equal(world->log.data, "G");
	assert_non_null(strstr(world->raw.data, "\"conversation\""));
	assert_non_null(strstr(world->raw.data, "\"conv_a\""));

	question = new_question(ASK_HISTORY, "conv_a");
	question->want_raw = true;
	ask_and_free(world, question);
	assert_string_equal(world->log.data, "H");
	assert_int_equal(world->count, 3);
	assert_non_null(strstr(world->raw.data, "\"conversation.history\""));
	assert_non_null(strstr(world->raw.data, "\"function.call\""));
	assert_null(strstr(world->raw.data, "lost"));

	question = new_question(ASK_MESSAGES, "conv_a");
	question->want_raw = true;
	ask_and_free(world, question);
	assert_int_equal(world->count, 2);
	assert_non_null(strstr(world->raw.data, "\"conversation.messages\""));
	assert_non_null(strstr(world->raw.data, "good day"));

	ask_and_free(world, new_question(ASK_HISTORY, "conv_x"));
	assert_string_equal(world->log.data, "X");
	assert_int_equal(world->status, 404);
	assert_non_null(strstr(world->text.data, "conv_x"));
	conversation_free(conversation);
}

static void
test_delete(void **state)
{
	struct world *world = *state;
	struct conversation *conversation = talk(world, "conv_a");

	ask_and_free(world, new_question(ASK_DELETE, "conv"));
	assert_int_equal(world->status, 404);
	ask_and_free(world, new_question(ASK_DELETE, "conv_a"));
	assert_string_equal(world->log.data, "Z");
	assert_string_equal(world->conversation_id, "conv_a");
	ask_and_free(world, new_question(ASK_DELETE, "conv_a"));
	assert_string_equal(world->log.data, "X");
	assert_int_equal(world->status, 404);
	ask_and_free(world, new_question(ASK_GET, "conv_a"));
	assert_int_equal(world->status, 404);
	conversation_free(conversation);
}

static void
test_agents(void **state)
{
	struct world *world = *state;
	struct error err = ERROR_NONE;
	struct event event = {.type = EVENT_AGENTS, .id = 1000 + ASK_MODELS};
	struct question *question = new_question(ASK_MODELS, NULL);

	assert_true(world->engine->ops->ask(world->engine, question, &err));
	question->kind = ASK_AGENTS;
	assert_true(world->engine->ops->ask(world->engine, question, &err));
	assert_string_equal(world->actor->asked.data, "ma");
	world->actor->responder.emit(world->actor->responder.arg, &event);
	assert_string_equal(world->log.data, "A");
	world->engine->ops->cancel(world->engine, question->id);
	assert_string_equal(world->actor->asked.data, "mak");

	question->kind = ASK_AGENT;
	assert_false(world->engine->ops->ask(world->engine, question, &err));
	assert_int_equal(err.kind, ERR_USAGE);
	error_done(&err);
	question_free(question);
}

static void
test_forgotten_question(void **state)
{
	struct world *world = *state;
	struct error err = ERROR_NONE;
	struct question *question = new_question(ASK_LIST, NULL);

	assert_true(world->engine->ops->ask(world->engine, question, &err));
	world->engine->ops->cancel(world->engine, question->id);
	loop_wait(world->loop, 0);
	assert_int_equal(world->log.len, 0);
	assert_int_equal(world->actor->asked.len, 0);
	question_free(question);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(test_start),
	    TEST(test_append),
	    TEST(test_restart),
	    TEST(test_unsent),
	    TEST(test_interrupted),
	    TEST(test_nothing_kept),
	    TEST(test_refusals),
	    TEST(test_function_results),
	    TEST(test_one_at_a_time),
	    TEST(test_not_streamed),
	    TEST(test_raw_stream),
	    TEST(test_failure_before_start),
	    TEST(test_reply_fails),
	    TEST(test_cancel),
	    TEST(test_free_in_flight),
	    TEST(test_list),
	    TEST(test_list_many),
	    TEST(test_get_and_read),
	    TEST(test_delete),
	    TEST(test_agents),
	    TEST(test_forgotten_question),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
