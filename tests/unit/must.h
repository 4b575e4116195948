/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef TEST_MUST_H
#define TEST_MUST_H

/* For calls that can fail and here must not: OK(store_add(store, &err)). */

#include "base/error.h"

static struct error err = ERROR_NONE;

#define OK(call)                                                                           \
	do {                                                                               \
		if (!(call))                                                               \
			fail_msg("%s: %s", #call,                                          \
			    err.text != NULL ? err.text : "no reason given");              \
	} while (0)

#endif
