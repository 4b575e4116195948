/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include "model/conversation.h"

#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/mem.h"

#define TITLE_CHARACTERS 60

#define SETTING_STRINGS(X)                                                                         \
	X(connection) X(name) X(description) X(title) X(agent) X(agent_id) X(agent_version)        \
	X(model) X(instructions) X(tools) X(completion_args) X(guardrails) X(metadata)             \
	X(handoff_execution)

#define OTHER_STRINGS(X) X(id) X(created_at) X(updated_at) X(raw)

struct conversation *
conversation_new(void)
{
	return xcalloc(1, sizeof(struct conversation));
}

void
conversation_free(struct conversation *conversation)
{
	if (conversation == NULL)
		return;
	for (size_t i = 0; i < conversation->entries.len; i++)
		entry_free(conversation->entries.items[i]);
	array_done(&conversation->entries);
	usage_done(&conversation->usage);
#define X(field) free(conversation->field);
	SETTING_STRINGS(X)
	OTHER_STRINGS(X)
#undef X
	free(conversation);
}

void
conversation_copy_settings(struct conversation *to, const struct conversation *from)
{
#define X(field) xreplace(&to->field, from->field);
	SETTING_STRINGS(X)
#undef X
}

ptrdiff_t
conversation_find(const struct conversation *conversation, int64_t entry_key)
{
	for (size_t i = conversation->entries.len; i > 0; i--)
		if (conversation->entries.items[i - 1]->key == entry_key)
			return (ptrdiff_t)i - 1;
	return -1;
}

ptrdiff_t
conversation_find_id(const struct conversation *conversation, const char *entry_id)
{
	for (size_t i = conversation->entries.len; i > 0; i--) {
		const char *id = conversation->entries.items[i - 1]->id;

		if (id != NULL && strcmp(id, entry_id) == 0)
			return (ptrdiff_t)i - 1;
	}
	return -1;
}

static bool
is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

char *
conversation_make_title(const char *prompt)
{
	struct buf title;
	size_t characters = 0, word = 0;

	buf_init(&title, 0);
	for (const char *p = prompt; *p != '\0'; p++) {
		if (is_blank(*p)) {
			if (title.len > 0 && !is_blank(p[1]) && p[1] != '\0') {
				word = title.len;
				buf_putc(&title, ' ');
				characters++;
			}
			continue;
		}
		/* Characters, not bytes: continuation bytes do not count. */
		characters += ((unsigned char)*p & 0xc0) != 0x80;
		if (characters > TITLE_CHARACTERS) {
			if (word > title.len / 2)
				buf_truncate(&title, word);
			buf_puts(&title, "…");
			break;
		}
		buf_putc(&title, *p);
	}
	return buf_take(&title);
}

const char *
conversation_title(const struct conversation *conversation)
{
	if (conversation->title != NULL && conversation->title[0] != '\0')
		return conversation->title;
	if (conversation->name != NULL && conversation->name[0] != '\0')
		return conversation->name;
	return NULL;
}

void
usage_add(struct usage *to, const struct usage *more)
{
	to->prompt_tokens += more->prompt_tokens;
	to->completion_tokens += more->completion_tokens;
	to->total_tokens += more->total_tokens;
	to->connector_tokens += more->connector_tokens;
}

void
usage_done(struct usage *usage)
{
	free(usage->connectors);
	*usage = (struct usage){0};
}
