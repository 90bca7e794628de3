/* SPDX-License-Identifier: MIT */
/*
 * heap/legacy/cache.h - the cache: one stack of used blocks per small bucket.
 *
 * A block in the cache keeps its used type and stays counted in the size, so that nothing
 * coalesces with it and taking it again changes no figure but `cached`.
 */
#ifndef HEAP_LEGACY_CACHE_H
#define HEAP_LEGACY_CACHE_H

#include "heap/legacy/ideas.h"

/* Takes the block at the top of a stack, which is data; size is the true size. */
static zend_always_inline void cache_pop(legacy_heap_t *heap, size_t size, void *data)
{
	void *next = cache_taken(heap, data);

	heap->cached -= size;
	ZEND_MM_OPAQUE(size);
	*cache_of(heap, size) = next;
	ZEND_MM_EVENT(heap, CACHE_HIT, data, size, bucket_of(size));
	if (config_cache_statistics) {
		heap->statistics[bucket_of(size)].hits++;
		heap->statistics[bucket_of(size)].length--;
	}
}

/* Puts a block of a small true size, whose bucket is known, on top of its stack. */
static zend_always_inline void cache_push_to(legacy_heap_t *heap, size_t bucket, size_t size,
	void *data)
{
	heap->cached += size;
	ZEND_MM_EVENT(heap, CACHE_PUSH, data, size, bucket);
	cache_set_next(heap, data, heap->cache[bucket]);
	ZEND_MM_OPAQUE(bucket);
	heap->cache[bucket] = data;
	if (config_cache_statistics) {
		struct zend_mm_legacy_cache_statistics *seen = &heap->statistics[bucket];

		seen->length++;
		seen->longest = seen->length > seen->longest ? seen->length : seen->longest;
	}
}

static zend_always_inline void cache_push(legacy_heap_t *heap, size_t size, void *data)
{
	cache_push_to(heap, bucket_of(size), size, data);
}

/* Whether a freed block may go to the cache.  compat: what it holds is compared before adding, so
 * the last block can take it past the capacity. */
static zend_always_inline bool cache_has_room(const legacy_heap_t *heap)
{
	return heap->cached < idea_cache_capacity(heap);
}

/* Counts a request that the cache could not serve. */
static zend_always_inline void cache_missed(legacy_heap_t *heap, size_t size)
{
	ZEND_MM_EVENT(heap, CACHE_MISS, NULL, size, bucket_of(size));
	if (config_cache_statistics) {
		heap->statistics[bucket_of(size)].misses++;
	}
}

/* Gives all cached blocks to the free lists, and segments that become free to storage.
 * The size is left as it was (compat: usage over-reports until the request ends). */
void zend_mm_legacy_flush_cache(legacy_heap_t *heap);

/* Forgets all cached blocks, for the end of a request. */
void zend_mm_legacy_forget_cache(legacy_heap_t *heap);

/* Builds with cache statistics: appends them as a table to zend_mm.log in the current directory.
 * Nothing is written where the file cannot be opened. */
void zend_mm_legacy_log_cache(const legacy_heap_t *heap);

#endif
