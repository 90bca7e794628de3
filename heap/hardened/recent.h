/* SPDX-License-Identifier: MIT */
/*
 * heap/hardened/recent.h - which segment an address was found in: hardened legacy heaps look each
 * link up, and would walk the list of segments for each, which a heap of a gigabyte has thousands
 * of.
 *
 * A table with a place for each 256 KiB of addresses, of which several share one.  It says nothing
 * by itself: whoever reads a place looks whether the address is in that segment, which is in the
 * heap, for a segment's places are emptied before it is given back or moves.  So the table can be
 * missing, which it is in heaps with few segments and in those whose structure is in a segment.
 */
#ifndef HEAP_HARDENED_RECENT_H
#define HEAP_HARDENED_RECENT_H

#include "heap/legacy/heap.h"
#include "storage/storage.h"

enum {
	recent_unit_bits = 18,     /* the size of most segments */
	recent_places = 1 << 14,   /* 4 GiB of addresses; untouched pages of it take no memory */
	recent_from = 16           /* segments; a shorter walk is cheap */
};

static inline const zend_mm_segment **recent_place(const legacy_heap_t *heap,
	const void *address)
{
	return heap->recent
		? &heap->recent[((uintptr_t) address >> recent_unit_bits) % recent_places] : NULL;
}

/* Notes a segment that was found after so many steps. */
static inline void recent_note(const legacy_heap_t *heap, const void *address,
	const zend_mm_segment *segment, size_t steps)
{
	const zend_mm_segment **place = recent_place(heap, address);

	if (place) {
		*place = segment;
	} else if (UNEXPECTED(steps >= recent_from) && !heap->internal) {
		((legacy_heap_t *) heap)->recent =
			zend_mm_scratch_alloc(recent_places * sizeof *heap->recent);
	}
}

/* Before a segment is given back, or after it has moved from that address. */
static inline void recent_forget(const legacy_heap_t *heap, uintptr_t segment, size_t size)
{
	uintptr_t first = segment >> recent_unit_bits;
	uintptr_t units = ((segment + size - 1) >> recent_unit_bits) - first + 1;

	if (!heap->recent) {
		return;
	}
	for (uintptr_t i = 0; i < units && i < recent_places; i++) {
		const zend_mm_segment **place = &heap->recent[(first + i) % recent_places];

		if ((uintptr_t) *place == segment) {
			*place = NULL;
		}
	}
}

/* With the heap. */
static inline void recent_end(const legacy_heap_t *heap)
{
	if (heap->recent) {
		zend_mm_scratch_free(heap->recent, recent_places * sizeof *heap->recent);
	}
}

#endif
