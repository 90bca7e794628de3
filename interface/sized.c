/* SPDX-License-Identifier: MIT */
/*
 * interface/sized.c - entry points for sizes known at compile time: one pair per bin of the modern
 * heap, which need neither look up the bin nor, when they free, the page map.
 *
 * In legacy mode they serve the same request from the legacy heap.  Debug builds have none: there
 * every call carries its place.
 */
#include "interface/interface.h"

#if !ZEND_DEBUG

#define DEFINE_SIZED(bin, bin_size, elements, pages, x, y) \
	void *_emalloc_##bin_size(void) \
	{ \
		zend_mm_heap *heap = zend_mm_current_heap; \
		\
		if (EXPECTED(heap->kind == ZEND_MM_KIND_MODERN)) { \
			return zend_mm_modern_alloc_bin(heap, bin); \
		} \
		return zend_mm_dispatch_alloc(heap, bin_size); \
	} \
	\
	void _efree_##bin_size(void *ptr) \
	{ \
		zend_mm_heap *heap = zend_mm_current_heap; \
		\
		if (EXPECTED(heap->kind == ZEND_MM_KIND_MODERN)) { \
			zend_mm_modern_free_bin(heap, ptr, bin); \
		} else { \
			zend_mm_dispatch_free(heap, ptr); \
		} \
	}

ZEND_MM_BINS_INFO(DEFINE_SIZED, x, y)

void *_emalloc_large(size_t size)
{
	return zend_mm_dispatch_alloc(zend_mm_current_heap, size);
}

void *_emalloc_huge(size_t size)
{
	return zend_mm_dispatch_alloc(zend_mm_current_heap, size);
}

void _efree_large(void *ptr, size_t size)
{
	(void)size;
	zend_mm_dispatch_free(zend_mm_current_heap, ptr);
}

void _efree_huge(void *ptr, size_t size)
{
	(void)size;
	zend_mm_dispatch_free(zend_mm_current_heap, ptr);
}

#endif
