/* SPDX-License-Identifier: MIT */
/*
 * heap/design.h - how the interface makes a heap of either design.
 *
 * The designs never include each other; each defines its one constructor, and everything else is
 * reached through the heap's verbs.
 */
#ifndef HEAP_DESIGN_H
#define HEAP_DESIGN_H

#include "heap/hardening.h"
#include "heap/heap.h"
#include "heap/study/event.h"
#include "storage/storage.h"

/* What a legacy heap is made from.  segment_size is a power of two of at least 32 bytes;
 * handlers->init(params) has not been called yet. */
struct zend_mm_legacy_setup {
	const zend_mm_mem_handlers *handlers;
	void *params;
	size_t segment_size;
	size_t reserve_size;
	size_t compact_threshold;
	bool internal;
	bool null_on_failure;
	ZEND_MM_STUDY_ONLY(const struct zend_mm_study *study;)
	const struct zend_mm_hardening *hardening; /* of hardened heaps; its key is a fresh one */
};

/* Makes a legacy heap.  NULL with errno ENOMEM (or what storage left) where there is no memory. */
zend_mm_heap *zend_mm_legacy_startup(const struct zend_mm_legacy_setup *setup);

/* What a modern heap is made from.  Where type is set, its storage is made by the heap and
 * destroyed with it; otherwise chunks come from handlers, and data_size bytes of data are copied
 * into the heap. */
struct zend_mm_modern_setup {
	const struct zend_mm_storage_type *type;
	const zend_mm_chunk_handlers *handlers;
	const void *data;
	size_t data_size;
	bool huge_pages;
	bool null_on_failure;
	ZEND_MM_STUDY_ONLY(const struct zend_mm_study *study;)
	const struct zend_mm_hardening *hardening; /* of hardened heaps; its key is a fresh one */
};

/* Makes a modern heap, its first chunk included.  NULL with errno set as above. */
zend_mm_heap *zend_mm_modern_startup(const struct zend_mm_modern_setup *setup);

/* Allocate size bytes at an alignment, a power of two, for the malloc replacement (aligned.c of
 * each design).  The blocks are freed and resized like all others; one that moves in a resize loses
 * the alignment.  A refused request is reported like any other. */
void *zend_mm_legacy_alloc_aligned(zend_mm_heap *heap, size_t alignment, size_t size);
void *zend_mm_modern_alloc_aligned(zend_mm_heap *heap, size_t alignment, size_t size);

#endif
