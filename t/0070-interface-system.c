/* SPDX-License-Identifier: MIT */
/* USE_ZEND_ALLOC=0: the system's malloc; with USE_TRACKED_ALLOC=1: with limits, usage and release.
 */
#include "t/host.h"
#include "t/tap.h"

static void start(const char *tracked)
{
	set_environment("USE_ZEND_ALLOC", "0");
	set_environment("USE_TRACKED_ALLOC", tracked);
	start_memory_manager();
}

static void check_plain(void)
{
	char *block;

	start("0");
	ok(!is_zend_mm(), "plain: not zend memory");
	ok(zend_mm_is_custom_heap(zend_mm_get_heap()), "plain: but a custom heap");
	block = ecalloc(10, 10);
	block = erealloc(block, 100000);
	block[99999] = 1;
	is_size(zend_memory_usage(0), 0, "plain: nothing is counted");
	ok(!is_zend_ptr(block), "plain: nothing is known");
	efree(block);
	is_int(zend_set_memory_limit(1), 0, "plain: a limit has no effect");
	efree(emalloc(1000));
	is_size(zend_mm_gc(zend_mm_get_heap()), 0, "plain: nothing to collect");
	shutdown_memory_manager(1, 0);
	shutdown_memory_manager(1, 1);
}

static void check_many(void)
{
	enum { count = 20000 };
	static unsigned char *blocks[count];
	static size_t sizes[count];
	uint64_t state = tap_seed();
	size_t sum = 0, wrong = 0;

	for (int step = 0; step < 200000; step++) {
		size_t i = (size_t)tap_below(&state, count);
		size_t size = (size_t)tap_below(&state, 200) + 1;

		if (!blocks[i] || tap_below(&state, 3) == 0) {
			wrong += blocks[i] && blocks[i][0] != (unsigned char)i;
			blocks[i] = erealloc(blocks[i], size);
			blocks[i][0] = (unsigned char)i;
			sum += size - sizes[i];
			sizes[i] = size;
		} else {
			wrong += blocks[i][0] != (unsigned char)i || zend_mem_block_size(blocks[i]) != sizes[i];
			efree(blocks[i]);
			sum -= sizes[i];
			blocks[i] = NULL;
			sizes[i] = 0;
		}
		wrong += zend_memory_usage(0) != sum;
	}
	is_size(wrong, 0, "tracked: usage is the requested bytes through 200,000 operations");
}

static void check_tracked(void)
{
	char *block;

	start("1");
	host_start();
	ok(!is_zend_mm(), "tracked: not zend memory");
	block = emalloc(100);
	is_size(zend_memory_usage(0), 100, "tracked: usage is what was requested");
	is_size(zend_memory_usage(1), 100, "tracked: real usage, too");
	ok(is_zend_ptr(block), "tracked: its blocks are known");
	is_size(zend_mem_block_size(block), 100, "tracked: with their size");
	block = erealloc(block, 300);
	is_size(zend_memory_usage(0), 300, "tracked: resizing counts");
	is_int(zend_set_memory_limit(299), -1, "tracked: a limit below usage is refused");
	is_int(zend_set_memory_limit(1000), 0, "tracked: a limit is set");
	efree(emalloc(700));
	ok(bails_out(emalloc(701)), "tracked: over it bails out");
	is_str(host_message,
		"Allowed memory size of 1000 bytes exhausted (tried to allocate 701 bytes)",
		"tracked: with the usual text");
	ok(bails_out(erealloc(block, 1001)), "tracked: so does growing over it");
	is_size(zend_memory_usage(0), 300, "tracked: nothing was counted for it");
	is_size(zend_memory_peak_usage(0), 1000, "tracked: peak");
	shutdown_memory_manager(1, 0);
	is_size(zend_memory_usage(0), 0, "tracked: the end of the request frees all");
	zend_set_memory_limit(SIZE_MAX);
	check_many();
	shutdown_memory_manager(1, 1);
}

static void free_unknown(const char *argument)
{
	int local;

	(void)argument;
	start("1");
	efree(&local);
}

int main(void)
{
	struct tap_child child;

	check_plain();
	check_tracked();
	child = run_child(free_unknown, NULL);
	contains(child.err, "zend_mm_heap corrupted\n", "tracked: an unknown block is noticed");
	is_int(child.signal, SIGABRT, "tracked: and ends the process");
	return done_testing();
}
