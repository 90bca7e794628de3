/* SPDX-License-Identifier: MIT */
/*
 * preload/maps.h - the mappings of the process, as /proc/self/maps lists them.
 *
 * Read with plain system calls into a buffer on the stack of whoever asks; nothing is allocated.
 */
#ifndef PRELOAD_MAPS_H
#define PRELOAD_MAPS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct zend_mm_mapping {
	uintptr_t from, to;
	char access[5];       /* "rw-p" */
	char name[192];       /* empty for anonymous memory */
};

struct zend_mm_maps {
	int fd;
	size_t at, have;
	char buffer[4096];
};

/* False where the list cannot be read. */
bool zend_mm_maps_open(struct zend_mm_maps *maps);
/* The next mapping; false behind the last. */
bool zend_mm_maps_next(struct zend_mm_maps *maps, struct zend_mm_mapping *mapping);
void zend_mm_maps_close(struct zend_mm_maps *maps);

#endif
