/* SPDX-License-Identifier: MIT */
/*
 * heap/kind.h - the kinds of heaps, in the order that dispatch relies on (heap/flags.h).
 */
#ifndef HEAP_KIND_H
#define HEAP_KIND_H

enum zend_mm_kind {
	ZEND_MM_KIND_LEGACY,
	ZEND_MM_KIND_MODERN,
	ZEND_MM_KIND_OTHER        /* through the verbs */
};

#endif
