/* SPDX-License-Identifier: MIT */
/*
 * trace/spaced.c - the storage that spaces regions apart. Used by replays that print placements.
 *
 * Windows are cut from arenas: address space that is reserved without memory behind it, aligned to
 * windows, each arena twice as large as the one before. What a region needs is made usable at the
 * start of its window and made unusable again when it is given back, so that a use after that ends
 * in a fault.
 *
 *    arena   |-- window 0 ---------------|-- window 1 ---------------|-- …
 *            |region 7|  unusable        |region 3     |  unusable   |
 *
 * Since windows are aligned to their own size, the number of a window is its address shifted, and
 * finding the region of an address is one access to a table.
 */
#include <errno.h>
#include <stdio.h>

#include "trace/spaced.h"

#ifdef _WIN32
# define WIN32_LEAN_AND_MEAN
# include <windows.h>
#else
# include <sys/mman.h>
#endif

enum {
	full_shift = 30,  /* windows of 1 GiB, where there is room for ample_windows of them */
	small_shift = sizeof(void *) == 8 ? 26 : 24,
	ample_windows = 512,
	first_arena_windows = sizeof(void *) == 8 ? 8 : 1,
	address_bits = sizeof(void *) == 8 ? 48 : 32,
	arenas_max = 32
};

struct window {
	uint64_t number_and_1; /* 0: no region is here */
	size_t size;           /* bytes of the region, a multiple of a page */
	char *next_free;       /* the next window in the list of free ones */
};

struct arena {
	char *reserved;
	size_t reserved_size;
};

struct zmm_spaced {
	zend_mm_storage storage;
	int shift;              /* a window's size is 1 << shift */
	size_t window_size;
	size_t window_count;
	struct window *windows; /* by address >> shift */
	char *free_windows;     /* the list's first, used last in first out */
	uint64_t regions;       /* so far */
	struct arena arenas[arenas_max];
	int arena_count;
	size_t next_arena_windows;
	char trouble[160];
};

/* --- the system ------------------------------------------------------------------------------ */

#ifdef _WIN32
static char *reserve(size_t size)
{
	return VirtualAlloc(NULL, size, MEM_RESERVE, PAGE_NOACCESS);
}

static void unreserve(const struct arena *arena)
{
	VirtualFree(arena->reserved, 0, MEM_RELEASE);
}

static bool make_usable(char *address, size_t size)
{
	return VirtualAlloc(address, size, MEM_COMMIT, PAGE_READWRITE) != NULL;
}

static bool make_unusable(char *address, size_t size)
{
	return VirtualFree(address, size, MEM_DECOMMIT) != 0;
}
#else
#ifndef MAP_NORESERVE
# define MAP_NORESERVE 0
#endif

static char *reserve(size_t size)
{
	char *address = mmap(NULL, size, PROT_NONE,
		MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	return address == MAP_FAILED ? NULL : address;
}

static void unreserve(const struct arena *arena)
{
	munmap(arena->reserved, arena->reserved_size);
}

static bool make_usable(char *address, size_t size)
{
	return mprotect(address, size, PROT_READ | PROT_WRITE) == 0;
}

/* Mapping anew is the one call that also gives the memory back. */
static bool make_unusable(char *address, size_t size)
{
	return mmap(address, size, PROT_NONE,
		MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_FIXED, -1, 0) != MAP_FAILED;
}
#endif

/* --- windows --------------------------------------------------------------------------------- */

static size_t round_to_page(size_t size)
{
	return (size + zend_mm_page_size() - 1) & ~(zend_mm_page_size() - 1);
}

/* NULL where the address is outside of what the table covers. */
static struct window *window_of(const zmm_spaced *spaced, const void *address)
{
	uintptr_t index = (uintptr_t)address >> spaced->shift;

	return index < spaced->window_count ? &spaced->windows[index] : NULL;
}

static void push_free(zmm_spaced *spaced, char *start)
{
	window_of(spaced, start)->next_free = spaced->free_windows;
	spaced->free_windows = start;
}

static void note_trouble(zmm_spaced *spaced, const char *what)
{
	snprintf(spaced->trouble, sizeof spaced->trouble,
		"%s for %llu regions with %zu MiB of address space each (see ulimit -v)", what,
		(unsigned long long)spaced->regions + 1, spaced->window_size >> 20);
}

/* Reserves another arena: as many windows as planned, or as there is room for. */
static bool add_arena(zmm_spaced *spaced)
{
	size_t windows = spaced->next_arena_windows;
	struct arena *arena = &spaced->arenas[spaced->arena_count];
	char *start = NULL;

	if (spaced->arena_count == arenas_max) {
		return false;
	}
	for (; windows > 0 && !start; windows /= 2) {
		arena->reserved_size = (windows + 1) << spaced->shift;
		start = arena->reserved = arena->reserved_size ? reserve(arena->reserved_size) : NULL;
	}
	if (!start) {
		return false;
	}
	start += -(uintptr_t)start & (spaced->window_size - 1);
	windows = (size_t)(arena->reserved + arena->reserved_size - start) >> spaced->shift;
	if (!window_of(spaced, start + (windows << spaced->shift) - 1)) {
		unreserve(arena);
		return false;
	}
	for (size_t window = windows; window > 0; window--) {
		push_free(spaced, start + ((window - 1) << spaced->shift));
	}
	spaced->arena_count++;
	spaced->next_arena_windows *= 2;
	return true;
}

/* Whether a region of this size has a place in a window. Where windows had to be made small, being
 * refused for that alone is trouble. */
static bool fits(zmm_spaced *spaced, size_t size)
{
	if (size > spaced->window_size && size <= (size_t)1 << full_shift) {
		snprintf(spaced->trouble, sizeof spaced->trouble, "address space allows no more than "
			"%zu MiB for each region, and %zu bytes were asked for (see ulimit -v)",
			spaced->window_size >> 20, size);
	}
	return size <= spaced->window_size;
}

/* --- regions --------------------------------------------------------------------------------- */

static zmm_spaced *spaced_of(zend_mm_storage *storage)
{
	return storage->data;
}

static char *region_alloc(zmm_spaced *spaced, size_t size)
{
	struct window *window;
	char *start;

	if (!fits(spaced, size)) {
		return NULL;
	}
	if (!spaced->free_windows && !add_arena(spaced)) {
		note_trouble(spaced, "no address space");
		return NULL;
	}
	start = spaced->free_windows;
	window = window_of(spaced, start);
	window->size = round_to_page(size);
	if (!make_usable(start, window->size)) {
		note_trouble(spaced, "no memory");
		return NULL;
	}
	spaced->free_windows = window->next_free;
	window->number_and_1 = ++spaced->regions;
	return start;
}

static bool region_resize(zmm_spaced *spaced, char *start, size_t size)
{
	struct window *window = window_of(spaced, start);
	size_t old_size = window->size;

	if (!fits(spaced, size)) {
		return false;
	}
	size = round_to_page(size);
	if (size < old_size && !make_unusable(start + size, old_size - size)) {
		return false;
	}
	if (size > old_size && !make_usable(start + old_size, size - old_size)) {
		note_trouble(spaced, "no memory");
		return false;
	}
	window->size = size;
	return true;
}

static void region_free(zmm_spaced *spaced, char *start)
{
	struct window *window = window_of(spaced, start);

	if (!make_unusable(start, window->size)) {
		note_trouble(spaced, "no mappings"); /* the window is lost, and no one is harmed */
		return;
	}
	window->number_and_1 = 0;
	push_free(spaced, start);
}

int64_t zmm_spaced_region(const zmm_spaced *spaced, const void *address, size_t *offset)
{
	const struct window *window = window_of(spaced, address);

	*offset = (uintptr_t)address & (spaced->window_size - 1);
	return window ? (int64_t)window->number_and_1 - 1 : ZMM_SPACED_NOWHERE;
}

size_t zmm_spaced_window(const zmm_spaced *spaced)
{
	return spaced->window_size;
}

const char *zmm_spaced_trouble(const zmm_spaced *spaced)
{
	return spaced->trouble[0] ? spaced->trouble : NULL;
}

/* --- the object and the handlers ------------------------------------------------------------- */

/* Full windows, unless address space is scarce (32 bits, ulimit -v, valgrind). */
static int choose_shift(void)
{
	struct arena probe;

	if (address_bits < 40) {
		return small_shift;
	}
	probe.reserved_size = (size_t)ample_windows << full_shift;
	probe.reserved = reserve(probe.reserved_size);
	if (!probe.reserved) {
		return small_shift;
	}
	unreserve(&probe);
	return full_shift;
}

zmm_spaced *zmm_spaced_new(void)
{
	zmm_spaced *spaced = calloc(1, sizeof *spaced);

	if (!spaced) {
		return NULL;
	}
	spaced->shift = choose_shift();
	spaced->window_size = (size_t)1 << spaced->shift;
	spaced->window_count = (size_t)1 << (address_bits - spaced->shift);
	spaced->windows = zend_mm_scratch_alloc(spaced->window_count * sizeof *spaced->windows);
	if (!spaced->windows) {
		free(spaced);
		errno = ENOMEM;
		return NULL;
	}
	spaced->storage.handlers = &zmm_spaced_type.segments;
	spaced->storage.data = spaced;
	spaced->next_arena_windows = first_arena_windows;
	return spaced;
}

void zmm_spaced_free(zmm_spaced *spaced)
{
	if (!spaced) {
		return;
	}
	for (int i = 0; i < spaced->arena_count; i++) {
		unreserve(&spaced->arenas[i]);
	}
	zend_mm_scratch_free(spaced->windows, spaced->window_count * sizeof *spaced->windows);
	free(spaced);
}

static zend_mm_storage *spaced_init(void *params)
{
	zmm_spaced *spaced = params;

	return &spaced->storage;
}

static void spaced_nothing(zend_mm_storage *storage)
{
	(void)storage;
}

static zend_mm_segment *segment_alloc(zend_mm_storage *storage, size_t size)
{
	return (zend_mm_segment *)(void *)region_alloc(spaced_of(storage), size);
}

static zend_mm_segment *segment_realloc(zend_mm_storage *storage, zend_mm_segment *segment,
	size_t size)
{
	return region_resize(spaced_of(storage), (char *)segment, size) ? segment : NULL;
}

static void segment_free(zend_mm_storage *storage, zend_mm_segment *segment)
{
	region_free(spaced_of(storage), (char *)segment);
}

static void *chunk_alloc(zend_mm_storage *storage, size_t size, size_t alignment)
{
	zmm_spaced *spaced = spaced_of(storage);

	return alignment <= spaced->window_size ? region_alloc(spaced, size) : NULL;
}

static void chunk_free(zend_mm_storage *storage, void *chunk, size_t size)
{
	(void)size;
	region_free(spaced_of(storage), chunk);
}

static bool chunk_resize(zend_mm_storage *storage, void *chunk, size_t old_size, size_t new_size)
{
	(void)old_size;
	return region_resize(spaced_of(storage), chunk, new_size);
}

const struct zend_mm_storage_type zmm_spaced_type = {
	.segments = {
		"spaced", spaced_init, spaced_nothing, spaced_nothing,
		segment_alloc, segment_realloc, segment_free
	},
	.chunks = { chunk_alloc, chunk_free, chunk_resize, chunk_resize }
};
