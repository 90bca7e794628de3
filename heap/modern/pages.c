/* SPDX-License-Identifier: MIT */
/*
 * heap/modern/pages.c - the pages of one chunk: best fit over the bitmap.
 *
 * Called by chunks.c, which walks the chunks.  Invariant: free_pages is the number of clear bits,
 * and no run begins at free_tail or after it.  A run that grew in place may reach past free_tail.
 */
#include "heap/modern/heap.h"
#include "heap/modern/pages.h"

/* The first free page at or after position, ZEND_MM_PAGES where all are used. */
static inline unsigned zend_mm_next_free_page(const struct zend_mm_chunk *chunk, unsigned position)
{
	unsigned index = position / 64;
	uint64_t free_bits;

	if (position >= ZEND_MM_PAGES) {
		return ZEND_MM_PAGES;
	}
	free_bits = ~chunk->used[index] & (~UINT64_C(0) << (position % 64));
	while (free_bits == 0) {
		if (++index == ZEND_MM_BITMAP_WORDS) {
			return ZEND_MM_PAGES;
		}
		free_bits = ~chunk->used[index];
	}
	return index * 64 + (unsigned)__builtin_ctzll(free_bits);
}

/* The end of the free range that begins at start: the next used page; or ZEND_MM_PAGES as soon as
 * the range is followed to the boundary of a bitmap word at or past free_tail. */
static inline unsigned zend_mm_free_range_end(const struct zend_mm_chunk *chunk, unsigned start)
{
	unsigned index = start / 64;
	uint64_t used_bits = chunk->used[index] & (~UINT64_C(0) << (start % 64));

	while (used_bits == 0) {
		index++;
		if (index * 64 >= chunk->free_tail || index == ZEND_MM_BITMAP_WORDS) {
			return ZEND_MM_PAGES;
		}
		used_bits = chunk->used[index];
	}
	return index * 64 + (unsigned)__builtin_ctzll(used_bits);
}

/* Tells a heap's observer what a search that found no exact length came to. */
static inline void zend_mm_tell_pages(const struct zend_mm_chunk *chunk, unsigned best,
	unsigned count)
{
	if (config_study && best != 0) {
		ZEND_MM_EVENT(chunk->heap, PAGES_BEST, zend_mm_page_address(chunk, best), 0, count);
	} else {
		ZEND_MM_EVENT(chunk->heap, PAGES_NONE, chunk, 0, count);
	}
}

unsigned zend_mm_pages_longest(const struct zend_mm_chunk *chunk)
{
	unsigned longest = 0;
	unsigned end = 0;

	while (end < ZEND_MM_PAGES) {
		unsigned start = zend_mm_next_free_page(chunk, end);

		end = start < ZEND_MM_PAGES ? zend_mm_free_range_end(chunk, start) : ZEND_MM_PAGES;
		longest = end - start > longest ? end - start : longest;
	}
	return longest;
}

unsigned zend_mm_pages_find(struct zend_mm_chunk *chunk, unsigned count)
{
	unsigned best = 0;
	unsigned best_length = ZEND_MM_PAGES;
	unsigned position = 0;

	ZEND_MM_EVENT(chunk->heap, PAGES_SEARCH, chunk, chunk->free_tail, count);
	for (;;) {
		unsigned start = zend_mm_next_free_page(chunk, position);
		unsigned end;
		unsigned length;

		if (start == ZEND_MM_PAGES) {
			zend_mm_tell_pages(chunk, best, count);
			return best;
		}
		end = zend_mm_free_range_end(chunk, start);
		length = end - start;
		ZEND_MM_EVENT(chunk->heap, PAGES_RANGE, zend_mm_page_address(chunk, start), length, count);
		if (end == ZEND_MM_PAGES) {
			if (length >= count && length < best_length) {
				chunk->free_tail = start + count;
				ZEND_MM_EVENT(chunk->heap, PAGES_TAIL, zend_mm_page_address(chunk, start), length,
					count);
				return start;
			}
			chunk->free_tail = start;
			zend_mm_tell_pages(chunk, best, count);
			return best;
		}
		if (length == count) {
			ZEND_MM_EVENT(chunk->heap, PAGES_EXACT, zend_mm_page_address(chunk, start), length,
				count);
			return start;
		}
		if (length > count && length < best_length) {
			best = start;
			best_length = length;
		}
		position = end;
	}
}

void zend_mm_pages_take(struct zend_mm_chunk *chunk, unsigned page, unsigned count)
{
	chunk->free_pages -= count;
	zend_mm_pages_set(chunk, page, count);
	if (page == chunk->free_tail) {
		chunk->free_tail = page + count;
	}
	zend_mm_pages_changed(chunk);
	ZEND_MM_EVENT(chunk->heap, PAGES_TAKEN, zend_mm_page_address(chunk, page), count,
		chunk->free_pages);
}

void zend_mm_pages_give(struct zend_mm_chunk *chunk, unsigned page, unsigned count)
{
	unsigned distance = 1;

	chunk->free_pages += count;
	zend_mm_pages_clear(chunk, page, count);
	chunk->map[page] = 0;
	while (distance < count && zend_mm_word_is_small_later(chunk->map[page + distance])) {
		chunk->map[page + distance] = 0;
		distance++;
	}
	if (chunk->free_tail == page + count) {
		chunk->free_tail = page;
	}
	zend_mm_pages_changed(chunk);
	ZEND_MM_EVENT(chunk->heap, PAGES_GIVEN, zend_mm_page_address(chunk, page), count,
		chunk->free_pages);
}

void zend_mm_pages_reset(struct zend_mm_chunk *chunk)
{
	memset(chunk->used, 0, sizeof(chunk->used));
	memset(chunk->map, 0, sizeof(chunk->map));
	zend_mm_pages_set(chunk, 0, ZEND_MM_FIRST_PAGE);
	chunk->map[0] = zend_mm_large_word(ZEND_MM_FIRST_PAGE);
	chunk->free_pages = ZEND_MM_ALL_PAGES;
	chunk->free_tail = ZEND_MM_FIRST_PAGE;
}
