/* SPDX-License-Identifier: MIT */
/*
 * tools/differ.h - why two contenders differ on a trace: where the curves of what they hold part,
 * what the one holds that the other does not, and which operations of which sizes cost the
 * difference in time.
 */
#ifndef ZMM_DIFFER_H
#define ZMM_DIFFER_H

#include "tools/latency.h"
#include "tools/memory_run.h"

/* What two curves have to differ by to have parted, of the greater one's peak. A tenth: less than
 * that is a segment here or there. */
#define ZMM_PARTED_SHARE 0.1

enum {
	ZMM_COSTS_KEPT = 8,
	ZMM_SENTENCES = 8,
	ZMM_FAMILIES = ZMM_FAMILY_LOST + 1
};

struct zmm_difference {
	bool found;
	uint64_t operation;
	uint64_t a, b;            /* bytes held after it */
};

struct zmm_family_difference {
	enum zmm_cause_family family;
	uint64_t a, b;            /* bytes */
};

/* What operations of a kind and size took all together, in a run of the trace. */
struct zmm_cost_difference {
	enum zmm_latency_kind kind;
	uint64_t from, to;        /* sizes requested */
	uint64_t count;           /* in one run */
	double a_ns, b_ns;        /* mean of one operation */
	double difference_ns;     /* of all of them: b - a */
	double share;             /* of the sum of all absolute differences */
};

struct zmm_explanation {
	const char *a, *b;        /* names */
	struct zmm_difference held_part; /* from there on they differ by ZMM_PARTED_SHARE, at times */
	struct zmm_difference held_peak; /* they differ most */
	size_t family_count;      /* 0 unless both are heaps; the greatest difference first */
	struct zmm_family_difference families[ZMM_FAMILIES];
	size_t cost_count;        /* the greatest difference first */
	struct zmm_cost_difference costs[ZMM_COSTS_KEPT];
	size_t sentence_count;
	char sentences[ZMM_SENTENCES][300];
};

struct zmm_differing {
	const char *name;
	const struct zmm_memory_record *memory; /* NULL: not measured, and so below */
	const struct zmm_latency *latency;
};

void zmm_explain(struct zmm_explanation *explanation, const struct zmm_differing *a,
	const struct zmm_differing *b);

/* "requested", "rounding", "metadata", "free", "lost" */
const char *zmm_family_name(enum zmm_cause_family family);

#endif
