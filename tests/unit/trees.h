/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef TESTS_TREES_H
#define TESTS_TREES_H

/* Trees for tests, from a table. */

#include <stdint.h>
#include <stdlib.h>

#include "base/mem.h"
#include "model/lineage.h"

/* A branch of a tree; entries as "u1 a2 t3": a prompt with key 1, an answer with key 2, a tool with key 3. */
struct spec {
	int64_t conversation, parent, fork;
	const char *entries;
	const char *label;
	char flag; /* 'h' hidden, 'd' deleted */
	int64_t active;
};

static inline void
add_entries(struct tree_branch *branch, const char *text)
{
	while (*text != '\0') {
		struct tree_entry entry = {.assistant = *text == 'a'};
		char *end;

		entry.type = *text == 'u'   ? ENTRY_MESSAGE_INPUT
			     : *text == 'a' ? ENTRY_MESSAGE_OUTPUT
					    : ENTRY_TOOL_EXECUTION;
		entry.key = strtoll(text + 1, &end, 10);
		entry.preview = xasprintf("%c%" PRId64, *text, entry.key);
		array_push(&branch->entries, entry);
		text = *end == ' ' ? end + 1 : end;
	}
}

static inline void
make_tree(struct tree *tree, const struct spec *specs, size_t count)
{
	tree_init(tree);
	tree->root = specs[0].conversation;
	for (size_t i = 0; i < count; i++) {
		struct tree_branch branch = {
		    .conversation = specs[i].conversation,
		    .parent = specs[i].parent,
		    .fork = specs[i].fork,
		    .label = xstrdup(specs[i].label),
		    .hidden = specs[i].flag == 'h',
		    .deleted = specs[i].flag == 'd',
		    .active = specs[i].active,
		};

		add_entries(&branch, specs[i].entries);
		array_push(&tree->branches, branch);
	}
}

#define MAKE(tree, specs) make_tree(tree, specs, sizeof(specs) / sizeof((specs)[0]))

#endif
