/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include "ui/panes.h"

#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/error.h"
#include "base/i18n.h"
#include "base/mem.h"
#include "base/sanitize.h"
#include "base/utf8.h"
#include "client/client.h"
#include "client/outline.h"
#include "store/store.h"
#include "ui/key.h"
#include "ui/listbox.h"
#include "ui/rows.h"
#include "ui/screen.h"
#include "ui/tree-lines.h"
#include "ui/view.h"

/* Title, and an empty row if there is room. */
#define HEADER_ROWS 2
#define LOW_HEIGHT 6

/* From this width on the selected node is shown beside the outline. */
#define PREVIEW_MIN_WIDTH 70

/* The branches as an indented outline, the selected node beside it. */
struct tree_pane {
	struct pane pane;
	int64_t root; /* of the tree that is shown */
	struct tree_look look;
	tree_line_list lines;
	struct listbox box;
	struct tree_place at; /* what is selected: lines come and go */
	char *words;	      /* searched for, or NULL */
	tree_places hits;
	size_t hits_before; /* of them, at or before the selection */
	int64_t asked;	    /* the branch that a dialog is about */
	struct rows_cache *rows;
	struct conversation *preview; /* of the selected line's branch */
	int64_t preview_key;
	int64_t marks[2]; /* entries to be compared; 0: none */
};

static struct tree_pane *
self(struct pane *pane)
{
	return (struct tree_pane *)pane;
}

static int
header_rows(const struct tree_pane *t)
{
	return t->pane.rect.height < LOW_HEIGHT ? HEADER_ROWS - 1 : HEADER_ROWS;
}

static const struct tree_line *
selected(const struct tree_pane *t)
{
	return t->box.selected < t->lines.len ? &t->lines.items[t->box.selected] : NULL;
}

static const struct tree *
shown_tree(const struct tree_pane *t)
{
	return view_tree(screen_view(t->pane.screen));
}

static int64_t
live_key(const struct tree_pane *t)
{
	return view_key(screen_view(t->pane.screen));
}

/* The live end, where one is. */
static struct tree_place
live_place(const struct tree_pane *t)
{
	const struct tree_branch *branch = tree_branch_of(shown_tree(t), live_key(t));
	struct tree_place place = {.conversation = live_key(t)};

	if (branch != NULL && branch->entries.len > 0)
		place.entry = branch->entries.items[branch->entries.len - 1].key;
	return place;
}

static int
outline_width(const struct tree_pane *t)
{
	int width = t->pane.rect.width;

	return width >= PREVIEW_MIN_WIDTH ? width * 3 / 5 : width;
}

static void
read_preview(struct tree_pane *t)
{
	const struct tree_line *line = selected(t);
	struct error err = ERROR_NONE;

	if (line == NULL || line->node.conversation == t->preview_key)
		return;
	conversation_free(t->preview);
	rows_clear(t->rows);
	t->preview = store_load(
	    client_store(screen_client(t->pane.screen)), line->node.conversation, true, &err);
	t->preview_key = line->node.conversation;
	error_done(&err);
}

/* Another tree is looked at afresh. */
static void
meet(struct tree_pane *t, const struct tree *tree)
{
	tree_look_done(&t->look);
	t->look = (struct tree_look){0};
	t->root = tree->root;
	t->at = live_place(t);
}

/* The selection goes where its place is now: a place has one line in any look at the tree. */
static void
update(struct pane *pane)
{
	struct tree_pane *t = self(pane);
	const struct tree *tree = shown_tree(t);
	size_t at;

	if (tree->root != t->root)
		meet(t, tree);
	tree_lines(tree, live_key(t), &t->look, &t->lines);
	t->hits_before = tree_lines_search(
	    tree, live_key(t), &t->look, t->words != NULL ? t->words : "", t->at, &t->hits);
	listbox_resize(&t->box, t->lines.len, pane->rect.height - header_rows(t));
	at = tree_lines_find(&t->lines, tree, t->at);
	if (at < t->lines.len)
		listbox_select(&t->box, at);
	if (pane->rect.width >= PREVIEW_MIN_WIDTH)
		read_preview(t);
}

/* What the person chose is where the selection stays. */
static void
keep_place(struct tree_pane *t)
{
	const struct tree_line *line = selected(t);

	if (line != NULL)
		t->at = (struct tree_place){line->node.conversation, line->node.first};
	pane_touch(&t->pane);
}

/* The entry a line is compared by: its first answer, or else its first entry; 0: it is empty. */
static int64_t
compared(const struct tree_pane *t, const struct outline_line *line)
{
	const struct tree_branch *branch;
	size_t at;

	branch = tree_owner(shown_tree(t), line->first, &at);
	for (; branch != NULL && at < branch->entries.len; at++) {
		const struct tree_entry *entry = &branch->entries.items[at];

		if (entry->type != ENTRY_MESSAGE_INPUT || entry->assistant)
			return entry->key;
		if (entry->key == line->last)
			break;
	}
	return line->first;
}

static bool
is_marked(const struct tree_pane *t, const struct outline_line *line)
{
	int64_t entry = compared(t, line);

	return entry != 0 && (entry == t->marks[0] || entry == t->marks[1]);
}

static enum style
style_of(const struct tree_pane *t, const struct tree_line *line)
{
	const struct tree_branch *branch = tree_branch_of(shown_tree(t), line->node.conversation);

	if (t->words != NULL && tree_line_matches(shown_tree(t), &t->look, line, t->words))
		return STYLE_MATCH;
	if (branch != NULL && branch->hidden)
		return STYLE_DIM;
	return line->node.live ? STYLE_STRONG : STYLE_NORMAL;
}

static void
paint_line(const struct tree_pane *t, struct grid *grid, int y, const struct tree_line *line)
{
	struct rect rect = t->pane.rect;
	char *indent = outline_indent(&line->node), *text, *clean;
	char *folded = line->folded > 0 ? xasprintf("▸%zu ", line->folded) : xstrdup("");
	int x, room;

	rect.width = outline_width(t);
	if (is_marked(t, &line->node))
		grid_puts(grid, rect, y, 0, "◆", STYLE_MATCH);
	x = grid_puts(grid, rect, y, 1, line->node.live ? "●" : " ", STYLE_MATCH);
	x = grid_puts(grid, rect, y, x + 1, indent, STYLE_BORDER);
	x = grid_puts(grid, rect, y, x, folded, STYLE_KEY);
	room = rect.width - x - 1;
	text = outline_text(shown_tree(t), &line->node, room);
	clean = sanitize_line(text);
	grid_put_cut(grid, rect, y, x, clean, room, style_of(t, line));
	free(folded);
	free(clean);
	free(text);
	free(indent);
}

/* The place of the selection among what was found, from 1; 0: it is none of that. */
static size_t
hit_number(const struct tree_pane *t)
{
	for (size_t i = 0; i < t->hits.len; i++)
		if (t->hits.items[i].conversation == t->at.conversation &&
		    t->hits.items[i].entry == t->at.entry)
			return i + 1;
	return 0;
}

/* Below which words the part that is shown begins, what is left out, what was searched for. */
static void
paint_header(const struct tree_pane *t, struct grid *grid)
{
	static const char *const filters[TREE_FILTERS] = {
	    [TREE_PROMPTS] = N_("prompts"),
	    [TREE_LABELLED] = N_("labelled"),
	    [TREE_NO_TOOLS] = N_("without tools"),
	};
	struct rect rect = t->pane.rect;
	struct buf line = BUF_EMPTY;
	char *clean;
	int x;

	rect.width = outline_width(t);
	x = grid_puts(grid, rect, 0, 1, _("Tree"), STYLE_TITLE);
	if (t->look.hoisted.len > 0) {
		char *name = tree_branch_name(
		    shown_tree(t), t->look.hoisted.items[t->look.hoisted.len - 1].conversation);

		buf_puts(&line, " · ");
		buf_printf(&line, _("only %s"), name);
		free(name);
	}
	if (t->look.filter != TREE_ALL)
		buf_printf(&line, " · %s", _(filters[t->look.filter]));
	if (t->look.hidden)
		buf_printf(&line, " · %s", _("hidden ones too"));
	if (t->words != NULL)
		buf_printf(&line, " · /%s %zu/%zu", t->words, hit_number(t), t->hits.len);
	clean = sanitize_line(line.data != NULL ? line.data : "");
	grid_put_cut(grid, rect, 0, x, clean, rect.width - x - 1, STYLE_NOTICE);
	free(clean);
	buf_done(&line);
}

/* The first words of what the selected line stands for, and on from there. */
static void
paint_preview(const struct tree_pane *t, struct grid *grid)
{
	const struct tree_line *line = selected(t);
	struct rect rect = t->pane.rect;
	ptrdiff_t at;
	int y = header_rows(t);

	rect.x += outline_width(t) + 1;
	rect.width -= outline_width(t) + 1;
	grid_vline(grid, t->pane.rect, outline_width(t), STYLE_BORDER);
	if (line == NULL || t->preview == NULL || line->node.first == 0)
		return;
	at = conversation_find(t->preview, line->node.first);
	for (; at >= 0 && at < (ptrdiff_t)t->preview->entries.len && y < rect.height; at++) {
		const struct entry *entry = t->preview->entries.items[at];
		struct entry_look look = {
		    .width = rect.width - 2, .preview = true, .speaker = entry->model};
		const struct entry_rows *rows;

		if (look.speaker == NULL)
			look.speaker = view_speaker(screen_view(t->pane.screen));
		rows = rows_of(t->rows, entry, &look);
		for (size_t i = 0; i < rows->rows.len && y < rect.height; i++, y++)
			grid_put_text(grid, rect, y, 1, &rows->rows.items[i].text);
		if (entry->key == line->node.last)
			break;
	}
}

static void
paint(const struct pane *pane, struct grid *grid)
{
	const struct tree_pane *t = (const struct tree_pane *)pane;
	struct rect rect = pane->rect;
	int header = header_rows(t);

	grid_clear(grid, rect, STYLE_NORMAL);
	paint_header(t, grid);
	for (int y = header; y < rect.height; y++) {
		size_t i = t->box.top + (size_t)(y - header);

		if (i >= t->lines.len)
			break;
		paint_line(t, grid, y, &t->lines.items[i]);
		if (i == t->box.selected)
			grid_lay(grid, rect, y, 0, outline_width(t), STYLE_SELECTED);
	}
	if (t->lines.len == 0)
		grid_puts(grid, rect, header, 2,
		    t->look.filter == TREE_LABELLED
			? _("No branch has a label: r gives it one, f shows all.")
			: _("A tree grows with the first message."),
		    STYLE_DIM);
	if (rect.width >= PREVIEW_MIN_WIDTH && t->lines.len > 0)
		paint_preview(t, grid);
}

static void
move(struct tree_pane *t, long rows)
{
	listbox_move(&t->box, rows);
	keep_place(t);
}

/* Unfolds, spreads a run that has nothing below it, or goes to what hangs below. */
static void
move_in(struct tree_pane *t)
{
	const struct tree_line *line = selected(t);
	size_t i = t->box.selected;

	if (line == NULL)
		return;
	if (line->folded > 0)
		tree_look_fold(&t->look, line->run, false);
	else if (i + 1 < t->lines.len && t->lines.items[i + 1].node.depth > line->node.depth)
		move(t, 1);
	else if (!line->node.single && line->node.entries > 1)
		tree_look_spread(&t->look, line->run, true);
	pane_touch(&t->pane);
}

/* The same the other way round: one line of a spread run, folds, or goes to where it hangs. */
static void
move_out(struct tree_pane *t)
{
	const struct tree_line *line = selected(t);
	size_t i = t->box.selected;

	if (line == NULL)
		return;
	if (line->node.single) {
		tree_look_spread(&t->look, line->run, false);
	} else if (line->parent && line->folded == 0) {
		tree_look_fold(&t->look, line->run, true);
	} else {
		while (i > 0 && t->lines.items[i].node.depth >= line->node.depth)
			i--;
		listbox_select(&t->box, i);
		keep_place(t);
	}
	pane_touch(&t->pane);
}

static void
move_fork(struct tree_pane *t, int step)
{
	ptrdiff_t i = (ptrdiff_t)t->box.selected;

	do {
		i += step;
	} while (
	    i >= 0 && i < (ptrdiff_t)t->lines.len && t->lines.items[i].node.type != OUTLINE_FORK);
	if (i >= 0 && i < (ptrdiff_t)t->lines.len)
		listbox_select(&t->box, (size_t)i);
	keep_place(t);
}

static void
next_fork(struct tree_pane *t)
{
	move_fork(t, 1);
}

static void
previous_fork(struct tree_pane *t)
{
	move_fork(t, -1);
}

/* What is shown. */

static void
spread(struct tree_pane *t)
{
	const struct tree_line *line = selected(t);

	if (line == NULL)
		return;
	tree_look_fold(&t->look, line->run, false);
	if (line->node.entries > 0)
		tree_look_spread(&t->look, line->run, !line->node.single);
	pane_touch(&t->pane);
}

/* All runs or, if any is spread, none of them. */
static void
spread_all(struct tree_pane *t)
{
	array_clear(&t->look.folded);
	if (t->look.spread.len > 0)
		array_clear(&t->look.spread);
	else
		tree_look_spread_all(&t->look, shown_tree(t), live_key(t));
	pane_touch(&t->pane);
}

static void
filter(struct tree_pane *t)
{
	t->look.filter = (t->look.filter + 1) % TREE_FILTERS;
	pane_touch(&t->pane);
}

static void
show_hidden(struct tree_pane *t)
{
	t->look.hidden = !t->look.hidden;
	pane_touch(&t->pane);
}

static void
hoist(struct tree_pane *t)
{
	const struct tree_line *line = selected(t);

	/* What the first line begins is all there is already. */
	if (line == NULL || (line->run.conversation == t->lines.items[0].run.conversation &&
				line->run.entry == t->lines.items[0].run.entry))
		return;
	array_push(&t->look.hoisted, line->run);
	tree_look_fold(&t->look, line->run, false);
	pane_touch(&t->pane);
}

static bool
lower(struct tree_pane *t)
{
	if (t->look.hoisted.len == 0)
		return false;
	t->look.hoisted.len--;
	pane_touch(&t->pane);
	return true;
}

static void
up(struct tree_pane *t)
{
	if (!lower(t))
		screen_notice(t->pane.screen, _("This is the whole tree."));
}

/* Searching. */

/* The next place found after the selection, in the order of the lines; around the ends. */
static void
find(struct tree_pane *t, int step)
{
	size_t now = hit_number(t), count = t->hits.len;

	if (t->words == NULL)
		return;
	if (count == 0) {
		screen_notice(t->pane.screen, _("Not found in this tree."));
		return;
	}
	if (step > 0)
		now = t->hits_before % count;
	else
		now = (t->hits_before + count - (now > 0 ? 2 : 1)) % count;
	t->at = t->hits.items[now];
	tree_look_reveal(&t->look, shown_tree(t), live_key(t), t->at);
	pane_touch(&t->pane);
}

static void
find_next(struct tree_pane *t)
{
	find(t, 1);
}

static void
find_previous(struct tree_pane *t)
{
	find(t, -1);
}

/* The tree that a dialog was opened from: it is on top again. */
static struct tree_pane *
asking(struct screen *screen)
{
	struct pane *top = screen_top(screen);

	return top != NULL && strcmp(top->ops->name, "tree") == 0 ? self(top) : NULL;
}

static void
words_typed(struct screen *screen, const char *words)
{
	struct tree_pane *t = asking(screen);

	if (t == NULL || words == NULL)
		return;
	xreplace(&t->words, words[0] != '\0' ? words : NULL);
	update(&t->pane);
	find(t, 1);
}

static void
ask_words(struct tree_pane *t)
{
	screen_push(t->pane.screen, pane_dialog_new(t->pane.screen, _("Search in this tree for"),
					t->words != NULL ? t->words : "", words_typed));
}

/* What is kept of branches. */

static void
changed(struct screen *screen, struct error *err)
{
	if (err->kind != ERR_NONE)
		screen_report(screen, err);
	error_done(err);
	view_changed(screen_view(screen));
	pane_conversations_reload(screen_pane(screen, "list"));
	screen_touch_all(screen);
}

/* Takes the sentence over. */
static void
say(struct tree_pane *t, char *line)
{
	screen_notice(t->pane.screen, line);
	free(line);
}

static void
label_typed(struct screen *screen, const char *label)
{
	struct tree_pane *t = asking(screen);
	struct error err = ERROR_NONE;
	const char *end;
	char *trimmed;

	if (t == NULL || label == NULL)
		return;
	label += strspn(label, " ");
	for (end = label + strlen(label); end > label && end[-1] == ' '; end--)
		;
	trimmed = xstrndup(label, (size_t)(end - label));
	store_set_label(client_store(screen_client(screen)), t->asked, trimmed, &err);
	free(trimmed);
	changed(screen, &err);
}

static void
ask_label(struct tree_pane *t)
{
	const struct tree_line *line = selected(t);
	const struct tree_branch *branch =
	    line != NULL ? tree_branch_of(shown_tree(t), line->node.conversation) : NULL;
	char *name, *question;

	if (branch == NULL)
		return;
	t->asked = branch->conversation;
	name = tree_branch_name(shown_tree(t), t->asked);
	question = xasprintf(_("Label of the branch %s; with none it has its number again"), name);
	screen_push(t->pane.screen, pane_dialog_new(t->pane.screen, question,
					branch->label != NULL ? branch->label : "", label_typed));
	free(question);
	free(name);
}

static void
prefer(struct tree_pane *t)
{
	const struct tree_line *line = selected(t);
	struct screen *screen = t->pane.screen;
	struct error err = ERROR_NONE;
	int64_t key = line != NULL ? line->node.conversation : 0;
	bool on = shown_tree(t)->preferred != key;
	char *name;

	if (key == 0)
		return;
	name = tree_branch_name(shown_tree(t), key);
	if (store_set_preferred(client_store(screen_client(screen)), key, on, &err) && on)
		say(t, xasprintf(_("%s is what opens from now on, also when another branch changes "
				   "later."),
			   name));
	else if (err.kind == ERR_NONE)
		screen_notice(screen, _("The branch changed last is what opens again."));
	free(name);
	changed(screen, &err);
}

/* Whether anything else is shown that hangs on a branch. */
static bool
carries(const struct tree *tree, int64_t conversation)
{
	for (size_t i = 0; i < tree->branches.len; i++) {
		const struct tree_branch *branch = &tree->branches.items[i];
		const struct tree_branch *owner = tree_owner(tree, branch->fork, NULL);

		if (owner != NULL && owner->conversation == conversation && !branch->deleted &&
		    (!branch->hidden || carries(tree, branch->conversation)))
			return true;
	}
	return false;
}

static bool
is_only_one(const struct tree *tree, int64_t conversation)
{
	for (size_t i = 0; i < tree->branches.len; i++)
		if (tree->branches.items[i].conversation != conversation &&
		    !tree->branches.items[i].hidden && !tree->branches.items[i].deleted)
			return false;
	return true;
}

static void
hide(struct tree_pane *t)
{
	const struct tree_line *line = selected(t);
	const struct tree *tree = shown_tree(t);
	const struct tree_branch *branch =
	    line != NULL ? tree_branch_of(tree, line->node.conversation) : NULL;
	struct error err = ERROR_NONE;
	int64_t key;
	char *name;

	if (branch == NULL)
		return;
	key = branch->conversation;
	if (!branch->hidden && is_only_one(tree, key)) {
		screen_notice(t->pane.screen, _("The only branch there is cannot be hidden."));
		return;
	}
	name = tree_branch_name(tree, key);
	if (branch->hidden)
		say(t, xasprintf(_("%s is shown again."), name));
	else if (key == live_key(t))
		say(t, xasprintf(_("%s is hidden as soon as you leave it; H shows hidden "
				   "branches."),
			   name));
	else if (carries(tree, key))
		say(t, xasprintf(_("%s is hidden, but for what others hang on; H shows hidden "
				   "branches."),
			   name));
	else
		say(t, xasprintf(_("%s is hidden; H shows hidden branches, and x there shows it "
				   "again."),
			   name));
	free(name);
	store_set_hidden(client_store(screen_client(t->pane.screen)), key, !branch->hidden, &err);
	changed(t->pane.screen, &err);
}

/* Comparing. */

/* The first stays until it is taken away; the second gives way to another. */
static void
mark(struct tree_pane *t)
{
	const struct tree_line *line = selected(t);
	int64_t entry = line != NULL ? compared(t, &line->node) : 0;

	if (entry != 0 && entry == t->marks[0]) {
		t->marks[0] = t->marks[1];
		t->marks[1] = 0;
	} else if (entry != 0 && entry == t->marks[1]) {
		t->marks[1] = 0;
	} else {
		t->marks[t->marks[0] != 0] = entry;
	}
	pane_touch(&t->pane);
}

static void
compare(struct tree_pane *t)
{
	const struct tree_line *line = selected(t);
	int64_t left = t->marks[0], right = t->marks[1];

	if (right == 0 && line != NULL)
		right = compared(t, &line->node);
	if (left == 0)
		pane_compare_sibling(t->pane.screen, right);
	else if (right == 0 || left == right)
		screen_notice(t->pane.screen,
		    _("This line is the marked one: go to another, = then compares the two."));
	else
		screen_push(t->pane.screen, pane_compare_new(t->pane.screen, left, right));
}

/* Going there. */

/* A branch that was deleted is read in one that hangs on it. */
static int64_t
readable(const struct tree *tree, const struct outline_line *node)
{
	const struct tree_branch *branch = tree_branch_of(tree, node->conversation);

	if (branch == NULL || !branch->deleted)
		return node->conversation;
	return tree_latest(tree, (struct alternative){node->conversation, node->last});
}

/* Opens the branch at the last entry the line stands for. The pane is gone then. */
static bool
go(struct tree_pane *t)
{
	const struct tree_line *line = selected(t);
	struct screen *screen = t->pane.screen;
	int64_t conversation, entry;

	if (line == NULL)
		return false;
	conversation = readable(shown_tree(t), &line->node);
	entry = line->node.last;
	screen_pop(screen);
	if (!screen_open(screen, conversation, entry))
		return false;
	screen_focus(screen, screen_pane(screen, "messages"));
	return true;
}

/*
 * A run is gone to, to be read. A prompt is selected to be said in another way,
 * an answer to be gone on from: at the end of its branch there is nothing to
 * branch for.
 */
static void
choose(struct tree_pane *t)
{
	const struct tree_line *line = selected(t);
	struct screen *screen = t->pane.screen;
	const struct tree_branch *branch =
	    line != NULL ? tree_branch_of(shown_tree(t), line->node.conversation) : NULL;
	bool single, prompt, end;

	if (branch == NULL)
		return;
	single = line->node.single;
	prompt = line->node.prompts > 0;
	end = line->node.at + 1 == branch->entries.len && !branch->deleted;
	if (!go(t) || !single)
		return;
	if (prompt)
		screen_act(screen, "edit");
	else if (end)
		screen_focus(screen, screen_pane(screen, "input"));
	else
		screen_act(screen, "branch");
}

static void
read_there(struct tree_pane *t)
{
	go(t);
}

static void
branch(struct tree_pane *t)
{
	struct screen *screen = t->pane.screen;

	if (go(t))
		screen_act(screen, "branch");
}

static void
escape(struct tree_pane *t)
{
	if (!lower(t))
		screen_pop(t->pane.screen);
}

static bool
action(struct pane *pane, const char *name)
{
	static const struct {
		const char *name;
		void (*fn)(struct tree_pane *);
	} doings[] = {
	    {"tree-in", move_in},
	    {"tree-out", move_out},
	    {"next-fork", next_fork},
	    {"previous-fork", previous_fork},
	    {"spread", spread},
	    {"spread-all", spread_all},
	    {"filter", filter},
	    {"show-hidden", show_hidden},
	    {"hoist", hoist},
	    {"up", up},
	    {"find", ask_words},
	    {"find-next", find_next},
	    {"find-previous", find_previous},
	    {"label", ask_label},
	    {"prefer", prefer},
	    {"hide", hide},
	    {"tree-mark", mark},
	    {"compare", compare},
	    {"choose", choose},
	    {"read", read_there},
	    {"branch", branch},
	    {"escape", escape},
	};
	struct tree_pane *t = self(pane);
	long rows;

	for (size_t i = 0; i < sizeof(doings) / sizeof(doings[0]); i++) {
		if (strcmp(name, doings[i].name) == 0) {
			doings[i].fn(t);
			return true;
		}
	}
	if (!listbox_steps(&t->box, name, &rows))
		return false;
	move(t, rows);
	return true;
}

static bool
key(struct pane *pane, const struct key *k)
{
	struct tree_pane *t = self(pane);
	size_t line = t->box.top + (size_t)(k->y - header_rows(t));

	if (k->code != KEY_MOUSE_)
		return false;
	if (k->mouse == MOUSE_WHEEL_UP || k->mouse == MOUSE_WHEEL_DOWN) {
		listbox_scroll(&t->box, k->mouse == MOUSE_WHEEL_UP ? -3 : 3);
	} else if (k->y >= header_rows(t) && line < t->lines.len) {
		listbox_select(&t->box, line);
		if (k->mouse == MOUSE_DOUBLE) {
			choose(t);
			return true;
		}
	}
	keep_place(t);
	return true;
}

static void
destroy(struct pane *pane)
{
	struct tree_pane *t = self(pane);

	tree_look_done(&t->look);
	array_done(&t->lines);
	array_done(&t->hits);
	free(t->words);
	rows_free(t->rows);
	conversation_free(t->preview);
	free(t);
}

static const struct pane_ops ops = {
    .name = "tree",
    .update = update,
    .paint = paint,
    .key = key,
    .action = action,
    .free = destroy,
};

struct pane *
pane_tree_new(struct screen *screen)
{
	struct tree_pane *t = xcalloc(1, sizeof(*t));

	t->pane.ops = &ops;
	t->pane.screen = screen;
	t->rows = rows_new();
	return &t->pane;
}
