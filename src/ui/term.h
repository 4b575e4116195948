/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef UI_TERM_H
#define UI_TERM_H

/*
 * The terminal, and the only file that includes curses. Start, keys in, grid
 * out, stop. Static state: a process has one terminal.
 *
 * It is restored on every way out: term_stop(), exit(), fatal(), and the
 * signals SEGV, ABRT, BUS, ILL, FPE by a handler that only writes prepared
 * bytes and tcsetattr().
 */

#include <stdbool.h>
#include <stddef.h>

struct error;
struct grid;
struct key;
struct theme;

/*
 * Fails with ERR_USAGE and a sentence if standard input or output is no
 * terminal, or the terminal is unknown or cannot address its cursor.
 */
bool term_start(bool mouse, struct error *);
void term_stop(void);

int term_fd(void);
bool term_is_utf8(void);
bool term_has_colours(void);

/* Without colours, or with NO_COLOR set, only attributes are used. */
void term_set_theme(const struct theme *);
void term_set_mouse(bool on);

/* The size now; asks the kernel. */
void term_size(int *height, int *width);

/*
 * The next key, if it is there whole: false if not. *more is set to the
 * milliseconds after which to call again though nothing came (an Esc that may
 * begin a sequence), or -1. KEY_NONE_ in key->code: swallowed. *gone: the
 * terminal has hung up.
 */
bool term_read(struct key *, int *more, bool *gone);

/*
 * Shows the grid, the difference only; y < 0 hides the cursor. One write, which
 * does not wait for the terminal: of what it does not take at once at most a
 * frame is kept, and later frames are joined to one.
 */
void term_paint(const struct grid *, int y, int x);

/*
 * Goes on with what the terminal did not take. True if bytes still wait: then
 * call again when term_out_fd() can be written to.
 */
bool term_flush(void);
int term_out_fd(void);

/* Draws everything again at the next paint. */
void term_redraw(void);

/*
 * Gives the terminal back and takes it again: suspend, an editor. Resuming what
 * was not suspended takes it once more, as is needed after SIGSTOP and SIGCONT.
 */
void term_suspend(void);
bool term_resume(struct error *);

void term_bell(void);
void term_set_title(const char *title); /* sanitised here */

/*
 * OSC 52, wrapped for tmux or screen where needed; false if it is too long or
 * the terminal is not of a kind that knows it.
 */
bool term_copy(const char *text, size_t len);

#endif
