/* SPDX-License-Identifier: MIT */
/*
 * trace/replay.h - running a program (a compiled trace) on an allocator.
 *
 * There are two ways to run one. The timed run does as little as possible for each operation,
 * since it is to measure the allocator and not itself; running it on ZMM_ALLOCATOR_NONE, which
 * calls nobody, measures what is left of itself. The full run can print placements, check the
 * heap, write and verify payloads, and show every moment to an observer.
 *
 *    zmm_program_load() --> zmm_replay_new() --> zmm_replay_timed() --> zmm_replay_free()
 *                                            or  zmm_replay_full()
 *
 * A replay makes its heap at first and is run once, or, after zmm_replay_rewind(), again. Requests
 * go to emalloc, efree and erealloc on the current heap, as those of a PHP extension would (or to
 * malloc, free and realloc); a failure is caught at the bailout point and the trace goes on. While
 * a replay exists, the current heap and the process's host are its own.
 */
#ifndef ZMM_REPLAY_H
#define ZMM_REPLAY_H

#include <stdio.h>

#include "trace/program.h"
#include "trace/watched.h"
#include "zend_alloc.h"

enum zmm_allocator {
	ZMM_ALLOCATOR_LEGACY,
	ZMM_ALLOCATOR_MODERN,
	ZMM_ALLOCATOR_SYSTEM, /* malloc of the process, whoever provides it */
	ZMM_ALLOCATOR_NONE    /* no memory behind it: for the timed run only */
};

/* "legacy", "modern", "system", "none" */
const char *zmm_allocator_name(enum zmm_allocator allocator);

/* The name of the storage of recorded placements (trace/spaced.h). */
#define ZMM_STORAGE_SPACED "spaced"

struct zmm_replay_options {
	enum zmm_allocator allocator;
	const char *storage; /* under our heaps: a type's name or ZMM_STORAGE_SPACED; NULL: default */
	size_t segment_size; /* legacy: bytes; 0: as the environment says */
	/* Counts storage calls and what is held exactly, at a small cost per call; the counts can still
	 * be read after zmm_replay_free(). NULL: not watched. */
	struct zmm_watched *watched;
	uint64_t refuse_at;  /* the heap's request for memory with this number is refused; 0: none */
	/* Who makes the heap, for heaps of other kinds; NULL: zend_mm_startup_with(). */
	zend_mm_heap *(*make_heap)(const zend_mm_options *heap_options, void *context);
	void *make_context;
};

/* Whether a heap can be made so. False with the error set, kind INPUT. */
bool zmm_replay_judge(const struct zmm_replay_options *options, struct zmm_error *error);

typedef struct zmm_replay zmm_replay;

/* Makes the heap. The program has to outlive the replay. NULL on failure: kind INPUT for options
 * that make no sense, SYSTEM where there is no memory. */
zmm_replay *zmm_replay_new(const zmm_program *program, const struct zmm_replay_options *options,
	struct zmm_error *error);

/* Destroys the heap; the current heap and the host are what they were. NULL is fine. */
void zmm_replay_free(zmm_replay *replay);

/* --- running --------------------------------------------------------------------------------- */

struct zmm_replay_time {
	uint64_t wall_ns;
	uint64_t cpu_ns; /* user and system, of this process */
};

/* Starts to measure a time, and measures it. */
void zmm_replay_clock(struct zmm_replay_time *time);
void zmm_replay_clock_since(struct zmm_replay_time *time);

/* Runs the program once and says how long that took. */
void zmm_replay_timed(zmm_replay *replay, struct zmm_replay_time *time);

/* Called after an operation that asked for memory or gave some back, with what it took in ticks
 * (trace/ticks.h), reading them included; ZMM_NOT_TICKED for the rare ones that are not measured:
 * aligned requests and those of 4 GiB or more. */
#define ZMM_NOT_TICKED UINT64_MAX
typedef void (*zmm_replay_ticks_note)(void *context, const struct zmm_op *op, uint64_t ticks);

/* Runs the program once, and reads that clock before and after each such operation. */
void zmm_replay_ticked(zmm_replay *replay, zmm_replay_ticks_note note, void *context);

/* Ends the request and takes back what the trace set (the limit, refusals, counts), so that the
 * program can be run again by a heap that keeps what heaps keep between requests. */
void zmm_replay_rewind(zmm_replay *replay);

/* What an observer sees, after an operation. */
struct zmm_replay_moment {
	uint64_t operation;   /* its number, from 1; 0 before the first */
	uint64_t live_bytes;  /* requested by blocks that are alive */
	uint64_t live_blocks;
	zend_mm_heap *heap;   /* NULL on the system's malloc */
	const void *course;   /* for zmm_replay_moment_block() */
};

/* A block that is alive at a moment. */
struct zmm_replay_block {
	const void *data;
	size_t requested;     /* bytes */
	uint64_t operation;   /* the one that allocated it */
};

/* What lives in a slot, for observers; false where nothing does. */
bool zmm_replay_moment_block(const struct zmm_replay_moment *moment, uint32_t slot,
	struct zmm_replay_block *block);

/* Returns false to end the run. */
typedef bool (*zmm_replay_observer)(void *context, const struct zmm_replay_moment *moment);

/* What the full run does beside running. All zero: nothing. */
struct zmm_full_run {
	FILE *placements;        /* the placement lines go there, the last one included */
	uint64_t check_every;    /* so many operations between deep checks of the heap; 0: none */
	bool verify;             /* payloads are written, and verified at each resize and free */
	bool touch;              /* a byte of every 4 KiB of a payload is written */
	uint64_t observe_every;  /* so many operations between calls of the observer */
	zmm_replay_observer observer; /* also called before the first operation and after the last */
	void *context;
};

/* Runs the program once. False, with the error set, where a check found something (kind SYSTEM: the
 * input was in order), where placements could not be kept apart, or where the observer ended it. */
bool zmm_replay_full(zmm_replay *replay, const struct zmm_full_run *run, struct zmm_error *error);

/* --- results, after a run -------------------------------------------------------------------- */

struct zmm_replay_results {
	uint64_t operations;
	uint64_t failures;        /* refused requests; timed runs on malloc do not count them */
	/* Our heaps only: what they were made on, and the figures as the interface reports them at the
	 * end. */
	const char *storage;
	size_t segment_size;      /* legacy */
	size_t real_size;
	size_t usage;
	size_t peak;
	size_t real_peak;
	/* Storage: regions held, and successful calls. Peaks over all requests need `watched`. */
	uint64_t regions;
	uint64_t storage_allocs;
	uint64_t storage_resizes; /* of segments, or extensions of chunks */
	uint64_t storage_frees;
	uint64_t storage_refused;
	uint64_t peak_regions;
	uint64_t peak_held;       /* bytes */
	/* Full runs only: */
	uint64_t peak_live_bytes;
	uint64_t peak_live_blocks;
};

void zmm_replay_get_results(const zmm_replay *replay, struct zmm_replay_results *results);

#endif
