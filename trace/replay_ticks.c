/* SPDX-License-Identifier: MIT */
/*
 * trace/replay_ticks.c - the run with a clock read around each operation.
 *
 * Between the two readings stands the bare call of the allocator, as in the timed run; book is kept
 * outside of them. The loop is a template over the verbs, for the same reason as there.
 */
#include "trace/replay_state.h"
#include "trace/ticks.h"

struct ticked {
	zmm_replay *replay;
	zmm_replay_ticks_note note;
	void *context;
};

/* Runs up to the first operation that is none of the three plain ones; returns where it stopped. */
static inline __attribute__((always_inline)) const struct zmm_op *run_ticked(
	const struct ticked *ticked, const struct zmm_op *op, const struct zmm_op *end,
	const struct zmm_verbs verbs)
{
	for (; op < end; op++) {
		void **slot = &ticked->replay->slots[op->head >> ZMM_OP_SLOT_SHIFT];
		void *block = *slot;
		uint64_t began;

		ticked->replay->now = op;
		switch (op->head & (ZMM_OP_WIDE | 15)) {
		case ZMM_OP_ALLOC:
			began = zmm_ticks();
			block = verbs.alloc(op->size);
			break;
		case ZMM_OP_FREE:
			began = zmm_ticks();
			verbs.free(block);
			block = NULL;
			break;
		case ZMM_OP_RESIZE:
			began = zmm_ticks();
			block = verbs.resize(block, op->size);
			break;
		default:
			return op;
		}
		began = zmm_ticks() - began;
		*slot = block;
		ticked->note(ticked->context, op, began);
	}
	return op;
}

__attribute__((noinline)) static const struct zmm_op *run_plain(const struct ticked *ticked,
	const struct zmm_op *op, const struct zmm_op *end)
{
	switch (ticked->replay->options.allocator) {
	case ZMM_ALLOCATOR_NONE:
		return run_ticked(ticked, op, end, zmm_none_verbs);
	case ZMM_ALLOCATOR_SYSTEM:
		return run_ticked(ticked, op, end, zmm_system_verbs);
	default:
		return run_ticked(ticked, op, end, zmm_heap_verbs);
	}
}

/* The rest, without a clock: aligned and very large requests, limits, ends of requests. */
static void run_other(const struct ticked *ticked, const struct zmm_op *op)
{
	zmm_replay *replay = ticked->replay;

	switch (zmm_op_kind(op)) {
	case ZMM_OP_ALLOC:
	case ZMM_OP_ALIGNED:
	case ZMM_OP_RESIZE:
		zmm_replay_request(replay, op);
		ticked->note(ticked->context, op, ZMM_NOT_TICKED);
		break;
	case ZMM_OP_FREE:
		replay->verbs->free(replay->slots[zmm_op_slot(op)]);
		replay->slots[zmm_op_slot(op)] = NULL;
		break;
	default:
		zmm_replay_control(replay, op);
		break;
	}
	if (zmm_op_kind(op) != ZMM_OP_REFUSE) {
		zmm_replay_lapse(replay);
	}
}

void zmm_replay_ticked(zmm_replay *replay, zmm_replay_ticks_note note, void *context)
{
	const struct ticked ticked = { replay, note, context };
	const struct zmm_op *volatile op = replay->program->ops;
	const struct zmm_op *end = op + replay->program->op_count;

	while (op < end) {
		zend_try {
			op = run_plain(&ticked, op, end);
		} zend_catch {
			replay->failures++;
			op = replay->now + 1;
			if (zmm_op_kind(replay->now) == ZMM_OP_ALLOC) {
				replay->slots[zmm_op_slot(replay->now)] = NULL;
			}
			continue;
		} zend_end_try();
		while (op < end && zmm_op_kind(op) == ZMM_OP_REFUSE) {
			run_other(&ticked, op);
			op++;
		}
		if (op < end) {
			run_other(&ticked, op);
			op++;
		}
	}
}
