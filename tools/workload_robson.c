/* SPDX-License-Identifier: MIT */
/*
 * Robson's adversary (J. M. Robson, "An estimate of the store size necessary for dynamic storage
 * allocation", JACM 1971) playing against a best-fit heap that is simulated here.
 *
 * All sizes are powers of two in units. It fills its live bytes with blocks of one unit, and then,
 * for i = 2, 4, 8, … up to the largest block:
 *
 *   1. frees every block that does not cover an address k * i: what stays leaves no room for a
 *      block of i units anywhere between;
 *   2. allocates blocks of i units until its live bytes are used up again: all of them need new
 *      memory.
 *
 * (Robson's chooses the better of two offsets to k * i in each round. In a heap that fills its
 * segments from their start neither is ever better than 0.)
 *
 * The adversary has to see addresses, and a trace cannot: so it sees those of a best-fit heap over
 * segments, as the legacy heap's free blocks and the modern heap's pages are. That heap is:
 *
 *   unit:   0    1    2    3    4    5    6    7       the units of all segments in one row;
 *         [ -3 |  ? | -3 |  1 |  1 |  1 | -1 |  1        a hole has -length in its first and last
 *                                                        unit, a block 1 in each
 *
 * Holes of equal length hang in one list, the newest first, by their first unit.
 */
#include "tools/workload.h"

#include <stdlib.h>

enum {
	UNITS_MAX = 1 << 16,    /* of one segment: the search for a hole looks at each length */
	NOWHERE = -1
};

struct object {
	uint64_t id;
	uint32_t position; /* its first unit */
	uint32_t units;
};

struct arena {
	uint32_t segment_units;
	uint32_t units;         /* of all segments */
	int32_t *map;
	int32_t *next, *previous; /* of a hole, by its first unit */
	int32_t *holes;         /* by length: the newest of that length */
};

struct game {
	struct zmm_generator *generator;
	struct arena arena;
	struct object *objects; /* those alive, oldest first */
	size_t count, capacity;
	uint32_t live, most;    /* units */
};

static void complain(struct game *game, enum zmm_error_kind kind, const char *what)
{
	if (!game->generator->failed)
		zmm_error_set(game->generator->error, kind, "%s", what);
	game->generator->failed = true;
}

static bool no_memory(struct game *game)
{
	complain(game, ZMM_ERROR_SYSTEM, "no memory for the adversary; give it a smaller --live");
	return false;
}

/* --- the simulated heap --- */

static void unlink_hole(struct arena *arena, uint32_t at)
{
	int32_t next = arena->next[at], previous = arena->previous[at];

	if (previous == NOWHERE)
		arena->holes[-arena->map[at]] = next;
	else
		arena->next[previous] = next;
	if (next != NOWHERE)
		arena->previous[next] = previous;
}

static void make_hole(struct arena *arena, uint32_t at, uint32_t units)
{
	arena->map[at] = arena->map[at + units - 1] = -(int32_t)units;
	arena->previous[at] = NOWHERE;
	arena->next[at] = arena->holes[units];
	if (arena->next[at] != NOWHERE)
		arena->previous[arena->next[at]] = (int32_t)at;
	arena->holes[units] = (int32_t)at;
}

static bool widen(int32_t **array, size_t count)
{
	int32_t *wider = realloc(*array, count * sizeof **array);

	if (wider)
		*array = wider;
	return wider != NULL;
}

static bool add_segment(struct game *game)
{
	struct arena *arena = &game->arena;
	uint32_t at = arena->units;
	size_t units = (size_t)at + arena->segment_units;

	if (units > INT32_MAX || !widen(&arena->map, units) || !widen(&arena->next, units)
		|| !widen(&arena->previous, units))
		return no_memory(game);
	arena->units = (uint32_t)units;
	make_hole(arena, at, arena->segment_units);
	return true;
}

/* The smallest hole that holds so many units, NOWHERE if there is none. */
static int32_t best_fit(const struct arena *arena, uint32_t units)
{
	for (uint32_t length = units; length <= arena->segment_units; length++)
		if (arena->holes[length] != NOWHERE)
			return arena->holes[length];
	return NOWHERE;
}

static void occupy(struct arena *arena, uint32_t at, uint32_t units)
{
	uint32_t length = (uint32_t)-arena->map[at];

	unlink_hole(arena, at);
	if (length > units)
		make_hole(arena, at + units, length - units);
	for (uint32_t i = 0; i < units; i++)
		arena->map[at + i] = 1;
}

/* Frees units and joins them with the holes beside them in the same segment. */
static void vacate(struct arena *arena, uint32_t at, uint32_t units)
{
	uint32_t end = at + units;

	if (end % arena->segment_units != 0 && arena->map[end] < 0) {
		uint32_t length = (uint32_t)-arena->map[end];
		unlink_hole(arena, end);
		units += length;
	}
	if (at % arena->segment_units != 0 && arena->map[at - 1] < 0) {
		uint32_t length = (uint32_t)-arena->map[at - 1];
		at -= length;
		unlink_hole(arena, at);
		units += length;
	}
	make_hole(arena, at, units);
}

/* --- the adversary --- */

static bool remember(struct game *game, struct object object)
{
	if (game->count == game->capacity) {
		size_t capacity = game->capacity ? game->capacity * 2 : 1024;
		struct object *objects = realloc(game->objects, capacity * sizeof *objects);
		if (!objects)
			return no_memory(game);
		game->objects = objects;
		game->capacity = capacity;
	}
	game->objects[game->count++] = object;
	game->live += object.units;
	return true;
}

static bool allocate(struct game *game, uint32_t units)
{
	const uint64_t *setting = game->generator->setting;
	int32_t at = best_fit(&game->arena, units);

	if (at == NOWHERE) {
		if (!add_segment(game))
			return false;
		at = best_fit(&game->arena, units);
	}
	occupy(&game->arena, (uint32_t)at, units);
	uint64_t size = units * setting[ZMM_SETTING_UNIT] - setting[ZMM_SETTING_HEADER];
	struct zmm_made_block block = zmm_generate_alloc(game->generator, size);
	return remember(game, (struct object){ block.id, (uint32_t)at, units });
}

static void release(struct game *game, const struct object *object)
{
	const uint64_t *setting = game->generator->setting;
	uint64_t size = object->units * setting[ZMM_SETTING_UNIT] - setting[ZMM_SETTING_HEADER];

	vacate(&game->arena, object->position, object->units);
	zmm_generate_free(game->generator, (struct zmm_made_block){ object->id, size });
	game->live -= object->units;
}

/* Whether the object covers an address k * step, counted within its segment. */
static bool covers(const struct game *game, const struct object *object, uint32_t step)
{
	uint32_t at = object->position % game->arena.segment_units;

	return (step - at % step) % step < object->units;
}

static void free_uncovering(struct game *game, uint32_t step)
{
	size_t kept = 0;

	for (size_t i = 0; i < game->count; i++) {
		if (covers(game, &game->objects[i], step))
			game->objects[kept++] = game->objects[i];
		else
			release(game, &game->objects[i]);
	}
	game->count = kept;
}

static bool fill(struct game *game, uint32_t units)
{
	while (game->most - game->live >= units)
		if (!allocate(game, units))
			return false;
	zmm_generate_plain(game->generator, ZMM_EVENT_USAGE);
	return true;
}

static void play(struct game *game)
{
	if (!fill(game, 1))
		return;
	for (uint32_t step = 2; step <= game->arena.segment_units && step <= game->most; step *= 2) {
		free_uncovering(game, step);
		if (!fill(game, step) || game->generator->failed)
			return;
	}
}

static void make_robson(struct zmm_generator *generator)
{
	uint64_t unit = generator->setting[ZMM_SETTING_UNIT];
	uint64_t segment_units = generator->setting[ZMM_SETTING_SEGMENT] / unit;
	uint64_t most = generator->setting[ZMM_SETTING_LIVE] / unit;
	struct game game = {
		.generator = generator,
		.arena = { .segment_units = (uint32_t)segment_units },
		.most = (uint32_t)most,
	};

	if (unit <= generator->setting[ZMM_SETTING_HEADER]) {
		complain(&game, ZMM_ERROR_INPUT, "--unit has to be more than --header");
		return;
	}
	if (segment_units < 1 || segment_units > UNITS_MAX || most < 1 || most > INT32_MAX) {
		complain(&game, ZMM_ERROR_INPUT, "--segment has to be 1 to 65536 times --unit, "
			"and --live at least --unit and less than 2^31 times that");
		return;
	}
	game.arena.holes = malloc((segment_units + 1) * sizeof *game.arena.holes);
	if (game.arena.holes) {
		for (uint64_t i = 0; i <= segment_units; i++)
			game.arena.holes[i] = NOWHERE;
		play(&game);
	} else {
		no_memory(&game);
	}
	free(game.arena.holes);
	free(game.arena.map);
	free(game.arena.next);
	free(game.arena.previous);
	free(game.objects);
}

const struct zmm_workload zmm_workload_robson = {
	.name = "robson",
	.summary = "Robson's adversary against best fit",
	.shows =
		"Shows how bad fragmentation can get: the blocks that stay after each\n"
		"round leave no hole for the next size, which is twice the last one.\n"
		"With M live bytes, and n the largest block over the smallest, no heap\n"
		"that moves nothing can do with less than about M (log2(n) / 2 + 1).\n"
		"The standard settings are aimed at the legacy heap's segments; for the\n"
		"modern heap's pages: --unit 4096 --header 0 --segment 2093056. The\n"
		"seed makes no difference. Usage is printed after each round.",
	.settings = {
		[ZMM_SETTING_LIVE] = { true, 1, UINT64_C(1) << 40, 8 << 20 },
		[ZMM_SETTING_UNIT] = { true, 1, 1 << 20, 1024 },
		[ZMM_SETTING_HEADER] = { true, 0, 1 << 10, 16 },
		[ZMM_SETTING_SEGMENT] = { true, 1, 1 << 30, 256 * 1024 - 32 },
	},
	.make = make_robson,
};
