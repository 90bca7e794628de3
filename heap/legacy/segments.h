/* SPDX-License-Identifier: MIT */
/*
 * heap/legacy/segments.h - segments: from storage, resized, and back to it (see segments.c).
 */
#ifndef HEAP_LEGACY_SEGMENTS_H
#define HEAP_LEGACY_SEGMENTS_H

#include "heap/legacy/heap.h"

/* Whether a block of that true size needs a segment larger than the heap's segment size. */
static zend_always_inline bool segment_is_oversized(const legacy_heap_t *heap, size_t need)
{
	return heap->segment_size < legacy_segment_overhead
		|| need > heap->segment_size - legacy_segment_overhead;
}

/* The size of the segment for a block of that true size; less than need where it wraps. */
static zend_always_inline size_t segment_size_for(const legacy_heap_t *heap, size_t need)
{
	return segment_is_oversized(heap, need)
		? (need + legacy_segment_overhead + heap->segment_size - 1) & ~(heap->segment_size - 1)
		: heap->segment_size;
}

/* Gets a segment of size bytes, the newest then, with its first block's header and its guard
 * unset but for the mark of a first block.  NULL where storage refuses. */
zend_mm_segment *zend_mm_legacy_segment_obtain(legacy_heap_t *heap, size_t size);

/* Resizes a segment, which keeps its place in the list; it may move.  NULL, with nothing changed,
 * where storage refuses. */
zend_mm_segment *zend_mm_legacy_segment_resize(legacy_heap_t *heap, zend_mm_segment *segment,
	size_t size);

/* For the deep check, once the list is sound: whether the table beside it is (heap/places.h). */
bool zend_mm_legacy_segment_places_are_sound(const legacy_heap_t *heap,
	struct zend_mm_beside_fault *fault);

/* Gives a segment of the list back to storage. */
void zend_mm_legacy_segment_release(legacy_heap_t *heap, zend_mm_segment *segment);

/* Writes the guard at a segment's end. */
static zend_always_inline void segment_write_guard(zend_mm_segment *segment)
{
	segment_guard(segment, segment->size)->word = legacy_header_size | block_guard;
}

/* What a segment has for blocks. */
static zend_always_inline size_t segment_room(const zend_mm_segment *segment)
{
	return segment->size - legacy_segment_overhead;
}

#endif
