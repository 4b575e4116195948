/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef TEXT_ENTITY_H
#define TEXT_ENTITY_H

/*
 * HTML's character references, which Markdown has too.
 */

#include <stddef.h>

/*
 * "&amp;", "&#8211;", "&#x2013;" → the UTF-8 of what it stands for, without a
 * NUL; returns the bytes written, 0 if it stands for nothing. The result is
 * not sanitised.
 */
size_t entity_decode(const char *entity, size_t len, char text[8]);

#endif
