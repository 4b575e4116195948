/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef UI_ASCII_H
#define UI_ASCII_H

/*
 * For locales without UTF-8: the ASCII character that looks most like one of
 * ours (lines, arrows, bullets, quotation marks), or '?'.
 */

#include <stdint.h>

char ascii_like(uint32_t code);

#endif
