/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include "fake.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char markdown[] = "# A heading\n"
			       "\n"
			       "Some *emphasised*, **strong** and ~~deleted~~ words, `code`, and a "
			       "[link](https://example.org/page).\n"
			       "\n"
			       "- one\n"
			       "- two\n"
			       "  1. inner\n"
			       "  2. list\n"
			       "\n"
			       "> A quotation that is long enough to be wrapped when the screen is "
			       "narrower than eighty columns.\n"
			       "\n"
			       "```c\n"
			       "int\n"
			       "main(void)\n"
			       "{\n"
			       "\treturn 0;\n"
			       "}\n"
			       "```\n"
			       "\n"
			       "| name | value |\n"
			       "| --- | ---: |\n"
			       "| left | 1 |\n"
			       "| right | 22 |\n"
			       "\n"
			       "The end.\n";

/* What a terminal must never get, with harmless words around to be found again. */
static const char hostile[] = "before "
			      "\033[2J\033[H\033]0;owned\007\033P+q\033\\ "
			      "\302\233"
			      "31m " /* C1 CSI */
			      "safe command\rEVIL "
			      "back\b\b\b\b "
			      "\342\200\256reversed\342\200\254 " /* U+202E, U+202C */
			      "\342\201\246isolated\342\201\251 " /* U+2066, U+2069 */
			      "\363\240\201\201\363\240\201\202 " /* tags */
			      "\343\205\244\302\255\357\273\277 " /* fillers, U+00AD, U+FEFF */
			      "\177\v\f "
			      "after";

void
answer_init(struct answer *a)
{
	*a = (struct answer){0};
}

void
answer_done(struct answer *a)
{
	for (size_t i = 0; i < a->count; i++) {
		free(a->parts[i].name);
		free(a->parts[i].text);
		json_object_put(a->parts[i].json);
	}
	free(a->parts);
	answer_init(a);
}

struct part *
answer_add(struct answer *a, enum part_type type, const char *name, const char *text)
{
	struct part *part;

	a->parts = realloc(a->parts, (a->count + 1) * sizeof(struct part));
	if (a->parts == NULL)
		die("out of memory");
	part = &a->parts[a->count++];
	*part = (struct part){.type = type, .name = copy(name), .text = copy(text)};
	return part;
}

static void
add_json(struct answer *a, enum part_type type, struct json_object *json)
{
	answer_add(a, type, NULL, NULL)->json = json;
}

static void
add_think(struct answer *a, const char *prompt)
{
	struct text text = {0};

	text_printf(&text, "The user says \"%s\". I should repeat it.", prompt);
	answer_add(a, PART_THINK, NULL, text.data);
	text_done(&text);
}

static struct json_object *
make_reference(const char *title, const char *url)
{
	struct json_object *chunk = json_object_new_object();

	js_set(chunk, "type", "tool_reference");
	js_set(chunk, "tool", "web_search");
	js_set(chunk, "title", title);
	js_set(chunk, "url", url);
	json_object_object_add(chunk, "favicon", NULL);
	js_set(chunk, "description", "A page about it");
	return chunk;
}

static void
add_tool(struct answer *a, const char *prompt)
{
	struct json_object *arguments = json_object_new_object();
	struct json_object *info = json_object_new_object();

	js_set(arguments, "query", prompt);
	js_set(info, "result", "[{\"url\":\"https://example.org/one\",\"title\":\"One\"}]");
	answer_add(a, PART_TOOL, "web_search", js_text(arguments))->json = info;
	json_object_put(arguments);
	answer_add(a, PART_TEXT, NULL, "It is said so here");
	add_json(a, PART_CHUNK, make_reference("One", "https://example.org/one"));
	add_json(a, PART_CHUNK, make_reference("Two", "https://example.org/two?a=b&c=d"));
	answer_add(a, PART_TEXT, NULL, " and nowhere else. ");
}

static void
add_code(struct answer *a)
{
	struct json_object *info = json_object_new_object(), *result = json_object_new_array();
	struct json_object *chunk = json_object_new_object();

	js_set(chunk, "type", "text");
	js_set(chunk, "text", "42\n");
	json_object_array_add(result, chunk);
	json_object_object_add(info, "result", result);
	js_set(info, "code", "print(21 * 2)");
	js_set(info, "code_output", "42\n");
	answer_add(a, PART_TOOL, "code_interpreter", "{\"code\": \"print(21 * 2)\"}")->json = info;
	answer_add(a, PART_TEXT, NULL, "The program printed 42. ");
}

static void
add_file(struct answer *a)
{
	struct json_object *chunk = json_object_new_object();

	answer_add(a, PART_TOOL, "image_generation", "{\"prompt\": \"a fox\"}")->json =
	    json_object_new_object();
	js_set(chunk, "type", "tool_file");
	js_set(chunk, "tool", "image_generation");
	js_set(chunk, "file_id", "40420c94-5f99-477f-8891-943f0defbe3b");
	js_set(chunk, "file_name", "image_generated_0");
	js_set(chunk, "file_type", "png");
	answer_add(a, PART_TEXT, NULL, "Here is a picture: ");
	add_json(a, PART_CHUNK, chunk);
}

/* Things of a later year: an event, an entry and a chunk. */
static void
add_unknown(struct answer *a)
{
	struct json_object *event = json_object_new_object(), *entry = json_object_new_object();
	struct json_object *chunk = json_object_new_object();

	js_set(event, "type", "conversation.weather.changed");
	js_set(event, "forecast", "sunny");
	add_json(a, PART_EVENT, event);
	js_set(entry, "type", "mood.swing");
	js_set(entry, "mood", "curious");
	add_json(a, PART_ENTRY, entry);
	js_set(chunk, "type", "hologram");
	js_set(chunk, "projector", "north");
	answer_add(a, PART_TEXT, NULL, "Look: ");
	add_json(a, PART_CHUNK, chunk);
	answer_add(a, PART_TEXT, NULL, "There it was. ");
}

static void
add_words(struct answer *a, long count)
{
	struct text text = {0};

	text_add(&text, "", 0);
	for (long i = 1; i <= count; i++)
		text_printf(&text, "word%ld%s", i, i == count ? "" : i % 50 == 0 ? "\n\n" : " ");
	answer_add(a, PART_TEXT, NULL, text.data);
	text_done(&text);
}

static void
add_said(struct answer *a, const struct script *s, const char *context)
{
	struct text text = {0};

	/* Where something was said already, nothing is repeated. */
	if (s->text[0] == '\0' && s->context == OFF && a->count > 0 &&
	    a->parts[a->count - 1].type != PART_THINK)
		return;
	if (s->context != OFF)
		text_printf(&text, "The conversation so far:\n\n%s", context);
	else if (s->again != OFF)
		text_printf(&text, "Once more: %s", s->text);
	else
		text_printf(&text, "You said: %s", s->text);
	answer_add(a, PART_TEXT, NULL, text.data);
	text_done(&text);
}

void
answer_script(struct answer *a, const struct script *s, const char *context)
{
	a->piece = s->pieces != OFF ? s->pieces : s->hostile != OFF ? 3 : 0;
	if (s->think != OFF)
		add_think(a, s->text);
	if (s->tool != OFF)
		add_tool(a, s->text);
	if (s->code != OFF)
		add_code(a);
	if (s->file != OFF)
		add_file(a);
	if (s->unknown != OFF)
		add_unknown(a);
	if (s->handoff != OFF)
		answer_add(a, PART_HANDOFF, NULL, NULL);
	if (s->markdown != OFF)
		answer_add(a, PART_TEXT, NULL, markdown);
	else if (s->hostile != OFF)
		answer_add(a, PART_TEXT, NULL, hostile);
	else if (s->words != OFF)
		add_words(a, s->words);
	else if (s->call_count == 0)
		add_said(a, s, context);
	for (size_t i = 0; i < s->call_count; i++)
		answer_add(a, PART_CALL, s->calls[i].name, s->calls[i].arguments)->pending =
		    s->calls[i].pending;
	if (s->error != OFF)
		answer_add(a, PART_ERROR, NULL, "Response failed during handoff orchestration");
}

/* A word with the blanks behind it, or a number of bytes; never a part of a character. */
size_t
answer_piece(const struct answer *a, const char *text)
{
	size_t n;

	if (a->piece == 0) {
		n = strcspn(text, " \n");
		return n + strspn(text + n, " \n");
	}
	n = strnlen(text, (size_t)a->piece);
	while (((unsigned char)text[n] & 0xc0) == 0x80)
		n++;
	return n;
}

long
count_words(const char *text)
{
	long count = 0;
	bool inside = false;

	for (; *text != '\0'; text++) {
		bool blank = *text == ' ' || *text == '\n';

		count += !blank && !inside;
		inside = !blank;
	}
	return count;
}
