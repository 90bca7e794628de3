/* SPDX-License-Identifier: MIT */
/*
 * heap/modern/huge.c - huge blocks: regions of their own, found through a list.
 *
 * An entry of the list is a small block of the heap itself and counts as one.
 *
 * Invariant: each huge block has one entry; the newest is first.  Only zend_mm_huge_insert(),
 * zend_mm_huge_remove() and zend_mm_modern_find_huge() know how the list is kept.
 */
#include "heap/modern/fast.h"
#include "heap/modern/regions.h"

/* {{{ The list.  The original walks it for each block that is freed or resized; here a long one has
 * a table beside it (heap/places.h), but not in a heap under study. */

static void *zend_mm_huge_next(const void *entry)
{
	return ((const struct zend_mm_huge_entry *)entry)->next;
}

/* What an entry is known by; NULL for none. */
static const void *zend_mm_huge_key(const void *entry)
{
	return entry != NULL ? ((const struct zend_mm_huge_entry *)entry)->ptr : NULL;
}

static const struct zend_mm_places_list zend_mm_huge_list = {
	zend_mm_huge_next, zend_mm_huge_key
};

static void zend_mm_huge_insert(struct zend_mm_modern_heap *heap, struct zend_mm_huge_entry *entry,
	void *ptr, size_t size)
{
	entry->ptr = ptr;
	entry->size = size;
	entry->next = heap->huge_blocks;
	heap->huge_blocks = entry;
	if (config_short_ways) {
		zend_mm_places_add_first(&heap->huge_places, &zend_mm_huge_list, entry, ptr,
			zend_mm_huge_key(entry->next));
	}
}

/* The entry before the block's one, NULL where that is the first, or where there is none. */
static struct zend_mm_huge_entry *zend_mm_huge_before(const struct zend_mm_modern_heap *heap,
	const void *ptr)
{
	struct zend_mm_huge_entry *before = NULL;
	struct zend_mm_huge_entry *entry = heap->huge_blocks;
	void *known;

	if (zend_mm_places_find(&heap->huge_places, ptr, &known)) {
		return (struct zend_mm_huge_entry *)known;
	}
	while (entry != NULL && entry->ptr != ptr) {
		before = entry;
		entry = entry->next;
	}
	return entry != NULL ? before : NULL;
}

/* Takes the block's entry out of the list; NULL where there is none. */
static struct zend_mm_huge_entry *zend_mm_huge_remove(struct zend_mm_modern_heap *heap,
	const void *ptr)
{
	struct zend_mm_huge_entry *before = zend_mm_huge_before(heap, ptr);
	struct zend_mm_huge_entry **link = before != NULL ? &before->next : &heap->huge_blocks;
	struct zend_mm_huge_entry *entry = *link;

	if (entry == NULL || entry->ptr != ptr) {
		return NULL;
	}
	*link = entry->next;
	if (config_short_ways) {
		zend_mm_places_remove(&heap->huge_places, ptr, before, zend_mm_huge_key(entry->next));
	}
	return entry;
}

bool zend_mm_huge_places_are_sound(const struct zend_mm_modern_heap *heap,
	struct zend_mm_beside_fault *fault)
{
	return config_short_ways ? zend_mm_places_are_sound(&heap->huge_places, &zend_mm_huge_list,
		heap->huge_blocks, fault) : zend_mm_places_are_unused(&heap->huge_places, fault);
}

struct zend_mm_huge_entry *zend_mm_modern_find_huge(const struct zend_mm_modern_heap *heap,
	const void *ptr)
{
	struct zend_mm_huge_entry *before = zend_mm_huge_before(heap, ptr);
	struct zend_mm_huge_entry *entry = before != NULL ? before->next : heap->huge_blocks;

	return entry != NULL && entry->ptr == ptr ? entry : NULL;
}
/* }}} */

/* Rounds up to the system page; 0 where that wraps, with the refusal noted. */
static size_t zend_mm_huge_round(struct zend_mm_modern_heap *heap, size_t size)
{
	size_t page = zend_mm_page_size();
	size_t rounded = (size + page - 1) & ~(page - 1);

	if (rounded < size) {
		zend_mm_modern_refuse(heap, ZEND_MM_REFUSED_WRAPPED, size);
		return 0;
	}
	return rounded;
}

/* Whether the limit allows bytes more, if need be after a collection.  While an overflow is being
 * reported it does.  False with the refusal noted; size is what the message names. */
static bool zend_mm_huge_allowed(struct zend_mm_modern_heap *heap, size_t bytes, size_t size)
{
	if (!zend_mm_over_limit(heap, bytes)) {
		return true;
	}
	if (zend_mm_modern_gc(&heap->head) != 0 && !zend_mm_over_limit(heap, bytes)) {
		return true;
	}
	if (heap->head.overflow) {
		return true;
	}
	zend_mm_modern_refuse(heap, ZEND_MM_REFUSED_BY_LIMIT, size);
	return false;
}

static void *zend_mm_try_huge_aligned(struct zend_mm_modern_heap *heap, size_t size,
	size_t alignment)
{
	size_t rounded = zend_mm_huge_round(heap, size);
	struct zend_mm_huge_entry *entry;
	void *ptr;

	if (rounded == 0 || !zend_mm_huge_allowed(heap, rounded, size)) {
		return NULL;
	}
	ptr = zend_mm_region_map(heap, rounded, alignment);
	if (ptr == NULL && zend_mm_modern_gc(&heap->head) != 0) {
		ptr = zend_mm_region_map(heap, rounded, alignment);
	}
	if (ptr == NULL) {
		return zend_mm_modern_refuse(heap, ZEND_MM_REFUSED_BY_STORAGE, size);
	}
	entry = zend_mm_modern_try_small(heap, zend_mm_bin_of(sizeof(*entry)));
	if (entry == NULL) {
		zend_mm_region_unmap(heap, ptr, rounded);
		return NULL;
	}
	zend_mm_huge_insert(heap, entry, ptr, rounded);
	zend_mm_real_size_add(heap, rounded);
	zend_mm_size_add(heap, rounded);
	ZEND_MM_EVENT(heap, HUGE_NEW, ptr, rounded, size);
	return ptr;
}

void *zend_mm_modern_try_huge(struct zend_mm_modern_heap *heap, size_t size)
{
	return zend_mm_try_huge_aligned(heap, size, ZEND_MM_CHUNK_SIZE);
}

void *zend_mm_modern_alloc_huge_aligned(struct zend_mm_modern_heap *heap, size_t alignment,
	size_t size)
{
	void *ptr = zend_mm_try_huge_aligned(heap, size, alignment);

	return ptr != NULL ? ptr : zend_mm_modern_refused(heap);
}

void zend_mm_modern_free_huge(void *ptr, struct zend_mm_modern_heap *heap)
{
	struct zend_mm_huge_entry *entry;
	size_t size;

	if (ptr == NULL) {
		return;
	}
	entry = zend_mm_huge_remove(heap, ptr);
	if (entry == NULL) {
		zend_mm_modern_bad_huge(heap, ptr);
	}
	size = entry->size;
	ZEND_MM_EVENT(heap, HUGE_GONE, ptr, size, 0);
	zend_mm_modern_push(heap, entry, zend_mm_bin_of(sizeof(*entry)));
	zend_mm_region_unmap(heap, ptr, size);
	zend_mm_real_size_sub(heap, size);
	zend_mm_size_sub(heap, size);
}

static bool zend_mm_huge_shrink(struct zend_mm_modern_heap *heap, struct zend_mm_huge_entry *entry,
	size_t rounded)
{
	size_t bytes = entry->size - rounded;

	if (!zend_mm_region_truncate(heap, entry->ptr, entry->size, rounded)) {
		return false;
	}
	ZEND_MM_EVENT(heap, HUGE_RESIZED, entry->ptr, rounded, entry->size);
	entry->size = rounded;
	zend_mm_real_size_sub(heap, bytes);
	zend_mm_size_sub(heap, bytes);
	return true;
}

static bool zend_mm_huge_grow(struct zend_mm_modern_heap *heap, struct zend_mm_huge_entry *entry,
	size_t rounded)
{
	size_t bytes = rounded - entry->size;

	if (!zend_mm_region_extend(heap, entry->ptr, entry->size, rounded)) {
		return false;
	}
	ZEND_MM_EVENT(heap, HUGE_RESIZED, entry->ptr, rounded, entry->size);
	entry->size = rounded;
	zend_mm_real_size_add(heap, bytes);
	zend_mm_size_add(heap, bytes);
	return true;
}

int zend_mm_modern_resize_huge(struct zend_mm_modern_heap *heap, struct zend_mm_huge_entry *entry,
	size_t size)
{
	size_t rounded = zend_mm_huge_round(heap, size);

	if (rounded == 0) {
		return -1;
	}
	if (rounded < entry->size) {
		return zend_mm_huge_shrink(heap, entry, rounded);
	}
	if (rounded == entry->size) {
		ZEND_MM_EVENT(heap, RESIZE_STAYS, entry->ptr, rounded, size);
		return 1;
	}
	if (!zend_mm_huge_allowed(heap, rounded - entry->size, size)) {
		return -1;
	}
	return zend_mm_huge_grow(heap, entry, rounded);
}
