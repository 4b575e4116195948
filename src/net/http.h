/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef NET_HTTP_H
#define NET_HTTP_H

/*
 * One HTTP request. Knows nothing of chat.
 *
 * Never follows a redirect, always verifies TLS, ignores proxies for loopback
 * addresses, limits everything: headers 256 KiB, decoded body max_body, the
 * time to connect, the silence between two signs of life. Only http and https.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct error;
struct http;
struct loop;

/* Headers have come. False ends the request; set the error. type is "" if not said. */
typedef bool (*http_headers_fn)(void *arg, int status, const char *content_type, struct error *);

/* Decoded bytes of the body. False ends the request; set the error. */
typedef bool (*http_body_fn)(void *arg, const char *bytes, size_t len, struct error *);

struct http_result {
	int status;		   /* 0: no answer */
	const char *content_type;  /* "" if not said */
	const char *correlation_id; /* mistral-correlation-id, or NULL */
	int retry_after;	   /* seconds from Retry-After, number or date, 0 to 3600; -1: not said */
	bool nothing_sent;	   /* no byte of the request left: safe to try again */
	bool head_received;	   /* a status line came */
};

/*
 * Called once, last, never from within http_start() or http_cancel(). error is
 * NULL when the body came whole, whatever the status. The request frees itself
 * when it returns.
 */
typedef void (*http_done_fn)(void *arg, const struct http_result *, const struct error *);

struct http_request {
	const char *method; /* GET, POST, DELETE, ... */
	const char *url;
	const char *const *headers; /* "Name: value", NULL at the end; or NULL */
	const char *bearer;	    /* key for Authorization, or NULL; sent to this host only */
	const char *body;	    /* or NULL */
	size_t body_len;
	int connect_timeout; /* seconds */
	int stall_timeout;   /* seconds without a sign of life (see http_alive) */
	bool manual_alive;   /* bytes are no sign of life, only http_alive() is */
	size_t max_body;     /* decoded bytes; more is an error */
	const char *ca_file, *proxy; /* or NULL */
	http_headers_fn on_headers;  /* or NULL */
	http_body_fn on_body;
	http_done_fn on_done;
	void *arg;
};

/* Everything in the request is copied. NULL if it cannot be made (a bad URL, a bad header). */
struct http *http_start(struct loop *, const struct http_request *, struct error *);

/* Starts the stall clock anew. */
void http_alive(struct http *);

/* Closes the connection, without a further call back. */
void http_cancel(struct http *);

/* text percent-encoded for one path segment or query value (RFC 3986 unreserved stays); yours. */
char *http_escape(const char *text);

/* Whether the host of a URL is this machine's: localhost, 127.0.0.0/8, [::1]. */
bool http_is_loopback(const char *url);

/* Scheme http or https, a host, no user information; says what is wrong. */
bool http_check_url(const char *url, struct error *);

/* host:port of a URL for messages; yours. */
char *http_host(const char *url);

#endif
