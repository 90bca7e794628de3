/* SPDX-License-Identifier: MIT */
/*
 * t/keep_counts.c - keeps what gcov has counted where a process ends without exit().
 *
 * Linked into every program and shared library of a build that was configured with
 * --enable-coverage, and into no other.  gcov writes its counts at exit; a process that reports a
 * corrupted heap ends by a signal or by _exit(), and the report would count as never run.
 *
 * A program and each coverage-built library in it have counts of their own.  So each has these
 * functions, and each handler of a signal passes on to the one that was there before.  Only
 * zmm_keep_counts() is seen by others: by it the libraries are asked to keep theirs.  Counts are
 * set back to zero when they are written: a process may go on, or be a child of vfork().
 */
#include <dlfcn.h>
#include <gcov.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <unistd.h>

static const int endings[] = { SIGABRT, SIGSEGV, SIGBUS, SIGILL, SIGFPE, SIGTRAP, SIGTERM };

enum { endings_count = sizeof endings / sizeof *endings };

static struct sigaction before[endings_count];

static void keep_counts(void)
{
	static int keeping;

	if (!__atomic_exchange_n(&keeping, 1, __ATOMIC_ACQUIRE)) {
		__gcov_dump();
		__gcov_reset();
		__atomic_store_n(&keeping, 0, __ATOMIC_RELEASE);
	}
}

void zmm_keep_counts(void);

/* And those of the libraries that come after this one. */
__attribute__((visibility("default"))) void zmm_keep_counts(void)
{
	void (*next)(void) = (void (*)(void))(uintptr_t)dlsym(RTLD_NEXT, "zmm_keep_counts");

	keep_counts();
	if (next) {
		next();
	}
}

static void (*next_of(const char *name))(int)
{
	return (void (*)(int))(uintptr_t)dlsym(RTLD_NEXT, name);
}

static void on_ending(int number, siginfo_t *info, void *context)
{
	struct sigaction *action = before;

	while (endings[action - before] != number) {
		action++;
	}
	keep_counts();
	if (action->sa_flags & SA_SIGINFO) {
		action->sa_sigaction(number, info, context);
	} else {
		sigaction(number, action, NULL);
		next_of("raise")(number); /* delivered when this handler has returned */
	}
}

__attribute__((constructor)) static void listen_for_endings(void)
{
	struct sigaction action = { .sa_sigaction = on_ending, .sa_flags = SA_SIGINFO };

	for (int i = 0; i < endings_count; i++) {
		sigaction(endings[i], NULL, &before[i]);
		if ((before[i].sa_flags & SA_SIGINFO) || before[i].sa_handler != SIG_IGN) {
			sigaction(endings[i], &action, NULL);
		}
	}
}

/* Weak, because the malloc replacement has an _exit() of its own, which ends by a system call; and
 * seen by others, because that one is. */
__attribute__((weak, visibility("default"))) void _exit(int status)
{
	zmm_keep_counts();
	next_of("_exit")(status);
	abort();
}

long syscall(long number, ...)
{
	long (*next)(long, ...) = (long (*)(long, ...))(uintptr_t)dlsym(RTLD_NEXT, "syscall");
	long words[6];
	va_list arguments;

	va_start(arguments, number);
	for (int i = 0; i < 6; i++) {
		words[i] = va_arg(arguments, long);
	}
	va_end(arguments);
	if (number == SYS_exit_group) {
		zmm_keep_counts();
	}
	return next(number, words[0], words[1], words[2], words[3], words[4], words[5]);
}

int raise(int number)
{
	zmm_keep_counts();
	next_of("raise")(number);
	return 0;
}
