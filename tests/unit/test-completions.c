/* SPDX-License-Identifier: GPL-3.0-or-later */

/*
 * backend/completions.c and backend/wire-chat.c: what is asked of an
 * OpenAI-compatible server (tests/wire/chats.json) and what is made of its
 * answers, against a server of the test's own.
 */
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
#include <json-c/json.h>

#include "backend/engine.h"
#include "backend/wire-chat.h"
#include "backend/wire.h"
#include "base/error.h"
#include "base/path.h"
#include "model/conversation.h"
#include "unit/canned.h"

#define COUNT(table) (sizeof(table) / sizeof((table)[0]))
#define JSON "application/json"

/* Requests. */

static const char *
member_text(struct json_object *object, const char *key)
{
	struct json_object *value = json_object_object_get(object, key);

	return value == NULL ? NULL : json_object_get_string(value);
}

static struct conversation *
make_conversation(struct json_object *from)
{
	struct conversation *conversation = conversation_new();
	struct json_object *entries = json_object_object_get(from, "entries");

	conversation->id = xstrdup("conv_1");
	conversation->model = xstrdup(member_text(from, "model"));
	conversation->agent_id = xstrdup(member_text(from, "agent_id"));
	conversation->instructions = xstrdup(member_text(from, "instructions"));
	conversation->tools = xstrdup(member_text(from, "tools"));
	conversation->guardrails = xstrdup(member_text(from, "guardrails"));
	conversation->completion_args = xstrdup(member_text(from, "completion_args"));
	for (size_t i = 0; i < json_object_array_length(entries); i++) {
		const char *text = json_object_to_json_string_ext(
		    json_object_array_get_idx(entries, i), JSON_C_TO_STRING_PLAIN);

		array_push(&conversation->entries, wire_read_entry(text, strlen(text)));
	}
	return conversation;
}

static void
expect_json(const char *what, struct json_object *expected, const char *got)
{
	struct json_object *value = json_tokener_parse(got);

	if (value == NULL || !json_object_equal(expected, value)) {
		print_error("%s: expected\n%s\ngot\n%s\n", what,
		    json_object_to_json_string_ext(expected, JSON_C_TO_STRING_PLAIN), got);
		fail();
	}
	json_object_put(value);
}

/*
 * One of chats.json: {"name", "mistral", members of the conversation,
 * "entries", "turn_args", "stream", and "body" or "error"}.
 */
static void
check_chat(struct json_object *from)
{
	struct conversation *conversation = make_conversation(from);
	struct turn *turn = turn_new(TURN_APPEND);
	const char *name = member_text(from, "name"), *wrong = member_text(from, "error");
	struct error err = ERROR_NONE;
	struct buf body = BUF_EMPTY, before = BUF_EMPTY;
	size_t bare = 0;

	turn->stream = json_object_get_boolean(json_object_object_get(from, "stream"));
	turn->completion_args = xstrdup(member_text(from, "turn_args"));
	if (wire_chat_body(conversation, turn,
		json_object_get_boolean(json_object_object_get(from, "mistral")), &body, &bare,
		&err) != (wrong == NULL)) {
		print_error("%s: %s\n", name, wrong == NULL ? err.text : body.data);
		fail();
	}
	if (wrong == NULL) {
		buf_add(&before, body.data, bare);
		buf_putc(&before, '}');
		expect_json(name, json_object_object_get(from, "body"), before.data);
		assert_true(wire_is_object(body.data));
		assert_string_equal(body.data + bare,
		    turn->stream &&
			    !json_object_get_boolean(json_object_object_get(from, "mistral"))
			? ",\"stream_options\":{\"include_usage\":true}}"
			: "}");
	} else {
		assert_int_equal(err.kind, ERR_USAGE);
		assert_non_null(strstr(err.text, wrong));
	}
	error_done(&err);
	buf_done(&body);
	buf_done(&before);
	turn_free(turn);
	conversation_free(conversation);
}

static void
test_chats(void **state)
{
	const char *folder = getenv("srcdir");
	char *path = xasprintf("%s/wire/chats.json", folder == NULL ? "." : folder);
	struct error err = ERROR_NONE;
	struct buf text = BUF_EMPTY;
	struct json_object *list;

	(void)state;
	assert_true(path_read(path, 1 << 20, &text, &err));
	list = json_tokener_parse(text.data);
	assert_non_null(list);
	assert_true(json_object_array_length(list) >= 15);
	for (size_t i = 0; i < json_object_array_length(list); i++)
		check_chat(json_object_array_get_idx(list, i));
	json_object_put(list);
	buf_done(&text);
	free(path);
}

/* Answers. */

struct bench {
	struct loop *loop;
	struct canned *server;
	struct connection connection;
	struct responder *responder;
	struct buf log, raw;
	struct error error;
	int last, events;
	unsigned cancel_at;
	char message_id[80]; /* of the chunks, one and the same */
};

static void
put_chunk(struct bench *bench, const struct event *event)
{
	const struct chunk *chunk = event->chunk;

	assert_true(strncmp(event->entry_id, "msg_", 4) == 0);
	if (bench->message_id[0] == '\0')
		snprintf(bench->message_id, sizeof(bench->message_id), "%s", event->entry_id);
	assert_string_equal(bench->message_id, event->entry_id);
	buf_printf(&bench->log, "%s %d.%d %s%s\n", chunk_type_name(chunk->type),
	    event->output_index, chunk->index, chunk->text.data, chunk->raw != NULL ? " raw" : "");
}

static void
put_entry(struct bench *bench, const struct entry *entry)
{
	buf_printf(&bench->log, "entry %d %s", entry->output_index, entry_type_name(entry));
	assert_non_null(entry->id);
	assert_non_null(entry->created_at);
	if (entry->type == ENTRY_FUNCTION_CALL)
		buf_printf(&bench->log, " %s(%s) %s", entry->name, entry->arguments.data,
		    entry->tool_call_id);
	for (size_t i = 0; i < entry->chunks.len; i++)
		buf_printf(&bench->log, " %s:%s", chunk_type_name(entry->chunks.items[i].type),
		    entry->chunks.items[i].text.data);
	buf_putc(&bench->log, '\n');
}

static void
on_event(void *arg, const struct event *event)
{
	struct bench *bench = arg;
	char *type;

	bench->events++;
	if (event->raw != NULL) {
		assert_int_equal(strlen(event->raw), event->raw_len);
		assert_true(wire_is_object(event->raw));
		type = wire_get_string(event->raw, "type");
		buf_printf(&bench->raw, "%s\n", type != NULL ? type : event->raw);
		free(type);
	}
	switch (event->type) {
	case EVENT_CHUNK:
		put_chunk(bench, event);
		break;
	case EVENT_CALL:
		assert_true(strncmp(event->entry_id, "fc_", 3) == 0);
		buf_printf(&bench->log, "call %d %s %s %s\n", event->output_index, event->name,
		    event->tool_call_id, event->arguments);
		break;
	case EVENT_ENTRY:
		put_entry(bench, event->entry);
		break;
	case EVENT_DONE:
		buf_puts(&bench->log, "done");
		if (event->usage != NULL)
			buf_printf(&bench->log, " %d+%d", (int)event->usage->prompt_tokens,
			    (int)event->usage->completion_tokens);
		buf_putc(&bench->log, '\n');
		break;
	case EVENT_RETRY:
		buf_printf(&bench->log, "retry %d\n", event->seconds);
		break;
	case EVENT_FAILED:
		buf_puts(&bench->log, "failed\n");
		error_copy(&bench->error, event->error);
		break;
	case EVENT_AGENTS:
		buf_printf(&bench->log, "agents %zu\n", event->agent_count);
		break;
	default:
		fail();
	}
	if (event->type >= EVENT_DONE)
		bench->last++;
	if (bench->cancel_at != 0 && bench->events == (int)bench->cancel_at)
		bench->responder->ops->cancel(bench->responder, event->id);
}

static void
set_up(struct bench *bench)
{
	struct error err = ERROR_NONE;

	memset(bench, 0, sizeof(*bench));
	buf_init(&bench->log, 0);
	buf_init(&bench->raw, 0);
	bench->loop = loop_new(&err);
	bench->server = canned_new(bench->loop);
	bench->connection = (struct connection){.name = (char *)"laptop",
	    .api = API_CHAT_COMPLETIONS,
	    .base_url = xasprintf("http://127.0.0.1:%d/v1", bench->server->port),
	    .connect_timeout = 5,
	    .stall_timeout = 20};
	bench->responder = completions_new(bench->loop, &bench->connection);
	bench->responder->emit = on_event;
	bench->responder->arg = bench;
}

static void
tear_down(struct bench *bench)
{
	bench->responder->ops->free(bench->responder);
	assert_int_equal(bench->server->answers.len, 0);
	canned_free(bench->server);
	loop_free(bench->loop);
	free(bench->connection.base_url);
	error_done(&bench->error);
	buf_done(&bench->log);
	buf_done(&bench->raw);
}

static unsigned
run_turn(struct bench *bench, bool stream)
{
	static unsigned ids;
	struct conversation *conversation = conversation_new();
	struct turn *turn = turn_new(TURN_START);
	struct error err = ERROR_NONE;
	unsigned id = turn->id = ++ids;
	int before = bench->events;

	conversation->id = xstrdup("conv_1");
	conversation->model = xstrdup("qwen3:8b");
	array_push(&conversation->entries, entry_new_input("hi", 2));
	turn->stream = stream;
	turn->want_raw = true;
	assert_true(bench->responder->ops->reply(bench->responder, conversation, turn, &err));
	assert_int_equal(bench->events, before);
	conversation_free(conversation);
	turn_free(turn);
	return id;
}

static void
wait_last(struct bench *bench, int count)
{
	if (!canned_wait(bench->loop, &bench->last, count))
		print_error("so far: %s\n", bench->log.data);
	assert_true(bench->last >= count);
	canned_idle(bench->loop, 20);
	assert_int_equal(bench->last, count);
}

#define CHUNK(delta) "data: {\"choices\":[{\"index\":0,\"delta\":" delta "}]}\n\n"
#define STOP(reason) \
	"data: {\"choices\":[{\"index\":0,\"delta\":{},\"finish_reason\":\"" reason "\"}]}\n\n"
#define USAGE "data: {\"choices\":[],\"usage\":{\"prompt_tokens\":7,\"completion_tokens\":2}}\n\n"
#define END "data: [DONE]\n\n"
#define CALL(index, id, name, arguments)                                                           \
	CHUNK("{\"tool_calls\":[{" index id "\"function\":{" name "\"arguments\":" arguments "}}]" \
	      "}")

static const struct stream {
	const char *events, *log;
	enum error_kind kind;
	const char *error;
} streams[] = {
    /* Content and usage, in the ways servers have. */
    {CHUNK("{\"role\":\"assistant\",\"content\":\"\"}") CHUNK("{\"content\":\"Hel\"}")
	    CHUNK("{\"content\":\"lo\"}") STOP("stop") USAGE END,
	"text 0.0 Hel\ntext 0.0 lo\ndone 7+2\n", ERR_NONE, NULL},
    {CHUNK(
	 "{\"content\":\"a\"}") "data: {\"choices\":[{\"delta\":{\"content\":\"b\"},"
				"\"finish_reason\":\"stop\"}],\"usage\":{\"prompt_tokens\":1}}\n\n",
	"text 0.0 a\ntext 0.0 b\ndone 1+0\n", ERR_NONE, NULL},
    {CHUNK("{\"content\":\"a\"}") STOP("length") END, "text 0.0 a\ndone\n", ERR_NONE, NULL},
    {": keep-alive\n\n" CHUNK("{\"content\":\"a\"}") END, "text 0.0 a\ndone\n", ERR_NONE, NULL},
    {CHUNK("{\"content\":null}") STOP("stop"), "done\n", ERR_NONE, NULL},
    {CHUNK("{\"content\":\"a\\u0000b\"}") END, "text 0.0 a\ndone\n", ERR_NONE, NULL},
    {"event: message\r\ndata: {\"choices\":[{\"delta\":{\"content\":\"a\"}}]}\r\n\r\n" END,
	"text 0.0 a\ndone\n", ERR_NONE, NULL},
    /* Nothing behind the end. */
    {CHUNK("{\"content\":\"a\"}") END CHUNK("{\"content\":\"b\"}") END, "text 0.0 a\ndone\n",
	ERR_NONE, NULL},
    /* Other choices, other shapes, nonsense. */
    {"data: {\"choices\":[{\"index\":1,\"delta\":{\"content\":\"no\"}},{\"index\":0,\"delta\":"
     "{\"content\":\"a\"}}]}\n\n" END,
	"text 0.0 a\ndone\n", ERR_NONE, NULL},
    {"data: {bad\n\ndata: 5\n\ndata: {\"choices\":5}\n\ndata: {\"choices\":[5,null,{}]}\n\n" CHUNK(
	 "5") CHUNK("{\"content\":5}") CHUNK("{\"content\":\"a\"}") END,
	"unknown 0.0  raw\ntext 0.1 a\ndone\n", ERR_NONE, NULL},
    {"data: {\"choices\":[{\"message\":{\"content\":\"a\"}}]}\n\n" END, "text 0.0 a\ndone\n",
	ERR_NONE, NULL},
    {CHUNK("{\"refusal\":\"I will not.\"}") END, "text 0.0 I will not.\ndone\n", ERR_NONE, NULL},
    /* Thinking comes first and has a place of its own. */
    {CHUNK("{\"reasoning_content\":\"hm\"}")
	    CHUNK("{\"reasoning_content\":\" so\",\"content\":null}") CHUNK("{\"content\":\"a\"}")
		CHUNK("{\"content\":\"b\"}") STOP("stop") END,
	"thinking 0.0 hm\nthinking 0.0  so\ntext 0.1 a\ntext 0.1 b\ndone\n", ERR_NONE, NULL},
    {CHUNK("{\"reasoning\":\"hm\",\"content\":\"\"}") CHUNK("{\"content\":\"a\"}")
	    CHUNK("{\"reasoning\":\"oh\"}") CHUNK("{\"content\":\"b\"}") END,
	"thinking 0.0 hm\ntext 0.1 a\nthinking 0.2 oh\ntext 0.3 b\ndone\n", ERR_NONE, NULL},
    {CHUNK("{\"content\":[{\"type\":\"thinking\",\"thinking\":[{\"type\":\"text\",\"text\":\"hm\"}]"
	   "}]}") CHUNK("{\"content\":[{\"type\":\"thinking\",\"thinking\":[{\"type\":\"text\","
			"\"text\":\"!\"}]},"
			"{\"type\":\"text\",\"text\":\"a\"}]}") CHUNK("{\"content\":\"b\"}")
	    CHUNK("{\"content\":[{\"type\":\"reference\",\"reference_ids\":[1]},null]}")
		CHUNK("{\"content\":\"c\"}") END,
	"thinking 0.0 hm\nthinking 0.0 !\ntext 0.1 a\ntext 0.1 b\nreference 0.2  raw\ntext 0.3 "
	"c\ndone\n",
	ERR_NONE, NULL},
    /* Calls: in pieces, whole, without what they should have. */
    {CHUNK("{\"content\":\"a\"}") CALL("\"index\":0,", "\"id\":\"x1\",", "\"name\":\"f\",", "\"\"")
	    CALL("\"index\":0,", "", "", "\"{\\\"a\\\"\"") CALL("\"index\":0,", "", "", "\":1}\"")
		STOP("tool_calls") END,
	"text 0.0 a\ncall 1 f x1 \ncall 1 f x1 {\"a\"\ncall 1 f x1 :1}\ndone\n", ERR_NONE, NULL},
    {CALL("\"index\":0,", "\"id\":\"x1\",", "\"name\":\"f\",", "\"{\"")
	    CALL("\"index\":1,", "\"id\":\"x2\",", "\"name\":\"g\",", "\"{}\"")
		CALL("\"index\":0,", "\"id\":\"\",", "\"name\":null,", "\"}\"") END,
	"call 0 f x1 {\ncall 1 g x2 {}\ncall 0 f x1 }\ndone\n", ERR_NONE, NULL},
    {CALL("\"index\":0,", "\"id\":\"x1\",", "\"name\":\"f\",", "\"{}\"")
	    CALL("\"index\":0,", "\"id\":\"x2\",", "\"name\":\"f\",", "{\"a\":1}") END,
	"call 0 f x1 {}\ncall 1 f x2 {\"a\":1}\ndone\n", ERR_NONE, NULL},
    {CALL("\"index\":0,", "\"id\":\"x1\",", "", "\"{\"")
	    CALL("\"index\":0,", "", "\"name\":\"f\",", "\"}\"") END,
	"call 0 f x1 {}\ndone\n", ERR_NONE, NULL},
    {CALL("", "\"id\":\"x1\",", "\"name\":\"f\",", "\"\"") STOP("tool_calls") END,
	"call 0 f x1 \ncall 0 f x1 {}\ndone\n", ERR_NONE, NULL},
    {CALL("", "\"id\":\"x1\",", "", "\"{}\"") CHUNK("{\"tool_calls\":[5,null]}") END, "done\n",
	ERR_NONE, NULL},
    /* The end that is none. */
    {CHUNK("{\"content\":\"a\"}"), "text 0.0 a\nfailed\n", ERR_NETWORK,
	"ended before the answer was complete"},
    {"", "failed\n", ERR_NETWORK, "ended before the answer was complete"},
    {CHUNK("{\"content\":\"a\"}") STOP("error") END, "text 0.0 a\nfailed\n", ERR_SERVER,
	"no reason"},
    /* Errors in the stream. */
    {CHUNK("{\"content\":\"a\"}") "data: {\"error\":{\"message\":\"out of "
				  "memory\",\"code\":500}}\n\n" END,
	"text 0.0 a\nfailed\n", ERR_SERVER, "(code 500): out of memory."},
    {"data: {\"error\":\"plain\"}\n\n", "failed\n", ERR_SERVER, "plain"},
    {"data: {\"object\":\"error\",\"message\":\"worse\"}\n\n", "failed\n", ERR_SERVER, "worse"},
    {"data: {\"error\":{\"message\":\"slow down\",\"code\":429}}\n\n", "failed\n", ERR_BUSY,
	"slow down"},
};

static void
test_streams(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(streams); i++)
		for (size_t step = 0; step <= 5; step += 5) {
			struct bench bench;

			set_up(&bench);
			canned_stream(bench.server, streams[i].events, CANNED_CLOSE, step);
			run_turn(&bench, true);
			wait_last(&bench, 1);
			if (strcmp(bench.log.data, streams[i].log) != 0)
				print_error("%s\n", streams[i].events);
			assert_string_equal(bench.log.data, streams[i].log);
			if (streams[i].error != NULL) {
				assert_int_equal(bench.error.kind, streams[i].kind);
				assert_non_null(strstr(bench.error.text, streams[i].error));
			}
			tear_down(&bench);
		}
}

static void
test_request_and_raw(void **state)
{
	struct bench bench;

	(void)state;
	set_up(&bench);
	canned_stream(bench.server,
	    CHUNK("{\"reasoning\":\"hm\"}") CHUNK("{\"content\":\"a\"}")
		CALL("", "\"id\":\"x1\",", "\"name\":\"f\",", "\"{}\"") END,
	    CANNED_CLOSE, 0);
	run_turn(&bench, true);
	wait_last(&bench, 1);
	assert_non_null(
	    strstr(bench.server->requests.items[0], "POST /v1/chat/completions HTTP/1.1\r\n"));
	assert_null(strstr(bench.server->requests.items[0], "Authorization"));
	assert_string_equal(canned_body(bench.server, 0),
	    "{\"model\":\"qwen3:8b\",\"messages\":[{\"role\":\"user\",\"content\":\"hi\"}],"
	    "\"stream\":true,"
	    "\"stream_options\":{\"include_usage\":true}}");
	/* The Conversations API's events, made of the server's. */
	assert_string_equal(bench.raw.data,
	    "message.output.delta\nmessage.output.delta\nfunction.call.delta\n"
	    "conversation.response.done\n");
	tear_down(&bench);
}

/* Once it was said how the answer ended, the connection may end as it likes. */
static void
test_endings(void **state)
{
	static const enum canned_end ends[] = {CANNED_CLOSE, CANNED_HOLD};
	static const char cut[] =
	    "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n"
	    "Content-Length: 5000\r\n\r\n" CHUNK("{\"content\":\"a\"}") STOP("stop");
	struct bench bench;

	(void)state;
	for (size_t i = 0; i < COUNT(ends); i++) {
		set_up(&bench);
		bench.connection.stall_timeout = 1;
		canned_bytes(bench.server, cut, strlen(cut), ends[i]);
		run_turn(&bench, true);
		wait_last(&bench, 1);
		assert_string_equal(bench.log.data, "text 0.0 a\ndone\n");
		tear_down(&bench);
	}
}

static void
test_whole_answers(void **state)
{
	static const char head[] = "{\"object\":\"conversation.response\",\"conversation_id\":"
				   "\"conv_1\",\"outputs\":[";
	static const struct {
		bool stream;
		const char *body, *log;
		const char *error;
	} cases[] = {
	    {false,
		"{\"choices\":[{\"index\":0,\"message\":{\"role\":\"assistant\",\"content\":"
		"\"Hello\"},"
		"\"finish_reason\":\"stop\"}],\"usage\":{\"prompt_tokens\":3,\"completion_tokens\":"
		"4}}",
		"entry 0 message.output text:Hello\ndone 3+4\n", NULL},
	    {true,
		"{\"choices\":[{\"message\":{\"content\":\"Hello\",\"reasoning_content\":\"hm\"}}]"
		"}",
		"entry 0 message.output thinking:hm text:Hello\ndone\n", NULL},
	    {false,
		"{\"choices\":[{\"message\":{\"content\":null,\"tool_calls\":[{\"id\":\"x\","
		"\"function\":"
		"{\"name\":\"f\",\"arguments\":\"{}\"}},{\"id\":\"y\",\"function\":{\"name\":\"g\","
		"\"arguments\":{\"a\":1}}},{\"function\":{\"name\":\"h\"}}]}}]}",
		NULL, NULL},
	    {false, "{\"choices\":[]}", "done\n", NULL},
	    {false, "{}", "failed\n", "not an answer"},
	    {false, "[", "failed\n", "not an answer"},
	    {true, "{\"error\":{\"message\":\"no model\"}}", "failed\n", "no model"},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct bench bench;

		set_up(&bench);
		canned_answer(bench.server, 200, JSON, "", cases[i].body);
		run_turn(&bench, cases[i].stream);
		wait_last(&bench, 1);
		if (cases[i].log != NULL) {
			assert_string_equal(bench.log.data, cases[i].log);
		} else {
			/* An id that was missing has been made: nine letters and digits. */
			assert_non_null(strstr(bench.log.data,
			    "entry 0 function.call f({}) x\nentry 1 function.call g({\"a\":1}) y\n"
			    "entry 2 function.call h({}) "));
			assert_int_equal(
			    strspn(strstr(bench.log.data, "h({}) ") + 6, "0123456789abcdef"), 9);
		}
		if (cases[i].error != NULL)
			assert_non_null(strstr(bench.error.text, cases[i].error));
		else
			assert_ptr_equal(strstr(bench.raw.data, head), bench.raw.data);
		tear_down(&bench);
	}
}

/* The one refusal after which it asks again, once, and remembers. */
static void
test_stream_options(void **state)
{
	static const char no[] = "{\"detail\":[{\"loc\":[\"body\",\"stream_options\"],"
				 "\"msg\":\"Extra inputs are not permitted\"}]}";
	struct bench bench;

	(void)state;
	set_up(&bench);
	canned_answer(bench.server, 422, JSON, "", no);
	canned_stream(bench.server, CHUNK("{\"content\":\"a\"}") END, CANNED_CLOSE, 0);
	canned_stream(bench.server, CHUNK("{\"content\":\"b\"}") END, CANNED_CLOSE, 0);
	run_turn(&bench, true);
	wait_last(&bench, 1);
	bench.message_id[0] = '\0';
	run_turn(&bench, true);
	wait_last(&bench, 2);
	assert_string_equal(bench.log.data, "text 0.0 a\ndone\ntext 0.0 b\ndone\n");
	assert_non_null(strstr(canned_body(bench.server, 0), "stream_options"));
	assert_string_equal(canned_body(bench.server, 1),
	    "{\"model\":\"qwen3:8b\",\"messages\":[{\"role\":\"user\",\"content\":\"hi\"}],"
	    "\"stream\":true}");
	assert_string_equal(canned_body(bench.server, 1), canned_body(bench.server, 2));
	/* Refused all the same. */
	canned_answer(bench.server, 422, JSON, "", no);
	run_turn(&bench, true);
	wait_last(&bench, 3);
	assert_non_null(strstr(bench.error.text, "stream_options: Extra inputs"));
	tear_down(&bench);
}

static void
test_failures(void **state)
{
	static const struct {
		int status;
		const char *headers, *body, *log;
		enum error_kind kind;
		const char *error;
	} cases[] = {
	    {400, "", "{\"error\":{\"message\":\"bad\"}}", "failed\n", ERR_SERVER, "(400): bad."},
	    {404, "", "{\"error\":\"model 'x' not found\"}", "failed\n", ERR_SERVER,
		"(404): model 'x' not found."},
	    {500, "", "stream_options", "failed\n", ERR_SERVER, "(500)"},
	    {401, "", "{\"error\":{\"message\":\"key\"}}", "failed\n", ERR_AUTH, "(401): key."},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct bench bench;

		set_up(&bench);
		canned_answer(bench.server, cases[i].status, JSON, cases[i].headers, cases[i].body);
		run_turn(&bench, true);
		wait_last(&bench, 1);
		assert_string_equal(bench.log.data, cases[i].log);
		assert_int_equal(bench.error.kind, cases[i].kind);
		assert_non_null(strstr(bench.error.text, cases[i].error));
		tear_down(&bench);
	}
}

static void
test_server_away(void **state)
{
	struct bench bench;

	(void)state;
	set_up(&bench);
	canned_deafen(bench.server);
	run_turn(&bench, true);
	wait_last(&bench, 1);
	assert_string_equal(bench.log.data, "retry 1\nretry 2\nfailed\n");
	assert_true(bench.error.nothing_sent);
	tear_down(&bench);
}

static void
test_cancel(void **state)
{
	struct bench bench;
	unsigned id;

	(void)state;
	set_up(&bench);
	id = run_turn(&bench, true);
	bench.responder->ops->cancel(bench.responder, id);
	assert_int_equal(bench.events, 0);
	wait_last(&bench, 1);
	assert_int_equal(bench.error.kind, ERR_CANCELLED);
	/* From within each event. */
	for (unsigned at = 2; at <= 4; at++) {
		bench.cancel_at = at;
		bench.events = 1;
		bench.message_id[0] = '\0';
		buf_clear(&bench.log);
		canned_stream(bench.server,
		    CHUNK("{\"content\":[{\"type\":\"thinking\",\"thinking\":\"a\"},\"b\"]}")
			CALL("", "\"id\":\"x\",", "\"name\":\"f\",", "\"\"") STOP("stop"),
		    CANNED_HOLD, 0);
		run_turn(&bench, true);
		wait_last(&bench, (int)at);
		assert_true(canned_wait(bench.loop, &bench.server->closed, (int)at - 1));
		assert_non_null(strstr(bench.log.data, "failed\n"));
		assert_null(strstr(bench.log.data, "done"));
	}
	bench.responder->ops->cancel(bench.responder, 77777);
	/* Freed in the middle. */
	bench.cancel_at = 0;
	canned_stream(bench.server, CHUNK("{\"content\":\"a\"}"), CANNED_HOLD, 0);
	bench.message_id[0] = '\0';
	run_turn(&bench, true);
	assert_true(canned_wait(bench.loop, &bench.events, bench.events + 1));
	tear_down(&bench);
}

static void
test_cancel_whole(void **state)
{
	(void)state;
	for (unsigned at = 1; at <= 2; at++) {
		struct bench bench;

		set_up(&bench);
		bench.cancel_at = at;
		canned_answer(bench.server, 200, JSON, "",
		    "{\"choices\":[{\"message\":{\"content\":\"a\",\"tool_calls\":[{\"id\":\"x\","
		    "\"function\":{\"name\":\"f\"}}]}}]}");
		run_turn(&bench, false);
		wait_last(&bench, 1);
		assert_null(strstr(bench.log.data, "done"));
		tear_down(&bench);
	}
}

static bool
ask(struct bench *bench, enum question_kind kind, struct error *err)
{
	struct question *question = question_new(kind);
	bool asked;

	question->id = 999;
	question->want_raw = true;
	asked = bench->responder->ops->ask(bench->responder, question, err);
	question_free(question);
	return asked;
}

static void
test_questions(void **state)
{
	struct bench bench;
	struct error err = ERROR_NONE;

	(void)state;
	set_up(&bench);
	canned_answer(
	    bench.server, 200, JSON, "", "{\"object\":\"list\",\"data\":[{\"id\":\"a\"}]}");
	assert_true(ask(&bench, ASK_MODELS, &err));
	wait_last(&bench, 1);
	assert_non_null(strstr(bench.server->requests.items[0], "GET /v1/models HTTP/1.1\r\n"));
	assert_true(ask(&bench, ASK_AGENTS, &err));
	assert_int_equal(bench.events, 1);
	wait_last(&bench, 2);
	assert_string_equal(bench.log.data, "agents 1\nagents 0\n");
	assert_false(ask(&bench, ASK_LIST, &err));
	assert_int_equal(err.kind, ERR_USAGE);
	error_done(&err);
	canned_answer(bench.server, 404, JSON, "", "{}");
	assert_true(ask(&bench, ASK_MODELS, &err));
	wait_last(&bench, 3);
	/* Cancelled questions are never heard of again. */
	assert_true(ask(&bench, ASK_AGENTS, &err));
	bench.responder->ops->cancel(bench.responder, 999);
	canned_bytes(bench.server, "", 0, CANNED_HOLD);
	assert_true(ask(&bench, ASK_MODELS, &err));
	while (bench.server->requests.len < 3)
		loop_wait(bench.loop, 50);
	bench.responder->ops->cancel(bench.responder, 999);
	wait_last(&bench, 3);
	tear_down(&bench);
}

static void
test_bad_turn(void **state)
{
	struct bench bench;
	struct conversation *conversation = conversation_new();
	struct turn *turn = turn_new(TURN_START);
	struct error err = ERROR_NONE;

	(void)state;
	set_up(&bench);
	assert_false(bench.responder->ops->reply(bench.responder, conversation, turn, &err));
	assert_int_equal(err.kind, ERR_USAGE);
	error_done(&err);
	conversation_free(conversation);
	turn_free(turn);
	tear_down(&bench);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_chats),
	    cmocka_unit_test(test_streams),
	    cmocka_unit_test(test_request_and_raw),
	    cmocka_unit_test(test_endings),
	    cmocka_unit_test(test_whole_answers),
	    cmocka_unit_test(test_stream_options),
	    cmocka_unit_test(test_failures),
	    cmocka_unit_test(test_server_away),
	    cmocka_unit_test(test_cancel),
	    cmocka_unit_test(test_cancel_whole),
	    cmocka_unit_test(test_questions),
	    cmocka_unit_test(test_bad_turn),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
