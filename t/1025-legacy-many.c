/* SPDX-License-Identifier: MIT */
/*
 * Many segments: giving one back and moving one, which the original does by walking their list,
 * leaves the list as a walk does (heap/places.h).  The list is compared with a plain array.
 */
#include "heap/legacy/heap.h"
#include "heap/design.h"
#include "t/host.h"
#include "t/noticed.h"
#include "t/tap.h"

#ifdef _WIN32
enum { on_windows = 1 };
#else
enum { on_windows = 0 };
#endif
enum { segment_size = 64 * 1024, most = 600, operations = 12000 };

static uint64_t seed;
static struct {
	zend_mm_heap *heap;
	zend_mm_segment *segments[most]; /* oldest first; the first is the heap's own */
	void *blocks[most];
	size_t sizes[most];              /* of segments, in their units */
	size_t count;
} it;

static size_t below(size_t bound)
{
	seed = seed * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
	return (size_t)(seed >> 33) % bound;
}

static zend_mm_segment *newest(void)
{
	return ((legacy_heap_t *)it.heap)->segments;
}

static bool list_is_right(void)
{
	const zend_mm_segment *segment = newest();

	for (size_t i = it.count; i-- > 0; segment = segment->next_segment) {
		if (!segment || segment != it.segments[i]) {
			return false;
		}
	}
	return !segment;
}

/* A block that fills a segment of its own but for less than a block. */
static size_t whole(size_t segments)
{
	return segments * segment_size - legacy_segment_overhead - legacy_header_size;
}

static void add(void)
{
	it.sizes[it.count] = 2 + below(3);
	it.blocks[it.count] = zend_mm_alloc(it.heap, whole(it.sizes[it.count]));
	it.segments[it.count++] = newest();
}

static void take_out(size_t which)
{
	zend_mm_free(it.heap, it.blocks[which]);
	it.count--;
	memmove(it.blocks + which, it.blocks + which + 1, (it.count - which) * sizeof *it.blocks);
	memmove(it.sizes + which, it.sizes + which + 1, (it.count - which) * sizeof *it.sizes);
	memmove(it.segments + which, it.segments + which + 1,
		(it.count - which) * sizeof *it.segments);
}

/* Growing takes the segment along, which malloc and mremap() move now and then. */
static bool resize(size_t which)
{
	zend_mm_segment *before = it.segments[which];

	it.sizes[which] += 1 + below(3);
	it.blocks[which] = zend_mm_realloc(it.heap, it.blocks[which], whole(it.sizes[which]));
	it.segments[which] = (zend_mm_segment *)((char *)it.blocks[which]
		- legacy_segment_header_size - legacy_header_size);
	return it.segments[which] != before;
}

static void start(const char *storage)
{
	zend_mm_options options;

	zend_mm_default_options(&options);
	options.mode = ZEND_MM_LEGACY;
	options.segment_size = segment_size;
	options.storage = storage;
	it.heap = zend_mm_startup_with(&options);
	it.count = 0;
	it.segments[it.count++] = newest();
}

static void test_list(const char *storage)
{
	bool right = true;
	size_t longest = 0, moved = 0;

	start(storage);
	for (int i = 0; i < operations && right; i++) {
		bool grows = (i / 1500) % 2 == 0;

		if (it.count < 2 || (it.count < most && below(4) < (grows ? 2u : 1u))) {
			add();
		} else if (below(3) == 0) {
			moved += resize(1 + below(it.count - 1));
		} else {
			take_out(1 + below(it.count - 1));
		}
		longest = it.count > longest ? it.count : longest;
		right = i % 8 != 0 || list_is_right();
	}
	ok(right && list_is_right(), "%s: the list keeps its order", storage);
	ok(longest > 100, "%s: it was long: %zu segments", storage, longest);
	ok(moved > 20, "%s: segments moved: %zu", storage, moved);
	is_int(zend_mm_check(it.heap, NULL), 0, "%s: the heap is sound", storage);
	zend_mm_shutdown(it.heap, 0, 1);
	it.count = 1;
	ok(list_is_right(), "%s: a request later there is one segment", storage);
	while (it.count < most / 2) {
		add();
	}
	while (it.count > 1) {
		take_out(1 + below(it.count - 1));
	}
	ok(list_is_right() && zend_mm_check(it.heap, NULL) == 0,
		"%s: and the next request's list is right, too", storage);
	zend_mm_shutdown(it.heap, 1, 1);
}

static void test_check(void)
{
	struct zend_mm_places *places;

	start("malloc");
	places = &((legacy_heap_t *)it.heap)->segment_places;
	IS_NOTICED(it.heap, places->entries, "a table where there is none");
	while (it.count < 100) {
		add();
	}
	is_int(zend_mm_check(it.heap, NULL), 0, "a table of 100 segments is sound");
	IS_NOTICED(it.heap, places->members, "the count of members");
	IS_NOTICED(it.heap, places->entries, "where the table is");
	IS_NOTICED(it.heap, places->capacity, "how large it is");
	IS_NOTICED(it.heap, places->noted, "how much of it is in use");
	for (size_t i = 0; i < places->capacity; i++) {
		if (places->entries[i].key) {
			IS_NOTICED(it.heap, places->entries[i].before, "an entry");
			IS_NOTICED(it.heap, places->entries[i].key, "its key");
			break;
		}
	}
	is_int(zend_mm_check(it.heap, NULL), 0, "and sound again");
	zend_mm_shutdown(it.heap, 1, 1);
}

/* The list of an internal heap is walked, however long it is. */
static void test_internal(void)
{
	struct zend_mm_places *places;
	zend_mm_options options;

	zend_mm_default_options(&options);
	options.mode = ZEND_MM_LEGACY;
	options.segment_size = segment_size;
	options.storage = "malloc";
	options.internal = true;
	it.heap = zend_mm_startup_with(&options);
	places = &((legacy_heap_t *)it.heap)->segment_places;
	IS_NOTICED(it.heap, places->entries, "a table in an internal heap");
	is_int(zend_mm_check(it.heap, NULL), 0, "which has none");
	zend_mm_shutdown(it.heap, 1, 1);
}

int main(void)
{
	host_start();
	seed = tap_seed();
	test_list("malloc");
	if (on_windows) {
		skip(6, "Windows has no mmap_anon");
	} else {
		test_list("mmap_anon");
	}
	test_check();
	test_internal();
	return done_testing();
}
