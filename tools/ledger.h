/* SPDX-License-Identifier: MIT */
/*
 * The ledger: every byte that a heap holds from the system belongs to exactly one cause, and the
 * causes sum to what is held.
 *
 *   zend_mm_walk() --> zmm_ledger_visit() for each block --> zmm_ledger_close() --> bytes[cause]
 *                      what the program asked for: struct zmm_live --^
 *
 * A heap does not know what was requested of it, only what it gave; whoever drives it does, and
 * passes the sums of its live blocks in a struct zmm_live. A request that failed is not live, a
 * block whose resize failed keeps its old size.
 *
 * Invariant: in a closed ledger zmm_ledger_difference() is 0. It is not where the walk and the
 * heap's figures disagree, where the program's blocks are not those that the heap has handed out,
 * or where a block is smaller than what was asked for: in short, where there is a defect.
 */
#ifndef ZMM_LEDGER_H
#define ZMM_LEDGER_H

#include "zend_alloc.h"

enum zmm_cause {
	ZMM_CAUSE_REQUESTED,
	ZMM_CAUSE_ROUNDING,
	ZMM_CAUSE_HUGE_TAIL,
	ZMM_CAUSE_BLOCK_HEADER,
	ZMM_CAUSE_CACHED,
	ZMM_CAUSE_FREE_BUCKET,
	ZMM_CAUSE_FREE_TRIE,
	ZMM_CAUSE_FREE_REST,
	ZMM_CAUSE_SLOT_FREE,
	ZMM_CAUSE_PAGE_FREE,
	ZMM_CAUSE_CACHED_CHUNK,
	ZMM_CAUSE_RUN_TAIL,
	ZMM_CAUSE_RESERVE,
	ZMM_CAUSE_SEGMENT,
	ZMM_CAUSE_CHUNK_HEADER,
	ZMM_CAUSE_OWN,
	ZMM_CAUSE_QUARANTINED, /* guarded heaps only */
	ZMM_CAUSES
};

/* What kind of thing a cause is; fragmentation.h computes with these. */
enum zmm_cause_family {
	ZMM_FAMILY_REQUESTED, /* live and asked for */
	ZMM_FAMILY_ROUNDING,  /* live and not asked for */
	ZMM_FAMILY_METADATA,  /* the heap's, while anything is held */
	ZMM_FAMILY_FREE,      /* could be handed out */
	ZMM_FAMILY_LOST       /* could not be, to anybody */
};

struct zmm_cause_info {
	const char *key;      /* "free_bucket": for JSON and CSV */
	const char *title;    /* "free in a bucket": for people */
	const char *meaning;  /* one sentence */
	enum zmm_cause_family family;
	bool legacy, modern;  /* the designs that have it */
};

const struct zmm_cause_info *zmm_cause_info(enum zmm_cause cause);
bool zmm_cause_in_mode(enum zmm_cause cause, zend_mm_mode mode);

/* --- what the program asked for -------------------------------------------------------------- */

struct zmm_live {
	uint64_t blocks;
	uint64_t requested;      /* bytes */
	uint64_t huge_requested; /* of these, in huge blocks of a modern heap */
};

/* Count a block in, or out again: data is where it is, requested how many bytes were asked for. */
void zmm_live_add(struct zmm_live *live, zend_mm_mode mode, const void *data, size_t requested);
void zmm_live_remove(struct zmm_live *live, zend_mm_mode mode, const void *data, size_t requested);

/* --- the ledger ------------------------------------------------------------------------------ */

struct zmm_ledger {
	uint64_t bytes[ZMM_CAUSES];
	uint64_t held;           /* what the heap says it holds from the system */
	struct zmm_live live;
	uint64_t blocks;         /* the program's blocks, as the walk counted them */
	uint64_t usable;         /* the bytes of these that the program may use */
	uint64_t huge_usable;    /* of these, in huge blocks of a modern heap */
};

/* One walk of a heap makes its ledger. 0, or -1 with errno set where there was no memory for the
 * walk. Whether it sums is zmm_ledger_difference()'s to say. */
int zmm_ledger_take(struct zmm_ledger *ledger, zend_mm_heap *heap, const struct zmm_live *live);

/* The same in three steps, for walks that serve others as well. The ledger is all zero at first;
 * visit is called with everything that a zend_mm_visitor gets; held is the heap's real_size. */
void zmm_ledger_visit(struct zmm_ledger *ledger, const zend_mm_region *region,
	const zend_mm_block_info *block);
void zmm_ledger_close(struct zmm_ledger *ledger, const struct zmm_live *live, uint64_t held);

/* The sum over all causes. */
uint64_t zmm_ledger_sum(const struct zmm_ledger *ledger);
/* The sum over the causes of a family. */
uint64_t zmm_ledger_family(const struct zmm_ledger *ledger, enum zmm_cause_family family);

/* How far the ledger is from being right, in bytes: 0 where every byte held has its cause. Negative
 * where bytes have none, positive where there are more bytes than are held. INT64_MIN where the
 * program's blocks and the walk's are not equally many, or less is usable than was asked for. */
int64_t zmm_ledger_difference(const struct zmm_ledger *ledger);

/* The same as a sentence for people, NULL where the difference is 0. */
const char *zmm_ledger_complaint(const struct zmm_ledger *ledger, char *text, size_t size);

#endif
