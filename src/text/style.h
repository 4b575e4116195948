/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef TEXT_STYLE_H
#define TEXT_STYLE_H

/*
 * Names of styles. Text says what a thing is; the theme says how it looks.
 * The table of names in style.c is what a theme file may use.
 */

#include <stdbool.h>

enum style {
	STYLE_NORMAL,
	STYLE_DIM,
	STYLE_EMPHASIS,
	STYLE_STRONG,
	STYLE_STRIKE,
	STYLE_HEADING,
	STYLE_CODE, /* inline code */
	STYLE_CODE_BLOCK,
	STYLE_CODE_LABEL, /* the line above a block: [2] python */
	STYLE_QUOTE,
	STYLE_RULE, /* rules, table borders */
	STYLE_LINK,
	STYLE_URL,
	STYLE_BULLET,
	STYLE_USER, /* names in entry headers */
	STYLE_ASSISTANT,
	STYLE_TOOL,
	STYLE_THINKING,
	STYLE_TIME,
	STYLE_MARK, /* visible marks of unprintable characters */
	STYLE_NOTICE,
	STYLE_WARNING,
	STYLE_ERROR,
	STYLE_BORDER,
	STYLE_TITLE,
	STYLE_STATUS,
	STYLE_KEY, /* a key in a hint */
	STYLE_SELECTED,
	STYLE_SELECTED_DIM, /* the selection of a pane without the focus */
	STYLE_MATCH,
	STYLE_PROMPT,
	STYLE_PLACEHOLDER,
	STYLE_REMOVED, /* in a comparison: only on the left */
	STYLE_ADDED,   /* only on the right */
	STYLE_COUNT,
};

/* "code-block"; as themes spell it. */
const char *style_name(enum style);

/* False if there is no style of that name. */
bool style_find(const char *name, enum style *);

#endif
