/* SPDX-License-Identifier: MIT */
/*
 * heap/modern/regions.c - the one door from a modern heap to its storage.
 *
 * Called by chunks.c, huge.c and startup.c.
 */
#include "heap/modern/regions.h"
#include "storage/storage.h"

#include <assert.h>

static void *zend_mm_region_counted(struct zend_mm_modern_heap *heap, void *region)
{
	if (region == NULL) {
		heap->head.calls.refused++;
		return NULL;
	}
	assert(zend_mm_chunk_offset(region) == 0);
	heap->head.calls.allocs++;
	return region;
}

struct zend_mm_chunk *zend_mm_region_map_chunk(struct zend_mm_modern_heap *heap)
{
	if (!heap->huge_pages) {
		return zend_mm_region_map(heap, ZEND_MM_CHUNK_SIZE, ZEND_MM_CHUNK_SIZE);
	}
	return zend_mm_region_counted(heap, zend_mm_chunk_alloc_huge_pages(&heap->handlers,
		heap->head.storage, ZEND_MM_CHUNK_SIZE, ZEND_MM_CHUNK_SIZE));
}

void *zend_mm_region_map(struct zend_mm_modern_heap *heap, size_t size, size_t alignment)
{
	return zend_mm_region_counted(heap,
		heap->handlers.chunk_alloc(heap->head.storage, size, alignment));
}

void zend_mm_region_unmap(struct zend_mm_modern_heap *heap, void *region, size_t size)
{
	heap->handlers.chunk_free(heap->head.storage, region, size);
	heap->head.calls.frees++;
}

bool zend_mm_region_truncate(struct zend_mm_modern_heap *heap, void *region, size_t old_size,
	size_t new_size)
{
	if (heap->handlers.chunk_truncate == NULL ||
	    !heap->handlers.chunk_truncate(heap->head.storage, region, old_size, new_size)) {
		return false;
	}
	heap->head.calls.truncates++;
	return true;
}

bool zend_mm_region_extend(struct zend_mm_modern_heap *heap, void *region, size_t old_size,
	size_t new_size)
{
	if (heap->handlers.chunk_extend == NULL ||
	    !heap->handlers.chunk_extend(heap->head.storage, region, old_size, new_size)) {
		heap->head.calls.refused++;
		return false;
	}
	heap->head.calls.resizes++;
	return true;
}
