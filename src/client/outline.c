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

char *
outline_text(const struct tree *tree, const struct outline_line *line, int columns)
{
	struct buf out, tail;

	buf_init(&out, 0);
	if (line->type == OUTLINE_FORK || line->depth == 0) {
		char *name = tree_branch_name(tree, line->conversation);

		/* A line after a fork goes on with a branch that has begun above. */
		buf_printf(&out, "%s%s  ", name, begins(tree, line) ? "" : " …");
		free(name);
	}
	buf_init(&tail, 0);
	if (line->prompts > 0)
		buf_printf(
		    &tail, ngettext("(%zu turn)", "(%zu turns)", line->prompts), line->prompts);
	else if (line->entries > 0)
		buf_puts(&tail, _("(another answer)"));
	else
		buf_puts(&tail, _("(empty)"));
	if (line->end)
		buf_puts(&tail, " ◀");
	if (line->preview != NULL && line->preview[0] != '\0') {
		char *preview = sanitize_line(line->preview);
		int used, room = columns - utf8_width(out.data, out.len) -
				 utf8_width(tail.data, tail.len) - 2;
		size_t len = strlen(preview),
		       fit = columns > 0 ? utf8_fit(preview, len, room > 0 ? room : 0, &used) : len;

		if (fit < len && room > 1)
			fit = utf8_fit(preview, len, room - 1, &used);
		buf_add(&out, preview, fit);
		buf_puts(&out, fit < len ? "…  " : "  ");
		free(preview);
	}
	buf_add(&out, tail.data, tail.len);
	buf_done(&tail);
	return buf_take(&out);
}
