/* SPDX-License-Identifier: MIT */
/*
 * Corners of the modern heap: a slot that cannot move to another bin, blocks on the later pages of
 * a run, a huge block for the reporter of an error, trimming, looking at a damaged heap, and
 * addresses between the slots and the end of a run.
 */
#include <setjmp.h>

#include "t/modern.h"

/* {{{ Refusals. */

static void test_small_refused(void)
{
	zend_mm_options options = modern_options();
	zend_mm_heap *heap;
	char *block;

	options.null_on_failure = true;
	heap = modern_start_with(options);
	zend_mm_set_limit(heap, CHUNK);
	block = zend_mm_alloc(heap, 700);
	memset(block, 'b', 700);
	for (size_t pages = 511; pages > 0; pages /= 2) {
		while (zend_mm_alloc(heap, pages * PAGE - 100)) {
		}
	}
	is_ptr(zend_mm_alloc(heap, 2000), NULL, "no page is left for another bin");
	is_ptr(zend_mm_realloc(heap, block, 2000), NULL, "a slot cannot move to a bigger bin");
	is_ptr(zend_mm_realloc(heap, block, 200), NULL, "nor to a smaller one");
	ok(block[0] == 'b' && block[699] == 'b' && is_size(watched.regions, 1, "in its one chunk"),
		"it stays as it was");
	ok(modern_sound(heap), "the heap is sound");
	modern_end(heap);
}

/* Slots that were freed keep their pages until the limit makes the heap look for such runs. */
static void test_collected_for_huge(void)
{
	enum { slots = 2000 };
	static void *blocks[slots];
	zend_mm_heap *heap = modern_start();
	size_t before;

	for (int i = 0; i < slots; i++) {
		blocks[i] = zend_mm_alloc(heap, 2500);
	}
	for (int i = 0; i < slots; i++) {
		zend_mm_free(heap, blocks[i]);
	}
	before = figures_of(heap).real_size;
	ok(before >= 3 * CHUNK, "freed slots hold three chunks");
	zend_mm_set_limit(heap, before + CHUNK);
	ok(!bails_out(zend_mm_alloc(heap, 2 * CHUNK - PAGE)),
		"a huge block that needs one of them is given");
	ok(modern_sound(heap), "and the heap is sound");
	modern_end(heap);
}

static zend_mm_heap *reporting_heap;
static void *for_the_report;

static void allocating_fatal_error(const char *message)
{
	host_fatal_error(message);
	for_the_report = zend_mm_alloc(reporting_heap, 2 * CHUNK);
}

static void test_huge_for_the_report(void)
{
	static const zend_mm_host host = { .fatal_error = allocating_fatal_error };
	zend_mm_heap *heap = reporting_heap = modern_start();

	zend_mm_set_host(&host);
	zend_mm_set_limit(heap, CHUNK);
	ok(bails_out(zend_mm_alloc(heap, 3 * CHUNK)), "a huge block over the limit is refused");
	ok(for_the_report != NULL, "while that is reported, the limit does not hold for huge ones");
	zend_mm_free(heap, for_the_report);
	ok(bails_out(zend_mm_alloc(heap, 2 * CHUNK)), "once that is freed, it does");
	host_start();
	modern_end(heap);
}

/* }}} */
/* {{{ What is a block. */

static void test_owned(void)
{
	zend_mm_heap *heap = modern_start(), *before = zend_mm_set_heap(heap);
	char *blocks[40];
	int owned = 0, later = 0;

	for (int i = 0; i < 40; i++) {
		blocks[i] = emalloc(1700);
		owned += is_zend_ptr(blocks[i]);
		later += page_of(blocks[i]) != page_of(blocks[0]);
	}
	ok(later > 0, "slots lie on several pages of their run");
	is_int(owned, 40, "each is a block of the heap");
	ok(!is_zend_ptr(blocks[39] + 8), "an address inside one is none");
	efree(blocks[39]);
	ok(!is_zend_ptr(blocks[39]), "nor a freed one");
	zend_mm_set_heap(before);
	modern_end(heap);
}

static int stop_at_third(void *context, zend_mm_block_list list, unsigned index,
	const zend_mm_block_info *block, unsigned depth, int link)
{
	(void)list;
	(void)index;
	(void)block;
	(void)depth;
	(void)link;
	return ++*(int *)context == 3 ? 33 : 0;
}

static int refuse_to_look(void *context, const zend_mm_region *region,
	const zend_mm_block_info *block)
{
	(void)context;
	(void)region;
	(void)block;
	return 44;
}

static void test_looking(void)
{
	zend_mm_heap *heap = modern_start();
	int seen = 0;

	zend_mm_alloc(heap, 100);
	is_int(zend_mm_walk_lists(heap, stop_at_third, &seen), 33, "a walk of the lists can be ended");
	is_int(seen, 3, "at any member");
	zend_mm_modern(heap)->chunks++;
	errno = 0;
	is_int(zend_mm_walk(heap, refuse_to_look, NULL), -1, "a damaged heap is not walked");
	is_int(errno, EINVAL, "which is EINVAL");
	zend_mm_modern(heap)->chunks--;
	modern_end(heap);
}

static void test_trim(void)
{
	zend_mm_heap *heap = modern_start();
	void *blocks[6];

	for (int i = 0; i < 6; i++) {
		blocks[i] = zend_mm_alloc(heap, LARGEST - PAGE);
	}
	for (int i = 0; i < 6; i++) {
		zend_mm_free(heap, blocks[i]);
	}
	ok(figures_of(heap).real_size > CHUNK, "empty chunks are kept");
	heap->verbs->trim(heap);
	is_size(figures_of(heap).real_size, CHUNK, "trimming gives them back");
	is_size(watched.regions, 1, "to the system");
	ok(modern_sound(heap), "the heap is sound");
	modern_end(heap);
}

/* }}} */
/* {{{ Where an address is, for reports. */

static void test_located(void)
{
	zend_mm_heap *heap = modern_start();
	char *slot = zend_mm_alloc(heap, 1700);
	char *run = (char *)chunk_of(slot) + page_of(slot) * PAGE;
	unsigned bin = zend_mm_word_bin(zend_mm_chunk_of(slot)->map[page_of(slot)]);
	size_t used = zend_mm_bins[bin].elements * zend_mm_bin_size(bin);
	size_t whole = zend_mm_bytes_of_pages(zend_mm_bins[bin].pages);
	uint32_t *word = &zend_mm_chunk_of(slot)->map[page_of(slot)];
	zend_mm_place place;

	if (used == whole) {
		skip(2, "the bin's slots fill its run");
	} else {
		ok(zend_mm_locate(heap, run + whole - 1, &place), "behind the last slot of a run");
		ok(place.block.state == ZEND_MM_BLOCK_TAIL && place.block.address == run + used &&
			place.block.size == whole - used, "is what is left over there");
	}
	*word = zend_mm_small_word(ZEND_MM_BIN_COUNT + 1, 0);
	ok(zend_mm_locate(heap, slot, &place), "in a run whose map word is overwritten");
	is_ptr(place.damaged, word, "that word is the damage");
	*word = zend_mm_small_word(bin, 0);
	modern_end(heap);
}

/* }}} */

#if !ZEND_DEBUG
/* {{{ The calls for sizes that are known when compiled. */

static jmp_buf caught;
static zend_mm_problem last;

static void hook(const zend_mm_problem *problem)
{
	last = *problem;
	longjmp(caught, 1);
}

static void test_sized_foreign(void)
{
	zend_mm_heap *volatile heap = modern_start();
	zend_mm_heap *volatile other = zend_mm_startup_with(&(zend_mm_options) {
		.struct_size = sizeof(zend_mm_options), .mode = ZEND_MM_MODERN });
	zend_mm_heap *before = zend_mm_set_heap(heap);
	void *volatile block = zend_mm_alloc(other, 64);
	volatile bool found = false;

	zend_mm_set_corruption_hook(hook);
	if (setjmp(caught) == 0) {
		_efree_64(block);
	} else {
		found = last.address == block && last.heap == heap;
	}
	zend_mm_set_corruption_hook(NULL);
	ok(found, "a block of another heap is found by the call for its size, too");
	zend_mm_set_heap(before);
	zend_mm_shutdown(other, 1, 1);
	modern_end(heap);
}

/* }}} */
#else
static void test_sized_foreign(void)
{
	skip(1, "debug builds have no calls for sizes that are known when compiled");
}
#endif

int main(void)
{
	test_small_refused();
	test_collected_for_huge();
	test_huge_for_the_report();
	test_owned();
	test_looking();
	test_trim();
	test_located();
	test_sized_foreign();
	return done_testing();
}
