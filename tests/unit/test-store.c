/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include <inttypes.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/buf.h"
#include "base/error.h"
#include "base/mem.h"
#include "store/db.h"
#include "store/search.h"
#include "store/store-private.h"
#include "store/store.h"
#include "unit/must.h"
#include "unit/scratch.h"

/* Helpers. Every call of the store has to succeed, unless it is the one that is tested. */

static struct store *
open_store(const char *path)
{
	struct store *store;
	bool read_only;

	OK(store = store_open(path, &read_only, &err));
	assert_false(read_only);
	return store;
}

/* Each test its own file, or memory. */
static struct store *
open_file(const char *name)
{
	char *path = scratch_path(name);
	struct store *store = open_store(path);

	free(path);
	return store;
}

static int64_t
number(struct store *store, const char *sql)
{
	int64_t value;
	struct stmt *s = db_prepare(store->db, sql);

	value = db_step(s, &err) ? db_int(s, 0) : -1;
	OK(db_finish(s));
	return value;
}

/* After every test on a file: nothing dangles, the index is the text's. */
static void
close_checked(struct store *store)
{
	char *report;

	OK(store_check(store, &report, &err));
	assert_non_null(strstr(report, "sound"));
	free(report);
	store_close(store);
}

static struct entry *
output(const char *text, enum entry_state state)
{
	struct entry *entry = entry_new(ENTRY_MESSAGE_OUTPUT);

	entry->state = state;
	if (text[0] != '\0')
		buf_puts(&entry_chunk(entry, 0, CHUNK_TEXT)->text, text);
	return entry;
}

static void
free_entries(struct entry **entries, size_t count)
{
	for (size_t i = 0; i < count; i++)
		entry_free(entries[i]);
}

#define PLACE(conversation, entry) ((struct draft_place){conversation, entry})

/* A prompt and its answer, complete. Returns the answer's key, and the prompt's in *prompt. */
static int64_t
converse(
    struct store *store, struct conversation *c, const char *say, const char *hear, int64_t *prompt)
{
	struct entry *in = entry_new_input(say, strlen(say)), *out = output(hear, ENTRY_STREAMING);
	int64_t turn, key;

	OK(store_begin_turn(store, c, &in, 1, NULL, &turn, &err));
	OK(store_accept_turn(store, turn, &err));
	OK(store_add_entry(store, c->key, turn, out, &err));
	out->state = ENTRY_COMPLETE;
	OK(store_save_entry(store, out, &err));
	OK(store_end_turn(store, turn, ENTRY_COMPLETE, NULL, NULL, &err));
	key = out->key;
	if (prompt != NULL)
		*prompt = in->key;
	entry_free(in);
	entry_free(out);
	return key;
}

static struct conversation *
branch(int64_t parent, int64_t fork)
{
	struct conversation *c = conversation_new();

	c->parent = parent;
	c->fork = fork;
	return c;
}

/* The texts of a path: "a|b|c", inherited ones before "/". */
static void
expect_path(struct store *store, int64_t key, const char *expected)
{
	struct conversation *c = store_load(store, key, true, &err);
	struct buf text = BUF_EMPTY;

	if (c == NULL)
		fail_msg("not loaded: %s", err.text);
	for (size_t i = 0; i < c->entries.len; i++) {
		if (i == c->inherited)
			buf_puts(&text, "/");
		else if (i > 0)
			buf_puts(&text, "|");
		entry_text(c->entries.items[i], &text);
	}
	assert_string_equal(text.data, expected);
	buf_done(&text);
	conversation_free(c);
}

static enum store_mark
mark_of(struct store *store, int64_t root)
{
	enum store_mark mark = MARK_NONE;
	store_rows rows = {0};
	bool found = false;

	OK(store_list(store, NULL, 0, 1000, &rows, &err));
	for (size_t i = 0; i < rows.len; i++) {
		if (rows.items[i].root == root) {
			mark = rows.items[i].mark;
			found = true;
		}
	}
	assert_true(found);
	store_rows_done(&rows);
	return mark;
}

static size_t
count(struct store *store, const char *filter)
{
	size_t found;

	OK(store_count(store, filter, &found, &err));
	return found;
}

/* Turns. */

static void
test_turn(void **state)
{
	struct store *store = open_file("turn.db");
	struct conversation *c = conversation_new(), *loaded;
	struct entry *in = entry_new_input("What is a qubit?", 16), *out;
	struct usage usage = {10, 20, 30, 1, NULL};
	char first[] = "{\"web_search\":1,\"code\":2}", second[] = "{\"web_search\":4}";
	int64_t turn;

	(void)state;
	c->model = xstrdup("m");
	OK(store_save_draft(store, PLACE(0, 0), "What is a qu", 12, &err));
	OK(store_begin_turn(store, c, &in, 1, &PLACE(0, 0), &turn, &err));
	assert_int_not_equal(c->key, 0);
	assert_int_equal(c->root, c->key);
	assert_int_not_equal(in->key, 0);
	assert_int_equal(in->state, ENTRY_SENDING);
	assert_non_null(c->created_at);
	assert_non_null(in->created_at);
	assert_null(store_load_draft(store, PLACE(0, 0), &err));
	assert_int_equal(mark_of(store, c->root), MARK_STREAMING);
	loaded = store_load(store, c->key, true, &err);
	assert_int_equal(loaded->entries.items[0]->state, ENTRY_SENDING);
	conversation_free(loaded);

	OK(store_accept_turn(store, turn, &err));
	out = output("", ENTRY_STREAMING);
	OK(store_add_entry(store, c->key, turn, out, &err));
	for (int i = 0; i < 50; i++) {
		buf_puts(&entry_chunk(out, 1, CHUNK_TEXT)->text, "word ");
		buf_puts(&entry_chunk(out, 0, CHUNK_THINKING)->text, "hm ");
		OK(store_checkpoint(store, &out, 1, &err));
		OK(store_checkpoint(store, &out, 1, &err));
	}
	loaded = store_load(store, c->key, true, &err);
	assert_int_equal(loaded->entries.len, 2);
	assert_int_equal(loaded->entries.items[0]->state, ENTRY_COMPLETE);
	assert_int_equal(loaded->entries.items[1]->state, ENTRY_STREAMING);
	assert_int_equal(loaded->entries.items[1]->chunks.len, 2);
	assert_int_equal(loaded->entries.items[1]->chunks.items[0].type, CHUNK_THINKING);
	assert_int_equal(loaded->entries.items[1]->chunks.items[0].text.len, 150);
	assert_int_equal(loaded->entries.items[1]->chunks.items[1].text.len, 250);
	conversation_free(loaded);
	assert_true(number(store, "SELECT count(*) FROM piece") > 90);

	xreplace(&out->id, "msg_1");
	out->state = ENTRY_COMPLETE;
	OK(store_save_entry(store, out, &err));
	assert_int_equal(number(store, "SELECT count(*) FROM piece"), 0);
	usage.connectors = first;
	OK(store_end_turn(store, turn, ENTRY_COMPLETE, NULL, &usage, &err));
	assert_int_equal(mark_of(store, c->root), MARK_NONE);
	assert_false(store_end_turn(store, turn, ENTRY_COMPLETE, NULL, NULL, &err));
	error_done(&err);

	OK(store_begin_turn(store, c, NULL, 0, NULL, &turn, &err));
	usage.connectors = second;
	OK(store_end_turn(store, turn, ENTRY_COMPLETE, NULL, &usage, &err));
	loaded = store_load(store, c->key, false, &err);
	assert_int_equal(loaded->entries.len, 0);
	assert_int_equal(loaded->usage.total_tokens, 60);
	assert_non_null(strstr(loaded->usage.connectors, "\"web_search\":5"));
	assert_non_null(strstr(loaded->usage.connectors, "\"code\":2"));
	conversation_free(loaded);
	conversation_free(c);
	entry_free(in);
	entry_free(out);
	close_checked(store);
}

/* How a turn ends decides what becomes of what was said. */
static void
test_ends(void **state)
{
	static const struct {
		bool accepted;
		enum entry_state end, input, output;
		enum store_mark mark;
	} cases[] = {
	    {false, ENTRY_UNSENT, ENTRY_UNSENT, ENTRY_INTERRUPTED, MARK_FAILED},
	    {false, ENTRY_INTERRUPTED, ENTRY_INTERRUPTED, ENTRY_INTERRUPTED, MARK_FAILED},
	    {false, ENTRY_COMPLETE, ENTRY_COMPLETE, ENTRY_COMPLETE, MARK_NONE},
	    {true, ENTRY_INTERRUPTED, ENTRY_COMPLETE, ENTRY_INTERRUPTED, MARK_FAILED},
	};
	struct store *store = open_file("ends.db");

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct conversation *c = conversation_new(), *loaded;
		struct entry *in = entry_new_input("Hello", 5),
			     *out = output("Hel", ENTRY_STREAMING);
		int64_t turn;

		OK(store_begin_turn(store, c, &in, 1, NULL, &turn, &err));
		if (cases[i].accepted)
			OK(store_accept_turn(store, turn, &err));
		OK(store_add_entry(store, c->key, turn, out, &err));
		buf_puts(&out->chunks.items[0].text, "lo \xe2\x82\xac");
		OK(store_checkpoint(store, &out, 1, &err));
		OK(store_end_turn(store, turn, cases[i].end, "The line broke.", NULL, &err));
		loaded = store_load(store, c->key, true, &err);
		assert_int_equal(loaded->entries.items[0]->state, cases[i].input);
		assert_int_equal(loaded->entries.items[1]->state, cases[i].output);
		assert_string_equal(
		    loaded->entries.items[1]->chunks.items[0].text.data, "Hello \xe2\x82\xac");
		if (cases[i].output == ENTRY_INTERRUPTED)
			assert_string_equal(loaded->entries.items[1]->reason, "The line broke.");
		else
			assert_null(loaded->entries.items[1]->reason);
		assert_int_equal(mark_of(store, c->root), cases[i].mark);

		/* Sent again: the same entry, and no second one. */
		if (cases[i].input != ENTRY_COMPLETE) {
			OK(store_begin_turn(
			    store, c, &loaded->entries.items[0], 1, NULL, &turn, &err));
			assert_int_equal(mark_of(store, c->root), MARK_STREAMING);
			OK(store_end_turn(store, turn, ENTRY_COMPLETE, NULL, NULL, &err));
			assert_int_equal(mark_of(store, c->root), MARK_NONE);
		}
		conversation_free(loaded);
		loaded = store_load(store, c->key, true, &err);
		assert_int_equal(loaded->entries.len, 2);
		assert_null(loaded->entries.items[0]->reason);
		conversation_free(loaded);
		conversation_free(c);
		entry_free(in);
		entry_free(out);
	}
	assert_int_equal(number(store, "SELECT count(*) FROM turn_entry"), 0);
	close_checked(store);
}

/* Everything an entry can hold comes back as it was, NULs and all. */
static void
test_round_trip(void **state)
{
	static const char nul[] = "a\0b\xc3\xa9\x1b[31m";
	struct store *store = open_file("round.db");
	struct conversation *c = conversation_new(), *loaded;
	struct entry *entry = entry_new(ENTRY_TOOL_EXECUTION), *back;
	struct chunk chunk = {.type = CHUNK_TOOL_REFERENCE, .index = 3, .text = BUF_EMPTY};
	struct chunk image = {.type = CHUNK_IMAGE_URL, .index = 5, .text = BUF_EMPTY};

	(void)state;
	c->id = xstrdup("conv_abc");
	c->connection = xstrdup("mistral");
	c->name = xstrdup("name");
	c->description = xstrdup("description");
	c->agent = xstrdup("agent");
	c->agent_id = xstrdup("ag_1");
	c->agent_version = xstrdup("7");
	c->model = xstrdup("model");
	c->instructions = xstrdup("instructions");
	c->tools = xstrdup("[]");
	c->completion_args = xstrdup("{}");
	c->guardrails = xstrdup("[1]");
	c->metadata = xstrdup("{\"a\":1}");
	c->handoff_execution = xstrdup("client");
	c->raw = xstrdup("{}");
	c->created_at = xstrdup("2025-01-01T00:00:00Z");
	c->updated_at = xstrdup("2025-01-02T00:00:00Z");
	c->own_id = true;
	c->usage = (struct usage){1, 2, 3, 4, xstrdup("{\"x\":1}")};
	OK(store_add_conversation(store, c, &err));

	entry->id = xstrdup("tool_exec_1");
	entry->own_id = true;
	entry->name = xstrdup("web_search");
	entry->function = xstrdup("f");
	entry->tool_call_id = xstrdup("call");
	entry->info = xstrdup("{\"i\":1}");
	entry->confirmation = xstrdup("pending");
	entry->reason = xstrdup("why");
	entry->created_at = xstrdup("2025-01-01T00:00:01Z");
	entry->completed_at = xstrdup("2025-01-01T00:00:02Z");
	entry->agent_id = xstrdup("ag_2");
	entry->model = xstrdup("m2");
	entry->previous_agent_id = xstrdup("p");
	entry->previous_agent_name = xstrdup("pn");
	entry->next_agent_id = xstrdup("n");
	entry->next_agent_name = xstrdup("nn");
	entry->raw = xstrdup("{\"raw\":true}");
	entry->prefix = true;
	entry->output_index = 4;
	entry->state = ENTRY_INTERRUPTED;
	buf_add(&entry->arguments, nul, sizeof(nul) - 1);
	buf_add(&entry->result, nul, sizeof(nul) - 1);
	buf_add(&entry_chunk(entry, 0, CHUNK_TEXT)->text, nul, sizeof(nul) - 1);
	entry_chunk(entry, 1, CHUNK_TEXT);
	chunk.tool = xstrdup("web");
	chunk.title = xstrdup("title");
	chunk.url = xstrdup("https://example.org");
	chunk.favicon = xstrdup("icon");
	chunk.description = xstrdup("d");
	chunk.file_id = xstrdup("fid");
	chunk.file_name = xstrdup("fn");
	chunk.file_type = xstrdup("png");
	chunk.signature = xstrdup("sig");
	chunk.raw = xstrdup("{}");
	entry_add_chunk(entry, &chunk);
	buf_puts(&image.text, "data:image/png;base64,AAAA");
	entry_add_chunk(entry, &image);
	OK(store_add_entry(store, c->key, 0, entry, &err));

	loaded = store_load(store, c->key, true, &err);
	assert_string_equal(loaded->id, "conv_abc");
	assert_string_equal(loaded->connection, "mistral");
	assert_string_equal(loaded->handoff_execution, "client");
	assert_string_equal(loaded->metadata, "{\"a\":1}");
	assert_string_equal(loaded->agent_version, "7");
	assert_string_equal(loaded->created_at, "2025-01-01T00:00:00Z");
	assert_null(loaded->title);
	assert_true(loaded->own_id);
	assert_int_equal(loaded->usage.connector_tokens, 4);
	assert_string_equal(loaded->usage.connectors, "{\"x\":1}");
	assert_int_equal(loaded->entries.len, 1);
	back = loaded->entries.items[0];
	assert_int_equal(back->key, entry->key);
	assert_int_equal(back->type, ENTRY_TOOL_EXECUTION);
	assert_int_equal(back->state, ENTRY_INTERRUPTED);
	assert_true(back->own_id && back->prefix && !back->assistant);
	assert_int_equal(back->output_index, 4);
	assert_string_equal(back->next_agent_name, "nn");
	assert_string_equal(back->raw, "{\"raw\":true}");
	assert_string_equal(back->confirmation, "pending");
	assert_int_equal(back->arguments.len, sizeof(nul) - 1);
	assert_memory_equal(back->arguments.data, nul, sizeof(nul));
	assert_memory_equal(back->result.data, nul, sizeof(nul));
	assert_int_equal(back->chunks.len, 4);
	assert_memory_equal(back->chunks.items[0].text.data, nul, sizeof(nul));
	assert_int_equal(back->chunks.items[1].text.len, 0);
	assert_string_equal(back->chunks.items[2].file_type, "png");
	assert_string_equal(back->chunks.items[2].signature, "sig");
	assert_int_equal(back->chunks.items[2].index, 3);
	assert_string_equal(back->chunks.items[3].text.data, "data:image/png;base64,AAAA");
	conversation_free(loaded);

	/* A type that is newer than this program. */
	entry_free(entry);
	entry = entry_new(ENTRY_UNKNOWN);
	entry->type_name = xstrdup("hologram.output");
	entry->raw = xstrdup("{\"type\":\"hologram.output\"}");
	OK(store_add_entry(store, c->key, 0, entry, &err));
	loaded = store_load(store, c->key, true, &err);
	assert_int_equal(loaded->entries.items[1]->type, ENTRY_UNKNOWN);
	assert_string_equal(loaded->entries.items[1]->type_name, "hologram.output");
	conversation_free(loaded);
	entry_free(entry);
	conversation_free(c);
	close_checked(store);
}

/* Growing in every way at once: chunks that come whole between words, arguments, late ones. */
static void
test_growth(void **state)
{
	struct store *store = open_file("growth.db"), *other = open_file("growth.db");
	struct conversation *c = conversation_new(), *loaded;
	struct entry *entries[2] = {
	    entry_new(ENTRY_MESSAGE_OUTPUT), entry_new(ENTRY_FUNCTION_CALL)};
	struct buf said = BUF_EMPTY;
	int64_t turn;

	(void)state;
	OK(store_begin_turn(store, c, NULL, 0, NULL, &turn, &err));
	for (int i = 0; i < 2; i++) {
		entries[i]->state = ENTRY_STREAMING;
		entries[i]->output_index = i;
		OK(store_add_entry(store, c->key, turn, entries[i], &err));
	}
	for (int round = 0; round < 30; round++) {
		struct chunk reference = {
		    .type = CHUNK_TOOL_REFERENCE, .index = round / 3 * 2 + 1, .text = BUF_EMPTY};
		char piece[] = {'x', (char)round, 'y', 0};

		buf_add(&entry_chunk(entries[0], round / 3 * 2, CHUNK_TEXT)->text, piece, 4);
		buf_add(&said, piece, 4);
		buf_add(&entries[1]->arguments, piece, 4);
		if (round % 3 == 2) {
			reference.title = xasprintf("reference %d", round);
			entry_add_chunk(entries[0], &reference);
		}
		OK(store_checkpoint(store, entries, 2, &err));
		/* Another instance sees what was written so far, joined. */
		loaded = store_load(other, c->key, true, &err);
		assert_int_equal(loaded->entries.len, 2);
		assert_int_equal(loaded->entries.items[0]->chunks.len, entries[0]->chunks.len);
		for (size_t i = 0; i < entries[0]->chunks.len; i++) {
			struct chunk *a = &entries[0]->chunks.items[i];
			struct chunk *b = &loaded->entries.items[0]->chunks.items[i];

			assert_int_equal(a->type, b->type);
			assert_int_equal(a->index, b->index);
			assert_int_equal(a->text.len, b->text.len);
			assert_memory_equal(a->text.data, b->text.data, a->text.len);
		}
		assert_int_equal(
		    loaded->entries.items[1]->arguments.len, entries[1]->arguments.len);
		conversation_free(loaded);
	}
	OK(store_end_turn(store, turn, ENTRY_INTERRUPTED, "Stopped.", NULL, &err));
	assert_int_equal(number(store, "SELECT count(*) FROM piece"), 0);
	loaded = store_load(other, c->key, true, &err);
	assert_memory_equal(loaded->entries.items[1]->arguments.data, said.data, said.len);
	assert_int_equal(loaded->entries.items[0]->chunks.len, 20);
	assert_string_equal(loaded->entries.items[0]->chunks.items[1].title, "reference 2");
	conversation_free(loaded);
	/* Without a key an entry is none of a checkpoint's business. */
	entries[0]->key = 0;
	OK(store_checkpoint(store, entries, 1, &err));
	free_entries(entries, 2);
	conversation_free(c);
	buf_done(&said);
	store_close(other);
	close_checked(store);
}

/* Outputs can begin in another order than the one they belong in. */
static void
test_output_order(void **state)
{
	static const int order[] = {2, 0, 3, 1, 1, 4};
	struct store *store = open_store(":memory:");
	struct conversation *c = conversation_new();
	struct entry *in = entry_new_input("in", 2);
	int64_t turn;

	(void)state;
	converse(store, c, "first", "answer", NULL);
	OK(store_begin_turn(store, c, &in, 1, NULL, &turn, &err));
	for (size_t i = 0; i < sizeof(order) / sizeof(order[0]); i++) {
		char text[] = {(char)('0' + order[i]), 0};
		struct entry *out = output(text, ENTRY_STREAMING);

		out->output_index = order[i];
		OK(store_add_entry(store, c->key, turn, out, &err));
		entry_free(out);
	}
	OK(store_end_turn(store, turn, ENTRY_COMPLETE, NULL, NULL, &err));
	expect_path(store, c->key, "/first|answer|in|0|1|1|2|3|4");
	/* The next turn's go behind them, whatever their index. */
	converse(store, c, "next", "last", NULL);
	expect_path(store, c->key, "/first|answer|in|0|1|1|2|3|4|next|last");
	entry_free(in);
	conversation_free(c);
	store_close(store);
}

/* Failing must leave keys and states of what was given as they were. */
static void
test_failure(void **state)
{
	struct store *store = open_store(":memory:");
	struct conversation *c = branch(4711, 0);
	struct entry *in = entry_new_input("lost?", 5);
	int64_t turn, prompt, answer;

	(void)state;
	assert_false(store_begin_turn(store, c, &in, 1, NULL, &turn, &err));
	assert_int_equal(err.kind, ERR_STORE);
	error_done(&err);
	assert_int_equal(c->key, 0);
	assert_int_equal(in->key, 0);
	assert_int_equal(in->state, ENTRY_COMPLETE);
	c->parent = 0;
	c->fork = 99;
	assert_false(store_begin_turn(store, c, &in, 1, NULL, &turn, &err));
	error_done(&err);
	c->fork = 0;
	answer = converse(store, c, "a", "b", &prompt);
	/* The entry to branch from must be of the same tree. */
	conversation_free(c);
	c = conversation_new();
	converse(store, c, "other", "tree", NULL);
	conversation_free(c);
	c = branch(2, answer);
	assert_false(store_add_conversation(store, c, &err));
	error_done(&err);
	assert_int_equal(c->key, 0);
	assert_false(store_accept_turn(store, 4711, &err));
	error_done(&err);
	assert_false(store_add_entry(store, 4711, 0, in, &err));
	error_done(&err);
	assert_int_equal(in->key, 0);
	in->key = 4711;
	assert_false(store_save_entry(store, in, &err));
	error_done(&err);
	assert_int_equal(count(store, NULL), 2);
	conversation_free(c);
	entry_free(in);
	store_close(store);
}

/* Lineage. */

static void
test_branches(void **state)
{
	struct store *store = open_file("branches.db");
	struct conversation *a = conversation_new(), *b, *c, *d, *e, *loaded;
	int64_t a2, a4, b2, a1;
	struct tree tree;

	(void)state;
	a2 = converse(store, a, "a1", "a2", &a1);
	a4 = converse(store, a, "a3", "a4", NULL);
	b = branch(a->key, a2);
	b2 = converse(store, b, "b1", "b2", NULL);
	/* From b, but at an entry that b inherits. */
	c = branch(b->key, a1);
	converse(store, c, "c1", "c2", NULL);
	/* On b's own words. */
	d = branch(b->key, b2);
	OK(store_add_conversation(store, d, &err));
	/* The first prompt edited. */
	e = branch(a->key, 0);
	converse(store, e, "e1", "e2", NULL);
	converse(store, a, "a5", "a6", NULL);

	assert_int_equal(e->root, a->key);
	expect_path(store, a->key, "/a1|a2|a3|a4|a5|a6");
	expect_path(store, b->key, "a1|a2/b1|b2");
	expect_path(store, c->key, "a1/c1|c2");
	expect_path(store, d->key, "a1|a2|b1|b2");
	expect_path(store, e->key, "/e1|e2");
	loaded = store_load(store, d->key, true, &err);
	assert_int_equal(loaded->inherited, 4);
	assert_int_equal(loaded->parent, b->key);
	assert_int_equal(loaded->fork, b2);
	assert_int_equal(loaded->root, a->key);
	conversation_free(loaded);

	tree_init(&tree);
	OK(store_load_tree(store, d->key, &tree, &err));
	assert_int_equal(tree.root, a->key);
	assert_int_equal(tree.branches.len, 5);
	assert_int_equal(tree.branches.items[0].conversation, a->key);
	assert_int_equal(tree.branches.items[0].entries.len, 6);
	assert_string_equal(tree.branches.items[0].entries.items[0].preview, "a1");
	assert_true(tree.branches.items[0].entries.items[1].assistant);
	assert_int_equal(tree.branches.items[4].number, 5);
	assert_true(tree_on_path(&tree, d->key, b2));
	assert_false(tree_on_path(&tree, d->key, a4));
	tree_done(&tree);
	assert_int_equal(count(store, NULL), 1);
	conversation_free(a);
	conversation_free(b);
	conversation_free(c);
	conversation_free(d);
	conversation_free(e);
	close_checked(store);
}

static void
test_deletion(void **state)
{
	struct store *store = open_file("deletion.db");
	struct conversation *a = conversation_new(), *b, *c, *e;
	store_rows rows = {0};
	struct tree tree;
	int64_t a2, b2;

	(void)state;
	a2 = converse(store, a, "a1", "a2", NULL);
	converse(store, a, "a3", "a4", NULL);
	b = branch(a->key, a2);
	b2 = converse(store, b, "b1", "b2", NULL);
	converse(store, b, "b3", "b4", NULL);
	c = branch(b->key, b2);
	converse(store, c, "c1", "c2", NULL);
	e = branch(a->key, 0);
	converse(store, e, "e1", "e2", NULL);

	OK(store_delete(store, a->key, &err));
	assert_null(store_load(store, a->key, true, &err));
	assert_int_equal(err.kind, ERR_NONE);
	expect_path(store, b->key, "a1|a2/b1|b2|b3|b4");
	OK(store_delete(store, b->key, &err));
	expect_path(store, c->key, "a1|a2|b1|b2/c1|c2");
	/* What nothing hangs on is gone: a3, a4, b3, b4. */
	assert_int_equal(number(store, "SELECT count(*) FROM entry"), 8);
	assert_false(store_delete(store, b->key, &err));
	error_done(&err);
	tree_init(&tree);
	OK(store_load_tree(store, c->key, &tree, &err));
	assert_int_equal(tree.branches.len, 4);
	assert_true(tree.branches.items[0].deleted);
	tree_done(&tree);
	OK(store_list(store, NULL, 0, 10, &rows, &err));
	assert_int_equal(rows.len, 1);
	assert_int_equal(rows.items[0].branches, 1);
	assert_int_equal(rows.items[0].latest, e->key);
	store_rows_done(&rows);

	/* The last branch takes everything that was kept for it along. */
	OK(store_delete(store, c->key, &err));
	assert_int_equal(number(store, "SELECT count(*) FROM entry"), 2);
	assert_int_equal(number(store, "SELECT count(*) FROM conversation"), 2);
	expect_path(store, e->key, "/e1|e2");
	OK(store_save_draft(store, PLACE(e->key, 0), "draft", 5, &err));
	OK(store_delete(store, e->key, &err));
	assert_int_equal(number(store, "SELECT count(*) FROM conversation"), 0);
	assert_int_equal(number(store, "SELECT count(*) FROM entry"), 0);
	assert_int_equal(number(store, "SELECT count(*) FROM part"), 0);
	assert_int_equal(number(store, "SELECT count(*) FROM tree"), 0);
	assert_int_equal(number(store, "SELECT count(*) FROM draft"), 0);
	assert_int_equal(number(store, "SELECT count(*) FROM title_fts"), 0);
	assert_int_equal(number(store, "SELECT count(*) FROM entry_fts('a1')"), 0);
	assert_int_equal(number(store, "SELECT count(*) FROM prompt_fts('a1')"), 0);
	/* Keys are never used again. */
	conversation_free(a);
	a = conversation_new();
	OK(store_add_conversation(store, a, &err));
	assert_true(a->key > e->key);
	conversation_free(a);
	conversation_free(b);
	conversation_free(c);
	conversation_free(e);
	close_checked(store);
}

static void
expect_opens(struct store *store, int64_t asked, int64_t root, int64_t opens)
{
	store_rows rows = {0};
	int64_t preferred;
	bool found = false;

	OK(store_list(store, NULL, 0, 10, &rows, &err));
	for (size_t i = 0; i < rows.len; i++) {
		if (rows.items[i].root != root)
			continue;
		assert_int_equal(rows.items[i].opens, opens);
		found = true;
	}
	assert_true(found);
	store_rows_done(&rows);
	OK(store_preferred(store, asked, &preferred, &err));
	assert_int_equal(preferred, opens);
}

/* A tree opens where it changed last, or at the branch that is preferred. */
static void
test_preferred(void **state)
{
	struct store *store = open_file("preferred.db");
	struct conversation *a = conversation_new(), *b, *c, *d = conversation_new();
	struct entry *prompt;
	struct tree tree;
	int64_t a2, turn;

	(void)state;
	a2 = converse(store, a, "a1", "a2", NULL);
	b = branch(a->key, a2);
	converse(store, b, "b1", "b2", NULL);
	c = branch(a->key, a2);
	converse(store, c, "c1", "c2", NULL);
	expect_opens(store, c->key, a->key, c->key);
	OK(store_set_preferred(store, b->key, true, &err));
	expect_opens(store, a->key, a->key, b->key);
	converse(store, c, "c3", "c4", NULL);
	expect_opens(store, c->key, a->key, b->key);
	tree_init(&tree);
	OK(store_load_tree(store, a->key, &tree, &err));
	assert_int_equal(tree.preferred, b->key);
	tree_done(&tree);
	/* What failed is looked at first. */
	prompt = entry_new_input("c5", 2);
	OK(store_begin_turn(store, c, &prompt, 1, NULL, &turn, &err));
	OK(store_end_turn(store, turn, ENTRY_INTERRUPTED, "why", NULL, &err));
	entry_free(prompt);
	expect_opens(store, c->key, a->key, c->key);
	converse(store, c, "c7", "c8", NULL);
	expect_opens(store, c->key, a->key, b->key);
	/* Another one in its place, none at all, one that is deleted. */
	OK(store_set_preferred(store, a->key, true, &err));
	expect_opens(store, c->key, a->key, a->key);
	OK(store_set_preferred(store, a->key, false, &err));
	expect_opens(store, c->key, a->key, c->key);
	OK(store_set_preferred(store, b->key, true, &err));
	OK(store_delete(store, b->key, &err));
	expect_opens(store, c->key, a->key, c->key);
	assert_false(store_set_preferred(store, b->key, true, &err));
	error_done(&err);
	/* One that turns out to be a branch brings its own along. */
	converse(store, d, "d1", "d2", NULL);
	OK(store_set_preferred(store, a->key, false, &err));
	OK(store_set_preferred(store, d->key, true, &err));
	OK(store_set_lineage(store, d->key, a->key, a2, false, NULL, 0, &err));
	converse(store, c, "c5", "c6", NULL);
	expect_opens(store, c->key, a->key, d->key);
	conversation_free(a);
	conversation_free(b);
	conversation_free(c);
	conversation_free(d);
	close_checked(store);
}

/* An answer that is coming keeps its conversation, and what it inherits. */
static void
test_deletion_busy(void **state)
{
	struct store *store = open_store(":memory:");
	struct conversation *c = conversation_new();
	int64_t turn;

	(void)state;
	OK(store_begin_turn(store, c, NULL, 0, NULL, &turn, &err));
	assert_false(store_delete(store, c->key, &err));
	assert_int_equal(err.kind, ERR_STORE);
	error_done(&err);
	OK(store_end_turn(store, turn, ENTRY_COMPLETE, NULL, NULL, &err));
	OK(store_delete(store, c->key, &err));
	assert_false(store_begin_turn(store, c, NULL, 0, NULL, &turn, &err));
	error_done(&err);
	conversation_free(c);
	store_close(store);
}

/* In the trash it is nowhere to be found, and comes back as it was. */
static void
test_trash(void **state)
{
	struct store *store = open_file("trash.db");
	struct conversation *a = conversation_new(), *b = conversation_new(), *c;
	int64_t keys[2], answer, key;
	trash_list trash = {0};
	string_list prompts = {0};
	hit_list hits = {0};
	bool deleted;
	char *draft;

	(void)state;
	a->id = xstrdup("conv_a");
	a->connection = xstrdup("m");
	answer = converse(store, a, "apples", "green", NULL);
	converse(store, a, "pears", "yellow", NULL);
	b->connection = xstrdup("m");
	converse(store, b, "plums", "blue", NULL);
	c = branch(a->key, answer);
	c->connection = xstrdup("m");
	converse(store, c, "more", "apple", NULL);
	OK(store_save_draft(store, PLACE(b->key, 0), "draft", 5, &err));

	OK(store_trash(store, &b->key, 1, false, &err));
	assert_int_equal(count(store, NULL), 1);
	assert_int_equal(count(store, "plums"), 0);
	OK(search_entries(store, "plums", 10, &hits, &err));
	assert_int_equal(hits.len, 0);
	OK(store_find(store, NULL, "@", &key, &err));
	assert_int_equal(key, c->key);
	OK(store_prompts(store, 10, &prompts, &err));
	assert_int_equal(prompts.len, 3);
	string_list_done(&prompts);
	assert_null(store_load(store, b->key, false, &err));
	assert_false(store_trash(store, &b->key, 1, false, &err));
	error_done(&err);
	assert_int_equal(number(store, "SELECT count(*) FROM entry"), 8);

	/* A branch goes on from what is in the trash, but for what nothing inherits. */
	OK(store_trash(store, &a->key, 1, true, &err));
	expect_path(store, c->key, "apples|green/more|apple");
	assert_int_equal(count(store, "apples"), 1);
	assert_int_equal(count(store, "pears"), 0);
	OK(store_find(store, "m", "conv_a", &key, &err));
	assert_int_equal(key, 0);
	OK(store_is_deleted_here(store, "m", "conv_a", "9999-01-01T00:00:00Z", &deleted, &err));
	assert_true(deleted);
	OK(store_list_trash(store, &trash, &err));
	assert_int_equal(trash.len, 2);
	assert_int_equal(trash.items[0].conversation, a->key);
	assert_true(trash.items[0].server);
	assert_string_equal(trash.items[0].id, "conv_a");
	trash_list_done(&trash);

	/* The last first, with what belonged to them. */
	OK(store_untrash(store, &key, &err));
	assert_int_equal(key, a->key);
	expect_path(store, a->key, "/apples|green|pears|yellow");
	assert_int_equal(count(store, "pears"), 1);
	OK(store_untrash(store, &key, &err));
	assert_int_equal(key, b->key);
	OK(draft = store_load_draft(store, PLACE(b->key, 0), &err));
	assert_string_equal(draft, "draft");
	free(draft);
	assert_int_equal(count(store, NULL), 2);
	OK(store_untrash(store, &key, &err));
	assert_int_equal(key, 0);

	/* Several in one go; a tree of which nothing lives is not listed, archived or not. */
	OK(store_set_archived(store, a->key, true, &err));
	keys[0] = a->key;
	keys[1] = c->key;
	OK(store_trash(store, keys, 2, false, &err));
	assert_int_equal(count(store, "apples"), 0);
	OK(store_untrash(store, &key, &err));
	assert_int_equal(key, c->key);
	assert_int_equal(count(store, NULL), 1);
	assert_int_equal(count(store, "is:archived"), 1);

	/* Carried out; what was deleted here only is remembered. */
	OK(store_trash(store, keys, 2, false, &err));
	OK(store_purge(store, a->key, false, &err));
	OK(store_purge(store, c->key, true, &err));
	OK(store_is_deleted_here(store, "m", "conv_a", NULL, &deleted, &err));
	assert_true(deleted);
	assert_int_equal(number(store, "SELECT count(*) FROM entry"), 2);
	assert_int_equal(number(store, "SELECT count(*) FROM tree"), 1);
	assert_int_equal(number(store, "SELECT count(*) FROM trash"), 0);
	conversation_free(a);
	conversation_free(b);
	conversation_free(c);
	close_checked(store);
}

/* What another instance deleted is its own to bring back, until it is no more. */
static void
test_trash_instances(void **state)
{
	struct store *one = open_file("two.db"), *two = open_file("two.db");
	struct conversation *c = conversation_new();
	trash_list trash = {0};
	int64_t key;

	(void)state;
	converse(one, c, "a", "b", NULL);
	OK(store_trash(one, &c->key, 1, false, &err));
	OK(store_list_trash(two, &trash, &err));
	assert_int_equal(trash.len, 0);
	OK(store_untrash(two, &key, &err));
	assert_int_equal(key, 0);
	store_close(one);
	OK(store_list_trash(two, &trash, &err));
	assert_int_equal(trash.len, 1);
	trash_list_done(&trash);
	OK(store_untrash(two, &key, &err));
	assert_int_equal(key, c->key);
	conversation_free(c);
	close_checked(two);
}

/* Whole random trees, built and taken apart again: paths stay what they were. */
static void
test_deletion_random(void **state)
{
	enum { COUNT = 40 };
	struct store *store = open_file("random.db");
	int64_t keys[COUNT];
	char *paths[COUNT];
	unsigned seed = 12345;

	(void)state;
	for (int i = 0; i < COUNT; i++) {
		struct conversation *c = conversation_new(), *from;
		struct buf text = BUF_EMPTY;
		char say[16], hear[16];

		if (i > 0) {
			c->parent = keys[rand_r(&seed) % (unsigned)i];
			from = store_load(store, c->parent, true, &err);
			if (rand_r(&seed) % 8 != 0)
				c->fork =
				    from->entries.items[(size_t)rand_r(&seed) % from->entries.len]
					->key;
			conversation_free(from);
		}
		snprintf(say, sizeof(say), "s%d", i);
		snprintf(hear, sizeof(hear), "h%d", i);
		converse(store, c, say, hear, NULL);
		converse(store, c, hear, say, NULL);
		keys[i] = c->key;
		conversation_free(c);
		c = store_load(store, keys[i], true, &err);
		for (size_t j = 0; j < c->entries.len; j++) {
			buf_puts(&text, j == c->inherited ? "/" : j > 0 ? "|" : "");
			entry_text(c->entries.items[j], &text);
		}
		paths[i] = buf_take(&text);
		conversation_free(c);
	}
	for (int left = COUNT; left > 0; left--) {
		int gone = (int)(rand_r(&seed) % (unsigned)left);
		char *path = paths[gone];

		OK(store_delete(store, keys[gone], &err));
		keys[gone] = keys[left - 1];
		paths[gone] = paths[left - 1];
		free(path);
		for (int i = 0; i < left - 1; i++)
			expect_path(store, keys[i], paths[i]);
		assert_int_equal(
		    number(store,
			"SELECT count(*) FROM conversation c WHERE deleted = 1 AND NOT EXISTS"
			" (SELECT 1 FROM conversation WHERE deleted = 0)"),
		    0);
	}
	assert_int_equal(number(store, "SELECT count(*) FROM entry"), 0);
	close_checked(store);
}

static void
test_late_lineage(void **state)
{
	struct store *store = open_file("late.db");
	struct conversation *child = conversation_new(), *grandchild, *parent = conversation_new();
	struct tree tree;
	int64_t child1, parent2;

	(void)state;
	converse(store, child, "c1", "c2", &child1);
	grandchild = branch(child->key, child1);
	converse(store, grandchild, "g1", "g2", NULL);
	parent2 = converse(store, parent, "p1", "p2", NULL);
	converse(store, parent, "p3", "p4", NULL);
	assert_int_equal(count(store, NULL), 2);
	OK(store_set_lineage(store, child->key, parent->key, parent2, false, NULL, 0, &err));
	assert_int_equal(count(store, NULL), 1);
	expect_path(store, child->key, "p1|p2/c1|c2");
	expect_path(store, grandchild->key, "p1|p2|c1/g1|g2");
	tree_init(&tree);
	OK(store_load_tree(store, grandchild->key, &tree, &err));
	assert_int_equal(tree.root, parent->key);
	assert_int_equal(tree.branches.len, 3);
	assert_int_equal(tree.branches.items[0].conversation, parent->key);
	assert_int_equal(tree.branches.items[1].number, 2);
	assert_int_equal(tree.branches.items[2].number, 3);
	tree_done(&tree);
	/* Not twice, not to itself, not into a circle. */
	assert_false(store_set_lineage(store, child->key, parent->key, parent2, false, NULL, 0, &err));
	error_done(&err);
	assert_false(store_set_lineage(store, parent->key, child->key, child1, false, NULL, 0, &err));
	error_done(&err);
	OK(store_delete(store, parent->key, &err));
	OK(store_delete(store, child->key, &err));
	expect_path(store, grandchild->key, "p1|p2|c1/g1|g2");
	OK(store_delete(store, grandchild->key, &err));
	assert_int_equal(number(store, "SELECT count(*) FROM entry"), 0);
	conversation_free(child);
	conversation_free(grandchild);
	conversation_free(parent);
	close_checked(store);
}

/* Lists. */

static void
test_rows(void **state)
{
	struct store *store = open_file("rows.db");
	struct conversation *a = conversation_new(), *b = conversation_new(), *c;
	store_rows rows = {0};

	(void)state;
	b->name = xstrdup("Named");
	b->connection = xstrdup("mistral");
	b->model = xstrdup("large");
	converse(store, a, "  Why is\n the sky blue?  ", "Because.", NULL);
	converse(store, b, "Hello", "Hello.", NULL);
	OK(store_list(store, NULL, 0, 10, &rows, &err));
	assert_int_equal(rows.len, 2);
	assert_int_equal(rows.items[0].root, b->key);
	assert_string_equal(rows.items[0].title, "Named");
	assert_string_equal(rows.items[0].connection, "mistral");
	assert_string_equal(rows.items[0].agent, "large");
	assert_string_equal(rows.items[1].title, "Why is the sky blue?");
	assert_null(rows.items[1].connection);
	assert_int_equal(rows.items[1].branches, 0);
	store_rows_done(&rows);

	/* What changes comes to the top; what is pinned is above it. */
	c = branch(a->key, 0);
	converse(store, c, "Another", "One", NULL);
	OK(store_set_pinned(store, b->key, true, &err));
	OK(store_list(store, NULL, 0, 10, &rows, &err));
	assert_int_equal(rows.items[0].root, b->key);
	assert_true(rows.items[0].pinned);
	assert_int_equal(rows.items[1].latest, c->key);
	assert_int_equal(rows.items[1].branches, 1);
	store_rows_done(&rows);
	OK(store_set_pinned(store, b->key, false, &err));
	OK(store_list(store, NULL, 0, 10, &rows, &err));
	assert_int_equal(rows.items[0].root, a->key);
	store_rows_done(&rows);

	/* Renamed, then named by its first prompt again; a branch does not take the name back. */
	xreplace(&a->title, "Sky");
	OK(store_save_conversation(store, a, &err));
	converse(store, c, "More", "Words", NULL);
	OK(store_list(store, "sky", 0, 10, &rows, &err));
	assert_int_equal(rows.len, 1);
	assert_string_equal(rows.items[0].title, "Sky");
	store_rows_done(&rows);
	xreplace(&a->title, NULL);
	OK(store_save_conversation(store, a, &err));
	OK(store_list(store, NULL, 0, 1, &rows, &err));
	assert_string_equal(rows.items[0].title, "Another");
	store_rows_done(&rows);

	OK(store_set_archived(store, b->key, true, &err));
	assert_int_equal(count(store, NULL), 1);
	OK(store_list(store, "named", 0, 10, &rows, &err));
	assert_int_equal(rows.len, 1);
	assert_true(rows.items[0].archived);
	store_rows_done(&rows);
	conversation_free(a);
	conversation_free(b);
	conversation_free(c);
	close_checked(store);
}

static void
test_marks(void **state)
{
	struct store *store = open_store(":memory:");
	struct conversation *c = conversation_new(), *b;
	struct entry *call = entry_new(ENTRY_FUNCTION_CALL),
		     *result = entry_new(ENTRY_FUNCTION_RESULT);
	int64_t turn, answer;

	(void)state;
	answer = converse(store, c, "a", "b", NULL);
	assert_int_equal(mark_of(store, c->root), MARK_NONE);
	OK(store_set_seen(store, c->key, false, &err));
	assert_int_equal(mark_of(store, c->root), MARK_UNREAD);
	OK(store_set_seen(store, c->key, true, &err));
	assert_int_equal(mark_of(store, c->root), MARK_NONE);

	OK(store_begin_turn(store, c, NULL, 0, NULL, &turn, &err));
	call->name = xstrdup("weather");
	OK(store_add_entry(store, c->key, turn, call, &err));
	assert_int_equal(mark_of(store, c->root), MARK_STREAMING);
	OK(store_end_turn(store, turn, ENTRY_COMPLETE, NULL, NULL, &err));
	assert_int_equal(mark_of(store, c->root), MARK_WAITING);
	OK(store_set_hidden(store, c->key, true, &err));
	assert_int_equal(mark_of(store, c->root), MARK_NONE);
	OK(store_set_hidden(store, c->key, false, &err));
	OK(store_begin_turn(store, c, &result, 1, NULL, &turn, &err));
	OK(store_end_turn(store, turn, ENTRY_INTERRUPTED, "x", NULL, &err));
	assert_int_equal(mark_of(store, c->root), MARK_FAILED);
	/* Who goes on from before a failure has dealt with it. */
	b = branch(c->key, answer);
	converse(store, b, "again", "well", NULL);
	assert_int_equal(mark_of(store, c->root), MARK_NONE);
	conversation_free(b);
	conversation_free(c);
	entry_free(call);
	entry_free(result);
	store_close(store);
}

static void
plan(struct store *store, const char *sql, struct buf *out)
{
	char *text = xasprintf("EXPLAIN QUERY PLAN %s", sql);
	struct stmt *s = db_prepare(store->db, text);

	while (db_step(s, &err))
		buf_printf(out, "%s\n", db_text(s, 3));
	OK(db_finish(s));
	free(text);
}

/* No list, path or tree may cost more in a larger store. */
static void
test_plans(void **state)
{
	static const char *const allowed[] = {"SCAN (subquery", "SCAN t\n", "SCAN f\n", "SCAN e\n",
	    "SCAN entry_fts VIRTUAL", "SCAN prompt_fts VIRTUAL", "SCAN title_fts VIRTUAL",
	    "SCAN json_each VIRTUAL", "SCAN f VIRTUAL", "SCAN m VIRTUAL",
	    "SCAN tree USING COVERING", "SCAN CONSTANT ROW", "SCAN sqlite_schema",
	    "SCAN sqlite_master", "SCAN entry USING INDEX entry_prompt\n"};
	struct store *store = open_store(":memory:");
	struct conversation *c = conversation_new(), *b;
	int64_t answer = converse(store, c, "hello world", "b", NULL), key;
	store_rows rows = {0};
	conversation_list list = {0};
	string_list prompts = {0};
	struct tree tree;
	struct stmt *s;
	struct buf sql = BUF_EMPTY;

	(void)state;
	if (number(store, "SELECT count(*) FROM pragma_module_list WHERE name = 'sqlite_stmt'") ==
	    0) {
		conversation_free(c);
		store_close(store);
		skip();
	}
	/* Prepare everything that is asked often; the statements kept are then looked at. */
	b = branch(c->key, answer);
	converse(store, b, "x", "y", NULL);
	OK(store_list(store, NULL, 0, 10, &rows, &err));
	store_rows_done(&rows);
	OK(store_list(store, "hello", 0, 10, &rows, &err));
	store_rows_done(&rows);
	count(store, NULL);
	conversation_free(store_load(store, b->key, true, &err));
	tree_init(&tree);
	OK(store_load_tree(store, c->key, &tree, &err));
	tree_done(&tree);
	OK(store_prompts(store, 10, &prompts, &err));
	string_list_done(&prompts);
	OK(store_find(store, NULL, "conv_", &key, &err));
	OK(store_find(store, "x", "@", &key, &err));
	OK(store_list_conversations(store, "x", NULL, 0, 10, &list, &err));
	conversation_list_done(&list);
	OK(store_set_seen(store, c->key, false, &err));

	/* Ours, and not those by which FTS5 keeps its tables. */
	s = db_prepare(store->db,
	    "SELECT sql FROM sqlite_stmt WHERE sql NOT LIKE '%sqlite_stmt%'"
	    " AND sql NOT LIKE '%''main''%' AND sql NOT LIKE '%\"main\"%'"
	    " AND (sql LIKE 'SELECT%' OR sql LIKE 'UPDATE%' OR sql LIKE 'DELETE%'"
	    " OR sql LIKE 'INSERT%')");
	while (db_step(s, &err)) {
		struct buf steps = BUF_EMPTY;
		char *line, *rest;

		buf_clear(&sql);
		buf_puts(&sql, db_text(s, 0));
		plan(store, sql.data, &steps);
		/* The page comes in the order of the index; only its few rows are sorted again. */
		if (strstr(sql.data, "OFFSET ?2) t") != NULL)
			assert_non_null(strstr(steps.data, "INDEX tree_order (archived=?)"));
		for (line = strtok_r(steps.data, "\n", &rest); line != NULL;
		     line = strtok_r(NULL, "\n", &rest)) {
			char *whole = xasprintf("%s\n", line);
			bool fine = strstr(whole, "SCAN") == NULL;

			for (size_t i = 0; i < sizeof(allowed) / sizeof(allowed[0]) && !fine; i++)
				fine = strstr(whole, allowed[i]) != NULL;
			/* The filter looks at the titles of trees one by one: the table is narrow.
			 */
			fine = fine || strstr(sql.data, "LIKE '%' || ?1") != NULL;
			/* Turns under way are few. */
			fine = fine || strcmp(whole, "SCAN turn\n") == 0;
			/* Nearly all are not deleted, and to go through them is no search. */
			fine = fine && (strstr(whole, "(deleted=?)") == NULL ||
					   strstr(sql.data, "ORDER BY active DESC LIMIT 1"));
			if (!fine)
				fail_msg("%s of %s", line, sql.data);
			free(whole);
		}
		buf_done(&steps);
	}
	OK(db_finish(s));
	buf_done(&sql);
	conversation_free(b);
	conversation_free(c);
	store_close(store);
}

static void
test_paging(void **state)
{
	enum { COUNT = 3000, PAGE = 37 };
	struct store *store = open_store(":memory:");
	store_rows rows = {0};
	int64_t before = INT64_MAX;
	size_t seen = 0;

	(void)state;
	OK(store_begin(store, false, &err));
	for (int i = 0; i < COUNT; i++) {
		struct conversation *c = conversation_new();

		c->title = xasprintf("tree %d of %s", i, i % 3 == 0 ? "oak" : "elm");
		OK(store_add_conversation(store, c, &err));
		conversation_free(c);
	}
	OK(store_end(store, true, &err));
	for (;;) {
		OK(store_list(store, NULL, seen, PAGE, &rows, &err));
		for (size_t i = 0; i < rows.len; i++) {
			assert_true(rows.items[i].root < before);
			before = rows.items[i].root;
		}
		if (rows.len == 0)
			break;
		seen += rows.len;
		store_rows_done(&rows);
	}
	store_rows_done(&rows);
	assert_int_equal(seen, COUNT);
	assert_int_equal(count(store, NULL), COUNT);
	assert_int_equal(count(store, "oak"), COUNT / 3);
	assert_int_equal(count(store, "oa tre"), COUNT / 3);
	assert_int_equal(count(store, "oak elm"), 0);
	seen = 0;
	before = INT64_MAX;
	for (;;) {
		OK(store_list(store, "oak", seen, PAGE, &rows, &err));
		for (size_t i = 0; i < rows.len; i++) {
			assert_true(rows.items[i].root < before);
			before = rows.items[i].root;
		}
		if (rows.len == 0)
			break;
		seen += rows.len;
		store_rows_done(&rows);
	}
	store_rows_done(&rows);
	assert_int_equal(seen, COUNT / 3);
	store_close(store);
}

static void
test_filter(void **state)
{
	static const struct {
		const char *filter;
		size_t found;
	} cases[] = {
	    {"", 3},
	    {"  \t", 3},
	    {"fox", 1},
	    {"FO", 1},
	    {"f", 2},
	    {"fox lazy", 1},
	    {"lazy fo", 1},
	    {"lazy order", 0},
	    {"cafe", 1},
	    {"Caf\xc3\xa9", 1},
	    {"12345", 1},
	    {"2345", 1},
	    {"#123", 1},
	    {"100%", 1},
	    {"%", 1},
	    {"_", 0},
	    {"\\", 0},
	    {"'", 0},
	    {"\"fox", 1},
	    {"quick brown", 1},
	    {"jumps", 0}, /* only said in an answer */
	    {"AND", 0},
	    {"fox NOT OR AND NEAR(", 0},
	    {"\xff\xfe", 0},
	};
	struct store *store = open_store(":memory:");
	struct conversation *a = conversation_new(), *b = conversation_new(),
			    *c = conversation_new();

	(void)state;
	converse(store, a, "The quick brown fox", "jumps", NULL);
	converse(store, a, "over the lazy dog", "It does", NULL);
	b->title = xstrdup("Order #12345 is 100% ready");
	converse(store, b, "one caf\xc3\xa9 please", "Certainly", NULL);
	converse(store, c, "flowers", "Red", NULL);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		if (count(store, cases[i].filter) != cases[i].found)
			fail_msg(
			    "\"%s\" finds %zu", cases[i].filter, count(store, cases[i].filter));
	/* What was found once is not what there is after a change. */
	assert_int_equal(count(store, "red"), 0);
	converse(store, c, "a red one", "here", NULL);
	assert_int_equal(count(store, "red"), 1);
	OK(store_delete(store, c->key, &err));
	assert_int_equal(count(store, "red"), 0);
	conversation_free(a);
	conversation_free(b);
	conversation_free(c);
	store_close(store);
}

static int64_t
first_of(struct store *store, const char *filter)
{
	store_rows rows = {0};
	int64_t root;

	OK(store_list(store, filter, 0, 1, &rows, &err));
	root = rows.len > 0 ? rows.items[0].root : 0;
	store_rows_done(&rows);
	return root;
}

static int64_t
nth_sorted(struct store *store, const char *filter, enum store_sort sort, size_t n)
{
	store_rows rows = {0};
	int64_t root;

	OK(store_list_sorted(store, filter, sort, n, 1, &rows, &err));
	root = rows.len > 0 ? rows.items[0].root : 0;
	store_rows_done(&rows);
	return root;
}

static void
test_sorts(void **state)
{
	static const struct {
		const char *title, *begun, *changed;
	} made[] = {
	    {"pear", "2026-03-01T00:00:00Z", "2026-03-01T00:00:00Z"},
	    {"Apple", "2026-01-01T00:00:00Z", "2026-04-01T00:00:00Z"},
	    {"plum", "2026-02-01T00:00:00Z", "2026-02-01T00:00:00Z"},
	};
	static const int orders[][3] = {
	    [SORT_CHANGED] = {1, 0, 2}, [SORT_CREATED] = {0, 2, 1}, [SORT_TITLE] = {1, 0, 2}};
	struct store *store = open_store(":memory:");
	int64_t keys[3];

	(void)state;
	for (size_t i = 0; i < 3; i++) {
		struct conversation *c = conversation_new();

		c->title = xstrdup(made[i].title);
		c->created_at = xstrdup(made[i].begun);
		c->updated_at = xstrdup(made[i].changed);
		OK(store_add_conversation(store, c, &err));
		keys[i] = c->key;
		conversation_free(c);
	}
	for (int sort = SORT_CHANGED; sort <= SORT_TITLE; sort++)
		for (size_t n = 0; n < 3; n++) {
			assert_int_equal(nth_sorted(store, NULL, (enum store_sort)sort, n),
			    keys[orders[sort][n]]);
			assert_int_equal(nth_sorted(store, "p", (enum store_sort)sort, n),
			    keys[orders[sort][n]]);
		}
	OK(store_set_pinned(store, keys[2], true, &err));
	for (int sort = SORT_CHANGED; sort <= SORT_TITLE; sort++)
		assert_int_equal(nth_sorted(store, NULL, (enum store_sort)sort, 0), keys[2]);
	store_close(store);
}

static void
expect_tags(struct store *store, int64_t key, const char *given, const char *expected)
{
	struct store_row row;

	OK(store_set_tags(store, key, given, &err));
	OK(store_load_row(store, key, &row, &err));
	assert_string_equal(row.tags, expected);
	store_row_done(&row);
}

/* Tags, what is pinned or archived, and which words of a prompt matched. */
static void
test_filter_words(void **state)
{
	struct store *store = open_store(":memory:");
	struct conversation *a = conversation_new(), *b = conversation_new();
	store_rows rows = {0};
	int64_t key;
	char *match;

	(void)state;
	a->title = xstrdup("Fruit");
	converse(store, a, "the red apple fell far", "x", NULL);
	b->title = xstrdup("Red things #7");
	converse(store, b, "about work and red", "x", NULL);
	expect_tags(store, a->key, " #work  urgent,work ", "work urgent");
	assert_int_equal(first_of(store, "#work"), a->key);
	assert_int_equal(count(store, "#work"), 1);
	assert_int_equal(count(store, "#urg"), 1);
	assert_int_equal(count(store, "#gent"), 0);
	assert_int_equal(count(store, "#7"), 1);
	assert_int_equal(count(store, "#%"), 0);
	assert_int_equal(count(store, "#work apple"), 1);
	assert_int_equal(count(store, "#work about"), 0);
	expect_tags(store, a->key, " # ", "");
	assert_int_equal(count(store, "#work"), 0);

	assert_int_equal(count(store, "is:archived"), 0);
	OK(store_set_archived(store, a->key, true, &err));
	assert_int_equal(first_of(store, "is:archived"), a->key);
	assert_int_equal(count(store, "is:archived red"), 1);
	assert_int_equal(count(store, NULL), 1);
	OK(store_set_archived(store, a->key, false, &err));
	assert_int_equal(count(store, "is:archived"), 0);
	OK(store_set_pinned(store, a->key, true, &err));
	assert_int_equal(first_of(store, "is:pinned"), a->key);

	OK(store_list(store, "re", 0, 10, &rows, &err));
	assert_int_equal(rows.len, 2);
	assert_true(rows.items[0].matched);
	assert_false(rows.items[1].matched);
	store_rows_done(&rows);
	OK(match = store_match(store, a->key, &err));
	assert_string_equal(match, "the \001red\002 apple fell far");
	free(match);
	assert_null(store_match(store, b->key, &err));

	/* What waits for the reader is found wherever it is, but not in the trash. */
	OK(store_find_waiting(store, 0, &key, &err));
	assert_int_equal(key, 0);
	OK(store_set_seen(store, a->key, false, &err));
	OK(store_set_archived(store, a->key, true, &err));
	OK(store_find_waiting(store, 0, &key, &err));
	assert_int_equal(key, a->key);
	OK(store_find_waiting(store, a->key, &key, &err));
	assert_int_equal(key, 0);
	OK(store_trash(store, &a->key, 1, false, &err));
	OK(store_find_waiting(store, 0, &key, &err));
	assert_int_equal(key, 0);
	OK(store_untrash(store, &key, &err));
	OK(store_find_waiting(store, 0, &key, &err));
	assert_int_equal(key, a->key);
	conversation_free(a);
	conversation_free(b);
	store_close(store);
}

/* What changes no words does not look for them again, but may change the order. */
static void
test_filter_again(void **state)
{
	static const char runs[] = "SELECT total(run) FROM sqlite_stmt WHERE sql LIKE '%FROM"
				   " prompt_fts WHERE prompt_fts MATCH%' AND sql NOT LIKE"
				   " '%sqlite_stmt%'";
	struct store *store = open_store(":memory:");
	struct conversation *a = conversation_new(), *b = conversation_new(), *moved;
	bool counts =
	    number(store, "SELECT count(*) FROM pragma_module_list WHERE name = 'sqlite_stmt'") > 0;
	int64_t before = 0;

	(void)state;
	converse(store, a, "red and blue", "x", NULL);
	converse(store, b, "red and green", "x", NULL);
	assert_int_equal(first_of(store, "red"), b->key);
	if (counts)
		before = number(store, runs);
	OK(store_save_draft(store, (struct draft_place){a->key, 0}, "red?", 4, &err));
	OK(store_set_pinned(store, a->key, true, &err));
	assert_int_equal(first_of(store, "red"), a->key);
	OK(store_set_pinned(store, a->key, false, &err));
	OK(store_set_seen(store, a->key, false, &err));
	assert_int_equal(first_of(store, "red"), b->key);
	if (counts)
		assert_int_equal(number(store, runs), before);
	/* Words, titles, trees that are joined or gone. */
	b->title = xstrdup("black");
	OK(store_save_conversation(store, b, &err));
	assert_int_equal(count(store, "black"), 1);
	xreplace(&b->title, "white");
	OK(store_save_conversation(store, b, &err));
	assert_int_equal(count(store, "black"), 0);
	assert_int_equal(count(store, "green"), 1);
	OK(store_set_lineage(store, b->key, a->key, 0, false, NULL, 0, &err));
	assert_int_equal(first_of(store, "green"), a->key);
	OK(store_delete(store, b->key, &err));
	assert_int_equal(count(store, "green"), 0);
	moved = store_load(store, a->key, false, &err);
	assert_int_equal(moved->root, a->key);
	conversation_free(moved);
	conversation_free(a);
	conversation_free(b);
	store_close(store);
}

static void
test_find(void **state)
{
	static const struct {
		const char *connection, *id;
	} conversations[] = {
	    {"m", "conv_019a01"},
	    {"m", "conv_019a02"},
	    {"m", "conv_019b"},
	    {"m", "conv_%"},
	    {"x", "conv_019a01"},
	    {"m", "own"},
	    {"m", "conv_own_ed"},
	};
	static const struct {
		const char *connection, *ref;
		int64_t key; /* -1: ambiguous */
	} cases[] = {
	    {"m", "conv_019a01", 1},
	    {"m", "019a01", 1},
	    {"x", "019", 5},
	    {"m", "019b", 3},
	    {"m", "conv_019b", 3},
	    {"m", "019a", -1},
	    {"m", "conv_", -1},
	    {"m", "%", 4},
	    {"m", "conv_019a0_", 0},
	    {"m", "own", 6},
	    {"m", "ed", 7},
	    {"m", "owned", 0},
	    {"m", "019c", 0},
	    {"m", "CONV_019B", 0},
	    {"m", "", 0},
	    {"y", "@", 0},
	    {"m", "@", 7},
	    {NULL, "@", 7},
	    {"x", "@", 5},
	    {NULL, "conv_019a01", 5},
	    {NULL, "' OR 1", 0},
	};
	struct store *store = open_store(":memory:");
	int64_t key;

	(void)state;
	for (size_t i = 0; i < sizeof(conversations) / sizeof(conversations[0]); i++) {
		struct conversation *c = conversation_new();

		c->connection = xstrdup(conversations[i].connection);
		c->id = xstrdup(conversations[i].id);
		OK(store_add_conversation(store, c, &err));
		assert_int_equal(c->key, i + 1);
		conversation_free(c);
	}
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		bool good = store_find(store, cases[i].connection, cases[i].ref, &key, &err);

		if (good != (cases[i].key >= 0) || (good && key != cases[i].key))
			fail_msg("%s finds %" PRId64, cases[i].ref, key);
		if (!good)
			assert_int_equal(err.kind, ERR_USAGE);
		error_done(&err);
	}
	assert_false(store_find(store, "m", "conv_", &key, &err));
	assert_non_null(strstr(err.text, "conv_%, conv_019a01, conv_019a02, …"));
	error_done(&err);
	/* Deleted ones are not found, and an id that the server gave later is. */
	OK(store_delete(store, 2, &err));
	OK(store_find(store, "m", "019a", &key, &err));
	assert_int_equal(key, 1);
	store_close(store);
}

static void
test_dates(void **state)
{
	struct store *store = open_store(":memory:");
	struct conversation *a = conversation_new(), *b = conversation_new(),
			    *c = conversation_new();
	conversation_list list = {0};
	int64_t key;

	(void)state;
	/* Learnt from a server long after: in the order of their dates. */
	a->updated_at = xstrdup("2020-01-02T00:00:00Z");
	a->created_at = xstrdup("2020-01-01T00:00:00Z");
	a->connection = xstrdup("m");
	b->updated_at = xstrdup("2019-01-02T00:00:00Z");
	b->created_at = xstrdup("2019-01-01T00:00:00Z");
	b->connection = xstrdup("m");
	OK(store_add_conversation(store, a, &err));
	OK(store_add_conversation(store, b, &err));
	OK(store_find(store, NULL, "@", &key, &err));
	assert_int_equal(key, a->key);
	/* The server tells of a change. */
	xreplace(&b->updated_at, "2021-01-01T00:00:00Z");
	OK(store_save_conversation(store, b, &err));
	OK(store_find(store, NULL, "@", &key, &err));
	assert_int_equal(key, b->key);
	/* Renaming is not a change that moves it. */
	xreplace(&a->title, "x");
	OK(store_save_conversation(store, a, &err));
	OK(store_find(store, NULL, "@", &key, &err));
	assert_int_equal(key, b->key);
	/* A date from the future does not stay on top of what is said now. */
	c->updated_at = xstrdup("2990-01-01T00:00:00Z");
	OK(store_add_conversation(store, c, &err));
	converse(store, a, "now", "yes", NULL);
	OK(store_find(store, NULL, "@", &key, &err));
	assert_int_equal(key, a->key);
	OK(store_list_conversations(store, "m", NULL, 0, 10, &list, &err));
	assert_int_equal(list.len, 2);
	assert_int_equal(list.items[0]->key, a->key);
	conversation_list_done(&list);
	OK(store_list_conversations(store, "m", NULL, 1, 1, &list, &err));
	assert_int_equal(list.len, 1);
	assert_int_equal(list.items[0]->key, b->key);
	conversation_list_done(&list);
	conversation_free(a);
	conversation_free(b);
	conversation_free(c);
	store_close(store);
}

static void
test_small_things(void **state)
{
	struct store *store = open_file("small.db"), *other = open_file("small.db");
	struct conversation *c = conversation_new();
	string_list prompts = {0};
	int64_t a, b;
	char *text;

	(void)state;
	a = store_version(store);
	b = store_version(other);
	assert_int_equal(a, store_version(store));
	OK(store_set(store, "open", "42", &err));
	assert_int_not_equal(a, store_version(store));
	assert_int_not_equal(b, store_version(other));
	b = store_version(other);
	assert_int_equal(b, store_version(other));
	text = store_get(other, "open", &err);
	assert_string_equal(text, "42");
	free(text);
	OK(store_set(store, "open", "43", &err));
	OK(store_set(store, "open", NULL, &err));
	assert_null(store_get(other, "open", &err));

	OK(store_save_draft(store, PLACE(0, 0), "new", 3, &err));
	OK(store_save_draft(store, PLACE(0, 0), "newer", 5, &err));
	OK(store_save_draft(store, PLACE(7, 9), "behind 9", 8, &err));
	text = store_load_draft(other, PLACE(0, 0), &err);
	assert_string_equal(text, "newer");
	free(text);
	text = store_load_draft(other, PLACE(7, 9), &err);
	assert_string_equal(text, "behind 9");
	free(text);
	OK(store_save_draft(other, PLACE(0, 0), "", 0, &err));
	assert_null(store_load_draft(store, PLACE(0, 0), &err));

	converse(store, c, "one", "1", NULL);
	converse(store, c, "two", "2", NULL);
	converse(store, c, "one", "1", NULL);
	converse(store, c, "three", "3", NULL);
	OK(store_prompts(other, 10, &prompts, &err));
	assert_int_equal(prompts.len, 3);
	assert_string_equal(prompts.items[0], "three");
	assert_string_equal(prompts.items[1], "one");
	assert_string_equal(prompts.items[2], "two");
	string_list_done(&prompts);
	OK(store_prompts(other, 1, &prompts, &err));
	assert_int_equal(prompts.len, 1);
	string_list_done(&prompts);
	OK(store_set_label(store, c->key, "try", &err));
	assert_int_equal(number(store, "SELECT count(*) FROM conversation WHERE label = 'try'"), 1);
	OK(store_set_label(store, c->key, "", &err));
	assert_int_equal(number(store, "SELECT count(*) FROM conversation WHERE label IS NULL"), 1);
	conversation_free(c);
	store_close(other);
	close_checked(store);
}

/* Drafts go when their words are said, from wherever they were typed. */
static void
say_draft(struct store *store, struct conversation *c, const char *words, struct draft_place place)
{
	struct entry *in = entry_new_input(words, strlen(words));
	int64_t turn;

	OK(store_begin_turn(store, c, &in, 1, &place, &turn, &err));
	OK(store_end_turn(store, turn, ENTRY_COMPLETE, NULL, NULL, &err));
	assert_null(store_load_draft(store, place, &err));
	entry_free(in);
}

/* A draft goes with the words it became, wherever in the tree they come to lie, and no other. */
static void
test_drafts(void **state)
{
	struct store *store = open_store(":memory:");
	struct conversation *c = conversation_new(), *b, *e;
	int64_t answer, prompt;

	(void)state;
	answer = converse(store, c, "x", "y", &prompt);
	b = branch(c->key, answer);
	converse(store, b, "fork", "z", NULL);
	/* All of them in the branch, which said neither the prompt nor its answer. */
	OK(store_save_draft(store, PLACE(b->key, 0), "end", 3, &err));
	OK(store_save_draft(store, PLACE(b->key, prompt), "fork", 4, &err));
	OK(store_save_draft(store, PLACE(b->key, -prompt), "first", 5, &err));
	OK(store_save_draft(store, PLACE(c->key, 0), "elsewhere", 9, &err));
	e = branch(c->key, prompt);
	say_draft(store, e, "fork", PLACE(b->key, prompt));
	assert_int_equal(number(store, "SELECT count(*) FROM draft"), 3);
	conversation_free(e);
	e = branch(c->key, 0);
	say_draft(store, e, "first", PLACE(b->key, -prompt));
	assert_int_equal(number(store, "SELECT count(*) FROM draft"), 2);
	/* What a verb says is nobody's draft. */
	converse(store, c, "more", "z", NULL);
	assert_int_equal(number(store, "SELECT count(*) FROM draft"), 2);
	say_draft(store, b, "end", PLACE(b->key, 0));
	assert_int_equal(number(store, "SELECT count(*) FROM draft"), 1);
	conversation_free(c);
	conversation_free(b);
	conversation_free(e);
	store_close(store);
}

/* Crashes. */

/* A child that says something, writes what comes, tells so, and waits to be killed. */
static void
live_until_killed(const char *path, int pipe_end, bool accepted)
{
	struct conversation *c = conversation_new();
	struct entry *in = entry_new_input("Are you there?", 14),
		     *out = output("", ENTRY_STREAMING);
	bool read_only;
	struct store *store = store_open(path, &read_only, &err);
	int64_t turn;

	if (store == NULL || !store_begin_turn(store, c, &in, 1, NULL, &turn, &err) ||
	    (accepted && !store_accept_turn(store, turn, &err)))
		_exit(1);
	if (accepted && !store_add_entry(store, c->key, turn, out, &err))
		_exit(1);
	for (int i = 0; i < 20 && accepted; i++) {
		buf_puts(&entry_chunk(out, 0, CHUNK_TEXT)->text, "yes ");
		if (!store_checkpoint(store, &out, 1, &err))
			_exit(1);
	}
	if (write(pipe_end, &c->key, sizeof(c->key)) != sizeof(c->key))
		_exit(1);
	for (;;)
		pause();
}

static pid_t
start_child(const char *path, bool accepted, int64_t *key)
{
	int ends[2];
	pid_t child;

	assert_int_equal(pipe(ends), 0);
	child = fork();
	if (child == 0)
		live_until_killed(path, ends[1], accepted);
	close(ends[1]);
	assert_int_equal(read(ends[0], key, sizeof(*key)), sizeof(*key));
	close(ends[0]);
	return child;
}

static void
kill_child(pid_t child)
{
	int status;

	kill(child, SIGKILL);
	waitpid(child, &status, 0);
	assert_true(WIFSIGNALED(status));
}

static void
test_killed(void **state)
{
	char *path = scratch_path("killed.db");

	(void)state;
	for (int round = 0; round < 4; round++) {
		bool accepted = round % 2 == 1, watched = round >= 2;
		struct store *store = NULL;
		struct conversation *loaded;
		struct entry *in, *out;
		int64_t key;
		pid_t child;

		if (watched)
			store = open_store(path);
		child = start_child(path, accepted, &key);
		if (watched) {
			/* While it lives, its turn is its own. */
			assert_int_equal(mark_of(store, key), MARK_STREAMING);
			loaded = store_load(store, key, true, &err);
			assert_int_equal(loaded->entries.items[0]->state,
			    accepted ? ENTRY_COMPLETE : ENTRY_SENDING);
			conversation_free(loaded);
		}
		kill_child(child);
		if (!watched)
			store = open_store(path);
		assert_int_equal(mark_of(store, key), MARK_FAILED);
		loaded = store_load(store, key, true, &err);
		in = loaded->entries.items[0];
		assert_string_equal(in->chunks.items[0].text.data, "Are you there?");
		assert_int_equal(in->state, accepted ? ENTRY_COMPLETE : ENTRY_INTERRUPTED);
		assert_true(accepted == (in->reason == NULL));
		assert_int_equal(loaded->entries.len, accepted ? 2 : 1);
		if (accepted) {
			out = loaded->entries.items[1];
			assert_int_equal(out->state, ENTRY_INTERRUPTED);
			assert_non_null(out->reason);
			assert_int_equal(out->chunks.items[0].text.len, 80);
		}
		conversation_free(loaded);
		assert_int_equal(number(store, "SELECT count(*) FROM turn"), 0);
		assert_int_equal(number(store, "SELECT count(*) FROM piece"), 0);
		close_checked(store);
	}
	free(path);
}

/* Killed at any moment: what was acknowledged is there, and the file is whole. */
static void
write_until_killed(const char *path, int pipe_end)
{
	bool read_only;
	struct store *store = store_open(path, &read_only, &err);

	for (int i = 0; store != NULL; i++) {
		struct conversation *c = conversation_new();
		char *text = xasprintf("message %d", i);
		struct entry *in = entry_new_input(text, strlen(text));
		int64_t turn;

		if (!store_begin_turn(store, c, &in, 1, NULL, &turn, &err) ||
		    write(pipe_end, &c->key, sizeof(c->key)) != sizeof(c->key) ||
		    !store_accept_turn(store, turn, &err) ||
		    !store_end_turn(store, turn, ENTRY_COMPLETE, NULL, NULL, &err))
			break;
		if (i % 3 == 2 && !store_delete(store, c->key, &err))
			break;
	}
	_exit(1);
}

static void
test_killed_anywhere(void **state)
{
	char *path = scratch_path("anywhere.db");
	unsigned seed = 99;

	(void)state;
	for (int round = 0; round < 12; round++) {
		int64_t key = 0, last = 0;
		int ends[2], wanted = 1 + (int)(rand_r(&seed) % 12);
		struct store *store;
		pid_t child;

		assert_int_equal(pipe(ends), 0);
		child = fork();
		if (child == 0)
			write_until_killed(path, ends[1]);
		close(ends[1]);
		for (int i = 0; i < wanted; i++) {
			assert_int_equal(read(ends[0], &key, sizeof(key)), sizeof(key));
			last = key;
		}
		usleep(rand_r(&seed) % 3000);
		kill_child(child);
		close(ends[0]);
		store = open_store(path);
		/* Each third one is deleted as soon as it is done. */
		if (wanted % 3 != 0) {
			struct conversation *c = store_load(store, last, true, &err);

			assert_non_null(c);
			assert_int_equal(c->entries.len, 1);
			conversation_free(c);
		}
		assert_int_equal(number(store, "SELECT count(*) FROM entry WHERE state = 2"), 0);
		if (round % 4 == 3)
			close_checked(store);
		else
			store_close(store);
	}
	free(path);
}

/* Many instances at once. */

enum { WRITERS = 5, ROUNDS = 8 };

static void
hammer(const char *path, int64_t shared, int number_of_writer)
{
	bool read_only;
	struct store *store = store_open(path, &read_only, &err);
	struct conversation *c;

	if (store == NULL)
		_exit(1);
	c = store_load(store, shared, false, &err);
	for (int i = 0; i < ROUNDS && c != NULL; i++) {
		char *text = xasprintf("writer %d round %d", number_of_writer, i);
		struct entry *in = entry_new_input(text, strlen(text)),
			     *out = output("", ENTRY_STREAMING);
		store_rows rows = {0};
		int64_t turn;

		if (!store_begin_turn(store, c, &in, 1, NULL, &turn, &err) ||
		    !store_accept_turn(store, turn, &err) ||
		    !store_add_entry(store, c->key, turn, out, &err))
			break;
		for (int j = 0; j < 5; j++) {
			buf_puts(&entry_chunk(out, 0, CHUNK_TEXT)->text, text);
			if (!store_checkpoint(store, &out, 1, &err))
				goto out;
		}
		out->state = ENTRY_COMPLETE;
		if (!store_save_entry(store, out, &err) ||
		    !store_end_turn(store, turn, ENTRY_COMPLETE, NULL, NULL, &err) ||
		    !store_list(store, i % 2 == 0 ? "writer" : NULL, 0, 10, &rows, &err))
			break;
		store_rows_done(&rows);
		conversation_free(store_load(store, shared, true, &err));
		entry_free(in);
		entry_free(out);
		free(text);
	}
out:
	if (err.kind != ERR_NONE)
		fprintf(stderr, "%s\n", err.text);
	conversation_free(c);
	store_close(store);
	_exit(err.kind == ERR_NONE ? 0 : 2);
}

static void
test_many(void **state)
{
	/* Static, so that the children's memory checkers still see it. */
	static char *path;
	struct conversation *c = conversation_new(), *loaded;
	int64_t key;
	struct store *store;
	pid_t children[WRITERS];

	(void)state;
	path = scratch_path("many.db");
	store = open_store(path);
	OK(store_add_conversation(store, c, &err));
	key = c->key;
	conversation_free(c);
	store_close(store);
	for (int i = 0; i < WRITERS; i++) {
		children[i] = fork();
		if (children[i] == 0)
			hammer(path, key, i);
	}
	for (int i = 0; i < WRITERS; i++) {
		int status = -1;

		waitpid(children[i], &status, 0);
		assert_int_equal(status, 0);
	}
	store = open_store(path);
	loaded = store_load(store, key, true, &err);
	assert_int_equal(loaded->entries.len, WRITERS * ROUNDS * 2);
	for (size_t i = 0; i < loaded->entries.len; i++)
		assert_int_equal(loaded->entries.items[i]->state, ENTRY_COMPLETE);
	assert_int_equal(
	    number(store, "SELECT count(DISTINCT text) FROM part"), WRITERS * ROUNDS * 2);
	conversation_free(loaded);
	close_checked(store);
	free(path);
}

/* A hand-made circle of branches is an error, not a hang. */
static void
test_circle(void **state)
{
	struct store *store = open_store(":memory:");
	struct conversation *a = conversation_new(), *b;
	int64_t answer = converse(store, a, "x", "y", NULL), end;
	char *sql;

	(void)state;
	b = branch(a->key, answer);
	end = converse(store, b, "x", "y", NULL);
	sql = xasprintf(
	    "UPDATE conversation SET fork = %" PRId64 " WHERE key = %" PRId64, end, a->key);
	OK(db_exec(store->db, sql, &err));
	assert_null(store_load(store, b->key, true, &err));
	assert_int_equal(err.kind, ERR_STORE);
	error_done(&err);
	free(sql);
	conversation_free(a);
	conversation_free(b);
	store_close(store);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_turn),
	    cmocka_unit_test(test_ends),
	    cmocka_unit_test(test_round_trip),
	    cmocka_unit_test(test_growth),
	    cmocka_unit_test(test_output_order),
	    cmocka_unit_test(test_failure),
	    cmocka_unit_test(test_branches),
	    cmocka_unit_test(test_deletion),
	    cmocka_unit_test(test_preferred),
	    cmocka_unit_test(test_deletion_busy),
	    cmocka_unit_test(test_trash),
	    cmocka_unit_test(test_trash_instances),
	    cmocka_unit_test(test_deletion_random),
	    cmocka_unit_test(test_late_lineage),
	    cmocka_unit_test(test_rows),
	    cmocka_unit_test(test_marks),
	    cmocka_unit_test(test_plans),
	    cmocka_unit_test(test_paging),
	    cmocka_unit_test(test_filter),
	    cmocka_unit_test(test_filter_again),
	    cmocka_unit_test(test_sorts),
	    cmocka_unit_test(test_filter_words),
	    cmocka_unit_test(test_find),
	    cmocka_unit_test(test_dates),
	    cmocka_unit_test(test_small_things),
	    cmocka_unit_test(test_drafts),
	    cmocka_unit_test(test_killed),
	    cmocka_unit_test(test_killed_anywhere),
	    cmocka_unit_test(test_many),
	    cmocka_unit_test(test_circle),
	};

	return cmocka_run_group_tests(tests, scratch_make, scratch_remove);
}
