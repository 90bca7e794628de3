/* SPDX-License-Identifier: MIT */
/*
 * heap/modern/chunks.c - the circle of chunks and the cache of spare ones.
 *
 * Owns the links between chunks, their numbers, the averages and the counters of recent deletions.
 * Called by the kinds (small.c, large.c), by gc.c, limit.c and startup.c.
 *
 * Invariant: the circle begins at the main chunk and has `chunks` members; a chunk other than the
 * main one has at least one run, but for the moment between linking it and taking its first run.
 */
#include "heap/modern/chunks.h"
#include "heap/modern/pages.h"
#include "heap/modern/regions.h"

/* A chunk found by more moves than this, for a run of fewer pages than that, moves to the front,
 * so that it is found sooner next time. */
#define ZEND_MM_MOVE_STEPS 2
#define ZEND_MM_MOVE_PAGES 8
/* A deleted chunk is kept if that leaves fewer chunks than a request needs on average ... */
#define ZEND_MM_KEEP_MARGIN 0.1
/* ... or if this many were already deleted at the same number of chunks. */
#define ZEND_MM_KEEP_DELETIONS 4

/* {{{ Links */

static void zend_mm_chunk_link_after(struct zend_mm_chunk *place, struct zend_mm_chunk *chunk)
{
	chunk->prev = place;
	chunk->next = place->next;
	chunk->prev->next = chunk;
	chunk->next->prev = chunk;
}

static void zend_mm_chunk_unlink(struct zend_mm_chunk *chunk)
{
	zend_mm_check_unlink(chunk);
	chunk->next->prev = chunk->prev;
	chunk->prev->next = chunk->next;
}

static void zend_mm_cache_push(struct zend_mm_modern_heap *heap, struct zend_mm_chunk *chunk)
{
	zend_mm_cached_set_next(heap, chunk, heap->cached_chunks);
	heap->cached_chunks = chunk;
	heap->cached_count++;
}

static struct zend_mm_chunk *zend_mm_cache_pop(struct zend_mm_modern_heap *heap)
{
	struct zend_mm_chunk *chunk = heap->cached_chunks;

	heap->cached_chunks = zend_mm_cached_next(heap, chunk);
	heap->cached_count--;
	return chunk;
}
/* }}} */

/* {{{ Taking */

/* A run's place, and how many moves from chunk to chunk led to it. */
struct zend_mm_place {
	struct zend_mm_chunk *chunk;
	unsigned page;
	size_t steps;
};

/* Looks for a best fit of count pages in one chunk. */
static bool zend_mm_chunk_has(struct zend_mm_chunk *chunk, unsigned count,
	struct zend_mm_place *place)
{
	if (chunk->free_pages >= count) {
		place->page = zend_mm_pages_find(chunk, count);
		place->chunk = chunk;
		return place->page != 0;
	}
	return false;
}

/* How many moves lead to a chunk of a long circle; of more than two only that they are more. */
static size_t zend_mm_steps_to(const struct zend_mm_modern_heap *heap,
	const struct zend_mm_chunk *chunk)
{
	return chunk == heap->main_chunk->next ? 1 :
		chunk == heap->main_chunk->next->next ? 2 : ZEND_MM_MOVE_STEPS + 1;
}

/* The same as a walk of the circle where a tree says which chunks need not be looked at. */
static bool zend_mm_chunks_find_in_order(struct zend_mm_modern_heap *heap, unsigned count,
	struct zend_mm_place *place)
{
	struct zend_mm_chunk *chunk;

	place->steps = 0;
	if (heap->order.main_most >= count) {
		if (zend_mm_chunk_has(heap->main_chunk, count, place)) {
			return true;
		}
		heap->order.main_most = zend_mm_pages_longest(heap->main_chunk);
	}
	while ((chunk = zend_mm_order_find(heap, count)) != NULL) {
		if (zend_mm_chunk_has(chunk, count, place)) {
			place->steps = zend_mm_steps_to(heap, chunk);
			return true;
		}
		zend_mm_order_set(&heap->order, chunk, zend_mm_pages_longest(chunk));
	}
	place->steps = heap->chunks - 1;
	return false;
}

/* Walks the circle for a best fit of count pages in the first chunk that has one.  False where
 * none has; steps are then those of the whole walk. */
static bool zend_mm_chunks_find(struct zend_mm_modern_heap *heap, unsigned count,
	struct zend_mm_place *place)
{
	struct zend_mm_chunk *chunk = heap->main_chunk;

	if (UNEXPECTED(heap->order.places != 0)) {
		return zend_mm_chunks_find_in_order(heap, count, place);
	}
	place->steps = 0;
	for (;;) {
		if (config_study && chunk->free_pages < count) {
			ZEND_MM_EVENT(heap, CHUNK_SKIPPED, chunk, chunk->free_pages, count);
		}
		if (zend_mm_chunk_has(chunk, count, place)) {
			return true;
		}
		chunk = chunk->next;
		if (chunk == heap->main_chunk) {
			return false;
		}
		place->steps++;
	}
}

/* Maps a chunk, collecting garbage and trying once more where storage refuses.  NULL with the
 * refusal noted. */
static struct zend_mm_chunk *zend_mm_chunks_map(struct zend_mm_modern_heap *heap, unsigned count)
{
	struct zend_mm_chunk *chunk = zend_mm_region_map_chunk(heap);

	if (chunk == NULL && zend_mm_modern_gc(&heap->head) != 0) {
		chunk = zend_mm_region_map_chunk(heap);
	}
	if (chunk == NULL) {
		return zend_mm_modern_refuse(heap, ZEND_MM_REFUSED_BY_STORAGE,
			zend_mm_bytes_of_pages(count));
	}
	zend_mm_real_size_add(heap, ZEND_MM_CHUNK_SIZE);
	ZEND_MM_EVENT(heap, CHUNK_NEW, chunk, ZEND_MM_CHUNK_SIZE, heap->chunks + 1);
	return chunk;
}

/* A chunk that is not in the circle, from the cache or from storage.  compat: after a collection
 * only the cache and the limit are looked at again, not the chunks in the circle. */
static struct zend_mm_chunk *zend_mm_chunks_get(struct zend_mm_modern_heap *heap, unsigned count)
{
	while (heap->cached_chunks == NULL) {
		if (!zend_mm_over_limit(heap, ZEND_MM_CHUNK_SIZE)) {
			return zend_mm_chunks_map(heap, count);
		}
		if (zend_mm_modern_gc(&heap->head) == 0) {
			if (heap->head.overflow) {
				return zend_mm_chunks_map(heap, count);
			}
			return zend_mm_modern_refuse(heap, ZEND_MM_REFUSED_BY_LIMIT,
				zend_mm_bytes_of_pages(count));
		}
	}
	ZEND_MM_EVENT(heap, CHUNK_REUSED, heap->cached_chunks, ZEND_MM_CHUNK_SIZE, heap->chunks + 1);
	return zend_mm_cache_pop(heap);
}

/* Links a chunk at the end of the circle, empty. */
static void zend_mm_chunks_add(struct zend_mm_modern_heap *heap, struct zend_mm_chunk *chunk)
{
	struct zend_mm_chunk *last = heap->main_chunk->prev;

	heap->chunks++;
	if (heap->chunks > heap->peak_chunks) {
		heap->peak_chunks = heap->chunks;
	}
	chunk->heap = heap;
	zend_mm_chunk_link_after(last, chunk);
	chunk->num = last->num + 1;
	zend_mm_pages_reset(chunk);
	zend_mm_order_add(heap, chunk, false);
}

/* Moves a chunk to the place right after the main one. */
static void zend_mm_chunk_to_front(struct zend_mm_modern_heap *heap, struct zend_mm_chunk *chunk)
{
	zend_mm_chunk_unlink(chunk);
	zend_mm_order_remove(heap, chunk);
	zend_mm_chunk_link_after(heap->main_chunk, chunk);
	zend_mm_order_add(heap, chunk, true);
}

void *zend_mm_chunks_take_pages(struct zend_mm_modern_heap *heap, unsigned count)
{
	struct zend_mm_place place;

	if (!zend_mm_chunks_find(heap, count, &place)) {
		place.chunk = zend_mm_chunks_get(heap, count);
		if (place.chunk == NULL) {
			return NULL;
		}
		zend_mm_chunks_add(heap, place.chunk);
		place.page = ZEND_MM_FIRST_PAGE;
	}
	if (place.steps > ZEND_MM_MOVE_STEPS && count < ZEND_MM_MOVE_PAGES) {
		zend_mm_chunk_to_front(heap, place.chunk);
		ZEND_MM_EVENT(heap, CHUNK_TO_FRONT, place.chunk, 0, place.steps);
	}
	zend_mm_pages_take(place.chunk, place.page, count);
	return zend_mm_page_address(place.chunk, place.page);
}
/* }}} */

/* {{{ Giving back */

/* Whether a chunk that was just unlinked joins the cached ones. */
static bool zend_mm_chunks_keep(const struct zend_mm_modern_heap *heap)
{
	size_t held = heap->chunks + heap->cached_count;

	return (double)held < heap->average_chunks + ZEND_MM_KEEP_MARGIN ||
		(heap->chunks == heap->deletion_boundary &&
		heap->deletion_count >= ZEND_MM_KEEP_DELETIONS);
}

/* Counts a deletion for zend_mm_chunks_keep(). */
static void zend_mm_chunks_count_deletion(struct zend_mm_modern_heap *heap)
{
	if (heap->chunks != heap->deletion_boundary) {
		heap->deletion_boundary = heap->chunks;
		heap->deletion_count = 0;
	} else {
		heap->deletion_count++;
	}
}

static void zend_mm_chunks_delete(struct zend_mm_modern_heap *heap, struct zend_mm_chunk *chunk)
{
	struct zend_mm_chunk *victim = chunk;

	zend_mm_chunk_unlink(chunk);
	zend_mm_order_remove(heap, chunk);
	heap->chunks--;
	if (zend_mm_chunks_keep(heap)) {
		zend_mm_cache_push(heap, chunk);
		ZEND_MM_EVENT(heap, CHUNK_CACHED, chunk, ZEND_MM_CHUNK_SIZE, heap->cached_count);
		return;
	}
	zend_mm_real_size_sub(heap, ZEND_MM_CHUNK_SIZE);
	if (heap->cached_chunks == NULL) {
		zend_mm_chunks_count_deletion(heap);
	} else if (chunk->num <= heap->cached_chunks->num) {
		victim = zend_mm_cache_pop(heap);
		zend_mm_cache_push(heap, chunk);
	}
	zend_mm_region_unmap(heap, victim, ZEND_MM_CHUNK_SIZE);
	ZEND_MM_EVENT(heap, CHUNK_GONE, victim, ZEND_MM_CHUNK_SIZE, heap->chunks);
}

void zend_mm_chunks_delete_if_empty(struct zend_mm_modern_heap *heap, struct zend_mm_chunk *chunk)
{
	if (chunk->free_pages == ZEND_MM_ALL_PAGES && chunk != heap->main_chunk) {
		zend_mm_chunks_delete(heap, chunk);
	}
}

void zend_mm_chunks_give_pages(struct zend_mm_modern_heap *heap, struct zend_mm_chunk *chunk,
	unsigned page, unsigned count)
{
	zend_mm_pages_give(chunk, page, count);
	zend_mm_chunks_delete_if_empty(heap, chunk);
}

void zend_mm_chunks_drop_cached(struct zend_mm_modern_heap *heap)
{
	ZEND_MM_EVENT(heap, CHUNK_GONE, heap->cached_chunks, ZEND_MM_CHUNK_SIZE, heap->chunks);
	zend_mm_region_unmap(heap, zend_mm_cache_pop(heap), ZEND_MM_CHUNK_SIZE);
}

void zend_mm_chunks_cache_all(struct zend_mm_modern_heap *heap)
{
	struct zend_mm_chunk *chunk = heap->main_chunk->next;

	while (chunk != heap->main_chunk) {
		struct zend_mm_chunk *next = chunk->next;

		zend_mm_cache_push(heap, chunk);
		ZEND_MM_EVENT(heap, CHUNK_CACHED, chunk, ZEND_MM_CHUNK_SIZE, heap->cached_count);
		chunk = next;
	}
	heap->chunks = 1;
	zend_mm_order_clear(heap);
}

void zend_mm_chunks_reset_main(struct zend_mm_modern_heap *heap)
{
	struct zend_mm_chunk *chunk = heap->main_chunk;

	chunk->heap = heap;
	chunk->next = chunk;
	chunk->prev = chunk;
	chunk->num = 0;
	zend_mm_pages_reset(chunk);
}
/* }}} */

bool zend_mm_chunks_contain(const struct zend_mm_modern_heap *heap,
	const struct zend_mm_chunk *chunk)
{
	const struct zend_mm_chunk *member = heap->main_chunk;

	do {
		if (member == chunk) {
			return true;
		}
		member = member->next;
	} while (member != heap->main_chunk);
	return false;
}
