/* SPDX-License-Identifier: MIT */
/*
 * storage/mmap_zero.c - the "mmap_zero" type: segments and chunks from private mappings of
 * /dev/zero, as systems without anonymous mappings had it.
 *
 * Each heap's storage holds one descriptor, closed on exec and by dtor.  The object lies in
 * scratch memory, so that the type never calls malloc.
 */
#include "storage/types.h"

#ifndef _WIN32
#include <fcntl.h>
#include <unistd.h>

struct zero_storage {
	zend_mm_storage storage; /* data points at the whole */
	int fd;
};

static int fd_of(const zend_mm_storage *storage)
{
	const struct zero_storage *zero = storage->data;

	return zero->fd;
}

static zend_mm_storage *zero_init(void *params)
{
	int fd = open("/dev/zero", O_RDWR | O_CLOEXEC);
	struct zero_storage *zero;

	(void)params;
	if (fd < 0) {
		return NULL;
	}
	zero = zend_mm_scratch_alloc(sizeof *zero);
	if (!zero) {
		close(fd);
		return NULL;
	}
	zero->storage.handlers = &zend_mm_storage_mmap_zero.segments;
	zero->storage.data = zero;
	zero->fd = fd;
	return &zero->storage;
}

static void zero_dtor(zend_mm_storage *storage)
{
	close(fd_of(storage));
	zend_mm_scratch_free(storage->data, sizeof(struct zero_storage));
}

static void zero_compact(zend_mm_storage *storage)
{
	(void)storage;
}

static zend_mm_segment *zero_alloc(zend_mm_storage *storage, size_t size)
{
	return zend_mm_map_aligned(size, zend_mm_page_size(), fd_of(storage));
}

static zend_mm_segment *zero_realloc(zend_mm_storage *storage, zend_mm_segment *segment,
	size_t size)
{
	return zend_mm_map_resize(segment, segment->size, size, fd_of(storage));
}

static void *zero_chunk_alloc(zend_mm_storage *storage, size_t size, size_t alignment)
{
	return zend_mm_map_aligned(size, alignment, fd_of(storage));
}

static bool zero_chunk_extend(zend_mm_storage *storage, void *chunk, size_t old_size,
	size_t new_size)
{
	return zend_mm_map_extend(chunk, old_size, new_size, fd_of(storage));
}

const struct zend_mm_storage_type zend_mm_storage_mmap_zero = {
	.segments = {
		"mmap_zero", zero_init, zero_dtor, zero_compact,
		zero_alloc, zero_realloc, zend_mm_map_segment_free
	},
	.chunks = {
		zero_chunk_alloc, zend_mm_map_chunk_free, zend_mm_map_chunk_truncate, zero_chunk_extend
	}
};
#endif
