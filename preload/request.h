/* SPDX-License-Identifier: MIT */
/*
 * preload/request.h - how a request of malloc becomes one of a heap.
 *
 * The heaps align to 8 bytes, malloc has to align to 16.  Neither heap is changed for that:
 *
 *	legacy  If every block's size is a multiple of 16, then so is the distance between any two
 *	        blocks of a segment.  So requests are rounded up until the true size is one (in plain
 *	        builds: to a multiple of 16), and segments begin where the first block's data is
 *	        aligned (in plain builds: at a multiple of 16).
 *	modern  Requests are rounded up until what the heap looks a place for is a multiple of 16 (in
 *	        debug builds the heap adds a record).  The bins of 8, 24, 40 and 56 bytes are then
 *	        never chosen, and the slots of all others, and all runs, are aligned.
 */
#ifndef PRELOAD_REQUEST_H
#define PRELOAD_REQUEST_H

#include "heap/legacy/layout.h"
#include "heap/modern/bins.h"
#include "heap/modern/debug.h"

#define ZEND_MM_ALIGNMENT ((size_t)16)

/* What a block of a legacy heap has beside the data. */
#define ZEND_MM_LEGACY_OVERHEAD ((size_t)legacy_header_size + legacy_canary_size)

/* What a block of a modern heap has beside the data. */
#define ZEND_MM_MODERN_OVERHEAD (config_debug ? sizeof(struct zend_mm_debug_record) : (size_t)0)

/* From where storage gives it, a segment is moved up by so much. */
#define ZEND_MM_SEGMENT_SHIFT \
	(-(size_t)(legacy_segment_header_size + legacy_header_size) & (ZEND_MM_ALIGNMENT - 1))

/* The greatest request of malloc; what it is rounded to never wraps. */
#define ZEND_MM_REQUEST_MAX ((size_t)PTRDIFF_MAX)

/* The greatest request that the legacy heap's cache can serve: that of the last small size. */
#define ZEND_MM_LEGACY_CACHED_MAX \
	((((size_t)legacy_small_limit - 1) & ~(ZEND_MM_ALIGNMENT - 1)) - ZEND_MM_LEGACY_OVERHEAD)

/* The least true size. */
#define ZEND_MM_LEGACY_LEAST \
	(((size_t)legacy_smallest_block + ZEND_MM_ALIGNMENT - 1) & ~(ZEND_MM_ALIGNMENT - 1))

static zend_always_inline size_t zend_mm_round_legacy(size_t size)
{
	size_t whole = (size + ZEND_MM_LEGACY_OVERHEAD + ZEND_MM_ALIGNMENT - 1) &
		~(ZEND_MM_ALIGNMENT - 1);

	if (whole < ZEND_MM_LEGACY_LEAST) {
		whole = ZEND_MM_LEGACY_LEAST;
	}
	return whole - ZEND_MM_LEGACY_OVERHEAD;
}

static zend_always_inline size_t zend_mm_round_modern(size_t size)
{
	size_t whole = (size + (size == 0) + ZEND_MM_MODERN_OVERHEAD + ZEND_MM_ALIGNMENT - 1) &
		~(ZEND_MM_ALIGNMENT - 1);

	return whole - ZEND_MM_MODERN_OVERHEAD;
}

/* What is asked of the heap for size bytes, which are at most ZEND_MM_REQUEST_MAX.  A guarded heap
 * aligns by itself, and has to know where the program's bytes end. */
static zend_always_inline size_t zend_mm_round_request(const zend_mm_heap *heap, size_t size)
{
	if (heap->layers[ZEND_MM_LAYER_GUARDED]) {
		return size;
	}
	return heap->mode == ZEND_MM_LEGACY ? zend_mm_round_legacy(size) : zend_mm_round_modern(size);
}

/* The true size of the rounded request for size bytes, at most ZEND_MM_LEGACY_CACHED_MAX, in plain
 * builds: 32 for sizes 0 to 16, 48 for 17 to 32, and so on; with 32-bit pointers, where a header is
 * 8 bytes, 16 for sizes 0 to 8, 32 for 9 to 24, and so on. */
static zend_always_inline size_t zend_mm_true_size_of_request(size_t size)
{
	if (ZEND_MM_LEGACY_OVERHEAD % ZEND_MM_ALIGNMENT != 0) {
		return zend_mm_round_legacy(size) + ZEND_MM_LEGACY_OVERHEAD;
	}
	return ((size - (size != 0)) & ~(ZEND_MM_ALIGNMENT - 1)) + legacy_smallest_block;
}

/* The bins of rounded requests, by sixteens: a branch less than computing them, or two. */
static const uint8_t zend_mm_request_bins[ZEND_MM_MAX_SMALL_SIZE / ZEND_MM_ALIGNMENT + 1] = {
	[0] = 1, [1] = 1, [2] = 3, [3] = 5, [4] = 7, [5] = 8, [6] = 9, [7] = 10, [8] = 11,
	[9 ... 10] = 12, [11 ... 12] = 13, [13 ... 14] = 14, [15 ... 16] = 15,
	[17 ... 20] = 16, [21 ... 24] = 17, [25 ... 28] = 18, [29 ... 32] = 19,
	[33 ... 40] = 20, [41 ... 48] = 21, [49 ... 56] = 22, [57 ... 64] = 23,
	[65 ... 80] = 24, [81 ... 96] = 25, [97 ... 112] = 26, [113 ... 128] = 27,
	[129 ... 160] = 28, [161 ... 192] = 29
};

/* The bin for size bytes, at most 3072, in builds whose modern heaps add nothing: that of the
 * rounded request. */
static zend_always_inline size_t zend_mm_bin_of_request(size_t size)
{
	return zend_mm_request_bins[(size + ZEND_MM_ALIGNMENT - 1) / ZEND_MM_ALIGNMENT];
}

#endif
