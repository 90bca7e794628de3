/* SPDX-License-Identifier: MIT */
/*
 * storage/malloc.c - the "malloc" type: segments and chunks from the system's malloc.
 *
 * The type has no state, so that one constant object serves every heap and making a heap costs no
 * call.  Chunks come from the aligned relative of malloc.  That family cannot resize a block in
 * place on request, so truncating and extending always fail and the heap moves the block.
 *
 * Heaps ask for sizes that no malloc can have, since they pass on what a program asked for. Those
 * are refused here: checkers such as valgrind take them for mistakes.
 */
#include "config.h"

#include "storage/types.h"

#ifdef _WIN32
# include <malloc.h>

static void *aligned_take(size_t size, size_t alignment)
{
	return _aligned_malloc(size, alignment);
}

static void aligned_give_back(void *memory)
{
	_aligned_free(memory);
}
#else
static void *aligned_take(size_t size, size_t alignment)
{
	void *memory;

	return posix_memalign(&memory, alignment, size) == 0 ? memory : NULL;
}

static void aligned_give_back(void *memory)
{
	free(memory);
}
#endif

static bool is_impossible(size_t size)
{
	return size > PTRDIFF_MAX;
}

static zend_mm_storage *malloc_init(void *params)
{
	static zend_mm_storage storage = { &zend_mm_storage_malloc.segments, NULL };

	(void)params;
	return &storage;
}

static void malloc_dtor(zend_mm_storage *storage)
{
	(void)storage;
}

static void malloc_compact(zend_mm_storage *storage)
{
	(void)storage;
}

static zend_mm_segment *malloc_alloc(zend_mm_storage *storage, size_t size)
{
	(void)storage;
	return is_impossible(size) ? NULL : malloc(size);
}

static zend_mm_segment *malloc_realloc(zend_mm_storage *storage, zend_mm_segment *segment,
	size_t size)
{
	(void)storage;
	return is_impossible(size) ? NULL : realloc(segment, size);
}

static void malloc_free(zend_mm_storage *storage, zend_mm_segment *segment)
{
	(void)storage;
	free(segment);
}

static void *malloc_chunk_alloc(zend_mm_storage *storage, size_t size, size_t alignment)
{
	(void)storage;
	return is_impossible(size) ? NULL : aligned_take(size, alignment);
}

static void malloc_chunk_free(zend_mm_storage *storage, void *chunk, size_t size)
{
	(void)storage;
	(void)size;
	aligned_give_back(chunk);
}

const struct zend_mm_storage_type zend_mm_storage_malloc = {
	.segments = {
		"malloc", malloc_init, malloc_dtor, malloc_compact,
		malloc_alloc, malloc_realloc, malloc_free
	},
	.chunks = { malloc_chunk_alloc, malloc_chunk_free, NULL, NULL }
};
