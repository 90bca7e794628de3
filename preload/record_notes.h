/* SPDX-License-Identifier: MIT */
/*
 * preload/record_notes.h - noting a call: one load of the shared state, one number from the counter,
 * a dozen bytes into the thread's block.  For record_exports.c.
 */
#ifndef PRELOAD_RECORD_NOTES_H
#define PRELOAD_RECORD_NOTES_H

#include <sys/single_threaded.h>

#include "preload/record.h"
#include "trace/binary_fast.h"

/* Begin a note.  NULL where nothing is to be noted; otherwise zend_mm_record_leave() ends it. */
static inline struct zend_mm_record_lane *zend_mm_record_enter(void)
{
	struct zend_mm_record_here *here = &zend_mm_record_here;
	struct zend_mm_record_lane *lane = here->lane;
	bool ready = lane && !here->inside
		&& atomic_load_explicit(&zend_mm_record_page->state, memory_order_acquire)
			== ZEND_MM_RECORD_ON
		&& zmm_block_left(&lane->block) >= ZEND_MM_RECORD_CALL_BYTES;

	if (__builtin_expect(!ready || zend_mm_record_sites, 0)) {
		return zend_mm_record_enter_slow();
	}
	here->inside = true;
	atomic_signal_fence(memory_order_seq_cst);
	return lane;
}

static inline void zend_mm_record_leave(void)
{
	atomic_signal_fence(memory_order_seq_cst);
	zend_mm_record_here.inside = false;
}

/* The next number.  A program of one thread need not pay for the order of several. */
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

/* Write one event about the block at `address`, with the call stack that `lane` was entered with. */
static inline void zend_mm_record_put(struct zend_mm_record_lane *lane, unsigned kind,
	const void *address, size_t size, uint64_t stamp)
{
	zmm_block_add_fast(&lane->block, kind, (uintptr_t)address, size, lane->site, stamp);
}

/* A block was given out, NULL if the request failed. */
static inline void zend_mm_record_alloc(const void *address, size_t size)
{
	struct zend_mm_record_lane *lane = zend_mm_record_enter();

	if (lane) {
		zend_mm_record_put(lane, ZMM_EVENT_ALLOC, address, size, zend_mm_record_stamp());
		zend_mm_record_leave();
	}
}

/* A block is about to be freed. */
static inline void zend_mm_record_free(const void *address)
{
	struct zend_mm_record_lane *lane = zend_mm_record_enter();

	if (lane) {
		zend_mm_record_put(lane, ZMM_EVENT_FREE, address, 0, zend_mm_record_stamp());
		zend_mm_record_leave();
	}
}

#endif
