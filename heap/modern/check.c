/* SPDX-License-Identifier: MIT */
/*
 * heap/modern/check.c - the deep check: every invariant of a modern heap, from the ground up.
 *
 * A ladder: the circle of chunks (snapshot.c); each chunk's bitmap, map and counts; the cached
 * chunks; the bins' lists; the huge blocks; what stands beside both lists; the figures.  Each step
 * relies on those before it, and the first problem ends the check.
 */
#include "heap/circle.h"
#include "heap/modern/debug.h"
#include "heap/modern/pages.h"
#include "heap/modern/snapshot.h"
#include "storage/readable.h"
#include "storage/storage.h"

#include <errno.h>

/* What the chunks hold, for the figures. */
struct zend_mm_sums {
	size_t runs[ZEND_MM_BIN_COUNT];
	size_t large_bytes;
};

/* {{{ Runs: from a page on; 0 and the run's length, or 1. */

static int zend_mm_check_word(const struct zend_mm_snapshot *snapshot,
	const struct zend_mm_chunk *chunk, unsigned page, const char *reason, uint32_t expected)
{
	return zend_mm_problem_word(snapshot->problem, snapshot->heap, reason,
		zend_mm_page_address(chunk, page), &chunk->map[page], chunk->map[page], expected);
}

/* The same where nobody knows what it should be. */
static int zend_mm_check_odd_word(const struct zend_mm_snapshot *snapshot,
	const struct zend_mm_chunk *chunk, unsigned page, const char *reason)
{
	zend_mm_check_word(snapshot, chunk, page, reason, 0);
	return zend_mm_problem_bound(snapshot->problem, ZEND_MM_EXPECT_UNKNOWN);
}

static int zend_mm_check_large_run(const struct zend_mm_snapshot *snapshot,
	const struct zend_mm_chunk *chunk, unsigned page, unsigned *pages, struct zend_mm_sums *sums)
{
	uint32_t word = chunk->map[page];
	unsigned distance;

	*pages = zend_mm_word_pages(word);
	if (*pages == 0 || page + *pages > ZEND_MM_PAGES || word != zend_mm_large_word(*pages)) {
		return zend_mm_check_odd_word(snapshot, chunk, page,
			"a large run's map word has an impossible length");
	}
	for (distance = 1; distance < *pages; distance++) {
		if (chunk->map[page + distance] != 0) {
			return zend_mm_check_word(snapshot, chunk, page + distance,
				"the map has a run inside a large run", 0);
		}
	}
	sums->large_bytes += zend_mm_bytes_of_pages(*pages);
	return 0;
}

static int zend_mm_check_small_run(const struct zend_mm_snapshot *snapshot,
	const struct zend_mm_chunk *chunk, unsigned page, unsigned *pages, struct zend_mm_sums *sums)
{
	uint32_t word = chunk->map[page];
	unsigned bin = zend_mm_word_bin(word);
	unsigned distance;

	if (bin >= ZEND_MM_BIN_COUNT) {
		return zend_mm_check_odd_word(snapshot, chunk, page,
			"a bin's run has an impossible map word");
	}
	if (word != zend_mm_small_word(bin, 0)) {
		return zend_mm_check_word(snapshot, chunk, page, "a bin's run has an impossible map word",
			zend_mm_small_word(bin, 0));
	}
	*pages = zend_mm_bins[bin].pages;
	if (page + *pages > ZEND_MM_PAGES) {
		return zend_mm_check_odd_word(snapshot, chunk, page, "a bin's run leads out of its chunk");
	}
	for (distance = 1; distance < *pages; distance++) {
		if (chunk->map[page + distance] != zend_mm_small_later_word(bin, distance)) {
			return zend_mm_check_word(snapshot, chunk, page + distance,
				"a later page of a bin's run has another map word",
				zend_mm_small_later_word(bin, distance));
		}
	}
	sums->runs[bin]++;
	return 0;
}
/* }}} */

/* {{{ Chunks */

/* Compares the bitmap with what the map says of [page, page + pages). */
static int zend_mm_check_bits(const struct zend_mm_snapshot *snapshot,
	const struct zend_mm_chunk *chunk, unsigned page, unsigned pages, bool used)
{
	unsigned end = page + pages;

	for (; page < end; page++) {
		if (zend_mm_page_is_used(chunk, page) != used) {
			return zend_mm_problem_word(snapshot->problem, snapshot->heap, used ?
				"the bitmap says that a page of a run is free" :
				"the bitmap says that a page outside the runs is used",
				zend_mm_page_address(chunk, page), &chunk->used[page / 64],
				(size_t)chunk->used[page / 64],
				(size_t)(chunk->used[page / 64] ^ (UINT64_C(1) << (page % 64))));
		}
	}
	return 0;
}

/* Checks what begins at a page: a run, or a free page. */
static int zend_mm_check_page(const struct zend_mm_snapshot *snapshot,
	const struct zend_mm_chunk *chunk, unsigned page, unsigned *pages, struct zend_mm_sums *sums)
{
	uint32_t word = chunk->map[page];
	int found = 0;

	*pages = 1;
	if (zend_mm_word_is_small_first(word)) {
		found = zend_mm_check_small_run(snapshot, chunk, page, pages, sums);
	} else if (zend_mm_word_is_large(word)) {
		found = zend_mm_check_large_run(snapshot, chunk, page, pages, sums);
	} else if (word != 0) {
		return zend_mm_check_odd_word(snapshot, chunk, page, "a map word begins no run");
	}
	if (found != 0) {
		return found;
	}
	if (word != 0 && page >= chunk->free_tail) {
		zend_mm_problem_word(snapshot->problem, snapshot->heap,
			"a run begins in a chunk's free tail", zend_mm_page_address(chunk, page),
			&chunk->free_tail, chunk->free_tail, page + *pages);
		return zend_mm_problem_bound(snapshot->problem, ZEND_MM_EXPECT_AT_LEAST);
	}
	return zend_mm_check_bits(snapshot, chunk, page, *pages, word != 0);
}

static int zend_mm_check_chunk(const struct zend_mm_snapshot *snapshot,
	const struct zend_mm_chunk *chunk, struct zend_mm_sums *sums)
{
	const struct zend_mm_modern_heap *heap = snapshot->heap;
	struct zend_mm_sums header = { 0 };
	unsigned page = ZEND_MM_FIRST_PAGE;
	unsigned free_pages = 0;
	unsigned pages;

	if (zend_mm_check_page(snapshot, chunk, 0, &pages, &header) != 0) {
		return 1;
	}
	if (chunk->map[0] != zend_mm_large_word(ZEND_MM_FIRST_PAGE)) {
		return zend_mm_check_word(snapshot, chunk, 0, "a chunk's header has another map word",
			zend_mm_large_word(ZEND_MM_FIRST_PAGE));
	}
	if (chunk->free_tail > ZEND_MM_PAGES) {
		zend_mm_problem_word(snapshot->problem, heap, "a chunk's free tail is past its end",
			chunk, &chunk->free_tail, chunk->free_tail, ZEND_MM_PAGES);
		return zend_mm_problem_bound(snapshot->problem, ZEND_MM_EXPECT_AT_MOST);
	}
	while (page < ZEND_MM_PAGES) {
		bool is_free = chunk->map[page] == 0;

		if (zend_mm_check_page(snapshot, chunk, page, &pages, sums) != 0) {
			return 1;
		}
		free_pages += is_free ? pages : 0;
		page += pages;
	}
	if (free_pages != chunk->free_pages) {
		return zend_mm_problem_word(snapshot->problem, heap,
			"a chunk's count of free pages is wrong", chunk, &chunk->free_pages,
			chunk->free_pages, free_pages);
	}
	if (free_pages == ZEND_MM_ALL_PAGES && chunk != heap->main_chunk) {
		return zend_mm_problem_at(snapshot->problem, heap, "a chunk without runs is in the circle",
			chunk);
	}
	return 0;
}

static int zend_mm_check_chunks(const struct zend_mm_snapshot *snapshot, struct zend_mm_sums *sums)
{
	const struct zend_mm_chunk *chunk = snapshot->heap->main_chunk;

	do {
		if (zend_mm_check_chunk(snapshot, chunk, sums) != 0) {
			return 1;
		}
		chunk = chunk->next;
	} while (chunk != snapshot->heap->main_chunk);
	return 0;
}

static int zend_mm_check_cached(const struct zend_mm_snapshot *snapshot)
{
	const struct zend_mm_modern_heap *heap = snapshot->heap;
	const struct zend_mm_chunk *chunk = heap->cached_chunks;
	struct zend_mm_circle circle = ZEND_MM_NO_CIRCLE;
	const void *link = &heap->cached_chunks;
	const size_t *shadow;
	size_t expected;

	while (chunk != NULL) {
		const char *reason = NULL;

		if (zend_mm_chunk_offset(chunk) != 0 || !zend_mm_readable(chunk, sizeof(*chunk))) {
			reason = "the list of cached chunks leads nowhere";
		} else if (zend_mm_snapshot_marks(snapshot, chunk) != NULL) {
			reason = "a cached chunk is in the circle too";
		} else if (zend_mm_circle_closes(&circle, chunk)) {
			reason = "the list of cached chunks runs in a circle";
		}
		if (reason != NULL) {
			zend_mm_problem_word(snapshot->problem, heap, reason, link, link,
				(size_t)(uintptr_t)chunk, 0);
			return zend_mm_problem_bound(snapshot->problem, ZEND_MM_EXPECT_UNKNOWN);
		}
		shadow = zend_mm_cached_bad_shadow(heap, chunk, &expected);
		if (shadow != NULL) {
			return zend_mm_problem_word(snapshot->problem, heap,
				"a cached chunk's link does not agree with its shadow", chunk, shadow, *shadow,
				expected);
		}
		link = &chunk->next;
		chunk = zend_mm_cached_decode(heap, chunk);
	}
	if (circle.count != heap->cached_count) {
		return zend_mm_problem_word(snapshot->problem, heap,
			"the count of cached chunks is not the length of their list", heap,
			&heap->cached_count, heap->cached_count, circle.count);
	}
	return 0;
}
/* }}} */

/* {{{ Huge blocks: no two at one address. */

static int zend_mm_check_huge_addresses(const struct zend_mm_snapshot *snapshot)
{
	const struct zend_mm_huge_entry *entry;
	const void **table;
	size_t entries = 4;
	int found = 0;

	if (snapshot->huge_count < 2) {
		return 0;
	}
	while (entries < 2 * snapshot->huge_count) {
		entries *= 2;
	}
	table = zend_mm_scratch_alloc(entries * sizeof(*table));
	if (table == NULL) {
		errno = ENOMEM;
		return -1;
	}
	for (entry = snapshot->heap->huge_blocks; entry != NULL && found == 0; entry = entry->next) {
		size_t place = ((uintptr_t)entry->ptr / ZEND_MM_CHUNK_SIZE) & (entries - 1);

		while (table[place] != NULL && table[place] != entry->ptr) {
			place = (place + 1) & (entries - 1);
		}
		if (table[place] != NULL) {
			zend_mm_problem_word(snapshot->problem, snapshot->heap,
				"two entries of the list of huge blocks have one address", entry,
				&entry->ptr, (size_t)(uintptr_t)entry->ptr, 0);
			found = zend_mm_problem_bound(snapshot->problem, ZEND_MM_EXPECT_UNKNOWN);
		}
		table[place] = entry->ptr;
	}
	zend_mm_scratch_free(table, entries * sizeof(*table));
	return found;
}
/* }}} */

/* {{{ What stands beside the circle and the list of huge blocks, once they are long. */

static int zend_mm_check_beside(const struct zend_mm_snapshot *snapshot)
{
	struct zend_mm_beside_fault fault;

	if (zend_mm_order_is_sound(snapshot->heap, &fault) &&
		zend_mm_huge_places_are_sound(snapshot->heap, &fault)) {
		return 0;
	}
	zend_mm_problem_word(snapshot->problem, snapshot->heap, fault.reason, snapshot->heap,
		fault.word, fault.found, 0);
	return zend_mm_problem_bound(snapshot->problem, ZEND_MM_EXPECT_UNKNOWN);
}
/* }}} */

/* {{{ The heap structure */

static bool zend_mm_is_storage_type(const struct zend_mm_storage_type *type)
{
	const struct zend_mm_storage_type *known;
	size_t i;

	for (i = 0; (known = zend_mm_storage_type_at(i)) != NULL; i++) {
		if (known == type) {
			return true;
		}
	}
	return false;
}

static int zend_mm_check_flags(const struct zend_mm_modern_heap *heap, zend_mm_problem *problem)
{
	const bool *bad = zend_mm_flag_is_damaged(&heap->huge_pages) ? &heap->huge_pages : NULL;

	ZEND_MM_HARDENED_ONLY(bad = bad ? bad : zend_mm_hardening_bad_flag(&heap->hardening);)
	if (bad == NULL) {
		return 0;
	}
	zend_mm_problem_at(problem, heap, "a flag of the heap is neither on nor off", heap);
	zend_mm_problem_set_flag(problem, bad);
	return 1;
}

static int zend_mm_check_structure(const struct zend_mm_modern_heap *heap,
	zend_mm_problem *problem)
{
	unsigned bin;

	if (zend_mm_check_flags(heap, problem) != 0) {
		return 1;
	}
	for (bin = 0; bin < ZEND_MM_BIN_COUNT; bin++) {
		if (heap->bin_sizes[bin] != zend_mm_bin_size(bin)) {
			return zend_mm_problem_word(problem, heap, "the heap's table of bin sizes is wrong",
				heap, &heap->bin_sizes[bin], heap->bin_sizes[bin], zend_mm_bin_size(bin));
		}
	}
	if (heap->type != NULL && !zend_mm_is_storage_type(heap->type)) {
		zend_mm_problem_word(problem, heap, "the heap's storage type is none that there is", heap,
			&heap->type, (size_t)(uintptr_t)heap->type, 0);
		return zend_mm_problem_bound(problem, ZEND_MM_EXPECT_UNKNOWN);
	}
	if (!(heap->average_chunks >= 1.0)) {
		return zend_mm_problem_at(problem, heap, "the average number of chunks is below 1", heap);
	}
	return 0;
}
/* }}} */

/* {{{ Figures */

static int zend_mm_check_figure(const struct zend_mm_snapshot *snapshot, const char *reason,
	const size_t *figure, size_t expected)
{
	if (*figure == expected) {
		return 0;
	}
	return zend_mm_problem_word(snapshot->problem, snapshot->heap, reason, snapshot->heap, figure,
		*figure, expected);
}

static int zend_mm_check_figures(const struct zend_mm_snapshot *snapshot,
	const struct zend_mm_sums *sums)
{
	const struct zend_mm_modern_heap *heap = snapshot->heap;
	size_t chunks = heap->chunks + heap->cached_count;
	size_t size = heap->lost + sums->large_bytes + snapshot->huge_bytes -
		zend_mm_bytes_of_pages(heap->data_pages);
	unsigned bin;

	for (bin = 0; bin < ZEND_MM_BIN_COUNT; bin++) {
		size_t slots = sums->runs[bin] * zend_mm_bins[bin].elements;

		size += (slots - snapshot->free_slots[bin]) * zend_mm_bin_size(bin);
	}
	if (zend_mm_check_figure(snapshot, "real_size is not the bytes of chunks and huge blocks",
	    &heap->head.real_size, chunks * ZEND_MM_CHUNK_SIZE + snapshot->huge_bytes) != 0 ||
	    (heap->head.peak < heap->head.below_peak &&
	    zend_mm_check_figure(snapshot, "size is further below the peak than that is high",
	    &heap->head.below_peak, heap->head.peak - size) != 0) ||
	    zend_mm_check_figure(snapshot, "size is not the bytes of the blocks handed out",
	    &heap->head.below_peak, heap->head.peak - size) != 0) {
		return 1;
	}
	if (heap->head.real_peak < heap->head.real_size) {
		zend_mm_check_figure(snapshot, "real_peak is below real_size",
			&heap->head.real_peak, heap->head.real_size);
		return zend_mm_problem_bound(snapshot->problem, ZEND_MM_EXPECT_AT_LEAST);
	}
	if (heap->peak_chunks < heap->chunks) {
		zend_mm_check_figure(snapshot, "the peak of chunks is below their count",
			&heap->peak_chunks, heap->chunks);
		return zend_mm_problem_bound(snapshot->problem, ZEND_MM_EXPECT_AT_LEAST);
	}
	return 0;
}
/* }}} */

int zend_mm_modern_check(zend_mm_heap *base, zend_mm_problem *problem)
{
	struct zend_mm_snapshot snapshot;
	struct zend_mm_sums sums = { 0 };
	int found = zend_mm_check_structure(zend_mm_modern(base), problem);

	if (found == 0) {
		found = zend_mm_snapshot_open(&snapshot, zend_mm_modern(base), problem);
	}
	if (found != 0) {
		return found;
	}
	found = zend_mm_check_chunks(&snapshot, &sums);
	if (found == 0) {
		found = zend_mm_check_cached(&snapshot);
	}
	if (found == 0) {
		found = zend_mm_snapshot_mark_free(&snapshot);
	}
	if (found == 0) {
		found = zend_mm_snapshot_mark_entries(&snapshot);
	}
	if (found == 0) {
		found = zend_mm_check_huge_addresses(&snapshot);
	}
	if (found == 0) {
		found = zend_mm_check_beside(&snapshot);
	}
	if (found == 0) {
		found = zend_mm_check_figures(&snapshot, &sums);
	}
	zend_mm_snapshot_close(&snapshot);
	if (config_debug && found == 0) {
		found = zend_mm_modern_debug_check_all(zend_mm_modern(base), problem);
	}
	return found;
}
