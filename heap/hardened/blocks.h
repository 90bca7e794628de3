/* SPDX-License-Identifier: MIT */
/*
 * heap/hardened/blocks.h - the accessors of a legacy heap's cache, and what is checked about links
 * and pointers before they are followed, in hardened heaps.  The plain ones are in
 * heap/legacy/plain.h.
 *
 * The smallest block has room for a link and its shadow.
 */
#ifndef HEAP_HARDENED_BLOCKS_H
#define HEAP_HARDENED_BLOCKS_H

#include "heap/hardened/recent.h"
#include "heap/legacy/heap.h"

_Static_assert(legacy_smallest_block - legacy_header_size >= 2 * sizeof(size_t),
	"a cached block holds a link and its shadow");

/* {{{ The cache. */

static zend_always_inline void *cache_decode(const legacy_heap_t *heap, const void *data,
	void *word)
{
	return heap->hardening.links ?
		zend_mm_link_decode(&heap->hardening, data, (size_t) (uintptr_t) word) : word;
}

static zend_always_inline void *cache_next(const legacy_heap_t *heap, const void *data)
{
	return cache_decode(heap, data, *(void *const *) data);
}

static inline const size_t *cache_bad_shadow(const legacy_heap_t *heap, const void *data,
	size_t *expected)
{
	return heap->hardening.links ? zend_mm_link_bad_shadow(&heap->hardening, data, expected) : NULL;
}

/* What is handed out does not look like a cached block any more. */
static zend_always_inline void *cache_taken(const legacy_heap_t *heap, void *data)
{
	void *next;

	if (!heap->hardening.links) {
		return *(void **) data;
	}
	next = zend_mm_link_checked(&heap->head, &heap->hardening, data,
		"a cached block's link does not agree with its shadow");
	((size_t *) data)[1] = 0;
	return next;
}

/* The same for a block that comes from elsewhere: what lay there before may have been cached. */
static zend_always_inline void cache_erase_link(const legacy_heap_t *heap, void *data)
{
	if (heap->hardening.links) {
		((size_t *) data)[1] = 0;
	}
}

static zend_always_inline void cache_set_next(const legacy_heap_t *heap, void *data, void *next)
{
	if (heap->hardening.links) {
		zend_mm_link_write(&heap->hardening, data, next);
	} else {
		*(void **) data = next;
	}
}

/* }}} */
/* {{{ Links and pointers. */

static inline const zend_mm_segment *segment_with(const legacy_heap_t *heap, const void *address)
{
	const zend_mm_segment **place = recent_place(heap, address);
	const zend_mm_segment *segment = place ? *place : NULL;
	size_t steps = 0;

	if (segment && (uintptr_t) address - (uintptr_t) segment < segment->size) {
		return segment;
	}
	segment = heap->segments;
	while (segment && (uintptr_t) address - (uintptr_t) segment >= segment->size) {
		segment = segment->next_segment;
		steps++;
	}
	if (segment) {
		recent_note(heap, address, segment, steps);
	}
	return segment;
}

static inline void segment_leaves(const legacy_heap_t *heap, uintptr_t segment, size_t size)
{
	recent_forget(heap, segment, size);
}

static inline void segments_end(const legacy_heap_t *heap)
{
	recent_end(heap);
}

/* A link, in a free block, leads into a segment, as far from its beginning as the alignment allows,
 * or into the heap's own structure. */
static inline void check_lead(const legacy_heap_t *heap, const block_t *block, const void *link,
	size_t alignment)
{
	const zend_mm_segment *segment;
	uintptr_t leads_to = *(const uintptr_t *) link;

	if (!heap->hardening.lists || leads_to - (uintptr_t) heap < sizeof *heap) {
		return;
	}
	segment = segment_with(heap, (const void *) leads_to);
	if (UNEXPECTED(!segment || leads_to % alignment != (uintptr_t) segment % alignment)) {
		zend_mm_hardened_failed_word(&heap->head,
			"a link of a list leads out of the heap's segments", block, link,
			ZEND_MM_EXPECT_UNKNOWN, 0);
	}
}

/* To a block, or to a list's sentinel. */
static inline void check_link(const legacy_heap_t *heap, const block_t *block, const void *link)
{
	check_lead(heap, block, link, legacy_alignment);
}

/* To a pointer in a block or among the roots: with 32-bit pointers it need not be aligned as blocks
 * are. */
static inline void check_parent(const legacy_heap_t *heap, const block_t *block)
{
	check_lead(heap, block, &block_links(block)->parent, sizeof(block_t *));
}

/* Whether a block ends within its segment and its size has its copy behind it. */
static inline bool has_copy(const block_t *block, const block_t *guard)
{
	size_t size = block_size(block);

	return size >= legacy_smallest_block && size % legacy_alignment == 0
		&& size <= (uintptr_t) guard - (uintptr_t) block
		&& block_at(block, size)->before == block->word;
}

/* A free block, before its neighbours are found by its size and by its copy of the size before. */
static inline void check_listed(const legacy_heap_t *heap, const block_t *block)
{
	const zend_mm_segment *segment;

	if (!heap->hardening.lists) {
		return;
	}
	segment = segment_with(heap, block);
	if (UNEXPECTED(!segment || (uintptr_t) block % legacy_alignment
			!= (uintptr_t) segment % legacy_alignment)) {
		zend_mm_hardened_failed(&heap->head,
			"a list of free blocks leads out of the heap's segments", block);
	}
	if (UNEXPECTED(block->word > (uintptr_t) segment_guard(segment, segment->size)
			- (uintptr_t) block || (!block_is_first(block) && block_before_size(block)
			> (uintptr_t) block - (uintptr_t) segment_first_block(segment)))) {
		zend_mm_legacy_corrupted_block(heap, "a free block's header is overwritten", block);
	}
}

/* The blocks on both sides of one whose own size is right. */
static inline void check_neighbours(const legacy_heap_t *heap, const block_t *block,
	const zend_mm_segment *segment, const block_t *guard)
{
	const block_t *after = block_after(block);

	if (UNEXPECTED(after == guard && guard->word != (legacy_header_size | block_guard))) {
		zend_mm_hardened_failed_word(&heap->head, "a segment's guard is damaged", guard,
			&guard->word, ZEND_MM_EXPECT_EXACTLY, legacy_header_size | block_guard);
	}
	if (UNEXPECTED(after != guard && !has_copy(after, guard))) {
		zend_mm_legacy_corrupted_block(heap, "the header of the block behind is overwritten",
			after);
	}
	if (UNEXPECTED(!block_is_first(block) && (block_before_size(block)
			> (uintptr_t) block - (uintptr_t) segment_first_block(segment)
			|| block_before(block)->word != block->before))) {
		zend_mm_legacy_corrupted_block(heap,
			"a block's copy of the size before it is overwritten", block);
	}
}

/* Looks at a block from all sides before anything is done with it. */
static inline void check_freed(const legacy_heap_t *heap, const block_t *block)
{
	const zend_mm_segment *segment;
	const block_t *guard;

	if (!heap->hardening.frees) {
		return;
	}
	segment = segment_with(heap, block);
	if (UNEXPECTED(!segment || block < segment_first_block(segment)
			|| (uintptr_t) block % legacy_alignment != (uintptr_t) segment % legacy_alignment)) {
		zend_mm_hardened_failed(&heap->head, "no block of the heap can begin at an address",
			block_data(block));
	}
	guard = segment_guard(segment, segment->size);
	if (UNEXPECTED(block >= guard || !has_copy(block, guard))) {
		zend_mm_legacy_corrupted_block(heap, "a block's header is overwritten", block);
	}
	check_neighbours(heap, block, segment, guard);
	if (heap->hardening.links && block_size(block) < legacy_small_limit
			&& UNEXPECTED(zend_mm_link_is_whole(&heap->hardening, block_data(block)))) {
		zend_mm_hardened_failed(&heap->head, "a block was freed already and is in the cache",
			block);
	}
}

/* }}} */

/* A fresh key: at each request, and in the child of a fork. */
static inline void refresh_key(zend_mm_heap *head)
{
	legacy_heap_t *heap = (legacy_heap_t *) head;
	const struct zend_mm_hardening before = heap->hardening;

	heap->hardening.key = zend_mm_random_word();
	for (size_t bucket = 0; bucket < legacy_bucket_count && before.links; bucket++) {
		for (void *data = heap->cache[bucket], *next; data; data = next) {
			next = zend_mm_link_decode(&before, data, *(size_t *) data);
			zend_mm_link_write(&heap->hardening, data, next);
		}
	}
}

#endif
