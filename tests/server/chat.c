/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include "fake.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

/* Mistral refuses every other field; local servers pass over them. */
static const char *const mistral_fields[] = {"model", "messages", "temperature", "top_p",
    "max_tokens", "stream", "stop", "random_seed", "metadata", "response_format", "tools",
    "tool_choice", "presence_penalty", "frequency_penalty", "n", "prediction",
    "parallel_tool_calls", "reasoning_effort", "prompt_mode", "guardrails", "prompt_cache_key",
    "service_tier", "safe_prompt", NULL};

static const char *const roles[] = {"system", "user", "assistant", "tool", NULL};

static struct json_object *
member(struct json_object *object, const char *key)
{
	struct json_object *value = NULL;

	if (json_object_is_type(object, json_type_object))
		json_object_object_get_ex(object, key, &value);
	return value;
}

static bool
has_word(const char *word, const char *const *words)
{
	for (; *words != NULL; words++)
		if (strcmp(*words, word) == 0)
			return true;
	return false;
}

static bool
is_chat(const struct request *q)
{
	return strcmp(q->path, "/v1/chat/completions") == 0 ||
	       strcmp(q->path, "/chat/completions") == 0;
}

static size_t
message_count(const struct request *q)
{
	struct json_object *messages = member(q->body, "messages");

	return json_object_is_type(messages, json_type_array) ? json_object_array_length(messages)
							      : 0;
}

static struct json_object *
get_message(const struct request *q, size_t i)
{
	return json_object_array_get_idx(member(q->body, "messages"), i);
}

static bool
has_role(struct json_object *message, const char *role)
{
	const char *is = js_str(message, "role");

	return is != NULL && strcmp(is, role) == 0;
}

/* The content of a message, a string or a list of chunks. */
static void
add_content(struct text *out, struct json_object *message)
{
	struct json_object *content = member(message, "content");

	text_add(out, "", 0);
	if (json_object_is_type(content, json_type_string))
		text_puts(out, json_object_get_string(content));
	if (!json_object_is_type(content, json_type_array))
		return;
	for (size_t i = 0; i < json_object_array_length(content); i++) {
		const char *text = js_str(json_object_array_get_idx(content, i), "text");

		if (text != NULL)
			text_puts(out, text);
	}
}

/* ---- checking ---- */

static bool
refuse_field(struct reply *r, const char *field)
{
	if (options.openai)
		return true;
	reply_error(r, 422, 3001, "Extra inputs are not permitted: body.%s", field);
	return false;
}

/* Each call of an assistant's message needs its result right behind it. */
static bool
check_order(const struct request *q, struct reply *r, size_t at)
{
	struct json_object *message = get_message(q, at), *calls = member(message, "tool_calls");
	size_t count = calls != NULL ? json_object_array_length(calls) : 0;
	struct json_object *before = at > 0 ? get_message(q, at - 1) : NULL;

	if (has_role(message, "tool") && !has_role(before, "tool") &&
	    (!has_role(before, "assistant") || member(before, "tool_calls") == NULL)) {
		reply_error(r, 400, 3230, "Unexpected role 'tool' without a tool call before it");
		return false;
	}
	if (!options.openai && has_role(message, "user") && has_role(before, "tool")) {
		reply_error(r, 400, 3230, "Unexpected role 'user' after role 'tool'");
		return false;
	}
	for (size_t i = 0; i < count; i++) {
		const char *id = js_str(json_object_array_get_idx(calls, i), "id");
		bool found = false;

		for (size_t j = at + 1; j < message_count(q) && id != NULL; j++) {
			const char *answered = js_str(get_message(q, j), "tool_call_id");

			found = found || (answered != NULL && strcmp(answered, id) == 0);
		}
		if (!found) {
			reply_error(
			    r, 400, 3230, "The tool call '%s' has no result", id != NULL ? id : "");
			return false;
		}
	}
	return true;
}

static bool
check_message(const struct request *q, struct reply *r, size_t at)
{
	struct json_object *message = get_message(q, at);
	const char *role = js_str(message, "role");

	if (role == NULL || !has_word(role, roles)) {
		reply_error(
		    r, options.openai ? 400 : 422, 3001, "messages[%zu].role is not valid", at);
		return false;
	}
	if (strcmp(role, "tool") == 0 && js_str(message, "tool_call_id") == NULL) {
		reply_error(r, 400, 3230, "messages[%zu] needs a tool_call_id", at);
		return false;
	}
	if (member(message, "content") == NULL && member(message, "tool_calls") == NULL) {
		reply_error(
		    r, 400, 3230, "messages[%zu] must have either content or tool_calls", at);
		return false;
	}
	if (!options.openai && member(message, "reasoning_content") != NULL)
		return refuse_field(r, "messages.reasoning_content");
	return check_order(q, r, at);
}

static bool
check_body(const struct request *q, struct reply *r)
{
	if (js_str(q->body, "model") == NULL || message_count(q) == 0) {
		reply_error(r, options.openai ? 400 : 422, 3001, "model and messages are required");
		return false;
	}
	json_object_object_foreach(q->body, key, value)
	{
		(void)value;
		if (!has_word(key, mistral_fields) && !refuse_field(r, key))
			return false;
	}
	for (size_t i = 0; i < message_count(q); i++)
		if (!check_message(q, r, i))
			return false;
	return true;
}

/* ---- the answer ---- */

struct rendering {
	struct reply *reply;
	const struct answer *answer;
	const char *model;
	char id[64];
	struct text content, reasoning;
	struct json_object *calls;
	long words;
	bool failed;
};

static struct json_object *
make_frame(const struct rendering *d, const char *object)
{
	struct json_object *frame = json_object_new_object();

	js_set(frame, "id", d->id);
	js_set(frame, "object", object);
	json_object_object_add(frame, "created", json_object_new_int64((int64_t)time(NULL)));
	js_set(frame, "model", d->model);
	return frame;
}

/* Takes the delta. */
static struct json_object *
make_chunk(const struct rendering *d, struct json_object *delta, const char *finish)
{
	struct json_object *frame = make_frame(d, "chat.completion.chunk");
	struct json_object *choices = json_object_new_array(), *choice = json_object_new_object();

	json_object_object_add(choice, "index", json_object_new_int(0));
	json_object_object_add(choice, "delta", delta);
	js_set(choice, "finish_reason", finish);
	json_object_array_add(choices, choice);
	json_object_object_add(frame, "choices", choices);
	return frame;
}

static void
send_text(struct rendering *d, const char *key, struct text *whole, const char *text)
{
	size_t n;

	for (const char *at = text; *at != '\0'; at += n) {
		struct json_object *delta = json_object_new_object();

		n = answer_piece(d->answer, at);
		json_object_object_add(delta, key, json_object_new_string_len(at, (int)n));
		reply_event(d->reply, NULL, make_chunk(d, delta, NULL));
	}
	text_puts(whole, text);
	d->words += count_words(text);
}

/* Mistral's way: while it thinks, content is a list with one chunk. */
static void
send_thinking(struct rendering *d, const char *text)
{
	size_t n;

	for (const char *at = text; *at != '\0'; at += n) {
		struct json_object *delta = json_object_new_object(),
				   *list = json_object_new_array();
		struct json_object *chunk = json_object_new_object(),
				   *inner = json_object_new_object();
		struct json_object *pieces = json_object_new_array();

		n = answer_piece(d->answer, at);
		js_set(inner, "type", "text");
		json_object_object_add(inner, "text", json_object_new_string_len(at, (int)n));
		json_object_array_add(pieces, inner);
		js_set(chunk, "type", "thinking");
		json_object_object_add(chunk, "thinking", pieces);
		json_object_array_add(list, chunk);
		json_object_object_add(delta, "content", list);
		reply_event(d->reply, NULL, make_chunk(d, delta, NULL));
	}
	d->words += count_words(text);
}

/* One piece of a call; the first one has its id and name. */
static void
send_call(
    struct rendering *d, int index, struct json_object *whole, const char *arguments, size_t len)
{
	struct json_object *delta = json_object_new_object(), *list = json_object_new_array();
	struct json_object *call = json_object_new_object(), *function = json_object_new_object();

	json_object_object_add(call, "index", json_object_new_int(index));
	if (whole != NULL) {
		js_set(call, "id", js_str(whole, "id"));
		js_set(call, "type", "function");
		js_set(function, "name", js_str(member(whole, "function"), "name"));
	}
	json_object_object_add(
	    function, "arguments", json_object_new_string_len(arguments, (int)len));
	json_object_object_add(call, "function", function);
	json_object_array_add(list, call);
	json_object_object_add(delta, "tool_calls", list);
	reply_event(d->reply, NULL, make_chunk(d, delta, NULL));
}

static void
render_call(struct rendering *d, const struct part *part)
{
	struct json_object *call = json_object_new_object(), *function = json_object_new_object();
	int index = (int)json_object_array_length(d->calls);
	size_t half = strlen(part->text) / 2;
	char id[64], short_id[16];

	make_id("", id);
	snprintf(short_id, sizeof(short_id), "call_%.8s", id + strlen(id) - 8);
	js_set(call, "id", short_id);
	js_set(call, "type", "function");
	js_set(function, "name", part->name);
	js_set(function, "arguments", part->text);
	json_object_object_add(call, "function", function);
	json_object_array_add(d->calls, call);
	while (((unsigned char)part->text[half] & 0xc0) == 0x80)
		half++;
	send_call(d, index, call, "", 0);
	send_call(d, index, NULL, part->text, half);
	send_call(d, index, NULL, part->text + half, strlen(part->text) - half);
}

static void
render_error(struct rendering *d, const struct part *part)
{
	struct json_object *frame = json_object_new_object(), *error = json_object_new_object();

	js_set(error, "message", part->text);
	js_set(error, "type", "server_error");
	json_object_object_add(error, "code", json_object_new_int(500));
	json_object_object_add(frame, "error", error);
	reply_event(d->reply, NULL, frame);
	d->failed = true;
}

static void
render_part(struct rendering *d, const struct part *part)
{
	struct json_object *frame;

	switch (part->type) {
	case PART_TEXT:
		send_text(d, "content", &d->content, part->text);
		break;
	case PART_THINK:
		if (options.openai)
			send_text(d, "reasoning_content", &d->reasoning, part->text);
		else
			send_thinking(d, part->text);
		break;
	case PART_CALL:
		render_call(d, part);
		break;
	case PART_ERROR:
		render_error(d, part);
		break;
	case PART_EVENT:
		/* A chunk without choices, with fields of a later year. */
		frame = make_frame(d, "chat.completion.weather");
		json_object_object_add(frame, "forecast", json_object_get(part->json));
		reply_event(d->reply, NULL, frame);
		break;
	default:
		/* Tools of the server, hand-offs and chunks are not of this API. */
		break;
	}
}

static struct json_object *
make_usage(const struct request *q, long words)
{
	struct json_object *usage = json_object_new_object();
	struct text all = {0};
	long prompt;

	for (size_t i = 0; i < message_count(q); i++) {
		add_content(&all, get_message(q, i));
		text_puts(&all, "\n");
	}
	prompt = count_words(text_str(&all));
	text_done(&all);
	json_object_object_add(usage, "prompt_tokens", json_object_new_int64(prompt));
	json_object_object_add(usage, "completion_tokens", json_object_new_int64(words));
	json_object_object_add(usage, "total_tokens", json_object_new_int64(prompt + words));
	return usage;
}

static const char *
finish_reason(const struct rendering *d)
{
	if (json_object_array_length(d->calls) > 0)
		return "tool_calls";
	return d->reply->script.length != OFF ? "length" : "stop";
}

/*
 * The last chunks. Mistral puts the usage beside the finish; others send it in
 * a chunk of its own, and only when asked. "[DONE]" is one piece with them, so that
 * !nodone leaves out all that says the answer is complete.
 */
static void
finish(struct rendering *d, const struct request *q, struct json_object *usage)
{
	struct json_object *last = make_chunk(d, json_object_new_object(), finish_reason(d)),
			   *extra;
	struct text piece = {0};

	if (!options.openai)
		json_object_object_add(last, "usage", json_object_get(usage));
	text_printf(&piece, "data: %s\n\n", js_text(last));
	json_object_put(last);
	if (options.openai &&
	    json_object_get_boolean(member(member(q->body, "stream_options"), "include_usage"))) {
		extra = make_frame(d, "chat.completion.chunk");
		json_object_object_add(extra, "choices", json_object_new_array());
		json_object_object_add(extra, "usage", json_object_get(usage));
		text_printf(&piece, "data: %s\n\n", js_text(extra));
		json_object_put(extra);
	}
	text_puts(&piece, "data: [DONE]\n\n");
	reply_piece(d->reply, piece.data, piece.len);
	text_done(&piece);
}

static struct json_object *
make_plain(struct rendering *d, struct json_object *usage)
{
	struct json_object *frame = make_frame(d, "chat.completion");
	struct json_object *choices = json_object_new_array(), *choice = json_object_new_object();
	struct json_object *message = json_object_new_object();

	js_set(message, "role", "assistant");
	js_set(message, "content", text_str(&d->content));
	if (d->reasoning.len > 0)
		js_set(message, "reasoning_content", d->reasoning.data);
	if (json_object_array_length(d->calls) > 0)
		json_object_object_add(message, "tool_calls", json_object_get(d->calls));
	json_object_object_add(choice, "index", json_object_new_int(0));
	json_object_object_add(choice, "message", message);
	js_set(choice, "finish_reason", finish_reason(d));
	json_object_array_add(choices, choice);
	json_object_object_add(frame, "choices", choices);
	json_object_object_add(frame, "usage", json_object_get(usage));
	return frame;
}

/* The name a tool's result belongs to. */
static const char *
find_call_name(const struct request *q, const char *id)
{
	for (size_t i = 0; i < message_count(q); i++) {
		struct json_object *calls = member(get_message(q, i), "tool_calls");

		for (size_t j = 0; calls != NULL && j < json_object_array_length(calls); j++) {
			struct json_object *call = json_object_array_get_idx(calls, j);
			const char *name = js_str(member(call, "function"), "name");

			if (js_str(call, "id") != NULL && strcmp(js_str(call, "id"), id) == 0)
				return name != NULL ? name : "";
		}
	}
	return "an unknown call";
}

/* The results at the end of the messages, if that is what is to be answered. */
static void
answer_results(struct answer *a, const struct request *q)
{
	size_t count = message_count(q), from = count;

	while (from > 0 && has_role(get_message(q, from - 1), "tool"))
		from--;
	for (size_t i = from; i < count; i++) {
		struct text result = {0}, text = {0};

		add_content(&result, get_message(q, i));
		text_printf(&text, "The result of %s is: %s ",
		    find_call_name(q, js_str(get_message(q, i), "tool_call_id")),
		    text_str(&result));
		answer_add(a, PART_TEXT, NULL, text.data);
		text_done(&text);
		text_done(&result);
	}
}

static char *
describe_messages(const struct request *q)
{
	struct text out = {0};

	text_add(&out, "", 0);
	for (size_t i = 0; i < message_count(q); i++) {
		text_printf(&out, "- %s: ", js_str(get_message(q, i), "role"));
		add_content(&out, get_message(q, i));
		text_puts(&out, "\n");
	}
	return out.data;
}

static void
serve_chat(const struct request *q, struct reply *r)
{
	struct rendering d = {.reply = r, .calls = NULL};
	struct json_object *delta, *usage;
	struct answer answer;
	char *context;

	if (!check_body(q, r))
		return;
	answer_init(&answer);
	answer_results(&answer, q);
	context = describe_messages(q);
	if (answer.count == 0)
		answer_script(&answer, &r->script, context);
	d.answer = &answer;
	d.model = js_str(q->body, "model");
	d.calls = json_object_new_array();
	make_id("chatcmpl-", d.id);
	delta = json_object_new_object();
	js_set(delta, "role", "assistant");
	js_set(delta, "content", "");
	reply_event(r, NULL, make_chunk(&d, delta, NULL));
	for (size_t i = 0; i < answer.count && !d.failed; i++)
		render_part(&d, &answer.parts[i]);
	usage = make_usage(q, d.words);
	if (!d.failed)
		finish(&d, q, usage);
	r->plain = make_plain(&d, usage);
	r->stream = json_object_get_boolean(member(q->body, "stream"));
	if (d.failed && !r->stream)
		reply_error(r, 500, 3000, "The model failed");
	json_object_put(usage);
	json_object_put(d.calls);
	text_done(&d.content);
	text_done(&d.reasoning);
	answer_done(&answer);
	free(context);
}

static void
serve_models(struct reply *r)
{
	static const char *const names[] = {"qwen3:8b", "llama3.2:3b", "nomic-embed-text"};
	struct json_object *body = json_object_new_object(), *data = json_object_new_array();

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		struct json_object *card = json_object_new_object();

		js_set(card, "id", names[i]);
		js_set(card, "object", "model");
		json_object_object_add(card, "created", json_object_new_int(1758000000));
		js_set(card, "owned_by", "library");
		json_object_array_add(data, card);
	}
	js_set(body, "object", "list");
	json_object_object_add(body, "data", data);
	reply_json(r, 200, body);
}

/* The last message of the user, unless results came behind it. */
void
chat_script(const struct request *q, struct script *script)
{
	struct text text = {0};

	if (!is_chat(q) || message_count(q) == 0)
		return;
	for (size_t i = message_count(q); i-- > 0;) {
		if (has_role(get_message(q, i), "tool"))
			break;
		if (!has_role(get_message(q, i), "user"))
			continue;
		add_content(&text, get_message(q, i));
		break;
	}
	script_parse(script, text_str(&text));
	text_done(&text);
}

bool
chat_serve(const struct request *q, struct reply *r)
{
	if (is_chat(q)) {
		if (strcmp(q->method, "POST") == 0)
			serve_chat(q, r);
		else
			reply_error(r, 405, 0, "Method Not Allowed");
		return true;
	}
	if (!options.openai || strcmp(q->path, "/v1/models") != 0)
		return false;
	serve_models(r);
	return true;
}
