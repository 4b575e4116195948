/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include "backend/wire.h"

#include <stdlib.h>

#include "backend/wire-json.h"
#include "backend/wire-parts.h"
#include "base/i18n.h"
#include "base/log.h"
#include "base/mem.h"

/* Versions of an agent that are offered. */
#define MAX_VERSIONS 200

/* Answers to questions. Each fills in the event and returns false if the body is not it. */

struct answer {
	const struct question *question;
	struct event event;
	ARRAY(struct conversation *) conversations;
	ARRAY(struct entry *) entries;
	agent_list agents;
};

static bool
take_conversation_member(void *arg, const char *key, struct json_object *value)
{
	struct conversation *conversation = arg;
	const struct field *field = field_find(conversation_fields, key, 0);

	/* What has no place of its own, or another type, stays in raw. */
	if (value != NULL && strcmp(key, "object") != 0 &&
	    (field == NULL || !wire_take_field(conversation, field, value)))
		xreplace(&conversation->raw, "");
	return true;
}

struct conversation *
wire_take_conversation(struct json_object *value)
{
	struct conversation *conversation;

	if (json_text_member(value, "id") == NULL)
		return NULL;
	conversation = conversation_new();
	json_each(value, take_conversation_member, conversation);
	if (conversation->raw != NULL) {
		free(conversation->raw);
		conversation->raw = json_dump(value);
	}
	return conversation;
}

static void
add_conversation(struct answer *answer, struct json_object *value)
{
	struct conversation *conversation = wire_take_conversation(value);

	if (conversation == NULL) {
		log_debug("a conversation without id");
		return;
	}
	array_push(&answer->conversations, conversation);
	answer->event.conversations = answer->conversations.items;
	answer->event.conversation_count = answer->conversations.len;
}

/* The list in a body, which may be bare or a member. */
static struct json_object *
find_list(struct json_object *body, const char *key)
{
	return json_is_list(body) ? body : json_list_member(body, key);
}

static bool
read_list(struct answer *answer, struct json_object *body)
{
	struct json_object *list = find_list(body, "data");
	size_t count = json_length(list);

	for (size_t i = 0; i < count; i++)
		add_conversation(answer, json_item(list, i));
	answer->event.more = count > 0 && count >= (size_t)answer->question->page_size;
	return list != NULL;
}

static bool
read_conversation(struct answer *answer, struct json_object *body)
{
	add_conversation(answer, body);
	return answer->conversations.len == 1;
}

static bool
read_entries(struct answer *answer, struct json_object *body)
{
	struct json_object *list = json_list_member(body, "entries");
	struct entry *entry;

	if (list == NULL)
		list = find_list(body, "messages");
	for (size_t i = 0; i < json_length(list); i++) {
		entry = wire_take_entry(json_item(list, i));
		if (entry != NULL)
			array_push(&answer->entries, entry);
	}
	answer->event.entries = answer->entries.items;
	answer->event.entry_count = answer->entries.len;
	answer->event.conversation_id = json_text_member(body, "conversation_id");
	if (answer->event.conversation_id == NULL)
		answer->event.conversation_id = answer->question->conversation_id;
	return list != NULL;
}

static bool
read_deleted(struct answer *answer, struct json_object *body)
{
	(void)body; /* there is none, and if there were: it is gone */
	answer->event.conversation_id = answer->question->conversation_id;
	return true;
}

static void
take_list(struct json_object *value, const char *key, char **slot)
{
	struct json_object *list = json_list_member(value, key);

	if (json_length(list) > 0)
		*slot = json_dump(list);
}

static char *
take_versions(struct json_object *value)
{
	struct json_object *list = json_list_member(value, "versions");
	struct buf out;

	if (json_length(list) == 0)
		return NULL;
	buf_init(&out, 0);
	for (size_t i = 0; i < json_length(list) && i < MAX_VERSIONS; i++)
		buf_printf(&out, "%s%lld", i > 0 ? " " : "",
		    (long long)json_number(json_item(list, i), INT32_MAX, 0));
	return buf_take(&out);
}

static void
add_agent(struct answer *answer, struct json_object *value)
{
	struct json_object *args = json_member(value, "completion_args");
	struct agent *agent;

	if (json_text_member(value, "id") == NULL)
		return;
	agent = agent_new(AGENT_SERVER);
	agent->agent_id = xstrdup(json_text_member(value, "id"));
	agent->name = xstrdup(json_text_member(value, "name"));
	if (agent->name == NULL)
		agent->name = xstrdup(agent->agent_id);
	agent->model = xstrdup(json_text_member(value, "model"));
	agent->description = xstrdup(json_text_member(value, "description"));
	agent->instructions = xstrdup(json_text_member(value, "instructions"));
	take_list(value, "tools", &agent->tools);
	take_list(value, "guardrails", &agent->guardrails);
	if (json_is_object(args))
		agent->completion_args = json_dump(args);
	agent->versions = take_versions(value);
	agent->raw = json_dump(value);
	array_push(&answer->agents, agent);
}

static void
finish_agents(struct answer *answer)
{
	answer->event.agents = answer->agents.items;
	answer->event.agent_count = answer->agents.len;
}

static bool
read_agents(struct answer *answer, struct json_object *body)
{
	struct json_object *list = find_list(body, "data");
	const char *token = json_text_member(body, "next_page_token");

	for (size_t i = 0; i < json_length(list); i++)
		add_agent(answer, json_item(list, i));
	finish_agents(answer);
	if (token != NULL && token[0] != '\0')
		answer->event.page_token = token;
	return list != NULL;
}

static bool
read_agent(struct answer *answer, struct json_object *body)
{
	add_agent(answer, body);
	finish_agents(answer);
	if (answer->agents.len != 1)
		return false;
	answer->agents.items[0]->agent_version = xstrdup(answer->question->agent_version);
	return true;
}

/* How much it can hold, under the names that servers have for it. */
static int
take_context_length(struct json_object *card)
{
	static const char *const keys[] = {
	    "max_context_length", "max_model_len", "context_length", "context_window"};
	int64_t length = 0;

	for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]) && length == 0; i++)
		length = json_number(json_member(card, keys[i]), INT32_MAX, 0);
	return (int)length;
}

static void
add_model(struct answer *answer, struct json_object *card)
{
	struct json_object *capabilities = json_member(card, "capabilities");
	const char *id = json_text_member(card, "id");
	struct agent *agent;

	if (id == NULL)
		id = json_text_member(card, "name");
	if (id == NULL)
		return;
	agent = agent_new(AGENT_MODEL);
	agent->name = xstrdup(id);
	agent->model = xstrdup(id);
	agent->description = xstrdup(json_text_member(card, "description"));
	agent->context_length = take_context_length(card);
	/* Only a server that tells what its models can do can say that one cannot chat. */
	if (json_is_object(capabilities) &&
	    !json_is_bool(json_member(capabilities, "completion_chat"), &agent->chat))
		agent->chat = false;
	agent->raw = json_dump(card);
	array_push(&answer->agents, agent);
}

static bool
read_models(struct answer *answer, struct json_object *body)
{
	struct json_object *list = find_list(body, "data");

	if (list == NULL)
		list = json_list_member(body, "models");
	for (size_t i = 0; i < json_length(list); i++)
		add_model(answer, json_item(list, i));
	finish_agents(answer);
	return list != NULL;
}

static const struct {
	enum event_type type;
	bool (*read)(struct answer *, struct json_object *body);
} answers[] = {
    [ASK_LIST] = {EVENT_CONVERSATIONS, read_list},
    [ASK_GET] = {EVENT_CONVERSATION, read_conversation},
    [ASK_HISTORY] = {EVENT_ENTRIES, read_entries},
    [ASK_MESSAGES] = {EVENT_ENTRIES, read_entries},
    [ASK_DELETE] = {EVENT_DELETED, read_deleted},
    [ASK_AGENTS] = {EVENT_AGENTS, read_agents},
    [ASK_AGENT] = {EVENT_AGENTS, read_agent},
    [ASK_MODELS] = {EVENT_AGENTS, read_models},
};

static void
answer_done(struct answer *answer)
{
	for (size_t i = 0; i < answer->conversations.len; i++)
		conversation_free(answer->conversations.items[i]);
	array_done(&answer->conversations);
	for (size_t i = 0; i < answer->entries.len; i++)
		entry_free(answer->entries.items[i]);
	array_done(&answer->entries);
	agent_list_done(&answer->agents);
}

bool
wire_answer(const struct question *question, const char *body, size_t len, event_fn fn, void *arg,
    struct error *err)
{
	struct json_object *value = json_parse(body, len);
	struct answer answer = {.question = question};
	bool known = answers[question->kind].read(&answer, value);

	if (known) {
		answer.event.type = answers[question->kind].type;
		answer.event.id = question->id;
		if (question->want_raw) {
			answer.event.raw = body;
			answer.event.raw_len = len;
		}
		fn(arg, &answer.event);
	} else {
		error_set(err, ERR_PROTOCOL,
		    _("The server sent something that is not an answer to the question."));
	}
	answer_done(&answer);
	json_free(value);
	return known;
}
