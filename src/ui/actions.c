/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include "ui/actions.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/error.h"
#include "base/i18n.h"
#include "base/mem.h"
#include "base/sanitize.h"
#include "client/client.h"
#include "cmd/command.h"
#include "profile/profile.h"
#include "store/search.h"
#include "store/store.h"
#include "ui/act-conversation.h"
#include "ui/exporting.h"
#include "ui/panes.h"
#include "ui/pick-agent.h"
#include "ui/rows.h"
#include "ui/screen.h"
#include "ui/view.h"

/* Two Esc within this time edit the last prompt; later ones only change the focus. */
#define DOUBLE_ESC_MS 600

/* Hits shown while searching everywhere. */
#define SEARCH_HITS 100

static struct pane *
messages(struct screen *screen)
{
	return screen_pane(screen, "messages");
}

static struct pane *
input(struct screen *screen)
{
	return screen_pane(screen, "input");
}

/* Global. */

static void
act_help(struct screen *screen)
{
	screen_push(screen, pane_help_new(screen, screen_context(screen)));
}

static void
act_new(struct screen *screen)
{
	screen_open_new(screen);
}

static void
picked_row(struct screen *screen, const struct pick *pick)
{
	if (pick != NULL && screen_open(screen, pick->key, 0))
		screen_focus(screen, input(screen));
}

/*
 * A title and, if there are any, words found. The marks around matches are control
 * characters: they become brackets here.
 */
static char *
pick_text(const char *title, const char *snippet)
{
	char *text = snippet != NULL ? xasprintf("%s: %s", title, snippet) : xstrdup(title);

	for (char *p = text + strlen(title); *p != '\0'; p++)
		if (*p == '\001' || *p == '\002')
			*p = *p == '\001' ? '[' : ']';
	return text;
}

/* Where the list has no room beside the messages it comes as a list to choose from. */
static void
find_rows(struct screen *screen, const char *typed, pick_list *out)
{
	store_rows rows = {0};
	struct error err = ERROR_NONE;

	store_list(client_store(screen_client(screen)), typed[0] != '\0' ? typed : NULL, 0, 200,
	    &rows, &err);
	for (size_t i = 0; i < rows.len; i++) {
		char *when = rows_time(rows.items[i].updated_at);
		char *match =
		    rows.items[i].matched
			? store_match(client_store(screen_client(screen)), rows.items[i].root, &err)
			: NULL;
		struct pick pick = {
		    .text = pick_text(rows.items[i].title, match),
		    .detail = rows.items[i].branches > 0
				  ? xasprintf("⑂%d  %s", rows.items[i].branches, when)
				  : xstrdup(when),
		    .key = rows.items[i].opens,
		};

		free(match);
		free(when);
		array_push(out, pick);
	}
	store_rows_done(&rows);
	screen_failed(screen, &err);
}

static void
act_list(struct screen *screen)
{
	struct pane *list = screen_pane(screen, "list");

	if (screen_width(screen) < 80) {
		screen_push(screen,
		    pane_picker_new(screen, _("Conversations"), NULL, find_rows, picked_row));
		return;
	}
	if (screen_focused(screen) == list) {
		screen_toggle_list(screen);
		return;
	}
	if (!screen_has_list(screen))
		screen_toggle_list(screen);
	screen_focus(screen, list);
}

static void
act_tree(struct screen *screen)
{
	struct pane *top = screen_top(screen);

	if (top != NULL && strcmp(top->ops->name, "tree") == 0)
		screen_pop(screen);
	else
		screen_push(screen, pane_tree_new(screen));
}

static void
act_next_pane(struct screen *screen)
{
	screen_focus_next(screen);
}

static void
act_redraw(struct screen *screen)
{
	screen_output(screen)->redraw(screen_output(screen)->arg);
	screen_touch_all(screen);
}

static void
act_suspend(struct screen *screen)
{
	screen_save(screen);
	screen_output(screen)->suspend(screen_output(screen)->arg);
	screen_touch_all(screen);
}

static void
act_quit(struct screen *screen)
{
	screen_quit(screen);
}

static void
act_plain(struct screen *screen)
{
	screen_toggle_plain(screen);
}

static void
act_mouse(struct screen *screen)
{
	screen_toggle_mouse(screen);
}

static void
open_neighbour(struct screen *screen, int step)
{
	int64_t key = pane_conversations_neighbour(screen_pane(screen, "list"), step);

	if (key != 0)
		screen_open(screen, key, 0);
}

static void
act_next_conversation(struct screen *screen)
{
	open_neighbour(screen, 1);
}

static void
act_previous_conversation(struct screen *screen)
{
	open_neighbour(screen, -1);
}

static void
act_attention(struct screen *screen)
{
	const struct conversation *c = view_conversation(screen_view(screen));
	struct error err = ERROR_NONE;
	int64_t key;

	if (!store_find_waiting(client_store(screen_client(screen)),
		c == NULL      ? 0
		: c->root != 0 ? c->root
			       : c->key,
		&key, &err))
		screen_failed(screen, &err);
	else if (key != 0)
		screen_open(screen, key, 0);
	else
		screen_notice(screen, _("No conversation waits for you."));
}

#define NTH(n)                                                                            \
	static void act_nth_##n(struct screen *screen)                                    \
	{                                                                                 \
		int64_t key = pane_conversations_nth(screen_pane(screen, "list"), (n)-1); \
		if (key != 0)                                                             \
			screen_open(screen, key, 0);                                      \
	}
NTH(1)
NTH(2)
NTH(3)
NTH(4)
NTH(5)
NTH(6)
NTH(7)
NTH(8)
NTH(9)
NTH(10)

/* Who answers. */

static void
picked_agent(struct screen *screen, const struct pick *pick)
{
	struct view *view = screen_view(screen);
	struct agent *agent = pick != NULL ? pick_agent_of(screen, pick) : NULL;
	bool before = view_key(view) != 0;
	char *line, *name;

	if (agent == NULL)
		return;
	view_set_agent(view, agent);
	agent_free(agent);
	screen_open_new(screen);
	name = sanitize_line(view_speaker(view));
	line = xasprintf(before ? _("A new conversation with %s. The one before is kept.")
				: _("A new conversation with %s."),
	    name);
	screen_notice(screen, line);
	free(line);
	free(name);
}

static void
act_agents(struct screen *screen)
{
	client_refresh_agents(screen_client(screen));
	screen_push(screen, pane_picker_new(screen, _("Who answers a new conversation"), NULL,
				pick_agent_find, picked_agent));
}

static void
act_next_agent(struct screen *screen)
{
	struct view *view = screen_view(screen);
	const agent_list *agents = client_agents(screen_client(screen));
	const struct agent *now = view_agent(view);
	size_t next = 0;

	if (view_conversation(view) != NULL) {
		screen_notice(screen,
		    _("Who answers here is fixed: C-n starts a new conversation, F4 with whom."));
		return;
	}
	if (agents->len == 0) {
		screen_notice(
		    screen, _("The profile names no agents: F4 shows who can be talked to."));
		return;
	}
	for (size_t i = 0; now != NULL && i < agents->len; i++)
		if (strcmp(agents->items[i]->name, now->name) == 0)
			next = (i + 1) % agents->len;
	view_set_agent(view, agents->items[next]);
	screen_touch_all(screen);
}

/* The palette. */

static void
picked_action(struct screen *screen, const struct pick *pick)
{
	if (pick != NULL)
		screen_act(screen, pick->value);
}

static void
act_palette(struct screen *screen)
{
	const char *context = screen_context(screen);
	pick_list picks = {0};

	for (size_t i = 0; i < action_count; i++) {
		const struct action *a = &actions[i];
		struct pick pick = {0};

		if (strcmp(a->context, "global") != 0 && strcmp(a->context, context) != 0)
			continue;
		pick.text = xasprintf("%s  %s", a->name, _(a->help));
		pick.detail = xstrdup(keymap_keys(screen_keymap(screen), a->context, a->name));
		pick.value = xstrdup(a->name);
		array_push(&picks, pick);
	}
	screen_push(screen, pane_picker_new(screen, _("Everything that can be done here"), &picks,
				NULL, picked_action));
}

/* Branches. */

/* The next message goes elsewhere than before: the draft of that place, and its end. */
static void
aimed(struct screen *screen)
{
	screen_notice(screen, NULL);
	pane_input_load(input(screen));
	pane_messages_follow(messages(screen));
	screen_focus(screen, input(screen));
	screen_touch_all(screen);
}

/* Where nothing can branch: the key that said so branches from the nearest place now. */
static void
offer_nearest(struct screen *screen, int64_t nearest, struct error *err)
{
	char *line;

	screen_focus(screen, messages(screen));
	pane_messages_select(messages(screen), nearest);
	line = xasprintf(_("%s The nearest entry before it is selected: %s branches there."),
	    err->text, screen_keys(screen, "branch"));
	screen_notice(screen, line);
	free(line);
	error_done(err);
}

static void
act_branch(struct screen *screen)
{
	struct error err = ERROR_NONE;
	int64_t entry = pane_messages_selected(messages(screen)),
		nearest = view_nearest_fork(screen_view(screen), entry);

	pane_input_save(input(screen));
	view_aim_branch(screen_view(screen), entry, &err);
	if (err.kind != ERR_NONE && nearest != 0) {
		offer_nearest(screen, nearest, &err);
		return;
	}
	if (!screen_failed(screen, &err))
		aimed(screen);
}

static void
edit_prompt(struct screen *screen, int64_t entry)
{
	struct view *view = screen_view(screen);
	const struct conversation *c = view_conversation(view);
	struct error err = ERROR_NONE;
	struct buf text;
	size_t len;

	pane_input_save(input(screen));
	view_aim_edit(view, entry, &err);
	if (screen_failed(screen, &err))
		return;
	aimed(screen);
	pane_input_text(input(screen), &len);
	if (len > 0)
		return; /* an edit begun before */
	buf_init(&text, 0);
	entry_text(c->entries.items[conversation_find(c, entry)], &text);
	pane_input_set(input(screen), text.data, text.len);
	buf_done(&text);
}

/* On an answer it is the prompt it answers that is meant. */
static void
act_edit(struct screen *screen)
{
	const struct conversation *c = view_conversation(screen_view(screen));
	int64_t entry = pane_messages_selected(messages(screen));
	ptrdiff_t at = c != NULL ? conversation_find(c, entry) : -1;

	while (at > 0 && !entry_is_prompt(c->entries.items[at]))
		at--;
	edit_prompt(screen, at >= 0 ? c->entries.items[at]->key : entry);
}

static void
act_edit_last(struct screen *screen)
{
	const struct conversation *c = view_conversation(screen_view(screen));

	for (size_t i = c != NULL ? c->entries.len : 0; i > 0; i--) {
		if (entry_is_prompt(c->entries.items[i - 1])) {
			edit_prompt(screen, c->entries.items[i - 1]->key);
			return;
		}
	}
}

static void
branched(struct screen *screen, int64_t entry)
{
	pane_input_load(input(screen));
	pane_messages_reset(messages(screen), entry);
	pane_conversations_reload(screen_pane(screen, "list"));
	screen_touch_all(screen);
}

/* The answers come side by side, each in its own branch. */
static void
picked_answerers(struct screen *screen, const struct pick *picks, size_t count)
{
	int64_t entry = pane_messages_selected(messages(screen));
	struct error err = ERROR_NONE;
	agent_list agents = {0};
	bool begun;

	for (size_t i = 0; i < count; i++) {
		struct agent *agent = pick_agent_of(screen, &picks[i]);

		if (agent != NULL)
			array_push(&agents, agent);
	}
	pane_input_save(input(screen));
	begun = view_regenerate_with(screen_view(screen), entry, agents.items, agents.len, &err);
	if (begun)
		branched(screen, 0);
	if (begun && agents.len > 1) {
		char *line =
		    xasprintf(ngettext("%zu answer is coming: h and l walk between them.",
				  "%zu answers are coming: h and l walk between them.", agents.len),
			agents.len);

		screen_notice(screen, line);
		free(line);
	}
	agent_list_done(&agents);
	screen_failed(screen, &err);
}

static void
act_regenerate_with(struct screen *screen)
{
	if (pane_messages_selected(messages(screen)) == 0) {
		screen_notice(screen, _("There is no answer here to regenerate."));
		return;
	}
	client_refresh_agents(screen_client(screen));
	screen_push(
	    screen, pane_picker_new_many(screen, _("Who answers this again; Tab marks several"),
			pick_agent_find_versions, picked_answerers));
}

static void act_retry(struct screen *);

/* Whether the selected entry is one that did not go out, or broke off, at the end. */
static bool
broke_off(struct screen *screen)
{
	const struct conversation *c = view_conversation(screen_view(screen));
	int64_t key = pane_messages_selected(messages(screen));

	for (size_t i = c != NULL ? c->entries.len : 0; i > 0 && i > c->inherited; i--) {
		const struct entry *entry = c->entries.items[i - 1];

		if (entry->state != ENTRY_UNSENT && entry->state != ENTRY_INTERRUPTED)
			return false;
		if (entry->key == key)
			return true;
	}
	return false;
}

static void
act_regenerate(struct screen *screen)
{
	struct error err = ERROR_NONE;

	if (broke_off(screen)) {
		act_retry(screen);
		return;
	}
	pane_input_save(input(screen));
	if (view_regenerate(screen_view(screen), pane_messages_selected(messages(screen)), &err))
		branched(screen, 0);
	screen_failed(screen, &err);
}

static void
act_retry(struct screen *screen)
{
	struct error err = ERROR_NONE;

	if (screen_retry(screen, &err))
		pane_messages_follow(messages(screen));
	screen_failed(screen, &err);
}

static void
sibling(struct screen *screen, int step)
{
	struct view *view = screen_view(screen);
	const struct conversation *c = view_conversation(view);
	int64_t entry = pane_messages_selected(messages(screen)), to = 0;
	struct error err = ERROR_NONE;
	ptrdiff_t at = c != NULL ? conversation_find(c, entry) : -1;
	size_t which;

	/* From anywhere in a branch: the nearest fork at or above the selection. */
	while (at >= 0 && view_alternatives(view, c->entries.items[at]->key, &which) < 2)
		at--;
	if (at < 0) {
		screen_notice(screen,
		    _("No other branch here: b makes one, { and } go to the forks there are."));
		return;
	}
	pane_input_save(input(screen));
	if (view_sibling(view, c->entries.items[at]->key, step, &to, &err))
		branched(screen, to);
	screen_failed(screen, &err);
}

static void
act_next_sibling(struct screen *screen)
{
	sibling(screen, 1);
}

static void
act_previous_sibling(struct screen *screen)
{
	sibling(screen, -1);
}

static void
act_compare(struct screen *screen)
{
	pane_compare_sibling(screen, pane_messages_selected(messages(screen)));
}

/* Searching. */

static void
find_hits(struct screen *screen, const char *typed, pick_list *out)
{
	hit_list hits = {0};
	struct error err = ERROR_NONE;

	search_entries(client_store(screen_client(screen)), typed, SEARCH_HITS, &hits, &err);
	for (size_t i = 0; i < hits.len; i++) {
		struct pick pick = {.key = hits.items[i].conversation};

		pick.text = pick_text(hits.items[i].title, hits.items[i].snippet);
		pick.detail = rows_time(hits.items[i].created_at);
		pick.value = xasprintf("%lld", (long long)hits.items[i].entry);
		array_push(out, pick);
	}
	hit_list_done(&hits);
	error_done(&err);
}

static void
picked_hit(struct screen *screen, const struct pick *pick)
{
	if (pick != NULL && screen_open(screen, pick->key, strtoll(pick->value, NULL, 10)))
		screen_focus(screen, messages(screen));
}

static void
act_search(struct screen *screen)
{
	screen_push(screen,
	    pane_picker_new(screen, _("Search everything said"), NULL, find_hits, picked_hit));
}

static void
find_words(struct screen *screen, const char *words)
{
	if (words == NULL || words[0] == '\0')
		return;
	screen_focus(screen, messages(screen));
	pane_messages_find(messages(screen), words);
}

static void
act_find(struct screen *screen)
{
	screen_push(
	    screen, pane_dialog_new(screen, _("Search in this conversation for"), "", find_words));
}

static void
picked_prompt(struct screen *screen, const struct pick *pick)
{
	if (pick != NULL)
		pane_input_set(input(screen), pick->value, strlen(pick->value));
}

static void
act_history_search(struct screen *screen)
{
	string_list prompts = {0};
	pick_list picks = {0};
	struct error err = ERROR_NONE;

	store_prompts(client_store(screen_client(screen)), 500, &prompts, &err);
	for (size_t i = 0; i < prompts.len; i++) {
		struct pick pick = {
		    .text = xstrdup(prompts.items[i]), .value = xstrdup(prompts.items[i])};

		array_push(&picks, pick);
	}
	string_list_done(&prompts);
	screen_failed(screen, &err);
	screen_push(screen,
	    pane_picker_new(screen, _("What you said before"), &picks, NULL, picked_prompt));
}

/* Copying and editing. */

static void
copy(struct screen *screen, const struct buf *text, const char *done)
{
	if (text->len == 0)
		screen_notice(screen, _("There is nothing to copy."));
	else if (screen_output(screen)->copy(screen_output(screen)->arg, text->data, text->len))
		screen_notice(screen, done);
	else
		screen_notice(screen, _("That is too long for the terminal's clipboard."));
}

static void
copy_entry(struct screen *screen, const struct entry *entry)
{
	struct buf text;

	buf_init(&text, 0);
	if (entry != NULL)
		entry_text(entry, &text);
	copy(screen, &text, _("Sent to the terminal's clipboard: the entry's source."));
	buf_done(&text);
}

static void
act_copy(struct screen *screen)
{
	const struct conversation *c = view_conversation(screen_view(screen));
	ptrdiff_t at =
	    c != NULL ? conversation_find(c, pane_messages_selected(messages(screen))) : -1;

	copy_entry(screen, at >= 0 ? c->entries.items[at] : NULL);
}

static void
act_copy_answer(struct screen *screen)
{
	const struct conversation *c = view_conversation(screen_view(screen));
	const struct entry *entry = NULL;

	for (size_t i = c != NULL ? c->entries.len : 0; i > 0 && entry == NULL; i--)
		if (c->entries.items[i - 1]->type == ENTRY_MESSAGE_OUTPUT)
			entry = c->entries.items[i - 1];
	copy_entry(screen, entry);
}

static void
act_copy_code(struct screen *screen)
{
	struct buf text;

	buf_init(&text, 0);
	pane_messages_code(messages(screen), 0, &text);
	copy(screen, &text, _("Sent to the terminal's clipboard: the last code block."));
	buf_done(&text);
}

static void
act_quote(struct screen *screen)
{
	const struct conversation *c = view_conversation(screen_view(screen));
	ptrdiff_t at =
	    c != NULL ? conversation_find(c, pane_messages_selected(messages(screen))) : -1;
	struct buf text, quoted;

	if (at < 0)
		return;
	buf_init(&text, 0);
	buf_init(&quoted, 0);
	entry_text(c->entries.items[at], &text);
	for (char *rest = text.data, *line; (line = strsep(&rest, "\n")) != NULL;)
		buf_printf(&quoted, "> %s\n", line);
	pane_input_insert(input(screen), quoted.data, quoted.len);
	screen_focus(screen, input(screen));
	buf_done(&quoted);
	buf_done(&text);
}

static void
act_editor(struct screen *screen)
{
	size_t len;
	const char *text = pane_input_text(input(screen), &len);

	screen_save(screen);
	screen_output(screen)->edit(screen_output(screen)->arg, text, len);
}

/* Input and browsing. */

static void
act_input_escape(struct screen *screen)
{
	struct view *view = screen_view(screen);

	screen_notice(screen, NULL);
	if (view_stop(view))
		return;
	if (view_aim(view) != AIM_END) {
		pane_input_save(input(screen));
		view_aim_end(view);
		aimed(screen);
		return;
	}
	screen_focus(screen, messages(screen));
}

/* The second of two Esc in short order edits the last prompt. */
static void
act_browse_escape(struct screen *screen)
{
	screen_notice(screen, NULL);
	if (screen_now(screen) - screen_focused_since(screen) < DOUBLE_ESC_MS)
		act_edit_last(screen);
	else
		screen_focus(screen, input(screen));
}

static void
scroll_messages(struct screen *screen, const char *how)
{
	struct pane *pane = messages(screen);

	pane->ops->action(pane, how);
}

static void
act_scroll_up(struct screen *screen)
{
	scroll_messages(screen, "page-up");
}

static void
act_scroll_down(struct screen *screen)
{
	scroll_messages(screen, "page-down");
}

static void
act_scroll_line_up(struct screen *screen)
{
	scroll_messages(screen, "line-up");
}

static void
act_scroll_line_down(struct screen *screen)
{
	scroll_messages(screen, "line-down");
}

static void
act_to_input(struct screen *screen)
{
	screen_focus(screen, input(screen));
}

static void
act_stop(struct screen *screen)
{
	struct pane *pane = input(screen);

	if (!view_stop(screen_view(screen)))
		pane->ops->action(pane, "stash");
}

static void
act_delete_or_quit(struct screen *screen)
{
	struct pane *pane = input(screen);
	size_t len;

	pane_input_text(pane, &len);
	if (len == 0)
		screen_quit(screen);
	else
		pane->ops->action(pane, "delete");
}

/* Queues the message and stops the answer: it goes out when that has ended. */
static void
act_stop_and_send(struct screen *screen)
{
	struct pane *pane = input(screen);
	struct client *client = screen_client(screen);
	unsigned turn = client_turn_of(client, view_key(screen_view(screen)));

	pane->ops->action(pane, "send");
	if (turn != 0)
		client_stop(client, turn);
}

static void
act_unqueue(struct screen *screen)
{
	char *text = view_unqueue(screen_view(screen));

	if (text == NULL) {
		screen_notice(screen, _("Nothing is queued here."));
		return;
	}
	pane_input_insert(input(screen), text, strlen(text));
	screen_touch_all(screen);
	free(text);
}

const struct action actions[] = {
#define OWN NULL
    {"help", "global", N_("show the keys valid now"), act_help},
    {"palette", "global", N_("choose from everything that can be done"), act_palette},
    {"new", "global", N_("begin a new conversation"), act_new},
    {"list", "global", N_("go to the list of conversations; again: hide it"), act_list},
    {"tree", "global", N_("show the tree of branches"), act_tree},
    {"agents", "global", N_("choose who answers a new conversation"), act_agents},
    {"next-pane", "global", N_("go to the next pane"), act_next_pane},
    {"search", "global", N_("search everything that was ever said"), act_search},
    {"find", "global", N_("search in this conversation"), act_find},
    {"branch", "global", N_("branch: go on from the selected entry in another way"), act_branch},
    {"regenerate", "global", N_("get another answer, beside the one there is"), act_regenerate},
    {"retry", "global", N_("send again what is unsent or broke off"), act_retry},
    {"next-conversation", "global", N_("open the next conversation of the list"),
	act_next_conversation},
    {"previous-conversation", "global", N_("open the previous conversation of the list"),
	act_previous_conversation},
    {"attention", "global", N_("open the next conversation that waits for you"), act_attention},
    {"rename", "global", N_("rename the conversation"), act_rename},
    {"pin", "global", N_("keep the conversation at the top of the list, or no longer"), act_pin},
    {"archive", "global", N_("put the conversation away from the list, or back"), act_archive},
    {"tags", "global", N_("give the conversation tags: words to find it by"), act_tags},
    {"delete-conversation", "global", N_("delete the conversation, after asking"), act_delete},
    {"undelete", "global", N_("bring back what was deleted last"), act_undelete},
    {"information", "global", N_("show what is known of the conversation"), act_information},
    {"export", "global", N_("export the conversation to a file"), exporting_begin},
    {"copy-answer", "global", N_("copy the last answer's source"), act_copy_answer},
    {"copy-code", "global", N_("copy the last code block"), act_copy_code},
    {"unqueue", "global", N_("take the queued message back into the input"), act_unqueue},
    {"stop-and-send", "global", N_("stop the answer and send what is typed"), act_stop_and_send},
    {"plain", "global", N_("plain view for the terminal's own selection"), act_plain},
    {"mouse", "global", N_("give the mouse to the terminal, or take it back"), act_mouse},
    {"redraw", "global", N_("draw the screen again"), act_redraw},
    {"suspend", "global", N_("suspend to the shell"), act_suspend},
    {"quit", "global", N_("quit; everything is kept"), act_quit},
    {"conversation-1", "global", N_("open conversation 1 of the list"), act_nth_1},
    {"conversation-2", "global", N_("open conversation 2 of the list"), act_nth_2},
    {"conversation-3", "global", N_("open conversation 3 of the list"), act_nth_3},
    {"conversation-4", "global", N_("open conversation 4 of the list"), act_nth_4},
    {"conversation-5", "global", N_("open conversation 5 of the list"), act_nth_5},
    {"conversation-6", "global", N_("open conversation 6 of the list"), act_nth_6},
    {"conversation-7", "global", N_("open conversation 7 of the list"), act_nth_7},
    {"conversation-8", "global", N_("open conversation 8 of the list"), act_nth_8},
    {"conversation-9", "global", N_("open conversation 9 of the list"), act_nth_9},
    {"conversation-10", "global", N_("open conversation 10 of the list"), act_nth_10},

    {"send", "input", N_("send the message; queue it while an answer streams"), OWN},
    {"newline", "input", N_("begin a new line"), OWN},
    {"escape", "input", N_("stop the answer, else browse the messages"), act_input_escape},
    {"stop", "input", N_("stop the answer, else put the draft aside"), act_stop},
    {"delete-or-quit", "input", N_("delete a character; on an empty line: quit"),
	act_delete_or_quit},
    {"line-above", "input", N_("up a row; on the first: an earlier prompt"), OWN},
    {"line-below", "input", N_("down a row; on the last: a later prompt"), OWN},
    {"history-search", "input", N_("search what you said before"), act_history_search},
    {"editor", "input", N_("edit the message in $VISUAL or $EDITOR"), act_editor},
    {"complete", "input", N_("complete the name of an /action or a @file"), OWN},
    {"next-agent", "input", N_("the profile's next agent, for a new conversation"), act_next_agent},
    {"scroll-up", "input", N_("messages a page up"), act_scroll_up},
    {"scroll-down", "input", N_("messages a page down"), act_scroll_down},
    {"scroll-line-up", "input", N_("messages a line up"), act_scroll_line_up},
    {"scroll-line-down", "input", N_("messages a line down"), act_scroll_line_down},
    {"left", "input", N_("left"), OWN},
    {"right", "input", N_("right"), OWN},
    {"word-left", "input", N_("back a word"), OWN},
    {"word-right", "input", N_("forward a word"), OWN},
    {"line-start", "input", N_("to the start of the line"), OWN},
    {"line-end", "input", N_("to the end of the line"), OWN},
    {"text-start", "input", N_("to the start of the text"), OWN},
    {"text-end", "input", N_("to the end of the text"), OWN},
    {"backspace", "input", N_("delete backwards"), OWN},
    {"delete", "input", N_("delete forwards"), OWN},
    {"kill-word-left", "input", N_("cut back to the start of the word"), OWN},
    {"kill-word-right", "input", N_("cut to the end of the word"), OWN},
    {"kill-space-left", "input", N_("cut back to white space"), OWN},
    {"kill-line-start", "input", N_("cut to the start of the line"), OWN},
    {"kill-line-end", "input", N_("cut to the end of the line"), OWN},
    {"yank", "input", N_("insert what was cut"), OWN},
    {"transpose", "input", N_("swap two characters"), OWN},
    {"upcase-word", "input", N_("word in upper case"), OWN},
    {"downcase-word", "input", N_("word in lower case"), OWN},
    {"capitalise-word", "input", N_("word with a capital"), OWN},
    {"undo", "input", N_("undo"), OWN},
    {"redo", "input", N_("redo"), OWN},

    {"entry-down", "messages", N_("next entry"), OWN},
    {"entry-up", "messages", N_("previous entry"), OWN},
    {"line-down", "messages", N_("a line down"), OWN},
    {"line-up", "messages", N_("a line up"), OWN},
    {"next-prompt", "messages", N_("next prompt"), OWN},
    {"previous-prompt", "messages", N_("previous prompt"), OWN},
    {"first", "messages", N_("to the first entry"), OWN},
    {"last", "messages", N_("to the end, and follow it"), OWN},
    {"page-down", "messages", N_("a page down"), OWN},
    {"page-up", "messages", N_("a page up"), OWN},
    {"half-page-down", "messages", N_("half a page down"), OWN},
    {"half-page-up", "messages", N_("half a page up"), OWN},
    {"next-sibling", "messages", N_("the next branch at this fork"), act_next_sibling},
    {"previous-sibling", "messages", N_("the previous branch at this fork"), act_previous_sibling},
    {"compare", "messages", N_("compare with the next branch at this fork"), act_compare},
    {"next-fork", "messages", N_("to the next fork"), OWN},
    {"previous-fork", "messages", N_("to the previous fork"), OWN},
    {"edit", "messages", N_("edit the selected prompt and send it as a branch"), act_edit},
    {"edit-last", "messages", N_("edit the last prompt"), act_edit_last},
    {"copy", "messages", N_("copy the entry's source"), act_copy},
    {"regenerate-with", "messages", N_("get another answer from somebody else, or from several"),
	act_regenerate_with},
    {"quote", "messages", N_("quote the entry into the input"), act_quote},
    {"fold", "messages", N_("open or fold thinking, tools and results"), OWN},
    {"shift-left", "messages", N_("shift wide code and tables to the left"), OWN},
    {"shift-right", "messages", N_("shift wide code and tables to the right"), OWN},
    {"find-next", "messages", N_("next match of the search"), OWN},
    {"find-previous", "messages", N_("previous match of the search"), OWN},
    {"to-input", "messages", N_("back to the input"), act_to_input},
    {"escape", "messages", N_("back to the input"), act_browse_escape},

#define ROWS(context)                                                                             \
	{"row-down", context, N_("next row"), OWN}, {"row-up", context, N_("previous row"), OWN}, \
	    {"page-down", context, N_("a page down"), OWN},                                       \
	{                                                                                         \
		"page-up", context, N_("a page up"), OWN                                          \
	}
    ROWS("list"),
    {"first", "list", N_("to the first row"), OWN},
    {"last", "list", N_("to the last row"), OWN},
    {"choose", "list", N_("open the conversation"), OWN},
    {"list-sort", "list", N_("sort by last change, creation or title"), OWN},
    {"list-filter", "list", N_("filter by words of titles and prompts"), OWN},
    {"escape", "list", N_("back to the input"), OWN},

    ROWS("filter"),
    {"choose", "filter", N_("open the conversation"), OWN},
    {"escape", "filter", N_("show all again"), OWN},

    ROWS("tree"),
    {"first", "tree", N_("to the first row"), OWN},
    {"last", "tree", N_("to the last row"), OWN},
    {"tree-in", "tree", N_("unfold, else into the branch below"), OWN},
    {"tree-out", "tree", N_("fold, else out to where the branch began"), OWN},
    {"next-fork", "tree", N_("next branch"), OWN},
    {"previous-fork", "tree", N_("previous branch"), OWN},
    {"choose", "tree", N_("go there; edit that prompt; go on after that answer"), OWN},
    {"read", "tree", N_("go there to read"), OWN},
    {"branch", "tree", N_("branch from there"), OWN},
    {"tree-mark", "tree", N_("mark the line, or take the mark away"), OWN},
    {"compare", "tree", N_("compare the marked line with this one, or the two marked"), OWN},
    {"spread", "tree", N_("show each entry of the run, or one line for it again"), OWN},
    {"spread-all", "tree", N_("the same for all runs"), OWN},
    {"label", "tree", N_("give the branch a label"), OWN},
    {"prefer", "tree", N_("make the branch the one that opens, or no longer"), OWN},
    {"hide", "tree", N_("hide the branch, or show it again"), OWN},
    {"show-hidden", "tree", N_("show hidden branches, or no longer"), OWN},
    {"filter", "tree", N_("show all, prompts, labelled branches, or no tools"), OWN},
    {"hoist", "tree", N_("show only what hangs on the selected row"), OWN},
    {"up", "tree", N_("show again what that hangs on"), OWN},
    {"find", "tree", N_("search in the tree"), OWN},
    {"find-next", "tree", N_("next match of the search"), OWN},
    {"find-previous", "tree", N_("previous match of the search"), OWN},
    {"escape", "tree", N_("the whole tree again, else close it"), OWN},

    ROWS("compare"),
    {"first", "compare", N_("to the start"), OWN},
    {"last", "compare", N_("to the end"), OWN},
    {"next-difference", "compare", N_("next difference"), OWN},
    {"previous-difference", "compare", N_("previous difference"), OWN},
    {"next-sibling", "compare", N_("with the next branch at this fork"), OWN},
    {"previous-sibling", "compare", N_("with the previous branch at this fork"), OWN},
    {"other-side", "compare", N_("the other side: which one Enter and b mean"), OWN},
    {"choose", "compare", N_("go to the marked side's branch"), OWN},
    {"branch", "compare", N_("branch from there"), OWN},
    {"escape", "compare", N_("close the comparison"), OWN},

    ROWS("picker"),
    {"choose", "picker", N_("take the selected row"), OWN},
    {"mark", "picker", N_("mark the row, where several can be chosen"), OWN},
    {"escape", "picker", N_("close without choosing"), OWN},

    ROWS("text"),
    {"first", "text", N_("to the start"), OWN},
    {"last", "text", N_("to the end"), OWN},
    {"escape", "text", N_("close"), OWN},

    {"choose", "dialog", N_("that is the answer"), OWN},
    {"escape", "dialog", N_("cancel"), OWN},
    {"left", "dialog", N_("left"), OWN},
    {"right", "dialog", N_("right"), OWN},
    {"line-start", "dialog", N_("to the start of the line"), OWN},
    {"line-end", "dialog", N_("to the end of the line"), OWN},
    {"backspace", "dialog", N_("delete backwards"), OWN},
    {"delete", "dialog", N_("delete forwards"), OWN},
    {"kill-line-start", "dialog", N_("cut to the start of the line"), OWN},
    {"kill-space-left", "dialog", N_("cut back to white space"), OWN},
    {"undo", "dialog", N_("undo"), OWN},
};

const size_t action_count = sizeof(actions) / sizeof(actions[0]);

const struct action *
action_find(const char *context, const char *name)
{
	const struct action *global = NULL;

	for (size_t i = 0; i < action_count; i++) {
		if (strcmp(actions[i].name, name) != 0)
			continue;
		if (strcmp(actions[i].context, context) == 0)
			return &actions[i];
		if (strcmp(actions[i].context, "global") == 0)
			global = &actions[i];
	}
	return global;
}

bool
action_is_known(const char *name)
{
	for (size_t i = 0; i < action_count; i++)
		if (strcmp(actions[i].name, name) == 0)
			return true;
	return false;
}

void
actions_list(const struct keymap *keymap, struct buf *out)
{
	for (size_t i = 0; i < action_count; i++)
		buf_printf(out, "%-9s %-16s %-22s %s\n", actions[i].context,
		    keymap_keys(keymap, actions[i].context, actions[i].name), actions[i].name,
		    _(actions[i].help));
}

void
actions_manual(const struct keymap *keymap, struct buf *out)
{
	static const char *const contexts[][2] = {
	    {"global", "Everywhere"},
	    {"input", "In the input line"},
	    {"messages", "Browsing the messages"},
	    {"list", "In the list of conversations"},
	    {"tree", "In the tree"},
	    {"compare", "In a comparison"},
	};

	for (size_t c = 0; c < sizeof(contexts) / sizeof(contexts[0]); c++) {
		buf_printf(out, ".SS %s\n", contexts[c][1]);
		for (size_t i = 0; i < action_count; i++) {
			const char *keys = keymap_keys(keymap, contexts[c][0], actions[i].name);

			if (strcmp(actions[i].context, contexts[c][0]) != 0 || keys[0] == '\0')
				continue;
			buf_puts(out, ".TP\n\\fB");
			command_put_roff(out, keys);
			buf_puts(out, "\\fR  (\\fI");
			command_put_roff(out, actions[i].name);
			buf_puts(out, "\\fR)\n");
			command_put_roff(out, _(actions[i].help));
			buf_puts(out, "\n");
		}
	}
}
