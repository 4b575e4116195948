/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include <locale.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/sanitize.h"
#include "base/utf8.h"
#include "fuzz/fuzz.h"
#include "text/markdown.h"
#include "text/wrap.h"

/*
 * Any source, drawn at the width that the first byte says: every row fits, or
 * is marked as cut; no row holds a control character or one that turns the
 * direction of writing, and the text of every block is as the display boundary
 * leaves it. Styles cover the bytes. Links go only where a browser may be sent.
 */

enum { WIDTHS = 200 };

static bool
is_harmful(uint32_t code)
{
	return code < 0x20 || (code >= 0x7f && code < 0xa0) || code == 0x061c || code == 0x200e ||
	       code == 0x200f || (code >= 0x2028 && code <= 0x202e) ||
	       (code >= 0x2066 && code <= 0x2069) || code == 0xfeff ||
	       (code >= 0xe0000 && code <= 0xe007f) || code >= SANITIZE_HIDDEN;
}

static void
check_runs(const struct text *text)
{
	size_t len = 0;

	for (size_t i = 0; i < text->runs.len; i++) {
		MUST(text->runs.items[i].len > 0 && text->runs.items[i].style < STYLE_COUNT);
		MUST(text->runs.items[i].link >= 0);
		len += text->runs.items[i].len;
	}
	MUST(len == text->bytes.len);
}

static void
check_row(const struct row *row, int width)
{
	const struct buf *bytes = &row->text.bytes;
	size_t used;

	check_runs(&row->text);
	MUST(utf8_valid(bytes->data, bytes->len));
	MUST(row->wide || utf8_width(bytes->data, bytes->len) <= width);
	for (size_t i = 0; i < bytes->len; i += used)
		MUST(!is_harmful(utf8_decode(bytes->data + i, bytes->len - i, &used)));
}

static void
check_text(const struct text *text)
{
	check_runs(text);
	MUST(sanitize_is_clean(text->bytes.data, text->bytes.len, SANITIZE_TEXT));
}

static void
check_document(const struct markdown *md)
{
	for (size_t i = 0; i < md->blocks.len; i++) {
		const struct block *block = &md->blocks.items[i];

		check_text(&block->first);
		check_text(&block->rest);
		check_text(&block->gap);
		check_text(&block->text);
		for (size_t k = 0; k < block->cells.len; k++)
			check_text(&block->cells.items[k]);
	}
	for (size_t i = 0; i < md->links.len; i++)
		MUST(strncasecmp(md->links.items[i], "http", 4) == 0 ||
		     strncasecmp(md->links.items[i], "mailto:", 7) == 0);
}

int
LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
	struct markdown md;
	row_list rows = {0};
	int width;

	if (len == 0)
		return 0;
	setlocale(LC_ALL, "C.UTF-8");
	width = 1 + bytes[0] % WIDTHS;
	markdown_init(&md);
	markdown_parse(&md, (const char *)bytes + 1, len - 1, STYLE_NORMAL);
	check_document(&md);
	wrap_markdown(&rows, &md, width, 0);
	for (size_t i = 0; i < rows.len; i++)
		check_row(&rows.items[i], width);
	row_list_done(&rows);
	markdown_done(&md);
	return 0;
}
