/* SPDX-License-Identifier: MIT */
/* Sizes and places: vital numbers, true sizes, the first segment of a new heap. */
#include "t/legacy.h"

static void check_vital_numbers(void)
{
	bool wide = sizeof(void *) == 8;

	if (!legacy_plain) {
		skip(6, "headers are longer in this build");
		return;
	}
	is_size(legacy_header_size, wide ? 16 : 8, "a block header is two words");
	is_size(legacy_segment_header_size, wide ? 16 : 8, "a segment header is two words");
	is_size(legacy_smallest_block, wide ? 32 : 16, "the smallest block");
	is_size(legacy_small_limit, wide ? 544 : 272, "the small limit");
	is_size(legacy_bucket_count, wide ? 64 : 32, "the number of buckets");
	is_size(legacy_cache_capacity, wide ? 262144 : 131072, "the cache's capacity");
}

/* True sizes as the specification gives them, not as the library computes them. */
static void check_known_sizes(zend_mm_heap *heap)
{
	static const struct {
		size_t request, on_64_bits, on_32_bits;
	} known[] = {
		{ 0, 32, 16 }, { 7, 32, 16 }, { 8, 32, 16 }, { 9, 32, 24 }, { 15, 32, 24 },
		{ 16, 32, 24 }, { 17, 40, 32 }, { 24, 40, 32 }, { 100, 120, 112 }, { 256, 272, 264 },
		{ 257, 280, 272 }, { 520, 536, 528 }, { 521, 544, 536 }, { 8192, 8208, 8200 }
	};

	for (size_t i = 0; i < sizeof known / sizeof *known; i++) {
		void *data = zend_mm_alloc(heap, known[i].request);

		is_size(zend_mm_block_size(heap, data),
			sizeof(void *) == 8 ? known[i].on_64_bits : known[i].on_32_bits,
			"%zu bytes have a block of the size that the specification says",
			known[i].request);
		zend_mm_free(heap, data);
	}
}

/* What the walker says that a request takes, and what it should take. */
static void check_true_size(zend_mm_heap *heap, size_t request)
{
	void *data = zend_mm_alloc(heap, request);
	size_t size = block_with(heap, data).size;
	size_t sum = (request + legacy_header_size + legacy_canary_size + 7) & ~(size_t) 7;
	size_t expected = sum < legacy_smallest_block ? (size_t) legacy_smallest_block : sum;

	is_size(size, expected, "a request of %zu takes %zu", request, expected);
	is_size(zend_mm_block_size(heap, data), legacy_keeps_requested ? request : expected,
		"and zend_mem_block_size() says so");
	is_size((uintptr_t) data % 8, 0, "and its data is aligned");
	memset(data, 0xee, request);
	zend_mm_free(heap, data);
}

static int check_visit(void *context, const zend_mm_region *region,
	const zend_mm_block_info *block)
{
	static const char *const names[] = { "the header", "the reserve", "one free block",
		"the guard" };
	static const zend_mm_block_state states[] = { ZEND_MM_BLOCK_HEADER, ZEND_MM_BLOCK_RESERVE,
		ZEND_MM_BLOCK_FREE, ZEND_MM_BLOCK_GUARD };
	size_t reserve = legacy_true_size(8192);
	size_t header = legacy_segment_header_size;
	size_t guard = legacy_header_size;
	const size_t sizes[] = { header, reserve, SEGMENT - header - reserve - guard, guard };
	const size_t offsets[] = { 0, header, header + reserve, SEGMENT - guard };
	unsigned *visit = context;

	if (!block) {
		is_size(region->size, SEGMENT, "a new heap has a segment");
		return 0;
	}
	if (*visit < 4) {
		is_int(block->state, states[*visit], "in it: %s", names[*visit]);
		is_size(block->size, sizes[*visit], "of its size");
		is_size((uintptr_t) block->address - (uintptr_t) region->address, offsets[*visit],
			"at its place");
	}
	++*visit;
	return 0;
}

int main(void)
{
	zend_mm_heap *heap = legacy_start();
	zend_mm_figures figures;
	unsigned visits = 0;

	check_vital_numbers();
	ok(heap != NULL && legacy_sound(heap), "a heap starts and is sound");
	is_int(zend_mm_walk(heap, check_visit, &visits), 0, "it can be walked");
	is_int(visits, 4, "its segment has four parts");
	zend_mm_get_figures(heap, &figures);
	is_size(figures.real_size, SEGMENT, "it holds a segment");
	is_size(figures.size, legacy_true_size(8192), "the reserve is in use");
	is_size(figures.limit, (size_t) 1 << (8 * sizeof(size_t) - 2), "the limit is 2^62 or 2^30");
	if (legacy_plain) {
		check_known_sizes(heap);
		is_size(offset_of(heap, zend_mm_alloc(heap, 7)), sizeof(void *) == 8 ? 8240 : 8216,
			"the first data address behind the reserve");
	} else {
		skip(15, "headers are longer in this build");
	}
	for (size_t request = 0; request <= 40; request++) {
		check_true_size(heap, request);
	}
	for (size_t request = 250; request <= 290; request += 3) {
		check_true_size(heap, request);
	}
	for (size_t request = 500; request <= 560; request += 5) {
		check_true_size(heap, request);
	}
	check_true_size(heap, SEGMENT - 4096);
	check_true_size(heap, SEGMENT);
	check_true_size(heap, 10 * SEGMENT + 1);
	ok(legacy_sound(heap), "the heap is sound at the end");
	legacy_end(heap);
	is_size(watched.regions, 0, "and gives everything back");
	return done_testing();
}
