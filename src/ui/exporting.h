/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef UI_EXPORTING_H
#define UI_EXPORTING_H

/*
 * Exporting the open conversation from the screen: which format, then which
 * file; a file that is there already is replaced only after asking.
 */

struct screen;

void exporting_begin(struct screen *);

#endif
