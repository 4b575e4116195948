/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include "ui/complete.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/error.h"
#include "base/i18n.h"
#include "base/mem.h"
#include "base/path.h"
#include "base/utf8.h"
#include "ui/actions.h"

/* A person waits meanwhile: a folder that takes longer is too much. */
#define PATIENCE_MS 1000

/* What is typed of a file's name, and how. */
struct typed {
	bool quoted;
	char *folder; /* up to the last slash, as it was typed */
	char *start;  /* of the name */
};

void
completion_done(struct completion *c)
{
	for (size_t i = 0; i < c->names.len; i++)
		free(c->names.items[i]);
	array_done(&c->names);
	free(c->word);
	c->word = NULL;
}

static int
by_name(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

/* The bytes that all names begin with. */
static size_t
common(const struct completion *c)
{
	const char *first = c->names.items[0], *last = c->names.items[c->names.len - 1];
	size_t len = 0;

	/* They are sorted: what these two share all share. */
	while (first[len] != '\0' && first[len] == last[len])
		len++;
	while (((unsigned char)first[len] & 0xc0) == 0x80)
		len--;
	return len;
}

/* Actions. */

static bool
is_action_name(const char *text, size_t len)
{
	return len > 0 && text[0] == '/' &&
	       strspn(text + 1, "abcdefghijklmnopqrstuvwxyz-0123456789") >= len - 1;
}

static bool
complete_action(const char *start, size_t len, struct completion *c, struct error *err)
{
	for (size_t i = 0; i < action_count; i++)
		if (strncmp(actions[i].name, start, len) == 0 &&
		    action_find("input", actions[i].name) == &actions[i])
			array_push(&c->names, xstrdup(actions[i].name));
	if (c->names.len == 0)
		return error_set(err, ERR_USAGE, _("No action begins with /%s."), start);
	qsort(c->names.items, c->names.len, sizeof(char *), by_name);
	c->word = xasprintf("/%.*s", (int)common(c), c->names.items[0]);
	return true;
}

/* Files. */

static bool
is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\n';
}

/* Whether the cursor is in a word that begins with @, and where; a quote may hold blanks. */
static bool
find_word(const char *text, size_t cursor, size_t *start, bool *quoted)
{
	size_t i = 0;

	while (i < cursor) {
		const char *end;

		if (is_blank(text[i])) {
			i++;
			continue;
		}
		*start = i;
		*quoted = text[i] == '@' && i + 1 < cursor && text[i + 1] == '"';
		if (*quoted) {
			end = memchr(text + i + 2, '"', cursor - i - 2);
			i = end != NULL ? (size_t)(end - text) + 1 : cursor;
			if (end == NULL)
				return true;
			continue;
		}
		while (i < cursor && !is_blank(text[i]))
			i++;
		if (i == cursor)
			return text[*start] == '@';
	}
	return false;
}

static bool
can_be_typed(const char *name)
{
	size_t len = strlen(name);

	for (size_t i = 0; i < len; i++)
		if ((unsigned char)name[i] < ' ' || name[i] == 0x7f || name[i] == '"')
			return false;
	return utf8_valid(name, len);
}

static bool
is_found(const char *name, const char *start)
{
	if (strncmp(name, start, strlen(start)) != 0 || strcmp(name, ".") == 0)
		return false;
	if (name[0] == '.' && start[0] != '.')
		return false;
	/* The folder above only where it is being typed. */
	return (strcmp(name, "..") != 0 || strcmp(start, "..") == 0) && can_be_typed(name);
}

static bool
is_folder(DIR *dir, const struct dirent *file)
{
	struct stat st;

	if (file->d_type != DT_LNK && file->d_type != DT_UNKNOWN)
		return file->d_type == DT_DIR;
	return fstatat(dirfd(dir), file->d_name, &st, 0) == 0 && S_ISDIR(st.st_mode);
}

static bool
read_names(DIR *dir, const char *folder, const char *start, struct completion *c, struct error *err)
{
	int64_t limit = clock_ms() + PATIENCE_MS;
	struct dirent *file;

	while ((file = readdir(dir)) != NULL) {
		if (clock_ms() > limit)
			return error_set(err, ERR_SYSTEM,
			    _("There are too many files in %s to look for a name."), folder);
		if (is_found(file->d_name, start))
			array_push(&c->names,
			    xasprintf("%s%s", file->d_name, is_folder(dir, file) ? "/" : ""));
	}
	return true;
}

static bool
find_files(const struct typed *typed, struct completion *c, struct error *err)
{
	char *path = path_expand(typed->folder[0] != '\0' ? typed->folder : ".");
	DIR *dir = opendir(path);
	bool good;

	if (dir == NULL) {
		error_set(
		    err, ERR_USAGE, _("The folder %s cannot be read: %s."), path, strerror(errno));
		free(path);
		return false;
	}
	good = read_names(dir, path, typed->start, c, err);
	closedir(dir);
	if (good && c->names.len == 0 && typed->start[0] == '\0')
		good = error_set(err, ERR_USAGE, _("There are no files in %s."), path);
	else if (good && c->names.len == 0)
		good = error_set(
		    err, ERR_USAGE, _("No file in %s begins with %s."), path, typed->start);
	free(path);
	return good;
}

/* more: what stands behind the cursor. */
static char *
write_word(const struct typed *typed, const struct completion *c, char more)
{
	size_t len = common(c);
	char *name = xstrndup(c->names.items[0], len);
	bool quoted =
	    typed->quoted || strpbrk(typed->folder, " \t") != NULL || strchr(name, ' ') != NULL;
	/* Into a folder it goes on; behind a file it does not. */
	bool whole = c->names.len == 1 && len > 0 && name[len - 1] != '/';
	char *word = xasprintf("@%s%s%s%s%s", quoted ? "\"" : "", typed->folder, name,
	    whole && quoted ? "\"" : "", whole && !is_blank(more) ? " " : "");

	free(name);
	return word;
}

static bool
complete_file(const char *path, bool quoted, char more, struct completion *c, struct error *err)
{
	const char *slash = strrchr(path, '/');
	size_t head = slash != NULL ? (size_t)(slash - path) + 1 : 0;
	struct typed typed = {.quoted = quoted};
	bool good = true;

	if (strcmp(path, "~") == 0)
		array_push(&c->names, xstrdup("~/"));
	typed.folder = xstrndup(path, head);
	typed.start = xstrdup(path + head);
	if (c->names.len == 0)
		good = find_files(&typed, c, err);
	if (good) {
		qsort(c->names.items, c->names.len, sizeof(char *), by_name);
		c->word = write_word(&typed, c, more);
	}
	free(typed.folder);
	free(typed.start);
	return good;
}

bool
complete(const char *text, size_t len, size_t cursor, struct completion *c, struct error *err)
{
	bool quoted, good;
	char *typed;
	size_t skip;

	*c = (struct completion){0};
	if (cursor == len && is_action_name(text, len)) {
		good = complete_action(text + 1, len - 1, c, err);
	} else if (find_word(text, cursor, &c->start, &quoted)) {
		skip = c->start + (quoted ? 2 : 1);
		typed = xstrndup(text + skip, cursor - skip);
		good = complete_file(typed, quoted, cursor < len ? text[cursor] : '\0', c, err);
		free(typed);
	} else {
		return false;
	}
	if (!good)
		completion_done(c);
	return good;
}
