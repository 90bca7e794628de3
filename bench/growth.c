/* SPDX-License-Identifier: MIT */
/*
 * bench/growth.c - what an operation costs as one thing grows and everything else stays.
 *
 *	growth THING HEAP NUMBER OPERATIONS
 *
 * THING is
 *	live       blocks alive, of 16 to 256 bytes: one at random is freed, one asked for
 *	segments   legacy: segments in use: one at random is given back, one obtained
 *	huge       modern: huge blocks: one at random is freed, one asked for
 *	chunks     modern: chunks in use, all but the last full of holes of 8 pages: 16 pages are
 *	           asked for, and given back
 *
 * HEAP is legacy or modern, or walking: the design that the thing belongs to as a heap under study,
 * which walks lists and circles as the originals do, and is slower by something constant.
 *
 * Storage is memory reserved beforehand and handed out by a stack, so that what is measured is the
 * heap.  Operations are made by measured(), the function to watch with callgrind.  Prints
 * nanoseconds of user and system time for an operation.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>

#include "heap/study/study.h"
#include "zend_alloc.h"

#define MIB ((size_t)1024 * 1024)

static struct {
	zend_mm_heap *heap;
	void **blocks;
	size_t count;
	uint64_t random;
} it;

static size_t below(size_t bound)
{
	it.random = it.random * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
	return (size_t)(it.random >> 33) % bound;
}

static void fail(const char *what)
{
	fprintf(stderr, "growth: %s\n", what);
	exit(2);
}

/* {{{ Storage: pieces of one size from a reservation. */

static struct {
	char *from;
	size_t piece, used, room;
	void **given_back;
	size_t given_back_count;
} store;

static void store_open(size_t piece, size_t room)
{
	size_t align = 2 * MIB;
	char *from = mmap(NULL, piece * room + align, PROT_READ | PROT_WRITE,
		MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	store.given_back = malloc(room * sizeof *store.given_back);
	if (from == MAP_FAILED || !store.given_back) {
		fail("no address space for so many");
	}
	store.from = (char *)(((uintptr_t)from + align - 1) & ~(uintptr_t)(align - 1));
	store.piece = piece;
	store.room = room;
}

static void *store_take(size_t size)
{
	if (size > store.piece) {
		return NULL;
	}
	if (store.given_back_count > 0) {
		return store.given_back[--store.given_back_count];
	}
	return store.used < store.room ? store.from + store.piece * store.used++ : NULL;
}

static void *chunk_alloc(zend_mm_storage *storage, size_t size, size_t alignment)
{
	(void)storage;
	(void)alignment;
	return store_take(size);
}

static void chunk_free(zend_mm_storage *storage, void *chunk, size_t size)
{
	(void)storage;
	(void)size;
	store.given_back[store.given_back_count++] = chunk;
}

static const zend_mm_mem_handlers segment_handlers;

static zend_mm_storage *segments_init(void *params)
{
	static zend_mm_storage storage = { &segment_handlers, NULL };

	(void)params;
	return &storage;
}

static void segments_nothing(zend_mm_storage *storage)
{
	(void)storage;
}

static zend_mm_segment *segment_alloc(zend_mm_storage *storage, size_t size)
{
	(void)storage;
	return store_take(size);
}

static zend_mm_segment *segment_realloc(zend_mm_storage *storage, zend_mm_segment *segment,
	size_t size)
{
	(void)storage;
	return size <= store.piece ? segment : NULL;
}

static void segment_free(zend_mm_storage *storage, zend_mm_segment *segment)
{
	chunk_free(storage, segment, 0);
}

static const zend_mm_mem_handlers segment_handlers = {
	"reserved", segments_init, segments_nothing, segments_nothing,
	segment_alloc, segment_realloc, segment_free
};
static const zend_mm_chunk_handlers chunk_handlers = { chunk_alloc, chunk_free, NULL, NULL };

/* }}} */
/* {{{ What grows: how the state is made, and one operation. */

enum { segment_size = 32 * 1024, segment_block = segment_size - 64 };

static void ask(size_t slot, size_t size)
{
	it.blocks[slot] = zend_mm_alloc(it.heap, size);
	if (!it.blocks[slot]) {
		fail("no memory for so many");
	}
}

static void make_live(void)
{
	for (size_t i = 0; i < it.count; i++) {
		ask(i, 16 + below(241));
	}
}

static void step_live(void)
{
	size_t slot = below(it.count);

	zend_mm_free(it.heap, it.blocks[slot]);
	ask(slot, 16 + below(241));
}

static void make_segments(void)
{
	for (size_t i = 0; i < it.count; i++) {
		ask(i, segment_block);
	}
}

static void step_segments(void)
{
	size_t slot = below(it.count);

	zend_mm_free(it.heap, it.blocks[slot]);
	ask(slot, segment_block);
}

static void make_huge(void)
{
	for (size_t i = 0; i < it.count; i++) {
		ask(i, 2 * MIB);
	}
}

static void step_huge(void)
{
	size_t slot = below(it.count);

	zend_mm_free(it.heap, it.blocks[slot]);
	ask(slot, 2 * MIB);
}

/* A chunk is filled with runs, of which every second one goes; the last keeps its second half
 * free.  Runs of 8 pages and more leave the circle's order alone. */
enum { run_size = 8 * 4096, chunk_runs = 63 };

static void make_chunks(void)
{
	void *runs[chunk_runs];

	for (size_t chunk = 0; chunk < it.count; chunk++) {
		for (int i = 0; i < chunk_runs; i++) {
			runs[i] = zend_mm_alloc(it.heap, run_size);
		}
		memcpy(it.blocks + chunk_runs * chunk, runs, sizeof runs);
	}
	/* in the end, so that no chunk gets holes while others are filled */
	for (size_t chunk = 0; chunk < it.count; chunk++) {
		bool last = chunk + 1 == it.count;

		for (int i = last ? chunk_runs / 2 : 0; i < chunk_runs; i += last ? 1 : 2) {
			zend_mm_free(it.heap, it.blocks[chunk_runs * chunk + (size_t)i]);
		}
	}
}

static void step_chunks(void)
{
	zend_mm_free(it.heap, zend_mm_alloc(it.heap, 2 * run_size));
}

static const struct thing {
	const char *name;
	zend_mm_mode mode;          /* of a walking heap */
	bool both;                  /* either design has it */
	size_t piece;               /* of storage */
	size_t slots;               /* remembered blocks for each of the number */
	void (*make)(void);
	void (*step)(void);
} things[] = {
	{ "live", ZEND_MM_LEGACY, true, 0, 1, make_live, step_live },
	{ "segments", ZEND_MM_LEGACY, false, segment_size, 1, make_segments, step_segments },
	{ "huge", ZEND_MM_MODERN, false, 4 * MIB, 1, make_huge, step_huge },
	{ "chunks", ZEND_MM_MODERN, false, 2 * MIB, chunk_runs, make_chunks, step_chunks },
};

/* }}} */

static void start_heap(const struct thing *thing, const char *heap)
{
	static struct zend_mm_study study;
	zend_mm_options options;

	zend_mm_default_options(&options);
	options.mode = thing->mode;
	if (thing->both) {
		options.mode = strcmp(heap, "modern") == 0 ? ZEND_MM_MODERN : ZEND_MM_LEGACY;
		options.storage = "mmap_anon";
	} else {
		/* the last pieces are for what a heap takes for itself */
		store_open(thing->piece, it.count + it.count / 8 + 64);
		options.segment_size = segment_size;
		options.segment_handlers = &segment_handlers;
		options.chunk_handlers = &chunk_handlers;
	}
	study = zend_mm_study_default();
	it.heap = strcmp(heap, "walking") == 0 ? zend_mm_study_startup(&options, &study) :
		zend_mm_startup_with(&options);
	if (!it.heap) {
		fail("cannot make the heap");
	}
}

void measured(const struct thing *thing, unsigned long operations);

__attribute__((noinline)) void measured(const struct thing *thing, unsigned long operations)
{
	for (unsigned long i = 0; i < operations; i++) {
		thing->step();
	}
}

static uint64_t cpu_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
	return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

static const struct thing *find_thing(const char *name)
{
	for (size_t i = 0; i < sizeof things / sizeof *things; i++) {
		if (strcmp(things[i].name, name) == 0) {
			return &things[i];
		}
	}
	fail("things are live, segments, huge and chunks");
	return NULL;
}

int main(int argc, char **argv)
{
	const struct thing *thing;
	unsigned long operations;
	uint64_t began;

	if (argc != 5) {
		fail("usage: growth THING HEAP NUMBER OPERATIONS");
	}
	thing = find_thing(argv[1]);
	it.count = strtoul(argv[3], NULL, 10);
	operations = strtoul(argv[4], NULL, 10);
	if (it.count == 0 || operations == 0) {
		fail("the number and the operations are whole numbers from 1 on");
	}
	it.random = 1;
	it.blocks = calloc(it.count * thing->slots, sizeof *it.blocks);
	if (!it.blocks) {
		fail("no memory for so many");
	}
	start_heap(thing, argv[2]);
	thing->make();
	for (unsigned long i = 0; i <= operations / 4; i++) {
		thing->step(); /* until it is as it will be */
	}
	began = cpu_ns();
	measured(thing, operations);
	printf("%.2f\n", (double)(cpu_ns() - began) / (double)operations);
	return 0;
}
