/* SPDX-License-Identifier: MIT */
/*
 * Resizing small blocks, and what each way of resizing does to the peak.
 */
#include "t/modern.h"

static void is_peak(zend_mm_heap *heap, size_t expected, const char *what)
{
	is_size(figures_of(heap).peak, expected, "%s", what);
}

static void test_staying(zend_mm_heap *heap)
{
	void *ptr = zend_mm_alloc(heap, 200);

	is_ptr(zend_mm_realloc(heap, ptr, 224), ptr, "a slot of 224 bytes holds 224");
	is_ptr(zend_mm_realloc(heap, ptr, 193), ptr, "and 193");
	is_ptr(zend_mm_realloc(heap, ptr, 192), ptr, "and 192, though a slot of 192 would do");
	is_peak(heap, 224, "nothing was added");
	ok(zend_mm_realloc(heap, ptr, 191) != ptr, "191 bytes move to a slot of 192");
	ptr = zend_mm_alloc(heap, 8);
	is_ptr(zend_mm_realloc(heap, ptr, 0), ptr, "the smallest slot serves 0 bytes");
	ok(modern_sound(heap), "the heap is sound");
}

static void test_peaks(zend_mm_heap *heap)
{
	char *ptr = zend_mm_alloc(heap, 100);

	memset(ptr, 'p', 100);
	ptr = zend_mm_realloc(heap, ptr, 50);
	is_peak(heap, 112 + 56, "moving to a smaller slot: both slots count in the peak");
	is_size(figures_of(heap).size, 56, "one counts after it");
	ptr = zend_mm_realloc(heap, ptr, 3000);
	is_peak(heap, 3072, "moving to a bigger slot: the peak is raised by the new one alone");
	ptr = zend_mm_realloc(heap, ptr, 10 * PAGE);
	is_peak(heap, 10 * PAGE, "moving to a run: the same");
	ptr = zend_mm_realloc(heap, ptr, 20 * PAGE);
	is_peak(heap, 20 * PAGE, "growing in place: the new size");
	ptr = zend_mm_realloc(heap, ptr, 60);
	is_peak(heap, 20 * PAGE, "moving to a smaller kind: what it was");
	is_size(figures_of(heap).size, 64, "and size is the block's");
	ok(ptr[0] == 'p' && ptr[49] == 'p', "the contents went along");
	ok(modern_sound(heap), "the heap is sound");
}

static void test_null(zend_mm_heap *heap)
{
	void *ptr = zend_mm_realloc(heap, NULL, 100);

	is_size(zend_mm_block_size(heap, ptr), 112, "resizing NULL allocates");
	ptr = zend_mm_realloc(heap, NULL, 5 * CHUNK);
	is_size(zend_mm_block_size(heap, ptr), 5 * CHUNK, "any kind");
	ok(modern_sound(heap), "the heap is sound");
}

static void test_copy_size(zend_mm_heap *heap)
{
	char *fresh = zend_mm_alloc(heap, 1000);
	char *ptr;

	memset(fresh, '-', 1000);
	zend_mm_free(heap, fresh);
	ptr = zend_mm_alloc(heap, 500);
	memset(ptr, 'c', 500);
	ptr = zend_mm_realloc2(heap, ptr, 1000, 10);
	is_ptr(ptr, fresh, "a block that moves to a slot with known bytes");
	ok(ptr[9] == 'c' && ptr[10] == '-', "copies no more than it was told");
}

static void test_refused(zend_mm_heap *heap)
{
	char *ptr = zend_mm_alloc(heap, 100);
	char *run;

	memset(ptr, 'r', 100);
	run = zend_mm_alloc(heap, LARGEST - PAGE);
	zend_mm_set_limit(heap, CHUNK);
	ok(bails_out(zend_mm_realloc(heap, ptr, 3000)), "a resize that is refused bails out");
	ok(ptr[0] == 'r' && ptr[99] == 'r', "and leaves the block as it was");
	is_size(figures_of(heap).size, 112 + LARGEST - PAGE + 3072,
		"size keeps what the small attempt added");
	is_peak(heap, 112 + LARGEST - PAGE + 3072, "as does the peak");
	ok(bails_out(zend_mm_realloc(heap, ptr, 5000)), "one to a run, too");
	is_size(figures_of(heap).size, 112 + LARGEST - PAGE + 3072, "which adds nothing");
	ok(modern_sound(heap), "the heap is sound, and knows what was lost");
	zend_mm_free(heap, run);
	ptr = zend_mm_realloc(heap, ptr, 3000);
	ok(ptr[99] == 'r', "with room again it succeeds");
	ok(modern_sound(heap), "the heap is sound");
	zend_mm_shutdown(heap, 0, 1);
	is_size(figures_of(heap).size, 0, "the next request begins at 0");
	ok(modern_sound(heap), "and the heap is sound");
}

static void test_wrapped(zend_mm_heap *heap)
{
	char *ptr = zend_mm_alloc(heap, 3 * CHUNK);

	ptr[0] = 'w';
	ok(bails_out(zend_mm_realloc(heap, ptr, SIZE_MAX)), "a size that wraps when rounded");
	contains(host_message, "Possible integer overflow in memory allocation (", "is an error");
	ok(ptr[0] == 'w' && zend_mm_block_size(heap, ptr) == 3 * CHUNK, "and the block stays");
	ok(modern_sound(heap), "the heap is sound");
}

int main(void)
{
	static void (*const tests[])(zend_mm_heap *heap) = {
		test_staying, test_peaks, test_null, test_copy_size, test_refused, test_wrapped
	};

	need_exact_placements();
	for (size_t i = 0; i < sizeof tests / sizeof *tests; i++) {
		zend_mm_heap *heap = modern_start();

		tests[i](heap);
		modern_end(heap);
	}
	return done_testing();
}
