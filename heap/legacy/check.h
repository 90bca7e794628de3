/* SPDX-License-Identifier: MIT */
/*
 * heap/legacy/check.h - what the files of the deep check share (check.c, check_lists.c).
 */
#ifndef HEAP_LEGACY_CHECK_H
#define HEAP_LEGACY_CHECK_H

#include "heap/legacy/map.h"

/* What the bits of the check's map say. */
enum {
	plane_block,     /* a block begins here */
	plane_listed     /* and was met in a list */
};

/* A check under way. */
struct zend_mm_legacy_check {
	legacy_heap_t *heap;
	struct zend_mm_legacy_map map;
	zend_mm_problem problem;     /* the first one, once a step returned false */
	size_t used_bytes;           /* of used blocks, cached ones included */
	size_t free_blocks;
	size_t listed_free_blocks;
	size_t cached_bytes;
};

/* Note a problem; return false, for steps to return: at an address alone, with a word of which
 * nothing more is known, with one that has another value than it has to have (expected), or one
 * that is beyond a bound. */
bool zend_mm_legacy_wrong(struct zend_mm_legacy_check *check, const char *reason,
	const void *address);
bool zend_mm_legacy_wrong_word(struct zend_mm_legacy_check *check, const char *reason,
	const void *address, const void *word);
bool zend_mm_legacy_wrong_value(struct zend_mm_legacy_check *check, const char *reason,
	const void *address, const void *word, size_t expected);
bool zend_mm_legacy_beyond(struct zend_mm_legacy_check *check, const char *reason,
	const void *word, zend_mm_expectation expectation, size_t bound);

/* Whether a block begins at an address that a link holds; the address may be anything. */
static inline bool check_is_block(const struct zend_mm_legacy_check *check, const void *address)
{
	size_t bit = zend_mm_legacy_map_bit(&check->map, address);

	return bit != SIZE_MAX && map_get(&check->map, plane_block, bit);
}

/* Checks all lists and bitmaps; the blocks have been checked and noted in the map. */
bool zend_mm_legacy_check_lists(struct zend_mm_legacy_check *check);

#endif
