/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include "model/bundle.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "model/lineage.h"

static void
branch_done(struct bundle_branch *branch)
{
	for (size_t i = 0; i < branch->drafts.len; i++) {
		free(branch->drafts.items[i].entry);
		free(branch->drafts.items[i].text);
		free(branch->drafts.items[i].changed_at);
	}
	array_done(&branch->drafts);
	conversation_free(branch->conversation);
	free(branch->parent);
	free(branch->fork);
	free(branch->label);
}

void
bundle_done(struct bundle *bundle)
{
	for (size_t i = 0; i < bundle->branches.len; i++)
		branch_done(&bundle->branches.items[i]);
	array_done(&bundle->branches);
	free(bundle->title);
	*bundle = (struct bundle){0};
}

struct bundle_branch *
bundle_add(struct bundle *bundle)
{
	array_push(&bundle->branches, ((struct bundle_branch){.conversation = conversation_new()}));
	return &bundle->branches.items[bundle->branches.len - 1];
}

/* Finding by id: all that there are, sorted. */

struct named {
	const char *id;
	struct bundle_place place;
};

typedef ARRAY(struct named) name_list;

static int
compare_names(const void *a, const void *b)
{
	const struct named *x = a, *y = b;
	int order = strcmp(x->id, y->id);

	if (order != 0)
		return order;
	/* Of the same id the first counts. */
	if (x->place.branch != y->place.branch)
		return x->place.branch < y->place.branch ? -1 : 1;
	return x->place.entry < y->place.entry ? -1 : x->place.entry > y->place.entry;
}

static void
sort_names(name_list *names)
{
	if (names->len > 0)
		qsort(names->items, names->len, sizeof(names->items[0]), compare_names);
}

static struct bundle_place
find_name(const name_list *names, const char *id)
{
	size_t from = 0, to = names->len;

	while (id != NULL && from < to) {
		size_t middle = from + (to - from) / 2;

		if (strcmp(names->items[middle].id, id) < 0)
			from = middle + 1;
		else
			to = middle;
	}
	if (id == NULL || from == names->len || strcmp(names->items[from].id, id) != 0)
		return (struct bundle_place){BUNDLE_NOWHERE, BUNDLE_NOWHERE};
	return names->items[from].place;
}

static void
list_names(const struct bundle *bundle, name_list *conversations, name_list *entries)
{
	for (size_t i = 0; i < bundle->branches.len; i++) {
		const struct conversation *c = bundle->branches.items[i].conversation;

		if (c->id != NULL)
			array_push(conversations, ((struct named){c->id, {i, BUNDLE_NOWHERE}}));
		for (size_t j = 0; j < c->entries.len; j++)
			if (c->entries.items[j]->id != NULL)
				array_push(
				    entries, ((struct named){c->entries.items[j]->id, {i, j}}));
	}
	sort_names(conversations);
	sort_names(entries);
}

/* Lines of a list of what hangs on each branch. */
struct children {
	ARRAY(size_t) first, next; /* by branch; BUNDLE_NOWHERE ends */
};

static void
list_children(const struct bundle_order *order, struct children *children)
{
	size_t count = order->forks.len;

	array_reserve(&children->first, count + 1);
	array_reserve(&children->next, count + 1);
	for (size_t i = 0; i < count; i++)
		children->first.items[i] = BUNDLE_NOWHERE;
	for (size_t i = count; i-- > 0;) {
		size_t parent = order->forks.items[i].branch;

		children->next.items[i] = BUNDLE_NOWHERE;
		if (parent != BUNDLE_NOWHERE) {
			children->next.items[i] = children->first.items[parent];
			children->first.items[parent] = i;
		}
	}
}

/* Down to the first child, else to the next sibling, else to that of the nearest ancestor. */
static void
walk(struct bundle_order *order, const struct children *children, size_t root)
{
	size_t at = root;

	while (at != BUNDLE_NOWHERE) {
		array_push(&order->depth_first, at);
		if (children->first.items[at] != BUNDLE_NOWHERE) {
			at = children->first.items[at];
			continue;
		}
		while (at != root && children->next.items[at] == BUNDLE_NOWHERE)
			at = order->forks.items[at].branch;
		at = at == root ? BUNDLE_NOWHERE : children->next.items[at];
	}
}

bool
bundle_order(const struct bundle *bundle, struct bundle_order *order)
{
	name_list conversations = {0}, entries = {0};
	struct children children = {0};

	*order = (struct bundle_order){0};
	list_names(bundle, &conversations, &entries);
	for (size_t i = 0; i < bundle->branches.len; i++) {
		const struct bundle_branch *branch = &bundle->branches.items[i];
		struct bundle_place fork = find_name(&entries, branch->fork);

		if (fork.branch == BUNDLE_NOWHERE)
			fork.branch = find_name(&conversations, branch->parent).branch;
		array_push(&order->forks, fork);
	}
	list_children(order, &children);
	for (size_t i = 0; i < order->forks.len; i++)
		if (order->forks.items[i].branch == BUNDLE_NOWHERE)
			walk(order, &children, i);
	array_done(&children.first);
	array_done(&children.next);
	array_done(&conversations);
	array_done(&entries);
	/* What is in a circle hangs on nothing that begins. */
	return order->depth_first.len == order->forks.len;
}

void
bundle_order_done(struct bundle_order *order)
{
	array_done(&order->forks);
	array_done(&order->depth_first);
}

char *
bundle_branch_name(const struct bundle *bundle, size_t at)
{
	const struct bundle_branch *branch = &bundle->branches.items[at];
	size_t number = branch->number > 0 ? (size_t)branch->number : at + 1;

	return branch_name(branch->label, number == 1, number);
}
