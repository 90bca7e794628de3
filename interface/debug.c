/* SPDX-License-Identifier: MIT */
/*
 * interface/debug.c - checks that a program asks for: one block, or all of the current heap.
 *
 * Debug builds alone have these functions; in others the macros of zend_alloc.h are empty.  Nothing
 * here ends the process, and a heap that is damaged is not touched.
 */
#include <stdio.h>

#include "interface/interface.h"

#if ZEND_DEBUG

/* What a heap says about one block: 1 sound, 0 not, with the problem filled in.  Heaps that know
 * nothing about their blocks (the system's malloc) find nothing wrong. */
static int is_sound(zend_mm_heap *heap, const void *ptr, zend_mm_problem *problem)
{
	return !heap->verbs->check_block || heap->verbs->check_block(heap, ptr, problem) == 0;
}

static void report(const zend_mm_problem *problem)
{
	fprintf(stderr, "%s(%u) : Block 0x%08llX is damaged\n",
		zend_mm_site.filename ? zend_mm_site.filename : "Unknown", zend_mm_site.lineno,
		(unsigned long long)(uintptr_t)problem->address);
	if (zend_mm_site.orig_filename) {
		fprintf(stderr, "%s(%u) : Actual location (location was relayed)\n",
			zend_mm_site.orig_filename, zend_mm_site.orig_lineno);
	}
	fflush(stderr);
	zend_mm_print_problem(problem);
}

int _mem_block_check(void *ptr, int silent ZEND_MM_SITE_DC)
{
	zend_mm_heap *heap = zend_mm_get_heap();
	zend_mm_problem problem;

	ZEND_MM_NOTE_SITE();
	if (is_sound(heap, ptr, &problem)) {
		return 1;
	}
	if (!silent) {
		report(&problem);
	}
	return 0;
}

struct count {
	zend_mm_heap *heap;
	int silent;
	int damaged;
};

static int count_damaged(void *context, const zend_mm_region *region,
	const zend_mm_block_info *block)
{
	struct count *count = context;
	zend_mm_problem problem;

	(void)region;
	if (block && block->state == ZEND_MM_BLOCK_USED && !block->internal &&
		!is_sound(count->heap, block->data, &problem)) {
		count->damaged++;
		if (!count->silent) {
			report(&problem);
		}
	}
	return 0;
}

/* Whether a problem that the deep check found is one of a block's own marks.  They are checked
 * last, so that the heap can be walked then. */
static bool is_of_a_block(zend_mm_heap *heap, const zend_mm_problem *problem)
{
	zend_mm_place place;
	zend_mm_problem again;

	return zend_mm_locate(heap, problem->address, &place) && place.block.data &&
		!is_sound(heap, place.block.data, &again) && strcmp(again.reason, problem->reason) == 0;
}

int _full_mem_check(int silent ZEND_MM_SITE_DC)
{
	struct count count = { zend_mm_get_heap(), silent, 0 };
	zend_mm_problem problem;

	ZEND_MM_NOTE_SITE();
	if (zend_mm_check(count.heap, &problem) <= 0) {
		return 0;
	}
	if (is_of_a_block(count.heap, &problem)) {
		zend_mm_walk(count.heap, count_damaged, &count);
		return count.damaged;
	}
	if (!silent) {
		report(&problem);
	}
	return 1;
}

#endif
