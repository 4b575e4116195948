/* SPDX-License-Identifier: GPL-3.0-or-later */

/*
 * A server for tests: Mistral's Conversations API and OpenAI-like chat
 * completions, kept in memory and as strict as the live ones, with every fault a
 * network and a server can have. One process, one thread, loopback only.
 *
 *	fakeserver [--port N] [--port-file FILE] [--log FILE] [--key KEY] [--dir FOLDER]
 *	           [--agents N] [--new-ids] [--openai]
 *	fakeserver --request PORT METHOD PATH [BODY]
 *
 * The first form listens on 127.0.0.1, writes the port to FILE (whole or not at
 * all) and serves until SIGTERM or the end of its parent. The second is a small
 * client for scripts: it prints the body of the answer and succeeds on 2xx.
 *
 * What is answered depends on the prompt alone, so that tests are certain of
 * it: "You said: ..." and so on, with directives, words that begin with "!",
 * for other answers and for faults. README in this folder lists them all.
 */

#include "config.h"

#include "fake.h"

#include <arpa/inet.h>
#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#ifdef __linux__
#include <sys/prctl.h>
#endif
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define MAX_CLIENTS 256
#define MAX_HEAD (256 * 1024)
#define MAX_BODY (64 * 1024 * 1024)
#define KEEPALIVE_MS 100

struct options options = {.key = "test-key", .agents = 3};

enum step_type {
	STEP_SEND,
	STEP_WAIT,	/* ms */
	STEP_HOLD,	/* until POST /_release */
	STEP_STALL,	/* for ever */
	STEP_KEEPALIVE, /* for ever, with comments */
	STEP_CLOSE,
	STEP_RESET,
};

struct step {
	enum step_type type;
	char *data;
	size_t len;
	long ms;
};

struct client {
	int fd;
	long number;
	struct text in;
	bool continued; /* 100 was sent for this request */
	bool busy;	/* with an answer */
	bool last;	/* closes after it */
	bool onebyte;
	struct step *steps;
	size_t count, at, sent;
	int64_t wake; /* of the step being waited in; 0: not begun */
	int64_t since;
	struct json_object *record;
};

struct fault {
	char *text, *method, *path;
	long count;
};

/* How often a prompt with !times was seen. */
struct seen {
	char *prompt;
	long count;
};

static struct client clients[MAX_CLIENTS];
static size_t client_count;
static long connection_number, request_number;
static struct json_object *records;
static struct fault *faults;
static size_t fault_count;
static struct seen *seen;
static size_t seen_count;
static FILE *log_file;
static int port;
static volatile sig_atomic_t stopped;

static int64_t
now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* ---- replies ---- */

void
reply_piece(struct reply *r, const char *data, size_t len)
{
	r->pieces = realloc(r->pieces, (r->count + 1) * sizeof(struct piece));
	if (r->pieces == NULL)
		die("out of memory");
	r->pieces[r->count++] = (struct piece){copy_len(data, len), len};
}

static void
reply_clear(struct reply *r)
{
	for (size_t i = 0; i < r->count; i++)
		free(r->pieces[i].data);
	free(r->pieces);
	r->pieces = NULL;
	r->count = 0;
	json_object_put(r->plain);
	r->plain = NULL;
	r->stream = false;
}

static void
reply_bytes(struct reply *r, int status, const char *type, const char *data, size_t len)
{
	reply_clear(r);
	r->status = status;
	r->type = type;
	reply_piece(r, data, len);
}

void
reply_json(struct reply *r, int status, struct json_object *body)
{
	const char *text = js_text(body);

	reply_bytes(r, status, "application/json", text, strlen(text));
	json_object_put(body);
}

void
reply_event(struct reply *r, const char *name, struct json_object *data)
{
	struct text event = {0};

	if (name != NULL)
		text_printf(&event, "event: %s\n", name);
	text_printf(&event, "data: %s\n\n", js_text(data));
	reply_piece(r, event.data, event.len);
	text_done(&event);
	json_object_put(data);
}

static void
reply_openai_error(struct reply *r, int status, const char *message)
{
	struct json_object *body = json_object_new_object(), *error = json_object_new_object();

	js_set(error, "message", message);
	js_set(error, "type", status >= 500 ? "server_error" : "invalid_request_error");
	json_object_object_add(error, "param", NULL);
	json_object_object_add(error, "code", json_object_new_int(status));
	json_object_object_add(body, "error", error);
	reply_json(r, status, body);
}

void
reply_error(struct reply *r, int status, int code, const char *format, ...)
{
	struct json_object *body = json_object_new_object();
	char *message = NULL;
	va_list args;

	va_start(args, format);
	if (vasprintf(&message, format, args) < 0)
		die("out of memory");
	va_end(args);
	if (options.openai) {
		reply_openai_error(r, status, message);
		json_object_put(body);
	} else {
		js_set(body, code == 0 ? "detail" : "object", code == 0 ? message : "Error");
		if (code != 0) {
			js_set(body, "message", message);
			js_set(body, "type", "invalid_request_error");
			json_object_object_add(body, "code", json_object_new_int(code));
		}
		reply_json(r, status, body);
	}
	free(message);
}

/* ---- faults that replace an answer ---- */

static const char html[] = "<!DOCTYPE html>\n<html><head><title>Sign in</title></head>\n"
			   "<body><h1>Welcome to the hotel</h1><p>Sign in to use the network.</p>"
			   "</body></html>\n";

/* The bodies as they were seen live; NULL: a plain error in the API's shape. */
static const struct status_body {
	int status;
	const char *type, *body;
} status_bodies[] = {
    {304, NULL, ""},
    {400, "application/json",
	"{\"object\":\"Error\",\"message\":\"Model glm-5-2 is currently not in use\",\"type\":"
	"\"invalid_request_error\",\"code\":3003}"},
    {401, "application/json", "{\"detail\":\"Unauthorized\"}"},
    {403, "application/json",
	"{\"object\":\"Error\",\"message\":\"The request was blocked by a guardrail\",\"type\":"
	"\"invalid_request_error\",\"code\":3000}"},
    {404, "application/json",
	"{\"object\":\"Error\",\"message\":\"Conversation not found\",\"type\":"
	"\"invalid_request_error\",\"code\":3000}"},
    {409, "application/json",
	"{\"object\":\"Error\",\"message\":\"Conversation is being updated\",\"type\":"
	"\"invalid_request_error\",\"code\":3000}"},
    {422, "application/json",
	"{\"object\":\"Error\",\"detail\":[{\"type\":\"extra_forbidden\",\"loc\":[\"body\","
	"\"surprise\"],\"msg\":\"Extra inputs are not "
	"permitted\",\"input\":1}],\"message\":[{\"type\":"
	"\"extra_forbidden\",\"loc\":[\"body\",\"surprise\"],\"msg\":\"Extra inputs are not "
	"permitted\",\"input\":1}],\"type\":\"invalid_request_error\",\"code\":3001}"},
    {429, "application/json",
	"{\"object\":\"error\",\"message\":\"Rate limit exceeded\",\"type\":\"rate_limited\","
	"\"param\":null,\"code\":\"1300\",\"raw_status_code\":429}"},
    {500, "text/html; charset=utf-8",
	"<html>\r\n<head><title>500 Internal Server "
	"Error</title></head>\r\n<body>\r\n<center><h1>500 "
	"Internal Server Error</h1></center>\r\n</body>\r\n</html>\r\n"},
    {502, "text/plain", "upstream connect error or disconnect/reset before headers"},
    {503, "text/plain",
	"upstream connect error or disconnect/reset before headers. reset reason: overflow"},
    {504, "text/plain", "upstream request timeout"},
};

static void
add_retry_after(struct reply *r)
{
	char date[64];
	struct tm utc;
	time_t when;

	if (r->script.retry_date != OFF) {
		when = time(NULL) + r->script.retry_date;
		gmtime_r(&when, &utc);
		strftime(date, sizeof(date), "%a, %d %b %Y %H:%M:%S GMT", &utc);
		text_printf(&r->headers, "Retry-After: %s\r\n", date);
	} else if (r->script.retry_after != OFF) {
		text_printf(&r->headers, "Retry-After: %ld\r\n", r->script.retry_after);
	}
}

static void
reply_status(struct reply *r, int status)
{
	add_retry_after(r);
	for (size_t i = 0; i < sizeof(status_bodies) / sizeof(status_bodies[0]); i++) {
		const struct status_body *b = &status_bodies[i];

		if (b->status != status || (options.openai && b->type != NULL && status < 500))
			continue;
		reply_bytes(r, status, b->type, b->body, strlen(b->body));
		return;
	}
	reply_error(r, status, 3000, "The test asked for status %d", status);
}

static void
reply_redirect(struct reply *r, const struct request *q)
{
	text_printf(&r->headers, "Location: http://127.0.0.1:%ld/elsewhere%s\r\n",
	    r->script.redirect > 0 ? r->script.redirect : port, q->path);
	reply_bytes(r, 307, "text/plain", "", 0);
}

static bool
wants_stream(const struct request *q)
{
	struct json_object *stream = NULL;

	if (json_object_is_type(q->body, json_type_object))
		json_object_object_get_ex(q->body, "stream", &stream);
	return json_object_get_boolean(stream);
}

/* Whether a fault took the place of the answer. */
static bool
reply_fault(struct reply *r, const struct request *q)
{
	const struct script *s = &r->script;

	if (s->status != OFF)
		reply_status(r, (int)s->status);
	else if (s->html != OFF)
		reply_bytes(r, 200, "text/html; charset=utf-8", html, strlen(html));
	else if (s->no_content != OFF)
		reply_bytes(r, 204, NULL, "", 0);
	else if (s->empty != OFF)
		reply_bytes(r, 200,
		    wants_stream(q) ? "text/event-stream; charset=utf-8" : "application/json", "",
		    0);
	else if (s->redirect != OFF)
		reply_redirect(r, q);
	else
		return false;
	return true;
}

/* A recorded body, event by event. */
static void
reply_file(struct reply *r)
{
	struct text path = {0}, bytes = {0};
	char block[4096];
	FILE *file;
	size_t n;

	text_printf(&path, "%s/%s", options.dir != NULL ? options.dir : ".", r->script.replay);
	file = fopen(path.data, "r");
	if (file == NULL)
		die("%s: %s", path.data, strerror(errno));
	text_add(&bytes, "", 0);
	while ((n = fread(block, 1, sizeof(block), file)) > 0)
		text_add(&bytes, block, n);
	fclose(file);
	reply_clear(r);
	r->status = 200;
	r->stream = true;
	for (char *at = bytes.data; *at != '\0'; at += n) {
		char *end = strstr(at, "\n\n");

		n = end != NULL ? (size_t)(end - at) + 2 : strlen(at);
		reply_piece(r, at, n);
	}
	text_done(&path);
	text_done(&bytes);
}

/* ---- from a reply to steps ---- */

static struct step *
add_step(struct client *c, enum step_type type)
{
	c->steps = realloc(c->steps, (c->count + 1) * sizeof(struct step));
	if (c->steps == NULL)
		die("out of memory");
	c->steps[c->count] = (struct step){.type = type};
	return &c->steps[c->count++];
}

static void
add_bytes(struct client *c, const char *data, size_t len)
{
	struct step *step;

	if (len == 0)
		return;
	step = add_step(c, STEP_SEND);
	step->data = copy_len(data, len);
	step->len = len;
}

static const char *
reason(int status)
{
	static const struct {
		int status;
		const char *words;
	} reasons[] = {{200, "OK"}, {204, "No Content"}, {304, "Not Modified"},
	    {307, "Temporary Redirect"}, {400, "Bad Request"}, {401, "Unauthorized"},
	    {403, "Forbidden"}, {404, "Not Found"}, {405, "Method Not Allowed"}, {409, "Conflict"},
	    {422, "Unprocessable Entity"}, {429, "Too Many Requests"},
	    {500, "Internal Server Error"}, {502, "Bad Gateway"}, {503, "Service Unavailable"},
	    {504, "Gateway Timeout"}};

	for (size_t i = 0; i < sizeof(reasons) / sizeof(reasons[0]); i++)
		if (reasons[i].status == status)
			return reasons[i].words;
	return "Other";
}

/* length < 0: chunked. */
static void
add_head(struct client *c, const struct reply *r, long length)
{
	struct text head = {0};
	char id[64];

	make_uuid(id);
	text_printf(&head, "HTTP/1.1 %d %s\r\n", r->status, reason(r->status));
	if (r->type != NULL)
		text_printf(&head, "Content-Type: %s\r\n", r->type);
	if (length < 0)
		text_puts(&head, "Transfer-Encoding: chunked\r\n");
	else if (r->status != 204 && r->status != 304)
		text_printf(&head, "Content-Length: %ld\r\n", length);
	if (!options.openai)
		text_printf(
		    &head, "mistral-correlation-id: %s\r\nx-kong-request-id: %s\r\n", id, id);
	/* One line up to 128 KiB; more are several, since libcurl refuses the two differently. */
	for (long left = r->script.bighead * 1024, line; left > 0; left -= line) {
		line = r->script.bighead <= 128 || left < 64 * 1024 ? left : 64 * 1024;
		text_printf(&head, "x-big: %0*d\r\n", (int)line, 0);
	}
	text_puts(&head, text_str(&r->headers));
	text_printf(&head, "Connection: %s\r\n\r\n", c->last ? "close" : "keep-alive");
	add_bytes(c, head.data, head.len);
	text_done(&head);
}

static void
replace_piece(struct piece *piece, struct text *with)
{
	free(piece->data);
	*piece = (struct piece){with->data, with->len};
}

static void
use_crlf(struct reply *r)
{
	for (size_t i = 0; i < r->count; i++) {
		struct text text = {0};

		text_add(&text, "", 0);
		for (size_t j = 0; j < r->pieces[i].len; j++) {
			if (r->pieces[i].data[j] == '\n')
				text_puts(&text, "\r");
			text_add(&text, &r->pieces[i].data[j], 1);
		}
		replace_piece(&r->pieces[i], &text);
	}
}

static void
use_bom(struct reply *r)
{
	struct text text = {0};

	if (r->count == 0)
		return;
	text_puts(&text, "\xef\xbb\xbf");
	text_add(&text, r->pieces[0].data, r->pieces[0].len);
	replace_piece(&r->pieces[0], &text);
}

static size_t
body_len(const struct reply *r)
{
	size_t len = 0;

	for (size_t i = 0; i < r->count; i++)
		len += r->pieces[i].len;
	return len;
}

static void
use_gzip(struct reply *r)
{
	struct text all = {0}, packed = {0};
	const char *type = r->type;
	int status = r->status;

	text_add(&all, "", 0);
	for (size_t i = 0; i < r->count; i++)
		text_add(&all, r->pieces[i].data, r->pieces[i].len);
	gzip_add(&packed, all.data, all.len);
	reply_bytes(r, status, type, packed.data, packed.len);
	text_puts(&r->headers, "Content-Encoding: gzip\r\n");
	text_done(&all);
	text_done(&packed);
}

/* So that faults in the middle of a body have a middle. */
static void
split_body(struct reply *r)
{
	struct piece whole = r->pieces[0];
	size_t half = whole.len / 2;

	if (r->count != 1 || half == 0)
		return;
	free(r->pieces);
	r->pieces = NULL;
	r->count = 0;
	reply_piece(r, whole.data, half);
	reply_piece(r, whole.data + half, whole.len - half);
	free(whole.data);
}

static void
add_piece(struct client *c, const char *data, size_t len, bool chunked)
{
	struct text chunk = {0};

	if (len == 0)
		return;
	if (chunked)
		text_printf(&chunk, "%zx\r\n", len);
	text_add(&chunk, data, len);
	if (chunked)
		text_puts(&chunk, "\r\n");
	add_bytes(c, chunk.data, chunk.len);
	text_done(&chunk);
}

/* What happens before piece i (i == count: before the end); false: nothing comes after it. */
static bool
add_pauses(struct client *c, const struct reply *r, size_t i, bool chunked)
{
	const struct script *s = &r->script;
	long at = (long)i, last = (long)r->count;
	long hold = s->hold == 0 ? (last + 1) / 2 : s->hold < last ? s->hold : last;

	if (s->slow != OFF && at > 0)
		add_step(c, STEP_WAIT)->ms = s->slow;
	if (s->hold != OFF && at == hold)
		add_step(c, STEP_HOLD);
	if (s->keepalive != OFF && chunked &&
	    at == (s->keepalive < last ? s->keepalive : last - 1)) {
		add_step(c, STEP_KEEPALIVE);
		return false;
	}
	if (s->stall != OFF && at == (s->stall < last ? s->stall : last - 1)) {
		add_step(c, STEP_STALL);
		return false;
	}
	return true;
}

/* The pieces, until one of the faults that end a body. */
static bool
add_body(struct client *c, const struct reply *r, bool chunked)
{
	const struct script *s = &r->script;
	long limit = s->cut != OFF ? s->cut : s->reset, sent = 0;

	for (size_t i = 0; i <= r->count; i++) {
		size_t len = i < r->count ? r->pieces[i].len : 0;

		if (!add_pauses(c, r, i, chunked))
			return false;
		if (limit != OFF && (i == r->count || sent + (long)len > limit)) {
			if (i < r->count)
				add_piece(c, r->pieces[i].data, (size_t)(limit - sent), chunked);
			add_step(c, s->cut != OFF ? STEP_CLOSE : STEP_RESET);
			return false;
		}
		if (i < r->count)
			add_piece(c, r->pieces[i].data, len, chunked);
		sent += (long)len;
	}
	return true;
}

/* A stream as events, or what the same is without streaming. */
static void
choose_form(struct reply *r)
{
	bool stream = r->stream;
	const char *text;

	if (r->plain == NULL)
		return;
	if (r->script.json_for_stream != OFF)
		stream = false;
	if (r->script.stream_for_json != OFF)
		stream = true;
	if (stream) {
		r->stream = true;
		r->status = 200;
		return;
	}
	text = js_text(r->plain);
	text = copy(text);
	reply_bytes(r, 200, "application/json", text, strlen(text));
	free((char *)text);
}

static void
send_reply(struct client *c, struct reply *r)
{
	const struct script *s = &r->script;
	bool chunked;

	c->onebyte = s->onebyte != OFF;
	if (s->close != OFF || s->reset_head != OFF) {
		add_step(c, s->close != OFF ? STEP_CLOSE : STEP_RESET);
		return;
	}
	if (r->stream) {
		r->type = "text/event-stream; charset=utf-8";
		if (s->nodone != OFF && r->count > 0)
			free(r->pieces[--r->count].data);
		if (s->crlf != OFF)
			use_crlf(r);
		if (s->bom != OFF)
			use_bom(r);
	}
	chunked = r->stream && s->gzip == OFF;
	if (s->gzip != OFF)
		use_gzip(r);
	if (!chunked && r->count > 0)
		split_body(r);
	if (s->stall == 0) {
		add_step(c, STEP_STALL);
		return;
	}
	add_head(c, r, chunked ? -1 : (long)body_len(r));
	if (add_body(c, r, chunked) && chunked)
		add_bytes(c, "0\r\n\r\n", 5);
}

/* ---- requests ---- */

static void
write_log(struct json_object *line)
{
	if (log_file == NULL)
		return;
	fprintf(log_file, "%s\n", js_text(line));
	fflush(log_file);
}

char *
request_query(const struct request *q, const char *name)
{
	size_t len = strlen(name);

	for (const char *at = q->query; *at != '\0';) {
		size_t part = strcspn(at, "&");

		if (part > len && strncmp(at, name, len) == 0 && at[len] == '=')
			return unescape_url(at + len + 1, part - len - 1);
		at += part + (at[part] == '&');
	}
	return NULL;
}

static struct json_object *
query_object(const struct request *q)
{
	struct json_object *object = json_object_new_object();

	for (const char *at = q->query; *at != '\0';) {
		size_t part = strcspn(at, "&"), name = strcspn(at, "=&");
		char *key = unescape_url(at, name);
		char *value = name < part ? unescape_url(at + name + 1, part - name - 1) : copy("");

		js_set(object, key, value);
		free(key);
		free(value);
		at += part + (at[part] == '&');
	}
	return object;
}

static void
record_request(struct client *c, const struct request *q)
{
	struct json_object *record = json_object_new_object();

	json_object_object_add(record, "n", json_object_new_int64(++request_number));
	json_object_object_add(record, "connection", json_object_new_int64(c->number));
	js_set(record, "method", q->method);
	js_set(record, "path", q->path);
	json_object_object_add(record, "query", query_object(q));
	json_object_object_add(record, "headers", json_object_get(q->headers));
	if (q->body != NULL)
		json_object_object_add(record, "body", json_object_get(q->body));
	else
		json_object_object_add(
		    record, "body", json_object_new_string_len(q->raw_body, (int)q->raw_len));
	json_object_array_add(records, record);
	c->record = json_object_get(record);
	write_log(record);
}

/* Takes one use of the first queued fault that fits. */
static char *
take_fault(const struct request *q)
{
	for (size_t i = 0; i < fault_count; i++) {
		struct fault *f = &faults[i];

		if (f->count == 0 || (f->method != NULL && strcmp(f->method, q->method) != 0) ||
		    (f->path != NULL && strncmp(f->path, q->path, strlen(f->path)) != 0))
			continue;
		f->count--;
		return copy(f->text);
	}
	return NULL;
}

/* How often this prompt has come, this time with it. */
static long
count_seen(const char *prompt)
{
	for (size_t i = 0; i < seen_count; i++)
		if (strcmp(seen[i].prompt, prompt) == 0)
			return ++seen[i].count;
	seen = realloc(seen, (seen_count + 1) * sizeof(struct seen));
	if (seen == NULL)
		die("out of memory");
	seen[seen_count++] = (struct seen){copy(prompt), 1};
	return 1;
}

static void
read_script(const struct request *q, struct script *s)
{
	char *fault = take_fault(q), *text;

	script_parse(s, "");
	if (options.openai || strstr(q->path, "/chat/") != NULL)
		chat_script(q, s);
	else if (strcmp(q->method, "POST") == 0)
		conversations_script(q, s);
	if (s->times != OFF && count_seen(s->raw) > s->times) {
		text = copy(s->text);
		script_done(s);
		script_parse(s, "");
		free(s->text);
		s->text = text;
	}
	if (fault != NULL) {
		text = s->text;
		s->text = NULL;
		script_parse(s, fault);
		free(s->text);
		s->text = text;
		free(fault);
	}
}

static bool
authorized(const struct request *q)
{
	const char *given = js_str(q->headers, "authorization");

	if (given == NULL)
		return options.openai;
	return strncasecmp(given, "Bearer ", 7) == 0 && strcmp(given + 7, options.key) == 0;
}

static void
reply_no_route(struct reply *r)
{
	struct json_object *body;
	char id[64];

	if (options.openai) {
		reply_error(r, 404, 3000, "Not found");
		return;
	}
	body = json_object_new_object();
	make_uuid(id);
	js_set(body, "message", "no Route matched with those values");
	js_set(body, "request_id", id);
	reply_json(r, 404, body);
}

static void
serve(const struct request *q, struct reply *r)
{
	r->status = 0;
	if (q->raw_len > 0 && q->body == NULL)
		reply_error(r, 422, 3001, "The body is not valid JSON");
	else if (!conversations_serve(q, r) && !chat_serve(q, r))
		reply_no_route(r);
	choose_form(r);
}

/* Runs a request through faults and API to the steps of its answer. */
static void
answer_request(struct client *c, const struct request *q)
{
	struct reply r = {0};

	script_init(&r.script);
	read_script(q, &r.script);
	if (r.script.bad != NULL) {
		fprintf(stderr, "fakeserver: there is no directive !%s\n", r.script.bad);
		reply_error(&r, 500, 3000, "The test server knows no !%s", r.script.bad);
	} else if (r.script.drop != OFF) {
		add_step(c, STEP_CLOSE);
	} else if (!authorized(q)) {
		reply_status(&r, 401);
	} else if (r.script.replay != NULL) {
		reply_file(&r);
	} else {
		if (r.script.stored != OFF || !reply_fault(&r, q))
			serve(q, &r);
		if (r.script.stored != OFF)
			reply_fault(&r, q);
	}
	if (r.status != 0) {
		json_object_object_add(c->record, "status", json_object_new_int(r.status));
		send_reply(c, &r);
	}
	reply_clear(&r);
	text_done(&r.headers);
	script_done(&r.script);
}

/* ---- control ---- */

static void
queue_fault(const struct request *q, struct reply *r)
{
	const char *text = js_str(q->body, "fault");
	struct json_object *count = NULL;
	struct text directive = {0};

	if (text == NULL) {
		reply_error(r, 422, 3001, "fault is missing");
		return;
	}
	json_object_object_get_ex(q->body, "count", &count);
	faults = realloc(faults, (fault_count + 1) * sizeof(struct fault));
	if (faults == NULL)
		die("out of memory");
	text_printf(&directive, "%s%s", text[0] == '!' ? "" : "!", text);
	faults[fault_count++] = (struct fault){
	    .text = directive.data,
	    .method = copy(js_str(q->body, "method")),
	    .path = copy(js_str(q->body, "path")),
	    .count = count != NULL ? (long)json_object_get_int64(count) : 1,
	};
	reply_bytes(r, 200, "application/json", "{}", 2);
}

static long
count_waiting(enum step_type type)
{
	long count = 0;

	for (size_t i = 0; i < client_count; i++)
		count += clients[i].busy && clients[i].at < clients[i].count &&
			 clients[i].steps[clients[i].at].type == type;
	return count;
}

static void
control_log(const struct request *q, struct reply *r)
{
	(void)q;
	reply_json(r, 200, json_object_get(records));
}

static void
control_state(const struct request *q, struct reply *r)
{
	struct json_object *state = json_object_new_object();
	long pending = 0;

	(void)q;
	for (size_t i = 0; i < fault_count; i++)
		pending += faults[i].count;
	json_object_object_add(state, "requests", json_object_new_int64(request_number));
	json_object_object_add(state, "connections", json_object_new_int64(connection_number));
	json_object_object_add(state, "open", json_object_new_int64((int64_t)client_count - 1));
	json_object_object_add(state, "holding", json_object_new_int64(count_waiting(STEP_HOLD)));
	json_object_object_add(state, "stalled",
	    json_object_new_int64(count_waiting(STEP_STALL) + count_waiting(STEP_KEEPALIVE)));
	json_object_object_add(state, "faults", json_object_new_int64(pending));
	json_object_object_add(state, "conversations", conversations_state());
	reply_json(r, 200, state);
}

static void
control_release(const struct request *q, struct reply *r)
{
	struct json_object *body = json_object_new_object();
	int count = 0;

	(void)q;
	for (size_t i = 0; i < client_count; i++) {
		struct client *c = &clients[i];

		if (!c->busy || c->at >= c->count || c->steps[c->at].type != STEP_HOLD)
			continue;
		c->at++;
		count++;
	}
	json_object_object_add(body, "released", json_object_new_int(count));
	reply_json(r, 200, body);
}

static void
control_reset(const struct request *q, struct reply *r)
{
	(void)q;
	conversations_done();
	json_object_put(records);
	records = json_object_new_array();
	for (size_t i = 0; i < fault_count; i++)
		faults[i].count = 0;
	for (size_t i = 0; i < seen_count; i++)
		seen[i].count = 0;
	request_number = 0;
	reply_bytes(r, 200, "application/json", "{}", 2);
}

static const struct control {
	const char *method, *path;
	void (*serve)(const struct request *, struct reply *);
} controls[] = {
    {"POST", "/_control", queue_fault},
    {"GET", "/_log", control_log},
    {"GET", "/_state", control_state},
    {"POST", "/_release", control_release},
    {"POST", "/_reset", control_reset},
};

static void
answer_control(struct client *c, const struct request *q)
{
	struct reply r = {0};

	script_init(&r.script);
	reply_error(&r, 404, 3000, "There is no control of that name");
	for (size_t i = 0; i < sizeof(controls) / sizeof(controls[0]); i++)
		if (strcmp(controls[i].path, q->path) == 0 &&
		    strcmp(controls[i].method, q->method) == 0)
			controls[i].serve(q, &r);
	send_reply(c, &r);
	reply_clear(&r);
	text_done(&r.headers);
}

/* ---- HTTP ---- */

/* The head as a request, without its body; false if it makes no sense. */
static bool
parse_head(struct request *q, char *head)
{
	char *line = strtok(head, "\r\n"), *target, *version, *question;

	if (line == NULL || (target = strchr(line, ' ')) == NULL ||
	    (version = strchr(target + 1, ' ')) == NULL)
		return false;
	*target++ = '\0';
	*version = '\0';
	question = strchr(target, '?');
	if (question != NULL)
		*question++ = '\0';
	q->method = copy(line);
	q->path = copy(target);
	q->query = copy(question != NULL ? question : "");
	q->headers = json_object_new_object();
	while ((line = strtok(NULL, "\r\n")) != NULL) {
		char *colon = strchr(line, ':');

		if (colon == NULL)
			return false;
		*colon++ = '\0';
		for (char *letter = line; *letter != '\0'; letter++)
			*letter = (char)tolower((unsigned char)*letter);
		js_set(q->headers, line, colon + strspn(colon, " \t"));
	}
	return true;
}

static void
request_done(struct request *q)
{
	free(q->method);
	free(q->path);
	free(q->query);
	free(q->raw_body);
	json_object_put(q->headers);
	json_object_put(q->body);
}

static void
drop_input(struct client *c, size_t len)
{
	memmove(c->in.data, c->in.data + len, c->in.len - len + 1);
	c->in.len -= len;
}

static void
refuse(struct client *c, const char *line)
{
	add_bytes(c, line, strlen(line));
	add_step(c, STEP_CLOSE);
	c->busy = true;
}

static struct json_object *
parse_body(const char *bytes, size_t len)
{
	struct json_tokener *tokener = json_tokener_new_ex(512);
	struct json_object *body = json_tokener_parse_ex(tokener, bytes, (int)len);

	if (body == NULL && json_tokener_get_error(tokener) == json_tokener_continue)
		body = json_tokener_parse_ex(tokener, "", 1);
	json_tokener_free(tokener);
	return body;
}

/* Begins to answer if a whole request is there. */
static void
take_request(struct client *c)
{
	const char *end = c->in.len > 0 ? strstr(c->in.data, "\r\n\r\n") : NULL;
	struct request q = {0};
	size_t head_len, body_len_wanted;
	const char *length, *wish;
	char *head;

	if (end == NULL) {
		if (c->in.len > MAX_HEAD)
			refuse(c, "HTTP/1.1 431 Request Header Fields Too Large\r\n\r\n");
		return;
	}
	head_len = (size_t)(end - c->in.data) + 4;
	head = copy_len(c->in.data, head_len);
	if (!parse_head(&q, head) || js_str(q.headers, "transfer-encoding") != NULL) {
		refuse(c, "HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n");
		goto out;
	}
	length = js_str(q.headers, "content-length");
	body_len_wanted = length != NULL ? strtoul(length, NULL, 10) : 0;
	if (body_len_wanted > MAX_BODY) {
		refuse(c, "HTTP/1.1 413 Payload Too Large\r\nContent-Length: 0\r\n\r\n");
		goto out;
	}
	if (c->in.len < head_len + body_len_wanted) {
		wish = js_str(q.headers, "expect");
		if (wish != NULL && !c->continued) {
			c->continued = true;
			(void)!write(c->fd, "HTTP/1.1 100 Continue\r\n\r\n", 25);
		}
		goto out;
	}
	q.raw_body = copy_len(c->in.data + head_len, body_len_wanted);
	q.raw_len = body_len_wanted;
	q.body = q.raw_len > 0 ? parse_body(q.raw_body, q.raw_len) : NULL;
	wish = js_str(q.headers, "connection");
	c->last = wish != NULL && strcasecmp(wish, "close") == 0;
	c->busy = true;
	c->continued = false;
	c->since = now_ms();
	drop_input(c, head_len + body_len_wanted);
	if (strncmp(q.path, "/_", 2) == 0) {
		answer_control(c, &q);
	} else {
		record_request(c, &q);
		answer_request(c, &q);
	}
out:
	free(head);
	request_done(&q);
}

static void
end_answer(struct client *c)
{
	for (size_t i = 0; i < c->count; i++)
		free(c->steps[i].data);
	free(c->steps);
	c->steps = NULL;
	c->count = c->at = c->sent = 0;
	c->wake = 0;
	c->busy = false;
	json_object_put(c->record);
	c->record = NULL;
}

static void
close_client(struct client *c, bool reset)
{
	struct linger hard = {.l_onoff = 1, .l_linger = 0};

	if (reset)
		setsockopt(c->fd, SOL_SOCKET, SO_LINGER, &hard, sizeof(hard));
	end_answer(c);
	close(c->fd);
	text_done(&c->in);
	c->fd = -1;
}

/* The client went away before its answer was complete: the tests want to know. */
static void
record_close(struct client *c)
{
	struct json_object *line, *n = NULL;

	if (!c->busy || c->record == NULL)
		return;
	json_object_object_add(c->record, "client_closed", json_object_new_boolean(1));
	json_object_object_add(
	    c->record, "closed_after_ms", json_object_new_int64(now_ms() - c->since));
	line = json_object_new_object();
	json_object_object_get_ex(c->record, "n", &n);
	json_object_object_add(line, "closed", json_object_get(n));
	write_log(line);
	json_object_put(line);
}

/* Writes what it can; false when the socket takes no more now, or is gone. */
static bool
send_step(struct client *c, const struct step *step)
{
	while (c->sent < step->len) {
		size_t n = c->onebyte ? 1 : step->len - c->sent;
		ssize_t done = send(c->fd, step->data + c->sent, n, MSG_NOSIGNAL);

		if (done < 0) {
			if (errno != EAGAIN && errno != EINTR) {
				record_close(c);
				close_client(c, false);
			}
			return false;
		}
		c->sent += (size_t)done;
		if (c->onebyte && c->sent < step->len)
			return false;
	}
	c->sent = 0;
	return true;
}

static bool
wait_step(struct client *c, long ms)
{
	if (c->wake == 0)
		c->wake = now_ms() + ms;
	if (now_ms() < c->wake)
		return false;
	c->wake = 0;
	return true;
}

static bool
run_step(struct client *c, const struct step *step)
{
	switch (step->type) {
	case STEP_SEND:
		return send_step(c, step);
	case STEP_WAIT:
		return wait_step(c, step->ms);
	case STEP_KEEPALIVE:
		if (wait_step(c, KEEPALIVE_MS))
			(void)!send(c->fd, "e\r\n: keep-alive\n\n\r\n", 19, MSG_NOSIGNAL);
		return false;
	case STEP_CLOSE:
	case STEP_RESET:
		close_client(c, step->type == STEP_RESET);
		return false;
	default:
		return false;
	}
}

/* As far as it goes without waiting. */
static void
run_client(struct client *c)
{
	while (c->fd >= 0) {
		if (!c->busy) {
			take_request(c);
			if (!c->busy)
				return;
		}
		while (c->fd >= 0 && c->at < c->count) {
			if (!run_step(c, &c->steps[c->at]))
				return;
			c->at++;
		}
		if (c->fd < 0)
			return;
		end_answer(c);
		if (c->last)
			close_client(c, false);
	}
}

static void
read_client(struct client *c)
{
	char block[65536];
	ssize_t n = recv(c->fd, block, sizeof(block), 0);

	if (n > 0 && c->in.len + (size_t)n <= MAX_HEAD + MAX_BODY) {
		text_add(&c->in, block, (size_t)n);
	} else if (n >= 0 || (errno != EAGAIN && errno != EINTR)) {
		record_close(c);
		close_client(c, false);
	}
}

static void
accept_client(int listener)
{
	int fd = accept(listener, NULL, NULL), on = 1;

	if (fd < 0)
		return;
	if (client_count == MAX_CLIENTS)
		die("more than %d connections at once", MAX_CLIENTS);
	fcntl(fd, F_SETFL, O_NONBLOCK);
	fcntl(fd, F_SETFD, FD_CLOEXEC);
	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
	clients[client_count++] = (struct client){.fd = fd, .number = ++connection_number};
}

/* How long until a client that waits for a time has it; -1: none does. */
static int
next_wake(void)
{
	int64_t least = -1, now = now_ms();

	for (size_t i = 0; i < client_count; i++) {
		if (clients[i].wake == 0)
			continue;
		if (least < 0 || clients[i].wake < least)
			least = clients[i].wake;
	}
	if (least < 0)
		return -1;
	return least > now ? (int)(least - now) : 0;
}

static short
wanted_events(const struct client *c)
{
	bool sending = c->busy && c->at < c->count && c->steps[c->at].type == STEP_SEND;

	return (short)(POLLIN | (sending ? POLLOUT : 0));
}

static void
loop(int listener, pid_t parent)
{
	struct pollfd fds[MAX_CLIENTS + 1];

	while (!stopped && getppid() == parent) {
		int wake = next_wake();
		size_t polled = client_count, alive = 0;

		fds[0] = (struct pollfd){.fd = listener, .events = POLLIN};
		for (size_t i = 0; i < polled; i++)
			fds[i + 1] = (struct pollfd){
			    .fd = clients[i].fd, .events = wanted_events(&clients[i])};
		if (poll(fds, (nfds_t)polled + 1, wake >= 0 && wake < 1000 ? wake : 1000) < 0)
			continue;
		for (size_t i = 0; i < polled; i++)
			if ((fds[i + 1].revents & (POLLIN | POLLHUP | POLLERR)) != 0)
				read_client(&clients[i]);
		if (fds[0].revents != 0)
			accept_client(listener);
		/* A release may set a client going that stands before the one that asked. */
		for (int round = 0; round < 2; round++)
			for (size_t i = 0; i < client_count; i++)
				run_client(&clients[i]);
		for (size_t i = 0; i < client_count; i++)
			if (clients[i].fd >= 0)
				clients[alive++] = clients[i];
		client_count = alive;
	}
}

/* ---- the program ---- */

static void
stop(int number)
{
	(void)number;
	stopped = 1;
}

static int
listen_local(int wanted)
{
	struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons((uint16_t)wanted)};
	socklen_t len = sizeof(address);
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0), on = 1;

	address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	if (fd < 0 || setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)) != 0 ||
	    bind(fd, (struct sockaddr *)&address, len) != 0 || listen(fd, 64) != 0 ||
	    getsockname(fd, (struct sockaddr *)&address, &len) != 0)
		die("cannot listen: %s", strerror(errno));
	port = ntohs(address.sin_port);
	return fd;
}

static void
write_port(const char *path)
{
	struct text temporary = {0};
	FILE *file;

	text_printf(&temporary, "%s.%ld", path, (long)getpid());
	file = fopen(temporary.data, "w");
	if (file == NULL || fprintf(file, "%d\n", port) < 0 || fclose(file) != 0 ||
	    rename(temporary.data, path) != 0)
		die("%s: %s", path, strerror(errno));
	text_done(&temporary);
}

/* The other program in here: one request, for scripts without curl. */
static int
request_main(int argc, char **argv)
{
	struct sockaddr_in address = {.sin_family = AF_INET};
	struct text wire = {0}, answer = {0};
	const char *body = argc > 5 ? argv[5] : "", *end;
	char block[65536];
	int fd = socket(AF_INET, SOCK_STREAM, 0), status = 0;
	ssize_t n;

	if (argc < 5)
		die("usage: fakeserver --request PORT METHOD PATH [BODY]");
	address.sin_port = htons((uint16_t)atoi(argv[2]));
	address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	if (connect(fd, (struct sockaddr *)&address, sizeof(address)) != 0)
		die("port %s: %s", argv[2], strerror(errno));
	text_printf(&wire,
	    "%s %s HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer %s\r\nConnection: close\r\n"
	    "Content-Length: %zu\r\n\r\n%s",
	    argv[3], argv[4],
	    getenv("MISTRAL_API_KEY") != NULL ? getenv("MISTRAL_API_KEY") : "test-key",
	    strlen(body), body);
	for (size_t sent = 0; sent < wire.len; sent += (size_t)n) {
		n = send(fd, wire.data + sent, wire.len - sent, MSG_NOSIGNAL);
		if (n < 0)
			die("send: %s", strerror(errno));
	}
	text_add(&answer, "", 0);
	while ((n = recv(fd, block, sizeof(block), 0)) > 0)
		text_add(&answer, block, (size_t)n);
	close(fd);
	end = strstr(answer.data, "\r\n\r\n");
	if (end == NULL || sscanf(answer.data, "HTTP/1.1 %d", &status) != 1)
		die("no answer");
	fwrite(end + 4, 1, answer.len - (size_t)(end + 4 - answer.data), stdout);
	putchar('\n');
	text_done(&wire);
	text_done(&answer);
	return status / 100 == 2 ? 0 : 1;
}

static const char *
argument(int argc, char **argv, int *i)
{
	if (*i + 1 >= argc)
		die("%s needs an argument", argv[*i]);
	return argv[++*i];
}

int
main(int argc, char **argv)
{
	const char *port_file = NULL, *log_path = NULL;
	struct sigaction action = {.sa_handler = stop};
	pid_t parent = getppid();
	int wanted = 0, listener;

	if (argc > 1 && strcmp(argv[1], "--request") == 0)
		return request_main(argc, argv);
	for (int i = 1; i < argc; i++) {
		if (strcmp(argv[i], "--port") == 0)
			wanted = atoi(argument(argc, argv, &i));
		else if (strcmp(argv[i], "--port-file") == 0)
			port_file = argument(argc, argv, &i);
		else if (strcmp(argv[i], "--log") == 0)
			log_path = argument(argc, argv, &i);
		else if (strcmp(argv[i], "--key") == 0)
			options.key = argument(argc, argv, &i);
		else if (strcmp(argv[i], "--dir") == 0)
			options.dir = argument(argc, argv, &i);
		else if (strcmp(argv[i], "--agents") == 0)
			options.agents = atol(argument(argc, argv, &i));
		else if (strcmp(argv[i], "--new-ids") == 0)
			options.new_ids = true;
		else if (strcmp(argv[i], "--openai") == 0)
			options.openai = true;
		else
			die("there is no option %s", argv[i]);
	}
#ifdef __linux__
	prctl(PR_SET_PDEATHSIG, SIGTERM);
#endif
	sigaction(SIGTERM, &action, NULL);
	sigaction(SIGINT, &action, NULL);
	records = json_object_new_array();
	if (log_path != NULL && (log_file = fopen(log_path, "a")) == NULL)
		die("%s: %s", log_path, strerror(errno));
	listener = listen_local(wanted);
	if (port_file != NULL)
		write_port(port_file);
	else
		printf("%d\n", port);
	fflush(stdout);
	loop(listener, parent);
	close(listener);
	return 0;
}
