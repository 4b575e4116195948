/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/i18n.h"
#include "base/mem.h"
#include "base/sanitize.h"
#include "client/outline.h"
#include "cmd/verbs.h"
#include "model/lineage.h"
#include "store/search.h"
#include "store/store.h"

/* tree and search: what only the store can tell. */

static void
put_key(struct buf *out, const char *name, const char *value)
{
	buf_put_json(out, name, strlen(name));
	buf_putc(out, ':');
	if (value != NULL)
		buf_put_json(out, value, strlen(value));
	else
		buf_puts(out, "null");
}

/* The id of the conversation whose key it is, or NULL. */
static const char *
id_of(const struct tree *tree, int64_t conversation)
{
	const struct tree_branch *branch = tree_branch_of(tree, conversation);

	return branch != NULL ? branch->id : NULL;
}

/* Ids of entries are in the store only; the outline has keys. */
static char *
entry_id(struct store *store, int64_t conversation, int64_t key)
{
	struct error err = ERROR_NONE;
	struct conversation *c = key != 0 ? store_load(store, conversation, true, &err) : NULL;
	ptrdiff_t at = c != NULL ? conversation_find(c, key) : -1;
	char *id = at >= 0 ? xstrdup(c->entries.items[at]->id) : NULL;

	conversation_free(c);
	error_done(&err);
	return id;
}

static void
tree_json(struct command_context *ctx, const struct tree *tree)
{
	struct buf out;

	buf_init(&out, 0);
	buf_puts(&out, "{\"object\":\"causerie.tree\",\"branches\":[");
	for (size_t i = 0; i < tree->branches.len; i++) {
		const struct tree_branch *branch = &tree->branches.items[i];
		char *name = tree_branch_name(tree, branch->conversation);
		char *fork = entry_id(ctx->store, branch->parent, branch->fork);

		buf_puts(&out, i > 0 ? ",{" : "{");
		put_key(&out, "conversation_id", branch->id);
		buf_putc(&out, ',');
		put_key(&out, "name", name);
		buf_putc(&out, ',');
		put_key(&out, "parent", id_of(tree, branch->parent));
		buf_putc(&out, ',');
		put_key(&out, "from_entry_id", fork);
		buf_printf(&out, ",\"entries\":%zu,", branch->entries.len);
		put_key(&out, "updated_at", branch->updated_at);
		buf_putc(&out, '}');
		free(fork);
		free(name);
	}
	buf_puts(&out, "]}");
	command_print_json(ctx, out.data, out.len, false);
	buf_done(&out);
}

static void
tree_text(struct command_context *ctx, const struct tree *tree, int64_t live)
{
	outline lines = {0};

	tree_outline(tree, live, 0, &lines);
	for (size_t i = 0; i < lines.len; i++) {
		char *indent = outline_indent(&lines.items[i]),
		     *text = outline_text(tree, &lines.items[i], 0);
		char *clean = sanitize_line(text);

		fprintf(ctx->out, "%s %s%s\n", lines.items[i].live ? "●" : " ", indent, clean);
		free(clean);
		free(text);
		free(indent);
	}
	array_done(&lines);
}

static bool
tree(struct command_context *ctx, const struct args *args, struct error *err)
{
	struct tree found;
	int64_t key;
	char *id;
	bool good;

	if (args->words.len != 1)
		return error_set(err, ERR_USAGE,
		    _("Which conversation? Give its id, the start of it, or @ for the most recent "
		      "one."));
	if (!command_conversation(ctx, args->words.items[0], &key, &id, err))
		return false;
	if (key == 0) {
		error_set(err, ERR_USAGE,
		    _("No conversation %s is kept here, so its branches are not known."), id);
		free(id);
		return false;
	}
	free(id);
	tree_init(&found);
	good = store_load_tree(ctx->store, key, &found, err);
	if (good && ctx->json)
		tree_json(ctx, &found);
	else if (good)
		tree_text(ctx, &found, key);
	tree_done(&found);
	return good;
}

static char *
join(const struct args *args)
{
	struct buf words;

	buf_init(&words, 0);
	for (size_t i = 0; i < args->words.len; i++)
		buf_printf(&words, "%s%s", i > 0 ? " " : "", args->words.items[i]);
	return buf_take(&words);
}

/* The marks around matches go: control characters in JSON, brackets for people. */
static char *
plain_snippet(const char *snippet, bool brackets)
{
	struct buf out;

	buf_init(&out, 0);
	for (; *snippet != '\0'; snippet++) {
		if (*snippet != '\001' && *snippet != '\002')
			buf_putc(&out, *snippet);
		else if (brackets)
			buf_putc(&out, *snippet == '\001' ? '[' : ']');
	}
	return buf_take(&out);
}

static void
hit_json(struct buf *out, const struct hit *hit)
{
	char *snippet = plain_snippet(hit->snippet, false);

	buf_putc(out, '{');
	put_key(out, "conversation_id", hit->conversation_id);
	buf_putc(out, ',');
	put_key(out, "entry_id", hit->entry_id);
	buf_putc(out, ',');
	put_key(out, "role", hit->assistant ? "assistant" : "user");
	buf_putc(out, ',');
	put_key(out, "created_at", hit->created_at);
	buf_putc(out, ',');
	put_key(out, "title", hit->title);
	buf_putc(out, ',');
	put_key(out, "snippet", snippet);
	buf_putc(out, '}');
	free(snippet);
}

static void
hit_text(struct command_context *ctx, const struct hit *hit)
{
	char *snippet = plain_snippet(hit->snippet, true), *clean = sanitize_line(snippet);
	char *title = sanitize_line(hit->title), *entry = sanitize_line(hit->entry_id);
	char *conversation = sanitize_line(hit->conversation_id);

	fprintf(ctx->out, "%s  %s  %s\n    %s\n", conversation, entry, title, clean);
	free(conversation);
	free(entry);
	free(title);
	free(clean);
	free(snippet);
}

static bool
search(struct command_context *ctx, const struct args *args, struct error *err)
{
	hit_list hits = {0};
	char *words = join(args);
	struct buf json;
	bool good;

	if (words[0] == '\0') {
		free(words);
		return error_set(err, ERR_USAGE, _("Search for which words?"));
	}
	good = search_entries(ctx->store, words, 100, &hits, err);
	free(words);
	buf_init(&json, 0);
	buf_puts(&json, "[");
	for (size_t i = 0; i < hits.len; i++) {
		if (!ctx->json) {
			hit_text(ctx, &hits.items[i]);
			continue;
		}
		buf_puts(&json, i > 0 ? "," : "");
		hit_json(&json, &hits.items[i]);
	}
	buf_puts(&json, "]");
	if (good && ctx->json)
		command_print_json(ctx, json.data, json.len, false);
	else if (good && hits.len == 0 && ctx->err_is_terminal)
		command_note(ctx, _("Nothing was found.\n"));
	buf_done(&json);
	hit_list_done(&hits);
	return good;
}

const struct command cmd_tree = {
    .name = "tree",
    .args = N_("CONVERSATION"),
    .help = N_("show the branches around a conversation"),
    .exec = tree,
};

const struct command cmd_search = {
    .name = "search",
    .args = N_("WORDS"),
    .help = N_("search everything kept here"),
    .exec = search,
};
