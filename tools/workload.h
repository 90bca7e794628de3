/* SPDX-License-Identifier: MIT */
/*
 * Workloads: traces made by a rule and a seed instead of recorded. Each is one function that asks
 * a generator for blocks; the generator numbers the blocks, counts, and writes the events.
 *
 *   cmd_generate.c --> zmm_workload_write() --> its make() --> zmm_generate_…() --> zmm_writer
 *
 * The same workload, seed and settings give the same trace on every machine: the random numbers are
 * our own, and no floating point takes part.
 *
 * Failure (disk full, no memory) is sticky: the calls that follow do nothing, and
 * zmm_generate_over() says true, so a workload needs no check after each call.
 */
#ifndef ZMM_WORKLOAD_H
#define ZMM_WORKLOAD_H

#include "trace/trace.h"

/* --- random numbers: splitmix64 (Steele, Lea and Flood 2014), 64 bits of state --------------- */

struct zmm_random {
	uint64_t state; /* the seed at first */
};

uint64_t zmm_random_next(struct zmm_random *random);

/* From 0 to limit - 1; limit is 1 .. 2^32. */
uint64_t zmm_random_below(struct zmm_random *random, uint64_t limit);

/* From least to most, both included. */
uint64_t zmm_random_between(struct zmm_random *random, uint64_t least, uint64_t most);

/* From least (at least 1) to most, small ones more often: every doubling is as likely as the next,
 * and within it all sizes are. What requests of real programs look like more than uniform ones. */
uint64_t zmm_random_skewed(struct zmm_random *random, uint64_t least, uint64_t most);

/* --- what can be set ------------------------------------------------------------------------- */

enum zmm_setting {
	ZMM_SETTING_OPS,      /* operations to write, about */
	ZMM_SETTING_LIVE,     /* bytes requested and alive at once, about */
	ZMM_SETTING_MIN,      /* bytes of the smallest and the largest request */
	ZMM_SETTING_MAX,
	ZMM_SETTING_KEEP,     /* of a hundred bytes, so many outlive the drain */
	ZMM_SETTING_PER,      /* operations of one request, about */
	ZMM_SETTING_STEP,     /* bytes by which a string grows */
	ZMM_SETTING_RESIZE,   /* 1: grow by resizing, 0: by allocating anew */
	ZMM_SETTING_SPACING,  /* bytes from one survivor to the next */
	ZMM_SETTING_SIZE,     /* bytes of each request */
	ZMM_SETTING_UNIT,     /* the adversary's smallest block, its header included */
	ZMM_SETTING_HEADER,   /* what a block costs beside the bytes requested */
	ZMM_SETTING_SEGMENT,  /* what the adversary's opponent gets from the system at a time */
	ZMM_SETTINGS
};

/* The name of a setting as an option ("live"), and what it is, in a few words. */
const char *zmm_setting_name(enum zmm_setting setting);
const char *zmm_setting_meaning(enum zmm_setting setting);

struct zmm_setting_range {
	bool used;              /* otherwise this workload does not know the setting */
	uint64_t least, most;
	uint64_t standard;      /* the value where none is given */
};

/* --- generator ------------------------------------------------------------------------------- */

struct zmm_made_block {
	uint64_t id;
	uint64_t size;
};

/* Blocks alive, in the order they were put in until one is taken at random. All zero is empty. */
struct zmm_pool {
	struct zmm_made_block *blocks;
	size_t count;
	size_t capacity;
	uint64_t bytes;
};

struct zmm_generator {
	struct zmm_random random;
	uint64_t setting[ZMM_SETTINGS];
	zmm_writer *writer;
	struct zmm_error *error;
	bool failed;
	uint64_t operations;
	uint64_t last_id;
	uint64_t live_bytes, live_blocks;
	uint64_t peak_bytes, peak_blocks;
};

/* Whether the operations asked for are written, or nothing more can be. */
bool zmm_generate_over(const struct zmm_generator *generator);

struct zmm_made_block zmm_generate_alloc(struct zmm_generator *generator, uint64_t size);
void zmm_generate_free(struct zmm_generator *generator, struct zmm_made_block block);
void zmm_generate_resize(struct zmm_generator *generator, struct zmm_made_block *block,
	uint64_t size);
/* Ends the request: every block is gone. */
void zmm_generate_end_request(struct zmm_generator *generator);
/* An operation without operands: ZMM_EVENT_GC, ZMM_EVENT_USAGE. */
void zmm_generate_plain(struct zmm_generator *generator, enum zmm_event_kind kind);

void zmm_pool_put(struct zmm_generator *generator, struct zmm_pool *pool,
	struct zmm_made_block block);
/* Takes the block at an index below count; the last one takes its place. */
struct zmm_made_block zmm_pool_take(struct zmm_pool *pool, size_t index);
/* Allocates into a pool; frees a random block of a pool that is not empty. */
void zmm_pool_grow(struct zmm_generator *generator, struct zmm_pool *pool, uint64_t size);
void zmm_pool_shrink(struct zmm_generator *generator, struct zmm_pool *pool);
/* Releases the pool itself; what it holds stays allocated in the trace. */
void zmm_pool_drop(struct zmm_pool *pool);

/* --- workloads ------------------------------------------------------------------------------- */

struct zmm_workload {
	const char *name;
	const char *summary; /* a few words */
	const char *shows;   /* what a replay of it shows; lines of at most 72 columns */
	struct zmm_setting_range settings[ZMM_SETTINGS];
	void (*make)(struct zmm_generator *generator);
};

extern const struct zmm_workload zmm_workload_uniform, zmm_workload_bimodal, zmm_workload_phases,
	zmm_workload_requests, zmm_workload_server, zmm_workload_strings, zmm_workload_robson,
	zmm_workload_pins;

/* The index-th workload, NULL past the last; the one of that name, NULL where there is none. */
const struct zmm_workload *zmm_workload_at(size_t index);
const struct zmm_workload *zmm_workload_find(const char *name);

struct zmm_workload_summary {
	uint64_t operations;
	uint64_t peak_bytes, peak_blocks; /* requested and alive at once */
};

/* Writes a workload's trace, with remarks at its head that say how it was made. setting[] holds a
 * value in its range for each setting that the workload uses. The writer stays the caller's. */
bool zmm_workload_write(const struct zmm_workload *workload, uint64_t seed,
	const uint64_t setting[ZMM_SETTINGS], zmm_writer *writer, struct zmm_workload_summary *summary,
	struct zmm_error *error);

#endif
