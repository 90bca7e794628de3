/* SPDX-License-Identifier: MIT */
/*
 * preload/foreign.c - pointers that are no blocks of this library: finding out what they are.
 *
 * They come from programs with an allocator of their own inside, from memory that was handed out
 * before the library was there, and from bugs.  What the address is tells /proc/self/maps, which
 * is read with plain system calls into a buffer on the stack.
 */
#include <errno.h>
#include <stdio.h>
#include <unistd.h>

#include "preload/foreign.h"
#include "preload/maps.h"
#include "preload/settings.h"
#include "storage/address.h"

/* A program that frees foreign pointers often does so in a loop. */
enum { lines_max = 32 };

/* {{{ What an address is. */

/* Finds the mapping with an address; 0 found, 1 there is none, -1 the file cannot be read. */
static int find_mapping(const void *ptr, struct zend_mm_mapping *mapping)
{
	struct zend_mm_maps maps;
	int result = 1;

	if (!zend_mm_maps_open(&maps)) {
		return -1;
	}
	while (result == 1 && zend_mm_maps_next(&maps, mapping)) {
		if ((uintptr_t)ptr >= mapping->from && (uintptr_t)ptr < mapping->to) {
			result = 0;
		}
	}
	zend_mm_maps_close(&maps);
	return result;
}

static bool is_in(const struct zend_mm_mapping *mapping, const void *ptr)
{
	return (uintptr_t)ptr >= mapping->from && (uintptr_t)ptr < mapping->to;
}

static void classify(const void *ptr, const struct zend_mm_home *home, char *text, size_t size)
{
	struct zend_mm_mapping mapping;
	int found;

	if (home) {
		snprintf(text, size, "it points into a block, not at its beginning");
		return;
	}
	found = find_mapping(ptr, &mapping);
	if (found > 0) {
		snprintf(text, size, "nothing is mapped there: garbage, or freed before");
	} else if (found < 0) {
		snprintf(text, size, "it is in none of this library's regions");
	} else if (is_in(&mapping, &mapping) || strncmp(mapping.name, "[stack", 6) == 0) {
		snprintf(text, size, "it is on the stack");
	} else if (strcmp(mapping.name, "[heap]") == 0) {
		snprintf(text, size, "it is in the heap of the system's malloc");
	} else if (mapping.name[0] == '\0' || mapping.name[0] == '[') {
		snprintf(text, size, "it is in anonymous memory of something else: another "
			"allocator, or the dynamic linker before this library was active");
	} else {
		snprintf(text, size, "it is in static memory of %s", mapping.name);
	}
}

/* }}} */

void zend_mm_foreign_describe(const char *function, const void *ptr,
	const struct zend_mm_home *home, const char *outcome)
{
	char what[320];
	char line[512];
	int length;

	classify(ptr, home, what, sizeof what);
	length = snprintf(line, sizeof line,
		"zend_malloc: %s(" ZEND_MM_ADDRESS "): not a block of this library: %s; %s\n",
		function, (uintptr_t)ptr, what, outcome);
	if (length > 0 && write(STDERR_FILENO, line, (size_t)length) < 0) {
		return; /* there is nobody to tell */
	}
}

void zend_mm_foreign_pointer(const char *function, const void *ptr, const struct zend_mm_home *home)
{
	static atomic_uint lines;
	int saved_errno = errno;
	unsigned line;

	if (zend_mm_settings.foreign == ZEND_MM_FOREIGN_ABORT) {
		zend_mm_foreign_describe(function, ptr, home, "aborting");
		abort();
	}
	if (zend_mm_settings.foreign == ZEND_MM_FOREIGN_IGNORE) {
		return;
	}
	line = atomic_fetch_add(&lines, 1);
	if (line < lines_max) {
		zend_mm_foreign_describe(function, ptr, home, line == lines_max - 1 ?
			"ignored (further ones without a word)" : "ignored");
	}
	errno = saved_errno;
}
