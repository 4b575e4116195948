/* SPDX-License-Identifier: GPL-3.0-or-later */

/*
 * What only the client decides: when words are stored and sent, what becomes of
 * them, and how the server's history and ours become one.
 */
#include "config.h"

#include <fnmatch.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include "base/id.h"
#include "client/session.h"
#include "unit/canned.h"
#include "unit/client-bench.h"
#include "unit/scratch.h"

#define PROFILE                                                                   \
	"connection: here\nconnections:\n  here: {api: conversations, base_url: " \
	"\"http://127.0.0.1:%d\", api_key: test-key}\n"

#define STARTED "{\"type\":\"conversation.response.started\",\"conversation_id\":\"conv_1\"}"
#define DONE "{\"type\":\"conversation.response.done\",\"usage\":{\"total_tokens\":5}}"
#define EVENT(json) "data: " json "\n\n"
#define DELTA(index, id, text)                                                              \
	EVENT("{\"type\":\"message.output.delta\",\"output_index\":" #index ",\"id\":\"" id \
	      "\",\"content\":\"" text "\"}")

/* With the test server, and the store in memory or in a folder of its own. */

struct files {
	char *path;
	struct store *other; /* a second look at it */
};

static void
set_up_at(struct bench *b, const char *database, const char *option)
{
	struct server server = {0};
	char *profile;

	server_start(&server, option);
	profile = xasprintf(PROFILE, server.port);
	bench_open(b, database, profile);
	b->server = server;
	free(profile);
}

static void
set_up(struct bench *b)
{
	set_up_at(b, ":memory:", NULL);
}

static void
set_up_files(struct bench *b, struct files *files)
{
	struct error err = ERROR_NONE;
	bool read_only;

	assert_int_equal(scratch_make(NULL), 0);
	files->path = scratch_path("causerie.db");
	set_up_at(b, files->path, NULL);
	files->other = store_open(files->path, &read_only, &err);
	assert_non_null(files->other);
}

static void
tear_down_files(struct files *files)
{
	store_close(files->other);
	assert_int_equal(scratch_remove(NULL), 0);
	free(files->path);
}

/* What the other handle sees; yours. */
static char *
other_path(struct files *files, int64_t key)
{
	struct error err = ERROR_NONE;
	struct conversation *c = store_load(files->other, key, true, &err);
	struct buf out = BUF_EMPTY;

	if (c != NULL)
		bench_describe(&out, c->entries.items, c->entries.len);
	conversation_free(c);
	return buf_take(&out);
}

static void
expect_text(char *text, const char *pattern)
{
	if (fnmatch(pattern, text, FNM_NOESCAPE) != 0) {
		print_error("wanted %s\ngot    %s\n", pattern, text);
		fail();
	}
	free(text);
}

static void
expect_path(struct bench *b, int64_t key, const char *pattern)
{
	expect_text(bench_path(b, key), pattern);
}

static struct request
start(void)
{
	struct request request = {.turn = turn_new(TURN_START)};

	request.turn->stream = true;
	return request;
}

/* Until so many messages have reached the server. */
static void
wait_posts(struct bench *b, int count)
{
	int64_t limit = clock_ms() + 20000;

	while (server_posts(&b->server) < count) {
		assert_true(clock_ms() < limit);
		loop_wait(b->loop, 10);
	}
	assert_int_equal(server_posts(&b->server), count);
}

/* Words and answers in the store. */

static void
test_commit_before_send(void **state)
{
	struct request request = start();
	struct files files;
	struct bench b;
	int64_t key;

	(void)state;
	set_up_files(&b, &files);
	bench_begin(&b, &request, "!stall 0 precious words", &key);
	expect_text(other_path(&files, key), "u(sending):!stall 0 precious words");
	assert_int_equal(server_posts(&b.server), 0);
	wait_posts(&b, 1);
	expect_text(other_path(&files, key), "u(sending):!stall 0 precious words");
	bench_close(&b);
	tear_down_files(&files);
}

static void
test_checkpoints(void **state)
{
	struct request request = start();
	struct files files;
	struct bench b;
	int64_t key, since;
	char *path;

	(void)state;
	set_up_files(&b, &files);
	bench_begin(&b, &request, "!hold 3 one two three", &key);
	bench_wait_for(&b, &b.log, "Scc");
	since = clock_ms();
	for (path = other_path(&files, key); fnmatch("*:You said: ", path, 0) != 0;
	     path = other_path(&files, key)) {
		free(path);
		assert_true(clock_ms() - since < 1000);
		loop_wait(b.loop, 10);
	}
	assert_string_equal(path, "u:!hold 3 one two three | a(streaming):You said: ");
	free(path);
	server_release(&b.server);
	bench_wait_over(&b, 1);
	expect_path(&b, key, "u:* | a:You said: one two three");
	bench_close(&b);
	tear_down_files(&files);
}

/* It is written no more for a while: said once, and made good for later. */
static void
test_store_fails(void **state)
{
	struct request request = start();
	struct rlimit before, tiny;
	struct files files;
	struct bench b;
	int64_t key;

	(void)state;
	set_up_files(&b, &files);
	signal(SIGXFSZ, SIG_IGN);
	assert_int_equal(getrlimit(RLIMIT_FSIZE, &before), 0);
	tiny = (struct rlimit){1, before.rlim_max};
	bench_begin(&b, &request, "!hold 2 one two three", &key);
	assert_true(server_holds(&b.server, b.loop, 1));
	buf_clear(&b.notes);
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &tiny), 0);
	bench_wait_for(&b, &b.notes, "T!");
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &before), 0);
	server_release(&b.server);
	bench_wait_over(&b, 1);
	assert_null(strstr(strstr(b.notes.data, "T!") + 1, "T!"));
	expect_path(&b, key, "u:* | a:You said: one two three");
	expect_text(other_path(&files, key), "u:* | a:You said: one two three");
	assert_int_equal(b.log.data[b.log.len - 1], 'D');
	bench_close(&b);
	tear_down_files(&files);
}

/* Closed in the middle: what came is interrupted; what was not sent, unsent. */
static void
test_abandoned(void **state)
{
	static const struct {
		const char *prompt, *until, *path;
	} cases[] = {
	    {"!hold 2 one two", "Sc", "u:* | a(interrupted):You*"},
	    {"!stall 0 one two", "", "u(interrupted):*"},
	    {"!status 429 30 one two", "R", "u(unsent):*"},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct request request = start();
		struct files files;
		struct bench b;
		struct error err = ERROR_NONE;
		struct conversation *c;
		int64_t key;

		set_up_files(&b, &files);
		bench_begin(&b, &request, cases[i].prompt, &key);
		wait_posts(&b, 1);
		bench_wait_for(&b, &b.log, cases[i].until);
		bench_close(&b);
		expect_text(other_path(&files, key), cases[i].path);
		c = store_load(files.other, key, true, &err);
		assert_non_null(c->entries.items[c->entries.len - 1]->reason);
		conversation_free(c);
		tear_down_files(&files);
	}
}

/* Observers. */

static void
test_notes(void **state)
{
	struct request request = start();
	struct bench b;

	(void)state;
	set_up(&b);
	bench_run(&b, &request, "Hello");
	/* A new row; on its way; taken; an answer that begins and grows; over. */
	if (fnmatch("CLTTEC*E*ETL", b.notes.data, 0) != 0) {
		print_error("%s\n", b.notes.data);
		fail();
	}
	buf_clear(&b.notes);
	bench_start(&b, "!status 500");
	assert_string_equal(b.notes.data, "CLTET!L");
	bench_close(&b);
}

/* Ids that come late. */

static void
test_fork_without_id(void **state)
{
	struct bench b;
	int64_t key, branch;
	const char *log, *history, *restart;
	char *text;

	(void)state;
	set_up(&b);
	key = bench_start(&b, "one");
	assert_true(bench_conversation(&b, key)->entries.items[0]->own_id);
	branch = bench_restart(&b, key, bench_entry(&b, key, 0), NULL);
	assert_false(bench_conversation(&b, key)->entries.items[0]->own_id);
	log = text = server_call(&b.server, "GET", "/_log", "");
	history = strstr(log, "/history\"");
	restart = strstr(log, "/restart\"");
	assert_non_null(history);
	assert_true(history < restart);
	assert_null(strstr(restart, "/history\""));
	free(text);
	expect_path(&b, branch, "u:one | a:Once more: one");
	/* The id is known now. */
	bench_restart(&b, key, bench_entry(&b, key, 0), NULL);
	assert_int_equal(server_count(&b.server, "/history\""), 1);
	bench_close(&b);
}

/* The server never got the entry: nothing is sent, and the words stay here. */
static void
test_fork_unknown_to_server(void **state)
{
	struct bench b;
	int64_t key, branch;

	(void)state;
	set_up(&b);
	key = bench_start(&b, "one");
	bench_append(&b, key, "!drop two");
	expect_path(&b, key, "u:one | a:* | u(interrupted):!drop two");
	branch = bench_restart(&b, key, bench_entry(&b, key, 2), "three");
	assert_int_equal(b.error.kind, ERR_SERVER);
	expect_path(&b, branch, "u:one | a:* | u(interrupted):!drop two | u(unsent):three");
	assert_int_equal(server_count(&b.server, "/restart\""), 0);
	bench_close(&b);
}

static void
test_stop_before_history(void **state)
{
	struct request request = {.turn = turn_new(TURN_RESTART)};
	struct bench b;
	int64_t branch;

	(void)state;
	set_up(&b);
	request.base = bench_start(&b, "one");
	request.fork = bench_entry(&b, request.base, 0);
	server_fault(&b.server, "!stall 0", "GET", "/v1/conversations");
	bench_stop(&b, bench_begin(&b, &request, "two", &branch));
	bench_wait_over(&b, 2);
	assert_int_equal(b.error.kind, ERR_CANCELLED);
	expect_path(&b, branch, "u:one | u(unsent):two");
	assert_int_equal(server_count(&b.server, "/restart\""), 0);
	bench_close(&b);
}

/* How often a conversation was restarted on the server. */
static int
restarts_of(struct bench *b, int64_t key)
{
	char *path = xasprintf("%s/restart\"", bench_conversation(b, key)->id);
	int count = server_count(&b->server, path);

	free(path);
	return count;
}

/*
 * The conversation that was named is asked, also for what it inherited, and by
 * the ids it knows; the branch still hangs where the entry was said.
 */
static void
test_named_is_asked(void **state)
{
	static const char *const options[] = {NULL, "--new-ids"};

	(void)state;
	for (size_t i = 0; i < COUNT(options); i++) {
		struct bench b;
		int64_t key, branch, again;

		set_up_at(&b, ":memory:", options[i]);
		key = bench_start(&b, "one");
		bench_append(&b, key, "two");
		branch = bench_restart(&b, key, bench_entry(&b, key, 2), "three");
		assert_int_equal(restarts_of(&b, key), 1);
		for (size_t at = 0; at < 3; at++) {
			again = bench_restart(&b, branch, bench_entry(&b, branch, at), "four");
			assert_int_equal(b.error.kind, ERR_NONE);
			assert_int_equal(restarts_of(&b, key), 1);
			assert_int_equal(restarts_of(&b, branch), (int)at + 1);
			assert_true(bench_conversation(&b, again)->parent == key);
			assert_true(
			    bench_conversation(&b, again)->fork == bench_entry(&b, key, at));
		}
		expect_path(
		    &b, again, "u:one | a:You said: one | u:two | u:four | a:*You said: four");
		bench_ask(&b, ASK_HISTORY, bench_conversation(&b, again)->id);
		assert_int_equal(b.entry_count, 5);
		bench_close(&b);
	}
}

/* Where the branch is not on the server any more, who said the entry is asked. */
static void
test_owner_is_asked(void **state)
{
	struct bench b;
	int64_t key, branch, again;
	char *path;

	(void)state;
	set_up(&b);
	key = bench_start(&b, "one");
	branch = bench_restart(&b, key, bench_entry(&b, key, 1), "two");
	path = xasprintf("/v1/conversations/%s", bench_conversation(&b, branch)->id);
	free(server_call(&b.server, "DELETE", path, ""));
	free(path);
	again = bench_restart(&b, branch, bench_entry(&b, branch, 1), "three");
	assert_int_equal(b.error.kind, ERR_NONE);
	assert_int_equal(restarts_of(&b, key), 2);
	expect_path(&b, again, "u:one | a:You said: one | u:three | a:You said: three");
	bench_close(&b);
}

/* Nothing of it is kept here, and the server is asked with its own ids all the same. */
static void
test_fork_without_store(void **state)
{
	struct request request = {.turn = turn_new(TURN_RESTART)};
	struct bench b;

	(void)state;
	set_up(&b);
	request.base = bench_start(&b, "one");
	request.fork = bench_entry(&b, request.base, 0);
	request.turn->no_store = true;
	request.turn->detached = true;
	bench_run(&b, &request, "two");
	assert_int_equal(b.error.kind, ERR_NONE);
	assert_int_equal(restarts_of(&b, request.base), 1);
	bench_close(&b);
}

/* Copies of entries may have ids of their own; what was inherited is not touched by them. */
static void
test_new_ids(void **state)
{
	struct bench b;
	int64_t key, branch, again;

	(void)state;
	set_up_at(&b, ":memory:", "--new-ids");
	key = bench_start(&b, "one");
	bench_append(&b, key, "two");
	branch = bench_restart(&b, key, bench_entry(&b, key, 1), "three");
	for (int i = 0; i < 2; i++) {
		bench_ask(&b, ASK_HISTORY, bench_conversation(&b, branch)->id);
		assert_int_equal(b.entry_count, 4);
		expect_path(&b, branch, "u:one | a:* | u:three | a:You said: three");
		assert_true(bench_conversation(&b, key)->entries.items[0]->own_id);
	}
	again = bench_restart(&b, branch, bench_entry(&b, branch, 0), "four");
	assert_int_equal(b.error.kind, ERR_NONE);
	expect_path(&b, again, "u:one | u:four | a:*You said: four");
	assert_true(bench_conversation(&b, again)->parent == key);
	bench_close(&b);
}

/* Goes on from an entry with another model, which is told all that was said. */
static int64_t
carry(struct bench *b, int64_t base, int64_t fork, const char *model, const char *text)
{
	struct request request = {.turn = turn_new(TURN_START), .base = base, .fork = fork};

	request.turn->stream = true;
	request.turn->model = xstrdup(model);
	return bench_run(b, &request, text);
}

static void
test_carry(void **state)
{
	struct bench b;
	int64_t key, other, deep, again;
	char *log, *id;
	struct error err = ERROR_NONE;

	(void)state;
	set_up(&b);
	key = bench_append(&b, bench_start(&b, "one"), "!tool two");
	other = carry(&b, key, bench_entry(&b, key, 1), "mistral-small-latest", "three");
	expect_path(&b, other, "u:one | a:You said: one | u:three | a:You said: three");
	assert_int_equal(bench_conversation(&b, other)->inherited, 2);
	assert_int_equal(bench_conversation(&b, other)->parent, key);
	assert_string_equal(bench_conversation(&b, other)->model, "mistral-small-latest");
	log = server_call(&b.server, "GET", "/_log", "");
	assert_non_null(strstr(log,
	    "\"inputs\":[{\"object\":\"entry\",\"type\":\"message.input\",\"role\":\"user\","
	    "\"content\":\"one\"},{\"object\":\"entry\",\"type\":\"message.output\",\"role\":"
	    "\"assistant\",\"content\":\"You said: one\"},{\"object\":\"entry\",\"type\":"
	    "\"message.input\",\"role\":\"user\",\"content\":\"three\"}]"));
	assert_null(strstr(log, "/restart"));
	free(log);
	/* Another answer to the same words; what tools did is told in two entries. */
	deep = carry(&b, key, bench_entry(&b, key, 2), "mistral-small-latest", NULL);
	again = carry(&b, key, bench_entry(&b, key, 4), "mistral-small-latest", "four");
	expect_path(&b, deep, "u:one | a:* | u:!tool two | t:* | a:*");
	/* The server's history has copies of it all, which are not taken for new. */
	for (int i = 0; i < 2; i++) {
		bench_ask(&b, ASK_HISTORY, bench_conversation(&b, other)->id);
		assert_int_equal(b.entry_count, 4);
		bench_ask(&b, ASK_HISTORY, bench_conversation(&b, deep)->id);
		bench_ask(&b, ASK_HISTORY, bench_conversation(&b, again)->id);
		expect_path(&b, other, "u:one | a:You said: one | u:three | a:You said: three");
		assert_int_equal(bench_conversation(&b, deep)->entries.len, 5);
		expect_path(&b, again,
		    "u:one | a:* | u:!tool two | t:* | a:* | u:four | a:*You said: four");
	}
	/* And one goes on in it as in any other. */
	bench_append(&b, other, "five");
	expect_path(&b, other, "*u:five | a:You said: five");
	/* Deleted on the server: what is kept here begins again there, with its own settings. */
	id = xasprintf("/v1/conversations/%s", bench_conversation(&b, other)->id);
	free(server_call(&b.server, "DELETE", id, ""));
	bench_append(&b, other, "six");
	assert_int_equal(b.error.kind, ERR_SERVER);
	expect_path(&b, other, "*a:You said: five | u(unsent):six");
	{
		struct request request = {.turn = turn_new(TURN_START), .base = other};

		request.fork = bench_entry(&b, other, 5);
		key = bench_run(&b, &request, "six");
	}
	expect_path(
	    &b, key, "u:one | a:* | u:three | a:* | u:five | a:* | u:six | a:You said: six");
	assert_string_equal(bench_conversation(&b, key)->model, "mistral-small-latest");
	error_done(&err);
	free(id);
	bench_close(&b);
}

/* What may have arrived is not sent again along with what is said next. */
static void
test_no_carry_unasked(void **state)
{
	struct bench b;
	int64_t key;

	(void)state;
	set_up(&b);
	key = bench_start(&b, "!reset-head one");
	expect_path(&b, key, "u(interrupted):!reset-head one");
	bench_append(&b, key, "two");
	expect_path(&b, key, "u(interrupted):!reset-head one | u:two | a:You said: two");
	assert_int_equal(server_count(&b.server, "!reset-head one"), 1);
	bench_close(&b);
}

/* One that failed to begin brings all of it along when it is sent again. */
static void
test_carry_again(void **state)
{
	struct error err = ERROR_NONE;
	struct bench b;
	int64_t key, other;
	int over;

	(void)state;
	set_up(&b);
	key = bench_start(&b, "one");
	other = carry(
	    &b, key, bench_entry(&b, key, 1), "mistral-small-latest", "!status 400 !once two");
	assert_int_equal(b.error.kind, ERR_SERVER);
	expect_path(&b, other, "u:one | a:You said: one | u(unsent):*");
	over = b.over;
	assert_true(client_retry(b.client, other, &err));
	bench_wait_idle(&b);
	assert_int_equal(b.over, over);
	expect_path(&b, other, "u:one | a:You said: one | u:* | a:You said: two*");
	assert_int_equal(server_count(&b.server, "\"assistant\",\"content\":\"You said: one\""), 2);
	bench_close(&b);
}

/* store: false: the server keeps nothing, is told everything each time, and all is kept here. */
static void
test_server_keeps_nothing(void **state)
{
	struct error err = ERROR_NONE;
	struct bench b;
	int64_t key, branch;
	char *log;

	(void)state;
	set_up(&b);
	b.profile.settings.store = false;
	key = bench_append(&b, bench_start(&b, "one"), "two");
	expect_path(&b, key, "u:one | a:You said: one | u:two | a:You said: two");
	branch = bench_restart(&b, key, bench_entry(&b, key, 1), "three");
	expect_path(&b, branch, "u:one | a:You said: one | u:three | a:You said: three");
	assert_int_equal(bench_conversation(&b, branch)->parent, key);
	branch = bench_restart(&b, branch, bench_entry(&b, branch, 2), NULL);
	expect_path(&b, branch, "u:one | a:You said: one | u:three | a:*three");
	bench_append(&b, branch, "!status 400 !once four");
	expect_path(&b, branch, "*a:*three | u(unsent):*four");
	assert_true(client_retry(b.client, branch, &err));
	bench_wait_idle(&b);
	expect_path(&b, branch, "*a:*three | u:*four | a:You said: four");
	assert_int_equal(server_number(&b.server, "conversations"), 0);
	log = server_call(&b.server, "GET", "/_log", "");
	assert_null(strstr(log, "/restart"));
	assert_null(strstr(log, "/v1/conversations/"));
	assert_null(strstr(log, "\"store\":true"));
	assert_non_null(strstr(log, "\"content\":\"You said: one\"},{\"object\":\"entry\",\"type\":"
				    "\"message.input\",\"role\":\"user\",\"content\":\"two\"}]"));
	free(log);
	/* What the server had before is left as it is there. */
	b.profile.settings.store = true;
	key = bench_start(&b, "kept");
	b.profile.settings.store = false;
	bench_append(&b, key, "not kept");
	expect_path(&b, key, "u:kept | a:* | u:not kept | a:You said: not kept");
	bench_ask(&b, ASK_HISTORY, bench_conversation(&b, key)->id);
	assert_int_equal(b.entry_count, 2);
	expect_path(&b, key, "u:kept | a:* | u:not kept | a:You said: not kept");
	bench_close(&b);
}

/* "conv_1" is not "conv_12", though a person may shorten one. */
static void
test_whole_ids(void **state)
{
	struct error err = ERROR_NONE;
	struct bench b;
	int64_t one, two, three;

	(void)state;
	set_up(&b);
	assert_true(client_adopt(b.client, NULL, "conv_12", &one, &err));
	assert_true(client_adopt(b.client, NULL, "conv_1", &two, &err));
	assert_true(one != two);
	assert_true(client_adopt(b.client, NULL, "conv_13", &three, &err));
	assert_true(client_adopt(b.client, NULL, "conv_1", &three, &err));
	assert_true(three == two);
	bench_close(&b);
}

/* A conversation that never began begins with the next words said in it. */
static void
test_append_to_unsent(void **state)
{
	struct request request = start();
	struct bench b;
	int64_t key;

	(void)state;
	set_up(&b);
	request.turn->instructions = xstrdup("Be brief.");
	key = bench_run(&b, &request, "!status 422 one");
	expect_path(&b, key, "u(unsent):*");
	assert_true(bench_conversation(&b, key)->own_id);
	assert_true(bench_append(&b, key, "two") == key);
	expect_path(&b, key, "u(unsent):*one | u:two | a:You said: two");
	assert_false(bench_conversation(&b, key)->own_id);
	bench_ask(&b, ASK_GET, bench_conversation(&b, key)->id);
	assert_string_equal(b.got->instructions, "Be brief.");
	bench_close(&b);
}

/* Again, at the user's wish. */

static void
test_retry_twice(void **state)
{
	struct error err = ERROR_NONE;
	struct bench b;
	int64_t key;

	(void)state;
	set_up(&b);
	key = bench_start(&b, "one");
	bench_append(&b, key, "!once !drop two");
	expect_path(&b, key, "u:one | a:* | u(interrupted):*two");
	assert_true(client_retry(b.client, key, &err));
	assert_false(client_retry(b.client, key, &err));
	assert_int_equal(err.kind, ERR_USAGE);
	bench_check_sentence(&err);
	error_done(&err);
	bench_wait_idle(&b);
	expect_path(&b, key, "u:one | a:* | u:*two | a:You said: two");
	assert_int_equal(server_posts(&b.server), 3);
	bench_close(&b);
}

/* Something else was said before the history came: that goes on, and nothing besides. */
static void
test_retry_overtaken(void **state)
{
	struct request request = {.turn = turn_new(TURN_APPEND)};
	struct error err = ERROR_NONE;
	struct bench b;
	int64_t key;

	(void)state;
	set_up(&b);
	key = bench_start(&b, "one");
	bench_append(&b, key, "!once !drop two");
	server_fault(&b.server, "!slow 100", "GET", "/v1/conversations");
	assert_true(client_retry(b.client, key, &err));
	request.base = key;
	request.turn->stream = true;
	bench_begin(&b, &request, "!slow 400 three", NULL);
	bench_wait_idle(&b);
	expect_path(&b, key, "u:one | a:* | u(interrupted):*two | u:*three | a:You said: three");
	assert_int_equal(server_posts(&b.server), 3);
	bench_close(&b);
}

/* Another answer that was never asked for, the server being gone: in the same branch. */
static void
test_retry_regenerate(void **state)
{
	struct error err = ERROR_NONE;
	struct bench b;
	int64_t key, branch;
	struct tree tree;

	(void)state;
	set_up(&b);
	key = bench_start(&b, "one");
	server_fault(&b.server, "!status 401", "GET", "/v1/conversations");
	branch = bench_restart(&b, key, bench_entry(&b, key, 0), NULL);
	assert_int_equal(b.error.kind, ERR_AUTH);
	expect_path(&b, branch, "u:one");
	assert_true(client_retry(b.client, branch, &err));
	bench_wait_idle(&b);
	expect_path(&b, branch, "u:one | a:Once more: one");
	tree_init(&tree);
	assert_true(store_load_tree(b.store, key, &tree, &err));
	assert_int_equal(tree.branches.len, 2);
	tree_done(&tree);
	bench_close(&b);
}

/* Closed while the history is read. */
static void
test_retry_closed(void **state)
{
	struct error err = ERROR_NONE;
	struct bench b;
	int64_t key;

	(void)state;
	set_up(&b);
	key = bench_start(&b, "one");
	bench_append(&b, key, "!drop two");
	assert_true(client_retry(b.client, key, &err));
	bench_close(&b);
}

/* The list. */

static size_t
refreshed(struct bench *b)
{
	struct error err = ERROR_NONE;
	size_t count;

	client_refresh(b->client, 0);
	bench_wait_idle(b);
	assert_true(store_count(b->store, NULL, &count, &err));
	return count;
}

/* What was deleted here only stays away until something new is said in it elsewhere. */
static void
test_deleted_here(void **state)
{
	struct error err = ERROR_NONE;
	struct bench b;
	int64_t key, again;
	char *path;

	(void)state;
	set_up(&b);
	bench_start(&b, "one");
	key = bench_start(&b, "two");
	path = xasprintf("/v1/conversations/%s", bench_conversation(&b, key)->id);
	assert_int_equal(refreshed(&b), 2);
	assert_true(store_delete_here(b.store, key, &err));
	client_release(b.client, key);
	assert_int_equal(refreshed(&b), 1);
	assert_int_equal(refreshed(&b), 1);
	free(server_call(&b.server, "POST", path, "{\"inputs\":\"more\"}"));
	assert_int_equal(refreshed(&b), 2);
	/* Whoever names it gets it back at once. */
	assert_true(store_find(b.store, NULL, strrchr(path, '/') + 1, &key, &err));
	assert_true(store_delete_here(b.store, key, &err));
	client_release(b.client, key);
	assert_int_equal(refreshed(&b), 1);
	assert_true(client_adopt(b.client, NULL, strrchr(path, '/') + 1, &again, &err));
	assert_int_equal(refreshed(&b), 2);
	free(path);
	bench_close(&b);
}

static int
deletions(struct bench *b)
{
	char *log = server_call(&b->server, "GET", "/_log", "");
	int found = 0;

	for (const char *p = log; (p = strstr(p, "\"DELETE\"")) != NULL; p++)
		found++;
	free(log);
	return found;
}

static size_t
trees(struct bench *b)
{
	struct error err = ERROR_NONE;
	size_t count;

	assert_true(store_count(b->store, NULL, &count, &err));
	return count;
}

/* A deletion is carried out later; until then it can be taken back, and no list brings it back. */
static void
test_undelete(void **state)
{
	struct error err = ERROR_NONE;
	struct bench b;
	int64_t one, two, key;

	(void)state;
	set_up(&b);
	one = bench_start(&b, "one");
	two = bench_start(&b, "two");
	assert_true(client_delete(b.client, &one, 1, true, &err));
	assert_true(client_delete(b.client, &two, 1, true, &err));
	assert_int_equal(trees(&b), 0);
	assert_int_equal(refreshed(&b), 0);
	assert_int_equal(deletions(&b), 0);
	assert_true(client_undelete(b.client, &key, &err));
	assert_int_equal(key, two);
	assert_true(client_undelete(b.client, &key, &err));
	assert_int_equal(key, one);
	assert_true(client_undelete(b.client, &key, &err));
	assert_int_equal(key, 0);
	assert_int_equal(trees(&b), 2);

	/* Here only, and on the server. */
	assert_true(client_delete(b.client, &one, 1, false, &err));
	assert_true(client_delete(b.client, &two, 1, true, &err));
	client_empty_trash(b.client);
	assert_true(client_is_deleting(b.client));
	/* What the server is deleting does not come back. */
	assert_false(client_undelete(b.client, &key, &err));
	bench_check_sentence(&err);
	error_done(&err);
	bench_wait_idle(&b);
	assert_int_equal(deletions(&b), 1);
	assert_true(client_undelete(b.client, &key, &err));
	assert_int_equal(key, 0);
	assert_int_equal(refreshed(&b), 0);
	bench_close(&b);
}

/* What a server cannot be told stays in the trash; what it does not have is deleted. */
static void
test_delete_fails(void **state)
{
	struct error err = ERROR_NONE;
	struct bench b;
	int64_t key, again;
	char *path;

	(void)state;
	set_up(&b);
	key = bench_start(&b, "one");
	path = xasprintf("/v1/conversations/%s", bench_conversation(&b, key)->id);
	free(server_call(&b.server, "POST", "/_control",
	    "{\"fault\":\"!status 500\",\"count\":1,\"method\":\"DELETE\"}"));
	assert_true(client_delete(b.client, &key, 1, true, &err));
	client_empty_trash(b.client);
	bench_wait_for(&b, &b.notes, "D!");
	assert_int_equal(trees(&b), 0);
	assert_true(client_undelete(b.client, &again, &err));
	assert_int_equal(again, key);
	assert_int_equal(trees(&b), 1);

	free(server_call(&b.server, "DELETE", path, ""));
	assert_true(client_delete(b.client, &key, 1, true, &err));
	buf_clear(&b.notes);
	client_empty_trash(b.client);
	bench_wait_for(&b, &b.notes, "D");
	assert_null(strstr(b.notes.data, "D!"));
	assert_true(client_undelete(b.client, &again, &err));
	assert_int_equal(again, 0);

	/* Naming one brings it back. */
	key = bench_start(&b, "two");
	free(path);
	path = xstrdup(bench_conversation(&b, key)->id);
	assert_true(client_delete(b.client, &key, 1, true, &err));
	assert_true(client_adopt(b.client, NULL, path, &again, &err));
	assert_int_equal(again, key);
	client_empty_trash(b.client);
	assert_false(client_is_deleting(b.client));
	assert_int_equal(trees(&b), 1);
	free(path);
	bench_close(&b);
}

/* Transactions in the log of a database: the last frame of each says how large it is then. */
static int
count_commits(const char *database)
{
	char *path = xasprintf("%s-wal", database);
	unsigned char head[32];
	FILE *file = fopen(path, "rb");
	int commits = 0;
	long page;

	assert_non_null(file);
	assert_int_equal(fread(head, 1, sizeof(head), file), sizeof(head));
	page = (long)head[8] << 24 | head[9] << 16 | head[10] << 8 | head[11];
	while (fread(head, 1, 24, file) == 24) {
		commits += (head[4] | head[5] | head[6] | head[7]) != 0;
		assert_int_equal(fseek(file, page, SEEK_CUR), 0);
	}
	fclose(file);
	free(path);
	return commits;
}

static void
test_refresh_at_once(void **state)
{
	struct files files;
	struct bench b;
	int before;

	(void)state;
	set_up_files(&b, &files);
	for (int i = 0; i < 20; i++)
		free(server_call(&b.server, "POST", "/v1/conversations",
		    "{\"inputs\":\"one\",\"model\":\"mistral-small-latest\"}"));
	before = count_commits(files.path);
	assert_int_equal(refreshed(&b), 20);
	/* The page, and that the list was read to its end. */
	assert_int_equal(count_commits(files.path), before + 2);
	/* And nothing is written when nothing has changed. */
	assert_int_equal(refreshed(&b), 20);
	assert_int_equal(count_commits(files.path), before + 2);
	bench_close(&b);
	tear_down_files(&files);
}

/* Who can be talked to is asked for twice at once, and told once. */
static void
test_agents(void **state)
{
	struct bench b;
	size_t once, agents = 0;

	(void)state;
	set_up(&b);
	client_refresh_agents(b.client);
	bench_wait_idle(&b);
	once = client_agents(b.client)->len;
	client_refresh_agents(b.client);
	client_refresh_agents(b.client);
	bench_wait_idle(&b);
	assert_int_equal(client_agents(b.client)->len, once);
	for (size_t i = 0; i < once; i++)
		agents += client_agents(b.client)->items[i]->origin == AGENT_SERVER;
	assert_int_equal(agents, 3);
	bench_close(&b);
}

/* Answers byte by byte of our own. */

static struct canned *
set_up_canned(struct bench *b)
{
	struct canned *canned;
	struct connection *connection = NULL;

	bench_open(b, ":memory:",
	    "connection: here\nconnections:\n  here: {api: conversations, base_url: "
	    "\"http://127.0.0.1:1\", api_key: test-key}\n");
	canned = canned_new(b->loop);
	for (size_t i = 0; i < b->profile.connections.len; i++)
		if (strcmp(b->profile.connections.items[i]->name, "here") == 0)
			connection = b->profile.connections.items[i];
	free(connection->base_url);
	connection->base_url = xasprintf("http://127.0.0.1:%d", canned->port);
	return canned;
}

static void
tear_down_canned(struct bench *b, struct canned *canned)
{
	client_free(b->client);
	b->client = NULL;
	canned_free(canned);
	bench_close(b);
}

/* Outputs stand in the order of the answer, not in that of their events. */
static void
test_output_order(void **state)
{
	struct canned *canned;
	struct bench b;

	(void)state;
	canned = set_up_canned(&b);
	canned_stream(canned,
	    EVENT(STARTED) DELTA(2, "msg_c", "third") DELTA(0, "msg_a", "fi")
		DELTA(1, "msg_b", "second") DELTA(0, "msg_a", "rst") EVENT(DONE),
	    CANNED_CLOSE, 0);
	expect_path(&b, bench_start(&b, "Hello"), "u:Hello | a:first | a:second | a:third");
	tear_down_canned(&b, canned);
}

static void
test_unknown_events(void **state)
{
	static const char event[] = "{\"type\":\"new.thing\",\"id\":\"x_1\",\"n\":1e2}";
	const struct conversation *c;
	struct canned *canned;
	struct bench b;
	int64_t key;

	(void)state;
	canned = set_up_canned(&b);
	canned_stream(canned,
	    EVENT(STARTED) DELTA(0, "msg_a", "one")
		EVENT("{\"type\":\"new.thing\",\"id\":\"x_1\",\"n\":1e2}") DELTA(1, "msg_b", "two")
		    EVENT(DONE),
	    CANNED_CLOSE, 0);
	key = bench_start(&b, "Hello");
	expect_path(&b, key, "u:Hello | a:one | [?]: | a:two");
	client_release(b.client, key);
	c = bench_conversation(&b, key);
	assert_string_equal(c->entries.items[2]->type_name, "new.thing");
	assert_string_equal(c->entries.items[2]->raw, event);
	tear_down_canned(&b, canned);
}

/* No id is required of an entry. */
static void
test_no_ids(void **state)
{
	struct canned *canned;
	struct bench b;
	int64_t key;

	(void)state;
	canned = set_up_canned(&b);
	canned_answer(canned, 200, "application/json", "",
	    "{\"conversation_id\":\"conv_1\",\"outputs\":[{\"type\":\"message.output\","
	    "\"content\":\"one\"},{\"type\":\"message.output\",\"content\":\"two\"}]}");
	key = bench_start(&b, "Hello");
	expect_path(&b, key, "u:Hello | a:one | a:two");
	assert_non_null(bench_conversation(&b, key)->entries.items[1]->id);
	assert_true(bench_conversation(&b, key)->entries.items[2]->own_id);
	tear_down_canned(&b, canned);
}

/* Sent again after a countdown and then lost: it may have arrived. */
static void
test_lost_after_retry(void **state)
{
	struct request request = start();
	struct canned *canned;
	struct bench b;
	int64_t key, limit = clock_ms() + 10000;

	(void)state;
	canned = set_up_canned(&b);
	canned_answer(canned, 429, "application/json", "Retry-After: 1\r\n", "{}");
	canned_bytes(canned, "", 0, CANNED_HOLD);
	bench_begin(&b, &request, "Hello", &key);
	assert_int_equal(client_phase(b.client, key), PHASE_WAITING);
	bench_wait_for(&b, &b.log, "R");
	assert_int_equal(client_phase(b.client, key), PHASE_RETRYING);
	assert_int_equal(client_seconds(b.client, key), 1);
	while (canned->requests.len < 2 && clock_ms() < limit)
		loop_wait(b.loop, 50);
	assert_int_equal(client_phase(b.client, key), PHASE_WAITING);
	canned_drop(canned->peers.items[canned->peers.len - 1]);
	bench_wait_over(&b, 1);
	assert_int_equal(b.error.kind, ERR_NETWORK);
	expect_path(&b, key, "u(interrupted):Hello");
	tear_down_canned(&b, canned);
}

/* Its history is read while an answer comes: nothing of it comes twice. */
static void
test_history_meanwhile(void **state)
{
	struct request request = start();
	struct canned *canned;
	struct bench b;
	int64_t key;

	(void)state;
	canned = set_up_canned(&b);
	canned_stream(canned, EVENT(STARTED) DELTA(0, "msg_a", "one "), CANNED_HOLD, 0);
	canned_answer(canned, 200, "application/json", "",
	    "{\"conversation_id\":\"conv_1\",\"entries\":[{\"type\":\"message.input\",\"role\":"
	    "\"user\",\"id\":\"msg_0\",\"content\":\"Hello\"},{\"type\":\"message.output\","
	    "\"id\":\"msg_a\",\"content\":\"one two\"},{\"type\":\"message.output\",\"id\":"
	    "\"msg_b\",\"content\":\"three\"}]}");
	bench_begin(&b, &request, "Hello", &key);
	bench_wait_for(&b, &b.log, "Sc");
	bench_ask(&b, ASK_HISTORY, "conv_1");
	assert_int_equal(b.entry_count, 3);
	assert_string_equal(bench_conversation(&b, key)->entries.items[0]->id, "msg_0");
	assert_int_equal(bench_conversation(&b, key)->entries.len, 2);
	bench_stop(&b, client_turn_of(b.client, key));
	bench_wait_over(&b, 1);
	expect_path(&b, key, "u:Hello | a(interrupted):one ");
	tear_down_canned(&b, canned);
}

#define HISTORY(entries) "{\"conversation_id\":\"conv_1\",\"entries\":[" entries "]}"

/* It began to answer, broke off, and then has neither the words nor the answer. */
static void
test_retry_forgotten(void **state)
{
	static const char *const broken[] = {
	    EVENT(STARTED), EVENT(STARTED) DELTA(0, "msg_a", "half an")};
	static const char *const paths[] = {
	    "u:one | a:whole", "u:one | a(interrupted):half an | a:whole"};

	(void)state;
	for (size_t i = 0; i < COUNT(broken); i++) {
		struct error err = ERROR_NONE;
		struct canned *canned;
		struct bench b;
		int64_t key;

		canned = set_up_canned(&b);
		canned_stream(canned, broken[i], CANNED_CLOSE, 0);
		canned_answer(canned, 200, "application/json", "", HISTORY(""));
		canned_answer(canned, 200, "application/json", "",
		    "{\"conversation_id\":\"conv_1\",\"outputs\":[{\"type\":\"message.output\","
		    "\"id\":\"msg_b\",\"content\":\"whole\"}]}");
		key = bench_start(&b, "one");
		assert_int_equal(b.error.kind, ERR_NETWORK);
		assert_true(client_retry(b.client, key, &err));
		bench_wait_idle(&b);
		assert_int_equal(canned->requests.len, 3);
		assert_non_null(
		    strstr(canned->requests.items[2], "POST /v1/conversations/conv_1 "));
		assert_non_null(strstr(canned->requests.items[2], "one"));
		expect_path(&b, key, paths[i]);
		tear_down_canned(&b, canned);
	}
}

/* History. */

struct said {
	const char *id; /* NULL: the server told none */
	char type;	/* u or a; 0 at the end */
	const char *text;
	enum entry_state state;
};

static struct entry *
make_entry(const struct said *said)
{
	struct entry *entry = entry_new_input(said->text, strlen(said->text));
	char id[ID_SIZE];

	if (said->type == 'a') {
		entry->type = ENTRY_MESSAGE_OUTPUT;
		entry->assistant = true;
	}
	id_make("msg_", id);
	entry->id = xstrdup(said->id != NULL ? said->id : id);
	entry->own_id = said->id == NULL;
	entry->state = said->state;
	return entry;
}

/* "1:u:Hello" for each, "-" for an id of our own. */
static char *
told(struct bench *b, int64_t key)
{
	const struct conversation *c = bench_conversation(b, key);
	char *path = bench_path(b, key);
	struct buf out = BUF_EMPTY;
	const char *rest = path;

	for (size_t i = 0; i < c->entries.len; i++) {
		const struct entry *entry = c->entries.items[i];
		const char *end = strstr(rest, " | ");
		size_t len = end != NULL ? (size_t)(end - rest) : strlen(rest);

		buf_printf(&out, "%s%s:%.*s", i > 0 ? " | " : "", entry->own_id ? "-" : entry->id,
		    (int)len, rest);
		rest += len + 3;
	}
	free(path);
	return buf_take(&out);
}

static void
merge(struct bench *b, int64_t key, const struct said *theirs)
{
	ARRAY(struct entry *) entries = {0};
	struct error err = ERROR_NONE;

	bench_conversation(b, key);
	for (; theirs->type != 0; theirs++)
		array_push(&entries, make_entry(theirs));
	assert_true(merge_history(
	    b->client, client_cached(b->client, key), entries.items, entries.len, &err));
	for (size_t i = 0; i < entries.len; i++)
		entry_free(entries.items[i]);
	array_done(&entries);
}

static int64_t
store_said(struct bench *b, const struct said *ours, int64_t parent, int64_t fork)
{
	struct conversation *c = conversation_new();
	struct error err = ERROR_NONE;
	int64_t key;

	c->id = xasprintf("conv_%d", (int)parent + 1);
	c->connection = xstrdup("here");
	c->model = xstrdup("m");
	c->parent = parent;
	c->fork = fork;
	assert_true(store_add_conversation(b->store, c, &err));
	key = c->key;
	conversation_free(c);
	for (; ours->type != 0; ours++) {
		struct entry *entry = make_entry(ours);

		assert_true(store_add_entry(b->store, key, 0, entry, &err));
		entry_free(entry);
	}
	return key;
}

static void
test_merge(void **state)
{
	static const struct {
		struct said ours[6], theirs[6];
		const char *path;
	} cases[] = {
	    /* Ids are taken over. */
	    {{{NULL, 'u', "one", 0}, {"2", 'a', "x", 0}},
		{{"1", 'u', "one", 0}, {"2", 'a', "x", 0}}, "1:u:one | 2:a:x"},
	    /* What is missing is added. */
	    {{{NULL, 'u', "one", 0}},
		{{"1", 'u', "one", 0}, {"2", 'a', "x", 0}, {"3", 'u', "one", 0}},
		"1:u:one | 2:a:x | 3:u:one"},
	    {{{0}}, {{"1", 'u', "one", 0}, {"2", 'a', "x", 0}}, "1:u:one | 2:a:x"},
	    /* What is ours alone stays. */
	    {{{NULL, 'u', "one", 0}, {"2", 'a', "x", 0}, {NULL, 'u', "two", ENTRY_UNSENT}},
		{{"1", 'u', "one", 0}, {"2", 'a', "x", 0}}, "1:u:one | 2:a:x | -:u(unsent):two"},
	    /* And is not taken for the same words said later. */
	    {{{NULL, 'u', "one", ENTRY_UNSENT}, {NULL, 'u', "one", 0}, {"2", 'a', "x", 0}},
		{{"1", 'u', "one", 0}, {"2", 'a', "x", 0}}, "-:u(unsent):one | 1:u:one | 2:a:x"},
	    /* It had arrived after all. */
	    {{{NULL, 'u', "one", ENTRY_INTERRUPTED}}, {{"1", 'u', "one", 0}, {"2", 'a', "x", 0}},
		"1:u:one | 2:a:x"},
	    /* Part of an answer becomes the whole of it. */
	    {{{"1", 'u', "one", 0}, {"2", 'a', "par", ENTRY_INTERRUPTED}},
		{{"1", 'u', "one", 0}, {"2", 'a', "partial, whole", 0}},
		"1:u:one | 2:a:partial, whole"},
	    /* What is complete is as it was. */
	    {{{"1", 'u', "one", 0}, {"2", 'a', "x", 0}},
		{{"1", 'u', "one", 0}, {"2", 'a', "another", 0}}, "1:u:one | 2:a:x"},
	    /* Another instance is at it. */
	    {{{NULL, 'u', "one", 0}, {"2", 'a', "par", ENTRY_STREAMING}},
		{{"1", 'u', "one", 0}, {"2", 'a', "partial", 0}, {"3", 'a', "y", 0}},
		"1:u:one | 2:a(streaming):par"},
	    {{{NULL, 'u', "one", ENTRY_SENDING}}, {{"1", 'u', "one", 0}, {"2", 'a', "x", 0}},
		"-:u(sending):one"},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct bench b;
		int64_t key;

		bench_open(&b, ":memory:",
		    "connection: here\nconnections:\n  here: {api: "
		    "conversations, base_url: \"http://127.0.0.1:1\"}\n");
		key = store_said(&b, cases[i].ours, 0, 0);
		for (int times = 0; times < 2; times++) {
			char *path;

			merge(&b, key, cases[i].theirs);
			path = told(&b, key);
			assert_string_equal(path, cases[i].path);
			free(path);
		}
		bench_close(&b);
	}
}

/* Until the client shows a path like that. */
static void
wait_path(struct bench *b, int64_t key, const char *pattern)
{
	int64_t limit = clock_ms() + 20000;
	struct buf path = BUF_EMPTY;

	for (;;) {
		const struct conversation *shown = bench_conversation(b, key);

		bench_describe(&path, shown->entries.items, shown->entries.len);
		if (fnmatch(pattern, path.data, FNM_NOESCAPE) == 0)
			break;
		if (clock_ms() > limit) {
			print_error("waited for %s, there is %s\n", pattern, path.data);
			fail();
		}
		/* Longer than the test may take: only what is written wakes it. */
		loop_wait(b->loop, 20000);
	}
	buf_done(&path);
}

/* What another instance writes shows here as it comes, without anybody looking for it. */
static void
test_others(void **state)
{
	struct error err = ERROR_NONE;
	struct entry *prompt, *answer;
	struct conversation *theirs;
	struct files files;
	struct bench b;
	unsigned revision;
	int64_t key, turn;
	store_rows rows = {0};

	(void)state;
	set_up_files(&b, &files);
	key = bench_start(&b, "Hello");
	theirs = store_load(files.other, key, true, &err);
	prompt = entry_new_input("more", 4);
	prompt->id = xstrdup("msg_x");
	prompt->state = ENTRY_SENDING;
	buf_clear(&b.notes);
	assert_true(store_begin_turn(files.other, theirs, &prompt, 1, NULL, &turn, &err));
	wait_path(&b, key, "u:Hello | a:You said: Hello | u(sending):more");
	assert_true(store_accept_turn(files.other, turn, &err));
	answer = entry_new(ENTRY_MESSAGE_OUTPUT);
	answer->state = ENTRY_STREAMING;
	answer->id = xstrdup("msg_y");
	buf_puts(&entry_chunk(answer, 0, CHUNK_TEXT)->text, "a bit");
	assert_true(store_add_entry(files.other, key, turn, answer, &err));
	wait_path(&b, key, "*u:more | a(streaming):a bit");
	assert_true(store_list(b.store, NULL, 0, 1, &rows, &err));
	assert_int_equal(rows.items[0].mark, MARK_STREAMING);
	store_rows_done(&rows);
	revision = bench_conversation(&b, key)->entries.items[3]->revision;
	buf_puts(&entry_chunk(answer, 0, CHUNK_TEXT)->text, " more");
	assert_true(store_checkpoint(files.other, &answer, 1, &err));
	wait_path(&b, key, "*a(streaming):a bit more");
	/* Who has painted it sees that it changed; and what did not, stays as it was. */
	assert_int_not_equal(bench_conversation(&b, key)->entries.items[3]->revision, revision);
	revision = bench_conversation(&b, key)->entries.items[0]->revision;
	assert_true(store_end_turn(files.other, turn, ENTRY_COMPLETE, NULL, NULL, &err));
	wait_path(&b, key, "*u:more | a:a bit more");
	assert_int_equal(bench_conversation(&b, key)->entries.items[0]->revision, revision);
	assert_non_null(strchr(b.notes.data, 'C'));
	assert_non_null(strchr(b.notes.data, 'L'));
	assert_true(store_delete(files.other, key, &err));
	buf_clear(&b.notes);
	bench_wait_for(&b, &b.notes, "CL");
	assert_null(client_conversation(b.client, key, &err));
	entry_free(prompt);
	entry_free(answer);
	conversation_free(theirs);
	bench_close(&b);
	tear_down_files(&files);
}

/* Its copies of what a branch inherited are nobody's business, whatever ids they have. */
static void
test_merge_branch(void **state)
{
	static const struct said parent[] = {
	    {NULL, 'u', "one", 0}, {"2", 'a', "x", 0}, {NULL, 'u', "two", 0}, {0}};
	static const struct said own[] = {{NULL, 'u', "three", 0}, {0}};
	static const struct said histories[][5] = {
	    {{"1", 'u', "one", 0}, {"2", 'a', "x", 0}, {"13", 'u', "three", 0},
		{"14", 'a', "y", 0}},
	    {{"11", 'u', "one", 0}, {"12", 'a', "x", 0}, {"13", 'u', "three", 0},
		{"14", 'a', "y", 0}},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(histories); i++) {
		struct bench b;
		int64_t key, branch;

		bench_open(&b, ":memory:",
		    "connection: here\nconnections:\n  here: {api: "
		    "conversations, base_url: \"http://127.0.0.1:1\"}\n");
		key = store_said(&b, parent, 0, 0);
		branch = store_said(&b, own, key, bench_entry(&b, key, 1));
		for (int times = 0; times < 2; times++) {
			merge(&b, branch, histories[i]);
			expect_text(told(&b, branch), "-:u:one | 2:a:x | 13:u:three | 14:a:y");
			expect_text(told(&b, key), "-:u:one | 2:a:x | -:u:two");
		}
		bench_close(&b);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_commit_before_send),
	    cmocka_unit_test(test_checkpoints),
	    cmocka_unit_test(test_store_fails),
	    cmocka_unit_test(test_abandoned),
	    cmocka_unit_test(test_notes),
	    cmocka_unit_test(test_fork_without_id),
	    cmocka_unit_test(test_fork_unknown_to_server),
	    cmocka_unit_test(test_stop_before_history),
	    cmocka_unit_test(test_named_is_asked),
	    cmocka_unit_test(test_owner_is_asked),
	    cmocka_unit_test(test_fork_without_store),
	    cmocka_unit_test(test_new_ids),
	    cmocka_unit_test(test_carry),
	    cmocka_unit_test(test_no_carry_unasked),
	    cmocka_unit_test(test_carry_again),
	    cmocka_unit_test(test_server_keeps_nothing),
	    cmocka_unit_test(test_whole_ids),
	    cmocka_unit_test(test_append_to_unsent),
	    cmocka_unit_test(test_retry_twice),
	    cmocka_unit_test(test_retry_overtaken),
	    cmocka_unit_test(test_retry_regenerate),
	    cmocka_unit_test(test_retry_forgotten),
	    cmocka_unit_test(test_retry_closed),
	    cmocka_unit_test(test_deleted_here),
	    cmocka_unit_test(test_undelete),
	    cmocka_unit_test(test_delete_fails),
	    cmocka_unit_test(test_refresh_at_once),
	    cmocka_unit_test(test_agents),
	    cmocka_unit_test(test_output_order),
	    cmocka_unit_test(test_unknown_events),
	    cmocka_unit_test(test_no_ids),
	    cmocka_unit_test(test_lost_after_retry),
	    cmocka_unit_test(test_history_meanwhile),
	    cmocka_unit_test(test_merge),
	    cmocka_unit_test(test_merge_branch),
	    cmocka_unit_test(test_others),
	};

	unsetenv("MISTRAL_API_KEY");
	unsetenv("MISTRAL_BASE_URL");
	return cmocka_run_group_tests(tests, NULL, NULL);
}
