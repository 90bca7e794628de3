/* SPDX-License-Identifier: MIT */
/*
 * heap/legacy/plain.h - the accessors of the cache's links, and what is checked about links and
 * pointers before they are followed: nothing.  Hardened heaps have heap/hardened/blocks.h instead.
 */
#ifndef HEAP_LEGACY_PLAIN_H
#define HEAP_LEGACY_PLAIN_H

#include "heap/legacy/heap.h"

/* The link in a word read from a cached block's data. */
static zend_always_inline void *cache_decode(const legacy_heap_t *heap, const void *data,
	void *word)
{
	(void) heap;
	(void) data;
	return word;
}

static zend_always_inline void *cache_next(const legacy_heap_t *heap, const void *data)
{
	(void) heap;
	return *(void *const *) data;
}

/* A word beside the link that does not fit it, and what it should be; NULL where there is none. */
static inline const size_t *cache_bad_shadow(const legacy_heap_t *heap, const void *data,
	size_t *expected)
{
	(void) heap;
	(void) data;
	(void) expected;
	return NULL;
}

/* The link where the block is handed out, or freed for good. */
static zend_always_inline void *cache_taken(const legacy_heap_t *heap, void *data)
{
	(void) heap;
	return *(void **) data;
}

static zend_always_inline void cache_erase_link(const legacy_heap_t *heap, void *data)
{
	(void) heap;
	(void) data;
}

static zend_always_inline void cache_set_next(const legacy_heap_t *heap, void *data, void *next)
{
	(void) heap;
	*(void **) data = next;
}

/* A link of a ring, in a free block, that is about to be followed. */
static zend_always_inline void check_link(const legacy_heap_t *heap, const block_t *block,
	const void *link)
{
	(void) heap;
	(void) block;
	(void) link;
}

/* The link of a tree's node to the pointer that points at it. */
static zend_always_inline void check_parent(const legacy_heap_t *heap, const block_t *block)
{
	(void) heap;
	(void) block;
}

/* A free block whose tags are about to be compared. */
static zend_always_inline void check_listed(const legacy_heap_t *heap, const block_t *block)
{
	(void) heap;
	(void) block;
}

/* A segment is about to be given back, or has moved from that address. */
static zend_always_inline void segment_leaves(const legacy_heap_t *heap, uintptr_t segment,
	size_t size)
{
	(void) heap;
	(void) segment;
	(void) size;
}

/* The heap ends. */
static zend_always_inline void segments_end(const legacy_heap_t *heap)
{
	(void) heap;
}

/* A block that is freed or resized. */
static zend_always_inline void check_freed(const legacy_heap_t *heap, const block_t *block)
{
	(void) heap;
	(void) block;
}

#endif
