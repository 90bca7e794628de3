/* SPDX-License-Identifier: MIT */
/*
 * bench/start.c - what it costs to start a heap up to its first block, and what an empty request
 * costs; for bench/start-run, which watches the two functions with callgrind and strace.
 *
 *	start legacy|modern|none REQUESTS
 *
 * none starts nothing, to be subtracted.  Prints page faults of the start and of all requests.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

#include "zend_alloc.h"

void *measured_start(void);
void measured_requests(unsigned long requests);

__attribute__((noinline)) void *measured_start(void)
{
	start_memory_manager();
	return emalloc(100);
}

__attribute__((noinline)) void measured_requests(unsigned long requests)
{
	for (unsigned long i = 0; i < requests; i++) {
		shutdown_memory_manager(1, 0);
	}
}

static long faults(void)
{
	struct rusage usage;

	getrusage(RUSAGE_SELF, &usage);
	return usage.ru_minflt;
}

int main(int argc, char **argv)
{
	unsigned long requests = argc == 3 ? strtoul(argv[2], NULL, 10) : 0;
	long before, started, ended;
	void *block = NULL;

	if (argc != 3 || requests == 0) {
		fprintf(stderr, "start: usage: start legacy|modern|none REQUESTS\n");
		return 2;
	}
	setenv("ZEND_MM_MODE", argv[1], 1);
	before = faults();
	if (strcmp(argv[1], "none") != 0) {
		block = measured_start();
	}
	started = faults();
	if (block) {
		measured_requests(requests);
	}
	ended = faults();
	printf("%ld %ld\n", started - before, ended - started);
	return 0;
}
