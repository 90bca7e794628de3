/* SPDX-License-Identifier: MIT */
/*
 * preload/regions.c - writing the map of regions (see regions.h).
 *
 * Called by storage.c alone.  Leaves are memory straight from the system.  Two threads that make
 * the same leaf at once: one installs it, the other gives its own back.
 */
#include "preload/home.h"
#include "storage/storage.h"

struct zend_mm_region_leaf *_Atomic zend_mm_region_leaves[ZEND_MM_LEAVES];

static uintptr_t unit_of(const void *address)
{
	return (uintptr_t)address >> ZEND_MM_UNIT_SHIFT;
}

/* The units that size bytes at a unit's beginning touch. */
static uintptr_t units_of(size_t size)
{
	return (size + ZEND_MM_UNIT - 1) >> ZEND_MM_UNIT_SHIFT;
}

/* The leaf of a unit, NULL where there is none. */
static struct zend_mm_region_leaf *leaf_of(uintptr_t unit)
{
	return atomic_load_explicit(&zend_mm_region_leaves[unit >> ZEND_MM_LEAF_SHIFT],
		memory_order_acquire);
}

static bool make_leaf(uintptr_t unit)
{
	struct zend_mm_region_leaf *made, *present = NULL;

	if (unit >> ZEND_MM_LEAF_SHIFT >= ZEND_MM_LEAVES) {
		return false;
	}
	if (leaf_of(unit)) {
		return true;
	}
	made = zend_mm_scratch_alloc(sizeof *made);
	if (!made) {
		return false;
	}
	if (!atomic_compare_exchange_strong_explicit(
			&zend_mm_region_leaves[unit >> ZEND_MM_LEAF_SHIFT], &present, made,
			memory_order_acq_rel, memory_order_acquire)) {
		zend_mm_scratch_free(made, sizeof *made);
	}
	return true;
}

static void set_home(uintptr_t unit, struct zend_mm_home *home)
{
	atomic_store_explicit(&leaf_of(unit)->home[unit & (ZEND_MM_LEAF_UNITS - 1)], home,
		memory_order_release);
}

static _Atomic size_t *size_place(uintptr_t unit)
{
	return &leaf_of(unit)->size[unit & (ZEND_MM_LEAF_UNITS - 1)];
}

bool zend_mm_region_enter(struct zend_mm_home *home, const void *address, size_t size)
{
	uintptr_t first = unit_of(address);
	uintptr_t count = units_of(size);

	for (uintptr_t unit = first; unit < first + count; unit += ZEND_MM_LEAF_UNITS) {
		if (!make_leaf(unit)) {
			return false;
		}
	}
	if (!make_leaf(first + count - 1)) {
		return false;
	}
	atomic_store_explicit(size_place(first), size, memory_order_relaxed);
	for (uintptr_t i = 0; i < count; i++) {
		set_home(first + i, home);
	}
	return true;
}

void zend_mm_region_leave(const void *address, size_t size, size_t kept)
{
	uintptr_t first = unit_of(address);

	zend_mm_thread.piece_end = 0;
	atomic_store_explicit(size_place(first), kept, memory_order_relaxed);
	for (uintptr_t i = units_of(kept); i < units_of(size); i++) {
		set_home(first + i, NULL);
	}
}

size_t zend_mm_region_size(const void *address)
{
	return atomic_load_explicit(size_place(unit_of(address)), memory_order_relaxed);
}
