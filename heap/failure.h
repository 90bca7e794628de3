/* SPDX-License-Identifier: MIT */
/*
 * heap/failure.h - the ways in which a heap reports that something went wrong.
 *
 * Three kinds of failure (corruption, refused requests, mistakes of ours) are kept apart; the last
 * kind is assert().  When to report and in which words is a design's own policy
 * (heap/legacy/error.c, heap/modern/error.c); how the report reaches the host is here.  Nothing
 * in this file allocates.
 */
#ifndef HEAP_FAILURE_H
#define HEAP_FAILURE_H

#include "heap/heap.h"

/* The host in force; never NULL, and no member of it is. */
extern zend_mm_host zend_mm_current_host;

/* Copies a host, or the default one for NULL, and fills in what it leaves open. */
void zend_mm_take_host(const zend_mm_host *host);

/* Whether the host wants to be told when a heap must not be interrupted. */
bool zend_mm_host_minds_interruptions(void);

/* Formats a message (printf's rules, at most 255 bytes) and raises it as the host's fatal error,
 * catching what jumps out of it.  Returns 0 if the host's handler came back, -1 if it jumped.  The
 * formatted message stays readable in *message (256 bytes) for the caller. */
int zend_mm_raise_caught(char message[256], const char *format, ...)
	__attribute__((format(printf, 2, 3)));

/* Raises a fatal error and bails out: for errors that are no heap's state, such as overflowing
 * products.  Does not return. */
ZEND_MM_NORETURN void zend_mm_raise(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* Jumps to the host's bailout point.  Does not return. */
ZEND_MM_NORETURN void zend_mm_bail_out(void);

/* Reports a corrupted heap: calls the hook, prints "zend_mm_heap corrupted" and what is known, and
 * ends the process in the way of the heap's design.  Does not return, but the hook may jump. */
ZEND_MM_NORETURN void zend_mm_corrupted(const zend_mm_problem *problem) __attribute__((cold));

/* Lets go of what keeps other threads out of a heap that they share; called before control jumps
 * out of its request, once the heap is sound.  NULL while no heap is shared. */
extern void (*zend_mm_let_other_threads_in)(void);

/* Whether a corrupted heap aborts the process in either design: for the malloc replacement, where
 * what runs at exit would allocate from the corrupted heap. */
extern bool zend_mm_corruption_aborts;

/* The return address from which on a report shows who called: where the program entered the
 * library, if whoever found the fault knows it.  NULL: all calls. */
extern __thread const void *zend_mm_report_from;

/* Called with each problem before its report is printed; NULL while nobody wants to know. */
extern void (*zend_mm_problem_witness)(const zend_mm_problem *problem);

/* Prints the report about a corrupted heap to standard error (report.c). */
void zend_mm_print_problem(const zend_mm_problem *problem);

/* Prints to standard error and exits with status: for start-up errors. */
ZEND_MM_NORETURN void zend_mm_startup_error(int status, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

/* {{{ Flags, for deep checks. */

/* Whether a flag has neither of the values that it can have. */
static inline bool zend_mm_flag_is_damaged(const bool *flag)
{
	return *(const unsigned char *)flag > 1;
}

/* Says in a problem that a flag is the wrong word. */
static inline void zend_mm_problem_set_flag(zend_mm_problem *problem, const bool *flag)
{
	problem->word = flag;
	problem->found = *(const unsigned char *)flag;
	problem->expected = 1;
	problem->expectation = ZEND_MM_EXPECT_AT_MOST;
}

/* }}} */

#endif
