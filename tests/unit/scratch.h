/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef TEST_SCRATCH_H
#define TEST_SCRATCH_H

/*
 * A folder for the files of one test program:
 *
 *	return cmocka_run_group_tests(tests, scratch_make, scratch_remove);
 */

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/mem.h"

static char *scratch;

static inline int
scratch_make(void **state)
{
	(void)state;
	/* In memory where there is such a folder: thousands of syncs are not what is tested. */
	scratch = xasprintf("%s/causerie-test.XXXXXX",
	    access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp");
	return mkdtemp(scratch) != NULL ? 0 : -1;
}

static inline int
scratch_remove(void **state)
{
	char *command = xasprintf("rm -rf '%s'", scratch);
	int status = system(command);

	(void)state;
	free(command);
	free(scratch);
	return status;
}

/* Yours. */
static inline char *
scratch_path(const char *name)
{
	return xasprintf("%s/%s", scratch, name);
}

/* Its path, yours. */
static inline char *
scratch_write(const char *name, const char *text, mode_t mode)
{
	char *path = scratch_path(name);
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

	if (fd < 0 || write(fd, text, strlen(text)) != (ssize_t)strlen(text) ||
	    fchmod(fd, mode) != 0 || close(fd) != 0)
		abort();
	return path;
}

#endif
