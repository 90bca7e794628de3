/* SPDX-License-Identifier: MIT */
/*
 * The deep check finds every kind of damage, says what and where, and neither crashes nor hangs on
 * it.  Each plant overwrites one thing; the damage is undone before the next.
 */
#include "t/modern.h"

/* {{{ A heap with something of everything. */

static struct {
	zend_mm_heap *heap;
	struct zend_mm_modern_heap *modern;
	char *slot;                /* used, of a bin with other free slots */
	struct zend_mm_slot *free_slot; /* the first in that bin's list */
	char *run;                 /* large, of 10 pages */
	char *pages;               /* of a run with several pages, of a bin */
	struct zend_mm_chunk *second;
	struct zend_mm_huge_entry *entry; /* of two */
} it;

static void make_heap(void)
{
	it.heap = modern_start();
	it.modern = zend_mm_modern(it.heap);
	zend_mm_alloc(it.heap, LARGEST / 2);
	for (int i = 0; i < 8; i++) {
		zend_mm_alloc(it.heap, LARGEST - 20 * PAGE);
	}
	zend_mm_shutdown(it.heap, 0, 1);
	it.slot = zend_mm_alloc(it.heap, 200);
	zend_mm_alloc(it.heap, 200);
	it.free_slot = it.modern->free_slots[14];
	it.pages = zend_mm_alloc(it.heap, 1800);
	it.run = zend_mm_alloc(it.heap, 10 * PAGE);
	it.second = chunk_of(zend_mm_alloc(it.heap, LARGEST));
	zend_mm_alloc(it.heap, 2 * CHUNK);
	zend_mm_alloc(it.heap, 3 * CHUNK);
	it.entry = it.modern->huge_blocks;
}
/* }}} */

static void finds(const char *reason)
{
	zend_mm_problem problem = { .reason = "" };

	if (!ok(zend_mm_check(it.heap, &problem) == 1, "found: %s", reason)) {
		return;
	}
	is_str(problem.reason, reason, "called so");
	ok(problem.heap == it.heap && problem.address != NULL, "with heap and place");
}

/* Plants a value in a place, expects it to be found, and puts the old one back. */
#define PLANT(place, value, reason) do { \
		__typeof__(place) before_ = (place); \
		(place) = (__typeof__(place))(value); \
		finds(reason); \
		(place) = before_; \
	} while (0)

#define NOWHERE ((uintptr_t)0x10000000 * 3)

static void plant_in_circle(void)
{
	PLANT(it.modern->main_chunk, it.second, "the heap does not lie in its main chunk");
	PLANT(it.second->next, NULL, "a chunk's next link leads nowhere");
	PLANT(it.second->next, (char *)it.second + 8, "a chunk's next link leads nowhere");
	PLANT(it.modern->main_chunk->next, NOWHERE, "a chunk's next link leads nowhere");
	PLANT(it.second->next, it.second, "a chunk's previous link does not lead back");
	PLANT(it.second->prev, NOWHERE, "a chunk's previous link does not lead back");
	PLANT(it.second->heap, NULL, "a chunk in the circle belongs to another heap");
	PLANT(it.modern->chunks, 3,
		"the circle of chunks is longer or shorter than the count of chunks");
	PLANT(it.modern->chunks, 1,
		"the circle of chunks is longer or shorter than the count of chunks");
}

static void plant_in_cache(void)
{
	const char *count = "the count of cached chunks is not the length of their list";

	ok(it.modern->cached_count >= 2, "two chunks are cached");
	PLANT(it.modern->cached_count, SIZE_MAX, count);
	PLANT(it.modern->cached_chunks->next, NULL, count);
	PLANT(it.modern->cached_chunks, NOWHERE, "the list of cached chunks leads nowhere");
	PLANT(it.modern->cached_chunks->next, 12345, "the list of cached chunks leads nowhere");
	PLANT(it.modern->cached_chunks->next, it.second, "a cached chunk is in the circle too");
	PLANT(it.modern->cached_chunks->next->next, it.modern->cached_chunks,
		"the list of cached chunks runs in a circle");
}

static void plant_in_map(void)
{
	struct zend_mm_chunk *chunk = it.modern->main_chunk;
	size_t page = page_of(it.pages);

	PLANT(chunk->map[0], 0, "the bitmap says that a page outside the runs is used");
	PLANT(chunk->map[0], ZEND_MM_MAP_SMALL, "a chunk's header has another map word");
	PLANT(chunk->map[page_of(it.slot)], 31 | ZEND_MM_MAP_SMALL,
		"a bin's run has an impossible map word");
	PLANT(chunk->map[page_of(it.slot)], chunk->map[page_of(it.slot)] | 1 << 20,
		"a bin's run has an impossible map word");
	PLANT(chunk->map[page + 2], 0, "a later page of a bin's run has another map word");
	PLANT(chunk->map[page], 0, "the bitmap says that a page outside the runs is used");
	PLANT(chunk->map[page_of(it.run)], zend_mm_large_word(0),
		"a large run's map word has an impossible length");
	PLANT(chunk->map[page_of(it.run)], zend_mm_large_word(600),
		"a large run's map word has an impossible length");
	PLANT(chunk->map[page_of(it.run)], zend_mm_large_word(11),
		"the map has a run inside a large run");
	PLANT(chunk->map[page_of(it.run)], zend_mm_large_word(9),
		"the bitmap says that a page outside the runs is used");
	PLANT(chunk->map[page_of(it.run) + 3], zend_mm_large_word(1),
		"the map has a run inside a large run");
	PLANT(chunk->map[511], 7, "a map word begins no run");
	PLANT(chunk->map[511], zend_mm_small_word(26, 0), "a bin's run leads out of its chunk");
}

static void plant_in_chunk(void)
{
	struct zend_mm_chunk *chunk = it.modern->main_chunk;

	PLANT(chunk->used[0], chunk->used[0] ^ 2, "the bitmap says that a page of a run is free");
	PLANT(chunk->used[7], UINT64_C(1) << 63,
		"the bitmap says that a page outside the runs is used");
	PLANT(chunk->free_pages, chunk->free_pages + 1, "a chunk's count of free pages is wrong");
	PLANT(chunk->free_tail, 513, "a chunk's free tail is past its end");
	PLANT(chunk->free_tail, 2, "a run begins in a chunk's free tail");
}

static void plant_in_lists(void)
{
	struct zend_mm_slot *slot = it.free_slot;
	struct zend_mm_slot *last = slot;

	while (last->next != NULL) {
		last = last->next;
	}
	PLANT(slot->next, NOWHERE, "a list of slots leads out of the heap's chunks");
	PLANT(slot->next, 1, "a list of slots leads out of the heap's chunks");
	PLANT(slot->next, it.modern->cached_chunks, "a list of slots leads out of the heap's chunks");
	PLANT(slot->next, it.run, "a list of slots leads to a page that belongs to no bin");
	PLANT(slot->next, (char *)slot->next + 8,
		"a list of slots leads to an address where no slot begins");
	PLANT(slot->next, (char *)slot->next + 1,
		"a list of slots leads to an address where no slot begins");
	PLANT(slot->next, (char *)((uintptr_t)slot & ~(uintptr_t)4095) + 18 * 224,
		"a list of slots leads to an address where no slot begins");
	PLANT(slot->next, it.modern->free_slots[27],
		"a bin's list leads to a slot of another bin");
	PLANT(slot->next, slot, "a slot is in its bin's list twice");
	PLANT(last->next, slot, "a slot is in its bin's list twice");
	PLANT(it.modern->free_slots[14], slot->next,
		"size is not the bytes of the blocks handed out");
	PLANT(it.modern->free_slots[3], slot, "a bin's list leads to a slot of another bin");
}

static void plant_in_huge(void)
{
	struct zend_mm_huge_entry *entry = it.entry;

	PLANT(it.modern->huge_blocks, NOWHERE,
		"the list of huge blocks leads to something that is no entry");
	PLANT(it.modern->huge_blocks, (char *)entry + 4,
		"the list of huge blocks leads to something that is no entry");
	PLANT(it.modern->huge_blocks, it.slot,
		"the list of huge blocks leads to a slot of another size");
	PLANT(it.modern->huge_blocks, it.modern->free_slots[(ENTRY - 1) / 8],
		"an entry of the list of huge blocks is a free slot");
	PLANT(entry->next->next, entry, "the list of huge blocks runs in a circle");
	PLANT(entry->ptr, NULL, "a huge block has an impossible address");
	PLANT(entry->ptr, (char *)entry->ptr + PAGE, "a huge block has an impossible address");
	PLANT(entry->ptr, it.second, "a huge block has an impossible address");
	PLANT(entry->ptr, entry->next->ptr,
		"two entries of the list of huge blocks have one address");
	PLANT(entry->size, 5, "a huge block has an impossible size");
	PLANT(entry->size, entry->size + 1, "a huge block has an impossible size");
	PLANT(entry->size, entry->size + PAGE,
		"real_size is not the bytes of chunks and huge blocks");
}

static void plant_in_figures(void)
{
	PLANT(it.heap->real_size, 0, "real_size is not the bytes of chunks and huge blocks");
	PLANT(it.heap->below_peak, it.heap->below_peak + 8,
		"size is not the bytes of the blocks handed out");
	PLANT(it.heap->below_peak, it.heap->peak + 8,
		"size is further below the peak than that is high");
	PLANT(it.heap->real_peak, it.heap->real_size - 1, "real_peak is below real_size");
	PLANT(it.modern->peak_chunks, 1, "the peak of chunks is below their count");
	PLANT(it.modern->type, NOWHERE, "the heap's storage type is none that there is");
	PLANT(*(unsigned char *)&it.modern->huge_pages, 7, "a flag of the heap is neither on nor off");
	PLANT(it.modern->average_chunks, 0.5, "the average number of chunks is below 1");
	PLANT(it.modern->bin_sizes[29], 3080, "the heap's table of bin sizes is wrong");
}

/* A chunk that lost its last run but was not deleted. */
static void plant_empty_chunk(void)
{
	struct zend_mm_chunk before = *it.second;

	it.second->map[1] = 0;
	memset(it.second->used, 0, sizeof it.second->used);
	it.second->used[0] = 1;
	it.second->free_pages = 511;
	finds("a chunk without runs is in the circle");
	*it.second = before;
}

/* Any word of the structures, any garbage: the check has to come back. */
static void plant_garbage(void)
{
	uint64_t state = tap_seed();
	size_t found = 0;

	for (int i = 0; i < 3000; i++) {
		struct zend_mm_chunk *chunk = i % 2 != 0 ? it.second : it.modern->main_chunk;
		size_t *word = (size_t *)chunk + tap_below(&state, PAGE / sizeof(size_t));
		size_t before = *word;
		zend_mm_problem problem;

		if ((char *)word >= (char *)&it.heap->verbs && (char *)word < (char *)(it.heap + 1)) {
			continue; /* how the check itself is reached */
		}
		*word = (size_t)(i % 3 != 0 ? tap_random(&state) : before ^ (size_t)1 << (i % 32));
		found += zend_mm_check(it.heap, &problem) == 1;
		*word = before;
	}
	ok(found > 1000, "of 3000 words overwritten, %zu were found out", found);
}

int main(void)
{
	need_exact_placements();
	make_heap();
	ok(modern_sound(it.heap), "undamaged, the heap is sound");
	plant_in_circle();
	plant_in_cache();
	plant_in_map();
	plant_in_chunk();
	plant_in_lists();
	plant_in_huge();
	plant_in_figures();
	plant_empty_chunk();
	plant_garbage();
	ok(modern_sound(it.heap), "with the damage undone, the heap is sound");
	modern_end(it.heap);
	return done_testing();
}
