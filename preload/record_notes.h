/* SPDX-License-Identifier: MIT */
/*
 * preload/record_notes.h - noting a call as nearly all are: one load of the shared state, one
 * number from the counter, half a dozen bytes into the thread's block. For record_exports.c.
 */
#ifndef PRELOAD_RECORD_NOTES_H
#define PRELOAD_RECORD_NOTES_H

#include <sys/single_threaded.h>

#include "preload/record.h"
#include "trace/binary_fast.h"

/* The lane of this thread if a plain note can be written at once, without call stacks. `inside` is
 * then to be set around writing it. */
static inline struct zend_mm_record_lane *zend_mm_record_ready(
	const struct zend_mm_record_here *here)
{
	struct zend_mm_record_lane *lane = here->lane;
	bool ready = lane && !here->inside
		&& atomic_load_explicit(&zend_mm_record_page->state, memory_order_acquire)
			== ZEND_MM_RECORD_PLAIN
		&& zmm_block_left(&lane->block) >= ZEND_MM_RECORD_CALL_BYTES;

	return ready ? lane : NULL;
}

/* The next number. A program of one thread need not pay for the order of several. */
static inline uint64_t zend_mm_record_stamp(void)
{
	_Atomic uint64_t *stamp = &zend_mm_record_page->stamp;

	if (__libc_single_threaded) {
		uint64_t next = atomic_load_explicit(stamp, memory_order_relaxed) + 1;

		atomic_store_explicit(stamp, next, memory_order_relaxed);
		return next;
	}
	return atomic_fetch_add_explicit(stamp, 1, memory_order_relaxed) + 1;
}

/* Note that a block was given out (ALLOC; `address` is NULL if the request failed), or is about
 * to be freed (FREE, `size` is 0). */
static inline __attribute__((always_inline)) void zend_mm_record_note(enum zmm_event_kind kind,
	const void *address, size_t size)
{
	struct zend_mm_record_here *here = &zend_mm_record_here;
	struct zend_mm_record_lane *lane = zend_mm_record_ready(here);

	if (__builtin_expect(!lane, 0)) {
		zend_mm_record_note_slow(kind, address, size, 0);
		return;
	}
	here->inside = true;
	atomic_signal_fence(memory_order_seq_cst);
	zmm_block_add_fast(&lane->block, kind, (uintptr_t)address, size, zend_mm_record_stamp());
	atomic_signal_fence(memory_order_seq_cst);
	here->inside = false;
}

#endif
