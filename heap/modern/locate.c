/* SPDX-License-Identifier: MIT */
/*
 * heap/modern/locate.c - what stands at an address of a heap that may be damaged.
 *
 * Called through the verbs, for reports.  Lists are followed until they end, close to a circle or
 * lead to what cannot be read, and are read by way of the system, which fails where a plain read
 * would fault.
 */
#include "heap/circle.h"
#include "heap/modern/debug.h"
#include "heap/modern/pages.h"
#include "storage/readable.h"

/* {{{ Regions */

static bool zend_mm_find_chunk(const struct zend_mm_modern_heap *heap, const void *address)
{
	const struct zend_mm_chunk *wanted = zend_mm_chunk_of(address);
	const struct zend_mm_chunk *chunk = heap->main_chunk;
	struct zend_mm_circle circle = ZEND_MM_NO_CIRCLE;
	struct zend_mm_chunk *next;

	while (chunk != wanted) {
		if (zend_mm_circle_closes(&circle, chunk) ||
			!zend_mm_read_memory(&chunk->next, &next, sizeof next) || next == heap->main_chunk) {
			return false;
		}
		chunk = next;
	}
	return true;
}

static bool zend_mm_find_huge(const struct zend_mm_modern_heap *heap, const void *address,
	zend_mm_region *region)
{
	const struct zend_mm_huge_entry *entry = heap->huge_blocks;
	struct zend_mm_circle circle = ZEND_MM_NO_CIRCLE;
	struct zend_mm_huge_entry copy;

	for (; entry != NULL && !zend_mm_circle_closes(&circle, entry); entry = copy.next) {
		if (!zend_mm_read_memory(entry, &copy, sizeof copy)) {
			return false;
		}
		if ((uintptr_t)address - (uintptr_t)copy.ptr < copy.size) {
			*region = (zend_mm_region) { ZEND_MM_REGION_HUGE, copy.ptr, copy.size };
			return true;
		}
	}
	return false;
}
/* }}} */

/* {{{ Blocks of a chunk */

static bool zend_mm_is_free_slot(const struct zend_mm_modern_heap *heap, unsigned bin,
	const void *slot)
{
	const struct zend_mm_slot *free_slot = heap->free_slots[bin];
	struct zend_mm_circle circle = ZEND_MM_NO_CIRCLE;
	struct zend_mm_slot copy;

	while (free_slot != NULL && free_slot != slot) {
		if (zend_mm_circle_closes(&circle, free_slot) ||
			!zend_mm_read_memory(free_slot, &copy, sizeof copy)) {
			return false;
		}
		free_slot = zend_mm_slot_decode(heap, free_slot, copy.next);
	}
	return free_slot != NULL && free_slot == slot;
}

static zend_mm_block_info zend_mm_slot_at(const struct zend_mm_modern_heap *heap, const char *run,
	unsigned bin, size_t index)
{
	const char *slot = run + index * zend_mm_bin_size(bin);

	return (zend_mm_block_info) {
		.address = slot,
		.size = zend_mm_bin_size(bin),
		.data = slot,
		.usable = zend_mm_bin_size(bin),
		.state = zend_mm_is_free_slot(heap, bin, slot) ? ZEND_MM_BLOCK_FREE :
			ZEND_MM_BLOCK_USED,
		.list = ZEND_MM_LIST_BIN,
		.index = bin
	};
}

static void zend_mm_locate_slot(const struct zend_mm_modern_heap *heap,
	const struct zend_mm_chunk *chunk, uint32_t word, const void *address, zend_mm_place *place)
{
	unsigned bin = zend_mm_word_bin(word);
	unsigned back = zend_mm_word_is_small_later(word) ? zend_mm_word_count(word) : 0;
	unsigned page = place->page - back;
	const char *run = zend_mm_page_address(chunk, page);
	size_t index;

	if (bin >= ZEND_MM_BIN_COUNT || page == 0 || page >= ZEND_MM_PAGES) {
		place->damaged = &chunk->map[place->page];
		return;
	}
	index = (size_t)((const char *)address - run) / zend_mm_bin_size(bin);
	if (index >= zend_mm_bins[bin].elements) {
		place->block = (zend_mm_block_info) {
			.address = run + zend_mm_bins[bin].elements * zend_mm_bin_size(bin),
			.size = zend_mm_bytes_of_pages(zend_mm_bins[bin].pages) -
				zend_mm_bins[bin].elements * zend_mm_bin_size(bin),
			.state = ZEND_MM_BLOCK_TAIL, .list = ZEND_MM_LIST_BIN, .index = bin
		};
		return;
	}
	place->block = zend_mm_slot_at(heap, run, bin, index);
	if (index > 0) {
		place->before = zend_mm_slot_at(heap, run, bin, index - 1);
	}
	if (index + 1 < zend_mm_bins[bin].elements) {
		place->after = zend_mm_slot_at(heap, run, bin, index + 1);
	}
}

/* A page that belongs to no bin: the header, a large run, or free. */
static void zend_mm_locate_page(const struct zend_mm_chunk *chunk, const uint32_t *map,
	zend_mm_place *place)
{
	unsigned first = place->page;
	unsigned pages = 1;

	while (first > 0 && map[first] == 0) {
		first--;
	}
	if (first > 0 && zend_mm_word_is_large(map[first]) &&
		place->page < first + zend_mm_word_pages(map[first])) {
		pages = zend_mm_word_pages(map[first]);
		place->block.state = ZEND_MM_BLOCK_USED;
		place->block.data = zend_mm_page_address(chunk, first);
		place->block.usable = zend_mm_bytes_of_pages(pages);
	} else {
		first = place->page;
		place->block.state = first == 0 ? ZEND_MM_BLOCK_HEADER : ZEND_MM_BLOCK_FREE_PAGES;
	}
	place->block.address = zend_mm_page_address(chunk, first);
	place->block.size = zend_mm_bytes_of_pages(pages);
}
/* }}} */

void zend_mm_modern_locate(zend_mm_heap *base, const void *address, zend_mm_place *place)
{
	const struct zend_mm_modern_heap *heap = zend_mm_modern(base);
	const struct zend_mm_chunk *chunk = zend_mm_chunk_of(address);
	uint32_t map[ZEND_MM_PAGES];

	if (zend_mm_find_chunk(heap, address) && zend_mm_read_memory(chunk->map, map, sizeof map)) {
		uint32_t word = map[zend_mm_page_of(address)];

		place->region = (zend_mm_region) { ZEND_MM_REGION_CHUNK, chunk, ZEND_MM_CHUNK_SIZE };
		place->page = zend_mm_page_of(address);
		if (zend_mm_word_is_small(word)) {
			zend_mm_locate_slot(heap, chunk, word, address, place);
		} else {
			zend_mm_locate_page(chunk, map, place);
		}
	} else if (zend_mm_find_huge(heap, address, &place->region)) {
		place->block = (zend_mm_block_info) {
			.address = place->region.address, .size = place->region.size,
			.data = place->region.address, .usable = place->region.size,
			.state = ZEND_MM_BLOCK_USED
		};
	}
	if (config_debug && place->block.data != NULL && place->block.state == ZEND_MM_BLOCK_USED) {
		zend_mm_modern_debug_owner(place);
	}
}
