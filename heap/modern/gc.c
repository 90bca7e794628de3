/* SPDX-License-Identifier: MIT */
/*
 * heap/modern/gc.c - garbage collection: giving back the runs of bins that have no used slot.
 *
 * Called by the host, and by whoever is about to fail for want of memory.
 *
 * Three passes: count the free slots of each run in its first map word; take the slots of wholly
 * free runs out of the lists; give the runs' pages back.  Between the first and the last the map
 * words have counters in them.
 *
 * compat: the counter has 9 bits.  The 512 slots of an 8-byte run wrap it to 0, so that such a run
 * is never found wholly free.
 */
#include "heap/modern/chunks.h"
#include "heap/modern/pages.h"

/* The first map word of the run that a slot lies in. */
static uint32_t *zend_mm_run_word(const struct zend_mm_slot *slot)
{
	struct zend_mm_chunk *chunk = zend_mm_chunk_of(slot);
	unsigned page = zend_mm_page_of(slot);
	uint32_t word = chunk->map[page];

	return &chunk->map[zend_mm_word_is_small_later(word) ? page - zend_mm_word_count(word) : page];
}

static bool zend_mm_run_is_free(uint32_t word)
{
	return zend_mm_word_count(word) == zend_mm_bins[zend_mm_word_bin(word)].elements;
}

/* Counts the bin's free slots in their runs' words; true if some run is wholly free. */
static bool zend_mm_gc_count(struct zend_mm_modern_heap *heap, unsigned bin)
{
	struct zend_mm_slot *slot;
	bool found = false;

	for (slot = heap->free_slots[bin]; slot != NULL;
	     slot = zend_mm_slot_checked_next(heap, slot)) {
		uint32_t *word = zend_mm_run_word(slot);
		unsigned count = (zend_mm_word_count(*word) + 1) & ZEND_MM_MAP_COUNT;

		*word = zend_mm_small_word(bin, count);
		if (zend_mm_run_is_free(*word)) {
			found = true;
		}
	}
	return found;
}

/* Takes the slots of wholly free runs out of the bin's list; the others keep their order. */
static void zend_mm_gc_unlist(struct zend_mm_modern_heap *heap, unsigned bin)
{
	struct zend_mm_slot *slot = heap->free_slots[bin];
	struct zend_mm_slot *kept = NULL;

	while (slot != NULL) {
		struct zend_mm_slot *next = zend_mm_slot_next(heap, slot);

		if (!zend_mm_run_is_free(*zend_mm_run_word(slot))) {
			kept = slot;
		} else if (kept == NULL) {
			heap->free_slots[bin] = next;
		} else {
			zend_mm_slot_set_next(heap, kept, next);
		}
		slot = next;
	}
}

/* Gives the wholly free runs of a chunk back and clears the other counters; the pages given. */
static unsigned zend_mm_gc_chunk(struct zend_mm_chunk *chunk)
{
	unsigned given = 0;
	unsigned page = ZEND_MM_FIRST_PAGE;

	while (page < chunk->free_tail) {
		uint32_t word = chunk->map[page];

		if (zend_mm_word_is_small_first(word)) {
			unsigned bin = zend_mm_word_bin(word);
			unsigned pages = zend_mm_bins[bin].pages;

			if (zend_mm_run_is_free(word)) {
				ZEND_MM_EVENT(chunk->heap, RUN_COLLECTED, zend_mm_page_address(chunk, page),
					zend_mm_bytes_of_pages(pages), bin);
				zend_mm_pages_give(chunk, page, pages);
				given += pages;
			} else {
				chunk->map[page] = zend_mm_small_word(bin, 0);
			}
			page += pages;
		} else if (zend_mm_word_is_large(word)) {
			page += zend_mm_word_pages(word);
		} else {
			page++;
		}
	}
	return given;
}

size_t zend_mm_modern_gc(zend_mm_heap *base)
{
	struct zend_mm_modern_heap *heap = zend_mm_modern(base);
	struct zend_mm_chunk *chunk = heap->main_chunk;
	size_t given = 0;
	unsigned bin;

	ZEND_MM_EVENT(heap, COLLECT, NULL, 0, 0);
	for (bin = 0; bin < ZEND_MM_BIN_COUNT; bin++) {
		if (zend_mm_gc_count(heap, bin)) {
			zend_mm_gc_unlist(heap, bin);
		}
	}
	do {
		struct zend_mm_chunk *next = chunk->next;

		given += zend_mm_gc_chunk(chunk);
		zend_mm_chunks_delete_if_empty(heap, chunk);
		chunk = next;
	} while (chunk != heap->main_chunk);
	ZEND_MM_EVENT(heap, COLLECTED, NULL, given * ZEND_MM_PAGE_SIZE, 0);
	return given * ZEND_MM_PAGE_SIZE;
}
