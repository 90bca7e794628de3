/* SPDX-License-Identifier: MIT */
/*
 * heap/legacy/error.c - the policy for requests that cannot be served.
 *
 * The overflow state of a heap: 0, nothing happened; 1, an error has been reported in this
 * request; 2, another one followed.  Only the first is reported; all of them bail out.  The state
 * goes back to 0 when the request ends.
 *
 * Called by alloc.c and realloc.c.  The heap is sound whenever the host is called, for the host
 * may jump out or ask the heap for memory.
 */
#include <inttypes.h>
#include <stdio.h>

#include "heap/failure.h"
#include "heap/legacy/cache.h"
#include "heap/legacy/error.h"
#include "heap/legacy/fast.h"

enum {
	nothing_reported,
	error_reported,
	error_repeated
};

/* Gives back what was kept so that the host has memory to report an error with. */
static void free_reserve(legacy_heap_t *heap)
{
	void *reserve = heap->reserve;

	if (reserve) {
		heap->reserve = NULL;
		ZEND_MM_EVENT(heap, RESERVE_FREED, reserve, heap->reserve_size, 0);
		zend_mm_legacy_free_slow(reserve, &heap->head);
	}
}

/* The host jumped out of the report and failed again on the way: what it was told may be lost. */
static void print_lost_message(const char *message)
{
	const char *filename = NULL;
	unsigned int lineno = 0;

	zend_mm_current_host.location(&filename, &lineno);
	fprintf(stderr, "\nFatal error: %s in %s on line %u\n", message,
		filename ? filename : "Unknown", lineno);
}

/* Reports "<what> (<first number>...)" as the state says, and bails out. */
static void report(legacy_heap_t *heap, const char *before, size_t number, const char *after,
	size_t request, enum tried_format tried)
{
	char message[256];
	char tried_text[24];

	snprintf(tried_text, sizeof tried_text, tried == tried_signed ? "%" PRIdPTR : "%" PRIuPTR,
		request);
	free_reserve(heap);
	if (heap->head.overflow != nothing_reported) {
		heap->head.overflow = error_repeated;
		zend_mm_bail_out();
	}
	heap->head.overflow = error_reported;
	if (zend_mm_raise_caught(message, "%s%" PRIdPTR "%s (tried to allocate %s bytes)",
			before, (intptr_t) number, after, tried_text) != 0
			&& heap->head.overflow == error_repeated) {
		print_lost_message(message);
	}
	zend_mm_bail_out();
}

void *zend_mm_legacy_out_of_memory(legacy_heap_t *heap, size_t request, enum tried_format tried)
{
	ZEND_MM_EVENT(heap, REFUSED, NULL, request, heap->head.real_size);
	if (!heap->head.null_on_failure) {
		report(heap, "Out of memory (allocated ", heap->head.real_size, ")", request, tried);
	}
	return NULL;
}

void *zend_mm_legacy_over_limit(legacy_heap_t *heap, size_t request, enum tried_format tried)
{
	ZEND_MM_EVENT(heap, OVER_LIMIT, NULL, request, heap->head.limit);
	/* compat: the request is not tried again with what the flush gave back */
	zend_mm_legacy_flush_cache(heap);
	if (!heap->head.null_on_failure) {
		report(heap, "Allowed memory size of ", heap->head.limit, " bytes exhausted", request,
			tried);
	}
	return NULL;
}

void *zend_mm_legacy_storage_refused(legacy_heap_t *heap, size_t request,
	enum tried_format tried)
{
	zend_mm_legacy_flush_cache(heap);
	return zend_mm_legacy_out_of_memory(heap, request, tried);
}
