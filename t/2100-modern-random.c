/* SPDX-License-Identifier: MIT */
/*
 * Random operations of all kinds, with refusals, limits, collections and ends of requests; contents
 * are verified at each resize and free, and the heap is checked deeply now and then.
 */
#include "t/modern.h"

#define BLOCKS 600
#define OPERATIONS 200000
#define CHECK_EVERY 97

static struct {
	unsigned char *ptr;
	size_t size;
	unsigned char fill;
} blocks[BLOCKS];

static uint64_t state;
static size_t damaged;

static size_t random_size(void)
{
	switch (tap_below(&state, 20)) {
	case 0:
		return tap_below(&state, 6 * CHUNK);
	case 1:
	case 2:
		return tap_below(&state, LARGEST);
	case 3:
	case 4:
	case 5:
		return tap_below(&state, 20 * PAGE);
	default:
		return tap_below(&state, tap_below(&state, 3200) + 1);
	}
}

/* Of a block's bytes, those that are written and verified: both ends. */
static void each_end(size_t size, size_t ends[2])
{
	ends[0] = size < 300 ? size : 300;
	ends[1] = size < 600 ? ends[0] : size - 300;
}

static void fill_block(size_t index)
{
	size_t ends[2];

	blocks[index].fill = (unsigned char)tap_random(&state);
	each_end(blocks[index].size, ends);
	memset(blocks[index].ptr, blocks[index].fill, ends[0]);
	memset(blocks[index].ptr + ends[1], blocks[index].fill, blocks[index].size - ends[1]);
}

/* Whether the first `size` bytes of a block are what was written, as far as it was. */
static void verify(const unsigned char *ptr, size_t size, size_t index)
{
	size_t ends[2];

	each_end(blocks[index].size, ends);
	for (size_t i = 0; i < size && i < ends[0]; i++) {
		damaged += ptr[i] != blocks[index].fill;
	}
	for (size_t i = ends[1]; i < size; i++) {
		damaged += ptr[i] != blocks[index].fill;
	}
}

static void allocate(zend_mm_heap *heap, size_t index)
{
	size_t size = random_size();
	unsigned char *volatile ptr = NULL;

	if (!bails_out(ptr = zend_mm_alloc(heap, size))) {
		blocks[index].ptr = ptr;
		blocks[index].size = size;
		fill_block(index);
	}
}

static void resize(zend_mm_heap *heap, size_t index)
{
	size_t size = random_size();
	size_t old_size = blocks[index].size;
	unsigned char *volatile ptr = NULL;

	verify(blocks[index].ptr, old_size, index);
	if (bails_out(ptr = zend_mm_realloc(heap, blocks[index].ptr, size))) {
		verify(blocks[index].ptr, old_size, index);
		return;
	}
	verify(ptr, size < old_size ? size : old_size, index);
	blocks[index].ptr = ptr;
	blocks[index].size = size;
	fill_block(index);
}

static void release(zend_mm_heap *heap, size_t index)
{
	verify(blocks[index].ptr, blocks[index].size, index);
	zend_mm_free(heap, blocks[index].ptr);
	blocks[index].ptr = NULL;
}

static void operate(zend_mm_heap *heap)
{
	size_t index = tap_below(&state, BLOCKS);

	switch (tap_below(&state, 400)) {
	case 0:
		zend_mm_gc(heap);
		return;
	case 1:
		watched.refuse_next = 1 + tap_below(&state, 3);
		return;
	case 2:
		zend_mm_set_limit(heap, tap_below(&state, 600) * (CHUNK / 4));
		return;
	case 3:
		zend_mm_set_limit(heap, SIZE_MAX >> 1);
		return;
	case 4:
		if (tap_below(&state, 5) == 0) {
			zend_mm_shutdown(heap, 0, 1);
			memset(blocks, 0, sizeof blocks);
		}
		return;
	default:
		break;
	}
	if (blocks[index].ptr == NULL) {
		allocate(heap, index);
	} else if (tap_below(&state, 3) == 0) {
		resize(heap, index);
	} else {
		release(heap, index);
	}
}

int main(void)
{
	zend_mm_heap *heap;
	size_t unsound = 0;

	state = tap_seed();
	heap = modern_start();
	for (size_t i = 1; i <= OPERATIONS && unsound == 0; i++) {
		operate(heap);
		if (i % CHECK_EVERY == 0) {
			unsound += !modern_sound(heap);
			unsound += watched.bytes != figures_of(heap).real_size;
		}
	}
	is_size(damaged, 0, "no byte of a block changed in %d operations", OPERATIONS);
	is_size(unsound, 0, "the heap was sound each time");
	ok(host_messages > 0 && watched.extends > 0 && watched.truncates > 0,
		"%d requests were refused, %d huge blocks resized in place", host_messages,
		(int)(watched.extends + watched.truncates));
	modern_end(heap);
	return done_testing();
}
