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
 * One file that loads nothing: the policy in its head forbids what could slip
 * through. Everything foreign goes through put_line(), put_block() or
 * markdown_html().
 */
static const char head[] =
    "<meta charset=\"utf-8\">\n"
    "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; "
    "style-src 'unsafe-inline'; img-src data:\">\n"
    "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
    "<meta name=\"referrer\" content=\"no-referrer\">\n"
    "<style>\n"
    ":root{color-scheme:light dark;--fg:#1a1a1a;--bg:#fff;--dim:#666;--line:#ddd;--soft:#f5f5f5;"
    "--user:#0b57d0;--link:#0b57d0}\n"
    "@media(prefers-color-scheme:dark){:root{--fg:#e4e4e4;--bg:#161616;--dim:#9a9a9a;"
    "--line:#3a3a3a;--soft:#222;--user:#8ab4f8;--link:#8ab4f8}}\n"
    "body{margin:0;color:var(--fg);background:var(--bg);font:16px/1.55 system-ui,sans-serif}\n"
    "main{max-width:46rem;margin:0 auto;padding:1rem}\n"
    "a{color:var(--link)}h1{font-size:1.5rem}h2{font-size:1.2rem}\n"
    "section section{border-left:2px solid var(--line);padding-left:1rem;margin-left:.2rem}\n"
    "article{border-top:1px solid var(--line);padding:.6rem 0;overflow-wrap:anywhere}\n"
    "article>header{display:flex;justify-content:space-between;gap:1rem;font-weight:600}\n"
    ".user>header{color:var(--user)}time,.dim{color:var(--dim);font-weight:400;font-size:.9em}\n"
    "pre{background:var(--soft);padding:.7rem;overflow-x:auto;overflow-wrap:normal}\n"
    "pre[data-language]::before{content:attr(data-language);display:block;color:var(--dim);"
    "font-size:.8em}\n"
    "code{font-family:ui-monospace,monospace;font-size:.92em}\n"
    "details{background:var(--soft);padding:.3rem .7rem;margin:.5rem 0}\n"
    "summary{cursor:pointer;color:var(--dim)}blockquote{margin-left:0;padding-left:1rem;"
    "border-left:3px solid var(--line)}\n"
    "table{border-collapse:collapse;display:block;overflow-x:auto}"
    "th,td{border:1px solid var(--line);padding:.25rem .5rem}\n"
    ".right{text-align:right}.center{text-align:center}img{max-width:100%}\n"
    "@media print{details{background:none}pre{white-space:pre-wrap}}\n"
    "</style>\n";

static void
put_line(struct buf *out, const char *text)
{
	char *clean = sanitize_line(text);

	markdown_put_escaped(out, clean, strlen(clean));
	free(clean);
}

static void
put_block(struct buf *out, const char *text, size_t len)
{
	struct buf clean = BUF_EMPTY;

	sanitize(&clean, text, len, SANITIZE_TEXT);
	markdown_put_escaped(out, clean.data, clean.len);
	buf_done(&clean);
}

static void
put_details(struct buf *out, const char *summary)
{
	buf_puts(out, "<details><summary>");
	put_line(out, summary);
	buf_puts(out, "</summary>\n");
}

/* The branches as a list in lists, each with a link to its section. */
static void
put_outline(struct exporting *export)
{
	ARRAY(size_t) open = {0};

	buf_printf(export->out, "<nav><h2>%s</h2>\n<ul>\n", _("Branches"));
	for (size_t i = 0; i < export->order.depth_first.len; i++) {
		size_t at = export->order.depth_first.items[i];
		const struct conversation *c = export->bundle->branches.items[at].conversation;
		char *name = bundle_branch_name(export->bundle, at);

		while (open.len > 0 &&
		       open.items[open.len - 1] != export->order.forks.items[at].branch) {
			buf_puts(export->out, "</ul></li>\n");
			open.len--;
		}
		buf_printf(export->out, "<li><a href=\"#b%zu\">", at + 1);
		put_line(export->out, name);
		buf_puts(export->out, "</a> <span class=\"dim\">");
		if (c->entries.len > 0) {
			char *preview = export_preview(c->entries.items[0], 70);

			put_line(export->out, preview);
			free(preview);
		}
		buf_puts(export->out, "</span>\n<ul>\n");
		array_push(&open, at);
		free(name);
	}
	for (; open.len > 0; open.len--)
		buf_puts(export->out, "</ul></li>\n");
	buf_puts(export->out, "</ul></nav>\n");
	array_done(&open);
}

static void
begin(struct exporting *export)
{
	const struct bundle *bundle = export->bundle;
	const struct conversation *c =
	    bundle->branches.items[export->tree ? 0 : bundle->branches.len - 1].conversation;
	char *time = export_time(c->updated_at != NULL ? c->updated_at : c->created_at);

	buf_puts(export->out, "<!DOCTYPE html>\n<html>\n<head>\n");
	buf_puts(export->out, head);
	buf_puts(export->out, "<title>");
	put_line(export->out, export->title);
	buf_puts(export->out, "</title>\n</head>\n<body>\n<main>\n<h1>");
	put_line(export->out, export->title);
	buf_puts(export->out, "</h1>\n<p class=\"dim\">");
	put_line(export->out, c->id);
	if (c->connection != NULL) {
		buf_puts(export->out, " · ");
		put_line(export->out, c->connection);
	}
	buf_puts(export->out, " · ");
	put_line(export->out, time);
	buf_puts(export->out, "</p>\n");
	free(time);
	if (c->instructions != NULL) {
		put_details(export->out, _("Instructions"));
		buf_puts(export->out, "<pre>");
		put_block(export->out, c->instructions, strlen(c->instructions));
		buf_puts(export->out, "</pre></details>\n");
	}
	if (export->tree)
		put_outline(export);
}

static void
branch(struct exporting *export, size_t at)
{
	char *name = bundle_branch_name(export->bundle, at), *origin = export_origin(export, at);
	char *title = xasprintf(
	    export->bundle->branches.items[at].hidden ? _("Branch %s (hidden)") : _("Branch %s"),
	    name);
	struct bundle_place fork = export->order.forks.items[at];

	buf_printf(export->out, "<section id=\"b%zu\"><h2>", at + 1);
	put_line(export->out, title);
	buf_puts(export->out, "</h2>\n");
	if (origin != NULL) {
		buf_puts(export->out, "<p class=\"dim\">");
		if (fork.entry != BUNDLE_NOWHERE)
			buf_printf(export->out, "<a href=\"#e%zu\">", export_number(export, fork));
		put_line(export->out, origin);
		buf_puts(export->out, fork.entry != BUNDLE_NOWHERE ? "</a></p>\n" : "</p>\n");
	}
	free(title);
	free(origin);
	free(name);
}

static void
branch_end(struct exporting *export)
{
	buf_puts(export->out, "</section>\n");
}

static void
entry(struct exporting *export, struct bundle_place place, const char *who)
{
	const struct entry *said =
	    export->bundle->branches.items[place.branch].conversation->entries.items[place.entry];
	char *time = export_time(said->created_at);

	buf_printf(export->out, "<article id=\"e%zu\"%s><header><span>",
	    export_number(export, place), entry_is_prompt(said) ? " class=\"user\"" : "");
	put_line(export->out, who);
	buf_puts(export->out, "</span><time>");
	put_line(export->out, time);
	buf_puts(export->out, "</time></header>\n");
	free(time);
}

static void
note(struct exporting *export, const char *text)
{
	buf_puts(export->out, "<p class=\"dim\">");
	put_line(export->out, text);
	buf_puts(export->out, "</p>\n");
}

static void
words(struct exporting *export, const char *markdown, size_t len)
{
	markdown_html(export->out, markdown, len, 2);
}

static void
thinking(struct exporting *export, const char *markdown, size_t len)
{
	put_details(export->out, _("Thinking"));
	markdown_html(export->out, markdown, len, 2);
	buf_puts(export->out, "</details>\n");
}

static void
code(struct exporting *export, const char *name, const char *language, const char *text, size_t len)
{
	(void)language;
	put_details(export->out, name);
	buf_puts(export->out, "<pre><code>");
	put_block(export->out, text, len);
	buf_puts(export->out, "</code></pre></details>\n");
}

/* A picture that is in the conversation itself, of a kind that runs nothing. */
static bool
is_picture(const struct buf *text)
{
	static const char *const kinds[] = {"data:image/png;base64,", "data:image/jpeg;base64,",
	    "data:image/gif;base64,", "data:image/webp;base64,"};
	static const char base64[] =
	    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/=";

	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		size_t len = strlen(kinds[i]);

		if (strncmp(text->data, kinds[i], len) == 0)
			return len + strspn(text->data + len, base64) == text->len;
	}
	return false;
}

static void
thing(struct exporting *export, const char *kind, const char *name, const struct chunk *chunk)
{
	if (chunk->type == CHUNK_IMAGE_URL && is_picture(&chunk->text)) {
		buf_puts(export->out, "<p><img alt=\"");
		put_line(export->out, kind);
		buf_puts(export->out, "\" src=\"");
		buf_add(export->out, chunk->text.data, chunk->text.len);
		buf_puts(export->out, "\"></p>\n");
		return;
	}
	buf_puts(export->out, "<p class=\"dim\">");
	put_line(export->out, kind);
	buf_puts(export->out, ": ");
	put_line(export->out, name);
	buf_puts(export->out, "</p>\n");
}

static void
source(struct exporting *export, int number, const char *title, const char *url)
{
	char *clean = sanitize_line(url);

	buf_printf(export->out, "<p class=\"dim\">[%d] ", number);
	if (markdown_can_open(clean)) {
		buf_puts(export->out, "<a rel=\"noopener noreferrer\" href=\"");
		markdown_put_escaped(export->out, clean, strlen(clean));
		buf_puts(export->out, "\">");
		put_line(export->out, title);
		buf_puts(export->out, "</a>");
	} else {
		put_line(export->out, title);
		buf_putc(export->out, ' ');
		markdown_put_escaped(export->out, clean, strlen(clean));
	}
	buf_puts(export->out, "</p>\n");
	free(clean);
}

static void
forks(struct exporting *export, const size_t *branches, size_t count)
{
	buf_printf(export->out, "<p class=\"dim\">%s", _("Branches from here:"));
	for (size_t i = 0; i < count; i++) {
		char *name = bundle_branch_name(export->bundle, branches[i]);

		buf_printf(export->out, " <a href=\"#b%zu\">", branches[i] + 1);
		put_line(export->out, name);
		buf_puts(export->out, "</a>");
		free(name);
	}
	buf_puts(export->out, "</p>\n");
}

static void
entry_end(struct exporting *export)
{
	buf_puts(export->out, "</article>\n");
}

static void
end(struct exporting *export)
{
	buf_puts(export->out, "</main>\n</body>\n</html>\n");
}

const struct export_ops export_html = {
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
