/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef BASE_MEM_H
#define BASE_MEM_H

/*
 * Memory that is always there: out of memory is fatal(). Everything returned
 * is freed with free().
 */

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>

void *xmalloc(size_t size);
void *xcalloc(size_t count, size_t size);
void *xrealloc(void *old, size_t size);
void *xreallocarray(void *old, size_t count, size_t size);

/* NULL gives NULL. */
char *xstrdup(const char *text);

/* At most len bytes of text, with a NUL behind them. */
char *xstrndup(const char *text, size_t len);

char *xasprintf(const char *format, ...) __attribute__((format(printf, 1, 2)));
char *xvasprintf(const char *format, va_list args) __attribute__((format(printf, 1, 0)));

/* Whether two texts are the same, or both NULL. */
bool xequal(const char *, const char *);

/* Frees *slot and puts a copy of text (or NULL) there; text may be *slot itself. */
void xreplace(char **slot, const char *text);

/* The same, but NULL leaves what is there. */
void xreplace_if(char **slot, const char *text);

#endif
