/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include "text/markdown.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include <md4c.h>

#include "base/i18n.h"
#include "base/mem.h"
#include "base/sanitize.h"
#include "base/utf8.h"
#include "text/entity.h"
#include "text/hidden.h"
#include "text/markdown-parts.h"

/* Lists and quotes deeper than this are shown, but not indented further. */
#define DEPTH_MAX 8

/* Columns of a target that cannot be opened (data:, javascript:); the rest is left out. */
#define TARGET_MAX 120

#define NONE SIZE_MAX

struct list {
	bool ordered;
	bool tight;
	char delimiter;	    /* of an ordered list: . or ) */
	size_t items;	    /* so far */
	unsigned long next; /* the number of the next item */
};

enum container_type { CONTAINER_QUOTE, CONTAINER_ITEM };

/* What encloses blocks and stands at their left. */
struct container {
	enum container_type type;
	size_t parent;	    /* the container it stands in, or NONE */
	size_t first_block; /* NONE until it has one */
	size_t list;	    /* item: its list, and what it is there */
	unsigned long number;
	bool first_item;
	bool task, done;
};

/* A link or an image being read. */
struct anchor {
	size_t start; /* where its text begins */
	int number;   /* 0: none that can be opened */
	bool image;
	char *target;
};

struct state {
	struct markdown *md;
	enum style base;
	size_t cells_max;
	size_t cells;
	/* All of this parse; blocks refer to them by index. */
	ARRAY(struct container) containers;
	ARRAY(struct list) lists;
	size_t first_block;
	ARRAY(size_t) homes; /* the innermost container of each block, or NONE */
	/* Where the parser is. */
	ARRAY(size_t) open;
	ARRAY(size_t) open_lists;
	ARRAY(struct anchor) anchors;
	bool in_block; /* text belongs to the last block */
	bool in_header;
	int quotes;
	int spans[MD_SPAN_U + 1]; /* how many of each are open */
};

void
markdown_init(struct markdown *md)
{
	*md = (struct markdown){0};
}

static void
block_done(struct block *block)
{
	text_done(&block->first);
	text_done(&block->rest);
	text_done(&block->gap);
	text_done(&block->text);
	free(block->language);
	array_done(&block->aligns);
	for (size_t i = 0; i < block->cells.len; i++)
		text_done(&block->cells.items[i]);
	array_done(&block->cells);
}

void
markdown_cut(struct markdown *md, size_t blocks, size_t links, size_t codes)
{
	while (md->blocks.len > blocks)
		block_done(&md->blocks.items[--md->blocks.len]);
	while (md->links.len > links)
		free(md->links.items[--md->links.len]);
	while (md->codes.len > codes)
		free(md->codes.items[--md->codes.len]);
}

void
markdown_done(struct markdown *md)
{
	markdown_cut(md, 0, 0, 0);
	array_done(&md->blocks);
	array_done(&md->links);
	array_done(&md->codes);
}

static struct block *
last_block(struct state *state)
{
	return &state->md->blocks.items[state->md->blocks.len - 1];
}

static size_t
innermost(const struct state *state)
{
	return state->open.len > 0 ? state->open.items[state->open.len - 1] : NONE;
}

/*
 * A block follows the one before without a blank row if it is the next block
 * of a tight item, or opens an item of a tight list; if it opens the list, its
 * surroundings decide in the same way.
 */
static bool
is_tight(const struct state *state, size_t block)
{
	size_t at = innermost(state);

	while (at != NONE) {
		const struct container *c = &state->containers.items[at];

		if (c->type == CONTAINER_ITEM && (c->first_block != block || !c->first_item))
			return state->lists.items[c->list].tight;
		if (c->type == CONTAINER_QUOTE && c->first_block != block)
			return false;
		at = c->parent;
	}
	return false;
}

/* md4c 0.4.8 does not always leave every span it entered. */
static void
forget_spans(struct state *state)
{
	while (state->anchors.len > 0)
		free(state->anchors.items[--state->anchors.len].target);
	memset(state->spans, 0, sizeof(state->spans));
}

static struct block *
add_block(struct state *state, enum block_type type)
{
	struct block block = {.type = type};
	size_t index = state->md->blocks.len;

	/* Who has a block already has ancestors that have. */
	for (size_t i = state->open.len; i-- > 0;) {
		struct container *c = &state->containers.items[state->open.items[i]];

		if (c->first_block != NONE)
			break;
		c->first_block = index;
	}
	forget_spans(state);
	text_init(&block.first);
	text_init(&block.rest);
	text_init(&block.gap);
	text_init(&block.text);
	block.tight = is_tight(state, index);
	array_push(&state->md->blocks, block);
	array_push(&state->homes, innermost(state));
	state->in_block = true;
	return last_block(state);
}

/* Where text goes; the text of a tight list's item has no block around it yet. */
static struct text *
current_text(struct state *state)
{
	struct block *block =
	    state->in_block ? last_block(state) : add_block(state, BLOCK_PARAGRAPH);

	if (block->type == BLOCK_TABLE && block->cells.len > 0)
		return &block->cells.items[block->cells.len - 1];
	return &block->text;
}

static int
current_link(const struct state *state)
{
	for (size_t i = state->anchors.len; i-- > 0;)
		if (!state->anchors.items[i].image)
			return state->anchors.items[i].number;
	return 0;
}

static enum style
plain_style(const struct state *state)
{
	return state->quotes > 0 && state->base == STYLE_NORMAL ? STYLE_QUOTE : state->base;
}

/* A cell of the screen has one style, so the one that says most wins. */
static enum style
current_style(const struct state *state)
{
	const struct block *block = &state->md->blocks.items[state->md->blocks.len - 1];

	if (block->type == BLOCK_CODE)
		return STYLE_CODE_BLOCK;
	if (state->spans[MD_SPAN_CODE] > 0)
		return STYLE_CODE;
	if (current_link(state) > 0)
		return STYLE_LINK;
	if (state->spans[MD_SPAN_DEL] > 0)
		return STYLE_STRIKE;
	if (block->type == BLOCK_HEADING)
		return STYLE_HEADING;
	if (state->spans[MD_SPAN_STRONG] > 0 || state->in_header)
		return STYLE_STRONG;
	if (state->spans[MD_SPAN_EM] > 0)
		return STYLE_EMPHASIS;
	return plain_style(state);
}

static void
add_revealed(struct text *to, const char *text, size_t len, enum style style, int link)
{
	for (size_t i = 0; i < len;) {
		size_t run = hidden_find(text + i, len - i);

		text_add_link(to, text + i, run, style, link);
		for (i += run; hidden_at(text + i, len - i); i += HIDDEN_SIZE) {
			char c = hidden_char(text + i);

			text_add_link(
			    to, &c, 1, hidden_is_mark(text + i) ? STYLE_MARK : style, link);
		}
	}
}

/* The bytes at the front that are nothing by themselves, such as combining marks. */
static size_t
loose_marks(const char *text, size_t len)
{
	size_t at = 0, used;

	while (at < len && (unsigned char)text[at] >= 0x80 && !hidden_at(text + at, len - at)) {
		utf8_decode(text + at, len - at, &used);
		if (sanitize_is_clean(text + at, used, SANITIZE_TEXT))
			break;
		at += used;
	}
	return at;
}

static void
put(struct state *state, const char *text, size_t len)
{
	struct text *to = current_text(state);
	enum style style = current_style(state);
	int link = current_link(state);
	struct buf visible = BUF_EMPTY;
	/* Marks whose base was markup would sit on what stands to their left. */
	size_t loose = loose_marks(text, len);

	sanitize(&visible, text, loose, SANITIZE_HIDE);
	add_revealed(to, visible.data, visible.len, style, link);
	add_revealed(to, text + loose, len - loose, style, link);
	buf_done(&visible);
}

static void
put_string(struct state *state, const char *text)
{
	put(state, text, strlen(text));
}

void
markdown_decode_entity(struct buf *out, const char *entity, size_t len)
{
	char text[8];
	size_t n = entity_decode(entity, len, text);

	if (n == 0)
		buf_add(out, entity, len);
	else if (n == 1 && (text[0] == '\n' || text[0] == '\t'))
		buf_putc(out, ' ');
	else
		sanitize(out, text, n, SANITIZE_HIDE);
}

static void
put_entity(struct state *state, const char *entity, size_t len)
{
	struct buf text = BUF_EMPTY;

	markdown_decode_entity(&text, entity, len);
	put(state, text.data, text.len);
	buf_done(&text);
}

char *
markdown_attribute(const struct MD_ATTRIBUTE *from)
{
	struct buf hidden = BUF_EMPTY, out = BUF_EMPTY;
	size_t i = 0;

	for (size_t k = 0; i < from->size; k++) {
		size_t end = from->substr_offsets[k + 1];

		if (from->substr_types[k] == MD_TEXT_ENTITY)
			markdown_decode_entity(&hidden, from->text + i, end - i);
		else
			buf_add(&hidden, from->text + i, end - i);
		i = end;
	}
	for (i = 0; i < hidden.len;) {
		size_t run = hidden_find(hidden.data + i, hidden.len - i);

		sanitize(&out, hidden.data + i, run, SANITIZE_LINE);
		for (i += run; hidden_at(hidden.data + i, hidden.len - i); i += HIDDEN_SIZE)
			buf_putc(&out, hidden_char(hidden.data + i));
	}
	buf_done(&hidden);
	return buf_take(&out);
}

bool
markdown_can_open(const char *target)
{
	static const char *const schemes[] = {"http://", "https://", "mailto:"};

	for (size_t i = 0; i < sizeof(schemes) / sizeof(schemes[0]); i++)
		if (strncasecmp(target, schemes[i], strlen(schemes[i])) == 0)
			return true;
	return false;
}

/* Whether the text of a link is its target, with or without the scheme. */
static bool
is_target(const char *text, size_t len, const char *target)
{
	static const char *const schemes[] = {"", "http://", "https://", "mailto:"};
	size_t skip, left;

	for (size_t i = 0; i < sizeof(schemes) / sizeof(schemes[0]); i++) {
		skip = strlen(schemes[i]);
		if (strncasecmp(target, schemes[i], skip) != 0)
			continue;
		left = strlen(target + skip);
		if (left == len && memcmp(text, target + skip, len) == 0)
			return true;
	}
	return false;
}

static void
open_anchor(struct state *state, const MD_ATTRIBUTE *target, bool image)
{
	struct anchor anchor = {.start = current_text(state)->bytes.len,
	    .image = image,
	    .target = markdown_attribute(target)};

	if (markdown_can_open(anchor.target)) {
		array_push(&state->md->links, xstrdup(anchor.target));
		anchor.number = (int)state->md->links.len;
	}
	array_push(&state->anchors, anchor);
	if (image) {
		put_string(state, "[");
		/* TRANSLATORS: stands before the description of an image that is not drawn. */
		put_string(state, _("image:"));
		put_string(state, " ");
	}
}

/* Shows the target behind the text, so that nobody is sent where he did not expect. */
static void
put_target(struct state *state, const struct anchor *anchor)
{
	struct text *text = current_text(state);
	enum style style = anchor->number > 0 ? STYLE_URL : current_style(state);
	size_t len = strlen(anchor->target), shown = len;
	int width;

	if (anchor->number == 0)
		shown = utf8_fit(anchor->target, len, TARGET_MAX, &width);
	if (text->bytes.len > anchor->start)
		text_add(text, " ", 1, plain_style(state));
	text_add_link(text, "<", 1, style, anchor->number);
	text_add_link(text, anchor->target, shown, style, anchor->number);
	text_add_link(text, shown < len ? "…>" : ">", shown < len ? 4 : 1, style, anchor->number);
}

static void
close_anchor(struct state *state)
{
	struct anchor *anchor = &state->anchors.items[state->anchors.len - 1];
	struct text *text;

	text = current_text(state);
	if (anchor->image) {
		text_trim(text); /* the description may be empty */
		put_string(state, "]");
	}
	if (anchor->target[0] != '\0' && !is_target(text->bytes.data + anchor->start,
					     text->bytes.len - anchor->start, anchor->target))
		put_target(state, anchor);
	free(anchor->target);
	state->anchors.len--;
}

static void
open_container(struct state *state, struct container container)
{
	size_t depth = state->open.len;

	/* Beyond the limit all stand beside one another in the deepest one that is indented. */
	if (depth >= DEPTH_MAX)
		depth = DEPTH_MAX - 1;
	container.parent = depth > 0 ? state->open.items[depth - 1] : NONE;
	container.first_block = NONE;
	array_push(&state->open, state->containers.len);
	array_push(&state->containers, container);
	state->in_block = false;
}

static void
close_container(struct state *state)
{
	/* An empty item is an item all the same. */
	if (state->containers.items[innermost(state)].first_block == NONE)
		add_block(state, BLOCK_PARAGRAPH);
	state->open.len--;
	state->in_block = false;
}

static void
open_list(struct state *state, struct list list)
{
	array_push(&state->open_lists, state->lists.len);
	array_push(&state->lists, list);
	state->in_block = false;
}

static void
open_item(struct state *state, const MD_BLOCK_LI_DETAIL *detail)
{
	size_t index = state->open_lists.items[state->open_lists.len - 1];
	struct list *list = &state->lists.items[index];

	open_container(state, (struct container){.type = CONTAINER_ITEM,
				  .list = index,
				  .number = list->next++,
				  .first_item = list->items++ == 0,
				  .task = detail->is_task,
				  .done = detail->is_task && detail->task_mark != ' '});
}

static bool
add_cell(struct state *state, const MD_BLOCK_TD_DETAIL *detail, bool header)
{
	static const enum cell_align aligns[] = {[MD_ALIGN_DEFAULT] = ALIGN_LEFT,
	    [MD_ALIGN_LEFT] = ALIGN_LEFT,
	    [MD_ALIGN_CENTER] = ALIGN_CENTER,
	    [MD_ALIGN_RIGHT] = ALIGN_RIGHT};
	struct block *block = last_block(state);
	struct text cell;

	if (state->cells++ >= state->cells_max)
		return false;
	if (header)
		array_push(&block->aligns, aligns[detail->align]);
	forget_spans(state);
	state->in_header = header;
	text_init(&cell);
	array_push(&block->cells, cell);
	return true;
}

static void
open_code(struct state *state, const MD_BLOCK_CODE_DETAIL *detail)
{
	struct block *block = add_block(state, BLOCK_CODE);

	if (detail->lang.size > 0)
		block->language = markdown_attribute(&detail->lang);
}

static void
close_code(struct state *state)
{
	struct block *block = last_block(state);
	struct text *text = &block->text;

	array_push(&state->md->codes, xstrndup(text->bytes.data, text->bytes.len));
	block->level = (int)state->md->codes.len;
	if (text->bytes.len > 0) {
		/* The last line's end would be one more line. */
		buf_truncate(&text->bytes, text->bytes.len - 1);
		if (--text->runs.items[text->runs.len - 1].len == 0)
			text->runs.len--;
	}
	state->in_block = false;
}

static int
enter_block(MD_BLOCKTYPE type, void *detail, void *arg)
{
	struct state *state = arg;

	switch (type) {
	case MD_BLOCK_QUOTE:
		open_container(state, (struct container){.type = CONTAINER_QUOTE});
		state->quotes++;
		break;
	case MD_BLOCK_UL:
		open_list(state, (struct list){.tight = ((MD_BLOCK_UL_DETAIL *)detail)->is_tight});
		break;
	case MD_BLOCK_OL: {
		const MD_BLOCK_OL_DETAIL *ol = detail;

		open_list(state, (struct list){.ordered = true,
				     .tight = ol->is_tight,
				     .delimiter = ol->mark_delimiter,
				     .next = ol->start});
		break;
	}
	case MD_BLOCK_LI:
		open_item(state, detail);
		break;
	case MD_BLOCK_HR:
		add_block(state, BLOCK_RULE);
		break;
	case MD_BLOCK_H:
		add_block(state, BLOCK_HEADING)->level = (int)((MD_BLOCK_H_DETAIL *)detail)->level;
		break;
	case MD_BLOCK_CODE:
		open_code(state, detail);
		break;
	case MD_BLOCK_P:
		add_block(state, BLOCK_PARAGRAPH);
		break;
	case MD_BLOCK_TABLE:
		add_block(state, BLOCK_TABLE);
		break;
	case MD_BLOCK_TH:
	case MD_BLOCK_TD:
		return !add_cell(state, detail, type == MD_BLOCK_TH);
	default:
		break;
	}
	return 0;
}

static int
leave_block(MD_BLOCKTYPE type, void *detail, void *arg)
{
	struct state *state = arg;

	(void)detail;
	switch (type) {
	case MD_BLOCK_QUOTE:
		close_container(state);
		state->quotes--;
		break;
	case MD_BLOCK_LI:
		close_container(state);
		break;
	case MD_BLOCK_UL:
	case MD_BLOCK_OL:
		state->open_lists.len--;
		state->in_block = false;
		break;
	case MD_BLOCK_CODE:
		close_code(state);
		break;
	case MD_BLOCK_TH:
		state->in_header = false;
		break;
	case MD_BLOCK_HR:
	case MD_BLOCK_H:
	case MD_BLOCK_P:
	case MD_BLOCK_TABLE:
		state->in_block = false;
		break;
	default:
		break;
	}
	return 0;
}

static int
enter_span(MD_SPANTYPE type, void *detail, void *arg)
{
	struct state *state = arg;

	current_text(state);
	if (type == MD_SPAN_A)
		open_anchor(state, &((MD_SPAN_A_DETAIL *)detail)->href, false);
	else if (type == MD_SPAN_IMG)
		open_anchor(state, &((MD_SPAN_IMG_DETAIL *)detail)->src, true);
	state->spans[type]++;
	/* Terminals seldom strike text out, and without it the meaning is the contrary. */
	if (type == MD_SPAN_DEL)
		put_string(state, "~~");
	return 0;
}

static int
leave_span(MD_SPANTYPE type, void *detail, void *arg)
{
	struct state *state = arg;

	(void)detail;
	/* Nor does it enter every span it leaves. */
	if (state->spans[type] == 0)
		return 0;
	if (type == MD_SPAN_DEL)
		put_string(state, "~~");
	state->spans[type]--;
	if (type == MD_SPAN_A || type == MD_SPAN_IMG)
		close_anchor(state);
	return 0;
}

static int
add_text(MD_TEXTTYPE type, const MD_CHAR *text, MD_SIZE size, void *arg)
{
	struct state *state = arg;

	if (type == MD_TEXT_BR || type == MD_TEXT_SOFTBR)
		put(state, "\n", 1);
	else if (type == MD_TEXT_ENTITY)
		put_entity(state, text, size);
	else
		put(state, text, size);
	return 0;
}

static int
digits(unsigned long number)
{
	int count = 1;

	for (; number >= 10; number /= 10)
		count++;
	return count;
}

/* "• ", " 9. ", "☐ ". */
static void
put_marker(struct buf *out, const struct list *list, const struct container *item)
{
	if (list->ordered) {
		buf_pad(out, ' ', (size_t)(digits(list->next - 1) - digits(item->number)));
		buf_printf(out, "%lu%c ", item->number, list->delimiter);
	}
	if (item->task)
		buf_puts(out, item->done ? "☑ " : "☐ ");
	else if (!list->ordered)
		buf_puts(out, "• ");
}

/* What a container puts before a row; first: the first row of the block. */
static void
put_prefix(const struct state *state, const struct container *c, bool first, struct text *out)
{
	struct buf marker = BUF_EMPTY;

	if (c->type == CONTAINER_QUOTE) {
		text_puts(out, "│ ", STYLE_QUOTE);
		return;
	}
	put_marker(&marker, &state->lists.items[c->list], c);
	if (first)
		text_add(out, marker.data, marker.len, STYLE_BULLET);
	else
		text_pad(out, utf8_width(marker.data, marker.len), STYLE_NORMAL);
	buf_done(&marker);
}

/* The containers of a block, the outermost first; returns their number. */
static size_t
chain_of(const struct state *state, size_t block, size_t chain[DEPTH_MAX])
{
	size_t len = 0, c = state->homes.items[block - state->first_block];

	for (size_t at = c; at != NONE; at = state->containers.items[at].parent)
		len++;
	for (size_t i = len; i-- > 0; c = state->containers.items[c].parent)
		chain[i] = c;
	return len;
}

/*
 * What stands to the left of each block. It comes last, as only then the
 * number of a list's last item is known, and with it the width of all.
 */
static void
put_prefixes(struct state *state)
{
	static const char marks[] = "###### ";
	size_t chains[2][DEPTH_MAX], lens[2] = {0};

	for (size_t i = state->first_block; i < state->md->blocks.len; i++) {
		struct block *block = &state->md->blocks.items[i];
		size_t *chain = chains[i & 1], *before = chains[~i & 1], before_len = lens[~i & 1];
		size_t len = lens[i & 1] = chain_of(state, i, chain);
		bool same = true;

		for (size_t k = 0; k < len; k++) {
			const struct container *c = &state->containers.items[chain[k]];

			same = same && k < before_len && chain[k] == before[k];
			put_prefix(state, c, c->first_block == i, &block->first);
			put_prefix(state, c, false, &block->rest);
			if (same)
				put_prefix(state, c, false, &block->gap);
		}
		text_trim(&block->gap);
		if (block->type == BLOCK_HEADING) {
			text_puts(&block->first, marks + 6 - block->level, STYLE_DIM);
			text_pad(&block->rest, block->level + 1, STYLE_NORMAL);
		}
	}
}

static void
show_plain(struct state *state, const char *source, size_t len)
{
	struct buf text = BUF_EMPTY;

	sanitize(&text, source, len, SANITIZE_TEXT);
	text_add(&add_block(state, BLOCK_PARAGRAPH)->text, text.data, text.len, state->base);
	buf_done(&text);
}

bool
markdown_read(const struct MD_PARSER *callbacks, const char *source, size_t len, void *state)
{
	MD_PARSER parser = *callbacks;
	struct buf clean = BUF_EMPTY, hidden = BUF_EMPTY;
	bool good;

	parser.flags = MD_FLAG_TABLES | MD_FLAG_STRIKETHROUGH | MD_FLAG_TASKLISTS |
		       MD_FLAG_PERMISSIVEAUTOLINKS | MD_FLAG_NOHTML;
	sanitize(&clean, source, len, SANITIZE_HIDE);
	hidden_add_formulas(&hidden, clean.data, clean.len);
	good = md_parse(hidden.data, (MD_SIZE)hidden.len, &parser, state) == 0;
	buf_done(&hidden);
	buf_done(&clean);
	return good;
}

static bool
parse(struct state *state, const char *source, size_t len)
{
	static const MD_PARSER parser = {
	    .enter_block = enter_block,
	    .leave_block = leave_block,
	    .enter_span = enter_span,
	    .leave_span = leave_span,
	    .text = add_text,
	};

	return markdown_read(&parser, source, len, state);
}

static void
state_done(struct state *state)
{
	forget_spans(state);
	array_done(&state->anchors);
	array_done(&state->containers);
	array_done(&state->lists);
	array_done(&state->homes);
	array_done(&state->open);
	array_done(&state->open_lists);
}

void
markdown_parse(struct markdown *md, const char *source, size_t len, enum style base)
{
	size_t blocks = md->blocks.len, links = md->links.len, codes = md->codes.len;
	struct state state = {
	    .md = md, .base = base, .cells_max = MARKDOWN_CELLS_MIN + len, .first_block = blocks};

	if (markdown_is_modest(source, len) && parse(&state, source, len)) {
		put_prefixes(&state);
	} else {
		markdown_cut(md, blocks, links, codes);
		state.open.len = 0;
		show_plain(&state, source, len);
	}
	state_done(&state);
}
