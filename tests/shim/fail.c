/* SPDX-License-Identifier: GPL-3.0-or-later */

/*
 * A library to preload into a program, for which the disk of the store fails:
 *
 *	FAIL="sync 3 EIO"       the third sync, and none before or after it
 *	FAIL="write 5+ ENOSPC"  the fifth write and all behind it
 *	FAIL="read 7 EIO"       reading, and "change": writing or syncing
 *	FAIL_LOG=FILE           how many of them there were, at the end
 *	FAIL_IF=FILE            only while there is such a file
 *
 * Only files with "causerie.db" in their names count.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum call { READ = 1, WRITE = 2, SYNC = 4 };

static unsigned wanted;
static long place, calls;
static bool on, remember;
static int code;
static const char *condition;
static bool stores[1024]; /* which descriptors are a store's */

static int
code_of(const char *name)
{
	return strcmp(name, "ENOSPC") == 0 ? ENOSPC : strcmp(name, "EROFS") == 0 ? EROFS : EIO;
}

__attribute__((constructor)) static void
begin(void)
{
	const char *text = getenv("FAIL");
	char call[16] = "", at[16] = "", name[16] = "";

	if (text == NULL || sscanf(text, "%15s %15s %15s", call, at, name) != 3)
		return;
	wanted = strcmp(call, "read") == 0    ? READ
		 : strcmp(call, "write") == 0 ? WRITE
		 : strcmp(call, "sync") == 0  ? SYNC
					      : WRITE | SYNC;
	place = strtol(at, NULL, 10);
	on = strchr(at, '+') != NULL;
	code = code_of(name);
	condition = getenv("FAIL_IF");
	remember = true;
}

__attribute__((destructor)) static void
end(void)
{
	const char *path = getenv("FAIL_LOG");
	FILE *file = path != NULL && remember ? fopen(path, "we") : NULL;

	if (file == NULL)
		return;
	fprintf(file, "%ld\n", calls);
	fclose(file);
}

/* Whether this call is the one. */
static bool
fails(int fd, enum call call)
{
	if ((wanted & call) == 0 || fd < 0 || (size_t)fd >= sizeof(stores) || !stores[fd])
		return false;
	if (condition != NULL && access(condition, F_OK) != 0)
		return false;
	calls++;
	if (on ? calls < place : calls != place)
		return false;
	errno = code;
	return true;
}

/* The function of that name behind ours. */
#define REAL(type, name) ((type)dlsym(RTLD_NEXT, name))

static int
note(int fd, const char *path)
{
	if (fd >= 0 && (size_t)fd < sizeof(stores))
		stores[fd] = strstr(path, "causerie.db") != NULL;
	return fd;
}

int
open64(const char *path, int flags, ...)
{
	va_list args;
	mode_t mode;

	va_start(args, flags);
	mode = va_arg(args, mode_t);
	va_end(args);
	return note(REAL(int (*)(const char *, int, ...), "open64")(path, flags, mode), path);
}

ssize_t
pread64(int fd, void *bytes, size_t size, off64_t at)
{
	if (fails(fd, READ))
		return -1;
	return REAL(ssize_t(*)(int, void *, size_t, off64_t), "pread64")(fd, bytes, size, at);
}

ssize_t
pwrite64(int fd, const void *bytes, size_t size, off64_t at)
{
	if (fails(fd, WRITE))
		return -1;
	return REAL(ssize_t(*)(int, const void *, size_t, off64_t), "pwrite64")(
	    fd, bytes, size, at);
}

int
ftruncate64(int fd, off64_t size)
{
	if (fails(fd, WRITE))
		return -1;
	return REAL(int (*)(int, off64_t), "ftruncate64")(fd, size);
}

int
fsync(int fd)
{
	return fails(fd, SYNC) ? -1 : REAL(int (*)(int), "fsync")(fd);
}

int
fdatasync(int fd)
{
	return fails(fd, SYNC) ? -1 : REAL(int (*)(int), "fdatasync")(fd);
}
