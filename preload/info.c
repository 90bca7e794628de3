/* SPDX-License-Identifier: MIT */
/*
 * preload/info.c - what the C library's functions say and set: mallinfo, malloc_info, malloc_stats,
 * mallopt, malloc_trim.
 *
 * Called through exports.c.  In the C library's terms a home is an arena, and a modern heap's huge
 * block is a block of its own mapping; a legacy heap has none of these, since every block of it
 * lies in a segment.  What a cache or a bin's list keeps is free memory like any other: there are
 * no fastbins.
 */
#include <errno.h>
#include <pthread.h>

#include "preload/home.h"
#include "preload/info.h"

/* {{{ mallinfo */

static int count_free(void *context, zend_mm_block_list list, unsigned index,
	const zend_mm_block_info *block, unsigned depth, int link)
{
	(void)index;
	(void)depth;
	(void)link;
	*(size_t *)context += list != ZEND_MM_LIST_NONE && block != NULL;
	return 0;
}

/* The free blocks of the calling thread's home and of the orphans.  Lists of other threads' heaps
 * cannot be walked. */
static size_t count_free_blocks(void)
{
	struct zend_mm_home *home = zend_mm_home_here();
	size_t blocks = 0;

	if (home) {
		zend_mm_walk_lists(home->heap, count_free, &blocks);
	}
	zend_mm_orphans_lock();
	for (home = zend_mm_orphans(); home; home = home->next_orphan) {
		zend_mm_walk_lists(home->heap, count_free, &blocks);
	}
	zend_mm_orphans_unlock();
	return blocks;
}

static struct zend_mm_totals totals_now(void)
{
	struct zend_mm_totals totals = { .homes = 0 };

	zend_mm_figures_refresh();
	for (struct zend_mm_home *home = zend_mm_homes(); home; home = home->next) {
		zend_mm_totals_add(&totals, home);
	}
	return totals;
}

struct mallinfo2 zend_mm_preload_mallinfo(void)
{
	int saved_errno = errno;
	struct zend_mm_totals totals = totals_now();
	struct mallinfo2 info = {
		.arena = totals.held - totals.apart + totals.spare,
		.ordblks = count_free_blocks(),
		.hblks = totals.apart_count,
		.hblkhd = totals.apart,
		.uordblks = totals.used - totals.apart,
		.fordblks = totals.held - totals.used + totals.spare,
		.keepcost = totals.spare,
	};

	errno = saved_errno;
	return info;
}

/* }}} */
/* {{{ malloc_info and malloc_stats */

static void print_home(FILE *out, const struct zend_mm_home *home)
{
	struct zend_mm_totals figures = { .homes = 0 };

	zend_mm_totals_add(&figures, home);
	fprintf(out, "<heap nr=\"%u\">\n<sizes>\n</sizes>\n", home->number);
	fprintf(out, "<total type=\"fast\" count=\"0\" size=\"0\"/>\n");
	fprintf(out, "<total type=\"rest\" count=\"%zu\" size=\"%zu\"/>\n",
		figures.regions, figures.held - figures.used + figures.spare);
	fprintf(out, "<system type=\"current\" size=\"%zu\"/>\n", figures.held + figures.spare);
	fprintf(out, "<system type=\"max\" size=\"%zu\"/>\n", figures.held_peak);
	fprintf(out, "<aspace type=\"total\" size=\"%zu\"/>\n", figures.held + figures.spare);
	fprintf(out, "<aspace type=\"mprotect\" size=\"%zu\"/>\n</heap>\n",
		figures.held + figures.spare);
}

int zend_mm_preload_info(int options, FILE *out)
{
	struct zend_mm_totals totals;

	if (options != 0) {
		return EINVAL;
	}
	totals = totals_now();
	fprintf(out, "<malloc version=\"1\">\n");
	for (struct zend_mm_home *home = zend_mm_homes(); home; home = home->next) {
		print_home(out, home);
	}
	fprintf(out, "<total type=\"fast\" count=\"0\" size=\"0\"/>\n");
	fprintf(out, "<total type=\"rest\" count=\"%zu\" size=\"%zu\"/>\n",
		totals.regions, totals.held - totals.used + totals.spare);
	fprintf(out, "<total type=\"mmap\" count=\"%zu\" size=\"%zu\"/>\n",
		totals.apart_count, totals.apart);
	fprintf(out, "<system type=\"current\" size=\"%zu\"/>\n", totals.held + totals.spare);
	fprintf(out, "<system type=\"max\" size=\"%zu\"/>\n", totals.held_peak);
	fprintf(out, "<aspace type=\"total\" size=\"%zu\"/>\n", totals.held + totals.spare);
	fprintf(out, "<aspace type=\"mprotect\" size=\"%zu\"/>\n</malloc>\n",
		totals.held + totals.spare);
	return 0;
}

/* Not a point where a thread can be cancelled, as in the C library. */
void zend_mm_preload_stats(void)
{
	struct zend_mm_totals totals = totals_now();
	int cancel_state;

	pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &cancel_state);
	for (struct zend_mm_home *home = zend_mm_homes(); home; home = home->next) {
		struct zend_mm_totals figures = { .homes = 0 };

		zend_mm_totals_add(&figures, home);
		fprintf(stderr, "Arena %u:\nsystem bytes     = %10zu\nin use bytes     = %10zu\n",
			home->number, figures.held, figures.used);
	}
	fprintf(stderr, "Total (incl. mmap):\nsystem bytes     = %10zu\nin use bytes     = %10zu\n",
		totals.held, totals.used);
	fprintf(stderr, "max mmap regions = %10zu\nmax mmap bytes   = %10zu\n",
		totals.apart_count, totals.apart);
	pthread_setcancelstate(cancel_state, NULL);
}

/* }}} */
/* {{{ mallopt and malloc_trim */

int zend_mm_preload_mallopt(int parameter, int value)
{
	(void)value;
	switch (parameter) {
	case M_MXFAST:
	case M_TRIM_THRESHOLD:
	case M_TOP_PAD:
	case M_MMAP_THRESHOLD:
	case M_MMAP_MAX:
	case M_CHECK_ACTION:
	case M_PERTURB:
	case M_ARENA_TEST:
	case M_ARENA_MAX:
		return 1;
	}
	return 0;
}

static bool trim(struct zend_mm_home *home)
{
	size_t held = zend_mm_figure(&home->figures.held);
	size_t spare;

	zend_mm_look_at_returned(home);
	home->heap->verbs->trim(home->heap);
	spare = zend_mm_home_drop_spares(home);
	return spare > 0 || zend_mm_figure(&home->figures.held) < held;
}

int zend_mm_preload_trim(void)
{
	int saved_errno = errno;
	struct zend_mm_home *home = zend_mm_home_here();
	bool gave = home && trim(home);

	zend_mm_orphans_lock();
	for (home = zend_mm_orphans(); home; home = home->next_orphan) {
		gave |= trim(home);
	}
	zend_mm_orphans_unlock();
	errno = saved_errno;
	return gave;
}

/* }}} */
