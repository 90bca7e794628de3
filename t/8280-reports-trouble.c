/* SPDX-License-Identifier: MIT */
/*
 * Reports in processes that are in trouble: the heap is damaged further, a signal handler comes, a
 * second thread finds damage, the hook uses the heap, standard error is closed or slow.
 */
#include "t/tap.h"

#ifdef _WIN32
int main(void)
{
	skip_all("signals and pipes are others here");
}
#else
#include <fcntl.h>
#include <pthread.h>
#include <sys/time.h>
#include <unistd.h>

#include "storage/emergency.h"
#include "t/reports.h"

static zend_mm_heap *heap;

static void start(const char *mode)
{
	zend_mm_options options;

	zend_mm_default_options(&options);
	options.mode = *mode == 'm' ? ZEND_MM_MODERN : ZEND_MM_LEGACY;
	heap = zend_mm_startup_with(&options);
}

/* Has the heap find itself corrupted. */
static void corrupt(void)
{
	static char none[3 * 4096];

	zend_mm_free(heap, zend_mm_alloc(heap, 100));
	if (zend_mm_get_mode(heap) == ZEND_MM_MODERN) {
		char *run = zend_mm_alloc(heap, 20000);

		zend_mm_free(heap, run + 16);
	}
	zend_mm_free(heap, none + 4096);
}

static bool is_whole(const char *text)
{
	const char *items = report_items(text);

	return strncmp(text, "zend_mm_heap corrupted\n", 23) == 0 && strchr(items, 'c') &&
		strchr(items, 'h');
}

/* {{{ What is damaged further. */

static void with_wild_verbs(const char *mode)
{
	start(mode);
	CATCH(corrupt());
	heap->design_verbs = (const struct zend_mm_verbs *)(uintptr_t)0x5000;
	print_reported("");
	printf("went on\n");
}

static void check_wild_verbs(const char *mode)
{
	struct tap_child child = run_child(with_wild_verbs, mode);

	ok(is_whole(child.err), "%s: a heap whose verbs are damaged is reported to the end", mode);
	contains(child.err, "the heap is damaged so far that its blocks cannot be told",
		"%s: which says that", mode);
	is_str(child.out, "went on\n", "%s: without dying", mode);
}

/* }}} */
/* {{{ Hooks that use the heap. */

static int hook_calls;

static void hook_that_recurs(const zend_mm_problem *problem)
{
	(void)problem;
	hook_calls++;
	corrupt();
}

static void with_recursion(const char *mode)
{
	start(mode);
	zend_mm_set_corruption_hook(hook_that_recurs);
	corrupt();
}

static void check_recursion(const char *mode)
{
	struct tap_child child = run_child(with_recursion, mode);

	ok(is_whole(child.err), "%s: a hook that finds the same again does not keep the report back",
		mode);
	ok(*mode == 'm' ? child.signal == SIGABRT : child.status == 1 || child.signal == SIGSEGV,
		"%s: and the process ends as it always does", mode);
}

static void jump_often(const char *mode)
{
	start(mode);
	for (int i = 0; i < 100; i++) {
		CATCH(corrupt());
		hook_calls += report_came;
	}
	printf("%d\n", hook_calls);
}

static void check_jumps(const char *mode)
{
	struct tap_child child = run_child(jump_often, mode);

	is_str(child.out, "100\n", "%s: a hook that jumps out is called each time", mode);
}

/* }}} */
/* {{{ Signals and threads. */

static void on_alarm(int number)
{
	(void)number;
	corrupt();
}

static void with_signals(const char *mode)
{
	const struct itimerval often = { { 0, 100 }, { 0, 100 } };
	const struct sigaction action = { .sa_handler = on_alarm };

	start(mode);
	CATCH(corrupt());
	if (!zend_mm_report_begin()) {
		abort();
	}
	sigaction(SIGALRM, &action, NULL);
	setitimer(ITIMER_REAL, &often, NULL);
	for (int i = 0; i < 50; i++) {
		zend_mm_print_problem(&reported);
	}
	_exit(0);
}

static void *corrupt_here(void *unused)
{
	(void)unused;
	corrupt();
	return NULL;
}

static void with_threads(const char *mode)
{
	pthread_t threads[8];

	start(mode);
	for (int i = 0; i < 8; i++) {
		pthread_create(&threads[i], NULL, corrupt_here, NULL);
	}
	for (int i = 0; i < 8; i++) {
		pthread_join(threads[i], NULL);
	}
}

static size_t count_of(const char *text, const char *part)
{
	size_t count = 0;

	for (; (text = strstr(text, part)) != NULL; text++) {
		count++;
	}
	return count;
}

static void check_interruptions(const char *mode)
{
	struct tap_child child = run_child(with_signals, mode);

	ok(child.status == 0 && !child.signal, "%s: signals wait until a report is written", mode);
	child = run_child(with_threads, mode);
	ok(is_whole(child.err), "%s: where several threads find damage, one report is written", mode);
	is_size(count_of(child.err, "zend_mm_heap corrupted"), 1, "%s: and only one", mode);
}

/* }}} */
/* {{{ Standard error. */

static void with_closed_error(const char *mode)
{
	start(mode);
	close(2);
	corrupt();
}

static void *read_slowly(void *end)
{
	char bytes[64];
	size_t all = 0;
	ssize_t got;

	while ((got = read(*(int *)end, bytes, sizeof bytes)) > 0) {
		all += (size_t)got;
		usleep(100);
	}
	printf("%zu\n", all);
	fflush(stdout);
	return NULL;
}

/* A pipe that does not block, with little room, and a slow reader. */
static void with_slow_pipe(const char *mode)
{
	int ends[2];
	pthread_t reader;
	volatile size_t count = 0;

	start(mode);
	CATCH(corrupt());
	if (pipe(ends) != 0 || fcntl(ends[1], F_SETFL, O_NONBLOCK) != 0) {
		abort();
	}
	while (write(ends[1], "12345678", 8) == 8) {
		count += 8;
	}
	dup2(ends[1], 2);
	close(ends[1]);
	pthread_create(&reader, NULL, read_slowly, &ends[0]);
	zend_mm_print_problem(&reported);
	close(2);
	pthread_join(reader, NULL);
	printf("%zu\n", (size_t)count);
}

static void check_standard_error(const char *mode)
{
	struct tap_child child = run_child(with_closed_error, mode);
	size_t all, filled;

	ok(*mode == 'm' ? child.signal == SIGABRT : child.status == 1 || child.signal == SIGSEGV,
		"%s: without standard error, the process ends as with it", mode);
	child = run_child(with_slow_pipe, mode);
	ok(sscanf(child.out, "%zu %zu", &all, &filled) == 2 && all > filled + 500,
		"%s: a full pipe is waited for", mode);
}

/* }}} */

int main(void)
{
	static const char *const modes[] = { "legacy", "modern" };

	if (REPORTS_SANITIZED) {
		skip_all("the sanitizer finds these itself");
	}
	for (int i = 0; i < 2; i++) {
		check_wild_verbs(modes[i]);
		check_recursion(modes[i]);
		check_jumps(modes[i]);
		check_interruptions(modes[i]);
		check_standard_error(modes[i]);
	}
	return done_testing();
}
#endif
