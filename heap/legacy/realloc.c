/* SPDX-License-Identifier: MIT */
/*
 * heap/legacy/realloc.c - resizing: six ways, tried in this order.
 *
 *	shrink    the address stays, what is left over is split off
 *	cache     a cached block of the new size takes the data, and the old block its place there
 *	grow      into the free block after it
 *	segment   the block, with the free one after it, fills its segment: resize that
 *	move      allocate, copy, free
 *
 * (and a NULL block is allocated).  Called by the interface and the heap's verbs.
 */
#include <string.h>

#include "heap/legacy/blocks.h"
#include "heap/legacy/error.h"
#include "heap/legacy/fast.h"
#include "heap/legacy/guard.h"
#include "heap/legacy/segments.h"

/* The block's size became new_size: corrects the figures. */
static zend_always_inline void count_resized(legacy_heap_t *heap, size_t old_size,
	size_t new_size)
{
	zend_mm_size_shrink(&heap->head, old_size);
	count_used(heap, new_size);
}

/* How much of a block that moves is copied: all it has, or, where something lies behind the data,
 * all that was asked for. */
static zend_always_inline size_t data_size(const block_t *block, size_t size)
{
	return legacy_keeps_requested ? *block_requested(block) : size - legacy_header_size;
}

static ZEND_MM_NOINLINE void *shrink(legacy_heap_t *heap, block_t *block, size_t old_size,
	size_t need, size_t request)
{
	size_t size = absorb_after(heap, block, old_size);

	ZEND_MM_EVENT(heap, RESIZE_SHRINKS, block, old_size, need);
	block_set(block, need, block_used);
	block_insert(heap, block_at(block, need), size - need);
	zend_mm_size_shrink(&heap->head, old_size - need);
	block_dress(heap, block, request);
	return block_data(block);
}

/* Moves a block's data to the cached block of the new size. */
static ZEND_MM_NOINLINE void *swap_with_cached(legacy_heap_t *heap, block_t *block,
	size_t old_size, size_t need, size_t request)
{
	void *data = *cache_of(heap, need);

	ZEND_MM_EVENT(heap, RESIZE_SWAPS, block, old_size, need);
	cache_pop(heap, need, data);
	memcpy(data, block_data(block), data_size(block, old_size));
	block_dress(heap, block_of(data), request);
	/* compat: whatever the cache holds already */
	block_undress(block, true);
	cache_push(heap, old_size, block_data(block));
	return data;
}

/* Grows a block into the free block after it; size is what both have, and enough. */
static ZEND_MM_NOINLINE void *grow(legacy_heap_t *heap, block_t *block, size_t old_size,
	size_t size, size_t need, size_t request)
{
	block_t *after = block_at(block, old_size);
	size_t new_size;

	ZEND_MM_EVENT(heap, RESIZE_GROWS, block, old_size, need);
	block_check_tags(heap, after);
	ZEND_MM_EVENT(heap, MERGE_AFTER, after, after->word, 0);
	if (block_is_first(block) && block_is_guard(block_at(block, size))) {
		/* all that the segment has */
		block_unlink(heap, after);
		new_size = block_carve(heap, block, size, need, remainder_to_rest);
	} else {
		new_size = block_carve_listed(heap, after, block, size, need);
	}
	count_resized(heap, old_size, new_size);
	block_dress(heap, block, request);
	return block_data(block);
}

/* The same for the most frequent case: the block after it is a leaf of a tree, alone in its ring,
 * and what is left of it is large, too. */
static ZEND_MM_NOINLINE void *grow_into_leaf(legacy_heap_t *heap, block_t *block,
	size_t old_size, size_t size, size_t need, size_t request)
{
	block_t *after = block_at(block, old_size);
	block_t *rest = block_at(block, need);
	size_t left = size - need;

	block_check_tags(heap, after);
	count_resized(heap, old_size, need);
	if (trie_listed_becomes(heap, after, left)) {
		block_replace_only(heap, rest, left);
	} else {
		trie_remove_lone_leaf(heap, after, after->word);
		block_set(rest, left, block_free);
		zend_mm_legacy_trie_insert(heap, rest, left);
	}
	block_set(block, need, block_used);
	block_dress(heap, block, request);
	return block_data(block);
}

/* Puts back the free block that was unlinked for a segment that is not resized after all.
 * compat: over the limit it goes to the ordinary lists, even if it came from the rest list.  Where
 * storage refuses, the original loses it: it is in no list from then on.  Here it goes to the rest
 * list, where the remainders of such segments are kept anyway: the heap stays sound, and requests
 * away from the limit miss the block as they do in the original. */
static void put_back(legacy_heap_t *heap, block_t *block, bool over_limit)
{
	if (over_limit) {
		block_list(heap, block, block_size(block));
	} else {
		zend_mm_legacy_rest_insert(heap, block, block_size(block));
	}
}

/* Resizes the segment that the block and the free block after it, if there is one, fill.
 * While storage and the limit are asked, that free block is in no list. */
static ZEND_MM_NOINLINE void *grow_segment(legacy_heap_t *heap, block_t *block, size_t old_size,
	size_t need, size_t request)
{
	zend_mm_segment *segment = segment_of_first(block);
	size_t segment_size = segment_size_for(heap, need);
	size_t real_size = heap->head.real_size + segment_size - segment->size;
	bool over_limit = segment_size < need || real_size > heap->head.limit;
	block_t *after = block_at(block, old_size);

	ZEND_MM_EVENT(heap, RESIZE_SEGMENT, block, old_size, need);
	if (block_is_free(after)) {
		block_check_tags(heap, after);
		block_unlink(heap, after);
	}
	if (!over_limit) {
		zend_mm_segment *resized = zend_mm_legacy_segment_resize(heap, segment, segment_size);

		if (EXPECTED(resized != NULL)) {
			block = segment_first_block(resized);
			count_resized(heap, old_size, block_carve(heap, block, segment_room(resized),
				need, remainder_to_rest));
			block_dress(heap, block, request);
			return block_data(block);
		}
	}
	if (block_is_free(after)) {
		put_back(heap, after, over_limit);
	}
	return over_limit
		? zend_mm_legacy_over_limit(heap, request, tried_signed)
		: zend_mm_legacy_storage_refused(heap, request, tried_signed);
}

static ZEND_MM_NOINLINE void *move(legacy_heap_t *heap, block_t *block, size_t old_size,
	size_t request)
{
	void *data;

	ZEND_MM_EVENT(heap, RESIZE_MOVES, block, old_size, request);
	data = zend_mm_legacy_alloc(&heap->head, request);
	if (EXPECTED(data != NULL)) {
		memcpy(data, block_data(block), data_size(block, old_size));
		zend_mm_legacy_free(&heap->head, block_data(block));
	}
	return data;
}

/* The ways to a larger block that is not in the cache. */
static ZEND_MM_NOINLINE void *enlarge(legacy_heap_t *heap, block_t *block, size_t old_size,
	size_t need, size_t request)
{
	block_t *after = block_at(block, old_size);
	size_t size = old_size;

	if (block_is_free(after)) {
		size += after->word;
		if (need <= size) {
			return size - need >= legacy_small_limit && !block_is_first(block)
				&& after->word >= legacy_small_limit && trie_is_lone_leaf(after)
				? grow_into_leaf(heap, block, old_size, size, need, request)
				: grow(heap, block, old_size, size, need, request);
		}
	}
	if (block_is_first(block) && block_is_guard(block_at(block, size))) {
		return grow_segment(heap, block, old_size, need, request);
	}
	return move(heap, block, old_size, request);
}

void *zend_mm_legacy_realloc(zend_mm_heap *head, void *ptr, size_t request, size_t copy_size)
{
	legacy_heap_t *heap = (legacy_heap_t *) head;
	size_t need = legacy_true_size(request);
	block_t *block = block_of(ptr);
	size_t old_size;

	(void) copy_size; /* compat: what fits is kept */
	if (UNEXPECTED(!ptr)) {
		return zend_mm_legacy_alloc(head, request);
	}
	block_verify(heap, block);
	if (UNEXPECTED(need < request)) {
		return zend_mm_legacy_out_of_memory(heap, request, tried_signed);
	}
	old_size = block_size(block);
	if (need <= old_size) {
		if (old_size - need >= legacy_smallest_block) {
			return shrink(heap, block, old_size, need, request);
		}
		ZEND_MM_EVENT(heap, RESIZE_STAYS, block, old_size, need);
		block_dress(heap, block, request);
		return ptr;
	}
	if (need < legacy_small_limit && *cache_of(heap, need)) {
		return swap_with_cached(heap, block, old_size, need, request);
	}
	return enlarge(heap, block, old_size, need, request);
}

size_t zend_mm_legacy_block_size(zend_mm_heap *head, void *ptr)
{
	legacy_heap_t *heap = (legacy_heap_t *) head;
	block_t *block = block_of(ptr);

	if (!legacy_plain || config_hardened) {
		block_verify(heap, block);
	}
	return legacy_keeps_requested ? *block_requested(block) : block_size(block);
}
