/* SPDX-License-Identifier: MIT */
/*
 * heap/legacy/heap.h - the legacy heap's structure.
 *
 * Free memory is in one of four families:
 *
 *	cache     a stack per small bucket.  Its blocks still have the used type and count in
 *	          the size.  cache[i] is the data address of the newest block, whose first word
 *	          is the data address of the next.
 *	buckets   a queue per small bucket.  The sentinel is laid over the pair: prev is the oldest
 *	          block, which is taken next, and next the newest.
 *	trees     a bitwise trie per power of two (see trie.c)
 *	rest      a queue of what oversized segments have left over: prev is the newest block, next
 *	          the oldest
 *
 * Invariant outside a verb: every block is handed out, in the cache or free; a free block is in
 * exactly one list; no two free blocks are neighbours; a bit in small_bitmap or large_bitmap is set
 * if and only if the queue or tree is not empty, but for the buckets in hidden_buckets.
 */
#ifndef HEAP_LEGACY_HEAP_H
#define HEAP_LEGACY_HEAP_H

#include "heap/hardening.h"
#include "heap/places.h"
#include "heap/legacy/layout.h"

/* What a bucket of the cache has seen (builds with cache statistics). */
struct zend_mm_legacy_cache_statistics {
	size_t length;
	size_t longest;
	size_t hits;
	size_t misses;
};

struct zend_mm_legacy_heap {
	zend_mm_heap head;

	size_t cached;              /* bytes of the blocks in the cache */
	size_t small_bitmap;        /* buckets with a free block */
	size_t large_bitmap;        /* trees with a free block */
	void *cache[legacy_bucket_count];
	struct zend_mm_legacy_ring buckets[legacy_bucket_count];
	block_t *trees[legacy_bucket_count];
	size_t tree_least[legacy_bucket_count]; /* trie_least() of each; constant */
	struct zend_mm_legacy_ring rest;
	unsigned rest_count;        /* large blocks in the rest list */

	bool internal;              /* this structure lies in a block of the heap itself */
	zend_mm_segment *segments;  /* newest first */
	struct zend_mm_places segment_places; /* of `segments`; unused in internal heaps */
	size_t segment_size;        /* a power of two */
	void *reserve;              /* data of the block kept for error reporting, or NULL */
	size_t reserve_size;        /* what the heap was set up with */
	size_t compact_threshold;

	/* What explains figures that look wrong and are not; read by the check alone. */
	size_t hidden_buckets;      /* bits that were cleared for a queue that is not empty */
	size_t flushed;             /* bytes that flushes of the cache left in the size */

	ZEND_MM_HARDENED_ONLY(struct zend_mm_hardening hardening;)
	ZEND_MM_HARDENED_ONLY(const zend_mm_segment **recent;) /* heap/hardened/recent.h */
	size_t secret;              /* cookies and canaries are made of it; random */
	ZEND_MM_STUDY_ONLY(const struct zend_mm_study *study;)
	ZEND_MM_STUDY_ONLY(struct zend_mm_legacy_ring large;) /* instead of trees, newest first */
	struct zend_mm_legacy_cache_statistics
		statistics[config_cache_statistics ? legacy_bucket_count : 1];
};

typedef struct zend_mm_legacy_heap legacy_heap_t;

/* The cache's stack and the queue of a small true size: cache[bucket_of(size)] and
 * buckets[bucket_of(size)], written so that the bucket's number need not be computed. */
static zend_always_inline void **cache_of(const legacy_heap_t *heap, size_t size)
{
	return (void **) ((uintptr_t) heap->cache
		+ (size - legacy_smallest_block) / (legacy_alignment / sizeof(void *)));
}

static zend_always_inline struct zend_mm_legacy_ring *queue_of(const legacy_heap_t *heap,
	size_t size)
{
	return (struct zend_mm_legacy_ring *) ((uintptr_t) heap->buckets
		+ (size - legacy_smallest_block)
			* (sizeof(struct zend_mm_legacy_ring) / legacy_alignment));
}

/* A block whose surroundings are not sound: reports that reason, unless its segment's tags say more
 * (corruption.c).  For hardened heaps. */
ZEND_MM_NORETURN void zend_mm_legacy_corrupted_block(const legacy_heap_t *heap, const char *reason,
	const block_t *block) ZEND_MM_COLD;

#if ZEND_MM_HARDENED
# include "heap/hardened/blocks.h"
#else
# include "heap/legacy/plain.h"
#endif

#endif
