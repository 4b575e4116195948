/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef UI_TTY_H
#define UI_TTY_H

/*
 * The terminal as a device: descriptors, modes, bytes in and out, and giving
 * it back on every way out. Knows nothing of what the bytes mean. Only term.c
 * uses it.
 *
 * This file keeps static state: signal handlers have nothing else.
 *
 * It opens the terminal anew, without blocking, so that the flags of the
 * descriptors we share with the shell stay as they are. What the terminal does
 * not take at once waits here; nothing is ever waited for, except for a third
 * of a second when the terminal is given back.
 */

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

struct error;

/* Fails with ERR_USAGE if standard input or output is no terminal. */
bool tty_open(struct error *);
void tty_close(void);

int tty_in(void);
int tty_out(void);

/*
 * Raw mode from now on, then the bytes. leaving is what undoes them, and is
 * written by tty_give_back(), exit(), fatal() and the handler of SEGV, ABRT,
 * BUS, ILL and FPE. Modes that a killed program left raw are mended.
 */
bool tty_take(const char *entering, size_t len, struct error *);
void tty_set_leaving(const char *bytes, size_t len);

/* Async-signal-safe; does nothing if the terminal is not taken. */
void tty_give_back(void);
bool tty_is_taken(void);

/* Bytes read, 0 if none are there now, -1 if the terminal has hung up. */
ssize_t tty_read(char *bytes, size_t size);

/* Forgets what was typed and not read. */
void tty_drop_input(void);

/* The Backspace key sends C-h. */
bool tty_backspace_is_c_h(void);

/* Adds to what is to go out; false, and nothing is added, if too much waits already. */
bool tty_send(const char *bytes, size_t len);

/* Writes what it can; true if bytes still wait. */
bool tty_flush(void);
void tty_drop_output(void);

/* Reading or writing has failed for good. */
bool tty_is_gone(void);

#endif
