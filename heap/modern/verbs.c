/* SPDX-License-Identifier: MIT */
/*
 * heap/modern/verbs.c - the tables by which a modern heap is reached where its kind does not say
 * it all: one for release builds, one for debug builds.
 */
#include "heap/modern/chunks.h"
#include "heap/modern/debug.h"
#include "heap/modern/fast.h"
#include "heap/modern/snapshot.h"

static void *zend_mm_modern_verb_alloc(zend_mm_heap *heap, size_t size)
{
	return zend_mm_modern_alloc(heap, zend_mm_least_request(zend_mm_modern(heap), size));
}

static void zend_mm_modern_verb_free(zend_mm_heap *heap, void *ptr)
{
	zend_mm_modern_free(heap, ptr);
}

static size_t zend_mm_modern_usage(zend_mm_heap *heap)
{
	return zend_mm_size_used(heap);
}

static size_t zend_mm_modern_count_huge(const struct zend_mm_modern_heap *heap)
{
	const struct zend_mm_huge_entry *entry;
	size_t count = 0;

	for (entry = heap->huge_blocks; entry != NULL; entry = entry->next) {
		count++;
	}
	return count;
}

static void zend_mm_modern_get_figures(zend_mm_heap *base, zend_mm_figures *figures)
{
	const struct zend_mm_modern_heap *heap = zend_mm_modern(base);

	figures->real_size = base->real_size;
	figures->real_peak = base->real_peak;
	figures->size = zend_mm_size_used(base);
	figures->peak = base->peak;
	figures->limit = base->limit;
	figures->cached = heap->cached_count * ZEND_MM_CHUNK_SIZE;
	figures->regions = heap->chunks + heap->cached_count + zend_mm_modern_count_huge(heap);
	figures->storage_allocs = base->calls.allocs;
	figures->storage_resizes = base->calls.resizes;
	figures->storage_frees = base->calls.frees;
	figures->storage_truncates = base->calls.truncates;
	figures->storage_refused = base->calls.refused;
}

/* Pages of runs without a used slot, chunks without a run, and those that are kept for later. */
static void zend_mm_modern_trim(zend_mm_heap *base)
{
	struct zend_mm_modern_heap *heap = zend_mm_modern(base);

	zend_mm_modern_gc(base);
	while (heap->cached_chunks != NULL) {
		zend_mm_chunks_drop_cached(heap);
		zend_mm_real_size_sub(heap, ZEND_MM_CHUNK_SIZE);
	}
}

/* Looks at the block as reports do, without believing any structure. */
static int zend_mm_modern_check_block(zend_mm_heap *base, const void *ptr, zend_mm_problem *problem)
{
	zend_mm_place place = { .page = 0 };

	zend_mm_modern_locate(base, ptr, &place);
	if (place.block.size != 0 && place.block.data == ptr &&
	    place.block.state == ZEND_MM_BLOCK_USED && !place.block.internal) {
		return 0;
	}
	return zend_mm_problem_at(problem, zend_mm_modern(base),
		"no block in use begins at the address", ptr);
}

static int zend_mm_modern_debug_verb_check_block(zend_mm_heap *base, const void *ptr,
	zend_mm_problem *problem)
{
	return zend_mm_modern_debug_check_block(zend_mm_modern(base), ptr, problem);
}

const struct zend_mm_verbs zend_mm_modern_verbs = {
	.name = "modern",
	.alloc = zend_mm_modern_verb_alloc,
	.free = zend_mm_modern_verb_free,
	.realloc = zend_mm_modern_realloc,
	.block_size = zend_mm_modern_block_size,
	.owns = zend_mm_modern_owns,
	.usage = zend_mm_modern_usage,
	.set_limit = zend_mm_modern_set_limit,
	.gc = zend_mm_modern_gc,
	.shutdown = zend_mm_modern_shutdown,
	.get_figures = zend_mm_modern_get_figures,
	.walk = zend_mm_modern_walk,
	.walk_lists = zend_mm_modern_walk_lists,
	.check = zend_mm_modern_check,
	.locate = zend_mm_modern_locate,
	.check_block = zend_mm_modern_check_block,
	.alloc_aligned = zend_mm_modern_alloc_aligned,
	.trim = zend_mm_modern_trim,
	ZEND_MM_HARDENED_ONLY(.refresh_key = zend_mm_refresh_key)
};

const struct zend_mm_verbs zend_mm_modern_debug_verbs = {
	.name = "modern, debug",
	.alloc = zend_mm_modern_debug_alloc,
	.free = zend_mm_modern_debug_free,
	.realloc = zend_mm_modern_debug_realloc,
	.block_size = zend_mm_modern_debug_block_size,
	.owns = zend_mm_modern_owns,
	.usage = zend_mm_modern_usage,
	.set_limit = zend_mm_modern_set_limit,
	.gc = zend_mm_modern_gc,
	.shutdown = zend_mm_modern_shutdown,
	.get_figures = zend_mm_modern_get_figures,
	.walk = zend_mm_modern_walk,
	.walk_lists = zend_mm_modern_walk_lists,
	.check = zend_mm_modern_check,
	.locate = zend_mm_modern_locate,
	.check_block = zend_mm_modern_debug_verb_check_block,
	.alloc_aligned = zend_mm_modern_debug_alloc_aligned,
	.trim = zend_mm_modern_trim,
	ZEND_MM_HARDENED_ONLY(.refresh_key = zend_mm_refresh_key)
};
