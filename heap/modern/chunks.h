/* SPDX-License-Identifier: MIT */
/*
 * heap/modern/chunks.h - the circle of chunks and the cache of spare ones.
 */
#ifndef HEAP_MODERN_CHUNKS_H
#define HEAP_MODERN_CHUNKS_H

#include "heap/modern/heap.h"

/* Takes a run of count pages: from the chunks, from a cached chunk or from a new one.  Counts
 * real_size, not size; the map words are the caller's.  NULL with the refusal noted; otherwise the
 * run's address. */
void *zend_mm_chunks_take_pages(struct zend_mm_modern_heap *heap, unsigned count);

/* Gives a run back, and deletes the chunk where that was its last one. */
void zend_mm_chunks_give_pages(struct zend_mm_modern_heap *heap, struct zend_mm_chunk *chunk,
	unsigned page, unsigned count);

/* Deletes a chunk without runs, if it is one and not the main one: it joins the cached ones or goes
 * back to storage. */
void zend_mm_chunks_delete_if_empty(struct zend_mm_modern_heap *heap, struct zend_mm_chunk *chunk);

/* Gives the first cached chunk back to storage; real_size is the caller's. */
void zend_mm_chunks_drop_cached(struct zend_mm_modern_heap *heap);

/* Puts all chunks but the main one at the front of the cached ones, in the order of the circle. */
void zend_mm_chunks_cache_all(struct zend_mm_modern_heap *heap);

/* Makes the main chunk one without runs, alone in its circle. */
void zend_mm_chunks_reset_main(struct zend_mm_modern_heap *heap);

#endif
