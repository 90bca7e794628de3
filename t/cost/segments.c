/* SPDX-License-Identifier: MIT */
/*
 * segments N [COUNT]: so many requests (2,000) of 20,000 bytes, each freed a little later, on a
 * legacy heap of N segments which each have a free block of 100,000 bytes.
 *
 * t/8310 counts the instructions in requests().
 */
#define ZEND_MM_NO_SIZED_ENTRY_POINTS
#include "zend_alloc.h"

enum { most = 4000, kept = 50 };

static void *blocks[kept];

__attribute__((noinline)) static void requests(int count)
{
	for (int i = 0; i < count; i++) {
		void **at = &blocks[i * 7 % kept];

		if (*at) {
			efree(*at);
		}
		*at = emalloc(20000);
	}
}

int main(int argc, char **argv)
{
	static void *freed[most];
	int segments = argc > 1 ? atoi(argv[1]) : 10;

	start_memory_manager();
	for (int i = 0; i < segments && i < most; i++) {
		freed[i] = emalloc(100000);
		if (!emalloc(140000)) {
			return 1;
		}
	}
	for (int i = 0; i < segments && i < most; i++) {
		efree(freed[i]);
	}
	requests(argc > 2 ? atoi(argv[2]) : 2000);
	shutdown_memory_manager(1, 1);
	return 0;
}
