/* SPDX-License-Identifier: MIT */
/*
 * Debug builds: requested sizes, damaged blocks, leak reports.
 */
#include <setjmp.h>

#include "heap/modern/debug.h"
#include "t/modern.h"

/* In other builds zend_mm_alloc() has no arguments for places, and blocks no records. */
#if !ZEND_DEBUG
int main(void)
{
	skip_all("not a debug build");
}
#else

static void test_sizes(zend_mm_heap *heap)
{
	static const size_t sizes[] = { 0, 1, 7, 8, 100, 3072, 5000, LARGEST, 2 * CHUNK + 1 };
	void *volatile ptr = NULL;

	for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
		ptr = zend_mm_realloc(heap, ptr, sizes[i]);
		is_size(zend_mm_block_size(heap, ptr), sizes[i], "a block of the size requested");
		memset(ptr, 'd', sizes[i]);
	}
	ok(modern_sound(heap), "whose last byte can be written");
	ok(bails_out(zend_mm_alloc(heap, SIZE_MAX - 20)), "a size that leaves no room for the record");
	contains(host_message, "Possible integer overflow", "is refused");
	ok(bails_out(zend_mm_realloc(heap, ptr, SIZE_MAX)), "by a resize, too");
	zend_mm_free(heap, ptr);
	zend_mm_free(heap, NULL);
	is_size(figures_of(heap).size, 0, "all is freed");
}

/* {{{ Damage */

static jmp_buf caught;
static zend_mm_problem last;

static void hook(const zend_mm_problem *problem)
{
	last = *problem;
	longjmp(caught, 1);
}

static void free_corrupts(zend_mm_heap *heap, void *ptr, const char *reason)
{
	volatile bool jumped = false;

	if (setjmp(caught) == 0) {
		zend_mm_free(heap, ptr);
	} else {
		jumped = true;
	}
	ok(jumped, "freeing finds it");
	is_str(jumped ? last.reason : "", reason, "and says: %s", reason);
}

/* The words of a block's record. */
static void test_records(zend_mm_heap *heap)
{
	char *ptr = zend_mm_alloc(heap, 3000);
	zend_mm_place place;
	struct zend_mm_debug_record *record;

	zend_mm_locate(heap, ptr, &place);
	record = (struct zend_mm_debug_record *)(void *)(ptr + place.block.size) - 1;
	ok(place.owner.addr == ptr && record->size == 3000, "the record says whose block it is");
	record->size = 4000;
	free_corrupts(heap, ptr, "the size in the record at the block's end is overwritten");
	record->size = 3000;
	record->magic ^= 1;
	ok(zend_mm_locate(heap, ptr, &place) && !place.owner.addr,
		"an overwritten record is not believed");
	free_corrupts(heap, ptr, "the record at the block's end is overwritten");
	record->magic ^= 1;
	zend_mm_free(heap, ptr);
	is_size(zend_mm_block_size(heap, NULL), 0, "no block has no size");
	ok(bails_out(heap->verbs->alloc_aligned(heap, 64, SIZE_MAX - 20)),
		"an aligned block of a size that leaves no room for the record");
	contains(host_message, "Possible integer overflow", "is refused");
}

static void test_damage(zend_mm_heap *heap)
{
	static const size_t sizes[] = { 20, 3000, 10000, 2 * CHUNK };
	zend_mm_problem problem;
	char *ptr;

	zend_mm_set_corruption_hook(hook);
	for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
		size_t size = sizes[i] - 3;

		ptr = zend_mm_alloc(heap, size);
		ptr[size] = 0;
		is_int(zend_mm_check(heap, &problem), 1, "a byte past the end of %zu", size);
		ok(problem.address == ptr && problem.word == ptr + size, "is found where it is");
		free_corrupts(heap, ptr, "the block was written past its end");
		ptr[size] = (char)0xfb;
		free_corrupts(heap, ptr + 8, "no block of the heap begins at the address");
		zend_mm_shutdown(heap, 0, 1);
	}
	ptr = zend_mm_alloc(heap, 50);
	zend_mm_free(heap, ptr);
	ok((unsigned char)ptr[20] == 0x5a, "what is freed is overwritten");
	free_corrupts(heap, ptr, "the block was freed before");
	ptr = zend_mm_alloc(heap, 50);
	zend_mm_realloc(heap, ptr, 5000);
	free_corrupts(heap, ptr, "the block was freed before");
	free_corrupts(heap, &problem,
		"the block belongs to another heap, as one of another thread does, or to none");
	test_records(heap);
	zend_mm_set_corruption_hook(NULL);
	ok(modern_sound(heap), "the heap itself is sound");
	zend_mm_shutdown(heap, 0, 1);
}
/* }}} */

/* {{{ Leaks */

static struct {
	size_t reports, repeated, total, bytes;
	unsigned lines[8], orig_lines[8];
	size_t times[8];
} leaks;

static void take_leak(const zend_leak_info *leak)
{
	leaks.lines[leaks.reports] = leak->lineno;
	leaks.orig_lines[leaks.reports] = leak->orig_filename != NULL ? leak->orig_lineno : 0;
	leaks.bytes += leak->size;
	leaks.reports++;
}

static void take_repeated(size_t times)
{
	leaks.times[leaks.reports - 1] = times;
	leaks.repeated += times;
}

static void take_total(size_t total)
{
	leaks.total = total;
}

static void *relay(zend_mm_heap *heap, size_t size ZEND_FILE_LINE_DC)
{
	return zend_mm_alloc_rel(heap, size);
}

static void test_leaks(zend_mm_heap *heap)
{
	static const zend_mm_host host = {
		.leak = take_leak, .leak_repeated = take_repeated, .leaks_total = take_total
	};
	unsigned here = __LINE__ + 4;

	zend_mm_set_host(&host);
	for (int i = 0; i < 4; i++) {
		zend_mm_alloc(heap, 100);
	}
	zend_mm_alloc(heap, 3 * CHUNK);
	relay(heap, 5000 ZEND_FILE_LINE_CC);
	zend_mm_free(heap, zend_mm_alloc(heap, 10));
	zend_mm_shutdown(heap, 0, 0);
	is_size(leaks.reports, 3, "leaks are reported once for each place");
	is_size(leaks.lines[0], here, "with its line");
	is_size(leaks.times[0], 3, "and how often it repeated");
	ok(leaks.orig_lines[0] == 0 && leaks.lines[1] == here + 3 && leaks.orig_lines[1] != 0,
		"a relayed one has its caller's line and its own");
	is_size(leaks.lines[2], here + 2, "a huge block is reported last");
	is_size(leaks.bytes, 100 + 5000 + 3 * CHUNK, "sizes are those requested");
	is_size(leaks.total, 6, "the total counts them all");
	leaks.total = 0;
	zend_mm_shutdown(heap, 0, 0);
	is_size(leaks.total, 0, "no leak, no report");
	zend_mm_alloc(heap, 1);
	zend_mm_shutdown(heap, 0, 1);
	is_size(leaks.total, 0, "nor if it has to be silent");
	ok(modern_sound(heap), "the heap is sound");
	host_start();
}
/* }}} */

int main(void)
{
	zend_mm_heap *heap = modern_start();

	test_sizes(heap);
	test_damage(heap);
	test_leaks(heap);
	modern_end(heap);
	return done_testing();
}
#endif
