/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef UI_PANE_H
#define UI_PANE_H

/*
 * A rectangle that shows something. name is also its key context. The screen
 * gives it its place and calls, in this order and from one place, update (if
 * it was touched), paint and cursor.
 */

#include <stdbool.h>

#include "ui/grid.h"

struct action_args;
struct key;
struct pane;
struct screen;

struct pane_ops {
	const char *name;
	void (*update)(struct pane *);			   /* data or size changed: make rows */
	void (*paint)(const struct pane *, struct grid *); /* rows to cells; changes nothing */
	bool (*key)(struct pane *, const struct key *);	   /* a key no binding wanted */
	bool (*action)(struct pane *, const char *action); /* false: not one of its own */
	bool (*cursor)(const struct pane *, int *y, int *x); /* or NULL: has none */
	void (*free)(struct pane *);
};

/* The start of every pane's own struct. */
struct pane {
	const struct pane_ops *ops;
	struct screen *screen;
	struct rect rect; /* set by the screen before update */
	bool touched;	  /* update is due */
	bool focused;
	bool visible;
	bool wide; /* over the others: covers the list of conversations as well */
};

/* Asks for an update and a paint. */
void pane_touch(struct pane *);

#endif
