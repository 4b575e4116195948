/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef CMD_EXPORT_PARTS_H
#define CMD_EXPORT_PARTS_H

/*
 * Between export.c, which walks through a bundle and knows what an entry says,
 * and the formats, which know how that looks.
 */

#include <stdbool.h>
#include <stddef.h>

#include "base/array.h"
#include "model/bundle.h"

struct buf;
struct exporting;

/* Strings are not sanitised. */
struct export_ops {
	void (*begin)(struct exporting *);
	/* Of a tree: those that branch from one come before it ends. */
	void (*branch)(struct exporting *, size_t branch);
	void (*branch_end)(struct exporting *);
	void (*entry)(struct exporting *, struct bundle_place, const char *who);
	/* Something about it, in our words. */
	void (*note)(struct exporting *, const char *text);
	void (*words)(struct exporting *, const char *markdown, size_t len);
	void (*thinking)(struct exporting *, const char *markdown, size_t len);
	/* Arguments and results; language may be "". */
	void (*code)(struct exporting *, const char *name, const char *language, const char *text,
	    size_t len);
	/* What is no text: kind is a word of ours, chunk what it is. */
	void (*thing)(struct exporting *, const char *kind, const char *name, const struct chunk *);
	/* The sources of an answer, number 1 first. url may be NULL. */
	void (*source)(struct exporting *, int number, const char *title, const char *url);
	void (*forks)(struct exporting *, const size_t *branches, size_t count);
	void (*entry_end)(struct exporting *);
	void (*end)(struct exporting *);
};

struct exporting {
	const struct export_ops *ops;
	const struct bundle *bundle;
	struct bundle_order order;
	bool tree;
	char *title;
	ARRAY(size_t) numbers; /* by branch: entries before its first one, as the export counts */
	struct buf *out;
};

extern const struct export_ops export_markdown, export_html;

/* The number of an entry in the export, from 1. */
size_t export_number(const struct exporting *, struct bundle_place);

/* "2026-09-14 13:37 UTC"; what it is not as it stands. NULL gives "". Yours. */
char *export_time(const char *iso);

/* Where a branch comes from, as a sentence; NULL: it begins by itself. Yours. */
char *export_origin(const struct exporting *, size_t branch);

/* The first words of an entry on one line, sanitised, at most so many columns; yours. */
char *export_preview(const struct entry *, int columns);

void export_dot(struct exporting *);

#endif
