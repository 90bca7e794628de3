/* SPDX-License-Identifier: MIT */
/*
 * Guarded heaps that threads share: where a request of one thread ends by a jump, refused or found
 * corrupted, the others can go on.
 */
#include "t/host.h"
#include "t/tap.h"

#ifdef _WIN32
int main(void)
{
	skip_all("written for POSIX threads");
}
#else
#include <pthread.h>
#include <unistd.h>

static zend_mm_heap *start(zend_mm_mode mode)
{
	zend_mm_options options;

	zend_mm_default_options(&options);
	options.mode = mode;
	options.debug = "padding=16";
	options.malloc_rules = true;
	return zend_mm_startup_with(&options);
}

static void *use(void *argument)
{
	void *block = zend_mm_alloc(argument, 100);

	zend_mm_free(argument, zend_mm_realloc(argument, block, 5000));
	return block;
}

/* Whether another thread can use the heap.  One that waits for ever ends the test. */
static bool usable_elsewhere(zend_mm_heap *heap)
{
	pthread_t thread;
	void *block = NULL;

	alarm(60);
	if (pthread_create(&thread, NULL, use, heap) == 0) {
		pthread_join(thread, &block);
	}
	alarm(0);
	return block != NULL;
}

/* The host jumps out of its handler itself. */
static void jump(const char *message)
{
	host_fatal_error(message);
	zend_mm_bailout();
}

/* The host's handler asks the heap for memory, and more than there is. */
static zend_mm_heap *asked;

static void ask_more(const char *message)
{
	host_fatal_error(message);
	zend_mm_free(asked, zend_mm_alloc(asked, 64));
	zend_mm_alloc(asked, SIZE_MAX - (1 << 20));
}

static void refused(zend_mm_mode mode, const char *name, void (*handler)(const char *))
{
	const zend_mm_host host = { .fatal_error = handler };
	zend_mm_heap *heap = asked = start(mode);
	void *block;

	host_start();
	zend_mm_set_host(&host);
	zend_mm_set_limit(heap, 4 << 20);
	block = zend_mm_alloc(heap, 100);
	ok(bails_out(zend_mm_alloc(heap, 64 << 20)), "%s: a large request is refused", name);
	ok(usable_elsewhere(heap), "%s: another thread goes on", name);
	ok(bails_out(zend_mm_realloc(heap, block, 64 << 20)), "%s: so is a large resize", name);
	ok(usable_elsewhere(heap), "%s: another thread goes on", name);
	zend_mm_free(heap, block);
	is_size((size_t) zend_mm_check(heap, NULL), 0, "%s: the heap is sound", name);
	zend_mm_shutdown(heap, 1, 1);
}

static void jump_out(const zend_mm_problem *problem)
{
	host_fatal_error(problem->reason);
	zend_mm_bailout();
}

static void corrupted(zend_mm_mode mode, const char *name)
{
	zend_mm_heap *heap = start(mode);
	zend_mm_corruption_hook before;
	void *block;

	host_start();
	before = zend_mm_set_corruption_hook(jump_out);
	block = zend_mm_alloc(heap, 100);
	zend_mm_free(heap, block);
	ok(bails_out(zend_mm_free(heap, block)), "%s: the hook jumps out of a second free", name);
	ok(usable_elsewhere(heap), "%s: another thread goes on", name);
	block = zend_mm_alloc(heap, 100);
	ok(block && !bails_out(zend_mm_free(heap, block)), "%s: as does this one", name);
	ok(usable_elsewhere(heap), "%s: and the other one again", name);
	zend_mm_set_corruption_hook(before);
	zend_mm_shutdown(heap, 1, 1);
}

int main(void)
{
	refused(ZEND_MM_LEGACY, "legacy", host_fatal_error);
	refused(ZEND_MM_MODERN, "modern", host_fatal_error);
	refused(ZEND_MM_LEGACY, "legacy, jumping from the handler", jump);
	refused(ZEND_MM_MODERN, "modern, jumping from the handler", jump);
	refused(ZEND_MM_LEGACY, "legacy, refused again in the handler", ask_more);
	refused(ZEND_MM_MODERN, "modern, refused again in the handler", ask_more);
	corrupted(ZEND_MM_LEGACY, "legacy, corrupted");
	corrupted(ZEND_MM_MODERN, "modern, corrupted");
	return done_testing();
}
#endif
