/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include "store/instance.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/error.h"
#include "base/i18n.h"
#include "base/log.h"
#include "base/mem.h"

/*
 * Locks of the open file, not of the process, where there are such: those of
 * the process vanish when it closes the file by another descriptor, and do not
 * tell two stores of one process apart.
 */
#ifdef F_OFD_SETLK
#define SET_LOCK F_OFD_SETLK
#define GET_LOCK F_OFD_GETLK
#else
#define SET_LOCK F_SETLK
#define GET_LOCK F_GETLK
#endif

static struct flock
byte_of(int64_t number)
{
	return (struct flock){
	    .l_type = F_WRLCK, .l_whence = SEEK_SET, .l_start = (off_t)number, .l_len = 1};
}

static int64_t
random_number(void)
{
	uint64_t number;

	if (getentropy(&number, sizeof(number)) != 0)
		fatal("no random numbers: %s", strerror(errno));
	/* Never 0, and a byte behind it must still be a place in a file. */
	return (int64_t)(number >> 2 | 1);
}

bool
instance_begin(struct instance *instance, const char *path, struct error *err)
{
	struct flock lock;
	char *name;

	*instance = (struct instance){.fd = -1, .number = random_number()};
	if (path == NULL)
		return true;
	name = xasprintf("%s.instances", path);
	instance->fd = open(name, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	lock = byte_of(instance->number);
	if (instance->fd < 0 || fcntl(instance->fd, SET_LOCK, &lock) != 0) {
		error_set(err, ERR_STORE,
		    _("The file %s, by which instances of causerie see each other, cannot be "
		      "used: %s."),
		    name, strerror(errno));
		instance_end(instance);
		free(name);
		return false;
	}
	free(name);
	return true;
}

void
instance_end(struct instance *instance)
{
	if (instance->fd >= 0)
		close(instance->fd);
	instance->fd = -1;
}

bool
instance_is_alive(const struct instance *instance, int64_t number)
{
	struct flock lock = byte_of(number);

	if (number == instance->number)
		return true;
	/* In doubt it lives: its turns are not ours to end. */
	return instance->fd >= 0 &&
	       (fcntl(instance->fd, GET_LOCK, &lock) != 0 || lock.l_type != F_UNLCK);
}
