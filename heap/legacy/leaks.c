/* SPDX-License-Identifier: MIT */
/*
 * heap/legacy/leaks.c - the leak report of debug builds.
 *
 * Called at the end of a request.  A block that was reported, or counted as a repetition, is marked
 * in its magic number; the marks stay, for everything is released right after.  The reserve, an
 * internal heap's own structure and what is in the cache are not leaks.
 */
#include <string.h>

#include "heap/failure.h"
#include "heap/legacy/guard.h"
#include "heap/legacy/leaks.h"

#define MAGIC_REPORTED ((size_t) 0x1eafed01u)

static bool is_leak(const legacy_heap_t *heap, const block_t *block)
{
	const void *data = block_data(block);

	return block_is_used(block) && block_owner(block)->magic == MAGIC_USED
		&& data != heap->reserve && data != (const void *) heap;
}

static bool same_name(const char *a, const char *b)
{
	return a == b || (a && b && strcmp(a, b) == 0);
}

static bool same_place(const struct zend_mm_legacy_owner *a, const struct zend_mm_legacy_owner *b)
{
	return a->lineno == b->lineno && a->orig_lineno == b->orig_lineno
		&& same_name(a->filename, b->filename)
		&& same_name(a->orig_filename, b->orig_filename);
}

/* The next block of the heap: in its segment, or the first of the segments after that. */
static block_t *next_block(block_t *block, zend_mm_segment **segment)
{
	block = block_after(block);
	while (block_is_guard(block)) {
		*segment = (*segment)->next_segment;
		if (!*segment) {
			return NULL;
		}
		block = segment_first_block(*segment);
	}
	return block;
}

/* Marks the leaks after a block that were asked for at the same place, and counts them. */
static size_t fold_repetitions(const legacy_heap_t *heap, block_t *first, zend_mm_segment *segment)
{
	const struct zend_mm_legacy_owner owner = *block_owner(first);
	size_t times = 0;

	for (block_t *block = first; block; block = next_block(block, &segment)) {
		if (is_leak(heap, block) && same_place(block_owner(block), &owner)) {
			block_owner(block)->magic = MAGIC_REPORTED;
			times += block != first;
		}
	}
	return times;
}

void zend_mm_legacy_report_leaks(legacy_heap_t *heap)
{
	zend_mm_segment *segment = heap->segments;
	size_t leaks = 0;

	for (block_t *block = segment ? segment_first_block(segment) : NULL; block;
			block = next_block(block, &segment)) {
		const struct zend_mm_legacy_owner *owner = block_owner(block);
		size_t times;

		if (!is_leak(heap, block)) {
			continue;
		}
		zend_mm_current_host.leak(&(zend_leak_info) {
			.addr = block_data(block),
			.size = *block_requested(block),
			.filename = owner->filename,
			.lineno = owner->lineno,
			.orig_filename = owner->orig_filename,
			.orig_lineno = owner->orig_lineno
		});
		times = fold_repetitions(heap, block, segment);
		if (times > 0) {
			zend_mm_current_host.leak_repeated(times);
		}
		leaks += 1 + times;
	}
	if (leaks > 0) {
		zend_mm_current_host.leaks_total(leaks);
	}
}
