/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include "net/http.h"

#include <arpa/inet.h>
#include <assert.h>
#include <ctype.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>

#include <curl/curl.h>

#include "base/clock.h"
#include "base/error.h"
#include "base/i18n.h"
#include "base/log.h"
#include "base/mem.h"
#include "net/loop.h"

enum {
	MAX_HEADERS = 256 * 1024,
	MAX_RETRY_AFTER = 3600,
};

struct http {
	struct loop_transfer transfer;
	struct loop *loop;
	struct curl_slist *headers; /* holds the key: wiped before it is freed */
	char *host;		    /* host:port, for messages */
	char *body;
	size_t body_len, body_sent;
	int connect_timeout;
	int64_t stall_ms, alive; /* the limit; the last sign of life */
	bool manual_alive;
	size_t max_body, body_bytes, header_bytes;
	http_headers_fn on_headers;
	http_body_fn on_body;
	http_done_fn on_done;
	void *arg;
	struct timer *stall;
	struct http_result result;
	char content_type[256], correlation_id[128];
	bool idempotent;
	bool sent;	    /* libcurl was allowed to send the request */
	bool head_done;	    /* the final headers are complete */
	bool encoded;	    /* the body is compressed, which was not asked for */
	bool ended;	    /* on_done is being called, or http_cancel() was */
	struct error error; /* why we ended it ourselves */
	char reason[CURL_ERROR_SIZE];
};

static char *
url_part(CURLU *url, CURLUPart part, unsigned flags)
{
	char *text = NULL, *copy;

	if (curl_url_get(url, part, &text, flags) != CURLUE_OK)
		return NULL;
	copy = xstrdup(text);
	curl_free(text);
	return copy;
}

/* NULL if it is none. */
static CURLU *
parse_url(const char *text)
{
	CURLU *url = curl_url();

	if (url == NULL)
		return NULL;
	if (curl_url_set(url, CURLUPART_URL, text, CURLU_NON_SUPPORT_SCHEME) == CURLUE_OK)
		return url;
	curl_url_cleanup(url);
	return NULL;
}

static bool
is_web_scheme(const char *scheme)
{
	return scheme != NULL &&
	       (strcasecmp(scheme, "http") == 0 || strcasecmp(scheme, "https") == 0);
}

bool
http_check_url(const char *text, struct error *err)
{
	CURLU *url = parse_url(text);
	char *scheme, *host, *user, *password;
	bool ok;

	/* An address may hold a password, so none is repeated that was not understood. */
	if (url == NULL)
		return error_set(err, ERR_CONFIG,
		    _("The address of the server is not a URL like https://example.org/."));
	scheme = url_part(url, CURLUPART_SCHEME, 0);
	host = url_part(url, CURLUPART_HOST, 0);
	user = url_part(url, CURLUPART_USER, 0);
	password = url_part(url, CURLUPART_PASSWORD, 0);
	ok = is_web_scheme(scheme);
	if (!ok)
		error_set(err, ERR_CONFIG,
		    _("The address of a server begins with http:// or https://, not with %s:."),
		    scheme == NULL ? "" : scheme);
	else if (user != NULL || password != NULL)
		ok = error_set(err, ERR_CONFIG,
		    _("The address of %s must not hold a user name or a password."), host);
	else if (host == NULL || *host == '\0')
		ok = error_set(err, ERR_CONFIG, _("The address of the server names no host."));
	free(scheme);
	free(host);
	free(user);
	free(password);
	curl_url_cleanup(url);
	return ok;
}

static bool
is_loopback_host(const char *host)
{
	struct in_addr four;
	struct in6_addr six;
	char bare[INET6_ADDRSTRLEN];
	size_t len = strlen(host);

	if (strcasecmp(host, "localhost") == 0)
		return true;
	if (inet_pton(AF_INET, host, &four) == 1)
		return ntohl(four.s_addr) >> 24 == 127;
	if (len < 4 || len > sizeof(bare) || host[0] != '[' || host[len - 1] != ']')
		return false;
	memcpy(bare, host + 1, len - 2);
	bare[len - 2] = '\0';
	return inet_pton(AF_INET6, bare, &six) == 1 && IN6_IS_ADDR_LOOPBACK(&six);
}

bool
http_is_loopback(const char *text)
{
	CURLU *url = parse_url(text);
	char *host;
	bool is;

	if (url == NULL)
		return false;
	host = url_part(url, CURLUPART_HOST, 0);
	is = host != NULL && is_loopback_host(host);
	free(host);
	curl_url_cleanup(url);
	return is;
}

char *
http_host(const char *text)
{
	CURLU *url = parse_url(text);
	char *host, *port, *both;

	if (url == NULL)
		return xstrdup("?");
	host = url_part(url, CURLUPART_HOST, 0);
	port = url_part(url, CURLUPART_PORT, CURLU_DEFAULT_PORT);
	both = port == NULL ? xstrdup(host == NULL ? "?" : host)
			    : xasprintf("%s:%s", host == NULL ? "?" : host, port);
	free(host);
	free(port);
	curl_url_cleanup(url);
	return both;
}

char *
http_escape(const char *text)
{
	static const char hex[] = "0123456789ABCDEF";
	char *escaped = xmalloc(strlen(text) * 3 + 1), *to = escaped;

	for (; *text != '\0'; text++) {
		unsigned char c = (unsigned char)*text;

		if (c < 0x80 && (isalnum(c) || strchr("-._~", c) != NULL)) {
			*to++ = (char)c;
		} else {
			*to++ = '%';
			*to++ = hex[c >> 4];
			*to++ = hex[c & 15];
		}
	}
	*to = '\0';
	return escaped;
}

static void
copy_value(char *to, size_t size, const char *value, size_t len)
{
	if (len >= size)
		len = size - 1;
	memcpy(to, value, len);
	to[len] = '\0';
}

/* Seconds from a number or a date; -1 if it is neither. */
static int
parse_retry_after(const char *value)
{
	int64_t seconds = 0, then;

	if (isdigit((unsigned char)*value)) {
		for (; isdigit((unsigned char)*value); value++)
			if (seconds <= MAX_RETRY_AFTER)
				seconds = seconds * 10 + (*value - '0');
		if (*value != '\0')
			return -1;
	} else if (clock_parse_http(value, &then)) {
		seconds = then - clock_wall();
	} else {
		return -1;
	}
	return seconds < 0 ? 0 : seconds > MAX_RETRY_AFTER ? MAX_RETRY_AFTER : (int)seconds;
}

static void
take_content_type(struct http *http, const char *value, size_t len)
{
	copy_value(http->content_type, sizeof(http->content_type), value, len);
}

static void
take_correlation_id(struct http *http, const char *value, size_t len)
{
	copy_value(http->correlation_id, sizeof(http->correlation_id), value, len);
	http->result.correlation_id = len > 0 ? http->correlation_id : NULL;
}

static void
take_retry_after(struct http *http, const char *value, size_t len)
{
	char text[64];

	copy_value(text, sizeof(text), value, len);
	http->result.retry_after = parse_retry_after(text);
}

static void
take_encoding(struct http *http, const char *value, size_t len)
{
	http->encoded = len > 0 && !(len == 8 && strncasecmp(value, "identity", len) == 0);
}

static const struct {
	const char *name;
	void (*take)(struct http *, const char *value, size_t len);
} known_headers[] = {
    {"content-type", take_content_type},
    {"content-encoding", take_encoding},
    {"retry-after", take_retry_after},
    {"mistral-correlation-id", take_correlation_id},
};

static bool
is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

static void
take_header(struct http *http, const char *line, size_t len)
{
	const char *colon = memchr(line, ':', len), *value, *end = line + len;
	size_t name_len;

	if (colon == NULL)
		return;
	name_len = (size_t)(colon - line);
	for (value = colon + 1; value < end && is_blank(*value); value++)
		;
	while (end > value && is_blank(end[-1]))
		end--;
	for (size_t i = 0; i < sizeof(known_headers) / sizeof(known_headers[0]); i++) {
		const char *name = known_headers[i].name;

		if (strlen(name) == name_len && strncasecmp(name, line, name_len) == 0)
			known_headers[i].take(http, value, (size_t)(end - value));
	}
}

/* A status line: what an interim answer said is forgotten. */
static void
begin_head(struct http *http)
{
	http->result.head_received = true;
	http->result.correlation_id = NULL;
	http->result.retry_after = -1;
	http->content_type[0] = '\0';
	http->encoded = false;
}

static bool
end_head(struct http *http)
{
	long status = 0;

	curl_easy_getinfo(http->transfer.easy, CURLINFO_RESPONSE_CODE, &status);
	if (status >= 100 && status < 200)
		return true;
	if (status < 200 || status > 999)
		return error_set(&http->error, ERR_PROTOCOL,
		    _("%s answered with the status %ld, which does not exist."), http->host,
		    status);
	http->head_done = true;
	http->result.status = (int)status;
	http->alive = loop_now(http->loop);
	if (http->encoded)
		return error_set(&http->error, ERR_PROTOCOL,
		    _("%s sent a compressed answer, which was not asked for."), http->host);
	if (http->on_headers == NULL)
		return true;
	return http->on_headers(http->arg, http->result.status, http->content_type, &http->error);
}

static size_t
on_header(char *line, size_t size, size_t count, void *arg)
{
	struct http *http = arg;
	size_t len = size * count;

	if (http->ended)
		return 0;
	http->header_bytes += len;
	if (http->header_bytes > MAX_HEADERS) {
		error_set(&http->error, ERR_PROTOCOL, _("%s sent more than %d KiB of headers."),
		    http->host, MAX_HEADERS / 1024);
		return 0;
	}
	/* Behind the body come trailers, which nobody wants. */
	if (http->head_done)
		return len;
	if (len >= 5 && memcmp(line, "HTTP/", 5) == 0)
		begin_head(http);
	else if (len <= 2 && (line[0] == '\r' || line[0] == '\n'))
		return end_head(http) && !http->ended ? len : 0;
	else
		take_header(http, line, len);
	return len;
}

static size_t
on_body(char *bytes, size_t size, size_t count, void *arg)
{
	struct http *http = arg;
	size_t len = size * count;

	if (http->ended)
		return 0;
	if (len > http->max_body - http->body_bytes) {
		error_set(&http->error, ERR_PROTOCOL,
		    _("%s sent more than %zu KiB; the answer was cut off there."), http->host,
		    (http->max_body + 1023) / 1024);
		return 0;
	}
	http->body_bytes += len;
	if (!http->manual_alive)
		http->alive = loop_now(http->loop);
	if (!http->on_body(http->arg, bytes, len, &http->error))
		return 0;
	/* The callback may have cancelled the request. */
	return http->ended ? 0 : len;
}

static size_t
give_body(char *to, size_t size, size_t count, void *arg)
{
	struct http *http = arg;
	size_t len = size * count, left = http->body_len - http->body_sent;

	if (http->ended)
		return CURL_READFUNC_ABORT;
	if (len > left)
		len = left;
	if (len > 0)
		memcpy(to, http->body + http->body_sent, len);
	http->body_sent += len;
	/* While the server takes what we say it is not silent. */
	http->alive = loop_now(http->loop);
	return len;
}

/*
 * Called between connecting and sending: before it nothing has left. When a
 * connection of the pool turns out to be dead, libcurl quietly sends the same
 * request again over a new one, which calls us a second time. Only what is
 * safe to repeat may.
 */
static int
before_sending(void *arg, char *ip, char *local_ip, int port, int local_port)
{
	struct http *http = arg;

	(void)ip;
	(void)local_ip;
	(void)port;
	(void)local_port;
	if (http->ended || (http->sent && !http->idempotent))
		return CURL_PREREQFUNC_ABORT;
	http->sent = true;
	http->alive = loop_now(http->loop);
	return CURL_PREREQFUNC_OK;
}

/* libcurl of 2023 makes its sockets without SOCK_CLOEXEC. */
static curl_socket_t
open_socket(void *arg, curlsocktype purpose, struct curl_sockaddr *address)
{
	(void)arg;
	(void)purpose;
	return socket(address->family, address->socktype | SOCK_CLOEXEC, address->protocol);
}

static bool
fail_broken(struct http *http, struct error *err)
{
	if (http->head_done)
		return error_set(err, ERR_NETWORK,
		    _("The connection to %s broke off in the middle of the answer."), http->host);
	return error_set(err, ERR_NETWORK,
	    _("%s closed the connection before it answered; it may have received the request."),
	    http->host);
}

static bool
fail_resolve(struct http *http, struct error *err)
{
	return error_set(
	    err, ERR_NETWORK, _("The name of the server %s was not found."), http->host);
}

static bool
fail_resolve_proxy(struct http *http, struct error *err)
{
	return error_set(err, ERR_NETWORK,
	    _("The name of the proxy on the way to %s was not found."), http->host);
}

static bool
fail_connect(struct http *http, struct error *err)
{
	long number = 0;

	curl_easy_getinfo(http->transfer.easy, CURLINFO_OS_ERRNO, &number);
	if (number == ECONNREFUSED)
		return error_set(err, ERR_NETWORK,
		    _("The connection to %s was refused: no server is listening there."),
		    http->host);
	if (number != 0)
		return error_set(err, ERR_NETWORK, _("%s cannot be reached: %s."), http->host,
		    strerror((int)number));
	return error_set(
	    err, ERR_NETWORK, _("%s cannot be reached: %s."), http->host, http->reason);
}

static bool
fail_timeout(struct http *http, struct error *err)
{
	if (http->sent)
		return error_set(err, ERR_NETWORK, _("%s did not answer in time."), http->host);
	return error_set(err, ERR_NETWORK,
	    ngettext("No connection to %s came about within %d second.",
		"No connection to %s came about within %d seconds.",
		(unsigned long)http->connect_timeout),
	    http->host, http->connect_timeout);
}

static bool
fail_tls(struct http *http, struct error *err)
{
	/* The same code may come when an established connection breaks. */
	if (http->sent)
		return fail_broken(http, err);
	return error_set(err, ERR_NETWORK, _("There is no secure connection to %s: %s."),
	    http->host, http->reason);
}

static bool
fail_ca_file(struct http *http, struct error *err)
{
	return error_set(err, ERR_CONFIG,
	    _("The certificates to check %s with cannot be read: %s."), http->host, http->reason);
}

static bool
fail_nonsense(struct http *http, struct error *err)
{
	return error_set(err, ERR_PROTOCOL,
	    _("What %s answered is not HTTP as anyone understands it: %s."), http->host,
	    http->reason);
}

static bool
fail_transport(struct http *http, struct error *err)
{
	if (http->sent)
		return fail_broken(http, err);
	return error_set(err, ERR_NETWORK, _("The connection to %s could not be opened: %s."),
	    http->host, http->reason);
}

static const struct {
	CURLcode code;
	bool (*fail)(struct http *, struct error *);
} failures[] = {
    {CURLE_COULDNT_RESOLVE_HOST, fail_resolve},
    {CURLE_COULDNT_RESOLVE_PROXY, fail_resolve_proxy},
    {CURLE_COULDNT_CONNECT, fail_connect},
    {CURLE_OPERATION_TIMEDOUT, fail_timeout},
    {CURLE_SSL_CONNECT_ERROR, fail_tls},
    {CURLE_PEER_FAILED_VERIFICATION, fail_tls},
    {CURLE_SSL_CERTPROBLEM, fail_tls},
    {CURLE_SSL_CIPHER, fail_tls},
    {CURLE_SSL_ISSUER_ERROR, fail_tls},
    {CURLE_SSL_ENGINE_INITFAILED, fail_tls},
    {CURLE_SSL_CACERT_BADFILE, fail_ca_file},
    {CURLE_GOT_NOTHING, fail_transport},
    {CURLE_RECV_ERROR, fail_transport},
    {CURLE_SEND_ERROR, fail_transport},
    {CURLE_PARTIAL_FILE, fail_broken},
    {CURLE_ABORTED_BY_CALLBACK, fail_broken}, /* before_sending() */
    {CURLE_UNSUPPORTED_PROTOCOL, fail_nonsense},
    {CURLE_WEIRD_SERVER_REPLY, fail_nonsense},
    {CURLE_BAD_CONTENT_ENCODING, fail_nonsense},
    /* What libcurl says of a header line of more than 100 KiB; memory is there. */
    {CURLE_OUT_OF_MEMORY, fail_nonsense},
};

static void
explain(struct http *http, CURLcode code, struct error *err)
{
	size_t len;

	if (http->reason[0] == '\0')
		copy_value(http->reason, sizeof(http->reason), curl_easy_strerror(code),
		    strlen(curl_easy_strerror(code)));
	/* It becomes part of a sentence that has its own full stop. */
	for (len = strlen(http->reason); len > 0 && strchr(".\r\n ", http->reason[len - 1]); len--)
		http->reason[len - 1] = '\0';
	for (size_t i = 0; i < sizeof(failures) / sizeof(failures[0]); i++) {
		if (failures[i].code == code) {
			failures[i].fail(http, err);
			return;
		}
	}
	error_set(err, ERR_NETWORK, _("The request to %s failed: %s."), http->host, http->reason);
}

static void
stop_clock(struct http *http)
{
	loop_cancel(http->loop, http->stall);
	http->stall = NULL;
}

/* Tells the owner, and goes. http->error says why, or is empty. */
static void
end(struct http *http)
{
	struct error *err = &http->error;

	stop_clock(http);
	http->ended = true;
	http->result.nothing_sent = !http->sent;
	if (err->kind != ERR_NONE) {
		err->nothing_sent = !http->sent;
		err->status = http->result.status;
		if (http->result.retry_after > 0)
			err->retry_after = http->result.retry_after;
	}
	http->on_done(http->arg, &http->result, err->kind == ERR_NONE ? NULL : err);
	loop_remove_transfer(http->loop, &http->transfer);
}

static void
on_finished(struct loop_transfer *transfer, int curl_code)
{
	struct http *http = (struct http *)transfer;
	CURLcode code = (CURLcode)curl_code;

	if (http->error.kind == ERR_NONE) {
		if (code != CURLE_OK)
			explain(http, code, &http->error);
		else if (!http->head_done)
			/* libcurl is content with an answer that ends within its headers. */
			fail_broken(http, &http->error);
	}
	end(http);
}

/* A list of libcurl's, its strings overwritten before they are freed. */
static void
wipe_list(struct curl_slist *list)
{
	for (struct curl_slist *item = list; item != NULL; item = item->next)
		explicit_bzero(item->data, strlen(item->data));
	curl_slist_free_all(list);
}

static void
destroy(struct http *http)
{
	if (http->transfer.easy != NULL)
		curl_easy_cleanup(http->transfer.easy);
	wipe_list(http->headers);
	free(http->host);
	free(http->body);
	error_done(&http->error);
	free(http);
}

static void
on_released(struct loop_transfer *transfer)
{
	destroy((struct http *)transfer);
}

static void
on_stall(void *arg)
{
	struct http *http = arg;
	int64_t silent = clock_ms() - http->alive;
	int seconds = (int)(http->stall_ms / 1000);

	http->stall = NULL;
	/* The time to connect has a limit of its own. */
	if (!http->sent)
		silent = 0;
	if (silent < http->stall_ms) {
		http->stall = loop_timer(http->loop, http->stall_ms - silent, on_stall, http);
		return;
	}
	error_set(&http->error, ERR_NETWORK,
	    ngettext("%s was silent for %d second.", "%s was silent for %d seconds.",
		(unsigned long)seconds),
	    http->host, seconds);
	end(http);
}

static bool
check_method(const char *method, struct error *err)
{
	const char *c = method;

	while (*c >= 'A' && *c <= 'Z')
		c++;
	if (*c != '\0' || c == method)
		return error_set(err, ERR_USAGE, _("There is no HTTP method of that name."));
	return true;
}

static bool
check_header(const char *header, struct error *err)
{
	const char *colon = strchr(header, ':');

	for (const char *c = header; *c != '\0'; c++)
		if ((unsigned char)*c < 0x20 || *c == 0x7f)
			colon = NULL;
	if (colon == NULL || colon == header)
		return error_set(err, ERR_CONFIG, _("A header of the request is not well formed."));
	return true;
}

static bool
check_bearer(const char *bearer, struct error *err)
{
	const char *c = bearer;

	while (*c > 0x20 && *c < 0x7f)
		c++;
	if (*c != '\0' || c == bearer)
		return error_set(err, ERR_AUTH,
		    _("The API key is empty or holds a blank, a line break or another character "
		      "that "
		      "no key has. Nothing was sent."));
	return true;
}

static bool
check_request(const struct http_request *request, struct error *err)
{
	if (!check_method(request->method, err) || !http_check_url(request->url, err))
		return false;
	for (size_t i = 0; request->headers != NULL && request->headers[i] != NULL; i++)
		if (!check_header(request->headers[i], err))
			return false;
	return request->bearer == NULL || check_bearer(request->bearer, err);
}

static void
add_header(struct http *http, const char *header)
{
	struct curl_slist *list = curl_slist_append(http->headers, header);

	if (list == NULL)
		fatal("out of memory");
	http->headers = list;
}

static void
add_headers(struct http *http, const struct http_request *request)
{
	char *authorization;

	for (size_t i = 0; request->headers != NULL && request->headers[i] != NULL; i++)
		add_header(http, request->headers[i]);
	/* Without this libcurl waits a second for permission to send a long body. */
	add_header(http, "Expect:");
	if (request->bearer == NULL)
		return;
	authorization = xasprintf("Authorization: Bearer %s", request->bearer);
	add_header(http, authorization);
	explicit_bzero(authorization, strlen(authorization));
	free(authorization);
}

static const struct {
	CURLoption option;
	long value;
} fixed_numbers[] = {
    {CURLOPT_NOSIGNAL, 1},
    {CURLOPT_FOLLOWLOCATION, 0},
    {CURLOPT_SSL_VERIFYPEER, 1},
    {CURLOPT_SSL_VERIFYHOST, 2},
    {CURLOPT_SSLVERSION, CURL_SSLVERSION_TLSv1_2},
    /* A request is a connection: closing the one ends the other, at once. */
    {CURLOPT_HTTP_VERSION, CURL_HTTP_VERSION_1_1},
    {CURLOPT_HTTP09_ALLOWED, 0},
    {CURLOPT_NETRC, CURL_NETRC_IGNORED},
    {CURLOPT_HEADEROPT, CURLHEADER_SEPARATE},
    {CURLOPT_SUPPRESS_CONNECT_HEADERS, 1},
    /* Or cancelling while a name is looked up waits for the answer. */
    {CURLOPT_QUICK_EXIT, 1},
};

static bool
set_fixed(struct http *http)
{
	CURL *easy = http->transfer.easy;
	CURLcode code = CURLE_OK;

	for (size_t i = 0; i < sizeof(fixed_numbers) / sizeof(fixed_numbers[0]); i++)
		code |= curl_easy_setopt(easy, fixed_numbers[i].option, fixed_numbers[i].value);
	code |= curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "http,https");
	code |= curl_easy_setopt(easy, CURLOPT_USERAGENT, "causerie/" PACKAGE_VERSION);
	code |= curl_easy_setopt(easy, CURLOPT_PRIVATE, &http->transfer);
	code |= curl_easy_setopt(easy, CURLOPT_ERRORBUFFER, http->reason);
	code |= curl_easy_setopt(easy, CURLOPT_HEADERFUNCTION, on_header);
	code |= curl_easy_setopt(easy, CURLOPT_HEADERDATA, http);
	code |= curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, on_body);
	code |= curl_easy_setopt(easy, CURLOPT_WRITEDATA, http);
	code |= curl_easy_setopt(easy, CURLOPT_READFUNCTION, give_body);
	code |= curl_easy_setopt(easy, CURLOPT_READDATA, http);
	code |= curl_easy_setopt(easy, CURLOPT_PREREQFUNCTION, before_sending);
	code |= curl_easy_setopt(easy, CURLOPT_PREREQDATA, http);
	code |= curl_easy_setopt(easy, CURLOPT_OPENSOCKETFUNCTION, open_socket);
	return code == CURLE_OK;
}

static bool
set_method(struct http *http, const struct http_request *request)
{
	CURL *easy = http->transfer.easy;
	CURLcode code = CURLE_OK;

	if (strcmp(request->method, "HEAD") == 0)
		code |= curl_easy_setopt(easy, CURLOPT_NOBODY, 1L);
	else if (request->body != NULL || strcmp(request->method, "POST") == 0)
		code |= curl_easy_setopt(easy, CURLOPT_POST, 1L);
	code |= curl_easy_setopt(easy, CURLOPT_CUSTOMREQUEST, request->method);
	code |= curl_easy_setopt(easy, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)http->body_len);
	/* A new connection cannot be found dead after the request was written to it. */
	code |= curl_easy_setopt(easy, CURLOPT_FRESH_CONNECT, http->idempotent ? 0L : 1L);
	return code == CURLE_OK;
}

static bool
set_request(struct http *http, const struct http_request *request)
{
	CURL *easy = http->transfer.easy;
	CURLcode code = CURLE_OK;

	code |= curl_easy_setopt(easy, CURLOPT_URL, request->url);
	code |= curl_easy_setopt(easy, CURLOPT_HTTPHEADER, http->headers);
	code |=
	    curl_easy_setopt(easy, CURLOPT_CONNECTTIMEOUT_MS, (long)http->connect_timeout * 1000);
	if (request->ca_file != NULL)
		code |= curl_easy_setopt(easy, CURLOPT_CAINFO, request->ca_file);
	if (request->proxy != NULL)
		code |= curl_easy_setopt(easy, CURLOPT_PROXY, request->proxy);
	if (http_is_loopback(request->url))
		code |= curl_easy_setopt(easy, CURLOPT_NOPROXY, "*");
	return code == CURLE_OK;
}

static struct http *
make(struct loop *loop, const struct http_request *request)
{
	struct http *http = xcalloc(1, sizeof(*http));

	*http = (struct http){
	    .transfer = {.finished = on_finished, .released = on_released},
	    .loop = loop,
	    .host = http_host(request->url),
	    .body_len = request->body == NULL ? 0 : request->body_len,
	    .connect_timeout = request->connect_timeout,
	    .stall_ms = (int64_t)request->stall_timeout * 1000,
	    .manual_alive = request->manual_alive,
	    .max_body = request->max_body,
	    .on_headers = request->on_headers,
	    .on_body = request->on_body,
	    .on_done = request->on_done,
	    .arg = request->arg,
	    .result = {.retry_after = -1},
	    .idempotent =
		strcmp(request->method, "GET") == 0 || strcmp(request->method, "HEAD") == 0,
	};
	http->result.content_type = http->content_type;
	http->body = xmalloc(http->body_len + 1);
	if (http->body_len > 0)
		memcpy(http->body, request->body, http->body_len);
	add_headers(http, request);
	return http;
}

struct http *
http_start(struct loop *loop, const struct http_request *request, struct error *err)
{
	struct http *http;

	if (!check_request(request, err))
		return NULL;
	if (loop_curl(loop) == NULL) {
		error_set(err, ERR_SYSTEM, _("The library libcurl does not start."));
		return NULL;
	}
	http = make(loop, request);
	http->transfer.easy = curl_easy_init();
	if (http->transfer.easy == NULL || !set_fixed(http) || !set_method(http, request) ||
	    !set_request(http, request)) {
		error_set(err, ERR_SYSTEM, _("The library libcurl refused the request to %s."),
		    http->host);
		destroy(http);
		return NULL;
	}
	if (http->stall_ms > 0)
		http->stall = loop_timer(loop, http->stall_ms, on_stall, http);
	loop_add_transfer(loop, &http->transfer);
	return http;
}

void
http_alive(struct http *http)
{
	http->alive = loop_now(http->loop);
}

void
http_cancel(struct http *http)
{
	if (http == NULL || http->ended)
		return;
	http->ended = true;
	stop_clock(http);
	loop_remove_transfer(http->loop, &http->transfer);
}
