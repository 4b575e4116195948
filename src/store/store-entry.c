/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include <assert.h>
#include <string.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/error.h"
#include "base/mem.h"
#include "model/conversation.h"
#include "store/db.h"
#include "store/store-private.h"
#include "store/store.h"

/* The schema keeps these numbers. */
_Static_assert(ENTRY_COMPLETE == 0 && ENTRY_UNSENT == 1 && ENTRY_SENDING == 2 &&
		   ENTRY_STREAMING == 3 && ENTRY_INTERRUPTED == 4,
    "entry.state");

/* Neighbours in a conversation, so that another entry finds room between two. */
#define SEQ_STEP 65536

#define PREVIEW_CHARACTERS 100

/* Parts that are no chunks. */
#define PART_ARGUMENTS "arguments"
#define PART_RESULT "result"

static const size_t strings[] = {
    offsetof(struct entry, id),
    offsetof(struct entry, reason),
    offsetof(struct entry, created_at),
    offsetof(struct entry, completed_at),
    offsetof(struct entry, agent_id),
    offsetof(struct entry, model),
    offsetof(struct entry, name),
    offsetof(struct entry, function),
    offsetof(struct entry, tool_call_id),
    offsetof(struct entry, info),
    offsetof(struct entry, confirmation),
    offsetof(struct entry, previous_agent_id),
    offsetof(struct entry, previous_agent_name),
    offsetof(struct entry, next_agent_id),
    offsetof(struct entry, next_agent_name),
    offsetof(struct entry, raw),
};

#define STRINGS (sizeof(strings) / sizeof(strings[0]))

static const size_t chunk_strings[] = {
    offsetof(struct chunk, tool),
    offsetof(struct chunk, title),
    offsetof(struct chunk, url),
    offsetof(struct chunk, favicon),
    offsetof(struct chunk, description),
    offsetof(struct chunk, file_id),
    offsetof(struct chunk, file_name),
    offsetof(struct chunk, file_type),
    offsetof(struct chunk, signature),
    offsetof(struct chunk, raw),
};

#define CHUNK_STRINGS (sizeof(chunk_strings) / sizeof(chunk_strings[0]))

/* Previews. */

/* The first words of a text on one line. */
static void
preview_words(struct buf *out, const char *text, size_t len)
{
	size_t characters = 0;

	for (size_t i = 0; i < len; i++) {
		unsigned char c = (unsigned char)text[i];
		bool blank = c <= ' ';

		if (blank && (out->len == 0 || out->data[out->len - 1] == ' '))
			continue;
		if ((c & 0xc0) != 0x80 && ++characters > PREVIEW_CHARACTERS)
			return;
		buf_putc(out, blank ? ' ' : (char)c);
	}
}

static void
preview_first(struct buf *out, const char *const *texts, size_t count)
{
	for (size_t i = 0; i < count && out->len == 0; i++)
		if (texts[i] != NULL)
			preview_words(out, texts[i], strlen(texts[i]));
}

static void
preview_entry(struct buf *out, const struct entry *entry)
{
	const char *const names[] = {entry->name, entry->next_agent_name, entry->next_agent_id};

	for (size_t i = 0; i < entry->chunks.len && out->len == 0; i++)
		if (entry->chunks.items[i].type == CHUNK_TEXT)
			preview_words(
			    out, entry->chunks.items[i].text.data, entry->chunks.items[i].text.len);
	preview_first(out, names, sizeof(names) / sizeof(names[0]));
	for (size_t i = 0; i < entry->chunks.len && out->len == 0; i++) {
		const struct chunk *chunk = &entry->chunks.items[i];
		const char *const titles[] = {chunk->title, chunk->file_name, chunk->url};

		preview_first(out, titles, sizeof(titles) / sizeof(titles[0]));
	}
	if (out->len == 0)
		preview_words(out, entry->result.data, entry->result.len);
}

/* Writing. */

static void
bind_entry(struct stmt *s, const struct entry *entry)
{
	struct buf preview = BUF_EMPTY;

	preview_entry(&preview, entry);
	bind_strings(s, 1, entry, strings, STRINGS);
	db_bind_int(s, 17, entry->own_id);
	db_bind_text(s, 18, entry_type_name(entry));
	db_bind_int(s, 19, entry->assistant);
	db_bind_int(s, 20, entry->state);
	db_bind_int(s, 21, entry->prefix);
	db_bind_int(s, 22, entry->output_index);
	db_bind_bytes(s, 23, preview.data, preview.len);
	buf_done(&preview);
}

static bool
put_part(struct store *store, int64_t entry, int index, const char *type, const struct buf *text,
    const struct chunk *chunk, struct error *err)
{
	struct stmt *s = db_prepare(store->db,
	    "INSERT INTO part (entry, index_, type, text, tool, title, url, favicon, description,"
	    " file_id, file_name, file_type, signature, raw)"
	    " VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14)");

	db_bind_int(s, 1, entry);
	db_bind_int(s, 2, index);
	db_bind_text(s, 3, type);
	db_bind_bytes(s, 4, text->data, text->len);
	if (chunk != NULL)
		bind_strings(s, 5, chunk, chunk_strings, CHUNK_STRINGS);
	return db_run(s, err);
}

static bool
put_chunk(struct store *store, int64_t entry, const struct chunk *chunk, struct error *err)
{
	return put_part(
	    store, entry, chunk->index, chunk_type_name(chunk->type), &chunk->text, chunk, err);
}

static bool
put_parts(struct store *store, const struct entry *entry, struct error *err)
{
	for (size_t i = 0; i < entry->chunks.len; i++)
		if (!put_chunk(store, entry->key, &entry->chunks.items[i], err))
			return false;
	return (entry->arguments.len == 0 ||
		   put_part(store, entry->key, 0, PART_ARGUMENTS, &entry->arguments, NULL, err)) &&
	       (entry->result.len == 0 ||
		   put_part(store, entry->key, 0, PART_RESULT, &entry->result, NULL, err));
}

/* Words and thinking grow; every other chunk comes whole. */
static bool
grows(const struct chunk *chunk)
{
	return (chunk->type == CHUNK_TEXT || chunk->type == CHUNK_THINKING) && chunk->raw == NULL;
}

void
entry_mark_stored(struct entry *entry)
{
	for (size_t i = 0; i < entry->chunks.len; i++) {
		struct chunk *chunk = &entry->chunks.items[i];

		/* One that does not grow may be without text: 0 would say it is not there yet. */
		chunk->stored = chunk->text.len + !grows(chunk);
	}
	entry->stored = entry->arguments.len;
}

static bool
index_entry(struct store *store, int64_t key, struct error *err)
{
	store->words++;
	return store_run(store,
		   "INSERT INTO entry_fts (rowid, prompt, answer, other)"
		   " SELECT key, prompt, answer, other FROM entry_words WHERE key = ?1",
		   key, err) &&
	       store_run(store,
		   "INSERT INTO prompt_fts (rowid, prompt) SELECT key, prompt FROM entry_words"
		   " WHERE key = ?1 AND prompt IS NOT NULL",
		   key, err) &&
	       store_run(store, "UPDATE entry SET indexed = 1 WHERE key = ?1", key, err);
}

/* Before anything that entry_words tells of it changes. */
static bool
unindex_entry(struct store *store, int64_t key, struct error *err)
{
	int64_t indexed;

	store->words++;
	if (!store_number(store, "SELECT indexed FROM entry WHERE key = ?1", key, 0, &indexed, err))
		return false;
	return indexed == 0 ||
	       (store_run(store,
		    "INSERT INTO entry_fts (entry_fts, rowid, prompt, answer, other)"
		    " SELECT 'delete', key, prompt, answer, other FROM entry_words WHERE key = ?1",
		    key, err) &&
		   store_run(store,
		       "INSERT INTO prompt_fts (prompt_fts, rowid, prompt) SELECT 'delete', key,"
		       " prompt FROM entry_words WHERE key = ?1 AND prompt IS NOT NULL",
		       key, err) &&
		   store_run(store, "UPDATE entry SET indexed = 0 WHERE key = ?1", key, err));
}

/*
 * Where a new entry belongs: at the end, but among the outputs of one turn in
 * the order of their output_index, which need not be the order they begin in.
 */
static bool
find_seq(struct store *store, int64_t conversation, int64_t turn, int output_index, int64_t *seq,
    struct error *err)
{
	int64_t last, after, before;
	struct stmt *s;

	if (!store_number(store,
		"SELECT seq FROM entry WHERE conversation = ?1 ORDER BY seq DESC LIMIT 1",
		conversation, 0, &last, err))
		return false;
	*seq = last + SEQ_STEP;
	if (turn == 0)
		return true;
	s = db_prepare(store->db,
	    "SELECT min(e.seq) FROM turn_entry t JOIN entry e ON e.key = t.entry"
	    " WHERE t.turn = ?1 AND t.input = 0 AND e.output_index > ?2");
	db_bind_int(s, 1, turn);
	db_bind_int(s, 2, output_index);
	after = db_step(s, err) ? db_int(s, 0) : 0;
	if (!db_finish(s) || after == 0)
		return err->kind == ERR_NONE;
	s = db_prepare(
	    store->db, "SELECT max(seq) FROM entry WHERE conversation = ?1 AND seq < ?2");
	db_bind_int(s, 1, conversation);
	db_bind_int(s, 2, after);
	before = db_step(s, err) ? db_int(s, 0) : 0;
	if (after - before > 1)
		*seq = before + (after - before) / 2;
	return db_finish(s);
}

static bool
insert(
    struct store *store, int64_t conversation, int64_t seq, struct entry *entry, struct error *err)
{
	struct stmt *s = db_prepare(store->db,
	    "INSERT INTO entry (id, reason, created_at, completed_at, agent_id, model, name,"
	    " function, tool_call_id, info, confirmation, previous_agent_id,"
	    " previous_agent_name, next_agent_id, next_agent_name, raw, own_id, type, assistant,"
	    " state, prefix, output_index, preview, conversation, seq) VALUES (?1, ?2, ?3, ?4,"
	    " ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17, ?18, ?19, ?20, ?21,"
	    " ?22, ?23, ?24, ?25)");

	bind_entry(s, entry);
	db_bind_int(s, 24, conversation);
	db_bind_int(s, 25, seq);
	if (!db_run(s, err))
		return false;
	entry->key = db_last_key(store->db);
	return true;
}

bool
entry_insert(
    struct store *store, int64_t conversation, int64_t turn, struct entry *entry, struct error *err)
{
	char now[CLOCK_ISO_SIZE];
	int64_t seq;

	assert(entry->key == 0);
	if (entry->created_at == NULL) {
		clock_iso(now);
		entry->created_at = xstrdup(now);
	}
	return find_seq(store, conversation, turn, entry->output_index, &seq, err) &&
	       insert(store, conversation, seq, entry, err) && put_parts(store, entry, err) &&
	       (entry->state == ENTRY_STREAMING || index_entry(store, entry->key, err));
}

static bool
link_turn(struct store *store, int64_t turn, int64_t entry, struct error *err)
{
	return store_run2(store, "INSERT INTO turn_entry (turn, entry, input) VALUES (?1, ?2, 0)",
	    turn, entry, err);
}

static bool
add(struct store *store, int64_t conversation, int64_t turn, struct entry *entry, struct error *err)
{
	int64_t root;

	return conversation_root(store, conversation, &root, err) &&
	       entry_insert(store, conversation, turn, entry, err) &&
	       (turn == 0 || link_turn(store, turn, entry->key, err)) &&
	       conversation_touch(store, conversation, err) &&
	       tree_refresh(store, root, conversation, err);
}

bool
store_add_entry(
    struct store *store, int64_t conversation, int64_t turn, struct entry *entry, struct error *err)
{
	/* What only begins is written with the next checkpoint's care. */
	if (!store_begin(store, entry->state != ENTRY_STREAMING, err))
		return false;
	if (!store_end(store, add(store, conversation, turn, entry, err), err)) {
		entry->key = 0;
		return false;
	}
	entry_mark_stored(entry);
	return true;
}

/* Growing. */

static bool
put_piece(struct store *store, int64_t entry, int index, const char *type, const struct buf *text,
    size_t start, struct error *err)
{
	/* If the part is gone, max() is NULL, and that a piece cannot have. */
	struct stmt *s = db_prepare(store->db,
	    "INSERT INTO piece (part, start, text) SELECT max(key), ?4, ?5 FROM part"
	    " WHERE entry = ?1 AND index_ = ?2 AND type = ?3 AND raw IS NULL");

	db_bind_int(s, 1, entry);
	db_bind_int(s, 2, index);
	db_bind_text(s, 3, type);
	db_bind_int(s, 4, (int64_t)start);
	db_bind_bytes(s, 5, text->data + start, text->len - start);
	return db_run(s, err);
}

static bool
grow_chunk(struct store *store, int64_t entry, const struct chunk *chunk, struct error *err)
{
	if (grows(chunk) && chunk->stored > 0)
		return chunk->text.len == chunk->stored ||
		       put_piece(store, entry, chunk->index, chunk_type_name(chunk->type),
			   &chunk->text, chunk->stored, err);
	if (chunk->stored > 0 || (grows(chunk) && chunk->text.len == 0))
		return true;
	return put_chunk(store, entry, chunk, err);
}

static bool
put_preview(struct store *store, const struct entry *entry, struct error *err)
{
	struct stmt *s = db_prepare(store->db, "UPDATE entry SET preview = ?2 WHERE key = ?1");
	struct buf preview = BUF_EMPTY;

	preview_entry(&preview, entry);
	db_bind_int(s, 1, entry->key);
	db_bind_bytes(s, 2, preview.data, preview.len);
	buf_done(&preview);
	return db_run(s, err);
}

static bool
grow(struct store *store, const struct entry *entry, struct error *err)
{
	bool begins = false;

	for (size_t i = 0; i < entry->chunks.len; i++) {
		const struct chunk *chunk = &entry->chunks.items[i];

		begins =
		    begins || (chunk->type == CHUNK_TEXT && chunk->stored < PREVIEW_CHARACTERS &&
				  chunk->text.len > chunk->stored);
		if (!grow_chunk(store, entry->key, chunk, err))
			return false;
	}
	if (begins && !put_preview(store, entry, err))
		return false;
	if (entry->arguments.len == entry->stored)
		return true;
	if (entry->stored == 0)
		return put_part(store, entry->key, 0, PART_ARGUMENTS, &entry->arguments, NULL, err);
	return put_piece(
	    store, entry->key, 0, PART_ARGUMENTS, &entry->arguments, entry->stored, err);
}

bool
store_checkpoint(struct store *store, struct entry *const *entries, size_t count, struct error *err)
{
	bool good = true;

	if (!store_begin(store, false, err))
		return false;
	for (size_t i = 0; i < count && good; i++)
		if (entries[i]->key != 0)
			good = grow(store, entries[i], err);
	if (!store_end(store, good, err))
		return false;
	for (size_t i = 0; i < count; i++)
		if (entries[i]->key != 0)
			entry_mark_stored(entries[i]);
	return true;
}

static bool
join_pieces(struct store *store, int64_t key, struct error *err)
{
	return store_run(store,
		   "UPDATE part SET text = text || (SELECT group_concat(text, '') FROM ("
		   "SELECT text FROM piece WHERE piece.part = part.key ORDER BY start))"
		   " WHERE entry = ?1 AND EXISTS (SELECT 1 FROM piece WHERE piece.part = part.key)",
		   key, err) &&
	       store_run(store,
		   "DELETE FROM piece WHERE part IN (SELECT key FROM part WHERE entry = ?1)", key,
		   err);
}

bool
entry_settle(struct store *store, int64_t key, struct error *err)
{
	return unindex_entry(store, key, err) && join_pieces(store, key, err) &&
	       index_entry(store, key, err);
}

/* Saving. */

static bool
update(struct store *store, const struct entry *entry, struct error *err)
{
	struct stmt *s = db_prepare(store->db,
	    "UPDATE entry SET id = ?1, reason = ?2, created_at = coalesce(?3, created_at),"
	    " completed_at = ?4, agent_id = ?5, model = ?6, name = ?7, function = ?8,"
	    " tool_call_id = ?9, info = ?10, confirmation = ?11, previous_agent_id = ?12,"
	    " previous_agent_name = ?13, next_agent_id = ?14, next_agent_name = ?15, raw = ?16,"
	    " own_id = ?17, type = ?18, assistant = ?19, state = ?20, prefix = ?21,"
	    " output_index = ?22, preview = ?23 WHERE key = ?24");

	bind_entry(s, entry);
	db_bind_int(s, 24, entry->key);
	return db_run(s, err);
}

static bool
save(struct store *store, const struct entry *entry, struct error *err)
{
	int64_t conversation, root;

	if (!store_number(store, "SELECT conversation FROM entry WHERE key = ?1", entry->key, 0,
		&conversation, err) ||
	    !conversation_root(store, conversation, &root, err))
		return false;
	return unindex_entry(store, entry->key, err) && update(store, entry, err) &&
	       store_run(store, "DELETE FROM part WHERE entry = ?1", entry->key, err) &&
	       put_parts(store, entry, err) && index_entry(store, entry->key, err) &&
	       tree_refresh(store, root, conversation, err);
}

bool
store_save_entry(struct store *store, struct entry *entry, struct error *err)
{
	if (!store_begin(store, true, err) || !store_end(store, save(store, entry, err), err))
		return false;
	entry_mark_stored(entry);
	return true;
}

bool
entry_delete(struct store *store, int64_t key, struct error *err)
{
	return unindex_entry(store, key, err) &&
	       store_run(store, "DELETE FROM draft WHERE entry IN (?1, -?1)", key, err) &&
	       store_run(store, "DELETE FROM entry WHERE key = ?1", key, err);
}

/* Loading. */

static struct entry *
read_entry(struct stmt *s)
{
	const char *type = db_text(s, 18);
	struct entry *entry = entry_new(entry_type_of(type));

	read_strings(s, 0, entry, strings, STRINGS);
	entry->key = db_int(s, 16);
	entry->own_id = db_int(s, 17) != 0;
	if (entry->type == ENTRY_UNKNOWN)
		entry->type_name = xstrdup(type);
	entry->assistant = db_int(s, 19) != 0;
	entry->state = db_int(s, 20) >= 0 && db_int(s, 20) <= ENTRY_INTERRUPTED
			   ? (enum entry_state)db_int(s, 20)
			   : ENTRY_INTERRUPTED;
	entry->prefix = db_int(s, 21) != 0;
	entry->output_index = (int)db_int(s, 22);
	return entry;
}

static void
read_part(struct stmt *s, struct entry *entry)
{
	const char *type = db_text(s, 2), *text = db_text(s, 3);
	struct chunk chunk = {.index = (int)db_int(s, 1)};
	size_t len = db_len(s, 3);

	if (strcmp(type, PART_ARGUMENTS) == 0) {
		buf_add(&entry->arguments, text, len);
		return;
	}
	if (strcmp(type, PART_RESULT) == 0) {
		buf_add(&entry->result, text, len);
		return;
	}
	chunk.type = chunk_type_of(type);
	buf_init(&chunk.text, 0);
	buf_add(&chunk.text, text, len);
	read_strings(s, 4, &chunk, chunk_strings, CHUNK_STRINGS);
	array_push(&entry->chunks, chunk);
}

static bool
load_pieces(struct store *store, struct entry *entry, struct error *err)
{
	struct stmt *s = db_prepare(store->db,
	    "SELECT p.index_, p.type, i.text FROM part p JOIN piece i ON i.part = p.key"
	    " WHERE p.entry = ?1 ORDER BY p.index_, p.key, i.start");

	db_bind_int(s, 1, entry->key);
	while (db_step(s, err)) {
		struct buf *text = &entry->arguments;

		if (strcmp(db_text(s, 1), PART_ARGUMENTS) != 0)
			text = &entry_chunk(entry, (int)db_int(s, 0), chunk_type_of(db_text(s, 1)))
				    ->text;
		buf_add(text, db_text(s, 2), db_len(s, 2));
	}
	return db_finish(s);
}

static bool
load_parts(struct store *store, struct segment segment, struct entry **entries, size_t count,
    struct error *err)
{
	struct stmt *s = db_prepare(store->db,
	    "SELECT p.entry, p.index_, p.type, p.text, p.tool, p.title, p.url, p.favicon,"
	    " p.description, p.file_id, p.file_name, p.file_type, p.signature, p.raw"
	    " FROM entry e CROSS JOIN part p ON p.entry = e.key"
	    " WHERE e.conversation = ?1 AND e.seq <= ?2 ORDER BY e.seq, p.index_, p.key");
	size_t at = 0;

	db_bind_int(s, 1, segment.conversation);
	db_bind_int(s, 2, segment.last);
	while (db_step(s, err)) {
		/* Both are in the order of seq. */
		while (at < count && entries[at]->key != db_int(s, 0))
			at++;
		if (at < count)
			read_part(s, entries[at]);
	}
	return db_finish(s);
}

bool
entries_load(struct store *store, struct segment segment, struct conversation *c, struct error *err)
{
	size_t first = c->entries.len;
	struct stmt *s = db_prepare(store->db,
	    "SELECT id, reason, created_at, completed_at, agent_id, model, name, function,"
	    " tool_call_id, info, confirmation, previous_agent_id, previous_agent_name,"
	    " next_agent_id, next_agent_name, raw, key, own_id, type, assistant, state, prefix,"
	    " output_index FROM entry WHERE conversation = ?1 AND seq <= ?2 ORDER BY seq");

	db_bind_int(s, 1, segment.conversation);
	db_bind_int(s, 2, segment.last);
	while (db_step(s, err))
		array_push(&c->entries, read_entry(s));
	if (!db_finish(s) ||
	    !load_parts(store, segment, c->entries.items + first, c->entries.len - first, err))
		return false;
	for (size_t i = first; i < c->entries.len; i++) {
		struct entry *entry = c->entries.items[i];

		if (entry->state == ENTRY_STREAMING && !load_pieces(store, entry, err))
			return false;
		entry_mark_stored(entry);
	}
	return true;
}
