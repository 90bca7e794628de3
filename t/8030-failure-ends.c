/* SPDX-License-Identifier: MIT */
/*
 * How a process ends that cannot go on: with a host that comes back from its bailout, with damage
 * that is found once more at exit, with standard error closed.
 */
#include <inttypes.h>
#include <signal.h>

#include "heap/failure.h"
#include "t/tap.h"
#include "zend_alloc.h"
#ifdef _WIN32
# include <io.h>

enum { on_windows = 1 };
#else
enum { on_windows = 0 };
#endif

static void come_back(void)
{
	printf("bailout\n");
	fflush(stdout);
}

static void refuse(const char *argument)
{
	static const zend_mm_host host = { .bailout = come_back };

	(void)argument;
	zend_mm_set_host(&host);
	zend_mm_bail_out();
}

static const zend_mm_problem problem = { .reason = "the test says so" };

static void find_again(void)
{
	zend_mm_corrupted(&problem);
}

/* A problem of no heap ends the process by exit(), in release builds. */
static void find(const char *when)
{
	if (*when) {
		atexit(find_again);
	}
	if (strcmp(when, "closed") == 0) {
		close(2);
	}
	zend_mm_corrupted(&problem);
}

static int reports(const char *text)
{
	int count = 0;

	while ((text = strstr(text, "zend_mm_heap corrupted\n")) != NULL) {
		count++;
		text++;
	}
	return count;
}

static void is_end(const struct tap_child *child, const char *when)
{
	if (ZEND_DEBUG && on_windows) {
		is_int(child->status, 3, "%s: a debug build ends as by a signal that nobody handles",
			when);
	} else if (ZEND_DEBUG) {
		is_int(child->signal, SIGSEGV, "%s: a debug build leaves a core", when);
	} else {
		is_int(child->status, 1, "%s: the process ends with status 1", when);
	}
}

/* Where an address lies, in the report's words: regions that no other test has damaged. */
static void point_at(const char *where)
{
	zend_mm_options options;
	zend_mm_problem at = { .reason = "the test says so" };
	zend_mm_heap *heap;
	char *huge, *run;

	zend_mm_default_options(&options);
	options.mode = ZEND_MM_MODERN;
	heap = at.heap = zend_mm_startup_with(&options);
	huge = zend_mm_alloc(heap, (size_t)5 << 20);
	zend_mm_alloc(heap, (size_t)1900 << 10);
	run = zend_mm_alloc(heap, (size_t)1900 << 10);
	zend_mm_free(heap, run);
	at.address = strcmp(where, "huge") == 0 ? huge + 70000 : run + 70000;
	zend_mm_print_problem(&at);
	printf("0x%" PRIxPTR "\n", (uintptr_t)at.address & ~(uintptr_t)0x1fffff);
}

static void check_regions(void)
{
	struct tap_child child = run_child(point_at, "huge");
	char region[64] = "";

	sscanf(child.out, "%40s", region);
	contains(child.err, tap_format("in huge block %s", region),
		"an address in a huge block is said to be in one");
	child = run_child(point_at, "cached");
	sscanf(child.out, "%40s", region);
	contains(child.err, tap_format("in cached chunk %s", region),
		"one in a chunk that is kept for later, in that");
}

int main(void)
{
	struct tap_child child = run_child(refuse, NULL);

	is_str(child.out, "bailout\n", "a host's bailout is called once");
	is_int(child.signal, SIGABRT, "where it comes back, the process is aborted");
	child = run_child(find, "");
	is_int(reports(child.err), 1, "a damaged heap is reported");
	contains(child.err, "the test says so", "with the reason");
	is_end(&child, "reported");
	child = run_child(find, "again");
	is_int(reports(child.err), 1, "what is found again at exit is not reported again");
	is_end(&child, "again");
	child = run_child(find, "closed");
	is_int(reports(child.err), 0, "with standard error closed nothing can be said");
	is_end(&child, "closed");
	check_regions();
	return done_testing();
}
