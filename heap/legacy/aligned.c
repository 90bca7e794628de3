/* SPDX-License-Identifier: MIT */
/*
 * heap/legacy/aligned.c - allocation at an alignment above the heap's own 8 bytes.
 *
 * PHP's allocator has no such request; the malloc replacement needs it.  A block is taken that is
 * large enough to hold an aligned one wherever it lies, and cut in two or three:
 *
 *	+----------------+---------------------------------+----------------+
 *	| front, freed   | the block: its data is aligned  | rest, split off|
 *	+----------------+---------------------------------+----------------+
 *
 * Each part is a block like any other, so that freeing, resizing and checking need not know of
 * alignment.  A resize that moves the block loses it, as realloc() does.
 *
 * Called by the malloc replacement.
 */
#include "heap/design.h"
#include "heap/legacy/blocks.h"
#include "heap/legacy/fast.h"
#include "heap/legacy/guard.h"

/* The bytes to cut off in front of a block's data: none, or enough for a block. */
static size_t front_for(const void *data, size_t alignment)
{
	uintptr_t past = (uintptr_t)data + legacy_smallest_block;

	if (((uintptr_t)data & (alignment - 1)) == 0) {
		return 0;
	}
	return legacy_smallest_block + (-past & (alignment - 1));
}

/* What to ask for beyond the size, so that the front can be cut off wherever the block lies: a
 * multiple of the alignment, so that sizes stay multiples of what the caller makes them. SIZE_MAX
 * where no block can be so large. */
static size_t slack_for(size_t alignment)
{
	if (alignment > SIZE_MAX / 4) {
		return SIZE_MAX;
	}
	return alignment + ((legacy_smallest_block + alignment - 1) & ~(alignment - 1));
}

/* Cuts front bytes off a used block and frees them; the data of what stays. */
static void *cut_front(legacy_heap_t *heap, void *data, size_t front, size_t size)
{
	block_t *block = block_of(data);
	block_t *rest = block_at(block, front);
	size_t whole = block_size(block);

	block_set(block, front, block_used);
	block_set(rest, whole - front, block_used);
	block_dress(heap, block, front - legacy_header_size - legacy_canary_size);
	cache_erase_link(heap, block_data(rest));
	block_dress(heap, rest, size);
	zend_mm_legacy_free(&heap->head, data);
	return block_data(rest);
}

void *zend_mm_legacy_alloc_aligned(zend_mm_heap *head, size_t alignment, size_t size)
{
	size_t slack = slack_for(alignment);
	size_t front;
	void *data;

	if (alignment <= legacy_alignment) {
		return zend_mm_legacy_alloc(head, size);
	}
	if (size < legacy_smallest_request) {
		size = legacy_smallest_request; /* so that what is cut off is the smallest block */
	}
	data = zend_mm_legacy_alloc(head, size > SIZE_MAX - slack ? SIZE_MAX : size + slack);
	if (!data) {
		return NULL;
	}
	front = front_for(data, alignment);
	if (front) {
		data = cut_front((legacy_heap_t *)head, data, front, size);
	}
	return zend_mm_legacy_realloc(head, data, size, SIZE_MAX); /* smaller: stays where it is */
}
