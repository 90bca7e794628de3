/* SPDX-License-Identifier: MIT */
/*
 * Requests that the heap's own checks refuse: blocks of another heap, addresses that are none of a
 * block.
 */
#include <setjmp.h>

#include "t/modern.h"

/* {{{ The hook jumps out, so that one process can try them all. */

static jmp_buf caught;
static zend_mm_problem last;

static void hook(const zend_mm_problem *problem)
{
	last = *problem;
	longjmp(caught, 1);
}

#define corrupts(expression, text) do { \
		volatile bool jumped_ = false; \
		if (setjmp(caught) == 0) { \
			(void)(expression); \
		} else { \
			jumped_ = true; \
		} \
		ok(jumped_, "%s is a corrupted heap", #expression); \
		is_str(jumped_ ? last.reason : "", text, "because %s", text); \
	} while (0)

static int freed(zend_mm_heap *heap, void *ptr)
{
	zend_mm_free(heap, ptr);
	return 0;
}
/* }}} */

static const char *const other_heap = "the block's chunk belongs to another heap or to none";
static const char *const not_aligned = "the address of a large block is not page aligned";
static const char *const not_used = "the page is not in use, or inside a large block";
static const char *const not_huge = "no huge block begins at the address";

static void test_checks(void)
{
	zend_mm_heap *other = zend_mm_startup_with(&(zend_mm_options) {
		.struct_size = sizeof(zend_mm_options), .mode = ZEND_MM_MODERN });
	zend_mm_heap *heap = modern_start();
	char *foreign = zend_mm_alloc(other, 100);
	char *run = zend_mm_alloc(heap, 10 * PAGE);
	char *huge = zend_mm_alloc(heap, 2 * CHUNK);

	zend_mm_set_corruption_hook(hook);
	corrupts(freed(heap, foreign), other_heap);
	ok(last.heap == heap && last.address == foreign && last.found == (size_t)(uintptr_t)other &&
		last.expected == (size_t)(uintptr_t)heap, "it names block and heaps");
	corrupts(zend_mm_realloc(heap, foreign, 5), other_heap);
	corrupts(zend_mm_block_size(heap, foreign), other_heap);
	corrupts(freed(heap, run + 16), not_aligned);
	corrupts(zend_mm_realloc(heap, run + 16, 20 * PAGE), not_aligned);
	corrupts(zend_mm_realloc(heap, run + 16, 10 * PAGE), not_aligned);
	corrupts(zend_mm_block_size(heap, run + 16), not_aligned);
	corrupts(freed(heap, run + PAGE), not_used);
	corrupts(freed(heap, (char *)chunk_of(run) + 64), not_aligned);
	zend_mm_free(heap, run);
	corrupts(freed(heap, run), not_used);
	corrupts(freed(heap, (char *)chunk_of(run)), not_huge);
	zend_mm_free(heap, huge);
	corrupts(freed(heap, huge), not_huge);
	corrupts(zend_mm_realloc(heap, huge, 5), not_huge);
	corrupts(zend_mm_block_size(heap, huge), not_huge);
	zend_mm_set_corruption_hook(NULL);
	ok(modern_sound(heap), "none of them changed the heap");
	zend_mm_shutdown(other, 1, 1);
	modern_end(heap);
}

static void free_twice(const char *argument)
{
	zend_mm_heap *heap = modern_start();
	void *huge = zend_mm_alloc(heap, 2 * CHUNK);

	(void)argument;
	zend_mm_free(heap, huge);
	zend_mm_free(heap, huge);
}

int main(void)
{
	struct tap_child child;

	need_exact_placements();
	test_checks();
	child = run_child(free_twice, "");
	ok(strncmp(child.err, "zend_mm_heap corrupted\n", 23) == 0,
		"without a hook, standard error begins with the known sentence");
	ok(child.signal == SIGABRT || child.status == 3, "and the process aborts");
	return done_testing();
}
