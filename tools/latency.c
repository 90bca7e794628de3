/* SPDX-License-Identifier: MIT */
/*
 * tools/latency.c - histograms of single operations' durations. See latency.h.
 */
#include "tools/latency.h"

#include <math.h>
#include <stdlib.h>

#include "storage/storage.h"
#include "trace/ticks.h"

enum {
	calibration_ns = 2000000,
	overhead_readings = 20001,
	overhead_kept = 18001,
	exact_below = 32,
	small_size_step = 32,
	small_sizes = 32
};

const char *zmm_latency_kind_name(enum zmm_latency_kind kind)
{
	static const char *const names[ZMM_LATENCY_KINDS] = { "allocate", "free", "resize" };

	return names[kind];
}

/* --- classes --------------------------------------------------------------------------------- */

unsigned zmm_latency_class(uint64_t ticks)
{
	unsigned doubling;

	if (ticks < exact_below) {
		return (unsigned)ticks;
	}
	doubling = 63 - (unsigned)__builtin_clzll(ticks); /* 5 or more */
	return (doubling - 3) * 16 + (unsigned)(ticks >> (doubling - 4) & 15);
}

uint64_t zmm_latency_class_from(unsigned class)
{
	if (class < exact_below) {
		return class;
	}
	return (uint64_t)(16 + class % 16) << (class / 16 - 1);
}

unsigned zmm_latency_size(uint64_t size)
{
	unsigned doublings;

	if (size <= small_sizes * small_size_step) {
		return size ? (unsigned)((size - 1) / small_size_step) : 0;
	}
	doublings = 63 - (unsigned)__builtin_clzll(size - 1) - 10; /* 1025 .. 2048: 0 */
	return small_sizes + (doublings < 39 ? doublings : 39);
}

void zmm_latency_size_range(unsigned class, uint64_t *from, uint64_t *to)
{
	if (class < small_sizes) {
		*from = class ? (uint64_t)class * small_size_step + 1 : 0;
		*to = (uint64_t)(class + 1) * small_size_step;
		return;
	}
	*from = ((uint64_t)1024 << (class - small_sizes)) + 1;
	*to = (uint64_t)2048 << (class - small_sizes);
}

/* --- counting -------------------------------------------------------------------------------- */

void zmm_latency_add(struct zmm_latency *latency, enum zmm_latency_kind kind, uint64_t size,
	uint64_t ticks)
{
	struct zmm_latency_cost *cost = &latency->costs[kind][zmm_latency_size(size)];
	uint64_t whole = ticks;

	ticks = ticks > latency->overhead ? ticks - latency->overhead : 0;
	latency->count[kind]++;
	latency->histogram[kind][zmm_latency_class(ticks)]++;
	if (ticks > latency->most[kind]) {
		latency->most[kind] = ticks;
	}
	if (size < ((uint64_t)256 << 10)
			&& (double)ticks * latency->ns_per_tick > ZMM_INTERRUPTED_NS) {
		latency->interrupted++;
		return;
	}
	cost->count++;
	cost->ticks += whole;
}

double zmm_latency_quantile(const struct zmm_latency *latency, enum zmm_latency_kind kind,
	double share)
{
	uint64_t count = latency->count[kind], seen = 0;
	uint64_t rank = (uint64_t)ceil(share * (double)count);
	unsigned class = 0;

	if (count == 0) {
		return NAN;
	}
	if (rank >= count) {
		return (double)latency->most[kind] * latency->ns_per_tick;
	}
	for (; class + 1 < ZMM_LATENCY_CLASSES; class++) {
		seen += latency->histogram[kind][class];
		if (seen >= rank) {
			break;
		}
	}
	return (double)zmm_latency_class_from(class) * latency->ns_per_tick;
}

double zmm_latency_cost_mean(const struct zmm_latency *latency,
	const struct zmm_latency_cost *cost)
{
	double ticks;

	if (cost->count == 0) {
		return NAN;
	}
	ticks = (double)cost->ticks / (double)cost->count - latency->overhead_mean;
	return ticks > 0 ? ticks * latency->ns_per_tick : 0;
}

double zmm_latency_mean(const struct zmm_latency *latency, enum zmm_latency_kind kind)
{
	struct zmm_latency_cost all = { 0, 0 };

	for (int size = 0; size < ZMM_LATENCY_SIZES; size++) {
		all.count += latency->costs[kind][size].count;
		all.ticks += latency->costs[kind][size].ticks;
	}
	return zmm_latency_cost_mean(latency, &all);
}

/* --- the clock ------------------------------------------------------------------------------- */

static int compare_ticks(const void *a, const void *b)
{
	uint64_t first = *(const uint64_t *)a, second = *(const uint64_t *)b;

	return (first > second) - (first < second);
}

/* What two readings one after the other are apart: the median, the mean of the lower nine tenths
 * (the rest has the interruptions), and the least difference, which is the resolution. */
static void measure_reading(struct zmm_latency *latency)
{
	static uint64_t apart[overhead_readings];
	uint64_t sum = 0, resolution;

	for (int i = 0; i < overhead_readings; i++) {
		uint64_t first = zmm_ticks();

		apart[i] = zmm_ticks() - first;
	}
	qsort(apart, overhead_readings, sizeof apart[0], compare_ticks);
	resolution = apart[overhead_readings - 1];
	for (int i = 1; i < overhead_readings; i++) {
		uint64_t step = apart[i] - apart[i - 1];

		resolution = step > 0 && step < resolution ? step : resolution;
	}
	for (int i = 0; i < overhead_kept; i++) {
		sum += apart[i];
	}
	latency->resolution = resolution;
	latency->overhead = apart[overhead_readings / 2];
	latency->overhead_mean = (double)sum / overhead_kept;
}

static double tick_length(void)
{
	uint64_t began_ns = zmm_monotonic_ns(), began = zmm_ticks(), now_ns;

	do {
		now_ns = zmm_monotonic_ns();
	} while (now_ns - began_ns < calibration_ns);
	return (double)(now_ns - began_ns) / (double)(zmm_ticks() - began);
}

/* --- the run --------------------------------------------------------------------------------- */

struct listener {
	struct zmm_latency *latency;
	const zmm_program *program;
	uint64_t *sizes; /* by slot: as requested last */
};

static void note(void *context, const struct zmm_op *op, uint64_t ticks)
{
	struct listener *listener = context;
	uint64_t *size = &listener->sizes[zmm_op_slot(op)];
	enum zmm_latency_kind kind = zmm_op_kind(op) == ZMM_OP_FREE ? ZMM_LATENCY_FREE
		: zmm_op_kind(op) == ZMM_OP_RESIZE ? ZMM_LATENCY_RESIZE : ZMM_LATENCY_ALLOCATE;

	if (kind != ZMM_LATENCY_FREE) {
		*size = zmm_op_size(listener->program, op);
	}
	if (ticks != ZMM_NOT_TICKED) {
		zmm_latency_add(listener->latency, kind, *size, ticks);
	}
}

bool zmm_latency_run(struct zmm_latency *latency, const zmm_program *program, zmm_replay *replay,
	struct zmm_error *error)
{
	size_t bytes = ((size_t)program->slot_count + 1) * sizeof(uint64_t);
	struct listener listener = { latency, program, zend_mm_scratch_alloc(bytes) };

	if (!listener.sizes) {
		zmm_error_set(error, ZMM_ERROR_SYSTEM, "no memory to keep the sizes of %u blocks",
			program->slot_count);
		return false;
	}
	if (latency->runs == 0) {
		latency->ns_per_tick = tick_length();
		measure_reading(latency);
	}
	latency->runs++;
	zmm_replay_ticked(replay, note, &listener);
	zmm_replay_rewind(replay);
	zend_mm_scratch_free(listener.sizes, bytes);
	return true;
}
