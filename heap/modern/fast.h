/* SPDX-License-Identifier: MIT */
/*
 * heap/modern/fast.h - the inline halves of allocation and freeing, for the interface and for the
 * heap's own verbs.
 *
 * Each is straight code that ends in a tail call to its slow half.
 */
#ifndef HEAP_MODERN_FAST_H
#define HEAP_MODERN_FAST_H

#include "heap/modern/heap.h"

/* Bytes of a bin's slot.  A constant bin gives a constant. */
static zend_always_inline size_t zend_mm_heap_bin_size(const struct zend_mm_modern_heap *heap,
	size_t bin)
{
	return __builtin_constant_p(bin) ? zend_mm_bin_size(bin) : heap->bin_sizes[bin];
}

/* Takes a slot of a bin.  compat: the bytes are counted first, and stay counted where the slot
 * cannot be had. */
static zend_always_inline void *zend_mm_modern_alloc_bin(zend_mm_heap *base, size_t bin)
{
	struct zend_mm_modern_heap *heap = zend_mm_modern(base);
	struct zend_mm_slot *slot;

	zend_mm_size_add(heap, zend_mm_heap_bin_size(heap, bin));
	slot = heap->free_slots[bin];
	if (UNEXPECTED(slot == NULL)) {
		return zend_mm_modern_alloc_small_slow(bin, heap);
	}
	ZEND_MM_EVENT(heap, SLOT_TAKEN, slot, zend_mm_bin_size(bin), bin);
	ZEND_MM_OPAQUE(bin);
	heap->free_slots[bin] = zend_mm_slot_taken(heap, slot);
	return slot;
}

/* Gives a slot of a bin back.  The block is known to be one of that bin. */
static zend_always_inline void zend_mm_modern_push(struct zend_mm_modern_heap *heap, void *ptr,
	size_t bin)
{
	struct zend_mm_slot *slot = (struct zend_mm_slot *)ptr;

	zend_mm_size_sub(heap, zend_mm_heap_bin_size(heap, bin));
	ZEND_MM_EVENT(heap, SLOT_GIVEN, slot, zend_mm_bin_size(bin), bin);
	zend_mm_slot_set_next(heap, slot, heap->free_slots[bin]);
	ZEND_MM_OPAQUE(bin);
	heap->free_slots[bin] = slot;
}

/* Frees a block that the caller says is of that bin. */
static zend_always_inline void zend_mm_modern_free_bin(zend_mm_heap *base, void *ptr, size_t bin)
{
	struct zend_mm_modern_heap *heap = zend_mm_modern(base);

	zend_mm_check_pointer(heap, ptr);
	if (UNEXPECTED(zend_mm_chunk_of(ptr)->heap != heap)) {
		zend_mm_modern_free_foreign(ptr, heap);
		return;
	}
	zend_mm_modern_push(heap, ptr, bin);
}

/* Allocates; a refused request is reported. */
static zend_always_inline void *zend_mm_modern_alloc(zend_mm_heap *base, size_t size)
{
	if (EXPECTED(size <= ZEND_MM_MAX_SMALL_SIZE)) {
		return zend_mm_modern_alloc_bin(base, zend_mm_bin_of(size));
	}
	return zend_mm_modern_alloc_slow(size, zend_mm_modern(base));
}

/* Frees a block of any kind; NULL is ignored. */
static zend_always_inline void zend_mm_modern_free(zend_mm_heap *base, void *ptr)
{
	struct zend_mm_modern_heap *heap = zend_mm_modern(base);
	const struct zend_mm_chunk *chunk;
	size_t offset = zend_mm_chunk_offset(ptr);
	uint32_t word;

	if (UNEXPECTED(offset == 0)) {
		zend_mm_modern_free_huge(ptr, heap);
		return;
	}
	zend_mm_check_pointer(heap, ptr);
	chunk = zend_mm_chunk_of(ptr);
	if (UNEXPECTED(chunk->heap != heap)) {
		zend_mm_modern_free_foreign(ptr, heap);
		return;
	}
	word = chunk->map[offset >> ZEND_MM_PAGE_SHIFT];
	if (UNEXPECTED(!zend_mm_word_is_small(word))) {
		zend_mm_modern_free_large(ptr, heap);
		return;
	}
	zend_mm_modern_push(heap, ptr, zend_mm_word_bin(word));
}

#endif
