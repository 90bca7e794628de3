/* SPDX-License-Identifier: MIT */
/*
 * Garbage collection: which runs it gives back, in which order the rest stays, and who calls it.
 */
#include "t/modern.h"

static void take_many(zend_mm_heap *heap, void **slots, size_t count, size_t size)
{
	while (count-- > 0) {
		*slots++ = zend_mm_alloc(heap, size);
	}
}

static void free_many(zend_mm_heap *heap, void **slots, size_t count)
{
	while (count-- > 0) {
		zend_mm_free(heap, *slots++);
	}
}

static void test_nothing(zend_mm_heap *heap)
{
	void *slots[2];

	is_size(zend_mm_gc(heap), 0, "a new heap has nothing to collect");
	take_many(heap, slots, 2, 1024);
	zend_mm_free(heap, slots[0]);
	is_size(zend_mm_gc(heap), 0, "a run with one used slot stays");
	is_ptr(zend_mm_alloc(heap, 1024), slots[0], "and its list is as it was");
	ok(modern_sound(heap), "the heap is sound");
}

static void test_order(zend_mm_heap *heap)
{
	void *slots[24];

	/* Three runs of eight; the second becomes wholly free, its slots between the others'. */
	take_many(heap, slots, 24, 1024);
	zend_mm_free(heap, slots[3]);
	free_many(heap, slots + 8, 4);
	zend_mm_free(heap, slots[20]);
	free_many(heap, slots + 12, 4);
	zend_mm_free(heap, slots[5]);
	is_size(zend_mm_gc(heap), 2 * PAGE, "the pages of the wholly free run are given back");
	is_size(figures_of(heap).size, 13 * 1024 + 0 * PAGE, "size had not counted them any more");
	is_ptr(zend_mm_alloc(heap, 1024), slots[5], "the other free slots keep their order");
	is_ptr(zend_mm_alloc(heap, 1024), slots[20], "the second");
	is_ptr(zend_mm_alloc(heap, 1024), slots[3], "the third");
	is_ptr(zend_mm_alloc(heap, 2 * PAGE), slots[8], "and the pages are free for all");
	ok(modern_sound(heap), "the heap is sound");
}

static void test_eight_bytes(zend_mm_heap *heap)
{
	static void *slots[513];

	take_many(heap, slots, 512, 8);
	free_many(heap, slots, 512);
	is_size(zend_mm_gc(heap), 0, "the counter cannot tell a free run of 512 slots from a full one");
	take_many(heap, slots, 256, 16);
	free_many(heap, slots, 256);
	is_size(zend_mm_gc(heap), PAGE, "with 256 slots it can");
	ok(modern_sound(heap), "the heap is sound");
}

static void test_chunks(zend_mm_heap *heap)
{
	void *slots[12];

	zend_mm_alloc(heap, LARGEST);
	zend_mm_alloc(heap, LARGEST);
	take_many(heap, slots, 12, 2560);
	is_size(figures_of(heap).real_size, 3 * CHUNK, "runs in a third chunk");
	free_many(heap, slots, 12);
	is_size(figures_of(heap).real_size, 3 * CHUNK, "that is kept while they are only free");
	is_size(zend_mm_gc(heap), 10 * PAGE, "are collected");
	is_size(figures_of(heap).real_size, 2 * CHUNK, "and the chunk is deleted");
	ok(modern_sound(heap), "the heap is sound");
}

static void test_main_chunk(zend_mm_heap *heap)
{
	void *ptr = zend_mm_alloc(heap, 3072);

	zend_mm_free(heap, ptr);
	is_size(zend_mm_gc(heap), 3 * PAGE, "the main chunk can become empty");
	ok(modern_sound(heap), "and stays");
	is_ptr(zend_mm_alloc(heap, 3072), ptr, "in use");
}

/* The limit leaves room for two chunks, the second has only free slots. */
static void test_at_the_limit(zend_mm_heap *heap)
{
	void *slots[4];
	void *run = zend_mm_alloc(heap, LARGEST);

	take_many(heap, slots, 4, 3072);
	free_many(heap, slots, 4);
	zend_mm_set_limit(heap, 2 * CHUNK);
	run = zend_mm_alloc(heap, LARGEST);
	is_size(page_of(run), 1, "at the limit, a collection makes room for a request");
	is_size(figures_of(heap).real_size, 2 * CHUNK, "within the limit");
	ok(modern_sound(heap), "the heap is sound");
	ok(bails_out(zend_mm_alloc(heap, LARGEST)), "where there is nothing to collect, it fails");
	ok(modern_sound(heap), "the heap is sound");
}

/* A huge block that the storage refuses at first is tried again after a collection. */
static void test_refused_storage(zend_mm_heap *heap)
{
	void *slots[4];

	take_many(heap, slots, 4, 3072);
	watched.refuse_next = 1;
	ok(bails_out(zend_mm_alloc(heap, 2 * CHUNK)), "nothing to collect: the storage is asked once");
	free_many(heap, slots, 4);
	watched.refuse_next = 1;
	ok(!bails_out(zend_mm_alloc(heap, 2 * CHUNK)), "something collected: it is asked again");
	is_size(watched.refused, 2, "after refusing once each");
	take_many(heap, slots, 4, 3072);
	zend_mm_alloc(heap, LARGEST - 10 * PAGE);
	free_many(heap, slots, 4);
	watched.refuse_next = 1;
	ok(!bails_out(zend_mm_alloc(heap, LARGEST)), "so it is for a chunk");
	take_many(heap, slots, 1, 2048);
	free_many(heap, slots, 1);
	watched.refuse_next = 2;
	ok(bails_out(zend_mm_alloc(heap, LARGEST)), "but not a third time");
	contains(host_message, "Out of memory (allocated ", "then memory is out");
	ok(modern_sound(heap), "the heap is sound");
}

int main(void)
{
	static void (*const tests[])(zend_mm_heap *heap) = {
		test_nothing, test_order, test_eight_bytes, test_chunks, test_main_chunk,
		test_at_the_limit, test_refused_storage
	};

	need_exact_placements();
	for (size_t i = 0; i < sizeof tests / sizeof *tests; i++) {
		zend_mm_heap *heap = modern_start();

		tests[i](heap);
		modern_end(heap);
	}
	return done_testing();
}
