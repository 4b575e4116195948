/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef BACKEND_MANUAL_H
#define BACKEND_MANUAL_H

/*
 * The user's manual (data/guide/, compiled in) as something one can ask. No
 * model: the pages are found by full-text search in a database in memory.
 *
 * In the files "# " begins a chapter, with a sentence about it, and "## " a
 * section, which stands for itself; a comment below its heading lists words
 * and phrases that people use for it, separated by commas:
 *
 *	<!-- keywords: newline, several lines, line break -->
 *
 * words.md holds no pages but the words that are no use in a search, or mean
 * others that are in the manual.
 */

#include <stdbool.h>
#include <stddef.h>

struct error;
struct manual;

struct manual_section {
	size_t chapter;
	char *title;
	char *body; /* Markdown */
};

struct manual_chapter {
	char *title, *about;
	size_t first, count; /* its sections */
};

enum manual_kind {
	MANUAL_NOTHING, /* no section fits */
	MANUAL_FOUND,
	MANUAL_UNSURE,	/* as FOUND, but it may be about something else */
	MANUAL_CHAPTER, /* the question is a chapter's title */
	MANUAL_TOPICS,	/* it asks what there is to ask */
	MANUAL_MORE,	/* it asks for more of what was shown last */
	MANUAL_HELLO,
	MANUAL_THANKS,
	MANUAL_BYE,
};

#define MANUAL_RELATED 3

struct manual_answer {
	enum manual_kind kind;
	size_t section, chapter;
	size_t related[MANUAL_RELATED]; /* other sections that may help */
	size_t related_count;
};

struct manual *manual_new(struct error *);
void manual_free(struct manual *);

size_t manual_sections(const struct manual *);
const struct manual_section *manual_section(const struct manual *, size_t number);
size_t manual_chapters(const struct manual *);
const struct manual_chapter *manual_chapter(const struct manual *, size_t number);

/* The number of the section with that title, or manual_sections(). */
size_t manual_find(const struct manual *, const char *title, size_t len);

/*
 * Questions as people ask them: in their own words, misspelt, some in other
 * languages. before is the question asked before it, or NULL: "and how do I
 * undo that?" makes sense only with it.
 */
bool manual_ask(struct manual *, const char *question, size_t len, const char *before,
    size_t before_len, struct manual_answer *, struct error *);

#endif
