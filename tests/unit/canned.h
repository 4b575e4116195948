/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef TEST_CANNED_H
#define TEST_CANNED_H

/*
 * A server inside the test and on its loop: each connection is one request,
 * which is kept, and gets the next of the answers put up before. The bytes of
 * an answer are the test's business, and so is what becomes of the connection
 * behind them.
 */

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/array.h"
#include "base/buf.h"
#include "base/clock.h"
#include "base/mem.h"
#include "net/loop.h"
#include "profile/profile.h"

enum canned_end {
	CANNED_CLOSE,
	CANNED_RESET,
	CANNED_HOLD, /* open, in silence */
	CANNED_BEAT, /* open, with a comment each 100 ms */
};

struct canned_answer {
	struct buf bytes;
	enum canned_end end;
	size_t step; /* bytes at a time; 0: all */
};

struct canned_peer {
	struct canned *server;
	int fd;
	struct watch *watch;
	struct timer *timer;
	struct buf request;
	struct canned_answer answer;
	size_t written;
	bool answered;
};

struct canned {
	struct loop *loop;
	int fd, port;
	struct watch *watch;
	ARRAY(struct canned_answer) answers; /* yet to come */
	ARRAY(char *) requests;
	ARRAY(struct canned_peer *) peers;
	int closed; /* connections that the client closed before we did */
};

static inline void
canned_drop(struct canned_peer *peer)
{
	struct canned *server = peer->server;

	for (size_t i = 0; i < server->peers.len; i++)
		if (server->peers.items[i] == peer) {
			array_remove(&server->peers, i);
			break;
		}
	loop_unwatch(server->loop, peer->watch);
	loop_cancel(server->loop, peer->timer);
	close(peer->fd);
	buf_done(&peer->request);
	buf_done(&peer->answer.bytes);
	free(peer);
}

static inline void
canned_beat(void *arg)
{
	struct canned_peer *peer = arg;

	peer->timer = loop_timer(peer->server->loop, 100, canned_beat, peer);
	(void)!send(peer->fd, ": beat\n", 7, MSG_NOSIGNAL);
}

static inline void
canned_finish(struct canned_peer *peer)
{
	struct linger linger = {.l_onoff = 1};

	switch (peer->answer.end) {
	case CANNED_HOLD:
		return;
	case CANNED_BEAT:
		canned_beat(peer);
		return;
	case CANNED_RESET:
		setsockopt(peer->fd, SOL_SOCKET, SO_LINGER, &linger, sizeof(linger));
		break;
	case CANNED_CLOSE:
		break;
	}
	canned_drop(peer);
}

static inline void
canned_write(void *arg)
{
	struct canned_peer *peer = arg;
	size_t left = peer->answer.bytes.len - peer->written;
	ssize_t n;

	peer->timer = NULL;
	if (peer->answer.step > 0 && left > peer->answer.step)
		left = peer->answer.step;
	n = send(
	    peer->fd, peer->answer.bytes.data + peer->written, left, MSG_NOSIGNAL | MSG_DONTWAIT);
	if (n > 0)
		peer->written += (size_t)n;
	if (peer->written < peer->answer.bytes.len)
		peer->timer = loop_timer(peer->server->loop, 0, canned_write, peer);
	else
		canned_finish(peer);
}

/* Whether head and body are there. */
static inline bool
canned_is_whole(const struct buf *request)
{
	const char *end = strstr(request->data, "\r\n\r\n");
	const char *length = strcasestr(request->data, "\r\nContent-Length:");
	size_t body;

	if (end == NULL)
		return false;
	body = request->len - (size_t)(end + 4 - request->data);
	return length == NULL || length > end || body >= strtoul(length + 17, NULL, 10);
}

static inline void
canned_read(void *arg, int fd, unsigned ready)
{
	struct canned_peer *peer = arg;
	struct canned *server = peer->server;
	char bytes[4096];
	ssize_t n = recv(fd, bytes, sizeof(bytes), MSG_DONTWAIT);

	(void)ready;
	if (n <= 0) {
		server->closed++;
		canned_drop(peer);
		return;
	}
	buf_add(&peer->request, bytes, (size_t)n);
	if (peer->answered || !canned_is_whole(&peer->request))
		return;
	peer->answered = true;
	array_push(&server->requests, xstrdup(peer->request.data));
	if (server->answers.len == 0)
		abort(); /* nobody put up an answer to this */
	peer->answer = server->answers.items[0];
	array_remove(&server->answers, 0);
	canned_write(peer);
}

static inline void
canned_accept(void *arg, int fd, unsigned ready)
{
	struct canned *server = arg;
	struct canned_peer *peer = xcalloc(1, sizeof(*peer));

	(void)ready;
	peer->server = server;
	peer->fd = accept(fd, NULL, NULL);
	buf_init(&peer->request, 0);
	peer->answer.bytes = (struct buf)BUF_EMPTY;
	peer->watch = loop_watch(server->loop, peer->fd, LOOP_READ, canned_read, peer);
	array_push(&server->peers, peer);
}

static inline struct canned *
canned_new(struct loop *loop)
{
	struct canned *server = xcalloc(1, sizeof(*server));
	struct sockaddr_in address = {.sin_family = AF_INET};
	socklen_t len = sizeof(address);

	address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	server->loop = loop;
	server->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (bind(server->fd, (struct sockaddr *)&address, len) != 0 ||
	    listen(server->fd, 16) != 0 ||
	    getsockname(server->fd, (struct sockaddr *)&address, &len) != 0)
		abort();
	server->port = ntohs(address.sin_port);
	server->watch = loop_watch(loop, server->fd, LOOP_READ, canned_accept, server);
	return server;
}

/* Nobody listens any more. */
static inline void
canned_deafen(struct canned *server)
{
	loop_unwatch(server->loop, server->watch);
	server->watch = NULL;
	if (server->fd >= 0)
		close(server->fd);
	server->fd = -1;
}

static inline void
canned_free(struct canned *server)
{
	canned_deafen(server);
	while (server->peers.len > 0)
		canned_drop(server->peers.items[0]);
	for (size_t i = 0; i < server->answers.len; i++)
		buf_done(&server->answers.items[i].bytes);
	for (size_t i = 0; i < server->requests.len; i++)
		free(server->requests.items[i]);
	array_done(&server->answers);
	array_done(&server->requests);
	array_done(&server->peers);
	free(server);
}

static inline void
canned_bytes(struct canned *server, const char *bytes, size_t len, enum canned_end end)
{
	struct canned_answer answer = {.bytes = BUF_EMPTY, .end = end};

	buf_add(&answer.bytes, bytes, len);
	array_push(&server->answers, answer);
}

/* An answer with a length; headers are further ones, each with its CRLF. */
static inline void
canned_answer(
    struct canned *server, int status, const char *type, const char *headers, const char *body)
{
	char *text =
	    xasprintf("HTTP/1.1 %d Said\r\nContent-Type: %s\r\n%sContent-Length: %zu\r\n\r\n%s",
		status, type, headers, strlen(body), body);

	canned_bytes(server, text, strlen(text), CANNED_CLOSE);
	free(text);
}

/* A stream that ends when the connection does. */
static inline void
canned_stream(struct canned *server, const char *events, enum canned_end end, size_t step)
{
	char *text = xasprintf("HTTP/1.1 200 OK\r\nContent-Type: text/event-stream; "
			       "charset=utf-8\r\nConnection: close\r\n\r\n%s",
	    events);

	canned_bytes(server, text, strlen(text), end);
	server->answers.items[server->answers.len - 1].step = step;
	free(text);
}

/* The body of a request that came. */
static inline const char *
canned_body(const struct canned *server, size_t at)
{
	return strstr(server->requests.items[at], "\r\n\r\n") + 4;
}

/* Runs the loop until the number is at least that, for half a minute at most. */
static inline bool
canned_wait(struct loop *loop, const int *number, int least)
{
	int64_t limit = clock_ms() + 30000;

	while (*number < least && clock_ms() < limit)
		loop_wait(loop, 50);
	return *number >= least;
}

/* Runs the loop for a while, for what must not happen. */
static inline void
canned_idle(struct loop *loop, int ms)
{
	int64_t limit = clock_ms() + ms;

	while (clock_ms() < limit)
		loop_wait(loop, limit - clock_ms());
}

#endif
