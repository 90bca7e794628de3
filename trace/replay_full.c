/* SPDX-License-Identifier: MIT */
/*
 * trace/replay_full.c - the full run: placements, deep checks, payloads, observers.
 *
 * The lines of placements are those of t/golden/README.md, byte for byte.
 */
#include <inttypes.h>
#include <string.h>

#include "storage/address.h"
#include "trace/error.h"
#include "trace/payload.h"
#include "trace/replay_state.h"

/* A block that the full run keeps book of. */
struct block {
	size_t size;  /* as requested; 0 for a slot without a block, too */
	uint64_t key; /* of its payload: the operation that made it */
};

/* One full run. */
struct course {
	zmm_replay *replay;
	const struct zmm_full_run *run;
	struct zmm_error *error;
	struct block *blocks;       /* by slot */
	uint64_t number;            /* of the operation under way, from 1 */
	uint64_t live_bytes;
	uint64_t live_blocks;
	uint64_t digest;
	uint64_t check_in;          /* operations until the next check, and the next observation */
	uint64_t observe_in;
	bool refusals;              /* a REFUSE came just before */
};

static bool is_modern(const zmm_replay *replay)
{
	return replay->options.allocator == ZMM_ALLOCATOR_MODERN;
}

/* --- placements ------------------------------------------------------------------------------ */

static const uint64_t fnv_start = 0xcbf29ce484222325u;
static const uint64_t fnv_prime = 0x100000001b3u;

static void add_to_digest(struct course *course, int64_t region, uint64_t offset)
{
	uint64_t value = ((uint64_t)region << 32) ^ offset;

	for (int i = 0; i < 8; i++, value >>= 8) {
		course->digest = (course->digest ^ (value & 0xff)) * fnv_prime;
	}
}

static bool print_placement(struct course *course, void *block)
{
	size_t offset;
	int64_t region = zmm_spaced_region(course->replay->spaced, block, &offset);

	if (region == ZMM_SPACED_NOWHERE) {
		zmm_error_set(course->error, ZMM_ERROR_SYSTEM, "operation %" PRIu64
			": the heap returned " ZEND_MM_ADDRESS ", which lies in no region", course->number,
			(uintptr_t)block);
		return false;
	}
	fprintf(course->run->placements, "%" PRIu64 " %" PRId64 " %zu %zu\n", course->number, region,
		offset, (size_t)zend_mem_block_size(block));
	add_to_digest(course, region, offset);
	return true;
}

static void print_failure(struct course *course)
{
	fprintf(course->run->placements, "%" PRIu64 " ! %s\n", course->number,
		course->replay->reported ? course->replay->message : "");
	add_to_digest(course, -1, (uint64_t)-1);
}

static void print_collection(struct course *course, size_t bytes)
{
	if (course->run->placements && is_modern(course->replay)) {
		fprintf(course->run->placements, "%" PRIu64 " gc %zu\n", course->number, bytes);
		add_to_digest(course, -2, bytes);
	}
}

static void print_usage(const struct course *course)
{
	if (course->run->placements) {
		fprintf(course->run->placements, "%" PRIu64 " u %zu %zu %zu %zu\n", course->number,
			zend_memory_usage(1), zend_memory_usage(0), zend_memory_peak_usage(0),
			zend_memory_peak_usage(1));
	}
}

static void print_storage_calls(const struct course *course)
{
	const struct zmm_watched *calls = course->replay->watched;
	FILE *out = course->run->placements;

	if (is_modern(course->replay)) {
		fprintf(out, " regions=%" PRIu64 " map=%" PRIu64 " unmap=%" PRIu64 " extend=%" PRIu64,
			calls->regions, calls->allocs, calls->frees, calls->extends);
	} else {
		fprintf(out, " segments=%" PRIu64 " storage_alloc=%" PRIu64 " storage_realloc=%" PRIu64
			" storage_free=%" PRIu64,
			calls->regions, calls->allocs, calls->resizes, calls->frees);
	}
}

static void print_end(const struct course *course)
{
	FILE *out = course->run->placements;

	fprintf(out, "end ops=%" PRIu64 " digest=%016" PRIx64
		" real=%zu usage=%zu peak=%zu real_peak=%zu", course->number, course->digest,
		zend_memory_usage(1), zend_memory_usage(0), zend_memory_peak_usage(0),
		zend_memory_peak_usage(1));
	print_storage_calls(course);
	fprintf(out, " failures=%" PRIu64 "\n", course->replay->failures);
}

/* --- payloads -------------------------------------------------------------------------------- */

static bool blame_payload(struct course *course, const struct zmm_op *op, size_t bad)
{
	const struct block *block = &course->blocks[zmm_op_slot(op)];

	zmm_error_set(course->error, ZMM_ERROR_SYSTEM, "operation %" PRIu64
		": the block of %zu bytes at " ZEND_MM_ADDRESS ", allocated by operation %" PRIu64
		", was overwritten at byte %zu", course->number, block->size,
		(uintptr_t)course->replay->slots[zmm_op_slot(op)], block->key, bad);
	return false;
}

static bool payload_is_intact(struct course *course, const struct zmm_op *op)
{
	const struct block *block = &course->blocks[zmm_op_slot(op)];
	void *data = course->replay->slots[zmm_op_slot(op)];
	size_t bad;

	return !course->run->verify || !data
		|| zmm_payload_verify(data, block->size, block->key, &bad)
		|| blame_payload(course, op, bad);
}

/* All that the request still has. */
static bool payloads_are_intact(struct course *course, const struct zmm_op *end)
{
	if (!course->run->verify) {
		return true;
	}
	for (const struct zmm_op *op = course->replay->request; op < end; op++) {
		enum zmm_op_kind kind = zmm_op_kind(op);

		if ((kind == ZMM_OP_ALLOC || kind == ZMM_OP_ALIGNED) && !payload_is_intact(course, op)) {
			return false;
		}
	}
	return true;
}

static void touch(char *data, size_t from, size_t size)
{
	for (size_t at = from; at < size; at += 4096) {
		data[at] = 1;
	}
	if (size > from) {
		data[size - 1] = 1;
	}
}

static void fill_payload(struct course *course, void *data, size_t old_size,
	const struct block *block)
{
	if (course->run->verify) {
		zmm_payload_write(data, block->size, block->key);
	} else if (course->run->touch) {
		touch(data, old_size < block->size ? old_size : block->size, block->size);
	}
}

/* --- operations ------------------------------------------------------------------------------ */

static void count_live(struct course *course, uint64_t old_size, uint64_t size, int blocks)
{
	zmm_replay *replay = course->replay;

	course->live_bytes += size - old_size;
	course->live_blocks += (uint64_t)(int64_t)blocks;
	if (course->live_bytes > replay->peak_live_bytes) {
		replay->peak_live_bytes = course->live_bytes;
	}
	if (course->live_blocks > replay->peak_live_blocks) {
		replay->peak_live_blocks = course->live_blocks;
	}
}

static bool fail_request(struct course *course, const struct zmm_op *op)
{
	if (zmm_op_kind(op) != ZMM_OP_RESIZE) {
		course->blocks[zmm_op_slot(op)] = (struct block){ 0, course->number };
	}
	if (course->run->placements) {
		print_failure(course);
	}
	return payload_is_intact(course, op);
}

static bool do_request(struct course *course, const struct zmm_op *op)
{
	zmm_replay *replay = course->replay;
	struct block *block = &course->blocks[zmm_op_slot(op)];
	bool fresh = zmm_op_kind(op) != ZMM_OP_RESIZE || !replay->slots[zmm_op_slot(op)];
	struct block before = fresh ? (struct block){ 0, course->number } : *block;
	void *data;
	size_t bad;

	if (!fresh && !payload_is_intact(course, op)) {
		return false;
	}
	if (!zmm_replay_request(replay, op)) {
		return fail_request(course, op);
	}
	data = replay->slots[zmm_op_slot(op)];
	block->size = (size_t)zmm_op_size(replay->program, op);
	block->key = before.key;
	count_live(course, before.size, block->size, fresh);
	if (course->run->verify
			&& !zmm_payload_verify_resized(data, before.size, block->size, block->key, &bad)) {
		return blame_payload(course, op, bad);
	}
	fill_payload(course, data, before.size, block);
	return !course->run->placements || print_placement(course, data);
}

static bool do_free(struct course *course, const struct zmm_op *op)
{
	void **slot = &course->replay->slots[zmm_op_slot(op)];

	course->replay->now = op;
	if (!payload_is_intact(course, op)) {
		return false;
	}
	if (*slot) {
		count_live(course, course->blocks[zmm_op_slot(op)].size, 0, -1);
	}
	course->replay->verbs->free(*slot);
	*slot = NULL;
	return true;
}

static bool do_control(struct course *course, const struct zmm_op *op)
{
	size_t collected;

	switch (zmm_op_kind(op)) {
	case ZMM_OP_USAGE:
		print_usage(course);
		break;
	case ZMM_OP_END_REQUEST:
		if (!payloads_are_intact(course, op)) {
			return false;
		}
		course->live_bytes = course->live_blocks = 0;
		break;
	default:
		break;
	}
	collected = zmm_replay_control(course->replay, op);
	if (zmm_op_kind(op) == ZMM_OP_GC) {
		print_collection(course, collected);
	}
	return true;
}

static bool do_operation(struct course *course, const struct zmm_op *op)
{
	switch (zmm_op_kind(op)) {
	case ZMM_OP_ALLOC:
	case ZMM_OP_ALIGNED:
	case ZMM_OP_RESIZE:
		return do_request(course, op);
	case ZMM_OP_FREE:
		return do_free(course, op);
	default:
		return do_control(course, op);
	}
}

/* --- checks and observers -------------------------------------------------------------------- */

static bool blame_heap(struct course *course, const struct zmm_op *op,
	const zend_mm_problem *problem)
{
	char word[120] = "";

	if (problem->word) {
		snprintf(word, sizeof word, " (the word at " ZEND_MM_ADDRESS
			" is 0x%zx and should be 0x%zx)", (uintptr_t)problem->word,
			problem->found, problem->expected);
	}
	zmm_error_set(course->error, ZMM_ERROR_SYSTEM,
		"the heap is damaged after operation %" PRIu64 " (%s, %" PRIu64 " bytes): %s, at "
		ZEND_MM_ADDRESS "%s", course->number, zmm_op_letter(zmm_op_kind(op)),
		zmm_op_size(course->replay->program, op), problem->reason, (uintptr_t)problem->address,
		word);
	return false;
}

static bool check(struct course *course, const struct zmm_op *op)
{
	zend_mm_problem problem;
	int found = course->replay->heap ? zend_mm_check(course->replay->heap, &problem) : 0;

	course->check_in = course->run->check_every;
	if (found < 0) {
		zmm_error_set(course->error, ZMM_ERROR_SYSTEM,
			"operation %" PRIu64 ": no memory to check the heap", course->number);
	}
	return found == 0 || (found > 0 && blame_heap(course, op, &problem));
}

static bool observe(struct course *course)
{
	struct zmm_replay_moment moment = {
		course->number, course->live_bytes, course->live_blocks, course->replay->heap, course
	};

	course->observe_in = course->run->observe_every;
	if (!course->run->observer || course->run->observer(course->run->context, &moment)) {
		return true;
	}
	zmm_error_set(course->error, ZMM_ERROR_SYSTEM, "ended by its observer after operation %" PRIu64,
		course->number);
	return false;
}

/* The end of a request leaves its blocks in their slots: they are older than what came after it. */
bool zmm_replay_moment_block(const struct zmm_replay_moment *moment, uint32_t slot,
	struct zmm_replay_block *block)
{
	const struct course *course = moment->course;
	const zmm_replay *replay = course->replay;
	uint64_t before = (uint64_t)(replay->request - replay->program->ops);

	if (!replay->slots[slot] || course->blocks[slot].key <= before) {
		return false;
	}
	*block = (struct zmm_replay_block){
		replay->slots[slot], course->blocks[slot].size, course->blocks[slot].key
	};
	return true;
}

/* --- the course ------------------------------------------------------------------------------ */

static bool go(struct course *course)
{
	const zmm_program *program = course->replay->program;
	const struct zmm_op *op = program->ops, *end = op + program->op_count;

	for (; op < end; op++) {
		course->number++;
		if (!do_operation(course, op)) {
			return false;
		}
		if (zmm_op_kind(op) != ZMM_OP_REFUSE) {
			zmm_replay_lapse(course->replay);
		}
		if (course->check_in && --course->check_in == 0 && !check(course, op)) {
			return false;
		}
		if (course->observe_in && --course->observe_in == 0 && !observe(course)) {
			return false;
		}
	}
	return payloads_are_intact(course, end);
}

/* Whether the placements are the heap's own. */
static bool stayed_apart(const struct course *course)
{
	const char *trouble = zmm_spaced_trouble(course->replay->spaced);

	if (trouble) {
		zmm_error_set(course->error, ZMM_ERROR_SYSTEM, "the placements do not count: %s", trouble);
	}
	return !trouble;
}

static bool finish(struct course *course)
{
	const zmm_replay *replay = course->replay;
	const struct zmm_op *ops = replay->program->ops;

	if (course->run->check_every && course->number > 0
			&& !check(course, ops + course->number - 1)) {
		return false;
	}
	if (!observe(course) || (replay->spaced && !stayed_apart(course))) {
		return false;
	}
	if (course->run->placements) {
		print_end(course);
	}
	return true;
}

static size_t blocks_size(const zmm_program *program)
{
	return (program->slot_count ? program->slot_count : 1) * sizeof(struct block);
}

/* Not from malloc, and written once, so that its memory is not taken for the allocator's. */
static struct block *new_blocks(const zmm_program *program)
{
	struct block *blocks = zend_mm_scratch_alloc(blocks_size(program));

	return blocks ? memset(blocks, 0, blocks_size(program)) : NULL;
}

bool zmm_replay_full(zmm_replay *replay, const struct zmm_full_run *run, struct zmm_error *error)
{
	struct course course = {
		.replay = replay, .run = run, .error = error, .digest = fnv_start,
		.check_in = run->check_every, .observe_in = run->observe_every
	};
	bool done;

	if (run->placements && !replay->spaced) {
		zmm_error_set(error, ZMM_ERROR_INPUT,
			"placements need the storage '" ZMM_STORAGE_SPACED "'");
		return false;
	}
	course.blocks = new_blocks(replay->program);
	if (!course.blocks) {
		zmm_error_set(error, ZMM_ERROR_SYSTEM, "no memory to keep book of %u blocks",
			replay->program->slot_count);
		return false;
	}
	done = observe(&course) && go(&course) && finish(&course);
	zend_mm_scratch_free(course.blocks, blocks_size(replay->program));
	return done;
}
