/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef NET_LOOP_H
#define NET_LOOP_H

/*
 * The only place that sleeps. One thread: handlers run from loop_wait() and
 * nowhere else, must not block, and may add or remove anything, themselves
 * included.
 *
 * Without a transfer under way, a timer due or a descriptor ready it sleeps for
 * good, without waking: it waits in poll(2) then, and in curl_multi_poll(3)
 * only while there are transfers. libcurl is initialised by the first one.
 */

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

struct error;
struct loop;
struct watch;
struct timer;

enum {
	LOOP_READ = 1,
	LOOP_WRITE = 2,
	LOOP_HANGUP = 4, /* reported, never asked for: HUP, ERR or NVAL */
};

typedef void (*watch_fn)(void *arg, int fd, unsigned ready);
typedef void (*timer_fn)(void *arg);
typedef void (*signal_fn)(void *arg, int number);

/*
 * Catches INT, TERM, HUP, QUIT, WINCH, TSTP, CONT and CHLD by a self-pipe from
 * now on and ignores PIPE; there can be one loop in a process. A HUP that was
 * ignored before (nohup) stays ignored. A CONT takes back a TSTP that was not
 * delivered yet, and a TSTP a CONT, as the kernel does.
 */
struct loop *loop_new(struct error *);

/* Handlers, timers and transfers must be gone; signals get their old actions back. */
void loop_free(struct loop *);

/* Signals arrive here, in loop_wait(), never in a signal handler. */
void loop_on_signal(struct loop *, signal_fn, void *arg);

/*
 * A descriptor that is hung up comes with LOOP_HANGUP, and with LOOP_READ while
 * there is something to read or an end to find. When nothing is left the
 * handler is called once more and expected to unwatch; a watch that is still
 * there gets no further call until loop_watch_events(). So it never spins.
 */
struct watch *loop_watch(struct loop *, int fd, unsigned events, watch_fn, void *arg);
void loop_watch_events(struct watch *, unsigned events);
void loop_unwatch(struct loop *, struct watch *); /* NULL does nothing */

/* For process.c: called, with fd -1, whenever some child may have changed its state. */
struct watch *loop_watch_children(struct loop *, watch_fn, void *arg);

/* For process.c: takes over a killed child nobody waits for any more. */
void loop_reap(struct loop *, pid_t);

/* Once, after at least ms milliseconds. The timer is gone when fn is called. */
struct timer *loop_timer(struct loop *, int64_t ms, timer_fn, void *arg);
void loop_cancel(struct loop *, struct timer *); /* NULL does nothing */

/* Milliseconds, as clock_ms(); read once per wake-up. */
int64_t loop_now(const struct loop *);

/*
 * Waits until something happens or for at most ms milliseconds (-1: for good),
 * then calls the handlers of what is ready, drives the transfers, collects the
 * finished ones and runs the timers that are due. Finished transfers are
 * collected before it sleeps, not after: they no longer wake anyone.
 */
void loop_wait(struct loop *, int64_t ms);

/*
 * For http.c. Both may be called at any time, from within libcurl's callbacks
 * too, where libcurl itself forbids it: a transfer is added by the next
 * loop_wait() and removed when curl_multi_perform(3) has returned.
 */
struct loop_transfer {
	void *easy; /* the CURL handle; its CURLOPT_PRIVATE is this struct */
	/* libcurl is done with it; call loop_remove_transfer(). */
	void (*finished)(struct loop_transfer *, int curl_code);
	/* It is removed: free it and its handle. Nothing else is called any more. */
	void (*released)(struct loop_transfer *);
	int state; /* the loop's */
};

/* The CURLM handle, made at the first call; NULL if libcurl does not start. */
void *loop_curl(struct loop *);
void loop_add_transfer(struct loop *, struct loop_transfer *);
void loop_remove_transfer(struct loop *, struct loop_transfer *);

#endif
