/* SPDX-License-Identifier: MIT */
/*
 * trace/replay_state.h - what the files of the replayer share: replay.c (making heaps, the timed
 * run), replay_step.c (one operation at a time) and replay_full.c (the full run).
 */
#ifndef ZMM_REPLAY_STATE_H
#define ZMM_REPLAY_STATE_H

#include "trace/replay.h"
#include "trace/replay_verbs.h"
#include "trace/spaced.h"

struct zmm_replay {
	const zmm_program *program;
	struct zmm_replay_options options;
	void **slots;                  /* the block of each slot; NULL where there is none */
	const struct zmm_verbs *verbs;
	bool on_heap;                  /* a heap of ours; otherwise malloc, or nothing */

	zend_mm_heap *heap;
	const char *storage;           /* the name of its storage */
	size_t segment_size;
	size_t first_limit;            /* the heap's memory limit before the trace */
	zend_mm_heap *outer_heap;      /* the current heap before */
	zmm_spaced *spaced;            /* NULL on another storage */
	struct zmm_watched *watched;   /* what stands in front of the storage; NULL if nothing does */
	struct zmm_watched own_watched;

	const struct zmm_op *volatile now; /* the operation under way */
	const struct zmm_op *request;  /* the first operation of this request */
	const uint32_t *left;          /* of the program: what this request will leave over */
	void *volatile answer;         /* of the request under way */
	char message[256];             /* of the last fatal error; see `reported` */
	bool reported;                 /* a fatal error came since this was last cleared */

	uint64_t failures;
	uint64_t peak_live_bytes;
	uint64_t peak_live_blocks;
};

/* The size that the allocator is asked for: an aligned request has room for shifting it, except
 * where the allocator aligns by itself. */
size_t zmm_replay_size(const zmm_replay *replay, const struct zmm_op *op);

/* Performs one ALLOC, ALIGNED or RESIZE with whatever jumps out of it caught. True if it was
 * served; otherwise `message` says what was reported (`reported`: whether anything was) and the
 * slot is as it was, empty after an allocation. */
bool zmm_replay_request(zmm_replay *replay, const struct zmm_op *op);

/* Performs one operation that is no request for memory and no FREE, bailouts caught; returns what a
 * collection collected, otherwise 0. REFUSE applies to the next operation and has to be taken back
 * after that by zmm_replay_lapse(). */
size_t zmm_replay_control(zmm_replay *replay, const struct zmm_op *op);
void zmm_replay_lapse(zmm_replay *replay);

/* Frees, on the system's malloc, what a request leaves over at its end. */
void zmm_replay_free_left(zmm_replay *replay);

/* The same wherever the request is under way, up to before an operation. Costs as much as the
 * request had operations. */
void zmm_replay_free_request(zmm_replay *replay, const struct zmm_op *end);

#endif
