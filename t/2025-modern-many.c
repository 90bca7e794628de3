/* SPDX-License-Identifier: MIT */
/*
 * Many chunks and many huge blocks: what finds them without looking at each (heap/modern/order.h,
 * heap/places.h) finds what the original's walk finds.  The walk is that of a heap under study,
 * which has no such short ways; the list of huge blocks is compared with a plain array.
 */
#ifndef _WIN32
# include <sys/resource.h>
#endif

#include "heap/study/study.h"
#include "t/modern.h"
#include "t/noticed.h"

enum { operations = 30000, slots = 1200, huge_slots = 150, checks = 15 };

struct side {
	zend_mm_heap *heap;
	zmm_spaced *spaced;
	struct zmm_watched watched;
	void *blocks[slots];
};

static struct side fast, walking;
static uint64_t seed;

static size_t below(size_t bound)
{
	seed = seed * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
	return (size_t)(seed >> 33) % bound;
}

static void start_side(struct side *side, bool studied)
{
	static struct zend_mm_study study;
	zend_mm_options options = modern_options();

	study = zend_mm_study_default();
	side->spaced = zmm_spaced_new();
	if (!side->spaced || !zmm_watch(&side->watched, &zmm_spaced_type, side->spaced)) {
		bail_out("no address space for a storage");
	}
	zmm_watched_use(&side->watched, &options);
	side->heap = studied ? zend_mm_study_startup(&options, &study) :
		zend_mm_startup_with(&options);
}

static void end_side(struct side *side)
{
	zend_mm_shutdown(side->heap, 1, 1);
	zmm_spaced_free(side->spaced);
}

/* Runs of all lengths, the short ones more often: they move chunks to the front. */
static size_t some_size(void)
{
	size_t pages = below(4) != 0 ? 1 + below(12) : 1 + below(500);

	return below(8) == 0 ? 8 + below(3000) : pages * PAGE;
}

/* One operation on both sides, with the same numbers. */
static bool same_place(size_t slot)
{
	size_t offset[2] = { 0, 0 };
	int64_t region = zmm_spaced_region(fast.spaced, fast.blocks[slot], &offset[0]);

	return fast.blocks[slot] == NULL ? walking.blocks[slot] == NULL :
		region == zmm_spaced_region(walking.spaced, walking.blocks[slot], &offset[1])
		&& offset[0] == offset[1];
}

static bool one_operation(void)
{
	size_t slot = below(slots);
	size_t size = some_size();

	if (fast.blocks[slot] == NULL) {
		fast.blocks[slot] = zend_mm_alloc(fast.heap, size);
		walking.blocks[slot] = zend_mm_alloc(walking.heap, size);
	} else if (below(3) == 0) {
		fast.blocks[slot] = zend_mm_realloc(fast.heap, fast.blocks[slot], size);
		walking.blocks[slot] = zend_mm_realloc(walking.heap, walking.blocks[slot], size);
	} else {
		zend_mm_free(fast.heap, fast.blocks[slot]);
		zend_mm_free(walking.heap, walking.blocks[slot]);
		fast.blocks[slot] = walking.blocks[slot] = NULL;
	}
	if (below(1000) == 0 && zend_mm_gc(fast.heap) != zend_mm_gc(walking.heap)) {
		return false;
	}
	return same_place(slot);
}

static void test_chunks(void)
{
	size_t most_regions = 0;

	start_side(&fast, false);
	start_side(&walking, true);
	for (int part = 0; part < checks; part++) {
		bool same = true;

		for (int i = 0; i < operations / checks && same; i++) {
			same = one_operation();
			most_regions = figures_of(fast.heap).regions > most_regions ?
				figures_of(fast.heap).regions : most_regions;
		}
		ok(same && modern_sound(fast.heap), "operations of part %d go where a walk leads", part);
	}
	is_size(figures_of(fast.heap).real_peak, figures_of(walking.heap).real_peak,
		"both held as much");
	ok(most_regions > 60, "there were many chunks: %zu", most_regions);
	zend_mm_shutdown(fast.heap, 0, 1);
	zend_mm_shutdown(walking.heap, 0, 1);
	memset(fast.blocks, 0, sizeof fast.blocks);
	memset(walking.blocks, 0, sizeof walking.blocks);
	for (int i = 0; i < 1000; i++) {
		if (!one_operation()) {
			ok(false, "a request later they still agree");
			break;
		}
	}
	ok(modern_sound(fast.heap), "the heap is sound in the next request");
	end_side(&fast);
	end_side(&walking);
}

/* The list as the heap has it, newest first, against the blocks in the order they were made. */
static bool list_is(void *const *blocks, size_t count)
{
	const struct zend_mm_huge_entry *entry = zend_mm_modern(fast.heap)->huge_blocks;

	for (size_t i = count; i-- > 0; entry = entry->next) {
		if (entry == NULL || entry->ptr != blocks[i]) {
			return false;
		}
	}
	return entry == NULL;
}

static void test_huge_blocks(void)
{
	void *blocks[huge_slots];
	size_t count = 0;
	bool right = true;

	start_side(&fast, false);
	for (int i = 0; i < 4000 && right; i++) {
		bool grows = i < 400 ? below(4) != 0 : i < 3600 ? below(2) != 0 : below(8) == 0;

		if (count < huge_slots && (grows || count == 0)) {
			blocks[count++] = zend_mm_alloc(fast.heap, CHUNK + below(4) * PAGE);
		} else {
			size_t which = below(count);

			right = zend_mm_block_size(fast.heap, blocks[which]) >= CHUNK;
			zend_mm_free(fast.heap, blocks[which]);
			memmove(blocks + which, blocks + which + 1, (--count - which) * sizeof *blocks);
		}
		right = right && list_is(blocks, count);
	}
	ok(right, "a list of up to %d huge blocks keeps its order", huge_slots);
	ok(modern_sound(fast.heap), "the heap is sound");
	end_side(&fast);
}

/* {{{ The deep check looks at what stands beside the circle and the list. */

static void test_check(void)
{
	struct zend_mm_order *order;
	struct zend_mm_places *places;
	struct zend_mm_chunk *last;
	uint16_t most;

	start_side(&fast, false);
	order = &zend_mm_modern(fast.heap)->order;
	places = &zend_mm_modern(fast.heap)->huge_places;
	IS_NOTICED(fast.heap, order->places, "a tree where there is none");
	IS_NOTICED(fast.heap, places->entries, "a table where there is none");
	for (int i = 0; i < 40; i++) {
		zend_mm_alloc(fast.heap, 300 * PAGE);
		zend_mm_alloc(fast.heap, CHUNK);
	}
	ok(order->places != 0 && places->entries && modern_sound(fast.heap),
		"a tree over 40 chunks and a table of 40 huge blocks are sound");
	IS_NOTICED(fast.heap, order->chunks, "where the tree's chunks are");
	IS_NOTICED(fast.heap, order->most, "where the tree is");
	IS_NOTICED(fast.heap, order->places, "how large it is");
	IS_NOTICED(fast.heap, order->first, "its first place");
	IS_NOTICED(fast.heap, order->end, "the end of its places");
	IS_NOTICED(fast.heap, order->chunks[order->first], "a chunk");
	IS_NOTICED(fast.heap, order->chunks[order->first]->place, "a chunk's place");
	IS_NOTICED(fast.heap, order->most[1], "the root");
	IS_NOTICED(fast.heap, order->most[order->places + order->first], "a leaf");
	last = order->chunks[order->end - 1];
	most = order->most[order->places + order->end - 1];
	order->chunks[order->end - 1] = NULL;
	order->most[order->places + order->end - 1] = 0;
	ok(zend_mm_check(fast.heap, NULL) > 0, "a chunk that the tree lacks");
	order->chunks[order->end - 1] = last;
	order->most[order->places + order->end - 1] = most;
	order->main_most -= order->main_most;
	ok(zend_mm_check(fast.heap, NULL) > 0, "the main chunk's pages in a row");
	order->main_most = zend_mm_modern(fast.heap)->main_chunk->free_pages;
	IS_NOTICED(fast.heap, places->members, "the count of huge blocks");
	IS_NOTICED(fast.heap, places->entries, "where the table of huge blocks is");
	ok(modern_sound(fast.heap), "and sound again");
	end_side(&fast);
}

/* }}} */
/* {{{ Without memory for tables */

#ifdef _WIN32
static void test_without_memory(void)
{
	skip(1, "here a process cannot be kept from getting memory");
}
#else

enum { arena_chunks = 80 };
static char *arena;
static bool arena_used[arena_chunks];

static void *arena_alloc(zend_mm_storage *storage, size_t size, size_t alignment)
{
	(void)storage;
	(void)alignment;
	for (int i = 0; i < arena_chunks && size == CHUNK; i++) {
		if (!arena_used[i]) {
			arena_used[i] = true;
			return arena + (size_t)i * CHUNK;
		}
	}
	return NULL;
}

static void arena_free(zend_mm_storage *storage, void *chunk, size_t size)
{
	(void)storage;
	(void)size;
	arena_used[((char *)chunk - arena) / (ptrdiff_t)CHUNK] = false;
}

/* No system memory is to be had any more but what the arena has. */
static void without_memory(const char *unused)
{
	static const zend_mm_chunk_handlers handlers = { arena_alloc, arena_free, NULL, NULL };
	struct rlimit limit = { 0, 0 };
	void *blocks[70];
	bool right = true;
	zend_mm_heap *heap = zend_mm_startup_chunks(&handlers, NULL, 0);

	(void)unused;
	setrlimit(RLIMIT_AS, &limit);
	for (int i = 0; i < 70; i++) {
		blocks[i] = zend_mm_alloc(heap, LARGEST - (size_t)(i % 3) * PAGE);
	}
	/* the first chunks of the circle with room for one and for two pages */
	right = right && chunk_of(zend_mm_alloc(heap, 2 * PAGE)) == chunk_of(blocks[2]);
	right = right && zend_mm_modern(heap)->order.places == 0;
	for (int i = 0; i < 70; i++) {
		zend_mm_free(heap, blocks[i]);
	}
	exit(right ? 0 : 1);
}

static void test_without_memory(void)
{
	const char *sanitizer = getenv("SANITIZER");

	arena = zend_mm_map_aligned((size_t)arena_chunks * CHUNK, CHUNK, -1);
	if (arena == NULL || (sanitizer && *sanitizer)) {
		skip(1, "a sanitizer does not bear it that there is no memory");
		return;
	}
	is_int(run_child(without_memory, NULL).status, 0,
		"without memory for a tree chunks are walked, as in the original");
}
#endif
/* }}} */

int main(void)
{
	need_exact_placements();
	if (sizeof(void *) < 8) {
		skip_all("two heaps of so many chunks need more addresses than 32 bits have");
	}
	host_start();
	seed = tap_seed();
	test_chunks();
	test_huge_blocks();
	test_check();
	test_without_memory();
	return done_testing();
}
