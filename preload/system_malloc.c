/* SPDX-License-Identifier: MIT */
/*
 * preload/system_malloc.c - the C library's own malloc, for the storage type of that name.
 *
 * Within the malloc replacement the heaps and storage types are linked with `ld --wrap`: where they
 * say malloc, they get these functions, so that the storage under malloc is not malloc itself.
 */
#include <errno.h>
#include <stddef.h>
#include <stdlib.h>

void *__libc_malloc(size_t size);
void *__libc_calloc(size_t count, size_t size);
void *__libc_realloc(void *ptr, size_t size);
void *__libc_memalign(size_t alignment, size_t size);
void __libc_free(void *ptr);

void *__wrap_malloc(size_t size);
void *__wrap_malloc(size_t size)
{
	return __libc_malloc(size);
}

void *__wrap_calloc(size_t count, size_t size);
void *__wrap_calloc(size_t count, size_t size)
{
	return __libc_calloc(count, size);
}

void *__wrap_realloc(void *ptr, size_t size);
void *__wrap_realloc(void *ptr, size_t size)
{
	return __libc_realloc(ptr, size);
}

void __wrap_free(void *ptr);
void __wrap_free(void *ptr)
{
	__libc_free(ptr);
}

int __wrap_posix_memalign(void **place, size_t alignment, size_t size);
int __wrap_posix_memalign(void **place, size_t alignment, size_t size)
{
	void *data = __libc_memalign(alignment, size);

	if (!data) {
		return ENOMEM;
	}
	*place = data;
	return 0;
}
