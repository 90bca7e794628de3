/* SPDX-License-Identifier: MIT */
/* The end of a request, internal heaps, heaps without a reserve, starting without memory. */
#include "t/legacy.h"

static int compactions;
static const zend_mm_mem_handlers *inner_handlers;

static void count_compaction(zend_mm_storage *storage)
{
	(void) storage;
	compactions++;
}

static zend_mm_figures figures_of(zend_mm_heap *heap)
{
	zend_mm_figures figures;

	zend_mm_get_figures(heap, &figures);
	return figures;
}

static void check_end(zend_mm_options options, const char *name)
{
	zend_mm_heap *heap;
	zend_mm_figures first, again;
	void *block;

	host_start();
	heap = legacy_start_with(options);
	first = figures_of(heap);
	block = take(heap, 96);
	for (size_t i = 0; i < 20; i++) {
		zend_mm_free(heap, take(heap, 40 + 16 * i + legacy_smallest_block));
		take(heap, SEGMENT * (1 + i % 3));
	}
	zend_mm_shutdown(heap, 0, 1);
	again = figures_of(heap);
	ok(legacy_sound(heap), "%s: the heap is sound after the end of a request", name);
	is_size(again.size, first.size, "%s: usage is what it was", name);
	is_size(again.peak, first.size, "%s: so is the peak", name);
	is_size(again.real_size, first.real_size, "%s: one segment is kept, if one was there", name);
	is_size(again.real_peak, first.real_size, "%s: and that is the real peak", name);
	is_size(again.cached, 0, "%s: the cache is empty", name);
	is_size(watched.regions, first.regions, "%s: storage has the others back", name);
	if (first.regions && options.segment_size > options.reserve_size) {
		is_ptr(take(heap, 96), block, "%s: the first block is where it was", name);
	} else {
		ok(take(heap, 96) != NULL, "%s: the next request works", name);
	}
	for (int i = 0; i < 3; i++) {
		zend_mm_shutdown(heap, 0, 1);
	}
	ok(legacy_sound(heap), "%s: and so do empty ones", name);
	legacy_end(heap);
	is_size(watched.regions, 0, "%s: in the end nothing is held", name);
}

static void check_oldest_is_kept(void)
{
	zend_mm_heap *heap = legacy_start();
	char *kept;

	zend_mm_set_limit(heap, SEGMENT);
	(void) bails_out(zend_mm_alloc(heap, SEGMENT));
	is_size(watched.regions, 0, "a heap can be without a segment");
	zend_mm_set_limit(heap, 10 * SEGMENT);
	kept = take(heap, SEGMENT);
	take(heap, 96);
	zend_mm_shutdown(heap, 0, 1);
	is_size(figures_of(heap).real_size, 2 * SEGMENT, "the oldest segment is kept, also a big one");
	is_ptr(((legacy_heap_t *) heap)->reserve, kept, "the reserve is in it");
	ok(legacy_sound(heap), "the heap is sound");
	legacy_end(heap);
}

static void check_no_segment_left(void)
{
	zend_mm_heap *heap = legacy_start();

	zend_mm_set_limit(heap, SEGMENT);
	(void) bails_out(zend_mm_alloc(heap, SEGMENT));
	zend_mm_shutdown(heap, 0, 1);
	is_size(figures_of(heap).real_size, SEGMENT, "without one, the next request takes a new one");
	is_size(figures_of(heap).real_peak, SEGMENT, "which is the real peak");
	ok(((legacy_heap_t *) heap)->reserve && legacy_sound(heap), "and has its reserve");
	legacy_end(heap);
}

static void check_compaction(void)
{
	zend_mm_options options = legacy_options();
	zend_mm_mem_handlers handlers;
	zend_mm_heap *heap;

	host_start();
	spaced = zmm_spaced_new();
	zmm_watch(&watched, &zmm_spaced_type, spaced);
	options.compact_threshold = 4 * SEGMENT;
	zmm_watched_use(&watched, &options);
	inner_handlers = options.segment_handlers;
	handlers = *inner_handlers;
	handlers.compact = count_compaction;
	options.segment_handlers = &handlers;
	heap = zend_mm_startup_with(&options);
	heap->storage->handlers = &handlers;
	take(heap, 3 * SEGMENT - legacy_segment_overhead);
	zend_mm_shutdown(heap, 0, 1);
	is_int(compactions, 0, "up to the threshold storage is not compacted");
	take(heap, 4 * SEGMENT - legacy_segment_overhead);
	zend_mm_shutdown(heap, 0, 1);
	is_int(compactions, 1, "past it, it is");
	zend_mm_shutdown(heap, 0, 1);
	is_int(compactions, 1, "but not for a request that did not pass it");
	heap->storage->handlers = inner_handlers;
	legacy_end(heap);
}

static void check_internal(void)
{
	zend_mm_options options = legacy_options();
	zend_mm_heap *heap;
	zend_mm_block_info own;

	host_start();
	options.internal = true;
	heap = legacy_start_with(options);
	own = block_with(heap, heap);
	ok(own.address != NULL, "an internal heap lies in a block of its own");
	ok(own.internal && own.state == ZEND_MM_BLOCK_USED, "which the walker says");
	is_size(own.size, legacy_true_size(sizeof(legacy_heap_t)), "large enough for its structure");
	legacy_end(heap);
}

static void check_startup_refused(void)
{
	for (int internal = 0; internal < 2; internal++) {
		zend_mm_options options = legacy_options();
		zend_mm_heap *heap;

		spaced = zmm_spaced_new();
		zmm_watch(&watched, &zmm_spaced_type, spaced);
		zmm_watched_use(&watched, &options);
		options.internal = internal;
		watched.refuse_next = 1;
		errno = 0;
		heap = zend_mm_startup_with(&options);
		is_ptr(heap, NULL, "no memory for the first segment: no heap");
		is_int(errno, ENOMEM, "with the reason");
		legacy_end(heap);
	}
}

int main(void)
{
	zend_mm_options options = legacy_options();

	check_end(options, "ordinary");
	options.reserve_size = 0;
	check_end(options, "no reserve");
	options.internal = true;
	check_end(options, "internal without reserve");
	options.reserve_size = 8192;
	check_end(options, "internal");
	options.segment_size = 4096;
	check_end(options, "internal, tiny segments");
	options.internal = false;
	check_end(options, "tiny segments");
	check_oldest_is_kept();
	check_no_segment_left();
	check_compaction();
	check_internal();
	check_startup_refused();
	return done_testing();
}
