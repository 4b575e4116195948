/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include "base/resource.h"

#include <string.h>

const struct resource *
resource_find(const char *name)
{
	for (size_t i = 0; i < resource_count; i++)
		if (strcmp(resources[i].name, name) == 0)
			return &resources[i];
	return NULL;
}
