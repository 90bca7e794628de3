/* SPDX-License-Identifier: MIT */
/*
 * t/modern.h - what tests of the modern heap share: heaps on a storage that counts and refuses,
 * with regions far apart, and looking at where blocks are.
 */
#ifndef T_MODERN_H
#define T_MODERN_H

#include "heap/modern/heap.h"
#include "t/host.h"
#include "t/tap.h"
#include "trace/spaced.h"
#include "trace/watched.h"

#define CHUNK ZEND_MM_CHUNK_SIZE
#define PAGE ZEND_MM_PAGE_SIZE
/* What the list of huge blocks adds to size for each of them. */
#define ENTRY ((sizeof(struct zend_mm_huge_entry) + 7) & ~(size_t)7)
/* The largest large block: all pages of a chunk but its header. */
#define LARGEST ZEND_MM_MAX_LARGE_SIZE

/* One heap at a time, and the storage under it. */
static struct zmm_watched watched;
static zmm_spaced *spaced;

/* For tests that say where blocks lie, or how much they take. */
static inline void need_exact_placements(void)
{
	if (ZEND_DEBUG) {
		skip_all("debug builds lay blocks out differently");
	}
}

static inline zend_mm_options modern_options(void)
{
	zend_mm_options options;

	zend_mm_default_options(&options);
	options.mode = ZEND_MM_MODERN;
	return options;
}

/* Makes a heap as the options say, on a new storage. */
static inline zend_mm_heap *modern_start_with(zend_mm_options options)
{
	spaced = zmm_spaced_new();
	if (!spaced || !zmm_watch(&watched, &zmm_spaced_type, spaced)) {
		bail_out("no address space for a storage");
	}
	zmm_watched_use(&watched, &options);
	return zend_mm_startup_with(&options);
}

static inline zend_mm_heap *modern_start(void)
{
	host_start();
	return modern_start_with(modern_options());
}

/* Ends the heap (which can be NULL) and its storage. */
static inline void modern_end(zend_mm_heap *heap)
{
	if (heap) {
		zend_mm_shutdown(heap, 1, 1);
	}
	is_size(watched.regions, 0, "the storage has everything back");
	zmm_unwatch(&watched);
	zmm_spaced_free(spaced);
}

static inline bool modern_sound(zend_mm_heap *heap)
{
	zend_mm_problem problem;
	int result = zend_mm_check(heap, &problem);

	if (result != 0) {
		diag("%s, at %p, word %p: found 0x%zx, expected 0x%zx",
			result > 0 ? problem.reason : "no memory for the check", problem.address,
			problem.word, problem.found, problem.expected);
	}
	return result == 0;
}

static inline zend_mm_figures figures_of(zend_mm_heap *heap)
{
	zend_mm_figures figures;

	zend_mm_get_figures(heap, &figures);
	return figures;
}

/* The chunk of a block, as a number to compare; its page there; its distance from the start. */
static inline void *chunk_of(const void *ptr)
{
	return zend_mm_chunk_of(ptr);
}

static inline size_t page_of(const void *ptr)
{
	return zend_mm_page_of(ptr);
}

static inline size_t offset_of(const void *ptr)
{
	return zend_mm_chunk_offset(ptr);
}

/* A run of so many pages. */
static inline void *take_pages(zend_mm_heap *heap, size_t pages)
{
	return zend_mm_alloc(heap, pages * PAGE);
}

#endif
