/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include "ui/tty.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <termios.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/error.h"
#include "base/i18n.h"
#include "base/log.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

#define LEAVING_MAX 1024
#define WAITING_MAX (256 * 1024) /* more is added only when less than this waits */
#define ALT_STACK (64 * 1024)
#define PATIENCE 100 /* milliseconds, at most three times, when giving back */

static struct {
	int in, out;
	bool shared; /* in is the descriptor of others: ask poll() before reading */
	bool gone;
	struct buf waiting;
	size_t sent; /* of waiting */
	struct sigaction old_actions[5];
} tty = {.in = -1, .out = -1};

/*
 * What a signal handler needs. Nothing here changes while `taken` is set, but
 * for `partial` and for the text of leaving that `current` does not name.
 */
static struct {
	volatile sig_atomic_t taken;
	volatile sig_atomic_t partial; /* some of `waiting` is written, some is not */
	volatile sig_atomic_t current;
	struct leaving {
		char bytes[LEAVING_MAX];
		size_t len;
	} leaving[2];
	struct termios modes;
	int in, out;
	pid_t owner;
} back;

static const int fatal_signals[] = {SIGSEGV, SIGABRT, SIGBUS, SIGILL, SIGFPE};
static char alt_stack[ALT_STACK];

/* A terminal that takes nothing for so long is not waited for any longer. */
static void
write_patiently(int fd, const char *bytes, size_t len)
{
	struct pollfd wait = {.fd = fd, .events = POLLOUT};
	int tries = 3;

	while (len > 0) {
		ssize_t n = write(fd, bytes, len);

		if (n > 0) {
			bytes += n;
			len -= (size_t)n;
		} else if (n < 0 && errno == EAGAIN && tries-- > 0) {
			poll(&wait, 1, PATIENCE);
		} else if (n >= 0 || errno != EINTR) {
			return;
		}
	}
}

void
tty_give_back(void)
{
	const struct leaving *leaving = &back.leaving[back.current];
	sigset_t block, old;
	int error = errno;

	/* A child that has not reached exec yet owns nothing. */
	if (!back.taken || getpid() != back.owner)
		return;
	back.taken = 0;
	/* From the background, tcsetattr() would stop us for good. */
	sigemptyset(&block);
	sigaddset(&block, SIGTTOU);
	sigprocmask(SIG_BLOCK, &block, &old);
	/* Ends a string, in which all that follows would be swallowed. */
	if (back.partial)
		write_patiently(back.out, "\033\\", 2);
	write_patiently(back.out, leaving->bytes, leaving->len);
	tcsetattr(back.in, TCSANOW, &back.modes);
	sigprocmask(SIG_SETMASK, &old, NULL);
	errno = error;
}

/*
 * Returning runs the faulty instruction again, this time under the old action;
 * a signal that somebody sent has to be sent again.
 */
static void
die_of_signal(int number, siginfo_t *info, void *context)
{
	(void)context;
	/* What was typed into a dying program was not meant for the shell. */
	if (back.taken && getpid() == back.owner)
		tcflush(back.in, TCIFLUSH);
	tty_give_back();
	for (size_t i = 0; i < COUNT(fatal_signals); i++) {
		if (fatal_signals[i] == number)
			sigaction(number, &tty.old_actions[i], NULL);
	}
	if (info->si_code <= 0)
		raise(number);
}

static void
catch_signals(void)
{
	struct sigaction action = {.sa_sigaction = die_of_signal};
	stack_t stack = {.ss_sp = alt_stack, .ss_size = sizeof(alt_stack)}, old;

	/* A stack of its own, because it may be the usual one that ran over. */
	if (sigaltstack(NULL, &old) == 0 && (old.ss_flags & SS_DISABLE))
		sigaltstack(&stack, NULL);
	action.sa_flags = SA_SIGINFO | SA_ONSTACK;
	sigemptyset(&action.sa_mask);
	for (size_t i = 0; i < COUNT(fatal_signals); i++)
		sigaction(fatal_signals[i], &action, &tty.old_actions[i]);
}

static void
release_signals(void)
{
	stack_t stack;

	for (size_t i = 0; i < COUNT(fatal_signals); i++)
		sigaction(fatal_signals[i], &tty.old_actions[i], NULL);
	if (sigaltstack(NULL, &stack) == 0 && stack.ss_sp == alt_stack) {
		stack.ss_flags = SS_DISABLE;
		sigaltstack(&stack, NULL);
	}
}

static bool
check_standard(struct error *err)
{
	if (!isatty(STDIN_FILENO))
		return error_set(err, ERR_USAGE,
		    _("The screen needs a terminal, but standard input is not one. The verbs work "
		      "without, for example \"causerie start\"."));
	if (!isatty(STDOUT_FILENO))
		return error_set(err, ERR_USAGE,
		    _("The screen needs a terminal, but standard output is not one. The verbs work "
		      "without, for example \"causerie start\"."));
	return true;
}

/* A descriptor of our own for the same terminal, else a copy of the given one. */
static int
open_anew(int fd, int mode, bool *shared)
{
	char name[128], link[32];
	const char *paths[] = {name, link};
	struct stat old, new;

	if (ttyname_r(fd, name, sizeof(name)) != 0)
		name[0] = '\0';
	snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
	for (size_t i = 0; i < COUNT(paths); i++) {
		int own = open(paths[i], mode | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);

		if (own < 0)
			continue;
		if (fstat(fd, &old) == 0 && fstat(own, &new) == 0 && old.st_rdev == new.st_rdev &&
		    isatty(own))
			return own;
		close(own);
	}
	*shared = true;
	return fcntl(fd, F_DUPFD_CLOEXEC, 3);
}

bool
tty_open(struct error *err)
{
	static bool at_exit;
	bool shared = false;

	if (!check_standard(err))
		return false;
	buf_init(&tty.waiting, 0);
	tty.sent = 0;
	tty.shared = tty.gone = false;
	tty.in = open_anew(STDIN_FILENO, O_RDONLY, &tty.shared);
	tty.out = open_anew(STDOUT_FILENO, O_WRONLY, &shared);
	if (tty.in < 0 || tty.out < 0) {
		error_set(
		    err, ERR_SYSTEM, _("The terminal cannot be opened: %s."), strerror(errno));
		tty_close();
		return false;
	}
	if (!at_exit)
		atexit(tty_give_back);
	at_exit = true;
	log_on_fatal(tty_give_back);
	catch_signals();
	return true;
}

void
tty_close(void)
{
	if (tty.in >= 0 && tty.out >= 0) {
		tty_give_back();
		log_on_fatal(NULL);
		release_signals();
	}
	if (tty.in >= 0)
		close(tty.in);
	if (tty.out >= 0)
		close(tty.out);
	tty.in = tty.out = -1;
	buf_done(&tty.waiting);
	tty.sent = 0;
}

int
tty_in(void)
{
	return tty.in;
}

int
tty_out(void)
{
	return tty.out;
}

/* A program that was killed left the terminal so; nobody wants it back that way. */
static bool
is_left_raw(const struct termios *modes)
{
	return (modes->c_lflag & (ICANON | ECHO | ISIG)) == 0;
}

static void
mend(struct termios *modes)
{
	modes->c_iflag |= BRKINT | ICRNL | IXON;
	modes->c_oflag |= OPOST | ONLCR;
	modes->c_lflag |= ICANON | ECHO | ECHOE | ECHOK | ISIG | IEXTEN;
}

static void
make_raw(struct termios *modes)
{
	tcflag_t changed = BRKINT | IGNBRK | PARMRK | INPCK | ISTRIP | INLCR | IGNCR | ICRNL | IXON;

	modes->c_iflag &= ~changed;
	modes->c_oflag &= ~(tcflag_t)OPOST;
	modes->c_lflag &= ~(tcflag_t)(ECHO | ECHONL | ICANON | ISIG | IEXTEN);
	modes->c_cc[VMIN] = 1;
	modes->c_cc[VTIME] = 0;
}

/*
 * The modes to give back are those found. If they are raw, they are our own,
 * taken once more after SIGSTOP, or what a killed program left.
 */
static void
find_modes(const struct termios *found)
{
	bool ours = back.owner == getpid() && back.in == tty.in;

	if (is_left_raw(found) && ours)
		return;
	back.modes = *found;
	if (is_left_raw(found))
		mend(&back.modes);
}

bool
tty_take(const char *entering, size_t len, struct error *err)
{
	struct termios modes;

	if (tcgetattr(tty.in, &modes) != 0)
		return error_set(err, ERR_SYSTEM, _("The terminal does not tell its settings: %s."),
		    strerror(errno));
	back.taken = 0;
	find_modes(&modes);
	modes = back.modes;
	make_raw(&modes);
	back.in = tty.in;
	back.out = tty.out;
	back.owner = getpid();
	back.taken = 1;
	if (tcsetattr(tty.in, TCSANOW, &modes) != 0) {
		back.taken = 0;
		return error_set(err, ERR_SYSTEM,
		    _("The terminal's settings cannot be changed: %s."), strerror(errno));
	}
	tty_drop_output();
	tty_send(entering, len);
	tty_flush();
	return true;
}

void
tty_set_leaving(const char *bytes, size_t len)
{
	int next = !back.current;

	if (len > LEAVING_MAX)
		len = LEAVING_MAX;
	memcpy(back.leaving[next].bytes, bytes, len);
	back.leaving[next].len = len;
	back.current = next;
}

bool
tty_is_taken(void)
{
	return back.taken;
}

ssize_t
tty_read(char *bytes, size_t size)
{
	struct pollfd ready = {.fd = tty.in, .events = POLLIN};
	ssize_t n;

	if (tty.gone)
		return -1;
	if (tty.shared && poll(&ready, 1, 0) <= 0)
		return 0;
	n = read(tty.in, bytes, size);
	if (n > 0)
		return n;
	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return 0;
	tty.gone = true;
	return -1;
}

void
tty_drop_input(void)
{
	tcflush(tty.in, TCIFLUSH);
}

bool
tty_backspace_is_c_h(void)
{
	return back.modes.c_cc[VERASE] == '\b';
}

bool
tty_send(const char *bytes, size_t len)
{
	if (!back.taken || tty.gone || tty.waiting.len - tty.sent > WAITING_MAX)
		return false;
	return buf_add(&tty.waiting, bytes, len);
}

void
tty_drop_output(void)
{
	buf_clear(&tty.waiting);
	tty.sent = 0;
}

bool
tty_flush(void)
{
	while (back.taken && tty.sent < tty.waiting.len) {
		ssize_t n = write(tty.out, tty.waiting.data + tty.sent, tty.waiting.len - tty.sent);

		if (n > 0) {
			tty.sent += (size_t)n;
		} else if (n < 0 && errno == EAGAIN) {
			back.partial = tty.sent > 0;
			return true;
		} else if (n == 0 || errno != EINTR) {
			tty.gone = true;
			break;
		}
	}
	tty_drop_output();
	back.partial = 0;
	return false;
}

bool
tty_is_gone(void)
{
	return tty.gone;
}
