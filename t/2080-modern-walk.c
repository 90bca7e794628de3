/* SPDX-License-Identifier: MIT */
/*
 * The walker: regions are filled by their blocks without a gap, blocks are in the state that they
 * should be, lists come in their order.
 */
#include "t/modern.h"

struct seen {
	size_t regions[4]; /* by kind */
	size_t blocks[ZEND_MM_BLOCK_TAIL + 1];
	size_t bytes[ZEND_MM_BLOCK_TAIL + 1];
	size_t internal;
	size_t requested;
	size_t gaps;
	zend_mm_region region;
	const char *next; /* where the region's next block has to begin */
};

static void end_region(struct seen *seen)
{
	if (seen->next != NULL) {
		seen->gaps += seen->next != (const char *)seen->region.address + seen->region.size;
	}
}

static int look(void *context, const zend_mm_region *region, const zend_mm_block_info *block)
{
	struct seen *seen = context;

	if (block == NULL) {
		end_region(seen);
		seen->region = *region;
		seen->next = region->address;
		seen->regions[region->kind]++;
		return 0;
	}
	seen->gaps += block->address != (const void *)seen->next;
	seen->next = (const char *)block->address + block->size;
	seen->blocks[block->state]++;
	seen->bytes[block->state] += block->size;
	seen->internal += block->internal;
	seen->requested += block->requested;
	return 0;
}

static struct seen look_at(zend_mm_heap *heap)
{
	struct seen seen = { .gaps = 0 };

	is_int(zend_mm_walk(heap, look, &seen), 0, "a whole walk");
	end_region(&seen);
	is_size(seen.gaps, 0, "without a gap");
	return seen;
}

static void test_states(zend_mm_heap *heap)
{
	struct seen seen = look_at(heap);
	void *slots[3];

	is_size(seen.regions[ZEND_MM_REGION_CHUNK], 1, "a new heap is one chunk");
	is_size(seen.bytes[ZEND_MM_BLOCK_HEADER], PAGE, "with its header");
	is_size(seen.bytes[ZEND_MM_BLOCK_FREE_PAGES], LARGEST, "and free pages");
	for (int i = 0; i < 3; i++) {
		slots[i] = zend_mm_alloc(heap, 2000);
	}
	zend_mm_free(heap, slots[1]);
	zend_mm_alloc(heap, 10 * PAGE);
	zend_mm_alloc(heap, 2 * CHUNK);
	zend_mm_alloc(heap, 150); /* 160 to 224 with the marks of any build: all leave bytes over */
	seen = look_at(heap);
	is_size(seen.regions[ZEND_MM_REGION_HUGE], 1, "a huge block is a region");
	is_size(seen.internal, 1, "its entry is the heap's own");
	is_size(seen.blocks[ZEND_MM_BLOCK_USED], 6, "three slots, a run, a huge block and its entry");
	is_size(seen.bytes[ZEND_MM_BLOCK_USED], figures_of(heap).size, "are what is handed out");
	ok(seen.blocks[ZEND_MM_BLOCK_FREE] > 5, "other slots are free");
	ok(seen.bytes[ZEND_MM_BLOCK_TAIL] > 0, "and runs have something left over");
	is_size(seen.requested, ZEND_DEBUG ? 2 * 2000 + 150 + 10 * PAGE + 2 * CHUNK : 0,
		"debug builds know what was requested");
}

static void test_cached(zend_mm_heap *heap)
{
	struct seen seen;

	for (int i = 0; i < 6; i++) {
		zend_mm_alloc(heap, LARGEST - 1000);
	}
	zend_mm_shutdown(heap, 0, 1);
	seen = look_at(heap);
	is_size(seen.regions[ZEND_MM_REGION_CHUNK], 1, "after a request one chunk is in use");
	ok(seen.regions[ZEND_MM_REGION_CACHED_CHUNK] > 0, "others are kept");
	is_size(seen.bytes[ZEND_MM_BLOCK_CACHED], figures_of(heap).cached, "as the figures say");
	is_size(seen.regions[ZEND_MM_REGION_CACHED_CHUNK] + 1, figures_of(heap).regions,
		"and the number of regions");
}

static int stop(void *context, const zend_mm_region *region, const zend_mm_block_info *block)
{
	(void)region;
	(void)block;
	return ++*(int *)context == 3 ? 42 : 0;
}

struct members {
	size_t count;
	const void *data[600];
	size_t elsewhere;
};

static int collect(void *context, zend_mm_block_list list, unsigned index,
	const zend_mm_block_info *block, unsigned depth, int link)
{
	struct members *members = context;

	(void)depth;
	(void)link;
	members->elsewhere += list != ZEND_MM_LIST_BIN || block->index != index ||
		block->state != ZEND_MM_BLOCK_FREE;
	if (block->size == 768 && members->count < 600) {
		members->data[members->count++] = block->data;
	}
	return 0;
}

static void test_lists(zend_mm_heap *heap)
{
	size_t request = ZEND_DEBUG ? 700 : 768;
	struct members members = { .count = 0 };
	void *slots[4];

	for (int i = 0; i < 4; i++) {
		slots[i] = zend_mm_alloc(heap, request);
	}
	zend_mm_free(heap, slots[2]);
	zend_mm_free(heap, slots[0]);
	zend_mm_free(heap, slots[3]);
	is_int(zend_mm_walk_lists(heap, collect, &members), 0, "a walk of the lists");
	is_size(members.elsewhere, 0, "shows free slots in lists of their bin");
	is_size(members.count, 15, "all free slots of a run");
	ok(members.data[0] == slots[3] && members.data[1] == slots[0] && members.data[2] == slots[2],
		"the one that will be taken next comes first");
}

/* A list that leads to where no slot begins, and a chunk that leads nowhere. */
static void test_damaged(zend_mm_heap *heap)
{
	struct seen seen = { .gaps = 0 };
	struct zend_mm_chunk *next = zend_mm_modern(heap)->main_chunk->next;
	void **slot = zend_mm_alloc(heap, 768), *link;

	zend_mm_free(heap, slot);
	link = *slot;
	*slot = (char *)slot + 8;
	errno = 0;
	is_int(zend_mm_walk(heap, look, &seen), -1, "a heap whose list is damaged is not walked");
	is_int(errno, EINVAL, "and that is said");
	*slot = link;
	zend_mm_modern(heap)->main_chunk->next = NULL;
	is_int(zend_mm_walk(heap, look, &seen), -1, "nor one whose chunks cannot be followed");
	zend_mm_modern(heap)->main_chunk->next = next;
	ok(!seen.next, "nothing is shown of it");
}

int main(void)
{
	zend_mm_heap *heap = modern_start();
	int visits = 0;

	test_states(heap);
	is_int(zend_mm_walk(heap, stop, &visits), 42, "a visitor ends the walk");
	is_int(visits, 3, "when it wants to");
	zend_mm_shutdown(heap, 0, 1);
	test_lists(heap);
	test_damaged(heap);
	test_cached(heap);
	modern_end(heap);
	return done_testing();
}
