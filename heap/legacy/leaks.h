/* SPDX-License-Identifier: MIT */
/*
 * heap/legacy/leaks.h - reporting what was not freed (debug builds; see leaks.c).
 */
#ifndef HEAP_LEGACY_LEAKS_H
#define HEAP_LEGACY_LEAKS_H

#include "heap/legacy/heap.h"

/* Tells the host of every block that is still handed out, equal ones together, and how many there
 * are.  The heap cannot be used afterwards until its request has ended. */
void zend_mm_legacy_report_leaks(legacy_heap_t *heap);

#endif
