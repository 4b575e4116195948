/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef STORE_SEARCH_H
#define STORE_SEARCH_H

/*
 * Full text over everything kept, every branch included (SQLite FTS5).
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/array.h"
#include "model/entry.h"

struct error;
struct store;

struct hit {
	int64_t conversation, entry;
	char *conversation_id, *entry_id;
	char *title;
	enum entry_type type;
	bool assistant;
	char *created_at;
	char *snippet; /* one line; matches between \001 and \002; otherwise not sanitised */
};

typedef ARRAY(struct hit) hit_list;

void hit_list_done(hit_list *);

/*
 * Words as people type them: all must occur, the last may be the start of a
 * word (from its second letter on), "quoted words" stand together, -word must
 * not occur; nothing in them is a syntax error. Prompts weigh more than
 * answers. At most limit hits, best first; of more than 20,000 entries that
 * match, the newest are weighed, and what is newer weighs more. No words give
 * no hits.
 *
 * Words that begin with agent:, model: or tool: (the name holds it) and after: or
 * before: (a year, month or day, or 3d, 2w, today, yesterday; in local time) are
 * filters; with "-" before them what passes is left out. Filters alone give the
 * newest entries. A date that is none is ERR_USAGE.
 */
bool search_entries(struct store *, const char *words, size_t limit, hit_list *, struct error *);

#endif
