/* SPDX-License-Identifier: MIT */
/*
 * heap/legacy/corruption.h - what the checks of running requests call when they fail.
 *
 * Each looks again at what its check compared, says which word disagrees and reports it through
 * zend_mm_corrupted(); none returns, and none allocates.
 */
#ifndef HEAP_LEGACY_CORRUPTION_H
#define HEAP_LEGACY_CORRUPTION_H

#include "heap/legacy/heap.h"

#define LEGACY_CORRUPTED ZEND_MM_NORETURN ZEND_MM_COLD

/* A size word and its copy in the block after it, or the copy of the word before it and that. */
LEGACY_CORRUPTED void zend_mm_legacy_corrupted_tags(legacy_heap_t *heap, block_t *block);
/* A ring neighbour that does not point back. */
LEGACY_CORRUPTED void zend_mm_legacy_corrupted_ring(legacy_heap_t *heap, block_t *block);
/* A tree node whose parent does not point at it. */
LEGACY_CORRUPTED void zend_mm_legacy_corrupted_parent(legacy_heap_t *heap, block_t *block);
/* A block given to free or resize that is not in use. */
LEGACY_CORRUPTED void zend_mm_legacy_corrupted_type(legacy_heap_t *heap, block_t *block);
/* A block that should be in the list of a bucket and has another size. */
LEGACY_CORRUPTED void zend_mm_legacy_corrupted_bucket(legacy_heap_t *heap, block_t *block,
	size_t size);
/* A first block whose segment is not in the heap's list. */
LEGACY_CORRUPTED void zend_mm_legacy_corrupted_segment(legacy_heap_t *heap,
	zend_mm_segment *segment);
/* A cookie, a canary or a magic number: as the problem says, unless the address is none of a block
 * to begin with. */
LEGACY_CORRUPTED void zend_mm_legacy_corrupted_mark(legacy_heap_t *heap,
	zend_mm_problem *problem);

#endif
