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
#include "heap/legacy/ideas.h"
#include "heap/legacy/rest.h"
#include "heap/legacy/trie.h"

/* Compares a free block's size word with its copy, and its copy of the word before with that.  The
 * word is taken for the size: a wrong type makes the copy differ. */
static zend_always_inline void block_check_tags(legacy_heap_t *heap, block_t *block)
{
	check_listed(heap, block);
	if (UNEXPECTED(block_at(block, block->word)->before != block->word)
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

	check_link(heap, block, &block_ring(block)->prev);
	check_link(heap, block, &block_ring(block)->next);
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
static zend_always_inline void bucket_ran_empty(legacy_heap_t *heap, size_t size)
{
	struct zend_mm_legacy_ring *queue = queue_of(heap, size);

	if (queue->prev == queue->next) {
		size_t bit = (size_t) 1 << bucket_of(size);

		heap->small_bitmap &= ~bit;
		if (UNEXPECTED(queue->prev != ring_sentinel(queue))) {
			heap->hidden_buckets |= bit;
			ZEND_MM_EVENT(heap, BUCKET_HIDDEN, queue->prev, size, bucket_of(size));
		}
	}
}

static zend_always_inline void small_unlink(legacy_heap_t *heap, block_t *block, size_t size)
{
	ring_leave(heap, block);
	if (block_ring(block)->prev == block_ring(block)->next) {
		bucket_ran_empty(heap, size);
	}
}

static zend_always_inline void large_unlink(legacy_heap_t *heap, block_t *block, size_t size)
{
	struct zend_mm_legacy_links *links = block_links(block);
	block_t *prev = links->ring.prev;

	ring_leave(heap, block);
	if (prev == block) {
		if (links->child[0] || links->child[1]) {
			zend_mm_legacy_trie_remove_inner_node(heap, block);
		} else {
			trie_remove_lone_leaf(heap, block, size);
		}
	} else if (links->parent == REST_MARK) {
		heap->rest_count--;
	} else if (links->parent) {
		zend_mm_legacy_trie_replace_node(heap, block, prev);
	}
}

/* Takes a free block out of whichever list it is in. */
static zend_always_inline void block_unlink(legacy_heap_t *heap, block_t *block)
{
	size_t size = block->word;

	if (size < legacy_small_limit) {
		small_unlink(heap, block, size);
	} else {
		large_unlink(heap, block, size);
	}
}

/* Puts a free block, its header set, at the new end of its bucket's queue. */
static zend_always_inline void bucket_insert(legacy_heap_t *heap, block_t *block, size_t size)
{
	struct zend_mm_legacy_ring *queue = queue_of(heap, size);
	block_t *sentinel = ring_sentinel(queue);
	block_t *newest = queue->next;

	if (newest == sentinel) {
		heap->small_bitmap |= (size_t) 1 << bucket_of(size);
	}
	block_ring(block)->prev = sentinel;
	queue->next = block;
	block_ring(block)->next = newest;
	block_ring(newest)->prev = block;
	ZEND_MM_EVENT(heap, BUCKET_INSERT, block, size, bucket_of(size));
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

/* Makes size bytes at block the only block of their tree, in the place of the present one. */
static zend_always_inline void block_replace_only(legacy_heap_t *heap, block_t *block, size_t size)
{
	block_set(block, size, block_free);
	trie_become_node(block, &heap->trees[zend_mm_highest_bit(size)]);
}

/* Takes a listed free block out of its list and lists the free block that it becomes: size bytes
 * at block, which cover all or a part of it. */
static zend_always_inline void block_relist(legacy_heap_t *heap, block_t *listed, block_t *block,
	size_t size)
{
	if (listed->word >= legacy_small_limit && trie_listed_becomes(heap, listed, size)) {
		block_replace_only(heap, block, size);
		return;
	}
	block_unlink(heap, listed);
	block_insert(heap, block, size);
}

/* Takes the oldest of the free blocks of a small size, of which there is one. */
static zend_always_inline block_t *bucket_take(legacy_heap_t *heap, size_t size)
{
	block_t *block = queue_of(heap, size)->prev;

	if (UNEXPECTED(block->word != (size | block_free))) {
		zend_mm_legacy_corrupted_bucket(heap, block, size);
	}
	block_check_tags(heap, block);
	ZEND_MM_EVENT(heap, BUCKET_TAKEN, block, size, bucket_of(size));
	small_unlink(heap, block, size);
	return block;
}

/* Unlinks the block after size bytes at block, if it is free.  Returns what both have. */
static zend_always_inline size_t absorb_after(legacy_heap_t *heap, block_t *block, size_t size)
{
	block_t *after = block_at(block, size);

	if (block_is_free(after) && idea_coalescing(heap)) {
		block_check_tags(heap, after);
		ZEND_MM_EVENT(heap, MERGE_AFTER, after, after->word, 0);
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
	if (block_before_is_free(block) && idea_coalescing(heap)) {
		block_t *before = block_before(block);

		if (UNEXPECTED(before->word != block->before)) {
			zend_mm_legacy_corrupted_tags(heap, block);
		}
		ZEND_MM_EVENT(heap, MERGE_BEFORE, before, before->word, 0);
		block_unlink(heap, before);
		*size += block_size(before);
		return before;
	}
	return block;
}

/* Where what is left of a segment goes. */
enum remainder {
	remainder_to_lists,
	remainder_to_rest
};

/* Makes the first need of size bytes at block, which are in no list, a used block, and what is left
 * a free one, if it is enough for a block.  Returns the used block's size. */
static zend_always_inline size_t block_carve(legacy_heap_t *heap, block_t *block, size_t size,
	size_t need, enum remainder remainder)
{
	size_t left = size - need;

	if (left < legacy_smallest_block) {
		block_set(block, size, block_used);
		ZEND_MM_EVENT(heap, WHOLE, block, size, left);
		return size;
	}
	block_set(block, need, block_used);
	ZEND_MM_EVENT(heap, SPLIT, block, need, left);
	if (remainder == remainder_to_rest) {
		zend_mm_legacy_rest_insert(heap, block_at(block, need), left);
	} else {
		block_insert(heap, block_at(block, need), left);
	}
	return need;
}

/* The same for bytes of which a part, at listed, is still in a list: takes it out on the way. */
static zend_always_inline size_t block_carve_listed(legacy_heap_t *heap, block_t *listed,
	block_t *block, size_t size, size_t need)
{
	size_t left = size - need;

	if (left < legacy_smallest_block) {
		block_unlink(heap, listed);
		block_set(block, size, block_used);
		ZEND_MM_EVENT(heap, WHOLE, block, size, left);
		return size;
	}
	ZEND_MM_EVENT(heap, SPLIT, block, need, left);
	block_relist(heap, listed, block_at(block, need), left);
	block_set(block, need, block_used);
	return need;
}

/* Counts a block's size in the figures. */
static zend_always_inline void count_used(legacy_heap_t *heap, size_t size)
{
	zend_mm_size_grow(&heap->head, size);
}

#endif
