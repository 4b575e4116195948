/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include "ui/input.h"

#include <stdlib.h>
#include <string.h>
#include <wchar.h>
#include <wctype.h>

#include "base/array.h"
#include "base/buf.h"
#include "base/mem.h"
#include "base/utf8.h"
#include "ui/key.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

#define PASTE_MAX ((size_t)16 << 20)
#define SEQUENCE_MAX 256     /* bytes of a control sequence; none that is real is longer */
#define STRING_MAX (1 << 16) /* bytes of an answer of the terminal */
#define PARAMETERS_MAX 8

/* Milliseconds of silence after which what is there is all there is. */
enum {
	ESC_DELAY = 50,
	SEQUENCE_DELAY = 500,
	PASTE_DELAY = 1000, /* of a paste that nothing ends */
	BURST_DELAY = 50,   /* within one that nothing marks */
	DOUBLE_CLICK = 400,
};

/* What a look at the first bytes found. */
enum found {
	FOUND_KEY,
	FOUND_NOTHING, /* swallow them */
	FOUND_PASTE,   /* a paste begins behind them */
	FOUND_START,   /* the beginning of something; nothing yet if no more comes */
	FOUND_UNKNOWN, /* not of this form */
};

struct learnt {
	char *sequence;
	size_t len;
	struct key key;
};

struct input {
	enum input_encoding encoding;
	struct buf bytes;
	size_t at;    /* taken of bytes */
	int64_t last; /* when the last bytes came */
	bool pasting;
	struct buf paste;
	bool burst; /* what comes belongs to a paste that nothing marks */
	ARRAY(struct learnt) learnt;
	int64_t click; /* when and where the button was pressed last */
	int click_y, click_x;
};

struct sequence {
	char prefix; /* one of < = > ?, or 0 */
	char final;
	int count;			/* of parameters */
	unsigned value[PARAMETERS_MAX]; /* 0 if left out */
	unsigned sub[PARAMETERS_MAX];	/* the number behind its first colon */
};

struct code {
	unsigned from;
	uint32_t to;
	unsigned modifiers;
};

/* Final letters of CSI and SS3 alike. */
static const struct code letters[] = {
    {'A', KEY_UP_, 0},
    {'B', KEY_DOWN_, 0},
    {'C', KEY_RIGHT_, 0},
    {'D', KEY_LEFT_, 0},
    {'H', KEY_HOME_, 0},
    {'F', KEY_END_, 0},
    {'P', KEY_F_ + 1, 0},
    {'Q', KEY_F_ + 2, 0},
    {'R', KEY_F_ + 3, 0},
    {'S', KEY_F_ + 4, 0},
    {'Z', KEY_TAB, KEY_SHIFT},
};

/* rxvt: CSI a is Shift-Up, SS3 a Ctrl-Up. */
static const struct code rxvt_letters[] = {
    {'a', KEY_UP_, 0},
    {'b', KEY_DOWN_, 0},
    {'c', KEY_RIGHT_, 0},
    {'d', KEY_LEFT_, 0},
};

/* The number before a ~. */
static const struct code numbers[] = {{1, KEY_HOME_, 0}, {2, KEY_INSERT, 0}, {3, KEY_DELETE, 0},
    {4, KEY_END_, 0}, {5, KEY_PAGE_UP, 0}, {6, KEY_PAGE_DOWN, 0}, {7, KEY_HOME_, 0},
    {8, KEY_END_, 0}, {11, KEY_F_ + 1, 0}, {12, KEY_F_ + 2, 0}, {13, KEY_F_ + 3, 0},
    {14, KEY_F_ + 4, 0}, {15, KEY_F_ + 5, 0}, {17, KEY_F_ + 6, 0}, {18, KEY_F_ + 7, 0},
    {19, KEY_F_ + 8, 0}, {20, KEY_F_ + 9, 0}, {21, KEY_F_ + 10, 0}, {23, KEY_F_ + 11, 0},
    {24, KEY_F_ + 12, 0}, {25, KEY_F_ + 13, 0}, {26, KEY_F_ + 14, 0}, {28, KEY_F_ + 15, 0},
    {29, KEY_F_ + 16, 0}, {31, KEY_F_ + 17, 0}, {32, KEY_F_ + 18, 0}, {33, KEY_F_ + 19, 0},
    {34, KEY_F_ + 20, 0}};

/* The keypad in application mode: SS3 and one of these. */
static const struct code keypad[] = {{'M', KEY_ENTER_, 0}, {'I', KEY_TAB, 0}, {' ', ' ', 0},
    {'X', '=', 0}, {'j', '*', 0}, {'k', '+', 0}, {'l', ',', 0}, {'m', '-', 0}, {'n', '.', 0},
    {'o', '/', 0}, {'p', '0', 0}, {'q', '1', 0}, {'r', '2', 0}, {'s', '3', 0}, {'t', '4', 0},
    {'u', '5', 0}, {'v', '6', 0}, {'w', '7', 0}, {'x', '8', 0}, {'y', '9', 0}};

/* The kitty protocol's numbers for keys of the keypad; other private ones are no keys of ours. */
static const struct code kitty[] = {{57399, '0', 0}, {57400, '1', 0}, {57401, '2', 0},
    {57402, '3', 0}, {57403, '4', 0}, {57404, '5', 0}, {57405, '6', 0}, {57406, '7', 0},
    {57407, '8', 0}, {57408, '9', 0}, {57409, '.', 0}, {57410, '/', 0}, {57411, '*', 0},
    {57412, '-', 0}, {57413, '+', 0}, {57414, KEY_ENTER_, 0}, {57415, '=', 0}, {57416, ',', 0},
    {57417, KEY_LEFT_, 0}, {57418, KEY_RIGHT_, 0}, {57419, KEY_UP_, 0}, {57420, KEY_DOWN_, 0},
    {57421, KEY_PAGE_UP, 0}, {57422, KEY_PAGE_DOWN, 0}, {57423, KEY_HOME_, 0}, {57424, KEY_END_, 0},
    {57425, KEY_INSERT, 0}, {57426, KEY_DELETE, 0}, {57376, KEY_F_ + 13, 0},
    {57377, KEY_F_ + 14, 0}, {57378, KEY_F_ + 15, 0}, {57379, KEY_F_ + 16, 0},
    {57380, KEY_F_ + 17, 0}, {57381, KEY_F_ + 18, 0}, {57382, KEY_F_ + 19, 0},
    {57383, KEY_F_ + 20, 0}, {57384, KEY_F_ + 21, 0}, {57385, KEY_F_ + 22, 0},
    {57386, KEY_F_ + 23, 0}, {57387, KEY_F_ + 24, 0}};

static enum found find_key(struct input *, const char *, size_t, struct key *, size_t *);

struct input *
input_new(enum input_encoding encoding)
{
	struct input *in = xcalloc(1, sizeof(*in));

	in->encoding = encoding;
	buf_init(&in->bytes, 0);
	buf_init(&in->paste, PASTE_MAX);
	in->click = INT64_MIN / 2;
	return in;
}

void
input_free(struct input *in)
{
	if (in == NULL)
		return;
	for (size_t i = 0; i < in->learnt.len; i++)
		free(in->learnt.items[i].sequence);
	array_done(&in->learnt);
	buf_done(&in->paste);
	buf_done(&in->bytes);
	free(in);
}

void
input_learn(struct input *in, const char *sequence, const struct key *key)
{
	struct learnt learnt = {.len = strlen(sequence), .key = *key};
	struct key known = {0};
	size_t used;

	if (sequence[0] != '\033' || learnt.len < 2 || learnt.len > SEQUENCE_MAX)
		return;
	/* ESC A may be an arrow to an old terminal, but CSI and SS3 are standard. */
	if ((sequence[1] == '[' || sequence[1] == 'O') && learnt.len > 2 &&
	    find_key(in, sequence, learnt.len, &known, &used) == FOUND_KEY)
		return;
	learnt.sequence = xstrdup(sequence);
	array_push(&in->learnt, learnt);
}

void
input_push(struct input *in, const char *bytes, size_t len, int64_t now)
{
	if (now - in->last > BURST_DELAY)
		in->burst = false;
	buf_drop(&in->bytes, in->at);
	in->at = 0;
	buf_add(&in->bytes, bytes, len);
	in->last = now;
}

bool
input_is_empty(const struct input *in)
{
	return in->at == in->bytes.len && !in->pasting;
}

static bool
look_up(const struct code *codes, size_t count, unsigned from, struct key *key)
{
	for (size_t i = 0; i < count; i++) {
		if (codes[i].from == from) {
			key->code = codes[i].to;
			key->modifiers |= codes[i].modifiers;
			return true;
		}
	}
	return false;
}

/* The number after a semicolon: 1 and a bit each for Shift, Alt, Ctrl, Super, Hyper, Meta. */
static bool
add_modifiers(unsigned value, struct key *key)
{
	static const unsigned bits[] = {KEY_SHIFT, KEY_ALT, KEY_CTRL, 0, 0, KEY_ALT};

	if (value == 0)
		return true;
	value--;
	for (size_t i = 0; i < COUNT(bits); i++) {
		if ((value >> i & 1) == 0)
			continue;
		if (bits[i] == 0)
			return false;
		key->modifiers |= bits[i];
	}
	return true;
}

/* A character as the kitty protocol and modifyOtherKeys report it. */
static enum found
find_reported(unsigned code, unsigned shifted, struct key *key)
{
	if (code >= 0xe000 && code < 0xf900) {
		if (!look_up(kitty, COUNT(kitty), code, key))
			return FOUND_NOTHING;
	} else {
		if (code == 0 || code >= KEY_CODE_BASE || (code >= 0x80 && code < 0xa0))
			return FOUND_NOTHING;
		if ((key->modifiers & KEY_SHIFT) && !(key->modifiers & KEY_CTRL) && shifted > ' ')
			code = shifted;
		key->code = code;
	}
	key_normalise(key);
	return key->code < KEY_CODE_BASE && key->code < ' ' ? FOUND_NOTHING : FOUND_KEY;
}

static enum found
find_numbered(const struct sequence *seq, struct key *key)
{
	if (seq->value[0] == 200 && seq->count == 1)
		return FOUND_PASTE;
	if (seq->value[0] == 27 && seq->count == 3) {
		if (!add_modifiers(seq->value[1], key))
			return FOUND_NOTHING;
		return find_reported(seq->value[2], 0, key);
	}
	if (!look_up(numbers, COUNT(numbers), seq->value[0], key) ||
	    !add_modifiers(seq->value[1], key) || seq->sub[1] == 3)
		return FOUND_NOTHING;
	return FOUND_KEY;
}

static enum found
set_mouse(struct input *in, unsigned button, bool release, long x, long y, struct key *key)
{
	key->code = KEY_MOUSE_;
	key->x = (int)x - 1;
	key->y = (int)y - 1;
	key->modifiers = (button & 4 ? KEY_SHIFT : 0u) | (button & 8 ? KEY_ALT : 0u) |
			 (button & 16 ? KEY_CTRL : 0u);
	button &= ~28u;
	if (button == 64 || button == 65)
		key->mouse = button == 64 ? MOUSE_WHEEL_UP : MOUSE_WHEEL_DOWN;
	else if (button != 0)
		return FOUND_NOTHING;
	else if (release)
		key->mouse = MOUSE_RELEASE;
	else
		key->mouse = MOUSE_PRESS;
	if (key->mouse != MOUSE_PRESS)
		return FOUND_KEY;
	if (in->last - in->click < DOUBLE_CLICK && in->click_y == key->y && in->click_x == key->x) {
		key->mouse = MOUSE_DOUBLE;
		in->click = INT64_MIN / 2;
	} else {
		in->click = in->last;
	}
	in->click_y = key->y;
	in->click_x = key->x;
	return FOUND_KEY;
}

static enum found
find_mouse(struct input *in, const struct sequence *seq, struct key *key)
{
	if (seq->count != 3 || seq->value[1] == 0 || seq->value[2] == 0 || seq->value[1] > 10000 ||
	    seq->value[2] > 10000)
		return FOUND_NOTHING;
	return set_mouse(
	    in, seq->value[0], seq->final == 'm', (long)seq->value[1], (long)seq->value[2], key);
}

/* CSI M and three bytes, of terminals that do not know the form above. */
static enum found
find_old_mouse(struct input *in, const char *bytes, size_t len, struct key *key, size_t *used)
{
	unsigned char b, x, y;

	if (len < *used + 3)
		return FOUND_START;
	b = (unsigned char)bytes[*used];
	x = (unsigned char)bytes[*used + 1];
	y = (unsigned char)bytes[*used + 2];
	*used += 3;
	if (b < 32 || x <= 32 || y <= 32)
		return FOUND_NOTHING;
	b -= 32;
	/* Here 3 means that some button was released. */
	return (b & 3) == 3 && b < 64 ? set_mouse(in, b & ~3u, true, x - 32, y - 32, key)
				      : set_mouse(in, b, false, x - 32, y - 32, key);
}

/*
 * The byte that ends a sequence. rxvt's CSI 3 $ ends with one that should not.
 * A mouse report ends with M alone: there are terminals that send "NaN" in it.
 */
static bool
is_final(const struct sequence *seq, char c, size_t at)
{
	if (seq->prefix == '<')
		return c == 'M' || c == 'm';
	return c >= '@' || (c == '$' && at > 2 && seq->count == 1 && seq->prefix == 0);
}

/* Reads digits, ; and : up to the final byte, and *used past it. */
static enum found
parse_sequence(const char *bytes, size_t len, struct sequence *seq, size_t *used)
{
	unsigned *number = &seq->value[0], ignored = 0;
	enum found found = FOUND_KEY;
	size_t i = 2;

	*seq = (struct sequence){.count = 1};
	if (i < len && bytes[i] >= '<' && bytes[i] <= '?')
		seq->prefix = bytes[i++];
	for (; i < len; i++) {
		char c = bytes[i];

		*used = i;
		if ((unsigned char)c < 0x20 || (unsigned char)c >= 0x7f || i == SEQUENCE_MAX)
			return FOUND_NOTHING;
		if (c >= '0' && c <= '9') {
			*number = *number < 10000000 ? *number * 10 + (unsigned)(c - '0') : *number;
		} else if (c == ';') {
			number = seq->count < PARAMETERS_MAX ? &seq->value[seq->count] : &ignored;
			seq->count += seq->count < PARAMETERS_MAX;
		} else if (c == ':') {
			number = number == &seq->value[seq->count - 1] ? &seq->sub[seq->count - 1]
								       : &ignored;
		} else if (is_final(seq, c, i)) {
			seq->final = c;
			*used = i + 1;
			return found;
		} else {
			found = FOUND_NOTHING;
		}
	}
	*used = len;
	return FOUND_START;
}

/* Of rxvt, Shift, Ctrl and both: CSI 3 $, CSI 3 ^, CSI 3 @. */
static enum found
find_rxvt(const struct sequence *seq, struct key *key)
{
	key->modifiers |=
	    (seq->final != '^' ? KEY_SHIFT : 0u) | (seq->final != '$' ? KEY_CTRL : 0u);
	if (seq->count != 1 || !look_up(numbers, COUNT(numbers), seq->value[0], key))
		return FOUND_NOTHING;
	return FOUND_KEY;
}

static enum found
find_lettered(const struct sequence *seq, struct key *key)
{
	if (seq->value[0] == 0 && seq->count == 1 &&
	    look_up(rxvt_letters, COUNT(rxvt_letters), (unsigned char)seq->final, key)) {
		key->modifiers |= KEY_SHIFT;
		return FOUND_KEY;
	}
	/* Other first numbers belong to an answer: CSI 24;80R tells where the cursor is. */
	if (seq->value[0] > 1 || seq->count > 2 || seq->sub[1] == 3)
		return FOUND_NOTHING;
	if (!look_up(letters, COUNT(letters), (unsigned char)seq->final, key) ||
	    !add_modifiers(seq->value[1], key))
		return FOUND_NOTHING;
	return FOUND_KEY;
}

/* The Linux console's F1 to F5: CSI [ A and so on. */
static enum found
find_console(const char *bytes, size_t len, struct key *key, size_t *used)
{
	*used = 4;
	if (len < 4)
		return FOUND_START;
	if (bytes[3] < 'A' || bytes[3] > 'E')
		return FOUND_NOTHING;
	key->code = KEY_F_ + 1 + (uint32_t)(bytes[3] - 'A');
	return FOUND_KEY;
}

static enum found
find_csi(struct input *in, const char *bytes, size_t len, struct key *key, size_t *used)
{
	struct sequence seq;
	enum found found;

	if (len > 2 && bytes[2] == '[')
		return find_console(bytes, len, key, used);
	found = parse_sequence(bytes, len, &seq, used);
	if (found != FOUND_KEY)
		return found;
	if (seq.prefix == '<' && (seq.final == 'M' || seq.final == 'm'))
		return find_mouse(in, &seq, key);
	if (seq.prefix != 0)
		return FOUND_NOTHING;
	if (seq.final == 'M' && *used == 3)
		return find_old_mouse(in, bytes, len, key, used);
	if (seq.final == '~')
		return find_numbered(&seq, key);
	if (seq.final == '$' || seq.final == '^' || seq.final == '@')
		return find_rxvt(&seq, key);
	if (seq.final != 'u')
		return find_lettered(&seq, key);
	/* The third kind of event of the kitty protocol is the release of a key. */
	if (!add_modifiers(seq.value[1], key) || seq.sub[1] == 3)
		return FOUND_NOTHING;
	return find_reported(seq.value[0], seq.sub[0], key);
}

/* SS3, in old xterms with a number for the modifiers before the letter. */
static enum found
find_ss3(const char *bytes, size_t len, struct key *key, size_t *used)
{
	size_t i = 2;

	if (i < len && bytes[i] >= '2' && bytes[i] <= '8') {
		add_modifiers((unsigned)(bytes[i] - '0'), key);
		i++;
	}
	if (i == len)
		return FOUND_START;
	*used = i + 1;
	if (look_up(rxvt_letters, COUNT(rxvt_letters), (unsigned char)bytes[i], key)) {
		key->modifiers |= KEY_CTRL;
		return FOUND_KEY;
	}
	if (look_up(keypad, COUNT(keypad), (unsigned char)bytes[i], key) ||
	    look_up(letters, COUNT(letters), (unsigned char)bytes[i], key))
		return FOUND_KEY;
	if ((unsigned char)bytes[i] < 0x20)
		*used = i;
	return FOUND_NOTHING;
}

/* OSC, DCS and APC as terminals answer with them, up to ST (or BEL). */
static enum found
find_string(const char *bytes, size_t len, size_t *used)
{
	static const struct {
		char kind;
		const char *first; /* what such an answer begins with, unlike Alt and a key */
	} kinds[] = {
	    {']', "0123456789"},
	    {'P', "0123456789>!+$|"},
	    {'_', "G"},
	};
	size_t k = 0;

	while (k < COUNT(kinds) && kinds[k].kind != bytes[1])
		k++;
	if (k == COUNT(kinds))
		return FOUND_UNKNOWN;
	if (len == 2)
		return FOUND_START;
	if (bytes[2] == '\0' || strchr(kinds[k].first, bytes[2]) == NULL)
		return FOUND_UNKNOWN;
	for (size_t i = 3; i < len; i++) {
		*used = i + 1;
		if (bytes[i] == '\a' || (bytes[i] == '\\' && bytes[i - 1] == '\033') ||
		    i == STRING_MAX)
			return FOUND_NOTHING;
	}
	return FOUND_START;
}

static enum found
find_learnt(const struct input *in, const char *bytes, size_t len, struct key *key, size_t *used)
{
	enum found found = FOUND_UNKNOWN;

	for (size_t i = 0; i < in->learnt.len; i++) {
		const struct learnt *learnt = &in->learnt.items[i];
		size_t common = len < learnt->len ? len : learnt->len;

		if (memcmp(bytes, learnt->sequence, common) != 0)
			continue;
		if (len < learnt->len) {
			found = FOUND_START;
			continue;
		}
		*key = learnt->key;
		*used = learnt->len;
		return FOUND_KEY;
	}
	return found;
}

static enum found
find_escape(struct input *in, const char *bytes, size_t len, struct key *key, size_t *used)
{
	enum found found;

	if (len == 1)
		return FOUND_START;
	found = find_learnt(in, bytes, len, key, used);
	if (found != FOUND_UNKNOWN)
		return found;
	if (bytes[1] == '[')
		return find_csi(in, bytes, len, key, used);
	if (bytes[1] == 'O')
		return find_ss3(bytes, len, key, used);
	found = find_string(bytes, len, used);
	if (found != FOUND_UNKNOWN)
		return found;
	/* rxvt sends ESC ESC [ A for Alt-Up; any other second ESC is a key of its own. */
	if (bytes[1] == '\033' && len > 2 && bytes[2] != '[' && bytes[2] != 'O') {
		key->code = KEY_ESC;
		*used = 1;
		return FOUND_KEY;
	}
	found = find_key(in, bytes + 1, len - 1, key, used);
	*used += 1;
	key->modifiers |= KEY_ALT;
	key_normalise(key);
	return found;
}

static enum found
find_control(unsigned char c, struct key *key)
{
	key->modifiers = KEY_CTRL;
	if (c == 0x7f)
		key->code = c, key->modifiers = 0;
	else if (c == 0)
		key->code = ' ';
	else if (c <= 26)
		key->code = c - 1u + 'a';
	else
		key->code = c - 28u + '\\';
	key_normalise(key);
	return FOUND_KEY;
}

static enum found
find_utf8(const char *bytes, size_t len, struct key *key, size_t *used)
{
	unsigned char lead = (unsigned char)bytes[0];
	size_t need = lead >= 0xf0 ? 4 : lead >= 0xe0 ? 3 : 2;

	key->code = utf8_decode(bytes, len, used);
	if (key->code == 0xfffd && len < need && *used == len && lead >= 0xc2 && lead < 0xf5)
		return FOUND_START;
	return key->code < 0xa0 ? FOUND_NOTHING : FOUND_KEY;
}

static enum found
find_locale(const char *bytes, size_t len, struct key *key, size_t *used)
{
	mbstate_t state = {0};
	wchar_t wide;
	size_t n = mbrtowc(&wide, bytes, len, &state);

	*used = 1;
	if (n == (size_t)-2)
		return FOUND_START;
	if (n == 0 || n == (size_t)-1 || !iswprint((wint_t)wide))
		return FOUND_NOTHING;
	*used = n;
	key->code = (uint32_t)wide;
	return FOUND_KEY;
}

/* The key that len > 0 bytes begin with, and the bytes it takes. */
static enum found
find_key(struct input *in, const char *bytes, size_t len, struct key *key, size_t *used)
{
	unsigned char c = (unsigned char)bytes[0];

	*used = 1;
	if (c == '\033')
		return find_escape(in, bytes, len, key, used);
	if (c < 0x20 || c == 0x7f)
		return find_control(c, key);
	if (c >= 0x80 && in->encoding == INPUT_UTF8)
		return find_utf8(bytes, len, key, used);
	if (c >= 0x80)
		return find_locale(bytes, len, key, used);
	key->code = c;
	return FOUND_KEY;
}

/* Nothing more came: ESC [ is Alt-[ after all, and a longer beginning means nothing. */
static enum found
settle(const char *bytes, size_t len, struct key *key, size_t *used)
{
	*key = (struct key){0};
	*used = 1;
	if (bytes[0] == '\033' && (len == 1 || bytes[1] == '\033')) {
		key->code = KEY_ESC;
		return FOUND_KEY;
	}
	if (bytes[0] == '\033' && len == 2) {
		key->code = (unsigned char)bytes[1];
		key->modifiers = KEY_ALT;
		*used = 2;
		return key->code < 0x80 ? FOUND_KEY : FOUND_NOTHING;
	}
	*used = len;
	if (bytes[0] == '\033')
		return FOUND_NOTHING;
	key->code = 0xfffd;
	return FOUND_KEY;
}

static int
wait_for(const char *bytes, size_t len)
{
	bool lone = bytes[0] == '\033' && (len == 1 || (len == 2 && bytes[1] != '['));

	return lone ? ESC_DELAY : SEQUENCE_DELAY;
}

/* Milliseconds of the wait that are left, 0 if it is over. */
static int
time_left(const struct input *in, int64_t now, int wait)
{
	int64_t left = in->last + wait - now;

	return left <= 0 ? 0 : left > wait ? wait : (int)left;
}

/* What does not fit the paste is dropped, as the paste is far beyond use then. */
static void
add_paste(struct input *in, const char *bytes, size_t len)
{
	size_t room = PASTE_MAX - in->paste.len;

	buf_add(&in->paste, bytes, len < room ? len : room);
}

/* Moves what has come to the paste, but not what may be the beginning of its end. */
static bool
take_paste(struct input *in, int64_t now, struct key *key, int *more)
{
	static const char terminator[] = "\033[201~";
	const size_t size = sizeof(terminator) - 1;
	const char *bytes = in->bytes.data + in->at;
	size_t len = in->bytes.len - in->at, keep = len < size - 1 ? len : size - 1;
	const char *end = memmem(bytes, len, terminator, size);

	if (end != NULL) {
		add_paste(in, bytes, (size_t)(end - bytes));
		in->at += (size_t)(end - bytes) + size;
	} else if ((*more = time_left(in, now, PASTE_DELAY)) > 0) {
		add_paste(in, bytes, len - keep);
		in->at += len - keep;
		return false;
	} else {
		add_paste(in, bytes, len);
		in->at += len;
	}
	*more = -1;
	in->pasting = false;
	key->code = KEY_PASTE;
	key->len = in->paste.len;
	key->text = buf_take(&in->paste);
	return true;
}

static bool
is_break(char c)
{
	return c == '\r' || c == '\n' || c == '\t';
}

static bool
is_text(char c)
{
	return (unsigned char)c >= ' ' && c != 0x7f;
}

/*
 * A terminal that does not mark pastes types them, with Enter for the end of a
 * line. Nobody types so fast that text is behind an Enter in the same read: that
 * Enter was not pressed, nor was a TAB before it or after it.
 */
static bool
is_pasted(const struct input *in, const char *bytes, size_t len)
{
	size_t i = 0;

	if (bytes[0] == '\t' && in->burst)
		return true;
	if (bytes[0] == '\t') {
		while (i < len && (bytes[i] == '\t' || is_text(bytes[i])))
			i++;
		if (i == len || !is_break(bytes[i]))
			return false;
	}
	while (i < len && is_break(bytes[i]))
		i++;
	return i < len && is_text(bytes[i]);
}

/* One that a read of the paste ends with: the next one tells what it was. */
static bool
is_undecided(const struct input *in, const char *bytes, size_t len, int64_t now, int *more)
{
	for (size_t i = 0; i < len; i++)
		if (!is_break(bytes[i]))
			return false;
	if (!in->burst || (*more = time_left(in, now, BURST_DELAY)) == 0)
		return false;
	return true;
}

bool
input_take(struct input *in, int64_t now, struct key *key, int *more)
{
	const char *bytes = in->bytes.data + in->at;
	size_t len = in->bytes.len - in->at, used = 0;
	enum found found;

	*more = -1;
	*key = (struct key){0};
	if (in->pasting)
		return take_paste(in, now, key, more);
	if (len == 0)
		return false;
	if (is_break(bytes[0]) && is_undecided(in, bytes, len, now, more))
		return false;
	*more = -1;
	found = find_key(in, bytes, len, key, &used);
	if (is_break(bytes[0]) && is_pasted(in, bytes, len)) {
		key->pasted = in->burst = true;
		used += len > 1 && bytes[0] == '\r' && bytes[1] == '\n';
	}
	if (found == FOUND_START) {
		*more = time_left(in, now, wait_for(bytes, len));
		if (*more > 0)
			return false;
		*more = -1;
		found = settle(bytes, len, key, &used);
	}
	in->at += used;
	if (found == FOUND_PASTE) {
		in->pasting = true;
		*key = (struct key){0};
		return take_paste(in, now, key, more);
	}
	if (found != FOUND_KEY)
		*key = (struct key){.code = KEY_NONE_};
	return true;
}
