/* SPDX-License-Identifier: MIT */
/*
 * t/reports.h - what tests of corruption reports share: catching a problem, and reading what the
 * report about it says.
 *
 * A report's items are told by letters, in this order:
 *
 *	r  at: the address and its region      o  owner, or what was asked
 *	g  the page in its chunk               w  word: the word found
 *	p  before: the neighbours              x  what is expected exactly, and the bits that differ
 *	b  block                               m  what is expected at most or at least
 *	n  after                               a  allocated by
 *	d  damaged: where a header is wrong    f  freed by
 *	h  the row of the word, or of the      e  before from: who allocated the block before
 *	   address, in the hex dump            c  called from
 *
 * While a report is printed nothing may be allocated: the child has no address space left for
 * more, and where the C library lets malloc be replaced, a call of it is an item of its own (!).
 */
#ifndef T_REPORTS_H
#define T_REPORTS_H

#include <setjmp.h>

#include "heap/failure.h"
#include "storage/address.h"
#include "t/tap.h"

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
# define REPORTS_SANITIZED 1
#elif defined(__has_feature)
# if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer) \
	|| __has_feature(memory_sanitizer)
#  define REPORTS_SANITIZED 1
# endif
#endif
#ifndef REPORTS_SANITIZED
# define REPORTS_SANITIZED 0
#endif

/* Reports are printed by children that have the heap of their parent. */
#ifdef _WIN32
static inline void need_forks(void)
{
	skip_all("a child has not its parent's heap here");
}
#else
static inline void need_forks(void)
{
}
#endif

/* {{{ Whether anybody allocates. */

static volatile bool reports_watch;

#if defined(__GLIBC__) && !REPORTS_SANITIZED
# define REPORTS_WATCHES 1
# include <sys/resource.h>
# include <unistd.h>

void *__libc_malloc(size_t size);
void *__libc_calloc(size_t count, size_t size);
void *__libc_realloc(void *ptr, size_t size);
void *malloc(size_t size);
void *calloc(size_t count, size_t size);
void *realloc(void *ptr, size_t size);

static void reports_note_call(void)
{
	static const char text[] = "\n  malloc was called\n";

	if (reports_watch && write(2, text, sizeof text - 1) < 0) {
		abort();
	}
}

void *malloc(size_t size)
{
	reports_note_call();
	return __libc_malloc(size);
}

void *calloc(size_t count, size_t size)
{
	reports_note_call();
	return __libc_calloc(count, size);
}

void *realloc(void *ptr, size_t size)
{
	reports_note_call();
	return __libc_realloc(ptr, size);
}

static void reports_take_memory_away(void)
{
	const struct rlimit none = { 4096, 4096 };

	setrlimit(RLIMIT_AS, &none);
	reports_watch = true;
}
#else
# define REPORTS_WATCHES 0
static void reports_take_memory_away(void)
{
}
#endif

/* }}} */
/* {{{ Catching. */

static zend_mm_problem reported;
static bool report_came;

static inline void report_hook(const zend_mm_problem *problem)
{
	reported = *problem;
	report_came = true;
	zend_mm_bailout();
}

/* Evaluates a statement; what it finds corrupted is in `reported`. */
#define CATCH(statement) do { \
		report_came = false; \
		zend_mm_set_corruption_hook(report_hook); \
		zend_try { \
			statement; \
		} zend_end_try(); \
		zend_mm_set_corruption_hook(NULL); \
	} while (0)

/* The same of the deep check. */
static inline void catch_by_check(zend_mm_heap *heap)
{
	report_came = zend_mm_check(heap, &reported) == 1;
}

/* }}} */
/* {{{ Reading. */

static inline const char *report_items(const char *text)
{
	static const struct {
		char letter;
		const char *mark;
	} marks[] = {
		{ 'r', ", in segment 0x" }, { 'r', ", in chunk 0x" }, { 'r', ", in huge block 0x" },
		{ 'r', ", in cached chunk 0x" }, { 'r', ", in the heap's own structure 0x" },
		{ 'g', ", page " }, { 'p', "\n  before  0x" }, { 'b', "\n  block   0x" },
		{ 'n', "\n  after   0x" }, { 'd', "\n  damaged 0x" }, { 'o', "\n  owner   " },
		{ 'o', "\n  asked   " }, { 'w', "\n  word    0x" }, { 'x', " differ" },
		{ 'm', ", expected at " }, { 'a', "\n  allocated by " }, { 'f', "\n  freed by " },
		{ 'e', "\n  before from " }, { 'c', "\n  called from " }, { 'h', "\n  > 0x" },
		{ '!', "malloc was called" },
	};
	static char items[sizeof marks / sizeof *marks + 1];
	size_t count = 0;

	for (size_t i = 0; i < sizeof marks / sizeof *marks; i++) {
		if (strstr(text, marks[i].mark)) {
			items[count++] = marks[i].letter;
		}
	}
	items[count] = '\0';
	return items;
}

static inline void print_reported(const char *unused)
{
	(void)unused;
	reports_take_memory_away();
	zend_mm_print_problem(&reported);
	reports_watch = false;
}

/* What was caught is reported with that reason and these items, and the hook got what the report
 * shows. */
static inline void has_report(const char *reason, const char *items)
{
	struct tap_child child;
	char line[160];

	if (!ok(report_came, "%s: is reported", reason)) {
		return;
	}
	fflush(NULL);
	child = run_child(print_reported, "");
	snprintf(line, sizeof line, "zend_mm_heap corrupted\n  %s\n", reason);
	ok(strncmp(child.err, line, strlen(line)) == 0, "%s: in the first lines", reason);
	if (!is_str(report_items(child.err), items, "%s: has these items", reason)) {
		diag("%s", child.err);
	}
	if (reported.word) {
		snprintf(line, sizeof line, "\n  word    " ZEND_MM_ADDRESS ": found 0x%zx",
			(uintptr_t)reported.word, reported.found);
		contains(child.err, line, "%s: the hook gets the word", reason);
	}
	ok(reported.heap && reported.address && (reported.expectation == ZEND_MM_EXPECT_UNKNOWN
		|| reported.word), "%s: the hook gets heap and address", reason);
}

static inline void allocate_meanwhile(const char *unused)
{
	void *volatile allocated;

	(void)unused;
	reports_take_memory_away();
	allocated = malloc(1);
	free(allocated);
	reports_watch = false;
}

/* A report that allocated would be found out. */
static inline void watch_works(void)
{
	struct tap_child child = run_child(allocate_meanwhile, "");

	if (REPORTS_WATCHES) {
		is_str(report_items(child.err), "!", "whoever allocates meanwhile is found out");
	} else {
		skip(1, "malloc cannot be watched in this build");
	}
}

/* }}} */

#endif
