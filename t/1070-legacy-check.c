/* SPDX-License-Identifier: MIT */
/*
 * The deep check finds damage of every kind: each word of a heap's structures is changed in many
 * ways, one at a time, and each time the check has to say so, without crashing or looping.
 */
#include "t/legacy.h"

/* A word of the heap and what it is, for the failures' text. */
struct word {
	size_t *place;
	const char *name;
};

static struct word words[8192];
static size_t word_count;

static void add_word(const void *place, const char *name)
{
	if (word_count < sizeof words / sizeof *words) {
		words[word_count].place = (size_t *) (uintptr_t) place;
		words[word_count].name = name;
		word_count++;
	}
}

/* {{{ A heap with members in every list. */

static void *some_free, *some_used, *some_cached;

/* Blocks with a used one behind each, so that each will be a free block of its own. */
static void take_apart(zend_mm_heap *heap, void **blocks, const size_t *sizes, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		blocks[i] = take(heap, sizes[i]);
		some_used = take(heap, 96);
	}
}

static zend_mm_heap *rich_heap(void)
{
	static const size_t sizes[] = { 104, 200, 200, 200, 400, 400, 504, 1280, 1536, 1104, 1800,
		1152, 1280, 1280, 1536, 1536, 1048, 2000, 5000, 3000, 6000, 4096, 4096, 640, 704, 640,
		1024 };
	zend_mm_heap *heap = legacy_start();
	void *blocks[sizeof sizes / sizeof *sizes];
	void *cached[6];

	for (int i = 0; i < 6; i++) {
		cached[i] = take(heap, 120 + 80 * (size_t) (i % 2));
	}
	take_apart(heap, blocks, sizes, sizeof sizes / sizeof *sizes);
	fill_cache(heap);
	use_up(heap);
	for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
		zend_mm_free(heap, blocks[i]);
	}
	some_free = blocks[0];
	zend_mm_set_limit(heap, (size_t) 1 << 30);
	take(heap, 2 * SEGMENT - legacy_segment_overhead - 4000);
	take(heap, 2 * SEGMENT - legacy_segment_overhead - 104);
	take(heap, 2 * SEGMENT - legacy_segment_overhead - 3000);
	/* room in the cache again: it holds less than what was put in at first */
	for (int i = 0; i < 3; i++) {
		take(heap, legacy_small_limit - 8);
	}
	for (int i = 0; i < 6; i++) {
		zend_mm_free(heap, cached[i]);
	}
	some_cached = cached[0];
	return heap;
}

/* }}} */
/* {{{ The words of that heap. */

static void add_free_block(const block_t *block, zend_mm_block_list list)
{
	const struct zend_mm_legacy_links *links = block_links(block);

	add_word(&links->ring.prev, "previous link");
	add_word(&links->ring.next, "next link");
	if (block_size(block) >= legacy_small_limit) {
		add_word(&links->parent, "parent link");
	}
	/* a ring's other members have no children, and whatever is there is nobody's business */
	if (list == ZEND_MM_LIST_TRIE && links->parent) {
		add_word(&links->child[0], "child 0");
		add_word(&links->child[1], "child 1");
	}
}

static int add_block(void *context, const zend_mm_region *region, const zend_mm_block_info *info)
{
	const block_t *block = info ? info->address : NULL;
	const zend_mm_segment *segment = region->address;

	(void) context;
	if (!info) {
		add_word(&segment->size, "segment's size");
		add_word(&segment->next_segment, "segment's link");
		return 0;
	}
	if (info->state == ZEND_MM_BLOCK_HEADER) {
		return 0;
	}
	add_word(&block->word, info->state == ZEND_MM_BLOCK_GUARD ? "guard" : "size word");
	add_word(&block->before, "copy of the size word before");
	if (info->state == ZEND_MM_BLOCK_FREE) {
		add_free_block(block, info->list);
	} else if (info->state == ZEND_MM_BLOCK_CACHED) {
		add_word(info->data, "cache link");
	}
	return 0;
}

static void add_heap(const legacy_heap_t *heap)
{
	add_word(&heap->head.below_peak, "bytes below the peak");
	add_word(&heap->head.real_size, "real_size");
	add_word(&heap->cached, "cached");
	add_word(&heap->small_bitmap, "small bitmap");
	add_word(&heap->large_bitmap, "large bitmap");
	add_word(&heap->segments, "segment list");
	add_word(&heap->segment_size, "segment size");
	add_word(&heap->rest.prev, "rest list's end");
	add_word(&heap->rest.next, "rest list's start");
	for (size_t i = 0; i < legacy_bucket_count; i++) {
		add_word(&heap->cache[i], "top of a cache stack");
		add_word(&heap->buckets[i].prev, "bucket's oldest");
		add_word(&heap->buckets[i].next, "bucket's newest");
		add_word(&heap->trees[i], "tree's root");
		add_word(&heap->tree_least[i], "tree's least size");
	}
}

/* }}} */

/* The value number i that a damaged word gets; SIZE_MAX - 1 as i past the last. */
static bool damaged_value(size_t old, size_t i, size_t *value)
{
	const size_t top = (size_t) 1 << (8 * sizeof(size_t) - 2);
	const size_t values[] = {
		old ^ 1, old ^ 2, old ^ 4, old ^ 8, old ^ 0x100, old ^ 0x40000, old ^ top, old + 8, old - 8,
		old + SEGMENT, old - SEGMENT, 0, 1, 3, SIZE_MAX, 0x4141414141414141u & SIZE_MAX,
		(size_t) block_of(some_free), (size_t) block_of(some_used), (size_t) some_free,
		(size_t) some_cached, (size_t) block_of(some_cached)
	};

	if (i >= sizeof values / sizeof *values) {
		return false;
	}
	*value = values[i];
	return true;
}

/* A segment size that divides the real one is as good as that to all that can be seen. */
static bool is_harmless(const legacy_heap_t *heap, const struct word *word, size_t value)
{
	return word->place == &heap->segment_size && value >= 32 && (value & (value - 1)) == 0
		&& value < SEGMENT;
}

static size_t damage_word(zend_mm_heap *heap, const struct word *word)
{
	size_t old = *word->place;
	size_t missed = 0;
	size_t value;

	for (size_t i = 0; damaged_value(old, i, &value); i++) {
		zend_mm_problem problem = { .reason = NULL };
		int result;

		if (value == old || is_harmless((legacy_heap_t *) heap, word, value)) {
			continue;
		}
		*word->place = value;
		result = zend_mm_check(heap, &problem);
		*word->place = old;
		if (result != 1 || !problem.reason || problem.heap != heap) {
			diag("%s at %p: 0x%zx instead of 0x%zx: %d %s", word->name,
				(void *) word->place, value, old, result,
				problem.reason ? problem.reason : "");
			missed++;
		}
	}
	return missed;
}

static void check_every_word(void)
{
	zend_mm_heap *heap = rich_heap();
	size_t missed = 0;

	ok(legacy_sound(heap), "a heap with members in every list is sound");
	zend_mm_walk(heap, add_block, NULL);
	add_heap((legacy_heap_t *) heap);
	ok(word_count > 500 && word_count < sizeof words / sizeof *words,
		"it has %zu words to be damaged", word_count);
	for (size_t i = 0; i < word_count && missed < 20; i++) {
		missed += damage_word(heap, &words[i]);
	}
	is_size(missed, 0, "each damaged word is found with each value");
	ok(legacy_sound(heap), "and the heap is sound again");
	legacy_end(heap);
}

/* {{{ Damage that takes more than a word. */

static void detach_free_block(legacy_heap_t *heap)
{
	block_t *block = heap->buckets[bucket_of(200)].prev;
	struct zend_mm_legacy_ring *ring = block_ring(block);

	block_ring(ring->prev)->next = ring->next;
	block_ring(ring->next)->prev = ring->prev;
}

static void split_free_block(legacy_heap_t *heap)
{
	block_t *block = heap->trees[12];
	size_t size = block_size(block);

	block_set(block_at(block, size - legacy_smallest_block), legacy_smallest_block, block_free);
	block_set(block, size - legacy_smallest_block, block_free);
}

static void cache_twice(legacy_heap_t *heap)
{
	void **top = &heap->cache[bucket_of(200)];

	heap->cached += 200;
	*(void **) *top = *top;
}

static void list_used_block(legacy_heap_t *heap)
{
	block_t *block = block_of(heap->cache[bucket_of(200)]);

	block_set(block, 200, block_free);
	heap->cached -= 200;
	zend_mm_size_shrink(&heap->head, 200);
	heap->cache[bucket_of(200)] = *(void **) heap->cache[bucket_of(200)];
}

static void swap_trees(legacy_heap_t *heap)
{
	block_t *low = heap->trees[10], *high = heap->trees[11];

	heap->trees[10] = high;
	block_links(high)->parent = &heap->trees[10];
	heap->trees[11] = low;
	block_links(low)->parent = &heap->trees[11];
}

static void swap_children(legacy_heap_t *heap)
{
	struct zend_mm_legacy_links *root = block_links(heap->trees[10]);
	block_t *child = root->child[0];

	root->child[0] = root->child[1];
	root->child[1] = child;
	for (int side = 0; side < 2; side++) {
		if (root->child[side]) {
			block_links(root->child[side])->parent = &root->child[side];
		}
	}
}

static void miscount_rest(legacy_heap_t *heap)
{
	heap->rest_count++;
}

/* Takes a member out of its ring and puts it into another. */
static void move_member(block_t *block, block_t *into)
{
	struct zend_mm_legacy_ring *ring = block_ring(block);

	block_ring(ring->prev)->next = ring->next;
	block_ring(ring->next)->prev = ring->prev;
	ring->next = block_ring(into)->next;
	ring->prev = into;
	block_ring(ring->next)->prev = block;
	block_ring(into)->next = block;
}

static void move_to_other_bucket(legacy_heap_t *heap)
{
	move_member(heap->buckets[bucket_of(200)].next, heap->buckets[bucket_of(104)].next);
}

/* Of the tree's nodes with a ring, one more in the ring of another size. */
static void mix_rings(legacy_heap_t *heap)
{
	block_t *nodes[2] = { heap->trees[10], NULL };

	for (int side = 0; side < 2; side++) {
		block_t *child = block_links(nodes[0])->child[side];

		if (child && block_ring(child)->next != child) {
			nodes[1] = child;
		}
	}
	move_member(block_ring(nodes[1])->next, nodes[0]);
}

/* What check_fault() puts back when it ends. */
static zend_mm_segment **diverted, *diverted_from;

/* Instead of a segment, one that begins in the midst of another. */
static void overlap_segments(legacy_heap_t *heap)
{
	zend_mm_segment *inside = (zend_mm_segment *) (void *) ((char *) heap->segments + 4096);

	diverted = &heap->segments->next_segment;
	while ((*diverted)->size != SEGMENT) {
		diverted = &(*diverted)->next_segment;
	}
	diverted_from = *diverted;
	*inside = *diverted_from;
	*diverted = inside;
}

static void repeat_segment(legacy_heap_t *heap)
{
	heap->segments->next_segment = heap->segments;
}

static void forget_segment(legacy_heap_t *heap)
{
	heap->segments = heap->segments->next_segment;
}

static void reserve_what_is_free(legacy_heap_t *heap)
{
	heap->reserve = some_free;
}

static void reserve_what_is_cached(legacy_heap_t *heap)
{
	heap->reserve = some_cached;
}

static void lower_peak(legacy_heap_t *heap)
{
	heap->head.below_peak = heap->head.peak + 8;
}

static void lower_real_peak(legacy_heap_t *heap)
{
	heap->head.real_peak = heap->head.real_size - SEGMENT;
}

static void lower_limit(legacy_heap_t *heap)
{
	heap->head.limit = 100;
}

static void break_state(legacy_heap_t *heap)
{
	heap->head.overflow = 3;
}

static const struct {
	const char *name;
	void (*plant)(legacy_heap_t *heap);
	const char *reason;
} faults[] = {
	{ "a free block in no list", detach_free_block, "a free block is in no list" },
	{ "two free neighbours", split_free_block, "two neighbouring blocks are both free" },
	{ "a circle in the cache", cache_twice, "a block is in the cache twice" },
	{ "a free block left in no list", list_used_block, NULL },
	{ "trees in each other's places", swap_trees,
		"a tree node's size disagrees with the path to it" },
	{ "children in each other's places", swap_children,
		"a tree node's size disagrees with the path to it" },
	{ "a wrong count of the rest list", miscount_rest, "the rest list's count is wrong" },
	{ "a block in another bucket", move_to_other_bucket,
		"a block in a bucket has another size than the bucket's" },
	{ "blocks of two sizes in a ring", mix_rings, "two blocks of a ring differ in size" },
	{ "a segment inside another", overlap_segments,
		"two segments overlap, or one is listed twice" },
	{ "a circle of segments", repeat_segment, NULL },
	{ "a lost segment", forget_segment, NULL },
	{ "a free reserve", reserve_what_is_free, NULL },
	{ "a reserve in the cache", reserve_what_is_cached, NULL },
	{ "a peak below the usage", lower_peak,
		"size is further below the peak than that is high" },
	{ "a real peak below the real size", lower_real_peak,
		"the real peak is less than real_size" },
	{ "a limit below a segment", lower_limit, "the limit is less than a segment" },
	{ "an unknown overflow state", break_state, "the overflow state is none of 0, 1 and 2" },
};

static void check_fault(size_t i)
{
	zend_mm_heap *heap = rich_heap();
	zend_mm_problem problem = { .reason = NULL };
	legacy_heap_t before = *(legacy_heap_t *) heap;
	zend_mm_segment *second = before.segments->next_segment;

	faults[i].plant((legacy_heap_t *) heap);
	is_int(zend_mm_check(heap, &problem), 1, "%s is found", faults[i].name);
	if (faults[i].reason) {
		is_str(problem.reason, faults[i].reason, "for the right reason");
	}
	/* what giving the heap back relies on */
	if (diverted) {
		*diverted = diverted_from;
		diverted = NULL;
	}
	((legacy_heap_t *) heap)->segments = before.segments;
	before.segments->next_segment = second;
	legacy_end(heap);
}

/* }}} */
/* {{{ A tree of more levels than a size has bits: all of one size, each the other's child. */

static void check_deep_tree(void)
{
	enum { levels = 12 };
	zend_mm_heap *heap = legacy_start();
	block_t *blocks[levels], **place = &((legacy_heap_t *) heap)->trees[10];
	zend_mm_problem problem = { .reason = "none" };

	for (int i = 0; i < levels; i++) {
		blocks[i] = block_of(take(heap, 1024));
		take(heap, 96);
	}
	fill_cache(heap);
	use_up(heap);
	for (int i = 0; i < levels; i++) {
		zend_mm_free(heap, block_data(blocks[i]));
	}
	ok(legacy_sound(heap), "%d free blocks of a size in a ring are sound", levels);
	for (int i = 0; i < levels; i++) {
		struct zend_mm_legacy_links *links = block_links(blocks[i]);

		*place = blocks[i];
		links->parent = place;
		links->ring.prev = links->ring.next = blocks[i];
		links->child[0] = links->child[1] = NULL;
		place = &links->child[0];
	}
	is_int(zend_mm_check(heap, &problem), 1, "under each other they are not");
	is_str(problem.reason, "a tree is deeper than a size has bits", "for that reason");
	legacy_end(heap);
}

/* }}} */
/* {{{ Marks that only some builds have. */

static void check_marks(void)
{
	zend_mm_heap *heap = rich_heap();
	block_t *block = block_of(take(heap, 800));
	zend_mm_problem problem;

	if (legacy_plain) {
		skip(1, "blocks have no marks in this build");
	} else {
		*(size_t *) ((char *) block + legacy_cookie_offset) ^= (size_t) 1 << 40 % (8
			* sizeof(size_t));
		is_int(zend_mm_check(heap, &problem), 1, "a damaged mark of a used block is found");
		diag("%s", problem.reason);
	}
	legacy_end(heap);
}

/* }}} */

int main(void)
{
	check_every_word();
	for (size_t i = 0; i < sizeof faults / sizeof *faults; i++) {
		check_fault(i);
	}
	check_deep_tree();
	check_marks();
	return done_testing();
}
