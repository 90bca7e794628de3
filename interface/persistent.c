/* SPDX-License-Identifier: MIT */
/*
 * interface/persistent.c - persistent memory: the system's malloc family, with PHP's way to fail.
 */
#include <stdio.h>

#include "interface/interface.h"

void zend_mm_system_out_of_memory(void)
{
	fprintf(stderr, "Out of memory\n");
	exit(1);
}

/* A request of no bytes may get NULL from the system without being refused. */
static void *unless_refused(void *data, size_t size)
{
	if (UNEXPECTED(!data) && size) {
		zend_mm_system_out_of_memory();
	}
	return data;
}

void *__zend_malloc(size_t size)
{
	return unless_refused(malloc(size), size);
}

void *__zend_calloc(size_t nmemb, size_t size)
{
	return unless_refused(calloc(nmemb, size), nmemb && size);
}

void *__zend_realloc(void *ptr, size_t size)
{
	return unless_refused(realloc(ptr, size), size);
}

char *__zend_strdup(const char *s)
{
	size_t size = strlen(s) + 1;

	return memcpy(__zend_malloc(size), s, size);
}

char *zend_strndup(const char *s, unsigned int length)
{
	char *copy = malloc((size_t)length + 1);

	if (copy) {
		memcpy(copy, s, length);
		copy[length] = '\0';
	}
	return copy;
}

void *_safe_malloc(size_t nmemb, size_t size, size_t offset)
{
	return __zend_malloc(zend_mm_safe_size(nmemb, size, offset));
}

void *_safe_realloc(void *ptr, size_t nmemb, size_t size, size_t offset)
{
	return __zend_realloc(ptr, zend_mm_safe_size(nmemb, size, offset));
}
