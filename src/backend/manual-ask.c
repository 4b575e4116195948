/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include "backend/manual.h"

#include <stdlib.h>
#include <string.h>

#include "backend/manual-parts.h"
#include "base/buf.h"
#include "base/error.h"
#include "base/mem.h"
#include "store/db.h"

/* Of a question that is a pasted book, the beginning must do. */
#define MAX_QUESTION 1000
#define MAX_WORDS 40

/*
 * The scores are sums of bm25 ranks: a rare word in a title is worth about ten,
 * a frequent one in the text less than one. The limits were found by asking.
 */
#define ENOUGH 2.6
#define SURE 3.5
#define SAME_TITLE 60.0
#define SAME_PHRASE 30.0
#define SAME_CORE 9.0
#define PAIR 2.5
#define TRIPLE 3.0
#define RELATED_SHARE 0.3

/* What the words of the question before count for in one that points back. */
#define BEFORE 0.35

struct score {
	double points;
	double best;	/* of the word being looked for */
	size_t matched; /* words of the question found there */
	bool named;	/* one of them in its title or keywords */
};

struct inquiry {
	struct manual *manual;
	word_list words; /* as asked, spelling corrected */
	size_t telling;	 /* how many say something */
	struct score *scores;
	struct error *err;
};

static bool
is_number(const char *word)
{
	return strspn(word, "0123456789") == strlen(word);
}

/* Whether a word says something in a search. */
static bool
is_telling(const struct manual *m, const char *word)
{
	if (is_number(word))
		return strlen(word) > 2;
	return (meanings_kind(m, word) & (WORD_IGNORE | WORD_HELLO | WORD_THANKS | WORD_BYE)) == 0;
}

/* Notes for each section what a word gives it, if that is more than another way gave. */
static bool
look(struct inquiry *q, const char *word, bool start, double weight, bool counts)
{
	static const struct {
		const char *column;
		double weight;
		bool names;
	} places[] = {{"title", 1.6, true}, {"keywords", 1.3, true}, {"chapter", 0.3, false},
	    {"body", 0.5, false}};
	struct score *scores = q->scores;
	size_t count = q->manual->sections.len;
	double *sums = xcalloc(count, sizeof(*sums));
	bool found = false;

	for (size_t i = 0; i < sizeof(places) / sizeof(places[0]); i++) {
		struct stmt *s = db_prepare(q->manual->db,
		    "SELECT rowid, CAST(-1000000 * bm25(section) AS INTEGER) FROM section"
		    " WHERE section MATCH ?1");
		char *match = xasprintf("%s : \"%s\"%s", places[i].column, word, start ? "*" : "");

		db_bind_text(s, 1, match);
		while (db_step(s, q->err)) {
			sums[db_int(s, 0)] += places[i].weight * (double)db_int(s, 1) / 1e6;
			scores[db_int(s, 0)].named |=
			    counts && (places[i].names || word_is_sign(word));
			found = true;
		}
		db_finish(s);
		free(match);
	}
	for (size_t i = 0; i < count; i++)
		if (sums[i] * weight > scores[i].best)
			scores[i].best = sums[i] * weight;
	free(sums);
	return found;
}

/* Ends the search for one word of the question. */
static void
settle(struct inquiry *q, double weight, bool counts)
{
	for (size_t i = 0; i < q->manual->sections.len; i++) {
		struct score *score = &q->scores[i];

		score->points += score->best * weight;
		if (score->best > 0 && counts)
			score->matched++;
		score->best = 0;
	}
}

static bool
is_known(const struct manual *m, const char *word)
{
	size_t count;

	if (word_is_sign(word) || is_number(word) || meanings_of(m, word, &count) != NULL)
		return true;
	for (size_t i = 0; i < m->vocabulary.len; i++)
		if (strcmp(m->vocabulary.items[i], word) == 0)
			return true;
	return false;
}

static bool
begins_a_word(const struct manual *m, const char *word)
{
	size_t len = strlen(word);

	for (size_t i = 0; len >= 4 && i < m->vocabulary.len; i++)
		if (strncmp(m->vocabulary.items[i], word, len) == 0)
			return true;
	return false;
}

/* The best candidate so far: few changes, not in the first letter, rather a letter left out. */
struct guess {
	const char *word;
	size_t cost; /* a better one must be below */
};

static void
try_word(struct guess *guess, const char *word, const char *candidate)
{
	size_t changes, cost;

	/* A wrong first letter is rarer than another word; the first two may be swapped. */
	if (strlen(candidate) < 4 || word_is_sign(candidate) || is_number(candidate) ||
	    (candidate[0] != word[0] && candidate[0] != word[1]))
		return;
	changes = word_distance(word, candidate, (guess->cost - 1) / 4);
	cost = 4 * changes + 2 * (candidate[0] != word[0]) + (strlen(candidate) <= strlen(word));
	if (cost < guess->cost) {
		guess->cost = cost;
		guess->word = candidate;
	}
}

/* The known word that was probably meant, or NULL. */
static const char *
correct(const struct manual *m, const char *word)
{
	size_t len = strlen(word);
	struct guess guess = {NULL, len < 6 ? 8 : 12};

	if (len < 4)
		return NULL;
	for (size_t i = 0; i < m->vocabulary.len; i++)
		try_word(&guess, word, m->vocabulary.items[i]);
	for (size_t i = 0; i < m->meanings.len; i++)
		try_word(&guess, word, m->meanings.items[i].word);
	return guess.word;
}

/* A word of the question, and all it can mean. */
static void
look_for_word(struct inquiry *q, const char *word, double weight, bool counts)
{
	const struct meaning *meaning;
	size_t count;

	/* Whoever asks for a key wants it even where it stands in a table of many. */
	if (!look(q, word, false, word_is_sign(word) ? 2.0 : 1.0, counts) &&
	    begins_a_word(q->manual, word))
		look(q, word, true, 0.7, counts);
	meaning = meanings_of(q->manual, word, &count);
	for (size_t i = 0; i < count; i++)
		if (meaning[i].target != NULL)
			look(q, meaning[i].target, false, 0.9, counts);
	settle(q, weight, counts);
}

/* Words that belong together count more where they stand together. */
static void
look_for_run(struct inquiry *q, size_t first, size_t count, double points)
{
	struct stmt *s;
	char *run, *match;
	bool telling = false;

	if (first + count > q->words.len)
		return;
	for (size_t i = first; i < first + count; i++)
		telling = telling || is_telling(q->manual, q->words.items[i]);
	if (!telling)
		return;
	s = db_prepare(q->manual->db, "SELECT rowid FROM section WHERE section MATCH ?1");
	run = words_join(q->manual, &q->words, first, count, false);
	match = xasprintf("{title keywords} : \"%s\"", run);
	db_bind_text(s, 1, match);
	while (db_step(s, q->err))
		q->scores[db_int(s, 0)].points += points;
	db_finish(s);
	free(match);
	free(run);
}

/* Whether the question is a title, word for word. */
static bool
is_title(const struct inquiry *q, const char *title)
{
	word_list words = {0};
	bool same;

	words_split(title, strlen(title), &words);
	same = words.len == q->words.len;
	for (size_t i = 0; same && i < words.len; i++)
		same = strcmp(words.items[i], q->words.items[i]) == 0;
	words_done(&words);
	return same;
}

/* Questions that are, word for word, a title or a keyword. */
static void
look_for_whole(struct inquiry *q)
{
	struct manual *m = q->manual;
	char *whole = words_join(m, &q->words, 0, q->words.len, false);
	char *core = words_join(m, &q->words, 0, q->words.len, true);

	for (size_t i = 0; i < m->phrases.len; i++) {
		const struct phrase *phrase = &m->phrases.items[i];
		struct score *score = &q->scores[phrase->section];

		if (*whole != '\0' && strcmp(phrase->words, whole) == 0)
			score->points += SAME_PHRASE;
		else if (*core != '\0' && strcmp(phrase->core, core) == 0)
			score->points += SAME_CORE;
	}
	for (size_t i = 0; i < m->sections.len; i++)
		if (is_title(q, m->sections.items[i].title))
			q->scores[i].points += SAME_TITLE;
	free(core);
	free(whole);
}

static void
read_question(struct inquiry *q, const char *text, size_t len)
{
	words_split(text, len < MAX_QUESTION ? len : MAX_QUESTION, &q->words);
	while (q->words.len > MAX_WORDS)
		free(q->words.items[--q->words.len]);
	for (size_t i = 0; i < q->words.len; i++) {
		char **word = &q->words.items[i];
		const char *right;

		if (!is_known(q->manual, *word) && !begins_a_word(q->manual, *word) &&
		    (right = correct(q->manual, *word)) != NULL)
			xreplace(word, right);
		if (is_telling(q->manual, *word))
			q->telling++;
	}
}

/* What the words of the question are when they are nothing to search for. */
static bool
is_all(const struct inquiry *q, unsigned kind)
{
	bool any = false;

	for (size_t i = 0; i < q->words.len; i++) {
		unsigned kinds = meanings_kind(q->manual, q->words.items[i]);

		if (kinds & kind)
			any = true;
		else if ((kinds & WORD_IGNORE) == 0)
			return false;
	}
	return any;
}

static enum manual_kind
small_talk(const struct inquiry *q)
{
	static const struct {
		unsigned words;
		enum manual_kind kind;
	} kinds[] = {
	    {WORD_TOPICS, MANUAL_TOPICS},
	    {WORD_MORE, MANUAL_MORE},
	    {WORD_THANKS, MANUAL_THANKS},
	    {WORD_BYE, MANUAL_BYE},
	    {WORD_HELLO, MANUAL_HELLO},
	    {WORD_HELLO | WORD_THANKS | WORD_BYE, MANUAL_HELLO},
	};

	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
		if (is_all(q, kinds[i].words))
			return kinds[i].kind;
	return MANUAL_NOTHING;
}

static bool
names_section(const struct inquiry *q)
{
	for (size_t i = 0; i < q->manual->sections.len; i++)
		if (is_title(q, q->manual->sections.items[i].title))
			return true;
	return false;
}

static bool
names_chapter(const struct inquiry *q, size_t *chapter)
{
	for (*chapter = 0; *chapter < q->manual->chapters.len; ++*chapter)
		if (is_title(q, q->manual->chapters.items[*chapter].title))
			return true;
	return false;
}

static bool
points_back(const struct inquiry *q)
{
	for (size_t i = 0; i < q->words.len; i++)
		if (meanings_kind(q->manual, q->words.items[i]) & WORD_BACK)
			return q->telling <= 2;
	return q->telling == 0;
}

static void
look_back(struct inquiry *q, const char *before, size_t len)
{
	struct inquiry earlier = {.manual = q->manual, .scores = q->scores, .err = q->err};

	read_question(&earlier, before, len);
	for (size_t i = 0; i < earlier.words.len; i++)
		if (is_telling(q->manual, earlier.words.items[i]))
			look_for_word(q, earlier.words.items[i], BEFORE, false);
	words_done(&earlier.words);
}

static void
search(struct inquiry *q, const char *before, size_t before_len)
{
	for (size_t i = 0; i < q->words.len; i++) {
		if (is_telling(q->manual, q->words.items[i]))
			look_for_word(q, q->words.items[i], 1.0, true);
		look_for_run(q, i, 2, PAIR);
		look_for_run(q, i, 3, TRIPLE);
	}
	look_for_whole(q);
	if (before != NULL && points_back(q))
		look_back(q, before, before_len);
}

/* The best section that is not in the answer yet. */
static size_t
best(const struct inquiry *q, const struct manual_answer *answer)
{
	size_t best = q->manual->sections.len;

	for (size_t i = 0; i < q->manual->sections.len; i++) {
		bool taken = answer->kind != MANUAL_NOTHING && i == answer->section;

		for (size_t j = 0; j < answer->related_count; j++)
			taken = taken || answer->related[j] == i;
		if (!taken && (best == q->manual->sections.len ||
				  q->scores[i].points > q->scores[best].points))
			best = i;
	}
	return best;
}

/* What else may help: what was found too, then what stands beside it in its chapter. */
static void
relate(const struct inquiry *q, struct manual_answer *answer)
{
	const struct manual *m = q->manual;
	size_t chapter = m->sections.items[answer->section].chapter;
	size_t first = m->chapters.items[chapter].first, count = m->chapters.items[chapter].count;

	while (answer->related_count < MANUAL_RELATED) {
		size_t next = best(q, answer);

		if (next == m->sections.len ||
		    q->scores[next].points < RELATED_SHARE * q->scores[answer->section].points)
			break;
		answer->related[answer->related_count++] = next;
	}
	for (size_t i = 1; i < count && answer->related_count < MANUAL_RELATED; i++) {
		size_t beside = first + (answer->section - first + i) % count;
		bool taken = false;

		for (size_t j = 0; j < answer->related_count; j++)
			taken = taken || answer->related[j] == beside;
		if (!taken)
			answer->related[answer->related_count++] = beside;
	}
}

/* A word that only stands in the text, or half of the words, may be chance. */
static bool
is_sure(const struct inquiry *q, const struct score *score)
{
	return score->points >= SURE && 2 * score->matched >= q->telling &&
	       (score->named || score->points >= SAME_PHRASE);
}

static void
choose(struct inquiry *q, struct manual_answer *answer)
{
	size_t found;

	answer->kind = MANUAL_NOTHING;
	found = best(q, answer);
	if (found == q->manual->sections.len || q->scores[found].points < ENOUGH)
		return;
	answer->section = found;
	answer->kind = is_sure(q, &q->scores[found]) ? MANUAL_FOUND : MANUAL_UNSURE;
	relate(q, answer);
}

bool
manual_ask(struct manual *manual, const char *question, size_t len, const char *before,
    size_t before_len, struct manual_answer *answer, struct error *err)
{
	struct inquiry q = {.manual = manual, .err = err};

	*answer = (struct manual_answer){.kind = MANUAL_NOTHING};
	q.scores = xcalloc(manual->sections.len + 1, sizeof(*q.scores));
	read_question(&q, question, len);
	answer->kind = names_section(&q) ? MANUAL_NOTHING : small_talk(&q);
	if (answer->kind == MANUAL_NOTHING && names_chapter(&q, &answer->chapter))
		answer->kind = MANUAL_CHAPTER;
	if (q.words.len == 0) {
		/* "?" */
		answer->kind = MANUAL_TOPICS;
	} else if (answer->kind == MANUAL_NOTHING) {
		search(&q, before, before_len);
		choose(&q, answer);
	}
	words_done(&q.words);
	free(q.scores);
	return err->kind == ERR_NONE;
}
