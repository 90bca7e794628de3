/* SPDX-License-Identifier: MIT */
/*
 * Nothing but malloc() and free(): churn OPERATIONS [THREADS].  Each thread keeps 1,000 blocks and
 * replaces one of them in each operation: two in three of at most 64 bytes, nearly all of at most
 * 512, one in a hundred of up to 8 KiB.  Run by t/programs/replacement-speed.
 */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

enum { kept = 1000, threads_max = 64 };

static long operations;

static unsigned next_number(unsigned *state)
{
	*state = *state * 1103515245u + 12345u;
	return *state >> 8;
}

static size_t size_of_next(unsigned *state)
{
	unsigned kind = next_number(state) % 100;

	return 1 + next_number(state) % (kind < 66 ? 64u : kind < 99 ? 512u : 8192u);
}

static void *work(void *seed)
{
	unsigned state = *(unsigned *)seed;
	char *blocks[kept] = { NULL };

	for (long i = 0; i < operations; i++) {
		unsigned place = next_number(&state) % kept;

		free(blocks[place]);
		blocks[place] = malloc(size_of_next(&state));
		if (!blocks[place]) {
			exit(1);
		}
		blocks[place][0] = 1;
	}
	for (int i = 0; i < kept; i++) {
		free(blocks[i]);
	}
	return NULL;
}

int main(int argc, char **argv)
{
	int threads = argc > 2 ? atoi(argv[2]) : 1;
	pthread_t ids[threads_max];
	unsigned seeds[threads_max];

	if (argc < 2 || threads < 1 || threads > threads_max) {
		fprintf(stderr, "usage: churn OPERATIONS [THREADS]\n");
		return 2;
	}
	operations = atol(argv[1]);
	for (int i = 0; i < threads; i++) {
		seeds[i] = (unsigned)i + 1;
		if (i > 0) {
			pthread_create(&ids[i], NULL, work, &seeds[i]);
		}
	}
	work(&seeds[0]);
	for (int i = 1; i < threads; i++) {
		pthread_join(ids[i], NULL);
	}
	return 0;
}
