/* SPDX-License-Identifier: MIT */
/*
 * heap/modern/heap.h - the structure of a modern heap.
 *
 * It lies in the header page of the heap's main chunk, followed by the copy of the storage's data
 * where that fits.  The head that all heaps share comes first; a request touches its kind and
 * below_peak, and one word each of bin_sizes and free_slots.
 *
 * Invariant: real_size is 2 MiB for each chunk, cached ones included, and the bytes of the huge
 * blocks.  size is the bytes of all slots, runs and huge blocks handed out, entries of the huge
 * list included, and of `lost`.
 */
#ifndef HEAP_MODERN_HEAP_H
#define HEAP_MODERN_HEAP_H

#include "heap/config.h"
#include "heap/design.h"
#include "heap/hardening.h"
#include "heap/heap.h"
#include "heap/places.h"
#include "heap/modern/bins.h"
#include "heap/modern/layout.h"
#include "heap/modern/order.h"

/* Why a request was refused: filled in where it is found out, reported by error.c at the end of
 * the verb, when the heap is whole. */
enum zend_mm_refusal_reason {
	ZEND_MM_REFUSED_BY_LIMIT,
	ZEND_MM_REFUSED_BY_STORAGE,
	ZEND_MM_REFUSED_WRAPPED
};

struct zend_mm_refusal {
	enum zend_mm_refusal_reason reason;
	size_t size; /* the bytes that the message names */
};

struct zend_mm_modern_heap {
	struct _zend_mm_heap head;
	uint16_t bin_sizes[ZEND_MM_BIN_COUNT]; /* a copy: reached through the heap's own address */
	struct zend_mm_slot *free_slots[ZEND_MM_BIN_COUNT];
	struct zend_mm_huge_entry *huge_blocks; /* newest first */
	struct zend_mm_places huge_places;      /* of huge_blocks */
	struct zend_mm_chunk *main_chunk;
	struct zend_mm_order order;             /* of a long circle of chunks */
	struct zend_mm_chunk *cached_chunks;
	size_t chunks;                          /* in the circle */
	size_t peak_chunks;
	size_t cached_count;
	double average_chunks;                  /* per request */
	size_t deletion_boundary;               /* number of chunks at the last deletion */
	size_t deletion_count;                  /* deletions at that number */
	size_t lost;                            /* compat: what failed small requests added to size */
	struct zend_mm_refusal refusal;
	zend_mm_chunk_handlers handlers;
	const struct zend_mm_storage_type *type; /* NULL where the caller brought the handlers */
	zend_mm_storage own_storage;             /* used where type is NULL */
	size_t data_size;                        /* of the storage's data copied into the heap */
	unsigned data_pages;                     /* pages from 1 on that hold it; 0: in the header */
	bool huge_pages;
	ZEND_MM_HARDENED_ONLY(struct zend_mm_hardening hardening;)
	ZEND_MM_STUDY_ONLY(const struct zend_mm_study *study;)
};

/* Room for the storage's data behind the heap structure. */
#define ZEND_MM_DATA_ROOM \
	(ZEND_MM_BITMAP_OFFSET - ZEND_MM_HEAP_ROOM_OFFSET - sizeof(struct zend_mm_modern_heap))

_Static_assert(sizeof(struct zend_mm_modern_heap) + 1024 <=
	ZEND_MM_BITMAP_OFFSET - ZEND_MM_HEAP_ROOM_OFFSET, "the heap fits into the header page");
_Static_assert(offsetof(struct zend_mm_modern_heap, head) == 0, "the head comes first");

static zend_always_inline struct zend_mm_modern_heap *zend_mm_modern(zend_mm_heap *heap)
{
	return (struct zend_mm_modern_heap *)heap;
}

/* {{{ Figures */

/* Adds bytes handed out and raises the peak. */
static zend_always_inline void zend_mm_size_add(struct zend_mm_modern_heap *heap, size_t bytes)
{
	zend_mm_size_grow(&heap->head, bytes);
}

static zend_always_inline void zend_mm_size_sub(struct zend_mm_modern_heap *heap, size_t bytes)
{
	zend_mm_size_shrink(&heap->head, bytes);
}

static inline void zend_mm_real_size_add(struct zend_mm_modern_heap *heap, size_t bytes)
{
	heap->head.real_size += bytes;
	if (heap->head.real_size > heap->head.real_peak) {
		heap->head.real_peak = heap->head.real_size;
	}
}

static inline void zend_mm_real_size_sub(struct zend_mm_modern_heap *heap, size_t bytes)
{
	heap->head.real_size -= bytes;
}

/* Whether bytes more would pass the limit.  compat: unsigned, so that once an overflow has taken
 * real_size past the limit nothing is refused. */
static inline bool zend_mm_over_limit(const struct zend_mm_modern_heap *heap, size_t bytes)
{
	return bytes > heap->head.limit - heap->head.real_size;
}
/* }}} */

/* {{{ error.c */

/* Notes why a request is refused; returns NULL, for the caller to return. */
void *zend_mm_modern_refuse(struct zend_mm_modern_heap *heap, enum zend_mm_refusal_reason reason,
	size_t size);
/* Ends a verb whose request was refused: raises the error noted and bails out, or returns NULL
 * where the heap was made so. */
void *zend_mm_modern_refused(struct zend_mm_modern_heap *heap) ZEND_MM_COLD;

/* Failed checks of requests; do not return. */
ZEND_MM_NORETURN void zend_mm_modern_bad_chunk(const struct zend_mm_modern_heap *heap,
	const void *ptr) ZEND_MM_COLD;
ZEND_MM_NORETURN void zend_mm_modern_bad_run(const struct zend_mm_modern_heap *heap,
	const void *ptr) ZEND_MM_COLD;
ZEND_MM_NORETURN void zend_mm_modern_bad_huge(const struct zend_mm_modern_heap *heap,
	const void *ptr) ZEND_MM_COLD;
/* }}} */

/* {{{ small.c, large.c, huge.c, alloc.c: the kinds.  The try functions return NULL with the refusal
 * noted; the others report.  In the slow halves of fast.h the heap comes second, so that emalloc()
 * and efree() leave their argument where it is. */

/* The half of a small allocation that finds the bin's list empty; the bytes have been counted. */
void *zend_mm_modern_try_small_slow(struct zend_mm_modern_heap *heap, size_t bin);
/* A whole small allocation. */
void *zend_mm_modern_try_small(struct zend_mm_modern_heap *heap, size_t bin);
void *zend_mm_modern_alloc_small_slow(size_t bin, struct zend_mm_modern_heap *heap)
	ZEND_MM_NOINLINE;
void *zend_mm_modern_try_large(struct zend_mm_modern_heap *heap, size_t size);
void *zend_mm_modern_try_huge(struct zend_mm_modern_heap *heap, size_t size);
/* A huge block at an alignment of 2 MiB or a greater power of two, whatever the size. */
void *zend_mm_modern_alloc_huge_aligned(struct zend_mm_modern_heap *heap, size_t alignment,
	size_t size);
/* Any request of more than 3072 bytes. */
void *zend_mm_modern_alloc_slow(size_t size, struct zend_mm_modern_heap *heap) ZEND_MM_NOINLINE;
/* Any request at all; NULL with the refusal noted. */
void *zend_mm_modern_try(struct zend_mm_modern_heap *heap, size_t size);

/* The pages of the large block at ptr; a failed check where it is none. */
unsigned zend_mm_modern_large_pages(const struct zend_mm_modern_heap *heap,
	const struct zend_mm_chunk *chunk, unsigned page, const void *ptr);
/* Frees the large block at ptr; a failed check where it is none. */
void zend_mm_modern_free_large(void *ptr, struct zend_mm_modern_heap *heap) ZEND_MM_NOINLINE;
/* Frees a huge block; NULL is ignored. */
void zend_mm_modern_free_huge(void *ptr, struct zend_mm_modern_heap *heap) ZEND_MM_NOINLINE;
/* For the deep check, once the list of huge blocks is sound: whether the table beside it is. */
bool zend_mm_huge_places_are_sound(const struct zend_mm_modern_heap *heap,
	struct zend_mm_beside_fault *fault);

/* What freeing does with a block of a chunk that is another heap's: a failed check.  It does not
 * return, but is not declared so: only what may return can be called without a frame. */
void zend_mm_modern_free_foreign(void *ptr, struct zend_mm_modern_heap *heap) ZEND_MM_NOINLINE;

/* Resizes a run in place, to new_pages; false where it has to move. */
bool zend_mm_modern_resize_large(struct zend_mm_modern_heap *heap, struct zend_mm_chunk *chunk,
	unsigned page, unsigned old_pages, unsigned new_pages);
/* Resizes a huge block in place: 1 done, 0 it has to move, -1 refused (noted). */
int zend_mm_modern_resize_huge(struct zend_mm_modern_heap *heap, struct zend_mm_huge_entry *entry,
	size_t size);
/* The entry of a huge block; NULL where there is none. */
struct zend_mm_huge_entry *zend_mm_modern_find_huge(const struct zend_mm_modern_heap *heap,
	const void *ptr);
/* }}} */

/* {{{ The verbs (verbs.c has the table) */

void *zend_mm_modern_realloc(zend_mm_heap *heap, void *ptr, size_t size, size_t copy_size);
size_t zend_mm_modern_block_size(zend_mm_heap *heap, void *ptr);
bool zend_mm_modern_owns(zend_mm_heap *heap, const void *ptr);
int zend_mm_modern_set_limit(zend_mm_heap *heap, size_t limit);
size_t zend_mm_modern_gc(zend_mm_heap *heap);
void zend_mm_modern_shutdown(zend_mm_heap *heap, bool full, bool silent);
int zend_mm_modern_walk(zend_mm_heap *heap, zend_mm_visitor visitor, void *context);
int zend_mm_modern_walk_lists(zend_mm_heap *heap, zend_mm_list_visitor visitor, void *context);
int zend_mm_modern_check(zend_mm_heap *heap, zend_mm_problem *problem);
void zend_mm_modern_locate(zend_mm_heap *heap, const void *address, zend_mm_place *place);

extern const struct zend_mm_verbs zend_mm_modern_verbs;
extern const struct zend_mm_verbs zend_mm_modern_debug_verbs;
/* }}} */

/* Whether the chunk is in the circle (chunks.c).  Walks it; reads no chunk but the heap's own. */
bool zend_mm_chunks_contain(const struct zend_mm_modern_heap *heap,
	const struct zend_mm_chunk *chunk);

#if ZEND_MM_HARDENED
# include "heap/hardened/slots.h"
#else
# include "heap/modern/plain.h"
#endif

#endif
