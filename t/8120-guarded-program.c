/* SPDX-License-Identifier: MIT */
/*
 * Guarded heaps and the program around them: its own handlers of signals, its leaks, what a
 * sanitizer complains of, a process that damages after fork(), settings that nobody can mean.
 */
#include <setjmp.h>

#include "heap/guarded/guarded.h"
#include "heap/guarded/settings.h"
#include "t/tap.h"
#include "zend_alloc.h"

static zend_mm_heap *start(zend_mm_mode mode, const char *guards)
{
	zend_mm_options options;

	zend_mm_default_options(&options);
	options.mode = mode;
	options.debug = guards;
	return zend_mm_startup_with(&options);
}

/* {{{ Faults that are none of a guard page. */

#ifndef _WIN32
static void exit_7(int number, siginfo_t *info, void *context)
{
	(void)context;
	_exit(number == SIGSEGV && info->si_addr == (void *)64 ? 7 : 1);
}

static void exit_8(int number)
{
	_exit(number == SIGSEGV ? 8 : 1);
}

static void fault(const char *handler)
{
	struct sigaction with_place = { .sa_sigaction = exit_7, .sa_flags = SA_SIGINFO };
	volatile uintptr_t place = 64;
	zend_mm_heap *heap;

	if (*handler == '7') {
		sigaction(SIGSEGV, &with_place, NULL);
	} else {
		signal(SIGSEGV, *handler == '8' ? exit_8 : SIG_DFL);
	}
	heap = start(ZEND_MM_LEGACY, "guard_pages=1");
	zend_mm_alloc(heap, 100);
	*(volatile char *)place = 1;
}

static void check_faults(void)
{
	struct tap_child child = run_child(fault, "7");

	is_int(child.status, 7, "a fault elsewhere goes to the program's handler, with its place");
	child = run_child(fault, "8");
	is_int(child.status, 8, "or to a plain one");
	child = run_child(fault, "none");
	is_int(child.signal, SIGSEGV, "without one it ends the process as ever");
	is_str(child.err, "", "and nothing is said");
}
#else
static void check_faults(void)
{
	skip(4, "there are no guard pages on Windows");
}
#endif

/* }}} */
/* {{{ What is found late. */

static jmp_buf caught;
static const char *reason;

static void hook(const zend_mm_problem *problem)
{
	reason = problem->reason;
	longjmp(caught, 1);
}

#define FINDS(expression, why, ...) do { \
		reason = "nothing"; \
		if (setjmp(caught) == 0) { \
			expression; \
		} \
		is_str(reason, why, __VA_ARGS__); \
	} while (0)

static void check_late(zend_mm_mode mode)
{
	zend_mm_heap *volatile heap = start(mode, "quarantine=4K,check_freelists_on_shutdown=1");
	char *volatile block = zend_mm_alloc(heap, 100);
	size_t real_peak;

	zend_mm_free(heap, NULL);
	zend_mm_free(heap, block);
	block[50] ^= 1;
	zend_mm_set_corruption_hook(hook);
	FINDS(zend_mm_free(heap, zend_mm_alloc(heap, 5000)),
		"a block was written to after it was freed",
		"mode %d: a write is found when the block leaves the quarantine", mode);
	block[50] ^= 1;
	zend_mm_shutdown(heap, 0, 1);
	real_peak = heap->real_peak;
	heap->real_peak = 0;
	FINDS(zend_mm_shutdown(heap, 0, 1), mode == ZEND_MM_LEGACY ?
		"the real peak is less than real_size" :
		"real_peak is below real_size",
		"mode %d: a damaged heap at the end of the request", mode);
	heap->real_peak = real_peak;
	zend_mm_set_corruption_hook(NULL);
	zend_mm_shutdown(heap, 1, 1);
}

/* }}} */
/* {{{ Leaks. */

static int leaks;
static size_t repeated;

static void note_leak(const zend_leak_info *leak)
{
	leaks += leak->size == 24;
}

static void note_repeated(size_t times)
{
	repeated += times;
}

static size_t total;

static void note_total(size_t count)
{
	total += count;
}

static __attribute__((noinline)) void leak(zend_mm_heap *heap)
{
	void *volatile leaked = zend_mm_alloc(heap, 24);

	(void)leaked;
}

/* The loop is not to be unrolled into three places. */
static void check_leaks(void)
{
	static const zend_mm_host host = { .leak = note_leak, .leak_repeated = note_repeated,
		.leaks_total = note_total };
	zend_mm_heap *heap = start(ZEND_MM_MODERN, "sites=1");

	zend_mm_set_host(&host);
	for (volatile int i = 0; i < 3; i++) {
		leak(heap);
	}
	zend_mm_shutdown(heap, 0, 0);
	zend_mm_set_host(NULL);
	is_int(leaks, 1, "three leaks of one place are reported once");
	is_size(repeated, 2, "and as repeated twice");
	is_size(total, 3, "which makes three");
	zend_mm_shutdown(heap, 1, 1);
	heap = start(ZEND_MM_MODERN, "padding=16");
	leaks = 0;
	zend_mm_set_host(&host);
	leak(heap);
	zend_mm_shutdown(heap, 1, 0);
	zend_mm_set_host(NULL);
	is_int(leaks, ZEND_DEBUG, "nobody asked for places: only debug builds report leaks");
}

/* }}} */
/* {{{ A sanitizer's complaint is answered with the block. */

static void complain(const char *freed)
{
	zend_mm_heap *heap = start(ZEND_MM_LEGACY, "padding=16,quarantine=1M,sites=1");
	char *block = zend_mm_alloc(heap, 40);

	if (*freed) {
		zend_mm_free(heap, block);
		zend_mm_guard_complained_of(block + 20);
	} else {
		zend_mm_guard_complained_of(block + 40);
		zend_mm_guard_complained_of(&heap);
	}
}

static void check_complaints(void)
{
	struct tap_child child = run_child(complain, "");

	contains(child.err, "the program touched memory behind a block's end", "behind a block");
	contains(child.err, "40 bytes", "which is shown");
	is_int(child.status, 0, "the process goes on");
	ok(strstr(child.err, "corrupted") &&
		!strstr(strstr(child.err, "corrupted") + 1, "zend_mm_heap corrupted"),
		"of the stack nothing is known");
	child = run_child(complain, "freed");
	contains(child.err, "the program touched a block after it was freed", "a freed block");
}

/* }}} */

static void start_manager(const char *guards)
{
	set_environment("ZEND_MM_DEBUG", guards);
	start_memory_manager();
}

static void check_settings(void)
{
	char longest[128];
	struct tap_child child;

	memset(longest, 'x', sizeof longest);
	longest[sizeof longest - 1] = '\0';
	child = run_child(start_manager, longest);
	contains(child.err, "...' is too long for a setting", "a setting can be too long");
	is_int(child.status, 255, "and is refused");
	child = run_child(start_manager, "sites=2");
	contains(child.err, "Wrong ZEND_MM_DEBUG: 'sites' is not '2'", "a switch is 0 or 1");
}

int main(void)
{
	if (getenv("SANITIZER") && *getenv("SANITIZER")) {
		skip(8, "a sanitizer handles faults and finds what is written to freed blocks");
	} else {
		check_faults();
		check_late(ZEND_MM_LEGACY);
		check_late(ZEND_MM_MODERN);
	}
	check_leaks();
	check_complaints();
	check_settings();
	return done_testing();
}
