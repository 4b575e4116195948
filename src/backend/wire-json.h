/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef BACKEND_WIRE_JSON_H
#define BACKEND_WIRE_JSON_H

/*
 * JSON values for the files named wire-*.c and completions.c; only wire.c,
 * which implements this, knows the library. Values returned are borrowed from
 * the one they are in, except those of json_parse().
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct buf;
struct json_object;

#define WIRE_DEPTH 256

/* One value and nothing else, at most WIRE_DEPTH deep; NULL if it is none, or null. */
struct json_object *json_parse(const char *text, size_t len);
void json_free(struct json_object *); /* NULL does nothing */

/* The end of the value that text begins with; or false, and the place where it is wrong. */
bool json_extent(const char *text, size_t len, size_t *end);

/* The member of an object; NULL if it has none, it is null, or value is no object. */
struct json_object *json_member(struct json_object *value, const char *key);
struct json_object *json_list_member(struct json_object *value, const char *key);

bool json_is_object(struct json_object *);
bool json_is_list(struct json_object *);
size_t json_length(struct json_object *list);
struct json_object *json_item(struct json_object *list, size_t at);

/* Calls fn for each member until it returns false; returns whether none did. A null is NULL. */
typedef bool (*json_member_fn)(void *arg, const char *key, struct json_object *value);
bool json_each(struct json_object *object, json_member_fn, void *arg);

/* The bytes of a string, which may hold NULs; NULL if it is none. */
const char *json_bytes(struct json_object *, size_t *len);

/* A string for C: NULs in it become U+FFFD, for good. NULL if it is none. */
const char *json_text(struct json_object *);
const char *json_text_member(struct json_object *object, const char *key);

/* A number, clamped to 0 to max; fallback if it is none. */
int64_t json_number(struct json_object *, int64_t max, int64_t fallback);
bool json_is_number(struct json_object *, double *number);
bool json_is_integer(struct json_object *);
bool json_is_bool(struct json_object *, bool *truth);

/* Compact, valid UTF-8, NaN and infinities as null; NULL gives null. */
void json_write(struct buf *out, struct json_object *);
char *json_dump(struct json_object *); /* yours */

/* A string; bytes that are no UTF-8 are repaired. */
void json_put_bytes(struct buf *out, const char *bytes, size_t len);

/* ,"key": with the comma left out behind a "{" or "[". */
void json_put_key(struct buf *out, const char *key);

/* A member that is a string; NULL leaves it out. */
void json_put_text(struct buf *out, const char *key, const char *text);

/* A member that is JSON already; NULL leaves it out, what is no JSON becomes a string. */
void json_put_raw(struct buf *out, const char *key, const char *json);

#endif
