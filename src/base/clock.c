/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include "base/clock.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

int64_t
clock_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

int64_t
clock_wall(void)
{
	return (int64_t)time(NULL);
}

static void
put_iso(time_t seconds, unsigned long microseconds, char text[CLOCK_ISO_SIZE])
{
	struct tm tm;
	char date[20];

	gmtime_r(&seconds, &tm);
	strftime(date, sizeof(date), "%Y-%m-%dT%H:%M:%S", &tm);
	snprintf(text, CLOCK_ISO_SIZE, "%.19s.%06luZ", date, microseconds % 1000000);
}

void
clock_iso(char text[CLOCK_ISO_SIZE])
{
	struct timespec now;

	clock_gettime(CLOCK_REALTIME, &now);
	put_iso(now.tv_sec, (unsigned long)now.tv_nsec / 1000, text);
}

bool
clock_iso_of(double seconds, char text[CLOCK_ISO_SIZE])
{
	/* The year 9999 is the last of four digits. */
	if (!(seconds >= 0 && seconds < 253402300800.0))
		return false;
	put_iso((time_t)seconds,
	    (unsigned long)((seconds - (double)(time_t)seconds) * 1000000), text);
	return true;
}

/* Days from 1970-01-01 to a date of the Gregorian calendar. */
static int64_t
days(int64_t year, int month, int day)
{
	int64_t y = year - (month <= 2), era, in_era, of_year;

	era = (y >= 0 ? y : y - 399) / 400;
	in_era = y - era * 400;
	of_year = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1;
	return era * 146097 + in_era * 365 + in_era / 4 - in_era / 100 + of_year - 719468;
}

static bool
in_range(int month, int day, int hour, int minute, int second)
{
	return month >= 1 && month <= 12 && day >= 1 && day <= 31 && hour >= 0 && hour <= 24 &&
	    minute >= 0 && minute <= 59 && second >= 0 && second <= 60;
}

bool
clock_parse(const char *text, int64_t *seconds)
{
	int year, month, day, hour = 0, minute = 0, second = 0, used = 0, offset = 0;
	const char *rest;

	if (sscanf(text, "%4d-%2d-%2d%n", &year, &month, &day, &used) != 3)
		return false;
	rest = text + used;
	if (*rest == 'T' || *rest == ' ') {
		used = 0;
		if (sscanf(rest + 1, "%2d:%2d:%2d%n", &hour, &minute, &second, &used) != 3)
			return false;
		rest += 1 + used;
		if (*rest == '.')
			rest += 1 + strspn(rest + 1, "0123456789");
		if (*rest == '+' || *rest == '-') {
			int h, m = 0;

			if (sscanf(rest + 1, "%2d:%2d", &h, &m) < 1)
				return false;
			offset = (h * 60 + m) * (*rest == '-' ? -60 : 60);
			rest += strlen(rest);
		} else if (*rest == 'Z') {
			rest++;
		}
	}
	if (*rest != '\0' || !in_range(month, day, hour, minute, second))
		return false;
	*seconds = days(year, month, day) * 86400 + hour * 3600 + minute * 60 + second - offset;
	return true;
}

bool
clock_parse_http(const char *text, int64_t *seconds)
{
	static const char names[] = "JanFebMarAprMayJunJulAugSepOctNovDec";
	int year, day, hour, minute, second;
	char month[4];
	const char *at;

	if (sscanf(text, "%*3s, %2d %3s %4d %2d:%2d:%2d GMT", &day, month, &year, &hour, &minute,
		&second) != 6)
		return false;
	at = strstr(names, month);
	if (at == NULL || strlen(month) != 3 || (at - names) % 3 != 0)
		return false;
	if (!in_range(1, day, hour, minute, second))
		return false;
	*seconds = days(year, (int)((at - names) / 3) + 1, day) * 86400 + hour * 3600 + minute * 60 + second;
	return true;
}
