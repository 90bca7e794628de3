/* SPDX-License-Identifier: MIT */
/*
 * tools/contender.c - taking samples of a contender, in children.
 *
 * A child is told what to do by its arguments, after a first one that no user would type:
 *
 *    zmm --contender KIND ALLOCATOR STORAGE SEGMENT-SIZE PRELOAD PROGRAM-FD RESULT-FD
 *
 * ("" for what is not set). It allocates nothing from its malloc before the replay does, but for
 * the replay's own few bytes.
 */
#include <stdlib.h>
#include <string.h>

#include "tools/child.h"
#include "tools/contender.h"
#include "tools/memory.h"
#include "tools/shared_program.h"

#ifndef _WIN32
#include <dlfcn.h>
#include <unistd.h>
#endif

enum {
	ops_per_sample = 1000000, /* short programs are run several times, up to about so many */
	runs_max = 100,
	observations = 20000      /* of a memory sample, at most about so many */
};

static const char flag[] = "--contender";

enum argument {
	ARGUMENT_COMMAND,
	ARGUMENT_FLAG,
	ARGUMENT_KIND,
	ARGUMENT_ALLOCATOR,
	ARGUMENT_STORAGE,
	ARGUMENT_SEGMENT_SIZE,
	ARGUMENT_PRELOAD,
	ARGUMENT_PROGRAM_FD,
	ARGUMENT_RESULT_FD,
	ARGUMENTS
};

/* --- parent ---------------------------------------------------------------------------------- */

static bool run_child(const struct zmm_contender *contender, char *kind, int program_fd,
	void *sample, size_t size, struct zmm_error *error)
{
	const struct zmm_replay_options *replay = &contender->replay;
	char numbers[4][24];
	struct zmm_child child;
	char *argv[ARGUMENTS + 1] = {
		(char[]){ "zmm" }, (char *)flag, kind, numbers[0],
		(char *)(replay->storage ? replay->storage : ""), numbers[1],
		(char *)(contender->preload ? contender->preload : ""), numbers[2], numbers[3], NULL
	};

	if (!zmm_child_open(&child, error)) {
		return false;
	}
	snprintf(numbers[0], sizeof numbers[0], "%d", (int)replay->allocator);
	snprintf(numbers[1], sizeof numbers[1], "%zu", replay->segment_size);
	snprintf(numbers[2], sizeof numbers[2], "%d", program_fd);
	snprintf(numbers[3], sizeof numbers[3], "%d", child.result_fd);
	return zmm_child_start(&child, argv, contender->preload, error)
		&& zmm_child_finish(&child, sample, size, error);
}

/* The same, with the contender's name before an error. */
static bool take_sample(const struct zmm_contender *contender, char *kind, int program_fd,
	void *sample, size_t size, struct zmm_error *error)
{
	struct zmm_error cause;

	if (run_child(contender, kind, program_fd, sample, size, &cause)) {
		return true;
	}
	zmm_error_set(error, cause.kind, "%s: %s", contender->name, cause.text);
	return false;
}

static uint64_t growth(uint64_t from, uint64_t to)
{
	return to > from ? to - from : 0;
}

static char kind_time[] = "time", kind_memory[] = "memory";

bool zmm_sample_time(const struct zmm_contender *contender, int program_fd,
	struct zmm_time_sample *sample, struct zmm_error *error)
{
	return take_sample(contender, kind_time, program_fd, sample, sizeof *sample, error);
}

bool zmm_sample_memory(const struct zmm_contender *contender, int program_fd,
	uint64_t base_held, struct zmm_memory_sample *sample, struct zmm_error *error)
{
	bool taken = take_sample(contender, kind_memory, program_fd, sample, sizeof *sample, error);

	if (taken && contender->replay.allocator == ZMM_ALLOCATOR_SYSTEM) {
		base_held = contender->preload && base_held ? base_held : sample->base_held;
		sample->peak_held = growth(base_held, sample->peak_held);
		sample->final_held = growth(base_held, sample->final_held);
	}
	return taken;
}

/* --- time ------------------------------------------------------------------------------------ */

static int compare_samples(const void *a, const void *b)
{
	double first = ((const struct zmm_time_sample *)a)->ns;
	double second = ((const struct zmm_time_sample *)b)->ns;

	return (first > second) - (first < second);
}

static bool take_time(const zmm_program *program, const struct zmm_replay_options *options,
	struct zmm_time_sample *sample, struct zmm_error *error)
{
	static struct zmm_time_sample samples[runs_max];
	size_t operations = program->op_count ? program->op_count : 1;
	size_t runs = ops_per_sample / operations;
	zmm_replay *replay = zmm_replay_new(program, options, error);

	if (!replay) {
		return false;
	}
	runs = runs < 1 ? 1 : runs > runs_max ? runs_max : runs;
	for (size_t i = 0; i < runs; i++) {
		struct zmm_replay_time time;

		zmm_replay_timed(replay, &time);
		samples[i].ns = (double)time.cpu_ns / (double)operations;
		samples[i].wall_ns = (double)time.wall_ns / (double)operations;
		samples[i].first_ns = samples[0].ns;
		zmm_replay_rewind(replay);
	}
	zmm_replay_free(replay);
	qsort(samples, runs, sizeof samples[0], compare_samples);
	*sample = samples[runs / 2];
	return true;
}

/* --- memory ---------------------------------------------------------------------------------- */

struct observation {
	struct zmm_memory_sample *sample;
	uint64_t first_resident;
	bool started;
};

static void look_first(struct observation *observation)
{
	struct zmm_memory now = zmm_memory_now();

	observation->sample->base_held = growth(zmm_memory_held_by_malloc(), now.held);
	observation->first_resident = now.resident;
	observation->started = true;
}

static bool look(void *context, const struct zmm_replay_moment *moment)
{
	struct observation *observation = context;
	struct zmm_memory_sample *sample = observation->sample;
	struct zmm_memory now;
	uint64_t resident;

	(void)moment;
	if (!observation->started) {
		look_first(observation);
		return true;
	}
	now = zmm_memory_now();
	sample->final_held = now.held;
	if (now.held > sample->peak_held) {
		sample->peak_held = now.held;
	}
	resident = growth(observation->first_resident, now.resident);
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

static bool take_memory(const zmm_program *program, const struct zmm_replay_options *options,
	struct zmm_memory_sample *sample, struct zmm_error *error)
{
	struct observation observation = { .sample = sample };
	uint64_t every = program->op_count / observations;
	struct zmm_full_run full = {
		.touch = true, .observe_every = every ? every : 1, .observer = look,
		.context = &observation
	};
	zmm_replay *replay = zmm_replay_new(program, options, error);
	bool done;

	if (!replay) {
		return false;
	}
	zmm_memory_open();
	done = zmm_replay_full(replay, &full, error);
	take_results(replay, options->allocator != ZMM_ALLOCATOR_SYSTEM, sample);
	zmm_replay_free(replay);
	return done;
}

/* --- child ----------------------------------------------------------------------------------- */

#ifdef _WIN32
static bool is_loaded(const char *path)
{
	return path[0] == '\0';
}
#else
/* The dynamic linker goes on without a library that it cannot preload. */
static bool is_loaded(const char *path)
{
	return path[0] == '\0' || dlopen(path, RTLD_LAZY | RTLD_NOLOAD) != NULL;
}
#endif

union sample {
	struct zmm_time_sample time;
	struct zmm_memory_sample memory;
};

static bool work(char **argv, union sample *sample, size_t *size, struct zmm_error *error)
{
	static struct zmm_watched watched;
	struct zmm_replay_options options = {
		.allocator = (enum zmm_allocator)atoi(argv[ARGUMENT_ALLOCATOR]),
		.storage = argv[ARGUMENT_STORAGE][0] ? argv[ARGUMENT_STORAGE] : NULL,
		.segment_size = (size_t)strtoull(argv[ARGUMENT_SEGMENT_SIZE], NULL, 10)
	};
	const zmm_program *program = zmm_program_attach(atoi(argv[ARGUMENT_PROGRAM_FD]), error);

	if (!program) {
		return false;
	}
	if (!is_loaded(argv[ARGUMENT_PRELOAD])) {
		zmm_error_set(error, ZMM_ERROR_INPUT, "%s could not be preloaded; is it a shared library "
			"for this kind of program?", argv[ARGUMENT_PRELOAD]);
		return false;
	}
	if (strcmp(argv[ARGUMENT_KIND], kind_time) == 0) {
		*size = sizeof sample->time;
		return take_time(program, &options, &sample->time, error);
	}
	*size = sizeof sample->memory;
	options.watched = &watched;
	return take_memory(program, &options, &sample->memory, error);
}

int zmm_contender_main(int argc, char **argv)
{
	union sample sample;
	struct zmm_error error;
	size_t size = 0;
	bool done;

	if (argc != ARGUMENTS || strcmp(argv[ARGUMENT_FLAG], flag) != 0) {
		return -1;
	}
	memset(&sample, 0, sizeof sample);
	done = work(argv, &sample, &size, &error);
	return zmm_child_report(atoi(argv[ARGUMENT_RESULT_FD]), done, &sample, size, &error);
}
