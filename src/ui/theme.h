/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef UI_THEME_H
#define UI_THEME_H

/*
 * Style name → colours and attributes. The built-in themes use the terminal's
 * own foreground and background and only colours that can be read on both.
 */

#include <stdbool.h>
#include <stdint.h>

#include "text/style.h"

struct error;

enum {
	LOOK_BOLD = 1,
	LOOK_DIM = 2,
	LOOK_ITALIC = 4,
	LOOK_UNDERLINE = 8,
	LOOK_REVERSE = 16,
	LOOK_STRIKE = 32,
};

struct look {
	int fg, bg; /* -1: the terminal's; 0 to 255: its palette */
	unsigned attributes;
};

struct theme {
	struct look looks[STYLE_COUNT];
};

/* name: auto, dark, light, none. auto is for either background. False if there is no such theme. */
bool theme_find(const char *name, struct theme *);

/*
 * The same, else the file themes/NAME.yaml beside the profile: a map of style
 * names (text/style.h) to {fg: COLOUR, bg: COLOUR, attributes: [bold, ...]} over
 * the theme named by its key base (auto). ERR_CONFIG says what is wrong where.
 */
bool theme_load(const char *name, struct theme *, struct error *);

#endif
