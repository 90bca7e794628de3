/* SPDX-License-Identifier: MIT */
/*
 * heap/modern/realloc.c - resizing.
 *
 * In place where the kind of the block allows it; otherwise allocate, copy, free.  compat: what
 * becomes of the peak differs from path to path, and each says so.
 *
 * A refused request leaves the block as it was; size and peak keep what the attempt added.
 */
#include "heap/modern/chunks.h"
#include "heap/modern/fast.h"

static size_t zend_mm_min(size_t a, size_t b)
{
	return a < b ? a : b;
}

/* Allocates, copies at most copy_size of the old block's bytes, frees. */
static ZEND_MM_NOINLINE void *zend_mm_realloc_slow(struct zend_mm_modern_heap *heap, void *ptr,
	size_t old_size, size_t size, size_t copy_size)
{
	size_t peak_before = heap->head.peak;
	void *moved;

	ZEND_MM_EVENT(heap, RESIZE_MOVES, ptr, old_size, size);
	moved = zend_mm_modern_try(heap, size);
	if (moved == NULL) {
		return zend_mm_modern_refused(heap);
	}
	memcpy(moved, ptr, zend_mm_min(zend_mm_min(old_size, size), copy_size));
	zend_mm_modern_free(&heap->head, ptr);
	zend_mm_peak_put_back(&heap->head, peak_before);
	return moved;
}

/* Moves a slot to a smaller bin.  compat: the peak keeps the moment in which there are two. */
static void *zend_mm_realloc_small_shrink(struct zend_mm_modern_heap *heap, void *ptr, unsigned bin,
	size_t size, size_t copy_size)
{
	void *moved;

	ZEND_MM_EVENT(heap, RESIZE_MOVES, ptr, zend_mm_bin_size(bin), size);
	moved = zend_mm_modern_alloc_bin(&heap->head, zend_mm_bin_of(size));
	if (UNEXPECTED(moved == NULL)) {
		return NULL;
	}
	memcpy(moved, ptr, zend_mm_min(size, copy_size));
	zend_mm_modern_push(heap, ptr, bin);
	return moved;
}

/* Moves a slot to a bigger bin.  compat: the peak does not keep that moment. */
static void *zend_mm_realloc_small_grow(struct zend_mm_modern_heap *heap, void *ptr, unsigned bin,
	size_t size, size_t copy_size)
{
	size_t peak_before = heap->head.peak;
	void *moved;

	ZEND_MM_EVENT(heap, RESIZE_MOVES, ptr, zend_mm_bin_size(bin), size);
	moved = zend_mm_modern_alloc_bin(&heap->head, zend_mm_bin_of(size));
	if (UNEXPECTED(moved == NULL)) {
		return NULL;
	}
	memcpy(moved, ptr, zend_mm_min(zend_mm_bin_size(bin), copy_size));
	zend_mm_modern_push(heap, ptr, bin);
	zend_mm_peak_put_back(&heap->head, peak_before);
	return moved;
}

/* Any resize of a slot that does not stay where it is. */
static ZEND_MM_NOINLINE void *zend_mm_realloc_small(struct zend_mm_modern_heap *heap, void *ptr,
	unsigned bin, size_t size, size_t copy_size)
{
	size_t old_size = zend_mm_bin_size(bin);

	if (size <= old_size) {
		return zend_mm_realloc_small_shrink(heap, ptr, bin, size, copy_size);
	}
	if (size <= ZEND_MM_MAX_SMALL_SIZE) {
		return zend_mm_realloc_small_grow(heap, ptr, bin, size, copy_size);
	}
	return zend_mm_realloc_slow(heap, ptr, old_size, size, copy_size);
}

/* Any resize of a run that does not keep its pages. */
static ZEND_MM_NOINLINE void *zend_mm_realloc_large(struct zend_mm_modern_heap *heap, void *ptr,
	size_t size, size_t copy_size)
{
	struct zend_mm_chunk *chunk = zend_mm_chunk_of(ptr);
	unsigned page = zend_mm_page_of(ptr);
	unsigned pages = zend_mm_modern_large_pages(heap, chunk, page, ptr);

	if (size > ZEND_MM_MAX_SMALL_SIZE && size <= ZEND_MM_MAX_LARGE_SIZE &&
	    zend_mm_modern_resize_large(heap, chunk, page, pages, zend_mm_pages_of_bytes(size))) {
		return ptr;
	}
	return zend_mm_realloc_slow(heap, ptr, zend_mm_bytes_of_pages(pages), size, copy_size);
}

/* NULL and huge blocks. */
static ZEND_MM_NOINLINE void *zend_mm_realloc_huge(struct zend_mm_modern_heap *heap, void *ptr,
	size_t size, size_t copy_size)
{
	struct zend_mm_huge_entry *entry;
	int done;

	if (ptr == NULL) {
		return zend_mm_modern_alloc(&heap->head, size);
	}
	entry = zend_mm_modern_find_huge(heap, ptr);
	if (entry == NULL) {
		zend_mm_modern_bad_huge(heap, ptr);
	}
	if (size > ZEND_MM_MAX_LARGE_SIZE) {
		done = zend_mm_modern_resize_huge(heap, entry, size);
		if (done != 0) {
			return done > 0 ? ptr : zend_mm_modern_refused(heap);
		}
	}
	return zend_mm_realloc_slow(heap, ptr, entry->size, size, copy_size);
}

/* Whether a slot of the bin stays where it is: it is big enough, and the bin below is too small or
 * just fits.  compat: just fitting is not enough to move. */
static zend_always_inline bool zend_mm_slot_stays(const struct zend_mm_modern_heap *heap,
	unsigned bin, size_t size)
{
	return size <= heap->bin_sizes[bin] && (bin == 0 || size >= heap->bin_sizes[bin - 1]);
}

/* Whether a block at ptr with that map word is a large run that has just the pages for size. */
static zend_always_inline bool zend_mm_run_stays(const void *ptr, uint32_t word, size_t size)
{
	return size > ZEND_MM_MAX_SMALL_SIZE && size <= ZEND_MM_MAX_LARGE_SIZE &&
		word == zend_mm_large_word(zend_mm_pages_of_bytes(size)) &&
		(uintptr_t)ptr % ZEND_MM_PAGE_SIZE == 0;
}

void *zend_mm_modern_realloc(zend_mm_heap *base, void *ptr, size_t size, size_t copy_size)
{
	struct zend_mm_modern_heap *heap = zend_mm_modern(base);
	size_t offset = zend_mm_chunk_offset(ptr);
	const struct zend_mm_chunk *chunk = zend_mm_chunk_of(ptr);
	uint32_t word;

	if (UNEXPECTED(offset == 0)) {
		return zend_mm_realloc_huge(heap, ptr, zend_mm_least_request(heap, size), copy_size);
	}
	size = zend_mm_least_request(heap, size);
	zend_mm_check_pointer(heap, ptr);
	if (UNEXPECTED(chunk->heap != heap)) {
		zend_mm_modern_bad_chunk(heap, ptr);
	}
	word = chunk->map[offset >> ZEND_MM_PAGE_SHIFT];
	if (EXPECTED(zend_mm_word_is_small(word))) {
		if (zend_mm_slot_stays(heap, zend_mm_word_bin(word), size)) {
			ZEND_MM_EVENT(heap, RESIZE_STAYS, ptr, zend_mm_bin_size(zend_mm_word_bin(word)), size);
			return ptr;
		}
		return zend_mm_realloc_small(heap, ptr, zend_mm_word_bin(word), size, copy_size);
	}
	if (zend_mm_run_stays(ptr, word, size)) {
		ZEND_MM_EVENT(heap, RESIZE_STAYS, ptr, zend_mm_bytes_of_pages(zend_mm_word_pages(word)),
			size);
		return ptr;
	}
	return zend_mm_realloc_large(heap, ptr, size, copy_size);
}
