/* SPDX-License-Identifier: MIT */
/*
 * examples/corruption.c - a corruption hook: what a program gets to know when its heap finds itself
 * damaged, and how it goes on.
 *
 * Without a hook the heap prints "zend_mm_heap corrupted" and what it knows on standard error, and
 * ends the process. The hook is called before that, with a structure: the reason, the address, and
 * where one word is wrong, that word, its value and what it should be. zend_mm_locate() says what
 * stands at the address: region, block, neighbours, and who asked for the block in debug and
 * guarded heaps. Neither takes memory, nor believes what the damaged heap says.
 *
 * A hook that returns lets the heap end the process. This one jumps to where the damaged heap is
 * given up as a whole; none of its blocks is touched again. Of two requests, each on a heap of its
 * own, the first writes past a block's end; the second is served all the same.
 */
#include <setjmp.h>
#include <stdio.h>
#include <zend_alloc.h>

static jmp_buf request_failed;

/* Addresses differ from run to run: distances do not. */
static size_t distance(const void *from, const void *to)
{
	return (size_t)((const char *)to - (const char *)from);
}

static void print_block(const char *name, const zend_mm_block_info *block,
	const zend_mm_region *region)
{
	static const char *const states[] = { "header", "guard", "used", "the reserve",
		"freed, in the cache", "free", "free pages", "left over", "quarantined" };

	if (block->size) {
		printf("  %-6s at +%zu: %zu bytes, %s\n", name, distance(region->address, block->address),
			block->size, states[block->state]);
	}
}

static void hook(const zend_mm_problem *problem)
{
	static const char *const senses[] = { "nobody knows what", "", "at most ", "at least " };
	zend_mm_place place;

	printf("corrupted: %s\n", problem->reason);
	if (zend_mm_locate(problem->heap, problem->address, &place)) {
		printf("  in a region of %zu bytes, at +%zu\n", place.region.size,
			distance(place.region.address, problem->address));
		print_block("before", &place.before, &place.region);
		print_block("block", &place.block, &place.region);
		print_block("after", &place.after, &place.region);
	}
	if (problem->word) {
		printf("  the word at +%zu is %#zx and should be %s%#zx\n",
			distance(place.region.address, problem->word), problem->found,
			senses[problem->expectation], problem->expected);
	}
	longjmp(request_failed, 1);
}

static zend_mm_heap *new_heap(void)
{
	zend_mm_options options;

	zend_mm_default_options(&options);
	options.mode = ZEND_MM_LEGACY;
	options.debug = options.hardened = NULL;
	return zend_mm_startup_with(&options);
}

/* Copies a word to a block that has room for 24 bytes, then uses the heap. */
static void serve(zend_mm_heap *heap, const char *word)
{
	char *copy = zend_mm_alloc(heap, 24);
	char *next = zend_mm_alloc(heap, 1000);

	zend_mm_free(heap, next);
	strcpy(copy, word);
	printf("serving \"%s\"\n", copy);
	next = zend_mm_alloc(heap, 1000);
	zend_mm_free(heap, next);
	zend_mm_free(heap, copy);
	zend_mm_shutdown(heap, 1, 1);
}

int main(void)
{
	static const char *const words[] = { "boundary-tags-everywhere", "boundary-tags" };
	volatile int i;

	zend_mm_set_corruption_hook(hook);
	for (i = 0; i < 2; i++) {
		if (setjmp(request_failed) == 0) {
			serve(new_heap(), words[i]);
			puts("served");
		} else {
			puts("given up, with the heap");
		}
	}
	return 0;
}
