/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include "fake.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* One conversation. settings is the object that get answers with. */
struct kept {
	struct json_object *settings, *entries;
	long busy; /* answers 409 so many times more */
};

static struct kept **kept;
static size_t kept_count;

/* ---- checking what was sent ---- */

struct field {
	const char *name;
	const char *types; /* s string, b boolean, i integer, o object, a array, n null */
	const char *const *words;
	bool required;
};

static const char *const executions[] = {"client", "server", NULL};
static const char *const roles[] = {"user", "assistant", NULL};

static const struct field start_fields[] = {
    {"inputs", "sa", NULL, true},
    {"stream", "b", NULL, false},
    {"store", "bn", NULL, false},
    {"handoff_execution", "sn", executions, false},
    {"instructions", "sn", NULL, false},
    {"tools", "an", NULL, false},
    {"completion_args", "on", NULL, false},
    {"guardrails", "an", NULL, false},
    {"name", "sn", NULL, false},
    {"description", "sn", NULL, false},
    {"metadata", "on", NULL, false},
    {"agent_id", "sn", NULL, false},
    {"agent_version", "sin", NULL, false},
    {"model", "sn", NULL, false},
    {NULL, NULL, NULL, false},
};

static const struct field append_fields[] = {
    {"inputs", "sa", NULL, false},
    {"stream", "b", NULL, false},
    {"store", "b", NULL, false},
    {"handoff_execution", "s", executions, false},
    {"completion_args", "o", NULL, false},
    {"tool_confirmations", "an", NULL, false},
    {NULL, NULL, NULL, false},
};

static const struct field restart_fields[] = {
    {"inputs", "sa", NULL, false},
    {"stream", "b", NULL, false},
    {"store", "b", NULL, false},
    {"handoff_execution", "s", executions, false},
    {"completion_args", "o", NULL, false},
    {"guardrails", "an", NULL, false},
    {"metadata", "on", NULL, false},
    {"from_entry_id", "s", NULL, true},
    {"agent_version", "sin", NULL, false},
    {NULL, NULL, NULL, false},
};

static const char *const choices[] = {"auto", "none", "any", "required", NULL};
static const char *const efforts[] = {"none", "minimal", "low", "medium", "high", "xhigh", NULL};

static const struct field completion_fields[] = {
    {"stop", "san", NULL, false},
    {"presence_penalty", "din", NULL, false},
    {"frequency_penalty", "din", NULL, false},
    {"temperature", "din", NULL, false},
    {"top_p", "din", NULL, false},
    {"max_tokens", "in", NULL, false},
    {"random_seed", "in", NULL, false},
    {"prediction", "on", NULL, false},
    {"response_format", "on", NULL, false},
    {"tool_choice", "s", choices, false},
    {"reasoning_effort", "sn", efforts, false},
    {NULL, NULL, NULL, false},
};

static const struct field confirmation_fields[] = {
    {"tool_call_id", "s", NULL, true},
    {"confirmation", "s", (const char *const[]){"allow", "deny", NULL}, true},
    {NULL, NULL, NULL, false},
};

/* Of entries. An id is the server's to give; clients that send one were refused. */
#define ENTRY_FIELDS                                              \
	{"object", "s", NULL, false}, {"type", "s", NULL, false}, \
	    {"created_at", "sn", NULL, false},                    \
	{                                                         \
		"completed_at", "sn", NULL, false                 \
	}

static const struct field input_fields[] = {
    ENTRY_FIELDS,
    {"role", "s", roles, true},
    {"content", "sa", NULL, true},
    {"prefix", "b", NULL, false},
    {NULL, NULL, NULL, false},
};

static const struct field output_fields[] = {
    ENTRY_FIELDS,
    {"role", "s", (const char *const[]){"assistant", NULL}, false},
    {"content", "sa", NULL, true},
    {"agent_id", "sn", NULL, false},
    {"model", "sn", NULL, false},
    {NULL, NULL, NULL, false},
};

static const struct field call_fields[] = {
    ENTRY_FIELDS,
    {"tool_call_id", "s", NULL, true},
    {"name", "s", NULL, true},
    {"arguments", "so", NULL, true},
    {"agent_id", "sn", NULL, false},
    {"model", "sn", NULL, false},
    {"confirmation_status", "sn", NULL, false},
    {NULL, NULL, NULL, false},
};

static const struct field result_fields[] = {
    ENTRY_FIELDS,
    {"tool_call_id", "s", NULL, true},
    {"result", "s", NULL, true},
    {NULL, NULL, NULL, false},
};

static const struct field handoff_fields[] = {
    ENTRY_FIELDS,
    {"previous_agent_id", "s", NULL, true},
    {"previous_agent_name", "s", NULL, true},
    {"next_agent_id", "s", NULL, true},
    {"next_agent_name", "s", NULL, true},
    {NULL, NULL, NULL, false},
};

/* tool.execution is in the schema, but the live server refuses it as an input. */
static const struct entry_kind {
	const char *type;
	const struct field *fields;
} entry_kinds[] = {
    {"message.input", input_fields},
    {"message.output", output_fields},
    {"function.call", call_fields},
    {"function.result", result_fields},
    {"agent.handoff", handoff_fields},
};

/* tool_reference chunks are refused as inputs, too. */
static const char *const chunk_types[] = {
    "text", "image_url", "document_url", "thinking", "tool_file", NULL};
static const char *const tool_types[] = {"function", "web_search", "web_search_premium",
    "code_interpreter", "image_generation", "document_library", "connector", NULL};

/* A list of problems in the server's words; loc is the way to the field. */
struct check {
	struct json_object *detail;
	struct json_object *loc;
};

static void
complain(struct check *c, const char *field, const char *type, const char *msg,
    struct json_object *input)
{
	struct json_object *item = json_object_new_object(), *loc = NULL;

	json_object_deep_copy(c->loc, &loc, NULL);
	if (field != NULL)
		json_object_array_add(loc, js_new(field));
	js_set(item, "type", type);
	json_object_object_add(item, "loc", loc);
	js_set(item, "msg", msg);
	json_object_object_add(item, "input", json_object_get(input));
	json_object_array_add(c->detail, item);
}

static void
enter(struct check *c, struct json_object *step)
{
	json_object_array_add(c->loc, step);
}

static void
leave(struct check *c)
{
	json_object_array_del_idx(c->loc, json_object_array_length(c->loc) - 1, 1);
}

static bool
has_type(struct json_object *value, const char *types)
{
	static const struct {
		char letter;
		enum json_type type;
	} map[] = {
	    {'s', json_type_string},
	    {'b', json_type_boolean},
	    {'i', json_type_int},
	    {'d', json_type_double},
	    {'o', json_type_object},
	    {'a', json_type_array},
	    {'n', json_type_null},
	};

	for (size_t i = 0; i < sizeof(map) / sizeof(map[0]); i++)
		if (strchr(types, map[i].letter) != NULL && json_object_is_type(value, map[i].type))
			return true;
	return false;
}

static bool
has_word(const char *word, const char *const *words)
{
	for (; *words != NULL; words++)
		if (strcmp(*words, word) == 0)
			return true;
	return false;
}

static const struct field *
find_field(const struct field *fields, const char *name)
{
	for (; fields->name != NULL; fields++)
		if (strcmp(fields->name, name) == 0)
			return fields;
	return NULL;
}

static void
check_fields(struct check *c, struct json_object *object, const struct field *fields)
{
	struct json_object *value;

	json_object_object_foreach(object, key, member)
	{
		const struct field *f = find_field(fields, key);

		if (f == NULL)
			complain(
			    c, key, "extra_forbidden", "Extra inputs are not permitted", member);
		else if (!has_type(member, f->types))
			complain(c, key, "type_error", "Input should be of another type", member);
		else if (f->words != NULL && json_object_is_type(member, json_type_string) &&
			 !has_word(json_object_get_string(member), f->words))
			complain(c, key, "literal_error",
			    "Input should be one of the allowed words", member);
	}
	for (; fields->name != NULL; fields++)
		if (fields->required && !json_object_object_get_ex(object, fields->name, &value))
			complain(c, fields->name, "missing", "Field required", object);
}

static void
check_content(struct check *c, struct json_object *content)
{
	if (!json_object_is_type(content, json_type_array))
		return;
	enter(c, js_new("content"));
	for (size_t i = 0; i < json_object_array_length(content); i++) {
		struct json_object *chunk = json_object_array_get_idx(content, i);
		const char *type = js_str(chunk, "type");

		enter(c, json_object_new_int((int)i));
		if (type == NULL || !has_word(type, chunk_types))
			complain(c, NULL, "union_tag_invalid",
			    "Input tag is none of the expected tags", chunk);
		else if (strcmp(type, "text") == 0 && js_str(chunk, "text") == NULL)
			complain(c, "text", "missing", "Field required", chunk);
		leave(c);
	}
	leave(c);
}

static void
check_entry(struct check *c, struct json_object *entry)
{
	const char *type = js_str(entry, "type");
	struct json_object *content;

	if (!json_object_is_type(entry, json_type_object)) {
		complain(c, NULL, "model_attributes_type", "Input should be an object", entry);
		return;
	}
	for (size_t i = 0; i < sizeof(entry_kinds) / sizeof(entry_kinds[0]); i++) {
		if (strcmp(type != NULL ? type : "message.input", entry_kinds[i].type) != 0)
			continue;
		check_fields(c, entry, entry_kinds[i].fields);
		if (json_object_object_get_ex(entry, "content", &content))
			check_content(c, content);
		return;
	}
	complain(c, "type", "union_tag_invalid", "Input tag is none of the expected tags", entry);
}

static void
check_inputs(struct check *c, struct json_object *inputs)
{
	if (!json_object_is_type(inputs, json_type_array))
		return;
	enter(c, js_new("inputs"));
	if (json_object_array_length(inputs) == 0)
		complain(c, NULL, "too_short", "List should have at least 1 item", inputs);
	for (size_t i = 0; i < json_object_array_length(inputs); i++) {
		enter(c, json_object_new_int((int)i));
		check_entry(c, json_object_array_get_idx(inputs, i));
		leave(c);
	}
	leave(c);
}

static void
check_tools(struct check *c, struct json_object *tools)
{
	if (!json_object_is_type(tools, json_type_array))
		return;
	enter(c, js_new("tools"));
	for (size_t i = 0; i < json_object_array_length(tools); i++) {
		struct json_object *tool = json_object_array_get_idx(tools, i), *function = NULL;
		const char *type = js_str(tool, "type");

		enter(c, json_object_new_int((int)i));
		if (type == NULL || !has_word(type, tool_types))
			complain(c, NULL, "union_tag_invalid",
			    "Input tag is none of the expected tags", tool);
		else if (strcmp(type, "function") == 0 &&
			 (!json_object_object_get_ex(tool, "function", &function) ||
			     js_str(function, "name") == NULL))
			complain(c, "function", "missing", "Field required", tool);
		leave(c);
	}
	leave(c);
}

static void
check_confirmations(struct check *c, struct json_object *list)
{
	if (!json_object_is_type(list, json_type_array))
		return;
	enter(c, js_new("tool_confirmations"));
	for (size_t i = 0; i < json_object_array_length(list); i++) {
		struct json_object *item = json_object_array_get_idx(list, i);

		enter(c, json_object_new_int((int)i));
		if (json_object_is_type(item, json_type_object))
			check_fields(c, item, confirmation_fields);
		else
			complain(
			    c, NULL, "model_attributes_type", "Input should be an object", item);
		leave(c);
	}
	leave(c);
}

static void
check_completion(struct check *c, struct json_object *args)
{
	static const struct {
		const char *name;
		double min, max;
	} ranges[] = {
	    {"temperature", 0, 1},
	    {"top_p", 0, 1},
	    {"presence_penalty", -2, 2},
	    {"frequency_penalty", -2, 2},
	};
	struct json_object *value;

	if (!json_object_is_type(args, json_type_object))
		return;
	enter(c, js_new("completion_args"));
	check_fields(c, args, completion_fields);
	for (size_t i = 0; i < sizeof(ranges) / sizeof(ranges[0]); i++)
		if (json_object_object_get_ex(args, ranges[i].name, &value) && value != NULL &&
		    (json_object_get_double(value) < ranges[i].min ||
			json_object_get_double(value) > ranges[i].max))
			complain(
			    c, ranges[i].name, "less_than_equal", "Input is out of range", value);
	leave(c);
}

static struct json_object *
member(struct json_object *object, const char *key)
{
	struct json_object *value = NULL;

	json_object_object_get_ex(object, key, &value);
	return value;
}

/* 422 in the shape of the live server; takes detail. */
static void
reply_invalid(struct reply *r, struct json_object *detail)
{
	struct json_object *body = json_object_new_object();

	js_set(body, "object", "Error");
	json_object_object_add(body, "detail", detail);
	json_object_object_add(body, "message", json_object_get(detail));
	js_set(body, "type", "invalid_request_error");
	json_object_object_add(body, "code", json_object_new_int(3001));
	reply_json(r, 422, body);
}

static bool
check_body(const struct request *q, struct reply *r, const struct field *fields)
{
	struct check c = {json_object_new_array(), json_object_new_array()};
	bool good;

	enter(&c, js_new("body"));
	if (!json_object_is_type(q->body, json_type_object)) {
		complain(&c, NULL, "model_attributes_type", "Input should be an object", q->body);
	} else {
		check_fields(&c, q->body, fields);
		check_inputs(&c, member(q->body, "inputs"));
		check_tools(&c, member(q->body, "tools"));
		check_completion(&c, member(q->body, "completion_args"));
		check_confirmations(&c, member(q->body, "tool_confirmations"));
		if (fields == start_fields &&
		    (js_str(q->body, "model") == NULL) == (js_str(q->body, "agent_id") == NULL))
			complain(&c, NULL, "value_error",
			    "Value error, exactly one of model and agent_id must be provided",
			    q->body);
	}
	good = json_object_array_length(c.detail) == 0;
	if (!good)
		reply_invalid(r, json_object_get(c.detail));
	json_object_put(c.detail);
	json_object_put(c.loc);
	return good;
}

/* ---- agents and models ---- */

static const char *const agent_names[] = {"finance-agent", "graph-agent", "support", "poet"};
static const char *const model_names[] = {"mistral-large-latest", "mistral-medium-latest",
    "mistral-small-latest", "magistral-medium-latest", "codestral-latest", "mistral-embed"};

#define AGENT_NAMES (sizeof(agent_names) / sizeof(agent_names[0]))
#define MODEL_NAMES (sizeof(model_names) / sizeof(model_names[0]))
#define PRESET_TIME "2026-09-01T08:00:00.000000Z"

static struct json_object *
make_agent(long number)
{
	struct json_object *agent = json_object_new_object(), *versions = json_object_new_array();
	char id[64], name[64];

	snprintf(id, sizeof(id), "ag_019a00000000700080000000000000%02lx", 0x10 + number);
	if ((size_t)number < AGENT_NAMES)
		snprintf(name, sizeof(name), "%s", agent_names[number]);
	else
		snprintf(name, sizeof(name), "agent-%ld", number);
	js_set(agent, "object", "agent");
	js_set(agent, "id", id);
	js_set(agent, "name", name);
	js_set(agent, "description", "An agent of the test server");
	js_set(agent, "model", "mistral-medium-latest");
	js_set(agent, "instructions", "Be brief.");
	json_object_object_add(agent, "tools", json_object_new_array());
	json_object_object_add(agent, "completion_args", json_object_new_object());
	json_object_object_add(agent, "handoffs", NULL);
	json_object_object_add(agent, "metadata", NULL);
	json_object_object_add(agent, "version", json_object_new_int(1));
	json_object_array_add(versions, json_object_new_int(0));
	json_object_array_add(versions, json_object_new_int(1));
	json_object_object_add(agent, "versions", versions);
	js_set(agent, "created_at", PRESET_TIME);
	js_set(agent, "updated_at", PRESET_TIME);
	json_object_object_add(agent, "deployment_chat", json_object_new_boolean(0));
	js_set(agent, "source", "api");
	return agent;
}

/* The agent with an id, or NULL; yours. */
static struct json_object *
find_agent(const char *id)
{
	for (long i = 0; i < options.agents; i++) {
		struct json_object *agent = make_agent(i);

		if (strcmp(js_str(agent, "id"), id) == 0)
			return agent;
		json_object_put(agent);
	}
	return NULL;
}

/* An integer parameter; false and a 422 if it is out of range. */
static bool
get_number(
    const struct request *q, struct reply *r, const char *name, long min, long max, long *value)
{
	char *text = request_query(q, name), *end;
	bool good = true;

	if (text == NULL)
		return true;
	errno = 0;
	*value = strtol(text, &end, 10);
	if (end == text || *end != '\0' || errno != 0 || *value < min || *value > max) {
		struct check c = {json_object_new_array(), json_object_new_array()};

		enter(&c, js_new("query"));
		complain(&c, name, "int_parsing", "Input should be an integer in its range", NULL);
		reply_invalid(r, c.detail);
		json_object_put(c.loc);
		good = false;
	}
	free(text);
	return good;
}

static void
serve_agent_pages(const struct request *q, struct reply *r)
{
	struct json_object *body = json_object_new_object(), *data = json_object_new_array();
	char *token = request_query(q, "page_token");
	long size = 20, from = 0, last;
	char next[32] = "";

	if (!get_number(q, r, "page_size", 1, 1000, &size)) {
		json_object_put(body);
		json_object_put(data);
		free(token);
		return;
	}
	if (token != NULL && (sscanf(token, "after-%ld", &from) != 1 || from < 0))
		from = options.agents;
	last = from + size < options.agents ? from + size : options.agents;
	for (long i = from; i < last; i++)
		json_object_array_add(data, make_agent(i));
	if (last < options.agents)
		snprintf(next, sizeof(next), "after-%ld", last);
	js_set(body, "object", "list");
	json_object_object_add(body, "data", data);
	js_set(body, "next_page_token", next[0] != '\0' ? next : NULL);
	reply_json(r, 200, body);
	free(token);
}

static void
serve_agent(const char *id, struct reply *r)
{
	struct json_object *agent = find_agent(id);

	if (agent != NULL)
		reply_json(r, 200, agent);
	else
		reply_error(r, 404, 3000, "Agent with id %s not found", id);
}

static struct json_object *
make_model(const char *name)
{
	static const char *const abilities[] = {"completion_chat", "function_calling", "reasoning",
	    "completion_fim", "fine_tuning", "vision", "ocr", "classification", "moderation",
	    "audio"};
	struct json_object *card = json_object_new_object(), *can = json_object_new_object();
	bool chat = strcmp(name, "mistral-embed") != 0;

	js_set(card, "id", name);
	js_set(card, "object", "model");
	json_object_object_add(card, "created", json_object_new_int(1758000000));
	js_set(card, "owned_by", "mistralai");
	for (size_t i = 0; i < sizeof(abilities) / sizeof(abilities[0]); i++)
		json_object_object_add(can, abilities[i], json_object_new_boolean(chat && i < 2));
	json_object_object_add(card, "capabilities", can);
	js_set(card, "name", name);
	js_set(card, "description", "A model of the test server");
	json_object_object_add(card, "max_context_length", json_object_new_int(131072));
	json_object_object_add(card, "aliases", json_object_new_array());
	json_object_object_add(card, "deprecation", NULL);
	js_set(card, "type", "base");
	return card;
}

static void
serve_models(struct reply *r)
{
	struct json_object *body = json_object_new_object(), *data = json_object_new_array();

	for (size_t i = 0; i < MODEL_NAMES; i++)
		json_object_array_add(data, make_model(model_names[i]));
	js_set(body, "object", "list");
	json_object_object_add(body, "data", data);
	reply_json(r, 200, body);
}

static void
serve_model(const char *id, struct reply *r)
{
	for (size_t i = 0; i < MODEL_NAMES; i++) {
		if (strcmp(model_names[i], id) == 0) {
			reply_json(r, 200, make_model(id));
			return;
		}
	}
	reply_error(r, 404, 3000, "Model %s not found", id);
}

/* ---- conversations ---- */

static struct kept *
find_kept(const char *id)
{
	for (size_t i = 0; i < kept_count; i++)
		if (strcmp(js_str(kept[i]->settings, "id"), id) == 0)
			return kept[i];
	return NULL;
}

static void
free_kept(struct kept *k)
{
	json_object_put(k->settings);
	json_object_put(k->entries);
	free(k);
}

static void
keep(struct kept *k)
{
	kept = realloc(kept, (kept_count + 1) * sizeof(struct kept *));
	if (kept == NULL)
		die("out of memory");
	kept[kept_count++] = k;
}

static void
forget_kept(struct kept *k)
{
	for (size_t i = 0; i < kept_count; i++) {
		if (kept[i] != k)
			continue;
		memmove(kept + i, kept + i + 1, (kept_count - i - 1) * sizeof(struct kept *));
		kept_count--;
		free_kept(k);
		return;
	}
}

static struct kept *
new_kept(void)
{
	struct kept *k = calloc(1, sizeof(*k));
	char id[64], now[32];

	if (k == NULL)
		die("out of memory");
	k->settings = json_object_new_object();
	k->entries = json_object_new_array();
	make_id("conv_", id);
	make_time(now);
	js_set(k->settings, "object", "conversation");
	js_set(k->settings, "id", id);
	js_set(k->settings, "created_at", now);
	js_set(k->settings, "updated_at", now);
	return k;
}

static void
copy_member(struct json_object *to, struct json_object *from, const char *key)
{
	json_object_object_add(to, key, json_object_get(member(from, key)));
}

/* All keys are there in the live answer, those not set with null. */
static struct json_object *
full_completion_args(struct json_object *given)
{
	struct json_object *args = json_object_new_object();

	for (const struct field *f = completion_fields; f->name != NULL; f++)
		json_object_object_add(args, f->name, json_object_get(member(given, f->name)));
	return args;
}

static struct kept *
start_kept(struct json_object *body)
{
	struct kept *k = new_kept();

	copy_member(k->settings, body, "name");
	copy_member(k->settings, body, "description");
	copy_member(k->settings, body, "metadata");
	if (js_str(body, "agent_id") != NULL) {
		copy_member(k->settings, body, "agent_id");
		copy_member(k->settings, body, "agent_version");
		return k;
	}
	copy_member(k->settings, body, "model");
	copy_member(k->settings, body, "instructions");
	json_object_object_add(k->settings, "tools",
	    member(body, "tools") != NULL ? json_object_get(member(body, "tools"))
					  : json_object_new_array());
	json_object_object_add(
	    k->settings, "completion_args", full_completion_args(member(body, "completion_args")));
	copy_member(k->settings, body, "guardrails");
	return k;
}

/* The keys every entry has, in the live order. */
static struct json_object *
make_entry(const char *type, const char *prefix, bool completed)
{
	struct json_object *entry = json_object_new_object();
	char id[64], now[32];

	make_id(prefix, id);
	make_time(now);
	js_set(entry, "object", "entry");
	js_set(entry, "type", type);
	js_set(entry, "created_at", now);
	js_set(entry, "completed_at", completed ? now : NULL);
	js_set(entry, "id", id);
	return entry;
}

/* What was sent as an entry, with the keys the server gives. */
static struct json_object *
adopt_entry(struct json_object *sent)
{
	const char *type = js_str(sent, "type");
	struct json_object *entry;

	if (type == NULL)
		type = "message.input";
	entry = make_entry(type, strncmp(type, "message", 7) == 0 ? "msg_" : "fr_", false);
	json_object_object_foreach(sent, key, value)
	{
		if (member(entry, key) == NULL)
			json_object_object_add(entry, key, json_object_get(value));
	}
	if (strcmp(type, "message.input") == 0 && member(entry, "prefix") == NULL)
		json_object_object_add(entry, "prefix", json_object_new_boolean(0));
	return entry;
}

static void
add_inputs(struct json_object *entries, struct json_object *inputs)
{
	if (json_object_is_type(inputs, json_type_string)) {
		struct json_object *entry = make_entry("message.input", "msg_", false);

		js_set(entry, "role", "user");
		json_object_object_add(entry, "content", json_object_get(inputs));
		json_object_object_add(entry, "prefix", json_object_new_boolean(0));
		json_object_array_add(entries, entry);
		return;
	}
	if (inputs == NULL)
		return;
	for (size_t i = 0; i < json_object_array_length(inputs); i++)
		json_object_array_add(entries, adopt_entry(json_object_array_get_idx(inputs, i)));
}

/* The text of a message, its chunks joined. */
static void
add_content(struct text *out, struct json_object *content)
{
	text_add(out, "", 0);
	if (json_object_is_type(content, json_type_string)) {
		text_puts(out, json_object_get_string(content));
		return;
	}
	for (size_t i = 0; content != NULL && i < json_object_array_length(content); i++) {
		struct json_object *chunk = json_object_array_get_idx(content, i);
		const char *type = js_str(chunk, "type"), *text = js_str(chunk, "text");

		if (text != NULL)
			text_puts(out, text);
		else if (type != NULL)
			text_printf(out, "[%s]", type);
	}
}

static char *
describe_entries(struct json_object *entries)
{
	struct text out = {0};

	text_add(&out, "", 0);
	for (size_t i = 0; i < json_object_array_length(entries); i++) {
		struct json_object *entry = json_object_array_get_idx(entries, i);
		const char *role = js_str(entry, "role");

		text_printf(&out, "- %s: ", role != NULL ? role : js_str(entry, "type"));
		add_content(&out, member(entry, "content"));
		text_puts(&out, "\n");
	}
	return out.data;
}

/* The calls among entries that no result follows, as the server lists them; "" if none. */
static char *
find_open_calls(struct json_object *entries)
{
	struct text list = {0};
	size_t count = json_object_array_length(entries);

	text_add(&list, "", 0);
	for (size_t i = 0; i < count; i++) {
		struct json_object *call = json_object_array_get_idx(entries, i);
		bool answered = false;

		if (strcmp(js_str(call, "type"), "function.call") != 0 ||
		    js_str(call, "confirmation_status") != NULL)
			continue;
		for (size_t j = i + 1; j < count && !answered; j++) {
			struct json_object *e = json_object_array_get_idx(entries, j);

			answered =
			    strcmp(js_str(e, "type"), "function.result") == 0 &&
			    strcmp(js_str(e, "tool_call_id"), js_str(call, "tool_call_id")) == 0;
		}
		if (!answered)
			text_printf(&list, "%s'%s'", list.len > 0 ? ", " : "",
			    js_str(call, "tool_call_id"));
	}
	return list.data;
}

static struct json_object *
find_call(struct json_object *entries, const char *tool_call_id)
{
	for (size_t i = json_object_array_length(entries); i-- > 0;) {
		struct json_object *e = json_object_array_get_idx(entries, i);

		if (strcmp(js_str(e, "type"), "function.call") == 0 &&
		    strcmp(js_str(e, "tool_call_id"), tool_call_id) == 0)
			return e;
	}
	return NULL;
}

/* ---- an answer as events and as entries ---- */

struct rendering {
	struct reply *reply;
	struct json_object *outputs;
	const struct answer *answer;
	char *model, *agent_id;
	struct json_object *message; /* the message.output being written, or NULL */
	struct json_object *content; /* its chunks */
	int index;		     /* content_index */
	long words;
	bool connectors;
	bool failed;
};

static struct json_object *
make_event(struct rendering *d, const char *type, const char *id)
{
	struct json_object *event = json_object_new_object();
	char now[32];

	make_time(now);
	js_set(event, "type", type);
	js_set(event, "created_at", now);
	if (id != NULL) {
		json_object_object_add(event, "output_index",
		    json_object_new_int((int)json_object_array_length(d->outputs) - 1));
		js_set(event, "id", id);
	}
	return event;
}

static void
send_event(struct rendering *d, struct json_object *event)
{
	char *name = copy(js_str(event, "type"));

	reply_event(d->reply, name, event);
	free(name);
}

/* A live answer leaves out what is null. */
static void
set_speaker(struct rendering *d, struct json_object *object)
{
	if (d->agent_id != NULL)
		js_set(object, "agent_id", d->agent_id);
	if (d->model != NULL)
		js_set(object, "model", d->model);
}

static void
end_message(struct rendering *d)
{
	struct json_object *only;

	if (d->message == NULL)
		return;
	only = json_object_array_get_idx(d->content, 0);
	if (json_object_array_length(d->content) == 1 && js_str(only, "text") != NULL)
		json_object_object_add(d->message, "content", js_new(js_str(only, "text")));
	else
		json_object_object_add(d->message, "content", json_object_get(d->content));
	json_object_put(d->content);
	d->message = NULL;
	d->content = NULL;
}

static void
begin_message(struct rendering *d)
{
	if (d->message != NULL)
		return;
	d->message = make_entry("message.output", "msg_", true);
	d->content = json_object_new_array();
	d->index = -1;
	set_speaker(d, d->message);
	js_set(d->message, "role", "assistant");
	json_object_array_add(d->outputs, d->message);
}

/* content is taken. */
static void
send_delta(struct rendering *d, struct json_object *content)
{
	struct json_object *event = make_event(d, "message.output.delta", js_str(d->message, "id"));

	json_object_object_add(event, "content_index", json_object_new_int(d->index));
	set_speaker(d, event);
	js_set(event, "role", "assistant");
	json_object_object_add(event, "content", content);
	send_event(d, event);
}

/* The chunk being written to, if it is of the type; else a new one. */
static struct json_object *
open_chunk(struct rendering *d, const char *type)
{
	size_t count;
	struct json_object *chunk;

	begin_message(d);
	count = json_object_array_length(d->content);
	chunk = count > 0 ? json_object_array_get_idx(d->content, count - 1) : NULL;
	if (chunk != NULL && strcmp(js_str(chunk, "type"), type) == 0)
		return chunk;
	chunk = json_object_new_object();
	js_set(chunk, "type", type);
	json_object_array_add(d->content, chunk);
	d->index++;
	return chunk;
}

static void
render_text(struct rendering *d, const struct part *part)
{
	struct json_object *chunk = open_chunk(d, "text");
	struct text whole = {0};
	size_t n;

	text_puts(&whole, js_str(chunk, "text") != NULL ? js_str(chunk, "text") : "");
	text_puts(&whole, part->text);
	js_set(chunk, "text", whole.data);
	text_done(&whole);
	for (const char *at = part->text; *at != '\0'; at += n) {
		n = answer_piece(d->answer, at);
		send_delta(d, json_object_new_string_len(at, (int)n));
	}
	d->words += count_words(part->text);
}

static struct json_object *
make_thinking(const char *text, size_t len)
{
	struct json_object *chunk = json_object_new_object(), *list = json_object_new_array();
	struct json_object *inner = json_object_new_object();

	js_set(inner, "type", "text");
	json_object_object_add(inner, "text", json_object_new_string_len(text, (int)len));
	json_object_array_add(list, inner);
	js_set(chunk, "type", "thinking");
	json_object_object_add(chunk, "thinking", list);
	json_object_object_add(chunk, "closed", json_object_new_boolean(1));
	return chunk;
}

static void
render_think(struct rendering *d, const struct part *part)
{
	size_t n;

	begin_message(d);
	d->index++;
	json_object_array_add(d->content, make_thinking(part->text, strlen(part->text)));
	for (const char *at = part->text; *at != '\0'; at += n) {
		n = answer_piece(d->answer, at);
		send_delta(d, make_thinking(at, n));
	}
	d->words += count_words(part->text);
}

static void
render_chunk(struct rendering *d, const struct part *part)
{
	begin_message(d);
	d->index++;
	json_object_array_add(d->content, json_object_get(part->json));
	send_delta(d, json_object_get(part->json));
}

static void
render_tool(struct rendering *d, const struct part *part)
{
	struct json_object *entry = make_entry("tool.execution", "tool_exec_", true), *event;
	const char *id = js_str(entry, "id");

	end_message(d);
	js_set(entry, "name", part->name);
	js_set(entry, "arguments", part->text);
	js_set(entry, "function", part->name);
	json_object_object_add(entry, "info", json_object_get(part->json));
	set_speaker(d, entry);
	json_object_array_add(d->outputs, entry);
	d->connectors = true;
	event = make_event(d, "tool.execution.started", id);
	set_speaker(d, event);
	js_set(event, "name", part->name);
	js_set(event, "arguments", "");
	js_set(event, "function", part->name);
	send_event(d, event);
	event = make_event(d, "tool.execution.delta", id);
	js_set(event, "name", part->name);
	js_set(event, "arguments", part->text);
	js_set(event, "function", part->name);
	send_event(d, event);
	event = make_event(d, "tool.execution.done", id);
	js_set(event, "name", part->name);
	js_set(event, "function", part->name);
	json_object_object_add(event, "info", json_object_get(part->json));
	send_event(d, event);
}

/* Nine letters and digits, as Mistral's models make them. */
static void
make_call_id(char id[16])
{
	char whole[64];

	make_id("", whole);
	snprintf(id, 16, "%.9s", whole + strlen(whole) - 9);
}

static void
send_call_piece(struct rendering *d, struct json_object *entry, const char *text, size_t len)
{
	struct json_object *event = make_event(d, "function.call.delta", js_str(entry, "id"));

	set_speaker(d, event);
	js_set(event, "name", js_str(entry, "name"));
	js_set(event, "tool_call_id", js_str(entry, "tool_call_id"));
	json_object_object_add(event, "arguments", json_object_new_string_len(text, (int)len));
	if (js_str(entry, "confirmation_status") != NULL)
		js_set(event, "confirmation_status", js_str(entry, "confirmation_status"));
	send_event(d, event);
}

static void
render_call(struct rendering *d, const struct part *part)
{
	struct json_object *entry = make_entry("function.call", "fc_", true);
	size_t half = strlen(part->text) / 2;
	char id[16];

	end_message(d);
	make_call_id(id);
	js_set(entry, "tool_call_id", id);
	js_set(entry, "name", part->name);
	js_set(entry, "arguments", part->text);
	set_speaker(d, entry);
	if (part->pending)
		js_set(entry, "confirmation_status", "pending");
	json_object_array_add(d->outputs, entry);
	while (((unsigned char)part->text[half] & 0xc0) == 0x80)
		half++;
	send_call_piece(d, entry, part->text, half);
	send_call_piece(d, entry, part->text + half, strlen(part->text) - half);
}

static void
render_handoff(struct rendering *d, const struct part *part)
{
	struct json_object *entry = make_entry("agent.handoff", "handoff_", true), *event;
	struct json_object *from = make_agent(0), *to = make_agent(1);
	const char *id = js_str(entry, "id");

	(void)part;
	end_message(d);
	js_set(entry, "previous_agent_id", js_str(from, "id"));
	js_set(entry, "previous_agent_name", js_str(from, "name"));
	js_set(entry, "next_agent_id", js_str(to, "id"));
	js_set(entry, "next_agent_name", js_str(to, "name"));
	json_object_array_add(d->outputs, entry);
	event = make_event(d, "agent.handoff.started", id);
	js_set(event, "previous_agent_id", js_str(from, "id"));
	js_set(event, "previous_agent_name", js_str(from, "name"));
	send_event(d, event);
	event = make_event(d, "agent.handoff.done", id);
	js_set(event, "next_agent_id", js_str(to, "id"));
	js_set(event, "next_agent_name", js_str(to, "name"));
	send_event(d, event);
	free(d->agent_id);
	d->agent_id = copy(js_str(to, "id"));
	json_object_put(from);
	json_object_put(to);
}

static void
render_event(struct rendering *d, const struct part *part)
{
	send_event(d, json_object_get(part->json));
}

static void
render_entry(struct rendering *d, const struct part *part)
{
	struct json_object *entry = make_entry(js_str(part->json, "type"), "mood_", true), *event;

	end_message(d);
	js_set(entry, "mood", js_str(part->json, "mood"));
	json_object_array_add(d->outputs, entry);
	event = make_event(d, "mood.swing.started", js_str(entry, "id"));
	js_set(event, "mood", js_str(part->json, "mood"));
	send_event(d, event);
}

static void
render_error(struct rendering *d, const struct part *part)
{
	struct json_object *event = make_event(d, "conversation.response.error", NULL);

	js_set(event, "message", part->text);
	json_object_object_add(event, "code", json_object_new_int(3000));
	send_event(d, event);
	d->failed = true;
}

static void (*const renderers[])(struct rendering *, const struct part *) = {
    [PART_TEXT] = render_text,
    [PART_THINK] = render_think,
    [PART_CHUNK] = render_chunk,
    [PART_TOOL] = render_tool,
    [PART_CALL] = render_call,
    [PART_HANDOFF] = render_handoff,
    [PART_EVENT] = render_event,
    [PART_ENTRY] = render_entry,
    [PART_ERROR] = render_error,
};

static struct json_object *
make_usage(const struct rendering *d, long prompt_words)
{
	struct json_object *usage = json_object_new_object(), *connectors;

	json_object_object_add(usage, "prompt_tokens", json_object_new_int64(prompt_words));
	json_object_object_add(usage, "completion_tokens", json_object_new_int64(d->words));
	json_object_object_add(
	    usage, "total_tokens", json_object_new_int64(prompt_words + d->words));
	if (d->connectors) {
		connectors = json_object_new_object();
		json_object_object_add(connectors, "web_search", json_object_new_int(1));
		json_object_object_add(usage, "connector_tokens", json_object_new_int(5));
		json_object_object_add(usage, "connectors", connectors);
	}
	return usage;
}

/* The answer of the three POSTs; outputs are added to what is kept, but for !forget. */
static void
render(
    struct kept *k, const struct answer *answer, const char *context, bool stream, struct reply *r)
{
	struct rendering d = {
	    .reply = r, .outputs = json_object_new_array(), .answer = answer, .index = -1};
	struct json_object *event, *usage, *agent, *plain = json_object_new_object();

	d.agent_id = copy(js_str(k->settings, "agent_id"));
	agent = d.agent_id != NULL ? find_agent(d.agent_id) : NULL;
	d.model = copy(agent != NULL ? js_str(agent, "model") : js_str(k->settings, "model"));
	json_object_put(agent);
	event = make_event(&d, "conversation.response.started", NULL);
	js_set(event, "conversation_id", js_str(k->settings, "id"));
	send_event(&d, event);
	for (size_t i = 0; i < answer->count && !d.failed; i++)
		renderers[answer->parts[i].type](&d, &answer->parts[i]);
	end_message(&d);
	usage = make_usage(&d, count_words(context));
	if (!d.failed) {
		event = make_event(&d, "conversation.response.done", NULL);
		json_object_object_add(event, "usage", json_object_get(usage));
		send_event(&d, event);
	}
	for (size_t i = 0; i < json_object_array_length(d.outputs) && r->script.forget == OFF; i++)
		json_object_array_add(
		    k->entries, json_object_get(json_object_array_get_idx(d.outputs, i)));
	js_set(plain, "object", "conversation.response");
	js_set(plain, "conversation_id", js_str(k->settings, "id"));
	json_object_object_add(plain, "outputs", d.outputs);
	json_object_object_add(plain, "usage", usage);
	json_object_object_add(plain, "guardrails", NULL);
	r->plain = plain;
	r->stream = stream;
	if (d.failed && !stream)
		reply_error(r, 500, 3000, "Response failed during handoff orchestration");
	free(d.model);
	free(d.agent_id);
}

/* ---- the operations ---- */

/* The last thing a user said among entries[from..]; NULL if that is no message. */
static char *
find_prompt(struct json_object *entries, size_t from)
{
	for (size_t i = json_object_array_length(entries); i-- > from;) {
		struct json_object *e = json_object_array_get_idx(entries, i);
		struct text text = {0};

		if (strcmp(js_str(e, "type"), "message.input") != 0)
			continue;
		add_content(&text, member(e, "content"));
		return text.data;
	}
	return NULL;
}

static void
answer_results(struct answer *a, struct json_object *entries, size_t from)
{
	for (size_t i = from; i < json_object_array_length(entries); i++) {
		struct json_object *e = json_object_array_get_idx(entries, i), *call;
		struct text text = {0};

		if (strcmp(js_str(e, "type"), "function.result") != 0)
			continue;
		call = find_call(entries, js_str(e, "tool_call_id"));
		text_printf(&text, "The result of %s is: %s ",
		    call != NULL ? js_str(call, "name") : "an unknown call", js_str(e, "result"));
		answer_add(a, PART_TEXT, NULL, text.data);
		text_done(&text);
	}
}

static void
answer_confirmations(struct answer *a, struct kept *k, struct json_object *list)
{
	for (size_t i = 0; list != NULL && i < json_object_array_length(list); i++) {
		struct json_object *item = json_object_array_get_idx(list, i);
		struct json_object *call = find_call(k->entries, js_str(item, "tool_call_id"));
		bool allowed = strcmp(js_str(item, "confirmation"), "allow") == 0;
		struct text text = {0};

		if (call == NULL)
			continue;
		js_set(call, "confirmation_status", allowed ? "allowed" : "denied");
		if (allowed)
			answer_add(a, PART_TOOL, js_str(call, "name"), js_str(call, "arguments"))
			    ->json = json_object_new_object();
		text_printf(
		    &text, "%s was %s. ", js_str(call, "name"), allowed ? "allowed" : "denied");
		answer_add(a, PART_TEXT, NULL, text.data);
		text_done(&text);
	}
}

/* What came in at from is answered. The script was read from it before. */
static void
converse(struct kept *k, size_t from, const struct request *q, struct reply *r)
{
	struct json_object *stream = member(q->body, "stream");
	char *context = describe_entries(k->entries);
	struct answer answer;
	char now[32];

	answer_init(&answer);
	answer_confirmations(&answer, k, member(q->body, "tool_confirmations"));
	answer_results(&answer, k->entries, from);
	if (answer.count == 0 || r->script.text[0] != '\0' || r->script.call_count > 0)
		answer_script(&answer, &r->script, context);
	render(k, &answer, context, json_object_get_boolean(stream), r);
	make_time(now);
	js_set(k->settings, "updated_at", now);
	if (r->script.busy != OFF)
		k->busy = r->script.busy;
	answer_done(&answer);
	free(context);
}

static bool
wants_store(struct json_object *body)
{
	struct json_object *store = member(body, "store");

	return store == NULL || json_object_get_boolean(store);
}

static void
serve_start(const struct request *q, struct reply *r)
{
	const char *model, *agent_id;
	struct json_object *agent;
	struct kept *k;

	if (!check_body(q, r, start_fields))
		return;
	model = js_str(q->body, "model");
	agent_id = js_str(q->body, "agent_id");
	if (model != NULL && strcmp(model, "mistral-retired") == 0) {
		reply_error(r, 400, 3003, "Model %s is currently not in use", model);
		return;
	}
	agent = agent_id != NULL ? find_agent(agent_id) : NULL;
	if (agent_id != NULL && agent == NULL) {
		reply_error(r, 404, 3000, "Agent with id %s not found", agent_id);
		return;
	}
	json_object_put(agent);
	k = start_kept(q->body);
	add_inputs(k->entries, member(q->body, "inputs"));
	converse(k, 0, q, r);
	if (wants_store(q->body))
		keep(k);
	else
		free_kept(k);
}

/* Whether the new entries, from from on, may follow; else an error. */
static bool
may_follow(struct json_object *entries, size_t from, struct reply *r)
{
	char *open = find_open_calls(entries);
	bool good = open[0] == '\0';

	if (!good)
		reply_error(r, 400, 3001,
		    "Cannot append other inputs while function results are still missing. Provide "
		    "function results first for: [%s]",
		    open);
	free(open);
	for (size_t i = from; i < json_object_array_length(entries) && good; i++) {
		struct json_object *e = json_object_array_get_idx(entries, i);

		if (strcmp(js_str(e, "type"), "function.result") != 0 ||
		    find_call(entries, js_str(e, "tool_call_id")) != NULL)
			continue;
		reply_error(
		    r, 400, 3001, "No function call has the id '%s'", js_str(e, "tool_call_id"));
		good = false;
	}
	return good;
}

static void
cut_entries(struct json_object *entries, size_t count)
{
	size_t all = json_object_array_length(entries);

	json_object_array_del_idx(entries, count, all - count);
}

static void
serve_append(struct kept *k, const struct request *q, struct reply *r)
{
	size_t from = json_object_array_length(k->entries);

	if (!check_body(q, r, append_fields))
		return;
	if (member(q->body, "inputs") == NULL && member(q->body, "tool_confirmations") == NULL) {
		reply_error(r, 422, 3001, "Either inputs or tool_confirmations must be provided");
		return;
	}
	add_inputs(k->entries, member(q->body, "inputs"));
	if (!may_follow(k->entries, from, r)) {
		cut_entries(k->entries, from);
		return;
	}
	converse(k, from, q, r);
	if (!wants_store(q->body))
		cut_entries(k->entries, from);
}

static struct json_object *
copy_entry(struct json_object *entry)
{
	struct json_object *twin = NULL;
	char *prefix, id[64];

	json_object_deep_copy(entry, &twin, NULL);
	if (options.new_ids) {
		const char *old = js_str(entry, "id"), *end = strrchr(old, '_');

		prefix = copy_len(old, end != NULL ? (size_t)(end - old) + 1 : 0);
		make_id(prefix, id);
		js_set(twin, "id", id);
		free(prefix);
	}
	return twin;
}

/* A new conversation with the entries up to and with the named one; NULL if it is not there. */
static struct kept *
branch_kept(const struct kept *k, struct json_object *body)
{
	const char *entry_id = js_str(body, "from_entry_id");
	struct kept *branch = new_kept();
	bool found = false;

	json_object_object_foreach(k->settings, key, value)
	{
		if (member(branch->settings, key) == NULL)
			json_object_object_add(branch->settings, key, json_object_get(value));
	}
	json_object_object_add(
	    branch->settings, "metadata", json_object_get(member(body, "metadata")));
	for (size_t i = 0; i < json_object_array_length(k->entries) && !found; i++) {
		struct json_object *entry = json_object_array_get_idx(k->entries, i);

		json_object_array_add(branch->entries, copy_entry(entry));
		found = strcmp(js_str(entry, "id"), entry_id) == 0;
	}
	if (found)
		return branch;
	free_kept(branch);
	return NULL;
}

static void
serve_restart(struct kept *k, const struct request *q, struct reply *r)
{
	struct kept *branch;
	size_t from;

	if (!check_body(q, r, restart_fields))
		return;
	branch = branch_kept(k, q->body);
	if (branch == NULL) {
		reply_error(r, 404, 3000, "Entry with id %s not found in the conversation",
		    js_str(q->body, "from_entry_id"));
		return;
	}
	from = json_object_array_length(branch->entries);
	add_inputs(branch->entries, member(q->body, "inputs"));
	if (!may_follow(branch->entries, from, r)) {
		free_kept(branch);
		return;
	}
	converse(branch, from, q, r);
	if (wants_store(q->body))
		keep(branch);
	else
		free_kept(branch);
}

static void
serve_get(struct kept *k, const struct request *q, struct reply *r)
{
	(void)q;
	reply_json(r, 200, json_object_get(k->settings));
}

static void
serve_delete(struct kept *k, const struct request *q, struct reply *r)
{
	(void)q;
	forget_kept(k);
	r->status = 204;
}

static void
serve_history(struct kept *k, const struct request *q, struct reply *r)
{
	struct json_object *body = json_object_new_object();

	(void)q;
	js_set(body, "object", "conversation.history");
	js_set(body, "conversation_id", js_str(k->settings, "id"));
	json_object_object_add(body, "entries", json_object_get(k->entries));
	reply_json(r, 200, body);
}

static void
serve_messages(struct kept *k, const struct request *q, struct reply *r)
{
	struct json_object *body = json_object_new_object(), *list = json_object_new_array();

	(void)q;
	for (size_t i = 0; i < json_object_array_length(k->entries); i++) {
		struct json_object *e = json_object_array_get_idx(k->entries, i);

		if (strncmp(js_str(e, "type"), "message.", 8) == 0)
			json_object_array_add(list, json_object_get(e));
	}
	js_set(body, "object", "conversation.messages");
	js_set(body, "conversation_id", js_str(k->settings, "id"));
	json_object_object_add(body, "messages", list);
	reply_json(r, 200, body);
}

/* Every key of the filter is there with the same value. */
static bool
matches(const struct kept *k, struct json_object *filter)
{
	struct json_object *metadata = member(k->settings, "metadata");

	if (filter == NULL)
		return true;
	json_object_object_foreach(filter, key, value)
	{
		if (!json_object_equal(member(metadata, key), value))
			return false;
	}
	return true;
}

static void
serve_list(const struct request *q, struct reply *r)
{
	struct json_object *list = json_object_new_array(), *filter = NULL;
	char *metadata = request_query(q, "metadata");
	long page = 0, size = 100, skip;

	if (metadata != NULL) {
		filter = json_tokener_parse(metadata);
		free(metadata);
		if (!json_object_is_type(filter, json_type_object)) {
			reply_error(r, 422, 3001, "metadata must be a JSON object");
			json_object_put(filter);
			json_object_put(list);
			return;
		}
	}
	if (!get_number(q, r, "page", 0, 1000000, &page) ||
	    !get_number(q, r, "page_size", 1, 1000, &size)) {
		json_object_put(filter);
		json_object_put(list);
		return;
	}
	skip = page * size;
	for (size_t i = kept_count; i-- > 0;) {
		if (!matches(kept[i], filter) || skip-- > 0)
			continue;
		if (json_object_array_length(list) < (size_t)size)
			json_object_array_add(list, json_object_get(kept[i]->settings));
	}
	json_object_put(filter);
	reply_json(r, 200, list);
}

static const struct route {
	const char *method, *tail;
	void (*serve)(struct kept *, const struct request *, struct reply *);
} routes[] = {
    {"POST", "", serve_append},
    {"GET", "", serve_get},
    {"DELETE", "", serve_delete},
    {"GET", "/history", serve_history},
    {"GET", "/messages", serve_messages},
    {"POST", "/restart", serve_restart},
};

static void
serve_one(const struct request *q, struct reply *r, const char *id_and_tail)
{
	size_t len = strcspn(id_and_tail, "/");
	char *id = unescape_url(id_and_tail, len);
	struct kept *k = find_kept(id);
	bool path = false;

	for (size_t i = 0; i < sizeof(routes) / sizeof(routes[0]); i++) {
		if (strcmp(routes[i].tail, id_and_tail + len) != 0)
			continue;
		path = true;
		if (strcmp(routes[i].method, q->method) != 0)
			continue;
		if (k == NULL) {
			reply_error(r, 404, 3000, "Conversation with id %s not found", id);
		} else if (k->busy > 0 && strcmp(q->method, "POST") == 0) {
			k->busy--;
			reply_error(r, 409, 3000, "Conversation is being updated");
		} else {
			routes[i].serve(k, q, r);
		}
		free(id);
		return;
	}
	free(id);
	if (path)
		reply_error(r, 405, 0, "Method Not Allowed");
}

/* The text of the entry a restart starts from. */
static char *
find_entry_text(const char *id)
{
	for (size_t i = 0; i < kept_count; i++) {
		for (size_t j = 0; j < json_object_array_length(kept[i]->entries); j++) {
			struct json_object *e = json_object_array_get_idx(kept[i]->entries, j);
			struct text text = {0};

			if (strcmp(js_str(e, "id"), id) != 0)
				continue;
			add_content(&text, member(e, "content"));
			return text.data;
		}
	}
	return NULL;
}

/* Only what is well formed; what is not is refused later. */
static char *
find_prompt_in_inputs(struct json_object *inputs)
{
	struct check c = {json_object_new_array(), json_object_new_array()};
	struct json_object *entries = json_object_new_array();
	char *prompt = NULL;

	check_inputs(&c, inputs);
	if (json_object_array_length(c.detail) == 0)
		add_inputs(entries, inputs);
	prompt = find_prompt(entries, 0);
	json_object_put(entries);
	json_object_put(c.detail);
	json_object_put(c.loc);
	return prompt;
}

void
conversations_script(const struct request *q, struct script *script)
{
	struct json_object *inputs;
	const char *id = js_str(q->body, "from_entry_id");
	char *prompt = NULL;

	if (!json_object_is_type(q->body, json_type_object))
		return;
	inputs = member(q->body, "inputs");
	if (json_object_is_type(inputs, json_type_string) ||
	    json_object_is_type(inputs, json_type_array)) {
		prompt = find_prompt_in_inputs(inputs);
	} else if (id != NULL) {
		script->again = 1;
		prompt = find_entry_text(id);
	}
	script_parse(script, prompt != NULL ? prompt : "");
	free(prompt);
}

bool
conversations_serve(const struct request *q, struct reply *r)
{
	if (options.openai)
		return false;
	if (strcmp(q->path, "/v1/conversations") == 0) {
		if (strcmp(q->method, "POST") == 0)
			serve_start(q, r);
		else if (strcmp(q->method, "GET") == 0)
			serve_list(q, r);
		else
			reply_error(r, 405, 0, "Method Not Allowed");
	} else if (strncmp(q->path, "/v1/conversations/", 18) == 0) {
		serve_one(q, r, q->path + 18);
	} else if (strcmp(q->path, "/v1/agents/pages") == 0) {
		serve_agent_pages(q, r);
	} else if (strncmp(q->path, "/v1/agents/", 11) == 0) {
		serve_agent(q->path + 11, r);
	} else if (strcmp(q->path, "/v1/models") == 0) {
		serve_models(r);
	} else if (strncmp(q->path, "/v1/models/", 11) == 0) {
		serve_model(q->path + 11, r);
	}
	return r->status != 0 || r->count > 0;
}

struct json_object *
conversations_state(void)
{
	struct json_object *list = json_object_new_array();

	for (size_t i = 0; i < kept_count; i++) {
		struct json_object *one = json_object_new_object();

		json_object_object_add(one, "settings", json_object_get(kept[i]->settings));
		json_object_object_add(one, "entries", json_object_get(kept[i]->entries));
		json_object_array_add(list, one);
	}
	return list;
}

void
conversations_done(void)
{
	for (size_t i = 0; i < kept_count; i++)
		free_kept(kept[i]);
	free(kept);
	kept = NULL;
	kept_count = 0;
}
