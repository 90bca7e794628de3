/* SPDX-License-Identifier: MIT */
/*
 * heap/modern/aligned.c - allocation at an alignment above 8 bytes.
 *
 * PHP's allocator has no such request; the malloc replacement needs it.  Four ways, by alignment
 * and size:
 *
 *	a slot    of the first bin that is large enough and whose size is a multiple of the
 *	          alignment: runs begin at a page
 *	a run     of pages, for alignments up to a page
 *	a part    of a longer run, for alignments above a page: what lies before the aligned page
 *	          becomes a run of its own and is freed, what lies behind is cut off
 *	a region  of its own, aligned to 2 MiB like every huge block, or more
 *
 * The blocks are like all others, so that freeing, resizing and checking need not know of
 * alignment.  A resize that moves the block loses it, as realloc() does.
 *
 * Called by the malloc replacement.
 */
#include "heap/modern/fast.h"

static size_t greater(size_t a, size_t b)
{
	return a > b ? a : b;
}

/* The bin whose slots are all aligned and have size bytes; ZEND_MM_BIN_COUNT where none is. */
static unsigned aligned_bin(size_t alignment, size_t size)
{
	unsigned bin = ZEND_MM_BIN_COUNT;

	if (size <= ZEND_MM_MAX_SMALL_SIZE) {
		bin = zend_mm_bin_of(size);
		while (bin < ZEND_MM_BIN_COUNT && zend_mm_bin_size(bin) % alignment != 0) {
			bin++;
		}
	}
	return bin;
}

/* Makes a run two: the first of so many pages, which is freed.  The second's address. */
static void *cut_front(struct zend_mm_modern_heap *heap, void *run, unsigned front)
{
	struct zend_mm_chunk *chunk = zend_mm_chunk_of(run);
	unsigned page = zend_mm_page_of(run);
	unsigned pages = zend_mm_word_pages(chunk->map[page]);

	chunk->map[page] = zend_mm_large_word(front);
	chunk->map[page + front] = zend_mm_large_word(pages - front);
	zend_mm_modern_free(&heap->head, run);
	return zend_mm_page_address(chunk, page + front);
}

/* A part of a run, for alignments above a page and below 2 MiB. */
static void *alloc_part(struct zend_mm_modern_heap *heap, size_t alignment, size_t size)
{
	char *run = zend_mm_modern_alloc_slow(size + alignment - ZEND_MM_PAGE_SIZE, heap);
	size_t front;

	if (!run) {
		return NULL;
	}
	front = -(uintptr_t)run & (alignment - 1);
	if (front) {
		run = cut_front(heap, run, (unsigned)(front >> ZEND_MM_PAGE_SHIFT));
	}
	return zend_mm_modern_realloc(&heap->head, run, size, SIZE_MAX); /* smaller: stays */
}

void *zend_mm_modern_alloc_aligned(zend_mm_heap *base, size_t alignment, size_t size)
{
	struct zend_mm_modern_heap *heap = zend_mm_modern(base);
	unsigned bin;

	size = zend_mm_least_request(heap, size);
	if (alignment < ZEND_MM_PAGE_SIZE) {
		bin = aligned_bin(alignment, size);
		if (bin < ZEND_MM_BIN_COUNT) {
			return zend_mm_modern_alloc_bin(base, bin);
		}
	}
	size = greater(size, ZEND_MM_PAGE_SIZE); /* whole pages from here on */
	if (alignment <= ZEND_MM_PAGE_SIZE) {
		return zend_mm_modern_alloc_slow(size, heap);
	}
	if (alignment < ZEND_MM_CHUNK_SIZE &&
		size <= ZEND_MM_MAX_LARGE_SIZE - (alignment - ZEND_MM_PAGE_SIZE)) {
		return alloc_part(heap, alignment, size);
	}
	return zend_mm_modern_alloc_huge_aligned(heap, greater(alignment, ZEND_MM_CHUNK_SIZE),
		greater(size, ZEND_MM_MAX_LARGE_SIZE + 1)); /* no huge block is smaller */
}
