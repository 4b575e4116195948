/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <locale.h>
#include <poll.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>
#include <wchar.h>

#include <cmocka.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/error.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/utf8.h"
#include "ui/grid.h"
#include "ui/key.h"
#include "ui/term.h"
#include "ui/theme.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/*
 * The other end of a pseudoterminal: a terminal as xterm is one, as far as
 * terminfo makes use of it. It reads what term.c wrote and keeps what a person
 * would see. Anything it does not know fails the test.
 */
struct place {
	char bytes[64]; /* "" continues a wide character to the left */
	char sgr[64];
};

struct vt {
	int master, slave;
	int height, width;
	struct place *places;
	int y, x;
	int saved_y, saved_x;
	int last_y, last_x; /* the character written last */
	int top, bottom;    /* the rows that scroll */
	bool wrap; /* the last column is written; the next character goes to the next row */
	char sgr[64];
	bool alternate, cursor, paste, mouse, mouse_sgr, insert, wraps;
	struct buf pending; /* a sequence not yet complete */
	struct buf raw;	    /* all that came */
	char title[256];
	bool title_saved;
	struct termios before;
};

static struct place *
vt_place(struct vt *vt, int y, int x)
{
	assert_in_range(y, 0, vt->height - 1);
	assert_in_range(x, 0, vt->width - 1);
	return &vt->places[y * vt->width + x];
}

static void
vt_erase(struct vt *vt, int y, int from, int to)
{
	for (int x = from; x < to; x++) {
		strcpy(vt_place(vt, y, x)->bytes, " ");
		vt_place(vt, y, x)->sgr[0] = '\0';
	}
}

static void
vt_resize(struct vt *vt, int height, int width)
{
	struct winsize size = {.ws_row = (unsigned short)height, .ws_col = (unsigned short)width};

	assert_int_equal(ioctl(vt->master, TIOCSWINSZ, &size), 0);
	vt->height = height > 0 ? height : 24;
	vt->width = width > 0 ? width : 80;
	vt->places =
	    xreallocarray(vt->places, (size_t)vt->height * (size_t)vt->width, sizeof(*vt->places));
	for (int y = 0; y < vt->height; y++)
		vt_erase(vt, y, 0, vt->width);
	vt->y = vt->x = vt->last_y = vt->last_x = vt->top = 0;
	vt->bottom = vt->height - 1;
	vt->wrap = false;
}

/* Rows from top to bottom go up by count, or down. */
static void
vt_scroll(struct vt *vt, int top, int bottom, int count)
{
	int size = bottom - top + 1, by = abs(count) < size ? abs(count) : size;
	struct place *first = vt_place(vt, top, 0), *moved = vt_place(vt, top, 0) + by * vt->width;
	size_t bytes = (size_t)((size - by) * vt->width) * sizeof(*first);

	memmove(count > 0 ? first : moved, count > 0 ? moved : first, bytes);
	for (int i = 0; i < by; i++)
		vt_erase(vt, count > 0 ? bottom - i : top + i, 0, vt->width);
}

static void
vt_line_feed(struct vt *vt)
{
	vt->wrap = false;
	if (vt->y == vt->bottom)
		vt_scroll(vt, vt->top, vt->bottom, 1);
	else if (vt->y < vt->height - 1)
		vt->y++;
}

static void
vt_reverse_line_feed(struct vt *vt)
{
	vt->wrap = false;
	if (vt->y == vt->top)
		vt_scroll(vt, vt->top, vt->bottom, -1);
	else if (vt->y > 0)
		vt->y--;
}

/* To the character written last, as xterm does. */
static void
vt_join(struct vt *vt, const char *bytes, size_t len)
{
	struct place *place = vt_place(vt, vt->last_y, vt->last_x);

	assert_true(strlen(place->bytes) + len < sizeof(place->bytes));
	strncat(place->bytes, bytes, len);
}

static void
vt_put(struct vt *vt, const char *bytes, size_t len)
{
	size_t used;
	int columns = wcwidth((wchar_t)utf8_decode(bytes, len, &used));

	assert_true(columns >= 0);
	if (columns == 0) {
		vt_join(vt, bytes, len);
		return;
	}
	if (!vt->wraps && vt->x + columns > vt->width)
		vt->x = vt->width - columns;
	if (vt->wrap || vt->x + columns > vt->width) {
		vt->x = 0;
		vt_line_feed(vt);
	}
	assert_false(vt->insert);
	for (int i = 0; i < columns; i++) {
		struct place *place = vt_place(vt, vt->y, vt->x + i);

		memset(place, 0, sizeof(*place));
		if (i == 0)
			memcpy(place->bytes, bytes, len);
		strcpy(place->sgr, vt->sgr);
	}
	vt->last_y = vt->y;
	vt->last_x = vt->x;
	vt->x += columns;
	if (vt->x == vt->width) {
		vt->x--;
		vt->wrap = vt->wraps;
	}
}

static void
vt_mode(struct vt *vt, int mode, bool on)
{
	switch (mode) {
	case 25:
		vt->cursor = on;
		break;
	case 1049:
		vt->alternate = on;
		break;
	case 2004:
		vt->paste = on;
		break;
	case 1000:
		vt->mouse = on;
		break;
	case 1006:
		vt->mouse_sgr = on;
		break;
	case 7:
		vt->wraps = on;
		vt->wrap = false;
		break;
	case 1:
	case 12:
	case 47:
	case 2026:
		break;
	default:
		fail_msg("mode %d", mode);
	}
}

static void
vt_move(struct vt *vt, int y, int x)
{
	vt->wrap = false;
	vt->y = y < 0 ? 0 : y >= vt->height ? vt->height - 1 : y;
	vt->x = x < 0 ? 0 : x >= vt->width ? vt->width - 1 : x;
}

static void
vt_repeat(struct vt *vt, int count)
{
	char bytes[64];
	int x = vt->wrap ? vt->x : vt->x - 1;

	strcpy(bytes, vt_place(vt, vt->y, x)->bytes);
	while (count-- > 0)
		vt_put(vt, bytes, strlen(bytes));
}

static void
vt_shift(struct vt *vt, int by)
{
	int count = by > 0 ? by : -by, rest = vt->width - vt->x - count;
	struct place *here = vt_place(vt, vt->y, vt->x);

	if (rest < 0)
		rest = 0;
	if (by > 0)
		memmove(here + count, here, (size_t)rest * sizeof(*here));
	else
		memmove(here, here + count, (size_t)rest * sizeof(*here));
	if (by > 0)
		vt_erase(vt, vt->y, vt->x, vt->x + count);
	else
		vt_erase(vt, vt->y, vt->x + rest, vt->width);
}

static void
vt_erase_display(struct vt *vt, int what)
{
	int from = what == 0 ? vt->y + 1 : 0, to = what == 1 ? vt->y : vt->height;

	for (int y = from; y < to; y++)
		vt_erase(vt, y, 0, vt->width);
	if (what == 0)
		vt_erase(vt, vt->y, vt->x, vt->width);
}

static void
vt_csi(struct vt *vt, const char *parameters, char final)
{
	int n = 0, m = 0;
	bool private = parameters[0] == '?' || parameters[0] == '>' || parameters[0] == '<';

	sscanf(parameters + private, "%d;%d", &n, &m);
	switch (final) {
	case 'H':
		vt_move(vt, n - (n > 0), m - (m > 0));
		return;
	case 'A':
		vt_move(vt, vt->y - (n ? n : 1), vt->x);
		return;
	case 'B':
		vt_move(vt, vt->y + (n ? n : 1), vt->x);
		return;
	case 'C':
		vt_move(vt, vt->y, vt->x + (n ? n : 1));
		return;
	case 'D':
		vt_move(vt, vt->y, vt->x - (n ? n : 1));
		return;
	case 'G':
		vt_move(vt, vt->y, n - (n > 0));
		return;
	case 'd':
		vt_move(vt, n - (n > 0), vt->x);
		return;
	case 'J':
		vt_erase_display(vt, n);
		return;
	case 'K':
		vt_erase(vt, vt->y, n == 0 ? vt->x : 0, n == 1 ? vt->x + 1 : vt->width);
		return;
	case 'X':
		n = n ? n : 1;
		vt_erase(vt, vt->y, vt->x, vt->x + n < vt->width ? vt->x + n : vt->width);
		return;
	case 'P':
		vt_shift(vt, -(n ? n : 1));
		return;
	case '@':
		vt_shift(vt, n ? n : 1);
		return;
	case 'b':
		vt_repeat(vt, n ? n : 1);
		return;
	case 'm':
		if (parameters[0] == '>')
			return;
		if (n == 0 && strchr(parameters, ';') == NULL)
			vt->sgr[0] = '\0';
		else
			snprintf(vt->sgr + strlen(vt->sgr), sizeof(vt->sgr) - strlen(vt->sgr),
			    "%s;", parameters);
		return;
	case 'h':
	case 'l':
		if (private)
			vt_mode(vt, n, final == 'h');
		else if (n == 4)
			vt->insert = final == 'h';
		else if (n != 34)
			fail_msg("mode %s%c", parameters, final);
		return;
	case 't':
		assert_true(n == 22 || n == 23);
		vt->title_saved = n == 22;
		return;
	case 'u':
		assert_true(private);
		return;
	case 'c': /* the Linux console's shape of the cursor */
		assert_true(private);
		return;
	case 'r':
		vt->top = n > 0 ? n - 1 : 0;
		vt->bottom = m > 0 && m < vt->height ? m - 1 : vt->height - 1;
		assert_true(vt->top <= vt->bottom);
		vt_move(vt, 0, 0);
		return;
	case 'S':
	case 'T':
		vt_scroll(vt, vt->top, vt->bottom, final == 'S' ? (n ? n : 1) : -(n ? n : 1));
		return;
	case 'L':
	case 'M':
		assert_in_range(vt->y, vt->top, vt->bottom);
		vt_scroll(vt, vt->y, vt->bottom, final == 'M' ? (n ? n : 1) : -(n ? n : 1));
		vt_move(vt, vt->y, 0);
		return;
	default:
		fail_msg("CSI %s %c", parameters, final);
	}
}

/* The bytes of a whole sequence at the front; 0 if more are needed. */
static size_t
vt_escape(struct vt *vt, const char *bytes, size_t len)
{
	char parameters[64];
	size_t end = 2;

	if (len < 2)
		return 0;
	if (bytes[1] == ']' || bytes[1] == 'P') {
		while (end < len && bytes[end] != '\a' &&
		       !(bytes[end - 1] == '\033' && bytes[end] == '\\'))
			end++;
		if (end == len)
			return 0;
		if (bytes[1] == ']' && bytes[2] == '2')
			snprintf(vt->title, sizeof(vt->title), "%.*s", (int)(end - 4), bytes + 4);
		return end + 1;
	}
	if (bytes[1] == '(' || bytes[1] == ')')
		return len < 3 ? 0 : 3;
	if (bytes[1] == 'M' || bytes[1] == 'D') {
		bytes[1] == 'M' ? vt_reverse_line_feed(vt) : vt_line_feed(vt);
		return 2;
	}
	if (bytes[1] != '[') {
		assert_non_null(strchr("78\\=>", bytes[1]));
		if (bytes[1] == '7') {
			vt->saved_y = vt->y;
			vt->saved_x = vt->x;
		} else if (bytes[1] == '8') {
			vt_move(vt, vt->saved_y, vt->saved_x);
		}
		return 2;
	}
	while (end < len && (bytes[end] < '@' || bytes[end] > '~'))
		end++;
	if (end == len)
		return 0;
	snprintf(parameters, sizeof(parameters), "%.*s", (int)(end - 2), bytes + 2);
	vt_csi(vt, parameters, bytes[end]);
	return end + 1;
}

static size_t
vt_take(struct vt *vt, const char *bytes, size_t len)
{
	unsigned char c = (unsigned char)bytes[0];
	size_t need = c >= 0xf0 ? 4 : c >= 0xe0 ? 3 : c >= 0xc0 ? 2 : 1;

	if (c == '\033')
		return vt_escape(vt, bytes, len);
	if (len < need)
		return 0;
	if (c == '\n')
		vt_line_feed(vt);
	else if (c == '\r')
		vt_move(vt, vt->y, 0);
	else if (c == '\b')
		vt_move(vt, vt->y, vt->x - 1);
	else if (c == '\t')
		vt_move(vt, vt->y, (vt->x / 8 + 1) * 8);
	else if (c != '\a' && c != 0x0f && c != 0x0e)
		vt_put(vt, bytes, need);
	return need;
}

/* Reads all that is there now. */
static size_t
vt_read(struct vt *vt)
{
	char bytes[8192];
	size_t used, all = 0;
	ssize_t n;

	while ((n = read(vt->master, bytes, sizeof(bytes))) > 0) {
		buf_add(&vt->pending, bytes, (size_t)n);
		buf_add(&vt->raw, bytes, (size_t)n);
		all += (size_t)n;
		while (vt->pending.len > 0 &&
		       (used = vt_take(vt, vt->pending.data, vt->pending.len)) > 0)
			buf_drop(&vt->pending, used);
	}
	return all;
}

/* Until the terminal shows all that was painted. */
static void
vt_sync(struct vt *vt)
{
	struct pollfd wait = {.fd = vt->master, .events = POLLIN};
	bool waits;

	do {
		waits = term_flush();
		vt_read(vt);
	} while (waits || poll(&wait, 1, 0) > 0);
	assert_int_equal(vt->pending.len, 0);
}

static void
vt_init(struct vt *vt, int height, int width)
{
	memset(vt, 0, sizeof(*vt));
	vt->cursor = vt->wraps = true;
	buf_init(&vt->pending, 0);
	buf_init(&vt->raw, 0);
	vt->master = posix_openpt(O_RDWR | O_NOCTTY | O_NONBLOCK | O_CLOEXEC);
	assert_true(vt->master >= 0);
	assert_int_equal(grantpt(vt->master), 0);
	assert_int_equal(unlockpt(vt->master), 0);
	vt->slave = open(ptsname(vt->master), O_RDWR | O_NOCTTY | O_CLOEXEC);
	assert_true(vt->slave >= 0);
	assert_int_equal(tcgetattr(vt->slave, &vt->before), 0);
	vt_resize(vt, height, width);
}

static void
vt_done(struct vt *vt)
{
	if (vt->master >= 0)
		close(vt->master);
	close(vt->slave);
	free(vt->places);
	buf_done(&vt->pending);
	buf_done(&vt->raw);
}

/* term_start() with the terminal as standard input and output, which it does not need later. */
static bool
start(const struct vt *vt, const char *name, bool mouse, struct error *err)
{
	int in = dup(STDIN_FILENO), out = dup(STDOUT_FILENO);
	bool ok;

	fflush(stdout);
	if (name != NULL)
		setenv("TERM", name, 1);
	else
		unsetenv("TERM");
	dup2(vt->slave, STDIN_FILENO);
	dup2(vt->slave, STDOUT_FILENO);
	ok = term_start(mouse, err);
	dup2(in, STDIN_FILENO);
	dup2(out, STDOUT_FILENO);
	close(in);
	close(out);
	return ok;
}

static void
must_start(const struct vt *vt, const char *name, bool mouse)
{
	struct error err = ERROR_NONE;

	if (!start(vt, name, mouse, &err))
		fail_msg("%s: %s", name, err.text);
}

static bool
same_modes(const struct termios *a, const struct termios *b)
{
	return a->c_iflag == b->c_iflag && a->c_oflag == b->c_oflag && a->c_cflag == b->c_cflag &&
	       a->c_lflag == b->c_lflag && memcmp(a->c_cc, b->c_cc, sizeof(a->c_cc)) == 0;
}

/* Nothing tells that the program was there. */
static void
check_given_back(struct vt *vt)
{
	struct termios now;

	vt_read(vt);
	assert_int_equal(vt->pending.len, 0);
	assert_int_equal(tcgetattr(vt->slave, &now), 0);
	assert_true(same_modes(&now, &vt->before));
	assert_false(vt->alternate);
	assert_true(vt->cursor);
	assert_false(vt->paste);
	assert_false(vt->mouse);
	assert_false(vt->mouse_sgr);
	assert_false(vt->title_saved);
	assert_string_equal(vt->sgr, "");
}

static void
check_taken(struct vt *vt)
{
	struct termios now;

	vt_sync(vt);
	assert_int_equal(tcgetattr(vt->slave, &now), 0);
	assert_false(now.c_lflag & (ICANON | ECHO | ISIG | IEXTEN));
	assert_false(now.c_iflag & (IXON | ICRNL));
	assert_true(vt->alternate);
	assert_true(vt->paste);
}

/* What is on the terminal is what is in the grid. */
static void
check_shown(struct vt *vt, const struct grid *grid)
{
	struct buf seen = BUF_EMPTY, expected = BUF_EMPTY;
	size_t len;

	vt_sync(vt);
	grid_save(grid, &expected);
	for (int y = 0; y < vt->height; y++) {
		len = seen.len;
		for (int x = 0; x < vt->width; x++) {
			buf_puts(&seen, vt_place(vt, y, x)->bytes);
			if (strcmp(vt_place(vt, y, x)->bytes, " ") != 0)
				len = seen.len;
		}
		buf_truncate(&seen, len);
		buf_putc(&seen, '\n');
	}
	assert_string_equal(seen.data, expected.data);
	buf_done(&seen);
	buf_done(&expected);
}

static const char *const terminals[] = {
    "xterm-256color", "xterm", "tmux-256color", "screen", "linux", "vt100", "rxvt"};

static void
test_start_stop(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(terminals); i++) {
		struct vt vt;
		struct grid grid;
		struct rect all = {0, 0, 24, 80};
		bool has_alternate =
		    strcmp(terminals[i], "linux") != 0 && strcmp(terminals[i], "vt100") != 0;

		print_message("%s\n", terminals[i]);
		vt_init(&vt, 24, 80);
		must_start(&vt, terminals[i], true);
		vt.alternate |= !has_alternate || strcmp(terminals[i], "rxvt") == 0;
		check_taken(&vt);
		assert_true(vt.mouse && vt.mouse_sgr);
		term_set_mouse(false);
		vt_sync(&vt);
		assert_false(vt.mouse || vt.mouse_sgr);
		term_set_mouse(true);
		grid_init(&grid, 24, 80);
		grid_frame(&grid, all, "A frame", STYLE_BORDER);
		grid_puts(&grid, all, 2, 2, "漢字 é", STYLE_ERROR);
		term_paint(&grid, 5, 7);
		check_shown(&vt, &grid);
		assert_true(vt.cursor);
		assert_int_equal(vt.y, 5);
		assert_int_equal(vt.x, 7);
		if (strcmp(terminals[i], "vt100") != 0) {
			term_paint(&grid, -1, 0);
			vt_sync(&vt);
			assert_false(vt.cursor);
		}
		term_stop();
		vt.alternate = has_alternate && strcmp(terminals[i], "rxvt") != 0 && vt.alternate;
		check_given_back(&vt);
		term_stop();
		grid_done(&grid);
		vt_done(&vt);
	}
}

/* Painting at random, with styles and wide characters, in sizes that change. */
static void
paint_at_random(struct grid *grid)
{
	static const char *const pieces[] = {"word ", "a", "漢字テスト", "e\xcc\x81", "🙂", "🇫🇷",
	    "हिन्दी ", "────────────", "                    ", "xxxxxxxxxxxxxxxx", "─┼│", "…"};

	for (int i = rand() % 30; i >= 0; i--) {
		struct rect rect = {rand() % grid->height, rand() % grid->width,
		    1 + rand() % grid->height, 1 + rand() % grid->width};
		enum style style = (enum style)(rand() % STYLE_COUNT);

		if (rand() % 6 == 0)
			grid_clear(grid, rect, style);
		else if (rand() % 6 == 0)
			grid_lay(grid, rect, 0, 0, rand() % 20, style);
		else if (rand() % 10 == 0)
			memmove(grid->cells, grid->cells + grid->width,
			    (size_t)(grid->height - 1) * (size_t)grid->width * sizeof(struct cell));
		else
			grid_puts(grid, rect, rand() % rect.height, rand() % rect.width,
			    pieces[(size_t)rand() % COUNT(pieces)], style);
	}
}

/* Curses cannot put a narrow character behind a wide one there, on most terminals. */
static void
free_corner(struct grid *grid)
{
	struct cell *corner = grid_cell(grid, grid->height - 1, grid->width - 1);
	struct rect row = {grid->height - 1, 0, 1, grid->width};

	if (grid->width > 1 && corner[0].bytes[0] != '\0' && corner[-1].bytes[0] == '\0')
		grid_puts(grid, row, 0, grid->width - 2, " ", STYLE_NORMAL);
}

/* With a single column curses fails at the lower right corner of most terminals. */
static void
check_frame(struct vt *vt, const struct grid *grid)
{
	if (grid->width > 1)
		check_shown(vt, grid);
	else
		vt_sync(vt);
}

static void
test_random(void **state)
{
	static const int sizes[][2] = {
	    {24, 80}, {5, 20}, {1, 1}, {2, 2}, {1, 80}, {50, 1}, {40, 132}, {3, 7}, {24, 80}};

	(void)state;
	srand(9);
	for (size_t i = 0; i < COUNT(terminals); i++) {
		struct vt vt;
		struct grid grid;
		int height, width;

		print_message("%s\n", terminals[i]);
		vt_init(&vt, 24, 80);
		must_start(&vt, terminals[i], false);
		grid_init(&grid, 24, 80);
		for (size_t s = 0; s < COUNT(sizes); s++) {
			vt_sync(&vt);
			vt_resize(&vt, sizes[s][0], sizes[s][1]);
			term_size(&height, &width);
			assert_int_equal(height, sizes[s][0]);
			assert_int_equal(width, sizes[s][1]);
			grid_resize(&grid, height, width);
			for (int frame = 0; frame < 25; frame++) {
				paint_at_random(&grid);
				free_corner(&grid);
				term_paint(&grid, rand() % height, rand() % width);
				check_frame(&vt, &grid);
			}
			term_redraw();
			vt_resize(&vt, height, width);
			term_paint(&grid, 0, 0);
			check_frame(&vt, &grid);
		}
		term_stop();
		grid_done(&grid);
		vt_done(&vt);
	}
}

static void
test_sizes(void **state)
{
	static const struct {
		int height, width, expected_height, expected_width;
	} sizes[] = {
	    {0, 0, 24, 80},
	    {0, 10, 24, 10},
	    {1, 1, 1, 1},
	    {1000, 1000, 1000, 1000},
	    {60000, 3, 1000, 3},
	    {24, 80, 24, 80},
	};
	struct vt vt;
	struct grid grid;
	int height, width;

	(void)state;
	vt_init(&vt, 24, 80);
	must_start(&vt, "xterm-256color", false);
	grid_init(&grid, 1, 1);
	for (size_t i = 0; i < COUNT(sizes); i++) {
		struct rect all;

		vt_resize(&vt, sizes[i].height, sizes[i].width);
		term_size(&height, &width);
		assert_int_equal(height, sizes[i].expected_height);
		assert_int_equal(width, sizes[i].expected_width);
		grid_resize(&grid, height, width);
		all = (struct rect){0, 0, height, width};
		grid_frame(&grid, all, NULL, STYLE_NORMAL);
		grid_puts(&grid, all, height - 1, width - 1, "#", STYLE_NORMAL);
		term_paint(&grid, 0, 0);
		vt_sync(&vt);
		assert_string_equal(vt_place(&vt, height - 1, width - 1)->bytes, "#");
	}
	/* A grid of another size than the terminal: what is there is shown. */
	grid_resize(&grid, 2, 200);
	grid_puts(&grid, (struct rect){0, 0, 2, 200}, 0, 78, "abcd", STYLE_NORMAL);
	term_paint(&grid, 0, 0);
	vt_sync(&vt);
	assert_string_equal(vt_place(&vt, 0, 79)->bytes, "b");
	assert_string_equal(vt_place(&vt, 23, 79)->bytes, " ");
	term_stop();
	check_given_back(&vt);
	grid_done(&grid);
	vt_done(&vt);
}

/* Emoji sequences are sent in a form that all terminals advance alike by. */
static void
test_emoji(void **state)
{
	static const struct {
		const char *text, *shown;
	} rows[] = {
	    {"👨‍👩‍👧‍👦|", "👨👩👧👦|"},
	    {"👍🏽|", "👍  |"},
	    {"❤️|", "❤|"},
	    {"1️⃣|", "1⃣|"},
	    {"می‌خواهم|", "می‌خواهم|"},
	    {"🏃‍♂️|", "🏃♂|"},
	};
	struct vt vt;
	struct grid grid;
	struct rect all = {0, 0, 1, 40};

	(void)state;
	vt_init(&vt, 1, 40);
	must_start(&vt, "xterm-256color", false);
	grid_init(&grid, 1, 40);
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct buf seen = BUF_EMPTY;

		grid_clear(&grid, all, STYLE_NORMAL);
		grid_puts(&grid, all, 0, 0, rows[i].text, STYLE_NORMAL);
		term_paint(&grid, 0, 0);
		vt_sync(&vt);
		for (int x = 0; x < 40 && vt_place(&vt, 0, x)->bytes[0] != '|'; x++)
			buf_puts(&seen, vt_place(&vt, 0, x)->bytes);
		buf_putc(&seen, '|');
		assert_string_equal(seen.data, rows[i].shown);
		buf_done(&seen);
	}
	term_stop();
	grid_done(&grid);
	vt_done(&vt);
}

/* Without UTF-8 all that is sent is ASCII, in the same columns. */
static void
test_ascii(void **state)
{
	struct vt vt;
	struct grid grid;
	struct rect all = {0, 0, 3, 40};

	(void)state;
	vt_init(&vt, 3, 40);
	grid_init(&grid, 3, 40);
	grid_puts(&grid, all, 0, 0, "┌─┐│└┘╔═╗║ • → … “q” ⑂3 ▌▸", STYLE_NORMAL);
	grid_puts(&grid, all, 1, 0, "漢字 é e\xcc\x81 🙂|", STYLE_NORMAL);
	setlocale(LC_ALL, "C");
	must_start(&vt, "xterm-256color", false);
	assert_false(term_is_utf8());
	term_set_title("tëst");
	term_paint(&grid, 0, 0);
	vt_sync(&vt);
	for (size_t i = 0; i < vt.raw.len; i++)
		assert_true((unsigned char)vt.raw.data[i] < 0x80);
	setlocale(LC_ALL, "C.UTF-8");
	assert_string_equal(vt.title, "t?st");
	grid_clear(&grid, all, STYLE_NORMAL);
	grid_puts(&grid, all, 0, 0, "+-+|+++=+| * > . \"q\" Y3 |>", STYLE_NORMAL);
	grid_puts(&grid, all, 1, 0, "???? ? e ??|", STYLE_NORMAL);
	check_shown(&vt, &grid);
	term_stop();
	grid_done(&grid);
	vt_done(&vt);
}

/* The looks of a style and of one laid over it, as the terminal got them. */
static const char *
look(
    struct vt *vt, const char *terminal, const char *theme_name, enum style style, enum style under)
{
	struct grid grid;
	struct rect all = {0, 0, 24, 80};
	struct theme theme;
	const char *sgr;

	vt_init(vt, 24, 80);
	must_start(vt, terminal, false);
	if (theme_find(theme_name, &theme))
		term_set_theme(&theme);
	grid_init(&grid, 24, 80);
	grid_puts(&grid, all, 3, 3, "x", style);
	if (under != STYLE_NORMAL)
		grid_lay(&grid, all, 3, 3, 1, under);
	term_paint(&grid, 0, 0);
	vt_sync(vt);
	grid_done(&grid);
	term_stop();
	sgr = vt_place(vt, 3, 3)->sgr;
	/* Curses begins with a 0 when it sets several attributes at once. */
	return strncmp(sgr, "0;", 2) == 0 ? sgr + 2 : sgr;
}

static void
test_looks(void **state)
{
	static const struct {
		const char *terminal, *theme;
		enum style style, under;
		const char *sgr;
	} rows[] = {
	    {"xterm-256color", "auto", STYLE_NORMAL, 0, ""},
	    {"xterm-256color", "auto", STYLE_STRONG, 0, "1;"},
	    {"xterm-256color", "auto", STYLE_EMPHASIS, 0, "3;"},
	    {"screen", "auto", STYLE_EMPHASIS, 0, "4;"},
	    {"xterm-256color", "auto", STYLE_CODE, 0, "36;"},
	    {"xterm-256color", "auto", STYLE_ERROR, 0, "1;31;"},
	    {"xterm-256color", "dark", STYLE_CODE, 0, "96;"},
	    {"xterm", "dark", STYLE_CODE, 0, "1;36;"},
	    {"xterm-256color", "light", STYLE_CODE, 0, "34;"},
	    {"xterm-256color", "none", STYLE_ERROR, 0, "1;7;"},
	    {"vt100", "auto", STYLE_CODE, 0, "1;"},
	    {"xterm-256color", "auto", STYLE_NORMAL, STYLE_SELECTED, "7;"},
	    {"xterm-256color", "auto", STYLE_CODE, STYLE_SELECTED, "7;36;"},
	    {"xterm-256color", "auto", STYLE_STATUS, STYLE_SELECTED, ""},
	    {"xterm-256color", "auto", STYLE_NORMAL, STYLE_SELECTED_DIM, "4;"},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct vt vt;
		const char *sgr =
		    look(&vt, rows[i].terminal, rows[i].theme, rows[i].style, rows[i].under);

		assert_string_equal(sgr, rows[i].sgr);
		vt_done(&vt);
	}
}

static void
test_no_colour(void **state)
{
	struct vt vt;

	(void)state;
	setenv("NO_COLOR", "1", 1);
	assert_string_equal(look(&vt, "xterm-256color", "auto", STYLE_CODE, 0), "1;");
	assert_null(strstr(vt.raw.data, "36m"));
	vt_done(&vt);
	setenv("NO_COLOR", "", 1);
	assert_string_equal(look(&vt, "xterm-256color", "auto", STYLE_CODE, 0), "36;");
	vt_done(&vt);
	unsetenv("NO_COLOR");
}

static void
test_refused(void **state)
{
	static const struct {
		const char *terminal, *part;
	} rows[] = {
	    {"dumb", "TERM=dumb"},
	    {"no-such-terminal", "TERM=no-such-terminal"},
	    {"bad\033]0;x", "TERM=bad^[]0;x"},
	    {"", "TERM is not set"},
	    {NULL, "TERM is not set"},
	};
	struct vt vt;
	int zero;

	(void)state;
	vt_init(&vt, 24, 80);
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct error err = ERROR_NONE;

		assert_false(start(&vt, rows[i].terminal, true, &err));
		assert_int_equal(err.kind, ERR_USAGE);
		assert_non_null(strstr(err.text, rows[i].part));
		error_done(&err);
		check_given_back(&vt);
		assert_int_equal(vt.raw.len, 0);
	}
	zero = vt.slave;
	vt.slave = open("/dev/null", O_RDWR);
	for (int i = 0; i < 2; i++) {
		struct error err = ERROR_NONE;

		assert_false(start(&vt, "xterm", true, &err));
		assert_int_equal(err.kind, ERR_USAGE);
		error_done(&err);
	}
	close(vt.slave);
	vt.slave = zero;
	vt_done(&vt);
}

/* Types at the terminal; reading goes on meanwhile, as the kernel holds little. */
static void
type(struct vt *vt, const char *bytes)
{
	size_t len = strlen(bytes);

	while (len > 0) {
		ssize_t n = write(vt->master, bytes, len);

		if (n < 0)
			break;
		bytes += n;
		len -= (size_t)n;
	}
	assert_int_equal(len, 0);
}

static void
expect_key(const char *name)
{
	char printed[KEY_NAME_SIZE];
	struct pollfd wait = {.fd = term_fd(), .events = POLLIN};
	struct key key;
	bool gone;
	int more = -1;

	while (!term_read(&key, &more, &gone)) {
		assert_false(gone);
		poll(&wait, 1, more >= 0 ? more : 10000);
	}
	key_print(&key, printed, sizeof(printed));
	assert_string_equal(printed, name);
	free(key.text);
}

static void
test_keys(void **state)
{
	struct vt vt;
	struct key key;
	bool gone = true;
	int more;

	(void)state;
	vt_init(&vt, 24, 80);
	assert_false(term_read(&key, &more, &gone));
	must_start(&vt, "xterm-256color", true);
	assert_false(term_read(&key, &more, &gone));
	assert_int_equal(more, -1);
	assert_false(gone);
	type(&vt, "aé\033[A\003\032\021\023\r\n\033[<0;3;4M");
	expect_key("a");
	expect_key("é");
	expect_key("Up");
	expect_key("C-c");
	expect_key("C-z");
	expect_key("C-q");
	expect_key("C-s");
	expect_key("Enter");
	expect_key("C-j");
	expect_key("MousePress");
	type(&vt, "\033");
	expect_key("Esc");
	type(&vt, "\b");
	expect_key("C-h");
	term_stop();
	check_given_back(&vt);

	/* Where Backspace sends C-h, C-h is Backspace. */
	vt.before.c_cc[VERASE] = '\b';
	assert_int_equal(tcsetattr(vt.slave, TCSANOW, &vt.before), 0);
	must_start(&vt, "xterm-256color", true);
	type(&vt, "\b");
	expect_key("Backspace");
	term_stop();
	check_given_back(&vt);
	vt_done(&vt);
}

/* A mebibyte, typed faster than it is read. */
static void
test_paste(void **state)
{
	struct buf bytes = BUF_EMPTY;
	struct vt vt;
	struct key key;
	bool gone = false, taken = false;
	size_t at = 0;
	int more;

	(void)state;
	buf_puts(&bytes, "\033[200~");
	for (int i = 0; bytes.len < 1 << 20; i++)
		buf_printf(&bytes, "line %d\r\n\t\033[A %s", i, i % 2 ? "\001" : "é");
	buf_puts(&bytes, "\033[201~");
	vt_init(&vt, 24, 80);
	must_start(&vt, "xterm-256color", true);
	while (!taken) {
		ssize_t n = at < bytes.len ? write(vt.master, bytes.data + at, bytes.len - at) : 0;

		at += n > 0 ? (size_t)n : 0;
		taken = term_read(&key, &more, &gone);
		assert_false(gone);
	}
	assert_int_equal(at, bytes.len);
	assert_int_equal(key.code, KEY_PASTE);
	assert_int_equal(key.len, bytes.len - 12);
	assert_memory_equal(key.text, bytes.data + 6, key.len);
	free(key.text);
	assert_false(term_read(&key, &more, &gone));
	term_stop();
	check_given_back(&vt);
	buf_done(&bytes);
	vt_done(&vt);
}

/* The rest of an unfinished paste is not left for the shell to run. */
static void
test_stop_in_paste(void **state)
{
	struct vt vt;
	struct key key;
	bool gone;
	int more, waiting = -1;

	(void)state;
	vt_init(&vt, 24, 80);
	must_start(&vt, "xterm-256color", true);
	type(&vt, "\033[200~rm -rf\r");
	assert_false(term_read(&key, &more, &gone));
	type(&vt, "echo\r");
	term_stop();
	check_given_back(&vt);
	assert_int_equal(ioctl(vt.slave, FIONREAD, &waiting), 0);
	assert_int_equal(waiting, 0);
	vt_done(&vt);
}

static void
test_gone(void **state)
{
	struct vt vt;
	struct grid grid;
	struct key key;
	bool gone = false;
	int more;

	(void)state;
	vt_init(&vt, 24, 80);
	must_start(&vt, "xterm-256color", true);
	vt_sync(&vt);
	close(vt.master);
	vt.master = -1;
	assert_false(term_read(&key, &more, &gone));
	assert_true(gone);
	assert_false(term_read(&key, &more, &gone));
	assert_true(gone);
	grid_init(&grid, 24, 80);
	term_paint(&grid, 0, 0);
	assert_false(term_flush());
	term_bell();
	term_stop();
	grid_done(&grid);
	vt_done(&vt);
}

/* A terminal that reads nothing holds up nothing, and sees the last frame in the end. */
static void
test_stalled(void **state)
{
	struct vt vt;
	struct grid grid;
	struct rect all = {0, 0, 50, 200};
	int64_t begin;
	char words[40];

	(void)state;
	vt_init(&vt, 50, 200);
	must_start(&vt, "xterm-256color", true);
	grid_init(&grid, 50, 200);
	for (int frame = 0; frame < 300; frame++) {
		for (int y = 0; y < 50; y++) {
			snprintf(words, sizeof(words), "frame %d row %d", frame, y);
			grid_puts(
			    &grid, all, y, frame % 100, words, (enum style)(frame % STYLE_COUNT));
		}
		term_paint(&grid, frame % 50, 0);
		term_bell();
	}
	assert_true(term_flush());
	check_shown(&vt, &grid);
	/* Not all 300 frames came. */
	assert_true(vt.raw.len < 1 << 20);

	/* Given back while it is stuck: what a terminal that wakes up sees is in order again. */
	for (int frame = 0; frame < 50 && !term_flush(); frame++) {
		snprintf(words, sizeof(words), "again %d", frame);
		for (int y = 0; y < 50; y++)
			grid_puts(&grid, all, y, frame, words, STYLE_ERROR);
		term_paint(&grid, 0, 0);
	}
	begin = clock_ms();
	term_stop();
	assert_true(clock_ms() - begin < 20000);
	grid_done(&grid);
	vt_done(&vt);
}

static void
test_suspend(void **state)
{
	struct vt vt;
	struct grid grid;
	struct error err = ERROR_NONE;
	struct termios other;
	int height, width;

	(void)state;
	vt_init(&vt, 24, 80);
	must_start(&vt, "xterm-256color", true);
	grid_init(&grid, 24, 80);
	grid_frame(&grid, (struct rect){0, 0, 24, 80}, "frame", STYLE_NORMAL);
	term_set_title("one");
	term_paint(&grid, 1, 1);
	check_shown(&vt, &grid);
	term_suspend();
	check_given_back(&vt);
	term_suspend();
	check_given_back(&vt);
	term_paint(&grid, 1, 1);
	vt_read(&vt);
	assert_false(vt.alternate);

	vt_resize(&vt, 10, 40);
	assert_true(term_resume(&err));
	check_taken(&vt);
	assert_true(vt.mouse);
	term_size(&height, &width);
	assert_int_equal(height, 10);
	grid_resize(&grid, height, width);
	grid_frame(&grid, (struct rect){0, 0, 10, 40}, "again", STYLE_NORMAL);
	term_paint(&grid, 1, 1);
	check_shown(&vt, &grid);

	/* After SIGSTOP a shell has set its own modes; taking once more finds ours later. */
	assert_int_equal(tcsetattr(vt.slave, TCSANOW, &vt.before), 0);
	assert_true(term_resume(&err));
	check_taken(&vt);
	assert_true(term_resume(&err));
	check_taken(&vt);
	vt_resize(&vt, 10, 40);
	term_paint(&grid, 1, 1);
	check_shown(&vt, &grid);
	term_stop();
	check_given_back(&vt);

	/* A killed program left it raw: it is not left so twice. */
	other = vt.before;
	cfmakeraw(&other);
	assert_int_equal(tcsetattr(vt.slave, TCSANOW, &other), 0);
	vt.slave = dup(vt.slave);
	must_start(&vt, "xterm-256color", true);
	term_stop();
	assert_int_equal(tcgetattr(vt.slave, &other), 0);
	assert_true(other.c_lflag & ICANON);
	assert_true(other.c_lflag & ECHO);
	assert_true(other.c_iflag & ICRNL);
	assert_true(other.c_oflag & OPOST);
	grid_done(&grid);
	vt_done(&vt);
}

static void
overflow(volatile int *deep)
{
	volatile char room[4096];

	room[0] = (char)*deep;
	*deep += 1;
	if (*deep > 0)
		overflow(deep);
	*deep += room[0];
}

/* Ways to die. Each runs in a child, with the terminal taken and a frame shown. */
enum death {
	DIE_EXIT,
	DIE_FATAL,
	DIE_ABORT,
	DIE_SEGV,
	DIE_BUS,
	DIE_ILL,
	DIE_FPE,
	DIE_OVERFLOW,
	DIE_FORK,
	DEATHS,
};

static const int death_signals[DEATHS] = {
    [DIE_ABORT] = SIGABRT,
    [DIE_SEGV] = SIGSEGV,
    [DIE_BUS] = SIGBUS,
    [DIE_ILL] = SIGILL,
    [DIE_FPE] = SIGFPE,
    [DIE_OVERFLOW] = SIGSEGV,
};

/* Forked before exec: it must not give back what belongs to its parent. */
static void
check_forked_child(void)
{
	pid_t pid = fork();
	int status;

	if (pid == 0)
		exit(0);
	waitpid(pid, &status, 0);
}

static void
die(enum death death)
{
	volatile int deep = 0;

	switch (death) {
	case DIE_EXIT:
		exit(7);
	case DIE_FATAL:
		fatal("the end");
	case DIE_ABORT:
		abort();
	case DIE_OVERFLOW:
		overflow(&deep);
		break;
	case DIE_FORK:
		check_forked_child();
		_exit(8);
	default:
		raise(death_signals[death]);
	}
	_exit(9);
}

static void
run_child(struct vt *vt, enum death death)
{
	struct grid grid;
	struct rect all = {0, 0, 24, 80};
	int null = open("/dev/null", O_WRONLY);

	dup2(null, STDERR_FILENO);
	/* cmocka would go on with the next test in the child. */
	for (size_t i = 0; i < DEATHS; i++) {
		if (death_signals[i] != 0)
			signal(death_signals[i], SIG_DFL);
	}
	must_start(vt, "xterm-256color", true);
	term_set_title("dying");
	grid_init(&grid, 24, 80);
	grid_frame(&grid, all, NULL, STYLE_ERROR);
	term_paint(&grid, -1, 0);
	grid_done(&grid);
	die(death);
}

static void
test_deaths(void **state)
{
	(void)state;
	for (enum death death = DIE_EXIT; death < DEATHS; death++) {
		struct vt vt;
		int status = 0;
		pid_t pid;

		print_message("death %d\n", (int)death);
		fflush(NULL);
		vt_init(&vt, 24, 80);
		pid = fork();
		assert_true(pid >= 0);
		if (pid == 0)
			run_child(&vt, death);
		assert_int_equal(waitpid(pid, &status, 0), pid);
		vt_read(&vt);
		assert_true(strstr(vt.raw.data, "\033[?1049h") != NULL);
		if (death == DIE_FORK) {
			assert_true(vt.alternate);
			assert_true(vt.mouse);
		} else {
			check_given_back(&vt);
			assert_string_equal(vt.title, "");
		}
		if (death_signals[death] != 0)
			assert_true(
			    WIFSIGNALED(status) && WTERMSIG(status) == death_signals[death]);
		else
			assert_true(WIFEXITED(status) && WEXITSTATUS(status) != 0);
		vt_done(&vt);
	}
}

static void
test_title(void **state)
{
	struct vt vt;

	(void)state;
	vt_init(&vt, 24, 80);
	must_start(&vt, "xterm-256color", true);
	term_set_title("Quantum \a\033]0;evil\033\\ bäsics");
	vt_sync(&vt);
	assert_string_equal(vt.title, "Quantum ^G^[]0;evil^[\\ bäsics");
	assert_true(vt.title_saved);
	term_set_title("two");
	vt_sync(&vt);
	assert_string_equal(vt.title, "two");
	term_stop();
	check_given_back(&vt);
	assert_string_equal(vt.title, "");
	vt.raw.len = 0;
	must_start(&vt, "vt100", true);
	term_set_title("none");
	vt_sync(&vt);
	assert_string_equal(vt.title, "");
	term_stop();
	vt_done(&vt);
}

static void
check_copy(const char *terminal, const char *text, const char *sent)
{
	struct vt vt;

	vt_init(&vt, 24, 80);
	must_start(&vt, terminal, false);
	vt_sync(&vt);
	buf_clear(&vt.raw);
	assert_int_equal(term_copy(text, strlen(text)), sent != NULL);
	vt_sync(&vt);
	assert_string_equal(vt.raw.data, sent != NULL ? sent : "");
	term_stop();
	check_given_back(&vt);
	vt_done(&vt);
}

static void
test_copy(void **state)
{
	char *large = xmalloc(80001);

	(void)state;
	unsetenv("TMUX");
	unsetenv("STY");
	check_copy("xterm-256color", "", "\033]52;c;\a");
	check_copy("xterm-256color", "a", "\033]52;c;YQ==\a");
	check_copy("xterm-256color", "hi", "\033]52;c;aGk=\a");
	check_copy("xterm-256color", "hé!", "\033]52;c;aMOpIQ==\a");
	check_copy("vt100", "hi", NULL);
	setenv("TMUX", "x", 1);
	check_copy("tmux-256color", "hi",
	    "\033]52;c;aGk=\a"
	    "\033Ptmux;\033\033]52;c;aGk=\a\033\\");
	unsetenv("TMUX");
	setenv("STY", "x", 1);
	check_copy("screen", "hi", "\033P\033]52;c;aGk=\a\033\\");
	unsetenv("STY");
	memset(large, 'x', 80000);
	large[80000] = '\0';
	check_copy("xterm-256color", large, NULL);
	free(large);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_start_stop),
	    cmocka_unit_test(test_random),
	    cmocka_unit_test(test_sizes),
	    cmocka_unit_test(test_emoji),
	    cmocka_unit_test(test_ascii),
	    cmocka_unit_test(test_looks),
	    cmocka_unit_test(test_no_colour),
	    cmocka_unit_test(test_refused),
	    cmocka_unit_test(test_keys),
	    cmocka_unit_test(test_paste),
	    cmocka_unit_test(test_stop_in_paste),
	    cmocka_unit_test(test_gone),
	    cmocka_unit_test(test_stalled),
	    cmocka_unit_test(test_suspend),
	    cmocka_unit_test(test_deaths),
	    cmocka_unit_test(test_title),
	    cmocka_unit_test(test_copy),
	};

	setlocale(LC_ALL, "C.UTF-8");
	unsetenv("NO_COLOR");
	return cmocka_run_group_tests(tests, NULL, NULL);
}
