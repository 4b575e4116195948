/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include <stdlib.h>
#include <string.h>

#include "backend/wire-import.h"
#include "backend/wire-json.h"
#include "backend/wire-parts.h"
#include "backend/wire.h"
#include "base/buf.h"
#include "base/error.h"
#include "base/i18n.h"
#include "base/mem.h"
#include "model/bundle.h"

/*
 * {"causerie_export": 1, "title", "pinned", "archived",
 *  "branches": [{"conversation": as the API has it, "entries": as the API has them,
 *                and what the API has not}]}
 */

/* What stands beside the API's object in a branch: strings of the conversation. */
static const struct {
	const char *key;
	size_t offset;
} settings[] = {
    {"connection", offsetof(struct conversation, connection)},
    {"agent", offsetof(struct conversation, agent)},
    {"title", offsetof(struct conversation, title)},
    {"handoff_execution", offsetof(struct conversation, handoff_execution)},
};

#define SETTINGS (sizeof(settings) / sizeof(settings[0]))

static char **
setting(struct conversation *c, size_t at)
{
	return (char **)(void *)((char *)c + settings[at].offset);
}

/* Writing. */

static void
put_flag(struct buf *out, const char *key, bool value)
{
	if (value)
		json_put_raw(out, key, "true");
}

static void
put_number(struct buf *out, const char *key, int64_t value)
{
	if (value == 0)
		return;
	json_put_key(out, key);
	buf_printf(out, "%lld", (long long)value);
}

static bool
put_but_secrets(void *arg, const char *key, struct json_object *value)
{
	struct buf *out = arg;

	if (strcmp(key, "authorization") == 0)
		return true;
	json_put_key(out, key);
	json_write(out, value);
	return true;
}

/* A connector's authorization is a token or a key. */
static char *
without_secrets(const char *tools)
{
	struct json_object *list;
	struct buf out = BUF_EMPTY;

	if (tools == NULL || strstr(tools, "authorization") == NULL)
		return xstrdup(tools);
	list = json_parse(tools, strlen(tools));
	buf_putc(&out, '[');
	for (size_t i = 0; i < json_length(list); i++) {
		buf_puts(&out, i > 0 ? ",{" : "{");
		json_each(json_item(list, i), put_but_secrets, &out);
		buf_putc(&out, '}');
	}
	buf_putc(&out, ']');
	json_free(list);
	return buf_take(&out);
}

static void
put_settings(struct buf *out, const struct bundle_branch *branch)
{
	struct conversation shown = *branch->conversation;

	shown.tools = without_secrets(shown.tools);
	json_put_key(out, "conversation");
	wire_put_conversation(out, &shown);
	free(shown.tools);
	for (size_t i = 0; i < SETTINGS; i++)
		json_put_text(out, settings[i].key, *setting(&shown, i));
	put_flag(out, "own_id", shown.own_id);
	put_flag(out, "carried", shown.carried);
	wire_put_usage(out, &shown.usage);
	json_put_text(out, "parent", branch->parent);
	json_put_text(out, "from_entry_id", branch->fork);
	put_number(out, "number", branch->number);
	put_number(out, "changed", branch->active);
	json_put_text(out, "label", branch->label);
	put_flag(out, "hidden", branch->hidden);
	put_flag(out, "deleted", branch->deleted);
	put_flag(out, "guessed", branch->guessed);
}

static void
put_entry(struct buf *out, const struct entry *entry)
{
	wire_put_entry(out, entry);
	if (!entry->own_id)
		return;
	buf_truncate(out, out->len - 1);
	json_put_raw(out, "causerie_own_id", "true");
	buf_putc(out, '}');
}

static void
put_drafts(struct buf *out, const struct bundle_branch *branch)
{
	if (branch->drafts.len == 0)
		return;
	json_put_key(out, "drafts");
	for (size_t i = 0; i < branch->drafts.len; i++) {
		const struct bundle_draft *draft = &branch->drafts.items[i];

		buf_puts(out, i > 0 ? ",{" : "[{");
		json_put_text(out, "entry", draft->entry);
		put_flag(out, "in_place", draft->in_place);
		json_put_text(out, "text", draft->text);
		json_put_text(out, "changed_at", draft->changed_at);
		buf_putc(out, '}');
	}
	buf_putc(out, ']');
}

/* A line for each entry: two exports can be compared by their lines. */
void
wire_put_bundle(struct buf *out, const struct bundle *bundle)
{
	buf_printf(out, "{\"causerie_export\":%d", WIRE_EXPORT_VERSION);
	json_put_text(out, "title", bundle->title);
	put_flag(out, "pinned", bundle->pinned);
	put_flag(out, "archived", bundle->archived);
	buf_puts(out, ",\"branches\":[");
	for (size_t i = 0; i < bundle->branches.len; i++) {
		const struct bundle_branch *branch = &bundle->branches.items[i];

		buf_puts(out, i > 0 ? ",\n{" : "\n{");
		put_settings(out, branch);
		json_put_key(out, "entries");
		buf_putc(out, '[');
		for (size_t j = 0; j < branch->conversation->entries.len; j++) {
			buf_puts(out, j > 0 ? ",\n" : "\n");
			put_entry(out, branch->conversation->entries.items[j]);
		}
		buf_putc(out, ']');
		put_drafts(out, branch);
		buf_putc(out, '}');
	}
	buf_puts(out, "\n]}");
}

/* Reading. */

static bool
flag(struct json_object *object, const char *key)
{
	bool truth = false;

	return json_is_bool(json_member(object, key), &truth) && truth;
}

static void
take_drafts(struct bundle_branch *branch, struct json_object *list)
{
	for (size_t i = 0; i < json_length(list); i++) {
		struct json_object *item = json_item(list, i);

		if (json_text_member(item, "text") == NULL)
			continue;
		array_push(&branch->drafts,
		    ((struct bundle_draft){.entry = xstrdup(json_text_member(item, "entry")),
			.in_place = flag(item, "in_place"),
			.text = xstrdup(json_text_member(item, "text")),
			.changed_at = xstrdup(json_text_member(item, "changed_at"))}));
	}
}

static bool
take_branch(struct bundle *bundle, struct json_object *value)
{
	struct conversation *c = wire_take_conversation(json_member(value, "conversation"));
	struct json_object *entries = json_list_member(value, "entries");
	struct bundle_branch *branch;

	if (c == NULL)
		return false;
	branch = bundle_add(bundle);
	conversation_free(branch->conversation);
	branch->conversation = c;
	for (size_t i = 0; i < SETTINGS; i++)
		xreplace(setting(c, i), json_text_member(value, settings[i].key));
	c->own_id = flag(value, "own_id");
	c->carried = flag(value, "carried");
	wire_take_usage(value, &c->usage);
	branch->parent = xstrdup(json_text_member(value, "parent"));
	branch->fork = xstrdup(json_text_member(value, "from_entry_id"));
	branch->number = (int)json_number(json_member(value, "number"), INT32_MAX, 0);
	branch->active = json_number(json_member(value, "changed"), INT64_MAX, 0);
	branch->label = xstrdup(json_text_member(value, "label"));
	branch->hidden = flag(value, "hidden");
	branch->deleted = flag(value, "deleted");
	branch->guessed = flag(value, "guessed");
	for (size_t i = 0; i < json_length(entries); i++) {
		struct entry *entry = wire_take_entry(json_item(entries, i));

		if (entry == NULL)
			return false;
		array_push(&c->entries, entry);
	}
	take_drafts(branch, json_list_member(value, "drafts"));
	return true;
}

void
wire_take_bundle(struct bundle *bundle, struct json_object *value, struct error *err)
{
	struct json_object *branches = json_list_member(value, "branches");
	int64_t version = json_number(json_member(value, "causerie_export"), INT32_MAX, 0);
	struct bundle_order order;

	if (version > WIRE_EXPORT_VERSION) {
		error_set(err, ERR_PROTOCOL,
		    _("It is an export of a newer causerie (format %d, this one knows %d)."),
		    (int)version, WIRE_EXPORT_VERSION);
		return;
	}
	bundle->title = xstrdup(json_text_member(value, "title"));
	bundle->pinned = flag(value, "pinned");
	bundle->archived = flag(value, "archived");
	for (size_t i = 0; i < json_length(branches); i++)
		if (!take_branch(bundle, json_item(branches, i))) {
			error_set(err, ERR_PROTOCOL,
			    _("Branch %zu of this export is none: it needs a conversation with "
			      "an id, and its entries."),
			    i + 1);
			return;
		}
	if (bundle->branches.len == 0)
		error_set(err, ERR_PROTOCOL, _("This export of causerie has no branches in it."));
	else if (!bundle_order(bundle, &order))
		error_set(err, ERR_PROTOCOL, _("The branches of this export run in a circle."));
	if (bundle->branches.len > 0)
		bundle_order_done(&order);
}
