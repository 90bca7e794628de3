/* SPDX-License-Identifier: MIT */
/*
 * heap/legacy/ideas.h - the single ideas of the design, as questions.
 *
 * The library's heaps have all of them, and the answers are constants.  A heap under study
 * (heap/study/event.h) can do without one, to show what it was good for; then its check, too,
 * knows that two free blocks can be neighbours, or that large ones are in a list.
 */
#ifndef HEAP_LEGACY_IDEAS_H
#define HEAP_LEGACY_IDEAS_H

#include "heap/legacy/heap.h"

/* How many bytes of freed blocks the cache may hold. */
static zend_always_inline size_t idea_cache_capacity(const legacy_heap_t *heap)
{
	return ZEND_MM_STUDY_CHOICE(heap, cache_capacity, legacy_cache_capacity);
}

/* Whether a freed block unites with free neighbours. */
static zend_always_inline bool idea_coalescing(const legacy_heap_t *heap)
{
	return !ZEND_MM_STUDY_CHOICE(heap, no_coalescing, false);
}

/* Whether what oversized segments have left over is set apart. */
static zend_always_inline bool idea_rest_list(const legacy_heap_t *heap)
{
	return !ZEND_MM_STUDY_CHOICE(heap, no_rest_list, false);
}

/* Whether a segment is kept from one request to the next. */
static zend_always_inline bool idea_kept_segment(const legacy_heap_t *heap)
{
	return !ZEND_MM_STUDY_CHOICE(heap, no_kept_segment, false);
}

/* How large free blocks are kept. */
static zend_always_inline enum zend_mm_study_large idea_large(const legacy_heap_t *heap)
{
	return ZEND_MM_STUDY_CHOICE(heap, large, ZEND_MM_STUDY_TRIES);
}

#endif
