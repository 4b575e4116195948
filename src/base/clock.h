/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef BASE_CLOCK_H
#define BASE_CLOCK_H

/*
 * Two clocks: one that only ever runs forward, for waiting, and the wall
 * clock, for dates. Order and time limits never depend on the second.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* "2026-09-14T13:37:33.510444Z" and its NUL: the API's form of a time. */
#define CLOCK_ISO_SIZE 28

/* Milliseconds since some moment before the program began. */
int64_t clock_ms(void);

/* Now, ISO 8601 in UTC with microseconds. */
void clock_iso(char text[CLOCK_ISO_SIZE]);

/* The same of seconds since 1970; false if it is no time of the years 1970 to 9999. */
bool clock_iso_of(double seconds, char text[CLOCK_ISO_SIZE]);

/*
 * Seconds since 1970 of an ISO 8601 time (a date, optionally a time, a
 * fraction, Z or an offset); false if it is none.
 */
bool clock_parse(const char *text, int64_t *seconds);

/* An HTTP date (RFC 9110, section 5.6.7, the IMF-fixdate form) in seconds since 1970. */
bool clock_parse_http(const char *text, int64_t *seconds);

/* The wall clock in seconds since 1970. */
int64_t clock_wall(void);

#endif
