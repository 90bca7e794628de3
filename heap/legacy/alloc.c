/* SPDX-License-Identifier: MIT */
/*
 * heap/legacy/alloc.c - allocation, in seven steps:
 *
 *	1  a small request: from the cache, else the oldest block of the first bucket that fits
 *	2  best fit in the trees of large blocks
 *	3  near the limit only: the rest list
 *	4  a new segment
 *	5  check and unlink the block that was found
 *	6  split it, if what is left is enough for a block
 *	7  count it
 *
 * Called through fast.h (which has tried the cache in plain builds), the heap's verbs, realloc.c
 * and startup.c.
 */
#include "heap/legacy/blocks.h"
#include "heap/legacy/error.h"
#include "heap/legacy/fast.h"
#include "heap/legacy/guard.h"
#include "heap/legacy/segments.h"

/* Step 1: the oldest block of the first bucket with a block, from the request's own upwards. */
static zend_always_inline block_t *take_small(legacy_heap_t *heap, size_t bucket)
{
	size_t buckets = heap->small_bitmap >> bucket;

	return buckets ? bucket_take(heap, bucket + lowest_bit(buckets)) : NULL;
}

/* Steps 2, 3 and 5. */
static zend_always_inline block_t *take_large(legacy_heap_t *heap, size_t need)
{
	block_t *block = zend_mm_legacy_trie_find(heap, need);

	if (!block && heap->head.real_size >= heap->head.limit - heap->segment_size) {
		block = zend_mm_legacy_rest_find(heap, need);
	}
	if (block) {
		block_check_tags(heap, block);
		block_unlink(heap, block);
	}
	return block;
}

/* Step 4: a segment whose blocks' room is one block without a size yet.  NULL after the error was
 * reported. */
static ZEND_MM_NOINLINE zend_mm_segment *take_segment(legacy_heap_t *heap, size_t need,
	size_t request)
{
	size_t size = segment_size_for(heap, need);
	zend_mm_segment *segment;

	if (UNEXPECTED(size < need) || UNEXPECTED(heap->head.real_size + size > heap->head.limit)) {
		return zend_mm_legacy_over_limit(heap, request, tried_unsigned);
	}
	segment = zend_mm_legacy_segment_obtain(heap, size);
	if (UNEXPECTED(!segment)) {
		return zend_mm_legacy_storage_refused(heap, request, tried_unsigned);
	}
	return segment;
}

/* Steps 6 and 7: hands out the front of size bytes at block. */
static zend_always_inline void *hand_out(legacy_heap_t *heap, block_t *block, size_t size,
	size_t need, size_t request, enum remainder remainder)
{
	count_used(heap, block_carve(heap, block, size, need, remainder));
	block_dress(heap, block, request);
	return block_data(block);
}

/* Builds whose blocks need dressing have no fast half: the cache is tried here. */
static void *take_cached(legacy_heap_t *heap, size_t bucket, size_t request)
{
	void *data = heap->cache[bucket];

	if (data) {
		cache_pop(heap, bucket, data);
		block_dress(heap, block_of(data), request);
	}
	return data;
}

ZEND_MM_NOINLINE void *zend_mm_legacy_alloc_slow(zend_mm_heap *head, size_t request)
{
	legacy_heap_t *heap = (legacy_heap_t *) head;
	size_t need = legacy_true_size(request);
	zend_mm_segment *segment;
	block_t *block;

	if (need < legacy_small_limit) {
		size_t bucket;
		void *data;

		if (UNEXPECTED(need < request)) {
			return zend_mm_legacy_out_of_memory(heap, request, tried_unsigned);
		}
		bucket = bucket_of(need);
		data = take_cached(heap, bucket, request);
		if (data) {
			return data;
		}
		cache_missed(heap, bucket);
		block = take_small(heap, bucket);
		if (block) {
			return hand_out(heap, block, block_size(block), need, request,
				remainder_to_lists);
		}
	}
	block = take_large(heap, need);
	if (block) {
		return hand_out(heap, block, block_size(block), need, request, remainder_to_lists);
	}
	segment = take_segment(heap, need, request);
	if (!segment) {
		return NULL;
	}
	return hand_out(heap, segment_first_block(segment), segment_room(segment), need, request,
		segment_is_oversized(heap, need) ? remainder_to_rest : remainder_to_lists);
}
