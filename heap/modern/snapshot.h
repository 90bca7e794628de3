/* SPDX-License-Identifier: MIT */
/*
 * heap/modern/snapshot.h - which slots of a heap are free and which are the heap's own, for the
 * walker and the deep check.
 *
 * A free slot cannot be told from a used one by looking at it; only the bins' lists know.  A
 * snapshot follows the lists once and marks their members in scratch memory, outside the heap.
 * Everything that it follows is checked on the way, so that a damaged heap leads to a problem and
 * never to a crash or an endless loop.
 */
#ifndef HEAP_MODERN_SNAPSHOT_H
#define HEAP_MODERN_SNAPSHOT_H

#include "heap/modern/heap.h"

/* A bit for each slot of the run that begins at a page; the longest run has 512. */
struct zend_mm_page_marks {
	uint64_t slots[8];
};

struct zend_mm_chunk_marks {
	struct zend_mm_page_marks free[ZEND_MM_PAGES];
	struct zend_mm_page_marks entries[ZEND_MM_PAGES]; /* entries of the list of huge blocks */
};

struct zend_mm_snapshot {
	const struct zend_mm_modern_heap *heap;
	zend_mm_problem *problem;
	size_t scratch_size;
	void *scratch;
	size_t table_mask;                 /* the table: chunks by address, open addressing */
	const struct zend_mm_chunk **keys;
	uint32_t *positions;               /* of a key's chunk in the circle */
	struct zend_mm_chunk_marks *marks; /* by position */
	size_t free_slots[ZEND_MM_BIN_COUNT];
	size_t huge_count;
	size_t huge_bytes;
};

/* Where a slot lies. */
struct zend_mm_slot_place {
	const struct zend_mm_chunk *chunk;
	struct zend_mm_chunk_marks *marks;
	unsigned page;  /* the first of the run */
	unsigned bin;
	unsigned index; /* in the run */
};

/* All of these return 0; 1 with the problem filled in; or -1 with errno set where there is no
 * scratch memory.  After open() returned 0, close() has to follow. */

/* Follows and checks the circle of chunks. */
int zend_mm_snapshot_open(struct zend_mm_snapshot *snapshot, const struct zend_mm_modern_heap *heap,
	zend_mm_problem *problem);
/* Follows, checks and marks the bins' lists; the chunks' maps have to be sound. */
int zend_mm_snapshot_mark_free(struct zend_mm_snapshot *snapshot);
/* The same for the list of huge blocks; after the bins' lists. */
int zend_mm_snapshot_mark_entries(struct zend_mm_snapshot *snapshot);
void zend_mm_snapshot_close(struct zend_mm_snapshot *snapshot);

/* The marks of a chunk; NULL where it is not in the circle. */
struct zend_mm_chunk_marks *zend_mm_snapshot_marks(const struct zend_mm_snapshot *snapshot,
	const struct zend_mm_chunk *chunk);

static inline bool zend_mm_mark_is_set(const struct zend_mm_page_marks *marks, unsigned index)
{
	return (marks->slots[index / 64] >> (index % 64)) & 1;
}

/* Fills a problem in; returns 1. */
int zend_mm_problem_at(zend_mm_problem *problem, const struct zend_mm_modern_heap *heap,
	const char *reason, const void *address);
/* The same with the word that is wrong, and what it should be. */
int zend_mm_problem_word(zend_mm_problem *problem, const struct zend_mm_modern_heap *heap,
	const char *reason, const void *address, const void *word, size_t found, size_t expected);
/* The same where expected is a bound, or is not known (0 then). */
int zend_mm_problem_bound(zend_mm_problem *problem, zend_mm_expectation expectation);

#endif
