/* SPDX-License-Identifier: MIT */
/*
 * Replays up to a moment, keeping book of all requests, and turns what is alive into a profile. See
 * profile_heap.h.
 */
#include "tools/profile_heap.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "tools/census.h"
#include "tools/profile_sites.h"
#include "tools/size_class.h"

struct job {
	const struct zmm_profile_task *task;
	struct zmm_profile_result *result;
	struct zmm_error *error;
	zmm_profile *profile;
	zmm_sites *sites;           /* NULL for a profile by size, or by cause */
	uint64_t *last;             /* by slot: the operation that allocated or resized its block */
	struct zmm_profile_counts requests[ZMM_SIZE_CLASSES]; /* served since the beginning */
	bool reached;               /* the moment came */
	bool failed;                /* and could not be told */

	/* Of the walk at the moment. */
	struct zmm_census census;
	zend_mm_mode mode;
	size_t regions, regions_seen;
	uint64_t heap_frame, region_frame;
};

/* --- the book of requests --- */

static struct zmm_profile_counts alive(uint64_t objects, uint64_t bytes)
{
	return (struct zmm_profile_counts){ objects, bytes, objects, bytes };
}

static void add_by_site(struct job *job, uint64_t operation, struct zmm_profile_counts counts)
{
	size_t count;
	const uint64_t *frames = zmm_sites_stack(job->sites, job->task->program->site[operation - 1],
		&count, job->profile);
	uint64_t nowhere;

	if (!frames) {
		nowhere = zmm_profile_label(job->profile, "no call site");
		frames = &nowhere;
		count = 1;
	}
	zmm_profile_add(job->profile, frames, count, counts);
}

/* Whether the operation made or resized its block, which is then looked up. A resize that failed
 * left the block with its old size. */
static bool was_served(const struct job *job, const struct zmm_op *op,
	const struct zmm_replay_moment *moment, struct zmm_replay_block *block)
{
	switch (zmm_op_kind(op)) {
	case ZMM_OP_ALLOC:
	case ZMM_OP_ALIGNED:
		return zmm_replay_moment_block(moment, zmm_op_slot(op), block);
	case ZMM_OP_RESIZE:
		return zmm_replay_moment_block(moment, zmm_op_slot(op), block)
			&& block->requested == zmm_op_size(job->task->program, op);
	default:
		return false;
	}
}

static void keep_book(struct job *job, const struct zmm_replay_moment *moment)
{
	const struct zmm_op *op = &job->task->program->ops[moment->operation - 1];
	struct zmm_replay_block block;

	if (!was_served(job, op, moment, &block))
		return;
	job->last[zmm_op_slot(op)] = moment->operation;
	if (job->sites) {
		add_by_site(job, moment->operation,
			(struct zmm_profile_counts){ 0, 0, 1, block.requested });
		return;
	}
	struct zmm_profile_counts *requests =
		&job->requests[zmm_size_class_of_request(zend_mm_get_mode(moment->heap), block.requested)];
	requests->all_objects++;
	requests->all_bytes += block.requested;
}

/* --- by call site --- */

static void tell_sites(struct job *job)
{
	for (size_t i = 0; i < job->census.count; i++) {
		const struct zmm_census_block *block = &job->census.blocks[i];
		add_by_site(job, job->last[block->slot],
			(struct zmm_profile_counts){ 1, block->requested, 0, 0 });
	}
}

/* --- by size, and by cause --- */

static void begin_region(struct job *job, const zend_mm_region *region)
{
	size_t number = job->regions_seen++;
	char label[64];

	switch (region->kind) {
	case ZEND_MM_REGION_SEGMENT: /* the walk shows the newest first */
		snprintf(label, sizeof label, "segment %zu", job->regions - number);
		break;
	case ZEND_MM_REGION_CHUNK:
		snprintf(label, sizeof label, "chunk %zu", number + 1);
		break;
	case ZEND_MM_REGION_CACHED_CHUNK:
		snprintf(label, sizeof label, "cached chunks");
		break;
	default:
		snprintf(label, sizeof label, "huge blocks");
		break;
	}
	job->region_frame = zmm_profile_label(job->profile, label);
}

static uint64_t class_frame(struct job *job, unsigned class)
{
	char label[64];

	zmm_size_class_label(job->mode, class, label, sizeof label);
	return zmm_profile_label(job->profile, label);
}

static int tell_size(void *context, const zend_mm_region *region, const zend_mm_block_info *block)
{
	struct job *job = context;

	if (!block) {
		begin_region(job, region);
		return 0;
	}
	const struct zmm_census_block *live = block->state == ZEND_MM_BLOCK_USED && !block->internal
		? zmm_census_find(&job->census, block->data) : NULL;
	if (!live)
		return 0;
	unsigned class = zmm_size_class_of_request(job->mode, live->requested);
	const uint64_t frames[] = { class_frame(job, class), job->region_frame, job->heap_frame };
	zmm_profile_add(job->profile, frames, 3, alive(1, live->requested));
	job->requests[class].live_objects++;
	job->requests[class].live_bytes += live->requested;
	return 0;
}

/* Lines for what was requested and is gone, so that the figures in brackets are complete. */
static void tell_the_dead(struct job *job)
{
	for (unsigned class = 0; class < ZMM_SIZE_CLASSES; class++) {
		const struct zmm_profile_counts *requests = &job->requests[class];
		const struct zmm_profile_counts dead = { 0, 0,
			requests->all_objects - requests->live_objects,
			requests->all_bytes - requests->live_bytes };
		if (dead.all_objects == 0)
			continue;
		const uint64_t frames[] = { class_frame(job, class),
			zmm_profile_label(job->profile, "freed or resized"), job->heap_frame };
		zmm_profile_add(job->profile, frames, 3, dead);
	}
}

static void add_cause(struct job *job, const zend_mm_block_info *block, enum zmm_cause cause,
	uint64_t objects, uint64_t bytes)
{
	unsigned class = zmm_size_class_of_block(job->mode, block);
	uint64_t frames[4];
	size_t count = 0;

	if (objects + bytes == 0)
		return;
	if (class != ZMM_SIZE_CLASSES)
		frames[count++] = class_frame(job, class);
	frames[count++] = zmm_profile_label(job->profile, zmm_cause_info(cause)->title);
	frames[count++] = job->region_frame;
	frames[count++] = job->heap_frame;
	zmm_profile_add(job->profile, frames, count, alive(objects, bytes));
}

static int tell_cause(void *context, const zend_mm_region *region, const zend_mm_block_info *block)
{
	struct job *job = context;
	struct zmm_ledger ledger = { .held = 0 };
	struct zmm_live live = { .blocks = 0 };

	if (!block) {
		begin_region(job, region);
		return 0;
	}
	/* A ledger of this one block. */
	const struct zmm_census_block *known = block->state == ZEND_MM_BLOCK_USED && !block->internal
		? zmm_census_find(&job->census, block->data) : NULL;
	if (known)
		zmm_live_add(&live, job->mode, known->data, known->requested);
	zmm_ledger_visit(&ledger, region, block);
	zmm_ledger_close(&ledger, &live, block->size);
	for (int i = 0; i < ZMM_CAUSES; i++) {
		bool whole = i == ZMM_CAUSE_REQUESTED ? known != NULL : ledger.bytes[i] == block->size;
		add_cause(job, block, (enum zmm_cause)i, whole, ledger.bytes[i]);
	}
	return 0;
}

static bool tell_walk(struct job *job, zend_mm_heap *heap)
{
	zend_mm_figures figures;
	char title[32];

	zend_mm_get_figures(heap, &figures);
	job->regions = figures.regions;
	snprintf(title, sizeof title, "%s heap", job->mode == ZEND_MM_LEGACY ? "legacy" : "modern");
	job->heap_frame = zmm_profile_label(job->profile, title);
	if (zend_mm_walk(heap, job->task->held ? tell_cause : tell_size, job) != 0)
		return false;
	if (!job->task->held)
		tell_the_dead(job);
	return true;
}

/* --- the moment --- */

/* Whether the profile's bytes are the ledger's. */
static bool totals_agree(struct job *job)
{
	const struct zmm_ledger *ledger = &job->result->ledger;
	uint64_t told = zmm_profile_total(job->profile).live_bytes;
	uint64_t expected = job->task->held ? ledger->held : ledger->live.requested;

	if (told == expected)
		return true;
	zmm_error_set(job->error, ZMM_ERROR_SYSTEM, "the profile's %" PRIu64
		" bytes are not the ledger's %" PRIu64, told, expected);
	return false;
}

static bool tell_sample(struct job *job, const struct zmm_replay_moment *moment)
{
	char text[160];

	job->mode = zend_mm_get_mode(moment->heap);
	zmm_error_set(job->error, ZMM_ERROR_SYSTEM, "no memory for the profile");
	if (!zmm_census_take(&job->census, job->task->program, moment)
		|| zmm_ledger_take(&job->result->ledger, moment->heap, &job->census.live) != 0)
		return false;
	if (zmm_ledger_complaint(&job->result->ledger, text, sizeof text)) {
		zmm_error_set(job->error, ZMM_ERROR_SYSTEM, "the ledger after operation %" PRIu64
			" does not sum: %s", moment->operation, text);
		return false;
	}
	if (job->sites)
		tell_sites(job);
	else if (!tell_walk(job, moment->heap))
		return false;
	return totals_agree(job);
}

static bool observe(void *context, const struct zmm_replay_moment *moment)
{
	struct job *job = context;

	if (moment->operation > 0)
		keep_book(job, moment);
	if (moment->operation < job->task->at)
		return true;
	job->reached = true;
	job->failed = !tell_sample(job, moment);
	return false;
}

static bool run(struct job *job)
{
	struct zmm_full_run full = { .observe_every = 1, .observer = observe, .context = job };
	struct zmm_error ended;
	zmm_replay *replay = zmm_replay_new(job->task->program, job->task->replay, job->error);

	if (!replay)
		return false;
	/* Ends by the observer's wish, or too early. */
	zmm_replay_full(replay, &full, &ended);
	zmm_replay_free(replay);
	if (!job->reached)
		*job->error = ended;
	return job->reached && !job->failed;
}

bool zmm_profile_heap(const struct zmm_profile_task *task, struct zmm_profile_result *result,
	struct zmm_error *error)
{
	struct job *job = calloc(1, sizeof *job);
	uint64_t *last = calloc((size_t)task->program->slot_count + 1, sizeof *last);
	zmm_profile *profile = zmm_profile_new(zmm_allocator_name(task->replay->allocator));
	bool done = false;

	*result = (struct zmm_profile_result){ .profile = profile,
		.by_site = task->program->site && !task->held };
	if (job && last && profile) {
		*job = (struct job){ .task = task, .result = result, .error = error,
			.profile = profile, .last = last };
		job->sites = result->by_site ? zmm_sites_read(task->path, error) : NULL;
		done = (job->sites || !result->by_site) && run(job);
		zmm_census_drop(&job->census);
		zmm_sites_free(job->sites);
	} else {
		zmm_error_set(error, ZMM_ERROR_SYSTEM, "no memory for the profile");
	}
	free(job);
	free(last);
	if (!done)
		zmm_profile_free(profile);
	return done;
}
