/* SPDX-License-Identifier: MIT */
/*
 * The size classes of both heaps: the modern heap's bins, and runs by their length; the legacy
 * heap's small blocks by true size, and large ones by the tree they would be free in. Numbers from
 * 0, different ones for the two.
 */
#ifndef ZMM_SIZE_CLASS_H
#define ZMM_SIZE_CLASS_H

#include "zend_alloc.h"

enum { ZMM_SIZE_CLASSES = 256 };

/* The class of the block that serves a request of so many bytes. */
unsigned zmm_size_class_of_request(zend_mm_mode mode, size_t size);

/* The class of a block in a walk; ZMM_SIZE_CLASSES for what has none, such as headers. */
unsigned zmm_size_class_of_block(zend_mm_mode mode, const zend_mm_block_info *block);

/* "blocks of 48 bytes". Writes to text and returns it. */
const char *zmm_size_class_label(zend_mm_mode mode, unsigned class, char *text, size_t size);

/* The true size of a legacy block that serves a request of so many bytes, in a release build. */
size_t zmm_legacy_true_size(size_t size);

/* The bin of a modern request of at most ZEND_MM_MAX_SMALL_SIZE bytes, its slots' size and its
 * run's pages. */
struct zmm_bin_class {
	unsigned number;
	size_t size;
	unsigned pages;
};
const struct zmm_bin_class *zmm_modern_bin(size_t size);

enum {
	ZMM_PAGE_SIZE = 4096,
	/* The legacy heap's numbers, smaller in 32-bit builds. */
	ZMM_LEGACY_HEADER = 2 * sizeof(size_t),
	ZMM_LEGACY_SMALLEST = 2 * ZMM_LEGACY_HEADER,
	ZMM_LEGACY_SMALL_LIMIT = 64 * sizeof(size_t) + ZMM_LEGACY_SMALLEST
};

#endif
