/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include "model/lineage.h"

#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/mem.h"

/*
 * Where a branch is, is told by its fork alone: the branch that the fork entry
 * was said in is the one it hangs on, even if it was restarted from another
 * branch, one that only inherits that entry. A branch without a fork, or with
 * one that is not in the tree, begins at the top.
 *
 * Nothing here trusts the tree to be one: every walk ends after as many steps
 * as there are branches.
 */

#define NOWHERE SIZE_MAX

/* Where an entry is: a branch and a place in it, as numbers; NOWHERE if it is not there. */
struct place {
	size_t branch, entry;
};

void
tree_init(struct tree *tree)
{
	*tree = (struct tree){0};
}

void
tree_done(struct tree *tree)
{
	for (size_t i = 0; i < tree->branches.len; i++) {
		struct tree_branch *branch = &tree->branches.items[i];

		for (size_t j = 0; j < branch->entries.len; j++) {
			free(branch->entries.items[j].preview);
			free(branch->entries.items[j].created_at);
		}
		array_done(&branch->entries);
		free(branch->id);
		free(branch->title);
		free(branch->label);
		free(branch->updated_at);
	}
	array_done(&tree->branches);
	tree_init(tree);
}

static size_t
find_branch(const struct tree *tree, int64_t conversation)
{
	for (size_t i = 0; i < tree->branches.len; i++)
		if (tree->branches.items[i].conversation == conversation)
			return i;
	return NOWHERE;
}

const struct tree_branch *
tree_branch_of(const struct tree *tree, int64_t conversation)
{
	size_t i = find_branch(tree, conversation);

	return i != NOWHERE ? &tree->branches.items[i] : NULL;
}

static struct place
find_entry(const struct tree *tree, int64_t entry)
{
	for (size_t i = 0; i < tree->branches.len && entry != 0; i++) {
		const struct tree_branch *branch = &tree->branches.items[i];

		for (size_t j = 0; j < branch->entries.len; j++)
			if (branch->entries.items[j].key == entry)
				return (struct place){i, j};
	}
	return (struct place){NOWHERE, 0};
}

const struct tree_branch *
tree_owner(const struct tree *tree, int64_t entry, size_t *place)
{
	struct place found = find_entry(tree, entry);

	if (found.branch == NOWHERE)
		return NULL;
	if (place != NULL)
		*place = found.entry;
	return &tree->branches.items[found.branch];
}

int64_t
tree_before(const struct tree *tree, int64_t entry)
{
	struct place place = find_entry(tree, entry);
	const struct tree_branch *branch;

	if (place.branch == NOWHERE)
		return 0;
	branch = &tree->branches.items[place.branch];
	if (place.entry > 0)
		return branch->entries.items[place.entry - 1].key;
	return find_entry(tree, branch->fork).branch != NOWHERE ? branch->fork : 0;
}

/*
 * What is computed once for a question that looks at many branches: for each
 * the place of its fork, and how many of its entries are to be shown. All of
 * them, but of a hidden or deleted branch only those that something shown
 * hangs on.
 */
struct view {
	const struct tree *tree;
	struct place *forks;
	size_t *lengths;
	bool *shown;
};

struct key_place {
	int64_t key;
	struct place place;
};

static int
compare_keys(const void *a, const void *b)
{
	const struct key_place *x = a, *y = b;

	if (x->key != y->key)
		return x->key < y->key ? -1 : 1;
	/* Of two entries with one key the one that find_entry() would find. */
	if (x->place.branch != y->place.branch)
		return x->place.branch < y->place.branch ? -1 : 1;
	return x->place.entry < y->place.entry ? -1 : x->place.entry > y->place.entry;
}

/* All forks with the places of their entries, without a search through the tree for each. */
static void
place_forks(struct view *view)
{
	const struct tree *tree = view->tree;
	ARRAY(struct key_place) forks = {0};
	size_t count = tree->branches.len, left;

	for (size_t i = 0; i < count; i++) {
		view->forks[i] = (struct place){NOWHERE, 0};
		if (tree->branches.items[i].fork != 0)
			array_push(
			    &forks, ((struct key_place){tree->branches.items[i].fork, {i, 0}}));
	}
	if (forks.len > 0)
		qsort(forks.items, forks.len, sizeof(forks.items[0]), compare_keys);
	left = forks.len;
	for (size_t i = 0; i < count && left > 0; i++) {
		const struct tree_branch *branch = &tree->branches.items[i];

		for (size_t j = 0; j < branch->entries.len; j++) {
			int64_t key = branch->entries.items[j].key;
			size_t low = 0, high = forks.len;

			while (low < high) {
				size_t middle = low + (high - low) / 2;

				if (forks.items[middle].key < key)
					low = middle + 1;
				else
					high = middle;
			}
			for (; low < forks.len && forks.items[low].key == key; low++) {
				struct place *fork = &view->forks[forks.items[low].place.branch];

				if (fork->branch == NOWHERE) {
					*fork = (struct place){i, j};
					left--;
				}
			}
		}
	}
	array_done(&forks);
}

/* Shows a branch to at least that length, and what it hangs on. */
static void
show(struct view *view, size_t i, size_t length)
{
	for (size_t steps = 0; steps <= view->tree->branches.len; steps++) {
		bool before = view->shown[i];

		if (view->lengths[i] < length)
			view->lengths[i] = length;
		view->shown[i] = true;
		if (before || view->forks[i].branch == NOWHERE)
			return;
		length = view->forks[i].entry + 1;
		i = view->forks[i].branch;
	}
}

/* live: a conversation that is shown although it is hidden, or 0. */
static bool
is_wanted(const struct tree_branch *branch, int64_t live, unsigned what)
{
	if ((what & OUTLINE_LABELLED) != 0 && (branch->label == NULL || branch->label[0] == '\0'))
		return false;
	if (branch->conversation == live)
		return true;
	return !branch->deleted && (!branch->hidden || (what & OUTLINE_HIDDEN) != 0);
}

static void
view_init(struct view *view, const struct tree *tree, int64_t live, unsigned what)
{
	size_t count = tree->branches.len;

	*view = (struct view){
	    .tree = tree,
	    .forks = xcalloc(count, sizeof(*view->forks)),
	    .lengths = xcalloc(count, sizeof(*view->lengths)),
	    .shown = xcalloc(count, sizeof(*view->shown)),
	};
	place_forks(view);
	for (size_t i = 0; i < count; i++)
		if (is_wanted(&tree->branches.items[i], live, what))
			show(view, i, tree->branches.items[i].entries.len);
}

static void
view_done(struct view *view)
{
	free(view->forks);
	free(view->lengths);
	free(view->shown);
}

static bool
is_quiet(const struct tree *tree)
{
	for (size_t i = 0; i < tree->branches.len; i++)
		if (tree->branches.items[i].hidden || tree->branches.items[i].deleted)
			return false;
	return true;
}

static void
push_alternative(const struct tree *tree, size_t i, size_t place, alternative_list *out)
{
	const struct tree_branch *branch = &tree->branches.items[i];
	struct alternative alternative = {.conversation = branch->conversation};

	if (place < branch->entries.len)
		alternative.entry = branch->entries.items[place].key;
	array_push(out, alternative);
}

static void
first_alternatives(const struct view *view, alternative_list *out)
{
	for (size_t i = 0; i < view->tree->branches.len; i++)
		if (view->shown[i] && view->forks[i].branch == NOWHERE)
			push_alternative(view->tree, i, 0, out);
}

static void
next_alternatives(const struct view *view, struct place place, int64_t entry, alternative_list *out)
{
	if (place.entry + 1 < view->lengths[place.branch])
		push_alternative(view->tree, place.branch, place.entry + 1, out);
	for (size_t i = 0; i < view->tree->branches.len; i++)
		if (view->shown[i] && view->tree->branches.items[i].fork == entry)
			push_alternative(view->tree, i, 0, out);
}

/* The same for a tree with nothing to leave out: asked for every entry on a screen. */
static void
plain_alternatives(
    const struct tree *tree, struct place place, int64_t entry, alternative_list *out)
{
	if (place.entry + 1 < tree->branches.items[place.branch].entries.len)
		push_alternative(tree, place.branch, place.entry + 1, out);
	for (size_t i = 0; i < tree->branches.len; i++)
		if (tree->branches.items[i].fork == entry)
			push_alternative(tree, i, 0, out);
}

void
tree_alternatives(const struct tree *tree, int64_t entry, alternative_list *out)
{
	struct place place = find_entry(tree, entry);
	struct view view;

	array_clear(out);
	if (entry != 0 && place.branch == NOWHERE)
		return;
	if (entry != 0 && is_quiet(tree)) {
		plain_alternatives(tree, place, entry, out);
		return;
	}
	view_init(&view, tree, tree->live, 0);
	if (entry == 0)
		first_alternatives(&view, out);
	else
		next_alternatives(&view, place, entry, out);
	view_done(&view);
}

static bool
is_within(const struct tree_branch *branch, size_t length, int64_t entry)
{
	for (size_t i = 0; i < length; i++)
		if (branch->entries.items[i].key == entry)
			return true;
	return false;
}

bool
tree_on_path(const struct tree *tree, int64_t conversation, int64_t entry)
{
	size_t i = find_branch(tree, conversation);
	size_t length = i != NOWHERE ? tree->branches.items[i].entries.len : 0;

	for (size_t steps = 0; i != NOWHERE && steps <= tree->branches.len; steps++) {
		const struct tree_branch *branch = &tree->branches.items[i];
		struct place fork;

		if (is_within(branch, length, entry))
			return true;
		fork = find_entry(tree, branch->fork);
		i = fork.branch;
		length = fork.entry + 1;
	}
	return false;
}

/* Whether the path of branch i goes through a place. */
static bool
goes_through(const struct view *view, size_t i, struct place place)
{
	size_t length = view->tree->branches.items[i].entries.len;

	for (size_t steps = 0; i != NOWHERE && steps <= view->tree->branches.len; steps++) {
		struct place fork = view->forks[i];

		if (i == place.branch && place.entry < length)
			return true;
		i = fork.branch;
		length = fork.entry + 1;
	}
	return false;
}

int64_t
tree_latest(const struct tree *tree, struct alternative alternative)
{
	struct place place = find_entry(tree, alternative.entry);
	const struct tree_branch *latest = NULL;
	struct view view;

	if (place.branch == NOWHERE)
		return alternative.conversation;
	view_init(&view, tree, 0, 0);
	for (size_t i = 0; i < tree->branches.len; i++) {
		const struct tree_branch *branch = &tree->branches.items[i];

		if (branch->deleted || !goes_through(&view, i, place))
			continue;
		if (branch->conversation == tree->preferred) {
			latest = branch;
			break;
		}
		/* A hidden one only where there is no other. */
		if (latest == NULL || (latest->hidden && !branch->hidden) ||
		    (latest->hidden == branch->hidden && branch->active > latest->active))
			latest = branch;
	}
	view_done(&view);
	return latest != NULL ? latest->conversation : alternative.conversation;
}

/* Names. */

char *
branch_name(const char *label, bool root, size_t number)
{
	if (label != NULL && label[0] != '\0')
		return xstrdup(label);
	return root ? xstrdup("main") : xasprintf("b%zu", number);
}

static char *
name_branch(const struct tree *tree, size_t i)
{
	const struct tree_branch *branch = &tree->branches.items[i];
	char *name = branch_name(branch->label, branch->conversation == tree->root,
	    branch->number > 0 ? (size_t)branch->number : i + 1);
	char *guessed;

	if (!branch->guessed)
		return name;
	guessed = xasprintf("%s?", name);
	free(name);
	return guessed;
}

char *
tree_branch_name(const struct tree *tree, int64_t conversation)
{
	size_t i = find_branch(tree, conversation);

	return i != NOWHERE ? name_branch(tree, i) : xstrdup("");
}

char *
tree_path_name(const struct tree *tree, int64_t conversation)
{
	size_t i = find_branch(tree, conversation);
	struct buf path = BUF_EMPTY;

	for (size_t steps = 0; i != NOWHERE && steps < tree->branches.len; steps++) {
		char *name = name_branch(tree, i);

		if (path.len > 0)
			buf_insert(&path, 0, " › ", strlen(" › "));
		buf_insert(&path, 0, name, strlen(name));
		free(name);
		i = find_entry(tree, tree->branches.items[i].fork).branch;
	}
	return buf_take(&path);
}

/* The outline. */

/* A branch whose lines are being written. */
struct frame {
	size_t branch, depth;
	size_t at;	   /* its next entry */
	size_t child, end; /* those that hang on it and are still to come, in by_fork */
	bool last_sibling;
	uint64_t rails; /* as in its lines */
	bool begun;	/* its first line is written */
};

struct outliner {
	struct view view;
	outline *out;
	size_t live;	 /* the live branch, or NOWHERE */
	size_t *path;	 /* of each branch, how many of its entries are on the live path */
	bool *done;	 /* branches that have their lines */
	size_t *by_fork; /* those that hang on others, in the order of their places */
	size_t count;	 /* of them */
	ARRAY(struct frame) stack;
};

static void
mark_path(struct outliner *o)
{
	const struct tree *tree = o->view.tree;
	size_t i = o->live;
	size_t length = i != NOWHERE ? tree->branches.items[i].entries.len : 0;

	for (size_t steps = 0; i != NOWHERE && steps <= tree->branches.len; steps++) {
		struct place fork = o->view.forks[i];

		if (o->path[i] < length)
			o->path[i] = length;
		i = fork.branch;
		length = fork.entry + 1;
	}
}

static void
sort_forks(struct outliner *o)
{
	const struct tree *tree = o->view.tree;
	ARRAY(struct key_place) sorted = {0};

	/* By the branch they hang on, then their place there, then their own number. */
	for (size_t i = 0; i < tree->branches.len; i++)
		if (o->view.shown[i] && o->view.forks[i].branch != NOWHERE)
			array_push(&sorted, ((struct key_place){(int64_t)o->view.forks[i].branch,
						{o->view.forks[i].entry, i}}));
	if (sorted.len > 0)
		qsort(sorted.items, sorted.len, sizeof(sorted.items[0]), compare_keys);
	for (size_t i = 0; i < sorted.len; i++)
		o->by_fork[i] = sorted.items[i].place.entry;
	o->count = sorted.len;
	array_done(&sorted);
}

/* The first of by_fork that hangs on a branch not before this one. */
static size_t
first_child(const struct outliner *o, size_t branch)
{
	size_t low = 0, high = o->count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (o->view.forks[o->by_fork[middle]].branch < branch)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

static void
enter(struct outliner *o, size_t branch, size_t depth, bool last_sibling, uint64_t rails)
{
	struct frame frame = {
	    .branch = branch,
	    .depth = depth,
	    .child = first_child(o, branch),
	    .end = first_child(o, branch + 1),
	    .last_sibling = last_sibling,
	    .rails = rails,
	};

	if (!last_sibling && depth > 0 && depth <= 64)
		frame.rails |= (uint64_t)1 << (depth - 1);
	/* In a circle one would come back. */
	if (o->done[branch])
		return;
	o->done[branch] = true;
	array_push(&o->stack, frame);
}

/* Entries from to until (not included) as one line. */
static void
write_run(struct outliner *o, const struct frame *frame, size_t from, size_t until)
{
	const struct tree_branch *branch = &o->view.tree->branches.items[frame->branch];
	bool top = branch->conversation == o->view.tree->root;
	struct outline_line line = {
	    .type = frame->begun || top ? OUTLINE_RUN : OUTLINE_FORK,
	    .depth = (int)frame->depth,
	    .conversation = branch->conversation,
	    .entries = until - from,
	    .last_sibling = frame->last_sibling,
	    .rails = frame->rails,
	    .live = from < until ? until <= o->path[frame->branch] : frame->branch == o->live,
	    .end = frame->branch == o->live && until == branch->entries.len,
	    .preview = "",
	};

	if (from < until) {
		line.first = branch->entries.items[from].key;
		line.at = from;
		line.last = branch->entries.items[until - 1].key;
		line.preview = branch->entries.items[from].preview;
	}
	for (size_t i = from; i < until; i++) {
		const struct tree_entry *entry = &branch->entries.items[i];

		if (entry->type != ENTRY_MESSAGE_INPUT || entry->assistant)
			continue;
		if (line.prompts++ == 0)
			line.preview = entry->preview;
	}
	if (line.preview == NULL)
		line.preview = "";
	array_push(o->out, line);
}

/* The next line of the branch on top of the stack, or the next branch that hangs on it. */
static void
advance(struct outliner *o)
{
	struct frame *frame = &o->stack.items[o->stack.len - 1];
	size_t length = o->view.lengths[frame->branch], place = NOWHERE, child;

	if (frame->child < frame->end)
		place = o->view.forks[o->by_fork[frame->child]].entry;
	if (place < frame->at) {
		bool more;

		child = o->by_fork[frame->child++];
		more = frame->child < frame->end &&
		       o->view.forks[o->by_fork[frame->child]].entry == place;
		enter(o, child, frame->depth + 1, !more, frame->rails);
		return;
	}
	if (frame->begun && frame->at >= length) {
		o->stack.len--;
		return;
	}
	if (place < length)
		length = place + 1;
	write_run(o, frame, frame->at, length);
	frame->at = length;
	frame->begun = true;
}

static void
write_branch(struct outliner *o, size_t branch, bool last_sibling)
{
	enter(o, branch, 0, last_sibling, 0);
	while (o->stack.len > 0)
		advance(o);
}

static void
write_tree(struct outliner *o)
{
	size_t count = o->view.tree->branches.len, last = NOWHERE;

	for (size_t i = 0; i < count; i++)
		if (o->view.shown[i] && o->view.forks[i].branch == NOWHERE)
			last = i;
	for (size_t i = 0; i < count; i++)
		if (o->view.shown[i] && o->view.forks[i].branch == NOWHERE)
			write_branch(o, i, i == last);
	/* Branches that hang on one another in a circle hang on nothing else. */
	for (size_t i = 0; i < count; i++)
		if (o->view.shown[i] && !o->done[i])
			write_branch(o, i, true);
}

void
tree_outline(const struct tree *tree, int64_t live, unsigned what, outline *out)
{
	size_t count = tree->branches.len;
	struct outliner o = {.out = out, .live = find_branch(tree, live)};

	array_clear(out);
	view_init(&o.view, tree, live, what);
	o.path = xcalloc(count, sizeof(*o.path));
	o.done = xcalloc(count, sizeof(*o.done));
	o.by_fork = xcalloc(count, sizeof(*o.by_fork));
	mark_path(&o);
	sort_forks(&o);
	write_tree(&o);
	array_done(&o.stack);
	free(o.by_fork);
	free(o.done);
	free(o.path);
	view_done(&o.view);
}
