/* SPDX-License-Identifier: MIT */
/*
 * heap/legacy/free.c - freeing, and flushing the cache.
 *
 * Called through fast.h (which has tried the cache in plain builds), the heap's verbs, error.c and
 * realloc.c.
 */
#include "heap/legacy/blocks.h"
#include "heap/legacy/fast.h"
#include "heap/legacy/guard.h"
#include "heap/legacy/segments.h"

/* Size bytes at block are in no list, and their neighbours are not free: gives back the segment
 * that they fill, or makes them a free block in the ordinary lists. */
static zend_always_inline void settle(legacy_heap_t *heap, block_t *block, size_t size)
{
	if (UNEXPECTED(block_is_first(block)) && block_is_guard(block_at(block, size))) {
		zend_mm_legacy_segment_release(heap, segment_of_first(block));
	} else {
		block_insert(heap, block, size);
	}
}

/* Makes a used block, which does not count any more, free.
 * compat: the block after it is taken out of its list before the block before it; the order shapes
 * the trees.  The last of them stays listed until it is known what it becomes. */
static ZEND_MM_NOINLINE void coalesce(legacy_heap_t *heap, block_t *block, size_t size)
{
	block_t *after = block_at(block, size);
	block_t *listed = NULL;

	if (block_is_free(after) && idea_coalescing(heap)) {
		block_check_tags(heap, after);
		ZEND_MM_EVENT(heap, MERGE_AFTER, after, after->word, 0);
		size += after->word;
		listed = after;
	}
	if (block_before_is_free(block) && idea_coalescing(heap)) {
		block_t *before = block_before(block);

		if (UNEXPECTED(before->word != block->before)) {
			zend_mm_legacy_corrupted_tags(heap, block);
		}
		ZEND_MM_EVENT(heap, MERGE_BEFORE, before, before->word, 0);
		if (listed) {
			block_unlink(heap, listed);
		}
		size += before->word;
		listed = block = before;
	}
	if (UNEXPECTED(block_is_first(block)) && block_is_guard(block_at(block, size))) {
		if (listed) {
			block_unlink(heap, listed);
		}
		zend_mm_legacy_segment_release(heap, segment_of_first(block));
	} else if (listed) {
		block_relist(heap, listed, block, size);
	} else {
		block_insert(heap, block, size);
	}
}

/* The same where only the block before is free, and large. */
static zend_always_inline void coalesce_with_before(legacy_heap_t *heap, block_t *before,
	block_t *block, size_t size)
{
	size_t merged = before->word + size;

	if (UNEXPECTED(before->word != block->before)) {
		zend_mm_legacy_corrupted_tags(heap, block);
	}
	if (!trie_is_lone_leaf(before)) {
		coalesce(heap, block, size);
	} else if (trie_is_root_and_grows(heap, before, merged)) {
		block_set(before, merged, block_free);
	} else {
		trie_remove_lone_leaf(heap, before, before->word);
		block_set(before, merged, block_free);
		zend_mm_legacy_trie_insert(heap, before, merged);
	}
}

/* Coalesces a small block, with short ways for what is most frequent once the cache is full: the
 * block after it is used, and the one before is, too, or is free and large. */
static zend_always_inline void coalesce_small(legacy_heap_t *heap, block_t *block, size_t size)
{
	if (!block_is_used(block_at(block, size))) {
		coalesce(heap, block, size);
	} else if (!block_before_is_free(block)) {
		block_set(block, size, block_free);
		bucket_insert(heap, block, size);
	} else if (config_short_ways && block->before >= legacy_small_limit) {
		coalesce_with_before(heap, block_before(block), block, size);
	} else {
		coalesce(heap, block, size);
	}
}

ZEND_MM_NOINLINE void zend_mm_legacy_free_slow(void *ptr, zend_mm_heap *head)
{
	legacy_heap_t *heap = (legacy_heap_t *) head;
	block_t *block = block_of(ptr);
	size_t size;

	if (UNEXPECTED(!ptr)) {
		return;
	}
	block_verify(heap, block);
	size = block_size(block);
	if (size < legacy_small_limit && cache_has_room(heap)) {
		block_undress(block, true);
		cache_push(heap, size, ptr);
		return;
	}
	if (config_study && size < legacy_small_limit) {
		ZEND_MM_EVENT(heap, CACHE_FULL, block, heap->cached, bucket_of(size));
	}
	block_undress(block, false);
	zend_mm_size_shrink(&heap->head, size);
	coalesce(heap, block, size);
}

ZEND_MM_NOINLINE void zend_mm_legacy_free_uncached(void *ptr, zend_mm_heap *head, size_t word)
{
	legacy_heap_t *heap = (legacy_heap_t *) head;
	size_t size = word - block_used;

	ZEND_MM_EVENT(heap, CACHE_FULL, block_of(ptr), heap->cached, bucket_of(size));
	zend_mm_size_shrink(&heap->head, size);
	coalesce_small(heap, block_of(ptr), size);
}

/* compat: here the block before comes first. */
static void flush_block(legacy_heap_t *heap, block_t *block)
{
	size_t size = block_size(block);
	size_t with_before = size;
	block_t *first;

	heap->cached -= size;
	heap->flushed += size;
	first = absorb_into_before(heap, block, &with_before);
	size = absorb_after(heap, first, with_before);
	settle(heap, first, size);
}

void zend_mm_legacy_flush_cache(legacy_heap_t *heap)
{
	ZEND_MM_EVENT(heap, CACHE_FLUSHED, NULL, heap->cached, 0);
	for (size_t bucket = 0; bucket < legacy_bucket_count; bucket++) {
		void *data = heap->cache[bucket];

		heap->cache[bucket] = NULL;
		while (data) {
			void *next = cache_taken(heap, data);

			flush_block(heap, block_of(data));
			data = next;
		}
		if (config_cache_statistics) {
			heap->statistics[bucket].length = 0;
		}
	}
}
