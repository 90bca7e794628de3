/* SPDX-License-Identifier: MIT */
/*
 * heap/legacy/corruption.c - the reports of failed checks.
 *
 * Called from the cold side of checks in blocks.h, trie.c, segments.c and guard.h.  What is wrong
 * is found by comparing again, so that the checks themselves stay a comparison and a branch; which
 * of two words that disagree is the wrong one is found in the rest of the segment (tags.h).
 */
#include "heap/failure.h"
#include "heap/legacy/corruption.h"
#include "heap/legacy/guard.h"
#include "heap/legacy/tags.h"

/* A wrong word, and what it should be. */
static zend_mm_problem problem_of(legacy_heap_t *heap, const char *reason, const void *address,
	const void *word, size_t expected)
{
	return (zend_mm_problem) {
		.heap = &heap->head,
		.reason = reason,
		.address = address,
		.word = word,
		.found = *(const size_t *) word,
		.expected = expected,
		.expectation = ZEND_MM_EXPECT_EXACTLY
	};
}

LEGACY_CORRUPTED static void report(legacy_heap_t *heap, const char *reason,
	const void *address, const void *word, size_t expected)
{
	zend_mm_problem problem = problem_of(heap, reason, address, word, expected);

	zend_mm_corrupted(&problem);
}

static const char *const reasons_of_damage[] = {
	[tags_word] = "a block's size word disagrees with its copy in the block after it",
	[tags_copy] = "a block's copy of the size word before it disagrees with that word",
	[tags_header] = "a block's header is overwritten",
	[tags_more] = "the headers of several blocks are overwritten",
};

void zend_mm_legacy_corrupted_tags(legacy_heap_t *heap, block_t *block)
{
	block_t *after = block_after(block);
	zend_mm_problem problem = after->before != block->word
		? problem_of(heap, reasons_of_damage[tags_word], block, &after->before, block->word)
		: problem_of(heap, reasons_of_damage[tags_copy], block, &block->before,
			block_before(block)->word);
	enum zend_mm_legacy_damage damage = zend_mm_legacy_judge_tags(heap, block, &problem);

	if (damage != tags_whole) {
		problem.reason = reasons_of_damage[damage];
	}
	zend_mm_corrupted(&problem);
}

void zend_mm_legacy_corrupted_ring(legacy_heap_t *heap, block_t *block)
{
	struct zend_mm_legacy_ring *ring = block_ring(block);
	block_t **prev_next = &block_ring(ring->prev)->next;
	block_t **next_prev = &block_ring(ring->next)->prev;

	if (*prev_next != block) {
		report(heap, "the previous block of a list does not point back", block, prev_next,
			(size_t) block);
	}
	report(heap, "the next block of a list does not point back", block, next_prev,
		(size_t) block);
}

void zend_mm_legacy_corrupted_parent(legacy_heap_t *heap, block_t *block)
{
	report(heap, "a tree node's parent does not point at it", block, block_links(block)->parent,
		(size_t) block);
}

void zend_mm_legacy_corrupted_type(legacy_heap_t *heap, block_t *block)
{
	zend_mm_problem problem = problem_of(heap, zend_mm_legacy_not_in_use, block, &block->word,
		block_size(block) | block_used);

	if (zend_mm_legacy_judge_tags(heap, block, &problem) == tags_header) {
		problem.reason = reasons_of_damage[tags_header];
	}
	zend_mm_corrupted(&problem);
}

void zend_mm_legacy_corrupted_bucket(legacy_heap_t *heap, block_t *block, size_t size)
{
	report(heap, "a block in a bucket has another size than the bucket's", block, &block->word,
		size | block_free);
}

void zend_mm_legacy_corrupted_segment(legacy_heap_t *heap, zend_mm_segment *segment)
{
	zend_mm_problem problem = {
		.heap = &heap->head, .reason = "a segment is not in the heap's list", .address = segment
	};

	zend_mm_corrupted(&problem);
}

void zend_mm_legacy_corrupted_mark(legacy_heap_t *heap, zend_mm_problem *problem)
{
	bool tells_all = config_debug && (is_mark_of_freed(problem->found)
		|| problem->word == &block_owner(problem->address)->heap_secret);

	if (!tells_all) {
		zend_mm_legacy_judge_tags(heap, problem->address, problem);
	}
	zend_mm_corrupted(problem);
}

void zend_mm_legacy_corrupted_block(const legacy_heap_t *heap, const char *reason,
	const block_t *block)
{
	zend_mm_problem problem = {
		.heap = (zend_mm_heap *) (uintptr_t) heap, .reason = reason, .address = block
	};

	zend_mm_legacy_judge_tags(heap, block, &problem);
	zend_mm_corrupted(&problem);
}
