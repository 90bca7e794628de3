/* SPDX-License-Identifier: MIT */
/*
 * storage/types.h - the storage types that a build can have, for the registry and for the files
 * of storage/ alone.
 *
 * Each type is defined in the file of its name; which of them this build has is decided in
 * storage.c.
 */
#ifndef STORAGE_TYPES_H
#define STORAGE_TYPES_H

#include "storage/storage.h"

extern const struct zend_mm_storage_type zend_mm_storage_malloc;
extern const struct zend_mm_storage_type zend_mm_storage_mmap_anon;
extern const struct zend_mm_storage_type zend_mm_storage_mmap_zero;
extern const struct zend_mm_storage_type zend_mm_storage_win32;
extern const struct zend_mm_storage_type zend_mm_storage_tcmalloc;

/* What the mmap types have in common: chunks and segments are given back by unmapping.  A storage
 * whose chunk_free this is can also be given memory that was mapped in another way. */
void zend_mm_map_chunk_free(zend_mm_storage *storage, void *chunk, size_t size);
bool zend_mm_map_chunk_truncate(zend_mm_storage *storage, void *chunk, size_t old_size,
	size_t new_size);
void zend_mm_map_segment_free(zend_mm_storage *storage, zend_mm_segment *segment);
/* Resizes a mapping made with fd, moving it if need be: its address, NULL where the system
 * refuses, and then it is as it was.  Moves by MREMAP_MAYMOVE or by copying. */
void *zend_mm_map_resize(void *address, size_t old_size, size_t new_size, int fd);

#endif
