/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#include "base/buf.h"
#include "base/error.h"
#include "base/mem.h"
#include "base/utf8.h"
#include "store/search.h"
#include "store/store.h"
#include "unit/must.h"

static struct store *
open_memory(void)
{
	struct store *store;
	bool read_only;

	OK(store = store_open(":memory:", &read_only, &err));
	return store;
}

/* An entry with that text; its key. */
static int64_t
say(struct store *store, int64_t conversation, bool assistant, const char *text, size_t len)
{
	struct entry *entry =
	    assistant ? entry_new(ENTRY_MESSAGE_OUTPUT) : entry_new_input(text, len);
	int64_t key;

	if (assistant)
		buf_add(&entry_chunk(entry, 0, CHUNK_TEXT)->text, text, len);
	OK(store_add_entry(store, conversation, 0, entry, &err));
	key = entry->key;
	entry_free(entry);
	return key;
}

static struct conversation *
begin(struct store *store, const char *title)
{
	struct conversation *c = conversation_new();

	c->title = xstrdup(title);
	OK(store_add_conversation(store, c, &err));
	return c;
}

static size_t
count(struct store *store, const char *words)
{
	hit_list hits = {0};
	size_t found;

	OK(search_entries(store, words, 1000, &hits, &err));
	found = hits.len;
	for (size_t i = 0; i < hits.len; i++)
		assert_non_null(hits.items[i].snippet);
	hit_list_done(&hits);
	return found;
}

static const char *const texts[] = {
    "The quick brown fox jumps over the lazy dog",
    "A quick answer about foxes, and a brown bear",
    "Caf\xc3\xa9 cr\xc3\xa8me \xc3\xa0 la Fran\xc3\xa7"
    "aise",
    "state-of-the-art AND/OR logic is NOT NEAR",
    "C++ and C# and x86_64, don't panic: 3.14",
    "\xe5\x8c\x97\xe4\xba\xac is the capital; \xd0\x9c\xd0\xbe\xd1\x81\xd0\xba\xd0\xb2\xd0\xb0 too",
};

static void
test_words(void **state)
{
	static const struct {
		const char *words;
		size_t found;
	} cases[] = {
	    {"quick", 2},
	    {"QUICK Brown", 2},
	    {"quick fox", 2}, /* the last word may be a start: foxes */
	    {"fox quick", 1},
	    {"qui", 2},
	    {"qui fox", 0},
	    {"\"quick brown\"", 1},
	    {"\"brown quick\"", 0},
	    {"\"quick bro", 1}, /* as it is being typed */
	    {"\"quick bro\"", 0},
	    {"quick -fox", 1},
	    {"quick -\"brown fox\"", 1},
	    {"quick -brown", 0},
	    {"-quick", 0},
	    {"cafe creme", 1},
	    {"CAF\xc3\x89", 1},
	    {"francaise", 1},
	    {"state-of-the-art", 1},
	    {"state of the art", 1},
	    {"AND", 3},
	    {"and OR not near", 1},
	    {"don't", 1},
	    {"3.14", 1},
	    {"x86_64", 1},
	    {"\xd0\x9c\xd0\x9e\xd0\xa1\xd0\x9a\xd0\x92\xd0\x90", 1},
	    {"\xe5\x8c\x97\xe4\xba\xac", 1},
	    {"nowhere", 0},
	    {"quick nowhere", 0},
	    {"", 0},
	    {"   ", 0},
	};
	struct store *store = open_memory();
	struct conversation *c = begin(store, "t");

	(void)state;
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
		say(store, c->key, i % 2 == 1, texts[i], strlen(texts[i]));
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		if (count(store, cases[i].words) != cases[i].found)
			fail_msg("\"%s\" finds %zu", cases[i].words, count(store, cases[i].words));
	conversation_free(c);
	store_close(store);
}

/* An entry of that date by somebody. */
static void
say_at(struct store *store, int64_t conversation, const char *text, const char *date,
    const char *model, const char *agent_id)
{
	struct entry *entry = entry_new(ENTRY_MESSAGE_OUTPUT);

	buf_puts(&entry_chunk(entry, 0, CHUNK_TEXT)->text, text);
	entry->created_at = xstrdup(date);
	entry->model = xstrdup(model);
	entry->agent_id = xstrdup(agent_id);
	OK(store_add_entry(store, conversation, 0, entry, &err));
	entry_free(entry);
}

static void
say_tool(struct store *store, int64_t conversation, const char *name)
{
	struct entry *entry = entry_new(ENTRY_TOOL_EXECUTION);

	entry->name = xstrdup(name);
	entry->created_at = xstrdup("2026-11-01T12:00:00Z");
	OK(store_add_entry(store, conversation, 0, entry, &err));
	entry_free(entry);
}

static void
test_filters(void **state)
{
	static const struct {
		const char *words;
		size_t found;
	} cases[] = {
	    {"fox", 4},
	    {"fox model:small", 1},
	    {"fox model:SMALL", 1},
	    {"model:small fox", 1},
	    {"fox -model:small", 3},
	    {"fox agent:phys", 3}, /* the conversation's, or the entry's own */
	    {"fox agent:ag_1", 1},
	    {"fox agent:\"phys icist\"", 0},
	    {"fox after:2026-11", 2},
	    {"fox after:2026", 3},
	    {"fox before:2026", 1},
	    {"fox before:2026-11-15 after:2026", 2},
	    {"fox after:2026-11-14 before:2026-11-15", 1},
	    {"fox after:3000w", 4},
	    {"fox before:3000w", 0},
	    {"tool:search", 1},
	    {"tool:web_search", 1},
	    {"tool:webXsearch", 0}, /* no pattern of a database */
	    {"tool:%", 0},
	    {"agent:nobody", 0},
	    {"before:2026", 1},
	    {"agent:phys", 4},
	    {"\"agent:phys\"", 0}, /* in quotes it is something to look for */
	    {"agent: fox", 0},
	    {"http://fox", 0},
	    {"", 0},
	};
	static const char *const wrong[] = {"fox after:", "after:tomorrow", "after:2026-13",
	    "before:2026-1", "after:20261101", "after:3x", "after:-3d", "before:2026-11-23T"};
	struct store *store = open_memory();
	struct conversation *c = conversation_new(), *d = begin(store, "other");
	hit_list hits = {0};

	(void)state;
	setenv("TZ", "UTC", 1);
	tzset();
	c->agent = xstrdup("physicist");
	OK(store_add_conversation(store, c, &err));
	say_at(store, c->key, "a fox", "2025-12-31T23:59:59Z", "mistral-large", NULL);
	say_at(store, c->key, "the fox", "2026-10-01T00:00:00Z", "mistral-small", NULL);
	say_at(store, c->key, "that fox", "2026-11-14T15:00:00Z", "mistral-large", "ag_1");
	say_tool(store, c->key, "web_search");
	say_at(store, d->key, "no fox", "2026-11-20T00:00:00Z", "qwen", NULL);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		if (count(store, cases[i].words) != cases[i].found)
			fail_msg("\"%s\" finds %zu", cases[i].words, count(store, cases[i].words));
	assert_false(search_entries(store, wrong[1], 10, &hits, &err));
	error_done(&err);
	for (size_t i = 1; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		if (search_entries(store, wrong[i], 10, &hits, &err))
			fail_msg("\"%s\" is taken", wrong[i]);
		assert_int_equal(err.kind, ERR_USAGE);
		error_done(&err);
	}
	/* While it is being typed it is only a word that nobody said. */
	OK(search_entries(store, wrong[0], 10, &hits, &err));
	assert_int_equal(hits.len, 0);
	/* The newest first. */
	OK(search_entries(store, "agent:phys", 10, &hits, &err));
	assert_string_equal(hits.items[1].snippet, "that fox");
	hit_list_done(&hits);
	unsetenv("TZ");
	conversation_free(c);
	conversation_free(d);
	store_close(store);
}

/* Nothing that can be typed is a syntax error. */
static void
test_hostile(void **state)
{
	static const char *const queries[] = {"\"", "\"\"", "\"\"\"", "\"\"\"\"", "-", "--", "---x",
	    "- x", "-\"", "-\"\"", "*", "**", "a*", "*a", "(", ")", "()", "((a)", "a)", "^a", "a^",
	    "a:b", "prompt:a", "{prompt}:a", "{prompt", "NEAR(", "NEAR(a b, 2)", "AND", "OR", "NOT",
	    "NOT a", "a AND", "a OR OR b", "AND OR NOT NEAR(*", "a + b", "+", "'", "';--",
	    "a' OR '1'='1", "\\", "\\\"", "%", "_", "?", "?1", ":x", "@", "#", "$1", "\x01\x02\x03",
	    "\x7f", "\xff", "\xc3", "\xc3(", "\xed\xa0\x80", "\xe2\x80\xae", "\xf0\x9f\xa6\x8a",
	    "\xf0\x9f\xa6\x8a quick", "a\tb\nc", "-a -b -c", "-\xf0\x9f\xa6\x8a quick",
	    "\"a b\" -\"c d\" e", "rank", "entry_fts", "quick \"", "quick -", "quick - fox",
	    "quick -\"", "quick *", "quick ***", "*** quick", "quick \xe2\x80\x94 fox"};
	struct store *store = open_memory();
	struct conversation *c = begin(store, NULL);
	struct buf many = BUF_EMPTY;

	(void)state;
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
		say(store, c->key, false, texts[i], strlen(texts[i]));
	for (size_t i = 0; i < sizeof(queries) / sizeof(queries[0]); i++) {
		count(store, queries[i]);
		for (size_t j = 0; j < sizeof(queries) / sizeof(queries[0]); j += 7) {
			buf_clear(&many);
			buf_printf(&many, "%s %s", queries[i], queries[j]);
			count(store, many.data);
		}
	}
	assert_int_equal(count(store, "*** quick"), 2);
	assert_int_equal(count(store, "\xe2\x98\x83 quick"), 2);
	assert_int_equal(count(store, "quick \xe2\x80\x94 fox"), 2);
	/* Long ones are cut, not refused. */
	buf_clear(&many);
	for (int i = 0; i < 5000; i++)
		buf_puts(&many, i % 2 == 0 ? "quick " : "-no ");
	assert_int_equal(count(store, many.data), 2);
	buf_clear(&many);
	buf_pad(&many, 'x', 1 << 20);
	assert_int_equal(count(store, many.data), 0);
	buf_clear(&many);
	buf_pad(&many, '"', 100001);
	count(store, many.data);
	buf_done(&many);
	conversation_free(c);
	store_close(store);
}

static void
test_hits(void **state)
{
	static const char nul[] = "before\0needle\x01\x02 <b> after\n\n\tthe end";
	struct store *store = open_memory();
	struct conversation *c = begin(store, "Haystack");
	hit_list hits = {0};
	int64_t prompt, answer, odd;
	struct entry *call = entry_new(ENTRY_FUNCTION_CALL);

	(void)state;
	xreplace(&c->id, "conv_1");
	OK(store_save_conversation(store, c, &err));
	answer = say(store, c->key, true, "the needle of the answer", 24);
	prompt = say(store, c->key, false, "the needle of the prompt", 24);
	odd = say(store, c->key, true, nul, sizeof(nul) - 1);
	OK(search_entries(store, "needle", 10, &hits, &err));
	assert_int_equal(hits.len, 3);
	/* Prompts weigh more. */
	assert_int_equal(hits.items[0].entry, prompt);
	assert_int_equal(hits.items[0].conversation, c->key);
	assert_string_equal(hits.items[0].conversation_id, "conv_1");
	assert_string_equal(hits.items[0].title, "Haystack");
	assert_int_equal(hits.items[0].type, ENTRY_MESSAGE_INPUT);
	assert_false(hits.items[0].assistant);
	assert_non_null(hits.items[0].created_at);
	assert_string_equal(hits.items[0].snippet, "the \001needle\002 of the prompt");
	assert_true(hits.items[1].entry == answer || hits.items[2].entry == answer);
	for (size_t i = 1; i < 3; i++) {
		const char *snippet = hits.items[i].snippet;

		assert_true(hits.items[i].assistant);
		/* Marks are around matches and nothing else. */
		assert_ptr_equal(strchr(snippet, '\001'), strrchr(snippet, '\001'));
		assert_ptr_equal(strchr(snippet, '\002'), strrchr(snippet, '\002'));
		assert_non_null(strstr(snippet, "\001needle\002"));
		assert_null(strchr(snippet, '\n'));
		/* SQLite leaves a NUL out, and what stood between it and the match. */
		if (hits.items[i].entry == odd)
			assert_string_equal(snippet, "before\001needle\002 <b> after the end");
	}
	hit_list_done(&hits);
	OK(search_entries(store, "needle", 1, &hits, &err));
	assert_int_equal(hits.len, 1);
	assert_int_equal(hits.items[0].entry, prompt);
	hit_list_done(&hits);

	/* What tools are asked is found as well. */
	call->name = xstrdup("weather_report");
	buf_puts(&call->arguments, "{\"city\":\"Grenoble\"}");
	OK(store_add_entry(store, c->key, 0, call, &err));
	assert_int_equal(count(store, "grenoble"), 1);
	assert_int_equal(count(store, "weather_rep"), 1);
	entry_free(call);
	conversation_free(c);
	store_close(store);
}

/* Chinese, Japanese, Thai: words in the middle of what the index has as one. */
static void
test_spaceless(void **state)
{
	static const char text[] = "我昨天去了北京\xe5\xa4\xa9安门\nand then home";
	struct store *store = open_memory();
	struct conversation *c = begin(store, NULL);
	struct buf text2 = BUF_EMPTY;
	hit_list hits = {0};

	(void)state;
	say(store, c->key, false, text, strlen(text));
	say(store, c->key, true, "北京 Hotel", strlen("北京 Hotel"));
	say(store, c->key, true, "สวัสดีชาวโลก", strlen("สวัสดีชาวโลก"));
	for (int i = 0; i < 100; i++)
		buf_puts(&text2, "長い文章です。");
	buf_puts(&text2, "\001針\002");
	for (int i = 0; i < 100; i++)
		buf_puts(&text2, "長い文章です。");
	say(store, c->key, false, text2.data, text2.len);
	assert_int_equal(count(store, "北京"), 2);
	assert_int_equal(count(store, "安门"), 1);
	assert_int_equal(count(store, "京"), 2);
	assert_int_equal(count(store, "北京 HOME"), 1);
	assert_int_equal(count(store, "北京 -home"), 1);
	assert_int_equal(count(store, "北京 nowhere"), 0);
	assert_int_equal(count(store, "東京"), 0);
	assert_int_equal(count(store, "ชาวโลก"), 1);
	OK(search_entries(store, "北京", 1, &hits, &err));
	assert_int_equal(hits.len, 1);
	hit_list_done(&hits);
	OK(search_entries(store, "安门", 9, &hits, &err));
	assert_string_equal(hits.items[0].snippet, "我昨天去了北京天\001安门\002 and then home");
	hit_list_done(&hits);
	OK(search_entries(store, "針", 9, &hits, &err));
	assert_int_equal(hits.len, 1);
	assert_non_null(strstr(hits.items[0].snippet, "です。 \001針\002 長い"));
	assert_true(strlen(hits.items[0].snippet) < 450);
	assert_true(utf8_valid(hits.items[0].snippet, strlen(hits.items[0].snippet)));
	hit_list_done(&hits);
	/* A match that is longer than a snippet is closed all the same. */
	buf_clear(&text2);
	buf_pad(&text2, 'x', 5000);
	say(store, c->key, false, text2.data, text2.len);
	OK(search_entries(store, "xxx", 9, &hits, &err));
	assert_int_equal(hits.len, 1);
	assert_int_equal(hits.items[0].snippet[0], '\001');
	assert_non_null(strstr(hits.items[0].snippet, "x\002…"));
	assert_true(strlen(hits.items[0].snippet) < 450);
	hit_list_done(&hits);
	buf_done(&text2);
	conversation_free(c);
	store_close(store);
}

/* The index follows what changes, and an answer is found once it is there. */
static void
test_changes(void **state)
{
	struct store *store = open_memory();
	struct conversation *c = begin(store, NULL);
	struct entry *entry = entry_new(ENTRY_MESSAGE_OUTPUT);
	int64_t turn;

	(void)state;
	entry->state = ENTRY_STREAMING;
	OK(store_begin_turn(store, c, NULL, 0, NULL, &turn, &err));
	OK(store_add_entry(store, c->key, turn, entry, &err));
	buf_puts(&entry_chunk(entry, 0, CHUNK_TEXT)->text, "first half ");
	OK(store_checkpoint(store, &entry, 1, &err));
	buf_puts(&entry_chunk(entry, 0, CHUNK_TEXT)->text, "second half");
	OK(store_checkpoint(store, &entry, 1, &err));
	OK(store_end_turn(store, turn, ENTRY_INTERRUPTED, "x", NULL, &err));
	assert_int_equal(count(store, "\"first half second half\""), 1);
	entry->state = ENTRY_COMPLETE;
	OK(store_save_entry(store, entry, &err));
	assert_int_equal(count(store, "half"), 1);
	buf_clear(&entry->chunks.items[0].text);
	buf_puts(&entry->chunks.items[0].text, "whole");
	OK(store_save_entry(store, entry, &err));
	OK(store_save_entry(store, entry, &err));
	assert_int_equal(count(store, "half"), 0);
	assert_int_equal(count(store, "whole"), 1);
	OK(store_delete(store, c->key, &err));
	assert_int_equal(count(store, "whole"), 0);
	entry_free(entry);
	conversation_free(c);
	store_close(store);
}

/* A hit in what a branch inherits from a deleted conversation leads to the branch. */
static void
test_deleted(void **state)
{
	struct store *store = open_memory();
	struct conversation *a = begin(store, "a"), *b = conversation_new(),
			    *c = conversation_new();
	hit_list hits = {0};
	int64_t fork;

	(void)state;
	fork = say(store, a->key, false, "inherited needle", 16);
	say(store, a->key, true, "lost needle", 11);
	b->parent = a->key;
	b->fork = fork;
	b->id = xstrdup("conv_b");
	OK(store_add_conversation(store, b, &err));
	c->parent = b->key;
	c->fork = say(store, b->key, false, "b", 1);
	c->id = xstrdup("conv_c");
	OK(store_add_conversation(store, c, &err));
	OK(store_delete(store, a->key, &err));
	OK(store_delete(store, b->key, &err));
	OK(search_entries(store, "needle", 10, &hits, &err));
	assert_int_equal(hits.len, 1);
	assert_int_equal(hits.items[0].entry, fork);
	assert_int_equal(hits.items[0].conversation, c->key);
	assert_string_equal(hits.items[0].conversation_id, "conv_c");
	hit_list_done(&hits);
	conversation_free(a);
	conversation_free(b);
	conversation_free(c);
	store_close(store);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_words),
	    cmocka_unit_test(test_filters),
	    cmocka_unit_test(test_hostile),
	    cmocka_unit_test(test_hits),
	    cmocka_unit_test(test_spaceless),
	    cmocka_unit_test(test_changes),
	    cmocka_unit_test(test_deleted),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
