/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef BASE_ERROR_H
#define BASE_ERROR_H

/*
 * What went wrong: a kind, for the program, and a sentence, for a person.
 *
 *	struct error err = ERROR_NONE;
 *
 *	if (!profile_load(profile, path, &err))
 *		...
 *	error_done(&err);
 *
 * Functions that can fail return bool and take a struct error last, never
 * NULL. The kind decides a verb's exit status and whether the screen offers to
 * try again; nobody compares texts.
 */

#include <stdarg.h>
#include <stdbool.h>

enum error_kind {
	ERR_NONE,
	ERR_USAGE,     /* the command line or the key does not make sense */
	ERR_CONFIG,    /* the profile, or a setting */
	ERR_NETWORK,   /* no connection, or it broke */
	ERR_AUTH,      /* no key, or a wrong one */
	ERR_BUSY,      /* the server asks to wait: 429, or 503 with Retry-After */
	ERR_SERVER,    /* the server refused or failed */
	ERR_PROTOCOL,  /* the server said what no one can understand */
	ERR_STORE,     /* the local store */
	ERR_TOOL,      /* a local tool */
	ERR_CANCELLED, /* the user said stop */
	ERR_SYSTEM,    /* the operating system */
};

struct error {
	enum error_kind kind;
	char *text;	     /* one or two translated sentences; owned */
	int retry_after;     /* seconds the server asked to wait; 0: it did not say */
	int status;	     /* the HTTP status, or 0 */
	bool nothing_sent;   /* the request certainly did not reach the server */
};

#define ERROR_NONE {.kind = ERR_NONE}

/* Replaces what was there. Always returns false, so that failing is one line. */
bool error_set(struct error *, enum error_kind, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
bool error_vset(struct error *, enum error_kind, const char *format, va_list args)
    __attribute__((format(printf, 3, 0)));

/* Moves from into to; from is empty afterwards. Always returns false. */
bool error_move(struct error *to, struct error *from);
void error_copy(struct error *to, const struct error *from);

/* Empties it; it can be used again. */
void error_done(struct error *);

/* The exit status of a verb that failed so. */
int error_exit_status(enum error_kind);

#endif
