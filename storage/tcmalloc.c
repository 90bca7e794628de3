/* SPDX-License-Identifier: MIT */
/*
 * storage/tcmalloc.c - the "tcmalloc" type: segments and chunks from gperftools' allocator, in
 * builds configured --with-tcmalloc.
 *
 * It is called by its own names (tc_malloc and so on), so it serves heaps whatever the process's
 * malloc is. As with malloc, chunks come from its aligned relative and cannot be resized in place.
 */
#include "config.h"

#if HAVE_TCMALLOC
#include <gperftools/malloc_extension_c.h>
#include <gperftools/tcmalloc.h>

#include "storage/types.h"

/* What a program asks of a heap may be more than any allocator can have. */
static bool is_impossible(size_t size)
{
	return size > PTRDIFF_MAX;
}

static zend_mm_storage *tcmalloc_init(void *params)
{
	static zend_mm_storage storage = { &zend_mm_storage_tcmalloc.segments, NULL };

	(void)params;
	return &storage;
}

static void tcmalloc_dtor(zend_mm_storage *storage)
{
	(void)storage;
}

/* The one storage that has something to compact: free spans go back to the system. */
static void tcmalloc_compact(zend_mm_storage *storage)
{
	(void)storage;
	MallocExtension_ReleaseFreeMemory();
}

static zend_mm_segment *tcmalloc_alloc(zend_mm_storage *storage, size_t size)
{
	(void)storage;
	return is_impossible(size) ? NULL : tc_malloc(size);
}

static zend_mm_segment *tcmalloc_realloc(zend_mm_storage *storage, zend_mm_segment *segment,
	size_t size)
{
	(void)storage;
	return is_impossible(size) ? NULL : tc_realloc(segment, size);
}

static void tcmalloc_free(zend_mm_storage *storage, zend_mm_segment *segment)
{
	(void)storage;
	tc_free(segment);
}

static void *tcmalloc_chunk_alloc(zend_mm_storage *storage, size_t size, size_t alignment)
{
	void *memory;

	(void)storage;
	return !is_impossible(size) && tc_posix_memalign(&memory, alignment, size) == 0 ? memory : NULL;
}

static void tcmalloc_chunk_free(zend_mm_storage *storage, void *chunk, size_t size)
{
	(void)storage;
	(void)size;
	tc_free(chunk);
}

const struct zend_mm_storage_type zend_mm_storage_tcmalloc = {
	.segments = {
		"tcmalloc", tcmalloc_init, tcmalloc_dtor, tcmalloc_compact,
		tcmalloc_alloc, tcmalloc_realloc, tcmalloc_free
	},
	.chunks = { tcmalloc_chunk_alloc, tcmalloc_chunk_free, NULL, NULL }
};
#endif
