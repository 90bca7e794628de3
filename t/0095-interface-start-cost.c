/* SPDX-License-Identifier: MIT */
/*
 * What starting a heap and an empty request ask of the system: no more than in PHP, where a legacy
 * heap begins with one segment and touches its ends and what follows the reserve, and a modern one
 * begins with one chunk and touches its header.
 */
#ifndef _WIN32
# include <sys/mman.h>
# include <sys/resource.h>
#endif

#include "storage/storage.h"
#include "t/host.h"
#include "t/tap.h"

#ifdef _WIN32
enum { on_windows = 1 };
#else
enum { on_windows = 0 };
#endif
enum { requests = 1000, pages_max = 1024 };

static zend_mm_heap *start(zend_mm_mode mode)
{
	zend_mm_options options;

	zend_mm_default_options(&options);
	options.mode = mode;
	options.storage = on_windows ? "win32" : "mmap_anon";
	return zend_mm_startup_with(&options);
}

static zend_mm_figures figures_of(zend_mm_heap *heap)
{
	zend_mm_figures figures;

	zend_mm_get_figures(heap, &figures);
	return figures;
}

static void test_calls(const char *name, zend_mm_heap *heap)
{
	zend_mm_figures before = figures_of(heap), after;

	is_size(before.storage_allocs, 1, "%s: a heap starts with one call to storage", name);
	for (int i = 0; i < requests; i++) {
		zend_mm_shutdown(heap, 0, 1);
	}
	after = figures_of(heap);
	is_size(after.storage_allocs + after.storage_frees + after.storage_resizes
		+ after.storage_truncates + after.storage_refused, 1,
		"%s: empty requests need none", name);
	is_size(after.real_size, before.real_size, "%s: and hold what was held", name);
}

#ifndef _WIN32

struct held {
	size_t resident; /* pages */
	size_t regions;
};

static int count_resident(void *context, const zend_mm_region *region,
	const zend_mm_block_info *block)
{
	unsigned char in_memory[pages_max];
	struct held *held = context;
	size_t pages = region->size / zend_mm_page_size();

	if (block || pages > pages_max) {
		return 0;
	}
	held->regions++;
	if (mincore((void *)(uintptr_t)region->address, region->size, in_memory) == 0) {
		for (size_t i = 0; i < pages; i++) {
			held->resident += in_memory[i] & 1;
		}
	}
	return 0;
}

/* With transparent huge pages for all memory the first touch brings 512 pages. */
static bool huge_pages_unasked(void)
{
	FILE *file = fopen("/sys/kernel/mm/transparent_hugepage/enabled", "r");
	char text[100] = "";

	if (file) {
		text[fread(text, 1, sizeof text - 1, file)] = '\0';
		fclose(file);
	}
	return strstr(text, "[always]") != NULL;
}

static void test_resident(const char *name, zend_mm_heap *heap, size_t most)
{
	struct held held = { 0, 0 };

	if (huge_pages_unasked()) {
		skip(2, "the system gives huge pages unasked");
		return;
	}
	zend_mm_walk(heap, count_resident, &held);
	is_size(held.regions, 1, "%s: the heap has one region", name);
	ok(held.resident <= most, "%s: of which %zu pages are in memory, at most %zu", name,
		held.resident, most);
}

static void test_faults(const char *name, zend_mm_heap *heap)
{
	struct rusage before, after;

	zend_mm_shutdown(heap, 0, 1);
	getrusage(RUSAGE_SELF, &before);
	for (int i = 0; i < requests; i++) {
		zend_mm_shutdown(heap, 0, 1);
	}
	getrusage(RUSAGE_SELF, &after);
	ok(after.ru_minflt - before.ru_minflt < requests / 10,
		"%s: empty requests touch no new memory (%ld faults)", name,
		after.ru_minflt - before.ru_minflt);
}

#else

static void test_resident(const char *name, zend_mm_heap *heap, size_t most)
{
	(void)name;
	(void)heap;
	(void)most;
	skip(2, "nothing here says what is in memory");
}

static void test_faults(const char *name, zend_mm_heap *heap)
{
	(void)name;
	(void)heap;
	skip(1, "nothing here counts page faults");
}

#endif

int main(void)
{
	zend_mm_heap *heap;

	host_start();
	heap = start(ZEND_MM_LEGACY);
	/* the segment's header and first block, what follows the reserve, the guard */
	test_resident("legacy", heap, ZEND_DEBUG ? 5 : 3);
	test_faults("legacy", heap);
	test_calls("legacy", heap);
	zend_mm_shutdown(heap, 1, 1);
	heap = start(ZEND_MM_MODERN);
	test_resident("modern", heap, 1);
	test_faults("modern", heap);
	test_calls("modern", heap);
	zend_mm_shutdown(heap, 1, 1);
	return done_testing();
}
