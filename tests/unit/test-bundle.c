/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "backend/wire-import.h"
#include "base/buf.h"
#include "base/error.h"
#include "base/mem.h"
#include "cmd/export.h"
#include "model/bundle.h"
#include "store/store.h"

/* Trees that leave a store as JSON and come into another one. */

static struct error err = ERROR_NONE;

#define OK(call)                                                                               \
	do {                                                                                   \
		if (!(call))                                                                   \
			fail_msg(                                                              \
			    "%s: %s", #call, err.text != NULL ? err.text : "no reason given"); \
	} while (0)

static struct store *
open_store(void)
{
	struct store *store;
	bool read_only;

	OK(store = store_open(":memory:", &read_only, &err));
	return store;
}

/* A conversation of that id behind an entry (0: none) of a parent (0: none). */
static int64_t
add_conversation(struct store *store, const char *id, int64_t parent, int64_t fork)
{
	struct conversation *c = conversation_new();
	int64_t key;

	c->id = xstrdup(id);
	c->connection = xstrdup("laptop");
	c->parent = parent;
	c->fork = fork;
	OK(store_add_conversation(store, c, &err));
	key = c->key;
	conversation_free(c);
	return key;
}

static int64_t
say(struct store *store, int64_t conversation, const char *id, const char *text)
{
	struct entry *entry = entry_new_input(text, strlen(text));
	int64_t key;

	entry->id = xstrdup(id);
	OK(store_add_entry(store, conversation, 0, entry, &err));
	key = entry->key;
	entry_free(entry);
	return key;
}

static void
export_to(struct store *store, int64_t key, bool tree, struct buf *out)
{
	buf_clear(out);
	OK(export_put(store, key, EXPORT_JSON, tree, out, &err));
}

static struct import_count
import_text(struct store *store, const char *text)
{
	struct wire_import reader = {.text = text, .len = strlen(text)};
	struct import_count count, sum = {0};
	struct bundle bundle = {0};
	bool more;

	OK(wire_import_next(&reader, &bundle, &more, &err));
	while (more) {
		OK(store_import(store, &bundle, &count, &err));
		sum.branches += count.branches;
		sum.entries += count.entries;
		bundle_done(&bundle);
		OK(wire_import_next(&reader, &bundle, &more, &err));
	}
	bundle_done(&bundle);
	return sum;
}

static int64_t
find(struct store *store, const char *id)
{
	int64_t key;

	OK(store_find(store, NULL, id, &key, &err));
	return key;
}

static size_t
entries_of(struct store *store, const char *id)
{
	struct conversation *c;
	size_t count;

	OK(c = store_load(store, find(store, id), true, &err));
	count = c->entries.len;
	conversation_free(c);
	return count;
}

static int64_t
entry_of(struct store *store, const char *id, size_t at)
{
	struct conversation *c;
	int64_t key;

	OK(c = store_load(store, find(store, id), true, &err));
	key = c->entries.items[at]->key;
	conversation_free(c);
	return key;
}

static void
save_draft(struct store *store, int64_t conversation, int64_t entry, const char *text)
{
	struct draft_place place = {conversation, entry};

	OK(store_save_draft(store, place, text, strlen(text), &err));
}

static void
expect_draft(struct store *store, int64_t conversation, int64_t entry, const char *text)
{
	struct draft_place place = {conversation, entry};
	char *draft = store_load_draft(store, place, &err);

	assert_non_null(draft);
	assert_string_equal(draft, text);
	free(draft);
}

/* With all that a tree can have: a fork, a fork in that, a second beginning, a hole. */
static struct store *
make_tree(void)
{
	struct store *store = open_store();
	int64_t root = add_conversation(store, "conv_root", 0, 0), branch, gone, beside;
	int64_t first = say(store, root, "msg_1", "first"), second, inner;

	second = say(store, root, "msg_2", "second");
	gone = add_conversation(store, "conv_gone", root, first);
	inner = say(store, gone, "msg_3", "in between");
	say(store, gone, "msg_4", "cut off");
	branch = add_conversation(store, "conv_branch", gone, inner);
	say(store, branch, "msg_5", "leaf \x1b[31m");
	beside = add_conversation(store, "conv_beside", root, 0);
	say(store, beside, "msg_6", "another beginning");
	OK(store_delete(store, gone, &err));
	OK(store_set_label(store, branch, "a label", &err));
	OK(store_set_hidden(store, beside, true, &err));
	OK(store_set_pinned(store, root, true, &err));
	save_draft(store, branch, 0, "at the end");
	save_draft(store, root, first, "behind");
	save_draft(store, root, -second, "in place");
	return store;
}

static void
test_round(void **state)
{
	static const char *const ids[] = {"conv_root", "conv_branch", "conv_beside"};
	struct store *from = make_tree();

	(void)state;
	/* The last would be another beginning by itself: what it stands beside is not in it. */
	for (size_t i = 0; i < 5; i++) {
		struct store *to = open_store();
		struct buf before = BUF_EMPTY, after = BUF_EMPTY;
		const char *id = ids[i % 3];
		struct import_count again;

		export_to(from, find(from, id), i < 3, &before);
		import_text(to, before.data);
		export_to(to, find(to, id), i < 3, &after);
		assert_string_equal(before.data, after.data);
		again = import_text(to, before.data);
		assert_int_equal(again.branches + again.entries, 0);
		export_to(to, find(to, id), i < 3, &after);
		assert_string_equal(before.data, after.data);
		buf_done(&before);
		buf_done(&after);
		store_close(to);
	}
	store_close(from);
}

static void
test_details(void **state)
{
	struct store *from = make_tree(), *to = open_store();
	struct buf text = BUF_EMPTY;
	struct tree tree;
	char *name;

	(void)state;
	export_to(from, find(from, "conv_root"), true, &text);
	assert_null(strstr(text.data, "cut off"));
	assert_non_null(strstr(text.data, "\\u001b"));
	import_text(to, text.data);
	tree_init(&tree);
	OK(store_load_tree(to, find(to, "conv_root"), &tree, &err));
	assert_int_equal(tree.branches.len, 4);
	name = tree_path_name(&tree, find(to, "conv_branch"));
	assert_string_equal(name, "main › b2 › a label");
	free(name);
	assert_int_equal(entries_of(to, "conv_branch"), 3);
	expect_draft(to, find(to, "conv_branch"), 0, "at the end");
	expect_draft(to, find(to, "conv_root"), entry_of(to, "conv_root", 0), "behind");
	expect_draft(to, find(to, "conv_root"), -entry_of(to, "conv_root", 1), "in place");
	/* One deleted there is no conversation here either. */
	assert_int_equal(find(to, "conv_gone"), 0);
	tree_done(&tree);
	buf_done(&text);
	store_close(to);
	store_close(from);
}

/* A branch first, then the tree it is from: the second brings what the first left out. */
static void
test_piecemeal(void **state)
{
	struct store *from = make_tree(), *to = open_store();
	struct buf branch = BUF_EMPTY, whole = BUF_EMPTY;
	struct import_count count;
	size_t trees;

	(void)state;
	export_to(from, find(from, "conv_branch"), false, &branch);
	export_to(from, find(from, "conv_root"), true, &whole);
	count = import_text(to, branch.data);
	assert_int_equal(count.entries, 3);
	count = import_text(to, whole.data);
	assert_int_equal(count.entries, 2);
	assert_int_equal(count.branches, 1);
	assert_int_equal(entries_of(to, "conv_root"), 2);
	assert_int_equal(entries_of(to, "conv_beside"), 1);
	store_close(to);

	to = open_store();
	export_to(from, find(from, "conv_beside"), false, &branch);
	import_text(to, branch.data);
	import_text(to, whole.data);
	OK(store_count(to, NULL, &trees, &err));
	assert_int_equal(trees, 1);
	count = import_text(to, whole.data);
	assert_int_equal(count.branches + count.entries, 0);
	buf_done(&branch);
	buf_done(&whole);
	store_close(to);
	store_close(from);
}

/* Gone on here and there: both are kept, and what came from there grows where it was put. */
static void
test_parted(void **state)
{
	struct store *from = open_store(), *to = open_store();
	int64_t there = add_conversation(from, "conv_a", 0, 0);
	struct buf text = BUF_EMPTY;
	struct import_count count;

	(void)state;
	say(from, there, "msg_1", "one");
	export_to(from, there, true, &text);
	import_text(to, text.data);
	say(to, find(to, "conv_a"), "msg_here", "said here");
	say(from, there, "msg_2", "said there");
	export_to(from, there, true, &text);
	count = import_text(to, text.data);
	assert_int_equal(count.branches, 1);
	assert_int_equal(count.entries, 1);
	assert_int_equal(entries_of(to, "conv_a"), 2);
	assert_int_equal(entries_of(to, "conv_2"), 2);
	say(from, there, "msg_3", "and more");
	export_to(from, there, true, &text);
	count = import_text(to, text.data);
	assert_int_equal(count.branches, 0);
	assert_int_equal(count.entries, 1);
	assert_int_equal(entries_of(to, "conv_2"), 3);
	count = import_text(to, text.data);
	assert_int_equal(count.entries, 0);
	buf_done(&text);
	store_close(to);
	store_close(from);
}

static void
test_revived(void **state)
{
	struct store *from = make_tree(), *to = open_store();
	struct buf text = BUF_EMPTY;

	(void)state;
	export_to(from, find(from, "conv_root"), true, &text);
	import_text(to, text.data);
	OK(store_delete(to, find(to, "conv_root"), &err));
	assert_int_equal(find(to, "conv_root"), 0);
	import_text(to, text.data);
	assert_int_equal(entries_of(to, "conv_root"), 2);
	buf_done(&text);
	store_close(to);
	store_close(from);
}

/* What was under way when it left is not waited for. */
static void
test_under_way(void **state)
{
	static const char text[] =
	    "{\"causerie_export\":1,\"branches\":[{\"conversation\":{\"id\":\"conv_a\"},"
	    "\"entries\":["
	    "{\"type\":\"message.input\",\"role\":\"user\",\"id\":\"m1\",\"content\":\"q\","
	    "\"causerie_state\":\"sending\"},{\"type\":\"message.output\",\"id\":\"m2\","
	    "\"content\":\"half\",\"causerie_state\":\"streaming\"}]}]}";
	struct store *store = open_store();
	struct conversation *c;

	(void)state;
	import_text(store, text);
	OK(c = store_load(store, find(store, "conv_a"), true, &err));
	assert_int_equal(c->entries.items[0]->state, ENTRY_INTERRUPTED);
	assert_int_equal(c->entries.items[1]->state, ENTRY_INTERRUPTED);
	assert_non_null(c->entries.items[1]->reason);
	conversation_free(c);
	store_close(store);
}

static void
test_no_key(void **state)
{
	struct store *store = open_store();
	struct conversation *c = conversation_new();
	struct buf text = BUF_EMPTY;

	(void)state;
	c->id = xstrdup("conv_k");
	c->tools = xstrdup("[{\"type\":\"connector\",\"connector_id\":\"x\",\"authorization\":"
			   "{\"type\":\"api-key\",\"value\":\"geheim\"}}]");
	OK(store_add_conversation(store, c, &err));
	for (int format = 0; format < EXPORT_FORMATS; format++) {
		buf_clear(&text);
		OK(export_put(store, c->key, (enum export_format)format, true, &text, &err));
		assert_null(strstr(text.data, "geheim"));
	}
	buf_clear(&text);
	OK(export_put(store, c->key, EXPORT_JSON, true, &text, &err));
	assert_non_null(strstr(text.data, "\"connector_id\":\"x\""));
	buf_done(&text);
	conversation_free(c);
	store_close(store);
}

/* Parents first, whatever the order in the file; and no circles. */
static void
test_order(void **state)
{
	struct bundle bundle = {0};
	struct bundle_order order;

	(void)state;
	bundle_add(&bundle)->conversation->id = xstrdup("a");
	bundle_add(&bundle)->conversation->id = xstrdup("b");
	bundle_add(&bundle)->conversation->id = xstrdup("c");
	bundle.branches.items[0].parent = xstrdup("c");
	bundle.branches.items[1].parent = xstrdup("a");
	assert_true(bundle_order(&bundle, &order));
	assert_int_equal(order.depth_first.items[0], 2);
	assert_int_equal(order.depth_first.items[1], 0);
	assert_int_equal(order.depth_first.items[2], 1);
	bundle_order_done(&order);
	bundle.branches.items[2].parent = xstrdup("b");
	assert_false(bundle_order(&bundle, &order));
	bundle_order_done(&order);
	bundle_done(&bundle);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_round),
	    cmocka_unit_test(test_details),
	    cmocka_unit_test(test_piecemeal),
	    cmocka_unit_test(test_parted),
	    cmocka_unit_test(test_revived),
	    cmocka_unit_test(test_under_way),
	    cmocka_unit_test(test_no_key),
	    cmocka_unit_test(test_order),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
