/* SPDX-License-Identifier: MIT */
/*
 * preload/fast.h - malloc and free as nearly every request takes them: a block of the thread's own
 * heap from a list, a block of it to a list.
 *
 * One load of thread-local storage, no lock, no loop, no call but the tail call to the slow half
 * (slow.c), which does the whole work for any argument.  Included by exports.c, which gives these
 * functions their names, and by tests that call them without replacing malloc.
 */
#ifndef PRELOAD_FAST_H
#define PRELOAD_FAST_H

#include <limits.h>

#include "interface/interface.h"
#include "preload/home.h"
#include "preload/request.h"

/* {{{ The slow halves, with the semantics of the C library's functions (slow.c). */

void *zend_mm_preload_malloc_slow(size_t size) ZEND_MM_NOINLINE;
void zend_mm_preload_free_slow(void *ptr) ZEND_MM_NOINLINE;
/* A block of the calling thread's heap that no list took. */
void zend_mm_preload_free_own(void *ptr) ZEND_MM_NOINLINE;
void *zend_mm_preload_calloc_slow(size_t size) ZEND_MM_NOINLINE;
/* realloc() of a block. */
void *zend_mm_preload_resize(void *ptr, size_t size) ZEND_MM_NOINLINE;
/* alignment is a power of two.  NULL, with errno ENOMEM, where there is no memory. */
void *zend_mm_preload_aligned(size_t alignment, size_t size);
size_t zend_mm_preload_usable_size(void *ptr);

/* }}} */

/* A block from the cache or from a bin's list, NULL where there is none.  The heap is of a plain
 * kind. */
static zend_always_inline void *zend_mm_take_listed(zend_mm_heap *heap, size_t size)
{
	if (heap->kind == ZEND_MM_KIND_LEGACY) {
		if (legacy_plain && EXPECTED(size <= ZEND_MM_LEGACY_CACHED_MAX)) {
			legacy_heap_t *legacy = (legacy_heap_t *)heap;
			size_t true_size = zend_mm_true_size_of_request(size);
			void *data = *cache_of(legacy, true_size);

			if (EXPECTED(data != NULL)) {
				cache_pop(legacy, true_size, data);
				return data;
			}
		}
	} else if (EXPECTED(size <= ZEND_MM_MAX_SMALL_SIZE)) {
		struct zend_mm_modern_heap *modern = zend_mm_modern(heap);
		size_t bin = zend_mm_bin_of_request(size);
		struct zend_mm_slot *slot = modern->free_slots[bin];

		if (EXPECTED(slot != NULL)) {
			zend_mm_size_add(modern, zend_mm_heap_bin_size(modern, bin));
			modern->free_slots[bin] = zend_mm_slot_next(modern, slot);
			return slot;
		}
	}
	return NULL;
}

/* Puts a block of the heap into the cache or its bin's list; false where it is none for them. */
static zend_always_inline bool zend_mm_put_listed(zend_mm_heap *heap, void *ptr)
{
	if (heap->kind == ZEND_MM_KIND_LEGACY) {
		if (legacy_plain) {
			legacy_heap_t *legacy = (legacy_heap_t *)heap;
			/* The bucket, if the block is small and used: the type goes to the top. */
			size_t distance = block_of(ptr)->word - (legacy_smallest_block | block_used);
			size_t bucket = distance >> 3 | distance << (sizeof(size_t) * CHAR_BIT - 3);

			if (EXPECTED(bucket < legacy_bucket_count) && EXPECTED(cache_has_room(legacy))) {
				cache_push(legacy, distance + legacy_smallest_block, ptr);
				return true;
			}
		}
	} else if (EXPECTED(zend_mm_page_of(ptr) != 0)) {
		uint32_t word = zend_mm_chunk_of(ptr)->map[zend_mm_page_of(ptr)];

		if (EXPECTED(zend_mm_word_is_small(word))) {
			zend_mm_modern_push(zend_mm_modern(heap), ptr, zend_mm_word_bin(word));
			return true;
		}
	}
	return false;
}

static zend_always_inline void *zend_mm_preload_malloc(size_t size)
{
	zend_mm_heap *heap = zend_mm_thread.fast;

	if (EXPECTED(heap != NULL)) {
		void *data = zend_mm_take_listed(heap, size);

		if (EXPECTED(data != NULL)) {
			return data;
		}
	}
	return zend_mm_preload_malloc_slow(size);
}

static zend_always_inline void zend_mm_preload_free(void *ptr)
{
	zend_mm_heap *heap = zend_mm_thread.fast;

	if (EXPECTED(zend_mm_home_of(ptr) == zend_mm_thread.home) && EXPECTED(heap != NULL) &&
		EXPECTED(((uintptr_t)ptr & (ZEND_MM_ALIGNMENT - 1)) == 0)) {
		if (UNEXPECTED(!zend_mm_put_listed(heap, ptr))) {
			zend_mm_preload_free_own(ptr);
		}
		return;
	}
	zend_mm_preload_free_slow(ptr);
}

static zend_always_inline void *zend_mm_preload_realloc(void *ptr, size_t size)
{
	return ptr != NULL ? zend_mm_preload_resize(ptr, size) : zend_mm_preload_malloc(size);
}

static zend_always_inline void *zend_mm_preload_calloc(size_t count, size_t size)
{
	zend_mm_heap *heap = zend_mm_thread.fast;
	size_t bytes;

	if (UNEXPECTED(__builtin_mul_overflow(count, size, &bytes))) {
		bytes = SIZE_MAX; /* refused as too large */
	}
	if (EXPECTED(heap != NULL)) {
		void *data = zend_mm_take_listed(heap, bytes);

		if (EXPECTED(data != NULL)) {
			return memset(data, 0, bytes);
		}
	}
	return zend_mm_preload_calloc_slow(bytes);
}

#endif
