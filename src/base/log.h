/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef BASE_LOG_H
#define BASE_LOG_H

/*
 * The way out that is no way back, and the debug log.
 *
 * This file keeps static state: the log is the process's, like standard error.
 */

#include <stdbool.h>
#include <stdnoreturn.h>

struct error;

/*
 * Restores the terminal by calling the hook, prints "causerie: " and the text
 * to standard error, and aborts the process with status 1. For broken promises
 * of our own and of the machine only, never for input.
 */
noreturn void fatal(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* Called once by fatal() before it prints; must be async-signal-safe. */
void log_on_fatal(void (*hook)(void));

/* Appends to a file (made with mode 0600) from now on. Without it log_debug does nothing. */
bool log_open(const char *path, struct error *);
void log_close(void);

/* A line with the time. Never give it a key, or text of a conversation. */
void log_debug(const char *format, ...) __attribute__((format(printf, 1, 2)));

#endif
