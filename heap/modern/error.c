/* SPDX-License-Identifier: MIT */
/*
 * heap/modern/error.c - the policy of failures: refused requests and failed checks.
 *
 * A refusal is noted where it is found and reported here, once the verb has put everything in
 * order, because the report jumps out.  While it runs the heap is in overflow: the limit refuses
 * nothing, so that the reporting code may allocate.
 */
#include "heap/failure.h"
#include "heap/modern/heap.h"
#include "storage/storage.h"

void *zend_mm_modern_refuse(struct zend_mm_modern_heap *heap, enum zend_mm_refusal_reason reason,
	size_t size)
{
	heap->refusal.reason = reason;
	heap->refusal.size = size;
	if (config_study && reason == ZEND_MM_REFUSED_BY_LIMIT) {
		ZEND_MM_EVENT(heap, OVER_LIMIT, NULL, size, heap->head.limit);
	} else {
		ZEND_MM_EVENT(heap, REFUSED, NULL, size, heap->head.real_size);
	}
	return NULL;
}

/* Raises the noted error through the host; what jumps out of the host's handler is caught. */
static void zend_mm_modern_raise(const struct zend_mm_modern_heap *heap)
{
	char message[256];
	size_t size = heap->refusal.size;

	switch (heap->refusal.reason) {
	case ZEND_MM_REFUSED_BY_LIMIT:
		zend_mm_raise_caught(message,
			"Allowed memory size of %zu bytes exhausted (tried to allocate %zu bytes)",
			heap->head.limit, size);
		break;
	case ZEND_MM_REFUSED_BY_STORAGE:
		zend_mm_raise_caught(message,
			"Out of memory (allocated %zu bytes) (tried to allocate %zu bytes)",
			heap->head.real_size, size);
		break;
	case ZEND_MM_REFUSED_WRAPPED:
		zend_mm_raise_caught(message,
			"Possible integer overflow in memory allocation (%zu + %zu)", size,
			zend_mm_page_size());
		break;
	}
}

/* While an error is being reported another one is not: its reporter would fail in the same way. */
void *zend_mm_modern_refused(struct zend_mm_modern_heap *heap)
{
	if (heap->head.null_on_failure) {
		return NULL;
	}
	if (!heap->head.overflow) {
		heap->head.overflow = 1;
		zend_mm_modern_raise(heap);
		heap->head.overflow = 0;
	}
	zend_mm_bail_out();
}

void zend_mm_modern_bad_chunk(const struct zend_mm_modern_heap *heap, const void *ptr)
{
	const struct zend_mm_chunk *chunk = zend_mm_chunk_of(ptr);
	const zend_mm_problem problem = {
		.heap = (zend_mm_heap *)&heap->head,
		.reason = "the block's chunk belongs to another heap or to none",
		.address = ptr,
		.word = &chunk->heap,
		.found = (size_t)(uintptr_t)chunk->heap,
		.expected = (size_t)(uintptr_t)heap,
		.expectation = ZEND_MM_EXPECT_EXACTLY
	};

	zend_mm_corrupted(&problem);
}

void zend_mm_modern_free_foreign(void *ptr, struct zend_mm_modern_heap *heap)
{
	zend_mm_modern_bad_chunk(heap, ptr);
}

/* A page's map word does not say that a large run begins there; its first bit would. */
void zend_mm_modern_bad_run(const struct zend_mm_modern_heap *heap, const void *ptr)
{
	const struct zend_mm_chunk *chunk = zend_mm_chunk_of(ptr);
	unsigned page = zend_mm_page_of(ptr);
	bool large = zend_mm_word_is_large(chunk->map[page]);
	zend_mm_problem problem = {
		.heap = (zend_mm_heap *)&heap->head,
		.reason = large ? "the address of a large block is not page aligned" :
			"the page is not in use, or inside a large block",
		.address = ptr,
	};

	if (!large) {
		problem.word = &chunk->map[page];
		problem.found = chunk->map[page];
		problem.expected = ZEND_MM_MAP_LARGE;
		problem.expectation = ZEND_MM_EXPECT_AT_LEAST;
	}
	zend_mm_corrupted(&problem);
}

void zend_mm_modern_bad_huge(const struct zend_mm_modern_heap *heap, const void *ptr)
{
	const zend_mm_problem problem = {
		.heap = (zend_mm_heap *)&heap->head,
		.reason = "no huge block begins at the address",
		.address = ptr
	};

	zend_mm_corrupted(&problem);
}
