/* SPDX-License-Identifier: MIT */
/*
 * heap/modern/order.h - which is the first chunk of a long circle that may have a run.
 *
 * The original looks at one chunk after the other.  Here, once there are many, a tree of maxima
 * stands over them in the order of the circle: a leaf says how many pages in a row its chunk has at
 * most, an inner node the most of the leaves below it.  So the first chunk that may serve a request
 * is found in steps that grow with the logarithm of their number, and chunks that cannot are not
 * touched.
 *
 * Exactness: a chunk is passed over only where the original's look at it changes nothing.  That is
 * so if it has fewer free pages than asked; or if a search has failed in it for fewer pages, or as
 * many, and it did not change since, because the search would end as it did then, with the same
 * free_tail.  Every change of a chunk's pages therefore puts its leaf back to its free pages.
 *
 * The tree is memory straight from the system and counts in no figure: about 24 bytes for a place,
 * and up to eight places for a chunk.  Where there is none, and in short circles, all chunks are
 * looked at.
 */
#ifndef HEAP_MODERN_ORDER_H
#define HEAP_MODERN_ORDER_H

#include "heap/heap.h"
#include "heap/places.h"

struct zend_mm_chunk;
struct zend_mm_modern_heap;

/* Up to so many chunks a walk is cheaper: measured, doc/performance.md. */
enum { zend_mm_order_from = 4 };

/* All zero: no tree. */
struct zend_mm_order {
	struct zend_mm_chunk **chunks; /* by place, in the circle's order; NULL: an empty place */
	uint16_t *most;                /* the tree: node 1 is the root, leaf p is places + p */
	size_t places;                 /* a power of two; 0 where there is no tree */
	size_t first;                  /* the first place handed out */
	size_t end;                    /* the one after the last */
	unsigned main_most;            /* the main chunk's pages in a row, which has no place */
};

/* A chunk was linked: at the end of the circle, or right after the main chunk.  May make the tree,
 * or make it anew. */
void zend_mm_order_add(struct zend_mm_modern_heap *heap, struct zend_mm_chunk *chunk, bool front);
/* A chunk was unlinked. */
void zend_mm_order_remove(struct zend_mm_modern_heap *heap, struct zend_mm_chunk *chunk);
/* There is only the main chunk now. */
void zend_mm_order_clear(struct zend_mm_modern_heap *heap);

/* The first chunk, the main one aside, that may have so many pages; NULL where none has. */
struct zend_mm_chunk *zend_mm_order_find(const struct zend_mm_modern_heap *heap, unsigned pages);

/* For the deep check, of a heap whose circle of chunks is sound: whether the tree says what the
 * circle says; otherwise the fault is filled in.  Believes nothing of the tree. */
bool zend_mm_order_is_sound(const struct zend_mm_modern_heap *heap,
	struct zend_mm_beside_fault *fault);

/* A chunk has at most so many pages in a row.  Only where there is a tree, and not of the main
 * chunk. */
void zend_mm_order_set(struct zend_mm_order *order, const struct zend_mm_chunk *chunk,
	unsigned pages);

#endif
