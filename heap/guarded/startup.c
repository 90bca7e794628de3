/* SPDX-License-Identifier: MIT */
/*
 * heap/guarded/startup.c - laying guards over a heap, and taking them away; the list of all guarded
 * heaps, and the lock.
 *
 * One lock for all of them: it is held while a shared heap works, and while the list changes.  The
 * thread that has it may take it again, because handlers of fork() allocate while it is held for
 * them.
 */
#include <errno.h>

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

/* {{{ The lock. */

static const void *holder;     /* the holder's errno has an address of its own */
static unsigned depth;

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

void zend_mm_guard_lock(const struct guard_layer *guard)
{
	if (guard->shared) {
		lock();
	}
}

void zend_mm_guard_unlock(const struct guard_layer *guard)
{
	if (guard->shared) {
		unlock();
	}
}

/* }}} */
/* {{{ The list. */

struct guard_record *zend_mm_guard_elsewhere(const struct guard_layer *guard, const void *data)
{
	for (struct guard_layer *other = zend_mm_guarded_heaps; other; other = other->next) {
		struct guard_record *record = other == guard ? NULL :
			zend_mm_guard_record_at(&other->records, data);

		if (record && record->state == guard_live) {
			return record;
		}
	}
	return NULL;
}

static void list(struct guard_layer *guard)
{
	static bool prepared;

	if (guard->shared && !prepared) {
		prepared = true;
		on_fork(lock, unlock);
	}
	lock();
	guard->next = zend_mm_guarded_heaps;
	zend_mm_guarded_heaps = guard;
	unlock();
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
	struct guard_layer **link = &zend_mm_guarded_heaps;

	lock();
	while (*link != guard) {
		link = &(*link)->next;
	}
	*link = guard->next;
	unlock();
	if (guard->told) {
		zend_mm_sanitizer_pool_close(guard);
	}
	zend_mm_guard_records_close(&guard->records);
	zend_mm_scratch_free(guard, sizeof *guard);
}
