/* SPDX-License-Identifier: MIT */
/*
 * heap/legacy/segments.c - the segment list, real_size and real_peak.
 *
 * Called by alloc.c, free.c, realloc.c and startup.c.  Invariant: real_size is the sum of the
 * segments' sizes; the list is ordered from the newest to the oldest, and resizing a segment does
 * not change its place.  This is the only file that calls the storage's _alloc, _realloc and
 * _free, and counts the calls.
 */
#include "heap/legacy/corruption.h"
#include "heap/legacy/segments.h"

static void add_real_size(legacy_heap_t *heap, size_t size)
{
	heap->head.real_size += size;
	if (heap->head.real_size > heap->head.real_peak) {
		heap->head.real_peak = heap->head.real_size;
	}
}

static void *segment_after(const void *segment)
{
	return ((const zend_mm_segment *) segment)->next_segment;
}

static const void *segment_key(const void *segment)
{
	return segment;
}

static const struct zend_mm_places_list segment_list = { segment_after, segment_key };

/* The pointer that points at a segment, or at the end of the list where it is not in it.  The
 * segment itself is not read: it may have moved.  The original walks the whole way. */
static zend_mm_segment **find_place(legacy_heap_t *heap, uintptr_t segment)
{
	zend_mm_segment **place = &heap->segments;
	void *before;

	if (zend_mm_places_find(&heap->segment_places, (const void *) segment, &before) && before) {
		place = &((zend_mm_segment *) before)->next_segment;
	}
	while (*place && (uintptr_t) *place != segment) {
		place = &(*place)->next_segment;
	}
	return place;
}

/* The member that has a pointer of the list; NULL for the list's own first pointer. */
static void *owner_of(legacy_heap_t *heap, zend_mm_segment **place)
{
	return place == &heap->segments ? NULL
		: (char *) place - offsetof(zend_mm_segment, next_segment);
}

/* An internal heap lies in memory that may be shared, and a table would not; a heap under study
 * walks as the original does. */
static void note_newest(legacy_heap_t *heap, zend_mm_segment *segment)
{
	if (config_short_ways && !heap->internal) {
		zend_mm_places_add_first(&heap->segment_places, &segment_list, segment, segment,
			segment->next_segment);
	}
}

static void note_gone(legacy_heap_t *heap, const zend_mm_segment *segment,
	zend_mm_segment **place)
{
	if (config_short_ways && !heap->internal) {
		zend_mm_places_remove(&heap->segment_places, segment, owner_of(heap, place),
			segment->next_segment);
	}
}

bool zend_mm_legacy_segment_places_are_sound(const legacy_heap_t *heap,
	struct zend_mm_beside_fault *fault)
{
	return config_short_ways && !heap->internal ? zend_mm_places_are_sound(&heap->segment_places,
		&segment_list, heap->segments, fault)
		: zend_mm_places_are_unused(&heap->segment_places, fault);
}

zend_mm_segment *zend_mm_legacy_segment_obtain(legacy_heap_t *heap, size_t size)
{
	zend_mm_storage *storage = heap->head.storage;
	zend_mm_segment *segment = storage->handlers->_alloc(storage, size);

	if (!segment) {
		heap->head.calls.refused++;
		return NULL;
	}
	heap->head.calls.allocs++;
	segment->size = size;
	segment->next_segment = heap->segments;
	heap->segments = segment;
	note_newest(heap, segment);
	add_real_size(heap, size);
	ZEND_MM_EVENT(heap, SEGMENT_NEW, segment, size, size > heap->segment_size);
	segment_first_block(segment)->before = block_guard;
	segment_write_guard(segment);
	return segment;
}

zend_mm_segment *zend_mm_legacy_segment_resize(legacy_heap_t *heap, zend_mm_segment *segment,
	size_t size)
{
	zend_mm_storage *storage = heap->head.storage;
	uintptr_t old_address = (uintptr_t) segment;
	size_t old_size = segment->size;
	zend_mm_segment *resized = storage->handlers->_realloc(storage, segment, size);

	if (!resized) {
		heap->head.calls.refused++;
		return NULL;
	}
	heap->head.calls.resizes++;
	if ((uintptr_t) resized != old_address) {
		segment_leaves(heap, old_address, old_size);
		zend_mm_segment **place = find_place(heap, old_address);

		if (UNEXPECTED(!*place)) {
			zend_mm_legacy_corrupted_segment(heap, resized);
		}
		*place = resized;
		zend_mm_places_move(&heap->segment_places, (const void *) old_address, resized, resized,
			resized->next_segment);
	}
	resized->size = size;
	ZEND_MM_EVENT(heap, SEGMENT_RESIZED, resized, size, old_size);
	add_real_size(heap, size - old_size);
	segment_write_guard(resized);
	return resized;
}

void zend_mm_legacy_segment_release(legacy_heap_t *heap, zend_mm_segment *segment)
{
	zend_mm_storage *storage = heap->head.storage;
	zend_mm_segment **place = find_place(heap, (uintptr_t) segment);

	if (UNEXPECTED(!*place)) {
		zend_mm_legacy_corrupted_segment(heap, segment);
	}
	ZEND_MM_EVENT(heap, SEGMENT_GONE, segment, segment->size, 0);
	note_gone(heap, segment, place);
	*place = segment->next_segment;
	heap->head.real_size -= segment->size;
	heap->head.calls.frees++;
	segment_leaves(heap, (uintptr_t) segment, segment->size);
	storage->handlers->_free(storage, segment);
}
