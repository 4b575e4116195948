/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include "ui/pick-agent.h"

#include <stdlib.h>
#include <string.h>

#include "base/i18n.h"
#include "base/mem.h"
#include "client/client.h"
#include "profile/profile.h"
#include "ui/screen.h"
#include "ui/view.h"

static const char *
origin_name(enum agent_origin origin)
{
	return origin == AGENT_PROFILE	? _("profile")
	       : origin == AGENT_SERVER ? _("agent")
					: _("model");
}

static const char *
connection_of(struct screen *screen, const struct agent *agent)
{
	return agent->connection != NULL ? agent->connection
					 : client_profile(screen_client(screen))->connection;
}

/* What a row says, and is known by. Yours. */
static char *
row_name(struct screen *screen, const struct agent *agent)
{
	const char *connection = connection_of(screen, agent);

	/* TRANSLATORS: an agent, its connection, and a version of the agent. */
	return agent->agent_version != NULL && agent->origin == AGENT_SERVER
		   ? xasprintf(_("%s@%s version %s"), agent->name, connection, agent->agent_version)
		   : xasprintf("%s@%s", agent->name, connection);
}

static void
add_versions(const struct agent *agent, agent_list *out)
{
	char *versions = xstrdup(agent->versions), *rest = versions, *version;

	while ((version = strsep(&rest, " ")) != NULL) {
		struct agent *copy;

		if (version[0] == '\0')
			continue;
		copy = agent_copy(agent);
		xreplace(&copy->agent_version, version);
		array_push(out, copy);
	}
	free(versions);
}

/* Everybody there is: the guide always. */
static void
gather(struct screen *screen, agent_list *out)
{
	const struct conversation *open = view_conversation(screen_view(screen));
	const agent_list *agents = client_agents(screen_client(screen));
	bool has_guide = false;

	for (size_t i = 0; i < agents->len; i++) {
		const struct agent *agent = agents->items[i];

		has_guide |= strcmp(connection_of(screen, agent), "guide") == 0;
		array_push(out, agent_copy(agent));
		if (agent->origin == AGENT_SERVER && agent->versions != NULL && open != NULL &&
		    open->agent_id != NULL && strcmp(open->agent_id, agent->agent_id) == 0)
			add_versions(agent, out);
	}
	if (!has_guide) {
		struct agent *guide = agent_new(AGENT_MODEL);

		guide->name = xstrdup("guide");
		guide->model = xstrdup("guide");
		guide->connection = xstrdup("guide");
		guide->description = xstrdup(_("the built-in guide to causerie"));
		array_push(out, guide);
	}
}

static void
find(struct screen *screen, const char *typed, bool versions, pick_list *out)
{
	agent_list agents = {0};

	gather(screen, &agents);
	for (size_t i = 0; i < agents.len; i++) {
		const struct agent *agent = agents.items[i];
		struct pick pick = {0};

		if (!versions && agent->origin == AGENT_SERVER && agent->agent_version != NULL)
			continue;
		pick.text = row_name(screen, agent);
		pick.detail =
		    xasprintf("%s  %s", agent->description != NULL ? agent->description : "",
			origin_name(agent->origin));
		if (strcasestr(pick.text, typed) == NULL &&
		    strcasestr(pick.detail, typed) == NULL) {
			free(pick.text);
			free(pick.detail);
			continue;
		}
		array_push(out, pick);
	}
	agent_list_done(&agents);
}

void
pick_agent_find(struct screen *screen, const char *typed, pick_list *out)
{
	find(screen, typed, false, out);
}

void
pick_agent_find_versions(struct screen *screen, const char *typed, pick_list *out)
{
	find(screen, typed, true, out);
}

struct agent *
pick_agent_of(struct screen *screen, const struct pick *pick)
{
	agent_list agents = {0};
	struct agent *found = NULL;

	gather(screen, &agents);
	for (size_t i = 0; i < agents.len && found == NULL; i++) {
		char *name = row_name(screen, agents.items[i]);

		if (strcmp(name, pick->text) == 0)
			found = agent_copy(agents.items[i]);
		free(name);
	}
	agent_list_done(&agents);
	return found;
}
