/* SPDX-License-Identifier: MIT */
/*
 * heap/modern/walk.c - shows the regions and blocks of a heap, and the bins' lists.
 *
 * Called through the verbs.  Reads only; what is free comes from a snapshot taken before the first
 * visit, so that the visitor sees one state.
 */
#include "heap/modern/debug.h"
#include "heap/modern/pages.h"
#include "heap/modern/snapshot.h"

#include <errno.h>

struct zend_mm_walk {
	const struct zend_mm_snapshot *snapshot;
	zend_mm_visitor visitor;
	void *context;
	zend_mm_region region;
};

static int zend_mm_visit(const struct zend_mm_walk *walk, zend_mm_block_info *block)
{
	if (config_debug && block != NULL && block->state == ZEND_MM_BLOCK_USED && !block->internal) {
		zend_mm_modern_debug_describe(block);
	}
	return walk->visitor(walk->context, &walk->region, block);
}

/* {{{ Runs */

static int zend_mm_visit_header(const struct zend_mm_walk *walk, const struct zend_mm_chunk *chunk)
{
	zend_mm_block_info block = {
		.address = chunk,
		.size = ZEND_MM_PAGE_SIZE,
		.state = ZEND_MM_BLOCK_HEADER
	};

	return zend_mm_visit(walk, &block);
}

/* A maximal run of free pages; says how long it is. */
static int zend_mm_visit_free_pages(const struct zend_mm_walk *walk,
	const struct zend_mm_chunk *chunk, unsigned page, unsigned *pages)
{
	zend_mm_block_info block = {
		.address = zend_mm_page_address(chunk, page),
		.state = ZEND_MM_BLOCK_FREE_PAGES
	};
	unsigned end = page;

	while (end < ZEND_MM_PAGES && !zend_mm_page_is_used(chunk, end)) {
		end++;
	}
	*pages = end - page;
	block.size = zend_mm_bytes_of_pages(*pages);
	return zend_mm_visit(walk, &block);
}

/* A block of its own pages or mapping. */
static int zend_mm_visit_whole(const struct zend_mm_walk *walk, const void *address, size_t size,
	bool internal)
{
	zend_mm_block_info block = {
		.address = address,
		.size = size,
		.data = address,
		.usable = size,
		.state = ZEND_MM_BLOCK_USED,
		.internal = internal
	};

	return zend_mm_visit(walk, &block);
}

static zend_mm_block_info zend_mm_slot_info(const void *slot, unsigned bin, bool is_free)
{
	return (zend_mm_block_info) {
		.address = slot,
		.size = zend_mm_bin_size(bin),
		.data = slot,
		.usable = zend_mm_bin_size(bin),
		.state = is_free ? ZEND_MM_BLOCK_FREE : ZEND_MM_BLOCK_USED,
		.list = ZEND_MM_LIST_BIN,
		.index = bin
	};
}

/* What a bin's run has left over after its last slot. */
static int zend_mm_visit_tail(const struct zend_mm_walk *walk, const char *run, unsigned bin)
{
	size_t used = zend_mm_bin_size(bin) * zend_mm_bins[bin].elements;
	zend_mm_block_info block = {
		.address = run + used,
		.size = zend_mm_bytes_of_pages(zend_mm_bins[bin].pages) - used,
		.state = ZEND_MM_BLOCK_TAIL,
		.list = ZEND_MM_LIST_BIN,
		.index = bin
	};

	return block.size == 0 ? 0 : zend_mm_visit(walk, &block);
}

static int zend_mm_visit_slots(const struct zend_mm_walk *walk, const struct zend_mm_chunk *chunk,
	unsigned page)
{
	const struct zend_mm_chunk_marks *marks = zend_mm_snapshot_marks(walk->snapshot, chunk);
	unsigned bin = zend_mm_word_bin(chunk->map[page]);
	const char *run = zend_mm_page_address(chunk, page);
	unsigned index;

	for (index = 0; index < zend_mm_bins[bin].elements; index++) {
		zend_mm_block_info block = zend_mm_slot_info(run + index * zend_mm_bin_size(bin), bin,
			zend_mm_mark_is_set(&marks->free[page], index));
		int answer;

		block.internal = zend_mm_mark_is_set(&marks->entries[page], index);
		answer = zend_mm_visit(walk, &block);
		if (answer != 0) {
			return answer;
		}
	}
	return zend_mm_visit_tail(walk, run, bin);
}
/* }}} */

/* {{{ Regions */

static int zend_mm_visit_chunk(struct zend_mm_walk *walk, const struct zend_mm_chunk *chunk)
{
	unsigned data_pages =
		chunk == walk->snapshot->heap->main_chunk ? walk->snapshot->heap->data_pages : 0;
	unsigned page = ZEND_MM_FIRST_PAGE;
	int answer;

	walk->region = (zend_mm_region) { ZEND_MM_REGION_CHUNK, chunk, ZEND_MM_CHUNK_SIZE };
	answer = zend_mm_visit(walk, NULL);
	if (answer == 0) {
		answer = zend_mm_visit_header(walk, chunk);
	}
	while (page < ZEND_MM_PAGES && answer == 0) {
		uint32_t word = chunk->map[page];
		unsigned pages;

		if (zend_mm_word_is_small(word)) {
			pages = zend_mm_bins[zend_mm_word_bin(word)].pages;
			answer = zend_mm_visit_slots(walk, chunk, page);
		} else if (zend_mm_word_is_large(word)) {
			pages = zend_mm_word_pages(word);
			answer = zend_mm_visit_whole(walk, zend_mm_page_address(chunk, page),
				zend_mm_bytes_of_pages(pages),
				data_pages != 0 && page == ZEND_MM_FIRST_PAGE);
		} else {
			answer = zend_mm_visit_free_pages(walk, chunk, page, &pages);
		}
		page += pages;
	}
	return answer;
}

static int zend_mm_visit_cached(struct zend_mm_walk *walk, const struct zend_mm_chunk *chunk)
{
	zend_mm_block_info block = {
		.address = chunk,
		.size = ZEND_MM_CHUNK_SIZE,
		.state = ZEND_MM_BLOCK_CACHED
	};
	int answer;

	walk->region = (zend_mm_region) { ZEND_MM_REGION_CACHED_CHUNK, chunk, ZEND_MM_CHUNK_SIZE };
	answer = zend_mm_visit(walk, NULL);
	return answer != 0 ? answer : zend_mm_visit(walk, &block);
}

static int zend_mm_visit_huge(struct zend_mm_walk *walk, const struct zend_mm_huge_entry *entry)
{
	int answer;

	walk->region = (zend_mm_region) { ZEND_MM_REGION_HUGE, entry->ptr, entry->size };
	answer = zend_mm_visit(walk, NULL);
	return answer != 0 ? answer : zend_mm_visit_whole(walk, entry->ptr, entry->size, false);
}

static int zend_mm_visit_regions(struct zend_mm_walk *walk)
{
	const struct zend_mm_modern_heap *heap = walk->snapshot->heap;
	const struct zend_mm_chunk *chunk = heap->main_chunk;
	const struct zend_mm_huge_entry *entry;
	int answer;

	do {
		answer = zend_mm_visit_chunk(walk, chunk);
		chunk = chunk->next;
	} while (chunk != heap->main_chunk && answer == 0);
	for (chunk = heap->cached_chunks; chunk != NULL && answer == 0;
	     chunk = zend_mm_cached_next(heap, chunk)) {
		answer = zend_mm_visit_cached(walk, chunk);
	}
	for (entry = heap->huge_blocks; entry != NULL && answer == 0; entry = entry->next) {
		answer = zend_mm_visit_huge(walk, entry);
	}
	return answer;
}
/* }}} */

int zend_mm_modern_walk(zend_mm_heap *base, zend_mm_visitor visitor, void *context)
{
	struct zend_mm_snapshot snapshot;
	struct zend_mm_walk walk = { &snapshot, visitor, context, { 0 } };
	zend_mm_problem problem;
	int answer = zend_mm_snapshot_open(&snapshot, zend_mm_modern(base), &problem);

	if (answer == 0) {
		answer = zend_mm_snapshot_mark_free(&snapshot);
		if (answer == 0) {
			answer = zend_mm_snapshot_mark_entries(&snapshot);
		}
		if (answer == 0) {
			answer = zend_mm_visit_regions(&walk);
			zend_mm_snapshot_close(&snapshot);
			return answer;
		}
		zend_mm_snapshot_close(&snapshot);
	}
	if (answer > 0) {
		errno = EINVAL;
	}
	return -1;
}

int zend_mm_modern_walk_lists(zend_mm_heap *base, zend_mm_list_visitor visitor, void *context)
{
	const struct zend_mm_modern_heap *heap = zend_mm_modern(base);
	unsigned bin;

	for (bin = 0; bin < ZEND_MM_BIN_COUNT; bin++) {
		const struct zend_mm_slot *slot = heap->free_slots[bin];

		while (slot != NULL) {
			zend_mm_block_info block = zend_mm_slot_info(slot, bin, true);
			int answer = visitor(context, ZEND_MM_LIST_BIN, bin, &block, 0, -1);

			if (answer != 0) {
				return answer;
			}
			slot = zend_mm_slot_next(heap, slot);
		}
	}
	return 0;
}
