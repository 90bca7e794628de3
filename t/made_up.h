/* SPDX-License-Identifier: MIT */
/*
 * t/made_up.h - two heaps that never were, as a walk would show them: layouts in which each figure
 * can be computed by hand.
 *
 * Legacy, two segments. Sizes of blocks, headers of 16 bytes included:
 *
 *   1 MiB:    16 header | 8208 reserve | 524304 used | 48 cached | 96 in a bucket | 64 used
 *             | 400000 in a trie | 115824 in the rest list | 16 guard
 *   256 KiB:  16 header | 32 used | 262080 in a trie | 16 guard
 *
 *   Requested 524000, 41 and 0 bytes.
 *
 * Modern, two chunks, a cached one and a huge block:
 *
 *   main:     header page | 3 of 73 slots of 56 used, tail 8 | a run of 100 pages | 410 free pages
 *   chunk:    header page | 1 of 170 slots of 24 used, by the heap, tail 16 | 510 free pages
 *   cached:   2 MiB
 *   huge:     513 pages
 *
 *   Requested three times 50, 409000 and 2100000 bytes.
 */
#ifndef T_MADE_UP_H
#define T_MADE_UP_H

#include "tools/ledger.h"

struct made_up {
	zend_mm_visitor visitor;
	void *context;
	zend_mm_region region;
	uintptr_t at;
};

static inline void made_up_region(struct made_up *walk, zend_mm_region_kind kind, uintptr_t address,
	size_t size)
{
	walk->region = (zend_mm_region) { kind, (const void *) address, size };
	walk->at = address;
	walk->visitor(walk->context, &walk->region, NULL);
}

static inline void made_up_block(struct made_up *walk, size_t size, size_t usable,
	zend_mm_block_state state, zend_mm_block_list list, bool internal)
{
	zend_mm_block_info block = {
		.address = (const void *) walk->at,
		.size = size,
		.data = usable ? (const void *) (walk->at + size - usable) : NULL,
		.usable = usable,
		.state = state,
		.list = list,
		.internal = internal
	};

	walk->at += size;
	walk->visitor(walk->context, &walk->region, &block);
}

static inline void made_up_slots(struct made_up *walk, size_t size, unsigned count,
	zend_mm_block_state state, bool internal)
{
	while (count-- > 0) {
		made_up_block(walk, size, size, state, ZEND_MM_LIST_BIN, internal);
	}
}

static const struct zmm_live made_up_legacy_live = { 3, 524041, 0 };
enum { made_up_legacy_held = 1310720 };

static inline void made_up_legacy(zend_mm_visitor visitor, void *context)
{
	struct made_up walk = { .visitor = visitor, .context = context };

	made_up_region(&walk, ZEND_MM_REGION_SEGMENT, 0x100010, 1048576);
	made_up_block(&walk, 16, 0, ZEND_MM_BLOCK_HEADER, ZEND_MM_LIST_NONE, false);
	made_up_block(&walk, 8208, 8192, ZEND_MM_BLOCK_RESERVE, ZEND_MM_LIST_NONE, false);
	made_up_block(&walk, 524304, 524288, ZEND_MM_BLOCK_USED, ZEND_MM_LIST_NONE, false);
	made_up_block(&walk, 48, 32, ZEND_MM_BLOCK_CACHED, ZEND_MM_LIST_CACHE, false);
	made_up_block(&walk, 96, 80, ZEND_MM_BLOCK_FREE, ZEND_MM_LIST_BUCKET, false);
	made_up_block(&walk, 64, 48, ZEND_MM_BLOCK_USED, ZEND_MM_LIST_NONE, false);
	made_up_block(&walk, 400000, 399984, ZEND_MM_BLOCK_FREE, ZEND_MM_LIST_TRIE, false);
	made_up_block(&walk, 115824, 115808, ZEND_MM_BLOCK_FREE, ZEND_MM_LIST_REST, false);
	made_up_block(&walk, 16, 0, ZEND_MM_BLOCK_GUARD, ZEND_MM_LIST_NONE, false);

	made_up_region(&walk, ZEND_MM_REGION_SEGMENT, 0x900010, 262144);
	made_up_block(&walk, 16, 0, ZEND_MM_BLOCK_HEADER, ZEND_MM_LIST_NONE, false);
	made_up_block(&walk, 32, 16, ZEND_MM_BLOCK_USED, ZEND_MM_LIST_NONE, false);
	made_up_block(&walk, 262080, 262064, ZEND_MM_BLOCK_FREE, ZEND_MM_LIST_TRIE, false);
	made_up_block(&walk, 16, 0, ZEND_MM_BLOCK_GUARD, ZEND_MM_LIST_NONE, false);
}

static const struct zmm_live made_up_modern_live = { 5, 2509150, 2100000 };
enum { made_up_modern_held = 8392704 };

static inline void made_up_modern(zend_mm_visitor visitor, void *context)
{
	struct made_up walk = { .visitor = visitor, .context = context };

	made_up_region(&walk, ZEND_MM_REGION_CHUNK, 0x40000000, 2097152);
	made_up_block(&walk, 4096, 0, ZEND_MM_BLOCK_HEADER, ZEND_MM_LIST_NONE, false);
	made_up_slots(&walk, 56, 3, ZEND_MM_BLOCK_USED, false);
	made_up_slots(&walk, 56, 70, ZEND_MM_BLOCK_FREE, false);
	made_up_block(&walk, 8, 0, ZEND_MM_BLOCK_TAIL, ZEND_MM_LIST_BIN, false);
	made_up_block(&walk, 409600, 409600, ZEND_MM_BLOCK_USED, ZEND_MM_LIST_NONE, false);
	made_up_block(&walk, 1679360, 0, ZEND_MM_BLOCK_FREE_PAGES, ZEND_MM_LIST_NONE, false);

	made_up_region(&walk, ZEND_MM_REGION_CHUNK, 0x40200000, 2097152);
	made_up_block(&walk, 4096, 0, ZEND_MM_BLOCK_HEADER, ZEND_MM_LIST_NONE, false);
	made_up_slots(&walk, 24, 1, ZEND_MM_BLOCK_USED, true);
	made_up_slots(&walk, 24, 169, ZEND_MM_BLOCK_FREE, false);
	made_up_block(&walk, 16, 0, ZEND_MM_BLOCK_TAIL, ZEND_MM_LIST_BIN, false);
	made_up_block(&walk, 2088960, 0, ZEND_MM_BLOCK_FREE_PAGES, ZEND_MM_LIST_NONE, false);

	made_up_region(&walk, ZEND_MM_REGION_CACHED_CHUNK, 0x40400000, 2097152);
	made_up_block(&walk, 2097152, 0, ZEND_MM_BLOCK_CACHED, ZEND_MM_LIST_NONE, false);

	made_up_region(&walk, ZEND_MM_REGION_HUGE, 0x40600000, 2101248);
	made_up_block(&walk, 2101248, 2101248, ZEND_MM_BLOCK_USED, ZEND_MM_LIST_NONE, false);
}

#endif
