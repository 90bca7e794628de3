/* SPDX-License-Identifier: MIT */
/*
 * t/docs/memory.c - what `zmm sweep` measures one by one, for the tables of the documents.
 *
 *	memory held TRACE...     what each trace needs of memory on both heaps
 *	memory calls TRACE...    what is held at its end, and the calls to storage
 *
 * A row of cells separated by tabs for each trace, under the file's name as far as the first dot.
 */
#include <string.h>

#include "tools/fragmentation.h"
#include "trace/replay.h"

struct cost {
	struct zmm_course course;
	size_t held_at_end;
	uint64_t peak_live;
	uint64_t peak_held;
	uint64_t calls;
};

static bool note_moment(void *context, const struct zmm_replay_moment *moment)
{
	struct cost *cost = context;
	zend_mm_figures figures;

	zend_mm_get_figures(moment->heap, &figures);
	cost->held_at_end = figures.real_size;
	if (moment->operation > 0) {
		zmm_course_feed(&cost->course, moment->operation, moment->live_bytes, figures.real_size);
	}
	return true;
}

static bool measure(const zmm_program *program, enum zmm_allocator allocator, struct cost *cost,
	struct zmm_error *error)
{
	struct zmm_watched watched;
	struct zmm_replay_options options = { .allocator = allocator, .watched = &watched };
	struct zmm_full_run full = { .observe_every = 1, .observer = note_moment, .context = cost };
	struct zmm_replay_results results;
	zmm_replay *replay = zmm_replay_new(program, &options, error);
	bool done = replay != NULL && zmm_replay_full(replay, &full, error);

	if (done) {
		zmm_replay_get_results(replay, &results);
		cost->peak_live = results.peak_live_bytes;
		cost->peak_held = results.peak_held;
		cost->calls = results.storage_allocs + results.storage_resizes + results.storage_frees;
	}
	zmm_replay_free(replay);
	return done;
}

static void print_mebibytes(uint64_t bytes)
{
	printf("\t%.2f", (double) bytes / 1048576);
}

static void print_held(const struct cost cost[2])
{
	print_mebibytes(cost[0].peak_live);
	for (unsigned i = 0; i < 2; i++) {
		print_mebibytes(cost[i].peak_held);
	}
	for (unsigned i = 0; i < 2; i++) {
		struct zmm_ratio mean = zmm_course_measure(&cost[i].course, ZMM_MEASURE_MEAN);

		if (mean.validity == ZMM_VALID) {
			printf("\t%.2f", mean.value);
		} else {
			printf("\t-");
		}
	}
}

static void print_calls(const struct cost cost[2])
{
	for (unsigned i = 0; i < 2; i++) {
		print_mebibytes(cost[i].held_at_end);
	}
	for (unsigned i = 0; i < 2; i++) {
		printf("\t%llu", (unsigned long long) cost[i].calls);
	}
}

int main(int argc, char **argv)
{
	bool calls = argc > 1 && strcmp(argv[1], "calls") == 0;

	puts(calls ? "trace\tlegacy end\tmodern end\tlegacy calls\tmodern calls"
		: "trace\tlive\tlegacy held\tmodern held\tlegacy mean H/L - 1\tmodern mean H/L - 1");
	for (int i = 2; i < argc; i++) {
		const char *name = strrchr(argv[i], '/') != NULL ? strrchr(argv[i], '/') + 1 : argv[i];
		struct cost cost[2] = { 0 };
		struct zmm_error error;
		zmm_program *program = zmm_program_load(argv[i], 0, &error);

		if (program == NULL || !measure(program, ZMM_ALLOCATOR_LEGACY, &cost[0], &error)
				|| !measure(program, ZMM_ALLOCATOR_MODERN, &cost[1], &error)) {
			fprintf(stderr, "memory: %s: %s\n", argv[i], error.text);
			return 1;
		}
		printf("%.*s", (int) strcspn(name, "."), name);
		(calls ? print_calls : print_held)(cost);
		putchar('\n');
		zmm_program_free(program);
	}
	return 0;
}
