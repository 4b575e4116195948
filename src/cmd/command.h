/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef CMD_COMMAND_H
#define CMD_COMMAND_H

/*
 * Verbs: one operation, then exit. Each cmd-*.c has one or a few of them as a
 * const table row; command.c finds them, parses their options and prints
 * --help from the same tables.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "base/array.h"
#include "base/buf.h"

struct agent;
struct client;
struct error;
struct loop;
struct profile;
struct store;

enum option_type {
	OPTION_FLAG,
	OPTION_TEXT,
	OPTION_NUMBER,
	OPTION_LIST, /* may be given several times */
};

struct option {
	const char *name;  /* "page-size": given as --page-size N, --page-size=N */
	enum option_type type;
	const char *value; /* N_("N"), in help; NULL for a flag */
	const char *help;  /* N_() */
};

/* What was given on the command line. */
struct args {
	const struct command *command; /* NULL: the full-screen chat */
	ARRAY(const char *) words;     /* behind the verb */
	ARRAY(struct given {
		const struct option *option;
		const char *value; /* NULL for a flag */
	}) options;
};

/* What a verb works with. Nothing of it is the verb's to free. */
struct command_context {
	struct loop *loop;
	struct client *client;	 /* NULL for verbs with COMMAND_ALONE */
	struct store *store;
	const struct profile *profile;
	const struct error *profile_error; /* doctor: what is wrong with it, or NULL */
	const char *connection, *agent, *model; /* global options, or NULL */
	const struct agent *target;	 /* who they and the profile name; NULL: nobody in particular */
	bool json;
	bool out_is_terminal, err_is_terminal;
	FILE *out, *err;
	int in; /* descriptor of standard input */
	bool in_is_terminal;
	volatile bool *interrupted; /* the user pressed C-c, or TERM came */
};

enum {
	COMMAND_ALONE = 1,     /* needs no client: works with a broken profile */
	COMMAND_NO_STORE = 2,  /* needs no store */
};

struct command {
	const char *name;
	const char *args; /* N_("CONVERSATION [INPUT]...") */
	const char *help; /* N_() */
	unsigned flags;
	const struct option *options; /* ends with name NULL; or NULL */
	bool (*exec)(struct command_context *, const struct args *, struct error *);
};

extern const struct command *const commands[]; /* NULL at the end */
extern const struct option global_options[];   /* name NULL at the end */

/* argv without argv[0]. Options may stand before or behind the verb; "--" ends them. */
bool args_parse(struct args *, int argc, char **argv, struct error *);
void args_done(struct args *);

bool args_has(const struct args *, const char *option);

/* The last value given, or NULL. */
const char *args_value(const struct args *, const char *option);

/* A whole number from min to max; fallback if it was not given. */
bool args_number(const struct args *, const char *option, long min, long max, long fallback,
    long *value, struct error *);

/* KEY=VALUE options put together into a JSON object, *object; left NULL if none was given. */
bool args_object(const struct args *, const char *option, char **object, struct error *);

/* The screens of help: all verbs (command NULL), or one. */
void command_help(const struct command *, struct buf *out);

/* The same tables in roff (man(7)), for the manual's sections. */
void command_manual_verbs(struct buf *out);
void command_manual_options(struct buf *out);

/* Text as roff shows it literally. */
void command_put_roff(struct buf *out, const char *text);

/* For verbs. */

/* The INPUT of args from word first on: words, standard input, or both (see causerie(1)). */
bool command_input(struct command_context *, const struct args *, size_t first, struct buf *out,
    struct error *);

/*
 * Standard input to its end, at most max bytes, made valid UTF-8. In the loop,
 * so that a signal need not wait for the end.
 */
bool command_read(struct command_context *, size_t max, struct buf *out, struct error *);

/* CONVERSATION: a key (0: the store does not know it) and the id to send. id is yours. */
bool command_conversation(struct command_context *, const char *ref, int64_t *key, char **id,
    struct error *);

/* Waits in the loop until *done, or the user interrupts: ERR_CANCELLED. */
bool command_wait(struct command_context *, const bool *done, struct error *);

/*
 * JSON and a newline. Unaltered but for what would harm a terminal, or would
 * break the line where each document has one of its own: that is written in
 * another way that means the same.
 */
void command_print_json(struct command_context *, const char *json, size_t len, bool line);

/* Foreign text to standard output or error, sanitised. */
void command_print(struct command_context *, const char *text, size_t len);
void command_note(struct command_context *, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

#endif
