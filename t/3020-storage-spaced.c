/* SPDX-License-Identifier: MIT */
/*
 * The storage of recorded placements: numbers, distances, growing in place up to 1 GiB and no
 * further, and what it says when address space runs out.
 */
#include "t/tap.h"
#include "trace/spaced.h"

#ifndef _WIN32
#include <sys/resource.h>
#endif

#define MIB ((size_t)1 << 20)

static size_t window;

static void is_region(const zmm_spaced *spaced, const char *address, int64_t number, size_t offset)
{
	size_t found;

	is_int(zmm_spaced_region(spaced, address, &found), number, "the region's number");
	if (number >= 0) {
		is_size(found, offset, "and the distance from its start");
	}
}

static void test_chunks(void)
{
	const zend_mm_chunk_handlers *chunks = &zmm_spaced_type.chunks;
	zmm_spaced *spaced = zmm_spaced_new();
	zend_mm_storage *storage = zmm_spaced_type.segments.init(spaced);
	char *a = chunks->chunk_alloc(storage, 2 * MIB, 2 * MIB);
	char *b = chunks->chunk_alloc(storage, 3 * MIB, 2 * MIB);
	char *c;

	window = zmm_spaced_window(spaced);
	ok(window >= 16 * MIB && window <= (size_t)1 << 30 && !(window & (window - 1)),
		"windows of %zu bytes", window);
	ok(a && b && (uintptr_t)a % window == 0 && (uintptr_t)b % window == 0,
		"regions begin where windows do");
	is_region(spaced, a, 0, 0);
	is_region(spaced, b + 12345, 1, 12345);
	memset(b, 1, 3 * MIB);
	ok(chunks->chunk_extend(storage, b, 3 * MIB, 12 * MIB), "a region grows in place");
	memset(b + 3 * MIB, 2, 9 * MIB);
	is_region(spaced, b + 11 * MIB, 1, 11 * MIB);
	ok(b[3 * MIB - 1] == 1 && b[3 * MIB] == 2, "and keeps what it had");
	ok(!chunks->chunk_extend(storage, b, 12 * MIB, window + zend_mm_page_size()),
		"but not beyond its window");
	ok(chunks->chunk_extend(storage, b, 12 * MIB, window), "up to the window's end it does");
	ok(chunks->chunk_truncate(storage, b, window, MIB), "and it can be truncated");
	ok(chunks->chunk_extend(storage, b, MIB, 2 * MIB) && b[MIB] == 0 && b[0] == 1,
		"after which what is added again is zero");
	chunks->chunk_free(storage, a, 2 * MIB);
	is_region(spaced, a, ZMM_SPACED_NOWHERE, 0);
	c = chunks->chunk_alloc(storage, MIB, 2 * MIB);
	is_ptr(c, a, "a window is used again");
	is_region(spaced, c, 2, 0);
	ok(c[0] == 0, "its memory is zero again");
	ok(!chunks->chunk_alloc(storage, window + 1, 2 * MIB), "more than a window is refused");
	c = chunks->chunk_alloc(storage, MIB, 2 * MIB);
	is_region(spaced, c, 3, 0); /* a refusal takes no number */
	is_int(zmm_spaced_trouble(spaced) != NULL, window < (size_t)1 << 30,
		"which is trouble where windows are smaller than 1 GiB");
	zmm_spaced_free(spaced);
}

static void test_segments(void)
{
	const zend_mm_mem_handlers *segments = &zmm_spaced_type.segments;
	zmm_spaced *spaced = zmm_spaced_new();
	zend_mm_storage *storage = segments->init(spaced);
	zend_mm_segment *a = segments->_alloc(storage, 262144);
	zend_mm_segment *b = segments->_alloc(storage, 100);

	a->size = 262144;
	is_ptr(segments->_realloc(storage, a, 10 * MIB), a, "a segment grows where it is");
	memset((char *)a + 262144, 1, 10 * MIB - 262144);
	is_ptr(segments->_realloc(storage, a, window + 1), NULL, "up to its window's size");
	is_region(spaced, (char *)a + 9 * MIB, 0, 9 * MIB);
	is_region(spaced, (char *)b + 99, 1, 99);
	segments->_free(storage, b);
	is_region(spaced, (char *)a, 0, 0);
	segments->_free(storage, a);
	is_region(spaced, (char *)a, ZMM_SPACED_NOWHERE, 0);
	segments->dtor(storage);
	zmm_spaced_free(spaced);
}

enum { many = sizeof(void *) == 8 ? 500 : 60 };

static void test_many(void)
{
	const zend_mm_chunk_handlers *chunks = &zmm_spaced_type.chunks;
	zmm_spaced *spaced = zmm_spaced_new();
	zend_mm_storage *storage = zmm_spaced_type.segments.init(spaced);
	static char *held[many];
	bool numbered = true;
	size_t offset;

	for (int i = 0; i < many; i++) {
		held[i] = chunks->chunk_alloc(storage, 2 * MIB, 2 * MIB);
		numbered = numbered && held[i] && zmm_spaced_region(spaced, held[i], &offset) == i;
	}
	ok(numbered, "%d regions at once have their numbers", many);
	for (int i = 0; numbered && i < many; i += 2) {
		chunks->chunk_free(storage, held[i], 2 * MIB);
	}
	for (int i = 1; numbered && i < many; i += 2) {
		numbered = zmm_spaced_region(spaced, held[i] + 5, &offset) == i && offset == 5;
	}
	ok(numbered, "and keep them when others go");
	zmm_spaced_free(spaced);
}

#ifndef _WIN32
static void run_out_of_address_space(const char *argument)
{
	struct rlimit limit = { (rlim_t)4 << 30, (rlim_t)4 << 30 };
	zmm_spaced *spaced = zmm_spaced_new();
	zend_mm_storage *storage = zmm_spaced_type.segments.init(spaced);
	int regions = 0;

	(void)argument;
	if (sizeof(void *) < 8) {
		limit.rlim_cur = limit.rlim_max = (rlim_t)512 << 20;
	}
	setrlimit(RLIMIT_AS, &limit);
	while (zmm_spaced_type.chunks.chunk_alloc(storage, 4096, 4096)) {
		regions++;
	}
	printf("%d regions, %s\n", regions, zmm_spaced_trouble(spaced));
	zmm_spaced_free(spaced);
}

static void test_limits(void)
{
	struct tap_child child = run_child(run_out_of_address_space, "");

	is_int(child.status, 0, "running out of address space ends nothing");
	contains(child.out, "no address space for ", "it is said");
	contains(child.out, "ulimit -v", "and what to do about it");
	ok(atoi(child.out) >= 2, "what there is is used: %s", child.out);
}
#else
static void test_limits(void)
{
}
#endif

/* gcc says it by a macro, clang by a feature. */
#ifdef __has_feature
# define SANITIZED (__has_feature(address_sanitizer) || __has_feature(thread_sanitizer))
#elif defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
# define SANITIZED 1
#else
# define SANITIZED 0
#endif

#if SANITIZED
enum { limits_apply = 0 }; /* a sanitizer's own address space is above any limit */
#else
enum { limits_apply = 1 };
#endif

int main(void)
{
	test_chunks();
	test_segments();
	test_many();
	if (limits_apply) {
		test_limits();
	}
	return done_testing();
}
