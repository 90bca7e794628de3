/* SPDX-License-Identifier: MIT */
/*
 * heap/guarded/records.h - what a guarded heap knows about its blocks, kept apart from them: a
 * program that writes past its blocks does not reach it.
 *
 * A record is live from allocation to freeing, kept while the block is in quarantine, and gone
 * once the memory went back to the heap below.  The newest of those that are gone are remembered,
 * so that a block freed twice is told from an address that never was one.
 */
#ifndef HEAP_GUARDED_RECORDS_H
#define HEAP_GUARDED_RECORDS_H

#include "heap/heap.h"
#include "heap/site.h"

/* Return addresses that are kept of an allocation and of a freeing, NULL behind the last. */
enum { guard_site_depth = 8, guard_gone_most = 4096 };

enum guard_state {
	guard_live,
	guard_kept,           /* freed, in quarantine */
	guard_gone,           /* freed, its memory given back */
	guard_request_ended   /* not freed before the request ended */
};

struct guard_calls {
	const void *frames[guard_site_depth + 1];
};

struct guard_record {
	struct guard_record *chained;      /* the next one in its chain of the table */
	struct guard_record *older, *newer; /* in the queue of its state */
	char *data;                        /* what the program has, and the bytes it asked for */
	size_t size;
	char *base;                        /* what the heap below gave, and the bytes asked of it */
	size_t room;
	char *hidden;                      /* the guard page; NULL where there is none */
	enum guard_state state;
	bool all_hidden;                   /* the block's own pages as well */
	uint8_t family;                    /* enum zend_mm_family: who handed it out */
	uint8_t alignment_shift;           /* it was asked for at an alignment of 1 << so much */
	struct zend_mm_site site;          /* debug builds: who allocated it */
	struct guard_calls calls[];        /* with sites: who allocated and who freed it */
};

struct guard_queue {
	struct guard_record *oldest, *newest;
	size_t count;
	size_t bytes;                      /* of the memory of its blocks */
};

struct guard_records {
	struct guard_record **chains;
	size_t chain_count;                /* a power of two */
	size_t count;
	size_t record_size;
	struct guard_record *unused;
	struct guard_slab *slabs;
	struct guard_queue kept, gone;
};

/* Makes an empty set of records; false where there is no memory. */
bool zend_mm_guard_records_open(struct guard_records *records, bool with_calls);
void zend_mm_guard_records_close(struct guard_records *records);

/* Makes a live record for a block at data, of which nothing else is filled in.  What was known
 * about a block that began there earlier is forgotten.  NULL where there is no memory. */
struct guard_record *zend_mm_guard_record_add(struct guard_records *records, char *data);

/* Has a sanitizer take all records for untouchable while it looks for leaks, for they know every
 * block; and gives them back. */
void zend_mm_guard_records_forbid(const struct guard_records *records);
void zend_mm_guard_records_permit(const struct guard_records *records);

/* The lowest of the pieces of memory with records that end behind an address, and its end; NULL
 * where there is none. */
const void *zend_mm_guard_records_memory(const struct guard_records *records, const void *address,
	const void **end);

/* The record, in any state, of the block that begins at an address; NULL where there is none. */
struct guard_record *zend_mm_guard_record_at(const struct guard_records *records,
	const void *data);

/* The record of a live block, found without the table, which may be in the middle of a change.
 * Looks at all records. */
const struct guard_record *zend_mm_guard_record_in_slabs(const struct guard_records *records,
	const void *data);

/* The live or kept record of the block whose memory, guards included, an address is in.  Looks at
 * all records: for reports. */
struct guard_record *zend_mm_guard_record_around(const struct guard_records *records,
	const void *address);

/* Puts a record into the queue of those in quarantine, and of those that are gone; takes it out. */
void zend_mm_guard_queue_put(struct guard_queue *queue, struct guard_record *record);
void zend_mm_guard_queue_take(struct guard_queue *queue, struct guard_record *record);

/* Makes a record one that is gone, in the given state.  It is in no queue before.  The oldest of
 * those that are gone are forgotten when the next one is added. */
void zend_mm_guard_record_bury(struct guard_records *records, struct guard_record *record,
	enum guard_state state);

/* Calls visitor for each record until one answer is not 0, which is returned.  The visitor may
 * change the record's state. */
int zend_mm_guard_records_visit(const struct guard_records *records,
	int (*visitor)(void *context, struct guard_record *record), void *context);

#endif
