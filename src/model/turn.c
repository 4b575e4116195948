/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include "model/turn.h"

#include <stdlib.h>

#include "base/mem.h"
#include "model/conversation.h"

#define TURN_STRINGS(X)                                                                            \
	X(conversation_id) X(from_entry_id) X(handoff_execution) X(completion_args)                \
	X(tool_confirmations) X(guardrails) X(metadata) X(agent_version) X(agent_id) X(model)      \
	X(instructions) X(tools) X(name) X(description)

#define SETTINGS(X)                                                                                \
	X(name) X(description) X(agent_id) X(agent_version) X(model) X(instructions) X(tools)      \
	X(completion_args) X(guardrails) X(metadata) X(handoff_execution)

struct turn *
turn_new(enum turn_kind kind)
{
	struct turn *turn = xcalloc(1, sizeof(*turn));

	turn->kind = kind;
	return turn;
}

void
turn_free(struct turn *turn)
{
	if (turn == NULL)
		return;
	for (size_t i = 0; i < turn->inputs.len; i++)
		entry_free(turn->inputs.items[i]);
	array_done(&turn->inputs);
	for (size_t i = 0; i < turn->context.len; i++)
		entry_free(turn->context.items[i]);
	array_done(&turn->context);
#define X(field) free(turn->field);
	TURN_STRINGS(X)
#undef X
	free(turn);
}

void
turn_settings_to(const struct turn *turn, struct conversation *conversation)
{
#define X(field) xreplace_if(&conversation->field, turn->field);
	SETTINGS(X)
#undef X
}

void
turn_settings_from(struct turn *turn, const struct conversation *conversation)
{
#define X(field) xreplace_if(&turn->field, conversation->field);
	SETTINGS(X)
#undef X
}

struct question *
question_new(enum question_kind kind)
{
	struct question *question = xcalloc(1, sizeof(*question));

	question->kind = kind;
	question->page_size = 100;
	return question;
}

void
question_free(struct question *question)
{
	if (question == NULL)
		return;
	free(question->conversation_id);
	free(question->metadata);
	free(question->page_token);
	free(question->agent_id);
	free(question->agent_version);
	free(question);
}
