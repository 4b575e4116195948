/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef BASE_RESOURCE_H
#define BASE_RESOURCE_H

/*
 * The files of data/ that are compiled into the program, so that it needs none
 * of them installed: "profile.yaml", "schema/001.sql", "guide/keys.md", ...
 * The table is made by build-aux/embed.sh and sorted by name.
 */

#include <stddef.h>

struct resource {
	const char *name;
	const char *data; /* with a NUL behind its size bytes */
	size_t size;
};

extern const struct resource resources[];
extern const size_t resource_count;

/* NULL if there is none. */
const struct resource *resource_find(const char *name);

#endif
