/* SPDX-License-Identifier: MIT */
/*
 * heap/legacy/alloc.c - allocation, in seven steps:
 *
 *	1  a small request: from the cache, else the oldest block of the first bucket that fits
 *	2  best fit in the trees of large blocks
 *	3  near the limit only: the rest list
 *	4  a new segment
 *	5  check the block that was found and take it out of its list
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

/* Steps 2 and 3: a block from the trees or the rest list, still in its list.  compat: the rest list
 * is searched only where another segment would come near the limit. */
static zend_always_inline block_t *find_large(legacy_heap_t *heap, size_t need)
{
	block_t *block = zend_mm_legacy_trie_find(heap, need);

	if (!block && heap->head.real_size >= heap->head.limit - heap->segment_size) {
		block = zend_mm_legacy_rest_find(heap, need);
	}
	return block;
}

/* Step 4: a segment whose blocks' room is one block without a size yet.  NULL after the error was
 * reported. */
static ZEND_MM_NOINLINE zend_mm_segment *take_segment(legacy_heap_t *heap, size_t request,
	size_t need)
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

/* Step 7. */
static zend_always_inline void *hand_out(legacy_heap_t *heap, block_t *block, size_t request,
	size_t size)
{
	count_used(heap, size);
	cache_erase_link(heap, block_data(block));
	block_dress(heap, block, request);
	return block_data(block);
}

/* Steps 1 and 5 to 7 for a small request: the oldest block of the first of the buckets from the
 * request's own upwards, whose bits are given. */
static ZEND_MM_NOINLINE void *alloc_from_buckets(size_t request, legacy_heap_t *heap, size_t need,
	size_t buckets)
{
	size_t left = zend_mm_lowest_bit(buckets) * legacy_alignment;
	block_t *block = bucket_take(heap, need + left);
	block_t *rest = block_at(block, need);

	if (left < legacy_smallest_block) {
		ZEND_MM_EVENT(heap, WHOLE, block, need + left, left);
		block_set(block, need + left, block_used);
		return hand_out(heap, block, request, need + left);
	}
	ZEND_MM_EVENT(heap, SPLIT, block, need, left);
	block_set(block, need, block_used);
	block_set(rest, left, block_free);
	bucket_insert(heap, rest, left);
	return hand_out(heap, block, request, need);
}

/* Steps 4, 6 and 7. */
static ZEND_MM_NOINLINE void *alloc_from_new_segment(size_t request, legacy_heap_t *heap,
	size_t need)
{
	zend_mm_segment *segment = take_segment(heap, request, need);
	block_t *block;

	if (!segment) {
		return NULL;
	}
	block = segment_first_block(segment);
	return hand_out(heap, block, request, block_carve(heap, block, segment_room(segment), need,
		segment_is_oversized(heap, need) ? remainder_to_rest : remainder_to_lists));
}

/* Steps 2 to 7. */
static ZEND_MM_NOINLINE void *alloc_large(size_t request, legacy_heap_t *heap, size_t need)
{
	block_t *block = find_large(heap, need);

	if (!block) {
		return alloc_from_new_segment(request, heap, need);
	}
	block_check_tags(heap, block);
	return hand_out(heap, block, request,
		block_carve_listed(heap, block, block, block->word, need));
}

/* Steps 5 to 7 for a small request that takes the front of the only block of a tree, which is there
 * afterwards, too. */
static zend_always_inline void *alloc_from_only(legacy_heap_t *heap, block_t *block,
	size_t request, size_t need)
{
	block_t **place = block_links(block)->parent;
	block_t *rest = block_at(block, need);
	size_t left = block->word - need;

	block_check_tags(heap, block);
	block_set(rest, left, block_free);
	trie_become_node(rest, place);
	block_set(block, need, block_used);
	ZEND_MM_OPAQUE(block);
	return hand_out(heap, block, request, need);
}

/* All steps for a small request but for the cache. */
static zend_always_inline void *alloc_small(size_t request, legacy_heap_t *heap, size_t need)
{
	size_t buckets = heap->small_bitmap >> bucket_of(need);

	cache_missed(heap, need);
	ZEND_MM_EVENT(heap, BITMAP_TEST, NULL, heap->small_bitmap, bucket_of(need));
	if (buckets) {
		return alloc_from_buckets(request, heap, need, buckets);
	}
	if (EXPECTED(heap->large_bitmap)) {
		/* Step 2 looks at this block first, and at no other if it is the only one. */
		size_t tree = zend_mm_lowest_bit(heap->large_bitmap);
		block_t *root = heap->trees[tree];

		if (EXPECTED(trie_only_shrinks(heap, root, tree, root->word - need))) {
			return alloc_from_only(heap, root, request, need);
		}
	}
	return alloc_large(request, heap, need);
}

ZEND_MM_NOINLINE void *zend_mm_legacy_alloc_uncached(size_t request, zend_mm_heap *heap,
	size_t need)
{
	return alloc_small(request, (legacy_heap_t *) heap, need);
}

ZEND_MM_NOINLINE void *zend_mm_legacy_alloc_slow(size_t request, zend_mm_heap *head)
{
	legacy_heap_t *heap = (legacy_heap_t *) head;
	size_t need = legacy_true_size(request);
	void *data;

	if (need >= legacy_small_limit) {
		return alloc_large(request, heap, need);
	}
	if (UNEXPECTED(need < request)) {
		return zend_mm_legacy_out_of_memory(heap, request, tried_unsigned);
	}
	data = *cache_of(heap, need);
	if (data) {
		cache_pop(heap, need, data);
		block_dress(heap, block_of(data), request);
		return data;
	}
	return alloc_small(request, heap, need);
}
