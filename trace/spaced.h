/* SPDX-License-Identifier: MIT */
/*
 * trace/spaced.h - a storage whose regions lie far apart, so that a replay's placements depend on
 * the heap alone.
 *
 * Over an ordinary mmap it depends on the neighbours whether a region can grow in place. Here each
 * region has a window of 1 GiB to itself: it can grow to the window's end and never further, and
 * what does not fit into a window is refused. Where address space is scarce (valgrind, ulimit -v,
 * 32 bits) windows are smaller, and zmm_spaced_trouble() tells if that came to matter. Regions are
 * numbered in the order in which they were got, from 0; a number is never used again, a window is.
 *
 * It is a storage type like those of storage/, for both designs, made with a struct zmm_spaced as
 * the parameter of segments.init:
 *
 *    struct zmm_spaced *spaced = zmm_spaced_new();
 *    zend_mm_storage *storage = zmm_spaced_type.segments.init(spaced);
 */
#ifndef ZMM_SPACED_H
#define ZMM_SPACED_H

#include "storage/storage.h"

typedef struct zmm_spaced zmm_spaced;

extern const struct zend_mm_storage_type zmm_spaced_type;

/* No region yet. NULL, with errno set, where there is no memory. */
zmm_spaced *zmm_spaced_new(void);

/* Give all windows back to the system, those still in use included. NULL is fine. */
void zmm_spaced_free(zmm_spaced *spaced);

enum { ZMM_SPACED_NOWHERE = -1 };

/* The number of the region in whose window `address` lies, ZMM_SPACED_NOWHERE if in none's; *offset
 * becomes its distance from the region's start in bytes. */
int64_t zmm_spaced_region(const zmm_spaced *spaced, const void *address, size_t *offset);

/* The size of a window in bytes. */
size_t zmm_spaced_window(const zmm_spaced *spaced);

/* Why a request that fits into 1 GiB could not be served (one line), or NULL if that never
 * happened: from then on, placements are not the heap's alone. */
const char *zmm_spaced_trouble(const zmm_spaced *spaced);

#endif
