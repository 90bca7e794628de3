/* SPDX-License-Identifier: MIT */
/*
 * heap/hardened/hardened.h - how the interface makes hardened heaps (heap/hardening.h says what
 * they are).
 */
#ifndef HEAP_HARDENED_HARDENED_H
#define HEAP_HARDENED_HARDENED_H

#include "heap/design.h"

/* Reads a list as in ZEND_MM_HARDENED: names of checks separated by commas, or "all".  True if each
 * is one; otherwise *unknown is the first that is not. */
bool zend_mm_hardening_read(const char *list, struct zend_mm_hardening *hardening,
	char unknown[64]);

/* The constructors of both designs, of their hardened compilation; the setup says which checks. */
zend_mm_heap *zend_mm_hardened_legacy_startup(const struct zend_mm_legacy_setup *setup);
zend_mm_heap *zend_mm_hardened_modern_startup(const struct zend_mm_modern_setup *setup);

/* Lays canaries over a new hardened modern heap (ends.c); nothing in debug builds.  False where
 * there is no memory. */
bool zend_mm_hardened_ends(zend_mm_heap *heap);

#endif
