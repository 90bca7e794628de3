/* SPDX-License-Identifier: MIT */
/*
 * The memory limit, the errors of refused requests with their texts, and the time in which an error
 * is being reported.
 */
#include "t/modern.h"

static void test_setting(zend_mm_heap *heap)
{
	is_int(zend_mm_set_limit(heap, CHUNK), 0, "a limit of what is held can be set");
	is_size(figures_of(heap).limit, CHUNK, "and is kept");
	is_int(zend_mm_set_limit(heap, CHUNK - 1), -1, "one below it cannot");
	is_size(figures_of(heap).limit, CHUNK, "and changes nothing");
	zend_mm_set_limit(heap, SIZE_MAX >> 1);
	for (int i = 0; i < 4; i++) {
		zend_mm_alloc(heap, LARGEST);
	}
	zend_mm_shutdown(heap, 0, 1);
	is_size(figures_of(heap).cached, CHUNK, "with one chunk kept");
	is_int(zend_mm_set_limit(heap, CHUNK - 1), -1, "a limit below the rest cannot be set");
	is_size(figures_of(heap).cached, CHUNK, "and drops nothing");
	is_int(zend_mm_set_limit(heap, CHUNK + 5), 0, "one that dropping it can reach succeeds");
	is_size(figures_of(heap).real_size, CHUNK, "by dropping it");
	is_size(figures_of(heap).limit, SIZE_MAX >> 1, "but is not stored");
	is_int(zend_mm_set_limit(heap, CHUNK + 5), 0, "set again");
	is_size(figures_of(heap).limit, CHUNK + 5, "it is");
	zend_mm_shutdown(heap, 0, 1);
	is_size(figures_of(heap).limit, CHUNK + 5, "and survives the request");
	ok(modern_sound(heap), "the heap is sound");
}

static void expect(const char *format, size_t a, size_t b)
{
	char text[256];

	snprintf(text, sizeof text, format, a, b);
	is_str(host_message, text, "it says \"%s\"", text);
}

static void test_texts(zend_mm_heap *heap)
{
	const char *limited =
		"Allowed memory size of %zu bytes exhausted (tried to allocate %zu bytes)";
	const char *out = "Out of memory (allocated %zu bytes) (tried to allocate %zu bytes)";
	char *huge;

	zend_mm_set_limit(heap, 4 * CHUNK);
	ok(bails_out(zend_mm_alloc(heap, 4 * CHUNK - 5)), "a huge block over the limit");
	expect(limited, 4 * CHUNK, 4 * CHUNK - 5);
	huge = zend_mm_alloc(heap, 2 * CHUNK);
	ok(bails_out(zend_mm_realloc(heap, huge, 4 * CHUNK + 1)), "one that would grow over it");
	expect(limited, 4 * CHUNK, 4 * CHUNK + 1);
	zend_mm_alloc(heap, LARGEST - 2 * PAGE);
	zend_mm_alloc(heap, LARGEST);
	ok(bails_out(zend_mm_alloc(heap, 2 * PAGE + 1)), "pages that need another chunk");
	expect(limited, 4 * CHUNK, 3 * PAGE);
	ok(bails_out(zend_mm_alloc(heap, 1280)), "a run that needs another chunk");
	expect(limited, 4 * CHUNK, 5 * PAGE);
	zend_mm_set_limit(heap, SIZE_MAX >> 1);
	watched.refuse_next = 1;
	ok(bails_out(zend_mm_alloc(heap, 2 * PAGE + 1)), "a chunk that the storage refuses");
	expect(out, 4 * CHUNK, 3 * PAGE);
	watched.refuse_next = 1;
	ok(bails_out(zend_mm_alloc(heap, 3 * CHUNK + 1)), "a huge block that the storage refuses");
	expect(out, 4 * CHUNK, 3 * CHUNK + 1);
	ok(bails_out(zend_mm_alloc(heap, SIZE_MAX - 10)), "a size that wraps");
	expect("Possible integer overflow in memory allocation (%zu + %zu)", SIZE_MAX - 10,
		zend_mm_page_size());
	ok(modern_sound(heap), "the heap is sound after all of them");
	zend_mm_free(heap, huge);
	ok(zend_mm_alloc(heap, CHUNK) != NULL, "and goes on");
}

/* The entry of a huge block is refused: the mapping must not be lost. */
static void test_entry_refused(zend_mm_heap *heap)
{
	size_t size;

	zend_mm_alloc(heap, LARGEST);
	size = figures_of(heap).size;
	watched.refuse_at = watched.requests + 2;
	ok(bails_out(zend_mm_alloc(heap, 2 * CHUNK)), "the mapping is had, a run for its entry not");
	expect("Out of memory (allocated %zu bytes) (tried to allocate %zu bytes)", CHUNK, PAGE);
	is_size(watched.regions, 1, "the mapping is given back");
	is_size(figures_of(heap).real_size, CHUNK, "and was not counted");
	is_size(figures_of(heap).size, size + ENTRY, "size keeps what the entry added");
	ok(modern_sound(heap), "the heap is sound");
}

/* {{{ A host that allocates while it reports. */

static zend_mm_heap *reporting_heap;
static void *reporting_block;
static int reporting_depth;

static void allocating_fatal_error(const char *message)
{
	host_fatal_error(message);
	ok(zend_alloc_in_memory_limit_error_reporting(), "the heap knows that it is reporting");
	reporting_block = zend_mm_alloc(reporting_heap, 10 * PAGE);
	zend_mm_bailout();
}

static void test_reporting(zend_mm_heap *heap)
{
	static const zend_mm_host host = { .fatal_error = allocating_fatal_error };
	zend_mm_heap *before = zend_mm_set_heap(heap);

	zend_mm_set_host(&host);
	reporting_heap = heap;
	zend_mm_alloc(heap, LARGEST);
	zend_mm_set_limit(heap, CHUNK);
	ok(bails_out(zend_mm_alloc(heap, 100)), "what jumps out of the handler is caught");
	ok(!zend_alloc_in_memory_limit_error_reporting(), "and the report is over");
	is_size(zend_mm_block_size(heap, reporting_block), 10 * PAGE,
		"while it ran the limit refused nothing");
	is_size(figures_of(heap).real_size, 2 * CHUNK, "so that more is held than allowed");
	ok(!bails_out(zend_mm_alloc(heap, LARGEST)), "after that it refuses nothing any more");
	ok(modern_sound(heap), "the heap is sound");
	zend_mm_set_heap(before);
	host_start();
}

static void failing_fatal_error(const char *message)
{
	(void)message;
	reporting_depth++;
	watched.refuse_next = 10;
	zend_mm_alloc(reporting_heap, 3 * CHUNK);
	reporting_depth = -100;
}

static void test_failing_reporter(zend_mm_heap *heap)
{
	static const zend_mm_host host = { .fatal_error = failing_fatal_error };

	zend_mm_set_host(&host);
	reporting_heap = heap;
	watched.refuse_next = 10;
	ok(bails_out(zend_mm_alloc(heap, 3 * CHUNK)), "a reporter that runs out of memory itself");
	is_int(reporting_depth, 1, "is not called again for that, and does not go on");
	watched.refuse_next = 0;
	ok(zend_mm_alloc(heap, 3 * CHUNK) != NULL, "the heap goes on");
	ok(modern_sound(heap), "and is sound");
	host_start();
}
/* }}} */

static void test_null_on_failure(void)
{
	zend_mm_options options = modern_options();
	zend_mm_heap *heap;
	void *ptr;

	host_start();
	options.null_on_failure = true;
	heap = modern_start_with(options);
	zend_mm_set_limit(heap, CHUNK);
	ptr = zend_mm_alloc(heap, 100);
	ok(zend_mm_alloc(heap, CHUNK) == NULL, "such a heap returns NULL for a huge block");
	ok(zend_mm_realloc(heap, ptr, CHUNK) == NULL, "and for a resize");
	ok(zend_mm_alloc(heap, SIZE_MAX) == NULL, "and for a size that wraps");
	ok(zend_mm_alloc(heap, LARGEST) == NULL, "and for a run");
	zend_mm_alloc(heap, LARGEST - PAGE);
	ok(zend_mm_alloc(heap, 3000) == NULL, "and for a slot");
	is_int(host_messages, 0, "and reports nothing");
	ok(modern_sound(heap), "the heap is sound");
	modern_end(heap);
}

int main(void)
{
	static void (*const tests[])(zend_mm_heap *heap) = {
		test_setting, test_texts, test_entry_refused, test_reporting, test_failing_reporter
	};

	need_exact_placements();
	for (size_t i = 0; i < sizeof tests / sizeof *tests; i++) {
		zend_mm_heap *heap = modern_start();

		tests[i](heap);
		modern_end(heap);
	}
	test_null_on_failure();
	return done_testing();
}
