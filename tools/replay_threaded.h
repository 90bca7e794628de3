/* SPDX-License-Identifier: MIT */
/*
 * tools/replay_threaded.h - zmm replay --threads: a replay on as many threads as were recorded,
 * over the malloc of this process.
 */
#ifndef ZMM_REPLAY_THREADED_H
#define ZMM_REPLAY_THREADED_H

#include "tools/emit.h"
#include "trace/replay.h"

struct zmm_threaded_settings {
	const char *path;
	const struct zmm_replay_options *heap; /* replay over this heap's malloc replacement; NULL:
	                                        * over the malloc that is there */
	bool check;  /* the heaps, at the end; with a heap only */
	bool verify;
	bool json;
};

/* Replays, prints, and returns the exit status. Where a heap is asked for, this program first
 * becomes itself with the malloc replacement preloaded. */
int zmm_replay_threaded(const struct zmm_threaded_settings *settings);

#endif
