/* SPDX-License-Identifier: MIT */
/* The cache: last in, first out; what it counts; its capacity; what resizing does with it. */
#include "t/legacy.h"

static zend_mm_figures figures_of(zend_mm_heap *heap)
{
	zend_mm_figures figures;

	zend_mm_get_figures(heap, &figures);
	return figures;
}

static void check_stack(void)
{
	zend_mm_heap *heap = legacy_start();
	void *a = take(heap, 96), *b = take(heap, 96), *c = take(heap, 96);
	zend_mm_figures before = figures_of(heap);
	zend_mm_figures after;
	struct legacy_members stack;

	zend_mm_free(heap, a);
	zend_mm_free(heap, c);
	zend_mm_free(heap, b);
	after = figures_of(heap);
	is_size(after.cached, 3 * 96, "freed small blocks are in the cache");
	is_size(after.size, before.size - 3 * 96, "and do not count as used");
	is_size(after.peak, before.peak, "the peak stays");
	is_int(block_with(heap, a).state, ZEND_MM_BLOCK_CACHED, "the walker knows a cached block");
	stack = members_of(heap, ZEND_MM_LIST_CACHE, bucket_of(96));
	ok(stack.count == 3 && stack.data[0] == b && stack.data[1] == c && stack.data[2] == a,
		"the stack has the newest first");
	ok(legacy_sound(heap), "the heap is sound");
	is_ptr(take(heap, 96), b, "the last one freed is the first one taken");
	is_ptr(take(heap, 96), c, "then the one before it");
	ok(take(heap, 104) != a, "a request of another size does not take it");
	is_ptr(take(heap, 96), a, "then the first one");
	is_size(figures_of(heap).cached, 0, "the cache is empty");
	legacy_end(heap);
}

static void check_capacity(void)
{
	enum { size = legacy_small_limit - 8, fits = legacy_cache_capacity / size + 1 };
	static void *blocks[fits + 2];
	zend_mm_heap *heap = legacy_start();

	for (size_t i = 0; i < fits + 2; i++) {
		blocks[i] = take(heap, size);
		take(heap, legacy_smallest_block);
	}
	for (size_t i = 0; i < fits - 1; i++) {
		zend_mm_free(heap, blocks[i]);
	}
	ok(figures_of(heap).cached < legacy_cache_capacity, "the cache is nearly full");
	zend_mm_free(heap, blocks[fits - 1]);
	is_size(figures_of(heap).cached, (size_t) fits * size, "the last block goes past the capacity");
	zend_mm_free(heap, blocks[fits]);
	is_size(figures_of(heap).cached, (size_t) fits * size, "the next one does not go in");
	ok(is_in(heap, blocks[fits], ZEND_MM_LIST_BUCKET), "but to its bucket");
	take(heap, size);
	zend_mm_free(heap, blocks[fits + 1]);
	ok(is_in(heap, blocks[fits + 1], ZEND_MM_LIST_CACHE), "and there is room again for one");
	ok(legacy_sound(heap), "the heap is sound");
	legacy_end(heap);
}

static void check_large(void)
{
	zend_mm_heap *heap = legacy_start();
	void *largest = take(heap, legacy_small_limit - 8);
	void *large = take(heap, legacy_small_limit);

	take(heap, 96);
	zend_mm_free(heap, large);
	zend_mm_free(heap, largest);
	ok(is_in(heap, large, ZEND_MM_LIST_TRIE), "a block of the small limit is not cached");
	ok(is_in(heap, largest, ZEND_MM_LIST_CACHE), "one just below is");
	legacy_end(heap);
}

static void check_swap(void)
{
	zend_mm_heap *heap = legacy_start();
	char *small = take(heap, 96);
	char *cached = take(heap, 200);
	zend_mm_figures before, after;
	char *moved;

	memset(small, 'x', request_for(96));
	zend_mm_free(heap, cached);
	before = figures_of(heap);
	moved = zend_mm_realloc(heap, small, request_for(200));
	after = figures_of(heap);
	is_ptr(moved, cached, "growing takes a cached block of the new size");
	ok(moved[0] == 'x' && moved[request_for(96) - 1] == 'x', "with the data");
	ok(is_in(heap, small, ZEND_MM_LIST_CACHE), "the old block is cached in its place");
	is_size(after.cached, 96, "the cache's bytes are corrected by the difference");
	is_size(after.size, before.size + 200 - 96, "and so is the usage");
	is_size(after.peak, before.peak, "the peak is not touched");
	ok(legacy_sound(heap), "the heap is sound");
	legacy_end(heap);
}

static void check_swap_over_capacity(void)
{
	zend_mm_heap *heap = legacy_start();
	void *small = take(heap, 96);
	size_t cached;

	fill_cache(heap);
	cached = figures_of(heap).cached;
	ok(cached >= legacy_cache_capacity, "the cache is full");
	zend_mm_realloc(heap, small, request_for(legacy_small_limit - 8));
	ok(is_in(heap, small, ZEND_MM_LIST_CACHE), "resizing puts the old block there all the same");
	is_size(figures_of(heap).cached, cached + 96 - (legacy_small_limit - 8), "and counts it");
	ok(legacy_sound(heap), "the heap is sound");
	legacy_end(heap);
}

int main(void)
{
	check_stack();
	check_capacity();
	check_large();
	check_swap();
	check_swap_over_capacity();
	return done_testing();
}
