/* SPDX-License-Identifier: MIT */
/*
 * t/docs/memory.c - what `zmm sweep` measures one by one, for the tables of the documents.
 *
 *	memory held TRACE...     what each trace needs of memory on both heaps
 *	memory calls TRACE...    what is held at its end, and the calls to storage
 *	memory rows TRACE        two rows of a table that has others: each heap's held bytes and mean
 *
 * A row of cells separated by tabs for each trace, under the file's name as far as the first dot.
 * Bytes are MiB.
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

static void print_mean(const struct cost *cost)
{
	struct zmm_ratio mean = zmm_course_measure(&cost->course, ZMM_MEASURE_MEAN);

	if (mean.validity == ZMM_VALID) {
		printf("\t%.2f", mean.value);
	} else {
		printf("\t-");
	}
}

static void print_held(const struct cost cost[2])
{
	print_mebibytes(cost[0].peak_live);
	print_mebibytes(cost[0].peak_held);
	print_mebibytes(cost[1].peak_held);
	print_mean(&cost[0]);
	print_mean(&cost[1]);
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

static void print_rows(const struct cost cost[2])
{
	static const char *const names[] = { "legacy", "modern" };

	puts("contender\theld\tmean H/L - 1");
	for (unsigned i = 0; i < 2; i++) {
		printf("%s", names[i]);
		print_mebibytes(cost[i].peak_held);
		print_mean(&cost[i]);
		putchar('\n');
	}
	puts("...");
}

static void print_trace(const char *what, const char *path, const struct cost cost[2])
{
	const char *name = strrchr(path, '/') != NULL ? strrchr(path, '/') + 1 : path;

	if (strcmp(what, "rows") == 0) {
		print_rows(cost);
		return;
	}
	printf("%.*s", (int) strcspn(name, "."), name);
	(strcmp(what, "calls") == 0 ? print_calls : print_held)(cost);
	putchar('\n');
}

int main(int argc, char **argv)
{
	const char *what = argc > 1 ? argv[1] : "";

	if (strcmp(what, "calls") == 0) {
		puts("trace\tlegacy end\tmodern end\tlegacy calls\tmodern calls");
	} else if (strcmp(what, "held") == 0) {
		puts("trace\tlive\tlegacy held\tmodern held\tlegacy mean H/L - 1"
			"\tmodern mean H/L - 1");
	} else if (strcmp(what, "rows") != 0) {
		fputs("usage: memory held|calls|rows TRACE...\n", stderr);
		return 2;
	}
	for (int i = 2; i < argc; i++) {
		struct cost cost[2] = { 0 };
		struct zmm_error error;
		zmm_program *program = zmm_program_load(argv[i], 0, &error);

		if (program == NULL || !measure(program, ZMM_ALLOCATOR_LEGACY, &cost[0], &error)
				|| !measure(program, ZMM_ALLOCATOR_MODERN, &cost[1], &error)) {
			fprintf(stderr, "memory: %s: %s\n", argv[i], error.text);
			return 1;
		}
		print_trace(what, argv[i], cost);
		zmm_program_free(program);
	}
	return 0;
}
