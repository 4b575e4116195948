/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include "profile/tools.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/i18n.h"
#include "base/mem.h"
#include "profile/options.h"
#include "profile/profile.h"
#include "profile/yaml.h"

/* Of the API. */
#define MAX_TOOLS 128
#define MAX_FUNCTION_NAME 64

#define NO_LIMIT 9007199254740991.0 /* 2^53 - 1: the largest integer sure to survive JSON */

static void read_configuration(
    struct reading *, const struct option *, const struct yaml_node *, void *base);
static void read_authorization(
    struct reading *, const struct option *, const struct yaml_node *, void *base);
static void read_function_name(
    struct reading *, const struct option *, const struct yaml_node *, void *base);
static void read_parameters(
    struct reading *, const struct option *, const struct yaml_node *, void *base);
static void read_command(
    struct reading *, const struct option *, const struct yaml_node *, void *base);
static void read_stop(
    struct reading *, const struct option *, const struct yaml_node *, void *base);
static void read_response_format(
    struct reading *, const struct option *, const struct yaml_node *, void *base);

static const char *const approval_words[] = {
    [APPROVAL_ASK] = "ask",
    [APPROVAL_ALWAYS] = "always",
    [APPROVAL_NEVER] = "never",
    NULL,
};

/* Found out before the table of the type is chosen, so all it needs here is to be known. */
#define TYPE_ROW                                                              \
	{                                                                     \
		.key = "type", .read = option_text, .offset = OPTION_NOWHERE, \
		.help = N_("the kind of tool")                                \
	}

#define CONFIGURATION_ROW                                                                     \
	{                                                                                     \
		.key = "tool_configuration", .read = read_configuration, .nullable = true,    \
		.help = N_("which of its functions may be used, and which only after asking") \
	}

static const struct option configuration_rows[] = {
    {.key = "include", .read = option_texts, .nullable = true, .help = N_("only these")},
    {.key = "exclude", .read = option_texts, .nullable = true, .help = N_("all but these")},
    {
	.key = "requires_confirmation",
	.read = option_texts,
	.nullable = true,
	.help = N_("these only after asking"),
    },
};

static const struct option_table configuration_options = OPTION_TABLE(configuration_rows);

static const struct option builtin_rows[] = {TYPE_ROW, CONFIGURATION_ROW};

static const struct option library_rows[] = {
    TYPE_ROW,
    {.key = "library_ids", .read = option_texts, .help = N_("the libraries to search")},
    CONFIGURATION_ROW,
};

static const struct option connector_rows[] = {
    TYPE_ROW,
    {.key = "connector_id", .read = option_text, .help = N_("the connector's name or id")},
    {.key = "authorization", .read = read_authorization, .help = N_("not in a profile")},
    CONFIGURATION_ROW,
};

static const struct option function_rows[] = {
    TYPE_ROW,
    {
	.key = "name",
	.read = read_function_name,
	.offset = offsetof(struct function, name),
	.help = N_("what the model calls it by"),
    },
    {
	.key = "description",
	.read = option_text,
	.offset = offsetof(struct function, description),
	.help = N_("tells the model what it is good for"),
    },
    {
	.key = "parameters",
	.read = read_parameters,
	.offset = offsetof(struct function, parameters),
	.help = N_("a JSON schema of its arguments"),
    },
    {
	.key = "strict",
	.read = option_bool,
	.offset = OPTION_NOWHERE,
	.help = N_("hold the model to the schema exactly"),
    },
    {
	.key = "command",
	.read = read_command,
	.offset = offsetof(struct function, command),
	.nullable = true,
	.help = N_("the program to run, as a list of words; no shell"),
    },
    {
	.key = "approval",
	.read = option_enum,
	.offset = offsetof(struct function, approval),
	.words = approval_words,
	.fallback = "ask",
	.help = N_("whether to ask before it runs: ask, always or never"),
    },
    {
	.key = "timeout",
	.read = option_int,
	.offset = offsetof(struct function, timeout),
	.min = 1,
	.max = 3600,
	.fallback = "30",
	.help = N_("seconds after which it is ended"),
    },
};

static const struct option_table builtin_options = OPTION_TABLE(builtin_rows);
static const struct option_table library_options = OPTION_TABLE(library_rows);
static const struct option_table connector_options = OPTION_TABLE(connector_rows);
static const struct option_table function_options = OPTION_TABLE(function_rows);

/* A kind of tool. Those that need no setting may be given by their name alone. */
static const struct tool_type {
	const char *name;
	const struct option_table *table;
	const char *needs;
} tool_types[] = {
    {"web_search", &builtin_options, NULL},
    {"web_search_premium", &builtin_options, NULL},
    {"code_interpreter", &builtin_options, NULL},
    {"image_generation", &builtin_options, NULL},
    {"document_library", &library_options, "library_ids"},
    {"connector", &connector_options, "connector_id"},
    {"function", &function_options, "name"},
};

#define TOOL_TYPES (sizeof(tool_types) / sizeof(tool_types[0]))

static const struct tool_type *
find_type(const char *name)
{
	for (size_t i = 0; i < TOOL_TYPES; i++)
		if (strcmp(tool_types[i].name, name) == 0)
			return &tool_types[i];
	return NULL;
}

static void
read_configuration(
    struct reading *r, const struct option *row, const struct yaml_node *value, void *base)
{
	const struct yaml_node *include, *exclude;

	(void)base;
	if (yaml_is_null(value) || !option_is_map(r, row->key, value))
		return;
	options_read(r, &configuration_options, value, NULL);
	include = yaml_get(value, "include");
	exclude = yaml_get(value, "exclude");
	if (include != NULL && exclude != NULL && !yaml_is_null(include) && !yaml_is_null(exclude))
		problem_add(r, exclude,
		    _("\"include\" and \"exclude\" exclude each other; expected one "
		      "of them."));
}

static void
read_authorization(
    struct reading *r, const struct option *row, const struct yaml_node *value, void *base)
{
	(void)base;
	if (!yaml_is_null(value))
		problem_add(r, value,
		    _("\"%s\" is a secret that would be kept with every conversation; expected it "
		      "to be "
		      "set up with the connector itself, on the server."),
		    row->key);
}

static bool
agent_has_function(const struct profile *profile, const char *agent, const char *name)
{
	return profile_function(profile, agent, name) != NULL;
}

static void
read_function_name(
    struct reading *r, const struct option *row, const struct yaml_node *value, void *base)
{
	static const char allowed[] =
	    "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-";
	struct function *f = base;

	if (!option_is_text(r, row->key, value))
		return;
	if (value->text[strspn(value->text, allowed)] != '\0' ||
	    strlen(value->text) > MAX_FUNCTION_NAME)
		problem_add(r, value,
		    _("The \"%s\" of a function must be at most %d letters, digits, \"_\" and "
		      "\"-\"."),
		    row->key, MAX_FUNCTION_NAME);
	else if (find_type(value->text) != NULL)
		problem_add(r, value,
		    _("A function cannot have the name of a built-in tool, \"%s\"."), value->text);
	else if (agent_has_function(r->profile, f->agent, value->text))
		problem_add(r, value, _("This agent has a function \"%s\" already."), value->text);
	else
		xreplace(&f->name, value->text);
}

static void
read_parameters(
    struct reading *r, const struct option *row, const struct yaml_node *value, void *base)
{
	struct function *f = base;
	const struct yaml_node *type;
	struct buf json = BUF_EMPTY;

	if (!option_is_map(r, row->key, value))
		return;
	type = yaml_get(value, "type");
	if (type != NULL && (type->type != YAML_SCALAR || strcmp(type->text, "object") != 0))
		problem_add(r, type,
		    _("The parameters of a function are an object; expected \"type: object\"."));
	yaml_to_json(value, &json);
	free(f->parameters);
	f->parameters = buf_take(&json);
}

static void
read_command(struct reading *r, const struct option *row, const struct yaml_node *value, void *base)
{
	struct function *f = base;

	option_texts(r, row, value, base);
	if (f->command.len > 0 && f->command.items[0][0] == '\0')
		problem_add(r, value, _("The first word of \"%s\" must be a program."), row->key);
}

static void
put_text(struct buf *json, const char *key, const char *text)
{
	buf_printf(json, "\"%s\":", key);
	buf_put_json(json, text, strlen(text));
}

/* What the API is told of a function: nothing of how it is run here. */
static void
function_to_json(const struct function *f, const struct yaml_node *map, struct buf *json)
{
	const struct yaml_node *strict = yaml_get(map, "strict");

	buf_puts(json, "{\"type\":\"function\",\"function\":{");
	put_text(json, "name", f->name);
	if (f->description != NULL) {
		buf_putc(json, ',');
		put_text(json, "description", f->description);
	}
	if (strict != NULL) {
		buf_puts(json, ",\"strict\":");
		yaml_to_json(strict, json);
	}
	buf_printf(json, ",\"parameters\":%s}}", f->parameters);
}

void
function_done(struct function *f)
{
	free(f->agent);
	free(f->name);
	free(f->description);
	free(f->parameters);
	argv_list_done(&f->command);
}

static void
read_function(struct reading *r, const struct yaml_node *map, const char *agent, struct buf *json)
{
	struct function f = {.agent = xstrdup(agent)};

	options_default(&function_options, &f);
	options_read(r, &function_options, map, &f);
	if (f.name == NULL) {
		function_done(&f);
		return;
	}
	if (f.parameters == NULL)
		f.parameters = xstrdup("{\"type\":\"object\",\"properties\":{}}");
	function_to_json(&f, map, json);
	array_push(&r->profile->functions, f);
}

/* The type of a tool, or NULL and a problem. */
static const struct tool_type *
read_type(struct reading *r, const struct yaml_node *node, bool alone)
{
	const char *known[TOOL_TYPES];
	const struct tool_type *type;
	size_t count = 0;

	if (!option_is_text(r, alone ? "tools" : "type", node))
		return NULL;
	type = find_type(node->text);
	if (type != NULL && alone && type->needs != NULL) {
		problem_add(r, node,
		    _("The tool \"%s\" needs more than its name; expected a map with \"type: %s\" "
		      "and "
		      "\"%s\"."),
		    type->name, type->name, type->needs);
		return NULL;
	}
	if (type != NULL)
		return type;
	for (size_t i = 0; i < TOOL_TYPES; i++)
		if (!alone || tool_types[i].needs == NULL)
			known[count++] = tool_types[i].name;
	problem_unknown_word(r, node, alone ? "tools" : "type", known, count);
	return NULL;
}

static void
read_tool_map(struct reading *r, const struct yaml_node *map, const struct tool_type *type,
    const char *agent, struct buf *json)
{
	if (type->needs != NULL && yaml_get(map, type->needs) == NULL)
		problem_add(
		    r, map, _("A tool of type \"%s\" needs \"%s\"."), type->name, type->needs);
	if (type->table == &function_options) {
		read_function(r, map, agent, json);
		return;
	}
	options_read(r, type->table, map, NULL);
	yaml_to_json(map, json);
}

/* Writes a tool as JSON; returns its type, NULL after a problem. */
static const struct tool_type *
read_tool(struct reading *r, const struct yaml_node *node, const char *agent, struct buf *json)
{
	const struct yaml_node *type_node = node->type == YAML_MAP ? yaml_get(node, "type") : node;
	const struct tool_type *type;

	if (type_node == NULL || node->type == YAML_LIST) {
		problem_add(r, node, _("A tool must be a name or a map with \"type\"."));
		return NULL;
	}
	type = read_type(r, type_node, node->type == YAML_SCALAR);
	if (type == NULL)
		return NULL;
	if (r->api == API_CHAT_COMPLETIONS && type->table != &function_options)
		problem_add(r, node,
		    _("The tool \"%s\" is run by Mistral's server; a chat-completions connection "
		      "knows "
		      "only functions."),
		    type->name);
	if (node->type == YAML_MAP)
		read_tool_map(r, node, type, agent, json);
	else
		buf_printf(json, "{\"type\":\"%s\"}", type->name);
	return type;
}

static void
check_searches(
    struct reading *r, const struct yaml_node *list, const struct tool_type *const *types)
{
	bool plain = false, premium = false;

	for (size_t i = 0; i < list->items.len && i < MAX_TOOLS; i++) {
		plain = plain || (types[i] != NULL && strcmp(types[i]->name, "web_search") == 0);
		premium = premium ||
			  (types[i] != NULL && strcmp(types[i]->name, "web_search_premium") == 0);
	}
	if (plain && premium)
		problem_add(r, list,
		    _("\"web_search\" and \"web_search_premium\" cannot go together; "
		      "expected one of them."));
}

void
tools_read(struct reading *r, const struct option *row, const struct yaml_node *value, void *base)
{
	const struct tool_type *types[MAX_TOOLS] = {0};
	struct agent *agent = base;
	struct buf json = BUF_EMPTY;

	if (yaml_is_null(value))
		return;
	if (value->type != YAML_LIST || value->items.len > MAX_TOOLS) {
		problem_add(
		    r, value, _("\"%s\" must be a list of at most %d tools."), row->key, MAX_TOOLS);
		return;
	}
	buf_putc(&json, '[');
	for (size_t i = 0; i < value->items.len; i++) {
		if (i > 0)
			buf_putc(&json, ',');
		types[i] = read_tool(r, value->items.items[i], agent->name, &json);
	}
	buf_putc(&json, ']');
	check_searches(r, value, types);
	free(agent->tools);
	agent->tools = value->items.len > 0 ? buf_take(&json) : NULL;
	buf_done(&json);
}

static const char *const prediction_words[] = {"content", NULL};
static const char *const format_words[] = {"text", "json_object", "json_schema", NULL};
static const char *const choice_words[] = {"auto", "none", "any", "required", NULL};
static const char *const effort_words[] = {
    "none", "minimal", "low", "medium", "high", "xhigh", NULL};

static const struct option prediction_rows[] = {
    {.key = "type", .read = option_word, .words = prediction_words},
    {.key = "content", .read = option_text},
};
static const struct option_table prediction_options = OPTION_TABLE(prediction_rows);

static const struct option schema_rows[] = {
    {.key = "name", .read = option_text},
    {.key = "description", .read = option_text, .nullable = true},
    {.key = "schema", .read = option_any_map},
    {.key = "strict", .read = option_bool},
};
static const struct option_table schema_options = OPTION_TABLE(schema_rows);

static const struct option format_rows[] = {
    {.key = "type", .read = option_word, .words = format_words},
    {.key = "json_schema", .read = option_map, .table = &schema_options, .nullable = true},
};
static const struct option_table format_options = OPTION_TABLE(format_rows);

/* None of these is stored by itself: the whole map goes to the server as it is. */
static const struct option completion_rows[] = {
    {.key = "stop", .read = read_stop},
    {.key = "presence_penalty", .read = option_number, .min = -2, .max = 2, .nullable = true},
    {.key = "frequency_penalty", .read = option_number, .min = -2, .max = 2, .nullable = true},
    {.key = "temperature", .read = option_number, .min = 0, .max = 1, .nullable = true},
    {.key = "top_p", .read = option_number, .min = 0, .max = 1, .nullable = true},
    {.key = "max_tokens", .read = option_int, .min = 0, .max = INT_MAX, .nullable = true},
    {.key = "random_seed", .read = option_int, .min = 0, .max = NO_LIMIT, .nullable = true},
    {.key = "prediction", .read = option_map, .table = &prediction_options, .nullable = true},
    {.key = "response_format", .read = read_response_format},
    {.key = "tool_choice", .read = option_word, .words = choice_words},
    {.key = "reasoning_effort", .read = option_word, .words = effort_words, .nullable = true},
};

static const struct option_table completion_options = OPTION_TABLE(completion_rows);

static void
read_stop(struct reading *r, const struct option *row, const struct yaml_node *value, void *base)
{
	if (value->type == YAML_LIST)
		option_texts(r, row, value, base);
	else if (!yaml_is_null(value))
		option_is_text(r, row->key, value);
}

static void
read_response_format(
    struct reading *r, const struct option *row, const struct yaml_node *value, void *base)
{
	const struct yaml_node *type;

	(void)base;
	if (yaml_is_null(value) || !option_is_map(r, row->key, value))
		return;
	options_read(r, &format_options, value, NULL);
	type = yaml_get(value, "type");
	if (type != NULL && type->type == YAML_SCALAR && strcmp(type->text, "json_schema") == 0 &&
	    yaml_get(value, "json_schema") == NULL)
		problem_add(r, value,
		    _("A \"%s\" of type \"json_schema\" needs the schema under \"json_schema\"."),
		    row->key);
}

void
completion_args_read(
    struct reading *r, const struct option *row, const struct yaml_node *value, void *base)
{
	struct agent *agent = base;
	struct buf json = BUF_EMPTY;

	if (yaml_is_null(value) || !option_is_map(r, row->key, value))
		return;
	if (r->api != API_CHAT_COMPLETIONS)
		options_read(r, &completion_options, value, NULL);
	yaml_to_json(value, &json);
	free(agent->completion_args);
	agent->completion_args = buf_take(&json);
}

static const struct option guardrail_rows[] = {
    {.key = "block_on_error", .read = option_bool},
    {.key = "moderation_llm_v1", .read = option_any_map, .nullable = true},
    {.key = "moderation_llm_v2", .read = option_any_map, .nullable = true},
};

static const struct option_table guardrail_options = OPTION_TABLE(guardrail_rows);

void
guardrails_read(
    struct reading *r, const struct option *row, const struct yaml_node *value, void *base)
{
	struct agent *agent = base;
	struct buf json = BUF_EMPTY;

	if (yaml_is_null(value))
		return;
	if (value->type != YAML_LIST) {
		problem_add(r, value, _("\"%s\" must be a list of maps."), row->key);
		return;
	}
	for (size_t i = 0; i < value->items.len; i++)
		if (option_is_map(r, row->key, value->items.items[i]))
			options_read(r, &guardrail_options, value->items.items[i], NULL);
	yaml_to_json(value, &json);
	free(agent->guardrails);
	agent->guardrails = buf_take(&json);
}
