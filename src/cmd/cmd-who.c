/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include <stdlib.h>
#include <string.h>

#include "backend/wire.h"
#include "base/error.h"
#include "base/i18n.h"
#include "base/mem.h"
#include "base/sanitize.h"
#include "base/utf8.h"
#include "client/client.h"
#include "cmd/verbs.h"
#include "profile/profile.h"

/* agents and models: what can be talked to, the profile's first, then the server's. */

/* A server that always has another page is not followed for ever. */
#define MAX_PAGES 1000

struct asking {
	struct command_context *ctx;
	const char *connection;
	bool done;
	char *page_token;
	char *json; /* the pages so far */
	struct error error;
};

static void
put_column(struct command_context *ctx, const char *text, int width)
{
	char *clean = sanitize_line(text != NULL ? text : "-");
	int used = utf8_width(clean, strlen(clean));

	fputs(clean, ctx->out);
	fprintf(ctx->out, "%*s", width > used ? width - used + 2 : 2, "");
	free(clean);
}

static void
put_agent(struct command_context *ctx, const struct agent *agent, const char *connection)
{
	char *description = sanitize_line(agent->description);

	put_column(ctx, agent->name, 24);
	put_column(ctx, agent->agent_id != NULL ? agent->agent_id : agent->model, 36);
	put_column(ctx, connection, 12);
	fputs(description, ctx->out);
	fputc('\n', ctx->out);
	free(description);
}

static void
add_page(struct asking *asking, const struct event *event)
{
	char *page = xstrndup(event->raw, event->raw_len), *whole = NULL;

	if (asking->json != NULL)
		whole = wire_join_pages(asking->json, page);
	/* A single page stays as it came. */
	if (asking->json == NULL || whole != NULL) {
		free(asking->json);
		asking->json = whole != NULL ? whole : xstrdup(page);
	}
	free(page);
}

static void
came(void *arg, const struct event *event)
{
	struct asking *asking = arg;
	struct command_context *ctx = asking->ctx;

	asking->done = true;
	xreplace(&asking->page_token, NULL);
	if (event->type == EVENT_FAILED) {
		error_copy(&asking->error, event->error);
		return;
	}
	xreplace(&asking->page_token, event->page_token);
	if (ctx->json && event->raw != NULL)
		add_page(asking, event);
	for (size_t i = 0; i < event->agent_count && !ctx->json; i++)
		put_agent(ctx, event->agents[i], asking->connection);
}

/* All pages; with --json they become one document, so that one can be read. */
static bool
ask_all(struct command_context *ctx, enum question_kind kind, struct error *err)
{
	struct asking asking = {.ctx = ctx, .connection = ctx->connection};
	bool good = true;
	int pages = 0;

	if (asking.connection == NULL && ctx->target != NULL)
		asking.connection = ctx->target->connection;
	if (asking.connection == NULL)
		asking.connection = ctx->profile->connection;
	do {
		struct question *question = question_new(kind);
		unsigned id;

		question->want_raw = ctx->json;
		question->page_token = xstrdup(asking.page_token);
		asking.done = false;
		id = client_ask(ctx->client, asking.connection, question, came, &asking, err);
		good = id != 0;
		if (good && !command_wait(ctx, &asking.done, err)) {
			client_forget(ctx->client, id);
			good = false;
		}
		if (good && asking.error.kind != ERR_NONE)
			good = error_move(err, &asking.error);
	} while (good && asking.page_token != NULL && ++pages < MAX_PAGES);
	if (good && asking.json != NULL)
		command_print_json(ctx, asking.json, strlen(asking.json), false);
	free(asking.json);
	free(asking.page_token);
	return good;
}

static bool
no_words(const struct args *args, struct error *err)
{
	return args->words.len == 0 ||
	       error_set(err, ERR_USAGE, _("%s takes no words."), args->command->name);
}

static bool
agents(struct command_context *ctx, const struct args *args, struct error *err)
{
	if (!no_words(args, err))
		return false;
	for (size_t i = 0; i < ctx->profile->agents.len && !ctx->json; i++) {
		const struct agent *agent = ctx->profile->agents.items[i];

		put_agent(ctx, agent,
		    agent->connection != NULL ? agent->connection : ctx->profile->connection);
	}
	return ask_all(ctx, ASK_AGENTS, err);
}

static bool
models(struct command_context *ctx, const struct args *args, struct error *err)
{
	return no_words(args, err) && ask_all(ctx, ASK_MODELS, err);
}

const struct command cmd_agents = {
    .name = "agents",
    .help = N_("list the agents that can be talked to: the profile's, then the server's"),
    .exec = agents,
};

const struct command cmd_models = {
    .name = "models",
    .help = N_("list the models of a connection"),
    .exec = models,
};
