/* SPDX-License-Identifier: MIT */
/*
 * The profile of a heap at a moment of a replay. There are three kinds; innermost frame first:
 *
 *   by call site   the stack that asked for the block, where the trace has call sites. A block that
 *                  was resized belongs to who resized it last
 *   by size        the block's size in the heap's classes, its segment or chunk, the heap
 *   held           every byte that the heap holds: its size class, the cause in the ledger, the
 *                  segment or chunk, the heap
 *
 * In the first two, bytes are those that were asked for, and sum to the ledger's "requested"; the
 * figures in brackets are all requests since the beginning that were served, a resize being one. In
 * the last, bytes sum to what is held.
 */
#ifndef ZMM_PROFILE_HEAP_H
#define ZMM_PROFILE_HEAP_H

#include "tools/ledger.h"
#include "tools/profile.h"
#include "trace/replay.h"

struct zmm_profile_task {
	const zmm_program *program;  /* loaded with ZMM_PROGRAM_SITES */
	const char *path;            /* of the trace, for its stacks */
	const struct zmm_replay_options *replay; /* legacy or modern */
	uint64_t at;                 /* the moment is after this operation; 0: before the first */
	bool held;                   /* the last kind; otherwise one of the first two */
};

struct zmm_profile_result {
	zmm_profile *profile;        /* the caller's to free */
	struct zmm_ledger ledger;    /* of that moment */
	bool by_site;
};

/* Replays the program up to the moment and makes the profile. False on failure, also where the
 * ledger of that moment does not sum. */
bool zmm_profile_heap(const struct zmm_profile_task *task, struct zmm_profile_result *result,
	struct zmm_error *error);

#endif
