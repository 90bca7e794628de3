/* SPDX-License-Identifier: MIT */
/*
 * tools/heap_map.h - how full a heap's addresses are, over the run of a trace: the data of a
 * picture with the operations to the right and the addresses upward.
 *
 * Regions are stacked in the order of their numbers, that is as they were got from storage, on a
 * storage that gives each number once (trace/spaced.h); so the map does not depend on what
 * addresses the system hands out.
 */
#ifndef ZMM_HEAP_MAP_H
#define ZMM_HEAP_MAP_H

#include "trace/replay.h"

enum {
	ZMM_MAP_COLUMNS = 256,    /* at most */
	ZMM_MAP_ROWS = 512
};

struct zmm_map_region {
	int64_t number;
	size_t size;              /* the greatest that it had */
	size_t row, rows;
};

struct zmm_heap_map {
	size_t cell;              /* bytes of a row, a power of two */
	size_t rows;
	size_t columns;
	uint64_t operations[ZMM_MAP_COLUMNS];
	size_t region_count;
	struct zmm_map_region *regions;
	/* A string of `rows` characters for each column: '.' not held, '0' held and nothing in use,
	 * '1' to '9' so many ninths in use, rounded up. */
	char (*used)[ZMM_MAP_ROWS + 1];
};

/* Replays the program on a heap like the one in the options, twice, and makes its map. False with
 * the error set; a heap with more regions than there are rows has an empty map. */
bool zmm_heap_map_make(struct zmm_heap_map *map, const zmm_program *program,
	const struct zmm_replay_options *options, struct zmm_error *error);

void zmm_heap_map_drop(struct zmm_heap_map *map);

#endif
