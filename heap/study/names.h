/* SPDX-License-Identifier: MIT */
/*
 * heap/study/names.h - the second names of what the two designs define: the heaps under study are
 * the same sources, compiled with this file before them (see the makefile), and live beside the
 * library's heaps in one program.
 *
 * The names are those of heap/names.h.  Where one is missing there, a program that uses both finds
 * it defined twice and is not linked; t/7501 compares the names, too.
 */
#ifndef HEAP_STUDY_NAMES_H
#define HEAP_STUDY_NAMES_H

#define ZEND_MM_STUDY 1

#define ZEND_MM_NAME(name) zend_mm_study_##name

#include "heap/names.h"

#endif
