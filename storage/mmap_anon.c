/* SPDX-License-Identifier: MIT */
/*
 * storage/mmap_anon.c - the "mmap_anon" type: segments and chunks from anonymous mappings.
 *
 * The type has no state and never calls malloc, so that a heap on it can itself be a program's
 * malloc.  A segment's size is read from its header, which the heap keeps.
 */
#include "storage/types.h"

#ifndef _WIN32
enum { anonymous = -1 };

static zend_mm_storage *anon_init(void *params)
{
	static zend_mm_storage storage = { &zend_mm_storage_mmap_anon.segments, NULL };

	(void)params;
	return &storage;
}

static void anon_dtor(zend_mm_storage *storage)
{
	(void)storage;
}

static void anon_compact(zend_mm_storage *storage)
{
	(void)storage;
}

static zend_mm_segment *anon_alloc(zend_mm_storage *storage, size_t size)
{
	(void)storage;
	return zend_mm_map_aligned(size, zend_mm_page_size(), anonymous);
}

static zend_mm_segment *anon_realloc(zend_mm_storage *storage, zend_mm_segment *segment,
	size_t size)
{
	(void)storage;
	return zend_mm_map_resize(segment, segment->size, size, anonymous);
}

static void *anon_chunk_alloc(zend_mm_storage *storage, size_t size, size_t alignment)
{
	(void)storage;
	return zend_mm_map_aligned(size, alignment, anonymous);
}

static bool anon_chunk_extend(zend_mm_storage *storage, void *chunk, size_t old_size,
	size_t new_size)
{
	(void)storage;
	return zend_mm_map_extend(chunk, old_size, new_size, anonymous);
}

const struct zend_mm_storage_type zend_mm_storage_mmap_anon = {
	.segments = {
		"mmap_anon", anon_init, anon_dtor, anon_compact,
		anon_alloc, anon_realloc, zend_mm_map_segment_free
	},
	.chunks = {
		anon_chunk_alloc, zend_mm_map_chunk_free, zend_mm_map_chunk_truncate, anon_chunk_extend
	}
};
#endif
