/* SPDX-License-Identifier: MIT */
/*
 * heap/modern/limit.c - setting the memory limit.
 */
#include "heap/modern/chunks.h"

/* compat: where a limit below real_size can be reached by giving cached chunks back, they are given
 * back and the call succeeds, but the limit stays the old one. */
int zend_mm_modern_set_limit(zend_mm_heap *base, size_t limit)
{
	struct zend_mm_modern_heap *heap = zend_mm_modern(base);

	if (limit >= heap->head.real_size) {
		heap->head.limit = limit;
		return 0;
	}
	if (heap->head.real_size - heap->cached_count * ZEND_MM_CHUNK_SIZE > limit) {
		return -1;
	}
	while (heap->head.real_size > limit) {
		zend_mm_chunks_drop_cached(heap);
		zend_mm_real_size_sub(heap, ZEND_MM_CHUNK_SIZE);
	}
	return 0;
}
