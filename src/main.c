/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include <fcntl.h>
#include <locale.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "app.h"
#include "base/buf.h"
#include "base/error.h"
#include "base/i18n.h"
#include "base/mem.h"
#include "base/sanitize.h"
#include "cmd/command.h"

/*
 * A standard descriptor that is closed must not become the one of the store or
 * of a connection. What stands in for it fails as it would: the wrong way round.
 */
static void
hold_descriptors(void)
{
	for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++)
		if (fcntl(fd, F_GETFD) < 0 &&
		    open("/dev/null", fd == STDIN_FILENO ? O_WRONLY : O_RDONLY) != fd)
			_exit(error_exit_status(ERR_SYSTEM));
}

/*
 * Run from where it was built, it has its catalogues beside it (Makefile.am).
 * Only the place of the program itself tells that: a variable of the environment
 * would let anyone who can set it put words into the mouth of the installed one.
 */
static void
find_catalogues(void)
{
	static const char built[] = "/src/" PACKAGE;
	char *program = realpath("/proc/self/exe", NULL), *folder = NULL;
	size_t len = program != NULL ? strlen(program) : 0, end = sizeof(built) - 1;

	if (len > end && strcmp(program + len - end, built) == 0)
		folder = xasprintf("%.*s/po/locale", (int)(len - end), program);
	bindtextdomain(
	    PACKAGE, folder != NULL && access(folder, R_OK | X_OK) == 0 ? folder : LOCALEDIR);
	free(folder);
	free(program);
}

/* What needs no profile, no store and no loop. */
static bool
answer_at_once(const struct args *args, bool *answered, struct error *err)
{
	struct buf out;

	*answered = true;
	buf_init(&out, 0);
	if (args_has(args, "help"))
		command_help(args->command, &out);
	else if (args_has(args, "version"))
		buf_printf(&out, "causerie %s\n", PACKAGE_VERSION);
	else if (args_has(args, "manual"))
		return app_manual(err);
	else if (args_has(args, "list-keys"))
		return app_list_keys(args, err);
	else
		*answered = false;
	fwrite(out.data, 1, out.len, stdout);
	buf_done(&out);
	return true;
}

/* One or two sentences; a profile's problems come a line each. */
static void
print_error(const struct error *err)
{
	char *text = sanitize_text(err->text != NULL ? err->text : _("Something failed."));

	fprintf(stderr, "causerie: %s\n", text);
	free(text);
}

/* What was printed may still be on its way, to a disk that is full or nowhere at all. */
static bool
flush_output(struct error *err)
{
	return (fflush(stdout) == 0 && !ferror(stdout)) ||
	       error_set(err, ERR_SYSTEM, _("Standard output cannot be written to the end."));
}

int
main(int argc, char **argv)
{
	struct error err = ERROR_NONE;
	struct args args;
	bool good, answered = false;
	int status;

	hold_descriptors();
	setlocale(LC_ALL, "");
	/* The numbers here are the profile's and the API's: they have a point everywhere. */
	setlocale(LC_NUMERIC, "C");
	find_catalogues();
	bind_textdomain_codeset(PACKAGE, "UTF-8");
	textdomain(PACKAGE);

	good =
	    args_parse(&args, argc - 1, argv + 1, &err) && answer_at_once(&args, &answered, &err);
	if (good && !answered)
		good = args.command != NULL ? app_verb(&args, &err) : app_chat(&args, &err);
	good = good && flush_output(&err);
	args_done(&args);
	status = error_exit_status(good ? ERR_NONE : err.kind);
	/* A verb can have failed in words of its own: then only the status is left to say. */
	if (!good && (err.text == NULL || err.text[0] != '\0'))
		print_error(&err);
	error_done(&err);
	return status;
}
