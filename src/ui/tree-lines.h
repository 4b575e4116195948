/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef UI_TREE_LINES_H
#define UI_TREE_LINES_H

/*
 * Which lines of a tree are shown: the outline of the model with runs spread
 * out to their entries, parts folded away, filtered, or shown by themselves.
 * Pure computation; the pane paints what comes of it.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/array.h"
#include "model/lineage.h"

/* What of the entries of spread runs is shown; labelled leaves out branches. */
enum tree_filter {
	TREE_ALL,
	TREE_PROMPTS,
	TREE_LABELLED,
	TREE_NO_TOOLS,
	TREE_FILTERS,
};

/* A place that a line begins at: stays while lines come and go. */
struct tree_place {
	int64_t conversation;
	int64_t entry; /* 0: the branch is empty */
};

typedef ARRAY(struct tree_place) tree_places;

/* How a tree is looked at. Zero is: everything, each run one line. */
struct tree_look {
	enum tree_filter filter;
	bool hidden;	     /* hidden branches as well */
	tree_places spread;  /* runs shown entry by entry */
	tree_places folded;  /* lines with nothing below them */
	tree_places hoisted; /* the last one is all there is */
};

void tree_look_done(struct tree_look *);

struct tree_line {
	struct outline_line node; /* a run or, of a spread one, an entry */
	struct tree_place run;	  /* the run it is, or is of */
	bool parent;		  /* something hangs below it, or would if it were not folded */
	size_t folded;		  /* branches folded away below it */
};

typedef ARRAY(struct tree_line) tree_line_list;

/* The lines, into out, cleared first. They borrow their words from the tree. */
void tree_lines(const struct tree *, int64_t live, const struct tree_look *, tree_line_list *out);

/* The line that shows a place, or comes nearest before it in its branch; len if there is none. */
size_t tree_lines_find(const tree_line_list *, const struct tree *, struct tree_place);

/* Spreads a run, or makes it one line again. */
void tree_look_spread(struct tree_look *, struct tree_place run, bool on);
void tree_look_spread_all(struct tree_look *, const struct tree *, int64_t live);
void tree_look_fold(struct tree_look *, struct tree_place line, bool on);

/* Unfolds and spreads what hides a place. */
void tree_look_reveal(struct tree_look *, const struct tree *, int64_t live, struct tree_place);

/*
 * Entries and labels with these words, as places in the order of the lines;
 * also where they are folded away. Returns how many of them are at or before
 * a place.
 */
size_t tree_lines_search(const struct tree *, int64_t live, const struct tree_look *,
    const char *words, struct tree_place from, tree_places *out);

/* Whether any of that is in a line. */
bool tree_line_matches(const struct tree *, const struct tree_look *, const struct tree_line *,
    const char *words);

#endif
