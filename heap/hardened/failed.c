/* SPDX-License-Identifier: MIT */
/*
 * heap/hardened/failed.c - the end of a hardened heap's failed check.
 *
 * Called from the cold side of checks in heap/hardening.h and the headers of this folder.
 */
#include "heap/failure.h"
#include "heap/hardening.h"

void zend_mm_hardened_failed(const zend_mm_heap *heap, const char *reason, const void *address)
{
	zend_mm_problem problem = {
		.heap = (zend_mm_heap *)(uintptr_t)heap, .reason = reason, .address = address
	};

	zend_mm_corrupted(&problem);
}

void zend_mm_hardened_failed_word(const zend_mm_heap *heap, const char *reason,
	const void *address, const void *word, zend_mm_expectation expectation, size_t expected)
{
	zend_mm_problem problem = {
		.heap = (zend_mm_heap *)(uintptr_t)heap,
		.reason = reason,
		.address = address,
		.word = word,
		.found = *(const size_t *)word,
		.expected = expected,
		.expectation = expectation,
	};

	zend_mm_corrupted(&problem);
}
