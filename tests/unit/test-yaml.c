/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include "profile/yaml.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/buf.h"
#include "base/error.h"
#include "base/mem.h"
#include "base/path.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

/* YAML, and the same as JSON or the error. */
static const struct sample {
	const char *yaml, *json, *error;
} samples[] = {
    {"", "{}", NULL},
    {"# only a comment\n", "{}", NULL},
    {"---\n...\n", "null", NULL},
    {"\xef\xbb\xbf"
     "a: b",
	"{\"a\":\"b\"}", NULL},
    {"%YAML 1.2\n---\na: b", "{\"a\":\"b\"}", NULL},
    {"a: 1\nb: [x, 'y', \"z\"]\nc:\n  d: e\n",
	"{\"a\":1,\"b\":[\"x\",\"y\",\"z\"],\"c\":{\"d\":\"e\"}}", NULL},
    {"[~, null, Null, NULL, '', '~', nULL]", "[null,null,null,null,\"\",\"~\",\"nULL\"]", NULL},
    {"[true, True, TRUE, false, False, FALSE, 'true', yes, no, on, tRUE]",
	"[true,true,true,false,false,false,\"true\",\"yes\",\"no\",\"on\",\"tRUE\"]", NULL},
    {"[0, -1, +1, 007, 0x1F, 0o17, '1', 1_000, 0b1, 12:30, -0x1]",
	"[0,-1,1,7,31,15,\"1\",\"1_000\",\"0b1\",\"12:30\",\"-0x1\"]", NULL},
    {"[1.5, .5, 5., -.5, +0.5, 1e3, 1E-3, 00.5, 1.e2, 5.e, ., -, 1.2.3]",
	"[1.5,0.5,5.0,-0.5,0.5,1e3,1E-3,0.5,1.0e2,\"5.e\",\".\",\"-\",\"1.2.3\"]", NULL},
    {"[.inf, -.inf, .nan, 1e999, 99999999999999999999]",
	"[\".inf\",\"-.inf\",\".nan\",\"1e999\",99999999999999999999]", NULL},
    {"a: |\n  one\n  two\nb: >\n  three\n  four\n",
	"{\"a\":\"one\\ntwo\\n\",\"b\":\"three four\\n\"}", NULL},
    {"a: \"tab\\there \\u00e9 \\\"q\\\"\"", "{\"a\":\"tab\\there \xc3\xa9 \\\"q\\\"\"}", NULL},
    {"1: a\ntrue: b\n", "{\"1\":\"a\",\"true\":\"b\"}", NULL},
    {"{a, b: c}", "{\"a\":null,\"b\":\"c\"}", NULL},
    {"[[[[[[[[[[[[[[[x]]]]]]]]]]]]]]]", "[[[[[[[[[[[[[[[\"x\"]]]]]]]]]]]]]]]", NULL},
    {"[[[[[[[[[[[[[[[[x]]]]]]]]]]]]]]]]", NULL,
	"f:1:17: This is nested too deep; expected at most 16 levels."},
    {"a: &b c", NULL,
	"f:1:4: Anchors (&) and aliases (*) are not used here; expected the value itself. A text "
	"that "
	"begins so needs quotes."},
    {"a: b\nc: [*a]", NULL,
	"f:2:5: Anchors (&) and aliases (*) are not used here; expected the value itself. A text "
	"that "
	"begins so needs quotes."},
    {"a: !!str 5", NULL,
	"f:1:4: Tags (!) are not used here; expected the value itself. A text that begins so needs "
	"quotes."},
    {"a: 1\n---\nb: 2", NULL, "f:2:1: A second document begins here; expected one only."},
    {"a: 1\na: 2\nb: {c: 1, d: 2, c: 3}\n", NULL,
	"f:3:17: This key was already given in line 3; expected each key once.\n"
	"f:2:1: This key was already given in line 1; expected each key once."},
    {"[a]: b", NULL, "f:1:1: A key must be a text, not a list or a map."},
    {"? {a: b}\n: c", NULL, "f:1:3: A key must be a text, not a list or a map."},
    {"a:\n\tb: c", NULL, "f:2:1: YAML does not allow a tab here; expected spaces."},
    {"\xc3\xa9: 1\nb: [", NULL,
	"f:3:1: This is not valid YAML: did not find expected node content."},
    {"a: b: c", NULL,
	"f:1:5: This is not valid YAML: mapping values are not allowed in this context."},
    {"a: \"x\\0y\"", NULL, "f:1:4: A text here cannot hold a NUL character."},
    {"\xc3\xa9\n \xc3\xa9\x80", NULL,
	"f:2:3: This byte is not text in UTF-8; expected UTF-8 without control characters."},
    {"a: \x01", NULL,
	"f:1:4: This byte is not text in UTF-8; expected UTF-8 without control characters."},
};

static void
check_sample(const struct sample *s, const char *bytes, size_t len)
{
	struct error err = ERROR_NONE;
	struct yaml_node *node = yaml_parse("f", bytes, len, &err);
	struct buf json = BUF_EMPTY;

	if (s->error != NULL) {
		assert_null(node);
		assert_int_equal(err.kind, ERR_CONFIG);
		assert_string_equal(err.text, s->error);
	} else {
		if (node == NULL)
			fail_msg("%s: %s", s->yaml, err.text);
		yaml_to_json(node, &json);
		assert_string_equal(json.data, s->json);
	}
	yaml_node_free(node);
	buf_done(&json);
	error_done(&err);
}

static void
test_samples(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(samples); i++) {
		size_t len = strlen(samples[i].yaml);
		/* A copy without the NUL, so that reading past the end is noticed. */
		char *exact = xmalloc(len + (len == 0));

		memcpy(exact, samples[i].yaml, len);
		check_sample(&samples[i], exact, len);
		free(exact);
	}
}

static void
test_places(void **state)
{
	static const char yaml[] = "a: 1\nlist:\n  - \xc3\xa9\xc3\xa9: x\n    b: 'y'\n";
	struct error err = ERROR_NONE;
	struct yaml_node *root = yaml_parse("f", yaml, strlen(yaml), &err);
	const struct yaml_node *list, *map;

	(void)state;
	assert_non_null(root);
	assert_int_equal(root->type, YAML_MAP);
	list = yaml_get(root, "list");
	assert_int_equal(list->type, YAML_LIST);
	assert_int_equal(list->items.len, 1);
	map = list->items.items[0];
	assert_int_equal(map->keys.items[0]->line, 3);
	assert_int_equal(map->keys.items[0]->column, 5);
	assert_int_equal(map->items.items[0]->column, 9);
	assert_true(map->items.items[0]->plain);
	assert_int_equal(map->items.items[1]->line, 4);
	assert_int_equal(map->items.items[1]->column, 8);
	assert_false(map->items.items[1]->plain);
	assert_null(yaml_get(root, "b"));
	yaml_node_free(root);
}

static const struct number {
	const char *text;
	bool is_int, is_number;
	long integer;
	double number;
} numbers[] = {
    {"28", true, true, 28, 28},
    {"-5", true, true, -5, -5},
    {"0x10", true, true, 16, 16},
    {"0o10", true, true, 8, 8},
    {"010", true, true, 10, 10},
    {"9223372036854775807", true, true, INT64_MAX, 9223372036854775807.0},
    {"9223372036854775808", false, true, 0, 9223372036854775808.0},
    {"1.5", false, true, 0, 1.5},
    {"-.5e1", false, true, 0, -5},
    {"1e999", false, false, 0, 0},
    {"0x", false, false, 0, 0},
    {"0x1p3", false, false, 0, 0},
    {"+", false, false, 0, 0},
    {"1 ", true, true, 1, 1},
    {"1a", false, false, 0, 0},
    {"infinity", false, false, 0, 0},
    {"nan", false, false, 0, 0},
    {"'1'", false, false, 0, 0},
};

static void
test_numbers(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(numbers); i++) {
		const struct number *n = &numbers[i];
		struct error err = ERROR_NONE;
		struct yaml_node *node = yaml_parse("f", n->text, strlen(n->text), &err);
		double number = 0;
		long integer = 0;

		assert_non_null(node);
		assert_int_equal(yaml_int(node, &integer), n->is_int);
		if (n->is_int)
			assert_true(integer == n->integer);
		assert_int_equal(yaml_number(node, &number), n->is_number);
		if (n->is_number)
			assert_true(number == n->number);
		yaml_node_free(node);
	}
}

static void
test_size(void **state)
{
	char *bytes = xmalloc(YAML_MAX_BYTES + 1);
	struct error err = ERROR_NONE;
	struct yaml_node *node;

	(void)state;
	memset(bytes, '#', YAML_MAX_BYTES + 1);
	node = yaml_parse("f", bytes, YAML_MAX_BYTES, &err);
	assert_non_null(node);
	yaml_node_free(node);
	assert_null(yaml_parse("f", bytes, YAML_MAX_BYTES + 1, &err));
	assert_string_equal(err.text, "f:1:1: The file has 65537 bytes; expected at most 65536.");
	error_done(&err);
	/* What takes libyaml long must be refused before it is read. */
	memset(bytes, '[', YAML_MAX_BYTES);
	assert_null(yaml_parse("f", bytes, YAML_MAX_BYTES, &err));
	assert_int_equal(err.kind, ERR_CONFIG);
	error_done(&err);
	free(bytes);
}

/* However a file is cut or broken, there is a tree or an error, and nothing else. */
static void
test_broken(void **state)
{
	const char *srcdir = getenv("srcdir");
	char *path = xasprintf("%s/profile/full.yaml", srcdir != NULL ? srcdir : ".");
	struct error err = ERROR_NONE;
	struct buf whole = BUF_EMPTY;

	(void)state;
	if (!path_read(path, YAML_MAX_BYTES, &whole, &err))
		fail_msg("%s", err.text);
	for (size_t len = 0; len < whole.len; len++) {
		char *bytes = xmalloc(len + 1);
		struct yaml_node *node;

		memcpy(bytes, whole.data, len);
		bytes[len] = "\t\"'[{&*!|%@\xff:-"[len % 14];
		node = yaml_parse("f", bytes, len + 1, &err);
		assert_true((node == NULL) == (err.kind == ERR_CONFIG));
		yaml_node_free(node);
		error_done(&err);
		free(bytes);
	}
	buf_done(&whole);
	free(path);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_samples),
	    cmocka_unit_test(test_places),
	    cmocka_unit_test(test_numbers),
	    cmocka_unit_test(test_size),
	    cmocka_unit_test(test_broken),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
