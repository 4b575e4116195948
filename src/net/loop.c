/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include "net/loop.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <curl/curl.h>

#include "base/array.h"
#include "base/error.h"
#include "base/i18n.h"
#include "base/log.h"
#include "base/mem.h"

struct watch {
	int fd; /* -1: told of children instead */
	unsigned events;
	watch_fn fn;
	void *arg;
	bool muted; /* hung up, told so, and still there */
	bool dead;  /* removed while handlers run; freed when they have */
};

/* Sorted by due, then by order of making. */
struct timer {
	int64_t due; /* nanoseconds */
	timer_fn fn;
	void *arg;
};

enum transfer_state {
	TRANSFER_WAITING, /* to be given to libcurl */
	TRANSFER_ACTIVE,  /* in libcurl's hands */
	TRANSFER_REFUSED, /* libcurl would not have it; finished() is to be called */
	TRANSFER_LEAVING, /* removed from within a callback of libcurl */
};

/* In the order of delivery when several came at once. */
static const int signals[] = {
    SIGCHLD, SIGWINCH, SIGCONT, SIGTSTP, SIGINT, SIGQUIT, SIGTERM, SIGHUP};

enum { SIGNALS = sizeof(signals) / sizeof(signals[0]) };

struct loop {
	int64_t now; /* nanoseconds */
	int signal_fd;
	signal_fn on_signal;
	void *signal_arg;
	struct sigaction old[SIGNALS], old_pipe;
	sigset_t old_mask;
	ARRAY(struct watch *) watches;
	ARRAY(struct timer *) timers;
	ARRAY(struct loop_transfer *) transfers;
	ARRAY(pid_t) orphans;
	ARRAY(struct pollfd) polls; /* the signal pipe, then watches in their order */
	ARRAY(struct curl_waitfd) extra;
	CURLM *multi;
	bool dispatching; /* watches must not move */
	bool performing;  /* within curl_multi_perform() */
};

/* A signal handler can reach nothing but static state. */
static int wake_fd = -1;
static volatile sig_atomic_t pending[NSIG];

static void
note_signal(int number)
{
	int saved = errno;

	if (number == SIGCONT)
		pending[SIGTSTP] = 0;
	else if (number == SIGTSTP)
		pending[SIGCONT] = 0;
	pending[number] = 1;
	/* A full pipe is no loss: it will wake the loop, and the flag is set. */
	(void)!write(wake_fd, "", 1);
	errno = saved;
}

static int64_t
read_clock(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

static void
catch_signals(struct loop *loop)
{
	struct sigaction action = {.sa_flags = SA_RESTART};
	sigset_t ours;

	sigfillset(&action.sa_mask);
	sigemptyset(&ours);
	for (size_t i = 0; i < SIGNALS; i++) {
		pending[signals[i]] = 0;
		sigaddset(&ours, signals[i]);
		sigaction(signals[i], NULL, &loop->old[i]);
		if (signals[i] == SIGHUP && loop->old[i].sa_handler == SIG_IGN)
			continue;
		action.sa_handler = note_signal;
		sigaction(signals[i], &action, NULL);
	}
	action.sa_handler = SIG_IGN;
	sigaction(SIGPIPE, &action, &loop->old_pipe);
	/* Whoever started us may have left them blocked. */
	sigprocmask(SIG_UNBLOCK, &ours, &loop->old_mask);
}

struct loop *
loop_new(struct error *err)
{
	struct loop *loop;
	int fds[2];

	assert(wake_fd < 0);
	if (pipe2(fds, O_CLOEXEC | O_NONBLOCK) != 0) {
		error_set(err, ERR_SYSTEM, _("No pipe could be made: %s."), strerror(errno));
		return NULL;
	}
	loop = xcalloc(1, sizeof(*loop));
	loop->now = read_clock();
	loop->signal_fd = fds[0];
	wake_fd = fds[1];
	catch_signals(loop);
	return loop;
}

static void
reap_orphans(struct loop *loop)
{
	for (size_t i = loop->orphans.len; i > 0; i--)
		if (waitpid(loop->orphans.items[i - 1], NULL, WNOHANG) != 0)
			array_remove(&loop->orphans, i - 1);
}

void
loop_free(struct loop *loop)
{
	if (loop == NULL)
		return;
	assert(!loop->dispatching);
	assert(loop->watches.len == 0 && loop->timers.len == 0 && loop->transfers.len == 0);
	if (loop->multi != NULL) {
		curl_multi_cleanup(loop->multi);
		curl_global_cleanup();
	}
	for (size_t i = 0; i < SIGNALS; i++)
		sigaction(signals[i], &loop->old[i], NULL);
	sigaction(SIGPIPE, &loop->old_pipe, NULL);
	sigprocmask(SIG_SETMASK, &loop->old_mask, NULL);
	close(wake_fd);
	wake_fd = -1;
	close(loop->signal_fd);
	reap_orphans(loop);
	array_done(&loop->orphans);
	array_done(&loop->watches);
	array_done(&loop->timers);
	array_done(&loop->transfers);
	array_done(&loop->polls);
	array_done(&loop->extra);
	free(loop);
}

void
loop_on_signal(struct loop *loop, signal_fn fn, void *arg)
{
	loop->on_signal = fn;
	loop->signal_arg = arg;
}

static struct watch *
add_watch(struct loop *loop, int fd, unsigned events, watch_fn fn, void *arg)
{
	struct watch *watch = xmalloc(sizeof(*watch));

	*watch = (struct watch){.fd = fd, .events = events, .fn = fn, .arg = arg};
	array_push(&loop->watches, watch);
	return watch;
}

struct watch *
loop_watch(struct loop *loop, int fd, unsigned events, watch_fn fn, void *arg)
{
	assert(fd >= 0);
	return add_watch(loop, fd, events, fn, arg);
}

struct watch *
loop_watch_children(struct loop *loop, watch_fn fn, void *arg)
{
	return add_watch(loop, -1, 0, fn, arg);
}

void
loop_watch_events(struct watch *watch, unsigned events)
{
	watch->events = events;
	watch->muted = false;
}

/* Frees the watches that were removed while handlers ran. */
static void
sweep(struct loop *loop)
{
	size_t kept = 0;

	for (size_t i = 0; i < loop->watches.len; i++) {
		struct watch *watch = loop->watches.items[i];

		if (watch->dead)
			free(watch);
		else
			loop->watches.items[kept++] = watch;
	}
	loop->watches.len = kept;
}

void
loop_unwatch(struct loop *loop, struct watch *watch)
{
	if (watch == NULL)
		return;
	watch->dead = true;
	if (!loop->dispatching)
		sweep(loop);
}

void
loop_reap(struct loop *loop, pid_t pid)
{
	if (waitpid(pid, NULL, WNOHANG) == 0)
		array_push(&loop->orphans, pid);
}

/* Where a timer due then belongs: behind those due at the same time. */
static size_t
timer_place(const struct loop *loop, int64_t due)
{
	size_t low = 0, high = loop->timers.len;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (loop->timers.items[middle]->due <= due)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

struct timer *
loop_timer(struct loop *loop, int64_t ms, timer_fn fn, void *arg)
{
	struct timer *timer = xmalloc(sizeof(*timer));
	int64_t most = INT64_MAX / 4 / 1000000;
	size_t place;

	/* Not loop->now: the handler that asks may have taken its time. */
	*timer = (struct timer){.due = read_clock(), .fn = fn, .arg = arg};
	if (ms > 0)
		timer->due += (ms < most ? ms : most) * 1000000;
	place = timer_place(loop, timer->due);
	array_insert(&loop->timers, place, timer);
	return timer;
}

void
loop_cancel(struct loop *loop, struct timer *timer)
{
	size_t i = 0;

	if (timer == NULL)
		return;
	while (i < loop->timers.len && loop->timers.items[i] != timer)
		i++;
	assert(i < loop->timers.len);
	array_remove(&loop->timers, i);
	free(timer);
}

int64_t
loop_now(const struct loop *loop)
{
	return loop->now / 1000000;
}

void *
loop_curl(struct loop *loop)
{
	if (loop->multi != NULL)
		return loop->multi;
	if (curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK)
		return NULL;
	loop->multi = curl_multi_init();
	if (loop->multi == NULL) {
		curl_global_cleanup();
		return NULL;
	}
	curl_multi_setopt(loop->multi, CURLMOPT_PIPELINING, (long)CURLPIPE_NOTHING);
	curl_multi_setopt(loop->multi, CURLMOPT_MAXCONNECTS, 4L);
#ifdef CLOSE_RANGE_CLOEXEC
	/* libcurl has made descriptors of its own, which a child would inherit. */
	close_range(3, ~0U, CLOSE_RANGE_CLOEXEC);
#endif
	return loop->multi;
}

void
loop_add_transfer(struct loop *loop, struct loop_transfer *transfer)
{
	transfer->state = TRANSFER_WAITING;
	array_push(&loop->transfers, transfer);
}

static void
release(struct loop *loop, size_t at)
{
	struct loop_transfer *transfer = loop->transfers.items[at];

	array_remove(&loop->transfers, at);
	if (transfer->state == TRANSFER_ACTIVE || transfer->state == TRANSFER_LEAVING)
		curl_multi_remove_handle(loop->multi, transfer->easy);
	transfer->released(transfer);
}

void
loop_remove_transfer(struct loop *loop, struct loop_transfer *transfer)
{
	size_t i = 0;

	while (i < loop->transfers.len && loop->transfers.items[i] != transfer)
		i++;
	assert(i < loop->transfers.len);
	if (loop->performing && transfer->state == TRANSFER_ACTIVE)
		transfer->state = TRANSFER_LEAVING;
	else if (transfer->state != TRANSFER_LEAVING)
		release(loop, i);
}

static void
begin_transfers(struct loop *loop)
{
	for (size_t i = 0; i < loop->transfers.len; i++) {
		struct loop_transfer *transfer = loop->transfers.items[i];

		if (transfer->state != TRANSFER_WAITING)
			continue;
		transfer->state = TRANSFER_ACTIVE;
		if (curl_multi_add_handle(loop->multi, transfer->easy) != CURLM_OK)
			transfer->state = TRANSFER_REFUSED;
	}
}

/* The first transfer in a state; its index, or the number of transfers. */
static size_t
find_transfer(const struct loop *loop, enum transfer_state state)
{
	size_t i = 0;

	while (i < loop->transfers.len && loop->transfers.items[i]->state != (int)state)
		i++;
	return i;
}

/* finished() may add and remove any transfer, so every step looks anew. */
static void
collect_transfers(struct loop *loop)
{
	CURLMsg *message;
	size_t i;
	int left;

	while ((i = find_transfer(loop, TRANSFER_LEAVING)) < loop->transfers.len)
		release(loop, i);
	while ((i = find_transfer(loop, TRANSFER_REFUSED)) < loop->transfers.len)
		loop->transfers.items[i]->finished(loop->transfers.items[i], CURLE_FAILED_INIT);
	while ((message = curl_multi_info_read(loop->multi, &left)) != NULL) {
		CURLcode code = message->data.result;
		struct loop_transfer *transfer = NULL;

		if (message->msg != CURLMSG_DONE)
			continue;
		curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, (char **)&transfer);
		transfer->finished(transfer, (int)code);
	}
}

static void
drive_transfers(struct loop *loop)
{
	int running;

	if (loop->transfers.len == 0)
		return;
	begin_transfers(loop);
	loop->performing = true;
	curl_multi_perform(loop->multi, &running);
	loop->performing = false;
	collect_transfers(loop);
}

static void
gather_polls(struct loop *loop)
{
	struct pollfd poll_signals = {.fd = loop->signal_fd, .events = POLLIN};

	array_clear(&loop->polls);
	array_push(&loop->polls, poll_signals);
	for (size_t i = 0; i < loop->watches.len; i++) {
		const struct watch *watch = loop->watches.items[i];
		struct pollfd one = {.fd = watch->muted ? -1 : watch->fd};

		if (watch->events & LOOP_READ)
			one.events |= POLLIN;
		if (watch->events & LOOP_WRITE)
			one.events |= POLLOUT;
		array_push(&loop->polls, one);
	}
}

static void
poll_all(struct loop *loop, int timeout)
{
	while (poll(loop->polls.items, loop->polls.len, timeout) < 0) {
		if (errno != EINTR)
			fatal("poll: %s", strerror(errno));
		timeout = 0;
	}
}

/*
 * curl_multi_poll() tells neither a hang-up nor a bad descriptor of ours, and
 * returns at once for both; so what is ready is asked again behind it.
 */
static void
poll_with_transfers(struct loop *loop, int timeout)
{
	array_clear(&loop->extra);
	for (size_t i = 0; i < loop->polls.len; i++) {
		const struct pollfd *one = &loop->polls.items[i];
		struct curl_waitfd wait = {.fd = one->fd};

		if (one->fd < 0)
			continue;
		if (one->events & POLLIN)
			wait.events |= CURL_WAIT_POLLIN;
		if (one->events & POLLOUT)
			wait.events |= CURL_WAIT_POLLOUT;
		array_push(&loop->extra, wait);
	}
	curl_multi_poll(loop->multi, loop->extra.items, (unsigned)loop->extra.len, timeout, NULL);
	poll_all(loop, 0);
}

/* Milliseconds to sleep, rounded up: a timer must not find itself early. */
static int
sleep_time(const struct loop *loop, int64_t ms)
{
	int64_t left;

	if (find_transfer(loop, TRANSFER_WAITING) < loop->transfers.len)
		return 0;
	if (loop->timers.len > 0) {
		left = loop->timers.items[0]->due - read_clock();
		left = left <= 0 ? 0 : (left + 999999) / 1000000;
		if (ms < 0 || left < ms)
			ms = left;
	}
	return ms < 0 ? -1 : ms > INT_MAX ? INT_MAX : (int)ms;
}

static void
tell_children(struct loop *loop)
{
	size_t count = loop->watches.len;

	reap_orphans(loop);
	for (size_t i = 0; i < count; i++) {
		struct watch *watch = loop->watches.items[i];

		if (watch->fd < 0 && !watch->dead)
			watch->fn(watch->arg, -1, 0);
	}
}

static void
dispatch_signals(struct loop *loop)
{
	char bytes[64];

	if (loop->polls.items[0].revents == 0)
		return;
	while (read(loop->signal_fd, bytes, sizeof(bytes)) == (ssize_t)sizeof(bytes))
		;
	for (size_t i = 0; i < SIGNALS; i++) {
		if (!pending[signals[i]])
			continue;
		pending[signals[i]] = 0;
		if (signals[i] == SIGCHLD)
			tell_children(loop);
		if (loop->on_signal != NULL)
			loop->on_signal(loop->signal_arg, signals[i]);
	}
}

static unsigned
ready_events(const struct watch *watch, short revents)
{
	unsigned ready = 0;

	if (revents & POLLIN)
		ready |= LOOP_READ;
	if (revents & POLLOUT)
		ready |= LOOP_WRITE;
	/* The handler before may have changed what this one waits for. */
	ready &= watch->events;
	if (revents & (POLLHUP | POLLERR | POLLNVAL))
		ready |= LOOP_HANGUP;
	return ready;
}

/* Whether a hung-up descriptor will never have anything more to read. */
static bool
is_spent(const struct watch *watch)
{
	int waiting = 0;

	return !(watch->events & LOOP_READ) || ioctl(watch->fd, FIONREAD, &waiting) != 0 ||
	       waiting == 0;
}

static void
dispatch_watches(struct loop *loop)
{
	/* Watches added by a handler stand behind those that were polled. */
	for (size_t i = 0; i + 1 < loop->polls.len; i++) {
		struct watch *watch = loop->watches.items[i];
		unsigned ready;

		if (watch->dead)
			continue;
		ready = ready_events(watch, loop->polls.items[i + 1].revents);
		if (ready == 0)
			continue;
		/* Set before the call: the handler may ask for events anew. */
		watch->muted = (ready & LOOP_HANGUP) && is_spent(watch);
		watch->fn(watch->arg, watch->fd, ready);
	}
}

static void
run_timers(struct loop *loop)
{
	/* Timers made by these handlers are due later than loop->now. */
	while (loop->timers.len > 0 && loop->timers.items[0]->due <= loop->now) {
		struct timer *timer = loop->timers.items[0];
		struct timer copy = *timer;

		array_remove(&loop->timers, 0);
		free(timer);
		copy.fn(copy.arg);
	}
}

void
loop_wait(struct loop *loop, int64_t ms)
{
	int timeout = sleep_time(loop, ms);

	assert(!loop->dispatching);
	gather_polls(loop);
	if (loop->transfers.len > 0)
		poll_with_transfers(loop, timeout);
	else
		poll_all(loop, timeout);
	loop->now = read_clock();
	loop->dispatching = true;
	dispatch_signals(loop);
	dispatch_watches(loop);
	drive_transfers(loop);
	run_timers(loop);
	loop->dispatching = false;
	sweep(loop);
}
