/* SPDX-License-Identifier: MIT */
/*
 * storage/readable.h - whether an address can be read, for checks of structures that may be
 * damaged.
 */
#ifndef STORAGE_READABLE_H
#define STORAGE_READABLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* True if all of size bytes from address on can be read.  Asks the system, a call per page; changes
 * nothing. */
bool zend_mm_readable(const void *address, size_t size);

/* The same of memory that is known to be mapped: false where it was hidden, or where a sanitizer
 * was told that nobody may touch it.  Asks the system only if anything was ever hidden. */
bool zend_mm_may_be_touched(const void *address, size_t size);

/* Copies size bytes from an address that may be anything; false where it cannot be read. */
bool zend_mm_read_memory(const void *address, void *copy, size_t size);

/* {{{ The same for many words that lie near each other, as a list's members do. */

enum {
	ZEND_MM_READER_PAGES = 64,     /* of a window: 256 KiB where pages have 4 KiB */
	ZEND_MM_READER_WINDOWS = 64,   /* remembered at a time: 16 MiB without asking again */
	ZEND_MM_READER_CALLS = 4096    /* questions to the system, at most */
};

struct zend_mm_reader_window {
	uintptr_t base;                /* its first page's number, a multiple of 64 */
	uint64_t known;                /* a bit for each page that was asked about */
	uint64_t readable;             /* and whether it can be read */
};

/* It lies on the stack of whoever reads; what it remembers is true only as long as nobody maps or
 * unmaps memory. */
struct zend_mm_reader {
	size_t page_size;
	unsigned calls;
	bool directly;                 /* nobody listens who would complain of a plain read */
	struct zend_mm_reader_window windows[ZEND_MM_READER_WINDOWS];
};

void zend_mm_reader_open(struct zend_mm_reader *reader);

/* Copies size bytes from an address that may be anything; false where it cannot be read, or where
 * the reader has asked too often to find out. */
bool zend_mm_reader_copy(struct zend_mm_reader *reader, const void *address, void *copy,
	size_t size);

/* }}} */

#endif
