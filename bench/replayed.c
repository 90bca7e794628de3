/* SPDX-License-Identifier: MIT */
/*
 * bench/replayed.c - replays a trace on one allocator, for those who watch from outside: valgrind,
 * perf, strace.
 *
 *	replayed ALLOCATOR RUNS TRACE
 *
 * ALLOCATOR is legacy, modern, system (malloc of the process: preload another one) or none (a bump
 * pointer with no memory behind it).  The trace is compiled, run once so that memory is there, and
 * then RUNS times by measured_run(), the function to watch:
 *
 *	valgrind --tool=callgrind --toggle-collect=measured_run bench/replayed legacy 1 TRACE
 *
 * Each run is followed by the end of a request, outside of measured_run().  Prints how many
 * operations one run has, and how many nanoseconds of user and system time one of them took in the
 * median run.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "trace/replay.h"

enum { runs_max = 1000 };

void measured_run(zmm_replay *replay, struct zmm_replay_time *time);

__attribute__((noinline)) void measured_run(zmm_replay *replay, struct zmm_replay_time *time)
{
	zmm_replay_timed(replay, time);
}

static int fail(const char *what, const char *why)
{
	fprintf(stderr, "replayed: %s: %s\n", what, why);
	return 2;
}

static bool find_allocator(const char *name, enum zmm_allocator *allocator)
{
	for (int i = ZMM_ALLOCATOR_LEGACY; i <= ZMM_ALLOCATOR_NONE; i++) {
		if (strcmp(zmm_allocator_name((enum zmm_allocator)i), name) == 0) {
			*allocator = (enum zmm_allocator)i;
			return true;
		}
	}
	return false;
}

static int compare_times(const void *a, const void *b)
{
	uint64_t first = *(const uint64_t *)a, second = *(const uint64_t *)b;

	return (first > second) - (first < second);
}

static void run_all(zmm_replay *replay, const zmm_program *program, unsigned runs)
{
	static uint64_t ns[runs_max];
	struct zmm_replay_time time;

	zmm_replay_timed(replay, &time);
	for (unsigned i = 0; i < runs; i++) {
		zmm_replay_rewind(replay);
		measured_run(replay, &time);
		ns[i] = time.cpu_ns;
	}
	qsort(ns, runs, sizeof *ns, compare_times);
	printf("operations %zu ns %.3f\n", program->op_count,
		(double)ns[runs / 2] / (double)(program->op_count ? program->op_count : 1));
}

int main(int argc, char **argv)
{
	struct zmm_replay_options options = { 0 };
	struct zmm_error error;
	zmm_program *program;
	zmm_replay *replay;
	unsigned long runs;

	if (argc != 4) {
		return fail("usage", "replayed legacy|modern|system|none RUNS TRACE");
	}
	runs = strtoul(argv[2], NULL, 10);
	if (!find_allocator(argv[1], &options.allocator)) {
		return fail(argv[1], "no allocator; known are legacy, modern, system and none");
	}
	if (runs < 1 || runs > runs_max) {
		return fail(argv[2], "not a number of runs from 1 to 1000");
	}
	program = zmm_program_load(argv[3], 0, &error);
	replay = program ? zmm_replay_new(program, &options, &error) : NULL;
	if (replay) {
		run_all(replay, program, (unsigned)runs);
	}
	zmm_replay_free(replay);
	zmm_program_free(program);
	return replay ? 0 : fail(argv[3], error.text);
}
