/* SPDX-License-Identifier: GPL-3.0-or-later */

/*
 * Runs the scripts of tests/wire/, streams in and events out, and the tables of
 * tests/wire/ in JSON. A script is a text of lines:
 *
 *	# a comment
 *	SSE name {...}     an event of that name with this data
 *	DATA {...}         an event without a name
 *	PUSH "..."         bytes; escapes \n \r \t \\ \" \xHH
 *	anything else      an event of ours that must have come by now
 *
 * After the script has run, its bytes are pushed again, cut into two at each
 * place, and one by one: the events must be the same ones.
 */
#include "config.h"

#include <glob.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

#include <cmocka.h>
#include <json-c/json.h>

#include "backend/wire.h"
#include "base/buf.h"
#include "base/error.h"
#include "base/mem.h"
#include "base/path.h"
#include "base/utf8.h"
#include "net/sse.h"

#define COUNT(table) (sizeof(table) / sizeof((table)[0]))

static char *
data_path(const char *name)
{
	const char *folder = getenv("srcdir");

	return xasprintf("%s/wire/%s", folder == NULL ? "." : folder, name);
}

static void
read_data(const char *name, struct buf *text)
{
	struct error err = ERROR_NONE;
	char *path = data_path(name);

	buf_init(text, 0);
	if (!path_read(path, 4 << 20, text, &err)) {
		print_error("%s\n", err.text);
		fail();
	}
	free(path);
}

/* Events as lines. */

static void
put_escaped(struct buf *out, const char *bytes, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		unsigned char c = (unsigned char)bytes[i];

		if (c == '\n')
			buf_puts(out, "\\n");
		else if (c == '\t')
			buf_puts(out, "\\t");
		else if (c < 0x20 || c > 0x7e)
			buf_printf(out, "\\x%02x", c);
		else
			buf_putc(out, (char)c);
	}
}

static void
put_quoted(struct buf *out, const char *bytes, size_t len)
{
	buf_putc(out, '"');
	for (size_t i = 0; i < len; i++) {
		if (bytes[i] == '"' || bytes[i] == '\\')
			buf_putc(out, '\\');
		put_escaped(out, bytes + i, 1);
	}
	buf_putc(out, '"');
}

static void
put_field(struct buf *out, const char *name, const char *text)
{
	if (text == NULL)
		return;
	buf_printf(out, " %s=", name);
	put_escaped(out, text, strlen(text));
}

static void
put_place(struct buf *out, const struct event *event)
{
	put_field(out, "entry", event->entry_id);
	buf_printf(out, " output=%d", event->output_index);
	put_field(out, "agent", event->agent_id);
	put_field(out, "model", event->model);
}

static void
put_arguments(struct buf *out, const struct event *event)
{
	if (event->arguments == NULL)
		return;
	buf_puts(out, " arguments=");
	put_quoted(out, event->arguments, event->arguments_len);
}

static void
put_chunk(struct buf *out, const struct chunk *chunk)
{
	buf_printf(out, "%s ", chunk_type_name(chunk->type));
	put_quoted(out, chunk->text.data, chunk->text.len);
	put_field(out, "tool", chunk->tool);
	put_field(out, "title", chunk->title);
	put_field(out, "url", chunk->url);
	put_field(out, "favicon", chunk->favicon);
	put_field(out, "description", chunk->description);
	put_field(out, "file_id", chunk->file_id);
	put_field(out, "file_name", chunk->file_name);
	put_field(out, "file_type", chunk->file_type);
	put_field(out, "signature", chunk->signature);
	put_field(out, "raw", chunk->raw);
}

static const char *const stages[] = {"started", "delta", "done"};

static const char *const kinds[] = {[ERR_USAGE] = "usage",
    [ERR_NETWORK] = "network",
    [ERR_AUTH] = "auth",
    [ERR_BUSY] = "busy",
    [ERR_SERVER] = "server",
    [ERR_PROTOCOL] = "protocol"};

static void
put_usage(struct buf *out, const struct usage *usage)
{
	if (usage == NULL)
		return;
	buf_printf(out, " %lld+%lld=%lld", (long long)usage->prompt_tokens,
	    (long long)usage->completion_tokens, (long long)usage->total_tokens);
	if (usage->connector_tokens != 0 || usage->connectors != NULL)
		buf_printf(out, " connectors=%lld %s", (long long)usage->connector_tokens,
		    usage->connectors == NULL ? "" : usage->connectors);
}

static void
put_handoff(struct buf *out, const struct event *event)
{
	put_field(out, "previous", event->previous_agent_id);
	if (event->previous_agent_name != NULL)
		buf_printf(out, " %s", event->previous_agent_name);
	put_field(out, "next", event->next_agent_id);
	if (event->next_agent_name != NULL)
		buf_printf(out, " %s", event->next_agent_name);
}

static void
put_event(struct buf *out, const struct event *event)
{
	switch (event->type) {
	case EVENT_STARTED:
		buf_puts(out, "started");
		put_field(out, "conversation", event->conversation_id);
		break;
	case EVENT_CHUNK:
		buf_puts(out, "chunk");
		put_place(out, event);
		buf_printf(out, " content=%d ", event->chunk->index);
		put_chunk(out, event->chunk);
		break;
	case EVENT_TOOL:
		buf_printf(out, "tool %s", stages[event->stage]);
		put_place(out, event);
		put_field(out, "name", event->name);
		put_field(out, "function", event->function);
		put_arguments(out, event);
		put_field(out, "info", event->info);
		break;
	case EVENT_CALL:
		buf_puts(out, "call");
		put_place(out, event);
		put_field(out, "name", event->name);
		put_field(out, "call", event->tool_call_id);
		put_field(out, "confirmation", event->confirmation);
		put_arguments(out, event);
		break;
	case EVENT_HANDOFF:
		buf_printf(out, "handoff %s", stages[event->stage]);
		put_place(out, event);
		put_handoff(out, event);
		break;
	case EVENT_ENTRY:
		buf_printf(out, "entry output=%d ", event->output_index);
		wire_put_entry(out, event->entry);
		break;
	case EVENT_UNKNOWN:
		buf_printf(out, "unknown %s raw=", event->name);
		put_escaped(out, event->raw, event->raw_len);
		break;
	case EVENT_DONE:
		buf_puts(out, "done");
		put_usage(out, event->usage);
		break;
	case EVENT_FAILED:
		buf_printf(out, "failed %s: %s", kinds[event->error->kind], event->error->text);
		break;
	default:
		fail_msg("no turn has an event of type %d", event->type);
	}
	buf_putc(out, '\n');
}

/* Scripts. */

struct record {
	struct buf text;
	unsigned id;
	bool over;
};

static void
record_event(void *arg, const struct event *event)
{
	struct record *record = arg;

	assert_int_equal(event->id, record->id);
	put_event(&record->text, event);
}

/* What we would answer in the API's shape is read back as the same event. */
static void
check_round_trip(void *arg, const struct event *event)
{
	struct record first = {.text = BUF_EMPTY, .id = event->id}, second = first;
	struct buf json = BUF_EMPTY;

	(void)arg;
	/* What is unknown cannot be put, an error is put in other words, and usage always is. */
	if (event->type == EVENT_FAILED || event->type == EVENT_UNKNOWN ||
	    (event->type == EVENT_DONE && event->usage == NULL))
		return;
	/* An info or a raw that was NULL stays away; arguments always come. */
	if (event->type == EVENT_CALL || event->stage == STAGE_DELTA)
		assert_non_null(event->arguments);
	record_event(&first, event);
	wire_put_event(&json, event);
	assert_true(wire_is_json(json.data));
	wire_event(event->id, false, "x", json.data, json.len, record_event, &second, &second.over);
	assert_string_equal(first.text.data, second.text.data);
	buf_done(&json);
	buf_done(&first.text);
	buf_done(&second.text);
}

static bool
take_sse(void *arg, const char *name, const char *data, size_t len, struct error *err)
{
	struct record *record = arg;
	bool over = false;

	(void)err;
	wire_event(record->id, false, name, data, len, record_event, record, &over);
	wire_event(record->id, true, name, data, len, check_round_trip, NULL, &over);
	record->over = record->over || over;
	return true;
}

struct script {
	const char *path;
	struct buf all, expected;
};

static int
unescape_one(const char **text)
{
	static const char plain[] = "n\nr\rt\t\\\\\"\"";
	const char *at = strchr(plain, **text);
	unsigned value;

	if (**text == 'x') {
		assert_int_equal(sscanf(*text + 1, "%2x", &value), 1);
		*text += 3;
		return (int)value;
	}
	assert_true(at != NULL && **text != '\0' && (at - plain) % 2 == 0);
	(*text)++;
	return at[1];
}

static void
unquote(const char *text, struct buf *to)
{
	assert_int_equal(*text, '"');
	for (text++; *text != '"';) {
		assert_int_not_equal(*text, '\0');
		if (*text != '\\') {
			buf_putc(to, *text++);
			continue;
		}
		text++;
		buf_putc(to, (char)unescape_one(&text));
	}
	assert_int_equal(text[1], '\0');
}

static void
expect_same(const struct script *script, const struct record *record, const char *how, size_t cut)
{
	if (strcmp(script->expected.data, record->text.data) == 0)
		return;
	print_error("%s, %s %zu: expected\n%sgot\n%s", script->path, how, cut,
	    script->expected.data, record->text.data);
	fail();
}

static void
push(struct sse *sse, const char *bytes, size_t len)
{
	struct error err = ERROR_NONE;

	assert_true(sse_push(sse, bytes, len, &err));
}

/* The bytes of a line; false if it is an event expected. */
static bool
line_bytes(const char *line, struct buf *bytes)
{
	size_t name;

	if (strncmp(line, "SSE ", 4) == 0) {
		name = strcspn(line + 4, " ");
		buf_printf(
		    bytes, "event: %.*s\ndata: %s\n\n", (int)name, line + 4, line + 4 + name + 1);
	} else if (strncmp(line, "DATA ", 5) == 0) {
		buf_printf(bytes, "data: %s\n\n", line + 5);
	} else if (strncmp(line, "PUSH ", 5) == 0) {
		unquote(line + 5, bytes);
	} else {
		return false;
	}
	return true;
}

static void
run_lines(struct script *script, char *text)
{
	struct record record = {.text = BUF_EMPTY, .id = 7};
	struct sse *sse = sse_new(1 << 20, take_sse, &record);

	for (char *line = strtok(text, "\n"); line != NULL; line = strtok(NULL, "\n")) {
		struct buf bytes = BUF_EMPTY;

		if (*line == '#')
			continue;
		if (line_bytes(line, &bytes)) {
			expect_same(script, &record, "before", script->all.len);
			push(sse, bytes.data, bytes.len);
			buf_add(&script->all, bytes.data, bytes.len);
		} else {
			buf_printf(&script->expected, "%s\n", line);
		}
		buf_done(&bytes);
	}
	sse_end(sse);
	expect_same(script, &record, "at the end,", script->all.len);
	sse_free(sse);
	buf_done(&record.text);
}

static void
run_pieces(const struct script *script, size_t cut, size_t step)
{
	struct record record = {.text = BUF_EMPTY, .id = 7};
	struct sse *sse = sse_new(1 << 20, take_sse, &record);
	size_t len = script->all.len;

	for (size_t at = 0, piece; at < len; at += piece) {
		piece = step > 0 ? step : at == 0 && cut > 0 ? cut : len - at;
		if (piece > len - at)
			piece = len - at;
		push(sse, script->all.data + at, piece);
	}
	sse_end(sse);
	sse_free(sse);
	expect_same(script, &record, step > 0 ? "in steps of" : "cut at", step > 0 ? step : cut);
	buf_done(&record.text);
}

static void
run_script(const char *path)
{
	struct script script = {.path = path, .all = BUF_EMPTY, .expected = BUF_EMPTY};
	struct error err = ERROR_NONE;
	struct buf text = BUF_EMPTY;

	assert_true(path_read(path, 1 << 20, &text, &err));
	run_lines(&script, text.data);
	assert_true(script.expected.len > 0);
	for (size_t cut = 0; cut <= script.all.len; cut++)
		run_pieces(&script, cut, 0);
	run_pieces(&script, 0, 1);
	run_pieces(&script, 0, 3);
	buf_done(&text);
	buf_done(&script.all);
	buf_done(&script.expected);
}

static void
test_scripts(void **state)
{
	char *pattern = data_path("*.test");
	glob_t found;

	(void)state;
	assert_int_equal(glob(pattern, 0, NULL, &found), 0);
	assert_true(found.gl_pathc >= 10);
	for (size_t i = 0; i < found.gl_pathc; i++)
		run_script(found.gl_pathv[i]);
	globfree(&found);
	free(pattern);
}

/* The end, and the JSON behind an event. */

struct raws {
	int events, with_raw;
	const char *data;
};

static void
count_raw(void *arg, const struct event *event)
{
	struct raws *raws = arg;

	raws->events++;
	if (event->raw == NULL)
		return;
	raws->with_raw++;
	assert_ptr_equal(event->raw, raws->data);
	assert_int_equal(event->raw_len, strlen(raws->data));
}

static void
test_raw_and_over(void **state)
{
	static const struct {
		const char *data;
		int events;
		bool over;
	} cases[] = {
	    {"{\"type\":\"conversation.response.started\",\"conversation_id\":\"c\"}", 1, false},
	    {"{\"type\":\"message.output.delta\",\"content\":[\"a\",\"b\",\"c\"]}", 3, false},
	    {"{\"type\":\"message.output.delta\",\"content\":\"a\"}", 1, false},
	    {"{\"type\":\"new\"}", 1, false},
	    {"{\"type\":\"conversation.response.done\"}", 1, true},
	    {"{\"type\":\"conversation.response.error\"}", 1, true},
	    {"[DONE]", 0, false},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct raws raws = {.data = cases[i].data};
		bool over = false;

		wire_event(
		    1, true, "x", cases[i].data, strlen(cases[i].data), count_raw, &raws, &over);
		assert_int_equal(raws.events, cases[i].events);
		assert_int_equal(raws.with_raw, cases[i].events > 0);
		assert_int_equal(over, cases[i].over);
		raws = (struct raws){.data = cases[i].data};
		wire_event(
		    1, false, "x", cases[i].data, strlen(cases[i].data), count_raw, &raws, &over);
		/* Only what is not understood has it unasked. */
		assert_int_equal(raws.with_raw, strstr(cases[i].data, "new") != NULL);
	}
}

/* Helpers for JSON that is compared by its meaning. */

static struct json_object *
parse(const char *text)
{
	struct json_object *value = json_tokener_parse(text);

	if (value == NULL)
		print_error("no JSON: %s\n", text);
	assert_non_null(value);
	return value;
}

static void
expect_json(const char *what, struct json_object *expected, const char *got)
{
	struct json_object *value = parse(got);

	if (!json_object_equal(expected, value)) {
		print_error("%s: expected\n%s\ngot\n%s\n", what,
		    json_object_to_json_string_ext(expected, JSON_C_TO_STRING_PLAIN), got);
		fail();
	}
	json_object_put(value);
}

static const char *
member_text(struct json_object *object, const char *key)
{
	struct json_object *value = json_object_object_get(object, key);

	return value == NULL ? NULL : json_object_get_string(value);
}

/*
 * entries.json: a list of {"entry": JSON, "becomes": JSON if it is not the
 * same, "type": ..., "raw": whether it must be kept raw, "chunk_raws": how
 * many of its chunks are}.
 */
static void
check_entry(struct json_object *one)
{
	struct json_object *from = json_object_object_get(one, "entry");
	struct json_object *becomes = json_object_object_get(one, "becomes");
	const char *text = json_object_to_json_string_ext(from, JSON_C_TO_STRING_PLAIN);
	struct entry *entry = wire_read_entry(text, strlen(text)), *again, *copy;
	struct buf first = BUF_EMPTY, second = BUF_EMPTY, third = BUF_EMPTY;
	int raws = 0;

	assert_non_null(entry);
	assert_string_equal(entry_type_name(entry), member_text(one, "type"));
	assert_int_equal(
	    entry->raw != NULL, json_object_get_boolean(json_object_object_get(one, "raw")));
	for (size_t i = 0; i < entry->chunks.len; i++)
		raws += entry->chunks.items[i].raw != NULL;
	assert_int_equal(raws, json_object_get_int(json_object_object_get(one, "chunk_raws")));
	wire_put_entry(&first, entry);
	expect_json(text, becomes == NULL ? from : becomes, first.data);
	again = wire_read_entry(first.data, first.len);
	wire_put_entry(&second, again);
	assert_string_equal(first.data, second.data);
	copy = entry_copy(entry);
	wire_put_entry(&third, copy);
	assert_string_equal(first.data, third.data);
	entry_free(entry);
	entry_free(again);
	entry_free(copy);
	buf_done(&first);
	buf_done(&second);
	buf_done(&third);
}

static void
test_entries(void **state)
{
	struct json_object *list;
	struct buf text;

	(void)state;
	read_data("entries.json", &text);
	list = parse(text.data);
	assert_true(json_object_array_length(list) >= 20);
	for (size_t i = 0; i < json_object_array_length(list); i++)
		check_entry(json_object_array_get_idx(list, i));
	json_object_put(list);
	buf_done(&text);
}

static void
test_no_entry(void **state)
{
	static const char *const cases[] = {"", "null", "7", "\"x\"", "[]", "{", "{} {}"};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++)
		assert_null(wire_read_entry(cases[i], strlen(cases[i])));
}

/* The marks of what is not complete, in local answers and back. */
static void
test_states(void **state)
{
	static const enum entry_state states[] = {
	    ENTRY_UNSENT, ENTRY_SENDING, ENTRY_STREAMING, ENTRY_INTERRUPTED, ENTRY_COMPLETE};
	static const char *const names[] = {"unsent", "sending", "streaming", "interrupted", NULL};

	(void)state;
	for (size_t i = 0; i < COUNT(states); i++)
		for (int raw = 0; raw < 2; raw++) {
			struct entry *entry = entry_new_input("hi", 2), *again;
			struct buf json = BUF_EMPTY;
			char *mark;

			entry->state = states[i];
			entry->reason = xstrdup("No \"network\".");
			if (raw)
				entry->raw =
				    xstrdup("{\"type\":\"message.input\",\"role\":\"user\","
					    "\"content\":\"hi\",\"new\":1,"
					    "\"causerie_state\":\"sending\"}");
			wire_put_entry(&json, entry);
			mark = wire_get_string(json.data, "causerie_state");
			assert_int_equal(mark == NULL, names[i] == NULL);
			if (mark != NULL)
				assert_string_equal(mark, names[i]);
			again = wire_read_entry(json.data, json.len);
			assert_int_equal(again->state, states[i]);
			if (names[i] != NULL)
				assert_string_equal(again->reason, "No \"network\".");
			assert_int_equal(again->raw != NULL, raw);
			free(mark);
			entry_free(entry);
			entry_free(again);
			buf_done(&json);
		}
}

/*
 * turns.json: a list of {"name", "kind", members of struct turn as texts or
 * JSON, "inputs": entries, "path", and "body" or "error": a part of its text}.
 */
static const struct {
	const char *name;
	size_t offset;
} turn_fields[] = {
#define FIELD(name)                                \
	{                                          \
#name, offsetof(struct turn, name) \
	}
    FIELD(conversation_id),
    FIELD(from_entry_id),
    FIELD(handoff_execution),
    FIELD(completion_args),
    FIELD(tool_confirmations),
    FIELD(guardrails),
    FIELD(metadata),
    FIELD(agent_version),
    FIELD(agent_id),
    FIELD(model),
    FIELD(instructions),
    FIELD(tools),
    FIELD(name),
    FIELD(description),
#undef FIELD
};

static struct turn *
make_turn(struct json_object *from)
{
	const char *kind = member_text(from, "kind");
	struct json_object *inputs = json_object_object_get(from, "inputs");
	struct json_object *set = json_object_object_get(from, "set");
	struct turn *turn = turn_new(strcmp(kind, "start") == 0	   ? TURN_START
				     : strcmp(kind, "append") == 0 ? TURN_APPEND
								   : TURN_RESTART);

	for (size_t i = 0; i < COUNT(turn_fields); i++)
		if (member_text(set, turn_fields[i].name) != NULL)
			*(char **)(void *)((char *)turn + turn_fields[i].offset) =
			    xstrdup(member_text(set, turn_fields[i].name));
	turn->stream = json_object_get_boolean(json_object_object_get(from, "stream"));
	turn->no_store = json_object_get_boolean(json_object_object_get(from, "no_store"));
	for (size_t i = 0; inputs != NULL && i < json_object_array_length(inputs); i++) {
		const char *text = json_object_to_json_string_ext(
		    json_object_array_get_idx(inputs, i), JSON_C_TO_STRING_PLAIN);

		array_push(&turn->inputs, wire_read_entry(text, strlen(text)));
	}
	return turn;
}

static void
check_turn(struct json_object *from)
{
	struct turn *turn = make_turn(from);
	struct json_object *expected = json_object_object_get(from, "body");
	const char *wrong = member_text(from, "error"), *where = member_text(from, "path");
	struct error err = ERROR_NONE;
	struct buf body = BUF_EMPTY;
	char *path;

	if (where != NULL) {
		path = wire_turn_path(turn);
		assert_string_equal(path, where);
		free(path);
	}
	if (wire_turn_body(turn, &body, &err) != (wrong == NULL)) {
		print_error(
		    "%s: %s\n", member_text(from, "name"), wrong == NULL ? err.text : body.data);
		fail();
	}
	if (wrong == NULL) {
		expect_json(member_text(from, "name"), expected, body.data);
		assert_true(wire_is_object(body.data));
	} else {
		assert_int_equal(err.kind, ERR_USAGE);
		if (strstr(err.text, wrong) == NULL)
			print_error("%s: %s\n", member_text(from, "name"), err.text);
		assert_non_null(strstr(err.text, wrong));
	}
	error_done(&err);
	buf_done(&body);
	turn_free(turn);
}

static void
test_turns(void **state)
{
	struct json_object *list;
	struct buf text;

	(void)state;
	read_data("turns.json", &text);
	list = parse(text.data);
	assert_true(json_object_array_length(list) >= 20);
	for (size_t i = 0; i < json_object_array_length(list); i++)
		check_turn(json_object_array_get_idx(list, i));
	json_object_put(list);
	buf_done(&text);
}

/* A plain prompt keeps every byte, and bytes that are no UTF-8 never go out. */
static void
test_prompt_bytes(void **state)
{
	static const struct {
		const char *bytes;
		size_t len;
		const char *json;
	} cases[] = {
	    {"a\0b", 3, "{\"inputs\":\"a\\u0000b\","},
	    {"a\xff", 2, "{\"inputs\":\"a\xef\xbf\xbd\","},
	    {"\"\\\n\x1b", 4, "{\"inputs\":\"\\\"\\\\\\n\\u001b\","},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct turn *turn = turn_new(TURN_START);
		struct error err = ERROR_NONE;
		struct buf body = BUF_EMPTY;

		turn->model = xstrdup("m");
		array_push(&turn->inputs, entry_new_input(cases[i].bytes, cases[i].len));
		assert_true(wire_turn_body(turn, &body, &err));
		assert_memory_equal(body.data, cases[i].json, strlen(cases[i].json));
		buf_done(&body);
		turn_free(turn);
	}
}

/* Questions. */

static void
test_question_paths(void **state)
{
	static const struct {
		enum question_kind kind;
		const char *id, *metadata, *token, *version;
		int page, page_size;
		const char *method, *path;
	} cases[] = {
	    {ASK_LIST, NULL, NULL, NULL, NULL, 0, 100, "GET",
		"/v1/conversations?page=0&page_size=100"},
	    {ASK_LIST, NULL, "{\"client\":\"demo\"}", NULL, NULL, 2, 7, "GET",
		"/v1/conversations?page=2&page_size=7&metadata=%7B%22client%22%3A%22demo%22%7D"},
	    {ASK_GET, "conv_1", NULL, NULL, NULL, 0, 0, "GET", "/v1/conversations/conv_1"},
	    {ASK_GET, "a/b c?d", NULL, NULL, NULL, 0, 0, "GET", "/v1/conversations/a%2Fb%20c%3Fd"},
	    {ASK_HISTORY, "conv_1", NULL, NULL, NULL, 0, 0, "GET",
		"/v1/conversations/conv_1/history"},
	    {ASK_MESSAGES, "conv_1", NULL, NULL, NULL, 0, 0, "GET",
		"/v1/conversations/conv_1/messages"},
	    {ASK_DELETE, "conv_1", NULL, NULL, NULL, 0, 0, "DELETE", "/v1/conversations/conv_1"},
	    {ASK_AGENTS, NULL, NULL, NULL, NULL, 0, 20, "GET", "/v1/agents/pages?page_size=20"},
	    {ASK_AGENTS, NULL, NULL, "a=b&c", NULL, 0, 5000, "GET",
		"/v1/agents/pages?page_size=1000&page_token=a%3Db%26c"},
	    {ASK_AGENT, "ag_1", NULL, NULL, NULL, 0, 0, "GET", "/v1/agents/ag_1"},
	    {ASK_AGENT, "ag_1", NULL, NULL, "pro duction", 0, 0, "GET",
		"/v1/agents/ag_1?agent_version=pro%20duction"},
	    {ASK_MODELS, NULL, NULL, NULL, NULL, 0, 0, "GET", "/v1/models"},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct question question = {.kind = cases[i].kind,
		    .conversation_id = (char *)cases[i].id,
		    .agent_id = (char *)cases[i].id,
		    .page = cases[i].page,
		    .page_size = cases[i].page_size,
		    .metadata = (char *)cases[i].metadata,
		    .page_token = (char *)cases[i].token,
		    .agent_version = (char *)cases[i].version};
		const char *method = NULL;
		char *path = wire_question_path(&question, &method);

		assert_string_equal(path, cases[i].path);
		assert_string_equal(method, cases[i].method);
		free(path);
	}
}

static void
put_agent(struct buf *out, const struct agent *agent)
{
	buf_printf(out, "%s %s", agent->origin == AGENT_SERVER ? "agent" : "model", agent->name);
	put_field(out, "id", agent->agent_id);
	put_field(out, "version", agent->agent_version);
	put_field(out, "versions", agent->versions);
	put_field(out, "model", agent->model);
	put_field(out, "description", agent->description);
	put_field(out, "instructions", agent->instructions);
	put_field(out, "tools", agent->tools);
	put_field(out, "args", agent->completion_args);
	put_field(out, "guardrails", agent->guardrails);
	if (agent->context_length > 0)
		buf_printf(out, " context=%d", agent->context_length);
	buf_printf(out, "%s\n", agent->chat ? "" : " mute");
	assert_true(wire_is_object(agent->raw));
}

static void
record_answer(void *arg, const struct event *event)
{
	struct buf *out = arg;

	assert_int_equal(event->id, 9);
	buf_printf(out, "%d", (int)event->type);
	put_field(out, "conversation", event->conversation_id);
	put_field(out, "token", event->page_token);
	buf_puts(out, event->more ? " more\n" : "\n");
	for (size_t i = 0; i < event->conversation_count; i++) {
		wire_put_conversation(out, event->conversations[i]);
		buf_putc(out, '\n');
	}
	for (size_t i = 0; i < event->entry_count; i++) {
		wire_put_entry(out, event->entries[i]);
		buf_putc(out, '\n');
	}
	for (size_t i = 0; i < event->agent_count; i++)
		put_agent(out, event->agents[i]);
}

/* answers.json: a list of {"kind", "body", "event": the lines of record_answer() or null}. */
static void
test_answers(void **state)
{
	static const char *const kind_names[] = {[ASK_LIST] = "list",
	    [ASK_GET] = "get",
	    [ASK_HISTORY] = "history",
	    [ASK_MESSAGES] = "messages",
	    [ASK_DELETE] = "delete",
	    [ASK_AGENTS] = "agents",
	    [ASK_AGENT] = "agent",
	    [ASK_MODELS] = "models"};
	struct json_object *list;
	struct buf text;

	(void)state;
	read_data("answers.json", &text);
	list = parse(text.data);
	assert_true(json_object_array_length(list) >= 10);
	for (size_t i = 0; i < json_object_array_length(list); i++) {
		struct json_object *one = json_object_array_get_idx(list, i);
		const char *body = member_text(one, "body"), *event = member_text(one, "event");
		struct question question = {.id = 9,
		    .conversation_id = (char *)"conv_asked",
		    .agent_version = (char *)"production",
		    .page_size = 2};
		struct error err = ERROR_NONE;
		struct buf out = BUF_EMPTY;
		bool understood;

		while (strcmp(kind_names[question.kind], member_text(one, "kind")) != 0)
			question.kind++;
		understood = wire_answer(&question, body, strlen(body), record_answer, &out, &err);
		assert_int_equal(understood, event != NULL);
		assert_string_equal(out.data, event == NULL ? "" : event);
		assert_int_equal(err.kind, understood ? ERR_NONE : ERR_PROTOCOL);
		error_done(&err);
		buf_done(&out);
	}
	json_object_put(list);
	buf_done(&text);
}

static void
test_answer_raw(void **state)
{
	static const char body[] = "[ {\"id\":\"conv_1\",\"new\":1.50} ]";
	struct question question = {.kind = ASK_LIST, .page_size = 100, .want_raw = true};
	struct error err = ERROR_NONE;
	struct raws raws = {.data = body};

	(void)state;
	assert_true(wire_answer(&question, body, strlen(body), count_raw, &raws, &err));
	assert_int_equal(raws.with_raw, 1);
}

/* Whole answers. */

static void
test_responses(void **state)
{
	static const char body[] =
	    "{\"object\":\"conversation.response\",\"conversation_id\":\"conv_1\",\"outputs\":["
	    "{\"object\":\"entry\",\"type\":\"message.output\",\"id\":\"msg_1\",\"role\":"
	    "\"assistant\",\"content\":\"10\"},5,null,"
	    "{\"type\":\"function.call\",\"id\":\"fc_1\",\"tool_call_id\":\"x\",\"name\":\"f\","
	    "\"arguments\":\"{}\"}],"
	    "\"usage\":{\"prompt_tokens\":16,\"completion_tokens\":3,\"total_tokens\":19},"
	    "\"guardrails\":null}";
	struct record record = {.text = BUF_EMPTY, .id = 3};
	struct error err = ERROR_NONE;
	struct raws raws = {.data = body};

	(void)state;
	assert_true(wire_response(3, false, body, strlen(body), record_event, &record, &err));
	assert_string_equal(record.text.data,
	    "started conversation=conv_1\n"
	    "entry output=0 {\"object\":\"entry\",\"type\":\"message.output\",\"id\":\"msg_1\","
	    "\"role\":\"assistant\",\"content\":\"10\"}\n"
	    "entry output=3 {\"object\":\"entry\",\"type\":\"function.call\",\"id\":\"fc_1\","
	    "\"name\":\"f\",\"tool_call_id\":\"x\",\"arguments\":\"{}\"}\n"
	    "done 16+3=19\n");
	buf_done(&record.text);
	assert_true(wire_response(3, true, body, strlen(body), count_raw, &raws, &err));
	assert_int_equal(raws.events, 4);
	assert_int_equal(raws.with_raw, 1);
}

static void
test_no_response(void **state)
{
	static const char *const cases[] = {"", "{}", "[]", "null", "{\"outputs\":5}",
	    "{\"object\":\"conversation.response\",\"conversation_id\":\"c\"}", "<html></html>"};
	struct raws raws = {.data = ""};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct error err = ERROR_NONE;

		assert_false(
		    wire_response(1, false, cases[i], strlen(cases[i]), count_raw, &raws, &err));
		assert_int_equal(err.kind, ERR_PROTOCOL);
		assert_true(err.text[0] != '\0');
		error_done(&err);
	}
	assert_int_equal(raws.events, 0);
}

static void
test_put_answers(void **state)
{
	struct entry *entries[3] = {entry_new_input("hi", 2), entry_new(ENTRY_TOOL_EXECUTION),
	    entry_new(ENTRY_MESSAGE_OUTPUT)};
	struct usage usage = {.prompt_tokens = 1, .completion_tokens = 2, .total_tokens = 3};
	struct conversation *conversation = conversation_new();
	struct buf out = BUF_EMPTY;
	static const char input[] = "{\"object\":\"entry\",\"type\":\"message.input\",\"role\":"
				    "\"user\",\"content\":\"hi\",\"prefix\":false}";
	static const char tool[] = "{\"object\":\"entry\",\"type\":\"tool.execution\",\"name\":"
				   "\"web_search\",\"arguments\":\"\"}";
	static const char output[] = "{\"object\":\"entry\",\"type\":\"message.output\",\"role\":"
				     "\"assistant\",\"content\":\"\"}";
	char *expected;

	(void)state;
	entries[1]->name = xstrdup("web_search");
	wire_put_history(&out, "conv_1", entries, 3);
	expected = xasprintf("{\"object\":\"conversation.history\",\"conversation_id\":\"conv_1\","
			     "\"entries\":[%s,%s,%s]}",
	    input, tool, output);
	assert_string_equal(out.data, expected);
	free(expected);
	buf_clear(&out);
	wire_put_messages(&out, "conv_1", entries, 3);
	expected = xasprintf("{\"object\":\"conversation.messages\",\"conversation_id\":\"conv_1\","
			     "\"messages\":[%s,%s]}",
	    input, output);
	assert_string_equal(out.data, expected);
	free(expected);
	buf_clear(&out);
	wire_put_response(&out, "conv_1", entries + 2, 1, &usage);
	expected = xasprintf(
	    "{\"object\":\"conversation.response\",\"conversation_id\":\"conv_1\",\"outputs\":[%s],"
	    "\"usage\":{\"prompt_tokens\":1,\"completion_tokens\":2,\"total_tokens\":3},"
	    "\"guardrails\":null}",
	    output);
	assert_string_equal(out.data, expected);
	free(expected);
	buf_clear(&out);
	conversation->id = xstrdup("conv_1");
	conversation->agent_id = xstrdup("ag_1");
	conversation->agent_version = xstrdup("12");
	conversation->name = xstrdup("N");
	conversation->raw =
	    xstrdup("{\"id\":\"old\",\"name\":\"old\",\"agent_version\":3,\"new\":[1]}");
	wire_put_conversations(&out, &conversation, 1);
	assert_string_equal(out.data,
	    "[{\"object\":\"conversation\",\"id\":\"conv_1\",\"name\":\"N\","
	    "\"agent_id\":\"ag_1\",\"agent_version\":12,\"new\":[1]}]");
	buf_clear(&out);
	wire_put_conversations(&out, NULL, 0);
	assert_string_equal(out.data, "[]");
	for (size_t i = 0; i < 3; i++)
		entry_free(entries[i]);
	conversation_free(conversation);
	buf_done(&out);
}

/* completion_args. */

static void
test_completion_args(void **state)
{
	static const struct {
		const char *json;
		const char *wrong; /* a part of the error; NULL: it is right */
	} cases[] = {
	    {"{}", NULL},
	    {" {\"temperature\": 0} ", NULL},
	    {"{\"temperature\":1}", NULL},
	    {"{\"temperature\":1.0001}", "\"temperature\" must be a number from 0 to 1."},
	    {"{\"temperature\":-0.1}", "from 0 to 1"},
	    {"{\"temperature\":\"0.5\"}", "from 0 to 1"},
	    {"{\"temperature\":null}", NULL},
	    {"{\"temperature\":NaN}", "JSON object"},
	    {"{\"temperature\":1e400}", "from 0 to 1"},
	    {"{\"top_p\":0.9}", NULL},
	    {"{\"top_p\":2}", "\"top_p\""},
	    {"{\"presence_penalty\":-2,\"frequency_penalty\":2}", NULL},
	    {"{\"presence_penalty\":-2.5}", "from -2 to 2"},
	    {"{\"frequency_penalty\":[]}", "from -2 to 2"},
	    {"{\"max_tokens\":0,\"random_seed\":42}", NULL},
	    {"{\"max_tokens\":-1}", "whole number"},
	    {"{\"max_tokens\":1.5}", "whole number"},
	    {"{\"random_seed\":true}", "whole number"},
	    {"{\"stop\":\"x\"}", NULL},
	    {"{\"stop\":[\"x\",\"y\"]}", NULL},
	    {"{\"stop\":[]}", NULL},
	    {"{\"stop\":[1]}", "list of texts"},
	    {"{\"stop\":7}", "list of texts"},
	    {"{\"stop\":null}", NULL},
	    {"{\"prediction\":{\"type\":\"content\",\"content\":\"x\"}}", NULL},
	    {"{\"prediction\":{\"content\":\"x\"}}", NULL},
	    {"{\"prediction\":{\"content\":5}}", "\"prediction\""},
	    {"{\"prediction\":{\"type\":\"other\"}}", "\"prediction\""},
	    {"{\"prediction\":{\"more\":1}}", "\"prediction\""},
	    {"{\"prediction\":\"x\"}", "\"prediction\""},
	    {"{\"response_format\":{\"type\":\"text\"}}", NULL},
	    {"{\"response_format\":{\"type\":\"json_object\"}}", NULL},
	    {"{\"response_format\":{\"type\":\"xml\"}}", "\"response_format\""},
	    {"{\"response_format\":{\"type\":5}}", "\"response_format\""},
	    {"{\"response_format\":{\"kind\":1}}", "\"response_format\""},
	    {"{\"response_format\":\"text\"}", "\"response_format\""},
	    {"{\"response_format\":{\"type\":\"json_schema\"}}", "needs a \"json_schema\""},
	    {"{\"response_format\":{\"type\":\"json_schema\",\"json_schema\":{\"name\":\"n\","
	     "\"schema\":{\"type\":\"object\"},\"strict\":true,\"description\":null}}}",
		NULL},
	    {"{\"response_format\":{\"type\":\"json_schema\",\"json_schema\":{\"name\":\"n\"}}}",
		"needs a \"json_schema\""},
	    {"{\"response_format\":{\"type\":\"json_schema\",\"json_schema\":{\"name\":\"n\","
	     "\"schema\":{},\"strict\":\"yes\"}}}",
		"needs a \"json_schema\""},
	    {"{\"tool_choice\":\"auto\"}", NULL},
	    {"{\"tool_choice\":\"any\"}", NULL},
	    {"{\"tool_choice\":\"weather\"}", "must be one of: auto, none, any, required."},
	    {"{\"tool_choice\":null}", "must be one of"},
	    {"{\"reasoning_effort\":\"xhigh\"}", NULL},
	    {"{\"reasoning_effort\":null}", NULL},
	    {"{\"reasoning_effort\":\"most\"}", "must be one of: none, minimal,"},
	    {"{\"top_k\":5}", "There is no completion argument \"top_k\"; there are: stop,"},
	    {"{\"seed\":5}", "\"seed\""},
	    {"{\"seed\":null}", "\"seed\""},
	    {"[]", "must be a JSON object"},
	    {"", "must be a JSON object"},
	    {"{", "must be a JSON object"},
	    {"{} {}", "must be a JSON object"},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct error err = ERROR_NONE;
		bool good = wire_check_completion_args(cases[i].json, &err);

		if (good != (cases[i].wrong == NULL) ||
		    (!good && strstr(err.text, cases[i].wrong) == NULL)) {
			print_error("%s: %s\n", cases[i].json, good ? "taken" : err.text);
			fail();
		}
		assert_int_equal(err.kind, good ? ERR_NONE : ERR_USAGE);
		error_done(&err);
	}
}

/* Errors: errors.json is a list of {"status", "body", "id", "wait", "kind", "text", "after"}. */
static void
test_errors(void **state)
{
	struct json_object *list;
	struct buf text;

	(void)state;
	read_data("errors.json", &text);
	list = parse(text.data);
	assert_true(json_object_array_length(list) >= 20);
	for (size_t i = 0; i < json_object_array_length(list); i++) {
		struct json_object *one = json_object_array_get_idx(list, i), *wait;
		const char *body = member_text(one, "body");
		struct error err = ERROR_NONE;
		int status = json_object_get_int(json_object_object_get(one, "status"));

		wait = json_object_object_get(one, "wait");
		wire_error(status, body, strlen(body), member_text(one, "id"),
		    wait == NULL ? -1 : json_object_get_int(wait), "api.example", &err);
		assert_string_equal(err.text, member_text(one, "text"));
		assert_string_equal(kinds[err.kind], member_text(one, "kind"));
		assert_int_equal(err.status, status);
		assert_int_equal(
		    err.retry_after, json_object_get_int(json_object_object_get(one, "after")));
		error_done(&err);
	}
	json_object_put(list);
	buf_done(&text);
}

static void
test_long_errors(void **state)
{
	struct buf body = BUF_EMPTY;
	struct error err = ERROR_NONE;

	(void)state;
	for (int i = 0; i < 100000; i++)
		buf_puts(&body, "é\x1b");
	wire_error(500, body.data, body.len, NULL, -1, "h", &err);
	assert_true(strlen(err.text) < 1000);
	assert_true(utf8_valid(err.text, strlen(err.text)));
	assert_null(strchr(err.text, '\x1b'));
	assert_non_null(strstr(err.text, "…"));
	error_done(&err);
	wire_error(500, NULL, 0, NULL, -1, "h", &err);
	assert_string_equal(err.text, "h failed (500): it gave no reason.");
	error_done(&err);
	buf_done(&body);
}

/* JSON itself. */

static void
test_is_json(void **state)
{
	static const struct {
		const char *text;
		bool json, object, list;
	} cases[] = {
	    {"{}", true, true, false},
	    {" { \"a\" : [ 1 , 2 ] } ", true, true, false},
	    {"[]", true, false, true},
	    {"\n[{}]\n", true, false, true},
	    {"0", true, false, false},
	    {"-0.5e+10", true, false, false},
	    {"true", true, false, false},
	    {"null", true, false, false},
	    {"\"\\u00e9\\n\"", true, false, false},
	    {"", false, false, false},
	    {" ", false, false, false},
	    {"text", false, false, false},
	    {"01", false, false, false},
	    {"1.", false, false, false},
	    {".5", false, false, false},
	    {"1e", false, false, false},
	    {"+1", false, false, false},
	    {"-", false, false, false},
	    {"NaN", false, false, false},
	    {"Infinity", false, false, false},
	    {"truex", false, false, false},
	    {"'a'", false, false, false},
	    {"\"a", false, false, false},
	    {"\"a\tb\"", false, false, false},
	    {"\"\\x\"", false, false, false},
	    {"\"\\u12g4\"", false, false, false},
	    {"{\"a\":1,}", false, false, false},
	    {"{a:1}", false, false, false},
	    {"{\"a\" 1}", false, false, false},
	    {"[1,]", false, false, false},
	    {"[1 2]", false, false, false},
	    {"{} {}", false, false, false},
	    {"{}//x", false, false, false},
	    {"[", false, false, false},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		if (wire_is_json(cases[i].text) != cases[i].json)
			print_error("%s\n", cases[i].text);
		assert_int_equal(wire_is_json(cases[i].text), cases[i].json);
		assert_int_equal(wire_is_object(cases[i].text), cases[i].object);
		assert_int_equal(wire_is_list(cases[i].text), cases[i].list);
	}
}

static void
test_rewriting(void **state)
{
	static const struct {
		const char *text, *pretty, *line;
	} cases[] = {
	    {"{\"a\":[1,{\"b\":null}],\"c\":{},\"d\":[]}",
		"{\n  \"a\": [\n    1,\n    {\n      \"b\": null\n    }\n  ],\n  \"c\": {},\n  "
		"\"d\": "
		"[]\n}",
		"{\"a\":[1,{\"b\":null}],\"c\":{},\"d\":[]}"},
	    {" [ 1.50 , 99999999999999999999999 , 1E5 ] ",
		"[\n  1.50,\n  99999999999999999999999,\n  1E5\n]",
		"[1.50,99999999999999999999999,1E5]"},
	    {"{\"a\":1,\"a\":2}", "{\n  \"a\": 1,\n  \"a\": 2\n}", "{\"a\":1,\"a\":2}"},
	    {"[ ]", "[]", "[]"},
	    {"{ }", "{}", "{}"},
	    {"\"\\u00e9\\/ é😀\"", "\"\\u00e9\\/ é😀\"", "\"\\u00e9\\/ é😀\""},
	    /* What a terminal would obey or hide, in a form that is the same value. */
	    {"\"\x1b[31m\x7f\xc2\x9b\xe2\x80\xae\xf3\xa0\x81\x81\"",
		"\"\\u001b[31m\\u007f\\u009b\\u202e\\udb40\\udc41\"",
		"\"\\u001b[31m\\u007f\\u009b\\u202e\\udb40\\udc41\""},
	    {"[1", "[1", "\"[1\""},
	    {"no \x1b json\xff", "no \x1b json\xff", "\"no \\u001b json\xef\xbf\xbd\""},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct buf out = BUF_EMPTY;

		buf_puts(&out, ">");
		wire_pretty(&out, cases[i].text, strlen(cases[i].text));
		assert_string_equal(out.data + 1, cases[i].pretty);
		buf_truncate(&out, 1);
		wire_line(&out, cases[i].text, strlen(cases[i].text));
		assert_string_equal(out.data + 1, cases[i].line);
		buf_done(&out);
	}
}

static void
test_members(void **state)
{
	static const struct {
		const char *object, *key, *value, *result;
	} cases[] = {
	    {NULL, "a", "1", "{\"a\":1}"},
	    {"{}", "a", "x y", "{\"a\":\"x y\"}"},
	    {"{\"a\":1,\"b\":2.50}", "a", "{\"c\":[]}", "{\"b\":2.50,\"a\":{\"c\":[]}}"},
	    {"{\"a\":1}", "b", "NaN", "{\"a\":1,\"b\":\"NaN\"}"},
	    {"{\"a\":1}", "b", "", "{\"a\":1,\"b\":\"\"}"},
	    {"{\"a\":1,\"b\":null}", "a", NULL, "{\"b\":null}"},
	    {"[1]", "a", "true", "{\"a\":true}"},
	    {"nonsense", "a\"b", "2", "{\"a\\\"b\":2}"},
	};
	char *text;

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		text = wire_set(cases[i].object, cases[i].key, cases[i].value);
		assert_string_equal(text, cases[i].result);
		free(text);
	}
	text = wire_get_string("{\"a\":\"x\\u0000y\",\"b\":1}", "a");
	assert_string_equal(text, "x\xef\xbf\xbdy");
	free(text);
	assert_null(wire_get_string("{\"a\":\"x\",\"b\":1}", "b"));
	assert_null(wire_get_string("{\"a\":\"x\"}", "c"));
	assert_null(wire_get_string("[\"a\"]", "a"));
	assert_null(wire_get_string("", "a"));
}

static void
test_join_pages(void **state)
{
	static const struct {
		const char *first, *second, *whole;
	} cases[] = {
	    {"{\"object\":\"list\",\"data\":[{\"n\":1.50}],\"next_page_token\":\"a\",\"x\":1}",
		"{\"data\":[{\"n\":2,\"new\":[null]}],\"next_page_token\":null,\"y\":[2]}",
		"{\"object\":\"list\",\"data\":[{\"n\":1.50},{\"n\":2,\"new\":[null]}],"
		"\"next_page_token\":null,\"x\":1,\"y\":[2]}"},
	    {"{\"data\":[]}", "{\"data\":[]}", "{\"data\":[]}"},
	    {"{\"data\":[1]}", "{\"data\":{}}", NULL},
	    {"[1]", "{\"data\":[2]}", NULL},
	    {"", "nonsense", NULL},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		char *whole = wire_join_pages(cases[i].first, cases[i].second);

		if (cases[i].whole == NULL)
			assert_null(whole);
		else
			assert_string_equal(whole, cases[i].whole);
		free(whole);
	}
}

/* Hostile input. */

static void
swallow(void *arg, const struct event *event)
{
	struct buf out = BUF_EMPTY;

	(void)arg;
	if (event->type < EVENT_CONVERSATIONS)
		wire_put_event(&out, event);
	for (size_t i = 0; i < event->entry_count; i++)
		wire_put_entry(&out, event->entries[i]);
	wire_put_conversations(&out, event->conversations, event->conversation_count);
	assert_true(utf8_valid(out.data, out.len));
	buf_done(&out);
}

/* Everything that reads, on the same bytes. */
static void
read_all_ways(const char *bytes, size_t len)
{
	struct error err = ERROR_NONE;
	struct buf out = BUF_EMPTY, text = BUF_EMPTY;
	struct entry *entry;
	bool over;

	utf8_repair_all(bytes, len, &text);
	wire_event(1, true, "message.output.delta", text.data, text.len, swallow, NULL, &over);
	wire_response(1, true, text.data, text.len, swallow, NULL, &err);
	for (int kind = ASK_LIST; kind <= ASK_MODELS; kind++) {
		struct question question = {.kind = (enum question_kind)kind};

		wire_answer(&question, text.data, text.len, swallow, NULL, &err);
	}
	wire_error(422, text.data, text.len, "id", 5, "h", &err);
	entry = wire_read_entry(text.data, text.len);
	if (entry != NULL)
		wire_put_entry(&out, entry);
	entry_free(entry);
	wire_pretty(&out, text.data, text.len);
	wire_line(&out, text.data, text.len);
	if (strlen(text.data) == text.len)
		wire_check_completion_args(text.data, &err);
	error_done(&err);
	buf_done(&out);
	buf_done(&text);
}

static const char *const corpus[] = {"entries.json", "answers.json", "errors.json", "text.test",
    "tools.test", "types.test", "thinking.test", "encoding.test"};

/* A small generator, so that every run is the same. */
static unsigned
next_number(unsigned *state)
{
	*state = *state * 1103515245u + 12345u;
	return *state >> 8;
}

static void
mutate(char *bytes, size_t len, unsigned *seed)
{
	static const char nasty[] = "{}[]\",:\\u0000\x1b\xff\xc3\0019e-.tfn";
	unsigned count = 1 + next_number(seed) % 4;

	while (count-- > 0)
		bytes[next_number(seed) % len] = nasty[next_number(seed) % (sizeof(nasty) - 1)];
}

/* Each JSON text that stands on a line of the file, or is a member of its list. */
static void
for_each_text(const char *name, void (*fn)(const char *, size_t))
{
	struct buf text;

	read_data(name, &text);
	if (text.data[0] == '[') {
		struct json_object *list = parse(text.data);

		for (size_t i = 0; i < json_object_array_length(list); i++) {
			struct json_object *one = json_object_array_get_idx(list, i);
			struct json_object *entry = json_object_object_get(one, "entry");
			const char *body = entry != NULL ? json_object_to_json_string(entry)
							 : member_text(one, "body");

			fn(body, strlen(body));
		}
		json_object_put(list);
	} else {
		for (char *line = strtok(text.data, "\n"); line != NULL;
		     line = strtok(NULL, "\n")) {
			const char *json = strchr(line, '{');

			if (json != NULL)
				fn(json, strlen(json));
		}
	}
	buf_done(&text);
}

static void
read_mutants(const char *bytes, size_t len)
{
	unsigned seed = (unsigned)len;
	char *copy = malloc(len + 1);

	for (int i = 0; i < 20 && len > 0; i++) {
		memcpy(copy, bytes, len);
		mutate(copy, len, &seed);
		read_all_ways(copy, len);
	}
	free(copy);
}

static void
read_prefixes(const char *bytes, size_t len)
{
	for (size_t i = 0; i <= len; i += 1 + len / 60)
		read_all_ways(bytes, i);
	read_all_ways(bytes, len);
}

static void
test_hostile(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(corpus); i++) {
		for_each_text(corpus[i], read_mutants);
		for_each_text(corpus[i], read_prefixes);
	}
}

static void
put_nested(struct buf *out, size_t depth)
{
	for (size_t i = 0; i < depth; i++)
		buf_puts(out, i % 2 == 0 ? "[" : "{\"a\":");
	buf_puts(out, "1");
	for (size_t i = depth; i > 0; i--)
		buf_putc(out, (i - 1) % 2 == 0 ? ']' : '}');
}

static void
test_depth(void **state)
{
	static const struct {
		size_t depth;
		bool read;
	} cases[] = {{10, true}, {200, true}, {250, true}, {300, false}, {100000, false}};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct buf json = BUF_EMPTY, event = BUF_EMPTY;
		struct record record = {.text = BUF_EMPTY, .id = 1};

		put_nested(&json, cases[i].depth);
		assert_int_equal(wire_is_json(json.data), cases[i].read);
		read_all_ways(json.data, json.len);
		buf_printf(&event,
		    "{\"type\":\"message.output.delta\",\"id\":\"m\",\"content\":{\"type\":"
		    "\"new\",\"x\":%s}}",
		    json.data);
		wire_event(
		    1, false, "x", event.data, event.len, record_event, &record, &record.over);
		assert_int_equal(strncmp(record.text.data, "chunk ", 6) == 0, cases[i].read);
		assert_int_equal(strncmp(record.text.data, "unknown ", 8) == 0, !cases[i].read);
		buf_done(&record.text);
		buf_done(&event);
		buf_done(&json);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_scripts),
	    cmocka_unit_test(test_raw_and_over),
	    cmocka_unit_test(test_entries),
	    cmocka_unit_test(test_no_entry),
	    cmocka_unit_test(test_states),
	    cmocka_unit_test(test_turns),
	    cmocka_unit_test(test_prompt_bytes),
	    cmocka_unit_test(test_question_paths),
	    cmocka_unit_test(test_answers),
	    cmocka_unit_test(test_answer_raw),
	    cmocka_unit_test(test_responses),
	    cmocka_unit_test(test_no_response),
	    cmocka_unit_test(test_put_answers),
	    cmocka_unit_test(test_completion_args),
	    cmocka_unit_test(test_errors),
	    cmocka_unit_test(test_long_errors),
	    cmocka_unit_test(test_is_json),
	    cmocka_unit_test(test_rewriting),
	    cmocka_unit_test(test_members),
	    cmocka_unit_test(test_join_pages),
	    cmocka_unit_test(test_hostile),
	    cmocka_unit_test(test_depth),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
