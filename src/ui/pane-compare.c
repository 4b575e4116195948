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
#include "model/conversation.h"
#include "model/lineage.h"
#include "store/store.h"
#include "text/diff.h"
#include "text/wrap.h"
#include "ui/key.h"
#include "ui/listbox.h"
#include "ui/rows.h"
#include "ui/screen.h"
#include "ui/view.h"

/* From this width on the two stand side by side. */
#define BESIDE_MIN_WIDTH 100

/* Below this width the numbers need the room of the title. */
#define TITLE_MIN_WIDTH 60

/* Below this height one row has to do for the header. */
#define LOW_HEIGHT 8

/* One of the two; held by ids, since branches come and go. */
struct side {
	int64_t fork;  /* its siblings are the branches to choose from */
	int64_t first; /* the entries that are shown; 0: none */
	int64_t last;
	char *branch; /* "b2 ‹2/3›" */
	char *head;   /* who, when, and what became of it */
	struct buf text;
};

struct compare {
	struct pane pane;
	struct side sides[2];
	int focus;    /* the side that Enter and b mean */
	bool answers; /* the forks are at prompts, but what was answered is compared */
	diff_list runs;
	size_t differences;
	size_t current; /* difference, from 1; 0: none */
	int width;	/* that the rows are made for; 0: none are */
	/* As many on the left as on the right; on the right only if it stands beside. */
	row_list rows[2];
	ARRAY(size_t) starts; /* the first row of each difference */
	struct listbox box;
};

static struct compare *
self(struct pane *pane)
{
	return (struct compare *)pane;
}

static bool
is_beside(const struct compare *c)
{
	return c->pane.rect.width >= BESIDE_MIN_WIDTH;
}

static int
header_rows(const struct compare *c)
{
	if (c->pane.rect.height < LOW_HEIGHT)
		return 1;
	return is_beside(c) ? 3 : 4;
}

/* What is compared. */

static bool
is_prompt(const struct tree_entry *entry)
{
	return entry->type == ENTRY_MESSAGE_INPUT && !entry->assistant;
}

/* The entry a side begins with: that at the fork, or the first of what answers it; 0: none yet. */
static int64_t
first_of(const struct compare *c, const struct tree_branch *branch, size_t place)
{
	while (
	    c->answers && place < branch->entries.len && is_prompt(&branch->entries.items[place]))
		place++;
	return place < branch->entries.len ? branch->entries.items[place].key : 0;
}

static const char *
state_words(enum entry_state state)
{
	switch (state) {
	case ENTRY_UNSENT:
		return _("not sent");
	case ENTRY_STREAMING:
		return _("still arriving");
	case ENTRY_INTERRUPTED:
		return _("broke off");
	case ENTRY_SENDING:
	case ENTRY_COMPLETE:
		break;
	}
	return NULL;
}

static char *
make_head(struct view *view, const struct conversation *conversation, const struct entry *first,
    const struct entry *last)
{
	const char *who = first->model, *state = state_words(last->state);
	char *when = rows_time(first->created_at), *head, *clean;

	if (entry_is_prompt(first))
		who = _("You");
	else if (first->agent_id != NULL && conversation->agent != NULL)
		who = conversation->agent;
	else if (who == NULL)
		who = view_speaker(view);
	head = state != NULL ? xasprintf("%s · %s · %s", who, when, state)
			     : xasprintf("%s · %s", who, when);
	clean = sanitize_line(head);
	free(head);
	free(when);
	return clean;
}

/* A prompt alone; of an answer all its parts, which tools may stand between. */
static void
take_text(struct compare *c, struct side *side, const struct conversation *conversation)
{
	ptrdiff_t at = conversation_find(conversation, side->first);
	const struct entry *first, *last;
	struct buf text;

	if (at < 0)
		return;
	first = last = conversation->entries.items[at];
	buf_init(&text, 0);
	entry_text(first, &text);
	for (size_t i = (size_t)at + 1; i < conversation->entries.len && !entry_is_prompt(first);
	     i++) {
		const struct entry *entry = conversation->entries.items[i];
		size_t before = text.len;

		if (entry_is_prompt(entry))
			break;
		entry_text(entry, &text);
		if (before > 0 && text.len > before)
			buf_insert(&text, before, "\n\n", 2);
		last = entry;
	}
	side->last = last->key;
	side->head = make_head(screen_view(c->pane.screen), conversation, first, last);
	/* Before they are compared: what is shown is compared, and cut nowhere after. */
	sanitize(&side->text, text.data, text.len, SANITIZE_TEXT);
	buf_done(&text);
}

static void
side_done(struct side *side)
{
	free(side->branch);
	free(side->head);
	buf_done(&side->text);
	*side = (struct side){.fork = side->fork, .text = BUF_EMPTY};
}

static void
load_side(struct compare *c, struct side *side)
{
	struct view *view = screen_view(c->pane.screen);
	const struct tree *tree = view_tree(view);
	const struct tree_branch *branch;
	struct conversation *conversation;
	struct error err = ERROR_NONE;
	size_t place, which, count = view_alternatives(view, side->fork, &which);
	char *name, *full;

	branch = tree_owner(tree, side->fork, &place);
	if (branch != NULL) {
		name = tree_branch_name(tree, branch->conversation);
		full =
		    count > 1 ? xasprintf("%s ‹%zu/%zu›", name, which + 1, count) : xstrdup(name);
		side->branch = sanitize_line(full);
		side->first = first_of(c, branch, place);
		conversation = store_load(
		    client_store(screen_client(c->pane.screen)), branch->conversation, true, &err);
		if (conversation != NULL)
			take_text(c, side, conversation);
		conversation_free(conversation);
		error_done(&err);
		free(full);
		free(name);
	}
	if (side->branch == NULL)
		side->branch = xstrdup("?");
	if (side->head == NULL)
		side->head = xstrdup(_("nothing here yet"));
}

static void
count_differences(struct compare *c)
{
	c->differences = 0;
	for (size_t i = 0; i < c->runs.len; i++)
		if (c->runs.items[i].kind != DIFF_SAME &&
		    (i == 0 || c->runs.items[i - 1].kind == DIFF_SAME))
			c->differences++;
}

/* Reads both again, and compares them if they are not what they were: then it is true. */
static bool
load(struct compare *c)
{
	bool changed = c->sides[0].head == NULL;

	for (int i = 0; i < 2; i++) {
		struct side *side = &c->sides[i];
		struct buf before = side->text;

		side->text = (struct buf)BUF_EMPTY;
		side_done(side);
		load_side(c, side);
		changed |= !buf_equal(&before, &side->text);
		buf_done(&before);
	}
	if (!changed)
		return false;
	diff_texts(c->sides[0].text.data, c->sides[0].text.len, c->sides[1].text.data,
	    c->sides[1].text.len, &c->runs);
	count_differences(c);
	return true;
}

/* Rows. */

static bool
is_blank(const char *bytes, size_t len)
{
	for (size_t i = 0; i < len; i++)
		if (strchr(" \t\n", bytes[i]) == NULL)
			return false;
	return true;
}

/* What is nothing but space is made visible, or one would look for the difference in vain. */
static void
add_blank(struct text *out, const char *bytes, size_t len, enum style style, int number)
{
	for (size_t i = 0; i < len; i++) {
		const char *sign = bytes[i] == '\n' ? "↵" : "·";

		text_add_link(out, sign, strlen(sign), style, number);
		if (bytes[i] == '\n')
			text_add(out, "\n", 1, STYLE_NORMAL);
	}
}

/*
 * A run in its style, and without colours between marks as well. As the number
 * of a link it has that of its difference: so it is found again in the rows.
 */
static void
add_run(const struct compare *c, struct text *out, const struct diff_run *run, int number)
{
	static const char *const marks[][2] = {
	    [DIFF_LEFT] = {"[-", "-]"},
	    [DIFF_RIGHT] = {"{+", "+}"},
	};
	const char *bytes = run->kind == DIFF_RIGHT ? c->sides[1].text.data + run->right
						    : c->sides[0].text.data + run->left;
	enum style style = run->kind == DIFF_LEFT ? STYLE_REMOVED : STYLE_ADDED;
	bool marked = !screen_output(c->pane.screen)->colours;
	size_t from = 0, to = run->len;

	if (is_blank(bytes, run->len)) {
		add_blank(out, bytes, run->len, style, number);
		return;
	}
	/* The marks stand close to the words, not on lines of their own. */
	while (bytes[from] == '\n')
		from++;
	while (bytes[to - 1] == '\n')
		to--;
	text_add(out, bytes, from, STYLE_NORMAL);
	if (marked)
		text_add_link(out, marks[run->kind][0], 2, style, number);
	text_add_link(out, bytes + from, to - from, style, number);
	if (marked)
		text_add_link(out, marks[run->kind][1], 2, style, number);
	text_add(out, bytes + to, run->len - to, STYLE_NORMAL);
}

static int
text_width(const struct compare *c, int side)
{
	int width = c->pane.rect.width, half = (width - 1) / 2;

	if (!is_beside(c))
		return width > 8 ? width - 3 : width - 1;
	return side == 0 ? half - 3 : width - half - 1 - 3;
}

static void
make_inline(struct compare *c)
{
	struct text text;
	int number = 0;

	text_init(&text);
	for (size_t i = 0; i < c->runs.len; i++) {
		const struct diff_run *run = &c->runs.items[i];
		bool second = i > 0 && run[-1].kind != DIFF_SAME;

		if (run->kind == DIFF_SAME) {
			text_add(&text, c->sides[0].text.data + run->left, run->len, STYLE_NORMAL);
			continue;
		}
		number += !second;
		/* Else "house" and "home" would read as one word. */
		if (second && screen_output(c->pane.screen)->colours &&
		    strchr(" \n", text.bytes.data[text.bytes.len - 1]) == NULL)
			text_puts(&text, " ", STYLE_NORMAL);
		add_run(c, &text, run, number);
	}
	wrap_text(&c->rows[0], &text, NULL, NULL, text_width(c, 0));
	text_done(&text);
}

static bool
ends_line(const struct text *text)
{
	return text->bytes.len == 0 || text->bytes.data[text->bytes.len - 1] == '\n';
}

/*
 * What has come together on each side becomes rows, the shorter side filled
 * with empty ones: what follows begins on the same row. newline: both end with
 * one more than is in the texts.
 */
static void
flush(struct compare *c, struct text texts[2], bool newline)
{
	struct text empty = {.bytes = BUF_EMPTY};

	for (int i = 0; i < 2; i++) {
		row_list *rows = &c->rows[i];

		if (texts[i].bytes.len > 0 || newline)
			wrap_text(rows, &texts[i], NULL, NULL, text_width(c, i));
		/* Behind a newline at the end there is no row. */
		if (texts[i].bytes.len > 0 && !newline && ends_line(&texts[i]))
			text_done(&rows->items[--rows->len].text);
		text_clear(&texts[i]);
	}
	while (c->rows[0].len != c->rows[1].len)
		wrap_text(&c->rows[c->rows[0].len > c->rows[1].len], &empty, NULL, NULL, 1);
}

static void
add_same(struct compare *c, struct text texts[2], const struct diff_run *run)
{
	const char *bytes = c->sides[0].text.data + run->left, *end = bytes + run->len, *newline;

	if (ends_line(&texts[0]) && ends_line(&texts[1]))
		flush(c, texts, false);
	while (bytes < end) {
		newline = memchr(bytes, '\n', (size_t)(end - bytes));
		for (int i = 0; i < 2; i++)
			text_add(&texts[i], bytes,
			    (size_t)((newline != NULL ? newline : end) - bytes), STYLE_NORMAL);
		if (newline == NULL)
			break;
		flush(c, texts, true);
		bytes = newline + 1;
	}
}

static void
make_beside(struct compare *c)
{
	struct text texts[2];
	int number = 0;

	text_init(&texts[0]);
	text_init(&texts[1]);
	for (size_t i = 0; i < c->runs.len; i++) {
		const struct diff_run *run = &c->runs.items[i];

		if (run->kind == DIFF_SAME) {
			add_same(c, texts, run);
			continue;
		}
		number += i == 0 || run[-1].kind == DIFF_SAME;
		add_run(c, &texts[run->kind == DIFF_RIGHT], run, number);
	}
	flush(c, texts, false);
	text_done(&texts[0]);
	text_done(&texts[1]);
}

static bool
holds(const struct row *row, size_t difference)
{
	for (size_t i = 0; i < row->text.runs.len; i++)
		if ((size_t)row->text.runs.items[i].link == difference)
			return true;
	return false;
}

/* Where in the rows each difference begins. */
static void
find_starts(struct compare *c)
{
	array_clear(&c->starts);
	for (size_t r = 0; r < c->rows[0].len; r++)
		for (int i = 0; i < 2 && r < c->rows[i].len; i++)
			while (c->starts.len < c->differences &&
			       holds(&c->rows[i].items[r], c->starts.len + 1))
				array_push(&c->starts, r);
}

/* A third of the screen above it shows how it came to that. */
static void
show_current(struct compare *c)
{
	size_t start;

	if (c->current == 0 || c->current > c->starts.len)
		return;
	start = c->starts.items[c->current - 1];
	if (start < c->box.top || start + 1 >= c->box.top + (size_t)c->box.height)
		listbox_scroll(&c->box, (long)start - c->box.height / 3 - (long)c->box.top);
}

static void
make_rows(struct compare *c)
{
	row_list_done(&c->rows[0]);
	row_list_done(&c->rows[1]);
	if (is_beside(c))
		make_beside(c);
	else
		make_inline(c);
	find_starts(c);
	if (c->current > c->differences)
		c->current = c->differences;
	if (c->current == 0 && c->differences > 0)
		c->current = 1;
	c->width = c->pane.rect.width;
}

static void
update(struct pane *pane)
{
	struct compare *c = self(pane);
	bool changed = load(c) || c->width != pane->rect.width;

	if (changed)
		make_rows(c);
	listbox_resize(&c->box, c->rows[0].len, pane->rect.height - header_rows(c));
	/* Else the reader may have gone elsewhere. */
	if (changed)
		show_current(c);
}

/* Painting. */

static char *
summary(const struct compare *c)
{
	size_t all = c->sides[0].text.len + c->sides[1].text.len, same = 0;

	for (size_t i = 0; i < c->runs.len; i++)
		if (c->runs.items[i].kind == DIFF_SAME)
			same += 2 * c->runs.items[i].len;
	if (c->differences == 0)
		return xstrdup(_("The two are the same, word for word."));
	return xasprintf(
	    /* TRANSLATORS: of a comparison: which difference is looked at, of how many. */
	    ngettext("difference %zu of %zu, %zu %% the same",
		"difference %zu of %zu, %zu %% the same", c->differences),
	    c->current, c->differences, same * 100 / all);
}

/* "▌- main ‹1/2›  guide · 14:02"; the bar stands at the side that has the focus. */
static void
paint_side(const struct compare *c, struct grid *grid, struct rect rect, int y, int i)
{
	const struct side *side = &c->sides[i];
	int x;

	grid_puts(grid, rect, y, 0, c->focus == i ? "▌" : " ", STYLE_MATCH);
	grid_puts(grid, rect, y, 1, i == 0 ? "-" : "+", i == 0 ? STYLE_REMOVED : STYLE_ADDED);
	x = grid_puts(grid, rect, y, 3, side->branch, c->focus == i ? STYLE_TITLE : STYLE_NORMAL);
	grid_puts(grid, rect, y, x + 2, side->head, STYLE_TIME);
}

static void
paint_header(const struct compare *c, struct grid *grid, const struct rect halves[2])
{
	struct rect rect = c->pane.rect;
	char *text = summary(c);
	int x;

	if (rect.height < LOW_HEIGHT) {
		x = grid_puts(grid, rect, 0, 0, c->focus == 0 ? "▌" : " ", STYLE_MATCH);
		x = grid_puts(grid, rect, 0, x, c->sides[0].branch, STYLE_REMOVED);
		x = grid_puts(grid, rect, 0, x + 1, c->focus == 1 ? "▌" : " ", STYLE_MATCH);
		grid_puts(grid, rect, 0, x, c->sides[1].branch, STYLE_ADDED);
	} else {
		x = rect.width >= TITLE_MIN_WIDTH
			? grid_puts(grid, rect, 0, 1, _("Comparison"), STYLE_TITLE) + 2
			: 1;
		grid_puts(grid, rect, 0, x, text, STYLE_DIM);
		paint_side(c, grid, halves[0], 1, 0);
		paint_side(c, grid, halves[1], is_beside(c) ? 1 : 2, 1);
		grid_hline(grid, rect, header_rows(c) - 1, STYLE_BORDER);
	}
	free(text);
}

static void
paint(const struct pane *pane, struct grid *grid)
{
	const struct compare *c = (const struct compare *)pane;
	struct rect rect = pane->rect, halves[2] = {rect, rect};
	int top = header_rows(c), half = (rect.width - 1) / 2, indent = rect.width > 8 ? 2 : 1;

	grid_clear(grid, rect, STYLE_NORMAL);
	if (is_beside(c)) {
		halves[0].width = half;
		halves[1].x += half + 1;
		halves[1].width -= half + 1;
		for (int y = 1; y < rect.height; y++)
			grid_puts(grid, rect, y, half, "│", STYLE_BORDER);
	}
	paint_header(c, grid, halves);
	for (int y = top; y < rect.height; y++) {
		size_t at = c->box.top + (size_t)(y - top);

		for (int i = 0; i < 2 && at < c->rows[i].len; i++) {
			const struct row *row = &c->rows[i].items[at];

			if (c->current > 0 && holds(row, c->current))
				grid_puts(grid, halves[i], y, 0, "▌", STYLE_MATCH);
			grid_put_text(grid, halves[i], y, indent, &row->text);
		}
	}
	if (c->box.top + (size_t)c->box.height < c->box.count)
		grid_puts(grid, rect, rect.height - 1, rect.width - 1, "↓", STYLE_DIM);
}

/* Moving. */

static void
scroll(struct compare *c, long rows)
{
	listbox_scroll(&c->box, rows);
	screen_damage(c->pane.screen, true);
}

/* From the one looked at, or, if that was scrolled away from, from what is to be seen. */
static void
go_difference(struct compare *c, int step)
{
	size_t n = c->current, top = c->box.top, bottom = top + (size_t)c->box.height;

	if (c->differences == 0)
		return;
	if (n == 0 || n > c->starts.len || c->starts.items[n - 1] < top ||
	    c->starts.items[n - 1] >= bottom) {
		n = 0;
		while (n < c->starts.len && c->starts.items[n] < top)
			n++;
		/* n of them are above. */
		n += step < 0;
	}
	if (step > 0 ? n >= c->starts.len : n <= 1) {
		screen_notice(c->pane.screen, step > 0 ? _("There is no further difference.")
						       : _("There is no difference before."));
		return;
	}
	c->current = step > 0 ? n + 1 : n - 1;
	show_current(c);
	screen_damage(c->pane.screen, true);
}

/* The way on that stands step places beside another; neither an empty one nor except; 0: none. */
static int64_t
beside(struct view *view, int64_t fork, int step, int64_t except)
{
	const struct tree *tree = view_tree(view);
	alternative_list list = {0};
	ptrdiff_t at = 0;
	int64_t found = 0;

	tree_alternatives(tree, tree_before(tree, fork), &list);
	while (at < (ptrdiff_t)list.len && list.items[at].entry != fork)
		at++;
	for (at += step; found == 0 && at >= 0 && at < (ptrdiff_t)list.len; at += step)
		if (list.items[at].entry != except)
			found = list.items[at].entry;
	array_done(&list);
	return found;
}

static void
go_sibling(struct compare *c, int step)
{
	struct screen *screen = c->pane.screen;
	int64_t fork = beside(screen_view(screen), c->sides[1].fork, step, c->sides[0].fork);

	if (fork == 0) {
		screen_notice(screen, step > 0 ? _("There is no further branch here.")
					       : _("There is no branch before this one."));
		return;
	}
	c->sides[1].fork = fork;
	c->current = 0;
	c->width = 0;
	c->box.top = c->box.selected = 0;
	pane_touch(&c->pane);
}

/* Opens the branch of the side that has the focus, and with it nothing lies over it any more. */
static bool
go(struct compare *c, bool behind)
{
	struct screen *screen = c->pane.screen;
	struct view *view = screen_view(screen);
	const struct side *side = &c->sides[c->focus];
	const struct tree *tree = view_tree(view);
	const struct tree_branch *branch = tree_owner(tree, side->fork, NULL);
	int64_t conversation = view_key(view), entry = behind ? side->last : side->first;

	if (branch == NULL) {
		screen_notice(screen, _("That branch is no longer here."));
		return false;
	}
	if (!tree_on_path(tree, conversation, side->fork))
		conversation =
		    tree_latest(tree, (struct alternative){branch->conversation, side->fork});
	if (entry == 0)
		entry = side->fork;
	pane_input_save(screen_pane(screen, "input"));
	while (screen_top(screen) != NULL)
		screen_pop(screen);
	if (!screen_open(screen, conversation, entry))
		return false;
	screen_focus(screen, screen_pane(screen, "messages"));
	return true;
}

static bool
action(struct pane *pane, const char *name)
{
	struct compare *c = self(pane);
	struct screen *screen = pane->screen;
	const struct {
		const char *name;
		void (*fn)(struct compare *, int);
		int step;
	} steps[] = {
	    {"next-difference", go_difference, 1},
	    {"previous-difference", go_difference, -1},
	    {"next-sibling", go_sibling, 1},
	    {"previous-sibling", go_sibling, -1},
	};
	long rows;

	/* "There is no further difference" is no longer so after the next key. */
	screen_forget_notice(screen);
	for (size_t i = 0; i < sizeof(steps) / sizeof(steps[0]); i++) {
		if (strcmp(name, steps[i].name) == 0) {
			steps[i].fn(c, steps[i].step);
			return true;
		}
	}
	if (listbox_steps(&c->box, name, &rows))
		scroll(c, rows);
	else if (strcmp(name, "other-side") == 0)
		c->focus = !c->focus;
	else if (strcmp(name, "choose") == 0)
		go(c, false);
	else if (strcmp(name, "branch") == 0 && go(c, true))
		screen_act(screen, "branch");
	else if (strcmp(name, "escape") == 0)
		screen_pop(screen);
	else
		return false;
	screen_damage(screen, true);
	return true;
}

static bool
key(struct pane *pane, const struct key *k)
{
	struct compare *c = self(pane);

	if (k->code != KEY_MOUSE_)
		return false;
	if (k->mouse == MOUSE_WHEEL_UP || k->mouse == MOUSE_WHEEL_DOWN)
		scroll(c, k->mouse == MOUSE_WHEEL_UP ? -3 : 3);
	else if (is_beside(c))
		c->focus = k->x > (pane->rect.width - 1) / 2;
	return true;
}

static void
destroy(struct pane *pane)
{
	struct compare *c = self(pane);

	for (int i = 0; i < 2; i++) {
		side_done(&c->sides[i]);
		row_list_done(&c->rows[i]);
	}
	array_done(&c->runs);
	array_done(&c->starts);
	free(c);
}

static const struct pane_ops ops = {
    .name = "compare",
    .update = update,
    .paint = paint,
    .key = key,
    .action = action,
    .free = destroy,
};

struct pane *
pane_compare_new(struct screen *screen, int64_t left, int64_t right)
{
	struct compare *c = xcalloc(1, sizeof(*c));

	c->pane.ops = &ops;
	c->pane.screen = screen;
	c->pane.wide = true;
	c->sides[0] = (struct side){.fork = left, .text = BUF_EMPTY};
	c->sides[1] = (struct side){.fork = right, .text = BUF_EMPTY};
	c->focus = 1;
	return &c->pane;
}

void
pane_compare_sibling(struct screen *screen, int64_t entry)
{
	struct view *view = screen_view(screen);
	const struct tree *tree = view_tree(view);
	const struct tree_branch *branch;
	size_t place = 0, which;
	int64_t fork = entry, other = 0;
	struct pane *pane;

	while (fork != 0 && view_alternatives(view, fork, &which) < 2)
		fork = tree_before(tree, fork);
	if (fork != 0)
		other = beside(view, fork, 1, 0);
	if (fork != 0 && other == 0)
		other = beside(view, fork, -1, 0);
	if (other == 0) {
		screen_notice(screen, _("There is nothing here to compare with: r gets another "
					"answer, b and e begin another branch."));
		return;
	}
	branch = tree_owner(tree, entry, &place);
	pane = pane_compare_new(screen, fork, other);
	self(pane)->answers = branch != NULL && !is_prompt(&branch->entries.items[place]);
	screen_push(screen, pane);
}
