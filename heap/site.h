/* SPDX-License-Identifier: MIT */
/*
 * heap/site.h - where in the program the running call stands.
 *
 * Debug builds pass a file and a line to every function of the interface.  The interface notes
 * them here before it calls a heap, so that heaps need not carry four more arguments through
 * every function.  Release builds have neither the arguments nor the variable's use.
 */
#ifndef HEAP_SITE_H
#define HEAP_SITE_H

#include "zend_alloc.h"

struct zend_mm_site {
	const char *filename;
	const char *orig_filename;   /* NULL where the call was not relayed */
	unsigned int lineno;
	unsigned int orig_lineno;
};

/* The call that the interface is serving in this thread. */
extern __thread struct zend_mm_site zend_mm_site;

/* For use in functions that take ZEND_MM_SITE_DC. */
#if ZEND_DEBUG
# define ZEND_MM_NOTE_SITE() \
	(zend_mm_site = (struct zend_mm_site){ __zend_filename, __zend_orig_filename, \
		__zend_lineno, __zend_orig_lineno })
# define ZEND_MM_SITE_PASS_CC \
	, __zend_filename, __zend_lineno, __zend_orig_filename, __zend_orig_lineno
#else
# define ZEND_MM_NOTE_SITE() ((void)0)
# define ZEND_MM_SITE_PASS_CC
#endif

#endif
