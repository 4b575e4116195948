/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

#ifdef HAVE_SYS_INOTIFY_H
#include <sys/inotify.h>
#endif

#include "base/error.h"
#include "base/log.h"
#include "base/mem.h"
#include "store/db.h"
#include "store/store-private.h"
#include "store/store.h"

/*
 * What others commit goes through the log beside the file, and the kernel tells
 * of each write to it: so nobody has to look now and then.
 */

int64_t
store_others(struct store *store)
{
	struct stmt *s = db_prepare(store->db, "PRAGMA data_version");
	struct error err = ERROR_NONE;
	int64_t version = db_step(s, &err) ? db_int(s, 0) : 0;

	db_finish(s);
	error_done(&err);
	return version;
}

int64_t
store_version(struct store *store)
{
	/* Both only ever grow: what others committed as seen from here, and what we changed. */
	return store_others(store) + db_changes(store->db);
}

#ifdef HAVE_SYS_INOTIFY_H
static int
watch(const char *path)
{
	static const char *const ends[] = {"-wal", ""};
	int fd = inotify_init1(IN_NONBLOCK | IN_CLOEXEC), watched = 0;

	/* A file system without a log writes to the file itself. */
	for (size_t i = 0; fd >= 0 && i < sizeof(ends) / sizeof(ends[0]); i++) {
		char *name = xasprintf("%s%s", path, ends[i]);

		if (inotify_add_watch(fd, name, IN_MODIFY) >= 0)
			watched++;
		free(name);
	}
	if (fd >= 0 && watched == 0) {
		close(fd);
		fd = -1;
	}
	return fd;
}

static void
empty(int fd)
{
	char events[4096];

	while (read(fd, events, sizeof(events)) > 0 || errno == EINTR)
		;
}
#else
static int
watch(const char *path)
{
	(void)path;
	return -1;
}

static void
empty(int fd)
{
	(void)fd;
}
#endif

int
store_watch(struct store *store)
{
	if (store->changes < 0 && store->instance.fd >= 0) {
		store->changes = watch(store->path);
		if (store->changes < 0)
			log_debug("nobody tells of what other instances change");
		store->seen = store_others(store);
	}
	return store->changes;
}

bool
store_others_changed(struct store *store)
{
	int64_t before = store->seen;

	if (store->changes >= 0)
		empty(store->changes);
	store->seen = store_others(store);
	return store->seen != before;
}

void
changes_end(struct store *store)
{
	if (store->changes >= 0)
		close(store->changes);
	store->changes = -1;
}
