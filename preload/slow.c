/* SPDX-License-Identifier: MIT */
/*
 * preload/slow.c - the slow halves of the malloc family: everything that fast.h leaves over.
 *
 * The owner of a home looks here, and only here, whether blocks have come home: whenever a list of
 * its heap is empty, a block is not small, or a cache is full.
 *
 * errno stays as it was where a request succeeds: what calls the system (storage.c, homes.c) keeps
 * it. ENOMEM says why a request did not succeed.
 */
#include <errno.h>

#include "heap/guarded/guarded.h"
#include "preload/bootstrap.h"
#include "preload/claims.h"
#include "preload/fast.h"
#include "preload/foreign.h"
#include "preload/settings.h"

/* {{{ Around each request of a heap. */

/* Under --stats every request comes to the slow halves, and is counted in the home of the thread
 * that makes it. */
static void count(enum zend_mm_done kind)
{
	struct zend_mm_home *home = zend_mm_thread.home;

	if (UNEXPECTED(zend_mm_settings.stats) && home && home->heap) {
		zend_mm_figure_add(&home->figures.done[kind], 1);
	}
}

static ZEND_MM_COLD void *enomem(void)
{
	errno = ENOMEM;
	return NULL;
}

/* What a heap says to a request: aligned to more than 16 where alignment says so.  Heaps that mark
 * the ends of blocks are told what was asked for, and round by themselves. */
static zend_always_inline void *ask(zend_mm_heap *heap, size_t alignment, size_t size)
{
	size_t rounded = zend_mm_round_request(heap, size);

	if (heap->layers[ZEND_MM_LAYER_HARDENED] && !heap->layers[ZEND_MM_LAYER_GUARDED]) {
		return heap->verbs->alloc_aligned(heap, alignment > ZEND_MM_ALIGNMENT ? alignment :
			ZEND_MM_ALIGNMENT, size);
	}
	return alignment <= ZEND_MM_ALIGNMENT ? zend_mm_dispatch_alloc(heap, rounded) :
		heap->verbs->alloc_aligned(heap, alignment, rounded);
}

/* Counts a request, and whether a list could serve it: then it is served. */
static ZEND_MM_COLD void *counted_request(zend_mm_heap *heap, size_t alignment, size_t size)
{
	void *data = NULL;

	count(ZEND_MM_DONE_REQUESTS);
	if (alignment <= ZEND_MM_ALIGNMENT && heap->kind != ZEND_MM_KIND_OTHER) {
		data = zend_mm_take_listed(heap, size);
	}
	if (data) {
		count(ZEND_MM_DONE_HITS);
	}
	return data;
}

/* A request of the home's owner. */
static zend_always_inline void *request(struct zend_mm_home *home, size_t alignment, size_t size)
{
	zend_mm_look_at_returned(home);
	if (UNEXPECTED(zend_mm_settings.stats)) {
		void *data = counted_request(home->heap, alignment, size);

		if (data) {
			return data;
		}
	}
	return ask(home->heap, alignment, size);
}

/* A request of a thread without a home: an orphan serves those of a thread that is past its end. */
static ZEND_MM_COLD void *request_without_home(size_t alignment, size_t size)
{
	struct zend_mm_home *home;
	void *data = NULL;

	if (zend_mm_home_too_early()) {
		return zend_mm_bootstrap_alloc(size, alignment);
	}
	if (zend_mm_thread.home != &zend_mm_home_departed) {
		return NULL;
	}
	zend_mm_orphans_lock();
	home = zend_mm_orphan_for_use();
	if (home) {
		data = request(home, alignment, size);
	}
	zend_mm_orphans_unlock();
	return data;
}

static zend_always_inline void *aligned_request(size_t alignment, size_t size)
{
	struct zend_mm_home *home;
	void *data;

	if (UNEXPECTED(size > ZEND_MM_REQUEST_MAX)
			|| UNEXPECTED(alignment > ZEND_MM_REQUEST_MAX - size)) {
		return enomem();
	}
	home = zend_mm_home_here();
	data = EXPECTED(home != NULL) ? request(home, alignment, size) :
		request_without_home(alignment, size);
	return EXPECTED(data != NULL) ? data : enomem();
}

/* }}} */

void *zend_mm_preload_malloc_slow(size_t size)
{
	return aligned_request(1, size);
}

void *zend_mm_preload_aligned(size_t alignment, size_t size)
{
	return aligned_request(alignment, size);
}

/* Guarded heaps want to know who handed a block out. */
void *zend_mm_preload_new_slow(size_t size, size_t alignment, enum zend_mm_family family)
{
	void *data = aligned_request(alignment, size);

	if (UNEXPECTED(zend_mm_settings.strict)) {
		zend_mm_preload_label(data, family);
	}
	return data;
}

void zend_mm_preload_label(const void *data, enum zend_mm_family family)
{
	const struct zend_mm_home *home = data ? zend_mm_home_of(data) : NULL;

	if (home && home->heap->layers[ZEND_MM_LAYER_GUARDED]) {
		zend_mm_guard_label(home->heap, data, family);
	}
}

/* {{{ calloc */

/* From this size on it is worth asking whether the memory is zeroed already. */
static const size_t zeroed_from = 8 * 1024;

/* Whether a block of this thread's heap lies in a region that was mapped for it just now.  Nothing
 * of the block has been written then: a legacy heap writes before and behind it, a modern one into
 * the chunk's header. */
static bool is_fresh(const struct zend_mm_home *home, const void *data, size_t size)
{
	return home->fresh && !zend_mm_settings.strict && size >= zeroed_from &&
		(uintptr_t)data - (uintptr_t)home->fresh < home->fresh_size;
}

void *zend_mm_preload_calloc_slow(size_t size)
{
	struct zend_mm_home *home = zend_mm_home_here();
	void *data;

	if (home) {
		home->fresh = NULL;
	}
	data = aligned_request(1, size);
	if (data && !(home && is_fresh(home, data, size))) {
		memset(data, 0, size);
	}
	return data;
}

/* }}} */
/* {{{ free */

/* A pointer that is no block of any home, or cannot be one of its home.  Heaps that judge pointers
 * say more about it: that it was freed before, what block it points into, who frees it. */
static void stranger(const char *function, void *ptr, const struct zend_mm_home *home)
{
	if (zend_mm_settings.judges && zend_mm_settings.foreign == ZEND_MM_FOREIGN_ABORT) {
		const struct zend_mm_home *judge = home ? home : zend_mm_home_here();

		if (judge) {
			if (!home) {
				zend_mm_foreign_describe(function, ptr, home, "aborting");
			}
			judge->heap->verbs->free(judge->heap, ptr);
		}
	}
	zend_mm_foreign_pointer(function, ptr, home);
}

static void free_own(struct zend_mm_home *home, void *ptr)
{
	zend_mm_heap *heap = home->heap;

	zend_mm_look_at_returned(home);
	if (EXPECTED(heap->kind == ZEND_MM_KIND_LEGACY)) {
		zend_mm_legacy_free_slow(ptr, heap); /* the fast half has been tried */
	} else {
		zend_mm_dispatch_free(heap, ptr);
	}
}

void zend_mm_preload_free_slow(void *ptr)
{
	struct zend_mm_home *home;

	if (!ptr) {
		return;
	}
	home = zend_mm_home_of(ptr);
	if (UNEXPECTED(!home) || UNEXPECTED((uintptr_t)ptr & (ZEND_MM_ALIGNMENT - 1))) {
		if (!zend_mm_bootstrap_has(ptr)) {
			stranger("free", ptr, home);
		}
		return;
	}
	count(ZEND_MM_DONE_FREES);
	if (home == zend_mm_thread.home) {
		free_own(home, ptr);
	} else {
		count(ZEND_MM_DONE_RETURNS);
		zend_mm_return_block(home, ptr);
	}
}

void zend_mm_preload_free_own(void *ptr)
{
	if (EXPECTED(zend_mm_thread.legacy != NULL) || zend_mm_thread.modern != NULL) {
		free_own(zend_mm_thread.home, ptr);
	} else {
		zend_mm_preload_free_slow(ptr); /* no home yet, or requests are counted */
	}
}

/* What a program says about a block. */
static struct zend_mm_claim claim_of(size_t size, size_t alignment, unsigned said)
{
	return (struct zend_mm_claim){
		.family = (enum zend_mm_family)(said % ZEND_MM_SAYS_SIZE),
		.sized = said & ZEND_MM_SAYS_SIZE, .size = said & ZEND_MM_SAYS_SIZE ? size : 0,
		.aligned = said & ZEND_MM_SAYS_ALIGNMENT, .alignment = alignment
	};
}

void zend_mm_preload_free_slow_as(void *ptr, size_t size, size_t alignment, unsigned said)
{
	static const char *const names[] = { "free", "operator delete", "operator delete[]" };
	struct zend_mm_home *home = ptr ? zend_mm_home_of(ptr) : NULL;
	struct zend_mm_claim claim = claim_of(size, alignment, said);

	if (!home || !zend_mm_is_aligned(ptr)) {
		if (ptr && !zend_mm_bootstrap_has(ptr)) {
			stranger(names[claim.family], ptr, home);
		}
	} else if (home->heap->layers[ZEND_MM_LAYER_GUARDED]) {
		count(ZEND_MM_DONE_FREES);
		zend_mm_guard_free_as(home->heap, ptr, &claim);
	} else {
		if (zend_mm_settings.sizes) {
			zend_mm_claim_judge(home, ptr, &claim);
		}
		zend_mm_preload_free_slow(ptr);
	}
}

/* Plain heaps in release builds believe what is said. */
void zend_mm_preload_free_own_as(void *ptr, size_t size, size_t alignment, unsigned said)
{
	if (!config_debug && !legacy_keeps_requested &&
		(EXPECTED(zend_mm_thread.legacy != NULL) || zend_mm_thread.modern != NULL)) {
		free_own(zend_mm_thread.home, ptr);
	} else {
		zend_mm_preload_free_slow_as(ptr, size, alignment, said);
	}
}

/* }}} */
/* {{{ realloc */

static size_t least(size_t a, size_t b)
{
	return a < b ? a : b;
}

/* A block that this thread's heap cannot resize: a new one gets what fits.  The old one is still to
 * be freed. */
static void *copy_to_new(const void *ptr, size_t old_size, size_t size)
{
	void *data = zend_mm_preload_malloc(size);

	if (data) {
		memcpy(data, ptr, least(old_size, size));
	}
	return data;
}

/* Stays where it is as long as at most half of the block is wasted, unless it is known how many
 * bytes were asked for: only the heap's owner could note that they are others now. */
static void *resize_others(struct zend_mm_home *home, void *ptr, size_t size)
{
	size_t old_size = zend_mm_usable_size(home, ptr);
	void *data;

	if (!zend_mm_settings.strict && !zend_mm_settings.sizes && size <= old_size &&
		size >= old_size / 2) {
		return ptr;
	}
	data = copy_to_new(ptr, old_size, size);
	if (data) {
		zend_mm_return_block(home, ptr);
	}
	return data;
}

/* Whether a block of the heap is what a request of size bytes would get, so that nothing changes.
 */
static zend_always_inline bool fits_as_it_is(const zend_mm_heap *heap, const void *ptr,
	size_t size)
{
	if (heap->kind == ZEND_MM_KIND_LEGACY) {
		size_t left = legacy_plain ? block_size(block_of(ptr)) -
			legacy_true_size(zend_mm_round_legacy(size)) : SIZE_MAX;

		return left < legacy_smallest_block;
	}
	if (heap->kind == ZEND_MM_KIND_MODERN && zend_mm_page_of(ptr) != 0) {
		uint32_t word = zend_mm_chunk_of(ptr)->map[zend_mm_page_of(ptr)];

		return zend_mm_word_is_small(word) && size <= ZEND_MM_MAX_SMALL_SIZE &&
			zend_mm_word_bin(word) == zend_mm_bin_of_request(size);
	}
	return false;
}

static zend_always_inline void *resize_own(struct zend_mm_home *home, void *ptr, size_t size)
{
	zend_mm_heap *heap = home->heap;
	void *data;

	if (fits_as_it_is(heap, ptr, size)) {
		return ptr;
	}
	zend_mm_look_at_returned(home);
	data = heap->verbs->realloc(heap, ptr, zend_mm_round_request(heap, size), SIZE_MAX);
	return EXPECTED(data != NULL) ? data : enomem();
}

static void *resize_foreign(void *ptr, size_t size, const struct zend_mm_home *home)
{
	if (zend_mm_bootstrap_has(ptr)) {
		return copy_to_new(ptr, zend_mm_bootstrap_size(ptr), size);
	}
	stranger("realloc", ptr, home);
	errno = EINVAL;
	return NULL;
}

void *zend_mm_preload_resize(void *ptr, size_t size)
{
	struct zend_mm_home *home;

	if (UNEXPECTED(size == 0)) {
		zend_mm_preload_free(ptr);
		return NULL;
	}
	if (UNEXPECTED(size > ZEND_MM_REQUEST_MAX)) {
		return enomem();
	}
	home = zend_mm_home_of(ptr);
	if (UNEXPECTED(!home) || UNEXPECTED((uintptr_t)ptr & (ZEND_MM_ALIGNMENT - 1))) {
		return resize_foreign(ptr, size, home);
	}
	count(ZEND_MM_DONE_RESIZES);
	return EXPECTED(home == zend_mm_thread.home) ? resize_own(home, ptr, size) :
		resize_others(home, ptr, size);
}

/* }}} */

size_t zend_mm_preload_usable_size(void *ptr)
{
	const struct zend_mm_home *home;

	if (!ptr) {
		return 0;
	}
	home = zend_mm_home_of(ptr);
	if (UNEXPECTED(!home) || UNEXPECTED((uintptr_t)ptr & (ZEND_MM_ALIGNMENT - 1))) {
		if (zend_mm_bootstrap_has(ptr)) {
			return zend_mm_bootstrap_size(ptr);
		}
		stranger("malloc_usable_size", ptr, home);
		return 0;
	}
	if (UNEXPECTED(home->heap->kind == ZEND_MM_KIND_OTHER) && home == zend_mm_thread.home) {
		home->heap->verbs->block_size(home->heap, ptr); /* judges it, where the heap does that */
	}
	return zend_mm_usable_size(home, ptr);
}
