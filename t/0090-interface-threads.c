/* SPDX-License-Identifier: MIT */
/*
 * Builds with --enable-zts: each thread has a heap behind the same names, which ends with it; a
 * block that is freed in another thread is found.
 */
#include "t/tap.h"
#include "zend_alloc.h"

#ifndef ZTS
int main(void)
{
	skip_all("not a build with a heap for each thread");
}
#else
#include <pthread.h>

enum { threads = 4, operations = 20000, slots = 100 };

static void start(const char *mode)
{
	set_environment("ZEND_MM_MODE", mode);
}

/* --- each its own --- */

struct work {
	uint64_t state;
	zend_mm_heap *heap;
	unsigned damaged;
	size_t usage;
};

/* Allocates, resizes and frees at random; every block holds its number all over. */
static void *work(void *argument)
{
	struct work *work = argument;
	unsigned char *blocks[slots] = { NULL };
	size_t sizes[slots] = { 0 };

	for (int i = 0; i < operations; i++) {
		unsigned at = (unsigned) tap_below(&work->state, slots);
		size_t size = 1 + (size_t) tap_below(&work->state, i % 100 ? 500 : 100000);

		for (size_t byte = 0; byte < sizes[at]; byte += 61) {
			work->damaged += blocks[at][byte] != at;
		}
		if (blocks[at] && size % 3 == 0) {
			efree(blocks[at]);
			blocks[at] = NULL;
			sizes[at] = 0;
			continue;
		}
		blocks[at] = erealloc(blocks[at], size);
		sizes[at] = size;
		memset(blocks[at], (int) at, size);
	}
	work->heap = zend_mm_get_heap();
	work->damaged += zend_mm_check(work->heap, NULL) != 0;
	work->usage = zend_memory_usage(0);
	return NULL; /* its blocks are not freed */
}

static void check_own_heaps(const char *mode, uint64_t *seed)
{
	pthread_t thread[threads];
	struct work works[threads] = { { 0 } };
	zend_mm_heap *mine;
	size_t before;

	start(mode);
	mine = zend_mm_get_heap();
	estrdup("of the first thread");
	before = zend_memory_usage(0);
	for (int i = 0; i < threads; i++) {
		works[i].state = tap_random(seed);
		if (pthread_create(&thread[i], NULL, work, &works[i]) != 0) {
			bail_out("no thread");
		}
	}
	for (int i = 0; i < threads; i++) {
		pthread_join(thread[i], NULL);
		ok(works[i].heap && works[i].heap != mine, "%s: a thread has a heap of its own", mode);
		is_int((intmax_t) works[i].damaged, 0, "%s: nobody else writes to its blocks", mode);
		ok(works[i].usage > 0, "%s: its figures are its own", mode);
	}
	is_size(zend_memory_usage(0), before, "%s: and the first thread's are as they were", mode);
	shutdown_memory_manager(1, 1);
}

/* --- the end of a thread --- */

static char by_hand; /* its address tells a thread to shut its heap down */

static void *end_at_once(void *argument)
{
	void *block = emalloc(300000);

	memset(block, 1, 300000);
	if (argument) {
		shutdown_memory_manager(1, 1); /* the heap is gone before the thread */
	}
	return NULL;
}

/* Memory that a process holds, in pages; 0 where the system does not say. */
static unsigned long pages_held(void)
{
	FILE *file = fopen("/proc/self/statm", "r");
	unsigned long pages = 0;

	if (file) {
		pages = fscanf(file, "%lu", &pages) == 1 ? pages : 0;
		fclose(file);
	}
	return pages;
}

static void run_one(void *argument)
{
	pthread_t thread;

	if (pthread_create(&thread, NULL, end_at_once, argument) != 0) {
		bail_out("no thread");
	}
	pthread_join(thread, NULL);
}

static void check_ends(const char *mode, bool by_itself)
{
	unsigned long before;

	start(mode);
	set_environment("ZEND_MM_MEM_TYPE", by_itself ? "mmap_anon" : NULL);
	run_one(by_itself ? NULL : &by_hand);
	before = pages_held();
	for (int i = 0; i < 200; i++) {
		run_one(by_itself ? NULL : &by_hand);
	}
	if (!before) {
		skip(1, "this system does not say what a process holds");
		return;
	}
	/* each heap takes 512 KiB or 2 MiB */
	ok(pages_held() < before + 200 * 16, "%s: %s gives its heap back, 200 times", mode,
		by_itself ? "the end of a thread" : "a shutdown in a thread");
	set_environment("ZEND_MM_MEM_TYPE", NULL);
}

/* --- a block in the wrong thread --- */

static void *free_here(void *block)
{
	estrdup("this thread has a heap");
	efree(block);
	return NULL;
}

static void *resize_here(void *block)
{
	estrdup("this thread has a heap");
	return erealloc(block, 100000);
}

static void free_elsewhere(const char *size)
{
	pthread_t thread;
	bool resize = *size == 'r';
	void *block = emalloc((size_t) strtoul(size + resize, NULL, 10));

	pthread_create(&thread, NULL, resize ? resize_here : free_here, block);
	pthread_join(thread, NULL);
	puts("not found");
}

/* What a heap can know of a block that is not its own. */
static bool tells_of_another_heap(const char *report)
{
	static const char *const reasons[] = {
		"belongs to another heap",
		"no block of the heap can begin at an address",
		"an address is in no chunk of the heap",
		"no huge block begins at the address"
	};

	for (size_t i = 0; i < sizeof reasons / sizeof *reasons; i++) {
		if (strstr(report, reasons[i])) {
			return true;
		}
	}
	return false;
}

/* With a setting of the environment, which may be none. */
static void check_wrong_thread(const char *mode, const char *name, const char *value)
{
	static const char *const sizes[] = { "20", "1000", "20000", "3000000", "r20", "r20000" };
	bool plain_legacy = !ZEND_DEBUG && mode[0] == 'l' && !value;

	start(mode);
	set_environment(name, value);
	for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
		struct tap_child child;

		if (plain_legacy) {
			skip(3, "plain legacy blocks name their heap in debug builds only");
			continue;
		}
		child = run_child(free_elsewhere, sizes[i]);
		is_str(child.out, "", "%s, %s=%s, %s bytes: freed in another thread is found", mode, name,
			value ? value : "", sizes[i]);
		contains(child.err, "zend_mm_heap corrupted", "by the known line");
		if (!ok(tells_of_another_heap(child.err), "and it says what happened")) {
			diag("%s", child.err);
		}
	}
	set_environment(name, NULL);
}

int main(void)
{
	uint64_t seed = tap_seed();
	static const char *const modes[] = { "legacy", "modern" };

	for (int i = 0; i < 2; i++) {
		check_own_heaps(modes[i], &seed);
		check_ends(modes[i], true);
		check_ends(modes[i], false);
		check_wrong_thread(modes[i], "ZEND_MM_HARDENED", NULL);
		check_wrong_thread(modes[i], "ZEND_MM_HARDENED", "all");
		check_wrong_thread(modes[i], "ZEND_MM_DEBUG", "padding=16");
	}
	return done_testing();
}
#endif
