/* SPDX-License-Identifier: MIT */
/*
 * heap/legacy/fast.h - the halves of allocation and freeing that nearly every request takes: a
 * block from the cache, a block to the cache.  The interface inlines them behind its dispatch.
 *
 * No loop, and no call but the tail call to the slow half.  The slow halves do the whole work for
 * any arguments; the fast ones only take cases away from them.  In builds where a block is more
 * than its two words and the data they leave everything to the slow halves.
 */
#ifndef HEAP_LEGACY_FAST_H
#define HEAP_LEGACY_FAST_H

#include "heap/legacy/cache.h"

/* The slow halves (alloc.c, free.c) and what has no fast half.  Those called uncached go on where
 * the cache has no block of a small true size, and where it has no room for a used block, of which
 * the word is given.  The heap comes second, so that emalloc() and efree() leave their argument
 * where it is: one instruction less in each request. */
void *zend_mm_legacy_alloc_slow(size_t size, zend_mm_heap *heap);
void *zend_mm_legacy_alloc_uncached(size_t size, zend_mm_heap *heap, size_t true_size);
void zend_mm_legacy_free_slow(void *ptr, zend_mm_heap *heap);
void zend_mm_legacy_free_uncached(void *ptr, zend_mm_heap *heap, size_t word);
void *zend_mm_legacy_realloc(zend_mm_heap *heap, void *ptr, size_t size, size_t copy_size);
size_t zend_mm_legacy_block_size(zend_mm_heap *heap, void *ptr);

/* Allocates as zend_mm_alloc() does. */
static zend_always_inline void *zend_mm_legacy_alloc(zend_mm_heap *heap, size_t size)
{
	legacy_heap_t *legacy = (legacy_heap_t *) heap;

	if (legacy_plain && EXPECTED(size <= legacy_largest_small_request)) {
		size_t true_size = legacy_true_size(size);
		void *data = *cache_of(legacy, true_size);

		if (EXPECTED(data != NULL)) {
			cache_pop(legacy, true_size, data);
			return data;
		}
		return zend_mm_legacy_alloc_uncached(size, heap, true_size);
	}
	return zend_mm_legacy_alloc_slow(size, heap);
}

/* Frees as zend_mm_free() does. */
static zend_always_inline void zend_mm_legacy_free(zend_mm_heap *heap, void *ptr)
{
	legacy_heap_t *legacy = (legacy_heap_t *) heap;

	if (legacy_plain && !config_hardened && EXPECTED(ptr != NULL)) {
		/* The bucket, if the block is small and used: a wrong type goes to the highest bits. */
		size_t distance = block_of(ptr)->word - (legacy_smallest_block | block_used);
		size_t bucket = distance >> 3 | distance << (8 * sizeof(size_t) - 3);

		if (EXPECTED(bucket < legacy_bucket_count)) {
			if (EXPECTED(cache_has_room(legacy))) {
				cache_push_to(legacy, bucket, distance + legacy_smallest_block, ptr);
				return;
			}
			zend_mm_legacy_free_uncached(ptr, heap, block_of(ptr)->word);
			return;
		}
	}
	zend_mm_legacy_free_slow(ptr, heap);
}

#endif
