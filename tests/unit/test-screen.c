/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <ctype.h>
#include <dirent.h>
#include <locale.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/error.h"
#include "base/mem.h"
#include "base/path.h"
#include "client/client.h"
#include "net/loop.h"
#include "profile/profile.h"
#include "store/store.h"
#include "ui/actions.h"
#include "ui/input.h"
#include "ui/key.h"
#include "ui/keymap.h"
#include "ui/screen.h"
#include "ui/view.h"

/*
 * Scripts for the screen, without a terminal: tests/screens/NAME.test.
 *
 *	MONO                    a terminal without colours (before anything else)
 *	SIZE 80x24              (before the others)
 *	START text              a conversation begins with this prompt ...
 *	SAY text                ... goes on with another
 *	ANSWER text             an answer; \n is a newline
 *	TURNS n                 so many of both
 *	THINK text              ... that begins with this thinking
 *	TOOL name JSON          a tool the server ran
 *	CALL name JSON          a call of a function that has no result yet
 *	REFERENCE title url     a source of the last answer
 *	HANDOFF from to
 *	UNKNOWN type
 *	STATE unsent|interrupted|sending reason     of the last entry
 *	BRANCH n                a branch behind entry n of the path (from 1)
 *	OPEN                    opens the conversation made last
 *	KEYS C-x t j Enter      keys by name
 *	TYPE text               characters
 *	BURST text              what a terminal sends in one piece; \t is a TAB
 *	SCREEN                  what is to be seen, until
 *	END
 *
 * Times of day become HH:MM. With UPDATE=1 in the environment the expected
 * screens are written anew.
 */

struct test {
	struct loop *loop;
	struct store *store;
	struct profile profile;
	struct client *client;
	struct keymap *keymap;
	struct screen *screen;
	struct conversation *conversation; /* the one that entries are added to */
	struct entry *last;
	int64_t now;
	const char *name;
};

static void
out_paint(void *arg, const struct grid *grid, int y, int x)
{
	(void)arg;
	(void)grid;
	(void)y;
	(void)x;
}

static void
out_nothing(void *arg)
{
	(void)arg;
}

static void
out_mouse(void *arg, bool on)
{
	(void)arg;
	(void)on;
}

static bool
out_copy(void *arg, const char *text, size_t len)
{
	(void)arg;
	(void)text;
	return len < 100000;
}

static void
out_edit(void *arg, const char *text, size_t len)
{
	(void)arg;
	(void)text;
	(void)len;
}

static void
must(bool good, struct error *err)
{
	if (!good)
		fail_msg("%s", err->text != NULL ? err->text : "?");
}

static void
make_screen(struct test *t, bool colours)
{
	struct screen_output output = {
	    .paint = out_paint,
	    .redraw = out_nothing,
	    .suspend = out_nothing,
	    .mouse = out_mouse,
	    .copy = out_copy,
	    .bell = out_nothing,
	    .edit = out_edit,
	    .colours = colours,
	};

	screen_free(t->screen);
	t->screen = screen_new(t->client, t->keymap, &output);
	screen_open_new(t->screen);
}

static void
begin(struct test *t)
{
	struct error err = ERROR_NONE;
	bool read_only;

	t->loop = loop_new(&err);
	must(t->loop != NULL, &err);
	must(profile_parse(&t->profile, "test", "{}", 2, &err), &err);
	t->store = store_open(":memory:", &read_only, &err);
	must(t->store != NULL, &err);
	t->client = client_new(t->loop, t->store, &t->profile);
	t->keymap = keymap_new(default_keys, default_key_count, "default");
	make_screen(t, true);
}

static void
end(struct test *t)
{
	conversation_free(t->conversation);
	screen_free(t->screen);
	keymap_free(t->keymap);
	client_free(t->client);
	store_close(t->store);
	profile_done(&t->profile);
	loop_free(t->loop);
}

/* "\n" in a script is a newline, "\e" an escape, "\r" a carriage return. */
static void
unescape(const char *text, struct buf *out)
{
	for (; *text != '\0'; text++) {
		if (text[0] == '\\' && text[1] != '\0') {
			text++;
			buf_putc(out, *text == 'n'   ? '\n'
				      : *text == 'e' ? '\033'
				      : *text == 'r' ? '\r'
				      : *text == 't' ? '\t'
						     : *text);
		} else {
			buf_putc(out, *text);
		}
	}
}

static void
add(struct test *t, struct entry *entry)
{
	struct error err = ERROR_NONE;
	char id[32];

	snprintf(id, sizeof(id), "msg_%lld", (long long)++t->now);
	if (entry->id == NULL)
		entry->id = xstrdup(id);
	if (entry->created_at == NULL)
		entry->created_at = xstrdup("2025-01-02T03:04:05Z");
	if (entry->model == NULL && entry->type != ENTRY_MESSAGE_INPUT)
		entry->model = xstrdup("guide");
	must(store_add_entry(t->store, t->conversation->key, 0, entry, &err), &err);
	must(store_save_entry(t->store, entry, &err), &err);
	array_push(&t->conversation->entries, entry);
	t->last = entry;
}

static void
add_conversation(struct test *t, struct conversation *c)
{
	struct error err = ERROR_NONE;
	char id[32];

	snprintf(id, sizeof(id), "conv_%lld", (long long)++t->now);
	c->id = xstrdup(id);
	c->connection = xstrdup("guide");
	c->model = xstrdup("guide");
	must(store_add_conversation(t->store, c, &err), &err);
	conversation_free(t->conversation);
	t->conversation = c;
}

static void
do_start(struct test *t, const char *text)
{
	struct conversation *c = conversation_new();

	c->title = conversation_make_title(text);
	add_conversation(t, c);
	add(t, entry_new_input(text, strlen(text)));
}

static void
do_say(struct test *t, const char *text)
{
	struct buf words;

	buf_init(&words, 0);
	unescape(text, &words);
	add(t, entry_new_input(words.data, words.len));
	buf_done(&words);
}

static void
do_answer(struct test *t, const char *text)
{
	struct entry *entry = entry_new(ENTRY_MESSAGE_OUTPUT);

	unescape(text, &entry_chunk(entry, 0, CHUNK_TEXT)->text);
	add(t, entry);
}

static void
do_turns(struct test *t, const char *text)
{
	for (long i = 1, n = strtol(text, NULL, 10); i <= n; i++) {
		char *prompt = xasprintf("Prompt %ld", i), *answer = xasprintf("Answer %ld", i);

		do_say(t, prompt);
		do_answer(t, answer);
		free(answer);
		free(prompt);
	}
}

static void
resave(struct test *t)
{
	struct error err = ERROR_NONE;

	must(store_save_entry(t->store, t->last, &err), &err);
}

static void
do_think(struct test *t, const char *text)
{
	unescape(text, &entry_chunk(t->last, -1, CHUNK_THINKING)->text);
	resave(t);
}

static void
add_call(struct test *t, enum entry_type type, const char *text)
{
	struct entry *entry = entry_new(type);
	const char *space = strchr(text, ' ');

	entry->name = xstrndup(text, (size_t)(space - text));
	buf_puts(&entry->arguments, space + 1);
	add(t, entry);
}

static void
do_tool(struct test *t, const char *text)
{
	add_call(t, ENTRY_TOOL_EXECUTION, text);
}

static void
do_call(struct test *t, const char *text)
{
	add_call(t, ENTRY_FUNCTION_CALL, text);
}

static void
do_reference(struct test *t, const char *text)
{
	const char *space = strrchr(text, ' ');
	struct chunk chunk = {
	    .type = CHUNK_TOOL_REFERENCE, .index = (int)t->last->chunks.len, .text = BUF_EMPTY};

	chunk.title = xstrndup(text, (size_t)(space - text));
	chunk.url = xstrdup(space + 1);
	entry_add_chunk(t->last, &chunk);
	resave(t);
}

static void
do_handoff(struct test *t, const char *text)
{
	struct entry *entry = entry_new(ENTRY_AGENT_HANDOFF);
	const char *space = strchr(text, ' ');

	entry->previous_agent_name = xstrndup(text, (size_t)(space - text));
	entry->next_agent_name = xstrdup(space + 1);
	add(t, entry);
}

static void
do_unknown(struct test *t, const char *text)
{
	struct entry *entry = entry_new(ENTRY_UNKNOWN);

	entry->type_name = xstrdup(text);
	entry->raw = xasprintf("{\"type\":\"%s\"}", text);
	add(t, entry);
}

static void
do_state(struct test *t, const char *text)
{
	t->last->state = strncmp(text, "unsent", 6) == 0    ? ENTRY_UNSENT
			 : strncmp(text, "sending", 7) == 0 ? ENTRY_SENDING
							    : ENTRY_INTERRUPTED;
	if (strchr(text, ' ') != NULL)
		t->last->reason = xstrdup(strchr(text, ' ') + 1);
	resave(t);
}

static void
do_branch(struct test *t, const char *text)
{
	struct conversation *c = conversation_new();
	struct error err = ERROR_NONE;
	size_t n = strtoul(text, NULL, 10);
	int64_t key;

	assert_true(n >= 1 && n <= t->conversation->entries.len);
	c->parent = t->conversation->key;
	c->fork = t->conversation->entries.items[n - 1]->key;
	add_conversation(t, c);
	key = t->conversation->key;
	conversation_free(t->conversation);
	t->conversation = store_load(t->store, key, true, &err);
	must(t->conversation != NULL, &err);
}

static void
do_open(struct test *t, const char *text)
{
	(void)text;
	assert_true(screen_open(t->screen, t->conversation->key, 0));
}

static void
press(struct test *t, const struct key *key)
{
	/* Every key finds a screen that has been painted, as it does for a person. */
	screen_paint(t->screen, t->now += 1000);
	screen_key(t->screen, key);
}

static void
do_keys(struct test *t, const char *text)
{
	char *copy = xstrdup(text), *rest = copy, *word;

	while ((word = strsep(&rest, " ")) != NULL) {
		struct key key = {0};

		if (word[0] == '\0')
			continue;
		if (!key_parse(word, &key))
			fail_msg("%s: \"%s\" is no key", t->name, word);
		press(t, &key);
	}
	free(copy);
}

static void
do_type(struct test *t, const char *text)
{
	for (; *text != '\0'; text++) {
		struct key key = {.code = (unsigned char)*text};

		press(t, &key);
	}
}

static void
do_burst(struct test *t, const char *text)
{
	struct input *in = input_new(INPUT_UTF8);
	struct buf bytes = BUF_EMPTY;
	struct key key;
	int more;

	unescape(text, &bytes);
	input_push(in, bytes.data, bytes.len, 0);
	while (input_take(in, 0, &key, &more) || (more > 0 && input_take(in, more, &key, &more))) {
		press(t, &key);
		free(key.text);
	}
	buf_done(&bytes);
	input_free(in);
}

static void
do_mono(struct test *t, const char *text)
{
	(void)text;
	make_screen(t, false);
}

static void
do_size(struct test *t, const char *text)
{
	int width, height;

	assert_int_equal(sscanf(text, "%dx%d", &width, &height), 2);
	screen_resize(t->screen, height, width);
}

static const struct {
	const char *name;
	void (*fn)(struct test *, const char *);
} words[] = {
    {"MONO", do_mono},
    {"SIZE", do_size},
    {"START", do_start},
    {"SAY", do_say},
    {"ANSWER", do_answer},
    {"TURNS", do_turns},
    {"THINK", do_think},
    {"TOOL", do_tool},
    {"CALL", do_call},
    {"REFERENCE", do_reference},
    {"HANDOFF", do_handoff},
    {"UNKNOWN", do_unknown},
    {"STATE", do_state},
    {"BRANCH", do_branch},
    {"OPEN", do_open},
    {"KEYS", do_keys},
    {"TYPE", do_type},
    {"BURST", do_burst},
};

/* What does not change from one day to the next. */
static void
mask(struct buf *text)
{
	for (size_t i = 0; i + 5 <= text->len; i++)
		if (isdigit((unsigned char)text->data[i]) &&
		    isdigit((unsigned char)text->data[i + 1]) && text->data[i + 2] == ':' &&
		    isdigit((unsigned char)text->data[i + 3]) &&
		    isdigit((unsigned char)text->data[i + 4]))
			memcpy(text->data + i, "HH:MM", 5);
}

static void
see(struct test *t, struct buf *seen)
{
	while (screen_paint(t->screen, t->now += 1000) >= 0)
		;
	grid_save(screen_grid(t->screen), seen);
	mask(seen);
}

static void
run_script(struct test *t, const char *script, struct buf *updated)
{
	char *copy = xstrdup(script), *rest = copy, *line;

	while ((line = strsep(&rest, "\n")) != NULL) {
		bool known = line[0] == '\0' || line[0] == '#';

		if (rest != NULL || line[0] != '\0')
			buf_printf(updated, "%s\n", line);
		if (strcmp(line, "SCREEN") == 0) {
			struct buf wanted, seen;

			buf_init(&wanted, 0);
			buf_init(&seen, 0);
			while ((line = strsep(&rest, "\n")) != NULL && strcmp(line, "END") != 0)
				buf_printf(&wanted, "%s\n", line);
			see(t, &seen);
			buf_printf(updated, "%sEND\n", seen.data);
			if (getenv("UPDATE") == NULL && strcmp(wanted.data, seen.data) != 0)
				fail_msg("%s: expected\n%s\nbut saw\n%s", t->name, wanted.data,
				    seen.data);
			buf_done(&seen);
			buf_done(&wanted);
			continue;
		}
		for (size_t i = 0; i < sizeof(words) / sizeof(words[0]) && !known; i++) {
			size_t len = strlen(words[i].name);

			if (strncmp(line, words[i].name, len) == 0 &&
			    (line[len] == ' ' || line[len] == '\0')) {
				words[i].fn(t, line[len] == ' ' ? line + len + 1 : "");
				known = true;
			}
		}
		if (!known)
			fail_msg("%s: what is \"%s\"?", t->name, line);
	}
	free(copy);
}

static void
test_script(void **state)
{
	const char *path = *state;
	struct test t = {.name = path};
	struct error err = ERROR_NONE;
	struct buf script, updated;

	buf_init(&script, 0);
	buf_init(&updated, 0);
	must(path_read(path, 1 << 20, &script, &err), &err);
	begin(&t);
	run_script(&t, script.data, &updated);
	end(&t);
	if (getenv("UPDATE") != NULL)
		must(path_replace(path, updated.data, updated.len, 0644, &err), &err);
	buf_done(&updated);
	buf_done(&script);
}

static int
by_name(const void *a, const void *b)
{
	return strcmp(((const struct CMUnitTest *)a)->name, ((const struct CMUnitTest *)b)->name);
}

int
main(void)
{
	const char *srcdir = getenv("srcdir");
	char *folder = xasprintf("%s/screens", srcdir != NULL ? srcdir : ".");
	ARRAY(struct CMUnitTest) tests = {0};
	DIR *dir = opendir(folder);
	struct dirent *file;
	int failed;

	setlocale(LC_ALL, "C.UTF-8");
	setenv("TZ", "UTC", 1);
	unsetenv("MISTRAL_API_KEY");
	if (dir == NULL)
		return 1;
	while ((file = readdir(dir)) != NULL) {
		const char *dot = strrchr(file->d_name, '.');
		struct CMUnitTest test = {.test_func = test_script};

		if (dot == NULL || strcmp(dot, ".test") != 0)
			continue;
		test.name = xstrdup(file->d_name);
		test.initial_state = xasprintf("%s/%s", folder, file->d_name);
		array_push(&tests, test);
	}
	closedir(dir);
	qsort(tests.items, tests.len, sizeof(tests.items[0]), by_name);
	/* No script found is a failure: a test that runs nothing says nothing. */
	failed = tests.len == 0
		     ? 1
		     : _cmocka_run_group_tests("screens", tests.items, tests.len, NULL, NULL);
	for (size_t i = 0; i < tests.len; i++) {
		free((void *)(uintptr_t)tests.items[i].name);
		free(tests.items[i].initial_state);
	}
	array_done(&tests);
	free(folder);
	return failed;
}
