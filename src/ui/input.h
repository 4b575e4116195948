/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef UI_INPUT_H
#define UI_INPUT_H

/*
 * What a terminal sends → keys. Bytes are pushed in any cut, keys are taken
 * one by one. Knows the sequences of xterm, rxvt, the Linux console, tmux and
 * screen, the kitty and modifyOtherKeys forms, bracketed paste and mouse
 * reports; learns others from terminfo. Tells line ends and TABs of a paste that
 * the terminal does not mark (key.pasted) from keys: text is behind them in what
 * was pushed at once. Answers of the terminal and sequences
 * nobody knows are swallowed whole, never typed.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct input;
struct key;

/* How characters beyond ASCII are encoded. */
enum input_encoding {
	INPUT_UTF8,
	INPUT_LOCALE, /* mbrtowc() knows */
};

struct input *input_new(enum input_encoding);
void input_free(struct input *);

/* A sequence of terminfo. Ignored if it is one the decoder knows by itself. */
void input_learn(struct input *, const char *sequence, const struct key *);

/* now: clock_ms(). */
void input_push(struct input *, const char *bytes, size_t len, int64_t now);

/*
 * The next key, KEY_NONE_ for what was swallowed; false if none is there whole.
 * *more: milliseconds after which what is there counts as whole, or -1. The
 * text of a paste is the caller's.
 */
bool input_take(struct input *, int64_t now, struct key *, int *more);

/* Nothing is waiting to become a key. */
bool input_is_empty(const struct input *);

#endif
