/* SPDX-License-Identifier: GPL-3.0-or-later */

/*
 * A library to preload into a program, which counts what it does in the file
 * $COUNTS: text that is read again and again while the program runs, so that a
 * script can take the difference between before a key and after it.
 *
 *	steps        of SQLite's machine
 *	reads        of the store's files, and the bytes of them
 *	writes, syncs  the same for writing
 *	allocations  malloc, calloc, realloc
 *	waits        how often it went to sleep in poll(2)
 *	cpu          thousands of instructions of its own, where the machine counts
 *	             them, else microseconds of processor
 *	unit         which of the two: 1 instructions, 0 time
 *	seen         microseconds from the last read of the terminal to the last
 *	             write to it; at first from the start of the program
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <termios.h>
#include <time.h>
#include <unistd.h>

#ifdef __linux__
#include <linux/perf_event.h>
#endif

struct sqlite3_stmt;
int sqlite3_step(struct sqlite3_stmt *);
int sqlite3_stmt_status(struct sqlite3_stmt *, int, int);

#define VM_STEPS 4 /* SQLITE_STMTSTATUS_VM_STEP */

enum { STEPS, READS, READ_BYTES, WRITES, SYNCS, ALLOCATIONS, WAITS, CPU, UNIT, SEEN, NUMBERS };

static const char *const names[NUMBERS] = {"steps", "reads", "read_bytes", "writes", "syncs",
    "allocations", "waits", "cpu", "unit", "seen"};

/* A line each, of one width, so that the file never changes its size. */
#define NAME_WIDTH 12
#define LINE (NAME_WIDTH + 21)

static uint64_t numbers[NUMBERS];
static char *shown;
static int counter = -1;
static int64_t asked;
static bool stores[1024]; /* which descriptors are a store's */

void *__libc_malloc(size_t);
void *__libc_calloc(size_t, size_t);
void *__libc_realloc(void *, size_t);

void *
malloc(size_t size)
{
	numbers[ALLOCATIONS]++;
	return __libc_malloc(size);
}

void *
calloc(size_t count, size_t size)
{
	numbers[ALLOCATIONS]++;
	return __libc_calloc(count, size);
}

void *
realloc(void *old, size_t size)
{
	numbers[ALLOCATIONS]++;
	return __libc_realloc(old, size);
}

static int64_t
now(clockid_t clock)
{
	struct timespec t;

	clock_gettime(clock, &t);
	return (int64_t)t.tv_sec * 1000000 + t.tv_nsec / 1000;
}

static void
count_cpu(void)
{
	uint64_t value;

	numbers[UNIT] = counter >= 0 && read(counter, &value, sizeof(value)) == sizeof(value);
	numbers[CPU] = numbers[UNIT] ? value / 1000 : (uint64_t)now(CLOCK_PROCESS_CPUTIME_ID);
}

static void
show(void)
{
	if (shown == NULL)
		return;
	count_cpu();
	for (int i = 0; i < NUMBERS; i++) {
		char line[LINE + 1];

		snprintf(line, sizeof(line), "%-*s%20llu\n", NAME_WIDTH, names[i],
		    (unsigned long long)numbers[i]);
		memcpy(shown + i * LINE, line, LINE);
	}
}

static void
open_counter(void)
{
#ifdef __linux__
	struct perf_event_attr wanted;

	memset(&wanted, 0, sizeof(wanted));
	wanted.size = sizeof(wanted);
	wanted.type = PERF_TYPE_HARDWARE;
	wanted.config = PERF_COUNT_HW_INSTRUCTIONS;
	wanted.exclude_kernel = 1;
	counter = (int)syscall(SYS_perf_event_open, &wanted, 0, -1, -1, PERF_FLAG_FD_CLOEXEC);
#endif
}

__attribute__((constructor)) static void
begin(void)
{
	const char *path = getenv("COUNTS");
	void *map;
	int fd;

	asked = now(CLOCK_MONOTONIC);
	if (path == NULL)
		return;
	fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	if (fd < 0 || ftruncate(fd, NUMBERS * LINE) != 0)
		return;
	map = mmap(NULL, NUMBERS * LINE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	close(fd);
	if (map == MAP_FAILED)
		return;
	open_counter();
	shown = map;
}

__attribute__((destructor)) static void
end(void)
{
	show();
}

/* The function of that name behind ours. */
#define REAL(type, name) ((type)dlsym(RTLD_NEXT, name))

int
sqlite3_step(struct sqlite3_stmt *s)
{
	static int (*real)(struct sqlite3_stmt *);
	static int (*status)(struct sqlite3_stmt *, int, int);
	int code;

	if (real == NULL) {
		real = REAL(int (*)(struct sqlite3_stmt *), "sqlite3_step");
		status = REAL(int (*)(struct sqlite3_stmt *, int, int), "sqlite3_stmt_status");
	}
	code = real(s);
	numbers[STEPS] += (uint64_t)status(s, VM_STEPS, 1);
	return code;
}

static void
remember(int fd, const char *path)
{
	if (fd >= 0 && (size_t)fd < sizeof(stores))
		stores[fd] = strstr(path, "causerie.db") != NULL;
}

int
open64(const char *path, int flags, ...)
{
	static int (*real)(const char *, int, ...);
	va_list args;
	mode_t mode;
	int fd;

	va_start(args, flags);
	mode = va_arg(args, mode_t);
	va_end(args);
	if (real == NULL)
		real = REAL(int (*)(const char *, int, ...), "open64");
	fd = real(path, flags, mode);
	remember(fd, path);
	return fd;
}

static bool
is_store(int fd)
{
	return fd >= 0 && (size_t)fd < sizeof(stores) && stores[fd];
}

ssize_t
pread64(int fd, void *bytes, size_t size, off64_t at)
{
	static ssize_t (*real)(int, void *, size_t, off64_t);
	ssize_t n;

	if (real == NULL)
		real = REAL(ssize_t(*)(int, void *, size_t, off64_t), "pread64");
	n = real(fd, bytes, size, at);
	if (is_store(fd)) {
		numbers[READS]++;
		numbers[READ_BYTES] += n > 0 ? (uint64_t)n : 0;
	}
	return n;
}

ssize_t
pwrite64(int fd, const void *bytes, size_t size, off64_t at)
{
	static ssize_t (*real)(int, const void *, size_t, off64_t);

	if (real == NULL)
		real = REAL(ssize_t(*)(int, const void *, size_t, off64_t), "pwrite64");
	numbers[WRITES] += is_store(fd);
	return real(fd, bytes, size, at);
}

static int
count_sync(int fd, const char *name)
{
	numbers[SYNCS]++;
	return REAL(int (*)(int), name)(fd);
}

int
fsync(int fd)
{
	return count_sync(fd, "fsync");
}

int
fdatasync(int fd)
{
	return count_sync(fd, "fdatasync");
}

ssize_t
read(int fd, void *bytes, size_t size)
{
	static ssize_t (*real)(int, void *, size_t);
	ssize_t n;

	if (real == NULL)
		real = REAL(ssize_t(*)(int, void *, size_t), "read");
	n = real(fd, bytes, size);
	if (n > 0 && fd != counter && isatty(fd))
		asked = now(CLOCK_MONOTONIC);
	return n;
}

ssize_t
write(int fd, const void *bytes, size_t size)
{
	static ssize_t (*real)(int, const void *, size_t);
	ssize_t n;
	int error;

	if (real == NULL)
		real = REAL(ssize_t(*)(int, const void *, size_t), "write");
	n = real(fd, bytes, size);
	error = errno;
	if (isatty(fd))
		numbers[SEEN] = (uint64_t)(now(CLOCK_MONOTONIC) - asked);
	errno = error;
	return n;
}

int
poll(struct pollfd *fds, nfds_t count, int timeout)
{
	static int (*real)(struct pollfd *, nfds_t, int);

	if (real == NULL)
		real = REAL(int (*)(struct pollfd *, nfds_t, int), "poll");
	if (timeout != 0) {
		numbers[WAITS]++;
		show();
	}
	return real(fds, count, timeout);
}
