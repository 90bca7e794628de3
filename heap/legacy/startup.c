/* SPDX-License-Identifier: MIT */
/*
 * heap/legacy/startup.c - making a heap, the end of a request, the end of a heap.
 *
 * Called by the interface (zend_mm_legacy_startup) and through the heap's verbs.  The structure of
 * an ordinary heap is memory straight from the system, never from malloc, which may be this
 * library.  The structure of an internal heap is the first block of the heap's oldest segment, so
 * that segment is kept for as long as the heap lives.
 */
#include <errno.h>

#include "heap/design.h"
#include "heap/legacy/blocks.h"
#include "heap/legacy/cache.h"
#include "heap/legacy/fast.h"
#include "heap/legacy/ideas.h"
#include "heap/legacy/leaks.h"
#include "heap/legacy/segments.h"
#include "heap/legacy/verbs.h"
#include "storage/random.h"

/* {{{ The empty state. */

static void empty_ring(struct zend_mm_legacy_ring *ring)
{
	ring->prev = ring->next = ring_sentinel(ring);
}

static void empty_lists(legacy_heap_t *heap)
{
	heap->small_bitmap = 0;
	heap->large_bitmap = 0;
	heap->hidden_buckets = 0;
	for (size_t i = 0; i < legacy_bucket_count; i++) {
		empty_ring(&heap->buckets[i]);
		heap->trees[i] = NULL;
	}
	empty_ring(&heap->rest);
	heap->rest_count = 0;
	ZEND_MM_STUDY_ONLY(empty_ring(&heap->large);)
	zend_mm_legacy_forget_cache(heap);
}

/* An ordinary allocation, and so counted as one. */
static void take_reserve(legacy_heap_t *heap)
{
	heap->reserve = NULL;
	if (heap->reserve_size > 0) {
		heap->reserve = zend_mm_legacy_alloc(&heap->head, heap->reserve_size);
	}
}

/* }}} */
/* {{{ Making a heap. */

/* Makes a list's members point at its sentinel again after the heap's structure has moved. */
static void repoint_ring(struct zend_mm_legacy_ring *ring, const struct zend_mm_legacy_ring *from)
{
	if (ring->prev == ring_sentinel(from)) {
		empty_ring(ring);
	} else {
		block_ring(ring->prev)->next = ring_sentinel(ring);
		block_ring(ring->next)->prev = ring_sentinel(ring);
	}
}

/* Moves the heap's structure into a block of the heap.  NULL where there is no memory. */
static legacy_heap_t *move_inside(legacy_heap_t *heap)
{
	legacy_heap_t *inside = zend_mm_legacy_alloc(&heap->head, sizeof *heap);

	if (!inside) {
		return NULL;
	}
	*inside = *heap;
	for (size_t i = 0; i < legacy_bucket_count; i++) {
		repoint_ring(&inside->buckets[i], &heap->buckets[i]);
		if (inside->trees[i]) {
			block_links(inside->trees[i])->parent = &inside->trees[i];
		}
	}
	repoint_ring(&inside->rest, &heap->rest);
	zend_mm_scratch_free(heap, sizeof *heap);
	return inside;
}

static void set_up(legacy_heap_t *heap, const struct zend_mm_legacy_setup *setup,
	zend_mm_storage *storage)
{
	heap->head.kind = config_study || config_hardened ? ZEND_MM_KIND_OTHER :
		ZEND_MM_KIND_LEGACY;
	heap->head.design_kind = heap->head.kind;
	heap->head.verbs = heap->head.design_verbs = &zend_mm_legacy_verbs;
	heap->head.mode = ZEND_MM_LEGACY;
	heap->head.zend_mm = true;
	heap->head.storage = storage;
	heap->head.limit = (size_t) 1 << (8 * sizeof(size_t) - 2);
	heap->segment_size = setup->segment_size;
	heap->reserve_size = setup->reserve_size;
	heap->compact_threshold = setup->compact_threshold;
	heap->internal = setup->internal;
	heap->secret = legacy_plain ? 0 : zend_mm_random_word();
	ZEND_MM_STUDY_ONLY(heap->study = setup->study;)
	ZEND_MM_HARDENED_ONLY(heap->hardening = *setup->hardening;)
	for (size_t i = 0; i < legacy_bucket_count; i++) {
		heap->tree_least[i] = trie_least(i);
	}
	empty_lists(heap);
}

zend_mm_heap *zend_mm_legacy_startup(const struct zend_mm_legacy_setup *setup)
{
	legacy_heap_t *heap = zend_mm_scratch_alloc(sizeof *heap);
	legacy_heap_t *started;
	zend_mm_storage *storage;

	if (!heap) {
		errno = ENOMEM;
		return NULL;
	}
	errno = ENOMEM;
	storage = setup->handlers->init(setup->params);
	if (!storage) {
		zend_mm_scratch_free(heap, sizeof *heap);
		return NULL;
	}
	set_up(heap, setup, storage);
	heap->head.null_on_failure = true; /* there is nobody to report to yet */
	started = heap->internal ? move_inside(heap) : heap;
	if (started) {
		heap = started;
		take_reserve(heap);
	}
	if (!started || (heap->reserve_size > 0 && !heap->reserve)) {
		errno = ENOMEM;
		zend_mm_legacy_destroy(heap);
		return NULL;
	}
	heap->head.null_on_failure = setup->null_on_failure;
	return &heap->head;
}

/* }}} */
/* {{{ The end of a request. */

/* The oldest segment, NULL where there is none. */
static zend_mm_segment *oldest_segment(legacy_heap_t *heap)
{
	zend_mm_segment *segment = heap->segments;

	while (segment && segment->next_segment) {
		segment = segment->next_segment;
	}
	return segment;
}

/* Gives all segments but one back to storage, the newest first. */
static void release_segments_but(legacy_heap_t *heap, const zend_mm_segment *kept)
{
	while (heap->segments && heap->segments != kept) {
		zend_mm_legacy_segment_release(heap, heap->segments);
	}
}

/* Makes the kept segment one free block, but for the structure of an internal heap. */
static void empty_segment(legacy_heap_t *heap, zend_mm_segment *segment)
{
	block_t *block = segment_first_block(segment);
	size_t room = segment_room(segment);

	if (heap->internal) {
		size_t size = block_size(block);

		count_used(heap, size);
		block = block_at(block, size);
		room -= size;
	}
	if (room > 0) {
		block_insert(heap, block, room);
	}
}

/* What is left of the table of segments after most of them are gone. */
static void forget_places(legacy_heap_t *heap)
{
	zend_mm_places_clear(&heap->segment_places);
	heap->segment_places.members = heap->segments ? 1 : 0;
}

static void end_request(legacy_heap_t *heap)
{
	zend_mm_storage *storage = heap->head.storage;
	bool keep = (heap->reserve_size > 0 && idea_kept_segment(heap)) || heap->internal;
	zend_mm_segment *kept = keep ? oldest_segment(heap) : NULL;

	ZEND_MM_EVENT(heap, REQUEST_ENDED, NULL, zend_mm_size_used(&heap->head) - heap->cached, 0);
	release_segments_but(heap, kept);
	forget_places(heap);
	if (heap->compact_threshold > 0 && heap->head.real_peak > heap->compact_threshold
			&& storage->handlers->compact) {
		storage->handlers->compact(storage);
	}
	empty_lists(heap);
	ZEND_MM_HARDENED_ONLY(refresh_key(&heap->head);)
	zend_mm_size_set(&heap->head, 0, 0);
	heap->flushed = 0;
	heap->head.real_peak = heap->head.real_size;
	if (kept) {
		ZEND_MM_EVENT(heap, SEGMENT_KEPT, kept, kept->size, 0);
		empty_segment(heap, kept);
	}
	take_reserve(heap);
	heap->head.overflow = 0;
}

/* }}} */
/* {{{ The end of a heap. */

void zend_mm_legacy_destroy(legacy_heap_t *heap)
{
	zend_mm_storage *storage = heap->head.storage;
	zend_mm_segment *segment = heap->segments;
	bool internal = heap->internal && segment != NULL;

	/* The structure may go with its segment, so it is not touched any more. */
	while (segment) {
		zend_mm_segment *next = segment->next_segment;

		storage->handlers->_free(storage, segment);
		segment = next;
	}
	storage->handlers->dtor(storage);
	if (!internal) {
		zend_mm_places_clear(&heap->segment_places);
		segments_end(heap);
		zend_mm_scratch_free(heap, sizeof *heap);
	}
}

void zend_mm_legacy_shutdown(zend_mm_heap *head, bool full, bool silent)
{
	legacy_heap_t *heap = (legacy_heap_t *) head;

	if (config_debug && !silent) {
		zend_mm_legacy_report_leaks(heap);
	}
	if (!full) {
		end_request(heap);
		return;
	}
	if (config_cache_statistics) {
		zend_mm_legacy_log_cache(heap);
	}
	zend_mm_legacy_destroy(heap);
}

/* }}} */
