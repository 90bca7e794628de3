/* SPDX-License-Identifier: MIT */
/*
 * heap/legacy/error.h - requests that cannot be served (see error.c).
 */
#ifndef HEAP_LEGACY_ERROR_H
#define HEAP_LEGACY_ERROR_H

#include "heap/legacy/heap.h"

/* compat: resizing prints the size that was tried as a signed number. */
enum tried_format {
	tried_unsigned,
	tried_signed
};

/* Storage has nothing, or the true size of a request wrapped.  Does not return, but in heaps with
 * null_on_failure it returns NULL. */
ZEND_MM_COLD void *zend_mm_legacy_out_of_memory(legacy_heap_t *heap, size_t request,
	enum tried_format tried);

/* The limit does not allow another segment, or no segment is large enough.  Flushes the cache
 * first; returns as above. */
ZEND_MM_COLD void *zend_mm_legacy_over_limit(legacy_heap_t *heap, size_t request,
	enum tried_format tried);

/* Storage refused a segment: flushes the cache, then as zend_mm_legacy_out_of_memory(). */
ZEND_MM_COLD void *zend_mm_legacy_storage_refused(legacy_heap_t *heap, size_t request,
	enum tried_format tried);

#endif
