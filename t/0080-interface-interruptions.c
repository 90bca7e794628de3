/* SPDX-License-Identifier: MIT */
/* The host's callbacks around updates of a heap: in pairs, whatever way a request ends, on heaps of
 * every kind; and a signal handler that allocates from the heap it interrupts. */
#include <sys/types.h>

#include "heap/heap.h"
#include "t/host.h"
#include "t/tap.h"
#ifndef _WIN32
# include <sys/time.h>
#endif

static volatile sig_atomic_t blocked;     /* block calls less unblock calls */
static volatile sig_atomic_t waiting;     /* a signal came while they were */
static int pairs, deepest;
static int storage_calls, storage_calls_blocked, messages_blocked;

static void interrupted(void);

static void block(void)
{
	blocked++;
	pairs++;
	deepest = blocked > deepest ? blocked : deepest;
}

static void unblock(void)
{
	blocked--;
	if (blocked == 0 && waiting) {
		waiting = 0;
		interrupted();
	}
}

static void fatal_error(const char *message)
{
	(void)message;
	messages_blocked += blocked;
}

static const zend_mm_host minding = {
	.fatal_error = fatal_error, .block_interruptions = block, .unblock_interruptions = unblock
};

/* {{{ A storage that looks whether interruptions are kept out when the heap calls it. */

static void look(void)
{
	storage_calls++;
	storage_calls_blocked += blocked == 1;
}

static zend_mm_storage *init(void *params)
{
	static zend_mm_storage storage;

	storage.handlers = params;
	return &storage;
}

static void dtor(zend_mm_storage *storage)
{
	(void)storage;
}

static zend_mm_segment *segment_alloc(zend_mm_storage *storage, size_t size)
{
	(void)storage;
	look();
	return malloc(size);
}

static zend_mm_segment *segment_realloc(zend_mm_storage *storage, zend_mm_segment *segment,
	size_t size)
{
	(void)storage;
	look();
	return realloc(segment, size);
}

static void segment_free(zend_mm_storage *storage, zend_mm_segment *segment)
{
	(void)storage;
	look();
	free(segment);
}

static const zend_mm_mem_handlers looking = {
	"looking", init, dtor, dtor, segment_alloc, segment_realloc, segment_free
};

/* }}} */
/* {{{ Pairs. */

static void reset(void)
{
	blocked = waiting = 0;
	pairs = deepest = storage_calls = storage_calls_blocked = messages_blocked = 0;
}

static zend_mm_heap *make(zend_mm_mode mode, const char *debug, const char *hardened)
{
	zend_mm_options options;

	zend_mm_default_options(&options);
	options.mode = mode;
	options.debug = debug;
	options.hardened = hardened;
	return zend_mm_startup_with(&options);
}

static void check_pairs(zend_mm_mode mode, const char *debug, const char *hardened)
{
	zend_mm_heap *heap;
	void *small, *huge;

	reset();
	zend_mm_set_host(&minding);
	heap = make(mode, debug, hardened);
	small = zend_mm_alloc(heap, 100);
	is_size((size_t)pairs, 1, "a request is one pair (mode %d, '%s', '%s')", mode, debug, hardened);
	ok(blocked == 0, "and it is over");
	huge = zend_mm_alloc(heap, 3000000);
	small = zend_mm_realloc(heap, small, 5000);
	zend_mm_free(heap, huge);
	zend_mm_free(heap, small);
	zend_mm_gc(heap);
	zend_mm_refresh_key_child(heap);
	ok(pairs >= 6 && blocked == 0, "so is each of the others (%d pairs)", pairs);
	zend_mm_set_limit(heap, mode == ZEND_MM_LEGACY ? 262144 : 2097152);
	ok(bails_out(zend_mm_alloc(heap, 5000000)), "a refused request jumps out");
	ok(blocked == 0 && messages_blocked == 0, "nothing is blocked then, nor during its message");
	ok(!bails_out(zend_mm_free(heap, zend_mm_alloc(heap, 10))) && blocked == 0, "and it goes on");
	zend_mm_shutdown(heap, 0, 1);
	ok(blocked == 0, "the end of a request is balanced");
	zend_mm_shutdown(heap, 1, 1);
	ok(blocked == 0 && deepest == 1, "the end of the heap too; pairs were never nested");
	zend_mm_set_host(NULL);
}

static void check_storage(void)
{
	zend_mm_heap *heap;
	void *data;

	zend_mm_set_host(&minding);
	heap = zend_mm_startup_ex(&looking, 262144, 8192, 0, (void *)(uintptr_t)&looking);
	reset();
	data = zend_mm_alloc(heap, 1000000);
	data = zend_mm_realloc(heap, data, 3000000);
	zend_mm_free(heap, data);
	zend_mm_shutdown(heap, 1, 1);
	ok(storage_calls >= 4, "storage was called (%d times)", storage_calls);
	is_size((size_t)storage_calls_blocked, (size_t)storage_calls, "always while kept out");
	zend_mm_set_host(NULL);
}

static void check_unset(void)
{
	zend_mm_heap *heap;

	reset();
	heap = make(ZEND_MM_LEGACY, NULL, NULL);
	zend_mm_set_heap(heap);
	efree(emalloc(10));
	ok(pairs == 0, "a host without callbacks: none");
	zend_mm_set_host(&minding);
	efree(emalloc(10));
	ok(pairs == 2 && blocked == 0, "one that comes later has the current heap's");
	zend_mm_set_host(NULL);
	efree(emalloc(10));
	ok(pairs == 2, "taken away again");
	zend_mm_set_host(&minding);
	zend_mm_set_custom_handlers(heap, malloc, free, realloc);
	efree(emalloc(10));
	ok(pairs == 2, "custom handlers are not the heap");
	zend_mm_set_custom_handlers(heap, NULL, NULL, NULL);
	efree(emalloc(10));
	ok(pairs == 4, "which is still told of after them");
	zend_mm_shutdown(heap, 1, 1);
	zend_mm_set_host(NULL);
}

/* }}} */
/* {{{ Looking changes nothing, so that nothing is kept out; what the malloc replacement asks for
 * beyond the interface does. */

static int visit(void *context, const zend_mm_region *region, const zend_mm_block_info *block)
{
	(void)region;
	*(int *)context += !block;
	return 0;
}

static int visit_listed(void *context, zend_mm_block_list list, unsigned index,
	const zend_mm_block_info *block, unsigned depth, int link)
{
	(void)list;
	(void)index;
	(void)block;
	(void)depth;
	(void)link;
	++*(int *)context;
	return 0;
}

static void check_looking(zend_mm_mode mode)
{
	zend_mm_problem problem;
	zend_mm_figures figures;
	zend_mm_place place;
	zend_mm_heap *heap;
	int visited = 0;
	char *data;

	zend_mm_set_host(&minding);
	heap = make(mode, NULL, NULL);
	zend_mm_set_heap(heap);
	data = emalloc(100);
	efree(emalloc(3000));
	reset();
	ok(zend_mem_block_size(data) >= 100 && is_zend_ptr(data), "mode %d: a block is known", mode);
	zend_mm_get_figures(heap, &figures);
	is_size(figures.size, zend_memory_usage(0), "the usage is that of the figures");
	ok(zend_mm_walk(heap, visit, &visited) == 0 && visited == (int)figures.regions,
		"the regions are walked");
	visited = 0;
	ok(zend_mm_walk_lists(heap, visit_listed, &visited) == 0 && visited > 0, "so are the lists");
	ok(zend_mm_check(heap, &problem) == 0, "the heap is sound");
	ok(zend_mm_locate(heap, data, &place) && place.block.data == data, "the block is found");
	ok(!heap->verbs->check_block || heap->verbs->check_block(heap, data, &problem) == 0,
		"and is sound");
	is_int(pairs, 0, "for none of this interruptions were kept out");
	data = heap->verbs->alloc_aligned(heap, 256, 1000);
	ok((uintptr_t)data % 256 == 0 && pairs == 1, "they are for an aligned block");
	efree(data);
	pairs = 0;
	heap->verbs->trim(heap);
	is_int(pairs, 1, "and for trimming");
	ok(blocked == 0 && zend_mm_check(heap, &problem) == 0, "which leaves the heap sound");
	zend_mm_shutdown(heap, 1, 1);
	zend_mm_set_host(NULL);
}

/* }}} */
/* {{{ A handler that allocates: at once, or when interruptions are let in. */

static zend_mm_heap *interrupted_heap;
static volatile sig_atomic_t interruptions;

static void interrupted(void)
{
	if (interrupted_heap) {
		interruptions++;
		zend_mm_free(interrupted_heap, zend_mm_alloc(interrupted_heap, 48));
		zend_mm_free(interrupted_heap, zend_mm_alloc(interrupted_heap, 30000));
	}
}

#ifndef _WIN32
static void on_alarm(int number)
{
	(void)number;
	if (blocked) {
		waiting = 1;
	} else {
		interrupted();
	}
}

static void check_signals(zend_mm_mode mode)
{
	const struct itimerval often = { { 0, 100 }, { 0, 100 } }, never = { { 0, 0 }, { 0, 0 } };
	void *blocks[64] = { NULL };
	zend_mm_problem problem = { .reason = "" };
	uint64_t random = tap_seed();
	int rounds = 0;

	reset();
	interruptions = 0;
	zend_mm_set_host(&minding);
	interrupted_heap = make(mode, NULL, NULL);
	signal(SIGALRM, on_alarm);
	setitimer(ITIMER_REAL, &often, NULL);
	for (; rounds < 2000000 && interruptions < 500; rounds++) {
		void **block = &blocks[rounds % 64];

		random = random * 6364136223846793005u + 1442695040888963407u;
		zend_mm_free(interrupted_heap, *block);
		*block = zend_mm_alloc(interrupted_heap, (size_t)(random >> 33) % 6000);
	}
	setitimer(ITIMER_REAL, &never, NULL);
	ok(blocked == 0, "mode %d: balanced after %d interruptions of %d rounds", mode,
		(int)interruptions, rounds);
	ok(zend_mm_check(interrupted_heap, &problem) == 0, "and the heap is sound: %s", problem.reason);
	zend_mm_shutdown(interrupted_heap, 1, 1);
	interrupted_heap = NULL;
	zend_mm_set_host(NULL);
}
#else
static void check_signals(zend_mm_mode mode)
{
	(void) mode;
	skip(2, "Windows has no timer signals");
}
#endif

/* }}} */

int main(void)
{
	for (int mode = ZEND_MM_LEGACY; mode <= ZEND_MM_MODERN; mode++) {
		check_pairs((zend_mm_mode)mode, NULL, NULL);
		check_pairs((zend_mm_mode)mode, "padding=16,quarantine=1M", NULL);
		check_pairs((zend_mm_mode)mode, NULL, "all");
		check_looking((zend_mm_mode)mode);
		check_signals((zend_mm_mode)mode);
	}
	check_storage();
	check_unset();
	return done_testing();
}
