/* SPDX-License-Identifier: MIT */
/*
 * heap/legacy/tags.h - what boundary tags still say about a segment in which some are damaged.
 *
 * Each header's size word has a copy in the block behind it, so that a segment can be read from
 * both ends.  Where one word is wrong, both readings come up to it, and the other one of the pair
 * says what it should be:
 *
 *	| header | block | block | block     ?     | block | block | guard |
 *	           ------------->  last        first  <-------------
 *	           read forwards                      read backwards
 *
 * Nothing is believed: words are read through a reader, and only a size whose copy agrees leads
 * on.  For reports and checks; a segment's blocks are all looked at.
 */
#ifndef HEAP_LEGACY_TAGS_H
#define HEAP_LEGACY_TAGS_H

#include "heap/legacy/heap.h"
#include "storage/readable.h"

/* Which of a pair is wrong. */
enum zend_mm_legacy_damage {
	tags_whole,      /* no pair of the segment disagrees */
	tags_word,       /* last's size word is wrong: first's copy of it leads back to last */
	tags_copy,       /* first's copy is wrong: last's size word leads to first */
	tags_header,     /* both lead to one place between them, where a whole header is wrong */
	tags_more        /* none of these: more than one header is wrong */
};

/* A segment's blocks around an address.  NULL stands for what is not known. */
struct zend_mm_legacy_tags {
	struct zend_mm_reader reader;
	zend_mm_region segment;            /* address NULL: the address is in none */
	const block_t *before;             /* the block before it, if there is one in the segment */
	const block_t *block;              /* that the address is in; NULL: the segment's header */
	const block_t *after;
	size_t word;                       /* of block: its size and type; 0 where it is not known */
	enum zend_mm_legacy_damage damage;
	const block_t *last, *first;       /* between which it is; first may be the guard */
	const block_t *middle;             /* with tags_header: the block whose header is wrong */
	size_t last_word, first_copy;      /* the pair, as found; 0 where that cannot be read */
};

/* Fills in what is known. */
void zend_mm_legacy_read_tags(const legacy_heap_t *heap, const void *address,
	struct zend_mm_legacy_tags *tags);

/* The reason where a block comes back whose type says that it is free. */
extern const char zend_mm_legacy_not_in_use[];

/* For a check that failed at what should be a block.  Where tags are damaged around it, names the
 * wrong word in the problem, and what it should be.  Where all of them agree and no block begins
 * there, the problem gets that for a reason; tags_whole is returned then, and where the tags have
 * nothing to do with it. */
enum zend_mm_legacy_damage zend_mm_legacy_judge_tags(const legacy_heap_t *heap,
	const void *address, zend_mm_problem *problem);

#endif
