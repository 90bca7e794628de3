/* SPDX-License-Identifier: MIT */
/*
 * Measures one variant of the legacy heap on one program: a watched replay that counts what was
 * searched and feeds the measures of fragmentation after each operation, then timed replays.
 *
 * All variants, the design as it was included, are heaps under study, so that what differs between
 * them is the idea alone; the library's own heap is faster than either.
 */
#include "tools/ablate_ideas.h"

#include <string.h>

struct watch {
	struct zmm_ablation *ablation;
	uint64_t searched;
};

static void note_event(void *context, const struct zend_mm_study_event *event)
{
	struct watch *watch = context;

	switch (event->kind) {
	case ZEND_MM_EVENT_TREE_NODE:
	case ZEND_MM_EVENT_TREE_EXACT:
		watch->searched++;
		break;
	case ZEND_MM_EVENT_LIST_SEARCH:
		watch->searched += event->number;
		break;
	case ZEND_MM_EVENT_CACHE_HIT:
		watch->ablation->cache_hits++;
		break;
	default:
		break;
	}
}

static bool note_moment(void *context, const struct zmm_replay_moment *moment)
{
	struct watch *watch = context;
	zend_mm_figures figures;

	zend_mm_get_figures(moment->heap, &figures);
	if (moment->operation)
		zmm_course_feed(&watch->ablation->course, moment->operation, moment->live_bytes,
			figures.real_size);
	return true;
}

static zend_mm_heap *make_heap(const zend_mm_options *options, void *context)
{
	return zend_mm_study_startup(options, context);
}

static bool watch_once(const struct zmm_variant *variant, const zmm_program *program,
	struct zmm_ablation *ablation, struct zmm_error *error)
{
	struct watch watch = { .ablation = ablation };
	struct zend_mm_study study = { note_event, &watch, variant->switches };
	struct zmm_watched watched;
	struct zmm_replay_options options = {
		.allocator = ZMM_ALLOCATOR_LEGACY, .segment_size = variant->segment_size,
		.watched = &watched, .make_heap = make_heap, .make_context = &study
	};
	struct zmm_full_run full = {
		.observe_every = 1, .observer = note_moment, .context = &watch
	};
	struct zmm_replay_results results;
	zmm_replay *replay = zmm_replay_new(program, &options, error);

	if (!replay || !zmm_replay_full(replay, &full, error)) {
		zmm_replay_free(replay);
		return false;
	}
	zmm_replay_get_results(replay, &results);
	ablation->searched = program->op_count ? (double)watch.searched / (double)program->op_count : 0;
	ablation->failures = results.failures;
	ablation->storage_calls = results.storage_allocs + results.storage_resizes
		+ results.storage_frees;
	ablation->peak_held = results.peak_held;
	ablation->peak_live = results.peak_live_bytes;
	zmm_replay_free(replay);
	return true;
}

static bool time_once(const struct zmm_variant *variant, const zmm_program *program, double *best,
	struct zmm_error *error)
{
	struct zend_mm_study study = { NULL, NULL, variant->switches };
	struct zmm_replay_options options = {
		.allocator = ZMM_ALLOCATOR_LEGACY, .segment_size = variant->segment_size,
		.make_heap = make_heap, .make_context = &study
	};
	struct zmm_replay_time time;
	zmm_replay *replay = zmm_replay_new(program, &options, error);
	double ns;

	if (!replay)
		return false;
	zmm_replay_timed(replay, &time);
	zmm_replay_free(replay);
	ns = program->op_count ? (double)time.cpu_ns / (double)program->op_count : 0;
	if (*best == 0 || ns < *best)
		*best = ns;
	return true;
}

bool zmm_ablate(const struct zmm_variant *variant, const zmm_program *program, unsigned runs,
	struct zmm_ablation *ablation, struct zmm_error *error)
{
	memset(ablation, 0, sizeof *ablation);
	if (!watch_once(variant, program, ablation, error))
		return false;
	for (unsigned run = 0; run < runs; run++)
		if (!time_once(variant, program, &ablation->ns_per_operation, error))
			return false;
	return true;
}
