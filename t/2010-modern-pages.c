/* SPDX-License-Identifier: MIT */
/*
 * Large blocks: which pages of a chunk are taken, growing and shrinking in place.
 */
#include "t/modern.h"

/* Runs of the given lengths one after the other; the list ends with 0. */
static void lay_out(zend_mm_heap *heap, void **runs, const size_t *lengths)
{
	for (; *lengths != 0; lengths++) {
		*runs++ = take_pages(heap, *lengths);
	}
}

static void test_best_fit(zend_mm_heap *heap)
{
	/* Holes of 5, 3, 8 and 3 pages between runs of one page. */
	static const size_t lengths[] = { 5, 1, 3, 1, 8, 1, 3, 1, 0 };
	void *runs[8];

	lay_out(heap, runs, lengths);
	is_size(page_of(runs[0]), 1, "the first run begins after the header");
	for (int i = 0; i < 8; i += 2) {
		zend_mm_free(heap, runs[i]);
	}
	is_size(page_of(take_pages(heap, 2)), 7, "the smallest hole that is long enough");
	is_size(page_of(take_pages(heap, 3)), 20, "a hole of the very length");
	is_size(page_of(take_pages(heap, 4)), 1, "then a longer one");
	is_size(page_of(take_pages(heap, 9)), 24, "what fits no hole goes behind all");
	is_size(page_of(take_pages(heap, 1)), 5, "the rests of holes are holes");
	is_size(page_of(take_pages(heap, 1)), 9, "of equal ones, the first");
	ok(modern_sound(heap), "the heap is sound");
}

static void test_tail_against_holes(zend_mm_heap *heap)
{
	void *big, *last;

	/* A hole of 300 pages, a page, and a tail of 210. */
	big = take_pages(heap, 300);
	last = take_pages(heap, 1);
	zend_mm_free(heap, big);
	is_size(page_of(take_pages(heap, 200)), 302, "a tail shorter than the holes is taken");
	is_size(page_of(take_pages(heap, 200)), 1, "one too short is not");
	is_size(page_of(take_pages(heap, 10)), 502, "nor is the rest of the hole, when the tail fits");
	zend_mm_free(heap, last);
	ok(modern_sound(heap), "the heap is sound");
}

static void test_tail_against_equal_hole(zend_mm_heap *heap)
{
	void *hole;

	/* A hole of 255 pages, a page, and a tail of 255. */
	hole = take_pages(heap, 255);
	take_pages(heap, 1);
	zend_mm_free(heap, hole);
	is_size(page_of(take_pages(heap, 200)), 1, "a hole is preferred to a tail of its length");
	is_size(page_of(take_pages(heap, 55)), 201, "and its rest, which just fits");
	is_size(page_of(take_pages(heap, 255)), 257, "the tail is still whole");
	ok(modern_sound(heap), "the heap is sound");
}

static void test_tail_moves_back(zend_mm_heap *heap)
{
	void *a = take_pages(heap, 100);
	void *b = take_pages(heap, 100);
	void *c = take_pages(heap, 100);

	zend_mm_free(heap, c);
	zend_mm_free(heap, b);
	is_size(page_of(take_pages(heap, 411)), 101, "runs freed at the end widen the tail");
	ok(modern_sound(heap), "the heap is sound");
	zend_mm_free(heap, a);
}

static void test_grow(zend_mm_heap *heap)
{
	char *a = take_pages(heap, 10);
	char *b = take_pages(heap, 10);
	char *moved;

	memset(a, 'a', 10 * PAGE);
	is_ptr(zend_mm_realloc(heap, b, 20 * PAGE), b, "a run grows into free pages behind it");
	is_size(figures_of(heap).size, 30 * PAGE, "and counts them");
	moved = zend_mm_realloc(heap, a, 11 * PAGE);
	is_size(page_of(moved), 31, "one that has no room moves");
	ok(moved[0] == 'a' && moved[10 * PAGE - 1] == 'a', "with its contents");
	is_size(page_of(take_pages(heap, 10)), 1, "and its pages are free");
	is_size(zend_mm_block_size(heap, b), 20 * PAGE, "the one that grew has its new size");
	ok(modern_sound(heap), "the heap is sound");
	b = zend_mm_realloc(heap, b, 5 * PAGE + 1);
	is_size(page_of(b), 11, "a run shrinks in place");
	is_size(zend_mm_block_size(heap, b), 6 * PAGE, "to whole pages");
	is_size(page_of(take_pages(heap, 14)), 17, "its tail is free");
	is_ptr(zend_mm_realloc(heap, b, 5 * PAGE + 7), b, "a run that needs the same pages stays");
	ok(modern_sound(heap), "the heap is sound");
}

static void test_grow_to_the_end(zend_mm_heap *heap)
{
	void *run = take_pages(heap, 500);

	is_ptr(zend_mm_realloc(heap, run, LARGEST), run, "a run grows to its chunk's end");
	is_size(figures_of(heap).real_size, CHUNK, "without another chunk");
	ok(modern_sound(heap), "the heap is sound");
	is_ptr(zend_mm_realloc(heap, run, PAGE), run, "and shrinks to a page");
	is_size(page_of(take_pages(heap, 510)), 2, "which leaves all others");
	ok(modern_sound(heap), "the heap is sound");
}

int main(void)
{
	static void (*const tests[])(zend_mm_heap *heap) = {
		test_best_fit, test_tail_against_holes, test_tail_against_equal_hole,
		test_tail_moves_back, test_grow, test_grow_to_the_end
	};
	zend_mm_heap *heap;

	need_exact_placements();
	heap = modern_start();
	for (size_t i = 0; i < sizeof tests / sizeof *tests; i++) {
		tests[i](heap);
		zend_mm_shutdown(heap, 0, 1);
		is_size(figures_of(heap).real_size, CHUNK, "a request leaves a chunk");
	}
	modern_end(heap);
	return done_testing();
}
