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

void *zend_mm_modern_alloc_slow(size_t size, struct zend_mm_modern_heap *heap)
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
	zend_mm_check_pointer(heap, ptr);
	if (UNEXPECTED(chunk->heap != heap)) {
		zend_mm_modern_bad_chunk(heap, ptr);
	}
	if (zend_mm_word_is_small(chunk->map[page])) {
		return zend_mm_bin_size(zend_mm_word_bin(chunk->map[page]));
	}
	return zend_mm_bytes_of_pages(zend_mm_modern_large_pages(heap, chunk, page, ptr));
}

/* Whether a slot is in its bin's free list. */
static bool is_free_slot(const struct zend_mm_modern_heap *heap, unsigned bin, const void *ptr)
{
	const struct zend_mm_slot *slot = heap->free_slots[bin];

	while (slot != NULL && (const void *)slot != ptr) {
		slot = zend_mm_slot_next(heap, slot);
	}
	return slot != NULL;
}

/* Whether an address in a chunk is that of a slot or a large run that is handed out. */
static bool is_live_in_chunk(const struct zend_mm_modern_heap *heap, const void *ptr)
{
	const struct zend_mm_chunk *chunk = zend_mm_chunk_of(ptr);
	unsigned page = zend_mm_page_of(ptr);
	uint32_t word = chunk->map[page];
	const struct zend_mm_bin *bin;
	size_t offset;

	if (!zend_mm_word_is_small(word)) {
		return zend_mm_word_is_large(word) && zend_mm_chunk_offset(ptr) % ZEND_MM_PAGE_SIZE == 0;
	}
	bin = &zend_mm_bins[zend_mm_word_bin(word)];
	if (zend_mm_word_is_small_later(word)) {
		page -= zend_mm_word_count(word);
	}
	offset = (size_t)((const char *)ptr - (const char *)zend_mm_page_address(chunk, page));
	return offset % bin->size == 0 && offset / bin->size < bin->elements &&
		!is_free_slot(heap, zend_mm_word_bin(word), ptr);
}

bool zend_mm_modern_owns(zend_mm_heap *base, const void *ptr)
{
	const struct zend_mm_modern_heap *heap = zend_mm_modern(base);

	if (zend_mm_chunk_offset(ptr) == 0) {
		return ptr != NULL && zend_mm_modern_find_huge(heap, ptr) != NULL;
	}
	return zend_mm_chunks_contain(heap, zend_mm_chunk_of(ptr)) && is_live_in_chunk(heap, ptr);
}
