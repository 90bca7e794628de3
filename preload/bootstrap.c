/* SPDX-License-Identifier: MIT */
/*
 * preload/bootstrap.c - the arena for requests that come before a heap can be had: from the dynamic
 * linker before the C library is set up, and from what the making of a home calls.
 *
 * A bump pointer over static memory, which costs no page until it is used.  Blocks are never freed;
 * they are told from all others by their address.  In front of each lies its size:
 *
 *	| ... size | data, aligned | ... size | data ...
 */
#include <stdatomic.h>
#include <stdint.h>

#include "preload/bootstrap.h"

enum { arena_size = 1 << 20, smallest_alignment = 16 };

static _Alignas(64) unsigned char arena[arena_size];
static atomic_size_t used;

static size_t *size_place(const void *ptr)
{
	return (size_t *)((uintptr_t)ptr - smallest_alignment);
}

void *zend_mm_bootstrap_alloc(size_t size, size_t alignment)
{
	size_t room, offset;
	uintptr_t data;

	if (alignment < smallest_alignment) {
		alignment = smallest_alignment;
	}
	if (size > arena_size / 4 || alignment > arena_size / 4) {
		return NULL;
	}
	room = (size + smallest_alignment - 1) & ~(size_t)(smallest_alignment - 1);
	room += alignment + smallest_alignment;
	if (atomic_load(&used) > arena_size - room) {
		return NULL; /* so that failing requests do not make the sum wrap */
	}
	offset = atomic_fetch_add(&used, room);
	if (offset > arena_size - room) {
		return NULL;
	}
	data = ((uintptr_t)arena + offset + smallest_alignment + alignment - 1) &
		~(uintptr_t)(alignment - 1);
	*size_place((void *)data) = size;
	return (void *)data;
}

bool zend_mm_bootstrap_has(const void *ptr)
{
	return (uintptr_t)ptr - (uintptr_t)arena < arena_size;
}

size_t zend_mm_bootstrap_size(const void *ptr)
{
	return *size_place(ptr);
}
