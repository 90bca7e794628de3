/* SPDX-License-Identifier: MIT */
/*
 * What heaps under study tell: the events of requests that are easy to follow by hand, in order,
 * and the numbers in some of them. Sizes are those of 64-bit release builds.
 */
#include "heap/config.h"
#include "heap/study/study.h"
#include "t/tap.h"

static struct zend_mm_study study;
static zend_mm_heap *heap;
static char told[4000];
static struct zend_mm_study_event last[ZEND_MM_EVENT_KINDS]; /* of each kind */

static void note_event(void *context, const struct zend_mm_study_event *event)
{
	(void)context;
	last[event->kind] = *event;
	snprintf(told + strlen(told), sizeof told - strlen(told), "%s%s", *told ? ", " : "",
		zend_mm_study_event_name(event->kind));
}

static void *ask(size_t size)
{
	told[0] = '\0';
	return zend_mm_alloc(heap, size);
}

static void give(void *block)
{
	told[0] = '\0';
	zend_mm_free(heap, block);
}

static void *resize(void *block, size_t size)
{
	told[0] = '\0';
	return zend_mm_realloc(heap, block, size);
}

static void make(zend_mm_mode mode, const struct zend_mm_study *wanted)
{
	zend_mm_options options;

	zend_mm_default_options(&options);
	options.mode = mode;
	options.segment_size = 256 * 1024;
	options.storage = "malloc";
	options.null_on_failure = true;
	study = *wanted;
	study.observer = note_event;
	told[0] = '\0';
	heap = zend_mm_study_startup(&options, &study);
}

/* --- legacy ---------------------------------------------------------------------------------- */

#define SEARCHED_ABOVE "trees, beside the path, node, best so far, tree"

static void test_cache_and_bucket(void)
{
	void *a, *b, *c;

	is_str(told, "trees, nothing in the trees, new segment, split, new node",
		"legacy, start: the reserve takes the first segment");
	a = ask(100);
	is_str(told, "cache miss, bitmap test, " SEARCHED_ABOVE ", split, leaf leaves, new node",
		"nothing small is free: best fit, a split, the remainder listed again");
	is_size(last[ZEND_MM_EVENT_CACHE_MISS].size, 120, "100 bytes are a block of 120");
	is_size(last[ZEND_MM_EVENT_CACHE_MISS].number, 11, "of bucket 11");
	is_size(last[ZEND_MM_EVENT_TREES_TEST].number, 6, "which belongs to tree 6");
	is_size(last[ZEND_MM_EVENT_TREE_TAKEN].number, 17, "and is served from tree 17");
	is_size(last[ZEND_MM_EVENT_SPLIT].number, 253784, "which keeps the rest");
	give(a);
	is_str(told, "to the cache", "a small block is freed");
	b = ask(97);
	is_str(told, "cache hit", "and asked for again");
	is_ptr(b, a, "the same");
	is_ptr(last[ZEND_MM_EVENT_CACHE_HIT].address, a, "which the event names");
	c = ask(600);
	b = resize(b, 40);
	is_str(told, "shrinks in place, to a bucket", "shrinking splits; the remainder is small");
	is_size(last[ZEND_MM_EVENT_BUCKET_INSERT].size, 64, "of 64 bytes");
	a = ask(41);
	is_str(told, "cache miss, bitmap test, bucket, taken whole", "and is found by its bit");
	give(a);
	give(b);
	b = ask(44);
	is_str(told, "cache hit", "64 bytes again");
	b = resize(b, 20);
	is_str(told, "stays", "too little would be left over");
	give(b);
	give(c);
}

/* Four blocks in a row; the ones between them keep the free ones apart. */
static void test_trees_and_coalescing(void)
{
	void *a = ask(584), *wall = ask(600), *b = ask(840), *wall2 = ask(700), *c = ask(584);
	void *wall3 = ask(700);

	give(a);
	is_str(told, "new node", "a large block becomes the root of its tree");
	is_size(last[ZEND_MM_EVENT_TREE_NEW_NODE].number, 9, "tree 9, of 512 to 1023 bytes");
	give(b);
	is_str(told, "turn, new node", "another one hangs below it");
	is_size(last[ZEND_MM_EVENT_TREE_TURN].size, 8, "by its bit 8");
	is_size(last[ZEND_MM_EVENT_TREE_TURN].number, 1, "which is set in 856");
	give(c);
	is_str(told, "joins a ring", "an equal one joins the ring");
	b = ask(820);
	is_str(told, "trees, node, turn, node, best so far, turn, tree, leaf leaves, taken whole",
		"best fit follows the request's bits");
	give(wall);
	is_str(told, "coalesce left, takes the place, new node",
		"the free block before is absorbed, and its ring's other member becomes the node");
	is_size(last[ZEND_MM_EVENT_TREE_NEW_NODE].size, 600 + 616, "both are one block now");
	give(b);
	give(wall2);
	give(wall3);
}

static void test_rest_and_segments(void)
{
	void *big = ask(300000);

	is_str(told, "trees, nothing in the trees, new segment, split, to the rest list",
		"an oversized segment's remainder is set apart");
	is_size(last[ZEND_MM_EVENT_SEGMENT_NEW].number, 1, "oversized");
	is_size(last[ZEND_MM_EVENT_SEGMENT_NEW].size, 524288, "of two units");
	big = resize(big, 600000);
	is_str(told, "grows its segment, segment resized, split, to the rest list",
		"a block that has a segment for itself grows with it");
	give(big);
	is_str(told, "coalesce right, segment given back", "and takes it along when it goes");
	told[0] = '\0';
	zend_mm_shutdown(heap, 0, 1);
	is_str(told, "request ends, segment kept, new node, " SEARCHED_ABOVE
		", split, leaf leaves, new node", "a request's end keeps one segment");
	zend_mm_set_limit(heap, 256 * 1024);
	ok(ask(300000) == NULL, "a request over the limit is refused");
	is_str(told, "trees, nothing in the trees, rest list searched, over the limit, cache flushed",
		"after the trees and the rest list");
}

static void test_legacy(void)
{
	struct zend_mm_study wanted = zend_mm_study_default();

	make(ZEND_MM_LEGACY, &wanted);
	test_cache_and_bucket();
	zend_mm_shutdown(heap, 0, 1);
	test_trees_and_coalescing();
	zend_mm_shutdown(heap, 0, 1);
	test_rest_and_segments();
	zend_mm_shutdown(heap, 1, 1);

	wanted.switches.cache_capacity = 0;
	wanted.switches.large = ZEND_MM_STUDY_LIST_BEST_FIT;
	make(ZEND_MM_LEGACY, &wanted);
	give(ask(100));
	is_str(told, "cache full, coalesce right", "without cache and trees: straight to the list");
	ask(1000);
	is_str(told, "list search, split", "which is searched");
	zend_mm_shutdown(heap, 1, 1);
}

/* --- modern ---------------------------------------------------------------------------------- */

static void test_modern(void)
{
	struct zend_mm_study wanted = zend_mm_study_default();
	void *a, *b, *c;

	make(ZEND_MM_MODERN, &wanted);
	a = ask(100);
	is_str(told, "bin empty, page search, free range, tail, pages taken, run made",
		"modern: the first slot of a bin makes a run");
	is_size(last[ZEND_MM_EVENT_RUN_MADE].number, 10, "of bin 10");
	give(a);
	is_str(told, "slot back", "a slot goes back to its bin");
	b = ask(97);
	is_str(told, "slot", "and is taken again");
	a = ask(5000);
	is_str(told, "page search, free range, tail, pages taken", "a large block is a run of pages");
	c = ask(10000);
	give(a);
	is_str(told, "pages back", "which is free again at once");
	a = ask(4097);
	is_str(told, "page search, free range, exact range, pages taken", "an exact hole is taken");
	a = resize(a, 4000);
	is_str(told, "shrinks in place", "it gives its second page back");
	a = resize(a, 8000);
	is_str(told, "grows in place", "and takes it again");
	a = resize(a, 20000);
	is_str(told, "moves, page search, free range, tail, pages taken, pages back",
		"a neighbour in the way: it moves");
	give(b);
	told[0] = '\0';
	is_size(zend_mm_gc(heap), 4096, "a collection gives the bin's run back");
	is_str(told, "collection, run collected, pages back, collected", "and says so");
	b = ask(3000000);
	contains(told, "huge mapping", "a huge block is a mapping of its own");
	give(b);
	is_str(told, "huge mapping given back, slot back", "which goes back, its entry too");
	b = ask(2000000);
	give(ask(300000));
	is_str(told, "pages back, chunk to the cache", "a chunk without runs is kept for later");
	give(c);
	give(b);
	zend_mm_shutdown(heap, 1, 1);
}

int main(void)
{
	if (config_debug || config_heap_protection || config_cookies || sizeof(void *) != 8)
		skip_all("the sizes are those of 64-bit release builds");
	test_legacy();
	test_modern();
	return done_testing();
}
