/* SPDX-License-Identifier: MIT */
/*
 * What fuzzing found, said as behaviour: reports about lists that run in a circle end, the deep
 * check of hardened heaps looks at shadows and never ends the process, blocks that nobody wrote to
 * can be freed, and no alignment is too great to be refused.
 */
#ifndef _WIN32
# include <sys/resource.h>
#endif

#include "heap/heap.h"
#include "t/modern.h"

#define GREATEST_ALIGNMENT ((size_t)1 << (8 * sizeof(size_t) - 1))

static zend_mm_heap *start(zend_mm_mode mode, const char *hardened)
{
	zend_mm_options options = modern_options();

	options.mode = mode;
	options.segment_size = 262144;
	options.hardened = hardened;
	options.null_on_failure = true;
	return modern_start_with(options);
}

static const char *name_of(zend_mm_mode mode)
{
	return mode == ZEND_MM_MODERN ? "modern" : "legacy";
}

/* {{{ A block freed twice makes its list a circle. */

/* It takes microseconds, or most of a minute. */
#ifdef _WIN32
static void limit_time(void)
{
}
#else
static void limit_time(void)
{
	struct rlimit limit = { 15, 15 };

	setrlimit(RLIMIT_CPU, &limit);
}
#endif

static void locate_beside_circle(const char *mode)
{
	zend_mm_heap *heap = start(*mode == 'm' ? ZEND_MM_MODERN : ZEND_MM_LEGACY, NULL);
	char *blocks[3];
	zend_mm_place place;

	for (int i = 0; i < 3; i++) {
		blocks[i] = zend_mm_alloc(heap, 56);
	}
	limit_time();
	zend_mm_free(heap, blocks[0]);
	zend_mm_free(heap, blocks[1]);
	zend_mm_free(heap, blocks[0]);
	if (zend_mm_locate(heap, blocks[2], &place) && place.block.data == blocks[2]) {
		puts(place.block.state == ZEND_MM_BLOCK_USED ? "in use" : "not in use");
	}
	fflush(stdout);
	_Exit(0);
}

static void test_circle(zend_mm_mode mode)
{
	struct tap_child child;

	if (ZEND_DEBUG) {
		skip(1, "debug builds find the second free");
		return;
	}
	child = run_child(locate_beside_circle, name_of(mode));
	is_str(child.out, "in use\n", "%s: a block beside a circle of free ones is found",
		name_of(mode));
}

/* }}} */
/* {{{ Shadows. */

/* Damages the word behind the one at an address; the check has to say so. */
static void test_shadow(zend_mm_heap *heap, void *place, const char *reason)
{
	zend_mm_problem problem = { .reason = "nothing" };
	size_t *shadow = (size_t *)place + 1;

	ok(modern_sound(heap), "the heap is sound before: %s", reason);
	*shadow ^= 256;
	is_int(zend_mm_check(heap, &problem), 1, "the deep check comes back");
	is_str(problem.reason, reason, "and says so");
	is_ptr(problem.word, shadow, "and where");
	is_size(problem.found ^ problem.expected, 256, "and which bit");
	*shadow ^= 256;
}

static void test_small_shadows(zend_mm_mode mode, const char *reason)
{
	zend_mm_heap *heap = start(mode, "links");
	void *block = zend_mm_alloc(heap, 100);

	zend_mm_free(heap, block);
	test_shadow(heap, block, reason);
	modern_end(heap);
}

static void test_cached_chunk(void)
{
	zend_mm_heap *heap = start(ZEND_MM_MODERN, "cached");
	void *first = zend_mm_alloc(heap, 1500000);
	void *second = zend_mm_alloc(heap, 1500000);
	zend_mm_figures figures;

	zend_mm_free(heap, second);
	zend_mm_get_figures(heap, &figures);
	is_size(figures.cached, CHUNK, "a chunk is cached");
	test_shadow(heap, &((struct zend_mm_chunk *)chunk_of(second))->next,
		"a cached chunk's link does not agree with its shadow");
	zend_mm_free(heap, first);
	modern_end(heap);
}

/* }}} */

/* A run is collected and its page becomes another bin's: the new block begins where a free slot
 * was, and nobody writes to it. */
static void test_untouched_block(void)
{
	zend_mm_heap *heap = start(ZEND_MM_MODERN, "all");
	void *before = zend_mm_alloc(heap, 100), *block;

	zend_mm_free(heap, before);
	zend_mm_gc(heap);
	block = zend_mm_alloc(heap, 200);
	if (ZEND_DEBUG) {
		skip(1, "debug builds write to all blocks");
	} else {
		is_ptr(block, before, "a block lies where a free slot of another bin was");
	}
	zend_mm_free(heap, block);
	ok(modern_sound(heap), "and can be freed without having been written to");
	modern_end(heap);
}

static void test_alignment(zend_mm_mode mode)
{
	static const size_t sizes[] = { 0, 16, 5000, SIZE_MAX };
	zend_mm_heap *heap = start(mode, NULL);
	size_t wrong = 0;

	for (size_t alignment = GREATEST_ALIGNMENT / 4; alignment > 0; alignment *= 2) {
		for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
			wrong += heap->verbs->alloc_aligned(heap, alignment, sizes[i]) != NULL;
		}
	}
	is_size(wrong, 0, "%s: the greatest alignments are refused", name_of(mode));
	ok(modern_sound(heap), "%s: and the heap stays sound", name_of(mode));
	modern_end(heap);
}

int main(void)
{
	test_circle(ZEND_MM_LEGACY);
	test_circle(ZEND_MM_MODERN);
	test_small_shadows(ZEND_MM_LEGACY, "a cached block's link does not agree with its shadow");
	test_small_shadows(ZEND_MM_MODERN, "a free slot's link does not agree with its shadow");
	test_cached_chunk();
	test_untouched_block();
	test_alignment(ZEND_MM_LEGACY);
	test_alignment(ZEND_MM_MODERN);
	return done_testing();
}
