/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef PROFILE_OPTIONS_H
#define PROFILE_OPTIONS_H

/*
 * A part of the profile as a table: a row for each key, with the function that
 * checks and stores its value. options_read() goes through a map of the file
 * by such a table and never asks which setting it is; what is wrong becomes a
 * problem in the reading, and reading goes on.
 */

#include <stdbool.h>
#include <stddef.h>

#include "base/array.h"
#include "profile/profile.h"

struct error;
struct option;
struct yaml_node;

struct problem {
	int line, column;
	char *text;
};

/* One file on its way into a profile. */
struct reading {
	const char *file;
	bool shared; /* others than its owner can read it: no place for a key */
	struct profile *profile;
	enum api api; /* what the agent being read will speak */
	ARRAY(struct problem) problems;
};

/* The offset of what is only checked. */
#define OPTION_NOWHERE ((size_t)-1)

/*
 * Checks value; if it is right, stores it at base + row->offset, unless base
 * is NULL or the offset OPTION_NOWHERE.
 */
typedef void (*option_fn)(struct reading *, const struct option *row,
    const struct yaml_node *value, void *base);

struct option_table {
	const struct option *rows;
	size_t count;
};

struct option {
	const char *key;
	option_fn read;
	size_t offset;		    /* in the struct of the table */
	double min, max;	    /* numbers */
	const char *const *words;   /* what is allowed, NULL at the end */
	const struct option_table *table; /* maps */
	bool nullable;
	const char *fallback; /* as it would be written; NULL: zero, or the reader's own */
	const char *help;     /* N_() */
};

#define OPTION_TABLE(table_rows)                                                                   \
	{                                                                                          \
		.rows = (table_rows), .count = sizeof(table_rows) / sizeof((table_rows)[0])        \
	}

/* The rows of settings:, in struct settings. */
extern const struct option_table settings_options;

/* Stores what each row of the table says when nothing is set. */
void options_default(const struct option_table *, void *base);

/* Reads the keys of a map in the order of the table; an unknown key is a problem. */
void options_read(struct reading *, const struct option_table *, const struct yaml_node *map,
    void *base);

/*
 * Readers. They store bool, bool, int, nothing, an enum, char *, char *,
 * argv_list, the fields of the row's table, nothing.
 */
void option_bool(struct reading *, const struct option *, const struct yaml_node *, void *);
void option_switch(struct reading *, const struct option *, const struct yaml_node *, void *);
void option_int(struct reading *, const struct option *, const struct yaml_node *, void *);
void option_number(struct reading *, const struct option *, const struct yaml_node *, void *);
void option_enum(struct reading *, const struct option *, const struct yaml_node *, void *);
void option_word(struct reading *, const struct option *, const struct yaml_node *, void *);
void option_text(struct reading *, const struct option *, const struct yaml_node *, void *);
void option_texts(struct reading *, const struct option *, const struct yaml_node *, void *);
void option_map(struct reading *, const struct option *, const struct yaml_node *, void *);
/* A map with keys of its own, only checked to be one. */
void option_any_map(struct reading *, const struct option *, const struct yaml_node *, void *);

/* Says that a value has the wrong type, and false, unless it is a map (or, for a text, one). */
bool option_is_map(struct reading *, const char *key, const struct yaml_node *);
bool option_is_text(struct reading *, const char *key, const struct yaml_node *);

/* A name that refers to nothing: the known ones are told, and the nearest. what is its key. */
void problem_unknown_word(struct reading *, const struct yaml_node *, const char *what,
    const char *const *known, size_t count);

void problem_add(struct reading *, const struct yaml_node *at, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* All of them, sorted by place, as the text of err; false if there were any. Empties the list. */
bool problems_report(struct reading *, struct error *err);

#endif
