/* SPDX-License-Identifier: MIT */
/*
 * interface/custom.c - custom handlers: a heap whose requests go to functions of the program.
 *
 * While they are set, the heap is of another kind with the verbs below; what is not a request
 * (limits, figures, walking, the end) still reaches the design underneath.
 */
#include "interface/interface.h"

static void *custom_alloc(zend_mm_heap *heap, size_t size)
{
	return heap->custom.malloc(size);
}

static void custom_free(zend_mm_heap *heap, void *ptr)
{
	heap->custom.free(ptr);
}

static void *custom_realloc(zend_mm_heap *heap, void *ptr, size_t size, size_t copy_size)
{
	(void)copy_size;
	return heap->custom.realloc(ptr, size);
}

/* What a handler's block occupies is not known. */
static size_t custom_block_size(zend_mm_heap *heap, void *ptr)
{
	(void)heap;
	(void)ptr;
	return 0;
}

/* The verbs of the design underneath, for what is not a request. */
#define DESIGN(heap) ((heap)->design_verbs)

static bool custom_owns(zend_mm_heap *heap, const void *ptr)
{
	return DESIGN(heap)->owns(heap, ptr);
}

static size_t custom_usage(zend_mm_heap *heap)
{
	return DESIGN(heap)->usage(heap);
}

static int custom_set_limit(zend_mm_heap *heap, size_t limit)
{
	return DESIGN(heap)->set_limit(heap, limit);
}

static size_t custom_gc(zend_mm_heap *heap)
{
	return DESIGN(heap)->gc(heap);
}

static void custom_shutdown(zend_mm_heap *heap, bool full, bool silent)
{
	DESIGN(heap)->shutdown(heap, full, silent);
}

static void custom_get_figures(zend_mm_heap *heap, zend_mm_figures *figures)
{
	DESIGN(heap)->get_figures(heap, figures);
}

static int custom_walk(zend_mm_heap *heap, zend_mm_visitor visitor, void *context)
{
	return DESIGN(heap)->walk(heap, visitor, context);
}

static int custom_walk_lists(zend_mm_heap *heap, zend_mm_list_visitor visitor, void *context)
{
	return DESIGN(heap)->walk_lists(heap, visitor, context);
}

static int custom_check(zend_mm_heap *heap, zend_mm_problem *problem)
{
	return DESIGN(heap)->check(heap, problem);
}

static void custom_locate(zend_mm_heap *heap, const void *address, zend_mm_place *place)
{
	DESIGN(heap)->locate(heap, address, place);
}

static const struct zend_mm_verbs custom_verbs = {
	.name = "custom handlers",
	.alloc = custom_alloc,
	.free = custom_free,
	.realloc = custom_realloc,
	.block_size = custom_block_size,
	.owns = custom_owns,
	.usage = custom_usage,
	.set_limit = custom_set_limit,
	.gc = custom_gc,
	.shutdown = custom_shutdown,
	.get_figures = custom_get_figures,
	.walk = custom_walk,
	.walk_lists = custom_walk_lists,
	.check = custom_check,
	.locate = custom_locate,
};

void zend_mm_set_custom_handlers(zend_mm_heap *heap, void *(*_malloc)(size_t),
	void (*_free)(void *), void *(*_realloc)(void *, size_t))
{
	heap->custom = (struct zend_mm_custom_handlers){ _malloc, _free, _realloc };
	if (_malloc || _free || _realloc) {
		heap->kind = ZEND_MM_KIND_OTHER;
		heap->verbs = &custom_verbs;
	} else {
		heap->kind = heap->design_kind;
		heap->verbs = heap->design_verbs;
	}
}

void zend_mm_get_custom_handlers(zend_mm_heap *heap, void *(**_malloc)(size_t),
	void (**_free)(void *), void *(**_realloc)(void *, size_t))
{
	*_malloc = heap->custom.malloc;
	*_free = heap->custom.free;
	*_realloc = heap->custom.realloc;
}

int zend_mm_is_custom_heap(zend_mm_heap *heap)
{
	return !heap->zend_mm || heap->verbs == &custom_verbs;
}
