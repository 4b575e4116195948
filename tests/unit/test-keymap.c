/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include <locale.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/buf.h"
#include "base/error.h"
#include "profile/profile.h"
#include "ui/actions.h"
#include "ui/keymap.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static const struct default_key defaults[] = {
    {NULL, "global", "F1", "help"},
    {NULL, "global", "C-x b", "branch"},
    {NULL, "global", "C-x C-e", "edit"},
    {NULL, "global", "C-p", "palette"},
    {NULL, "global", "C-n", "new"},
    {NULL, "messages", "C-d", "page-down"},
    {NULL, "messages", "j", "next"},
    {NULL, "messages", "Down", "next"},
    {NULL, "messages", "F1", "help-messages"},
    {"emacs", "global", "C-p", "history-previous"},
    {"emacs", "global", "M-x", "palette"},
    {"emacs", "global", "C-n", NULL},
    {"vi", "input", "C-[", "vi-normal"},
    {"vi", "messages", "g g", "first"},
    {"vi", "messages", "J", "next"},
};

static bool
known(const char *action)
{
	for (size_t i = 0; i < COUNT(defaults); i++) {
		if (defaults[i].action != NULL && strcmp(defaults[i].action, action) == 0)
			return true;
	}
	return strcmp(action, "tree") == 0;
}

/* "C-x b" typed in a context: the action, "..." for a beginning, "" for nothing. */
static const char *
type(const struct keymap *map, const char *context, const char *keys)
{
	struct key sequence[8];
	const char *action;
	char copy[64], *word, *rest = copy;
	size_t count = 0;

	strcpy(copy, keys);
	while ((word = strtok_r(rest, " ", &rest)) != NULL)
		assert_true(key_parse(word, &sequence[count++]));
	switch (keymap_find(map, context, sequence, count, &action)) {
	case KEYMAP_NONE:
		assert_null(action);
		return "";
	case KEYMAP_MORE:
		assert_null(action);
		return "...";
	case KEYMAP_ACTION:
		break;
	}
	return action;
}

static void
test_presets(void **state)
{
	static const struct {
		const char *preset, *context, *keys, *action;
	} rows[] = {
	    {"default", "global", "F1", "help"},
	    {"default", "messages", "F1", "help-messages"},
	    {"default", "input", "F1", "help"},
	    {"default", "no-such-context", "F1", "help"},
	    {"default", "messages", "j", "next"},
	    {"default", "global", "j", ""},
	    {"default", "input", "C-x", "..."},
	    {"default", "input", "C-x b", "branch"},
	    {"default", "input", "C-x C-e", "edit"},
	    {"default", "input", "C-x x", ""},
	    {"default", "input", "C-x b b", ""},
	    {"default", "global", "C-p", "palette"},
	    {"default", "global", "M-x", ""},
	    {"default", "messages", "g", ""},
	    {"emacs", "global", "C-p", "history-previous"},
	    {"emacs", "global", "M-x", "palette"},
	    {"emacs", "global", "C-n", ""},
	    {"emacs", "global", "C-x b", "branch"},
	    {"vi", "input", "Esc", "vi-normal"},
	    {"vi", "messages", "g", "..."},
	    {"vi", "messages", "g g", "first"},
	    {"vi", "global", "C-n", "new"},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct keymap *map = keymap_new(defaults, COUNT(defaults), rows[i].preset);

		print_message("%s %s %s\n", rows[i].preset, rows[i].context, rows[i].keys);
		assert_string_equal(type(map, rows[i].context, rows[i].keys), rows[i].action);
		keymap_free(map);
	}
}

static struct keymap *
apply(const char *yaml, struct error *err)
{
	struct keymap *map = keymap_new(defaults, COUNT(defaults), "default");
	struct profile profile = {0};

	if (!profile_parse(&profile, "p.yaml", yaml, strlen(yaml), err))
		fail_msg("%s", err->text);
	keymap_apply(map, &profile, known, err);
	profile_done(&profile);
	return map;
}

static void
test_profile(void **state)
{
	struct error err = ERROR_NONE;
	struct keymap *map = apply("keys:\n"
				   "  global: {F5: tree, \"C-x b\": null, \"C-x B\": branch}\n"
				   "  messages: {\"C-d\": null, j: tree, F1: null}\n"
				   "  input: {\"C-d\": new}\n",
	    &err);

	(void)state;
	assert_null(err.text);
	assert_string_equal(type(map, "messages", "F5"), "tree");
	assert_string_equal(type(map, "messages", "C-x b"), "");
	assert_string_equal(type(map, "messages", "C-x B"), "branch");
	assert_string_equal(type(map, "messages", "C-d"), "");
	assert_string_equal(type(map, "messages", "j"), "tree");
	assert_string_equal(type(map, "messages", "F1"), "help");
	assert_string_equal(type(map, "input", "C-d"), "new");

	/* What the user bound is shown before what was bound already. */
	assert_string_equal(keymap_keys(map, "messages", "tree"), "j");
	assert_string_equal(keymap_keys(map, "global", "tree"), "F5");
	assert_string_equal(keymap_keys(map, "input", "new"), "C-d");
	assert_string_equal(keymap_keys(map, "global", "new"), "C-n");
	assert_string_equal(keymap_keys(map, "messages", "next"), "Down");
	assert_string_equal(keymap_keys(map, "messages", "page-down"), "");
	keymap_free(map);
}

/* Of the keys of "global", only those that the context leaves alone are told. */
static void
test_covered(void **state)
{
	struct error err = ERROR_NONE;
	struct keymap *map = keymap_new(defaults, COUNT(defaults), "default");

	(void)state;
	assert_string_equal(keymap_keys(map, "messages", "help-messages"), "F1");
	assert_string_equal(keymap_keys(map, "messages", "help"), "");
	assert_string_equal(keymap_keys(map, "input", "help"), "F1");
	assert_string_equal(keymap_keys(map, "input", "edit"), "C-x C-e");
	assert_string_equal(keymap_keys(map, "input", "no-such-action"), "");
	assert_string_equal(keymap_keys(map, "messages", "next"), "j");
	keymap_free(map);
	/* A preset's own keys are told before those of all. */
	map = keymap_new(defaults, COUNT(defaults), "vi");
	assert_string_equal(keymap_keys(map, "messages", "next"), "J");
	keymap_free(map);
	map = apply("keys: {messages: {C-x: next}}\n", &err);
	assert_null(err.text);
	assert_string_equal(type(map, "messages", "C-x"), "next");
	assert_string_equal(keymap_keys(map, "messages", "edit"), "");
	keymap_free(map);
}

/* All problems at once, each with its place; their order is that of the profile. */
static const struct {
	const char *yaml, *problems;
} wrong[] = {
    {"keys: {mesages: {j: next}}",
	"p.yaml:1:18: There is no part of the screen called \"mesages\". Did you mean "
	"\"messages\"?"},
    {"keys: {zzzzzzzz: {j: next}}",
	"p.yaml:1:19: There is no part of the screen called \"zzzzzzzz\"; \"global\" holds "
	"everywhere."},
    {"keys: {global: {C-y: palete}}",
	"p.yaml:1:17: There is no action called \"palete\". Did you mean \"palette\"?"},
    {"keys: {global: {C-y: frobnicate-it}}",
	"p.yaml:1:17: There is no action called \"frobnicate-it\"; the palette lists them all."},
    {"keys: {global: {C-Foo: help}}",
	"p.yaml:1:17: \"C-Foo\" is not a key; keys are written like \"C-x\", \"M-Enter\", "
	"\"F5\"."},
    {"keys: {global: {C-x Foo: help}}",
	"p.yaml:1:17: \"Foo\" is not a key; keys are written like \"C-x\", \"M-Enter\", \"F5\"."},
    {"keys: {global: {Paste: help}}",
	"p.yaml:1:17: \"Paste\" is not a key; keys are written like \"C-x\", \"M-Enter\", "
	"\"F5\"."},
    {"keys: {global: {\"  \": help}}",
	"p.yaml:1:17: \"\" is not a key; keys are written like \"C-x\", \"M-Enter\", \"F5\"."},
    {"keys: {global: {a b c d e: help}}",
	"p.yaml:1:17: \"a b c d e\" has more keys than the 4 a sequence may have."},
    {"keys:\n  global:\n    C-i: help\n    Tab: new",
	"p.yaml:4:5: \"Tab\" is bound already in line 3."},
    {"keys: {global: {C-x: help}}",
	"p.yaml:1:17: \"C-x\" and \"C-x b\" (branch) begin alike, so that one of them could never "
	"be typed; bind the other to null first."},
    {"keys: {global: {F1 a: help}}",
	"p.yaml:1:17: \"F1 a\" and \"F1\" (help) begin alike, so that one of them could never be "
	"typed; bind the other to null first."},
    {"keys:\n  global:\n    a: help\n    a b: new",
	"p.yaml:4:5: \"a b\" and \"a\" (help) begin alike, so that one of them could never be "
	"typed; bind the other to null first."},
    {"keys:\n  global:\n    C-Foo: help\n    F2: nothing-such\n  mesages: {k: next}",
	"p.yaml:3:5: \"C-Foo\" is not a key; keys are written like \"C-x\", \"M-Enter\", \"F5\".\n"
	"p.yaml:4:5: There is no action called \"nothing-such\"; the palette lists them all.\n"
	"p.yaml:5:13: There is no part of the screen called \"mesages\". Did you mean "
	"\"messages\"?"},
};

static void
test_problems(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(wrong); i++) {
		struct error err = ERROR_NONE;
		struct keymap *map = apply(wrong[i].yaml, &err);

		assert_int_equal(err.kind, ERR_CONFIG);
		assert_string_equal(err.text, wrong[i].problems);
		error_done(&err);
		keymap_free(map);
	}
}

/* What is in the way may be unbound in the same profile, also further down. */
static void
test_unhidden(void **state)
{
	struct error err = ERROR_NONE;
	struct keymap *map = apply("keys:\n"
				   "  global: {C-x: help, C-x b: null, C-x C-e: null}\n"
				   "  messages: {Down: null}\n"
				   "  conversations: {}\n",
	    &err);

	(void)state;
	assert_null(err.text);
	assert_string_equal(type(map, "global", "C-x"), "help");
	keymap_free(map);
}

static void
test_list(void **state)
{
	struct error err = ERROR_NONE;
	struct keymap *map =
	    apply("keys: {messages: {C-y: next, F2: tree}, global: {F5: tree}}", &err);
	keymap_rows rows = {0};
	struct buf out = BUF_EMPTY;

	(void)state;
	assert_null(err.text);
	keymap_list(map, &rows);
	for (size_t i = 0; i < rows.len; i++)
		buf_printf(&out, "%s|%s|%s\n", rows.items[i].context, rows.items[i].keys,
		    rows.items[i].action);
	assert_string_equal(out.data, "global|F1|help\n"
				      "global|C-x b|branch\n"
				      "global|C-x C-e|edit\n"
				      "global|C-p|palette\n"
				      "global|C-n|new\n"
				      "global|F5|tree\n"
				      "messages|C-d|page-down\n"
				      "messages|C-y|next\n"
				      "messages|j|next\n"
				      "messages|Down|next\n"
				      "messages|F1|help-messages\n"
				      "messages|F2|tree\n");
	array_done(&rows);
	buf_done(&out);
	keymap_free(map);
	keymap_free(NULL);
}

/* The program's own table: in every preset each of its rows can be typed. */
static void
test_own_table(void **state)
{
	static const char *const presets[] = {"default", "emacs", "vi"};

	(void)state;
	for (size_t p = 0; p < COUNT(presets); p++) {
		struct keymap *map = keymap_new(default_keys, default_key_count, presets[p]);
		keymap_rows rows = {0};

		keymap_list(map, &rows);
		assert_true(rows.len > 50);
		for (size_t i = 0; i < rows.len; i++) {
			const char *action = type(map, rows.items[i].context, rows.items[i].keys);

			if (strcmp(action, rows.items[i].action) != 0)
				fail_msg("%s: %s %s: %s, not \"%s\"", presets[p],
				    rows.items[i].context, rows.items[i].keys, rows.items[i].action,
				    action);
		}
		for (size_t i = 0; i < rows.len; i++) {
			for (size_t j = 0; j < rows.len; j++) {
				size_t len = strlen(rows.items[i].keys);

				if (i != j &&
				    strcmp(rows.items[i].context, rows.items[j].context) == 0 &&
				    strncmp(rows.items[i].keys, rows.items[j].keys, len) == 0 &&
				    (rows.items[j].keys[len] == ' ' ||
					rows.items[j].keys[len] == '\0'))
					fail_msg("%s: \"%s\" hides \"%s\"", presets[p],
					    rows.items[i].keys, rows.items[j].keys);
			}
		}
		array_done(&rows);
		keymap_free(map);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_presets),
	    cmocka_unit_test(test_profile),
	    cmocka_unit_test(test_covered),
	    cmocka_unit_test(test_problems),
	    cmocka_unit_test(test_unhidden),
	    cmocka_unit_test(test_list),
	    cmocka_unit_test(test_own_table),
	};

	setlocale(LC_ALL, "C.UTF-8");
	return cmocka_run_group_tests(tests, NULL, NULL);
}
