/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

/*
 * Each tests/markdown/x.md is shown 40 and 80 columns wide and compared with
 * x.40 and x.80, and, where there is an x.styles, with the styles it has.
 *
 *	UPDATE=1 unit/test-markdown
 *
 * writes them anew; read the difference before you keep it. A row of x.40
 * begins with "|", with "+" if it goes on in the next row, or with ">" if it
 * is cut at the right. The locale stays "C", so widths are utf8proc's.
 */

#include <dirent.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/buf.h"
#include "base/error.h"
#include "base/mem.h"
#include "base/path.h"
#include "base/sanitize.h"
#include "base/utf8.h"
#include "text/entity.h"
#include "text/markdown.h"
#include "text/wrap.h"

#define FILE_MAX ((size_t)1 << 20)

static const char *
data_folder(void)
{
	static char folder[4096];
	const char *srcdir = getenv("srcdir");

	snprintf(folder, sizeof(folder), "%s/markdown", srcdir != NULL ? srcdir : ".");
	return folder;
}

static bool
read_data(const char *name, const char *extension, struct buf *out)
{
	struct error err = ERROR_NONE;
	char *path = xasprintf("%s/%s%s", data_folder(), name, extension);
	bool good = path_read(path, FILE_MAX, out, &err);

	error_done(&err);
	free(path);
	return good;
}

static void
write_data(const char *name, const char *extension, const struct buf *bytes)
{
	struct error err = ERROR_NONE;
	char *path = xasprintf("%s/%s%s", data_folder(), name, extension);

	if (!path_replace(path, bytes->data, bytes->len, 0644, &err))
		fail_msg("%s", err.text);
	error_done(&err);
	free(path);
}

static int
compare_names(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

typedef ARRAY(char *) name_list;

/* The documents, without ".md", sorted. */
static void
list_documents(name_list *names)
{
	DIR *dir = opendir(data_folder());
	const struct dirent *entry;

	if (dir == NULL)
		fail_msg("%s cannot be opened; is srcdir set?", data_folder());
	while ((entry = readdir(dir)) != NULL) {
		const char *dot = strrchr(entry->d_name, '.');

		if (dot != NULL && strcmp(dot, ".md") == 0)
			array_push(names, xstrndup(entry->d_name, (size_t)(dot - entry->d_name)));
	}
	closedir(dir);
	qsort(names->items, names->len, sizeof(names->items[0]), compare_names);
	assert_true(names->len >= 25);
}

static void
free_names(name_list *names)
{
	for (size_t i = 0; i < names->len; i++)
		free(names->items[i]);
	array_done(names);
}

static void
dump_rows(struct buf *out, const char *source, size_t len, int width)
{
	struct markdown md;
	row_list rows = {0};

	markdown_init(&md);
	markdown_parse(&md, source, len, STYLE_NORMAL);
	wrap_markdown(&rows, &md, width, 0);
	for (size_t i = 0; i < rows.len; i++) {
		const struct row *row = &rows.items[i];

		buf_putc(out, row->wide ? '>' : row->soft ? '+' : '|');
		buf_add(out, row->text.bytes.data, row->text.bytes.len);
		buf_putc(out, '\n');
	}
	row_list_done(&rows);
	markdown_done(&md);
}

static void
dump_styles(struct buf *out, const char *source, size_t len)
{
	struct markdown md;
	row_list rows = {0};

	markdown_init(&md);
	markdown_parse(&md, source, len, STYLE_NORMAL);
	wrap_markdown(&rows, &md, 80, 0);
	for (size_t i = 0; i < rows.len; i++) {
		const struct text *text = &rows.items[i].text;
		const char *bytes = text->bytes.data;

		for (size_t k = 0; k < text->runs.len; k++) {
			const struct run *run = &text->runs.items[k];

			buf_printf(out, "%s", style_name(run->style));
			if (run->link > 0)
				buf_printf(out, ":%d", run->link);
			buf_printf(out, " [%.*s]\n", (int)run->len, bytes);
			bytes += run->len;
		}
		buf_puts(out, "-\n");
	}
	for (size_t i = 0; i < md.links.len; i++)
		buf_printf(out, "link %zu: %s\n", i + 1, md.links.items[i]);
	for (size_t i = 0; i < md.codes.len; i++)
		buf_printf(out, "code %zu: %zu bytes\n", i + 1, strlen(md.codes.items[i]));
	row_list_done(&rows);
	markdown_done(&md);
}

/* Returns 1 if they differ, after saying so. */
static int
compare(const char *name, const char *extension, const struct buf *got, bool must_exist)
{
	struct buf expected = BUF_EMPTY;
	bool exists = read_data(name, extension, &expected);
	bool same =
	    exists && expected.len == got->len && memcmp(expected.data, got->data, got->len) == 0;

	if (!exists && !must_exist)
		same = true;
	else if (!same && getenv("UPDATE") != NULL)
		write_data(name, extension, got);
	else if (!same)
		print_error(
		    "%s%s: expected\n%s\ngot\n%s\n", name, extension, expected.data, got->data);
	same = same || getenv("UPDATE") != NULL;
	buf_done(&expected);
	return !same;
}

static void
test_documents(void **unused)
{
	name_list names = {0};
	int wrong = 0;

	(void)unused;
	list_documents(&names);
	for (size_t i = 0; i < names.len; i++) {
		struct buf source = BUF_EMPTY, got = BUF_EMPTY;

		assert_true(read_data(names.items[i], ".md", &source));
		dump_rows(&got, source.data, source.len, 40);
		wrong += compare(names.items[i], ".40", &got, true);
		buf_clear(&got);
		dump_rows(&got, source.data, source.len, 80);
		wrong += compare(names.items[i], ".80", &got, true);
		buf_clear(&got);
		dump_styles(&got, source.data, source.len);
		wrong += compare(names.items[i], ".styles", &got, false);
		buf_done(&got);
		buf_done(&source);
	}
	free_names(&names);
	assert_int_equal(wrong, 0);
}

/* What must hold for the rows of any document at any width. */
static void
check_rows(const row_list *rows, int width)
{
	for (size_t i = 0; i < rows->len; i++) {
		const struct row *row = &rows->items[i];
		size_t covered = 0;

		for (size_t k = 0; k < row->text.runs.len; k++)
			covered += row->text.runs.items[k].len;
		assert_int_equal(covered, row->text.bytes.len);
		assert_true(utf8_valid(row->text.bytes.data, row->text.bytes.len));
		assert_null(strpbrk(row->text.bytes.data, "\n\t\r\033"));
		assert_int_equal(strlen(row->text.bytes.data), row->text.bytes.len);
		/* Nothing here has a cluster of more than eight columns. */
		if (width >= 8)
			assert_true(utf8_width(row->text.bytes.data, row->text.bytes.len) <= width);
	}
}

static void
test_every_width(void **unused)
{
	name_list names = {0};

	(void)unused;
	list_documents(&names);
	for (size_t i = 0; i < names.len; i++) {
		struct buf source = BUF_EMPTY;
		struct markdown md;

		assert_true(read_data(names.items[i], ".md", &source));
		markdown_init(&md);
		markdown_parse(&md, source.data, source.len, STYLE_THINKING);
		for (int width = -1; width < 130; width++) {
			row_list rows = {0};

			wrap_markdown(&rows, &md, width, width % 3);
			check_rows(&rows, width);
			row_list_done(&rows);
		}
		markdown_done(&md);
		buf_done(&source);
	}
	free_names(&names);
}

/* A text that grows byte by byte: never a crash, never an invalid row. */
static void
test_every_cut(void **unused)
{
	name_list names = {0};

	(void)unused;
	list_documents(&names);
	for (size_t i = 0; i < names.len; i++) {
		struct buf source = BUF_EMPTY;

		assert_true(read_data(names.items[i], ".md", &source));
		for (size_t len = 0; len <= source.len && len < 3000; len++) {
			struct markdown md;
			row_list rows = {0};
			char *copy = xmalloc(len);

			/* A copy of just that size, so that reading beyond it is noticed. */
			memcpy(copy, source.data, len);
			markdown_init(&md);
			markdown_parse(&md, copy, len, STYLE_NORMAL);
			wrap_markdown(&rows, &md, 30, 0);
			check_rows(&rows, 30);
			row_list_done(&rows);
			markdown_done(&md);
			free(copy);
		}
		buf_done(&source);
	}
	free_names(&names);
}

static void
dump_in_two(struct buf *out, const char *source, size_t len, size_t closed, int width)
{
	struct markdown md;
	row_list rows = {0};
	size_t blocks, links, codes;

	markdown_init(&md);
	markdown_parse(&md, source, closed, STYLE_NORMAL);
	wrap_markdown(&rows, &md, width, 0);
	blocks = md.blocks.len;
	links = md.links.len;
	codes = md.codes.len;
	/* As a growing text does it: an earlier tail is parsed, dropped, and parsed again. */
	markdown_parse(&md, source + closed, (len - closed) / 2, STYLE_NORMAL);
	markdown_cut(&md, blocks, links, codes);
	markdown_parse(&md, source + closed, len - closed, STYLE_NORMAL);
	wrap_markdown_from(&rows, &md, blocks, width, 0);
	for (size_t i = 0; i < rows.len; i++) {
		const struct row *row = &rows.items[i];

		buf_putc(out, row->wide ? '>' : row->soft ? '+' : '|');
		buf_add(out, row->text.bytes.data, row->text.bytes.len);
		buf_putc(out, '\n');
	}
	row_list_done(&rows);
	markdown_done(&md);
}

static void
test_closed(void **unused)
{
	name_list names = {0};
	size_t useful = 0;

	(void)unused;
	list_documents(&names);
	for (size_t i = 0; i < names.len; i++) {
		struct buf source = BUF_EMPTY, whole = BUF_EMPTY;

		assert_true(read_data(names.items[i], ".md", &source));
		dump_rows(&whole, source.data, source.len, 60);
		for (size_t len = 0; len <= source.len; len++) {
			size_t closed = markdown_closed(source.data, len);
			struct buf got = BUF_EMPTY;

			useful += closed > 0;
			assert_true(closed <= len);
			/* A definition that is still to come makes the whole be parsed again. */
			if (memmem(source.data, source.len, "]:", 2) != NULL)
				closed = 0;
			dump_in_two(&got, source.data, source.len, closed, 60);
			if (strcmp(got.data, whole.data) != 0)
				fail_msg("%s, %zu closed of %zu: expected\n%s\ngot\n%s",
				    names.items[i], closed, len, whole.data, got.data);
			buf_done(&got);
		}
		buf_done(&whole);
		buf_done(&source);
	}
	free_names(&names);
	assert_true(useful > 1000);
}

struct repeat {
	const char *name, *head, *piece, *tail;
};

/* Texts made to be slow: each is repeated to 128 KiB, and must not take long or fail. */
static const struct repeat repeats[] = {
    {"quotes", "", ">", "x"},
    {"quotes in lines", "", "> > > > > > > > > > x\n", ""},
    {"lists", "", "- ", "x"},
    {"deeper and deeper", "", "* * * * * * * * * * * * * * * * * * * * x\n", ""},
    {"brackets", "", "[", "]"},
    {"links", "", "[a](", ""},
    {"images", "", "![", "](x)"},
    {"stars", "", "*a **b ", ""},
    {"tildes", "", "~~a ~", ""},
    {"backticks", "", "`a``b", ""},
    {"angles", "", "<a ", ""},
    {"entities", "", "&lt;&#27;", ""},
    {"tabs", "", "\t", "x"},
    {"spaces", "a", " ", "x"},
    {"one word", "", "x", ""},
    {"rules", "", "---\n", ""},
    {"fences", "", "```\n", ""},
    {"escapes", "", "\033[31m", ""},
    {"marks", "e", "\xcc\x81", ""},
    {"joiners", "\xf0\x9f\x91\xa8", "\xe2\x80\x8d\xf0\x9f\x91\xa8", ""},
    {"jamo", "", "\xe1\x84\x80", ""},
    {"bad bytes", "", "\xff\xc0\xaf", ""},
    {"wide header", "", "|a", "|\n"},
    {"definitions", "", "[a]: b\n", "[a]"},
    {"urls", "", "http://a.b/c ", ""},
    {"formulas", "", "\\(", ""},
    {"displayed formulas", "", "$$\n", ""},
    {"dashes", "", "a-b\xe2\x80\x94", ""},
};

static void
test_hostile(void **unused)
{
	(void)unused;
	for (size_t i = 0; i < sizeof(repeats) / sizeof(repeats[0]); i++) {
		struct buf source = BUF_EMPTY;
		struct markdown md;
		row_list rows = {0};

		buf_puts(&source, repeats[i].head);
		while (source.len < 128 * 1024)
			buf_puts(&source, repeats[i].piece);
		buf_puts(&source, repeats[i].tail);
		markdown_init(&md);
		/* Hangs are for the test's time limit to find; it is the order that matters. */
		alarm(60);
		markdown_parse(&md, source.data, source.len, STYLE_NORMAL);
		wrap_markdown(&rows, &md, 80, 0);
		alarm(0);
		assert_true(md.blocks.len > 0 || strcmp(repeats[i].name, "definitions") == 0);
		/* "> > > …" is never indented to the end of the screen. */
		check_rows(&rows, 80);
		row_list_done(&rows);
		markdown_done(&md);
		buf_done(&source);
	}
}

/* What these are put together to at random finds what nobody thinks of. */
static const char *const pieces[] = {"a", "word ", "\n", "\n\n", "- ", "1. ", "> ", "    ", "```",
    "```\n", "~~~\n", "|", "|-|-|\n", "---", "===\n", "*", "**", "_", "`", "``", "[", "](", "]",
    "(http://x)", ")", "![", "<", "http://a.b", "&lt;", "&#27;", "&#x301;", "\\", "$$", "\\(",
    "\\)", "\\[", "\\]", "~~", "# ", "## ", "\t", "\r", "\r\n", "\033[", "\xe2\x80\xae",
    "\xf0\x9f\x91\xa8", "\xe2\x80\x8d", "\xcc\x81", "\xe4\xb8\xad", "\xe3\x80\x82", "\xff",
    "\xf3\xb0\x80\x81", "]: ", "[x] ", "- [ ] ", ":-:|", "x|y\n-|-\n", "   ", "+ ", "10) ", "<b>",
    "\xe1\x85\xa1", "\xe1\x84\x80"};

static void
make_random(struct buf *out, uint32_t *seed)
{
	size_t count;

	*seed = *seed * 1664525 + 1013904223;
	count = 1 + (*seed >> 16) % 120;
	while (count-- > 0) {
		*seed = *seed * 1664525 + 1013904223;
		buf_puts(out, pieces[(*seed >> 16) % (sizeof(pieces) / sizeof(pieces[0]))]);
	}
}

static void
test_random(void **unused)
{
	uint32_t seed = 1;

	(void)unused;
	for (int i = 0; i < 3000; i++) {
		struct buf source = BUF_EMPTY, whole = BUF_EMPTY, parts = BUF_EMPTY;
		struct markdown md;
		row_list rows = {0};
		int width = 8 + i % 60;
		size_t closed;

		make_random(&source, &seed);
		markdown_init(&md);
		markdown_parse(&md, source.data, source.len, STYLE_NORMAL);
		wrap_markdown(&rows, &md, width, i % 5);
		check_rows(&rows, width);
		for (size_t k = 0; k < rows.len; k++)
			if (!sanitize_is_clean(rows.items[k].text.bytes.data,
				rows.items[k].text.bytes.len, SANITIZE_TEXT))
				fail_msg(
				    "\"%s\" of\n%s", rows.items[k].text.bytes.data, source.data);
		closed = markdown_closed(source.data, source.len);
		dump_rows(&whole, source.data, source.len, 60);
		dump_in_two(&parts, source.data, source.len, closed, 60);
		if (strcmp(whole.data, parts.data) != 0)
			fail_msg("%zu closed of\n%s\nexpected\n%s\ngot\n%s", closed, source.data,
			    whole.data, parts.data);
		row_list_done(&rows);
		markdown_done(&md);
		buf_done(&source);
		buf_done(&whole);
		buf_done(&parts);
	}
}

/* What would take too long to parse is shown, all the same. */
static void
test_immodest(void **unused)
{
	static const char piece[] = "http://a.b/c **x**\n";
	struct buf source = BUF_EMPTY;
	struct markdown md;

	(void)unused;
	while (source.len < 300 * 1024)
		buf_puts(&source, piece);
	assert_false(markdown_is_modest(source.data, source.len));
	assert_int_equal(markdown_closed(source.data, source.len), 0);
	markdown_init(&md);
	markdown_parse(&md, source.data, source.len, STYLE_THINKING);
	assert_int_equal(md.blocks.len, 1);
	assert_int_equal(md.links.len, 0);
	assert_int_equal(md.blocks.items[0].text.bytes.len, source.len);
	assert_int_equal(md.blocks.items[0].text.runs.items[0].style, STYLE_THINKING);
	markdown_done(&md);
	/* In paragraphs it is no trouble. */
	buf_clear(&source);
	while (source.len < 300 * 1024) {
		buf_puts(&source, piece);
		buf_puts(&source, "\n");
	}
	assert_true(markdown_is_modest(source.data, source.len));
	buf_done(&source);
}

/* A header of 4000 columns over 4000 empty rows would be 16 million cells. */
static void
test_cells_bounded(void **unused)
{
	struct buf source = BUF_EMPTY;
	struct markdown md;
	row_list rows = {0};

	(void)unused;
	for (int i = 0; i < 4000; i++)
		buf_puts(&source, "|a");
	buf_puts(&source, "|\n");
	for (int i = 0; i < 4000; i++)
		buf_puts(&source, "|-");
	buf_puts(&source, "|\n");
	for (int i = 0; i < 4000; i++)
		buf_puts(&source, "|x|\n");
	markdown_init(&md);
	markdown_parse(&md, source.data, source.len, STYLE_NORMAL);
	assert_int_equal(md.blocks.len, 1);
	assert_int_equal(md.blocks.items[0].type, BLOCK_PARAGRAPH);
	wrap_markdown(&rows, &md, 80, 0);
	assert_true(rows.len > 4000);
	row_list_done(&rows);
	markdown_done(&md);
	buf_done(&source);
}

static void
test_numbers_go_on(void **unused)
{
	static const char source[] = "```\na\n```\n[x](http://a)\n";
	struct markdown md;

	(void)unused;
	markdown_init(&md);
	markdown_parse(&md, source, strlen(source), STYLE_NORMAL);
	markdown_parse(&md, source, strlen(source), STYLE_NORMAL);
	assert_int_equal(md.codes.len, 2);
	assert_string_equal(md.codes.items[1], "a\n");
	assert_int_equal(md.links.len, 2);
	assert_int_equal(md.blocks.len, 4);
	assert_int_equal(md.blocks.items[2].level, 2);
	markdown_cut(&md, 2, 1, 1);
	assert_int_equal(md.blocks.len, 2);
	assert_int_equal(md.codes.len, 1);
	markdown_done(&md);
}

static void
test_code_source_is_whole(void **unused)
{
	static const char source[] =
	    "> 1. ```c\n>    int\ta;\n>\n>      return \"\033[0m\";\n>    ```\n";
	struct markdown md;

	(void)unused;
	markdown_init(&md);
	markdown_parse(&md, source, strlen(source), STYLE_NORMAL);
	assert_int_equal(md.codes.len, 1);
	assert_string_equal(md.codes.items[0], "int\ta;\n\n  return \"^[[0m\";\n");
	assert_string_equal(md.blocks.items[0].language, "c");
	markdown_done(&md);
}

/* Only these may be opened; everything else is text. */
static void
test_link_targets(void **unused)
{
	static const struct {
		const char *source, *target;
	} cases[] = {
	    {"[a](http://x)", "http://x"},
	    {"[a](HTTPS://x)", "HTTPS://x"},
	    {"<me@x.org>", "mailto:me@x.org"},
	    {"www.x.org", "http://www.x.org"},
	    {"[a](http://x?a=1&amp;b=2)", "http://x?a=1&b=2"},
	    {"[a](<http://x/\033]8;;>)", "http://x/^[]8;;"},
	    {"[a](http://x/&#x202e;b)", "http://x/<U+202E>b"},
	    {"[a](javascript:alert(1))", NULL},
	    {"[a](file:///etc/passwd)", NULL},
	    {"[a](data:text/html;base64,xxxx)", NULL},
	    {"[a](&#106;avascript:x)", NULL},
	    {"[a](/relative)", NULL},
	    {"[a]()", NULL},
	    {"<ftp://x.org>", NULL},
	};

	(void)unused;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct markdown md;

		markdown_init(&md);
		markdown_parse(&md, cases[i].source, strlen(cases[i].source), STYLE_NORMAL);
		assert_int_equal(md.links.len, cases[i].target != NULL);
		if (cases[i].target != NULL)
			assert_string_equal(md.links.items[0], cases[i].target);
		markdown_done(&md);
	}
}

static void
test_entities(void **unused)
{
	static const struct {
		const char *entity, *text;
	} cases[] = {
	    {"&amp;", "&"},
	    {"&AElig;", "Æ"},
	    {"&zwnj;", "\u200c"},
	    {"&CounterClockwiseContourIntegral;", "∳"},
	    {"&NotEqualTilde;", "≂̸"},
	    {"&#8211;", "–"},
	    {"&#x1F600;", "😀"},
	    {"&#X41;", "A"},
	    {"&#0;", "\ufffd"},
	    {"&#xD800;", "\ufffd"},
	    {"&#99999999999999999999;", "\ufffd"},
	    {"&nosuch;", ""},
	    {"&amp", ""},
	    {"&;", ""},
	    {"&#;", ""},
	    {"&#x;", ""},
	    {"&#12a;", ""},
	    {"&aVeryLongNameThatIsLongerThanAnyInTheTable;", ""},
	};

	(void)unused;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		char text[9] = {0};
		size_t len = entity_decode(cases[i].entity, strlen(cases[i].entity), text);

		assert_int_equal(len, strlen(cases[i].text));
		assert_memory_equal(text, cases[i].text, len);
	}
}

/* As a part of another document: nothing in it can end that or begin something in it. */
static void
test_nest(void **state)
{
	static const struct {
		const char *source, *nested;
	} cases[] = {
	    {"", "\n"},
	    {"plain\n\n\n", "plain\n"},
	    {"# One\n## Two ##\n###### Six", "### One\n#### Two ##\n###### Six\n"},
	    {"> # in a quote\n- ## in a list", "> ### in a quote\n- #### in a list\n"},
	    {"Setext\n===\ntext", "Setext\n\\===\ntext\n"},
	    {"**Rule**\n---\ntext", "**Rule**\n\n---\ntext\n"},
	    {"> a\n> ---", "> a\n> \n> ---\n"},
	    {"one\n-", "one\n\\-\n"},
	    {"# `code` last", "### `code` last\n"},
	    {"a <b>bold</b> `<b>` <https://x.org>", "a \\<b>bold\\</b> `<b>` <https://x.org>\n"},
	    {"<div>\n# no\n</div>", "\\<div>\n### no\n\\</div>\n"},
	    {"<!--\n\nrest", "\\<!--\n\nrest\n"},
	    {"<div>\n```\n<x>\n```\n</div>", "\\<div>\n```\n<x>\n```\n\\</div>\n"},
	    {"<script>\n```\nopen", "\\<script>\n```\nopen\n````\n"},
	    {"    <b> indented", "    <b> indented\n"},
	    {"```\n# no\n<b>\n```", "```\n# no\n<b>\n```\n"},
	    {"```c\nopen", "```c\nopen\n````\n"},
	    {"~~~~\nopen", "~~~~\nopen\n~~~~~\n"},
	    {"- ```\n  open", "- ```\n  open\n"},
	    {"a\x1b[2J\xe2\x80\xae", "a^[[2J<U+202E>\n"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct buf out = BUF_EMPTY, again = BUF_EMPTY;

		markdown_nest(&out, cases[i].source, strlen(cases[i].source), 2);
		assert_string_equal(out.data, cases[i].nested);
		/* Nothing is left to be done. */
		markdown_nest(&again, out.data, out.len, 0);
		assert_string_equal(again.data, out.data);
		buf_done(&out);
		buf_done(&again);
	}
}

static void
test_html(void **state)
{
	static const struct {
		const char *source, *html;
	} cases[] = {
	    {"a *b* **c** ~~d~~ `<e>`",
		"<p>a <em>b</em> <strong>c</strong> <del>d</del> <code>&lt;e&gt;</code></p>\n"},
	    {"# H", "<h3>H</h3>\n"},
	    {"##### H", "<h6>H</h6>\n"},
	    {"<script>alert('1')</script>",
		"<p>&lt;script&gt;alert(&#39;1&#39;)&lt;/script&gt;</p>\n"},
	    {"[x](javascript:alert(1)) [y](<data:text/html,z>)", "<p>x y</p>\n"},
	    {"[x](https://a.org/?a=1&b=\"2\")", "<p><a rel=\"noopener noreferrer\" "
						"href=\"https://a.org/?a=1&amp;b=&quot;2&quot;\">"
						"x</a></p>\n"},
	    {"![alt](https://a.org/i.png)",
		"<p>[alt] <a rel=\"noopener noreferrer\" href=\"https://a.org/i.png\">"
		"https://a.org/i.png</a></p>\n"},
	    {"[![alt](https://b.org)](https://a.org)",
		"<p><a rel=\"noopener noreferrer\" href=\"https://a.org\">[alt]</a></p>\n"},
	    {"&lt;b&gt; &#x202e; &amp;", "<p>&lt;b&gt; &lt;U+202E&gt; &amp;</p>\n"},
	    {"```c\" onload=\"x\n<a>\n```",
		"<pre data-language=\"c&quot;\"><code>&lt;a&gt;\n</code></pre>\n"},
	    {"3. a\n4. b", "<ol start=\"3\">\n<li>a</li>\n<li>b</li>\n</ol>\n"},
	    {"- [x] a\n- [ ] b", "<ul><li>☑ a</li>\n<li>☐ b</li>\n</ul>\n"},
	    {"> q\nline", "<blockquote><p>q<br>\nline</p>\n</blockquote>\n"},
	    {"|a|b|\n|---|--:|\n|1|2|",
		"<table><thead><tr><th>a</th>\n<th class=\"right\">b</th>\n</tr>\n</thead>\n"
		"<tbody><tr><td>1</td>\n<td class=\"right\">2</td>\n</tr>\n</tbody>\n</table>\n"},
	    {"\\(a_b_c\\)", "<p>\\(a_b_c\\)</p>\n"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct buf out = BUF_EMPTY;

		markdown_html(&out, cases[i].source, strlen(cases[i].source), 2);
		assert_string_equal(out.data, cases[i].html);
		buf_done(&out);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_documents),
	    cmocka_unit_test(test_every_width),
	    cmocka_unit_test(test_every_cut),
	    cmocka_unit_test(test_closed),
	    cmocka_unit_test(test_random),
	    cmocka_unit_test(test_hostile),
	    cmocka_unit_test(test_immodest),
	    cmocka_unit_test(test_cells_bounded),
	    cmocka_unit_test(test_numbers_go_on),
	    cmocka_unit_test(test_code_source_is_whole),
	    cmocka_unit_test(test_link_targets),
	    cmocka_unit_test(test_entities),
	    cmocka_unit_test(test_nest),
	    cmocka_unit_test(test_html),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
