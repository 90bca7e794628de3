/* SPDX-License-Identifier: MIT */
/* The rest list: what goes there, in which order, its bound, when it is searched; quirks. */
#include "t/legacy.h"

#define OVERHEAD ((size_t) legacy_segment_overhead)

/* A block in a segment of two segment sizes, which leaves so many bytes over. */
static void *take_oversized(zend_mm_heap *heap, size_t left)
{
	return take(heap, 2 * SEGMENT - OVERHEAD - left);
}

static size_t rest_size(zend_mm_heap *heap)
{
	return members_of(heap, ZEND_MM_LIST_REST, 0).count;
}

static void check_where_remainders_go(void)
{
	zend_mm_heap *heap = legacy_start();
	char *big = take_oversized(heap, 4000);
	char *rest = big + 2 * SEGMENT - OVERHEAD - 4000;
	char *small;

	ok(is_in(heap, rest, ZEND_MM_LIST_REST), "an oversized segment's remainder goes there");
	small = take(heap, 2000);
	ok(small < rest || small >= rest + 4000,
		"a request is not served from it");
	is_ptr(zend_mm_realloc(heap, big, request_for(2 * SEGMENT - OVERHEAD - 3000)), big,
		"the block before it can grow into it");
	ok(is_in(heap, rest + 1000, ZEND_MM_LIST_REST), "and what is left is in the list again");
	zend_mm_realloc(heap, big, request_for(2 * SEGMENT - OVERHEAD - 5000));
	ok(is_in(heap, rest - 1000, ZEND_MM_LIST_TRIE), "shrinking leaves to the ordinary lists");
	zend_mm_realloc(heap, big, request_for(2 * SEGMENT - OVERHEAD));
	is_size(rest_size(heap), 0, "growing to the end leaves nothing");
	zend_mm_realloc(heap, big, request_for(3 * SEGMENT - OVERHEAD - 1000));
	is_size(watched.resizes, 1, "beyond that the segment is resized");
	ok(is_in(heap, rest + 4000 + SEGMENT - 1000, ZEND_MM_LIST_REST), "again with a remainder");
	ok(legacy_sound(heap), "the heap is sound");
	legacy_end(heap);
}

static void check_bound(void)
{
	zend_mm_heap *heap = legacy_start();
	struct legacy_members rest;

	for (size_t i = 0; i < 20; i++) {
		take_oversized(heap, 4000 + 8 * i);
	}
	rest = members_of(heap, ZEND_MM_LIST_REST, 0);
	is_size(rest.count, legacy_rest_length, "the list holds 16 large blocks");
	for (size_t i = 0; i < 16; i++) {
		is_size(rest.size[i], 4000 + 8 * (i + 4), "from the oldest on: %zu", i);
	}
	is_size(members_of(heap, ZEND_MM_LIST_TRIE, 11).count, 4, "older ones are in their tree");
	ok(legacy_sound(heap), "the heap is sound");
	legacy_end(heap);
}

/* Quirk: small blocks do not count. */
static void check_small_do_not_count(void)
{
	zend_mm_heap *heap = legacy_start();

	for (size_t i = 0; i < 16; i++) {
		take_oversized(heap, 4000);
	}
	for (size_t i = 0; i < 3; i++) {
		take_oversized(heap, 104);
	}
	is_size(rest_size(heap), 18, "small blocks make the list longer than 16");
	take_oversized(heap, 104);
	is_size(rest_size(heap), 19, "for one large block leaves at each full insertion only once");
	ok(legacy_sound(heap), "the heap is sound");
	legacy_end(heap);
}

static void check_search(void)
{
	zend_mm_heap *heap = legacy_start();
	char *a = take_oversized(heap, 4000), *b = take_oversized(heap, 3000);
	char *c = take_oversized(heap, 3504);
	size_t end = 2 * SEGMENT - OVERHEAD;

	use_up(heap);
	zend_mm_set_limit(heap, 7 * SEGMENT);
	is_ptr(take(heap, 3504), c + end - 3504, "at the limit an equal size is taken");
	is_ptr(take(heap, 2976), b + end - 3000, "or else the smallest that is large enough");
	is_ptr(take(heap, 96), a + end - 4000, "small requests search it too");
	ok(legacy_sound(heap), "the heap is sound");
	legacy_end(heap);
}

static void check_threshold(void)
{
	zend_mm_heap *heap = legacy_start();
	char *a = take_oversized(heap, 4000);

	use_up(heap);
	zend_mm_set_limit(heap, 4 * SEGMENT + 1);
	take(heap, 96);
	is_size(watched.regions, 3, "a segment size and more below the limit it is not searched");
	use_up(heap);
	zend_mm_set_limit(heap, 5 * SEGMENT);
	is_ptr(take(heap, 96), a + 2 * SEGMENT - OVERHEAD - 4000, "from there on it is");
	ok(legacy_sound(heap), "the heap is sound");
	legacy_end(heap);
}

static bool bucket_is_searched(zend_mm_heap *heap, size_t size)
{
	return ((legacy_heap_t *) heap)->small_bitmap >> bucket_of(size) & 1;
}

/* Quirk: a small block that is alone in the rest list and leaves it hides the one block in the
 * bucket of its size. */
static void check_hidden_bucket(void)
{
	zend_mm_heap *heap = legacy_start();
	enum { size = legacy_smallest_block + 72 };
	void *block = take(heap, size);
	void *other, *big;

	take(heap, 96);
	other = take(heap, size);
	take(heap, 96);
	fill_cache(heap);
	use_up(heap);
	zend_mm_free(heap, block);
	ok(bucket_is_searched(heap, size), "a bucket with a block is searched");
	big = take_oversized(heap, size);
	zend_mm_free(heap, big);
	ok(!bucket_is_searched(heap, size), "the block that left the rest list hid it");
	is_size(members_of(heap, ZEND_MM_LIST_BUCKET, bucket_of(size)).count, 1,
		"though the block is there");
	ok(legacy_sound(heap), "which the check knows");
	zend_mm_free(heap, other);
	ok(!bucket_is_searched(heap, size), "another one joins it in hiding");
	ok(legacy_sound(heap), "and the heap is still sound");
	legacy_end(heap);
}

int main(void)
{
	check_where_remainders_go();
	check_bound();
	check_small_do_not_count();
	check_search();
	check_threshold();
	check_hidden_bucket();
	return done_testing();
}
