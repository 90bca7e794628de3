/* SPDX-License-Identifier: MIT */
/*
 * heap/legacy/map.h - scratch notes about a heap's blocks, for walks and checks.
 *
 * A map knows the segments by address and keeps two bits for every place in them where a block
 * can begin; what the bits say is up to its user.  It lies in memory straight from the system, so
 * that the heap is not changed by being looked at.
 */
#ifndef HEAP_LEGACY_MAP_H
#define HEAP_LEGACY_MAP_H

#include "heap/legacy/heap.h"

enum {
	map_plane_count = 2,
	map_granule = 8              /* blocks begin at multiples of it */
};

/* A segment: its place, and the number of its first bit. */
struct zend_mm_legacy_extent {
	const zend_mm_segment *segment;
	size_t size;
	size_t first_bit;
};

struct zend_mm_legacy_map {
	struct zend_mm_legacy_extent *extents;    /* by address, once sealed */
	size_t count;
	size_t capacity;
	size_t bits;                              /* in each plane */
	size_t *planes[map_plane_count];
	size_t scratch_size;
};

/* Makes an empty map for up to so many segments, of so many bytes in all.  False, with errno set,
 * where there is no memory. */
bool zend_mm_legacy_map_open(struct zend_mm_legacy_map *map, size_t segments, size_t bytes);
void zend_mm_legacy_map_close(struct zend_mm_legacy_map *map);

/* Adds a segment; not more of them than the map was made for. */
void zend_mm_legacy_map_add(struct zend_mm_legacy_map *map, const zend_mm_segment *segment,
	size_t size);
/* To be called once, between the last addition and the first bit. */
void zend_mm_legacy_map_seal(struct zend_mm_legacy_map *map);

/* The number of the bits of an address where a block can begin; SIZE_MAX for any other. */
size_t zend_mm_legacy_map_bit(const struct zend_mm_legacy_map *map, const void *address);

static zend_always_inline size_t *map_word(const struct zend_mm_legacy_map *map, unsigned plane,
	size_t bit)
{
	return &map->planes[plane][bit / (8 * sizeof(size_t))];
}

static zend_always_inline bool map_get(const struct zend_mm_legacy_map *map, unsigned plane,
	size_t bit)
{
	return *map_word(map, plane, bit) >> bit % (8 * sizeof(size_t)) & 1;
}

static zend_always_inline void map_put(struct zend_mm_legacy_map *map, unsigned plane, size_t bit)
{
	*map_word(map, plane, bit) |= (size_t) 1 << bit % (8 * sizeof(size_t));
}

#endif
