/* SPDX-License-Identifier: MIT */
/*
 * heap/hardened/ends.c - the check `ends` of hardened modern heaps: a canary at the end of each
 * block that is larger than what was asked for.
 *
 *	|<------------------- slot, run or mapping ------------------->|
 *	+----------------------------+---------------+-----------------+
 *	| data, as much as was asked | rounding      | canary: a word  |
 *	+----------------------------+---------------+-----------------+
 *
 * Modern blocks have no header that could be looked at, but most are rounded up.  Where rounding
 * leaves a word, the block's last word is bound to its address by a secret of the heap, and is
 * compared when the block is freed, resized or asked for its size, and by the deep check.  Nothing
 * is asked of the heap for that, so that blocks lie where they do without it; a request that fills
 * its block has no canary.
 *
 * Which blocks have one is known apart, in a bit for each 8 bytes: a program that writes past its
 * blocks does not reach it.  Tables of bits are memory straight from the system; where there is
 * none, blocks have no canary.
 *
 * A layer over the heap's verbs.  In debug builds there is none: each block has a record there.
 *
 * Invariant between two calls: the bit of a block is set exactly if it is in use and has a canary.
 */
#include "heap/config.h"
#include "heap/failure.h"
#include "heap/hardened/hardened.h"
#include "heap/modern/bins.h"
#include "heap/modern/layout.h"
#include "storage/random.h"
#include "storage/storage.h"

enum { granule = 8, bits_bytes = 2 * 1024 * 1024 / granule / 8, least_tables = 64 };

/* The bits of 2 MiB, which are a chunk or a huge block's first. */
struct ends_table {
	uintptr_t number;              /* the address / 2 MiB; 0: an empty place */
	uint64_t *bits;
};

struct ends {
	struct zend_mm_layer layer;
	size_t secret;                 /* not renewed: canaries of live blocks are made of it */
	struct ends_table *tables;     /* a hash table with linear probing, less than half full */
	size_t capacity;               /* a power of two */
	size_t count;
};

static inline struct ends *ends_of(const zend_mm_heap *heap)
{
	return (struct ends *)heap->layers[ZEND_MM_LAYER_HARDENED];
}

static inline const struct zend_mm_verbs *below(const zend_mm_heap *heap)
{
	return heap->layers[ZEND_MM_LAYER_HARDENED]->below;
}

/* {{{ Bits. */

static inline struct ends_table *table_at(const struct ends *ends, uintptr_t number)
{
	size_t place = (size_t)((uint64_t)number * UINT64_C(0x9e3779b97f4a7c15) >> 32);

	for (;; place++) {
		struct ends_table *table = &ends->tables[place & (ends->capacity - 1)];

		if (EXPECTED(table->number == number) || table->number == 0) {
			return table;
		}
	}
}

/* The word of a block's bit, and the bit in it; NULL where there is no table. */
static inline uint64_t *word_of(const struct ends *ends, const void *ptr, uint64_t *bit)
{
	const struct ends_table *table = table_at(ends, (uintptr_t)ptr / ZEND_MM_CHUNK_SIZE);
	size_t number = zend_mm_chunk_offset(ptr) / granule;

	*bit = UINT64_C(1) << number % 64;
	return UNEXPECTED(table->number == 0) ? NULL : &table->bits[number / 64];
}

static bool grow(struct ends *ends)
{
	struct ends before = *ends;

	ends->tables = zend_mm_scratch_alloc(2 * before.capacity * sizeof *ends->tables);
	if (!ends->tables) {
		ends->tables = before.tables;
		return false;
	}
	ends->capacity = 2 * before.capacity;
	for (size_t i = 0; i < before.capacity; i++) {
		if (before.tables[i].number != 0) {
			*table_at(ends, before.tables[i].number) = before.tables[i];
		}
	}
	zend_mm_scratch_free(before.tables, before.capacity * sizeof *before.tables);
	return true;
}

/* Makes the table for an address that has none. */
static ZEND_MM_NOINLINE uint64_t *add_table(struct ends *ends, const void *ptr)
{
	uintptr_t number = (uintptr_t)ptr / ZEND_MM_CHUNK_SIZE;
	struct ends_table *table;
	uint64_t *bits;

	if (2 * (ends->count + 1) > ends->capacity && !grow(ends)) {
		return NULL;
	}
	bits = zend_mm_scratch_alloc(bits_bytes);
	if (!bits) {
		return NULL;
	}
	table = table_at(ends, number);
	*table = (struct ends_table){ number, bits };
	ends->count++;
	return &bits[zend_mm_chunk_offset(ptr) / granule / 64];
}

static void forget_all(struct ends *ends)
{
	for (size_t i = 0; i < ends->capacity; i++) {
		if (ends->tables[i].number != 0) {
			zend_mm_scratch_free(ends->tables[i].bits, bits_bytes);
			ends->tables[i].number = 0;
		}
	}
	ends->count = 0;
}

/* }}} */
/* {{{ Canaries. */

/* Bytes of a block that is in use.  Huge blocks are asked for. */
static inline size_t room_of(zend_mm_heap *heap, const void *ptr)
{
	uint32_t word;

	if (UNEXPECTED(zend_mm_chunk_offset(ptr) == 0)) {
		return below(heap)->block_size(heap, (void *)(uintptr_t)ptr);
	}
	word = zend_mm_chunk_of(ptr)->map[zend_mm_page_of(ptr)];
	return zend_mm_word_is_small(word) ? zend_mm_bin_size(zend_mm_word_bin(word)) :
		zend_mm_bytes_of_pages(zend_mm_word_pages(word));
}

/* No byte of it is 0 that a string's end could stand in for. */
static inline size_t canary_of(const struct ends *ends, const void *ptr)
{
	return (ends->secret ^ (size_t)(uintptr_t)ptr * (size_t)UINT64_C(0x9e3779b97f4a7c15))
		| (size_t)UINT64_C(0x0101010101010101);
}

static inline size_t *place_of(const void *ptr, size_t room)
{
	return (size_t *)((uintptr_t)ptr + room) - 1;
}

/* A block is handed out for a request of that size; NULL is not. */
static inline void *mark_end(zend_mm_heap *heap, void *ptr, size_t size)
{
	struct ends *ends = ends_of(heap);
	uint64_t bit, *word;
	size_t room;

	if (UNEXPECTED(!ptr)) {
		return NULL;
	}
	room = room_of(heap, ptr);
	if (size > room - sizeof(size_t)) {
		return ptr;
	}
	word = word_of(ends, ptr, &bit);
	if (UNEXPECTED(!word)) {
		word = add_table(ends, ptr);
	}
	if (word) {
		*word |= bit;
		*place_of(ptr, room) = canary_of(ends, ptr);
	}
	return ptr;
}

/* Whether a block with a canary begins at an address, which may be any.  Clears its bit if it is to
 * have none any more. */
static inline bool has_canary(const struct ends *ends, const void *ptr, bool clear)
{
	uint64_t bit, *word = word_of(ends, ptr, &bit);

	if (!word || !(*word & bit) || UNEXPECTED((uintptr_t)ptr % granule != 0)) {
		return false;
	}
	*word &= clear ? ~bit : ~UINT64_C(0);
	return true;
}

static const char *const overwritten = "the canary at a block's end is overwritten";

/* A block with a canary comes back.  Returns its bytes. */
static inline size_t verify(zend_mm_heap *heap, const void *ptr)
{
	size_t room = room_of(heap, ptr);
	size_t expected = canary_of(ends_of(heap), ptr);

	if (UNEXPECTED(*place_of(ptr, room) != expected)) {
		zend_mm_hardened_failed_word(heap, overwritten, ptr, place_of(ptr, room),
			ZEND_MM_EXPECT_EXACTLY, expected);
	}
	return room;
}

/* }}} */
/* {{{ Verbs. */

static void *ends_alloc(zend_mm_heap *heap, size_t size)
{
	return mark_end(heap, below(heap)->alloc(heap, size), size);
}

static void *ends_alloc_aligned(zend_mm_heap *heap, size_t alignment, size_t size)
{
	return mark_end(heap, below(heap)->alloc_aligned(heap, alignment, size), size);
}

static void ends_free(zend_mm_heap *heap, void *ptr)
{
	if (has_canary(ends_of(heap), ptr, true)) {
		verify(heap, ptr);
	}
	below(heap)->free(heap, ptr);
}

/* The canary is none of the data that moves.  A block that cannot be resized keeps it. */
static void *ends_realloc(zend_mm_heap *heap, void *ptr, size_t size, size_t copy_size)
{
	bool had = has_canary(ends_of(heap), ptr, true);
	size_t usable = had ? verify(heap, ptr) - sizeof(size_t) : SIZE_MAX;
	void *moved;

	moved = below(heap)->realloc(heap, ptr, size, copy_size < usable ? copy_size : usable);
	if (UNEXPECTED(!moved)) {
		return had ? (mark_end(heap, ptr, 0), NULL) : NULL;
	}
	return mark_end(heap, moved, size);
}

static size_t ends_block_size(zend_mm_heap *heap, void *ptr)
{
	if (has_canary(ends_of(heap), ptr, false)) {
		return verify(heap, ptr) - sizeof(size_t);
	}
	return below(heap)->block_size(heap, ptr);
}

static bool ends_owns(zend_mm_heap *heap, const void *ptr)
{
	return below(heap)->owns(heap, ptr);
}

static size_t ends_usage(zend_mm_heap *heap)
{
	return below(heap)->usage(heap);
}

static int ends_set_limit(zend_mm_heap *heap, size_t limit)
{
	return below(heap)->set_limit(heap, limit);
}

static size_t ends_gc(zend_mm_heap *heap)
{
	return below(heap)->gc(heap);
}

static void ends_trim(zend_mm_heap *heap)
{
	below(heap)->trim(heap);
}

static void ends_refresh_key(zend_mm_heap *heap)
{
	below(heap)->refresh_key(heap);
}

static void ends_get_figures(zend_mm_heap *heap, zend_mm_figures *figures)
{
	below(heap)->get_figures(heap, figures);
}

static void ends_shutdown(zend_mm_heap *heap, bool full, bool silent)
{
	const struct zend_mm_verbs *verbs = below(heap);
	struct ends *ends = ends_of(heap);

	forget_all(ends);
	if (full) {
		zend_mm_scratch_free(ends->tables, ends->capacity * sizeof *ends->tables);
		zend_mm_scratch_free(ends, sizeof *ends);
	}
	verbs->shutdown(heap, full, silent);
}

/* }}} */
/* {{{ Blocks as the program knows them. */

/* Takes the canary off what the program may use of a block in use. */
static void show(const struct ends *ends, zend_mm_block_info *block)
{
	if (block->state == ZEND_MM_BLOCK_USED && !block->internal && block->data &&
		block->usable == block->size && has_canary(ends, block->data, false)) {
		block->usable -= sizeof(size_t);
	}
}

struct ends_walk {
	const struct ends *ends;
	zend_mm_visitor visitor;
	void *context;
};

static int visit_shown(void *context, const zend_mm_region *region,
	const zend_mm_block_info *block)
{
	const struct ends_walk *walk = context;
	zend_mm_block_info shown;

	if (!block) {
		return walk->visitor(walk->context, region, NULL);
	}
	shown = *block;
	show(walk->ends, &shown);
	return walk->visitor(walk->context, region, &shown);
}

static int ends_walk(zend_mm_heap *heap, zend_mm_visitor visitor, void *context)
{
	struct ends_walk walk = { ends_of(heap), visitor, context };

	return below(heap)->walk(heap, visit_shown, &walk);
}

static int ends_walk_lists(zend_mm_heap *heap, zend_mm_list_visitor visitor, void *context)
{
	return below(heap)->walk_lists(heap, visitor, context);
}

static void ends_locate(zend_mm_heap *heap, const void *address, zend_mm_place *place)
{
	below(heap)->locate(heap, address, place);
	show(ends_of(heap), &place->block);
	show(ends_of(heap), &place->before);
	show(ends_of(heap), &place->after);
}

/* }}} */
/* {{{ Checking. */

struct ends_check {
	zend_mm_heap *heap;
	zend_mm_problem *problem;
};

static int check_one(zend_mm_heap *heap, const void *ptr, size_t room, zend_mm_problem *problem)
{
	size_t expected = canary_of(ends_of(heap), ptr);
	const size_t *place = place_of(ptr, room);

	if (*place == expected) {
		return 0;
	}
	*problem = (zend_mm_problem){
		.heap = heap, .reason = overwritten, .address = ptr, .word = place, .found = *place,
		.expected = expected, .expectation = ZEND_MM_EXPECT_EXACTLY
	};
	return 1;
}

static int check_visited(void *context, const zend_mm_region *region,
	const zend_mm_block_info *block)
{
	const struct ends_check *check = context;

	(void)region;
	if (!block || block->state != ZEND_MM_BLOCK_USED || block->internal ||
		!has_canary(ends_of(check->heap), block->data, false)) {
		return 0;
	}
	return check_one(check->heap, block->data, block->size, check->problem);
}

static int ends_check(zend_mm_heap *heap, zend_mm_problem *problem)
{
	struct ends_check check = { heap, problem };
	int found = below(heap)->check(heap, problem);

	return found != 0 ? found : below(heap)->walk(heap, check_visited, &check);
}

static int ends_check_block(zend_mm_heap *heap, const void *ptr, zend_mm_problem *problem)
{
	int found = below(heap)->check_block(heap, ptr, problem);

	return found != 0 || !has_canary(ends_of(heap), ptr, false) ? found :
		check_one(heap, ptr, room_of(heap, ptr), problem);
}

/* }}} */

static const struct zend_mm_verbs ends_verbs = {
	.name = "hardened, ends",
	.alloc = ends_alloc,
	.free = ends_free,
	.realloc = ends_realloc,
	.block_size = ends_block_size,
	.owns = ends_owns,
	.usage = ends_usage,
	.set_limit = ends_set_limit,
	.gc = ends_gc,
	.shutdown = ends_shutdown,
	.get_figures = ends_get_figures,
	.walk = ends_walk,
	.walk_lists = ends_walk_lists,
	.check = ends_check,
	.locate = ends_locate,
	.check_block = ends_check_block,
	.alloc_aligned = ends_alloc_aligned,
	.trim = ends_trim,
	.refresh_key = ends_refresh_key,
};

bool zend_mm_hardened_ends(zend_mm_heap *heap)
{
	struct ends *ends;

	if (config_debug) {
		return true;
	}
	ends = zend_mm_scratch_alloc(sizeof *ends);
	if (!ends) {
		return false;
	}
	ends->tables = zend_mm_scratch_alloc(least_tables * sizeof *ends->tables);
	if (!ends->tables) {
		zend_mm_scratch_free(ends, sizeof *ends);
		return false;
	}
	ends->capacity = least_tables;
	ends->secret = zend_mm_random_word();
	zend_mm_lay(heap, ZEND_MM_LAYER_HARDENED, &ends->layer, &ends_verbs);
	return true;
}
