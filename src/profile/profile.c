/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include "profile/profile.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/error.h"
#include "base/i18n.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/path.h"
#include "base/resource.h"
#include "profile/agents.h"
#include "profile/connection.h"
#include "profile/options.h"
#include "profile/secret.h"
#include "profile/tools.h"
#include "profile/yaml.h"

static void read_keys(
    struct reading *, const struct option *, const struct yaml_node *, void *profile);

/* In the order of reading: what is referred to comes before what refers to it. */
static const struct option profile_rows[] = {
    {
	.key = "connections",
	.read = connections_read,
	.help = N_("the servers, and how to reach them"),
    },
    {
	.key = "connection",
	.read = connection_name_read,
	.offset = offsetof(struct profile, connection),
	.help = N_("where a new conversation starts"),
    },
    {
	.key = "agents",
	.read = agents_read,
	.help = N_("with whom one can talk"),
    },
    {
	.key = "agent",
	.read = agent_name_read,
	.offset = offsetof(struct profile, agent),
	.help = N_("with whom a new conversation starts"),
    },
    {
	.key = "settings",
	.read = option_map,
	.offset = offsetof(struct profile, settings),
	.table = &settings_options,
	.nullable = true,
	.help = N_("how the program behaves"),
    },
    {
	.key = "keys",
	.read = read_keys,
	.help = N_("what keys do"),
    },
};

static const struct option_table profile_options = OPTION_TABLE(profile_rows);

static void
read_context(struct reading *r, const char *context, const struct yaml_node *map)
{
	for (size_t i = 0; i < map->keys.len; i++) {
		const struct yaml_node *key = map->keys.items[i], *action = map->items.items[i];
		struct binding binding = {.line = key->line, .column = key->column};

		if (key->text[0] == '\0') {
			problem_add(r, key, _("A binding needs a key, like F5 or \"C-x b\"."));
			continue;
		}
		if (!yaml_is_null(action) && !option_is_text(r, key->text, action))
			continue;
		binding.context = xstrdup(context);
		binding.key = xstrdup(key->text);
		binding.action = yaml_is_null(action) ? NULL : xstrdup(action->text);
		array_push(&r->profile->keys, binding);
	}
}

static void
read_keys(struct reading *r, const struct option *row, const struct yaml_node *value, void *profile)
{
	(void)profile;
	if (yaml_is_null(value) || !option_is_map(r, row->key, value))
		return;
	for (size_t i = 0; i < value->keys.len; i++) {
		const char *context = value->keys.items[i]->text;
		const struct yaml_node *map = value->items.items[i];

		if (!yaml_is_null(map) && option_is_map(r, context, map))
			read_context(r, context, map);
	}
}

static void
read_root(struct reading *r, const struct yaml_node *root)
{
	if (yaml_is_null(root))
		return;
	if (root->type == YAML_MAP)
		options_read(r, &profile_options, root, r->profile);
	else
		problem_add(
		    r, root, _("A profile must be a map, lines of the form \"key: value\"."));
}

/* The connections and settings everyone has. A fault in there is the program's own. */
static void
read_defaults(struct profile *profile)
{
	const struct resource *resource = resource_find("profile.yaml");
	struct reading r = {.file = "profile.yaml", .profile = profile};
	struct error err = ERROR_NONE;
	struct yaml_node *root;

	options_default(&settings_options, &profile->settings);
	if (resource == NULL)
		fatal(_("The defaults of the profile are missing from the program."));
	root = yaml_parse(r.file, resource->data, resource->size, &err);
	if (root != NULL)
		read_root(&r, root);
	if (root == NULL || !problems_report(&r, &err))
		fatal("%s", err.text);
	yaml_node_free(root);
}

/* The problem of a variable has no line: the variable's name stands in for the place. */
static bool
apply_environment(struct profile *profile, struct error *err)
{
	const char *url = getenv("MISTRAL_BASE_URL"), *problem;
	struct connection *c = NULL;

	for (size_t i = 0; i < profile->connections.len && c == NULL; i++)
		if (strcmp(profile->connections.items[i]->name, "mistral") == 0)
			c = profile->connections.items[i];
	if (url == NULL || url[0] == '\0' || c == NULL)
		return true;
	problem = connection_url_problem(url);
	if (problem != NULL)
		return error_set(err, ERR_CONFIG, "MISTRAL_BASE_URL: %s", problem);
	free(c->base_url);
	c->base_url = connection_trim_url(url);
	if (connection_leaks_key(c))
		return error_set(err, ERR_CONFIG,
		    _("MISTRAL_BASE_URL: With http:// anyone on the way could read the key; "
		      "expected "
		      "https:// or an address of this machine."));
	return true;
}

static void
choose_connection(struct profile *profile)
{
	const struct connection *mistral = profile_connection(profile, "mistral");

	if (profile->connection == NULL)
		profile->connection =
		    xstrdup(mistral != NULL && connection_has_key(mistral) ? "mistral" : "guide");
}

/* The problems of the file and the one of the environment, all of them. */
static bool
report_all(struct reading *r, struct error *environment, struct error *err)
{
	struct error file = ERROR_NONE;
	bool good = problems_report(r, &file);

	if (good)
		return environment->kind == ERR_NONE || error_move(err, environment);
	if (environment->kind == ERR_NONE)
		return error_move(err, &file);
	error_set(err, ERR_CONFIG, "%s\n%s", file.text, environment->text);
	error_done(&file);
	error_done(environment);
	return false;
}

/* shared: the bytes are from a file that others can read. */
static bool
parse(struct profile *profile, const char *file, const char *bytes, size_t len, bool shared,
    struct error *err)
{
	struct reading r = {.file = file, .shared = shared, .profile = profile};
	struct error environment = ERROR_NONE;
	struct yaml_node *root;

	*profile = (struct profile){.path = xstrdup(file)};
	read_defaults(profile);
	root = yaml_parse(file, bytes, len, err);
	if (root == NULL) {
		profile_done(profile);
		return false;
	}
	read_root(&r, root);
	yaml_node_free(root);
	(void)apply_environment(profile, &environment);
	if (!report_all(&r, &environment, err)) {
		profile_done(profile);
		return false;
	}
	choose_connection(profile);
	return true;
}

bool
profile_parse(
    struct profile *profile, const char *file, const char *yaml, size_t len, struct error *err)
{
	return parse(profile, file, yaml, len, false, err);
}

/* The file's bytes; none for a file that is missing and was not asked for by name. */
static bool
read_file(
    const char *path, bool named, struct buf *bytes, bool *shared, bool *exists, struct error *err)
{
	int failure = secret_read(path, YAML_MAX_BYTES, bytes, shared);

	*exists = failure == 0;
	if (failure == 0 || (!named && (failure == ENOENT || failure == ENOTDIR)))
		return true;
	if (failure == EFBIG)
		return error_set(err, ERR_CONFIG,
		    _("%s:1:1: The file is larger than the %d bytes a profile may have."), path,
		    YAML_MAX_BYTES);
	return error_set(
	    err, ERR_CONFIG, _("%s:1:1: The profile cannot be read: %s."), path, strerror(failure));
}

bool
profile_load(struct profile *profile, const char *path, struct error *err)
{
	struct buf bytes = BUF_EMPTY;
	bool named = path != NULL, shared = false, exists, good;
	char *file;

	*profile = (struct profile){0};
	if (!named) {
		path = getenv("CAUSERIE_PROFILE");
		named = path != NULL && path[0] != '\0';
	}
	file = named ? xstrdup(path) : path_config("profile.yaml");
	good = read_file(file, named, &bytes, &shared, &exists, err) &&
	       parse(profile, file, bytes.data, bytes.len, shared, err);
	if (good)
		profile->exists = exists;
	secret_buf_done(&bytes);
	free(file);
	return good;
}

void
profile_done(struct profile *profile)
{
	free(profile->path);
	free(profile->connection);
	free(profile->agent);
	for (size_t i = 0; i < profile->connections.len; i++)
		connection_free(profile->connections.items[i]);
	array_done(&profile->connections);
	agent_list_done(&profile->agents);
	for (size_t i = 0; i < profile->functions.len; i++)
		function_done(&profile->functions.items[i]);
	array_done(&profile->functions);
	for (size_t i = 0; i < profile->keys.len; i++) {
		free(profile->keys.items[i].context);
		free(profile->keys.items[i].key);
		free(profile->keys.items[i].action);
	}
	array_done(&profile->keys);
	free(profile->settings.theme);
	free(profile->settings.language);
	free(profile->settings.preset);
	*profile = (struct profile){0};
}

const struct agent *
profile_agent(const struct profile *profile, const char *name)
{
	for (size_t i = 0; i < profile->agents.len; i++)
		if (strcmp(profile->agents.items[i]->name, name) == 0)
			return profile->agents.items[i];
	return NULL;
}

const struct function *
profile_function(const struct profile *profile, const char *agent, const char *name)
{
	for (size_t i = 0; i < profile->functions.len; i++) {
		const struct function *f = &profile->functions.items[i];

		if (strcmp(f->agent, agent) == 0 && strcmp(f->name, name) == 0)
			return f;
	}
	return NULL;
}
