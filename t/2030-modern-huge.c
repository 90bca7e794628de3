/* SPDX-License-Identifier: MIT */
/*
 * Huge blocks: mappings of their own, resized in place where the storage can, found through a list
 * whose entries are small blocks.
 */
#include "t/modern.h"

#define HUGE (3 * CHUNK)

static void test_figures(zend_mm_heap *heap)
{
	void *ptr = zend_mm_alloc(heap, HUGE - 100);
	zend_mm_figures figures = figures_of(heap);

	is_size(offset_of(ptr), 0, "a huge block is aligned to 2 MiB");
	is_size(zend_mm_block_size(heap, ptr), HUGE, "and has whole pages of the system");
	is_size(figures.real_size, CHUNK + HUGE, "its bytes are held from the system");
	is_size(figures.size, HUGE + ENTRY, "and handed out, with its entry in the list");
	is_size(figures.regions, 2, "it is a region");
	zend_mm_free(heap, ptr);
	figures = figures_of(heap);
	is_size(figures.real_size, CHUNK, "freed, they are not");
	is_size(figures.size, 0, "not its entry either");
	is_size(figures.real_peak, CHUNK + HUGE, "but the peaks remember");
	is_size(figures.peak, HUGE + ENTRY, "both");
	ok(modern_sound(heap), "the heap is sound");
}

static void test_resize_in_place(zend_mm_heap *heap)
{
	char *ptr = zend_mm_alloc(heap, HUGE);

	ptr[HUGE - 1] = 'x';
	is_ptr(zend_mm_realloc(heap, ptr, HUGE - 1), ptr, "the same pages: nothing happens");
	is_size(watched.truncates + watched.extends, 0, "the storage is not asked");
	is_ptr(zend_mm_realloc(heap, ptr, HUGE + CHUNK + 1), ptr, "it grows in place");
	is_size(watched.extends, 1, "through the storage");
	is_size(figures_of(heap).size, HUGE + CHUNK + PAGE + ENTRY, "and counts what it has");
	is_size(figures_of(heap).real_peak, HUGE + 2 * CHUNK + PAGE, "in the peaks, too");
	ok(ptr[HUGE - 1] == 'x' && ptr[HUGE + CHUNK] == 0, "what is added is readable");
	is_ptr(zend_mm_realloc(heap, ptr, LARGEST + 1), ptr, "it shrinks in place");
	is_size(watched.truncates, 1, "through the storage");
	is_size(figures_of(heap).real_size, 2 * CHUNK, "and gives back what is cut off");
	ok(modern_sound(heap), "the heap is sound");
	zend_mm_free(heap, ptr);
}

static void test_move(zend_mm_heap *heap)
{
	char *ptr = zend_mm_alloc(heap, HUGE);
	char *moved;

	memset(ptr, 'y', HUGE);
	watched.refuse_next = 1;
	moved = zend_mm_realloc(heap, ptr, 2 * HUGE);
	ok(moved != ptr && moved[0] == 'y' && moved[HUGE - 1] == 'y', "where it cannot, it moves");
	is_size(figures_of(heap).size, 2 * HUGE + ENTRY, "and the old block is freed");
	is_size(figures_of(heap).peak, 2 * HUGE + ENTRY, "the peak does not keep the moment of two");
	is_size(figures_of(heap).real_peak, 3 * HUGE + CHUNK, "the peak of what is held does");
	ptr = zend_mm_realloc(heap, moved, 5000);
	ok(offset_of(ptr) != 0 && ptr[0] == 'y' && ptr[4999] == 'y', "down to a large block it moves");
	ptr = zend_mm_realloc(heap, ptr, HUGE);
	ok(offset_of(ptr) == 0 && ptr[4999] == 'y', "and up again");
	ptr = zend_mm_realloc(heap, ptr, 100);
	ok(zend_mm_block_size(heap, ptr) == 112 && ptr[99] == 'y', "and to a small block");
	ok(modern_sound(heap), "the heap is sound");
}

static void test_list(zend_mm_heap *heap)
{
	void *blocks[5];

	for (int i = 0; i < 5; i++) {
		blocks[i] = zend_mm_alloc(heap, HUGE + (size_t)i * PAGE);
	}
	for (int i = 0; i < 5; i++) {
		is_size(zend_mm_block_size(heap, blocks[i]), HUGE + (size_t)i * PAGE, "block %d", i);
	}
	zend_mm_free(heap, blocks[2]);
	zend_mm_free(heap, blocks[4]);
	zend_mm_free(heap, blocks[0]);
	is_size(zend_mm_block_size(heap, blocks[1]), HUGE + PAGE, "found after others are gone");
	is_size(figures_of(heap).regions, 3, "two are left, and the chunk");
	ok(modern_sound(heap), "the heap is sound");
	zend_mm_shutdown(heap, 0, 1);
	is_size(watched.regions, 1, "the end of the request gives them back");
}

/* Storage whose handlers are those of the tests' storage, without the optional two. */
static void test_without_handlers(void)
{
	zend_mm_options options = modern_options();
	zend_mm_chunk_handlers handlers;
	zend_mm_heap *heap;
	char *ptr, *moved;

	modern_end(modern_start());
	spaced = zmm_spaced_new();
	zmm_watch(&watched, &zmm_spaced_type, spaced);
	zmm_watched_use(&watched, &options);
	handlers = *options.chunk_handlers;
	handlers.chunk_truncate = NULL;
	handlers.chunk_extend = NULL;
	options.chunk_handlers = &handlers;
	heap = zend_mm_startup_with(&options);
	memset(&handlers, 0, sizeof handlers);
	ptr = zend_mm_alloc(heap, HUGE);
	ptr[5] = 'z';
	moved = zend_mm_realloc(heap, ptr, HUGE + CHUNK);
	ok(moved != ptr && moved[5] == 'z', "without an extend handler a huge block moves to grow");
	ptr = zend_mm_realloc(heap, moved, HUGE);
	ok(ptr != moved && ptr[5] == 'z', "without a truncate handler it moves to shrink");
	ok(modern_sound(heap), "the heap is sound");
	modern_end(heap);
}

int main(void)
{
	static void (*const tests[])(zend_mm_heap *heap) = {
		test_figures, test_resize_in_place, test_move, test_list
	};

	need_exact_placements();
	for (size_t i = 0; i < sizeof tests / sizeof *tests; i++) {
		zend_mm_heap *heap = modern_start();

		tests[i](heap);
		modern_end(heap);
	}
	test_without_handlers();
	return done_testing();
}
