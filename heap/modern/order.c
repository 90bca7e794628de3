/* SPDX-License-Identifier: MIT */
/*
 * heap/modern/order.c - the tree of maxima over a long circle of chunks (see order.h).
 *
 * Called by chunks.c and pages.h.  Chunks join the circle at its two ends only, so their places are
 * handed out from the middle of an array to both sides; where one side is used up, the chunks are
 * spread anew over an array with room for as many again on each side.  A chunk knows its place.
 *
 * Invariant while there is a tree: the chunks of the circle but the main one are in `chunks` in the
 * circle's order; empty places have leaf 0; an inner node is the greater of its two children.
 */
#include "heap/modern/chunks.h"
#include "heap/modern/pages.h"
#include "storage/readable.h"
#include "storage/storage.h"

/* {{{ The tree */

static void zend_mm_order_put(struct zend_mm_order *order, size_t place, unsigned pages)
{
	size_t node = order->places + place;

	order->most[node] = (uint16_t)pages;
	while (node > 1) {
		uint16_t left = order->most[node & ~(size_t)1];
		uint16_t right = order->most[node | 1];
		uint16_t most = left > right ? left : right;

		node /= 2;
		if (order->most[node] == most) {
			break;
		}
		order->most[node] = most;
	}
}

void zend_mm_order_set(struct zend_mm_order *order, const struct zend_mm_chunk *chunk,
	unsigned pages)
{
	zend_mm_order_put(order, chunk->place, pages);
}

struct zend_mm_chunk *zend_mm_order_find(const struct zend_mm_modern_heap *heap, unsigned pages)
{
	const struct zend_mm_order *order = &heap->order;
	size_t node = 1;

	if (order->most[1] < pages) {
		return NULL;
	}
	while (node < order->places) {
		node *= 2;
		if (order->most[node] < pages) {
			node++;
		}
	}
	return order->chunks[node - order->places];
}
/* }}} */

/* {{{ Places */

static size_t zend_mm_order_bytes(size_t places)
{
	return places * (sizeof(struct zend_mm_chunk *) + 2 * sizeof(uint16_t));
}

static void zend_mm_order_drop(struct zend_mm_order *order)
{
	if (order->places != 0) {
		zend_mm_scratch_free(order->chunks, zend_mm_order_bytes(order->places));
	}
	memset(order, 0, sizeof(*order));
}

/* Gives a place, the next one, to each chunk of the circle.  What the tree before knew of a chunk
 * stays known; `added` is not in it. */
static void zend_mm_order_fill(struct zend_mm_modern_heap *heap,
	const struct zend_mm_order *before, const struct zend_mm_chunk *added)
{
	struct zend_mm_order *order = &heap->order;
	struct zend_mm_chunk *chunk = heap->main_chunk->next;

	for (; chunk != heap->main_chunk; chunk = chunk->next) {
		bool known = before->places != 0 && chunk != added;

		order->most[order->places + order->end] = known ?
			before->most[before->places + chunk->place] : (uint16_t)chunk->free_pages;
		order->chunks[order->end] = chunk;
		chunk->place = (uint32_t)order->end++;
	}
	for (size_t node = order->places - 1; node > 0; node--) {
		uint16_t left = order->most[2 * node];
		uint16_t right = order->most[2 * node + 1];

		order->most[node] = left > right ? left : right;
	}
}

/* Makes a tree of the circle as it is, with room for as many chunks again on both sides; none where
 * there is no memory. */
static void zend_mm_order_make(struct zend_mm_modern_heap *heap,
	const struct zend_mm_chunk *added)
{
	struct zend_mm_order before = heap->order;
	struct zend_mm_order *order = &heap->order;
	size_t places = 64;

	while (places < 4 * heap->chunks) {
		places *= 2;
	}
	memset(order, 0, sizeof(*order));
	order->chunks = zend_mm_scratch_alloc(zend_mm_order_bytes(places));
	if (order->chunks != NULL) {
		order->most = (uint16_t *)(order->chunks + places);
		order->places = places;
		order->first = order->end = (places - heap->chunks) / 2;
		order->main_most = before.places != 0 ? before.main_most : heap->main_chunk->free_pages;
		zend_mm_order_fill(heap, &before, added);
	}
	zend_mm_order_drop(&before);
}

void zend_mm_order_add(struct zend_mm_modern_heap *heap, struct zend_mm_chunk *chunk, bool front)
{
	struct zend_mm_order *order = &heap->order;

	if (order->places == 0) {
		/* Tried at powers of two, so that without memory it is not tried for each chunk.  A heap
		 * under study looks at all chunks, and tells. */
		if (config_short_ways && heap->chunks >= zend_mm_order_from && !front
				&& (heap->chunks & (heap->chunks - 1)) == 0) {
			zend_mm_order_make(heap, chunk);
		}
		return;
	}
	if (front ? order->first == 0 : order->end == order->places) {
		zend_mm_order_make(heap, chunk);
		return;
	}
	chunk->place = (uint32_t)(front ? --order->first : order->end++);
	order->chunks[chunk->place] = chunk;
	zend_mm_order_put(order, chunk->place, chunk->free_pages);
}

void zend_mm_order_remove(struct zend_mm_modern_heap *heap, struct zend_mm_chunk *chunk)
{
	if (heap->order.places != 0) {
		zend_mm_order_put(&heap->order, chunk->place, 0);
		heap->order.chunks[chunk->place] = NULL;
	}
}

void zend_mm_order_clear(struct zend_mm_modern_heap *heap)
{
	zend_mm_order_drop(&heap->order);
}
/* }}} */

/* {{{ The deep check */

static bool zend_mm_order_is_tree(const struct zend_mm_order *order)
{
	if (order->places == 0) {
		return order->chunks == NULL && order->most == NULL && order->first == 0 &&
			order->end == 0;
	}
	return (order->places & (order->places - 1)) == 0 && order->places <= UINT32_MAX &&
		order->first <= order->end && order->end <= order->places &&
		(uintptr_t)order->chunks % sizeof(void *) == 0 &&
		(uintptr_t)order->most == (uintptr_t)order->chunks + order->places * sizeof(void *) &&
		zend_mm_readable(order->chunks, zend_mm_order_bytes(order->places));
}

static bool zend_mm_order_wrong(struct zend_mm_beside_fault *fault, const char *reason,
	const void *word, size_t found)
{
	*fault = (struct zend_mm_beside_fault) { reason, word, found };
	return false;
}

/* One place of the array, which is to be empty or the next chunk of the circle. */
static bool zend_mm_order_is_place_sound(const struct zend_mm_modern_heap *heap, size_t place,
	const struct zend_mm_chunk *chunk, struct zend_mm_beside_fault *fault)
{
	static const char reason[] = "the tree over the chunks says something else than their circle";
	const struct zend_mm_order *order = &heap->order;
	const uint16_t *most = &order->most[order->places + place];

	if (order->chunks[place] == NULL) {
		return *most == 0 || zend_mm_order_wrong(fault, reason, most, *most);
	}
	if (order->chunks[place] != chunk || chunk == heap->main_chunk ||
		place < order->first || place >= order->end) {
		return zend_mm_order_wrong(fault, reason, &order->chunks[place],
			(uintptr_t)order->chunks[place]);
	}
	if (chunk->place != place) {
		return zend_mm_order_wrong(fault, reason, &chunk->place, chunk->place);
	}
	return *most >= zend_mm_pages_longest(chunk) ||
		zend_mm_order_wrong(fault, reason, most, *most);
}

static bool zend_mm_order_are_places_sound(const struct zend_mm_modern_heap *heap,
	struct zend_mm_beside_fault *fault)
{
	const struct zend_mm_order *order = &heap->order;
	const struct zend_mm_chunk *chunk = heap->main_chunk->next;

	for (size_t place = 0; place < order->places; place++) {
		if (!zend_mm_order_is_place_sound(heap, place, chunk, fault)) {
			return false;
		}
		chunk = order->chunks[place] != NULL ? chunk->next : chunk;
	}
	return chunk == heap->main_chunk || zend_mm_order_wrong(fault,
		"the tree over the chunks lacks one of the circle", &order->end, order->end);
}

bool zend_mm_order_is_sound(const struct zend_mm_modern_heap *heap,
	struct zend_mm_beside_fault *fault)
{
	const struct zend_mm_order *order = &heap->order;

	if (!zend_mm_order_is_tree(order)) {
		return zend_mm_order_wrong(fault, "the tree over the chunks is damaged", &order->places,
			order->places);
	}
	if (order->places == 0) {
		return true;
	}
	if (!zend_mm_order_are_places_sound(heap, fault)) {
		return false;
	}
	for (size_t node = order->places - 1; node > 0; node--) {
		uint16_t left = order->most[2 * node];
		uint16_t right = order->most[2 * node + 1];

		if (order->most[node] != (left > right ? left : right)) {
			return zend_mm_order_wrong(fault,
				"a node of the tree over the chunks is not the greater of its two",
				&order->most[node], order->most[node]);
		}
	}
	return order->main_most >= zend_mm_pages_longest(heap->main_chunk) ||
		zend_mm_order_wrong(fault, "the main chunk has more pages in a row than is noted",
			&order->main_most, order->main_most);
}
/* }}} */
