/* SPDX-License-Identifier: MIT */
/*
 * heap/modern/alloc.c - which kind serves a request, and what a block's address says.
 *
 * The hot halves are in fast.h; here is the choice between large and huge, and the way from a
 * pointer to its block with all checks.
 */
#include "heap/modern/fast.h"
#include "heap/modern/chunks.h"

void *zend_mm_modern_try(struct zend_mm_modern_heap *heap, size_t size)
{
	if (size <= ZEND_MM_MAX_SMALL_SIZE) {
		return zend_mm_modern_try_small(heap, zend_mm_bin_of(size));
	}
	if (size <= ZEND_MM_MAX_LARGE_SIZE) {
		return zend_mm_modern_try_large(heap, size);
	}
	return zend_mm_modern_try_huge(heap, size);
}

void *zend_mm_modern_alloc_slow(struct zend_mm_modern_heap *heap, size_t size)
{
	void *ptr = zend_mm_modern_try(heap, size);

	return EXPECTED(ptr != NULL) ? ptr : zend_mm_modern_refused(heap);
}

unsigned zend_mm_modern_large_pages(const struct zend_mm_modern_heap *heap,
	const struct zend_mm_chunk *chunk, unsigned page, const void *ptr)
{
	uint32_t word = chunk->map[page];

	if (UNEXPECTED(!zend_mm_word_is_large(word) ||
	    (uintptr_t)ptr % ZEND_MM_PAGE_SIZE != 0)) {
		zend_mm_modern_bad_run(heap, ptr);
	}
	return zend_mm_word_pages(word);
}

size_t zend_mm_modern_block_size(zend_mm_heap *base, void *ptr)
{
	const struct zend_mm_modern_heap *heap = zend_mm_modern(base);
	const struct zend_mm_chunk *chunk = zend_mm_chunk_of(ptr);
	const struct zend_mm_huge_entry *entry;
	unsigned page = zend_mm_page_of(ptr);

	if (zend_mm_chunk_offset(ptr) == 0) {
		if (ptr == NULL) {
			return 0;
		}
		entry = zend_mm_modern_find_huge(heap, ptr);
		if (entry == NULL) {
			zend_mm_modern_bad_huge(heap, ptr);
		}
		return entry->size;
	}
	if (UNEXPECTED(chunk->heap != heap)) {
		zend_mm_modern_bad_chunk(heap, ptr);
	}
	if (zend_mm_word_is_small(chunk->map[page])) {
		return zend_mm_bin_size(zend_mm_word_bin(chunk->map[page]));
	}
	return zend_mm_bytes_of_pages(zend_mm_modern_large_pages(heap, chunk, page, ptr));
}

bool zend_mm_modern_owns(zend_mm_heap *base, const void *ptr)
{
	const struct zend_mm_modern_heap *heap = zend_mm_modern(base);
	const struct zend_mm_huge_entry *entry;

	if (ptr == NULL) {
		return false;
	}
	if (zend_mm_chunks_contain(heap, zend_mm_chunk_of(ptr))) {
		return true;
	}
	for (entry = heap->huge_blocks; entry != NULL; entry = entry->next) {
		if ((uintptr_t)ptr - (uintptr_t)entry->ptr < entry->size) {
			return true;
		}
	}
	return false;
}
