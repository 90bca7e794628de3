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

ZEND_MM_NOINLINE void zend_mm_legacy_free_slow(zend_mm_heap *head, void *ptr)
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
		cache_push(heap, bucket_of(size), ptr);
		return;
	}
	block_undress(block, false);
	heap->head.size -= size;
	/* compat: the block after before the block before; the order shapes the trees */
	size = absorb_after(heap, block, size);
	block = absorb_into_before(heap, block, &size);
	settle(heap, block, size);
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
	for (size_t bucket = 0; bucket < legacy_bucket_count; bucket++) {
		void *data = heap->cache[bucket];

		heap->cache[bucket] = NULL;
		while (data) {
			void *next = *cache_link(data);

			flush_block(heap, block_of(data));
			data = next;
		}
		if (config_cache_statistics) {
			heap->statistics[bucket].length = 0;
		}
	}
}
