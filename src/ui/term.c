/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include "ui/term.h"

#include <errno.h>
#include <langinfo.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>
#include <wchar.h>

#define NCURSES_NOMACROS
#include <curses.h>
#include <term.h>
/* Every capability is a macro there; these are names that we need. */
#undef columns
#undef key_print
#undef lines

#include "base/buf.h"
#include "base/clock.h"
#include "base/error.h"
#include "base/i18n.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/sanitize.h"
#include "base/utf8.h"
#include "ui/ascii.h"
#include "ui/grid.h"
#include "ui/input.h"
#include "ui/key.h"
#include "ui/theme.h"
#include "ui/tty.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

#define SIZE_LIMIT 1000	      /* rows, columns; more are left blank */
#define PAIRS_LIMIT 256	      /* pairs of colours in use */
#define COPY_MAX 74994	      /* bytes: 100,000 in base64 with its frame, xterm's limit */
#define SCREEN_STRING_MAX 240 /* bytes GNU screen passes on in one string */
#define TITLE_COLUMNS 120

/*
 * How the bytes go. Curses does not write to the terminal but to the sink, an
 * unnamed file: what doupdate() left there is a frame, and goes to tty.c in one
 * piece. Until the terminal has taken all of it no other frame is made. So a
 * terminal that has stopped reading holds up nothing.
 */
static struct {
	bool started;
	SCREEN *screen;
	FILE *sink;
	struct input *input;
	bool backspace_is_c_h; /* the key sends C-h */

	bool utf8, colours;
	unsigned features;
	bool mouse, titled;
	int height, width;
	bool shifts_corner; /* see paint_row() */

	struct theme theme;
	struct ink {
		bool known;
		attr_t attributes;
		short pair;
	} inks[STYLE_COUNT][STYLE_COUNT]; /* by style and the style laid over it */
	struct {
		short fg, bg;
	} pairs[PAIRS_LIMIT]; /* pair i + 1 of curses */
	short pair_count;

	struct grid shown; /* what stdscr holds */
	bool stale;	   /* stdscr holds something else */
	bool redraw;	   /* nor does the terminal show what curses believes */
	bool due;	   /* stdscr has changed since the last frame */
	int cursor_y, cursor_x;
	bool cursor_shown;
	cchar_t *line;
} term;

enum {
	FEATURE_TITLE = 1,
	FEATURE_COPY = 2,
	FEATURE_OTHER_KEYS = 4, /* xterm's modifyOtherKeys */
	FEATURE_KITTY_KEYS = 8,
	FEATURE_SYNC = 16, /* synchronised output, mode 2026 */
	FEATURE_ANSI = 32, /* of any name: its sequences are those of the standard */
};

/* By the beginning of TERM; the first that fits. */
static const struct {
	const char *term;
	unsigned features;
} features[] = {
    {"xterm-kitty", FEATURE_TITLE | FEATURE_COPY | FEATURE_KITTY_KEYS | FEATURE_SYNC},
    {"xterm-ghostty", FEATURE_TITLE | FEATURE_COPY | FEATURE_KITTY_KEYS | FEATURE_SYNC},
    {"foot", FEATURE_TITLE | FEATURE_COPY | FEATURE_KITTY_KEYS | FEATURE_SYNC},
    {"alacritty", FEATURE_TITLE | FEATURE_COPY | FEATURE_KITTY_KEYS | FEATURE_SYNC},
    {"wezterm", FEATURE_TITLE | FEATURE_COPY | FEATURE_KITTY_KEYS | FEATURE_SYNC},
    {"contour", FEATURE_TITLE | FEATURE_COPY | FEATURE_SYNC},
    {"xterm", FEATURE_TITLE | FEATURE_COPY | FEATURE_OTHER_KEYS},
    {"tmux", FEATURE_TITLE | FEATURE_COPY | FEATURE_OTHER_KEYS},
    {"mintty", FEATURE_TITLE | FEATURE_COPY | FEATURE_OTHER_KEYS},
    {"screen", FEATURE_TITLE | FEATURE_COPY},
    {"rxvt", FEATURE_TITLE | FEATURE_COPY},
    {"st-", FEATURE_TITLE | FEATURE_COPY},
    {"vte", FEATURE_TITLE},
    {"gnome", FEATURE_TITLE},
    {"konsole", FEATURE_TITLE},
    {"putty", FEATURE_TITLE},
};

/* Keys terminfo may know under other bytes than the usual ones. */
static const struct {
	const char *name;
	uint32_t code;
	unsigned modifiers;
} key_names[] = {{"kcuu1", KEY_UP_, 0}, {"kcud1", KEY_DOWN_, 0}, {"kcub1", KEY_LEFT_, 0},
    {"kcuf1", KEY_RIGHT_, 0}, {"khome", KEY_HOME_, 0}, {"kend", KEY_END_, 0},
    {"kpp", KEY_PAGE_UP, 0}, {"knp", KEY_PAGE_DOWN, 0}, {"kich1", KEY_INSERT, 0},
    {"kdch1", KEY_DELETE, 0}, {"kent", KEY_ENTER_, 0}, {"kcbt", KEY_TAB, KEY_SHIFT},
    {"kUP5", KEY_UP_, KEY_CTRL}, {"kDN5", KEY_DOWN_, KEY_CTRL}, {"kLFT5", KEY_LEFT_, KEY_CTRL},
    {"kRIT5", KEY_RIGHT_, KEY_CTRL}, {"kPRV5", KEY_PAGE_UP, KEY_CTRL},
    {"kNXT5", KEY_PAGE_DOWN, KEY_CTRL}, {"kUP3", KEY_UP_, KEY_ALT}, {"kDN3", KEY_DOWN_, KEY_ALT},
    {"kLFT3", KEY_LEFT_, KEY_ALT}, {"kRIT3", KEY_RIGHT_, KEY_ALT}, {"kLFT", KEY_LEFT_, KEY_SHIFT},
    {"kRIT", KEY_RIGHT_, KEY_SHIFT}, {"kDC", KEY_DELETE, KEY_SHIFT}, {"kHOM", KEY_HOME_, KEY_SHIFT},
    {"kEND", KEY_END_, KEY_SHIFT}, {"kPRV", KEY_PAGE_UP, KEY_SHIFT},
    {"kNXT", KEY_PAGE_DOWN, KEY_SHIFT}};

/* Bytes beside the frames: modes, the bell, the title. */
static bool
emit(const char *bytes, size_t len)
{
	bool ok = tty_send(bytes, len);

	tty_flush();
	return ok;
}

/* A capability of terminfo without its padding, "" if there is none. */
static void
add_capability(struct buf *out, const char *name)
{
	const char *text = tigetstr(name);

	if (text == NULL || text == (const char *)-1)
		return;
	while (*text != '\0') {
		const char *end = text[0] == '$' && text[1] == '<' ? strchr(text, '>') : NULL;

		if (end != NULL)
			text = end + 1;
		else
			buf_putc(out, *text++);
	}
}

static bool
has_capability(const char *name)
{
	const char *text = tigetstr(name);

	return text != NULL && text != (const char *)-1 && *text != '\0';
}

static void
add_mouse(struct buf *out, bool on)
{
	if (term.features & FEATURE_ANSI)
		buf_puts(out, on ? "\033[?1000h\033[?1006h" : "\033[?1006l\033[?1000l");
}

/* The alternate screen first: some terminals keep the modes of keys for each screen. */
static void
add_entering(struct buf *out)
{
	add_capability(out, "smcup");
	if (term.features & FEATURE_ANSI)
		buf_puts(out, "\033[?2004h");
	if (term.features & FEATURE_KITTY_KEYS)
		buf_puts(out, "\033[>1u");
	if (term.features & FEATURE_OTHER_KEYS)
		buf_puts(out, "\033[>4;1m");
	if (term.mouse)
		add_mouse(out, true);
}

/* The reverse, whatever the state is. */
static void
add_leaving(struct buf *out)
{
	if (term.features & FEATURE_SYNC)
		buf_puts(out, "\033[?2026l");
	add_mouse(out, false);
	if (term.features & FEATURE_OTHER_KEYS)
		buf_puts(out, "\033[>4m");
	if (term.features & FEATURE_KITTY_KEYS)
		buf_puts(out, "\033[<u");
	if (term.features & FEATURE_ANSI)
		buf_puts(out, "\033[?2004l");
	if (term.titled)
		buf_puts(out, "\033]2;\a\033[23;0t");
	add_capability(out, "rmacs");
	add_capability(out, "op");
	add_capability(out, "sgr0");
	add_capability(out, "cnorm");
	if (has_capability("rmcup"))
		add_capability(out, "rmcup");
	else if (term.features & FEATURE_ANSI)
		buf_printf(out, "\033[%d;1H\r\n", term.height);
}

static void
prepare_leaving(void)
{
	struct buf bytes = BUF_EMPTY;

	add_leaving(&bytes);
	tty_set_leaving(bytes.data, bytes.len);
	buf_done(&bytes);
}

static bool
take(struct error *err)
{
	struct buf bytes = BUF_EMPTY;
	bool ok;

	prepare_leaving();
	add_entering(&bytes);
	ok = tty_take(bytes.data, bytes.len, err);
	buf_done(&bytes);
	term.backspace_is_c_h = tty_backspace_is_c_h();
	term.redraw = true;
	return ok;
}

static FILE *
open_sink(void)
{
	int fd = memfd_create("frame", MFD_CLOEXEC);
	FILE *file;

	if (fd < 0)
		return tmpfile();
	file = fdopen(fd, "w+");
	if (file == NULL)
		close(fd);
	return file;
}

/* Before newterm(), which neither says what is wrong nor frees what it took. */
static bool
check_terminal(struct error *err)
{
	const char *name = getenv("TERM");
	bool known, able;
	char *shown;
	int status;

	if (name == NULL || *name == '\0')
		return error_set(err, ERR_USAGE,
		    _("TERM is not set, so that nobody knows how to draw on this terminal. Set it, "
		      "or use the verbs, for example \"causerie start\"."));
	known = setupterm(NULL, tty_out(), &status) == OK;
	able = known && has_capability("cup");
	if (known)
		del_curterm(cur_term);
	if (able)
		return true;
	shown = sanitize_line(name);
	if (known || strcmp(name, "dumb") == 0)
		error_set(err, ERR_USAGE,
		    _("This terminal (TERM=%s) cannot address its cursor. The verbs work there, "
		      "for example \"causerie start\"."),
		    shown);
	else
		error_set(err, ERR_USAGE,
		    _("There is no description of this terminal (TERM=%s) on this machine. Set "
		      "TERM to a known one, or use the verbs, for example \"causerie start\"."),
		    shown);
	free(shown);
	return false;
}

/* Sets a variable of the environment, or removes it; returns what it was, yours. */
static char *
swap_variable(const char *name, const char *value)
{
	char *old = xstrdup(getenv(name));

	if (value != NULL)
		setenv(name, value, 1);
	else
		unsetenv(name);
	return old;
}

/*
 * newterm() catches signals that are not its business, and looks for the size
 * at the sink, where there is none. Entries of terminfo without a size make it
 * fail then, so that it is told one by the variables it prefers.
 */
static SCREEN *
new_screen(FILE *sink)
{
	static const int numbers[] = {SIGINT, SIGTERM, SIGTSTP, SIGWINCH};
	struct sigaction actions[COUNT(numbers)];
	char *lines = swap_variable("LINES", "24"), *columns = swap_variable("COLUMNS", "80");
	SCREEN *screen;

	for (size_t i = 0; i < COUNT(numbers); i++)
		sigaction(numbers[i], NULL, &actions[i]);
	screen = newterm(NULL, sink, stdin);
	for (size_t i = 0; i < COUNT(numbers); i++)
		sigaction(numbers[i], &actions[i], NULL);
	free(swap_variable("LINES", lines));
	free(swap_variable("COLUMNS", columns));
	free(lines);
	free(columns);
	return screen;
}

/* Frames come from the sink's beginning on. */
static void
empty_sink(void)
{
	int fd = fileno(term.sink);

	if (ftruncate(fd, 0) != 0 || lseek(fd, 0, SEEK_SET) < 0)
		log_debug("the sink cannot be emptied: %s", strerror(errno));
}

static void
learn_keys(void)
{
	char name[8];

	for (size_t i = 0; i < COUNT(key_names); i++) {
		struct key key = {.code = key_names[i].code, .modifiers = key_names[i].modifiers};

		if (has_capability(key_names[i].name))
			input_learn(term.input, tigetstr(key_names[i].name), &key);
	}
	for (unsigned i = 1; i <= 24; i++) {
		struct key key = {.code = KEY_F_ + i};

		snprintf(name, sizeof(name), "kf%u", i);
		if (has_capability(name))
			input_learn(term.input, tigetstr(name), &key);
	}
}

static void
find_features(void)
{
	const char *name = getenv("TERM");
	size_t i = 0;

	while (
	    i < COUNT(features) && strncmp(name, features[i].term, strlen(features[i].term)) != 0)
		i++;
	term.features = i < COUNT(features) ? features[i].features : 0;
	if (strncmp(tigetstr("cup"), "\033[", 2) == 0)
		term.features |= FEATURE_ANSI;
}

/* Only an ASCII locale gets UTF-8 all the same: its terminal mostly sends that. */
static enum input_encoding
find_encoding(void)
{
	const char *codeset = nl_langinfo(CODESET);

	term.utf8 = strcmp(codeset, "UTF-8") == 0;
	return term.utf8 || strcmp(codeset, "ANSI_X3.4-1968") == 0 ? INPUT_UTF8 : INPUT_LOCALE;
}

static void
start_colours(void)
{
	const char *none = getenv("NO_COLOR");

	term.colours = (none == NULL || *none == '\0') && has_colors() && start_color() == OK &&
		       use_default_colors() == OK;
	term.pair_count = 0;
}

static void
free_terminal(void)
{
	tty_close();
	if (term.screen != NULL) {
		endwin();
		delscreen(term.screen);
	}
	if (term.sink != NULL)
		fclose(term.sink);
	input_free(term.input);
	grid_done(&term.shown);
	free(term.line);
	memset(&term, 0, sizeof(term));
}

static bool
start_curses(struct error *err)
{
	term.sink = open_sink();
	if (term.sink == NULL)
		return error_set(err, ERR_SYSTEM,
		    _("No unnamed file can be made, which the screen needs: %s."), strerror(errno));
	term.screen = new_screen(term.sink);
	if (term.screen == NULL)
		return error_set(err, ERR_SYSTEM, _("The screen cannot be set up."));
	/* It would stop in the middle of a frame when a key is pressed. */
	typeahead(-1);
	start_colours();
	/* Nobody sees this: newterm() has begun with the alternate screen, which is ours to enter.
	 */
	wrefresh(stdscr);
	empty_sink();
	term.cursor_shown = true;
	term.shifts_corner = tigetflag("am") > 0 && !has_capability("rmam");
	return true;
}

static bool
start(struct error *err)
{
	int height, width;

	if (!tty_open(err) || !check_terminal(err) || !start_curses(err))
		return false;
	find_features();
	term.input = input_new(find_encoding());
	learn_keys();
	term_size(&height, &width);
	theme_find("auto", &term.theme);
	term_set_theme(&term.theme);
	return take(err);
}

bool
term_start(bool mouse, struct error *err)
{
	term.mouse = mouse;
	term.started = start(err);
	if (!term.started)
		free_terminal();
	return term.started;
}

void
term_stop(void)
{
	if (!term.started)
		return;
	/* The rest of a paste would be run by the shell. */
	if (!input_is_empty(term.input))
		tty_drop_input();
	free_terminal();
}

int
term_fd(void)
{
	return tty_in();
}

int
term_out_fd(void)
{
	return tty_out();
}

bool
term_is_utf8(void)
{
	return term.utf8;
}

bool
term_has_colours(void)
{
	return term.colours;
}

/* Looks. */

/* The nearest of the first 8 or 16 colours to one of the cube or the greys. */
static int
reduce_colour(int colour, bool bright)
{
	static const int levels[] = {0, 95, 135, 175, 215, 255};
	int rgb[3], most = 0, result = 0;

	for (int i = 0; i < 3; i++) {
		static const int divisors[] = {36, 6, 1};

		rgb[i] = colour >= 232 ? 8 + (colour - 232) * 10
				       : levels[(colour - 16) / divisors[i] % 6];
		most = rgb[i] > most ? rgb[i] : most;
	}
	for (int i = 0; i < 3; i++) {
		if (most >= 64 && rgb[i] * 3 > most * 2)
			result |= 1 << i;
	}
	return bright && most > 200 ? result + 8 : result;
}

/* A colour the terminal has. With only eight of them, bold makes the bright ones. */
static short
colour_of(int colour, unsigned *attributes)
{
	if (colour >= 16 && colour >= COLORS)
		colour = reduce_colour(colour, true);
	if (colour >= 8 && colour >= COLORS) {
		colour -= 8;
		if (attributes != NULL)
			*attributes |= LOOK_BOLD;
	}
	return (short)(colour < COLORS ? colour : -1);
}

static short
pair_of(short fg, short bg)
{
	short i = 0;

	if (fg < 0 && bg < 0)
		return 0;
	while (i < term.pair_count && (term.pairs[i].fg != fg || term.pairs[i].bg != bg))
		i++;
	if (i < term.pair_count)
		return (short)(i + 1);
	if (i == PAIRS_LIMIT || i + 1 >= COLOR_PAIRS || init_pair((short)(i + 1), fg, bg) != OK)
		return 0;
	term.pairs[i].fg = fg;
	term.pairs[i].bg = bg;
	term.pair_count++;
	return (short)(i + 1);
}

/* One over the other. Reverse on reverse is neither, so that a laid style always shows. */
static struct look
combine(const struct look *below, const struct look *above)
{
	struct look look = *below;

	look.fg = above->fg >= 0 ? above->fg : look.fg;
	look.bg = above->bg >= 0 ? above->bg : look.bg;
	look.attributes = (below->attributes | above->attributes) & ~(unsigned)LOOK_REVERSE;
	look.attributes |= (below->attributes ^ above->attributes) & LOOK_REVERSE;
	return look;
}

static attr_t
attributes_of(unsigned attributes)
{
	static const struct {
		unsigned look;
		attr_t attribute;
	} rows[] = {
	    {LOOK_BOLD, A_BOLD}, {LOOK_DIM, A_DIM}, {LOOK_ITALIC, A_ITALIC},
	    {LOOK_UNDERLINE, A_UNDERLINE}, {LOOK_REVERSE, A_REVERSE},
	    {LOOK_STRIKE, A_DIM}, /* curses cannot strike through */
	};
	attr_t result = 0;

	if ((attributes & LOOK_ITALIC) && !has_capability("sitm"))
		attributes ^= LOOK_ITALIC | LOOK_UNDERLINE;
	for (size_t i = 0; i < COUNT(rows); i++) {
		if (attributes & rows[i].look)
			result |= rows[i].attribute;
	}
	return result;
}

static const struct ink *
ink_of(const struct cell *cell)
{
	struct ink *ink = &term.inks[cell->style][cell->under];
	struct look look = term.theme.looks[cell->style];

	if (ink->known)
		return ink;
	if (cell->under != 0)
		look = combine(&look, &term.theme.looks[cell->under]);
	ink->pair = 0;
	if (term.colours) {
		short fg = colour_of(look.fg, &look.attributes), bg = colour_of(look.bg, NULL);

		ink->pair = pair_of(fg, bg);
	}
	ink->attributes = attributes_of(look.attributes);
	ink->known = true;
	return ink;
}

/* Without colours, a style that had nothing else takes the attributes of the theme "none". */
void
term_set_theme(const struct theme *theme)
{
	struct theme none;

	term.theme = *theme;
	theme_find("none", &none);
	for (size_t i = 0; i < STYLE_COUNT && !term.colours; i++) {
		struct look *look = &term.theme.looks[i];

		if (look->attributes == 0 && (look->fg >= 0 || look->bg >= 0))
			look->attributes = none.looks[i].attributes;
	}
	memset(term.inks, 0, sizeof(term.inks));
	term.stale = true;
}

void
term_set_mouse(bool on)
{
	struct buf bytes = BUF_EMPTY;

	if (on != term.mouse) {
		term.mouse = on;
		add_mouse(&bytes, on);
		emit(bytes.data, bytes.len);
	}
	buf_done(&bytes);
}

/* Size. */

static int
limit_size(int size, int fallback)
{
	if (size <= 0)
		return fallback;
	return size < SIZE_LIMIT ? size : SIZE_LIMIT;
}

static void
resize(int height, int width)
{
	resizeterm(height, width);
	grid_resize(&term.shown, height, width);
	term.line = xreallocarray(term.line, (size_t)width, sizeof(*term.line));
	term.height = height;
	term.width = width;
	term.stale = term.redraw = true;
	prepare_leaving();
}

void
term_size(int *height, int *width)
{
	struct winsize size = {0};

	if (ioctl(tty_out() >= 0 ? tty_out() : STDOUT_FILENO, TIOCGWINSZ, &size) != 0)
		size.ws_row = size.ws_col = 0;
	*height = limit_size(size.ws_row, 24);
	*width = limit_size(size.ws_col, 80);
	if (term.screen != NULL &&
	    (*height != term.shown.height || *width != term.shown.width || term.line == NULL))
		resize(*height, *width);
}

/* Keys. */

bool
term_read(struct key *key, int *more, bool *gone)
{
	char bytes[16384];

	*more = -1;
	*gone = false;
	*key = (struct key){.code = KEY_NONE_};
	if (!tty_is_taken())
		return false;
	while (!input_take(term.input, clock_ms(), key, more)) {
		ssize_t n = tty_read(bytes, sizeof(bytes));

		*gone = n < 0;
		if (n <= 0)
			return false;
		input_push(term.input, bytes, (size_t)n, clock_ms());
	}
	if (term.backspace_is_c_h && key->code == 'h' && (key->modifiers & KEY_CTRL)) {
		key->code = KEY_BACKSPACE_;
		key->modifiers &= ~(unsigned)KEY_CTRL;
	}
	return true;
}

/* Painting. */

static void
put_wide(cchar_t **at, const wchar_t *wide, const struct ink *ink)
{
	setcchar((*at)++, wide, ink->attributes, ink->pair, NULL);
}

static void
put_ascii(cchar_t **at, char c, int count, const struct ink *ink)
{
	wchar_t wide[] = {(wchar_t)(unsigned char)c, 0};

	for (int i = 0; i < count; i++)
		put_wide(at, wide, ink);
}

/* In a locale without UTF-8. */
static void
put_replaced(cchar_t **at, uint32_t code, int columns, const struct ink *ink)
{
	wchar_t wide[] = {(wchar_t)code, 0};
	char bytes[MB_LEN_MAX], ascii = ascii_like(code);
	mbstate_t state = {0};

	if (ascii == '?' && wcwidth(wide[0]) == columns &&
	    wcrtomb(bytes, wide[0], &state) != (size_t)-1)
		put_wide(at, wide, ink);
	else
		put_ascii(at, ascii, columns, ink);
}

/* Joiners between letters of the scripts that need them; these begin the ranges. */
static bool
is_script_letter(uint32_t code)
{
	return code < 0x2000 || (code >= 0xa800 && code < 0xac00) ||
	       (code >= 0x10a00 && code < 0x12000);
}

/*
 * Terminals differ in how many columns they give to emoji that are joined, have
 * a skin tone or a variation selector: 1, 2 or the sum. What makes the
 * difference is not sent, so that all of them take the sum, as we and curses do.
 */
static bool
is_sent(const uint32_t *codes, size_t count, size_t i)
{
	if (codes[i] == 0xfe0e || codes[i] == 0xfe0f)
		return false;
	return codes[i] != 0x200d || i + 1 == count || is_script_letter(codes[i + 1]);
}

static bool
is_skin_tone(uint32_t code)
{
	return code >= 0x1f3fb && code <= 0x1f3ff;
}

/* A cchar_t for each code point that takes columns, with those behind it that take none. */
static void
put_codes(cchar_t **at, const uint32_t *codes, size_t count, const struct ink *ink)
{
	for (size_t i = 0; i < count;) {
		wchar_t wide[CCHARW_MAX + 1] = {(wchar_t)codes[i]};
		size_t len = 1;
		int columns = wcwidth((wchar_t)codes[i]);

		if (i > 0 && is_skin_tone(codes[i])) {
			put_ascii(at, ' ', columns, ink);
			i++;
			continue;
		}
		for (i++; i < count && wcwidth((wchar_t)codes[i]) == 0; i++) {
			if (len < CCHARW_MAX && is_sent(codes, count, i))
				wide[len++] = (wchar_t)codes[i];
		}
		put_wide(at, wide, ink);
	}
}

static size_t
decode_cell(const struct cell *cell, uint32_t codes[CELL_BYTES])
{
	size_t len = strlen(cell->bytes), count = 0, used;

	for (size_t at = 0; at < len; at += used)
		codes[count++] = utf8_decode(cell->bytes + at, len - at, &used);
	return count;
}

/* The columns curses takes for it; -1 if it would not take it at all. */
static int
count_columns(const uint32_t *codes, size_t count)
{
	int sum = 0;

	for (size_t i = 0; i < count; i++) {
		int columns = wcwidth((wchar_t)codes[i]);

		if (columns < 0 || (i == 0 && columns == 0))
			return -1;
		sum += columns;
	}
	return sum;
}

static void
put_cell(cchar_t **at, const struct cell *cell, int columns)
{
	const struct ink *ink = ink_of(cell);
	unsigned char first = (unsigned char)cell->bytes[0];
	uint32_t codes[CELL_BYTES];
	size_t count;

	if (first >= 0x20 && first < 0x7f && cell->bytes[1] == '\0') {
		put_ascii(at, cell->bytes[0], columns, ink);
		return;
	}
	count = decode_cell(cell, codes);
	if (count == 0)
		put_ascii(at, ' ', columns, ink);
	else if (!term.utf8)
		put_replaced(at, codes[0], columns, ink);
	else if (count_columns(codes, count) == columns)
		put_codes(at, codes, count, ink);
	else
		put_ascii(at, '?', columns, ink);
}

static int
columns_of(const struct cell *row, int x, int width)
{
	int columns = 1;

	while (row[x].bytes[0] != '\0' && x + columns < width && row[x + columns].bytes[0] == '\0')
		columns++;
	return columns;
}

/*
 * Where writing to the lower right corner would scroll, curses writes to the
 * column before it and shifts that into the corner, but fails to bring back a
 * wide character it has overwritten so: the wide one gives way. In a screen of
 * one column it would look at a column that is not there: that row stays blank.
 */
static void
paint_row(const struct cell *row, int y)
{
	static const struct cell blank = {.bytes = " "};
	int width = term.shown.width, columns;
	bool shifts = term.shifts_corner && y == term.shown.height - 1;
	cchar_t *at = term.line;

	for (int x = 0; x < width; x += columns) {
		columns = columns_of(row, x, width);
		if (shifts && (width == 1 || (columns > 1 && x + columns == width - 1)))
			put_cell(&at, &blank, columns);
		else
			put_cell(&at, &row[x], columns);
	}
	mvwadd_wchnstr(stdscr, y, 0, term.line, (int)(at - term.line));
	wtouchln(stdscr, y, 1, 1);
	term.due = true;
}

/* Brings rows that changed to stdscr. */
static void
paint_rows(const struct grid *grid)
{
	int width = term.shown.width;
	int columns = grid->width < width ? grid->width : width;
	struct cell blank = {.bytes = " "};
	struct cell *row = xcalloc((size_t)width, sizeof(*row));

	for (int y = 0; y < term.shown.height; y++) {
		struct cell *old = grid_cell(&term.shown, y, 0);
		int known = y < grid->height ? columns : 0;

		if (known > 0)
			memcpy(row, grid_cell(grid, y, 0), (size_t)known * sizeof(*row));
		for (int x = known; x < width; x++)
			row[x] = blank;
		if (!term.stale && memcmp(old, row, (size_t)width * sizeof(*row)) == 0)
			continue;
		memcpy(old, row, (size_t)width * sizeof(*row));
		paint_row(old, y);
	}
	term.stale = false;
	free(row);
}

static void
place_cursor(int y, int x)
{
	bool shown = y >= 0 && y < term.shown.height && x >= 0 && x < term.shown.width;

	if (shown != term.cursor_shown) {
		curs_set(shown);
		term.cursor_shown = shown;
		term.due = true;
	}
	if (shown && (y != term.cursor_y || x != term.cursor_x)) {
		term.cursor_y = y;
		term.cursor_x = x;
		term.due = true;
	}
}

/* What curses makes of stdscr. */
static void
make_frame(struct buf *frame)
{
	char bytes[16384];
	off_t at = 0;
	ssize_t n;

	if (term.redraw)
		clearok(curscr, TRUE);
	wmove(stdscr, term.cursor_y, term.cursor_x);
	wnoutrefresh(stdscr);
	doupdate();
	term.redraw = term.due = false;
	while ((n = pread(fileno(term.sink), bytes, sizeof(bytes), at)) > 0) {
		if (at == 0 && (term.features & FEATURE_SYNC))
			buf_puts(frame, "\033[?2026h");
		buf_add(frame, bytes, (size_t)n);
		at += n;
	}
	if (at > 0 && (term.features & FEATURE_SYNC))
		buf_puts(frame, "\033[?2026l");
	empty_sink();
}

void
term_paint(const struct grid *grid, int y, int x)
{
	if (!tty_is_taken() || tty_is_gone())
		return;
	paint_rows(grid);
	place_cursor(y, x);
	term.due = term.due || term.redraw;
	term_flush();
}

bool
term_flush(void)
{
	struct buf frame = BUF_EMPTY;
	bool waits = tty_flush();

	if (!waits && term.due && tty_is_taken()) {
		make_frame(&frame);
		tty_send(frame.data, frame.len);
		waits = tty_flush();
		buf_done(&frame);
	}
	return waits;
}

void
term_redraw(void)
{
	term.redraw = true;
}

void
term_suspend(void)
{
	tty_give_back();
	tty_drop_output();
}

bool
term_resume(struct error *err)
{
	int height, width;

	if (!take(err))
		return false;
	term_size(&height, &width);
	return true;
}

/* The rest. */

void
term_bell(void)
{
	if (!tty_flush())
		emit("\a", 1);
}

/* As much of a title as a window shows, in the locale's characters. */
static void
add_title(struct buf *out, const char *title)
{
	char *line = sanitize_line(title);
	int columns;
	size_t len = utf8_fit(line, strlen(line), TITLE_COLUMNS, &columns);

	for (size_t i = 0; i < len; i++) {
		bool ascii = (unsigned char)line[i] < 0x80;

		if (ascii || term.utf8)
			buf_putc(out, line[i]);
		else if (((unsigned char)line[i] & 0xc0) != 0x80)
			buf_putc(out, '?');
	}
	free(line);
}

void
term_set_title(const char *title)
{
	struct buf bytes = BUF_EMPTY;
	bool first = !term.titled;

	if (!(term.features & FEATURE_TITLE) || !tty_is_taken())
		return;
	if (first) {
		term.titled = true;
		prepare_leaving();
		buf_puts(&bytes, "\033[22;0t");
	}
	buf_puts(&bytes, "\033]2;");
	add_title(&bytes, title);
	buf_putc(&bytes, '\a');
	emit(bytes.data, bytes.len);
	buf_done(&bytes);
}

static void
add_base64(struct buf *out, const char *text, size_t len)
{
	static const char digits[] =
	    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

	for (size_t i = 0; i < len; i += 3) {
		size_t n = len - i < 3 ? len - i : 3;
		uint32_t bits = 0;

		for (size_t j = 0; j < 3; j++)
			bits = bits << 8 | (j < n ? (unsigned char)text[i + j] : 0u);
		for (size_t j = 0; j < 4; j++)
			buf_putc(out, j <= n ? digits[bits >> (18 - 6 * j) & 63] : '=');
	}
}

/* In a string of tmux's own, for the terminal around it: each ESC is doubled. */
static void
add_for_tmux(struct buf *out, const struct buf *bytes)
{
	buf_puts(out, "\033Ptmux;");
	for (size_t i = 0; i < bytes->len; i++) {
		if (bytes->data[i] == '\033')
			buf_putc(out, '\033');
		buf_putc(out, bytes->data[i]);
	}
	buf_puts(out, "\033\\");
}

/* GNU screen passes strings on, but only short ones. */
static void
add_for_screen(struct buf *out, const struct buf *bytes)
{
	for (size_t i = 0; i < bytes->len; i += SCREEN_STRING_MAX) {
		size_t rest = bytes->len - i;

		buf_puts(out, "\033P");
		buf_add(out, bytes->data + i, rest < SCREEN_STRING_MAX ? rest : SCREEN_STRING_MAX);
		buf_puts(out, "\033\\");
	}
}

bool
term_copy(const char *text, size_t len)
{
	struct buf bytes = BUF_EMPTY, wrapped = BUF_EMPTY;
	bool ok;

	if (len > COPY_MAX || !(term.features & FEATURE_COPY))
		return false;
	buf_puts(&bytes, "\033]52;c;");
	add_base64(&bytes, text, len);
	buf_putc(&bytes, '\a');
	if (getenv("TMUX") != NULL) {
		/* tmux itself may take it or pass it on; which of both is its user's setting. */
		buf_add(&wrapped, bytes.data, bytes.len);
		add_for_tmux(&wrapped, &bytes);
	} else if (getenv("STY") != NULL) {
		add_for_screen(&wrapped, &bytes);
	} else {
		buf_add(&wrapped, bytes.data, bytes.len);
	}
	ok = emit(wrapped.data, wrapped.len);
	buf_done(&wrapped);
	buf_done(&bytes);
	return ok;
}
