/* SPDX-License-Identifier: MIT */
/*
 * storage/storage.h - the contract of storage types, and the list of those in this build.
 *
 * A type serves both designs: segments for legacy heaps (PHP 5's handlers) and aligned chunks for
 * modern ones.  One storage object is made per heap by segments.init and destroyed by
 * segments.dtor; the chunk handlers get the same object.
 *
 *   segments._alloc     size bytes aligned to at least 8
 *   segments._realloc   may move; leaves the segment alone when it returns NULL
 *   chunks.chunk_alloc  size bytes aligned to alignment (a power of two, at least a page)
 *   chunks.chunk_free   gives back all of a chunk, of its size at that moment
 *   chunks.chunk_truncate, chunk_extend   in place or not at all; sizes are multiples of a page
 *
 * No handler reports an error: NULL or false says that the system refused.  Nothing here knows a
 * heap.
 */
#ifndef STORAGE_STORAGE_H
#define STORAGE_STORAGE_H

#include "zend_alloc.h"

struct zend_mm_storage_type {
	zend_mm_mem_handlers segments;   /* segments.name is the type's name */
	zend_mm_chunk_handlers chunks;
};

/* The type of that name, NULL where this build has none of it.  NULL as the name: the default. */
const struct zend_mm_storage_type *zend_mm_storage_type(const char *name);
/* The index-th type of this build, the default first; NULL past the last. */
const struct zend_mm_storage_type *zend_mm_storage_type_at(size_t index);

/* What a modern heap uses where nobody chose: pages straight from the system, as PHP 8 does.  (The
 * default of legacy heaps is the first type in the list.) */
extern const char *const zend_mm_default_chunk_storage;

/* The size of a system page in bytes. */
size_t zend_mm_page_size(void);

/* Asks for huge pages: what chunk allocation of the modern heap uses under
 * USE_ZEND_ALLOC_HUGE_PAGES=1.  Returns size bytes aligned to alignment, mapped with MAP_HUGETLB
 * where the system has such pages; otherwise takes them from the storage's own chunk_alloc and
 * advises MADV_HUGEPAGE.  NULL where both fail. */
void *zend_mm_chunk_alloc_huge_pages(const zend_mm_chunk_handlers *handlers,
	zend_mm_storage *storage, size_t size, size_t alignment);

/* Scratch memory for walks and checks, straight from the system and never through malloc (which
 * may be this library).  Zeroed; NULL where there is none.  Freed with the same size. */
void *zend_mm_scratch_alloc(size_t size);
void zend_mm_scratch_free(void *scratch, size_t size);

/* The aligned half of the mmap types, for their own use: maps size bytes aligned to alignment
 * (maps more and trims both ends where the first answer is not aligned) and unmaps.  fd as in
 * mmap, -1 for anonymous memory. */
void *zend_mm_map_aligned(size_t size, size_t alignment, int fd);
bool zend_mm_map_extend(void *address, size_t old_size, size_t new_size, int fd);

#endif
