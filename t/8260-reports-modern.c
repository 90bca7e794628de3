/* SPDX-License-Identifier: MIT */
/*
 * Each kind of report about a modern heap, and what it has: t/reports.h says what the letters mean.
 * What is missing cannot be known: there are no headers beside blocks, so that nobody knows owners
 * in a release build, and a link that leads nowhere has no copy.
 */
#include "t/modern.h"
#include "t/reports.h"

static struct {
	zend_mm_heap *heap;
	struct zend_mm_modern_heap *modern;
	char *slot[3];                   /* of 224 bytes, used */
	char *run, *huge, *other_huge;
	struct zend_mm_chunk *main_chunk, *second;
} it;

static void make_scene(const char *hardened)
{
	zend_mm_options options = modern_options();

	options.hardened = hardened;
	host_start();
	it.heap = modern_start_with(options);
	it.modern = zend_mm_modern(it.heap);
	for (int i = 0; i < 3; i++) {
		it.slot[i] = zend_mm_alloc(it.heap, 200);
	}
	it.run = zend_mm_alloc(it.heap, 10 * PAGE);
	it.second = chunk_of(zend_mm_alloc(it.heap, LARGEST));
	it.huge = zend_mm_alloc(it.heap, 2 * CHUNK);
	it.other_huge = zend_mm_alloc(it.heap, 2 * CHUNK);
	it.main_chunk = chunk_of(it.heap);
}

/* As in 8250. */
#define PLANT(place, value, find, reason, items) do { \
		__typeof__(place) before_ = (place); \
		(place) = (__typeof__(place))(value); \
		find; \
		has_report(reason, items); \
		(place) = before_; \
	} while (0)

#define FREES(data) CATCH(zend_mm_free(it.heap, data))
#define CHECKS catch_by_check(it.heap)
#define NOWHERE ((uintptr_t)0x10000000 * 3)

/* {{{ Requests. */

static void check_pointers(void)
{
	zend_mm_heap *other = zend_mm_startup_with(&(zend_mm_options) {
		.struct_size = sizeof(zend_mm_options), .mode = ZEND_MM_MODERN });

	make_scene(NULL);
	FREES(zend_mm_alloc(other, 100));
	has_report("the block's chunk belongs to another heap or to none", "wxch");
	FREES(it.run + 16);
	has_report("the address of a large block is not page aligned", "rgpbnch");
	FREES(it.run + PAGE);
	has_report("the page is not in use, or inside a large block", "rgpbnwmch");
	FREES((char *)it.main_chunk);
	has_report("no huge block begins at the address", "rgbnch");
	PLANT(it.second->heap, NULL, FREES((char *)it.second + 8 * PAGE),
		"the block's chunk belongs to another heap or to none", "rgpbwxch");
	zend_mm_shutdown(other, 1, 1);
	modern_end(it.heap);
}

/* }}} */
/* {{{ The deep check. */

static void check_chunks(void)
{
	size_t page;

	make_scene(NULL);
	page = page_of(it.slot[0]);
	PLANT(it.second->next, NULL, CHECKS, "a chunk's next link leads nowhere", "rgbnwxch");
	for (int i = 0; i < 2; i++) { /* the way back, which says what is next, is damaged, too */
		it.main_chunk->prev = i ? it.main_chunk : NULL;
		PLANT(it.second->next, NULL, CHECKS, "a chunk's next link leads nowhere", "rgbnwch");
		it.main_chunk->prev = it.second;
	}
	PLANT(it.second->prev, NOWHERE, CHECKS, "a chunk's previous link does not lead back",
		"rgbnwxch");
	PLANT(it.second->heap, NULL, CHECKS, "a chunk in the circle belongs to another heap",
		"rgbnwxch");
	PLANT(it.main_chunk->map[page], 31 | ZEND_MM_MAP_SMALL, CHECKS,
		"a bin's run has an impossible map word", "rgdwch");
	PLANT(it.main_chunk->map[page], it.main_chunk->map[page] | 1 << 20, CHECKS,
		"a bin's run has an impossible map word", "rgpbnwxch");
	PLANT(it.main_chunk->map[page_of(it.run)], zend_mm_large_word(600), CHECKS,
		"a large run's map word has an impossible length", "rgpbwch");
	PLANT(it.main_chunk->used[0], it.main_chunk->used[0] ^ 2, CHECKS,
		"the bitmap says that a page of a run is free", "rgpbnwxch");
	PLANT(it.main_chunk->free_pages, 5, CHECKS, "a chunk's count of free pages is wrong",
		"rgbnwxch");
	PLANT(it.main_chunk->free_tail, 513, CHECKS, "a chunk's free tail is past its end",
		"rgbnwmch");
	PLANT(it.modern->cached_chunks, NOWHERE, CHECKS, "the list of cached chunks leads nowhere",
		"rgbnwch");
	PLANT(it.heap->real_size, 0, CHECKS, "real_size is not the bytes of chunks and huge blocks",
		"rgbnwxch");
	PLANT(it.heap->real_peak, 5, CHECKS, "real_peak is below real_size", "rgbnwmch");
	modern_end(it.heap);
}

static void check_lists(void)
{
	struct zend_mm_slot *slot;
	struct zend_mm_huge_entry *entry;

	make_scene(NULL);
	slot = it.modern->free_slots[14];
	entry = it.modern->huge_blocks;
	PLANT(slot->next, NOWHERE, CHECKS, "a list of slots leads out of the heap's chunks",
		"rgpbnwch");
	PLANT(slot->next, (char *)slot->next + 8, CHECKS,
		"a list of slots leads to an address where no slot begins", "rgpbnwch");
	PLANT(slot->next, slot, CHECKS, "a slot is in its bin's list twice", "rgpbnwch");
	PLANT(it.modern->free_slots[14], slot->next, CHECKS,
		"size is not the bytes of the blocks handed out", "rgbnwxch");
	PLANT(entry->ptr, NULL, CHECKS, "a huge block has an impossible address", "rgpbnwch");
	PLANT(entry->size, 5, CHECKS, "a huge block has an impossible size", "rgpbnwch");
	PLANT(entry->next, (struct zend_mm_huge_entry *)NOWHERE, CHECKS,
		"the list of huge blocks leads to something that is no entry", "rgpbnwch");
	modern_end(it.heap);
}

/* }}} */
/* {{{ Hardened heaps: their structure has other members, so that nothing is planted there. */

static void check_hardened(void)
{
	size_t *words;

	make_scene("all");
	FREES(it.slot[1] + 8);
	has_report("an address is inside a slot, not its beginning", "rgpbnch");
	CATCH(zend_mm_free(it.heap, &it));
	has_report("an address is in no chunk of the heap", "ch");
	words = (size_t *)(void *)(it.slot[1] + 224) - 1;
	PLANT(*words, 5, FREES(it.slot[1]), "the canary at a block's end is overwritten",
		"rgpbnwxch");
	zend_mm_free(it.heap, it.slot[1]);
	FREES(it.slot[1]);
	has_report("a slot was freed already", "rgpbnch");
	words = (size_t *)(void *)it.slot[1];
	PLANT(words[1], 5, CATCH(zend_mm_alloc(it.heap, 200)),
		"a free slot's link does not agree with its shadow", "rgpbnwxch");
	PLANT(words[1], 5, CHECKS, "a free slot's link does not agree with its shadow",
		"rgpbnwxch");
	PLANT(it.main_chunk->prev, it.main_chunk, FREES((char *)it.second + PAGE),
		"the next chunk does not point back", "rgbnwxch");
	modern_end(it.heap);
}

/* }}} */
/* {{{ Neighbours, across the borders of runs and chunks; a heap with very many free slots. */

static zend_mm_place place_of(const void *address)
{
	zend_mm_place place;

	zend_mm_locate(it.heap, address, &place);
	return place;
}

static void check_neighbours(void)
{
	zend_mm_place place;
	char *first;

	make_scene(NULL);
	place = place_of(it.run + 5);
	ok(place.block.address == it.run && place.block.size == 10 * PAGE, "a large block is whole");
	ok((const char *)place.before.address + place.before.size == it.run, "something is before it");
	ok(place.after.address == it.run + 10 * PAGE, "and something after it");
	first = (char *)it.main_chunk + PAGE * page_of(it.slot[0]);
	place = place_of(first);
	ok((const char *)place.before.address + place.before.size == first,
		"the first slot of a run has what ends there before it");
	place = place_of(it.huge + 5);
	ok(place.region.kind == ZEND_MM_REGION_HUGE && place.block.size == 2 * CHUNK,
		"a huge block is a region and a block");
	modern_end(it.heap);
}

/* How often the system was asked what can be read. */
static size_t questions;

#ifdef __linux__
# include <sys/syscall.h>
# include <sys/uio.h>
# include <unistd.h>

ssize_t process_vm_readv(pid_t pid, const struct iovec *here, unsigned long here_count,
	const struct iovec *there, unsigned long there_count, unsigned long flags)
{
	questions++;
	return syscall(SYS_process_vm_readv, pid, here, here_count, there, there_count, flags);
}
#endif

static void check_many(void)
{
	enum { count = 200000 };
	char **blocks = malloc(count * sizeof *blocks);

	make_scene(NULL);
	for (int i = 0; i < count; i++) {
		blocks[i] = zend_mm_alloc(it.heap, 24);
	}
	for (int i = 0; i < count; i++) {
		zend_mm_free(it.heap, blocks[(size_t)i * 7919 % count]);
	}
	questions = 0;
	ok(place_of(blocks[5]).block.state == ZEND_MM_BLOCK_FREE &&
		place_of(blocks[count - 5]).block.state == ZEND_MM_BLOCK_FREE,
		"of 200000 free slots, each is known to be free");
	ok(questions < 64 || REPORTS_SANITIZED, "and the system was asked %zu times", questions);
	free(blocks);
	modern_end(it.heap);
}

/* }}} */

int main(void)
{
	need_forks();
	need_exact_placements();
	check_pointers();
	check_chunks();
	check_lists();
	check_hardened();
	check_neighbours();
	check_many();
	return done_testing();
}
