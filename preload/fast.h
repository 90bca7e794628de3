/* SPDX-License-Identifier: MIT */
/*
 * preload/fast.h - malloc and free as nearly every request takes them: a block of the thread's own
 * heap from a list, a block of it to a list.
 *
 * Loads of thread-local storage, no lock, no loop, no call but the tail call to the slow half
 * (slow.c), which does the whole work for any argument.  Included by exports.c, which gives these
 * functions their names, and by tests that call them without replacing malloc.
 */
#ifndef PRELOAD_FAST_H
#define PRELOAD_FAST_H

#include <limits.h>

#include "heap/claim.h"
#include "interface/interface.h"
#include "preload/home.h"
#include "preload/request.h"

/* {{{ The slow halves, with the semantics of the C library's functions (slow.c). */

void *zend_mm_preload_malloc_slow(size_t size) ZEND_MM_NOINLINE;
void zend_mm_preload_free_slow(void *ptr) ZEND_MM_NOINLINE;
/* A block that no list took, and that the map says is of the thread's home, if it has one. */
void zend_mm_preload_free_own(void *ptr) ZEND_MM_NOINLINE;
/* The same two where the program says something about the block: claim is made of these. */
enum { ZEND_MM_SAYS_SIZE = 4, ZEND_MM_SAYS_ALIGNMENT = 8 }; /* beside the family */
void zend_mm_preload_free_slow_as(void *ptr, size_t size, size_t alignment,
	unsigned said) ZEND_MM_NOINLINE;
void zend_mm_preload_free_own_as(void *ptr, size_t size, size_t alignment,
	unsigned said) ZEND_MM_NOINLINE;
/* A request of operator new, which notes that it was one. */
void *zend_mm_preload_new_slow(size_t size, size_t alignment,
	enum zend_mm_family family) ZEND_MM_NOINLINE;
/* Notes who handed a block out, where heaps want to know. */
void zend_mm_preload_label(const void *data, enum zend_mm_family family) ZEND_MM_COLD;
void *zend_mm_preload_calloc_slow(size_t size) ZEND_MM_NOINLINE;
/* realloc() of a block. */
void *zend_mm_preload_resize(void *ptr, size_t size) ZEND_MM_NOINLINE;
/* alignment is a power of two.  NULL, with errno ENOMEM, where there is no memory. */
void *zend_mm_preload_aligned(size_t alignment, size_t size);
size_t zend_mm_preload_usable_size(void *ptr);

/* }}} */

/* {{{ Lists: the cache and the bins'.  The heaps are of plain kinds. */

/* A block from the cache, NULL where there is none. */
static zend_always_inline void *zend_mm_take_cached(zend_mm_heap *heap, size_t size)
{
	legacy_heap_t *legacy = (legacy_heap_t *)heap;

	if (legacy_plain && EXPECTED(size <= ZEND_MM_LEGACY_CACHED_MAX)) {
		size_t true_size = zend_mm_true_size_of_request(size);
		void *data = *cache_of(legacy, true_size);

		if (EXPECTED(data != NULL)) {
			cache_pop(legacy, true_size, data);
			return data;
		}
	}
	return NULL;
}

/* A slot of a bin's list, NULL where there is none. */
static zend_always_inline void *zend_mm_take_slot(zend_mm_heap *heap, size_t size)
{
	struct zend_mm_modern_heap *modern = zend_mm_modern(heap);

	if (EXPECTED(size <= ZEND_MM_MAX_SMALL_SIZE)) {
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

static zend_always_inline void *zend_mm_take_listed(zend_mm_heap *heap, size_t size)
{
	return heap->kind == ZEND_MM_KIND_LEGACY ? zend_mm_take_cached(heap, size) :
		zend_mm_take_slot(heap, size);
}

/* The same of the calling thread's heap, where requests may take it. */
static zend_always_inline void *zend_mm_take_here(size_t size)
{
	zend_mm_heap *heap = zend_mm_thread.modern;

	if (EXPECTED(heap != NULL)) {
		return zend_mm_take_slot(heap, size);
	}
	heap = zend_mm_thread.legacy;
	return EXPECTED(heap != NULL) ? zend_mm_take_cached(heap, size) : NULL;
}

/* Puts a block of the heap into the cache; false where it is none for it. */
static zend_always_inline bool zend_mm_put_cached(zend_mm_heap *heap, void *ptr)
{
	legacy_heap_t *legacy = (legacy_heap_t *)heap;
	/* The bucket, if the block is small and used: the type goes to the top. */
	size_t distance = block_of(ptr)->word - (legacy_smallest_block | block_used);
	size_t bucket = distance >> 3 | distance << (sizeof(size_t) * CHAR_BIT - 3);

	if (legacy_plain && EXPECTED(bucket < legacy_bucket_count) &&
		EXPECTED(cache_has_room(legacy))) {
		cache_push(legacy, distance + legacy_smallest_block, ptr);
		return true;
	}
	return false;
}

/* Puts a block into its bin's list; false where it is no slot.  chunk_end is the last byte of its
 * chunk. */
static zend_always_inline bool zend_mm_put_slot(zend_mm_heap *heap, void *ptr,
	uintptr_t chunk_end)
{
	const struct zend_mm_chunk *chunk = (void *)(chunk_end - ZEND_MM_CHUNK_MASK);
	uint32_t word = chunk->map[zend_mm_page_of(ptr)];

	if (EXPECTED(zend_mm_word_is_small(word))) {
		zend_mm_modern_push(zend_mm_modern(heap), ptr, zend_mm_word_bin(word));
		return true;
	}
	return false;
}

/* }}} */

static zend_always_inline bool zend_mm_is_aligned(const void *ptr)
{
	return ((uintptr_t)ptr & (ZEND_MM_ALIGNMENT - 1)) == 0;
}

/* A block in a piece of the thread's own heap.  Where it is a chunk, the map of pages says of its
 * first page, too, that no slot is there; a huge block, of which the program writes that word, is
 * no piece. */
static zend_always_inline bool zend_mm_put_in_piece(void *ptr, uintptr_t piece_end)
{
	zend_mm_heap *heap = zend_mm_thread.modern;

	if (EXPECTED(heap != NULL)) {
		return zend_mm_put_slot(heap, ptr, piece_end);
	}
	heap = zend_mm_thread.legacy;
	return EXPECTED(heap != NULL) && zend_mm_put_cached(heap, ptr);
}

/* A block of the thread's own home, as the map says; what begins with a chunk may be a huge one. */
static zend_always_inline bool zend_mm_put_here(void *ptr, uintptr_t piece_end)
{
	if ((zend_mm_page_of(ptr) != 0 || zend_mm_thread.legacy != NULL) &&
		EXPECTED(zend_mm_put_in_piece(ptr, piece_end))) {
		zend_mm_thread.piece_end = piece_end;
		return true;
	}
	return false;
}

static zend_always_inline void *zend_mm_preload_malloc(size_t size)
{
	void *data = zend_mm_take_here(size);

	return EXPECTED(data != NULL) ? data : zend_mm_preload_malloc_slow(size);
}

/* What became of a block that is freed. */
enum zend_mm_put { ZEND_MM_PUT, ZEND_MM_PUT_OWN, ZEND_MM_PUT_SLOW };

static zend_always_inline enum zend_mm_put zend_mm_preload_put(void *ptr)
{
	uintptr_t piece_end = (uintptr_t)ptr | zend_mm_thread.piece_mask;

	if (EXPECTED(piece_end == zend_mm_thread.piece_end) && EXPECTED(zend_mm_is_aligned(ptr)) &&
		EXPECTED(zend_mm_put_in_piece(ptr, piece_end))) {
		return ZEND_MM_PUT;
	}
	if (EXPECTED(zend_mm_home_of(ptr) == zend_mm_thread.home) &&
		EXPECTED(zend_mm_is_aligned(ptr))) {
		return EXPECTED(zend_mm_put_here(ptr, piece_end)) ? ZEND_MM_PUT : ZEND_MM_PUT_OWN;
	}
	return ZEND_MM_PUT_SLOW;
}

static zend_always_inline void zend_mm_preload_free(void *ptr)
{
	enum zend_mm_put put = zend_mm_preload_put(ptr);

	if (UNEXPECTED(put == ZEND_MM_PUT_OWN)) {
		zend_mm_preload_free_own(ptr);
	} else if (UNEXPECTED(put == ZEND_MM_PUT_SLOW)) {
		zend_mm_preload_free_slow(ptr);
	}
}

/* The same, for functions that say more than free() does; said: a family and what else is said. */
static zend_always_inline void zend_mm_preload_free_as(void *ptr, size_t size, size_t alignment,
	unsigned said)
{
	enum zend_mm_put put = zend_mm_preload_put(ptr);

	if (UNEXPECTED(put == ZEND_MM_PUT_OWN)) {
		zend_mm_preload_free_own_as(ptr, size, alignment, said);
	} else if (UNEXPECTED(put == ZEND_MM_PUT_SLOW)) {
		zend_mm_preload_free_slow_as(ptr, size, alignment, said);
	}
}

static zend_always_inline void *zend_mm_preload_new(size_t size, enum zend_mm_family family)
{
	void *data = zend_mm_take_here(size);

	return EXPECTED(data != NULL) ? data : zend_mm_preload_new_slow(size, 1, family);
}

static zend_always_inline void *zend_mm_preload_realloc(void *ptr, size_t size)
{
	return ptr != NULL ? zend_mm_preload_resize(ptr, size) : zend_mm_preload_malloc(size);
}

static zend_always_inline void *zend_mm_preload_calloc(size_t count, size_t size)
{
	size_t bytes;
	void *data;

	if (UNEXPECTED(__builtin_mul_overflow(count, size, &bytes))) {
		bytes = SIZE_MAX; /* refused as too large */
	}
	data = zend_mm_take_here(bytes);
	return EXPECTED(data != NULL) ? memset(data, 0, bytes) : zend_mm_preload_calloc_slow(bytes);
}

#endif
