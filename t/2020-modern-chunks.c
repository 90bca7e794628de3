/* SPDX-License-Identifier: MIT */
/*
 * Chunks: in which order they are searched, which ones are kept, and when they go back.
 */
#include "t/modern.h"

/* Fills a chunk. */
static void *take_chunk(zend_mm_heap *heap)
{
	return zend_mm_alloc(heap, LARGEST);
}

static void test_order(zend_mm_heap *heap)
{
	void *chunks[5], *many[4];
	void *few;

	for (int i = 0; i < 5; i++) {
		chunks[i] = zend_mm_realloc(heap, take_chunk(heap), LARGEST - 8 * PAGE);
	}
	is_size(figures_of(heap).regions, 5, "five chunks with 8 free pages each");
	for (int i = 0; i < 4; i++) {
		many[i] = take_pages(heap, 8);
		is_ptr(chunk_of(many[i]), chunk_of(chunks[i]), "the first chunk with room serves");
	}
	zend_mm_free(heap, many[1]);
	zend_mm_free(heap, many[3]);
	many[1] = take_pages(heap, 8);
	is_ptr(chunk_of(many[1]), chunk_of(chunks[1]), "three moves for 8 pages changed no order");
	many[3] = take_pages(heap, 8);
	few = take_pages(heap, 7);
	is_ptr(chunk_of(few), chunk_of(chunks[4]), "the fifth, after four moves for 7 pages");
	zend_mm_free(heap, many[1]);
	is_ptr(chunk_of(take_pages(heap, 1)), chunk_of(chunks[4]), "went to the front");
	is_ptr(chunk_of(take_pages(heap, 1)), chunk_of(chunks[1]), "the others are behind it");
	zend_mm_free(heap, many[0]);
	is_ptr(chunk_of(take_pages(heap, 1)), chunk_of(chunks[0]), "but for the main chunk");
	ok(modern_sound(heap), "the heap is sound");
}

static void test_two_moves_are_few(zend_mm_heap *heap)
{
	void *chunks[3];

	for (int i = 0; i < 3; i++) {
		chunks[i] = zend_mm_realloc(heap, take_chunk(heap), LARGEST - 2 * PAGE);
	}
	zend_mm_free(heap, take_pages(heap, 2));
	take_pages(heap, 2);
	take_pages(heap, 2);
	is_ptr(chunk_of(take_pages(heap, 1)), chunk_of(chunks[2]), "found after two moves");
	zend_mm_realloc(heap, chunks[1], LARGEST - 3 * PAGE);
	is_ptr(chunk_of(take_pages(heap, 1)), chunk_of(chunks[1]), "the third chunk did not move");
	ok(modern_sound(heap), "the heap is sound");
}

static void test_new_chunk_moves(zend_mm_heap *heap)
{
	void *chunks[4];
	void *page;

	for (int i = 0; i < 4; i++) {
		chunks[i] = take_chunk(heap);
	}
	page = take_pages(heap, 1);
	is_size(page_of(page), 1, "a new chunk is taken from its first page");
	zend_mm_realloc(heap, chunks[1], LARGEST - PAGE);
	is_ptr(chunk_of(take_pages(heap, 1)), chunk_of(page),
		"one that is new after three moves goes to the front, too");
	ok(modern_sound(heap), "the heap is sound");
}

/* The average is 1 at first, so that a lone spare chunk is kept. */
static void test_spare(zend_mm_heap *heap)
{
	void *chunk;

	take_chunk(heap);
	chunk = take_chunk(heap);
	zend_mm_free(heap, chunk);
	is_size(figures_of(heap).cached, CHUNK, "one chunk more than the main one is kept");
	is_size(figures_of(heap).real_size, 2 * CHUNK, "and counts as held");
	ok(modern_sound(heap), "the heap is sound");
	is_ptr(take_chunk(heap), chunk, "it is used before the storage is asked");
	is_size(watched.allocs, 2, "as the storage confirms");
}

/* Makes deletions at two chunks until the next one would be kept. */
static void wear_out(zend_mm_heap *heap)
{
	for (int i = 0; i < 5; i++) {
		zend_mm_free(heap, take_chunk(heap));
		is_size(figures_of(heap).cached, 0, "deletion %d at one number of chunks", i + 1);
		is_size(figures_of(heap).real_size, 2 * CHUNK, "gives the chunk back");
	}
}

static void test_deletion(zend_mm_heap *heap)
{
	void *kept[2];

	kept[0] = take_chunk(heap);
	kept[1] = take_chunk(heap);
	wear_out(heap);
	zend_mm_free(heap, take_chunk(heap));
	is_size(figures_of(heap).cached, CHUNK, "the sixth keeps it");
	is_size(watched.regions, 3, "the storage still has it");
	ok(modern_sound(heap), "the heap is sound");
	zend_mm_free(heap, kept[0]);
	is_size(watched.regions, 3, "the main chunk is never deleted");
	is_size(figures_of(heap).size, LARGEST, "however empty");
	ok(modern_sound(heap), "the heap is sound");
}

/* Where a chunk is kept already, the one with the smaller number stays. */
static void test_older_replaces(zend_mm_heap *heap)
{
	void *first, *second;

	take_chunk(heap);
	first = take_chunk(heap);
	wear_out(heap);
	second = take_chunk(heap);
	zend_mm_free(heap, second);
	zend_mm_free(heap, first);
	is_size(figures_of(heap).cached, CHUNK, "of two deleted chunks one is kept");
	is_size(figures_of(heap).real_size, 2 * CHUNK, "the other is given back");
	ok(modern_sound(heap), "the heap is sound");
	is_ptr(take_chunk(heap), first, "the older one is kept, though it was deleted last");
}

static void test_younger_does_not(zend_mm_heap *heap)
{
	void *first, *second;

	take_chunk(heap);
	first = take_chunk(heap);
	wear_out(heap);
	second = take_chunk(heap);
	zend_mm_free(heap, first);
	zend_mm_free(heap, second);
	is_size(figures_of(heap).real_size, 2 * CHUNK, "of two deleted chunks one is given back");
	is_ptr(take_chunk(heap), first, "the older one is kept, deleted first");
	ok(modern_sound(heap), "the heap is sound");
}

/* The average over requests decides how many chunks are kept after one. */
static void test_average(zend_mm_heap *heap)
{
	static const size_t kept[] = { 2, 3, 4, 4, 4 };

	for (size_t request = 0; request < sizeof kept / sizeof *kept; request++) {
		for (int i = 0; i < 6; i++) {
			take_chunk(heap);
		}
		is_size(figures_of(heap).real_peak, 6 * CHUNK, "a request of six chunks");
		zend_mm_shutdown(heap, 0, 1);
		is_size(figures_of(heap).cached / CHUNK, kept[request], "number %zu keeps %zu",
			request + 1, kept[request]);
		is_size(figures_of(heap).real_size, (kept[request] + 1) * CHUNK, "beside the main one");
		ok(modern_sound(heap), "the heap is sound");
	}
	for (int i = 0; i < 8; i++) {
		zend_mm_shutdown(heap, 0, 1);
	}
	is_size(figures_of(heap).cached, 0, "small requests give them back in the end");
}

int main(void)
{
	static void (*const tests[])(zend_mm_heap *heap) = {
		test_order, test_two_moves_are_few, test_new_chunk_moves, test_spare, test_deletion,
		test_older_replaces, test_younger_does_not, test_average
	};

	need_exact_placements();
	for (size_t i = 0; i < sizeof tests / sizeof *tests; i++) {
		zend_mm_heap *heap = modern_start();

		tests[i](heap);
		modern_end(heap);
	}
	return done_testing();
}
