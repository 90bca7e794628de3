/* SPDX-License-Identifier: MIT */
/*
 * preload/claims.c - whether a block can have been asked for with the size that a sized free says:
 * free_sized(), free_aligned_sized(), C++'s sized operator delete.
 *
 * Hardened heaps do not keep what was asked for, but a block is of a size that only some requests
 * get.  Debug builds keep what malloc rounded the request to.  Guarded heaps know all of it, and
 * look for themselves (heap/guarded/verdict.c).
 *
 *	legacy    the block has the true size of the request, or more by what was too little
 *	          for a block of its own
 *	modern    the slot is one of the request's bin, the run has the request's pages; a resized
 *	          block stays where the bin below would just fit
 *
 * Called by the slow halves of frees (slow.c), where the settings say that sizes are compared.
 */
#include "heap/failure.h"
#include "preload/claims.h"
#include "preload/request.h"

/* The requests that a block can have been made for. */
struct range {
	size_t least, most;
};

static const struct range anything = { 0, SIZE_MAX };

/* The least request whose rounded size is at least that many bytes, at most 16 less. */
static size_t least_rounded_to(size_t (*round)(size_t size), size_t rounded)
{
	size_t least = rounded < ZEND_MM_ALIGNMENT ? 0 : rounded - ZEND_MM_ALIGNMENT;

	while (round(least) < rounded) {
		least++;
	}
	return round(0) >= rounded ? 0 : least;
}

/* {{{ Legacy. */

static size_t round_legacy(size_t size)
{
	return zend_mm_round_legacy(size);
}

static struct range range_of_legacy(const void *ptr)
{
	static const size_t most_left = /* what is less than a block is not split off */
		((size_t)legacy_smallest_block - 1) & ~(size_t)(ZEND_MM_ALIGNMENT - 1);
	const block_t *block = block_of(ptr);
	size_t most = block_size(block) - ZEND_MM_LEGACY_OVERHEAD;

	if (legacy_keeps_requested) {
		most = *block_requested(block);
		return (struct range){ least_rounded_to(round_legacy, most), most };
	}
	if (block_size(block) < ZEND_MM_LEGACY_LEAST) {
		return anything; /* no block's header */
	}
	return (struct range){
		most < most_left ? 0 : least_rounded_to(round_legacy, most - most_left), most
	};
}

/* }}} */
/* {{{ Modern. */

static size_t round_modern(size_t size)
{
	return zend_mm_round_modern(size);
}

/* The bins that serve an alignment have multiples of it. */
static size_t least_of_bin(unsigned bin, size_t alignment)
{
	size_t below;

	if (alignment <= ZEND_MM_ALIGNMENT) {
		below = bin > 0 ? zend_mm_bin_size(bin - 1) : 0;
		if (below % ZEND_MM_ALIGNMENT != 0) { /* a bin that malloc never uses */
			return below < ZEND_MM_ALIGNMENT ? 0 : below - ZEND_MM_ALIGNMENT / 2 + 1;
		}
		return least_rounded_to(round_modern, below);
	}
	while (bin > 0 && zend_mm_bin_size(bin - 1) % alignment != 0) {
		bin--;
	}
	return bin > 0 ? zend_mm_bin_size(bin - 1) + 1 : 0;
}

/* Below the smallest run and the smallest huge block are all requests that are aligned to more than
 * smaller blocks are. */
static size_t least_of_pages(size_t bytes, size_t smallest, size_t unaligned, size_t alignment)
{
	size_t page = bytes > ZEND_MM_MAX_LARGE_SIZE ? zend_mm_page_size() : ZEND_MM_PAGE_SIZE;

	if (bytes > smallest) {
		return bytes - page + 1;
	}
	return alignment <= ZEND_MM_ALIGNMENT ? unaligned + 1 : 0;
}

/* The word of the map that says what is at ptr; 0 for what may be a huge block. */
static uint32_t word_of(const void *ptr)
{
	return zend_mm_chunk_offset(ptr) == 0 ? 0 :
		__atomic_load_n(&zend_mm_chunk_of(ptr)->map[zend_mm_page_of(ptr)], __ATOMIC_RELAXED);
}

/* The greatest alignment that a block can have been asked for with. */
static size_t most_alignment(const struct zend_mm_home *home, const void *ptr)
{
	size_t bits = (size_t)(uintptr_t)ptr;
	uint32_t word = home->heap->mode == ZEND_MM_MODERN ? word_of(ptr) : 0;

	if (zend_mm_word_is_small(word) && zend_mm_word_bin(word) < ZEND_MM_BIN_COUNT) {
		bits |= zend_mm_bin_size(zend_mm_word_bin(word));
	}
	return bits & -bits;
}

static struct range range_of_modern(const struct zend_mm_home *home, void *ptr, size_t alignment)
{
	size_t most = zend_mm_usable_size(home, ptr);
	uint32_t word = word_of(ptr);

	if (config_debug) {
		return (struct range){ least_rounded_to(round_modern, most), most };
	}
	if (zend_mm_chunk_offset(ptr) == 0) {
		return (struct range){ least_of_pages(zend_mm_region_size(ptr), ZEND_MM_CHUNK_SIZE,
			ZEND_MM_MAX_LARGE_SIZE, alignment), most };
	}
	if (zend_mm_word_is_small(word)) {
		return zend_mm_word_bin(word) >= ZEND_MM_BIN_COUNT ? anything :
			(struct range){ least_of_bin(zend_mm_word_bin(word), alignment), most };
	}
	return (struct range){ least_of_pages(zend_mm_bytes_of_pages(zend_mm_word_pages(word)),
		ZEND_MM_PAGE_SIZE, ZEND_MM_MAX_SMALL_SIZE, alignment), most };
}

/* }}} */

/* Whether the heap takes an address for a sound block in use: if not, it says itself what is wrong
 * when it is told to free it.  Other threads' heaps change meanwhile, and are not asked. */
static bool is_block(const struct zend_mm_home *home, const void *ptr)
{
	zend_mm_problem problem;

	return home != zend_mm_thread.home ||
		home->heap->design_verbs->check_block(home->heap, ptr, &problem) == 0;
}

static void report_said(const struct zend_mm_home *home, zend_mm_problem *problem)
{
	if (is_block(home, problem->address)) {
		problem->heap = home->heap;
		zend_mm_corrupted(problem);
	}
}

void zend_mm_claim_judge(const struct zend_mm_home *home, void *ptr,
	const struct zend_mm_claim *claim)
{
	size_t alignment = claim->aligned ? claim->alignment : 1;
	struct range range = anything;
	zend_mm_problem problem = { .address = ptr };

	if (alignment & (alignment - 1) || alignment == 0 || alignment > most_alignment(home, ptr)) {
		problem.reason = "a block cannot be of the alignment that it was freed with";
		problem.said = "alignment";
		problem.found = alignment;
		problem.expected = most_alignment(home, ptr);
		problem.expectation = ZEND_MM_EXPECT_AT_MOST;
		report_said(home, &problem);
		return;
	}
	if (claim->sized) {
		range = home->heap->mode == ZEND_MM_LEGACY ? range_of_legacy(ptr) :
			range_of_modern(home, ptr, alignment);
	}
	if (claim->size < range.least || claim->size > range.most) {
		problem.reason = "a block cannot be of the size that it was freed with";
		problem.said = "size";
		problem.found = claim->size;
		problem.expected = claim->size > range.most ? range.most : range.least;
		problem.expectation = claim->size > range.most ? ZEND_MM_EXPECT_AT_MOST :
			ZEND_MM_EXPECT_AT_LEAST;
		report_said(home, &problem);
	}
}
