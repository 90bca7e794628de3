/* SPDX-License-Identifier: MIT */
/*
 * Finds the blocks that keep nearly empty regions alive. See pins.h.
 */
#include "tools/pins.h"

#include <errno.h>
#include <stdlib.h>

/* --- tenants --- */

static bool can_be_given_back(const zend_mm_region *region, bool first)
{
	return region->kind == ZEND_MM_REGION_SEGMENT
		|| (region->kind == ZEND_MM_REGION_CHUNK && !first);
}

static bool keeps_its_place(const zend_mm_region *region, const zend_mm_block_info *block)
{
	if (region->kind == ZEND_MM_REGION_SEGMENT)
		return block->state == ZEND_MM_BLOCK_CACHED;
	return block->state == ZEND_MM_BLOCK_FREE;
}

void zmm_tenants_visit(struct zmm_tenants *tenants, const zend_mm_region *region,
	const zend_mm_block_info *block, bool first)
{
	if (!block) {
		*tenants = (struct zmm_tenants){
			.region = *region, .stays = !can_be_given_back(region, first) };
	} else if (block->state == ZEND_MM_BLOCK_USED && !block->internal) {
		tenants->used_blocks++;
		tenants->used_bytes += block->size;
	} else if (block->state == ZEND_MM_BLOCK_USED) {
		tenants->own_blocks++;
		tenants->own_bytes += block->size;
		/* A segment's own block is the heap structure; a chunk's are the entries of huge blocks,
		 * which go with these. */
		if (region->kind == ZEND_MM_REGION_SEGMENT)
			tenants->stays = true;
	} else if (block->state == ZEND_MM_BLOCK_RESERVE) {
		tenants->stays = true;
	} else if (keeps_its_place(region, block)) {
		tenants->idle_blocks++;
		tenants->idle_bytes += block->size;
	}
}

bool zmm_tenants_pinned(const struct zmm_tenants *tenants)
{
	return !tenants->stays && tenants->used_bytes <= tenants->region.size / ZMM_PINNED_SHARE;
}

/* --- the search --- */

struct search {
	struct zmm_pins *pins;
	zmm_pin_lookup lookup;
	void *context;
	struct zmm_tenants tenants; /* of the region under way */
	size_t number;              /* regions begun */
	size_t first;               /* the region's first block */
	size_t pins_capacity, blocks_capacity;
};

/* Makes room for one more. */
static bool make_room(void **array, size_t *capacity, size_t count, size_t size)
{
	if (count < *capacity)
		return true;
	size_t wanted = *capacity ? *capacity * 2 : 64;
	void *wider = realloc(*array, wanted * size);
	if (!wider)
		return false;
	*array = wider;
	*capacity = wanted;
	return true;
}

static bool add_pin(struct search *search)
{
	struct zmm_pins *pins = search->pins;
	void *array = pins->pins;

	if (!make_room(&array, &search->pins_capacity, pins->count, sizeof *pins->pins))
		return false;
	pins->pins = array;
	pins->pins[pins->count++] = (struct zmm_pin){
		.number = search->number, .tenants = search->tenants, .first = search->first };
	pins->pinned_bytes += search->tenants.region.size;
	pins->used_bytes += search->tenants.used_bytes;
	return true;
}

/* Ends the region under way: its blocks stay noted only where they pin it. */
static bool end_region(struct search *search)
{
	zend_mm_region_kind kind = search->tenants.region.kind;

	if (search->number == 0)
		return true;
	if (kind == ZEND_MM_REGION_SEGMENT || kind == ZEND_MM_REGION_CHUNK) {
		search->pins->regions++;
		search->pins->region_bytes += search->tenants.region.size;
	}
	if (zmm_tenants_pinned(&search->tenants))
		return add_pin(search);
	search->pins->block_count = search->first;
	return true;
}

static bool note_block(struct search *search, const zend_mm_region *region,
	const zend_mm_block_info *block)
{
	struct zmm_pins *pins = search->pins;
	void *array = pins->blocks;

	if (block->state != ZEND_MM_BLOCK_USED || block->internal || search->tenants.stays
		|| !zmm_tenants_pinned(&search->tenants))
		return true;
	if (!make_room(&array, &search->blocks_capacity, pins->block_count, sizeof *pins->blocks))
		return false;
	pins->blocks = array;
	struct zmm_pin_block *noted = &pins->blocks[pins->block_count++];
	*noted = (struct zmm_pin_block){
		.offset = (size_t)((const char *)block->data - (const char *)region->address),
		.size = block->size,
	};
	noted->known = search->lookup && search->lookup(search->context, block->data, &noted->owner);
	return true;
}

static int visit(void *context, const zend_mm_region *region, const zend_mm_block_info *block)
{
	struct search *search = context;

	if (!block) {
		if (!end_region(search))
			return -1;
		search->first = search->pins->block_count;
		search->number++;
	}
	zmm_tenants_visit(&search->tenants, region, block, search->number == 1);
	return !block || note_block(search, region, block) ? 0 : -1;
}

/* A walk shows the newest segment first. */
static void number_by_age(struct zmm_pins *pins)
{
	for (size_t i = 0; i < pins->count; i++)
		if (pins->pins[i].tenants.region.kind == ZEND_MM_REGION_SEGMENT)
			pins->pins[i].number = pins->regions + 1 - pins->pins[i].number;
}

static int fewest_used_first(const void *left, const void *right)
{
	const struct zmm_pin *a = left, *b = right;

	if (a->tenants.used_bytes != b->tenants.used_bytes)
		return a->tenants.used_bytes < b->tenants.used_bytes ? -1 : 1;
	return a->number < b->number ? -1 : a->number > b->number;
}

int zmm_pins_find(struct zmm_pins *pins, zend_mm_heap *heap, zmm_pin_lookup lookup, void *context)
{
	struct search search = { .pins = pins, .lookup = lookup, .context = context };

	*pins = (struct zmm_pins){ .count = 0 };
	errno = ENOMEM;
	if (zend_mm_walk(heap, visit, &search) != 0 || !end_region(&search)) {
		zmm_pins_drop(pins);
		return -1;
	}
	number_by_age(pins);
	if (pins->count)
		qsort(pins->pins, pins->count, sizeof *pins->pins, fewest_used_first);
	return 0;
}

void zmm_pins_drop(struct zmm_pins *pins)
{
	free(pins->pins);
	free(pins->blocks);
	*pins = (struct zmm_pins){ .count = 0 };
}
