/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/error.h"
#include "base/mem.h"
#include "net/loop.h"
#include "net/process.h"
#include "unit/on-loop.h"

struct run {
	struct loop *loop;
	struct process *process;
	int ends, status;
	bool timed_out, truncated, inside, cancel_in_end;
	struct buf output, errors;
	int64_t begun, took;
};

static void
note_end(void *arg, const struct process_result *result)
{
	struct run *run = arg;

	assert_false(run->inside);
	run->ends++;
	run->took = clock_ms() - run->begun;
	run->status = result->status;
	run->timed_out = result->timed_out;
	run->truncated = result->truncated;
	assert_int_equal(result->output[result->len], '\0');
	buf_add(&run->output, result->output, result->len);
	buf_puts(&run->errors, result->errors);
	if (run->cancel_in_end)
		process_cancel(run->process);
}

static void
begin(struct run *run, struct loop *loop, struct process_request *request)
{
	struct error err = ERROR_NONE;

	*run = (struct run){.loop = loop,
	    .output = BUF_EMPTY,
	    .errors = BUF_EMPTY,
	    .begun = clock_ms(),
	    .inside = true,
	    .cancel_in_end = run->cancel_in_end};
	request->on_end = note_end;
	request->arg = run;
	if (request->max_output == 0)
		request->max_output = 1 << 20;
	run->process = process_start(loop, request, &err);
	run->inside = false;
	if (run->process == NULL)
		print_error("%s\n", err.text);
	assert_non_null(run->process);
}

static void
finish(struct run *run)
{
	while (run->ends == 0)
		loop_wait(run->loop, -1);
	/* Nothing of it is left in the loop, which loop_free() checks, nor as a zombie. */
	assert_int_equal(run->ends, 1);
}

static void
forget(struct run *run)
{
	buf_done(&run->output);
	buf_done(&run->errors);
}

/* Runs a shell script with the request's other fields. */
static void
run_script(struct run *run, struct loop *loop, const char *script, struct process_request request)
{
	const char *const argv[] = {"sh", "-c", script, NULL};

	request.argv = argv;
	begin(run, loop, &request);
	finish(run);
}

static void
test_statuses(void **state)
{
	static const struct {
		const char *script, *output, *errors;
		int status;
	} rows[] = {
	    {"exit 0", "", "", 0},
	    {"exit 7", "", "", 7},
	    {"exit 255", "", "", 255},
	    {"kill -9 $$", "", "", 128 + 9},
	    {"kill -15 $$", "", "", 128 + 15},
	    {"printf hello; printf oops >&2; exit 3", "hello", "oops", 3},
	    {"printf 'a\\nb\\n'", "a\nb\n", "", 0},
	    /* Pipes closed long before the exit, and the other way round. */
	    {"exec >&- 2>&-; sleep 0.2; exit 4", "", "", 4},
	    {"cat", "", "", 0},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct run run = {0};

		run_script(&run, *state, rows[i].script, (struct process_request){.timeout = 30});
		assert_int_equal(run.status, rows[i].status);
		assert_string_equal(run.output.data, rows[i].output);
		assert_string_equal(run.errors.data, rows[i].errors);
		assert_false(run.timed_out);
		assert_false(run.truncated);
		assert_int_equal(waitpid(-1, NULL, WNOHANG), -1);
		forget(&run);
	}
}

/* More than any pipe holds, both ways at once. */
static void
test_input(void **state)
{
	size_t len = 900000;
	char *text = xmalloc(len);
	struct run run = {0};

	for (size_t i = 0; i < len; i++)
		text[i] = (char)(i * 31 + i / 1000);
	run_script(&run, *state, "cat", (struct process_request){.input = text, .input_len = len});
	assert_int_equal(run.status, 0);
	assert_int_equal(run.output.len, len);
	assert_memory_equal(run.output.data, text, len);
	forget(&run);

	/* A program that reads none of it, or only a part, is no error. */
	run_script(&run, *state, "exec <&-; echo no",
	    (struct process_request){.input = text, .input_len = len});
	assert_int_equal(run.status, 0);
	assert_string_equal(run.output.data, "no\n");
	forget(&run);
	run_script(&run, *state, "head -c 3 >/dev/null; echo some",
	    (struct process_request){.input = text, .input_len = len});
	assert_string_equal(run.output.data, "some\n");
	forget(&run);

	/* An empty input ends at once. */
	run_script(&run, *state, "cat; echo end", (struct process_request){.input = ""});
	assert_string_equal(run.output.data, "end\n");
	forget(&run);
	free(text);
}

static void
test_limits(void **state)
{
	struct run run = {0};

	run_script(&run, *state, "head -c 200000 /dev/zero | tr '\\0' x; exit 5",
	    (struct process_request){.max_output = 1000});
	assert_int_equal(run.output.len, 1000);
	assert_true(run.truncated);
	assert_int_equal(run.status, 5);
	forget(&run);

	run_script(&run, *state, "printf 1234567890", (struct process_request){.max_output = 10});
	assert_int_equal(run.output.len, 10);
	assert_false(run.truncated);
	forget(&run);

	run_script(
	    &run, *state, "head -c 200000 /dev/zero | tr '\\0' y >&2", (struct process_request){0});
	assert_int_equal(run.errors.len, 1024);
	assert_false(run.truncated);
	forget(&run);

	run_script(&run, *state, "ulimit -v; ulimit -c",
	    (struct process_request){.max_memory = (size_t)512 << 20});
	assert_string_equal(run.output.data, "524288\n0\n");
	forget(&run);
}

/* Its surroundings: descriptors, session, signals, standard input. */
static void
test_surroundings(void **state)
{
	struct run run = {0};
	unsigned long long blocked, ignored;
	int fd, group, session, pid;

	/* One that a careless library left open for children. */
	fd = fcntl(2, F_DUPFD, 20);
	assert_true(fd >= 20);
	run_script(&run, *state, "ls /proc/self/fd | tr '\\n' ' '", (struct process_request){0});
	/* The 3 is that of ls itself, reading the folder. */
	assert_string_equal(run.output.data, "0 1 2 3 ");
	forget(&run);
	close(fd);

	run_script(&run, *state, "readlink /proc/self/fd/0; cut -d' ' -f5,6 /proc/$$/stat; echo $$",
	    (struct process_request){0});
	assert_int_equal(strncmp(run.output.data, "/dev/null\n", 10), 0);
	/* Process group and session are its own. */
	assert_int_equal(sscanf(run.output.data + 10, "%d %d %d", &group, &session, &pid), 3);
	assert_int_equal(group, pid);
	assert_int_equal(session, pid);
	assert_int_not_equal(session, getsid(0));
	forget(&run);

	/* PIPE is ignored here, but not there; nothing is blocked. */
	run_script(
	    &run, *state, "grep -E '^Sig(Blk|Ign)' /proc/self/status", (struct process_request){0});
	assert_int_equal(
	    sscanf(run.output.data, "SigBlk: %llx SigIgn: %llx", &blocked, &ignored), 2);
	assert_int_equal(blocked, 0);
	/* 32 and 33 are the C library's own, which nobody else can set. */
	assert_int_equal(ignored & ~0x180000000ull, 0);
	forget(&run);
}

static void
test_environment(void **state)
{
	static const char *const env[] = {"ONE=1", "MY_KEY=given", NULL};
	struct run run = {0};

	setenv("MISTRAL_API_KEY", "canary", 1);
	setenv("some_token_x", "canary", 1);
	setenv("Secret", "canary", 1);
	setenv("DB_PASSWORD", "canary", 1);
	setenv("HARMLESS", "yes", 1);
	run_script(&run, *state, "env", (struct process_request){0});
	assert_null(strstr(run.output.data, "canary"));
	assert_non_null(strstr(run.output.data, "HARMLESS=yes\n"));
	assert_non_null(strstr(run.output.data, "PATH="));
	forget(&run);

	/* Given, it is all there is. */
	run_script(&run, *state, "/usr/bin/env", (struct process_request){.env = env});
	assert_non_null(strstr(run.output.data, "ONE=1\n"));
	assert_non_null(strstr(run.output.data, "MY_KEY=given\n"));
	assert_null(strstr(run.output.data, "HARMLESS"));
	assert_null(strstr(run.output.data, "canary"));
	forget(&run);
	unsetenv("MISTRAL_API_KEY");
	unsetenv("some_token_x");
	unsetenv("Secret");
	unsetenv("DB_PASSWORD");
	unsetenv("HARMLESS");
}

static void
test_cannot_start(void **state)
{
	static const char *const names[] = {
	    "causerie-no-such-program", "/nonexistent/x", "/etc/passwd", "/tmp", "", "./no/such"};
	char path[] = "/tmp/causerie-process-XXXXXX";
	const char *argv[] = {NULL, NULL};
	struct process_request request = {.argv = argv, .on_end = note_end, .max_output = 1};
	struct error err = ERROR_NONE;
	int fd;

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		argv[0] = names[i];
		assert_null(process_start(*state, &request, &err));
		assert_int_equal(err.kind, ERR_TOOL);
		assert_non_null(strstr(err.text, names[i]));
	}
	/* The failure of exec itself comes back as well. */
	fd = mkstemp(path);
	assert_int_equal(write(fd, "\0no program", 11), 11);
	fchmod(fd, 0700);
	close(fd);
	argv[0] = path;
	assert_null(process_start(*state, &request, &err));
	assert_int_equal(err.kind, ERR_TOOL);
	assert_non_null(strstr(err.text, strerror(ENOEXEC)));
	/* No zombie is left of it. */
	assert_int_equal(waitpid(-1, NULL, WNOHANG), -1);
	unlink(path);
	error_done(&err);
}

static void
test_find(void **state)
{
	char *path, *old = xstrdup(getenv("PATH")), *here = getcwd(NULL, 0);
	char folder[] = "/tmp/causerie-path-XXXXXX";
	int fd;

	(void)state;
	assert_non_null(mkdtemp(folder));
	assert_int_equal(chdir(folder), 0);
	fd = open("prog", O_CREAT | O_WRONLY | O_CLOEXEC, 0700);
	close(fd);

	/* Neither the current folder nor a relative one, empty entries included. */
	setenv("PATH", "::.:../bin:/nonexistent:", 1);
	assert_null(process_find("prog"));
	path = xasprintf(":/bin:%s", folder);
	setenv("PATH", path, 1);
	free(path);
	path = process_find("prog");
	assert_non_null(path);
	assert_int_equal(strncmp(path, folder, strlen(folder)), 0);
	free(path);
	/* With a slash it is meant as it stands. */
	path = process_find("./prog");
	assert_string_equal(path, "./prog");
	free(path);
	assert_null(process_find(""));
	chmod("prog", 0600);
	if (geteuid() != 0)
		assert_null(process_find("./prog"));
	unsetenv("PATH");
	assert_null(process_find("sh"));

	setenv("PATH", old, 1);
	assert_int_equal(unlink("prog"), 0);
	assert_int_equal(chdir(here), 0);
	rmdir(folder);
	free(old);
	free(here);
}

/* It is over when the process is, even if what it left behind holds the pipe. */
static void
test_grandchild(void **state)
{
	struct run run = {0};
	pid_t left;

	run_script(
	    &run, *state, "sleep 1000 & echo $!; exit 6", (struct process_request){.timeout = 30});
	assert_int_equal(run.status, 6);
	assert_false(run.timed_out);
	assert_in_range(run.took, 490, 3000);
	left = (pid_t)atoi(run.output.data);
	assert_true(left > 1);
	/* And nothing goes on unseen. */
	while (kill(left, 0) == 0) {
		char path[64], text[256] = "";
		FILE *file;

		snprintf(path, sizeof(path), "/proc/%d/stat", (int)left);
		file = fopen(path, "re");
		if (file == NULL)
			break;
		if (fgets(text, sizeof(text), file) != NULL && strstr(text, ") Z ") != NULL)
			text[0] = '\0';
		fclose(file);
		if (text[0] == '\0')
			break;
		loop_wait(*state, 5);
	}
	forget(&run);
}

static void
test_timeout(void **state)
{
	static const struct {
		const char *script;
		int status;
		int64_t least, most;
		const char *output;
	} rows[] = {
	    {"sleep 1000", 128 + SIGTERM, 990, 1900, ""},
	    {"trap 'echo bye; exit 9' TERM; while :; do sleep 0.05; done", 9, 990, 1900, "bye\n"},
	    {"trap '' TERM; echo deaf; while :; do sleep 0.05; done", 128 + SIGKILL, 1980, 4000,
		"deaf\n"},
	    /* The whole group, and one who holds the pipe and is deaf. */
	    {"(trap '' TERM; exec sleep 1000) & wait", 128 + SIGTERM, 1480, 4000, ""},
	    /* Endless output keeps nobody from the limit. */
	    {"yes >&2", 128 + SIGTERM, 990, 4000, ""},
	    /* Stopped processes too. */
	    {"kill -STOP $$", 128 + SIGKILL, 1980, 4000, ""},
	};
	enum { ROWS = sizeof(rows) / sizeof(rows[0]) };
	struct run runs[ROWS];

	memset(runs, 0, sizeof(runs));
	for (int i = 0; i < ROWS; i++) {
		const char *const argv[] = {"sh", "-c", rows[i].script, NULL};
		struct process_request request = {.argv = argv, .timeout = 1};

		begin(&runs[i], *state, &request);
	}
	for (int i = 0; i < ROWS; i++) {
		finish(&runs[i]);
		assert_true(runs[i].timed_out);
		if (runs[i].status != rows[i].status)
			print_error("%s\n", rows[i].script);
		assert_int_equal(runs[i].status, rows[i].status);
		assert_in_range(runs[i].took, rows[i].least, rows[i].most);
		assert_string_equal(runs[i].output.data, rows[i].output);
		forget(&runs[i]);
	}
}

static void
test_cancel(void **state)
{
	char script[128], text[32];
	const char *const argv[] = {"sh", "-c", script, NULL};
	struct process_request request = {.argv = argv};
	struct run run = {0};
	int fds[2];
	pid_t pid;

	/* It tells that it is there by a pipe of ours, as it will not end. */
	assert_int_equal(pipe2(fds, O_CLOEXEC), 0);
	snprintf(script, sizeof(script),
	    "trap '' TERM; echo $$ >/proc/%d/fd/%d; sleep 1000; :", getpid(), fds[1]);
	begin(&run, *state, &request);
	assert_true(read(fds[0], text, sizeof(text)) > 1);
	pid = (pid_t)atoi(text);
	assert_int_equal(kill(pid, 0), 0);
	process_cancel(run.process);
	/* Then it is gone, not even a zombie is left. */
	while (kill(pid, 0) == 0)
		loop_wait(*state, 100);
	assert_int_equal(run.ends, 0);
	close(fds[0]);
	close(fds[1]);

	/* At once; twice; not at all. */
	snprintf(script, sizeof(script), "sleep 1000");
	begin(&run, *state, &request);
	process_cancel(run.process);
	loop_wait(*state, 0);
	assert_int_equal(run.ends, 0);
	process_cancel(NULL);
	run.cancel_in_end = true;
	run_script(&run, *state, "exit 1", (struct process_request){0});
	assert_int_equal(run.status, 1);
	forget(&run);
}

static void
test_many(void **state)
{
	enum { MANY = 20 };
	struct run runs[MANY];

	memset(runs, 0, sizeof(runs));
	for (int i = 0; i < MANY; i++) {
		const char *const argv[] = {"sh", "-c", "cat; exit $0", "3", NULL};
		struct process_request request = {.argv = argv, .input = "x", .input_len = 1};

		begin(&runs[i], *state, &request);
	}
	for (int i = 0; i < MANY; i++) {
		finish(&runs[i]);
		assert_int_equal(runs[i].status, 3);
		assert_string_equal(runs[i].output.data, "x");
		forget(&runs[i]);
	}
}

/* With our own 0 to 2 closed the pipes get those numbers, and still end up right. */
static void
test_closed_standard(void **state)
{
	struct run run = {0};
	int saved[3];

	for (int i = 0; i < 3; i++) {
		saved[i] = fcntl(i, F_DUPFD_CLOEXEC, 10);
		close(i);
	}
	run_script(&run, *state, "cat; echo err >&2",
	    (struct process_request){.input = "in", .input_len = 2});
	for (int i = 0; i < 3; i++) {
		dup2(saved[i], i);
		close(saved[i]);
	}
	assert_int_equal(run.status, 0);
	assert_string_equal(run.output.data, "in");
	assert_string_equal(run.errors.data, "err\n");
	forget(&run);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    WITH_LOOP(test_statuses),
	    WITH_LOOP(test_input),
	    WITH_LOOP(test_limits),
	    WITH_LOOP(test_surroundings),
	    WITH_LOOP(test_environment),
	    WITH_LOOP(test_cannot_start),
	    cmocka_unit_test(test_find),
	    WITH_LOOP(test_grandchild),
	    WITH_LOOP(test_timeout),
	    WITH_LOOP(test_cancel),
	    WITH_LOOP(test_many),
	    WITH_LOOP(test_closed_standard),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
