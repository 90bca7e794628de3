/* SPDX-License-Identifier: MIT */
/*
 * tools/comparison_curves.h - what a comparison knows over the run of a trace, for
 * comparison_emit.c: columns in JSON, small curves and tables in text.
 */
#ifndef ZMM_COMPARISON_CURVES_H
#define ZMM_COMPARISON_CURVES_H

#include "tools/comparison.h"
#include "tools/differ.h"
#include "tools/emit.h"

/* JSON: "latency" and "latency_histogram"; NULL where it was not measured. */
void zmm_emit_latencies(zmm_emit *emit, const struct zmm_latency *latency);

/* JSON: everything of a memory record. mode: that of a heap, NULL for others. */
void zmm_emit_memory_course(zmm_emit *emit, const struct zmm_memory_record *record,
	const char *mode);

/* JSON: "map". */
void zmm_emit_heap_map(zmm_emit *emit, const struct zmm_heap_map *map);

/* JSON: "sizes", the histogram of requests. */
void zmm_emit_sizes(zmm_emit *emit, const zmm_program *program);

/* Text: what each contender holds over the run and after it, and its latencies. */
void zmm_emit_curves(zmm_emit *emit, const struct zmm_comparison *comparison);

/* Both: "explanations". */
void zmm_emit_explanations(zmm_emit *emit, const struct zmm_explanation *explanations,
	size_t count);

/* A curve of at most `width` characters of eight heights each, of numbers from 0 to most. Writes to
 * text, which has room for 3 bytes of each and the end, and returns it. */
const char *zmm_sparkline(char *text, size_t width, const uint64_t *numbers, size_t count,
	uint64_t most);

#endif
