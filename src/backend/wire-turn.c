/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include "backend/wire.h"

#include <stdlib.h>
#include <string.h>

#include "backend/wire-json.h"
#include "backend/wire-parts.h"
#include "base/buf.h"
#include "base/i18n.h"
#include "base/log.h"
#include "base/mem.h"
#include "net/http.h"

#define CONVERSATIONS "/v1/conversations"

/* format has one %s, for text percent-encoded. */
static char *
escaped_path(const char *before, const char *text, const char *after)
{
	char *escaped = http_escape(text == NULL ? "" : text);
	char *path = xasprintf("%s/%s%s", before, escaped, after);

	free(escaped);
	return path;
}

char *
wire_turn_path(const struct turn *turn)
{
	if (turn->kind == TURN_START)
		return xstrdup(CONVERSATIONS);
	return escaped_path(
	    CONVERSATIONS, turn->conversation_id, turn->kind == TURN_RESTART ? "/restart" : "");
}

/* Inputs. Only shapes that the server is known to take back: no ids, no times. */

static void
put_text_chunk(struct buf *out, const char *text, size_t len)
{
	buf_puts(out, "{\"type\":\"text\",\"text\":");
	json_put_bytes(out, text, len);
	buf_putc(out, '}');
}

/* A reference is refused as an input, so it goes as a link. */
static void
put_link(struct buf *out, const struct chunk *chunk)
{
	const char *title = chunk->title != NULL ? chunk->title : chunk->url;
	char *link = chunk->url == NULL ? xstrdup(title == NULL ? "" : title)
					: xasprintf("[%s](%s)", title, chunk->url);

	put_text_chunk(out, link, strlen(link));
	free(link);
}

static void
put_bare_chunk(struct buf *out, const struct chunk *chunk)
{
	struct chunk bare = *chunk;

	/* What the schema does not know would be refused; the detail of an image it knows. */
	if (chunk->type != CHUNK_IMAGE_URL)
		bare.raw = NULL;
	wire_put_chunk(out, &bare);
}

/* False if there was nothing that can be sent. */
static bool
put_input_chunks(struct buf *out, const struct entry *entry)
{
	size_t start = out->len;

	for (size_t i = 0; i < entry->chunks.len; i++) {
		const struct chunk *chunk = &entry->chunks.items[i];

		if (chunk->type > CHUNK_TOOL_REFERENCE) {
			log_debug("a %s chunk cannot be an input", chunk_type_name(chunk->type));
			continue;
		}
		if (out->len > start)
			buf_putc(out, ',');
		if (chunk->type == CHUNK_TOOL_REFERENCE)
			put_link(out, chunk);
		else
			put_bare_chunk(out, chunk);
	}
	return out->len > start;
}

static void
open_input(struct buf *out, const char *type)
{
	buf_putc(out, '{');
	json_put_text(out, "object", "entry");
	json_put_text(out, "type", type);
}

static void
put_message(struct buf *out, const struct entry *entry)
{
	struct buf chunks;

	buf_init(&chunks, 0);
	if (put_input_chunks(&chunks, entry) || entry->type == ENTRY_MESSAGE_INPUT) {
		open_input(out, entry_type_name(entry));
		json_put_text(out, "role", entry->assistant ? "assistant" : "user");
		json_put_key(out, "content");
		if (entry->chunks.len == 1 && entry->chunks.items[0].type == CHUNK_TEXT)
			json_put_bytes(
			    out, entry->chunks.items[0].text.data, entry->chunks.items[0].text.len);
		else
			buf_printf(out, "[%s]", chunks.data);
		if (entry->prefix)
			json_put_raw(out, "prefix", "true");
		buf_putc(out, '}');
	}
	buf_done(&chunks);
}

static void
put_call(struct buf *out, const char *call_id, const char *name, const struct buf *arguments)
{
	open_input(out, "function.call");
	json_put_text(out, "tool_call_id", call_id == NULL ? "" : call_id);
	json_put_text(out, "name", name == NULL ? "" : name);
	json_put_key(out, "arguments");
	json_put_bytes(out, arguments->data, arguments->len);
	buf_putc(out, '}');
}

static void
put_result(struct buf *out, const char *call_id, const char *result, size_t len)
{
	open_input(out, "function.result");
	json_put_text(out, "tool_call_id", call_id == NULL ? "" : call_id);
	json_put_key(out, "result");
	json_put_bytes(out, result, len);
	buf_putc(out, '}');
}

void
wire_call_id(const char *seed, char id[WIRE_CALL_ID_SIZE])
{
	size_t len = seed == NULL ? 0 : strlen(seed), at = WIRE_CALL_ID_SIZE - 1;

	memset(id, '0', at);
	id[at] = '\0';
	/* From the end: there the ids of one moment differ. */
	while (len > 0 && at > 0) {
		char c = seed[--len];

		if ((c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'))
			id[--at] = c;
	}
}

/* A run of a server's tool is refused as an input, so it goes as a call and its result. */
static void
put_execution(struct buf *out, const struct entry *entry)
{
	struct json_object *info =
	    entry->info == NULL ? NULL : json_parse(entry->info, strlen(entry->info));
	struct json_object *result = json_member(info, "result");
	const char *name = entry->function != NULL ? entry->function : entry->name;
	char id[WIRE_CALL_ID_SIZE];
	const char *text;
	char *dump = NULL;
	size_t len;

	wire_call_id(entry->id, id);
	put_call(out, id, name, &entry->arguments);
	buf_putc(out, ',');
	text = json_bytes(result, &len);
	if (text == NULL) {
		text = dump =
		    info == NULL ? xstrdup("") : json_dump(result == NULL ? info : result);
		len = strlen(dump);
	}
	put_result(out, id, text, len);
	free(dump);
	json_free(info);
}

static void
put_handoff(struct buf *out, const struct entry *entry)
{
	open_input(out, "agent.handoff");
	json_put_text(out, "previous_agent_id", entry->previous_agent_id);
	json_put_text(out, "previous_agent_name", entry->previous_agent_name);
	json_put_text(out, "next_agent_id", entry->next_agent_id);
	json_put_text(out, "next_agent_name", entry->next_agent_name);
	buf_putc(out, '}');
}

static void
put_input(struct buf *out, const struct entry *entry)
{
	switch (entry->type) {
	case ENTRY_MESSAGE_INPUT:
	case ENTRY_MESSAGE_OUTPUT:
		put_message(out, entry);
		break;
	case ENTRY_TOOL_EXECUTION:
		put_execution(out, entry);
		break;
	case ENTRY_FUNCTION_CALL:
		put_call(out, entry->tool_call_id, entry->name, &entry->arguments);
		break;
	case ENTRY_FUNCTION_RESULT:
		put_result(out, entry->tool_call_id, entry->result.data, entry->result.len);
		break;
	case ENTRY_AGENT_HANDOFF:
		put_handoff(out, entry);
		break;
	case ENTRY_UNKNOWN:
		log_debug("an entry of an unknown type cannot be an input");
	}
}

/* One prompt of one piece of text, which goes as a string. */
static bool
is_plain_prompt(const struct turn *turn)
{
	const struct entry *entry = turn->inputs.len == 1 ? turn->inputs.items[0] : NULL;

	return entry != NULL && turn->context.len == 0 && entry_is_prompt(entry) &&
	       !entry->prefix && entry->chunks.len == 1 &&
	       entry->chunks.items[0].type == CHUNK_TEXT;
}

/* One more of a list that begins at first. */
static void
add_input(struct buf *out, size_t first, const struct entry *entry)
{
	size_t last = out->len;

	if (last > first)
		buf_putc(out, ',');
	put_input(out, entry);
	if (out->data[out->len - 1] == ',')
		buf_truncate(out, last);
}

size_t
wire_input_count(const struct entry *entry)
{
	struct buf out;
	size_t count;

	buf_init(&out, 0);
	put_input(&out, entry);
	count = out.len == 0 ? 0 : entry->type == ENTRY_TOOL_EXECUTION ? 2 : 1;
	buf_done(&out);
	return count;
}

/* The value of inputs; false if there is nothing that can be sent. */
static bool
put_inputs(struct buf *out, const struct turn *turn)
{
	size_t before = out->len;

	if (is_plain_prompt(turn)) {
		const struct buf *text = &turn->inputs.items[0]->chunks.items[0].text;

		json_put_bytes(out, text->data, text->len);
		return true;
	}
	buf_putc(out, '[');
	for (size_t i = 0; i < turn->context.len; i++)
		add_input(out, before + 1, turn->context.items[i]);
	for (size_t i = 0; i < turn->inputs.len; i++)
		add_input(out, before + 1, turn->inputs.items[i]);
	if (out->len == before + 1) {
		buf_truncate(out, before);
		return false;
	}
	buf_putc(out, ']');
	return true;
}

/* The other members. */

static bool
put_object(struct buf *out, const char *key, const char *json, struct error *err)
{
	if (json == NULL)
		return true;
	if (!wire_is_object(json))
		return error_set(err, ERR_USAGE, _("\"%s\" must be a JSON object."), key);
	json_put_key(out, key);
	buf_puts(out, json);
	return true;
}

static bool
put_list(struct buf *out, const char *key, const char *json, struct error *err)
{
	if (json == NULL)
		return true;
	if (!wire_is_list(json))
		return error_set(err, ERR_USAGE, _("\"%s\" must be a JSON array."), key);
	json_put_key(out, key);
	buf_puts(out, json);
	return true;
}

static bool
put_handoff_execution(struct buf *out, const struct turn *turn, struct error *err)
{
	const char *value = turn->handoff_execution;

	/* The server refuses it together with a model, where there is nobody to hand off to. */
	if (value == NULL || (turn->kind == TURN_START && turn->model != NULL))
		return true;
	if (strcmp(value, "client") != 0 && strcmp(value, "server") != 0)
		return error_set(
		    err, ERR_USAGE, _("\"handoff_execution\" must be \"client\" or \"server\"."));
	json_put_text(out, "handoff_execution", value);
	return true;
}

static bool
check_confirmations(const char *json, struct error *err)
{
	struct json_object *list = json == NULL ? NULL : json_parse(json, strlen(json));
	bool good = true;

	for (size_t i = 0; i < json_length(list) && good; i++) {
		struct json_object *item = json_item(list, i);
		const char *answer = json_text_member(item, "confirmation");

		good = json_text_member(item, "tool_call_id") != NULL && answer != NULL &&
		       (strcmp(answer, "allow") == 0 || strcmp(answer, "deny") == 0);
	}
	json_free(list);
	if (!good)
		return error_set(err, ERR_USAGE,
		    _("Each of \"tool_confirmations\" needs a \"tool_call_id\" and a "
		      "\"confirmation\" that is \"allow\" or \"deny\"."));
	return true;
}

static bool
put_start(struct buf *out, const struct turn *turn, struct error *err)
{
	if ((turn->model == NULL) == (turn->agent_id == NULL))
		return error_set(err, ERR_USAGE,
		    _("A conversation starts with a model or with an agent: name one of the two."));
	json_put_text(out, "model", turn->model);
	json_put_text(out, "agent_id", turn->agent_id);
	if (turn->agent_id != NULL)
		wire_put_version(out, turn->agent_version);
	json_put_text(out, "instructions", turn->instructions);
	json_put_text(out, "name", turn->name);
	json_put_text(out, "description", turn->description);
	return put_list(out, "tools", turn->tools, err) &&
	       put_list(out, "guardrails", turn->guardrails, err) &&
	       put_object(out, "metadata", turn->metadata, err);
}

static bool
put_append(struct buf *out, const struct turn *turn, struct error *err)
{
	return check_confirmations(turn->tool_confirmations, err) &&
	       put_list(out, "tool_confirmations", turn->tool_confirmations, err);
}

static bool
put_restart(struct buf *out, const struct turn *turn, struct error *err)
{
	if (turn->from_entry_id == NULL)
		return error_set(
		    err, ERR_USAGE, _("A restart needs the entry it is to go on from."));
	json_put_text(out, "from_entry_id", turn->from_entry_id);
	wire_put_version(out, turn->agent_version);
	return put_list(out, "guardrails", turn->guardrails, err) &&
	       put_object(out, "metadata", turn->metadata, err);
}

static bool
put_members(struct buf *out, const struct turn *turn, struct error *err)
{
	if (turn->kind != TURN_START && turn->conversation_id == NULL)
		return error_set(
		    err, ERR_USAGE, _("The server does not know this conversation yet."));
	if (turn->completion_args != NULL &&
	    !wire_check_completion_args(turn->completion_args, err))
		return false;
	json_put_raw(out, "stream", turn->stream ? "true" : "false");
	json_put_raw(out, "store", turn->no_store ? "false" : "true");
	return put_object(out, "completion_args", turn->completion_args, err) &&
	       put_handoff_execution(out, turn, err) &&
	       (turn->kind == TURN_START       ? put_start(out, turn, err)
		   : turn->kind == TURN_APPEND ? put_append(out, turn, err)
					       : put_restart(out, turn, err));
}

bool
wire_turn_body(const struct turn *turn, struct buf *out, struct error *err)
{
	bool optional = turn->kind == TURN_RESTART ||
			(turn->kind == TURN_APPEND && turn->tool_confirmations != NULL);
	struct buf inputs;
	bool done = false, some;

	buf_init(&inputs, 0);
	some = put_inputs(&inputs, turn);
	if (!some && !optional) {
		error_set(err, ERR_USAGE, _("There is nothing to send."));
	} else {
		buf_putc(out, '{');
		if (some)
			json_put_raw(out, "inputs", inputs.data);
		done = put_members(out, turn, err);
		buf_putc(out, '}');
	}
	buf_done(&inputs);
	return done;
}

/* Questions. */

static void
add_parameter(struct buf *path, const char *name, const char *value)
{
	char *escaped;

	if (value == NULL || value[0] == '\0')
		return;
	escaped = http_escape(value);
	buf_printf(path, "%c%s=%s", strchr(path->data, '?') == NULL ? '?' : '&', name, escaped);
	free(escaped);
}

static char *
list_path(const struct question *question)
{
	struct buf path;

	buf_init(&path, 0);
	buf_printf(
	    &path, CONVERSATIONS "?page=%d&page_size=%d", question->page, question->page_size);
	add_parameter(&path, "metadata", question->metadata);
	return buf_take(&path);
}

static char *
agents_path(const struct question *question)
{
	struct buf path;

	buf_init(&path, 0);
	buf_printf(&path, "/v1/agents/pages?page_size=%d",
	    question->page_size < 1	 ? 1
	    : question->page_size > 1000 ? 1000
					 : question->page_size);
	add_parameter(&path, "page_token", question->page_token);
	return buf_take(&path);
}

static char *
agent_path(const struct question *question)
{
	char *bare = escaped_path("/v1/agents", question->agent_id, "");
	struct buf path;

	buf_init(&path, 0);
	buf_puts(&path, bare);
	add_parameter(&path, "agent_version", question->agent_version);
	free(bare);
	return buf_take(&path);
}

char *
wire_question_path(const struct question *question, const char **method)
{
	*method = question->kind == ASK_DELETE ? "DELETE" : "GET";
	switch (question->kind) {
	case ASK_LIST:
		return list_path(question);
	case ASK_HISTORY:
		return escaped_path(CONVERSATIONS, question->conversation_id, "/history");
	case ASK_MESSAGES:
		return escaped_path(CONVERSATIONS, question->conversation_id, "/messages");
	case ASK_AGENTS:
		return agents_path(question);
	case ASK_AGENT:
		return agent_path(question);
	case ASK_MODELS:
		return xstrdup("/v1/models");
	default:
		return escaped_path(CONVERSATIONS, question->conversation_id, "");
	}
}
