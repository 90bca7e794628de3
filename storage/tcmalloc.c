/* SPDX-License-Identifier: MIT */
/*
 * storage/tcmalloc.c - the "tcmalloc" type: segments and chunks from gperftools' tcmalloc.
 *
 * As the "malloc" type in all else: no state, nothing resized in place, and sizes that no malloc can
 * have are refused without asking.  A program that is linked with tcmalloc usually has it as its
 * malloc, too; this type takes it by its own names, whoever answers to malloc.
 */
#include "config.h"

#include "storage/types.h"

#if HAVE_TCMALLOC
#include <gperftools/tcmalloc.h>

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

static void tcmalloc_nothing(zend_mm_storage *storage)
{
	(void)storage;
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
	(void)storage;
	return is_impossible(size) ? NULL : tc_memalign(alignment, size);
}

static void tcmalloc_chunk_free(zend_mm_storage *storage, void *chunk, size_t size)
{
	(void)storage;
	(void)size;
	tc_free(chunk);
}

const struct zend_mm_storage_type zend_mm_storage_tcmalloc = {
	.segments = {
		"tcmalloc", tcmalloc_init, tcmalloc_nothing, tcmalloc_nothing,
		tcmalloc_alloc, tcmalloc_realloc, tcmalloc_free
	},
	.chunks = { tcmalloc_chunk_alloc, tcmalloc_chunk_free, NULL, NULL }
};
#endif
