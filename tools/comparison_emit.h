/* SPDX-License-Identifier: MIT */
/*
 * tools/comparison_emit.h - comparisons as documents: doc/report-format.md in JSON, tables and
 * curves in text; and raw samples as CSV.
 */
#ifndef ZMM_COMPARISON_EMIT_H
#define ZMM_COMPARISON_EMIT_H

#include "tools/comparison.h"
#include "tools/differ.h"
#include "tools/emit.h"

/* What a document begins with: on what was measured, how, and who took part. date: when it began,
 * seconds since 1970; command: as it was typed. */
void zmm_emit_comparison_head(zmm_emit *emit, const struct zmm_comparison_settings *settings,
	const char *command, int64_t date);

/* One trace: an item of the list "traces", which the caller has begun. */
void zmm_emit_comparison(zmm_emit *emit, const struct zmm_comparison *comparison,
	const struct zmm_explanation *explanations, size_t explanation_count);

/* The measures of fragmentation with their formulas, for people. */
void zmm_emit_formulas(zmm_emit *emit);

/* Lines "trace,contender,block,position,ns,wall_ns,first_ns"; the heading is the caller's. */
void zmm_write_samples(FILE *out, const struct zmm_comparison *comparison);
#define ZMM_SAMPLES_HEADING "trace,contender,block,position,ns,wall_ns,first_ns\n"

#endif
