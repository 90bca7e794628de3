/* SPDX-License-Identifier: MIT */
/*
 * heap/guarded/abandoned.c - heaps that another thread was at work in when the process forked, as
 * the child has them: in the middle of something that nobody will end.
 *
 * Such a heap serves nothing any more and takes nothing back: what is freed stays as it is.  Its
 * blocks are good, for whoever worked in the heap was given none and has given none back; how long
 * they are stands in their records, which never move.  Called by startup.c.
 */
#include "heap/guarded/guarded.h"

static void *refuse(zend_mm_heap *heap, size_t size)
{
	(void)heap;
	(void)size;
	return NULL;
}

static void *refuse_aligned(zend_mm_heap *heap, size_t alignment, size_t size)
{
	(void)alignment;
	return refuse(heap, size);
}

static void *refuse_resize(zend_mm_heap *heap, void *ptr, size_t size, size_t copy_size)
{
	(void)ptr;
	(void)copy_size;
	return refuse(heap, size);
}

static void lose(zend_mm_heap *heap, void *ptr)
{
	(void)heap;
	(void)ptr;
}

static const struct guard_record *record_of(const zend_mm_heap *heap, const void *ptr)
{
	return zend_mm_guard_record_in_slabs(&guard_of(heap)->records, ptr);
}

static size_t recorded_size(zend_mm_heap *heap, void *ptr)
{
	const struct guard_record *record = record_of(heap, ptr);

	return record ? record->size : 0;
}

static bool recorded(zend_mm_heap *heap, const void *ptr)
{
	return record_of(heap, ptr) != NULL;
}

static size_t nothing(zend_mm_heap *heap)
{
	(void)heap;
	return 0;
}

static int refuse_limit(zend_mm_heap *heap, size_t limit)
{
	(void)heap;
	(void)limit;
	return 0;
}

static void stay(zend_mm_heap *heap, bool full, bool silent)
{
	(void)heap;
	(void)full;
	(void)silent;
}

static void no_figures(zend_mm_heap *heap, zend_mm_figures *figures)
{
	(void)heap;
	memset(figures, 0, sizeof *figures);
}

static int show_nothing(zend_mm_heap *heap, zend_mm_visitor visitor, void *context)
{
	(void)heap;
	(void)visitor;
	(void)context;
	return 0;
}

static int list_nothing(zend_mm_heap *heap, zend_mm_list_visitor visitor, void *context)
{
	(void)heap;
	(void)visitor;
	(void)context;
	return 0;
}

static int find_nothing(zend_mm_heap *heap, zend_mm_problem *problem)
{
	(void)heap;
	(void)problem;
	return 0;
}

static void know_no_place(zend_mm_heap *heap, const void *address, zend_mm_place *place)
{
	(void)heap;
	(void)address;
	(void)place;
}

const struct zend_mm_verbs zend_mm_abandoned_verbs = {
	.name = "abandoned",
	.alloc = refuse,
	.free = lose,
	.realloc = refuse_resize,
	.block_size = recorded_size,
	.owns = recorded,
	.usage = nothing,
	.set_limit = refuse_limit,
	.gc = nothing,
	.shutdown = stay,
	.get_figures = no_figures,
	.walk = show_nothing,
	.walk_lists = list_nothing,
	.check = find_nothing,
	.locate = know_no_place,
	.alloc_aligned = refuse_aligned,
};
