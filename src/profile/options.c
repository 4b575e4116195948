/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include "profile/options.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/error.h"
#include "base/i18n.h"
#include "base/mem.h"
#include "base/sanitize.h"
#include "profile/profile.h"
#include "profile/yaml.h"

/* More problems than a person reads, in a file that is something else. */
#define MAX_PROBLEMS 50

/* Longer words are no misspelling of ours. */
#define MAX_WORD 64

static void read_theme(
    struct reading *, const struct option *, const struct yaml_node *, void *base);
static void read_language(
    struct reading *, const struct option *, const struct yaml_node *, void *base);

static const char *const enter_words[] = {"newline", "send", NULL};
static const char *const preset_words[] = {"default", "emacs", "vi", NULL};

static const struct option settings_rows[] = {
    {
	.key = "stream",
	.read = option_bool,
	.offset = offsetof(struct settings, stream),
	.fallback = "true",
	.help = N_("show an answer while it is being written"),
    },
    {
	.key = "store",
	.read = option_bool,
	.offset = offsetof(struct settings, store),
	.fallback = "true",
	.help = N_("let the server keep new conversations"),
    },
    {
	.key = "theme",
	.read = read_theme,
	.offset = offsetof(struct settings, theme),
	.fallback = "auto",
	.help = N_("colours: auto, dark, light, none, or the name of a file in themes/"),
    },
    {
	.key = "enter",
	.read = option_switch,
	.offset = offsetof(struct settings, enter_sends),
	.words = enter_words,
	.fallback = "send",
	.help = N_("what Enter does in the input: send or newline"),
    },
    {
	.key = "mouse",
	.read = option_bool,
	.offset = offsetof(struct settings, mouse),
	.fallback = "true",
	.help = N_("take clicks and the wheel"),
    },
    {
	.key = "list_width",
	.read = option_int,
	.offset = offsetof(struct settings, list_width),
	.min = 10,
	.max = 200,
	.fallback = "28",
	.help = N_("columns of the list of conversations"),
    },
    {
	.key = "language",
	.read = read_language,
	.offset = offsetof(struct settings, language),
	.nullable = true,
	.fallback = "null",
	.help = N_("the language of the program; null takes the locale's"),
    },
    {
	.key = "preset",
	.read = option_word,
	.offset = offsetof(struct settings, preset),
	.words = preset_words,
	.fallback = "default",
	.help = N_("the set of keys to start from: default, emacs or vi"),
    },
};

const struct option_table settings_options = OPTION_TABLE(settings_rows);

void
problem_add(struct reading *r, const struct yaml_node *at, const char *format, ...)
{
	struct problem problem = {.line = at->line, .column = at->column};
	va_list args;

	va_start(args, format);
	problem.text = xvasprintf(format, args);
	va_end(args);
	array_push(&r->problems, problem);
}

static int
compare_problems(const void *a, const void *b)
{
	const struct problem *x = a, *y = b;

	return x->line != y->line ? x->line - y->line : x->column - y->column;
}

bool
problems_report(struct reading *r, struct error *err)
{
	struct buf text = BUF_EMPTY;
	size_t count = r->problems.len;

	if (count == 0)
		return true;
	qsort(r->problems.items, count, sizeof(struct problem), compare_problems);
	for (size_t i = 0; i < count; i++) {
		const struct problem *p = &r->problems.items[i];

		if (i < MAX_PROBLEMS)
			buf_printf(&text, "%s%s:%d:%d: %s", i > 0 ? "\n" : "", r->file, p->line,
			    p->column, p->text);
		free(p->text);
	}
	if (count > MAX_PROBLEMS) {
		buf_putc(&text, '\n');
		buf_printf(&text,
		    ngettext("%s: There is %zu more problem.", "%s: There are %zu more problems.",
			count - MAX_PROBLEMS),
		    r->file, count - MAX_PROBLEMS);
	}
	array_done(&r->problems);
	error_set(err, ERR_CONFIG, "%s", text.data);
	buf_done(&text);
	return false;
}

static size_t
min3(size_t a, size_t b, size_t c)
{
	size_t least = a < b ? a : b;

	return least < c ? least : c;
}

/* Levenshtein's, a row at a time. Both at most MAX_WORD bytes. */
static size_t
edit_distance(const char *a, const char *b)
{
	size_t row[MAX_WORD + 1], width = strlen(b);

	for (size_t j = 0; j <= width; j++)
		row[j] = j;
	for (size_t i = 0; a[i] != '\0'; i++) {
		size_t diagonal = row[0];

		row[0] = i + 1;
		for (size_t j = 0; j < width; j++) {
			size_t above = row[j + 1];

			row[j + 1] = min3(above + 1, row[j] + 1, diagonal + (a[i] != b[j]));
			diagonal = above;
		}
	}
	return row[width];
}

const char *
nearest_name(const char *wrong, const char *const *names, size_t count)
{
	size_t len = strlen(wrong), best = len / 3 + 2;
	const char *nearest = NULL;

	if (len > MAX_WORD)
		return NULL;
	for (size_t i = 0; i < count; i++) {
		size_t distance;

		if (strlen(names[i]) > MAX_WORD)
			continue;
		distance = edit_distance(wrong, names[i]);
		/* A name of which no letter is left is another name. */
		if (distance < best && distance < strlen(names[i])) {
			best = distance;
			nearest = names[i];
		}
	}
	return nearest;
}

static char *
join_words(const char *const *words, size_t count)
{
	struct buf list = BUF_EMPTY;

	for (size_t i = 0; i < count; i++)
		buf_printf(&list, "%s%s", i > 0 ? ", " : "", words[i]);
	return buf_take(&list);
}

/* Words of the file in a message: one line, not longer than a person reads. */
static char *
quotable(const char *text)
{
	char *cut = xstrndup(text, MAX_WORD), *clean = sanitize_line(cut);

	free(cut);
	return clean;
}

void
problem_unknown_word(struct reading *r, const struct yaml_node *node, const char *what,
    const char *const *known, size_t count)
{
	char *list = join_words(known, count), *word = quotable(node->text);
	const char *near = nearest_name(node->text, known, count);

	if (count == 0)
		problem_add(
		    r, node, _("\"%s\" is \"%s\", but there is none yet to name."), what, word);
	else if (near == NULL)
		problem_add(r, node, _("\"%s\" is \"%s\", which is not known; expected one of %s."),
		    what, word, list);
	else
		problem_add(r, node,
		    _("\"%s\" is \"%s\", which is not known; expected one of %s. Did you mean "
		      "\"%s\"?"),
		    what, word, list, near);
	free(word);
	free(list);
}

static void
problem_unknown_key(
    struct reading *r, const struct option_table *table, const struct yaml_node *key)
{
	const char **known = xreallocarray(NULL, table->count + 1, sizeof(char *));
	char *list, *word = quotable(key->text);
	const char *near;

	for (size_t i = 0; i < table->count; i++)
		known[i] = table->rows[i].key;
	list = join_words(known, table->count);
	near = nearest_name(key->text, known, table->count);
	if (near == NULL)
		problem_add(
		    r, key, _("The key \"%s\" is not known here; expected one of %s."), word, list);
	else
		problem_add(r, key,
		    _("The key \"%s\" is not known here; expected one of %s. Did you mean \"%s\"?"),
		    word, list, near);
	free(word);
	free(list);
	free(known);
}

static const struct option *
find_row(const struct option_table *table, const char *key)
{
	for (size_t i = 0; i < table->count; i++)
		if (strcmp(table->rows[i].key, key) == 0)
			return &table->rows[i];
	return NULL;
}

void
options_default(const struct option_table *table, void *base)
{
	struct reading r = {.file = ""};

	for (size_t i = 0; i < table->count; i++) {
		const struct option *row = &table->rows[i];
		struct yaml_node node = {.type = YAML_SCALAR, .plain = true};

		if (row->table != NULL)
			options_default(row->table, (char *)base + row->offset);
		if (row->fallback == NULL)
			continue;
		node.text = xstrdup(row->fallback);
		row->read(&r, row, &node, base);
		free(node.text);
	}
}

void
options_read(
    struct reading *r, const struct option_table *table, const struct yaml_node *map, void *base)
{
	for (size_t i = 0; i < map->keys.len; i++)
		if (find_row(table, map->keys.items[i]->text) == NULL)
			problem_unknown_key(r, table, map->keys.items[i]);
	for (size_t i = 0; i < table->count; i++) {
		const struct option *row = &table->rows[i];
		const struct yaml_node *value = yaml_get(map, row->key);

		if (value != NULL)
			row->read(r, row, value, base);
	}
}

/* Where the value of a row goes, or NULL if it is only checked. */
static void *
slot(const struct option *row, void *base)
{
	return base == NULL || row->offset == OPTION_NOWHERE ? NULL : (char *)base + row->offset;
}

static size_t
count_words(const char *const *words)
{
	size_t count = 0;

	while (words[count] != NULL)
		count++;
	return count;
}

/* The index of the value among the row's words, or -1 and a problem. */
static int
find_word(struct reading *r, const struct option *row, const struct yaml_node *value)
{
	size_t count = count_words(row->words);
	char *list;

	for (size_t i = 0; i < count && value->type == YAML_SCALAR; i++)
		if (strcmp(value->text, row->words[i]) == 0)
			return (int)i;
	if (value->type == YAML_SCALAR) {
		problem_unknown_word(r, value, row->key, row->words, count);
		return -1;
	}
	list = join_words(row->words, count);
	problem_add(r, value, _("\"%s\" must be one of %s, not a list or a map."), row->key, list);
	free(list);
	return -1;
}

void
option_bool(struct reading *r, const struct option *row, const struct yaml_node *value, void *base)
{
	bool answer, *to = slot(row, base);

	if (!yaml_bool(value, &answer))
		problem_add(r, value, _("\"%s\" must be true or false."), row->key);
	else if (to != NULL)
		*to = answer;
}

/* A bool whose values have names: words[0] is false, words[1] true. */
void
option_switch(
    struct reading *r, const struct option *row, const struct yaml_node *value, void *base)
{
	int index = find_word(r, row, value);
	bool *to = slot(row, base);

	if (index >= 0 && to != NULL)
		*to = index == 1;
}

void
option_int(struct reading *r, const struct option *row, const struct yaml_node *value, void *base)
{
	int *to = slot(row, base);
	long number;

	if (row->nullable && yaml_is_null(value))
		return;
	if (!yaml_int(value, &number) || (double)number < row->min || (double)number > row->max)
		problem_add(r, value, _("\"%s\" must be a whole number from %.0f to %.0f."),
		    row->key, row->min, row->max);
	else if (to != NULL)
		*to = (int)number;
}

/* Only checked; nobody stores a fraction. */
void
option_number(
    struct reading *r, const struct option *row, const struct yaml_node *value, void *base)
{
	double number;

	(void)base;
	if (row->nullable && yaml_is_null(value))
		return;
	if (!yaml_number(value, &number) || number < row->min || number > row->max)
		problem_add(r, value, _("\"%s\" must be a number from %g to %g."), row->key,
		    row->min, row->max);
}

void
option_enum(struct reading *r, const struct option *row, const struct yaml_node *value, void *base)
{
	int index = find_word(r, row, value);
	void *to = slot(row, base);

	if (index >= 0 && to != NULL)
		memcpy(to, &index, sizeof(index));
}

void
option_word(struct reading *r, const struct option *row, const struct yaml_node *value, void *base)
{
	bool null = row->nullable && yaml_is_null(value);
	char **to = slot(row, base);

	if ((null || find_word(r, row, value) >= 0) && to != NULL)
		xreplace(to, null ? NULL : value->text);
}

bool
option_is_map(struct reading *r, const char *key, const struct yaml_node *value)
{
	if (value->type == YAML_MAP)
		return true;
	problem_add(r, value, _("\"%s\" must be a map, lines of the form \"key: value\"."), key);
	return false;
}

bool
option_is_text(struct reading *r, const char *key, const struct yaml_node *value)
{
	double number;
	bool answer;

	if (value->type == YAML_SCALAR &&
	    (yaml_bool(value, &answer) || yaml_number(value, &number)))
		problem_add(r, value,
		    _("\"%s\" must be a text; what looks like a number, true or false needs "
		      "quotes."),
		    key);
	else if (value->type != YAML_SCALAR || value->text[0] == '\0' || yaml_is_null(value))
		problem_add(r, value, _("\"%s\" must be a text that is not empty."), key);
	else
		return true;
	return false;
}

void
option_text(struct reading *r, const struct option *row, const struct yaml_node *value, void *base)
{
	bool null = row->nullable && yaml_is_null(value);
	char **to = slot(row, base);

	if ((null || option_is_text(r, row->key, value)) && to != NULL)
		xreplace(to, null ? NULL : value->text);
}

void
argv_list_done(argv_list *list)
{
	for (size_t i = 0; i < list->len; i++)
		free(list->items[i]);
	array_done(list);
}

/*
 * In a command a number is taken as it is written: [sleep, 5] leaves no doubt.
 * What is only checked goes to a server as it is, where 5 is not "5".
 */
static bool
is_item(const struct yaml_node *item, bool for_command)
{
	double number;
	bool answer;

	if (item->type != YAML_SCALAR || yaml_is_null(item))
		return false;
	return for_command || (!yaml_bool(item, &answer) && !yaml_number(item, &number));
}

void
option_texts(struct reading *r, const struct option *row, const struct yaml_node *value, void *base)
{
	argv_list *list = slot(row, base);

	if (row->nullable && yaml_is_null(value))
		return;
	if (value->type != YAML_LIST || value->items.len == 0) {
		problem_add(r, value, _("\"%s\" must be a list of at least one text, like [a, b]."),
		    row->key);
		return;
	}
	if (list != NULL)
		argv_list_done(list);
	for (size_t i = 0; i < value->items.len; i++) {
		const struct yaml_node *item = value->items.items[i];

		if (!is_item(item, list != NULL))
			problem_add(r, item,
			    _("Each item of \"%s\" must be a text; what looks like a number, true "
			      "or "
			      "false needs quotes."),
			    row->key);
		else if (list != NULL)
			array_push(list, xstrdup(item->text));
	}
}

void
option_map(struct reading *r, const struct option *row, const struct yaml_node *value, void *base)
{
	if (row->nullable && yaml_is_null(value))
		return;
	if (option_is_map(r, row->key, value))
		options_read(r, row->table, value, slot(row, base));
}

void
option_any_map(
    struct reading *r, const struct option *row, const struct yaml_node *value, void *base)
{
	(void)base;
	if (!row->nullable || !yaml_is_null(value))
		option_is_map(r, row->key, value);
}

/* Whether the file is there is found out when the theme is loaded. */
static void
read_theme(struct reading *r, const struct option *row, const struct yaml_node *value, void *base)
{
	if (!option_is_text(r, row->key, value))
		return;
	if (value->text[0] == '.' || strpbrk(value->text, "/\\ \t\n") != NULL ||
	    strlen(value->text) > MAX_WORD)
		problem_add(r, value,
		    _("\"%s\" must be auto, dark, light, none, or the name of a file in themes/, "
		      "without a folder."),
		    row->key);
	else
		xreplace(slot(row, base), value->text);
}

static void
read_language(
    struct reading *r, const struct option *row, const struct yaml_node *value, void *base)
{
	static const char allowed[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
				      "0123456789_-.@";

	if (yaml_is_null(value)) {
		xreplace(slot(row, base), NULL);
		return;
	}
	if (!option_is_text(r, row->key, value))
		return;
	if (value->text[strspn(value->text, allowed)] != '\0')
		problem_add(
		    r, value, _("\"%s\" must be a language like fr or pt_BR, or null."), row->key);
	else
		xreplace(slot(row, base), value->text);
}
