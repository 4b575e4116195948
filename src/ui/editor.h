/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef UI_EDITOR_H
#define UI_EDITOR_H

/*
 * Text being edited: several lines, moved over by grapheme cluster, with a
 * kill ring of one, undo and redo. Knows nothing of keys and screens beyond
 * its layout at a width. No operation loses text that undo cannot bring back.
 */

#include <stdbool.h>
#include <stddef.h>

struct buf;
struct editor;

enum editor_op {
	EDIT_LEFT, EDIT_RIGHT, EDIT_WORD_LEFT, EDIT_WORD_RIGHT,
	EDIT_LINE_START, EDIT_LINE_END, EDIT_UP, EDIT_DOWN, EDIT_START, EDIT_END,
	EDIT_BACKSPACE, EDIT_DELETE,
	EDIT_KILL_WORD_LEFT,	/* M-Backspace: back to the start of a word */
	EDIT_KILL_WORD_RIGHT,	/* M-d */
	EDIT_KILL_SPACE_LEFT,	/* C-w: back to white space */
	EDIT_KILL_LINE_START,	/* C-u */
	EDIT_KILL_LINE_END,	/* C-k */
	EDIT_YANK,		/* C-y */
	EDIT_TRANSPOSE,		/* C-t */
	EDIT_UPCASE, EDIT_DOWNCASE, EDIT_CAPITALISE, /* M-u, M-l, M-c */
	EDIT_UNDO, EDIT_REDO,
};

struct editor *editor_new(void);
void editor_free(struct editor *);

/* Borrowed until the next change. */
const char *editor_text(const struct editor *, size_t *len);
size_t editor_cursor(const struct editor *);
bool editor_is_empty(const struct editor *);

/* Replaces all, cursor at the end; undo brings the old text back. */
void editor_set(struct editor *, const char *text, size_t len);

/* The same, and forgets undo: another text altogether, such as a new draft. */
void editor_reset(struct editor *, const char *text, size_t len);

/*
 * Inserts at the cursor. Invalid UTF-8 is repaired, CR LF and CR become LF,
 * other controls but TAB and LF are dropped. A text has at most 16 MiB: false,
 * and nothing is inserted, if it would outgrow that. A single cluster counts as
 * typed; what is typed in a row is undone in one step.
 */
bool editor_insert(struct editor *, const char *text, size_t len);

/* The same for the text from start to end, which goes. */
bool editor_replace(struct editor *, size_t start, size_t end, const char *text, size_t len);

/* To the start of the cluster there. */
void editor_move_to(struct editor *, size_t offset);

/* False if it changed nothing: at the edge, nothing to undo. */
bool editor_do(struct editor *, enum editor_op);

/*
 * Rows it takes at a width, and where the cursor is. Rows break after spaces,
 * else between clusters; a TAB reaches to the next column of the row that is a
 * multiple of 8. A cursor behind a full row stands in the next one.
 */
void editor_layout(struct editor *, int width, int *rows, int *cursor_y, int *cursor_x);

/* The bytes of a row of the last layout. Sanitise before showing. */
bool editor_row(const struct editor *, int row, size_t *start, size_t *end);

/* Appends such a row sanitised and with TABs as spaces: in the columns the layout counts. */
bool editor_show_row(const struct editor *, int row, struct buf *out);

/* Moves up or down by rows of the last layout; false at the edge. */
bool editor_row_up(struct editor *);
bool editor_row_down(struct editor *);

#endif
