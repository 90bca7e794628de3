/* SPDX-License-Identifier: MIT */
/*
 * Sorts sizes into the classes of either heap. See size_class.h.
 */
#include "tools/size_class.h"

#include <stdio.h>

enum {
	/* legacy: below, true sizes by eights */
	LEGACY_TREES = 128,
	/* modern: below, bins */
	MODERN_RUNS = 64, /* and the binary logarithm of their pages, rounded up */
	MODERN_HUGE = 96
};

#define BIN_CLASS(bin, bytes, elements, pages, x, y) { bin, bytes, pages },
static const struct zmm_bin_class bins[] = { ZEND_MM_BINS_INFO(BIN_CLASS, 0, 0) };
#undef BIN_CLASS

static unsigned highest_bit(size_t number)
{
	unsigned bit = 0;

	while (number >>= 1)
		bit++;
	return bit;
}

/* --- legacy --- */

size_t zmm_legacy_true_size(size_t size)
{
	return size < ZMM_LEGACY_HEADER ? (size_t)ZMM_LEGACY_SMALLEST
		: (size + ZMM_LEGACY_HEADER + 7) / 8 * 8;
}

static unsigned legacy_class(size_t true_size)
{
	return (unsigned)(true_size < ZMM_LEGACY_SMALL_LIMIT ? true_size / 8
		: LEGACY_TREES + highest_bit(true_size));
}

static const char *legacy_label(unsigned class, char *text, size_t size)
{
	if (class < LEGACY_TREES) {
		snprintf(text, size, "blocks of %u bytes", class * 8);
		return text;
	}
	size_t from = (size_t)1 << (class - LEGACY_TREES);
	snprintf(text, size, "blocks of %zu to %zu bytes",
		from < ZMM_LEGACY_SMALL_LIMIT ? (size_t)ZMM_LEGACY_SMALL_LIMIT : from, from + (from - 1));
	return text;
}

/* --- modern --- */

const struct zmm_bin_class *zmm_modern_bin(size_t size)
{
	const struct zmm_bin_class *bin = bins;

	while (bin->size < size)
		bin++;
	return bin;
}

static unsigned run_class(size_t pages)
{
	return MODERN_RUNS + (pages > 1 ? highest_bit(pages - 1) + 1 : 0);
}

static unsigned modern_class(size_t size)
{
	if (size <= ZEND_MM_MAX_SMALL_SIZE)
		return zmm_modern_bin(size)->number;
	if (size <= ZEND_MM_MAX_LARGE_SIZE)
		return run_class((size + ZMM_PAGE_SIZE - 1) / ZMM_PAGE_SIZE);
	return MODERN_HUGE;
}

static const char *modern_label(unsigned class, char *text, size_t size)
{
	if (class < MODERN_RUNS) {
		snprintf(text, size, "slots of %zu bytes", bins[class].size);
	} else if (class == MODERN_HUGE) {
		snprintf(text, size, "huge blocks");
	} else if (class <= MODERN_RUNS + 1) {
		snprintf(text, size, class == MODERN_RUNS ? "runs of 1 page" : "runs of 2 pages");
	} else {
		unsigned most = 1u << (class - MODERN_RUNS);
		snprintf(text, size, "runs of %u to %u pages", most / 2 + 1, most);
	}
	return text;
}

/* --- either --- */

unsigned zmm_size_class_of_request(zend_mm_mode mode, size_t size)
{
	return mode == ZEND_MM_LEGACY ? legacy_class(zmm_legacy_true_size(size)) : modern_class(size);
}

unsigned zmm_size_class_of_block(zend_mm_mode mode, const zend_mm_block_info *block)
{
	switch (block->state) {
	case ZEND_MM_BLOCK_USED:
	case ZEND_MM_BLOCK_FREE:
		break;
	case ZEND_MM_BLOCK_CACHED: /* a legacy block; a cached chunk has no class */
		if (mode == ZEND_MM_LEGACY)
			break;
		return ZMM_SIZE_CLASSES;
	case ZEND_MM_BLOCK_FREE_PAGES:
		return run_class(block->size / ZMM_PAGE_SIZE);
	case ZEND_MM_BLOCK_TAIL:
		return block->index;
	default:
		return ZMM_SIZE_CLASSES;
	}
	return mode == ZEND_MM_LEGACY ? legacy_class(block->size) : modern_class(block->size);
}

const char *zmm_size_class_label(zend_mm_mode mode, unsigned class, char *text, size_t size)
{
	return mode == ZEND_MM_LEGACY ? legacy_label(class, text, size)
		: modern_label(class, text, size);
}
