/* SPDX-License-Identifier: GPL-3.0-or-later */

/*
 * One list of cases for all three kinds of connection, seen through the client:
 * what works on one works on the others, or is refused in a sentence. Where
 * they differ by right, struct kind says so.
 */
#include "config.h"

#include <fnmatch.h>

#include "model/lineage.h"
#include "store/search.h"
#include "unit/client-bench.h"

struct kind {
	const char *name;    /* api: in the profile */
	const char *base, *key; /* the end of base_url; api_key */
	bool server;	     /* there is one, that can be gone and fail on demand */
	const char *option;  /* of the test server */
	bool echoes;	     /* "You said: ..." */
	bool keeps_answer;   /* what broke off here goes on there: a retry finds it whole */
	bool counts;	     /* tokens */
	size_t agents;	     /* of its own; 0: they are refused */
	const char *agent;   /* the id of one */
	/* A prompt that makes an entry which is no message, and the path then; NULL: cannot be had. */
	const char *other_prompt, *other_path;
	const char *models; /* a part of the raw answer */
};

static const struct kind kinds[] = {
    {
	.name = "conversations",
	.base = "",
	.key = "test-key",
	.server = true,
	.echoes = true,
	.keeps_answer = true,
	.counts = true,
	.agents = 3,
	.agent = "ag_019a0000000070008000000000000010",
	.other_prompt = "!tool find it",
	.other_path = "u:!tool find it | t: | a:*",
	.models = "mistral-medium-latest",
    },
    {
	.name = "chat-completions",
	.base = "/v1",
	.key = "null",
	.server = true,
	.option = "--openai",
	.echoes = true,
	.counts = true,
	.other_prompt = "!call weather {}",
	.other_path = "u:!call weather {} | f:",
	.models = "qwen3:8b",
    },
    {
	.name = "guide",
	.models = "guide",
    },
};

struct fixture {
	const struct kind *kind;
	void (*run)(struct bench *, const struct kind *);
};

static struct request
start(const struct kind *kind, bool stream)
{
	struct request request = {.turn = turn_new(TURN_START)};

	request.turn->stream = stream;
	if (kind->server)
		request.turn->model = xstrdup("test-model");
	return request;
}

static int64_t
run_start(struct bench *b, const struct kind *kind, const char *text)
{
	struct request request = start(kind, !b->whole);

	return bench_run(b, &request, text);
}

static void
expect_done(struct bench *b)
{
	if (b->error.kind != ERR_NONE) {
		print_error("%s\n", b->error.text);
		fail();
	}
}

/* "a=Hello" is the answer to Hello, whatever it is on this kind of connection; "a:*" any. */
static void
expect_entries(const struct kind *kind, const char *path, size_t count, const char *pattern)
{
	struct buf wanted = BUF_EMPTY;
	size_t pieces = 1;

	for (const char *at = pattern; *at != '\0'; at++) {
		bool answer = strncmp(at, "a=", 2) == 0;

		pieces += strncmp(at, " | ", 3) == 0;
		if (!answer) {
			buf_putc(&wanted, *at);
			continue;
		}
		buf_puts(&wanted, kind->echoes ? "a:You said: " : "a:*");
		at++;
		while (!kind->echoes && at[1] != '\0' && strncmp(at + 1, " | ", 3) != 0)
			at++;
	}
	if (count != pieces || fnmatch(wanted.data, path, FNM_NOESCAPE) != 0) {
		print_error("wanted %s\ngot    %s\n", wanted.data, path);
		fail();
	}
	buf_done(&wanted);
}

/* Here, and in the history as the connection tells it. */
static void
expect_here(struct bench *b, const struct kind *kind, int64_t key, const char *pattern)
{
	char *path = bench_path(b, key);

	expect_entries(kind, path, bench_conversation(b, key)->entries.len, pattern);
	free(path);
}

static void
expect_path(struct bench *b, const struct kind *kind, int64_t key, const char *pattern)
{
	expect_here(b, kind, key, pattern);
	bench_ask(b, ASK_HISTORY, bench_conversation(b, key)->id);
	expect_done(b);
	expect_entries(kind, b->entries.data, b->entry_count, pattern);
	expect_here(b, kind, key, pattern);
}

/* Turns. */

static void
test_start_streamed(struct bench *b, const struct kind *kind)
{
	struct request request = start(kind, true);
	int64_t key = bench_run(b, &request, "Hello there");

	assert_true(key != 0);
	assert_int_equal(fnmatch("Sc*cD", b->log.data, 0), 0);
	if (kind->echoes)
		assert_string_equal(b->text.data, "You said: Hello there");
	assert_false(bench_conversation(b, key)->own_id);
	expect_path(b, kind, key, "u:Hello there | a=Hello there");
}

static void
test_start_whole(struct bench *b, const struct kind *kind)
{
	struct request request = start(kind, false);
	int64_t key = bench_run(b, &request, "Hello there");

	assert_string_equal(b->log.data, "SeD");
	expect_path(b, kind, key, "u:Hello there | a=Hello there");
}

static void
test_append(struct bench *b, const struct kind *kind)
{
	int64_t key = run_start(b, kind, "Hello");
	struct request request = {.turn = turn_new(TURN_APPEND), .base = key};
	char *id = xstrdup(bench_conversation(b, key)->id);

	assert_true(bench_append(b, key, "more") == key);
	assert_true(bench_run(b, &request, "and more") == key);
	assert_string_equal(bench_conversation(b, key)->id, id);
	expect_path(b, kind, key,
	    "u:Hello | a=Hello | u:more | a=more | u:and more | a=and more");
	free(id);
}

/* The entry named is the last one kept; the conversation it was said in stays as it was. */
static void
test_restart(struct bench *b, const struct kind *kind)
{
	static const char whole[] = "u:one | a=one | u:two | a=two";
	int64_t key = run_start(b, kind, "one"), branch;
	const struct conversation *c;

	bench_append(b, key, "two");
	branch = bench_restart(b, key, bench_entry(b, key, 1), "other");
	assert_true(branch != key);
	expect_path(b, kind, branch, "u:one | a=one | u:other | a=other");
	expect_path(b, kind, key, whole);
	c = bench_conversation(b, branch);
	assert_int_equal(c->inherited, 2);
	assert_true(c->parent == key && c->root == key && c->fork == bench_entry(b, key, 1));
	assert_string_not_equal(c->id, bench_conversation(b, key)->id);
	assert_non_null(strstr(c->metadata, bench_conversation(b, key)->id));
	bench_append(b, branch, "on");
	expect_path(b, kind, branch, "u:one | a=one | u:other | a=other | u:on | a=on");
	expect_path(b, kind, key, whole);
}

/* From a prompt, without words: another answer beside the one there is. */
static void
test_regenerate(struct bench *b, const struct kind *kind)
{
	int64_t key = run_start(b, kind, "one"), branch;

	branch = bench_restart(b, key, bench_entry(b, key, 0), NULL);
	expect_done(b);
	expect_path(b, kind, branch, "u:one | a:*");
	expect_path(b, kind, key, "u:one | a=one");
	assert_true(bench_entry(b, branch, 0) == bench_entry(b, key, 0));
	assert_true(bench_entry(b, branch, 1) != bench_entry(b, key, 1));
}

static void
test_restart_restarted(struct bench *b, const struct kind *kind)
{
	int64_t key = run_start(b, kind, "one"), branch, second, third;

	branch = bench_restart(b, key, bench_entry(b, key, 1), "two");
	second = bench_restart(b, branch, bench_entry(b, branch, 3), "three");
	expect_path(b, kind, second, "u:one | a=one | u:two | a=two | u:three | a=three");
	assert_true(bench_conversation(b, second)->parent == branch);
	/* From an entry that the branch inherited: the parent is whoever said it. */
	third = bench_restart(b, second, bench_entry(b, second, 1), "four");
	expect_path(b, kind, third, "u:one | a=one | u:four | a=four");
	assert_true(bench_conversation(b, third)->parent == key);
	expect_path(b, kind, branch, "u:one | a=one | u:two | a=two");
}

static void
test_edit_first(struct bench *b, const struct kind *kind)
{
	struct request first = start(kind, true), edit = {.turn = turn_new(TURN_START)};
	const struct conversation *c;
	alternative_list ways = {0};
	struct error err = ERROR_NONE;
	struct tree tree;
	int64_t key, sibling;

	first.turn->instructions = xstrdup("Be brief.");
	key = bench_run(b, &first, "one");
	edit.sibling_of = key;
	sibling = bench_run(b, &edit, "uno");
	expect_path(b, kind, sibling, "u:uno | a=uno");
	expect_path(b, kind, key, "u:one | a=one");
	c = bench_conversation(b, sibling);
	assert_true(c->parent == key && c->root == key && c->fork == 0);
	/* With the same settings. */
	assert_string_equal(c->instructions, "Be brief.");
	assert_string_equal(c->model, bench_conversation(b, key)->model);
	tree_init(&tree);
	assert_true(store_load_tree(b->store, sibling, &tree, &err));
	tree_alternatives(&tree, 0, &ways);
	assert_int_equal(ways.len, 2);
	array_done(&ways);
	tree_done(&tree);
}

static void
test_settings(struct bench *b, const struct kind *kind)
{
	struct request request = start(kind, false);
	struct question *list = question_new(ASK_LIST);
	int64_t key;

	request.turn->name = xstrdup("A name");
	request.turn->description = xstrdup("What for");
	request.turn->instructions = xstrdup("Be brief.");
	request.turn->metadata = xstrdup("{\"team\":\"blue\"}");
	key = bench_run(b, &request, "Hello");
	expect_done(b);
	run_start(b, kind, "another");
	bench_ask(b, ASK_GET, bench_conversation(b, key)->id);
	assert_int_equal(b->type, EVENT_CONVERSATION);
	assert_string_equal(b->got->id, bench_conversation(b, key)->id);
	assert_string_equal(b->got->name, "A name");
	assert_string_equal(b->got->description, "What for");
	assert_string_equal(b->got->instructions, "Be brief.");
	assert_non_null(strstr(b->got->metadata, "blue"));
	assert_non_null(b->got->model);
	list->metadata = xstrdup("{\"team\":\"blue\"}");
	bench_question(b, list);
	assert_int_equal(b->conversation_count, 1);
	assert_string_equal(b->ids.items[0], bench_conversation(b, key)->id);
}

/* An agent of the server's, or one sentence. */
static void
test_agent(struct bench *b, const struct kind *kind)
{
	struct request request = {.turn = turn_new(TURN_START)};
	int64_t key;

	request.turn->agent_id =
	    xstrdup(kind->agent != NULL ? kind->agent : "ag_019a0000000070008000000000000010");
	key = bench_run(b, &request, "Hello");
	if (kind->agent != NULL) {
		expect_path(b, kind, key, "u:Hello | a=Hello");
		return;
	}
	assert_int_equal(b->error.kind, ERR_SERVER);
	expect_here(b, kind, key, "u(unsent):Hello");
}

static void
test_guardrails(struct bench *b, const struct kind *kind)
{
	struct request request = start(kind, false);
	int64_t key;

	request.turn->guardrails = xstrdup("[{\"block_on_error\":false}]");
	key = bench_run(b, &request, "Hello");
	if (kind->agents > 0) {
		expect_done(b);
		return;
	}
	assert_int_equal(b->error.kind, ERR_SERVER);
	expect_here(b, kind, key, "u(unsent):Hello");
}

/* Questions. */

static void
test_list(struct bench *b, const struct kind *kind)
{
	const char *const words[] = {"one", "two", "three"};
	struct question *question;
	int64_t keys[3];

	bench_ask(b, ASK_LIST, NULL);
	assert_int_equal(b->type, EVENT_CONVERSATIONS);
	assert_int_equal(b->conversation_count, 0);
	for (size_t i = 0; i < 3; i++)
		keys[i] = run_start(b, kind, words[i]);
	for (int page = 0; page < 3; page++) {
		static const size_t counts[] = {2, 1, 0};

		question = question_new(ASK_LIST);
		question->page = page;
		question->page_size = 2;
		bench_question(b, question);
		assert_int_equal(b->conversation_count, counts[page]);
		assert_int_equal(b->more, page == 0);
		for (size_t i = 0; i < counts[page]; i++)
			assert_string_equal(b->ids.items[i],
			    bench_conversation(b, keys[2 - (size_t)page * 2 - i])->id);
	}
}

static void
test_messages(struct bench *b, const struct kind *kind)
{
	int64_t key =
	    run_start(b, kind, kind->other_prompt != NULL ? kind->other_prompt : "Hello");
	const char *pattern = kind->other_path != NULL ? kind->other_path : "u:Hello | a=Hello";
	size_t messages = 0;

	expect_path(b, kind, key, pattern);
	for (const char *at = pattern; at != NULL; at = strstr(at, " | ")) {
		at += strncmp(at, " | ", 3) == 0 ? 3 : 0;
		messages += *at == 'u' || *at == 'a';
	}
	bench_ask(b, ASK_MESSAGES, bench_conversation(b, key)->id);
	assert_int_equal(b->type, EVENT_ENTRIES);
	assert_int_equal(b->entry_count, messages);
	assert_null(strstr(b->entries.data, " | t"));
	assert_null(strstr(b->entries.data, " | f"));
}

static void
test_delete(struct bench *b, const struct kind *kind)
{
	int64_t key = run_start(b, kind, "one"), branch, last;
	char *id = xstrdup(bench_conversation(b, key)->id);
	struct error err = ERROR_NONE;

	bench_append(b, key, "two");
	branch = bench_restart(b, key, bench_entry(b, key, 1), "other");
	bench_ask(b, ASK_DELETE, id);
	assert_int_equal(b->type, EVENT_DELETED);
	assert_null(client_conversation(b->client, key, &err));
	assert_int_equal(err.kind, ERR_NONE);
	bench_ask(b, ASK_GET, id);
	assert_int_equal(b->type, EVENT_FAILED);
	bench_ask(b, ASK_LIST, NULL);
	assert_int_equal(b->conversation_count, 1);
	/* What hangs on it keeps its path, and goes on. */
	client_release(b->client, branch);
	expect_path(b, kind, branch, "u:one | a=one | u:other | a=other");
	bench_append(b, branch, "on");
	expect_path(b, kind, branch, "u:one | a=one | u:other | a=other | u:on | a=on");
	/* Also from what the one that is gone has said. */
	last = bench_restart(b, branch, bench_entry(b, branch, 1), "more");
	expect_done(b);
	expect_path(b, kind, last, "u:one | a=one | u:more | a=more");
	free(id);
}

static void
test_unknown(struct bench *b, const struct kind *kind)
{
	static const enum question_kind asks[] = {ASK_GET, ASK_HISTORY, ASK_MESSAGES, ASK_DELETE};
	struct request request = {.turn = turn_new(TURN_RESTART)};

	for (size_t i = 0; i < COUNT(asks); i++) {
		bench_ask(b, asks[i], "conv_019a0000000070008000000000000999");
		assert_int_equal(b->type, EVENT_FAILED);
		assert_int_equal(b->error.kind, ERR_SERVER);
		assert_int_equal(b->error.status, 404);
	}
	request.base = run_start(b, kind, "Hello");
	request.turn->from_entry_id = xstrdup("msg_019a0000000070008000000000000999");
	bench_run(b, &request, "from nowhere");
	assert_int_equal(b->error.kind, ERR_SERVER);
	expect_path(b, kind, request.base, "u:Hello | a=Hello");
	/* A key that is none. */
	request = (struct request){.turn = turn_new(TURN_APPEND), .base = 987654};
	assert_int_equal(bench_try(b, &request, "to nobody", NULL), 0);
	assert_int_equal(b->error.kind, ERR_USAGE);
	bench_check_sentence(&b->error);
}

static void
test_agents(struct bench *b, const struct kind *kind)
{
	struct question *question = question_new(ASK_AGENT);

	bench_question(b, question_new(ASK_AGENTS));
	assert_int_equal(b->type, EVENT_AGENTS);
	assert_int_equal(b->agent_count, kind->agents);
	bench_question(b, question_new(ASK_MODELS));
	assert_int_equal(b->type, EVENT_AGENTS);
	assert_true(b->agent_count >= 1);
	question->agent_id =
	    xstrdup(kind->agent != NULL ? kind->agent : "ag_019a0000000070008000000000000010");
	if (kind->agent != NULL) {
		bench_question(b, question);
		assert_int_equal(b->agent_count, 1);
		return;
	}
	assert_int_equal(bench_try_ask(b, question), 0);
	assert_int_equal(b->error.kind, ERR_USAGE);
	bench_check_sentence(&b->error);
}

/* The JSON behind it all. */

static void
test_raw_stream(struct bench *b, const struct kind *kind)
{
	struct request request = start(kind, true);

	b->want_raw = true;
	bench_run(b, &request, "Hello there");
	/* One of each event. */
	assert_int_equal(b->raws.len, b->log.len);
	assert_non_null(
	    strstr(b->raws.items[0], "\"type\":\"conversation.response.started\""));
	assert_non_null(strstr(b->raws.items[1], "\"type\":\"message.output.delta\""));
	assert_non_null(
	    strstr(b->raws.items[b->raws.len - 1], "\"type\":\"conversation.response.done\""));
	assert_non_null(strstr(b->raws.items[b->raws.len - 1], "\"usage\":{"));
	for (size_t i = 0; i < b->raws.len; i++)
		assert_null(strchr(b->raws.items[i], '\n'));
}

static void
test_raw_whole(struct bench *b, const struct kind *kind)
{
	struct request request = start(kind, false);
	static const char *const parts[] = {"\"object\":\"conversation.response\"",
	    "\"conversation_id\":\"conv_", "\"outputs\":[{", "\"type\":\"message.output\"",
	    "\"usage\":{"};

	b->want_raw = true;
	bench_run(b, &request, "Hello there");
	assert_int_equal(b->raws.len, 1);
	for (size_t i = 0; i < COUNT(parts); i++)
		assert_non_null(strstr(b->raws.items[0], parts[i]));
}

static void
test_raw_answers(struct bench *b, const struct kind *kind)
{
	int64_t key = run_start(b, kind, "Hello");
	const struct {
		enum question_kind kind;
		const char *start, *part;
	} cases[] = {
	    {ASK_LIST, "[{", "\"object\":\"conversation\""},
	    {ASK_GET, "{", "\"object\":\"conversation\""},
	    {ASK_HISTORY, "{", "\"entries\":[{"},
	    {ASK_MESSAGES, "{", "\"messages\":[{"},
	    {ASK_MODELS, "{", kind->models},
	    {ASK_AGENTS, "{", "\"data\":["},
	};

	b->want_raw = true;
	for (size_t i = 0; i < COUNT(cases); i++) {
		bench_ask(b, cases[i].kind, bench_conversation(b, key)->id);
		assert_non_null(b->raw);
		assert_int_equal(strncmp(b->raw, cases[i].start, strlen(cases[i].start)), 0);
		assert_non_null(strstr(b->raw, cases[i].part));
	}
	b->want_raw = false;
	bench_ask(b, ASK_LIST, NULL);
	assert_null(b->raw);
}

static void
test_usage(struct bench *b, const struct kind *kind)
{
	int64_t key = run_start(b, kind, "Hello"), once;
	struct error err = ERROR_NONE;
	struct conversation *stored;

	once = bench_conversation(b, key)->usage.total_tokens;
	assert_int_equal(once > 0, kind->counts);
	bench_append(b, key, "more");
	assert_int_equal(bench_conversation(b, key)->usage.total_tokens > once, kind->counts);
	stored = store_load(b->store, key, false, &err);
	assert_true(
	    stored->usage.total_tokens == bench_conversation(b, key)->usage.total_tokens);
	conversation_free(stored);
}

/* What is not to be kept is kept nowhere. */
static void
test_no_store(struct bench *b, const struct kind *kind)
{
	struct request request = start(kind, true);
	struct error err = ERROR_NONE;
	string_list prompts = {0};
	hit_list hits = {0};
	size_t trees;
	int64_t key;

	request.turn->no_store = true;
	request.turn->detached = true;
	assert_true(bench_run(b, &request, "secretly") == 0);
	expect_done(b);
	assert_int_equal(fnmatch("Sc*D", b->log.data, 0), 0);
	assert_true(store_count(b->store, NULL, &trees, &err));
	assert_int_equal(trees, 0);
	bench_ask(b, ASK_LIST, NULL);
	assert_int_equal(b->conversation_count, 0);
	key = run_start(b, kind, "openly");
	request = (struct request){.turn = turn_new(TURN_APPEND), .base = key};
	request.turn->no_store = true;
	request.turn->detached = true;
	assert_true(bench_run(b, &request, "secretly") == 0);
	expect_done(b);
	request = (struct request){.turn = turn_new(TURN_RESTART), .base = key};
	request.fork = bench_entry(b, key, 1);
	request.turn->no_store = true;
	request.turn->detached = true;
	assert_true(bench_run(b, &request, "secretly") == 0);
	expect_done(b);
	expect_path(b, kind, key, "u:openly | a=openly");
	assert_true(search_entries(b->store, "secretly", 10, &hits, &err));
	assert_int_equal(hits.len, 0);
	assert_true(store_prompts(b->store, 10, &prompts, &err));
	assert_int_equal(prompts.len, 1);
	string_list_done(&prompts);
	hit_list_done(&hits);
}

/* Stopping, and several at once. */

static void
test_cancel(struct bench *b, const struct kind *kind)
{
	struct request request = start(kind, true);
	struct entry *last;
	int64_t key;

	b->stop_at_chunk = true;
	key = bench_run(b, &request, "!long 100 words");
	assert_string_equal(b->log.data, "ScF");
	assert_int_equal(b->error.kind, ERR_CANCELLED);
	expect_here(b, kind, key, "u:!long 100 words | a(interrupted):?*");
	last = bench_conversation(b, key)->entries.items[1];
	assert_non_null(last->reason);
	assert_int_equal(client_turn_of(b->client, key), 0);
	assert_int_equal(client_phase(b->client, key), PHASE_IDLE);
}

/* Before anything was done. */
static void
test_cancel_at_once(struct bench *b, const struct kind *kind)
{
	struct request request = start(kind, true);
	int64_t key;
	unsigned id = bench_begin(b, &request, "Hello", &key);

	bench_stop(b, id);
	bench_stop(b, id);
	bench_wait_over(b, 1);
	assert_string_equal(b->log.data, "F");
	assert_int_equal(b->error.kind, ERR_CANCELLED);
	assert_int_equal(bench_conversation(b, key)->entries.len, 1);
	bench_stop(b, id);
	bench_wait_idle(b);
	assert_string_equal(b->log.data, "F");
}

static void
test_two_at_once(struct bench *b, const struct kind *kind)
{
	struct request one = start(kind, true), two = start(kind, true);
	int64_t first, second;

	bench_begin(b, &one, "one", &first);
	bench_begin(b, &two, "two", &second);
	assert_true(client_turn_of(b->client, first) != client_turn_of(b->client, second));
	bench_wait_over(b, 2);
	expect_path(b, kind, first, "u:one | a=one");
	expect_path(b, kind, second, "u:two | a=two");
}

static void
test_append_while_answering(struct bench *b, const struct kind *kind)
{
	struct request first = start(kind, true),
		       second = {.turn = turn_new(TURN_APPEND)};
	int64_t key;

	bench_begin(b, &first, "one", &key);
	second.base = key;
	assert_int_equal(bench_try(b, &second, "two", NULL), 0);
	assert_int_equal(b->error.kind, ERR_USAGE);
	bench_check_sentence(&b->error);
	bench_wait_over(b, 1);
	expect_path(b, kind, key, "u:one | a=one");
}

/* Failing, and trying again at the user's wish. */

static void
retry(struct bench *b, int64_t key)
{
	struct error err = ERROR_NONE;

	b->calling = true;
	assert_true(client_retry(b->client, key, &err));
	b->calling = false;
	bench_wait_idle(b);
}

static void
test_nothing_to_retry(struct bench *b, const struct kind *kind)
{
	int64_t key = run_start(b, kind, "Hello");
	struct error err = ERROR_NONE;

	assert_false(client_retry(b->client, key, &err));
	assert_int_equal(err.kind, ERR_USAGE);
	bench_check_sentence(&err);
	error_done(&err);
}

/* Nobody listens: the words stay here, unsent, and go out once when asked to. */
static void
test_unsent(struct bench *b, const struct kind *kind)
{
	int64_t key, other;

	if (!kind->server)
		return;
	key = run_start(b, kind, "one");
	server_stop(&b->server);
	bench_append(b, key, "two");
	assert_int_equal(b->error.kind, ERR_NETWORK);
	expect_here(b, kind, key, "u:one | a=one | u(unsent):two");
	other = run_start(b, kind, "three");
	expect_here(b, kind, other, "u(unsent):three");
	server_start(&b->server, kind->option);
	assert_true(strstr(b->log.data, "R") != NULL);
	retry(b, other);
	expect_path(b, kind, other, "u:three | a=three");
	assert_int_equal(server_posts(&b->server), 1);
	assert_false(bench_conversation(b, other)->own_id);
}

static void
test_interrupted(struct bench *b, const struct kind *kind)
{
	struct request request = start(kind, true);
	const struct conversation *c;
	struct error err = ERROR_NONE;
	struct tree tree;
	int64_t key;

	b->stop_at_chunk = !kind->server;
	key = bench_run(b, &request, "!once !cut 700 the words of a broken answer");
	expect_here(b, kind, key, "u:*broken answer | a(interrupted):?*");
	retry(b, key);
	if (kind->keeps_answer) {
		/* The answer was there already: adopted, and nothing sent. */
		expect_path(b, kind, key, "u:*broken answer | a=the words of a broken answer");
		assert_int_equal(server_posts(&b->server), 1);
		return;
	}
	/* A second answer beside the first, which stays. */
	expect_here(b, kind, key, "u:*broken answer | a(interrupted):?*");
	tree_init(&tree);
	assert_true(store_load_tree(b->store, key, &tree, &err));
	assert_int_equal(tree.branches.len, 2);
	c = bench_conversation(b, tree.branches.items[1].conversation);
	expect_path(b, kind, c->key, "u:*broken answer | a:*");
	assert_true(c->fork == bench_entry(b, key, 0));
	if (kind->server)
		assert_int_equal(server_posts(&b->server), 2);
	tree_done(&tree);
}

/* A server that fails may have taken it: never again unasked. */
static void
test_server_fails(struct bench *b, const struct kind *kind)
{
	static const struct {
		const char *prompt, *path;
	} cases[] = {
	    {"!status 500 one", "u(interrupted):*"},
	    {"!close two", "u(interrupted):*"},
	    {"!reset-head three", "u(interrupted):*"},
	    {"!html four", "u(interrupted):*"},
	    {"!status 422 five", "u(unsent):*"},
	    {"!status 401 six", "u(unsent):*"},
	    {"!once !retry 1 !status 429 seven", "u:* | a:*"},
	};

	for (size_t i = 0; kind->server && i < COUNT(cases); i++) {
		int before = server_posts(&b->server);
		int64_t key = run_start(b, kind, cases[i].prompt);

		expect_here(b, kind, key, cases[i].path);
		assert_int_equal(
		    server_posts(&b->server) - before, 1 + (b->error.kind == ERR_NONE));
	}
}

static void
run_case(void **state)
{
	const struct fixture *fixture = *state;
	const struct kind *kind = fixture->kind;
	struct server server = {0};
	struct bench bench;
	char *profile;

	if (kind->server)
		server_start(&server, kind->option);
	profile = !kind->server
		      ? xstrdup("connection: guide\n")
		      : xasprintf("connection: here\nconnections:\n  here: {api: %s, base_url: "
				  "\"http://127.0.0.1:%d%s\", api_key: %s}\n",
			    kind->name, server.port, kind->base, kind->key);
	bench_open(&bench, ":memory:", profile);
	bench.server = server;
	/* The guide writes no faster than one reads. */
	bench.whole = !kind->server;
	fixture->run(&bench, kind);
	bench_close(&bench);
	free(profile);
}

static const struct {
	const char *name;
	void (*run)(struct bench *, const struct kind *);
} cases[] = {
    {"start_streamed", test_start_streamed},
    {"start_whole", test_start_whole},
    {"append", test_append},
    {"restart", test_restart},
    {"regenerate", test_regenerate},
    {"restart_restarted", test_restart_restarted},
    {"edit_first", test_edit_first},
    {"settings", test_settings},
    {"agent", test_agent},
    {"guardrails", test_guardrails},
    {"list", test_list},
    {"messages", test_messages},
    {"delete", test_delete},
    {"unknown", test_unknown},
    {"agents", test_agents},
    {"raw_stream", test_raw_stream},
    {"raw_whole", test_raw_whole},
    {"raw_answers", test_raw_answers},
    {"usage", test_usage},
    {"no_store", test_no_store},
    {"cancel", test_cancel},
    {"cancel_at_once", test_cancel_at_once},
    {"two_at_once", test_two_at_once},
    {"append_while_answering", test_append_while_answering},
    {"nothing_to_retry", test_nothing_to_retry},
    {"unsent", test_unsent},
    {"interrupted", test_interrupted},
    {"server_fails", test_server_fails},
};

int
main(void)
{
	struct CMUnitTest tests[COUNT(kinds) * COUNT(cases)] = {0};
	struct fixture fixtures[COUNT(kinds) * COUNT(cases)];
	int failed;

	unsetenv("MISTRAL_API_KEY");
	unsetenv("MISTRAL_BASE_URL");
	for (size_t i = 0; i < COUNT(tests); i++) {
		fixtures[i] = (struct fixture){
		    &kinds[i / COUNT(cases)], cases[i % COUNT(cases)].run};
		tests[i].name =
		    xasprintf("%s: %s", fixtures[i].kind->name, cases[i % COUNT(cases)].name);
		tests[i].test_func = run_case;
		tests[i].initial_state = &fixtures[i];
	}
	failed = _cmocka_run_group_tests("backends", tests, COUNT(tests), NULL, NULL);
	for (size_t i = 0; i < COUNT(tests); i++)
		free((char *)tests[i].name);
	return failed;
}
