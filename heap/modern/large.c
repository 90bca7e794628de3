/* SPDX-License-Identifier: MIT */
/*
 * heap/modern/large.c - large blocks: runs of whole pages.
 *
 * Called by the dispatching half of allocation (alloc.c), by fast.h for freeing, and by realloc.c.
 *
 * Invariant: the first map word of a large run has its pages; the later ones are 0.
 */
#include "heap/modern/chunks.h"
#include "heap/modern/pages.h"

void *zend_mm_modern_try_large(struct zend_mm_modern_heap *heap, size_t size)
{
	unsigned pages = zend_mm_pages_of_bytes(size);
	void *run = zend_mm_chunks_take_pages(heap, pages);

	if (run == NULL) {
		return NULL;
	}
	zend_mm_chunk_of(run)->map[zend_mm_page_of(run)] = zend_mm_large_word(pages);
	zend_mm_size_add(heap, zend_mm_bytes_of_pages(pages));
	return run;
}

void zend_mm_modern_free_large(void *ptr, struct zend_mm_modern_heap *heap)
{
	struct zend_mm_chunk *chunk = zend_mm_chunk_of(ptr);
	unsigned page = zend_mm_page_of(ptr);
	unsigned pages = zend_mm_modern_large_pages(heap, chunk, page, ptr);

	zend_mm_size_sub(heap, zend_mm_bytes_of_pages(pages));
	zend_mm_chunks_give_pages(heap, chunk, page, pages);
}

/* Gives the tail of a run back.  compat: free_tail stays, even where the run ended at it. */
static void zend_mm_large_shrink(struct zend_mm_modern_heap *heap, struct zend_mm_chunk *chunk,
	unsigned page, unsigned old_pages, unsigned new_pages)
{
	unsigned pages = old_pages - new_pages;

	zend_mm_size_sub(heap, zend_mm_bytes_of_pages(pages));
	chunk->free_pages += pages;
	zend_mm_pages_clear(chunk, page + new_pages, pages);
	zend_mm_pages_changed(chunk);
	chunk->map[page] = zend_mm_large_word(new_pages);
	ZEND_MM_EVENT(heap, RESIZE_SHRINKS, zend_mm_page_address(chunk, page),
		zend_mm_bytes_of_pages(old_pages), zend_mm_bytes_of_pages(new_pages));
}

/* Takes the pages after a run, if they are free.  compat: free_tail stays, even where the run now
 * reaches past it. */
static bool zend_mm_large_grow(struct zend_mm_modern_heap *heap, struct zend_mm_chunk *chunk,
	unsigned page, unsigned old_pages, unsigned new_pages)
{
	unsigned pages = new_pages - old_pages;

	if (page + new_pages > ZEND_MM_PAGES ||
	    !zend_mm_pages_are_free(chunk, page + old_pages, pages)) {
		return false;
	}
	zend_mm_size_add(heap, zend_mm_bytes_of_pages(pages));
	chunk->free_pages -= pages;
	zend_mm_pages_set(chunk, page + old_pages, pages);
	zend_mm_pages_changed(chunk);
	chunk->map[page] = zend_mm_large_word(new_pages);
	ZEND_MM_EVENT(heap, RESIZE_GROWS, zend_mm_page_address(chunk, page),
		zend_mm_bytes_of_pages(old_pages), zend_mm_bytes_of_pages(new_pages));
	return true;
}

bool zend_mm_modern_resize_large(struct zend_mm_modern_heap *heap, struct zend_mm_chunk *chunk,
	unsigned page, unsigned old_pages, unsigned new_pages)
{
	if (new_pages < old_pages) {
		zend_mm_large_shrink(heap, chunk, page, old_pages, new_pages);
		return true;
	}
	return new_pages == old_pages ||
		zend_mm_large_grow(heap, chunk, page, old_pages, new_pages);
}
