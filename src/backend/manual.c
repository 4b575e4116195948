/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include "backend/manual.h"

#include <stdlib.h>
#include <string.h>

#include "backend/manual-parts.h"
#include "base/buf.h"
#include "base/error.h"
#include "base/mem.h"
#include "base/resource.h"
#include "store/db.h"

#define FOLDER "guide/"

/* A file of pages, line by line. */
struct page_reader {
	struct manual *manual;
	struct buf body;
	struct buf *keywords; /* one for each section of the manual so far */
	size_t keywords_cap;
	bool fenced; /* between ``` and ```: a # begins no heading */
	bool open;   /* the last line of the body can go on */
	bool words;  /* in the comment of words.md */
	bool comment;
};

static const char schema[] =
    "CREATE VIRTUAL TABLE section USING fts5(title, keywords, chapter, body,"
    " tokenize = 'porter unicode61 remove_diacritics 2')";

static bool
starts(const char *line, size_t len, const char *with)
{
	return len >= strlen(with) && memcmp(line, with, strlen(with)) == 0;
}

static bool
is_blank(char c)
{
	return c == '\n' || c == ' ';
}

/* The body so far goes to the section or, before the first one, to the chapter, in one line. */
static void
end_body(struct page_reader *r)
{
	struct manual *m = r->manual;
	struct manual_chapter *chapter = NULL;
	size_t start = 0;

	while (r->body.len > 0 && is_blank(r->body.data[r->body.len - 1]))
		buf_truncate(&r->body, r->body.len - 1);
	while (start < r->body.len && r->body.data[start] == '\n')
		start++;
	if (r->body.len > 0 && m->chapters.len > 0)
		chapter = &m->chapters.items[m->chapters.len - 1];
	if (chapter != NULL && chapter->count > 0) {
		xreplace(&m->sections.items[m->sections.len - 1].body, r->body.data + start);
	} else if (chapter != NULL) {
		xreplace(&chapter->about, r->body.data + start);
		for (char *p = chapter->about; (p = strchr(p, '\n')) != NULL;)
			*p = ' ';
	}
	buf_clear(&r->body);
	r->open = false;
}

static void
begin_chapter(struct page_reader *r, const char *title, size_t len)
{
	struct manual_chapter chapter = {
	    .title = xstrndup(title, len),
	    .about = xstrdup(""),
	    .first = r->manual->sections.len,
	};

	end_body(r);
	array_push(&r->manual->chapters, chapter);
}

static void
begin_section(struct page_reader *r, const char *title, size_t len)
{
	struct manual *m = r->manual;
	struct manual_section section = {
	    .chapter = m->chapters.len - 1,
	    .title = xstrndup(title, len),
	    .body = xstrdup(""),
	};

	end_body(r);
	array_push(&m->sections, section);
	m->chapters.items[section.chapter].count++;
	r->keywords =
	    array_grow(r->keywords, &r->keywords_cap, m->sections.len, sizeof(*r->keywords));
	buf_init(&r->keywords[m->sections.len - 1], 0);
}

/* "newline, several lines": each phrase is kept whole, and apart in the index. */
static void
add_phrase(struct page_reader *r, const char *text, size_t len)
{
	struct manual *m = r->manual;
	word_list words = {0};
	struct phrase phrase = {.section = m->sections.len - 1};

	words_split(text, len, &words);
	phrase.words = words_join(m, &words, 0, words.len, false);
	buf_printf(&r->keywords[phrase.section], "%s zsep0 ", phrase.words);
	array_push(&m->phrases, phrase);
	words_done(&words);
}

static void
add_keywords(struct page_reader *r, const char *text, size_t len)
{
	const char *end = text + len, *comma;

	if (r->manual->sections.len == 0)
		return;
	for (; text < end; text = comma + 1) {
		comma = memchr(text, ',', (size_t)(end - text));
		if (comma == NULL)
			comma = end;
		add_phrase(r, text, (size_t)(comma - text));
	}
}

/* Whether a line, behind its indent, begins something of its own: an item, a table, a fence. */
static bool
begins_block(const char *line, size_t len)
{
	size_t digits = strspn(line, "0123456789");

	if (len > 1 && strchr("-*+#", line[0]) != NULL)
		return line[1] == ' ' || line[1] == '#';
	if (len == 0 || line[0] == '|' || line[0] == '>')
		return true;
	return starts(line, len, "```") || (digits > 0 && digits < len && line[digits] == '.');
}

/*
 * Adds a line to the body. The pages are written in short lines; in an answer a
 * paragraph is one, because there a line break is shown as one.
 */
static void
add_line(struct page_reader *r, const char *line, size_t len)
{
	size_t indent = strspn(line, " ");
	bool begins = indent >= len || begins_block(line + indent, len - indent);
	bool text = !r->fenced && indent < len && strchr("#|>", line[indent]) == NULL &&
		    !starts(line + indent, len - indent, "```");

	if (r->open && text && !begins && r->body.len > 0) {
		r->body.data[r->body.len - 1] = ' ';
		line += indent;
		len -= indent;
	}
	buf_add(&r->body, line, len);
	buf_putc(&r->body, '\n');
	r->open = text;
}

static void
read_line(struct page_reader *r, const char *line, size_t len)
{
	static const char keywords[] = "<!-- keywords:", end[] = "-->";
	size_t indent = strspn(line, " ");

	if (r->comment) {
		if (starts(line, len, end))
			r->comment = r->words = false;
		else if (r->words)
			meanings_add(r->manual, line, len);
	} else if (!r->fenced && starts(line, len, keywords)) {
		add_keywords(r, line + strlen(keywords), len - strlen(keywords) - strlen(end));
	} else if (!r->fenced && starts(line, len, "<!--")) {
		r->comment = true;
		r->words = starts(line, len, "<!-- words:");
	} else if (!r->fenced && starts(line, len, "# ")) {
		begin_chapter(r, line + 2, len - 2);
	} else if (!r->fenced && starts(line, len, "## ") && r->manual->chapters.len > 0) {
		begin_section(r, line + 3, len - 3);
	} else {
		add_line(r, line, len);
		if (indent < len && starts(line + indent, len - indent, "```"))
			r->fenced = !r->fenced;
	}
}

static void
read_pages(struct page_reader *r, const struct resource *file)
{
	const char *line = file->data, *end = file->data + file->size, *newline;

	for (; line < end; line = newline + 1) {
		newline = memchr(line, '\n', (size_t)(end - line));
		if (newline == NULL)
			newline = end;
		read_line(r, line, (size_t)(newline - line));
	}
	end_body(r);
}

static int
compare_words(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

/* Of all words of the pages each once. */
static void
sort_vocabulary(word_list *words)
{
	size_t kept = 0;

	qsort(words->items, words->len, sizeof(*words->items), compare_words);
	for (size_t i = 0; i < words->len; i++) {
		if (kept > 0 && strcmp(words->items[kept - 1], words->items[i]) == 0)
			free(words->items[i]);
		else
			words->items[kept++] = words->items[i];
	}
	words->len = kept;
}

/* The text as the index takes it; its words join the vocabulary. */
static void
bind_words(struct manual *m, struct stmt *s, int place, const char *text)
{
	word_list words = {0};
	char *joined;

	words_split(text, strlen(text), &words);
	joined = words_join(m, &words, 0, words.len, false);
	db_bind_text(s, place, joined);
	free(joined);
	for (size_t i = 0; i < words.len; i++)
		array_push(&m->vocabulary, words.items[i]);
	array_done(&words);
}

static bool
index_section(struct manual *m, size_t number, const struct buf *keywords, struct error *err)
{
	const struct manual_section *section = &m->sections.items[number];
	struct stmt *s = db_prepare(m->db, "INSERT INTO section (rowid, title, keywords, chapter, "
					   "body) VALUES (?1, ?2, ?3, ?4, ?5)");

	db_bind_int(s, 1, (int64_t)number);
	bind_words(m, s, 2, section->title);
	bind_words(m, s, 3, keywords->data);
	bind_words(m, s, 4, m->chapters.items[section->chapter].title);
	bind_words(m, s, 5, section->body);
	return db_run(s, err);
}

/* Known only when all files are read: which words of a keyword say something. */
static void
find_cores(struct manual *m)
{
	for (size_t i = 0; i < m->phrases.len; i++) {
		struct phrase *phrase = &m->phrases.items[i];
		word_list words = {0};

		words_split(phrase->words, strlen(phrase->words), &words);
		phrase->core = words_join(m, &words, 0, words.len, true);
		words_done(&words);
	}
}

static bool
build_index(struct manual *m, const struct buf *keywords, struct error *err)
{
	bool read_only, good;

	m->db = db_open(":memory:", 0, &read_only, err);
	if (m->db == NULL || !db_exec(m->db, schema, err) || !db_begin(m->db, err))
		return false;
	good = true;
	for (size_t i = 0; good && i < m->sections.len; i++)
		good = index_section(m, i, &keywords[i], err);
	return db_end(m->db, good, err);
}

struct manual *
manual_new(struct error *err)
{
	struct manual *m = xcalloc(1, sizeof(*m));
	struct page_reader r = {.manual = m, .body = BUF_EMPTY};
	bool good;

	for (size_t i = 0; i < resource_count; i++)
		if (starts(resources[i].name, strlen(resources[i].name), FOLDER))
			read_pages(&r, &resources[i]);
	meanings_sort(m);
	find_cores(m);
	good = build_index(m, r.keywords, err);
	sort_vocabulary(&m->vocabulary);
	for (size_t i = 0; i < m->sections.len; i++)
		buf_done(&r.keywords[i]);
	free(r.keywords);
	buf_done(&r.body);
	if (good)
		return m;
	manual_free(m);
	return NULL;
}

void
manual_free(struct manual *m)
{
	if (m == NULL)
		return;
	db_close(m->db);
	for (size_t i = 0; i < m->sections.len; i++) {
		free(m->sections.items[i].title);
		free(m->sections.items[i].body);
	}
	array_done(&m->sections);
	for (size_t i = 0; i < m->chapters.len; i++) {
		free(m->chapters.items[i].title);
		free(m->chapters.items[i].about);
	}
	array_done(&m->chapters);
	for (size_t i = 0; i < m->phrases.len; i++) {
		free(m->phrases.items[i].words);
		free(m->phrases.items[i].core);
	}
	array_done(&m->phrases);
	for (size_t i = 0; i < m->meanings.len; i++) {
		free(m->meanings.items[i].word);
		free(m->meanings.items[i].target);
	}
	array_done(&m->meanings);
	words_done(&m->vocabulary);
	free(m);
}

size_t
manual_sections(const struct manual *m)
{
	return m->sections.len;
}

const struct manual_section *
manual_section(const struct manual *m, size_t number)
{
	return &m->sections.items[number];
}

size_t
manual_chapters(const struct manual *m)
{
	return m->chapters.len;
}

const struct manual_chapter *
manual_chapter(const struct manual *m, size_t number)
{
	return &m->chapters.items[number];
}

size_t
manual_find(const struct manual *m, const char *title, size_t len)
{
	size_t i;

	for (i = 0; i < m->sections.len; i++)
		if (strlen(m->sections.items[i].title) == len &&
		    memcmp(m->sections.items[i].title, title, len) == 0)
			break;
	return i;
}
