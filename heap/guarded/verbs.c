/* SPDX-License-Identifier: MIT */
/*
 * heap/guarded/verbs.c - the verbs of a guarded heap: each judges what comes in, and has the heap
 * below do the work.
 *
 * Called by the interface and by the malloc replacement, through the heap's head.
 */
#include "heap/failure.h"
#include "heap/guarded/guarded.h"
#include "heap/guarded/witness.h"
#include "storage/stack.h"
#include "storage/storage.h"

static const struct zend_mm_verbs *below(const struct guard_layer *guard)
{
	return guard->layer.below;
}

/* Where the program called the library, as far as a verb can tell: the library's own functions
 * end in tail calls to verbs where the compiler makes such calls. */
#define CALLER() __builtin_return_address(0)

ZEND_MM_NORETURN static void give_up(const struct guard_layer *guard,
	const zend_mm_problem *problem)
{
	zend_mm_report_from = guard->caller;
	zend_mm_corrupted(problem);
}

/* The calls that made a request. */
struct guard_noted_calls {
	const void *caller;
	const void *frames[guard_site_depth];
};

/* {{{ Requests between two of which everything is looked at. */

static void count_request(struct guard_layer *guard, const char *verb, const void *ptr, size_t size,
	const struct guard_noted_calls *calls)
{
	zend_mm_problem problem;

	if (UNEXPECTED(zend_mm_witness != NULL)) {
		zend_mm_witness_request(&(struct zend_mm_witnessed){
			verb, ptr, size, guard->settings.sites ? calls->frames : NULL
		});
	}
	if (guard->settings.check_every == 0 || ++guard->requests < guard->settings.check_every) {
		return;
	}
	guard->requests = 0;
	if (zend_mm_guard_check_all(guard, &problem) > 0 ||
		below(guard)->check(guard->heap, &problem) > 0) {
		give_up(guard, &problem);
	}
}

/* }}} */
/* {{{ Allocating. */

static size_t at_least_a_page(const struct guard_layer *guard, size_t alignment)
{
	return guard->settings.guard_pages && alignment < zend_mm_page_size() ? zend_mm_page_size() :
		alignment;
}

/* Memory for a block, from the heap below, which raises what is to be raised.  A heap whose
 * storage, reserve and structure keep to the guards' alignment has only blocks that do, since rooms
 * are multiples of it; in another one it has to be asked for. */
static char *ask_below(struct guard_layer *guard, size_t alignment, size_t room)
{
	size_t needed = at_least_a_page(guard, alignment);

	if (needed <= guard->alignment) {
		char *base = below(guard)->alloc(guard->heap, room);

		if ((uintptr_t)base % guard->alignment == 0) {
			return base;
		}
		below(guard)->free(guard->heap, base);
		needed = guard->alignment;
	}
	return below(guard)->alloc_aligned(guard->heap, needed, room);
}

/* Before the lock is taken: the dynamic linker, which is asked here, has locks of its own. */
static void note_calls(const struct guard_layer *guard, struct guard_noted_calls *calls,
	const void *caller)
{
	calls->caller = caller;
	if (guard->settings.sites) {
		zend_mm_call_stack(calls->frames, guard_site_depth, caller);
	}
}

/* There was no memory for a record, and the heap's block went back: refused as heaps refuse. */
static void *no_record(const struct guard_layer *guard, size_t size)
{
	if (!guard->heap->null_on_failure) {
		zend_mm_raise("Out of memory (allocated %zu bytes) (tried to allocate %zu bytes)",
			guard->heap->real_size, size);
	}
	return NULL;
}

/* The guards of a new block, and its record; the memory goes back where there is none for that. */
static void *take_in(struct guard_layer *guard, char *base, size_t alignment, size_t room,
	size_t size, const struct guard_noted_calls *calls)
{
	char *data = zend_mm_guard_data(guard, base, alignment, room, size);
	struct guard_record *record = zend_mm_guard_record_add(&guard->records, data);

	if (!record) {
		below(guard)->free(guard->heap, base);
		return no_record(guard, size);
	}
	record->base = base;
	record->room = room;
	record->size = size;
	record->family = ZEND_MM_FAMILY_MALLOC;
	record->alignment_shift = (uint8_t)__builtin_ctzll(alignment);
	record->site = zend_mm_site;
	if (guard->settings.sites) {
		memcpy(record->calls[0].frames, calls->frames, sizeof calls->frames);
	}
	zend_mm_guard_raise(guard, record);
	return data;
}

static void *allocate(struct guard_layer *guard, size_t alignment, size_t size,
	const struct guard_noted_calls *calls)
{
	size_t room = zend_mm_guard_room(guard, alignment, size);
	char *base;

	if (alignment < guard->alignment) {
		alignment = guard->alignment;
	}
	zend_mm_guard_lock(guard);
	guard->caller = calls->caller;
	count_request(guard, "allocate", NULL, size, calls);
	/* a size that wraps is refused by the heap below as well */
	base = ask_below(guard, alignment, room ? room : SIZE_MAX - zend_mm_page_size());
	if (base) {
		base = take_in(guard, base, alignment, room, size, calls);
	}
	zend_mm_guard_unlock(guard);
	return base;
}

static ZEND_MM_NOINLINE void *guarded_alloc(zend_mm_heap *heap, size_t size)
{
	struct guard_layer *guard = guard_of(heap);
	struct guard_noted_calls calls;

	note_calls(guard, &calls, CALLER());
	return allocate(guard, guard->alignment, size, &calls);
}

static ZEND_MM_NOINLINE void *guarded_alloc_aligned(zend_mm_heap *heap, size_t alignment,
	size_t size)
{
	struct guard_layer *guard = guard_of(heap);
	struct guard_noted_calls calls;

	note_calls(guard, &calls, CALLER());
	return allocate(guard, alignment, size, &calls);
}

/* }}} */
/* {{{ Freeing. */

/* Gives a freed block's memory back, unless that stays hidden.  The record has left its queue. */
static void let_go(struct guard_layer *guard, struct guard_record *record)
{
	char *base = record->base;
	bool touchable = zend_mm_guard_lower(guard, record);

	zend_mm_guard_record_bury(&guard->records, record, guard_gone);
	if (touchable) {
		below(guard)->free(guard->heap, base);
	}
}

/* Verifies the oldest kept blocks and gives them back, until at most so many bytes are kept. */
static void shorten_quarantine(struct guard_layer *guard, size_t most)
{
	struct guard_queue *kept = &guard->records.kept;

	while (kept->bytes > most) {
		struct guard_record *record = kept->oldest;
		zend_mm_problem problem;

		if (!zend_mm_guard_is_sound(guard, record, &problem)) {
			give_up(guard, &problem);
		}
		zend_mm_guard_queue_take(kept, record);
		let_go(guard, record);
	}
}

/* The record of a live block whose guards are whole; ends the process where there is none. */
static struct guard_record *judged(struct guard_layer *guard, const void *data, enum guard_use use)
{
	struct guard_record *record = zend_mm_guard_record_at(&guard->records, data);
	zend_mm_problem problem;

	if (!record || record->state != guard_live) {
		zend_mm_guard_judge(guard, data, use, &problem);
		give_up(guard, &problem);
	} else if (!zend_mm_guard_is_sound(guard, record, &problem)) {
		give_up(guard, &problem);
	}
	return record;
}

static void retire(struct guard_layer *guard, struct guard_record *record,
	const struct guard_noted_calls *calls)
{
	if (guard->settings.sites) {
		memcpy(record->calls[1].frames, calls->frames, sizeof calls->frames);
	}
	zend_mm_guard_spoil(guard, record);
	record->state = guard_kept;
	zend_mm_guard_queue_put(&guard->records.kept, record);
	shorten_quarantine(guard, guard->settings.quarantine);
}

static void free_claimed(struct guard_layer *guard, void *ptr, const struct zend_mm_claim *claim,
	const struct guard_noted_calls *calls)
{
	struct guard_record *record;
	zend_mm_problem problem;

	zend_mm_guard_lock(guard);
	guard->caller = calls->caller;
	count_request(guard, "free", ptr, SIZE_MAX, calls);
	record = judged(guard, ptr, guard_use_free);
	if (!zend_mm_guard_believes(guard, record, claim, &problem)) {
		give_up(guard, &problem);
	}
	retire(guard, record, calls);
	zend_mm_guard_unlock(guard);
}

static ZEND_MM_NOINLINE void guarded_free(zend_mm_heap *heap, void *ptr)
{
	static const struct zend_mm_claim nothing_said = { .family = ZEND_MM_FAMILY_MALLOC };
	struct guard_layer *guard = guard_of(heap);
	struct guard_noted_calls calls;

	if (ptr) {
		note_calls(guard, &calls, CALLER());
		free_claimed(guard, ptr, &nothing_said, &calls);
	}
}

ZEND_MM_NOINLINE void zend_mm_guard_free_as(zend_mm_heap *heap, void *ptr,
	const struct zend_mm_claim *claim)
{
	struct guard_layer *guard = guard_of(heap);
	struct guard_noted_calls calls;

	if (ptr && !zend_mm_guard_abandoned(heap)) {
		note_calls(guard, &calls, CALLER());
		free_claimed(guard, ptr, claim, &calls);
	}
}

void zend_mm_guard_label(zend_mm_heap *heap, const void *ptr, enum zend_mm_family family)
{
	struct guard_layer *guard = guard_of(heap);
	struct guard_record *record;

	zend_mm_guard_lock(guard);
	record = zend_mm_guard_record_at(&guard->records, ptr);
	if (record) {
		record->family = (uint8_t)family;
	}
	zend_mm_guard_unlock(guard);
}

/* }}} */
/* {{{ Resizing and asking. */

static size_t least(size_t a, size_t b)
{
	return a < b ? a : b;
}

static ZEND_MM_NOINLINE void *guarded_realloc(zend_mm_heap *heap, void *ptr, size_t size,
	size_t copy_size)
{
	struct guard_layer *guard = guard_of(heap);
	struct guard_noted_calls calls;
	zend_mm_problem problem;
	void *moved;

	note_calls(guard, &calls, CALLER());
	if (!ptr) {
		return allocate(guard, guard->alignment, size, &calls);
	}
	zend_mm_guard_lock(guard);
	guard->caller = calls.caller;
	if (!zend_mm_guard_lets_resize(guard, judged(guard, ptr, guard_use_resize), &problem)) {
		give_up(guard, &problem);
	}
	moved = allocate(guard, guard->alignment, size, &calls);
	if (moved) {
		struct guard_record *record = judged(guard, ptr, guard_use_resize);

		memcpy(moved, ptr, least(least(record->size, size), copy_size));
		retire(guard, record, &calls);
	}
	zend_mm_guard_unlock(guard);
	return moved;
}

/* The bytes that were asked for. */
static ZEND_MM_NOINLINE size_t guarded_block_size(zend_mm_heap *heap, void *ptr)
{
	struct guard_layer *guard = guard_of(heap);
	size_t size = 0;

	if (ptr) {
		zend_mm_guard_lock(guard);
		guard->caller = CALLER();
		size = judged(guard, ptr, guard_use_ask)->size;
		zend_mm_guard_unlock(guard);
	}
	return size;
}

static bool guarded_owns(zend_mm_heap *heap, const void *ptr)
{
	const struct guard_record *record = zend_mm_guard_record_at(&guard_of(heap)->records, ptr);

	return record && record->state == guard_live;
}

static int guarded_check_block(zend_mm_heap *heap, const void *ptr, zend_mm_problem *problem)
{
	struct guard_layer *guard = guard_of(heap);
	const struct guard_record *record = zend_mm_guard_record_at(&guard->records, ptr);

	if (!record || record->state != guard_live) {
		zend_mm_guard_judge(guard, ptr, guard_use_check, problem);
		return 1;
	}
	return !zend_mm_guard_is_sound(guard, record, problem);
}

/* }}} */
/* {{{ What is not a request goes to the heap below. */

static size_t guarded_usage(zend_mm_heap *heap)
{
	return below(guard_of(heap))->usage(heap);
}

static int guarded_set_limit(zend_mm_heap *heap, size_t limit)
{
	return below(guard_of(heap))->set_limit(heap, limit);
}

static size_t guarded_gc(zend_mm_heap *heap)
{
	struct guard_layer *guard = guard_of(heap);
	size_t freed;

	zend_mm_guard_lock(guard);
	freed = below(guard)->gc(heap);
	zend_mm_guard_unlock(guard);
	return freed;
}

static void guarded_refresh_key(zend_mm_heap *heap)
{
	struct guard_layer *guard = guard_of(heap);

	if (below(guard)->refresh_key) {
		zend_mm_guard_lock(guard);
		below(guard)->refresh_key(heap);
		zend_mm_guard_unlock(guard);
	}
}

static void guarded_trim(zend_mm_heap *heap)
{
	struct guard_layer *guard = guard_of(heap);

	zend_mm_guard_lock(guard);
	below(guard)->trim(heap);
	zend_mm_guard_unlock(guard);
}

static void guarded_get_figures(zend_mm_heap *heap, zend_mm_figures *figures)
{
	below(guard_of(heap))->get_figures(heap, figures);
}

static int guarded_walk_lists(zend_mm_heap *heap, zend_mm_list_visitor visitor, void *context)
{
	struct guard_layer *guard = guard_of(heap);
	int answer;

	zend_mm_guard_lock(guard);
	answer = below(guard)->walk_lists(heap, visitor, context);
	zend_mm_guard_unlock(guard);
	return answer;
}

/* A block of another guarded heap is found there. */
static void guarded_locate(zend_mm_heap *heap, const void *address, zend_mm_place *place)
{
	const struct guard_layer *guard = zend_mm_guard_elsewhere(guard_of(heap), address);

	if (!guard) {
		guard = guard_of(heap);
	}
	below(guard)->locate(guard->heap, address, place);
	zend_mm_guard_describe(guard, address, place);
}

static int guarded_check(zend_mm_heap *heap, zend_mm_problem *problem)
{
	struct guard_layer *guard = guard_of(heap);
	int found;

	zend_mm_guard_lock(guard);
	found = zend_mm_guard_check_all(guard, problem);
	if (found == 0) {
		found = below(guard)->check(heap, problem);
	}
	zend_mm_guard_unlock(guard);
	return found;
}

/* }}} */
/* {{{ Walking: blocks as the program knows them. */

struct guard_walk {
	const struct guard_layer *guard;
	zend_mm_visitor visitor;
	void *context;
};

/* The record of a block of the heap below.  Without guard pages the data of most blocks lies where
 * it does not depend on their size. */
static const struct guard_record *record_of(const struct guard_layer *guard, const char *base)
{
	const struct guard_record *record = guard->settings.guard_pages ? NULL :
		zend_mm_guard_record_at(&guard->records,
			zend_mm_guard_data(guard, (char *)(uintptr_t)base, guard->alignment, 0, 0));

	return record && record->base == base && record->state <= guard_kept ? record :
		zend_mm_guard_record_around(&guard->records, base);
}

static int visit_guarded(void *context, const zend_mm_region *region,
	const zend_mm_block_info *block)
{
	const struct guard_walk *walk = context;
	const struct guard_record *record;
	zend_mm_block_info shown;

	if (!block || block->state != ZEND_MM_BLOCK_USED || block->internal) {
		return walk->visitor(walk->context, region, block);
	}
	shown = *block;
	record = record_of(walk->guard, block->data);
	if (record) {
		shown.data = record->data;
		shown.usable = shown.requested = record->size;
		if (record->state == guard_kept) {
			shown.state = ZEND_MM_BLOCK_QUARANTINED;
		}
	}
	return walk->visitor(walk->context, region, &shown);
}

static int guarded_walk(zend_mm_heap *heap, zend_mm_visitor visitor, void *context)
{
	struct guard_walk walk = { guard_of(heap), visitor, context };

	return below(walk.guard)->walk(heap, visit_guarded, &walk);
}

/* }}} */
/* {{{ The end of a request, and of the heap. */

static int end_with_request(void *context, struct guard_record *record)
{
	struct guard_layer *guard = context;

	if (record->state == guard_live) {
		zend_mm_guard_lower(guard, record);
		zend_mm_guard_record_bury(&guard->records, record, guard_request_ended);
	}
	return 0;
}

static void guarded_shutdown(zend_mm_heap *heap, bool full, bool silent)
{
	struct guard_layer *guard = guard_of(heap);
	const struct zend_mm_verbs *verbs = below(guard);
	zend_mm_problem problem;

	guard->caller = CALLER();
	if (zend_mm_guard_check_all(guard, &problem) > 0) {
		give_up(guard, &problem);
	}
	shorten_quarantine(guard, 0);
	if (guard->settings.check_on_shutdown && verbs->check(heap, &problem) > 0) {
		give_up(guard, &problem);
	}
	if (!silent) {
		zend_mm_guard_look_for_leaks();
		zend_mm_guard_report_leaks(guard);
	}
	zend_mm_guard_records_visit(&guard->records, end_with_request, guard);
	if (full) {
		zend_mm_guard_end(guard);
	}
	verbs->shutdown(heap, full, true);
}

/* }}} */

const struct zend_mm_verbs zend_mm_guarded_verbs = {
	.name = "guarded",
	.alloc = guarded_alloc,
	.free = guarded_free,
	.realloc = guarded_realloc,
	.block_size = guarded_block_size,
	.owns = guarded_owns,
	.usage = guarded_usage,
	.set_limit = guarded_set_limit,
	.gc = guarded_gc,
	.shutdown = guarded_shutdown,
	.get_figures = guarded_get_figures,
	.walk = guarded_walk,
	.walk_lists = guarded_walk_lists,
	.check = guarded_check,
	.locate = guarded_locate,
	.check_block = guarded_check_block,
	.alloc_aligned = guarded_alloc_aligned,
	.trim = guarded_trim,
	.refresh_key = guarded_refresh_key,
};
