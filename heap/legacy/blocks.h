/* SPDX-License-Identifier: MIT */
/*
 * heap/legacy/blocks.h - the verbs on blocks, of which allocation, freeing and resizing are made:
 * check, unlink, list, absorb, carve.
 *
 * Included by alloc.c, free.c, realloc.c, rest.c, segments.c and startup.c.  Inline, because the
 * callers differ in what they know about a block already.
 *
 * Between unlinking a block and listing or handing out what it became, it is in no list although
 * its header says free.  No verb calls storage or the host in that state, except resizing a
 * segment (realloc.c), which says so there.
 */
#ifndef HEAP_LEGACY_BLOCKS_H
#define HEAP_LEGACY_BLOCKS_H

#include "heap/legacy/corruption.h"
#include "heap/legacy/heap.h"
#include "heap/legacy/rest.h"
#include "heap/legacy/trie.h"

/* Compares a free block's size word with its copy, and its copy of the word before with that. */
static zend_always_inline void block_check_tags(legacy_heap_t *heap, block_t *block)
{
	if (UNEXPECTED(block_after(block)->before != block->word)
			|| UNEXPECTED(!block_is_first(block)
				&& block_before(block)->word != block->before)) {
		zend_mm_legacy_corrupted_tags(heap, block);
	}
}

/* Takes a block out of a ring, which has to be whole around it. */
static zend_always_inline void ring_leave(legacy_heap_t *heap, block_t *block)
{
	block_t *prev = block_ring(block)->prev;
	block_t *next = block_ring(block)->next;

	if (UNEXPECTED(block_ring(prev)->next != block)
			|| UNEXPECTED(block_ring(next)->prev != block)) {
		zend_mm_legacy_corrupted_ring(heap, block);
	}
	block_ring(prev)->next = next;
	block_ring(next)->prev = prev;
}

/* A small block has left a list of which it was the only member.
 * compat: the list was taken for the bucket of the block's size.  If it was the rest list, and the
 * bucket has exactly one block, the bucket's bit goes although the block is there; the block is
 * found again after the bucket ran empty and was filled. */
static zend_always_inline void bucket_ran_empty(legacy_heap_t *heap, size_t bucket)
{
	struct zend_mm_legacy_ring *queue = &heap->buckets[bucket];

	if (queue->prev == queue->next) {
		heap->small_bitmap &= ~((size_t) 1 << bucket);
		if (UNEXPECTED(queue->prev != ring_sentinel(queue))) {
			heap->hidden_buckets |= (size_t) 1 << bucket;
		}
	}
}

/* Takes a free block out of whichever list it is in. */
static zend_always_inline void block_unlink(legacy_heap_t *heap, block_t *block)
{
	struct zend_mm_legacy_links *links = block_links(block);
	size_t size = block_size(block);
	block_t *prev = links->ring.prev;

	ring_leave(heap, block);
	if (size < legacy_small_limit) {
		if (prev == links->ring.next) {
			bucket_ran_empty(heap, bucket_of(size));
		}
	} else if (prev == block) {
		zend_mm_legacy_trie_remove_node(heap, block, size);
	} else if (links->parent == REST_MARK) {
		heap->rest_count--;
	} else if (links->parent) {
		zend_mm_legacy_trie_replace_node(heap, block, prev);
	}
}

/* Puts a free block, its header set, at the new end of its bucket's queue. */
static zend_always_inline void bucket_insert(legacy_heap_t *heap, block_t *block, size_t size)
{
	size_t bucket = bucket_of(size);
	struct zend_mm_legacy_ring *queue = &heap->buckets[bucket];
	block_t *sentinel = ring_sentinel(queue);
	block_t *newest = queue->next;

	if (newest == sentinel) {
		heap->small_bitmap |= (size_t) 1 << bucket;
	}
	block_ring(block)->prev = sentinel;
	block_ring(block)->next = newest;
	queue->next = block;
	block_ring(newest)->prev = block;
}

/* Puts a free block, its header set, into the ordinary free lists. */
static zend_always_inline void block_list(legacy_heap_t *heap, block_t *block, size_t size)
{
	if (size < legacy_small_limit) {
		bucket_insert(heap, block, size);
	} else {
		zend_mm_legacy_trie_insert(heap, block, size);
	}
}

/* Makes size bytes at block a free block in the ordinary free lists. */
static zend_always_inline void block_insert(legacy_heap_t *heap, block_t *block, size_t size)
{
	block_set(block, size, block_free);
	block_list(heap, block, size);
}

/* Takes the oldest block of a bucket that is not empty. */
static zend_always_inline block_t *bucket_take(legacy_heap_t *heap, size_t bucket)
{
	block_t *block = heap->buckets[bucket].prev;

	if (UNEXPECTED(block->word != (bucket_size(bucket) | block_free))) {
		zend_mm_legacy_corrupted_bucket(heap, block, bucket_size(bucket));
	}
	block_check_tags(heap, block);
	ring_leave(heap, block);
	if (block_ring(block)->prev == block_ring(block)->next) {
		bucket_ran_empty(heap, bucket);
	}
	return block;
}

/* Unlinks the block after size bytes at block, if it is free.  Returns what both have. */
static zend_always_inline size_t absorb_after(legacy_heap_t *heap, block_t *block, size_t size)
{
	block_t *after = block_at(block, size);

	if (block_is_free(after)) {
		block_check_tags(heap, after);
		block_unlink(heap, after);
		size += block_size(after);
	}
	return size;
}

/* Unlinks the block before, if it is free, and lets it absorb *size bytes at block.  Returns the
 * block that both are now, with *size what they have. */
static zend_always_inline block_t *absorb_into_before(legacy_heap_t *heap, block_t *block,
	size_t *size)
{
	if (block_before_is_free(block)) {
		block_t *before = block_before(block);

		if (UNEXPECTED(before->word != block->before)) {
			zend_mm_legacy_corrupted_tags(heap, block);
		}
		block_unlink(heap, before);
		*size += block_size(before);
		return before;
	}
	return block;
}

/* Where what is left of a block goes. */
enum remainder {
	remainder_to_lists,
	remainder_to_rest
};

/* Makes the first need of size bytes at block a used block, and what is left a free one, if it is
 * enough for a block.  Returns the used block's size. */
static zend_always_inline size_t block_carve(legacy_heap_t *heap, block_t *block, size_t size,
	size_t need, enum remainder remainder)
{
	size_t left = size - need;

	if (left < legacy_smallest_block) {
		block_set(block, size, block_used);
		return size;
	}
	block_set(block, need, block_used);
	if (remainder == remainder_to_rest) {
		zend_mm_legacy_rest_insert(heap, block_at(block, need), left);
	} else {
		block_insert(heap, block_at(block, need), left);
	}
	return need;
}

/* Counts a block's size in the figures. */
static zend_always_inline void count_used(legacy_heap_t *heap, size_t size)
{
	heap->head.size += size;
	if (heap->head.size > heap->head.peak) {
		heap->head.peak = heap->head.size;
	}
}

#endif
