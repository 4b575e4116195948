/* SPDX-License-Identifier: GPL-3.0-or-later */

/*
 * What another machine makes of what the server has: the whole list, and the
 * trees, from what restarts left in the metadata or from what they begin with.
 */
#include "config.h"

#include "unit/client-bench.h"

#define PROFILE                                                                   \
	"connection: here\nconnections:\n  here: {api: conversations, base_url: " \
	"\"http://127.0.0.1:%d\", api_key: test-key}\n"

/* A client with an empty store. */
static void
open_at(struct bench *b, const struct server *server)
{
	char *profile = xasprintf(PROFILE, server->port);

	bench_open(b, ":memory:", profile);
	b->server = *server;
	free(profile);
}

static void
open_new(struct bench *b, const char *option)
{
	struct server server = {0};

	server_start(&server, option);
	open_at(b, &server);
}

/* Another machine: its store is empty, the server is the same. */
static void
change_machine(struct bench *b)
{
	struct server server = b->server;

	b->server.pid = 0;
	bench_close(b);
	open_at(b, &server);
}

static void
refresh(struct bench *b, int64_t key)
{
	client_refresh(b->client, key);
	bench_wait_idle(b);
}

static int64_t
find(struct bench *b, const char *id)
{
	struct error err = ERROR_NONE;
	int64_t key;

	assert_true(store_find(b->store, NULL, id, &key, &err));
	assert_int_not_equal(key, 0);
	return key;
}

static const char *
id_of(struct bench *b, int64_t key)
{
	return bench_conversation(b, key)->id;
}

/* The branches of a tree, by the ids of parents and the places of forks: "1 - 2<1@1 3<1". */
static char *
describe(struct bench *b, int64_t key)
{
	struct error err = ERROR_NONE;
	struct buf out = BUF_EMPTY;
	struct tree tree;

	tree_init(&tree);
	assert_true(store_load_tree(b->store, key, &tree, &err));
	for (size_t i = 0; i < tree.branches.len; i++) {
		const struct tree_branch *branch = &tree.branches.items[i], *parent;
		struct conversation *path = store_load(b->store, branch->conversation, true, &err);

		parent = tree_branch_of(&tree, branch->parent);
		buf_printf(&out, "%s%s<%s%s:", i > 0 ? "\n" : "", branch->id,
		    parent != NULL ? parent->id : "", branch->guessed ? "?" : "");
		for (size_t j = 0; j < path->entries.len; j++) {
			buf_puts(&out, j == path->inherited ? " | " : " ");
			entry_text(path->entries.items[j], &out);
		}
		conversation_free(path);
	}
	tree_done(&tree);
	return buf_take(&out);
}

static void
expect_tree(struct bench *b, const char *id, const char *wanted)
{
	char *tree = describe(b, find(b, id));

	assert_string_equal(tree, wanted);
	free(tree);
}

/* Fetches the histories of all branches, as opening each would. */
static void
open_all(struct bench *b, int64_t key)
{
	struct error err = ERROR_NONE;
	struct tree tree;

	tree_init(&tree);
	assert_true(store_load_tree(b->store, key, &tree, &err));
	for (size_t i = 0; i < tree.branches.len; i++)
		refresh(b, tree.branches.items[i].conversation);
	tree_done(&tree);
}

static size_t
count_trees(struct bench *b)
{
	struct error err = ERROR_NONE;
	size_t count;

	assert_true(store_count(b->store, NULL, &count, &err));
	return count;
}

static void
start_many(const struct server *server, int count)
{
	for (int i = 0; i < count; i++)
		free(server_call(server, "POST", "/v1/conversations",
		    "{\"inputs\":\"Hello\",\"model\":\"mistral-medium-latest\",\"stream\":false}"));
}

/* All pages the first time; afterwards as far as there is anything new. */
static void
test_pages(void **state)
{
	struct bench b;

	(void)state;
	open_new(&b, NULL);
	start_many(&b.server, 230);
	refresh(&b, 0);
	assert_int_equal(count_trees(&b), 230);
	assert_int_equal(server_count(&b.server, "\"method\":\"GET\""), 3);
	refresh(&b, 0);
	assert_int_equal(server_count(&b.server, "\"method\":\"GET\""), 4);
	start_many(&b.server, 1);
	refresh(&b, 0);
	assert_int_equal(count_trees(&b), 231);
	assert_int_equal(server_count(&b.server, "\"method\":\"GET\""), 6);
	bench_close(&b);
}

/* A walk that ended early is made again to its end. */
static void
test_pages_cut(void **state)
{
	struct bench b;

	(void)state;
	open_new(&b, NULL);
	start_many(&b.server, 120);
	client_refresh(b.client, 0);
	while (count_trees(&b) < 100)
		loop_wait(b.loop, 50);
	assert_int_equal(count_trees(&b), 100);
	client_free(b.client);
	b.client = client_new(b.loop, b.store, &b.profile);
	refresh(&b, 0);
	assert_int_equal(count_trees(&b), 120);
	bench_close(&b);
}

/* What somebody is looking at is read again when it went on elsewhere. */
static void
test_went_on(void **state)
{
	struct bench b;
	char *path, *answer;
	int64_t key;

	(void)state;
	open_new(&b, NULL);
	key = bench_start(&b, "one");
	path = xasprintf("/v1/conversations/%s", id_of(&b, key));
	answer = server_call(&b.server, "POST", path, "{\"inputs\":\"two\",\"stream\":false}");
	refresh(&b, 0);
	assert_int_equal(bench_conversation(&b, key)->entries.len, 4);
	free(answer);
	free(path);
	bench_close(&b);
}

/* A conversation, two branches of it, one of a branch, and a sibling root. */
static int64_t
make_tree(struct bench *b)
{
	struct request sibling = {.turn = turn_new(TURN_START)};
	int64_t main, one, two;

	main = bench_append(b, bench_start(b, "first"), "second");
	one = bench_restart(b, main, bench_entry(b, main, 1), "in place of second");
	two = bench_restart(b, one, bench_entry(b, one, 3), "behind that");
	bench_restart(b, two, bench_entry(b, two, 1), "behind the first, seen from far off");
	bench_restart(b, main, bench_entry(b, main, 2), NULL);
	sibling.sibling_of = main;
	bench_run(b, &sibling, "another first");
	return main;
}

static void
test_lineage(void **state)
{
	static const char *const options[] = {NULL, "--new-ids"};

	(void)state;
	for (size_t i = 0; i < COUNT(options); i++) {
		struct bench b;
		char *tree, *id;
		int64_t key;

		open_new(&b, options[i]);
		key = make_tree(&b);
		tree = describe(&b, key);
		id = xstrdup(id_of(&b, key));
		change_machine(&b);
		refresh(&b, 0);
		assert_int_equal(count_trees(&b), 1);
		open_all(&b, find(&b, id));
		expect_tree(&b, id, tree);
		/* And again, as nothing happens twice. */
		refresh(&b, 0);
		expect_tree(&b, id, tree);
		bench_close(&b);
		free(tree);
		free(id);
	}
}

/* What was opened before its parent was known has copies of its own, and they go. */
static void
test_lineage_late(void **state)
{
	struct error err = ERROR_NONE;
	char *id, *other, *tree, *draft;
	struct draft_place place;
	int64_t key, branch, behind;
	struct bench b;

	(void)state;
	open_new(&b, NULL);
	key = bench_append(&b, bench_start(&b, "first"), "second");
	id = xstrdup(id_of(&b, key));
	branch = bench_restart(&b, key, bench_entry(&b, key, 1), "other");
	other = xstrdup(id_of(&b, branch));
	change_machine(&b);
	assert_true(client_adopt(b.client, "here", other, &branch, &err));
	refresh(&b, branch);
	assert_int_equal(bench_conversation(&b, branch)->entries.len, 4);
	assert_int_equal(bench_conversation(&b, branch)->inherited, 0);
	/* A branch from an entry that will turn out to be the parent's. */
	behind = bench_restart(&b, branch, bench_entry(&b, branch, 1), "third");
	place = (struct draft_place){branch, bench_entry(&b, branch, 1)};
	assert_true(store_save_draft(b.store, place, "a draft", 7, &err));
	place = (struct draft_place){branch, -bench_entry(&b, branch, 0)};
	assert_true(store_save_draft(b.store, place, "an edit", 7, &err));
	refresh(&b, 0);
	open_all(&b, branch);
	tree = xasprintf("%s<: | first You said: first second You said: second\n"
			 "%s<%s: first You said: first | other You said: other\n"
			 "%s<%s: first You said: first | third You said: third",
	    id, other, id, id_of(&b, behind), id);
	expect_tree(&b, id, tree);
	for (int i = 0; i < 2; i++) {
		place.entry = i == 0 ? bench_entry(&b, branch, 1) : -bench_entry(&b, branch, 0);
		draft = store_load_draft(b.store, place, &err);
		assert_non_null(draft);
		assert_string_equal(draft, i == 0 ? "a draft" : "an edit");
		free(draft);
	}
	free(tree);
	free(other);
	free(id);
	bench_close(&b);
}

static char *
restart_by_hand(struct bench *b, int64_t key, size_t at, const char *text)
{
	const struct conversation *conversation = bench_conversation(b, key);
	char *path = xasprintf("/v1/conversations/%s/restart", conversation->id);
	char *body = xasprintf("{\"inputs\":\"%s\",\"from_entry_id\":\"%s\",\"stream\":false}",
	    text, conversation->entries.items[at]->id);
	char *answer = server_call(&b->server, "POST", path, body), *id, *end;

	id = strstr(answer, "\"conversation_id\":\"");
	assert_non_null(id);
	id += strlen("\"conversation_id\":\"");
	end = strchr(id, '"');
	id = xstrndup(id, (size_t)(end - id));
	free(answer);
	free(body);
	free(path);
	return id;
}

/* A branch that another program made says nothing; what it begins with does. */
static void
test_guess(void **state)
{
	static const char *const options[] = {NULL, "--new-ids"};

	(void)state;
	for (size_t i = 0; i < COUNT(options); i++) {
		struct bench b;
		int64_t key, branch;
		char *id, *tree, *expected;

		open_new(&b, options[i]);
		key = bench_append(
		    &b, bench_start(&b, "tell me something about foxes and hens"), "second");
		id = restart_by_hand(&b, key, 1, "other");
		refresh(&b, 0);
		branch = find(&b, id);
		assert_int_equal(count_trees(&b), 2);
		refresh(&b, branch);
		assert_int_equal(count_trees(&b), 1);
		tree = describe(&b, key);
		expected = xasprintf("%s<: | tell me something about foxes and hens You said: tell "
				     "me something about foxes and hens second You said: second\n"
				     "%s<%s?: tell me something about foxes and hens You said: "
				     "tell me something about foxes and hens | other You said: "
				     "other",
		    id_of(&b, key), id, id_of(&b, key));
		assert_string_equal(tree, expected);
		free(expected);
		free(tree);
		free(id);
		bench_close(&b);
	}
}

/* The elder is the parent, whichever was opened first. */
static void
test_guess_elder(void **state)
{
	int64_t key, branch;
	char *id, *elder;
	struct bench b;

	(void)state;
	open_new(&b, NULL);
	key = bench_start(&b, "tell me something about foxes and hens");
	elder = xstrdup(id_of(&b, key));
	id = restart_by_hand(&b, key, 1, "other");
	change_machine(&b);
	refresh(&b, 0);
	branch = find(&b, id);
	refresh(&b, branch);
	assert_int_equal(count_trees(&b), 2);
	refresh(&b, find(&b, elder));
	assert_int_equal(count_trees(&b), 1);
	assert_int_equal(bench_conversation(&b, branch)->parent, find(&b, elder));
	free(elder);
	free(id);
	bench_close(&b);
}

/* Two that begin alike by chance stay apart. */
static void
test_no_guess(void **state)
{
	struct bench b;

	(void)state;
	open_new(&b, NULL);
	start_many(&b.server, 2);
	refresh(&b, 0);
	for (int64_t key = 1; key <= 2; key++)
		refresh(&b, key);
	assert_int_equal(count_trees(&b), 2);
	assert_int_equal(bench_conversation(&b, 1)->entries.len, 2);
	bench_close(&b);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_pages),
	    cmocka_unit_test(test_pages_cut),
	    cmocka_unit_test(test_went_on),
	    cmocka_unit_test(test_lineage),
	    cmocka_unit_test(test_lineage_late),
	    cmocka_unit_test(test_guess),
	    cmocka_unit_test(test_guess_elder),
	    cmocka_unit_test(test_no_guess),
	};

	unsetenv("MISTRAL_API_KEY");
	unsetenv("MISTRAL_BASE_URL");
	return cmocka_run_group_tests(tests, NULL, NULL);
}
