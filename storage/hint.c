/* SPDX-License-Identifier: MIT */
/*
 * storage/hint.c - where to ask the system for aligned memory (see hint.h).
 *
 * The one word of state is the place that was got last.  It goes down by each mapping and up again
 * where the last one is given back, so that memory that comes and goes stays where it is.
 */
#include "storage/hint.h"

#include <stdint.h>

/* Up to this size it is a chunk, which does not grow: chunks lie side by side. */
static const size_t chunk_size = (size_t)2 * 1024 * 1024;
/* Above a huge block there is room to become so many times greater, and for so much at least: a
 * block that grows byte by byte is copied once in a while, not each time.  Only where address space
 * is plenty. */
enum { room_factor = 4 };
static const size_t room_least = (size_t)8 * 1024 * 1024;

static uintptr_t last_place; /* 0: not known */

static size_t room_above(size_t size)
{
	size_t room = size > SIZE_MAX / (4 * room_factor) ? 0 : size * room_factor;

	return size <= chunk_size || sizeof(size_t) < 8 ? 0 : room > room_least ? room : room_least;
}

void *zend_mm_hint_for(size_t size, size_t alignment)
{
	uintptr_t last = __atomic_load_n(&last_place, __ATOMIC_RELAXED);
	size_t below = size + room_above(size);

	if (last == 0 || below < size || below > last / 2) {
		return NULL;
	}
	return (void *)((last - below) & ~(uintptr_t)(alignment - 1));
}

void zend_mm_hint_got(const void *address)
{
	__atomic_store_n(&last_place, (uintptr_t)address, __ATOMIC_RELAXED);
}

void zend_mm_hint_given(const void *address, size_t size)
{
	if (__atomic_load_n(&last_place, __ATOMIC_RELAXED) == (uintptr_t)address) {
		__atomic_store_n(&last_place, (uintptr_t)address + size + room_above(size),
			__ATOMIC_RELAXED);
	}
}
