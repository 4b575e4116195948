/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef UI_GRID_H
#define UI_GRID_H

/*
 * Cells. Panes paint into a grid; term.c brings it to the terminal, a test
 * compares it with a text file. Texts must be sanitised and without LF; what
 * does not fit its rectangle is clipped, a wide cluster cut in half becomes
 * spaces.
 */

#include <stdbool.h>
#include <stddef.h>

#include "text/style.h"

struct buf;
struct text;

#define CELL_BYTES 31

/* A grapheme cluster and its style. A cluster wider than one column is followed by empty cells. */
struct cell {
	char bytes[CELL_BYTES + 1]; /* "" continues the wide cluster to the left */
	unsigned char style;	    /* enum style */
	unsigned char under;	    /* a style laid over it: STYLE_SELECTED and the like, or 0 */
};

struct grid {
	int height, width;
	struct cell *cells;
};

/* A part of a grid. Rows and columns count from its upper left corner. */
struct rect {
	int y, x, height, width;
};

void grid_init(struct grid *, int height, int width);
void grid_done(struct grid *);
void grid_resize(struct grid *, int height, int width); /* and clears */
struct cell *grid_cell(const struct grid *, int y, int x);

void grid_clear(struct grid *, struct rect, enum style);

/* Returns the column behind the text, at most the width of the rectangle. */
int grid_puts(struct grid *, struct rect, int y, int x, const char *text, enum style);
int grid_put(struct grid *, struct rect, int y, int x, const char *bytes, size_t len, enum style);
/* The same in at most so many columns; what does not fit ends in an ellipsis. */
int grid_put_cut(struct grid *, struct rect, int y, int x, const char *text, int columns,
    enum style);
int grid_put_text(struct grid *, struct rect, int y, int x, const struct text *);

/* Lays a style over cells that are painted already: the selected row, a match. */
void grid_lay(struct grid *, struct rect, int y, int x, int columns, enum style);
void grid_hline(struct grid *, struct rect, int y, enum style);
void grid_vline(struct grid *, struct rect, int x, enum style);

/* A double-line frame with a title (or NULL); plain ASCII if the locale is not UTF-8. */
void grid_frame(struct grid *, struct rect, const char *title, enum style);

/* Text of the grid, a line a row, trailing spaces cut; for tests and --script. */
void grid_save(const struct grid *, struct buf *out);

/*
 * The same with styles: runs as {style|text} or {style+laid|text}, normal text
 * bare; for tests that look at them.
 */
void grid_save_styles(const struct grid *, struct buf *out);

#endif
