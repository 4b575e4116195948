/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include "profile/yaml.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include <yaml.h>

#include "base/buf.h"
#include "base/error.h"
#include "base/i18n.h"
#include "base/log.h"
#include "base/mem.h"

struct reading {
	const char *file;
	const char *bytes;
	size_t len;
	yaml_parser_t parser;
	struct buf duplicates; /* a problem a line; reading goes on after them */
	struct error *err;
};

static struct yaml_node *read_node(struct reading *, yaml_event_t *, int depth);

static bool
refuse(struct reading *r, const yaml_mark_t *mark, const char *sentence)
{
	return error_set(r->err, ERR_CONFIG, "%s:%zu:%zu: %s", r->file, mark->line + 1,
	    mark->column + 1, sentence);
}

/* What libyaml's reader complains about has an offset in bytes, but no line. */
static yaml_mark_t
mark_of_offset(const struct reading *r, size_t offset)
{
	yaml_mark_t mark = {.index = offset};

	for (size_t i = 0; i < offset && i < r->len; i++) {
		if (r->bytes[i] == '\n') {
			mark.line++;
			mark.column = 0;
		} else if (((unsigned char)r->bytes[i] & 0xc0) != 0x80) {
			mark.column++;
		}
	}
	return mark;
}

static bool
refuse_syntax(struct reading *r)
{
	const yaml_parser_t *p = &r->parser;
	const char *problem = p->problem != NULL ? p->problem : "";
	yaml_mark_t mark;
	char *sentence;

	if (p->error == YAML_MEMORY_ERROR)
		fatal(_("Out of memory."));
	if (p->error == YAML_READER_ERROR) {
		mark = mark_of_offset(r, p->problem_offset);
		return refuse(r, &mark,
		    _("This byte is not text in UTF-8; expected UTF-8 without control "
		      "characters."));
	}
	if (p->error == YAML_SCANNER_ERROR && p->problem_mark.index == p->mark.index &&
	    p->buffer.pointer < p->buffer.last && *p->buffer.pointer == '\t')
		return refuse(
		    r, &p->problem_mark, _("YAML does not allow a tab here; expected spaces."));
	sentence = xasprintf(_("This is not valid YAML: %s."), problem);
	refuse(r, &p->problem_mark, sentence);
	free(sentence);
	return false;
}

/* libyaml's names begin like ours; only yaml_parser_* and yaml_event_delete are its. */
static bool
next(struct reading *r, yaml_event_t *event)
{
	if (!yaml_parser_parse(&r->parser, event))
		return refuse_syntax(r);
	return true;
}

/* The copy libyaml made of a scalar may be a key. */
static void
delete_event(yaml_event_t *event)
{
	if (event->type == YAML_SCALAR_EVENT)
		explicit_bzero(event->data.scalar.value, event->data.scalar.length);
	yaml_event_delete(event);
}

static struct yaml_node *
new_node(enum yaml_type type, const yaml_event_t *event)
{
	struct yaml_node *node = xcalloc(1, sizeof(*node));

	node->type = type;
	node->line = (int)event->start_mark.line + 1;
	node->column = (int)event->start_mark.column + 1;
	return node;
}

static struct yaml_node *
read_scalar(struct reading *r, const yaml_event_t *event)
{
	const char *text = (const char *)event->data.scalar.value;
	size_t len = event->data.scalar.length;
	struct yaml_node *node;

	if (memchr(text, '\0', len) != NULL) {
		refuse(r, &event->start_mark, _("A text here cannot hold a NUL character."));
		return NULL;
	}
	node = new_node(YAML_SCALAR, event);
	node->text = xstrndup(text, len);
	node->plain = event->data.scalar.style == YAML_PLAIN_SCALAR_STYLE;
	return node;
}

static struct yaml_node *
read_list(struct reading *r, const yaml_event_t *start, int depth)
{
	struct yaml_node *list = new_node(YAML_LIST, start), *item;
	yaml_event_t event;

	while (next(r, &event)) {
		if (event.type == YAML_SEQUENCE_END_EVENT) {
			yaml_event_delete(&event);
			return list;
		}
		item = read_node(r, &event, depth + 1);
		if (item == NULL)
			break;
		array_push(&list->items, item);
	}
	yaml_node_free(list);
	return NULL;
}

static int
compare_keys(const void *a, const void *b)
{
	const struct yaml_node *x = *(struct yaml_node *const *)a;
	const struct yaml_node *y = *(struct yaml_node *const *)b;
	int order = strcmp(x->text, y->text);

	if (order != 0)
		return order;
	return x->line != y->line ? x->line - y->line : x->column - y->column;
}

/* Sorted, so that a map of thousands of keys costs no more than it must. */
static void
find_duplicates(struct reading *r, const struct yaml_node *map)
{
	size_t len = map->keys.len;
	struct yaml_node **sorted;

	if (len < 2)
		return;
	sorted = xreallocarray(NULL, len, sizeof(struct yaml_node *));
	memcpy(sorted, map->keys.items, len * sizeof(struct yaml_node *));
	qsort(sorted, len, sizeof(struct yaml_node *), compare_keys);
	for (size_t i = 1; i < len; i++) {
		if (strcmp(sorted[i - 1]->text, sorted[i]->text) != 0)
			continue;
		buf_printf(&r->duplicates, "%s%s:%d:%d: ", r->duplicates.len > 0 ? "\n" : "",
		    r->file, sorted[i]->line, sorted[i]->column);
		buf_printf(&r->duplicates,
		    _("This key was already given in line %d; expected each key once."),
		    sorted[i - 1]->line);
	}
	free(sorted);
}

static bool
read_pair(struct reading *r, struct yaml_node *map, yaml_event_t *event, int depth)
{
	struct yaml_node *key, *value;

	if (event->type == YAML_SEQUENCE_START_EVENT || event->type == YAML_MAPPING_START_EVENT) {
		refuse(r, &event->start_mark, _("A key must be a text, not a list or a map."));
		yaml_event_delete(event);
		return false;
	}
	key = read_node(r, event, depth + 1);
	if (key == NULL)
		return false;
	array_push(&map->keys, key);
	if (!next(r, event))
		return false;
	value = read_node(r, event, depth + 1);
	if (value == NULL)
		return false;
	array_push(&map->items, value);
	return true;
}

static struct yaml_node *
read_map(struct reading *r, const yaml_event_t *start, int depth)
{
	struct yaml_node *map = new_node(YAML_MAP, start);
	yaml_event_t event;

	while (next(r, &event)) {
		if (event.type == YAML_MAPPING_END_EVENT) {
			yaml_event_delete(&event);
			find_duplicates(r, map);
			return map;
		}
		if (!read_pair(r, map, &event, depth))
			break;
	}
	yaml_node_free(map);
	return NULL;
}

/* The anchor or the tag of an event that starts a node; both may be NULL. */
static void
get_properties(const yaml_event_t *event, const yaml_char_t **anchor, const yaml_char_t **tag)
{
	*anchor = *tag = NULL;
	if (event->type == YAML_SCALAR_EVENT) {
		*anchor = event->data.scalar.anchor;
		*tag = event->data.scalar.tag;
	} else if (event->type == YAML_SEQUENCE_START_EVENT) {
		*anchor = event->data.sequence_start.anchor;
		*tag = event->data.sequence_start.tag;
	} else if (event->type == YAML_MAPPING_START_EVENT) {
		*anchor = event->data.mapping_start.anchor;
		*tag = event->data.mapping_start.tag;
	}
}

static bool
check_start(struct reading *r, const yaml_event_t *event, int depth)
{
	const yaml_char_t *anchor, *tag;
	char *sentence;

	get_properties(event, &anchor, &tag);
	if (event->type == YAML_ALIAS_EVENT || anchor != NULL)
		return refuse(r, &event->start_mark,
		    _("Anchors (&) and aliases (*) are not used here; expected the value itself. A "
		      "text that begins so needs quotes."));
	if (tag != NULL)
		return refuse(r, &event->start_mark,
		    _("Tags (!) are not used here; expected the value itself. A text that begins "
		      "so "
		      "needs quotes."));
	if (depth > YAML_MAX_DEPTH) {
		sentence = xasprintf(
		    _("This is nested too deep; expected at most %d levels."), YAML_MAX_DEPTH);
		refuse(r, &event->start_mark, sentence);
		free(sentence);
		return false;
	}
	return true;
}

/* Takes the event over. */
static struct yaml_node *
read_node(struct reading *r, yaml_event_t *event, int depth)
{
	struct yaml_node *node = NULL;

	if (check_start(r, event, depth)) {
		if (event->type == YAML_SCALAR_EVENT)
			node = read_scalar(r, event);
		else if (event->type == YAML_SEQUENCE_START_EVENT)
			node = read_list(r, event, depth);
		else
			node = read_map(r, event, depth);
	}
	delete_event(event);
	return node;
}

static struct yaml_node *
empty_map(void)
{
	struct yaml_node *map = xcalloc(1, sizeof(*map));

	map->type = YAML_MAP;
	map->line = map->column = 1;
	return map;
}

/* The document of the stream; a stream has none or, here, one. */
static struct yaml_node *
read_stream(struct reading *r)
{
	struct yaml_node *root = NULL;
	yaml_event_t event;
	yaml_event_type_t type;

	while (next(r, &event)) {
		type = event.type;
		if (type == YAML_DOCUMENT_START_EVENT && root != NULL) {
			refuse(r, &event.start_mark,
			    _("A second document begins here; expected one only."));
			yaml_event_delete(&event);
			break;
		}
		if (type == YAML_STREAM_START_EVENT || type == YAML_DOCUMENT_START_EVENT ||
		    type == YAML_DOCUMENT_END_EVENT || type == YAML_STREAM_END_EVENT) {
			yaml_event_delete(&event);
			if (type == YAML_STREAM_END_EVENT)
				return root != NULL ? root : empty_map();
			continue;
		}
		root = read_node(r, &event, 1);
		if (root == NULL)
			return NULL;
	}
	yaml_node_free(root);
	return NULL;
}

/* The parser's own buffers hold the file as well. */
static void
delete_parser(yaml_parser_t *p)
{
	explicit_bzero(p->raw_buffer.start, (size_t)(p->raw_buffer.end - p->raw_buffer.start));
	explicit_bzero(p->buffer.start, (size_t)(p->buffer.end - p->buffer.start));
	yaml_parser_delete(p);
}

struct yaml_node *
yaml_parse(const char *file, const char *bytes, size_t len, struct error *err)
{
	struct reading r = {
	    .file = file, .bytes = bytes, .len = len, .duplicates = BUF_EMPTY, .err = err};
	struct yaml_node *root;

	if (len > YAML_MAX_BYTES) {
		error_set(err, ERR_CONFIG,
		    _("%s:1:1: The file has %zu bytes; expected at most %d."), file, len,
		    YAML_MAX_BYTES);
		return NULL;
	}
	if (!yaml_parser_initialize(&r.parser))
		fatal(_("Out of memory."));
	yaml_parser_set_encoding(&r.parser, YAML_UTF8_ENCODING);
	yaml_parser_set_input_string(&r.parser, (const unsigned char *)bytes, len);
	root = read_stream(&r);
	if (root != NULL && r.duplicates.len > 0) {
		error_set(err, ERR_CONFIG, "%s", r.duplicates.data);
		yaml_node_free(root);
		root = NULL;
	}
	delete_parser(&r.parser);
	buf_done(&r.duplicates);
	return root;
}

void
yaml_node_free(struct yaml_node *node)
{
	if (node == NULL)
		return;
	for (size_t i = 0; i < node->keys.len; i++)
		yaml_node_free(node->keys.items[i]);
	for (size_t i = 0; i < node->items.len; i++)
		yaml_node_free(node->items.items[i]);
	array_done(&node->keys);
	array_done(&node->items);
	if (node->text != NULL)
		explicit_bzero(node->text, strlen(node->text));
	free(node->text);
	free(node);
}

const struct yaml_node *
yaml_get(const struct yaml_node *map, const char *key)
{
	for (size_t i = 0; i < map->keys.len; i++)
		if (strcmp(map->keys.items[i]->text, key) == 0)
			return map->items.items[i];
	return NULL;
}

static bool
plain_is(const struct yaml_node *node, const char *const words[], size_t count)
{
	if (node->type != YAML_SCALAR || !node->plain)
		return false;
	for (size_t i = 0; i < count; i++)
		if (strcmp(node->text, words[i]) == 0)
			return true;
	return false;
}

bool
yaml_is_null(const struct yaml_node *node)
{
	static const char *const words[] = {"", "~", "null", "Null", "NULL"};

	return plain_is(node, words, 5);
}

bool
yaml_bool(const struct yaml_node *node, bool *value)
{
	static const char *const words[] = {"true", "True", "TRUE", "false", "False", "FALSE"};

	if (!plain_is(node, words, 6))
		return false;
	*value = node->text[0] == 't' || node->text[0] == 'T';
	return true;
}

/* The digits of an integer, and its base; NULL if it has not the form of one. */
static const char *
integer_digits(const char *text, int *base)
{
	static const struct {
		const char *prefix, *digits;
		int base;
	} forms[] = {
	    {"0x", "0123456789abcdefABCDEF", 16},
	    {"0o", "01234567", 8},
	    {"+", "0123456789", 10},
	    {"-", "0123456789", 10},
	    {"", "0123456789", 10},
	};

	for (size_t i = 0; i < sizeof(forms) / sizeof(forms[0]); i++) {
		size_t skip = strlen(forms[i].prefix);

		if (strncmp(text, forms[i].prefix, skip) != 0)
			continue;
		*base = forms[i].base;
		text += skip;
		return text[0] != '\0' && text[strspn(text, forms[i].digits)] == '\0' ? text : NULL;
	}
	return NULL;
}

bool
yaml_int(const struct yaml_node *node, long *value)
{
	const char *digits;
	int base;

	if (node->type != YAML_SCALAR || !node->plain)
		return false;
	digits = integer_digits(node->text, &base);
	if (digits == NULL)
		return false;
	errno = 0;
	*value = strtol(base == 10 ? node->text : digits, NULL, base);
	return errno == 0;
}

/* [-+]? ( \. [0-9]+ | [0-9]+ ( \. [0-9]* )? ) ( [eE] [-+]? [0-9]+ )? */
static bool
has_number_form(const char *text)
{
	static const char digits[] = "0123456789";
	size_t before, after = 0;

	text += *text == '-' || *text == '+';
	before = strspn(text, digits);
	text += before;
	if (*text == '.') {
		after = strspn(text + 1, digits);
		text += 1 + after;
	}
	if (before + after == 0)
		return false;
	if (*text == 'e' || *text == 'E') {
		text++;
		text += *text == '-' || *text == '+';
		before = strspn(text, digits);
		text += before;
		return before > 0 && *text == '\0';
	}
	return *text == '\0';
}

bool
yaml_number(const struct yaml_node *node, double *value)
{
	long integer;

	if (yaml_int(node, &integer)) {
		*value = (double)integer;
		return true;
	}
	if (node->type != YAML_SCALAR || !node->plain || !has_number_form(node->text))
		return false;
	*value = strtod(node->text, NULL);
	return isfinite(*value);
}

/*
 * A number as JSON writes it: no '+', no needless zeros in front, digits on both
 * sides of the point. The digits themselves stay as they were written.
 */
static void
number_to_json(const char *text, struct buf *out)
{
	const char *fraction;

	if (*text == '-')
		buf_putc(out, '-');
	text += *text == '-' || *text == '+';
	while (text[0] == '0' && text[1] >= '0' && text[1] <= '9')
		text++;
	if (*text == '.')
		buf_putc(out, '0');
	fraction = strchr(text, '.');
	if (fraction == NULL) {
		buf_puts(out, text);
		return;
	}
	buf_add(out, text, (size_t)(fraction - text) + 1);
	if (fraction[1] < '0' || fraction[1] > '9')
		buf_putc(out, '0');
	buf_puts(out, fraction + 1);
}

static void
scalar_to_json(const struct yaml_node *node, struct buf *out)
{
	const char *digits;
	double number;
	long integer;
	bool value;
	int base;

	if (yaml_is_null(node)) {
		buf_puts(out, "null");
		return;
	}
	if (yaml_bool(node, &value)) {
		buf_puts(out, value ? "true" : "false");
		return;
	}
	digits = node->plain ? integer_digits(node->text, &base) : NULL;
	if (digits != NULL && base != 10 && yaml_int(node, &integer))
		buf_printf(out, "%ld", integer);
	else if (yaml_number(node, &number) && has_number_form(node->text))
		number_to_json(node->text, out);
	else
		buf_put_json(out, node->text, strlen(node->text));
}

void
yaml_to_json(const struct yaml_node *node, struct buf *out)
{
	bool map = node->type == YAML_MAP;

	if (node->type == YAML_SCALAR) {
		scalar_to_json(node, out);
		return;
	}
	buf_putc(out, map ? '{' : '[');
	for (size_t i = 0; i < node->items.len; i++) {
		if (i > 0)
			buf_putc(out, ',');
		if (map) {
			buf_put_json(
			    out, node->keys.items[i]->text, strlen(node->keys.items[i]->text));
			buf_putc(out, ':');
		}
		yaml_to_json(node->items.items[i], out);
	}
	buf_putc(out, map ? '}' : ']');
}
