/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef UI_TYPED_H
#define UI_TYPED_H

/*
 * A few words typed to narrow a list down: the filter of the conversations, the
 * line of a picker. Written at its end only.
 */

#include <stdbool.h>

struct buf;
struct key;

/* True if the key was one for it and changed it. */
bool typed_key(struct buf *, const struct key *);

#endif
