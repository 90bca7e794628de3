/* SPDX-License-Identifier: MIT */
/*
 * preload/record_lanes.c - a lane for each thread: who has which, and what happens when its block
 * is full.
 *
 * There are about as many lanes as the most threads that lived at once. A thread that wants one
 * first looks for one whose owner has ended (the system does not know it any more), tells the trace
 * so, and goes on writing where the other left off. So the trace knows a thread's end no sooner
 * than a new thread makes use of it, but never has more threads alive than there are lanes.
 *
 * Invariant: a lane's block is written by its owner alone; everything else here happens under the
 * lock.
 */
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "preload/record_notes.h"

enum { LANES_AT_ONCE = 32 };

__thread struct zend_mm_record_here zend_mm_record_here;

static struct zend_mm_record_lane *lanes;
static struct zend_mm_record_lane *unused; /* rest of what was mapped last */
static unsigned unused_count;

/* {{{ Blocks. */

/* Begin a block in the lane's slot. Its stamp is a number from the counter, which makes it unlike
 * that of any other block. */
static void begin_block(struct zend_mm_record_lane *lane, void *slot)
{
	const struct zmm_block_start start = {
		.thread = lane->thread,
		.stamped = true,
		.id_shift = ZEND_MM_RECORD_ID_SHIFT,
		.stamp = zend_mm_record_stamp(),
	};

	zmm_block_open(&lane->block, slot, ZEND_MM_RECORD_BLOCK_BYTES, &start);
}

/* The lock is held. */
static bool renew_block(struct zend_mm_record_lane *lane)
{
	if (!lane->block.header) {
		void *slot = zend_mm_record_new_slot();

		if (slot) {
			begin_block(lane, slot);
		}
		return slot;
	}
	zmm_block_close(&lane->block, false);
	if (!zend_mm_record_copy_block(lane->block.header)) {
		return false;
	}
	begin_block(lane, lane->block.header);
	return true;
}

/* }}} */
/* {{{ Lanes; the lock is held. */

static bool is_over(pid_t thread)
{
	return thread == gettid() /* whose number this thread got after it */
		|| (syscall(SYS_tgkill, getpid(), thread, 0) != 0 && errno == ESRCH);
}

static struct zend_mm_record_lane *find_lane_without_owner(void)
{
	struct zend_mm_record_lane *lane = lanes;

	while (lane && lane->owner && !is_over(lane->owner)) {
		lane = lane->next;
	}
	return lane;
}

static struct zend_mm_record_lane *add_lane(void)
{
	if (unused_count == 0) {
		size_t bytes = LANES_AT_ONCE * sizeof *unused;
		void *memory = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS,
			-1, 0);

		if (memory == MAP_FAILED) {
			zend_mm_record_stop(NULL, "no memory for another thread", errno);
			return NULL;
		}
		unused = memory;
		unused_count = LANES_AT_ONCE;
	}
	struct zend_mm_record_lane *lane = unused++;
	unused_count--;
	lane->next = lanes;
	lanes = lane;
	return lane;
}

/* There is room. */
static void put_thread_event(struct zend_mm_record_lane *lane, enum zmm_event_kind kind)
{
	const struct zmm_event event = {
		.kind = (uint8_t)kind,
		.thread = lane->thread,
		.stamp = zend_mm_record_stamp(),
	};

	zmm_block_add(&lane->block, &event);
}

/* Hand a lane to this thread. The first thread of a process begins with the process. */
static bool take_lane(struct zend_mm_record_lane *lane)
{
	struct zend_mm_record_page *page = zend_mm_record_page;
	bool first = page->threads == 0;

	if ((!lane->block.header || zmm_block_left(&lane->block) < 2 * ZEND_MM_RECORD_CALL_BYTES)
		&& !renew_block(lane)) {
		return false;
	}
	if (lane->owner) {
		put_thread_event(lane, ZMM_EVENT_THREAD_END);
	}
	lane->owner = gettid();
	lane->thread = page->threads++;
	if (first) {
		zend_mm_record_introduce(&lane->block);
	} else {
		put_thread_event(lane, ZMM_EVENT_THREAD_START);
	}
	return true;
}

static struct zend_mm_record_lane *acquire_lane(void)
{
	struct zend_mm_record_lane *lane = find_lane_without_owner();

	if (!lane) {
		lane = add_lane();
	}
	return lane && take_lane(lane) ? lane : NULL;
}

/* What other threads of the parent were doing is unknown, so theirs are left as they are. */
void zend_mm_record_forget_lanes(void)
{
	struct zend_mm_record_lane *own = zend_mm_record_here.lane;

	if (own && own->block.header) {
		munmap(own->block.header, ZEND_MM_RECORD_BLOCK_BYTES);
	}
	zend_mm_record_here.lane = NULL;
	lanes = unused = NULL;
	unused_count = 0;
}

/* }}} */
/* {{{ Noting. */

static bool is_recording(void)
{
	uint32_t state = atomic_load(&zend_mm_record_page->state);

	return state == ZEND_MM_RECORD_PLAIN || state == ZEND_MM_RECORD_SITES;
}

static struct zend_mm_record_lane *find_lane(struct zend_mm_record_here *here)
{
	if (atomic_load(&zend_mm_record_page->state) == ZEND_MM_RECORD_FRESH) {
		zend_mm_record_start();
	}
	if (is_recording() && !here->lane) {
		zend_mm_record_lock();
		if (is_recording()) {
			here->lane = acquire_lane();
		}
		zend_mm_record_unlock();
	}
	return is_recording() ? here->lane : NULL;
}

bool zend_mm_record_make_room(struct zend_mm_record_lane *lane, size_t bytes)
{
	bool room = zmm_block_left(&lane->block) >= bytes;

	if (!room) {
		zend_mm_record_lock();
		room = is_recording() && renew_block(lane);
		zend_mm_record_unlock();
	}
	return room;
}

/* The lane, with room for a call, and the call's site. */
static struct zend_mm_record_lane *prepare_lane(struct zend_mm_record_here *here)
{
	struct zend_mm_record_lane *lane = find_lane(here);

	if (lane && atomic_load(&zend_mm_record_page->state) == ZEND_MM_RECORD_SITES) {
		lane->site = here->unwinding ? 0 : zend_mm_record_site(lane);
	}
	return lane && zend_mm_record_make_room(lane, ZEND_MM_RECORD_CALL_BYTES) ? lane : NULL;
}

/* Malloc is no point where a thread can be cancelled, but some of the system calls here are. */
struct zend_mm_record_lane *zend_mm_record_enter(void)
{
	struct zend_mm_record_here *here = &zend_mm_record_here;
	struct zend_mm_record_lane *lane;
	int before = errno, cancelling;

	if (here->inside || atomic_load(&zend_mm_record_page->state) == ZEND_MM_RECORD_OFF) {
		return NULL;
	}
	here->inside = true;
	atomic_signal_fence(memory_order_seq_cst);
	pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &cancelling);
	lane = prepare_lane(here);
	pthread_setcancelstate(cancelling, NULL);
	if (!lane) {
		zend_mm_record_leave();
	}
	errno = before;
	return lane;
}

void zend_mm_record_leave(void)
{
	atomic_signal_fence(memory_order_seq_cst);
	zend_mm_record_here.inside = false;
}

void zend_mm_record_put(struct zend_mm_record_lane *lane, unsigned kind, const void *address,
	size_t size, unsigned alignment_log2, uint64_t stamp)
{
	const struct zmm_event event = {
		.kind = (uint8_t)kind,
		.alignment_log2 = (uint8_t)alignment_log2,
		.thread = lane->thread,
		.site = lane->site,
		.id = (uintptr_t)address,
		.size = size,
		.stamp = stamp,
	};

	zmm_block_add(&lane->block, &event);
}

void zend_mm_record_note_slow(unsigned kind, const void *address, size_t size,
	unsigned alignment_log2)
{
	struct zend_mm_record_lane *lane = zend_mm_record_enter();

	if (lane) {
		zend_mm_record_put(lane, kind, address, size, alignment_log2, zend_mm_record_stamp());
		zend_mm_record_leave();
	}
}

/* }}} */
