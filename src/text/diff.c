/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include "text/diff.h"

#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/utf8.h"

/* Steps of the search that are allowed for the words, the lines, and the words between lines. */
#define WORK ((long)24 * 1000 * 1000)

/* How often what is left is looked through for islands; each time some may join. */
#define ISLAND_PASSES 8

enum token_kind {
	TOKEN_WORD,
	TOKEN_MARK, /* punctuation, or whatever is no word */
	TOKEN_BLANK,
	TOKEN_NEWLINE,
};

struct token {
	const char *bytes;
	size_t len;
	int id; /* the same for the same bytes; -1: the other side has none such */
	enum token_kind kind;
	bool right; /* of the right text */
};

typedef ARRAY(struct token) token_list;

/* A part of each text, in tokens; as much of it as is the same, or different. */
struct span {
	size_t left, left_end, right, right_end;
	bool same;
};

typedef ARRAY(struct span) span_list;

/* One side of a search: the tokens that the other side has as well, somewhere. */
struct sequence {
	int *ids;
	size_t *places; /* among all the tokens */
	size_t len;
	bool *changed; /* of all the tokens: it has no partner */
	size_t count;
};

struct search {
	struct sequence left, right;
	/* The furthest places on each diagonal, seen from the start and from the end. */
	long *forward, *backward;
	long work; /* steps left */
};

/* Tokens. */

static enum token_kind
kind_of(uint32_t code)
{
	if (code == '\n' || code == '\r')
		return TOKEN_NEWLINE;
	if (code == ' ' || code == '\t')
		return TOKEN_BLANK;
	return utf8_is_word(code) ? TOKEN_WORD : TOKEN_MARK;
}

/* What is behind DIFF_MAX is one token, whatever it holds. */
static void
split(const char *text, size_t len, bool right, token_list *out)
{
	for (size_t at = 0, next; at < len; at = next) {
		struct token *last = out->len > 0 ? &out->items[out->len - 1] : NULL;
		struct token token = {.bytes = text + at, .right = right};
		size_t used;
		uint32_t code = utf8_decode(text + at, len - at, &used);
		bool wide = code >= 0x1100 && utf8_code_width(code) > 1;

		next = at < DIFF_MAX ? utf8_next(text, len, at) : len;
		token.len = next - at;
		token.kind = wide || at >= DIFF_MAX ? TOKEN_MARK : kind_of(code);
		if (last != NULL && last->kind == token.kind &&
		    (token.kind == TOKEN_WORD || token.kind == TOKEN_BLANK))
			last->len += token.len;
		else
			array_push(out, token);
	}
}

static bool
same_bytes(const struct token *a, const struct token *b)
{
	return a->len == b->len && memcmp(a->bytes, b->bytes, a->len) == 0;
}

static int
compare_tokens(const void *a, const void *b)
{
	const struct token *x = *(struct token *const *)a, *y = *(struct token *const *)b;

	if (x->len != y->len)
		return x->len < y->len ? -1 : 1;
	return memcmp(x->bytes, y->bytes, x->len);
}

/*
 * By sorting, not by hashing: no text can be made up that takes long. A token
 * that only one side has gets -1: there is nothing to look for.
 */
static void
number(token_list *left, token_list *right)
{
	ARRAY(struct token *) all = {0};
	size_t end;

	for (size_t i = 0; i < left->len; i++)
		array_push(&all, &left->items[i]);
	for (size_t i = 0; i < right->len; i++)
		array_push(&all, &right->items[i]);
	if (all.len > 0)
		qsort(all.items, all.len, sizeof(all.items[0]), compare_tokens);
	for (size_t i = 0; i < all.len; i = end) {
		bool on_left = false, on_right = false;

		for (end = i; end < all.len && same_bytes(all.items[i], all.items[end]); end++) {
			on_left |= !all.items[end]->right;
			on_right |= all.items[end]->right;
		}
		for (size_t k = i; k < end; k++)
			all.items[k]->id = on_left && on_right ? (int)i : -1;
	}
	array_done(&all);
}

/* The search. */

/* As if nothing had been found to be different, but for what the other side does not have. */
static void
sequence_reset(struct sequence *sequence)
{
	memset(sequence->changed, true, sequence->count * sizeof(*sequence->changed));
	for (size_t i = 0; i < sequence->len; i++)
		sequence->changed[sequence->places[i]] = false;
}

static void
sequence_init(struct sequence *sequence, const token_list *tokens)
{
	size_t count = tokens->len;

	*sequence = (struct sequence){.count = count};
	sequence->ids = xcalloc(count, sizeof(*sequence->ids));
	sequence->places = xcalloc(count, sizeof(*sequence->places));
	sequence->changed = xcalloc(count, sizeof(*sequence->changed));
	for (size_t i = 0; i < count; i++) {
		if (tokens->items[i].id < 0)
			continue;
		sequence->ids[sequence->len] = tokens->items[i].id;
		sequence->places[sequence->len++] = i;
	}
	sequence_reset(sequence);
}

static void
sequence_done(struct sequence *sequence)
{
	free(sequence->ids);
	free(sequence->places);
	free(sequence->changed);
}

static void
search_init(struct search *search, const token_list *left, const token_list *right)
{
	size_t diagonals;

	sequence_init(&search->left, left);
	sequence_init(&search->right, right);
	diagonals = search->left.len + search->right.len + 3;
	/* Diagonal x - y goes from -right.len - 1 to left.len + 1. */
	search->forward = xcalloc(diagonals, sizeof(*search->forward));
	search->backward = xcalloc(diagonals, sizeof(*search->backward));
	search->forward += search->right.len + 1;
	search->backward += search->right.len + 1;
	search->work = WORK;
}

static void
search_done(struct search *search)
{
	free(search->forward - search->right.len - 1);
	free(search->backward - search->right.len - 1);
	sequence_done(&search->left);
	sequence_done(&search->right);
}

/* A part of both sequences: from x up to x_end, from y up to y_end. */
struct box {
	long x, x_end, y, y_end;
};

/* The diagonals one of the two searches has reached. */
struct reach {
	long low, high;
};

/*
 * A step to more diagonals. Where the box ends there are none: the reach then
 * shrinks by one, since every other diagonal is looked at. edge stands outside.
 */
static void
widen(struct reach *reach, long *furthest, const struct box *box, long edge)
{
	if (reach->low > box->x - box->y_end)
		furthest[--reach->low - 1] = edge;
	else
		reach->low++;
	if (reach->high < box->x_end - box->y)
		furthest[++reach->high + 1] = edge;
	else
		reach->high--;
}

/*
 * A place in the middle of the shortest way through the box: one search goes
 * from its upper left, one from its lower right corner, until they meet.
 *
 *	    x ->      left
 *	 y  \ . . .   on a diagonal both go on: the same
 *	 |  . \ . .   right: only in the left sequence
 *	 v  . . \ .   down: only in the right one
 */
static bool
meet(struct search *s, const struct box *box, long *x_out, long *y_out)
{
	const int *a = s->left.ids, *b = s->right.ids;
	long *f = s->forward, *r = s->backward, x, y;
	struct reach from = {box->x - box->y, box->x - box->y};
	struct reach to = {box->x_end - box->y_end, box->x_end - box->y_end};
	bool odd = ((from.low - to.low) & 1) != 0;

	f[from.low] = box->x;
	r[to.low] = box->x_end;
	while (s->work > 0) {
		widen(&from, f, box, -1);
		for (long k = from.high; k >= from.low; k -= 2) {
			long start = x = f[k - 1] >= f[k + 1] ? f[k - 1] + 1 : f[k + 1];

			for (y = x - k; x < box->x_end && y < box->y_end && a[x] == b[y]; y++)
				x++;
			s->work -= 1 + x - start;
			f[k] = x;
			if (odd && to.low <= k && k <= to.high && r[k] <= x)
				goto met;
		}
		widen(&to, r, box, box->x_end + 1);
		for (long k = to.high; k >= to.low; k -= 2) {
			long start = x = r[k - 1] < r[k + 1] ? r[k - 1] : r[k + 1] - 1;

			for (y = x - k; x > box->x && y > box->y && a[x - 1] == b[y - 1]; y--)
				x--;
			s->work -= 1 + start - x;
			r[k] = x;
			if (!odd && from.low <= k && k <= from.high && x <= f[k])
				goto met;
		}
	}
	return false;
met:
	*x_out = x;
	*y_out = y;
	return true;
}

/* Marks what is different in the box; all that is left of it when the work is used up. */
static void
search_box(struct search *s, struct box box)
{
	const int *a = s->left.ids, *b = s->right.ids;
	struct box rest;
	long x, y;

	for (; box.x < box.x_end && box.y < box.y_end && a[box.x] == b[box.y]; box.x++)
		box.y++;
	for (; box.x < box.x_end && box.y < box.y_end && a[box.x_end - 1] == b[box.y_end - 1];
	     box.x_end--)
		box.y_end--;
	if (box.x == box.x_end || box.y == box.y_end || !meet(s, &box, &x, &y)) {
		for (; box.x < box.x_end; box.x++)
			s->left.changed[s->left.places[box.x]] = true;
		for (; box.y < box.y_end; box.y++)
			s->right.changed[s->right.places[box.y]] = true;
		return;
	}
	/* Half the differences each, so that this goes no deeper than their logarithm. */
	rest = (struct box){x, box.x_end, y, box.y_end};
	box.x_end = x;
	box.y_end = y;
	search_box(s, box);
	search_box(s, rest);
}

static void
search_all(struct search *s)
{
	search_box(s, (struct box){0, (long)s->left.len, 0, (long)s->right.len});
}

/* Whole lines as tokens, and for each the number of the token it ends before. */
static void
split_lines(const token_list *tokens, token_list *lines, size_t **ends)
{
	*ends = xcalloc(tokens->len, sizeof(**ends));
	for (size_t i = 0, end; i < tokens->len; i = end) {
		struct token line = tokens->items[i];

		line.len = 0;
		line.kind = TOKEN_BLANK;
		for (end = i; end < tokens->len;) {
			const struct token *token = &tokens->items[end++];

			line.len += token->len;
			if (token->kind < TOKEN_BLANK)
				line.kind = TOKEN_WORD;
			if (token->kind == TOKEN_NEWLINE)
				break;
		}
		(*ends)[lines->len] = end;
		array_push(lines, line);
	}
}

/* Blank lines are no place to begin: they are all alike. */
static void
forget_blank(token_list *lines)
{
	for (size_t i = 0; i < lines->len; i++)
		if (lines->items[i].kind == TOKEN_BLANK)
			lines->items[i].id = -1;
}

/* The first of a sequence, from `from` on, that does not stand before a token. */
static long
place_of(const struct sequence *sequence, long from, size_t token)
{
	while (from < (long)sequence->len && sequence->places[from] < token)
		from++;
	return from;
}

/* Looks for words between the lines that were found to be the same, and marks those. */
static void
search_between(
    struct search *words, const struct search *lines, const size_t *left, const size_t *right)
{
	struct box box = {0};
	size_t i = 0, k = 0;

	while (i < lines->left.count || k < lines->right.count) {
		while (i < lines->left.count && lines->left.changed[i])
			box.x_end = place_of(&words->left, box.x_end, left[i++]);
		while (k < lines->right.count && lines->right.changed[k])
			box.y_end = place_of(&words->right, box.y_end, right[k++]);
		search_box(words, box);
		while (i < lines->left.count && k < lines->right.count && !lines->left.changed[i] &&
		       !lines->right.changed[k]) {
			box.x_end = place_of(&words->left, box.x_end, left[i++]);
			box.y_end = place_of(&words->right, box.y_end, right[k++]);
		}
		box.x = box.x_end;
		box.y = box.y_end;
	}
}

/* As search_all() for texts too different for that: matches lines, then looks between them. */
static void
search_lines(struct search *words, const token_list *left, const token_list *right)
{
	token_list left_lines = {0}, right_lines = {0};
	size_t *left_ends, *right_ends;
	struct search lines;

	split_lines(left, &left_lines, &left_ends);
	split_lines(right, &right_lines, &right_ends);
	number(&left_lines, &right_lines);
	forget_blank(&left_lines);
	forget_blank(&right_lines);
	search_init(&lines, &left_lines, &right_lines);
	search_all(&lines);
	sequence_reset(&words->left);
	sequence_reset(&words->right);
	words->work = WORK;
	search_between(words, &lines, left_ends, right_ends);
	search_done(&lines);
	free(left_ends);
	free(right_ends);
	array_done(&left_lines);
	array_done(&right_lines);
}

/* Spans. */

static void
push_span(span_list *spans, struct span span)
{
	struct span *last = spans->len > 0 ? &spans->items[spans->len - 1] : NULL;

	if (span.left == span.left_end && span.right == span.right_end)
		return;
	if (last != NULL && last->same == span.same) {
		last->left_end = span.left_end;
		last->right_end = span.right_end;
	} else {
		array_push(spans, span);
	}
}

static void
make_spans(const struct search *s, span_list *out)
{
	size_t i = 0, k = 0;

	while (i < s->left.count || k < s->right.count) {
		struct span span = {.left = i, .right = k};

		while (i < s->left.count && s->left.changed[i])
			i++;
		while (k < s->right.count && s->right.changed[k])
			k++;
		span.left_end = i;
		span.right_end = k;
		push_span(out, span);
		span = (struct span){.left = i, .right = k, .same = true};
		while (i < s->left.count && k < s->right.count && !s->left.changed[i] &&
		       !s->right.changed[k]) {
			i++;
			k++;
		}
		span.left_end = i;
		span.right_end = k;
		push_span(out, span);
	}
}

#define GOOD_LINE 3

/* How good a place before token at is for something to begin. */
static int
goodness(const token_list *tokens, size_t at)
{
	if (at == 0)
		return 4;
	if (tokens->items[at - 1].kind == TOKEN_NEWLINE)
		return at > 1 && tokens->items[at - 2].kind == TOKEN_NEWLINE ? 4 : GOOD_LINE;
	if (tokens->items[at - 1].kind == TOKEN_BLANK)
		return 2;
	return tokens->items[at].kind == TOKEN_BLANK ? 1 : 0;
}

/*
 * What one text has more can often be seen in several places: of "a b [a b] c",
 * "[a b] a b c" and "a [b a] b c" the one that begins best is taken, of equals
 * the last.
 */
static void
slide(struct span *before, struct span *change, struct span *after, const token_list *left,
    const token_list *right)
{
	bool inserted = change->left == change->left_end;
	const token_list *tokens = inserted ? right : left;
	size_t from = inserted ? change->right : change->left;
	size_t len = inserted ? change->right_end - from : change->left_end - from;
	size_t least = inserted ? before->right : before->left;
	size_t most = inserted ? after->right_end : after->left_end;
	size_t first = from, last = from, best;

	/* Its neighbours stay, or differences that are apart would become one. */
	while (first > least + 1 &&
	       same_bytes(&tokens->items[first - 1], &tokens->items[first - 1 + len]))
		first--;
	while (
	    last + len + 1 < most && same_bytes(&tokens->items[last], &tokens->items[last + len]))
		last++;
	best = first;
	for (size_t at = first; at <= last; at++)
		if (goodness(tokens, at) >= goodness(tokens, best))
			best = at;
	/* Unsigned, but it comes out right: a step to the left adds SIZE_MAX. */
	change->left += best - from;
	change->left_end += best - from;
	change->right += best - from;
	change->right_end += best - from;
	before->left_end = change->left;
	before->right_end = change->right;
	after->left = change->left_end;
	after->right = change->right_end;
}

/* How far what one side of a difference has can move to the right, to begin with a line there. */
static size_t
to_line(const token_list *tokens, size_t from, size_t end, size_t most)
{
	size_t best = from, len = end - from;

	for (size_t at = from; at + len + 1 < most; at++) {
		if (!same_bytes(&tokens->items[at], &tokens->items[at + len]))
			break;
		if (goodness(tokens, at + 1) >= GOOD_LINE)
			best = at + 1;
	}
	return best - from;
}

/*
 * A word went, and behind the end of its line a paragraph came:
 * "a[- b-]{+.\n\nNew+}.\n\nEnd" becomes "a[- b-].\n\n{+New.\n\n+}End".
 */
static void
part(span_list *spans, const token_list *left, const token_list *right)
{
	span_list out = {0};

	for (size_t i = 0; i < spans->len; i++) {
		struct span span = spans->items[i], second = span, *after = &spans->items[i] + 1;
		size_t by = 0;

		if (!span.same && i + 1 < spans->len && span.left < span.left_end &&
		    span.right < span.right_end) {
			by = to_line(right, span.right, span.right_end, after->right_end);
			if (by > 0) {
				second.left = span.left_end;
				span.right_end = span.right;
			} else {
				by = to_line(left, span.left, span.left_end, after->left_end);
				second.right = span.right_end;
				if (by > 0)
					span.left_end = span.left;
			}
		}
		push_span(&out, span);
		if (by == 0)
			continue;
		second.left += by;
		second.left_end += by;
		second.right += by;
		second.right_end += by;
		push_span(&out,
		    (struct span){span.left_end, second.left, span.right_end, second.right, true});
		push_span(&out, second);
		after->left = second.left_end;
		after->right = second.right_end;
	}
	array_done(spans);
	*spans = out;
}

/* Bytes between two tokens that are neither blanks nor newlines. */
static size_t
weight(const token_list *tokens, size_t from, size_t to)
{
	size_t sum = 0;

	for (; from < to; from++)
		if (tokens->items[from].kind < TOKEN_BLANK)
			sum += tokens->items[from].len;
	return sum;
}

static size_t
span_weight(const struct span *span, const token_list *left, const token_list *right)
{
	size_t a = weight(left, span->left, span->left_end);
	size_t b = weight(right, span->right, span->right_end);

	return a > b ? a : b;
}

/* Whether what is the same is too little, beside what is different, to be told apart from it. */
static bool
is_island(const struct span *span, size_t before, size_t after, const token_list *left)
{
	size_t own;

	for (size_t i = span->left; i < span->left_end; i++)
		if (left->items[i].kind == TOKEN_NEWLINE)
			return false;
	own = weight(left, span->left, span->left_end);
	return own == 0 || (own * 2 <= before && own * 2 <= after);
}

static bool
drop_islands(span_list *spans, const token_list *left, const token_list *right)
{
	span_list out = {0};
	size_t len = spans->len, before = 0;

	for (size_t i = 0; i < len; i++) {
		struct span span = spans->items[i];

		if (span.same && i > 0 && i + 1 < len &&
		    is_island(&span, before, span_weight(&spans->items[i + 1], left, right), left))
			span.same = false;
		if (!span.same)
			before = span_weight(&span, left, right);
		push_span(&out, span);
	}
	array_done(spans);
	*spans = out;
	return out.len < len;
}

/* What is the same at the ends of a difference, now that islands have joined it, is no part of it.
 */
static void
trim_span(struct span span, const token_list *left, const token_list *right, span_list *out)
{
	struct span start = {span.left, span.left, span.right, span.right, true};
	struct span end = {span.left_end, span.left_end, span.right_end, span.right_end, true};

	while (start.left_end < end.left && start.right_end < end.right &&
	       same_bytes(&left->items[start.left_end], &right->items[start.right_end])) {
		start.left_end++;
		start.right_end++;
	}
	while (start.left_end < end.left && start.right_end < end.right &&
	       same_bytes(&left->items[end.left - 1], &right->items[end.right - 1])) {
		end.left--;
		end.right--;
	}
	push_span(out, start);
	push_span(out, (struct span){start.left_end, end.left, start.right_end, end.right, false});
	push_span(out, end);
}

static void
trim(span_list *spans, const token_list *left, const token_list *right)
{
	span_list out = {0};

	for (size_t i = 0; i < spans->len; i++) {
		if (spans->items[i].same)
			push_span(&out, spans->items[i]);
		else
			trim_span(spans->items[i], left, right, &out);
	}
	array_done(spans);
	*spans = out;
}

static void
make_readable(span_list *spans, const token_list *left, const token_list *right)
{
	int pass = 0;

	for (size_t i = 1; i + 1 < spans->len; i++) {
		struct span *span = &spans->items[i];

		if (!span->same && (span->left == span->left_end || span->right == span->right_end))
			slide(span - 1, span, span + 1, left, right);
	}
	while (drop_islands(spans, left, right) && ++pass < ISLAND_PASSES)
		;
	trim(spans, left, right);
	part(spans, left, right);
}

/* Runs. */

static void
push_run(diff_list *out, enum diff_kind kind, size_t left, size_t right, size_t len)
{
	if (len > 0)
		array_push(out, ((struct diff_run){kind, left, right, len}));
}

static size_t
offset(const token_list *tokens, size_t at, const char *text, size_t len)
{
	return at < tokens->len ? (size_t)(tokens->items[at].bytes - text) : len;
}

static void
put_runs(const span_list *spans, const token_list *left, const char *left_text, size_t left_len,
    const token_list *right, const char *right_text, size_t right_len, diff_list *out)
{
	for (size_t i = 0; i < spans->len; i++) {
		const struct span *span = &spans->items[i];
		size_t a = offset(left, span->left, left_text, left_len);
		size_t b = offset(right, span->right, right_text, right_len);
		size_t a_end = offset(left, span->left_end, left_text, left_len);
		size_t b_end = offset(right, span->right_end, right_text, right_len);

		if (span->same) {
			push_run(out, DIFF_SAME, a, b, a_end - a);
		} else {
			push_run(out, DIFF_LEFT, a, b, a_end - a);
			push_run(out, DIFF_RIGHT, a_end, b, b_end - b);
		}
	}
}

static void
diff_words(const char *left, size_t left_len, const char *right, size_t right_len, diff_list *out)
{
	token_list a = {0}, b = {0};
	span_list spans = {0};
	struct search search;

	split(left, left_len, false, &a);
	split(right, right_len, true, &b);
	number(&a, &b);
	search_init(&search, &a, &b);
	search_all(&search);
	if (search.work <= 0)
		search_lines(&search, &a, &b);
	make_spans(&search, &spans);
	make_readable(&spans, &a, &b);
	put_runs(&spans, &a, left, left_len, &b, right, right_len, out);
	search_done(&search);
	array_done(&spans);
	array_done(&a);
	array_done(&b);
}

static void
mirror(diff_list *runs)
{
	for (size_t i = 0; i < runs->len; i++) {
		struct diff_run *run = &runs->items[i], *next = run + 1;
		size_t left = run->left;

		run->left = run->right;
		run->right = left;
		if (run->kind != DIFF_SAME)
			run->kind = run->kind == DIFF_LEFT ? DIFF_RIGHT : DIFF_LEFT;
		/* What was left of a difference now comes second; it has to come first. */
		if (run->kind == DIFF_RIGHT && i + 1 < runs->len && next->kind == DIFF_RIGHT) {
			struct diff_run second = {
			    DIFF_RIGHT, next->right + next->len, run->right, run->len};

			*run = (struct diff_run){DIFF_LEFT, next->right, run->right, next->len};
			*next = second;
			i++;
		}
	}
}

void
diff_texts(const char *left, size_t left_len, const char *right, size_t right_len, diff_list *out)
{
	int order = memcmp(left, right, left_len < right_len ? left_len : right_len);

	/* Of two ways that are equally short one is taken; it must not depend on the sides. */
	if (order > 0 || (order == 0 && left_len > right_len)) {
		diff_texts(right, right_len, left, left_len, out);
		mirror(out);
		return;
	}
	array_clear(out);
	if (order == 0 && left_len == right_len)
		push_run(out, DIFF_SAME, 0, 0, left_len);
	else
		diff_words(left, left_len, right, right_len, out);
}
