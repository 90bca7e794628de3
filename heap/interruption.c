/* SPDX-License-Identifier: MIT */
/*
 * heap/interruption.c - the layer that tells the host when a heap must not be interrupted.
 *
 * PHP 5's engine had its signal handlers run the script's timeout, which jumps away from wherever
 * the program stands.  In the middle of a heap's request that would leave half a list behind, so
 * the allocator blocked interruptions around each update.  Here that is a layer: it is laid over a
 * heap when the host has the two callbacks, and heaps of hosts that have none know nothing of it.
 *
 * Called by the interface, and through the heap's verbs.
 *
 * Invariant: `depth` is how often this thread has called block_interruptions and not yet called
 * unblock_interruptions.  It is 0 whenever control is outside a request, by whatever way it left.
 */
#include "heap/failure.h"
#include "heap/interruption.h"

static __thread unsigned depth;

static void enter(void)
{
	depth++;
	zend_mm_current_host.block_interruptions();
}

static void leave(void)
{
	if (depth > 0) {
		depth--;
		zend_mm_current_host.unblock_interruptions();
	}
}

void zend_mm_let_interruptions_in(void)
{
	while (depth > 0) {
		leave();
	}
}

static const struct zend_mm_verbs *below(const zend_mm_heap *heap)
{
	return heap->layers[ZEND_MM_LAYER_INTERRUPTION]->below;
}

/* {{{ What changes a heap. */

static void *blocked_alloc(zend_mm_heap *heap, size_t size)
{
	void *data;

	enter();
	data = below(heap)->alloc(heap, size);
	leave();
	return data;
}

static void *blocked_alloc_aligned(zend_mm_heap *heap, size_t alignment, size_t size)
{
	void *data;

	enter();
	data = below(heap)->alloc_aligned(heap, alignment, size);
	leave();
	return data;
}

static void blocked_free(zend_mm_heap *heap, void *ptr)
{
	enter();
	below(heap)->free(heap, ptr);
	leave();
}

static void *blocked_realloc(zend_mm_heap *heap, void *ptr, size_t size, size_t copy_size)
{
	void *data;

	enter();
	data = below(heap)->realloc(heap, ptr, size, copy_size);
	leave();
	return data;
}

static size_t blocked_gc(zend_mm_heap *heap)
{
	size_t freed;

	enter();
	freed = below(heap)->gc(heap);
	leave();
	return freed;
}

static void blocked_trim(zend_mm_heap *heap)
{
	enter();
	below(heap)->trim(heap);
	leave();
}

static int blocked_set_limit(zend_mm_heap *heap, size_t limit)
{
	int result;

	enter();
	result = below(heap)->set_limit(heap, limit);
	leave();
	return result;
}

static void blocked_refresh_key(zend_mm_heap *heap)
{
	if (below(heap)->refresh_key) {
		enter();
		below(heap)->refresh_key(heap);
		leave();
	}
}

static void blocked_shutdown(zend_mm_heap *heap, bool full, bool silent)
{
	enter();
	below(heap)->shutdown(heap, full, silent);
	leave();
}

/* }}} */
/* {{{ What only looks at one goes straight on. */

static size_t looked_block_size(zend_mm_heap *heap, void *ptr)
{
	return below(heap)->block_size(heap, ptr);
}

static bool looked_owns(zend_mm_heap *heap, const void *ptr)
{
	return below(heap)->owns(heap, ptr);
}

static size_t looked_usage(zend_mm_heap *heap)
{
	return below(heap)->usage(heap);
}

static void looked_get_figures(zend_mm_heap *heap, zend_mm_figures *figures)
{
	below(heap)->get_figures(heap, figures);
}

static int looked_walk(zend_mm_heap *heap, zend_mm_visitor visitor, void *context)
{
	return below(heap)->walk(heap, visitor, context);
}

static int looked_walk_lists(zend_mm_heap *heap, zend_mm_list_visitor visitor, void *context)
{
	return below(heap)->walk_lists(heap, visitor, context);
}

static int looked_check(zend_mm_heap *heap, zend_mm_problem *problem)
{
	return below(heap)->check(heap, problem);
}

static void looked_locate(zend_mm_heap *heap, const void *address, zend_mm_place *place)
{
	below(heap)->locate(heap, address, place);
}

static int looked_check_block(zend_mm_heap *heap, const void *ptr, zend_mm_problem *problem)
{
	return below(heap)->check_block ? below(heap)->check_block(heap, ptr, problem) : 0;
}

/* }}} */

static const struct zend_mm_verbs blocked_verbs = {
	.name = "kept from interruptions",
	.alloc = blocked_alloc,
	.free = blocked_free,
	.realloc = blocked_realloc,
	.block_size = looked_block_size,
	.owns = looked_owns,
	.usage = looked_usage,
	.set_limit = blocked_set_limit,
	.gc = blocked_gc,
	.shutdown = blocked_shutdown,
	.get_figures = looked_get_figures,
	.walk = looked_walk,
	.walk_lists = looked_walk_lists,
	.check = looked_check,
	.locate = looked_locate,
	.check_block = looked_check_block,
	.alloc_aligned = blocked_alloc_aligned,
	.trim = blocked_trim,
	.refresh_key = blocked_refresh_key,
};

void zend_mm_keep_interruptions_out(zend_mm_heap *heap)
{
	if (zend_mm_host_minds_interruptions() && heap->zend_mm &&
		!heap->layers[ZEND_MM_LAYER_INTERRUPTION]) {
		zend_mm_lay(heap, ZEND_MM_LAYER_INTERRUPTION, &heap->interruption, &blocked_verbs);
	}
}
