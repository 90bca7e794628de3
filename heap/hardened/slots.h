/* SPDX-License-Identifier: MIT */
/*
 * heap/hardened/slots.h - the accessors of a modern heap's links, and what is checked about
 * pointers that come in, in hardened heaps.  The plain ones are in heap/modern/plain.h.
 *
 * The smallest slot that holds a link and its shadow has 16 bytes, so the bin of 8-byte slots is
 * not used (zend_mm_least_request).
 */
#ifndef HEAP_HARDENED_SLOTS_H
#define HEAP_HARDENED_SLOTS_H

/* {{{ Links of free slots. */

static zend_always_inline struct zend_mm_slot *zend_mm_slot_decode(
	const struct zend_mm_modern_heap *heap, const struct zend_mm_slot *place,
	const struct zend_mm_slot *word)
{
	return heap->hardening.links ? (struct zend_mm_slot *)zend_mm_link_decode(&heap->hardening,
		place, (size_t)(uintptr_t)word) : (struct zend_mm_slot *)(uintptr_t)word;
}

/* For walks and checks, which look themselves at where it leads. */
static zend_always_inline struct zend_mm_slot *zend_mm_slot_next(
	const struct zend_mm_modern_heap *heap, const struct zend_mm_slot *slot)
{
	return zend_mm_slot_decode(heap, slot, slot->next);
}

static inline const size_t *zend_mm_slot_bad_shadow(const struct zend_mm_modern_heap *heap,
	const struct zend_mm_slot *slot, size_t *expected)
{
	return heap->hardening.links ? zend_mm_link_bad_shadow(&heap->hardening, slot, expected) : NULL;
}

static zend_always_inline struct zend_mm_slot *zend_mm_slot_checked_next(
	const struct zend_mm_modern_heap *heap, const struct zend_mm_slot *slot)
{
	return heap->hardening.links ? (struct zend_mm_slot *)zend_mm_link_checked(&heap->head,
		&heap->hardening, slot, "a free slot's link does not agree with its shadow") : slot->next;
}

/* The link of a slot that is handed out, which does not look like a free one any more. */
static zend_always_inline struct zend_mm_slot *zend_mm_slot_taken(
	const struct zend_mm_modern_heap *heap, struct zend_mm_slot *slot)
{
	struct zend_mm_slot *next = zend_mm_slot_checked_next(heap, slot);

	if (heap->hardening.links) {
		((size_t *)slot)[1] = 0;
	}
	return next;
}

/* The slot of a new run that is handed out without having been in a list.  A slot that lay there
 * before, in a run that was collected, may have left a link and its shadow. */
static zend_always_inline void zend_mm_slot_is_new(const struct zend_mm_modern_heap *heap,
	struct zend_mm_slot *slot)
{
	if (heap->hardening.links) {
		((size_t *)slot)[1] = 0;
	}
}

static zend_always_inline void zend_mm_slot_set_next(const struct zend_mm_modern_heap *heap,
	struct zend_mm_slot *slot, struct zend_mm_slot *next)
{
	if (heap->hardening.links) {
		zend_mm_link_write(&heap->hardening, slot, next);
	} else {
		slot->next = next;
	}
}

static zend_always_inline size_t zend_mm_least_request(const struct zend_mm_modern_heap *heap,
	size_t size)
{
	const size_t least = 2 * sizeof(size_t) - 7; /* more than the slots that are too small */

	return heap->hardening.links && size < least ? least : size;
}

/* }}} */
/* {{{ Pointers that come in. */

/* Not a multiple of 2 MiB: slots and runs. */
static zend_always_inline void zend_mm_check_slot(const struct zend_mm_modern_heap *heap,
	const struct zend_mm_chunk *chunk, const void *ptr)
{
	unsigned page = zend_mm_page_of(ptr);
	uint32_t word = chunk->map[page];
	unsigned bin = zend_mm_word_bin(word);
	size_t offset;

	if (!zend_mm_word_is_small(word)) {
		return; /* runs are checked anyway */
	}
	page -= zend_mm_word_is_small_later(word) ? zend_mm_word_count(word) : 0;
	offset = (size_t)((const char *)ptr - (const char *)zend_mm_page_address(chunk, page));
	if (UNEXPECTED(offset % heap->bin_sizes[bin] != 0 ||
		offset / heap->bin_sizes[bin] >= zend_mm_bins[bin].elements)) {
		zend_mm_hardened_failed(&heap->head, "an address is inside a slot, not its beginning", ptr);
	}
	if (heap->hardening.links && UNEXPECTED(zend_mm_link_is_whole(&heap->hardening, ptr))) {
		zend_mm_hardened_failed(&heap->head, "a slot was freed already", ptr);
	}
}

/* Looks at a pointer before anything near it is read. */
static zend_always_inline void zend_mm_check_pointer(const struct zend_mm_modern_heap *heap,
	const void *ptr)
{
	const struct zend_mm_chunk *chunk = zend_mm_chunk_of(ptr);

	if (!heap->hardening.frees || zend_mm_chunk_offset(ptr) == 0) {
		return;
	}
	if (UNEXPECTED(chunk != heap->main_chunk && !zend_mm_chunks_contain(heap, chunk))) {
		zend_mm_hardened_failed(&heap->head, "an address is in no chunk of the heap", ptr);
	}
	zend_mm_check_slot(heap, chunk, ptr);
}

/* }}} */
/* {{{ Chunks. */

static zend_always_inline void zend_mm_check_unlink(const struct zend_mm_chunk *chunk)
{
	const struct zend_mm_modern_heap *heap = chunk->heap;

	if (heap->hardening.lists && UNEXPECTED(chunk->next->prev != chunk)) {
		zend_mm_hardened_failed_word(&heap->head, "the next chunk does not point back", chunk,
			&chunk->next->prev, ZEND_MM_EXPECT_EXACTLY, (size_t)(uintptr_t)chunk);
	}
	if (heap->hardening.lists && UNEXPECTED(chunk->prev->next != chunk)) {
		zend_mm_hardened_failed_word(&heap->head, "the previous chunk does not point back", chunk,
			&chunk->prev->next, ZEND_MM_EXPECT_EXACTLY, (size_t)(uintptr_t)chunk);
	}
}

/* A cached chunk's next is its link, and prev the shadow. */
static zend_always_inline struct zend_mm_chunk *zend_mm_cached_next(
	const struct zend_mm_modern_heap *heap, const struct zend_mm_chunk *chunk)
{
	return heap->hardening.cached ? (struct zend_mm_chunk *)zend_mm_link_checked(&heap->head,
		&heap->hardening, &chunk->next, "a cached chunk's link does not agree with its shadow") :
		chunk->next;
}

static inline const size_t *zend_mm_cached_bad_shadow(const struct zend_mm_modern_heap *heap,
	const struct zend_mm_chunk *chunk, size_t *expected)
{
	return heap->hardening.cached ?
		zend_mm_link_bad_shadow(&heap->hardening, &chunk->next, expected) : NULL;
}

/* The same without a look at the shadow, for checks and walks: of a word read from the chunk, and
 * of the one that is there. */
static inline struct zend_mm_chunk *zend_mm_cached_word_decode(
	const struct zend_mm_modern_heap *heap, const struct zend_mm_chunk *chunk,
	const struct zend_mm_chunk *word)
{
	return heap->hardening.cached ? (struct zend_mm_chunk *)zend_mm_link_decode(&heap->hardening,
		&chunk->next, (size_t)(uintptr_t)word) : (struct zend_mm_chunk *)(uintptr_t)word;
}

static inline struct zend_mm_chunk *zend_mm_cached_decode(const struct zend_mm_modern_heap *heap,
	const struct zend_mm_chunk *chunk)
{
	return zend_mm_cached_word_decode(heap, chunk, chunk->next);
}

static zend_always_inline void zend_mm_cached_set_next(const struct zend_mm_modern_heap *heap,
	struct zend_mm_chunk *chunk, struct zend_mm_chunk *next)
{
	if (heap->hardening.cached) {
		zend_mm_link_write(&heap->hardening, &chunk->next, next);
	} else {
		chunk->next = next;
	}
}

/* }}} */

/* {{{ A fresh key: at each request, and in the child of a fork. */

/* Encodes what a place holds anew. */
static inline void *zend_mm_link_renew(const struct zend_mm_hardening *before,
	const struct zend_mm_hardening *now, void *place)
{
	void *link = zend_mm_link_decode(before, place, *(size_t *)place);

	zend_mm_link_write(now, place, link);
	return link;
}

static inline void zend_mm_refresh_key(zend_mm_heap *base)
{
	struct zend_mm_modern_heap *heap = zend_mm_modern(base);
	const struct zend_mm_hardening before = heap->hardening;
	struct zend_mm_chunk *chunk = before.cached ? heap->cached_chunks : NULL;
	unsigned bin;

	heap->hardening.key = zend_mm_random_word();
	for (bin = 0; bin < ZEND_MM_BIN_COUNT && before.links; bin++) {
		void *slot = heap->free_slots[bin];

		while (slot != NULL) {
			slot = zend_mm_link_renew(&before, &heap->hardening, slot);
		}
	}
	while (chunk != NULL) {
		chunk = (struct zend_mm_chunk *)zend_mm_link_renew(&before, &heap->hardening,
			&chunk->next);
	}
}

/* }}} */

#endif
