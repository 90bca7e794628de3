/* SPDX-License-Identifier: MIT */
/*
 * heap/modern/bins.h - the 30 bins of small blocks.
 *
 * Up to 64 bytes sizes go by eights; above, each doubling is cut into four steps.  A bin's run has
 * as many pages as make its slots waste little of them.
 */
#ifndef HEAP_MODERN_BINS_H
#define HEAP_MODERN_BINS_H

#include "heap/heap.h"

#define ZEND_MM_BIN_COUNT 30u
/* Up to this size bins go by eights. */
#define ZEND_MM_MAX_TINY_SIZE 64

/* What a bin's run looks like. */
struct zend_mm_bin {
	uint16_t size;     /* bytes of a slot */
	uint16_t elements; /* slots of a run */
	uint16_t pages;    /* pages of a run */
};

#define ZEND_MM_BIN_ROW(bin, size, elements, pages, x, y) { size, elements, pages },
static const struct zend_mm_bin zend_mm_bins[ZEND_MM_BIN_COUNT] = {
	ZEND_MM_BINS_INFO(ZEND_MM_BIN_ROW, x, y)
};
#undef ZEND_MM_BIN_ROW

/* Bytes of a bin's slot. */
static zend_always_inline size_t zend_mm_bin_size(size_t bin)
{
	return zend_mm_bins[bin].size;
}

/* The bin for a request of up to 64 bytes. */
static zend_always_inline size_t zend_mm_bin_of_tiny(size_t size)
{
	return (size - 1 + (size < 1)) >> 3;
}

/* The bin for a request of 65 to 3072 bytes.  With b the highest bit of size - 1, the two bits
 * below it say which of the four steps: (size - 1) >> (b - 2) is 4 to 7.  65 bytes (b = 6) have to
 * give bin 8. */
static zend_always_inline size_t zend_mm_bin_of_more(size_t size)
{
	uint32_t last = (uint32_t)size - 1;
	uint32_t bit = 31u ^ (uint32_t)__builtin_clz(last);

	return (last * 4 >> bit) + 4 * bit - 20;
}

/* The same by eights of bytes, for sizes that are not known beforehand.  The original computes the
 * bin, which needs to ask first whether the size is more than 64; with sizes as programs have them
 * a processor guesses that wrong again and again (measured: doc/performance.md). */
static const uint8_t zend_mm_bin_of_eights[ZEND_MM_MAX_SMALL_SIZE / 8 + 1] = {
	[0 ... 1] = 0, [2] = 1, [3] = 2, [4] = 3, [5] = 4, [6] = 5, [7] = 6, [8] = 7,
	[9 ... 10] = 8, [11 ... 12] = 9, [13 ... 14] = 10, [15 ... 16] = 11, [17 ... 20] = 12,
	[21 ... 24] = 13, [25 ... 28] = 14, [29 ... 32] = 15, [33 ... 40] = 16, [41 ... 48] = 17,
	[49 ... 56] = 18, [57 ... 64] = 19, [65 ... 80] = 20, [81 ... 96] = 21, [97 ... 112] = 22,
	[113 ... 128] = 23, [129 ... 160] = 24, [161 ... 192] = 25, [193 ... 224] = 26,
	[225 ... 256] = 27, [257 ... 320] = 28, [321 ... 384] = 29
};

/* The bin for a request of at most 3072 bytes. */
static zend_always_inline size_t zend_mm_bin_of(size_t size)
{
	if (!__builtin_constant_p(size)) {
		return zend_mm_bin_of_eights[(size + 7) / 8];
	}
	return size <= ZEND_MM_MAX_TINY_SIZE ? zend_mm_bin_of_tiny(size) : zend_mm_bin_of_more(size);
}

#endif
