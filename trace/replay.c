/* SPDX-License-Identifier: MIT */
/*
 * trace/replay.c - making the heap that a replay runs on, the timed run, and the results.
 *
 * Owns the current heap and the host between zmm_replay_new() and zmm_replay_free().
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "trace/error.h"
#include "trace/replay_state.h"

static const char *const allocator_names[] = { "legacy", "modern", "system", "none" };

const char *zmm_allocator_name(enum zmm_allocator allocator)
{
	return allocator_names[allocator];
}

/* --- the host -------------------------------------------------------------------------------- */

static zmm_replay *running; /* whose heap reports to the host */

static void note_fatal_error(const char *message)
{
	snprintf(running->message, sizeof running->message, "%s", message);
	running->reported = true;
}

static const zend_mm_host replay_host = { .fatal_error = note_fatal_error };

/* --- storage --------------------------------------------------------------------------------- */

static void name_storages(char *text, size_t size)
{
	size_t length = 0;

	text[0] = '\0';
	for (size_t i = 0; zend_mm_storage_name(i) && length < size; i++) {
		length += (size_t)snprintf(text + length, size - length, "%s, ", zend_mm_storage_name(i));
	}
}

static bool is_spaced(const struct zmm_replay_options *options)
{
	return options->storage && strcmp(options->storage, ZMM_STORAGE_SPACED) == 0;
}

bool zmm_replay_judge(const struct zmm_replay_options *options, struct zmm_error *error)
{
	size_t segment_size = options->segment_size;
	char names[200];

	if (options->storage && !is_spaced(options) && !zend_mm_storage_type(options->storage)) {
		name_storages(names, sizeof names);
		zmm_error_set(error, ZMM_ERROR_INPUT,
			"there is no storage '%s'; this build has %s" ZMM_STORAGE_SPACED,
			options->storage, names);
		return false;
	}
	if (segment_size && (segment_size < 32 || (segment_size & (segment_size - 1)))) {
		zmm_error_set(error, ZMM_ERROR_INPUT,
			"segments of %zu bytes: the size has to be a power of two, 32 at least",
			segment_size);
		return false;
	}
	return true;
}

/* The storage that a replay stands in front of, where it has to: to refuse as the trace says, to
 * know regions by their numbers, or because it was asked to. */
static bool watch_storage(zmm_replay *replay, zend_mm_options *options)
{
	const struct zmm_replay_options *wanted = &replay->options;
	struct zmm_watched *watched = wanted->watched ? wanted->watched : &replay->own_watched;
	bool made;

	if (!is_spaced(wanted) && !wanted->watched && !wanted->refuse_at
			&& !replay->program->by_kind[ZMM_OP_REFUSE]) {
		return true;
	}
	if (is_spaced(wanted)) {
		replay->spaced = zmm_spaced_new();
		made = replay->spaced && zmm_watch(watched, &zmm_spaced_type, replay->spaced);
	} else {
		made = zmm_watch(watched, zend_mm_storage_type(options->storage), NULL);
	}
	if (made) {
		replay->watched = watched;
		watched->refuse_at = wanted->refuse_at;
		zmm_watched_use(watched, options);
	}
	return made;
}

/* --- making and destroying ------------------------------------------------------------------- */

static bool start_heap(zmm_replay *replay)
{
	zend_mm_options options;
	zend_mm_figures figures;

	zend_mm_default_options(&options);
	options.mode = replay->options.allocator == ZMM_ALLOCATOR_MODERN
		? ZEND_MM_MODERN : ZEND_MM_LEGACY;
	if (replay->options.segment_size) {
		options.segment_size = replay->options.segment_size;
	}
	if (replay->options.storage && !is_spaced(&replay->options)) {
		options.storage = replay->options.storage;
	}
	if (!options.storage && options.mode == ZEND_MM_MODERN) {
		options.storage = zend_mm_default_chunk_storage;
	}
	replay->storage = is_spaced(&replay->options) ? ZMM_STORAGE_SPACED
		: zend_mm_storage_type(options.storage)->segments.name;
	replay->segment_size = options.segment_size;
	if (!watch_storage(replay, &options)) {
		return false;
	}
	running = replay;
	zend_mm_set_host(&replay_host);
	replay->heap = replay->options.make_heap
		? replay->options.make_heap(&options, replay->options.make_context)
		: zend_mm_startup_with(&options);
	if (replay->heap) {
		replay->outer_heap = zend_mm_set_heap(replay->heap);
		zend_mm_get_figures(replay->heap, &figures);
		replay->first_limit = figures.limit;
	}
	return replay->heap != NULL;
}

static size_t slots_size(const zmm_program *program)
{
	return (program->slot_count ? program->slot_count : 1) * sizeof(void *);
}

/* Not from malloc, which may be what is measured, and written once, so that the timed run does not
 * wait for their memory. */
static void **new_slots(const zmm_program *program)
{
	void **slots = zend_mm_scratch_alloc(slots_size(program));

	return slots ? memset(slots, 0, slots_size(program)) : NULL;
}

static const struct zmm_verbs *verbs_of(enum zmm_allocator allocator)
{
	return allocator == ZMM_ALLOCATOR_NONE ? &zmm_none_verbs
		: allocator == ZMM_ALLOCATOR_SYSTEM ? &zmm_system_verbs : &zmm_heap_verbs;
}

zmm_replay *zmm_replay_new(const zmm_program *program, const struct zmm_replay_options *options,
	struct zmm_error *error)
{
	zmm_replay *replay;

	if (!zmm_replay_judge(options, error)) {
		return NULL;
	}
	replay = calloc(1, sizeof *replay);
	if (replay) {
		replay->program = program;
		replay->options = *options;
		replay->verbs = verbs_of(options->allocator);
		replay->on_heap = replay->verbs == &zmm_heap_verbs;
		replay->request = program->ops;
		replay->left = program->left;
		replay->slots = new_slots(program);
	}
	if (!replay || !replay->slots || (replay->on_heap && !start_heap(replay))) {
		zmm_error_set(error, ZMM_ERROR_SYSTEM, "cannot make a %s heap for %u slots: %s",
			zmm_allocator_name(options->allocator), program->slot_count, strerror(errno));
		zmm_replay_free(replay);
		return NULL;
	}
	return replay;
}

void zmm_replay_free(zmm_replay *replay)
{
	if (!replay) {
		return;
	}
	if (replay->heap) {
		zend_mm_set_heap(replay->outer_heap);
		zend_mm_shutdown(replay->heap, 1, 1);
	} else if (replay->verbs == &zmm_system_verbs && replay->slots) {
		zmm_replay_free_request(replay, replay->program->ops + replay->program->op_count);
	}
	if (running == replay) {
		running = NULL;
		zend_mm_set_host(NULL);
	}
	if (replay->watched) {
		zmm_unwatch(replay->watched);
	}
	zmm_spaced_free(replay->spaced);
	zend_mm_scratch_free(replay->slots, slots_size(replay->program));
	free(replay);
}

/* --- the timed run --------------------------------------------------------------------------- */

/* Not part of run(), whose call of setjmp() would keep the loop's variables out of registers. */
__attribute__((noinline)) static const struct zmm_op *run_plain(zmm_replay *replay,
	const struct zmm_op *op, const struct zmm_op *end)
{
	switch (replay->options.allocator) {
	case ZMM_ALLOCATOR_NONE:
		return zmm_run_plain(op, end, replay->slots, &replay->now, zmm_none_verbs);
	case ZMM_ALLOCATOR_SYSTEM:
		return zmm_run_plain(op, end, replay->slots, &replay->now, zmm_system_verbs);
	default:
		return zmm_run_plain(op, end, replay->slots, &replay->now, zmm_heap_verbs);
	}
}

/* An operation that the loop left to us. */
static void run_other(zmm_replay *replay, const struct zmm_op *op)
{
	switch (zmm_op_kind(op)) {
	case ZMM_OP_ALLOC:
	case ZMM_OP_ALIGNED:
	case ZMM_OP_RESIZE:
		zmm_replay_request(replay, op);
		break;
	case ZMM_OP_FREE:
		replay->verbs->free(replay->slots[zmm_op_slot(op)]);
		replay->slots[zmm_op_slot(op)] = NULL;
		break;
	default:
		zmm_replay_control(replay, op);
		break;
	}
}

/* Refusals are for the operation that follows, which is therefore done here as well. */
static const struct zmm_op *run_others(zmm_replay *replay, const struct zmm_op *op,
	const struct zmm_op *end)
{
	bool refusal;

	do {
		refusal = zmm_op_kind(op) == ZMM_OP_REFUSE;
		if (!refusal) {
			run_other(replay, op);
			zmm_replay_lapse(replay);
		} else {
			zmm_replay_control(replay, op);
		}
		op++;
	} while (refusal && op < end);
	return op;
}

/* A plain request failed: where the loop has to go on. */
static const struct zmm_op *after_failure(zmm_replay *replay)
{
	const struct zmm_op *op = replay->now;

	replay->failures++;
	if (zmm_op_kind(op) == ZMM_OP_ALLOC) {
		replay->slots[zmm_op_slot(op)] = NULL;
	}
	return op + 1;
}

static void run(zmm_replay *replay)
{
	const struct zmm_op *volatile op = replay->program->ops;
	const struct zmm_op *end = op + replay->program->op_count;

	while (op < end) {
		zend_try {
			op = run_plain(replay, op, end);
		} zend_catch {
			op = after_failure(replay);
			continue;
		} zend_end_try();
		if (op < end) {
			op = run_others(replay, op, end);
		}
	}
}

static uint64_t clock_ns(clockid_t clock)
{
	struct timespec now;

	clock_gettime(clock, &now);
	return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

void zmm_replay_clock(struct zmm_replay_time *time)
{
	time->wall_ns = clock_ns(CLOCK_MONOTONIC);
	time->cpu_ns = clock_ns(CLOCK_PROCESS_CPUTIME_ID);
}

void zmm_replay_clock_since(struct zmm_replay_time *time)
{
	time->cpu_ns = clock_ns(CLOCK_PROCESS_CPUTIME_ID) - time->cpu_ns;
	time->wall_ns = clock_ns(CLOCK_MONOTONIC) - time->wall_ns;
}

void zmm_replay_timed(zmm_replay *replay, struct zmm_replay_time *time)
{
	zmm_replay_clock(time);
	run(replay);
	zmm_replay_clock_since(time);
}

void zmm_replay_rewind(zmm_replay *replay)
{
	const zmm_program *program = replay->program;

	zmm_replay_lapse(replay);
	if (replay->on_heap) {
		zend_try {
			zend_set_memory_limit(replay->first_limit);
			shutdown_memory_manager(1, 0);
		} zend_end_try();
	} else if (replay->verbs == &zmm_system_verbs) {
		zmm_replay_free_request(replay, program->ops + program->op_count);
	}
	memset(replay->slots, 0, slots_size(program));
	replay->request = program->ops;
	replay->left = program->left;
	replay->failures = replay->peak_live_bytes = replay->peak_live_blocks = 0;
}

/* --- results --------------------------------------------------------------------------------- */

static void heap_results(const zmm_replay *replay, struct zmm_replay_results *results)
{
	zend_mm_figures figures;

	zend_mm_get_figures(replay->heap, &figures);
	results->storage = replay->storage;
	results->segment_size = replay->segment_size;
	results->real_size = figures.real_size;
	results->usage = figures.size;
	results->peak = figures.peak;
	results->real_peak = figures.real_peak;
	results->regions = figures.regions;
	results->storage_allocs = figures.storage_allocs;
	results->storage_resizes = figures.storage_resizes;
	results->storage_frees = figures.storage_frees;
	results->storage_refused = figures.storage_refused;
	results->peak_regions = figures.regions;
	results->peak_held = figures.real_peak;
	if (replay->watched) {
		results->peak_regions = replay->watched->peak_regions;
		results->peak_held = replay->watched->peak_bytes;
	}
}

void zmm_replay_get_results(const zmm_replay *replay, struct zmm_replay_results *results)
{
	*results = (struct zmm_replay_results){
		.operations = replay->program->op_count,
		.failures = replay->failures,
		.peak_live_bytes = replay->peak_live_bytes,
		.peak_live_blocks = replay->peak_live_blocks,
	};
	if (replay->heap) {
		heap_results(replay, results);
	}
}
