/* SPDX-License-Identifier: MIT */
/*
 * tools/sweep.h - one cell of a sweep: a setting of everything that can be varied, and one measure
 * of it.
 *
 *   cmd_sweep.c   reads which values each axis has, and goes through all combinations
 *   sweep.c       measures one
 */
#ifndef ZMM_SWEEP_H
#define ZMM_SWEEP_H

#include "tools/contender.h"
#include "tools/emit.h"

enum zmm_sweep_measure {
	ZMM_SWEEP_NS,
	ZMM_SWEEP_NET_NS,
	ZMM_SWEEP_PEAK_HELD,
	ZMM_SWEEP_FINAL_HELD,
	ZMM_SWEEP_PEAK_RESIDENT,
	ZMM_SWEEP_OVERHEAD,
	ZMM_SWEEP_STORAGE_CALLS,
	ZMM_SWEEP_PEAK_REGIONS,
	ZMM_SWEEP_FAILURES,
	ZMM_SWEEP_JW_MEAN,
	ZMM_SWEEP_JW_PEAK_LIVE,
	ZMM_SWEEP_JW_PEAK_HELD,
	ZMM_SWEEP_JW_PEAKS,
	ZMM_SWEEP_MEASURES
};

/* The measure's name on the command line and in results, and what it is in a few words. */
const char *zmm_sweep_measure_name(enum zmm_sweep_measure measure);
const char *zmm_sweep_measure_meaning(enum zmm_sweep_measure measure);

struct zmm_sweep_cell {
	struct zmm_contender contender;
	bool cached;              /* a legacy heap for study whose cache holds so many bytes */
	size_t cache_capacity;
	uint64_t samples;         /* of times, of which the median counts */
};

/* Measures a cell on a program. The value is missing where the measure does not exist for it. False
 * with the error set. */
bool zmm_sweep_measure(const struct zmm_sweep_cell *cell, const zmm_program *program,
	enum zmm_sweep_measure measure, struct zmm_value *value, struct zmm_error *error);

#endif
