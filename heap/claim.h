/* SPDX-License-Identifier: MIT */
/*
 * heap/claim.h - what a program says about a block as it gives it back: by which family of
 * functions it got it, and for which size and alignment it asked.
 *
 * Made by the malloc replacement of C23's free_sized() and free_aligned_sized() and of C++'s
 * operators; compared by guarded heaps with what their records say, and by hardened ones with what
 * the block can have been asked for with.
 */
#ifndef HEAP_CLAIM_H
#define HEAP_CLAIM_H

#include <stdbool.h>
#include <stddef.h>

enum zend_mm_family {
	ZEND_MM_FAMILY_MALLOC,      /* and all that C has; free() */
	ZEND_MM_FAMILY_NEW,         /* operator new; delete */
	ZEND_MM_FAMILY_ARRAY,       /* operator new[]; delete[] */
	ZEND_MM_FAMILIES
};

/* The alignment that blocks of malloc and new have if nothing is said: less means the same. */
#define ZEND_MM_CLAIM_ALIGNMENT ((size_t)16)

struct zend_mm_claim {
	enum zend_mm_family family;
	bool sized;                 /* size was said */
	bool aligned;               /* alignment was said: the one of all blocks, where it is 1 */
	size_t size;
	size_t alignment;
};

#endif
