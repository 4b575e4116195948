/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include "profile/secret.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buf.h"

void
secret_free(char *secret)
{
	if (secret != NULL)
		explicit_bzero(secret, strlen(secret));
	free(secret);
}

void
secret_buf_done(struct buf *b)
{
	if (b->cap > 0)
		explicit_bzero(b->data, b->cap);
	buf_done(b);
}

/* Reads straight into the buffer: it has its full size before, so it never moves. */
static int
read_all(int fd, size_t max, struct buf *out)
{
	ssize_t n;

	buf_pad(out, '\0', max + 1);
	buf_truncate(out, 0);
	while ((n = read(fd, out->data + out->len, max + 1 - out->len)) != 0) {
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return errno;
		out->len += (size_t)n;
		if (out->len > max)
			return EFBIG;
	}
	out->data[out->len] = '\0';
	return 0;
}

int
secret_read(const char *path, size_t max, struct buf *out, bool *shared)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	int failure = 0;
	struct stat st;

	if (fd < 0)
		return errno;
	if (fstat(fd, &st) != 0)
		failure = errno;
	else if (!S_ISREG(st.st_mode))
		failure = S_ISDIR(st.st_mode) ? EISDIR : EINVAL;
	else
		failure = read_all(fd, max, out);
	if (failure == 0)
		*shared = (st.st_mode & (S_IRWXG | S_IRWXO)) != 0;
	else
		secret_buf_done(out);
	close(fd);
	return failure;
}
