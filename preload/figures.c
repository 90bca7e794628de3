/* SPDX-License-Identifier: MIT */
/*
 * preload/figures.c - what homes hold and have handed out, as any thread can read it.
 *
 * A heap's own figures are plain words that its owner changes at any moment.  Owners publish them
 * in atomic ones; what is read of another thread's home is therefore as old as that thread's last
 * visit to a slow half.
 */
#include "heap/legacy/heap.h"
#include "preload/home.h"

/* Without what lies in the cache, and what flushes of it left behind in the figure. */
static size_t used_bytes(const zend_mm_heap *heap)
{
	const legacy_heap_t *legacy = (const legacy_heap_t *)heap;

	return heap->mode == ZEND_MM_LEGACY ? heap->size - legacy->cached - legacy->flushed :
		heap->size;
}

void zend_mm_home_publish(struct zend_mm_home *home)
{
	zend_mm_figure_set(&home->figures.used, used_bytes(home->heap));
	zend_mm_figure_set(&home->figures.peak, home->heap->peak);
}

void zend_mm_totals_add(struct zend_mm_totals *totals, const struct zend_mm_home *home)
{
	const struct zend_mm_home_figures *figures = &home->figures;

	totals->homes++;
	totals->used += zend_mm_figure(&figures->used);
	totals->peak += zend_mm_figure(&figures->peak);
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

static void refresh(struct zend_mm_home *home)
{
	zend_mm_look_at_returned(home);
	zend_mm_home_publish(home);
}

void zend_mm_figures_refresh(void)
{
	struct zend_mm_home *home = zend_mm_home_here();

	if (home) {
		refresh(home);
	}
	zend_mm_orphans_lock();
	for (home = zend_mm_orphans(); home; home = home->next_orphan) {
		refresh(home);
	}
	zend_mm_orphans_unlock();
}
