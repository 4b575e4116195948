/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef BACKEND_WIRE_IMPORT_H
#define BACKEND_WIRE_IMPORT_H

/*
 * Trees in files: causerie's own, written and read; ChatGPT's conversations.json
 * and plain messages (a role and a content), read.
 *
 * A file is a JSON array or any number of JSON values one behind the other. It
 * is read value by value, so that a large one costs the memory of its largest
 * conversation. What has no ids gets some made from its words and from all
 * that stands before it: the same file gives the same ids every time, and one
 * that has grown gives those it gave and new ones behind them.
 */

#include <stdbool.h>
#include <stddef.h>

struct buf;
struct bundle;
struct error;

/* The number in "causerie_export"; a file with a larger one is refused. */
#define WIRE_EXPORT_VERSION 1

/* Without a key: what connector tools are authorised with is left out. */
void wire_put_bundle(struct buf *out, const struct bundle *);

enum import_format {
	IMPORT_NONE,
	IMPORT_CAUSERIE,
	IMPORT_CHATGPT,
	IMPORT_MESSAGES,
};

struct wire_import {
	const char *text; /* valid UTF-8, with a NUL behind it; borrowed */
	size_t len, at, start; /* start: where the last value began */
	enum import_format format; /* of what came last */
	bool in_list, begun, over;
};

/*
 * The next conversation; *more is false at the end. What it does not
 * understand is an error that names the line.
 */
bool wire_import_next(struct wire_import *, struct bundle *, bool *more, struct error *);

#endif
