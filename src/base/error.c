/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include "base/error.h"

#include <stddef.h>
#include <stdlib.h>

#include "base/mem.h"

static const int exit_statuses[] = {
    [ERR_NONE] = 0,
    [ERR_USAGE] = 2,
    [ERR_CONFIG] = 3,
    [ERR_NETWORK] = 4,
    [ERR_AUTH] = 5,
    [ERR_BUSY] = 6,
    [ERR_SERVER] = 1,
    [ERR_PROTOCOL] = 1,
    [ERR_STORE] = 7,
    [ERR_TOOL] = 1,
    [ERR_CANCELLED] = 130,
    [ERR_SYSTEM] = 1,
};

bool
error_set(struct error *err, enum error_kind kind, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	error_vset(err, kind, format, args);
	va_end(args);
	return false;
}

bool
error_vset(struct error *err, enum error_kind kind, const char *format, va_list args)
{
	char *text = xvasprintf(format, args);

	error_done(err);
	err->kind = kind;
	err->text = text;
	return false;
}

bool
error_move(struct error *to, struct error *from)
{
	if (to != from) {
		error_done(to);
		*to = *from;
		*from = (struct error)ERROR_NONE;
	}
	return false;
}

void
error_copy(struct error *to, const struct error *from)
{
	char *text = xstrdup(from->text);

	error_done(to);
	*to = *from;
	to->text = text;
}

void
error_done(struct error *err)
{
	free(err->text);
	*err = (struct error)ERROR_NONE;
}

int
error_exit_status(enum error_kind kind)
{
	return exit_statuses[kind];
}
