/* SPDX-License-Identifier: MIT */
/*
 * heap/guarded/startup.c - laying guards over a heap, and taking them away; the list of all guarded
 * heaps, and the lock.
 *
 * One lock for all of them: it is held while a shared heap works, and while the list changes.  The
 * thread that has it may take it again, because handlers of fork() allocate while it is held for
 * them, and a resize allocates.
 */
#include <errno.h>

#include "heap/failure.h"
#include "heap/guarded/guarded.h"
#include "heap/guarded/witness.h"
#include "storage/hidden.h"
#include "storage/sanitizer.h"
#include "storage/storage.h"

#ifdef _WIN32
# define yield() ((void)0)
# define on_fork(before, after) ((void)0)
#else
# include <pthread.h>
# include <sched.h>
# define yield() sched_yield()
# define on_fork(before, after) pthread_atfork(before, after, after)
#endif

struct guard_layer *zend_mm_guarded_heaps;
bool zend_mm_guards_fork_freely;

/* {{{ The lock. */

static const void *holder;     /* the holder's errno has an address of its own */
static unsigned depth;
static struct guard_layer *worked_in; /* what the holder is changing; NULL between two requests */

static void lock(void)
{
	const void *nobody = NULL;
	int saved_errno = errno;

	if (__atomic_load_n(&holder, __ATOMIC_RELAXED) == &errno) {
		depth++;
		return;
	}
	while (!__atomic_compare_exchange_n(&holder, &nobody, (const void *)&errno, false,
			__ATOMIC_ACQUIRE, __ATOMIC_RELAXED)) {
		nobody = NULL;
		yield();
	}
	errno = saved_errno;
}

static void unlock(void)
{
	if (depth > 0) {
		depth--;
		return;
	}
	__atomic_store_n(&holder, NULL, __ATOMIC_RELEASE);
}

/* A fork may come between any two stores, so that the child has the first alone: so a heap is named
 * before anything in it changes, until nothing does any more. */
void zend_mm_guard_lock(struct guard_layer *guard)
{
	if (guard->shared) {
		lock();
		__atomic_store_n(&worked_in, guard, __ATOMIC_RELAXED);
		__atomic_thread_fence(__ATOMIC_RELEASE);
	}
}

void zend_mm_guard_unlock(const struct guard_layer *guard)
{
	if (guard->shared) {
		if (depth == 0) {
			__atomic_store_n(&worked_in, NULL, __ATOMIC_RELEASE);
		}
		unlock();
	}
}

/* By a jump, all of the thread's requests end at once. */
static void let_go(void)
{
	if (__atomic_load_n(&holder, __ATOMIC_RELAXED) == &errno) {
		depth = 0;
		__atomic_store_n(&worked_in, NULL, __ATOMIC_RELEASE);
		unlock();
	}
}

/* }}} */
/* {{{ The list. */

const struct guard_layer *zend_mm_guard_elsewhere(const struct guard_layer *guard,
	const void *data)
{
	for (struct guard_layer *other = zend_mm_guarded_heaps; other; other = other->next) {
		struct guard_record *record = other == guard ? NULL :
			zend_mm_guard_record_at(&other->records, data);

		if (record && record->state == guard_live) {
			return other;
		}
	}
	return NULL;
}

static void list(struct guard_layer *guard)
{
	static bool prepared;

	if (guard->shared && !prepared) {
		prepared = true;
		zend_mm_let_other_threads_in = let_go;
		if (!zend_mm_guards_fork_freely) {
			on_fork(lock, unlock);
		}
	}
	lock();
	guard->next = zend_mm_guarded_heaps;
	__atomic_store_n(&zend_mm_guarded_heaps, guard, __ATOMIC_RELEASE); /* whole over fork() */
	unlock();
}

/* The lock is held. */
static void unlist(const struct guard_layer *guard)
{
	struct guard_layer **link = &zend_mm_guarded_heaps;

	while (*link && *link != guard) {
		link = &(*link)->next;
	}
	if (*link) {
		*link = guard->next;
	}
}

static bool try_lock(void)
{
	const void *nobody = NULL;

	return __atomic_compare_exchange_n(&holder, &nobody, (const void *)&errno, false,
		__ATOMIC_ACQUIRE, __ATOMIC_RELAXED);
}

void zend_mm_guards_look_once_more(void)
{
	zend_mm_problem problem;

	if (!zend_mm_guarded_heaps || !try_lock()) {
		return;
	}
	for (struct guard_layer *guard = zend_mm_guarded_heaps; guard; guard = guard->next) {
		if (zend_mm_guard_check_all(guard, &problem) > 0 ||
			guard->layer.below->check(guard->heap, &problem) > 0) {
			zend_mm_corrupted(&problem);
		}
	}
	unlock();
}

/* }}} */
/* {{{ The child of a fork, where the lock was not held over it. */

bool zend_mm_guard_abandoned(const zend_mm_heap *heap)
{
	return heap->design_verbs == &zend_mm_abandoned_verbs;
}

void zend_mm_guards_in_child(void)
{
	if (holder == NULL || holder == &errno) {
		return;
	}
	if (worked_in) {
		unlist(worked_in);
		worked_in->heap->verbs = worked_in->heap->design_verbs = &zend_mm_abandoned_verbs;
		worked_in = NULL;
	}
	depth = 0;
	holder = NULL;
}

/* }}} */

bool zend_mm_guard(zend_mm_heap *heap, const struct zend_mm_guard_setup *setup)
{
	struct guard_layer *guard = zend_mm_scratch_alloc(sizeof *guard);

	if (!guard) {
		return false;
	}
	if (!zend_mm_guard_records_open(&guard->records, setup->settings.sites)) {
		zend_mm_scratch_free(guard, sizeof *guard);
		return false;
	}
	guard->heap = heap;
	guard->settings = setup->settings;
	guard->alignment = setup->malloc_rules ? 16 : 8;
	guard->overhead = setup->overhead;
	guard->shared = setup->malloc_rules;
	guard->told = zend_mm_sanitizer_listens();
	zend_mm_lay(heap, ZEND_MM_LAYER_GUARDED, &guard->layer, &zend_mm_guarded_verbs);
	list(guard);
	zend_mm_witness_open();
	if (setup->settings.guard_pages) {
		zend_mm_on_fault(zend_mm_guard_fault);
	}
	if (guard->told) {
		zend_mm_sanitizer_pool_open(guard, guard->settings.padding);
		zend_mm_sanitizer_on_report(zend_mm_guard_complained_of);
	}
	return true;
}

void zend_mm_guard_end(struct guard_layer *guard)
{
	lock();
	unlist(guard);
	unlock();
	if (guard->told) {
		zend_mm_sanitizer_pool_close(guard);
	}
	zend_mm_guard_records_close(&guard->records);
	zend_mm_scratch_free(guard, sizeof *guard);
}
