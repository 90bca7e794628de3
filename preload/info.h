/* SPDX-License-Identifier: MIT */
/*
 * preload/info.h - what the C library's functions say and set (see info.c).
 */
#ifndef PRELOAD_INFO_H
#define PRELOAD_INFO_H

#include <malloc.h>
#include <stdio.h>

/* mallinfo2() */
struct mallinfo2 zend_mm_preload_mallinfo(void);
/* malloc_info(): 0, or EINVAL for options other than 0. */
int zend_mm_preload_info(int options, FILE *out);
/* malloc_stats() */
void zend_mm_preload_stats(void);
/* mallopt(): knows the C library's parameters; none has a counterpart here, so nothing changes. */
int zend_mm_preload_mallopt(int parameter, int value);
/* malloc_trim(): 1 if anything went back to the system.  Reaches the calling thread's heap and
 * those of threads that have ended. */
int zend_mm_preload_trim(void);

#endif
