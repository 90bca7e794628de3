/* SPDX-License-Identifier: MIT */
/*
 * interface/threads.c - the end of a thread, in builds with a heap for each (--enable-zts).
 *
 * Invariant: the key's value in a thread is the heap that the manager made there, as long as it
 * exists.  Heaps that a program made and set itself are the program's.  The first thread's heap
 * stays until the process ends, for nothing runs destructors of keys then.
 */
#include "interface/interface.h"

#ifdef ZTS

#include <pthread.h>

static pthread_key_t key;
static pthread_once_t key_once = PTHREAD_ONCE_INIT;
static bool have_key;

/* The thread ends: what is still in its heap is gone with it, as at the end of a request.  Other
 * destructors may allocate after this one: that starts another heap, which ends in the same way. */
static void end_heap(void *heap)
{
	zend_mm_shutdown(heap, 1, 1);
}

static void make_key(void)
{
	have_key = pthread_key_create(&key, end_heap) == 0;
}

void zend_mm_thread_has(zend_mm_heap *heap)
{
	pthread_once(&key_once, make_key);
	if (have_key) {
		pthread_setspecific(key, heap);
	}
}

void zend_mm_thread_lost(const zend_mm_heap *heap)
{
	if (have_key && pthread_getspecific(key) == heap) {
		pthread_setspecific(key, NULL);
	}
}

#endif
