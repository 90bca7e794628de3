/* SPDX-License-Identifier: MIT */
/*
 * A million random operations on every storage in both modes: payloads are verified at each resize
 * and free, the heap is checked now and then, and everything goes back to storage at the end.
 *
 * The operations are drawn as a program, so that a failure can be had again from its seed. Sizes
 * are what makes heaps work: mostly small, some large, a few huge, powers of two and their
 * neighbours; the live set grows and shrinks; requests end, limits come and go, storage refuses.
 */
#include "t/tap.h"
#include "trace/replay.h"

enum {
	operations = 1000000,
	slots = 3000,
	operations_per_check = 20000
};

struct draw {
	uint64_t state;
	zmm_program program;
	bool live[slots];
	unsigned live_count;
	unsigned wanted;     /* the live set goes there */
};

static uint64_t draw_size(struct draw *draw)
{
	uint64_t *state = &draw->state;
	uint64_t near;

	switch (tap_below(state, 64)) {
	case 0:
		return tap_below(state, 40000);
	case 1:
		near = (uint64_t)1 << (5 + tap_below(state, 13));
		return near - 20 + tap_below(state, 24);
	case 2:
		return tap_below(state, 64) ? tap_below(state, 300000) : tap_below(state, 5000000);
	default:
		return tap_below(state, (uint64_t)8 << tap_below(state, 9));
	}
}

static void put(struct draw *draw, enum zmm_op_kind kind, uint64_t slot, uint64_t size)
{
	zmm_program *program = &draw->program;

	program->ops[program->op_count++] = (struct zmm_op){
		(uint32_t)(slot << ZMM_OP_SLOT_SHIFT) | kind, (uint32_t)size
	};
	program->by_kind[kind]++;
}

/* A slot that holds a block, or one that holds none. */
static unsigned find_slot(struct draw *draw, bool live)
{
	unsigned slot = (unsigned)tap_below(&draw->state, slots);

	while (draw->live[slot] != live) {
		slot = (slot + 1) % slots;
	}
	return slot;
}

static void draw_control(struct draw *draw)
{
	switch (tap_below(&draw->state, 5)) {
	case 0:
		put(draw, ZMM_OP_END_REQUEST, 0, 0);
		memset(draw->live, 0, sizeof draw->live);
		draw->live_count = 0;
		break;
	case 1:
		put(draw, ZMM_OP_LIMIT, 0, (tap_below(&draw->state, 16) + 3) << 20);
		break;
	case 2:
		put(draw, ZMM_OP_LIMIT, 0, UINT32_MAX);
		break;
	case 3:
		put(draw, ZMM_OP_GC, 0, 0);
		break;
	default:
		put(draw, ZMM_OP_REFUSE, 0, 1 + tap_below(&draw->state, 3));
		break;
	}
}

static void draw_operation(struct draw *draw)
{
	unsigned slot;

	if (tap_below(&draw->state, 5000) == 0) {
		draw_control(draw);
	} else if (tap_below(&draw->state, 5000) == 0) {
		draw->wanted = (unsigned)tap_below(&draw->state, slots);
	} else if (draw->live_count > 0 && tap_below(&draw->state, 8) == 0) {
		put(draw, ZMM_OP_RESIZE, find_slot(draw, true), draw_size(draw));
	} else if (draw->live_count < slots
			&& (draw->live_count == 0
				|| tap_below(&draw->state, 8) < (draw->live_count < draw->wanted ? 5 : 3))) {
		slot = find_slot(draw, false);
		put(draw, ZMM_OP_ALLOC, slot, draw_size(draw));
		draw->live[slot] = true;
		draw->live_count++;
	} else {
		slot = find_slot(draw, true);
		put(draw, ZMM_OP_FREE, slot, 0);
		draw->live[slot] = false;
		draw->live_count--;
	}
}

static void draw_program(struct draw *draw, uint64_t seed)
{
	draw->state = seed;
	draw->program.ops = malloc(operations * sizeof *draw->program.ops);
	draw->program.slot_count = slots;
	draw->program.thread_count = 1;
	draw->wanted = slots / 2;
	while (draw->program.op_count < (tap_short() ? operations / 5 : operations)) {
		draw_operation(draw);
	}
}

static void test(const zmm_program *program, enum zmm_allocator allocator, const char *storage)
{
	struct zmm_watched watched;
	struct zmm_replay_options options = {
		.allocator = allocator, .storage = storage, .watched = &watched
	};
	struct zmm_full_run run = { .verify = true, .check_every = operations_per_check };
	struct zmm_replay_results results;
	struct zmm_error error = { .text = "" };
	zmm_replay *replay = zmm_replay_new(program, &options, &error);
	const char *name = zmm_allocator_name(allocator);

	if (!ok(replay && zmm_replay_full(replay, &run, &error), "%s on %s", name, storage)) {
		diag("%s", error.text);
		return;
	}
	zmm_replay_get_results(replay, &results);
	note("%s on %s: %" PRIu64 " failures, at most %" PRIu64 " blocks of %" PRIu64 " bytes alive, "
		"%" PRIu64 " regions", name, storage, results.failures, results.peak_live_blocks,
		results.peak_live_bytes, results.peak_regions);
	ok(results.peak_live_blocks > 100, "it was put to work");
	is_size(watched.bytes, results.real_size, "the heap knows what it holds");
	is_size(watched.regions, results.regions, "and in how many regions");
	zmm_replay_free(replay);
	is_size(watched.regions, 0, "all of them go back");
	is_size(watched.bytes, 0, "to the last byte");
}

int main(void)
{
	static struct draw draw;

	draw_program(&draw, tap_seed());
	for (size_t i = 0; zend_mm_storage_name(i); i++) {
		test(&draw.program, ZMM_ALLOCATOR_LEGACY, zend_mm_storage_name(i));
		test(&draw.program, ZMM_ALLOCATOR_MODERN, zend_mm_storage_name(i));
	}
	test(&draw.program, ZMM_ALLOCATOR_LEGACY, ZMM_STORAGE_SPACED);
	test(&draw.program, ZMM_ALLOCATOR_MODERN, ZMM_STORAGE_SPACED);
	free(draw.program.ops);
	return done_testing();
}
