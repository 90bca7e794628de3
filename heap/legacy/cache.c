/* SPDX-License-Identifier: MIT */
/*
 * heap/legacy/cache.c - what is done with the cache as a whole: forgetting it, and its statistics.
 *
 * Called by startup.c.  (Flushing the cache is freeing: see free.c.)  Lengths are those of the
 * stacks now; hits, misses and the longest lengths are those of the heap's whole life.
 */
#include <stdio.h>
#include <string.h>

#include "heap/legacy/cache.h"

void zend_mm_legacy_forget_cache(legacy_heap_t *heap)
{
	memset(heap->cache, 0, sizeof heap->cache);
	heap->cached = 0;
	if (config_cache_statistics) {
		for (size_t bucket = 0; bucket < legacy_bucket_count; bucket++) {
			heap->statistics[bucket].length = 0;
		}
	}
}

/* The requests that a bucket serves. */
static size_t largest_request(size_t bucket)
{
	return bucket_size(bucket) - legacy_header_size - legacy_canary_size;
}

static size_t smallest_request(size_t bucket)
{
	return bucket == 0 ? 0 : largest_request(bucket - 1) + 1;
}

void zend_mm_legacy_log_cache(const legacy_heap_t *heap)
{
	FILE *log = fopen("zend_mm.log", "a");
	size_t hits = 0;
	size_t misses = 0;

	if (!log) {
		return;
	}
	fprintf(log, "%6s %8s %7s %9s %13s %10s %10s\n", "bucket", "smallest", "largest", "true size",
		"longest stack", "hits", "misses");
	for (size_t bucket = 0; bucket < legacy_bucket_count; bucket++) {
		const struct zend_mm_legacy_cache_statistics *seen = &heap->statistics[bucket];

		fprintf(log, "%6zu %8zu %7zu %9zu %13zu %10zu %10zu\n", bucket, smallest_request(bucket),
			largest_request(bucket), bucket_size(bucket), seen->longest, seen->hits,
			seen->misses);
		hits += seen->hits;
		misses += seen->misses;
	}
	fprintf(log, "%6s %8s %7s %9s %13s %10zu %10zu\n", "total", "", "", "", "", hits, misses);
	fclose(log);
}
