/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include "profile/agents.h"

#include <stdlib.h>
#include <string.h>

#include "base/i18n.h"
#include "base/mem.h"
#include "profile/options.h"
#include "profile/profile.h"
#include "profile/tools.h"
#include "profile/yaml.h"

static void read_version(
    struct reading *, const struct option *, const struct yaml_node *, void *base);

static const char *const handoff_words[] = {"client", "server", NULL};

static const struct option agent_rows[] = {
    {
	.key = "connection",
	.read = connection_name_read,
	.offset = offsetof(struct agent, connection),
	.help = N_("where it answers; without it, where new conversations start"),
    },
    {
	.key = "agent_id",
	.read = option_text,
	.offset = offsetof(struct agent, agent_id),
	.help = N_("an agent that lives on the server"),
    },
    {
	.key = "agent_version",
	.read = read_version,
	.offset = offsetof(struct agent, agent_version),
	.nullable = true,
	.help = N_("its version, a number or an alias; null takes the current one"),
    },
    {
	.key = "model",
	.read = option_text,
	.offset = offsetof(struct agent, model),
	.help = N_("the model of an agent that lives here"),
    },
    {
	.key = "description",
	.read = option_text,
	.offset = offsetof(struct agent, description),
	.nullable = true,
	.help = N_("a line about it, for you"),
    },
    {
	.key = "instructions",
	.read = option_text,
	.offset = offsetof(struct agent, instructions),
	.nullable = true,
	.help = N_("what the model is told before everything else"),
    },
    {
	.key = "tools",
	.read = tools_read,
	.help = N_("what it may use: names, or maps with \"type\""),
    },
    {
	.key = "completion_args",
	.read = completion_args_read,
	.help = N_("temperature and the like"),
    },
    {
	.key = "guardrails",
	.read = guardrails_read,
	.help = N_("what the server moderates"),
    },
    {
	.key = "handoff_execution",
	.read = option_word,
	.offset = offsetof(struct agent, handoff_execution),
	.words = handoff_words,
	.nullable = true,
	.help = N_("who carries out a hand-off to another agent: server or client"),
    },
};

static const struct option_table agent_options = OPTION_TABLE(agent_rows);

void
connection_name_read(
    struct reading *r, const struct option *row, const struct yaml_node *value, void *base)
{
	const struct profile *profile = r->profile;
	size_t count = profile->connections.len;
	const char **known;

	if (yaml_is_null(value) || !option_is_text(r, row->key, value))
		return;
	if (profile_connection(profile, value->text) != NULL) {
		xreplace((char **)((char *)base + row->offset), value->text);
		return;
	}
	known = xreallocarray(NULL, count + 1, sizeof(char *));
	for (size_t i = 0; i < count; i++)
		known[i] = profile->connections.items[i]->name;
	problem_unknown_word(r, value, row->key, known, count);
	free(known);
}

void
agent_name_read(
    struct reading *r, const struct option *row, const struct yaml_node *value, void *base)
{
	const struct profile *profile = r->profile;
	size_t count = profile->agents.len;
	const char **known;

	if (yaml_is_null(value) || !option_is_text(r, row->key, value))
		return;
	if (profile_agent(profile, value->text) != NULL) {
		xreplace((char **)((char *)base + row->offset), value->text);
		return;
	}
	known = xreallocarray(NULL, count + 1, sizeof(char *));
	for (size_t i = 0; i < count; i++)
		known[i] = profile->agents.items[i]->name;
	problem_unknown_word(r, value, row->key, known, count);
	free(known);
}

/* A number or an alias, so both are right here; both are kept as text. */
static void
read_version(struct reading *r, const struct option *row, const struct yaml_node *value, void *base)
{
	struct agent *agent = base;
	long number;

	if (yaml_is_null(value))
		return;
	if (yaml_int(value, &number) && number < 0)
		problem_add(r, value,
		    _("\"%s\" must be a whole number from 0 or the name of an alias."), row->key);
	else if (yaml_int(value, &number))
		xreplace(&agent->agent_version, value->text);
	else
		option_text(r, row, value, base);
}

/*
 * What an agent will speak, as far as the profile alone decides it. With the
 * guide as the place for new conversations its agents are there for another
 * connection, named on the command line: the rules of Mistral's hold.
 */
static enum api
find_api(const struct profile *profile, const char *connection)
{
	const struct connection *c = NULL;

	if (connection == NULL)
		connection = profile->connection;
	if (connection != NULL)
		c = profile_connection(profile, connection);
	return c != NULL && c->api != API_GUIDE ? c->api : API_CONVERSATIONS;
}

static void
check_server_agent(struct reading *r, const struct yaml_node *map)
{
	static const char *const keys[] = {"model", "instructions", "tools"};

	for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++) {
		const struct yaml_node *value = yaml_get(map, keys[i]);

		if (value != NULL)
			problem_add(r, value,
			    _("The agent with this \"agent_id\" has its own \"%s\" on the server; "
			      "expected "
			      "one of the two, not both."),
			    keys[i]);
	}
	if (r->api == API_CHAT_COMPLETIONS)
		problem_add(r, yaml_get(map, "agent_id"),
		    _("A chat-completions connection has models but no agents; expected \"model\" "
		      "in "
		      "place of \"agent_id\"."));
}

static void
check_agent(struct reading *r, const struct agent *agent, const struct yaml_node *key,
    const struct yaml_node *map)
{
	const struct yaml_node *version = yaml_get(map, "agent_version");
	const struct connection *c =
	    agent->connection != NULL ? profile_connection(r->profile, agent->connection) : NULL;

	if (c != NULL && c->api == API_GUIDE)
		problem_add(r, yaml_get(map, "connection"),
		    _("The guide answers by itself; expected a connection that has models or "
		      "agents."));
	if (yaml_get(map, "agent_id") != NULL)
		check_server_agent(r, map);
	else if (yaml_get(map, "model") == NULL)
		problem_add(r, key, _("The agent \"%s\" needs either \"model\" or \"agent_id\"."),
		    agent->name);
	else if (version != NULL)
		problem_add(r, version,
		    _("\"agent_version\" belongs to an \"agent_id\"; a model has none."));
}

static void
read_agent(struct reading *r, const struct yaml_node *key, const struct yaml_node *map)
{
	const struct yaml_node *connection;
	struct agent *agent;

	if (!option_is_map(r, key->text, map))
		return;
	agent = agent_new(AGENT_PROFILE);
	agent->name = xstrdup(key->text);
	array_push(&r->profile->agents, agent);
	connection = yaml_get(map, "connection");
	r->api = find_api(r->profile,
	    connection != NULL && connection->type == YAML_SCALAR && !yaml_is_null(connection)
		? connection->text
		: NULL);
	options_read(r, &agent_options, map, agent);
	check_agent(r, agent, key, map);
}

void
agents_read(
    struct reading *r, const struct option *row, const struct yaml_node *value, void *profile)
{
	(void)profile;
	if (yaml_is_null(value) || !option_is_map(r, row->key, value))
		return;
	for (size_t i = 0; i < value->keys.len; i++) {
		if (value->keys.items[i]->text[0] == '\0')
			problem_add(r, value->keys.items[i], _("An agent needs a name."));
		else
			read_agent(r, value->keys.items[i], value->items.items[i]);
	}
}
