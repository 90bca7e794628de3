/* SPDX-License-Identifier: MIT */
/*
 * interface/inspect.c - looking at a heap without changing it: figures, walks, the deep check.
 */
#include "interface/interface.h"

void zend_mm_get_figures(zend_mm_heap *heap, zend_mm_figures *figures)
{
	*figures = (zend_mm_figures){
		.real_size = heap->real_size,
		.real_peak = heap->real_peak,
		.size = heap->verbs->usage(heap),
		.peak = heap->peak,
		.limit = heap->limit,
		.storage_allocs = heap->calls.allocs,
		.storage_resizes = heap->calls.resizes,
		.storage_frees = heap->calls.frees,
		.storage_truncates = heap->calls.truncates,
		.storage_refused = heap->calls.refused,
	};
	heap->verbs->get_figures(heap, figures);
}

int zend_mm_walk(zend_mm_heap *heap, zend_mm_visitor visitor, void *context)
{
	return heap->verbs->walk(heap, visitor, context);
}

int zend_mm_walk_lists(zend_mm_heap *heap, zend_mm_list_visitor visitor, void *context)
{
	return heap->verbs->walk_lists(heap, visitor, context);
}

int zend_mm_check(zend_mm_heap *heap, zend_mm_problem *problem)
{
	zend_mm_problem unwanted;

	return heap->verbs->check(heap, problem ? problem : &unwanted);
}

bool zend_mm_locate(zend_mm_heap *heap, const void *address, zend_mm_place *place)
{
	*place = (zend_mm_place){ .page = 0 };
	heap->verbs->locate(heap, address, place);
	return place->region.address != NULL && place->region.kind != ZEND_MM_REGION_HEAP;
}
