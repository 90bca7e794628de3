/* SPDX-License-Identifier: MIT */
/*
 * heap/modern/startup.c - making a heap, the end of a request, and the end of the heap.
 *
 * The heap structure lies in the main chunk, so the first chunk comes from storage before there is
 * a heap, and goes back when there is none any more.
 *
 * The storage's data of the caller is copied behind the heap structure, or, where that room is too
 * small, into pages that follow the header and never become free.  It is part of the heap like the
 * header: it counts in no figure and survives the ends of requests.
 */
#include "heap/modern/chunks.h"
#include "heap/modern/debug.h"
#include "heap/modern/pages.h"
#include "heap/modern/regions.h"
#include "storage/storage.h"

#include <errno.h>

/* {{{ Making */

/* Takes the pages of the copied data out of the main chunk. */
static void zend_mm_reserve_data_pages(struct zend_mm_modern_heap *heap)
{
	struct zend_mm_chunk *chunk = heap->main_chunk;

	if (heap->data_pages != 0) {
		zend_mm_pages_take(chunk, ZEND_MM_FIRST_PAGE, heap->data_pages);
		chunk->map[ZEND_MM_FIRST_PAGE] = zend_mm_large_word(heap->data_pages);
	}
}

/* What a heap is at the beginning of each request. */
static void zend_mm_modern_reset(struct zend_mm_modern_heap *heap)
{
	zend_mm_chunks_reset_main(heap);
	zend_mm_reserve_data_pages(heap);
	memset(heap->free_slots, 0, sizeof(heap->free_slots));
	heap->huge_blocks = NULL;
	zend_mm_size_set(&heap->head, 0, 0);
	heap->head.real_size = (heap->cached_count + 1) * ZEND_MM_CHUNK_SIZE;
	heap->head.real_peak = heap->head.real_size;
	heap->head.overflow = 0;
	heap->chunks = 1;
	heap->peak_chunks = 1;
	heap->deletion_boundary = 0;
	heap->deletion_count = 0;
	heap->lost = 0;
}

/* Makes the caller's storage: the structure in the heap, the data copied. */
static void zend_mm_modern_copy_storage(struct zend_mm_modern_heap *heap,
	const struct zend_mm_modern_setup *setup)
{
	void *copy = heap + 1;

	if (heap->data_pages != 0) {
		copy = zend_mm_page_address(heap->main_chunk, ZEND_MM_FIRST_PAGE);
	}
	if (setup->data_size != 0) {
		memcpy(copy, setup->data, setup->data_size);
		heap->own_storage.data = copy;
	} else {
		heap->own_storage.data = (void *)setup->data;
	}
	heap->own_storage.handlers = NULL;
	heap->head.storage = &heap->own_storage;
}

static struct zend_mm_modern_heap *zend_mm_modern_init(struct zend_mm_chunk *chunk,
	const struct zend_mm_modern_setup *setup, zend_mm_storage *storage)
{
	struct zend_mm_modern_heap *heap = (struct zend_mm_modern_heap *)chunk->heap_room;
	unsigned bin;

	memset(heap, 0, sizeof(*heap));
	ZEND_MM_STUDY_ONLY(heap->study = setup->study;)
	heap->head.kind = config_debug || config_study || config_hardened ?
		ZEND_MM_KIND_OTHER : ZEND_MM_KIND_MODERN;
	heap->head.design_kind = heap->head.kind;
	heap->head.verbs = config_debug ? &zend_mm_modern_debug_verbs : &zend_mm_modern_verbs;
	heap->head.design_verbs = heap->head.verbs;
	heap->head.mode = ZEND_MM_MODERN;
	heap->head.zend_mm = true;
	heap->head.limit = SIZE_MAX >> 1;
	heap->head.null_on_failure = setup->null_on_failure;
	heap->head.calls.allocs = 1;
	heap->main_chunk = chunk;
	ZEND_MM_HARDENED_ONLY(heap->hardening = *setup->hardening;)
	heap->average_chunks = 1.0;
	for (bin = 0; bin < ZEND_MM_BIN_COUNT; bin++) {
		heap->bin_sizes[bin] = zend_mm_bins[bin].size;
	}
	heap->type = setup->type;
	heap->handlers = setup->type != NULL ? setup->type->chunks : *setup->handlers;
	heap->huge_pages = setup->huge_pages;
	heap->data_size = setup->type != NULL ? 0 : setup->data_size;
	if (heap->data_size > ZEND_MM_DATA_ROOM) {
		heap->data_pages = zend_mm_pages_of_bytes(heap->data_size);
	}
	zend_mm_modern_reset(heap);
	if (setup->type != NULL) {
		heap->head.storage = storage;
	} else {
		zend_mm_modern_copy_storage(heap, setup);
	}
	return heap;
}

/* The first chunk, before there is a heap. */
static struct zend_mm_chunk *zend_mm_modern_first_chunk(const struct zend_mm_modern_setup *setup,
	zend_mm_storage *storage)
{
	const zend_mm_chunk_handlers *handlers =
		setup->type != NULL ? &setup->type->chunks : setup->handlers;

	if (setup->huge_pages) {
		return zend_mm_chunk_alloc_huge_pages(handlers, storage, ZEND_MM_CHUNK_SIZE,
			ZEND_MM_CHUNK_SIZE);
	}
	return handlers->chunk_alloc(storage, ZEND_MM_CHUNK_SIZE, ZEND_MM_CHUNK_SIZE);
}

zend_mm_heap *zend_mm_modern_startup(const struct zend_mm_modern_setup *setup)
{
	zend_mm_storage caller_storage = { NULL, (void *)setup->data };
	zend_mm_storage *storage = &caller_storage;
	struct zend_mm_chunk *chunk;

	if (setup->type == NULL && setup->data_size > ZEND_MM_MAX_LARGE_SIZE) {
		errno = EINVAL;
		return NULL;
	}
	errno = ENOMEM;
	if (setup->type != NULL) {
		storage = setup->type->segments.init(NULL);
		if (storage == NULL) {
			return NULL;
		}
	}
	chunk = zend_mm_modern_first_chunk(setup, storage);
	if (chunk == NULL) {
		int error = errno;

		if (setup->type != NULL) {
			setup->type->segments.dtor(storage);
		}
		errno = error;
		return NULL;
	}
	return &zend_mm_modern_init(chunk, setup, storage)->head;
}
/* }}} */

/* {{{ Ending */

static void zend_mm_modern_unmap_huge(struct zend_mm_modern_heap *heap)
{
	struct zend_mm_huge_entry *entry = heap->huge_blocks;

	while (entry != NULL) {
		zend_mm_region_unmap(heap, entry->ptr, entry->size);
		entry = entry->next;
	}
	heap->huge_blocks = NULL;
	zend_mm_places_clear(&heap->huge_places);
}

/* Gives the last chunk back, and with it the heap.  The storage outlives both: the caller's
 * structure and data are copied out, since chunk_free may still read them after unmapping. */
static void zend_mm_modern_unmap_main(struct zend_mm_modern_heap *heap)
{
	struct zend_mm_chunk *chunk = heap->main_chunk;
	const struct zend_mm_storage_type *type = heap->type;
	zend_mm_chunk_handlers handlers = heap->handlers;
	zend_mm_storage copy = heap->own_storage;
	zend_mm_storage *storage = type != NULL ? heap->head.storage : &copy;
	size_t data_size = heap->data_size;
	void *data = data_size != 0 ? zend_mm_scratch_alloc(data_size) : NULL;

	if (data != NULL) {
		memcpy(data, copy.data, data_size);
		copy.data = data;
	}
	handlers.chunk_free(storage, chunk, ZEND_MM_CHUNK_SIZE);
	if (type != NULL) {
		type->segments.dtor(storage);
	}
	if (data != NULL) {
		zend_mm_scratch_free(data, data_size);
	}
}

/* Drops cached chunks until about as many are left as a request needs on average, and cleans the
 * headers of the rest. */
static void zend_mm_modern_trim_cache(struct zend_mm_modern_heap *heap)
{
	struct zend_mm_chunk *chunk;

	heap->average_chunks = (heap->average_chunks + (double)heap->peak_chunks) / 2.0;
	while (heap->cached_chunks != NULL &&
	       (double)heap->cached_count + 0.9 > heap->average_chunks) {
		zend_mm_chunks_drop_cached(heap);
	}
	for (chunk = heap->cached_chunks; chunk != NULL; chunk = zend_mm_cached_next(heap, chunk)) {
		chunk->num = 0;
	}
}

void zend_mm_modern_shutdown(zend_mm_heap *base, bool full, bool silent)
{
	struct zend_mm_modern_heap *heap = zend_mm_modern(base);

	if (config_debug && !silent) {
		zend_mm_modern_debug_report_leaks(heap);
	}
	ZEND_MM_EVENT(heap, REQUEST_ENDED, NULL, zend_mm_size_used(&heap->head), 0);
	zend_mm_modern_unmap_huge(heap);
	zend_mm_chunks_cache_all(heap);
	if (full) {
		while (heap->cached_chunks != NULL) {
			zend_mm_chunks_drop_cached(heap);
		}
		zend_mm_modern_unmap_main(heap);
		return;
	}
	zend_mm_modern_trim_cache(heap);
	zend_mm_modern_reset(heap);
	ZEND_MM_HARDENED_ONLY(zend_mm_refresh_key(base);)
}
/* }}} */
