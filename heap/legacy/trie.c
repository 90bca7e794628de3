/* SPDX-License-Identifier: MIT */
/*
 * heap/legacy/trie.c - large_free_buckets: the large free blocks, for best fit.
 *
 * Tree k holds the blocks whose size has k as its highest set bit.  The bits below, highest first,
 * lead from the root down: 0 to child 0, 1 to child 1.  Every node is a block, not only the
 * leaves; blocks of one size form a ring around the one that is the node:
 *
 *	trees[9] -> 544 = 10|0010 0000
 *	             |- 0 -> 600 = 10|0101 1000 <-> 600 <-> 600
 *	             `- 1 -> 768 = 11|0000 0000
 *
 * Invariant: a node's size agrees with the path to it; `parent` of a node is the address of the
 * pointer that points at it, and NULL for the other members of its ring; the tree's bit in
 * large_bitmap is set if and only if it has a root.  The type bits of a free block are 0, so that
 * its word is its size.
 *
 * Called by blocks.h (insertion, removal) and alloc.c (search).
 */
#include "heap/legacy/ideas.h"
#include "heap/legacy/trie.h"
#include "heap/study/large_list.h"

/* The bits of a size below the tree's own, shifted to the top of a word.  No tree is number 0. */
static zend_always_inline size_t path_of(size_t size, size_t tree)
{
	return size << (8 * sizeof(size_t) - tree) % (8 * sizeof(size_t));
}

static zend_always_inline size_t first_turn(size_t path)
{
	return (path >> (8 * sizeof(size_t) - 1));
}

/* compat: right after the node, so that the newest of a size is taken first. */
static void join_ring(block_t *block, block_t *node)
{
	struct zend_mm_legacy_links *links = block_links(block);
	block_t *next = block_ring(node)->next;

	links->parent = NULL;
	links->ring.prev = node;
	links->ring.next = next;
	block_ring(node)->next = block;
	block_ring(next)->prev = block;
}

void zend_mm_legacy_trie_insert(legacy_heap_t *heap, block_t *block, size_t size)
{
	size_t tree = zend_mm_highest_bit(size);
	block_t **place = &heap->trees[tree];
	block_t *node = *place;
	size_t path = path_of(size, tree);
	size_t bit = tree;

	if (idea_large(heap) != ZEND_MM_STUDY_TRIES) {
		large_list_insert(heap, block);
		return;
	}
	if (!node) {
		heap->large_bitmap |= (size_t) 1 << tree;
	}
	while (node) {
		if (node->word == size) {
			join_ring(block, node);
			ZEND_MM_EVENT(heap, TREE_NEW_MEMBER, block, size, tree);
			return;
		}
		bit--;
		ZEND_MM_EVENT(heap, TREE_TURN, node, bit, first_turn(path));
		place = &block_links(node)->child[first_turn(path)];
		path <<= 1;
		node = *place;
	}
	trie_become_node(block, place);
	ZEND_MM_EVENT(heap, TREE_NEW_NODE, block, size, tree);
}

/* The smallest block so far that is large enough. */
struct best {
	block_t *block;
	size_t size;
};

static zend_always_inline void consider(const legacy_heap_t *heap, struct best *best,
	block_t *node, size_t size)
{
	size_t node_size = node->word;

	ZEND_MM_EVENT(heap, TREE_NODE, node, node_size, zend_mm_highest_bit(node_size));
	if (node_size >= size && node_size < best->size) {
		best->block = node;
		best->size = node_size;
		ZEND_MM_EVENT(heap, TREE_BEST, node, node_size, zend_mm_highest_bit(node_size));
	}
}

/* Goes down beside the request's path, where every block is large enough.
 * compat: from a node with a child 0 to its child 1, and no further from a node without a child 0;
 * so what is found is not always the best fit. */
static zend_always_inline void search_beside(const legacy_heap_t *heap, struct best *best,
	block_t *node, size_t size)
{
	if (config_study && node) {
		ZEND_MM_EVENT(heap, TREE_BESIDE, node, node->word, zend_mm_highest_bit(node->word));
	}
	while (node) {
		const struct zend_mm_legacy_links *links = block_links(node);

		consider(heap, best, node, size);
		node = links->child[0] ? links->child[1] : NULL;
	}
}

/* Follows the request's bits, then the last subtree passed on the right. */
static zend_always_inline void search_along(const legacy_heap_t *heap, struct best *best,
	block_t *node, size_t size, size_t tree)
{
	size_t path = path_of(size, tree);
	size_t bit = tree;
	block_t *right = NULL;

	while (node) {
		const struct zend_mm_legacy_links *links = block_links(node);

		if (node->word == size) {
			best->block = node;
			ZEND_MM_EVENT(heap, TREE_EXACT, node, size, tree);
			return;
		}
		consider(heap, best, node, size);
		if (first_turn(path) == 0 && links->child[1]) {
			right = links->child[1];
			ZEND_MM_EVENT(heap, TREE_RIGHT, right, right->word, tree);
		}
		bit--;
		ZEND_MM_EVENT(heap, TREE_TURN, node, bit, first_turn(path));
		node = links->child[first_turn(path)];
		path <<= 1;
	}
	search_beside(heap, best, right, size);
}

/* Tells a heap's observer what the search came to. */
static zend_always_inline void tell_found(const legacy_heap_t *heap, const block_t *node,
	size_t size, size_t tree)
{
	if (config_study && node) {
		ZEND_MM_EVENT(heap, TREE_TAKEN, block_ring(node)->next, node->word,
			zend_mm_highest_bit(node->word));
	} else {
		ZEND_MM_EVENT(heap, TREES_EMPTY, NULL, size, tree);
	}
}

block_t *zend_mm_legacy_trie_find(const legacy_heap_t *heap, size_t size)
{
	size_t tree = zend_mm_highest_bit(size);
	size_t trees = heap->large_bitmap >> tree;
	struct best best = { NULL, SIZE_MAX };

	if (idea_large(heap) != ZEND_MM_STUDY_TRIES) {
		return large_list_find(heap, size);
	}
	ZEND_MM_EVENT(heap, TREES_TEST, NULL, heap->large_bitmap, tree);
	if (trees & 1) {
		search_along(heap, &best, heap->trees[tree], size, tree);
	}
	trees &= ~(size_t) 1;
	if (!best.block && trees) {
		search_beside(heap, &best, heap->trees[tree + zend_mm_lowest_bit(trees)], size);
	}
	tell_found(heap, best.block, size, tree);
	/* compat: the node itself only where it is alone */
	return best.block ? block_ring(best.block)->next : NULL;
}

void zend_mm_legacy_trie_replace_node(legacy_heap_t *heap, block_t *block, block_t *successor)
{
	struct zend_mm_legacy_links *from = block_links(block);
	struct zend_mm_legacy_links *to = block_links(successor);

	trie_check_parent(heap, block);
	*from->parent = successor;
	ZEND_MM_EVENT(heap, TREE_REPLACED, successor, successor->word,
		zend_mm_highest_bit(block->word));
	to->parent = from->parent;
	for (int side = 0; side < 2; side++) {
		block_t *child = from->child[side];

		to->child[side] = child;
		if (child) {
			if (UNEXPECTED(block_links(child)->parent != &from->child[side])) {
				zend_mm_legacy_corrupted_parent(heap, child);
			}
			block_links(child)->parent = &to->child[side];
		}
	}
}

/* The place below a node that leads on to the leaf: child 1 where there is one. */
static zend_always_inline block_t **way_down(block_t *node)
{
	struct zend_mm_legacy_links *links = block_links(node);

	return &links->child[links->child[1] != NULL];
}

void zend_mm_legacy_trie_remove_inner_node(legacy_heap_t *heap, block_t *block)
{
	block_t **place = way_down(block);
	block_t **below;
	block_t *leaf;

	ZEND_MM_EVENT(heap, TREE_INNER_GONE, block, block->word, zend_mm_highest_bit(block->word));
	while (*(below = way_down(*place))) {
		place = below;
	}
	leaf = *place;
	trie_check_parent(heap, leaf);
	*place = NULL;
	zend_mm_legacy_trie_replace_node(heap, block, leaf);
}
