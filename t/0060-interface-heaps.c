/* SPDX-License-Identifier: MIT */
/* Heaps of both designs in one process: made, used, current, with custom handlers, walked. */
#include "heap/legacy/layout.h"
#include "t/host.h"
#include "t/tap.h"

static size_t handled_allocs, handled_frees, handled_reallocs;

static void *handle_malloc(size_t size)
{
	handled_allocs++;
	return malloc(size);
}

static void handle_free(void *ptr)
{
	handled_frees++;
	free(ptr);
}

static void *handle_realloc(void *ptr, size_t size)
{
	handled_reallocs++;
	return realloc(ptr, size);
}

static zend_mm_heap *make(zend_mm_mode mode)
{
	zend_mm_options options;

	zend_mm_default_options(&options);
	options.mode = mode;
	return zend_mm_startup_with(&options);
}

static void check_custom(zend_mm_heap *heap, const char *name)
{
	void *(*got_malloc)(size_t);
	void (*got_free)(void *);
	void *(*got_realloc)(void *, size_t);
	void *own = zend_mm_alloc(heap, 100);
	void *block;

	handled_allocs = handled_frees = handled_reallocs = 0;
	zend_mm_set_custom_handlers(heap, handle_malloc, handle_free, handle_realloc);
	ok(zend_mm_is_custom_heap(heap), "%s: custom handlers are set", name);
	zend_mm_get_custom_handlers(heap, &got_malloc, &got_free, &got_realloc);
	ok(got_malloc == handle_malloc && got_free == handle_free && got_realloc == handle_realloc,
		"%s: and read back", name);
	block = zend_mm_realloc(heap, zend_mm_alloc(heap, 10), 20);
	zend_mm_free(heap, block);
	ok(handled_allocs == 1 && handled_reallocs == 1 && handled_frees == 1,
		"%s: they get the requests", name);
	zend_mm_set_custom_handlers(heap, NULL, NULL, NULL);
	ok(!zend_mm_is_custom_heap(heap), "%s: taken away", name);
	zend_mm_get_custom_handlers(heap, &got_malloc, &got_free, &got_realloc);
	ok(!got_malloc && !got_free && !got_realloc, "%s: nothing is read back", name);
	zend_mm_free(heap, own);
	zend_mm_free(heap, zend_mm_alloc(heap, 10));
	is_size(handled_allocs, 1, "%s: the heap serves its requests again", name);
}

static void check_current(zend_mm_heap *heap, zend_mm_heap *other)
{
	void *block;

	zend_mm_set_heap(heap);
	is_ptr(zend_mm_get_heap(), heap, "a heap is made current");
	block = emalloc(1000);
	ok(is_zend_ptr(block), "request memory comes from it");
	is_ptr(zend_mm_set_heap(other), heap, "zend_mm_set_heap says which one was");
	ok(!is_zend_ptr(block), "the other heap does not know the block");
	zend_mm_free(heap, block);
	is_ptr(zend_mm_set_heap(NULL), other, "none is current");
}

struct tiles {
	const char *next;        /* where the next block has to begin */
	const char *end;
	size_t regions, blocks, held, gaps;
};

static int tile(void *context, const zend_mm_region *region, const zend_mm_block_info *block)
{
	struct tiles *tiles = context;

	if (!block) {
		tiles->gaps += tiles->next != tiles->end;
		tiles->next = region->address;
		tiles->end = tiles->next + region->size;
		tiles->regions++;
		tiles->held += region->size;
		return 0;
	}
	tiles->blocks++;
	tiles->gaps += (const char *)block->address != tiles->next;
	tiles->next += block->size;
	return 0;
}

static int stop(void *context, const zend_mm_region *region, const zend_mm_block_info *block)
{
	(void)context;
	(void)region;
	return block ? 42 : 0;
}

static void check_walk(zend_mm_heap *heap, const char *name)
{
	struct tiles tiles = { 0 };
	zend_mm_figures figures;
	void *blocks[100];

	for (int i = 0; i < 100; i++) {
		blocks[i] = zend_mm_alloc(heap, (size_t)(i * i) * 500);
	}
	for (int i = 0; i < 100; i += 3) {
		zend_mm_free(heap, blocks[i]);
	}
	is_int(zend_mm_walk(heap, tile, &tiles), 0, "%s: the walk ends", name);
	zend_mm_get_figures(heap, &figures);
	is_size(tiles.gaps, 0, "%s: the blocks of a region leave no gap", name);
	is_size(tiles.held, figures.real_size, "%s: the regions are what is held", name);
	is_size(tiles.regions, figures.regions, "%s: and as many as the figures say", name);
	is_ptr(tiles.next, tiles.end, "%s: the last block ends its region", name);
	is_int(zend_mm_walk(heap, stop, NULL), 42, "%s: a visitor can end the walk", name);
	for (int i = 0; i < 100; i++) {
		if (i % 3) {
			zend_mm_free(heap, blocks[i]);
		}
	}
}

static void check_bad_options(void)
{
	zend_mm_options options;

	zend_mm_default_options(&options);
	options.storage = "nonsense";
	errno = 0;
	ok(!zend_mm_startup_with(&options) && errno == EINVAL, "an unknown storage is EINVAL");
	options.mode = ZEND_MM_MODERN;
	ok(!zend_mm_startup_with(&options), "for modern heaps, too");
	zend_mm_default_options(&options);
	options.segment_size = 1000;
	errno = 0;
	ok(!zend_mm_startup_with(&options) && errno == EINVAL, "a bad segment size is EINVAL");
	options.segment_size = 16;
	ok(!zend_mm_startup_with(&options), "a tiny one, too");
	zend_mm_default_options(&options);
	options.mode = (zend_mm_mode)7;
	errno = 0;
	ok(!zend_mm_startup_with(&options) && errno == EINVAL, "an unknown mode is EINVAL");
	zend_mm_default_options(&options);
	options.debug = "padding=16,nothing";
	errno = 0;
	ok(!zend_mm_startup_with(&options) && errno == EINVAL, "unknown guards are EINVAL");
	zend_mm_default_options(&options);
	options.hardened = "nothing";
	errno = 0;
	ok(!zend_mm_startup_with(&options) && errno == EINVAL, "so is unknown hardening");
	errno = 0;
	ok(!zend_mm_startup_with(NULL) && errno == EINVAL, "and no options at all");
	zend_mm_default_options(&options);
	options.struct_size = sizeof options + 8;
	errno = 0;
	ok(!zend_mm_startup_with(&options) && errno == EINVAL, "a later version's options are EINVAL");
}

static void check_null_on_failure(zend_mm_mode mode, const char *name)
{
	zend_mm_options options;
	zend_mm_problem problem;
	zend_mm_heap *heap;
	char *block;

	zend_mm_default_options(&options);
	options.mode = mode;
	options.null_on_failure = true;
	heap = zend_mm_startup_with(&options);
	zend_mm_set_limit(heap, (size_t)8 << 20);
	host_messages = 0;
	is_ptr(zend_mm_alloc(heap, 100000000), NULL, "%s: a refused request is NULL", name);
	block = zend_mm_alloc(heap, 100);
	strcpy(block, "kept");
	is_ptr(zend_mm_realloc(heap, block, 100000000), NULL, "%s: so is a refused resize", name);
	is_ptr(zend_mm_alloc(heap, SIZE_MAX), NULL, "%s: and one that overflows", name);
	is_ptr(zend_mm_realloc(heap, block, SIZE_MAX - 20), NULL, "%s: in both", name);
	is_str(block, "kept", "%s: the block stays", name);
	is_int(host_messages, 0, "%s: and nothing is reported", name);
	is_int(zend_mm_check(heap, &problem), 0, "%s: the heap is sound", name);
	zend_mm_shutdown(heap, 1, 1);
}

int main(void)
{
	zend_mm_heap *legacy = make(ZEND_MM_LEGACY), *modern = make(ZEND_MM_MODERN);
	void *a, *b;

	host_start();
	is_int(zend_mm_get_mode(legacy), ZEND_MM_LEGACY, "a legacy heap");
	is_int(zend_mm_get_mode(modern), ZEND_MM_MODERN, "beside a modern one");
	a = zend_mm_alloc(legacy, 7);
	b = zend_mm_alloc(modern, 7);
	is_size(zend_mm_block_size(legacy, a), legacy_keeps_requested ? 7 : legacy_true_size(7),
		"legacy: the size of a block of 7 bytes");
	is_size(zend_mm_block_size(modern, b), config_debug ? 7 : 8,
		"modern: the size of a block of 7 bytes");
	a = zend_mm_realloc2(legacy, a, 100, 7);
	b = zend_mm_realloc2(modern, b, 100, 7);
	is_size(zend_mm_block_size(legacy, a), legacy_keeps_requested ? 100 : legacy_true_size(100),
		"legacy: the size of a block of 100 bytes");
	is_size(zend_mm_block_size(modern, b), config_debug ? 100 : 112,
		"modern: the size of a block of 100 bytes");
	zend_mm_free(legacy, a);
	zend_mm_free(modern, b);
	is_size(zend_mm_gc(legacy), 0, "legacy: nothing to collect");
	is_size(zend_mm_gc(modern), config_debug ? 8192 : 4096,
		"modern: the pages of all bins are collected but those of 8-byte slots");
	check_walk(legacy, "legacy");
	check_walk(modern, "modern");
	check_custom(legacy, "legacy");
	check_custom(modern, "modern");
	check_current(legacy, modern);
	check_current(modern, legacy);
	zend_mm_shutdown(legacy, 0, 1);
	zend_mm_shutdown(modern, 0, 1);
	zend_mm_shutdown(legacy, 1, 1);
	zend_mm_shutdown(modern, 1, 1);
	check_bad_options();
	check_null_on_failure(ZEND_MM_LEGACY, "legacy");
	check_null_on_failure(ZEND_MM_MODERN, "modern");
	return done_testing();
}
