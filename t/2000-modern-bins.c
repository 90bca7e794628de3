/* SPDX-License-Identifier: MIT */
/*
 * Small blocks: the 30 bins, which size gets which, and the order in which slots are taken.
 */
#include "t/modern.h"

static const struct {
	size_t size, elements, pages;
} bins[] = {
	{ 8, 512, 1 }, { 16, 256, 1 }, { 24, 170, 1 }, { 32, 128, 1 }, { 40, 102, 1 }, { 48, 85, 1 },
	{ 56, 73, 1 }, { 64, 64, 1 }, { 80, 51, 1 }, { 96, 42, 1 }, { 112, 36, 1 }, { 128, 32, 1 },
	{ 160, 25, 1 }, { 192, 21, 1 }, { 224, 18, 1 }, { 256, 16, 1 }, { 320, 64, 5 },
	{ 384, 32, 3 }, { 448, 9, 1 }, { 512, 8, 1 }, { 640, 32, 5 }, { 768, 16, 3 }, { 896, 9, 2 },
	{ 1024, 8, 2 }, { 1280, 16, 5 }, { 1536, 8, 3 }, { 1792, 16, 7 }, { 2048, 8, 4 },
	{ 2560, 8, 5 }, { 3072, 4, 3 }
};
#define BINS (sizeof bins / sizeof *bins)

static size_t bin_size_for(size_t size)
{
	size_t bin = 0;

	while (bins[bin].size < size) {
		bin++;
	}
	return bins[bin].size;
}

static void test_sizes(zend_mm_heap *heap)
{
	size_t wrong = 0;

	for (size_t size = 0; size <= 3072; size++) {
		void *ptr = zend_mm_alloc(heap, size);

		if (zend_mm_block_size(heap, ptr) != bin_size_for(size)) {
			diag("%zu bytes get %zu", size, zend_mm_block_size(heap, ptr));
			wrong++;
		}
		zend_mm_free(heap, ptr);
	}
	is_size(wrong, 0, "each size up to 3072 gets the smallest bin that holds it");
	is_size(figures_of(heap).size, 0, "and gives back what it took");
}

/* Empties a bin's list, so that the next block begins a run, and takes that whole run. */
static void test_run(zend_mm_heap *heap, size_t bin)
{
	size_t size = bins[bin].size;
	char *first = zend_mm_alloc(heap, size);
	char *after;
	size_t index;

	for (index = 1; index < bins[bin].elements; index++) {
		if (zend_mm_alloc(heap, size) != first + index * size) {
			break;
		}
	}
	after = zend_mm_alloc(heap, size);
	ok(offset_of(first) % PAGE == 0 && index == bins[bin].elements,
		"a run of %zu-byte slots is handed out from its first to its last", size);
	is_size((size_t)(after - first), bins[bin].pages * PAGE, "and has %zu pages", bins[bin].pages);
	zend_mm_free(heap, first);
	zend_mm_free(heap, after);
	is_ptr(zend_mm_alloc(heap, size), after, "what was freed last is taken first");
	is_ptr(zend_mm_alloc(heap, size), first, "and what was freed before it, next");
}

static void test_kinds(zend_mm_heap *heap)
{
	static const struct {
		size_t request, size;
	} edges[] = {
		{ 3072, 3072 }, { 3073, PAGE }, { PAGE, PAGE }, { PAGE + 1, 2 * PAGE },
		{ LARGEST, LARGEST }, { LARGEST + 1, CHUNK }, { CHUNK, CHUNK },
		{ CHUNK + 1, CHUNK + PAGE }
	};

	for (size_t i = 0; i < sizeof edges / sizeof *edges; i++) {
		void *ptr = zend_mm_alloc(heap, edges[i].request);

		is_size(zend_mm_block_size(heap, ptr), edges[i].size, "%zu bytes", edges[i].request);
		ok((offset_of(ptr) == 0) == (edges[i].request > LARGEST),
			"are huge only above 2 MiB - 4 KiB");
		zend_mm_free(heap, ptr);
	}
	is_size(zend_mm_block_size(heap, NULL), 0, "NULL has no size");
	zend_mm_free(heap, NULL);
	ok(modern_sound(heap), "freeing NULL changes nothing");
}

int main(void)
{
	zend_mm_heap *heap;

	need_exact_placements();
	heap = modern_start();
	is_size((size_t)zend_mm_page_size(), PAGE, "pages of the system are those of the heap");
	test_sizes(heap);
	zend_mm_shutdown(heap, 0, 1);
	for (size_t bin = 0; bin < BINS; bin++) {
		test_run(heap, bin);
	}
	ok(modern_sound(heap), "the heap is sound");
	zend_mm_shutdown(heap, 0, 1);
	test_kinds(heap);
	modern_end(heap);
	return done_testing();
}
