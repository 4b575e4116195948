/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include "cmd/command.h"

#include <errno.h>
#include <poll.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "backend/wire.h"
#include "base/error.h"
#include "base/i18n.h"
#include "base/mem.h"
#include "base/sanitize.h"
#include "base/utf8.h"
#include "cmd/verbs.h"
#include "model/conversation.h"
#include "net/loop.h"
#include "profile/profile.h"
#include "store/store.h"

/* More than any model reads at once. */
#define MAX_INPUT (16 << 20)

const struct command *const commands[] = {
    &cmd_start,
    &cmd_append,
    &cmd_restart,
    &cmd_get,
    &cmd_history,
    &cmd_messages,
    &cmd_list,
    &cmd_delete,
    &cmd_agents,
    &cmd_models,
    &cmd_tree,
    &cmd_search,
    &cmd_export,
    &cmd_import,
    &cmd_doctor,
    NULL,
};

const struct option global_options[] = {
    {"profile", OPTION_TEXT, N_("FILE"), N_("read this profile")},
    {"connection", OPTION_TEXT, N_("NAME"), N_("use this connection of the profile")},
    {"agent", OPTION_TEXT, N_("NAME"),
	N_("talk to this agent of the profile, or to a server's agent by its id")},
    {"model", OPTION_TEXT, N_("NAME"), N_("talk to this model")},
    {"continue", OPTION_FLAG, NULL, N_("open the most recent conversation")},
    {"json", OPTION_FLAG, NULL, N_("print what the API answers, as JSON")},
    {"debug-log", OPTION_TEXT, N_("FILE"), N_("write what happens to this file")},
    {"list-keys", OPTION_FLAG, NULL, N_("list every action of the screen with its keys")},
    {"help", OPTION_FLAG, NULL, N_("show this help, or that of a verb")},
    {"version", OPTION_FLAG, NULL, N_("show the version")},
    {"manual", OPTION_FLAG, NULL, NULL},
    {NULL, OPTION_FLAG, NULL, NULL},
};

/* Looking up. */

static const struct option *
find_option(const struct option *options, const char *name, size_t len)
{
	for (; options != NULL && options->name != NULL; options++)
		if (strlen(options->name) == len && strncmp(options->name, name, len) == 0)
			return options;
	return NULL;
}

/* An option of any verb: before the verb is known, this tells whether a value follows. */
static const struct option *
find_anywhere(const char *name, size_t len)
{
	const struct option *option = find_option(global_options, name, len);

	for (size_t i = 0; option == NULL && commands[i] != NULL; i++)
		option = find_option(commands[i]->options, name, len);
	return option;
}

static const struct command *
find_command(const char *name)
{
	for (size_t i = 0; commands[i] != NULL; i++)
		if (strcmp(commands[i]->name, name) == 0)
			return commands[i];
	return NULL;
}

static bool
unknown_command(const char *name, struct error *err)
{
	const char *names[64], *near;
	size_t count = 0;

	while (commands[count] != NULL && count < 64) {
		names[count] = commands[count]->name;
		count++;
	}
	near = nearest_name(name, names, count);
	if (near != NULL)
		return error_set(err, ERR_USAGE,
		    _("There is no verb \"%s\". Did you mean \"%s\"? `causerie --help` lists "
		      "them."),
		    name, near);
	return error_set(
	    err, ERR_USAGE, _("There is no verb \"%s\". `causerie --help` lists them."), name);
}

static size_t
option_names(const struct option *options, const char **names, size_t count, size_t max)
{
	for (; options != NULL && options->name != NULL && count < max; options++)
		names[count++] = options->name;
	return count;
}

static bool
unknown_option(const struct command *command, const char *given, size_t len, struct error *err)
{
	const char *names[64], *near;
	char *name = xstrndup(given, len);
	size_t count = option_names(global_options, names, 0, 64);

	if (command != NULL)
		count = option_names(command->options, names, count, 64);
	near = nearest_name(name, names, count);
	if (command != NULL && find_anywhere(given, len) != NULL)
		error_set(err, ERR_USAGE,
		    _("%s does not take --%s: the API has no such field there. `causerie %s "
		      "--help` lists what it takes."),
		    command->name, name, command->name);
	else if (near != NULL)
		error_set(
		    err, ERR_USAGE, _("There is no option --%s. Did you mean --%s?"), name, near);
	else
		error_set(err, ERR_USAGE,
		    _("There is no option --%s. `causerie --help` lists them."), name);
	free(name);
	return false;
}

/* Parsing. */

static bool
is_option(const char *word)
{
	return word[0] == '-' && word[1] == '-' && word[2] != '\0';
}

/* The verb: the first word that is neither an option nor an option's value. */
static const char *
find_verb(int argc, char **argv)
{
	for (int i = 0; i < argc; i++) {
		const struct option *option;
		const char *name = argv[i] + 2, *equals;

		if (strcmp(argv[i], "--") == 0)
			return NULL;
		if (!is_option(argv[i]))
			return argv[i];
		equals = strchr(name, '=');
		option =
		    find_anywhere(name, equals != NULL ? (size_t)(equals - name) : strlen(name));
		if (option != NULL && option->type != OPTION_FLAG && equals == NULL)
			i++;
	}
	return NULL;
}

static bool
take_option(struct args *args, int argc, char **argv, int *i, struct error *err)
{
	const char *name = argv[*i] + 2, *equals = strchr(name, '=');
	size_t len = equals != NULL ? (size_t)(equals - name) : strlen(name);
	struct given given = {.option = find_option(global_options, name, len)};

	if (given.option == NULL && args->command != NULL)
		given.option = find_option(args->command->options, name, len);
	if (given.option == NULL)
		return unknown_option(args->command, name, len, err);
	if (given.option->type == OPTION_FLAG && equals != NULL)
		return error_set(err, ERR_USAGE, _("--%s takes no value."), given.option->name);
	if (given.option->type != OPTION_FLAG) {
		if (equals == NULL && *i + 1 >= argc)
			return error_set(err, ERR_USAGE, _("--%s needs a value: --%s %s."),
			    given.option->name, given.option->name, _(given.option->value));
		given.value = equals != NULL ? equals + 1 : argv[++*i];
	}
	array_push(&args->options, given);
	return true;
}

bool
args_parse(struct args *args, int argc, char **argv, struct error *err)
{
	const char *verb = find_verb(argc, argv);
	bool verb_seen = false, only_words = false;

	memset(args, 0, sizeof(*args));
	if (verb != NULL) {
		args->command = find_command(verb);
		if (args->command == NULL)
			return unknown_command(verb, err);
	}
	for (int i = 0; i < argc; i++) {
		if (!only_words && strcmp(argv[i], "--") == 0)
			only_words = true;
		else if (!only_words && is_option(argv[i])) {
			if (!take_option(args, argc, argv, &i, err))
				return false;
		} else if (!only_words && verb_seen && argv[i][0] == '-' && argv[i][1] != '\0' &&
			   strspn(argv[i] + 1, "0123456789") == 0)
			return error_set(err, ERR_USAGE,
			    _("There is no option %s. If it is meant as text, put -- before it."),
			    argv[i]);
		else if (!verb_seen && !only_words)
			verb_seen = true;
		else
			array_push(&args->words, argv[i]);
	}
	if (args->command == NULL && args->words.len > 0)
		return unknown_command(args->words.items[0], err);
	return true;
}

void
args_done(struct args *args)
{
	array_done(&args->words);
	array_done(&args->options);
}

bool
args_has(const struct args *args, const char *option)
{
	for (size_t i = 0; i < args->options.len; i++)
		if (strcmp(args->options.items[i].option->name, option) == 0)
			return true;
	return false;
}

const char *
args_value(const struct args *args, const char *option)
{
	for (size_t i = args->options.len; i > 0; i--)
		if (strcmp(args->options.items[i - 1].option->name, option) == 0)
			return args->options.items[i - 1].value;
	return NULL;
}

bool
args_number(const struct args *args, const char *option, long min, long max, long fallback,
    long *value, struct error *err)
{
	const char *text = args_value(args, option);
	char *end;

	*value = fallback;
	if (text == NULL)
		return true;
	errno = 0;
	*value = strtol(text, &end, 10);
	if (errno != 0 || end == text || *end != '\0' || *value < min || *value > max)
		return error_set(err, ERR_USAGE,
		    _("--%s takes a whole number from %ld to %ld, not \"%s\"."), option, min, max,
		    text);
	return true;
}

bool
args_object(const struct args *args, const char *option, char **object, struct error *err)
{
	for (size_t i = 0; i < args->options.len; i++) {
		const char *value = args->options.items[i].value, *equals;
		char *key, *more;

		if (strcmp(args->options.items[i].option->name, option) != 0)
			continue;
		equals = strchr(value, '=');
		if (equals == NULL || equals == value)
			return error_set(
			    err, ERR_USAGE, _("--%s takes KEY=VALUE, not \"%s\"."), option, value);
		key = xstrndup(value, (size_t)(equals - value));
		more = wire_set(*object, key, equals + 1);
		free(key);
		free(*object);
		*object = more;
	}
	return true;
}

/* Help. */

static void
help_options(const struct option *options, struct buf *out)
{
	for (; options != NULL && options->name != NULL; options++) {
		char *left;
		int width;

		if (options->help == NULL)
			continue;
		left = options->value != NULL
			   ? xasprintf("--%s %s", options->name, _(options->value))
			   : xasprintf("--%s", options->name);
		width = utf8_width(left, strlen(left));
		buf_printf(
		    out, "  %s%*s %s\n", left, width < 30 ? 30 - width : 1, "", _(options->help));
		free(left);
	}
}

static void
help_all(struct buf *out)
{
	buf_puts(
	    out, _("Usage: causerie [OPTION]...                      the full-screen chat\n"
		   "       causerie [OPTION]... VERB [ARGUMENT]...   one operation, then exit\n"));
	buf_puts(out, _("\nVerbs:\n"));
	for (size_t i = 0; commands[i] != NULL; i++) {
		char *left = commands[i]->args != NULL
				 ? xasprintf("%s %s", commands[i]->name, _(commands[i]->args))
				 : xstrdup(commands[i]->name);
		int width = utf8_width(left, strlen(left));

		buf_printf(out, "  %s%*s %s\n", left, width < 46 ? 46 - width : 1, "",
		    _(commands[i]->help));
		free(left);
	}
	buf_puts(out, _("\nOptions, before or after the verb:\n"));
	help_options(global_options, out);
	buf_puts(
	    out, _("\n`causerie VERB --help` tells more of a verb, the manual causerie(1) of "
		   "everything.\n"
		   "Without a key and a profile the chat opens on the built-in guide: ask it.\n"));
}

void
command_help(const struct command *command, struct buf *out)
{
	if (command == NULL) {
		help_all(out);
		return;
	}
	buf_printf(out, _("Usage: causerie %s %s\n\n%s.\n"), command->name,
	    command->args != NULL ? _(command->args) : "", _(command->help));
	if (command->options != NULL) {
		buf_puts(out, _("\nOptions:\n"));
		help_options(command->options, out);
	}
	buf_puts(out, _("\nEverywhere:\n"));
	help_options(global_options, out);
}

void
command_put_roff(struct buf *out, const char *text)
{
	for (; *text != '\0'; text++) {
		if (*text == '\\')
			buf_puts(out, "\\e");
		else if (*text == '-')
			buf_puts(out, "\\-");
		else
			buf_putc(out, *text);
	}
}

static void
manual_options(const struct option *options, struct buf *out)
{
	for (; options != NULL && options->name != NULL; options++) {
		if (options->help == NULL)
			continue;
		buf_puts(out, ".TP\n\\fB\\-\\-");
		command_put_roff(out, options->name);
		buf_puts(out, "\\fR");
		if (options->value != NULL) {
			buf_puts(out, " \\fI");
			command_put_roff(out, _(options->value));
			buf_puts(out, "\\fR");
		}
		buf_puts(out, "\n");
		command_put_roff(out, _(options->help));
		buf_puts(out, ".\n");
	}
}

void
command_manual_options(struct buf *out)
{
	manual_options(global_options, out);
}

void
command_manual_verbs(struct buf *out)
{
	for (size_t i = 0; commands[i] != NULL; i++) {
		buf_puts(out, ".SS \"");
		command_put_roff(out, commands[i]->name);
		if (commands[i]->args != NULL) {
			buf_putc(out, ' ');
			command_put_roff(out, _(commands[i]->args));
		}
		buf_puts(out, "\"\n");
		command_put_roff(out, _(commands[i]->help));
		buf_puts(out, ".\n");
		manual_options(commands[i]->options, out);
	}
}

/* For verbs. */

/* Standard input on its way in. */
struct reading {
	struct buf bytes;
	bool done;
	struct error error;
};

static void
take_piece(void *arg, int fd, unsigned ready)
{
	struct reading *reading = arg;
	char piece[65536];
	ssize_t n = read(fd, piece, sizeof(piece));

	(void)ready;
	if (n > 0 && !buf_add(&reading->bytes, piece, (size_t)n))
		error_set(&reading->error, ERR_USAGE,
		    _("The input is larger than %zu MiB; nothing was done with it."),
		    reading->bytes.max >> 20);
	/* A standard input that is closed is an empty one. */
	else if (n < 0 && errno != EINTR && errno != EAGAIN && errno != EBADF)
		error_set(&reading->error, ERR_SYSTEM, _("Standard input cannot be read: %s."),
		    strerror(errno));
	reading->done = n == 0 || reading->error.kind != ERR_NONE || (n < 0 && errno == EBADF);
}

bool
command_read(struct command_context *ctx, size_t max, struct buf *out, struct error *err)
{
	struct reading reading = {.error = ERROR_NONE};
	struct watch *watch;

	buf_init(&reading.bytes, max);
	watch = loop_watch(ctx->loop, ctx->in, LOOP_READ, take_piece, &reading);
	while (!reading.done && !*ctx->interrupted)
		loop_wait(ctx->loop, -1);
	loop_unwatch(ctx->loop, watch);
	if (!reading.done)
		error_set(&reading.error, ERR_CANCELLED, _("Interrupted; nothing was done."));
	if (reading.error.kind == ERR_NONE)
		utf8_repair_all(reading.bytes.data, reading.bytes.len, out);
	buf_done(&reading.bytes);
	return reading.error.kind == ERR_NONE || error_move(err, &reading.error);
}

/* Whether something was piped, or a file given, in place of the terminal or nothing. */
static bool
is_piped(const struct command_context *ctx)
{
	struct pollfd fd = {.fd = ctx->in, .events = POLLIN};

	if (ctx->in_is_terminal)
		return false;
	return poll(&fd, 1, 0) >= 0 && (fd.revents & POLLNVAL) == 0;
}

static void
trim(struct buf *b)
{
	while (b->len > 0 && strchr(" \t\r\n", b->data[b->len - 1]) != NULL)
		buf_truncate(b, b->len - 1);
}

bool
command_input(struct command_context *ctx, const struct args *args, size_t first, struct buf *out,
    struct error *err)
{
	bool dash = args->words.len == first + 1 && strcmp(args->words.items[first], "-") == 0;
	struct buf piped;

	for (size_t i = first; i < args->words.len && !dash; i++) {
		if (i > first)
			buf_putc(out, ' ');
		utf8_repair_all(args->words.items[i], strlen(args->words.items[i]), out);
	}
	if (!dash && out->len > 0 && !is_piped(ctx))
		return true;
	buf_init(&piped, 0);
	if (!command_read(ctx, MAX_INPUT, &piped, err)) {
		buf_done(&piped);
		return false;
	}
	trim(&piped);
	if (out->len > 0 && piped.len > 0)
		buf_puts(out, "\n\n");
	buf_add(out, piped.data, piped.len);
	buf_done(&piped);
	return true;
}

bool
command_conversation(
    struct command_context *ctx, const char *ref, int64_t *key, char **id, struct error *err)
{
	struct conversation *conversation;

	*id = NULL;
	if (!store_find(ctx->store, ctx->connection, ref, key, err))
		return false;
	if (*key == 0 && strcmp(ref, "@") == 0)
		return error_set(err, ERR_USAGE,
		    _("There is no conversation yet: `causerie start` begins one."));
	if (*key == 0) {
		*id = xstrdup(ref);
		return true;
	}
	conversation = store_load(ctx->store, *key, false, err);
	if (conversation == NULL)
		return err->kind == ERR_NONE ? error_set(err, ERR_STORE,
						   _("The conversation %s cannot be read."), ref)
					     : false;
	*id = xstrdup(conversation->id);
	conversation_free(conversation);
	return true;
}

bool
command_wait(struct command_context *ctx, const bool *done, struct error *err)
{
	while (!*done) {
		if (*ctx->interrupted)
			return error_set(
			    err, ERR_CANCELLED, _("Interrupted before the server had answered."));
		loop_wait(ctx->loop, -1);
	}
	return true;
}

void
command_print(struct command_context *ctx, const char *text, size_t len)
{
	struct buf clean;

	buf_init(&clean, 0);
	sanitize(&clean, text, len, SANITIZE_TEXT);
	fwrite(clean.data, 1, clean.len, ctx->out);
	buf_done(&clean);
}

void
command_print_json(struct command_context *ctx, const char *json, size_t len, bool line)
{
	bool harmless = !ctx->out_is_terminal || sanitize_is_clean(json, len, SANITIZE_TEXT);
	struct buf out;

	while (len > 0 && (json[len - 1] == '\n' || json[len - 1] == '\r'))
		len--;
	buf_init(&out, 0);
	if (harmless && !(line && memchr(json, '\n', len) != NULL))
		buf_add(&out, json, len);
	else
		wire_line(&out, json, len);
	buf_putc(&out, '\n');
	fwrite(out.data, 1, out.len, ctx->out);
	buf_done(&out);
}

void
command_note(struct command_context *ctx, const char *format, ...)
{
	va_list args;
	char *text, *clean;

	va_start(args, format);
	text = xvasprintf(format, args);
	va_end(args);
	clean = sanitize_text(text);
	fputs(clean, ctx->err);
	free(clean);
	free(text);
}
