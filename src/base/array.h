/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef BASE_ARRAY_H
#define BASE_ARRAY_H

/*
 * A typed growable array, the only container macro:
 *
 *	ARRAY(struct hit) hits = {0};
 *	array_push(&hits, hit);
 *	for (size_t i = 0; i < hits.len; i++)
 *		use(&hits.items[i]);
 *	array_done(&hits);
 *
 * Pointers into items live until the next push or insert.
 */

#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#define ARRAY(type)                                                                                \
	struct {                                                                                   \
		type *items;                                                                       \
		size_t len, cap;                                                                   \
	}

#define array_reserve(a, count)                                                                    \
	((a)->items = array_grow((a)->items, &(a)->cap, (count), sizeof(*(a)->items)))

#define array_push(a, item)                                                                        \
	(array_reserve(a, (a)->len + 1), (void)((a)->items[(a)->len++] = (item)))

/* at may be an expression in the array's len: len is changed last. */
#define array_insert(a, at, item)                                                                  \
	(array_reserve(a, (a)->len + 1),                                                           \
	    memmove((a)->items + (at) + 1, (a)->items + (at),                                      \
		((a)->len - (at)) * sizeof(*(a)->items)),                                          \
	    (a)->items[at] = (item), (void)(a)->len++)

#define array_remove(a, at)                                                                        \
	(memmove((a)->items + (at), (a)->items + (at) + 1,                                         \
	     ((a)->len - (at) - 1) * sizeof(*(a)->items)),                                         \
	    (void)(a)->len--)

#define array_clear(a) ((void)((a)->len = 0))

#define array_done(a) (free((a)->items), (a)->items = NULL, (void)((a)->len = (a)->cap = 0))

/* What array_reserve needs: items with room for at least count of them. */
void *array_grow(void *items, size_t *cap, size_t count, size_t item_size);

#endif
