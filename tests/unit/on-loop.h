/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef TEST_ON_LOOP_H
#define TEST_ON_LOOP_H

/*
 * Tests that get a loop as their state: WITH_LOOP(test) in the table. One that
 * hangs is killed.
 */

#include <unistd.h>

#include "base/error.h"
#include "net/loop.h"

/* No test waits longer than this; a machine may be slow. */
enum { PATIENCE_S = 120, PATIENCE_MS = 30000 };

#define WITH_LOOP(test) cmocka_unit_test_setup_teardown(test, make_loop, free_loop)

static inline int
make_loop(void **state)
{
	struct error err = ERROR_NONE;

	alarm(PATIENCE_S);
	*state = loop_new(&err);
	return *state == NULL;
}

static inline int
free_loop(void **state)
{
	loop_free(*state);
	return 0;
}

#endif
