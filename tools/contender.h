/* SPDX-License-Identifier: MIT */
/*
 * tools/contender.h - what a comparison compares, and the two kinds of samples taken of it.
 *
 * Each sample is taken in a process of its own: this program started anew, with the contender's
 * library preloaded where it has one, on the same compiled trace. Time samples run the program as
 * fast as it goes; memory samples run it once more, with every page of every payload written, and
 * look at the process as they go. So looking costs no time, and untouched memory costs no memory.
 */
#ifndef ZMM_CONTENDER_H
#define ZMM_CONTENDER_H

#include "trace/replay.h"

/* Who takes part, and how it is started. */
struct zmm_contender {
	const char *name;
	struct zmm_replay_options replay;
	const char *preload; /* a library that brings a malloc, for ZMM_ALLOCATOR_SYSTEM; or NULL */
};

/* A short program is run several times in a sample, as requests of one process are; this is the
 * median of those runs. */
struct zmm_time_sample {
	double ns;       /* user and system time per operation */
	double wall_ns;  /* time that passed per operation */
	double first_ns; /* as ns, of the first run: with the heap's first use of its memory */
};

struct zmm_memory_sample {
	uint64_t peak_live;      /* bytes requested and alive */
	/* From the system. Our heaps know it to the byte; for others it is the process's private
	 * writable memory less base_held, looked at after every operation of a short program, and 20,000
	 * times during a long one. */
	uint64_t peak_held;
	uint64_t final_held;     /* when the trace has ended, before anything is torn down */
	uint64_t peak_resident;  /* growth of the process's resident memory; 0: not known */
	uint64_t base_held;      /* what the process has of it apart from its malloc */
	uint64_t failures;
	/* Our heaps only: */
	uint64_t peak_regions;
	uint64_t storage_calls;  /* successful allocations, resizes and frees */
};

/* Take a sample; program_fd is what zmm_program_share() returned. False with the error set, which
 * names the contender. What a preloaded malloc took before it was looked at first is only known by
 * the base_held of a process without it: of a memory sample of the system's malloc, or 0. */
bool zmm_sample_time(const struct zmm_contender *contender, int program_fd,
	struct zmm_time_sample *sample, struct zmm_error *error);
bool zmm_sample_memory(const struct zmm_contender *contender, int program_fd,
	uint64_t base_held, struct zmm_memory_sample *sample, struct zmm_error *error);

/* What main() has to do in the processes that take samples: if this is one, takes its sample and
 * returns its exit status; otherwise returns -1. */
int zmm_contender_main(int argc, char **argv);

#endif
