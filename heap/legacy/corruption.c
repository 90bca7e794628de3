/* SPDX-License-Identifier: MIT */
/*
 * heap/legacy/corruption.c - the reports of failed checks.
 *
 * Called from the cold side of checks in blocks.h, trie.c, segments.c and guard.h.  What is wrong
 * is found by comparing again, so that the checks themselves stay a comparison and a branch.
 */
#include "heap/failure.h"
#include "heap/legacy/corruption.h"

LEGACY_CORRUPTED static void report(legacy_heap_t *heap, const char *reason,
	const void *address, const void *word, size_t found, size_t expected)
{
	zend_mm_problem problem = {
		.heap = &heap->head,
		.reason = reason,
		.address = address,
		.word = word,
		.found = found,
		.expected = expected
	};

	zend_mm_corrupted(&problem);
}

void zend_mm_legacy_corrupted_tags(legacy_heap_t *heap, block_t *block)
{
	block_t *after = block_after(block);

	if (after->before != block->word) {
		report(heap, "a block's size word disagrees with its copy in the block after it", block,
			&after->before, after->before, block->word);
	}
	report(heap, "a block's copy of the size word before it disagrees with that word", block,
		&block->before, block->before, block_before(block)->word);
}

void zend_mm_legacy_corrupted_ring(legacy_heap_t *heap, block_t *block)
{
	struct zend_mm_legacy_ring *ring = block_ring(block);
	block_t **prev_next = &block_ring(ring->prev)->next;
	block_t **next_prev = &block_ring(ring->next)->prev;

	if (*prev_next != block) {
		report(heap, "the previous block of a list does not point back", block, prev_next,
			(size_t) *prev_next, (size_t) block);
	}
	report(heap, "the next block of a list does not point back", block, next_prev,
		(size_t) *next_prev, (size_t) block);
}

void zend_mm_legacy_corrupted_parent(legacy_heap_t *heap, block_t *block)
{
	block_t **parent = block_links(block)->parent;

	report(heap, "a tree node's parent does not point at it", block, parent,
		(size_t) *parent, (size_t) block);
}

void zend_mm_legacy_corrupted_type(legacy_heap_t *heap, block_t *block)
{
	report(heap, "a block that is not in use was freed or resized", block, &block->word,
		block->word, block_size(block) | block_used);
}

void zend_mm_legacy_corrupted_bucket(legacy_heap_t *heap, block_t *block, size_t size)
{
	report(heap, "a block in a bucket has another size than the bucket's", block, &block->word,
		block->word, size | block_free);
}

void zend_mm_legacy_corrupted_segment(legacy_heap_t *heap, zend_mm_segment *segment)
{
	report(heap, "a segment is not in the heap's list", segment, NULL, 0, 0);
}

void zend_mm_legacy_corrupted_mark(legacy_heap_t *heap, const char *reason,
	const block_t *block, const void *word, size_t found, size_t expected)
{
	report(heap, reason, block, word, found, expected);
}
