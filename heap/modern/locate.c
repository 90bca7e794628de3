/* SPDX-License-Identifier: MIT */
/*
 * heap/modern/locate.c - what stands at an address of a heap that may be damaged.
 *
 * Called through the verbs, for reports.  Lists are followed until they end, close to a circle or
 * lead to what cannot be read.  Neighbours are looked up by their own addresses, so that the last
 * slot of a run has the next run for one, and what was mapped right behind a huge block is found
 * as well.
 */
#include "heap/circle.h"
#include "heap/modern/debug.h"
#include "heap/modern/pages.h"
#include "storage/readable.h"

enum { ZEND_MM_LOCATOR_CHUNKS = 128, ZEND_MM_LOCATOR_WAYS = 8 };

/* What is asked about one heap, and the chunks that are known to be its own: all of them can be
 * read, but for what guards hide, and that is in no bin's run. */
struct zend_mm_locator {
	const struct zend_mm_modern_heap *heap;
	struct zend_mm_reader reader;
	const struct zend_mm_chunk *ours[ZEND_MM_LOCATOR_CHUNKS];
	unsigned replaced;
};

/* What stands at one address. */
struct zend_mm_spot {
	zend_mm_region region;
	unsigned page;
	zend_mm_block_info block;
	const void *damaged;
};

/* {{{ Regions */

/* Whether a chunk's header says that it is the heap's. */
static bool zend_mm_is_ours(struct zend_mm_locator *locator, const struct zend_mm_chunk *chunk)
{
	uint64_t mixed = (uintptr_t)chunk / ZEND_MM_CHUNK_SIZE * UINT64_C(0x9e3779b97f4a7c15) >> 32;
	const struct zend_mm_chunk **set = &locator->ours[mixed %
		(ZEND_MM_LOCATOR_CHUNKS / ZEND_MM_LOCATOR_WAYS) * ZEND_MM_LOCATOR_WAYS];
	struct zend_mm_modern_heap *heap;
	int i;

	for (i = 0; i < ZEND_MM_LOCATOR_WAYS; i++) {
		if (set[i] == chunk) {
			return chunk != NULL;
		}
	}
	if (chunk == NULL ||
		!zend_mm_reader_copy(&locator->reader, &chunk->heap, &heap, sizeof heap) ||
		heap != locator->heap) {
		return false;
	}
	set[locator->replaced++ % ZEND_MM_LOCATOR_WAYS] = chunk;
	return true;
}

/* Whether a link can be one to a chunk. */
static bool zend_mm_is_chunk_address(const struct zend_mm_chunk *chunk)
{
	return chunk != NULL && zend_mm_chunk_offset(chunk) == 0;
}

static bool zend_mm_find_chunk(struct zend_mm_locator *locator, const struct zend_mm_chunk *wanted)
{
	const struct zend_mm_modern_heap *heap = locator->heap;
	const struct zend_mm_chunk *chunk = heap->main_chunk;
	struct zend_mm_circle circle = ZEND_MM_NO_CIRCLE;
	struct zend_mm_chunk *next;

	while (chunk != wanted) {
		if (!zend_mm_is_chunk_address(chunk) || zend_mm_circle_closes(&circle, chunk) ||
			!zend_mm_reader_copy(&locator->reader, &chunk->next, &next, sizeof next) ||
			next == heap->main_chunk) {
			return false;
		}
		chunk = next;
	}
	return true;
}

static bool zend_mm_find_cached(struct zend_mm_locator *locator, const struct zend_mm_chunk *wanted)
{
	const struct zend_mm_chunk *chunk = locator->heap->cached_chunks;
	struct zend_mm_circle circle = ZEND_MM_NO_CIRCLE;

	while (chunk != NULL && chunk != wanted) {
		struct zend_mm_chunk *next;

		if (!zend_mm_is_chunk_address(chunk) || zend_mm_circle_closes(&circle, chunk) ||
			!zend_mm_reader_copy(&locator->reader, &chunk->next, &next, sizeof next)) {
			return false;
		}
		chunk = zend_mm_cached_word_decode(locator->heap, chunk, next);
	}
	return chunk == wanted && chunk != NULL;
}

static bool zend_mm_find_huge(struct zend_mm_locator *locator, const void *address,
	zend_mm_region *region)
{
	const struct zend_mm_huge_entry *entry = locator->heap->huge_blocks;
	struct zend_mm_circle circle = ZEND_MM_NO_CIRCLE;
	struct zend_mm_huge_entry copy;

	for (; entry != NULL && !zend_mm_circle_closes(&circle, entry); entry = copy.next) {
		if (!zend_mm_reader_copy(&locator->reader, entry, &copy, sizeof copy)) {
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

/* Reads a slot that a bin's list leads to; false where none of the bin can be there. */
static bool zend_mm_read_slot(struct zend_mm_locator *locator, unsigned bin,
	const struct zend_mm_slot *slot, struct zend_mm_slot *copy)
{
	const struct zend_mm_chunk *chunk = zend_mm_chunk_of(slot);
	uint32_t word;

	if (!zend_mm_is_ours(locator, chunk)) {
		return false;
	}
	if (!locator->reader.directly) {
		return zend_mm_reader_copy(&locator->reader, slot, copy, sizeof *copy);
	}
	word = chunk->map[zend_mm_page_of(slot)];
	if (!zend_mm_word_is_small(word) || zend_mm_word_bin(word) != bin ||
		zend_mm_chunk_offset(slot) > ZEND_MM_CHUNK_SIZE - sizeof *copy) {
		return false;
	}
	memcpy(copy, slot, sizeof *copy);
	return true;
}

static bool zend_mm_is_free_slot(struct zend_mm_locator *locator, unsigned bin, const void *slot)
{
	const struct zend_mm_slot *free_slot = locator->heap->free_slots[bin];
	struct zend_mm_circle circle = ZEND_MM_NO_CIRCLE;
	struct zend_mm_slot copy;

	while (free_slot != NULL && free_slot != slot) {
		if (zend_mm_circle_closes(&circle, free_slot) ||
			!zend_mm_read_slot(locator, bin, free_slot, &copy)) {
			return false;
		}
		free_slot = zend_mm_slot_decode(locator->heap, free_slot, copy.next);
	}
	return free_slot != NULL && free_slot == slot;
}

/* An entry of the list of huge blocks is the heap's own. */
static bool zend_mm_is_entry(struct zend_mm_locator *locator, unsigned bin, const void *slot)
{
	const struct zend_mm_huge_entry *entry = locator->heap->huge_blocks;
	struct zend_mm_circle circle = ZEND_MM_NO_CIRCLE;
	struct zend_mm_huge_entry copy;

	if (bin != zend_mm_bin_of(sizeof copy)) {
		return false;
	}
	for (; entry != NULL && entry != slot; entry = copy.next) {
		if (zend_mm_circle_closes(&circle, entry) ||
			!zend_mm_reader_copy(&locator->reader, entry, &copy, sizeof copy)) {
			return false;
		}
	}
	return entry != NULL;
}

/* The slot, or what is left over behind the last one, at an address in a run of a bin. */
static zend_mm_block_info zend_mm_slot_at(struct zend_mm_locator *locator, const char *run,
	unsigned bin, const char *address)
{
	size_t size = zend_mm_bin_size(bin);
	size_t index = (size_t)(address - run) / size;
	zend_mm_block_info info = { .address = run + index * size, .size = size,
		.list = ZEND_MM_LIST_BIN, .index = bin };

	if (index >= zend_mm_bins[bin].elements) {
		info.address = run + zend_mm_bins[bin].elements * size;
		info.size = zend_mm_bytes_of_pages(zend_mm_bins[bin].pages) -
			zend_mm_bins[bin].elements * size;
		info.state = ZEND_MM_BLOCK_TAIL;
		return info;
	}
	info.data = info.address;
	info.usable = size;
	info.state = zend_mm_is_free_slot(locator, bin, info.address) ? ZEND_MM_BLOCK_FREE :
		ZEND_MM_BLOCK_USED;
	info.internal = zend_mm_is_entry(locator, bin, info.address);
	return info;
}

static void zend_mm_locate_slot(struct zend_mm_locator *locator, const char *address,
	struct zend_mm_spot *spot)
{
	const struct zend_mm_chunk *chunk = spot->region.address;
	uint32_t word = chunk->map[spot->page];
	unsigned bin = zend_mm_word_bin(word);
	unsigned back = zend_mm_word_is_small_later(word) ? zend_mm_word_count(word) : 0;
	unsigned page = spot->page - back;

	if (bin >= ZEND_MM_BIN_COUNT || page == 0 || page >= ZEND_MM_PAGES ||
		back >= zend_mm_bins[bin].pages ||
		zend_mm_word_bin(chunk->map[page]) != bin ||
		!zend_mm_word_is_small_first(chunk->map[page])) {
		spot->damaged = &chunk->map[spot->page];
		return;
	}
	spot->block = zend_mm_slot_at(locator, zend_mm_page_address(chunk, page), bin, address);
}

/* The pages that are free around one, as far as the map says. */
static void zend_mm_free_pages_around(const uint32_t *map, unsigned *first, unsigned *end)
{
	unsigned page = *first;

	while (page > 1 && map[page - 1] == 0) {
		page--;
	}
	if (page > 1 && zend_mm_word_is_large(map[page - 1])) {
		page += zend_mm_word_pages(map[page - 1]) - 1u;
	}
	for (*end = *first + 1; *end < ZEND_MM_PAGES && map[*end] == 0; (*end)++) {
	}
	*first = page < *first ? page : *first;
}

/* A page that belongs to no bin: the header, a large run, or free. */
static void zend_mm_locate_page(struct zend_mm_spot *spot)
{
	const struct zend_mm_chunk *chunk = spot->region.address;
	const uint32_t *map = chunk->map;
	unsigned first = spot->page;
	unsigned end = first + 1;

	while (first > 0 && map[first] == 0) {
		first--;
	}
	if (spot->page == 0) {
		spot->block.state = ZEND_MM_BLOCK_HEADER;
		spot->block.internal = true;
	} else if (first > 0 && zend_mm_word_is_large(map[first]) &&
		spot->page < first + zend_mm_word_pages(map[first])) {
		end = first + zend_mm_word_pages(map[first]);
		spot->block.state = ZEND_MM_BLOCK_USED;
		spot->block.data = zend_mm_page_address(chunk, first);
		spot->block.usable = zend_mm_bytes_of_pages(end - first);
	} else {
		first = spot->page;
		zend_mm_free_pages_around(map, &first, &end);
		spot->block.state = ZEND_MM_BLOCK_FREE_PAGES;
	}
	spot->block.address = zend_mm_page_address(chunk, first);
	spot->block.size = zend_mm_bytes_of_pages(end - first);
}
/* }}} */

/* The region of an address; false where it is in none. */
static bool zend_mm_find_region(struct zend_mm_locator *locator, const void *address,
	zend_mm_region *region)
{
	const struct zend_mm_chunk *chunk = zend_mm_chunk_of(address);
	uint32_t word;

	if (zend_mm_find_cached(locator, chunk)) {
		*region = (zend_mm_region) { ZEND_MM_REGION_CACHED_CHUNK, chunk, ZEND_MM_CHUNK_SIZE };
		return true;
	}
	if (zend_mm_is_ours(locator, chunk) || (zend_mm_find_chunk(locator, chunk) &&
		zend_mm_reader_copy(&locator->reader, chunk->map, &word, sizeof word))) {
		*region = (zend_mm_region) { ZEND_MM_REGION_CHUNK, chunk, ZEND_MM_CHUNK_SIZE };
		return true;
	}
	return zend_mm_find_huge(locator, address, region);
}

/* Looks up one address; false where it is in no region of the heap. */
static bool zend_mm_look_up(struct zend_mm_locator *locator, const void *address,
	struct zend_mm_spot *spot)
{
	const struct zend_mm_chunk *chunk = zend_mm_chunk_of(address);

	*spot = (struct zend_mm_spot) { .page = zend_mm_page_of(address) };
	if (!zend_mm_find_region(locator, address, &spot->region)) {
		return false;
	}
	if (spot->region.kind == ZEND_MM_REGION_CHUNK) {
		if (zend_mm_word_is_small(chunk->map[spot->page])) {
			zend_mm_locate_slot(locator, address, spot);
		} else {
			zend_mm_locate_page(spot);
		}
		return true;
	}
	spot->block.address = spot->region.address;
	spot->block.size = spot->region.size;
	spot->block.state = ZEND_MM_BLOCK_CACHED;
	if (spot->region.kind == ZEND_MM_REGION_HUGE) {
		spot->block.state = ZEND_MM_BLOCK_USED;
		spot->block.data = spot->block.address;
		spot->block.usable = spot->block.size;
	}
	return true;
}

void zend_mm_modern_locate(zend_mm_heap *base, const void *address, zend_mm_place *place)
{
	struct zend_mm_locator locator = { .heap = zend_mm_modern(base) };
	struct zend_mm_spot spot, neighbour;
	uintptr_t block; /* a damaged list may have a huge block anywhere */

	zend_mm_reader_open(&locator.reader);
	if (!zend_mm_look_up(&locator, address, &spot)) {
		return;
	}
	place->region = spot.region;
	place->page = spot.region.kind == ZEND_MM_REGION_CHUNK ? spot.page : 0;
	place->block = spot.block;
	place->damaged = spot.damaged;
	block = (uintptr_t) spot.block.address;
	if (spot.block.size != 0 &&
		zend_mm_look_up(&locator, (const void *) (block - 1), &neighbour)) {
		place->before = neighbour.block;
	}
	if (spot.block.size != 0 &&
		zend_mm_look_up(&locator, (const void *) (block + spot.block.size), &neighbour)) {
		place->after = neighbour.block;
	}
	if (config_debug && place->block.data != NULL && !place->block.internal) {
		zend_mm_modern_debug_owner(place);
	}
}
