/* SPDX-License-Identifier: MIT */
/*
 * heap/interruption.h - keeping interruptions out while a heap changes (interruption.c).
 */
#ifndef HEAP_INTERRUPTION_H
#define HEAP_INTERRUPTION_H

#include "heap/heap.h"

/* Lays the layer over a heap that has none yet, if the host in force has callbacks for it.  Nothing
 * happens otherwise, nor to heaps on the system's malloc. */
void zend_mm_keep_interruptions_out(zend_mm_heap *heap);

/* Lets interruptions in again before control jumps out of a heap's request, as often as they were
 * kept out.  Called by all that may jump. */
void zend_mm_let_interruptions_in(void);

#endif
