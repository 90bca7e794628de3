/* SPDX-License-Identifier: MIT */
/*
 * Hardened legacy heaps with many segments, that come, go and grow at random: whatever was looked
 * up before, a pointer into a segment is taken and one into a segment that is gone is not.
 */
#include "t/tap.h"
#include "zend_alloc.h"

#ifdef _WIN32
enum { children_have_the_heap = 0 };
#else
enum { children_have_the_heap = 1 };
#endif

enum { most = 200, operations = 6000, small = 1000, whole = 200000 };

static uint64_t seed;
static zend_mm_heap *heap;
static char *blocks[most];
static size_t count;

static size_t below(size_t bound)
{
	seed = seed * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
	return (size_t)(seed >> 33) % bound;
}

/* Segments of one block each, some several times as large as usual, that may move as they grow. */
static void change(void)
{
	size_t at = below(most);

	if (!blocks[at]) {
		blocks[at] = zend_mm_alloc(heap, whole * (1 + below(3)));
		count++;
	} else if (below(2)) {
		blocks[at] = zend_mm_realloc(heap, blocks[at], whole * (1 + below(4)));
	} else {
		zend_mm_free(heap, blocks[at]);
		blocks[at] = NULL;
		count--;
	}
}

/* Frees a copy of a block's header and data that stands in memory of no segment. */
static void free_outside(const char *block)
{
	char *copy = malloc(whole + 64);

	memcpy(copy, block - 16, whole);
	zend_mm_free(heap, copy + 16);
}

/* What the segment was given back to is the system's malloc, which may have it still. */
static void free_twice(const char *block)
{
	char *gone = (char *)(uintptr_t)block;

	zend_mm_free(heap, gone);
	zend_mm_free(heap, gone);
}

int main(void)
{
	zend_mm_options options;
	struct tap_child child;
	size_t problems = 0;

	seed = tap_seed();
	zend_mm_default_options(&options);
	options.mode = ZEND_MM_LEGACY;
	options.debug = NULL; /* a sanitizer has heaps guarded */
	options.hardened = "lists,frees";
	options.storage = "malloc";
	heap = zend_mm_startup_with(&options);
	for (int i = 0; i < operations; i++) {
		change();
		problems += i % 500 == 0 && zend_mm_check(heap, NULL) != 0;
	}
	is_size(problems, 0, "the heap stays sound");
	while (!blocks[0] || count < 40) {
		change();
	}
	if (children_have_the_heap) {
		child = run_child(free_outside, blocks[0]);
		contains(child.err, "zend_mm_heap corrupted", "a block in no segment is not freed");
		child = run_child(free_twice, blocks[0]);
		ok(child.status != 0, "nor one whose segment is gone");
	} else {
		skip(2, "a child on Windows begins anew");
	}
	zend_mm_free(heap, zend_mm_alloc(heap, small));
	is_int(zend_mm_check(heap, NULL), 0, "the heap is sound at last");
	zend_mm_shutdown(heap, 1, 1);
	return done_testing();
}
