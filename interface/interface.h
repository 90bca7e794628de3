/* SPDX-License-Identifier: MIT */
/*
 * interface/interface.h - what the files of the interface layer share.
 *
 * The layer is zend_alloc.c (names and dispatch) and interface/ (start-up, the system's malloc as a
 * heap, custom handlers, persistent memory, entry points for constant sizes, inspection).  It is
 * the only layer that knows both designs.
 */
#ifndef INTERFACE_INTERFACE_H
#define INTERFACE_INTERFACE_H

#include "heap/config.h"
#include "heap/design.h"
#include "heap/failure.h"
#include "heap/heap.h"
#include "heap/interruption.h"
#include "heap/legacy/fast.h"
#include "heap/modern/fast.h"
#include "heap/site.h"

#ifdef ZTS
# define ZEND_MM_PER_THREAD __thread

/* The manager made a heap for this thread, or the thread's heap is about to be released. */
void zend_mm_thread_has(zend_mm_heap *heap);
void zend_mm_thread_lost(const zend_mm_heap *heap);
#else
# define ZEND_MM_PER_THREAD

static inline void zend_mm_thread_has(zend_mm_heap *heap)
{
	(void)heap;
}

static inline void zend_mm_thread_lost(const zend_mm_heap *heap)
{
	(void)heap;
}
#endif

/* The current heap.  Never NULL: before anything was started it is zend_mm_unstarted_heap, whose
 * verbs start the manager and then serve the request. */
extern ZEND_MM_PER_THREAD zend_mm_heap *zend_mm_current_heap;
extern zend_mm_heap zend_mm_unstarted_heap;

/* Requests of any other kind of heap: through the verbs.  Apart, and with the arguments in the
 * order of emalloc and efree, so that the compiler arranges its registers for the two designs. */
void *zend_mm_other_alloc(size_t size, zend_mm_heap *heap) ZEND_MM_NOINLINE;
void zend_mm_other_free(void *ptr, zend_mm_heap *heap) ZEND_MM_NOINLINE;

/* Dispatch: the whole price of having two designs.  See doc/design.md. */
static zend_always_inline void *zend_mm_dispatch_alloc(zend_mm_heap *heap, size_t size)
{
	enum zend_mm_kind kind = zend_mm_kind_in(&heap->kind);

	if (kind == ZEND_MM_KIND_LEGACY) {
		return zend_mm_legacy_alloc(heap, size);
	}
	if (kind == ZEND_MM_KIND_MODERN) {
		return zend_mm_modern_alloc(heap, size);
	}
	return zend_mm_other_alloc(size, heap);
}

static zend_always_inline void zend_mm_dispatch_free(zend_mm_heap *heap, void *ptr)
{
	enum zend_mm_kind kind = zend_mm_kind_in(&heap->kind);

	if (kind == ZEND_MM_KIND_LEGACY) {
		zend_mm_legacy_free(heap, ptr);
	} else if (kind == ZEND_MM_KIND_MODERN) {
		zend_mm_modern_free(heap, ptr);
	} else {
		zend_mm_other_free(ptr, heap);
	}
}

/* nmemb * size + offset, or the fatal error of the safe_ functions. */
size_t zend_mm_safe_size(size_t nmemb, size_t size, size_t offset);

/* The end of a process that has no system memory: "Out of memory", exit status 1. */
ZEND_MM_NORETURN void zend_mm_system_out_of_memory(void);

/* Makes a heap that hands everything to the system's malloc (USE_ZEND_ALLOC=0); tracked, one that
 * also records every block (USE_TRACKED_ALLOC=1).  NULL where there is no memory for it. */
zend_mm_heap *zend_mm_system_startup(void);
zend_mm_heap *zend_mm_tracked_startup(void);

/* Says on standard error, once in a process, which variables in the environment look like the
 * library's and are none of them (environment.c). */
void zend_mm_warn_of_unknown_variables(void);

/* Makes the heap that the environment asks for, or ends the process with a message. */
zend_mm_heap *zend_mm_start_as_environment_says(void);

#endif
