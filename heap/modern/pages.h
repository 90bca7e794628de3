/* SPDX-License-Identifier: MIT */
/*
 * heap/modern/pages.h - the pages of one chunk: its bitmap, its best-fit search, taking and giving
 * back.
 */
#ifndef HEAP_MODERN_PAGES_H
#define HEAP_MODERN_PAGES_H

#include "heap/modern/heap.h"

/* {{{ The bitmap */

static inline bool zend_mm_page_is_used(const struct zend_mm_chunk *chunk, unsigned page)
{
	return (chunk->used[page / 64] >> (page % 64)) & 1;
}

/* The bits of one bitmap word that lie in [page, end); page < end, and page is in the word. */
static inline uint64_t zend_mm_page_bits(unsigned page, unsigned end)
{
	unsigned first = page % 64;
	unsigned count = end - page;

	return count + first >= 64 ? ~UINT64_C(0) << first :
		((UINT64_C(1) << count) - 1) << first;
}

static inline void zend_mm_pages_set(struct zend_mm_chunk *chunk, unsigned page, unsigned count)
{
	unsigned end = page + count;

	while (page < end) {
		chunk->used[page / 64] |= zend_mm_page_bits(page, end);
		page = (page | 63) + 1;
	}
}

static inline void zend_mm_pages_clear(struct zend_mm_chunk *chunk, unsigned page, unsigned count)
{
	unsigned end = page + count;

	while (page < end) {
		chunk->used[page / 64] &= ~zend_mm_page_bits(page, end);
		page = (page | 63) + 1;
	}
}

static inline bool zend_mm_pages_are_free(const struct zend_mm_chunk *chunk, unsigned page,
	unsigned count)
{
	unsigned end = page + count;

	while (page < end) {
		if (chunk->used[page / 64] & zend_mm_page_bits(page, end)) {
			return false;
		}
		page = (page | 63) + 1;
	}
	return true;
}
/* }}} */

/* A chunk's pages have changed: how many it has in a row is not known any more. */
static inline void zend_mm_pages_changed(const struct zend_mm_chunk *chunk)
{
	struct zend_mm_modern_heap *heap = chunk->heap;

	if (UNEXPECTED(heap->order.places != 0)) {
		if (chunk == heap->main_chunk) {
			heap->order.main_most = chunk->free_pages;
		} else {
			zend_mm_order_set(&heap->order, chunk, chunk->free_pages);
		}
	}
}

/* The most pages in a row, as a search that finds none counts them. */
unsigned zend_mm_pages_longest(const struct zend_mm_chunk *chunk);

/* The first page of the best fit for count pages, 0 where the chunk has none.  May correct
 * free_tail; takes nothing yet. */
unsigned zend_mm_pages_find(struct zend_mm_chunk *chunk, unsigned count);

/* Takes count free pages from page on: counts, bitmap, free_tail.  The map is the caller's. */
void zend_mm_pages_take(struct zend_mm_chunk *chunk, unsigned page, unsigned count);

/* Gives the pages of a run back: counts, bitmap, map, free_tail.  The chunk stays. */
void zend_mm_pages_give(struct zend_mm_chunk *chunk, unsigned page, unsigned count);

/* Makes a chunk one without a run: bitmap, map, counts. */
void zend_mm_pages_reset(struct zend_mm_chunk *chunk);

#endif
