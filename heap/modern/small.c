/* SPDX-License-Identifier: MIT */
/*
 * heap/modern/small.c - making a bin's run.
 *
 * The cold half of small allocation: the bin's list is empty, so a run is taken from the chunks and
 * cut into slots.  Popping and pushing are in fast.h.
 *
 * Invariant: every slot of a run is either handed out or once in its bin's list.
 */
#include "heap/modern/chunks.h"
#include "heap/modern/fast.h"

/* Writes the run's map words. */
static void zend_mm_run_mark(struct zend_mm_chunk *chunk, unsigned page, size_t bin)
{
	unsigned pages = zend_mm_bins[bin].pages;
	unsigned distance;

	chunk->map[page] = zend_mm_small_word((unsigned)bin, 0);
	for (distance = 1; distance < pages; distance++) {
		chunk->map[page + distance] = zend_mm_small_later_word((unsigned)bin, distance);
	}
}

/* Makes slots 1 to the last the bin's list, in ascending order. */
static void zend_mm_run_cut(struct zend_mm_modern_heap *heap, char *run, size_t bin)
{
	size_t size = zend_mm_bin_size(bin);
	char *last = run + size * (zend_mm_bins[bin].elements - 1u);
	char *slot;

	zend_mm_slot_is_new(heap, (struct zend_mm_slot *)run);
	heap->free_slots[bin] = (struct zend_mm_slot *)(run + size);
	for (slot = run + size; slot < last; slot += size) {
		zend_mm_slot_set_next(heap, (struct zend_mm_slot *)slot,
			(struct zend_mm_slot *)(slot + size));
	}
	zend_mm_slot_set_next(heap, (struct zend_mm_slot *)last, NULL);
}

void *zend_mm_modern_try_small_slow(struct zend_mm_modern_heap *heap, size_t bin)
{
	char *run;

	ZEND_MM_EVENT(heap, BIN_EMPTY, NULL, zend_mm_bin_size(bin), bin);
	run = zend_mm_chunks_take_pages(heap, zend_mm_bins[bin].pages);
	if (run == NULL) {
		heap->lost += zend_mm_bin_size(bin);
		return NULL;
	}
	zend_mm_run_mark(zend_mm_chunk_of(run), zend_mm_page_of(run), bin);
	zend_mm_run_cut(heap, run, bin);
	ZEND_MM_EVENT(heap, RUN_MADE, run, zend_mm_bytes_of_pages(zend_mm_bins[bin].pages), bin);
	return run;
}

void *zend_mm_modern_alloc_small_slow(size_t bin, struct zend_mm_modern_heap *heap)
{
	void *ptr = zend_mm_modern_try_small_slow(heap, bin);

	return EXPECTED(ptr != NULL) ? ptr : zend_mm_modern_refused(heap);
}

/* As zend_mm_modern_alloc_bin(), but NULL with the refusal noted. */
void *zend_mm_modern_try_small(struct zend_mm_modern_heap *heap, size_t bin)
{
	struct zend_mm_slot *slot;

	zend_mm_size_add(heap, zend_mm_bin_size(bin));
	slot = heap->free_slots[bin];
	if (slot == NULL) {
		return zend_mm_modern_try_small_slow(heap, bin);
	}
	ZEND_MM_EVENT(heap, SLOT_TAKEN, slot, zend_mm_bin_size(bin), bin);
	heap->free_slots[bin] = zend_mm_slot_taken(heap, slot);
	return slot;
}
