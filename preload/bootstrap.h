/* SPDX-License-Identifier: MIT */
/*
 * preload/bootstrap.h - the arena for requests that come before a heap can be had (see
 * bootstrap.c).
 */
#ifndef PRELOAD_BOOTSTRAP_H
#define PRELOAD_BOOTSTRAP_H

#include <stdbool.h>
#include <stddef.h>

/* size bytes, zeroed, aligned to a power of two; NULL where the arena is used up. */
void *zend_mm_bootstrap_alloc(size_t size, size_t alignment);

/* Whether ptr is in the arena.  Such blocks are never freed. */
bool zend_mm_bootstrap_has(const void *ptr);

/* The bytes asked for a block of the arena. */
size_t zend_mm_bootstrap_size(const void *ptr);

#endif
