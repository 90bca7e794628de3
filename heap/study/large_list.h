/* SPDX-License-Identifier: MIT */
/*
 * heap/study/large_list.h - the large free blocks of a legacy heap under study in one list, as
 * before there were trees (March 2007): new blocks at the front, searched from there.
 *
 * The list is a ring around the sentinel `large`; its members have no parent link, so that taking
 * one out is what it is for a member of a tree's ring. In the library's heaps there is no such
 * list, and nothing of this is called.
 *
 * For trie.c, check_lists.c and walk.c of the legacy heap.
 */
#ifndef HEAP_STUDY_LARGE_LIST_H
#define HEAP_STUDY_LARGE_LIST_H

#include "heap/legacy/ideas.h"

#if ZEND_MM_STUDY
static inline const struct zend_mm_legacy_ring *large_list(const legacy_heap_t *heap)
{
	return &heap->large;
}

/* Puts a large free block, its header set, at the front of the list. */
static inline void large_list_insert(legacy_heap_t *heap, block_t *block)
{
	block_links(block)->parent = NULL;
	block_ring(block)->prev = ring_sentinel(&heap->large);
	block_ring(block)->next = heap->large.next;
	block_ring(heap->large.next)->prev = block;
	heap->large.next = block;
}

/* The first block of size bytes; otherwise the first of the smallest ones that are enough, or, for
 * first fit, the first that is enough at all. Still in the list; NULL where there is none. */
static inline block_t *large_list_find(const legacy_heap_t *heap, size_t size)
{
	block_t *best = NULL;
	size_t seen = 0;

	for (block_t *block = heap->large.next; block != ring_sentinel(&heap->large);
			block = block_ring(block)->next) {
		seen++;
		if (block->word >= size && (!best || block->word < best->word)) {
			best = block;
			if (block->word == size || idea_large(heap) == ZEND_MM_STUDY_LIST_FIRST_FIT) {
				break;
			}
		}
	}
	ZEND_MM_EVENT(heap, LIST_SEARCH, best, size, seen);
	return best;
}
#else
static inline const struct zend_mm_legacy_ring *large_list(const legacy_heap_t *heap)
{
	return &heap->rest;
}

static inline void large_list_insert(legacy_heap_t *heap, block_t *block)
{
	(void) heap;
	(void) block;
}

static inline block_t *large_list_find(const legacy_heap_t *heap, size_t size)
{
	(void) heap;
	(void) size;
	return NULL;
}
#endif

#endif
