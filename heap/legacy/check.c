/* SPDX-License-Identifier: MIT */
/*
 * heap/legacy/check.c - the deep check: whether a heap is sound, and if not, what is wrong where.
 *
 * A ladder of steps, each relying on those before it:
 *
 *	1  the heap's own words
 *	2  the segment list: readable, as many and as large as counted, not overlapping
 *	3  each segment: blocks from end to end, boundary tags, guard, no free neighbours
 *	4  the lists: members are blocks of the right type and size, linked both ways, listed once
 *	5  every free block was listed; the marks of used ones (debug, protection, cookie builds)
 *	6  the figures add up
 *
 * Nothing is trusted before it was checked: sizes are bounded by the segment, links are looked up
 * in the map of blocks, lists end where a member comes a second time.  So the check neither crashes
 * nor loops on a damaged heap.  Called through the heap's verbs.
 */
#include <errno.h>

#include "heap/legacy/check.h"
#include "heap/legacy/guard.h"
#include "heap/legacy/ideas.h"
#include "heap/legacy/segments.h"
#include "heap/legacy/tags.h"
#include "heap/legacy/trie.h"
#include "heap/legacy/verbs.h"
#include "storage/readable.h"

bool zend_mm_legacy_wrong(struct zend_mm_legacy_check *check, const char *reason,
	const void *address)
{
	check->problem = (zend_mm_problem) {
		.heap = &check->heap->head, .reason = reason, .address = address
	};
	return false;
}

bool zend_mm_legacy_wrong_word(struct zend_mm_legacy_check *check, const char *reason,
	const void *address, const void *word)
{
	zend_mm_legacy_wrong(check, reason, address);
	check->problem.word = word;
	check->problem.found = *(const size_t *) word;
	return false;
}

bool zend_mm_legacy_wrong_value(struct zend_mm_legacy_check *check, const char *reason,
	const void *address, const void *word, size_t expected)
{
	zend_mm_legacy_wrong_word(check, reason, address, word);
	check->problem.expected = expected;
	check->problem.expectation = ZEND_MM_EXPECT_EXACTLY;
	return false;
}

bool zend_mm_legacy_beyond(struct zend_mm_legacy_check *check, const char *reason,
	const void *word, zend_mm_expectation expectation, size_t bound)
{
	zend_mm_legacy_wrong_value(check, reason, check->heap, word, bound);
	check->problem.expectation = expectation;
	return false;
}

/* A word of the heap's structure that has another value than it has to have. */
static bool wrong_word(struct zend_mm_legacy_check *check, const char *reason, const size_t *word,
	size_t expected)
{
	return zend_mm_legacy_wrong_value(check, reason, check->heap, word, expected);
}

/* A block whose size word makes no sense, or is not the one of its copy: what the tags of the whole
 * segment say about it. */
static bool wrong_tags(struct zend_mm_legacy_check *check, const char *reason,
	const block_t *block)
{
	zend_mm_problem *problem = &check->problem;

	zend_mm_legacy_wrong_word(check, reason, block, &block->word);
	zend_mm_legacy_judge_tags(check->heap, block, problem);
	problem->reason = reason;
	return false;
}

/* {{{ Step 1: the heap's own words. */

static bool check_flags(struct zend_mm_legacy_check *check)
{
	const legacy_heap_t *heap = check->heap;
	const bool *bad = zend_mm_flag_is_damaged(&heap->internal) ? &heap->internal : NULL;

	ZEND_MM_HARDENED_ONLY(bad = bad ? bad : zend_mm_hardening_bad_flag(&heap->hardening);)
	if (bad) {
		zend_mm_legacy_wrong(check, "a flag of the heap is neither on nor off", heap);
		zend_mm_problem_set_flag(&check->problem, bad);
	}
	return !bad;
}

static bool check_constants(struct zend_mm_legacy_check *check)
{
	const legacy_heap_t *heap = check->heap;

	for (size_t i = 0; i < legacy_bucket_count; i++) {
		if (heap->tree_least[i] != trie_least(i)) {
			return wrong_word(check, "a tree's least size has changed", &heap->tree_least[i],
				trie_least(i));
		}
	}
	return true;
}

static bool check_heap_words(struct zend_mm_legacy_check *check)
{
	legacy_heap_t *heap = check->heap;

	if (!check_flags(check) || !check_constants(check)) {
		return false;
	}
	if (heap->segment_size < 32 || (heap->segment_size & (heap->segment_size - 1)) != 0) {
		return zend_mm_legacy_wrong_word(check, "the segment size is no power of two", heap,
			&heap->segment_size);
	}
	if (heap->head.limit < heap->segment_size) {
		return zend_mm_legacy_beyond(check, "the limit is less than a segment",
			&heap->head.limit, ZEND_MM_EXPECT_AT_LEAST, heap->segment_size);
	}
	if (heap->head.overflow < 0 || heap->head.overflow > 2) {
		zend_mm_legacy_wrong(check, "the overflow state is none of 0, 1 and 2", heap);
		check->problem.word = &heap->head.overflow;
		check->problem.found = (unsigned) heap->head.overflow;
		check->problem.expected = 2;
		check->problem.expectation = ZEND_MM_EXPECT_AT_MOST;
		return false;
	}
	return true;
}

/* }}} */
/* {{{ Step 2: the segment list. */

static size_t segment_count(const legacy_heap_t *heap)
{
	return heap->head.calls.allocs - heap->head.calls.frees;
}

/* A pointer of the segment list, and the segment that it should point at. */
static bool check_segment(struct zend_mm_legacy_check *check, zend_mm_segment *const *place,
	size_t bytes_left)
{
	legacy_heap_t *heap = check->heap;
	const zend_mm_segment *segment = *place;

	if (!segment) {
		return zend_mm_legacy_wrong_word(check, "the segment list ends too early", heap, place);
	}
	if ((uintptr_t) segment % legacy_alignment != 0
			|| !zend_mm_readable(segment, legacy_segment_header_size)) {
		return zend_mm_legacy_wrong_word(check, "a link of the segment list is no address", heap,
			place);
	}
	if (segment->size > bytes_left || segment->size < heap->segment_size
			|| segment->size % heap->segment_size != 0
			|| segment->size < legacy_segment_overhead) {
		return zend_mm_legacy_wrong_word(check, "a segment's size is impossible", segment,
			&segment->size);
	}
	if (!zend_mm_readable(segment_guard(segment, segment->size), legacy_header_size)) {
		return zend_mm_legacy_wrong_word(check, "a segment's end cannot be read", segment,
			&segment->size);
	}
	return true;
}

static bool check_overlaps(struct zend_mm_legacy_check *check)
{
	const struct zend_mm_legacy_extent *extents = check->map.extents;

	for (size_t i = 1; i < check->map.count; i++) {
		if ((uintptr_t) extents[i].segment - (uintptr_t) extents[i - 1].segment
				< extents[i - 1].size) {
			return zend_mm_legacy_wrong(check, "two segments overlap, or one is listed twice",
				extents[i].segment);
		}
	}
	return true;
}

static bool check_segments(struct zend_mm_legacy_check *check)
{
	legacy_heap_t *heap = check->heap;
	zend_mm_segment *const *place = &heap->segments;
	size_t bytes_left = heap->head.real_size;

	for (size_t i = 0; i < check->map.capacity; i++) {
		if (!check_segment(check, place, bytes_left)) {
			return false;
		}
		zend_mm_legacy_map_add(&check->map, *place, (*place)->size);
		bytes_left -= (*place)->size;
		place = &(*place)->next_segment;
	}
	if (*place) {
		return zend_mm_legacy_wrong_value(check, "the segment list is longer than counted", heap,
			place, 0);
	}
	if (bytes_left != 0) {
		return wrong_word(check, "real_size is not the sum of the segments",
			&heap->head.real_size, heap->head.real_size - bytes_left);
	}
	zend_mm_legacy_map_seal(&check->map);
	return check_overlaps(check);
}

/* }}} */
/* {{{ Step 3: the blocks of a segment. */

/* One block, whose copy of the word before it has been checked; at most room bytes are left. */
static bool check_block(struct zend_mm_legacy_check *check, const block_t *block, size_t room)
{
	size_t size = block_size(block);

	if (size < legacy_smallest_block || size % legacy_alignment != 0 || size > room) {
		return wrong_tags(check, "a block's size is impossible", block);
	}
	if (!block_is_free(block) && !block_is_used(block)) {
		return wrong_tags(check, "a block's type is neither free nor used", block);
	}
	if (!zend_mm_may_be_touched(block_after(block), legacy_header_size)) {
		return wrong_tags(check, "a block's size leads into memory that nobody may touch", block);
	}
	if (block_after(block)->before != block->word) {
		return wrong_tags(check,
			"a block's size word disagrees with its copy in the block after it", block);
	}
	if (idea_coalescing(check->heap) && block_is_free(block) && block_before_is_free(block)) {
		return zend_mm_legacy_wrong(check, "two neighbouring blocks are both free", block);
	}
	return true;
}

static void note_block(struct zend_mm_legacy_check *check, const block_t *block)
{
	map_put(&check->map, plane_block, zend_mm_legacy_map_bit(&check->map, block));
	if (block_is_free(block)) {
		check->free_blocks++;
	} else {
		check->used_bytes += block_size(block);
	}
}

static bool check_blocks(struct zend_mm_legacy_check *check,
	const struct zend_mm_legacy_extent *extent)
{
	const block_t *guard = segment_guard(extent->segment, extent->size);
	const block_t *block = segment_first_block(extent->segment);

	if (block->before != block_guard) {
		return zend_mm_legacy_wrong_value(check,
			"a segment's first block has no mark of being it", block, &block->before,
			block_guard);
	}
	while (block != guard) {
		if (!check_block(check, block, (uintptr_t) guard - (uintptr_t) block)) {
			return false;
		}
		note_block(check, block);
		block = block_after(block);
	}
	if (guard->word != (legacy_header_size | block_guard)) {
		return zend_mm_legacy_wrong_value(check, "a segment's guard is damaged", guard,
			&guard->word, legacy_header_size | block_guard);
	}
	return true;
}

static bool check_all_blocks(struct zend_mm_legacy_check *check)
{
	for (size_t i = 0; i < check->map.count; i++) {
		if (!check_blocks(check, &check->map.extents[i])) {
			return false;
		}
	}
	return true;
}

/* }}} */
/* {{{ Step 5: blocks that no list explains, and the marks of used blocks. */

static bool check_unlisted(struct zend_mm_legacy_check *check, const block_t *block)
{
	zend_mm_problem problem;

	if (block_is_free(block)) {
		return zend_mm_legacy_wrong(check, "a free block is in no list", block);
	}
	if (!legacy_plain && block_is_damaged(check->heap, block, &problem)) {
		check->problem = problem;
		return false;
	}
	return true;
}

static bool check_all_unlisted(struct zend_mm_legacy_check *check)
{
	if (legacy_plain && check->listed_free_blocks == check->free_blocks) {
		return true;
	}
	for (size_t i = 0; i < check->map.count; i++) {
		const block_t *block = segment_first_block(check->map.extents[i].segment);

		for (; !block_is_guard(block); block = block_after(block)) {
			size_t bit = zend_mm_legacy_map_bit(&check->map, block);

			if (!map_get(&check->map, plane_listed, bit) && !check_unlisted(check, block)) {
				return false;
			}
		}
	}
	return true;
}

/* A block that the heap keeps for itself: the reserve, or its own structure. */
static bool check_own_block(struct zend_mm_legacy_check *check, const void *data, size_t least)
{
	const block_t *block = block_of(data);

	if (!check_is_block(check, block) || !block_is_used(block)
			|| map_get(&check->map, plane_listed, zend_mm_legacy_map_bit(&check->map, block))
			|| block_size(block) < legacy_true_size(least)) {
		const char *reason = "the reserve, or the heap's own block, is no used block of its size";

		return data == check->heap->reserve
			? zend_mm_legacy_wrong_word(check, reason, check->heap, &check->heap->reserve)
			: zend_mm_legacy_wrong(check, reason, check->heap);
	}
	return true;
}

static bool check_own_blocks(struct zend_mm_legacy_check *check)
{
	legacy_heap_t *heap = check->heap;

	return (!heap->reserve || check_own_block(check, heap->reserve, heap->reserve_size))
		&& (!heap->internal || check_own_block(check, heap, sizeof *heap));
}

/* }}} */
/* {{{ Step 6: the figures. */

static bool check_figures(struct zend_mm_legacy_check *check)
{
	legacy_heap_t *heap = check->heap;
	/* compat: what a flush took from the cache still counts, until the request ends */
	size_t used = check->used_bytes + heap->flushed;

	if (heap->cached != check->cached_bytes) {
		return wrong_word(check, "cached is not the sum of the blocks in the cache",
			&heap->cached, check->cached_bytes);
	}
	if (heap->head.peak < heap->head.below_peak) {
		return wrong_word(check, "size is further below the peak than that is high",
			&heap->head.below_peak, heap->head.peak - used);
	}
	if (zend_mm_size_used(&heap->head) != used) {
		return wrong_word(check, "size is not the sum of the used blocks",
			&heap->head.below_peak, heap->head.peak - used);
	}
	return true;
}

/* }}} */

/* What finds segments quickly, once there are many. */
static bool check_beside(struct zend_mm_legacy_check *check)
{
	struct zend_mm_beside_fault fault;

	return zend_mm_legacy_segment_places_are_sound(check->heap, &fault)
		|| zend_mm_legacy_wrong_word(check, fault.reason, check->heap, fault.word);
}

static bool check_from_segments_on(struct zend_mm_legacy_check *check)
{
	return check_segments(check)
		&& check_all_blocks(check)
		&& zend_mm_legacy_check_lists(check)
		&& check_all_unlisted(check)
		&& check_own_blocks(check)
		&& check_beside(check)
		&& check_figures(check);
}

/* A count of segments and real_size that no heap can have would make the map absurdly large. */
static bool check_counts(struct zend_mm_legacy_check *check)
{
	legacy_heap_t *heap = check->heap;

	if (segment_count(heap) > heap->head.real_size / heap->segment_size) {
		return zend_mm_legacy_beyond(check, "real_size is less than the segments have",
			&heap->head.real_size, ZEND_MM_EXPECT_AT_LEAST,
			segment_count(heap) * heap->segment_size);
	}
	if (heap->head.real_size > heap->head.real_peak) {
		return zend_mm_legacy_beyond(check, "the real peak is less than real_size",
			&heap->head.real_peak, ZEND_MM_EXPECT_AT_LEAST, heap->head.real_size);
	}
	return true;
}

int zend_mm_legacy_check(zend_mm_heap *head, zend_mm_problem *problem)
{
	struct zend_mm_legacy_check check = {
		.heap = (legacy_heap_t *) head,
		.problem = { .heap = head }
	};
	bool sound = check_heap_words(&check) && check_counts(&check);

	if (sound) {
		if (!zend_mm_legacy_map_open(&check.map, segment_count(check.heap), head->real_size)) {
			return -1;
		}
		sound = check_from_segments_on(&check);
		zend_mm_legacy_map_close(&check.map);
	}
	if (!sound) {
		*problem = check.problem;
	}
	return !sound;
}
