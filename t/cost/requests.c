/* SPDX-License-Identifier: MIT */
/*
 * requests N: N requests of 16 to 415 bytes, in 1,000 places at random, each freed before it is
 * made again, on the heap that the environment asks for; then 10,000 blocks of 100 bytes.
 *
 * Prints the bytes of memory that each of those takes.  t/cost/run counts the instructions in
 * requests().
 */
#define ZEND_MM_NO_SIZED_ENTRY_POINTS
#include <stdint.h>
#include <stdio.h>

#include "zend_alloc.h"

enum { places = 1000, blocks = 10000 };

static void *place[places];

__attribute__((noinline)) static void requests(long count)
{
	uint32_t random = 2463534242u;

	for (long i = 0; i < count; i++) {
		void **at;

		random ^= random << 13;
		random ^= random >> 17;
		random ^= random << 5;
		at = &place[random % places];
		if (*at) {
			efree(*at);
		}
		*at = emalloc(16 + (random >> 12) % 400);
	}
}

/* Bytes of memory that the process has; 0 where that is not known. */
static long resident(void)
{
	FILE *file = fopen("/proc/self/statm", "r");
	long pages = 0;

	if (file && fscanf(file, "%*d %ld", &pages) != 1) {
		pages = 0;
	}
	if (file) {
		fclose(file);
	}
	return pages * 4096;
}

int main(int argc, char **argv)
{
	long before;

	start_memory_manager();
	requests(argc > 1 ? atol(argv[1]) : 10000);
	resident(); /* so that the code that it takes is there, and not counted */
	before = resident();
	for (int i = 0; i < blocks; i++) {
		memset(emalloc(100), 'b', 100);
	}
	printf("%ld\n", (resident() - before) / blocks);
	return 0;
}
