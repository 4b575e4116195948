/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef NET_PROCESS_H
#define NET_PROCESS_H

/*
 * A child process with a text going in and a text coming out. argv, no shell;
 * its own session and process group; descriptors 0 to 2 only; the environment
 * given. Ends when the process has exited and 500 ms have passed or its pipes
 * are closed, whichever is first; at the time limit the group gets TERM, then
 * KILL a second later. What is left of the group when it ends is killed.
 */

#include <stdbool.h>
#include <stddef.h>

struct error;
struct loop;
struct process;

struct process_result {
	int status;	 /* exit status, or 128 + signal */
	bool timed_out;
	bool truncated;	 /* more than max_output came */
	const char *output; /* standard output; NUL behind len bytes */
	size_t len;
	const char *errors; /* the first KiB of standard error */
};

/* Called once, last, never from within process_start(). */
typedef void (*process_fn)(void *arg, const struct process_result *);

struct process_request {
	const char *const *argv; /* NULL at the end; argv[0] is looked for in PATH */
	const char *const *env;	 /* "NAME=value", NULL at the end; NULL: ours, without keys */
	const char *input;	 /* or NULL: /dev/null */
	size_t input_len;
	size_t max_output; /* bytes of standard output kept; the rest is read and dropped */
	size_t max_memory; /* bytes of address space; 0: no limit */
	int timeout;	   /* seconds; 0: no limit */
	process_fn on_end;
	void *arg;
};

/*
 * The absolute path a name without slash has in PATH, or the name itself if it
 * has one; yours. NULL if there is no such program. Relative folders of PATH
 * are passed over: what runs must not depend on where we were started.
 */
char *process_find(const char *name);

struct process *process_start(struct loop *, const struct process_request *, struct error *);

/* Kills the group, without a call back. */
void process_cancel(struct process *);

#endif
