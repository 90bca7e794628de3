/* SPDX-License-Identifier: MIT */
/*
 * tools/comparison.h - measuring contenders on one trace, and what comes of it.
 *
 *    zmm_compare() --> memory of each contender (memory_run.h)
 *                      paired blocks of time samples, while the former sleep off their drain
 *                      latencies; instructions, where asked for
 *                  --> medians, ratios, intervals (statistics.h)
 *
 * A contender's failure is told on standard error, kept in its result, and does not end the others'
 * measuring. comparison_emit.h shows a comparison.
 */
#ifndef ZMM_COMPARISON_H
#define ZMM_COMPARISON_H

#include "tools/heap_map.h"
#include "tools/memory_run.h"
#include "tools/statistics.h"

enum { ZMM_CONTENDERS_MAX = 16 };

struct zmm_comparison_settings {
	const struct zmm_contender *contenders;
	int count;
	int baseline;             /* an index; its results are what ratios are to */
	uint64_t blocks;          /* 1 .. ZMM_SAMPLES_MAX: so many, or at most so many with a budget */
	double budget_seconds;    /* for the blocks of one trace; 0: none. At least 3 are done */
	uint64_t seed;
	size_t drains;            /* how many of zmm_drain_seconds[] */
	bool instructions;
	bool time_only;           /* neither memory nor latencies nor maps */
};

struct zmm_result {
	bool took_part;           /* not missing */
	char failed[1100];        /* why, or "" */

	size_t samples;           /* blocks done; the arrays have one element for each */
	double ns[ZMM_SAMPLES_MAX], wall_ns[ZMM_SAMPLES_MAX], first_ns[ZMM_SAMPLES_MAX];
	unsigned position[ZMM_SAMPLES_MAX];
	uint64_t refusing;        /* samples of a malloc that refused requests */

	struct zmm_memory_run memory; /* record: NULL where there is none */
	struct zmm_latency *latency;  /* likewise */
	uint64_t instructions;    /* of a run of the trace, the loop's included; 0: not counted */
	struct zmm_heap_map map;  /* of our heaps; rows is 0 where there is none */

	/* Computed of the above. */
	struct zmm_summary time, wall, first;
	double net_ns;            /* median less the loop's; not below 0 */
	struct zmm_interval ratio, wall_ratio; /* to the baseline; of times less the loop's */
	double ratio_with_loop;   /* likewise, of times as measured; NaN where there is none */
};

struct zmm_comparison {
	const struct zmm_comparison_settings *settings;
	const char *path;
	const zmm_program *program;
	struct zmm_result results[ZMM_CONTENDERS_MAX + 1]; /* the last: the loop alone */
	uint64_t blocks;          /* done */
	int status;               /* exit status: the worst that happened */
};

/* The loop's result. */
static inline const struct zmm_result *zmm_loop_result(const struct zmm_comparison *comparison)
{
	return &comparison->results[ZMM_CONTENDERS_MAX];
}

/* Measures the contenders on a program; false, with a message printed, where not even that could
 * begin. The comparison is filled in, and dropped by zmm_comparison_drop(). */
bool zmm_compare(struct zmm_comparison *comparison, const struct zmm_comparison_settings *settings,
	const char *path, const zmm_program *program);

void zmm_comparison_drop(struct zmm_comparison *comparison);

/* Computes what is computed of the samples: zmm_compare() has done so. For tests. */
void zmm_comparison_evaluate(struct zmm_comparison *comparison);

#endif
