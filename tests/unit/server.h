/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef TEST_SERVER_H
#define TEST_SERVER_H

/*
 * The test server (server/README) as a child of the test: started, asked what
 * it has seen, told to fail or to go on. What is asked here waits for the
 * answer; the loop does not run meanwhile.
 */

#include <arpa/inet.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/mem.h"
#include "net/loop.h"

struct server {
	pid_t pid; /* 0: it does not run */
	int port;
};

/* FAKESERVER, else where it is built. */
static inline char *
server_program(void)
{
	const char *path = getenv("FAKESERVER"), *folder = getenv("builddir");

	return path != NULL ? xstrdup(path)
			    : xasprintf("%s/server/fakeserver", folder != NULL ? folder : ".");
}

/* On the port it had before, if it had one. option may be NULL. */
static inline void
server_start(struct server *server, const char *option)
{
	char *program = server_program(), *port = xasprintf("%d", server->port);
	char line[32] = "";
	int ends[2];
	FILE *said;

	if (pipe(ends) != 0)
		abort();
	server->pid = fork();
	if (server->pid == 0) {
		dup2(ends[1], STDOUT_FILENO);
		close(ends[0]);
		close(ends[1]);
		execl(program, program, "--port", port, option, (char *)NULL);
		perror(program);
		_exit(127);
	}
	close(ends[1]);
	said = fdopen(ends[0], "r");
	if (said == NULL || fgets(line, sizeof(line), said) == NULL)
		abort(); /* it does not start; it has said why */
	fclose(said);
	server->port = atoi(line);
	free(program);
	free(port);
}

static inline void
server_stop(struct server *server)
{
	if (server->pid == 0)
		return;
	kill(server->pid, SIGTERM);
	waitpid(server->pid, NULL, 0);
	server->pid = 0;
}

/* One request; the body of the answer, yours. */
static inline char *
server_call(const struct server *server, const char *method, const char *path, const char *body)
{
	struct sockaddr_in address = {.sin_family = AF_INET};
	struct buf answer = BUF_EMPTY;
	char piece[4096], *request, *text;
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	ssize_t n;

	address.sin_port = htons((uint16_t)server->port);
	address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	request = xasprintf("%s %s HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer "
			    "test-key\r\nConnection: close\r\nContent-Length: %zu\r\n\r\n%s",
	    method, path, strlen(body), body);
	if (connect(fd, (struct sockaddr *)&address, sizeof(address)) != 0 ||
	    send(fd, request, strlen(request), MSG_NOSIGNAL) != (ssize_t)strlen(request))
		abort();
	while ((n = recv(fd, piece, sizeof(piece), 0)) > 0)
		buf_add(&answer, piece, (size_t)n);
	close(fd);
	free(request);
	text = strstr(answer.data, "\r\n\r\n");
	text = xstrdup(text != NULL ? text + 4 : "");
	buf_done(&answer);
	return text;
}

/* How often a piece of text is in the log of its requests. */
static inline int
server_count(const struct server *server, const char *piece)
{
	char *log = server_call(server, "GET", "/_log", "");
	int count = 0;

	for (const char *at = log; (at = strstr(at, piece)) != NULL; at += strlen(piece))
		count++;
	free(log);
	return count;
}

static inline int
server_posts(const struct server *server)
{
	return server_count(server, "\"method\":\"POST\"");
}

/* A number of its state: requests, holding and so on. */
static inline int
server_number(const struct server *server, const char *name)
{
	char *state = server_call(server, "GET", "/_state", ""),
	     *key = xasprintf("\"%s\":", name), *at = strstr(state, key);
	int number = at != NULL ? atoi(at + strlen(key)) : -1;

	free(key);
	free(state);
	return number;
}

/* Runs the loop until the server holds so many answers back. */
static inline bool
server_holds(const struct server *server, struct loop *loop, int count)
{
	int64_t limit = clock_ms() + 10000;

	while (server_number(server, "holding") != count) {
		if (clock_ms() > limit)
			return false;
		loop_wait(loop, 10);
	}
	return true;
}

/* Further requests with that method and path fail so. */
static inline void
server_fault(const struct server *server, const char *fault, const char *method, const char *path)
{
	char *body = xasprintf("{\"fault\":\"%s\",\"count\":1,\"method\":\"%s\",\"path\":\"%s\"}",
	    fault, method, path);

	free(server_call(server, "POST", "/_control", body));
	free(body);
}

static inline void
server_release(const struct server *server)
{
	free(server_call(server, "POST", "/_release", ""));
}

#endif
