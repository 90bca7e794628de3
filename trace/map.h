/* SPDX-License-Identifier: MIT */
/*
 * A hash map from 64-bit keys to 64-bit values other than 0: addresses to blocks, thread numbers to
 * what a thread is in the middle of, call sites to their numbers.
 *
 * Open addressing with linear probing, at most three quarters full, without tombstones: removing
 * closes the gap, so a map that lives through millions of insertions and removals stays as fast and
 * as small as its greatest number of entries asks for.
 */
#ifndef ZMM_MAP_H
#define ZMM_MAP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct zmm_map_entry {
	uint64_t key;
	uint64_t value; /* 0: empty */
};

/* All zero is an empty map. */
struct zmm_map {
	struct zmm_map_entry *entries;
	size_t capacity; /* a power of two, or 0 */
	size_t count;
	unsigned shift; /* 64 - log2(capacity) */
};

/* The value of `key`, 0 when it has none. */
uint64_t zmm_map_get(const struct zmm_map *map, uint64_t key);

/* Give `key` the value `value` (not 0), whether it had one or not. False when memory ran out. */
bool zmm_map_put(struct zmm_map *map, uint64_t key, uint64_t value);

/* Remove `key` and return the value it had, 0 when it had none. */
uint64_t zmm_map_take(struct zmm_map *map, uint64_t key);

/* Remove all entries, keeping the room for them. */
void zmm_map_clear(struct zmm_map *map);

void zmm_map_free(struct zmm_map *map);

#endif
