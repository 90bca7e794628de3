/* SPDX-License-Identifier: MIT */
/*
 * tools/contender.h - what a comparison compares, and the samples taken of it.
 *
 * Each sample is taken in a process of its own: this program started anew, with the contender's
 * library preloaded where it has one, on the same compiled trace. Time samples run the program as
 * fast as it goes; latencies, instructions and memory (memory_run.h) are looked at in further
 * processes, so that looking costs no time.
 */
#ifndef ZMM_CONTENDER_H
#define ZMM_CONTENDER_H

#include "tools/child.h"
#include "tools/latency.h"
#include "trace/replay.h"

/* Who takes part, and how it is started. */
struct zmm_contender {
	const char *name;
	struct zmm_replay_options replay;
	const char *preload; /* a library that brings a malloc, for ZMM_ALLOCATOR_SYSTEM; or NULL */
	const char *package; /* the Debian package of that library, where it is one that we know */
	bool missing;        /* the library is not there */
	double limit_seconds; /* of a sample: a contender that hangs is given up; 0: no limit */
};

static inline bool zmm_contender_is_heap(const struct zmm_contender *contender)
{
	return contender->replay.allocator == ZMM_ALLOCATOR_LEGACY
		|| contender->replay.allocator == ZMM_ALLOCATOR_MODERN;
}

/* The contenders that are known by name: legacy, modern, system, tcmalloc, jemalloc, mimalloc, and
 * none, the loop alone. False where there is none of that name. Where its library is not in any of
 * the usual places, it is missing, and preload is the library's file name. */
bool zmm_contender_find(const char *name, struct zmm_contender *contender);

/* A library's path as it can be preloaded from any directory; the process keeps up to 16. NULL with
 * the error set, which names it, where there is none. */
const char *zmm_contender_library(const char *library, struct zmm_error *error);

/* A short program is run several times in a sample, as requests of one process are; this is the
 * median of those runs. */
struct zmm_time_sample {
	double ns;       /* user and system time per operation */
	double wall_ns;  /* time that passed per operation */
	double first_ns; /* as ns, of the first run: with the heap's first use of its memory */
	bool refused;    /* a malloc left ENOMEM in errno: it refused requests, which saves time */
};

/* Take a sample; program_fd is what zmm_program_share() returned. False with the error set, which
 * names the contender. */
bool zmm_sample_time(const struct zmm_contender *contender, int program_fd,
	struct zmm_time_sample *sample, struct zmm_error *error);
bool zmm_sample_latency(const struct zmm_contender *contender, int program_fd,
	struct zmm_latency *latency, struct zmm_error *error);

/* How many instructions one run of the program executes, the replay loop included and the process's
 * start not: what valgrind counts for a process with two runs less what it counts for one with one.
 */
bool zmm_sample_instructions(const struct zmm_contender *contender, int program_fd,
	uint64_t *instructions, struct zmm_error *error);

/* Bytes of private writable memory that a process of ours has apart from its malloc, as it is
 * before a program's first operation. */
bool zmm_sample_base(int program_fd, uint64_t *base_held, struct zmm_error *error);

/* Runs the program for at least two seconds under gperftools' CPU profiler, which writes `path`. */
bool zmm_profile_cpu(const struct zmm_contender *contender, int program_fd, const char *path,
	struct zmm_error *error);

/* --- for those who start children of their own ----------------------------------------------- */

struct zmm_contender_call {
	const char *kind;     /* of work, see contender.c */
	int program_fd;
	int gate_fd;          /* -1: none, and so below */
	int record_fd;
	uint64_t number;
};

/* Opens and starts a child. The result is fetched with zmm_child_finish(). */
bool zmm_contender_start(const struct zmm_contender *contender,
	const struct zmm_contender_call *call, const struct zmm_child_setup *setup,
	struct zmm_child *child, struct zmm_error *error);

/* Puts the contender's name before an error; returns false. */
bool zmm_contender_blame(const struct zmm_contender *contender, const struct zmm_error *cause,
	struct zmm_error *error);

/* What main() has to do in the processes that take samples: if this is one, takes its sample and
 * returns its exit status; otherwise returns -1. */
int zmm_contender_main(int argc, char **argv);

#endif
