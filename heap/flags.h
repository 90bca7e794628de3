/* SPDX-License-Identifier: MIT */
/*
 * heap/flags.h - what requests do that C cannot say as shortly as the processor does.
 *
 * Twins: for x86-64, by what the flags hold after one instruction; for all others, in plain C.
 * Both mean the same.  Measured with callgrind on the recorded programs (doc/performance.md).
 */
#ifndef HEAP_FLAGS_H
#define HEAP_FLAGS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "heap/kind.h"

#if defined(__x86_64__) && defined(__GCC_ASM_FLAG_OUTPUTS__) && defined(__LP64__)

/* What a request is dispatched on: one comparison, whose flags tell three kinds apart. */
static inline __attribute__((always_inline)) enum zend_mm_kind zend_mm_kind_in(
	const uint32_t *kind)
{
	__asm__ goto("cmpl %1, %0\n\tjb %l[legacy]\n\tja %l[other]"
		: : "m"(*kind), "i"(ZEND_MM_KIND_MODERN) : "cc" : legacy, other);
	return ZEND_MM_KIND_MODERN;
legacy:
	return ZEND_MM_KIND_LEGACY;
other:
	return ZEND_MM_KIND_OTHER;
}

/* Index of the highest and of the lowest set bit of a word that is not 0.  The compiler's built-in
 * functions have an int for a result, which has to be extended before it can be an index. */
static inline __attribute__((always_inline)) size_t zend_mm_highest_bit(size_t word)
{
	size_t bit;

	__asm__("bsrq %1, %0" : "=r"(bit) : "rm"(word) : "cc");
	return bit;
}

static inline __attribute__((always_inline)) size_t zend_mm_lowest_bit(size_t word)
{
	size_t bit;

	__asm__("rep bsfq %1, %0" : "=r"(bit) : "rm"(word) : "cc");
	return bit;
}

/* *figure -= bytes; whether that wrapped. */
static inline __attribute__((always_inline)) bool zend_mm_borrows(size_t *figure, size_t bytes)
{
	bool borrow;

	__asm__("subq %2, %0" : "+m"(*figure), "=@ccc"(borrow) : "er"(bytes));
	return borrow;
}

#else

static inline __attribute__((always_inline)) enum zend_mm_kind zend_mm_kind_in(
	const uint32_t *kind)
{
	return (enum zend_mm_kind) *kind;
}

static inline __attribute__((always_inline)) size_t zend_mm_highest_bit(size_t word)
{
	return 63 ^ (size_t) __builtin_clzll(word);
}

static inline __attribute__((always_inline)) size_t zend_mm_lowest_bit(size_t word)
{
	return (size_t) __builtin_ctzll(word);
}

static inline __attribute__((always_inline)) bool zend_mm_borrows(size_t *figure, size_t bytes)
{
	return __builtin_sub_overflow(*figure, bytes, figure);
}

#endif

#endif
