/* SPDX-License-Identifier: MIT */
/*
 * heap/legacy/verbs.h - the cold verbs of a legacy heap, and the table of all of them.
 */
#ifndef HEAP_LEGACY_VERBS_H
#define HEAP_LEGACY_VERBS_H

#include "heap/legacy/heap.h"

extern const struct zend_mm_verbs zend_mm_legacy_verbs;

/* startup.c: zend_mm_shutdown(), and the last part of it: segments, storage, the structure. */
void zend_mm_legacy_shutdown(zend_mm_heap *heap, bool full, bool silent);
void zend_mm_legacy_destroy(legacy_heap_t *heap);

/* walk.c: zend_mm_walk() and zend_mm_walk_lists(). */
int zend_mm_legacy_walk(zend_mm_heap *heap, zend_mm_visitor visitor, void *context);
int zend_mm_legacy_walk_lists(zend_mm_heap *heap, zend_mm_list_visitor visitor, void *context);

/* check.c: zend_mm_check(). */
int zend_mm_legacy_check(zend_mm_heap *heap, zend_mm_problem *problem);

/* locate.c: zend_mm_locate(). */
void zend_mm_legacy_locate(zend_mm_heap *heap, const void *address, zend_mm_place *place);

#endif
