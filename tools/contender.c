/* SPDX-License-Identifier: MIT */
/*
 * tools/contender.c - taking samples of a contender, in children.
 */
#include <stdlib.h>

#include "tools/child.h"
#include "tools/contender.h"
#include "tools/memory.h"

enum {
	ops_per_sample = 1000000,  /* short programs are run several times, up to about so many */
	runs_max = 100,
	observations = 20000       /* of a memory sample, about; fewer where there are fewer operations */
};

struct task {
	const struct zmm_contender *contender;
	const zmm_program *program;
};

static bool run_task(zmm_child_work work, const struct zmm_contender *contender,
	const zmm_program *program, void *sample, size_t size, struct zmm_error *error)
{
	struct task task = { contender, program };
	struct zmm_error cause;

	if (zmm_run_in_child(work, &task, sample, size, &cause)) {
		return true;
	}
	zmm_error_set(error, cause.kind, "%s: %s", contender->name, cause.text);
	return false;
}

/* --- time ------------------------------------------------------------------------------------ */

static int compare_samples(const void *a, const void *b)
{
	double first = ((const struct zmm_time_sample *)a)->ns;
	double second = ((const struct zmm_time_sample *)b)->ns;

	return (first > second) - (first < second);
}

static bool time_once(const struct task *task, struct zmm_time_sample *sample,
	struct zmm_error *error)
{
	zmm_replay *replay = zmm_replay_new(task->program, &task->contender->replay, error);
	double operations = task->program->op_count ? (double)task->program->op_count : 1;
	struct zmm_replay_time time;

	if (!replay) {
		return false;
	}
	zmm_replay_timed(replay, &time);
	zmm_replay_free(replay);
	sample->ns = (double)time.cpu_ns / operations;
	sample->wall_ns = (double)time.wall_ns / operations;
	return true;
}

static bool take_time(void *context, void *result, struct zmm_error *error)
{
	const struct task *task = context;
	struct zmm_time_sample samples[runs_max];
	size_t operations = task->program->op_count ? task->program->op_count : 1;
	size_t runs = ops_per_sample / operations;

	runs = runs < 1 ? 1 : runs > runs_max ? runs_max : runs;
	for (size_t i = 0; i < runs; i++) {
		if (!time_once(task, &samples[i], error)) {
			return false;
		}
	}
	qsort(samples, runs, sizeof samples[0], compare_samples);
	*(struct zmm_time_sample *)result = samples[runs / 2];
	return true;
}

bool zmm_sample_time(const struct zmm_contender *contender, const zmm_program *program,
	struct zmm_time_sample *sample, struct zmm_error *error)
{
	return run_task(take_time, contender, program, sample, sizeof *sample, error);
}

/* --- memory ---------------------------------------------------------------------------------- */

struct observation {
	struct zmm_memory_sample *sample;
	struct zmm_memory before;
	bool started;
};

static uint64_t growth(uint64_t from, uint64_t to)
{
	return to > from ? to - from : 0;
}

static bool look(void *context, const struct zmm_replay_moment *moment)
{
	struct observation *observation = context;
	struct zmm_memory_sample *sample = observation->sample;
	struct zmm_memory now;
	uint64_t resident;

	(void)moment;
	if (!observation->started) {
		uint64_t idle = zmm_memory_idle_in_malloc();

		observation->before = zmm_memory_now();
		observation->before.held -= idle;
		observation->started = true;
		return true;
	}
	now = zmm_memory_now();
	sample->final_held = growth(observation->before.held, now.held);
	if (sample->final_held > sample->peak_held) {
		sample->peak_held = sample->final_held;
	}
	resident = growth(observation->before.resident, now.resident);
	if (resident > sample->peak_resident) {
		sample->peak_resident = resident;
	}
	return true;
}

static void take_results(const zmm_replay *replay, bool ours, struct zmm_memory_sample *sample)
{
	struct zmm_replay_results results;

	zmm_replay_get_results(replay, &results);
	sample->peak_live = results.peak_live_bytes;
	sample->failures = results.failures;
	if (ours) {
		sample->peak_held = results.peak_held;
		sample->final_held = results.real_size;
		sample->peak_regions = results.peak_regions;
		sample->storage_calls = results.storage_allocs + results.storage_resizes
			+ results.storage_frees;
	}
}

static bool take_memory(void *context, void *result, struct zmm_error *error)
{
	const struct task *task = context;
	struct zmm_replay_options options = task->contender->replay;
	struct observation observation = { .sample = result };
	uint64_t every = task->program->op_count / observations;
	struct zmm_full_run full = {
		.touch = true, .observe_every = every ? every : 1, .observer = look,
		.context = &observation
	};
	zmm_replay *replay;
	bool done;

	*observation.sample = (struct zmm_memory_sample){ .peak_live = 0 };
	zmm_memory_open();
	options.watched = true;
	replay = zmm_replay_new(task->program, &options, error);
	if (!replay) {
		return false;
	}
	done = zmm_replay_full(replay, &full, error);
	take_results(replay, options.allocator != ZMM_ALLOCATOR_SYSTEM, result);
	zmm_replay_free(replay);
	return done;
}

bool zmm_sample_memory(const struct zmm_contender *contender, const zmm_program *program,
	struct zmm_memory_sample *sample, struct zmm_error *error)
{
	return run_task(take_memory, contender, program, sample, sizeof *sample, error);
}
