/* SPDX-License-Identifier: MIT */
/*
 * heap/modern/snapshot.c - marks the free slots and the heap's own ones.
 *
 * Called by walk.c and check.c.  Reads a chunk only after it was found in the circle, reads the
 * circle only where the system says that it can be read, and follows no list further than the heap
 * has slots.
 */
#include "heap/modern/snapshot.h"
#include "storage/readable.h"
#include "storage/storage.h"

#include <errno.h>

int zend_mm_problem_at(zend_mm_problem *problem, const struct zend_mm_modern_heap *heap,
	const char *reason, const void *address)
{
	*problem = (zend_mm_problem) {
		.heap = (zend_mm_heap *)&heap->head,
		.reason = reason,
		.address = address
	};
	return 1;
}

int zend_mm_problem_word(zend_mm_problem *problem, const struct zend_mm_modern_heap *heap,
	const char *reason, const void *address, const void *word, size_t found, size_t expected)
{
	zend_mm_problem_at(problem, heap, reason, address);
	problem->word = word;
	problem->found = found;
	problem->expected = expected;
	problem->expectation = ZEND_MM_EXPECT_EXACTLY;
	return 1;
}

int zend_mm_problem_bound(zend_mm_problem *problem, zend_mm_expectation expectation)
{
	problem->expectation = expectation;
	if (expectation == ZEND_MM_EXPECT_UNKNOWN) {
		problem->expected = 0;
	}
	return 1;
}

/* {{{ The table of chunks */

static size_t zend_mm_table_slot(const struct zend_mm_snapshot *snapshot,
	const struct zend_mm_chunk *chunk)
{
	size_t slot = ((uintptr_t)chunk / ZEND_MM_CHUNK_SIZE) & snapshot->table_mask;

	while (snapshot->keys[slot] != NULL && snapshot->keys[slot] != chunk) {
		slot = (slot + 1) & snapshot->table_mask;
	}
	return slot;
}

struct zend_mm_chunk_marks *zend_mm_snapshot_marks(const struct zend_mm_snapshot *snapshot,
	const struct zend_mm_chunk *chunk)
{
	size_t slot = zend_mm_table_slot(snapshot, chunk);

	return snapshot->keys[slot] == NULL ? NULL : &snapshot->marks[snapshot->positions[slot]];
}

/* The scratch memory: keys, positions, marks. */
static int zend_mm_snapshot_allocate(struct zend_mm_snapshot *snapshot, size_t chunks)
{
	size_t entries = 4;
	size_t table_size;

	while (entries < 2 * chunks) {
		entries *= 2;
	}
	table_size = entries * (sizeof(*snapshot->keys) + sizeof(*snapshot->positions));
	table_size = (table_size + 63) & ~(size_t)63;
	snapshot->scratch_size = table_size + chunks * sizeof(struct zend_mm_chunk_marks);
	snapshot->scratch = zend_mm_scratch_alloc(snapshot->scratch_size);
	if (snapshot->scratch == NULL) {
		errno = ENOMEM;
		return -1;
	}
	snapshot->table_mask = entries - 1;
	snapshot->keys = snapshot->scratch;
	snapshot->positions = (uint32_t *)(snapshot->keys + entries);
	snapshot->marks = (struct zend_mm_chunk_marks *)((char *)snapshot->scratch + table_size);
	return 0;
}

static void zend_mm_snapshot_fill_table(struct zend_mm_snapshot *snapshot)
{
	const struct zend_mm_chunk *chunk = snapshot->heap->main_chunk;
	uint32_t position = 0;

	do {
		size_t slot = zend_mm_table_slot(snapshot, chunk);

		snapshot->keys[slot] = chunk;
		snapshot->positions[slot] = position++;
		chunk = chunk->next;
	} while (chunk != snapshot->heap->main_chunk);
}
/* }}} */

/* {{{ The circle */

/* The chunk that names this one as the one before it, by the way back from the main chunk; NULL
 * where that does not lead to it either. */
static const struct zend_mm_chunk *zend_mm_snapshot_after(const struct zend_mm_modern_heap *heap,
	const struct zend_mm_chunk *chunk)
{
	const struct zend_mm_chunk *after = heap->main_chunk;
	size_t steps;

	for (steps = 0; steps < heap->chunks; steps++) {
		if (after->prev == chunk) {
			return after;
		}
		after = after->prev;
		if (after == NULL || zend_mm_chunk_offset(after) != 0 ||
		    !zend_mm_readable(after, sizeof(*after))) {
			return NULL;
		}
	}
	return NULL;
}

/* Checks the link from a chunk to its next one. */
static int zend_mm_snapshot_check_link(const struct zend_mm_snapshot *snapshot,
	const struct zend_mm_chunk *chunk)
{
	const struct zend_mm_modern_heap *heap = snapshot->heap;
	const struct zend_mm_chunk *next = chunk->next;

	if (next == NULL || zend_mm_chunk_offset(next) != 0 ||
	    !zend_mm_readable(next, sizeof(*next))) {
		const struct zend_mm_chunk *after = zend_mm_snapshot_after(heap, chunk);

		zend_mm_problem_word(snapshot->problem, heap, "a chunk's next link leads nowhere",
			chunk, &chunk->next, (size_t)(uintptr_t)next, (size_t)(uintptr_t)after);
		return zend_mm_problem_bound(snapshot->problem, after != NULL ? ZEND_MM_EXPECT_EXACTLY :
			ZEND_MM_EXPECT_UNKNOWN);
	}
	if (next->prev != chunk) {
		return zend_mm_problem_word(snapshot->problem, heap,
			"a chunk's previous link does not lead back", next, &next->prev,
			(size_t)(uintptr_t)next->prev, (size_t)(uintptr_t)chunk);
	}
	if (next->heap != heap) {
		return zend_mm_problem_word(snapshot->problem, heap,
			"a chunk in the circle belongs to another heap", next, &next->heap,
			(size_t)(uintptr_t)next->heap, (size_t)(uintptr_t)heap);
	}
	return 0;
}

static int zend_mm_snapshot_check_circle(const struct zend_mm_snapshot *snapshot)
{
	const struct zend_mm_modern_heap *heap = snapshot->heap;
	const struct zend_mm_chunk *main_chunk = zend_mm_chunk_of(heap);
	const struct zend_mm_chunk *chunk = main_chunk;
	size_t chunks = 0;

	if (heap->main_chunk != main_chunk) {
		return zend_mm_problem_word(snapshot->problem, heap,
			"the heap does not lie in its main chunk", heap, &heap->main_chunk,
			(size_t)(uintptr_t)heap->main_chunk, (size_t)(uintptr_t)main_chunk);
	}
	do {
		if (zend_mm_snapshot_check_link(snapshot, chunk) != 0) {
			return 1;
		}
		chunks++;
		chunk = chunk->next;
	} while (chunk != main_chunk && chunks < heap->chunks);
	if (chunk != main_chunk || chunks != heap->chunks) {
		zend_mm_problem_word(snapshot->problem, heap,
			"the circle of chunks is longer or shorter than the count of chunks", heap,
			&heap->chunks, heap->chunks, chunk != main_chunk ? chunks + 1 : chunks);
		return zend_mm_problem_bound(snapshot->problem, chunk != main_chunk ?
			ZEND_MM_EXPECT_AT_LEAST : ZEND_MM_EXPECT_EXACTLY);
	}
	return 0;
}

int zend_mm_snapshot_open(struct zend_mm_snapshot *snapshot, const struct zend_mm_modern_heap *heap,
	zend_mm_problem *problem)
{
	memset(snapshot, 0, sizeof(*snapshot));
	snapshot->heap = heap;
	snapshot->problem = problem;
	if (zend_mm_snapshot_check_circle(snapshot) != 0) {
		return 1;
	}
	if (zend_mm_snapshot_allocate(snapshot, heap->chunks) != 0) {
		return -1;
	}
	zend_mm_snapshot_fill_table(snapshot);
	return 0;
}

void zend_mm_snapshot_close(struct zend_mm_snapshot *snapshot)
{
	zend_mm_scratch_free(snapshot->scratch, snapshot->scratch_size);
}
/* }}} */

/* {{{ Slots */

/* Finds out where a slot lies.  NULL if it is one; otherwise what it is not. */
static const char *zend_mm_snapshot_locate(const struct zend_mm_snapshot *snapshot, const void *ptr,
	struct zend_mm_slot_place *place)
{
	unsigned page = zend_mm_page_of(ptr);
	size_t offset;
	size_t size;
	uint32_t word;

	place->chunk = zend_mm_chunk_of(ptr);
	place->marks = zend_mm_snapshot_marks(snapshot, place->chunk);
	if (place->marks == NULL) {
		return "a list of slots leads out of the heap's chunks";
	}
	word = place->chunk->map[page];
	if (!zend_mm_word_is_small(word)) {
		return "a list of slots leads to a page that belongs to no bin";
	}
	place->page = page;
	if (zend_mm_word_is_small_later(word)) {
		place->page -= zend_mm_word_count(word);
	}
	place->bin = zend_mm_word_bin(word);
	size = zend_mm_bin_size(place->bin);
	offset = (size_t)((const char *)ptr -
		(const char *)zend_mm_page_address(place->chunk, place->page));
	place->index = (unsigned)(offset / size);
	if (offset % size != 0 || place->index >= zend_mm_bins[place->bin].elements) {
		return "a list of slots leads to an address where no slot begins";
	}
	if (!zend_mm_may_be_touched(ptr, size)) {
		return "a list of slots leads to memory that nobody may touch";
	}
	return NULL;
}

/* Sets the mark of a slot; false if it was set. */
static bool zend_mm_mark_set(struct zend_mm_page_marks *marks, unsigned index)
{
	uint64_t bit = UINT64_C(1) << (index % 64);
	bool set = (marks->slots[index / 64] & bit) != 0;

	marks->slots[index / 64] |= bit;
	return !set;
}

/* Hardened heaps: whether the link of a slot that was found sound agrees with its shadow. */
static int zend_mm_snapshot_check_shadow(const struct zend_mm_snapshot *snapshot, unsigned bin,
	const struct zend_mm_slot *slot)
{
	const size_t *shadow = NULL;
	size_t expected;

	if (zend_mm_bin_size(bin) >= 2 * sizeof(size_t)) {
		shadow = zend_mm_slot_bad_shadow(snapshot->heap, slot, &expected);
	}
	if (shadow != NULL) {
		return zend_mm_problem_word(snapshot->problem, snapshot->heap,
			"a free slot's link does not agree with its shadow", slot, shadow, *shadow, expected);
	}
	return 0;
}

/* Checks and marks one member of a bin's list; link is the word that led to it. */
static int zend_mm_snapshot_mark_slot(struct zend_mm_snapshot *snapshot, unsigned bin,
	const struct zend_mm_slot *slot, const void *owner, const void *link)
{
	struct zend_mm_slot_place place;
	const char *reason = zend_mm_snapshot_locate(snapshot, slot, &place);

	if (reason == NULL && place.bin != bin) {
		reason = "a bin's list leads to a slot of another bin";
	}
	if (reason == NULL && !zend_mm_mark_set(&place.marks->free[place.page], place.index)) {
		reason = "a slot is in its bin's list twice";
	}
	if (reason != NULL) {
		zend_mm_problem_word(snapshot->problem, snapshot->heap, reason, owner, link,
			(size_t)(uintptr_t)slot, 0);
		return zend_mm_problem_bound(snapshot->problem, ZEND_MM_EXPECT_UNKNOWN);
	}
	snapshot->free_slots[bin]++;
	return zend_mm_snapshot_check_shadow(snapshot, bin, slot);
}

int zend_mm_snapshot_mark_free(struct zend_mm_snapshot *snapshot)
{
	const struct zend_mm_modern_heap *heap = snapshot->heap;
	unsigned bin;

	for (bin = 0; bin < ZEND_MM_BIN_COUNT; bin++) {
		const struct zend_mm_slot *slot = heap->free_slots[bin];
		const void *owner = heap;
		const void *link = &heap->free_slots[bin];

		while (slot != NULL) {
			if (zend_mm_snapshot_mark_slot(snapshot, bin, slot, owner, link) != 0) {
				return 1;
			}
			owner = slot;
			link = slot;
			slot = zend_mm_slot_next(heap, slot);
		}
	}
	return 0;
}
/* }}} */

/* {{{ Huge blocks */

/* Checks and marks one entry; link is the word that led to it. */
static int zend_mm_snapshot_mark_entry(struct zend_mm_snapshot *snapshot,
	const struct zend_mm_huge_entry *entry, const void *link)
{
	const struct zend_mm_modern_heap *heap = snapshot->heap;
	struct zend_mm_slot_place place;
	const char *reason = zend_mm_snapshot_locate(snapshot, entry, &place);

	if (reason != NULL) {
		reason = "the list of huge blocks leads to something that is no entry";
	} else if (place.bin != zend_mm_bin_of(sizeof(*entry))) {
		reason = "the list of huge blocks leads to a slot of another size";
	} else if (zend_mm_mark_is_set(&place.marks->free[place.page], place.index)) {
		reason = "an entry of the list of huge blocks is a free slot";
	} else if (!zend_mm_mark_set(&place.marks->entries[place.page], place.index)) {
		reason = "the list of huge blocks runs in a circle";
	}
	if (reason != NULL) {
		zend_mm_problem_word(snapshot->problem, heap, reason, link, link,
			(size_t)(uintptr_t)entry, 0);
		return zend_mm_problem_bound(snapshot->problem, ZEND_MM_EXPECT_UNKNOWN);
	}
	if (entry->ptr == NULL || zend_mm_chunk_offset(entry->ptr) != 0 ||
	    zend_mm_snapshot_marks(snapshot, entry->ptr) != NULL) {
		zend_mm_problem_word(snapshot->problem, heap, "a huge block has an impossible address",
			entry, &entry->ptr, (size_t)(uintptr_t)entry->ptr, 0);
		return zend_mm_problem_bound(snapshot->problem, ZEND_MM_EXPECT_UNKNOWN);
	}
	if (entry->size <= ZEND_MM_MAX_LARGE_SIZE || entry->size % zend_mm_page_size() != 0) {
		zend_mm_problem_word(snapshot->problem, heap, "a huge block has an impossible size",
			entry, &entry->size, entry->size, 0);
		return zend_mm_problem_bound(snapshot->problem, ZEND_MM_EXPECT_UNKNOWN);
	}
	return 0;
}

int zend_mm_snapshot_mark_entries(struct zend_mm_snapshot *snapshot)
{
	const struct zend_mm_huge_entry *entry = snapshot->heap->huge_blocks;
	const void *link = &snapshot->heap->huge_blocks;

	while (entry != NULL) {
		if (zend_mm_snapshot_mark_entry(snapshot, entry, link) != 0) {
			return 1;
		}
		snapshot->huge_count++;
		snapshot->huge_bytes += entry->size;
		link = &entry->next;
		entry = entry->next;
	}
	return 0;
}
/* }}} */
