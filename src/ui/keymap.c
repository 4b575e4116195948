/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include "ui/keymap.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/error.h"
#include "base/i18n.h"
#include "base/mem.h"
#include "profile/profile.h"

#define SEQUENCE_MAX 4
#define GLOBAL "global"

/* A key sequence in a context; of those of the profile, the line it came from. */
struct entry {
	size_t context, action; /* places in the lists of names */
	struct key keys[SEQUENCE_MAX];
	size_t count;
	char *text; /* the sequence as keys print */
	const struct binding *binding;
};

typedef ARRAY(char *) name_list;

struct keymap {
	name_list contexts, actions; /* in the order of the table */
	size_t known_actions;	     /* those of the table; the profile may name others */
	ARRAY(struct entry) entries; /* the profile's first */
	size_t from_profile;	     /* their number */
};

static size_t
find_name(const name_list *names, const char *name)
{
	size_t i = 0;

	while (i < names->len && strcmp(names->items[i], name) != 0)
		i++;
	return i;
}

static size_t
add_name(name_list *names, const char *name)
{
	size_t i = find_name(names, name);

	if (i == names->len)
		array_push(names, xstrdup(name));
	return i;
}

static void
free_names(name_list *names)
{
	for (size_t i = 0; i < names->len; i++)
		free(names->items[i]);
	array_done(names);
}

/* Whether a key may stand in a sequence: pastes and resizes are no keys of a person. */
static bool
is_bindable(const struct key *key)
{
	return key->code != KEY_PASTE && key->code != KEY_RESIZE_ && key->code != KEY_NONE_;
}

/* "C-x b" → keys. *bad is the word that is no key, yours, or NULL if there are too many. */
static bool
parse_keys(const char *text, struct entry *entry, char **bad)
{
	*bad = NULL;
	entry->count = 0;
	for (;;) {
		size_t len;

		text += strspn(text, " ");
		len = strcspn(text, " ");
		if (len == 0)
			break;
		if (entry->count == SEQUENCE_MAX)
			return false;
		*bad = xstrndup(text, len);
		if (!key_parse(*bad, &entry->keys[entry->count]) ||
		    !is_bindable(&entry->keys[entry->count]))
			return false;
		free(*bad);
		*bad = NULL;
		entry->count++;
		text += len;
	}
	if (entry->count == 0)
		*bad = xstrdup("");
	return entry->count > 0;
}

static char *
print_keys(const struct entry *entry)
{
	struct buf text = BUF_EMPTY;
	char name[KEY_NAME_SIZE];

	for (size_t i = 0; i < entry->count; i++) {
		key_print(&entry->keys[i], name, sizeof(name));
		buf_printf(&text, "%s%s", i > 0 ? " " : "", name);
	}
	return buf_take(&text);
}

/* Keys both sequences begin with. */
static size_t
common_keys(const struct entry *entry, const struct key *keys, size_t count)
{
	size_t i = 0;

	while (i < entry->count && i < count && key_equal(&entry->keys[i], &keys[i]))
		i++;
	return i;
}

static bool
same_keys(const struct entry *a, const struct entry *b)
{
	return a->context == b->context && a->count == b->count &&
	       common_keys(a, b->keys, b->count) == a->count;
}

/* One begins with the other. */
static bool
hides(const struct entry *a, const struct entry *b)
{
	size_t shorter = a->count < b->count ? a->count : b->count;

	return a->context == b->context && common_keys(a, b->keys, b->count) == shorter;
}

static void
remove_keys(struct keymap *map, const struct entry *entry, size_t from)
{
	for (size_t i = map->entries.len; i > from; i--) {
		if (!same_keys(&map->entries.items[i - 1], entry))
			continue;
		free(map->entries.items[i - 1].text);
		array_remove(&map->entries, i - 1);
	}
}

/* At a place in the order, instead of what is bound from there on. */
static bool
add_default(struct keymap *map, const struct default_key *row, size_t place)
{
	struct entry entry = {.context = add_name(&map->contexts, row->context)};
	bool ok;
	char *bad;

	ok = parse_keys(row->keys, &entry, &bad);
	assert(ok);
	(void)ok;
	remove_keys(map, &entry, place);
	if (row->action == NULL)
		return false;
	entry.action = add_name(&map->actions, row->action);
	entry.text = print_keys(&entry);
	array_insert(&map->entries, place, entry);
	return true;
}

static bool
is_of_preset(const struct default_key *row, const char *preset)
{
	return row->preset != NULL && preset != NULL && strcmp(row->preset, preset) == 0;
}

struct keymap *
keymap_new(const struct default_key *rows, size_t count, const char *preset)
{
	struct keymap *map = xcalloc(1, sizeof(*map));
	size_t of_preset = 0;

	/* Names first, of all presets: what the profile may name does not depend on the preset. */
	for (size_t i = 0; i < count; i++) {
		add_name(&map->contexts, rows[i].context);
		if (rows[i].action != NULL)
			add_name(&map->actions, rows[i].action);
	}
	add_name(&map->contexts, GLOBAL);
	map->known_actions = map->actions.len;
	for (size_t i = 0; i < count; i++) {
		if (rows[i].preset == NULL)
			add_default(map, &rows[i], map->entries.len);
	}
	/* The preset's own come first: what it is chosen for is what help shows. */
	for (size_t i = 0; i < count; i++) {
		if (is_of_preset(&rows[i], preset))
			of_preset += add_default(map, &rows[i], of_preset);
	}
	return map;
}

void
keymap_free(struct keymap *map)
{
	if (map == NULL)
		return;
	for (size_t i = 0; i < map->entries.len; i++)
		free(map->entries.items[i].text);
	array_done(&map->entries);
	free_names(&map->contexts);
	free_names(&map->actions);
	free(map);
}

static void add_problem(struct buf *problems, const struct profile *profile,
    const struct binding *binding, const char *format, ...) __attribute__((format(printf, 4, 5)));

static void
add_problem(struct buf *problems, const struct profile *profile, const struct binding *binding,
    const char *format, ...)
{
	va_list args;

	buf_printf(problems, "%s%s:%d:%d: ", problems->len > 0 ? "\n" : "", profile->path,
	    binding->line, binding->column);
	va_start(args, format);
	buf_vprintf(problems, format, args);
	va_end(args);
}

static const char *
nearest(const name_list *names, size_t count, const char *wrong)
{
	return nearest_name(wrong, (const char *const *)names->items, count);
}

static bool
check_context(const struct keymap *map, const struct profile *profile,
    const struct binding *binding, struct buf *problems)
{
	const char *near;

	if (find_name(&map->contexts, binding->context) < map->contexts.len)
		return true;
	near = nearest(&map->contexts, map->contexts.len, binding->context);
	if (near != NULL)
		add_problem(problems, profile, binding,
		    _("There is no part of the screen called \"%s\". Did you mean \"%s\"?"),
		    binding->context, near);
	else
		add_problem(problems, profile, binding,
		    _("There is no part of the screen called \"%s\"; \"%s\" holds everywhere."),
		    binding->context, GLOBAL);
	return false;
}

static bool
check_action(const struct keymap *map, const struct profile *profile, const struct binding *binding,
    bool (*known_action)(const char *), struct buf *problems)
{
	const char *near;

	if (binding->action == NULL || known_action(binding->action))
		return true;
	near = nearest(&map->actions, map->known_actions, binding->action);
	if (near != NULL)
		add_problem(problems, profile, binding,
		    _("There is no action called \"%s\". Did you mean \"%s\"?"), binding->action,
		    near);
	else
		add_problem(problems, profile, binding,
		    _("There is no action called \"%s\"; the palette lists them all."),
		    binding->action);
	return false;
}

static bool
check_keys(struct entry *entry, const struct profile *profile, const struct binding *binding,
    struct buf *problems)
{
	char *bad;

	if (parse_keys(binding->key, entry, &bad))
		return true;
	if (bad == NULL)
		add_problem(problems, profile, binding,
		    _("\"%s\" has more keys than the %d a sequence may have."), binding->key,
		    SEQUENCE_MAX);
	else
		add_problem(problems, profile, binding,
		    _("\"%s\" is not a key; keys are written like \"C-x\", \"M-Enter\", \"F5\"."),
		    bad);
	free(bad);
	return false;
}

/* Makes an entry of a line of the profile, and takes away what it replaces. */
static void
apply(struct keymap *map, const struct profile *profile, const struct binding *binding,
    bool (*known_action)(const char *), struct buf *problems)
{
	struct entry entry = {.binding = binding};
	bool ok = check_context(map, profile, binding, problems);

	ok = check_keys(&entry, profile, binding, problems) && ok;
	ok = check_action(map, profile, binding, known_action, problems) && ok;
	if (!ok)
		return;
	entry.context = find_name(&map->contexts, binding->context);
	for (size_t i = 0; i < map->from_profile; i++) {
		if (!same_keys(&map->entries.items[i], &entry))
			continue;
		add_problem(problems, profile, binding, _("\"%s\" is bound already in line %d."),
		    binding->key, map->entries.items[i].binding->line);
		return;
	}
	remove_keys(map, &entry, map->from_profile);
	if (binding->action != NULL)
		entry.action = add_name(&map->actions, binding->action);
	entry.text = print_keys(&entry);
	array_insert(&map->entries, map->from_profile, entry);
	map->from_profile++;
}

/* After all are there, for a line further down may have unbound what is in the way. */
static void
check_hiding(const struct keymap *map, const struct profile *profile, struct buf *problems)
{
	for (size_t i = 0; i < map->from_profile; i++) {
		const struct entry *entry = &map->entries.items[i];

		if (entry->binding->action == NULL)
			continue;
		for (size_t j = 0; j < map->entries.len; j++) {
			const struct entry *other = &map->entries.items[j];

			if ((j < map->from_profile && j >= i) || !hides(entry, other) ||
			    (other->binding != NULL && other->binding->action == NULL))
				continue;
			add_problem(problems, profile, entry->binding,
			    _("\"%s\" and \"%s\" (%s) begin alike, so that one of them could never "
			      "be typed; bind the other to null first."),
			    entry->text, other->text, map->actions.items[other->action]);
			break;
		}
	}
}

/* Lines that unbind have done their work; the others no longer need the profile. */
static void
drop_bindings(struct keymap *map)
{
	for (size_t i = map->from_profile; i > 0; i--) {
		struct entry *entry = &map->entries.items[i - 1];
		bool unbinds = entry->binding->action == NULL;

		entry->binding = NULL;
		if (!unbinds)
			continue;
		free(entry->text);
		array_remove(&map->entries, i - 1);
		map->from_profile--;
	}
}

bool
keymap_apply(struct keymap *map, const struct profile *profile, bool (*known_action)(const char *),
    struct error *err)
{
	struct buf problems = BUF_EMPTY;
	bool ok;

	map->from_profile = 0;
	for (size_t i = 0; i < profile->keys.len; i++)
		apply(map, profile, &profile->keys.items[i], known_action, &problems);
	check_hiding(map, profile, &problems);
	drop_bindings(map);
	ok = problems.len == 0;
	if (!ok)
		error_set(err, ERR_CONFIG, "%s", problems.data);
	buf_done(&problems);
	return ok;
}

static enum keymap_result
find_in(const struct keymap *map, size_t context, const struct key *keys, size_t count,
    const char **action)
{
	enum keymap_result result = KEYMAP_NONE;

	for (size_t i = 0; i < map->entries.len; i++) {
		const struct entry *entry = &map->entries.items[i];

		if (entry->context != context || common_keys(entry, keys, count) != count)
			continue;
		if (entry->count == count) {
			*action = map->actions.items[entry->action];
			return KEYMAP_ACTION;
		}
		result = KEYMAP_MORE;
	}
	return result;
}

enum keymap_result
keymap_find(const struct keymap *map, const char *context, const struct key *keys, size_t count,
    const char **action)
{
	enum keymap_result result;

	*action = NULL;
	result = find_in(map, find_name(&map->contexts, context), keys, count, action);
	if (result == KEYMAP_NONE)
		result = find_in(map, find_name(&map->contexts, GLOBAL), keys, count, action);
	return result;
}

/* Whether keys of "global" do something else, or nothing, in a context. */
static bool
is_covered(const struct keymap *map, size_t context, const struct entry *entry)
{
	for (size_t i = 0; i < map->entries.len; i++) {
		const struct entry *other = &map->entries.items[i];
		size_t shorter = entry->count < other->count ? entry->count : other->count;

		if (other->context == context &&
		    common_keys(other, entry->keys, entry->count) == shorter)
			return true;
	}
	return false;
}

const char *
keymap_keys(const struct keymap *map, const char *context, const char *action)
{
	size_t here = find_name(&map->contexts, context), what = find_name(&map->actions, action);
	size_t everywhere = find_name(&map->contexts, GLOBAL);

	for (size_t i = 0; i < map->entries.len; i++) {
		if (map->entries.items[i].context == here && map->entries.items[i].action == what)
			return map->entries.items[i].text;
	}
	if (here == everywhere)
		return "";
	for (size_t i = 0; i < map->entries.len; i++) {
		const struct entry *entry = &map->entries.items[i];

		if (entry->context == everywhere && entry->action == what &&
		    !is_covered(map, here, entry))
			return entry->text;
	}
	return "";
}

void
keymap_list(const struct keymap *map, keymap_rows *out)
{
	for (size_t context = 0; context < map->contexts.len; context++) {
		for (size_t action = 0; action < map->actions.len; action++) {
			for (size_t i = 0; i < map->entries.len; i++) {
				const struct entry *entry = &map->entries.items[i];
				struct keymap_row row = {map->contexts.items[context], entry->text,
				    map->actions.items[action]};

				if (entry->context == context && entry->action == action)
					array_push(out, row);
			}
		}
	}
}
