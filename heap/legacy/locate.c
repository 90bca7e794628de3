/* SPDX-License-Identifier: MIT */
/*
 * heap/legacy/locate.c - what stands at an address of a heap that may be damaged.
 *
 * Called through the verbs, for reports.  Nothing is dereferenced: headers are copied by the
 * system, which fails where a read would fault, and a size word is believed only if it leads on
 * within its segment.
 */
#include "heap/circle.h"
#include "heap/legacy/heap.h"
#include "heap/legacy/verbs.h"
#include "storage/readable.h"

/* The segment that holds an address; false where the list does not lead to one. */
static bool find_segment(const legacy_heap_t *heap, const void *address, zend_mm_region *region)
{
	const zend_mm_segment *segment = heap->segments;
	struct zend_mm_circle circle = ZEND_MM_NO_CIRCLE;
	zend_mm_segment copy;

	for (; segment && !zend_mm_circle_closes(&circle, segment); segment = copy.next_segment) {
		if (!zend_mm_read_memory(segment, &copy, sizeof copy)) {
			return false;
		}
		if ((uintptr_t) address - (uintptr_t) segment < copy.size) {
			*region = (zend_mm_region) { ZEND_MM_REGION_SEGMENT, segment, copy.size };
			return true;
		}
	}
	return false;
}

static bool is_in_cache(const legacy_heap_t *heap, const block_t *block, size_t size)
{
	void *data = heap->cache[bucket_of(size)];
	struct zend_mm_circle circle = ZEND_MM_NO_CIRCLE;

	while (data && !zend_mm_circle_closes(&circle, data)) {
		void *word;

		if (data == block_data(block)) {
			return true;
		}
		if (!zend_mm_read_memory(data, &word, sizeof word)) {
			return false;
		}
		data = cache_decode(heap, data, word);
	}
	return false;
}

static zend_mm_block_info describe(const legacy_heap_t *heap, const block_t *block,
	const block_t *header)
{
	size_t size = block_size(header);
	bool is_small = size < legacy_small_limit;
	zend_mm_block_info info = {
		.address = block,
		.size = size,
		.data = block_data(block),
		.usable = size - legacy_header_size - legacy_canary_size,
		.state = ZEND_MM_BLOCK_USED,
		.internal = block_data(block) == (const void *) heap
	};

	if (block_is_free(header)) {
		info.state = ZEND_MM_BLOCK_FREE;
		info.list = is_small ? ZEND_MM_LIST_BUCKET : ZEND_MM_LIST_TRIE;
		info.index = (unsigned) (is_small ? bucket_of(size) : zend_mm_highest_bit(size));
	} else if (is_small && is_in_cache(heap, block, size)) {
		info.state = ZEND_MM_BLOCK_CACHED;
		info.list = ZEND_MM_LIST_CACHE;
		info.index = (unsigned) bucket_of(size);
	} else if (heap->reserve == block_data(block)) {
		info.state = ZEND_MM_BLOCK_RESERVE;
	}
	return info;
}

/* Reads the block at an address; false where no block can begin there. */
static bool read_block(const legacy_heap_t *heap, const zend_mm_region *region,
	const block_t *block, zend_mm_block_info *info)
{
	uintptr_t guard = (uintptr_t) segment_guard(region->address, region->size);
	block_t header;

	if ((uintptr_t) block == guard) {
		*info = (zend_mm_block_info) {
			.address = block, .size = legacy_header_size, .state = ZEND_MM_BLOCK_GUARD
		};
		return true;
	}
	if ((uintptr_t) block > guard || !zend_mm_read_memory(block, &header, sizeof header)
			|| block_is_guard(&header) || block_size(&header) < legacy_smallest_block
			|| block_size(&header) % legacy_alignment
			|| block_size(&header) > guard - (uintptr_t) block) {
		return false;
	}
	*info = describe(heap, block, &header);
	return true;
}

/* Who asked for a used block (debug builds). */
static void find_owner(zend_mm_place *place)
{
	struct zend_mm_legacy_owner owner;
	size_t requested;

	if (config_debug && place->block.data && place->block.state == ZEND_MM_BLOCK_USED
			&& zend_mm_read_memory(block_owner(place->block.address), &owner, sizeof owner)
			&& zend_mm_read_memory(block_requested(place->block.address), &requested,
				sizeof requested)) {
		place->block.requested = requested;
		place->owner = (zend_leak_info) {
			.addr = (void *) (uintptr_t) place->block.data,
			.size = requested,
			.filename = owner.filename,
			.lineno = owner.lineno,
			.orig_filename = owner.orig_filename,
			.orig_lineno = owner.orig_lineno
		};
	}
}

void zend_mm_legacy_locate(zend_mm_heap *head, const void *address, zend_mm_place *place)
{
	const legacy_heap_t *heap = (const legacy_heap_t *) head;
	zend_mm_block_info info = { .state = ZEND_MM_BLOCK_HEADER };

	if (!find_segment(heap, address, &place->region)) {
		return;
	}
	info.address = place->region.address;
	info.size = legacy_segment_header_size;
	while ((uintptr_t) address - (uintptr_t) info.address >= info.size) {
		const block_t *next = block_at(info.address, info.size);

		place->before = info;
		if (!read_block(heap, &place->region, next, &info)) {
			place->damaged = next;
			return;
		}
	}
	place->block = info;
	if (info.state != ZEND_MM_BLOCK_GUARD && !read_block(heap, &place->region,
			block_at(info.address, info.size), &place->after)) {
		place->damaged = block_at(info.address, info.size);
	}
	find_owner(place);
}
