/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef BACKEND_MANUAL_PARTS_H
#define BACKEND_MANUAL_PARTS_H

/*
 * The inside of the manual, shared by its files and by nobody else: manual.c
 * (reading and indexing the pages), manual-words.c (what a word is and what it
 * means) and manual-ask.c (finding the page).
 */

#include <stdbool.h>
#include <stddef.h>

#include "backend/manual.h"
#include "base/array.h"

struct db;

typedef ARRAY(char *) word_list;

/*
 * Words of a text: in small letters, without accents. Keys and signs become
 * words of their own that nothing else can be mistaken for: "C-x t" and
 * "ctrl+x t" are one word, ‹2/3› is one, `b` is another than the letter.
 */
void words_split(const char *text, size_t len, word_list *out);
void words_done(word_list *);

/* Whether words_split() made it of a key or a sign. */
bool word_is_sign(const char *word);

/* Changes needed to make one word of the other, swapped neighbours being one; at most limit + 1. */
size_t word_distance(const char *, const char *, size_t limit);

/* What words mean (words.md). */
enum {
	WORD_IGNORE = 1,
	WORD_HELLO = 2,
	WORD_THANKS = 4,
	WORD_BYE = 8,
	WORD_TOPICS = 16,
	WORD_MORE = 32,
	WORD_BACK = 64, /* points back to what was said before */
};

/* A line of it: word is of a kind, or stands for another word. */
struct meaning {
	char *word;
	unsigned kind;
	char *target;
};

/* A keyword as a whole: its words, and those that say something. */
struct phrase {
	char *words, *core;
	size_t section;
};

struct manual {
	struct db *db;
	ARRAY(struct manual_section) sections;
	ARRAY(struct manual_chapter) chapters;
	ARRAY(struct phrase) phrases;
	ARRAY(struct meaning) meanings; /* sorted by word */
	word_list vocabulary;		/* every word of the pages; sorted */
};

/* A line of words.md. */
void meanings_add(struct manual *, const char *line, size_t len);
void meanings_sort(struct manual *);

/* The first meaning of a word; the others follow it. NULL: none. */
const struct meaning *meanings_of(const struct manual *, const char *word, size_t *count);

/* All kinds of a word. */
unsigned meanings_kind(const struct manual *, const char *word);

/* The words from first on with a space between; only those that say something if core. Yours. */
char *words_join(const struct manual *, const word_list *, size_t first, size_t count, bool core);

#endif
