/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include "base/log.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/error.h"
#include "base/i18n.h"

static void (*fatal_hook)(void);
static int log_fd = -1;

void
fatal(const char *format, ...)
{
	void (*hook)(void) = fatal_hook;
	va_list args;

	fatal_hook = NULL;
	if (hook != NULL)
		hook();
	fputs("causerie: ", stderr);
	va_start(args, format);
	vfprintf(stderr, format, args);
	va_end(args);
	fputc('\n', stderr);
	exit(1);
}

void
log_on_fatal(void (*hook)(void))
{
	fatal_hook = hook;
}

bool
log_open(const char *path, struct error *err)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);

	if (fd < 0)
		return error_set(err, ERR_SYSTEM, _("The debug log %s cannot be written: %s."), path,
		    strerror(errno));
	log_close();
	log_fd = fd;
	return true;
}

void
log_close(void)
{
	if (log_fd >= 0)
		close(log_fd);
	log_fd = -1;
}

void
log_debug(const char *format, ...)
{
	char line[2048], now[CLOCK_ISO_SIZE];
	va_list args;
	size_t len;
	int n;

	if (log_fd < 0)
		return;
	clock_iso(now);
	len = (size_t)snprintf(line, sizeof(line), "%s [%ld] ", now, (long)getpid());
	va_start(args, format);
	n = vsnprintf(line + len, sizeof(line) - len - 1, format, args);
	va_end(args);
	if (n > 0)
		len += (size_t)n < sizeof(line) - len - 1 ? (size_t)n : sizeof(line) - len - 2;
	line[len++] = '\n';
	if (write(log_fd, line, len) < 0)
		log_close();
}
