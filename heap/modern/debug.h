/* SPDX-License-Identifier: MIT */
/*
 * heap/modern/debug.h - debug builds: a record at the end of each block, checked blocks, leak
 * reports.
 *
 * Compiled into every build, called in debug builds only (`if (config_debug)`).
 */
#ifndef HEAP_MODERN_DEBUG_H
#define HEAP_MODERN_DEBUG_H

#include "heap/modern/heap.h"
#include "heap/site.h"

/* What a block has beside the data, at its end. */
struct zend_mm_debug_record {
	size_t size; /* bytes requested */
	struct zend_mm_site site;
	size_t magic; /* xor the block's address */
};

/* The verbs of debug builds, around those of release builds. */
void *zend_mm_modern_debug_alloc(zend_mm_heap *heap, size_t size);
void *zend_mm_modern_debug_alloc_aligned(zend_mm_heap *heap, size_t alignment, size_t size);
void zend_mm_modern_debug_free(zend_mm_heap *heap, void *ptr);
void *zend_mm_modern_debug_realloc(zend_mm_heap *heap, void *ptr, size_t size, size_t copy_size);
/* The bytes requested. */
size_t zend_mm_modern_debug_block_size(zend_mm_heap *heap, void *ptr);

/* Checks one block, at any address whatever.  0 if it is a sound block of the heap, otherwise 1
 * with the problem filled in. */
int zend_mm_modern_debug_check_block(const struct zend_mm_modern_heap *heap, const void *ptr,
	zend_mm_problem *problem);

/* The same for all blocks of a heap whose structures are sound; -1 with errno set where there is no
 * memory for the walk. */
int zend_mm_modern_debug_check_all(struct zend_mm_modern_heap *heap, zend_mm_problem *problem);

/* Adds to a used block's description what its record says. */
void zend_mm_modern_debug_describe(zend_mm_block_info *block);

/* Fills in who asked for the used block of a place, if its record can be read and is a live one. */
void zend_mm_modern_debug_owner(zend_mm_place *place);

/* Reports the blocks that are still in use to the host. */
void zend_mm_modern_debug_report_leaks(struct zend_mm_modern_heap *heap);

#endif
