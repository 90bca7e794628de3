/* SPDX-License-Identifier: MIT */
/*
 * heap/legacy/check_lists.c - the deep check of the four families of free memory.
 *
 * Called by check.c, which has noted in the map where blocks begin.  Every member that is met is
 * marked, so that a block in two lists, or a list that runs in a circle, is a problem and not a
 * loop.
 */
#include "heap/legacy/cache.h"
#include "heap/legacy/check.h"
#include "heap/legacy/ideas.h"
#include "heap/legacy/rest.h"
#include "heap/study/large_list.h"

/* Marks a member of a list.  False where it has been met already. */
static bool mark_listed(struct zend_mm_legacy_check *check, const block_t *block)
{
	size_t bit = zend_mm_legacy_map_bit(&check->map, block);

	if (map_get(&check->map, plane_listed, bit)) {
		return false;
	}
	map_put(&check->map, plane_listed, bit);
	return true;
}

/* The member of a list of free blocks that a link leads to; holder is where the link is. */
static bool check_free_member(struct zend_mm_legacy_check *check, const void *holder,
	block_t *const *link)
{
	if (!check_is_block(check, *link)) {
		return zend_mm_legacy_wrong_word(check, "a link of a list leads to no block", holder, link);
	}
	if (!block_is_free(*link)) {
		return zend_mm_legacy_wrong_value(check, "a block in a list of free blocks is not free",
			*link, &(*link)->word, block_size(*link) | block_free);
	}
	if (!mark_listed(check, *link)) {
		return zend_mm_legacy_wrong_word(check, "a block is listed twice", *link, link);
	}
	check->listed_free_blocks++;
	return true;
}

static bool check_points_back(struct zend_mm_legacy_check *check, const block_t *block,
	block_t *const *link, const block_t *expected)
{
	if (*link != expected) {
		return zend_mm_legacy_wrong_value(check, "a block of a list does not point back", block,
			link, (size_t) expected);
	}
	return true;
}

/* {{{ The cache. */

/* The block that the word at link led to. */
static bool check_cached(struct zend_mm_legacy_check *check, size_t bucket, const void *data,
	const void *link)
{
	const block_t *block = block_of(data);
	const size_t *shadow;
	size_t expected;

	if (!check_is_block(check, block)) {
		return zend_mm_legacy_wrong_word(check, "a link of the cache leads to no block", link,
			link);
	}
	if (block->word != (bucket_size(bucket) | block_used)) {
		return zend_mm_legacy_wrong_value(check,
			"a block in the cache has the wrong size or type", block, &block->word,
			bucket_size(bucket) | block_used);
	}
	if (!mark_listed(check, block)) {
		return zend_mm_legacy_wrong_word(check, "a block is in the cache twice", block, link);
	}
	shadow = cache_bad_shadow(check->heap, data, &expected);
	if (shadow) {
		return zend_mm_legacy_wrong_value(check,
			"a cached block's link does not agree with its shadow", block, shadow, expected);
	}
	check->cached_bytes += bucket_size(bucket);
	return true;
}

static bool check_cache(struct zend_mm_legacy_check *check)
{
	for (size_t bucket = 0; bucket < legacy_bucket_count; bucket++) {
		const void *link = &check->heap->cache[bucket];

		for (void *data = check->heap->cache[bucket]; data;
				data = cache_next(check->heap, data)) {
			if (!check_cached(check, bucket, data, link)) {
				return false;
			}
			link = data;
		}
	}
	return true;
}

/* }}} */
/* {{{ The buckets. */

static bool check_queue(struct zend_mm_legacy_check *check, size_t bucket)
{
	const struct zend_mm_legacy_ring *queue = &check->heap->buckets[bucket];
	const block_t *sentinel = ring_sentinel(queue);
	const block_t *from = sentinel;
	block_t *const *link = &queue->next;

	while (*link != sentinel) {
		const block_t *block = *link;

		if (!check_free_member(check, from, link)
				|| !check_points_back(check, block, &block_ring(block)->prev, from)) {
			return false;
		}
		if (block_size(block) != bucket_size(bucket)) {
			return zend_mm_legacy_wrong_value(check,
				"a block in a bucket has another size than the bucket's", block,
				&block->word, bucket_size(bucket) | block_free);
		}
		from = block;
		link = &block_ring(block)->next;
	}
	return check_points_back(check, sentinel, &queue->prev, from);
}

/* The bit says whether there is a block; compat: but for a bucket whose block is hidden. */
static bool check_bucket_bit(struct zend_mm_legacy_check *check, size_t bucket)
{
	const legacy_heap_t *heap = check->heap;
	const struct zend_mm_legacy_ring *queue = &heap->buckets[bucket];
	size_t bit = (size_t) 1 << bucket;
	bool filled = queue->next != ring_sentinel(queue);
	bool hidden = filled && heap->hidden_buckets & bit;

	if (!!(heap->small_bitmap & bit) != filled && !hidden) {
		return zend_mm_legacy_wrong_value(check, "a bit of the small bitmap is wrong", heap,
			&heap->small_bitmap, heap->small_bitmap ^ bit);
	}
	return true;
}

static bool check_buckets(struct zend_mm_legacy_check *check)
{
	for (size_t bucket = 0; bucket < legacy_bucket_count; bucket++) {
		if (!check_queue(check, bucket) || !check_bucket_bit(check, bucket)) {
			return false;
		}
	}
	return true;
}

/* }}} */
/* {{{ The trees. */

/* The blocks of a node's size. */
static bool check_ring(struct zend_mm_legacy_check *check, const block_t *node)
{
	const block_t *from = node;
	block_t *const *link = &block_ring(node)->next;

	while (*link != node) {
		const block_t *block = *link;

		if (!check_free_member(check, from, link)
				|| !check_points_back(check, block, &block_ring(block)->prev, from)) {
			return false;
		}
		if (block->word != node->word) {
			return zend_mm_legacy_wrong_value(check, "two blocks of a ring differ in size", block,
				&block->word, node->word);
		}
		if (block_links(block)->parent) {
			return zend_mm_legacy_wrong_value(check, "a member of a ring has a parent", block,
				&block_links(block)->parent, 0);
		}
		from = block;
		link = &block_ring(block)->next;
	}
	return check_points_back(check, node, &block_ring(node)->prev, from);
}

/* Whether a size belongs at the place to which depth bits of path lead. */
static bool size_fits_place(size_t size, unsigned tree, size_t path, unsigned depth)
{
	return size >= legacy_small_limit && zend_mm_highest_bit(size) == tree
		&& (size ^ path) >> (tree - depth) == 0;
}

/* The node that a place points at, its ring, and what hangs below it; path is the size's bits as
 * far as the turns taken say, the tree's own included. */
static bool check_node(struct zend_mm_legacy_check *check, const void *holder,
	block_t *const *place, unsigned tree, size_t path, unsigned depth)
{
	const block_t *node = *place;
	const struct zend_mm_legacy_links *links;

	if (!node) {
		return true;
	}
	if (!check_free_member(check, holder, place)) {
		return false;
	}
	if (depth > tree || !size_fits_place(block_size(node), tree, path, depth)) {
		return zend_mm_legacy_wrong_word(check, "a tree node's size disagrees with the path to it",
			node, &node->word);
	}
	links = block_links(node);
	if (links->parent != place) {
		return zend_mm_legacy_wrong_value(check, "a tree node's parent link is wrong", node,
			&links->parent, (size_t) place);
	}
	if (!check_ring(check, node)) {
		return false;
	}
	if (depth == tree && (links->child[0] || links->child[1])) {
		return zend_mm_legacy_wrong(check, "a tree is deeper than a size has bits", node);
	}
	return depth == tree || (check_node(check, node, &links->child[0], tree, path, depth + 1)
		&& check_node(check, node, &links->child[1], tree,
			path | (size_t) 1 << (tree - depth - 1), depth + 1));
}

static bool check_trees(struct zend_mm_legacy_check *check)
{
	legacy_heap_t *heap = check->heap;

	for (unsigned tree = 0; tree < legacy_bucket_count; tree++) {
		size_t bit = (size_t) 1 << tree;

		if (!!(heap->large_bitmap & bit) != !!heap->trees[tree]) {
			return zend_mm_legacy_wrong_value(check, "a bit of the large bitmap is wrong", heap,
				&heap->large_bitmap, heap->large_bitmap ^ bit);
		}
		if (!check_node(check, heap, &heap->trees[tree], tree, bit, 0)) {
			return false;
		}
	}
	return true;
}

/* }}} */
/* {{{ The rest list. */

static bool check_rest(struct zend_mm_legacy_check *check)
{
	const legacy_heap_t *heap = check->heap;
	const block_t *sentinel = ring_sentinel(&heap->rest);
	const block_t *from = sentinel;
	block_t *const *link = &heap->rest.next;
	unsigned large = 0;

	while (*link != sentinel) {
		const block_t *block = *link;

		if (!check_free_member(check, from, link)
				|| !check_points_back(check, block, &block_ring(block)->prev, from)) {
			return false;
		}
		if (block_size(block) >= legacy_small_limit) {
			if (block_links(block)->parent != REST_MARK) {
				return zend_mm_legacy_wrong_value(check,
					"a large block in the rest list lacks the mark", block,
					&block_links(block)->parent, (size_t) REST_MARK);
			}
			large++;
		}
		from = block;
		link = &block_ring(block)->next;
	}
	if (heap->rest_count != large || large > legacy_rest_length) {
		zend_mm_legacy_wrong(check, "the rest list's count is wrong", heap);
		check->problem.word = &heap->rest_count;
		check->problem.found = heap->rest_count;
		check->problem.expected = large;
		check->problem.expectation = ZEND_MM_EXPECT_EXACTLY;
		return false;
	}
	return check_points_back(check, sentinel, &heap->rest.prev, from);
}

/* }}} */

/* A heap under study may have one list instead of trees. */
static bool check_large_list(struct zend_mm_legacy_check *check)
{
	const struct zend_mm_legacy_ring *list = large_list(check->heap);
	const block_t *sentinel = ring_sentinel(list);
	const block_t *from = sentinel;

	for (block_t *const *link = &list->next; *link != sentinel; link = &block_ring(from)->next) {
		if (!check_free_member(check, from, link)
				|| !check_points_back(check, *link, &block_ring(*link)->prev, from)) {
			return false;
		}
		from = *link;
		if (block_links(from)->parent) {
			return zend_mm_legacy_wrong_value(check, "a member of a ring has a parent", from,
				&block_links(from)->parent, 0);
		}
	}
	return check_points_back(check, sentinel, &list->prev, from);
}

bool zend_mm_legacy_check_lists(struct zend_mm_legacy_check *check)
{
	return check_cache(check) && check_buckets(check) && check_trees(check) && check_rest(check)
		&& (!config_study || check_large_list(check));
}
