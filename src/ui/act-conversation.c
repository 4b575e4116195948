/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include "ui/act-conversation.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/error.h"
#include "base/i18n.h"
#include "base/mem.h"
#include "client/client.h"
#include "profile/profile.h"
#include "store/store.h"
#include "ui/panes.h"
#include "ui/screen.h"
#include "ui/view.h"

static struct store *
store(struct screen *screen)
{
	return client_store(screen_client(screen));
}

static bool
in_list(struct screen *screen)
{
	return screen_focused(screen) == screen_pane(screen, "list");
}

/* The conversation that is meant: in the list the one selected there, else the open one. */
static int64_t
chosen(struct screen *screen)
{
	int64_t opens, root;

	if (!in_list(screen))
		return view_key(screen_view(screen));
	return pane_conversations_selected(screen_pane(screen, "list"), &opens, &root) ? opens : 0;
}

/* Its row of the list. False, and that is said, if there is none. */
static bool
load_chosen(struct screen *screen, int64_t *key, struct store_row *row)
{
	struct error err = ERROR_NONE;

	*key = chosen(screen);
	if (*key == 0) {
		screen_notice(screen, in_list(screen)
					  ? _("No conversation is selected.")
					  : _("A new conversation: that can be done once it has "
					      "begun."));
		return false;
	}
	store_load_row(store(screen), *key, row, &err);
	return !screen_failed(screen, &err);
}

static void
changed(struct screen *screen)
{
	pane_conversations_reload(screen_pane(screen, "list"));
	screen_touch_all(screen);
}

static const char *
title_of(const struct store_row *row)
{
	return row->title[0] != '\0' ? row->title : _("(without a title)");
}

/* Takes the line over. */
static void
say(struct screen *screen, char *line)
{
	screen_notice(screen, line);
	free(line);
}

/* A dialog about a conversation; the list may have moved on when it is answered. */
static void
ask(struct screen *screen, struct pane *dialog, int64_t key, dialog_about_fn fn)
{
	char about[32];

	snprintf(about, sizeof(about), "%lld", (long long)key);
	screen_push(screen, pane_dialog_about(dialog, about, fn));
}

static int64_t
key_of(const char *about)
{
	return strtoll(about, NULL, 10);
}

/* Names. */

/* A tree is called as its oldest conversation, or if that is deleted, as the one named. */
static void
renamed(struct screen *screen, const char *title, const char *about)
{
	struct error err = ERROR_NONE;
	int64_t key = key_of(about);
	struct conversation *c, *root = NULL;

	if (title == NULL)
		return;
	c = store_load(store(screen), key, false, &err);
	if (c != NULL && c->root != 0 && c->root != key)
		root = store_load(store(screen), c->root, false, &err);
	if (root != NULL) {
		conversation_free(c);
		c = root;
	}
	if (c != NULL && err.kind == ERR_NONE) {
		xreplace(&c->title, title);
		store_save_conversation(store(screen), c, &err);
		client_release(screen_client(screen), c->key);
	} else if (err.kind == ERR_NONE) {
		error_set(&err, ERR_STORE,
		    _("The conversation was deleted meanwhile; it has no new name."));
	}
	conversation_free(c);
	screen_failed(screen, &err);
	changed(screen);
}

void
act_rename(struct screen *screen)
{
	struct store_row row;
	int64_t key;

	if (!load_chosen(screen, &key, &row))
		return;
	ask(screen, pane_dialog_new(screen, _("Name of the conversation"), row.title, NULL), key,
	    renamed);
	store_row_done(&row);
}

static void
tagged(struct screen *screen, const char *tags, const char *about)
{
	struct error err = ERROR_NONE;

	if (tags == NULL)
		return;
	store_set_tags(store(screen), key_of(about), tags, &err);
	screen_failed(screen, &err);
	changed(screen);
}

void
act_tags(struct screen *screen)
{
	struct store_row row;
	int64_t key;

	if (!load_chosen(screen, &key, &row))
		return;
	ask(screen,
	    pane_dialog_new(screen, _("Tags of the conversation: words, with spaces between them"),
		row.tags, NULL),
	    key, tagged);
	store_row_done(&row);
}

/* Its place in the list. */

void
act_pin(struct screen *screen)
{
	struct error err = ERROR_NONE;
	struct store_row row;
	int64_t key;

	if (!load_chosen(screen, &key, &row))
		return;
	store_set_pinned(store(screen), key, !row.pinned, &err);
	if (!screen_failed(screen, &err))
		say(screen,
		    xasprintf(row.pinned ? _("“%s” is not pinned any more.")
					 : _("“%s” is pinned: it stays at the top of the list."),
			title_of(&row)));
	store_row_done(&row);
	changed(screen);
}

void
act_archive(struct screen *screen)
{
	struct error err = ERROR_NONE;
	struct store_row row;
	int64_t key;

	if (!load_chosen(screen, &key, &row))
		return;
	store_set_archived(store(screen), key, !row.archived, &err);
	if (!screen_failed(screen, &err))
		say(screen,
		    xasprintf(row.archived
				  ? _("“%s” is back in the list.")
				  : _("“%s” is archived: the filter of the list finds it, and "
				      "is:archived shows all that are."),
			title_of(&row)));
	store_row_done(&row);
	changed(screen);
}

/* Deleting. */

/* Of the whole tree all that live, else the one conversation. */
static void
list_keys(struct screen *screen, int64_t key, bool tree, key_list *keys, struct error *err)
{
	struct tree all;

	if (!tree) {
		array_push(keys, key);
		return;
	}
	tree_init(&all);
	if (store_load_tree(store(screen), key, &all, err))
		for (size_t i = 0; i < all.branches.len; i++)
			if (!all.branches.items[i].deleted)
				array_push(keys, all.branches.items[i].conversation);
	tree_done(&all);
}

static void
say_deleted(struct screen *screen)
{
	char *line = xasprintf(_("Deleted. %s undoes it."), screen_keys(screen, "undelete"));

	screen_notice_undo(screen, line);
	free(line);
}

/* h, s: the branch here, on the server too; t, T: the whole tree. */
static void
delete_answer(struct screen *screen, const char *answer, const char *about)
{
	struct error err = ERROR_NONE;
	key_list keys = {0};
	bool was_in_list = in_list(screen), server, tree;

	if (answer == NULL || answer[0] == 'n')
		return;
	server = answer[0] == 's' || answer[0] == 'T';
	tree = answer[0] == 't' || answer[0] == 'T';
	list_keys(screen, key_of(about), tree, &keys, &err);
	screen_save(screen);
	if (err.kind == ERR_NONE &&
	    client_delete(screen_client(screen), keys.items, keys.len, server, &err)) {
		for (size_t i = 0; i < keys.len; i++)
			if (keys.items[i] == view_key(screen_view(screen)))
				screen_open_new(screen);
		if (was_in_list)
			screen_focus(screen, screen_pane(screen, "list"));
		pane_input_deleted(screen_pane(screen, "input"));
		view_changed(screen_view(screen));
		say_deleted(screen);
	}
	array_done(&keys);
	screen_failed(screen, &err);
	changed(screen);
}

static bool
is_on_server(struct screen *screen, int64_t key, struct error *err)
{
	struct conversation *c = store_load(store(screen), key, false, err);
	const struct connection *connection =
	    c != NULL && c->connection != NULL
		? profile_connection(client_profile(screen_client(screen)), c->connection)
		: NULL;
	bool server = connection != NULL && connection->api == API_CONVERSATIONS && !c->own_id;

	conversation_free(c);
	return server;
}

void
act_delete(struct screen *screen)
{
	static const char *const labels[][2] = {
	    {N_("h: delete it   n: no"), "hn"},
	    {N_("h: here only   s: on the server too   n: no"), "hsn"},
	    {N_("h: this branch   t: the whole tree   n: no"), "htn"},
	    {N_("h: this branch, here only   s: on the server too   t: the whole tree, here only"
		"   T: on the server too   n: no"),
		"hstTn"},
	};
	struct error err = ERROR_NONE;
	struct store_row row;
	char *question;
	int64_t key;
	size_t which;

	if (!load_chosen(screen, &key, &row))
		return;
	which = (row.branches > 0 ? 2 : 0) + (is_on_server(screen, key, &err) ? 1 : 0);
	question = xasprintf(row.branches > 0 ? _("Delete “%s”? It has other branches, which stay "
						  "unless you delete the whole tree.")
					      : _("Delete “%s”?"),
	    title_of(&row));
	if (!screen_failed(screen, &err))
		ask(screen,
		    pane_choice_new(screen, question, _(labels[which][0]), labels[which][1], NULL),
		    key, delete_answer);
	free(question);
	store_row_done(&row);
}

/*
 * The last destructive act is undone. In the input that is an edit, if one was
 * made since anything was deleted, or if nothing was.
 */
void
act_undelete(struct screen *screen)
{
	struct pane *input = screen_pane(screen, "input");
	bool typing = screen_focused(screen) == input;
	struct error err = ERROR_NONE;
	struct store_row row;
	int64_t key;

	if (typing && pane_input_undo(input, true))
		return;
	if (!client_undelete(screen_client(screen), &key, &err) ||
	    (key != 0 && !store_load_row(store(screen), key, &row, &err))) {
		screen_failed(screen, &err);
		return;
	}
	if (key == 0) {
		if (!typing || !pane_input_undo(input, false))
			screen_notice(screen, _("There is nothing to undo."));
		return;
	}
	if (in_list(screen))
		pane_conversations_show(screen_pane(screen, "list"), row.root);
	else if (view_key(screen_view(screen)) == 0)
		screen_open(screen, key, 0);
	view_changed(screen_view(screen));
	say(screen, xasprintf(_("“%s” is back."), title_of(&row)));
	store_row_done(&row);
	changed(screen);
}

/* What is known. */

void
act_information(struct screen *screen)
{
	struct view *view = screen_view(screen);
	const struct conversation *c = view_conversation(view);
	struct buf out;

	if (c == NULL) {
		screen_notice(screen, _("A new conversation: there is nothing to tell of it yet."));
		return;
	}
	buf_init(&out, 0);
	buf_printf(
	    &out, c->own_id ? _("Id: %s (not known to the server yet)\n") : _("Id: %s\n"), c->id);
	buf_printf(&out, _("Connection: %s\n"), c->connection);
	if (c->model != NULL)
		buf_printf(&out, _("Model: %s\n"), c->model);
	if (c->agent != NULL)
		buf_printf(&out, _("Agent: %s\n"), c->agent);
	if (c->agent_id != NULL)
		buf_printf(&out, _("Agent id: %s\n"), c->agent_id);
	buf_printf(&out, _("Begun: %s\nChanged: %s\n"), c->created_at != NULL ? c->created_at : "?",
	    c->updated_at != NULL ? c->updated_at : "?");
	buf_printf(&out,
	    ngettext("%zu entry, %zu of them before the fork\n",
		"%zu entries, %zu of them before the fork\n", c->entries.len),
	    c->entries.len, c->inherited);
	buf_printf(&out, _("Tokens: %lld in, %lld out, %lld in all\n"),
	    (long long)c->usage.prompt_tokens, (long long)c->usage.completion_tokens,
	    (long long)c->usage.total_tokens);
	if (c->instructions != NULL)
		buf_printf(&out, _("\nInstructions:\n%s\n"), c->instructions);
	screen_push(screen, pane_text_new(screen, _("Information"), out.data));
	buf_done(&out);
}
