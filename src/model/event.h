/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef MODEL_EVENT_H
#define MODEL_EVENT_H

/*
 * What comes back, in the order it happened. An event and all it points to
 * belong to whoever emits it and live until the receiver returns.
 *
 * Of a turn come STARTED (once, if it came that far), then any number of CHUNK,
 * TOOL, CALL, HANDOFF, ENTRY and UNKNOWN, and at the end exactly one DONE or
 * FAILED; a cancelled turn ends with FAILED, kind ERR_CANCELLED. The answer to
 * a question is one event of its kind, or FAILED.
 *
 * The ten events that the API streams map to these: .started, .done and .error
 * to STARTED, DONE and FAILED, message.output.delta to CHUNK, tool.execution.*
 * to TOOL, function.call.delta to CALL, agent.handoff.* to HANDOFF. A stream
 * event of another name is UNKNOWN, never an error.
 */

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"
#include "model/agent.h"
#include "model/conversation.h"
#include "model/entry.h"

enum event_type {
	EVENT_STARTED,	     /* conversation_id is known */
	EVENT_CHUNK,	     /* more of a message.output: entry_id, chunk */
	EVENT_TOOL,	     /* a tool run by the server began, moved or ended */
	EVENT_CALL,	     /* more of a function call for us to run */
	EVENT_HANDOFF,	     /* another agent takes over */
	EVENT_ENTRY,	     /* an entry, whole, as answers that are not streamed bring them */
	EVENT_UNKNOWN,	     /* something newer than this program: name, raw */
	EVENT_RETRY,	     /* refused or not sent; tried again by itself: seconds, error */
	EVENT_DONE,	     /* the turn is complete; usage */
	EVENT_FAILED,	     /* error; the turn or question is over */
	EVENT_CONVERSATIONS, /* ASK_LIST; more tells whether a further page may follow */
	EVENT_CONVERSATION,  /* ASK_GET */
	EVENT_ENTRIES,	     /* ASK_HISTORY, ASK_MESSAGES */
	EVENT_DELETED,	     /* ASK_DELETE */
	EVENT_AGENTS,	     /* ASK_AGENTS, ASK_MODELS, ASK_AGENT; page_token of the next page */
};

enum event_stage {
	STAGE_STARTED,
	STAGE_DELTA,
	STAGE_DONE,
};

struct event {
	enum event_type type;
	unsigned id; /* of the turn or question */
	const char *created_at;
	const char *conversation_id; /* STARTED, ENTRIES, DELETED */

	const char *entry_id; /* CHUNK, TOOL, CALL, HANDOFF */
	int output_index;
	const char *agent_id, *model;
	struct chunk *chunk; /* CHUNK: the receiver may take what it owns (entry_add_chunk) */

	enum event_stage stage;	 /* TOOL, HANDOFF */
	const char *name;	 /* TOOL, CALL; UNKNOWN: the event's name */
	const char *function;	 /* TOOL */
	const char *tool_call_id, *confirmation; /* CALL */
	const char *arguments;	 /* TOOL, CALL: a further piece */
	size_t arguments_len;
	const char *info;	 /* TOOL at STAGE_DONE: JSON object */
	const char *previous_agent_id, *previous_agent_name; /* HANDOFF */
	const char *next_agent_id, *next_agent_name;

	struct entry *entry; /* ENTRY */
	const struct usage *usage; /* DONE; NULL: unknown */
	int seconds;		   /* RETRY: until it is tried again */
	const struct error *error; /* FAILED, RETRY */

	struct entry *const *entries; /* ENTRIES */
	size_t entry_count;
	struct conversation *const *conversations; /* CONVERSATIONS, CONVERSATION (one) */
	size_t conversation_count;
	struct agent *const *agents; /* AGENTS */
	size_t agent_count;
	bool more;		/* CONVERSATIONS: the page was full */
	const char *page_token; /* AGENTS: NULL: that was all */

	/*
	 * With want_raw: the JSON behind it, whole and unaltered. Of a streamed turn
	 * each event's object; of one not streamed, DONE carries the answer's body
	 * and the others none; of a question its body.
	 */
	const char *raw;
	size_t raw_len;
};

typedef void (*event_fn)(void *arg, const struct event *);

#endif
