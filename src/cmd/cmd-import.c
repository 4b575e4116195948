/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include <stdlib.h>
#include <string.h>

#include "backend/wire-import.h"
#include "base/error.h"
#include "base/i18n.h"
#include "base/mem.h"
#include "base/path.h"
#include "base/utf8.h"
#include "cmd/verbs.h"
#include "model/agent.h"
#include "model/bundle.h"
#include "profile/profile.h"
#include "store/store.h"

/* Years of somebody's chats fit; what is larger is a mistake. */
#define MAX_FILE ((size_t)512 << 20)

struct importing {
	struct command_context *ctx;
	const struct connection *home; /* of conversations that come without one */
	size_t conversations, branches, entries, known;
};

static bool
has_engine(const struct connection *connection)
{
	return connection != NULL && connection->api != API_CONVERSATIONS;
}

/*
 * What comes from elsewhere is known to no server of the Conversations API, so
 * it lives where this program itself answers: the connection named, else the
 * profile's, else the first model server, else the guide.
 */
static const struct connection *
find_home(const struct command_context *ctx)
{
	const struct profile *profile = ctx->profile;
	const struct connection *home = NULL;

	if (ctx->target != NULL && ctx->target->connection != NULL)
		home = profile_connection(profile, ctx->target->connection);
	if (!has_engine(home))
		home = profile_connection(profile, profile->connection);
	for (size_t i = 0; i < profile->connections.len && !has_engine(home); i++)
		if (profile->connections.items[i]->api == API_CHAT_COMPLETIONS)
			home = profile->connections.items[i];
	return has_engine(home) ? home : profile_connection(profile, "guide");
}

static bool
choose_home(struct importing *importing, struct error *err)
{
	const struct command_context *ctx = importing->ctx;

	importing->home = find_home(ctx);
	if (ctx->connection == NULL)
		return true;
	importing->home = profile_connection(ctx->profile, ctx->connection);
	return importing->home != NULL ||
	       error_set(err, ERR_USAGE,
		   _("No connection is called \"%s\" in the profile. Nothing was imported."),
		   ctx->connection);
}

/* Its server knows nothing of it here: all ids are ours, as an engine gives them. */
static void
settle_on(const struct importing *importing, struct conversation *c)
{
	const struct agent *target = importing->ctx->target;

	xreplace(&c->connection, importing->home->name);
	c->own_id = false;
	for (size_t i = 0; i < c->entries.len; i++)
		c->entries.items[i]->own_id = false;
	if (target != NULL && target->model != NULL)
		xreplace(&c->model, target->model);
}

static bool
place(const struct importing *importing, enum import_format format, struct bundle *bundle,
    struct error *err)
{
	const struct command_context *ctx = importing->ctx;

	if (format != IMPORT_CAUSERIE && !has_engine(importing->home))
		return error_set(err, ERR_USAGE,
		    _("The conversations of %s live on its server, which would not know these. "
		      "Name a connection to a model server, or none. Nothing was imported."),
		    importing->home->name);
	for (size_t i = 0; i < bundle->branches.len; i++) {
		struct conversation *c = bundle->branches.items[i].conversation;
		bool known = c->connection != NULL &&
			     profile_connection(ctx->profile, c->connection) != NULL;

		if (format == IMPORT_CAUSERIE && ctx->connection != NULL &&
		    !has_engine(importing->home))
			xreplace(&c->connection, importing->home->name);
		else if (format != IMPORT_CAUSERIE || ctx->connection != NULL || !known)
			settle_on(importing, c);
	}
	return true;
}

static bool
keep(struct importing *importing, struct bundle *bundle, struct error *err)
{
	struct import_count count;

	if (!store_import(importing->ctx->store, bundle, &count, err))
		return false;
	importing->branches += count.branches;
	importing->entries += count.entries;
	importing->conversations += count.branches > 0 || count.entries > 0;
	importing->known += count.branches == 0 && count.entries == 0;
	return true;
}

/* Every conversation of the text; without keep_them they are only looked at. */
static bool
each(struct importing *importing, const char *name, const struct buf *text, bool keep_them,
    struct error *err)
{
	struct wire_import reader = {.text = text->data, .len = text->len};
	struct error what = ERROR_NONE;
	bool more = true, good = true;
	size_t count = 0;

	while (good && more) {
		struct bundle bundle = {0};

		if (*importing->ctx->interrupted)
			good = error_set(err, ERR_CANCELLED,
			    keep_them ? _("Interrupted. Conversations imported until now stay; "
					  "importing the file again adds the rest.")
				      : _("Interrupted; nothing was imported."));
		else if (!wire_import_next(&reader, &bundle, &more, &what))
			good = error_set(
			    err, what.kind, _("%s: %s Nothing was imported."), name, what.text);
		else if (more)
			good = place(importing, reader.format, &bundle, err) &&
			       (!keep_them || keep(importing, &bundle, err));
		count += more;
		bundle_done(&bundle);
	}
	error_done(&what);
	if (good && count == 0)
		return error_set(err, ERR_PROTOCOL,
		    _("There is no conversation in %s; nothing was imported."), name);
	return good;
}

static bool
read_file(struct command_context *ctx, const char *path, struct buf *text, struct error *err)
{
	struct buf bytes = BUF_EMPTY;

	if (strcmp(path, "-") == 0)
		return command_read(ctx, MAX_FILE, text, err);
	if (!path_read(path, MAX_FILE, &bytes, err)) {
		buf_done(&bytes);
		return false;
	}
	if (utf8_valid(bytes.data, bytes.len)) {
		*text = bytes;
		return true;
	}
	utf8_repair_all(bytes.data, bytes.len, text);
	buf_done(&bytes);
	return true;
}

static void
report(const struct importing *importing)
{
	struct command_context *ctx = importing->ctx;
	char *first, *second, *third;

	if (ctx->json) {
		char *json = xasprintf("{\"object\":\"causerie.import\",\"conversations\":%zu,"
				       "\"branches\":%zu,\"entries\":%zu,\"known\":%zu}",
		    importing->conversations, importing->branches, importing->entries,
		    importing->known);

		command_print_json(ctx, json, strlen(json), false);
		free(json);
		return;
	}
	first =
	    xasprintf(ngettext("%zu conversation", "%zu conversations", importing->conversations),
		importing->conversations);
	second =
	    xasprintf(ngettext("%zu entry", "%zu entries", importing->entries), importing->entries);
	third =
	    xasprintf(ngettext("%zu was here already", "%zu were here already", importing->known),
		importing->known);
	/* TRANSLATORS: "3 conversations", "120 entries", "2 were here already". */
	command_note(ctx, _("Imported %s, %s; %s.\n"), first, second, third);
	free(first);
	free(second);
	free(third);
}

/* All is looked at before anything is kept: a file that is broken at its end changes nothing. */
static bool
import(struct command_context *ctx, const struct args *args, struct error *err)
{
	struct importing importing = {.ctx = ctx};
	struct buf text = BUF_EMPTY;
	const char *name;
	bool good;

	if (args->words.len != 1)
		return error_set(
		    err, ERR_USAGE, _("Which file? Give its name, or - for standard input."));
	name = strcmp(args->words.items[0], "-") == 0 ? _("standard input") : args->words.items[0];
	good = choose_home(&importing, err) && read_file(ctx, args->words.items[0], &text, err) &&
	       each(&importing, name, &text, false, err) &&
	       each(&importing, name, &text, true, err);
	if (good)
		report(&importing);
	buf_done(&text);
	return good;
}

const struct command cmd_import = {
    .name = "import",
    .args = N_("FILE"),
    .help = N_("take in conversations from a file: an export, ChatGPT's, or plain messages"),
    .exec = import,
};
