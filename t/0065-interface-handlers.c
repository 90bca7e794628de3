/* SPDX-License-Identifier: MIT */
/*
 * What is no request, on heaps whose requests go elsewhere: with custom handlers it still reaches
 * the heap underneath, and the system's malloc has nothing to show.  And the first use of request
 * memory, which starts the manager, may be any call.
 */
#include "t/host.h"
#include "t/tap.h"

static zend_mm_heap *make(zend_mm_mode mode)
{
	zend_mm_options options;

	zend_mm_default_options(&options);
	options.mode = mode;
	options.null_on_failure = true;
	return zend_mm_startup_with(&options);
}

/* {{{ Counting what a walk shows. */

struct shown {
	const void *wanted;
	size_t regions, used, listed;
	bool found;
};

static int show(void *context, const zend_mm_region *region, const zend_mm_block_info *block)
{
	struct shown *shown = context;

	(void)region;
	shown->regions += !block;
	shown->used += block && block->state == ZEND_MM_BLOCK_USED;
	shown->found = shown->found || (block && block->data == shown->wanted);
	return 0;
}

static int show_listed(void *context, zend_mm_block_list list, unsigned index,
	const zend_mm_block_info *block, unsigned depth, int link)
{
	struct shown *shown = context;

	(void)list;
	(void)index;
	(void)block;
	(void)depth;
	(void)link;
	shown->listed++;
	return 0;
}

/* }}} */

static void check_custom(zend_mm_mode mode, const char *name)
{
	zend_mm_heap *heap = make(mode);
	void *own = zend_mm_alloc(heap, 1000), *freed = zend_mm_alloc(heap, 2500), *foreign;
	struct shown shown = { .wanted = own };
	zend_mm_figures before, during;
	zend_mm_place place;
	zend_mm_problem problem;

	zend_mm_free(heap, freed);
	zend_mm_get_figures(heap, &before);
	zend_mm_set_heap(heap);
	zend_mm_set_custom_handlers(heap, malloc, free, realloc);
	foreign = emalloc(100);
	is_size(zend_mem_block_size(foreign), 0, "%s: a handler's block has no known size", name);
	ok(is_zend_ptr(own) && !is_zend_ptr(foreign), "%s: the heap's own blocks are known", name);
	zend_mm_get_figures(heap, &during);
	ok(memcmp(&before, &during, sizeof before) == 0, "%s: the figures are the heap's", name);
	is_size(zend_memory_usage(0), before.size, "%s: usage, too", name);
	is_int(zend_mm_walk(heap, show, &shown), 0, "%s: it can be walked", name);
	ok(shown.found && shown.regions == before.regions, "%s: and its blocks are there", name);
	is_int(zend_mm_walk_lists(heap, show_listed, &shown), 0, "%s: so can its lists", name);
	ok(shown.listed > 0, "%s: which have members", name);
	is_int(zend_mm_check(heap, &problem), 0, "%s: it is sound", name);
	ok(zend_mm_locate(heap, own, &place) && place.block.data == own, "%s: a block is found", name);
	ok(!zend_mm_locate(heap, foreign, &place), "%s: a handler's is not", name);
	is_int(zend_set_memory_limit(1), mode == ZEND_MM_MODERN ? -1 : 0,
		"%s: a limit below what is held is the heap's to refuse", name);
	is_int(zend_set_memory_limit((size_t)4 << 20), 0, "%s: a limit is set", name);
	is_size(zend_mm_gc(heap) > 0, mode == ZEND_MM_MODERN, "%s: it collects", name);
	efree(foreign);
	zend_mm_set_custom_handlers(heap, NULL, NULL, NULL);
	is_ptr(emalloc((size_t)8 << 20), NULL, "%s: that limit holds afterwards", name);
	zend_mm_set_custom_handlers(heap, malloc, free, realloc);
	zend_mm_shutdown(heap, 0, 1);
	ok(!is_zend_ptr(own), "%s: the end of a request takes its blocks", name);
	zend_mm_shutdown(heap, 1, 1);
}

static void check_system(const char *tracked)
{
	struct shown shown = { .wanted = NULL };
	zend_mm_figures figures;
	zend_mm_place place;
	zend_mm_heap *heap;
	void *block;

	set_environment("USE_ZEND_ALLOC", "0");
	set_environment("USE_TRACKED_ALLOC", tracked);
	start_memory_manager();
	heap = zend_mm_get_heap();
	block = emalloc(100);
	is_size(zend_mem_block_size(block), *tracked == '1' ? 100 : 0, "system (%s): size", tracked);
	is_int(zend_mm_walk(heap, show, &shown), 0, "system: nothing to walk");
	is_int(zend_mm_walk_lists(heap, show_listed, &shown), 0, "system: nor lists");
	is_size(shown.regions + shown.used + shown.listed, 0, "system: nothing was shown");
	is_int(zend_mm_check(heap, NULL), 0, "system: nothing is wrong");
	ok(!zend_mm_locate(heap, block, &place), "system: no block is found");
	zend_mm_get_figures(heap, &figures);
	is_size(figures.regions, 0, "system: no regions");
	is_size(figures.size, *tracked == '1' ? 100 : 0, "system: the bytes that are counted");
	efree(block);
	shutdown_memory_manager(1, 1);
	set_environment("USE_ZEND_ALLOC", NULL);
	set_environment("USE_TRACKED_ALLOC", NULL);
}

static void check_bad_hardening(zend_mm_mode mode)
{
	zend_mm_options options;

	zend_mm_default_options(&options);
	options.mode = mode;
	options.hardened = "nonsense";
	errno = 0;
	ok(!zend_mm_startup_with(&options) && errno == EINVAL,
		"mode %d: a check that there is not is EINVAL", mode);
}

/* {{{ The first use. */

static void resize_first(const char *argument)
{
	char *block = erealloc(NULL, 100);

	(void)argument;
	memset(block, 1, 100);
	printf("%d %d", is_zend_mm(), is_zend_ptr(block));
}

static void free_first(const char *argument)
{
	(void)argument;
	efree(NULL);
	printf("%d %d", is_zend_mm(), zend_memory_usage(1) > 0);
}

/* Where a huge block would begin, but none does: the manager is started, and says so. */
static void ask_first(const char *argument)
{
	(void)argument;
	printf("%zu", zend_mem_block_size((void *)((uintptr_t)5 << 21)));
}

static void check_first_use(void)
{
	struct tap_child child;

	set_environment("ZEND_MM_MODE", "modern");
	child = run_child(resize_first, NULL);
	is_str(child.out, "1 1", "erealloc() starts the manager");
	child = run_child(free_first, NULL);
	is_str(child.out, "1 1", "so does efree(), also of no block");
	child = run_child(ask_first, NULL);
	contains(child.err, "zend_mm_heap corrupted", "so does asking for a size");
	is_int(child.signal, SIGABRT, "of what is no block");
	set_environment("ZEND_MM_MODE", NULL);
}

/* }}} */

int main(void)
{
	check_first_use();
	check_custom(ZEND_MM_LEGACY, "legacy");
	check_custom(ZEND_MM_MODERN, "modern");
	check_bad_hardening(ZEND_MM_LEGACY);
	check_bad_hardening(ZEND_MM_MODERN);
	check_system("0");
	check_system("1");
	return done_testing();
}
