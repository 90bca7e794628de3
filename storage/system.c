/* SPDX-License-Identifier: MIT */
/*
 * storage/system.c - memory straight from the system: page size, scratch memory, mappings that
 * are aligned, grow in place or move, and huge pages.
 *
 * Called by the mmap types, by the heaps for chunks in huge pages, and by walks and checks for
 * scratch memory.  Nothing here calls malloc or keeps memory; the only state is the page size,
 * read once.
 *
 * Sizes need not be multiples of a page: the system rounds them up, in mapping as in unmapping.
 */
#include "storage/sanitizer.h"
#include "storage/hint.h"
#include "storage/types.h"

#ifdef _WIN32
# define WIN32_LEAN_AND_MEAN
# include <windows.h>
#else
# include <errno.h>
# include <sys/mman.h>
# include <unistd.h>
#endif

static size_t page_size;

#ifdef _WIN32
static size_t system_page_size(void)
{
	SYSTEM_INFO info;

	GetSystemInfo(&info);
	return info.dwPageSize;
}
#else
static size_t system_page_size(void)
{
	return (size_t)sysconf(_SC_PAGESIZE);
}
#endif

size_t zend_mm_page_size(void)
{
	if (!page_size) {
		page_size = system_page_size();
	}
	return page_size;
}

#ifdef _WIN32
void *zend_mm_scratch_alloc(size_t size)
{
	return VirtualAlloc(NULL, size, MEM_RESERVE | MEM_COMMIT, PAGE_READWRITE);
}

void zend_mm_scratch_free(void *scratch, size_t size)
{
	(void)size;
	if (scratch) {
		VirtualFree(scratch, 0, MEM_RELEASE);
	}
}

void *zend_mm_chunk_alloc_huge_pages(const zend_mm_chunk_handlers *handlers,
	zend_mm_storage *storage, size_t size, size_t alignment)
{
	return handlers->chunk_alloc(storage, size, alignment);
}
#else

#ifndef MAP_ANONYMOUS
# define MAP_ANONYMOUS MAP_ANON
#endif
#ifndef MAP_FIXED_NOREPLACE
# define MAP_FIXED_NOREPLACE 0 /* a mere hint: the answer is compared anyway */
#endif

/* Memory of a heap, which is told of where somebody listens; NULL stays NULL. */
static void *told(void *region, size_t size)
{
	if (region) {
		zend_mm_sanitizer_region_add(region, size);
	}
	return region;
}

static void retold(void *region, size_t old_size, void *moved, size_t size)
{
	zend_mm_sanitizer_region_remove(region, old_size);
	zend_mm_sanitizer_region_add(moved, size);
}

/* Maps size bytes, at hint if flags say so.  NULL where the system refuses. */
static void *map(void *hint, size_t size, int flags, int fd)
{
	void *address = mmap(hint, size, PROT_READ | PROT_WRITE,
		MAP_PRIVATE | (fd < 0 ? MAP_ANONYMOUS : 0) | flags, fd, 0);

	return address == MAP_FAILED ? NULL : address;
}

/* errno belongs to the request that failed, not to what cleans up after it. */
static void unmap(void *address, size_t size)
{
	int saved_errno = errno;

	munmap(address, size);
	errno = saved_errno;
}

static size_t misalignment(const void *address, size_t alignment)
{
	return (uintptr_t)address & (alignment - 1);
}

static size_t round_to_page(size_t size)
{
	return (size + zend_mm_page_size() - 1) & ~(zend_mm_page_size() - 1);
}

void *zend_mm_scratch_alloc(size_t size)
{
	return told(map(NULL, size, 0, -1), size);
}

void zend_mm_scratch_free(void *scratch, size_t size)
{
	if (scratch) {
		zend_mm_sanitizer_region_remove(scratch, size);
		unmap(scratch, size);
	}
}

/* size and alignment are multiples of a page, and their sum fits. */
static void *map_and_trim(size_t size, size_t alignment, int fd)
{
	size_t whole = size + alignment - zend_mm_page_size();
	char *address = map(NULL, whole, 0, fd);
	size_t head, tail;

	if (!address) {
		return NULL;
	}
	head = misalignment(address, alignment) ? alignment - misalignment(address, alignment) : 0;
	tail = whole - head - size;
	if (head) {
		unmap(address, head);
	}
	if (tail) {
		unmap(address + head + size, tail);
	}
	return address + head;
}

static void *map_aligned(size_t size, size_t alignment, int fd)
{
	void *address = map(zend_mm_hint_for(size, alignment), size, 0, fd);

	if (!address || misalignment(address, alignment) == 0) {
		return address;
	}
	unmap(address, size);
	size = round_to_page(size);
	if (size > SIZE_MAX - alignment) {
		errno = ENOMEM;
		return NULL;
	}
	return map_and_trim(size, alignment, fd);
}

void *zend_mm_map_aligned(size_t size, size_t alignment, int fd)
{
	void *address;

	if (alignment <= zend_mm_page_size()) {
		return told(map(NULL, size, 0, fd), size);
	}
	address = map_aligned(size, alignment, fd);
	if (address) {
		zend_mm_hint_got(address);
	}
	return told(address, size);
}

/* Maps what lies between the two sizes, at its place or not at all. */
static bool map_behind(void *address, size_t old_size, size_t new_size, int fd)
{
	char *end = (char *)address + old_size;
	void *added = map(end, new_size - old_size, MAP_FIXED_NOREPLACE, fd);

	if (added && added != end) {
		unmap(added, new_size - old_size);
	}
	return added == end;
}

#ifdef __linux__
/* mremap() grows one mapping; map_behind() also serves where a chunk has come to consist of
 * several. */
static bool extend(void *address, size_t old_size, size_t new_size, int fd)
{
	return mremap(address, old_size, new_size, 0) != MAP_FAILED
		|| map_behind(address, old_size, new_size, fd);
}

static void *resize(void *address, size_t old_size, size_t new_size, int fd)
{
	void *moved = mremap(address, old_size, new_size, MREMAP_MAYMOVE);

	(void)fd;
	return moved == MAP_FAILED ? NULL : moved;
}
#else
static bool extend(void *address, size_t old_size, size_t new_size, int fd)
{
	return map_behind(address, old_size, new_size, fd);
}

static void *resize(void *address, size_t old_size, size_t new_size, int fd)
{
	void *moved = map(NULL, new_size, 0, fd);

	if (!moved) {
		return NULL;
	}
	memcpy(moved, address, old_size < new_size ? old_size : new_size);
	unmap(address, old_size);
	return moved;
}
#endif

bool zend_mm_map_extend(void *address, size_t old_size, size_t new_size, int fd)
{
	if (!extend(address, old_size, new_size, fd)) {
		return false;
	}
	retold(address, old_size, address, new_size);
	return true;
}

void *zend_mm_map_resize(void *address, size_t old_size, size_t new_size, int fd)
{
	void *moved = resize(address, old_size, new_size, fd);

	if (moved) {
		retold(address, old_size, moved, new_size);
	}
	return moved;
}

void zend_mm_map_chunk_free(zend_mm_storage *storage, void *chunk, size_t size)
{
	(void)storage;
	zend_mm_sanitizer_region_remove(chunk, size);
	zend_mm_hint_given(chunk, size);
	unmap(chunk, size);
}

bool zend_mm_map_chunk_truncate(zend_mm_storage *storage, void *chunk, size_t old_size,
	size_t new_size)
{
	(void)storage;
	if (munmap((char *)chunk + new_size, old_size - new_size) != 0) {
		return false;
	}
	retold(chunk, old_size, chunk, new_size);
	return true;
}

void zend_mm_map_segment_free(zend_mm_storage *storage, zend_mm_segment *segment)
{
	(void)storage;
	zend_mm_sanitizer_region_remove(segment, segment->size);
	unmap(segment, segment->size);
}

#ifdef MAP_HUGETLB
/* Only for storage that gives chunks back by unmapping. */
static void *map_huge_pages(const zend_mm_chunk_handlers *handlers, size_t size,
	size_t alignment)
{
	void *address;

	if (handlers->chunk_free != zend_mm_map_chunk_free) {
		return NULL;
	}
	address = map(NULL, size, MAP_HUGETLB, -1);
	if (address && misalignment(address, alignment)) {
		unmap(address, size);
		address = NULL;
	}
	return told(address, size);
}
#else
static void *map_huge_pages(const zend_mm_chunk_handlers *handlers, size_t size,
	size_t alignment)
{
	(void)handlers;
	(void)size;
	(void)alignment;
	return NULL;
}
#endif

#ifdef MADV_HUGEPAGE
static void advise_huge_pages(void *address, size_t size)
{
	madvise(address, size, MADV_HUGEPAGE);
}
#else
static void advise_huge_pages(void *address, size_t size)
{
	(void)address;
	(void)size;
}
#endif

void *zend_mm_chunk_alloc_huge_pages(const zend_mm_chunk_handlers *handlers,
	zend_mm_storage *storage, size_t size, size_t alignment)
{
	void *chunk = map_huge_pages(handlers, size, alignment);

	if (!chunk) {
		chunk = handlers->chunk_alloc(storage, size, alignment);
		if (chunk) {
			advise_huge_pages(chunk, size);
		}
	}
	return chunk;
}
#endif
