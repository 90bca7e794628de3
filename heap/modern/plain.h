/* SPDX-License-Identifier: MIT */
/*
 * heap/modern/plain.h - the accessors of links of free slots and cached chunks, and what is checked
 * about pointers that come in: nothing.  Hardened heaps have heap/hardened/slots.h instead.
 */
#ifndef HEAP_MODERN_PLAIN_H
#define HEAP_MODERN_PLAIN_H

/* The link in a word read from a free slot at a place. */
static zend_always_inline struct zend_mm_slot *zend_mm_slot_decode(
	const struct zend_mm_modern_heap *heap, const struct zend_mm_slot *place,
	const struct zend_mm_slot *word)
{
	(void)heap;
	(void)place;
	return (struct zend_mm_slot *)(uintptr_t)word;
}

static zend_always_inline struct zend_mm_slot *zend_mm_slot_next(
	const struct zend_mm_modern_heap *heap, const struct zend_mm_slot *slot)
{
	(void)heap;
	return slot->next;
}

/* A word beside the link that does not fit it, and what it should be; NULL where there is none. */
static inline const size_t *zend_mm_slot_bad_shadow(const struct zend_mm_modern_heap *heap,
	const struct zend_mm_slot *slot, size_t *expected)
{
	(void)heap;
	(void)slot;
	(void)expected;
	return NULL;
}

/* The same where the link is going to be followed, and where the slot is handed out. */
static zend_always_inline struct zend_mm_slot *zend_mm_slot_checked_next(
	const struct zend_mm_modern_heap *heap, const struct zend_mm_slot *slot)
{
	return zend_mm_slot_next(heap, slot);
}

static zend_always_inline struct zend_mm_slot *zend_mm_slot_taken(
	const struct zend_mm_modern_heap *heap, struct zend_mm_slot *slot)
{
	return zend_mm_slot_next(heap, slot);
}

/* The slot of a new run that is handed out without having been in a list. */
static zend_always_inline void zend_mm_slot_is_new(const struct zend_mm_modern_heap *heap,
	struct zend_mm_slot *slot)
{
	(void)heap;
	(void)slot;
}

static zend_always_inline void zend_mm_slot_set_next(const struct zend_mm_modern_heap *heap,
	struct zend_mm_slot *slot, struct zend_mm_slot *next)
{
	(void)heap;
	slot->next = next;
}

/* A request, or the least that can be served in its place. */
static zend_always_inline size_t zend_mm_least_request(const struct zend_mm_modern_heap *heap,
	size_t size)
{
	(void)heap;
	return size;
}

static zend_always_inline void zend_mm_check_pointer(const struct zend_mm_modern_heap *heap,
	const void *ptr)
{
	(void)heap;
	(void)ptr;
}

static zend_always_inline void zend_mm_check_unlink(const struct zend_mm_chunk *chunk)
{
	(void)chunk;
}

static zend_always_inline struct zend_mm_chunk *zend_mm_cached_next(
	const struct zend_mm_modern_heap *heap, const struct zend_mm_chunk *chunk)
{
	(void)heap;
	return chunk->next;
}

/* As for slots, and the link without a look at the shadow. */
static inline const size_t *zend_mm_cached_bad_shadow(const struct zend_mm_modern_heap *heap,
	const struct zend_mm_chunk *chunk, size_t *expected)
{
	(void)heap;
	(void)chunk;
	(void)expected;
	return NULL;
}

static inline struct zend_mm_chunk *zend_mm_cached_decode(const struct zend_mm_modern_heap *heap,
	const struct zend_mm_chunk *chunk)
{
	(void)heap;
	return chunk->next;
}

/* The same of a word that was read from a cached chunk. */
static inline struct zend_mm_chunk *zend_mm_cached_word_decode(
	const struct zend_mm_modern_heap *heap, const struct zend_mm_chunk *chunk,
	const struct zend_mm_chunk *word)
{
	(void)heap;
	(void)chunk;
	return (struct zend_mm_chunk *)(uintptr_t)word;
}

static zend_always_inline void zend_mm_cached_set_next(const struct zend_mm_modern_heap *heap,
	struct zend_mm_chunk *chunk, struct zend_mm_chunk *next)
{
	(void)heap;
	chunk->next = next;
}

#endif
