/* SPDX-License-Identifier: MIT */
/*
 * A program: a trace compiled for replay. Identifiers have become slots, small numbers that are
 * used again once their block is freed, so that a replay is a walk over one array of 8-byte
 * operations and one small table of pointers, with nothing to look up.
 *
 *    0                       31 32                      63
 *   +-------------+------+-----+--------------------------+
 *   | slot (27)   | wide | kind|  size, or index of wide  |
 *   +-------------+------+-----+--------------------------+
 *
 * Operation number N of the trace (as placements count it, from 1) is ops[N - 1].
 *
 * Invariant, checked while compiling: an ALLOC goes to a slot that holds no block; FREE and RESIZE
 * go to a slot whose block was allocated and neither freed nor ended with its request. A replay in
 * which an allocation failed keeps NULL in the slot: free of NULL does nothing, resize of NULL
 * allocates. END_REQUEST empties all slots at once; what they hold must not be looked at again.
 */
#ifndef ZMM_PROGRAM_H
#define ZMM_PROGRAM_H

#include "trace/trace.h"

enum zmm_op_kind {
	ZMM_OP_ALLOC,        /* slot, size */
	ZMM_OP_FREE,         /* slot */
	ZMM_OP_RESIZE,       /* slot, size */
	ZMM_OP_ALIGNED,      /* slot, size, alignment: an allocation */
	ZMM_OP_LIMIT,        /* size: bytes */
	ZMM_OP_END_REQUEST,
	ZMM_OP_GC,
	ZMM_OP_REFUSE,       /* size: how many storage calls */
	ZMM_OP_USAGE,
	ZMM_OP_THREAD_START, /* the operation's thread begins */
	ZMM_OP_THREAD_END,   /* it has no operations after this one */
	ZMM_OP_KINDS
};

struct zmm_op {
	uint32_t head;
	uint32_t size;
};

/* What does not fit into an operation. */
struct zmm_wide {
	uint64_t size;
	uint64_t alignment; /* a power of two; 0: none asked for */
};

enum {
	ZMM_OP_WIDE = 1u << 4,
	ZMM_OP_SLOT_SHIFT = 5,
	ZMM_SLOTS_MAX = 1 << 27
};

typedef struct zmm_program {
	struct zmm_op *ops;
	size_t op_count;
	struct zmm_wide *wide;
	size_t wide_count;
	/* For each END_REQUEST, in their order: how many blocks are left over, then their slots, in
	 * the order in which the request first used these. */
	uint32_t *left;
	size_t left_length;
	uint32_t slot_count;             /* slots are 0 .. slot_count - 1 */
	uint32_t thread_count;           /* at least 1 */
	uint32_t *thread;                /* per operation, 0 .. thread_count - 1; NULL for one thread */
	uint32_t *site;                  /* per operation; NULL unless asked for and present */
	uint64_t by_kind[ZMM_OP_KINDS];
	uint64_t requests;               /* ends of requests, plus one if operations follow the last */
	uint64_t peak_blocks;            /* most blocks alive at once, if nothing fails */
	uint64_t peak_bytes;             /* most requested bytes alive at once, likewise; requests of
	                                  * 2^47 bytes or more cannot succeed and do not count */
	uint64_t peak_op;                /* index of the operation that reached peak_bytes */
	enum zmm_format format;          /* what the file was */
	bool compressed;
} zmm_program;

static inline enum zmm_op_kind zmm_op_kind(const struct zmm_op *op)
{
	return (enum zmm_op_kind)(op->head & 15);
}

static inline uint32_t zmm_op_slot(const struct zmm_op *op)
{
	return op->head >> ZMM_OP_SLOT_SHIFT;
}

static inline uint64_t zmm_op_size(const zmm_program *program, const struct zmm_op *op)
{
	return op->head & ZMM_OP_WIDE ? program->wide[op->size].size : op->size;
}

/* A power of two, or 0 where the operation asked for none. */
static inline uint64_t zmm_op_alignment(const zmm_program *program, const struct zmm_op *op)
{
	return op->head & ZMM_OP_WIDE ? program->wide[op->size].alignment : 0;
}

/* "a", "f", "r", … : the letter of the text format. ALIGNED shows as "a". */
const char *zmm_op_letter(enum zmm_op_kind kind);

enum zmm_program_flags {
	ZMM_PROGRAM_SITES = 1 /* keep each operation's call site */
};

/* Read the trace at `path` ("-": standard input) and compile it. Remarks of the reader go to
 * standard error. NULL on failure. */
zmm_program *zmm_program_load(const char *path, unsigned flags, struct zmm_error *error);

void zmm_program_free(zmm_program *program); /* NULL is fine */

#endif
