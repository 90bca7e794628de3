/* SPDX-License-Identifier: MIT */
/*
 * storage/hint.h - where to ask the system for aligned memory, for storage/system.c alone.
 *
 * The system fills its address space downwards and without gaps: an address of its choice is hardly
 * ever aligned to 2 MiB, so that a mapping takes five calls (map, unmap, map more, trim twice), and
 * nothing can grow in place, because what is above is taken.  A hint costs nothing: the place below
 * the last one, with room above what may grow.  Where the system does not follow it, everything is
 * as without.
 */
#ifndef STORAGE_HINT_H
#define STORAGE_HINT_H

#include <stddef.h>

/* An address to wish for, aligned; NULL where there is nothing to say. */
void *zend_mm_hint_for(size_t size, size_t alignment);
/* Aligned memory was got there, and given back.  Threads may take turns: a lost note costs a hint
 * that the system does not follow. */
void zend_mm_hint_got(const void *address);
void zend_mm_hint_given(const void *address, size_t size);

#endif
