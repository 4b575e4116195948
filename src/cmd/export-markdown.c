/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/i18n.h"
#include "base/mem.h"
#include "base/sanitize.h"
#include "cmd/export-parts.h"
#include "text/markdown.h"

/*
 * Title: level 1. Of one path the entries are level 2; of a tree the branches
 * are, and the entries level 3. Headings in what was said are below those.
 */

static int
entry_level(const struct exporting *export)
{
	return export->tree ? 3 : 2;
}

/* One line of foreign text in which nothing is markup. */
static void
put_line(struct buf *out, const char *text)
{
	char *clean = sanitize_line(text);

	for (const char *p = clean; *p != '\0'; p++) {
		if (strchr("\\`*_[]<>#|~&", *p) != NULL)
			buf_putc(out, '\\');
		buf_putc(out, *p);
	}
	free(clean);
}

/* Ids are full of underscores, which are easier to copy as they are. */
static void
put_id(struct buf *out, const char *id)
{
	char *clean = sanitize_line(id);

	if (strchr(clean, '`') == NULL)
		buf_printf(out, "`%s`", clean);
	else
		put_line(out, clean);
	free(clean);
}

/* A source list ends with its last line, everything else with a blank one. */
static void
put_gap(struct buf *out)
{
	if (out->len > 1 && out->data[out->len - 2] != '\n')
		buf_putc(out, '\n');
}

static void
put_heading(struct exporting *export, int level, const char *text)
{
	buf_pad(export->out, '#', (size_t)level);
	buf_putc(export->out, ' ');
	put_line(export->out, text);
	buf_puts(export->out, "\n\n");
}

static void
code(struct exporting *export, const char *name, const char *language, const char *text, size_t len)
{
	struct buf clean = BUF_EMPTY;

	sanitize(&clean, text, len, SANITIZE_TEXT);
	buf_printf(export->out, "%s:\n\n", name);
	markdown_put_code(export->out, language, clean.data, clean.len);
	buf_putc(export->out, '\n');
	buf_done(&clean);
}

static void
begin(struct exporting *export)
{
	const struct bundle *bundle = export->bundle;
	const struct conversation *c =
	    bundle->branches.items[export->tree ? 0 : bundle->branches.len - 1].conversation;
	char *time = export_time(c->updated_at != NULL ? c->updated_at : c->created_at);

	put_heading(export, 1, export->title);
	put_id(export->out, c->id);
	if (c->connection != NULL) {
		buf_puts(export->out, " · ");
		put_line(export->out, c->connection);
	}
	buf_puts(export->out, " · ");
	put_line(export->out, time);
	buf_puts(export->out, "\n\n");
	free(time);
	if (c->instructions != NULL)
		code(export, _("Instructions"), "", c->instructions, strlen(c->instructions));
}

static void
branch(struct exporting *export, size_t at)
{
	char *name = bundle_branch_name(export->bundle, at), *origin = export_origin(export, at);
	char *title = xasprintf(
	    export->bundle->branches.items[at].hidden ? _("Branch %s (hidden)") : _("Branch %s"),
	    name);

	put_heading(export, 2, title);
	if (origin != NULL) {
		put_line(export->out, origin);
		buf_puts(export->out, "\n\n");
	}
	free(title);
	free(origin);
	free(name);
}

static void
branch_end(struct exporting *export)
{
	(void)export;
}

static void
entry(struct exporting *export, struct bundle_place place, const char *who)
{
	const struct entry *said =
	    export->bundle->branches.items[place.branch].conversation->entries.items[place.entry];
	char *time = export_time(said->created_at), *title;

	if (export->tree)
		title = xasprintf("%zu · %s · %s", export_number(export, place), who, time);
	else
		title = xasprintf("%s · %s", who, time);
	put_heading(export, entry_level(export), title);
	free(title);
	free(time);
}

static void
note(struct exporting *export, const char *text)
{
	put_gap(export->out);
	buf_puts(export->out, "*");
	put_line(export->out, text);
	buf_puts(export->out, "*\n\n");
}

static void
words(struct exporting *export, const char *markdown, size_t len)
{
	markdown_nest(export->out, markdown, len, entry_level(export));
	buf_putc(export->out, '\n');
}

/* As a quote, which nothing in it can end. */
static void
thinking(struct exporting *export, const char *markdown, size_t len)
{
	struct buf text = BUF_EMPTY;
	const char *line, *end;

	markdown_nest(&text, markdown, len, entry_level(export));
	buf_printf(export->out, "> **%s**\n>\n", _("Thinking"));
	for (line = text.data; *line != '\0'; line = *end != '\0' ? end + 1 : end) {
		end = line + strcspn(line, "\n");
		buf_puts(export->out, end > line ? "> " : ">");
		buf_add(export->out, line, (size_t)(end - line));
		buf_putc(export->out, '\n');
	}
	buf_putc(export->out, '\n');
	buf_done(&text);
}

static void
thing(struct exporting *export, const char *kind, const char *name, const struct chunk *chunk)
{
	(void)chunk;
	buf_printf(export->out, "- %s: ", kind);
	put_line(export->out, name);
	buf_puts(export->out, "\n\n");
}

/* Between "<" and ">" a link can have anything but those and a line's end. */
static void
source(struct exporting *export, int number, const char *title, const char *url)
{
	char *clean = sanitize_line(url);

	if (number == 1)
		buf_printf(export->out, "%s:\n\n", _("Sources"));
	buf_printf(export->out, "%d. ", number);
	if (markdown_can_open(clean) && strpbrk(clean, "<>\\ ") == NULL) {
		buf_putc(export->out, '[');
		put_line(export->out, title);
		buf_printf(export->out, "](<%s>)\n", clean);
	} else {
		put_line(export->out, title);
		if (clean[0] != '\0')
			buf_putc(export->out, ' ');
		put_line(export->out, clean);
		buf_putc(export->out, '\n');
	}
	free(clean);
}

static void
forks(struct exporting *export, const size_t *branches, size_t count)
{
	struct buf names = BUF_EMPTY;
	char *text;

	for (size_t i = 0; i < count; i++) {
		char *name = bundle_branch_name(export->bundle, branches[i]);

		buf_printf(&names, "%s%s", i > 0 ? ", " : "", name);
		free(name);
	}
	text = xasprintf(_("Branches from here: %s"), names.data);
	note(export, text);
	free(text);
	buf_done(&names);
}

static void
entry_end(struct exporting *export)
{
	put_gap(export->out);
}

static void
end(struct exporting *export)
{
	/* One newline at the end, as any text has. */
	while (export->out->len > 1 && export->out->data[export->out->len - 2] == '\n')
		buf_truncate(export->out, export->out->len - 1);
}

const struct export_ops export_markdown = {
    .begin = begin,
    .branch = branch,
    .branch_end = branch_end,
    .entry = entry,
    .note = note,
    .words = words,
    .thinking = thinking,
    .code = code,
    .thing = thing,
    .source = source,
    .forks = forks,
    .entry_end = entry_end,
    .end = end,
};
