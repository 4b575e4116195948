/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/error.h"
#include "base/i18n.h"
#include "base/mem.h"
#include "store/db.h"
#include "store/search.h"
#include "store/store-private.h"
#include "store/store.h"

/* How many of the newest prompts with a word a filter looks at. */
#define FILTER_PROMPTS 10000

/* Prompts looked at for each that is wanted: the same words can be said again and again. */
#define PROMPT_REPEATS 20

#define CANDIDATES 3

/* Lists. */

void
store_row_done(struct store_row *row)
{
	free(row->title);
	free(row->connection);
	free(row->agent);
	free(row->updated_at);
	free(row->created_at);
	free(row->tags);
}

void
store_rows_done(store_rows *rows)
{
	for (size_t i = 0; i < rows->len; i++)
		store_row_done(&rows->items[i]);
	array_done(rows);
}

static struct store_row
read_row(struct stmt *s)
{
	int64_t mark = db_int(s, 9), preferred = mark != MARK_FAILED ? db_int(s, 10) : 0;

	return (struct store_row){
	    .root = db_int(s, 0),
	    .latest = db_int(s, 1),
	    .opens = preferred != 0 ? preferred : db_int(s, 1),
	    .title = read_string(s, 2),
	    .connection = read_string(s, 3),
	    .agent = read_string(s, 4),
	    .updated_at = read_string(s, 5),
	    .branches = (int)db_int(s, 6),
	    .pinned = db_int(s, 7) != 0,
	    .archived = db_int(s, 8) != 0,
	    .created_at = read_string(s, 11),
	    .tags = read_string(s, 12),
	    .mark = mark > 0 && mark <= MARK_FAILED ? (enum store_mark)mark : MARK_NONE,
	};
}

#define ROW_COLUMNS                                                                        \
	"t.root, t.latest, t.title, c.connection, coalesce(c.agent, c.agent_id, c.model)," \
	" c.updated_at, t.branches, t.pinned, t.archived, t.mark,"                         \
	" (SELECT p.key FROM conversation p WHERE p.key = t.preferred AND p.deleted = 0)," \
	" (SELECT created_at FROM conversation WHERE key = t.root), trim(t.tags)"

/* The page in an order, then its rows again, since a join may change that. */
#define LIST(columns, order)                                                             \
	"SELECT " ROW_COLUMNS " FROM (SELECT " columns " FROM tree t WHERE archived = 0" \
	" ORDER BY " order " LIMIT ?1 OFFSET ?2) t"                                      \
	" JOIN conversation c ON c.key = t.latest ORDER BY " order

/* By last change, the places before the page are skipped in the index alone. */
static const char *const lists[] = {
    [SORT_CHANGED] = LIST("*", "t.pinned DESC, t.active DESC, t.root DESC"),
    [SORT_CREATED] = LIST("*, (SELECT created_at FROM conversation WHERE key = t.root) AS begun",
	"t.pinned DESC, begun DESC, t.root DESC"),
    [SORT_TITLE] = LIST("*", "t.pinned DESC, t.title = '', t.title COLLATE NOCASE, t.root DESC"),
};

static bool
list_all(struct store *store, enum store_sort sort, size_t from, size_t count, store_rows *rows,
    struct error *err)
{
	struct stmt *s = db_prepare(store->db, lists[sort]);

	db_bind_int(s, 1, (int64_t)count);
	db_bind_int(s, 2, (int64_t)from);
	while (db_step(s, err))
		array_push(rows, read_row(s));
	return db_finish(s);
}

static int
compare_keys(const void *a, const void *b)
{
	int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;

	return x < y ? -1 : x > y;
}

static void
sort_unique(key_list *keys)
{
	size_t kept = 0;

	if (keys->len > 0)
		qsort(keys->items, keys->len, sizeof(keys->items[0]), compare_keys);
	for (size_t i = 0; i < keys->len; i++)
		if (kept == 0 || keys->items[kept - 1] != keys->items[i])
			keys->items[kept++] = keys->items[i];
	keys->len = kept;
}

/* Leaves in keys what is in both; both are sorted. */
static void
intersect(key_list *keys, const key_list *other)
{
	size_t kept = 0, j = 0;

	for (size_t i = 0; i < keys->len; i++) {
		while (j < other->len && other->items[j] < keys->items[i])
			j++;
		if (j < other->len && other->items[j] == keys->items[i])
			keys->items[kept++] = keys->items[i];
	}
	keys->len = kept;
}

static bool
collect(struct stmt *s, key_list *keys, struct error *err)
{
	while (db_step(s, err))
		array_push(keys, db_int(s, 0));
	return db_finish(s);
}

/* "%" and "_" stand for themselves, with "\" as the escape. */
static char *
like_escape(const char *text)
{
	struct buf out = BUF_EMPTY;

	for (; *text != '\0'; text++) {
		if (strchr("%_\\", *text) != NULL)
			buf_putc(&out, '\\');
		buf_putc(&out, *text);
	}
	return buf_take(&out);
}

/* With these letters anywhere in its title. */
static bool
find_in_titles(struct store *store, const char *word, key_list *roots, struct error *err)
{
	struct stmt *s = db_prepare(
	    store->db, "SELECT root FROM tree WHERE title LIKE '%' || ?1 || '%' ESCAPE '\\'");
	char *pattern = like_escape(word);

	db_bind_text(s, 1, pattern);
	free(pattern);
	return collect(s, roots, err);
}

/* With a tag that begins so. */
static bool
find_tagged(struct store *store, const char *tag, key_list *roots, struct error *err)
{
	struct stmt *s = db_prepare(
	    store->db, "SELECT root FROM tree WHERE tags LIKE '% ' || ?1 || '%' ESCAPE '\\'");
	char *pattern = like_escape(tag);

	db_bind_text(s, 1, pattern);
	free(pattern);
	return collect(s, roots, err);
}

static void
make_query(const char *word, struct buf *query)
{
	search_quote(word, query);
	buf_puts(query, "*");
}

/*
 * Those with a prompt in which a word begins so, and which one it is where the
 * title does not have it. What was said in the trash is found as far as a branch
 * outside it inherits it.
 */
static bool
find_in_prompts(struct store *store, const char *query, size_t word, const key_list *titles,
    key_list *roots, struct error *err)
{
	struct stmt *s = db_prepare(store->db,
	    "SELECT c.root, e.key FROM (SELECT rowid AS entry FROM prompt_fts"
	    " WHERE prompt_fts MATCH ?1 ORDER BY rowid DESC LIMIT ?2) f"
	    " CROSS JOIN entry e ON e.key = f.entry"
	    " CROSS JOIN conversation c ON c.key = e.conversation"
	    " WHERE c.deleted <> 2 OR EXISTS (SELECT 1 FROM entry x"
	    " JOIN conversation b ON b.fork = x.key"
	    " WHERE x.conversation = c.key AND x.seq >= e.seq AND b.deleted <> 2)");

	db_bind_text(s, 1, query);
	db_bind_int(s, 2, FILTER_PROMPTS);
	while (db_step(s, err)) {
		struct match match = {.root = db_int(s, 0), .word = word, .entry = db_int(s, 1)};

		array_push(roots, match.root);
		if (titles->len == 0 || bsearch(&match.root, titles->items, titles->len,
					    sizeof(titles->items[0]), compare_keys) == NULL)
			array_push(&store->matches, match);
	}
	return db_finish(s);
}

/* With a word that begins so. */
static bool
find_words(struct store *store, const char *word, size_t number, key_list *roots, struct error *err)
{
	struct buf query = BUF_EMPTY;
	key_list titles = {0};
	struct stmt *s;
	bool good;

	make_query(word, &query);
	s = db_prepare(store->db, "SELECT rowid FROM title_fts WHERE title_fts MATCH ?1");
	db_bind_text(s, 1, query.data);
	good = collect(s, roots, err);
	for (size_t i = 0; i < roots->len; i++)
		array_push(&titles, roots->items[i]);
	sort_unique(&titles);
	good = good && find_in_prompts(store, query.data, number, &titles, roots, err);
	array_done(&titles);
	buf_done(&query);
	return good;
}

/* What has this word, number so many of the filter. */
static bool
find_word(struct store *store, const char *word, size_t number, key_list *roots, struct error *err)
{
	if (strcmp(word, "is:archived") == 0)
		return collect(
		    db_prepare(store->db, "SELECT root FROM tree WHERE archived = 1"), roots, err);
	if (strcmp(word, "is:pinned") == 0)
		return collect(db_prepare(store->db,
				   "SELECT root FROM tree WHERE archived < 2 AND pinned = 1"),
		    roots, err);
	if (!find_in_titles(store, word, roots, err))
		return false;
	if (word[0] == '#' && word[1] != '\0')
		return find_tagged(store, word + 1, roots, err);
	return !search_has_token(word) || find_words(store, word, number, roots, err);
}

/* The trees that have all the words, sorted by key. */
static bool
find_trees(struct store *store, const word_list *words, key_list *found, struct error *err)
{
	bool good = true;

	for (size_t i = 0; i < words->len && good; i++) {
		key_list roots = {0};

		good = find_word(store, words->items[i].text, i, &roots, err);
		sort_unique(&roots);
		if (i == 0) {
			*found = roots;
			continue;
		}
		intersect(found, &roots);
		array_done(&roots);
	}
	return good;
}

/* A tree found, with what the list is sorted by. */
struct ranked {
	int64_t pinned, active, root;
	char *begun, *title; /* NULL where the order does not need them */
};

static int
compare_texts(const char *a, const char *b)
{
	return strcasecmp(a != NULL ? a : "", b != NULL ? b : "");
}

static int
compare_ranks(const void *a, const void *b)
{
	const struct ranked *x = a, *y = b;

	if (x->pinned != y->pinned)
		return x->pinned > y->pinned ? -1 : 1;
	if (compare_texts(y->begun, x->begun) != 0)
		return compare_texts(y->begun, x->begun);
	if ((x->title != NULL) != (y->title != NULL))
		return x->title != NULL ? -1 : 1;
	if (compare_texts(x->title, y->title) != 0)
		return compare_texts(x->title, y->title);
	if (x->active != y->active)
		return x->active > y->active ? -1 : 1;
	return x->root > y->root ? -1 : x->root < y->root;
}

static bool
sort_trees(struct store *store, enum store_sort sort, key_list *roots, struct error *err)
{
	ARRAY(struct ranked) ranked = {0};
	bool good = true;

	for (size_t i = 0; i < roots->len && good; i++) {
		struct stmt *s = db_prepare(store->db,
		    "SELECT pinned, CASE ?2 WHEN 0 THEN active ELSE 0 END, root, CASE ?2 WHEN 1 "
		    "THEN"
		    " (SELECT created_at FROM conversation WHERE key = ?1) END,"
		    " CASE ?2 WHEN 2 THEN nullif(title, '') END"
		    " FROM tree WHERE root = ?1 AND archived < 2");

		db_bind_int(s, 1, roots->items[i]);
		db_bind_int(s, 2, sort);
		if (db_step(s, err))
			array_push(
			    &ranked, ((struct ranked){db_int(s, 0), db_int(s, 1), db_int(s, 2),
					 read_string(s, 3), read_string(s, 4)}));
		good = db_finish(s);
	}
	if (ranked.len > 0)
		qsort(ranked.items, ranked.len, sizeof(ranked.items[0]), compare_ranks);
	for (size_t i = 0; i < ranked.len; i++) {
		roots->items[i] = ranked.items[i].root;
		free(ranked.items[i].begun);
		free(ranked.items[i].title);
	}
	roots->len = ranked.len;
	array_done(&ranked);
	return good;
}

/* By root; of one tree the first word, and what was said with it last. */
static int
compare_matches(const void *a, const void *b)
{
	const struct match *x = a, *y = b;

	if (x->root != y->root)
		return x->root < y->root ? -1 : 1;
	if (x->word != y->word)
		return x->word < y->word ? -1 : 1;
	return x->entry > y->entry ? -1 : x->entry < y->entry;
}

static int
compare_match_roots(const void *a, const void *b)
{
	const struct match *x = a, *y = b;

	return x->root < y->root ? -1 : x->root > y->root;
}

/* One a tree is enough. */
static void
sort_matches(struct store *store)
{
	struct match *matches = store->matches.items;
	size_t kept = 0;

	if (store->matches.len > 0)
		qsort(matches, store->matches.len, sizeof(matches[0]), compare_matches);
	for (size_t i = 0; i < store->matches.len; i++)
		if (kept == 0 || matches[kept - 1].root != matches[i].root)
			matches[kept++] = matches[i];
	store->matches.len = kept;
}

static const struct match *
find_match(const struct store *store, int64_t root)
{
	struct match wanted = {.root = root};

	return store->matches.len == 0 ? NULL
				       : bsearch(&wanted, store->matches.items, store->matches.len,
					     sizeof(wanted), compare_match_roots);
}

static bool
find_filtered(struct store *store, const char *filter, struct error *err)
{
	word_list words = {0};
	bool good;

	array_done(&store->filtered);
	search_split(filter, &words);
	array_clear(&store->matches);
	good = find_trees(store, &words, &store->filtered, err);
	search_words_done(&words);
	sort_matches(store);
	return good;
}

/*
 * Pages of one list are asked for one after the other, and the list again with
 * every change: what was found is kept for them. A look at a conversation or a
 * draft changes at most the order.
 */
static bool
filter_trees(struct store *store, const char *filter, enum store_sort sort, struct error *err)
{
	int64_t version = store_version(store), words = store_others(store) + store->words;
	bool same = store->filter != NULL && strcmp(store->filter, filter) == 0;
	bool good = true;

	if (same && store->filter_version == version && store->filter_sort == sort)
		return true;
	/* is:pinned and its like hold no words. */
	if (!same || store->filter_words != words || strstr(filter, "is:") != NULL)
		good = find_filtered(store, filter, err);
	good = good && sort_trees(store, sort, &store->filtered, err);
	if (!same || !good)
		xreplace(&store->filter, good ? filter : NULL);
	store->filter_sort = sort;
	store->filter_words = words;
	store->filter_version = version;
	return good;
}

static bool
list_filtered(struct store *store, size_t from, size_t count, store_rows *rows, struct error *err)
{
	bool good = true;

	for (size_t i = from; i < store->filtered.len && i - from < count && good; i++) {
		struct stmt *s = db_prepare(store->db,
		    "SELECT " ROW_COLUMNS
		    " FROM tree t JOIN conversation c ON c.key = t.latest WHERE t.root = ?1");

		db_bind_int(s, 1, store->filtered.items[i]);
		if (db_step(s, err)) {
			struct store_row row = read_row(s);

			row.matched = find_match(store, row.root) != NULL;
			array_push(rows, row);
		}
		good = db_finish(s);
	}
	return good;
}

static bool
is_filter(const char *filter)
{
	return filter != NULL && filter[strspn(filter, " \t\r\n")] != '\0';
}

bool
store_list(struct store *store, const char *filter, size_t from, size_t count, store_rows *rows,
    struct error *err)
{
	return store_list_sorted(store, filter, SORT_CHANGED, from, count, rows, err);
}

char *
store_match(struct store *store, int64_t root, struct error *err)
{
	const struct match *match = find_match(store, root);
	struct buf query = BUF_EMPTY;
	word_list words = {0};
	char *snippet;

	if (match == NULL || store->filter == NULL)
		return NULL;
	search_split(store->filter, &words);
	make_query(words.items[match->word].text, &query);
	snippet = search_snippet(store, query.data, match->entry, err);
	search_words_done(&words);
	buf_done(&query);
	return snippet;
}

bool
store_load_row(struct store *store, int64_t key, struct store_row *row, struct error *err)
{
	struct stmt *s = db_prepare(store->db,
	    "SELECT " ROW_COLUMNS " FROM conversation k JOIN tree t ON t.root = k.root"
	    " JOIN conversation c ON c.key = t.latest WHERE k.key = ?1 AND +k.deleted = 0");
	bool found;

	db_bind_int(s, 1, key);
	found = db_step(s, err);
	*row = found ? read_row(s) : (struct store_row){0};
	if (db_finish(s) && !found)
		error_set(err, ERR_STORE,
		    _("The conversation is not in the store any more; another instance of "
		      "causerie may have deleted it. Nothing was changed."));
	if (err->kind == ERR_NONE)
		return true;
	store_row_done(row);
	return false;
}

bool
store_find_waiting(struct store *store, int64_t but, int64_t *key, struct error *err)
{
	/* Unread ones, then those that ask something, then what failed. */
	return store_number(store,
	    "SELECT latest FROM tree INDEXED BY tree_order WHERE archived < 2"
	    " AND mark IN (1, 3, 4) AND root <> ?1"
	    " ORDER BY mark, archived, pinned DESC, active DESC LIMIT 1",
	    but, 0, key, err);
}

bool
store_list_sorted(struct store *store, const char *filter, enum store_sort sort, size_t from,
    size_t count, store_rows *rows, struct error *err)
{
	bool good;

	turns_bury(store);
	if (!db_begin_read(store->db, err))
		return false;
	if (is_filter(filter))
		good = filter_trees(store, filter, sort, err) &&
		       list_filtered(store, from, count, rows, err);
	else
		good = list_all(store, sort, from, count, rows, err);
	return store_end(store, good, err);
}

bool
store_count(struct store *store, const char *filter, size_t *count, struct error *err)
{
	int64_t trees = 0;
	bool good;

	if (!db_begin_read(store->db, err))
		return false;
	if (is_filter(filter)) {
		good = filter_trees(store, filter, store->filter_sort, err);
		trees = (int64_t)store->filtered.len;
	} else {
		good = store_number(
		    store, "SELECT count(*) FROM tree WHERE archived = ?1", 0, 0, &trees, err);
	}
	*count = (size_t)trees;
	return store_end(store, good, err);
}

/* Finding by id. */

struct candidate {
	int64_t key;
	char *id;
};

typedef ARRAY(struct candidate) candidate_list;

static bool
find_latest(struct store *store, const char *connection, int64_t *key, struct error *err)
{
	struct stmt *s = db_prepare(store->db,
	    "SELECT key FROM conversation WHERE deleted = 0 AND (?1 IS NULL OR connection = ?1)"
	    " ORDER BY active DESC LIMIT 1");

	db_bind_text(s, 1, connection);
	*key = db_step(s, err) ? db_int(s, 0) : 0;
	return db_finish(s);
}

/* The same id can be known from two connections to one server: the one used last counts. */
static bool
find_exact(
    struct store *store, const char *connection, const char *id, int64_t *key, struct error *err)
{
	/* The "+": or SQLite, to which all "=" are alike, goes through all that is not deleted. */
	struct stmt *s = db_prepare(store->db,
	    "SELECT key FROM conversation WHERE id = ?1 AND +deleted = 0"
	    " AND (?2 IS NULL OR connection = ?2) ORDER BY +active DESC LIMIT 1");

	db_bind_text(s, 1, id);
	db_bind_text(s, 2, connection);
	*key = db_step(s, err) ? db_int(s, 0) : 0;
	return db_finish(s);
}

/* The first text that does not begin so; there is no byte 0xff in UTF-8. */
static char *
end_of(const char *prefix)
{
	return xasprintf("%s\xff", prefix);
}

static bool
find_prefix(struct store *store, const char *connection, const char *prefix,
    candidate_list *candidates, struct error *err)
{
	/* OR of two ranges: each has its index. One more than we name, to see that there are. */
	struct stmt *s = db_prepare(store->db,
	    "SELECT key, id FROM conversation WHERE ((id >= ?1 AND id < ?2) OR"
	    " (tail >= ?1 AND tail < ?2)) AND +deleted = 0 AND (?3 IS NULL OR connection = ?3) "
	    "LIMIT ?4");
	char *end = end_of(prefix);

	db_bind_text(s, 1, prefix);
	db_bind_text(s, 2, end);
	db_bind_text(s, 3, connection);
	db_bind_int(s, 4, CANDIDATES + 1);
	free(end);
	while (db_step(s, err))
		array_push(candidates, ((struct candidate){db_int(s, 0), read_string(s, 1)}));
	return db_finish(s);
}

static bool
refuse_ambiguous(const char *ref, const candidate_list *candidates, struct error *err)
{
	struct buf names = BUF_EMPTY;

	for (size_t i = 0; i < candidates->len && i < CANDIDATES; i++)
		buf_printf(&names, "%s%s", i > 0 ? ", " : "", candidates->items[i].id);
	if (candidates->len > CANDIDATES)
		buf_puts(&names, ", …");
	error_set(err, ERR_USAGE,
	    _("More than one conversation begins with \"%s\" (%s). Give more of its id."), ref,
	    names.data);
	buf_done(&names);
	return false;
}

bool
store_find(
    struct store *store, const char *connection, const char *ref, int64_t *key, struct error *err)
{
	candidate_list candidates = {0};
	bool good;

	*key = 0;
	if (ref[0] == '\0')
		return true;
	if (strcmp(ref, "@") == 0)
		return find_latest(store, connection, key, err);
	if (!find_exact(store, connection, ref, key, err))
		return false;
	if (*key != 0)
		return true;
	good = find_prefix(store, connection, ref, &candidates, err);
	if (good && candidates.len > 1)
		good = refuse_ambiguous(ref, &candidates, err);
	if (good && candidates.len == 1)
		*key = candidates.items[0].key;
	for (size_t i = 0; i < candidates.len; i++)
		free(candidates.items[i].id);
	array_done(&candidates);
	return good;
}

/* Prompts. */

void
string_list_done(string_list *list)
{
	for (size_t i = 0; i < list->len; i++)
		free(list->items[i]);
	array_done(list);
}

static bool
is_in(const string_list *list, const char *text)
{
	for (size_t i = 0; i < list->len; i++)
		if (strcmp(list->items[i], text) == 0)
			return true;
	return false;
}

bool
store_prompts(struct store *store, size_t count, string_list *list, struct error *err)
{
	struct stmt *s = db_prepare(store->db,
	    "SELECT (SELECT group_concat(text, '') FROM (SELECT text FROM part"
	    " WHERE entry = e.key AND type = 'text' ORDER BY index_, key))"
	    " FROM (SELECT key FROM entry WHERE type = 'message.input' AND assistant = 0"
	    " AND conversation NOT IN (SELECT conversation FROM trash) ORDER BY key DESC LIMIT ?1) "
	    "e");

	db_bind_int(s, 1, (int64_t)count * PROMPT_REPEATS);
	while (list->len < count && db_step(s, err)) {
		const char *text = db_text(s, 0);

		if (text != NULL && text[0] != '\0' && !is_in(list, text))
			array_push(list, xstrdup(text));
	}
	return db_finish(s);
}
