/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include "text/markdown.h"

#include <stdint.h>
#include <string.h>

/*
 * A longer source is shown as it is, and so is one with a longer paragraph:
 * md4c 0.4.8 takes time by the square of the links in it.
 */
#define SOURCE_MAX ((size_t)2 << 20)
#define PARAGRAPH_MAX ((size_t)256 << 10)

/* A line of a source. */
struct line {
	const char *text; /* behind its indent */
	size_t len, indent;
};

static bool
is_blank(char c)
{
	return c == ' ' || c == '\t';
}

static struct line
line_of(const char *source, size_t len)
{
	struct line line = {.text = source, .len = len};

	if (line.len > 0 && line.text[line.len - 1] == '\r')
		line.len--;
	while (line.len > 0 && is_blank(line.text[line.len - 1]))
		line.len--;
	while (line.len > 0 && is_blank(*line.text)) {
		line.indent += *line.text == '\t' ? 4 : 1;
		line.text++;
		line.len--;
	}
	return line;
}

/* The length of the run of backticks or tildes that could open or close a fence. */
static size_t
fence_of(const struct line *line)
{
	size_t run = 0;

	if (line->len < 3 || (line->text[0] != '`' && line->text[0] != '~'))
		return 0;
	while (run < line->len && line->text[run] == line->text[0])
		run++;
	if (line->text[0] == '`' && memchr(line->text + run, '`', line->len - run) != NULL)
		return 0;
	return run >= 3 ? run : 0;
}

/* Whether such a line, behind a blank one, ends all lists before it. */
static bool
starts_afresh(const struct line *line)
{
	if (line->indent > 0 || strchr("-+0123456789", line->text[0]) != NULL)
		return false;
	return line->text[0] != '*' || (line->len > 1 && line->text[1] == '*');
}

bool
markdown_is_modest(const char *source, size_t len)
{
	const char *gap;

	if (len > SOURCE_MAX)
		return false;
	while (len > PARAGRAPH_MAX && (gap = memmem(source, len, "\n\n", 2)) != NULL) {
		if ((size_t)(gap - source) > PARAGRAPH_MAX)
			return false;
		len -= (size_t)(gap - source) + 2;
		source = gap + 2;
	}
	return len <= PARAGRAPH_MAX;
}

/*
 * Whether a fence stands in a list or quote, or might. It may end without being
 * closed, and md4c 0.4.8 and the standard do not agree where.
 */
static bool
has_inner_fence(const struct line *line)
{
	if (starts_afresh(line) && line->text[0] != '>')
		return false;
	return memmem(line->text, line->len, "```", 3) != NULL ||
	       memmem(line->text, line->len, "~~~", 3) != NULL;
}

size_t
markdown_closed(const char *source, size_t len)
{
	size_t closed = 0, next, run, fence = 0;
	bool blank = true;
	char fence_char = '\0';

	/* A definition of a link may give a meaning to brackets long before it. */
	if (!markdown_is_modest(source, len) || memmem(source, len, "]:", 2) != NULL)
		return 0;
	for (size_t at = 0; at < len; at = next) {
		const char *end = memchr(source + at, '\n', len - at);
		struct line line;

		next = end != NULL ? (size_t)(end - source) + 1 : len;
		line = line_of(source + at, end != NULL ? next - 1 - at : len - at);
		if (line.len == 0) {
			blank = true;
			continue;
		}
		run = fence_of(&line);
		if (fence > 0) {
			if (run >= fence && line.text[0] == fence_char && run == line.len)
				fence = line.indent > 3 ? SIZE_MAX : 0;
		} else if (has_inner_fence(&line)) {
			return closed;
		} else {
			if (blank && starts_afresh(&line))
				closed = at;
			fence = run;
			fence_char = line.text[0];
		}
		blank = false;
	}
	return closed;
}
