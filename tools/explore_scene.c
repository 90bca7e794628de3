/* SPDX-License-Identifier: MIT */
/*
 * Makes scenes. See explore_scene.h.
 *
 * Memory for a scene is kept from one to the next and grows as needed; where there is none, the run
 * ends with an error.
 */
#include "tools/explore_scene.h"

#include <stdlib.h>
#include <string.h>

#include "trace/error.h"
#include "trace/spaced.h"

/* A run under way. */
struct stage {
	const struct zmm_scene_run *run;
	const zmm_program *program;
	struct zmm_error *error;
	struct zmm_watched watched;
	struct zend_mm_study study;
	struct zmm_scene scene;
	size_t region_room, list_room, step_room;
	size_t *block_room;                 /* of each region's array, and of each list's */
	size_t *member_room;
	const struct zmm_replay_moment *moment;
	bool failed;                        /* no memory; otherwise the observer ended the run */
	bool over;
	bool refused;
};

/* --- room ------------------------------------------------------------------------------------ */

/* Makes room for one more in an array; NULL, and the run failed, where there is none. */
static void *more(struct stage *stage, void *array, size_t *room, size_t count, size_t size)
{
	void *grown = array;

	if (count < *room)
		return array;
	grown = realloc(array, (*room ? 2 * *room : 64) * size);
	if (!grown) {
		stage->failed = true;
		return NULL;
	}
	memset((char *)grown + *room * size, 0, ((*room ? 2 * *room : 64) - *room) * size);
	*room = *room ? 2 * *room : 64;
	return grown;
}

static struct zmm_spot spot_of(const struct stage *stage, const void *address)
{
	struct zmm_spot spot = { ZMM_SPOT_NONE, 0 };
	size_t offset;

	if (!address)
		return spot;
	spot.region = zmm_spaced_region(stage->watched.inner->data, address, &offset);
	if (spot.region != ZMM_SPACED_NOWHERE) {
		spot.offset = offset;
		return spot;
	}
	spot.region = ZMM_SPOT_NONE;
	for (size_t i = 0; i < stage->scene.region_count; i++) { /* it has gone since */
		const struct zmm_scene_region *region = &stage->scene.regions[i];

		if ((uintptr_t)address - (uintptr_t)region->address < region->size)
			return (struct zmm_spot){ region->number,
				(uintptr_t)address - (uintptr_t)region->address };
	}
	return spot;
}

/* --- steps ----------------------------------------------------------------------------------- */

static void note_event(void *context, const struct zend_mm_study_event *event)
{
	struct stage *stage = context;
	struct zmm_scene *scene = &stage->scene;
	struct zmm_scene_step *steps = more(stage, scene->steps, &stage->step_room, scene->step_count,
		sizeof *steps);

	if (event->kind == ZEND_MM_EVENT_OVER_LIMIT || event->kind == ZEND_MM_EVENT_REFUSED)
		stage->refused = true;
	if (!steps)
		return;
	scene->steps = steps;
	steps[scene->step_count++] = (struct zmm_scene_step){
		event->kind, spot_of(stage, event->address), event->size, event->number
	};
}

/* --- words ----------------------------------------------------------------------------------- */

/* A link's value is 1 for an address outside the regions, which is in the heap's structure. */
static void add_words(const struct stage *stage, const zend_mm_region *region,
	const zend_mm_block_info *info, struct zmm_scene_block *block)
{
	struct zend_mm_study_word words[ZEND_MM_STUDY_WORDS];

	block->word_count = (unsigned)zend_mm_study_words(region, info, words);
	for (unsigned i = 0; i < block->word_count; i++) {
		const struct zend_mm_study_word *word = &words[i];
		const void *address = word->link ? (const void *)(uintptr_t)word->value : NULL;
		struct zmm_spot spot = spot_of(stage, address);
		bool outside = word->link && word->value >= 4096 && spot.region == ZMM_SPOT_NONE;

		block->words[i] = (struct zmm_scene_word){
			word->name, word->offset, word->size, word->link, outside ? 1 : word->value, spot
		};
	}
}

/* --- walks ----------------------------------------------------------------------------------- */

static bool add_region(struct stage *stage, const zend_mm_region *region)
{
	struct zmm_scene *scene = &stage->scene;
	size_t room = stage->region_room;
	struct zmm_scene_region *regions = more(stage, scene->regions, &stage->region_room,
		scene->region_count, sizeof *regions);

	if (!regions)
		return false;
	scene->regions = regions;
	if (room != stage->region_room) {
		size_t *block_room = realloc(stage->block_room, stage->region_room * sizeof *block_room);

		if (!block_room) {
			stage->failed = true;
			return false;
		}
		memset(block_room + room, 0, (stage->region_room - room) * sizeof *block_room);
		stage->block_room = block_room;
	}
	regions += scene->region_count;
	regions->number = spot_of(stage, region->address).region;
	regions->kind = region->kind;
	regions->address = region->address;
	regions->size = region->size;
	regions->block_count = 0;
	scene->region_count++;
	return true;
}

static int visit(void *context, const zend_mm_region *region, const zend_mm_block_info *info)
{
	struct stage *stage = context;
	struct zmm_scene_region *last;
	struct zmm_scene_block *blocks;

	if (!info)
		return add_region(stage, region) ? 0 : 1;
	last = &stage->scene.regions[stage->scene.region_count - 1];
	blocks = more(stage, last->blocks, &stage->block_room[stage->scene.region_count - 1],
		last->block_count, sizeof *blocks);
	if (!blocks)
		return 1;
	last->blocks = blocks;
	blocks += last->block_count++;
	*blocks = (struct zmm_scene_block){
		.size = info->size, .state = info->state, .list = info->list, .index = info->index,
		.data = info->data ? (size_t)((uintptr_t)info->data - (uintptr_t)info->address) : 0,
		.internal = info->internal
	};
	add_words(stage, region, info, blocks);
	return 0;
}

static struct zmm_scene_list *list_for(struct stage *stage, zend_mm_block_list list,
	unsigned index)
{
	struct zmm_scene *scene = &stage->scene;
	size_t room = stage->list_room;
	struct zmm_scene_list *lists;

	if (scene->list_count && scene->lists[scene->list_count - 1].list == list
		&& scene->lists[scene->list_count - 1].index == index)
		return &scene->lists[scene->list_count - 1];
	lists = more(stage, scene->lists, &stage->list_room, scene->list_count, sizeof *lists);
	if (!lists)
		return NULL;
	scene->lists = lists;
	if (room != stage->list_room) {
		size_t *member_room = realloc(stage->member_room, stage->list_room * sizeof *member_room);

		if (!member_room) {
			stage->failed = true;
			return NULL;
		}
		memset(member_room + room, 0, (stage->list_room - room) * sizeof *member_room);
		stage->member_room = member_room;
	}
	lists += scene->list_count++;
	lists->list = list;
	lists->index = index;
	lists->count = 0;
	return lists;
}

static int visit_member(void *context, zend_mm_block_list list, unsigned index,
	const zend_mm_block_info *info, unsigned depth, int link)
{
	struct stage *stage = context;
	struct zmm_scene_list *of = list_for(stage, list, index);
	struct zmm_scene_member *members;

	if (!of)
		return 1;
	members = more(stage, of->members, &stage->member_room[stage->scene.list_count - 1],
		of->count, sizeof *members);
	if (!members)
		return 1;
	of->members = members;
	members[of->count++] = (struct zmm_scene_member){
		spot_of(stage, info->address), info->size, depth, link
	};
	return 0;
}

/* --- owners ---------------------------------------------------------------------------------- */

struct owner {
	struct zmm_spot spot;
	uint64_t operation, requested;
};

static int by_spot(const void *left, const void *right)
{
	const struct owner *a = left, *b = right;

	if (a->spot.region != b->spot.region)
		return a->spot.region < b->spot.region ? -1 : 1;
	return a->spot.offset < b->spot.offset ? -1 : a->spot.offset > b->spot.offset;
}

/* Both are in order: one pass. */
static void give_owners(const struct owner *owner, const struct owner *end,
	struct zmm_scene_region *region)
{
	size_t at = 0;

	while (owner < end && owner->spot.region < region->number)
		owner++;
	for (size_t b = 0; b < region->block_count; b++) {
		struct zmm_scene_block *block = &region->blocks[b];

		if (owner < end && owner->spot.region == region->number
			&& owner->spot.offset == at + block->data && block->state == ZEND_MM_BLOCK_USED) {
			block->operation = owner->operation;
			block->requested = owner->requested;
			owner++;
		}
		at += block->size;
	}
}

static bool find_owners(struct stage *stage)
{
	struct owner *owners = malloc((stage->program->slot_count + 1) * sizeof *owners);
	size_t count = 0;
	struct zmm_replay_block live;

	if (!owners) {
		stage->failed = true;
		return false;
	}
	for (uint32_t slot = 0; slot < stage->program->slot_count; slot++)
		if (zmm_replay_moment_block(stage->moment, slot, &live))
			owners[count++] = (struct owner){
				spot_of(stage, live.data), live.operation, live.requested
			};
	qsort(owners, count, sizeof *owners, by_spot);
	for (size_t i = 0; i < stage->scene.region_count; i++)
		give_owners(owners, owners + count, &stage->scene.regions[i]);
	free(owners);
	return true;
}

/* --- scenes ---------------------------------------------------------------------------------- */

/* Where the block is that the operation asked for or resized. */
static struct zmm_spot result_of(const struct stage *stage)
{
	const struct zmm_op *op = stage->moment->operation
		? &stage->program->ops[stage->moment->operation - 1] : NULL;
	enum zmm_op_kind kind = op ? zmm_op_kind(op) : ZMM_OP_USAGE;
	struct zmm_replay_block live;

	if ((kind == ZMM_OP_ALLOC || kind == ZMM_OP_ALIGNED || kind == ZMM_OP_RESIZE)
		&& zmm_replay_moment_block(stage->moment, zmm_op_slot(op), &live))
		return spot_of(stage, live.data);
	return (struct zmm_spot){ ZMM_SPOT_NONE, 0 };
}

static bool take_scene(struct stage *stage)
{
	struct zmm_scene *scene = &stage->scene;

	scene->operation = stage->moment->operation;
	scene->live_bytes = stage->moment->live_bytes;
	scene->live_blocks = stage->moment->live_blocks;
	scene->failed = stage->refused;
	scene->region_count = scene->list_count = 0;
	zend_mm_get_figures(stage->moment->heap, &scene->figures);
	if (zend_mm_walk(stage->moment->heap, visit, stage) != 0
		|| zend_mm_walk_lists(stage->moment->heap, visit_member, stage) != 0) {
		stage->failed = true;
		return false;
	}
	scene->result = result_of(stage);
	return find_owners(stage);
}

static bool observe(void *context, const struct zmm_replay_moment *moment)
{
	struct stage *stage = context;
	bool go_on = true;

	stage->moment = moment;
	if (stage->over)
		return false;
	/* The scene before the first one, too: it knows the regions that the first one's steps lost. */
	if (moment->operation + 1 >= stage->run->first)
		go_on = take_scene(stage);
	if (go_on && moment->operation >= stage->run->first) {
		go_on = stage->run->observer(stage->run->context, &stage->scene);
		stage->over = !go_on || moment->operation >= stage->run->last;
	}
	stage->scene.step_count = 0;
	stage->refused = false;
	return go_on && !stage->over && !stage->failed;
}

static void drop(struct stage *stage)
{
	for (size_t i = 0; i < stage->region_room; i++)
		free(stage->scene.regions[i].blocks);
	for (size_t i = 0; i < stage->list_room; i++)
		free(stage->scene.lists[i].members);
	free(stage->scene.regions);
	free(stage->scene.lists);
	free(stage->scene.steps);
	free(stage->block_room);
	free(stage->member_room);
}

static zend_mm_heap *make_heap(const zend_mm_options *options, void *context)
{
	return zend_mm_study_startup(options, context);
}

static bool run_stage(struct stage *stage)
{
	struct zmm_replay_options options = {
		.allocator = stage->run->allocator, .segment_size = stage->run->segment_size,
		.storage = ZMM_STORAGE_SPACED, .watched = &stage->watched,
		.make_heap = make_heap, .make_context = &stage->study
	};
	struct zmm_full_run full = { .observe_every = 1, .observer = observe, .context = stage };
	struct zmm_error why;
	zmm_replay *replay = zmm_replay_new(stage->program, &options, stage->error);
	bool done;

	if (!replay)
		return false;
	done = zmm_replay_full(replay, &full, &why);
	zmm_replay_free(replay);
	if (stage->failed)
		zmm_error_set(stage->error, ZMM_ERROR_SYSTEM, "no memory to show the heap");
	else if (!done && !stage->over)
		*stage->error = why;
	return !stage->failed && (done || stage->over);
}

bool zmm_scenes_run(const zmm_program *program, const struct zmm_scene_run *run,
	struct zmm_error *error)
{
	struct stage *stage = calloc(1, sizeof *stage);
	bool done;

	if (!stage) {
		zmm_error_set(error, ZMM_ERROR_SYSTEM, "no memory to show the heap");
		return false;
	}
	stage->run = run;
	stage->program = program;
	stage->error = error;
	stage->study = (struct zend_mm_study){ note_event, stage, run->switches };
	stage->scene.mode = run->allocator == ZMM_ALLOCATOR_MODERN ? ZEND_MM_MODERN : ZEND_MM_LEGACY;
	done = run_stage(stage);
	drop(stage);
	free(stage);
	return done;
}

/* --- names ----------------------------------------------------------------------------------- */

const char *zmm_scene_list_name(zend_mm_block_list list)
{
	switch (list) {
	case ZEND_MM_LIST_CACHE:
		return "cache";
	case ZEND_MM_LIST_BUCKET:
		return "bucket";
	case ZEND_MM_LIST_TRIE:
		return "tree";
	case ZEND_MM_LIST_REST:
		return "rest list";
	case ZEND_MM_LIST_BIN:
		return "bin";
	default:
		return "";
	}
}

const char *zmm_scene_state_name(const struct zmm_scene_block *block)
{
	static const char *const names[] = {
		[ZEND_MM_BLOCK_HEADER] = "header", [ZEND_MM_BLOCK_GUARD] = "guard",
		[ZEND_MM_BLOCK_USED] = "used", [ZEND_MM_BLOCK_RESERVE] = "reserve",
		[ZEND_MM_BLOCK_CACHED] = "cached", [ZEND_MM_BLOCK_FREE] = "free",
		[ZEND_MM_BLOCK_FREE_PAGES] = "free pages", [ZEND_MM_BLOCK_TAIL] = "tail"
	};

	return block->internal ? "heap's own" : names[block->state];
}
