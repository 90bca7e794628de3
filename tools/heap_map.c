/* SPDX-License-Identifier: MIT */
/*
 * tools/heap_map.c - two replays: the first finds how many regions there are and how large, the
 * second fills the columns. See heap_map.h.
 */
#include "tools/heap_map.h"

#include <stdlib.h>
#include <string.h>

#include "trace/replay_state.h"

struct draftsman {
	struct zmm_heap_map *map;
	const zmm_replay *replay;
	const zmm_program *program;
	bool filling;             /* the second replay */
	bool failed;              /* no memory */
	size_t column;
	uint64_t next;            /* the operation of that column */
	uint64_t *bytes;          /* in use, by row, of the column being made */
	size_t room;              /* for regions */
	struct zmm_map_region *region; /* being walked; NULL: not in the map */
};

enum { smallest_cell = 4096 };

/* --- regions --------------------------------------------------------------------------------- */

static struct zmm_map_region *find_region(struct zmm_heap_map *map, int64_t number)
{
	for (size_t i = map->region_count; i > 0; i--) {
		if (map->regions[i - 1].number == number) {
			return &map->regions[i - 1];
		}
	}
	return NULL;
}

static void note_region(struct draftsman *draftsman, int64_t number, size_t size)
{
	struct zmm_heap_map *map = draftsman->map;
	struct zmm_map_region *region = find_region(map, number);

	if (!region && map->region_count == draftsman->room) {
		size_t room = draftsman->room * 2 + 16;
		struct zmm_map_region *regions = realloc(map->regions, room * sizeof *regions);

		draftsman->failed |= !regions;
		if (!regions) {
			return;
		}
		map->regions = regions;
		draftsman->room = room;
	}
	if (!region) {
		region = &map->regions[map->region_count++];
		*region = (struct zmm_map_region){ .number = number };
	}
	if (size > region->size) {
		region->size = size;
	}
}

static int compare_regions(const void *a, const void *b)
{
	int64_t first = ((const struct zmm_map_region *)a)->number;
	int64_t second = ((const struct zmm_map_region *)b)->number;

	return (first > second) - (first < second);
}

static size_t rows_with(const struct zmm_heap_map *map, size_t cell)
{
	size_t rows = 0;

	for (size_t i = 0; i < map->region_count; i++) {
		rows += (map->regions[i].size + cell - 1) / cell;
	}
	return rows;
}

/* Chooses the cell, and stacks the regions. */
static void lay_out(struct zmm_heap_map *map)
{
	size_t row = 0;

	qsort(map->regions, map->region_count, sizeof *map->regions, compare_regions);
	map->cell = smallest_cell;
	while (map->region_count <= ZMM_MAP_ROWS && rows_with(map, map->cell) > ZMM_MAP_ROWS) {
		map->cell *= 2;
	}
	map->rows = map->region_count <= ZMM_MAP_ROWS ? rows_with(map, map->cell) : 0;
	for (size_t i = 0; i < map->region_count; i++) {
		map->regions[i].row = row;
		map->regions[i].rows = (map->regions[i].size + map->cell - 1) / map->cell;
		row += map->regions[i].rows;
	}
}

/* --- columns --------------------------------------------------------------------------------- */

static void add_block(struct draftsman *draftsman, const zend_mm_region *walked,
	const zend_mm_block_info *block)
{
	size_t from = (size_t)((const char *)block->address - (const char *)walked->address);
	size_t end = from + block->size, cell = draftsman->map->cell;

	for (; from < end; from = (from / cell + 1) * cell) {
		size_t until = (from / cell + 1) * cell < end ? (from / cell + 1) * cell : end;

		draftsman->bytes[draftsman->region->row + from / cell] += until - from;
	}
}

static int visit(void *context, const zend_mm_region *walked, const zend_mm_block_info *block)
{
	struct draftsman *draftsman = context;
	size_t offset;

	if (!block) {
		int64_t number = zmm_spaced_region(draftsman->replay->spaced, walked->address, &offset);

		if (!draftsman->filling) {
			note_region(draftsman, number, walked->size);
			return draftsman->failed;
		}
		draftsman->region = find_region(draftsman->map, number);
		if (draftsman->region) {
			memset(draftsman->map->used[draftsman->column] + draftsman->region->row, '0',
				(walked->size + draftsman->map->cell - 1) / draftsman->map->cell);
		}
	} else if (draftsman->filling && draftsman->region && block->state == ZEND_MM_BLOCK_USED
			&& !block->internal) {
		add_block(draftsman, walked, block);
	}
	return 0;
}

static bool fill_column(struct draftsman *draftsman, zend_mm_heap *heap)
{
	struct zmm_heap_map *map = draftsman->map;
	char *used = map->used[draftsman->column];

	memset(used, '.', map->rows);
	used[map->rows] = '\0';
	memset(draftsman->bytes, 0, (map->rows + 1) * sizeof *draftsman->bytes);
	if (zend_mm_walk(heap, visit, draftsman) != 0) {
		return false;
	}
	for (size_t row = 0; row < map->rows; row++) {
		uint64_t ninths = (draftsman->bytes[row] * 9 + map->cell - 1) / map->cell;

		used[row] = used[row] == '.' ? '.' : (char)('0' + (ninths < 9 ? ninths : 9));
	}
	return true;
}

/* --- the replays ----------------------------------------------------------------------------- */

/* The operation of the next column: columns stand evenly, the last behind the last operation. */
static uint64_t operation_after(uint64_t all, uint64_t operation)
{
	for (uint64_t column = 1; column < ZMM_MAP_COLUMNS; column++) {
		if (all * column / (ZMM_MAP_COLUMNS - 1) > operation) {
			return all * column / (ZMM_MAP_COLUMNS - 1);
		}
	}
	return UINT64_MAX;
}

static bool observe(void *context, const struct zmm_replay_moment *moment)
{
	struct draftsman *draftsman = context;
	struct zmm_heap_map *map = draftsman->map;
	uint64_t all = draftsman->program->op_count;
	bool done;

	if (moment->operation != draftsman->next || draftsman->column == ZMM_MAP_COLUMNS) {
		return true;
	}
	done = draftsman->filling ? fill_column(draftsman, moment->heap)
		: zend_mm_walk(moment->heap, visit, draftsman) == 0;
	map->operations[draftsman->column++] = moment->operation;
	map->columns = draftsman->column;
	draftsman->next = operation_after(all, moment->operation);
	return done;
}

static bool run(struct draftsman *draftsman, const struct zmm_replay_options *options,
	struct zmm_error *error)
{
	struct zmm_replay_options own = *options;
	struct zmm_full_run full = { .observe_every = 1, .observer = observe, .context = draftsman };
	zmm_replay *replay;
	bool done;

	own.storage = ZMM_STORAGE_SPACED;
	replay = zmm_replay_new(draftsman->program, &own, error);
	draftsman->replay = replay;
	draftsman->column = 0;
	draftsman->next = 0;
	done = replay && zmm_replay_full(replay, &full, error);
	zmm_replay_free(replay);
	return done;
}

static bool fill(struct draftsman *draftsman, const struct zmm_replay_options *options,
	struct zmm_error *error)
{
	struct zmm_heap_map *map = draftsman->map;
	bool done;

	map->used = calloc(ZMM_MAP_COLUMNS, sizeof *map->used);
	draftsman->bytes = calloc(map->rows + 1, sizeof *draftsman->bytes);
	draftsman->filling = true;
	done = map->used && draftsman->bytes && run(draftsman, options, error);
	free(draftsman->bytes);
	return done;
}

bool zmm_heap_map_make(struct zmm_heap_map *map, const zmm_program *program,
	const struct zmm_replay_options *options, struct zmm_error *error)
{
	struct draftsman draftsman = { .map = map, .program = program };

	*map = (struct zmm_heap_map){ .cell = smallest_cell };
	zmm_error_set(error, ZMM_ERROR_SYSTEM, "no memory for a map of the heap");
	if (!run(&draftsman, options, error)) {
		zmm_heap_map_drop(map);
		return false;
	}
	lay_out(map);
	if (map->rows > 0 && !fill(&draftsman, options, error)) {
		zmm_heap_map_drop(map);
		return false;
	}
	return true;
}

void zmm_heap_map_drop(struct zmm_heap_map *map)
{
	free(map->regions);
	free(map->used);
	*map = (struct zmm_heap_map){ .cell = smallest_cell };
}
