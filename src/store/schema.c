/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include "store/schema.h"

#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/array.h"
#include "base/error.h"
#include "base/i18n.h"
#include "base/mem.h"
#include "base/path.h"
#include "base/resource.h"
#include "store/db.h"

/* "caus", at the place that SQLite keeps for telling files apart. */
#define APPLICATION_ID 0x63617573

/* How long an instance waits for another one's write. */
#define BUSY_MS 30000

/* Up to this many pages the whole file is checked at every start: a few milliseconds. */
#define SMALL_PAGES 256

/* SQLite's file format, section 1.3 and 1.6 of its documentation. */
#define HEADER_SIZE 108
#define HEADER_MAGIC "SQLite format 3"
#define AT_USER_VERSION 60
#define AT_APPLICATION_ID 68
#define AT_PAGE_TYPE 100
#define AT_CELLS 103
#define LEAF_TABLE 0x0d

typedef ARRAY(const char *) step_list;

static void
find_steps(step_list *steps)
{
	char name[32];

	for (unsigned number = 1; number < 1000; number++) {
		const struct resource *resource;

		snprintf(name, sizeof(name), "schema/%03u.sql", number);
		resource = resource_find(name);
		if (resource == NULL)
			return;
		array_push(steps, resource->data);
	}
}

static bool
refuse_foreign(const char *path, struct error *err)
{
	return error_set(err, ERR_STORE,
	    _("%s is no store of causerie, or a damaged one. It was left untouched; move it "
	      "away to start with an empty one."),
	    path);
}

static bool
refuse_newer(const char *path, struct error *err)
{
	return error_set(err, ERR_STORE,
	    _("The store %s was written by a newer causerie than this one. It was left "
	      "untouched; use that causerie, or move the file away to start with an empty one."),
	    path);
}

static bool
refuse_damaged(const char *path, const char *detail, struct error *err)
{
	return error_set(err, ERR_STORE,
	    _("The store %s is damaged (%s). It was left untouched; keep a copy of it, and move "
	      "it away to start with an empty one."),
	    path, detail);
}

static int64_t
big_endian(const unsigned char *bytes)
{
	return (int64_t)bytes[0] << 24 | bytes[1] << 16 | bytes[2] << 8 | bytes[3];
}

/*
 * A new store whose making was cut short, or whose first contents are still in
 * its log: nothing but an empty table of tables.
 */
static bool
is_blank(const unsigned char *header)
{
	return big_endian(header + AT_APPLICATION_ID) == 0 &&
	       big_endian(header + AT_USER_VERSION) == 0 && header[AT_PAGE_TYPE] == LEAF_TABLE &&
	       header[AT_CELLS] == 0 && header[AT_CELLS + 1] == 0;
}

static bool
check_header(
    const char *path, const unsigned char *header, size_t len, size_t newest, struct error *err)
{
	if (len == 0)
		return true;
	if (len < HEADER_SIZE || memcmp(header, HEADER_MAGIC, sizeof(HEADER_MAGIC)) != 0)
		return refuse_foreign(path, err);
	if (is_blank(header))
		return true;
	if (big_endian(header + AT_APPLICATION_ID) != APPLICATION_ID)
		return refuse_foreign(path, err);
	if (big_endian(header + AT_USER_VERSION) > (int64_t)newest)
		return refuse_newer(path, err);
	return true;
}

/*
 * The first bytes of a regular file; -1 if there are none to be had. Another
 * instance may be writing them at this moment, and a read is not atomic: what
 * two of them agree on was there.
 */
static ssize_t
read_header(int fd, unsigned char header[HEADER_SIZE])
{
	unsigned char again[HEADER_SIZE];
	ssize_t len, len2;
	struct stat st;

	if (fstat(fd, &st) != 0 || !S_ISREG(st.st_mode))
		return -1;
	len = pread(fd, header, HEADER_SIZE, 0);
	for (;;) {
		len2 = pread(fd, again, HEADER_SIZE, 0);
		if (len < 0 || len2 < 0)
			return -1;
		if (len == len2 && memcmp(header, again, (size_t)len) == 0)
			return len;
		memcpy(header, again, (size_t)len2);
		len = len2;
	}
}

/*
 * Looks at the file with our own eyes first: SQLite would replay the log of a
 * foreign database, which is a change. Makes it if there is none, so that only
 * its owner can read it.
 */
static bool
look(const char *path, size_t newest, struct error *err)
{
	unsigned char header[HEADER_SIZE];
	ssize_t len;
	int fd;

	if (access(path, F_OK) != 0 && errno == ENOENT && !path_make_parents(path, err)) {
		err->kind = ERR_STORE;
		return false;
	}
	fd = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	if (fd < 0)
		fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	if (fd < 0)
		return error_set(
		    err, ERR_STORE, _("The store %s cannot be opened: %s."), path, strerror(errno));
	len = read_header(fd, header);
	close(fd);
	if (len < 0)
		return error_set(err, ERR_STORE,
		    _("The store %s is not a file that can be read. It was left untouched."), path);
	return check_header(path, header, (size_t)len, newest, err);
}

static bool
pragma(struct db *db, const char *sql, int64_t *value, struct error *err)
{
	struct stmt *s = db_prepare(db, sql);

	*value = db_step(s, err) ? db_int(s, 0) : 0;
	return db_finish(s);
}

static bool
apply(struct db *db, const char *step, size_t number, struct error *err)
{
	char after[128];

	snprintf(after, sizeof(after), "PRAGMA application_id = %d; PRAGMA user_version = %zu",
	    APPLICATION_ID, number);
	return db_exec(db, step, err) && db_exec(db, after, err);
}

bool
schema_migrate(struct db *db, const char *const *steps, size_t count, struct error *err)
{
	int64_t version;

	db_full_sync(db, true);
	for (;;) {
		if (!pragma(db, "PRAGMA user_version", &version, err))
			return false;
		if (version < 0 || (size_t)version >= count)
			return true;
		if (!db_begin(db, err))
			return false;
		/* Another instance may have been quicker. */
		if (!db_end(db,
			pragma(db, "PRAGMA user_version", &version, err) &&
			    (version < 0 || (size_t)version >= count ||
				apply(db, steps[version], (size_t)version + 1, err)),
			err))
			return false;
	}
}

/*
 * The same questions as to the header, but what is still in the log counts. In
 * one transaction: another instance may be making the store at this moment.
 */
static bool
check_version(struct db *db, const char *path, size_t newest, int64_t *version, struct error *err)
{
	int64_t id = 0, tables = 0;

	if (!db_begin_read(db, err))
		return false;
	if (!db_end(db,
		pragma(db, "PRAGMA application_id", &id, err) &&
		    pragma(db, "PRAGMA user_version", version, err) &&
		    pragma(db, "SELECT count(*) FROM sqlite_schema", &tables, err),
		err))
		return false;
	if (id != APPLICATION_ID && (id != 0 || *version != 0 || tables != 0))
		return refuse_foreign(path, err);
	if (*version > (int64_t)newest)
		return refuse_newer(path, err);
	return true;
}

/* Of a file of an older schema those are missed that it had; another instance may add the rest. */
static bool
check_tables(struct db *db, const char *path, int64_t version, struct error *err)
{
	int64_t least = version < 2 ? 13 : version < 4 ? 14 : 15;
	int64_t tables;

	if (!pragma(db,
		"SELECT count(*) FROM sqlite_schema WHERE name IN ('tree', 'conversation', 'entry',"
		" 'part', 'piece', 'turn', 'turn_entry', 'draft', 'state', 'entry_words',"
		" 'entry_fts', 'prompt_fts', 'title_fts', 'deleted_here', 'trash')",
		&tables, err))
		return false;
	if (tables < least)
		return refuse_damaged(path, _("some of its tables are missing"), err);
	return true;
}

static bool
check_pages(struct db *db, const char *path, struct error *err)
{
	struct stmt *s;
	int64_t pages;
	bool good, bad;

	if (!pragma(db, "PRAGMA page_count", &pages, err))
		return false;
	if (pages > SMALL_PAGES)
		return true;
	s = db_prepare(db, "PRAGMA quick_check(1)");
	/* A page that the disk does not give is no contradiction: whoever needs it will hear of it.
	 */
	bad = db_step(s, err) && strcmp(db_text(s, 0), "ok") != 0 &&
	      strstr(db_text(s, 0), "unable to get the page") == NULL;
	good = db_finish(s);
	if (good && bad)
		return refuse_damaged(path, _("its pages contradict one another"), err);
	return good;
}

static bool
bring_up(struct db *db, const char *path, bool read_only, const step_list *steps, struct error *err)
{
	int64_t version = 0;

	if (!check_version(db, path, steps->len, &version, err))
		return false;
	if (read_only && version < (int64_t)steps->len)
		return error_set(err, ERR_STORE,
		    _("The store %s was written by an older causerie and has to be converted, "
		      "but it cannot be written. Check who owns the file and its folder."),
		    path);
	/* A damaged one is left as it is, also by the step to a newer schema. */
	return (version == 0 ||
		   (check_tables(db, path, version, err) && check_pages(db, path, err))) &&
	       schema_migrate(db, steps->items, steps->len, err);
}

struct db *
schema_open(const char *path, bool *read_only, struct error *err)
{
	step_list steps = {0};
	struct db *db = NULL;

	find_steps(&steps);
	if (strcmp(path, ":memory:") != 0 && !look(path, steps.len, err))
		goto out;
	db = db_open(path, BUSY_MS, read_only, err);
	if (db != NULL && !bring_up(db, path, *read_only, &steps, err)) {
		db_abandon(db);
		db = NULL;
	}
out:
	array_done(&steps);
	return db;
}
