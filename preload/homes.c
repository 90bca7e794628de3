/* SPDX-License-Identifier: MIT */
/*
 * preload/homes.c - which thread has which home: making homes, the end of a thread, taking over
 * orphans, fork().
 *
 * Owns the list of all homes, the list of orphans with its lock, and the thread-local pointers.
 * A thread's end is noticed by the destructor of a pthread key, which asks to be called again as
 * often as the system does that, so that destructors of other keys find the home in place.  What a
 * thread frees after that goes through the queues like any other thread's; what it allocates then
 * is served by an orphan, under the lock.
 *
 * The system calls the handlers of fork() in the reverse order of their registration before, and
 * in that order after it, so that being first means: every other handler may still allocate.
 */
#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "heap/guarded/guarded.h"
#include "heap/modern/layout.h"
#include "preload/home.h"
#include "preload/settings.h"

__thread struct zend_mm_thread zend_mm_thread __attribute__((tls_model("initial-exec")));

struct zend_mm_home zend_mm_home_starting;
struct zend_mm_home zend_mm_home_departed;

static struct zend_mm_home *_Atomic homes;
static atomic_uint homes_made;

static struct zend_mm_home *orphans;
static struct zend_mm_thread *_Atomic orphans_holder; /* the thread that has the lock */
static unsigned orphans_depth;                        /* how often more it has taken it */

static pthread_once_t process_once = PTHREAD_ONCE_INIT;
static pthread_key_t thread_end_key;
static bool thread_end_known; /* the key exists */
static bool process_prepared; /* the library's constructor has run */

/* {{{ The lists. */

struct zend_mm_home *zend_mm_homes(void)
{
	return atomic_load_explicit(&homes, memory_order_acquire);
}

static void list_home(struct zend_mm_home *home)
{
	home->number = atomic_fetch_add(&homes_made, 1);
	home->next = zend_mm_homes();
	while (!atomic_compare_exchange_weak_explicit(&homes, &home->next, home,
			memory_order_acq_rel, memory_order_acquire)) {
	}
}

/* A thread is named by the address of its thread-local storage, which fork() does not change.  It
 * may take the lock again: a signal handler that allocates while its thread has it does. */
void zend_mm_orphans_lock(void)
{
	static const struct timespec pause = { 0, 50000 };
	struct zend_mm_thread *nobody = NULL;
	int saved_errno = errno;

	if (atomic_load_explicit(&orphans_holder, memory_order_relaxed) == &zend_mm_thread) {
		orphans_depth++;
		return;
	}
	for (unsigned tries = 1; !atomic_compare_exchange_weak_explicit(&orphans_holder, &nobody,
			&zend_mm_thread, memory_order_acquire, memory_order_relaxed); tries++) {
		nobody = NULL;
		if (tries % 64 == 0) {
			/* The holder may wait for this processor.  Not nanosleep(): a thread must not be
			 * cancelled in malloc. */
			syscall(SYS_nanosleep, &pause, NULL);
		} else {
			sched_yield();
		}
	}
	errno = saved_errno;
}

void zend_mm_orphans_unlock(void)
{
	if (orphans_depth > 0) {
		orphans_depth--;
		return;
	}
	atomic_store_explicit(&orphans_holder, NULL, memory_order_release);
}

struct zend_mm_home *zend_mm_orphans(void)
{
	return orphans;
}

/* The lock is held. */
static void add_orphan(struct zend_mm_home *home)
{
	atomic_store_explicit(&home->orphan_returns, 0, memory_order_relaxed);
	atomic_store_explicit(&home->orphan, true, memory_order_release);
	home->next_orphan = orphans;
	orphans = home;
}

static struct zend_mm_home *adopt_orphan(void)
{
	struct zend_mm_home *home;

	zend_mm_orphans_lock();
	home = orphans;
	if (home) {
		orphans = home->next_orphan;
		atomic_store_explicit(&home->orphan, false, memory_order_release);
	}
	zend_mm_orphans_unlock();
	if (home) {
		home->departures = 0;
		zend_mm_look_at_returned(home);
	}
	return home;
}

/* }}} */
/* {{{ Making a home. */

static struct zend_mm_home *make_home(void)
{
	struct zend_mm_home *home = zend_mm_scratch_alloc(sizeof *home);
	zend_mm_options options = zend_mm_settings.options;

	if (!home) {
		return NULL;
	}
	home->storage.data = home;
	options.segment_params = home;
	options.chunk_data = home;
	home->heap = zend_mm_startup_with(&options);
	if (!home->heap) {
		zend_mm_scratch_free(home, sizeof *home);
		return NULL;
	}
	list_home(home);
	return home;
}

struct zend_mm_home *zend_mm_orphan_for_use(void)
{
	if (!orphans) {
		struct zend_mm_home *home = make_home();

		if (home) {
			add_orphan(home);
		}
	}
	return orphans;
}

/* }}} */
/* {{{ The end of a thread. */

/* Called zend_mm_thread_end_rounds times, each time after it has asked for it. */
static void thread_ends(void *value)
{
	struct zend_mm_home *home = value;

	if (++home->departures < zend_mm_thread_end_rounds &&
		pthread_setspecific(thread_end_key, home) == 0) {
		return;
	}
	zend_mm_look_at_returned(home);
	zend_mm_thread = (struct zend_mm_thread){ .home = &zend_mm_home_departed };
	zend_mm_orphans_lock();
	add_orphan(home);
	zend_mm_orphans_unlock();
}

/* }}} */
/* {{{ The beginning of a thread, and of all. */

static void start_process(void)
{
	zend_mm_settings_read();
	thread_end_known = pthread_key_create(&thread_end_key, thread_ends) == 0;
}

/* pthread_setspecific() may allocate, so the home has to be usable by then. */
static void settle_in(struct zend_mm_home *home)
{
	zend_mm_heap *heap = home->heap;

	zend_mm_thread = (struct zend_mm_thread){ .home = home };
	if (!zend_mm_settings.stats && heap->kind == ZEND_MM_KIND_MODERN) {
		zend_mm_thread.modern = heap;
		zend_mm_thread.piece_mask = ZEND_MM_CHUNK_MASK;
	} else if (!zend_mm_settings.stats && heap->kind == ZEND_MM_KIND_LEGACY) {
		zend_mm_thread.legacy = heap;
		zend_mm_thread.piece_mask = ZEND_MM_UNIT - 1;
	}
	if (thread_end_known) {
		pthread_setspecific(thread_end_key, home);
	}
}

bool zend_mm_home_too_early(void)
{
	return zend_mm_thread.home == &zend_mm_home_starting ||
		(environ == NULL && !process_prepared);
}

struct zend_mm_home *zend_mm_home_start(void)
{
	int saved_errno = errno;
	struct zend_mm_home *home;

	if (zend_mm_thread.home != NULL || zend_mm_home_too_early()) {
		return NULL;
	}
	zend_mm_thread.home = &zend_mm_home_starting;
	pthread_once(&process_once, start_process);
	home = adopt_orphan();
	if (!home) {
		home = make_home();
	}
	zend_mm_thread.home = NULL;
	if (home) {
		settle_in(home);
	}
	errno = saved_errno;
	return home;
}

/* }}} */
/* {{{ fork() */

/* Nothing is held over fork(): the C library takes locks of its own after our handlers, and whoever
 * has these may be waiting for ours.  So another thread may have had the lock of the orphans; then
 * they may be in the middle of anything, and are nobody's in the child like the homes of all other
 * threads.  Else they are whole. */
static void leave_locked_orphans(void)
{
	const struct zend_mm_thread *holder = atomic_load_explicit(&orphans_holder,
		memory_order_relaxed);

	if (holder == NULL || holder == &zend_mm_thread) {
		return;
	}
	for (struct zend_mm_home *home = zend_mm_homes(); home; home = home->next) {
		atomic_store_explicit(&home->orphan, false, memory_order_relaxed);
	}
	orphans = NULL;
	orphans_depth = 0;
	atomic_store_explicit(&orphans_holder, NULL, memory_order_relaxed);
}

/* Any thread frees in a guarded heap, so the one that another was at work in may be an orphan's, or
 * that of the thread which goes on here, and which makes a new home at its next request. */
static void leave_abandoned_homes(void)
{
	struct zend_mm_home *here = zend_mm_thread.home;
	struct zend_mm_home **link = &orphans;

	while (*link) {
		struct zend_mm_home *home = *link;

		if (zend_mm_guard_abandoned(home->heap)) {
			atomic_store_explicit(&home->orphan, false, memory_order_relaxed);
			*link = home->next_orphan;
		} else {
			link = &home->next_orphan;
		}
	}
	if (here && here->heap && zend_mm_guard_abandoned(here->heap)) {
		zend_mm_thread = (struct zend_mm_thread){ .home = NULL };
		if (thread_end_known) {
			pthread_setspecific(thread_end_key, NULL);
		}
	}
}

static void in_child(void)
{
	leave_locked_orphans();
	zend_mm_guards_in_child();
	leave_abandoned_homes();
}

void zend_mm_homes_prepare(void)
{
	pthread_atfork(NULL, NULL, in_child);
	process_prepared = true;
}

/* }}} */
