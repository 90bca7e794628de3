/* SPDX-License-Identifier: MIT */
/*
 * t/noticed.h - that the deep check notices a damaged word: in its first byte, and in its last.
 * Each is mended before the next.
 */
#ifndef T_NOTICED_H
#define T_NOTICED_H

#include "t/tap.h"
#include "zend_alloc.h"

static inline void is_noticed(zend_mm_heap *heap, void *word, size_t size, const char *what)
{
	unsigned char *byte = word;
	zend_mm_problem problem = { .reason = "nothing" };

	*byte ^= 1;
	ok(zend_mm_check(heap, &problem) > 0, "%s: %s", what, problem.reason);
	*byte ^= 1;
	byte[size - 1] ^= 0x40;
	ok(zend_mm_check(heap, &problem) > 0, "%s, its last byte: %s", what, problem.reason);
	byte[size - 1] ^= 0x40;
}

#define IS_NOTICED(heap, word, what) is_noticed(heap, &(word), sizeof (word), what)

#endif
