/* SPDX-License-Identifier: MIT */
/*
 * tools/sweep.c - measures one cell of a sweep. See sweep.h.
 *
 * Cells are measured by the same samples as comparisons, in processes of their own. Only a cache of
 * another size needs a heap for study, which is measured in this process, and slower.
 */
#include "config.h"

#include "tools/sweep.h"

#include <unistd.h>

#include "tools/ablate_ideas.h"
#include "tools/memory_run.h"
#include "tools/shared_program.h"
#include "tools/statistics.h"

static const struct {
	const char *name;
	const char *meaning;
} measures[ZMM_SWEEP_MEASURES] = {
	[ZMM_SWEEP_NS] = { "ns", "user and system time per operation, the replay loop included" },
	[ZMM_SWEEP_NET_NS] = { "net_ns", "the same, less the loop" },
	[ZMM_SWEEP_PEAK_HELD] = { "peak_held", "most bytes held from the system" },
	[ZMM_SWEEP_FINAL_HELD] = { "final_held", "bytes held when the trace has ended" },
	[ZMM_SWEEP_PEAK_RESIDENT] = { "peak_resident", "most bytes resident" },
	[ZMM_SWEEP_OVERHEAD] = { "overhead", "peak_held over the most bytes alive" },
	[ZMM_SWEEP_STORAGE_CALLS] = { "storage_calls", "successful calls to storage" },
	[ZMM_SWEEP_PEAK_REGIONS] = { "peak_regions", "most segments, or chunks and huge blocks" },
	[ZMM_SWEEP_FAILURES] = { "failures", "refused requests" },
	[ZMM_SWEEP_JW_MEAN] = { "jw_mean", "mean over the run of held over live, less 1" },
	[ZMM_SWEEP_JW_PEAK_LIVE] = { "jw_peak_live", "held over live at the greatest live, less 1" },
	[ZMM_SWEEP_JW_PEAK_HELD] = { "jw_peak_held", "held over live at the greatest held, less 1" },
	[ZMM_SWEEP_JW_PEAKS] = { "jw_peaks", "greatest held over greatest live, less 1" },
};

const char *zmm_sweep_measure_name(enum zmm_sweep_measure measure)
{
	return measures[measure].name;
}

const char *zmm_sweep_measure_meaning(enum zmm_sweep_measure measure)
{
	return measures[measure].meaning;
}

/* --- time ------------------------------------------------------------------------------------ */

static bool median_time(const struct zmm_contender *contender, int fd, uint64_t samples,
	double *median, struct zmm_error *error)
{
	double ns[ZMM_SAMPLES_MAX];

	for (uint64_t i = 0; i < samples; i++) {
		struct zmm_time_sample sample;

		if (!zmm_sample_time(contender, fd, &sample, error)) {
			return false;
		}
		ns[i] = sample.ns;
	}
	*median = zmm_summarise(ns, samples).median;
	return true;
}

static bool measure_time(const struct zmm_sweep_cell *cell, int fd, bool net,
	struct zmm_value *value, struct zmm_error *error)
{
	struct zmm_contender loop;
	double own, of_loop = 0;

	zmm_contender_find("none", &loop);
	if (!median_time(&cell->contender, fd, cell->samples, &own, error)
			|| (net && !median_time(&loop, fd, cell->samples, &of_loop, error))) {
		return false;
	}
	*value = zmm_value_nanoseconds(own > of_loop ? own - of_loop : 0);
	return true;
}

/* --- memory ---------------------------------------------------------------------------------- */

static struct zmm_value course_value(const struct zmm_course *course,
	enum zmm_sweep_measure measure)
{
	struct zmm_ratio ratio = zmm_course_measure(course, measure == ZMM_SWEEP_JW_MEAN
		? ZMM_MEASURE_MEAN : measure == ZMM_SWEEP_JW_PEAK_LIVE ? ZMM_MEASURE_PEAK_LIVE
		: measure == ZMM_SWEEP_JW_PEAK_HELD ? ZMM_MEASURE_PEAK_HELD : ZMM_MEASURE_PEAKS);

	return ratio.validity == ZMM_VALID ? zmm_value_ratio(ratio.value) : zmm_value_missing();
}

static struct zmm_value memory_value(const struct zmm_memory_record *record, bool heap,
	enum zmm_sweep_measure measure)
{
	switch (measure) {
	case ZMM_SWEEP_PEAK_HELD:
		return zmm_value_bytes(record->peak_held);
	case ZMM_SWEEP_FINAL_HELD:
		return zmm_value_bytes(record->final_held);
	case ZMM_SWEEP_PEAK_RESIDENT:
		return zmm_value_bytes(record->peak_resident);
	case ZMM_SWEEP_OVERHEAD:
		return record->peak_live ? zmm_value_ratio((double)record->peak_held
			/ (double)record->peak_live) : zmm_value_missing();
	case ZMM_SWEEP_STORAGE_CALLS:
		return heap ? zmm_value_count(record->storage_calls) : zmm_value_missing();
	case ZMM_SWEEP_PEAK_REGIONS:
		return heap ? zmm_value_count(record->peak_regions) : zmm_value_missing();
	case ZMM_SWEEP_FAILURES:
		return zmm_value_count(record->failures);
	default:
		return course_value(&record->course, measure);
	}
}

static bool measure_memory(const struct zmm_sweep_cell *cell, int fd,
	enum zmm_sweep_measure measure, struct zmm_value *value, struct zmm_error *error)
{
	struct zmm_memory_run run;
	uint64_t base_held;
	bool done;

	if (!zmm_sample_base(fd, &base_held, error)
			|| !zmm_memory_run_begin(&run, &cell->contender, fd, base_held, 0, error)) {
		return false;
	}
	while (zmm_memory_run_step(&run)) {
	}
	done = zmm_memory_run_end(&run, error);
	if (done) {
		*value = memory_value(run.record, zmm_contender_is_heap(&cell->contender), measure);
	}
	zmm_memory_run_drop(&run);
	return done;
}

/* --- heaps for study ------------------------------------------------------------------------- */

static bool measure_study(const struct zmm_sweep_cell *cell, const zmm_program *program,
	enum zmm_sweep_measure measure, struct zmm_value *value, struct zmm_error *error)
{
	struct zmm_variant variant = *zmm_variant_at(0);
	struct zmm_ablation ablation;

	variant.switches.cache_capacity = cell->cache_capacity;
	variant.segment_size = cell->contender.replay.segment_size;
	if (!zmm_ablate(&variant, program, measure == ZMM_SWEEP_NS ? (unsigned)cell->samples : 0,
			&ablation, error)) {
		return false;
	}
	switch (measure) {
	case ZMM_SWEEP_NS:
		*value = zmm_value_nanoseconds(ablation.ns_per_operation);
		break;
	case ZMM_SWEEP_PEAK_HELD:
		*value = zmm_value_bytes(ablation.peak_held);
		break;
	case ZMM_SWEEP_OVERHEAD:
		*value = ablation.peak_live ? zmm_value_ratio((double)ablation.peak_held
			/ (double)ablation.peak_live) : zmm_value_missing();
		break;
	case ZMM_SWEEP_STORAGE_CALLS:
		*value = zmm_value_count(ablation.storage_calls);
		break;
	case ZMM_SWEEP_FAILURES:
		*value = zmm_value_count(ablation.failures);
		break;
	default:
		*value = measure >= ZMM_SWEEP_JW_MEAN ? course_value(&ablation.course, measure)
			: zmm_value_missing();
		break;
	}
	return true;
}

bool zmm_sweep_measure(const struct zmm_sweep_cell *cell, const zmm_program *program,
	enum zmm_sweep_measure measure, struct zmm_value *value, struct zmm_error *error)
{
	bool done;
	int fd;

	if (cell->cached) {
		return measure_study(cell, program, measure, value, error);
	}
	fd = zmm_program_share(program, error);
	if (fd < 0) {
		return false;
	}
	done = measure <= ZMM_SWEEP_NET_NS
		? measure_time(cell, fd, measure == ZMM_SWEEP_NET_NS, value, error)
		: measure_memory(cell, fd, measure, value, error);
	close(fd);
	return done;
}
