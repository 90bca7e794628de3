/* SPDX-License-Identifier: MIT */
/*
 * Prints, as TAP, whether the malloc family that this program was started with does what the C
 * library's manual says.  Started under both modes by 6010-preload-semantics.t, and with guards and
 * checks by 6080-preload-debug.t; with the argument "quarantine" it does not expect that what is
 * freed is out of use at once.
 */
#include <dlfcn.h>
#include <errno.h>
#include <malloc.h>
#include <pthread.h>
#include <unistd.h>

#include "t/tap.h"

/* What the compiler must not know, so that calls stay calls and too large sizes no warnings. */
static volatile size_t half = (size_t)PTRDIFF_MAX;

enum { passed_blocks = 3000 };
static void *passed[passed_blocks]; /* from thread to thread */

static bool quarantine;

static bool is_aligned(const void *ptr, size_t alignment)
{
	return ((uintptr_t)ptr & (alignment - 1)) == 0;
}

static bool is_zero(const unsigned char *data, size_t size)
{
	for (size_t i = 0; i < size; i++) {
		if (data[i]) {
			return false;
		}
	}
	return true;
}

/* ---- malloc and free ---- */

static void test_sizes(void)
{
	int unaligned = 0, too_small = 0, refused = 0;

	for (size_t size = 0; size < 9000; size++) {
		void *data = malloc(size);

		refused += !data;
		unaligned += !is_aligned(data, 16);
		too_small += malloc_usable_size(data) < size;
		memset(data, 0xa5, malloc_usable_size(data));
		if (size % 3) {
			free(data);
		}
	}
	for (size_t size = 10000; size < 20000000; size += size / 3) {
		char *data = malloc(size);

		refused += !data;
		unaligned += !is_aligned(data, 16);
		too_small += malloc_usable_size(data) < size;
		data[0] = data[malloc_usable_size(data) - 1] = 1;
		free(data);
	}
	is_int(refused, 0, "blocks of all sizes can be had");
	is_int(unaligned, 0, "they are aligned to 16");
	is_int(too_small, 0, "malloc_usable_size() says at least what was asked for");
}

/* What is freed serves other sizes, and no two blocks share a byte. */
static void test_mixed(void)
{
	enum { count = 500 };
	unsigned char *blocks[count] = { NULL };
	size_t sizes[count] = { 0 };
	unsigned state = 1;
	int damaged = 0;

	for (int round = 0; round < 100000; round++) {
		unsigned place = (state = state * 1103515245u + 12345u) / 65536 % count;
		size_t size = (state = state * 1103515245u + 12345u) / 65536 % 600;

		for (size_t i = 0; i < sizes[place]; i += 13) {
			damaged += blocks[place][i] != (unsigned char)place;
		}
		free(blocks[place]);
		blocks[place] = memset(malloc(size), (int)place, size);
		sizes[place] = size;
	}
	for (int i = 0; i < count; i++) {
		free(blocks[i]);
	}
	is_int(damaged, 0, "blocks keep their bytes while others come and go");
}

static void test_empty(void)
{
	void *first = malloc(0), *second = malloc(0), *third = calloc(0, 8);

	ok(first && second && third, "size 0 gives a block");
	ok(first != second && second != third, "and each time another one");
	free(first);
	free(second);
	free(third);
	errno = 1789;
	free(NULL);
	is_int(errno, 1789, "free(NULL) does nothing, and keeps errno");
}

static void test_errno_kept(void)
{
	void *blocks[64];
	int changed = 0;

	for (int i = 0; i < 64; i++) {
		errno = 1789;
		blocks[i] = malloc((size_t)1 << (i % 23));
		changed += errno != 1789;
	}
	for (int i = 0; i < 64; i++) {
		blocks[i] = realloc(blocks[i], (size_t)3 << (i % 23));
		changed += errno != 1789;
	}
	for (int i = 0; i < 64; i++) {
		free(blocks[i]);
		changed += errno != 1789;
	}
	free(calloc(1000, 1000));
	changed += errno != 1789;
	is_int(changed, 0, "requests that succeed and free() leave errno alone");
}

/* C23's; this program was linked with a C library that may not have them. */
static void test_sized_frees(void)
{
	void (*free_sized)(void *, size_t) = dlsym(RTLD_DEFAULT, "free_sized");
	void (*free_aligned_sized)(void *, size_t, size_t) =
		dlsym(RTLD_DEFAULT, "free_aligned_sized");
	void *first = malloc(77), *second = aligned_alloc(64, 128);
	size_t used = mallinfo2().uordblks;

	if (free_sized && free_aligned_sized) {
		free_sized(first, 77);
		free_aligned_sized(second, 64, 128);
	}
	ok(quarantine || mallinfo2().uordblks + 77 + 128 <= used,
		"free_sized() and free_aligned_sized() free");
}

/* ---- too large ---- */

/* Whether of blocks so large the address space has no room for eight. */
static bool are_refused(size_t size)
{
	void *blocks[8];
	int count = 0;

	while (count < 8 && (blocks[count] = malloc(size)) != NULL) {
		count++;
	}
	for (int i = 0; i < count; i++) {
		free(blocks[i]);
	}
	return count < 8 && errno == ENOMEM;
}

static void test_too_large(void)
{
	void *place = NULL, *kept = malloc(10);
	int wrong = 0;

	for (size_t size = half + 1; size >= half + 1 && size != 0; size += half / 7) {
		errno = 0;
		wrong += malloc(size) != NULL || errno != ENOMEM;
		errno = 0;
		wrong += calloc(1, size) != NULL || errno != ENOMEM;
		errno = 0;
		wrong += realloc(kept, size) != NULL || errno != ENOMEM;
		errno = 0;
		wrong += reallocarray(kept, size / 2, 2) != NULL || errno != ENOMEM;
		errno = 0;
		wrong += memalign(64, size) != NULL || errno != ENOMEM;
		errno = 0;
		wrong += valloc(size) != NULL || errno != ENOMEM;
		errno = 0;
		wrong += pvalloc(size) != NULL || errno != ENOMEM;
		wrong += posix_memalign(&place, 64, size) != ENOMEM || place;
	}
	is_int(wrong, 0, "over PTRDIFF_MAX: NULL, and errno is ENOMEM");
	errno = 0;
	ok(calloc(half, 4) == NULL && errno == ENOMEM, "a product over SIZE_MAX, too: calloc");
	errno = 0;
	ok(reallocarray(NULL, half, 4) == NULL && errno == ENOMEM, "reallocarray");
	errno = 0;
	ok(are_refused(half / 2), "what the system does not have, too");
	errno = 0;
	ok(pvalloc(-(size_t)getpagesize()) == NULL && errno == ENOMEM, "pvalloc does not wrap");
	errno = 0;
	ok(memalign(half / 2 + 1, half / 2 + 1) == NULL && errno == ENOMEM, "nor does memalign");
	free(kept);
}

/* ---- realloc ---- */

static void test_realloc(void)
{
	size_t sizes[] = { 1, 24, 100, 520, 521, 3072, 3073, 5000, 300000, 2500000, 9000000 };
	enum { count = sizeof sizes / sizeof sizes[0] };
	int damaged = 0;

	for (int from = 0; from < count; from++) {
		for (int to = 0; to < count; to++) {
			size_t kept = sizes[from < to ? from : to];
			unsigned char *data = malloc(sizes[from]), *moved;

			memset(data, from + 1, sizes[from]);
			moved = realloc(data, sizes[to]);
			damaged += !moved || moved[0] != from + 1 || moved[kept - 1] != from + 1;
			damaged += malloc_usable_size(moved) < sizes[to];
			memset(moved, 0xee, sizes[to]);
			free(moved);
		}
	}
	is_int(damaged, 0, "realloc() keeps what fits, between all kinds of blocks");
	ok(realloc(malloc(100), 0) == NULL, "realloc(p, 0) frees and returns NULL");
	free(realloc(NULL, 40));
	ok(reallocarray(NULL, 10, 10) != NULL, "reallocarray(NULL) allocates");
}

/* A buffer that grows by appending, past all limits between kinds. */
static void test_growing(void)
{
	unsigned char *data = NULL;
	size_t size = 0;
	int wrong = 0;

	while (size < 12000000) {
		size_t grown = size + 1 + size / 2;

		data = realloc(data, grown);
		for (size_t i = size; i < grown; i++) {
			data[i] = (unsigned char)(i * 7);
		}
		size = grown;
	}
	for (size_t i = 0; i < size; i++) {
		wrong += data[i] != (unsigned char)(i * 7);
	}
	is_int(wrong, 0, "a buffer grows to 12 MB with its contents");
	free(data);
}

/* ---- calloc ---- */

static void test_calloc(void)
{
	int dirty = 0;

	for (int round = 0; round < 3; round++) {
		for (size_t size = 1; size < 9000000; size += size / 2 + 1) {
			unsigned char *data = calloc(1, size);

			dirty += !is_zero(data, size);
			memset(data, 0xff, size);
			free(data);
		}
	}
	is_int(dirty, 0, "calloc() gives zeroes, in used memory and in fresh one");
}

/* ---- aligned blocks ---- */

static void test_alignments(void)
{
	int unaligned = 0, small = 0, lost = 0;

	for (size_t alignment = 8; alignment <= (size_t)8 << 20; alignment *= 2) {
		for (size_t size = 0; size < 5000000; size += size + 13) {
			unsigned char *data = NULL, *other = aligned_alloc(alignment, size);

			lost += posix_memalign((void **)&data, alignment, size) != 0;
			unaligned += !is_aligned(data, alignment) || !is_aligned(other, alignment);
			small += malloc_usable_size(data) < size || malloc_usable_size(other) < size;
			memset(data, 1, size);
			memset(other, 2, size);
			lost += size && (data[0] != 1 || data[size - 1] != 1);
			data = realloc(data, size + 100);
			lost += size && (data[0] != 1 || data[size - 1] != 1);
			free(data);
			free(other);
		}
	}
	is_int(unaligned, 0, "blocks are aligned as asked, up to 8 MiB");
	is_int(small, 0, "and large enough");
	is_int(lost, 0, "and can be resized and freed like others");
}

static void test_bad_alignments(void)
{
	void *place = passed;

	is_int(posix_memalign(&place, 24, 10), EINVAL, "posix_memalign: no power of two");
	is_int(posix_memalign(&place, sizeof place / 2, 10), EINVAL, "no multiple of a pointer's size");
	is_int(posix_memalign(&place, 0, 10), EINVAL, "none at all");
	ok(place == passed, "and then it leaves its argument alone");
	errno = 0;
	ok(aligned_alloc(half - 100, 10) == NULL && errno == EINVAL, "aligned_alloc: no power of two");
	errno = 0;
	ok(aligned_alloc(half - half, 10) == NULL && errno == EINVAL, "aligned_alloc: 0");
	errno = 0;
	ok(memalign(half * 2 + 1, 10) == NULL && errno == EINVAL, "memalign: no next power of two");
	place = memalign(half - half + 48, 10);
	ok(place && is_aligned(place, 64), "memalign takes the next power of two");
	free(place);
	place = valloc(5);
	ok(place && is_aligned(place, (size_t)getpagesize()), "valloc() gives whole pages");
	free(place);
	place = pvalloc(0);
	ok(place && malloc_usable_size(place) >= (size_t)getpagesize(), "pvalloc(0) gives one page");
	free(place);
}

/* ---- asking ---- */

static void test_mallinfo(void)
{
	struct mallinfo2 before = mallinfo2(), after;
	void *blocks[20];
	size_t total = 0;

	for (int i = 0; i < 20; i++) {
		size_t size = (size_t)160 * (size_t)(i + 1);

		blocks[i] = malloc(size);
		total += size;
	}
	after = mallinfo2();
	ok(after.uordblks >= before.uordblks + total, "mallinfo2() counts what is handed out");
	ok(after.arena >= after.uordblks, "and holds at least as much");
	for (int i = 0; i < 20; i++) {
		free(blocks[i]);
	}
	ok(quarantine || mallinfo2().uordblks + total <= after.uordblks,
		"and counts what is freed");
	blocks[0] = malloc(50000000);
	after = mallinfo2();
	ok(after.uordblks + after.hblkhd >= before.uordblks + before.hblkhd + 50000000,
		"and what has a mapping of its own");
	free(blocks[0]);
	after = mallinfo2();
	ok(after.uordblks + after.hblkhd < before.uordblks + before.hblkhd + 1000000,
		"until it is freed");
}

static void test_info(void)
{
	char *text = NULL;
	size_t size = 0;
	FILE *out = open_memstream(&text, &size);

	is_int(malloc_info(0, out), 0, "malloc_info() writes");
	is_int(malloc_info(1, out), EINVAL, "and knows no options");
	fclose(out);
	ok(strncmp(text, "<malloc version=\"1\">\n", 21) == 0, "it begins as XML");
	ok(size > 30 && strcmp(text + size - 10, "</malloc>\n") == 0, "and ends so");
	free(text);
	is_size(malloc_usable_size(NULL), 0, "malloc_usable_size(NULL) is 0");
	is_int(mallopt(M_MMAP_THRESHOLD, 65536), 1, "mallopt() accepts what the C library knows");
	is_int(mallopt(12345, 1), 0, "and refuses what nobody knows");
}

static void test_trim(void)
{
	enum { count = 80000 };
	static void *blocks[count];
	size_t before;

	for (int i = 0; i < count; i++) {
		blocks[i] = malloc(100);
	}
	for (int i = 0; i < count; i++) {
		free(blocks[i]);
	}
	before = mallinfo2().arena;
	is_int(malloc_trim(0), 1,
		"malloc_trim() gives something back after 8 MB of small blocks were freed");
	ok(mallinfo2().arena < before, "and the figures say so");
	is_int(malloc_trim(0), 0, "but not twice");
}

/* ---- threads ---- */

static void *make_blocks(void *unused)
{
	(void)unused;
	for (size_t i = 0; i < passed_blocks; i++) {
		passed[i] = memset(malloc(1 + i * 3), 'x', 1 + i * 3);
	}
	return NULL;
}

static void *resize_blocks(void *wrong)
{
	for (size_t i = 0; i < passed_blocks; i++) {
		*(int *)wrong += malloc_usable_size(passed[i]) < 1 + i * 3;
		passed[i] = realloc(passed[i], 1 + i * 5);
		*(int *)wrong += ((char *)passed[i])[i * 3] != 'x';
	}
	return NULL;
}

static void in_a_thread(void *(*function)(void *), void *argument)
{
	pthread_t thread;

	pthread_create(&thread, NULL, function, argument);
	pthread_join(thread, NULL);
}

static void test_threads(void)
{
	size_t before = mallinfo2().uordblks;
	int wrong = 0;

	in_a_thread(make_blocks, NULL);
	in_a_thread(resize_blocks, &wrong);
	is_int(wrong, 0, "a thread resizes what another one made");
	for (int i = 0; i < passed_blocks; i++) {
		free(passed[i]);
	}
	/* Of megabytes; what the C library keeps of a thread may be guarded by pages. */
	ok(quarantine || mallinfo2().uordblks < before + 50000,
		"blocks of ended threads come home");
}

/* ---- the end ---- */

static void at_exit(void)
{
	static const char line[] = "# still allocating in an exit handler\n";
	void *data = malloc(1000);

	free(data);
	data = malloc(3000000);
	if (!data || write(1, line, sizeof line - 1) < 0) {
		_exit(1);
	}
	free(data);
}

int main(int argc, char **argv)
{
	quarantine = argc > 1 && strcmp(argv[1], "quarantine") == 0;
	atexit(at_exit);
	test_sizes();
	test_mixed();
	test_empty();
	test_errno_kept();
	test_sized_frees();
	test_too_large();
	test_realloc();
	test_growing();
	test_calloc();
	test_alignments();
	test_bad_alignments();
	test_mallinfo();
	test_info();
	test_trim();
	test_threads();
	return done_testing();
}
