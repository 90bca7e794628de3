/* SPDX-License-Identifier: MIT */
/*
 * preload/record_exports.c - the names that the recorder replaces: each is the C library's function
 * of that name, and a note of the call.
 *
 * The rest of the family (malloc_usable_size, mallinfo, …) stays the C library's: the blocks
 * are its.
 */
#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

#include "preload/record_notes.h"

#define EXPORT __attribute__((visibility("default")))

void *__libc_malloc(size_t size);
void *__libc_calloc(size_t count, size_t size);
void *__libc_realloc(void *address, size_t size);
void *__libc_memalign(size_t alignment, size_t size);
void *__libc_valloc(size_t size);
void *__libc_pvalloc(size_t size);
void __libc_free(void *address);

/* {{{ malloc, calloc, free */

EXPORT void *malloc(size_t size)
{
	void *address = __libc_malloc(size);

	zend_mm_record_note(ZMM_EVENT_ALLOC, address, size);
	return address;
}

EXPORT void *calloc(size_t count, size_t size)
{
	void *address = __libc_calloc(count, size);
	size_t bytes;

	if (__builtin_mul_overflow(count, size, &bytes)) {
		bytes = SIZE_MAX;
	}
	zend_mm_record_note(ZMM_EVENT_ALLOC, address, bytes);
	return address;
}

EXPORT void free(void *address)
{
	if (address) {
		zend_mm_record_note(ZMM_EVENT_FREE, address, 0);
		__libc_free(address);
	}
}

EXPORT void cfree(void *address);
EXPORT void cfree(void *address)
{
	free(address);
}

EXPORT void free_sized(void *address, size_t size);
EXPORT void free_sized(void *address, size_t size)
{
	(void)size;
	free(address);
}

EXPORT void free_aligned_sized(void *address, size_t alignment, size_t size);
EXPORT void free_aligned_sized(void *address, size_t alignment, size_t size)
{
	(void)alignment;
	(void)size;
	free(address);
}

/* }}} */
/* {{{ realloc */

/* The old address is free before the C library returns, so the number of a move's first half is
 * taken before the call. A failed resize leaves the block alone and is noted as what failed. */
static void *resize(void *old, size_t size)
{
	struct zend_mm_record_lane *lane = zend_mm_record_enter();

	if (!lane) {
		return __libc_realloc(old, size);
	}
	uintptr_t from = (uintptr_t)old;
	uint64_t before = zend_mm_record_stamp();
	void *address = __libc_realloc(old, size);
	if ((uintptr_t)address == from) {
		zend_mm_record_put(lane, ZMM_EVENT_RESIZE, address, size, 0, before);
	} else if (!address) {
		zend_mm_record_put(lane, ZMM_EVENT_ALLOC, NULL, size, 0, before);
	} else {
		zend_mm_record_put(lane, ZMM_BINARY_DETACH, (void *)from, 0, 0, before);
		zend_mm_record_put(lane, ZMM_BINARY_ATTACH, address, size, 0, zend_mm_record_stamp());
	}
	zend_mm_record_leave();
	return address;
}

EXPORT void *realloc(void *old, size_t size)
{
	if (!old) {
		return malloc(size);
	}
	if (size == 0) {
		zend_mm_record_note(ZMM_EVENT_FREE, old, 0);
		return __libc_realloc(old, 0); /* frees it */
	}
	return resize(old, size);
}

EXPORT void *reallocarray(void *old, size_t count, size_t size)
{
	size_t bytes;

	if (__builtin_mul_overflow(count, size, &bytes)) {
		zend_mm_record_note(ZMM_EVENT_ALLOC, NULL, SIZE_MAX);
		errno = ENOMEM;
		return NULL;
	}
	return realloc(old, bytes);
}

/* }}} */
/* {{{ Aligned blocks. */

static bool is_power_of_two(size_t number)
{
	return number && !(number & (number - 1));
}

/* The alignment in the trace is what was asked for, or the next power of two, as the C library
 * takes it. */
static void note_aligned(const void *address, size_t alignment, size_t size)
{
	unsigned log2 = 0;

	while (log2 < ZMM_ALIGNMENT_LOG2_MAX && (size_t)1 << log2 < alignment) {
		log2++;
	}
	zend_mm_record_note_slow(ZMM_EVENT_ALLOC, address, size, log2);
}

EXPORT void *memalign(size_t alignment, size_t size);
EXPORT void *memalign(size_t alignment, size_t size)
{
	void *address = __libc_memalign(alignment, size);

	note_aligned(address, alignment, size);
	return address;
}

EXPORT void *aligned_alloc(size_t alignment, size_t size)
{
	if (!is_power_of_two(alignment)) {
		errno = EINVAL;
		return NULL;
	}
	return memalign(alignment, size);
}

EXPORT int posix_memalign(void **place, size_t alignment, size_t size)
{
	int before = errno;

	if (!is_power_of_two(alignment) || alignment % sizeof(void *) != 0) {
		return EINVAL;
	}
	void *address = memalign(alignment, size);
	errno = before;
	if (!address) {
		return ENOMEM;
	}
	*place = address;
	return 0;
}

EXPORT void *valloc(size_t size)
{
	void *address = __libc_valloc(size);

	note_aligned(address, (size_t)sysconf(_SC_PAGESIZE), size);
	return address;
}

/* Whole pages; at least one. */
EXPORT void *pvalloc(size_t size);
EXPORT void *pvalloc(size_t size)
{
	size_t page = (size_t)sysconf(_SC_PAGESIZE);
	void *address = __libc_pvalloc(size);

	note_aligned(address, page, address ? (size + page - 1) & ~(page - 1) : size);
	return address;
}

/* }}} */
