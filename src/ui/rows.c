/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include "ui/rows.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "backend/wire.h"
#include "base/clock.h"
#include "base/i18n.h"
#include "base/mem.h"
#include "base/sanitize.h"
#include "base/utf8.h"

/* Rows of an opened argument or result; the rest is told, and z shows no more. */
#define MAX_DETAIL 65536

struct rows_cache {
	ARRAY(struct entry_rows *) entries;
};

struct rows_cache *
rows_new(void)
{
	return xcalloc(1, sizeof(struct rows_cache));
}

static void
free_entry_rows(struct entry_rows *rows)
{
	row_list_done(&rows->rows);
	markdown_done(&rows->document);
	free(rows);
}

void
rows_clear(struct rows_cache *cache)
{
	for (size_t i = 0; i < cache->entries.len; i++)
		free_entry_rows(cache->entries.items[i]);
	array_clear(&cache->entries);
}

void
rows_free(struct rows_cache *cache)
{
	if (cache == NULL)
		return;
	rows_clear(cache);
	array_done(&cache->entries);
	free(cache);
}

void
rows_sweep(struct rows_cache *cache, size_t keep)
{
	size_t kept = 0;

	if (cache->entries.len <= keep)
		return;
	for (size_t i = 0; i < cache->entries.len; i++) {
		struct entry_rows *rows = cache->entries.items[i];

		if (rows->used) {
			rows->used = false;
			cache->entries.items[kept++] = rows;
		} else {
			free_entry_rows(rows);
		}
	}
	cache->entries.len = kept;
}

char *
rows_time(const char *iso)
{
	int64_t seconds;
	time_t then, now = (time_t)clock_wall();
	struct tm tm, today;
	char text[64];

	if (iso == NULL || !clock_parse(iso, &seconds))
		return xstrdup("");
	then = (time_t)seconds;
	localtime_r(&then, &tm);
	localtime_r(&now, &today);
	if (tm.tm_year == today.tm_year && tm.tm_yday == today.tm_yday)
		/* TRANSLATORS: a time of today, as strftime(3) is told it.
		   xgettext:no-c-format */
		strftime(text, sizeof(text), _("%H:%M"), &tm);
	else if (tm.tm_year == today.tm_year)
		/* TRANSLATORS: a time of this year, for strftime(3). The language of %b is
		   that of LC_TIME, which may be another than this one; numbers are safe.
		   xgettext:no-c-format */
		strftime(text, sizeof(text), _("%d %b %H:%M"), &tm);
	else
		/* TRANSLATORS: a date of another year, for strftime(3).
		   xgettext:no-c-format */
		strftime(text, sizeof(text), _("%d %b %Y"), &tm);
	return xstrdup(text);
}

/* What is being made. */
struct making {
	const struct entry *entry;
	const struct entry_look *look;
	struct entry_rows *out;
};

static void
add_rows(struct making *m, const struct text *text)
{
	wrap_text(&m->out->rows, text, NULL, NULL, m->look->width);
}

static void
add_line(struct making *m, const char *line, enum style style)
{
	struct text text;
	char *clean = sanitize_line(line);

	text_init(&text);
	text_puts(&text, clean, style);
	add_rows(m, &text);
	text_done(&text);
	free(clean);
}

static void
add_blank(struct making *m)
{
	struct row row = {0};

	text_init(&row.text);
	array_push(&m->out->rows, row);
}

/* Foreign text, its own lines wrapped, behind a prefix. */
static void
add_text(struct making *m, const char *bytes, size_t len, const char *prefix, enum style style)
{
	struct text text, before;
	struct buf clean;

	text_init(&text);
	text_init(&before);
	buf_init(&clean, 0);
	sanitize(&clean, bytes, len, SANITIZE_TEXT);
	while (clean.len > 0 && clean.data[clean.len - 1] == '\n')
		buf_truncate(&clean, clean.len - 1);
	text_add(&text, clean.data, clean.len, style);
	text_puts(&before, prefix, style);
	wrap_text(&m->out->rows, &text, &before, &before, m->look->width);
	buf_done(&clean);
	text_done(&before);
	text_done(&text);
}

/* Name at the left, then ‹2/3› where the conversation forks, the time at the right. */
static void
add_header(struct making *m, const char *name, enum style style)
{
	struct row row = {0};
	char *clean = sanitize_line(name), *when = rows_time(m->entry->created_at), *fork = NULL;
	int left, room = m->look->width;
	size_t fit;
	int width;

	if (m->look->alternatives > 1)
		fork = xasprintf(" ‹%zu/%zu›", m->look->which + 1, m->look->alternatives);
	left = room - utf8_width(when, strlen(when)) - 1 -
	       (fork != NULL ? utf8_width(fork, strlen(fork)) : 0);
	text_init(&row.text);
	fit = utf8_fit(clean, strlen(clean), left > 4 ? left : 4, &width);
	text_add(&row.text, clean, fit, style);
	if (fork != NULL) {
		text_puts(&row.text, fork, STYLE_MATCH);
		width += utf8_width(fork, strlen(fork));
	}
	if (room - width - utf8_width(when, strlen(when)) > 0) {
		text_printf(&row.text, STYLE_NORMAL, "%*s",
		    room - width - utf8_width(when, strlen(when)), "");
		text_puts(&row.text, when, STYLE_TIME);
	}
	array_push(&m->out->rows, row);
	free(fork);
	free(when);
	free(clean);
}

/*
 * What became of it, and what can be done; the id that a server gave its error
 * comes last, as it is long and for nobody's eyes but the server's people.
 */
static void
add_failure(struct making *m, const char *what, const char *keys)
{
	const char *reason = m->entry->reason != NULL ? m->entry->reason : "";
	const char *id = strstr(reason, " " WIRE_CORRELATION);
	size_t len = id != NULL ? (size_t)(id - reason) : strlen(reason);
	char *line = xasprintf("✗ %s %.*s", what, (int)len, reason);

	add_line(m, line, STYLE_ERROR);
	add_line(m, keys, STYLE_NOTICE);
	if (id != NULL)
		add_line(m, id + 1, STYLE_DIM);
	free(line);
}

static void
add_state(struct making *m)
{
	m->out->state_row = m->out->rows.len;
	switch (m->entry->state) {
	case ENTRY_UNSENT:
		add_failure(m, _("Not sent."), _("r (or C-x C-r) sends it again, e edits it."));
		break;
	case ENTRY_INTERRUPTED:
		add_failure(m,
		    entry_is_prompt(m->entry) ? _("Interrupted: it may have arrived.")
					      : _("Interrupted; what came is kept."),
		    _("r (or C-x C-r) tries again."));
		break;
	case ENTRY_SENDING:
		add_line(m, _("sending…"), STYLE_DIM);
		break;
	case ENTRY_STREAMING:
	case ENTRY_COMPLETE:
		break;
	}
}

/* A thing that is not words, by name. */
static void
add_thing(struct making *m, const struct chunk *chunk)
{
	const char *name = chunk->file_name != NULL ? chunk->file_name : chunk->title;
	bool data = strncmp(chunk->text.data, "data:", 5) == 0;
	char *line;

	if (name == NULL)
		name = chunk->file_id != NULL	      ? chunk->file_id
		       : data || chunk->text.len == 0 ? ""
						      : chunk->text.data;
	switch (chunk->type) {
	case CHUNK_IMAGE_URL:
		line = xasprintf(_("[image] %s"), name);
		break;
	case CHUNK_DOCUMENT_URL:
		line = xasprintf(_("[document] %s"), name);
		break;
	case CHUNK_TOOL_FILE:
	case CHUNK_FILE:
		line = xasprintf(_("[file] %s%s%s"), name, chunk->file_type != NULL ? "." : "",
		    chunk->file_type != NULL ? chunk->file_type : "");
		break;
	case CHUNK_INPUT_AUDIO:
		line = xasprintf(_("[audio] %s"), name);
		break;
	default:
		line = xasprintf(_("[something newer than this program] %s"), name);
	}
	add_line(m, line, STYLE_NOTICE);
	free(line);
}

static void
add_things(struct making *m)
{
	for (size_t i = 0; i < m->entry->chunks.len; i++) {
		const struct chunk *chunk = &m->entry->chunks.items[i];

		if (chunk->type != CHUNK_TEXT && chunk->type != CHUNK_THINKING &&
		    chunk->type != CHUNK_TOOL_REFERENCE && chunk->type != CHUNK_REFERENCE)
			add_thing(m, chunk);
	}
}

/* The sources an answer names, numbered, below it. */
static void
add_references(struct making *m)
{
	int number = 0;

	for (size_t i = 0; i < m->entry->chunks.len; i++) {
		const struct chunk *chunk = &m->entry->chunks.items[i];
		struct text text;
		char *title, *url;

		if (chunk->type != CHUNK_TOOL_REFERENCE)
			continue;
		if (number++ == 0)
			add_blank(m);
		title = sanitize_line(chunk->title != NULL ? chunk->title : chunk->tool);
		url = sanitize_line(chunk->url);
		text_init(&text);
		text_printf(&text, STYLE_BULLET, "[%d] ", number);
		text_puts(&text, title, STYLE_LINK);
		if (url[0] != '\0') {
			text_puts(&text, " ", STYLE_NORMAL);
			text_puts(&text, url, STYLE_URL);
		}
		add_rows(m, &text);
		text_done(&text);
		free(url);
		free(title);
	}
}

/* One line, unless it is opened or there is nothing else to read yet. */
static void
add_thinking(struct making *m, bool has_text)
{
	struct buf thinking;
	size_t words = 0;
	char *line;

	buf_init(&thinking, 0);
	entry_thinking(m->entry, &thinking);
	for (size_t i = 0; i < thinking.len; i++)
		words += thinking.data[i] != ' ' && thinking.data[i] != '\n' &&
			 (i + 1 == thinking.len || thinking.data[i + 1] == ' ' ||
			     thinking.data[i + 1] == '\n');
	if (thinking.len > 0) {
		bool open = m->look->open || (!has_text && m->entry->state == ENTRY_STREAMING);

		line = xasprintf(ngettext("%s Thinking, %zu word", "%s Thinking, %zu words", words),
		    open ? "▾" : "▸", words);
		add_line(m, line, STYLE_THINKING);
		free(line);
		if (open)
			add_text(m, thinking.data, thinking.len, "  ", STYLE_THINKING);
	}
	buf_done(&thinking);
}

/* Beside an outline the # of a heading looks like a slip; bold tells it well enough. */
static void
drop_marks(struct markdown *document)
{
	for (size_t i = 0; i < document->blocks.len; i++) {
		struct block *block = &document->blocks.items[i];

		if (block->type == BLOCK_HEADING &&
		    block->first.bytes.len == (size_t)block->level + 1) {
			text_clear(&block->first);
			text_clear(&block->rest);
		}
	}
}

static void
make_output(struct making *m)
{
	struct buf text;

	if (!m->look->follows || m->look->alternatives > 1)
		add_header(m, m->look->speaker, STYLE_ASSISTANT);
	buf_init(&text, 0);
	entry_text(m->entry, &text);
	add_thinking(m, text.len > 0);
	if (text.len > 0) {
		markdown_parse(&m->out->document, text.data, text.len, STYLE_NORMAL);
		if (m->look->preview)
			drop_marks(&m->out->document);
		wrap_markdown(&m->out->rows, &m->out->document, m->look->width, m->look->skip);
	}
	buf_done(&text);
	add_things(m);
	add_references(m);
}

static void
make_input(struct making *m)
{
	struct buf text;

	add_header(m, m->entry->assistant ? m->look->speaker : _("You"),
	    m->entry->assistant ? STYLE_ASSISTANT : STYLE_USER);
	buf_init(&text, 0);
	entry_text(m->entry, &text);
	if (text.len > 0)
		add_text(m, text.data, text.len, "", STYLE_PROMPT);
	buf_done(&text);
	add_things(m);
}

/* JSON, indented, or whatever else it is. */
static void
add_json(struct making *m, const char *title, const char *json, size_t len)
{
	struct buf pretty;

	if (len == 0)
		return;
	add_line(m, title, STYLE_DIM);
	buf_init(&pretty, 0);
	wire_pretty(&pretty, json, len < MAX_DETAIL ? len : MAX_DETAIL);
	add_text(m, pretty.data, pretty.len, "  ", STYLE_CODE_BLOCK);
	buf_done(&pretty);
}

static void
make_tool(struct making *m)
{
	const struct entry *entry = m->entry;
	const char *name = entry->name != NULL ? entry->name : "?";
	const char *mark = m->look->open ? "▾" : "▸";
	char *line;

	if (!m->look->follows)
		add_header(m, m->look->speaker, STYLE_ASSISTANT);
	if (entry->function != NULL && strcmp(entry->function, name) != 0)
		line = xasprintf("%s %s/%s  %s", mark, name, entry->function,
		    m->look->open ? "" : entry->arguments.data);
	else
		line =
		    xasprintf("%s %s  %s", mark, name, m->look->open ? "" : entry->arguments.data);
	if (m->look->open) {
		add_line(m, line, STYLE_TOOL);
		add_json(m, _("arguments"), entry->arguments.data, entry->arguments.len);
		if (entry->info != NULL)
			add_json(m, _("result"), entry->info, strlen(entry->info));
	} else {
		struct row row = {0};
		char *clean = sanitize_line(line);
		int width;

		text_init(&row.text);
		text_add(&row.text, clean, utf8_fit(clean, strlen(clean), m->look->width, &width),
		    STYLE_TOOL);
		array_push(&m->out->rows, row);
		free(clean);
	}
	free(line);
	if (entry->state == ENTRY_STREAMING && entry->type == ENTRY_TOOL_EXECUTION)
		add_line(m, _("running…"), STYLE_DIM);
}

static void
make_call(struct making *m)
{
	make_tool(m);
	if (m->entry->confirmation != NULL && strcmp(m->entry->confirmation, "pending") == 0)
		add_line(m, _("The server waits for a confirmation of this call."), STYLE_WARNING);
	else if (m->entry->state == ENTRY_COMPLETE)
		add_line(m,
		    _("A function for this machine, which this version does not run: to go on, "
		      "branch before it."),
		    STYLE_NOTICE);
}

static void
make_result(struct making *m)
{
	char *line = xasprintf(_("%s result of %s"), m->look->open ? "▾" : "▸",
	    m->entry->tool_call_id != NULL ? m->entry->tool_call_id : "?");

	add_line(m, line, STYLE_TOOL);
	free(line);
	if (m->look->open)
		add_json(m, _("result"), m->entry->result.data, m->entry->result.len);
}

static void
make_handoff(struct making *m)
{
	const struct entry *entry = m->entry;
	const char *from = entry->previous_agent_name, *to = entry->next_agent_name;
	char *line;

	if (to != NULL)
		line = xasprintf(_("→ %s hands over to %s"), from != NULL ? from : "?", to);
	else
		line = xasprintf(_("→ %s hands over…"), from != NULL ? from : "?");
	add_line(m, line, STYLE_TOOL);
	free(line);
}

static void
make_unknown(struct making *m)
{
	char *line = xasprintf(
	    _("· %s (newer than this program, kept as it came)"), entry_type_name(m->entry));

	add_line(m, line, STYLE_NOTICE);
	free(line);
	if (m->look->open && m->entry->raw != NULL)
		add_json(m, _("content"), m->entry->raw, strlen(m->entry->raw));
}

static void (*const makers[])(struct making *) = {
    [ENTRY_MESSAGE_INPUT] = make_input,
    [ENTRY_MESSAGE_OUTPUT] = make_output,
    [ENTRY_TOOL_EXECUTION] = make_tool,
    [ENTRY_FUNCTION_CALL] = make_call,
    [ENTRY_FUNCTION_RESULT] = make_result,
    [ENTRY_AGENT_HANDOFF] = make_handoff,
    [ENTRY_UNKNOWN] = make_unknown,
};

static bool
same_look(const struct entry_look *a, const struct entry_look *b)
{
	return a->width == b->width && a->skip == b->skip && a->open == b->open &&
	       a->preview == b->preview && a->follows == b->follows &&
	       a->alternatives == b->alternatives && a->which == b->which;
}

static struct entry_rows *
slot_of(struct rows_cache *cache, int64_t key)
{
	struct entry_rows *rows;

	for (size_t i = cache->entries.len; i > 0; i--)
		if (cache->entries.items[i - 1]->key == key)
			return cache->entries.items[i - 1];
	rows = xcalloc(1, sizeof(*rows));
	rows->key = key;
	markdown_init(&rows->document);
	array_push(&cache->entries, rows);
	return rows;
}

const struct entry_rows *
rows_of(struct rows_cache *cache, const struct entry *entry, const struct entry_look *look)
{
	struct entry_rows *rows = slot_of(cache, entry->key);
	struct making m = {entry, look, rows};

	rows->used = true;
	if (rows->rows.len > 0 && rows->revision == entry->revision && same_look(&rows->look, look))
		return rows;
	row_list_done(&rows->rows);
	markdown_done(&rows->document);
	markdown_init(&rows->document);
	makers[entry->type](&m);
	add_state(&m);
	add_blank(&m);
	rows->revision = entry->revision;
	rows->look = *look;
	rows->look.speaker = NULL;
	return rows;
}
