/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include <ctype.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "backend/engine.h"
#include "backend/manual.h"
#include "base/buf.h"
#include "base/clock.h"
#include "base/error.h"
#include "base/mem.h"
#include "net/loop.h"

/* No test waits longer than this; a machine may be slow. */
enum { PATIENCE_MS = 20000 };

/* ---- the manual ---- */

static const struct {
	const char *question, *title;
} questions[] = {
    {"how do I go back to an earlier message?", "Going back to an earlier message"},
    {"where do I put my key?", "Where to put the key"},
    {"how do I use Ollama?", "How to use Ollama"},
    {"what is this?", "What causerie is"},
    {"how do I quit", "Quitting causerie"},
    {"hello, how do I quit?", "Quitting causerie"},
    {":q", "Quitting causerie"},
    {"get me out of here", "Quitting causerie"},
    {"can you write a poem", "What this guide can do"},
    {"are you a real person?", "What this guide can do"},
    {"what is the capital of France", "What this guide can do"},
    {"copy text", "Copying text"},
    {"how to get the code out of an answer", "Copying text"},
    {"it is in the wrong language", "Language of the program"},
    {"delete a conversation", "Deleting a conversation"},
    {"how to make a new line", "Making a new line"},
    {"shift enter", "Making a new line"},
    {"what are branches", "What branches are"},
    {"edit my message", "Editing a message"},
    {"regenerate", "Regenerating an answer"},
    {"key does not work 401", "The key is refused (401)"},
    {"429", "Too many requests (429)"},
    {"500 error", "The server fails (500, 502, 503)"},
    {"connection refused", "The local server does not answer"},
    {"does it work with no internet", "No network"},
    {"proxy", "Behind a proxy"},
    {"certificate error", "Certificates"},
    {"colours look wrong", "Colours look wrong"},
    {"dark mode", "Themes and colours"},
    {"mouse", "The mouse"},
    {"vi keys", "vi and emacs keys"},
    {"search", "Searching in all conversations"},
    {"attach a file", "Attaching a file"},
    {"can I send images", "Attaching a file"},
    {"tools", "Tools"},
    {"web search", "Tools"},
    {"function calling", "Functions on your own machine"},
    {"what does ‹2/3› mean", "What ‹2/3› means"},
    {"and what is ‹1/4› then", "What ‹2/3› means"},
    {"what is ⑂", "Marks in the conversation list"},
    {"export", "Exporting and printing"},
    {"how do I import from ChatGPT", "Importing conversations"},
    {"what does C-x e do", "Exporting and printing"},
    {"streaming stop", "Stopping an answer"},
    {"my answer was cut off", "An answer was interrupted"},
    {"what happens to my text when the connection breaks", "An answer was interrupted"},
    {"was my message sent twice", "A message is marked unsent"},
    {"I lost my text", "Drafts"},
    {"messages vanished", "Switching between branches"},
    {"how can I see all branches", "The tree view"},
    {"where is my data", "Where your data is kept"},
    {"is it private", "What leaves your machine"},
    {"backup", "Backup"},
    {"system prompt", "Instructions"},
    {"set the temperature", "Temperature and other completion args"},
    {"how do I switch models", "Choosing an agent or a model"},
    {"how to add an agent", "An agent of your own"},
    {"lm studio", "How to use LM Studio"},
    {"llama.cpp", "How to use llama.cpp"},
    {"eu server", "The European address"},
    {"can I use it without a key", "Choosing who answers"},
    {"config file", "The profile file"},
    {"I pressed ctrl+z and it vanished", "Suspending the program"},
    {"f1 does nothing", "A key does nothing"},
    {"alt key does not work", "The Alt key does nothing"},
    {"cannot type", "Moving between the parts of the screen"},
    {"pipe a file", "Piping text in and out"},
    {"exit code", "Exit status"},
    {"what does @ mean", "Naming conversations and entries"},
    {"screen reader", "Screen readers"},
    {"strange ^[ characters", "Strange marks in the text"},
    {"i made a typo in my last question", "Editing a message"},
    {"it says unauthorized", "The key is refused (401)"},
    {"can other people read my chats", "What leaves your machine"},
    {"letters don't appear", "Moving between the parts of the screen"},
    {"make the text bigger", "Colours and contrast"},
    {"the arrow keys don't scroll", "Scrolling"},
    {"how can i start again from the second message", "Going back to an earlier message"},
    {"how do I see my old chats", "The conversation list"},
    {"give me an example config", "A complete profile"},
    {"continue yesterday's conversation", "Continuing an earlier conversation"},

    /* Keys in any notation. */
    {"what does C-x t do", "The tree view"},
    {"what does Ctrl+X T do?", "The tree view"},
    {"what does `z` do", "Folding long entries"},
    {"what does C-x R do", "Names and titles"},
    {"what does C-x r do", "Regenerating an answer"},
    {"press b", "Starting a branch"},
    {"what does the r key do", "Regenerating an answer"},
    {"what does M-s do", "Sending while an answer is arriving"},
    {"what is ^Z", "Suspending the program"},

    /* Misspelt. */
    {"brnach", "What branches are"},
    {"how do I use olama", "How to use Ollama"},
    {"regenrate anser", "Regenerating an answer"},
    {"how do i serach", "Searching in all conversations"},
    {"setings", "Settings"},
    {"temprature", "Temperature and other completion args"},

    /* In other languages. */
    {"comment quitter ?", "Quitting causerie"},
    {"où mettre ma clé ?", "Where to put the key"},
    {"comment revenir en arrière", "Going back to an earlier message"},
    {"je veux modifier mon message", "Editing a message"},
    {"comment faire une nouvelle ligne", "Making a new line"},
    {"arrêter la réponse", "Stopping an answer"},
    {"comment changer la langue ?", "Language of the program"},
    {"comment supprimer une conversation", "Deleting a conversation"},
    {"wie lösche ich eine Unterhaltung", "Deleting a conversation"},
    {"Wie kann ich das Programm beenden?", "Quitting causerie"},
    {"wie kopiere ich text", "Copying text"},
    {"¿cómo salgo?", "Quitting causerie"},
    {"¿dónde están mis datos?", "Where your data is kept"},
    {"wie ändere ich die Farben", "Themes and colours"},
    {"como copio texto", "Copying text"},
    {"comment joindre un fichier", "Attaching a file"},
    {"cambiare lingua", "Language of the program"},
};

static const struct {
	const char *question;
	enum manual_kind kind;
} kinds[] = {
    {"hello", MANUAL_HELLO},
    {"Bonjour !", MANUAL_HELLO},
    {"helo", MANUAL_HELLO},
    {"thanks!", MANUAL_THANKS},
    {"thank you very much", MANUAL_THANKS},
    {"bye", MANUAL_BYE},
    {"topics", MANUAL_TOPICS},
    {"help me please", MANUAL_TOPICS},
    {"?", MANUAL_TOPICS},
    {"", MANUAL_TOPICS},
    {"more", MANUAL_MORE},
    {"go on, tell me more", MANUAL_MORE},
    {"Branches", MANUAL_CHAPTER},
    {"the screen", MANUAL_CHAPTER},
    {"asdfgh", MANUAL_NOTHING},
    {"best restaurants in Paris", MANUAL_NOTHING},
    {"who won the world cup in 2018", MANUAL_NOTHING},
    {"2+2", MANUAL_NOTHING},
    {"quantum entanglement", MANUAL_UNSURE},
};

static int
open_manual(void **state)
{
	struct error err = ERROR_NONE;

	*state = manual_new(&err);
	return *state == NULL;
}

static int
close_manual(void **state)
{
	manual_free(*state);
	return 0;
}

static struct manual_answer
ask(struct manual *manual, const char *question, const char *before)
{
	struct error err = ERROR_NONE;
	struct manual_answer answer;

	assert_true(manual_ask(manual, question, strlen(question), before,
	    before == NULL ? 0 : strlen(before), &answer, &err));
	return answer;
}

static void
test_questions(void **state)
{
	for (size_t i = 0; i < sizeof(questions) / sizeof(questions[0]); i++) {
		struct manual_answer answer = ask(*state, questions[i].question, NULL);
		const char *title;

		if (answer.kind != MANUAL_FOUND && answer.kind != MANUAL_UNSURE)
			fail_msg("\"%s\": kind %d", questions[i].question, answer.kind);
		title = manual_section(*state, answer.section)->title;
		if (strcmp(title, questions[i].title) != 0)
			fail_msg("\"%s\": %s instead of %s", questions[i].question, title,
			    questions[i].title);
	}
}

static void
test_kinds(void **state)
{
	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		struct manual_answer answer = ask(*state, kinds[i].question, NULL);

		if (answer.kind != kinds[i].kind)
			fail_msg("\"%s\": kind %d instead of %d", kinds[i].question, answer.kind,
			    kinds[i].kind);
	}
}

static void
test_every_title_is_found(void **state)
{
	for (size_t i = 0; i < manual_sections(*state); i++) {
		const struct manual_section *section = manual_section(*state, i);
		struct manual_answer answer = ask(*state, section->title, NULL);

		if (strcmp(section->title, manual_chapter(*state, section->chapter)->title) == 0)
			continue;
		assert_int_equal(answer.kind, MANUAL_FOUND);
		assert_string_equal(manual_section(*state, answer.section)->title, section->title);
		assert_int_equal(manual_find(*state, section->title, strlen(section->title)), i);
	}
	assert_int_equal(manual_find(*state, "Scrol", 5), manual_sections(*state));
}

static void
test_follow_ups(void **state)
{
	static const struct {
		const char *before, *question, *title;
	} cases[] = {
	    {"delete a conversation", "and how do I undo that?", "Undoing"},
	    {"where do I put my key?", "and how do I use that with Ollama?", "How to use Ollama"},
	    {"delete a conversation", "how?", "Deleting a conversation"},
	    {"how do I copy text", "and in tmux?", "In tmux and screen"},
	    {"how do I use Ollama", "how do I quit?", "Quitting causerie"},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct manual_answer answer = ask(*state, cases[i].question, cases[i].before);

		assert_true(answer.kind == MANUAL_FOUND || answer.kind == MANUAL_UNSURE);
		assert_string_equal(manual_section(*state, answer.section)->title, cases[i].title);
	}
}

static void
test_related(void **state)
{
	struct manual_answer answer = ask(*state, "regenerate", NULL);

	assert_int_equal(answer.related_count, MANUAL_RELATED);
	for (size_t i = 0; i < answer.related_count; i++) {
		assert_true(answer.related[i] < manual_sections(*state));
		assert_int_not_equal(answer.related[i], answer.section);
		for (size_t j = 0; j < i; j++)
			assert_int_not_equal(answer.related[i], answer.related[j]);
	}
}

/* What is asked can be anything. */
static void
test_odd_questions(void **state)
{
	struct error err = ERROR_NONE;
	struct manual_answer answer;
	struct buf long_one = BUF_EMPTY;
	unsigned random = 1;

	ask(*state, "\" ' * AND ( NEAR - title:", NULL);
	for (int i = 0; i < 20000; i++)
		buf_puts(&long_one, "how do I quit and ");
	assert_true(manual_ask(*state, long_one.data, long_one.len, NULL, 0, &answer, &err));
	buf_clear(&long_one);
	for (int round = 0; round < 300; round++) {
		buf_clear(&long_one);
		for (int i = 0; i < 40; i++) {
			random = random * 1103515245 + 12345;
			buf_putc(&long_one,
			    "abcx \"'-*^C`/9\xc3\xa9\xe2\x80\x99\xff\0\n"[random >> 16 & 15]);
		}
		assert_true(manual_ask(*state, long_one.data, long_one.len, long_one.data,
		    long_one.len, &answer, &err));
	}
	buf_done(&long_one);
}

/* Runs of anything but white space in which there is a letter or digit: no | of tables. */
static size_t
count_words(const char *text)
{
	size_t count = 0;

	while (*text != '\0') {
		size_t len = strcspn(text, " \n");
		bool counts = false;

		for (size_t i = 0; i < len; i++)
			counts = counts || isalnum((unsigned char)text[i]);
		count += counts;
		text += len + strspn(text + len, " \n");
	}
	return count;
}

/* A page is one answer: it stands for itself and fits on a screen or so. */
static void
test_pages(void **state)
{
	assert_in_range(manual_chapters(*state), 12, 30);
	for (size_t i = 0; i < manual_chapters(*state); i++) {
		const struct manual_chapter *chapter = manual_chapter(*state, i);

		assert_true(chapter->count > 0);
		assert_true(strlen(chapter->about) > 10);
		assert_null(strchr(chapter->about, '\n'));
	}
	for (size_t i = 0; i < manual_sections(*state); i++) {
		const struct manual_section *section = manual_section(*state, i);

		if (count_words(section->body) < 40 || count_words(section->body) > 160)
			fail_msg("%s: %zu words", section->title, count_words(section->body));
		assert_null(strstr(section->body, "<!--"));
		assert_null(strstr(section->body, "\n## "));
		assert_false(isspace((unsigned char)section->body[0]));
	}
}

/* ---- the responder ---- */

struct seen {
	struct loop *loop;
	struct responder *guide;
	struct conversation *conversation;
	struct buf text;
	int chunks, dones, failures, agents, others;
	enum error_kind kind;
	int64_t begun;
	char entry_id[64], agent[32];
	unsigned cancel_at; /* cancel from within the piece of that number */
};

static void
see(void *arg, const struct event *event)
{
	struct seen *seen = arg;

	switch (event->type) {
	case EVENT_CHUNK:
		assert_string_equal(event->model, "guide");
		assert_int_equal(event->chunk->type, CHUNK_TEXT);
		assert_int_equal(strncmp(event->entry_id, "msg_", 4), 0);
		if (seen->chunks++ > 0)
			assert_string_equal(event->entry_id, seen->entry_id);
		snprintf(seen->entry_id, sizeof(seen->entry_id), "%s", event->entry_id);
		buf_add(&seen->text, event->chunk->text.data, event->chunk->text.len);
		if (seen->cancel_at == (unsigned)seen->chunks)
			seen->guide->ops->cancel(seen->guide, event->id);
		break;
	case EVENT_DONE:
		assert_non_null(event->usage);
		assert_int_equal(event->usage->total_tokens, 0);
		seen->dones++;
		break;
	case EVENT_FAILED:
		seen->kind = event->error->kind;
		assert_non_null(event->error->text);
		seen->failures++;
		break;
	case EVENT_AGENTS:
		seen->agents = 1 + (int)event->agent_count;
		if (event->agent_count > 0)
			snprintf(seen->agent, sizeof(seen->agent), "%s", event->agents[0]->name);
		if (event->raw != NULL)
			buf_add(&seen->text, event->raw, event->raw_len);
		break;
	default:
		seen->others++;
	}
}

static int
set_up(void **state)
{
	struct seen *seen = xcalloc(1, sizeof(*seen));
	struct error err = ERROR_NONE;

	seen->loop = loop_new(&err);
	assert_non_null(seen->loop);
	seen->guide = guide_new(seen->loop);
	seen->guide->emit = see;
	seen->guide->arg = seen;
	seen->conversation = conversation_new();
	seen->conversation->id = xstrdup("conv_1");
	buf_init(&seen->text, 0);
	*state = seen;
	return 0;
}

/* The loop goes first: it does not let itself be freed while there is a timer. */
static int
tear_down(void **state)
{
	struct seen *seen = *state;

	loop_free(seen->loop);
	seen->guide->ops->free(seen->guide);
	conversation_free(seen->conversation);
	buf_done(&seen->text);
	free(seen);
	return 0;
}

static void
say(struct seen *seen, const char *text, bool assistant)
{
	struct entry *entry = entry_new_input(text, strlen(text));

	if (assistant) {
		entry->type = ENTRY_MESSAGE_OUTPUT;
		entry->assistant = true;
	}
	array_push(&seen->conversation->entries, entry);
}

static void
reply(struct seen *seen, unsigned id, bool stream)
{
	struct error err = ERROR_NONE;
	struct turn *turn = turn_new(TURN_APPEND);
	int before;

	turn->id = id;
	turn->stream = stream;
	seen->begun = clock_ms();
	seen->chunks = 0;
	before = seen->dones + seen->failures;
	assert_true(seen->guide->ops->reply(seen->guide, seen->conversation, turn, &err));
	turn_free(turn);
	assert_int_equal(seen->chunks, 0);
	assert_int_equal(seen->dones + seen->failures, before);
}

static void
wait_for(struct seen *seen, const int *count, int least)
{
	int64_t until = clock_ms() + PATIENCE_MS;

	while (*count < least && clock_ms() < until)
		loop_wait(seen->loop, 1000);
	assert_true(*count >= least);
}

/* Asks and waits for the whole answer, which joins the conversation. */
static const char *
talk(struct seen *seen, const char *text, bool stream)
{
	buf_clear(&seen->text);
	say(seen, text, false);
	reply(seen, 7, stream);
	wait_for(seen, &seen->dones, seen->dones + 1);
	say(seen, seen->text.data, true);
	return seen->text.data;
}

static void
test_streams(void **state)
{
	struct seen *seen = *state;
	char *whole;

	talk(seen, "how do I use Ollama?", true);
	assert_int_equal(seen->dones, 1);
	assert_int_equal(seen->failures + seen->others, 0);
	/* Pieces, unless the machine was so slow that the time was over at once. */
	assert_true(seen->chunks >= 2);
	assert_true(clock_ms() - seen->begun < PATIENCE_MS);
	whole = xstrdup(seen->text.data);
	conversation_free(seen->conversation);
	seen->conversation = conversation_new();
	seen->chunks = 0;
	assert_string_equal(talk(seen, "how do I use Ollama?", false), whole);
	assert_int_equal(seen->chunks, 1);
	free(whole);
}

static void
test_answers(void **state)
{
	struct seen *seen = *state;
	const char *text = talk(seen, "what is this", false);

	assert_non_null(strstr(text, "built-in guide, not a language model"));
	assert_non_null(strstr(text, "## What causerie is\n"));
	assert_non_null(strstr(text, "See also: *"));
	assert_int_not_equal(text[strlen(text) - 1], '\n');

	text = talk(seen, "copy text", false);
	assert_null(strstr(text, "language model"));
	assert_int_equal(strncmp(text, "## Copying text\n", 16), 0);

	text = talk(seen, "more", false);
	assert_int_equal(strncmp(text, "## Folding long entries\n", 24), 0);

	text = talk(seen, "topics", false);
	assert_non_null(strstr(text, "**First steps**"));
	assert_non_null(strstr(text, "**Glossary**"));

	text = talk(seen, "glossary", false);
	assert_non_null(strstr(text, "- Words: conversations"));

	text = talk(seen, "asdfgh", false);
	assert_non_null(strstr(text, "found nothing"));
	assert_non_null(strstr(text, "**First steps**"));

	text = talk(seen, "quantum entanglement", false);
	assert_non_null(strstr(text, "not sure"));

	assert_non_null(strstr(talk(seen, "hi", false), "Hello!"));
	assert_non_null(strstr(talk(seen, "thanks", false), "welcome"));
	assert_non_null(strstr(talk(seen, "bye", false), "C-x q"));
}

/* An answer after the question before it. */
static void
test_remembers(void **state)
{
	struct seen *seen = *state;

	talk(seen, "how do I delete a conversation", false);
	assert_non_null(strstr(talk(seen, "and how do I undo that?", false), "## Undoing\n"));
}

static void
test_cancel(void **state)
{
	struct seen *seen = *state;

	/* Before the first piece, in the middle, from within a piece, and after the end. */
	say(seen, "how do I use Ollama?", false);
	reply(seen, 1, true);
	seen->guide->ops->cancel(seen->guide, 1);
	assert_int_equal(seen->failures, 0);
	wait_for(seen, &seen->failures, 1);
	assert_int_equal(seen->kind, ERR_CANCELLED);
	assert_int_equal(seen->chunks, 0);

	reply(seen, 2, true);
	wait_for(seen, &seen->chunks, 1);
	seen->guide->ops->cancel(seen->guide, 2);
	seen->guide->ops->cancel(seen->guide, 2);
	assert_int_equal(seen->failures, 1);
	wait_for(seen, &seen->failures, 2);

	seen->chunks = 0;
	seen->cancel_at = 1;
	reply(seen, 3, false);
	wait_for(seen, &seen->failures, 3);
	assert_int_equal(seen->chunks, 1);
	assert_int_equal(seen->dones, 0);

	seen->cancel_at = 0;
	reply(seen, 4, false);
	wait_for(seen, &seen->dones, 1);
	seen->guide->ops->cancel(seen->guide, 4);
	loop_wait(seen->loop, 0);
	assert_int_equal(seen->failures, 3);
}

static void
test_two_at_once(void **state)
{
	struct seen *seen = *state;

	say(seen, "hello", false);
	reply(seen, 2, true);
	reply(seen, 3, false);
	seen->guide->ops->cancel(seen->guide, 2);
	wait_for(seen, &seen->dones, 1);
	wait_for(seen, &seen->failures, 1);
	assert_int_equal(seen->dones, 1);
	assert_int_equal(seen->chunks, 1);
}

static void
test_models(void **state)
{
	struct seen *seen = *state;
	struct error err = ERROR_NONE;
	struct question *question = question_new(ASK_MODELS);

	question->id = 5;
	question->want_raw = true;
	assert_true(seen->guide->ops->ask(seen->guide, question, &err));
	assert_int_equal(seen->agents, 0);
	wait_for(seen, &seen->agents, 2);
	assert_string_equal(seen->agent, "guide");
	assert_non_null(strstr(seen->text.data, "\"id\":\"guide\""));

	question->kind = ASK_AGENTS;
	seen->agents = 0;
	assert_true(seen->guide->ops->ask(seen->guide, question, &err));
	wait_for(seen, &seen->agents, 1);
	assert_int_equal(seen->agents, 1);

	/* Forgotten: no event. */
	seen->agents = 0;
	assert_true(seen->guide->ops->ask(seen->guide, question, &err));
	seen->guide->ops->cancel(seen->guide, 5);
	loop_wait(seen->loop, 0);
	assert_int_equal(seen->agents, 0);

	question->kind = ASK_LIST;
	assert_false(seen->guide->ops->ask(seen->guide, question, &err));
	assert_int_equal(err.kind, ERR_USAGE);
	error_done(&err);
	question_free(question);
}

/* Freed while it speaks; here the guide has to go before the loop. */
static void
test_free_while_speaking(void **state)
{
	struct seen *seen = *state;
	struct error err = ERROR_NONE;
	struct question *question = question_new(ASK_MODELS);

	say(seen, "hello", false);
	reply(seen, 1, true);
	question->id = 2;
	assert_true(seen->guide->ops->ask(seen->guide, question, &err));
	question_free(question);
	seen->guide->ops->free(seen->guide);
	loop_wait(seen->loop, 0);
	assert_int_equal(seen->chunks + seen->dones + seen->failures + seen->agents, 0);
	seen->guide = guide_new(seen->loop);
}

int
main(void)
{
	const struct CMUnitTest manual_tests[] = {
	    cmocka_unit_test(test_questions),
	    cmocka_unit_test(test_kinds),
	    cmocka_unit_test(test_every_title_is_found),
	    cmocka_unit_test(test_follow_ups),
	    cmocka_unit_test(test_related),
	    cmocka_unit_test(test_odd_questions),
	    cmocka_unit_test(test_pages),
	};
	const struct CMUnitTest guide_tests[] = {
	    cmocka_unit_test_setup_teardown(test_streams, set_up, tear_down),
	    cmocka_unit_test_setup_teardown(test_answers, set_up, tear_down),
	    cmocka_unit_test_setup_teardown(test_remembers, set_up, tear_down),
	    cmocka_unit_test_setup_teardown(test_cancel, set_up, tear_down),
	    cmocka_unit_test_setup_teardown(test_two_at_once, set_up, tear_down),
	    cmocka_unit_test_setup_teardown(test_models, set_up, tear_down),
	    cmocka_unit_test_setup_teardown(test_free_while_speaking, set_up, tear_down),
	};
	int failed = cmocka_run_group_tests_name("manual", manual_tests, open_manual, close_manual);

	return failed + cmocka_run_group_tests_name("guide", guide_tests, NULL, NULL);
}
