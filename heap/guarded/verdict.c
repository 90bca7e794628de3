/* SPDX-License-Identifier: MIT */
/*
 * heap/guarded/verdict.c - what is wrong with a pointer or an access, and what reports can say
 * about an address of a guarded heap.
 *
 * Called by verbs.c, by check.c and by the handler of faults.  Everything is looked up in the
 * records; the program's memory is not read.
 */
#include "heap/failure.h"
#include "heap/guarded/guarded.h"
#include "heap/guarded/witness.h"
#include "storage/stack.h"

/* {{{ Pointers. */

/* How far up the stack an address is still taken for one of it. */
static const size_t stack_reach = (size_t)8 << 20;

static bool is_on_stack(const void *address)
{
	char here;

	/* where words have 32 bits the stack is so high that the sum would wrap */
	return (uintptr_t)address >= (uintptr_t)&here
		&& (uintptr_t)address - (uintptr_t)&here < stack_reach;
}

static const char *of_freed(const struct guard_record *record, enum guard_use use)
{
	if (record->state == guard_request_ended) {
		return "a block is used after the end of the request it was allocated in";
	}
	switch (use) {
	case guard_use_free:
		return "a block was freed twice";
	case guard_use_resize:
		return "a freed block was resized";
	case guard_use_ask:
		return "a freed block was asked for its size";
	case guard_use_check:
		break;
	}
	return "a block has been freed";
}

static const char *of_stranger(const struct guard_layer *guard, const void *data)
{
	if (zend_mm_guard_elsewhere(guard, data)) {
		return "a block belongs to another heap";
	}
	if (zend_mm_guard_record_around(&guard->records, data)) {
		return "an address is inside a block, not its beginning";
	}
	if ((uintptr_t)data % guard->alignment != 0) {
		return "an address is not aligned as blocks are, and in none of them";
	}
	return is_on_stack(data) ? "an address is on the stack" : "no block begins at an address";
}

void zend_mm_guard_judge(const struct guard_layer *guard, const void *data, enum guard_use use,
	zend_mm_problem *problem)
{
	const struct guard_record *record = zend_mm_guard_record_at(&guard->records, data);

	*problem = (zend_mm_problem){
		.heap = guard->heap,
		.reason = record ? of_freed(record, use) : of_stranger(guard, data),
		.address = data,
	};
}

/* }}} */
/* {{{ What the program says about a block. */

/* By who handed it out, and by who gives it back. */
static const char *const mismatches[ZEND_MM_FAMILIES][ZEND_MM_FAMILIES] = {
	[ZEND_MM_FAMILY_MALLOC] = {
		[ZEND_MM_FAMILY_NEW] = "a block of malloc was freed by delete (mismatch=0 allows it)",
		[ZEND_MM_FAMILY_ARRAY] = "a block of malloc was freed by delete[] (mismatch=0 allows it)",
	},
	[ZEND_MM_FAMILY_NEW] = {
		[ZEND_MM_FAMILY_MALLOC] = "a block of new was freed by free (mismatch=0 allows it)",
		[ZEND_MM_FAMILY_ARRAY] = "a block of new was freed by delete[] (mismatch=0 allows it)",
	},
	[ZEND_MM_FAMILY_ARRAY] = {
		[ZEND_MM_FAMILY_MALLOC] = "a block of new[] was freed by free (mismatch=0 allows it)",
		[ZEND_MM_FAMILY_NEW] = "a block of new[] was freed by delete (mismatch=0 allows it)",
	},
};

static bool disbelieve(const struct guard_layer *guard, const struct guard_record *record,
	const char *reason, zend_mm_problem *problem)
{
	*problem = (zend_mm_problem){
		.heap = guard->heap, .reason = reason, .address = record->data
	};
	return false;
}

static bool differs(const char *what, size_t found, size_t expected, zend_mm_problem *problem)
{
	problem->said = what;
	problem->found = found;
	problem->expected = expected;
	problem->expectation = ZEND_MM_EXPECT_EXACTLY;
	return false;
}

static size_t usual_or(size_t alignment)
{
	return alignment <= ZEND_MM_CLAIM_ALIGNMENT ? ZEND_MM_CLAIM_ALIGNMENT : alignment;
}

bool zend_mm_guard_believes(const struct guard_layer *guard, const struct guard_record *record,
	const struct zend_mm_claim *claim, zend_mm_problem *problem)
{
	size_t alignment = (size_t)1 << record->alignment_shift;

	if (guard->settings.mismatch && claim->family != record->family) {
		return disbelieve(guard, record, mismatches[record->family][claim->family], problem);
	}
	if (!guard->settings.sizes) {
		return true;
	}
	if (claim->sized && claim->size != record->size) {
		disbelieve(guard, record,
			"a block is not of the size that it was freed with (sizes=0 allows it)", problem);
		return differs("size", claim->size, record->size, problem);
	}
	if (claim->aligned && usual_or(claim->alignment) != usual_or(alignment)) {
		disbelieve(guard, record, "a block is not of the alignment that it was freed with "
			"(sizes=0 allows it)", problem);
		return differs("alignment", usual_or(claim->alignment), usual_or(alignment), problem);
	}
	return true;
}

bool zend_mm_guard_lets_resize(const struct guard_layer *guard, const struct guard_record *record,
	zend_mm_problem *problem)
{
	static const char *const reasons[ZEND_MM_FAMILIES] = {
		[ZEND_MM_FAMILY_NEW] = "a block of new was resized by realloc (mismatch=0 allows it)",
		[ZEND_MM_FAMILY_ARRAY] = "a block of new[] was resized by realloc (mismatch=0 allows it)",
	};

	return !guard->settings.mismatch || !reasons[record->family] ||
		disbelieve(guard, record, reasons[record->family], problem);
}

/* }}} */
/* {{{ Places. */

static void describe_block(const struct guard_record *record, zend_mm_place *place)
{
	static const zend_mm_block_state states[] = {
		[guard_live] = ZEND_MM_BLOCK_USED,
		[guard_kept] = ZEND_MM_BLOCK_QUARANTINED,
		[guard_gone] = ZEND_MM_BLOCK_FREE,
		[guard_request_ended] = ZEND_MM_BLOCK_FREE,
	};

	if (record->state <= guard_kept) {
		place->block.state = states[record->state];
		place->block.list = ZEND_MM_LIST_NONE;
		place->block.data = record->data;
		place->block.usable = place->block.requested = record->size;
	}
	place->owner = (zend_leak_info){
		.addr = record->data,
		.size = record->size,
		.filename = record->site.filename,
		.lineno = record->site.lineno,
		.orig_filename = record->site.orig_filename,
		.orig_lineno = record->site.orig_lineno,
	};
}

/* A neighbour as the program knows it. */
static void describe_neighbour(const struct guard_layer *guard, zend_mm_block_info *block)
{
	const struct guard_record *record = block->data && block->state == ZEND_MM_BLOCK_USED ?
		zend_mm_guard_record_around(&guard->records, block->data) : NULL;

	if (record) {
		block->data = record->data;
		block->usable = block->requested = record->size;
		block->state = record->state == guard_kept ? ZEND_MM_BLOCK_QUARANTINED : block->state;
	}
}

void zend_mm_guard_describe(const struct guard_layer *guard, const void *address,
	zend_mm_place *place)
{
	const struct guard_record *record = zend_mm_guard_record_around(&guard->records, address);

	describe_neighbour(guard, &place->before);
	describe_neighbour(guard, &place->after);

	if (!record) {
		record = zend_mm_guard_record_at(&guard->records, address);
	}
	if (!record && place->block.data) { /* the address is in what the heap below has before it */
		record = zend_mm_guard_record_around(&guard->records, place->block.data);
	}
	if (record) {
		describe_block(record, place);
		if (guard->settings.sites) {
			place->allocated_at = record->calls[0].frames;
			place->freed_at = record->calls[1].frames;
		}
	}
}

/* }}} */
/* {{{ Faults. */

static const char *touched(const struct guard_record *record, const char *address)
{
	if (record->state == guard_kept) {
		return "the program touched a block after it was freed";
	}
	return address < record->data ? "the program touched memory before a block's beginning" :
		"the program touched memory behind a block's end";
}

static bool is_hidden(const struct guard_record *record, const void *address)
{
	return record && (record->all_hidden ||
		(record->hidden && (const char *)address >= record->hidden));
}

void zend_mm_guard_fault(const void *address, const void *instruction)
{
	for (struct guard_layer *guard = zend_mm_guarded_heaps; guard; guard = guard->next) {
		const struct guard_record *record =
			zend_mm_guard_record_around(&guard->records, address);

		if (is_hidden(record, address)) {
			zend_mm_problem problem = {
				.heap = guard->heap,
				.reason = touched(record, address),
				.address = address,
			};

			zend_mm_report_from = instruction;
			zend_mm_corrupted(&problem);
		}
	}
	if (zend_mm_witness) {
		zend_mm_witness_fault(address, instruction);
	}
}

static const char *written(const struct guard_record *record, const char *address)
{
	if (record->state == guard_kept) {
		return "the program wrote to a block after it was freed";
	}
	return address < record->data ? "the program wrote before a block's beginning" :
		"the program wrote behind a block's end";
}

/* What lies between the blocks is the heap's, which writes there by right. */
static void written_between(const void *address, const void *instruction)
{
	if (zend_mm_is_own_code(instruction)) {
		return;
	}
	for (struct guard_layer *guard = zend_mm_guarded_heaps; guard; guard = guard->next) {
		zend_mm_place place = { .page = 0 };

		guard->layer.below->locate(guard->heap, address, &place);
		if (place.region.address) {
			zend_mm_report_from = instruction;
			zend_mm_corrupted(&(zend_mm_problem){
				.heap = guard->heap,
				.reason = "the program wrote over what the heap keeps between blocks",
				.address = address
			});
		}
	}
}

void zend_mm_guard_written_to(const void *address, const void *instruction)
{
	for (struct guard_layer *guard = zend_mm_guarded_heaps; guard; guard = guard->next) {
		const struct guard_record *record =
			zend_mm_guard_record_around(&guard->records, address);

		if (record) {
			zend_mm_report_from = instruction;
			zend_mm_corrupted(&(zend_mm_problem){
				.heap = guard->heap, .reason = written(record, address), .address = address
			});
		}
	}
	written_between(address, instruction);
}

void zend_mm_guard_complained_of(const void *address)
{
	for (struct guard_layer *guard = zend_mm_guarded_heaps; guard; guard = guard->next) {
		const struct guard_record *record =
			zend_mm_guard_record_around(&guard->records, address);

		if (record) {
			zend_mm_print_problem(&(zend_mm_problem){
				.heap = guard->heap, .reason = touched(record, address), .address = address
			});
			return;
		}
	}
}

/* }}} */
