/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include "backend/manual-parts.h"

#include <assert.h>
#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/mem.h"
#include "base/utf8.h"

/* Longer words are no words of ours. */
#define MAX_WORD 48

/* What a text is read with. */
struct reader {
	const char *text;
	size_t len, at;
	word_list *out;
};

/* The letters from U+00C0 to U+017F without what is above and below them; ß and æ see below. */
static const char plain_letters[] =
    "aaaaaaaceeeeiiiidnooooo ouuuuytsaaaaaaaceeeeiiiidnooooo ouuuuyty"
    "aaaaaaccccccccddddeeeeeeeeeegggggggghhhhiiiiiiiiiiiijjkkklllllll"
    "lllnnnnnnnnnoooooooorrrrrrssssssssttttttuuuuuuuuuuuuwwyyyzzzzzzs";

/* A sign that is asked about, and the word it becomes. The digit keeps the stemmer off. */
static const struct sign {
	const char *text, *word;
} signs[] = {
    {"⑂", "zfork0"},
    {"●", "zstate0"},
    {"^[", "zescape0"},
    {"<U+", "zescape0"},
};

static const struct modifier {
	const char *name;
	bool spaced; /* also with a space behind it */
	char letter;
} modifiers[] = {
    {"control", true, 'c'},
    {"ctrl", true, 'c'},
    {"strg", true, 'c'},
    {"alt", true, 'm'},
    {"meta", false, 'm'},
    {"option", false, 'm'},
    {"shift", true, 's'},
    {"c", false, 'c'},
    {"m", false, 'm'},
    {"s", false, 's'},
};

static const char *const named_keys[] = {"backspace", "down", "enter", "esc", "f1", "f2", "f3",
    "f4", "home", "left", "pgdn", "pgup", "return", "right", "space", "tab", "up"};

static unsigned char
byte_at(const struct reader *r, size_t at)
{
	return at < r->len ? (unsigned char)r->text[at] : '\0';
}

static bool
is_word_at(const struct reader *r, size_t at)
{
	size_t used;

	if (at >= r->len)
		return false;
	if ((unsigned char)r->text[at] < 0x80)
		return isalnum((unsigned char)r->text[at]);
	return utf8_is_word(utf8_decode(r->text + at, r->len - at, &used));
}

static void
push(struct reader *r, const char *word)
{
	if (*word != '\0')
		array_push(r->out, xstrdup(word));
}

static const char *
last_word(const struct reader *r)
{
	return r->out->len > 0 ? r->out->items[r->out->len - 1] : "";
}

static size_t
match_name(const struct reader *r, size_t at, const char *name)
{
	size_t len = strlen(name);

	if (at + len > r->len || strncasecmp(r->text + at, name, len) != 0)
		return 0;
	return len;
}

/*
 * A named key, or one character that stands alone; adds what it is called. 0:
 * neither. With loose, a capital is the same key: people write "Ctrl+X".
 */
static size_t
match_key(const struct reader *r, size_t at, bool loose, struct buf *word)
{
	unsigned char c = byte_at(r, at);

	for (size_t i = 0; i < sizeof(named_keys) / sizeof(named_keys[0]); i++) {
		size_t len = match_name(r, at, named_keys[i]);

		if (len > 0 && !is_word_at(r, at + len)) {
			buf_puts(word, named_keys[i]);
			return len;
		}
	}
	if (!isgraph(c) || is_word_at(r, at + 1))
		return 0;
	if (isupper(c) && !loose)
		buf_printf(word, "u%c", tolower(c));
	else if (isalnum(c))
		buf_putc(word, (char)tolower(c));
	else
		buf_printf(word, "%02x", c);
	return 1;
}

/* "C-x", "ctrl+x", "Alt Enter", "^X": adds the letter of the modifier and the key. 0: it is none.
 */
static size_t
match_combination(const struct reader *r, size_t at, struct buf *word)
{
	size_t before = word->len, used;

	if (byte_at(r, at) == '^' && isalpha(byte_at(r, at + 1)) && !is_word_at(r, at + 2)) {
		buf_printf(word, "c%c", tolower(byte_at(r, at + 1)));
		return 2;
	}
	for (size_t i = 0; i < sizeof(modifiers) / sizeof(modifiers[0]); i++) {
		size_t len = match_name(r, at, modifiers[i].name);
		unsigned char joint = byte_at(r, at + len);

		if (len == 0 ||
		    (joint != '-' && joint != '+' && (joint != ' ' || !modifiers[i].spaced)))
			continue;
		buf_putc(word, modifiers[i].letter);
		used = match_key(r, at + len + 1, true, word);
		/* Not the punctuation of "press ctrl - then". */
		if (used > 0 && (joint != ' ' || is_word_at(r, at + len + 1)))
			return len + 1 + used;
		buf_truncate(word, before);
	}
	return 0;
}

/* What follows the leader in "C-x t" or "C-x C-e". */
static size_t
match_sequence(const struct reader *r, size_t at, struct buf *word)
{
	bool loose = isupper(byte_at(r, at - 1));
	size_t start = at, used;

	while (byte_at(r, at) == ' ')
		at++;
	used = at > start ? match_combination(r, at, word) : 0;
	if (used == 0 && at > start && byte_at(r, at) != '`')
		used = match_key(r, at, loose, word);
	return used > 0 ? at + used - start : 0;
}

static bool
read_combination(struct reader *r)
{
	struct buf word;
	size_t used;

	buf_init(&word, MAX_WORD);
	buf_puts(&word, "z");
	used = match_combination(r, r->at, &word);
	if (used > 0) {
		r->at += used;
		if (strcmp(word.data, "zcx") == 0)
			r->at += match_sequence(r, r->at, &word);
		buf_putc(&word, '0');
		push(r, word.data);
	}
	buf_done(&word);
	return used > 0;
}

static bool
is_quote(unsigned char c)
{
	return c == '`' || c == '"' || c == '\'';
}

/* Words that make a letter beside them a key. */
static bool
speaks_of_keys(const char *word)
{
	static const char *const words[] = {"hit", "key", "letter", "press", "pressed", "pressing",
	    "tasto", "taste", "tecla", "touche"};

	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		if (strcmp(word, words[i]) == 0)
			return true;
	return false;
}

/* Whether a character that stands alone is meant as a key: quoted, or said to be one. */
static bool
is_meant_as_key(const struct reader *r)
{
	unsigned char before = r->at > 0 ? byte_at(r, r->at - 1) : ' ';
	unsigned char c = byte_at(r, r->at), behind = byte_at(r, r->at + 1);

	if (is_quote(before) && before == behind)
		return true;
	if (strchr("/[]{}=|@", c) != NULL && before == ' ' &&
	    (behind == ' ' || behind == '\0' || behind == '?' || behind == ','))
		return true;
	if (!isalpha(c))
		return false;
	return speaks_of_keys(last_word(r)) || match_name(r, r->at + 1, " key") > 0 ||
	       (strcmp(last_word(r), "does") == 0 && strchr("ai", c) == NULL);
}

static bool
read_single_key(struct reader *r)
{
	unsigned char c = byte_at(r, r->at);
	struct buf word;

	if (!isgraph(c) || c >= 0x80 || is_word_at(r, r->at + 1) || !is_meant_as_key(r))
		return false;
	buf_init(&word, MAX_WORD);
	buf_putc(&word, 'z');
	r->at += match_key(r, r->at, false, &word);
	buf_putc(&word, '0');
	push(r, word.data);
	buf_done(&word);
	return true;
}

static bool
read_sign(struct reader *r)
{
	for (size_t i = 0; i < sizeof(signs) / sizeof(signs[0]); i++) {
		size_t len = match_name(r, r->at, signs[i].text);

		if (len > 0) {
			push(r, signs[i].word);
			r->at += len;
			return true;
		}
	}
	return false;
}

/* 2/3, whatever the numbers. */
static bool
read_ratio(struct reader *r)
{
	size_t at = r->at;

	while (isdigit(byte_at(r, at)))
		at++;
	if (at == r->at || byte_at(r, at) != '/' || !isdigit(byte_at(r, at + 1)))
		return false;
	for (at++; isdigit(byte_at(r, at)); at++)
		;
	r->at = at;
	push(r, "zratio0");
	return true;
}

static void
add_plain(struct buf *word, const char *text, size_t len, uint32_t code)
{
	if (code < 0x80)
		buf_putc(word, (char)tolower((int)code));
	else if (code == 0xdf)
		buf_puts(word, "ss");
	else if (code == 0x153 || code == 0xe6 || code == 0xc6)
		buf_puts(word, code == 0x153 ? "oe" : "ae");
	else if (code >= 0xc0 && code - 0xc0 < sizeof(plain_letters) - 1)
		buf_putc(word, plain_letters[code - 0xc0]);
	else if (code < 0x300 || code > 0x36f)
		buf_add(word, text, len);
}

/* The start of "l'aide" and "qu'est": an article or pronoun, no word for a search. */
static bool
is_elided(const struct reader *r, const char *word)
{
	static const char *const starts[] = {"c", "d", "j", "l", "m", "n", "qu", "s", "t"};
	size_t quote = match_name(r, r->at, "'") + match_name(r, r->at, "’");

	if (quote == 0 || !is_word_at(r, r->at + quote))
		return false;
	for (size_t i = 0; i < sizeof(starts) / sizeof(starts[0]); i++)
		if (strcmp(word, starts[i]) == 0)
			return true;
	return false;
}

static void
read_word(struct reader *r)
{
	struct buf word;

	buf_init(&word, MAX_WORD);
	while (is_word_at(r, r->at)) {
		size_t used;
		uint32_t code = utf8_decode(r->text + r->at, r->len - r->at, &used);

		add_plain(&word, r->text + r->at, used, code);
		r->at += used;
	}
	if (!word.full && !is_elided(r, word.data))
		push(r, word.data);
	buf_done(&word);
}

void
words_split(const char *text, size_t len, word_list *out)
{
	struct reader r = {text, len, 0, out};
	size_t used;

	assert(sizeof(plain_letters) == 0x180 - 0xc0 + 1);
	while (r.at < len) {
		if (read_sign(&r) || read_combination(&r) || read_ratio(&r) || read_single_key(&r))
			continue;
		if (is_word_at(&r, r.at)) {
			read_word(&r);
		} else {
			utf8_decode(text + r.at, len - r.at, &used);
			r.at += used;
		}
	}
}

void
words_done(word_list *words)
{
	for (size_t i = 0; i < words->len; i++)
		free(words->items[i]);
	array_done(words);
}

bool
word_is_sign(const char *word)
{
	size_t len = strlen(word);

	return len > 2 && word[0] == 'z' && word[len - 1] == '0';
}

static size_t
least(size_t a, size_t b)
{
	return a < b ? a : b;
}

/* Optimal string alignment: three rows of the table are enough. */
size_t
word_distance(const char *a, const char *b, size_t limit)
{
	size_t rows[3][MAX_WORD + 1], n = strlen(a), m = strlen(b);
	size_t *before = rows[0], *last = rows[1], *row = rows[2], *spare;

	if (n > MAX_WORD || m > MAX_WORD || n > m + limit || m > n + limit)
		return limit + 1;
	for (size_t j = 0; j <= m; j++)
		last[j] = j;
	for (size_t i = 1; i <= n; i++) {
		row[0] = i;
		for (size_t j = 1; j <= m; j++) {
			row[j] = least(
			    least(last[j], row[j - 1]) + 1, last[j - 1] + (a[i - 1] != b[j - 1]));
			if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
				row[j] = least(row[j], before[j - 2] + 1);
		}
		spare = before;
		before = last;
		last = row;
		row = spare;
	}
	return least(last[m], limit + 1);
}

static unsigned
kind_of(const char *name, size_t len)
{
	static const struct {
		const char *name;
		unsigned kind;
	} kinds[] = {
	    {"@ignore", WORD_IGNORE},
	    {"@hello", WORD_HELLO},
	    {"@thanks", WORD_THANKS},
	    {"@bye", WORD_BYE},
	    {"@topics", WORD_TOPICS},
	    {"@more", WORD_MORE},
	    {"@back", WORD_BACK},
	};

	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
		if (strlen(kinds[i].name) == len && memcmp(kinds[i].name, name, len) == 0)
			return kinds[i].kind;
	return 0;
}

void
meanings_add(struct manual *manual, const char *line, size_t len)
{
	const char *sign = memchr(line, '=', len), *space = memchr(line, ' ', len);
	word_list words = {0};
	unsigned kind = 0;

	if (space == NULL || (sign == NULL && line[0] != '@'))
		return;
	if (sign == NULL)
		kind = kind_of(line, (size_t)(space - line));
	else
		space = memchr(sign, ' ', len - (size_t)(sign - line));
	if (space == NULL)
		return;
	words_split(space, len - (size_t)(space - line), &words);
	for (size_t i = 0; i < words.len; i++) {
		struct meaning meaning = {.word = xstrdup(words.items[i]), .kind = kind};

		if (sign != NULL)
			meaning.target = xstrndup(line, strcspn(line, " ="));
		array_push(&manual->meanings, meaning);
	}
	words_done(&words);
}

static int
compare_meanings(const void *a, const void *b)
{
	const struct meaning *x = a, *y = b;

	return strcmp(x->word, y->word);
}

void
meanings_sort(struct manual *manual)
{
	qsort(
	    manual->meanings.items, manual->meanings.len, sizeof(struct meaning), compare_meanings);
}

const struct meaning *
meanings_of(const struct manual *manual, const char *word, size_t *count)
{
	size_t low = 0, high = manual->meanings.len, end;

	while (low < high) {
		size_t middle = (low + high) / 2;

		if (strcmp(manual->meanings.items[middle].word, word) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	for (end = low; end < manual->meanings.len; end++)
		if (strcmp(manual->meanings.items[end].word, word) != 0)
			break;
	*count = end - low;
	return end > low ? &manual->meanings.items[low] : NULL;
}

unsigned
meanings_kind(const struct manual *manual, const char *word)
{
	size_t count;
	const struct meaning *meaning = meanings_of(manual, word, &count);
	unsigned kind = 0;

	for (size_t i = 0; i < count; i++)
		kind |= meaning[i].kind;
	return kind;
}

char *
words_join(
    const struct manual *manual, const word_list *words, size_t first, size_t count, bool core)
{
	struct buf text;

	buf_init(&text, 0);
	for (size_t i = first; i < first + count; i++) {
		if (core && (meanings_kind(manual, words->items[i]) & WORD_IGNORE))
			continue;
		if (text.len > 0)
			buf_putc(&text, ' ');
		buf_puts(&text, words->items[i]);
	}
	return buf_take(&text);
}
