/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include "ui/key.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/utf8.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* The first name of a code is the one that is printed. */
static const struct {
	const char *name;
	uint32_t code;
} names[] = {
    {"Enter", KEY_ENTER_},
    {"Tab", KEY_TAB},
    {"Esc", KEY_ESC},
    {"Backspace", KEY_BACKSPACE_},
    {"Delete", KEY_DELETE},
    {"Insert", KEY_INSERT},
    {"Up", KEY_UP_},
    {"Down", KEY_DOWN_},
    {"Left", KEY_LEFT_},
    {"Right", KEY_RIGHT_},
    {"Home", KEY_HOME_},
    {"End", KEY_END_},
    {"PgUp", KEY_PAGE_UP},
    {"PgDn", KEY_PAGE_DOWN},
    {"Space", ' '},
    {"Paste", KEY_PASTE},
    {"Resize", KEY_RESIZE_},
    {"None", KEY_NONE_},
    {"Return", KEY_ENTER_},
    {"Escape", KEY_ESC},
    {"Del", KEY_DELETE},
    {"Ins", KEY_INSERT},
    {"PageUp", KEY_PAGE_UP},
    {"PageDown", KEY_PAGE_DOWN},
};

static const char *const mouse_names[] = {
    [MOUSE_PRESS] = "MousePress",
    [MOUSE_RELEASE] = "MouseRelease",
    [MOUSE_DOUBLE] = "MouseDouble",
    [MOUSE_WHEEL_UP] = "WheelUp",
    [MOUSE_WHEEL_DOWN] = "WheelDown",
};

/* The first three are printed, in this order. */
static const struct {
	const char *prefix;
	unsigned bit;
} modifiers[] = {
    {"C-", KEY_CTRL},
    {"M-", KEY_ALT},
    {"S-", KEY_SHIFT},
    {"A-", KEY_ALT},
    {"Ctrl-", KEY_CTRL},
    {"Alt-", KEY_ALT},
    {"Meta-", KEY_ALT},
    {"Shift-", KEY_SHIFT},
};

/* What a terminal cannot tell apart, or reports as the character of a special key. */
static const struct {
	uint32_t from, to;
	bool with_ctrl; /* holds for C-from only, and takes the C- away */
} aliases[] = {
    {'\t', KEY_TAB, false},
    {'\r', KEY_ENTER_, false},
    {'\033', KEY_ESC, false},
    {'\b', KEY_BACKSPACE_, false},
    {0x7f, KEY_BACKSPACE_, false},
    {'i', KEY_TAB, true},
    {'m', KEY_ENTER_, true},
    {'[', KEY_ESC, true},
    {'?', KEY_BACKSPACE_, true},
};

static bool
is_graphic(uint32_t code)
{
	if (code < 0x20 || (code >= 0x7f && code < 0xa0) || code >= KEY_CODE_BASE)
		return false;
	if ((code >= 0xd800 && code < 0xe000) || (code >= 0xfdd0 && code < 0xfdf0))
		return false;
	return (code & 0xfffe) != 0xfffe;
}

/* Whether a person can see which character it is. */
static bool
is_visible(uint32_t code)
{
	static const uint32_t spaces[] = {0xa0, 0x1680, 0x2000, 0x2001, 0x2002, 0x2003, 0x2004,
	    0x2005, 0x2006, 0x2007, 0x2008, 0x2009, 0x200a, 0x2028, 0x2029, 0x202f, 0x205f, 0x3000};

	for (size_t i = 0; i < COUNT(spaces); i++) {
		if (code == spaces[i])
			return false;
	}
	return (code > ' ' && code < 0x7f) || utf8_code_width(code) > 0;
}

static unsigned
parse_modifiers(const char **name)
{
	unsigned bits = 0;
	size_t i = 0;

	while (i < COUNT(modifiers)) {
		size_t len = strlen(modifiers[i].prefix);

		if (strncmp(*name, modifiers[i].prefix, len) == 0 && (*name)[len] != '\0') {
			bits |= modifiers[i].bit;
			*name += len;
			i = 0;
		} else {
			i++;
		}
	}
	return bits;
}

/* F1 to F24, U+200D. */
static bool
parse_number(const char *name, uint32_t *code)
{
	bool function = name[0] == 'F' || name[0] == 'f';
	const char *digits = name + (function ? 1 : 2);
	unsigned long value;
	char *end;

	if (!function && strncasecmp(name, "U+", 2) != 0)
		return false;
	if (*digits == '\0' || strspn(digits, "0123456789abcdefABCDEF") != strlen(digits) ||
	    strlen(digits) > 6)
		return false;
	value = strtoul(digits, &end, function ? 10 : 16);
	if (*end != '\0' || (function && (value < 1 || value > 24)))
		return false;
	*code = (uint32_t)(function ? KEY_F_ + value : value);
	return function || is_graphic(*code);
}

static bool
parse_character(const char *name, uint32_t *code)
{
	size_t len = strlen(name), used;

	if (len == 0 || !utf8_valid(name, len))
		return false;
	*code = utf8_decode(name, len, &used);
	return used == len && is_graphic(*code);
}

static bool
parse_name(const char *name, struct key *key)
{
	for (size_t i = 0; i < COUNT(names); i++) {
		if (strcasecmp(name, names[i].name) == 0) {
			key->code = names[i].code;
			return true;
		}
	}
	for (size_t i = 0; i < COUNT(mouse_names); i++) {
		if (strcasecmp(name, mouse_names[i]) == 0) {
			key->code = KEY_MOUSE_;
			key->mouse = (enum mouse_event)i;
			return true;
		}
	}
	return parse_character(name, &key->code) || parse_number(name, &key->code);
}

bool
key_parse(const char *name, struct key *key)
{
	*key = (struct key){0};
	key->modifiers = parse_modifiers(&name);
	if (!parse_name(name, key))
		return false;
	if ((key->modifiers & KEY_SHIFT) && key->code < KEY_CODE_BASE)
		return false;
	key_normalise(key);
	return true;
}

static uint32_t
control_form(uint32_t code)
{
	if (code >= 'A' && code <= 'Z')
		return code - 'A' + 'a';
	if (code == '@')
		return ' ';
	return code == '/' ? '_' : code;
}

void
key_normalise(struct key *key)
{
	if (key->code >= KEY_CODE_BASE)
		return;
	if (key->code == '\n') {
		key->code = 'j';
		key->modifiers |= KEY_CTRL;
	}
	if (key->modifiers & KEY_CTRL)
		key->code = control_form(key->code);
	for (size_t i = 0; i < COUNT(aliases); i++) {
		if (key->code != aliases[i].from)
			continue;
		if (aliases[i].with_ctrl && !(key->modifiers & KEY_CTRL))
			continue;
		key->code = aliases[i].to;
		if (aliases[i].with_ctrl)
			key->modifiers &= ~(unsigned)KEY_CTRL;
		return;
	}
	if ((key->modifiers & KEY_SHIFT) && key->code >= 'a' && key->code <= 'z' &&
	    !(key->modifiers & KEY_CTRL))
		key->code -= 'a' - 'A';
	key->modifiers &= ~(unsigned)KEY_SHIFT;
}

static const char *
special_name(const struct key *key)
{
	if (key->code == KEY_MOUSE_)
		return mouse_names[key->mouse];
	for (size_t i = 0; i < COUNT(names); i++) {
		if (names[i].code == key->code)
			return names[i].name;
	}
	return NULL;
}

void
key_print(const struct key *key, char *name, size_t size)
{
	char text[KEY_NAME_SIZE] = "", prefix[8] = "";
	const char *special = special_name(key);

	for (size_t i = 0; i < 3; i++) {
		if (key->modifiers & modifiers[i].bit)
			strcat(prefix, modifiers[i].prefix);
	}
	if (special != NULL)
		snprintf(text, sizeof(text), "%s", special);
	else if (key->code > KEY_F_ && key->code <= KEY_F_ + 24)
		snprintf(text, sizeof(text), "F%d", (int)(key->code - KEY_F_));
	else if (is_graphic(key->code) && is_visible(key->code))
		text[utf8_encode(key->code, text)] = '\0';
	else
		snprintf(text, sizeof(text), "U+%04X", (unsigned)key->code);
	snprintf(name, size, "%s%s", prefix, text);
}

bool
key_equal(const struct key *a, const struct key *b)
{
	return a->code == b->code && a->modifiers == b->modifiers &&
	       (a->code != KEY_MOUSE_ || a->mouse == b->mouse);
}

bool
key_is_text(const struct key *key)
{
	return is_graphic(key->code) && (key->modifiers & (KEY_CTRL | KEY_ALT)) == 0;
}
