/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include "base/array.h"

#include "base/mem.h"

void *
array_grow(void *items, size_t *cap, size_t count, size_t item_size)
{
	size_t more;

	if (count <= *cap)
		return items;
	more = *cap + *cap / 2;
	if (more < count)
		more = count < 8 ? 8 : count;
	*cap = more;
	return xreallocarray(items, more, item_size);
}
