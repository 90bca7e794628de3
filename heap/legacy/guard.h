/* SPDX-License-Identifier: MIT */
/*
 * heap/legacy/guard.h - what debug, protection and cookie builds add to a block: who asked for it,
 * a magic number, a cookie in its header, a canary behind its data.
 *
 * In other builds every function here is empty.  A block is dressed when it is handed out and
 * verified when it comes back; nothing is read from it in between.
 */
#ifndef HEAP_LEGACY_GUARD_H
#define HEAP_LEGACY_GUARD_H

#include <string.h>

#include "heap/legacy/corruption.h"
#include "heap/legacy/heap.h"
#include "heap/site.h"

/* The states of a block in its header (debug builds): numbers that data hardly contains. */
#define MAGIC_USED ((size_t) 0x5a11c0deu)
#define MAGIC_CACHED ((size_t) 0xcac4edb1u)
#define MAGIC_FREED ((size_t) 0xdeadb10cu)

/* What freed data is filled with (debug builds). */
#define FREED_FILL 0x5a

/* Whether a block's magic number says that it was freed. */
static zend_always_inline bool is_mark_of_freed(size_t magic)
{
	return config_debug && (magic == MAGIC_FREED || magic == MAGIC_CACHED);
}

static zend_always_inline size_t cookie_of(const legacy_heap_t *heap, const block_t *block)
{
	return heap->secret ^ (size_t) (uintptr_t) block;
}

/* No byte of it is 0: the end of a string that is written over it is always seen. */
static zend_always_inline uint32_t canary_of(const legacy_heap_t *heap)
{
	return (uint32_t) (heap->secret ^ 0xa5a5a5a5u) | 0x01010101u;
}

/* A block is handed out for a request of that size. */
static zend_always_inline void block_dress(const legacy_heap_t *heap, block_t *block,
	size_t request)
{
	if (legacy_keeps_requested) {
		*block_requested(block) = request;
	}
	if (config_cookies) {
		*block_cookie(block) = cookie_of(heap, block);
	}
	if (config_heap_protection) {
		uint32_t canary = canary_of(heap);

		memcpy((char *) block_data(block) + request, &canary, sizeof canary);
	}
	if (config_debug) {
		*block_owner(block) = (struct zend_mm_legacy_owner) {
			.magic = MAGIC_USED,
			.heap_secret = heap->secret,
			.filename = zend_mm_site.filename,
			.orig_filename = zend_mm_site.orig_filename,
			.lineno = zend_mm_site.lineno,
			.orig_lineno = zend_mm_site.orig_lineno
		};
	}
}

/* Says what is wrong with a block that is handed out; false if nothing is. */
static zend_always_inline bool block_is_damaged(legacy_heap_t *heap, const block_t *block,
	zend_mm_problem *problem)
{
	*problem = (zend_mm_problem) {
		.heap = &heap->head, .address = block, .expectation = ZEND_MM_EXPECT_EXACTLY
	};
	if (config_debug && block_owner(block)->magic != MAGIC_USED) {
		size_t magic = block_owner(block)->magic;

		problem->reason = magic == MAGIC_FREED ? "a block has been freed already"
			: magic == MAGIC_CACHED ? "a block has been freed already and is in the cache"
			: "a block's magic number is damaged";
		problem->word = &block_owner(block)->magic;
		problem->found = magic;
		problem->expected = MAGIC_USED;
		return true;
	}
	if (config_debug && block_owner(block)->heap_secret != heap->secret) {
		problem->reason = "a block belongs to another heap, as one of another thread does";
		problem->word = &block_owner(block)->heap_secret;
		problem->found = block_owner(block)->heap_secret;
		problem->expected = heap->secret;
		return true;
	}
	if (config_cookies && *block_cookie(block) != cookie_of(heap, block)) {
		problem->reason = "a block's cookie is damaged";
		problem->word = block_cookie(block);
		problem->found = *block_cookie(block);
		problem->expected = cookie_of(heap, block);
		return true;
	}
	if (legacy_keeps_requested && *block_requested(block)
			> block_size(block) - legacy_header_size - legacy_canary_size) {
		problem->reason = "a block's requested size is more than the block has";
		problem->word = block_requested(block);
		problem->found = *block_requested(block);
		problem->expected = block_size(block) - legacy_header_size - legacy_canary_size;
		problem->expectation = ZEND_MM_EXPECT_AT_MOST;
		return true;
	}
	if (config_heap_protection) {
		const char *place = (const char *) block_data(block) + *block_requested(block);
		uint32_t canary;

		memcpy(&canary, place, sizeof canary);
		problem->reason = "the canary behind a block is damaged";
		problem->word = place;
		problem->found = canary;
		problem->expected = canary_of(heap);
		return canary != canary_of(heap);
	}
	return false;
}

/* A block comes back to be freed or resized: ends the process if it is not a used, sound block. */
static zend_always_inline void block_verify(legacy_heap_t *heap, block_t *block)
{
	zend_mm_problem problem;

	check_freed(heap, block);
	if (UNEXPECTED(!block_is_used(block))) {
		zend_mm_legacy_corrupted_type(heap, block);
	}
	if (!legacy_plain && block_is_damaged(heap, block, &problem)) {
		zend_mm_legacy_corrupted_mark(heap, &problem);
	}
}

/* A block is freed: to the cache, or (cached false) to the free lists. */
static zend_always_inline void block_undress(block_t *block, bool cached)
{
	if (config_debug) {
		block_owner(block)->magic = cached ? MAGIC_CACHED : MAGIC_FREED;
		memset(block_data(block), FREED_FILL, *block_requested(block));
	}
}

#endif
