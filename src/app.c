/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include "app.h"

#include <errno.h>
#include <fcntl.h>
#include <locale.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/error.h"
#include "base/i18n.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/path.h"
#include "base/resource.h"
#include "client/client.h"
#include "cmd/command.h"
#include "net/loop.h"
#include "profile/profile.h"
#include "store/store.h"
#include "ui/actions.h"
#include "ui/key.h"
#include "ui/keymap.h"
#include "ui/screen.h"
#include "ui/term.h"
#include "ui/theme.h"
#include "ui/view.h"

/* The largest text taken back from an editor. */
#define MAX_EDITED (16 << 20)

/* So long the end waits for servers that are told to delete something. */
#define LAST_WORDS_MS 3000

struct app {
	struct loop *loop;
	struct profile profile;
	struct store *store;
	struct client *client;
	struct agent *agent; /* who is talked to, as the command line says, or NULL */
	volatile bool interrupted;

	struct keymap *keymap;
	struct screen *screen;
	struct watch *keys;
	struct watch *slow; /* the terminal, while it has not taken all of a frame */
	struct timer *more; /* an Esc that may begin a sequence */
	bool away;	    /* the terminal is the shell's or an editor's */
	bool gone;	    /* the terminal has hung up */
	pid_t editor;
	char *edited; /* the file it edits */
};

/* A key in memory must not end in a core file. */
static void
no_core(void)
{
	struct rlimit none = {0, 0};

	setrlimit(RLIMIT_CORE, &none);
}

/* From here on in this language, whatever the locale's. */
static void
use_language(const char *language)
{
	static const char *const locales[] = {"C.UTF-8", "en_US.UTF-8"};
	const char *now = setlocale(LC_MESSAGES, NULL);

	setenv("LANGUAGE", language, 1);
	/* gettext translates in every locale but this one. */
	if (now == NULL || strcmp(now, "C") == 0 || strcmp(now, "POSIX") == 0)
		for (size_t i = 0; i < sizeof(locales) / sizeof(locales[0]); i++)
			if (setlocale(LC_MESSAGES, locales[i]) != NULL)
				break;
	/* What was looked up before would otherwise stay as it was found. */
	textdomain(PACKAGE);
}

static bool
load_profile(struct app *app, const struct args *args, struct error *err)
{
	const char *language;

	if (!profile_load(&app->profile, args_value(args, "profile"), err))
		return false;
	language = app->profile.settings.language;
	if (language != NULL && language[0] != '\0')
		use_language(language);
	if (args_value(args, "connection") != NULL) {
		if (profile_connection(&app->profile, args_value(args, "connection")) == NULL)
			return error_set(err, ERR_USAGE,
			    _("No connection is called \"%s\". The profile names: see `causerie "
			      "doctor`."),
			    args_value(args, "connection"));
		xreplace(&app->profile.connection, args_value(args, "connection"));
	}
	return true;
}

/* Who is talked to: --agent, --model, else the profile's agent, else nobody in particular. */
static bool
find_agent(struct app *app, const struct args *args, struct error *err)
{
	const char *name = args_value(args, "agent"), *model = args_value(args, "model");
	const struct agent *known;

	if (name != NULL && model != NULL)
		return error_set(err, ERR_USAGE,
		    _("--agent and --model exclude each other: an agent has its model."));
	if (name == NULL && model == NULL && args_value(args, "connection") == NULL)
		name = app->profile.agent;
	known = name != NULL ? profile_agent(&app->profile, name) : NULL;
	if (known != NULL) {
		app->agent = agent_copy(known);
	} else if (name != NULL) {
		app->agent = agent_new(AGENT_SERVER);
		app->agent->name = xstrdup(name);
		app->agent->agent_id = xstrdup(name);
	} else if (model != NULL) {
		app->agent = agent_new(AGENT_MODEL);
		app->agent->name = xstrdup(model);
		app->agent->model = xstrdup(model);
	}
	if (app->agent != NULL && args_value(args, "connection") != NULL)
		xreplace(&app->agent->connection, args_value(args, "connection"));
	return true;
}

static bool
open_store(struct app *app, struct error *err)
{
	char *path = path_data("causerie.db");
	bool read_only;

	app->store = store_open(path, &read_only, err);
	free(path);
	return app->store != NULL;
}

static void
close_all(struct app *app)
{
	client_free(app->client);
	if (app->store != NULL)
		store_close(app->store);
	agent_free(app->agent);
	profile_done(&app->profile);
	if (app->loop != NULL)
		loop_free(app->loop);
	log_close();
}

static bool
open_log(const struct args *args, struct error *err)
{
	const char *path = args_value(args, "debug-log");

	return path == NULL || log_open(path, err);
}

/* Verbs. */

/*
 * The whole job stops, as a shell expects of C-z: a script around us too. A job
 * without a shell that could wake it goes on, as the kernel sees to.
 */
static void
stop_job(void)
{
	struct sigaction stop = {.sa_handler = SIG_DFL}, old;

	sigaction(SIGTSTP, &stop, &old);
	kill(0, SIGTSTP);
	sigaction(SIGTSTP, &old, NULL);
}

static void
verb_signal(void *arg, int number)
{
	struct app *app = arg;

	if (number == SIGINT || number == SIGTERM || number == SIGHUP || number == SIGQUIT)
		app->interrupted = true;
	else if (number == SIGTSTP)
		stop_job();
}

bool
app_verb(const struct args *args, struct error *err)
{
	struct app app = {0};
	struct error profile_error = ERROR_NONE;
	unsigned flags = args->command->flags;
	struct command_context context = {
	    .profile = &app.profile,
	    .agent = args_value(args, "agent"),
	    .model = args_value(args, "model"),
	    .json = args_has(args, "json"),
	    .out = stdout,
	    .err = stderr,
	    .in = STDIN_FILENO,
	    .interrupted = &app.interrupted,
	};
	bool good = false;

	no_core();
	context.out_is_terminal = isatty(STDOUT_FILENO);
	context.err_is_terminal = isatty(STDERR_FILENO);
	context.in_is_terminal = isatty(STDIN_FILENO);
	context.connection = args_value(args, "connection");
	app.loop = loop_new(err);
	if (app.loop == NULL || !open_log(args, err))
		goto out;
	loop_on_signal(app.loop, verb_signal, &app);
	if (!load_profile(&app, args, &profile_error) || !find_agent(&app, args, &profile_error)) {
		if (!(flags & COMMAND_ALONE)) {
			error_move(err, &profile_error);
			goto out;
		}
		context.profile_error = &profile_error;
	}
	if (!(flags & COMMAND_NO_STORE) && !open_store(&app, err))
		goto out;
	if (!(flags & COMMAND_ALONE))
		app.client = client_new(app.loop, app.store, &app.profile);
	context.loop = app.loop;
	context.store = app.store;
	context.client = app.client;
	context.target = app.agent;
	good = args->command->exec(&context, args, err);
out:
	error_done(&profile_error);
	close_all(&app);
	return good;
}

/* The terminal, as the screen wants it. */

static void
out_paint(void *arg, const struct grid *grid, int y, int x)
{
	(void)arg;
	term_paint(grid, y, x);
}

static void
out_redraw(void *arg)
{
	(void)arg;
	term_redraw();
}

static void
out_mouse(void *arg, bool on)
{
	(void)arg;
	term_set_mouse(on);
}

static bool
out_copy(void *arg, const char *text, size_t len)
{
	(void)arg;
	return term_copy(text, len);
}

static void
out_bell(void *arg)
{
	(void)arg;
	term_bell();
}

static void
resize(struct app *app)
{
	int height, width;

	term_size(&height, &width);
	screen_resize(app->screen, height, width);
}

/* Back from the shell or the editor. */
static void
come_back(struct app *app)
{
	struct error err = ERROR_NONE;

	if (!term_resume(&err))
		screen_report(app->screen, &err);
	error_done(&err);
	app->away = false;
	loop_watch_events(app->keys, LOOP_READ);
	resize(app);
}

static void
go_away(struct app *app)
{
	app->away = true;
	loop_watch_events(app->keys, 0);
	term_suspend();
}

static void
out_suspend(void *arg)
{
	struct app *app = arg;

	if (app->away)
		return;
	go_away(app);
	stop_job();
	come_back(app);
}

/* A child with the terminal; the loop goes on meanwhile, so that streams do. */
static void
run_editor(const char *editor, const char *path)
{
	sigset_t none;

	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	signal(SIGPIPE, SIG_DFL);
	signal(SIGINT, SIG_DFL);
	signal(SIGQUIT, SIG_DFL);
	signal(SIGTSTP, SIG_DFL);
	/* libcurl's helpers for look-ups are not close-on-exec. */
	for (int fd = STDERR_FILENO + 1; fd < 1024; fd++)
		close(fd);
	/* The user's own command, from the user's own environment, as git and others run it. */
	execl("/bin/sh", "sh", "-c", editor, "causerie", path, (char *)NULL);
	_exit(127);
}

static const char *
editor_name(void)
{
	const char *name = getenv("VISUAL");

	if (name == NULL || name[0] == '\0')
		name = getenv("EDITOR");
	return name == NULL || name[0] == '\0' ? "vi" : name;
}

static void
out_edit(void *arg, const char *text, size_t len)
{
	struct app *app = arg;
	struct error err = ERROR_NONE;
	char *command;

	if (app->editor != 0)
		return;
	app->edited = path_state("message.md");
	command = xasprintf("%s \"$1\"", editor_name());
	if (path_make_parents(app->edited, &err) &&
	    path_replace(app->edited, text, len, 0600, &err)) {
		go_away(app);
		app->editor = fork();
		if (app->editor == 0)
			run_editor(command, app->edited);
		if (app->editor < 0) {
			error_set(&err, ERR_SYSTEM, _("The editor cannot be started: %s."),
			    strerror(errno));
			app->editor = 0;
			come_back(app);
		}
	}
	free(command);
	if (err.kind != ERR_NONE) {
		screen_report(app->screen, &err);
		free(app->edited);
		app->edited = NULL;
	}
	error_done(&err);
}

static void
editor_ended(struct app *app)
{
	struct error err = ERROR_NONE;
	struct buf text;
	int status;

	if (app->editor == 0 || waitpid(app->editor, &status, WNOHANG) != app->editor)
		return;
	app->editor = 0;
	come_back(app);
	buf_init(&text, MAX_EDITED);
	if (!WIFEXITED(status) || WEXITSTATUS(status) != 0)
		error_set(&err, ERR_SYSTEM,
		    _("The editor (%s) failed; the message is as it was, the text is in %s."),
		    editor_name(), app->edited);
	else if (path_read(app->edited, MAX_EDITED, &text, &err)) {
		screen_edited(app->screen, text.data, text.len);
		unlink(app->edited);
	}
	if (err.kind != ERR_NONE)
		screen_report(app->screen, &err);
	error_done(&err);
	buf_done(&text);
	free(app->edited);
	app->edited = NULL;
}

static void read_keys(void *arg, int fd, unsigned ready);

static void
read_more(void *arg)
{
	struct app *app = arg;

	app->more = NULL;
	read_keys(app, term_fd(), LOOP_READ);
}

static void
read_keys(void *arg, int fd, unsigned ready)
{
	struct app *app = arg;
	struct key key;
	int more = -1;
	bool gone = false;

	(void)fd;
	loop_cancel(app->loop, app->more);
	app->more = NULL;
	while (!app->away && term_read(&key, &more, &gone)) {
		if (key.code != KEY_NONE_)
			screen_key(app->screen, &key);
		free(key.text);
		if (screen_wants_quit(app->screen))
			return;
	}
	if (gone || (ready & LOOP_HANGUP))
		app->gone = true;
	else if (more >= 0)
		app->more = loop_timer(app->loop, more, read_more, app);
}

static void
write_more(void *arg, int fd, unsigned ready)
{
	struct app *app = arg;

	(void)fd;
	if (ready & LOOP_HANGUP)
		app->gone = true;
	else
		term_flush();
}

static void
chat_signal(void *arg, int number)
{
	struct app *app = arg;

	switch (number) {
	case SIGWINCH:
		if (!app->away)
			resize(app);
		break;
	case SIGTSTP:
		out_suspend(app);
		break;
	case SIGCONT:
		/* A shell in between may have changed the terminal's modes. */
		if (!app->away)
			come_back(app);
		break;
	case SIGCHLD:
		editor_ended(app);
		break;
	case SIGINT:
	case SIGTERM:
	case SIGHUP:
	case SIGQUIT:
		app->interrupted = true;
		break;
	default:
		break;
	}
}

static bool
make_keymap(struct app *app, struct error *err)
{
	app->keymap = keymap_new(default_keys, default_key_count, app->profile.settings.preset);
	return keymap_apply(app->keymap, &app->profile, action_is_known, err);
}

static bool
start_screen(struct app *app, const struct args *args, struct error *err)
{
	struct screen_output output = {
	    .paint = out_paint,
	    .redraw = out_redraw,
	    .suspend = out_suspend,
	    .mouse = out_mouse,
	    .copy = out_copy,
	    .bell = out_bell,
	    .edit = out_edit,
	    .arg = app,
	};
	struct error shut = ERROR_NONE;
	struct theme theme;
	int64_t last = 0;

	if (!theme_load(app->profile.settings.theme, &theme, err))
		return false;
	if (args_has(args, "continue") && (!store_find(app->store, NULL, "@", &last, err) ||
					      !store_preferred(app->store, last, &last, err)))
		return false;
	if (!term_start(app->profile.settings.mouse, err))
		return false;
	term_set_theme(&theme);
	output.colours = term_has_colours() && theme.looks[STYLE_REMOVED].fg >= 0 &&
			 theme.looks[STYLE_ADDED].fg >= 0;
	app->screen = screen_new(app->client, app->keymap, &output);
	view_set_agent(screen_view(app->screen), app->agent);
	if (last == 0 || !screen_open(app->screen, last, 0))
		screen_open_new(app->screen);
	/* Before somebody has written a page in vain. */
	if (!store_is_writable(app->store, &shut))
		screen_report(app->screen, &shut);
	error_done(&shut);
	app->keys = loop_watch(app->loop, term_fd(), LOOP_READ, read_keys, app);
	app->slow = loop_watch(app->loop, term_out_fd(), 0, write_more, app);
	resize(app);
	return true;
}

/* What a server does not answer in time is asked again at the next start. */
static void
end_deletions(struct app *app)
{
	int64_t until = loop_now(app->loop) + LAST_WORDS_MS;

	client_empty_trash(app->client);
	while (client_is_deleting(app->client) && !app->gone && !app->interrupted &&
	       loop_now(app->loop) < until)
		loop_wait(app->loop, (int)(until - loop_now(app->loop)));
}

bool
app_chat(const struct args *args, struct error *err)
{
	struct app app = {0};
	bool good = false;

	no_core();
	app.loop = loop_new(err);
	if (app.loop == NULL || !open_log(args, err) || !load_profile(&app, args, err) ||
	    !find_agent(&app, args, err) || !make_keymap(&app, err) || !open_store(&app, err))
		goto out;
	app.client = client_new(app.loop, app.store, &app.profile);
	if (!start_screen(&app, args, err))
		goto out;
	loop_on_signal(app.loop, chat_signal, &app);
	/* The first frame waits for nobody: the server is asked when it has been painted. */
	screen_paint(app.screen, loop_now(app.loop));
	client_empty_trash(app.client);
	client_refresh(app.client, 0);
	while (!screen_wants_quit(app.screen) && !app.gone && !app.interrupted) {
		int due = app.away ? -1 : screen_paint(app.screen, loop_now(app.loop));

		loop_watch_events(app.slow, term_flush() ? LOOP_WRITE : 0);
		loop_wait(app.loop, due);
	}
	screen_save(app.screen);
	if (screen_wants_quit(app.screen))
		end_deletions(&app);
	good = true;
out:
	loop_cancel(app.loop, app.more);
	loop_unwatch(app.loop, app.keys);
	loop_unwatch(app.loop, app.slow);
	screen_free(app.screen);
	term_stop();
	keymap_free(app.keymap);
	free(app.edited);
	close_all(&app);
	return good;
}

bool
app_list_keys(const struct args *args, struct error *err)
{
	struct app app = {0};
	struct buf out;
	bool good;

	buf_init(&out, 0);
	good = load_profile(&app, args, err) && make_keymap(&app, err);
	if (good) {
		actions_list(app.keymap, &out);
		fwrite(out.data, 1, out.len, stdout);
	}
	buf_done(&out);
	keymap_free(app.keymap);
	profile_done(&app.profile);
	return good;
}

/* The page with @COMMANDS@, @OPTIONS@ and @KEYS@ filled in from our tables. */
bool
app_manual(struct error *err)
{
	const struct resource *page = resource_find("causerie.1.in");
	struct keymap *keymap = keymap_new(default_keys, default_key_count, "default");
	char *text, *rest, *line;
	struct buf out;

	if (page == NULL)
		return error_set(err, ERR_SYSTEM, _("The manual is not in this program."));
	buf_init(&out, 0);
	rest = text = xstrndup(page->data, page->size);
	while ((line = strsep(&rest, "\n")) != NULL) {
		if (strcmp(line, "@COMMANDS@") == 0)
			command_manual_verbs(&out);
		else if (strcmp(line, "@OPTIONS@") == 0)
			command_manual_options(&out);
		else if (strcmp(line, "@KEYS@") == 0)
			actions_manual(keymap, &out);
		else if (rest != NULL || line[0] != '\0')
			buf_printf(&out, "%s\n", line);
	}
	fwrite(out.data, 1, out.len, stdout);
	free(text);
	buf_done(&out);
	keymap_free(keymap);
	return true;
}
