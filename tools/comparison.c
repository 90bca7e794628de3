/* SPDX-License-Identifier: MIT */
/*
 * tools/comparison.c - takes the samples of a comparison and evaluates them. See comparison.h.
 */
#include "config.h"

#include "tools/comparison.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tools/progress.h"
#include "tools/shared_program.h"
#include "trace/ticks.h"

enum {
	blocks_min = 3,           /* whatever the budget */
	loop = ZMM_CONTENDERS_MAX,
	drain_pause_us = 2000
};

/* One trace's measuring under way. */
struct session {
	struct zmm_comparison *comparison;
	int program_fd;
	uint64_t base_held;
	int draining;             /* of the results before this one, some may still be drained */
};

static const struct zmm_contender the_loop = {
	.name = "none", .replay = { .allocator = ZMM_ALLOCATOR_NONE }
};

static const struct zmm_contender *contender_of(const struct session *session, int index)
{
	return index == loop ? &the_loop : &session->comparison->settings->contenders[index];
}

static struct zmm_result *result_of(const struct session *session, int index)
{
	return &session->comparison->results[index];
}

static bool takes_part(const struct session *session, int index)
{
	return result_of(session, index)->took_part && !result_of(session, index)->failed[0];
}

/* One contender's failure does not end the others' measuring. */
static void fail(struct session *session, int index, const struct zmm_error *cause)
{
	struct zmm_comparison *comparison = session->comparison;
	struct zmm_error error;
	int status;

	zmm_progress_clear();
	zmm_error_set(&error, cause->kind, "%s: %s", comparison->path, cause->text);
	status = zmm_error_print(&error);
	comparison->status = status > comparison->status ? status : comparison->status;
	snprintf(result_of(session, index)->failed, sizeof comparison->results[0].failed, "%s",
		cause->text);
}

static void show_progress(const struct session *session, const char *what, int index)
{
	zmm_progress("%s: %s, %s", session->comparison->path, what,
		contender_of(session, index)->name);
}

/* --- memory ---------------------------------------------------------------------------------- */

static void end_memory(struct session *session, int index)
{
	struct zmm_memory_run *run = &result_of(session, index)->memory;
	struct zmm_error error;

	if (!zmm_memory_run_end(run, &error)) {
		fail(session, index, &error);
		zmm_memory_run_drop(run);
	}
}

/* Looks after those that sleep, where it is time to; returns whether any is left. */
static bool look_after(struct session *session)
{
	bool left = false;

	for (int i = 0; i < session->draining; i++) {
		struct zmm_memory_run *run = &result_of(session, i)->memory;

		if (!run->record || run->gate < 0) {
			continue;
		}
		if (zmm_memory_run_drain(run)) {
			left = true;
		} else {
			end_memory(session, i);
		}
	}
	return left;
}

static void measure_memory(struct session *session, int index)
{
	struct zmm_memory_run *run = &result_of(session, index)->memory;
	struct zmm_error error;

	show_progress(session, "memory", index);
	if (!zmm_memory_run_begin(run, contender_of(session, index), session->program_fd,
			session->base_held, session->comparison->settings->drains, &error)) {
		run->gate = -1;
		fail(session, index, &error);
		return;
	}
	while (zmm_memory_run_step(run)) {
		look_after(session);
	}
	session->draining = index + 1;
	look_after(session);
}

static void make_map(struct session *session, int index)
{
	const struct zmm_contender *contender = contender_of(session, index);
	struct zmm_error error;

	if (!zmm_contender_is_heap(contender)) {
		return;
	}
	show_progress(session, "map", index);
	if (!zmm_heap_map_make(&result_of(session, index)->map, session->comparison->program,
			&contender->replay, &error)) {
		fail(session, index, &error);
	}
}

static void finish_drains(struct session *session)
{
	while (look_after(session)) {
		zmm_progress("%s: what is given back after the end", session->comparison->path);
		usleep(drain_pause_us);
	}
}

/* --- time ------------------------------------------------------------------------------------ */

static void measure_time(struct session *session, int index, unsigned position)
{
	struct zmm_result *result = result_of(session, index);
	struct zmm_time_sample sample;
	struct zmm_error error;
	uint64_t block = session->comparison->blocks;

	if (!zmm_sample_time(contender_of(session, index), session->program_fd, &sample, &error)) {
		fail(session, index, &error);
		return;
	}
	result->ns[block] = sample.ns;
	result->wall_ns[block] = sample.wall_ns;
	result->first_ns[block] = sample.first_ns;
	result->position[block] = position;
	result->refusing += sample.refused;
	result->samples = block + 1;
}

/* Every contender, and the loop, once. */
static void measure_block(struct session *session, uint64_t *seed)
{
	struct zmm_comparison *comparison = session->comparison;
	unsigned order[ZMM_CONTENDERS_MAX + 1], position = 0;
	int count = comparison->settings->count;

	zmm_shuffle(order, (size_t)count + 1, seed);
	for (int i = 0; i <= count; i++) {
		int index = (int)order[i] == count ? loop : (int)order[i];

		if (takes_part(session, index)) {
			zmm_progress("%s: time, block %d, %s", comparison->path,
				(int)comparison->blocks + 1, contender_of(session, index)->name);
			measure_time(session, index, position++);
			look_after(session);
		}
	}
	comparison->blocks++;
}

static void measure_times(struct session *session)
{
	struct zmm_comparison *comparison = session->comparison;
	const struct zmm_comparison_settings *settings = comparison->settings;
	uint64_t seed = settings->seed, began = zmm_monotonic_ns();
	double spent = 0, longest = 0;

	while (comparison->blocks < settings->blocks) {
		double before = spent;

		if (settings->budget_seconds > 0 && comparison->blocks >= blocks_min
				&& spent + longest > settings->budget_seconds) {
			break;
		}
		measure_block(session, &seed);
		spent = (double)(zmm_monotonic_ns() - began) / 1e9;
		longest = spent - before > longest ? spent - before : longest;
	}
}

/* --- latencies and instructions -------------------------------------------------------------- */

static void measure_latency(struct session *session, int index)
{
	struct zmm_result *result = result_of(session, index);
	struct zmm_error error;

	show_progress(session, "latencies", index);
	result->latency = calloc(1, sizeof *result->latency);
	zmm_error_set(&error, ZMM_ERROR_SYSTEM, "no memory for latencies");
	if (!result->latency || !zmm_sample_latency(contender_of(session, index), session->program_fd,
			result->latency, &error)) {
		fail(session, index, &error);
	}
}

static void count_instructions(struct session *session, int index)
{
	struct zmm_error error;

	show_progress(session, "instructions", index);
	if (!zmm_sample_instructions(contender_of(session, index), session->program_fd,
			&result_of(session, index)->instructions, &error)) {
		fail(session, index, &error);
	}
}

static void measure_each(struct session *session, void (*measure)(struct session *, int))
{
	for (int i = 0; i < session->comparison->settings->count; i++) {
		if (takes_part(session, i)) {
			measure(session, i);
		}
	}
}

/* --- evaluating ------------------------------------------------------------------------------ */

static void subtract(const double *numbers, size_t count, double less, double *difference)
{
	for (size_t i = 0; i < count; i++) {
		difference[i] = numbers[i] - less;
	}
}

/* The loop takes the same whoever is measured; its median is subtracted, which is steadier than the
 * sample of the same block. */
static void evaluate_one(struct zmm_comparison *comparison, int index)
{
	const struct zmm_result *own_loop = zmm_loop_result(comparison);
	const struct zmm_result *base = &comparison->results[comparison->settings->baseline];
	struct zmm_result *result = &comparison->results[index];
	size_t count = result->samples < base->samples ? result->samples : base->samples;
	double own[ZMM_SAMPLES_MAX] = { 0 }, other[ZMM_SAMPLES_MAX] = { 0 };

	result->net_ns = result->time.median - own_loop->time.median;
	result->net_ns = result->net_ns < 0 ? 0 : result->net_ns;
	subtract(result->ns, count, own_loop->time.median, own);
	subtract(base->ns, count, own_loop->time.median, other);
	result->ratio = zmm_paired_ratio(own, other, count, comparison->settings->seed);
	result->ratio_with_loop =
		zmm_paired_ratio(result->ns, base->ns, count, comparison->settings->seed).ratio;
	subtract(result->wall_ns, count, own_loop->wall.median, own);
	subtract(base->wall_ns, count, own_loop->wall.median, other);
	result->wall_ratio = zmm_paired_ratio(own, other, count, comparison->settings->seed);
}

void zmm_comparison_evaluate(struct zmm_comparison *comparison)
{
	for (int i = 0; i <= ZMM_CONTENDERS_MAX; i++) {
		struct zmm_result *result = &comparison->results[i];

		result->time = zmm_summarise(result->ns, result->samples);
		result->wall = zmm_summarise(result->wall_ns, result->samples);
		result->first = zmm_summarise(result->first_ns, result->samples);
	}
	for (int i = 0; i < comparison->settings->count; i++) {
		evaluate_one(comparison, i);
	}
}

/* --- all of it ------------------------------------------------------------------------------- */

static void measure(struct session *session)
{
	const struct zmm_comparison_settings *settings = session->comparison->settings;

	if (!settings->time_only) {
		measure_each(session, measure_memory);
		measure_each(session, make_map);
	}
	measure_times(session);
	if (!settings->time_only) {
		measure_each(session, measure_latency);
	}
	if (settings->instructions) {
		measure_each(session, count_instructions);
		count_instructions(session, loop);
	}
	finish_drains(session);
	zmm_progress_clear();
	zmm_comparison_evaluate(session->comparison);
}

bool zmm_compare(struct zmm_comparison *comparison, const struct zmm_comparison_settings *settings,
	const char *path, const zmm_program *program)
{
	struct session session = { .comparison = comparison };
	struct zmm_error error;

	memset(comparison, 0, sizeof *comparison);
	comparison->settings = settings;
	comparison->path = path;
	comparison->program = program;
	for (int i = 0; i < settings->count; i++) {
		comparison->results[i].took_part = !settings->contenders[i].missing;
		comparison->results[i].memory.gate = -1;
	}
	comparison->results[loop].took_part = true;
	session.program_fd = zmm_program_share(program, &error);
	if (session.program_fd < 0
			|| !zmm_sample_base(session.program_fd, &session.base_held, &error)) {
		zmm_progress_clear();
		comparison->status = zmm_error_print(&error);
		if (session.program_fd >= 0) {
			close(session.program_fd);
		}
		return false;
	}
	measure(&session);
	close(session.program_fd);
	return true;
}

void zmm_comparison_drop(struct zmm_comparison *comparison)
{
	for (int i = 0; i <= ZMM_CONTENDERS_MAX; i++) {
		zmm_memory_run_drop(&comparison->results[i].memory);
		zmm_heap_map_drop(&comparison->results[i].map);
		free(comparison->results[i].latency);
		comparison->results[i].latency = NULL;
	}
}
