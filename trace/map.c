/* SPDX-License-Identifier: MIT */
/* See map.h. */
#include "trace/map.h"

#include <stdlib.h>
#include <string.h>

enum { FIRST_CAPACITY_LOG2 = 6 };

/* Where `key` belongs if nothing is in the way. The multiplier is 2^64 over the golden ratio; the
 * highest bits of the product depend on all of the key. */
static size_t home(const struct zmm_map *map, uint64_t key)
{
	return (size_t)((key * 0x9e3779b97f4a7c15u) >> map->shift);
}

/* The entry that holds `key`, or the empty one where it would go. */
static struct zmm_map_entry *find(const struct zmm_map *map, uint64_t key)
{
	size_t at = home(map, key);

	while (map->entries[at].value && map->entries[at].key != key)
		at = (at + 1) & (map->capacity - 1);
	return &map->entries[at];
}

static bool grow(struct zmm_map *map)
{
	struct zmm_map old = *map;
	unsigned shift = old.capacity ? old.shift - 1 : 64 - FIRST_CAPACITY_LOG2;
	size_t capacity = (size_t)1 << (64 - shift);
	struct zmm_map_entry *entries = calloc(capacity, sizeof *entries);

	if (!entries)
		return false;
	map->entries = entries;
	map->capacity = capacity;
	map->shift = shift;
	for (size_t i = 0; i < old.capacity; i++)
		if (old.entries[i].value)
			*find(map, old.entries[i].key) = old.entries[i];
	free(old.entries);
	return true;
}

uint64_t zmm_map_get(const struct zmm_map *map, uint64_t key)
{
	return map->count ? find(map, key)->value : 0;
}

bool zmm_map_put(struct zmm_map *map, uint64_t key, uint64_t value)
{
	if (map->count >= map->capacity / 4 * 3 && !grow(map))
		return false;
	struct zmm_map_entry *entry = find(map, key);
	map->count += entry->value == 0;
	*entry = (struct zmm_map_entry){ key, value };
	return true;
}

/* Move entries back that were pushed past the gap at `gap`, until the run of entries ends. */
static void close_gap(struct zmm_map *map, size_t gap)
{
	size_t mask = map->capacity - 1;

	for (size_t at = (gap + 1) & mask; map->entries[at].value; at = (at + 1) & mask) {
		size_t from_home = (at - home(map, map->entries[at].key)) & mask;
		if (from_home < ((at - gap) & mask))
			continue; /* it is no further back than its home */
		map->entries[gap] = map->entries[at];
		gap = at;
	}
	map->entries[gap].value = 0;
}

uint64_t zmm_map_take(struct zmm_map *map, uint64_t key)
{
	if (!map->count)
		return 0;
	struct zmm_map_entry *entry = find(map, key);
	uint64_t value = entry->value;
	if (value) {
		map->count--;
		close_gap(map, (size_t)(entry - map->entries));
	}
	return value;
}

void zmm_map_clear(struct zmm_map *map)
{
	if (map->count)
		memset(map->entries, 0, map->capacity * sizeof *map->entries);
	map->count = 0;
}

void zmm_map_free(struct zmm_map *map)
{
	free(map->entries);
	*map = (struct zmm_map){ 0 };
}
