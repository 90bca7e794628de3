/* SPDX-License-Identifier: MIT */
/*
 * heap/modern/regions.h - the one door from a modern heap to its storage.
 *
 * Regions are chunks and huge blocks.  These functions count the calls for the figures; real_size
 * is their callers' business.
 */
#ifndef HEAP_MODERN_REGIONS_H
#define HEAP_MODERN_REGIONS_H

#include "heap/modern/heap.h"

/* A chunk of 2 MiB; of huge pages where the heap was made so.  NULL where storage refuses. */
struct zend_mm_chunk *zend_mm_region_map_chunk(struct zend_mm_modern_heap *heap);
/* size bytes (a multiple of the system page) aligned to 2 MiB or a greater power of two, or
 * NULL. */
void *zend_mm_region_map(struct zend_mm_modern_heap *heap, size_t size, size_t alignment);
void zend_mm_region_unmap(struct zend_mm_modern_heap *heap, void *region, size_t size);
/* In place or not at all; false too where the storage has no such handler. */
bool zend_mm_region_truncate(struct zend_mm_modern_heap *heap, void *region, size_t old_size,
	size_t new_size);
bool zend_mm_region_extend(struct zend_mm_modern_heap *heap, void *region, size_t old_size,
	size_t new_size);

#endif
