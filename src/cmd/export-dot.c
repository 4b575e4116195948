/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/i18n.h"
#include "base/mem.h"
#include "base/sanitize.h"
#include "cmd/export-parts.h"

/*
 * A graph for Graphviz. A node stands for the entries between two forks, a
 * heavier edge leads into a branch.
 */

#define LABEL_COLUMNS 40

/* A string between quotes: only those and the backslash mean something there. */
static void
put_string(struct buf *out, const char *text)
{
	char *clean = sanitize_line(text);

	for (const char *p = clean; *p != '\0'; p++) {
		if (*p == '"' || *p == '\\')
			buf_putc(out, '\\');
		buf_putc(out, *p);
	}
	free(clean);
}

static bool
is_fork(const struct exporting *export, struct bundle_place place)
{
	for (size_t i = 0; i < export->order.forks.len; i++)
		if (export->order.forks.items[i].branch == place.branch &&
		    export->order.forks.items[i].entry == place.entry)
			return true;
	return false;
}

/* The run an entry is in is named by its last entry: a fork ends a run. */
static struct bundle_place
run_end(const struct exporting *export, struct bundle_place place)
{
	const struct conversation *c = export->bundle->branches.items[place.branch].conversation;

	while (place.entry + 1 < c->entries.len && !is_fork(export, place))
		place.entry++;
	return place;
}

static void
put_node(struct exporting *export, struct bundle_place first, struct bundle_place last)
{
	const struct conversation *c = export->bundle->branches.items[first.branch].conversation;
	size_t count = last.entry - first.entry + 1;
	char *preview = export_preview(c->entries.items[first.entry], LABEL_COLUMNS);

	buf_printf(export->out, "  e%zu [label=\"", export_number(export, last));
	put_string(export->out, preview);
	buf_printf(export->out, "\\n");
	buf_printf(export->out, ngettext("%zu entry", "%zu entries", count), count);
	buf_printf(export->out, "\"%s];\n",
	    entry_is_prompt(c->entries.items[first.entry]) ? "" : ", style=rounded");
	free(preview);
}

/* What leads to the first run of a branch. */
static void
put_edge(struct exporting *export, size_t at, const char *to)
{
	struct bundle_place fork = export->order.forks.items[at];
	char *name = bundle_branch_name(export->bundle, at);

	if (fork.entry != BUNDLE_NOWHERE)
		buf_printf(export->out, "  e%zu -> %s [style=bold, label=\"",
		    export_number(export, fork), to);
	else
		buf_printf(export->out, "  start -> %s [label=\"", to);
	put_string(export->out, name);
	buf_puts(export->out, "\"];\n");
	free(name);
}

static void
put_branch(struct exporting *export, size_t at)
{
	const struct conversation *c = export->bundle->branches.items[at].conversation;
	struct bundle_place first = {at, 0}, last;
	char *node;

	if (c->entries.len == 0) {
		node = xasprintf("b%zu", at + 1);
		buf_printf(export->out, "  %s [label=\"%s\"];\n", node, _("(empty)"));
		put_edge(export, at, node);
		free(node);
		return;
	}
	for (; first.entry < c->entries.len; first.entry = last.entry + 1) {
		last = run_end(export, first);
		put_node(export, first, last);
		node = xasprintf("e%zu", export_number(export, last));
		if (first.entry == 0)
			put_edge(export, at, node);
		else
			buf_printf(
			    export->out, "  e%zu -> %s;\n", export_number(export, first) - 1, node);
		free(node);
	}
}

void
export_dot(struct exporting *export)
{
	buf_puts(export->out, "digraph conversation {\n  node [shape=box];\n  start [label=\"");
	put_string(export->out, export->title);
	buf_puts(export->out, "\", shape=plaintext];\n");
	for (size_t i = 0; i < export->order.depth_first.len; i++)
		put_branch(export, export->order.depth_first.items[i]);
	buf_puts(export->out, "}\n");
}
