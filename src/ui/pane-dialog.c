/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include "ui/panes.h"

#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/i18n.h"
#include "base/mem.h"
#include "base/sanitize.h"
#include "base/utf8.h"
#include "text/wrap.h"
#include "ui/editor.h"
#include "ui/key.h"
#include "ui/screen.h"

/* Below this there is no room for a frame. */
#define LOW_HEIGHT 9
#define NARROW 30

/* A frame in the middle of the screen: a question, and a line to type or letters to choose by. */
struct dialog {
	struct pane pane;
	char *question;
	char *choices; /* NULL: a line is typed */
	char *labels;  /* of the choices */
	struct editor *editor;
	row_list rows, label_rows;
	bool framed, spaced;
	struct rect box;
	int cursor_x;
	dialog_fn fn;
	char *about; /* NULL: fn is asked */
	dialog_about_fn about_fn;
};

static struct dialog *
self(struct pane *pane)
{
	return (struct dialog *)pane;
}

static void
wrap(row_list *rows, const char *words, enum style style, int width)
{
	struct text text;

	row_list_done(rows);
	text_init(&text);
	text_puts(&text, words, style);
	wrap_text(rows, &text, NULL, NULL, width > 4 ? width : 4);
	text_done(&text);
}

/* On a small screen without a frame and from edge to edge; the last row stays the status line. */
static void
update(struct pane *pane)
{
	struct dialog *d = self(pane);
	int most = pane->rect.height - 1, answer, rows, y;

	d->framed = pane->rect.height >= LOW_HEIGHT && pane->rect.width >= NARROW;
	d->box.width = !d->framed	       ? pane->rect.width
		       : pane->rect.width < 70 ? pane->rect.width - 4
					       : 66;
	wrap(&d->rows, d->question, STYLE_NORMAL, d->box.width - (d->framed ? 4 : 2));
	row_list_done(&d->label_rows);
	if (d->choices != NULL)
		wrap(&d->label_rows, d->labels, STYLE_KEY, d->box.width - (d->framed ? 4 : 2));
	answer = d->choices != NULL ? (int)d->label_rows.len : 1;
	d->box.height = (int)d->rows.len + answer + (d->framed ? 2 : 0);
	d->spaced = d->choices != NULL && d->box.height < most;
	d->box.height += d->spaced ? 1 : 0;
	if (d->box.height > most)
		d->box.height = most;
	d->box.y = d->framed ? (pane->rect.height - d->box.height) / 3 : 0;
	d->box.x = (pane->rect.width - d->box.width) / 2;
	if (d->choices == NULL)
		editor_layout(d->editor, 100000, &rows, &y, &d->cursor_x);
}

/* The row in the box where the answer is typed, or the choices begin. */
static int
answer_row(const struct dialog *d)
{
	int rows = d->choices != NULL ? (int)d->label_rows.len : 1,
	    row = d->box.height - (d->framed ? 1 : 0) - rows;

	return row > 0 ? row : 0;
}

/* Of the question as much as fits above the answer. */
static void
paint(const struct pane *pane, struct grid *grid)
{
	const struct dialog *d = (const struct dialog *)pane;
	int y = d->framed ? 1 : 0, x = d->framed ? 2 : 1, bottom = d->box.height - y;
	int last = answer_row(d) - (d->spaced ? 1 : 0);

	grid_clear(grid, d->box, STYLE_NORMAL);
	if (d->framed)
		grid_frame(grid, d->box, "", STYLE_BORDER);
	for (size_t i = 0; i < d->rows.len && y < last; i++, y++) {
		int end = grid_put_text(grid, d->box, y, x, &d->rows.items[i].text);

		if (y + 1 == last && i + 1 < d->rows.len)
			grid_puts(
			    grid, d->box, y, end < d->box.width ? end : end - 1, "…", STYLE_NORMAL);
	}
	y = answer_row(d);
	for (size_t i = 0; i < d->label_rows.len && y < bottom; i++)
		grid_put_text(grid, d->box, y++, x, &d->label_rows.items[i].text);
	if (d->choices == NULL) {
		struct rect line = {d->box.y + y, d->box.x + x, 1, d->box.width - 2 * x};
		size_t len;
		const char *text = editor_text(d->editor, &len);
		struct buf clean;
		int skip = d->cursor_x - (line.width - 3) > 0 ? d->cursor_x - (line.width - 3) : 0,
		    used;

		buf_init(&clean, 0);
		sanitize(&clean, text, len, SANITIZE_LINE);
		grid_puts(grid, line, 0, 0, "> ", STYLE_KEY);
		skip = (int)utf8_fit(clean.data, clean.len, skip, &used);
		grid_put(
		    grid, line, 0, 2, clean.data + skip, clean.len - (size_t)skip, STYLE_NORMAL);
		buf_done(&clean);
	}
}

static void
finish(struct dialog *d, const char *answer)
{
	struct screen *screen = d->pane.screen;
	dialog_fn fn = d->fn;
	dialog_about_fn about_fn = d->about_fn;
	char *copy = xstrdup(answer), *about = xstrdup(d->about);

	screen_pop(screen);
	if (about_fn != NULL)
		about_fn(screen, copy, about);
	else
		fn(screen, copy);
	free(about);
	free(copy);
}

static bool
key(struct pane *pane, const struct key *k)
{
	struct dialog *d = self(pane);
	char bytes[5] = "";
	size_t len;

	if (d->choices != NULL) {
		if (!key_is_text(k) || k->code > 0x7f || strchr(d->choices, (int)k->code) == NULL)
			return false;
		bytes[0] = (char)k->code;
		finish(d, bytes);
		return true;
	}
	if (key_is_text(k)) {
		len = utf8_encode(k->code, bytes);
		editor_insert(d->editor, bytes, len);
	} else if (k->code == KEY_PASTE) {
		struct buf line;

		buf_init(&line, 4096);
		sanitize(&line, k->text, k->len, SANITIZE_LINE);
		editor_insert(d->editor, line.data, line.len);
		buf_done(&line);
	} else {
		return false;
	}
	pane_touch(pane);
	return true;
}

static bool
action(struct pane *pane, const char *name)
{
	static const struct {
		const char *name;
		enum editor_op op;
	} edits[] = {
	    {"left", EDIT_LEFT},
	    {"right", EDIT_RIGHT},
	    {"line-start", EDIT_LINE_START},
	    {"line-end", EDIT_LINE_END},
	    {"backspace", EDIT_BACKSPACE},
	    {"delete", EDIT_DELETE},
	    {"kill-line-start", EDIT_KILL_LINE_START},
	    {"kill-space-left", EDIT_KILL_SPACE_LEFT},
	    {"undo", EDIT_UNDO},
	};
	struct dialog *d = self(pane);
	size_t len;

	for (size_t i = 0; i < sizeof(edits) / sizeof(edits[0]); i++)
		if (strcmp(name, edits[i].name) == 0 && d->choices == NULL)
			editor_do(d->editor, edits[i].op);
	pane_touch(pane);
	if (strcmp(name, "escape") == 0)
		finish(d, NULL);
	else if (strcmp(name, "choose") == 0 && d->choices == NULL)
		finish(d, editor_text(d->editor, &len));
	return true;
}

static bool
cursor(const struct pane *pane, int *y, int *x)
{
	const struct dialog *d = (const struct dialog *)pane;
	int left = d->framed ? 2 : 1, room = d->box.width - 2 * left - 3;

	if (d->choices != NULL)
		return false;
	*y = d->box.y + answer_row(d) - pane->rect.y;
	*x = d->box.x + left + 2 + (d->cursor_x < room ? d->cursor_x : room) - pane->rect.x;
	return true;
}

static void
destroy(struct pane *pane)
{
	struct dialog *d = self(pane);

	row_list_done(&d->rows);
	row_list_done(&d->label_rows);
	editor_free(d->editor);
	free(d->question);
	free(d->about);
	free(d->choices);
	free(d->labels);
	free(d);
}

static const struct pane_ops ops = {
    .name = "dialog",
    .update = update,
    .paint = paint,
    .key = key,
    .action = action,
    .cursor = cursor,
    .free = destroy,
};

static struct dialog *
new_dialog(struct screen *screen, const char *question, dialog_fn fn)
{
	struct dialog *d = xcalloc(1, sizeof(*d));

	d->pane.ops = &ops;
	d->pane.screen = screen;
	d->question = sanitize_text(question);
	d->editor = editor_new();
	d->fn = fn;
	return d;
}

struct pane *
pane_dialog_new(struct screen *screen, const char *question, const char *text, dialog_fn fn)
{
	struct dialog *d = new_dialog(screen, question, fn);

	editor_reset(d->editor, text, strlen(text));
	return &d->pane;
}

struct pane *
pane_choice_new(struct screen *screen, const char *question, const char *labels,
    const char *choices, dialog_fn fn)
{
	struct dialog *d = new_dialog(screen, question, fn);

	d->labels = sanitize_text(labels);
	d->choices = xstrdup(choices);
	return &d->pane;
}

bool
pane_dialog_has_line(const struct pane *pane)
{
	return pane->ops == &ops && ((const struct dialog *)pane)->choices == NULL;
}

struct pane *
pane_dialog_about(struct pane *pane, const char *about, dialog_about_fn fn)
{
	struct dialog *d = self(pane);

	d->about = xstrdup(about);
	d->about_fn = fn;
	return pane;
}
