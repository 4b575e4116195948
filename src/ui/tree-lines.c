/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include "ui/tree-lines.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

/* Sets of places are kept sorted: a tree of thousands of runs can be spread out whole. */

static int
compare_places(struct tree_place a, struct tree_place b)
{
	if (a.conversation != b.conversation)
		return a.conversation < b.conversation ? -1 : 1;
	return a.entry < b.entry ? -1 : a.entry > b.entry;
}

/* Where a place is in a set, or would be. */
static size_t
place_in(const tree_places *set, struct tree_place place)
{
	size_t low = 0, high = set->len;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (compare_places(set->items[middle], place) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

static bool
has(const tree_places *set, struct tree_place place)
{
	size_t at = place_in(set, place);

	return at < set->len && compare_places(set->items[at], place) == 0;
}

static void
put(tree_places *set, struct tree_place place, bool on)
{
	size_t at = place_in(set, place);

	if (has(set, place) == on)
		return;
	if (on)
		array_insert(set, at, place);
	else
		array_remove(set, at);
}

void
tree_look_done(struct tree_look *look)
{
	array_done(&look->spread);
	array_done(&look->folded);
	array_done(&look->hoisted);
}

void
tree_look_spread(struct tree_look *look, struct tree_place run, bool on)
{
	put(&look->spread, run, on);
}

void
tree_look_fold(struct tree_look *look, struct tree_place line, bool on)
{
	put(&look->folded, line, on);
}

/* The outline, and the part of it that is to be shown. */
struct part {
	outline lines;
	size_t from, until;
};

static struct tree_place
place_of(const struct outline_line *line)
{
	return (struct tree_place){line->conversation, line->first};
}

/* Where what hangs on a line ends, what its branch goes on with included. */
static size_t
end_of(const outline *lines, size_t i)
{
	int depth = lines->items[i].depth;
	size_t end = i + 1;

	while (end < lines->len &&
	       (lines->items[end].depth > depth ||
		   (lines->items[end].depth == depth && lines->items[end].type != OUTLINE_FORK)))
		end++;
	return end;
}

/* The run that a place is in; lines->len: none. */
static size_t
run_with(const outline *lines, const struct tree *tree, struct tree_place place)
{
	size_t at = 0;

	tree_owner(tree, place.entry, &at);
	for (size_t i = 0; i < lines->len; i++) {
		const struct outline_line *line = &lines->items[i];

		if (line->conversation == place.conversation &&
		    (line->first == place.entry ||
			(line->at <= at && at < line->at + line->entries)))
			return i;
	}
	return lines->len;
}

static void
part_init(struct part *part, const struct tree *tree, int64_t live, const struct tree_look *look)
{
	unsigned what = (look->hidden ? OUTLINE_HIDDEN : 0) |
			(look->filter == TREE_LABELLED ? OUTLINE_LABELLED : 0);

	*part = (struct part){0};
	tree_outline(tree, live, what, &part->lines);
	part->until = part->lines.len;
	/* If what was hoisted is gone, what it was in is shown. */
	for (size_t i = look->hoisted.len; i > 0; i--) {
		size_t run = run_with(&part->lines, tree, look->hoisted.items[i - 1]);

		if (run < part->lines.len) {
			part->from = run;
			part->until = end_of(&part->lines, run);
			return;
		}
	}
}

static bool
is_kept(enum tree_filter filter, const struct tree_entry *entry)
{
	if (filter == TREE_PROMPTS)
		return entry->type == ENTRY_MESSAGE_INPUT && !entry->assistant;
	return filter != TREE_NO_TOOLS || !entry_is_tool(entry->type);
}

/* The entries of a run, a line each; false if the filter leaves none of them. */
static bool
spread(const struct tree *tree, const struct tree_look *look, const struct outline_line *run,
    tree_line_list *out)
{
	const struct tree_branch *branch = tree_branch_of(tree, run->conversation);
	size_t before = out->len;

	for (size_t i = run->at; i < run->at + run->entries; i++) {
		const struct tree_entry *entry = &branch->entries.items[i];
		struct tree_line line = {.node = *run, .run = place_of(run)};

		if (!is_kept(look->filter, entry))
			continue;
		if (out->len > before)
			line.node.type = OUTLINE_ENTRY;
		line.node.single = true;
		line.node.at = i;
		line.node.first = line.node.last = entry->key;
		line.node.entries = 1;
		line.node.prompts = entry->type == ENTRY_MESSAGE_INPUT && !entry->assistant;
		line.node.end = run->end && i + 1 == run->at + run->entries;
		line.node.preview = entry->preview != NULL ? entry->preview : "";
		array_push(out, line);
	}
	return out->len > before;
}

static size_t
count_forks(const outline *lines, size_t from, size_t until)
{
	size_t count = 0;

	for (size_t i = from; i < until; i++)
		count += lines->items[i].type == OUTLINE_FORK;
	return count;
}

void
tree_lines(const struct tree *tree, int64_t live, const struct tree_look *look, tree_line_list *out)
{
	struct part part;
	int depth;

	array_clear(out);
	part_init(&part, tree, live, look);
	depth = part.from < part.until ? part.lines.items[part.from].depth : 0;
	for (size_t i = part.from; i < part.until;) {
		struct outline_line *run = &part.lines.items[i];
		size_t end = end_of(&part.lines, i);
		struct tree_line line = {.run = place_of(run), .parent = end > i + 1};
		bool folded = line.parent && has(&look->folded, line.run);

		run->depth -= depth;
		run->rails = depth < 64 ? run->rails >> depth : 0;
		if (folded || !has(&look->spread, line.run) || !spread(tree, look, run, out)) {
			line.node = *run;
			line.folded = folded ? count_forks(&part.lines, i + 1, end) : 0;
			array_push(out, line);
		}
		i = folded ? end : i + 1;
	}
	array_done(&part.lines);
}

size_t
tree_lines_find(const tree_line_list *lines, const struct tree *tree, struct tree_place place)
{
	for (size_t steps = 0; steps <= tree->branches.len; steps++) {
		const struct tree_branch *branch = tree_branch_of(tree, place.conversation);
		size_t at = 0, found = lines->len;

		if (branch == NULL)
			break;
		tree_owner(tree, place.entry, &at);
		for (size_t i = 0; i < lines->len; i++)
			if (lines->items[i].node.conversation == place.conversation &&
			    (lines->items[i].node.at <= at || found == lines->len))
				found = i;
		if (found < lines->len)
			return found;
		/* Folded away: where the branch begins. */
		place.entry = branch->fork;
		branch = tree_owner(tree, branch->fork, NULL);
		place.conversation = branch != NULL ? branch->conversation : 0;
	}
	return lines->len;
}

void
tree_look_spread_all(struct tree_look *look, const struct tree *tree, int64_t live)
{
	struct part part;

	part_init(&part, tree, live, look);
	for (size_t i = part.from; i < part.until; i++)
		if (part.lines.items[i].entries > 0)
			put(&look->spread, place_of(&part.lines.items[i]), true);
	array_done(&part.lines);
}

void
tree_look_reveal(
    struct tree_look *look, const struct tree *tree, int64_t live, struct tree_place place)
{
	struct part part;
	size_t run;

	part_init(&part, tree, live, look);
	run = run_with(&part.lines, tree, place);
	for (size_t i = part.from; i < part.until && run < part.lines.len; i++) {
		/* One that is folded is one line itself: it has to open for what is in it, too. */
		if (i > run || end_of(&part.lines, i) <= run)
			continue;
		if (i < run || part.lines.items[i].first != place.entry)
			put(&look->folded, place_of(&part.lines.items[i]), false);
	}
	/* What a run begins with is read in its one line. */
	if (run < part.lines.len && part.lines.items[run].first != place.entry)
		put(&look->spread, place_of(&part.lines.items[run]), true);
	array_done(&part.lines);
}

/* Whether the line at which a branch begins has its label, with these words. */
static bool
label_matches(const struct tree_branch *branch, const struct outline_line *line, const char *words)
{
	return line->at == 0 && branch->label != NULL && strcasestr(branch->label, words) != NULL;
}

static bool
entry_matches(const struct tree_look *look, const struct tree_entry *entry, const char *words)
{
	return is_kept(look->filter, entry) && entry->preview != NULL &&
	       strcasestr(entry->preview, words) != NULL;
}

size_t
tree_lines_search(const struct tree *tree, int64_t live, const struct tree_look *look,
    const char *words, struct tree_place from, tree_places *out)
{
	struct part part;
	size_t before = 0;

	array_clear(out);
	part_init(&part, tree, live, look);
	for (size_t i = part.from; i < part.until && words[0] != '\0'; i++) {
		const struct outline_line *run = &part.lines.items[i];
		const struct tree_branch *branch = tree_branch_of(tree, run->conversation);
		bool label = label_matches(branch, run, words);

		if (label)
			array_push(out, place_of(run));
		if (compare_places(place_of(run), from) == 0)
			before = out->len;
		for (size_t j = run->at; j < run->at + run->entries; j++) {
			const struct tree_entry *entry = &branch->entries.items[j];

			if (!(label && j == run->at) && entry_matches(look, entry, words))
				array_push(
				    out, ((struct tree_place){run->conversation, entry->key}));
			if (entry->key == from.entry)
				before = out->len;
		}
	}
	array_done(&part.lines);
	return before;
}

bool
tree_line_matches(const struct tree *tree, const struct tree_look *look,
    const struct tree_line *line, const char *words)
{
	const struct outline_line *node = &line->node;
	const struct tree_branch *branch = tree_branch_of(tree, node->conversation);
	bool found = label_matches(branch, node, words);

	for (size_t i = node->at; i < node->at + node->entries && !found; i++)
		found = entry_matches(look, &branch->entries.items[i], words);
	return found;
}
