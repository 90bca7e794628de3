/* SPDX-License-Identifier: MIT */
/*
 * storage/readable.h - whether an address can be read, for checks of structures that may be
 * damaged.
 */
#ifndef STORAGE_READABLE_H
#define STORAGE_READABLE_H

#include <stdbool.h>
#include <stddef.h>

/* True if all of size bytes from address on can be read.  Asks the system, a call per page; changes
 * nothing. */
bool zend_mm_readable(const void *address, size_t size);

/* Copies size bytes from an address that may be anything; false where it cannot be read. */
bool zend_mm_read_memory(const void *address, void *copy, size_t size);

#endif
