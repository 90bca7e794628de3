/* SPDX-License-Identifier: MIT */
/*
 * Heaps under study that lack one idea: what that changes, and nothing else; they stay sound.
 */
#include "heap/config.h"
#include "heap/study/study.h"
#include "t/tap.h"

static struct zend_mm_study study;
static zend_mm_heap *heap;

static void make(const struct zend_mm_study_switches *switches)
{
	zend_mm_options options;

	zend_mm_default_options(&options);
	options.mode = ZEND_MM_LEGACY;
	options.segment_size = 256 * 1024;
	options.storage = "malloc";
	options.null_on_failure = true;
	study = zend_mm_study_default();
	study.switches = *switches;
	heap = zend_mm_study_startup(&options, &study);
}

static zend_mm_figures figures(void)
{
	zend_mm_figures now;

	zend_mm_get_figures(heap, &now);
	return now;
}

static int count_free(void *context, const zend_mm_region *region, const zend_mm_block_info *block)
{
	(void)region;
	*(unsigned *)context += block && block->state == ZEND_MM_BLOCK_FREE;
	return 0;
}

static unsigned free_blocks(void)
{
	unsigned count = 0;

	zend_mm_walk(heap, count_free, &count);
	return count;
}

static int count_listed(void *context, zend_mm_block_list list, unsigned index,
	const zend_mm_block_info *block, unsigned depth, int link)
{
	(void)index;
	(void)block;
	(void)depth;
	(void)link;
	*(unsigned *)context += list != ZEND_MM_LIST_CACHE;
	return 0;
}

static void end(const char *what)
{
	unsigned listed = 0;

	zend_mm_problem problem = { .reason = "no memory" };

	zend_mm_walk_lists(heap, count_listed, &listed);
	is_int(listed, free_blocks(), "%s: each free block is in a list", what);
	if (!ok(zend_mm_check(heap, &problem) == 0, "%s: the heap is sound", what))
		tap_comment(stderr, problem.reason);
	zend_mm_shutdown(heap, 1, 1);
}

/* Frees so many blocks of 512 + 16 bytes; what the cache holds then. */
static size_t cached_of(size_t capacity)
{
	struct zend_mm_study_switches switches = zend_mm_study_default().switches;
	static void *blocks[1000];
	size_t cached;

	switches.cache_capacity = capacity;
	make(&switches);
	for (int i = 0; i < 1000; i++)
		blocks[i] = zend_mm_alloc(heap, 512);
	for (int i = 0; i < 1000; i++)
		zend_mm_free(heap, blocks[i]);
	cached = figures().cached;
	end("a cache of another capacity");
	return cached;
}

static void test_cache(void)
{
	is_size(cached_of(0), 0, "no cache: nothing is in it");
	is_size(cached_of(ZEND_MM_STUDY_CACHE_2006), 63 * 528, "2006: the last block passes 32 KiB");
	is_size(cached_of(ZEND_MM_STUDY_CACHE_2007), 249 * 528, "2007: 128 KiB");
	is_size(cached_of(ZEND_MM_STUDY_CACHE_2008), 497 * 528, "2008: 256 KiB");
}

/* Three blocks between used ones, freed: 5000, 3000 and 4000 bytes; then a request of 2900. Returns
 * which of them was taken. */
static int taken_with(enum zend_mm_study_large large, const char *what)
{
	struct zend_mm_study_switches switches = zend_mm_study_default().switches;
	static const size_t sizes[3] = { 3000, 5000, 4000 };
	void *blocks[3], *found;
	int taken = -1;

	switches.large = large;
	make(&switches);
	for (int i = 0; i < 3; i++) {
		blocks[i] = zend_mm_alloc(heap, sizes[i]);
		zend_mm_alloc(heap, 700);
	}
	for (int i = 0; i < 3; i++)
		zend_mm_free(heap, blocks[i]);
	found = zend_mm_alloc(heap, 2900);
	for (int i = 0; i < 3; i++)
		taken = found == blocks[i] ? i : taken;
	end(what);
	return taken;
}

static void test_large(void)
{
	is_int(taken_with(ZEND_MM_STUDY_TRIES, "tries"), 0, "tries: the smallest that is enough");
	is_int(taken_with(ZEND_MM_STUDY_LIST_BEST_FIT, "a list"), 0, "a list, best fit: the same");
	is_int(taken_with(ZEND_MM_STUDY_LIST_FIRST_FIT, "a list"), 2,
		"a list, first fit: the newest that is enough");
}

/* Two free blocks in the list, one of whose words is damaged; free blocks begin with the links to
 * the block before them and to the next. */
static void test_damaged_list(void)
{
	struct zend_mm_study_switches switches = zend_mm_study_default().switches;
	zend_mm_problem problem;
	void **blocks[3];

	switches.large = ZEND_MM_STUDY_LIST_BEST_FIT;
	make(&switches);
	for (int i = 0; i < 3; i++) {
		blocks[i] = zend_mm_alloc(heap, 2000);
		zend_mm_alloc(heap, 2000);
	}
	zend_mm_free(heap, blocks[0]);
	zend_mm_free(heap, blocks[1]);
	for (int link = 0; link < 2; link++) {
		void *before = blocks[0][link];

		blocks[0][link] = blocks[2];
		is_int(zend_mm_check(heap, &problem), 1, "a damaged link of the list is found");
		ok(problem.word == &blocks[0][link], "where it is");
		blocks[0][link] = before;
	}
	end("as it was again");
}

/* A big block, then a small one: whether it went into what the big one's segment has left over, so
 * that freeing the big one does not give the segment back. */
static size_t held_after_big(bool no_rest_list)
{
	struct zend_mm_study_switches switches = zend_mm_study_default().switches;
	void *fill, *big;
	size_t held;

	switches.no_rest_list = no_rest_list;
	make(&switches);
	fill = zend_mm_alloc(heap, 250000);
	big = zend_mm_alloc(heap, 300000);
	zend_mm_alloc(heap, 10000);
	zend_mm_free(heap, big);
	(void)fill;
	held = figures().real_size;
	end("with and without a rest list");
	return held;
}

/* With no room for another segment, what the rest list has fits to the byte. */
static void test_rest_exact(void)
{
	struct zend_mm_study_switches switches = zend_mm_study_default().switches;
	char *big;

	make(&switches);
	zend_mm_alloc(heap, 250000);
	big = zend_mm_alloc(heap, 300000);
	zend_mm_set_limit(heap, figures().real_size);
	ok(zend_mm_alloc(heap, 524288 - 16 - 300016 - 16 - 16) == big + 300016,
		"the rest list has a block of just that size");
	end("exactly");
}

static void test_rest_list(void)
{
	is_size(held_after_big(false), 2 * 262144, "the rest list: the small block has a segment of "
		"its "
		"own, the big one's is given back");
	is_size(held_after_big(true), 262144 + 524288, "no rest list: the small block keeps the big "
		"one's segment");
}

static void test_others(void)
{
	struct zend_mm_study_switches switches = zend_mm_study_default().switches;
	size_t calls;
	void *a, *b;

	switches.no_kept_segment = true;
	make(&switches);
	calls = figures().storage_allocs;
	zend_mm_shutdown(heap, 0, 1);
	is_size(figures().storage_allocs, calls + 1, "no kept segment: each request takes one anew");
	is_size(figures().real_size, 262144, "and has one");
	end("no kept segment");

	switches = zend_mm_study_default().switches;
	switches.no_coalescing = true;
	make(&switches);
	a = zend_mm_alloc(heap, 1000);
	b = zend_mm_alloc(heap, 1000);
	zend_mm_alloc(heap, 1000);
	zend_mm_free(heap, a);
	zend_mm_free(heap, b);
	is_int(free_blocks(), 3, "no coalescing: two neighbours and the remainder are free");
	ok(zend_mm_alloc(heap, 2000) != a, "and do not serve what both would");
	end("no coalescing");

	switches.no_coalescing = false;
	make(&switches);
	a = zend_mm_alloc(heap, 1000);
	b = zend_mm_alloc(heap, 1000);
	zend_mm_alloc(heap, 1000);
	zend_mm_free(heap, a);
	zend_mm_free(heap, b);
	is_int(free_blocks(), 2, "coalescing: they are one");
	is_ptr(zend_mm_alloc(heap, 2000), a, "which serves that");
	end("coalescing");
}

/* Random traffic on each variant. */
static void test_random(void)
{
	uint64_t state = tap_seed();

	for (int variant = 0; variant < 6; variant++) {
		struct zend_mm_study_switches switches = zend_mm_study_default().switches;
		static void *blocks[300];

		switches.cache_capacity = variant & 1 ? 0 : switches.cache_capacity;
		switches.large = (enum zend_mm_study_large)(variant % 3);
		switches.no_rest_list = variant == 2;
		switches.no_kept_segment = variant == 3;
		switches.no_coalescing = variant == 4;
		make(&switches);
		memset(blocks, 0, sizeof blocks);
		for (int i = 0; i < 30000; i++) {
			void **block = &blocks[tap_below(&state, 300)];
			size_t size = tap_below(&state, (uint64_t)16 << tap_below(&state, 15));

			if (*block && tap_below(&state, 3) == 0)
				*block = zend_mm_realloc(heap, *block, size);
			else if (*block) {
				zend_mm_free(heap, *block);
				*block = NULL;
			} else
				*block = zend_mm_alloc(heap, size);
			if (*block)
				memset(*block, i, size);
		}
		end("random traffic");
	}
}

static void test_refusals(void)
{
	zend_mm_options options;

	study = zend_mm_study_default();
	for (int mode = ZEND_MM_LEGACY; mode <= ZEND_MM_MODERN; mode++) {
		zend_mm_default_options(&options);
		options.mode = (zend_mm_mode)mode;
		options.storage = "nonsense";
		errno = 0;
		ok(!zend_mm_study_startup(&options, &study) && errno == EINVAL,
			"mode %d: an unknown storage is EINVAL", mode);
	}
	zend_mm_default_options(&options);
	options.segment_size = 1000;
	errno = 0;
	ok(!zend_mm_study_startup(&options, &study) && errno == EINVAL,
		"so is a size of segments that is no power of two");
}

int main(void)
{
	if (config_debug || config_heap_protection || config_cookies || sizeof(void *) != 8)
		skip_all("the sizes are those of 64-bit release builds");
	test_cache();
	test_large();
	test_damaged_list();
	test_rest_list();
	test_rest_exact();
	test_others();
	test_random();
	test_refusals();
	return done_testing();
}
