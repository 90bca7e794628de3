/* SPDX-License-Identifier: MIT */
/*
 * trace/replay_threads.h - running a program on as many threads as were recorded.
 *
 * A heap of ours belongs to one thread, so this replay does not make one: requests go to malloc,
 * free and realloc of the process, whoever provides them. With the malloc replacement preloaded
 * they are served by a heap for each thread, and blocks that another thread frees go home as they
 * would in the recorded program.
 *
 * Each thread runs its own operations in their order. Between threads there is no other order than
 * this, which is what the recorded program itself could rely on:
 *
 *   - what happens to one block happens in the recorded order: a free or a resize waits until what
 *     came before it has been done by whichever thread had to;
 *   - a thread begins after those have ended that had ended when it began, so that there are never
 *     more threads at once than were recorded.
 *
 * It cannot come to a standstill: operations wait only for such as come earlier in the trace, so
 * the earliest of those that are not done yet can always be done.
 */
#ifndef ZMM_REPLAY_THREADS_H
#define ZMM_REPLAY_THREADS_H

#include "trace/program.h"
#include "trace/replay.h"

struct zmm_threads_results {
	uint64_t operations;
	uint64_t failures;       /* requests that malloc refused */
	uint32_t threads;        /* in all */
	uint32_t threads_at_once; /* the most */
	uint64_t shared_blocks;  /* blocks that more than one thread had to do with */
	uint64_t waits;          /* operations that had to wait for another thread */
	struct zmm_replay_time time;
};

/* Runs the program once; with `verify`, blocks are filled, and verified when they are resized or
 * freed. False with the error set: kind INPUT for a program with operations that concern one heap
 * (limits, requests, collections, refusals), SYSTEM where there is no memory or no thread, or
 * where a payload was not what it had been. What is left allocated at the end is freed. */
bool zmm_replay_threads(const zmm_program *program, bool verify,
	struct zmm_threads_results *results, struct zmm_error *error);

#endif
