/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef PROFILE_SECRET_H
#define PROFILE_SECRET_H

/* Memory and files that hold a key. */

#include <stdbool.h>
#include <stddef.h>

struct buf;

/* Overwrites and frees; NULL is accepted. */
void secret_free(char *);

/* Overwrites what the buffer has allocated, and empties it. */
void secret_buf_done(struct buf *);

/*
 * A whole regular file into an empty buffer, which leaves no second copy
 * behind. *shared: others than its owner have a right to it, asked of the very
 * file that was read. 0, or the errno that tells why not: EFBIG for more than
 * max bytes, EINVAL for what is no regular file.
 */
int secret_read(const char *path, size_t max, struct buf *, bool *shared);

#endif
