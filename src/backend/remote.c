/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include "backend/remote.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "backend/wire.h"
#include "base/array.h"
#include "base/buf.h"
#include "base/error.h"
#include "base/i18n.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/utf8.h"
#include "net/http.h"
#include "net/loop.h"
#include "net/process.h"
#include "net/sse.h"
#include "profile/profile.h"

#define MAX_BODY (64u << 20)
#define MAX_EVENT (16u << 20)
#define MAX_ERROR (1u << 20)
#define MAX_KEY 4096

#define KEY_SECONDS 10	   /* for the command that tells the key */
#define SILENT_SECONDS 600 /* for an answer that comes whole: nothing is heard before its end */

#define NETWORK_TRIES 2
#define BUSY_TRIES 5
#define LONGEST_WAIT 60 /* seconds; a longer one is the user's to decide */
#define CONFLICT_SECONDS 90
#define LONGEST_STEP 30

enum mode {
	MODE_EVENTS, /* a stream */
	MODE_BODY,   /* an answer in one piece */
	MODE_ERROR,  /* a status that is none of success */
};

struct call {
	struct remote *remote;
	struct remote_call to; /* with strings of our own */
	char *method, *path, *body;
	struct http *http;
	struct sse *sse;
	struct timer *timer; /* until it is tried again */
	struct buf answer;
	enum mode mode;
	int64_t since;	/* when it was asked for, by loop_now() */
	int tries;	/* that failed */
	bool delivered; /* the caller has seen something of the answer */
	bool busy;	/* inside the caller's on_event */
	bool gone;	/* cancelled there */
};

struct remote {
	struct loop *loop;
	const struct connection *connection;
	char *base, *host;
	struct buf key;
	bool has_key;		 /* it is known, even if there is none */
	struct process *process; /* fetching it */
	ARRAY(struct call *) calls;
};

static bool find_key(struct remote *, struct error *);
static bool send_call(struct call *, struct error *);

/* Calls. */

static void
free_call(struct call *call)
{
	http_cancel(call->http);
	sse_free(call->sse);
	loop_cancel(call->remote->loop, call->timer);
	buf_done(&call->answer);
	free(call->method);
	free(call->path);
	free(call->body);
	free(call);
}

static void
forget_call(struct call *call)
{
	struct remote *remote = call->remote;

	for (size_t i = 0; i < remote->calls.len; i++)
		if (remote->calls.items[i] == call) {
			array_remove(&remote->calls, i);
			return;
		}
}

/* The last the caller hears of it. The call is off the list before, so it can be done over. */
static void
finish(struct call *call, const char *body, size_t len, const struct error *error)
{
	forget_call(call);
	call->to.on_end(call->to.arg, body, len, error);
	free_call(call);
}

static void
reset_answer(struct call *call)
{
	sse_free(call->sse);
	call->sse = NULL;
	buf_clear(&call->answer);
	call->mode = MODE_BODY;
}

/* Trying again. */

static void
on_timer(void *arg)
{
	struct call *call = arg;
	struct error err = ERROR_NONE;

	call->timer = NULL;
	reset_answer(call);
	/* The key may have been forgotten meanwhile; release_calls() sends it then. */
	if (!find_key(call->remote, &err) || (call->remote->has_key && !send_call(call, &err)))
		finish(call, NULL, 0, &err);
	error_done(&err);
}

static int
backoff(int tries)
{
	return tries >= 5 ? LONGEST_STEP : 1 << tries;
}

/* Seconds until it may be tried again, or -1. */
static int
retry_delay(const struct call *call, const struct error *error)
{
	int64_t elapsed = (loop_now(call->remote->loop) - call->since) / 1000;
	int delay = backoff(call->tries);

	if (call->delivered)
		return -1;
	if (error->kind == ERR_BUSY) {
		if (error->retry_after > 0)
			delay = error->retry_after;
		if (error->status == 409)
			return elapsed + delay <= CONFLICT_SECONDS ? delay : -1;
		return call->tries < BUSY_TRIES && delay <= LONGEST_WAIT ? delay : -1;
	}
	if (error->kind != ERR_NETWORK)
		return -1;
	if (error->nothing_sent && call->tries < NETWORK_TRIES &&
	    elapsed < call->remote->connection->connect_timeout)
		return delay;
	return call->to.read_only && call->tries == 0 ? delay : -1;
}

static void
fail(struct call *call, const struct error *error)
{
	int delay = retry_delay(call, error);

	if (delay < 0) {
		finish(call, NULL, 0, error);
		return;
	}
	call->tries++;
	call->http = NULL;
	call->timer = loop_timer(call->remote->loop, (int64_t)delay * 1000, on_timer, call);
	/* Last: the caller may cancel. */
	if (call->to.on_retry != NULL)
		call->to.on_retry(call->to.arg, delay, error);
}

/* The answer. */

/* Whether a content type is this one, whatever parameters it has. */
static bool
is_type(const char *content_type, const char *type)
{
	size_t len = strcspn(content_type, "; \t");

	return len == strlen(type) && strncasecmp(content_type, type, len) == 0;
}

static bool
is_json_type(const char *content_type)
{
	size_t len = strcspn(content_type, "; \t");

	/* A local server may not say; what it sends must parse all the same. */
	return len == 0 || is_type(content_type, "application/json") ||
	       is_type(content_type, "text/json") ||
	       (len > 5 && strncasecmp(content_type + len - 5, "+json", 5) == 0);
}

static bool
refuse_type(const struct call *call, const char *content_type, struct error *err)
{
	const char *host = call->remote->host;

	if (is_type(content_type, "text/html") || is_type(content_type, "application/xhtml+xml"))
		return error_set(err, ERR_PROTOCOL,
		    _("%s answered with a web page. Perhaps the login page of a network stands in "
		      "the way, or the address of this connection is wrong."),
		    host);
	if (is_type(content_type, "text/event-stream"))
		return error_set(err, ERR_PROTOCOL,
		    _("%s answered with a stream where a whole answer was asked for."), host);
	return error_set(err, ERR_PROTOCOL,
	    _("%s answered with something that is neither a stream nor JSON."), host);
}

static bool
refuse_nothing(const struct call *call, int status, struct error *err)
{
	return error_set(err, ERR_PROTOCOL, _("%s answered with nothing at all (%d)."),
	    call->remote->host, status);
}

static bool on_sse(void *, const char *, const char *, size_t, struct error *);

static bool
on_headers(void *arg, int status, const char *content_type, struct error *err)
{
	struct call *call = arg;
	bool deletes = strcmp(call->method, "DELETE") == 0;

	log_debug("%s %.*s: %d", call->method, (int)strcspn(call->path, "?"), call->path, status);
	call->mode = MODE_BODY;
	if (status < 200 || status > 299) {
		call->mode = MODE_ERROR;
		return true;
	}
	if (status == 204 || status == 205)
		return deletes || refuse_nothing(call, status, err);
	if (call->to.stream && is_type(content_type, "text/event-stream")) {
		call->mode = MODE_EVENTS;
		call->sse = sse_new(MAX_EVENT, on_sse, call);
		return true;
	}
	return is_json_type(content_type) || refuse_type(call, content_type, err);
}

static bool
on_sse(void *arg, const char *name, const char *data, size_t len, struct error *err)
{
	struct call *call = arg;
	bool more;

	http_alive(call->http);
	call->delivered = true;
	more = call->to.on_event(call->to.arg, name, data, len, err);
	if (call->gone)
		return error_set(err, ERR_CANCELLED, _("Stopped."));
	return more;
}

static bool
take_events(struct call *call, const char *bytes, size_t len, struct error *err)
{
	bool more;

	call->busy = true;
	more = sse_push(call->sse, bytes, len, err);
	call->busy = false;
	if (!call->gone)
		return more;
	free_call(call);
	return false;
}

static bool
on_body(void *arg, const char *bytes, size_t len, struct error *err)
{
	struct call *call = arg;

	if (call->mode == MODE_EVENTS)
		return take_events(call, bytes, len, err);
	if (call->mode == MODE_ERROR) {
		/* What does not fit is not read by anyone either. */
		if (len > MAX_ERROR - call->answer.len)
			len = MAX_ERROR - call->answer.len;
	} else {
		http_alive(call->http);
	}
	buf_add(&call->answer, bytes, len);
	return true;
}

/* The bytes that came as a text: without a byte order mark, and valid. */
static void
take_text(const struct call *call, struct buf *text)
{
	const char *bytes = call->answer.data;
	size_t len = call->answer.len, mark = 0;

	if (len >= 3 && memcmp(bytes, "\xef\xbb\xbf", 3) == 0)
		mark = 3;
	utf8_repair_all(bytes + mark, len - mark, text);
}

static void forget_key(struct remote *);

static void
explain_status(struct call *call, const struct http_result *result, struct error *err)
{
	struct buf text;

	buf_init(&text, 0);
	take_text(call, &text);
	wire_error(result->status, text.data, text.len, result->correlation_id, result->retry_after,
	    call->remote->host, err);
	buf_done(&text);
	/* A key that a command tells may have been changed since. */
	if (result->status == 401)
		forget_key(call->remote);
}

static void
succeed(struct call *call, int status)
{
	struct error err = ERROR_NONE;
	struct buf text;

	if (call->mode == MODE_EVENTS) {
		finish(call, NULL, 0, NULL);
		return;
	}
	if (call->answer.len == 0 && strcmp(call->method, "DELETE") != 0) {
		refuse_nothing(call, status, &err);
		finish(call, NULL, 0, &err);
		error_done(&err);
		return;
	}
	buf_init(&text, 0);
	take_text(call, &text);
	finish(call, text.data, text.len, NULL);
	buf_done(&text);
}

static void
on_done(void *arg, const struct http_result *result, const struct error *error)
{
	struct call *call = arg;
	struct error err = ERROR_NONE;

	call->http = NULL;
	if (call->sse != NULL)
		sse_end(call->sse);
	if (result->status != 0 && call->mode == MODE_ERROR)
		explain_status(call, result, &err);
	else if (error != NULL)
		error_copy(&err, error);
	if (err.kind == ERR_NONE)
		succeed(call, result->status);
	else
		fail(call, &err);
	error_done(&err);
}

/* The request. */

static int
stall_limit(const struct call *call)
{
	int limit = call->remote->connection->stall_timeout;

	if (call->to.stream || call->to.read_only || call->body == NULL || limit > SILENT_SECONDS)
		return limit;
	return SILENT_SECONDS;
}

static bool
send_call(struct call *call, struct error *err)
{
	struct remote *remote = call->remote;
	const struct connection *connection = remote->connection;
	const char *headers[] = {
	    call->to.stream ? "Accept: text/event-stream" : "Accept: application/json",
	    call->body != NULL ? "Content-Type: application/json" : NULL, NULL};
	char *url = xasprintf("%s%s", remote->base, call->path);
	struct http_request request = {
	    .method = call->method,
	    .url = url,
	    .headers = headers,
	    .bearer = remote->key.len > 0 ? remote->key.data : NULL,
	    .body = call->body,
	    .body_len = call->body != NULL ? strlen(call->body) : 0,
	    .connect_timeout = connection->connect_timeout,
	    .stall_timeout = stall_limit(call),
	    .manual_alive = call->to.stream,
	    .max_body = MAX_BODY,
	    .ca_file = connection->ca_file,
	    .proxy = connection->proxy,
	    .on_headers = on_headers,
	    .on_body = on_body,
	    .on_done = on_done,
	    .arg = call,
	};

	call->http = http_start(remote->loop, &request, err);
	free(url);
	if (call->http == NULL)
		err->nothing_sent = true;
	return call->http != NULL;
}

/* The key. */

static void
forget_key(struct remote *remote)
{
	if (remote->key.cap > 0)
		explicit_bzero(remote->key.data, remote->key.cap);
	buf_done(&remote->key);
	remote->has_key = false;
}

/* Sends what waited for the key, or fails it. Each may start or cancel others. */
static void
release_calls(struct remote *remote, struct error *failure)
{
	struct error err = ERROR_NONE;
	struct call *call;

	for (size_t i = 0; i < remote->calls.len;) {
		call = remote->calls.items[i];
		if (call->http != NULL || call->timer != NULL) {
			i++;
			continue;
		}
		if (failure->kind != ERR_NONE) {
			finish(call, NULL, 0, failure);
			i = 0;
		} else if (!send_call(call, &err)) {
			finish(call, NULL, 0, &err);
			i = 0;
		}
	}
	error_done(&err);
}

/* So that it does not leave a copy behind as it grows. */
static void
make_room(struct buf *key)
{
	buf_pad(key, '\0', MAX_KEY);
	buf_clear(key);
}

static bool
take_key(struct remote *remote, const struct process_result *result, struct error *err)
{
	const char *name = remote->connection->name;

	if (result->timed_out)
		return error_set(err, ERR_AUTH,
		    ngettext("The command for the key of \"%s\" did not end within %d second.",
			"The command for the key of \"%s\" did not end within %d seconds.",
			KEY_SECONDS),
		    name, KEY_SECONDS);
	if (result->status != 0)
		return error_set(err, ERR_AUTH,
		    _("The command for the key of \"%s\" failed with the status %d."), name,
		    result->status);
	if (result->truncated || result->len == 0)
		return error_set(err, ERR_AUTH,
		    _("The command for the key of \"%s\" did not print a key."), name);
	make_room(&remote->key);
	buf_add(&remote->key, result->output, result->len);
	return connection_check_key(remote->connection, &remote->key, err);
}

static void
on_key(void *arg, const struct process_result *result)
{
	struct remote *remote = arg;
	struct error err = ERROR_NONE;

	remote->process = NULL;
	remote->has_key = take_key(remote, result, &err);
	if (!remote->has_key)
		forget_key(remote);
	err.nothing_sent = true;
	release_calls(remote, &err);
	error_done(&err);
}

static bool
run_key_command(struct remote *remote, struct error *err)
{
	const struct connection *connection = remote->connection;
	ARRAY(const char *) argv = {0};
	struct process_request request = {
	    .max_output = MAX_KEY, .timeout = KEY_SECONDS, .on_end = on_key, .arg = remote};

	for (size_t i = 0; i < connection->key_command.len; i++)
		array_push(&argv, connection->key_command.items[i]);
	array_push(&argv, NULL);
	request.argv = argv.items;
	remote->process = process_start(remote->loop, &request, err);
	array_done(&argv);
	return remote->process != NULL;
}

/* Before the key is even looked for. */
static bool
check_secrecy(const struct remote *remote, struct error *err)
{
	const char *url = remote->connection->base_url;

	if (remote->connection->key_source == KEY_NONE || strncasecmp(url, "https:", 6) == 0 ||
	    http_is_loopback(url))
		return true;
	return error_set(err, ERR_CONFIG,
	    _("The key of \"%s\" is not sent to %s without encryption: its address must begin with "
	      "https://."),
	    remote->connection->name, remote->host);
}

/* True also if it will only be known later. */
static bool
find_key(struct remote *remote, struct error *err)
{
	if (remote->has_key || remote->process != NULL)
		return true;
	if (!check_secrecy(remote, err))
		return false;
	if (remote->connection->key_source == KEY_COMMAND)
		return run_key_command(remote, err);
	make_room(&remote->key);
	remote->has_key = connection_key(remote->connection, &remote->key, err);
	if (!remote->has_key)
		forget_key(remote);
	return remote->has_key;
}

/* The interface. */

/* The address without its last slashes, for a path to stand behind. */
static char *
trim_base(const char *url)
{
	size_t len = strlen(url);

	while (len > 0 && url[len - 1] == '/')
		len--;
	return xstrndup(url, len);
}

/* The host with its port, unless that is the usual one. */
static char *
name_host(const char *url)
{
	char *host = http_host(url);
	const char *usual = strncasecmp(url, "https:", 6) == 0 ? ":443" : ":80";
	size_t len = strlen(host), tail = strlen(usual);

	if (len > tail && strcmp(host + len - tail, usual) == 0)
		host[len - tail] = '\0';
	return host;
}

struct remote *
remote_new(struct loop *loop, const struct connection *connection)
{
	struct remote *remote = xcalloc(1, sizeof(*remote));

	remote->loop = loop;
	remote->connection = connection;
	remote->base = trim_base(connection->base_url);
	remote->host = name_host(connection->base_url);
	buf_init(&remote->key, 0);
	return remote;
}

void
remote_free(struct remote *remote)
{
	if (remote == NULL)
		return;
	if (remote->process != NULL)
		process_cancel(remote->process);
	for (size_t i = 0; i < remote->calls.len; i++)
		free_call(remote->calls.items[i]);
	array_done(&remote->calls);
	forget_key(remote);
	free(remote->base);
	free(remote->host);
	free(remote);
}

const char *
remote_host(const struct remote *remote)
{
	return remote->host;
}

static struct call *
new_call(struct remote *remote, const struct remote_call *from)
{
	struct call *call = xcalloc(1, sizeof(*call));

	call->remote = remote;
	call->to = *from;
	call->method = xstrdup(from->method);
	call->path = xstrdup(from->path);
	call->body = xstrdup(from->body);
	call->mode = MODE_BODY;
	call->since = loop_now(remote->loop);
	buf_init(&call->answer, 0);
	return call;
}

bool
remote_start(struct remote *remote, const struct remote_call *from, struct error *err)
{
	struct call *call;

	if (!find_key(remote, err)) {
		err->nothing_sent = true;
		return false;
	}
	call = new_call(remote, from);
	if (remote->has_key && !send_call(call, err)) {
		free_call(call);
		return false;
	}
	array_push(&remote->calls, call);
	return true;
}

void
remote_cancel(struct remote *remote, unsigned id)
{
	for (size_t i = 0; i < remote->calls.len; i++) {
		struct call *call = remote->calls.items[i];

		if (call->to.id != id)
			continue;
		forget_call(call);
		if (call->busy) {
			/* take_events() frees it when the caller returns. */
			call->gone = true;
			http_cancel(call->http);
			call->http = NULL;
		} else {
			free_call(call);
		}
		return;
	}
}
