/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef BASE_I18N_H
#define BASE_I18N_H

/*
 * Translation. _() where a text is used, N_() where it stands in a table.
 */

#include <libintl.h>

#define _(text) gettext(text)
#define N_(text) (text)

#endif
