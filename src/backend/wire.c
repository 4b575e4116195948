/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include "backend/wire.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include <json-c/json.h>

#include "backend/wire-json.h"
#include "base/buf.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/sanitize.h"
#include "base/utf8.h"

static bool
is_space(char c)
{
	return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

struct json_object *
json_parse(const char *text, size_t len)
{
	struct json_tokener *tokener;
	struct json_object *value;
	bool rest = false;

	while (len > 0 && is_space(text[len - 1]))
		len--;
	if (len == 0 || len >= INT32_MAX)
		return NULL;
	tokener = json_tokener_new_ex(WIRE_DEPTH);
	if (tokener == NULL)
		fatal("out of memory");
	json_tokener_set_flags(tokener, JSON_TOKENER_STRICT);
	value = json_tokener_parse_ex(tokener, text, (int)len);
	/* A number at the end waits for more digits until it sees the end. */
	if (json_tokener_get_error(tokener) == json_tokener_continue)
		value = json_tokener_parse_ex(tokener, "", 1);
	else if (json_tokener_get_parse_end(tokener) < len)
		rest = true;
	if (json_tokener_get_error(tokener) != json_tokener_success || rest) {
		json_object_put(value);
		value = NULL;
	}
	json_tokener_free(tokener);
	return value;
}

void
json_free(struct json_object *value)
{
	json_object_put(value);
}

struct json_object *
json_member(struct json_object *value, const char *key)
{
	struct json_object *member = NULL;

	if (json_object_is_type(value, json_type_object))
		json_object_object_get_ex(value, key, &member);
	return member;
}

struct json_object *
json_list_member(struct json_object *value, const char *key)
{
	struct json_object *member = json_member(value, key);

	return json_is_list(member) ? member : NULL;
}

bool
json_is_object(struct json_object *value)
{
	return value != NULL && json_object_is_type(value, json_type_object);
}

bool
json_is_list(struct json_object *value)
{
	return value != NULL && json_object_is_type(value, json_type_array);
}

size_t
json_length(struct json_object *list)
{
	return json_is_list(list) ? json_object_array_length(list) : 0;
}

struct json_object *
json_item(struct json_object *list, size_t at)
{
	return json_object_array_get_idx(list, at);
}

bool
json_each(struct json_object *object, json_member_fn fn, void *arg)
{
	if (!json_is_object(object))
		return true;
	json_object_object_foreach(object, key, value)
	{
		if (!fn(arg, key, value))
			return false;
	}
	return true;
}

const char *
json_bytes(struct json_object *value, size_t *len)
{
	*len = 0;
	if (value == NULL || !json_object_is_type(value, json_type_string))
		return NULL;
	*len = (size_t)json_object_get_string_len(value);
	return json_object_get_string(value);
}

const char *
json_text(struct json_object *value)
{
	struct buf clean;
	size_t len, from = 0, end;
	const char *bytes = json_bytes(value, &len);

	if (bytes == NULL || strlen(bytes) == len)
		return bytes;
	buf_init(&clean, 0);
	while (from < len) {
		end = from + strlen(bytes + from);
		buf_add(&clean, bytes + from, end - from);
		if (end < len)
			buf_puts(&clean, "\xef\xbf\xbd");
		from = end + 1;
	}
	json_object_set_string_len(value, clean.data, (int)clean.len);
	buf_done(&clean);
	return json_object_get_string(value);
}

const char *
json_text_member(struct json_object *object, const char *key)
{
	return json_text(json_member(object, key));
}

bool
json_is_number(struct json_object *value, double *number)
{
	if (value == NULL || (!json_object_is_type(value, json_type_int) &&
				 !json_object_is_type(value, json_type_double)))
		return false;
	*number = json_object_get_double(value);
	return true;
}

bool
json_is_integer(struct json_object *value)
{
	return value != NULL && json_object_is_type(value, json_type_int);
}

int64_t
json_number(struct json_object *value, int64_t max, int64_t fallback)
{
	double number;

	if (!json_is_number(value, &number) || isnan(number))
		return fallback;
	if (number <= 0)
		return 0;
	if (number >= (double)max)
		return max;
	return json_is_integer(value) ? json_object_get_int64(value) : (int64_t)number;
}

bool
json_is_bool(struct json_object *value, bool *truth)
{
	if (value == NULL || !json_object_is_type(value, json_type_boolean))
		return false;
	*truth = json_object_get_boolean(value);
	return true;
}

void
json_put_bytes(struct buf *out, const char *bytes, size_t len)
{
	struct buf repaired;

	if (utf8_valid(bytes, len)) {
		buf_put_json(out, bytes, len);
		return;
	}
	buf_init(&repaired, 0);
	utf8_repair_all(bytes, len, &repaired);
	buf_put_json(out, repaired.data, repaired.len);
	buf_done(&repaired);
}

void
json_put_key(struct buf *out, const char *key)
{
	char last = out->len > 0 ? out->data[out->len - 1] : '{';

	if (last != '{' && last != '[')
		buf_putc(out, ',');
	json_put_bytes(out, key, strlen(key));
	buf_putc(out, ':');
}

void
json_put_text(struct buf *out, const char *key, const char *text)
{
	if (text == NULL)
		return;
	json_put_key(out, key);
	json_put_bytes(out, text, strlen(text));
}

void
json_put_raw(struct buf *out, const char *key, const char *json)
{
	if (json == NULL)
		return;
	json_put_key(out, key);
	if (wire_is_json(json))
		buf_puts(out, json);
	else
		json_put_bytes(out, json, strlen(json));
}

static void
write_list(struct buf *out, struct json_object *list)
{
	buf_putc(out, '[');
	for (size_t i = 0; i < json_object_array_length(list); i++) {
		if (i > 0)
			buf_putc(out, ',');
		json_write(out, json_item(list, i));
	}
	buf_putc(out, ']');
}

static void
write_object(struct buf *out, struct json_object *object)
{
	const char *separator = "{";

	json_object_object_foreach(object, key, value)
	{
		buf_puts(out, separator);
		json_put_bytes(out, key, strlen(key));
		buf_putc(out, ':');
		json_write(out, value);
		separator = ",";
	}
	buf_puts(out, separator[0] == '{' ? "{}" : "}");
}

void
json_write(struct buf *out, struct json_object *value)
{
	const char *text;
	size_t len;

	switch (json_object_get_type(value)) {
	case json_type_object:
		write_object(out, value);
		break;
	case json_type_array:
		write_list(out, value);
		break;
	case json_type_string:
		text = json_bytes(value, &len);
		json_put_bytes(out, text, len);
		break;
	default:
		/* Numbers keep the digits they came with. The library reads NaN and Infinity. */
		text = json_object_to_json_string_ext(value, JSON_C_TO_STRING_PLAIN);
		buf_puts(out, strpbrk(text, "NI") != NULL ? "null" : text);
	}
}

char *
json_dump(struct json_object *value)
{
	struct buf out;

	buf_init(&out, 0);
	json_write(&out, value);
	return buf_take(&out);
}

/*
 * The grammar of RFC 8259, checked by hand because the library lets more pass:
 * NaN, single quotes, raw control characters. loose allows the last, which
 * servers do send. Out, if there is one, gets the tokens: without the space
 * between them, or indented; and with everything a terminal could take amiss
 * as \u escapes, which leave the value as it is.
 */
struct scan {
	const char *at, *end;
	int depth;
	bool loose, indent;
	struct buf *out;
};

static bool scan_value(struct scan *);

static void
give(struct scan *scan, const char *bytes, size_t len)
{
	if (scan->out != NULL)
		buf_add(scan->out, bytes, len);
}

static void
give_line(struct scan *scan)
{
	if (scan->out == NULL || !scan->indent)
		return;
	buf_putc(scan->out, '\n');
	buf_pad(scan->out, ' ', (size_t)scan->depth * 2);
}

static void
skip_space(struct scan *scan)
{
	while (scan->at < scan->end && is_space(*scan->at))
		scan->at++;
}

static bool
accept(struct scan *scan, char c)
{
	skip_space(scan);
	if (scan->at == scan->end || *scan->at != c)
		return false;
	scan->at++;
	return true;
}

static void
put_escaped(struct buf *out, uint32_t code)
{
	if (code < 0x10000) {
		buf_printf(out, "\\u%04x", (unsigned)code);
		return;
	}
	code -= 0x10000;
	buf_printf(out, "\\u%04x\\u%04x", 0xd800 + (unsigned)(code >> 10),
	    0xdc00 + (unsigned)(code & 0x3ff));
}

/* One character of a string that is no escape. */
static bool
scan_character(struct scan *scan)
{
	size_t used;
	uint32_t code = utf8_decode(scan->at, (size_t)(scan->end - scan->at), &used);

	if (code == 0 || (code < 0x20 && !scan->loose))
		return false;
	if (scan->out != NULL) {
		bool plain =
		    code < 0x7f ? code >= 0x20 : sanitize_is_clean(scan->at, used, SANITIZE_LINE);

		if (plain)
			buf_add(scan->out, scan->at, used);
		else
			put_escaped(scan->out, code);
	}
	scan->at += used;
	return true;
}

static bool
scan_escape(struct scan *scan)
{
	size_t left = (size_t)(scan->end - scan->at), len = 2;

	if (left < 2 || scan->at[1] == '\0' || strchr("\"\\/bfnrtu", scan->at[1]) == NULL)
		return false;
	if (scan->at[1] == 'u') {
		len = 6;
		if (left < len)
			return false;
		for (size_t i = 2; i < len; i++)
			if (scan->at[i] == '\0' ||
			    strchr("0123456789abcdefABCDEF", scan->at[i]) == NULL)
				return false;
	}
	give(scan, scan->at, len);
	scan->at += len;
	return true;
}

static bool
scan_string(struct scan *scan)
{
	if (!accept(scan, '"'))
		return false;
	give(scan, "\"", 1);
	while (scan->at < scan->end && *scan->at != '"')
		if (!(*scan->at == '\\' ? scan_escape(scan) : scan_character(scan)))
			return false;
	give(scan, "\"", 1);
	return accept(scan, '"');
}

static size_t
digits(const char *at, const char *end)
{
	const char *from = at;

	while (at < end && *at >= '0' && *at <= '9')
		at++;
	return (size_t)(at - from);
}

static bool
scan_number(struct scan *scan)
{
	const char *at = scan->at, *end = scan->end;
	size_t count;

	if (at < end && *at == '-')
		at++;
	count = digits(at, end);
	if (count == 0 || (count > 1 && *at == '0'))
		return false;
	at += count;
	if (at < end && *at == '.') {
		at++;
		if ((count = digits(at, end)) == 0)
			return false;
		at += count;
	}
	if (at < end && (*at == 'e' || *at == 'E')) {
		at++;
		if (at < end && (*at == '+' || *at == '-'))
			at++;
		if ((count = digits(at, end)) == 0)
			return false;
		at += count;
	}
	give(scan, scan->at, (size_t)(at - scan->at));
	scan->at = at;
	return true;
}

static bool
scan_word(struct scan *scan)
{
	static const char *const words[] = {"true", "false", "null"};
	size_t len;

	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
		len = strlen(words[i]);
		if ((size_t)(scan->end - scan->at) >= len && memcmp(scan->at, words[i], len) == 0) {
			give(scan, words[i], len);
			scan->at += len;
			return true;
		}
	}
	return false;
}

static bool
scan_member(struct scan *scan, bool named)
{
	if (named) {
		if (!scan_string(scan) || !accept(scan, ':'))
			return false;
		give(scan, ": ", scan->indent ? 2 : 1);
	}
	return scan_value(scan);
}

static bool
scan_members(struct scan *scan, const char *brackets)
{
	bool named = brackets[0] == '{';

	scan->at++;
	give(scan, &brackets[0], 1);
	if (!accept(scan, brackets[1])) {
		if (++scan->depth > WIRE_DEPTH)
			return false;
		do {
			give_line(scan);
			if (!scan_member(scan, named))
				return false;
			skip_space(scan);
			if (scan->at < scan->end && *scan->at == ',')
				give(scan, ",", 1);
		} while (accept(scan, ','));
		if (!accept(scan, brackets[1]))
			return false;
		scan->depth--;
		give_line(scan);
	}
	give(scan, &brackets[1], 1);
	return true;
}

static bool
scan_value(struct scan *scan)
{
	skip_space(scan);
	if (scan->at == scan->end)
		return false;
	switch (*scan->at) {
	case '{':
		return scan_members(scan, "{}");
	case '[':
		return scan_members(scan, "[]");
	case '"':
		return scan_string(scan);
	case 't':
	case 'f':
	case 'n':
		return scan_word(scan);
	default:
		return scan_number(scan);
	}
}

static bool
scan_all(struct scan *scan)
{
	if (!scan_value(scan))
		return false;
	skip_space(scan);
	return scan->at == scan->end;
}

bool
json_extent(const char *text, size_t len, size_t *end)
{
	struct scan scan = {.at = text, .end = text + len, .loose = true};
	bool good = scan_value(&scan);

	*end = (size_t)(scan.at - text);
	return good;
}

bool
wire_is_json(const char *text)
{
	struct scan scan = {.at = text, .end = text + strlen(text)};

	return scan_all(&scan);
}

bool
wire_is_object(const char *text)
{
	return text[strspn(text, " \t\r\n")] == '{' && wire_is_json(text);
}

bool
wire_is_list(const char *text)
{
	return text[strspn(text, " \t\r\n")] == '[' && wire_is_json(text);
}

char *
wire_get_string(const char *object, const char *key)
{
	struct json_object *value = object == NULL ? NULL : json_parse(object, strlen(object));
	char *text = xstrdup(json_text_member(value, key));

	json_free(value);
	return text;
}

static bool
copy_other(void *arg, const char *key, struct json_object *value)
{
	struct buf *out = arg;

	json_put_key(out, key);
	json_write(out, value);
	return true;
}

char *
wire_set(const char *object, const char *key, const char *value)
{
	struct json_object *old = object == NULL ? NULL : json_parse(object, strlen(object));
	struct buf out;

	buf_init(&out, 0);
	buf_putc(&out, '{');
	if (json_is_object(old)) {
		json_object_object_del(old, key);
		json_each(old, copy_other, &out);
	}
	json_put_raw(&out, key, value);
	buf_putc(&out, '}');
	json_free(old);
	return buf_take(&out);
}

struct joining {
	struct json_object *first, *second;
	struct buf *out;
};

static void
join_lists(const struct joining *joining)
{
	struct json_object *lists[] = {
	    json_list_member(joining->first, "data"), json_list_member(joining->second, "data")};
	const char *separator = "[";

	json_put_key(joining->out, "data");
	for (size_t l = 0; l < 2; l++) {
		for (size_t i = 0; i < json_length(lists[l]); i++) {
			buf_puts(joining->out, separator);
			json_write(joining->out, json_item(lists[l], i));
			separator = ",";
		}
	}
	buf_puts(joining->out, separator[0] == '[' ? "[]" : "]");
}

static bool
join_member(void *arg, const char *key, struct json_object *value)
{
	const struct joining *joining = arg;
	struct json_object *later = NULL;

	if (strcmp(key, "data") == 0) {
		join_lists(joining);
		return true;
	}
	if (json_object_object_get_ex(joining->second, key, &later))
		value = later;
	return copy_other(joining->out, key, value);
}

static bool
join_new_member(void *arg, const char *key, struct json_object *value)
{
	const struct joining *joining = arg;

	return json_object_object_get_ex(joining->first, key, NULL) ||
	       copy_other(joining->out, key, value);
}

char *
wire_join_pages(const char *first, const char *second)
{
	struct buf out = BUF_EMPTY;
	struct joining joining = {
	    json_parse(first, strlen(first)), json_parse(second, strlen(second)), &out};
	char *whole = NULL;

	if (json_list_member(joining.first, "data") != NULL &&
	    json_list_member(joining.second, "data") != NULL) {
		buf_putc(&out, '{');
		json_each(joining.first, join_member, &joining);
		json_each(joining.second, join_new_member, &joining);
		buf_putc(&out, '}');
		whole = buf_take(&out);
	}
	buf_done(&out);
	json_free(joining.first);
	json_free(joining.second);
	return whole;
}

static bool
rewrite(struct buf *out, const char *json, size_t len, bool indent)
{
	struct scan scan = {
	    .at = json, .end = json + len, .loose = true, .indent = indent, .out = out};
	size_t start = out->len;

	if (scan_all(&scan))
		return true;
	buf_truncate(out, start);
	return false;
}

void
wire_pretty(struct buf *out, const char *json, size_t len)
{
	if (!rewrite(out, json, len, true))
		buf_add(out, json, len);
}

void
wire_line(struct buf *out, const char *json, size_t len)
{
	struct buf text;

	if (rewrite(out, json, len, false))
		return;
	buf_init(&text, 0);
	json_put_bytes(&text, json, len);
	rewrite(out, text.data, text.len, false);
	buf_done(&text);
}
