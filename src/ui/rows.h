/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef UI_ROWS_H
#define UI_ROWS_H

/*
 * Entries as rows of a width, and the cache of them: an entry is rendered
 * again only when its revision, the width or its folding changed.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "model/entry.h"
#include "text/markdown.h"
#include "text/wrap.h"

struct rows_cache;

/* How an entry is to be shown, apart from its words. */
struct entry_look {
	int width;
	int skip;	     /* columns that code and wide tables are shifted by */
	bool open;	     /* thinking, arguments and results in full */
	bool preview;	     /* a look in passing: headings without their marks */
	bool follows;	     /* the entry above is by the same speaker: no header again */
	size_t alternatives; /* ways on at this place; which of them it is, from 0 */
	size_t which;
	const char *speaker; /* for the header of an answer; not sanitised */
};

/* What was made of an entry. */
struct entry_rows {
	int64_t key;
	unsigned revision;
	struct entry_look look;
	row_list rows;
	size_t state_row; /* the first one that says what became of it, if any does */
	struct markdown document; /* for its links and code blocks */
	bool used;		  /* since the last rows_sweep() */
};

struct rows_cache *rows_new(void);
void rows_free(struct rows_cache *);

/* Borrowed until the entry changes or rows_sweep(). Never without at least one row. */
const struct entry_rows *rows_of(struct rows_cache *, const struct entry *,
    const struct entry_look *);

/* Forgets all, or what was not asked for since the last sweep when more than keep are held. */
void rows_clear(struct rows_cache *);
void rows_sweep(struct rows_cache *, size_t keep);

/* A time of the API as people read it here: "14:02", with the day if it is not today's; yours. */
char *rows_time(const char *iso);

#endif
