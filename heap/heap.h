/* SPDX-License-Identifier: MIT */
/*
 * heap/heap.h - what every heap begins with, and the verbs by which a heap is reached.
 *
 * A request is dispatched on the first word of the heap, `kind`.  The two plain designs are
 * recognised by a comparison and served by inline fast halves (heap/legacy/fast.h and
 * heap/modern/fast.h, included by the interface alone).  Everything else - a process that has not
 * started its heap, the system's malloc, custom handlers, layers that guard or trace a heap - is
 * another kind and goes through `verbs`, a table of functions.  Cold things of the plain designs
 * (shutdown, limits, walking, checking) go through the same table.
 *
 * Invariant: the five figures are what the interface reports at any moment outside a verb.
 */
#ifndef HEAP_HEAP_H
#define HEAP_HEAP_H

#include "heap/flags.h"
#include "heap/kind.h"
#include "zend_alloc.h"

#define zend_always_inline inline __attribute__((always_inline))
#define ZEND_MM_COLD __attribute__((cold, noinline))
/* Nor a copy with other arguments: callers pass theirs on where they are. */
#if defined(__GNUC__) && !defined(__clang__)
# define ZEND_MM_NOINLINE __attribute__((noinline, noclone))
#else
# define ZEND_MM_NOINLINE __attribute__((noinline))
#endif
#ifndef EXPECTED
# define EXPECTED(condition) __builtin_expect(!!(condition), 1)
# define UNEXPECTED(condition) __builtin_expect(!!(condition), 0)
#endif

/* Hides from the compiler that a value is still the same one.  Otherwise it computes the address of
 * a list's head once, for the load and the store, which costs an instruction more than addressing
 * both by heap and index: measured with callgrind, one instruction in each request. */
#define ZEND_MM_OPAQUE(value) do { \
		if (!__builtin_constant_p(value)) { \
			__asm__("" : "+r"(value)); \
		} \
	} while (0)

/* The verbs of a heap.  A design or a layer has one constant table of them.  alloc, free, realloc
 * and block_size behave as the functions of zend_alloc.h; copy_size is SIZE_MAX where the caller
 * did not limit what is kept. */
struct zend_mm_verbs {
	const char *name;
	void *(*alloc)(zend_mm_heap *heap, size_t size);
	void (*free)(zend_mm_heap *heap, void *ptr);
	void *(*realloc)(zend_mm_heap *heap, void *ptr, size_t size, size_t copy_size);
	size_t (*block_size)(zend_mm_heap *heap, void *ptr);
	bool (*owns)(zend_mm_heap *heap, const void *ptr);
	size_t (*usage)(zend_mm_heap *heap);
	int (*set_limit)(zend_mm_heap *heap, size_t limit);
	size_t (*gc)(zend_mm_heap *heap);
	void (*shutdown)(zend_mm_heap *heap, bool full, bool silent);
	void (*get_figures)(zend_mm_heap *heap, zend_mm_figures *figures);
	int (*walk)(zend_mm_heap *heap, zend_mm_visitor visitor, void *context);
	int (*walk_lists)(zend_mm_heap *heap, zend_mm_list_visitor visitor, void *context);
	int (*check)(zend_mm_heap *heap, zend_mm_problem *problem);
	void (*locate)(zend_mm_heap *heap, const void *address, zend_mm_place *place);
	/* Whether ptr is a sound block in use: 0, or 1 with the problem filled in.  ptr may be
	 * anything.  NULL where the heap knows nothing about its blocks. */
	int (*check_block)(zend_mm_heap *heap, const void *ptr, zend_mm_problem *problem);
	/* As alloc, at an alignment that is a power of two; for the malloc replacement.  NULL where
	 * there is no such thing. */
	void *(*alloc_aligned)(zend_mm_heap *heap, size_t alignment, size_t size);
	/* Gives storage all that is not in use, what is kept for later included; for malloc_trim().
	 * NULL where there is no such thing. */
	void (*trim)(zend_mm_heap *heap);
	/* Hardened heaps: encodes all links with a fresh key.  NULL where there is none. */
	void (*refresh_key)(zend_mm_heap *heap);
};

/* Successful calls to storage, as zend_mm_figures counts them. */
struct zend_mm_storage_calls {
	size_t allocs;
	size_t resizes;
	size_t frees;
	size_t truncates;
	size_t refused;
};

/* The custom handlers of a heap; all NULL while there are none. */
struct zend_mm_custom_handlers {
	void *(*malloc)(size_t size);
	void (*free)(void *ptr);
	void *(*realloc)(void *ptr, size_t size);
};

/* Layers: verbs laid over those of a heap.  A layer has its state in the heap's head and calls what
 * is below it; custom handlers, which a program can set at any time, are above all of them. */
enum zend_mm_layer_kind {
	ZEND_MM_LAYER_HARDENED,       /* heap/hardened/ */
	ZEND_MM_LAYER_GUARDED,        /* heap/guarded/ */
	ZEND_MM_LAYER_INTERRUPTION,   /* heap/interruption.c */
	ZEND_MM_LAYERS
};

struct zend_mm_layer {
	const struct zend_mm_verbs *below;
};

/* The head of every heap.  The hot words of a design follow in its own structure, which begins
 * with this one. */
struct _zend_mm_heap {
	uint32_t kind;                     /* enum zend_mm_kind: how requests are dispatched now */
	uint32_t design_kind;              /* what kind is without custom handlers */
	/* The greatest number of bytes handed out, and how far below it the present one is: so a
	 * request counts by one subtraction, which borrows exactly where it makes a new peak. */
	size_t below_peak;
	size_t peak;
	size_t real_size;                  /* bytes held from storage */
	size_t real_peak;
	size_t limit;
	const struct zend_mm_verbs *verbs; /* what serves requests now */
	const struct zend_mm_verbs *design_verbs; /* what serves them without custom handlers */
	zend_mm_storage *storage;
	zend_mm_mode mode;
	int overflow;                      /* an error is being reported (see each design) */
	bool null_on_failure;
	bool zend_mm;                      /* is_zend_mm(): one of the two designs underneath */
	struct zend_mm_storage_calls calls;
	struct zend_mm_custom_handlers custom;
	struct zend_mm_layer *layers[ZEND_MM_LAYERS]; /* NULL where there is none */
	struct zend_mm_layer interruption; /* the whole state of that layer */
};

/* Bytes of blocks handed out. */
static zend_always_inline size_t zend_mm_size_used(const zend_mm_heap *heap)
{
	return heap->peak - heap->below_peak;
}

/* Sets both figures; size is not more than peak. */
static zend_always_inline void zend_mm_size_set(zend_mm_heap *heap, size_t size, size_t peak)
{
	heap->peak = peak;
	heap->below_peak = peak - size;
}

/* Counts bytes more, which may make a new peak. */
static zend_always_inline void zend_mm_size_grow(zend_mm_heap *heap, size_t bytes)
{
	if (UNEXPECTED(zend_mm_borrows(&heap->below_peak, bytes))) {
		heap->peak -= heap->below_peak;
		heap->below_peak = 0;
	}
}

/* Counts bytes less. */
static zend_always_inline void zend_mm_size_shrink(zend_mm_heap *heap, size_t bytes)
{
	heap->below_peak += bytes;
}

/* Puts the peak back to what it was, or to the present size where that is more. */
static zend_always_inline void zend_mm_peak_put_back(zend_mm_heap *heap, size_t peak)
{
	size_t size = zend_mm_size_used(heap);

	zend_mm_size_set(heap, size, size > peak ? size : peak);
}

/* Lays verbs over those of a heap; the layer's state begins with the structure that is given.
 * Custom handlers, where there are some, go on serving the heap. */
static inline void zend_mm_lay(zend_mm_heap *heap, enum zend_mm_layer_kind kind,
	struct zend_mm_layer *layer, const struct zend_mm_verbs *verbs)
{
	layer->below = heap->design_verbs;
	heap->layers[kind] = layer;
	heap->kind = heap->design_kind = ZEND_MM_KIND_OTHER;
	if (heap->verbs == heap->design_verbs) {
		heap->verbs = verbs;
	}
	heap->design_verbs = verbs;
}

#endif
