/* SPDX-License-Identifier: MIT */
/*
 * tools/contender.h - what a comparison compares, and the two kinds of samples taken of it.
 *
 * Each sample is taken in a process of its own. Time samples run the program as fast as it goes;
 * memory samples run it once more, with every page of every payload written, and look at the
 * process as they go. So looking costs no time, and untouched memory costs no memory.
 */
#ifndef ZMM_CONTENDER_H
#define ZMM_CONTENDER_H

#include "trace/replay.h"

/* Who takes part. `replay` says how it is started. */
struct zmm_contender {
	const char *name;
	struct zmm_replay_options replay;
};

struct zmm_time_sample {
	double ns;       /* user and system time per operation */
	double wall_ns;  /* time that passed per operation */
};

struct zmm_memory_sample {
	uint64_t peak_live;      /* bytes requested and alive */
	/* From the system. Our heaps know it to the byte, for others it is the growth of the process's
	 * private writable memory, looked at a thousand times or more. */
	uint64_t peak_held;
	uint64_t final_held;     /* when the trace has ended, before anything is torn down */
	uint64_t peak_resident;  /* growth of the process's resident memory; 0: not known */
	uint64_t failures;
	/* Our heaps only: */
	uint64_t peak_regions;
	uint64_t storage_calls;  /* successful allocations, resizes and frees */
};

/* Take a sample. False with the error set, which names the contender. */
bool zmm_sample_time(const struct zmm_contender *contender, const zmm_program *program,
	struct zmm_time_sample *sample, struct zmm_error *error);
bool zmm_sample_memory(const struct zmm_contender *contender, const zmm_program *program,
	struct zmm_memory_sample *sample, struct zmm_error *error);

#endif
