/* SPDX-License-Identifier: MIT */
/*
 * tools/memory_observe.c - the child's side of a memory run: replays, and enters in the record what
 * only the process itself knows. See memory_run.h.
 */
#include "config.h"

#include "tools/memory_run.h"

#ifdef _WIN32
bool zmm_memory_observe(const zmm_program *program, const struct zmm_replay_options *options,
	const struct zmm_memory_watch *watch, struct zmm_error *error)
{
	struct zmm_child child;

	(void)program;
	(void)options;
	(void)watch;
	return zmm_child_open(&child, error);
}
#else
#include <inttypes.h>
#include <unistd.h>

#include "tools/census.h"
#include "tools/memory.h"

enum {
	observations = 20000,     /* of what is held, at most about so many */
	looks_max = 20000000,     /* at slots, for all points together, about */
	points_min = 24
};

struct observer {
	const zmm_program *program;
	const struct zmm_memory_watch *watch;
	struct zmm_memory_record *record;
	struct zmm_error *error;
	bool failed;
	uint64_t points;          /* wanted, evenly over the run */
	uint64_t next_point;      /* the operation */
	uint64_t observe_every;
	uint64_t peak_operation;
	uint64_t last;            /* the operation observed last, plus 1 */
};

/* --- what is held ---------------------------------------------------------------------------- */

static uint64_t held_now(const struct observer *observer, const struct zmm_replay_moment *moment)
{
	zend_mm_figures figures;
	struct zmm_memory now;

	if (moment->heap) {
		zend_mm_get_figures(moment->heap, &figures);
		return figures.real_size;
	}
	now = zmm_memory_now();
	return now.held > observer->watch->base_held ? now.held - observer->watch->base_held : 0;
}

static void observe_held(struct observer *observer, const struct zmm_replay_moment *moment)
{
	uint64_t held = held_now(observer, moment);

	zmm_course_feed(&observer->record->course, moment->operation, moment->live_bytes, held);
	observer->record->final_held = held;
	if (held > observer->record->peak_held) {
		observer->record->peak_held = held;
	}
}

/* --- points ---------------------------------------------------------------------------------- */

static bool no_memory(struct observer *observer)
{
	zmm_error_set(observer->error, ZMM_ERROR_SYSTEM, "no memory to look at the heap");
	return false;
}

static bool shape_is_sound(struct observer *observer, const struct zmm_shape *shape,
	uint64_t operation)
{
	char text[160];

	if (!zmm_ledger_complaint(&shape->ledger, text, sizeof text)) {
		return true;
	}
	zmm_error_set(observer->error, ZMM_ERROR_SYSTEM, "the ledger after operation %" PRIu64
		" does not sum: %s", operation, text);
	return false;
}

static bool enter_heap(struct observer *observer, const struct zmm_replay_moment *moment,
	struct zmm_memory_point *point, struct zmm_shape *shape)
{
	struct zmm_live live;

	zmm_census_count(&live, observer->program, moment);
	if (zmm_shape_take(shape, moment->heap, &live) != 0) {
		return no_memory(observer);
	}
	point->usable = shape->ledger.usable;
	point->regions = shape->regions;
	point->pinned_regions = shape->pinned_regions;
	point->held = shape->ledger.held;
	for (int i = 0; i < ZMM_CAUSES; i++) {
		point->causes[i] = shape->ledger.bytes[i];
	}
	for (int i = 0; i < ZMM_MOMENT_MEASURES; i++) {
		point->measures[i] = zmm_shape_measure(shape, (enum zmm_measure)i);
	}
	return shape_is_sound(observer, shape, moment->operation);
}

static void enter_malloc(const struct observer *observer, const struct zmm_replay_moment *moment,
	struct zmm_memory_point *point)
{
	struct zmm_replay_block block;

	for (uint32_t slot = 0; slot < observer->program->slot_count; slot++) {
		if (zmm_replay_moment_block(moment, slot, &block)) {
			point->usable += zmm_memory_usable(block.data);
		}
	}
}

static void keep_pins(struct zmm_memory_record *record, const struct zmm_pins *pins)
{
	record->pin_count = pins->count < ZMM_PINS_KEPT ? pins->count : ZMM_PINS_KEPT;
	for (size_t i = 0; i < record->pin_count; i++) {
		record->pins[i] = pins->pins[i];
		record->pins[i].first = i * ZMM_PINS_KEPT;
		for (size_t k = 0; k < ZMM_PINS_KEPT && k < pins->pins[i].tenants.used_blocks; k++) {
			record->pin_blocks[i * ZMM_PINS_KEPT + k] = pins->blocks[pins->pins[i].first + k];
		}
	}
}

static bool enter_peak(struct observer *observer, const struct zmm_replay_moment *moment,
	const struct zmm_shape *shape)
{
	struct zmm_census census;
	struct zmm_pins pins;

	observer->record->shape = *shape;
	observer->record->shaped = true;
	if (!zmm_census_take(&census, observer->program, moment)) {
		return no_memory(observer);
	}
	if (zmm_pins_find(&pins, moment->heap, zmm_census_lookup, &census) != 0) {
		zmm_census_drop(&census);
		return no_memory(observer);
	}
	keep_pins(observer->record, &pins);
	zmm_pins_drop(&pins);
	zmm_census_drop(&census);
	return true;
}

/* Stands still until the parent has looked. */
static bool wait_for_parent(const struct observer *observer, char message)
{
	return write(observer->watch->gate, &message, 1) == 1
		&& read(observer->watch->gate, &message, 1) == 1;
}

static bool take_point(struct observer *observer, const struct zmm_replay_moment *moment)
{
	static struct zmm_shape shape; /* too big for the stack of some systems */
	struct zmm_memory_record *record = observer->record;
	struct zmm_memory_point *point = &record->points[record->point_count];

	if (record->point_count == ZMM_POINTS_MAX) {
		return true;
	}
	*point = (struct zmm_memory_point){
		.operation = moment->operation, .live = moment->live_bytes,
		.live_blocks = moment->live_blocks
	};
	if (!moment->heap) {
		enter_malloc(observer, moment, point);
	} else if (!enter_heap(observer, moment, point, &shape)) {
		return false;
	}
	if (point->usable > record->peak_usable) {
		record->peak_usable = point->usable;
	}
	if (record->point_count++ == 0) {
		record->mark_reset = zmm_memory_reset_mark();
	}
	if (!wait_for_parent(observer, 'p')) {
		zmm_error_set(observer->error, ZMM_ERROR_SYSTEM, "nobody looks any more");
		return false;
	}
	return !moment->heap || moment->operation != observer->peak_operation
		|| enter_peak(observer, moment, &shape);
}

/* The least operation behind this one that is to be a point. */
static uint64_t point_after(const struct observer *observer, uint64_t operation)
{
	uint64_t all = observer->program->op_count, intervals = observer->points - 1;
	uint64_t next = all;

	for (uint64_t k = all ? operation * intervals / all : intervals; k <= intervals; k++) {
		if (all * k / intervals > operation) {
			next = all * k / intervals;
			break;
		}
	}
	return observer->peak_operation > operation && observer->peak_operation < next
		? observer->peak_operation : next;
}

static bool observe(void *context, const struct zmm_replay_moment *moment)
{
	struct observer *observer = context;

	if (moment->operation + 1 == observer->last) {
		return true; /* the last one is shown twice */
	}
	observer->last = moment->operation + 1;
	if (moment->operation % observer->observe_every == 0
			|| moment->operation == observer->next_point) {
		observe_held(observer, moment);
	}
	if (moment->operation == observer->next_point) {
		observer->next_point = point_after(observer, moment->operation);
		observer->failed = !take_point(observer, moment);
	}
	return !observer->failed;
}

/* --- the run --------------------------------------------------------------------------------- */

static void set_up(struct observer *observer, const zmm_program *program)
{
	uint64_t points = looks_max / (program->slot_count + (uint64_t)1);

	points = points > ZMM_POINTS ? ZMM_POINTS : points < points_min ? points_min : points;
	observer->program = program;
	observer->points = points;
	observer->observe_every = program->op_count / observations + 1;
	observer->peak_operation = program->peak_op + 1;
}

static void take_results(const zmm_replay *replay, bool ours, struct zmm_memory_record *record)
{
	struct zmm_replay_results results;

	zmm_replay_get_results(replay, &results);
	record->peak_live = results.peak_live_bytes;
	record->failures = results.failures;
	if (ours) {
		record->peak_held = results.peak_held;
		record->final_held = results.real_size;
		record->peak_regions = results.peak_regions;
		record->storage_calls = results.storage_allocs + results.storage_resizes
			+ results.storage_frees;
	}
}

static bool go(struct observer *observer, zmm_replay *replay, bool ours)
{
	struct zmm_full_run full = {
		.touch = true, .observe_every = 1, .observer = observe, .context = observer
	};
	struct zmm_error why;
	struct zmm_replay_results results;

	if (!zmm_replay_full(replay, &full, &why)) {
		if (!observer->failed) {
			*observer->error = why;
		}
		return false;
	}
	take_results(replay, ours, observer->record);
	zmm_replay_rewind(replay);
	zmm_replay_get_results(replay, &results);
	observer->record->drained_held = results.real_size;
	wait_for_parent(observer, 'd');
	return true;
}

bool zmm_memory_observe(const zmm_program *program, const struct zmm_replay_options *options,
	const struct zmm_memory_watch *watch, struct zmm_error *error)
{
	static struct zmm_watched watched;
	struct zmm_replay_options own = *options;
	struct observer observer = { .watch = watch, .error = error };
	zmm_replay *replay;
	bool done;

	observer.record = zmm_memory_record_map(watch->record_fd);
	if (!observer.record) {
		return no_memory(&observer);
	}
	own.watched = &watched;
	set_up(&observer, program);
	zmm_memory_open();
	replay = zmm_replay_new(program, &own, error);
	done = replay && go(&observer, replay, options->allocator != ZMM_ALLOCATOR_SYSTEM);
	zmm_replay_free(replay);
	return done;
}
#endif
