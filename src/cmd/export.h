/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef CMD_EXPORT_H
#define CMD_EXPORT_H

/*
 * A conversation, or the whole tree around it, as a text for other programs
 * and for people without this one. The verb and the screen share it.
 */

#include <stdbool.h>
#include <stdint.h>

struct buf;
struct error;
struct store;

enum export_format {
	EXPORT_MARKDOWN,
	EXPORT_HTML,
	EXPORT_JSON,
	EXPORT_DOT,
	EXPORT_FORMATS,
};

/* "markdown"; as --format takes it. */
const char *export_format_name(enum export_format);

/* False if there is none of that name. */
bool export_format_find(const char *name, enum export_format *);

/*
 * Adds the export of a conversation of the store. Sanitised, but for JSON:
 * that has every character as it is kept.
 */
bool export_put(struct store *, int64_t conversation, enum export_format, bool tree,
    struct buf *out, struct error *);

/* A name for the file, "quantum-basics.md", from the conversation's title; yours. */
char *export_file_name(struct store *, int64_t conversation, enum export_format);

#endif
