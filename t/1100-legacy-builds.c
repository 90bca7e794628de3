/* SPDX-License-Identifier: MIT */
/* What some builds add: cache statistics in zend_mm.log, leak reports. */
#include "t/legacy.h"

static void use_cache(const char *argument)
{
	zend_mm_heap *heap = legacy_start();
	void *a, *b;

	(void) argument;
	if (remove("zend_mm.log") != 0 && errno != ENOENT) {
		perror("zend_mm.log");
	}
	a = take(heap, 200);
	b = take(heap, 200);
	zend_mm_free(heap, a);
	zend_mm_free(heap, b);
	zend_mm_shutdown(heap, 0, 1);
	zend_mm_free(heap, take(heap, 200));
	take(heap, 200);
	legacy_end(heap);
}

/* The fields of the log's line for a bucket: bucket, smallest, largest, true size, longest, hits,
 * misses. */
static bool read_line(FILE *log, size_t bucket, size_t fields[7])
{
	char line[256];

	while (fgets(line, sizeof line, log)) {
		if (sscanf(line, "%zu %zu %zu %zu %zu %zu %zu", &fields[0], &fields[1], &fields[2],
				&fields[3], &fields[4], &fields[5], &fields[6]) == 7
				&& fields[0] == bucket) {
			return true;
		}
	}
	return false;
}

static void check_statistics(void)
{
	size_t fields[7] = { 0 };
	char directory[] = "zend_mm_log_XXXXXX";
	char outside[4096];
	struct tap_child child;
	FILE *log;

	if (!config_cache_statistics) {
		skip(10, "this build has no cache statistics");
		return;
	}
	if (!getcwd(outside, sizeof outside) || !mkdtemp(directory) || chdir(directory) != 0) {
		bail_out("no directory for zend_mm.log");
	}
	child = run_child(use_cache, NULL);
	is_int(child.status, 0, "a heap with cache statistics ends well");
	log = fopen("zend_mm.log", "r");
	if (!log) {
		bail_out("no zend_mm.log");
	}
	ok(read_line(log, bucket_of(200), fields), "its log has a line for a bucket");
	is_size(fields[1], request_for(200) - 7, "with the smallest request");
	is_size(fields[2], request_for(200), "the largest");
	is_size(fields[3], 200, "the true size");
	is_size(fields[4], 2, "the longest stack");
	is_size(fields[5], 1, "hits");
	is_size(fields[6], 3, "and misses");
	fclose(log);
	remove("zend_mm.log");
	if (rmdir(tap_format("../%s", directory)) != 0) {
		diag("%s is left behind", directory);
	}
	child = run_child(use_cache, NULL); /* in a directory that is gone nobody makes a file */
	is_int(child.status, 0, "where it cannot be written, the heap ends well, too");
	is_str(child.err, "", "and says nothing");
	if (chdir(outside) != 0) {
		bail_out("the way back is lost");
	}
}

static void *leaked_at_one_place(zend_mm_heap *heap)
{
	return zend_mm_alloc(heap, 100);
}

static void leak(const char *argument)
{
	zend_mm_heap *heap = legacy_start();

	for (int i = 0; i < 3; i++) {
		leaked_at_one_place(heap);
	}
	zend_mm_alloc(heap, 7);
	zend_mm_free(heap, leaked_at_one_place(heap));
	zend_mm_shutdown(heap, 0, *argument == 's');
	zend_mm_shutdown(heap, 0, 0);
}

static void check_leaks(void)
{
	struct tap_child child;

	if (!config_debug) {
		child = run_child(leak, "loud");
		is_str(child.err, "", "only debug builds report leaks");
		return;
	}
	child = run_child(leak, "silent");
	is_str(child.err, "", "a silent shutdown reports nothing");
	child = run_child(leak, "loud");
	contains(child.err, "(100 bytes)", "a leak is reported with its size");
	contains(child.err, "1100-legacy-builds.c(", "and the place that asked for it");
	contains(child.err, "Last leak repeated 2 times\n", "equal ones are folded");
	contains(child.err, "(7 bytes)", "others are not");
	contains(child.err, "=== Total 4 memory leaks detected ===\n", "and all are counted");
}

int main(void)
{
	check_statistics();
	check_leaks();
	return done_testing();
}
