/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/error.h"
#include "base/utf8.h"
#include "fuzz/fuzz.h"
#include "store/search.h"
#include "store/store.h"

/*
 * No words are a syntax error. There are no more hits than asked for, and each
 * has a snippet of one line in which every match that begins also ends.
 */

enum { LIMIT = 3 };

static const char *const texts[] = {
    "The quick brown fox jumps over the lazy dog",
    "fox NEAR(dog, 2) AND \"not\" OR title:fox* ^fox {a b}",
    "\u4e2d\u6587\u5b57\u7b26 e\u0301te\u0301 na\u00efve \u0391\u03b8\u03ae\u03bd\u03b1",
    "a-b c++ #42 100% don't x_y \001mark\002 \t\n two lines",
    "fox fox fox",
};

static struct store *
open_store(void)
{
	struct error err = ERROR_NONE;
	struct conversation *c = conversation_new();
	struct store *store;
	bool read_only;

	store = store_open(":memory:", &read_only, &err);
	MUST(store != NULL);
	c->title = strdup("fox");
	MUST(store_add_conversation(store, c, &err));
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		struct entry *entry = entry_new_input(texts[i], strlen(texts[i]));

		MUST(store_add_entry(store, c->key, 0, entry, &err));
		entry_free(entry);
	}
	conversation_free(c);
	return store;
}

static void
check_snippet(const char *snippet)
{
	bool open = false;

	MUST(snippet != NULL && strchr(snippet, '\n') == NULL);
	for (; *snippet != '\0'; snippet++) {
		MUST(*snippet != (open ? '\001' : '\002'));
		if (*snippet == '\001' || *snippet == '\002')
			open = !open;
	}
	MUST(!open);
}

static void
check_search(struct store *store, const char *words)
{
	struct error err = ERROR_NONE;
	hit_list hits = {0};
	size_t count;

	MUST(store_count(store, words, &count, &err));
	MUST(search_entries(store, words, LIMIT, &hits, &err));
	MUST(err.kind == ERR_NONE && hits.len <= LIMIT);
	for (size_t i = 0; i < hits.len; i++)
		check_snippet(hits.items[i].snippet);
	hit_list_done(&hits);
}

int
LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
	static struct store *store;
	struct buf words = BUF_EMPTY;

	if (store == NULL)
		store = open_store();
	utf8_repair_all((const char *)bytes, len, &words);
	check_search(store, words.data);
	buf_done(&words);
	return 0;
}
