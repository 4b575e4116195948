/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef CLIENT_OUTLINE_H
#define CLIENT_OUTLINE_H

/*
 * What a line of a tree's outline says, the same on the screen and in
 * `causerie tree`.
 */

struct outline_line;
struct tree;

/*
 * Drawn with the connectors of an indented outline:
 *
 *	main  How do I …  2 turns
 *	├─ b2  And if …  1 turn  ◀
 *
 * ◀ marks the end of the live branch. The preview is cut to make it fit into
 * columns (0: no limit). One line, sanitised but for names; yours.
 */
char *outline_text(const struct tree *, const struct outline_line *, int columns);

/* Spaces and connectors before it; yours. */
char *outline_indent(const struct outline_line *);

#endif
