/* SPDX-License-Identifier: MIT */
/*
 * heap/host.c - the host: its table of callbacks, their defaults, and the bailout points.
 *
 * PHP's allocator calls its engine to raise errors, to jump out of them and to report leaks.  Here
 * the engine is a table that an embedding program can fill.  Heaps reach it through
 * heap/failure.h; the interface sets it.
 *
 * Invariant: no member of zend_mm_current_host is ever NULL.
 */
#include <stdio.h>
#include <time.h>

#include "heap/failure.h"
#include "heap/interruption.h"
#include "heap/site.h"

__thread struct zend_mm_site zend_mm_site;

static __thread zend_mm_bailout_point *innermost_bailout_point;

zend_mm_bailout_point **zend_mm_bailout_place(void)
{
	return &innermost_bailout_point;
}

void zend_mm_bailout(void)
{
	if (!innermost_bailout_point) {
		exit(255);
	}
	zend_mm_let_interruptions_in();
	longjmp(innermost_bailout_point->jump, 1);
}

static void default_fatal_error(const char *message)
{
	fprintf(stderr, "\nFatal error: %s\n", message);
}

static int default_guarded_call(void (*call)(void *), void *argument)
{
	volatile int result = 0;

	zend_try {
		call(argument);
	} zend_catch {
		result = -1;
	} zend_end_try();
	return result;
}

static const char *default_script_name(void)
{
	return "-";
}

static void default_location(const char **filename, unsigned int *lineno)
{
	*filename = zend_mm_site.filename ? zend_mm_site.filename : "Unknown";
	*lineno = zend_mm_site.filename ? zend_mm_site.lineno : 0;
}

/* The lines of PHP's message dispatcher. */
static void default_leak(const zend_leak_info *leak)
{
	const char *script = zend_mm_current_host.script_name();
	time_t now = time(NULL);
	char date[32];

	strftime(date, sizeof date, "%a %b %e %H:%M:%S %Y", localtime(&now));
	fprintf(stderr, "[%s]  Script:  '%s'\n", date, script);
	fprintf(stderr, "%s(%u) :  Freeing 0x%08llX (%zu bytes), script=%s\n",
		leak->filename ? leak->filename : "Unknown", leak->lineno,
		(unsigned long long)(uintptr_t)leak->addr, leak->size, script);
	if (leak->orig_filename) {
		fprintf(stderr, "%s(%u) : Actual location (location was relayed)\n",
			leak->orig_filename, leak->orig_lineno);
	}
}

static void default_leak_repeated(size_t times)
{
	fprintf(stderr, "Last leak repeated %zu time%s\n", times, times == 1 ? "" : "s");
}

static void default_leaks_total(size_t leaks)
{
	fprintf(stderr, "=== Total %zu memory leaks detected ===\n", leaks);
}

static void default_interruptions(void)
{
}

#define DEFAULT_HOST { \
		default_fatal_error, zend_mm_bailout, default_guarded_call, \
		default_leak, default_leak_repeated, default_leaks_total, \
		default_script_name, default_location, \
		default_interruptions, default_interruptions \
	}

static const zend_mm_host default_host = DEFAULT_HOST;

zend_mm_host zend_mm_current_host = DEFAULT_HOST;

bool zend_mm_host_minds_interruptions(void)
{
	return zend_mm_current_host.block_interruptions != default_interruptions ||
		zend_mm_current_host.unblock_interruptions != default_interruptions;
}

void zend_mm_take_host(const zend_mm_host *host)
{
	zend_mm_host filled = host ? *host : default_host;

#define DEFAULT(member) (filled.member = filled.member ? filled.member : default_host.member)
	DEFAULT(fatal_error);
	DEFAULT(bailout);
	DEFAULT(guarded_call);
	DEFAULT(leak);
	DEFAULT(leak_repeated);
	DEFAULT(leaks_total);
	DEFAULT(script_name);
	DEFAULT(location);
	DEFAULT(block_interruptions);
	DEFAULT(unblock_interruptions);
#undef DEFAULT
	zend_mm_current_host = filled;
}
