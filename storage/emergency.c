/* SPDX-License-Identifier: MIT */
/*
 * storage/emergency.c - writing a report whatever state the process is in (see emergency.h).
 *
 * Called by heap/failure.c and heap/report.c.
 */
#include <errno.h>
#include <unistd.h>

#include "storage/emergency.h"

int zend_mm_error_fd = STDERR_FILENO;

/* The thread that reports: the place of its errno, which each thread has for itself. */
static const void *reporter;

static bool become_reporter(void)
{
	const void *nobody = NULL;

	return __atomic_compare_exchange_n(&reporter, &nobody, (const void *)&errno, false,
		__ATOMIC_ACQ_REL, __ATOMIC_ACQUIRE);
}

#ifdef _WIN32
# define WIN32_LEAN_AND_MEAN
# include <windows.h>

enum { patience_ms = 5000 };

void zend_mm_write_error(const char *text, size_t length)
{
	while (length > 0) {
		int written = write(zend_mm_error_fd, text, (unsigned)length);

		if (written <= 0) {
			return;
		}
		text += written;
		length -= (size_t)written;
	}
}

/* A fault is an exception there, which C code cannot catch; readers ask before they read. */
bool zend_mm_shielded(void (*call)(void *), void *argument)
{
	call(argument);
	return true;
}

bool zend_mm_report_begin(void)
{
	bool first = become_reporter();

	if (!first && reporter != (const void *)&errno) {
		Sleep(patience_ms);
	}
	return first;
}

void zend_mm_report_end(void)
{
}
#else
# include <poll.h>
# include <setjmp.h>
# include <signal.h>
# include <time.h>

enum { patience_ms = 1000, patience_s = 5 };

/* {{{ Writing. */

/* Whether it is worth trying again after a write that failed. */
static bool may_write_again(void)
{
	struct pollfd standard_error = { zend_mm_error_fd, POLLOUT, 0 };

	return errno == EINTR || ((errno == EAGAIN || errno == EWOULDBLOCK) &&
		poll(&standard_error, 1, patience_ms) > 0 && (standard_error.revents & POLLOUT));
}

void zend_mm_write_error(const char *text, size_t length)
{
	int saved_errno = errno;

	while (length > 0) {
		ssize_t written = write(zend_mm_error_fd, text, length);

		if (written > 0) {
			text += written;
			length -= (size_t)written;
		} else if (written == 0 || !may_write_again()) {
			break;
		}
	}
	errno = saved_errno;
}

/* }}} */
/* {{{ Faults. */

static const int faults[] = { SIGSEGV, SIGBUS };

enum { fault_count = sizeof faults / sizeof *faults };

static __thread sigjmp_buf *way_out; /* of the shielded call of this thread; NULL: there is none */

static void on_fault(int number)
{
	if (way_out) {
		siglongjmp(*way_out, 1);
	}
	signal(number, SIG_DFL); /* another thread's: the instruction is repeated */
}

/* Faults are let through, even where a handler of them is at work. */
bool zend_mm_shielded(void (*call)(void *), void *argument)
{
	struct sigaction action = { .sa_handler = on_fault, .sa_flags = SA_NODEFER | SA_ONSTACK };
	struct sigaction before[fault_count];
	sigjmp_buf here;
	sigset_t let_in, mask;
	volatile bool done = false;

	sigemptyset(&let_in);
	sigemptyset(&action.sa_mask);
	for (int i = 0; i < fault_count; i++) {
		sigaddset(&let_in, faults[i]);
		sigaction(faults[i], &action, &before[i]);
	}
	sigprocmask(SIG_UNBLOCK, &let_in, &mask);
	if (sigsetjmp(here, 1) == 0) {
		way_out = &here;
		call(argument);
		done = true;
	}
	way_out = NULL;
	sigprocmask(SIG_SETMASK, &mask, NULL);
	for (int i = 0; i < fault_count; i++) {
		sigaction(faults[i], &before[i], NULL);
	}
	return done;
}

/* }}} */
/* {{{ Who reports. */

static sigset_t mask_before;

bool zend_mm_report_begin(void)
{
	static const struct timespec patience = { patience_s, 0 };
	sigset_t all;

	if (!become_reporter()) {
		if (__atomic_load_n(&reporter, __ATOMIC_ACQUIRE) != (const void *)&errno) {
			nanosleep(&patience, NULL);
		}
		return false;
	}
	sigfillset(&all);
	sigprocmask(SIG_SETMASK, &all, &mask_before);
	return true;
}

void zend_mm_report_end(void)
{
	sigprocmask(SIG_SETMASK, &mask_before, NULL);
}

/* }}} */
#endif
