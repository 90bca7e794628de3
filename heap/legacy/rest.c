/* SPDX-License-Identifier: MIT */
/*
 * heap/legacy/rest.c - the rest list: insertion with its bound, and the search.
 *
 * Called by alloc.c and realloc.c.  Invariant: rest_count is the number of large blocks in the
 * list, and each of them has REST_MARK as its parent link.  Removal is block_unlink()'s.
 */
#include "heap/legacy/blocks.h"
#include "heap/legacy/ideas.h"

void zend_mm_legacy_rest_insert(legacy_heap_t *heap, block_t *block, size_t size)
{
	struct zend_mm_legacy_links *links = block_links(block);
	block_t *sentinel = ring_sentinel(&heap->rest);

	if (!idea_rest_list(heap)) {
		block_insert(heap, block, size);
		return;
	}
	while (heap->rest_count >= legacy_rest_length) {
		block_t *oldest = heap->rest.next;

		ZEND_MM_EVENT(heap, REST_EVICTED, oldest, block_size(oldest), 0);
		block_unlink(heap, oldest);
		block_list(heap, oldest, block_size(oldest));
	}
	block_set(block, size, block_free);
	if (size >= legacy_small_limit) {
		links->parent = REST_MARK;
		heap->rest_count++;
	}
	links->ring.next = sentinel;
	links->ring.prev = heap->rest.prev;
	block_ring(heap->rest.prev)->next = block;
	heap->rest.prev = block;
	ZEND_MM_EVENT(heap, REST_INSERT, block, size, heap->rest_count);
}

block_t *zend_mm_legacy_rest_find(const legacy_heap_t *heap, size_t size)
{
	const block_t *sentinel = ring_sentinel(&heap->rest);
	block_t *best = NULL;
	size_t best_size = SIZE_MAX;

	ZEND_MM_EVENT(heap, REST_SEARCH, NULL, size, 0);
	for (block_t *block = heap->rest.prev; block != sentinel; block = block_ring(block)->prev) {
		size_t found = block_size(block);

		if (found == size) {
			ZEND_MM_EVENT(heap, REST_TAKEN, block, found, 0);
			return block;
		}
		if (found > size && found < best_size) {
			best = block;
			best_size = found;
		}
	}
	if (config_study && best) {
		ZEND_MM_EVENT(heap, REST_TAKEN, best, best_size, 0);
	}
	return best;
}
