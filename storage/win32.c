/* SPDX-License-Identifier: MIT */
/*
 * storage/win32.c - the "win32" type: segments from a private heap, chunks from VirtualAlloc.
 *
 * Each storage owns one private heap.  Between requests compact destroys it and makes a new one,
 * which gives back at once what small holes would keep; that is possible only while no segment
 * lives in it, so the storage counts them, and with one kept it merely compacts the heap.
 *
 * A chunk is one or more reservations that follow each other: the first of at least the chunk's
 * size, and one more for each extension that the last one's slack could not take.  Reservations
 * begin and end at multiples of the system's granularity (64 KiB); pages are committed one by one.
 * Invariant: the last reservation contains the chunk's end, so that a walk over the chunk's own
 * bytes meets all of them.
 */
#include "storage/types.h"

#ifdef _WIN32
# define WIN32_LEAN_AND_MEAN
# include <windows.h>

struct private_heap {
	zend_mm_storage storage; /* data points at the whole */
	HANDLE heap;
	size_t live_segments;
};

static struct private_heap *private_heap_of(zend_mm_storage *storage)
{
	return storage->data;
}

static zend_mm_storage *win32_init(void *params)
{
	struct private_heap *own = HeapAlloc(GetProcessHeap(), HEAP_ZERO_MEMORY, sizeof *own);

	(void)params;
	if (!own) {
		return NULL;
	}
	own->heap = HeapCreate(HEAP_NO_SERIALIZE, 0, 0);
	if (!own->heap) {
		HeapFree(GetProcessHeap(), 0, own);
		return NULL;
	}
	own->storage.handlers = &zend_mm_storage_win32.segments;
	own->storage.data = own;
	return &own->storage;
}

static void win32_dtor(zend_mm_storage *storage)
{
	struct private_heap *own = private_heap_of(storage);

	HeapDestroy(own->heap);
	HeapFree(GetProcessHeap(), 0, own);
}

static void win32_compact(zend_mm_storage *storage)
{
	struct private_heap *own = private_heap_of(storage);
	HANDLE fresh = own->live_segments ? NULL : HeapCreate(HEAP_NO_SERIALIZE, 0, 0);

	if (!fresh) {
		HeapCompact(own->heap, 0);
		return;
	}
	HeapDestroy(own->heap);
	own->heap = fresh;
}

static zend_mm_segment *win32_alloc(zend_mm_storage *storage, size_t size)
{
	struct private_heap *own = private_heap_of(storage);
	zend_mm_segment *segment = HeapAlloc(own->heap, 0, size);

	own->live_segments += segment != NULL;
	return segment;
}

static zend_mm_segment *win32_realloc(zend_mm_storage *storage, zend_mm_segment *segment,
	size_t size)
{
	return HeapReAlloc(private_heap_of(storage)->heap, 0, segment, size);
}

static void win32_free(zend_mm_storage *storage, zend_mm_segment *segment)
{
	struct private_heap *own = private_heap_of(storage);

	HeapFree(own->heap, 0, segment);
	own->live_segments--;
}

static size_t granularity(void)
{
	static size_t known;
	SYSTEM_INFO info;

	if (!known) {
		GetSystemInfo(&info);
		known = info.dwAllocationGranularity;
	}
	return known;
}

static size_t round_to_granularity(size_t size)
{
	return (size + granularity() - 1) & ~(granularity() - 1);
}

/* Reserves at address (anywhere where that is NULL). */
static char *reserve(void *address, size_t size)
{
	return VirtualAlloc(address, round_to_granularity(size), MEM_RESERVE, PAGE_READWRITE);
}

static bool commit(void *address, size_t size)
{
	return VirtualAlloc(address, size, MEM_COMMIT, PAGE_READWRITE) != NULL;
}

/* The bytes from address to the end of the reservation that it lies in, 0 where it lies in none;
 * *base is the reservation's start. */
static size_t rest_of_reservation(char *address, char **base)
{
	MEMORY_BASIC_INFORMATION info;
	char *end = address;

	*base = NULL;
	while (VirtualQuery(end, &info, sizeof info) && info.State != MEM_FREE
			&& (!*base || info.AllocationBase == *base)) {
		*base = info.AllocationBase;
		end = (char *)info.BaseAddress + info.RegionSize;
	}
	return (size_t)(end - address);
}

/* Releases the reservations that begin in [from, end). */
static void release(char *from, char *end)
{
	char *base;

	while (from < end) {
		size_t size = rest_of_reservation(from, &base);

		if (size == 0) {
			break;
		}
		VirtualFree(base, 0, MEM_RELEASE);
		from += size;
	}
}

/* Reserves an aligned range: asks for more, gives that back and asks again for the aligned part,
 * which another thread may have taken meanwhile. */
static char *reserve_aligned(size_t size, size_t alignment)
{
	char *address = reserve(NULL, size);

	for (int tries = 0; address && ((uintptr_t)address & (alignment - 1)); tries++) {
		VirtualFree(address, 0, MEM_RELEASE);
		if (tries == 8 || size > SIZE_MAX - alignment) {
			return NULL;
		}
		address = reserve(NULL, size + alignment);
		if (!address) {
			return NULL;
		}
		VirtualFree(address, 0, MEM_RELEASE);
		address = (char *)(((uintptr_t)address + alignment - 1) & ~(uintptr_t)(alignment - 1));
		address = reserve(address, size);
		if (!address) {
			address = reserve(NULL, size);
		}
	}
	return address;
}

static void *win32_chunk_alloc(zend_mm_storage *storage, size_t size, size_t alignment)
{
	char *chunk = size > SIZE_MAX - granularity() ? NULL : reserve_aligned(size, alignment);

	(void)storage;
	if (chunk && !commit(chunk, size)) {
		VirtualFree(chunk, 0, MEM_RELEASE);
		return NULL;
	}
	return chunk;
}

static void win32_chunk_free(zend_mm_storage *storage, void *chunk, size_t size)
{
	(void)storage;
	release(chunk, (char *)chunk + size);
}

static bool win32_chunk_truncate(zend_mm_storage *storage, void *chunk, size_t old_size,
	size_t new_size)
{
	char *new_end = (char *)chunk + new_size;
	char *old_end = (char *)chunk + old_size;
	char *base;
	size_t slack = rest_of_reservation(new_end, &base);

	(void)storage;
	if (base == new_end) { /* a later reservation begins here: all of it goes */
		release(new_end, old_end);
		return true;
	}
	if (slack < old_size - new_size) {
		release(new_end + slack, old_end);
		old_end = new_end + slack;
	}
	return VirtualFree(new_end, (size_t)(old_end - new_end), MEM_DECOMMIT) != 0;
}

static bool win32_chunk_extend(zend_mm_storage *storage, void *chunk, size_t old_size,
	size_t new_size)
{
	char *old_end = (char *)chunk + old_size;
	size_t wanted = new_size - old_size;
	char *base, *added = NULL;
	size_t inside = rest_of_reservation(old_end - 1, &base) - 1;

	(void)storage;
	inside = inside < wanted ? inside : wanted;
	if (inside < wanted) {
		added = reserve(old_end + inside, wanted - inside);
		if (!added) {
			return false;
		}
	}
	if ((inside == 0 || commit(old_end, inside))
			&& (!added || commit(added, wanted - inside))) {
		return true;
	}
	if (added) {
		VirtualFree(added, 0, MEM_RELEASE);
	}
	if (inside) {
		VirtualFree(old_end, inside, MEM_DECOMMIT);
	}
	return false;
}

const struct zend_mm_storage_type zend_mm_storage_win32 = {
	.segments = {
		"win32", win32_init, win32_dtor, win32_compact,
		win32_alloc, win32_realloc, win32_free
	},
	.chunks = {
		win32_chunk_alloc, win32_chunk_free, win32_chunk_truncate, win32_chunk_extend
	}
};
#endif
