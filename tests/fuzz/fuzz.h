/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef FUZZ_FUZZ_H
#define FUZZ_FUZZ_H

/*
 * A fuzzer is one file here, x.c, with this function, and a folder x/ with
 * inputs to start from. With --enable-fuzzing libFuzzer calls it; in plain
 * "make check" replay.c does, once for each of the inputs.
 */

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

/* What has to hold for any input. Not assert(), which a build may leave out. */
#define MUST(holds)                                                                         \
	do {                                                                                \
		if (!(holds)) {                                                             \
			fprintf(stderr, "%s:%d: not so: %s\n", __FILE__, __LINE__, #holds); \
			abort();                                                            \
		}                                                                           \
	} while (0)

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len);

#endif
