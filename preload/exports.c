/* SPDX-License-Identifier: MIT */
/*
 * preload/exports.c - the names that the library replaces, and what happens when it is loaded and
 * when the program ends.
 *
 * All of the C11, POSIX and GNU family, so that no block is ever made by one allocator and freed by
 * another.  The semantics are those of the C library's manual; where its releases differ
 * (alignments that are no power of two) the newer one is followed.
 */
#include <errno.h>
#include <malloc.h>
#include <stdio.h>
#include <unistd.h>

#include "preload/fast.h"
#include "preload/info.h"
#include "preload/report.h"

#define EXPORT __attribute__((visibility("default")))

static bool is_power_of_two(size_t number)
{
	return number && !(number & (number - 1));
}

/* {{{ malloc, calloc, realloc, free */

EXPORT void *malloc(size_t size)
{
	return zend_mm_preload_malloc(size);
}

EXPORT void free(void *ptr)
{
	zend_mm_preload_free(ptr);
}

EXPORT void *calloc(size_t count, size_t size)
{
	return zend_mm_preload_calloc(count, size);
}

EXPORT void *realloc(void *ptr, size_t size)
{
	return zend_mm_preload_realloc(ptr, size);
}

EXPORT void *reallocarray(void *ptr, size_t count, size_t size)
{
	size_t bytes;

	if (__builtin_mul_overflow(count, size, &bytes)) {
		errno = ENOMEM;
		return NULL;
	}
	return zend_mm_preload_realloc(ptr, bytes);
}

EXPORT void cfree(void *ptr);
EXPORT void cfree(void *ptr)
{
	zend_mm_preload_free(ptr);
}

EXPORT void free_sized(void *ptr, size_t size);
EXPORT void free_sized(void *ptr, size_t size)
{
	zend_mm_preload_free_as(ptr, size, 1, ZEND_MM_SAYS_SIZE | ZEND_MM_SAYS_ALIGNMENT);
}

EXPORT void free_aligned_sized(void *ptr, size_t alignment, size_t size);
EXPORT void free_aligned_sized(void *ptr, size_t alignment, size_t size)
{
	zend_mm_preload_free_as(ptr, size, alignment, ZEND_MM_SAYS_SIZE | ZEND_MM_SAYS_ALIGNMENT);
}

/* }}} */
/* {{{ Aligned blocks. */

/* An alignment that is no power of two means the next one; one without a next one is an error. */
EXPORT void *memalign(size_t alignment, size_t size)
{
	if (alignment > SIZE_MAX / 2 + 1) {
		errno = EINVAL;
		return NULL;
	}
	if (!is_power_of_two(alignment)) {
		size_t next = ZEND_MM_ALIGNMENT;

		while (next < alignment) {
			next <<= 1;
		}
		alignment = next;
	}
	return zend_mm_preload_aligned(alignment, size);
}

EXPORT void *aligned_alloc(size_t alignment, size_t size)
{
	if (!is_power_of_two(alignment)) {
		errno = EINVAL;
		return NULL;
	}
	return zend_mm_preload_aligned(alignment, size);
}

EXPORT int posix_memalign(void **place, size_t alignment, size_t size)
{
	void *data;

	if (!is_power_of_two(alignment) || alignment % sizeof(void *) != 0) {
		return EINVAL;
	}
	data = zend_mm_preload_aligned(alignment, size);
	if (!data) {
		return ENOMEM;
	}
	*place = data;
	return 0;
}

EXPORT void *valloc(size_t size)
{
	return zend_mm_preload_aligned(zend_mm_page_size(), size);
}

/* Whole pages; at least one. */
EXPORT void *pvalloc(size_t size)
{
	size_t page = zend_mm_page_size();

	if (size > ZEND_MM_REQUEST_MAX - page) {
		errno = ENOMEM;
		return NULL;
	}
	return zend_mm_preload_aligned(page, size ? (size + page - 1) & ~(page - 1) : page);
}

/* }}} */
/* {{{ Asking and setting. */

EXPORT size_t malloc_usable_size(void *ptr)
{
	return zend_mm_preload_usable_size(ptr);
}

EXPORT int malloc_trim(size_t pad)
{
	(void)pad;
	return zend_mm_preload_trim();
}

EXPORT int mallopt(int parameter, int value)
{
	return zend_mm_preload_mallopt(parameter, value);
}

EXPORT struct mallinfo2 mallinfo2(void)
{
	return zend_mm_preload_mallinfo();
}

/* The old form, whose fields are too narrow for today's memories. */
EXPORT struct mallinfo mallinfo(void)
{
	struct mallinfo2 wide = zend_mm_preload_mallinfo();

	return (struct mallinfo){
		.arena = (int)wide.arena,
		.ordblks = (int)wide.ordblks,
		.smblks = (int)wide.smblks,
		.hblks = (int)wide.hblks,
		.hblkhd = (int)wide.hblkhd,
		.usmblks = (int)wide.usmblks,
		.fsmblks = (int)wide.fsmblks,
		.uordblks = (int)wide.uordblks,
		.fordblks = (int)wide.fordblks,
		.keepcost = (int)wide.keepcost,
	};
}

EXPORT int malloc_info(int options, FILE *out)
{
	return zend_mm_preload_info(options, out);
}

EXPORT void malloc_stats(void)
{
	zend_mm_preload_stats();
}

/* }}} */
/* {{{ When the library is loaded, and at exit. */

/* The library is linked to be initialised first, so the C library may not have set environ yet; it
 * will do that with the same pointer, which the dynamic linker gives to every constructor. */
__attribute__((constructor)) static void loaded(int argc, char **argv, char **environment)
{
	(void)argc;
	(void)argv;
	if (!environ) {
		environ = environment;
	}
	zend_mm_homes_prepare();
	zend_mm_report_prepare();
	zend_mm_exits_prepare();
}

__attribute__((destructor)) static void unloaded(void)
{
	zend_mm_report_at_exit();
}

/* }}} */
