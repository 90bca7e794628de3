/* SPDX-License-Identifier: MIT */
/*
 * heap/legacy/trie.h - the large free blocks: one bitwise trie per power of two (see trie.c).
 */
#ifndef HEAP_LEGACY_TRIE_H
#define HEAP_LEGACY_TRIE_H

#include "heap/legacy/heap.h"

/* Puts a free block of a large size, its header set, into its tree. */
void zend_mm_legacy_trie_insert(legacy_heap_t *heap, block_t *block, size_t size);

/* The block that a request of a true size takes from the trees; still in its tree.  NULL where no
 * tree has one that the search finds. */
block_t *zend_mm_legacy_trie_find(const legacy_heap_t *heap, size_t size);

/* Takes a node that is alone in its ring out of its tree. */
void zend_mm_legacy_trie_remove_node(legacy_heap_t *heap, block_t *block, size_t size);

/* Gives a node's place in the tree, its parent and children, to another block. */
void zend_mm_legacy_trie_replace_node(legacy_heap_t *heap, block_t *block, block_t *successor);

#endif
