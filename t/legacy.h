/* SPDX-License-Identifier: MIT */
/*
 * t/legacy.h - what tests of the legacy heap share: heaps on a storage that counts and refuses,
 * with regions 1 GiB apart, and looking at blocks through the walker.
 *
 * Sizes are those of heap/legacy/layout.h, so that the tests hold in every build; the numbers
 * themselves are tested in 1000-legacy-layout.c.
 */
#ifndef T_LEGACY_H
#define T_LEGACY_H

#include "heap/legacy/heap.h"
#include "t/host.h"
#include "t/tap.h"
#include "trace/spaced.h"
#include "trace/watched.h"

#define SEGMENT ((size_t) 262144)

/* One heap at a time, and the storage under it. */
static struct zmm_watched watched;
static zmm_spaced *spaced;

static inline zend_mm_options legacy_options(void)
{
	zend_mm_options options;

	zend_mm_default_options(&options);
	options.mode = ZEND_MM_LEGACY;
	options.segment_size = SEGMENT;
	options.reserve_size = 8192;
	options.compact_threshold = 0;
	return options;
}

/* Makes a heap as the options say, on a new storage. */
static inline zend_mm_heap *legacy_start_with(zend_mm_options options)
{
	spaced = zmm_spaced_new();
	if (!spaced || !zmm_watch(&watched, &zmm_spaced_type, spaced)) {
		bail_out("no address space for a storage");
	}
	zmm_watched_use(&watched, &options);
	return zend_mm_startup_with(&options);
}

static inline zend_mm_heap *legacy_start(void)
{
	host_start();
	return legacy_start_with(legacy_options());
}

/* Ends the heap (which can be NULL) and its storage. */
static inline void legacy_end(zend_mm_heap *heap)
{
	if (heap) {
		zend_mm_shutdown(heap, 1, 1);
	}
	zmm_unwatch(&watched);
	zmm_spaced_free(spaced);
}

static inline bool legacy_sound(zend_mm_heap *heap)
{
	zend_mm_problem problem;
	int result = zend_mm_check(heap, &problem);

	if (result != 0) {
		diag("%s, at %p, word %p: found 0x%zx, expected 0x%zx",
			result > 0 ? problem.reason : "no memory for the check", problem.address,
			problem.word, problem.found, problem.expected);
	}
	return result == 0;
}

/* The request whose true size is that of a bucket's blocks, or any true size. */
static inline size_t request_for(size_t size)
{
	return size - legacy_header_size - legacy_canary_size;
}

/* A block of that true size. */
static inline void *take(zend_mm_heap *heap, size_t size)
{
	return zend_mm_alloc(heap, request_for(size));
}

/* {{{ Looking at blocks. */

struct legacy_wanted {
	const void *data;
	zend_mm_block_info found;
	zend_mm_region region;
};

static inline int legacy_compare(void *context, const zend_mm_region *region,
	const zend_mm_block_info *block)
{
	struct legacy_wanted *wanted = context;

	if (block && block->data == wanted->data) {
		wanted->found = *block;
		wanted->region = *region;
		return 1;
	}
	return 0;
}

/* The block with that data address; its address is NULL where no block has it. */
static inline zend_mm_block_info block_with(zend_mm_heap *heap, const void *data)
{
	struct legacy_wanted wanted = { .data = data };

	zend_mm_walk(heap, legacy_compare, &wanted);
	return wanted.found;
}

/* The distance of a block's data from the start of its segment. */
static inline size_t offset_of(zend_mm_heap *heap, const void *data)
{
	struct legacy_wanted wanted = { .data = data };

	zend_mm_walk(heap, legacy_compare, &wanted);
	return (uintptr_t) data - (uintptr_t) wanted.region.address;
}

static inline bool is_in(zend_mm_heap *heap, const void *data, zend_mm_block_list list)
{
	zend_mm_block_info block = block_with(heap, data);

	return block.address && block.list == list;
}

/* Members of a list, in the list's order. */
struct legacy_members {
	zend_mm_block_list list;
	unsigned index;
	size_t count;
	const void *data[512];
	size_t size[512];
	unsigned depth[512];
	int link[512];
};

static inline int legacy_collect(void *context, zend_mm_block_list list, unsigned index,
	const zend_mm_block_info *block, unsigned depth, int link)
{
	struct legacy_members *members = context;

	if (list == members->list && index == members->index && members->count < 512) {
		members->data[members->count] = block->data;
		members->size[members->count] = block->size;
		members->depth[members->count] = depth;
		members->link[members->count] = link;
		members->count++;
	}
	return 0;
}

static inline struct legacy_members members_of(zend_mm_heap *heap, zend_mm_block_list list,
	size_t index)
{
	struct legacy_members members = { .list = list, .index = (unsigned) index };

	zend_mm_walk_lists(heap, legacy_collect, &members);
	return members;
}

/* Takes all free blocks, so that only what is freed later can be found. */
static inline int legacy_find_free(void *context, zend_mm_block_list list, unsigned index,
	const zend_mm_block_info *block, unsigned depth, int link)
{
	(void) index;
	(void) depth;
	(void) link;
	*(size_t *) context = block->size;
	return list == ZEND_MM_LIST_TRIE || list == ZEND_MM_LIST_BUCKET;
}

static inline void use_up(zend_mm_heap *heap)
{
	size_t size;

	while (zend_mm_walk_lists(heap, legacy_find_free, &size) == 1) {
		take(heap, size);
	}
}

/* }}} */

/* Fills the cache with blocks of the largest small size, so that what is freed from now on goes to
 * the free lists.  The blocks lie in segments of their own kind, before anything else. */
static inline void fill_cache(zend_mm_heap *heap)
{
	enum { largest_small = legacy_small_limit - legacy_alignment };
	static void *blocks[legacy_cache_capacity / largest_small + 1];
	const size_t count = sizeof blocks / sizeof *blocks;

	for (size_t i = 0; i < count; i++) {
		blocks[i] = take(heap, largest_small);
	}
	for (size_t i = 0; i < count; i++) {
		zend_mm_free(heap, blocks[i]);
	}
}

#endif
