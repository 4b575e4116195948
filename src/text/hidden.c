/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include "text/hidden.h"

#include <ctype.h>
#include <string.h>

#include "base/buf.h"
#include "base/sanitize.h"
#include "base/utf8.h"

/* Those of formulas stand 0x80 behind those of marks. */
#define HIDDEN_FORMULA (SANITIZE_HIDDEN + 0x80)

static bool
is_blank(char c)
{
	return c == ' ' || c == '\t';
}

/*
 * Formulas, as models write them. Escaped brackets within a line are more often
 * just that: brackets.
 */
static const struct {
	char open[3], close[3];
	bool starts_line;
} formulas[] = {{"\\(", "\\)", false}, {"\\[", "\\]", true}, {"$$", "$$", false}};

#define FORMULAS (sizeof(formulas) / sizeof(formulas[0]))

/* Longer ones are not looked for. */
#define FORMULA_MAX 4096

static bool
is_blank_line(const char *text, size_t len)
{
	size_t at = 0;

	while (at < len && is_blank(text[at]))
		at++;
	return at < len && text[at] == '\n';
}

/* Whether only spaces and quote marks stand before it in its line. */
static bool
starts_line(const char *text, size_t at)
{
	while (at > 0 && (is_blank(text[at - 1]) || text[at - 1] == '>'))
		at--;
	return at == 0 || text[at - 1] == '\n';
}

/*
 * The end of the formula that begins at `at`, or 0 if there is none: before a
 * blank line if it starts its line, else in its line. Up to *searched there is
 * no end, so nothing is searched twice.
 */
static size_t
formula_end(const char *text, size_t len, size_t at, const char *close, size_t *searched)
{
	size_t from = at + 2 > *searched ? at + 2 : *searched;
	size_t limit = len - at > FORMULA_MAX ? at + FORMULA_MAX : len;

	for (size_t i = from; i + 1 < limit; i++) {
		*searched = i;
		if (memcmp(text + i, close, 2) == 0)
			return i + 2;
		if (text[i] == '\n' &&
		    (!starts_line(text, at) || is_blank_line(text + i + 1, len - i - 1)))
			return 0;
	}
	return 0;
}

/* Hides what could be markup in a formula; not what may end the code or the quote around it. */
static void
hide_formula(struct buf *out, const char *text, size_t len)
{
	bool line_start = false;
	char hidden[4];

	for (size_t i = 0; i < len; i++) {
		if ((unsigned char)text[i] < 0x80 && ispunct(text[i]) &&
		    strchr("`~", text[i]) == NULL && !(line_start && text[i] == '>'))
			buf_add(out, hidden,
			    utf8_encode(HIDDEN_FORMULA + (unsigned char)text[i], hidden));
		else
			buf_putc(out, text[i]);
		line_start =
		    text[i] == '\n' || (line_start && (is_blank(text[i]) || text[i] == '>'));
	}
}

void
hidden_add_formulas(struct buf *out, const char *text, size_t len)
{
	size_t searched[FORMULAS] = {0}, done = 0, end;

	for (size_t at = 0; at + 1 < len; at++) {
		if (text[at] != '\\' && text[at] != '$')
			continue;
		end = 0;
		for (size_t i = 0; i < FORMULAS && end == 0; i++)
			if (memcmp(text + at, formulas[i].open, 2) == 0 &&
			    (!formulas[i].starts_line || starts_line(text, at)))
				end = formula_end(text, len, at, formulas[i].close, &searched[i]);
		if (end > 0) {
			buf_add(out, text + done, at - done);
			hide_formula(out, text + at, end - at);
			done = end;
			at = end - 1;
		} else if (text[at] == '\\') {
			at++;
		}
	}
	buf_add(out, text + done, len - done);
}

bool
hidden_at(const char *text, size_t len)
{
	return len >= HIDDEN_SIZE && memcmp(text, "\xf3\xb0", 2) == 0 &&
	       ((unsigned char)text[2] & 0xfc) == 0x80;
}

bool
hidden_is_mark(const char *hidden)
{
	return (hidden[2] & 2) == 0;
}

char
hidden_char(const char *hidden)
{
	return (char)((hidden[2] & 1) << 6 | (hidden[3] & 0x3f));
}

size_t
hidden_find(const char *text, size_t len)
{
	const char *at = text, *end = text + len;

	while ((at = memchr(at, '\xf3', (size_t)(end - at))) != NULL) {
		if (hidden_at(at, (size_t)(end - at)))
			return (size_t)(at - text);
		at++;
	}
	return len;
}
