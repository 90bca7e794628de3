/* SPDX-License-Identifier: MIT */
/*
 * examples/request.c - requests: memory that is never freed by the program, and goes at once when
 * the request ends. What each design then keeps for the next one differs.
 *
 * legacy: all segments but the oldest go back to the system. modern: chunks are kept, as many as
 * the average of past requests says.
 *
 * Five requests are served on a heap of each design, the third of which needs much memory.
 */
#include <stdio.h>
#include <zend_alloc.h>

/* A page request of a kind: keeps records in lists, and frees about half of what it asked for. */
static void serve(unsigned records)
{
	char *text = estrdup("");
	size_t length = 0;
	unsigned i;

	for (i = 0; i < records; i++) {
		char *record = emalloc(100 + i % 7 * 40);

		record[0] = (char) i;
		text = erealloc(text, length + 9);
		memcpy(text + length, "record, ", 9);
		length += 8;
		if (i % 2 == 0) {
			efree(record);
		}
	}
	/* Neither the text nor the other records are freed. */
}

static void print_figures(const char *when)
{
	printf("    %-14s %9zu in use %9zu held, peaks %9zu %9zu\n", when, zend_memory_usage(0),
		zend_memory_usage(1), zend_memory_peak_usage(0), zend_memory_peak_usage(1));
}

static void run(zend_mm_mode mode)
{
	static const unsigned records[] = { 1000, 1000, 60000, 1000, 1000 };
	zend_mm_options options;
	unsigned i;

	zend_mm_default_options(&options);
	options.mode = mode;
	zend_mm_set_heap(zend_mm_startup_with(&options));
	printf("%s\n", mode == ZEND_MM_LEGACY ? "legacy" : "modern");
	print_figures("new");
	for (i = 0; i < sizeof records / sizeof records[0]; i++) {
		printf("  request %u: %u records\n", i + 1, records[i]);
		serve(records[i]);
		print_figures("before its end");
		shutdown_memory_manager(1, 0);
		print_figures("after its end");
	}
	shutdown_memory_manager(1, 1);
}

int main(void)
{
	run(ZEND_MM_LEGACY);
	run(ZEND_MM_MODERN);
	return 0;
}
