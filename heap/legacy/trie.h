/* SPDX-License-Identifier: MIT */
/*
 * heap/legacy/trie.h - the large free blocks: one bitwise trie per power of two (see trie.c).
 */
#ifndef HEAP_LEGACY_TRIE_H
#define HEAP_LEGACY_TRIE_H

#include "heap/legacy/corruption.h"
#include "heap/legacy/heap.h"

/* The pointer that points at a node has to do so. */
static zend_always_inline void trie_check_parent(legacy_heap_t *heap, block_t *block)
{
	check_parent(heap, block);
	if (UNEXPECTED(*block_links(block)->parent != block)) {
		zend_mm_legacy_corrupted_parent(heap, block);
	}
}

/* Makes a block the node that a pointer of the tree points at, alone in its ring. */
static zend_always_inline void trie_become_node(block_t *block, block_t **place)
{
	struct zend_mm_legacy_links *links = block_links(block);

	*place = block;
	links->ring.prev = links->ring.next = block;
	links->parent = place;
	links->child[0] = links->child[1] = NULL;
}

/* Whether a node has no children and is alone in its ring, which is whole then.  Asked for short
 * ways, which a heap under study does not take. */
static zend_always_inline bool trie_is_lone_leaf(const block_t *block)
{
	const struct zend_mm_legacy_links *links = block_links(block);

	return config_short_ways && links->ring.prev == block && links->ring.next == block
		&& !((uintptr_t) links->child[0] | (uintptr_t) links->child[1]);
}

/* The size of the smallest block that a tree can have. */
static inline size_t trie_least(size_t tree)
{
	size_t power = (size_t) 1 << tree;

	return power > legacy_small_limit ? power : legacy_small_limit;
}

/* Whether a tree's root is its only block.  Its links are checked on the way; where one is wrong,
 * the answer is no, and taking the block out of its tree will find out.  True most often of what is
 * left of the newest segment. */
static zend_always_inline bool trie_is_only(const block_t *root)
{
	return *block_links(root)->parent == root && trie_is_lone_leaf(root);
}

/* Whether a tree's root is its only block, and a block of a smaller size would be so in its
 * place. */
static zend_always_inline bool trie_only_shrinks(const legacy_heap_t *heap, const block_t *root,
	size_t tree, size_t size)
{
	/* signed: less than nothing may be left */
	return config_short_ways && (ptrdiff_t) size >= (ptrdiff_t) heap->tree_least[tree]
		&& trie_is_only(root);
}

/* The same for a large free block that may be anywhere, and for any size. */
static zend_always_inline bool trie_listed_becomes(const legacy_heap_t *heap,
	const block_t *block, size_t size)
{
	size_t tree = zend_mm_highest_bit(block->word);

	return config_short_ways && heap->trees[tree] == block && size >= legacy_small_limit
		&& size >> tree == 1 && trie_is_only(block);
}

/* Whether a node is a tree's root, and a block of a greater size would be in the same tree. */
static zend_always_inline bool trie_is_root_and_grows(const legacy_heap_t *heap,
	const block_t *block, size_t size)
{
	return (size ^ block->word) < block->word
		&& heap->trees[zend_mm_highest_bit(block->word)] == block;
}

/* Puts a free block of a large size, its header set, into its tree. */
void zend_mm_legacy_trie_insert(legacy_heap_t *heap, block_t *block, size_t size);

/* The block that a request of a true size takes from the trees; still in its tree.  NULL where no
 * tree has one that the search finds. */
block_t *zend_mm_legacy_trie_find(const legacy_heap_t *heap, size_t size);

/* Takes a node that is alone in its ring, and has a child, out of its tree. */
void zend_mm_legacy_trie_remove_inner_node(legacy_heap_t *heap, block_t *block);

/* Takes a node without children, alone in its ring, out of its tree. */
static zend_always_inline void trie_remove_lone_leaf(legacy_heap_t *heap, block_t *block,
	size_t size)
{
	struct zend_mm_legacy_links *links = block_links(block);
	size_t tree = zend_mm_highest_bit(size);

	trie_check_parent(heap, block);
	*links->parent = NULL;
	ZEND_MM_EVENT(heap, TREE_LEAF_GONE, block, size, tree);
	if (links->parent == &heap->trees[tree]) {
		heap->large_bitmap &= ~((size_t) 1 << tree);
	}
}

/* Gives a node's place in the tree, its parent and children, to another block. */
void zend_mm_legacy_trie_replace_node(legacy_heap_t *heap, block_t *block, block_t *successor);

#endif
