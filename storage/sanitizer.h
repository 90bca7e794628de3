/* SPDX-License-Identifier: MIT */
/*
 * storage/sanitizer.h - telling AddressSanitizer (in builds with it) and valgrind (where a program
 * runs under its memcheck) which memory a program may touch, so that they report on a heap's blocks
 * as they do on those of malloc.
 *
 * Elsewhere all of this does nothing.  A pool is any address; blocks of it belong together, and
 * valgrind names them so.
 */
#ifndef STORAGE_SANITIZER_H
#define STORAGE_SANITIZER_H

#include <stdbool.h>
#include <stddef.h>

/* Whether somebody listens. */
bool zend_mm_sanitizer_listens(void);

/* Whether calls are better noted by the heap, for the listener does not know who made a block. */
bool zend_mm_sanitizer_wants_sites(void);

/* redzone: how near to a block an address is taken for a mistake about that block. */
void zend_mm_sanitizer_pool_open(const void *pool, size_t redzone);
void zend_mm_sanitizer_pool_close(const void *pool);

/* A block is handed out, nobody has written to it yet; it is taken back, nobody may touch it. */
void zend_mm_sanitizer_hand_out(const void *pool, const void *data, size_t size);
void zend_mm_sanitizer_take_back(const void *pool, const void *data, size_t size);

/* Whether AddressSanitizer would report whoever reads there, though the system says that it can be
 * read: what malloc has around its blocks, and the sanitizer's own memory. */
bool zend_mm_sanitizer_forbids(const void *address, size_t size);

/* Nobody may touch this memory; everybody may. */
void zend_mm_sanitizer_forbid(const void *address, size_t size);
void zend_mm_sanitizer_permit(const void *address, size_t size);

/* Has valgrind look for blocks that no pointer leads to any more, and report them. */
void zend_mm_sanitizer_look_for_leaks(void);

/* A region of a heap, or a structure of its own: pointers to blocks of malloc in it count as such.
 * It is no more. */
void zend_mm_sanitizer_region_add(const void *address, size_t size);
void zend_mm_sanitizer_region_remove(const void *address, size_t size);

/* Has a function called with the address of each access that AddressSanitizer reports, after its
 * report and before the process ends. */
void zend_mm_sanitizer_on_report(void (*handler)(const void *address));

#endif
