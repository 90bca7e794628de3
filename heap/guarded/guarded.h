/* SPDX-License-Identifier: MIT */
/*
 * heap/guarded/guarded.h - a layer over a heap of either design that finds out who misuses blocks.
 *
 * Every block of the program lies inside a block of the heap below:
 *
 *	base                 data                  data + size                        base + room
 *	| guarded: padding   | what was asked for  | guarded: rounding and padding    |
 *
 * or, with guard pages, at the end of whole pages of its own, right before the untouchable one:
 *
 *	base                          data         data + size           hidden       base + room
 *	| guarded: rest of the pages  | asked for  | guarded: rounding   | untouchable |
 *
 * Guarded bytes have a fixed value, which is verified when the block is freed or resized, by
 * checks and at the end of the request.  Freed blocks can be kept back and verified in the same
 * way.  Where AddressSanitizer or valgrind listens, it is told that nobody may touch either.  What
 * is known about blocks lies apart (records.h), so every pointer that comes in can be judged: no
 * word of the program's memory is believed.
 *
 * A resize always moves, so that pointers to the old place are found out.
 *
 * Invariant: between two calls every live record's block is handed out by the heap below, and so is
 * every kept one's.
 */
#ifndef HEAP_GUARDED_GUARDED_H
#define HEAP_GUARDED_GUARDED_H

#include "heap/claim.h"
#include "heap/guarded/records.h"
#include "heap/guarded/settings.h"

enum { guard_fill = 0xf9, guard_freed_fill = 0xdf };

struct guard_layer {
	struct zend_mm_layer layer;
	zend_mm_heap *heap;
	struct guard_layer *next;          /* of all guarded heaps of the process */
	struct zend_mm_guard_settings settings;
	struct guard_records records;
	size_t alignment;                  /* of all blocks: 8 or 16 */
	size_t overhead;                   /* what a block of the heap below has beside its data */
	bool shared;                       /* several threads call */
	bool told;                         /* a sanitizer is told of blocks (storage/sanitizer.h) */
	size_t requests;                   /* since the last check_every */
	const void *caller;                /* where the running request comes from */
};

static inline struct guard_layer *guard_of(const zend_mm_heap *heap)
{
	return (struct guard_layer *)heap->layers[ZEND_MM_LAYER_GUARDED];
}

/* {{{ startup.c */

/* How a heap is to be guarded.  malloc_rules: blocks are aligned to 16, and several threads call.
 * overhead: what each block of the heap has beside its data. */
struct zend_mm_guard_setup {
	struct zend_mm_guard_settings settings;
	bool malloc_rules;
	size_t overhead;
};

/* Lays the guards over a heap that has handed out nothing yet.  False where there is no memory. */
bool zend_mm_guard(zend_mm_heap *heap, const struct zend_mm_guard_setup *setup);

/* Ends the layer: every page is shown again, nothing is known any more. */
void zend_mm_guard_end(struct guard_layer *guard);

/* Keeps other threads out while a shared heap works; may be taken again by the thread that has it.
 * Nothing happens for heaps that are not shared. */
void zend_mm_guard_lock(struct guard_layer *guard);
void zend_mm_guard_unlock(const struct guard_layer *guard);

/* The lock is held over fork(), so that shared heaps are whole in the child.  Whoever serves malloc
 * with them cannot have that: the C library takes locks of its own for fork(), and who has these
 * may be waiting for ours.  They set this before the first heap, and call zend_mm_guards_in_child()
 * first thing in the child.  A heap that another thread was at work in is abandoned there: its
 * blocks are good, and nothing else of it is (abandoned.c). */
extern bool zend_mm_guards_fork_freely;
void zend_mm_guards_in_child(void);
bool zend_mm_guard_abandoned(const zend_mm_heap *heap);

/* The guarded heap, if not this one, that has a live block at an address; NULL where there is none.
 * For reports. */
const struct guard_layer *zend_mm_guard_elsewhere(const struct guard_layer *guard,
	const void *data);

/* }}} */
/* {{{ place.c: one block's memory */

/* What has to be asked of the heap below for size bytes at an alignment; 0 where that wraps. */
size_t zend_mm_guard_room(const struct guard_layer *guard, size_t alignment, size_t size);
/* Where the data lies in room bytes at base. */
char *zend_mm_guard_data(const struct guard_layer *guard, char *base, size_t alignment,
	size_t room, size_t size);
/* Fills the guards of a new block, whose record says where it is, and hides its guard page. */
void zend_mm_guard_raise(const struct guard_layer *guard, struct guard_record *record);
/* Makes a freed block one to keep: filled and, with guard pages, hidden. */
void zend_mm_guard_spoil(const struct guard_layer *guard, struct guard_record *record);
/* Makes all of the block's memory touchable, for the heap below.  False where the system refuses:
 * then the memory is lost. */
bool zend_mm_guard_lower(const struct guard_layer *guard, struct guard_record *record);
/* Looks at the guards of a live block, or at all of a kept one.  True if nobody wrote there;
 * otherwise the problem is filled in. */
bool zend_mm_guard_is_sound(const struct guard_layer *guard, const struct guard_record *record,
	zend_mm_problem *problem);

/* }}} */
/* {{{ verdict.c: what is wrong */

enum guard_use {
	guard_use_free,
	guard_use_resize,
	guard_use_ask,
	guard_use_check
};

/* Whether what the program says about a live block that it gives back is so, as far as the settings
 * want to know; otherwise the problem is filled in. */
bool zend_mm_guard_believes(const struct guard_layer *guard, const struct guard_record *record,
	const struct zend_mm_claim *claim, zend_mm_problem *problem);
/* The same for a block that is resized by realloc(). */
bool zend_mm_guard_lets_resize(const struct guard_layer *guard, const struct guard_record *record,
	zend_mm_problem *problem);
/* Says why a pointer is not the beginning of a live block. */
void zend_mm_guard_judge(const struct guard_layer *guard, const void *data, enum guard_use use,
	zend_mm_problem *problem);
/* Adds what the records say to a place that the heap below has filled in. */
void zend_mm_guard_describe(const struct guard_layer *guard, const void *address,
	zend_mm_place *place);
/* Called with the address of a fault and the instruction: ends the process with a report if it is
 * one of a hidden page. */
void zend_mm_guard_fault(const void *address, const void *instruction);
/* Somebody wrote to an address of a block's guards, or of a freed one, or the program did where the
 * heap keeps its own words: ends the process with a report that begins at the instruction. */
void zend_mm_guard_written_to(const void *address, const void *instruction);
/* Called with an address that a sanitizer has complained of: prints what is known about it, if it
 * is one of a guarded heap. */
void zend_mm_guard_complained_of(const void *address);

/* }}} */

/* The first of all guarded heaps; the list is read without a lock in reports only (startup.c). */
extern struct guard_layer *zend_mm_guarded_heaps;

/* Checks all blocks, in use and kept (check.c): 0, or 1 with the problem filled in. */
int zend_mm_guard_check_all(struct guard_layer *guard, zend_mm_problem *problem);
/* Checks all guarded heaps of the process, and ends it with a report where one is damaged; does
 * nothing where a thread is at work in one (startup.c). */
void zend_mm_guards_look_once_more(void);
/* Has a sanitizer that is told of blocks look for leaks, in all guarded heaps (check.c). */
void zend_mm_guard_look_for_leaks(void);
/* Reports to the host what is still in use (check.c). */
void zend_mm_guard_report_leaks(struct guard_layer *guard);

/* Frees a block of the heap, which is a guarded one, after what is said about it was compared with
 * what is known (verbs.c). */
void zend_mm_guard_free_as(zend_mm_heap *heap, void *ptr, const struct zend_mm_claim *claim);
/* Notes who handed a block out, if it was not malloc (verbs.c). */
void zend_mm_guard_label(zend_mm_heap *heap, const void *ptr, enum zend_mm_family family);

extern const struct zend_mm_verbs zend_mm_guarded_verbs;
extern const struct zend_mm_verbs zend_mm_abandoned_verbs;

#endif
