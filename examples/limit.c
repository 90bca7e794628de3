/* SPDX-License-Identifier: MIT */
/*
 * examples/limit.c - a request hits the memory limit, is abandoned, and the next one is served.
 *
 * emalloc() never returns NULL. Where the limit refuses a request, the host is told, and control
 * jumps to the innermost zend_try: the bailout. What was allocated is not lost, as the end of the
 * request frees it. To report the error the host may need memory itself: the legacy heap has kept 8
 * KiB back for that, which it frees first; the modern heap lets it pass the limit.
 */
#include <stdio.h>
#include <zend_alloc.h>

/* What PHP's engine does: builds a message in request memory, and prints it. */
static void report(const char *message)
{
	size_t size = strlen(message) + sizeof "PHP Fatal error:  ";
	char *line = emalloc(size + 2000);

	snprintf(line, size, "PHP Fatal error:  %s", message);
	printf("  %s\n", line);
	printf("  (reporting%s, with %zu bytes held)\n",
		zend_alloc_in_memory_limit_error_reporting() ? " the limit" : "", zend_memory_usage(1));
	efree(line);
}

/* Calls itself practically without end, as runaway recursion does; each call keeps a frame. */
static size_t recurse(size_t depth)
{
	size_t *frame = emalloc(1000);

	*frame = depth;
	return depth == SIZE_MAX ? 0 : recurse(depth + 1) + *frame;
}

static void serve(const char *name, int runaway)
{
	volatile int failed = 0;

	printf("%s\n", name);
	zend_try {
		char *page = estrdup("<html>");

		if (runaway) {
			recurse(1);
			puts("  never reached");
		}
		printf("  %s: served\n", page);
	} zend_catch {
		failed = 1;
	} zend_end_try();
	printf("  %s: %zu in use, %zu held, peak %zu\n", failed ? "bailed out" : "done",
		zend_memory_usage(0), zend_memory_usage(1), zend_memory_peak_usage(0));
	shutdown_memory_manager(1, 0);
	printf("  after its end: %zu in use, %zu held\n", zend_memory_usage(0), zend_memory_usage(1));
}

static void run(zend_mm_mode mode)
{
	zend_mm_options options;

	zend_mm_default_options(&options);
	options.mode = mode;
	zend_mm_set_heap(zend_mm_startup_with(&options));
	zend_set_memory_limit(4 * 1024 * 1024);
	printf("%s, limit 4 MiB\n", mode == ZEND_MM_LEGACY ? "legacy" : "modern");
	serve("request 1", 0);
	serve("request 2, runaway recursion", 1);
	serve("request 3", 0);
	shutdown_memory_manager(1, 1);
}

int main(void)
{
	static const zend_mm_host host = { .fatal_error = report };

	zend_mm_set_host(&host);
	run(ZEND_MM_LEGACY);
	run(ZEND_MM_MODERN);
	return 0;
}
