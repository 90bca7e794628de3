/* SPDX-License-Identifier: MIT */
/*
 * preload/report.c - what is said at exit: figures (ZEND_MM_STATS) and the heaps' deep check
 * (ZEND_MM_CHECK).
 *
 * Runs when the library is finalised, after the program's own handlers.  Other threads may still
 * run: their heaps are not checked, and their figures are those of some moment.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <unistd.h>

#include "heap/failure.h"
#include "heap/guarded/guarded.h"
#include "heap/guarded/witness.h"
#include "preload/home.h"
#include "preload/leaks.h"
#include "preload/report.h"
#include "preload/settings.h"
#include "storage/address.h"

/* Away from the descriptors that programs count on. */
enum { report_fd_least = 200 };

static int report_fd = STDERR_FILENO;

void zend_mm_say(int fd, const char *format, ...)
{
	char line[512];
	va_list arguments;
	int length;

	va_start(arguments, format);
	length = vsnprintf(line, sizeof line, format, arguments);
	va_end(arguments);
	if (length > (int)sizeof line - 1) {
		length = (int)sizeof line - 1;
	}
	if (length > 0 && write(fd, line, (size_t)length) < 0) {
		return; /* there is nobody to tell */
	}
}

/* {{{ Checking. */

static int check_home(const struct zend_mm_home *home, int fd)
{
	zend_mm_problem problem;
	int result = zend_mm_check(home->heap, &problem);

	if (result > 0 && zend_mm_settings.strict) {
		zend_mm_print_problem(&problem);
	}
	if (result > 0) {
		zend_mm_say(fd, "zend_malloc: pid %d: heap %u is damaged: %s, at " ZEND_MM_ADDRESS "\n",
			(int)getpid(), home->number, problem.reason, (uintptr_t)problem.address);
	} else if (result < 0) {
		zend_mm_say(fd, "zend_malloc: pid %d: heap %u cannot be checked: no memory for it\n",
			(int)getpid(), home->number);
	}
	return result > 0;
}

int zend_mm_check_homes(int fd)
{
	struct zend_mm_home *home = zend_mm_home_here();
	int damaged = 0;

	if (home) {
		zend_mm_look_at_returned(home);
		damaged += check_home(home, fd);
	}
	zend_mm_orphans_lock();
	for (home = zend_mm_orphans(); home; home = home->next_orphan) {
		zend_mm_look_at_returned(home);
		damaged += check_home(home, fd);
	}
	zend_mm_orphans_unlock();
	return damaged;
}

/* }}} */
/* {{{ Figures. */

static void print_totals(const struct zend_mm_totals *totals)
{
	bool legacy = zend_mm_settings.options.mode == ZEND_MM_LEGACY;
	const size_t *done = totals->done;

	zend_mm_say(report_fd, "zend_malloc: %s (pid %d): %s heap over %s, %zu thread heap%s\n",
		program_invocation_short_name, (int)getpid(), legacy ? "legacy" : "modern",
		zend_mm_settings.options.storage, totals->homes, totals->homes == 1 ? "" : "s");
	zend_mm_say(report_fd, "  in use        %12zu bytes, peak %zu\n", totals->used, totals->peak);
	zend_mm_say(report_fd, "  held          %12zu bytes, peak %zu\n", totals->held,
		totals->held_peak);
	zend_mm_say(report_fd, "  %s      %12zu%s\n", legacy ? "segments" : "chunks  ", totals->regions,
		legacy ? "" : ", huge blocks included");
	zend_mm_say(report_fd, "  requests      %12zu, %zu of them (%.1f %%) from %s\n",
		done[ZEND_MM_DONE_REQUESTS], done[ZEND_MM_DONE_HITS],
		done[ZEND_MM_DONE_REQUESTS] ? 100.0 * (double)done[ZEND_MM_DONE_HITS] /
			(double)done[ZEND_MM_DONE_REQUESTS] : 0.0,
		legacy ? "the cache" : "bins' lists");
	zend_mm_say(report_fd, "  resizes       %12zu\n", done[ZEND_MM_DONE_RESIZES]);
	zend_mm_say(report_fd, "  frees         %12zu, %zu of them of other threads' blocks\n",
		done[ZEND_MM_DONE_FREES], done[ZEND_MM_DONE_RETURNS]);
	zend_mm_say(report_fd, "  storage calls %12zu: %zu allocate, %zu resize, %zu free\n",
		totals->storage_allocs + totals->storage_resizes + totals->storage_frees,
		totals->storage_allocs, totals->storage_resizes, totals->storage_frees);
}

/* }}} */

void zend_mm_report_prepare(void)
{
	struct zend_mm_home *home = zend_mm_home_here();

	if (home && (zend_mm_settings.stats || zend_mm_leaks_wanted())) {
		int fd = fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, report_fd_least);

		report_fd = fd >= 0 ? fd : STDERR_FILENO;
	}
}

void zend_mm_report_at_exit(void)
{
	struct zend_mm_totals totals = { .homes = 0 };

	if (zend_mm_settings.stats) {
		zend_mm_figures_refresh();
		for (struct zend_mm_home *home = zend_mm_homes(); home; home = home->next) {
			zend_mm_totals_add(&totals, home);
		}
		print_totals(&totals);
	}
	zend_mm_guard_look_for_leaks();
	if (zend_mm_leaks_wanted()) {
		zend_mm_leaks_report(report_fd);
	}
	if (zend_mm_settings.check && zend_mm_check_homes(report_fd) > 0) {
		abort();
	}
	if (zend_mm_homes() && zend_mm_homes()->next) { /* threads that still run may have one */
		zend_mm_guards_look_once_more();
	}
	zend_mm_witness_exit();
}
