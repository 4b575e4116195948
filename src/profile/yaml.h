/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef PROFILE_YAML_H
#define PROFILE_YAML_H

/*
 * YAML (libyaml, YAML 1.1 syntax) → a tree that remembers lines and columns.
 * Refuses aliases, anchors and tags, more than one document, a key given twice,
 * NUL characters, more than 64 KiB and more than 16 levels. The texts may be
 * secret: they are wiped when freed and no error quotes a value.
 */

#include <stdbool.h>
#include <stddef.h>

#include "base/array.h"

struct buf;
struct error;

#define YAML_MAX_BYTES (64 * 1024)
#define YAML_MAX_DEPTH 16

enum yaml_type {
	YAML_SCALAR,
	YAML_LIST,
	YAML_MAP,
};

struct yaml_node {
	enum yaml_type type;
	int line, column; /* from 1 */
	char *text;	  /* scalar */
	bool plain;	  /* scalar without quotes: may be a number, boolean or null */
	ARRAY(struct yaml_node *) items;  /* list: items; map: values */
	ARRAY(struct yaml_node *) keys;   /* map: scalars, in step with items */
};

/* NULL and an error "FILE:LINE:COLUMN: ..."; an empty document is an empty map. */
struct yaml_node *yaml_parse(const char *file, const char *bytes, size_t len, struct error *);
/* Not yaml_free: libyaml's own function of that name would then be ours. */
void yaml_node_free(struct yaml_node *);

/* The value of a key of a map, or NULL. */
const struct yaml_node *yaml_get(const struct yaml_node *map, const char *key);

/* Plain scalars by the core schema of YAML 1.2 (section 10.3). */
bool yaml_is_null(const struct yaml_node *);
bool yaml_bool(const struct yaml_node *, bool *value);
bool yaml_int(const struct yaml_node *, long *value);

bool yaml_number(const struct yaml_node *, double *value);

/* The node as JSON text. What JSON has no number for (.inf, .nan) becomes a string. */
void yaml_to_json(const struct yaml_node *, struct buf *out);

#endif
