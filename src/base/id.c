/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include "base/id.h"

#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>
#include <time.h>

#include "base/log.h"

static void
random_bytes(unsigned char *bytes, size_t len)
{
	/* getentropy() is in glibc, musl and macOS alike; 256 bytes at most. */
	if (getentropy(bytes, len) != 0)
		fatal("no random numbers: %s", strerror(errno));
}

void
id_make(const char *prefix, char id[ID_SIZE])
{
	/* The last time and counter handed out, so that ids of one process are in order. */
	static uint64_t last_ms;
	static unsigned counter;
	unsigned char r[8];
	struct timespec now;
	uint64_t ms;

	clock_gettime(CLOCK_REALTIME, &now);
	ms = (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
	if (ms > last_ms) {
		last_ms = ms;
		counter = 0;
	} else if (++counter > 0xfff) {
		last_ms++;
		counter = 0;
	}
	random_bytes(r, sizeof(r));
	snprintf(id, ID_SIZE, "%s%012llx7%03x%02x%02x%02x%02x%02x%02x%02x%02x", prefix,
	    (unsigned long long)last_ms & 0xffffffffffffULL, counter, (r[0] & 0x3f) | 0x80, r[1], r[2],
	    r[3], r[4], r[5], r[6], r[7]);
}

const char *
id_tail(const char *id)
{
	const char *last = strrchr(id, '_');

	return last != NULL ? last + 1 : id;
}
