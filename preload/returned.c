/* SPDX-License-Identifier: MIT */
/*
 * preload/returned.c - blocks that come home: the queue between the threads that free blocks of
 * others and the owners of these blocks.
 *
 * The queue is a stack of freed blocks, linked through their data.  Any thread pushes, by
 * compare-and-swap; the owner takes the whole stack at once, by exchange, so that no block is ever
 * taken out while another thread looks at it.
 *
 * Also here: what a thread may read about a block of another thread's heap.
 */
#include <errno.h>
#include <sys/mman.h>

#include "interface/interface.h"
#include "preload/home.h"
#include "preload/request.h"

/* From this size on a block's pages go back to the system at once, and the block alone waits: its
 * owner may sleep for long.  Below, the next page fault would cost more than it brings. */
static const size_t release_from = ZEND_MM_UNIT;

/* While a home is an orphan, every so many blocks that come home are freed by who brings them. */
static const unsigned orphan_patience = 64;

/* {{{ What other threads read. */

/* A used block's size word is written when the block is handed out, resized, split or freed: by the
 * program's thread that has the block, or with its leave.  What happens to the blocks beside it
 * changes `before` alone. */
static size_t legacy_usable_size(const void *ptr)
{
	const block_t *block = block_of(ptr);

	if (legacy_keeps_requested) {
		return *block_requested(block);
	}
	return block_size(block) - ZEND_MM_LEGACY_OVERHEAD;
}

/* A used run's map words keep kind, bin and pages for as long as it has a used slot; a collection
 * counts in the other bits of the same word, so it is read whole, once. */
static size_t modern_usable_size(const void *ptr)
{
	const struct zend_mm_chunk *chunk = zend_mm_chunk_of(ptr);
	uint32_t word;

	if (zend_mm_chunk_offset(ptr) == 0) {
		return zend_mm_region_size(ptr);
	}
	word = __atomic_load_n(&chunk->map[zend_mm_page_of(ptr)], __ATOMIC_RELAXED);
	return zend_mm_word_is_small(word) ? zend_mm_bin_size(zend_mm_word_bin(word)) :
		zend_mm_bytes_of_pages(zend_mm_word_pages(word));
}

/* Layers over a heap and debug builds of the modern one keep what was requested, and are asked;
 * that may read what the owner changes meanwhile.  compat: a legacy heap's own answer would count
 * the block's header. */
size_t zend_mm_usable_size(const struct zend_mm_home *home, void *ptr)
{
	zend_mm_heap *heap = home->heap;

	if (UNEXPECTED(heap->kind == ZEND_MM_KIND_OTHER) &&
		(heap->mode != ZEND_MM_LEGACY || heap->layers[ZEND_MM_LAYER_GUARDED])) {
		return heap->verbs->block_size(heap, ptr);
	}
	return heap->mode == ZEND_MM_LEGACY ? legacy_usable_size(ptr) : modern_usable_size(ptr);
}

/* }}} */
/* {{{ Pushing. */

/* Gives the pages within a block back to the system, but for the one that gets the link. */
static void release_pages(const struct zend_mm_home *home, char *data)
{
	size_t size = zend_mm_usable_size(home, data);
	uintptr_t page = zend_mm_page_size();
	uintptr_t from = ((uintptr_t)data + sizeof(struct zend_mm_returned_block) + page - 1) &
		~(page - 1);
	uintptr_t to = ((uintptr_t)data + size) & ~(page - 1);

	if (size >= release_from && from < to) {
		int saved_errno = errno;

		madvise((void *)from, to - from, MADV_DONTNEED);
		errno = saved_errno;
	}
}

static void push(struct zend_mm_home *home, struct zend_mm_returned_block *block)
{
	block->next = atomic_load_explicit(&home->returned, memory_order_relaxed);
	while (!atomic_compare_exchange_weak_explicit(&home->returned, &block->next, block,
			memory_order_release, memory_order_relaxed)) {
	}
}

/* An orphan's owner is the lock. */
static ZEND_MM_COLD void tidy_orphan(struct zend_mm_home *home)
{
	zend_mm_orphans_lock();
	if (atomic_load_explicit(&home->orphan, memory_order_relaxed)) {
		zend_mm_look_at_returned(home);
	}
	zend_mm_orphans_unlock();
}

/* A guarded heap has a lock of its own, and writes nothing into blocks that nobody has judged. */
void zend_mm_return_block(struct zend_mm_home *home, void *ptr)
{
	if (UNEXPECTED(home->heap->layers[ZEND_MM_LAYER_GUARDED] != NULL)) {
		home->heap->verbs->free(home->heap, ptr);
		return;
	}
	release_pages(home, ptr);
	push(home, ptr);
	if (UNEXPECTED(atomic_load_explicit(&home->orphan, memory_order_acquire)) &&
		atomic_fetch_add_explicit(&home->orphan_returns, 1, memory_order_relaxed) %
			orphan_patience == orphan_patience - 1) {
		tidy_orphan(home);
	}
}

/* }}} */

void zend_mm_take_returned(struct zend_mm_home *home)
{
	struct zend_mm_returned_block *block = atomic_exchange_explicit(&home->returned, NULL,
		memory_order_acquire);

	while (block) {
		struct zend_mm_returned_block *next = block->next;

		zend_mm_dispatch_free(home->heap, block);
		block = next;
	}
}
