/* SPDX-License-Identifier: MIT */
/*
 * preload/foreign.h - pointers given to free, realloc or malloc_usable_size that are no blocks of
 * this library.
 */
#ifndef PRELOAD_FOREIGN_H
#define PRELOAD_FOREIGN_H

#include "preload/home.h"

/* Says in one line what the pointer is, and goes on or aborts, as ZEND_MM_FOREIGN wants it.  home
 * is the home that holds the address, NULL for none.  Allocates nothing and uses no stdio. */
void zend_mm_foreign_pointer(const char *function, const void *ptr,
	const struct zend_mm_home *home) ZEND_MM_COLD;

/* The line alone that says what such a pointer is, on standard error; outcome: what is done. */
void zend_mm_foreign_describe(const char *function, const void *ptr,
	const struct zend_mm_home *home, const char *outcome);

#endif
