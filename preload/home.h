/* SPDX-License-Identifier: MIT */
/*
 * preload/home.h - homes: a heap, the thread that owns it, and the queue through which its blocks
 * come home.
 *
 * A home is made for a thread at its first request and never destroyed.  At any moment it has at
 * most one owner:
 *
 *	a thread        its heap is touched by that thread alone, without a lock
 *	the lock        of orphans: the thread has ended; whoever holds the lock may use the heap,
 *	                and a new thread takes the whole home over
 *	nobody          after fork(), in the child, homes of threads that do not exist there: the
 *	                heap may have been in the middle of a request and is never touched again
 *
 * Any thread may push a block on the queue `returned` at any time, whoever the owner is; only the
 * owner takes blocks out.  doc/malloc-replacement.md has the argument.
 *
 * Thread-local storage is five words.  `home` is NULL before a thread's first request, one of two
 * markers while the thread's home is being made and after the thread has given it up, and else the
 * thread's home.  `modern` or `legacy`, by the mode, is the heap of that home where requests may
 * take the fast halves (fast.h): nothing is counted, and the heap is of a plain kind.  In all other
 * cases both are NULL, so that the fast halves need not ask what else is the case.  `piece_end` is
 * the last byte of the piece of own memory that a block was freed in lately, or 0: blocks in it
 * need not be looked up in the map.  A piece is a chunk or, of a segment, a unit of the map;
 * `piece_mask` is its size less 1.
 */
#ifndef PRELOAD_HOME_H
#define PRELOAD_HOME_H

#include <limits.h>
#include <stdatomic.h>

#include "heap/heap.h"
#include "preload/regions.h"
#include "storage/storage.h"

/* A block on its way home; the link lies in its data. */
struct zend_mm_returned_block {
	struct zend_mm_returned_block *next;
};

/* Memory kept for the next region of exactly its size. */
struct zend_mm_spare {
	char *address;
	size_t size;
};

enum { zend_mm_spares_max = 16 };

/* What is counted under --stats. */
enum zend_mm_done {
	ZEND_MM_DONE_REQUESTS,
	ZEND_MM_DONE_HITS,       /* requests served from the cache or a bin's list */
	ZEND_MM_DONE_FREES,
	ZEND_MM_DONE_RESIZES,
	ZEND_MM_DONE_RETURNS,    /* frees of other threads' blocks, which are frees too */
	ZEND_MM_DONE_KINDS
};

/* What the heap's storage counts for other threads to read.  Written by the owner alone, in single
 * relaxed stores. */
struct zend_mm_home_figures {
	_Atomic size_t held;            /* bytes of the heap's regions */
	_Atomic size_t held_peak;
	_Atomic size_t regions;
	_Atomic size_t apart;           /* of held, bytes of regions with one huge block each */
	_Atomic size_t apart_count;
	_Atomic size_t spare;           /* bytes kept for the next region, not in held */
	_Atomic size_t storage_allocs;  /* of the heap, whether a spare region served it or not */
	_Atomic size_t storage_resizes;
	_Atomic size_t storage_frees;
	_Atomic size_t done[ZEND_MM_DONE_KINDS];
};

struct zend_mm_home {
	zend_mm_heap *heap;                      /* NULL while the home is being made */
	struct zend_mm_home *next;               /* of all homes, the newest first */
	zend_mm_storage storage;                 /* what the heap sees; data is the home */
	unsigned number;                         /* 0 is the first home made */

	/* Written by any thread. */
	_Alignas(64) struct zend_mm_returned_block *_Atomic returned;
	_Atomic bool orphan;
	_Atomic unsigned orphan_returns;         /* pushes since the thread ended */

	/* Written by the owner. */
	_Alignas(64) struct zend_mm_home *next_orphan;
	unsigned departures;                     /* rounds of the thread's end seen */
	size_t fresh_size;                       /* of the newest region, if it is known to be */
	const char *fresh;                       /* zeroed; see storage.c */
	unsigned spare_count;
	struct zend_mm_spare spares[zend_mm_spares_max]; /* the oldest first */
	struct zend_mm_home_figures figures;
};

struct zend_mm_thread {
	zend_mm_heap *modern;
	zend_mm_heap *legacy;
	struct zend_mm_home *home;
	uintptr_t piece_end;
	uintptr_t piece_mask;
};

extern __thread struct zend_mm_thread zend_mm_thread
	__attribute__((tls_model("initial-exec")));

/* How often the destructor of a home's key is called before the home is given up: as often as the
 * system calls destructors, so that it is the last one.  ThreadSanitizer ends its own thread in the
 * last round, so there it is one less. */
#ifdef __has_feature
# define ZEND_MM_HAS_FEATURE(feature) __has_feature(feature)
#else
# define ZEND_MM_HAS_FEATURE(feature) 0
#endif
#if defined(__SANITIZE_THREAD__) || ZEND_MM_HAS_FEATURE(thread_sanitizer)
enum { zend_mm_thread_end_rounds = PTHREAD_DESTRUCTOR_ITERATIONS - 1 };
#else
enum { zend_mm_thread_end_rounds = PTHREAD_DESTRUCTOR_ITERATIONS };
#endif

/* The markers. */
extern struct zend_mm_home zend_mm_home_starting;
extern struct zend_mm_home zend_mm_home_departed;

/* {{{ homes.c */

/* The calling thread's home, made or taken over if need be.  NULL where it is too early for one,
 * where the thread has given it up, and where there is no memory. */
struct zend_mm_home *zend_mm_home_start(void) ZEND_MM_COLD;

static zend_always_inline struct zend_mm_home *zend_mm_home_here(void)
{
	struct zend_mm_home *home = zend_mm_thread.home;

	return EXPECTED(home != NULL && home->heap != NULL) ? home : zend_mm_home_start();
}

/* Whether this thread's requests have to be served without any heap: the C library has not set up
 * the environment yet, or the thread's home is being made. */
bool zend_mm_home_too_early(void);

/* All homes ever made, from the newest on. */
struct zend_mm_home *zend_mm_homes(void);

/* Takes the lock of the orphans.  Until it is given back nobody else touches their heaps. */
void zend_mm_orphans_lock(void);
void zend_mm_orphans_unlock(void);
/* The first orphan, with the lock held; the others follow by next_orphan. */
struct zend_mm_home *zend_mm_orphans(void);
/* An orphan to serve a request of a thread that has given up its home; made if there is none.  The
 * lock is held.  NULL where there is no memory. */
struct zend_mm_home *zend_mm_orphan_for_use(void);

/* Registers the handlers of fork(), and says that the environment can be read.  Once, by the
 * library's constructor. */
void zend_mm_homes_prepare(void);

/* }}} */
/* {{{ returned.c */

/* Sends a block to its home.  Any thread; the block is no longer the caller's. */
void zend_mm_return_block(struct zend_mm_home *home, void *ptr);

/* Frees what has come home.  The owner alone. */
void zend_mm_take_returned(struct zend_mm_home *home) ZEND_MM_COLD;

static zend_always_inline void zend_mm_look_at_returned(struct zend_mm_home *home)
{
	if (UNEXPECTED(atomic_load_explicit(&home->returned, memory_order_relaxed) != NULL)) {
		zend_mm_take_returned(home);
	}
}

/* The bytes that a live block has for the program.  Any thread: reads only words that do not change
 * while the block is handed out. */
size_t zend_mm_usable_size(const struct zend_mm_home *home, void *ptr);

/* }}} */
/* {{{ storage.c */

/* The storage handlers that homes give to their heaps; data is the home. */
extern const zend_mm_mem_handlers zend_mm_home_segments;
extern const zend_mm_chunk_handlers zend_mm_home_chunks;

/* Chooses what is under all homes.  False where the system has none. */
bool zend_mm_home_storage_start(const struct zend_mm_storage_type *type, bool keeps_spares);

/* Gives a home's spare regions back to the system; their bytes.  The owner alone. */
size_t zend_mm_home_drop_spares(struct zend_mm_home *home);

/* }}} */

/* {{{ figures.c */

/* Figures of all homes together. */
struct zend_mm_totals {
	size_t homes;
	size_t used, peak;              /* of blocks handed out; peaks are sums of peaks */
	size_t held, held_peak;
	size_t regions;
	size_t apart, apart_count;
	size_t spare;
	size_t storage_allocs, storage_resizes, storage_frees;
	size_t done[ZEND_MM_DONE_KINDS];
};

/* Adds a home's figures up. */
void zend_mm_totals_add(struct zend_mm_totals *totals, const struct zend_mm_home *home);

/* Frees what has come home to the calling thread and to the orphans, so that it is not counted as
 * used. */
void zend_mm_figures_refresh(void);

static inline size_t zend_mm_figure(const _Atomic size_t *figure)
{
	return atomic_load_explicit(figure, memory_order_relaxed);
}

static inline void zend_mm_figure_set(_Atomic size_t *figure, size_t value)
{
	atomic_store_explicit(figure, value, memory_order_relaxed);
}

/* Adds to a figure that only this thread writes. */
static inline void zend_mm_figure_add(_Atomic size_t *figure, size_t amount)
{
	zend_mm_figure_set(figure, zend_mm_figure(figure) + amount);
}

/* }}} */

#endif
