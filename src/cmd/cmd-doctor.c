/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include <langinfo.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/error.h"
#include "base/i18n.h"
#include "base/mem.h"
#include "base/path.h"
#include "base/sanitize.h"
#include "client/client.h"
#include "cmd/verbs.h"
#include "net/http.h"
#include "profile/profile.h"
#include "store/store.h"

/* What works and what does not, and why: profile, keys, connections, store, terminal. */

enum verdict {
	GOOD,
	NOTE,
	BAD,
};

struct report {
	struct command_context *ctx;
	struct buf json;
	int problems;
};

static void
say(struct report *r, enum verdict verdict, const char *subject, const char *text)
{
	static const char *const marks[] = {[GOOD] = "ok  ", [NOTE] = "note", [BAD] = "bad "};
	static const char *const words[] = {[GOOD] = "ok", [NOTE] = "note", [BAD] = "bad"};
	char *clean = sanitize_text(text), *name = sanitize_line(subject);

	r->problems += verdict == BAD;
	if (r->ctx->json) {
		buf_puts(&r->json, r->json.len > 1 ? ",{\"subject\":" : "{\"subject\":");
		buf_put_json(&r->json, subject, strlen(subject));
		buf_printf(&r->json, ",\"verdict\":\"%s\",\"text\":", words[verdict]);
		buf_put_json(&r->json, text, strlen(text));
		buf_putc(&r->json, '}');
	} else {
		fprintf(r->ctx->out, "%s  %-12s %s\n", marks[verdict], name, clean);
	}
	free(name);
	free(clean);
}

static void __attribute__((format(printf, 4, 5)))
sayf(struct report *r, enum verdict verdict, const char *subject, const char *format, ...)
{
	va_list args;
	char *text;

	va_start(args, format);
	text = xvasprintf(format, args);
	va_end(args);
	say(r, verdict, subject, text);
	free(text);
}

static void
check_profile(struct report *r)
{
	const struct profile *profile = r->ctx->profile;

	if (r->ctx->profile_error != NULL && r->ctx->profile_error->kind != ERR_NONE)
		say(r, BAD, "profile", r->ctx->profile_error->text);
	else if (profile->exists)
		sayf(r, GOOD, "profile", _("%s is sound (agents: %zu, connections: %zu)."),
		    profile->path, profile->agents.len, profile->connections.len);
	else
		sayf(r, GOOD, "profile", _("There is none at %s; the defaults are used."),
		    profile->path != NULL ? profile->path : "?");
}

static void
check_store(struct report *r)
{
	char *path = path_data("causerie.db"), *details = NULL;
	struct error err = ERROR_NONE;
	bool read_only = false;
	struct store *store = store_open(path, &read_only, &err);

	if (store != NULL && store_check(store, &details, &err))
		sayf(r, read_only ? BAD : GOOD, "store",
		    read_only ? _("%s cannot be written. %s") : "%s: %s", path, details);
	else
		say(r, BAD, "store", err.text);
	if (store != NULL)
		store_close(store);
	error_done(&err);
	free(details);
	free(path);
}

/* Where the key comes from and whether it is there; never the key. */
static bool
check_key(struct report *r, const struct connection *connection)
{
	struct error err = ERROR_NONE;
	struct buf key;
	bool good;

	if (connection->key_source == KEY_COMMAND) {
		sayf(r, GOOD, connection->name, _("The key comes from the command %s."),
		    connection->key_command.items[0]);
		return true;
	}
	buf_init(&key, 0);
	good = connection_key(connection, &key, &err);
	if (!good)
		say(r, strcmp(connection->name, r->ctx->profile->connection) == 0 ? BAD : NOTE,
		    connection->name, err.text);
	else if (connection->key_source != KEY_NONE)
		say(r, GOOD, connection->name, _("There is a key."));
	explicit_bzero(key.data, key.len);
	buf_done(&key);
	error_done(&err);
	return good;
}

struct probe {
	bool done;
	size_t models;
	struct error error;
};

static void
probed(void *arg, const struct event *event)
{
	struct probe *probe = arg;

	probe->done = true;
	probe->models = event->agent_count;
	if (event->type == EVENT_FAILED)
		error_copy(&probe->error, event->error);
}

/* One cheap request: which models there are. */
static void
check_server(struct report *r, struct client *client, const struct connection *connection)
{
	struct probe probe = {0};
	struct error err = ERROR_NONE;
	char *host =
	    connection->api != API_GUIDE ? http_host(connection->base_url) : xstrdup("guide");
	unsigned id =
	    client_ask(client, connection->name, question_new(ASK_MODELS), probed, &probe, &err);

	if (id != 0 && !command_wait(r->ctx, &probe.done, &err))
		client_forget(client, id);
	if (err.kind == ERR_NONE && probe.error.kind != ERR_NONE)
		error_move(&err, &probe.error);
	if (err.kind != ERR_NONE)
		say(r, strcmp(connection->name, r->ctx->profile->connection) == 0 ? BAD : NOTE,
		    connection->name, err.text);
	else
		sayf(r, GOOD, connection->name,
		    ngettext("%s answers: %zu model.", "%s answers: %zu models.", probe.models),
		    host, probe.models);
	error_done(&probe.error);
	error_done(&err);
	free(host);
}

static void
check_connections(struct report *r)
{
	const struct profile *profile = r->ctx->profile;
	struct error err = ERROR_NONE;
	bool read_only;
	struct store *store = store_open(":memory:", &read_only, &err);
	struct client *client;

	if (store == NULL) {
		say(r, BAD, "store", err.text);
		error_done(&err);
		return;
	}
	client = client_new(r->ctx->loop, store, profile);
	sayf(r, GOOD, "start", _("A new conversation starts on %s."), profile->connection);
	for (size_t i = 0; i < profile->connections.len; i++)
		if (check_key(r, profile->connections.items[i]))
			check_server(r, client, profile->connections.items[i]);
	client_free(client);
	store_close(store);
}

static void
check_terminal(struct report *r)
{
	const char *term = getenv("TERM"), *codeset = nl_langinfo(CODESET),
		   *no_color = getenv("NO_COLOR");
	struct winsize size = {0};

	sayf(r, strcmp(codeset, "UTF-8") == 0 ? GOOD : NOTE, "locale",
	    strcmp(codeset, "UTF-8") == 0
		? _("The character set is %s.")
		: _("The character set is %s; with UTF-8 more can be shown."),
	    codeset);
	if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0)
		sayf(r, GOOD, "terminal",
		    no_color != NULL && no_color[0] != '\0'
			? _("TERM=%s, %dx%d, without colours (NO_COLOR).")
			: _("TERM=%s, %dx%d."),
		    term != NULL ? term : "?", size.ws_col, size.ws_row);
	else
		sayf(r, NOTE, "terminal", _("Standard output is no terminal; TERM=%s."),
		    term != NULL ? term : "");
}

static bool
doctor(struct command_context *ctx, const struct args *args, struct error *err)
{
	struct report report = {.ctx = ctx};
	bool profile_good = ctx->profile_error == NULL || ctx->profile_error->kind == ERR_NONE;

	if (args->words.len > 0)
		return error_set(err, ERR_USAGE, _("%s takes no words."), "doctor");
	buf_init(&report.json, 0);
	buf_putc(&report.json, '[');
	check_profile(&report);
	check_store(&report);
	if (profile_good)
		check_connections(&report);
	check_terminal(&report);
	buf_puts(&report.json, "]\n");
	if (ctx->json)
		fwrite(report.json.data, 1, report.json.len, ctx->out);
	buf_done(&report.json);
	if (!profile_good)
		return error_set(err, ERR_CONFIG, _("The profile has to be put right first."));
	if (report.problems > 0)
		return error_set(err, ERR_SERVER,
		    ngettext("%d thing does not work.", "%d things do not work.",
			(unsigned long)report.problems),
		    report.problems);
	return true;
}

const struct command cmd_doctor = {
    .name = "doctor",
    .help = N_("tell what works and what does not, and why"),
    .flags = COMMAND_ALONE | COMMAND_NO_STORE,
    .exec = doctor,
};
