/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef UI_KEY_H
#define UI_KEY_H

/*
 * One key. Parsed and printed as people write them: "C-x", "M-Enter", "F5",
 * "S-Tab", "PgUp", "a", "é", "Space". C-i is Tab, C-m Enter and C-[ Esc, as
 * terminals have it. A bracketed paste is one key with text.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum key_code {
	/* below 0x110000: a character */
	KEY_CODE_BASE = 0x110000,
	KEY_ENTER_,
	KEY_TAB,
	KEY_ESC,
	KEY_BACKSPACE_,
	KEY_DELETE,
	KEY_INSERT,
	KEY_UP_,
	KEY_DOWN_,
	KEY_LEFT_,
	KEY_RIGHT_,
	KEY_HOME_,
	KEY_END_,
	KEY_PAGE_UP,
	KEY_PAGE_DOWN,
	KEY_F_, /* KEY_F_ + 1 is F1, up to 24 */
	KEY_PASTE = KEY_F_ + 32,
	KEY_MOUSE_,
	KEY_RESIZE_,
	KEY_NONE_,
};

enum {
	KEY_CTRL = 1,
	KEY_ALT = 2,
	KEY_SHIFT = 4, /* of special keys only: a shifted letter is another letter */
};

enum mouse_event {
	MOUSE_PRESS,
	MOUSE_RELEASE,
	MOUSE_DOUBLE,
	MOUSE_WHEEL_UP,
	MOUSE_WHEEL_DOWN,
};

#define KEY_NAME_SIZE 32

struct key {
	uint32_t code;
	unsigned modifiers;
	char *text; /* paste: owned by whoever read the key; may hold anything */
	size_t len;
	int y, x; /* mouse */
	enum mouse_event mouse;
	bool pasted; /* Enter, C-j or Tab from within a paste that the terminal did not mark */
};

/* False if the name is no key. */
bool key_parse(const char *name, struct key *);

/*
 * Brings a key to the one form it is compared in, whichever way the terminal
 * reported it: C-i becomes Tab, C-A C-a, a shifted character itself.
 */
void key_normalise(struct key *);

/* At most size bytes with the NUL; KEY_NAME_SIZE is always enough. */
void key_print(const struct key *, char *name, size_t size);

/* Of pastes and mouse events only the kind is compared, not the text or the place. */
bool key_equal(const struct key *, const struct key *);

/* Whether it types a character: no Ctrl, no Alt, graphic. */
bool key_is_text(const struct key *);

#endif
