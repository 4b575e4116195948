/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include "store/store.h"

#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/error.h"
#include "base/i18n.h"
#include "base/log.h"
#include "base/mem.h"
#include "store/db.h"
#include "store/schema.h"
#include "store/store-private.h"

struct store *
store_open(const char *path, bool *read_only, struct error *err)
{
	bool memory = strcmp(path, ":memory:") == 0;
	struct db *db = schema_open(path, read_only, err);
	struct store *store;

	if (db == NULL)
		return NULL;
	store = xcalloc(1, sizeof(*store));
	store->db = db;
	store->path = xstrdup(path);
	store->read_only = *read_only;
	store->changes = -1;
	/* Who cannot write begins no turns, and can end nobody's. */
	if (!instance_begin(&store->instance, memory || *read_only ? NULL : path, err)) {
		instance_end(&store->instance);
		db_abandon(db);
		store->db = NULL;
		store_close(store);
		return NULL;
	}
	turns_bury(store);
	return store;
}

void
store_close(struct store *store)
{
	if (store == NULL)
		return;
	changes_end(store);
	db_close(store->db);
	/* Later than the database, so that nobody takes our last words for a dead one's. */
	instance_end(&store->instance);
	array_done(&store->filtered);
	array_done(&store->matches);
	free(store->filter);
	free(store->path);
	free(store);
}

bool
store_is_writable(const struct store *store, struct error *err)
{
	return !store->read_only ||
	       error_set(err, ERR_STORE,
		   _("The store %s could only be opened for reading, so nothing was changed. "
		     "Check the disk and who owns the file, and start causerie again."),
		   store->path);
}

bool
store_begin(struct store *store, bool full, struct error *err)
{
	if (!store_is_writable(store, err))
		return false;
	db_full_sync(store->db, full);
	return db_begin(store->db, err);
}

bool
store_end(struct store *store, bool good, struct error *err)
{
	return db_end(store->db, good, err);
}

bool
store_batch_begin(struct store *store, struct error *err)
{
	return store_begin(store, true, err);
}

bool
store_batch_end(struct store *store, bool good, struct error *err)
{
	return store_end(store, good, err);
}

bool
store_number(struct store *store, const char *sql, int64_t key, int64_t fallback, int64_t *value,
    struct error *err)
{
	struct stmt *s = db_prepare(store->db, sql);

	db_bind_int(s, 1, key);
	*value = db_step(s, err) ? db_int(s, 0) : fallback;
	return db_finish(s);
}

bool
store_run(struct store *store, const char *sql, int64_t first, struct error *err)
{
	struct stmt *s = db_prepare(store->db, sql);

	db_bind_int(s, 1, first);
	return db_run(s, err);
}

bool
store_run2(struct store *store, const char *sql, int64_t first, int64_t second, struct error *err)
{
	struct stmt *s = db_prepare(store->db, sql);

	db_bind_int(s, 1, first);
	db_bind_int(s, 2, second);
	return db_run(s, err);
}

void
bind_key(struct stmt *s, int place, int64_t key)
{
	if (key == 0)
		db_bind_text(s, place, NULL);
	else
		db_bind_int(s, place, key);
}

void
bind_strings(struct stmt *s, int place, const void *object, const size_t *offsets, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		const char *text;

		memcpy(&text, (const char *)object + offsets[i], sizeof(text));
		db_bind_text(s, place + (int)i, text);
	}
}

void
read_strings(struct stmt *s, int column, void *object, const size_t *offsets, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		char *text = read_string(s, column + (int)i);

		memcpy((char *)object + offsets[i], &text, sizeof(text));
	}
}

char *
read_string(struct stmt *s, int column)
{
	return xstrdup(db_text(s, column));
}

/* Drafts and small state. */

bool
store_save_draft(
    struct store *store, struct draft_place place, const char *text, size_t len, struct error *err)
{
	char now[CLOCK_ISO_SIZE];
	struct stmt *s;

	if (!store_begin(store, true, err))
		return false;
	if (len == 0) {
		return store_end(store,
		    store_run2(store, "DELETE FROM draft WHERE conversation = ?1 AND entry = ?2",
			place.conversation, place.entry, err),
		    err);
	}
	clock_iso(now);
	s = db_prepare(store->db,
	    "INSERT INTO draft (conversation, entry, text, changed_at) VALUES (?1, ?2, ?3, ?4)"
	    " ON CONFLICT (conversation, entry) DO UPDATE SET text = ?3, changed_at = ?4");
	db_bind_int(s, 1, place.conversation);
	db_bind_int(s, 2, place.entry);
	db_bind_bytes(s, 3, text, len);
	db_bind_text(s, 4, now);
	return store_end(store, db_run(s, err), err);
}

char *
store_load_draft(struct store *store, struct draft_place place, struct error *err)
{
	struct stmt *s =
	    db_prepare(store->db, "SELECT text FROM draft WHERE conversation = ?1 AND entry = ?2");
	char *text = NULL;

	db_bind_int(s, 1, place.conversation);
	db_bind_int(s, 2, place.entry);
	if (db_step(s, err))
		text = read_string(s, 0);
	db_finish(s);
	return text;
}

char *
store_get(struct store *store, const char *name, struct error *err)
{
	struct stmt *s = db_prepare(store->db, "SELECT value FROM state WHERE name = ?1");
	char *value = NULL;

	db_bind_text(s, 1, name);
	if (db_step(s, err))
		value = read_string(s, 0);
	db_finish(s);
	return value;
}

bool
store_set(struct store *store, const char *name, const char *value, struct error *err)
{
	struct stmt *s;

	if (!store_begin(store, false, err))
		return false;
	s = db_prepare(store->db,
	    value == NULL ? "DELETE FROM state WHERE name = ?1"
			  : "INSERT OR REPLACE INTO state (name, value) VALUES (?1, ?2)");
	db_bind_text(s, 1, name);
	if (value != NULL)
		db_bind_text(s, 2, value);
	return store_end(store, db_run(s, err), err);
}

/* Checking. */

static bool
check_pages(struct store *store, struct error *err)
{
	struct stmt *s = db_prepare(store->db, "PRAGMA integrity_check(1)");
	bool bad = db_step(s, err) && strcmp(db_text(s, 0), "ok") != 0;

	if (bad)
		log_debug("integrity_check: %s", db_text(s, 0));
	if (db_finish(s) && bad)
		return error_set(err, ERR_STORE,
		    _("The store %s is damaged: its pages contradict one another. Keep a copy "
		      "of it, and move it away to start with an empty one."),
		    store->path);
	return err->kind == ERR_NONE;
}

static bool
check_references(struct store *store, struct error *err)
{
	struct stmt *s = db_prepare(store->db, "PRAGMA foreign_key_check");
	char *table = db_step(s, err) ? read_string(s, 0) : NULL;
	bool good = db_finish(s);

	if (good && table != NULL)
		good = error_set(err, ERR_STORE,
		    _("The store %s is damaged (a row of %s belongs to nothing). Keep a copy of "
		      "it, and move it away to start with an empty one."),
		    store->path, table);
	free(table);
	return good;
}

/* FTS5 answers by failing; asking is a write to it. */
static bool
check_index(struct store *store, struct error *err)
{
	static const char *const questions[] = {
	    "INSERT INTO entry_fts (entry_fts, rank) VALUES ('integrity-check', ?1)",
	    "INSERT INTO prompt_fts (prompt_fts, rank) VALUES ('integrity-check', ?1)",
	    "INSERT INTO title_fts (title_fts, rank) VALUES ('integrity-check', ?1)",
	};
	bool good = true;

	if (store->read_only)
		return true;
	if (!store_begin(store, false, err))
		return false;
	for (size_t i = 0; i < sizeof(questions) / sizeof(questions[0]) && good; i++)
		good = store_run(store, questions[i], 0, err);
	return store_end(store, good, err);
}

static bool
count_rows(struct store *store, char **report, struct error *err)
{
	struct stmt *s = db_prepare(store->db,
	    "SELECT (SELECT user_version FROM pragma_user_version), (SELECT count(*) FROM tree "
	    "WHERE archived < 2),"
	    " (SELECT count(*) FROM conversation WHERE deleted = 0), (SELECT count(*) FROM entry)");
	struct buf text = BUF_EMPTY;

	if (db_step(s, err)) {
		unsigned long trees = (unsigned long)db_int(s, 1),
			      branches = (unsigned long)db_int(s, 2);
		unsigned long entries = (unsigned long)db_int(s, 3);

		buf_printf(&text, _("The store %s is sound; its schema is number %d."), store->path,
		    (int)db_int(s, 0));
		buf_putc(&text, '\n');
		buf_printf(
		    &text, ngettext("It holds %lu tree.", "It holds %lu trees.", trees), trees);
		buf_putc(&text, '\n');
		buf_printf(&text,
		    ngettext("It holds %lu conversation.",
			"It holds %lu conversations, branches included.", branches),
		    branches);
		buf_putc(&text, '\n');
		buf_printf(&text, ngettext("It holds %lu entry.", "It holds %lu entries.", entries),
		    entries);
	}
	*report = buf_take(&text);
	return db_finish(s);
}

bool
store_check(struct store *store, char **report, struct error *err)
{
	*report = NULL;
	return check_pages(store, err) && check_references(store, err) && check_index(store, err) &&
	       count_rows(store, report, err);
}
