/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef UI_COMPLETE_H
#define UI_COMPLETE_H

/*
 * What Tab makes of the word before the cursor:
 *
 *	/na	an action by name, if that is the whole text
 *	@path	a file; "~/" is the home directory, other relative paths begin in
 *		the working directory. A name with blanks is put in quotes: @"a b".
 *
 * Hidden files are found by their dot only. Names that could not be written so
 * (a quote or a control character in them, not UTF-8) are not found.
 */

#include <stdbool.h>
#include <stddef.h>

#include "base/array.h"

struct error;

struct completion {
	size_t start;	     /* of the word, which ends at the cursor */
	char *word;	     /* what stands there instead: all that is certain */
	ARRAY(char *) names; /* what it may become, sorted; data: sanitise before showing */
};

/*
 * False if the cursor is not behind such a word, and with an error if nothing
 * fits it. Otherwise the completion is to be ended with completion_done().
 */
bool complete(const char *text, size_t len, size_t cursor, struct completion *, struct error *);
void completion_done(struct completion *);

#endif
