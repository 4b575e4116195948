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

/* A frame in the middle of the screen: a question, and a line to type or letters to choose by. */
struct dialog {
	struct pane pane;
	char *question;
	char *choices; /* NULL: a line is typed */
	struct editor *editor;
	row_list rows;
	struct rect box;
	int cursor_x;
	dialog_fn fn;
};

static struct dialog *
self(struct pane *pane)
{
	return (struct dialog *)pane;
}

static void
update(struct pane *pane)
{
	struct dialog *d = self(pane);
	int width = pane->rect.width - 4 < 66 ? pane->rect.width - 4 : 66, rows, y;
	struct text text;

	row_list_done(&d->rows);
	text_init(&text);
	text_puts(&text, d->question, STYLE_NORMAL);
	wrap_text(&d->rows, &text, NULL, NULL, width - 4 > 4 ? width - 4 : 4);
	text_done(&text);
	d->box.width = width;
	d->box.height = (int)d->rows.len + 2 + (d->choices == NULL ? 1 : 0);
	if (d->box.height > pane->rect.height)
		d->box.height = pane->rect.height;
	d->box.y = (pane->rect.height - d->box.height) / 3;
	d->box.x = (pane->rect.width - width) / 2;
	if (d->choices == NULL)
		editor_layout(d->editor, 100000, &rows, &y, &d->cursor_x);
}

static void
paint(const struct pane *pane, struct grid *grid)
{
	const struct dialog *d = (const struct dialog *)pane;
	int y = 1;

	grid_clear(grid, d->box, STYLE_NORMAL);
	grid_frame(grid, d->box, "", STYLE_BORDER);
	for (size_t i = 0; i < d->rows.len && y < d->box.height - 1; i++)
		grid_put_text(grid, d->box, y++, 2, &d->rows.items[i].text);
	if (d->choices == NULL && y < d->box.height - 1) {
		struct rect line = {d->box.y + y, d->box.x + 2, 1, d->box.width - 4};
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
	char *copy = xstrdup(answer);

	screen_pop(screen);
	fn(screen, copy);
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
	int room = d->box.width - 4 - 3;

	if (d->choices != NULL)
		return false;
	*y = d->box.y + d->box.height - 2 - pane->rect.y;
	*x = d->box.x + 4 + (d->cursor_x < room ? d->cursor_x : room) - pane->rect.x;
	return true;
}

static void
destroy(struct pane *pane)
{
	struct dialog *d = self(pane);

	row_list_done(&d->rows);
	editor_free(d->editor);
	free(d->question);
	free(d->choices);
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
pane_choice_new(struct screen *screen, const char *question, const char *choices, dialog_fn fn)
{
	struct dialog *d = new_dialog(screen, question, fn);

	d->choices = xstrdup(choices);
	return &d->pane;
}
