/* SPDX-License-Identifier: MIT */
/*
 * trace/replay_step.c - one operation of a replay at a time, whatever it is and however it ends.
 *
 * Called for every operation by the full run, and by the timed run for the rare ones. A failure of
 * our heaps jumps to the bailout point, which here lies around each request.
 */
#include "trace/replay_state.h"

/* What our heaps align to by themselves. */
enum { natural_alignment = 8 };

size_t zmm_replay_size(const zmm_replay *replay, const struct zmm_op *op)
{
	uint64_t size = zmm_op_size(replay->program, op);
	uint64_t alignment = zmm_op_alignment(replay->program, op);

	if (alignment > natural_alignment && replay->on_heap) {
		uint64_t room = alignment - natural_alignment;

		size = size > UINT64_MAX - room ? UINT64_MAX : size + room;
	}
	return size > SIZE_MAX ? SIZE_MAX : (size_t)size;
}

#ifdef _WIN32
static void *aligned_system_alloc(size_t size, size_t alignment)
{
	(void)alignment; /* what _aligned_malloc() returns could not be freed like the others */
	return malloc(size);
}
#else
static void *aligned_system_alloc(size_t size, size_t alignment)
{
	void *block;

	if (alignment < sizeof(void *)) {
		alignment = sizeof(void *);
	}
	return posix_memalign(&block, alignment, size) == 0 ? block : NULL;
}
#endif

/* The call itself. */
static void *ask(const zmm_replay *replay, const struct zmm_op *op, void *old)
{
	size_t size = zmm_replay_size(replay, op);

	switch (zmm_op_kind(op)) {
	case ZMM_OP_RESIZE:
		/* A refusal is to be seen here; the loop that is timed has the old block instead. */
		return replay->options.allocator == ZMM_ALLOCATOR_SYSTEM
			? realloc(old, size ? size : 1) : replay->verbs->resize(old, size);
	case ZMM_OP_ALIGNED:
		if (!replay->on_heap) {
			return aligned_system_alloc(size,
				(size_t)zmm_op_alignment(replay->program, op));
		}
		return replay->verbs->alloc(size);
	default:
		return replay->verbs->alloc(size);
	}
}

bool zmm_replay_request(zmm_replay *replay, const struct zmm_op *op)
{
	void **slot = &replay->slots[zmm_op_slot(op)];
	bool resize = zmm_op_kind(op) == ZMM_OP_RESIZE;

	replay->now = op;
	replay->answer = NULL;
	replay->reported = false;
	zend_try {
		replay->answer = ask(replay, op, resize ? *slot : NULL);
	} zend_end_try();
	if (replay->answer) {
		*slot = replay->answer;
		return true;
	}
	if (!resize) {
		*slot = NULL;
	}
	replay->failures++;
	return false;
}

void zmm_replay_free_request(zmm_replay *replay, const struct zmm_op *end)
{
	for (const struct zmm_op *op = replay->request; op < end; op++) {
		void **slot = &replay->slots[zmm_op_slot(op)];
		enum zmm_op_kind kind = zmm_op_kind(op);

		if ((kind == ZMM_OP_ALLOC || kind == ZMM_OP_ALIGNED || kind == ZMM_OP_RESIZE) && *slot) {
			replay->verbs->free(*slot);
			*slot = NULL;
		}
	}
}

void zmm_replay_free_left(zmm_replay *replay)
{
	uint32_t count = *replay->left++;

	for (; count > 0; count--) {
		void **slot = &replay->slots[*replay->left++];

		if (*slot) {
			replay->verbs->free(*slot);
			*slot = NULL;
		}
	}
}

/* A limit can be refused, and so can the reserve that a new request begins with. */
static size_t control_heap(zmm_replay *replay, const struct zmm_op *op)
{
	volatile size_t collected = 0;
	size_t size = zmm_replay_size(replay, op);

	zend_try {
		switch (zmm_op_kind(op)) {
		case ZMM_OP_LIMIT:
			zend_set_memory_limit(size);
			break;
		case ZMM_OP_END_REQUEST:
			shutdown_memory_manager(1, 0);
			break;
		case ZMM_OP_GC:
			collected = zend_mm_gc(replay->heap);
			break;
		case ZMM_OP_REFUSE:
			replay->watched->refuse_next = size;
			break;
		default: /* figures are for the full run; threads take turns as recorded */
			break;
		}
	} zend_end_try();
	return collected;
}

size_t zmm_replay_control(zmm_replay *replay, const struct zmm_op *op)
{
	size_t collected = 0;

	replay->now = op;
	if (replay->on_heap) {
		collected = control_heap(replay, op);
	} else if (zmm_op_kind(op) == ZMM_OP_END_REQUEST) {
		zmm_replay_free_left(replay);
	}
	if (zmm_op_kind(op) == ZMM_OP_END_REQUEST) {
		replay->request = op + 1;
	}
	return collected;
}

void zmm_replay_lapse(zmm_replay *replay)
{
	if (replay->watched) {
		replay->watched->refuse_next = 0;
	}
}
