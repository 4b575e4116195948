/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <pty.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <stdnoreturn.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/error.h"
#include "base/mem.h"
#include "net/loop.h"
#include "unit/on-loop.h"

/* Runs the loop until *count is at least that. */
static void
wait_for(struct loop *loop, const int *count, int least)
{
	int64_t until = clock_ms() + PATIENCE_MS;

	while (*count < least && clock_ms() < until)
		loop_wait(loop, 1000);
	assert_true(*count >= least);
}

static void
count_timer(void *arg)
{
	++*(int *)arg;
}

struct order {
	struct buf text;
	int count;
	struct loop *loop;
};

struct mark {
	struct order *order;
	char letter;
};

static void
note_mark(void *arg)
{
	struct mark *mark = arg;

	buf_putc(&mark->order->text, mark->letter);
	mark->order->count++;
}

static void
test_timer_order(void **state)
{
	static const struct {
		int ms;
		char letter;
	} rows[] = {{30, 'e'}, {10, 'b'}, {20, 'c'}, {20, 'd'}, {0, 'a'}, {40, 'f'}, {-5, 'A'}};
	struct order order = {.text = BUF_EMPTY};
	struct mark marks[7];
	struct timer *timers[7];
	int64_t begin;

	/* Again if it took so long that they are due in another order. */
	for (;;) {
		begin = clock_ms();
		for (size_t i = 0; i < 7; i++) {
			marks[i] = (struct mark){&order, rows[i].letter};
			timers[i] = loop_timer(*state, rows[i].ms, note_mark, &marks[i]);
		}
		if (clock_ms() - begin < 8)
			break;
		for (size_t i = 0; i < 7; i++)
			loop_cancel(*state, timers[i]);
	}
	wait_for(*state, &order.count, 7);
	assert_string_equal(order.text.data, "aAbcdef");
	buf_done(&order.text);
}

static void
test_timer_exact(void **state)
{
	struct timespec before, after;
	int64_t ns;

	for (int ms = 1; ms < 40; ms += 6) {
		int count = 0;

		clock_gettime(CLOCK_MONOTONIC, &before);
		loop_timer(*state, ms, count_timer, &count);
		wait_for(*state, &count, 1);
		clock_gettime(CLOCK_MONOTONIC, &after);
		ns = (after.tv_sec - before.tv_sec) * INT64_C(1000000000) + after.tv_nsec -
		     before.tv_nsec;
		assert_true(ns >= ms * INT64_C(1000000));
	}
}

/* A timer must be found due by the wake-up it caused, not turn round at once for it. */
static void
test_timer_one_wakeup(void **state)
{
	int count = 0, waits = 0;

	loop_timer(*state, 20, count_timer, &count);
	while (count == 0) {
		loop_wait(*state, -1);
		waits++;
	}
	assert_int_equal(waits, 1);
}

static void
test_timer_cancel(void **state)
{
	int count = 0, never = 0;
	struct timer *timers[5];

	for (int i = 0; i < 5; i++)
		timers[i] =
		    loop_timer(*state, 5, count_timer, i % 2 ? (void *)&count : (void *)&never);
	loop_cancel(*state, timers[4]);
	loop_cancel(*state, timers[0]);
	loop_cancel(*state, timers[2]);
	loop_cancel(*state, NULL);
	wait_for(*state, &count, 2);
	assert_int_equal(never, 0);
}

struct chain {
	struct loop *loop;
	struct timer *victim;
	int count, never;
};

static void
again(void *arg)
{
	struct chain *chain = arg;

	if (++chain->count < 50)
		loop_timer(chain->loop, 0, again, chain);
}

static void
cancel_victim(void *arg)
{
	struct chain *chain = arg;

	chain->count++;
	loop_cancel(chain->loop, chain->victim);
}

/* Handlers set new timers and cancel others; a new one waits for the next round. */
static void
test_timer_from_handler(void **state)
{
	struct chain chain = {.loop = *state};

	loop_timer(*state, 0, again, &chain);
	loop_wait(*state, -1);
	assert_int_equal(chain.count, 1);
	wait_for(*state, &chain.count, 50);
	chain.count = 0;
	loop_timer(*state, 0, cancel_victim, &chain);
	chain.victim = loop_timer(*state, 0, count_timer, &chain.never);
	wait_for(*state, &chain.count, 1);
	loop_wait(*state, 0);
	assert_int_equal(chain.never, 0);
}

static void
test_wait_limit(void **state)
{
	int64_t before = clock_ms();
	int count = 0;
	struct timer *timer = loop_timer(*state, 1000 * 1000, count_timer, &count);

	loop_wait(*state, 0);
	loop_wait(*state, 30);
	assert_true(clock_ms() - before >= 29);
	assert_true(loop_now(*state) >= before + 29 && loop_now(*state) <= clock_ms());
	loop_cancel(*state, timer);
	/* Years are no overflow. */
	timer = loop_timer(*state, INT64_MAX, count_timer, &count);
	loop_wait(*state, 0);
	assert_int_equal(count, 0);
	loop_cancel(*state, timer);
}

struct reader {
	struct loop *loop;
	struct watch *watch;
	int fd, calls, hangups, ends;
	bool stays; /* does not unwatch at the end, as it should */
	size_t piece;
	struct buf got;
};

static void
read_some(void *arg, int fd, unsigned ready)
{
	struct reader *reader = arg;
	char bytes[256];
	ssize_t n;

	reader->calls++;
	if (ready & LOOP_HANGUP)
		reader->hangups++;
	n = read(fd, bytes, reader->piece);
	if (n > 0) {
		buf_add(&reader->got, bytes, (size_t)n);
	} else if (n == 0 || errno != EAGAIN) {
		reader->ends++;
		if (!reader->stays) {
			loop_unwatch(reader->loop, reader->watch);
			reader->watch = NULL;
		}
	}
}

static void
watch_reader(struct loop *loop, struct reader *reader, int fd)
{
	*reader = (struct reader){
	    .loop = loop, .fd = fd, .piece = 4, .stays = reader->stays, .got = BUF_EMPTY};
	reader->watch = loop_watch(loop, fd, LOOP_READ, read_some, reader);
}

/* Everything written before the other end closed is read, piece by piece, then the end. */
static void
test_read_all(void **state)
{
	struct reader reader = {0};
	int fds[2];

	for (int kind = 0; kind < 2; kind++) {
		if (kind == 0)
			assert_int_equal(pipe(fds), 0);
		else
			assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, fds), 0);
		watch_reader(*state, &reader, fds[0]);
		assert_int_equal(write(fds[1], "0123456789", 10), 10);
		close(fds[1]);
		wait_for(*state, &reader.ends, 1);
		assert_string_equal(reader.got.data, "0123456789");
		assert_int_equal(reader.calls, 4);
		close(fds[0]);
		buf_done(&reader.got);
	}
}

static void
expect_asleep(struct loop *loop, const int *calls)
{
	int before = *calls, count = 0, waits = 0;

	loop_timer(loop, 50, count_timer, &count);
	while (count == 0) {
		loop_wait(loop, -1);
		waits++;
	}
	assert_int_equal(*calls, before);
	assert_int_equal(waits, 1);
}

/* A handler that ignores a hang-up is not called again and again. */
static void
test_hangup_does_not_spin(void **state)
{
	struct reader reader = {.stays = true};
	int fds[2];

	/* A pipe with something left in it. */
	assert_int_equal(pipe(fds), 0);
	watch_reader(*state, &reader, fds[0]);
	assert_int_equal(write(fds[1], "01234", 5), 5);
	close(fds[1]);
	wait_for(*state, &reader.ends, 1);
	assert_string_equal(reader.got.data, "01234");
	expect_asleep(*state, &reader.calls);
	/* Asking for events anew gives one more call. */
	loop_watch_events(reader.watch, LOOP_READ);
	wait_for(*state, &reader.ends, 2);
	expect_asleep(*state, &reader.calls);
	loop_unwatch(*state, reader.watch);
	close(fds[0]);
	buf_done(&reader.got);
}

static void
test_terminal_vanishes(void **state)
{
	struct reader reader = {.stays = true};
	int ours, theirs;

	assert_int_equal(openpty(&ours, &theirs, NULL, NULL, NULL), 0);
	fcntl(theirs, F_SETFL, O_NONBLOCK);
	watch_reader(*state, &reader, theirs);
	assert_int_equal(write(ours, "ab\n", 3), 3);
	wait_for(*state, &reader.calls, 1);
	assert_int_equal(reader.hangups, 0);
	close(ours);
	wait_for(*state, &reader.hangups, 1);
	expect_asleep(*state, &reader.calls);
	loop_unwatch(*state, reader.watch);
	close(theirs);
	buf_done(&reader.got);
}

struct writer {
	int calls, hangups;
	unsigned last;
};

static void
note_ready(void *arg, int fd, unsigned ready)
{
	struct writer *writer = arg;

	(void)fd;
	writer->calls++;
	writer->hangups += (ready & LOOP_HANGUP) != 0;
	writer->last = ready;
}

static void
test_write_end(void **state)
{
	struct writer writer = {0};
	struct watch *watch;
	int fds[2];

	assert_int_equal(pipe(fds), 0);
	assert_int_equal(write(fds[1], "unread", 6), 6);
	watch = loop_watch(*state, fds[1], LOOP_WRITE, note_ready, &writer);
	wait_for(*state, &writer.calls, 1);
	assert_int_equal(writer.last, LOOP_WRITE);
	/* Nothing asked for: nothing told, but the hang-up. */
	loop_watch_events(watch, 0);
	expect_asleep(*state, &writer.calls);
	close(fds[0]);
	wait_for(*state, &writer.hangups, 1);
	assert_int_equal(writer.last, LOOP_HANGUP);
	expect_asleep(*state, &writer.calls);
	/* A descriptor that was closed under the watch does not spin either. */
	close(fds[1]);
	loop_watch_events(watch, LOOP_WRITE);
	wait_for(*state, &writer.hangups, 2);
	expect_asleep(*state, &writer.calls);
	loop_unwatch(*state, watch);
}

enum { CROWD = 6 };

struct crowd {
	struct loop *loop;
	struct watch *watches[CROWD];
	int fds[CROWD][2];
	int calls, added;
	struct watch *late;
};

static void
note_late(void *arg, int fd, unsigned ready)
{
	struct crowd *crowd = arg;

	(void)fd;
	(void)ready;
	crowd->added++;
	loop_unwatch(crowd->loop, crowd->late);
	crowd->late = NULL;
}

/* The first one called removes everyone, itself included, and adds one. */
static void
clear_out(void *arg, int fd, unsigned ready)
{
	struct crowd *crowd = arg;

	(void)fd;
	assert_int_equal(ready, LOOP_READ);
	crowd->calls++;
	for (int i = 0; i < CROWD; i++)
		loop_unwatch(crowd->loop, crowd->watches[i]);
	crowd->late = loop_watch(crowd->loop, crowd->fds[0][0], LOOP_READ, note_late, crowd);
}

static void
test_remove_all_from_handler(void **state)
{
	struct crowd crowd = {.loop = *state};

	for (int i = 0; i < CROWD; i++) {
		assert_int_equal(pipe(crowd.fds[i]), 0);
		assert_int_equal(write(crowd.fds[i][1], "x", 1), 1);
		crowd.watches[i] =
		    loop_watch(*state, crowd.fds[i][0], LOOP_READ, clear_out, &crowd);
	}
	loop_wait(*state, -1);
	assert_int_equal(crowd.calls, 1);
	assert_int_equal(crowd.added, 0);
	wait_for(*state, &crowd.added, 1);
	for (int i = 0; i < CROWD; i++) {
		close(crowd.fds[i][0]);
		close(crowd.fds[i][1]);
	}
	loop_unwatch(*state, NULL);
}

struct caught {
	int count;
	int numbers[64];
};

static void
note_signal(void *arg, int number)
{
	struct caught *caught = arg;

	assert_true(caught->count < 64);
	caught->numbers[caught->count++] = number;
}

static void
test_signals(void **state)
{
	static const int numbers[] = {
	    SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGWINCH, SIGTSTP, SIGCONT, SIGCHLD};
	struct caught caught = {0};

	loop_on_signal(*state, note_signal, &caught);
	for (size_t i = 0; i < 8; i++) {
		raise(numbers[i]);
		/* Only the loop delivers. */
		assert_int_equal(caught.count, (int)i);
		wait_for(*state, &caught.count, (int)i + 1);
		assert_int_equal(caught.numbers[i], numbers[i]);
	}
	raise(SIGPIPE);
	loop_wait(*state, 0);
	assert_int_equal(caught.count, 8);
}

/* A storm is one call, and cannot push another signal out of the pipe. */
static void
test_signal_storm(void **state)
{
	struct caught caught = {0};

	loop_on_signal(*state, note_signal, &caught);
	for (int i = 0; i < 100000; i++)
		raise(SIGWINCH);
	raise(SIGTERM);
	wait_for(*state, &caught.count, 2);
	loop_wait(*state, 0);
	assert_int_equal(caught.count, 2);
	assert_int_equal(caught.numbers[0], SIGWINCH);
	assert_int_equal(caught.numbers[1], SIGTERM);
}

static void
test_stop_and_continue(void **state)
{
	struct caught caught = {0};

	loop_on_signal(*state, note_signal, &caught);
	raise(SIGTSTP);
	raise(SIGCONT);
	wait_for(*state, &caught.count, 1);
	raise(SIGCONT);
	raise(SIGTSTP);
	wait_for(*state, &caught.count, 2);
	loop_wait(*state, 0);
	assert_int_equal(caught.count, 2);
	assert_int_equal(caught.numbers[0], SIGCONT);
	assert_int_equal(caught.numbers[1], SIGTSTP);
}

static volatile sig_atomic_t own_calls;

static void
own_handler(int number)
{
	(void)number;
	own_calls++;
}

static void
test_signals_restored(void **state)
{
	struct sigaction own = {.sa_handler = own_handler}, found;
	struct error err = ERROR_NONE;
	struct loop *loop;
	sigset_t blocked, mask;

	(void)state;
	sigaction(SIGTERM, &own, NULL);
	own.sa_handler = SIG_IGN;
	sigaction(SIGHUP, &own, NULL);
	sigemptyset(&blocked);
	sigaddset(&blocked, SIGTERM);
	sigprocmask(SIG_BLOCK, &blocked, NULL);

	loop = loop_new(&err);
	raise(SIGTERM);
	assert_int_equal(own_calls, 0);
	/* nohup: what was ignored stays so. */
	sigaction(SIGHUP, NULL, &found);
	assert_true(found.sa_handler == SIG_IGN);
	loop_free(loop);

	sigprocmask(SIG_UNBLOCK, &blocked, &mask);
	assert_true(sigismember(&mask, SIGTERM));
	raise(SIGTERM);
	assert_int_equal(own_calls, 1);
	sigaction(SIGPIPE, NULL, &found);
	assert_true(found.sa_handler == SIG_DFL);
	signal(SIGTERM, SIG_DFL);
	signal(SIGHUP, SIG_DFL);
}

static void
note_child(void *arg, int fd, unsigned ready)
{
	assert_int_equal(fd, -1);
	assert_int_equal(ready, 0);
	++*(int *)arg;
}

static void
test_children(void **state)
{
	int count = 0;
	struct watch *watch = loop_watch_children(*state, note_child, &count);
	pid_t pid = fork();
	siginfo_t info;

	if (pid == 0)
		_exit(3);
	wait_for(*state, &count, 1);
	loop_unwatch(*state, watch);
	/* It has ended already: reaped at once. */
	assert_int_equal(waitid(P_PID, (id_t)pid, &info, WEXITED | WNOWAIT), 0);
	loop_reap(*state, pid);
	assert_int_equal(waitpid(pid, NULL, WNOHANG), -1);

	/* It has not ended: reaped when it does. */
	pid = fork();
	if (pid == 0)
		for (;;)
			pause();
	loop_reap(*state, pid);
	kill(pid, SIGKILL);
	while (kill(pid, 0) == 0)
		loop_wait(*state, 100);
	assert_int_equal(errno, ESRCH);
}

static long
read_switches(pid_t pid)
{
	char path[64], line[128];
	long switches = -1;
	FILE *file;

	snprintf(path, sizeof(path), "/proc/%ld/status", (long)pid);
	file = fopen(path, "re");
	assert_non_null(file);
	while (fgets(line, sizeof(line), file) != NULL)
		sscanf(line, "voluntary_ctxt_switches: %ld", &switches);
	fclose(file);
	assert_true(switches >= 0);
	return switches;
}

static char
read_run_state(pid_t pid)
{
	char path[64], text[256], *at;
	FILE *file;

	snprintf(path, sizeof(path), "/proc/%ld/stat", (long)pid);
	file = fopen(path, "re");
	assert_non_null(file);
	assert_non_null(fgets(text, sizeof(text), file));
	fclose(file);
	at = strrchr(text, ')');
	return at == NULL ? '?' : at[2];
}

/* Waits until the process sleeps and is seen with the same count several times. */
static long
settle(struct loop *loop, pid_t pid)
{
	int64_t until = clock_ms() + PATIENCE_MS;
	long last = -1;

	for (int same = 0; same < 5 && clock_ms() < until;) {
		long now = read_switches(pid);

		same = now == last && read_run_state(pid) == 'S' ? same + 1 : 0;
		last = now;
		loop_wait(loop, 5);
	}
	return last;
}

static void
answer(void *arg, int fd, unsigned ready)
{
	char c;

	(void)arg;
	(void)ready;
	if (read(fd, &c, 1) != 1)
		_exit(0);
	(void)!write(fd, &c, 1);
}

static void
ignore_signal(void *arg, int number)
{
	(void)arg;
	(void)number;
}

static noreturn void
be_idle(int fd)
{
	struct error err = ERROR_NONE;
	struct loop *loop = loop_new(&err);

	loop_on_signal(loop, ignore_signal, NULL);
	loop_watch(loop, fd, LOOP_READ, answer, NULL);
	loop_timer(loop, 3600 * 1000, count_timer, NULL);
	for (;;)
		loop_wait(loop, -1);
}

/* A loop with nothing to do does nothing at all, and still answers at once. */
static void
test_idle_is_asleep(void **state)
{
	int fds[2], count = 0;
	long before;
	char c = 'x';
	pid_t pid;

	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, fds), 0);
	pid = fork();
	if (pid == 0) {
		close(fds[0]);
		/* The loop of the parent is not this process's. */
		loop_free(*state);
		be_idle(fds[1]);
	}
	close(fds[1]);
	before = settle(*state, pid);
	loop_timer(*state, 400, count_timer, &count);
	wait_for(*state, &count, 1);
	assert_int_equal(read_switches(pid), before);
	assert_int_equal(write(fds[0], &c, 1), 1);
	assert_int_equal(read(fds[0], &c, 1), 1);
	/* The count is of wake-ups indeed: that was one. */
	assert_true(settle(*state, pid) > before);
	close(fds[0]);
	assert_int_equal(waitpid(pid, NULL, 0), pid);
}

static void
test_descriptors_are_private(void **state)
{
	(void)state;
	loop_curl(*state);
	for (int fd = 3; fd < 64; fd++) {
		int flags = fcntl(fd, F_GETFD);

		assert_true(flags < 0 || (flags & FD_CLOEXEC));
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    WITH_LOOP(test_timer_order),
	    WITH_LOOP(test_timer_exact),
	    WITH_LOOP(test_timer_one_wakeup),
	    WITH_LOOP(test_timer_cancel),
	    WITH_LOOP(test_timer_from_handler),
	    WITH_LOOP(test_wait_limit),
	    WITH_LOOP(test_read_all),
	    WITH_LOOP(test_hangup_does_not_spin),
	    WITH_LOOP(test_terminal_vanishes),
	    WITH_LOOP(test_write_end),
	    WITH_LOOP(test_remove_all_from_handler),
	    WITH_LOOP(test_signals),
	    WITH_LOOP(test_signal_storm),
	    WITH_LOOP(test_stop_and_continue),
	    cmocka_unit_test(test_signals_restored),
	    WITH_LOOP(test_children),
	    WITH_LOOP(test_idle_is_asleep),
	    WITH_LOOP(test_descriptors_are_private),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
