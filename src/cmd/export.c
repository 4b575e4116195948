/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include "cmd/export.h"

#include <stdlib.h>
#include <string.h>

#include "backend/wire-import.h"
#include "backend/wire.h"
#include "base/buf.h"
#include "base/error.h"
#include "base/i18n.h"
#include "base/mem.h"
#include "base/sanitize.h"
#include "base/utf8.h"
#include "cmd/export-parts.h"
#include "store/store.h"

#define NAME_COLUMNS 48
#define PREVIEW_COLUMNS 60

static const struct {
	const char *name, *suffix;
} formats[] = {
    [EXPORT_MARKDOWN] = {"markdown", "md"},
    [EXPORT_HTML] = {"html", "html"},
    [EXPORT_JSON] = {"json", "json"},
    [EXPORT_DOT] = {"dot", "dot"},
};

const char *
export_format_name(enum export_format format)
{
	return formats[format].name;
}

bool
export_format_find(const char *name, enum export_format *format)
{
	for (int i = 0; i < EXPORT_FORMATS; i++)
		if (strcmp(formats[i].name, name) == 0) {
			*format = (enum export_format)i;
			return true;
		}
	return false;
}

/* For the formats. */

size_t
export_number(const struct exporting *export, struct bundle_place place)
{
	return export->numbers.items[place.branch] + place.entry + 1;
}

char *
export_time(const char *iso)
{
	size_t len = iso != NULL ? strlen(iso) : 0;

	if (len < 17 || iso[10] != 'T' || iso[len - 1] != 'Z')
		return xstrdup(iso != NULL ? iso : "");
	return xasprintf("%.10s %.5s UTC", iso, iso + 11);
}

char *
export_preview(const struct entry *entry, int columns)
{
	struct buf text = BUF_EMPTY;
	char *line;
	size_t fit;
	int width;

	entry_text(entry, &text);
	/* A line is made of the whole text, and a text can be long. */
	if (text.len > 4096)
		buf_truncate(&text, 4096);
	line = sanitize_line(text.len > 0	   ? text.data
			     : entry->name != NULL ? entry->name
						   : entry_type_name(entry));
	buf_done(&text);
	fit = utf8_fit(line, strlen(line), columns, &width);
	if (line[fit] != '\0') {
		char *cut = xasprintf("%.*s…", (int)fit, line);

		free(line);
		line = cut;
	}
	return line;
}

char *
export_origin(const struct exporting *export, size_t branch)
{
	struct bundle_place fork = export->order.forks.items[branch];
	char *name, *preview, *text;

	if (fork.branch == BUNDLE_NOWHERE)
		return NULL;
	name = bundle_branch_name(export->bundle, fork.branch);
	if (fork.entry == BUNDLE_NOWHERE) {
		text = xasprintf(_("Another beginning, beside that of %s."), name);
	} else {
		preview = export_preview(export->bundle->branches.items[fork.branch]
					     .conversation->entries.items[fork.entry],
		    PREVIEW_COLUMNS);
		/* TRANSLATORS: the name of a branch, the number of an entry, its first words. */
		text = xasprintf(_("Branches from %s behind entry %zu: %s"), name,
		    export_number(export, fork), preview);
		free(preview);
	}
	free(name);
	return text;
}

/* Walking. */

static const char *
who_said(const struct conversation *c, const struct entry *entry)
{
	const char *const names[] = {
	    c->agent, entry->agent_id, entry->model, c->agent_id, c->model};

	switch (entry->type) {
	case ENTRY_MESSAGE_INPUT:
		if (!entry->assistant)
			return _("You");
		break;
	case ENTRY_MESSAGE_OUTPUT:
		break;
	case ENTRY_TOOL_EXECUTION:
		return _("Tool run");
	case ENTRY_FUNCTION_CALL:
		return _("Function call");
	case ENTRY_FUNCTION_RESULT:
		return _("Function result");
	case ENTRY_AGENT_HANDOFF:
		return _("Handoff");
	case ENTRY_UNKNOWN:
		return entry_type_name(entry);
	}
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (names[i] != NULL && names[i][0] != '\0')
			return names[i];
	return _("Assistant");
}

static void
put_state(struct exporting *export, const struct entry *entry)
{
	const char *reason = entry->reason != NULL ? entry->reason : "";
	char *text = NULL;

	if (entry->state == ENTRY_UNSENT)
		text = xasprintf(_("Not sent. %s"), reason);
	else if (entry->state == ENTRY_INTERRUPTED)
		text = xasprintf(_("Interrupted. %s"), reason);
	else if (entry->state != ENTRY_COMPLETE)
		text = xstrdup(_("Still under way."));
	if (text != NULL)
		export->ops->note(export, text);
	free(text);
}

static void
put_json(struct exporting *export, const char *name, const char *json, size_t len)
{
	struct buf pretty = BUF_EMPTY;
	char *copy = xstrndup(json, len);
	bool is_json = wire_is_json(copy);

	if (is_json)
		wire_pretty(&pretty, json, len);
	if (len > 0)
		export->ops->code(export, name, is_json ? "json" : "", is_json ? pretty.data : json,
		    is_json ? pretty.len : len);
	free(copy);
	buf_done(&pretty);
}

static void
put_thing(struct exporting *export, const struct chunk *chunk)
{
	static const char *const kinds[] = {
	    [CHUNK_IMAGE_URL] = N_("Image"),
	    [CHUNK_DOCUMENT_URL] = N_("Document"),
	    [CHUNK_TOOL_FILE] = N_("File"),
	    [CHUNK_FILE] = N_("File"),
	    [CHUNK_INPUT_AUDIO] = N_("Audio"),
	    [CHUNK_UNKNOWN] = N_("Something newer than this program"),
	};
	const char *name = chunk->file_name != NULL ? chunk->file_name : chunk->file_id;
	bool data = strncmp(chunk->text.data, "data:", 5) == 0;

	if (name == NULL && chunk->type != CHUNK_INPUT_AUDIO)
		name = data ? _("kept in the conversation") : chunk->text.data;
	export->ops->thing(export, _(kinds[chunk->type]), name != NULL ? name : "", chunk);
}

/* Words with the marks of their sources in them, then what is no words. */
static void
put_chunks(struct exporting *export, const struct entry *entry)
{
	struct buf thinking = BUF_EMPTY, words = BUF_EMPTY;
	int number = 0;

	entry_thinking(entry, &thinking);
	if (thinking.len > 0)
		export->ops->thinking(export, thinking.data, thinking.len);
	for (size_t i = 0; i < entry->chunks.len; i++) {
		const struct chunk *chunk = &entry->chunks.items[i];

		if (chunk->type == CHUNK_TEXT)
			buf_add(&words, chunk->text.data, chunk->text.len);
		else if (chunk->type == CHUNK_TOOL_REFERENCE)
			buf_printf(&words, "\\[%d\\]", ++number);
	}
	if (words.len > 0)
		export->ops->words(export, words.data, words.len);
	for (size_t i = 0; i < entry->chunks.len; i++) {
		const struct chunk *chunk = &entry->chunks.items[i];

		if (chunk->type != CHUNK_TEXT && chunk->type != CHUNK_THINKING &&
		    chunk->type != CHUNK_TOOL_REFERENCE && chunk->type != CHUNK_REFERENCE)
			put_thing(export, chunk);
	}
	number = 0;
	for (size_t i = 0; i < entry->chunks.len; i++) {
		const struct chunk *chunk = &entry->chunks.items[i];
		const char *title = chunk->title != NULL ? chunk->title : chunk->tool;

		if (chunk->type == CHUNK_TOOL_REFERENCE)
			export->ops->source(
			    export, ++number, title != NULL ? title : "", chunk->url);
	}
	buf_done(&thinking);
	buf_done(&words);
}

static void
put_name(struct exporting *export, const struct entry *entry)
{
	const char *name = entry->name != NULL ? entry->name : "?";
	char *text;

	if (entry->function != NULL && strcmp(entry->function, name) != 0)
		text = xasprintf("%s (%s)", name, entry->function);
	else
		text = xstrdup(name);
	export->ops->note(export, text);
	free(text);
}

static void
put_handoff(struct exporting *export, const struct entry *entry)
{
	const char *from = entry->previous_agent_name, *to = entry->next_agent_name;
	char *text;

	from = from != NULL ? from : entry->previous_agent_id;
	to = to != NULL ? to : entry->next_agent_id;
	text = xasprintf("%s → %s", from != NULL ? from : "?", to != NULL ? to : "?");
	export->ops->note(export, text);
	free(text);
}

static void
put_content(struct exporting *export, const struct entry *entry)
{
	switch (entry->type) {
	case ENTRY_MESSAGE_INPUT:
	case ENTRY_MESSAGE_OUTPUT:
		put_chunks(export, entry);
		break;
	case ENTRY_TOOL_EXECUTION:
	case ENTRY_FUNCTION_CALL:
		put_name(export, entry);
		put_json(export, _("Arguments"), entry->arguments.data, entry->arguments.len);
		if (entry->info != NULL)
			put_json(export, _("Result"), entry->info, strlen(entry->info));
		if (entry->confirmation != NULL)
			export->ops->note(export, entry->confirmation);
		break;
	case ENTRY_FUNCTION_RESULT:
		put_json(export, _("Result"), entry->result.data, entry->result.len);
		break;
	case ENTRY_AGENT_HANDOFF:
		put_handoff(export, entry);
		break;
	case ENTRY_UNKNOWN:
		if (entry->raw != NULL)
			put_json(export, "JSON", entry->raw, strlen(entry->raw));
		break;
	}
}

static void
put_forks(struct exporting *export, struct bundle_place place)
{
	ARRAY(size_t) branches = {0};

	for (size_t i = 0; i < export->order.forks.len; i++)
		if (export->order.forks.items[i].branch == place.branch &&
		    export->order.forks.items[i].entry == place.entry)
			array_push(&branches, i);
	if (branches.len > 0)
		export->ops->forks(export, branches.items, branches.len);
	array_done(&branches);
}

static void
put_branch(struct exporting *export, size_t at)
{
	const struct conversation *c = export->bundle->branches.items[at].conversation;

	for (size_t i = 0; i < c->entries.len; i++) {
		const struct entry *entry = c->entries.items[i];
		struct bundle_place place = {at, i};

		export->ops->entry(export, place, who_said(c, entry));
		put_content(export, entry);
		put_state(export, entry);
		if (export->tree)
			put_forks(export, place);
		export->ops->entry_end(export);
	}
}

static void
walk(struct exporting *export)
{
	ARRAY(size_t) open = {0};

	export->ops->begin(export);
	for (size_t i = 0; i < export->order.depth_first.len; i++) {
		size_t branch = export->order.depth_first.items[i];
		size_t parent = export->order.forks.items[branch].branch;

		while (open.len > 0 && open.items[open.len - 1] != parent) {
			open.len--;
			if (export->tree)
				export->ops->branch_end(export);
		}
		array_push(&open, branch);
		if (export->tree)
			export->ops->branch(export, branch);
		put_branch(export, branch);
	}
	for (; open.len > 0 && export->tree; open.len--)
		export->ops->branch_end(export);
	export->ops->end(export);
	array_done(&open);
}

/* Entries are counted as they come. */
static void
count_entries(struct exporting *export)
{
	size_t count = export->bundle->branches.len, total = 0;

	array_reserve(&export->numbers, count + 1);
	for (size_t i = 0; i < export->order.depth_first.len; i++) {
		size_t branch = export->order.depth_first.items[i];

		export->numbers.items[branch] = total;
		total += export->bundle->branches.items[branch].conversation->entries.len;
	}
}

static char *
title_of(const struct bundle *bundle)
{
	const struct conversation *last =
	    bundle->branches.items[bundle->branches.len - 1].conversation;
	const char *title = bundle->title;

	if (title == NULL || title[0] == '\0')
		title = conversation_title(last);
	return sanitize_line(title != NULL && title[0] != '\0' ? title : last->id);
}

bool
export_put(struct store *store, int64_t conversation, enum export_format format, bool tree,
    struct buf *out, struct error *err)
{
	struct bundle bundle = {0};
	struct exporting export = {.bundle = &bundle, .tree = tree, .out = out};

	if (!store_load_bundle(store, conversation, tree, &bundle, err))
		return false;
	/* A circle would be a damaged store; what hangs in one is then left out. */
	bundle_order(&bundle, &export.order);
	count_entries(&export);
	export.title = title_of(&bundle);
	export.ops = format == EXPORT_HTML ? &export_html : &export_markdown;
	if (format == EXPORT_JSON) {
		wire_put_bundle(out, &bundle);
		buf_putc(out, '\n');
	} else if (format == EXPORT_DOT) {
		export_dot(&export);
	} else {
		walk(&export);
	}
	free(export.title);
	array_done(&export.numbers);
	bundle_order_done(&export.order);
	bundle_done(&bundle);
	return true;
}

/* What the conversation is called, else its tree; yours, or NULL. */
static char *
name_of(struct store *store, int64_t conversation)
{
	struct error err = ERROR_NONE;
	struct conversation *c = store_load(store, conversation, false, &err);
	const char *title = c != NULL ? conversation_title(c) : NULL;
	char *name = NULL;

	if (title != NULL)
		name = xstrdup(title);
	else if (c != NULL && c->root != conversation)
		name = name_of(store, c->root);
	conversation_free(c);
	error_done(&err);
	return name;
}

char *
export_file_name(struct store *store, int64_t conversation, enum export_format format)
{
	char *title = name_of(store, conversation), *clean = sanitize_line(title);
	struct buf name = BUF_EMPTY;
	int width;
	size_t len = utf8_fit(clean, strlen(clean), NAME_COLUMNS, &width);

	/* Letters, digits and what is no ASCII; of everything else one dash. */
	for (size_t i = 0; i < len; i++) {
		unsigned char byte = (unsigned char)clean[i];
		bool plain = byte >= 0x80 || (byte >= '0' && byte <= '9') ||
			     (byte >= 'a' && byte <= 'z') || (byte >= 'A' && byte <= 'Z');

		if (plain)
			buf_putc(&name, (char)byte);
		else if (name.len > 0 && name.data[name.len - 1] != '-')
			buf_putc(&name, '-');
	}
	while (name.len > 0 && name.data[name.len - 1] == '-')
		buf_truncate(&name, name.len - 1);
	if (name.len == 0)
		buf_puts(&name, "conversation");
	buf_printf(&name, ".%s", formats[format].suffix);
	free(title);
	free(clean);
	return buf_take(&name);
}
