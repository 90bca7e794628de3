/* SPDX-License-Identifier: MIT */
/*
 * preload/figures.c - what homes hold and have handed out, as any thread can read it.
 *
 * A heap counts in plain words, so that requests pay nothing for being counted.  Of another
 * thread's heap these words are read while its owner may be writing them.  Each is read whole by
 * one load, so that it is the figure of some moment, but two need not be of the same moment.
 * (Nothing follows from them but what is printed.)
 */
#include "heap/legacy/heap.h"
#include "preload/home.h"

/* A word that another thread may be writing.  That is what ThreadSanitizer looks for, and here it
 * is on purpose. */
__attribute__((no_sanitize("thread"))) static size_t read_word(const size_t *word)
{
	return *(const volatile size_t *)word;
}

/* Without what lies in the cache, and what flushes of it left behind in the figure. */
static size_t used_bytes(const zend_mm_heap *heap)
{
	const legacy_heap_t *legacy = (const legacy_heap_t *)heap;
	size_t peak = read_word(&heap->peak);
	size_t below = read_word(&heap->below_peak); /* may be of another moment */
	size_t size = below < peak ? peak - below : 0;
	size_t kept;

	if (heap->mode == ZEND_MM_MODERN) {
		return size;
	}
	kept = read_word(&legacy->cached) + read_word(&legacy->flushed);
	return kept < size ? size - kept : 0;
}

void zend_mm_totals_add(struct zend_mm_totals *totals, const struct zend_mm_home *home)
{
	const struct zend_mm_home_figures *figures = &home->figures;

	totals->homes++;
	totals->used += used_bytes(home->heap);
	totals->peak += read_word(&home->heap->peak);
	totals->held += zend_mm_figure(&figures->held);
	totals->held_peak += zend_mm_figure(&figures->held_peak);
	totals->regions += zend_mm_figure(&figures->regions);
	totals->apart += zend_mm_figure(&figures->apart);
	totals->apart_count += zend_mm_figure(&figures->apart_count);
	totals->spare += zend_mm_figure(&figures->spare);
	totals->storage_allocs += zend_mm_figure(&figures->storage_allocs);
	totals->storage_resizes += zend_mm_figure(&figures->storage_resizes);
	totals->storage_frees += zend_mm_figure(&figures->storage_frees);
	for (int kind = 0; kind < ZEND_MM_DONE_KINDS; kind++) {
		totals->done[kind] += zend_mm_figure(&figures->done[kind]);
	}
}

void zend_mm_figures_refresh(void)
{
	struct zend_mm_home *home = zend_mm_home_here();

	if (home) {
		zend_mm_look_at_returned(home);
	}
	zend_mm_orphans_lock();
	for (home = zend_mm_orphans(); home; home = home->next_orphan) {
		zend_mm_look_at_returned(home);
	}
	zend_mm_orphans_unlock();
}
