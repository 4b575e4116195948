/* SPDX-License-Identifier: GPL-3.0-or-later */

/*
 * backend/cloud.c and backend/remote.c against a server of the test's own:
 * what is asked, what comes of every kind of answer, and what is tried again.
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

#include "backend/backend.h"
#include "base/error.h"
#include "base/path.h"
#include "unit/canned.h"

#define COUNT(table) (sizeof(table) / sizeof((table)[0]))

#define STARTED \
	"data: {\"type\":\"conversation.response.started\",\"conversation_id\":\"conv_1\"}\n\n"
#define DELTA "data: {\"type\":\"message.output.delta\",\"id\":\"msg_1\",\"content\":\"Hello\"}\n\n"
#define DONE "data: {\"type\":\"conversation.response.done\",\"usage\":{\"total_tokens\":5}}\n\n"
#define BROKEN \
	"data: {\"type\":\"conversation.response.error\",\"message\":\"no\",\"code\":3000}\n\n"
#define RESPONSE                                                                                  \
	"{\"conversation_id\":\"conv_1\",\"outputs\":[{\"type\":\"message.output\",\"id\":\"m\"," \
	"\"content\":\"Hello\"}],\"usage\":{\"total_tokens\":5}}"
#define JSON "application/json"

struct bench {
	struct loop *loop;
	struct canned *server;
	struct connection connection;
	struct backend *backend;
	struct buf log;	    /* what happened: a letter each, in parentheses for RETRY the seconds */
	struct error error; /* of the last FAILED or RETRY */
	int last;	    /* DONE, FAILED and answers to questions */
	int events;
	unsigned cancel_at; /* cancel from within that event; 0: never */
	bool cancel_now;
	const char *chain; /* what to run from within the last event */
	int raw_events;
};

static const char letters[] = {[EVENT_STARTED] = 'S',
    [EVENT_CHUNK] = 'c',
    [EVENT_TOOL] = 't',
    [EVENT_CALL] = 'f',
    [EVENT_HANDOFF] = 'h',
    [EVENT_ENTRY] = 'e',
    [EVENT_UNKNOWN] = 'u',
    [EVENT_RETRY] = 'R',
    [EVENT_DONE] = 'D',
    [EVENT_FAILED] = 'F',
    [EVENT_CONVERSATIONS] = 'L',
    [EVENT_CONVERSATION] = 'C',
    [EVENT_ENTRIES] = 'E',
    [EVENT_DELETED] = 'X',
    [EVENT_AGENTS] = 'A'};

static unsigned run_turn(struct bench *, bool stream, const char *text);

static void
on_event(void *arg, const struct event *event)
{
	struct bench *bench = arg;

	bench->events++;
	buf_putc(&bench->log, letters[event->type]);
	bench->raw_events += event->raw != NULL;
	if (event->type == EVENT_FAILED || event->type == EVENT_RETRY) {
		assert_non_null(event->error->text);
		assert_true(event->error->text[0] != '\0');
		error_copy(&bench->error, event->error);
	}
	if (event->type == EVENT_RETRY)
		buf_printf(&bench->log, "(%d)", event->seconds);
	if (event->type >= EVENT_DONE)
		bench->last++;
	if (bench->cancel_at != 0 && bench->events == (int)bench->cancel_at)
		bench->backend->ops->cancel(bench->backend, event->id);
	if (event->type >= EVENT_DONE && bench->chain != NULL) {
		const char *text = bench->chain;

		bench->chain = NULL;
		run_turn(bench, true, text);
	}
}

static void
set_up(struct bench *bench)
{
	struct error err = ERROR_NONE;

	memset(bench, 0, sizeof(*bench));
	buf_init(&bench->log, 0);
	bench->loop = loop_new(&err);
	bench->server = canned_new(bench->loop);
	bench->connection = (struct connection){.name = (char *)"test",
	    .api = API_CONVERSATIONS,
	    .base_url = xasprintf("http://127.0.0.1:%d", bench->server->port),
	    .key_source = KEY_LITERAL,
	    .key = (char *)"sesame",
	    .connect_timeout = 5,
	    .stall_timeout = 20};
	bench->backend = cloud_new(bench->loop, &bench->connection, on_event, bench);
}

/* The backend is made anew with what was changed in the connection. */
static void
reconnect(struct bench *bench)
{
	bench->backend->ops->free(bench->backend);
	bench->backend = cloud_new(bench->loop, &bench->connection, on_event, bench);
}

static void
tear_down(struct bench *bench)
{
	bench->backend->ops->free(bench->backend);
	assert_int_equal(bench->server->answers.len, 0);
	canned_free(bench->server);
	loop_free(bench->loop);
	free(bench->connection.base_url);
	array_done(&bench->connection.key_command);
	error_done(&bench->error);
	buf_done(&bench->log);
}

static bool
try_turn(struct bench *bench, bool stream, const char *text, unsigned *id, struct error *err)
{
	static unsigned ids;
	struct turn *turn = turn_new(TURN_START);
	bool begun;
	int before = bench->events;

	turn->id = *id = ++ids;
	turn->model = xstrdup("m");
	turn->stream = stream;
	turn->want_raw = true;
	array_push(&turn->inputs, entry_new_input(text, strlen(text)));
	begun = bench->backend->ops->run(bench->backend, turn, err);
	turn_free(turn);
	/* Nothing comes from within the call. */
	assert_int_equal(bench->events, before);
	return begun;
}

static unsigned
run_turn(struct bench *bench, bool stream, const char *text)
{
	struct error err = ERROR_NONE;
	unsigned id;

	if (!try_turn(bench, stream, text, &id, &err)) {
		print_error("%s\n", err.text);
		fail();
	}
	return id;
}

static unsigned
ask_question(struct bench *bench, enum question_kind kind)
{
	struct question *question = question_new(kind);
	struct error err = ERROR_NONE;
	int before = bench->events;
	static unsigned ids = 1000;
	unsigned id = question->id = ++ids;

	question->conversation_id = xstrdup("conv_1");
	question->agent_id = xstrdup("ag_1");
	question->want_raw = true;
	assert_true(bench->backend->ops->ask(bench->backend, question, &err));
	assert_int_equal(bench->events, before);
	question_free(question);
	return id;
}

static void
wait_last(struct bench *bench, int count)
{
	if (!canned_wait(bench->loop, &bench->last, count))
		print_error("so far: %s\n", bench->log.data);
	assert_true(bench->last >= count);
}

/* Nothing more happens, the end of lingering included. */
static void
expect_log(struct bench *bench, const char *log)
{
	canned_idle(bench->loop, 20);
	assert_string_equal(bench->log.data, log);
}

static void
expect_error(struct bench *bench, enum error_kind kind, const char *part)
{
	if (bench->error.kind != kind || strstr(bench->error.text, part) == NULL)
		print_error("%d: %s\n", bench->error.kind, bench->error.text);
	assert_int_equal(bench->error.kind, kind);
	assert_non_null(strstr(bench->error.text, part));
	assert_null(strstr(bench->error.text, "sesame"));
}

static bool
has_header(struct bench *bench, size_t request, const char *line)
{
	const char *text = bench->server->requests.items[request];
	const char *found = strstr(text, line);

	return found != NULL && found < strstr(text, "\r\n\r\n") + 2;
}

static void
test_request(void **state)
{
	struct bench bench;

	(void)state;
	set_up(&bench);
	canned_stream(bench.server, STARTED DELTA DONE, CANNED_CLOSE, 0);
	canned_answer(bench.server, 200, JSON, "", RESPONSE);
	run_turn(&bench, true, "hi");
	wait_last(&bench, 1);
	assert_true(has_header(&bench, 0, "POST /v1/conversations HTTP/1.1\r\n"));
	assert_true(has_header(&bench, 0, "\r\nAuthorization: Bearer sesame\r\n"));
	assert_true(has_header(&bench, 0, "\r\nAccept: text/event-stream\r\n"));
	assert_true(has_header(&bench, 0, "\r\nContent-Type: application/json\r\n"));
	assert_string_equal(canned_body(bench.server, 0),
	    "{\"inputs\":\"hi\",\"stream\":true,\"store\":true,\"model\":\"m\"}");
	run_turn(&bench, false, "hi");
	wait_last(&bench, 2);
	assert_true(has_header(&bench, 1, "\r\nAccept: application/json\r\n"));
	assert_string_equal(canned_body(bench.server, 1),
	    "{\"inputs\":\"hi\",\"stream\":false,\"store\":true,\"model\":\"m\"}");
	expect_log(&bench, "ScDSeD");
	/* Of the stream each, of the other the last. */
	assert_int_equal(bench.raw_events, 4);
	tear_down(&bench);
}

/* Whatever comes: how a stream may go, and what is told of it. */
static void
test_streams(void **state)
{
	static const struct {
		const char *events;
		enum canned_end end;
		const char *log;
		enum error_kind kind;
		const char *error;
	} cases[] = {
	    {STARTED DELTA DELTA DONE, CANNED_CLOSE, "SccD", ERR_NONE, NULL},
	    {STARTED DELTA DONE, CANNED_HOLD, "ScD", ERR_NONE, NULL},
	    {STARTED DELTA DONE, CANNED_RESET, "ScD", ERR_NONE, NULL},
	    /* The first STARTED counts, and nothing behind the end. */
	    {STARTED STARTED DELTA DONE DELTA DONE BROKEN STARTED, CANNED_CLOSE, "ScD", ERR_NONE,
		NULL},
	    {DELTA DONE, CANNED_CLOSE, "cD", ERR_NONE, NULL},
	    {DONE, CANNED_CLOSE, "D", ERR_NONE, NULL},
	    {STARTED "data: {\"type\":\"new\"}\n\ndata: [DONE]\n\n" DONE, CANNED_CLOSE, "SuD",
		ERR_NONE, NULL},
	    {STARTED "data: {bad\n\n: comment\n\n" DELTA DONE, CANNED_CLOSE, "SucD", ERR_NONE,
		NULL},
	    {STARTED DELTA BROKEN DELTA DONE, CANNED_CLOSE, "ScF", ERR_SERVER, "(code 3000): no"},
	    {STARTED DELTA, CANNED_CLOSE, "ScF", ERR_NETWORK,
		"ended before the answer was complete"},
	    {STARTED DELTA, CANNED_RESET, "ScF", ERR_NETWORK, "127.0.0.1"},
	    {"", CANNED_CLOSE, "F", ERR_NETWORK, "ended before the answer was complete"},
	    /* The last event lacks its empty line. */
	    {STARTED DELTA "data: {\"type\":\"conversation.response.done\"}\n", CANNED_CLOSE, "ScF",
		ERR_NETWORK, "ended before"},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++)
		for (size_t step = 0; step < 8; step += 7) {
			struct bench bench;

			set_up(&bench);
			canned_stream(bench.server, cases[i].events, cases[i].end, step);
			run_turn(&bench, true, "hi");
			wait_last(&bench, 1);
			/* A reset may overtake what was sent before it. */
			if (cases[i].end == CANNED_RESET && cases[i].kind != ERR_NONE)
				assert_int_equal(bench.log.data[bench.log.len - 1], 'F');
			else
				expect_log(&bench, cases[i].log);
			if (cases[i].error != NULL)
				expect_error(&bench, cases[i].kind, cases[i].error);
			tear_down(&bench);
		}
}

/* After the last event the connection is left to the server for a while, then closed. */
static void
test_linger(void **state)
{
	struct bench bench;

	(void)state;
	set_up(&bench);
	canned_stream(bench.server, STARTED DONE, CANNED_HOLD, 0);
	run_turn(&bench, true, "hi");
	wait_last(&bench, 1);
	assert_int_equal(bench.server->closed, 0);
	assert_true(canned_wait(bench.loop, &bench.server->closed, 1));
	expect_log(&bench, "SD");
	tear_down(&bench);
}

/* Answers that are none. */
static void
test_answers(void **state)
{
	static const struct {
		bool stream;
		int status;
		const char *type, *headers, *body, *log;
		enum error_kind kind;
		const char *error;
	} cases[] = {
	    {true, 200, JSON, "", RESPONSE, "SeD", ERR_NONE, NULL},
	    {true, 200, "application/json; charset=utf-8", "", "\xef\xbb\xbf" RESPONSE, "SeD",
		ERR_NONE, NULL},
	    {false, 200, "Application/Problem+JSON", "", RESPONSE, "SeD", ERR_NONE, NULL},
	    {false, 201, "", "", RESPONSE, "SeD", ERR_NONE, NULL},
	    {true, 200, JSON, "", "{\"ok\":true}", "F", ERR_PROTOCOL, "not an answer to a message"},
	    {false, 200, JSON, "", "{\"ok\":true}", "F", ERR_PROTOCOL,
		"not an answer to a message"},
	    {false, 200, JSON, "", "{\"outputs\":[", "F", ERR_PROTOCOL,
		"not an answer to a message"},
	    {false, 200, JSON, "", "\xff\xfe", "F", ERR_PROTOCOL, "not an answer to a message"},
	    {false, 200, "text/event-stream", "", STARTED DONE, "F", ERR_PROTOCOL, "stream"},
	    {true, 200, "text/html", "", "<html>", "F", ERR_PROTOCOL, "web page"},
	    {false, 200, "text/html; charset=x", "", "<html>", "F", ERR_PROTOCOL, "web page"},
	    {true, 200, "image/png", "", "\x89PNG", "F", ERR_PROTOCOL, "neither"},
	    {true, 200, JSON, "", "", "F", ERR_PROTOCOL, "nothing at all (200)"},
	    {false, 200, JSON, "", "", "F", ERR_PROTOCOL, "nothing at all (200)"},
	    {true, 204, "", "", "", "F", ERR_PROTOCOL, "nothing at all (204)"},
	    {true, 304, "", "", "", "F", ERR_PROTOCOL, "(304)"},
	    {true, 307, "", "Location: http://127.0.0.1:1/\r\n", "", "F", ERR_PROTOCOL,
		"redirects elsewhere (307)"},
	    {true, 401, JSON, "mistral-correlation-id: 019a\r\n",
		"{\"detail\":\"Invalid API Key\"}", "F", ERR_AUTH,
		"refused the key (401): Invalid API Key. Check the key of this connection. "
		"(mistral-correlation-id: 019a)"},
	    {true, 403, JSON, "", "{\"message\":\"guardrail\"}", "F", ERR_SERVER, "(403)"},
	    {true, 404, "text/plain", "", "gone", "F", ERR_SERVER, "(404): gone."},
	    {false, 422, JSON, "", "{\"detail\":[{\"loc\":[\"body\",\"inputs\"],\"msg\":\"no\"}]}",
		"F", ERR_SERVER, "(422): inputs: no."},
	    {true, 500, JSON, "", "{\"message\":\"x\"}", "F", ERR_SERVER, "failed (500): x."},
	    {true, 502, "text/html", "", "<title>Bad</title>", "F", ERR_SERVER, "\"Bad\""},
	    {true, 503, "text/plain", "", "upstream", "F", ERR_SERVER, "failed (503): upstream."},
	    {true, 504, "", "", "", "F", ERR_SERVER, "(504)"},
	    {true, 429, JSON, "Retry-After: 61\r\n", "{}", "F", ERR_BUSY, "61 seconds"},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct bench bench;

		set_up(&bench);
		canned_answer(
		    bench.server, cases[i].status, cases[i].type, cases[i].headers, cases[i].body);
		run_turn(&bench, cases[i].stream, "hi");
		wait_last(&bench, 1);
		if (cases[i].error != NULL)
			expect_error(&bench, cases[i].kind, cases[i].error);
		expect_log(&bench, cases[i].log);
		/* Nothing was asked twice, nor sent elsewhere. */
		assert_int_equal(bench.server->requests.len, 1);
		if (cases[i].status >= 400)
			assert_int_equal(bench.error.status, cases[i].status);
		assert_false(bench.error.nothing_sent);
		tear_down(&bench);
	}
}

static void
test_large_error(void **state)
{
	struct bench bench;
	struct buf body = BUF_EMPTY;

	(void)state;
	set_up(&bench);
	buf_puts(&body, "word ");
	buf_pad(&body, 'x', 3 << 20);
	canned_answer(bench.server, 400, "text/plain", "", body.data);
	run_turn(&bench, true, "hi");
	wait_last(&bench, 1);
	expect_error(&bench, ERR_SERVER, "(400): word xxx");
	assert_true(strlen(bench.error.text) < 500);
	buf_done(&body);
	tear_down(&bench);
}

static void
test_large_event(void **state)
{
	struct bench bench;
	struct buf body = BUF_EMPTY;

	(void)state;
	set_up(&bench);
	buf_puts(&body, STARTED "data: ");
	buf_pad(&body, 'x', 17 << 20);
	canned_stream(bench.server, body.data, CANNED_HOLD, 0);
	run_turn(&bench, true, "hi");
	wait_last(&bench, 1);
	expect_error(&bench, ERR_PROTOCOL, "KiB");
	expect_log(&bench, "SF");
	buf_done(&body);
	tear_down(&bench);
}

/* Only events are signs of life. */
static void
test_stall(void **state)
{
	static const enum canned_end ends[] = {CANNED_HOLD, CANNED_BEAT};

	(void)state;
	for (size_t i = 0; i < COUNT(ends); i++) {
		struct bench bench;
		int64_t start;

		set_up(&bench);
		bench.connection.stall_timeout = 1;
		canned_stream(bench.server, STARTED DELTA, ends[i], 0);
		start = clock_ms();
		run_turn(&bench, true, "hi");
		wait_last(&bench, 1);
		assert_in_range(clock_ms() - start, 900, 6000);
		expect_error(&bench, ERR_NETWORK, "silent");
		expect_log(&bench, "ScF");
		assert_true(canned_wait(bench.loop, &bench.server->closed, 1));
		tear_down(&bench);
	}
}

/* The answer to a question asked without a stream may take its time. */
static void
test_patience(void **state)
{
	struct bench bench;

	(void)state;
	set_up(&bench);
	bench.connection.stall_timeout = 1;
	canned_bytes(bench.server, "", 0, CANNED_HOLD);
	run_turn(&bench, false, "hi");
	canned_idle(bench.loop, 2500);
	expect_log(&bench, "");
	tear_down(&bench);
}

/* Trying again. */

static void
test_refused_connection(void **state)
{
	struct bench bench;

	(void)state;
	set_up(&bench);
	canned_deafen(bench.server);
	run_turn(&bench, true, "hi");
	wait_last(&bench, 1);
	expect_error(&bench, ERR_NETWORK, "127.0.0.1");
	assert_true(bench.error.nothing_sent);
	expect_log(&bench, "R(1)R(2)F");
	tear_down(&bench);
}

static void
test_retries(void **state)
{
	static const struct {
		int status;
		const char *headers, *log;
	} cases[] = {
	    {429, "Retry-After: 1\r\n", "R(1)ScD"},
	    {429, "", "R(1)ScD"},
	    {503, "Retry-After: 1\r\n", "R(1)ScD"},
	    {409, "", "R(1)ScD"},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct bench bench;

		set_up(&bench);
		canned_answer(bench.server, cases[i].status, JSON, cases[i].headers,
		    "{\"message\":\"wait\"}");
		canned_stream(bench.server, STARTED DELTA DONE, CANNED_CLOSE, 0);
		run_turn(&bench, true, "hi");
		wait_last(&bench, 1);
		expect_error(&bench, ERR_BUSY, "wait");
		expect_log(&bench, cases[i].log);
		assert_string_equal(canned_body(bench.server, 0), canned_body(bench.server, 1));
		tear_down(&bench);
	}
}

/* What may have arrived is never sent again by itself; what only reads is, once. */
static void
test_lost_answers(void **state)
{
	static const char cut[] = "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"
				  "Content-Length: 100\r\n\r\n[";
	static const struct {
		const char *bytes;
		enum canned_end end;
	} cases[] = {{"", CANNED_CLOSE}, {"", CANNED_RESET}, {cut, CANNED_CLOSE}};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++)
		for (int kind = 0; kind < 3; kind++) {
			struct bench bench;

			set_up(&bench);
			canned_bytes(
			    bench.server, cases[i].bytes, strlen(cases[i].bytes), cases[i].end);
			if (kind == 0) {
				run_turn(&bench, true, "hi");
			} else if (kind == 1) {
				canned_answer(bench.server, 200, JSON, "", "[]");
				ask_question(&bench, ASK_LIST);
			} else {
				ask_question(&bench, ASK_DELETE);
			}
			wait_last(&bench, 1);
			expect_log(&bench, kind == 1 ? "R(1)L" : "F");
			expect_error(&bench, ERR_NETWORK, "127.0.0.1");
			assert_false(bench.error.nothing_sent);
			tear_down(&bench);
		}
}

/* Cancelling. */

static void
test_cancel(void **state)
{
	struct bench bench;
	unsigned id;

	(void)state;
	set_up(&bench);
	/* Before anything was done. */
	id = run_turn(&bench, true, "hi");
	bench.backend->ops->cancel(bench.backend, id);
	assert_int_equal(bench.events, 0);
	wait_last(&bench, 1);
	expect_error(&bench, ERR_CANCELLED, "Stopped");
	/* While the answer comes; twice is once. */
	canned_stream(bench.server, STARTED DELTA, CANNED_HOLD, 0);
	id = run_turn(&bench, true, "hi");
	assert_true(canned_wait(bench.loop, &bench.events, 3));
	bench.backend->ops->cancel(bench.backend, id);
	bench.backend->ops->cancel(bench.backend, id);
	assert_int_equal(bench.events, 3);
	wait_last(&bench, 2);
	assert_true(canned_wait(bench.loop, &bench.server->closed, 1));
	expect_log(&bench, "FScF");
	/* What is over, and what never was. */
	bench.backend->ops->cancel(bench.backend, id);
	bench.backend->ops->cancel(bench.backend, 77777);
	expect_log(&bench, "FScF");
	tear_down(&bench);
}

/* From within each event of a stream, of a whole answer, and of a retry. */
static void
test_cancel_within(void **state)
{
	static const struct {
		unsigned at;
		int status;
		const char *stream, *log;
	} cases[] = {
	    {1, 200, STARTED DELTA DONE, "SF"},
	    {2, 200, STARTED DELTA DELTA DONE, "ScF"},
	    {3, 200, STARTED DELTA DONE, "ScD"},
	    {1, 200, "data: {\"type\":\"message.output.delta\",\"content\":[\"a\",\"b\"]}\n\n",
		"cF"},
	    {1, 200, NULL, "SF"},
	    {2, 200, NULL, "SeF"},
	    {3, 200, NULL, "SeD"},
	    {1, 429, NULL, "R(1)F"},
	    {1, 500, NULL, "F"},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct bench bench;

		set_up(&bench);
		bench.cancel_at = cases[i].at;
		if (cases[i].stream != NULL)
			canned_stream(bench.server, cases[i].stream, CANNED_HOLD, 0);
		else
			canned_answer(bench.server, cases[i].status, JSON, "", RESPONSE);
		run_turn(&bench, cases[i].stream != NULL, "hi");
		wait_last(&bench, 1);
		expect_log(&bench, cases[i].log);
		tear_down(&bench);
	}
}

static void
test_cancel_questions(void **state)
{
	struct bench bench;
	unsigned id;

	(void)state;
	set_up(&bench);
	id = ask_question(&bench, ASK_LIST);
	bench.backend->ops->cancel(bench.backend, id);
	canned_bytes(bench.server, "", 0, CANNED_HOLD);
	id = ask_question(&bench, ASK_LIST);
	while (bench.server->requests.len == 0)
		loop_wait(bench.loop, 50);
	bench.backend->ops->cancel(bench.backend, id);
	assert_true(canned_wait(bench.loop, &bench.server->closed, 1));
	expect_log(&bench, "");
	/* From within its answer, and from within a retry. */
	bench.cancel_at = 1;
	canned_answer(bench.server, 200, JSON, "", "[]");
	ask_question(&bench, ASK_LIST);
	wait_last(&bench, 1);
	bench.cancel_at = 2;
	canned_answer(bench.server, 429, JSON, "", "{}");
	ask_question(&bench, ASK_LIST);
	assert_true(canned_wait(bench.loop, &bench.events, 2));
	canned_idle(bench.loop, 1200);
	expect_log(&bench, "LR(1)");
	tear_down(&bench);
}

static void
test_chain_and_free(void **state)
{
	struct bench bench;

	(void)state;
	set_up(&bench);
	canned_stream(bench.server, STARTED DONE, CANNED_CLOSE, 0);
	canned_stream(bench.server, STARTED DELTA DONE, CANNED_CLOSE, 0);
	bench.chain = "again";
	run_turn(&bench, true, "first");
	wait_last(&bench, 2);
	expect_log(&bench, "SDScD");
	assert_non_null(strstr(canned_body(bench.server, 1), "again"));
	/* Two at once, one waiting, all dropped. */
	canned_stream(bench.server, STARTED, CANNED_HOLD, 0);
	canned_answer(bench.server, 429, JSON, "", "{}");
	run_turn(&bench, true, "a");
	run_turn(&bench, true, "b");
	assert_true(canned_wait(bench.loop, &bench.events, 7));
	run_turn(&bench, true, "c");
	tear_down(&bench);
}

/* Keys. */

static void
set_command(struct bench *bench, const char *script)
{
	bench->connection.key_source = KEY_COMMAND;
	bench->connection.key_command.len = 0;
	array_push(&bench->connection.key_command, (char *)"/bin/sh");
	array_push(&bench->connection.key_command, (char *)"-c");
	array_push(&bench->connection.key_command, (char *)script);
	reconnect(bench);
}

static void
test_key_command(void **state)
{
	char folder[] = "/tmp/causerie-XXXXXX";
	struct bench bench;
	struct error err = ERROR_NONE;
	struct buf log = BUF_EMPTY;
	char *script, *path;

	(void)state;
	assert_non_null(mkdtemp(folder));
	path = xasprintf("%s/runs", folder);
	script = xasprintf("echo run >> %s; echo sesame", path);
	set_up(&bench);
	set_command(&bench, script);
	/* Two that wait for it, and one behind them: one run. */
	for (int i = 0; i < 3; i++)
		canned_stream(bench.server, STARTED DONE, CANNED_CLOSE, 0);
	run_turn(&bench, true, "a");
	run_turn(&bench, true, "b");
	wait_last(&bench, 2);
	run_turn(&bench, true, "c");
	wait_last(&bench, 3);
	for (size_t i = 0; i < 3; i++)
		assert_true(has_header(&bench, i, "\r\nAuthorization: Bearer sesame\r\n"));
	assert_true(path_read(path, 1000, &log, &err));
	assert_string_equal(log.data, "run\n");
	/* A key that was refused is asked for anew. */
	canned_answer(bench.server, 401, JSON, "", "{}");
	canned_stream(bench.server, STARTED DONE, CANNED_CLOSE, 0);
	run_turn(&bench, true, "d");
	wait_last(&bench, 4);
	run_turn(&bench, true, "e");
	wait_last(&bench, 5);
	buf_clear(&log);
	assert_true(path_read(path, 1000, &log, &err));
	assert_string_equal(log.data, "run\nrun\n");
	unlink(path);
	rmdir(folder);
	free(path);
	free(script);
	buf_done(&log);
	tear_down(&bench);
}

static void
test_bad_key_commands(void **state)
{
	static const struct {
		const char *script, *error;
	} cases[] = {
	    {"echo sesame; exit 3", "failed with the status 3"},
	    {"true", "did not print a key"},
	    {"echo sesame; echo two", "key"},
	    {"printf 'sesa\\001me'", "key"},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct bench bench;

		set_up(&bench);
		set_command(&bench, cases[i].script);
		run_turn(&bench, true, "a");
		ask_question(&bench, ASK_MODELS);
		wait_last(&bench, 2);
		expect_log(&bench, "FF");
		expect_error(&bench, ERR_AUTH, cases[i].error);
		assert_true(bench.error.nothing_sent);
		assert_int_equal(bench.server->requests.len, 0);
		tear_down(&bench);
	}
}

static void
test_cancel_waiting_for_key(void **state)
{
	struct bench bench;
	unsigned id;

	(void)state;
	set_up(&bench);
	set_command(&bench, "sleep 30");
	id = run_turn(&bench, true, "a");
	run_turn(&bench, true, "b");
	canned_idle(bench.loop, 50);
	bench.backend->ops->cancel(bench.backend, id);
	wait_last(&bench, 1);
	expect_log(&bench, "F");
	/* Freed while the command runs. */
	tear_down(&bench);
}

static void
expect_refusal(struct bench *bench, enum error_kind kind, const char *part)
{
	struct error err = ERROR_NONE;
	unsigned id;

	assert_false(try_turn(bench, true, "hi", &id, &err));
	assert_int_equal(err.kind, kind);
	assert_non_null(strstr(err.text, part));
	assert_null(strstr(err.text, "sesame"));
	error_done(&err);
	canned_idle(bench->loop, 20);
	assert_int_equal(bench->events, 0);
}

static void
test_refusals(void **state)
{
	struct bench bench;
	char *base;

	(void)state;
	set_up(&bench);
	base = bench.connection.base_url;
	/* A key is not sent in the clear, not even looked for. */
	bench.connection.base_url = (char *)"http://example.org";
	reconnect(&bench);
	expect_refusal(&bench, ERR_CONFIG, "https://");
	bench.connection.base_url = base;
	bench.connection.key_source = KEY_ENV;
	bench.connection.key = (char *)"CAUSERIE_TEST_NO_SUCH_KEY";
	unsetenv("CAUSERIE_TEST_NO_SUCH_KEY");
	reconnect(&bench);
	expect_refusal(&bench, ERR_AUTH, "CAUSERIE_TEST_NO_SUCH_KEY");
	/* Not for ever. */
	setenv("CAUSERIE_TEST_NO_SUCH_KEY", "sesame", 1);
	canned_stream(bench.server, STARTED DONE, CANNED_CLOSE, 0);
	run_turn(&bench, true, "hi");
	wait_last(&bench, 1);
	assert_true(has_header(&bench, 0, "\r\nAuthorization: Bearer sesame\r\n"));
	unsetenv("CAUSERIE_TEST_NO_SUCH_KEY");
	tear_down(&bench);
}

static void
test_no_key_and_base(void **state)
{
	struct bench bench;
	char *plain;

	(void)state;
	set_up(&bench);
	bench.connection.key_source = KEY_NONE;
	plain = bench.connection.base_url;
	bench.connection.base_url = xasprintf("%s/proxy/v1//", plain);
	reconnect(&bench);
	canned_stream(bench.server, STARTED DONE, CANNED_CLOSE, 0);
	run_turn(&bench, true, "hi");
	wait_last(&bench, 1);
	assert_true(has_header(&bench, 0, "POST /proxy/v1/conversations HTTP/1.1\r\n"));
	assert_false(has_header(&bench, 0, "Authorization"));
	free(plain);
	tear_down(&bench);
}

/* A turn that makes no sense fails at once, and so does one without a model. */
static void
test_bad_turn(void **state)
{
	struct bench bench;
	struct turn *turn = turn_new(TURN_START);
	struct error err = ERROR_NONE;

	(void)state;
	set_up(&bench);
	assert_false(bench.backend->ops->run(bench.backend, turn, &err));
	assert_int_equal(err.kind, ERR_USAGE);
	error_done(&err);
	turn_free(turn);
	tear_down(&bench);
}

static void
test_questions(void **state)
{
	static const struct {
		enum question_kind kind;
		int status;
		const char *body, *line, *log;
	} cases[] = {
	    {ASK_LIST, 200, "[]", "GET /v1/conversations?page=0&page_size=100 HTTP/1.1\r\n", "L"},
	    {ASK_GET, 200, "{\"id\":\"conv_1\"}", "GET /v1/conversations/conv_1 HTTP/1.1\r\n", "C"},
	    {ASK_HISTORY, 200, "{\"entries\":[]}",
		"GET /v1/conversations/conv_1/history HTTP/1.1\r\n", "E"},
	    {ASK_MESSAGES, 200, "{\"messages\":[]}",
		"GET /v1/conversations/conv_1/messages HTTP/1.1\r\n", "E"},
	    {ASK_DELETE, 204, "", "DELETE /v1/conversations/conv_1 HTTP/1.1\r\n", "X"},
	    {ASK_DELETE, 200, "", "DELETE /v1/conversations/conv_1 HTTP/1.1\r\n", "X"},
	    {ASK_DELETE, 404, "{\"message\":\"no\"}",
		"DELETE /v1/conversations/conv_1 HTTP/1.1\r\n", "F"},
	    {ASK_AGENTS, 200, "{\"data\":[]}", "GET /v1/agents/pages?page_size=100 HTTP/1.1\r\n",
		"A"},
	    {ASK_AGENT, 200, "{\"id\":\"ag_1\"}", "GET /v1/agents/ag_1 HTTP/1.1\r\n", "A"},
	    {ASK_MODELS, 200, "{\"data\":[]}", "GET /v1/models HTTP/1.1\r\n", "A"},
	    {ASK_GET, 200, "[]", "GET /v1/conversations/conv_1 HTTP/1.1\r\n", "F"},
	    {ASK_GET, 200, "", "GET /v1/conversations/conv_1 HTTP/1.1\r\n", "F"},
	    {ASK_GET, 204, "", "GET /v1/conversations/conv_1 HTTP/1.1\r\n", "F"},
	    {ASK_GET, 401, "", "GET /v1/conversations/conv_1 HTTP/1.1\r\n", "F"},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct bench bench;

		set_up(&bench);
		canned_answer(bench.server, cases[i].status, JSON, "", cases[i].body);
		ask_question(&bench, cases[i].kind);
		wait_last(&bench, 1);
		expect_log(&bench, cases[i].log);
		assert_true(has_header(&bench, 0, cases[i].line));
		assert_true(has_header(&bench, 0, "\r\nAccept: application/json\r\n"));
		assert_false(has_header(&bench, 0, "Content-Type"));
		if (cases[i].log[0] != 'F')
			assert_int_equal(bench.raw_events, 1);
		tear_down(&bench);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_request),
	    cmocka_unit_test(test_streams),
	    cmocka_unit_test(test_linger),
	    cmocka_unit_test(test_answers),
	    cmocka_unit_test(test_large_error),
	    cmocka_unit_test(test_large_event),
	    cmocka_unit_test(test_stall),
	    cmocka_unit_test(test_patience),
	    cmocka_unit_test(test_refused_connection),
	    cmocka_unit_test(test_retries),
	    cmocka_unit_test(test_lost_answers),
	    cmocka_unit_test(test_cancel),
	    cmocka_unit_test(test_cancel_within),
	    cmocka_unit_test(test_cancel_questions),
	    cmocka_unit_test(test_chain_and_free),
	    cmocka_unit_test(test_key_command),
	    cmocka_unit_test(test_bad_key_commands),
	    cmocka_unit_test(test_cancel_waiting_for_key),
	    cmocka_unit_test(test_refusals),
	    cmocka_unit_test(test_no_key_and_base),
	    cmocka_unit_test(test_bad_turn),
	    cmocka_unit_test(test_questions),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
