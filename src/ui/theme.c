/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include "ui/theme.h"

#include <stddef.h>
#include <string.h>

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/*
 * The palette's first colours. Black, white and yellow are left out: as text
 * each of them vanishes on one of the usual backgrounds.
 */
enum {
	NO_COLOUR = -1,
	RED = 1,
	GREEN = 2,
	BLUE = 4,
	MAGENTA = 5,
	CYAN = 6,
	BRIGHT = 8,
};

/* A style that is more than plain text. */
struct ink {
	enum style style;
	int fg;
	unsigned attributes;
};

/* The styles that mean the same in every theme: shape, not colour. */
static const struct ink common_inks[] = {
    {STYLE_DIM, NO_COLOUR, LOOK_DIM},
    {STYLE_EMPHASIS, NO_COLOUR, LOOK_ITALIC},
    {STYLE_STRONG, NO_COLOUR, LOOK_BOLD},
    {STYLE_STRIKE, NO_COLOUR, LOOK_STRIKE},
    {STYLE_TITLE, NO_COLOUR, LOOK_BOLD},
    {STYLE_SELECTED, NO_COLOUR, LOOK_REVERSE},
    {STYLE_SELECTED_DIM, NO_COLOUR, LOOK_UNDERLINE},
    {STYLE_MATCH, NO_COLOUR, LOOK_REVERSE | LOOK_BOLD},
    {STYLE_PLACEHOLDER, NO_COLOUR, LOOK_DIM},
};

/* For either background: red, green, magenta and cyan stand off both. */
static const struct ink auto_inks[] = {
    {STYLE_HEADING, MAGENTA, LOOK_BOLD},
    {STYLE_CODE, CYAN, 0},
    {STYLE_CODE_LABEL, CYAN, LOOK_BOLD},
    {STYLE_QUOTE, GREEN, LOOK_ITALIC},
    {STYLE_RULE, NO_COLOUR, LOOK_DIM},
    {STYLE_LINK, CYAN, LOOK_UNDERLINE},
    {STYLE_URL, NO_COLOUR, LOOK_UNDERLINE},
    {STYLE_BULLET, MAGENTA, 0},
    {STYLE_USER, GREEN, LOOK_BOLD},
    {STYLE_ASSISTANT, MAGENTA, LOOK_BOLD},
    {STYLE_TOOL, CYAN, 0},
    {STYLE_THINKING, NO_COLOUR, LOOK_DIM | LOOK_ITALIC},
    {STYLE_TIME, NO_COLOUR, LOOK_DIM},
    {STYLE_MARK, RED, LOOK_REVERSE},
    {STYLE_NOTICE, CYAN, 0},
    {STYLE_WARNING, MAGENTA, LOOK_BOLD},
    {STYLE_ERROR, RED, LOOK_BOLD},
    {STYLE_BORDER, NO_COLOUR, LOOK_DIM},
    {STYLE_STATUS, NO_COLOUR, LOOK_REVERSE},
    {STYLE_KEY, CYAN, LOOK_BOLD},
    {STYLE_PROMPT, GREEN, LOOK_BOLD},
    {STYLE_REMOVED, RED, LOOK_BOLD},
    {STYLE_ADDED, GREEN, LOOK_UNDERLINE},
};

/* For a dark background. */
static const struct ink dark_inks[] = {
    {STYLE_HEADING, BRIGHT + MAGENTA, LOOK_BOLD},
    {STYLE_CODE, BRIGHT + CYAN, 0},
    {STYLE_CODE_LABEL, BRIGHT + CYAN, LOOK_BOLD},
    {STYLE_QUOTE, BRIGHT + GREEN, LOOK_ITALIC},
    {STYLE_RULE, NO_COLOUR, LOOK_DIM},
    {STYLE_LINK, BRIGHT + BLUE, LOOK_UNDERLINE},
    {STYLE_URL, NO_COLOUR, LOOK_UNDERLINE},
    {STYLE_BULLET, BRIGHT + MAGENTA, 0},
    {STYLE_USER, BRIGHT + GREEN, LOOK_BOLD},
    {STYLE_ASSISTANT, BRIGHT + MAGENTA, LOOK_BOLD},
    {STYLE_TOOL, BRIGHT + CYAN, 0},
    {STYLE_THINKING, NO_COLOUR, LOOK_DIM | LOOK_ITALIC},
    {STYLE_TIME, NO_COLOUR, LOOK_DIM},
    {STYLE_MARK, BRIGHT + RED, LOOK_REVERSE},
    {STYLE_NOTICE, BRIGHT + CYAN, 0},
    {STYLE_WARNING, BRIGHT + MAGENTA, LOOK_BOLD},
    {STYLE_ERROR, BRIGHT + RED, LOOK_BOLD},
    {STYLE_BORDER, BRIGHT + BLUE, 0},
    {STYLE_STATUS, NO_COLOUR, LOOK_REVERSE},
    {STYLE_KEY, BRIGHT + CYAN, LOOK_BOLD},
    {STYLE_PROMPT, BRIGHT + GREEN, LOOK_BOLD},
    {STYLE_REMOVED, BRIGHT + RED, LOOK_BOLD},
    {STYLE_ADDED, BRIGHT + GREEN, LOOK_UNDERLINE},
};

/* Only what is dark enough for paper: no green, no cyan. */
static const struct ink light_inks[] = {
    {STYLE_HEADING, MAGENTA, LOOK_BOLD},
    {STYLE_CODE, BLUE, 0},
    {STYLE_CODE_LABEL, BLUE, LOOK_BOLD},
    {STYLE_QUOTE, MAGENTA, LOOK_ITALIC},
    {STYLE_RULE, NO_COLOUR, LOOK_DIM},
    {STYLE_LINK, BLUE, LOOK_UNDERLINE},
    {STYLE_URL, NO_COLOUR, LOOK_UNDERLINE},
    {STYLE_BULLET, MAGENTA, 0},
    {STYLE_USER, BLUE, LOOK_BOLD},
    {STYLE_ASSISTANT, MAGENTA, LOOK_BOLD},
    {STYLE_TOOL, BLUE, 0},
    {STYLE_THINKING, NO_COLOUR, LOOK_DIM | LOOK_ITALIC},
    {STYLE_TIME, NO_COLOUR, LOOK_DIM},
    {STYLE_MARK, RED, LOOK_REVERSE},
    {STYLE_NOTICE, BLUE, 0},
    {STYLE_WARNING, RED, 0},
    {STYLE_ERROR, RED, LOOK_BOLD},
    {STYLE_BORDER, BLUE, 0},
    {STYLE_STATUS, NO_COLOUR, LOOK_REVERSE},
    {STYLE_KEY, BLUE, LOOK_BOLD},
    {STYLE_PROMPT, BLUE, LOOK_BOLD},
    {STYLE_REMOVED, RED, LOOK_BOLD},
    {STYLE_ADDED, BLUE, LOOK_UNDERLINE},
};

/* No colour at all; what colour says elsewhere is said by bold and underline. */
static const struct ink none_inks[] = {
    {STYLE_HEADING, NO_COLOUR, LOOK_BOLD | LOOK_UNDERLINE},
    {STYLE_CODE, NO_COLOUR, LOOK_BOLD},
    {STYLE_CODE_LABEL, NO_COLOUR, LOOK_BOLD},
    {STYLE_QUOTE, NO_COLOUR, LOOK_ITALIC},
    {STYLE_RULE, NO_COLOUR, LOOK_DIM},
    {STYLE_LINK, NO_COLOUR, LOOK_UNDERLINE},
    {STYLE_URL, NO_COLOUR, LOOK_UNDERLINE},
    {STYLE_BULLET, NO_COLOUR, LOOK_BOLD},
    {STYLE_USER, NO_COLOUR, LOOK_BOLD},
    {STYLE_ASSISTANT, NO_COLOUR, LOOK_BOLD | LOOK_UNDERLINE},
    {STYLE_TOOL, NO_COLOUR, LOOK_UNDERLINE},
    {STYLE_THINKING, NO_COLOUR, LOOK_DIM | LOOK_ITALIC},
    {STYLE_TIME, NO_COLOUR, LOOK_DIM},
    {STYLE_MARK, NO_COLOUR, LOOK_REVERSE},
    {STYLE_NOTICE, NO_COLOUR, LOOK_ITALIC},
    {STYLE_WARNING, NO_COLOUR, LOOK_BOLD},
    {STYLE_ERROR, NO_COLOUR, LOOK_BOLD | LOOK_REVERSE},
    {STYLE_STATUS, NO_COLOUR, LOOK_REVERSE},
    {STYLE_KEY, NO_COLOUR, LOOK_BOLD},
    {STYLE_PROMPT, NO_COLOUR, LOOK_BOLD},
    {STYLE_REMOVED, NO_COLOUR, LOOK_BOLD},
    {STYLE_ADDED, NO_COLOUR, LOOK_UNDERLINE},
};

static const struct {
	const char *name;
	const struct ink *inks;
	size_t count;
} themes[] = {
    {"auto", auto_inks, COUNT(auto_inks)},
    {"dark", dark_inks, COUNT(dark_inks)},
    {"light", light_inks, COUNT(light_inks)},
    {"none", none_inks, COUNT(none_inks)},
};

static void
put_inks(struct theme *theme, const struct ink *inks, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		theme->looks[inks[i].style].fg = inks[i].fg;
		theme->looks[inks[i].style].attributes = inks[i].attributes;
	}
}

bool
theme_find(const char *name, struct theme *theme)
{
	size_t t = 0;

	while (t < COUNT(themes) && strcmp(name, themes[t].name) != 0)
		t++;
	if (t == COUNT(themes))
		return false;
	for (size_t i = 0; i < STYLE_COUNT; i++)
		theme->looks[i] = (struct look){.fg = NO_COLOUR, .bg = NO_COLOUR};
	put_inks(theme, common_inks, COUNT(common_inks));
	put_inks(theme, themes[t].inks, themes[t].count);
	return true;
}
