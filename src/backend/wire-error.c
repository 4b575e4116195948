/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include "backend/wire.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "backend/wire-json.h"
#include "backend/wire-parts.h"
#include "base/buf.h"
#include "base/error.h"
#include "base/i18n.h"
#include "base/mem.h"
#include "base/sanitize.h"
#include "base/utf8.h"

#define MAX_WORDS 300 /* characters of a server's own words */
#define MAX_ITEMS 5   /* complaints of a list */
#define MAX_ID 80

/* Puts text on one line, safe for a terminal, at most max characters and without a full stop. */
static void
put_clean(struct buf *out, const char *text, size_t len, size_t max)
{
	size_t start = out->len, at, count = 0;

	/* Nobody reads further; hostile bodies are long. */
	sanitize(out, text, len < 8 * max ? len : 8 * max, SANITIZE_LINE);
	while (out->len > start && out->data[start] == ' ')
		buf_erase(out, start, 1);
	for (at = start; at < out->len && count < max; count++)
		at = start + utf8_next(out->data + start, out->len - start, at - start);
	if (at < out->len) {
		buf_truncate(out, at);
		buf_puts(out, "…");
		return;
	}
	while (out->len > start && strchr(". ", out->data[out->len - 1]) != NULL)
		buf_truncate(out, out->len - 1);
}

/* "tools.0.type" of ["body", "tools", 0, "type"]. */
static void
put_location(struct buf *out, struct json_object *location)
{
	size_t start = out->len;

	for (size_t i = 0; i < json_length(location); i++) {
		struct json_object *item = json_item(location, i);
		const char *name = json_text(item);

		if (i == 0 && name != NULL && strcmp(name, "body") == 0)
			continue;
		if (out->len > start)
			buf_putc(out, '.');
		if (name != NULL)
			buf_puts(out, name);
		else
			json_write(out, item);
	}
	if (out->len > start)
		buf_puts(out, ": ");
}

/* The complaints of a validator; false if the list holds none. */
static bool
put_complaints(struct buf *out, struct json_object *list)
{
	size_t start = out->len, items = 0;

	for (size_t i = 0; i < json_length(list) && items < MAX_ITEMS; i++) {
		struct json_object *item = json_item(list, i);
		const char *text = json_text(item);

		if (text == NULL)
			text = json_text_member(item, "msg");
		if (text == NULL)
			text = json_text_member(item, "message");
		if (text == NULL)
			continue;
		if (items++ > 0)
			buf_puts(out, "; ");
		put_location(out, json_member(item, "loc"));
		buf_puts(out, text);
	}
	return out->len > start;
}

static bool
put_text(struct buf *out, struct json_object *value)
{
	size_t len;
	const char *text = json_bytes(value, &len);

	if (text == NULL || len == 0)
		return false;
	buf_add(out, text, len);
	return true;
}

static void
find_words(struct json_object *body, struct buf *out)
{
	struct json_object *message = json_member(body, "message");
	struct json_object *detail = json_member(body, "detail");
	struct json_object *error = json_member(body, "error");

	(void)(put_text(out, message) || put_text(out, detail) || put_complaints(out, detail) ||
	       put_complaints(out, message) || put_text(out, json_member(message, "detail")) ||
	       put_complaints(out, json_member(message, "detail")) ||
	       put_text(out, json_member(error, "message")) || put_text(out, error) ||
	       put_complaints(out, body) || put_text(out, body));
}

void
wire_words(struct json_object *body, struct buf *out)
{
	struct buf words;

	buf_init(&words, 0);
	find_words(body, &words);
	put_clean(out, words.data, words.len, MAX_WORDS);
	buf_done(&words);
}

/* The title of a page, which is all of it that a person wants to see. */
static void
put_page(struct buf *out, const char *html)
{
	const char *from = strcasestr(html, "<title"), *to = NULL;
	struct buf title;

	if (from != NULL && (from = strchr(from, '>')) != NULL)
		to = strcasestr(++from, "</title");
	buf_init(&title, 0);
	if (to != NULL)
		put_clean(&title, from, (size_t)(to - from), MAX_WORDS / 3);
	if (title.len > 0)
		/* TRANSLATORS: behind a colon; %s is the title of the page. */
		buf_printf(out, _("it sent a web page, \"%s\""), title.data);
	else
		/* TRANSLATORS: behind a colon. */
		buf_puts(out, _("it sent a web page"));
	buf_done(&title);
}

static bool
is_page(const char *body, size_t len)
{
	size_t at = strspn(body, " \t\r\n");

	return at < len && body[at] == '<';
}

/* body has a NUL behind it. */
static void
put_body_words(struct buf *out, const char *body, size_t len)
{
	struct json_object *value = json_parse(body, len);
	size_t at = strspn(body, " \t\r\n");

	if (value != NULL)
		wire_words(value, out);
	else if (is_page(body, len))
		put_page(out, body);
	else if (at < len && body[at] != '{' && body[at] != '[')
		put_clean(out, body, len, MAX_WORDS);
	json_free(value);
	if (out->len == 0)
		/* TRANSLATORS: behind a colon, where otherwise the server's own words stand. */
		buf_puts(out, _("it gave no reason"));
}

static bool
mentions_guardrail(const char *body)
{
	return strcasestr(body, "guardrail") != NULL || strcasestr(body, "moderation") != NULL;
}

static void
say_refused(int status, const char *host, const char *words, const char *body, struct error *err)
{
	switch (status) {
	case 401:
		error_set(err, ERR_AUTH,
		    _("%s refused the key (%d): %s. Check the key of this connection."), host,
		    status, words);
		break;
	case 403:
		if (mentions_guardrail(body))
			error_set(err, ERR_SERVER,
			    _("%s blocked the message by a guardrail (%d): %s."), host, status,
			    words);
		else
			error_set(err, ERR_AUTH,
			    _("%s does not allow this with this key (%d): %s."), host, status,
			    words);
		break;
	case 404:
		error_set(err, ERR_SERVER, _("%s does not have what was asked for (%d): %s."), host,
		    status, words);
		break;
	case 409:
		error_set(err, ERR_BUSY,
		    _("%s is still busy with this conversation (%d): %s. Try again in a moment, or "
		      "branch from an earlier entry."),
		    host, status, words);
		break;
	case 413:
		error_set(err, ERR_SERVER, _("The message is too large for %s (%d): %s."), host,
		    status, words);
		break;
	case 429:
		error_set(err, ERR_BUSY, _("%s asks to wait (%d): %s."), host, status, words);
		break;
	default:
		error_set(err, ERR_SERVER, _("%s does not accept the request (%d): %s."), host,
		    status, words);
	}
}

static void
say(int status, const char *host, const char *words, const char *body, bool wait, struct error *err)
{
	if (status >= 400 && status < 500)
		say_refused(status, host, words, body, err);
	else if (status == 503 && wait)
		error_set(err, ERR_BUSY, _("%s is overloaded and asks to wait (%d): %s."), host,
		    status, words);
	else if (status >= 500)
		error_set(err, ERR_SERVER, _("%s failed (%d): %s."), host, status, words);
	else if (status >= 300)
		error_set(err, ERR_PROTOCOL,
		    _("%s redirects elsewhere (%d), which is not followed: check the address of "
		      "this connection."),
		    host, status);
	else
		error_set(err, ERR_PROTOCOL, _("%s answered with the status %d: %s."), host, status,
		    words);
}

/* A further sentence, or what stands behind the sentences. */
static void
append(struct error *err, const char *more)
{
	char *text = xasprintf("%s %s", err->text, more);

	free(err->text);
	err->text = text;
}

void
wire_error(int status, const char *body, size_t len, const char *correlation_id, int retry_after,
    const char *host, struct error *err)
{
	struct buf words, id;
	char *more;

	if (body == NULL) {
		body = "";
		len = 0;
	}
	buf_init(&words, 0);
	put_body_words(&words, body, len);
	say(status, host, words.data, body, retry_after >= 0, err);
	err->status = status;
	if (err->kind == ERR_BUSY && retry_after > 0) {
		err->retry_after = retry_after;
		more = xasprintf(ngettext("It asks to wait %d second.",
				     "It asks to wait %d seconds.", (unsigned long)retry_after),
		    retry_after);
		append(err, more);
		free(more);
	}
	if (correlation_id != NULL) {
		buf_init(&id, 0);
		put_clean(&id, correlation_id, strlen(correlation_id), MAX_ID);
		more = xasprintf(WIRE_CORRELATION "%s)", id.data);
		append(err, more);
		free(more);
		buf_done(&id);
	}
	buf_done(&words);
}

void
wire_stream_error(struct json_object *event, struct error *err)
{
	struct json_object *number = json_member(event, "code");
	struct buf words;
	long long code;

	if (number == NULL)
		number = json_member(json_member(event, "error"), "code");
	code = json_number(number, 999999, 0);
	if (code == 0 && json_text(number) != NULL)
		code = atoi(json_text(number));
	buf_init(&words, 0);
	wire_words(event, &words);
	if (words.len == 0)
		buf_puts(&words, _("it gave no reason"));
	/* 1300 and 429 are how servers call a rate limit. */
	if (code > 0)
		error_set(err, code == 1300 || code == 429 ? ERR_BUSY : ERR_SERVER,
		    _("The server broke the answer off (code %lld): %s. What arrived is kept."),
		    code, words.data);
	else
		error_set(err, ERR_SERVER,
		    _("The server broke the answer off: %s. What arrived is kept."), words.data);
	buf_done(&words);
}
