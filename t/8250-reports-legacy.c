/* SPDX-License-Identifier: MIT */
/*
 * Each kind of report about a legacy heap, and what it has: t/reports.h says what the letters mean.
 * What is missing cannot be known: a release build does not know owners, the heap's own structure
 * has no neighbours, and where several words of headers are gone nothing says what they were.
 */
#include "t/legacy.h"
#include "t/reports.h"

static zend_mm_heap *heap;
static legacy_heap_t *legacy;

/* Used and free blocks in turns, free ones of 200 bytes or of 2000, not in the cache. */
static char *used[4], *freed[4];

static void make_scene(size_t size)
{
	heap = legacy_start();
	legacy = (legacy_heap_t *) heap;
	for (int i = 0; i < 4; i++) {
		used[i] = take(heap, 96);
		freed[i] = take(heap, size);
	}
	take(heap, 96);
	fill_cache(heap);
	for (int i = 0; i < 4; i++) {
		zend_mm_free(heap, freed[i]);
	}
}

static struct zend_mm_legacy_links *links(void *data)
{
	return block_links(block_of(data));
}

/* Plants a value in a place, has it found by a request or by the check, and puts the old one
 * back. */
#define PLANT(place, value, find, reason, items) do { \
		__typeof__(place) before_ = (place); \
		(place) = (__typeof__(place))(value); \
		find; \
		has_report(reason, items); \
		(place) = before_; \
	} while (0)

#define FREES(data) CATCH(zend_mm_free(heap, data))
#define TAKES(size) CATCH(take(heap, size))
#define CHECKS catch_by_check(heap)

static const char *const size_differs =
	"a block's size word disagrees with its copy in the block after it";
static const char *const copy_differs =
	"a block's copy of the size word before it disagrees with that word";

/* {{{ Boundary tags: the same word is named, whoever meets it. */

static void is_word(const void *word, size_t expected)
{
	ok(reported.word == word && reported.expected == expected, "the wrong word is named");
	if (reported.word != word || reported.expected != expected) {
		diag("got %p, 0x%zx; expected %p, 0x%zx", reported.word, reported.expected, word,
			expected);
	}
}

static void check_tags(void)
{
	block_t *block;
	size_t size;

	make_scene(200);
	block = block_of(freed[0]);
	size = block->word;
	PLANT(block->word, size & ~(size_t) 0xff, FREES(used[0]), size_differs, "rpbndwxch");
	is_word(&block->word, size);
	PLANT(block->word, size + 8, FREES(used[1]), size_differs, "rpbndwxch");
	is_word(&block->word, size);
	PLANT(block_after(block)->before, size + 8, FREES(used[0]), copy_differs, "rpbndwxch");
	is_word(&block_after(block)->before, size);
	PLANT(block_after(block)->before, 0x4141414141414140u & SIZE_MAX, FREES(used[0]),
		copy_differs, "rpbndwxch");
	is_word(&block_at(block, size)->before, size);
	PLANT(block->before, 0, FREES(used[0]), copy_differs, "rpbndwxch");
	is_word(&block->before, block_of(used[0])->word);
	PLANT(*block, ((block_t) { 0x4141414141414141u & SIZE_MAX, 0x4141414141414141u & SIZE_MAX }),
		FREES(used[1]), "a block's header is overwritten", "rpbndwxch");
	is_word(&block->word, size);
	PLANT(block->word, 3, CHECKS, "a block's size is impossible", "rpbndwxch");
	PLANT(block->word, size | 2, CHECKS, "a block's type is neither free nor used", "rpbndwxch");
	PLANT(block->word, size + 8, CHECKS, size_differs, "rpbndwxch");
	legacy_end(heap);
}

static void check_several_headers(void)
{
	block_t before[2], *first, *second;

	make_scene(200);
	first = block_of(freed[0]);
	second = block_of(used[1]);
	before[0] = *first;
	before[1] = *second;
	first->word = second->word = first->before = second->before = 0x4040404040404040u & SIZE_MAX;
	CHECKS;
	has_report("a block's size word disagrees with its copy in the block after it", "rpndwch");
	*first = before[0];
	*second = before[1];
	legacy_end(heap);
}

/* }}} */
/* {{{ Pointers that are none. */

static void check_pointers(void)
{
	static _Alignas(16) size_t outside[64];

	make_scene(2000);
	memset(used[0], 0, 64);
	FREES(used[0] + 16);
	has_report("an address is inside a block, not its beginning", "rpbnch");
	FREES(freed[0]);
	has_report("a block that is not in use was freed or resized", "rpbnwxch");
	CATCH(zend_mm_free(heap, &outside[10]));
	has_report("no block of the heap can begin at an address", "ch");
	legacy_end(heap);
}

/* }}} */
/* {{{ Lists. */

static void check_rings(void)
{
	static block_t *nowhere[16];

	make_scene(200);
	PLANT(links(freed[0])->ring.prev, block_of(freed[2]), FREES(used[0]),
		"the previous block of a list does not point back", "rpbnwxch");
	PLANT(links(freed[0])->ring.next, block_of(freed[3]), FREES(used[0]),
		"the next block of a list does not point back", "rpbnwxch");
	PLANT(links(freed[0])->ring.next, nowhere, CHECKS, "a link of a list leads to no block",
		"rpbnwch");
	PLANT(links(freed[1])->ring.prev, nowhere, CHECKS, "a block of a list does not point back",
		"rpbnwxch");
	PLANT(legacy->small_bitmap, 0, CHECKS, "a bit of the small bitmap is wrong", "rwxch");
	PLANT(legacy->cache[0], nowhere, CHECKS, "a link of the cache leads to no block", "rwch");
	PLANT(legacy->rest_count, 1, CHECKS, "the rest list's count is wrong", "rwxch");
	legacy_end(heap);
}

static void check_trees(void)
{
	block_t *root;
	volatile int i = 0;

	make_scene(2000);
	take(heap, 2000);
	take(heap, 2000);
	root = legacy->trees[10];
	while (block_of(freed[i]) != root) {
		i++;
	}
	PLANT(block_links(root)->parent, &block_links(root)->child[0], FREES(used[i]),
		"a tree node's parent does not point at it", "rpbnwxch");
	PLANT(block_links(root)->parent, NULL, CHECKS, "a tree node's parent link is wrong",
		"rpbnwxch");
	PLANT(legacy->large_bitmap, 0, CHECKS, "a bit of the large bitmap is wrong", "rwxch");
	legacy_end(heap);
}

/* }}} */
/* {{{ Segments and figures. */

static void check_segments(void)
{
	zend_mm_segment *segment;
	block_t *guard;

	make_scene(200);
	take(heap, 2 * SEGMENT); /* a segment before another one in the list */
	segment = legacy->segments;
	guard = segment_guard(segment, segment->size);
	PLANT(segment->size, 5, CHECKS, "a segment's size is impossible", "rbwch");
	PLANT(segment->next_segment, (zend_mm_segment *) 8, CHECKS,
		"a link of the segment list is no address", "rwch");
	PLANT(segment->next_segment, NULL, CHECKS, "the segment list ends too early", "rwch");
	PLANT(legacy->segments, NULL, CHECKS, "the segment list ends too early", "rwch");
	PLANT(guard->word, 0, CHECKS, "a segment's guard is damaged", "rpbwxch");
	PLANT(segment_first_block(segment)->before, 0, CHECKS,
		"a segment's first block has no mark of being it", "rbnwxch");
	PLANT(legacy->cached, 8, CHECKS, "cached is not the sum of the blocks in the cache",
		"rwxch");
	PLANT(heap->below_peak, heap->below_peak + 8, CHECKS,
		"size is not the sum of the used blocks", "rwxch");
	heap->real_peak += SEGMENT;
	PLANT(heap->real_size, heap->real_size + SEGMENT, CHECKS,
		"real_size is not the sum of the segments", "rwxch");
	PLANT(heap->limit, 8, CHECKS, "the limit is less than a segment", "rwmch");
	PLANT(heap->overflow, 4, CHECKS, "the overflow state is none of 0, 1 and 2", "rwmch");
	PLANT(legacy->reserve, freed[0], CHECKS,
		"the reserve, or the heap's own block, is no used block of its size", "rwch");
	legacy_end(heap);
}

/* }}} */
/* {{{ Hardened heaps. */

static void start_hardened(void)
{
	zend_mm_options options = legacy_options();

	options.hardened = "all";
	host_start();
	heap = legacy_start_with(options);
	for (int i = 0; i < 4; i++) {
		used[i] = take(heap, 2000);
	}
}

static void check_hardened(void)
{
	static block_t *nowhere[16];
	char *small, *last;
	block_t *guard;

	start_hardened();
	small = take(heap, 96);
	last = take(heap, 2 * SEGMENT - legacy_segment_overhead);
	guard = block_after(block_of(last));
	PLANT(block_of(used[1])->word, 5, FREES(used[1]), "a block's header is overwritten",
		"rpbndwxch");
	PLANT(block_after(block_of(used[1]))->word, 8, FREES(used[1]),
		"the header of the block behind is overwritten", "rpbndwxch");
	PLANT(block_of(used[1])->before, 0, FREES(used[1]),
		"a block's copy of the size before it is overwritten", "rpbndwxch");
	PLANT(*guard, ((block_t) { 0, guard->before }), FREES(last), "a segment's guard is damaged",
		"rpbwxch");
	zend_mm_free(heap, small);
	FREES(small);
	has_report("a block was freed already and is in the cache", "rpbnch");
	PLANT(((size_t *) (void *) small)[1], 5, TAKES(96),
		"a cached block's link does not agree with its shadow", "rpbnwxch");
	zend_mm_free(heap, used[1]);
	PLANT(links(used[1])->ring.next, nowhere, FREES(used[0]),
		"a link of a list leads out of the heap's segments", "rpbnwch");
	legacy_end(heap);
}

/* }}} */

int main(void)
{
	need_forks();
	if (!legacy_plain) {
		skip_all("blocks have other marks in this build");
	}
	watch_works();
	check_tags();
	check_several_headers();
	check_pointers();
	check_rings();
	check_trees();
	check_segments();
	check_hardened();
	return done_testing();
}
