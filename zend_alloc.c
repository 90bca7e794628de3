/* SPDX-License-Identifier: MIT */
/*
 * zend_alloc.c - the names that programs call, and the switch between the designs.
 *
 * Owns the current heap.  Every allocating function notes where it was called (debug builds only),
 * then dispatches on the first word of the heap: the two designs are inlined here, any other kind
 * of heap goes through its verbs.
 *
 * Invariant: the current heap is never NULL.
 */
#include "interface/interface.h"

/* {{{ Before the manager is started: the first use starts it. */

static zend_mm_heap *started(void)
{
	start_memory_manager();
	return zend_mm_current_heap;
}

static void *unstarted_alloc(zend_mm_heap *heap, size_t size)
{
	(void)heap;
	return zend_mm_dispatch_alloc(started(), size);
}

static void unstarted_free(zend_mm_heap *heap, void *ptr)
{
	(void)heap;
	zend_mm_dispatch_free(started(), ptr);
}

static void *unstarted_realloc(zend_mm_heap *heap, void *ptr, size_t size, size_t copy_size)
{
	heap = started();
	return heap->verbs->realloc(heap, ptr, size, copy_size);
}

static size_t unstarted_block_size(zend_mm_heap *heap, void *ptr)
{
	heap = started();
	return heap->verbs->block_size(heap, ptr);
}

static const struct zend_mm_verbs unstarted_verbs = {
	.name = "not started",
	.alloc = unstarted_alloc,
	.free = unstarted_free,
	.realloc = unstarted_realloc,
	.block_size = unstarted_block_size,
};

zend_mm_heap zend_mm_unstarted_heap = {
	.kind = ZEND_MM_KIND_OTHER,
	.verbs = &unstarted_verbs,
};

ZEND_MM_PER_THREAD zend_mm_heap *zend_mm_current_heap = &zend_mm_unstarted_heap;

/* }}} */

/* {{{ The manager. */

void start_memory_manager(void)
{
	if (zend_mm_current_heap == &zend_mm_unstarted_heap) {
		zend_mm_current_heap = zend_mm_start_as_environment_says();
		zend_mm_thread_has(zend_mm_current_heap);
	}
}

void shutdown_memory_manager(int silent, int full_shutdown)
{
	if (zend_mm_current_heap != &zend_mm_unstarted_heap) {
		zend_mm_shutdown(zend_mm_current_heap, full_shutdown, silent);
	}
}

zend_mm_heap *zend_mm_get_heap(void)
{
	start_memory_manager();
	return zend_mm_current_heap;
}

void zend_mm_set_host(const zend_mm_host *host)
{
	zend_mm_take_host(host);
	zend_mm_keep_interruptions_out(zend_mm_current_heap);
}

zend_mm_heap *zend_mm_set_heap(zend_mm_heap *new_heap)
{
	zend_mm_heap *before = zend_mm_current_heap;

	zend_mm_current_heap = new_heap ? new_heap : &zend_mm_unstarted_heap;
	return before == &zend_mm_unstarted_heap ? NULL : before;
}

int is_zend_mm(void)
{
	zend_mm_heap *heap = zend_mm_get_heap();

	return heap->zend_mm && !zend_mm_is_custom_heap(heap);
}

bool is_zend_ptr(const void *ptr)
{
	zend_mm_heap *heap = zend_mm_get_heap();

	return ptr && heap->verbs->owns(heap, ptr);
}

int zend_set_memory_limit(size_t memory_limit)
{
	return zend_mm_set_limit(zend_mm_get_heap(), memory_limit);
}

size_t zend_memory_usage(int real_usage)
{
	zend_mm_heap *heap = zend_mm_get_heap();

	return real_usage ? heap->real_size : heap->verbs->usage(heap);
}

size_t zend_memory_peak_usage(int real_usage)
{
	zend_mm_heap *heap = zend_mm_get_heap();

	return real_usage ? heap->real_peak : heap->peak;
}

void zend_memory_reset_peak_usage(void)
{
	zend_mm_heap *heap = zend_mm_get_heap();

	heap->real_peak = heap->real_size;
	zend_mm_size_set(heap, zend_mm_size_used(heap), zend_mm_size_used(heap));
}

bool zend_alloc_in_memory_limit_error_reporting(void)
{
	return zend_mm_current_heap->overflow != 0;
}

/* }}} */

/* {{{ Request memory: the current heap. */

void *zend_mm_other_alloc(size_t size, zend_mm_heap *heap)
{
	return heap->verbs->alloc(heap, size);
}

void zend_mm_other_free(void *ptr, zend_mm_heap *heap)
{
	heap->verbs->free(heap, ptr);
}

size_t zend_mm_safe_size(size_t nmemb, size_t size, size_t offset)
{
	size_t total;

	if (UNEXPECTED(__builtin_mul_overflow(nmemb, size, &total) ||
		__builtin_add_overflow(total, offset, &total))) {
		zend_mm_raise("Possible integer overflow in memory allocation (%zu * %zu + %zu)",
			nmemb, size, offset);
	}
	return total;
}

void *_emalloc(size_t size ZEND_MM_SITE_DC)
{
	ZEND_MM_NOTE_SITE();
	return zend_mm_dispatch_alloc(zend_mm_current_heap, size);
}

void _efree(void *ptr ZEND_MM_SITE_DC)
{
	ZEND_MM_NOTE_SITE();
	zend_mm_dispatch_free(zend_mm_current_heap, ptr);
}

void *_erealloc(void *ptr, size_t size, int allow_failure ZEND_MM_SITE_DC)
{
	(void)allow_failure;
	return _zend_mm_realloc2(zend_mm_current_heap, ptr, size, SIZE_MAX ZEND_MM_SITE_PASS_CC);
}

void *_erealloc2(void *ptr, size_t size, size_t copy_size ZEND_MM_SITE_DC)
{
	return _zend_mm_realloc2(zend_mm_current_heap, ptr, size, copy_size ZEND_MM_SITE_PASS_CC);
}

void *_ecalloc(size_t nmemb, size_t size ZEND_MM_SITE_DC)
{
	size_t total = zend_mm_safe_size(nmemb, size, 0);
	void *data = _emalloc(total ZEND_MM_SITE_PASS_CC);

	return data ? memset(data, 0, total) : NULL;
}

void *_safe_emalloc(size_t nmemb, size_t size, size_t offset ZEND_MM_SITE_DC)
{
	return _emalloc(zend_mm_safe_size(nmemb, size, offset) ZEND_MM_SITE_PASS_CC);
}

void *_safe_erealloc(void *ptr, size_t nmemb, size_t size, size_t offset ZEND_MM_SITE_DC)
{
	return _erealloc(ptr, zend_mm_safe_size(nmemb, size, offset), 0 ZEND_MM_SITE_PASS_CC);
}

char *_estrdup(const char *s ZEND_MM_SITE_DC)
{
	size_t size = zend_mm_safe_size(1, strlen(s), 1);
	char *copy = _emalloc(size ZEND_MM_SITE_PASS_CC);

	return copy ? memcpy(copy, s, size) : NULL;
}

char *_estrndup(const char *s, unsigned int length ZEND_MM_SITE_DC)
{
	char *copy = _emalloc(zend_mm_safe_size(1, length, 1) ZEND_MM_SITE_PASS_CC);

	if (copy) {
		memcpy(copy, s, length);
		copy[length] = '\0';
	}
	return copy;
}

size_t _zend_mem_block_size(void *ptr ZEND_MM_SITE_DC)
{
	return _zend_mm_block_size(zend_mm_current_heap, ptr ZEND_MM_SITE_PASS_CC);
}

/* }}} */

/* {{{ Any heap. */

void *_zend_mm_alloc(zend_mm_heap *heap, size_t size ZEND_MM_SITE_DC)
{
	ZEND_MM_NOTE_SITE();
	return zend_mm_dispatch_alloc(heap, size);
}

void _zend_mm_free(zend_mm_heap *heap, void *ptr ZEND_MM_SITE_DC)
{
	ZEND_MM_NOTE_SITE();
	zend_mm_dispatch_free(heap, ptr);
}

void *_zend_mm_realloc2(zend_mm_heap *heap, void *ptr, size_t size,
	size_t copy_size ZEND_MM_SITE_DC)
{
	enum zend_mm_kind kind = zend_mm_kind_in(&heap->kind);

	ZEND_MM_NOTE_SITE();
	if (kind == ZEND_MM_KIND_LEGACY) {
		return zend_mm_legacy_realloc(heap, ptr, size, copy_size);
	}
	if (kind == ZEND_MM_KIND_MODERN) {
		return zend_mm_modern_realloc(heap, ptr, size, copy_size);
	}
	return heap->verbs->realloc(heap, ptr, size, copy_size);
}

void *_zend_mm_realloc(zend_mm_heap *heap, void *ptr, size_t size ZEND_MM_SITE_DC)
{
	return _zend_mm_realloc2(heap, ptr, size, SIZE_MAX ZEND_MM_SITE_PASS_CC);
}

size_t _zend_mm_block_size(zend_mm_heap *heap, void *ptr ZEND_MM_SITE_DC)
{
	ZEND_MM_NOTE_SITE();
	return heap->verbs->block_size(heap, ptr);
}

void zend_mm_shutdown(zend_mm_heap *heap, int full_shutdown, int silent)
{
	if (full_shutdown && heap == zend_mm_current_heap) {
		zend_mm_current_heap = &zend_mm_unstarted_heap;
	}
	if (full_shutdown) {
		zend_mm_thread_lost(heap);
	}
	heap->verbs->shutdown(heap, full_shutdown != 0, silent != 0);
}

zend_mm_mode zend_mm_get_mode(zend_mm_heap *heap)
{
	return heap->mode;
}

zend_mm_storage *zend_mm_get_storage(zend_mm_heap *heap)
{
	return heap->storage;
}

int zend_mm_set_limit(zend_mm_heap *heap, size_t memory_limit)
{
	return heap->verbs->set_limit(heap, memory_limit);
}

void zend_mm_refresh_key_child(zend_mm_heap *heap)
{
	if (heap->design_verbs->refresh_key) {
		heap->design_verbs->refresh_key(heap);
	}
}

size_t zend_mm_gc(zend_mm_heap *heap)
{
	return heap->verbs->gc(heap);
}

/* }}} */
