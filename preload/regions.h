/* SPDX-License-Identifier: MIT */
/*
 * preload/regions.h - which home an address belongs to: a map of the whole address space that any
 * thread reads without a lock.
 *
 * Every region that a home holds begins at a multiple of 256 KiB (a unit).  The map has an entry
 * for each unit of the 48-bit address space, in two levels: 2^15 leaves of 2^15 units (8 GiB) each;
 * a leaf is made when the first region in it is registered, and never goes.
 *
 *	address  47 ......... 33 32 ......... 18 17 ............... 0
 *	         | leaf          | unit          | within the unit  |
 *
 * Invariant: an entry is NULL or leads to the home that holds the unit.  Entries of a region are
 * written by the thread that owns its home, before the region is used and before it is given back,
 * so whoever has the address of a live block finds the entry in place.
 */
#ifndef PRELOAD_REGIONS_H
#define PRELOAD_REGIONS_H

#include <stdatomic.h>

#include "heap/heap.h"

#define ZEND_MM_UNIT_SHIFT 18
#define ZEND_MM_UNIT ((size_t)1 << ZEND_MM_UNIT_SHIFT)
#define ZEND_MM_LEAF_SHIFT 15
#define ZEND_MM_LEAF_UNITS ((size_t)1 << ZEND_MM_LEAF_SHIFT)
#define ZEND_MM_ADDRESS_BITS 48
#define ZEND_MM_LEAVES \
	((size_t)1 << (ZEND_MM_ADDRESS_BITS - ZEND_MM_UNIT_SHIFT - ZEND_MM_LEAF_SHIFT))

struct zend_mm_home;

struct zend_mm_region_leaf {
	struct zend_mm_home *_Atomic home[ZEND_MM_LEAF_UNITS];
	_Atomic size_t size[ZEND_MM_LEAF_UNITS]; /* of the region that begins in the unit */
};

extern struct zend_mm_region_leaf *_Atomic zend_mm_region_leaves[ZEND_MM_LEAVES];

/* The home that holds ptr's unit; NULL for addresses that no home holds. */
static zend_always_inline struct zend_mm_home *zend_mm_home_of(const void *ptr)
{
	uintptr_t unit = (uintptr_t)ptr >> ZEND_MM_UNIT_SHIFT;
	struct zend_mm_region_leaf *leaf;

	if (UNEXPECTED(unit >> ZEND_MM_LEAF_SHIFT >= ZEND_MM_LEAVES)) {
		return NULL;
	}
	leaf = atomic_load_explicit(&zend_mm_region_leaves[unit >> ZEND_MM_LEAF_SHIFT],
		memory_order_acquire);
	if (UNEXPECTED(leaf == NULL)) {
		return NULL;
	}
	return atomic_load_explicit(&leaf->home[unit & (ZEND_MM_LEAF_UNITS - 1)],
		memory_order_acquire);
}

/* Enters a region, which begins at a multiple of a unit.  A region that is entered already gets its
 * new size.  False where there is no memory for the map; then nothing is entered. */
bool zend_mm_region_enter(struct zend_mm_home *home, const void *address, size_t size);

/* Takes the part of a region from byte kept on out of the map; kept 0: the whole region. */
void zend_mm_region_leave(const void *address, size_t size, size_t kept);

/* The size of the region that begins at address. */
size_t zend_mm_region_size(const void *address);

#endif
