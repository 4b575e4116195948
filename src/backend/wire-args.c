/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include "backend/wire.h"

#include <string.h>

#include "backend/wire-json.h"
#include "base/buf.h"
#include "base/i18n.h"

/* A rule of the API for one of completion_args. Each null is allowed but tool_choice's. */
struct rule {
	const char *key;
	bool (*check)(const struct rule *, struct json_object *, struct error *);
	double min, max;
	const char *const *words;
};

static bool
check_number(const struct rule *rule, struct json_object *value, struct error *err)
{
	double number;

	if (json_is_number(value, &number) && number >= rule->min && number <= rule->max)
		return true;
	return error_set(err, ERR_USAGE, _("\"%s\" must be a number from %g to %g."), rule->key,
	    rule->min, rule->max);
}

static bool
check_count(const struct rule *rule, struct json_object *value, struct error *err)
{
	double number;

	if (json_is_integer(value) && json_is_number(value, &number) && number >= 0)
		return true;
	return error_set(err, ERR_USAGE, _("\"%s\" must be a whole number, 0 or more."), rule->key);
}

static bool
check_word(const struct rule *rule, struct json_object *value, struct error *err)
{
	const char *word = json_text(value);
	struct buf names;

	buf_init(&names, 0);
	for (const char *const *known = rule->words; *known != NULL; known++) {
		if (word != NULL && strcmp(word, *known) == 0) {
			buf_done(&names);
			return true;
		}
		buf_printf(&names, "%s%s", names.len > 0 ? ", " : "", *known);
	}
	/* TRANSLATORS: the second %s is a list of words as they are to be written. */
	error_set(err, ERR_USAGE, _("\"%s\" must be one of: %s."), rule->key, names.data);
	buf_done(&names);
	return false;
}

static bool
check_stop(const struct rule *rule, struct json_object *value, struct error *err)
{
	bool good = json_text(value) != NULL || json_is_list(value);

	for (size_t i = 0; i < json_length(value) && good; i++)
		good = json_text(json_item(value, i)) != NULL;
	if (good)
		return true;
	return error_set(err, ERR_USAGE, _("\"%s\" must be a text or a list of texts."), rule->key);
}

/* Whether every key of an object is in the list. */
static bool
only_key(void *arg, const char *key, struct json_object *value)
{
	const char *const *known = arg;

	(void)value;
	while (*known != NULL && strcmp(*known, key) != 0)
		known++;
	return *known != NULL;
}

static bool
is_text_or_absent(struct json_object *object, const char *key)
{
	return json_member(object, key) == NULL || json_text_member(object, key) != NULL;
}

static bool
check_prediction(const struct rule *rule, struct json_object *value, struct error *err)
{
	static const char *const keys[] = {"type", "content", NULL};
	const char *type = json_text_member(value, "type");

	if (json_is_object(value) && json_each(value, only_key, (void *)keys) &&
	    (json_member(value, "type") == NULL ||
		(type != NULL && strcmp(type, "content") == 0)) &&
	    is_text_or_absent(value, "content"))
		return true;
	return error_set(err, ERR_USAGE,
	    _("\"%s\" must be of the form {\"type\": \"content\", \"content\": \"…\"}."),
	    rule->key);
}

static bool
is_schema(struct json_object *value)
{
	static const char *const keys[] = {"name", "description", "schema", "strict", NULL};
	bool strict;

	return json_is_object(value) && json_each(value, only_key, (void *)keys) &&
	       json_text_member(value, "name") != NULL &&
	       json_is_object(json_member(value, "schema")) &&
	       is_text_or_absent(value, "description") &&
	       (json_member(value, "strict") == NULL ||
		   json_is_bool(json_member(value, "strict"), &strict));
}

static bool
check_format(const struct rule *rule, struct json_object *value, struct error *err)
{
	static const char *const keys[] = {"type", "json_schema", NULL};
	const char *type = json_text_member(value, "type");
	struct json_object *schema = json_member(value, "json_schema");

	if (!json_is_object(value) || !json_each(value, only_key, (void *)keys) ||
	    (type == NULL && json_member(value, "type") != NULL) ||
	    (type != NULL && strcmp(type, "text") != 0 && strcmp(type, "json_object") != 0 &&
		strcmp(type, "json_schema") != 0))
		return error_set(err, ERR_USAGE,
		    _("\"%s\" must be an object whose \"type\" is text, json_object or "
		      "json_schema."),
		    rule->key);
	if (schema != NULL ? !is_schema(schema) : type != NULL && strcmp(type, "json_schema") == 0)
		return error_set(err, ERR_USAGE,
		    _("\"%s\" needs a \"json_schema\" with a \"name\" and a \"schema\"."),
		    rule->key);
	return true;
}

static const char *const choices[] = {"auto", "none", "any", "required", NULL};
static const char *const efforts[] = {"none", "minimal", "low", "medium", "high", "xhigh", NULL};

static const struct rule rules[] = {
    {"stop", check_stop, 0, 0, NULL},
    {"presence_penalty", check_number, -2, 2, NULL},
    {"frequency_penalty", check_number, -2, 2, NULL},
    {"temperature", check_number, 0, 1, NULL},
    {"top_p", check_number, 0, 1, NULL},
    {"max_tokens", check_count, 0, 0, NULL},
    {"random_seed", check_count, 0, 0, NULL},
    {"prediction", check_prediction, 0, 0, NULL},
    {"response_format", check_format, 0, 0, NULL},
    {"tool_choice", check_word, 0, 0, choices},
    {"reasoning_effort", check_word, 0, 0, efforts},
};

static bool
say_unknown(const char *key, struct error *err)
{
	struct buf names;

	buf_init(&names, 0);
	for (size_t i = 0; i < sizeof(rules) / sizeof(rules[0]); i++)
		buf_printf(&names, "%s%s", i > 0 ? ", " : "", rules[i].key);
	/* TRANSLATORS: the second %s is a list of names as they are to be written. */
	error_set(err, ERR_USAGE, _("There is no completion argument \"%s\"; there are: %s."), key,
	    names.data);
	buf_done(&names);
	return false;
}

static bool
check_argument(void *arg, const char *key, struct json_object *value)
{
	struct error *err = arg;

	for (size_t i = 0; i < sizeof(rules) / sizeof(rules[0]); i++) {
		if (strcmp(rules[i].key, key) != 0)
			continue;
		if (value == NULL && rules[i].words != choices)
			return true;
		return rules[i].check(&rules[i], value, err);
	}
	return say_unknown(key, err);
}

bool
wire_check_completion_args(const char *object, struct error *err)
{
	struct json_object *value;
	bool good;

	if (!wire_is_object(object))
		return error_set(
		    err, ERR_USAGE, _("\"%s\" must be a JSON object."), "completion_args");
	value = json_parse(object, strlen(object));
	if (value == NULL)
		return error_set(
		    err, ERR_USAGE, _("\"%s\" must be a JSON object."), "completion_args");
	good = json_each(value, check_argument, err);
	json_free(value);
	return good;
}
