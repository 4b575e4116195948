/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include "model/agent.h"

#include <stdlib.h>

#include "base/mem.h"

#define AGENT_STRINGS(X)                                                                           \
	X(name) X(connection) X(agent_id) X(agent_version) X(versions) X(model)                    \
	X(description) X(instructions) X(tools) X(completion_args) X(guardrails)                   \
	X(handoff_execution) X(raw)

struct agent *
agent_new(enum agent_origin origin)
{
	struct agent *agent = xcalloc(1, sizeof(*agent));

	agent->origin = origin;
	agent->chat = true;
	return agent;
}

void
agent_free(struct agent *agent)
{
	if (agent == NULL)
		return;
#define X(field) free(agent->field);
	AGENT_STRINGS(X)
#undef X
	free(agent);
}

struct agent *
agent_copy(const struct agent *from)
{
	struct agent *to = xmalloc(sizeof(*to));

	*to = *from;
#define X(field) to->field = xstrdup(from->field);
	AGENT_STRINGS(X)
#undef X
	return to;
}

void
agent_list_done(agent_list *list)
{
	for (size_t i = 0; i < list->len; i++)
		agent_free(list->items[i]);
	array_done(list);
}
