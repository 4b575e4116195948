/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include "ui/theme.h"

#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/error.h"
#include "base/i18n.h"
#include "base/mem.h"
#include "base/path.h"
#include "profile/profile.h"
#include "profile/yaml.h"

/* A theme somebody wrote: a map of styles over one of the built-in themes. */

#define MAX_FILE (64 << 10)

static const char *const colours[] = {
    "black", "red", "green", "yellow", "blue", "magenta", "cyan", "white"};

static const struct {
	const char *name;
	unsigned attribute;
} attributes[] = {
    {"bold", LOOK_BOLD},
    {"dim", LOOK_DIM},
    {"italic", LOOK_ITALIC},
    {"underline", LOOK_UNDERLINE},
    {"reverse", LOOK_REVERSE},
    {"strike", LOOK_STRIKE},
};

/* A theme being read; the first problem ends it. */
struct reading {
	const char *file;
	struct theme *theme;
	struct error *err;
};

static bool
problem(struct reading *r, const struct yaml_node *node, const char *what)
{
	return error_set(
	    r->err, ERR_CONFIG, "%s:%d:%d: %s", r->file, node->line, node->column, what);
}

static bool
read_colour(struct reading *r, const struct yaml_node *node, int *colour)
{
	long number;

	if (node->type == YAML_SCALAR && strcmp(node->text, "default") == 0) {
		*colour = -1;
		return true;
	}
	for (int i = 0; node->type == YAML_SCALAR && i < 8; i++) {
		if (strcmp(node->text, colours[i]) == 0) {
			*colour = i;
			return true;
		}
	}
	if (!yaml_int(node, &number) || number < 0 || number > 255)
		return problem(r, node,
		    _("A colour is default, black, red, green, yellow, blue, magenta, cyan, "
		      "white, or a number from 0 to 255."));
	*colour = (int)number;
	return true;
}

static bool
read_attribute(struct reading *r, const struct yaml_node *node, unsigned *set)
{
	for (size_t i = 0;
	     node->type == YAML_SCALAR && i < sizeof(attributes) / sizeof(attributes[0]); i++) {
		if (strcmp(node->text, attributes[i].name) == 0) {
			*set |= attributes[i].attribute;
			return true;
		}
	}
	return problem(
	    r, node, _("An attribute is bold, dim, italic, underline, reverse or strike."));
}

static bool
read_look(struct reading *r, const struct yaml_node *node, struct look *look)
{
	bool good = node->type == YAML_MAP ||
		    problem(r, node, _("A style is a map with fg, bg and attributes."));

	for (size_t i = 0; good && i < node->items.len; i++) {
		const struct yaml_node *key = node->keys.items[i], *value = node->items.items[i];

		if (strcmp(key->text, "fg") == 0) {
			good = read_colour(r, value, &look->fg);
		} else if (strcmp(key->text, "bg") == 0) {
			good = read_colour(r, value, &look->bg);
		} else if (strcmp(key->text, "attributes") == 0 && value->type == YAML_LIST) {
			look->attributes = 0;
			for (size_t a = 0; good && a < value->items.len; a++)
				good = read_attribute(r, value->items.items[a], &look->attributes);
		} else {
			good = problem(r, key, _("A style has fg, bg, and a list of attributes."));
		}
	}
	return good;
}

static bool
unknown_style(struct reading *r, const struct yaml_node *key)
{
	const char *names[STYLE_COUNT], *near;
	char *text;

	for (int i = 0; i < STYLE_COUNT; i++)
		names[i] = style_name((enum style)i);
	near = nearest_name(key->text, names, STYLE_COUNT);
	text = near != NULL
		   ? xasprintf(_("There is no style \"%s\". Did you mean \"%s\"?"), key->text, near)
		   : xasprintf(_("There is no style \"%s\"."), key->text);
	problem(r, key, text);
	free(text);
	return false;
}

static bool
read_theme(struct reading *r, const struct yaml_node *root)
{
	const struct yaml_node *base;
	enum style style;

	if (root->type != YAML_MAP)
		return problem(r, root, _("A theme is a map of styles."));
	base = yaml_get(root, "base");
	if (base != NULL && (base->type != YAML_SCALAR || !theme_find(base->text, r->theme)))
		return problem(r, base, _("base is auto, dark, light or none."));
	for (size_t i = 0; i < root->items.len; i++) {
		const struct yaml_node *key = root->keys.items[i];

		if (strcmp(key->text, "base") == 0)
			continue;
		if (!style_find(key->text, &style))
			return unknown_style(r, key);
		if (!read_look(r, root->items.items[i], &r->theme->looks[style]))
			return false;
	}
	return true;
}

bool
theme_load(const char *name, struct theme *theme, struct error *err)
{
	char *relative, *path;
	struct yaml_node *root = NULL;
	struct buf text;
	bool good;

	if (theme_find(name, theme))
		return true;
	theme_find("auto", theme);
	relative = xasprintf("themes/%s%s", name, strchr(name, '.') != NULL ? "" : ".yaml");
	path = path_config(relative);
	buf_init(&text, 0);
	good = path_read(path, MAX_FILE, &text, err);
	if (!good)
		err->kind = ERR_CONFIG;
	if (good) {
		struct reading reading = {path, theme, err};

		root = yaml_parse(path, text.data, text.len, err);
		good = root != NULL && read_theme(&reading, root);
	}
	yaml_node_free(root);
	buf_done(&text);
	free(path);
	free(relative);
	return good;
}
