/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/i18n.h"
#include "cmd/export.h"
#include "cmd/verbs.h"

static const struct option options[] = {
    {"format", OPTION_TEXT, "markdown|json|html|dot", N_("the format, markdown if not said")},
    {"tree", OPTION_FLAG, NULL, N_("the whole tree, not this branch alone")},
    {NULL, OPTION_FLAG, NULL, NULL},
};

static bool
find_format(struct command_context *ctx, const struct args *args, enum export_format *format,
    struct error *err)
{
	const char *name = args_value(args, "format");

	*format = ctx->json ? EXPORT_JSON : EXPORT_MARKDOWN;
	if (name == NULL || export_format_find(name, format))
		return true;
	return error_set(
	    err, ERR_USAGE, _("--format takes markdown, json, html or dot, not \"%s\"."), name);
}

static bool export(struct command_context *ctx, const struct args *args, struct error *err)
{
	enum export_format format;
	struct buf out = BUF_EMPTY;
	int64_t key;
	char *id;
	bool good;

	if (args->words.len != 1)
		return error_set(err, ERR_USAGE,
		    _("Which conversation? Give its id, the start of it, or @ for the most recent "
		      "one."));
	if (!find_format(ctx, args, &format, err) ||
	    !command_conversation(ctx, args->words.items[0], &key, &id, err))
		return false;
	good = key != 0 ? export_put(ctx->store, key, format, args_has(args, "tree"), &out, err)
			: error_set(err, ERR_USAGE,
			      _("No conversation %s is kept here, so there is nothing to export. "
				"`causerie history %s` asks the server for it."),
			      id, id);
	free(id);
	if (good && format == EXPORT_JSON)
		command_print_json(ctx, out.data, out.len, false);
	else if (good)
		fwrite(out.data, 1, out.len, ctx->out);
	buf_done(&out);
	return good;
}

const struct command cmd_export = {
    .name = "export",
    .args = N_("CONVERSATION"),
    .help = N_("write a conversation to standard output, for a file"),
    .flags = COMMAND_ALONE,
    .options = options,
    .exec = export,
};
