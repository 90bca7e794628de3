/* SPDX-License-Identifier: MIT */
/*
 * heap/legacy/walk.c - showing a heap: its segments and blocks, and the members of its lists.
 *
 * Called through the heap's verbs.  The heap has to be sound, and is not changed.  What a header
 * does not say is noted in a map first: a cached block looks like any used one, and a small free
 * block does not say whether it is in its bucket or in the rest list.
 */
#include "heap/legacy/cache.h"
#include "heap/legacy/map.h"
#include "heap/legacy/rest.h"
#include "heap/legacy/verbs.h"
#include "heap/study/large_list.h"

enum {
	plane_cached,
	plane_rest
};

/* {{{ What is shown of a block. */

static zend_mm_block_info describe(const legacy_heap_t *heap, const block_t *block,
	zend_mm_block_state state, zend_mm_block_list list, size_t index)
{
	bool live = state == ZEND_MM_BLOCK_USED || state == ZEND_MM_BLOCK_RESERVE;

	return (zend_mm_block_info) {
		.address = block,
		.size = block_size(block),
		.data = block_data(block),
		.usable = block_size(block) - legacy_header_size - legacy_canary_size,
		.state = state,
		.list = list,
		.index = (unsigned) index,
		.internal = block_data(block) == (const void *) heap,
		.requested = legacy_keeps_requested && live ? *block_requested(block) : 0
	};
}

/* A part of a segment that no program ever has. */
static zend_mm_block_info describe_part(const void *address, size_t size,
	zend_mm_block_state state)
{
	return (zend_mm_block_info) { .address = address, .size = size, .state = state };
}

static zend_mm_block_info describe_cached(const legacy_heap_t *heap, const block_t *block)
{
	return describe(heap, block, ZEND_MM_BLOCK_CACHED, ZEND_MM_LIST_CACHE,
		bucket_of(block_size(block)));
}

static zend_mm_block_info describe_free(const legacy_heap_t *heap, const block_t *block, bool rest)
{
	size_t size = block_size(block);

	if (rest) {
		return describe(heap, block, ZEND_MM_BLOCK_FREE, ZEND_MM_LIST_REST, 0);
	}
	if (size < legacy_small_limit) {
		return describe(heap, block, ZEND_MM_BLOCK_FREE, ZEND_MM_LIST_BUCKET,
			bucket_of(size));
	}
	return describe(heap, block, ZEND_MM_BLOCK_FREE, ZEND_MM_LIST_TRIE,
		(unsigned) zend_mm_highest_bit(size));
}

/* }}} */
/* {{{ Segments and blocks. */

static void note_lists(const legacy_heap_t *heap, struct zend_mm_legacy_map *map)
{
	for (size_t bucket = 0; bucket < legacy_bucket_count; bucket++) {
		for (void *data = heap->cache[bucket]; data; data = cache_next(heap, data)) {
			map_put(map, plane_cached, zend_mm_legacy_map_bit(map, block_of(data)));
		}
	}
	for (const block_t *block = heap->rest.next; block != ring_sentinel(&heap->rest);
			block = block_ring(block)->next) {
		map_put(map, plane_rest, zend_mm_legacy_map_bit(map, block));
	}
}

static bool map_heap(const legacy_heap_t *heap, struct zend_mm_legacy_map *map)
{
	size_t segments = 0;

	for (const zend_mm_segment *s = heap->segments; s; s = s->next_segment) {
		segments++;
	}
	if (!zend_mm_legacy_map_open(map, segments, heap->head.real_size)) {
		return false;
	}
	for (const zend_mm_segment *s = heap->segments; s; s = s->next_segment) {
		zend_mm_legacy_map_add(map, s, s->size);
	}
	zend_mm_legacy_map_seal(map);
	note_lists(heap, map);
	return true;
}

static zend_mm_block_info describe_mapped(const legacy_heap_t *heap,
	const struct zend_mm_legacy_map *map, const block_t *block)
{
	size_t bit = zend_mm_legacy_map_bit(map, block);

	if (block_is_free(block)) {
		return describe_free(heap, block, map_get(map, plane_rest, bit));
	}
	if (map_get(map, plane_cached, bit)) {
		return describe_cached(heap, block);
	}
	return describe(heap, block, heap->reserve && block_data(block) == heap->reserve
		? ZEND_MM_BLOCK_RESERVE : ZEND_MM_BLOCK_USED, ZEND_MM_LIST_NONE, 0);
}

static int walk_segment(const legacy_heap_t *heap, const struct zend_mm_legacy_map *map,
	const zend_mm_segment *segment, zend_mm_visitor visitor, void *context)
{
	zend_mm_region region = { ZEND_MM_REGION_SEGMENT, segment, segment->size };
	zend_mm_block_info info = describe_part(segment, legacy_segment_header_size,
		ZEND_MM_BLOCK_HEADER);
	const block_t *block = segment_first_block(segment);
	int result = visitor(context, &region, NULL);

	if (result == 0) {
		result = visitor(context, &region, &info);
	}
	while (result == 0 && !block_is_guard(block)) {
		const block_t *after = block_after(block);

		info = describe_mapped(heap, map, block);
		result = visitor(context, &region, &info);
		block = after;
	}
	if (result == 0) {
		info = describe_part(block, legacy_header_size, ZEND_MM_BLOCK_GUARD);
		result = visitor(context, &region, &info);
	}
	return result;
}

int zend_mm_legacy_walk(zend_mm_heap *head, zend_mm_visitor visitor, void *context)
{
	const legacy_heap_t *heap = (const legacy_heap_t *) head;
	struct zend_mm_legacy_map map;
	int result = 0;

	if (!map_heap(heap, &map)) {
		return -1;
	}
	for (const zend_mm_segment *segment = heap->segments; segment && result == 0;
			segment = segment->next_segment) {
		result = walk_segment(heap, &map, segment, visitor, context);
	}
	zend_mm_legacy_map_close(&map);
	return result;
}

/* }}} */
/* {{{ Lists. */

/* Who is shown a list's members. */
struct viewer {
	const legacy_heap_t *heap;
	zend_mm_list_visitor visitor;
	void *context;
};

static int show(const struct viewer *viewer, zend_mm_block_info info, unsigned depth, int link)
{
	return viewer->visitor(viewer->context, info.list, info.index, &info, depth, link);
}

static int show_cache(const struct viewer *viewer, size_t bucket)
{
	int result = 0;

	for (void *data = viewer->heap->cache[bucket]; data && result == 0;
			data = cache_next(viewer->heap, data)) {
		result = show(viewer, describe_cached(viewer->heap, block_of(data)), 0, -1);
	}
	return result;
}

/* From the oldest, which is taken next. */
static int show_bucket(const struct viewer *viewer, size_t bucket)
{
	const struct zend_mm_legacy_ring *queue = &viewer->heap->buckets[bucket];
	int result = 0;

	for (const block_t *block = queue->prev; block != ring_sentinel(queue) && result == 0;
			block = block_ring(block)->prev) {
		result = show(viewer, describe_free(viewer->heap, block, false), 0, -1);
	}
	return result;
}

static int show_rest(const struct viewer *viewer)
{
	const struct zend_mm_legacy_ring *rest = &viewer->heap->rest;
	int result = 0;

	for (const block_t *block = rest->next; block != ring_sentinel(rest) && result == 0;
			block = block_ring(block)->next) {
		result = show(viewer, describe_free(viewer->heap, block, true), 0, -1);
	}
	return result;
}

/* A node, its ring, then what hangs below; no deeper than a size has bits. */
static int show_tree(const struct viewer *viewer, const block_t *node, unsigned depth, int link)
{
	int result;

	if (!node) {
		return 0;
	}
	result = show(viewer, describe_free(viewer->heap, node, false), depth, link);
	for (const block_t *member = block_ring(node)->next; member != node && result == 0;
			member = block_ring(member)->next) {
		result = show(viewer, describe_free(viewer->heap, member, false), depth, 2);
	}
	for (int side = 0; side < 2 && result == 0; side++) {
		result = show_tree(viewer, block_links(node)->child[side], depth + 1, side);
	}
	return result;
}

/* A heap under study may have one list instead of trees: shown as the ring of tree 0. */
static int show_large_list(const struct viewer *viewer)
{
	const struct zend_mm_legacy_ring *list = large_list(viewer->heap);
	int result = 0;

	for (const block_t *block = list->next; block != ring_sentinel(list) && result == 0;
			block = block_ring(block)->next) {
		zend_mm_block_info info = describe_free(viewer->heap, block, false);

		info.index = 0;
		result = show(viewer, info, 0, block == list->next ? -1 : 2);
	}
	return result;
}

int zend_mm_legacy_walk_lists(zend_mm_heap *head, zend_mm_list_visitor visitor, void *context)
{
	const legacy_heap_t *heap = (const legacy_heap_t *) head;
	const struct viewer viewer = { heap, visitor, context };
	int result = 0;

	for (size_t bucket = 0; bucket < legacy_bucket_count && result == 0; bucket++) {
		result = show_cache(&viewer, bucket);
	}
	for (size_t bucket = 0; bucket < legacy_bucket_count && result == 0; bucket++) {
		result = show_bucket(&viewer, bucket);
	}
	for (size_t tree = 0; tree < legacy_bucket_count && result == 0; tree++) {
		result = show_tree(&viewer, heap->trees[tree], 0, -1);
	}
	if (config_study && result == 0) {
		result = show_large_list(&viewer);
	}
	return result == 0 ? show_rest(&viewer) : result;
}

/* }}} */
