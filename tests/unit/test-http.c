/* SPDX-License-Identifier: GPL-3.0-or-later */

/*
 * http.c against a server of this program's own: threads on 127.0.0.1 that say
 * canned bytes and misbehave as told.
 */
#include "config.h"

#include <arpa/inet.h>
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <netinet/in.h>
#include <poll.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/error.h"
#include "base/mem.h"
#include "net/http.h"
#include "net/loop.h"
#include "unit/on-loop.h"

enum then {
	THEN_KEEP, /* read the next request */
	THEN_CLOSE,
	THEN_RESET,
	THEN_HOLD,  /* nothing more, until the client closes */
	THEN_DRIP,  /* a comment each 100 ms, until the client closes */
	THEN_FLOOD, /* 4 KiB again and again, until the client closes */
	THEN_GREET, /* closes; and the text was said before any request */
};

struct answer {
	const char *text;
	enum then then;
};

enum { MAX_CONNECTIONS = 64, MAX_ANSWERS = 4 };

struct server {
	int fd, port;
	int stop[2];
	pthread_t thread, threads[MAX_CONNECTIONS];
	struct answer answers[MAX_ANSWERS]; /* by the number of the request; the last repeats */
	pthread_mutex_t lock;
	/* Under the lock: */
	int connections, requests, posts, closed;
	struct buf last; /* the last request */
};

struct serving {
	struct server *server;
	int fd;
};

static void
count_one(struct server *server, int *count)
{
	pthread_mutex_lock(&server->lock);
	++*count;
	pthread_mutex_unlock(&server->lock);
}

static int
read_count(struct server *server, const int *count)
{
	int value;

	pthread_mutex_lock(&server->lock);
	value = *count;
	pthread_mutex_unlock(&server->lock);
	return value;
}

/* Whether there is something to read; false when the server stops. */
static bool
await(struct server *server, int fd)
{
	struct pollfd fds[2] = {
	    {.fd = fd, .events = POLLIN}, {.fd = server->stop[0], .events = POLLIN}};

	while (poll(fds, 2, -1) < 0)
		;
	return fds[1].revents == 0;
}

static bool
send_all(int fd, const char *bytes, size_t len)
{
	while (len > 0) {
		ssize_t n = send(fd, bytes, len, MSG_NOSIGNAL);

		if (n <= 0)
			return false;
		bytes += n;
		len -= (size_t)n;
	}
	return true;
}

static size_t
content_length(const char *head)
{
	const char *at = strcasestr(head, "\r\nContent-Length:");

	return at == NULL ? 0 : (size_t)strtoul(at + 17, NULL, 10);
}

/* False if the client closed, or the server stops, before it was whole. */
static bool
read_request(struct server *server, int fd, struct buf *request)
{
	char bytes[16384];
	const char *end;
	ssize_t n;

	buf_clear(request);
	for (;;) {
		end = strstr(request->data, "\r\n\r\n");
		if (end != NULL && request->len >= (size_t)(end - request->data) + 4 +
						       content_length(request->data))
			return true;
		if (!await(server, fd))
			return false;
		n = read(fd, bytes, sizeof(bytes));
		if (n <= 0)
			return false;
		buf_add(request, bytes, (size_t)n);
	}
}

static struct answer
note_request(struct server *server, const struct buf *request)
{
	struct answer answer;
	int number;

	pthread_mutex_lock(&server->lock);
	number = server->requests++;
	server->posts += strncmp(request->data, "POST ", 5) == 0;
	buf_clear(&server->last);
	buf_add(&server->last, request->data, request->len);
	while (number > 0 && (number >= MAX_ANSWERS || server->answers[number].text == NULL))
		number--;
	answer = server->answers[number];
	pthread_mutex_unlock(&server->lock);
	return answer;
}

/* Until the client closes or the server stops. */
static void
hold(struct server *server, int fd)
{
	char bytes[4096];

	while (await(server, fd)) {
		if (read(fd, bytes, sizeof(bytes)) > 0)
			continue;
		count_one(server, &server->closed);
		return;
	}
}

static void
drip(struct server *server, int fd, const char *bytes, size_t len, int ms)
{
	struct pollfd fds[2] = {
	    {.fd = fd, .events = POLLIN}, {.fd = server->stop[0], .events = POLLIN}};

	while (poll(fds, 2, ms) <= 0)
		if (!send_all(fd, bytes, len))
			break;
	count_one(server, &server->closed);
}

static void
reset(int fd)
{
	struct linger linger = {.l_onoff = 1, .l_linger = 0};

	setsockopt(fd, SOL_SOCKET, SO_LINGER, &linger, sizeof(linger));
}

static void *
serve(void *arg)
{
	struct serving *serving = arg;
	struct server *server = serving->server;
	struct buf request = BUF_EMPTY;
	static char flood[4096];
	bool keep = true;

	while (keep) {
		struct answer answer = server->answers[0];

		if (answer.then != THEN_GREET) {
			if (!read_request(server, serving->fd, &request))
				break;
			answer = note_request(server, &request);
		}
		send_all(serving->fd, answer.text, strlen(answer.text));
		keep = answer.then == THEN_KEEP;
		if (answer.then == THEN_RESET)
			reset(serving->fd);
		else if (answer.then == THEN_HOLD)
			hold(server, serving->fd);
		else if (answer.then == THEN_DRIP)
			drip(server, serving->fd, ": .\n", 4, 100);
		else if (answer.then == THEN_FLOOD)
			drip(server, serving->fd, flood, sizeof(flood), 0);
	}
	close(serving->fd);
	buf_done(&request);
	free(serving);
	return NULL;
}

static void *
accept_all(void *arg)
{
	struct server *server = arg;
	int number;

	while (await(server, server->fd)) {
		struct serving *serving = xmalloc(sizeof(*serving));

		*serving = (struct serving){server, accept4(server->fd, NULL, NULL, SOCK_CLOEXEC)};
		number = server->connections;
		if (serving->fd < 0 || number == MAX_CONNECTIONS)
			abort();
		/* Counted before it is served: a client may have its answer and look. */
		count_one(server, &server->connections);
		pthread_create(&server->threads[number], NULL, serve, serving);
	}
	return NULL;
}

static int
listen_somewhere(int backlog, int *port)
{
	struct sockaddr_in address = {
	    .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t len = sizeof(address);
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	assert_int_equal(bind(fd, (struct sockaddr *)&address, len), 0);
	assert_int_equal(listen(fd, backlog), 0);
	assert_int_equal(getsockname(fd, (struct sockaddr *)&address, &len), 0);
	*port = ntohs(address.sin_port);
	return fd;
}

static void
server_start(struct server *server, const struct answer *answers, size_t count)
{
	assert_true(count <= MAX_ANSWERS);
	*server = (struct server){.last = BUF_EMPTY, .lock = PTHREAD_MUTEX_INITIALIZER};
	memcpy(server->answers, answers, count * sizeof(*answers));
	server->fd = listen_somewhere(16, &server->port);
	assert_int_equal(pipe2(server->stop, O_CLOEXEC), 0);
	pthread_create(&server->thread, NULL, accept_all, server);
}

/* Closes all its connections, whatever they are doing. */
static void
server_stop(struct server *server)
{
	if (server->stop[1] < 0)
		return;
	close(server->stop[1]);
	server->stop[1] = -1;
	pthread_join(server->thread, NULL);
	for (int i = 0; i < server->connections; i++)
		pthread_join(server->threads[i], NULL);
	close(server->stop[0]);
	close(server->fd);
}

static void
server_done(struct server *server)
{
	server_stop(server);
	buf_done(&server->last);
}

static pthread_mutex_t name_lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t name_freed = PTHREAD_COND_INITIALIZER;
static bool names_held;
static int lookups, lookups_done;

typedef int (*lookup_fn)(const char *, const char *, const struct addrinfo *, struct addrinfo **);

static bool
ends_with(const char *text, const char *end)
{
	return strlen(text) >= strlen(end) && strcmp(text + strlen(text) - strlen(end), end) == 0;
}

/* In front of the C library's: a name that is not found, and one that takes its time. */
int
getaddrinfo(
    const char *name, const char *service, const struct addrinfo *hints, struct addrinfo **found)
{
	lookup_fn real;
	void *symbol = dlsym(RTLD_NEXT, "getaddrinfo");

	memcpy(&real, &symbol, sizeof(real));
	if (name != NULL && ends_with(name, ".slow.test")) {
		pthread_mutex_lock(&name_lock);
		lookups++;
		while (names_held)
			pthread_cond_wait(&name_freed, &name_lock);
		lookups_done++;
		pthread_mutex_unlock(&name_lock);
		return EAI_NONAME;
	}
	if (name != NULL && ends_with(name, ".test"))
		return EAI_NONAME;
	return real(name, service, hints, found);
}

static void
hold_names(bool held)
{
	pthread_mutex_lock(&name_lock);
	names_held = held;
	pthread_cond_broadcast(&name_freed);
	pthread_mutex_unlock(&name_lock);
}

static int
count_lookups(const int *count)
{
	int value;

	pthread_mutex_lock(&name_lock);
	value = *count;
	pthread_mutex_unlock(&name_lock);
	return value;
}

struct call {
	struct loop *loop;
	struct http *http;
	struct http_request request;
	char *url;
	int headers_calls, body_calls, done_calls;
	struct buf body;
	int status;
	char content_type[256], correlation_id[128], text[512];
	int retry_after;
	bool nothing_sent, head_received, inside;
	enum error_kind kind;
	struct error error;
	/* What the callbacks do: */
	bool refuse_headers, refuse_body, cancel_in_headers, cancel_in_body, cancel_in_done;
	bool alive_in_body;
	struct call *cancel_other, *start_in_body, *start_in_done;
};

static void start(struct call *);

static void
cancel(struct call *call)
{
	http_cancel(call->http);
	call->http = NULL;
}

static bool
note_headers(void *arg, int status, const char *content_type, struct error *err)
{
	struct call *call = arg;

	assert_false(call->inside);
	call->headers_calls++;
	call->status = status;
	snprintf(call->content_type, sizeof(call->content_type), "%s", content_type);
	if (call->cancel_in_headers)
		cancel(call);
	return !call->refuse_headers || error_set(err, ERR_TOOL, "no headers please");
}

static bool
note_body(void *arg, const char *bytes, size_t len, struct error *err)
{
	struct call *call = arg;

	assert_false(call->inside);
	call->body_calls++;
	buf_add(&call->body, bytes, len);
	if (call->alive_in_body)
		http_alive(call->http);
	if (call->cancel_in_body)
		cancel(call);
	if (call->cancel_other != NULL && call->cancel_other->http != NULL)
		cancel(call->cancel_other);
	if (call->start_in_body != NULL && call->start_in_body->http == NULL)
		start(call->start_in_body);
	return !call->refuse_body || error_set(err, ERR_TOOL, "no body please");
}

static void
note_done(void *arg, const struct http_result *result, const struct error *err)
{
	struct call *call = arg;

	assert_false(call->inside);
	call->done_calls++;
	call->status = result->status;
	call->retry_after = result->retry_after;
	call->nothing_sent = result->nothing_sent;
	call->head_received = result->head_received;
	snprintf(call->content_type, sizeof(call->content_type), "%s", result->content_type);
	snprintf(call->correlation_id, sizeof(call->correlation_id), "%s",
	    result->correlation_id == NULL ? "(none)" : result->correlation_id);
	if (err != NULL) {
		error_copy(&call->error, err);
		assert_true(err->text[0] != '\0');
		assert_int_equal(err->nothing_sent, result->nothing_sent);
		assert_int_equal(err->status, result->status);
	}
	if (call->cancel_in_done)
		http_cancel(call->http);
	call->http = NULL;
	if (call->start_in_done != NULL)
		start(call->start_in_done);
}

static void
prepare(struct call *call, struct loop *loop, const char *method, const char *url)
{
	*call = (struct call){
	    .loop = loop,
	    .url = xstrdup(url),
	    .body = BUF_EMPTY,
	    .request =
		{
		    .method = method,
		    .connect_timeout = 20,
		    .stall_timeout = 20,
		    .max_body = 1 << 20,
		    .on_headers = note_headers,
		    .on_body = note_body,
		    .on_done = note_done,
		},
	};
}

static void
prepare_at(struct call *call, struct loop *loop, const char *method, const struct server *server)
{
	char *url = xasprintf("http://127.0.0.1:%d/v1/x", server->port);

	prepare(call, loop, method, url);
	free(url);
}

static void
start(struct call *call)
{
	struct error err = ERROR_NONE;

	call->request.url = call->url;
	call->request.arg = call;
	call->inside = true;
	call->http = http_start(call->loop, &call->request, &err);
	call->inside = false;
	assert_non_null(call->http);
}

static void
finish(struct call *call)
{
	int64_t until = clock_ms() + PATIENCE_MS;

	while (call->done_calls == 0 && clock_ms() < until)
		loop_wait(call->loop, 1000);
	assert_int_equal(call->done_calls, 1);
}

static void
run(struct call *call)
{
	start(call);
	finish(call);
}

static void
forget(struct call *call)
{
	free(call->url);
	buf_done(&call->body);
	error_done(&call->error);
}

static void
expect_text(const struct call *call, const char *part)
{
	if (call->error.text != NULL && strstr(call->error.text, part) != NULL)
		return;
	print_error("\"%s\" is not in: %s\n", part,
	    call->error.text == NULL ? "(no error)" : call->error.text);
	fail();
}

#define OK_TEXT "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 5\r\n\r\nhello"

static const struct answer ok_answer[] = {{OK_TEXT, THEN_KEEP}};

static void
test_get(void **state)
{
	static const struct answer answers[] = {
	    {"HTTP/1.1 200 OK\r\ncontent-TYPE: \t Application/JSON; charset=utf-8 \r\n"
	     "Mistral-Correlation-Id: 0196-abc\r\nContent-Length: 2\r\n\r\n{}",
		THEN_KEEP}};
	static const char *const headers[] = {"Accept: text/event-stream", "X-One: 1", NULL};
	struct server server;
	struct call call;

	server_start(&server, answers, 1);
	prepare_at(&call, *state, "GET", &server);
	call.request.headers = headers;
	call.request.bearer = "canary-key";
	run(&call);
	assert_int_equal(call.error.kind, ERR_NONE);
	assert_int_equal(call.headers_calls, 1);
	assert_int_equal(call.status, 200);
	assert_string_equal(call.content_type, "Application/JSON; charset=utf-8");
	assert_string_equal(call.correlation_id, "0196-abc");
	assert_int_equal(call.retry_after, -1);
	assert_false(call.nothing_sent);
	assert_true(call.head_received);
	assert_string_equal(call.body.data, "{}");
	server_stop(&server);
	assert_int_equal(strncmp(server.last.data, "GET /v1/x HTTP/1.1\r\n", 20), 0);
	assert_non_null(strstr(server.last.data, "\r\nAuthorization: Bearer canary-key\r\n"));
	assert_non_null(
	    strstr(server.last.data, "\r\nUser-Agent: causerie/" PACKAGE_VERSION "\r\n"));
	assert_non_null(strstr(server.last.data, "\r\nAccept: text/event-stream\r\n"));
	assert_non_null(strstr(server.last.data, "\r\nX-One: 1\r\n"));
	assert_null(strcasestr(server.last.data, "\r\nAccept-Encoding"));
	assert_null(strcasestr(server.last.data, "\r\nExpect"));
	forget(&call);
	server_done(&server);
}

/* A long body goes out whole, without asking for permission first. */
static void
test_methods(void **state)
{
	static const struct {
		const char *method, *begin;
		size_t body_len;
	} rows[] = {
	    {"POST", "POST /v1/x HTTP/1.1\r\n", 3 << 20},
	    {"POST", "POST /v1/x HTTP/1.1\r\n", 0},
	    {"PATCH", "PATCH /v1/x HTTP/1.1\r\n", 10},
	    {"DELETE", "DELETE /v1/x HTTP/1.1\r\n", 0},
	    {"GET", "GET /v1/x HTTP/1.1\r\n", 0},
	};
	char *body = xmalloc(3 << 20);

	for (size_t i = 0; i < (3 << 20); i++)
		body[i] = (char)(i * 7 + i / 251);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct server server;
		struct call call;
		const char *sent;

		server_start(&server, ok_answer, 1);
		prepare_at(&call, *state, rows[i].method, &server);
		call.request.body = rows[i].body_len > 0 ? body : NULL;
		call.request.body_len = rows[i].body_len;
		run(&call);
		assert_int_equal(call.error.kind, ERR_NONE);
		server_stop(&server);
		assert_int_equal(
		    strncmp(server.last.data, rows[i].begin, strlen(rows[i].begin)), 0);
		assert_null(strcasestr(server.last.data, "\r\nExpect"));
		sent = strstr(server.last.data, "\r\n\r\n") + 4;
		assert_int_equal(
		    server.last.len - (size_t)(sent - server.last.data), rows[i].body_len);
		assert_memory_equal(sent, body, rows[i].body_len);
		forget(&call);
		server_done(&server);
	}
	free(body);
}

static void
test_head(void **state)
{
	static const struct answer answers[] = {
	    {"HTTP/1.1 200 OK\r\nContent-Length: 500\r\n\r\n", THEN_KEEP}};
	struct server server;
	struct call call;

	server_start(&server, answers, 1);
	prepare_at(&call, *state, "HEAD", &server);
	run(&call);
	assert_int_equal(call.error.kind, ERR_NONE);
	assert_int_equal(call.status, 200);
	forget(&call);
	server_done(&server);
}

/* Interim answers are passed over with all they said; trailers are ignored. */
static void
test_interim(void **state)
{
	static const struct answer answers[] = {
	    {"HTTP/1.1 100 Continue\r\n\r\n"
	     "HTTP/1.1 103 Early Hints\r\nContent-Type: x/early\r\nRetry-After: 3\r\n\r\n"
	     "HTTP/1.1 429 Slow\r\nTransfer-Encoding: chunked\r\n\r\n"
	     "3\r\nabc\r\n2\r\nde\r\n0\r\nContent-Type: x/trailer\r\nRetry-After: 9\r\n\r\n",
		THEN_CLOSE}};
	struct server server;
	struct call call;

	server_start(&server, answers, 1);
	prepare_at(&call, *state, "POST", &server);
	run(&call);
	assert_int_equal(call.error.kind, ERR_NONE);
	assert_int_equal(call.headers_calls, 1);
	assert_int_equal(call.status, 429);
	assert_string_equal(call.content_type, "");
	assert_int_equal(call.retry_after, -1);
	assert_string_equal(call.body.data, "abcde");
	forget(&call);
	server_done(&server);
}

static void
test_statuses(void **state)
{
	static const struct {
		const char *text, *body;
		int status;
	} rows[] = {
	    {"HTTP/1.1 204 No Content\r\n\r\n", "", 204},
	    {"HTTP/1.1 304 Not Modified\r\n\r\n", "", 304},
	    {"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", "", 200},
	    {"HTTP/1.1 401 No\r\nContent-Length: 2\r\nWWW-Authenticate: Basic\r\n\r\nno", "no",
		401},
	    {"HTTP/1.1 500 Oh\r\nContent-Length: 2\r\n\r\noh", "oh", 500},
	    {"HTTP/1.0 200 OK\r\n\r\nuntil the end", "until the end", 200},
	    {"HTTP/1.1 200\r\nContent-Encoding: identity\r\nContent-Length: 1\r\n\r\nx", "x", 200},
	    /* A redirect is an answer like any other; nobody goes there. */
	    {"HTTP/1.1 307 There\r\nLocation: /other\r\nContent-Length: 0\r\n\r\n", "", 307},
	    {"HTTP/1.1 302 There\r\nLocation: /other\r\nContent-Length: 0\r\n\r\n", "", 302},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		const struct answer answers[] = {{rows[i].text, THEN_CLOSE}};
		struct server server;
		struct call call;

		server_start(&server, answers, 1);
		prepare_at(&call, *state, "POST", &server);
		call.request.body = "secret text";
		call.request.body_len = 11;
		run(&call);
		assert_int_equal(call.error.kind, ERR_NONE);
		assert_int_equal(call.headers_calls, 1);
		assert_int_equal(call.status, rows[i].status);
		assert_string_equal(call.body.data, rows[i].body);
		server_stop(&server);
		assert_int_equal(server.requests, 1);
		forget(&call);
		server_done(&server);
	}
}

static void
format_date(char *text, size_t size, int64_t from_now)
{
	time_t then = (time_t)(clock_wall() + from_now);
	struct tm tm;

	gmtime_r(&then, &tm);
	strftime(text, size, "%a, %d %b %Y %H:%M:%S GMT", &tm);
}

static void
test_retry_after(void **state)
{
	static const struct {
		const char *value; /* NULL: a date */
		int64_t from_now;
		int least, most;
	} rows[] = {
	    {"7", 0, 7, 7},
	    {"0", 0, 0, 0},
	    {"3601", 0, 3600, 3600},
	    {"99999999999999999999999999", 0, 3600, 3600},
	    {"-5", 0, -1, -1},
	    {"7 apples", 0, -1, -1},
	    {"1.5", 0, -1, -1},
	    {"soon", 0, -1, -1},
	    {"", 0, -1, -1},
	    {NULL, 100, 60, 100},
	    {NULL, -100, 0, 0},
	    {NULL, 100000, 3600, 3600},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		char date[64], text[256];
		struct answer answers[] = {{text, THEN_CLOSE}};
		struct server server;
		struct call call;

		format_date(date, sizeof(date), rows[i].from_now);
		snprintf(text, sizeof(text),
		    "HTTP/1.1 429 Slow\r\nRetry-After: %s\r\nContent-Length: 0\r\n\r\n",
		    rows[i].value == NULL ? date : rows[i].value);
		server_start(&server, answers, 1);
		prepare_at(&call, *state, "GET", &server);
		run(&call);
		assert_int_equal(call.error.kind, ERR_NONE);
		assert_in_range(call.retry_after + 1, rows[i].least + 1, rows[i].most + 1);
		forget(&call);
		server_done(&server);
	}
}

static void
test_broken(void **state)
{
	static const struct {
		struct answer answer;
		enum error_kind kind;
		const char *text, *body;
		int status;
	} rows[] = {
	    {{"", THEN_CLOSE}, ERR_NETWORK, "before it answered", "", 0},
	    {{"", THEN_RESET}, ERR_NETWORK, "before it answered", "", 0},
	    {{"HTTP/1.1 200 O", THEN_CLOSE}, ERR_NETWORK, "before it answered", "", 0},
	    {{"HTTP/1.1 200 OK\r\nContent-Type: te", THEN_CLOSE}, ERR_NETWORK, "before it answered",
		"", 0},
	    {{"HTTP/1.1 200 OK\r\nContent-Type: te", THEN_RESET}, ERR_NETWORK, "before it answered",
		"", 0},
	    {{"HTTP/1.1 100 Continue\r\n\r\n", THEN_CLOSE}, ERR_NETWORK, "before it answered", "",
		0},
	    {{"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhalf", THEN_CLOSE}, ERR_NETWORK,
		"in the middle", "half", 200},
	    {{"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nhalf\r\n", THEN_CLOSE},
		ERR_NETWORK, "in the middle", "half", 200},
	    {{"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n9\r\nhalf", THEN_CLOSE},
		ERR_NETWORK, "in the middle", "half", 200},
	    {{"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\nhalf", THEN_CLOSE},
		ERR_NETWORK, NULL, "", 200},
	    {{"HTTP/9.9 200 OK\r\n\r\nx", THEN_CLOSE}, ERR_PROTOCOL, "HTTP", "", 0},
	    {{"SSH-2.0-OpenSSH_9.2\r\n", THEN_CLOSE}, ERR_PROTOCOL, "HTTP", "", 0},
	    {{"HTTP/1.1 000 No\r\nContent-Length: 0\r\n\r\n", THEN_CLOSE}, ERR_PROTOCOL, NULL, "",
		0},
	    {{"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 2\r\n\r\n\x1f\x8b",
		 THEN_CLOSE},
		ERR_PROTOCOL, "compressed", "", 200},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct server server;
		struct call call;
		char *host;

		server_start(&server, &rows[i].answer, 1);
		prepare_at(&call, *state, "POST", &server);
		call.request.body = "x";
		call.request.body_len = 1;
		run(&call);
		if (call.error.kind != rows[i].kind)
			print_error("row %zu: %s\n", i, call.error.text);
		assert_int_equal(call.error.kind, rows[i].kind);
		if (rows[i].text != NULL)
			expect_text(&call, rows[i].text);
		host = xasprintf("127.0.0.1:%d", server.port);
		expect_text(&call, host);
		free(host);
		assert_string_equal(call.body.data, rows[i].body);
		assert_int_equal(call.status, rows[i].status);
		assert_false(call.nothing_sent);
		server_stop(&server);
		assert_int_equal(server.posts, 1);
		forget(&call);
		server_done(&server);
	}
}

static void
test_reset_in_body(void **state)
{
	static const struct answer answers[] = {
	    {"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nhalf\r\n", THEN_HOLD}};
	struct server server;
	struct call call;

	/* Reset only after the bytes arrived: a reset throws away what is on its way. */
	server_start(&server, answers, 1);
	prepare_at(&call, *state, "POST", &server);
	start(&call);
	while (call.body.len < 4)
		loop_wait(*state, 1000);
	server_stop(&server);
	finish(&call);
	assert_int_equal(call.error.kind, ERR_NETWORK);
	expect_text(&call, "in the middle");
	assert_string_equal(call.body.data, "half");
	forget(&call);
	server_done(&server);
}

static void
test_too_large(void **state)
{
	static const struct answer flood[] = {{"HTTP/1.1 200 OK\r\n\r\n", THEN_FLOOD}};
	static const struct answer exact[] = {
	    {"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n",
		THEN_CLOSE}};
	struct server server;
	struct call call;

	server_start(&server, flood, 1);
	prepare_at(&call, *state, "GET", &server);
	call.request.max_body = 100000;
	run(&call);
	assert_int_equal(call.error.kind, ERR_PROTOCOL);
	expect_text(&call, "98 KiB");
	assert_true(call.body.len <= 100000);
	forget(&call);
	server_done(&server);

	for (size_t max = 4; max <= 5; max++) {
		server_start(&server, exact, 1);
		prepare_at(&call, *state, "GET", &server);
		call.request.max_body = max;
		run(&call);
		assert_int_equal(call.error.kind, max == 5 ? ERR_NONE : ERR_PROTOCOL);
		forget(&call);
		server_done(&server);
	}
}

/* A line of 128 KiB, lines of 290 KiB together, lines without end. */
static void
test_large_headers(void **state)
{
	static const struct {
		size_t line, count;
		enum error_kind kind;
	} rows[] = {
	    {1000, 250, ERR_NONE},
	    {1000, 290, ERR_PROTOCOL},
	    {128 * 1024, 1, ERR_PROTOCOL},
	    {1000, 5000, ERR_PROTOCOL},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct buf text = BUF_EMPTY;
		struct answer answers[1];
		struct server server;
		struct call call;

		buf_puts(&text, "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n");
		for (size_t j = 0; j < rows[i].count; j++) {
			buf_puts(&text, "X: ");
			buf_pad(&text, 'x', rows[i].line - 5);
			buf_puts(&text, "\r\n");
		}
		buf_puts(&text, "\r\n");
		answers[0] = (struct answer){text.data, THEN_CLOSE};
		server_start(&server, answers, 1);
		prepare_at(&call, *state, "GET", &server);
		run(&call);
		assert_int_equal(call.error.kind, rows[i].kind);
		assert_int_equal(call.headers_calls, rows[i].kind == ERR_NONE);
		forget(&call);
		server_done(&server);
		buf_done(&text);
	}
}

static void
test_long_values(void **state)
{
	struct buf text = BUF_EMPTY;
	struct answer answers[1];
	struct server server;
	struct call call;

	buf_puts(&text, "HTTP/1.1 200 OK\r\nContent-Length: 0\r\nContent-Type: a/");
	buf_pad(&text, 'b', 5000);
	buf_puts(&text, "\r\nMistral-Correlation-Id: ");
	buf_pad(&text, 'c', 5000);
	buf_puts(&text, "\r\nRetry-After: ");
	buf_pad(&text, '1', 5000);
	buf_puts(&text, "\r\n\r\n");
	answers[0] = (struct answer){text.data, THEN_CLOSE};
	server_start(&server, answers, 1);
	prepare_at(&call, *state, "GET", &server);
	run(&call);
	assert_int_equal(call.error.kind, ERR_NONE);
	assert_int_equal(strlen(call.content_type), 255);
	assert_int_equal(strlen(call.correlation_id), 127);
	assert_int_equal(call.retry_after, 3600);
	forget(&call);
	server_done(&server);
	buf_done(&text);
}

static void
test_never_opened(void **state)
{
	struct call call;
	char *url, *host;
	int port, fd = listen_somewhere(1, &port);

	/* Nobody listens there any more. */
	close(fd);
	url = xasprintf("http://127.0.0.1:%d/", port);
	host = xasprintf("127.0.0.1:%d", port);
	prepare(&call, *state, "POST", url);
	run(&call);
	assert_int_equal(call.error.kind, ERR_NETWORK);
	expect_text(&call, "refused");
	expect_text(&call, host);
	assert_true(call.nothing_sent);
	assert_false(call.head_received);
	forget(&call);
	free(url);
	free(host);

	prepare(&call, *state, "POST", "https://nowhere.test/v1");
	run(&call);
	assert_int_equal(call.error.kind, ERR_NETWORK);
	expect_text(&call, "nowhere.test:443");
	expect_text(&call, "name");
	assert_true(call.nothing_sent);
	forget(&call);

	prepare(&call, *state, "POST", "http://nowhere.test/v1");
	call.request.proxy = "http://proxy.test:3128";
	run(&call);
	assert_int_equal(call.error.kind, ERR_NETWORK);
	expect_text(&call, "proxy");
	assert_true(call.nothing_sent);
	forget(&call);
}

static void
test_connect_timeout(void **state)
{
	struct sockaddr_in address = {
	    .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	struct call call;
	int64_t before;
	char *url;
	int port, fd = listen_somewhere(0, &port), clients[4];

	/* A full queue: the kernel does not answer the next one. */
	address.sin_port = htons((uint16_t)port);
	for (int i = 0; i < 4; i++) {
		clients[i] = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
		(void)!connect(clients[i], (struct sockaddr *)&address, sizeof(address));
	}
	url = xasprintf("http://127.0.0.1:%d/", port);
	prepare(&call, *state, "POST", url);
	call.request.connect_timeout = 1;
	before = clock_ms();
	run(&call);
	assert_int_equal(call.error.kind, ERR_NETWORK);
	expect_text(&call, "within 1 second.");
	assert_true(call.nothing_sent);
	assert_in_range(clock_ms() - before, 950, 3000);
	for (int i = 0; i < 4; i++)
		close(clients[i]);
	close(fd);
	free(url);
	forget(&call);
}

static void
wait_lookups(const int *count, int least)
{
	struct timespec moment = {.tv_nsec = 1000000};

	while (count_lookups(count) < least)
		nanosleep(&moment, NULL);
}

/* A name server that does not answer holds up neither the limit nor a cancel. */
static void
test_slow_name(void **state)
{
	struct call call;
	int64_t before;
	int done = count_lookups(&lookups_done), begun = count_lookups(&lookups);

	hold_names(true);
	prepare(&call, *state, "POST", "https://one.slow.test/");
	call.request.connect_timeout = 1;
	before = clock_ms();
	run(&call);
	assert_int_equal(call.error.kind, ERR_NETWORK);
	expect_text(&call, "one.slow.test:443");
	expect_text(&call, "within 1 second.");
	assert_true(call.nothing_sent);
	assert_in_range(clock_ms() - before, 950, 3000);
	forget(&call);

	prepare(&call, *state, "POST", "https://two.slow.test/");
	start(&call);
	while (count_lookups(&lookups) < begun + 2)
		loop_wait(*state, 10);
	before = clock_ms();
	cancel(&call);
	assert_in_range(clock_ms() - before, 0, 150);
	assert_int_equal(call.done_calls, 0);
	forget(&call);
	hold_names(false);
	wait_lookups(&lookups_done, done + 2);
}

static const struct {
	struct answer answer;
	bool manual, alive;
	bool stalls;
} stalls[] = {
    /* Nothing at all; a head and nothing more. */
    {{"", THEN_HOLD}, false, false, true},
    {{"HTTP/1.1 200 OK\r\n\r\n", THEN_HOLD}, false, false, true},
    {{"HTTP/1.1 200 OK\r\n\r\n", THEN_HOLD}, true, false, true},
    /* Bytes are a sign of life, unless the caller knows better. */
    {{"HTTP/1.1 200 OK\r\n\r\n", THEN_DRIP}, false, false, false},
    {{"HTTP/1.1 200 OK\r\n\r\n", THEN_DRIP}, true, false, true},
    {{"HTTP/1.1 200 OK\r\n\r\n", THEN_DRIP}, true, true, false},
};

enum { STALLS = sizeof(stalls) / sizeof(stalls[0]) };

static void
test_stall(void **state)
{
	struct server servers[STALLS];
	struct call calls[STALLS];
	int64_t begin = clock_ms(), ended[STALLS] = {0};

	for (int i = 0; i < STALLS; i++) {
		server_start(&servers[i], &stalls[i].answer, 1);
		prepare_at(&calls[i], *state, "POST", &servers[i]);
		calls[i].request.stall_timeout = 1;
		calls[i].request.manual_alive = stalls[i].manual;
		calls[i].alive_in_body = stalls[i].alive;
		start(&calls[i]);
	}
	/* Those that live are watched for twice the limit. */
	for (int i = 0; i < STALLS; i++) {
		while (calls[i].done_calls == 0 && calls[i].body_calls < 20) {
			loop_wait(*state, 1000);
			for (int j = 0; j < STALLS; j++)
				if (ended[j] == 0 && calls[j].done_calls > 0)
					ended[j] = clock_ms();
		}
	}
	for (int i = 0; i < STALLS; i++) {
		assert_int_equal(calls[i].done_calls, stalls[i].stalls);
		if (stalls[i].stalls) {
			assert_in_range(ended[i] - begin, 990, 3000);
			assert_int_equal(calls[i].error.kind, ERR_NETWORK);
			expect_text(&calls[i], "silent for 1 second.");
			assert_false(calls[i].nothing_sent);
		} else {
			cancel(&calls[i]);
		}
		/* Either way the connection is closed at once. */
		while (read_count(&servers[i], &servers[i].closed) == 0)
			loop_wait(*state, 5);
		server_stop(&servers[i]);
		assert_int_equal(servers[i].posts, 1);
		forget(&calls[i]);
		server_done(&servers[i]);
	}
}

/* The stall limit begins when there is a connection; the time before has its own. */
static void
test_stall_not_while_connecting(void **state)
{
	struct call call;
	int done = count_lookups(&lookups_done);

	hold_names(true);
	prepare(&call, *state, "POST", "http://three.slow.test/");
	call.request.connect_timeout = 2;
	call.request.stall_timeout = 1;
	run(&call);
	expect_text(&call, "within 2 seconds.");
	assert_true(call.nothing_sent);
	hold_names(false);
	wait_lookups(&lookups_done, done + 1);
	forget(&call);
}

static void
test_callbacks_refuse(void **state)
{
	struct server server;
	struct call call;

	for (int i = 0; i < 2; i++) {
		server_start(&server, ok_answer, 1);
		prepare_at(&call, *state, "GET", &server);
		call.refuse_headers = i == 0;
		call.refuse_body = i == 1;
		run(&call);
		assert_int_equal(call.error.kind, ERR_TOOL);
		assert_string_equal(
		    call.error.text, i == 0 ? "no headers please" : "no body please");
		assert_int_equal(call.body_calls, i);
		assert_int_equal(call.status, 200);
		forget(&call);
		server_done(&server);
	}
}

static void
spin(struct loop *loop, int ms)
{
	int64_t until = clock_ms() + ms;

	while (clock_ms() < until)
		loop_wait(loop, until - clock_ms());
}

static void
test_cancel(void **state)
{
	static const struct answer hold_head[] = {{"", THEN_HOLD}};
	static const struct answer hold_body[] = {{"HTTP/1.1 200 OK\r\n\r\ndata", THEN_HOLD}};

	/* When: at once, when the request is out, in on_headers, in on_body, between. */
	for (int when = 0; when < 5; when++) {
		struct server server;
		struct call call;

		server_start(&server, when < 2 ? hold_head : hold_body, 1);
		prepare_at(&call, *state, "POST", &server);
		call.cancel_in_headers = when == 2;
		call.cancel_in_body = when == 3;
		start(&call);
		if (when == 1)
			while (read_count(&server, &server.requests) == 0)
				loop_wait(*state, 5);
		else if (when == 4)
			while (call.body_calls == 0)
				loop_wait(*state, 1000);
		else if (when > 1)
			while (call.http != NULL)
				loop_wait(*state, 1000);
		if (call.http != NULL)
			cancel(&call);
		if (when > 0)
			while (read_count(&server, &server.closed) == 0)
				spin(*state, 5);
		spin(*state, 20);
		assert_int_equal(call.done_calls, 0);
		assert_int_equal(call.headers_calls, when >= 2);
		assert_int_equal(call.body_calls, when >= 3);
		forget(&call);
		server_done(&server);
	}
	http_cancel(NULL);
}

/* In callbacks of libcurl, where libcurl forbids it: others are cancelled and started. */
static void
test_cancel_and_start_in_body(void **state)
{
	static const struct answer drip_answer[] = {{"HTTP/1.1 200 OK\r\n\r\n", THEN_DRIP}};
	struct server one, two, three;
	struct call first, second, third, fourth;

	server_start(&one, drip_answer, 1);
	server_start(&two, drip_answer, 1);
	server_start(&three, ok_answer, 1);
	prepare_at(&first, *state, "GET", &one);
	prepare_at(&second, *state, "GET", &two);
	prepare_at(&third, *state, "GET", &three);
	prepare_at(&fourth, *state, "POST", &three);
	start(&second);
	while (second.body_calls == 0)
		loop_wait(*state, 1000);
	first.cancel_other = &second;
	first.start_in_body = &third;
	third.start_in_done = &fourth;
	third.cancel_in_done = true;
	start(&first);
	finish(&third);
	first.start_in_body = NULL;
	finish(&fourth);
	assert_string_equal(third.body.data, "hello");
	assert_string_equal(fourth.body.data, "hello");
	while (read_count(&two, &two.closed) == 0)
		loop_wait(*state, 5);
	assert_int_equal(second.done_calls, 0);
	assert_null(second.http);
	cancel(&first);
	forget(&first);
	forget(&second);
	forget(&third);
	forget(&fourth);
	server_done(&one);
	server_done(&two);
	server_done(&three);
}

struct keyboard {
	struct loop *loop;
	struct watch *watch;
	int reads, hangups, signals;
};

static void
note_keyboard(void *arg, int fd, unsigned ready)
{
	struct keyboard *keyboard = arg;
	char c;

	if (ready & LOOP_READ)
		keyboard->reads += read(fd, &c, 1) == 1;
	if (ready & LOOP_HANGUP)
		keyboard->hangups++;
}

static void
note_signal(void *arg, int number)
{
	struct keyboard *keyboard = arg;

	keyboard->signals += number == SIGWINCH;
}

/* A key, a signal and a hang-up are served while an answer is awaited, and do not spin. */
static void
test_keyboard_meanwhile(void **state)
{
	static const struct answer answers[] = {{"HTTP/1.1 200 OK\r\n\r\nx", THEN_HOLD}};
	struct keyboard keyboard = {.loop = *state};
	struct server server;
	struct call call;
	int fds[2], waits = 0;
	int64_t until;

	assert_int_equal(pipe2(fds, O_CLOEXEC), 0);
	keyboard.watch = loop_watch(*state, fds[0], LOOP_READ, note_keyboard, &keyboard);
	loop_on_signal(*state, note_signal, &keyboard);
	server_start(&server, answers, 1);
	prepare_at(&call, *state, "POST", &server);
	start(&call);
	while (call.body_calls == 0)
		loop_wait(*state, 1000);
	assert_int_equal(write(fds[1], "k", 1), 1);
	while (keyboard.reads == 0)
		loop_wait(*state, 1000);
	raise(SIGWINCH);
	while (keyboard.signals == 0)
		loop_wait(*state, 1000);
	close(fds[1]);
	while (keyboard.hangups == 0)
		loop_wait(*state, 1000);
	until = clock_ms() + 100;
	while (clock_ms() < until) {
		loop_wait(*state, until - clock_ms());
		waits++;
	}
	/* libcurl may have a reason or two of its own. */
	assert_in_range(waits, 1, 5);
	assert_int_equal(keyboard.hangups, 1);
	loop_unwatch(*state, keyboard.watch);
	close(fds[0]);
	cancel(&call);
	forget(&call);
	server_done(&server);
}

static void
test_many_at_once(void **state)
{
	enum { MANY = 30 };
	struct server server;
	struct call calls[MANY];

	server_start(&server, ok_answer, 1);
	for (int i = 0; i < MANY; i++) {
		prepare_at(&calls[i], *state, i % 2 ? "GET" : "POST", &server);
		start(&calls[i]);
	}
	for (int i = 0; i < MANY; i++) {
		finish(&calls[i]);
		assert_int_equal(calls[i].error.kind, ERR_NONE);
		assert_string_equal(calls[i].body.data, "hello");
		forget(&calls[i]);
	}
	server_done(&server);
}

static void
test_get_reuses(void **state)
{
	static const struct answer answers[] = {
	    {OK_TEXT, THEN_KEEP}, {OK_TEXT, THEN_KEEP}, {"", THEN_CLOSE}, {OK_TEXT, THEN_KEEP}};
	struct server server;
	struct call call;

	server_start(&server, answers, 4);
	for (int i = 0; i < 3; i++) {
		prepare_at(&call, *state, "GET", &server);
		run(&call);
		assert_int_equal(call.error.kind, ERR_NONE);
		assert_string_equal(call.body.data, "hello");
		assert_int_equal(read_count(&server, &server.connections), i < 2 ? 1 : 2);
		forget(&call);
	}
	/* The third found its connection dead and was sent again: harmless for a GET. */
	assert_int_equal(read_count(&server, &server.requests), 4);
	server_done(&server);
}

/*
 * What libcurl does for that GET it would do for a POST as well, though the
 * server may have acted on it. So every POST has a connection of its own.
 */
static void
test_post_is_never_repeated(void **state)
{
	static const enum then thens[] = {THEN_CLOSE, THEN_RESET};

	for (size_t i = 0; i < 2; i++) {
		const struct answer answers[] = {
		    {OK_TEXT, THEN_KEEP}, {"", thens[i]}, {OK_TEXT, THEN_KEEP}};
		struct server server;
		struct call call;

		server_start(&server, answers, 3);
		prepare_at(&call, *state, "GET", &server);
		run(&call);
		assert_int_equal(call.error.kind, ERR_NONE);
		forget(&call);
		prepare_at(&call, *state, "POST", &server);
		call.request.body = "once";
		call.request.body_len = 4;
		run(&call);
		assert_int_equal(call.error.kind, ERR_NETWORK);
		expect_text(&call, "may have received");
		assert_false(call.nothing_sent);
		forget(&call);
		server_stop(&server);
		assert_int_equal(server.posts, 1);
		assert_int_equal(server.connections, 2);
		server_done(&server);
	}
}

/* A POST after its server closed the idle connection goes through at once. */
static void
test_post_after_idle_close(void **state)
{
	static const struct answer answers[] = {{OK_TEXT, THEN_CLOSE}, {OK_TEXT, THEN_KEEP}};
	struct server server;
	struct call call;

	server_start(&server, answers, 2);
	for (int i = 0; i < 2; i++) {
		prepare_at(&call, *state, "POST", &server);
		run(&call);
		assert_int_equal(call.error.kind, ERR_NONE);
		forget(&call);
	}
	server_stop(&server);
	assert_int_equal(server.posts, 2);
	server_done(&server);
}

static long
count_switches(void)
{
	struct rusage usage;

	getrusage(RUSAGE_THREAD, &usage);
	return usage.ru_nvcsw;
}

/* Nothing wakes us when the last transfer is over, not even a kept connection that dies. */
static void
test_asleep_afterwards(void **state)
{
	struct server server;
	struct call call;
	int64_t begin;
	long before;

	server_start(&server, ok_answer, 1);
	prepare_at(&call, *state, "GET", &server);
	run(&call);
	assert_int_equal(call.error.kind, ERR_NONE);
	server_stop(&server);
	begin = clock_ms();
	before = count_switches();
	loop_wait(*state, 400);
	assert_true(clock_ms() - begin >= 399);
	assert_in_range(count_switches() - before, 1, 2);
	forget(&call);
	server_done(&server);
}

static void
test_sockets_are_private(void **state)
{
	static const struct answer answers[] = {{"HTTP/1.1 200 OK\r\n\r\nx", THEN_HOLD}};
	struct server server;
	struct call call;
	struct sockaddr_in peer;
	int ours = 0;

	server_start(&server, answers, 1);
	prepare_at(&call, *state, "GET", &server);
	start(&call);
	while (call.body_calls == 0)
		loop_wait(*state, 1000);
	for (int fd = 3; fd < 256; fd++) {
		socklen_t len = sizeof(peer);

		if (getpeername(fd, (struct sockaddr *)&peer, &len) != 0 || len != sizeof(peer) ||
		    ntohs(peer.sin_port) != server.port)
			continue;
		ours++;
		assert_true(fcntl(fd, F_GETFD) & FD_CLOEXEC);
	}
	assert_int_equal(ours, 1);
	cancel(&call);
	forget(&call);
	server_done(&server);
}

static void
test_proxy(void **state)
{
	struct server server, proxy;
	struct call call;
	char *address;

	server_start(&server, ok_answer, 1);
	server_start(&proxy, ok_answer, 1);
	address = xasprintf("http://127.0.0.1:%d", proxy.port);

	/* A loopback address is reached directly, whatever is set. */
	setenv("http_proxy", address, 1);
	setenv("all_proxy", address, 1);
	for (int i = 0; i < 2; i++) {
		prepare_at(&call, *state, "POST", &server);
		call.request.proxy = i == 0 ? NULL : address;
		run(&call);
		assert_int_equal(call.error.kind, ERR_NONE);
		forget(&call);
	}
	assert_int_equal(read_count(&server, &server.requests), 2);
	assert_int_equal(read_count(&proxy, &proxy.connections), 0);

	/* Everything else by the proxy, be it of the environment or the profile. */
	for (int i = 0; i < 2; i++) {
		if (i == 1) {
			unsetenv("http_proxy");
			unsetenv("all_proxy");
		}
		prepare(&call, *state, "POST", "http://far.test/v1");
		call.request.proxy = i == 0 ? NULL : address;
		run(&call);
		assert_int_equal(call.error.kind, ERR_NONE);
		assert_int_equal(read_count(&proxy, &proxy.requests), i + 1);
		forget(&call);
	}
	server_stop(&proxy);
	assert_int_equal(strncmp(proxy.last.data, "POST http://far.test/v1 HTTP/1.1\r\n", 34), 0);
	free(address);
	server_done(&server);
	server_done(&proxy);
}

/* The key goes to the server, through the tunnel, never to the proxy. */
static void
test_proxy_gets_no_key(void **state)
{
	static const struct answer answers[] = {
	    {"HTTP/1.1 407 Who are you\r\nContent-Length: 0\r\n\r\n", THEN_CLOSE}};
	struct server proxy;
	struct call call;
	char *address;

	server_start(&proxy, answers, 1);
	address = xasprintf("http://127.0.0.1:%d", proxy.port);
	prepare(&call, *state, "POST", "https://far.test/v1");
	call.request.proxy = address;
	call.request.bearer = "canary-key";
	run(&call);
	assert_int_equal(call.error.kind, ERR_NETWORK);
	expect_text(&call, "far.test:443");
	assert_true(call.nothing_sent);
	assert_int_equal(call.headers_calls, 0);
	server_stop(&proxy);
	assert_int_equal(strncmp(proxy.last.data, "CONNECT far.test:443 HTTP/1.1\r\n", 31), 0);
	assert_null(strstr(proxy.last.data, "canary"));
	forget(&call);
	free(address);
	server_done(&proxy);
}

static void
test_tls_nonsense(void **state)
{
	static const struct answer answers[] = {{"HTTP/1.1 400 Bad\r\n\r\n", THEN_GREET}};
	struct server server;
	struct call call;
	char *url;

	server_start(&server, answers, 1);
	url = xasprintf("https://127.0.0.1:%d/", server.port);
	prepare(&call, *state, "POST", url);
	call.request.bearer = "canary-key";
	run(&call);
	assert_int_equal(call.error.kind, ERR_NETWORK);
	expect_text(&call, "secure connection");
	assert_true(call.nothing_sent);
	forget(&call);
	free(url);
	server_done(&server);
}

struct tls_server {
	char folder[32], certificate[64], key[64];
	pid_t pid;
	int port;
};

static void
run_openssl(const char *const argv[], int out, pid_t *pid)
{
	*pid = fork();
	if (*pid != 0)
		return;
	dup2(out, 1);
	dup2(open("/dev/null", O_WRONLY), 2);
	dup2(open("/dev/null", O_RDONLY), 0);
	execvp(argv[0], (char *const *)(uintptr_t)argv);
	_exit(127);
}

/* False without openssl(1). */
static bool
tls_start(struct tls_server *tls)
{
	const char *const make[] = {"openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes",
	    "-days", "2", "-subj", "/CN=causerie test", "-addext", "subjectAltName=IP:127.0.0.1",
	    "-keyout", tls->key, "-out", tls->certificate, NULL};
	const char *const serve_argv[] = {"openssl", "s_server", "-accept", "127.0.0.1:0", "-cert",
	    tls->certificate, "-key", tls->key, "-www", NULL};
	int status, fds[2], null = open("/dev/null", O_WRONLY | O_CLOEXEC);
	char line[256];
	FILE *file;
	pid_t pid;

	strcpy(tls->folder, "/tmp/causerie-tls-XXXXXX");
	assert_non_null(mkdtemp(tls->folder));
	snprintf(tls->certificate, sizeof(tls->certificate), "%s/certificate", tls->folder);
	snprintf(tls->key, sizeof(tls->key), "%s/key", tls->folder);
	run_openssl(make, null, &pid);
	close(null);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	if (WEXITSTATUS(status) == 127)
		return false;
	assert_int_equal(status, 0);
	assert_int_equal(pipe2(fds, O_CLOEXEC), 0);
	run_openssl(serve_argv, fds[1], &tls->pid);
	close(fds[1]);
	file = fdopen(fds[0], "r");
	tls->port = 0;
	while (tls->port == 0 && fgets(line, sizeof(line), file) != NULL)
		sscanf(line, "ACCEPT 127.0.0.1:%d", &tls->port);
	assert_true(tls->port > 0);
	fclose(file);
	return true;
}

static void
tls_stop(struct tls_server *tls)
{
	if (tls->pid > 0) {
		kill(tls->pid, SIGKILL);
		waitpid(tls->pid, NULL, 0);
	}
	unlink(tls->certificate);
	unlink(tls->key);
	rmdir(tls->folder);
}

static void
test_tls(void **state)
{
	struct tls_server tls = {.pid = 0};
	struct call call;
	char *url;

	if (!tls_start(&tls)) {
		tls_stop(&tls);
		skip();
	}
	url = xasprintf("https://127.0.0.1:%d/", tls.port);
	/* Nobody vouches for it. */
	prepare(&call, *state, "GET", url);
	run(&call);
	assert_int_equal(call.error.kind, ERR_NETWORK);
	expect_text(&call, "certificate");
	assert_true(call.nothing_sent);
	forget(&call);
	/* The profile does. */
	prepare(&call, *state, "GET", url);
	call.request.ca_file = tls.certificate;
	run(&call);
	assert_int_equal(call.error.kind, ERR_NONE);
	assert_int_equal(call.status, 200);
	forget(&call);
	free(url);
	/* But not under another name. */
	url = xasprintf("https://localhost:%d/", tls.port);
	prepare(&call, *state, "GET", url);
	call.request.ca_file = tls.certificate;
	run(&call);
	assert_int_equal(call.error.kind, ERR_NETWORK);
	assert_true(call.nothing_sent);
	forget(&call);
	/* A file that is not there. */
	prepare(&call, *state, "GET", url);
	call.request.ca_file = "/nonexistent/ca";
	run(&call);
	assert_int_equal(call.error.kind, ERR_CONFIG);
	expect_text(&call, "/nonexistent/ca");
	assert_true(call.nothing_sent);
	forget(&call);
	free(url);
	tls_stop(&tls);
}

static void
test_refused_requests(void **state)
{
	static const char *const bad_header[] = {"X: 1\r\nY: 2", NULL};
	static const char *const no_colon[] = {"nonsense", NULL};
	static const struct {
		const char *method, *url, *bearer;
		const char *const *headers;
		enum error_kind kind;
	} rows[] = {
	    {"GET", "http://127.0.0.1/", "key\r\nX: 1", NULL, ERR_AUTH},
	    {"GET", "http://127.0.0.1/", "key\n", NULL, ERR_AUTH},
	    {"GET", "http://127.0.0.1/", "k\xc3\xa9y", NULL, ERR_AUTH},
	    {"GET", "http://127.0.0.1/", "two words", NULL, ERR_AUTH},
	    {"GET", "http://127.0.0.1/", "", NULL, ERR_AUTH},
	    {"GET", "http://127.0.0.1/", NULL, bad_header, ERR_CONFIG},
	    {"GET", "http://127.0.0.1/", NULL, no_colon, ERR_CONFIG},
	    {"G T", "http://127.0.0.1/", NULL, NULL, ERR_USAGE},
	    {"", "http://127.0.0.1/", NULL, NULL, ERR_USAGE},
	    {"GET", "ftp://127.0.0.1/", NULL, NULL, ERR_CONFIG},
	    {"GET", "http://user:canary@127.0.0.1/", NULL, NULL, ERR_CONFIG},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct http_request request = {.method = rows[i].method,
		    .url = rows[i].url,
		    .bearer = rows[i].bearer,
		    .headers = rows[i].headers,
		    .on_body = note_body,
		    .on_done = note_done};
		struct error err = ERROR_NONE;

		assert_null(http_start(*state, &request, &err));
		assert_int_equal(err.kind, rows[i].kind);
		assert_null(strstr(err.text, "key\r"));
		assert_null(strstr(err.text, "canary"));
		error_done(&err);
	}
}

static void
test_addresses(void **state)
{
	static const struct {
		const char *url, *host; /* of a good one */
		bool good, loopback;
	} rows[] = {
	    {"https://api.mistral.ai", "api.mistral.ai:443", true, false},
	    {"https://api.mistral.ai/v1/", "api.mistral.ai:443", true, false},
	    {"HTTP://Example.ORG:8080/x?y=z#w", "Example.ORG:8080", true, false},
	    {"http://localhost:11434/v1", "localhost:11434", true, true},
	    {"http://LOCALHOST", "LOCALHOST:80", true, true},
	    {"http://127.0.0.1/", "127.0.0.1:80", true, true},
	    {"http://127.8.9.10:1/", "127.8.9.10:1", true, true},
	    {"https://[::1]:8443/", "[::1]:8443", true, true},
	    {"http://[::2]/", "[::2]:80", true, false},
	    {"http://[fe80::1]/", "[fe80::1]:80", true, false},
	    {"http://127.0.0.1.example.org/", "127.0.0.1.example.org:80", true, false},
	    {"http://localhost.example.org/", "localhost.example.org:80", true, false},
	    {"http://128.0.0.1/", "128.0.0.1:80", true, false},
	    {"http://10.0.0.1/", "10.0.0.1:80", true, false},
	    {"https://example.org/127.0.0.1", "example.org:443", true, false},
	    {"https://user@example.org/", NULL, false, false},
	    {"https://user:secret@example.org/", NULL, false, false},
	    {"https://user:secret@127.0.0.1/", NULL, false, true},
	    {"ftp://example.org/", NULL, false, false},
	    {"file:///etc/passwd", NULL, false, false},
	    {"example.org", NULL, false, false},
	    {"https://", NULL, false, false},
	    {"http://exa mple.org/", NULL, false, false},
	    {"http://example.org:99999/", NULL, false, false},
	    {"http://example.org/\r\nX: 1", NULL, false, false},
	    {"", NULL, false, false},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct error err = ERROR_NONE;
		char *host = http_host(rows[i].url);

		if (http_check_url(rows[i].url, &err) != rows[i].good)
			fail_msg("%s", rows[i].url);
		assert_int_equal(err.kind, rows[i].good ? ERR_NONE : ERR_CONFIG);
		assert_true(rows[i].good || strstr(err.text, "secret") == NULL);
		if (http_is_loopback(rows[i].url) != rows[i].loopback)
			fail_msg("%s", rows[i].url);
		if (rows[i].host != NULL)
			assert_string_equal(host, rows[i].host);
		assert_null(strstr(host, "secret"));
		free(host);
		error_done(&err);
	}
}

static void
test_escape(void **state)
{
	static const struct {
		const char *text, *escaped;
	} rows[] = {
	    {"", ""},
	    {"conv_0196-A.b~z", "conv_0196-A.b~z"},
	    {"a b/c?d&e=f#g%", "a%20b%2Fc%3Fd%26e%3Df%23g%25"},
	    {"\xc3\xa9\n\x7f", "%C3%A9%0A%7F"},
	    {"..", ".."},
	    {"+*'()!:@$,;[]", "%2B%2A%27%28%29%21%3A%40%24%2C%3B%5B%5D"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		char *escaped = http_escape(rows[i].text);

		assert_string_equal(escaped, rows[i].escaped);
		free(escaped);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    WITH_LOOP(test_get),
	    WITH_LOOP(test_methods),
	    WITH_LOOP(test_head),
	    WITH_LOOP(test_interim),
	    WITH_LOOP(test_statuses),
	    WITH_LOOP(test_retry_after),
	    WITH_LOOP(test_broken),
	    WITH_LOOP(test_reset_in_body),
	    WITH_LOOP(test_too_large),
	    WITH_LOOP(test_large_headers),
	    WITH_LOOP(test_long_values),
	    WITH_LOOP(test_never_opened),
	    WITH_LOOP(test_connect_timeout),
	    WITH_LOOP(test_slow_name),
	    WITH_LOOP(test_stall),
	    WITH_LOOP(test_stall_not_while_connecting),
	    WITH_LOOP(test_callbacks_refuse),
	    WITH_LOOP(test_cancel),
	    WITH_LOOP(test_cancel_and_start_in_body),
	    WITH_LOOP(test_keyboard_meanwhile),
	    WITH_LOOP(test_many_at_once),
	    WITH_LOOP(test_get_reuses),
	    WITH_LOOP(test_post_is_never_repeated),
	    WITH_LOOP(test_post_after_idle_close),
	    WITH_LOOP(test_asleep_afterwards),
	    WITH_LOOP(test_sockets_are_private),
	    WITH_LOOP(test_proxy),
	    WITH_LOOP(test_proxy_gets_no_key),
	    WITH_LOOP(test_tls_nonsense),
	    WITH_LOOP(test_tls),
	    WITH_LOOP(test_refused_requests),
	    cmocka_unit_test(test_addresses),
	    cmocka_unit_test(test_escape),
	};
	static const char *const variables[] = {"http_proxy", "https_proxy", "HTTPS_PROXY",
	    "all_proxy", "ALL_PROXY", "no_proxy", "NO_PROXY"};

	for (size_t i = 0; i < sizeof(variables) / sizeof(variables[0]); i++)
		unsetenv(variables[i]);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
