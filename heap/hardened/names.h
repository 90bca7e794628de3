/* SPDX-License-Identifier: MIT */
/*
 * heap/hardened/names.h - the names of hardened heaps: the sources of both designs are compiled
 * with this file before them, as they are for heaps under study (heap/study/names.h;
 * heap/hardening.h says what changes).
 *
 * The names are those of heap/names.h.
 */
#ifndef HEAP_HARDENED_NAMES_H
#define HEAP_HARDENED_NAMES_H

#define ZEND_MM_HARDENED 1

#define ZEND_MM_NAME(name) zend_mm_hardened_##name

#include "heap/names.h"

#endif
