/* SPDX-License-Identifier: MIT */
/*
 * heap/legacy/rest.h - the rest list: what oversized segments have left over.
 *
 * Without it the remainder of a segment made for one big block would be filled with small ones,
 * and the segment would never become empty again.  So the list is searched only when nothing else
 * is left below the limit.
 *
 * compat: large blocks alone count towards the length and carry the mark; a small block can be in
 * the list too, and then nothing in the block says so.
 */
#ifndef HEAP_LEGACY_REST_H
#define HEAP_LEGACY_REST_H

#include "heap/legacy/heap.h"

/* The parent link of a large block in the rest list. */
#define REST_MARK ((block_t **) (uintptr_t) 1)

/* Makes size bytes at block a free block and puts it into the rest list.  While the list is full,
 * its oldest blocks go to the ordinary free lists first. */
void zend_mm_legacy_rest_insert(legacy_heap_t *heap, block_t *block, size_t size);

/* The block that a request of a true size takes from the rest list; still in the list.  NULL where
 * none is large enough. */
block_t *zend_mm_legacy_rest_find(const legacy_heap_t *heap, size_t size);

#endif
