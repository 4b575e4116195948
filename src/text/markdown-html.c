/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include "text/markdown.h"

#include <stdlib.h>
#include <string.h>

#include <md4c.h>

#include "base/buf.h"
#include "base/sanitize.h"
#include "text/hidden.h"
#include "text/markdown-parts.h"

/* A span that is open: what closes it is one of our own constants. */
struct open_span {
	MD_SPANTYPE type;
	const char *end;
	char *target; /* of an image */
};

struct state {
	struct buf *out;
	int levels;
	size_t cells, cells_max;
	int links; /* open ones: none stands within another */
	ARRAY(struct open_span) spans;
};

void
markdown_put_escaped(struct buf *out, const char *text, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		switch (text[i]) {
		case '&':
			buf_puts(out, "&amp;");
			break;
		case '<':
			buf_puts(out, "&lt;");
			break;
		case '>':
			buf_puts(out, "&gt;");
			break;
		case '"':
			buf_puts(out, "&quot;");
			break;
		case '\'':
			buf_puts(out, "&#39;");
			break;
		default:
			buf_putc(out, text[i]);
		}
	}
}

/* With what was hidden from the parser. */
static void
put_text(struct buf *out, const char *text, size_t len)
{
	for (size_t i = 0; i < len;) {
		size_t run = hidden_find(text + i, len - i);

		markdown_put_escaped(out, text + i, run);
		for (i += run; i < len && hidden_at(text + i, len - i); i += HIDDEN_SIZE) {
			char c = hidden_char(text + i);

			markdown_put_escaped(out, &c, 1);
		}
	}
}

static void
put_target(struct buf *out, const char *target)
{
	buf_puts(out, "<a rel=\"noopener noreferrer\" href=\"");
	markdown_put_escaped(out, target, strlen(target));
	buf_puts(out, "\">");
}

static void
close_span(struct state *state)
{
	struct open_span span = state->spans.items[--state->spans.len];

	buf_puts(state->out, span.end);
	state->links -= span.type == MD_SPAN_A;
	if (span.target != NULL && state->links == 0 && markdown_can_open(span.target)) {
		buf_putc(state->out, ' ');
		put_target(state->out, span.target);
		markdown_put_escaped(state->out, span.target, strlen(span.target));
		buf_puts(state->out, "</a>");
	}
	free(span.target);
}

/* md4c does not always leave every span it entered. */
static void
close_spans(struct state *state)
{
	while (state->spans.len > 0)
		close_span(state);
}

static void
put_code_block(struct state *state, const MD_BLOCK_CODE_DETAIL *detail)
{
	char *language = detail->lang.size > 0 ? markdown_attribute(&detail->lang) : NULL;

	buf_puts(state->out, "<pre");
	if (language != NULL) {
		buf_puts(state->out, " data-language=\"");
		markdown_put_escaped(state->out, language, strlen(language));
		buf_putc(state->out, '"');
	}
	buf_puts(state->out, "><code>");
	free(language);
}

static void
put_item(struct state *state, const MD_BLOCK_LI_DETAIL *detail)
{
	buf_puts(state->out, "<li>");
	if (detail->is_task)
		buf_puts(state->out, detail->task_mark == ' ' ? "☐ " : "☑ ");
}

static bool
put_cell(struct state *state, const MD_BLOCK_TD_DETAIL *detail, const char *name)
{
	static const char *const classes[] = {[MD_ALIGN_DEFAULT] = "",
	    [MD_ALIGN_LEFT] = "",
	    [MD_ALIGN_CENTER] = " class=\"center\"",
	    [MD_ALIGN_RIGHT] = " class=\"right\""};

	buf_printf(state->out, "<%s%s>", name, classes[detail->align]);
	return state->cells++ < state->cells_max;
}

static int
heading_level(const struct state *state, const void *detail)
{
	int level = (int)((const MD_BLOCK_H_DETAIL *)detail)->level + state->levels;

	return level < 6 ? level : 6;
}

/* Blocks that are an element without more, by type. */
static const char *const elements[] = {
    [MD_BLOCK_QUOTE] = "blockquote",
    [MD_BLOCK_UL] = "ul",
    [MD_BLOCK_OL] = "ol",
    [MD_BLOCK_LI] = "li",
    [MD_BLOCK_P] = "p",
    [MD_BLOCK_TABLE] = "table",
    [MD_BLOCK_THEAD] = "thead",
    [MD_BLOCK_TBODY] = "tbody",
    [MD_BLOCK_TR] = "tr",
    [MD_BLOCK_TH] = "th",
    [MD_BLOCK_TD] = "td",
};

static int
enter_block(MD_BLOCKTYPE type, void *detail, void *arg)
{
	struct state *state = arg;

	close_spans(state);
	switch (type) {
	case MD_BLOCK_DOC:
	case MD_BLOCK_HTML:
		break;
	case MD_BLOCK_HR:
		buf_puts(state->out, "<hr>\n");
		break;
	case MD_BLOCK_H:
		buf_printf(state->out, "<h%d>", heading_level(state, detail));
		break;
	case MD_BLOCK_CODE:
		put_code_block(state, detail);
		break;
	case MD_BLOCK_OL:
		buf_printf(
		    state->out, "<ol start=\"%u\">\n", ((MD_BLOCK_OL_DETAIL *)detail)->start);
		break;
	case MD_BLOCK_LI:
		put_item(state, detail);
		break;
	case MD_BLOCK_TH:
	case MD_BLOCK_TD:
		return !put_cell(state, detail, elements[type]);
	default:
		buf_printf(state->out, "<%s>", elements[type]);
	}
	return 0;
}

static int
leave_block(MD_BLOCKTYPE type, void *detail, void *arg)
{
	struct state *state = arg;

	close_spans(state);
	if (type == MD_BLOCK_H)
		buf_printf(state->out, "</h%d>\n", heading_level(state, detail));
	else if (type == MD_BLOCK_CODE)
		buf_puts(state->out, "</code></pre>\n");
	else if (type != MD_BLOCK_DOC && type != MD_BLOCK_HTML && type != MD_BLOCK_HR)
		buf_printf(state->out, "</%s>\n", elements[type]);
	return 0;
}

static void
open_link(struct state *state, const MD_SPAN_A_DETAIL *detail, struct open_span *span)
{
	char *target = markdown_attribute(&detail->href);

	span->end = "";
	if (markdown_can_open(target) && state->links == 0) {
		put_target(state->out, target);
		span->end = "</a>";
	}
	state->links++;
	free(target);
}

static int
enter_span(MD_SPANTYPE type, void *detail, void *arg)
{
	struct state *state = arg;
	struct open_span span = {.type = type, .end = ""};

	switch (type) {
	case MD_SPAN_EM:
		buf_puts(state->out, "<em>");
		span.end = "</em>";
		break;
	case MD_SPAN_STRONG:
		buf_puts(state->out, "<strong>");
		span.end = "</strong>";
		break;
	case MD_SPAN_CODE:
		buf_puts(state->out, "<code>");
		span.end = "</code>";
		break;
	case MD_SPAN_DEL:
		buf_puts(state->out, "<del>");
		span.end = "</del>";
		break;
	case MD_SPAN_A:
		open_link(state, detail, &span);
		break;
	case MD_SPAN_IMG:
		/* Loading it would tell its server who reads. */
		buf_putc(state->out, '[');
		span.end = "]";
		span.target = markdown_attribute(&((MD_SPAN_IMG_DETAIL *)detail)->src);
		break;
	default:
		break;
	}
	array_push(&state->spans, span);
	return 0;
}

static int
leave_span(MD_SPANTYPE type, void *detail, void *arg)
{
	struct state *state = arg;
	size_t at = state->spans.len;

	(void)detail;
	while (at > 0 && state->spans.items[at - 1].type != type)
		at--;
	/* Nor does it enter every span it leaves. */
	while (at > 0 && state->spans.len >= at)
		close_span(state);
	return 0;
}

static int
add_text(MD_TEXTTYPE type, const MD_CHAR *text, MD_SIZE size, void *arg)
{
	struct state *state = arg;
	struct buf decoded = BUF_EMPTY;

	if (type == MD_TEXT_BR || type == MD_TEXT_SOFTBR) {
		buf_puts(state->out, "<br>\n");
	} else if (type == MD_TEXT_ENTITY) {
		markdown_decode_entity(&decoded, text, size);
		put_text(state->out, decoded.data, decoded.len);
		buf_done(&decoded);
	} else {
		put_text(state->out, text, size);
	}
	return 0;
}

static bool
parse(struct state *state, const char *source, size_t len)
{
	static const MD_PARSER parser = {
	    .enter_block = enter_block,
	    .leave_block = leave_block,
	    .enter_span = enter_span,
	    .leave_span = leave_span,
	    .text = add_text,
	};

	return markdown_read(&parser, source, len, state);
}

void
markdown_html(struct buf *out, const char *source, size_t len, int levels)
{
	struct state state = {.out = out, .levels = levels, .cells_max = MARKDOWN_CELLS_MIN + len};
	size_t start = out->len;
	struct buf clean = BUF_EMPTY;

	if (!markdown_is_modest(source, len) || !parse(&state, source, len)) {
		buf_truncate(out, start);
		sanitize(&clean, source, len, SANITIZE_TEXT);
		buf_puts(out, "<pre>");
		markdown_put_escaped(out, clean.data, clean.len);
		buf_puts(out, "</pre>\n");
		buf_done(&clean);
	}
	for (size_t i = 0; i < state.spans.len; i++)
		free(state.spans.items[i].target);
	array_done(&state.spans);
}
