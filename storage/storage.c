/* SPDX-License-Identifier: MIT */
/*
 * storage/storage.c - which storage types this build has, by name and in order.
 *
 * The order is that of PHP's own list, so that an unknown name is answered with the same lines:
 * win32, malloc, mmap_anon, mmap_zero, and after them what PHP did not have.  The first is the
 * default.  Called when a heap is made.
 */
#include "config.h"

#include "storage/types.h"

static const struct zend_mm_storage_type *const types[] = {
#ifdef _WIN32
	&zend_mm_storage_win32,
#endif
	&zend_mm_storage_malloc,
#ifndef _WIN32
	&zend_mm_storage_mmap_anon,
	&zend_mm_storage_mmap_zero,
#endif
#if HAVE_TCMALLOC
	&zend_mm_storage_tcmalloc,
#endif
};

enum { type_count = sizeof types / sizeof types[0] };

#ifdef _WIN32
const char *const zend_mm_default_chunk_storage = "win32";
#else
const char *const zend_mm_default_chunk_storage = "mmap_anon";
#endif

const struct zend_mm_storage_type *zend_mm_storage_type(const char *name)
{
	if (!name) {
		return types[0];
	}
	for (size_t index = 0; index < type_count; index++) {
		if (strcmp(types[index]->segments.name, name) == 0) {
			return types[index];
		}
	}
	return NULL;
}

const struct zend_mm_storage_type *zend_mm_storage_type_at(size_t index)
{
	return index < type_count ? types[index] : NULL;
}
