/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef STORE_INSTANCE_H
#define STORE_INSTANCE_H

/*
 * Which processes that use a store are alive. Each has a number and a lock on
 * the byte of that number in a file beside the store; the kernel drops the
 * lock when the process ends, however it ends.
 */

#include <stdbool.h>
#include <stdint.h>

struct error;

struct instance {
	int fd; /* -1: a store that no other process can see */
	int64_t number;
};

/* path: the store's, or NULL if it is only in memory. */
bool instance_begin(struct instance *, const char *path, struct error *);
void instance_end(struct instance *);

bool instance_is_alive(const struct instance *, int64_t number);

#endif
