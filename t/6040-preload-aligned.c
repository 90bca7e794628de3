/* SPDX-License-Identifier: MIT */
/*
 * Aligned allocation in both heaps, and how requests of malloc are rounded for them.
 */
#include "t/tap.h"

#ifdef _WIN32
int main(void)
{
	skip_all("Windows has no preloading");
}
#else
#include "preload/request.h"

enum { blocks = 200, rounds = 20000, alignments = 23 };

/* ---- rounding ---- */

static void test_rounding(void)
{
	int wrong = 0, unaligned = 0, small = 0;

	for (size_t size = 0; size <= ZEND_MM_MAX_SMALL_SIZE; size++) {
		size_t legacy = zend_mm_round_legacy(size), modern = zend_mm_round_modern(size);
		size_t whole = modern + ZEND_MM_MODERN_OVERHEAD;

		small += legacy < size || modern < size;
		unaligned += legacy_true_size(legacy) % 16 != 0 || whole % 16 != 0;
		unaligned += whole <= ZEND_MM_MAX_SMALL_SIZE &&
			zend_mm_bin_size(zend_mm_bin_of(whole)) % 16 != 0;
		wrong += !config_debug && zend_mm_bin_of_request(size) != zend_mm_bin_of(modern);
		wrong += legacy_plain && size <= ZEND_MM_LEGACY_CACHED_MAX &&
			zend_mm_true_size_of_request(size) != legacy_true_size(legacy);
	}
	is_int(small, 0, "requests are rounded up");
	is_int(unaligned, 0, "blocks and slots for them are multiples of 16");
	is_int(wrong, 0, "the fast halves compute the same true sizes and bins");
}

/* ---- the verbs ---- */

struct block {
	unsigned char *data;
	size_t size;
	size_t alignment;
};

static zend_mm_heap *make_heap(zend_mm_mode mode)
{
	zend_mm_options options;
	zend_mm_heap *heap;

	zend_mm_default_options(&options);
	options.mode = mode;
	options.storage = "mmap_anon";
	heap = zend_mm_startup_with(&options);
	if (!heap) {
		bail_out("no heap");
	}
	return heap;
}

static bool is_whole(const struct block *block)
{
	return !block->data || block->size == 0 ||
		(block->data[0] == (unsigned char)block->size &&
		block->data[block->size - 1] == (unsigned char)block->size);
}

static void change(zend_mm_heap *heap, struct block *block, uint64_t *random, int *wrong)
{
	*wrong += !is_whole(block);
	if (block->data && tap_below(random, 2)) {
		zend_mm_free(heap, block->data);
		block->data = NULL;
		return;
	}
	if (block->data) {
		size_t kept = block->size;

		block->size = tap_below(random, 3000);
		block->data = zend_mm_realloc(heap, block->data, block->size);
		*wrong += block->size && kept && block->data[0] != (unsigned char)kept;
	} else {
		block->alignment = (size_t)1 << tap_below(random, alignments);
		block->size = tap_below(random, tap_below(random, 20) ? 5000 : 3000000);
		block->data = heap->verbs->alloc_aligned(heap, block->alignment, block->size);
		*wrong += ((uintptr_t)block->data & (block->alignment - 1)) != 0;
	}
	memset(block->data, (unsigned char)block->size, block->size);
}

static bool is_damaged(zend_mm_heap *heap)
{
	zend_mm_problem problem;

	if (zend_mm_check(heap, &problem) == 0) {
		return false;
	}
	note("%s, at %p: found %#zx, expected %#zx", problem.reason, problem.address, problem.found,
		problem.expected);
	return true;
}

static void test_verb(zend_mm_mode mode, const char *name)
{
	uint64_t random = tap_seed();
	zend_mm_heap *heap = make_heap(mode);
	struct block all[blocks] = { { NULL, 0, 0 } };
	zend_mm_figures before, after;
	int wrong = 0, damaged = 0;

	zend_mm_get_figures(heap, &before);
	for (int i = 0; i < rounds; i++) {
		change(heap, &all[tap_below(&random, blocks)], &random, &wrong);
		damaged += i % 100 == 0 && is_damaged(heap);
	}
	for (int i = 0; i < blocks; i++) {
		wrong += !is_whole(&all[i]);
		zend_mm_free(heap, all[i].data);
	}
	damaged += is_damaged(heap);
	zend_mm_get_figures(heap, &after);
	is_int(wrong, 0, "%s: blocks are aligned and keep their contents", name);
	is_int(damaged, 0, "%s: the heap is sound", name);
	is_size(after.size, before.size, "%s: everything could be freed", name);
	zend_mm_shutdown(heap, 1, 1);
}

int main(void)
{
	test_rounding();
	test_verb(ZEND_MM_LEGACY, "legacy");
	test_verb(ZEND_MM_MODERN, "modern");
	return done_testing();
}
#endif
