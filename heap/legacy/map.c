/* SPDX-License-Identifier: MIT */
/*
 * heap/legacy/map.c - scratch notes about a heap's blocks (see map.h).
 *
 * Called by walk.c and check.c.  One piece of scratch memory holds the extents, then the planes.
 */
#include <errno.h>

#include "heap/legacy/map.h"
#include "storage/storage.h"

static size_t plane_words(size_t bits)
{
	return bits / (8 * sizeof(size_t)) + 1;
}

bool zend_mm_legacy_map_open(struct zend_mm_legacy_map *map, size_t segments, size_t bytes)
{
	size_t extents_size = (segments + 1) * sizeof *map->extents;
	size_t words = plane_words(bytes / map_granule);

	*map = (struct zend_mm_legacy_map) { .capacity = segments };
	map->scratch_size = extents_size + map_plane_count * words * sizeof(size_t);
	map->extents = zend_mm_scratch_alloc(map->scratch_size);
	if (!map->extents) {
		errno = ENOMEM;
		return false;
	}
	for (unsigned plane = 0; plane < map_plane_count; plane++) {
		map->planes[plane] = (size_t *) ((char *) map->extents + extents_size) + plane * words;
	}
	return true;
}

void zend_mm_legacy_map_close(struct zend_mm_legacy_map *map)
{
	zend_mm_scratch_free(map->extents, map->scratch_size);
}

void zend_mm_legacy_map_add(struct zend_mm_legacy_map *map, const zend_mm_segment *segment,
	size_t size)
{
	map->extents[map->count].segment = segment;
	map->extents[map->count].size = size;
	map->count++;
}

/* Shell's sort: nothing to allocate, no recursion, and good enough for some 10,000 segments. */
static void sort_extents(struct zend_mm_legacy_extent *extents, size_t count)
{
	for (size_t gap = count / 2; gap > 0; gap /= 2) {
		for (size_t i = gap; i < count; i++) {
			struct zend_mm_legacy_extent moving = extents[i];
			size_t place = i;

			while (place >= gap && (uintptr_t) extents[place - gap].segment
					> (uintptr_t) moving.segment) {
				extents[place] = extents[place - gap];
				place -= gap;
			}
			extents[place] = moving;
		}
	}
}

void zend_mm_legacy_map_seal(struct zend_mm_legacy_map *map)
{
	sort_extents(map->extents, map->count);
	for (size_t i = 0; i < map->count; i++) {
		map->extents[i].first_bit = map->bits;
		map->bits += map->extents[i].size / map_granule;
	}
}

size_t zend_mm_legacy_map_bit(const struct zend_mm_legacy_map *map, const void *address)
{
	uintptr_t place = (uintptr_t) address;
	size_t low = 0;
	size_t high = map->count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if ((uintptr_t) map->extents[middle].segment <= place) {
			low = middle + 1;
		} else {
			high = middle;
		}
	}
	if (low > 0) {
		const struct zend_mm_legacy_extent *extent = &map->extents[low - 1];
		size_t offset = place - (uintptr_t) extent->segment;

		if (offset < extent->size && offset % map_granule == 0) {
			return extent->first_bit + offset / map_granule;
		}
	}
	return SIZE_MAX;
}
