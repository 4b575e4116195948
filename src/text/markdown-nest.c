/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include "text/markdown.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <md4c.h>

#include "base/buf.h"
#include "base/sanitize.h"
#include "text/markdown-parts.h"

/*
 * The parser says what is HTML, what a heading and whether a fence is open; the
 * source is changed there and nowhere else. To make a piece of HTML text can
 * make what was inside it something else, so it is asked again until there is
 * nothing left to change.
 */
#define MAX_ROUNDS 16

#define NONE SIZE_MAX

struct edit {
	size_t at;
	const char *text;	   /* put there; a constant */
	size_t prefix, prefix_len; /* before that: a piece of the source */
};

struct state {
	const char *source;
	size_t len;
	int levels;
	bool all;  /* each "<" of HTML, not only the first of each piece */
	bool html; /* some was found */
	bool code_at_end;
	char fence;
	MD_BLOCKTYPE block;
	int level;	   /* of the heading that is open; 0: none */
	size_t first, end; /* of its text */
	bool html_begun;   /* the first piece of this block was seen */
	ARRAY(struct edit) edits;
};

static void
edit(struct state *state, size_t at, const char *text)
{
	array_push(&state->edits, ((struct edit){.at = at, .text = text}));
}

/* The place of what the parser hands out; it points into the source, but for a few constants. */
static size_t
place_of(const struct state *state, const char *text)
{
	uintptr_t at = (uintptr_t)text, from = (uintptr_t)state->source;

	return at >= from && at - from <= state->len ? (size_t)(at - from) : NONE;
}

static size_t
line_start(const struct state *state, size_t at)
{
	while (at > 0 && state->source[at - 1] != '\n')
		at--;
	return at;
}

static size_t
line_end(const struct state *state, size_t at)
{
	while (at < state->len && state->source[at] != '\n')
		at++;
	return at;
}

static void
lower_atx(struct state *state, size_t mark)
{
	static const char marks[] = "######";
	int more = state->level + state->levels > 6 ? 6 - state->level : state->levels;

	edit(state, mark, marks + 6 - more);
}

/*
 * A heading by the line below it would be one of the document. Dashes are most
 * often meant as a rule and become one; else the line becomes text.
 */
static void
undo_setext(struct state *state)
{
	size_t line = line_end(state, state->end) + 1, mark = line, dashes;

	while (mark < state->len && strchr("=-\n", state->source[mark]) == NULL)
		mark++;
	dashes = mark;
	while (dashes < state->len && state->source[dashes] == '-')
		dashes++;
	if (mark >= state->len || state->source[mark] == '\n')
		return;
	if (dashes - mark < 3)
		edit(state, mark, "\\");
	else
		array_push(&state->edits,
		    ((struct edit){
			.at = line, .text = "\n", .prefix = line, .prefix_len = mark - line}));
}

/* What stands before the text on its line tells which kind of heading it is. */
static void
lower_heading(struct state *state)
{
	size_t at;

	if (state->first == NONE)
		return;
	for (at = line_start(state, state->first); at < state->first; at++)
		if (state->source[at] == '#') {
			lower_atx(state, at);
			return;
		}
	undo_setext(state);
}

static int
enter_block(MD_BLOCKTYPE type, void *detail, void *arg)
{
	struct state *state = arg;

	state->block = type;
	state->html_begun = false;
	if (type == MD_BLOCK_H) {
		state->level = (int)((MD_BLOCK_H_DETAIL *)detail)->level;
		state->first = state->end = NONE;
	} else if (type == MD_BLOCK_CODE) {
		state->fence = ((MD_BLOCK_CODE_DETAIL *)detail)->fence_char;
	}
	return 0;
}

static int
leave_block(MD_BLOCKTYPE type, void *detail, void *arg)
{
	struct state *state = arg;

	(void)detail;
	if (type == MD_BLOCK_H) {
		lower_heading(state);
		state->level = 0;
	}
	state->block = MD_BLOCK_DOC;
	return 0;
}

static int
pass_span(MD_SPANTYPE type, void *detail, void *arg)
{
	(void)type;
	(void)detail;
	(void)arg;
	return 0;
}

/* Whether the piece of HTML is dealt with. */
static bool
escape_html(struct state *state, size_t at, size_t size)
{
	for (size_t i = at; i < at + size; i++) {
		if (state->source[i] != '<')
			continue;
		edit(state, i, "\\");
		state->html = true;
		if (!state->all)
			return true;
	}
	return false;
}

static int
add_text(MD_TEXTTYPE type, const MD_CHAR *text, MD_SIZE size, void *arg)
{
	struct state *state = arg;
	size_t at = place_of(state, text);

	if (at == NONE || at + size > state->len)
		return 0;
	if (state->level > 0 && size > 0) {
		state->first = state->first == NONE ? at : state->first;
		state->end = at + size;
	}
	if (type == MD_TEXT_HTML && (state->block != MD_BLOCK_HTML || !state->html_begun))
		state->html_begun = escape_html(state, at, size);
	if (type == MD_TEXT_CODE && state->block == MD_BLOCK_CODE && at + size >= state->len - 1)
		state->code_at_end = state->fence != '\0';
	return 0;
}

static int
compare_edits(const void *a, const void *b)
{
	const struct edit *x = a, *y = b;

	return x->at < y->at ? -1 : x->at > y->at;
}

/* The source with the edits made, in its place. */
static void
apply(struct state *state, struct buf *source)
{
	struct buf out = BUF_EMPTY;
	size_t done = 0;

	if (state->edits.len > 0)
		qsort(state->edits.items, state->edits.len, sizeof(struct edit), compare_edits);
	for (size_t i = 0; i < state->edits.len; i++) {
		const struct edit *change = &state->edits.items[i];

		buf_add(&out, source->data + done, change->at - done);
		buf_add(&out, source->data + change->prefix, change->prefix_len);
		buf_puts(&out, change->text);
		done = change->at;
	}
	buf_add(&out, source->data + done, source->len - done);
	buf_done(source);
	*source = out;
}

/* One round: what is to be changed. headings: also those, which must come last and once. */
static bool
look(struct state *state, const struct buf *source, int levels, bool headings)
{
	static const MD_PARSER parser = {
	    .flags = MD_FLAG_TABLES | MD_FLAG_STRIKETHROUGH | MD_FLAG_TASKLISTS,
	    .enter_block = enter_block,
	    .leave_block = leave_block,
	    .enter_span = pass_span,
	    .leave_span = pass_span,
	    .text = add_text,
	};
	size_t kept = 0;

	array_clear(&state->edits);
	state->source = source->data;
	state->len = source->len;
	state->levels = levels;
	state->html = state->code_at_end = false;
	state->level = 0;
	if (md_parse(source->data, (MD_SIZE)source->len, &parser, state) != 0)
		return false;
	for (size_t i = 0; i < state->edits.len; i++)
		if (headings || state->edits.items[i].text[0] == '\\')
			state->edits.items[kept++] = state->edits.items[i];
	state->edits.len = kept;
	return true;
}

/* A line of the same sign, longer than any in the source. */
static void
put_fence(struct buf *out, const char *text, size_t len, char sign)
{
	size_t longest = 2, run = 0;

	for (size_t i = 0; i < len; i++) {
		run = text[i] == sign ? run + 1 : 0;
		longest = run > longest ? run : longest;
	}
	buf_pad(out, sign, longest + 1);
}

void
markdown_put_code(struct buf *out, const char *language, const char *text, size_t len)
{
	put_fence(out, text, len, '`');
	buf_puts(out, language);
	buf_putc(out, '\n');
	buf_add(out, text, len);
	if (len > 0 && text[len - 1] != '\n')
		buf_putc(out, '\n');
	put_fence(out, text, len, '`');
	buf_putc(out, '\n');
}

/* A last line of its own, by which an open fence betrays itself. */
static void
close_fence(struct state *state, struct buf *source, int levels)
{
	size_t len = source->len;

	buf_puts(source, "\n\n.\n");
	if (!look(state, source, levels, false))
		state->code_at_end = false;
	buf_truncate(source, len);
	if (state->code_at_end)
		put_fence(source, source->data, len, state->fence);
	if (state->code_at_end)
		buf_putc(source, '\n');
}

static bool
nest(struct state *state, struct buf *source, int levels)
{
	int round = 0;

	do {
		state->all = ++round >= MAX_ROUNDS;
		if (!look(state, source, levels, false))
			return false;
		if (!state->html)
			break;
		apply(state, source);
	} while (round < MAX_ROUNDS);
	if (!look(state, source, levels, true))
		return false;
	apply(state, source);
	close_fence(state, source, levels);
	return true;
}

void
markdown_nest(struct buf *out, const char *source, size_t len, int levels)
{
	struct state state = {0};
	struct buf text = BUF_EMPTY;

	sanitize(&text, source, len, SANITIZE_TEXT);
	while (text.len > 0 && text.data[text.len - 1] == '\n')
		buf_truncate(&text, text.len - 1);
	buf_putc(&text, '\n');
	if (markdown_is_modest(text.data, text.len) && nest(&state, &text, levels))
		buf_add(out, text.data, text.len);
	else
		markdown_put_code(out, "", text.data, text.len);
	array_done(&state.edits);
	buf_done(&text);
}
