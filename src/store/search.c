/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include "store/search.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/error.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/utf8.h"
#include "store/db.h"
#include "store/store-private.h"

/* More words than this are not a question. */
#define MAX_WORDS 64

/* How many of the newest entries that match are weighed against each other. */
#define CANDIDATES 20000

/* How many of the newest are looked at when there are filters only. */
#define FILTERED 200000

/* Words of a snippet. */
#define SNIPPET_WORDS "24"

/* Bytes before a match, and behind one that is not of words. */
#define SNIPPET_BYTES 90

/* And of a snippet altogether, but for the dots at its ends. */
#define SNIPPET_MAX 400

/* Words. */

static void
push_word(word_list *words, const char *text, size_t len, bool quoted, bool not )
{
	if (len > 0 && words->len < MAX_WORDS)
		array_push(words, ((struct word){xstrndup(text, len), quoted, not }));
}

void
search_split(const char *p, word_list *words)
{
	while (*p != '\0') {
		bool not ;
		size_t len;

		p += strspn(p, " \t\r\n\f\v");
		not = p[0] == '-' && p[1] != '\0' && strchr(" \t\r\n\f\v", p[1]) == NULL;
		p += not ;
		if (*p != '"') {
			len = strcspn(p, " \t\r\n\f\v\"");
			/* agent:"two words" */
			if (len > 0 && p[len] == '"' && p[len - 1] == ':')
				len += 1 + strcspn(p + len + 1, "\"");
			push_word(words, p, len, false, not );
			p += len + (p[len] == '"' && memchr(p, '"', len) != NULL);
			continue;
		}
		len = strcspn(++p, "\"");
		push_word(words, p, len, p[len] == '"', not );
		p += len + (p[len] == '"');
	}
}

void
search_words_done(word_list *words)
{
	for (size_t i = 0; i < words->len; i++)
		free(words->items[i].text);
	array_done(words);
}

bool
search_has_token(const char *word)
{
	for (; *word != '\0'; word++)
		if (isalnum((unsigned char)*word) || (unsigned char)*word >= 0x80)
			return true;
	return false;
}

void
search_quote(const char *word, struct buf *out)
{
	buf_putc(out, '"');
	for (; *word != '\0'; word++) {
		if (*word == '"')
			buf_putc(out, '"');
		buf_putc(out, *word);
	}
	buf_putc(out, '"');
}

/* As a start, one letter is that of a good part of all words: seconds in a large store. */
static bool
is_letter(const char *word)
{
	return strlen(word) < 2 || (strlen(word) == 2 && (word[0] & 0x80) != 0);
}

/* Queries. */

/*
 * ("one" "two" "thr"*) NOT ("four" OR "five"). Words next to one another must
 * all occur, and those that hold no token are passed over, which they are not
 * with AND between them. False if there is nothing to look for.
 */
static bool
make_query(const word_list *words, struct buf *out)
{
	const struct word *last = NULL;
	size_t with = 0, without = 0;

	for (size_t i = 0; i < words->len; i++) {
		const struct word *word = &words->items[i];

		if (word->not || !search_has_token(word->text))
			continue;
		buf_puts(out, with++ == 0 ? "(" : " ");
		search_quote(word->text, out);
		last = word;
	}
	if (last != NULL && !last->quoted && !is_letter(last->text))
		buf_putc(out, '*');
	if (with == 0)
		return false;
	buf_putc(out, ')');
	for (size_t i = 0; i < words->len; i++) {
		const struct word *word = &words->items[i];

		if (!word->not || !search_has_token(word->text))
			continue;
		buf_puts(out, without++ == 0 ? " NOT (" : " OR ");
		search_quote(word->text, out);
	}
	if (without > 0)
		buf_putc(out, ')');
	return true;
}

/* Hits. */

static void
hit_done(struct hit *hit)
{
	free(hit->conversation_id);
	free(hit->entry_id);
	free(hit->title);
	free(hit->created_at);
	free(hit->snippet);
}

void
hit_list_done(hit_list *hits)
{
	for (size_t i = 0; i < hits->len; i++)
		hit_done(&hits->items[i]);
	array_done(hits);
}

/* What was said nowhere but in the trash is not found. */
static void
push_hit(hit_list *hits, struct hit *hit)
{
	if (hit->conversation != 0)
		array_push(hits, *hit);
	else
		hit_done(hit);
}

/*
 * The marks that SQLite puts around matches: since the text can hold any
 * character, something that it does not hold by chance or on purpose.
 */
struct marks {
	char open[40], close[40];
};

static void
make_marks(struct marks *marks)
{
	uint64_t r[2];

	if (getentropy(r, sizeof(r)) != 0)
		fatal("no random numbers");
	snprintf(marks->open, sizeof(marks->open), "<%016llx%016llx>", (unsigned long long)r[0],
	    (unsigned long long)r[1]);
	snprintf(marks->close, sizeof(marks->close), ">%016llx%016llx<", (unsigned long long)r[0],
	    (unsigned long long)r[1]);
}

/* The start of a character at or before a place. */
static size_t
step_back(const char *text, size_t at, size_t bytes)
{
	at = at > bytes ? at - bytes : 0;
	while (at > 0 && ((unsigned char)text[at] & 0xc0) == 0x80)
		at--;
	return at;
}

/* Words can be as long as they like, a snippet not: what is near its first match. */
static void
shorten(struct buf *snippet)
{
	const char *match = strchr(snippet->data, '\001');
	size_t from = match != NULL ? (size_t)(match - snippet->data) : 0, until;
	bool open = false;

	if (snippet->len <= SNIPPET_MAX)
		return;
	from = step_back(snippet->data, from, SNIPPET_BYTES);
	until = from + SNIPPET_MAX;
	if (until < snippet->len) {
		buf_truncate(snippet, step_back(snippet->data, until, 0));
		for (size_t i = from; i < snippet->len; i++)
			open = snippet->data[i] == '\001' || (open && snippet->data[i] != '\002');
		buf_puts(snippet, open ? "\002…" : "…");
	}
	if (from > 0) {
		buf_drop(snippet, from);
		buf_insert(snippet, 0, "…", strlen("…"));
	}
}

/* One line, with \001 and \002 for the marks and for nothing else. */
static char *
finish_snippet(const struct marks *marks, const char *text, size_t len)
{
	struct buf out = BUF_EMPTY;
	size_t mark = strlen(marks->open);

	for (size_t i = 0; i < len; i++) {
		unsigned char c = (unsigned char)text[i];
		bool blank = c <= ' ';

		if (len - i >= mark && memcmp(text + i, marks->open, mark) == 0) {
			buf_putc(&out, '\001');
			i += mark - 1;
		} else if (len - i >= mark && memcmp(text + i, marks->close, mark) == 0) {
			buf_putc(&out, '\002');
			i += mark - 1;
		} else if (!blank || (out.len > 0 && out.data[out.len - 1] != ' ')) {
			buf_putc(&out, blank ? ' ' : (char)c);
		}
	}
	shorten(&out);
	return buf_take(&out);
}

/* Text in which \001 and \002 are no marks. */
static void
add_plain(struct buf *out, const char *text, size_t len)
{
	for (size_t i = 0; i < len; i++)
		buf_putc(out, text[i] == '\001' || text[i] == '\002' ? ' ' : text[i]);
}

/* From an index: entry_fts, or prompt_fts for prompts alone. */
static char *
load_snippet(struct store *store, bool prompt, const char *query, int64_t entry,
    const struct marks *marks, struct error *err)
{
	struct stmt *s = db_prepare(store->db,
	    prompt ? "SELECT snippet(prompt_fts, -1, ?3, ?4, '…', " SNIPPET_WORDS
		     ") FROM prompt_fts"
		     " WHERE prompt_fts MATCH ?1 AND rowid = ?2"
		   : "SELECT snippet(entry_fts, -1, ?3, ?4, '…', " SNIPPET_WORDS ") FROM entry_fts"
		     " WHERE entry_fts MATCH ?1 AND rowid = ?2");
	char *snippet = NULL;

	db_bind_text(s, 1, query);
	db_bind_int(s, 2, entry);
	db_bind_text(s, 3, marks->open);
	db_bind_text(s, 4, marks->close);
	if (db_step(s, err) && db_text(s, 0) != NULL)
		snippet = finish_snippet(marks, db_text(s, 0), db_len(s, 0));
	db_finish(s);
	return snippet != NULL ? snippet : xstrdup("");
}

char *
search_snippet(struct store *store, const char *query, int64_t entry, struct error *err)
{
	struct marks marks;

	make_marks(&marks);
	return load_snippet(store, true, query, entry, &marks, err);
}

/*
 * Words said in a conversation that is deleted are still said in the branches
 * that go on from there: the one changed last of those.
 */
static bool
find_living(struct store *store, int64_t entry, int64_t *conversation, struct error *err)
{
	struct stmt *s = db_prepare(store->db,
	    "WITH RECURSIVE through (key, deleted, active) AS ("
	    " SELECT c.key, c.deleted, c.active FROM entry e"
	    "  JOIN conversation c ON c.key = e.conversation WHERE e.key = ?1"
	    " UNION SELECT b.key, b.deleted, b.active FROM through t"
	    "  JOIN entry f ON f.conversation = t.key"
	    "   AND f.seq >= CASE WHEN t.key = (SELECT conversation FROM entry WHERE key = ?1)"
	    "    THEN (SELECT seq FROM entry WHERE key = ?1) ELSE 0 END"
	    "  JOIN conversation b ON b.fork = f.key"
	    ") SELECT key FROM through WHERE deleted = 0 ORDER BY active DESC LIMIT 1");

	db_bind_int(s, 1, entry);
	*conversation = db_step(s, err) ? db_int(s, 0) : 0;
	return db_finish(s);
}

static bool
load_hit(struct store *store, int64_t entry, struct hit *hit, struct error *err)
{
	struct stmt *s = db_prepare(store->db,
	    "SELECT e.id, e.type, e.assistant, e.created_at, c.key, c.deleted, c.id,"
	    " coalesce(CASE c.deleted WHEN 0 THEN coalesce(nullif(c.title, ''), nullif(c.name, ''))"
	    " END, t.title)"
	    " FROM entry e JOIN conversation c ON c.key = e.conversation"
	    " JOIN tree t ON t.root = c.root WHERE e.key = ?1");
	bool deleted = false;

	*hit = (struct hit){.entry = entry};
	db_bind_int(s, 1, entry);
	if (db_step(s, err)) {
		hit->entry_id = read_string(s, 0);
		hit->type = entry_type_of(db_text(s, 1));
		hit->assistant = db_int(s, 2) != 0;
		hit->created_at = read_string(s, 3);
		hit->conversation = db_int(s, 4);
		deleted = db_int(s, 5) != 0;
		hit->conversation_id = read_string(s, 6);
		hit->title = read_string(s, 7);
	}
	if (!db_finish(s))
		return false;
	if (!deleted)
		return true;
	if (!find_living(store, entry, &hit->conversation, err))
		return false;
	s = db_prepare(store->db, "SELECT id FROM conversation WHERE key = ?1");
	db_bind_int(s, 1, hit->conversation);
	free(hit->conversation_id);
	hit->conversation_id = db_step(s, err) ? read_string(s, 0) : NULL;
	return db_finish(s);
}

/* What the newest entries weigh more than the oldest ones. */
#define RECENCY "0.25"

/* Without words (an empty query) the newest that pass the filters. */
static bool
find_entries(struct store *store, const char *query, const filter_list *list, size_t limit,
    key_list *entries, struct error *err)
{
	struct buf sql = BUF_EMPTY;
	struct stmt *s;

	/* To weigh everything that holds a frequent word would take seconds in a large store. */
	if (query[0] != '\0') {
		buf_puts(&sql,
		    "SELECT entry FROM (SELECT rowid AS entry, bm25(entry_fts, 4.0, 1.0, 0.5)"
		    " * (1 + " RECENCY " * rowid / (SELECT max(key) FROM entry)) AS rank"
		    " FROM entry_fts WHERE entry_fts MATCH ?1");
		search_put_filters(&sql, list, "entry_fts.rowid");
		buf_puts(&sql, " ORDER BY rowid DESC LIMIT ?2) ORDER BY rank, entry DESC LIMIT ?3");
	} else {
		buf_puts(&sql, "SELECT key FROM (SELECT key FROM entry WHERE state <> 2 AND ?1 = ''"
			       " ORDER BY key DESC LIMIT ?2) AS newest WHERE 1");
		search_put_filters(&sql, list, "newest.key");
		buf_puts(&sql, " LIMIT ?3");
	}
	s = db_prepare(store->db, sql.data);
	buf_done(&sql);
	db_bind_text(s, 1, query);
	db_bind_int(s, 2, query[0] != '\0' ? CANDIDATES : FILTERED);
	db_bind_int(s, 3, (int64_t)limit);
	search_bind_filters(s, list);
	while (db_step(s, err))
		array_push(entries, db_int(s, 0));
	return db_finish(s);
}

static bool
passes(struct store *store, int64_t entry, const filter_list *list, bool *pass, struct error *err)
{
	struct buf sql = BUF_EMPTY;
	struct stmt *s;

	*pass = true;
	if (list->len == 0)
		return true;
	buf_puts(&sql, "SELECT 1 WHERE 1");
	search_put_filters(&sql, list, "?1");
	s = db_prepare(store->db, sql.data);
	buf_done(&sql);
	db_bind_int(s, 1, entry);
	search_bind_filters(s, list);
	*pass = db_step(s, err);
	return db_finish(s);
}

/* The first words, where nothing was searched for. */
static char *
load_preview(struct store *store, int64_t entry, struct error *err)
{
	struct stmt *s = db_prepare(store->db, "SELECT preview FROM entry WHERE key = ?1");
	char *preview = NULL;

	db_bind_int(s, 1, entry);
	if (db_step(s, err))
		preview = read_string(s, 0);
	db_finish(s);
	return preview != NULL ? preview : xstrdup("");
}

static bool
search_index(struct store *store, const char *query, const filter_list *list, size_t limit,
    hit_list *hits, struct error *err)
{
	key_list entries = {0};
	struct marks marks;
	bool good = find_entries(store, query, list, limit, &entries, err);

	make_marks(&marks);
	for (size_t i = 0; i < entries.len && good; i++) {
		struct hit hit;

		good = load_hit(store, entries.items[i], &hit, err);
		if (good)
			hit.snippet = query[0] != '\0' ? load_snippet(store, false, query,
							     entries.items[i], &marks, err)
						       : load_preview(store, entries.items[i], err);
		push_hit(hits, &hit);
		good = good && err->kind == ERR_NONE;
	}
	array_done(&entries);
	return good;
}

/* Scripts without spaces. */

/* To the index, what is written without spaces is one long word. */
static const struct range {
	uint32_t first, last;
} spaceless[] = {
    {0x0e00, 0x0eff},	/* Thai, Lao */
    {0x1000, 0x109f},	/* Myanmar */
    {0x1780, 0x17ff},	/* Khmer */
    {0x2e80, 0xd7ff},	/* Chinese, Japanese, Korean */
    {0xf900, 0xfaff},	/* more of them */
    {0xff66, 0xff9f},	/* narrow Katakana */
    {0x20000, 0x3ffff}, /* rare ideographs */
};

static bool
is_spaceless(const char *word)
{
	size_t len = strlen(word), used;

	for (size_t i = 0; i < len; i += used) {
		uint32_t code = utf8_decode(word + i, len - i, &used);

		for (size_t j = 0; j < sizeof(spaceless) / sizeof(spaceless[0]); j++)
			if (code >= spaceless[j].first && code <= spaceless[j].last)
				return true;
	}
	return false;
}

/* The word that a text is searched for letter by letter, or NULL. */
static const char *
find_spaceless(const word_list *words)
{
	for (size_t i = 0; i < words->len; i++)
		if (!words->items[i].not &&is_spaceless(words->items[i].text))
			return words->items[i].text;
	return NULL;
}

static bool
has_words(const char *text, const word_list *words)
{
	for (size_t i = 0; i < words->len; i++)
		if ((strcasestr(text, words->items[i].text) != NULL) == words->items[i].not )
			return false;
	return true;
}

/* A match with some of what is around it, as load_snippet() makes them. */
static char *
cut_snippet(const char *text, const char *word)
{
	const struct marks marks = {"\001", "\002"};
	const char *match = strcasestr(text, word);
	size_t at = (size_t)(match - text), len = strlen(word), end = strlen(text);
	size_t from = step_back(text, at, SNIPPET_BYTES);
	size_t until = at + len + SNIPPET_BYTES;
	struct buf out = BUF_EMPTY;
	char *snippet;

	until = until < end ? step_back(text, until, 0) : end;
	buf_puts(&out, from > 0 ? "…" : "");
	add_plain(&out, text + from, at - from);
	buf_puts(&out, marks.open);
	add_plain(&out, match, len);
	buf_puts(&out, marks.close);
	add_plain(&out, match + len, until - at - len);
	buf_puts(&out, until < end ? "…" : "");
	snippet = finish_snippet(&marks, out.data, out.len);
	buf_done(&out);
	return snippet;
}

static bool
is_hit(const hit_list *hits, int64_t entry)
{
	for (size_t i = 0; i < hits->len; i++)
		if (hits->items[i].entry == entry)
			return true;
	return false;
}

/* The newest texts one after the other, for what the index did not find. */
static bool
search_texts(struct store *store, const word_list *words, const char *word, const filter_list *list,
    size_t limit, hit_list *hits, struct error *err)
{
	struct stmt *s =
	    db_prepare(store->db, "SELECT entry, type, text FROM part ORDER BY key DESC LIMIT ?1");
	bool good = true;

	db_bind_int(s, 1, CANDIDATES);
	while (good && hits->len < limit && db_step(s, err)) {
		const char *text = db_text(s, 2);
		struct hit hit;
		bool pass;

		if (strcmp(db_text(s, 1), "text") != 0 || !has_words(text, words) ||
		    is_hit(hits, db_int(s, 0)))
			continue;
		good = passes(store, db_int(s, 0), list, &pass, err);
		if (!good || !pass)
			continue;
		good = load_hit(store, db_int(s, 0), &hit, err);
		hit.snippet = cut_snippet(text, word);
		push_hit(hits, &hit);
	}
	return db_finish(s) && good;
}

static bool
search_all(struct store *store, const char *query, const word_list *words, const filter_list *list,
    size_t limit, hit_list *hits, struct error *err)
{
	const char *word = find_spaceless(words);

	return search_index(store, query, list, limit, hits, err) &&
	       (word == NULL || search_texts(store, words, word, list, limit, hits, err));
}

/* Words that leave nothing to look for find nothing, whatever the filters are. */
static bool
search_split_words(struct store *store, const word_list *words, const filter_list *list,
    size_t limit, hit_list *hits, struct error *err)
{
	struct buf query = BUF_EMPTY;
	bool good = true;

	if (make_query(words, &query) || (words->len == 0 && list->len > 0))
		good = db_begin_read(store->db, err) &&
		       db_end(store->db,
			   search_all(store, query.len > 0 ? query.data : "", words, list, limit,
			       hits, err),
			   err);
	buf_done(&query);
	return good;
}

bool
search_entries(
    struct store *store, const char *words, size_t limit, hit_list *hits, struct error *err)
{
	filter_list list = {0};
	word_list split = {0};
	bool good;

	search_split(words, &split);
	good = search_take_filters(&split, &list, err) &&
	       search_split_words(store, &split, &list, limit, hits, err);
	search_words_done(&split);
	search_filters_done(&list);
	return good;
}
