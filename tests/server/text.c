/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include "fake.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/time.h>
#include <time.h>

void
die(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	fputs("fakeserver: ", stderr);
	vfprintf(stderr, format, args);
	fputc('\n', stderr);
	va_end(args);
	exit(1);
}

static void
reserve(struct text *t, size_t extra)
{
	if (t->len + extra < t->cap)
		return;
	t->cap = (t->len + extra + 64) * 2;
	t->data = realloc(t->data, t->cap);
	if (t->data == NULL)
		die("out of memory");
}

void
text_add(struct text *t, const void *bytes, size_t len)
{
	reserve(t, len);
	if (len > 0)
		memcpy(t->data + t->len, bytes, len);
	t->len += len;
	t->data[t->len] = '\0';
}

void
text_puts(struct text *t, const char *text)
{
	text_add(t, text, strlen(text));
}

void
text_printf(struct text *t, const char *format, ...)
{
	char *line = NULL;
	va_list args;

	va_start(args, format);
	if (vasprintf(&line, format, args) < 0)
		die("out of memory");
	va_end(args);
	text_puts(t, line);
	free(line);
}

void
text_done(struct text *t)
{
	free(t->data);
	*t = (struct text){0};
}

const char *
text_str(const struct text *t)
{
	return t->data != NULL ? t->data : "";
}

char *
copy(const char *text)
{
	return text != NULL ? copy_len(text, strlen(text)) : NULL;
}

char *
copy_len(const char *text, size_t len)
{
	char *to = malloc(len + 1);

	if (to == NULL)
		die("out of memory");
	memcpy(to, text, len);
	to[len] = '\0';
	return to;
}

/* 48 bits of milliseconds, then a counter, so that ids sort as they were made. */
static void
make_digits(char digits[33])
{
	static uint64_t count, last;
	struct timeval now;
	uint64_t ms;

	gettimeofday(&now, NULL);
	ms = (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_usec / 1000;
	if (ms < last)
		ms = last;
	last = ms;
	count++;
	snprintf(digits, 33, "%012" PRIx64 "7%03x8%03x%012" PRIx64, ms & 0xffffffffffffU,
	    (unsigned)(count >> 12) & 0xfffU, (unsigned)count & 0xfffU, count * 2654435761U);
}

void
make_id(const char *prefix, char id[64])
{
	char digits[33];

	make_digits(digits);
	snprintf(id, 64, "%.20s%s", prefix, digits);
}

void
make_uuid(char id[64])
{
	char d[33];

	make_digits(d);
	snprintf(id, 64, "%.8s-%.4s-%.4s-%.4s-%.12s", d, d + 8, d + 12, d + 16, d + 20);
}

void
make_time(char text[32])
{
	struct timeval now;
	struct tm utc;

	gettimeofday(&now, NULL);
	gmtime_r(&now.tv_sec, &utc);
	strftime(text, 32, "%Y-%m-%dT%H:%M:%S", &utc);
	snprintf(text + 19, 13, ".%06uZ", (unsigned)now.tv_usec % 1000000U);
}

static int
hex(char c)
{
	const char *digits = "0123456789abcdef";
	const char *found = c != '\0' ? strchr(digits, c | 0x20) : NULL;

	return found != NULL ? (int)(found - digits) : -1;
}

char *
unescape_url(const char *text, size_t len)
{
	struct text out = {0};

	text_add(&out, "", 0);
	for (size_t i = 0; i < len; i++) {
		char c = text[i] == '+' ? ' ' : text[i];

		if (c == '%' && i + 2 < len && hex(text[i + 1]) >= 0 && hex(text[i + 2]) >= 0) {
			c = (char)(hex(text[i + 1]) * 16 + hex(text[i + 2]));
			i += 2;
		}
		text_add(&out, &c, 1);
	}
	return out.data;
}

static uint32_t
crc32_of(const char *bytes, size_t len)
{
	uint32_t crc = 0xffffffffU;

	for (size_t i = 0; i < len; i++) {
		crc ^= (unsigned char)bytes[i];
		for (int bit = 0; bit < 8; bit++)
			crc = crc >> 1 ^ ((crc & 1) != 0 ? 0xedb88320U : 0);
	}
	return ~crc;
}

static void
add_le(struct text *out, uint32_t value, int bytes)
{
	for (int i = 0; i < bytes; i++) {
		char c = (char)(value >> (8 * i) & 0xff);

		text_add(out, &c, 1);
	}
}

void
gzip_add(struct text *out, const char *bytes, size_t len)
{
	text_add(out, "\x1f\x8b\x08\0\0\0\0\0\0\xff", 10);
	for (size_t at = 0; at == 0 || at < len;) {
		size_t n = len - at < 65535 ? len - at : 65535;
		char final = at + n == len;

		text_add(out, &final, 1);
		add_le(out, (uint32_t)n, 2);
		add_le(out, (uint32_t)~n, 2);
		text_add(out, bytes + at, n);
		at += n;
		if (n == 0)
			break;
	}
	add_le(out, crc32_of(bytes, len), 4);
	add_le(out, (uint32_t)len, 4);
}

const char *
js_str(struct json_object *object, const char *key)
{
	struct json_object *value;

	if (!json_object_is_type(object, json_type_object) ||
	    !json_object_object_get_ex(object, key, &value) ||
	    !json_object_is_type(value, json_type_string))
		return NULL;
	return json_object_get_string(value);
}

struct json_object *
js_new(const char *text)
{
	return text != NULL ? json_object_new_string(text) : NULL;
}

const char *
js_text(struct json_object *object)
{
	return json_object_to_json_string_ext(
	    object, JSON_C_TO_STRING_PLAIN | JSON_C_TO_STRING_NOSLASHESCAPE);
}

void
js_set(struct json_object *object, const char *key, const char *value)
{
	json_object_object_add(object, key, js_new(value));
}
