/* SPDX-License-Identifier: MIT */
/*
 * Pins: which blocks keep a nearly empty segment or chunk from going back to the system, and what
 * freeing them would give back.
 *
 *   legacy segment   [hd|  free  |used|       free       |cached|  free  |guard]   one used block
 *   modern chunk     [header|run: ..x.....|   free pages   |large|  free pages ]   two used blocks
 *
 * A region is pinned where the blocks that the program has in it take at most a sixteenth of it.
 * Not all of the memory is free for the taking once they are freed: a freed block can stay in the
 * legacy heap's cache (until that is full or flushed), a modern run whose slots are all free stays
 * until the next garbage collection, and an empty chunk can be cached. What else stands in the
 * region is therefore told beside. The modern heap's main chunk and the segment with the legacy
 * heap's reserve stay in any case, so they are never pinned.
 */
#ifndef ZMM_PINS_H
#define ZMM_PINS_H

#include "zend_alloc.h"

/* The share of a region that the program's blocks take at most where it is pinned. A sixteenth: a
 * chunk of 2 MiB with less than 128 KiB in it, a segment of 256 KiB with less than 16 KiB; the
 * choice decides what is listed and nothing else. */
enum { ZMM_PINNED_SHARE = 16 };

/* --- who is in a region ---------------------------------------------------------------------- */

struct zmm_tenants {
	zend_mm_region region;
	bool stays;            /* freeing the program's blocks cannot give it back */
	uint64_t used_blocks;  /* the program's, and their bytes, headers included */
	uint64_t used_bytes;
	uint64_t own_blocks;   /* the heap's */
	uint64_t own_bytes;
	uint64_t idle_blocks;  /* freed ones that keep their place: in the cache, slots of runs */
	uint64_t idle_bytes;
};

/* Counts a region's tenants from a walk: called with block NULL, it starts anew. first says that
 * the region is the first of the walk (a modern heap's main chunk). */
void zmm_tenants_visit(struct zmm_tenants *tenants, const zend_mm_region *region,
	const zend_mm_block_info *block, bool first);

/* Whether the region is pinned, its tenants being counted. */
bool zmm_tenants_pinned(const struct zmm_tenants *tenants);

/* --- the pins of a heap ---------------------------------------------------------------------- */

/* What whoever drives the heap knows of a block. */
struct zmm_pin_owner {
	uint64_t slot;         /* or any other number of the block */
	uint64_t operation;    /* the one that made it, or resized it last; 0: unknown */
	size_t requested;      /* bytes */
};

/* Finds the owner of the block whose data is at that address; false where it is unknown. */
typedef bool (*zmm_pin_lookup)(void *context, const void *data, struct zmm_pin_owner *owner);

struct zmm_pin_block {
	size_t offset;         /* of its data, from the region's start */
	size_t size;           /* what it takes of the region */
	bool known;            /* owner is filled in */
	struct zmm_pin_owner owner;
};

struct zmm_pin {
	size_t number;         /* the region's, from 1: segments by age, chunks from the main one on */
	struct zmm_tenants tenants;
	size_t first;          /* its blocks: blocks[first] and the used_blocks - 1 after it */
};

struct zmm_pins {
	struct zmm_pin *pins;  /* those with the fewest used bytes first */
	size_t count;
	struct zmm_pin_block *blocks; /* in address order within a region */
	size_t block_count;
	uint64_t regions;      /* segments, or chunks in use */
	uint64_t region_bytes;
	uint64_t pinned_bytes; /* the pinned ones' sizes, all together */
	uint64_t used_bytes;   /* of the program in them */
};

/* Walks a heap and finds its pins. lookup may be NULL. 0, or -1 with errno set where there is no
 * memory; pins is then empty. */
int zmm_pins_find(struct zmm_pins *pins, zend_mm_heap *heap, zmm_pin_lookup lookup, void *context);

void zmm_pins_drop(struct zmm_pins *pins);

#endif
