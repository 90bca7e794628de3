/* SPDX-License-Identifier: MIT */
/*
 * tools/latency.h - how long single operations take: a run that reads a clock before and after each
 * of them, and histograms of what it read.
 *
 * The clock is the processor's time stamp counter where it has one, otherwise the system's. Reading
 * it takes as long as many an operation does; that share is measured with nothing in between and
 * subtracted. Such a run disturbs what it measures, so its figures never mix with those of a
 * comparison's time samples.
 */
#ifndef ZMM_LATENCY_H
#define ZMM_LATENCY_H

#include "trace/replay.h"

enum zmm_latency_kind {
	ZMM_LATENCY_ALLOCATE,
	ZMM_LATENCY_FREE,
	ZMM_LATENCY_RESIZE,
	ZMM_LATENCY_KINDS
};

/* "allocate", "free", "resize" */
const char *zmm_latency_kind_name(enum zmm_latency_kind kind);

/* Classes of durations: 16 to each doubling, so that a class is at most 6.25 % wide; those below 32
 * ticks are exact. */
enum { ZMM_LATENCY_CLASSES = 16 * 61 };

unsigned zmm_latency_class(uint64_t ticks);
uint64_t zmm_latency_class_from(unsigned class); /* the least duration in it */

/* Classes of requested sizes: those up to 1024 by 32 bytes, and then each doubling. A freed block
 * counts by the size that it was last requested with. */
enum { ZMM_LATENCY_SIZES = 32 + 40 };

unsigned zmm_latency_size(uint64_t size);
void zmm_latency_size_range(unsigned class, uint64_t *from, uint64_t *to);

/* An operation on less than 256 KiB that takes this long was interrupted (a time slice is longer, a
 * page fault far shorter). Percentiles count it; sums of costs would be made of nothing else. */
#define ZMM_INTERRUPTED_NS 300000

struct zmm_latency_cost {
	uint64_t count;
	uint64_t ticks;       /* of all of them together, the clock's own included */
};

struct zmm_latency {
	double ns_per_tick;
	uint64_t overhead;    /* ticks of the clock's own (median), subtracted from each duration */
	double overhead_mean; /* subtracted from means: finer than the clock's steps */
	uint64_t resolution;  /* the least that two readings of the clock differ by, if they do */
	uint64_t interrupted; /* operations left out of costs */
	uint64_t runs;        /* of the program, that all counts are of */
	uint64_t count[ZMM_LATENCY_KINDS];
	uint64_t most[ZMM_LATENCY_KINDS];   /* ticks of the slowest */
	uint64_t histogram[ZMM_LATENCY_KINDS][ZMM_LATENCY_CLASSES];
	struct zmm_latency_cost costs[ZMM_LATENCY_KINDS][ZMM_LATENCY_SIZES];
};

/* Adds an operation that took so many ticks, the clock's share included. */
void zmm_latency_add(struct zmm_latency *latency, enum zmm_latency_kind kind, uint64_t size,
	uint64_t ticks);

/* The duration, in ns, that a share of a kind's operations does not exceed (to within a class);
 * NaN where there were none. A share of 1 is the slowest, exactly. */
double zmm_latency_quantile(const struct zmm_latency *latency, enum zmm_latency_kind kind,
	double share);

/* Means, in ns, of the operations of a cost, and of a kind's, but for those that were interrupted;
 * NaN where there were none. They are finer than the clock's steps, which even out over many. */
double zmm_latency_cost_mean(const struct zmm_latency *latency,
	const struct zmm_latency_cost *cost);
double zmm_latency_mean(const struct zmm_latency *latency, enum zmm_latency_kind kind);

/* Runs the program once on the replay (and rewinds it), clock in hand; latency adds up over calls
 * and is all zero at first. False with the error set where there was no memory. */
bool zmm_latency_run(struct zmm_latency *latency, const zmm_program *program, zmm_replay *replay,
	struct zmm_error *error);

#endif
