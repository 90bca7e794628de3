/* SPDX-License-Identifier: MIT */
/*
 * heap/failure.c - how failures of a heap reach the host or end the process.
 *
 * Owns the corruption hook.  Called by both designs and by the interface.  What a corruption
 * report says is in report.c.
 */
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <unistd.h>

#include "heap/config.h"
#include "heap/failure.h"
#include "heap/interruption.h"
#include "storage/emergency.h"

bool zend_mm_corruption_aborts;
void (*zend_mm_let_other_threads_in)(void);

static zend_mm_corruption_hook corruption_hook;

/* Before the host may jump out of a heap's request. */
static void step_out(void)
{
	zend_mm_let_interruptions_in();
	if (zend_mm_let_other_threads_in) {
		zend_mm_let_other_threads_in();
	}
}

static void raise_in_host(void *message)
{
	zend_mm_current_host.fatal_error(message);
}

int zend_mm_raise_caught(char message[256], const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(message, 256, format, arguments);
	va_end(arguments);
	zend_mm_let_interruptions_in();
	return zend_mm_current_host.guarded_call(raise_in_host, message);
}

void zend_mm_raise(const char *format, ...)
{
	char message[256];
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(message, sizeof message, format, arguments);
	va_end(arguments);
	step_out();
	zend_mm_current_host.fatal_error(message);
	zend_mm_bail_out();
}

void zend_mm_bail_out(void)
{
	step_out();
	zend_mm_current_host.bailout();
	abort(); /* a host whose bailout comes back leaves nothing to go on with */
}

void zend_mm_startup_error(int status, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	vfprintf(stderr, format, arguments);
	va_end(arguments);
	exit(status);
}

zend_mm_corruption_hook zend_mm_set_corruption_hook(zend_mm_corruption_hook hook)
{
	zend_mm_corruption_hook before = corruption_hook;

	corruption_hook = hook;
	return before;
}

/* A hook may ask more of the heap that is damaged.  Where that finds it corrupted again, and again
 * from within, the hook is left out, so that the report is printed; a hook that jumps out leaves
 * no trace here, so that calls from ever deeper in the stack are taken for calls from within. */
static bool is_hook_usable(void)
{
	enum { deepest = 8 };
	static __thread uintptr_t newest_call;
	static __thread unsigned depth;
	uintptr_t here = (uintptr_t)__builtin_frame_address(0);

	depth = here < newest_call ? depth + 1 : 1;
	newest_call = here;
	return corruption_hook && depth <= deepest;
}

void zend_mm_corrupted(const zend_mm_problem *problem)
{
	if (is_hook_usable()) {
		step_out();
		corruption_hook(problem);
	}
	zend_mm_let_interruptions_in();
	if (!zend_mm_report_begin()) {
		_exit(1); /* found again, by what runs at exit or by another thread */
	}
	zend_mm_print_problem(problem);
	zend_mm_report_end();
	if (zend_mm_corruption_aborts ||
		(problem->heap && problem->heap->mode == ZEND_MM_MODERN)) {
		abort();
	}
	if (config_debug) {
		signal(SIGSEGV, SIG_DFL);
		raise(SIGSEGV);
	}
	exit(1);
}
