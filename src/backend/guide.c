/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include "backend/engine.h"

#include <stdlib.h>
#include <string.h>

#include "backend/manual.h"
#include "base/buf.h"
#include "base/clock.h"
#include "base/error.h"
#include "base/i18n.h"
#include "base/id.h"
#include "base/mem.h"
#include "net/loop.h"

#define MODEL "guide"

/* An answer is written in this time at most, a few words a tick. */
#define TICK_MS 20
#define WRITING_MS 1200
#define BYTES_PER_TICK 24

/* A turn being answered, or a question. */
struct task {
	struct guide *guide;
	unsigned id;
	struct timer *timer;
	bool is_question;

	struct buf text; /* the whole answer */
	size_t sent;
	char entry_id[ID_SIZE];
	int64_t begun; /* loop time of the first piece; 0: not yet */
	bool stream, cancelled;

	bool models, want_raw; /* a question's */
};

struct guide {
	struct responder responder;
	struct loop *loop;
	struct manual *manual; /* read when first asked */
	ARRAY(struct task *) tasks;
};

static bool guide_reply(
    struct responder *, const struct conversation *, const struct turn *, struct error *);
static bool guide_ask(struct responder *, const struct question *, struct error *);
static void guide_cancel(struct responder *, unsigned id);
static void guide_free(struct responder *);

static const struct responder_ops guide_ops = {
    .name = "guide",
    .reply = guide_reply,
    .ask = guide_ask,
    .cancel = guide_cancel,
    .free = guide_free,
};

static struct task *
task_new(struct guide *guide, unsigned id)
{
	struct task *task = xcalloc(1, sizeof(*task));

	task->guide = guide;
	task->id = id;
	buf_init(&task->text, 0);
	array_push(&guide->tasks, task);
	return task;
}

static void
task_free(struct task *task)
{
	struct guide *guide = task->guide;

	for (size_t i = 0; i < guide->tasks.len; i++) {
		if (guide->tasks.items[i] != task)
			continue;
		array_remove(&guide->tasks, i);
		break;
	}
	loop_cancel(guide->loop, task->timer);
	buf_done(&task->text);
	free(task);
}

/* The task is gone before the event goes out, so that the receiver may do anything. */
static void
finish(struct task *task, struct event *event)
{
	struct responder *responder = &task->guide->responder;

	event->id = task->id;
	task_free(task);
	responder->emit(responder->arg, event);
}

static void
fail_cancelled(struct task *task)
{
	struct error err = ERROR_NONE;
	struct event event = {.type = EVENT_FAILED, .error = &err};

	error_set(&err, ERR_CANCELLED, _("The answer was stopped."));
	finish(task, &event);
	error_done(&err);
}

/* The end of the words that are due; a character is never cut, as spaces are none. */
static size_t
due(struct task *task)
{
	const struct buf *text = &task->text;
	int64_t now = loop_now(task->guide->loop), most = (int64_t)text->len;
	int64_t ticks = most / BYTES_PER_TICK + 1, time = ticks * TICK_MS;
	size_t end;

	if (time > WRITING_MS)
		time = WRITING_MS;
	if (!task->stream || now - task->begun >= time)
		return text->len;
	end = (size_t)(most * (now - task->begun) / time);
	if (end <= task->sent)
		end = task->sent + 1;
	while (end < text->len && text->data[end - 1] != ' ' && text->data[end - 1] != '\n')
		end++;
	return end;
}

static void
send_piece(struct task *task, size_t end)
{
	struct responder *responder = &task->guide->responder;
	struct chunk chunk = {.type = CHUNK_TEXT};
	char now[CLOCK_ISO_SIZE];
	struct event event = {
	    .type = EVENT_CHUNK,
	    .id = task->id,
	    .created_at = now,
	    .entry_id = task->entry_id,
	    .model = MODEL,
	    .chunk = &chunk,
	};

	clock_iso(now);
	buf_init(&chunk.text, 0);
	buf_add(&chunk.text, task->text.data + task->sent, end - task->sent);
	task->sent = end;
	responder->emit(responder->arg, &event);
	chunk_done(&chunk);
}

static void
write_on(void *arg)
{
	struct task *task = arg;
	struct usage usage = {0};
	struct event done = {.type = EVENT_DONE, .usage = &usage};

	task->timer = NULL;
	if (task->cancelled) {
		fail_cancelled(task);
		return;
	}
	if (task->begun == 0)
		task->begun = loop_now(task->guide->loop);
	/* Whoever gets the piece may cancel; the next tick then says so. */
	task->timer = loop_timer(task->guide->loop, TICK_MS, write_on, task);
	send_piece(task, due(task));
	if (task->sent == task->text.len && !task->cancelled)
		finish(task, &done);
}

/* The prompts of the path from its end: 0 is what is asked now. NULL: there is none. */
static const struct entry *
find_prompt(const struct conversation *conversation, size_t number)
{
	for (size_t i = conversation->entries.len; i > 0; i--) {
		const struct entry *entry = conversation->entries.items[i - 1];

		if (entry_is_prompt(entry) && number-- == 0)
			return entry;
	}
	return NULL;
}

static const struct entry *
find_answer(const struct conversation *conversation)
{
	for (size_t i = conversation->entries.len; i > 0; i--)
		if (conversation->entries.items[i - 1]->type == ENTRY_MESSAGE_OUTPUT)
			return conversation->entries.items[i - 1];
	return NULL;
}

/* The section shown last, which its heading tells; manual_sections() if there was none. */
static size_t
find_shown(const struct manual *manual, const struct conversation *conversation)
{
	const struct entry *answer = find_answer(conversation);
	size_t found = manual_sections(manual);
	const char *heading;
	struct buf text;

	if (answer == NULL)
		return found;
	buf_init(&text, 0);
	entry_text(answer, &text);
	heading = strncmp(text.data, "## ", 3) == 0 ? text.data : strstr(text.data, "\n## ");
	if (heading != NULL) {
		heading = strchr(heading, ' ') + 1;
		found = manual_find(manual, heading, strcspn(heading, "\n"));
	}
	buf_done(&text);
	return found;
}

static void
put_section(struct buf *out, const struct manual *manual, size_t number)
{
	const struct manual_section *section = manual_section(manual, number);

	buf_printf(out, "## %s\n\n%s\n", section->title, section->body);
}

static void
put_related(struct buf *out, const struct manual *manual, const size_t *related, size_t count)
{
	struct buf titles;

	if (count == 0)
		return;
	buf_init(&titles, 0);
	for (size_t i = 0; i < count; i++)
		buf_printf(&titles, "%s*%s*", i > 0 ? " · " : "",
		    manual_section(manual, related[i])->title);
	/* TRANSLATORS: titles of the manual's pages, one of which can be asked for next. */
	buf_printf(out, _("\nSee also: %s\n"), titles.data);
	buf_done(&titles);
}

static void
put_topics(struct buf *out, const struct manual *manual)
{
	buf_puts(out, _("The chapters of the manual; name one, and I list what is in it:\n\n"));
	for (size_t i = 0; i < manual_chapters(manual); i++) {
		const struct manual_chapter *chapter = manual_chapter(manual, i);

		buf_printf(out, "- **%s**: %s\n", chapter->title, chapter->about);
	}
}

static void
put_chapter(struct buf *out, const struct manual *manual, size_t number)
{
	const struct manual_chapter *chapter = manual_chapter(manual, number);

	buf_printf(
	    out, _("**%s**: %s\n\nAsk me about any of these:\n\n"), chapter->title, chapter->about);
	for (size_t i = chapter->first; i < chapter->first + chapter->count; i++)
		buf_printf(out, "- %s\n", manual_section(manual, i)->title);
}

/* The page behind the one shown last. */
static void
put_more(struct buf *out, const struct manual *manual, const struct conversation *conversation)
{
	size_t next = find_shown(manual, conversation) + 1;

	if (next >= manual_sections(manual)) {
		put_topics(out, manual);
		return;
	}
	put_section(out, manual, next);
	if (next + 1 < manual_sections(manual))
		put_related(out, manual, (const size_t[]){next + 1}, 1);
}

static void
put_nothing(struct buf *out, const struct manual *manual)
{
	buf_puts(
	    out, _("I found nothing about that in the manual, and the manual is all I know. "
		   "Perhaps other "
		   "words help, such as the name of a key or a setting. For questions about "
		   "anything but "
		   "causerie, connect to a model: ask me \"how to use Mistral\" or \"how to use "
		   "Ollama\".\n\n"));
	put_topics(out, manual);
}

static void
put_answer(struct buf *out, const struct manual *manual, const struct conversation *conversation,
    const struct manual_answer *answer)
{
	switch (answer->kind) {
	case MANUAL_UNSURE:
		buf_puts(out, _("I am not sure that I understand. This page comes nearest:\n\n"));
		/* fall through */
	case MANUAL_FOUND:
		put_section(out, manual, answer->section);
		put_related(out, manual, answer->related, answer->related_count);
		break;
	case MANUAL_CHAPTER:
		put_chapter(out, manual, answer->chapter);
		break;
	case MANUAL_TOPICS:
		put_topics(out, manual);
		break;
	case MANUAL_MORE:
		put_more(out, manual, conversation);
		break;
	case MANUAL_HELLO:
		buf_puts(out,
		    _("Hello! Ask me anything about causerie, for example \"what is this?\", \"how "
		      "do I "
		      "go back to an earlier message?\", \"how do I use Ollama?\" or \"how do I "
		      "quit?\". `topics` lists all there is.\n"));
		break;
	case MANUAL_THANKS:
		buf_puts(out, _("You are welcome. `topics` lists what else there is to know.\n"));
		break;
	case MANUAL_BYE:
		buf_puts(out, _("Goodbye! `C-x q` quits; everything said here is kept.\n"));
		break;
	case MANUAL_NOTHING:
		put_nothing(out, manual);
		break;
	}
}

static bool
answer_prompt(struct guide *guide, const struct conversation *conversation, struct buf *out,
    struct error *err)
{
	const struct entry *prompt = find_prompt(conversation, 0);
	const struct entry *before = find_prompt(conversation, 1);
	struct manual_answer answer = {.kind = MANUAL_TOPICS};
	struct buf question, earlier;
	bool good = true;

	if (find_answer(conversation) == NULL)
		buf_puts(out,
		    _("I am the built-in guide, not a language model: I look your question up in "
		      "causerie's manual.\n\n"));
	if (prompt != NULL) {
		buf_init(&question, 0);
		buf_init(&earlier, 0);
		entry_text(prompt, &question);
		if (before != NULL)
			entry_text(before, &earlier);
		good = manual_ask(guide->manual, question.data, question.len,
		    before != NULL ? earlier.data : NULL, earlier.len, &answer, err);
		buf_done(&earlier);
		buf_done(&question);
	}
	if (good)
		put_answer(out, guide->manual, conversation, &answer);
	while (out->len > 0 && out->data[out->len - 1] == '\n')
		buf_truncate(out, out->len - 1);
	return good;
}

static bool
guide_reply(struct responder *responder, const struct conversation *conversation,
    const struct turn *turn, struct error *err)
{
	struct guide *guide = (struct guide *)responder;
	struct task *task;

	if (guide->manual == NULL) {
		guide->manual = manual_new(err);
		if (guide->manual == NULL)
			return false;
	}
	task = task_new(guide, turn->id);
	task->stream = turn->stream;
	id_make("msg_", task->entry_id);
	if (!answer_prompt(guide, conversation, &task->text, err)) {
		task_free(task);
		return false;
	}
	task->timer = loop_timer(guide->loop, 0, write_on, task);
	return true;
}

/* One model, the guide itself; and no agents. */
static void
tell_models(void *arg)
{
	static const char card[] =
	    "{\"id\":\"" MODEL
	    "\",\"object\":\"model\",\"capabilities\":{\"completion_chat\":true}}";
	static const char body[] =
	    "{\"object\":\"list\",\"data\":[{\"id\":\"" MODEL
	    "\",\"object\":\"model\",\"capabilities\":{\"completion_chat\":true}}]}";
	static const char none[] = "{\"object\":\"list\",\"data\":[]}";
	struct task *task = arg;
	struct agent *model = agent_new(AGENT_MODEL);
	struct event event = {.type = EVENT_AGENTS};
	bool models = task->models;

	model->name = xstrdup(MODEL);
	model->model = xstrdup(MODEL);
	model->description = xstrdup(_("The built-in guide: answers questions about causerie"));
	model->chat = true;
	model->raw = xstrdup(card);
	event.agents = &model;
	event.agent_count = models ? 1 : 0;
	if (task->want_raw) {
		event.raw = models ? body : none;
		event.raw_len = strlen(event.raw);
	}
	task->timer = NULL;
	finish(task, &event);
	agent_free(model);
}

static bool
guide_ask(struct responder *responder, const struct question *question, struct error *err)
{
	struct guide *guide = (struct guide *)responder;
	struct task *task;

	if (question->kind != ASK_MODELS && question->kind != ASK_AGENTS)
		return error_set(err, ERR_USAGE, _("The guide cannot answer that."));
	task = task_new(guide, question->id);
	task->models = question->kind == ASK_MODELS;
	task->is_question = true;
	task->want_raw = question->want_raw;
	task->timer = loop_timer(guide->loop, 0, tell_models, task);
	return true;
}

static void
guide_cancel(struct responder *responder, unsigned id)
{
	struct guide *guide = (struct guide *)responder;

	for (size_t i = 0; i < guide->tasks.len; i++) {
		struct task *task = guide->tasks.items[i];

		if (task->id != id)
			continue;
		if (task->is_question) {
			task_free(task);
			return;
		}
		task->cancelled = true;
		loop_cancel(guide->loop, task->timer);
		task->timer = loop_timer(guide->loop, 0, write_on, task);
		return;
	}
}

static void
guide_free(struct responder *responder)
{
	struct guide *guide = (struct guide *)responder;

	while (guide->tasks.len > 0)
		task_free(guide->tasks.items[guide->tasks.len - 1]);
	array_done(&guide->tasks);
	manual_free(guide->manual);
	free(guide);
}

struct responder *
guide_new(struct loop *loop)
{
	struct guide *guide = xcalloc(1, sizeof(*guide));

	guide->responder.ops = &guide_ops;
	guide->loop = loop;
	return &guide->responder;
}
