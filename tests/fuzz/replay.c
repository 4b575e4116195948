/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "base/buf.h"
#include "base/error.h"
#include "base/mem.h"
#include "base/path.h"
#include "fuzz/fuzz.h"

#define MAX_BYTES (1024 * 1024)

/* Its exact size on the heap, so that a sanitizer sees each byte too many. */
static void
run_bytes(const char *data, size_t len)
{
	uint8_t *bytes = xmalloc(len + (len == 0));

	memcpy(bytes, data, len);
	LLVMFuzzerTestOneInput(bytes, len);
	free(bytes);
}

/* Whole, and cut at a few places: a parser's end of input is where it errs. */
static void
run_file(const char *path)
{
	struct error err = ERROR_NONE;
	struct buf bytes = BUF_EMPTY;

	if (!path_read(path, MAX_BYTES, &bytes, &err)) {
		fprintf(stderr, "%s\n", err.text);
		exit(1);
	}
	for (size_t step = 0; step < 16; step++)
		run_bytes(bytes.data, bytes.len * step / 16);
	run_bytes(bytes.data, bytes.len);
	buf_done(&bytes);
}

static int
run_folder(const char *folder)
{
	DIR *dir = opendir(folder);
	const struct dirent *item;
	int count = 0;

	if (dir == NULL) {
		fprintf(stderr, "%s: no such folder\n", folder);
		return 0;
	}
	while ((item = readdir(dir)) != NULL) {
		char *path;

		if (item->d_name[0] == '.')
			continue;
		path = xasprintf("%s/%s", folder, item->d_name);
		run_file(path);
		free(path);
		count++;
	}
	closedir(dir);
	return count;
}

/* Without arguments: the folder of the program's own name. */
int
main(int argc, char **argv)
{
	const char *srcdir = getenv("srcdir"), *name = strrchr(argv[0], '/');
	char *folder;
	int count;

	if (argc > 1) {
		for (int i = 1; i < argc; i++)
			run_file(argv[i]);
		return 0;
	}
	folder = xasprintf(
	    "%s/fuzz/%s", srcdir != NULL ? srcdir : ".", name != NULL ? name + 1 : argv[0]);
	count = run_folder(folder);
	printf("%d inputs\n", count);
	free(folder);
	return count > 0 ? 0 : 1;
}
