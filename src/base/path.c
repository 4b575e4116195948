/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include "base/path.h"

#include <errno.h>
#include <fcntl.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/error.h"
#include "base/i18n.h"
#include "base/mem.h"

static const char *
home(void)
{
	const char *dir = getenv("HOME");
	const struct passwd *user;

	if (dir != NULL && dir[0] == '/')
		return dir;
	user = getpwuid(getuid());
	return user != NULL && user->pw_dir != NULL ? user->pw_dir : "/";
}

static char *
xdg(const char *variable, const char *fallback, const char *name)
{
	const char *dir = getenv(variable);
	const char *slash = name != NULL ? "/" : "";

	if (name == NULL)
		name = "";
	if (dir != NULL && dir[0] == '/')
		return xasprintf("%s/causerie%s%s", dir, slash, name);
	return xasprintf("%s/%s/causerie%s%s", home(), fallback, slash, name);
}

char *
path_config(const char *name)
{
	return xdg("XDG_CONFIG_HOME", ".config", name);
}

char *
path_data(const char *name)
{
	return xdg("XDG_DATA_HOME", ".local/share", name);
}

char *
path_state(const char *name)
{
	return xdg("XDG_STATE_HOME", ".local/state", name);
}

char *
path_expand(const char *path)
{
	if (path[0] == '~' && (path[1] == '/' || path[1] == '\0'))
		return xasprintf("%s%s", home(), path + 1);
	return xstrdup(path);
}

bool
path_make_parents(const char *path, struct error *err)
{
	char *dir = xstrdup(path);
	bool made = true;

	for (char *slash = strchr(dir + 1, '/'); slash != NULL; slash = strchr(slash + 1, '/')) {
		*slash = '\0';
		if (mkdir(dir, 0700) != 0 && errno != EEXIST && errno != EISDIR && access(dir, X_OK) != 0) {
			made = error_set(err, ERR_SYSTEM, _("The folder %s cannot be made: %s."), dir,
			    strerror(errno));
			break;
		}
		*slash = '/';
	}
	free(dir);
	return made;
}

bool
path_read(const char *path, size_t max, struct buf *out, struct error *err)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	bool good = false;
	struct stat st;
	char piece[16384];
	size_t start = out->len;
	ssize_t n;

	if (fd < 0)
		return error_set(err, ERR_SYSTEM, _("%s cannot be read: %s."), path, strerror(errno));
	if (fstat(fd, &st) != 0 || !S_ISREG(st.st_mode)) {
		error_set(err, ERR_SYSTEM, _("%s is not a regular file."), path);
		goto out;
	}
	while ((n = read(fd, piece, sizeof(piece))) > 0) {
		if (out->len - start + (size_t)n > max || !buf_add(out, piece, (size_t)n)) {
			error_set(err, ERR_SYSTEM, _("%s is larger than the %zu bytes allowed."), path, max);
			goto out;
		}
	}
	if (n < 0) {
		error_set(err, ERR_SYSTEM, _("%s cannot be read: %s."), path, strerror(errno));
		goto out;
	}
	good = true;
out:
	close(fd);
	return good;
}

static bool
write_all(int fd, const char *bytes, size_t len)
{
	while (len > 0) {
		ssize_t n = write(fd, bytes, len);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return false;
		bytes += n;
		len -= (size_t)n;
	}
	return true;
}

/* The new name survives a power cut only once its folder is synced too. */
static void
sync_folder(const char *path)
{
	const char *slash = strrchr(path, '/');
	char *dir = slash == NULL ? xstrdup(".") : xstrndup(path, (size_t)(slash - path) + 1);
	int fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (fd >= 0) {
		fsync(fd);
		close(fd);
	}
	free(dir);
}

bool
path_replace(const char *path, const void *bytes, size_t len, mode_t mode, struct error *err)
{
	char *temporary = xasprintf("%s.XXXXXX", path);
	int fd = mkostemp(temporary, O_CLOEXEC);
	bool good;

	if (fd < 0) {
		error_set(err, ERR_SYSTEM, _("%s cannot be written: %s."), path, strerror(errno));
		free(temporary);
		return false;
	}
	good = fchmod(fd, mode) == 0 && write_all(fd, bytes, len) && fsync(fd) == 0;
	good = close(fd) == 0 && good;
	good = good && rename(temporary, path) == 0;
	if (good) {
		sync_folder(path);
	} else {
		error_set(err, ERR_SYSTEM, _("%s cannot be written: %s."), path, strerror(errno));
		unlink(temporary);
	}
	free(temporary);
	return good;
}
