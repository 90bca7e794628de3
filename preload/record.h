/* SPDX-License-Identifier: MIT */
/*
 * preload/record.h - the recorder, libzend_record.so: what its files share.
 *
 *	record_exports.c   malloc and so on: the C library's, and a note of each call
 *	record_notes.h     how a call is noted, as nearly all are
 *	record_lanes.c     a block of the file for each thread to write to
 *	record_file.c      the file, which grows by blocks and is written through shared mappings
 *	record_start.c     which file, and when: at the first call, and again after a fork
 *	record_sites.c     call stacks
 *
 * Events go straight into pages of the file (see trace/binary_format.h), so whatever ends the
 * process leaves all of them behind. Nothing is done at exit.
 *
 * Order. Every event has a number from one counter. What gives memory up (free, the first half of
 * a resize that moves) takes its number before the C library is called, what gets memory after
 * the call returned. An address that goes from one thread to another passes through the C
 * library's allocator, which orders the two calls; so numbers of events about one address are in
 * the order in which the address really changed hands. And where there is no room left for an
 * event, recording is off before the call is made: no event is lost that another thread's events
 * depend on.
 *
 * Nothing here calls malloc. A call that interrupts the recorder on its own thread (from a signal
 * handler) is not noted. libunwind has thread-local variables, for which the C library calls
 * malloc once in each thread: that is noted, without a call stack.
 */
#ifndef PRELOAD_RECORD_H
#define PRELOAD_RECORD_H

#include <limits.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "trace/binary_format.h"

enum {
	/* A block: small, since each thread of each process has one, and so that it stays in the
	 * processor's cache. */
	ZEND_MM_RECORD_BLOCK_BYTES = 32 * 1024,
	/* What one call may write. */
	ZEND_MM_RECORD_CALL_BYTES = 2 * ZMM_SMALL_EVENT_BYTES_MAX,
	/* Addresses are multiples of 16. */
	ZEND_MM_RECORD_ID_SHIFT = 4,
};

enum zend_mm_record_state {
	ZEND_MM_RECORD_FRESH = 0, /* a process, or the child of a fork, that has noted nothing yet */
	ZEND_MM_RECORD_PLAIN,     /* recording */
	ZEND_MM_RECORD_SITES,     /* recording with call stacks */
	ZEND_MM_RECORD_OFF,       /* for good */
};

/* What all threads share, in a page that the system zeroes in the child of a fork: so every process
 * starts fresh, however it was forked, and with nobody in the lock. */
struct zend_mm_record_page {
	_Atomic uint32_t state; /* enum zend_mm_record_state */
	_Atomic uint32_t lock;
	uint32_t threads;       /* numbers given out, under the lock */
	_Alignas(64) _Atomic uint64_t stamp; /* the last one given out */
};

/* Where a thread writes. Lanes outlive threads: one whose thread has ended is taken over. */
struct zend_mm_record_lane {
	struct zmm_block block; /* block.header is NULL where it has none */
	uint32_t thread;        /* its number in the trace */
	uint32_t site;          /* of the call being noted, 0: unknown */
	pid_t owner;            /* the system's, 0: none */
	struct zend_mm_record_lane *next;
};

/* --- record_start.c -------------------------------------------------------------------------- */

extern struct zend_mm_record_page *zend_mm_record_page;

/* Begin to record this process, if it is fresh. */
void zend_mm_record_start(void);

/* Write what a trace starts with (who is recorded) into its first block. */
void zend_mm_record_introduce(struct zmm_block *block);

void zend_mm_record_lock(void);
void zend_mm_record_unlock(void);

/* --- record_lanes.c -------------------------------------------------------------------------- */

/* The thread's own. */
struct zend_mm_record_here {
	struct zend_mm_record_lane *lane; /* NULL before its first event */
	bool inside;                      /* the recorder is at work */
	bool unwinding;                   /* and is taking a call stack */
};
extern __thread struct zend_mm_record_here zend_mm_record_here;

/* Let this thread write: gives it a lane with room for a call and sets `inside`. NULL, and
 * `inside` as it was, where nothing is to be noted. Keeps errno. */
struct zend_mm_record_lane *zend_mm_record_enter(void);
void zend_mm_record_leave(void);

/* Write an event about the block at `address` into a lane that was entered. `alignment_log2` is
 * for ALLOC, 0 for none. */
void zend_mm_record_put(struct zend_mm_record_lane *lane, unsigned kind, const void *address,
	size_t size, unsigned alignment_log2, uint64_t stamp);

/* Enter, put and leave, with the next number. */
void zend_mm_record_note_slow(unsigned kind, const void *address, size_t size,
	unsigned alignment_log2) __attribute__((cold, noinline));

/* Make sure that `bytes` more fit into the lane's block, if need be by copying it to the file's
 * end. False, and recording is off, where that fails. */
bool zend_mm_record_make_room(struct zend_mm_record_lane *lane, size_t bytes);

/* In the child of a fork: let go of the parent's lanes and this thread's block. */
void zend_mm_record_forget_lanes(void);

/* --- record_file.c: under the lock ----------------------------------------------------------- */

/* Make the trace file: `path`, or if there is something of that name, path.PROCESS, or that with
 * .2, .3 and so on. False after saying why it cannot be had. */
bool zend_mm_record_create_file(const char *path);

/* A block of the file to write into, mapped, all zero. NULL, and recording is off, where there is
 * none. */
void *zend_mm_record_new_slot(void);

/* Copy a full block to the end of the file. False, and recording is off, if that fails. */
bool zend_mm_record_copy_block(const void *block);

/* In the child of a fork: let go of the parent's file. */
void zend_mm_record_forget_file(void);

/* Turn recording off and say why, once. */
void zend_mm_record_stop(const char *file, const char *what, int error);

/* --- record_sites.c -------------------------------------------------------------------------- */

/* Find the unwinder, or settle for frame pointers. False if call stacks cannot be had. */
bool zend_mm_record_prepare_sites(bool by_frame_pointers);

/* Forget the stacks and modules that were told about: another file begins. */
void zend_mm_record_forget_sites(void);

/* The number of the caller's call stack; tells about it first if it is new. 0 where there is
 * none. May leave less room in the lane's block than it found. */
uint32_t zend_mm_record_site(struct zend_mm_record_lane *lane);

#endif
