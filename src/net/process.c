/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include "net/process.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <stdnoreturn.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/array.h"
#include "base/buf.h"
#include "base/error.h"
#include "base/i18n.h"
#include "base/mem.h"
#include "net/loop.h"

enum {
	LINGER_MS = 500, /* for output still in the pipes when the process has exited */
	GRACE_MS = 1000, /* from TERM to KILL, and from KILL to giving up */
	MAX_ERRORS = 1024,
	CHUNK = 16384,
};

/* One of the pipes, our end. */
struct end {
	int fd; /* -1: closed */
	struct watch *watch;
};

struct process {
	struct loop *loop;
	pid_t pid; /* of its process group as well */
	struct watch *children;
	struct end input, output, errors;
	struct buf out, err;
	char *text; /* for its standard input */
	size_t text_len, text_sent, max_output;
	struct timer *limit, *linger;
	int limit_signal; /* what the limit timer does next; 0: give up */
	bool exited;	  /* but not yet waited for: its id, the group's, is not free */
	bool ended;	  /* on_end is being called */
	struct process_result result;
	process_fn on_end;
	void *arg;
};

/* What the child needs after fork(), where nothing may be allocated any more. */
struct plan {
	char *path;
	const char *const *argv;
	const char *const *env;
	ARRAY(const char *) own_env;
	int fds[3]; /* its standard input, output and error */
	int report; /* where a failure of exec is told; closed by its success */
	rlim_t max_memory;
};

static bool
is_program(const char *path)
{
	struct stat st;

	return stat(path, &st) == 0 && S_ISREG(st.st_mode) && access(path, X_OK) == 0;
}

char *
process_find(const char *name)
{
	const char *folder = getenv("PATH");

	if (strchr(name, '/') != NULL)
		return is_program(name) ? xstrdup(name) : NULL;
	if (folder == NULL || *name == '\0')
		return NULL;
	for (;;) {
		size_t len = strcspn(folder, ":");
		char *path = xasprintf("%.*s/%s", (int)len, folder, name);

		if (*folder == '/' && is_program(path))
			return path;
		free(path);
		if (folder[len] == '\0')
			return NULL;
		folder += len + 1;
	}
}

/* Whether a variable's name looks like that of a key. */
static bool
is_secret(const char *variable)
{
	static const char *const words[] = {"KEY", "TOKEN", "SECRET", "PASSWORD", "PASSWD"};
	char *name = xstrndup(variable, strcspn(variable, "="));
	bool found = false;

	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]) && !found; i++)
		found = strcasestr(name, words[i]) != NULL;
	free(name);
	return found;
}

static void
choose_env(struct plan *plan, const struct process_request *request)
{
	plan->env = request->env;
	if (plan->env != NULL)
		return;
	for (char **variable = environ; variable != NULL && *variable != NULL; variable++)
		if (!is_secret(*variable))
			array_push(&plan->own_env, *variable);
	array_push(&plan->own_env, NULL);
	plan->env = plan->own_env.items;
}

static void
close_fd(int *fd)
{
	if (*fd >= 0)
		close(*fd);
	*fd = -1;
}

/* Away from 0 to 2, where the child's ends go; our own may be closed. */
static bool
lift(int *fd)
{
	int higher;

	if (*fd < 0 || *fd > 2)
		return *fd >= 0;
	higher = fcntl(*fd, F_DUPFD_CLOEXEC, 3);
	close_fd(fd);
	*fd = higher;
	return higher >= 0;
}

static bool
make_pipe(int *reader, int *writer)
{
	int fds[2];

	if (pipe2(fds, O_CLOEXEC) != 0)
		return false;
	*reader = fds[0];
	*writer = fds[1];
	return lift(reader) && lift(writer);
}

static bool
set_nonblocking(int fd)
{
	int flags = fcntl(fd, F_GETFL);

	return flags >= 0 && fcntl(fd, F_SETFL, flags | O_NONBLOCK) == 0;
}

static bool
open_input(struct process *process, struct plan *plan)
{
	if (process->text != NULL)
		return make_pipe(&plan->fds[0], &process->input.fd) &&
		       set_nonblocking(process->input.fd);
	plan->fds[0] = open("/dev/null", O_RDONLY | O_CLOEXEC);
	return lift(&plan->fds[0]);
}

static bool
open_ends(struct process *process, struct plan *plan, int *report)
{
	return open_input(process, plan) && make_pipe(&process->output.fd, &plan->fds[1]) &&
	       make_pipe(&process->errors.fd, &plan->fds[2]) && make_pipe(report, &plan->report) &&
	       set_nonblocking(process->output.fd) && set_nonblocking(process->errors.fd);
}

/* From here to become(): the child, with async-signal-safe calls only. */
static void
reset_signals(void)
{
	struct sigaction action = {.sa_handler = SIG_DFL};
	sigset_t none;

	for (int i = 1; i < NSIG; i++)
		sigaction(i, &action, NULL);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
}

static void
close_above(int first)
{
	struct rlimit limit;
	int end = 65536;

#ifdef CLOSE_RANGE_CLOEXEC
	if (close_range((unsigned)first, ~0U, 0) == 0)
		return;
#endif
	if (getrlimit(RLIMIT_NOFILE, &limit) == 0 && limit.rlim_cur < 65536)
		end = (int)limit.rlim_cur;
	for (int fd = first; fd < end; fd++)
		close(fd);
}

static void
limit_resources(const struct plan *plan)
{
	struct rlimit none = {0, 0}, memory = {plan->max_memory, plan->max_memory};

	/* A core file could hold what it was given to read. */
	setrlimit(RLIMIT_CORE, &none);
	if (plan->max_memory > 0)
		setrlimit(RLIMIT_AS, &memory);
}

static noreturn void
give_up(int report)
{
	int number = errno;

	(void)!write(report, &number, sizeof(number));
	_exit(127);
}

static noreturn void
become(const struct plan *plan)
{
	setsid();
	for (int i = 0; i < 3; i++)
		if (dup2(plan->fds[i], i) < 0)
			give_up(plan->report);
	if (plan->report != 3 && dup3(plan->report, 3, O_CLOEXEC) < 0)
		give_up(plan->report);
	close_above(4);
	limit_resources(plan);
	reset_signals();
	/* POSIX takes the strings as not const for old compilers' sake, and keeps them. */
	execve(
	    plan->path, (char *const *)(uintptr_t)plan->argv, (char *const *)(uintptr_t)plan->env);
	give_up(3);
}

static void
close_end(struct process *process, struct end *end)
{
	loop_unwatch(process->loop, end->watch);
	end->watch = NULL;
	close_fd(&end->fd);
}

static void
destroy(struct process *process)
{
	loop_cancel(process->loop, process->limit);
	loop_cancel(process->loop, process->linger);
	loop_unwatch(process->loop, process->children);
	close_end(process, &process->input);
	close_end(process, &process->output);
	close_end(process, &process->errors);
	buf_done(&process->out);
	buf_done(&process->err);
	free(process->text);
	free(process);
}

/* It has not been waited for, so its group cannot be anyone else's by now. */
static void
kill_group(struct process *process)
{
	kill(-process->pid, SIGKILL);
	loop_reap(process->loop, process->pid);
}

static void
finish(struct process *process)
{
	kill_group(process);
	process->ended = true;
	process->result.output = process->out.data;
	process->result.len = process->out.len;
	process->result.errors = process->err.data;
	process->on_end(process->arg, &process->result);
	destroy(process);
}

static void
finish_if_over(struct process *process)
{
	if (process->exited && process->output.fd < 0 && process->errors.fd < 0)
		finish(process);
}

static void
on_linger(void *arg)
{
	struct process *process = arg;

	process->linger = NULL;
	finish(process);
}

static void
on_child(void *arg, int fd, unsigned ready)
{
	struct process *process = arg;
	siginfo_t info = {0};

	(void)fd;
	(void)ready;
	if (process->exited)
		return;
	/* It stays a zombie, and its id its own, until finish(). */
	if (waitid(P_PID, (id_t)process->pid, &info, WEXITED | WNOHANG | WNOWAIT) != 0 ||
	    info.si_pid == 0)
		return;
	process->exited = true;
	process->result.status = info.si_code == CLD_EXITED ? info.si_status : 128 + info.si_status;
	loop_cancel(process->loop, process->limit);
	process->limit = NULL;
	process->linger = loop_timer(process->loop, LINGER_MS, on_linger, process);
	finish_if_over(process);
}

static void
on_limit(void *arg)
{
	struct process *process = arg;

	process->result.timed_out = true;
	process->limit = NULL;
	if (process->limit_signal == 0) {
		/* Not even KILL ended it: it hangs in the kernel. */
		process->result.status = 128 + SIGKILL;
		finish(process);
		return;
	}
	kill(-process->pid, process->limit_signal);
	process->limit_signal = process->limit_signal == SIGTERM ? SIGKILL : 0;
	process->limit = loop_timer(process->loop, GRACE_MS, on_limit, process);
}

/* Appends what fits; false if not all did. */
static bool
keep(struct buf *buf, size_t max, const char *bytes, size_t len)
{
	size_t room = max - buf->len;

	buf_add(buf, bytes, len < room ? len : room);
	return len <= room;
}

/* What came, or 0 at the end; -1 if there is nothing now. */
static ssize_t
take(int fd, char bytes[CHUNK])
{
	ssize_t n = read(fd, bytes, CHUNK);

	if (n < 0)
		return errno == EAGAIN || errno == EINTR ? -1 : 0;
	return n;
}

static void
on_output(void *arg, int fd, unsigned ready)
{
	struct process *process = arg;
	char bytes[CHUNK];
	ssize_t n = take(fd, bytes);

	(void)ready;
	if (n > 0 && !keep(&process->out, process->max_output, bytes, (size_t)n))
		process->result.truncated = true;
	if (n != 0)
		return;
	close_end(process, &process->output);
	finish_if_over(process);
}

static void
on_errors(void *arg, int fd, unsigned ready)
{
	struct process *process = arg;
	char bytes[CHUNK];
	ssize_t n = take(fd, bytes);

	(void)ready;
	if (n > 0)
		keep(&process->err, MAX_ERRORS, bytes, (size_t)n);
	if (n != 0)
		return;
	close_end(process, &process->errors);
	finish_if_over(process);
}

static void
on_input(void *arg, int fd, unsigned ready)
{
	struct process *process = arg;
	ssize_t n;

	if (ready & LOOP_WRITE) {
		n = write(
		    fd, process->text + process->text_sent, process->text_len - process->text_sent);
		if (n >= 0)
			process->text_sent += (size_t)n;
		else if (errno != EAGAIN && errno != EINTR)
			process->text_sent = process->text_len;
	}
	/* A program need not read all it is given. */
	if ((ready & LOOP_HANGUP) || process->text_sent == process->text_len)
		close_end(process, &process->input);
}

/* The errno of a failed exec, or 0. Waits for exec only, which takes no time. */
static int
read_report(int fd)
{
	int number = 0;
	ssize_t n;

	do
		n = read(fd, &number, sizeof(number));
	while (n < 0 && errno == EINTR);
	return n == (ssize_t)sizeof(number) ? number : 0;
}

/* pid, or -1 and errno. */
static pid_t
fork_quietly(const struct plan *plan)
{
	sigset_t all, old;
	pid_t pid;
	int number;

	/* No handler of ours may run in the child: our signal pipe is its too. */
	sigfillset(&all);
	sigprocmask(SIG_SETMASK, &all, &old);
	pid = fork();
	if (pid == 0)
		become(plan);
	number = errno;
	sigprocmask(SIG_SETMASK, &old, NULL);
	errno = number;
	return pid;
}

/* 0, or the errno of what failed. */
static int
spawn(struct process *process, struct plan *plan)
{
	int report = -1, number = 0;

	if (open_ends(process, plan, &report))
		process->pid = fork_quietly(plan);
	if (process->pid <= 0)
		number = errno;
	for (int i = 0; i < 3; i++)
		close_fd(&plan->fds[i]);
	close_fd(&plan->report);
	if (process->pid > 0) {
		number = read_report(report);
		if (number != 0)
			waitpid(process->pid, NULL, 0);
	}
	close_fd(&report);
	return number;
}

static void
follow(struct process *process, int timeout)
{
	struct loop *loop = process->loop;

	process->children = loop_watch_children(loop, on_child, process);
	process->output.watch = loop_watch(loop, process->output.fd, LOOP_READ, on_output, process);
	process->errors.watch = loop_watch(loop, process->errors.fd, LOOP_READ, on_errors, process);
	if (process->input.fd >= 0)
		process->input.watch =
		    loop_watch(loop, process->input.fd, LOOP_WRITE, on_input, process);
	process->limit_signal = SIGTERM;
	if (timeout > 0)
		process->limit = loop_timer(loop, (int64_t)timeout * 1000, on_limit, process);
}

static struct process *
make(struct loop *loop, const struct process_request *request)
{
	struct process *process = xcalloc(1, sizeof(*process));

	*process = (struct process){
	    .loop = loop,
	    .input = {.fd = -1},
	    .output = {.fd = -1},
	    .errors = {.fd = -1},
	    .max_output = request->max_output,
	    .on_end = request->on_end,
	    .arg = request->arg,
	};
	buf_init(&process->out, 0);
	buf_init(&process->err, 0);
	if (request->input != NULL) {
		process->text_len = request->input_len;
		process->text = xmalloc(request->input_len + 1);
		memcpy(process->text, request->input, request->input_len);
	}
	return process;
}

struct process *
process_start(struct loop *loop, const struct process_request *request, struct error *err)
{
	struct plan plan = {.argv = request->argv,
	    .fds = {-1, -1, -1},
	    .report = -1,
	    .max_memory = request->max_memory};
	struct process *process;
	int number;

	assert(request->argv[0] != NULL);
	plan.path = process_find(request->argv[0]);
	if (plan.path == NULL) {
		error_set(err, ERR_TOOL, _("There is no program \"%s\"."), request->argv[0]);
		return NULL;
	}
	choose_env(&plan, request);
	process = make(loop, request);
	number = spawn(process, &plan);
	if (number == 0) {
		follow(process, request->timeout);
	} else {
		error_set(err, ERR_TOOL, _("The program \"%s\" cannot be started: %s."), plan.path,
		    strerror(number));
		destroy(process);
		process = NULL;
	}
	array_done(&plan.own_env);
	free(plan.path);
	return process;
}

void
process_cancel(struct process *process)
{
	if (process == NULL || process->ended)
		return;
	kill_group(process);
	destroy(process);
}
