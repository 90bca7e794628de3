/* SPDX-License-Identifier: MIT */
/*
 * heap/legacy/verbs.c - the table of a legacy heap's verbs, and those of a few lines.
 *
 * Reached through the heap's head, by the interface and by layers over heaps.
 */
#include "heap/design.h"
#include "heap/legacy/fast.h"
#include "heap/legacy/guard.h"
#include "heap/legacy/verbs.h"

static void *alloc(zend_mm_heap *heap, size_t size)
{
	return zend_mm_legacy_alloc(heap, size);
}

static void free_block(zend_mm_heap *heap, void *ptr)
{
	zend_mm_legacy_free(heap, ptr);
}

/* The segment that an address lies in, NULL where there is none. */
static const zend_mm_segment *segment_around(const legacy_heap_t *heap, const void *address)
{
	const zend_mm_segment *segment = heap->segments;

	while (segment && (uintptr_t) address - (uintptr_t) segment >= segment->size) {
		segment = segment->next_segment;
	}
	return segment;
}

static bool is_cached(const legacy_heap_t *heap, const block_t *block)
{
	const void *data = heap->cache[bucket_of(block_size(block))];

	while (data && data != block_data(block)) {
		data = cache_next(heap, data);
	}
	return data != NULL;
}

/* Whether ptr is the data address of a block that is handed out. */
static bool owns(zend_mm_heap *head, const void *ptr)
{
	const legacy_heap_t *heap = (const legacy_heap_t *) head;
	const zend_mm_segment *segment = segment_around(heap, ptr);
	const block_t *block;

	if (!segment) {
		return false;
	}
	block = segment_first_block(segment);
	while (!block_is_guard(block) && (uintptr_t) block_data(block) < (uintptr_t) ptr) {
		block = block_after(block);
	}
	return block_data(block) == ptr && block_is_used(block) && ptr != heap->reserve
		&& ptr != (const void *) heap
		&& (block_size(block) >= legacy_small_limit || !is_cached(heap, block));
}

static size_t usage(zend_mm_heap *head)
{
	return zend_mm_size_used(head) - ((const legacy_heap_t *) head)->cached;
}

/* compat: never less than one segment, and never refused, whatever the heap holds already. */
static int set_limit(zend_mm_heap *head, size_t limit)
{
	size_t least = ((const legacy_heap_t *) head)->segment_size;

	head->limit = limit < least ? least : limit;
	return 0;
}

static size_t gc(zend_mm_heap *heap)
{
	(void) heap;
	return 0;
}

/* The cache goes to the free lists, and segments that become free with it to storage. */
static void trim(zend_mm_heap *heap)
{
	zend_mm_legacy_flush_cache((legacy_heap_t *) heap);
}

/* Looks at the block as reports do, without believing any header. */
static int check_block(zend_mm_heap *head, const void *ptr, zend_mm_problem *problem)
{
	zend_mm_place place = { .page = 0 };

	zend_mm_legacy_locate(head, ptr, &place);
	if (place.block.size && place.block.data == ptr && place.block.state == ZEND_MM_BLOCK_USED
			&& !place.block.internal) {
		return !legacy_plain && block_is_damaged((legacy_heap_t *) head, block_of(ptr), problem);
	}
	*problem = (zend_mm_problem) {
		.heap = head, .reason = "no block in use begins at the address", .address = ptr
	};
	return 1;
}

static void get_figures(zend_mm_heap *head, zend_mm_figures *figures)
{
	const legacy_heap_t *heap = (const legacy_heap_t *) head;

	*figures = (zend_mm_figures) {
		.real_size = head->real_size,
		.real_peak = head->real_peak,
		.size = usage(head),
		.peak = head->peak,
		.limit = head->limit,
		.cached = heap->cached,
		.regions = head->calls.allocs - head->calls.frees,
		.storage_allocs = head->calls.allocs,
		.storage_resizes = head->calls.resizes,
		.storage_frees = head->calls.frees,
		.storage_truncates = head->calls.truncates,
		.storage_refused = head->calls.refused
	};
}

const struct zend_mm_verbs zend_mm_legacy_verbs = {
	.name = "legacy",
	.alloc = alloc,
	.free = free_block,
	.realloc = zend_mm_legacy_realloc,
	.block_size = zend_mm_legacy_block_size,
	.owns = owns,
	.usage = usage,
	.set_limit = set_limit,
	.gc = gc,
	.shutdown = zend_mm_legacy_shutdown,
	.get_figures = get_figures,
	.walk = zend_mm_legacy_walk,
	.walk_lists = zend_mm_legacy_walk_lists,
	.check = zend_mm_legacy_check,
	.locate = zend_mm_legacy_locate,
	.check_block = check_block,
	.alloc_aligned = zend_mm_legacy_alloc_aligned,
	.trim = trim,
	ZEND_MM_HARDENED_ONLY(.refresh_key = refresh_key)
};
