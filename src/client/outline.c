/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include "client/outline.h"

#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/i18n.h"
#include "base/mem.h"
#include "base/sanitize.h"
#include "base/utf8.h"
#include "model/lineage.h"
#include "text/markdown.h"

/* Deeper branches are told by their names. */
#define MAX_DEPTH 20

char *
outline_indent(const struct outline_line *line)
{
	struct buf out;
	int depth = line->depth < MAX_DEPTH ? line->depth : MAX_DEPTH;
	bool fork = depth > 0 && line->type == OUTLINE_FORK;

	buf_init(&out, 0);
	for (int i = 1; i <= (fork ? depth - 1 : depth); i++)
		buf_puts(&out, line->rails >> (i - 1) & 1 ? "│  " : "   ");
	if (fork)
		buf_puts(&out, line->last_sibling ? "└─ " : "├─ ");
	return buf_take(&out);
}

/* Whether the line holds the first entry of its branch. */
static bool
begins(const struct tree *tree, const struct outline_line *line)
{
	const struct tree_branch *branch = tree_branch_of(tree, line->conversation);

	return branch == NULL || branch->entries.len == 0 ||
	       branch->entries.items[0].key == line->first;
}

/* Headings in the middle of what was made one line. */
static void
drop_marks(char *line)
{
	char *to = line;

	for (const char *from = line; *from != '\0';) {
		size_t marks = from > line && from[-1] == ' ' ? strspn(from, "#") : 0;

		if (marks > 0 && marks <= 6 && from[marks] == ' ')
			from += marks + 1;
		else
			*to++ = *from++;
	}
	*to = '\0';
}

/*
 * The first words of an answer, without the marks of Markdown; those of a
 * prompt are its words as they were typed. One line, sanitised; yours.
 */
static char *
first_words(const struct outline_line *line)
{
	struct markdown document;
	char *words = NULL;

	if (line->prompts > 0 || !markdown_is_modest(line->preview, strlen(line->preview)))
		return sanitize_line(line->preview);
	markdown_init(&document);
	markdown_parse(&document, line->preview, strlen(line->preview), STYLE_NORMAL);
	for (size_t i = 0; i < document.blocks.len && words == NULL; i++)
		if (document.blocks.items[i].text.bytes.len > 0)
			words = sanitize_line(document.blocks.items[i].text.bytes.data);
	markdown_done(&document);
	if (words != NULL)
		drop_marks(words);
	return words != NULL ? words : sanitize_line(line->preview);
}

/* Who says an entry that has a line of its own. */
static const char *
speaker_mark(const struct tree *tree, const struct outline_line *line)
{
	size_t place;
	const struct tree_branch *branch = tree_owner(tree, line->first, &place);

	if (line->prompts > 0)
		return "> ";
	return branch != NULL && entry_is_tool(branch->entries.items[place].type) ? "· " : "  ";
}

char *
outline_text(const struct tree *tree, const struct outline_line *line, int columns)
{
	struct buf out, tail;

	buf_init(&out, 0);
	if (line->type == OUTLINE_FORK || (line->type == OUTLINE_RUN && line->depth == 0)) {
		char *name = tree_branch_name(tree, line->conversation);

		/* A line after a fork goes on with a branch that has begun above. */
		buf_printf(&out, "%s%s%s  ", name,
		    line->conversation == tree->preferred && begins(tree, line) ? " ★" : "",
		    begins(tree, line) ? "" : " …");
		free(name);
	}
	buf_init(&tail, 0);
	if (line->single)
		buf_puts(&out, speaker_mark(tree, line));
	else if (line->prompts > 0)
		buf_printf(
		    &tail, ngettext("(%zu turn)", "(%zu turns)", line->prompts), line->prompts);
	else if (line->entries > 0)
		buf_puts(&tail, _("(another answer)"));
	else
		buf_puts(&tail, _("(empty)"));
	if (line->end)
		buf_puts(&tail, " ◀");
	if (line->preview != NULL && line->preview[0] != '\0') {
		char *preview = first_words(line);
		int used, room = columns - utf8_width(out.data, out.len) -
				 utf8_width(tail.data, tail.len) - 2;
		size_t len = strlen(preview),
		       fit = columns > 0 ? utf8_fit(preview, len, room > 0 ? room : 0, &used) : len;

		if (fit < len && room > 1)
			fit = utf8_fit(preview, len, room - 1, &used);
		buf_add(&out, preview, fit);
		buf_puts(&out, fit < len ? "…" : "");
		buf_puts(&out, line->single ? "" : "  ");
		free(preview);
	}
	buf_add(&out, tail.data, tail.len);
	buf_done(&tail);
	return buf_take(&out);
}
