/* SPDX-License-Identifier: MIT */
/*
 * interface/system.c - the system's malloc as a heap: USE_ZEND_ALLOC=0, plain or tracked.
 *
 * Plain: every request goes through, nothing is known about blocks, figures are 0.  Tracked: every
 * block is recorded in a table, so that limits, usage and the release at a request's end work as
 * in a real heap.  The table is an open-addressing hash over addresses, at most half full.
 *
 * Invariant (tracked): size == real_size == the sum of the requested bytes in the table.
 */
#include <errno.h>

#include "interface/interface.h"

/* A recorded block; address NULL is an empty place. */
struct tracked_block {
	void *address;
	size_t size;
};

struct system_heap {
	zend_mm_heap head;
	struct tracked_block *blocks;   /* places of them, a power of two; NULL until the first */
	size_t places;
	size_t count;
};

static struct system_heap *system_heap(zend_mm_heap *heap)
{
	return (struct system_heap *)heap;
}

/* {{{ Plain. */

static void *unless_refused(void *data, size_t size)
{
	if (UNEXPECTED(!data) && size) {
		zend_mm_system_out_of_memory();
	}
	return data;
}

static void *system_alloc(zend_mm_heap *heap, size_t size)
{
	(void)heap;
	return unless_refused(malloc(size), size);
}

static void system_free(zend_mm_heap *heap, void *ptr)
{
	(void)heap;
	free(ptr);
}

static void *system_realloc(zend_mm_heap *heap, void *ptr, size_t size, size_t copy_size)
{
	(void)heap;
	(void)copy_size;
	return unless_refused(realloc(ptr, size), size);
}

/* The system does not say, and PHP answers 0. */
static size_t system_block_size(zend_mm_heap *heap, void *ptr)
{
	(void)heap;
	(void)ptr;
	return 0;
}

static bool system_owns(zend_mm_heap *heap, const void *ptr)
{
	(void)heap;
	(void)ptr;
	return false;
}

static size_t system_usage(zend_mm_heap *heap)
{
	return zend_mm_size_used(heap);
}

static int system_set_limit(zend_mm_heap *heap, size_t limit)
{
	heap->limit = limit;
	return 0;
}

static size_t system_gc(zend_mm_heap *heap)
{
	(void)heap;
	return 0;
}

static void system_shutdown(zend_mm_heap *heap, bool full, bool silent)
{
	(void)silent;
	if (full) {
		free(heap);
	}
}

static void system_get_figures(zend_mm_heap *heap, zend_mm_figures *figures)
{
	(void)heap;
	(void)figures;
}

/* There is no region to show: the system keeps its own. */
static int system_walk(zend_mm_heap *heap, zend_mm_visitor visitor, void *context)
{
	(void)heap;
	(void)visitor;
	(void)context;
	return 0;
}

static int system_walk_lists(zend_mm_heap *heap, zend_mm_list_visitor visitor, void *context)
{
	(void)heap;
	(void)visitor;
	(void)context;
	return 0;
}

static int system_check(zend_mm_heap *heap, zend_mm_problem *problem)
{
	(void)heap;
	(void)problem;
	return 0;
}

static void system_locate(zend_mm_heap *heap, const void *address, zend_mm_place *place)
{
	(void)heap;
	(void)address;
	(void)place;
}

static const struct zend_mm_verbs system_verbs = {
	.name = "system malloc",
	.alloc = system_alloc,
	.free = system_free,
	.realloc = system_realloc,
	.block_size = system_block_size,
	.owns = system_owns,
	.usage = system_usage,
	.set_limit = system_set_limit,
	.gc = system_gc,
	.shutdown = system_shutdown,
	.get_figures = system_get_figures,
	.walk = system_walk,
	.walk_lists = system_walk_lists,
	.check = system_check,
	.locate = system_locate,
};

/* }}} */

/* {{{ The table of tracked blocks. */

/* Fibonacci hashing: blocks are at least 8 apart, their addresses differ in the middle bits. */
static size_t home_place(const struct system_heap *heap, const void *address)
{
	uint64_t mixed = (uint64_t)((uintptr_t)address >> 3) * UINT64_C(0x9E3779B97F4A7C15);

	return (size_t)(mixed >> 32) & (heap->places - 1);
}

/* The place of a block, or the empty place where it belongs. */
static struct tracked_block *find_place(const struct system_heap *heap, const void *address)
{
	size_t place = home_place(heap, address);

	while (heap->blocks[place].address && heap->blocks[place].address != address) {
		place = (place + 1) & (heap->places - 1);
	}
	return &heap->blocks[place];
}

static struct tracked_block *find_block(const struct system_heap *heap, const void *address)
{
	struct tracked_block *block = heap->blocks ? find_place(heap, address) : NULL;

	return block && block->address ? block : NULL;
}

/* Makes sure that one more block has a place. */
static bool make_room(struct system_heap *heap)
{
	struct system_heap wider = *heap;

	if (heap->blocks && heap->count < heap->places / 2) {
		return true;
	}
	wider.places = heap->blocks ? heap->places * 2 : 1024;
	wider.blocks = calloc(wider.places, sizeof *wider.blocks);
	if (!wider.blocks) {
		return false;
	}
	for (size_t i = 0; heap->blocks && i < heap->places; i++) {
		if (heap->blocks[i].address) {
			*find_place(&wider, heap->blocks[i].address) = heap->blocks[i];
		}
	}
	free(heap->blocks);
	heap->blocks = wider.blocks;
	heap->places = wider.places;
	return true;
}

static void add_block(struct system_heap *heap, void *address, size_t size)
{
	*find_place(heap, address) = (struct tracked_block){ address, size };
	heap->count++;
}

/* Takes a block out and moves up what had been pushed past its place. */
static void remove_block(struct system_heap *heap, struct tracked_block *block)
{
	size_t hole = (size_t)(block - heap->blocks);
	size_t mask = heap->places - 1;

	for (size_t next = (hole + 1) & mask; heap->blocks[next].address; next = (next + 1) & mask) {
		size_t home = home_place(heap, heap->blocks[next].address);

		if (((next - home) & mask) >= ((next - hole) & mask)) {
			heap->blocks[hole] = heap->blocks[next];
			hole = next;
		}
	}
	heap->blocks[hole].address = NULL;
	heap->count--;
}

/* }}} */

/* {{{ Tracked. */

static void account(zend_mm_heap *heap, size_t old_size, size_t new_size)
{
	heap->real_size = zend_mm_size_used(heap) + new_size - old_size;
	if (heap->real_size > heap->peak) {
		heap->real_peak = heap->real_size;
	}
	zend_mm_size_set(heap, heap->real_size,
		heap->real_size > heap->peak ? heap->real_size : heap->peak);
}

static void report_limit(zend_mm_heap *heap, size_t size)
{
	char message[256];

	heap->overflow = 1;
	zend_mm_raise_caught(message,
		"Allowed memory size of %zu bytes exhausted (tried to allocate %zu bytes)",
		heap->limit, size);
	heap->overflow = 0;
	zend_mm_bail_out();
}

/* Growth bytes more have to be within the limit, except for the reporter of an error. */
static void check_limit(zend_mm_heap *heap, size_t growth, size_t size)
{
	size_t size_used = zend_mm_size_used(heap);

	if (UNEXPECTED(heap->limit < size_used || growth > heap->limit - size_used) &&
		!heap->overflow) {
		report_limit(heap, size);
	}
}

static void *tracked_alloc(zend_mm_heap *heap, size_t size)
{
	void *data;

	check_limit(heap, size, size);
	data = unless_refused(make_room(system_heap(heap)) ? malloc(size ? size : 1) : NULL, 1);
	add_block(system_heap(heap), data, size);
	account(heap, 0, size);
	return data;
}

static struct tracked_block *block_or_corrupted(zend_mm_heap *heap, const void *ptr)
{
	struct tracked_block *block = find_block(system_heap(heap), ptr);

	if (UNEXPECTED(!block)) {
		zend_mm_problem problem = {
			.heap = heap, .reason = "the block is not one that was handed out", .address = ptr,
		};

		zend_mm_corrupted(&problem);
	}
	return block;
}

static void tracked_free(zend_mm_heap *heap, void *ptr)
{
	if (ptr) {
		struct tracked_block *block = block_or_corrupted(heap, ptr);

		account(heap, block->size, 0);
		remove_block(system_heap(heap), block);
		free(ptr);
	}
}

static void *tracked_realloc(zend_mm_heap *heap, void *ptr, size_t size, size_t copy_size)
{
	struct tracked_block *block;
	size_t old_size;
	void *data;

	(void)copy_size;
	if (!ptr) {
		return tracked_alloc(heap, size);
	}
	block = block_or_corrupted(heap, ptr);
	old_size = block->size;
	if (size > old_size) {
		check_limit(heap, size - old_size, size);
	}
	data = unless_refused(realloc(ptr, size ? size : 1), 1);
	remove_block(system_heap(heap), block);
	add_block(system_heap(heap), data, size);
	account(heap, old_size, size);
	return data;
}

static size_t tracked_block_size(zend_mm_heap *heap, void *ptr)
{
	struct tracked_block *block = find_block(system_heap(heap), ptr);

	return block ? block->size : 0;
}

static bool tracked_owns(zend_mm_heap *heap, const void *ptr)
{
	return find_block(system_heap(heap), ptr) != NULL;
}

static int tracked_set_limit(zend_mm_heap *heap, size_t limit)
{
	if (limit < zend_mm_size_used(heap)) {
		return -1;
	}
	heap->limit = limit;
	return 0;
}

static void tracked_shutdown(zend_mm_heap *heap, bool full, bool silent)
{
	struct system_heap *tracked = system_heap(heap);

	(void)silent;
	for (size_t i = 0; tracked->blocks && i < tracked->places; i++) {
		free(tracked->blocks[i].address);
	}
	free(tracked->blocks);
	tracked->blocks = NULL;
	tracked->count = 0;
	zend_mm_size_set(heap, 0, 0);
	heap->real_size = heap->real_peak = 0;
	heap->overflow = 0;
	if (full) {
		free(heap);
	}
}

static const struct zend_mm_verbs tracked_verbs = {
	.name = "tracked system malloc",
	.alloc = tracked_alloc,
	.free = tracked_free,
	.realloc = tracked_realloc,
	.block_size = tracked_block_size,
	.owns = tracked_owns,
	.usage = system_usage,
	.set_limit = tracked_set_limit,
	.gc = system_gc,
	.shutdown = tracked_shutdown,
	.get_figures = system_get_figures,
	.walk = system_walk,
	.walk_lists = system_walk_lists,
	.check = system_check,
	.locate = system_locate,
};

/* }}} */

static zend_mm_heap *start(const struct zend_mm_verbs *verbs)
{
	struct system_heap *heap = calloc(1, sizeof *heap);

	if (!heap) {
		return NULL;
	}
	heap->head.kind = heap->head.design_kind = ZEND_MM_KIND_OTHER;
	heap->head.verbs = heap->head.design_verbs = verbs;
	heap->head.limit = SIZE_MAX >> 1;
	heap->head.mode = ZEND_MM_MODERN;
	return &heap->head;
}

zend_mm_heap *zend_mm_system_startup(void)
{
	return start(&system_verbs);
}

zend_mm_heap *zend_mm_tracked_startup(void)
{
	return start(&tracked_verbs);
}
