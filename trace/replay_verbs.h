/* SPDX-License-Identifier: MIT */
/*
 * trace/replay_verbs.h - what a replay calls to allocate, free and resize, for each allocator, and
 * the loop that is timed.
 *
 * The loop is a template: inlined with a constant set of verbs, it calls the allocator's functions
 * directly. For replay.c and replay_full.c.
 */
#ifndef ZMM_REPLAY_VERBS_H
#define ZMM_REPLAY_VERBS_H

#include <stdlib.h>

#include "trace/program.h"
#include "zend_alloc.h"

struct zmm_verbs {
	void *(*alloc)(size_t size);
	void (*free)(void *block);
	/* Returns where the block is now; where there is no memory, the block stays and so does its
	 * address (our heaps bail out instead). */
	void *(*resize)(void *block, size_t size);
};

/* --- our heaps, whichever is the current one ------------------------------------------------- */

static inline void *zmm_heap_alloc(size_t size)
{
	return emalloc(size);
}

static inline void zmm_heap_free(void *block)
{
	efree(block);
}

static inline void *zmm_heap_resize(void *block, size_t size)
{
	return erealloc(block, size);
}

/* --- malloc ---------------------------------------------------------------------------------- */

static inline void *zmm_system_alloc(size_t size)
{
	return malloc(size);
}

static inline void zmm_system_free(void *block)
{
	free(block);
}

/* realloc() frees a block that is resized to nothing; in a trace it lives on. */
static inline void *zmm_system_resize(void *block, size_t size)
{
	void *moved = realloc(block, size ? size : 1);

	return moved ? moved : block;
}

/* --- none: nothing is called ------------------------------------------------------------------ */

/* What is left is the loop's own: an operation is read, its slot is found, its kind decides, and
 * the slot is read or written. The empty instructions use what an allocator would be given, so that
 * the compiler does not leave that out, nor does without the branches. A "block" is its size. */
static inline void *zmm_none_alloc(size_t size)
{
	__asm__ volatile("" : "+r"(size));
	return (void *)size;
}

static inline void zmm_none_free(void *block)
{
	__asm__ volatile("" : : "r"(block));
}

static inline void *zmm_none_resize(void *block, size_t size)
{
	__asm__ volatile("" : "+r"(block) : "r"(size));
	return block;
}

static const struct zmm_verbs zmm_heap_verbs = {
	zmm_heap_alloc, zmm_heap_free, zmm_heap_resize
};
static const struct zmm_verbs zmm_system_verbs = {
	zmm_system_alloc, zmm_system_free, zmm_system_resize
};
static const struct zmm_verbs zmm_none_verbs = {
	zmm_none_alloc, zmm_none_free, zmm_none_resize
};

/* --- the loop -------------------------------------------------------------------------------- */

/* Runs operations up to end, or up to the first that is not one of the three plain ones, and
 * returns where it stopped. *now is the operation under way, for whoever catches a bailout. A slot
 * whose block was freed is emptied, so that what is left at the end can be found. */
static inline __attribute__((always_inline)) const struct zmm_op *zmm_run_plain(
	const struct zmm_op *op, const struct zmm_op *end, void **slots,
	const struct zmm_op *volatile *now, const struct zmm_verbs verbs)
{
	for (; op < end; op++) {
		void **slot = &slots[op->head >> ZMM_OP_SLOT_SHIFT];

		*now = op;
		switch (op->head & (ZMM_OP_WIDE | 15)) {
		case ZMM_OP_ALLOC:
			*slot = verbs.alloc(op->size);
			break;
		case ZMM_OP_FREE:
			verbs.free(*slot);
			*slot = NULL;
			break;
		case ZMM_OP_RESIZE:
			*slot = verbs.resize(*slot, op->size);
			break;
		default:
			return op;
		}
	}
	return op;
}

#endif
